/* The open batch: records are applied at the position they will have while the batch before is being synced. */
#include <stdarg.h>

#include "engine/control.h"
#include "engine/engine_int.h"
#include "os/clock.h"
#include "os/crash.h"

enum {
    CLOSE_RECORDS = GW_LOG_RECORDS_MAX,
    CLOSE_BYTES = GW_LOG_PAYLOAD_MAX - 4096,
    STALL_NS = 1000000
};

#define JUMP_NS        (60 * GW_NS_PER_S)
#define TIMERS_WAIT_NS (10 * GW_NS_PER_S)

void gw_engine_fatal(struct gw_engine *engine, const struct gw_err *err)
{
    if (engine->failed)
        return;
    engine->failed = true;
    if (engine->opts.on_fatal)
        engine->opts.on_fatal(engine->opts.ctx, err);
}

void gw_engine_alert(struct gw_engine *engine, gw_code code, const char *fmt, ...)
{
    char text[512];
    struct gw_buf buf;
    va_list args;
    gw_buf_init_fixed(&buf, text, sizeof(text));
    va_start(args, fmt);
    gw_buf_vprintf(&buf, fmt, args);
    va_end(args);
    engine->metrics.alerts++;
    if (engine->opts.on_alert)
        engine->opts.on_alert(engine->opts.ctx, code, gw_buf_text(&buf));
}

static struct gw_flight *flight_add(struct gw_engine *engine)
{
    GW_ASSERT(engine->flight_count < GW_FLIGHTS_MAX);
    struct gw_flight *flight =
        &engine->flights[(engine->flight_first + engine->flight_count++) % GW_FLIGHTS_MAX];
    *flight = (struct gw_flight){0};
    gw_list_init(&flight->answers);
    return flight;
}

/** The wall clock went further than time did: timers wait a moment, so that a person can stop what they would start. */
static void look_for_jump(struct gw_engine *engine, int64_t wall)
{
    int64_t mono = gw_clock_mono_ns();
    int64_t step =
        engine->last_mono_ns ? (wall - engine->last_wall_ns) - (mono - engine->last_mono_ns) : 0;
    engine->last_wall_ns = wall;
    engine->last_mono_ns = mono;
    if (step <= JUMP_NS)
        return;
    engine->timers_from_ns = mono + TIMERS_WAIT_NS;
    gw_engine_alert(engine, 2504,
                    "clock_jump: the clock went %" PRId64 " s ahead; timers wait 10 s",
                    step / GW_NS_PER_S);
}

/** Rises always: while the clock is behind (it was set back), by one nanosecond a batch. */
static int64_t next_time(struct gw_engine *engine)
{
    int64_t now = gw_clock_wall_ns();
    look_for_jump(engine, now);
    return GW_MAX(now, gw_ledger_time(engine->ledger) + 1);
}

/** No room now. Until it comes calls wait in their queue; only a full disk turns them away at once. */
static void stall(struct gw_engine *engine, gw_rc rc)
{
    engine->stalled = true;
    engine->disk_full = rc == GW_FULL;
    gw_actor_wake_at(engine->actor, gw_clock_mono_ns() + STALL_NS);
}

bool gw_batch_ready(struct gw_engine *engine)
{
    if (engine->batch_open)
        return true;
    if (engine->failed || engine->sealed || engine->flight_count == GW_FLIGHTS_MAX)
        return false;
    struct gw_err err;
    engine->head = (struct gw_batch_head){
        .index = engine->journal->ops->next_index(engine->journal),
        .epoch = engine->epoch ? engine->epoch : engine->journal->ops->next_index(engine->journal),
        .time_ns = next_time(engine),
    };
    gw_rc rc = gw_ledger_begin(engine->ledger, &engine->head, &err);
    if (rc == GW_BUSY || rc == GW_FULL) {
        stall(engine, rc);
        return false;
    }
    if (rc < 0) {
        gw_engine_fatal(engine, &err);
        return false;
    }
    engine->batch_open = true;
    engine->stalled = engine->disk_full = false;
    gw_buf_reset(&engine->payload);
    return true;
}

