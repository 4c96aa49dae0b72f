/* Calls: decided in order of arrival, in the open batch; one that needs keys waits for them and comes again. */
#include "codec/cbor.h"
#include "engine/engine_int.h"
#include "os/clock.h"
#include "os/heap.h"

enum { REQUEST_ARENA_MAX = 8 << 20, CALLS_PER_TURN = 4096, ASKED_MAX = 2048 };

void gw_list_init(struct gw_request_list *list)
{
    *list = (struct gw_request_list){0};
}

void gw_list_push(struct gw_request_list *list, struct gw_request *request)
{
    request->next = NULL;
    if (list->count++ == 0)
        list->first = request;
    else
        list->last->next = request;
    list->last = request;
}

struct gw_request *gw_list_pop(struct gw_request_list *list)
{
    struct gw_request *request = list->first;
    if (request) {
        list->first = request->next;
        list->count--;
    }
    return request;
}

struct gw_request *gw_request_new(enum gw_request_kind kind, struct gw_actor *reply_to, void *ctx)
{
    const struct gw_alloc *heap = gw_os_heap();
    struct gw_request *request = heap->get(heap->ctx, sizeof(*request));
    if (request == NULL)
        return NULL;
    *request = (struct gw_request){.kind = kind, .reply_to = reply_to, .ctx = ctx};
    gw_arena_init(&request->arena, heap, REQUEST_ARENA_MAX);
    gw_buf_init(&request->asked, heap, ASKED_MAX * sizeof(uint64_t));
    return request;
}

void gw_request_free(struct gw_request *request)
{
    if (request == NULL)
        return;
    const struct gw_alloc *heap = gw_os_heap();
    gw_arena_done(&request->arena);
    gw_buf_done(&request->asked);
    heap->put(heap->ctx, request, sizeof(*request));
}

void gw_request_reset(struct gw_request *request)
{
    gw_arena_reset(&request->arena);
    memset(&request->in, 0, sizeof(request->in));
    memset(&request->out, 0, sizeof(request->out));
    request->rc = GW_OK;
    request->deadline_ns = 0;
    request->tries = 0;
    gw_buf_reset(&request->asked);
    request->start = (struct gw_arena_mark){0};
    request->failed_count = 0;
    request->failed = NULL;
}

void gw_request_answer(struct gw_request *request, gw_rc rc)
{
    request->rc = rc;
    request->msg.kind = request->sender_kind;
    (void)gw_actor_send_always(request->reply_to, &request->msg);
}

bool gw_request_moved(struct gw_request *request, const struct gw_missing_key *missing,
                      uint32_t count)
{
    bool moved = false;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t hash = gw_hash64(missing[i].key, missing[i].entity->entity.id);
        for (size_t at = 0; at < request->asked.len && !moved; at += sizeof(hash))
            moved = memcmp(request->asked.data + at, &hash, sizeof(hash)) == 0;
        gw_buf_put(&request->asked, &hash, sizeof(hash));
    }
    return moved ||
           request->asked.failed; /* more keys than any function may touch: they move as well */
}

void gw_calls_take(struct gw_engine *engine, struct gw_request *request)
{
    gw_list_push(&engine->calls, request);
}

static void refuse(struct gw_request *request, gw_rc rc, gw_code code, struct gw_text text)
{
    gw_request_answer(request, GW_FAIL_CODE(&request->err, rc, code, "%.*s", GW_TEXT_ARG(text)));
}

/** A store that this function writes to is full of rows not pushed yet. */
static bool is_backed_up(struct gw_engine *engine, const struct gw_fn *fn)
{
    uint64_t max = gw_ledger_limits(engine->ledger)->dirty_bytes_max;
    for (uint32_t i = 0; i < engine->lane_count; i++) {
        struct gw_store_state state;
        if ((fn->cost.stores >> i & 1) == 0)
            continue;
        gw_ledger_store_state(engine->ledger, engine->lanes[i].id, &state);
        if (state.dirty_bytes > max)
            return true;
    }
    return false;
}

