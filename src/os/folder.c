#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/time.h"
#include "os/crash.h"
#include "os/file_int.h"

void gw_info_of_stat(const struct stat *st, struct gw_file_info *ret)
{
    *ret = (struct gw_file_info){
        .type = S_ISREG(st->st_mode)    ? GW_FILE_REGULAR
                : S_ISDIR(st->st_mode)  ? GW_FILE_FOLDER
                : S_ISSOCK(st->st_mode) ? GW_FILE_SOCKET
                                        : GW_FILE_OTHER,
        .bytes = (uint64_t)st->st_size,
        .changed_ns = (int64_t)st->st_mtim.tv_sec * GW_NS_PER_S + st->st_mtim.tv_nsec,
        .device = st->st_dev,
        .inode = st->st_ino,
        .mode = st->st_mode & 07777,
    };
}

gw_rc gw_path_info(const char *path, struct gw_file_info *ret, struct gw_err *err)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return GW_FAIL_SYS(err, "look at '%s'", path);
    gw_info_of_stat(&st, ret);
    return GW_OK;
}

gw_rc gw_path_rename(const char *from, const char *to, struct gw_err *err)
{
    if (rename(from, to) != 0)
        return GW_FAIL_SYS(err, "rename '%s' to '%s'", from, to);
    return GW_OK;
}

gw_rc gw_path_remove(const char *path, struct gw_err *err)
{
    return remove(path) == 0 ? GW_OK : GW_FAIL_SYS(err, "remove '%s'", path);
}

gw_rc gw_folder_make(const char *path, struct gw_err *err)
{
    return mkdir(path, 0700) == 0 ? GW_OK : GW_FAIL_SYS(err, "make folder '%s'", path);
}

/** The folder that holds `path`, into ret[GW_FILE_PATH_MAX]. */
static void folder_of(const char *path, char *ret)
{
    const char *slash = strrchr(path, '/');
    size_t len = slash == NULL ? 0 : slash == path ? 1 : (size_t)(slash - path);
    memcpy(ret, len ? path : ".", len ? len : 1);
    ret[len ? len : 1] = '\0';
}

/** Make `path` unless it is there, and its name durable. */
static gw_rc make_durable(const char *path, struct gw_err *err)
{
    char above[GW_FILE_PATH_MAX];
    struct gw_file_info info;
    folder_of(path, above);
    gw_rc rc = gw_folder_make(path, err);
    if (rc == GW_OK)
        return gw_folder_sync(above, err);
    if (rc != GW_EXISTS || gw_path_info(path, &info, NULL) < 0 || info.type != GW_FILE_FOLDER)
        return rc;
    (void)gw_folder_sync(above, NULL); /* it may belong to others, who may forbid us to read it */
    return GW_OK;
}

gw_rc gw_folder_make_all(const char *path, struct gw_err *err)
{
    char part[GW_FILE_PATH_MAX];
    size_t len = strlen(path);
    if (len == 0 || len >= sizeof(part)) {
        return GW_FAIL(err, GW_INVALID, "a folder's path has 1 to %d bytes, this one %zu",
                       GW_FILE_PATH_MAX - 1, len);
    }
    for (size_t i = 1; i <= len; i++) {
        if (i < len && path[i] != '/')
            continue;
        memcpy(part, path, i);
        part[i] = '\0';
        GW_TRY(make_durable(part, err));
    }
    return GW_OK;
}

gw_rc gw_folder_sync(const char *path, struct gw_err *err)
{
    int fd = gw_fd_open(path, O_RDONLY | O_DIRECTORY);
    if (fd < 0)
        return GW_FAIL_SYS(err, "open folder '%s'", path);
    gw_rc rc = fsync(fd) == 0 ? GW_OK : GW_FAIL_SYS(err, "sync folder '%s'", path);
    (void)close(fd);
    return rc;
}

static int compare_names(const void *a, const void *b)
{
    return gw_bytes_compare(gw_text_bytes(*(const struct gw_text *)a),
                            gw_text_bytes(*(const struct gw_text *)b));
}

