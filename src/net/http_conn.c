/* One connection of the server: bytes to requests. http_answer.c goes the other way. */
#include "net/http_server_int.h"
#include "os/heap.h"

enum {
    IN_FIRST_BYTES = 4096,
    IN_KEEP_BYTES = 65536,    /* an idle connection keeps no more */
    LATER_BYTES_MAX = 262144, /* pipelined behind a request in work */
    ARENA_BYTES_MAX = 16 << 20,
    LINGER_MS = 2000
};

static void process(struct gw_http_conn *conn);

/* ---- life ---- */

void gw_http_conn_arm(struct gw_http_conn *conn, uint32_t ms)
{
    conn->deadline_ns = gw_loop_now_ns(conn->server->loop) + (int64_t)ms * 1000000;
}

static void release(struct gw_http_conn *conn)
{
    const struct gw_alloc *heap = gw_os_heap();
    struct gw_http_server *server = conn->server;
    if (server->cursor == conn)
        server->cursor = conn->next;
    *conn->at = conn->next;
    if (conn->next)
        conn->next->at = conn->at;
    gw_buf_done(&conn->in);
    gw_buf_done(&conn->later);
    gw_arena_done(&conn->arena);
    heap->put(heap->ctx, conn, sizeof(*conn));
    server->stats.open--;
    gw_http_server_left(server);
}

void gw_http_conn_drop(struct gw_http_conn *conn)
{
    bool busy = conn->state == GW_HTTP_CONN_BUSY;
    if (conn->state == GW_HTTP_CONN_DEAD)
        return;
    gw_link_close(conn->link);
    conn->link = NULL;
    conn->deadline_ns = 0;
    conn->state = GW_HTTP_CONN_DEAD;
    if (busy) {
        conn->request.gone = true;
        if (conn->on_gone)
            conn->on_gone(conn->watch_ctx);
        return;
    }
    if (!conn->processing) /* else process() ends with it */
        release(conn);
}

/* The last answer is queued. Closing at once could reset the connection before the client has read it. */
static void close_softly(struct gw_http_conn *conn)
{
    conn->state = GW_HTTP_CONN_CLOSING;
    bool queued = gw_link_queued_bytes(conn->link) > 0;
    gw_http_conn_arm(conn, queued ? conn->server->opts.write_ms : (uint32_t)LINGER_MS);
    gw_link_shutdown(conn->link);
    gw_link_read_start(conn->link);
    if (conn->finished_reading && gw_link_queued_bytes(conn->link) == 0)
        gw_http_conn_drop(conn);
}

void gw_http_conn_timeout(struct gw_http_conn *conn)
{
    conn->server->stats.timeouts++;
    bool started = conn->state == GW_HTTP_CONN_BODY ||
                   (conn->state == GW_HTTP_CONN_HEAD && conn->in.len > conn->at_byte);
    if (started && gw_link_queued_bytes(conn->link) == 0) {
        gw_http_refuse(conn, 408, "the request did not come in time");
        close_softly(conn);
        return;
    }
    gw_http_conn_drop(conn);
}

/* ---- requests ---- */

static void refuse(struct gw_http_conn *conn, uint16_t status, const char *detail)
{
    conn->server->stats.refused++;
    gw_http_refuse(conn, status, detail);
    close_softly(conn);
}

static bool host_is(struct gw_text host, struct gw_text allowed)
{
    if (host.len != allowed.len)
        return false;
    for (size_t i = 0; i < host.len; i++) {
        char c = host.data[i];
        if ((c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c) != allowed.data[i])
            return false;
    }
    return true;
}

static struct gw_text without_port(struct gw_text host)
{
    size_t len = host.len;
    while (len > 0 && host.data[len - 1] >= '0' && host.data[len - 1] <= '9')
        len--;
    if (len > 0 && host.data[len - 1] == ':' && (host.data[0] != '[' || host.data[len - 2] == ']'))
        host.len = len - 1;
    return host;
}

static bool is_local(struct gw_text host)
{
    struct gw_address address = {.kind = GW_ADDRESS_TCP};
    if (host.len > 2 && host.data[0] == '[') {
        host.data++;
        host.len -= 2;
    }
    if (host.len >= sizeof(address.host))
        return false;
    for (size_t i = 0; i < host.len; i++)
        address.host[i] = host.data[i];
    return host_is(host, GW_TEXT_LIT("localhost")) || gw_address_is_local(&address);
}

