#include "net/http_client.h"

#include "base/buf.h"
#include "os/heap.h"

enum { TIMEOUT_MS_DEFAULT = 30000, BODY_BYTES_DEFAULT = 16 << 20, REQUEST_HEAD_MAX = 65536 };

struct gw_http_client {
    struct gw_loop *loop;
    struct gw_http_client_opts opts;
    char host[GW_ADDRESS_TEXT_MAX];
    struct gw_connect *connect;
    struct gw_link *link;
    struct gw_timer *timer;
    struct gw_buf request; /* bytes to send; kept until the answer begins */
    struct gw_buf in;      /* the answer's head, and then the gathered body behind it */
    struct gw_http1_reader reader;
    struct gw_http1_head head;
    struct gw_http1_body body;
    size_t taken, body_at, body_len;
    bool busy, sent, got_head, closed;
    unsigned depth; /* inside our callbacks; a close there frees at the end */
    struct gw_http_hooks hooks;
};

/* ---- ends ---- */

static void release(struct gw_http_client *client)
{
    const struct gw_alloc *heap = gw_os_heap();
    gw_buf_done(&client->request);
    gw_buf_done(&client->in);
    gw_timer_free(client->timer);
    heap->put(heap->ctx, client, sizeof(*client));
}

static void leave(struct gw_http_client *client)
{
    if (--client->depth == 0 && client->closed)
        release(client);
}

static void hang_up(struct gw_http_client *client)
{
    gw_link_close(client->link);
    client->link = NULL;
    gw_connect_cancel(client->connect);
    client->connect = NULL;
}

static void finish(struct gw_http_client *client, const struct gw_http_response *response, gw_rc rc,
                   const struct gw_err *err)
{
    client->busy = false;
    gw_timer_stop(client->timer);
    client->hooks.done(client->hooks.ctx, response, rc, err);
}

static void fail(struct gw_http_client *client, gw_rc rc, const struct gw_err *err)
{
    hang_up(client);
    if (client->busy)
        finish(client, NULL, rc, err);
}

static void on_timeout(void *ctx)
{
    struct gw_http_client *client = ctx;
    struct gw_err err = {0};
    gw_rc rc = GW_FAIL(&err, GW_TIMEOUT, "no answer from %s in time", client->host);
    client->depth++;
    fail(client, rc, &err);
    leave(client);
}

/* ---- the answer ---- */

static void complete(struct gw_http_client *client)
{
    struct gw_http_response response = {
        .head = &client->head, .body = {client->in.data + client->body_at, client->body_len}};
    /* What comes unasked behind an answer belongs to no request. */
    if (!client->head.keep_alive || client->taken < client->in.len)
        hang_up(client);
    finish(client, &response, GW_OK, NULL);
}

/* 100, 103: the answer is still to come. */
static void skip_interim(struct gw_http_client *client)
{
    size_t skip = client->head.raw.len;
    bool answers_head = client->reader.answers_head;
    memmove(client->in.data, client->in.data + skip, client->in.len - skip);
    client->in.len -= skip;
    gw_http1_reader_init(&client->reader, GW_HTTP1_RESPONSE, NULL);
    client->reader.answers_head = answers_head;
}

static enum gw_http1_step read_head(struct gw_http_client *client, struct gw_err *err)
{
    enum gw_http1_step step = GW_HTTP1_MORE;
    while (client->in.len > 0) {
        step = gw_http1_head_read(&client->reader, gw_buf_bytes(&client->in), &client->head, err);
        if (step != GW_HTTP1_READY || client->head.status >= 200)
            break;
        skip_interim(client);
        step = GW_HTTP1_MORE;
    }
    if (step != GW_HTTP1_READY)
        return step;
    client->got_head = true;
    client->taken = client->body_at = client->head.raw.len;
    client->body_len = 0;
    gw_http1_body_init(&client->body, &client->head);
    if (client->hooks.on_data)
        gw_timer_stop(client->timer);
    return GW_HTTP1_READY;
}

