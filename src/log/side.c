#include "log/side.h"

#include <inttypes.h>

#include "codec/crc32c.h"
#include "log/scan.h"
#include "os/crash.h"
#include "os/heap.h"

/* 0 magic "GWSIDE01" · 8 u32 crc32c(12..end) · 12 u32 count · 16 u64 first · 24 u64 next · 32 file SHA-256 · 64 last hash ·
 * 96 u64 offset[count] */
enum { SIDE_HEAD = 96, SIDE_MAX = 64 << 20 };
static const char side_magic[8] = {'G', 'W', 'S', 'I', 'D', 'E', '0', '1'};

static uint64_t get_le(const uint8_t *at, int bytes)
{
    uint64_t value = 0;
    for (int i = bytes; i-- > 0;)
        value = value << 8 | at[i];
    return value;
}

static void set_le(uint8_t *at, int bytes, uint64_t value)
{
    for (int i = 0; i < bytes; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

static gw_rc read_whole(struct gw_file *file, uint64_t first_index, struct gw_bytes *ret_image,
                        struct gw_err *err)
{
    const struct gw_alloc *heap = gw_os_heap();
    struct gw_file_info info;
    size_t got = 0;
    GW_TRY(gw_file_info(file, &info, err));
    if (info.bytes < GW_LOG_BLOCK || info.bytes % GW_LOG_BLOCK != 0 ||
        info.bytes / GW_LOG_BLOCK >= 1u << 24) {
        return gw_log_damage(err, first_index, info.bytes, info.bytes,
                             "the file is not a whole number of blocks");
    }
    uint8_t *image = heap->get(heap->ctx, (size_t)info.bytes);
    if (image == NULL)
        return GW_FAIL_NOMEM(err);
    gw_rc rc = gw_file_read_at(file, 0, image, (size_t)info.bytes, &got, err);
    if (rc == GW_OK && got != info.bytes)
        rc = GW_FAIL(err, GW_IO, "'%s' became shorter while it was read", gw_file_path(file));
    if (rc < 0) {
        heap->put(heap->ctx, image, (size_t)info.bytes);
        return rc;
    }
    *ret_image = (struct gw_bytes){image, got};
    return GW_OK;
}

static gw_rc check_head(const struct gw_log *log, uint64_t first_index, struct gw_bytes image,
                        struct gw_log_segment_head *ret, struct gw_err *err)
{
    struct gw_err inner;
    gw_rc rc = gw_log_segment_head_decode(image.data, ret, &inner);
    if (rc == GW_CORRUPT)
        return gw_log_damage(err, first_index, 0, GW_LOG_HEAD_BYTES, inner.msg);
    if (rc < 0)
        return GW_FAIL(err, rc, "%s", inner.msg);
    if (memcmp(ret->magic, log->opts.magic, sizeof(ret->magic)) != 0 ||
        memcmp(ret->cluster, log->opts.cluster, sizeof(ret->cluster)) != 0) {
        return GW_FAIL_CODE(err, GW_INVALID, 2702,
                            "segment %020" PRIu64
                            ".gwj belongs to another cluster or another kind of log",
                            first_index);
    }
    if (ret->first_index != first_index)
        return gw_log_damage(err, first_index, 32, 40, "the name is not the first index");
    if ((uint64_t)ret->blocks * GW_LOG_BLOCK != image.len) {
        return gw_log_damage(err, first_index, image.len, (uint64_t)ret->blocks * GW_LOG_BLOCK,
                             "the file has not the size it was made with");
    }
    return GW_OK;
}

gw_rc gw_log_segment_load(const struct gw_log *log, uint64_t first_index,
                          struct gw_bytes *ret_image, struct gw_log_segment_head *ret_head,
                          struct gw_err *err)
{
    const struct gw_alloc *heap = gw_os_heap();
    char name[GW_LOG_SEGMENT_NAME_MAX], path[GW_FILE_PATH_MAX];
    GW_CLEANUP(gw_file_close_at) struct gw_file *file = NULL;
    struct gw_bytes image = {0};
    gw_log_segment_name(first_index, name);
    gw_log_path(log, name, path);
    GW_TRY(gw_file_open(path, GW_FILE_READ, &file, err));
    GW_TRY(read_whole(file, first_index, &image, err));
    gw_rc rc = check_head(log, first_index, image, ret_head, err);
    if (rc < 0) {
        heap->put(heap->ctx, gw_unconst(image.data), image.len);
    } else {
        *ret_image = image;
    }
    return rc;
}

static void note_offset(void *ctx, uint64_t offset, const struct gw_log_batch_head *head)
{
    struct gw_buf *offsets = ctx;
    uint8_t le[8];
    set_le(le, 8, offset);
    if (get_le(offsets->data + 16, 8) % GW_LOG_SIDE_EVERY == head->index % GW_LOG_SIDE_EVERY)
        gw_buf_put(offsets, le, sizeof(le));
}

static gw_rc store_side(const struct gw_log *log, uint64_t first_index, struct gw_bytes image,
                        const struct gw_log_segment_head *head, struct gw_err *err)
{
    char name[GW_LOG_SEGMENT_NAME_MAX], path[GW_FILE_PATH_MAX];
    struct gw_buf side;
    struct gw_log_scan scan;
    uint8_t zeros[SIDE_HEAD] = {0};
    gw_buf_init(&side, gw_os_heap(), SIDE_MAX);
    gw_buf_put(&side, zeros, sizeof(zeros));
    gw_rc rc = gw_buf_check(&side, "side index", err);
    if (rc == GW_OK) {
        memcpy(side.data, side_magic, sizeof(side_magic));
        set_le(side.data + 16, 8, first_index);
        gw_log_scan(image,
                    &(struct gw_log_scan_opts){.index = first_index,
                                               .prev_hash = head->prev_hash,
                                               .on_batch = note_offset,
                                               .ctx = &side},
                    &scan);
        rc = gw_buf_check(&side, "side index", err);
    }
    if (rc == GW_OK && scan.finding != GW_LOG_CLEAN)
        rc = gw_log_damage(err, first_index, scan.bad_from, scan.bad_to, scan.why);
    if (rc == GW_OK) {
        struct gw_sha256 hash = gw_sha256(image);
        set_le(side.data + 12, 4, (side.len - SIDE_HEAD) / 8);
        set_le(side.data + 24, 8, scan.next_index);
        memcpy(side.data + 32, hash.bytes, 32);
        memcpy(side.data + 64, scan.last_hash.bytes, 32);
        set_le(side.data + 8, 4, gw_crc32c((struct gw_bytes){side.data + 12, side.len - 12}));
        gw_log_side_name(first_index, name);
        gw_log_path(log, name, path);
        GW_CRASH_POINT("log.seal.before");
        rc = gw_file_store(path, gw_buf_bytes(&side), err);
    }
    gw_buf_done(&side);
    return rc;
}

gw_rc gw_log_side_make(const struct gw_log *log, uint64_t first_index, struct gw_err *err)
{
    const struct gw_alloc *heap = gw_os_heap();
    struct gw_bytes image = {0};
    struct gw_log_segment_head head;
    GW_TRY(gw_log_segment_load(log, first_index, &image, &head, err));
    gw_rc rc = store_side(log, first_index, image, &head, err);
    heap->put(heap->ctx, gw_unconst(image.data), image.len);
    return rc;
}

gw_rc gw_log_side_load(const struct gw_log *log, uint64_t first_index, struct gw_arena *arena,
                       struct gw_log_side *ret, struct gw_err *err)
{
    char name[GW_LOG_SEGMENT_NAME_MAX], path[GW_FILE_PATH_MAX];
    struct gw_bytes data;
    gw_log_side_name(first_index, name);
    gw_log_path(log, name, path);
    GW_TRY(gw_file_load(path, arena, SIDE_MAX, &data, err));
    if (data.len < SIDE_HEAD || memcmp(data.data, side_magic, sizeof(side_magic)) != 0 ||
        get_le(data.data + 8, 4) != gw_crc32c((struct gw_bytes){data.data + 12, data.len - 12}) ||
        get_le(data.data + 12, 4) != (data.len - SIDE_HEAD) / 8 ||
        (data.len - SIDE_HEAD) % 8 != 0 || get_le(data.data + 16, 8) != first_index)
        return GW_FAIL(err, GW_CORRUPT, "'%s' is damaged", path);
    ret->first_index = first_index;
    ret->next_index = get_le(data.data + 24, 8);
    memcpy(ret->file_hash.bytes, data.data + 32, 32);
    memcpy(ret->last_hash.bytes, data.data + 64, 32);
    ret->offsets = data.data + SIDE_HEAD;
    ret->count = (data.len - SIDE_HEAD) / 8;
    return GW_OK;
}

uint64_t gw_log_side_find(const struct gw_log_side *side, uint64_t index, uint64_t *ret_index)
{
    uint64_t slot = (index - side->first_index) / GW_LOG_SIDE_EVERY;
    if (slot >= side->count) {
        *ret_index = side->first_index;
        return GW_LOG_BLOCK;
    }
    *ret_index = side->first_index + slot * GW_LOG_SIDE_EVERY;
    return get_le(side->offsets + 8 * slot, 8);
}
