/* What operators ask for. Each becomes a record, or a question to the ledger; answers wait for durability. */
#include "engine/control.h"

#include "engine/engine_int.h"
#include "ledger/audit.h"
#include "ledger/daemon.h"
#include "ledger/phase.h"
#include "os/clock.h"

enum { JSON_MAX = 8 << 20 };

static void refuse(struct gw_request *request, gw_rc rc, gw_code code, const char *text)
{
    gw_request_answer(request, GW_FAIL_CODE(&request->err, rc, code, "%s", text));
}

/** Journals one record for a request and answers when it is durable. @return false: answered already */
static bool record_for(struct gw_engine *engine, struct gw_request *request,
                       const struct gw_record *record, struct gw_applied *ret)
{
    if (!gw_batch_record(engine, record, ret)) {
        refuse(request, GW_BUSY, 2429, "the journal or the state has no room now");
        return false;
    }
    if (ret->kind == GW_APPLIED_REFUSED) {
        gw_request_answer(request, GW_FAIL_CODE(&request->err, GW_CONFLICT, ret->refused_code,
                                                "%.*s", GW_TEXT_ARG(ret->refused)));
        return false;
    }
    request->out.at = ret->at;
    request->out.number = ret->number;
    return true;
}

static const struct gw_program_entity *entity_of(struct gw_engine *engine,
                                                 struct gw_request *request)
{
    const struct gw_program *program = gw_ledger_program(engine->ledger);
    const struct gw_program_entity *entity =
        program ? gw_program_entity(program, request->in.entity) : NULL;
    if (entity == NULL)
        gw_request_answer(request, GW_FAIL_CODE(&request->err, GW_NOTFOUND, 2206,
                                                "no entity is named `%.*s`",
                                                GW_TEXT_ARG(request->in.entity)));
    return entity;
}

/* ---- sessions, limits, stores, halts ---- */

static void take_session(struct gw_engine *engine, struct gw_request *request)
{
    struct gw_applied applied;
    const struct gw_record record = {
        .kind = GW_RECORD_SESSION,
        .session = {.verb = request->in.verb, .client = request->in.client}};
    if (record_for(engine, request, &record, &applied))
        gw_batch_answer(engine, request);
}

static void take_limits(struct gw_engine *engine, struct gw_request *request)
{
    struct gw_applied applied;
    struct gw_record record = {.kind = GW_RECORD_LIMITS,
                               .limits = {.limit_count = request->in.limit_count}};
    record.limits.limits =
        GW_NEW_ARRAY(&request->arena, struct gw_rec_limit, request->in.limit_count);
    for (uint32_t i = 0; record.limits.limits && i < request->in.limit_count; i++) {
        record.limits.limits[i] = request->in.limits[i];
        if (!gw_limit_exists(request->in.limits[i].name)) {
            gw_request_answer(request, GW_FAIL_CODE(&request->err, GW_INVALID, 2435,
                                                    "no limit is named `%.*s`",
                                                    GW_TEXT_ARG(request->in.limits[i].name)));
            return;
        }
    }
    if (!record_for(engine, request, &record, &applied))
        return;
    engine->sessions_due_ns = 0; /* a shorter life counts at once */
    gw_batch_answer(engine, request);
}

static void take_store(struct gw_engine *engine, struct gw_request *request)
{
    struct gw_lane *lane = gw_lane_find(engine, request->in.store);
    struct gw_applied applied;
    if (lane == NULL) {
        gw_request_answer(request,
                          GW_FAIL_CODE(&request->err, GW_NOTFOUND, 2207, "no store is named `%.*s`",
                                       GW_TEXT_ARG(request->in.store)));
        return;
    }
    enum gw_store_event event = request->kind == GW_REQUEST_RETRY  ? GW_STORE_RETRY
                                : request->kind == GW_REQUEST_PARK ? GW_STORE_PARKED
                                                                   : GW_STORE_UNPARKED;
    const struct gw_record record = {
        .kind = GW_RECORD_STORE,
        .store = {.store = lane->id, .event = event, .reason = request->in.reason}};
    if (!record_for(engine, request, &record, &applied))
        return;
    if (event != GW_STORE_RETRY)
        lane->park_wanted = lane->parked = event == GW_STORE_PARKED;
    if (event == GW_STORE_UNPARKED && lane->state == GW_LANE_STOPPED) {
        lane->state = GW_LANE_NEW; /* the person has looked: fence again */
        lane->went_back_seen = true;
    }
    gw_batch_answer(engine, request);
}

