/** How long calls took, by function and outcome, and what /metrics prints. Thread: the loop's. */
#ifndef GW_API_STATS_H
#define GW_API_STATS_H

#include "base/metrics.h"
#include "codec/json.h"

enum { GW_STATS_FNS_MAX = 64 };

enum gw_stats_result {
    GW_STATS_OK,
    GW_STATS_FAIL,
    GW_STATS_ABORT,
    GW_STATS_ERROR,
    GW_STATS_RESULTS
};

struct gw_stats_fn {
    uint32_t id; /* gw_name_id */
    char name[64];
    struct gw_hist *results[GW_STATS_RESULTS]; /* NULL: none yet; ns */
};

/** Functions beyond GW_STATS_FNS_MAX are counted together as "other". */
struct gw_stats {
    const struct gw_alloc *alloc;
    struct gw_stats_fn fns[GW_STATS_FNS_MAX];
    uint32_t count;
    uint64_t frames, wire_connections, busy;
};

void gw_stats_init(struct gw_stats *stats, const struct gw_alloc *alloc);
void gw_stats_done(struct gw_stats *stats);
void gw_stats_call(struct gw_stats *stats, uint32_t id, struct gw_text name,
                   enum gw_stats_result result, int64_t ns);
/** Prometheus text. @status  the engine's STATUS as JSON */
void gw_stats_render(const struct gw_stats *stats, const struct gw_json *status,
                     struct gw_arena *arena, struct gw_buf *ret);

#endif
