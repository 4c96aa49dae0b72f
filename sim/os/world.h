/**
 * What outlives the process besides the disk. store/memory.c is compiled a second time for the simulator with these in
 * place of gw_os_heap() and gw_mutex_new(): a store is another machine, its rows survive our death.
 */
#ifndef GW_SIM_OS_WORLD_H
#define GW_SIM_OS_WORLD_H

#include "base/err.h"

struct gw_mutex;

const struct gw_alloc *gw_sim_world_heap(void);
gw_rc gw_sim_world_mutex_new(struct gw_mutex **ret, struct gw_err *err);
gw_rc gw_sim_forever(size_t bytes, void **ret, struct gw_err *err);
void gw_sim_forever_free(void *memory);

#endif
