/**
 * The memory kv: gw_kv_ops over a persistent tree. For the simulator, for tests, and as the oracle of the LMDB kv.
 *
 * Nothing reaches a disk but checkpoints. A put, del or commit that fails with GW_NOMEM leaves the txn as it was.
 * Thread: as base/kv.h says; a snapshot is used by one thread at a time.
 */
#ifndef GW_KV_MEMORY_H
#define GW_KV_MEMORY_H

#include "base/kv.h"

struct gw_kv_memory_opts {
    const struct gw_alloc *alloc; /* NULL: gw_os_heap(); lives longer than the kv */
    const char *path;             /* a checkpoint to start from; NULL: empty */
};

/**
 * @ret_mark  what it starts with; may be NULL
 * @return    GW_NOTFOUND no such file · GW_CORRUPT the file is damaged (any flipped or missing byte) · GW_NOMEM
 */
gw_rc gw_kv_memory_open(const struct gw_kv_memory_opts *opts, struct gw_kv **ret,
                        struct gw_kv_mark *ret_mark, struct gw_err *err);

#endif
