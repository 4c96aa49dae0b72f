/* Two heaps: the process's, dropped at once when it dies, and the world's. A small head links each block. */
#include "os/heap.h"

#include <stdlib.h>

#include "base/err.h"
#include "sim/os/sim_int.h"

struct block {
    struct block *next, *prev;
    size_t bytes;
    void *memory; /* what free() takes */
};

struct heap {
    struct block all; /* a ring */
    uint64_t bytes, bytes_peak;
};

static struct heap process = {{&process.all, &process.all, 0, NULL}, 0, 0};
static struct heap world = {{&world.all, &world.all, 0, NULL}, 0, 0};

static void link_block(struct heap *heap, struct block *block, size_t bytes, void *memory)
{
    *block = (struct block){&heap->all, heap->all.prev, bytes, memory};
    block->prev->next = block;
    heap->all.prev = block;
    heap->bytes += bytes;
    heap->bytes_peak = GW_MAX(heap->bytes_peak, heap->bytes);
}

static void *heap_get(void *ctx, size_t bytes)
{
    struct block *block = malloc(sizeof(*block) + bytes);
    if (block == NULL)
        return NULL;
    link_block(ctx, block, bytes, block);
    return block + 1;
}

static void free_block(struct heap *heap, struct block *block)
{
    block->prev->next = block->next;
    block->next->prev = block->prev;
    heap->bytes -= block->bytes;
    free(block->memory);
}

static void heap_put(void *ctx, void *memory, size_t bytes)
{
    if (memory == NULL)
        return;
    struct block *block = (struct block *)memory - 1;
    GW_ASSERT(block->bytes == bytes); /* arenas and buffers count by it */
    free_block(ctx, block);
}

const struct gw_alloc *gw_os_heap(void)
{
    static const struct gw_alloc heap = {heap_get, heap_put, &process};
    return &heap;
}

const struct gw_alloc *gw_sim_world_heap(void)
{
    static const struct gw_alloc heap = {heap_get, heap_put, &world};
    return &heap;
}

enum { PAGE = 4096 };

void *gw_os_pages_get(size_t bytes)
{
    GW_ASSERT(bytes > 0 && bytes % PAGE == 0);
    /* The head stands at the end of a page of its own. */
    char *memory = aligned_alloc(PAGE, bytes + PAGE);
    if (memory == NULL)
        return NULL;
    memset(memory + PAGE, 0, bytes);
    struct block *block = (struct block *)(void *)(memory + PAGE) - 1;
    link_block(&process, block, bytes, memory);
    return memory + PAGE;
}

void gw_os_pages_put(void *pages, size_t bytes)
{
    heap_put(&process, pages, bytes);
}

uint64_t gw_sim_heap_bytes(void)
{
    return process.bytes;
}

uint64_t gw_sim_heap_bytes_peak(void)
{
    return process.bytes_peak;
}

static void drop(struct heap *heap)
{
    while (heap->all.next != &heap->all)
        free_block(heap, heap->all.next);
}

void gw_sim_heap_drop(bool world_too)
{
    drop(&process);
    process.bytes_peak = 0;
    if (world_too)
        drop(&world);
}
