/**
 * gw_kv: the ordered key space that the ledger's state lives in. An interface; room kv implements it twice:
 * LMDB under layers in memory (production) and a memory tree (simulator, tests). Both iterate in memcmp order.
 *
 * One writer (one open gw_kv_txn at a time, one thread), any number of readers on snapshots. A snapshot and its
 * cursors are used by one thread at a time.
 * A commit ends a batch and publishes it to later snapshots at once; it does not make it durable on disk: the
 * journal does that. `applied` is stored with the batch, so a reopened kv says up to where it holds.
 * Durability: kv->fold_to() lets a batch reach the disk; a batch is folded only after the journal synced it.
 *
 * Keys are 1 .. GW_KV_KEY_MAX bytes, values 0 .. GW_KV_VALUE_MAX bytes. First key byte = table (ledger/keys.h).
 * Returned views are borrowed until the next put/del/commit on that txn, or until the snapshot is released.
 */
#ifndef GW_BASE_KV_H
#define GW_BASE_KV_H

#include "base/err.h"

enum { GW_KV_KEY_MAX = 1024, GW_KV_VALUE_MAX = 1 << 20 };

struct gw_kv;
struct gw_kv_txn;  /* the writer's view: its own puts over what was committed before */
struct gw_kv_snap; /* a reader's view: all batches committed before it was taken */
struct gw_kv_cur;  /* a position in one view */

/** Exactly one member is set. */
struct gw_kv_view {
    struct gw_kv_txn *txn;
    struct gw_kv_snap *snap;
};

/** What a kv remembers beside its pairs, written atomically with them. */
struct gw_kv_mark {
    uint64_t applied; /* journal index of the newest batch in it; 0 = empty */
    gw_u128 sum; /* sum mod 2^128 of XXH3-128(u32le key length ‖ key ‖ value) over all pairs */
};

struct gw_kv_stats {
    uint64_t pairs;                      /* LMDB: as of the last fold */
    uint64_t disk_bytes, disk_bytes_max; /* free pages inside count as used */
    uint64_t memory_bytes;               /* of layers not folded yet */
    uint32_t layers, snapshots;
};

struct gw_kv_ops {
    /** @return GW_BUSY when layers wait for the fold: retry after the loop's next turn. GW_FULL: disk or map full, same. */
    gw_rc (*begin)(struct gw_kv *kv, struct gw_kv_txn **ret, struct gw_err *err);
    /** Ends the batch; `applied` is its journal index (must rise). Cannot fail halfway. */
    gw_rc (*commit)(struct gw_kv_txn *txn, uint64_t applied, struct gw_err *err);
    void (*abort)(struct gw_kv_txn *txn);
    /** Undo inside a txn: everything put since the mark is taken back. Marks nest. */
    uint64_t (*mark)(struct gw_kv_txn *txn);
    void (*back_to)(struct gw_kv_txn *txn, uint64_t mark);

    gw_rc (*snapshot)(struct gw_kv *kv, struct gw_kv_snap **ret,
                      struct gw_err *err); /* any thread */
    /** As snapshot(), of the newest batch that fold_to() has declared durable: what views may show. */
    gw_rc (*snapshot_durable)(struct gw_kv *kv, struct gw_kv_snap **ret, struct gw_err *err);
    void (*release)(struct gw_kv_snap *snap); /* any thread; accepts NULL */
    uint64_t (*snap_applied)(const struct gw_kv_snap *snap);

    gw_rc (*get)(struct gw_kv_view view, struct gw_bytes key, struct gw_bytes *ret,
                 struct gw_err *err); /* GW_NOTFOUND: err untouched */
    gw_rc (*put)(struct gw_kv_txn *txn, struct gw_bytes key, struct gw_bytes val,
                 struct gw_err *err);
    gw_rc (*del)(struct gw_kv_txn *txn, struct gw_bytes key,
                 struct gw_err *err); /* absent: GW_OK, nothing */

    /** Cursor before the first pair with key >= `from`; next() steps to it, prev() to the last pair with key < `from`.
     *  A put or del on the txn leaves its cursors valid: they go on from the key they stand on. At an end a cursor
     *  stays beside the last key it gave: stepping back gives that key again. Close before commit, abort or release. */
    gw_rc (*seek)(struct gw_kv_view view, struct gw_bytes from, struct gw_kv_cur **ret,
                  struct gw_err *err);
    gw_rc (*next)(struct gw_kv_cur *cur, struct gw_bytes *ret_key, struct gw_bytes *ret_val,
                  struct gw_err *err); /* GW_NOTFOUND at the end */
    gw_rc (*prev)(struct gw_kv_cur *cur, struct gw_bytes *ret_key, struct gw_bytes *ret_val,
                  struct gw_err *err);
    void (*close)(struct gw_kv_cur *cur); /* accepts NULL */

    /** The journal is durable up to `index`: batches up to it may be folded to disk. Any thread. */
    void (*fold_to)(struct gw_kv *kv, uint64_t index);
    /** What is committed now, with its exact sum. LMDB: cuts a layer boundary and waits for the fold of all that is
     *  durable; if some is not, or the disk is full, it works the sum out from the layers. Writer's thread, no txn open. */
    struct gw_kv_mark (*marks)(struct gw_kv *kv);
    /** Synced compact copy of `snap` to the file `path` (replaced, 0600; its folder is not synced). Any thread that has
     *  the snapshot; the writer goes on. On failure nothing is left at `path`. */
    gw_rc (*checkpoint)(struct gw_kv_snap *snap, const char *path, struct gw_kv_mark *ret,
                        struct gw_err *err);
    void (*stats)(struct gw_kv *kv, struct gw_kv_stats *ret);
    /** Waits until everything durable is folded and synced; then the clean marker may be written. Writer's thread, no
     *  txn open. @return GW_FULL as begin() */
    gw_rc (*flush)(struct gw_kv *kv, struct gw_err *err);
    void (*destroy)(struct gw_kv *kv);
};

struct gw_kv {
    const struct gw_kv_ops *ops; /* implementations embed this as their first member */
};

/** One pair's part of gw_kv_mark.sum: what both implementations add and take out again, also used by tests. */
gw_u128 gw_kv_pair_sum(struct gw_bytes key, struct gw_bytes val);
/** @return GW_TOOLARGE naming the length when key or value is outside its bounds; put() asks this first */
gw_rc gw_kv_check_pair(struct gw_bytes key, struct gw_bytes val, struct gw_err *err);

#endif
