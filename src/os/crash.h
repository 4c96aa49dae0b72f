/**
 * Crash points: named places at which a test kills the process as a power cut or an operator would.
 *
 * GW_CRASH=site:n makes the n-th pass (from 1) of all sites of that name die by SIGKILL: no handler, no flush.
 * Without the variable a pass costs one load and a branch never taken. Thread: any.
 */
#ifndef GW_OS_CRASH_H
#define GW_OS_CRASH_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

struct gw_crash_site {
    const char *name; /* "room.place.moment": "log.write.before" */
};

/** 0: GW_CRASH is not set, points do nothing. Not 0: call gw_crash_pass(). */
extern atomic_int gw_crash_armed;
void gw_crash_pass(const struct gw_crash_site *site);

/** Registers the site in this binary and passes it. `name` is a literal. */
#define GW_CRASH_POINT(name)                                                          \
    do {                                                                              \
        static const struct gw_crash_site gw_crash_site_ = {name};                    \
        static const struct gw_crash_site *const gw_crash_entry_                      \
            __attribute__((section("gw_crash_table"), used)) = &gw_crash_site_;       \
        if (GW_UNLIKELY(atomic_load_explicit(&gw_crash_armed, memory_order_relaxed))) \
            gw_crash_pass(gw_crash_entry_);                                           \
    } while (0)

/** Names of all sites of this binary, sorted, each once, into ret_names[0 .. max-1]. @return their number, also when above `max` */
size_t gw_crash_sites(const char **ret_names, size_t max);

#endif
