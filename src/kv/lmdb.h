/**
 * The production kv: LMDB below, the newest batches in layers in memory above it, a fold actor in between.
 *
 * A commit publishes a batch in the active layer and never touches the disk. A full or old layer is frozen; the fold
 * actor, the only writer of LMDB, brings the oldest frozen layer into it in one write txn together with the mark,
 * once fold_to() says that the journal has all its batches. LMDB is never synced but by flush(): after a power cut
 * the environment is not to be trusted, the engine starts from a checkpoint (engine.md, 8).
 * Full map or disk: layers and readers go on, begin() answers GW_FULL, the fold tries again each second.
 * Any other failure of the fold is final: on_fatal is called once, begin() and flush() repeat the error.
 * Thread: as base/kv.h says; marks() and flush() on the writer's thread without an open txn.
 */
#ifndef GW_KV_LMDB_H
#define GW_KV_LMDB_H

#include "base/kv.h"

/** Zero means the default. */
struct gw_kv_lmdb_opts {
    const char *folder;       /* created with its parents when missing */
    uint64_t map_bytes;       /* 64 GiB; sparse */
    uint32_t layers_max;      /* 4: the active one and those that wait */
    uint32_t layer_bytes_max; /* 16 MiB; one batch may pass it */
    uint32_t layer_pairs_max; /* 32,768: a fold holds up to one page in memory for each */
    int64_t layer_age_ns;     /* 250 ms; older layers are frozen when the fold has nothing to do */
    uint64_t
        memory_bytes_max;   /* 512 MiB: of all layers, with those that snapshots keep; then BUSY */
    uint32_t snapshots_max; /* 120 at a time; then snapshot() answers BUSY */
    uint64_t copy_bytes_per_s;                             /* rate limit of checkpoint(); 0: none */
    void (*on_fatal)(void *ctx, const struct gw_err *err); /* on the fold's thread; may be NULL */
    void *ctx;
    const struct gw_alloc *alloc; /* gw_os_heap(); used by several threads */
};

/**
 * @ret_mark  what it holds: compare `applied` with the journal before use; may be NULL
 * @return    GW_CORRUPT not an environment of ours · GW_DENIED · GW_FULL · GW_NOMEM
 */
gw_rc gw_kv_lmdb_open(const struct gw_kv_lmdb_opts *opts, struct gw_kv **ret,
                      struct gw_kv_mark *ret_mark, struct gw_err *err);

/** Replace the environment in `folder` by a copy of a file that checkpoint() made. Nobody has it open. Not synced. */
gw_rc gw_kv_lmdb_restore(const char *checkpoint, const char *folder, struct gw_err *err);

#endif
