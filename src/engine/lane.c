/* A lane: everything between the ledger and one store. Fence first, then the intents of the last life, then what is
 * dirty. After a lost answer the same items go again under a higher attempt (engine spec 5.1). */
#include <stdlib.h>

#include "engine/engine_int.h"
#include "os/clock.h"
#include "os/crash.h"

enum {
    BACKOFF_MIN_MS = 50,
    BACKOFF_MAX_MS = 5000,
    REFUSAL_TRIES = 8,
    URL_MAX = 4096,
    PUSHED_BYTES = 512 * 1024
};

/* ---- failing and coming back ---- */

static void store_event(struct gw_engine *engine, const struct gw_lane *lane,
                        enum gw_store_event event, struct gw_text reason)
{
    struct gw_applied applied;
    const struct gw_record record = {
        .kind = GW_RECORD_STORE,
        .store = {.store = lane->id, .event = event, .epoch = engine->epoch, .reason = reason}};
    (void)gw_batch_record(engine, &record, &applied);
}

static void lane_failed(struct gw_engine *engine, struct gw_lane *lane, const struct gw_err *why)
{
    int64_t now = gw_clock_mono_ns();
    size_t len = strlen(why->msg);
    len = GW_MIN(len, sizeof(lane->last_error_bytes));
    memcpy(lane->last_error_bytes, why->msg, len);
    lane->last_error = (struct gw_text){lane->last_error_bytes, len};
    if (lane->failing_since_ns == 0)
        lane->failing_since_ns = now;
    if (lane->state != GW_LANE_BACKING_OFF) {
        lane->state = GW_LANE_BACKING_OFF;
        int64_t jitter =
            (int64_t)gw_rand_below(&engine->jitter, (uint64_t)lane->backoff_ns / 4 + 1);
        lane->retry_at_ns = now + lane->backoff_ns + jitter;
        lane->backoff_ns = GW_MIN(lane->backoff_ns * 2, BACKOFF_MAX_MS * GW_NS_PER_MS);
    }
    bool long_enough =
        now - lane->failing_since_ns >= (int64_t)engine->opts.park_after_ms * GW_NS_PER_MS;
    if (long_enough && !lane->parked) {
        /* Not journaled: what this process cannot reach is its own matter. In the ledger parked is a person's word, and
         * stays until the person takes it back; this ends by itself, also by a restart. */
        lane->parked = true;
        gw_engine_alert(engine, 2203, "store %.*s is parked: %.*s", GW_TEXT_ARG(lane->decl->name),
                        GW_TEXT_ARG(lane->last_error));
    }
}

static void lane_works(struct gw_lane *lane)
{
    lane->failing_since_ns = 0;
    lane->backoff_ns = GW_LANE_BACKOFF_MIN_MS * GW_NS_PER_MS;
    lane->parked = lane->park_wanted;
}

static void lane_stop(struct gw_engine *engine, struct gw_lane *lane, const struct gw_err *why)
{
    lane->state = GW_LANE_STOPPED;
    gw_engine_fatal(engine, why);
}

/* ---- the fence ---- */

static bool ask(struct gw_engine *engine, struct gw_lane *lane, enum gw_store_call call,
                uint32_t slot)
{
    struct gw_store_request *request = gw_store_request_new(call, engine->actor, lane);
    if (request == NULL)
        return false;
    request->msg.kind = GW_MSG_LANE;
    request->worker = (int32_t)slot;
    request->in.epoch = engine->epoch;
    request->in.attempt = lane->attempts[slot];
    if (call == GW_STORE_CALL_FENCE_TAKE_OVER)
        memcpy(request->in.cluster, engine->opts.take_over, sizeof(request->in.cluster));
    if (gw_store_pool_send(lane->pool, request) == GW_OK)
        return true;
    gw_store_request_free(request);
    return false;
}

static void raise_fence(struct gw_engine *engine, struct gw_lane *lane)
{
    lane->state = GW_LANE_RAISING;
    lane->raised = 0;
    for (uint32_t slot = 0; slot < lane->workers; slot++) {
        lane->attempts[slot]++;
        if (!ask(engine, lane, GW_STORE_CALL_FENCE_RAISE, slot)) {
            struct gw_err busy;
            (void)GW_FAIL(&busy, GW_BUSY, "the store's queue is full");
            lane_failed(engine, lane, &busy);
            return;
        }
    }
}

