#include "net/http_server.h"

#include "net/http_server_int.h"
#include "os/clock.h"
#include "os/heap.h"

enum {
    CONNECTIONS_DEFAULT = 1024,
    BODY_BYTES_DEFAULT = 1 << 20,
    ANSWER_BYTES_DEFAULT = 1 << 20,
    HEADER_MS_DEFAULT = 10000,
    BODY_MS_DEFAULT = 30000,
    IDLE_MS_DEFAULT = 60000,
    WRITE_MS_DEFAULT = 30000,
    TICK_MS_MIN = 5,
    TICK_MS_MAX = 500,
    HEAD_BYTES_MAX = 65536 /* of an answer */
};

static const char full[] =
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n"
    "Connection: close\r\n\r\n";

/* ---- the date (RFC 9110 section 5.6.7) ---- */

static void put_two(char *at, unsigned value)
{
    at[0] = (char)('0' + value / 10);
    at[1] = (char)('0' + value % 10);
}

/* Days since 1970 to a date: Howard Hinnant, "chrono-compatible low-level date algorithms", 2013. */
static void write_date(int64_t seconds, char *ret)
{
    static const char days[] = "ThuFriSatSunMonTueWed";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    uint64_t day = (uint64_t)seconds / 86400, rest = (uint64_t)seconds % 86400;
    uint64_t shifted = day + 719468;
    uint64_t era = shifted / 146097, doe = shifted % 146097;
    uint64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    uint64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    uint64_t mp = (5 * doy + 2) / 153;
    unsigned month = (unsigned)(mp < 10 ? mp + 3 : mp - 9);
    unsigned year = (unsigned)(yoe + era * 400 + (month <= 2));
    memcpy(ret, "ddd, DD mmm YYYY hh:mm:ss GMT", GW_HTTP_DATE_LEN + 1);
    memcpy(ret, days + (size_t)(day % 7) * 3, 3);
    put_two(ret + 5, (unsigned)(doy - (153 * mp + 2) / 5 + 1));
    memcpy(ret + 8, months + (size_t)(month - 1) * 3, 3);
    put_two(ret + 12, year / 100);
    put_two(ret + 14, year % 100);
    put_two(ret + 17, (unsigned)(rest / 3600));
    put_two(ret + 20, (unsigned)(rest / 60 % 60));
    put_two(ret + 23, (unsigned)(rest % 60));
}

const char *gw_http_server_date(struct gw_http_server *server)
{
    int64_t now_s = gw_clock_wall_ns() / 1000000000;
    if (now_s != server->date_at_s || server->date[0] == 0) {
        server->date_at_s = now_s;
        write_date(now_s < 0 ? 0 : now_s, server->date);
    }
    return server->date;
}

/* ---- time ---- */

/* Whatever `visit` and the callbacks behind it free, even the server: that waits for the end of the walk. */
static void walk(struct gw_http_server *server, void (*visit)(struct gw_http_conn *conn))
{
    GW_ASSERT(!server->walking);
    server->walking = true;
    server->cursor = server->conns;
    while (server->cursor) {
        struct gw_http_conn *conn = server->cursor;
        server->cursor = conn->next;
        if (server->closed) {
            gw_http_conn_drop(conn);
        } else {
            visit(conn);
        }
    }
    server->walking = false;
    gw_http_server_left(server);
}

static void check_time(struct gw_http_conn *conn)
{
    struct gw_http_server *server = conn->server;
    size_t queued = conn->link ? gw_link_queued_bytes(conn->link) : 0;
    bool waits_for_answer = conn->state == GW_HTTP_CONN_BUSY;
    if (queued > 0 && queued < conn->queued_seen) { /* it takes what we send, slowly */
        gw_http_conn_arm(conn, server->opts.write_ms);
    } else if (queued > 0 && waits_for_answer && conn->deadline_ns == 0) {
        gw_http_conn_arm(conn, server->opts.write_ms);
    } else if (queued == 0 && waits_for_answer) {
        conn->deadline_ns = 0;
    }
    conn->queued_seen = queued;
    if (conn->deadline_ns && conn->deadline_ns <= gw_loop_now_ns(server->loop))
        gw_http_conn_timeout(conn);
}

static void on_tick(void *ctx)
{
    walk(ctx, check_time);
}

static uint32_t tick_ms(const struct gw_http_server_opts *opts)
{
    uint32_t least =
        GW_MIN(GW_MIN(opts->header_ms, opts->body_ms), GW_MIN(opts->idle_ms, opts->write_ms));
    uint32_t ms = GW_MIN(least / 8, (uint32_t)TICK_MS_MAX);
    return GW_MAX(ms, (uint32_t)TICK_MS_MIN);
}

/* ---- life ---- */