static void take_halt(struct gw_engine *engine, struct gw_request *request)
{
    struct gw_applied applied;
    const struct gw_record record = {
        .kind = GW_RECORD_HALT, .halt = {.reason = request->in.reason, .actor = request->in.actor}};
    if (record_for(engine, request, &record, &applied))
        gw_batch_answer(engine, request);
}

static void take_trail(struct gw_engine *engine, struct gw_request *request)
{
    struct gw_applied applied;
    const struct gw_record record = {.kind = GW_RECORD_AUDIT,
                                     .audit = {.actor = request->in.actor,
                                               .action = request->in.action,
                                               .reason = request->in.reason,
                                               .request_hash = request->in.key_hash}};
    if (record_for(engine, request, &record, &applied))
        gw_batch_answer(engine, request);
}

static void take_resume(struct gw_engine *engine, struct gw_request *request)
{
    struct gw_applied applied;
    const struct gw_record record = {.kind = GW_RECORD_RESUME,
                                     .resume = {.halt = request->in.number,
                                                .actor = request->in.actor,
                                                .reason = request->in.reason}};
    if (record_for(engine, request, &record, &applied))
        gw_batch_answer(engine, request);
}

static void take_resolve(struct gw_engine *engine, struct gw_request *request)
{
    struct gw_applied applied, resumed;
    const struct gw_program_entity *entity = entity_of(engine, request);
    if (entity == NULL)
        return;
    const struct gw_record record = {.kind = GW_RECORD_RESOLVE,
                                     .resolve = {.halt = request->in.number,
                                                 .entity = entity->entity.id,
                                                 .key = request->in.key,
                                                 .take = request->in.take,
                                                 .image = request->in.image,
                                                 .seen = request->in.seen,
                                                 .drop_pending = request->in.drop_pending,
                                                 .actor = request->in.actor,
                                                 .reason = request->in.reason}};
    const struct gw_record resume = {.kind = GW_RECORD_RESUME,
                                     .resume = {.halt = request->in.number,
                                                .actor = request->in.actor,
                                                .reason = request->in.reason}};
    if (!record_for(engine, request, &record, &applied))
        return;
    if (request->in
            .and_resume) /* refused while others are open: then it stays halted, as it should */
        (void)gw_batch_record(engine, &resume, &resumed);
    gw_batch_answer(engine, request);
}

/* ---- daemons, phases ---- */

static uint32_t daemon_id(struct gw_engine *engine, const struct gw_request *request)
{
    struct gw_fiber_info *fibers = NULL;
    uint32_t count = 0;
    gw_arena_reset(&engine->scratch);
    if (request->in.number)
        return (uint32_t)request->in.number;
    if (gw_ledger_fibers(engine->ledger, gw_clock_wall_ns(), &engine->scratch, &fibers, &count,
                         NULL) < 0)
        return 0;
    for (uint32_t i = count; i-- > 0;)
        if (gw_text_equal(fibers[i].name, request->in.fn))
            return fibers[i].id;
    return 0;
}

static void take_daemon(struct gw_engine *engine, struct gw_request *request)
{
    static const uint8_t no_args = 0x80; /* canonical empty array */
    const struct gw_program *program = gw_ledger_program(engine->ledger);
    const struct gw_fn *fn = program ? gw_program_fn(program, request->in.fn) : NULL;
    struct gw_record record = {
        .kind = GW_RECORD_DAEMON,
        .daemon = {.verb = request->in.verb, .actor = request->in.actor, .args = request->in.args}};
    struct gw_applied applied;
    union gw_value *args = NULL;
    if (record.daemon.args.len == 0)
        record.daemon.args = (struct gw_bytes){&no_args, 1};
    if (request->in.verb == GW_DAEMON_START) {
        if (fn == NULL || fn->kind != GW_FN_DAEMON) {
            gw_request_answer(request, GW_FAIL_CODE(&request->err, GW_NOTFOUND, 2208,
                                                    "no daemon is named `%.*s`",
                                                    GW_TEXT_ARG(request->in.fn)));
            return;
        }
        gw_rc rc = gw_args_decode(fn, record.daemon.args, &request->arena, &args, &request->err);
        if (rc < 0) {
            gw_request_answer(request, rc);
            return;
        }
        record.daemon.fn = fn->id;
    } else {
        record.daemon.daemon = daemon_id(engine, request);
    }
    if (!record_for(engine, request, &record, &applied))
        return;
    engine->daemons_wake = true;
    gw_batch_answer(engine, request);
}

