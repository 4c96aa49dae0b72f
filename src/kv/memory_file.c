#include "kv/memory_file.h"

#include <inttypes.h>

#include "base/buf.h"
#include "base/hash.h"
#include "os/file.h"

enum {
    HEAD_BYTES = 64,
    HEAD_HASHED = 48,
    PAIR_HEAD_BYTES = 8,
    CHUNK_BYTES = 64 * 1024,
    BUFFER_BYTES = CHUNK_BYTES + PAIR_HEAD_BYTES + GW_KV_KEY_MAX + GW_KV_VALUE_MAX
};

static const uint8_t magic[8] = "GWKVMEM1";

static void put_le(uint8_t *ret, uint64_t number, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        ret[i] = (uint8_t)(number >> (8 * i));
}

static uint64_t get_le(const uint8_t *data, unsigned bytes)
{
    uint64_t number = 0;
    for (unsigned i = 0; i < bytes; i++)
        number |= (uint64_t)data[i] << (8 * i);
    return number;
}

static void make_head(const struct gw_kv_mark *mark, uint64_t pairs, uint8_t ret[HEAD_BYTES])
{
    memset(ret, 0, HEAD_BYTES);
    memcpy(ret, magic, sizeof(magic));
    put_le(ret + 8, mark->applied, 8);
    put_le(ret + 16, pairs, 8);
    put_le(ret + 24, (uint64_t)mark->sum, 8);
    put_le(ret + 32, (uint64_t)(mark->sum >> 64), 8);
    struct gw_hash128 hash = gw_hash128((struct gw_bytes){ret, HEAD_HASHED});
    memcpy(ret + HEAD_HASHED, hash.bytes, sizeof(hash.bytes));
}

static gw_rc drain(struct gw_buf *buf, struct gw_file *file, struct gw_err *err)
{
    GW_TRY(gw_buf_check(buf, "checkpoint buffer", err));
    GW_TRY(gw_file_write(file, gw_buf_bytes(buf), err));
    gw_buf_reset(buf);
    return GW_OK;
}

static gw_rc write_all(const struct gw_kv_node *root, const uint8_t head[HEAD_BYTES],
                       struct gw_buf *buf, struct gw_file *file, struct gw_err *err)
{
    gw_buf_put(buf, head, HEAD_BYTES);
    struct gw_bytes key = {NULL, 0}, val;
    bool first = true;
    while (gw_kv_tree_after(root, key, first, &key, &val)) {
        uint8_t lengths[PAIR_HEAD_BYTES];
        put_le(lengths, key.len, 4);
        put_le(lengths + 4, val.len, 4);
        gw_buf_put(buf, lengths, sizeof(lengths));
        gw_buf_put_bytes(buf, key);
        gw_buf_put_bytes(buf, val);
        if (buf->len >= CHUNK_BYTES)
            GW_TRY(drain(buf, file, err));
        first = false;
    }
    GW_TRY(drain(buf, file, err));
    return gw_file_sync(file, err);
}

gw_rc gw_kv_memory_file_write(const struct gw_kv_node *root, const struct gw_kv_mark *mark,
                              uint64_t pairs, const struct gw_alloc *alloc, const char *path,
                              struct gw_err *err)
{
    uint8_t head[HEAD_BYTES];
    make_head(mark, pairs, head);
    struct gw_file *file;
    GW_TRY(gw_file_open(path, GW_FILE_WRITE | GW_FILE_CREATE | GW_FILE_TRUNCATE, &file, err));
    struct gw_buf buf;
    gw_buf_init(&buf, alloc, BUFFER_BYTES);
    gw_rc rc = write_all(root, head, &buf, file, err);
    gw_buf_done(&buf);
    gw_file_close(file);
    if (rc < 0)
        (void)gw_path_remove(path, NULL);
    return rc;
}

struct reader {
    struct gw_file *file;
    uint8_t *data; /* BUFFER_BYTES */
    size_t at, len;
    gw_rc rc; /* why need() gave nothing */
};