/** The next name that is not "." or "..". @return false at the end, or with errno set */
static bool next_name(DIR *dir, const char **ret)
{
    struct dirent *entry;
    errno = 0;
    do {
        /* glibc's is safe on a stream of one's own; NOLINTNEXTLINE(concurrency-mt-unsafe) */
        entry = readdir(dir);
    } while (entry != NULL &&
             (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0));
    *ret = entry != NULL ? entry->d_name : NULL;
    return entry != NULL;
}

/** Names into names[0 .. max-1]. @ret_count  their number, also when above `max` */
static gw_rc read_names(DIR *dir, struct gw_arena *arena, struct gw_text *names, size_t max,
                        size_t *ret_count)
{
    size_t count = 0;
    for (const char *name; next_name(dir, &name); count++) {
        if (count >= max)
            continue;
        names[count] = gw_arena_printf(arena, "%s", name);
        if (names[count].data == NULL)
            return GW_NOMEM;
    }
    *ret_count = count;
    return errno == 0 ? GW_OK : GW_IO;
}

gw_rc gw_folder_list(const char *path, struct gw_arena *arena, struct gw_text **ret_names,
                     size_t *ret_count, struct gw_err *err)
{
    DIR *dir = opendir(path);
    if (dir == NULL)
        return GW_FAIL_SYS(err, "list folder '%s'", path);
    size_t max, count = 0;
    struct gw_text *names = NULL;
    gw_rc rc = read_names(dir, arena, NULL, 0, &max);
    if (rc == GW_OK) {
        rewinddir(dir);
        names = GW_NEW_ARRAY(arena, struct gw_text, max + 1);
        rc = names != NULL ? read_names(dir, arena, names, max, &count) : GW_NOMEM;
    }
    if (rc == GW_IO) {
        rc = GW_FAIL_SYS(err, "list folder '%s'", path);
    } else if (rc == GW_NOMEM) {
        rc = GW_FAIL_NOMEM(err);
    }
    (void)closedir(dir);
    GW_TRY(rc);
    count = GW_MIN(count,
                   max); /* names that came between the two passes are left for the next listing */
    if (count > 0)       /* an empty folder has no array */
        qsort(names, count, sizeof(*names), compare_names);
    *ret_names = names;
    *ret_count = count;
    return GW_OK;
}

gw_rc gw_path_space(const char *path, struct gw_space *ret, struct gw_err *err)
{
    struct statvfs fs;
    if (statvfs(path, &fs) != 0)
        return GW_FAIL_SYS(err, "ask for the space at '%s'", path);
    *ret = (struct gw_space){.free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize,
                             .total_bytes = (uint64_t)fs.f_blocks * fs.f_frsize};
    return GW_OK;
}

static gw_rc write_synced(const char *path, struct gw_bytes data, struct gw_err *err)
{
    GW_CLEANUP(gw_file_close_at) struct gw_file *file = NULL;
    GW_TRY(gw_file_open(path, GW_FILE_WRITE | GW_FILE_CREATE | GW_FILE_TRUNCATE, &file, err));
    GW_TRY(gw_file_write(file, data, err));
    GW_CRASH_POINT("os.store.written");
    return gw_file_sync(file, err);
}

gw_rc gw_file_store(const char *path, struct gw_bytes data, struct gw_err *err)
{
    char other[GW_FILE_PATH_MAX];
    int len = snprintf(other, sizeof(other), "%s.tmp", path);
    if (len < 0 || (size_t)len >= sizeof(other))
        return GW_FAIL(err, GW_INVALID, "path '%s' is too long", path);
    gw_rc rc = write_synced(other, data, err);
    GW_CRASH_POINT("os.store.synced");
    if (rc == GW_OK)
        rc = gw_path_rename(other, path, err);
    if (rc < 0) {
        (void)unlink(other);
        return rc;
    }
    GW_CRASH_POINT("os.store.renamed");
    folder_of(path, other);
    return gw_folder_sync(other, err);
}
