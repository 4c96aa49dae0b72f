/* Requests of a wire connection and their answers. Hot: a call costs no allocation once its connection is warm. */
#include "api/args.h"
#include "api/conn_int.h"

/* ---- answers ---- */

void gw_conn_put_error(struct gw_conn *conn, uint64_t client, uint64_t seq,
                       const struct gw_err *err)
{
    const struct gw_wire_answer answer = {.kind = GW_WIRE_ERROR,
                                          .client = client,
                                          .seq = seq,
                                          .rc = err->rc,
                                          .code = err->code,
                                          .text = gw_text(err->msg),
                                          .hint = gw_text(err->hint)};
    gw_wire_answer_put(&answer, &conn->out);
    gw_conn_queue(conn);
}

/** The canonical item of a text, in the request's arena. */
static struct gw_bytes text_item(struct gw_arena *arena, struct gw_text text)
{
    struct gw_buf buf;
    uint8_t *memory = gw_arena_get_raw(arena, text.len + GW_CBOR_HEAD_MAX);
    if (memory == NULL)
        return (struct gw_bytes){0};
    gw_buf_init_fixed(&buf, memory, text.len + GW_CBOR_HEAD_MAX);
    gw_cbor_put_text(&buf, text);
    return gw_buf_bytes(&buf);
}

static gw_rc json_result(struct gw_request *request, struct gw_bytes *ret, struct gw_err *err)
{
    struct gw_text json;
    GW_TRY(gw_result_to_json(request->out.fn, request->out.result, &request->arena, &json, err));
    *ret = text_item(&request->arena, json);
    return ret->len ? GW_OK : GW_FAIL_NOMEM(err);
}

static gw_rc result_of(struct gw_conn_call *call, struct gw_bytes *ret, struct gw_err *err)
{
    struct gw_request *request = call->request;
    struct gw_buf buf;
    switch (call->kind) {
    case GW_WIRE_CALL:
    case GW_WIRE_VIEW:
        *ret = request->out.result;
        return call->is_json ? json_result(request, ret, err) : GW_OK;
    case GW_WIRE_SESSION:
    case GW_WIRE_WARM: {
        uint8_t *memory = gw_arena_get_raw(&request->arena, 4 * (size_t)GW_CBOR_HEAD_MAX);
        if (memory == NULL)
            return GW_FAIL_NOMEM(err);
        gw_buf_init_fixed(&buf, memory, 4 * (size_t)GW_CBOR_HEAD_MAX);
        if (call->kind == GW_WIRE_SESSION) {
            gw_cbor_put_uint(&buf, request->out.number);
        } else {
            gw_cbor_put_array(&buf, 3);
            gw_cbor_put_uint(&buf, request->out.resident);
            gw_cbor_put_uint(&buf, request->out.fetched);
            gw_cbor_put_uint(&buf, request->out.failed);
        }
        *ret = gw_buf_bytes(&buf);
        return GW_OK;
    }
    case GW_WIRE_STATUS:
        *ret = text_item(&request->arena, request->out.json);
        return ret->len ? GW_OK : GW_FAIL_NOMEM(err);
    case GW_WIRE_HELLO:
    case GW_WIRE_PING:
    case GW_WIRE_RESULT:
    case GW_WIRE_ERROR:
        break;
    }
    GW_UNREACHABLE_CODE();
}

static enum gw_stats_result outcome(const struct gw_request *request)
{
    if (request->rc < 0 || request->out.result.len < 2)
        return GW_STATS_ERROR;
    uint8_t status = request->out.result.data[1]; /* [0 …] [1 …] [2 …] */
    return status == 0 ? GW_STATS_OK : status == 1 ? GW_STATS_FAIL : GW_STATS_ABORT;
}

static void put_answer(struct gw_conn_call *call)
{
    struct gw_request *request = call->request;
    struct gw_conn *conn = call->conn;
    struct gw_wire_answer answer = {.kind = GW_WIRE_RESULT,
                                    .client = call->client,
                                    .seq = call->seq,
                                    .index = request->out.at.index,
                                    .record = request->out.at.record};
    gw_rc rc = request->rc;
    if (rc == GW_OK)
        rc = result_of(call, &answer.result, &request->err);
    if (rc == GW_OK) {
        gw_wire_answer_put(&answer, &conn->out);
    } else {
        gw_conn_put_error(conn, call->client, call->seq, &request->err);
    }
    if (call->kind == GW_WIRE_CALL || call->kind == GW_WIRE_VIEW) {
        gw_stats_call(&conn->server->stats, request->out.fn ? request->out.fn->id : 0,
                      request->in.fn, outcome(request),
                      gw_loop_now_ns(conn->server->loop) - call->begun_ns);
    }
}

