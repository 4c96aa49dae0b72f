/* Clients: each has one call open at a time and repeats it under the same identity until it is answered. */
#include <inttypes.h>
#include <stdio.h>

#include "base/time.h"
#include "codec/cbor.h"
#include "sim/engine/run_int.h"
#include "sim/os/sim.h"

enum reply_kind {
    REPLY_CALL,
    REPLY_SESSION,
    REPLY_PROGRAM,
    REPLY_VIEW,
    REPLY_DAEMON,
    REPLY_DRAIN,
    REPLY_OTHER,
    REPLY_STATUS,
    REPLY_CHECK
};

static int64_t soon(struct run *run, uint64_t us_max)
{
    return gw_sim_now() + 1 + (int64_t)gw_rand_below(&run->rand, us_max * 1000);
}

static struct gw_request *request_new(struct run *run, enum gw_request_kind kind,
                                      enum reply_kind reply, void *ctx)
{
    struct gw_request *request = gw_request_new(kind, run->mailbox, ctx);
    GW_ASSERT(request != NULL);
    request->msg.kind = reply;
    return request;
}

/** @return false: refused, the request is gone */
static bool send(struct run *run, struct gw_request *request)
{
    if (gw_engine_send(run->engine, request) == GW_OK)
        return true;
    gw_request_free(request);
    return false;
}

static struct gw_bytes encode_args(struct gw_request *request, const uint64_t *args, uint32_t count)
{
    struct gw_buf buf;
    gw_buf_init_fixed(&buf, gw_arena_get_raw(&request->arena, 64), 64);
    gw_cbor_put_array(&buf, count);
    for (uint32_t i = 0; i < count; i++)
        gw_cbor_put_uint(&buf, args[i]);
    return gw_buf_bytes(&buf);
}

/* ---- calls ---- */

static const char *const call_names[OP_FNS] = {"pay", "put", "drop", "move"};

/** Answers may be read after the engine and its programs are gone: the world's program has the same types. */
static const struct gw_fn *fn_named(const struct run *run, const char *name)
{
    return gw_program_fn(run->world.program, gw_text(name));
}

/** Planted: an answer to a call that never reached the engine. */
static void invent_answer(struct run *run)
{
    run->ops[run->op_count++] = (struct op){.fn = OP_MOVE,
                                            .state = OP_ANSWERED,
                                            .client = 1u << 30,
                                            .began_ns = 1,
                                            .ended_ns = INT64_MAX,
                                            .at = {.index = 1000000}};
}

static void new_op(struct run *run, struct client *client)
{
    static const uint64_t no_args[3];
    if (run->opts->plant == GW_SIM_ENGINE_PLANT_LOSE_ANSWERED && run->op_count == 30)
        invent_answer(run);
    struct op *op = &run->ops[run->op_count];
    *op =
        (struct op){.fn = (enum op_fn)gw_rand_below(&run->rand, OP_FNS), .began_ns = gw_sim_now()};
    memcpy(op->args, no_args, sizeof(op->args));
    if (op->fn == OP_MOVE && gw_rand_chance(&run->rand, 1, 2))
        op->fn = OP_PAY;
    switch (op->fn) {
    case OP_PAY:
        op->args[0] =
            gw_rand_below(&run->rand, GW_SIM_ACCOUNTS + 1); /* the last one does not exist */
        op->args[1] = gw_rand_below(&run->rand, GW_SIM_ACCOUNTS);
        op->args[2] = 1 + gw_rand_below(&run->rand, 400);
        break;
    case OP_PUT:
        op->args[0] = gw_rand_below(&run->rand, GW_SIM_NOTES);
        op->args[1] = ++run->next_value;
        break;
    case OP_DROP:
        op->args[0] = gw_rand_below(&run->rand, GW_SIM_NOTES);
        break;
    case OP_MOVE:
    case OP_FNS:
        op->args[0] = gw_rand_below(&run->rand, GW_SIM_ACCOUNTS);
        op->args[1] = gw_rand_below(&run->rand, 5);
        break;
    }
    op->client = client->by_key ? 0 : client->session;
    op->seq = client->by_key ? run->op_count : ++client->seq;
    client->op = (int32_t)run->op_count++;
    run->ret->calls++;
}

static void send_call(struct run *run, struct client *client)
{
    static const uint32_t arg_counts[OP_FNS] = {3, 2, 1, 2};
    struct op *op = &run->ops[client->op];
    struct gw_request *request = request_new(run, GW_REQUEST_CALL, REPLY_CALL, client);
    request->in.fn = gw_text(call_names[op->fn]);
    request->in.args = encode_args(request, op->args, arg_counts[op->fn]);
    request->in.client = op->client;
    request->in.seq = op->client ? op->seq : 0;
    if (op->client == 0) {
        uint64_t hash[2] = {op->seq, 1};
        struct gw_bytes bytes = {(const uint8_t *)hash, sizeof(hash)};
        request->in.key_hash = gw_arena_copy(&request->arena, bytes);
    }
    if (run->opts->plant == GW_SIM_ENGINE_PLANT_RUN_TWICE && op->client != 0 &&
        gw_rand_chance(&run->rand, 1, 20))
        request->in.seq = ++client->seq;
    if (gw_rand_chance(&run->rand, 1, 4))
        request->deadline_ns = soon(run, 100000);
    client->is_waiting = send(run, request);
    client->next_ns = soon(run, 5000);
}

