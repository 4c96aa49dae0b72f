#include "os/heap.h"

#include <stdlib.h>

#include "base/err.h"

static void *heap_get(void *ctx, size_t bytes)
{
    (void)ctx;
    return malloc(bytes);
}

static void heap_put(void *ctx, void *block, size_t bytes)
{
    (void)ctx;
    (void)bytes;
    free(block);
}

const struct gw_alloc *gw_os_heap(void)
{
    static const struct gw_alloc heap = {heap_get, heap_put, NULL};
    return &heap;
}

void *gw_os_pages_get(size_t bytes)
{
    GW_ASSERT(bytes > 0 && bytes % 4096 == 0);
    void *pages = aligned_alloc(4096, bytes);
    if (pages != NULL)
        memset(pages, 0, bytes);
    return pages;
}

void gw_os_pages_put(void *pages, size_t bytes)
{
    (void)bytes;
    free(pages);
}