/** The engine is slower than this connection: it is read again a little later. */
static void rest(struct gw_conn *conn)
{
    conn->resting = true;
    conn->server->stats.busy++;
    if (!conn->server->resting)
        gw_timer_start(conn->server->rest, GW_API_REST_MS, 0);
    conn->server->resting = true;
}

void gw_conn_answered(struct gw_request *request)
{
    struct gw_conn_call *call = request->ctx;
    struct gw_conn *conn = call->conn;
    if (conn->stream)
        put_answer(call);
    if (request->rc == GW_BUSY)
        rest(conn);
    gw_conn_give_back(call);
    conn->open--;
    gw_conn_queue(conn);
}

/* ---- requests ---- */

static struct gw_conn_call *take_call(struct gw_conn *conn)
{
    const struct gw_alloc *heap = conn->server->heap;
    struct gw_conn_call *call = conn->spare;
    if (call) {
        conn->spare = call->next;
        return call;
    }
    call = heap->get(heap->ctx, sizeof(*call));
    if (call == NULL)
        return NULL;
    *call = (struct gw_conn_call){.conn = conn};
    call->request = gw_request_new(GW_REQUEST_CALL, conn->server->actor, call);
    if (call->request == NULL) {
        heap->put(heap->ctx, call, sizeof(*call));
        return NULL;
    }
    call->request->msg.kind = GW_API_CONN;
    return call;
}

/** The connection's own copy of a name. A name that falls out of the table may still be borrowed: so entries are
 *  replaced only while nothing is under way. @return NULL: no room now, the request copies it */
static struct gw_conn_name *known_name(struct gw_conn *conn, struct gw_text fn)
{
    for (uint32_t i = 0; i < conn->name_count; i++) {
        if (conn->names[i].len == fn.len && memcmp(conn->names[i].bytes, fn.data, fn.len) == 0)
            return &conn->names[i];
    }
    if (conn->name_count == GW_CONN_NAMES_MAX && conn->open > 0)
        return NULL;
    struct gw_conn_name *name = conn->name_count < GW_CONN_NAMES_MAX
                                    ? &conn->names[conn->name_count++]
                                    : &conn->names[conn->name_next++ % GW_CONN_NAMES_MAX];
    if (fn.len)
        memcpy(name->bytes, fn.data, fn.len);
    name->len = (uint8_t)fn.len;
    name->may_call = gw_caller_may_call(&conn->caller, fn);
    return name;
}

static gw_rc find_fn(const struct gw_conn *conn, struct gw_text name, const struct gw_fn **ret,
                     struct gw_err *err)
{
    const struct gw_program *program = gw_engine_program(conn->server->engine);
    *ret = program ? gw_program_fn(program, name) : NULL;
    return *ret
               ? GW_OK
               : GW_FAIL_CODE(err, GW_NOTFOUND, 2202, "nothing is named `%.*s`", GW_TEXT_ARG(name));
}

/** Arguments as the engine takes them, in the request's arena: the frame goes away. */
static gw_rc set_args(struct gw_conn_call *call, struct gw_bytes item, struct gw_err *err)
{
    struct gw_request *request = call->request;
    struct gw_cbor_reader r = gw_cbor_reader(item);
    call->is_json = gw_cbor_peek(&r) == GW_CBOR_IS_TEXT;
    if (!call->is_json) {
        request->in.args = gw_arena_copy(&request->arena, item);
        return request->in.args.data ? GW_OK : GW_FAIL_NOMEM(err);
    }
    const struct gw_fn *fn = NULL;
    struct gw_json_doc doc;
    struct gw_text text = gw_arena_copy_text(&request->arena, gw_cbor_get_text(&r));
    if (text.data == NULL)
        return GW_FAIL_NOMEM(err);
    GW_TRY(find_fn(call->conn, request->in.fn, &fn, err));
    GW_TRY(gw_json_parse(text, NULL, &request->arena, &doc, err));
    return gw_args_from_json(fn, doc.root, &request->arena, &request->in.args, err);
}

