/**
 * A pool of equal blocks of memory, from which layers are made and to which they return.
 *
 * Thread: gw_kv_chunk_get() on one thread (the writer's), gw_kv_chunk_put() on any.
 * Why a pool: a layer lives for milliseconds; fresh pages would cost a fault per 4 KiB again and again.
 */
#ifndef GW_KV_CHUNK_H
#define GW_KV_CHUNK_H

#include <stdatomic.h>

#include "base/mem.h"

enum { GW_KV_CHUNK_BYTES = 2 << 20 };

struct gw_kv_chunk {
    struct gw_kv_chunk *next; /* while it is in the pool; a layer uses all of its bytes */
};

struct gw_kv_chunks {
    const struct gw_alloc *alloc;
    struct gw_kv_chunk *_Atomic free; /* many push, one pops: so no ABA */
    atomic_size_t kept;
    size_t kept_max;
    atomic_uint_fast64_t bytes; /* alive, in layers and in the pool */
};

void gw_kv_chunks_init(struct gw_kv_chunks *chunks, const struct gw_alloc *alloc, size_t kept_max);
/** Every chunk must have been put back. */
void gw_kv_chunks_done(struct gw_kv_chunks *chunks);
/** @return GW_KV_CHUNK_BYTES bytes, not zeroed; NULL when the allocator refuses */
void *gw_kv_chunk_get(struct gw_kv_chunks *chunks);
void gw_kv_chunk_put(struct gw_kv_chunks *chunks, void *memory);

#endif
