#include "threads.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 128, PATH_BYTES = 320 };

static int read_line(const char *tid, const char *file, char line[LINE_MAX_BYTES])
{
    char path[PATH_BYTES];
    (void)snprintf(path, sizeof(path), "/proc/self/task/%s/%s", tid, file);
    FILE *in = fopen(path, "re");
    if (in == NULL)
        return 0; /* the thread has ended since */
    int good = fgets(line, LINE_MAX_BYTES, in) != NULL;
    (void)fclose(in);
    return good;
}

static int starts(const char *name, const char *with)
{
    return strncmp(name, with, strlen(with)) == 0;
}

static int64_t *part_of(struct bench_cpu *cpu, const char *tid, const char *name, int load_is_main)
{
    if (strtol(tid, NULL, 10) == getpid())
        return load_is_main ? &cpu->client_ns : &cpu->interface_ns;
    if (starts(name, "gw-decider") || starts(name, "gw-log"))
        return &cpu->decide_ns;
    if (starts(name, "store") || starts(name, "kv-fold") || starts(name, "gw-keeper"))
        return &cpu->push_ns;
    return &cpu->interface_ns;
}

struct bench_cpu bench_cpu_now(int load_is_main)
{
    struct bench_cpu cpu = {0};
    DIR *tasks = opendir("/proc/self/task");
    const struct dirent *task;
    while (tasks &&
           (task = readdir(tasks)) != NULL) { /* NOLINT(concurrency-mt-unsafe): ours alone */
        char name[LINE_MAX_BYTES], times[LINE_MAX_BYTES];
        if (task->d_name[0] == '.' || !read_line(task->d_name, "comm", name) ||
            !read_line(task->d_name, "schedstat", times))
            continue;
        *part_of(&cpu, task->d_name, name, load_is_main) += strtoll(times, NULL, 10);
    }
    if (tasks)
        (void)closedir(tasks);
    return cpu;
}

struct bench_cpu bench_cpu_since(const struct bench_cpu *before, const struct bench_cpu *now)
{
    return (struct bench_cpu){now->decide_ns - before->decide_ns, now->push_ns - before->push_ns,
                              now->interface_ns - before->interface_ns,
                              now->client_ns - before->client_ns};
}
