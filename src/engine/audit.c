/* The auditor: reads every home in key order, page by page, at a bounded rate, and holds it against the ledger
 * (engine spec 5.4). Its memory is one page; where it stands is ledger state. */
#include "ledger/audit.h"

#include "engine/engine_int.h"
#include "os/clock.h"

enum {
    PAGE_ROWS = 256,
    RETRY_NS = 1000000000,
    PASS_PAUSE_NS = 1000000000 /* small homes are not read in a tight circle */,
    WANTS_MAX = 64,
    ARENA_MAX = 8 << 20
};

/** An operator waits for a pass that began after `since` over the homes of one entity (NULL: of all). */
struct want {
    struct gw_request *request;
    const struct gw_program_entity *entity;
    uint64_t since;
};

struct gw_auditor {
    struct gw_arena arena;
    uint32_t home; /* position in the program: one home at a time */
    bool busy;
    int64_t next_ns; /* monotonic */
    struct want wants[WANTS_MAX];
    uint32_t want_count;
};

struct audit_ask {
    const struct gw_program_home *home;
    struct gw_bytes cursor;
    uint64_t asof;
};

static bool state_of(struct gw_engine *engine, const struct gw_program_home *home,
                     struct gw_audit_state *ret)
{
    struct gw_err err;
    if (gw_ledger_audit(engine->ledger, home, &engine->auditor->arena, ret, &err) == GW_OK)
        return true;
    gw_engine_fatal(engine, &err);
    return false;
}

/** Has this home still to be read for somebody who waits? */
static bool is_wanted(struct gw_engine *engine, const struct gw_program_home *home)
{
    const struct gw_auditor *auditor = engine->auditor;
    for (uint32_t i = 0; i < auditor->want_count; i++) {
        struct gw_audit_state state;
        const struct want *want = &auditor->wants[i];
        if ((want->entity == NULL || want->entity == home->owner) &&
            state_of(engine, home, &state) &&
            (state.last_end == 0 || state.last.start < want->since))
            return true;
    }
    return false;
}

/** The next home to read: one that somebody waits for, else round robin. NULL: nothing to do now. */
static const struct gw_program_home *next_home(struct gw_engine *engine)
{
    const struct gw_program *program = gw_ledger_program(engine->ledger);
    struct gw_auditor *auditor = engine->auditor;
    if (program == NULL || program->home_count == 0)
        return NULL;
    for (uint32_t i = 0; i < program->home_count; i++) {
        uint32_t at = (auditor->home + i) % program->home_count;
        const struct gw_program_home *home = program->homes[at];
        const struct gw_lane *lane = &engine->lanes[home->home.store];
        bool readable = lane->state == GW_LANE_READY && !lane->parked;
        if (readable && (auditor->want_count ? is_wanted(engine, home) : !engine->opts.no_audit)) {
            auditor->home = at;
            return home;
        }
    }
    return NULL;
}

static bool ask(struct gw_engine *engine, const struct gw_program_home *home)
{
    struct gw_audit_state state;
    struct gw_store_request *request =
        gw_store_request_new(GW_STORE_CALL_SCAN, engine->actor, NULL);
    struct audit_ask *audit = request ? GW_NEW(&request->arena, struct audit_ask) : NULL;
    const struct gw_entity *entity = &home->owner->entity;
    if (audit == NULL || !state_of(engine, home, &state))
        goto give_up;
    *audit = (struct audit_ask){home, gw_arena_copy(&request->arena, state.cursor),
                                gw_ledger_applied(engine->ledger)};
    request->msg.kind = GW_MSG_AUDIT;
    request->ctx = audit;
    request->in.home = &home->home;
    request->in.rows = PAGE_ROWS;
    if (audit->cursor.len) {
        union gw_value *after = GW_NEW_ARRAY(&request->arena, union gw_value, entity->key_count);
        if (after == NULL ||
            gw_entity_unkey(entity, audit->cursor, &request->arena, after, NULL) < 0)
            goto give_up;
        request->in.after = after;
    }
    if (gw_store_pool_send(engine->lanes[home->home.store].pool, request) == GW_OK)
        return true;
give_up:
    gw_store_request_free(request);
    return false;
}

/** Images travel only for rows that are not as expected: a pass over a clean home costs its hashes. */
static void drop_expected_images(struct gw_engine *engine, const struct audit_ask *ask,
                                 const struct gw_store_page *page, struct gw_rec_page *record)
{
    for (uint32_t i = 0; i < record->row_count; i++) {
        struct gw_err err;
        bool expected = false;
        const struct gw_seen found = {
            .present = true, .ver = page->rows[i].ver, .hash = page->rows[i].hash};
        if (gw_ledger_row_expected(engine->ledger, ask->home, record->rows[i].key, &found,
                                   ask->asof, &expected, &err) < 0) {
            gw_engine_fatal(engine, &err);
            return;
        }
        if (expected)
            record->rows[i].image = (struct gw_bytes){NULL, 0};
    }
}