static void went_back(struct gw_engine *engine, struct gw_lane *lane,
                      const struct gw_store_fence *fence, uint64_t fenced)
{
    char text[160];
    struct gw_buf buf;
    gw_buf_init_fixed(&buf, text, sizeof(text));
    gw_buf_printf(
        &buf, "the fence shows epoch %" PRIu64 ", %" PRIu64 " was set: an older state was restored",
        fence->epoch, fenced);
    lane->state = GW_LANE_STOPPED;
    lane->parked = true;
    store_event(engine, lane, GW_STORE_WENT_BACK, gw_buf_text(&buf));
    gw_engine_alert(engine, 2615, "store %.*s went back: %.*s", GW_TEXT_ARG(lane->decl->name),
                    GW_TEXT_ARG(gw_buf_text(&buf)));
}

static void fence_seen(struct gw_engine *engine, struct gw_lane *lane,
                       const struct gw_store_fence *fence)
{
    static const uint8_t nobody[16];
    struct gw_store_state state;
    struct gw_err err;
    gw_ledger_store_state(engine->ledger, lane->id, &state);
    bool foreign = fence->present && memcmp(fence->cluster, nobody, sizeof(nobody)) != 0 &&
                   memcmp(fence->cluster, engine->cluster, sizeof(nobody)) != 0;
    if (foreign) {
        if (engine->opts.take_over &&
            memcmp(fence->cluster, engine->opts.take_over, sizeof(nobody)) == 0) {
            if (!ask(engine, lane, GW_STORE_CALL_FENCE_TAKE_OVER, 0))
                lane->state = GW_LANE_NEW; /* asked again */
            return;
        }
        char hex[33];
        gw_hex((struct gw_bytes){fence->cluster, sizeof(fence->cluster)}, hex);
        (void)GW_FAIL_CODE(&err, GW_CONFLICT, 2506,
                           "store %.*s belongs to another installation, %s",
                           GW_TEXT_ARG(lane->decl->name), hex);
        gw_err_hint(&err, "if that one is gone for good: --take-over %s", hex);
        lane_stop(engine, lane, &err);
    } else if (
        fence->epoch < state.fenced_epoch &&
        !lane->went_back_seen) { /* an absent one has epoch 0; a store never prepared refuses the raise */
        went_back(engine, lane, fence, state.fenced_epoch);
    } else if (fence->epoch > engine->epoch) {
        (void)GW_FAIL_CODE(&err, GW_CONFLICT, 2507,
                           "store %.*s is fenced by epoch %" PRIu64 ", ours is %" PRIu64,
                           GW_TEXT_ARG(lane->decl->name), fence->epoch, engine->epoch);
        lane_stop(engine, lane, &err);
    } else {
        raise_fence(engine, lane);
    }
}

static void fence_raised(struct gw_engine *engine, struct gw_lane *lane,
                         const struct gw_store_request *request)
{
    struct gw_store_state state;
    bool stale =
        request->in.attempt != lane->attempts[request->worker]; /* of a round before this */
    if (lane->state != GW_LANE_RAISING || stale || ++lane->raised < lane->workers)
        return;
    gw_ledger_store_state(engine->ledger, lane->id, &state);
    if (state.fenced_epoch != engine->epoch)
        store_event(engine, lane, GW_STORE_FENCED, GW_TEXT_LIT("start"));
    lane->state = GW_LANE_READY;
    lane->went_back_seen = false;
    lane_works(lane);
    struct gw_store_request *again = lane->repeats;
    lane->repeats = NULL;
    lane->repeat_count = 0;
    while (again) {
        struct gw_store_request *next = (struct gw_store_request *)(void *)again->msg.next;
        lane->repeats_total++;
        gw_lane_send(engine, again);
        again = next;
    }
}

/* ---- pushing ---- */

static int compare_items(const void *left, const void *right)
{
    const struct gw_push_item *a = left, *b = right;
    if (a->intent.present != b->intent.present)
        return a->intent.present ? -1 : 1; /* deletes come last … */
    uint32_t pa = a->home->owner->position, pb = b->home->owner->position;
    if (pa != pb)
        return (pa < pb) == a->intent.present ? -1 : 1; /* … in reverse order of declaration */
    int order = gw_bytes_compare((struct gw_bytes){(const uint8_t *)&a->home->home.id, 4},
                                 (struct gw_bytes){(const uint8_t *)&b->home->home.id, 4});
    return order ? order : gw_bytes_compare(a->key, b->key);
}

