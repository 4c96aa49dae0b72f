#include "kv/disk.h"

#include <errno.h>
#include <inttypes.h>

enum { BUCKET_HEAD_BYTES = 6, MARK_BYTES = 36 };

gw_rc gw_kv_disk_fail(int answer, const char *what, struct gw_err *err)
{
    gw_rc rc = GW_IO;
    if (answer == MDB_MAP_FULL || answer == ENOSPC || answer == EDQUOT) {
        rc = GW_FULL;
    } else if (answer == MDB_READERS_FULL) {
        rc = GW_BUSY;
    } else if (answer == MDB_CORRUPTED || answer == MDB_PAGE_NOTFOUND || answer == MDB_INVALID ||
               answer == MDB_VERSION_MISMATCH || answer == MDB_INCOMPATIBLE) {
        rc = GW_CORRUPT;
    } else if (answer > 0) {
        rc = gw_rc_of_errno(answer);
    }
    return gw_err_fill(err, rc, answer > 0 ? answer : 0, 0, __FILE__, __LINE__, "%s: %s", what,
                       mdb_strerror(answer));
}

static MDB_val mdb_of(struct gw_bytes bytes)
{
    union {
        const void *in;
        void *out; /* LMDB takes what it only reads without const */
    } data = {.in = bytes.data};
    return (MDB_val){bytes.len, data.out};
}

static struct gw_bytes bytes_of(MDB_val val)
{
    return (struct gw_bytes){val.mv_data, val.mv_size};
}

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

gw_rc gw_kv_disk_set_tally(const struct gw_kv_disk *disk, MDB_txn *txn,
                           const struct gw_kv_tally *tally, struct gw_err *err)
{
    uint8_t bytes[MARK_BYTES];
    put_le(bytes, GW_KV_DISK_FORMAT, 4);
    put_le(bytes + 4, tally->mark.applied, 8);
    put_le(bytes + 12, (uint64_t)tally->mark.sum, 8);
    put_le(bytes + 20, (uint64_t)(tally->mark.sum >> 64), 8);
    put_le(bytes + 28, tally->pairs, 8);
    MDB_val key = mdb_of(gw_text_bytes(gw_text("mark")));
    MDB_val val = mdb_of((struct gw_bytes){bytes, sizeof(bytes)});
    int answer = mdb_put(txn, disk->mark, &key, &val, 0);
    return answer == 0 ? GW_OK : gw_kv_disk_fail(answer, "write the mark", err);
}

gw_rc gw_kv_disk_get_tally(const struct gw_kv_disk *disk, MDB_txn *txn, struct gw_kv_tally *ret,
                           struct gw_err *err)
{
    MDB_val key = mdb_of(gw_text_bytes(gw_text("mark"))), val;
    int answer = mdb_get(txn, disk->mark, &key, &val);
    if (answer == MDB_NOTFOUND)
        return GW_NOTFOUND;
    if (answer != 0)
        return gw_kv_disk_fail(answer, "read the mark", err);
    const uint8_t *bytes = val.mv_data;
    if (val.mv_size != MARK_BYTES || get_le(bytes, 4) != GW_KV_DISK_FORMAT)
        return GW_FAIL(err, GW_CORRUPT, "the mark has another format (%zu bytes)", val.mv_size);
    ret->mark.applied = get_le(bytes + 4, 8);
    ret->mark.sum = (gw_u128)get_le(bytes + 12, 8) | (gw_u128)get_le(bytes + 20, 8) << 64;
    ret->pairs = get_le(bytes + 28, 8);
    return GW_OK;
}

static gw_rc open_databases(struct gw_kv_disk *disk, struct gw_kv_tally *ret, struct gw_err *err)
{
    MDB_txn *txn;
    int answer = mdb_txn_begin(disk->env, NULL, 0, &txn);
    if (answer != 0)
        return gw_kv_disk_fail(answer, "open the databases", err);
    answer = mdb_dbi_open(txn, "pairs", MDB_CREATE, &disk->pairs);
    if (answer == 0)
        answer = mdb_dbi_open(txn, "mark", MDB_CREATE, &disk->mark);
    gw_rc rc = answer == 0 ? gw_kv_disk_get_tally(disk, txn, ret, err)
                           : gw_kv_disk_fail(answer, "open the databases", err);
    if (rc == GW_NOTFOUND) { /* new */
        *ret = (struct gw_kv_tally){.pairs = 0};
        rc = gw_kv_disk_set_tally(disk, txn, ret, err);
    }
    if (rc < 0) {
        mdb_txn_abort(txn);
        return rc;
    }
    answer = mdb_txn_commit(txn);
    return answer == 0 ? GW_OK : gw_kv_disk_fail(answer, "open the databases", err);
}

