/* Wire streams. Hot: a call here costs no allocation once its connection is warm.
 *
 * Reading stops while open_max requests are under way, the engine had no room (`held`, `resting`), or the client does not take
 * its answers; what was read already waits in `in`. Answers of one turn are gathered in `out` and written once. */
#include "api/args.h"
#include "api/server_int.h"
#include "os/clock.h"

enum {
    NAMES_MAX = 16,
    OUT_FULL_BYTES = 1 << 20, /* gathered answers above which nothing more is read */
    IN_BYTES_MAX = GW_WIRE_FRAME_MAX + GW_WIRE_HEAD_BYTES + GW_STREAM_READ_BYTES,
    OUT_BYTES_MAX = 96 << 20, /* 512 answers of the largest result, and a status */
    HELLO_MS = 10000,
    LINGER_MS = 10000
};

/** One request under way. Made once, used again: never more than open_max of a connection. */
struct gw_conn_call {
    struct gw_conn_call *next; /* in conn->spare */
    struct gw_conn *conn;
    struct gw_request *request;
    uint64_t client, seq;
    int64_t begun_ns;
    enum gw_wire_kind kind;
    bool is_json;
};

/** A name that was used on this connection: what it may do is looked up once, and calls borrow it. */
struct conn_name {
    char bytes[GW_WIRE_NAME_MAX];
    uint8_t len;
    bool may_call;
};

struct gw_conn {
    struct gw_conn *next, **at; /* in server->conns */
    struct gw_conn *flush_next;
    struct gw_server *server;
    struct gw_stream *stream; /* NULL: it has gone; the rest waits for answers */
    struct gw_caller caller;
    struct gw_buf in, out;
    size_t in_at;
    struct gw_conn_call *spare;
    struct gw_conn_call *held; /* the engine's mailbox had no room for it */
    uint32_t open;
    bool is_local, greeted, reading, queued, resting;
    bool finished; /* the client said that nothing more comes */
    bool ending;   /* answered for the last time: closes when all has been written */
    int64_t opened_ns, ending_ns;
    struct conn_name names[NAMES_MAX];
    uint32_t name_count, name_next;
};

/* ---- life ---- */

static void conn_free(struct gw_conn *conn)
{
    const struct gw_alloc *heap = conn->server->heap;
    *conn->at = conn->next;
    if (conn->next)
        conn->next->at = conn->at;
    conn->server->conn_count--;
    while (conn->spare) {
        struct gw_conn_call *call = conn->spare;
        conn->spare = call->next;
        gw_request_free(call->request);
        heap->put(heap->ctx, call, sizeof(*call));
    }
    gw_buf_done(&conn->in);
    gw_buf_done(&conn->out);
    heap->put(heap->ctx, conn, sizeof(*conn));
}

/** To be looked at before the loop sleeps. */
static void queue(struct gw_conn *conn)
{
    if (conn->queued)
        return;
    conn->queued = true;
    conn->flush_next = conn->server->flushes;
    conn->server->flushes = conn;
}

static void give_back(struct gw_conn_call *call)
{
    gw_request_reset(call->request);
    call->next = call->conn->spare;
    call->conn->spare = call;
}

/** The stream is gone. The connection is freed by the flush, when its last answer has come. */
static void drop(struct gw_conn *conn)
{
    gw_stream_close(conn->stream);
    conn->stream = NULL;
    if (conn->held) {
        give_back(conn->held);
        conn->held = NULL;
        conn->open--;
    }
    queue(conn);
}

static void end_after_answers(struct gw_conn *conn)
{
    conn->ending = true;
    if (conn->stream && conn->reading)
        gw_stream_read_stop(conn->stream);
    conn->reading = false;
    queue(conn);
}

/* ---- answers ---- */

