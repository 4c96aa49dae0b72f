/**
 * Files and folders. Every call is whole: short reads and writes are repeated, EINTR never surfaces.
 *
 * Invariant: after a failed sync (or a failed write on a GW_FILE_DIRECT file) the handle refuses every further
 *            write and sync with GW_IO: the page cache may have dropped the bytes (fsyncgate, 2018).
 * Lifetime:  gw_file_open() to gw_file_close(). Thread: one at a time, but gw_file_read_at() from any number.
 * Paths are zero-terminated and relative to the process's folder. Errors name the path.
 * Errors:    GW_NOTFOUND absent · GW_EXISTS · GW_DENIED no right, read-only filesystem · GW_FULL no space ·
 *            GW_BUSY out of descriptors, retry later · GW_IO anything else the disk says.
 */
#ifndef GW_OS_FILE_H
#define GW_OS_FILE_H

#include "base/err.h"

struct gw_file; /* opaque */

enum { GW_FILE_PATH_MAX = 4096, GW_FILE_BLOCK = 4096 };

/** How to open; or-ed. */
enum gw_file_flag {
    GW_FILE_READ = 1,
    GW_FILE_WRITE = 2,
    GW_FILE_CREATE = 4,    /* mode 0600 when created; the folder is not synced: gw_folder_sync() */
    GW_FILE_EXCLUSIVE = 8, /* with CREATE: GW_EXISTS if it is there */
    GW_FILE_TRUNCATE = 16,
    GW_FILE_APPEND = 32, /* gw_file_write() goes to the end */
    /* Try O_DIRECT|O_DSYNC: a write is durable when it returns. Falls back to a buffered file, for which
     * gw_file_sync_data() is needed; gw_file_kind() tells which. Memory, offset and length are multiples of 4096. */
    GW_FILE_DIRECT = 64
};

enum gw_file_kind {
    GW_FILE_BUFFERED,     /* durable after gw_file_sync() or gw_file_sync_data() */
    GW_FILE_DIRECT_SYNCED /* durable when a write returns; the two syncs are still allowed */
};

gw_rc gw_file_open(const char *path, unsigned flags, struct gw_file **ret, struct gw_err *err);
/** Does not sync. Accepts NULL. */
void gw_file_close(struct gw_file *file);
/** For GW_CLEANUP. */
void gw_file_close_at(struct gw_file **file);
enum gw_file_kind gw_file_kind(const struct gw_file *file);
const char *gw_file_path(const struct gw_file *file); /* as given to open */

/** Read up to `bytes` at the file's own position. @ret_got  less than `bytes` only at the end of the file */
gw_rc gw_file_read(struct gw_file *file, void *ret, size_t bytes, size_t *ret_got,
                   struct gw_err *err);
gw_rc gw_file_read_at(struct gw_file *file, uint64_t offset, void *ret, size_t bytes,
                      size_t *ret_got, struct gw_err *err);
gw_rc gw_file_write(struct gw_file *file, struct gw_bytes data, struct gw_err *err);
gw_rc gw_file_write_at(struct gw_file *file, uint64_t offset, struct gw_bytes data,
                       struct gw_err *err);

/** Make room for bytes 0 .. `bytes`, so that writing there cannot run out of space, and write zeros into all of
 *  it: a file that is only allocated converts extents at each sync, at half the rate. Sets the size. Not synced.
 *  @return GW_FULL: nothing was kept beyond the old size */
gw_rc gw_file_fill_zero(struct gw_file *file, uint64_t bytes, struct gw_err *err);
gw_rc gw_file_truncate(struct gw_file *file, uint64_t bytes, struct gw_err *err);
/** fdatasync: data, and the size where it changed. */
gw_rc gw_file_sync_data(struct gw_file *file, struct gw_err *err);
/** fsync. */
gw_rc gw_file_sync(struct gw_file *file, struct gw_err *err);

enum gw_file_type { GW_FILE_REGULAR, GW_FILE_FOLDER, GW_FILE_SOCKET, GW_FILE_OTHER };

struct gw_file_info {
    enum gw_file_type type;
    uint64_t bytes;
    int64_t changed_ns; /* mtime, wall clock */
    uint64_t device, inode;
    uint32_t mode; /* permission bits */
};

gw_rc gw_file_info(const struct gw_file *file, struct gw_file_info *ret, struct gw_err *err);
/** Follows symbolic links. GW_NOTFOUND when absent. */
gw_rc gw_path_info(const char *path, struct gw_file_info *ret, struct gw_err *err);
gw_rc gw_path_rename(const char *from, const char *to, struct gw_err *err);
/** A file or an empty folder. */
gw_rc gw_path_remove(const char *path, struct gw_err *err);
/** Mode 0700. GW_EXISTS when it is there. */
gw_rc gw_folder_make(const char *path, struct gw_err *err);
/** As above for each missing parent too; GW_OK when it is there. Makes all names on the way durable: of folders that were
 *  there too, for the process that made them may have been killed before it could. */
gw_rc gw_folder_make_all(const char *path, struct gw_err *err);
/** Makes created, renamed and removed names durable. */
gw_rc gw_folder_sync(const char *path, struct gw_err *err);
/** Names in memcmp order, without "." and "..", zero-terminated, in `arena`. */
gw_rc gw_folder_list(const char *path, struct gw_arena *arena, struct gw_text **ret_names,
                     size_t *ret_count, struct gw_err *err);

struct gw_space {
    uint64_t free_bytes, total_bytes; /* free: for this user */
};
gw_rc gw_path_space(const char *path, struct gw_space *ret, struct gw_err *err);

/** The whole file into `arena`, zero-terminated behind its end. GW_TOOLARGE above bytes_max. */
gw_rc gw_file_load(const char *path, struct gw_arena *arena, size_t bytes_max, struct gw_bytes *ret,
                   struct gw_err *err);
/** All or nothing, durable: PATH.tmp, sync, rename over PATH, sync of the folder. Mode 0600. */
gw_rc gw_file_store(const char *path, struct gw_bytes data, struct gw_err *err);

struct gw_lock; /* opaque */

/** Keep a second process out. The file holds our pid as text; it stays behind, unlocked, after the process.
 *  @return GW_CONFLICT: another one holds it (its pid in the message when known) */
gw_rc gw_lock_open(const char *path, struct gw_lock **ret, struct gw_err *err);
/** Accepts NULL. */
void gw_lock_close(struct gw_lock *lock);

#endif