/* A page of another site that a browser resolves to us (DNS rebinding) comes with that site's name. */
static bool host_allowed(const struct gw_http_conn *conn)
{
    const struct gw_http_server_opts *opts = &conn->server->opts;
    if (opts->host_count == 0 && opts->at.kind == GW_ADDRESS_UNIX)
        return true;
    if (conn->head.host.data == NULL) {
        return opts->host_count == 0 ? gw_address_is_local(&opts->at)
                                     : gw_text_is(opts->hosts[0], "*");
    }
    struct gw_text host = without_port(conn->head.host);
    for (size_t i = 0; i < opts->host_count; i++) {
        if (gw_text_is(opts->hosts[i], "*") || host_is(host, opts->hosts[i]))
            return true;
    }
    return opts->host_count == 0 && is_local(host);
}

static void split_target(struct gw_http_request *request)
{
    struct gw_text rest = request->target;
    if (rest.data[0] == 'h' ||
        rest.data[0] == 'H') { /* absolute form: the reader has checked its shape */
        const char *slashes = memmem(rest.data, rest.len, "//", 2);
        size_t skip = (size_t)(slashes - rest.data) + 2;
        while (skip < rest.len && rest.data[skip] != '/' && rest.data[skip] != '?')
            skip++;
        rest = (struct gw_text){rest.data + skip, rest.len - skip};
    }
    const char *mark = rest.len ? memchr(rest.data, '?', rest.len) : NULL;
    request->path = mark ? (struct gw_text){rest.data, (size_t)(mark - rest.data)} : rest;
    request->query = mark ? (struct gw_text){mark + 1, rest.len - request->path.len - 1}
                          : (struct gw_text){NULL, 0};
    if (request->path.len == 0)
        request->path = GW_TEXT_LIT("/");
}

static void hand_over(struct gw_http_conn *conn)
{
    struct gw_http_request *request = &conn->request;
    if (conn->in.data !=
        conn->head_base) { /* the buffer has moved under the views: read the head again */
        struct gw_http1_reader reader;
        gw_http1_reader_init(&reader, GW_HTTP1_REQUEST, conn->server->opts.limits);
        struct gw_bytes bytes = {conn->in.data + conn->at_byte, conn->in.len - conn->at_byte};
        enum gw_http1_step step = gw_http1_head_read(&reader, bytes, &conn->head, NULL);
        GW_ASSERT(step == GW_HTTP1_READY);
    }
    *request = (struct gw_http_request){
        .method = conn->head.method,
        .target = conn->head.target,
        .body = {conn->in.data + conn->at_byte + conn->body_at, conn->body_len},
        .head = &conn->head,
        .arena = &conn->arena,
    };
    split_target(request);
    conn->is_head = gw_text_is(request->method, "HEAD");
    conn->keep_alive = conn->head.keep_alive && !conn->server->draining;
    conn->begun = conn->chunked = false;
    conn->on_gone = conn->on_drained = NULL;
    conn->state = GW_HTTP_CONN_BUSY;
    conn->deadline_ns = 0;
    conn->server->stats.requests++;
    conn->server->opts.handler(conn->server->opts.ctx, request);
}

/* Decodes in place: the body ends up in one piece behind its head. @return false when more must come, or it was refused */
static bool read_body(struct gw_http_conn *conn)
{
    uint8_t *base = conn->in.data + conn->at_byte;
    size_t have = conn->in.len - conn->at_byte;
    struct gw_err err = {0};
    enum gw_http1_step step;
    do {
        struct gw_http1_piece piece;
        struct gw_bytes rest = {base + conn->taken, have - conn->taken};
        step = gw_http1_body_read(&conn->body, rest, &piece, &err);
        if (step == GW_HTTP1_REFUSED) {
            refuse(conn, 400, err.msg);
            return false;
        }
        if (conn->body_len + piece.data.len > conn->server->opts.body_bytes_max) {
            refuse(conn, 413, "the body is larger than the limit");
            return false;
        }
        if (piece.data.len && piece.data.data != base + conn->body_at + conn->body_len)
            memmove(base + conn->body_at + conn->body_len, piece.data.data, piece.data.len);
        conn->body_len += piece.data.len;
        conn->taken += piece.used;
    } while (step == GW_HTTP1_MORE && conn->taken < have);
    return step == GW_HTTP1_READY;
}