static gw_rc fill_push(struct gw_engine *engine, struct gw_store_request *request,
                       const struct gw_rec_home_key *keys, uint32_t count, struct gw_push *push,
                       struct gw_err *err)
{
    push->items = GW_NEW_ARRAY(&request->arena, struct gw_push_item, count);
    push->store_items = GW_NEW_ARRAY(&request->arena, struct gw_store_item, count);
    push->done = GW_NEW_ARRAY(&request->arena, struct gw_rec_done, count);
    push->bad = GW_NEW_ARRAY(&request->arena, struct gw_rec_bad, count);
    if (push->items == NULL || push->store_items == NULL || push->done == NULL || push->bad == NULL)
        return GW_FAIL_NOMEM(err);
    for (uint32_t i = 0; i < count; i++) {
        gw_rc rc = gw_ledger_push_item(engine->ledger, &keys[i], &request->arena,
                                       &push->items[push->count], err);
        if (rc == GW_NOTFOUND)
            continue; /* skipped by the INTENT: clean, refused or in conflict by now */
        GW_TRY(rc);
        push->count++;
    }
    qsort(push->items, push->count, sizeof(*push->items),
          compare_items); /* total order: keys are unique */
    for (uint32_t i = 0; i < push->count; i++) {
        const struct gw_push_item *item = &push->items[i];
        push->store_items[i] = (struct gw_store_item){
            .home = &item->home->home,
            .key = item->keys,
            .acked = item->acked,
            .intent = item->intent,
            .columns = item->columns,
            .image = item->image,
            .read_back = item->read_back,
            .group = item->group,
        };
    }
    return GW_OK;
}

/** A push of intents that are in the ledger; goes out when the open batch is durable. */
static bool plan_push(struct gw_engine *engine, struct gw_lane *lane,
                      const struct gw_rec_home_key *keys, uint32_t count)
{
    struct gw_err err;
    struct gw_store_request *request =
        gw_store_request_new(GW_STORE_CALL_PUSH, engine->actor, NULL);
    struct gw_push *push = request ? GW_NEW(&request->arena, struct gw_push) : NULL;
    if (push == NULL || fill_push(engine, request, keys, count, push, &err) < 0) {
        gw_store_request_free(request);
        return false;
    }
    if (push->count == 0) {
        gw_store_request_free(request);
        return true;
    }
    request->msg.kind = GW_MSG_LANE;
    push->lane = lane;
    request->ctx = push;
    request->worker = (int32_t)(lane->next_worker++ % lane->workers);
    request->in.items = push->store_items;
    request->in.count = push->count;
    lane->open++;
    gw_batch_send(engine, request);
    return true;
}

static void keep_for_repeat(struct gw_lane *lane, struct gw_store_request *request)
{
    request->msg.next = lane->repeats ? &lane->repeats->msg : NULL;
    lane->repeats = request;
    lane->repeat_count++;
}

void gw_lane_send(struct gw_engine *engine, struct gw_store_request *request)
{
    struct gw_lane *lane = ((struct gw_push *)request->ctx)->lane;
    GW_CRASH_POINT("engine.push.send");
    request->in.epoch = engine->epoch;
    request->in.attempt = lane->attempts[request->worker];
    if (lane->state == GW_LANE_READY && gw_store_pool_send(lane->pool, request) == GW_OK)
        return;
    struct gw_err busy;
    (void)GW_FAIL(&busy, GW_BUSY, "the store's queue is full");
    keep_for_repeat(lane, request);
    if (lane->state == GW_LANE_READY)
        lane_failed(engine, lane, &busy);
}

/** Intents that were open when the process ended: their outcome is unknown, the same image goes again. */
static void push_again(struct gw_engine *engine, struct gw_lane *lane)
{
    struct gw_store_state state;
    struct gw_err err;
    struct gw_rec_home_key *keys = NULL;
    uint32_t count = 0;
    gw_ledger_store_state(engine->ledger, lane->id, &state);
    if (state.intents > 0) {
        if (!gw_batch_ready(engine))
            return;
        gw_arena_reset(&engine->scratch);
        if (gw_ledger_intents(engine->ledger, lane->id, (uint32_t)state.intents, &engine->scratch,
                              &keys, &count, &err) < 0) {
            gw_engine_fatal(engine, &err);
            return;
        }
    }
    for (uint32_t i = 0; i < count; i += lane->decl->batch) {
        if (plan_push(engine, lane, keys + i, GW_MIN(lane->decl->batch, count - i)))
            continue;
        /* Going on later could send one of them twice at a time. */
        (void)GW_FAIL_NOMEM(&err);
        gw_engine_fatal(engine, &err);
        return;
    }
    lane->recovered = true;
}