static void decode(struct run *run, struct op *op, struct gw_request *request)
{
    struct gw_call_result result;
    struct gw_err err;
    gw_rc rc = gw_call_result_decode(fn_named(run, call_names[op->fn]), request->out.result,
                                     &request->arena, &result, &err);
    if (rc < 0) {
        fail_run(run, "O1", "an answer does not decode: %s", err.msg);
        return;
    }
    op->status = result.status;
    op->abort = result.abort;
    if (result.status == GW_VM_DONE && op->fn == OP_PAY) {
        op->value[0] = (int64_t)result.value.list.items[0].i;
        op->value[1] = (int64_t)result.value.list.items[1].i;
    } else if (result.status != GW_VM_ABORT) {
        op->value[0] = (int64_t)result.value.i;
    }
}

static void call_answered(struct run *run, struct client *client, struct gw_request *request)
{
    struct op *op = &run->ops[client->op];
    if (request->rc < 0) {
        gw_sim_note("call %d: %s", client->op, request->err.msg);
        if (request->rc == GW_CONFLICT)
            fail_run(run, "O1", "call %d expired: %s", client->op, request->err.msg);
        run->ret->repeats++;
        return; /* the same again, later */
    }
    op->ended_ns = gw_sim_now();
    op->state = OP_ANSWERED;
    op->at = request->out.at;
    op->result_hash = gw_hash64(request->out.result, 0);
    decode(run, op, request);
    if (run->opts->plant == GW_SIM_ENGINE_PLANT_LIE_VALUE && op->fn == OP_PUT && op->value[0] > 5)
        op->value[0]--;
    if (run->opts->plant == GW_SIM_ENGINE_PLANT_LATE_POSITION && client->op > 20)
        op->at.index -= 5;
    gw_sim_note("call %d answered at %" PRIu64 ".%u status %d %" PRId64, client->op, op->at.index,
                op->at.record, (int)op->status, op->value[0]);
    run->ret->answers++;
    client->op = -1;
    client->next_ns = soon(run, 20000);
}

static void client_act(struct run *run, struct client *client)
{
    if (client->is_waiting || gw_sim_now() < client->next_ns || !run->is_deployed)
        return;
    if (client->session == 0 && !client->by_key) {
        struct gw_request *request = request_new(run, GW_REQUEST_SESSION, REPLY_SESSION, client);
        request->in.verb = GW_SESSION_OPEN;
        client->is_waiting = send(run, request);
        return;
    }
    if (client->op >= 0 && !run->is_healing && gw_rand_chance(&run->rand, 1, 200)) {
        run->ops[client->op].state = OP_GIVEN_UP;
        client->op = -1;
    }
    if (client->op < 0 && (run->is_healing || run->op_count == OPS_MAX))
        return;
    if (client->op < 0)
        new_op(run, client);
    send_call(run, client);
}

/* ---- the rest ---- */

static void send_view(struct run *run)
{
    if (run->view_waits || run->view_count == VIEWS_MAX || gw_rand_chance(&run->rand, 3, 4))
        return;
    struct gw_request *request = request_new(run, GW_REQUEST_VIEW, REPLY_VIEW, NULL);
    request->in.fn = gw_text("money");
    request->in.args = encode_args(request, NULL, 0);
    request->in.view = GW_VIEW_LINEARIZABLE;
    run->view_began_ns = gw_sim_now();
    run->view_waits = send(run, request);
}

static void view_answered(struct run *run, struct gw_request *request)
{
    struct gw_call_result result;
    run->view_waits = false;
    if (request->rc < 0 || gw_call_result_decode(fn_named(run, "money"), request->out.result,
                                                 &request->arena, &result, NULL) < 0)
        return;
    run->ret->views++;
    run->views[run->view_count++] =
        (struct view_seen){run->view_began_ns, gw_sim_now(), request->out.at.index};
    if (result.status != GW_VM_DONE)
        return;
    if (result.value.i != GW_SIM_ACCOUNTS * GW_SIM_MONEY)
        fail_run(run, "O6", "a view at %" PRIu64 " finds %" PRId64 " of money",
                 request->out.at.index, (int64_t)result.value.i);
}

static void deploy(struct run *run)
{
    if (run->is_deploying || gw_sim_now() < run->retry_ns)
        return;
    struct gw_request *request = request_new(run, GW_REQUEST_PROGRAM, REPLY_PROGRAM, NULL);
    request->in.source = gw_text_bytes(gw_text(gw_sim_program_text));
    run->is_deploying = send(run, request);
}