gw_rc gw_kv_disk_open(const struct gw_kv_disk_opts *opts, struct gw_kv_disk *ret,
                      struct gw_kv_tally *ret_tally, struct gw_err *err)
{
    struct gw_kv_disk disk = {.env = NULL};
    int answer = mdb_env_create(&disk.env);
    if (answer != 0)
        return gw_kv_disk_fail(answer, opts->path, err);
    unsigned flags = MDB_NOSYNC | MDB_NOTLS | (opts->is_file ? MDB_NOSUBDIR | MDB_NOLOCK : 0);
    answer = mdb_env_set_mapsize(disk.env, opts->map_bytes);
    if (answer == 0)
        answer = mdb_env_set_maxdbs(disk.env, 2);
    if (answer == 0)
        answer = mdb_env_set_maxreaders(disk.env, opts->readers_max);
    if (answer == 0)
        answer = mdb_env_open(disk.env, opts->path, flags, 0600);
    int dead; /* readers of a killed process: their slots, and the pages they held, come back */
    if (answer == 0)
        answer = mdb_reader_check(disk.env, &dead);
    struct gw_kv_tally tally;
    gw_rc rc =
        answer == 0 ? open_databases(&disk, &tally, err) : gw_kv_disk_fail(answer, "open", err);
    if (rc < 0) {
        mdb_env_close(disk.env);
        return gw_err_wrap_rc(err, rc, "'%s'", opts->path);
    }
    *ret = disk;
    *ret_tally = tally;
    return GW_OK;
}

void gw_kv_disk_close(struct gw_kv_disk *disk)
{
    if (disk->env != NULL)
        mdb_env_close(disk->env);
    disk->env = NULL;
}

gw_rc gw_kv_disk_sync(const struct gw_kv_disk *disk, struct gw_err *err)
{
    int answer = mdb_env_sync(disk->env, 1);
    return answer == 0 ? GW_OK : gw_kv_disk_fail(answer, "sync", err);
}

/** What LMDB stores a key under: itself, or the key of its bucket, built in `room`. */
static struct gw_bytes stored_key(struct gw_bytes key, uint8_t room[GW_KV_DISK_KEY_MAX + 1])
{
    if (key.len <= GW_KV_DISK_KEY_MAX)
        return key;
    memcpy(room, key.data, GW_KV_DISK_KEY_MAX);
    room[GW_KV_DISK_KEY_MAX] = 0;
    return (struct gw_bytes){room, GW_KV_DISK_KEY_MAX + 1};
}

size_t gw_kv_bucket_read(struct gw_bytes bucket, size_t at, struct gw_bytes *ret_key,
                         struct gw_bytes *ret_val)
{
    if (at > bucket.len || bucket.len - at < BUCKET_HEAD_BYTES)
        return 0;
    const uint8_t *head = bucket.data + at;
    size_t key_len = get_le(head, 2), val_len = get_le(head + 2, 4);
    if (bucket.len - at - BUCKET_HEAD_BYTES < key_len + val_len)
        return 0;
    *ret_key = (struct gw_bytes){head + BUCKET_HEAD_BYTES, key_len};
    *ret_val = (struct gw_bytes){head + BUCKET_HEAD_BYTES + key_len, val_len};
    return at + BUCKET_HEAD_BYTES + key_len + val_len;
}

/** Where the first pair with key >= `key` begins; bucket.len when none does. */
static size_t bucket_seek(struct gw_bytes bucket, struct gw_bytes key)
{
    struct gw_bytes found, val;
    size_t at = 0, next;
    while ((next = gw_kv_bucket_read(bucket, at, &found, &val)) != 0 &&
           gw_bytes_compare(found, key) < 0)
        at = next;
    return next == 0 ? bucket.len : at;
}

static gw_rc get_stored(const struct gw_kv_disk *disk, MDB_txn *txn, struct gw_bytes key,
                        struct gw_bytes *ret, struct gw_err *err)
{
    MDB_val mdb_key = mdb_of(key), val;
    int answer = mdb_get(txn, disk->pairs, &mdb_key, &val);
    if (answer == MDB_NOTFOUND)
        return GW_NOTFOUND;
    if (answer != 0)
        return gw_kv_disk_fail(answer, "read", err);
    *ret = bytes_of(val);
    return GW_OK;
}

static bool in_bucket(struct gw_bytes bucket, struct gw_bytes key, struct gw_bytes *ret)
{
    struct gw_bytes found, val;
    size_t at = bucket_seek(bucket, key);
    if (gw_kv_bucket_read(bucket, at, &found, &val) == 0 || !gw_bytes_equal(found, key))
        return false;
    *ret = val;
    return true;
}

