#include "base/buf.h"
#include "kv/lmdb.h"
#include "os/file.h"
#include "os/heap.h"

enum { PIECE_BYTES = 1 << 20 };

static gw_rc copy_file(struct gw_file *from, struct gw_file *to, void *piece, struct gw_err *err)
{
    for (;;) {
        size_t got;
        GW_TRY(gw_file_read(from, piece, PIECE_BYTES, &got, err));
        GW_TRY(gw_file_write(to, (struct gw_bytes){piece, got}, err));
        if (got < PIECE_BYTES)
            return GW_OK;
    }
}

static gw_rc path_in(const char *folder, const char *name, char *ret, struct gw_err *err)
{
    struct gw_buf buf;
    gw_buf_init_fixed(&buf, ret, GW_FILE_PATH_MAX);
    gw_buf_put_str(&buf, folder);
    gw_buf_put_str(&buf, name);
    gw_buf_put_u8(&buf, 0);
    return gw_buf_check(&buf, "a path", err);
}

static gw_rc remove_old(const char *path, struct gw_err *err)
{
    struct gw_file_info info;
    if (gw_path_info(path, &info, NULL) == GW_NOTFOUND)
        return GW_OK;
    return gw_path_remove(path, err);
}

gw_rc gw_kv_lmdb_restore(const char *checkpoint, const char *folder, struct gw_err *err)
{
    char data[GW_FILE_PATH_MAX], lock[GW_FILE_PATH_MAX];
    GW_TRY(path_in(folder, "/data.mdb", data, err));
    GW_TRY(path_in(folder, "/lock.mdb", lock, err));
    GW_CLEANUP(gw_file_close_at) struct gw_file *from = NULL;
    GW_TRY(gw_file_open(checkpoint, GW_FILE_READ, &from, err));
    GW_TRY(gw_folder_make_all(folder, err));
    GW_TRY(remove_old(lock, err));
    GW_TRY(remove_old(data, err));
    GW_CLEANUP(gw_file_close_at) struct gw_file *to = NULL;
    GW_TRY(gw_file_open(data, GW_FILE_WRITE | GW_FILE_CREATE | GW_FILE_EXCLUSIVE, &to, err));
    const struct gw_alloc *heap = gw_os_heap();
    void *piece = heap->get(heap->ctx, PIECE_BYTES);
    if (piece == NULL)
        return GW_FAIL_NOMEM(err);
    gw_rc rc = copy_file(from, to, piece, err);
    heap->put(heap->ctx, piece, PIECE_BYTES);
    if (rc < 0) /* half a copy must not be taken for an environment */
        (void)gw_path_remove(data, NULL);
    return rc;
}
