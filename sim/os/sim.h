/**
 * The simulated machine: one thread, one seed, one process that lives and dies on a disk that outlives it.
 *
 * The symbols of os/{actor,file,clock,heap,crash,mutex,env}.h are implemented beside this header, so that production
 * code runs here unchanged. Whoever writes a scenario is *outside*: he runs pieces of the process with gw_sim_run()
 * and gw_sim_step(), injects faults between them, and looks at the disk when the process is dead.
 *
 * Time:   moves only inside gw_sim_step() (and where the process waits on a mutex). Nothing else takes time.
 * Order:  each actor gets its turn some seeded microseconds after a message came; a turn handles a seeded part of the
 *         mailbox. Everything drawn comes from the seed: same seed, same gw_sim_trace().
 * Death:  gw_sim_die_at() counts *moments*: before and inside each disk operation, at each crash point, before each
 *         turn. The process ends there by longjmp: no handler, no flush. A kill leaves the page cache, a power cut
 *         leaves what disk.h says. All memory of the process is dropped at once.
 * State:  one simulator per operating system process (the os headers have no context argument).
 */
#ifndef GW_SIM_OS_SIM_H
#define GW_SIM_OS_SIM_H

#include "base/err.h"
#include "base/rand.h"

enum gw_sim_death { GW_SIM_KILL, GW_SIM_POWER_CUT };

struct gw_sim_opts {
    uint64_t seed;
    bool is_verbose;         /* one line per event to stderr */
    uint32_t latency_us_max; /* from a message to the turn that sees it; 0: 50 */
    uint32_t
        stalls; /* turns of a million that come up to stall_us_max late: a machine under load */
    uint32_t stall_us_max; /* 0: 20000 */
    bool no_direct;        /* the filesystem refuses O_DIRECT: files fall back to buffered */
};

void gw_sim_begin(const struct gw_sim_opts *opts);
/** Ends the process if it lives, and frees everything. */
void gw_sim_end(void);

/** Run a piece of the process from outside. @return false: it died in there; see gw_sim_died() */
bool gw_sim_run(void (*piece)(void *ctx), void *ctx);

enum gw_sim_stepped { GW_SIM_STEPPED, GW_SIM_WAITED, GW_SIM_DIED };
/**
 * Give the next actor its turn, if one is due until `until_ns` (monotonic); the clock moves to its time.
 * @return GW_SIM_WAITED: nobody was due, the clock stands at `until_ns` · GW_SIM_DIED: in that turn
 */
enum gw_sim_stepped gw_sim_step(int64_t until_ns);

/** The process dies `moments` (>= 1) from now; 0 takes it back. */
void gw_sim_die_at(uint64_t moments, enum gw_sim_death death);
/** Moments passed since gw_sim_begin(). */
uint64_t gw_sim_moments(void);
/** End the process now, from outside. */
void gw_sim_die(enum gw_sim_death death);
/** From inside: a process that ends itself (the journal failed). Does not return. */
GW_NORETURN void gw_sim_exit(void);

/** How the last process ended, for messages: "alive", "killed", "power cut", "exit"; and the moment's name. */
const char *gw_sim_died(void);

/** The wall clock jumps; the monotonic one does not. */
void gw_sim_wall_step(int64_t ns);
/** Monotonic time now; the same as gw_clock_mono_ns(). */
int64_t gw_sim_now(void);

/** Hash of everything that happened so far: turns, disk operations, deaths, gw_sim_note(). */
uint64_t gw_sim_trace(void);
/** Scenario events belong to the trace too. With is_verbose they are printed. */
void gw_sim_note(const char *fmt, ...) GW_PRINTF(1, 2);
/** Printed by gw_panic() so that a bug found by a seed names its seed; borrowed; may be NULL. */
void gw_sim_set_repeat_line(const char *line);

/** Memory of the world outside: lives until gw_sim_end(). Stores in memory live there. */
const struct gw_alloc *gw_sim_world_heap(void);
/** Bytes the process has allocated now, and the most it ever had. */
uint64_t gw_sim_heap_bytes(void);
uint64_t gw_sim_heap_bytes_peak(void);

#endif
