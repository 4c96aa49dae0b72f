#include "kv/chunk.h"

void gw_kv_chunks_init(struct gw_kv_chunks *chunks, const struct gw_alloc *alloc, size_t kept_max)
{
    *chunks = (struct gw_kv_chunks){.alloc = alloc, .kept_max = kept_max};
}

static void give_back(struct gw_kv_chunks *chunks, void *memory)
{
    atomic_fetch_sub_explicit(&chunks->bytes, GW_KV_CHUNK_BYTES, memory_order_relaxed);
    chunks->alloc->put(chunks->alloc->ctx, memory, GW_KV_CHUNK_BYTES);
}

void gw_kv_chunks_done(struct gw_kv_chunks *chunks)
{
    struct gw_kv_chunk *chunk = atomic_load(&chunks->free);
    while (chunk != NULL) {
        struct gw_kv_chunk *next = chunk->next;
        give_back(chunks, chunk);
        chunk = next;
    }
    atomic_store(&chunks->free, NULL);
}

void *gw_kv_chunk_get(struct gw_kv_chunks *chunks)
{
    struct gw_kv_chunk *chunk = atomic_load_explicit(&chunks->free, memory_order_acquire);
    while (chunk != NULL) {
        if (atomic_compare_exchange_weak_explicit(&chunks->free, &chunk, chunk->next,
                                                  memory_order_acquire, memory_order_acquire)) {
            atomic_fetch_sub_explicit(&chunks->kept, 1, memory_order_relaxed);
            return chunk;
        }
    }
    void *memory = chunks->alloc->get(chunks->alloc->ctx, GW_KV_CHUNK_BYTES);
    if (memory != NULL)
        atomic_fetch_add_explicit(&chunks->bytes, GW_KV_CHUNK_BYTES, memory_order_relaxed);
    return memory;
}

void gw_kv_chunk_put(struct gw_kv_chunks *chunks, void *memory)
{
    if (memory == NULL)
        return;
    if (atomic_fetch_add_explicit(&chunks->kept, 1, memory_order_relaxed) >= chunks->kept_max) {
        atomic_fetch_sub_explicit(&chunks->kept, 1, memory_order_relaxed);
        give_back(chunks, memory);
        return;
    }
    struct gw_kv_chunk *chunk = memory;
    chunk->next = atomic_load_explicit(&chunks->free, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&chunks->free, &chunk->next, chunk,
                                                  memory_order_release, memory_order_relaxed))
        ;
}
