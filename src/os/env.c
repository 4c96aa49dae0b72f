#include "os/env.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/hash.h"

struct gw_text gw_env_get(const char *name)
{
    /* Nobody in this process calls setenv, so reading from several threads is safe. */
    return gw_text(getenv(name)); /* NOLINT(concurrency-mt-unsafe) */
}

/** A short file of /proc into `ret`, zero-terminated. @return false when it cannot be read */
static bool read_proc(const char *path, char *ret, size_t ret_bytes)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t got = read(fd, ret, ret_bytes - 1);
    (void)close(fd);
    if (got < 0)
        return false;
    ret[got] = '\0';
    return true;
}

gw_rc gw_os_boot_id(uint8_t ret[GW_BOOT_ID_BYTES], struct gw_err *err)
{
    static const char path[] = "/proc/sys/kernel/random/boot_id";
    char text[64];
    char hex[2 * GW_BOOT_ID_BYTES];
    size_t digits = 0;
    if (!read_proc(path, text, sizeof(text)))
        return GW_FAIL_SYS(err, "read '%s'", path);
    for (const char *at = text; *at != '\0' && *at != '\n'; at++) {
        if (*at == '-')
            continue;
        if (digits == sizeof(hex))
            return GW_FAIL(err, GW_IO, "'%s' does not hold a uuid", path);
        hex[digits++] = *at;
    }
    if (!gw_unhex((struct gw_text){hex, digits}, ret, GW_BOOT_ID_BYTES))
        return GW_FAIL(err, GW_IO, "'%s' does not hold a uuid", path);
    return GW_OK;
}

int64_t gw_os_pid(void)
{
    return getpid();
}

uint32_t gw_os_cpu_count(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof(set), &set) == 0)
        return (uint32_t)CPU_COUNT(&set);
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 ? (uint32_t)count : 1;
}

uint64_t gw_os_memory_bytes(void)
{
    static const char field[] = "\nRssAnon:";
    char text[4096];
    if (!read_proc("/proc/self/status", text, sizeof(text)))
        return 0;
    const char *at = strstr(text, field);
    return at != NULL ? strtoull(at + sizeof(field) - 1, NULL, 10) * 1024 : 0;
}

void gw_os_random(void *ret, size_t bytes)
{
    uint8_t *at = ret;
    while (bytes > 0) {
        ssize_t got = getrandom(at, bytes, 0);
        if (got < 0) {
            GW_ASSERT(errno == EINTR); /* the kernel has no other excuse for this buffer */
            continue;
        }
        at += got;
        bytes -= (size_t)got;
    }
}