static enum gw_http1_step read_body(struct gw_http_client *client, struct gw_err *err)
{
    enum gw_http1_step step;
    do {
        struct gw_http1_piece piece;
        struct gw_bytes rest = {client->in.data + client->taken, client->in.len - client->taken};
        step = gw_http1_body_read(&client->body, rest, &piece, err);
        client->taken += piece.used;
        if (step == GW_HTTP1_REFUSED || piece.data.len == 0)
            continue;
        if (client->hooks.on_data) {
            client->hooks.on_data(client->hooks.ctx, &client->head, piece.data);
            if (client->closed)
                return GW_HTTP1_MORE;
            continue;
        }
        memmove(client->in.data + client->body_at + client->body_len, piece.data.data,
                piece.data.len);
        client->body_len += piece.data.len;
    } while (step == GW_HTTP1_MORE && client->taken < client->in.len);
    return step;
}

/* What has been decoded is gathered behind the head, or was given out: what lies between can go. */
static void compact(struct gw_http_client *client)
{
    size_t keep = client->body_at + client->body_len;
    size_t rest = client->in.len - client->taken;
    memmove(client->in.data + keep, client->in.data + client->taken, rest);
    client->taken = keep;
    client->in.len = keep + rest;
}

/* The buffer may have moved since the head was read; its views must follow. */
static void refresh_head(struct gw_http_client *client)
{
    struct gw_http1_reader reader;
    if (client->head.raw.data == client->in.data)
        return;
    gw_http1_reader_init(&reader, GW_HTTP1_RESPONSE, NULL);
    reader.answers_head = client->reader.answers_head;
    enum gw_http1_step step =
        gw_http1_head_read(&reader, gw_buf_bytes(&client->in), &client->head, NULL);
    GW_ASSERT(step == GW_HTTP1_READY);
}

static void read_answer(struct gw_http_client *client)
{
    struct gw_err err = {0};
    enum gw_http1_step step = GW_HTTP1_READY;
    if (!client->got_head) {
        step = read_head(client, &err);
    } else {
        refresh_head(client);
    }
    if (step == GW_HTTP1_READY)
        step = read_body(client, &err);
    if (client->closed)
        return;
    if (step == GW_HTTP1_REFUSED) {
        fail(client, GW_CORRUPT, &err);
        return;
    }
    if (client->got_head && step == GW_HTTP1_MORE)
        compact(client);
    if (step == GW_HTTP1_READY)
        complete(client);
}

static void on_read(void *ctx, struct gw_bytes data)
{
    struct gw_http_client *client = ctx;
    client->depth++;
    gw_buf_put_bytes(&client->in, data);
    if (!client->busy) {
        hang_up(client); /* bytes nobody asked for */
    } else if (client->in.failed) {
        struct gw_err err = {0};
        fail(client, GW_FAIL(&err, GW_TOOLARGE, "the answer is larger than the limit"), &err);
    } else {
        read_answer(client);
    }
    leave(client);
}

static void on_end(void *ctx, gw_rc rc, const struct gw_err *why)
{
    struct gw_http_client *client = ctx;
    struct gw_err err = {0};
    client->depth++;
    if (!client->busy) {
        hang_up(client);
    } else if (rc < 0) {
        fail(client, rc, why);
    } else if (client->got_head && gw_http1_body_may_end(&client->body)) {
        refresh_head(client);
        complete(client);
    } else {
        rc = GW_FAIL(&err, GW_CLOSED, "%s closed the connection before the whole answer",
                     client->host);
        fail(client, rc, &err);
    }
    leave(client);
}

/* ---- the request ---- */

static void send_request(struct gw_http_client *client)
{
    struct gw_err err = {0};
    struct gw_bytes part = gw_buf_bytes(&client->request);
    client->sent = true;
    gw_stream_set_write_bytes_max(gw_link_stream(client->link), part.len + 65536);
    gw_rc rc = gw_link_write(client->link, &part, 1, &err);
    if (rc < 0)
        fail(client, rc, &err);
}

static void on_ready(void *ctx)
{
    struct gw_http_client *client = ctx;
    client->depth++;
    if (client->busy && !client->sent)
        send_request(client);
    leave(client);
}