/** What is spliced into a record must be whole, or the record could not be read back. */
static bool is_one_item(struct gw_bytes args)
{
    struct gw_cbor_reader r = gw_cbor_reader(args);
    (void)gw_cbor_skip(&r);
    gw_cbor_end(&r);
    return !gw_cbor_failed(&r);
}

/** @return false when the request has been answered */
static bool admit(struct gw_engine *engine, struct gw_request *request)
{
    const struct gw_program *program = gw_ledger_program(engine->ledger);
    const struct gw_fn *fn = program ? gw_program_fn(program, request->in.fn) : NULL;
    if (fn == NULL || fn->kind != GW_FN_TXN) {
        gw_request_answer(request,
                          GW_FAIL_CODE(&request->err, GW_NOTFOUND, 2202, "no txn is named `%.*s`",
                                       GW_TEXT_ARG(request->in.fn)));
        return false;
    }
    if (!is_one_item(request->in.args)) {
        refuse(request, GW_INVALID, 2110, GW_TEXT_LIT("the arguments are not one canonical array"));
        return false;
    }
    if (is_backed_up(engine, fn)) {
        refuse(request, GW_BUSY, 2429,
               GW_TEXT_LIT("too many rows wait to be written to the stores"));
        return false;
    }
    request->out.fn = fn;
    return true;
}

static struct gw_rec_txn txn_record(const struct gw_request *request)
{
    return (struct gw_rec_txn){
        .client = request->in.client,
        .seq = request->in.seq,
        .key_hash = request->in.key_hash,
        .fn = request->out.fn->id,
        .args = request->in.args,
        .actor = request->in.actor,
        .try_count = request->tries + 1,
        .failed = request->failed,
        .failed_count = request->failed_count,
    };
}

static void decided(struct gw_engine *engine, struct gw_request *request,
                    const struct gw_applied *applied)
{
    request->out.applied = applied->kind;
    request->out.at = applied->at;
    request->out.result = gw_arena_copy(&request->arena, applied->result);
    engine->metrics.calls++;
    engine->metrics.duplicates += applied->kind == GW_APPLIED_DUPLICATE;
    gw_batch_answer(engine, request);
}

/** @return false: no room now, the request is still ours */
static bool run_one(struct gw_engine *engine, struct gw_request *request)
{
    struct gw_applied applied;
    const struct gw_record record = {.kind = GW_RECORD_TXN, .txn = txn_record(request)};
    if (!gw_batch_record(engine, &record, &applied))
        return false;
    switch (applied.kind) {
    case GW_APPLIED_DONE:
    case GW_APPLIED_DUPLICATE: /* its first answer may not be durable yet: this one waits as well */
        decided(engine, request, &applied);
        break;
    case GW_APPLIED_NEEDS_KEYS:
        request->tries += gw_request_moved(request, applied.missing, applied.missing_count);
        engine->metrics.refetches++;
        gw_fetch_for(engine, request, applied.missing, applied.missing_count);
        break;
    case GW_APPLIED_EXPIRED:
        refuse(request, GW_CONFLICT, 2434,
               GW_TEXT_LIT("the session forgot this call: its outcome is unknown"));
        break;
    case GW_APPLIED_REFUSED:
        refuse(request,
               applied.refused_code == 2430 || applied.refused_code == 2433 ? GW_BUSY : GW_INVALID,
               applied.refused_code, applied.refused);
        break;
    }
    return true;
}

static bool is_late(const struct gw_request *request)
{
    return request->deadline_ns && gw_clock_mono_ns() > request->deadline_ns;
}

void gw_calls_run(struct gw_engine *engine)
{
    for (uint32_t i = 0; i < CALLS_PER_TURN && engine->calls.count; i++) {
        if (!gw_batch_ready(engine))
            return;
        struct gw_request *request = gw_list_pop(&engine->calls);
        if (request->out.fn == NULL && !admit(engine, request))
            continue;
        if (request->asked.len && is_late(request)) {
            refuse(request, GW_TIMEOUT, 2201, GW_TEXT_LIT("its keys were not read in time"));
            continue;
        }
        if (run_one(engine, request))
            continue;
        request->next = engine->calls.first; /* it keeps its place */
        if (engine->calls.count++ == 0)
            engine->calls.last = request;
        engine->calls.first = request;
        return;
    }
}
