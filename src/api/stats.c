#include "api/stats.h"

#include "base/time.h"

void gw_stats_init(struct gw_stats *stats, const struct gw_alloc *alloc)
{
    *stats = (struct gw_stats){.alloc = alloc};
}

void gw_stats_done(struct gw_stats *stats)
{
    for (uint32_t i = 0; i < stats->count; i++) {
        for (int j = 0; j < GW_STATS_RESULTS; j++) {
            if (stats->fns[i].results[j]) {
                stats->alloc->put(stats->alloc->ctx, stats->fns[i].results[j],
                                  sizeof(struct gw_hist));
            }
        }
    }
    stats->count = 0;
}

/* NOLINTNEXTLINE(misc-no-recursion): once, for "other" */
static struct gw_stats_fn *fn_of(struct gw_stats *stats, uint32_t id, struct gw_text name)
{
    for (uint32_t i = 0; i < stats->count; i++) {
        if (stats->fns[i].id == id)
            return &stats->fns[i];
    }
    if (stats->count == GW_STATS_FNS_MAX - 1 && id != 0)
        return fn_of(stats, 0, (struct gw_text){0});
    struct gw_stats_fn *fn = &stats->fns[stats->count++];
    *fn = (struct gw_stats_fn){.id = id};
    if (id == 0)
        name = GW_TEXT_LIT("other");
    size_t len = GW_MIN(name.len, sizeof(fn->name) - 1);
    memcpy(fn->name, name.data, len);
    return fn;
}

void gw_stats_call(struct gw_stats *stats, uint32_t id, struct gw_text name,
                   enum gw_stats_result result, int64_t ns)
{
    struct gw_stats_fn *fn = fn_of(stats, id, name);
    if (fn->results[result] == NULL) {
        fn->results[result] = stats->alloc->get(stats->alloc->ctx, sizeof(struct gw_hist));
        if (fn->results[result] == NULL)
            return; /* a measurement is lost, the call is not */
        gw_hist_init(fn->results[result]);
    }
    gw_hist_add(fn->results[result], ns);
}

/* ---- /metrics ---- */

static void put_calls(const struct gw_stats *stats, struct gw_arena *arena, struct gw_buf *ret)
{
    static const char *const results[] = {"ok", "fail", "abort", "error"};
    static const int64_t bounds[] = {GW_NS_PER_MS / 2,   GW_NS_PER_MS,       GW_NS_PER_MS * 5 / 2,
                                     GW_NS_PER_MS * 5,   GW_NS_PER_MS * 10,  GW_NS_PER_MS * 25,
                                     GW_NS_PER_MS * 50,  GW_NS_PER_MS * 100, GW_NS_PER_MS * 250,
                                     GW_NS_PER_MS * 500, GW_NS_PER_S,        GW_NS_PER_S * 5 / 2,
                                     GW_NS_PER_S * 5,    GW_NS_PER_S * 10};
    size_t max = (size_t)stats->count * GW_STATS_RESULTS, count = 0;
    struct gw_metric_sample *samples = GW_NEW_ARRAY(arena, struct gw_metric_sample, max + 1);
    struct gw_metric_label *labels = GW_NEW_ARRAY(arena, struct gw_metric_label, 2 * max + 1);
    if (samples == NULL || labels == NULL)
        return;
    for (size_t i = 0; i < max; i++) {
        const struct gw_stats_fn *fn = &stats->fns[i / GW_STATS_RESULTS];
        const struct gw_hist *hist = fn->results[i % GW_STATS_RESULTS];
        if (hist == NULL)
            continue;
        labels[2 * count] = (struct gw_metric_label){GW_TEXT_LIT("fn"), gw_text(fn->name)};
        labels[2 * count + 1] =
            (struct gw_metric_label){GW_TEXT_LIT("result"), gw_text(results[i % GW_STATS_RESULTS])};
        samples[count] =
            (struct gw_metric_sample){.labels = &labels[2 * count], .label_count = 2, .hist = hist};
        count++;
    }
    const struct gw_metric_family family = {
        .name = GW_TEXT_LIT("gw_engine_call_seconds"),
        .help = GW_TEXT_LIT("From the request to its durable answer, as the server saw it."),
        .kind = GW_METRIC_HISTOGRAM,
        .scale = 9,
        .samples = samples,
        .sample_count = count,
        .bounds = bounds,
        .bound_count = GW_COUNT_OF(bounds)};
    gw_metrics_render(&family, ret);
}

/** A member of the status, as a metric of its own. */
struct row {
    const char *metric, *help;
    enum gw_metric_kind kind;
    unsigned scale;
    const char *list, *label, *label_member; /* NULL: of the head */
    const char *member;
};