/* @return false when more must come, or it was refused */
static bool read_head(struct gw_http_conn *conn)
{
    struct gw_err err = {0};
    struct gw_bytes bytes = {conn->in.data + conn->at_byte, conn->in.len - conn->at_byte};
    enum gw_http1_step step = gw_http1_head_read(&conn->reader, bytes, &conn->head, &err);
    if (step == GW_HTTP1_MORE)
        return false;
    if (step == GW_HTTP1_REFUSED) {
        refuse(conn, conn->reader.refusal, err.msg);
        return false;
    }
    if (!host_allowed(conn)) {
        refuse(conn, 421, "this server does not answer for that Host");
        return false;
    }
    if (conn->head.body_bytes > conn->server->opts.body_bytes_max) {
        refuse(conn, 413, "the body is larger than the limit");
        return false;
    }
    conn->head_base = conn->in.data;
    conn->body_at = conn->taken = conn->head.raw.len;
    conn->body_len = 0;
    gw_http1_body_init(&conn->body, &conn->head);
    conn->state = GW_HTTP_CONN_BODY;
    gw_http_conn_arm(conn, conn->server->opts.body_ms);
    if (conn->head.expect_continue && conn->taken == bytes.len) {
        struct gw_bytes go = gw_text_bytes(GW_TEXT_LIT("HTTP/1.1 100 Continue\r\n\r\n"));
        if (gw_link_write(conn->link, &go, 1, NULL) < 0)
            gw_http_conn_drop(conn);
    }
    return conn->state == GW_HTTP_CONN_BODY;
}

static bool read_message(struct gw_http_conn *conn)
{
    if (conn->state == GW_HTTP_CONN_HEAD && !read_head(conn))
        return false;
    return conn->state == GW_HTTP_CONN_BODY && read_body(conn);
}

/* ---- the flow of bytes ---- */

static void wait_for_head(struct gw_http_conn *conn)
{
    conn->state = GW_HTTP_CONN_HEAD;
    gw_http1_reader_init(&conn->reader, GW_HTTP1_REQUEST, conn->server->opts.limits);
}

/* After the answer: forget the request's bytes, take in what came meanwhile. */
static void next_request(struct gw_http_conn *conn)
{
    conn->at_byte += conn->taken;
    conn->taken = 0;
    gw_arena_reset(&conn->arena);
    wait_for_head(conn);
    if (conn->later.len == 0)
        return;
    gw_buf_put_bytes(&conn->in, gw_buf_bytes(&conn->later));
    gw_buf_reset(&conn->later);
    GW_ASSERT(!conn->in.failed); /* its bound leaves room for all of `later` */
    gw_link_read_start(conn->link);
}

static void compact(struct gw_http_conn *conn)
{
    size_t left = conn->in.len - conn->at_byte;
    if (conn->at_byte == 0)
        return;
    if (left)
        memmove(conn->in.data, conn->in.data + conn->at_byte, left);
    conn->at_byte = 0;
    conn->in.len = left;
    if (conn->state == GW_HTTP_CONN_BODY)
        conn->head_base = NULL; /* the views moved with their bytes */
    if (left == 0 && conn->in.cap > IN_KEEP_BYTES) {
        size_t bytes_max = conn->in.bytes_max;
        gw_buf_done(&conn->in);
        gw_buf_init(&conn->in, gw_os_heap(), bytes_max);
    }
}

static void after_processing(struct gw_http_conn *conn)
{
    conn->processing = false;
    if (conn->state == GW_HTTP_CONN_DEAD) {
        if (conn->link == NULL && !conn->request.gone)
            release(conn);
        return;
    }
    if (conn->state != GW_HTTP_CONN_HEAD && conn->state != GW_HTTP_CONN_BODY)
        return;
    compact(conn);
    if (conn->state == GW_HTTP_CONN_BODY)
        return;
    if (conn->finished_reading) {
        close_softly(conn);
    } else if (conn->server->draining && conn->in.len == 0) {
        close_softly(conn);
    } else if (conn->in.len == 0) {
        gw_http_conn_arm(conn, conn->server->opts.idle_ms);
    } else if (conn->deadline_ns == 0) {
        gw_http_conn_arm(conn, conn->server->opts.header_ms);
    }
}

static void process(struct gw_http_conn *conn)
{
    if (conn->processing)
        return; /* answered from inside the handler: the loop below goes on */
    conn->processing = true;
    while (conn->in.len > conn->at_byte && read_message(conn)) {
        hand_over(conn);
        if (conn->state != GW_HTTP_CONN_HEAD)
            break;
    }
    after_processing(conn);
}