static void missing_json(struct gw_request *request, const struct gw_phase_condition *missing,
                         uint32_t count)
{
    struct gw_buf buf;
    enum { ROOM = 16 * 1024 };
    uint8_t *memory = gw_arena_get_raw(&request->arena, ROOM);
    if (memory == NULL)
        return;
    gw_buf_init_fixed(&buf, memory, ROOM);
    struct gw_json_writer w = gw_json_writer(&buf, 0);
    gw_json_put_array(&w);
    for (uint32_t i = 0; i < count; i++) {
        gw_json_put_object(&w);
        gw_json_put_name_str(&w, "cond");
        gw_json_put_text(&w, missing[i].text);
        gw_json_put_name_str(&w, "where");
        gw_json_put_text(&w, missing[i].where);
        gw_json_put_name_str(&w, "value");
        gw_json_put_u64(&w, missing[i].value);
        gw_json_put_object_end(&w);
    }
    gw_json_put_array_end(&w);
    request->out.json = gw_buf_text(&buf);
}

/** Rows and unknown keys of the last pass over each home: the count that a move is judged by. */
static gw_rc count_homes(struct gw_engine *engine, const struct gw_program_entity *entity,
                         struct gw_rec_phase *ret, struct gw_err *err)
{
    ret->audit_index = UINT64_MAX;
    for (uint32_t i = 0; i < entity->home_count; i++) {
        struct gw_audit_state state;
        GW_TRY(gw_ledger_audit(engine->ledger, entity->homes[i], &engine->scratch, &state, err));
        ret->total += state.last.rows;
        ret->unknown += state.last.unknown;
        ret->audit_index = GW_MIN(ret->audit_index, state.clean_start);
    }
    if (entity->home_count == 0)
        ret->audit_index = 0;
    return GW_OK;
}

static void take_phase(struct gw_engine *engine, struct gw_request *request)
{
    const struct gw_program_entity *entity = entity_of(engine, request);
    struct gw_phase_state now;
    struct gw_phase_condition *missing = NULL;
    uint32_t count = 0;
    struct gw_applied applied;
    enum gw_phase to;
    if (entity == NULL)
        return;
    if (!gw_phase_of(request->in.phase, &to)) {
        gw_request_answer(request,
                          GW_FAIL_CODE(&request->err, GW_USAGE, 2114, "no phase is named `%.*s`",
                                       GW_TEXT_ARG(request->in.phase)));
        return;
    }
    struct gw_record record = {.kind = GW_RECORD_PHASE,
                               .phase = {.entity = entity->entity.id,
                                         .to = to,
                                         .actor = request->in.actor,
                                         .reason = request->in.reason}};
    gw_arena_reset(&engine->scratch);
    gw_rc rc = gw_ledger_phase(engine->ledger, entity, &now, &request->err);
    if (rc == GW_OK)
        rc = gw_phase_missing(engine->ledger, entity, to, &engine->scratch, &missing, &count,
                              &request->err);
    if (rc == GW_OK && count > 0) {
        missing_json(request, missing, count);
        rc = GW_FAIL_CODE(&request->err, GW_GATE, 2115,
                          "%.*s: %u condition%s not met: %.*s (%" PRIu64 ")",
                          GW_TEXT_ARG(entity->entity.name), count, count == 1 ? " is" : "s are",
                          GW_TEXT_ARG(missing[0].text), missing[0].value);
    }
    if (rc == GW_OK)
        rc = count_homes(engine, entity, &record.phase, &request->err);
    if (rc < 0) {
        gw_request_answer(request, rc);
        return;
    }
    record.phase.from = now.phase;
    if (record_for(engine, request, &record, &applied))
        gw_batch_answer(engine, request);
}