/** [mode, index, args] */
static gw_rc set_view(struct gw_conn_call *call, struct gw_bytes item, struct gw_err *err)
{
    static const uint32_t modes[] = {GW_VIEW_LINEARIZABLE, GW_VIEW_AT_LEAST, GW_VIEW_AS_OF,
                                     GW_VIEW_STALE_OK};
    struct gw_request *request = call->request;
    struct gw_cbor_reader r = gw_cbor_reader(item);
    gw_cbor_get_array_of(&r, 3);
    uint64_t mode = gw_cbor_get_uint_to(&r, GW_COUNT_OF(modes) - 1);
    request->in.at_index = gw_cbor_get_uint(&r);
    struct gw_bytes args = gw_cbor_skip(&r);
    gw_cbor_end(&r);
    GW_TRY(gw_cbor_check(&r, GW_INVALID, "view", err));
    request->in.view = modes[mode];
    return set_args(call, args, err);
}

static gw_rc denied(struct gw_err *err, const struct gw_conn *conn, const char *role)
{
    return GW_FAIL_CODE(err, GW_DENIED, 7312, "%.*s has role %s, this needs %s",
                        GW_TEXT_ARG(conn->caller.name), gw_role_text(conn->caller.role), role);
}

static gw_rc set_name(struct gw_conn_call *call, struct gw_text fn, bool *ret_may_call,
                      struct gw_err *err)
{
    struct gw_conn_name *name = known_name(call->conn, fn);
    if (name) {
        call->request->in.fn = (struct gw_text){name->bytes, name->len};
        *ret_may_call = name->may_call;
        return GW_OK;
    }
    call->request->in.fn = gw_arena_copy_text(&call->request->arena, fn);
    *ret_may_call = gw_caller_may_call(&call->conn->caller, fn);
    return call->request->in.fn.data ? GW_OK : GW_FAIL_NOMEM(err);
}

static gw_rc set_request(struct gw_conn_call *call, const struct gw_wire_request *wire,
                         struct gw_err *err)
{
    struct gw_request *request = call->request;
    struct gw_conn *conn = call->conn;
    bool may_call = false;
    GW_TRY(set_name(call, wire->fn, &may_call, err));
    request->in.actor = conn->caller.name;
    call->is_json = false;
    switch (wire->kind) {
    case GW_WIRE_CALL:
        request->kind = GW_REQUEST_CALL;
        request->in.client = wire->client;
        request->in.seq = wire->client ? wire->seq : 0;
        return may_call ? set_args(call, wire->args, err)
                        : denied(err, conn, "operate, or call:FN");
    case GW_WIRE_VIEW:
        request->kind = GW_REQUEST_VIEW;
        return gw_caller_may(&conn->caller, GW_ROLE_DATA) ? set_view(call, wire->args, err)
                                                          : denied(err, conn, "data");
    case GW_WIRE_WARM:
        request->kind = GW_REQUEST_WARM;
        return may_call ? set_args(call, wire->args, err)
                        : denied(err, conn, "operate, or call:FN");
    case GW_WIRE_SESSION:
        request->kind = GW_REQUEST_SESSION;
        request->in.verb = GW_SESSION_OPEN;
        return gw_caller_may(&conn->caller, GW_ROLE_DATA) ? GW_OK : denied(err, conn, "data");
    case GW_WIRE_STATUS:
        request->kind = GW_REQUEST_STATUS;
        return gw_caller_may(&conn->caller, GW_ROLE_VIEW) ? GW_OK : denied(err, conn, "view");
    case GW_WIRE_HELLO:
    case GW_WIRE_PING:
    case GW_WIRE_RESULT:
    case GW_WIRE_ERROR:
        break;
    }
    GW_UNREACHABLE_CODE();
}

void gw_conn_send_call(struct gw_conn *conn, struct gw_conn_call *call)
{
    gw_rc rc = gw_api_send(conn->server, call->request);
    if (rc == GW_OK)
        return;
    if (rc == GW_BUSY) { /* nothing happened: it goes first when there is room */
        conn->held = call;
        rest(conn);
        return;
    }
    struct gw_err err;
    (void)GW_FAIL(&err, GW_CLOSED, "the engine has stopped");
    gw_conn_put_error(conn, call->client, call->seq, &err);
    gw_conn_give_back(call);
    conn->open--;
}