void gw_http_conn_answered(struct gw_http_conn *conn)
{
    if (conn->state == GW_HTTP_CONN_DEAD) {
        conn->request.gone = false;
        if (!conn->processing)
            release(conn);
        return;
    }
    GW_ASSERT(conn->state == GW_HTTP_CONN_BUSY);
    if (!conn->keep_alive) {
        close_softly(conn);
        return;
    }
    next_request(conn);
    process(conn);
}

/* ---- the link's events ---- */

static void on_ready(void *ctx)
{
    struct gw_http_conn *conn = ctx;
    gw_http_conn_arm(conn, conn->server->opts.header_ms);
}

static void on_read(void *ctx, struct gw_bytes data)
{
    struct gw_http_conn *conn = ctx;
    if (conn->state == GW_HTTP_CONN_CLOSING || conn->state == GW_HTTP_CONN_DEAD)
        return;
    if (conn->state == GW_HTTP_CONN_BUSY) {
        gw_buf_put_bytes(&conn->later, data);
        if (conn->later.failed) {
            gw_http_conn_drop(conn);
        } else if (conn->later.len >= LATER_BYTES_MAX / 2) {
            gw_link_read_stop(conn->link);
        }
        return;
    }
    if (conn->state == GW_HTTP_CONN_HEAD && conn->in.len == conn->at_byte)
        gw_http_conn_arm(conn, conn->server->opts.header_ms);
    if (conn->in.cap == 0)
        (void)gw_buf_room(&conn->in, IN_FIRST_BYTES);
    gw_buf_put_bytes(&conn->in, data);
    if (conn->in.failed) {
        refuse(conn, 413, "the request is larger than the limit");
        return;
    }
    process(conn);
}

static void on_end(void *ctx, gw_rc rc, const struct gw_err *err)
{
    struct gw_http_conn *conn = ctx;
    (void)err;
    conn->finished_reading = true;
    /* A client that has finished sending may still wait for its answer. */
    bool waits =
        rc == GW_OK && (conn->state == GW_HTTP_CONN_BUSY || gw_link_queued_bytes(conn->link) > 0);
    if (!waits) {
        gw_http_conn_drop(conn);
    } else if (conn->state != GW_HTTP_CONN_BUSY && conn->state != GW_HTTP_CONN_CLOSING) {
        close_softly(conn);
    }
}

static void on_drained(void *ctx)
{
    struct gw_http_conn *conn = ctx;
    if (conn->state == GW_HTTP_CONN_CLOSING && conn->finished_reading) {
        gw_http_conn_drop(conn);
    } else if (conn->state == GW_HTTP_CONN_CLOSING) {
        gw_http_conn_arm(conn, LINGER_MS);
    } else if (conn->state == GW_HTTP_CONN_BUSY && conn->on_drained) {
        conn->on_drained(conn->watch_ctx);
    }
}

static const struct gw_link_events link_events = {on_ready, on_read, on_end, on_drained};

void gw_http_conn_open(struct gw_http_server *server, struct gw_stream *stream)
{
    const struct gw_alloc *heap = gw_os_heap();
    struct gw_http_conn *conn = heap->get(heap->ctx, sizeof(*conn));
    if (conn == NULL) {
        server->stats.refused++;
        gw_stream_close(stream);
        return;
    }
    memset(conn, 0, sizeof(*conn));
    conn->server = server;
    size_t message_max = (size_t)server->opts.limits->head_bytes_max + server->opts.body_bytes_max;
    gw_stream_set_write_bytes_max(stream, server->opts.answer_bytes_max);
    if (gw_link_open(stream, server->opts.tls, NULL, &link_events, conn, &conn->link, NULL) < 0) {
        heap->put(heap->ctx, conn, sizeof(*conn));
        server->stats.refused++;
        return;
    }
    /* Room for framing around a chunked body, and for what one read brings beyond the message. */
    gw_buf_init(&conn->in, heap, message_max + message_max / 2 + 4 * (size_t)LATER_BYTES_MAX);
    gw_buf_init(&conn->later, heap, LATER_BYTES_MAX);
    gw_arena_init(&conn->arena, heap, ARENA_BYTES_MAX);
    conn->next = server->conns;
    conn->at = &server->conns;
    if (conn->next)
        conn->next->at = &conn->next;
    server->conns = conn;
    server->stats.open++;
    server->stats.connections++;
    wait_for_head(conn);
    gw_http_conn_arm(conn, server->opts.header_ms);
    gw_link_read_start(conn->link);
}
