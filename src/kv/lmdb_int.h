/** The inside of the LMDB kv, shared by lmdb.c (life, txn), snap.c, merge.c (cursors), fold.c and copy.c. */
#ifndef GW_KV_LMDB_INT_H
#define GW_KV_LMDB_INT_H

#include "kv/disk.h"
#include "kv/layer.h"
#include "kv/lmdb.h"
#include "os/actor.h"
#include "os/mutex.h"

enum {
    GW_KV_LAYERS_MAX = 8,                 /* bound of opts.layers_max */
    GW_KV_PILE_MAX = GW_KV_LAYERS_MAX + 2 /* marks() and flush() may freeze one beyond */
};

struct gw_kv_slot {
    struct gw_kv_layer *layer;
    uint64_t first_seq; /* no version in it is older */
    uint64_t applied;   /* of its last batch; 0 while it is active */
};

/** Which layers a view looks through, newest first; [0] is (or was) active. Immutable, shared by count. */
struct gw_kv_pile {
    atomic_uint refs;
    unsigned count;
    struct gw_kv_slot slots[GW_KV_PILE_MAX];
};

/** A consistent state: batches up to `seq` in the layers of `pile`, over what `txn` sees of LMDB. */
struct gw_kv_reader {
    struct gw_kv_lmdb *kv;
    struct gw_kv_pile *pile;
    MDB_txn *txn; /* read-only; reset while the reader rests */
    uint64_t seq, applied;
};

struct gw_kv_lmdb_snap {
    struct gw_kv_reader reader;
    struct gw_kv_lmdb_snap *prev, *next; /* live: by rising seq; resting: next only */
};

struct gw_kv_lmdb_txn {
    struct gw_kv_reader reader;
    struct gw_kv_write write;
    bool is_open;
};

/** One committed batch. */
struct gw_kv_commit {
    uint64_t seq, applied;
};

/** More commits than this before they are durable: the oldest is published with the next one. */
enum { GW_KV_COMMITS_MAX = 64 };

struct gw_kv_lmdb {
    struct gw_kv base;
    struct gw_kv_lmdb_opts opts; /* with defaults filled in; `folder` is not kept */
    struct gw_kv_disk disk;
    struct gw_kv_chunks chunks;

    struct gw_kv_lmdb_txn txn; /* the writer's thread */
    int64_t active_since_ns;   /* first commit into the active layer; 0: none. Writer's thread */

    struct gw_mutex *lock; /* for all that follows; woken when a fold ends */
    struct gw_kv_pile *pile;
    uint64_t seq, applied; /* committed */
    uint64_t durable;
    /* What fold_to() has passed, for snapshot_durable(), and the newest commits it has not: oldest first. */
    struct gw_kv_commit published;
    struct gw_kv_commit commits[GW_KV_COMMITS_MAX];
    uint32_t commit_count;
    struct gw_kv_tally folded;
    struct gw_kv_lmdb_snap *oldest, *newest; /* live */
    struct gw_kv_lmdb_snap *resting;
    uint32_t live_count, snap_count;
    bool is_full, is_fatal, is_stopping;
    struct gw_err trouble; /* why it is full or fatal */

    struct gw_actor *fold;
    struct gw_msg poke;
    atomic_bool is_poked;      /* `poke` is on its way */
    int64_t retry_at_ns;       /* fold's thread: when full, not before */
    struct gw_buf fold_buffer; /* fold's thread: buckets of long keys */
};

static inline struct gw_kv_lmdb *gw_kv_lmdb_of(struct gw_kv *kv)
{
    return GW_CONTAINER_OF(kv, struct gw_kv_lmdb, base);
}

static inline struct gw_kv_lmdb_txn *gw_kv_lmdb_txn_of(struct gw_kv_txn *handle)
{
    struct gw_kv_lmdb_txn *txn = (struct gw_kv_lmdb_txn *)(void *)handle;
    GW_ASSERT(txn->is_open);
    return txn;
}

