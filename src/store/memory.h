/**
 * The connector to stores in this process: "memory:NAME". Every connection to one NAME sees the same rows.
 *
 * Rows live until gw_memory_drop() (store/memory_fault.h) or the end of the process, as those of a server would.
 * A table takes the columns of the first home that uses its place; a home with other columns is refused.
 * Used by the simulator and by benchmarks; faults are scripted through store/memory_fault.h.
 */
#ifndef GW_STORE_MEMORY_H
#define GW_STORE_MEMORY_H

#include "store/store.h"

extern const struct gw_store_ops gw_memory_ops;

#endif
