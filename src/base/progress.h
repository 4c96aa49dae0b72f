/**
 * How far a long operation is, as values; and as the one line that people and logs see.
 * A count stands beside its denominator, and "unknown" is a value. No clock here: whoever measures fills it in.
 */
#ifndef GW_BASE_PROGRESS_H
#define GW_BASE_PROGRESS_H

#include "base/buf.h"

#define GW_PROGRESS_UNKNOWN UINT64_MAX

enum { GW_PROGRESS_COLUMNS = 80 };

struct gw_progress {
    struct gw_text item; /* "accounts" */
    struct gw_text verb; /* "push" */
    uint64_t done;
    uint64_t total;      /* or GW_PROGRESS_UNKNOWN */
    uint64_t rate_per_s; /* or GW_PROGRESS_UNKNOWN */
    int64_t lag_ns;      /* behind what it follows; < 0: does not apply */
    int64_t eta_ns;      /* < 0: unknown; gw_progress_eta_ns() derives it from the counts */
    struct gw_text slow; /* why it is slower than wanted, "pg 1.6 s > 1.5 s"; or empty */
};

/** Remaining / rate; -1 when either is unknown, or the rate is 0 with something left. */
int64_t gw_progress_eta_ns(const struct gw_progress *progress);
/** "accounts  push 61 % of 120k  84k/s  lag 0.3 s  ETA 3m12s  [slow: pg 1.6 s > 1.5 s]", no newline; above 80 columns first the gaps shrink, then it is cut. */
void gw_progress_line(const struct gw_progress *progress, struct gw_buf *ret);
/** `item=accounts verb=push done=61 total=unknown rate_per_s=84000 lag_ms=300 eta_s=192 slow="pg 1.6 s > 1.5 s"`, no newline. */
void gw_progress_logfmt(const struct gw_progress *progress, struct gw_buf *ret);
/** A count in at most 5 characters: 999, 1.2k, 84k, 3.4M, 17G. Cut, never rounded up. */
void gw_progress_count(uint64_t count, struct gw_buf *ret);

#endif
