#include "os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/file_int.h"

struct gw_file {
    int fd;
    enum gw_file_kind kind;
    bool is_broken; /* a sync, or a write that promised one, failed: see the invariant in file.h */
    char path[];    /* zero-terminated */
};

static int flags_of(unsigned flags)
{
    int ret = O_CLOEXEC | O_NOCTTY;
    ret |= !(flags & GW_FILE_WRITE) ? O_RDONLY : flags & GW_FILE_READ ? O_RDWR : O_WRONLY;
    ret |= flags & GW_FILE_CREATE ? O_CREAT : 0;
    ret |= flags & GW_FILE_EXCLUSIVE ? O_EXCL : 0;
    ret |= flags & GW_FILE_TRUNCATE ? O_TRUNC : 0;
    ret |= flags & GW_FILE_APPEND ? O_APPEND : 0;
    return ret;
}

int gw_fd_open(const char *path, int flags)
{
    int fd;
    do {
        fd = open(path, flags | O_CLOEXEC, 0600);
    } while (fd < 0 && errno == EINTR);
    return fd;
}

gw_rc gw_file_open(const char *path, unsigned flags, struct gw_file **ret, struct gw_err *err)
{
    int sys_flags = flags_of(flags), fd = -1;
    enum gw_file_kind kind = GW_FILE_BUFFERED;
    if (flags & GW_FILE_DIRECT) {
        fd = gw_fd_open(path, sys_flags | O_DIRECT | O_DSYNC);
        kind = fd >= 0 ? GW_FILE_DIRECT_SYNCED : GW_FILE_BUFFERED;
        if (fd < 0 && errno != EINVAL)
            return GW_FAIL_SYS(err, "open '%s'", path);
    }
    if (fd < 0)
        fd = gw_fd_open(path, sys_flags);
    if (fd < 0)
        return GW_FAIL_SYS(err, "open '%s'", path);
    size_t len = strlen(path);
    struct gw_file *file = malloc(sizeof(*file) + len + 1);
    if (file == NULL) {
        (void)close(fd);
        return GW_FAIL_NOMEM(err);
    }
    *file = (struct gw_file){.fd = fd, .kind = kind};
    memcpy(file->path, path, len + 1);
    *ret = file;
    return GW_OK;
}

void gw_file_close(struct gw_file *file)
{
    if (file == NULL)
        return;
    (void)close(file->fd); /* what mattered was synced before */
    free(file);
}

void gw_file_close_at(struct gw_file **file)
{
    gw_file_close(*file);
}

enum gw_file_kind gw_file_kind(const struct gw_file *file)
{
    return file->kind;
}

const char *gw_file_path(const struct gw_file *file)
{
    return file->path;
}

