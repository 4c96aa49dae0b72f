/* Reader actors: views on snapshots of what is durable, beside the decider. A view that misses keys goes to the decider,
 * which reads them, and comes back. */
#include "ledger/view.h"
#include "engine/engine_int.h"
#include "os/clock.h"

struct gw_reader {
    struct gw_engine *engine;
    struct gw_actor *actor;
    struct gw_kv_snap *snap; /* kept while nothing newer is durable and requests come */
};

static void drop_snapshot(struct gw_reader *reader)
{
    if (reader->snap)
        reader->engine->kv->ops->release(reader->snap);
    reader->snap = NULL;
}

static gw_rc fresh_snapshot(struct gw_reader *reader, struct gw_err *err)
{
    const struct gw_kv_ops *kv = reader->engine->kv->ops;
    uint64_t published = atomic_load(&reader->engine->published);
    if (reader->snap && kv->snap_applied(reader->snap) >= published)
        return GW_OK;
    drop_snapshot(reader);
    return kv->snapshot_durable(reader->engine->kv, &reader->snap, err);
}

static gw_rc find_view(struct gw_request *request, const struct gw_program *program,
                       struct gw_err *err)
{
    const struct gw_fn *fn = program ? gw_program_fn(program, request->in.fn) : NULL;
    bool is_shadow = request->in.view == GW_VIEW_SHADOW && fn && fn->kind == GW_FN_TXN;
    if (fn == NULL || (fn->kind != GW_FN_VIEW && !is_shadow))
        return GW_FAIL_CODE(err, GW_NOTFOUND, 2202, "no view is named `%.*s`",
                            GW_TEXT_ARG(request->in.fn));
    request->out.fn = fn;
    return GW_OK;
}

static gw_rc encode(struct gw_request *request, const struct gw_vm_result *result,
                    struct gw_err *err)
{
    struct gw_buf bytes;
    size_t room = 64 + result->detail.len + (result->type ? (size_t)result->type->bytes_max : 0);
    uint8_t *memory = gw_arena_get_raw(&request->arena, room);
    if (memory == NULL)
        return GW_FAIL_NOMEM(err);
    gw_buf_init_fixed(&bytes, memory, room);
    gw_call_result_encode(request->out.fn, result, &bytes);
    request->out.result = gw_buf_bytes(&bytes);
    return gw_buf_check(&bytes, "result", err);
}

/** @return GW_NOTFOUND with request->missing set: keys have to be read first */
static gw_rc run_view(struct gw_reader *reader, struct gw_request *request, struct gw_err *err)
{
    struct gw_engine *engine = reader->engine;
    const struct gw_program *program = gw_engine_program(engine);
    union gw_value *args = NULL;
    struct gw_view_result result;
    GW_TRY(find_view(request, program, err));
    GW_TRY(fresh_snapshot(reader, err));
    uint64_t index = engine->kv->ops->snap_applied(reader->snap);
    if (request->in.view == GW_VIEW_AT_LEAST && index < request->in.at_index)
        return GW_FAIL_CODE(err, GW_TIMEOUT, 2204,
                            "index %" PRIu64 " is not durable yet, %" PRIu64 " is",
                            request->in.at_index, index);
    if (request->in.view == GW_VIEW_AS_OF && request->out.fn->uses_collections)
        return GW_FAIL_CODE(err, GW_INVALID, 2205,
                            "`%.*s` uses tables, indexes or counters: they have no history",
                            GW_TEXT_ARG(request->in.fn));
    GW_TRY(gw_args_decode(request->out.fn, request->in.args, &request->arena, &args, err));
    const struct gw_view_opts opts = {
        .kv = engine->kv,
        .snap = reader->snap,
        .program = program,
        .fn = request->out.fn,
        .args = args,
        .at = {.time_ns = gw_clock_wall_ns(), .index = index},
        .as_of = request->in.view == GW_VIEW_AS_OF ? request->in.at_index : 0,
        .arena = &request->arena,
    };
    GW_TRY(gw_ledger_view(&opts, &result, err));
    request->out.at.index = opts.as_of ? opts.as_of : index;
    if (result.vm.status == GW_VM_NEEDS_KEYS) {
        request->missing = result.missing;
        request->missing_count = result.missing_count;
        return GW_NOTFOUND;
    }
    return encode(request, &result.vm, err);
}