static void take_audit(struct gw_engine *engine, struct gw_request *request)
{
    const struct gw_program_entity *entity = NULL;
    if (request->in.entity.len && (entity = entity_of(engine, request)) == NULL)
        return;
    if (gw_ledger_program(engine->ledger) == NULL) {
        refuse(request, GW_NOTFOUND, 2209, "no program is in force");
        return;
    }
    gw_auditor_want(engine, request, entity);
}

/* ---- warm ---- */

static void warm_answer(struct gw_request *request)
{
    request->out.failed = request->failed_count;
    request->out.fetched =
        request->missing_count - GW_MIN(request->failed_count, request->missing_count);
    gw_request_answer(request, GW_OK);
}

/** Only the keys that have to be read. */
static gw_rc cold_keys(struct gw_engine *engine, struct gw_request *request,
                       const struct gw_vm_key *keys, uint32_t count, struct gw_err *err)
{
    request->missing = GW_NEW_ARRAY(&request->arena, struct gw_missing_key, count);
    if (request->missing == NULL && count)
        return GW_FAIL_NOMEM(err);
    for (uint32_t i = 0; i < count; i++) {
        struct gw_buf key;
        uint32_t homes = 0;
        uint8_t *memory = gw_arena_get_raw(&request->arena, GW_KV_KEY_MAX);
        if (memory == NULL)
            return GW_FAIL_NOMEM(err);
        gw_buf_init_fixed(&key, memory, GW_KV_KEY_MAX);
        gw_entity_key(&keys[i].entity->entity, keys[i].key, &key);
        GW_TRY(
            gw_ledger_fetch_plan(engine->ledger, keys[i].entity, gw_buf_bytes(&key), &homes, err));
        if (homes == 0)
            request->out.resident++;
        else
            request->missing[request->missing_count++] =
                (struct gw_missing_key){.entity = keys[i].entity, .key = gw_buf_bytes(&key)};
    }
    return GW_OK;
}

static gw_rc warm_keys(struct gw_engine *engine, struct gw_request *request, struct gw_err *err)
{
    const struct gw_program *program = gw_ledger_program(engine->ledger);
    struct gw_vm_key one, *keys = &one;
    uint32_t count = 1;
    if (request->in.entity.len) {
        one.entity = gw_program_entity(program, request->in.entity);
        if (one.entity == NULL)
            return GW_FAIL_CODE(err, GW_NOTFOUND, 2206, "no entity is named `%.*s`",
                                GW_TEXT_ARG(request->in.entity));
        union gw_value *values =
            GW_NEW_ARRAY(&request->arena, union gw_value, one.entity->entity.key_count);
        if (values == NULL)
            return GW_FAIL_NOMEM(err);
        GW_TRY(gw_entity_unkey(&one.entity->entity, request->in.key, &request->arena, values, err));
        one.key = values;
    } else {
        const struct gw_fn *fn = gw_program_fn(program, request->in.fn);
        union gw_value *args = NULL;
        struct gw_vm vm = {.program = program, .arena = &request->arena};
        if (fn == NULL)
            return GW_FAIL_CODE(err, GW_NOTFOUND, 2202, "nothing is named `%.*s`",
                                GW_TEXT_ARG(request->in.fn));
        GW_TRY(gw_args_decode(fn, request->in.args, &request->arena, &args, err));
        GW_TRY(gw_vm_direct_keys(&vm, fn, args, &keys, &count, err));
    }
    return cold_keys(engine, request, keys, count, err);
}

static void take_warm(struct gw_engine *engine, struct gw_request *request)
{
    if (gw_ledger_program(engine->ledger) == NULL || !gw_batch_ready(engine)) {
        refuse(request, GW_BUSY, 2209, "no program is in force, or the journal has no room");
        return;
    }
    request->missing_count = 0;
    gw_rc rc = warm_keys(engine, request, &request->err);
    if (rc < 0)
        gw_request_answer(request, rc);
    else if (request->missing_count == 0)
        warm_answer(request);
    else
        gw_fetch_for(engine, request, request->missing, request->missing_count);
}

