/**
 * The engine on the simulated machine: one seed is one history of clients, deaths of the process, moods of the stores,
 * a full or failing disk, clock jumps, and in one seed of four a foreign writer. Two phases: faults with safety checks
 * at every step; then all is healed, and everything must come to rest within a bound of simulated time.
 *
 * Oracles (engine spec 14)
 *   open     a crash never keeps the engine from opening · fatal: it never ends itself without a reason
 *   O1       one operation per position; real-time order; replay by an independent model of the program gives the
 *            same answers; what was acknowledged is in the journal, once
 *   O2       registers and the bank, seen from outside, positions ignored
 *   O4       each (home, key, version) is written once, versions rise
 *   O5       replay from 0 on a second kv gives the same state sum and the same answers
 *   O6       money is conserved in every view, and in every store at rest; stores equal the model row by row
 *   foreign  a foreign change is found and not overwritten; without one nothing halts
 *   alive    after the faults every call is answered and every dirty row is pushed
 */
#ifndef GW_SIM_ENGINE_RUN_H
#define GW_SIM_ENGINE_RUN_H

#include "base/err.h"

/** Deliberate bugs, each of which the oracle named beside it must find in some seed. */
/* clang-format off */
#define GW_SIM_ENGINE_PLANTS(X)                                                                      \
    X(NOTHING,       "",        "no bug")                                                            \
    X(SYNC_LIES,     "open",    "the disk reports syncs it did not do")                              \
    X(LOSE_ANSWERED, "O1",      "a call is acknowledged that nobody journaled")                      \
    X(RUN_TWICE,     "O1",      "a client repeats a call under another seq")                         \
    X(LATE_POSITION, "O1",      "an answer carries the position of an older one")                    \
    X(LIE_VALUE,     "O2",      "an answer tells a value that was not there")                        \
    X(WRITE_TWICE,   "O4",      "a store applies a row twice")                                       \
    X(SKIP_RECORD,   "O5",      "the second replay leaves records out")                              \
    X(STEAL,         "O6",      "a row of a store changes behind all oracles")                       \
    X(BLIND,         "foreign", "a foreign change is undone before anybody looks")                   \
    X(OVERWRITE,     "foreign", "our next write covers a foreign change")                            \
    X(GO_BACK,       "foreign", "a store goes back a little: a halt without a foreign writer")       \
    X(STAY_DOWN,     "alive",   "one store never comes back")
/* clang-format on */
enum gw_sim_engine_plant {
#define X(name, oracle, text) GW_SIM_ENGINE_PLANT_##name,
    GW_SIM_ENGINE_PLANTS(X)
#undef X
};

struct gw_sim_engine_opts {
    uint64_t seed;
    bool is_verbose;
    enum gw_sim_engine_plant plant;
};

struct gw_sim_engine_result {
    const char *oracle; /* that failed; NULL: all held */
    char text[768];
    uint64_t trace;
    uint32_t lives, kills, power_cuts, closes;
    uint64_t calls, answers, repeats, views, pushes, store_faults, writes, batches;
    bool had_foreign;
    uint32_t foreign_count; /* for sums over seeds */
};

/** @return true when every oracle held */
bool gw_sim_engine_run(const struct gw_sim_engine_opts *opts, struct gw_sim_engine_result *ret);

#endif