static void start_daemon(struct run *run)
{
    struct gw_request *request = request_new(run, GW_REQUEST_DAEMON, REPLY_DAEMON, NULL);
    request->in.verb = GW_DAEMON_START;
    request->in.fn = gw_text("fetch_all");
    run->daemon_started = send(run, request);
}

/** What an operator does about refused rows once the store takes them. */
static void send_retry(struct run *run)
{
    struct gw_request *request = request_new(run, GW_REQUEST_RETRY, REPLY_OTHER, NULL);
    request->in.store = run->world.program->stores[gw_rand_below(&run->rand, GW_SIM_STORES)].name;
    request->in.reason = gw_text("healed");
    (void)send(run, request);
}

/** In the healing: drain, then check; refused rows are tried again. */
static void settle_act(struct run *run)
{
    bool calm = clients_are_done(run);
    if (run->world.refuses && !run->is_drained && gw_rand_chance(&run->rand, 1, 50))
        send_retry(run);
    if (!run->status_waits && gw_rand_chance(&run->rand, 1, 20))
        run->status_waits = send(run, request_new(run, GW_REQUEST_STATUS, REPLY_STATUS, NULL));
    if (calm && !run->drain_waits && !run->is_drained)
        run->drain_waits = send(run, request_new(run, GW_REQUEST_DRAIN, REPLY_DRAIN, NULL));
    if (run->is_drained && !run->check_waits && !run->is_checked)
        run->check_waits = send(run, request_new(run, GW_REQUEST_CHECK, REPLY_CHECK, NULL));
}

void clients_act(void *ctx)
{
    struct run *run = ctx;
    if (!run->is_deployed && gw_engine_program(run->engine) != NULL)
        run->is_deployed = true;
    if (!run->is_deployed) {
        deploy(run);
        return;
    }
    for (uint32_t i = 0; i < CLIENTS; i++)
        client_act(run, &run->clients[i]);
    send_view(run);
    if (!run->daemon_started && gw_rand_chance(&run->rand, 1, 50))
        start_daemon(run);
    if (run->is_healing)
        settle_act(run);
}

static void status_answered(struct run *run, const struct gw_request *request)
{
    static const char word[] = "\"halted\":true";
    run->status_waits = false;
    if (request->rc < 0)
        return;
    run->is_halted =
        request->out.json.len > 0 &&
        memmem(request->out.json.data, request->out.json.len, word, sizeof(word) - 1) != NULL;
    gw_sim_note("status %.*s", (int)GW_MIN(request->out.json.len, (size_t)460),
                request->out.json.data);
}

static void session_answered(struct client *client, const struct gw_request *request)
{
    if (request->rc == GW_OK)
        client->session = request->out.number;
    client->seq = 0;
}

void clients_on_reply(void *ctx, struct gw_msg *msg)
{
    struct run *run = ctx;
    struct gw_request *request = GW_CONTAINER_OF(msg, struct gw_request, msg);
    struct client *client = request->ctx;
    if (client != NULL)
        client->is_waiting = false;
    switch ((enum reply_kind)msg->kind) {
    case REPLY_CALL:
        call_answered(run, client, request);
        break;
    case REPLY_SESSION:
        session_answered(client, request);
        break;
    case REPLY_PROGRAM:
        gw_sim_note("deploy: %d %s %.*s", request->rc, request->rc < 0 ? request->err.msg : "",
                    (int)GW_MIN(request->out.json.len, (size_t)300), request->out.json.data);
        run->is_deploying = false;
        run->retry_ns = soon(run, 100000);
        break;
    case REPLY_VIEW:
        view_answered(run, request);
        break;
    case REPLY_DRAIN:
        run->drain_waits = false;
        run->is_drained = request->rc == GW_OK;
        break;
    case REPLY_STATUS:
        status_answered(run, request);
        break;
    case REPLY_CHECK:
        run->check_waits = false;
        run->is_checked = request->rc == GW_OK;
        run->sum = request->out.sum;
        run->sum_index = request->out.at.index;
        break;
    case REPLY_DAEMON:
    case REPLY_OTHER:
        break;
    }
    gw_request_free(request);
}

void clients_process_died(struct run *run)
{
    for (uint32_t i = 0; i < CLIENTS; i++) {
        run->clients[i].is_waiting = false;
        run->clients[i].next_ns = 0;
    }
    run->is_deployed = run->is_deploying = run->view_waits = run->drain_waits = false;
    run->status_waits = run->check_waits = run->is_drained = run->is_checked = false;
    run->retry_ns = 0;
}

bool clients_are_done(const struct run *run)
{
    for (uint32_t i = 0; i < CLIENTS; i++)
        if (run->clients[i].op >= 0 || run->clients[i].is_waiting)
            return false;
    return true;
}
