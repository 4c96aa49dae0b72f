/** Shared by http_server.c (life), http_conn.c (reading) and http_answer.c (writing). Included only inside src/net. */
#ifndef GW_NET_HTTP_SERVER_INT_H
#define GW_NET_HTTP_SERVER_INT_H

#include "base/buf.h"
#include "net/http_server.h"

enum { GW_HTTP_DATE_LEN = 29 };

struct gw_http_conn;

struct gw_http_server {
    struct gw_loop *loop;
    struct gw_listener *listener;
    struct gw_timer *tick;
    struct gw_http_server_opts opts;
    struct gw_http_conn *conns;
    struct gw_http_conn
        *cursor; /* of the walk over conns that is under way: it moves on when its conn is freed */
    bool walking;
    struct gw_http_server_stats stats;
    bool draining, closed;
    void (*drained)(void *ctx);
    void *drained_ctx;
    struct gw_buf head; /* scratch: the head of the answer being written */
    int64_t date_at_s;
    char date[GW_HTTP_DATE_LEN + 1];
};

enum gw_http_conn_state {
    GW_HTTP_CONN_HEAD, /* waits for a head, or for more of it */
    GW_HTTP_CONN_BODY, /* waits for the rest of a body */
    GW_HTTP_CONN_BUSY, /* the handler has the request */
    GW_HTTP_CONN_CLOSING, /* answered for the last time: reads until the client has taken it, or a time-out */
    GW_HTTP_CONN_DEAD /* no link any more; waits for the handler's answer */
};

struct gw_http_conn {
    struct gw_http_request request;
    struct gw_http_server *server;
    struct gw_http_conn *next, **at; /* in server->conns */
    struct gw_link *link;
    enum gw_http_conn_state state;
    int64_t deadline_ns; /* 0: none */
    size_t queued_seen;  /* bytes queued at the last tick, to see progress */
    struct gw_buf in;    /* [at_byte ..) is not consumed; the current request's bytes come first */
    size_t at_byte;
    struct gw_buf later; /* what came while the handler had the request */
    struct gw_http1_reader reader;
    struct gw_http1_head head;
    struct gw_http1_body body;
    const uint8_t *head_base; /* where `in` was when the head was read */
    size_t body_at, body_len; /* decoded body, offset from at_byte */
    size_t taken;             /* bytes of the message consumed, from at_byte */
    bool processing, keep_alive, is_head, begun, chunked, finished_reading;
    void (*on_gone)(void *ctx);
    void (*on_drained)(void *ctx);
    void *watch_ctx;
    struct gw_arena arena;
};

/** http_conn.c */
void gw_http_conn_open(struct gw_http_server *server, struct gw_stream *stream);
void gw_http_conn_timeout(struct gw_http_conn *conn);
/** The answer is complete. */
void gw_http_conn_answered(struct gw_http_conn *conn);
/** Drops the link; frees the connection unless the handler still has its request. */
void gw_http_conn_drop(struct gw_http_conn *conn);
void gw_http_conn_arm(struct gw_http_conn *conn, uint32_t ms);

/** http_answer.c: an answer of the server's own, after which the connection closes. */
void gw_http_refuse(struct gw_http_conn *conn, uint16_t status, const char *detail);

/** http_server.c: a connection has been freed. */
void gw_http_server_left(struct gw_http_server *server);
/** "Sun, 06 Nov 1994 08:49:37 GMT" of the running second. */
const char *gw_http_server_date(struct gw_http_server *server);

#endif