/* clang-format off */
#define HEAD(metric, kind, scale, member, help) {"gw_engine_" metric, help, GW_METRIC_##kind, scale, NULL, NULL, NULL, member}
#define EACH(metric, kind, list, label, member, help) {"gw_engine_" metric, help, GW_METRIC_##kind, 0, list, label, label, member}
static const struct row rows[] = {
    HEAD("applied_index", GAUGE, 0, "index", "Newest batch that the ledger has applied."),
    HEAD("durable_index", GAUGE, 0, "durable", "Newest batch that is on the disk."),
    HEAD("halted", GAUGE, 0, "halted", "1 while calls and pushes stop after a foreign change."),
    HEAD("halts_open", GAUGE, 0, "halts", "Findings that nobody has resolved."),
    HEAD("calls_total", COUNTER, 0, "calls", "Calls decided, duplicates among them."),
    HEAD("duplicates_total", COUNTER, 0, "duplicates", "Calls answered from what was kept."),
    HEAD("batches_total", COUNTER, 0, "batches", "Batches journaled."),
    HEAD("records_total", COUNTER, 0, "records", "Records journaled."),
    HEAD("fetches_total", COUNTER, 0, "fetches", "Reads of keys from their homes."),
    HEAD("refetches_total", COUNTER, 0, "cold", "Calls that had to wait for keys."),
    HEAD("waiting_calls", GAUGE, 0, "waiting_calls", "Calls not decided yet."),
    HEAD("reading_keys", GAUGE, 0, "reading_keys", "Keys being read from their homes."),
    HEAD("journal_syncs_total", COUNTER, 0, "syncs", "Times the journal reached the disk."),
    HEAD("journal_sync_seconds_total", COUNTER, 9, "sync_ns_total", "Time spent in these."),
    HEAD("journal_bytes", GAUGE, 0, "journal_bytes", "Size of the journal on the disk."),
    HEAD("kv_bytes", GAUGE, 0, "kv_bytes", "Size of the state on the disk."),
    HEAD("kv_bytes_max", GAUGE, 0, "kv_bytes_max", "Its bound."),
    HEAD("resident_bytes", GAUGE, 0, "resident_bytes", "Values held in the ledger."),
    HEAD("rss_bytes", GAUGE, 0, "rss_bytes", "Anonymous memory of the process."),
    HEAD("claims_total", GAUGE, 0, "epoch", "Epoch: index of the newest claim."),
    HEAD("stalled", GAUGE, 0, "stalled", "1 while journal or state have no room."),
    EACH("dirty_bytes", GAUGE, "stores", "store", "dirty_bytes", "Images not written to the store yet."),
    EACH("dirty_rows", GAUGE, "stores", "store", "dirty", "Rows not written to the store yet."),
    EACH("store_parked", GAUGE, "stores", "store", "parked", "1 while nothing is pushed to the store."),
    EACH("refused_keys", GAUGE, "stores", "store", "refused", "Rows that the store does not take."),
    EACH("push_rows_total", COUNTER, "stores", "store", "pushed_rows", "Rows written since the start."),
    EACH("push_conflicts_total", COUNTER, "stores", "store", "conflicts", "Foreign changes found by pushes."),
    EACH("push_repeats_total", COUNTER, "stores", "store", "repeats", "Pushes sent again for want of an answer."),
    EACH("audit_rows", GAUGE, "homes", "home", "audit_rows", "Rows looked at in this pass."),
    EACH("audit_pass_index", GAUGE, "homes", "home", "clean_at", "Journal index where the last clean pass began."),
    EACH("unknown_keys", GAUGE, "homes", "home", "unknown", "Rows nobody has onboarded, at the last pass."),
    EACH("daemon_rows_total", COUNTER, "daemons", "daemon", "rows", "Rows a daemon has taken."),
};
/* clang-format on */

static bool number_of(const struct gw_json *node, gw_i128 *ret)
{
    bool truth;
    if (gw_json_get_bool(node, &truth)) {
        *ret = truth;
        return true;
    }
    return gw_json_get_i128(node, ret);
}

static void put_row(const struct row *row, const struct gw_json *status, struct gw_arena *arena,
                    struct gw_buf *ret)
{
    const struct gw_json *list = row->list ? gw_json_member(status, row->list) : NULL;
    size_t max = row->list ? (list ? list->count : 0) : 1, count = 0;
    struct gw_metric_sample *samples = GW_NEW_ARRAY(arena, struct gw_metric_sample, max + 1);
    struct gw_metric_label *labels = GW_NEW_ARRAY(arena, struct gw_metric_label, max + 1);
    if (samples == NULL || labels == NULL)
        return;
    for (const struct gw_json *at = row->list ? (list ? list->first : NULL) : status; at;
         at = row->list ? at->next : NULL) {
        struct gw_metric_sample *sample = &samples[count];
        if (!number_of(gw_json_member(at, row->member), &sample->value))
            continue;
        if (row->list &&
            gw_json_get_text(gw_json_member(at, row->label_member), &labels[count].value)) {
            labels[count].name = gw_text(row->label);
            sample->labels = &labels[count];
            sample->label_count = 1;
        }
        count++;
    }
    if (count == 0)
        return;
    const struct gw_metric_family family = {.name = gw_text(row->metric),
                                            .help = gw_text(row->help),
                                            .kind = row->kind,
                                            .scale = row->scale,
                                            .samples = samples,
                                            .sample_count = count};
    gw_metrics_render(&family, ret);
}

static void put_one(const char *name, const char *help, uint64_t value, struct gw_buf *ret)
{
    const struct gw_metric_sample sample = {.value = (gw_i128)value};
    const struct gw_metric_family family = {.name = gw_text(name),
                                            .help = gw_text(help),
                                            .kind = GW_METRIC_COUNTER,
                                            .samples = &sample,
                                            .sample_count = 1};
    gw_metrics_render(&family, ret);
}

void gw_stats_render(const struct gw_stats *stats, const struct gw_json *status,
                     struct gw_arena *arena, struct gw_buf *ret)
{
    put_calls(stats, arena, ret);
    for (size_t i = 0; i < GW_COUNT_OF(rows); i++)
        put_row(&rows[i], status, arena, ret);
    put_one("gw_api_frames_total", "Frames taken from wire connections.", stats->frames, ret);
    put_one("gw_api_wire_connections_total", "Wire connections accepted.", stats->wire_connections,
            ret);
    put_one("gw_api_busy_total", "Times a connection had to wait for the engine.", stats->busy,
            ret);
}
