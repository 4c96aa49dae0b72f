/* A client with the engine in this process: questions are requests, answers come to an actor on the client's loop. */
#include "api/args.h"
#include "api/lib_int.h"

enum { MAILBOX_MAX = 1024 };

/* ---- answers ---- */

static enum gw_outcome outcome_of(const struct gw_request *request)
{
    if (request->out.result.len < 2)
        return GW_OUTCOME_OK;
    uint8_t status = request->out.result.data[1];
    return status == 0 ? GW_OUTCOME_OK : status == 1 ? GW_OUTCOME_FAIL : GW_OUTCOME_ABORT;
}

static gw_rc fill_reply(struct gw_slot *slot, struct gw_reply *reply, struct gw_err *err)
{
    struct gw_request *request = slot->request;
    struct gw_text text = {"", 0};
    reply->index = request->out.at.index;
    reply->record = request->out.at.record;
    switch (slot->kind) {
    case GW_QUERY_CALL:
    case GW_QUERY_VIEW:
        reply->outcome = outcome_of(request);
        if (slot->is_json) {
            GW_TRY(gw_result_to_json(request->out.fn, request->out.result, &request->arena, &text,
                                     err));
        } else {
            text = gw_bytes_text(request->out.result);
        }
        break;
    case GW_QUERY_WARM:
        text = gw_arena_printf(&request->arena, "{\"resident\":%u,\"fetched\":%u,\"failed\":%u}",
                               request->out.resident, request->out.fetched, request->out.failed);
        break;
    case GW_QUERY_STATUS:
        text = request->out.json;
        break;
    case GW_QUERY_SESSION:
        reply->session = request->out.number;
        break;
    }
    text = slot->is_json ? gw_arena_copy_text(&request->arena, text) : text;
    reply->data = text.data;
    reply->len = text.len;
    return text.data ? GW_OK : GW_FAIL_NOMEM(err);
}

static void on_message(void *ctx, struct gw_msg *msg)
{
    struct gw_request *request = (struct gw_request *)(void *)msg;
    struct gw_slot *slot = request->ctx;
    struct gw_reply reply = {0};
    struct gw_err err;
    (void)ctx;
    if (request->rc < 0) {
        gw_slot_failed(slot, &request->err);
    } else if (fill_reply(slot, &reply, &err) < 0) {
        gw_slot_failed(slot, &err);
    } else {
        gw_slot_done(slot, &reply);
    }
}

/* ---- questions ---- */

static const enum gw_request_kind kinds[] = {[GW_QUERY_CALL] = GW_REQUEST_CALL,
                                             [GW_QUERY_VIEW] = GW_REQUEST_VIEW,
                                             [GW_QUERY_WARM] = GW_REQUEST_WARM,
                                             [GW_QUERY_STATUS] = GW_REQUEST_STATUS,
                                             [GW_QUERY_SESSION] = GW_REQUEST_SESSION};
static const uint32_t views[] = {[GW_QUERY_LINEARIZABLE] = GW_VIEW_LINEARIZABLE,
                                 [GW_QUERY_AT_LEAST] = GW_VIEW_AT_LEAST,
                                 [GW_QUERY_AS_OF] = GW_VIEW_AS_OF,
                                 [GW_QUERY_STALE_OK] = GW_VIEW_STALE_OK};

static gw_rc set_args(struct gw_client *client, struct gw_request *request,
                      const struct gw_query *query, struct gw_err *err)
{
    const struct gw_program *program = gw_engine_program(client->engine);
    struct gw_json_doc doc = {0};
    const struct gw_bytes cbor = {query->cbor, query->cbor_len};
    request->in.fn = gw_arena_copy_text(&request->arena, gw_text(query->fn));
    if (request->in.fn.data == NULL)
        return GW_FAIL_NOMEM(err);
    if (query->cbor) {
        request->in.args = gw_arena_copy(&request->arena, cbor);
        return request->in.args.data ? GW_OK : GW_FAIL_NOMEM(err);
    }
    const struct gw_fn *fn = program ? gw_program_fn(program, request->in.fn) : NULL;
    if (fn == NULL)
        return GW_FAIL_CODE(err, GW_NOTFOUND, 2202, "nothing is named `%s`", query->fn);
    if (query->json) {
        struct gw_text text = gw_arena_copy_text(&request->arena, gw_text(query->json));
        if (text.data == NULL)
            return GW_FAIL_NOMEM(err);
        GW_TRY(gw_json_parse(text, NULL, &request->arena, &doc, err));
    }
    return gw_args_from_json(fn, doc.root, &request->arena, &request->in.args, err);
}