static void answer_wants(struct gw_engine *engine)
{
    struct gw_auditor *auditor = engine->auditor;
    const struct gw_program *program = gw_ledger_program(engine->ledger);
    for (uint32_t i = auditor->want_count; i-- > 0;) {
        bool open = false;
        for (uint32_t h = 0; h < program->home_count && !open; h++) {
            struct gw_audit_state state;
            const struct want *want = &auditor->wants[i];
            if (want->entity && program->homes[h]->owner != want->entity)
                continue;
            open = !state_of(engine, program->homes[h], &state) || state.last_end == 0 ||
                   state.last.start < want->since;
        }
        if (open)
            continue;
        gw_batch_answer(engine, auditor->wants[i].request);
        auditor->wants[i] = auditor->wants[--auditor->want_count];
    }
}

void gw_auditor_answered(struct gw_engine *engine, struct gw_store_request *request)
{
    struct gw_auditor *auditor = engine->auditor;
    const struct audit_ask *ask_of = request->ctx;
    struct gw_record record = {.kind = GW_RECORD_PAGE};
    struct gw_applied applied;
    struct gw_err err;
    int64_t now = gw_clock_mono_ns();
    if (request->rc < 0) {
        auditor->busy = false;
        auditor->next_ns = now + RETRY_NS;
        gw_store_request_free(request);
        return;
    }
    if (!gw_batch_ready(engine)) {
        gw_engine_defer(engine, request);
        return;
    }
    if (gw_page_record(request, ask_of->home, ask_of->cursor, ask_of->asof, &record.page, &err) <
        0) {
        gw_engine_fatal(engine, &err);
        return;
    }
    record.page.purpose = GW_PAGE_AUDIT;
    gw_arena_reset(&auditor->arena);
    drop_expected_images(engine, ask_of, &request->out.page, &record.page);
    if (!gw_batch_record(engine, &record, &applied)) {
        gw_engine_defer(engine, request);
        return;
    }
    auditor->busy = false;
    uint64_t rows = GW_MAX(record.page.row_count, 1U);
    auditor->next_ns = auditor->want_count
                           ? now
                           : now + (int64_t)(rows * GW_NS_PER_S / engine->opts.audit_rows_per_s);
    if (record.page.end && !auditor->want_count) {
        auditor->home++;
        auditor->next_ns = GW_MAX(
            auditor->next_ns, now + RETRY_NS / 10); /* small homes are not read in a tight circle */
    }
    answer_wants(engine);
    gw_store_request_free(request);
}

void gw_auditor_plan(struct gw_engine *engine)
{
    struct gw_auditor *auditor = engine->auditor;
    if (auditor->busy || auditor->next_ns > gw_clock_mono_ns() || engine->failed || engine->closing)
        return;
    gw_arena_reset(&auditor->arena);
    const struct gw_program_home *home = next_home(engine);
    if (home == NULL || !ask(engine, home)) {
        auditor->next_ns = gw_clock_mono_ns() + RETRY_NS / 10;
        return;
    }
    auditor->busy = true;
}

int64_t gw_auditor_due(const struct gw_engine *engine)
{
    const struct gw_auditor *auditor = engine->auditor;
    bool idle = engine->opts.no_audit && auditor->want_count == 0;
    return auditor->busy || idle || gw_ledger_program(engine->ledger) == NULL ? GW_ACTOR_NEVER
                                                                              : auditor->next_ns;
}

void gw_auditor_want(struct gw_engine *engine, struct gw_request *request,
                     const struct gw_program_entity *entity)
{
    struct gw_auditor *auditor = engine->auditor;
    if (auditor->want_count == WANTS_MAX) {
        gw_request_answer(request,
                          GW_FAIL(&request->err, GW_BUSY, "%d audits wait already", WANTS_MAX));
        return;
    }
    auditor->wants[auditor->want_count++] =
        (struct want){request, entity, gw_ledger_applied(engine->ledger) + engine->batch_open};
    auditor->next_ns = 0;
}

gw_rc gw_auditor_open(struct gw_engine *engine, struct gw_err *err)
{
    engine->auditor = engine->heap->get(engine->heap->ctx, sizeof(*engine->auditor));
    if (engine->auditor == NULL)
        return GW_FAIL_NOMEM(err);
    *engine->auditor = (struct gw_auditor){0};
    gw_arena_init(&engine->auditor->arena, engine->heap, ARENA_MAX);
    return GW_OK;
}

void gw_auditor_close(struct gw_engine *engine)
{
    struct gw_auditor *auditor = engine->auditor;
    if (auditor == NULL)
        return;
    for (uint32_t i = 0; i < auditor->want_count; i++)
        gw_request_answer(auditor->wants[i].request, GW_FAIL(&auditor->wants[i].request->err,
                                                             GW_CLOSED, "the engine is closing"));
    gw_arena_done(&auditor->arena);
    engine->heap->put(engine->heap->ctx, auditor, sizeof(*auditor));
    engine->auditor = NULL;
}
