#include "engine/engine.h"

#include "engine/engine_int.h"
#include "os/clock.h"
#include "os/env.h"
#include "os/heap.h"

enum { SCRATCH_MAX = 64 << 20 };

const struct gw_program *gw_engine_program(const struct gw_engine *engine)
{
    return atomic_load(&engine->program);
}

/* ---- the decider ---- */

void gw_engine_defer(struct gw_engine *engine, struct gw_store_request *request)
{
    request->msg.next = NULL;
    if (engine->deferred)
        engine->deferred_last->msg.next = &request->msg;
    else
        engine->deferred = request;
    engine->deferred_last = request;
}

static void answered(struct gw_engine *engine, struct gw_store_request *request)
{
    switch ((enum gw_decider_msg)request->msg.kind) {
    case GW_MSG_LANE:
        gw_lane_answered(engine, request);
        break;
    case GW_MSG_FETCH:
        gw_fetch_answered(engine, request);
        break;
    case GW_MSG_DAEMON:
        gw_daemons_answered(engine, request);
        break;
    case GW_MSG_AUDIT:
        gw_auditor_answered(engine, request);
        break;
    case GW_MSG_CONTROL:
        gw_control_answered(engine, request);
        break;
    case GW_MSG_REQUEST:
    case GW_MSG_OUTCOME:
    case GW_MSG_CHECKPOINTED:
        GW_UNREACHABLE_CODE();
    }
}

static void run_deferred(struct gw_engine *engine)
{
    struct gw_store_request *request = engine->deferred;
    engine->deferred = NULL;
    while (request) {
        struct gw_store_request *next = (struct gw_store_request *)(void *)request->msg.next;
        answered(engine, request);
        request = next;
    }
}

static void take_request(struct gw_engine *engine, struct gw_request *request)
{
    if (engine->closing || engine->failed) {
        gw_request_answer(request, GW_FAIL(&request->err, GW_CLOSED, "the engine is closing"));
        return;
    }
    if (request->kind == GW_REQUEST_VIEW)
        gw_view_take(engine, request);
    else if (request->kind != GW_REQUEST_CALL)
        gw_control_take(engine, request);
    else if (engine->calls.count >= engine->opts.mailbox_max || engine->disk_full)
        gw_request_answer(request, GW_FAIL_CODE(&request->err, GW_BUSY, 2429,
                                                "too many calls wait to be decided"));
    else
        gw_calls_take(engine, request);
}

static void on_message(void *ctx, struct gw_msg *msg)
{
    struct gw_engine *engine = ctx;
    switch ((enum gw_decider_msg)msg->kind) {
    case GW_MSG_REQUEST:
        take_request(engine, (struct gw_request *)(void *)msg);
        break;
    case GW_MSG_OUTCOME:
        gw_batch_outcome(engine);
        break;
    case GW_MSG_CHECKPOINTED:
        gw_keeper_answered(engine);
        break;
    case GW_MSG_LANE:
    case GW_MSG_FETCH:
    case GW_MSG_DAEMON:
    case GW_MSG_AUDIT:
    case GW_MSG_CONTROL:
        if (engine->deferred)
            gw_engine_defer(engine, (struct gw_store_request *)(void *)msg);
        else
            answered(engine, (struct gw_store_request *)(void *)msg);
        break;
    }
}

static int64_t earlier(int64_t a, int64_t b)
{
    if (a == GW_ACTOR_NEVER || b == GW_ACTOR_NEVER)
        return a == GW_ACTOR_NEVER ? b : a;
    return GW_MIN(a, b);
}

static void on_idle(void *ctx)
{
    struct gw_engine *engine = ctx;
    if (engine->failed)
        return;
    run_deferred(engine);
    gw_batch_pump(engine);
    int64_t due =
        earlier(gw_lane_due(engine), earlier(gw_daemons_due(engine), gw_auditor_due(engine)));
    if (engine->stalled)
        due = earlier(due, gw_clock_mono_ns() + GW_NS_PER_MS);
    gw_actor_wake_at(engine->actor, due);
}