static void push_dirty(struct gw_engine *engine, struct gw_lane *lane)
{
    struct gw_store_state state;
    struct gw_err err;
    struct gw_applied applied;
    while (lane->open < engine->opts.push_open_max) {
        gw_ledger_store_state(engine->ledger, lane->id, &state);
        if (state.dirty_rows == 0 || !gw_batch_ready(engine))
            return;
        struct gw_record record = {.kind = GW_RECORD_INTENT,
                                   .intent = {.store = lane->id, .epoch = engine->epoch}};
        gw_arena_reset(&engine->scratch);
        if (gw_ledger_dirty(
                engine->ledger, lane->id, GW_MIN(lane->decl->batch, (uint32_t)GW_STORE_PUSH_MAX),
                &engine->scratch, &record.intent.keys, &record.intent.key_count, &err) < 0) {
            gw_engine_fatal(engine, &err);
            return;
        }
        if (record.intent.key_count == 0 || !gw_batch_record(engine, &record, &applied))
            return;
        if (!plan_push(engine, lane, record.intent.keys, record.intent.key_count))
            return;
    }
}

static void lane_plan(struct gw_engine *engine, struct gw_lane *lane)
{
    bool due = lane->retry_at_ns <= gw_clock_mono_ns();
    switch (lane->state) {
    case GW_LANE_NEW:
        if (ask(engine, lane, GW_STORE_CALL_FENCE_READ, 0))
            lane->state = GW_LANE_READING;
        break;
    case GW_LANE_BACKING_OFF: /* all answers are in before the attempt is raised, so none can be mistaken */
        if (due && lane->open == lane->repeat_count)
            lane->state = GW_LANE_NEW;
        break;
    case GW_LANE_READY:
        if (lane->park_wanted || gw_ledger_halted(engine->ledger))
            break;
        if (!lane->recovered)
            push_again(engine, lane);
        else
            push_dirty(engine, lane);
        break;
    case GW_LANE_READING:
    case GW_LANE_RAISING:
    case GW_LANE_STOPPED:
        break;
    }
}

void gw_lane_plan(struct gw_engine *engine)
{
    /* Those of a program that is still being looked at are not ours to fence. */
    const struct gw_program *program = gw_ledger_program(engine->ledger);
    uint32_t count = program ? GW_MIN(program->store_count, engine->lane_count) : 0;
    for (uint32_t i = 0; i < count && !engine->failed; i++)
        lane_plan(engine, &engine->lanes[i]);
}

int64_t gw_lane_due(const struct gw_engine *engine)
{
    int64_t due = GW_ACTOR_NEVER;
    for (uint32_t i = 0; i < engine->lane_count; i++) {
        const struct gw_lane *lane = &engine->lanes[i];
        if (lane->state == GW_LANE_BACKING_OFF &&
            (due == GW_ACTOR_NEVER || lane->retry_at_ns < due))
            due = lane->retry_at_ns;
    }
    return due;
}

/* ---- answers of pushes ---- */

static struct gw_rec_bad bad_of(const struct gw_push_item *item,
                                const struct gw_store_result *result)
{
    bool conflict = result->outcome == GW_STORE_CONFLICT;
    return (struct gw_rec_bad){
        .home = item->home->home.id,
        .key = item->key,
        .kind = conflict ? GW_BAD_CONFLICT : GW_BAD_REFUSED,
        .conflict = result->conflict,
        .present = result->found.present,
        .ver = result->found.ver,
        .hash = result->found.hash,
        .image = result->found.image,
        .cls = result->cls,
        .text = result->text,
    };
}

/** The next results as one record that a batch takes: rows that somebody changed come with what they hold now.
 *  @return how many results it tells of */
static uint32_t pushed_record(const struct gw_engine *engine,
                              const struct gw_store_request *request, struct gw_record *ret)
{
    const struct gw_push *push = request->ctx;
    uint32_t from = push->told, count = 0;
    size_t bytes = 0, room = GW_MIN((size_t)PUSHED_BYTES, engine->payload.bytes_max / 2);
    *ret = (struct gw_record){
        .kind = GW_RECORD_PUSHED,
        .pushed = {
            .store = push->lane->id, .epoch = engine->epoch, .done = push->done, .bad = push->bad}};
    for (; from + count < push->count && bytes < room; count++) {
        const struct gw_store_result *result = &request->out.results[from + count];
        const struct gw_push_item *item = &push->items[from + count];
        bytes += 64 + item->key.len;
        if (result->outcome == GW_STORE_APPLIED || result->outcome == GW_STORE_ALREADY) {
            push->done[ret->pushed.done_count++] =
                (struct gw_rec_done){item->home->home.id, item->key, item->intent.ver,
                                     result->outcome == GW_STORE_ALREADY};
        } else {
            push->bad[ret->pushed.bad_count++] = bad_of(item, result);
            bytes += result->found.image.len + result->text.len;
        }
    }
    return count;
}