gw_rc gw_file_read(struct gw_file *file, void *ret, size_t bytes, size_t *ret_got,
                   struct gw_err *err)
{
    size_t done = 0;
    while (done < bytes) {
        ssize_t got = read(file->fd, (char *)ret + done, bytes - done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return GW_FAIL_SYS(err, "read '%s'", file->path);
        if (got == 0)
            break;
        done += (size_t)got;
    }
    *ret_got = done;
    return GW_OK;
}

gw_rc gw_file_read_at(struct gw_file *file, uint64_t offset, void *ret, size_t bytes,
                      size_t *ret_got, struct gw_err *err)
{
    size_t done = 0;
    while (done < bytes) {
        ssize_t got = pread(file->fd, (char *)ret + done, bytes - done, (off_t)(offset + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            return GW_FAIL_SYS(err, "read '%s' at %llu", file->path,
                               (unsigned long long)(offset + done));
        }
        if (got == 0)
            break;
        done += (size_t)got;
    }
    *ret_got = done;
    return GW_OK;
}

static gw_rc refuse_broken(const struct gw_file *file, struct gw_err *err)
{
    if (!file->is_broken)
        return GW_OK;
    return GW_FAIL(err, GW_IO, "'%s': an earlier sync failed, what is on disk is unknown",
                   file->path);
}

/** For a write that failed with errno set. */
static gw_rc fail_write(struct gw_file *file, struct gw_err *err)
{
    if (file->kind == GW_FILE_DIRECT_SYNCED)
        file->is_broken = true;
    return GW_FAIL_SYS(err, "write '%s'", file->path);
}

/** Some filesystems take O_DIRECT at open and refuse it at the write: go on without; O_DSYNC stays in force.
 *  @return true when it is worth another try */
static bool give_up_direct(const struct gw_file *file)
{
    int flags = errno == EINVAL ? fcntl(file->fd, F_GETFL) : -1;
    return flags >= 0 && (flags & O_DIRECT) && fcntl(file->fd, F_SETFL, flags & ~O_DIRECT) == 0;
}

gw_rc gw_file_write(struct gw_file *file, struct gw_bytes data, struct gw_err *err)
{
    GW_TRY(refuse_broken(file, err));
    while (data.len > 0) {
        ssize_t put = write(file->fd, data.data, data.len);
        if (put < 0 && (errno == EINTR || give_up_direct(file)))
            continue;
        if (put < 0)
            return fail_write(file, err);
        data.data += put;
        data.len -= (size_t)put;
    }
    return GW_OK;
}

gw_rc gw_file_write_at(struct gw_file *file, uint64_t offset, struct gw_bytes data,
                       struct gw_err *err)
{
    GW_TRY(refuse_broken(file, err));
    while (data.len > 0) {
        ssize_t put = pwrite(file->fd, data.data, data.len, (off_t)offset);
        if (put < 0 && (errno == EINTR || give_up_direct(file)))
            continue;
        if (put < 0)
            return fail_write(file, err);
        data.data += put;
        data.len -= (size_t)put;
        offset += (uint64_t)put;
    }
    return GW_OK;
}

static gw_rc allocate(struct gw_file *file, uint64_t bytes, struct gw_err *err)
{
    int failed;
    do {
        failed = fallocate(file->fd, 0, 0, (off_t)bytes);
    } while (failed != 0 && errno == EINTR);
    if (failed != 0 && errno != EOPNOTSUPP && errno != ENOSYS) {
        return GW_FAIL_SYS(err, "allocate %llu bytes for '%s'", (unsigned long long)bytes,
                           file->path);
    }
    return GW_OK; /* without support the zeros that follow allocate */
}

static gw_rc write_zeros(struct gw_file *file, uint64_t bytes, struct gw_err *err)
{
    enum { CHUNK = 1 << 18 };
    static _Alignas(GW_FILE_BLOCK) uint8_t zeros[CHUNK]; /* never written to */
    for (uint64_t at = 0; at < bytes; at += CHUNK) {
        struct gw_bytes piece = {zeros, (size_t)GW_MIN(bytes - at, (uint64_t)CHUNK)};
        GW_TRY(gw_file_write_at(file, at, piece, err));
    }
    return GW_OK;
}

gw_rc gw_file_fill_zero(struct gw_file *file, uint64_t bytes, struct gw_err *err)
{
    struct gw_file_info old = {0};
    GW_TRY(gw_file_info(file, &old, err));
    gw_rc rc = allocate(file, bytes, err);
    if (rc == GW_OK)
        rc = write_zeros(file, bytes, err);
    if (rc == GW_OK && old.bytes > bytes)
        rc = gw_file_truncate(file, bytes, err);
    if (rc < 0) /* give back what was taken, so that a full disk is not fuller for our trying */
        (void)gw_file_truncate(file, old.bytes, NULL);
    return rc;
}

gw_rc gw_file_truncate(struct gw_file *file, uint64_t bytes, struct gw_err *err)
{
    int failed;
    do {
        failed = ftruncate(file->fd, (off_t)bytes);
    } while (failed != 0 && errno == EINTR);
    return failed == 0 ? GW_OK
                       : GW_FAIL_SYS(err, "set the size of '%s' to %llu", file->path,
                                     (unsigned long long)bytes);
}

static gw_rc sync_with(struct gw_file *file, int (*sync)(int), struct gw_err *err)
{
    GW_TRY(refuse_broken(file, err));
    int failed;
    do {
        failed = sync(file->fd);
    } while (failed != 0 && errno == EINTR);
    if (failed == 0)
        return GW_OK;
    file->is_broken = true;
    return GW_FAIL_SYS(err, "sync '%s'", file->path);
}

gw_rc gw_file_sync_data(struct gw_file *file, struct gw_err *err)
{
    return sync_with(file, fdatasync, err);
}

gw_rc gw_file_sync(struct gw_file *file, struct gw_err *err)
{
    return sync_with(file, fsync, err);
}

gw_rc gw_file_info(const struct gw_file *file, struct gw_file_info *ret, struct gw_err *err)
{
    struct stat st;
    if (fstat(file->fd, &st) != 0)
        return GW_FAIL_SYS(err, "look at '%s'", file->path);
    gw_info_of_stat(&st, ret);
    return GW_OK;
}

gw_rc gw_file_load(const char *path, struct gw_arena *arena, size_t bytes_max, struct gw_bytes *ret,
                   struct gw_err *err)
{
    GW_CLEANUP(gw_file_close_at) struct gw_file *file = NULL;
    struct gw_file_info info = {0};
    size_t got = 0;
    GW_TRY(gw_file_open(path, GW_FILE_READ, &file, err));
    GW_TRY(gw_file_info(file, &info, err));
    if (info.type == GW_FILE_FOLDER) {
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): GW_CLEANUP closes it, which the analyzer does not follow */
        return GW_FAIL(err, GW_INVALID, "'%s' is a folder", path);
    }
    if (info.bytes > bytes_max) {
        return GW_FAIL(err, GW_TOOLARGE, "'%s' has %llu bytes, the limit is %zu", path,
                       (unsigned long long)info.bytes, bytes_max);
    }
    /* Files of /proc say 0 and hold more: read to the limit; a regular file that grows meanwhile is cut. */
    size_t room = info.bytes > 0 ? (size_t)info.bytes : GW_MIN(bytes_max, (size_t)65536);
    uint8_t *data = gw_arena_get_raw(arena, room + 1);
    if (data == NULL)
        return GW_FAIL_NOMEM(err);
    GW_TRY(gw_file_read(file, data, room, &got, err));
    data[got] = '\0';
    *ret = (struct gw_bytes){data, got};
    return GW_OK;
}