gw_rc gw_kv_disk_get(const struct gw_kv_disk *disk, MDB_txn *txn, struct gw_bytes key,
                     struct gw_bytes *ret, struct gw_err *err)
{
    if (key.len <= GW_KV_DISK_KEY_MAX)
        return get_stored(disk, txn, key, ret, err);
    uint8_t room[GW_KV_DISK_KEY_MAX + 1];
    struct gw_bytes bucket = {NULL, 0};
    GW_TRY(get_stored(disk, txn, stored_key(key, room), &bucket, err));
    return in_bucket(bucket, key, ret) ? GW_OK : GW_NOTFOUND;
}

gw_rc gw_kv_edit_open(const struct gw_kv_disk *disk, MDB_txn *txn, struct gw_kv_tally *tally,
                      struct gw_buf *scratch, struct gw_kv_edit *ret, struct gw_err *err)
{
    MDB_cursor *cursor;
    int answer = mdb_cursor_open(txn, disk->pairs, &cursor);
    if (answer != 0)
        return gw_kv_disk_fail(answer, "open a cursor", err);
    *ret = (struct gw_kv_edit){.cursor = cursor, .tally = tally, .scratch = scratch};
    return GW_OK;
}

void gw_kv_edit_close(struct gw_kv_edit *edit)
{
    mdb_cursor_close(edit->cursor);
}

static gw_rc edit_get(struct gw_kv_edit *edit, struct gw_bytes key, struct gw_bytes *ret,
                      struct gw_err *err)
{
    MDB_val mdb_key = mdb_of(key), val;
    int answer = mdb_cursor_get(edit->cursor, &mdb_key, &val, MDB_SET_KEY);
    if (answer == MDB_NOTFOUND)
        return GW_NOTFOUND;
    if (answer != 0)
        return gw_kv_disk_fail(answer, "read", err);
    *ret = bytes_of(val);
    return GW_OK;
}

/** After edit_get() of the key. `val` NULL: it was found, and goes. */
static gw_rc edit_set(struct gw_kv_edit *edit, struct gw_bytes key, const struct gw_bytes *val,
                      struct gw_err *err)
{
    int answer;
    if (val == NULL) {
        answer = mdb_cursor_del(edit->cursor, 0);
    } else {
        MDB_val mdb_key = mdb_of(key), mdb_val = mdb_of(*val);
        answer = mdb_cursor_put(edit->cursor, &mdb_key, &mdb_val, 0);
    }
    return answer == 0 ? GW_OK : gw_kv_disk_fail(answer, "write", err);
}

/** The bucket as it is to be, without the old pair and with the new one, in `scratch`. */
static void rewrite_bucket(struct gw_bytes bucket, struct gw_bytes key, const struct gw_bytes *val,
                           struct gw_buf *scratch)
{
    struct gw_bytes found, old;
    size_t at = bucket_seek(bucket, key);
    size_t next = gw_kv_bucket_read(bucket, at, &found, &old);
    if (next == 0 || !gw_bytes_equal(found, key))
        next = at;
    gw_buf_reset(scratch);
    if (at > 0)
        gw_buf_put(scratch, bucket.data, at);
    if (val != NULL) {
        uint8_t head[BUCKET_HEAD_BYTES];
        put_le(head, key.len, 2);
        put_le(head + 2, val->len, 4);
        gw_buf_put(scratch, head, sizeof(head));
        gw_buf_put_bytes(scratch, key);
        gw_buf_put_bytes(scratch, *val);
    }
    if (next < bucket.len)
        gw_buf_put(scratch, bucket.data + next, bucket.len - next);
}

gw_rc gw_kv_edit_change(struct gw_kv_edit *edit, struct gw_bytes key, const struct gw_bytes *val,
                        struct gw_err *err)
{
    uint8_t room[GW_KV_DISK_KEY_MAX + 1];
    bool is_long = key.len > GW_KV_DISK_KEY_MAX;
    struct gw_bytes at = stored_key(key, room), old = {NULL, 0};
    struct gw_bytes stored = {(const uint8_t *)"", 0};
    gw_rc rc = edit_get(edit, at, &stored, err);
    if (rc < 0 && rc != GW_NOTFOUND)
        return rc;
    bool had = rc == GW_OK && (!is_long || in_bucket(stored, key, &old));
    if (!is_long)
        old = stored;
    if (had ? val != NULL && gw_bytes_equal(old, *val) : val == NULL)
        return GW_OK; /* as it is */

    /* Before the write: `old` lies in the page. */
    gw_u128 sum = edit->tally->mark.sum - (had ? gw_kv_pair_sum(key, old) : 0);
    struct gw_bytes bucket;
    const struct gw_bytes *content = val;
    if (is_long) {
        rewrite_bucket(stored, key, val, edit->scratch);
        GW_TRY(gw_buf_check(edit->scratch, "pairs whose long keys begin alike", err));
        bucket = gw_buf_bytes(edit->scratch);
        content = bucket.len == 0 ? NULL : &bucket;
    }
    GW_TRY(edit_set(edit, at, content, err));
    edit->tally->mark.sum = sum + (val != NULL ? gw_kv_pair_sum(key, *val) : 0);
    edit->tally->pairs += (val != NULL ? UINT64_C(1) : 0) - (had ? UINT64_C(1) : 0);
    return GW_OK;
}

