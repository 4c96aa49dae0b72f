#include "os/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/time.h"
#include "os/clock.h"

struct gw_process {
    pid_t pid;
    int pid_fd; /* readable when it has ended */
    int out_fd; /* read end of the stdout pipe, or -1 */
    bool is_reaped;
    struct gw_process_end end;
};

/** "NAME=" of both is the same. */
static bool same_name(const char *a, const char *b)
{
    size_t len = strcspn(a, "=");
    return strncmp(a, b, len + 1) == 0;
}

/** Ours with env_add over it. @return heap array of borrowed strings, NULL when out of memory */
static char **make_env(const char *const *add)
{
    size_t ours = 0, added = 0, count = 0;
    while (environ[ours] != NULL)
        ours++;
    while (add != NULL && add[added] != NULL)
        added++;
    char **env = calloc(ours + added + 1, sizeof(*env));
    if (env == NULL)
        return NULL;
    for (size_t i = 0; i < ours; i++) {
        bool replaced = false;
        for (size_t j = 0; j < added; j++)
            replaced |= same_name(add[j], environ[i]);
        if (!replaced)
            env[count++] = environ[i];
    }
    for (size_t j = 0; j < added; j++)
        env[count++] = gw_unconst(add[j]); /* posix_spawn does not write to it */
    return env;
}

static int add_files(posix_spawn_file_actions_t *todo, const struct gw_process_opts *opts,
                     int out_fd)
{
    const char *in = opts->stdin_path != NULL ? opts->stdin_path : "/dev/null";
    int append = O_WRONLY | O_CREAT | O_APPEND;
    int failed = opts->cwd != NULL ? posix_spawn_file_actions_addchdir_np(todo, opts->cwd) : 0;
    if (failed == 0)
        failed = posix_spawn_file_actions_addopen(todo, 0, in, O_RDONLY, 0);
    if (failed == 0 && out_fd >= 0) {
        failed = posix_spawn_file_actions_adddup2(todo, out_fd, 1);
    } else if (failed == 0 && opts->stdout_path != NULL) {
        failed = posix_spawn_file_actions_addopen(todo, 1, opts->stdout_path, append, 0600);
    }
    if (failed == 0 && opts->stderr_to_stdout) {
        failed = posix_spawn_file_actions_adddup2(todo, 1, 2);
    } else if (failed == 0 && opts->stderr_path != NULL) {
        failed = posix_spawn_file_actions_addopen(todo, 2, opts->stderr_path, append, 0600);
    }
    return failed;
}

/** A child starts with all signals at their defaults and none blocked, whatever we have done to ours. */
static int set_signals(posix_spawnattr_t *attr)
{
    sigset_t none, all;
    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    int failed = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    if (failed == 0)
        failed = posix_spawnattr_setsigmask(attr, &none);
    return failed != 0 ? failed : posix_spawnattr_setsigdefault(attr, &all);
}

/** @return 0 or an errno */
static int spawn(const struct gw_process_opts *opts, int out_fd, pid_t *ret)
{
    posix_spawn_file_actions_t todo;
    posix_spawnattr_t attr;
    char **env = make_env(opts->env_add);
    if (env == NULL)
        return ENOMEM;
    GW_ASSERT(posix_spawn_file_actions_init(&todo) == 0 && posix_spawnattr_init(&attr) == 0);
    int failed = set_signals(&attr);
    if (failed == 0)
        failed = add_files(&todo, opts, out_fd);
    if (failed == 0) {
        failed = posix_spawnp(ret, opts->argv[0], &todo, &attr, gw_unconst(opts->argv), env);
    }
    (void)posix_spawn_file_actions_destroy(&todo);
    (void)posix_spawnattr_destroy(&attr);
    free((void *)env);
    return failed;
}