static void on_view(void *ctx, struct gw_msg *msg)
{
    struct gw_reader *reader = ctx;
    struct gw_request *request = (struct gw_request *)(void *)msg;
    request->missing_count = 0;
    if (request->asked.len == 0)
        request->start = gw_arena_mark(&request->arena);
    gw_arena_back_to(&request->arena, request->start); /* what an earlier run left behind */
    gw_rc rc = run_view(reader, request, &request->err);
    if (rc == GW_NOTFOUND && request->missing_count > 0) {
        request->msg.kind = GW_MSG_REQUEST;
        (void)gw_actor_send_always(reader->engine->actor, &request->msg);
        return;
    }
    gw_request_answer(request, rc);
}

static void on_reader_idle(void *ctx)
{
    drop_snapshot(ctx);
}

gw_rc gw_readers_open(struct gw_engine *engine, struct gw_err *err)
{
    for (uint32_t i = 0; i < engine->opts.readers; i++) {
        struct gw_reader *reader = engine->heap->get(engine->heap->ctx, sizeof(*reader));
        if (reader == NULL)
            return GW_FAIL_NOMEM(err);
        *reader = (struct gw_reader){.engine = engine};
        const struct gw_actor_opts opts = {
            .name = "gw-reader",
            .mailbox_max = engine->opts.mailbox_max,
            .on_message = on_view,
            .on_idle = on_reader_idle,
            .ctx = reader,
        };
        gw_rc rc = gw_actor_start(&opts, &reader->actor, err);
        if (rc < 0) {
            engine->heap->put(engine->heap->ctx, reader, sizeof(*reader));
            return rc;
        }
        engine->readers[engine->reader_count++] = reader;
    }
    return GW_OK;
}

void gw_readers_stop(struct gw_engine *engine)
{
    for (uint32_t i = 0; i < engine->reader_count; i++)
        gw_actor_stop(engine->readers[i]->actor);
}

void gw_readers_free(struct gw_engine *engine)
{
    for (uint32_t i = 0; i < engine->reader_count; i++) {
        struct gw_reader *reader = engine->readers[i];
        gw_actor_free(reader->actor);
        engine->heap->put(engine->heap->ctx, reader, sizeof(*reader));
    }
    engine->reader_count = 0;
}

/** Straight from the sender's thread: a view costs the decider nothing. */
gw_rc gw_view_send(struct gw_engine *engine, struct gw_request *request)
{
    uint32_t at = atomic_fetch_add(&engine->reader_next, 1) % engine->reader_count;
    return gw_actor_send(engine->readers[at]->actor, &request->msg);
}

/** On the decider: a view that misses keys, or one whose keys have been read. */
void gw_view_take(struct gw_engine *engine, struct gw_request *request)
{
    request->tries += gw_request_moved(request, request->missing, request->missing_count);
    if (request->tries >= GW_TRIES_MAX) {
        gw_request_answer(request, GW_FAIL_CODE(&request->err, GW_UNREACHABLE, 2201,
                                                "keys moved while they were read"));
        return;
    }
    gw_fetch_for(engine, request, request->missing, request->missing_count);
}

void gw_view_again(struct gw_engine *engine, struct gw_request *request)
{
    if (request->failed_count > 0) {
        const struct gw_rec_failed *failed = &request->failed[0];
        gw_request_answer(request, GW_FAIL_CODE(&request->err, GW_UNREACHABLE, 2201,
                                                "a key could not be read: %s: %.*s",
                                                gw_fetch_class_text(failed->cls),
                                                GW_TEXT_ARG(failed->text)));
        return;
    }
    if (engine
            ->closing) { /* the readers are gone: what a close makes durable still comes through here */
        gw_request_answer(request, GW_FAIL(&request->err, GW_CLOSED, "the engine is closing"));
        return;
    }
    uint32_t at = atomic_fetch_add(&engine->reader_next, 1) % engine->reader_count;
    if (gw_actor_send_always(engine->readers[at]->actor, &request->msg) < 0)
        gw_request_answer(request, GW_FAIL(&request->err, GW_CLOSED, "the engine is closing"));
}
