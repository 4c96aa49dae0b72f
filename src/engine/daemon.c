/* Daemons of the program and builders of indexes: who runs is decided here, what happens is the ledger's (engine spec 6.1, 6.3).
 * Calls come first: this runs once when a batch closes, a bounded number of slices each time. */
#include "ledger/daemon.h"
#include "engine/engine_int.h"
#include "ledger/build.h"
#include "os/clock.h"

enum {
    LOW_SLICES = 2,
    NORMAL_SLICES = 8,
    WAITING_MAX = 256,
    RETRY_NS = 500000000,
    ARENA_MAX = 16 << 20
};

/** Something under way for one fiber or build: it is left alone until then. */
struct under_way {
    uint32_t id;
    bool is_build;
    int64_t retry_at_ns; /* monotonic; 0: an answer ends it */
};

struct gw_daemons {
    struct gw_arena arena; /* of one plan */
    struct under_way waiting[WAITING_MAX];
    uint32_t waiting_count;
    int64_t due_ns; /* monotonic; GW_ACTOR_NEVER */
};

static struct under_way *find(struct gw_daemons *daemons, uint32_t id, bool is_build)
{
    for (uint32_t i = 0; i < daemons->waiting_count; i++)
        if (daemons->waiting[i].id == id && daemons->waiting[i].is_build == is_build)
            return &daemons->waiting[i];
    return NULL;
}

static void forget(struct gw_daemons *daemons, uint32_t id, bool is_build)
{
    struct under_way *at = find(daemons, id, is_build);
    if (at)
        *at = daemons->waiting[--daemons->waiting_count];
}

static bool wait(struct gw_daemons *daemons, uint32_t id, bool is_build, int64_t retry_at_ns)
{
    struct under_way *at = find(daemons, id, is_build);
    if (at == NULL && daemons->waiting_count == WAITING_MAX)
        return false;
    if (at == NULL)
        at = &daemons->waiting[daemons->waiting_count++];
    *at = (struct under_way){id, is_build, retry_at_ns};
    return true;
}

static void due_at(struct gw_daemons *daemons, int64_t mono_ns)
{
    if (daemons->due_ns == GW_ACTOR_NEVER || mono_ns < daemons->due_ns)
        daemons->due_ns = mono_ns;
}

/** Is something under way for it? Ends a back-off that has passed. */
static bool is_busy(struct gw_daemons *daemons, uint32_t id, bool is_build, int64_t now)
{
    struct under_way *at = find(daemons, id, is_build);
    if (at == NULL)
        return false;
    if (at->retry_at_ns == 0 || at->retry_at_ns > now) {
        if (at->retry_at_ns)
            due_at(daemons, at->retry_at_ns);
        return true;
    }
    forget(daemons, id, is_build);
    return false;
}

/** Keys that a slice needs are read as for a call; the slice is tried again when they are there. */
static void fetch_keys(struct gw_engine *engine, uint32_t id, bool is_build,
                       const struct gw_applied *applied)
{
    struct gw_request *request = gw_request_new(GW_REQUEST_STEP, engine->actor, NULL);
    if (request == NULL || !wait(engine->daemons, id, is_build, 0)) {
        gw_request_free(request);
        return;
    }
    request->in.number = id;
    request->in.verb = is_build;
    gw_fetch_for(engine, request, applied->missing, applied->missing_count);
}

void gw_daemons_keys(struct gw_engine *engine, struct gw_request *request)
{
    bool failed = request->failed_count > 0 || request->rc < 0;
    uint32_t id = (uint32_t)request->in.number;
    forget(engine->daemons, id, request->in.verb);
    if (failed)
        (void)wait(engine->daemons, id, request->in.verb, gw_clock_mono_ns() + RETRY_NS);
    engine->daemons_wake = true;
    gw_request_free(request);
}

/* ---- fibers ---- */

/** What a scan carries until its page is journaled. */
struct page_ask {
    uint32_t daemon, site;
    const struct gw_program_home *home;
    struct gw_bytes cursor;
    uint64_t asof;
};

