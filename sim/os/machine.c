/* Clocks, environment, crash points: what is small. */
#include <stdlib.h>

#include "os/clock.h"
#include "os/crash.h"
#include "os/env.h"
#include "sim/os/sim_int.h"
#include "sim/os/world.h"

int64_t gw_clock_wall_ns(void)
{
    return gw_sim.wall_offset_ns + gw_sim.mono_ns;
}

int64_t gw_clock_mono_ns(void)
{
    return gw_sim.mono_ns;
}

int64_t gw_clock_thread_cpu_ns(void)
{
    return gw_sim.mono_ns;
}

int64_t gw_clock_process_cpu_ns(void)
{
    return gw_sim.mono_ns;
}

struct gw_text gw_env_get(const char *name)
{
    (void)name;
    return (struct gw_text){NULL, 0};
}

gw_rc gw_os_boot_id(uint8_t ret[GW_BOOT_ID_BYTES], struct gw_err *err)
{
    (void)err;
    memcpy(ret, gw_sim.boot_id, GW_BOOT_ID_BYTES);
    return GW_OK;
}

int64_t gw_os_pid(void)
{
    return gw_sim.pid;
}

uint32_t gw_os_cpu_count(void)
{
    return 2;
}

uint64_t gw_os_memory_bytes(void)
{
    return gw_sim_heap_bytes();
}

void gw_os_random(void *ret, size_t bytes)
{
    gw_rand_fill(&gw_sim.entropy, ret, bytes);
}

/* Armed for good: each crash point is a moment at which the process may die. */
atomic_int gw_crash_armed = 1;

void gw_crash_pass(const struct gw_crash_site *site)
{
    gw_sim_moment(site->name);
}

/* The allocator of glibc, for the few things that neither the process nor the world owns. */
gw_rc gw_sim_forever(size_t bytes, void **ret, struct gw_err *err)
{
    void *memory = malloc(bytes);
    if (memory == NULL)
        return GW_FAIL_NOMEM(err);
    *ret = memory;
    return GW_OK;
}

void gw_sim_forever_free(void *memory)
{
    free(memory);
}
