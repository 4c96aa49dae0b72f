#include "engine/checkpoint.h"

#include <inttypes.h>

#include "codec/cbor.h"
#include "os/crash.h"
#include "os/heap.h"

enum {
    FORMAT = 1,
    MANIFEST_MAX = 256,
    NAME_DIGITS = 20,
    KEPT = 2,
    READ_BYTES = 256 * 1024,
    LIST_BYTES_MAX = 1 << 20
};

static gw_rc join(char ret[GW_FILE_PATH_MAX], struct gw_err *err, const char *fmt, ...)
    GW_PRINTF(3, 4);

static gw_rc join(char ret[GW_FILE_PATH_MAX], struct gw_err *err, const char *fmt, ...)
{
    struct gw_buf buf;
    va_list args;
    gw_buf_init_fixed(&buf, ret, GW_FILE_PATH_MAX);
    va_start(args, fmt);
    gw_buf_vprintf(&buf, fmt, args);
    va_end(args);
    gw_buf_put_u8(&buf, 0);
    return gw_buf_check(&buf, "checkpoint path", err);
}

static gw_rc hash_file(const char *path, struct gw_sha256 *ret, struct gw_err *err)
{
    GW_CLEANUP(gw_file_close_at) struct gw_file *file = NULL;
    const struct gw_alloc *heap = gw_os_heap();
    struct gw_sha256_state state;
    size_t got = 0;
    GW_TRY(gw_file_open(path, GW_FILE_READ, &file, err));
    uint8_t *block = heap->get(heap->ctx, READ_BYTES);
    if (block == NULL)
        return GW_FAIL_NOMEM(err);
    gw_sha256_init(&state);
    gw_rc rc;
    do {
        rc = gw_file_read(file, block, READ_BYTES, &got, err);
        if (rc == GW_OK)
            gw_sha256_add(&state, (struct gw_bytes){block, got});
    } while (rc == GW_OK && got == READ_BYTES);
    heap->put(heap->ctx, block, READ_BYTES);
    if (rc == GW_OK)
        *ret = gw_sha256_end(&state);
    return rc;
}

/* The manifest ends with the SHA-256 of itself: a cut or flipped one is no manifest. */
static void manifest_encode(const struct gw_checkpoint *checkpoint, struct gw_buf *ret)
{
    struct gw_hash128 sum = gw_hash128_of_number(checkpoint->mark.sum);
    gw_cbor_put_array(ret, 4);
    gw_cbor_put_uint(ret, FORMAT);
    gw_cbor_put_uint(ret, checkpoint->mark.applied);
    gw_cbor_put_bytes(ret, (struct gw_bytes){sum.bytes, sizeof(sum.bytes)});
    gw_cbor_put_bytes(
        ret, (struct gw_bytes){checkpoint->data_hash.bytes, sizeof(checkpoint->data_hash.bytes)});
    struct gw_sha256 self = gw_sha256(gw_buf_bytes(ret));
    gw_buf_put(ret, self.bytes, sizeof(self.bytes));
}

static bool manifest_decode(struct gw_bytes bytes, struct gw_checkpoint *ret)
{
    struct gw_hash128 sum;
    if (bytes.len <= sizeof(struct gw_sha256))
        return false;
    struct gw_bytes body = {bytes.data, bytes.len - sizeof(struct gw_sha256)};
    struct gw_sha256 self = gw_sha256(body);
    if (memcmp(self.bytes, body.data + body.len, sizeof(self.bytes)) != 0)
        return false;
    struct gw_cbor_reader r = gw_cbor_reader(body);
    gw_cbor_get_array_of(&r, 4);
    uint64_t format = gw_cbor_get_uint(&r);
    ret->mark.applied = gw_cbor_get_uint(&r);
    gw_cbor_get_exact(&r, sum.bytes, sizeof(sum.bytes));
    gw_cbor_get_exact(&r, ret->data_hash.bytes, sizeof(ret->data_hash.bytes));
    gw_cbor_end(&r);
    ret->mark.sum = gw_hash128_number(sum);
    return !gw_cbor_failed(&r) && format == FORMAT;
}

static gw_rc load(const char *parent, struct gw_text name, struct gw_checkpoint *ret,
                  struct gw_err *err)
{
    uint8_t bytes[MANIFEST_MAX];
    char path[GW_FILE_PATH_MAX];
    struct gw_sha256 hash;
    GW_CLEANUP(gw_file_close_at) struct gw_file *file = NULL;
    size_t got = 0;
    GW_TRY(join(ret->folder, err, "%s/%.*s", parent, GW_TEXT_ARG(name)));
    GW_TRY(join(ret->data, err, "%s/data", ret->folder));
    GW_TRY(join(path, err, "%s/manifest", ret->folder));
    GW_TRY(gw_file_open(path, GW_FILE_READ, &file, err));
    GW_TRY(gw_file_read(file, bytes, sizeof(bytes), &got, err));
    if (!manifest_decode((struct gw_bytes){bytes, got}, ret))
        return GW_FAIL_CODE(err, GW_CORRUPT, 2705, "checkpoint %s: the manifest is damaged",
                            ret->folder);
    GW_TRY(hash_file(ret->data, &hash, err));
    if (!gw_sha256_equal(hash, ret->data_hash))
        return GW_FAIL_CODE(err, GW_CORRUPT, 2705, "checkpoint %s: the data is damaged",
                            ret->folder);
    return GW_OK;
}