/** Hands the committed batch to the journal. @return false: it has no room now */
static bool hand_over(struct gw_engine *engine)
{
    struct gw_err err;
    const struct gw_program *program = gw_ledger_program(engine->ledger);
    struct gw_log_batch batch = {
        .index = engine->head.index,
        .epoch = engine->head.epoch,
        .time_ns = engine->head.time_ns,
        .records = gw_ledger_records(engine->ledger),
        .payload = gw_buf_bytes(&engine->payload),
    };
    if (program)
        memcpy(batch.program, program->hash.bytes, sizeof(batch.program));
    gw_rc rc = engine->journal->ops->append(engine->journal, &batch, &err);
    if (rc == GW_BUSY || rc == GW_FULL) {
        if (rc == GW_FULL && !engine->disk_full)
            gw_engine_alert(engine, 2703, "the journal's disk is full: calls wait, reads go on");
        stall(engine, rc);
        return false;
    }
    engine->sealed = false;
    if (rc < 0) {
        gw_engine_fatal(engine, &err);
        return false;
    }
    struct gw_flight *flight = flight_add(engine);
    flight->index = batch.index;
    flight->sends = engine->batch_sends;
    while (engine->batch_answers.count)
        gw_list_push(&flight->answers, gw_list_pop(&engine->batch_answers));
    engine->batch_sends = NULL;
    engine->metrics.batches++;
    engine->metrics.records += batch.records;
    engine->stalled = engine->disk_full = false;
    return true;
}

static void batch_close(struct gw_engine *engine)
{
    struct gw_err err;
    GW_CRASH_POINT("engine.batch.close");
    gw_rc rc = gw_ledger_commit(engine->ledger, &err);
    if (rc < 0) {
        gw_engine_fatal(engine, &err);
        return;
    }
    engine->batch_open = false;
    engine->sealed = true;
    (void)hand_over(engine);
}

/** More than a batch takes: nothing was decided. What godwit itself writes is cut to fit; this is what people send. */
static void refuse_large(struct gw_applied *ret)
{
    *ret = (struct gw_applied){.kind = GW_APPLIED_REFUSED,
                               .refused = GW_TEXT_LIT("this is more than a batch of 1 MiB takes"),
                               .refused_code = 2436};
}

bool gw_batch_record(struct gw_engine *engine, const struct gw_record *record,
                     struct gw_applied *ret)
{
    for (int attempt = 0; attempt < 2; attempt++) {
        if (engine->batch_open && gw_ledger_records(engine->ledger) >= CLOSE_RECORDS)
            batch_close(engine);
        if (!gw_batch_ready(engine))
            return false;
        size_t before = engine->payload.len;
        size_t frame = gw_log_record_begin(&engine->payload);
        size_t start = engine->payload.len;
        gw_record_encode(record, &engine->payload);
        if (engine->payload.failed) { /* no room: this batch goes, the record opens the next */
            gw_buf_reset(&engine->payload);
            engine->payload.len = before;
            if (before == 0) {
                refuse_large(ret);
                return true;
            }
            batch_close(engine);
            continue;
        }
        struct gw_err err;
        const struct gw_bytes bytes = {engine->payload.data + start, engine->payload.len - start};
        gw_rc rc = gw_ledger_apply(engine->ledger, bytes, ret, &err);
        if (rc < 0) {
            gw_engine_fatal(engine, &err);
            return false;
        }
        if (ret->kind == GW_APPLIED_DONE)
            gw_log_record_end(&engine->payload, frame);
        else
            engine->payload.len = before;
        engine->daemons_wake |= ret->wake_daemons;
        if (ret->halts)
            gw_engine_alert(engine, 2601, "halted on a foreign change: %u finding%s at %" PRIu64,
                            ret->halts, ret->halts == 1 ? "" : "s", engine->head.index);
        return true;
    }
    return false;
}

