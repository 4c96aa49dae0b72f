/** What the files of sim/os share. One global: the machine. */
#ifndef GW_SIM_OS_SIM_INT_H
#define GW_SIM_OS_SIM_INT_H

#include <setjmp.h>

#include "sim/os/disk.h"
#include "sim/os/sim.h"

struct gw_actor;

struct gw_sim {
    struct gw_sim_opts opts;
    struct gw_rand order, disk,
        entropy; /* one stream each: a change in one does not move the others */
    int64_t mono_ns, wall_offset_ns;
    uint64_t trace, moments;
    const char *repeat_line;

    /* the process */
    bool is_inside; /* home is set: death may longjmp */
    jmp_buf home;
    uint64_t die_at; /* moment; 0: never */
    enum gw_sim_death death;
    const char *died, *died_where;
    int64_t pid;
    uint8_t boot_id[16];
    struct gw_actor *actors; /* all of the process, oldest first */
    uint64_t actor_ids;
};

extern struct gw_sim gw_sim;

/** A moment at which the process may die; returns when it does not. */
void gw_sim_moment(const char *where);
/** The same in the middle of an operation: @return true when death is due, the caller does its half and calls gw_sim_fall(). */
bool gw_sim_moment_inside(const char *where);
GW_NORETURN void gw_sim_fall(const char *where);
void gw_sim_trace_add(uint64_t what, uint64_t a, uint64_t b);

/** Run one turn of the actor that is due first, not after `until_ns`. @return false: none is due; the clock stays */
bool gw_sim_turn(int64_t until_ns);

/* each forgets what belonged to the dead process; memory is dropped last */
void gw_sim_actors_drop(void);
void gw_sim_files_drop(void);
void gw_sim_heap_drop(bool world_too);

#endif