gw_rc gw_kv_disk_append(const struct gw_kv_disk *disk, MDB_txn *txn, struct gw_bytes key,
                        struct gw_bytes val, struct gw_kv_tally *tally, struct gw_err *err)
{
    GW_ASSERT(key.len <= GW_KV_DISK_KEY_MAX);
    MDB_val mdb_key = mdb_of(key), mdb_val = mdb_of(val);
    int answer = mdb_put(txn, disk->pairs, &mdb_key, &mdb_val, MDB_APPEND);
    if (answer != 0)
        return gw_kv_disk_fail(answer, "append", err);
    tally->mark.sum += gw_kv_pair_sum(key, val);
    tally->pairs++;
    return GW_OK;
}

gw_rc gw_kv_disk_cur_open(const struct gw_kv_disk *disk, MDB_txn *txn, struct gw_kv_disk_cur *ret,
                          struct gw_err *err)
{
    MDB_cursor *mdb;
    int answer = mdb_cursor_open(txn, disk->pairs, &mdb);
    if (answer != 0)
        return gw_kv_disk_fail(answer, "open a cursor", err);
    *ret = (struct gw_kv_disk_cur){.mdb = mdb};
    return GW_OK;
}

void gw_kv_disk_cur_close(struct gw_kv_disk_cur *cur)
{
    if (cur->mdb != NULL)
        mdb_cursor_close(cur->mdb);
    cur->mdb = NULL;
}

static gw_rc read_in_bucket(struct gw_kv_disk_cur *cur, size_t at, struct gw_err *err)
{
    cur->at = at;
    cur->next_at = gw_kv_bucket_read(cur->bucket, at, &cur->key, &cur->val);
    if (cur->next_at == 0)
        return GW_FAIL(err, GW_CORRUPT, "a bucket of long keys is damaged at byte %zu", at);
    cur->valid = true;
    return GW_OK;
}

static size_t last_in_bucket(struct gw_bytes bucket, size_t end)
{
    struct gw_bytes key, val;
    size_t at = 0, next;
    while ((next = gw_kv_bucket_read(bucket, at, &key, &val)) != 0 && next < end)
        at = next;
    return at;
}

static gw_rc move(struct gw_kv_disk_cur *cur, MDB_val *key, MDB_cursor_op op, bool from_end,
                  struct gw_err *err)
{
    MDB_val val;
    int answer = mdb_cursor_get(cur->mdb, key, &val, op);
    cur->valid = answer == 0;
    cur->in_bucket = false;
    if (answer == MDB_NOTFOUND)
        return GW_OK;
    if (answer != 0)
        return gw_kv_disk_fail(answer, "move a cursor", err);
    cur->key = bytes_of(*key);
    cur->val = bytes_of(val);
    if (cur->key.len <= GW_KV_DISK_KEY_MAX)
        return GW_OK;
    cur->in_bucket = true;
    cur->bucket = cur->val;
    return read_in_bucket(cur, from_end ? last_in_bucket(cur->bucket, cur->bucket.len) : 0, err);
}

gw_rc gw_kv_disk_cur_next(struct gw_kv_disk_cur *cur, struct gw_err *err)
{
    GW_ASSERT(cur->valid);
    if (cur->in_bucket && cur->next_at < cur->bucket.len)
        return read_in_bucket(cur, cur->next_at, err);
    MDB_val key;
    return move(cur, &key, MDB_NEXT, false, err);
}

gw_rc gw_kv_disk_cur_prev(struct gw_kv_disk_cur *cur, struct gw_err *err)
{
    MDB_val key;
    if (!cur->valid)
        return move(cur, &key, MDB_LAST, true, err);
    if (cur->in_bucket && cur->at > 0)
        return read_in_bucket(cur, last_in_bucket(cur->bucket, cur->at), err);
    return move(cur, &key, MDB_PREV, true, err);
}

gw_rc gw_kv_disk_cur_seek(struct gw_kv_disk_cur *cur, struct gw_bytes key, struct gw_err *err)
{
    uint8_t room[GW_KV_DISK_KEY_MAX + 1];
    if (key.len == 0) { /* LMDB refuses the empty key */
        MDB_val first;
        return move(cur, &first, MDB_FIRST, false, err);
    }
    MDB_val at = mdb_of(stored_key(key, room));
    GW_TRY(move(cur, &at, MDB_SET_RANGE, false, err));
    while (cur->valid && gw_bytes_compare(cur->key, key) < 0)
        GW_TRY(gw_kv_disk_cur_next(cur, err));
    return GW_OK;
}