static void start_call(struct gw_conn *conn, const struct gw_wire_request *wire)
{
    struct gw_err err;
    struct gw_conn_call *call = take_call(conn);
    if (call == NULL) {
        (void)GW_FAIL(&err, GW_BUSY, "no memory for another call");
        gw_conn_put_error(conn, wire->client, wire->seq, &err);
        return;
    }
    call->kind = wire->kind;
    call->client = wire->client;
    call->seq = wire->seq;
    call->begun_ns = gw_loop_now_ns(conn->server->loop);
    if (set_request(call, wire, &err) < 0) {
        gw_conn_put_error(conn, wire->client, wire->seq, &err);
        gw_conn_give_back(call);
        return;
    }
    conn->open++;
    GW_ASSERT(conn->open <= conn->server->opts.open_max);
    gw_conn_send_call(conn, call);
}

/* ---- hello ---- */

static gw_rc greet(struct gw_conn *conn, const struct gw_wire_request *wire, struct gw_err *err)
{
    struct gw_server *server = conn->server;
    struct gw_cbor_reader r = gw_cbor_reader(wire->args);
    struct gw_text secret = {0};
    if (!gw_text_is(wire->fn, GW_WIRE_VERSION))
        return GW_FAIL_CODE(err, GW_UNSUPPORTED, 7304, "this server speaks " GW_WIRE_VERSION);
    if (!gw_cbor_take_null(&r))
        secret = gw_cbor_get_text(&r);
    GW_TRY(gw_cbor_check(&r, GW_INVALID, "token", err));
    if (conn->is_local) { /* the socket's mode has decided already */
        conn->caller = (struct gw_caller){.name = GW_TEXT_LIT("local"), .role = GW_ROLE_OPERATE};
    } else {
        GW_TRY(gw_tokens_caller(&server->tokens, secret, &conn->caller, err));
    }
    return GW_OK;
}

static void hello(struct gw_conn *conn, const struct gw_wire_request *wire)
{
    struct gw_err err;
    uint8_t memory[512];
    char text[256];
    struct gw_buf json, item;
    if (greet(conn, wire, &err) < 0) {
        gw_conn_put_error(conn, wire->client, wire->seq, &err);
        gw_conn_end_after_answers(conn);
        return;
    }
    const struct gw_program *program = gw_engine_program(conn->server->engine);
    conn->greeted = true;
    gw_buf_init_fixed(&json, text, sizeof(text));
    gw_buf_printf(&json,
                  "{\"format\":\"godwit/1\",\"software\":\"" GW_VERSION
                  "\",\"open_max\":%u,\"role\":\"%s\"",
                  conn->server->opts.open_max, gw_role_text(conn->caller.role));
    if (program) {
        gw_buf_printf(&json, ",\"program\":\"%.*s\",\"version\":%u", GW_TEXT_ARG(program->name),
                      program->version);
    }
    gw_buf_put_str(&json, "}");
    gw_buf_init_fixed(&item, memory, sizeof(memory));
    gw_cbor_put_text(&item, json.failed ? GW_TEXT_LIT("{}") : gw_buf_text(&json));
    gw_wire_answer_put(&(struct gw_wire_answer){.kind = GW_WIRE_RESULT,
                                                .client = wire->client,
                                                .seq = wire->seq,
                                                .result = gw_buf_bytes(&item)},
                       &conn->out);
    gw_conn_queue(conn);
}

void gw_conn_take_request(struct gw_conn *conn, const struct gw_wire_request *wire)
{
    struct gw_err err;
    if (wire->kind == GW_WIRE_HELLO) {
        hello(conn, wire);
    } else if (!conn->greeted) {
        (void)GW_FAIL_CODE(&err, GW_DENIED, 7304, "the first frame must be HELLO");
        gw_conn_put_error(conn, wire->client, wire->seq, &err);
        gw_conn_end_after_answers(conn);
    } else if (wire->kind == GW_WIRE_PING) {
        gw_wire_answer_put(&(struct gw_wire_answer){.kind = GW_WIRE_RESULT,
                                                    .client = wire->client,
                                                    .seq = wire->seq},
                           &conn->out);
        gw_conn_queue(conn);
    } else {
        start_call(conn, wire);
    }
}