gw_rc gw_process_start(const struct gw_process_opts *opts, struct gw_process **ret,
                       struct gw_err *err)
{
    int pipe_fds[2] = {-1, -1};
    struct gw_process *process = calloc(1, sizeof(*process));
    if (process == NULL)
        return GW_FAIL_NOMEM(err);
    if (opts->stdout_pipe && pipe2(pipe_fds, O_CLOEXEC) != 0) {
        free(process);
        return GW_FAIL_SYS(err, "start '%s': no pipe", opts->argv[0]);
    }
    int failed = spawn(opts, pipe_fds[1], &process->pid);
    if (pipe_fds[1] >= 0)
        (void)close(pipe_fds[1]);
    process->out_fd = pipe_fds[0];
    process->pid_fd = failed == 0 ? pidfd_open(process->pid, 0) : -1;
    if (failed == 0 && process->pid_fd < 0) {
        failed = errno;
        gw_process_close(process);
    } else if (failed != 0) {
        if (pipe_fds[0] >= 0)
            (void)close(pipe_fds[0]);
        free(process);
    }
    if (failed != 0) {
        errno = failed;
        return GW_FAIL_SYS(err, "start '%s'", opts->argv[0]);
    }
    *ret = process;
    return GW_OK;
}

static int64_t ns_of(struct timeval time)
{
    return (int64_t)time.tv_sec * GW_NS_PER_S + (int64_t)time.tv_usec * GW_NS_PER_US;
}

static gw_rc reap(struct gw_process *process, struct gw_err *err)
{
    int status;
    struct rusage usage;
    pid_t got;
    do {
        got = wait4(process->pid, &status, 0, &usage);
    } while (got < 0 && errno == EINTR);
    if (got < 0)
        return GW_FAIL_SYS(err, "wait for process %d", (int)process->pid);
    process->is_reaped = true;
    process->end = (struct gw_process_end){
        .exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
        .signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0,
        .cpu_ns = ns_of(usage.ru_utime) + ns_of(usage.ru_stime),
    };
    return GW_OK;
}

gw_rc gw_process_wait(struct gw_process *process, int64_t timeout_ms, struct gw_process_end *ret,
                      struct gw_err *err)
{
    int64_t until_ns = timeout_ms < 0 ? 0 : gw_clock_mono_ns() + timeout_ms * GW_NS_PER_MS;
    while (!process->is_reaped) {
        struct pollfd ended = {.fd = process->pid_fd, .events = POLLIN};
        int64_t left_ms = until_ns == 0 ? -1 : (until_ns - gw_clock_mono_ns()) / GW_NS_PER_MS;
        int ready = poll(&ended, 1, until_ns == 0 ? -1 : (int)GW_MAX(left_ms, 0));
        if (ready < 0 && errno != EINTR)
            return GW_FAIL_SYS(err, "wait for process %d", (int)process->pid);
        if (ready > 0) {
            GW_TRY(reap(process, err));
        } else if (until_ns != 0 && gw_clock_mono_ns() >= until_ns) {
            return GW_TIMEOUT;
        }
    }
    *ret = process->end;
    return GW_OK;
}

void gw_process_signal(struct gw_process *process, enum gw_process_signal signal)
{
    static const int numbers[] = {[GW_PROCESS_INT] = SIGINT,
                                  [GW_PROCESS_TERM] = SIGTERM,
                                  [GW_PROCESS_KILL] = SIGKILL,
                                  [GW_PROCESS_STOP] = SIGSTOP,
                                  [GW_PROCESS_CONT] = SIGCONT};
    if (!process->is_reaped) /* until then the id is not given to another process */
        (void)kill(process->pid, numbers[signal]);
}

gw_rc gw_process_read(struct gw_process *process, void *ret, size_t bytes, size_t *ret_got,
                      struct gw_err *err)
{
    GW_ASSERT(process->out_fd >= 0);
    ssize_t got;
    do {
        got = read(process->out_fd, ret, bytes);
    } while (got < 0 && errno == EINTR);
    if (got < 0)
        return GW_FAIL_SYS(err, "read the output of process %d", (int)process->pid);
    *ret_got = (size_t)got;
    return GW_OK;
}

int64_t gw_process_pid(const struct gw_process *process)
{
    return process->pid;
}

void gw_process_close(struct gw_process *process)
{
    if (process == NULL)
        return;
    if (!process->is_reaped) {
        gw_process_signal(process, GW_PROCESS_KILL);
        (void)reap(process, NULL);
    }
    if (process->out_fd >= 0)
        (void)close(process->out_fd);
    if (process->pid_fd >= 0)
        (void)close(process->pid_fd);
    free(process);
}