static void ask_page(struct gw_engine *engine, const struct gw_fiber_info *fiber)
{
    struct gw_lane *lane = &engine->lanes[fiber->home->home.store];
    struct gw_store_request *request =
        gw_store_request_new(GW_STORE_CALL_SCAN, engine->actor, NULL);
    struct page_ask *ask = request ? GW_NEW(&request->arena, struct page_ask) : NULL;
    const struct gw_entity *entity = &fiber->home->owner->entity;
    if (ask == NULL)
        goto give_up;
    *ask = (struct page_ask){fiber->id, fiber->site, fiber->home,
                             gw_arena_copy(&request->arena, fiber->cursor),
                             gw_ledger_applied(engine->ledger)};
    request->msg.kind = GW_MSG_DAEMON;
    request->ctx = ask;
    request->in.home = &fiber->home->home;
    request->in.rows = fiber->page_rows;
    if (ask->cursor.len) {
        union gw_value *after = GW_NEW_ARRAY(&request->arena, union gw_value, entity->key_count);
        if (after == NULL || gw_entity_unkey(entity, ask->cursor, &request->arena, after, NULL) < 0)
            goto give_up;
        request->in.after = after;
    }
    if (!wait(engine->daemons, fiber->id, false, 0))
        goto give_up;
    if (!lane->parked && gw_store_pool_send(lane->pool, request) == GW_OK)
        return;
    (void)wait(engine->daemons, fiber->id, false, gw_clock_mono_ns() + RETRY_NS);
give_up:
    gw_store_request_free(request);
}

static gw_rc page_rows(struct gw_store_request *request, const struct page_ask *ask,
                       struct gw_rec_page *page, struct gw_err *err)
{
    const struct gw_store_page *got = &request->out.page;
    page->rows = GW_NEW_ARRAY(&request->arena, struct gw_rec_row, got->count);
    if (page->rows == NULL && got->count)
        return GW_FAIL_NOMEM(err);
    for (uint32_t i = 0; i < got->count; i++) {
        struct gw_buf key;
        uint8_t *memory = gw_arena_get_raw(&request->arena, GW_KV_KEY_MAX);
        if (memory == NULL)
            return GW_FAIL_NOMEM(err);
        gw_buf_init_fixed(&key, memory, GW_KV_KEY_MAX);
        gw_entity_key(&ask->home->owner->entity, got->rows[i].key, &key);
        page->rows[page->row_count++] = (struct gw_rec_row){
            .key = gw_buf_bytes(&key),
            .ver = got->rows[i].ver,
            .hash = got->rows[i].hash,
            .image = got->rows[i].image,
            .problem = got->rows[i].problem,
        };
    }
    page->cursor_to = page->row_count ? page->rows[page->row_count - 1].key : page->cursor_from;
    page->end = got->end;
    return GW_OK;
}

gw_rc gw_page_record(struct gw_store_request *request, const struct gw_program_home *home,
                     struct gw_bytes cursor, uint64_t asof, struct gw_rec_page *ret,
                     struct gw_err *err)
{
    const struct page_ask ask = {.home = home};
    *ret = (struct gw_rec_page){.home = home->home.id, .cursor_from = cursor, .asof = asof};
    return page_rows(request, &ask, ret, err);
}

void gw_daemons_answered(struct gw_engine *engine, struct gw_store_request *request)
{
    const struct page_ask *ask = request->ctx;
    struct gw_record record = {.kind = GW_RECORD_PAGE};
    struct gw_applied applied;
    struct gw_err err;
    if (request->rc == GW_OK && !gw_batch_ready(engine)) { /* before memory is taken for the page */
        gw_engine_defer(engine, request);
        return;
    }
    if (request->rc < 0 ||
        gw_page_record(request, ask->home, ask->cursor, ask->asof, &record.page, &err) < 0) {
        (void)wait(engine->daemons, ask->daemon, false, gw_clock_mono_ns() + RETRY_NS);
        engine->daemons_wake = true;
        gw_store_request_free(request);
        return;
    }
    record.page.daemon = ask->daemon;
    record.page.site = ask->site;
    record.page.purpose = GW_PAGE_SCAN;
    if (!gw_batch_record(engine, &record, &applied)) {
        gw_engine_defer(engine, request);
        return;
    }
    forget(engine->daemons, ask->daemon, false);
    engine->daemons_wake = true;
    gw_store_request_free(request);
}

static void step(struct gw_engine *engine, const struct gw_fiber_info *fiber)
{
    struct gw_applied applied;
    uint32_t slices = fiber->fn && fiber->fn->low_priority ? LOW_SLICES : NORMAL_SLICES;
    const struct gw_record record = {.kind = GW_RECORD_STEP,
                                     .step = {.daemon = fiber->id, .slices = slices}};
    if (!gw_batch_record(engine, &record, &applied))
        return;
    engine->daemons_wake = true;
    if (applied.kind == GW_APPLIED_NEEDS_KEYS)
        fetch_keys(engine, fiber->id, false, &applied);
    else if (applied.kind == GW_APPLIED_REFUSED)
        (void)wait(engine->daemons, fiber->id, false, gw_clock_mono_ns() + RETRY_NS);
}