static const struct gw_link_events link_events = {on_ready, on_read, on_end, NULL};

static void on_connected(void *ctx, struct gw_stream *stream, gw_rc rc, const struct gw_err *why)
{
    struct gw_http_client *client = ctx;
    struct gw_err err = {0};
    client->depth++;
    client->connect = NULL;
    const char *name = client->opts.host ? client->opts.host : client->opts.to.host;
    if (client->opts.to.kind == GW_ADDRESS_UNIX && client->opts.host == NULL)
        name = NULL;
    if (rc == GW_OK) {
        rc =
            gw_link_open(stream, client->opts.tls, name, &link_events, client, &client->link, &err);
        why = &err;
    }
    if (rc < 0) {
        fail(client, rc, why);
    } else {
        gw_link_read_start(client->link);
        if (client->opts.tls == NULL)
            send_request(client);
    }
    leave(client);
}

static void write_call(struct gw_http_client *client, const struct gw_http_call *call)
{
    struct gw_buf *buf = &client->request;
    bool bodiless = strcmp(call->method, "GET") == 0 || strcmp(call->method, "HEAD") == 0;
    gw_buf_reset(buf);
    gw_buf_printf(buf, "%s %s HTTP/1.1\r\nHost: %s\r\n", call->method, call->target, client->host);
    for (size_t i = 0; i < call->field_count; i++) {
        GW_ASSERT(gw_http1_is_token(call->fields[i].name) &&
                  gw_http1_is_value(call->fields[i].value));
        gw_buf_put_text(buf, call->fields[i].name);
        gw_buf_put_str(buf, ": ");
        gw_buf_put_text(buf, call->fields[i].value);
        gw_buf_put_str(buf, "\r\n");
    }
    if (call->body.len || !bodiless)
        gw_buf_printf(buf, "Content-Length: %zu\r\n", call->body.len);
    gw_buf_put_str(buf, "\r\n");
    gw_buf_put_bytes(buf, call->body);
}

gw_rc gw_http_client_send(struct gw_http_client *client, const struct gw_http_call *call,
                          const struct gw_http_hooks *hooks, struct gw_err *err)
{
    if (client->busy)
        return GW_FAIL(err, GW_BUSY, "a request is under way on this connection");
    write_call(client, call);
    GW_TRY(gw_buf_check(&client->request, "request", err));
    gw_buf_reset(&client->in);
    gw_http1_reader_init(&client->reader, GW_HTTP1_RESPONSE, NULL);
    client->reader.answers_head = strcmp(call->method, "HEAD") == 0;
    client->hooks = *hooks;
    client->sent = client->got_head = false;
    client->taken = client->body_at = client->body_len = 0;
    if (client->link == NULL) {
        GW_TRY(gw_connect_start(client->loop, &client->opts.to, client->opts.timeout_ms,
                                on_connected, client, &client->connect, err));
    }
    client->busy = true;
    gw_timer_start(client->timer, client->opts.timeout_ms, 0);
    if (client->link) {
        struct gw_bytes part = gw_buf_bytes(&client->request);
        client->sent = true;
        gw_rc rc = gw_link_write(client->link, &part, 1, err);
        if (rc < 0) {
            client->busy = false;
            gw_timer_stop(client->timer);
            hang_up(client);
            return rc;
        }
    }
    return GW_OK;
}

/* ---- life ---- */

static void name_host(struct gw_http_client *client)
{
    const struct gw_address *to = &client->opts.to;
    struct gw_buf buf;
    gw_buf_init_fixed(&buf, client->host, sizeof(client->host) - 1);
    if (client->opts.host) {
        gw_buf_put_str(&buf, client->opts.host);
    } else if (to->kind == GW_ADDRESS_UNIX) {
        gw_buf_put_str(&buf, "localhost");
    } else {
        gw_buf_printf(&buf, strchr(to->host, ':') ? "[%s]:%u" : "%s:%u", to->host,
                      (unsigned)to->port);
    }
    client->host[buf.len] = 0;
}