static bool is_checkpoint(struct gw_text name)
{
    return name.len == NAME_DIGITS; /* INDEX.tmp is longer */
}

gw_rc gw_checkpoint_newest(const char *state, struct gw_checkpoint *ret, struct gw_err *err)
{
    char parent[GW_FILE_PATH_MAX];
    struct gw_arena arena;
    struct gw_text *names = NULL;
    size_t count = 0;
    GW_TRY(join(parent, err, "%s/checkpoint", state));
    gw_arena_init(&arena, gw_os_heap(), LIST_BYTES_MAX);
    gw_rc rc = gw_folder_list(parent, &arena, &names, &count, err);
    if (rc == GW_OK) {
        rc = GW_NOTFOUND;
        for (size_t i = count;
             i-- > 0 &&
             rc != GW_OK;) /* damaged ones are passed over: the journal reaches further back */
            if (is_checkpoint(names[i]))
                rc = load(parent, names[i], ret, NULL) == GW_OK ? GW_OK : GW_NOTFOUND;
    }
    gw_arena_done(&arena);
    return rc;
}

static gw_rc remove_one(const char *parent, struct gw_text name, struct gw_err *err)
{
    static const char *const files[] = {"/data", "/manifest", ""};
    for (size_t i = 0; i < GW_COUNT_OF(files); i++) {
        char path[GW_FILE_PATH_MAX];
        GW_TRY(join(path, err, "%s/%.*s%s", parent, GW_TEXT_ARG(name), files[i]));
        gw_rc rc = gw_path_remove(path, err);
        if (rc < 0 && rc != GW_NOTFOUND)
            return rc;
    }
    return GW_OK;
}

/** Removes all but the newest two, and what an earlier crash left half-written. */
static gw_rc prune(const char *parent, struct gw_err *err)
{
    struct gw_arena arena;
    struct gw_text *names = NULL;
    size_t count = 0, whole = 0;
    gw_arena_init(&arena, gw_os_heap(), LIST_BYTES_MAX);
    gw_rc rc = gw_folder_list(parent, &arena, &names, &count, err);
    for (size_t i = count; i-- > 0 && rc == GW_OK;) {
        whole += is_checkpoint(names[i]);
        if (!is_checkpoint(names[i]) || whole > KEPT)
            rc = remove_one(parent, names[i], err);
    }
    gw_arena_done(&arena);
    return rc;
}

gw_rc gw_checkpoint_write(const char *state, struct gw_kv *kv, struct gw_kv_snap *snap,
                          struct gw_checkpoint *ret, struct gw_err *err)
{
    char parent[GW_FILE_PATH_MAX], tmp[GW_FILE_PATH_MAX], path[GW_FILE_PATH_MAX];
    uint8_t bytes[MANIFEST_MAX];
    struct gw_buf manifest;
    uint64_t index = kv->ops->snap_applied(snap);
    GW_TRY(join(parent, err, "%s/checkpoint", state));
    GW_TRY(gw_folder_make_all(parent, err));
    GW_TRY(prune(parent, err));
    GW_TRY(join(ret->folder, err, "%s/%020" PRIu64, parent, index));
    GW_TRY(join(tmp, err, "%s.tmp", ret->folder));
    GW_TRY(gw_folder_make(tmp, err));
    GW_TRY(join(ret->data, err, "%s/data", tmp));
    GW_CRASH_POINT("engine.checkpoint.copy");
    GW_TRY(kv->ops->checkpoint(snap, ret->data, &ret->mark, err));
    GW_TRY(hash_file(ret->data, &ret->data_hash, err));
    gw_buf_init_fixed(&manifest, bytes, sizeof(bytes));
    manifest_encode(ret, &manifest);
    GW_TRY(gw_buf_check(&manifest, "manifest", err));
    GW_TRY(join(path, err, "%s/manifest", tmp));
    GW_CRASH_POINT("engine.checkpoint.manifest");
    GW_TRY(gw_file_store(path, gw_buf_bytes(&manifest), err)); /* synced, its folder too */
    GW_CRASH_POINT("engine.checkpoint.rename");
    GW_TRY(gw_path_rename(tmp, ret->folder, err));
    GW_TRY(gw_folder_sync(parent, err));
    GW_TRY(join(ret->data, err, "%s/data", ret->folder));
    return prune(parent, err);
}