/** The next `bytes` of the file, until the next call. @return NULL, and the reason in reader->rc */
static const uint8_t *need(struct reader *reader, size_t bytes, struct gw_err *err)
{
    if (reader->len - reader->at < bytes) {
        size_t left = reader->len - reader->at, got = 0;
        memmove(reader->data, reader->data + reader->at, left);
        reader->rc =
            gw_file_read(reader->file, reader->data + left, BUFFER_BYTES - left, &got, err);
        if (reader->rc < 0)
            return NULL;
        reader->at = 0;
        reader->len = left + got;
    }
    if (reader->len - reader->at < bytes) {
        reader->rc = GW_FAIL(err, GW_CORRUPT, "the file is cut short");
        return NULL;
    }
    reader->at += bytes;
    return reader->data + reader->at - bytes;
}

static gw_rc read_head(struct reader *reader, struct gw_kv_mark *ret_mark, uint64_t *ret_pairs,
                       struct gw_err *err)
{
    const uint8_t *head = need(reader, HEAD_BYTES, err);
    if (head == NULL)
        return reader->rc;
    struct gw_hash128 hash = gw_hash128((struct gw_bytes){head, HEAD_HASHED});
    if (memcmp(head, magic, sizeof(magic)) != 0 ||
        memcmp(head + HEAD_HASHED, hash.bytes, sizeof(hash.bytes)) != 0) {
        return GW_FAIL(err, GW_CORRUPT,
                       "not a checkpoint of the memory kv, or its head is damaged");
    }
    ret_mark->applied = get_le(head + 8, 8);
    ret_mark->sum = (gw_u128)get_le(head + 24, 8) | (gw_u128)get_le(head + 32, 8) << 64;
    *ret_pairs = get_le(head + 16, 8);
    return GW_OK;
}

static gw_rc read_pairs(struct reader *reader, uint64_t pairs, struct gw_kv_tree *tree,
                        struct gw_kv_node **root, gw_u128 *ret_sum, struct gw_err *err)
{
    *ret_sum = 0;
    for (uint64_t i = 0; i < pairs; i++) {
        const uint8_t *head = need(reader, PAIR_HEAD_BYTES, err);
        if (head == NULL)
            return reader->rc;
        uint64_t key_len = get_le(head, 4), val_len = get_le(head + 4, 4);
        if (key_len == 0 || key_len > GW_KV_KEY_MAX || val_len > GW_KV_VALUE_MAX)
            return GW_FAIL(err, GW_CORRUPT, "pair %" PRIu64 " has an impossible length", i);
        const uint8_t *body = need(reader, key_len + val_len, err);
        if (body == NULL)
            return reader->rc;
        struct gw_bytes key = {body, key_len}, val = {body + key_len, val_len}, seen;
        if (gw_kv_tree_get(*root, key, &seen))
            return GW_FAIL(err, GW_CORRUPT, "pair %" PRIu64 " appears twice", i);
        GW_TRY(gw_kv_tree_put(tree, root, key, val, err));
        *ret_sum += gw_kv_pair_sum(key, val);
    }
    return GW_OK;
}

static gw_rc read_all(struct reader *reader, struct gw_kv_tree *tree, struct gw_kv_node **root,
                      struct gw_kv_mark *mark, uint64_t *pairs, struct gw_err *err)
{
    GW_TRY(read_head(reader, mark, pairs, err));
    gw_u128 sum;
    GW_TRY(read_pairs(reader, *pairs, tree, root, &sum, err));
    if (sum != mark->sum)
        return GW_FAIL(err, GW_CORRUPT, "the pairs do not have the sum in the head");
    if (need(reader, 1, NULL) != NULL)
        return GW_FAIL(err, GW_CORRUPT, "bytes behind the last pair");
    return GW_OK;
}

gw_rc gw_kv_memory_file_read(const char *path, struct gw_kv_tree *tree,
                             struct gw_kv_node **ret_root, struct gw_kv_mark *ret_mark,
                             uint64_t *ret_pairs, struct gw_err *err)
{
    *ret_root = NULL;
    struct reader reader = {.file = NULL};
    GW_TRY(gw_file_open(path, GW_FILE_READ, &reader.file, err));
    reader.data = tree->alloc->get(tree->alloc->ctx, BUFFER_BYTES);
    gw_rc rc = reader.data == NULL ? GW_FAIL_NOMEM(err)
                                   : read_all(&reader, tree, ret_root, ret_mark, ret_pairs, err);
    if (reader.data != NULL)
        tree->alloc->put(tree->alloc->ctx, reader.data, BUFFER_BYTES);
    gw_file_close(reader.file);
    return rc < 0 ? gw_err_wrap_rc(err, rc, "checkpoint '%s'", path) : GW_OK;
}
