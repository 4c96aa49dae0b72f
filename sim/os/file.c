/* os/file.h on the simulated disk: one file. */
#include "os/file.h"

#include <inttypes.h>
#include <stdio.h>

#include "os/heap.h"
#include "sim/os/disk_int.h"
#include "sim/os/sim_int.h"

struct gw_file {
    struct gw_file *next; /* of all open ones */
    struct gw_sim_node *node;
    enum gw_file_kind kind;
    unsigned flags;
    bool is_broken;
    uint64_t at;
    size_t path_bytes;
    char path[];
};

struct gw_lock {
    struct gw_sim_node *node;
};

static struct gw_file *files; /* open in the process, or from outside */

static gw_rc fail_absent(const char *what, const char *path, struct gw_err *err)
{
    return GW_FAIL(err, GW_NOTFOUND, "%s '%s': no such file", what, path);
}

static gw_rc find_or_make(const char *path, unsigned flags, struct gw_sim_node **ret,
                          struct gw_err *err)
{
    const char *name;
    struct gw_sim_node *folder = gw_sim_folder_of(path, &name);
    struct gw_sim_node *node = folder != NULL ? gw_sim_names_get(&folder->names, name) : NULL;
    if (folder == NULL || (node == NULL && !(flags & GW_FILE_CREATE)))
        return fail_absent("open", path, err);
    if (node != NULL && node->is_folder)
        return GW_FAIL(err, GW_IO, "open '%s': is a folder", path);
    if (node != NULL && (flags & GW_FILE_CREATE) && (flags & GW_FILE_EXCLUSIVE))
        return GW_FAIL(err, GW_EXISTS, "open '%s': exists", path);
    if (node == NULL) {
        gw_sim_moment("disk.create");
        node = gw_sim_node_new(false);
        gw_sim_folder_change(folder, "", name, node);
    }
    *ret = node;
    return GW_OK;
}

gw_rc gw_file_open(const char *path, unsigned flags, struct gw_file **ret, struct gw_err *err)
{
    const struct gw_alloc *heap = gw_os_heap();
    struct gw_sim_node *node;
    GW_TRY(find_or_make(path, flags, &node, err));
    size_t len = strlen(path);
    struct gw_file *file = heap->get(heap->ctx, sizeof(*file) + len + 1);
    if (file == NULL)
        return GW_FAIL_NOMEM(err);
    bool is_direct = (flags & GW_FILE_DIRECT) && !gw_sim.opts.no_direct;
    *file = (struct gw_file){.next = files,
                             .node = node,
                             .kind = is_direct ? GW_FILE_DIRECT_SYNCED : GW_FILE_BUFFERED,
                             .flags = flags,
                             .path_bytes = len + 1};
    memcpy(file->path, path, len + 1);
    files = file;
    node->opens++;
    if (flags & GW_FILE_TRUNCATE)
        gw_sim_node_resize(node, 0);
    *ret = file;
    return GW_OK;
}

void gw_file_close(struct gw_file *file)
{
    const struct gw_alloc *heap = gw_os_heap();
    if (file == NULL)
        return;
    struct gw_file **at = &files;
    while (*at != file)
        at = &(*at)->next;
    *at = file->next;
    file->node->opens--;
    heap->put(heap->ctx, file, sizeof(*file) + file->path_bytes);
}

void gw_file_close_at(struct gw_file **file)
{
    gw_file_close(*file);
}

void gw_sim_files_drop(void)
{
    for (; files != NULL; files = files->next)
        files->node->opens--;
    for (struct gw_sim_node *node = gw_sim_disk.nodes; node != NULL; node = node->next)
        node->is_locked = false;
    if (gw_sim_disk.faults.forgets_on_kill && gw_sim.death == GW_SIM_KILL)
        gw_sim_disk_power_cut();
}

enum gw_file_kind gw_file_kind(const struct gw_file *file)
{
    return file->kind;
}