void gw_batch_answer(struct gw_engine *engine, struct gw_request *request)
{
    gw_list_push(&engine->batch_answers, request);
}

void gw_batch_send(struct gw_engine *engine, struct gw_store_request *request)
{
    request->msg.next = engine->batch_sends ? &engine->batch_sends->msg : NULL;
    engine->batch_sends = request;
}

static void answer(struct gw_engine *engine, struct gw_request *request)
{
    if (request->kind == GW_REQUEST_CALL)
        gw_request_answer(request, GW_OK);
    else if (request->kind == GW_REQUEST_VIEW)
        gw_view_again(engine, request);
    else
        gw_control_durable(engine, request);
}

/** Answers of a batch without records repeat what earlier batches decided: they wait for the last of those. */
static void answer_repeats(struct gw_engine *engine)
{
    while (engine->batch_answers.count) {
        struct gw_request *request = gw_list_pop(&engine->batch_answers);
        if (engine->flight_count)
            gw_list_push(
                &engine->flights[(engine->flight_first + engine->flight_count - 1) % GW_FLIGHTS_MAX]
                     .answers,
                request);
        else
            answer(engine, request);
    }
}

static bool is_full(const struct gw_engine *engine)
{
    return engine->batch_open && (gw_ledger_records(engine->ledger) >= CLOSE_RECORDS - 64 ||
                                  engine->payload.len >= CLOSE_BYTES - 128 * 1024);
}

void gw_batch_pump(struct gw_engine *engine)
{
    if (engine->failed)
        return;
    if (engine->sealed && !hand_over(engine))
        return;
    if (engine->disk_full) /* nothing else may be asking: see whether space has returned */
        (void)gw_batch_ready(engine);
    gw_calls_run(engine);
    bool disk_free = engine->flight_count == 0;
    if (!disk_free && !is_full(engine))
        return;
    gw_lane_plan(engine);
    gw_daemons_plan(engine);
    gw_auditor_plan(engine);
    gw_sessions_plan(engine);
    gw_fetch_plan(engine);
    if (engine->batch_open && !engine->failed) {
        if (gw_ledger_records(engine->ledger) > 0)
            batch_close(engine);
        else
            answer_repeats(engine);
    }
    gw_control_plan(engine);
    gw_keeper_plan(engine);
}

static void release(struct gw_engine *engine, struct gw_flight *flight)
{
    while (flight->sends) {
        struct gw_store_request *request = flight->sends;
        flight->sends = (struct gw_store_request *)(void *)request->msg.next;
        gw_lane_send(engine, request);
    }
    while (flight->answers.count)
        answer(engine, gw_list_pop(&flight->answers));
}

void gw_batch_outcome(struct gw_engine *engine)
{
    atomic_store(&engine->outcome.queued, false);
    if (atomic_load(&engine->outcome.failed)) {
        gw_engine_fatal(engine, &engine->outcome.err);
        return;
    }
    engine->durable = atomic_load(&engine->outcome.durable);
    engine->kv->ops->fold_to(engine->kv, engine->durable);
    if (engine->program_at && engine->program_at <= engine->durable) {
        atomic_store(&engine->program, gw_ledger_program(engine->ledger));
        engine->program_at = 0;
    }
    atomic_store(&engine->published, engine->durable);
    while (engine->flight_count && engine->flights[engine->flight_first].index <= engine->durable) {
        struct gw_flight done = engine->flights[engine->flight_first];
        engine->flight_first = (engine->flight_first + 1) % GW_FLIGHTS_MAX;
        engine->flight_count--;
        GW_CRASH_POINT("engine.flight.durable");
        release(engine, &done);
    }
}

void gw_batch_close_now(struct gw_engine *engine)
{
    batch_close(engine);
}
