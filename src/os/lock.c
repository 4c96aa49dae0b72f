#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "os/env.h"
#include "os/file_int.h"

struct gw_lock {
    int fd;
};

/** Errno says why `fd` could not be locked: name the holder if its pid can be read. */
static gw_rc fail_held(int fd, const char *path, struct gw_err *err)
{
    char text[24] = "";
    if (errno != EAGAIN && errno != EACCES)
        return GW_FAIL_SYS(err, "lock '%s'", path);
    ssize_t got = pread(fd, text, sizeof(text) - 1, 0);
    int64_t pid = got > 0 ? strtoll(text, NULL, 10) : 0;
    gw_rc rc = pid > 0 ? GW_FAIL(err, GW_CONFLICT, "'%s' is held by process %" PRId64, path, pid)
                       : GW_FAIL(err, GW_CONFLICT, "'%s' is held by another process", path);
    gw_err_hint(err, "stop the other process first; two must not write the same state");
    return rc;
}

static gw_rc write_pid(int fd, const char *path, struct gw_err *err)
{
    char text[24];
    int len = snprintf(text, sizeof(text), "%" PRId64 "\n", gw_os_pid());
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)len, 0) != len)
        return GW_FAIL_SYS(err, "write '%s'", path);
    return GW_OK;
}

gw_rc gw_lock_open(const char *path, struct gw_lock **ret, struct gw_err *err)
{
    int fd = gw_fd_open(path, O_RDWR | O_CREAT);
    if (fd < 0)
        return GW_FAIL_SYS(err, "open '%s'", path);
    /* Of the open file description: gone with the last descriptor, and held against ourselves too. */
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    gw_rc rc =
        fcntl(fd, F_OFD_SETLK, &whole) == 0 ? write_pid(fd, path, err) : fail_held(fd, path, err);
    struct gw_lock *lock = rc == GW_OK ? malloc(sizeof(*lock)) : NULL;
    if (lock == NULL) {
        (void)close(fd);
        return rc < 0 ? rc : GW_FAIL_NOMEM(err);
    }
    lock->fd = fd;
    *ret = lock;
    return GW_OK;
}

void gw_lock_close(struct gw_lock *lock)
{
    if (lock == NULL)
        return;
    (void)close(lock->fd);
    free(lock);
}