static inline struct gw_kv_lmdb_snap *gw_kv_lmdb_snap_of(struct gw_kv_snap *handle)
{
    return (struct gw_kv_lmdb_snap *)(void *)handle;
}

static inline struct gw_kv_reader *gw_kv_reader_of(struct gw_kv_view view)
{
    GW_ASSERT((view.txn == NULL) != (view.snap == NULL));
    return view.txn != NULL ? &gw_kv_lmdb_txn_of(view.txn)->reader
                            : &gw_kv_lmdb_snap_of(view.snap)->reader;
}

/* pile.c */
struct gw_kv_pile *gw_kv_pile_share(struct gw_kv_pile *pile);
/** Not under the lock: it may free layers. Accepts NULL. */
void gw_kv_pile_drop(struct gw_kv_lmdb *kv, struct gw_kv_pile *pile);
/** The pile with a new active layer on top of what kv->pile has. */
gw_rc gw_kv_pile_freeze(struct gw_kv_lmdb *kv, struct gw_err *err);
/** Takes the oldest layer, which was folded into `tally`, off kv->pile. @return GW_NOMEM: nothing changed */
gw_rc gw_kv_pile_shorten(struct gw_kv_lmdb *kv, const struct gw_kv_tally *tally,
                         struct gw_err *err);

/* snap.c */
gw_rc gw_kv_snap_take(struct gw_kv *base, struct gw_kv_snap **ret, struct gw_err *err);
gw_rc gw_kv_snap_take_durable(struct gw_kv *base, struct gw_kv_snap **ret, struct gw_err *err);
void gw_kv_snap_release(struct gw_kv_snap *handle);
uint64_t gw_kv_snap_applied(const struct gw_kv_snap *snap);
/** Frees the resting ones; none may be live. */
void gw_kv_snap_free_all(struct gw_kv_lmdb *kv);
/** Under the lock: look at the newest state. Puts the pile it had into `*ret_old`, for gw_kv_pile_drop(). */
gw_rc gw_kv_reader_renew(struct gw_kv_reader *reader, struct gw_kv_pile **ret_old,
                         struct gw_err *err);
gw_rc gw_kv_reader_get(struct gw_kv_reader *reader, struct gw_bytes key, struct gw_bytes *ret,
                       struct gw_err *err);

/* merge.c */
gw_rc gw_kv_merge_seek(struct gw_kv_view view, struct gw_bytes from, struct gw_kv_cur **ret,
                       struct gw_err *err);
gw_rc gw_kv_merge_next(struct gw_kv_cur *cur, struct gw_bytes *ret_key, struct gw_bytes *ret_val,
                       struct gw_err *err);
gw_rc gw_kv_merge_prev(struct gw_kv_cur *cur, struct gw_bytes *ret_key, struct gw_bytes *ret_val,
                       struct gw_err *err);
void gw_kv_merge_close(struct gw_kv_cur *handle);
/** What the mark of `reader`'s state is, from that of LMDB below it and the layers over it. */
gw_rc gw_kv_merge_tally(struct gw_kv_reader *reader, const struct gw_kv_tally *below,
                        struct gw_kv_tally *ret, struct gw_err *err);

/* fold.c */
gw_rc gw_kv_fold_start(struct gw_kv_lmdb *kv, struct gw_err *err);
/** There may be something to fold. Any thread. */
void gw_kv_fold_poke(struct gw_kv_lmdb *kv);
/** Waits until every frozen layer that is durable is folded. @return what stops it: GW_FULL, or the fatal error */
gw_rc gw_kv_fold_wait(struct gw_kv_lmdb *kv, struct gw_err *err);
void gw_kv_fold_stop(struct gw_kv_lmdb *kv);

/* copy.c */
gw_rc gw_kv_copy(struct gw_kv_snap *snap, const char *path, struct gw_kv_mark *ret,
                 struct gw_err *err);

#endif