static void put_error(struct gw_conn *conn, uint64_t client, uint64_t seq, const struct gw_err *err)
{
    const struct gw_wire_answer answer = {.kind = GW_WIRE_ERROR,
                                          .client = client,
                                          .seq = seq,
                                          .rc = err->rc,
                                          .code = err->code,
                                          .text = gw_text(err->msg),
                                          .hint = gw_text(err->hint)};
    gw_wire_answer_put(&answer, &conn->out);
    queue(conn);
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
    if (rc == GW_OK)
        gw_wire_answer_put(&answer, &conn->out);
    else
        put_error(conn, call->client, call->seq, &request->err);
    if (call->kind == GW_WIRE_CALL || call->kind == GW_WIRE_VIEW)
        gw_stats_call(&conn->server->stats, request->out.fn ? request->out.fn->id : 0,
                      request->in.fn, outcome(request),
                      gw_loop_now_ns(conn->server->loop) - call->begun_ns);
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
    give_back(call);
    conn->open--;
    queue(conn);
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
static struct conn_name *known_name(struct gw_conn *conn, struct gw_text fn)
{
    for (uint32_t i = 0; i < conn->name_count; i++)
        if (conn->names[i].len == fn.len && memcmp(conn->names[i].bytes, fn.data, fn.len) == 0)
            return &conn->names[i];
    if (conn->name_count == NAMES_MAX && conn->open > 0)
        return NULL;
    struct conn_name *name = conn->name_count < NAMES_MAX
                                 ? &conn->names[conn->name_count++]
                                 : &conn->names[conn->name_next++ % NAMES_MAX];
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
    struct conn_name *name = known_name(call->conn, fn);
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

static void send(struct gw_conn *conn, struct gw_conn_call *call)
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
    put_error(conn, call->client, call->seq, &err);
    give_back(call);
    conn->open--;
}

static void start_call(struct gw_conn *conn, const struct gw_wire_request *wire)
{
    struct gw_err err;
    struct gw_conn_call *call = take_call(conn);
    if (call == NULL) {
        (void)GW_FAIL(&err, GW_BUSY, "no memory for another call");
        put_error(conn, wire->client, wire->seq, &err);
        return;
    }
    call->kind = wire->kind;
    call->client = wire->client;
    call->seq = wire->seq;
    call->begun_ns = gw_loop_now_ns(conn->server->loop);
    if (set_request(call, wire, &err) < 0) {
        put_error(conn, wire->client, wire->seq, &err);
        give_back(call);
        return;
    }
    conn->open++;
    GW_ASSERT(conn->open <= conn->server->opts.open_max);
    send(conn, call);
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
    if (conn->is_local) /* the socket's mode has decided already */
        conn->caller = (struct gw_caller){.name = GW_TEXT_LIT("local"), .role = GW_ROLE_OPERATE};
    else
        GW_TRY(gw_tokens_caller(&server->tokens, secret, &conn->caller, err));
    return GW_OK;
}

static void hello(struct gw_conn *conn, const struct gw_wire_request *wire)
{
    struct gw_err err;
    uint8_t memory[512];
    char text[256];
    struct gw_buf json, item;
    if (greet(conn, wire, &err) < 0) {
        put_error(conn, wire->client, wire->seq, &err);
        end_after_answers(conn);
        return;
    }
    const struct gw_program *program = gw_engine_program(conn->server->engine);
    conn->greeted = true;
    gw_buf_init_fixed(&json, text, sizeof(text));
    gw_buf_printf(&json,
                  "{\"format\":\"godwit/1\",\"software\":\"" GW_VERSION
                  "\",\"open_max\":%u,\"role\":\"%s\"",
                  conn->server->opts.open_max, gw_role_text(conn->caller.role));
    if (program)
        gw_buf_printf(&json, ",\"program\":\"%.*s\",\"version\":%u", GW_TEXT_ARG(program->name),
                      program->version);
    gw_buf_put_str(&json, "}");
    gw_buf_init_fixed(&item, memory, sizeof(memory));
    gw_cbor_put_text(&item, json.failed ? GW_TEXT_LIT("{}") : gw_buf_text(&json));
    gw_wire_answer_put(&(struct gw_wire_answer){.kind = GW_WIRE_RESULT,
                                                .client = wire->client,
                                                .seq = wire->seq,
                                                .result = gw_buf_bytes(&item)},
                       &conn->out);
    queue(conn);
}

static void take_request(struct gw_conn *conn, const struct gw_wire_request *wire)
{
    struct gw_err err;
    if (wire->kind == GW_WIRE_HELLO) {
        hello(conn, wire);
    } else if (!conn->greeted) {
        (void)GW_FAIL_CODE(&err, GW_DENIED, 7304, "the first frame must be HELLO");
        put_error(conn, wire->client, wire->seq, &err);
        end_after_answers(conn);
    } else if (wire->kind == GW_WIRE_PING) {
        gw_wire_answer_put(&(struct gw_wire_answer){.kind = GW_WIRE_RESULT,
                                                    .client = wire->client,
                                                    .seq = wire->seq},
                           &conn->out);
        queue(conn);
    } else {
        start_call(conn, wire);
    }
}

/* ---- reading ---- */

static bool has_room(const struct gw_conn *conn)
{
    return conn->stream && !conn->ending && !conn->resting && conn->held == NULL &&
           conn->open < conn->server->opts.open_max && conn->out.len < OUT_FULL_BYTES &&
           conn->server->stop_at_ns == 0;
}

/** Takes whole frames off the front of `bytes` while there is room. */
static void take_frames(struct gw_conn *conn, struct gw_bytes *bytes)
{
    struct gw_err err;
    struct gw_wire_request wire;
    struct gw_bytes frame;
    while (has_room(conn)) {
        gw_rc rc = gw_wire_next(bytes, GW_WIRE_FRAME_MAX, &frame, &err);
        if (rc == GW_NOTFOUND)
            return;
        wire = (struct gw_wire_request){0};
        if (rc == GW_OK)
            rc = gw_wire_request_decode(frame, &wire, &err);
        if (rc < 0) { /* where the next frame begins is not to be trusted any more */
            put_error(conn, wire.client, wire.seq, &err);
            end_after_answers(conn);
            return;
        }
        conn->server->stats.frames++;
        take_request(conn, &wire);
    }
}

static void update_reading(struct gw_conn *conn)
{
    bool want = has_room(conn) && !conn->finished;
    if (conn->stream == NULL || want == conn->reading)
        return;
    conn->reading = want;
    if (want)
        gw_stream_read_start(conn->stream);
    else
        gw_stream_read_stop(conn->stream);
}

/** What was read before there was room for it. */
static void take_waiting(struct gw_conn *conn)
{
    if (conn->in.len == 0)
        return;
    struct gw_bytes bytes = {conn->in.data + conn->in_at, conn->in.len - conn->in_at};
    take_frames(conn, &bytes);
    conn->in_at = conn->in.len - bytes.len;
    if (bytes.len == 0) {
        gw_buf_reset(&conn->in);
        conn->in_at = 0;
    } else if (conn->in_at > conn->in.cap / 2) {
        memmove(conn->in.data, conn->in.data + conn->in_at, bytes.len);
        conn->in.len = bytes.len;
        conn->in_at = 0;
    }
}

static void on_read(void *ctx, struct gw_bytes data)
{
    struct gw_conn *conn = ctx;
    if (conn->ending || conn->stream == NULL)
        return;
    if (conn->in.len == 0) {
        take_frames(conn, &data);
    } else if (conn->in_at) {
        size_t left = conn->in.len - conn->in_at;
        memmove(conn->in.data, conn->in.data + conn->in_at, left);
        conn->in.len = left;
        conn->in_at = 0;
    }
    gw_buf_put_bytes(&conn->in, data);
    if (conn->in.failed) { /* memory was refused: the bound itself cannot be passed */
        drop(conn);
    }
    queue(conn);
    gw_conns_flush(conn->server);
}

static void on_end(void *ctx, gw_rc rc, const struct gw_err *err)
{
    struct gw_conn *conn = ctx;
    (void)err;
    conn->finished = true;
    if (rc < 0)
        drop(conn);
    queue(conn);
    gw_conns_flush(conn->server);
}

static void on_drained(void *ctx)
{
    struct gw_conn *conn = ctx;
    queue(conn);
    gw_conns_flush(conn->server);
}

/* ---- end of a turn ---- */

static void write_out(struct gw_conn *conn)
{
    struct gw_err err;
    struct gw_bytes part = gw_buf_bytes(&conn->out);
    if (conn->out.failed) {
        drop(conn);
        return;
    }
    if (part.len == 0 || gw_stream_queued_bytes(conn->stream) > OUT_FULL_BYTES)
        return;
    gw_stream_set_write_bytes_max(conn->stream, (size_t)OUT_BYTES_MAX * 2);
    gw_rc rc = gw_stream_write(conn->stream, &part, 1, NULL, NULL, &err);
    if (rc == GW_BUSY)
        return; /* on_drained comes */
    if (rc < 0) {
        drop(conn);
        return;
    }
    gw_buf_reset(&conn->out);
}

static void flush_one(struct gw_conn *conn)
{
    if (conn->stream) {
        take_waiting(conn);
        if (conn->stream)
            write_out(conn);
    }
    if (conn->stream && conn->finished && conn->open == 0 && conn->out.len == 0)
        conn->ending = true;
    if (conn->stream && conn->ending && conn->open == 0 && conn->out.len == 0) {
        if (conn->ending_ns == 0)
            gw_stream_shutdown(conn->stream);
        conn->ending_ns = gw_loop_now_ns(conn->server->loop);
        if (conn->finished && gw_stream_queued_bytes(conn->stream) == 0)
            drop(conn);
    }
    update_reading(conn);
}

void gw_conns_flush(struct gw_server *server)
{
    while (server->flushes) {
        struct gw_conn *conn = server->flushes;
        server->flushes = conn->flush_next;
        conn->queued = false;
        flush_one(conn);
        if (conn->stream == NULL && conn->open == 0 && !conn->queued)
            conn_free(conn);
    }
}

void gw_conns_wake(struct gw_server *server)
{
    server->resting = false;
    for (struct gw_conn *conn = server->conns, *next; conn; conn = next) {
        next = conn->next;
        if (!conn->resting)
            continue;
        conn->resting = false;
        struct gw_conn_call *call = conn->held;
        conn->held = NULL;
        if (call)
            send(conn, call);
        queue(conn);
    }
    gw_conns_flush(server);
}

void gw_conns_tick(struct gw_server *server)
{
    int64_t now = gw_loop_now_ns(server->loop);
    for (struct gw_conn *conn = server->conns, *next; conn; conn = next) {
        next = conn->next;
        bool silent = !conn->greeted && now - conn->opened_ns > HELLO_MS * GW_NS_PER_MS;
        bool lingers = conn->ending_ns && now - conn->ending_ns > LINGER_MS * GW_NS_PER_MS;
        if (conn->stream && (silent || lingers))
            drop(conn);
    }
    gw_conns_flush(server);
}

void gw_conns_stop(struct gw_server *server)
{
    for (struct gw_conn *conn = server->conns; conn; conn = conn->next)
        queue(conn); /* has_room() says no from now on */
    gw_conns_flush(server);
}

void gw_conns_close(struct gw_server *server)
{
    for (struct gw_conn *conn = server->conns; conn; conn = conn->next)
        if (conn->stream) {
            write_out(conn);
            if (conn->stream)
                drop(conn);
        }
    gw_conns_flush(server);
    GW_ASSERT(server->conns == NULL);
}

static const struct gw_stream_events conn_events = {
    .on_read = on_read, .on_end = on_end, .on_drained = on_drained};

void gw_conn_open(struct gw_server *server, struct gw_stream *stream, bool is_local)
{
    struct gw_conn *conn = NULL;
    if (server->conn_count < server->opts.connections_max && server->stop_at_ns == 0)
        conn = server->heap->get(server->heap->ctx, sizeof(*conn));
    if (conn == NULL) {
        gw_stream_close(stream);
        return;
    }
    memset(conn, 0, sizeof(*conn));
    conn->server = server;
    conn->stream = stream;
    conn->is_local = is_local;
    conn->opened_ns = gw_loop_now_ns(server->loop);
    gw_buf_init(&conn->in, server->heap, IN_BYTES_MAX);
    gw_buf_init(&conn->out, server->heap, OUT_BYTES_MAX);
    conn->next = server->conns;
    conn->at = &server->conns;
    if (conn->next)
        conn->next->at = &conn->next;
    server->conns = conn;
    server->conn_count++;
    server->stats.wire_connections++;
    gw_stream_events(stream, &conn_events, conn);
    conn->reading = true;
    gw_stream_read_start(stream);
}