const char *gw_file_path(const struct gw_file *file)
{
    return file->path;
}

gw_rc gw_file_read_at(struct gw_file *file, uint64_t offset, void *ret, size_t bytes,
                      size_t *ret_got, struct gw_err *err)
{
    (void)err;
    GW_ASSERT(file->flags & GW_FILE_READ);
    const struct gw_sim_node *node = file->node;
    uint64_t left = offset < node->bytes ? node->bytes - offset : 0;
    size_t got = (size_t)GW_MIN(left, (uint64_t)bytes);
    if (got > 0)
        memcpy(ret, node->seen + offset, got);
    *ret_got = got;
    return GW_OK;
}

gw_rc gw_file_read(struct gw_file *file, void *ret, size_t bytes, size_t *ret_got,
                   struct gw_err *err)
{
    GW_TRY(gw_file_read_at(file, file->at, ret, bytes, ret_got, err));
    file->at += *ret_got;
    return GW_OK;
}

static gw_rc refuse_broken(const struct gw_file *file, struct gw_err *err)
{
    if (!file->is_broken)
        return GW_OK;
    return GW_FAIL(err, GW_IO, "'%s': an earlier sync failed, what is on disk is unknown",
                   file->path);
}

gw_rc gw_file_write_at(struct gw_file *file, uint64_t offset, struct gw_bytes data,
                       struct gw_err *err)
{
    bool is_direct = file->kind == GW_FILE_DIRECT_SYNCED;
    GW_ASSERT(file->flags & GW_FILE_WRITE);
    GW_TRY(refuse_broken(file, err));
    /* file.h: a direct file takes whole blocks only. */
    GW_ASSERT(!is_direct || ((offset | data.len | (uintptr_t)data.data) % GW_FILE_BLOCK == 0));
    gw_rc rc = gw_sim_node_write(file->node, file->path, offset, data, is_direct, err);
    if (rc < 0 && is_direct)
        file->is_broken = true;
    return rc;
}

gw_rc gw_file_write(struct gw_file *file, struct gw_bytes data, struct gw_err *err)
{
    if (file->flags & GW_FILE_APPEND)
        file->at = file->node->bytes;
    GW_TRY(gw_file_write_at(file, file->at, data, err));
    file->at += data.len;
    return GW_OK;
}

static gw_rc write_zeros(struct gw_file *file, uint64_t bytes, struct gw_err *err)
{
    enum { CHUNK = 1 << 18 };
    static _Alignas(GW_FILE_BLOCK) uint8_t zeros[CHUNK];
    for (uint64_t at = 0; at < bytes; at += CHUNK) {
        struct gw_bytes piece = {zeros, (size_t)GW_MIN(bytes - at, (uint64_t)CHUNK)};
        GW_TRY(gw_file_write_at(file, at, piece, err));
    }
    return GW_OK;
}

gw_rc gw_file_fill_zero(struct gw_file *file, uint64_t bytes, struct gw_err *err)
{
    uint64_t old = file->node->bytes;
    gw_rc rc = write_zeros(file, bytes, err);
    if (rc == GW_OK && old > bytes)
        rc = gw_file_truncate(file, bytes, err);
    if (rc < 0)
        (void)gw_file_truncate(file, old, NULL);
    return rc;
}

gw_rc gw_file_truncate(struct gw_file *file, uint64_t bytes, struct gw_err *err)
{
    (void)err;
    gw_sim_node_resize(file->node, bytes);
    return GW_OK;
}

gw_rc gw_file_sync(struct gw_file *file, struct gw_err *err)
{
    GW_TRY(refuse_broken(file, err));
    gw_rc rc = gw_sim_node_sync(file->node, file->path, err);
    if (rc < 0)
        file->is_broken = true;
    return rc;
}

gw_rc gw_file_sync_data(struct gw_file *file, struct gw_err *err)
{
    return gw_file_sync(file, err);
}

