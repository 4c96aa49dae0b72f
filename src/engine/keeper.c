/* The keeper: checkpoints, and which part of the journal may go. Its own actor, because copies take long. */
#include "engine/checkpoint.h"
#include "engine/engine_int.h"
#include "os/clock.h"

enum { SMALL_CHECKPOINT_BYTES = 64 << 20 };

struct gw_keeper {
    struct gw_engine *engine;
    struct gw_actor *actor;
    struct gw_msg ask, answer;
    bool busy;
    uint64_t bytes_at_last;
    int64_t last_ns;
    uint64_t newest, older; /* indices of the two checkpoints that are kept */
    /* the actor's, until the answer */
    struct gw_checkpoint checkpoint;
    gw_rc rc;
    struct gw_err err;
    struct gw_request_list waiting; /* CHECKPOINT requests */
};

static void on_ask(void *ctx, struct gw_msg *msg)
{
    struct gw_keeper *keeper = ctx;
    struct gw_engine *engine = keeper->engine;
    struct gw_kv_snap *snap = NULL;
    (void)msg;
    keeper->rc = engine->kv->ops->snapshot_durable(engine->kv, &snap, &keeper->err);
    if (keeper->rc == GW_OK) {
        if (engine->kv->ops->snap_applied(snap) > keeper->newest)
            keeper->rc = gw_checkpoint_write(engine->state, engine->kv, snap, &keeper->checkpoint,
                                             &keeper->err);
        else
            keeper->checkpoint.mark.applied = keeper->newest;
        engine->kv->ops->release(snap);
    }
    (void)gw_actor_send_always(engine->actor, &keeper->answer);
}

static uint64_t journal_bytes(struct gw_engine *engine)
{
    struct gw_journal_stats stats;
    engine->journal->ops->stats(engine->journal, &stats);
    return stats.synced_bytes;
}

static void ask(struct gw_keeper *keeper)
{
    keeper->busy = true;
    keeper->last_ns = gw_clock_mono_ns();
    keeper->bytes_at_last = journal_bytes(keeper->engine);
    if (gw_actor_send_always(keeper->actor, &keeper->ask) < 0)
        keeper->busy = false;
}

void gw_keeper_plan(struct gw_engine *engine)
{
    struct gw_keeper *keeper = engine->keeper;
    if (keeper == NULL || keeper->busy || engine->closing || engine->failed)
        return;
    struct gw_kv_stats kv;
    uint64_t written = journal_bytes(engine) - keeper->bytes_at_last;
    bool old = gw_clock_mono_ns() - keeper->last_ns >= (int64_t)engine->opts.checkpoint_ns &&
               written >= SMALL_CHECKPOINT_BYTES;
    if (!old && written < engine->opts.checkpoint_bytes)
        return;
    engine->kv->ops->stats(engine->kv, &kv);
    if (old || written >= GW_MAX(engine->opts.checkpoint_bytes, kv.disk_bytes))
        ask(keeper);
}

void gw_keeper_ask(struct gw_engine *engine, struct gw_request *request)
{
    gw_list_push(&engine->keeper->waiting, request);
    if (!engine->keeper->busy)
        ask(engine->keeper);
}

void gw_keeper_answered(struct gw_engine *engine)
{
    struct gw_keeper *keeper = engine->keeper;
    keeper->busy = false;
    if (keeper->rc < 0) {
        gw_engine_alert(engine, 2706, "no checkpoint: %s", keeper->err.msg);
    } else if (keeper->checkpoint.mark.applied > keeper->newest) {
        keeper->older = keeper->newest;
        keeper->newest = keeper->checkpoint.mark.applied;
        if (keeper->older > 0)
            (void)engine->journal->ops->keep_from(engine->journal, keeper->older, NULL);
    }
    for (struct gw_request *request; (request = gw_list_pop(&keeper->waiting)) != NULL;) {
        request->out.at.index = keeper->newest;
        if (keeper->rc < 0)
            request->err = keeper->err;
        gw_request_answer(request, keeper->rc);
    }
}

gw_rc gw_keeper_open(struct gw_engine *engine, struct gw_err *err)
{
    struct gw_keeper *keeper = engine->heap->get(engine->heap->ctx, sizeof(*keeper));
    if (keeper == NULL)
        return GW_FAIL_NOMEM(err);
    *keeper = (struct gw_keeper){
        .engine = engine, .answer = {.kind = GW_MSG_CHECKPOINTED}, .last_ns = gw_clock_mono_ns()};
    engine->keeper = keeper;
    const struct gw_actor_opts opts = {
        .name = "gw-keeper", .mailbox_max = 1, .on_message = on_ask, .ctx = keeper};
    return gw_actor_start(&opts, &keeper->actor, err);
}

void gw_keeper_stop(struct gw_engine *engine)
{
    if (engine->keeper && engine->keeper->actor)
        gw_actor_stop(engine->keeper->actor);
}

void gw_keeper_free(struct gw_engine *engine)
{
    if (engine->keeper == NULL)
        return;
    for (struct gw_request *request; (request = gw_list_pop(&engine->keeper->waiting)) != NULL;)
        gw_request_answer(request, GW_FAIL(&request->err, GW_CLOSED, "the engine is closing"));
    if (engine->keeper->actor)
        gw_actor_free(
            engine->keeper->actor); /* not before: until it stopped the decider asked it */
    engine->heap->put(engine->heap->ctx, engine->keeper, sizeof(*engine->keeper));
    engine->keeper = NULL;
}