gw_rc gw_http_client_open(struct gw_loop *loop, const struct gw_http_client_opts *opts,
                          struct gw_http_client **ret, struct gw_err *err)
{
    const struct gw_alloc *heap = gw_os_heap();
    struct gw_http_client *client = heap->get(heap->ctx, sizeof(*client));
    if (client == NULL)
        return GW_FAIL_NOMEM(err);
    memset(client, 0, sizeof(*client));
    client->loop = loop;
    client->opts = *opts;
    if (client->opts.timeout_ms == 0)
        client->opts.timeout_ms = TIMEOUT_MS_DEFAULT;
    if (client->opts.body_bytes_max == 0)
        client->opts.body_bytes_max = BODY_BYTES_DEFAULT;
    name_host(client);
    gw_buf_init(&client->request, heap, (size_t)REQUEST_HEAD_MAX + BODY_BYTES_DEFAULT);
    gw_buf_init(&client->in, heap,
                (size_t)client->opts.body_bytes_max + GW_HTTP1_HEAD_BYTES +
                    2 * (size_t)GW_STREAM_READ_BYTES);
    gw_rc rc = gw_timer_new(loop, on_timeout, client, &client->timer, err);
    if (rc < 0) {
        release(client);
        return rc;
    }
    *ret = client;
    return GW_OK;
}

void gw_http_client_close(struct gw_http_client *client)
{
    if (client == NULL)
        return;
    client->closed = true;
    client->busy = false;
    gw_timer_stop(client->timer);
    hang_up(client);
    if (client->depth == 0)
        release(client);
}

/* ---- blocking ---- */

struct fetch {
    struct gw_loop *loop;
    struct gw_arena *arena;
    struct gw_http_response response;
    struct gw_err err;
    gw_rc rc;
};

static gw_rc keep_answer(struct fetch *fetch, const struct gw_http_response *response)
{
    struct gw_http1_reader reader;
    struct gw_http1_head *head = GW_NEW(fetch->arena, struct gw_http1_head);
    struct gw_bytes raw = gw_arena_copy(fetch->arena, response->head->raw);
    struct gw_bytes body = gw_arena_copy(fetch->arena, response->body);
    if (head == NULL || raw.data == NULL || body.data == NULL)
        return GW_FAIL_NOMEM(&fetch->err);
    gw_http1_reader_init(&reader, GW_HTTP1_RESPONSE, NULL);
    reader.answers_head = response->head->framing == GW_HTTP1_NO_BODY;
    if (gw_http1_head_read(&reader, raw, head, &fetch->err) != GW_HTTP1_READY)
        return GW_CORRUPT;
    fetch->response = (struct gw_http_response){head, body};
    return GW_OK;
}

static void on_fetched(void *ctx, const struct gw_http_response *response, gw_rc rc,
                       const struct gw_err *err)
{
    struct fetch *fetch = ctx;
    fetch->rc = rc;
    if (rc < 0) {
        fetch->err = *err;
    } else {
        fetch->rc = keep_answer(fetch, response);
    }
    gw_loop_stop(fetch->loop);
}

gw_rc gw_http_fetch(const struct gw_http_client_opts *opts, const struct gw_http_call *call,
                    struct gw_arena *arena, struct gw_http_response *ret, struct gw_err *err)
{
    struct fetch fetch = {.arena = arena};
    struct gw_http_client *client = NULL;
    GW_TRY(gw_loop_new(&fetch.loop, err));
    gw_rc rc = gw_http_client_open(fetch.loop, opts, &client, err);
    if (rc == GW_OK) {
        rc = gw_http_client_send(client, call,
                                 &(struct gw_http_hooks){.done = on_fetched, .ctx = &fetch}, err);
    }
    if (rc == GW_OK) {
        gw_loop_run(fetch.loop);
        rc = fetch.rc;
        if (rc < 0 && err)
            *err = fetch.err;
    }
    gw_http_client_close(client);
    gw_loop_free(fetch.loop);
    if (rc == GW_OK)
        *ret = fetch.response;
    return rc;
}
