/* Wire streams: life, reading, writing.
 *
 * Reading stops while open_max requests are under way, the engine had no room (`held`, `resting`), or the client does not take
 * its answers; what was read already waits in `in`. Answers of one turn are gathered in `out` and written once. */
#include "api/conn_int.h"

enum {
    OUT_FULL_BYTES = 1 << 20, /* gathered answers above which nothing more is read */
    IN_BYTES_MAX = GW_WIRE_FRAME_MAX + GW_WIRE_HEAD_BYTES + GW_STREAM_READ_BYTES,
    OUT_BYTES_MAX = 96 << 20, /* 512 answers of the largest result, and a status */
    HELLO_MS = 10000,
    LINGER_MS = 10000
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

void gw_conn_queue(struct gw_conn *conn)
{
    if (conn->queued)
        return;
    conn->queued = true;
    conn->flush_next = conn->server->flushes;
    conn->server->flushes = conn;
}

void gw_conn_give_back(struct gw_conn_call *call)
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
        gw_conn_give_back(conn->held);
        conn->held = NULL;
        conn->open--;
    }
    gw_conn_queue(conn);
}

void gw_conn_end_after_answers(struct gw_conn *conn)
{
    conn->ending = true;
    if (conn->stream && conn->reading)
        gw_stream_read_stop(conn->stream);
    conn->reading = false;
    gw_conn_queue(conn);
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
            gw_conn_put_error(conn, wire.client, wire.seq, &err);
            gw_conn_end_after_answers(conn);
            return;
        }
        conn->server->stats.frames++;
        gw_conn_take_request(conn, &wire);
    }
}

static void update_reading(struct gw_conn *conn)
{
    bool want = has_room(conn) && !conn->finished;
    if (conn->stream == NULL || want == conn->reading)
        return;
    conn->reading = want;
    if (want) {
        gw_stream_read_start(conn->stream);
    } else {
        gw_stream_read_stop(conn->stream);
    }
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
    gw_conn_queue(conn);
    gw_conns_flush(conn->server);
}

static void on_end(void *ctx, gw_rc rc, const struct gw_err *err)
{
    struct gw_conn *conn = ctx;
    (void)err;
    conn->finished = true;
    if (rc < 0)
        drop(conn);
    gw_conn_queue(conn);
    gw_conns_flush(conn->server);
}

static void on_drained(void *ctx)
{
    struct gw_conn *conn = ctx;
    gw_conn_queue(conn);
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
            gw_conn_send_call(conn, call);
        gw_conn_queue(conn);
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
        gw_conn_queue(conn); /* has_room() says no from now on */
    gw_conns_flush(server);
}

void gw_conns_close(struct gw_server *server)
{
    for (struct gw_conn *conn = server->conns; conn; conn = conn->next) {
        if (conn->stream) {
            write_out(conn);
            if (conn->stream)
                drop(conn);
        }
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