static gw_rc local_send(struct gw_client *client, struct gw_slot *slot,
                        const struct gw_query *query, struct gw_err *err)
{
    if (slot->request == NULL)
        slot->request = gw_request_new(kinds[query->kind], client->actor, slot);
    struct gw_request *request = slot->request;
    if (request == NULL)
        return GW_FAIL_NOMEM(err);
    gw_request_reset(request);
    request->kind = kinds[query->kind];
    request->in.actor = GW_TEXT_LIT("embedded");
    if (query->kind <= GW_QUERY_WARM)
        GW_TRY(set_args(client, request, query, err));
    if (query->kind == GW_QUERY_SESSION)
        request->in.verb = GW_SESSION_OPEN;
    if (query->kind == GW_QUERY_CALL && slot->session) {
        request->in.client = slot->session;
        request->in.seq = slot->seq;
    }
    request->in.view = views[query->freshness];
    request->in.at_index = query->index;
    gw_rc rc = gw_engine_send(client->engine, request);
    return rc < 0 ? GW_FAIL(err, rc, "the engine takes no more calls now") : GW_OK;
}

static void flush(struct gw_client *client)
{
    (void)client;
}

static void local_close(struct gw_client *client)
{
    (void)gw_engine_close(client->engine, NULL); /* answers everything */
    client->engine = NULL;
    gw_loop_unhost(client->loop, client->actor);
    client->actor = NULL;
}

static const struct gw_client_ops local_ops = {
    .send = local_send, .flush = flush, .close = local_close};

/* ---- the program ---- */

struct deployment {
    bool done;
    gw_rc rc;
    struct gw_err err;
};

static void on_deployed(void *ctx, const struct gw_reply *reply)
{
    struct deployment *deployment = ctx;
    deployment->done = true;
    deployment->rc = reply->why ? (gw_rc)reply->why->rc : GW_OK;
    if (reply->why) {
        (void)gw_err_fill(&deployment->err, deployment->rc, 0, (gw_code)reply->why->code, __FILE__,
                          __LINE__, "%s", reply->why->text);
    }
}

static gw_rc deploy(struct gw_client *client, const char *text, struct gw_err *err)
{
    const struct gw_program *now = gw_engine_program(client->engine);
    struct deployment deployment = {0};
    struct gw_bytes source = gw_text_bytes(gw_text(text));
    if (now && gw_bytes_equal(now->source, source))
        return GW_OK;
    struct gw_slot *slot = client->heap->get(client->heap->ctx, sizeof(*slot));
    if (slot == NULL)
        return GW_FAIL_NOMEM(err);
    *slot = (struct gw_slot){
        .client = client, .kind = GW_QUERY_STATUS, .done = on_deployed, .ctx = &deployment};
    slot->request = gw_request_new(GW_REQUEST_PROGRAM, client->actor, slot);
    if (slot->request) {
        slot->request->in.source = source;
        slot->request->in.actor = GW_TEXT_LIT("embedded");
    }
    slot->is_json = true;
    gw_rc rc = slot->request ? gw_engine_send(client->engine, slot->request) : GW_NOMEM;
    if (rc < 0) {
        gw_request_free(slot->request);
        client->heap->put(client->heap->ctx, slot, sizeof(*slot));
        return GW_FAIL(err, rc, "the engine takes no program");
    }
    client->open++;
    while (!deployment.done) /* its answer comes, whatever it is: `deployment` must outlive it */
        gw_loop_turn(client->loop, true);
    if (deployment.rc < 0)
        *err = deployment.err;
    return deployment.rc;
}

gw_rc gw_local_open(struct gw_client *client, const char *folder, const char *program,
                    struct gw_err *err)
{
    const struct gw_actor_opts actor = {
        .name = "gw-client", .mailbox_max = MAILBOX_MAX, .on_message = on_message, .ctx = client};
    const struct gw_engine_opts opts = {.state = folder};
    GW_TRY(gw_loop_host(client->loop, &actor, &client->actor, err));
    gw_rc rc = gw_engine_open(&opts, &client->engine, NULL, err);
    if (rc < 0) {
        gw_loop_unhost(client->loop, client->actor);
        return rc;
    }
    client->ops = &local_ops;
    return program ? deploy(client, program, err) : GW_OK;
}