static void on_connection(void *ctx, struct gw_stream *stream)
{
    struct gw_http_server *server = ctx;
    if (server->stats.open >= server->opts.connections_max) {
        server->stats.refused++;
        if (server->opts.tls == NULL)
            gw_stream_write_now(stream, (struct gw_bytes){(const uint8_t *)full, sizeof(full) - 1});
        gw_stream_close(stream);
        return;
    }
    gw_http_conn_open(server, stream);
}

static void on_refused(void *ctx, const struct gw_err *err)
{
    struct gw_http_server *server = ctx;
    (void)err;
    server->stats.refused++;
}

static uint32_t or_default(uint32_t value, uint32_t fallback)
{
    return value ? value : fallback;
}

static void set_defaults(struct gw_http_server_opts *opts)
{
    opts->limits = opts->limits ? opts->limits : &gw_http1_limits_default;
    opts->connections_max = or_default(opts->connections_max, CONNECTIONS_DEFAULT);
    opts->body_bytes_max = or_default(opts->body_bytes_max, BODY_BYTES_DEFAULT);
    opts->answer_bytes_max = or_default(opts->answer_bytes_max, ANSWER_BYTES_DEFAULT);
    opts->header_ms = or_default(opts->header_ms, HEADER_MS_DEFAULT);
    opts->body_ms = or_default(opts->body_ms, BODY_MS_DEFAULT);
    opts->idle_ms = or_default(opts->idle_ms, IDLE_MS_DEFAULT);
    opts->write_ms = or_default(opts->write_ms, WRITE_MS_DEFAULT);
}

static void release(struct gw_http_server *server)
{
    const struct gw_alloc *heap = gw_os_heap();
    gw_listener_close(server->listener);
    gw_timer_free(server->tick);
    gw_buf_done(&server->head);
    heap->put(heap->ctx, server, sizeof(*server));
}

gw_rc gw_http_server_open(struct gw_loop *loop, const struct gw_http_server_opts *opts,
                          struct gw_http_server **ret, struct gw_err *err)
{
    const struct gw_alloc *heap = gw_os_heap();
    struct gw_http_server *server = heap->get(heap->ctx, sizeof(*server));
    if (server == NULL)
        return GW_FAIL_NOMEM(err);
    *server = (struct gw_http_server){.loop = loop, .opts = *opts};
    set_defaults(&server->opts);
    gw_buf_init(&server->head, heap, HEAD_BYTES_MAX);
    struct gw_listen_opts listen = {.at = opts->at,
                                    .refuse_bytes = {(const uint8_t *)full, sizeof(full) - 1},
                                    .on_connection = on_connection,
                                    .on_refused = on_refused,
                                    .ctx = server};
    if (opts->tls)
        listen.refuse_bytes.len = 0;
    gw_rc rc = gw_timer_new(loop, on_tick, server, &server->tick, err);
    if (rc == GW_OK)
        rc = gw_listener_open(loop, &listen, &server->listener, err);
    if (rc < 0) {
        release(server);
        return rc;
    }
    uint32_t ms = tick_ms(&server->opts);
    gw_timer_start(server->tick, ms, ms);
    *ret = server;
    return GW_OK;
}

void gw_http_server_address(const struct gw_http_server *server, struct gw_address *ret)
{
    gw_listener_address(server->listener, ret);
}

void gw_http_server_left(struct gw_http_server *server)
{
    if (server->conns || server->walking)
        return;
    if (server->closed) {
        release(server);
    } else if (server->draining && server->drained) {
        void (*drained)(void *) = server->drained;
        server->drained = NULL;
        drained(server->drained_ctx); /* may close the server */
    }
}

static void drop_idle(struct gw_http_conn *conn)
{
    if (conn->state == GW_HTTP_CONN_HEAD && conn->in.len == conn->at_byte &&
        gw_link_queued_bytes(conn->link) == 0)
        gw_http_conn_drop(conn);
}

void gw_http_server_drain(struct gw_http_server *server, void (*done)(void *ctx), void *ctx)
{
    gw_listener_close(server->listener);
    server->listener = NULL;
    server->draining = true;
    server->drained = done;
    server->drained_ctx = ctx;
    walk(server, drop_idle);
}

void gw_http_server_close(struct gw_http_server *server)
{
    if (server == NULL)
        return;
    server->closed = true;
    gw_timer_stop(server->tick);
    gw_listener_close(server->listener);
    server->listener = NULL;
    if (server->walking) {
        server->cursor = server->conns; /* the walk under way starts over and drops them */
    } else {
        walk(server, gw_http_conn_drop);
    }
}

void gw_http_server_stats(const struct gw_http_server *server, struct gw_http_server_stats *ret)
{
    *ret = server->stats;
}