/** On the journal's thread. */
static void on_outcome(void *ctx, enum gw_journal_outcome outcome, uint64_t index,
                       const struct gw_err *err)
{
    struct gw_engine *engine = ctx;
    if (outcome == GW_JOURNAL_DURABLE) {
        atomic_store(&engine->outcome.durable, index);
    } else {
        if (err)
            engine->outcome.err = *err;
        atomic_store(&engine->outcome.failed, outcome);
    }
    if (!atomic_exchange(&engine->outcome.queued, true) && engine->actor)
        (void)gw_actor_send_always(engine->actor, &engine->outcome.msg);
}

struct gw_journal_events gw_engine_journal_events(struct gw_engine *engine)
{
    return (struct gw_journal_events){.on_outcome = on_outcome, .ctx = engine};
}

gw_rc gw_engine_send(struct gw_engine *engine, struct gw_request *request)
{
    request->sender_kind = request->msg.kind;
    request->msg.kind = GW_MSG_REQUEST;
    request->waiting_for = 0;
    gw_rc rc = request->kind == GW_REQUEST_VIEW ? gw_view_send(engine, request)
                                                : gw_actor_send(engine->actor, &request->msg);
    if (rc < 0)
        request->msg.kind = request->sender_kind;
    return rc;
}

/* ---- life ---- */

static void set_defaults(struct gw_engine_opts *opts)
{
#define DEFAULT(member, value) \
    if (opts->member == 0)     \
    opts->member = (value)
    DEFAULT(mailbox_max, 65536);
    DEFAULT(readers, 2);
    DEFAULT(workers, 2);
    DEFAULT(push_open_max, 4);
    DEFAULT(audit_rows_per_s, 2000);
    DEFAULT(checkpoint_bytes, UINT64_C(1) << 30);
    DEFAULT(checkpoint_ns, 300 * GW_NS_PER_S);
    DEFAULT(store_timeout_ms, 10000);
    DEFAULT(fetch_timeout_ms, 2000);
    DEFAULT(park_after_ms, 30000);
#undef DEFAULT
    opts->readers = GW_MIN(opts->readers, (uint32_t)GW_READERS_MAX);
    opts->workers = GW_MIN(opts->workers, (uint32_t)GW_STORE_WORKERS_MAX);
    opts->push_open_max = GW_MIN(opts->push_open_max, (uint32_t)GW_LANE_OPEN_MAX);
}

/** A batch lies in one segment: small ones (tests have them) take smaller batches. */
static size_t payload_max(uint64_t segment_bytes)
{
    enum { FRAMES = 4 * GW_LOG_BLOCK };
    if (segment_bytes == 0 || segment_bytes >= GW_LOG_BATCH_MAX + FRAMES)
        return GW_LOG_PAYLOAD_MAX;
    return segment_bytes > FRAMES ? (size_t)segment_bytes - FRAMES : GW_LOG_BLOCK;
}

static struct gw_engine *engine_new(const struct gw_engine_opts *opts)
{
    const struct gw_alloc *heap = gw_os_heap();
    struct gw_engine *engine = heap->get(heap->ctx, sizeof(*engine));
    if (engine == NULL)
        return NULL;
    memset(engine, 0, sizeof(*engine));
    engine->opts = *opts;
    engine->heap = heap;
    set_defaults(&engine->opts);
    gw_buf_init(&engine->payload, heap, payload_max(opts->segment_bytes));
    gw_arena_init(&engine->scratch, heap, SCRATCH_MAX);
    engine->outcome.msg.kind = GW_MSG_OUTCOME;
    uint64_t seed = 0;
    gw_os_random(&seed, sizeof(seed));
    gw_rand_init(&engine->jitter, seed);
    return engine;
}

/** The first record of this life; its index is our epoch. */
static gw_rc claim(struct gw_engine *engine, struct gw_err *err)
{
    struct gw_applied applied;
    const struct gw_record record = {
        .kind = GW_RECORD_CLAIM,
        .claim = {.node = 1,
                  .reason = GW_TEXT_LIT("start"),
                  .software = GW_TEXT_LIT("godwit " GW_VERSION),
                  .format = 1},
    };
    if (!gw_batch_record(engine, &record, &applied))
        return GW_FAIL(err, GW_BUSY, "no room for the first record");
    engine->epoch = engine->head.index;
    return GW_OK;
}

