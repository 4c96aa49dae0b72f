/** Time as numbers: nanoseconds since 1970-01-01 UTC in an i64 (good until 2262), units, RFC 3339 text. Nothing here reads a clock. */
#ifndef GW_BASE_TIME_H
#define GW_BASE_TIME_H

#include "base/mem.h"

#define GW_NS_PER_US INT64_C(1000)
#define GW_NS_PER_MS INT64_C(1000000)
#define GW_NS_PER_S  INT64_C(1000000000)

/* name, nanoseconds, digits after the second */
#define GW_TIME_UNITS(X) \
    X(S, GW_NS_PER_S, 0) X(MS, GW_NS_PER_MS, 3) X(US, GW_NS_PER_US, 6) X(NS, 1, 9)

enum gw_time_unit {
#define X(name, ns, digits) GW_TIME_##name,
    GW_TIME_UNITS(X)
#undef X
};

int64_t gw_time_unit_ns(enum gw_time_unit unit);
const char *gw_time_unit_name(enum gw_time_unit unit); /* "s" "ms" "us" "ns" */

enum { GW_TIME_TEXT_MAX = 40, GW_DUR_TEXT_MAX = 32 };

/** "2026-03-02T10:11:12.000481Z" with the unit's digits, into ret[GW_TIME_TEXT_MAX]. `count` is in `unit`. @return length */
size_t gw_time_text(int64_t count, enum gw_time_unit unit, char *ret);
/**
 * Reads RFC 3339 ("T" or blank, "Z" or ±hh:mm or nothing for UTC, 0–9 digits), or "YYYY-MM-DD" for midnight.
 * @return false when malformed, outside years 0000–9999, or finer than `unit`
 */
bool gw_time_parse(struct gw_text text, enum gw_time_unit unit, int64_t *ret);

/** "1m12s", "300ms", "2h", "-5s": at most three neighbouring parts, the rest cut; into ret[GW_DUR_TEXT_MAX]. @return length */
size_t gw_dur_text(int64_t ns, char *ret);
/** A sign "-" or nothing, then one or more of <digits>(ns|us|ms|s|m|h|d), largest first or not. @return false when malformed or over i64 */
bool gw_dur_parse(struct gw_text text, int64_t *ret_ns);

#endif