/** Shapes that came back as they were sent are trusted from now on. */
static void gates_passed(struct gw_engine *engine, struct gw_store_request *request)
{
    const struct gw_push *push = request->ctx;
    const struct gw_lane *lane = push->lane;
    for (uint32_t i = 0; i < push->count; i++) {
        const struct gw_push_item *item = &push->items[i];
        struct gw_applied applied;
        bool again = false;
        if (!item->read_back || request->out.results[i].outcome != GW_STORE_APPLIED)
            continue;
        for (uint32_t j = 0; j < i && !again; j++)
            again = push->items[j].read_back && push->items[j].home == item->home &&
                    push->items[j].shape == item->shape;
        const struct gw_record record = {.kind = GW_RECORD_STORE,
                                         .store = {.store = lane->id,
                                                   .event = GW_STORE_GATE_PASSED,
                                                   .home = item->home->home.id,
                                                   .shape = item->shape}};
        if (!again && !gw_batch_record(engine, &record, &applied))
            return; /* read back once more next time: no harm */
    }
}

static void note_refusals(struct gw_engine *engine, struct gw_lane *lane,
                          const struct gw_rec_pushed *pushed)
{
    struct gw_store_state state;
    gw_ledger_store_state(engine->ledger, lane->id, &state);
    for (uint32_t i = 0; i < pushed->bad_count; i++) {
        const struct gw_rec_bad *bad = &pushed->bad[i];
        lane->conflicts += bad->kind == GW_BAD_CONFLICT;
        lane->refused += bad->kind == GW_BAD_REFUSED;
        if (bad->kind == GW_BAD_REFUSED && bad->cls == GW_STORE_CLASS_ROUND_TRIP)
            gw_engine_alert(engine, 2106, "store %.*s: %.*s", GW_TEXT_ARG(lane->decl->name),
                            GW_TEXT_ARG(bad->text));
    }
    if (state.refused_rows == 0) {
        lane->refusal_tries = 0;
    } else if (pushed->done_count > 0 && lane->refusal_tries < REFUSAL_TRIES) {
        lane->refusal_tries++; /* another row landed: it may have been what a UNIQUE or foreign key waited for */
        store_event(engine, lane, GW_STORE_RETRY, GW_TEXT_LIT("another row was written"));
    }
}

static void push_answered(struct gw_engine *engine, struct gw_lane *lane,
                          struct gw_store_request *request)
{
    struct gw_push *push = request->ctx;
    struct gw_record record;
    struct gw_applied applied;
    GW_CRASH_POINT("engine.push.answered");
    if (request->rc < 0) { /* nobody knows what landed */
        keep_for_repeat(lane, request);
        lane_failed(engine, lane, &request->err);
        return;
    }
    while (push->told < push->count) {
        uint32_t count = pushed_record(engine, request, &record);
        if (!gw_batch_record(engine, &record, &applied)) {
            gw_engine_defer(engine, request); /* it goes on where it stands */
            return;
        }
        push->told += count;
        lane->pushed_rows += record.pushed.done_count;
        note_refusals(engine, lane, &record.pushed);
    }
    gates_passed(engine, request);
    lane->open--;
    lane_works(lane);
    gw_store_request_free(request);
}

void gw_lane_answered(struct gw_engine *engine, struct gw_store_request *request)
{
    if (request->call == GW_STORE_CALL_PUSH) {
        push_answered(engine, ((struct gw_push *)request->ctx)->lane, request);
        return;
    }
    struct gw_lane *lane = request->ctx;
    if (request->rc < 0)
        lane_failed(engine, lane, &request->err);
    else if (request->call == GW_STORE_CALL_FENCE_READ)
        fence_seen(engine, lane, &request->out.fence);
    else if (request->call == GW_STORE_CALL_FENCE_RAISE)
        fence_raised(engine, lane, request);
    else if (request->call == GW_STORE_CALL_FENCE_TAKE_OVER)
        lane->state = GW_LANE_NEW;
    gw_store_request_free(request);
}