static gw_rc start(struct gw_engine *engine, struct gw_err *err)
{
    const struct gw_actor_opts opts = {
        .name = "gw-decider",
        .mailbox_max = engine->opts.mailbox_max,
        .on_message = on_message,
        .on_idle = on_idle,
        .ctx = engine,
    };
    const struct gw_program *program = gw_ledger_program(engine->ledger);
    GW_TRY(claim(engine, err));
    if (program)
        GW_TRY(gw_lane_open(engine, program, err));
    GW_TRY(gw_daemons_open(engine, err));
    GW_TRY(gw_auditor_open(engine, err));
    GW_TRY(gw_keeper_open(engine, err));
    GW_TRY(gw_readers_open(engine, err));
    GW_TRY(gw_actor_start(&opts, &engine->actor, err));
    /* The decider sleeps until told: this is its first message. */
    if (!atomic_exchange(&engine->outcome.queued, true))
        (void)gw_actor_send_always(engine->actor, &engine->outcome.msg);
    return GW_OK;
}

gw_rc gw_engine_open(const struct gw_engine_opts *opts, struct gw_engine **ret,
                     struct gw_engine_report *ret_report, struct gw_err *err)
{
    struct gw_engine *engine = engine_new(opts);
    struct gw_engine_report report = {0};
    if (engine == NULL)
        return GW_FAIL_NOMEM(err);
    gw_rc rc = gw_recover(engine, &report, err);
    if (rc == GW_OK) {
        atomic_store(&engine->outcome.durable,
                     engine->journal->ops->durable_index(engine->journal));
        rc = start(engine, err);
    }
    if (rc < 0) {
        (void)gw_engine_close(engine, NULL);
        return rc;
    }
    if (ret_report)
        *ret_report = report;
    *ret = engine;
    return GW_OK;
}

static void refuse_all(struct gw_request_list *list)
{
    for (struct gw_request *request; (request = gw_list_pop(list)) != NULL;)
        gw_request_answer(request, GW_FAIL(&request->err, GW_CLOSED,
                                           "the engine closed before this was decided"));
}

/** Of batches that did not get to the disk, and answers of stores that found no batch any more: an intent that is in
 *  the journal goes again in the next life. */
static void free_sends(struct gw_store_request **chain)
{
    while (*chain) {
        struct gw_store_request *request = *chain;
        *chain = (struct gw_store_request *)(void *)request->msg.next;
        gw_store_request_free(request);
    }
}

/** What was decided goes to the disk; then the answers that were waiting for it go out. */
static gw_rc settle(struct gw_engine *engine, struct gw_err *err)
{
    bool flush = !engine->failed && engine->journal && engine->ledger;
    if (flush && engine->batch_open && gw_ledger_records(engine->ledger) > 0)
        gw_batch_close_now(engine);
    gw_rc rc = GW_OK;
    if (engine->journal) {
        rc = engine->journal->ops->close(engine->journal,
                                         err); /* syncs what it accepted, reports the outcome */
        engine->journal = NULL;
    }
    if (rc == GW_OK && flush)
        gw_batch_outcome(engine);
    free_sends(&engine->deferred);
    refuse_all(&engine->calls);
    refuse_all(&engine->batch_answers);
    refuse_all(&engine->draining);
    free_sends(&engine->batch_sends);
    for (uint32_t i = 0; i < engine->flight_count; i++) {
        struct gw_flight *flight = &engine->flights[(engine->flight_first + i) % GW_FLIGHTS_MAX];
        refuse_all(&flight->answers);
        free_sends(&flight->sends);
    }
    return rc;
}

gw_rc gw_engine_close(struct gw_engine *engine, struct gw_err *err)
{
    if (engine == NULL)
        return GW_OK;
    engine->closing = true;
    gw_keeper_stop(engine);
    gw_readers_stop(engine);
    gw_lane_close(engine); /* answers of stores still reach the decider */
    if (engine->actor)
        gw_actor_stop(engine->actor);
    gw_rc rc = settle(engine, err);
    gw_fetch_close(engine);
    gw_daemons_close(engine);
    gw_auditor_close(engine);
    gw_keeper_free(engine);
    gw_readers_free(engine);
    gw_lane_free(engine);
    gw_ledger_close(engine->ledger);
    bool clean = rc == GW_OK && !engine->failed && engine->kv != NULL;
    rc = gw_recover_close(engine, clean, rc, err);
    if (engine->actor)
        gw_actor_free(engine->actor);
    gw_buf_done(&engine->payload);
    gw_arena_done(&engine->scratch);
    engine->heap->put(engine->heap->ctx, engine, sizeof(*engine));
    return rc;
}
