/**
 * Room log alone on the simulated machine: one seed is one history of lives, deaths and recoveries of one log.
 *
 * Checked after every recovery (log.h, THE CONTRACT)
 *   lost     every batch that was reported durable, or that an earlier recovery showed, is there
 *   foreign  every batch there is byte for byte one that was accepted at its index
 *   corrupt  a crash alone is never taken for damage
 *   damage   a flipped bit in a finished segment is refused, and the refusal changes nothing on the disk
 *   hint     after a clean close the hint names the last batch
 *   kept     nothing at or behind keep_from is taken away
 *   alive    once the disk is well again, appends are accepted and reported within seconds
 */
#ifndef GW_SIM_LOG_RUN_H
#define GW_SIM_LOG_RUN_H

#include "base/err.h"

/** Deliberate bugs, each of which the oracle named beside it must find in some seed. */
/* clang-format off */
#define GW_SIM_LOG_PLANTS(X)                                                                \
    X(NOTHING,       "",        "no bug")                                                   \
    X(ACK_EARLY,     "lost",    "accepted counts as reported before it is written")         \
    X(SYNC_LIES,     "lost",    "the disk reports syncs it did not do")                     \
    X(NAMES_LIE,     "lost",    "syncs of folders do nothing")                              \
    X(ALTER,         "foreign", "one accepted batch is remembered differently")             \
    X(TEAR_SECTORS,  "corrupt", "half a sector of a broken write arrives")                  \
    X(HINT_AHEAD,    "corrupt", "the hint names a batch that was never durable")            \
    X(NO_FLIP,       "damage",  "the bit that is said to be flipped is not")                \
    X(STALE_HINT,    "hint",    "the hint is emptied after a clean close")                  \
    X(DROP_KEPT,     "kept",    "keep_from is told a higher index than is remembered")      \
    X(STAY_FULL,     "alive",   "the full disk never gets space again")
/* clang-format on */
enum gw_sim_log_plant {
#define X(name, oracle, text) GW_SIM_LOG_PLANT_##name,
    GW_SIM_LOG_PLANTS(X)
#undef X
};

struct gw_sim_log_opts {
    uint64_t seed;
    bool is_verbose;
    enum gw_sim_log_plant plant;
};

struct gw_sim_log_result {
    const char *oracle; /* that failed; NULL: all held */
    char text[768];     /* what it saw */
    uint64_t trace;
    uint32_t lives, kills, power_cuts, clean_closes, torn, refused_full, io_errors, flips;
    uint64_t accepted, reported;
};

/** @return true when every oracle held */
bool gw_sim_log_run(const struct gw_sim_log_opts *opts, struct gw_sim_log_result *ret);

#endif