static void info_of(const struct gw_sim_node *node, struct gw_file_info *ret)
{
    *ret = (struct gw_file_info){.type = node->is_folder ? GW_FILE_FOLDER : GW_FILE_REGULAR,
                                 .bytes = node->bytes,
                                 .changed_ns = node->changed_ns,
                                 .device = 1,
                                 .inode = node->id,
                                 .mode = node->is_folder ? 0700 : 0600};
}

gw_rc gw_file_info(const struct gw_file *file, struct gw_file_info *ret, struct gw_err *err)
{
    (void)err;
    info_of(file->node, ret);
    return GW_OK;
}

gw_rc gw_path_info(const char *path, struct gw_file_info *ret, struct gw_err *err)
{
    const struct gw_sim_node *node = gw_sim_find(path);
    if (node == NULL)
        return fail_absent("look at", path, err);
    info_of(node, ret);
    return GW_OK;
}

gw_rc gw_file_load(const char *path, struct gw_arena *arena, size_t bytes_max, struct gw_bytes *ret,
                   struct gw_err *err)
{
    const struct gw_sim_node *node = gw_sim_find(path);
    if (node == NULL)
        return fail_absent("open", path, err);
    if (node->is_folder)
        return GW_FAIL(err, GW_INVALID, "'%s' is a folder", path);
    if (node->bytes > bytes_max)
        return GW_FAIL(err, GW_TOOLARGE, "'%s' has %" PRIu64 " bytes, the limit is %zu", path,
                       node->bytes, bytes_max);
    uint8_t *data = gw_arena_get_raw(arena, (size_t)node->bytes + 1);
    if (data == NULL)
        return GW_FAIL_NOMEM(err);
    if (node->bytes > 0)
        memcpy(data, node->seen, (size_t)node->bytes);
    data[node->bytes] = '\0';
    *ret = (struct gw_bytes){data, (size_t)node->bytes};
    return GW_OK;
}

static gw_rc write_synced(const char *path, struct gw_bytes data, struct gw_err *err)
{
    GW_CLEANUP(gw_file_close_at) struct gw_file *file = NULL;
    GW_TRY(gw_file_open(path, GW_FILE_WRITE | GW_FILE_CREATE | GW_FILE_TRUNCATE, &file, err));
    GW_TRY(gw_file_write(file, data, err));
    return gw_file_sync(file, err);
}

gw_rc gw_file_store(const char *path, struct gw_bytes data, struct gw_err *err)
{
    char other[GW_FILE_PATH_MAX];
    const char *name;
    (void)snprintf(other, sizeof(other), "%s.tmp", path);
    gw_rc rc = write_synced(other, data, err);
    if (rc == GW_OK)
        rc = gw_path_rename(other, path, err);
    if (rc < 0) {
        (void)gw_path_remove(other, NULL);
        return rc;
    }
    (void)gw_sim_folder_of(path, &name);
    memcpy(other, path, (size_t)(name - path));
    other[name - path] = '\0';
    return gw_folder_sync(other, err);
}

gw_rc gw_lock_open(const char *path, struct gw_lock **ret, struct gw_err *err)
{
    const struct gw_alloc *heap = gw_os_heap();
    struct gw_sim_node *node;
    GW_TRY(find_or_make(path, GW_FILE_CREATE, &node, err));
    if (node->is_locked)
        return GW_FAIL(err, GW_CONFLICT, "'%s' is held by process %" PRId64, path, gw_sim.pid);
    struct gw_lock *lock = heap->get(heap->ctx, sizeof(*lock));
    if (lock == NULL)
        return GW_FAIL_NOMEM(err);
    node->is_locked = true;
    lock->node = node;
    *ret = lock;
    return GW_OK;
}

void gw_lock_close(struct gw_lock *lock)
{
    const struct gw_alloc *heap = gw_os_heap();
    if (lock == NULL)
        return;
    lock->node->is_locked = false;
    heap->put(heap->ctx, lock, sizeof(*lock));
}