/* ---- waiting for quiet ---- */

/** DRAIN: nothing dirty and no intent open anywhere; a parked store counts, for an answer without it would lie.
 *  CHECK and CHECKPOINT: nothing under way. */
static bool is_quiet(struct gw_engine *engine, const struct gw_request *request)
{
    if (engine->flight_count > 0 || engine->sealed ||
        (engine->batch_open && gw_ledger_records(engine->ledger) > 0))
        return false;
    for (uint32_t i = 0; request->kind == GW_REQUEST_DRAIN && i < engine->lane_count; i++) {
        struct gw_store_state state;
        gw_ledger_store_state(engine->ledger, engine->lanes[i].id, &state);
        if (state.dirty_rows + state.intents > 0)
            return false;
    }
    return true;
}

static void check_answer(struct gw_engine *engine, struct gw_request *request)
{
    if (engine->batch_open) { /* without records: nothing is lost */
        gw_ledger_abort(engine->ledger);
        engine->batch_open = false;
    }
    struct gw_kv_mark mark = engine->kv->ops->marks(engine->kv);
    request->out.at.index = mark.applied;
    request->out.sum = gw_hash128_of_number(mark.sum);
    gw_request_answer(request, GW_OK);
}

void gw_control_plan(struct gw_engine *engine)
{
    struct gw_request_list waiting = engine->draining;
    gw_list_init(&engine->draining);
    for (struct gw_request *request; (request = gw_list_pop(&waiting)) != NULL;) {
        if (!is_quiet(engine, request))
            gw_list_push(&engine->draining, request);
        else if (request->kind == GW_REQUEST_CHECK)
            check_answer(engine, request);
        else
            gw_request_answer(request, GW_OK);
    }
}

/* ---- in and out ---- */

void gw_control_take(struct gw_engine *engine, struct gw_request *request)
{
    switch (request->kind) {
    case GW_REQUEST_SESSION:
        take_session(engine, request);
        break;
    case GW_REQUEST_PROGRAM:
        gw_program_take(engine, request);
        break;
    case GW_REQUEST_DAEMON:
        take_daemon(engine, request);
        break;
    case GW_REQUEST_PHASE:
        take_phase(engine, request);
        break;
    case GW_REQUEST_HALT:
        take_halt(engine, request);
        break;
    case GW_REQUEST_RESOLVE:
        take_resolve(engine, request);
        break;
    case GW_REQUEST_TRAIL:
        take_trail(engine, request);
        break;
    case GW_REQUEST_RESUME:
        take_resume(engine, request);
        break;
    case GW_REQUEST_AUDIT:
        take_audit(engine, request);
        break;
    case GW_REQUEST_RETRY:
    case GW_REQUEST_PARK:
    case GW_REQUEST_UNPARK:
        take_store(engine, request);
        break;
    case GW_REQUEST_LIMITS:
        take_limits(engine, request);
        break;
    case GW_REQUEST_WARM:
        take_warm(engine, request);
        break;
    case GW_REQUEST_STATUS:
    case GW_REQUEST_EXPLAIN:
    case GW_REQUEST_HALTS:
    case GW_REQUEST_JOURNAL:
    case GW_REQUEST_EVENTS:
        gw_status_take(engine, request);
        break;
    case GW_REQUEST_CHECKPOINT:
        gw_keeper_ask(engine, request);
        break;
    case GW_REQUEST_DRAIN:
    case GW_REQUEST_CHECK:
        gw_list_push(&engine->draining, request);
        break;
    case GW_REQUEST_CALL:
    case GW_REQUEST_VIEW:
    case GW_REQUEST_STEP:
        GW_UNREACHABLE_CODE(); /* they have their own ways in */
    }
}

void gw_control_durable(struct gw_engine *engine, struct gw_request *request)
{
    (void)engine;
    if (request->kind == GW_REQUEST_WARM)
        warm_answer(request);
    else
        gw_request_answer(request, GW_OK);
}