static void plan_fibers(struct gw_engine *engine, int64_t now)
{
    struct gw_daemons *daemons = engine->daemons;
    struct gw_fiber_info *fibers = NULL;
    uint32_t count = 0;
    struct gw_err err;
    if (gw_ledger_fibers(engine->ledger, gw_clock_wall_ns(), &daemons->arena, &fibers, &count,
                         &err) < 0) {
        gw_engine_fatal(engine, &err);
        return;
    }
    for (uint32_t i = 0; i < count && !engine->failed; i++) {
        if (fibers[i].status != GW_FIBER_RUNNING || is_busy(daemons, fibers[i].id, false, now))
            continue;
        if (fibers[i].wait == GW_FIBER_NEEDS_PAGE && fibers[i].home)
            ask_page(engine, &fibers[i]);
        else if (fibers[i].can_run)
            step(engine, &fibers[i]);
    }
}

/* ---- indexes and counters ---- */

static void plan_builds(struct gw_engine *engine, int64_t now)
{
    struct gw_build_info *builds = NULL;
    uint32_t count = 0;
    struct gw_err err;
    if (gw_ledger_builds(engine->ledger, &engine->daemons->arena, &builds, &count, &err) < 0) {
        gw_engine_fatal(engine, &err);
        return;
    }
    for (uint32_t i = 0; i < count && !engine->failed; i++) {
        struct gw_applied applied;
        const struct gw_record record = {
            .kind = GW_RECORD_INDEX,
            .index = {.id = builds[i].id, .state = GW_INDEX_BACKFILL, .cursor = builds[i].cursor}};
        if (!builds[i].can_go || is_busy(engine->daemons, builds[i].id, true, now))
            continue;
        if (!gw_batch_record(engine, &record, &applied))
            return;
        engine->daemons_wake = true;
        if (applied.kind == GW_APPLIED_NEEDS_KEYS)
            fetch_keys(engine, builds[i].id, true, &applied);
    }
}

void gw_daemons_plan(struct gw_engine *engine)
{
    struct gw_daemons *daemons = engine->daemons;
    struct gw_err err;
    int64_t now = gw_clock_mono_ns(), due = INT64_MAX;
    bool passed = daemons->due_ns != GW_ACTOR_NEVER && daemons->due_ns <= now;
    if ((!engine->daemons_wake && !passed) || gw_ledger_program(engine->ledger) == NULL ||
        gw_ledger_halted(engine->ledger))
        return;
    if (engine->timers_from_ns > now) {
        daemons->due_ns = engine->timers_from_ns;
        return;
    }
    engine->daemons_wake = false;
    daemons->due_ns = GW_ACTOR_NEVER;
    gw_arena_reset(&daemons->arena);
    plan_builds(engine, now);
    plan_fibers(engine, now);
    if (engine->failed)
        return;
    if (gw_ledger_due(engine->ledger, &due, &err) < 0)
        gw_engine_fatal(engine, &err);
    else if (due != INT64_MAX)
        due_at(daemons, now + GW_MAX(due - gw_clock_wall_ns(), INT64_C(0)) + 1);
}

int64_t gw_daemons_due(const struct gw_engine *engine)
{
    return engine->daemons->due_ns;
}

gw_rc gw_daemons_open(struct gw_engine *engine, struct gw_err *err)
{
    engine->daemons = engine->heap->get(engine->heap->ctx, sizeof(*engine->daemons));
    if (engine->daemons == NULL)
        return GW_FAIL_NOMEM(err);
    *engine->daemons = (struct gw_daemons){.due_ns = GW_ACTOR_NEVER};
    gw_arena_init(&engine->daemons->arena, engine->heap, ARENA_MAX);
    engine->daemons_wake = true;
    return GW_OK;
}

void gw_daemons_close(struct gw_engine *engine)
{
    if (engine->daemons == NULL)
        return;
    gw_arena_done(&engine->daemons->arena);
    engine->heap->put(engine->heap->ctx, engine->daemons, sizeof(*engine->daemons));
    engine->daemons = NULL;
}
