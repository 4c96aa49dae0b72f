/**
 * The process's memory: the only malloc of the project. Arenas and buffers get their blocks here.
 * Thread: any.
 */
#ifndef GW_OS_HEAP_H
#define GW_OS_HEAP_H

#include "base/mem.h"

/** Lives as long as the process. */
const struct gw_alloc *gw_os_heap(void);

/**
 * Zeroed memory aligned to 4096, for files opened with GW_FILE_DIRECT.
 * @bytes   a multiple of 4096 (asserted)
 * @return  NULL when refused; give it back with gw_os_pages_put() and the same size
 */
void *gw_os_pages_get(size_t bytes);
/** Accepts NULL. */
void gw_os_pages_put(void *pages, size_t bytes);

#endif
