/**
 * Child processes: started, waited for, stopped by their own id. They inherit no descriptor but 0, 1 and 2.
 * Lifetime: gw_process_start() to gw_process_close(). Thread: one at a time.
 */
#ifndef GW_OS_PROCESS_H
#define GW_OS_PROCESS_H

#include "base/err.h"

struct gw_process; /* opaque */

struct gw_process_opts {
    const char *const *argv; /* NULL at the end; argv[0] is looked up in PATH */
    const char *const
        *env_add;            /* "NAME=value" over our environment, NULL at the end; may be NULL */
    const char *cwd;         /* NULL: ours */
    const char *stdin_path;  /* NULL: /dev/null */
    const char *stdout_path; /* appended to; NULL: ours, or the pipe */
    const char *stderr_path; /* appended to; NULL: ours, or where stdout goes */
    bool stdout_pipe;        /* gw_process_read() gets it */
    bool stderr_to_stdout;
};

/** How it ended: exactly one of the two is meaningful. */
struct gw_process_end {
    int exit_code;  /* -1 when a signal ended it */
    int signal;     /* 0 when it exited */
    int64_t cpu_ns; /* user and system time */
};

enum gw_process_signal {
    GW_PROCESS_INT,
    GW_PROCESS_TERM,
    GW_PROCESS_KILL,
    GW_PROCESS_STOP,
    GW_PROCESS_CONT
};

/** @return GW_NOTFOUND no such program or folder · GW_DENIED · GW_BUSY out of processes or descriptors */
gw_rc gw_process_start(const struct gw_process_opts *opts, struct gw_process **ret,
                       struct gw_err *err);
/** Wait at most timeout_ms (-1: for ever). @return GW_TIMEOUT it still runs (err untouched). Later calls repeat the answer. */
gw_rc gw_process_wait(struct gw_process *process, int64_t timeout_ms, struct gw_process_end *ret,
                      struct gw_err *err);
/** Nothing when it has been waited for. */
void gw_process_signal(struct gw_process *process, enum gw_process_signal signal);
/** Waits for output of a stdout_pipe. @ret_got  0 at its end */
gw_rc gw_process_read(struct gw_process *process, void *ret, size_t bytes, size_t *ret_got,
                      struct gw_err *err);
int64_t gw_process_pid(const struct gw_process *process);
/** Kills and reaps it if it still runs. Accepts NULL. */
void gw_process_close(struct gw_process *process);

#endif
