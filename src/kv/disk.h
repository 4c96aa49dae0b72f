/**
 * Pairs in one LMDB environment: the lowest level of the layered kv, and the form of its checkpoints. Private to room kv.
 *
 * Database "pairs": keys up to 480 bytes stand for themselves. LMDB takes 511; longer keys share a *bucket* with all
 * keys that begin with the same 480 bytes: key = these bytes ‖ 00, value = their pairs in order, each as u16le key
 * length, u32le value length, key, value. So the order of iteration is exactly memcmp order of whole keys.
 * Database "mark": one pair, "mark" → u32le format, u64le applied, u128le sum, u64le pairs.
 * Thread: txns and cursors by one thread at a time (MDB_NOTLS); one write txn at a time.
 */
#ifndef GW_KV_DISK_H
#define GW_KV_DISK_H

#include <lmdb.h>

#include "base/buf.h"
#include "base/kv.h"

enum { GW_KV_DISK_KEY_MAX = 480, GW_KV_DISK_FORMAT = 1 };

struct gw_kv_disk {
    MDB_env *env; /* NULL: not open */
    MDB_dbi pairs, mark;
};

/** The mark, and how many pairs it is about. */
struct gw_kv_tally {
    struct gw_kv_mark mark;
    uint64_t pairs;
};

struct gw_kv_disk_opts {
    const char *path; /* a folder that exists, or with `is_file` a file */
    bool is_file;     /* without lock file: one process, one thread */
    uint64_t map_bytes;
    unsigned readers_max;
};

/** Creates what is missing. @return GW_CORRUPT: not ours, or another format */
gw_rc gw_kv_disk_open(const struct gw_kv_disk_opts *opts, struct gw_kv_disk *ret,
                      struct gw_kv_tally *ret_tally, struct gw_err *err);
/** Accepts a zeroed one. */
void gw_kv_disk_close(struct gw_kv_disk *disk);
gw_rc gw_kv_disk_sync(const struct gw_kv_disk *disk, struct gw_err *err);

/** `err` for an answer of LMDB: GW_FULL for a full map or disk, GW_BUSY for too many readers, … */
gw_rc gw_kv_disk_fail(int answer, const char *what, struct gw_err *err);

/** GW_NOTFOUND leaves err untouched; `*ret` lives as long as the txn sees this state. */
gw_rc gw_kv_disk_get(const struct gw_kv_disk *disk, MDB_txn *txn, struct gw_bytes key,
                     struct gw_bytes *ret, struct gw_err *err);
/**
 * Changes in one write txn, best in rising order: the cursor then finds most keys on the page where it stands.
 * Close it before the txn ends.
 */
struct gw_kv_edit {
    MDB_cursor *cursor;
    struct gw_kv_tally *tally; /* carried along with each change */
    struct gw_buf *scratch;    /* for buckets */
};

gw_rc gw_kv_edit_open(const struct gw_kv_disk *disk, MDB_txn *txn, struct gw_kv_tally *tally,
                      struct gw_buf *scratch, struct gw_kv_edit *ret, struct gw_err *err);
void gw_kv_edit_close(struct gw_kv_edit *edit);
/** Put (`val`) or delete (NULL). */
gw_rc gw_kv_edit_change(struct gw_kv_edit *edit, struct gw_bytes key, const struct gw_bytes *val,
                        struct gw_err *err);
/** Put a pair behind all others, under a key of at most GW_KV_DISK_KEY_MAX bytes. */
gw_rc gw_kv_disk_append(const struct gw_kv_disk *disk, MDB_txn *txn, struct gw_bytes key,
                        struct gw_bytes val, struct gw_kv_tally *tally, struct gw_err *err);
/** Of what `txn` sees. */
gw_rc gw_kv_disk_get_tally(const struct gw_kv_disk *disk, MDB_txn *txn, struct gw_kv_tally *ret,
                           struct gw_err *err);
gw_rc gw_kv_disk_set_tally(const struct gw_kv_disk *disk, MDB_txn *txn,
                           const struct gw_kv_tally *tally, struct gw_err *err);

/** A position in one txn. While `valid`, `key` and `val` are the pair there. */
struct gw_kv_disk_cur {
    MDB_cursor *mdb;
    bool valid, in_bucket;
    struct gw_bytes bucket;
    size_t at, next_at; /* of the pair in the bucket */
    struct gw_bytes key, val;
};

gw_rc gw_kv_disk_cur_open(const struct gw_kv_disk *disk, MDB_txn *txn, struct gw_kv_disk_cur *ret,
                          struct gw_err *err);
void gw_kv_disk_cur_close(struct gw_kv_disk_cur *cur);
/** To the first pair with key >= `key`, or not valid. */
gw_rc gw_kv_disk_cur_seek(struct gw_kv_disk_cur *cur, struct gw_bytes key, struct gw_err *err);
/** From a valid position. */
gw_rc gw_kv_disk_cur_next(struct gw_kv_disk_cur *cur, struct gw_err *err);
/** From a valid position, or from the end that a seek found: then to the last pair. */
gw_rc gw_kv_disk_cur_prev(struct gw_kv_disk_cur *cur, struct gw_err *err);

/** Reads the pair at `at` of a bucket. @return 0 when there is none or the bucket is damaged, else where the next begins */
size_t gw_kv_bucket_read(struct gw_bytes bucket, size_t at, struct gw_bytes *ret_key,
                         struct gw_bytes *ret_val);

#endif
