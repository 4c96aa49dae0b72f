/**
 * Metrics as plain values, and their text for Prometheus. Whoever owns a metric counts in it; readers copy and render.
 * Thread: each struct belongs to one thread; threads are joined by gw_hist_merge() and by adding counters.
 * Format: Prometheus text exposition format 0.0.4.
 */
#ifndef GW_BASE_METRICS_H
#define GW_BASE_METRICS_H

#include "base/buf.h"

struct gw_counter {
    uint64_t value;
};

struct gw_gauge {
    int64_t value;
};

enum {
    GW_HIST_EXACT = 64, /* numbers below are counted exactly */
    GW_HIST_PER_OCTAVE =
        32, /* above: buckets 1/32 of their number wide, so a middle is off by at most 1.6 % */
    GW_HIST_BUCKETS = GW_HIST_EXACT + 57 * GW_HIST_PER_OCTAVE,
};

/**
 * A histogram of numbers 0 .. 2^63-1 (negative ones count as 0), usually nanoseconds. Fixed size, 15 KiB.
 * Idea: HdrHistogram (G. Tene). Invariant: count = sum of buckets.
 */
struct gw_hist {
    uint64_t count;
    gw_u128 sum;         /* exact */
    int64_t least, most; /* exact; both 0 when empty */
    uint64_t buckets[GW_HIST_BUCKETS];
};

void gw_hist_init(struct gw_hist *hist);
void gw_hist_add(struct gw_hist *hist, int64_t number);
/** Adds all of `from` to `hist`. */
void gw_hist_merge(struct gw_hist *hist, const struct gw_hist *from);
/** The number that `num` of `den` of all numbers do not exceed, e.g. 99 of 100; within 2 %. 0 when empty. */
int64_t gw_hist_quantile(const struct gw_hist *hist, uint64_t num, uint64_t den);

/* ---- Prometheus text ---- */

enum gw_metric_kind { GW_METRIC_COUNTER, GW_METRIC_GAUGE, GW_METRIC_HISTOGRAM };

struct gw_metric_label {
    struct gw_text name, value;
};

/** One line (or for a histogram, one group of lines) of a family. */
struct gw_metric_sample {
    const struct gw_metric_label *labels;
    size_t label_count;
    gw_i128 value;              /* COUNTER, GAUGE: times 10^scale of the family */
    const struct gw_hist *hist; /* HISTOGRAM */
};

struct gw_metric_family {
    struct gw_text name, help; /* "godwit_push_seconds"; one line */
    enum gw_metric_kind kind;
    unsigned scale; /* digits behind the point: 9 shows nanoseconds as seconds */
    const struct gw_metric_sample *samples;
    size_t sample_count;
    const int64_t *bounds; /* HISTOGRAM: rising upper bounds, in the numbers of the histogram */
    size_t bound_count;
};

/** HELP, TYPE and all samples, with escapes; every line ends in a newline. */
void gw_metrics_render(const struct gw_metric_family *family, struct gw_buf *ret);

#endif
