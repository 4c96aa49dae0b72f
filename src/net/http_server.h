/**
 * An HTTP/1.1 server on a loop: one handler call per request, answers now or later, streams and server-sent events.
 *
 * Shape:   requests of one connection are handled one after the other, in order; what a client pipelines waits in a bounded
 *          buffer. The body is read whole (bounded) before the handler is called.
 * Request: valid from the handler's call until its answer is complete, also when the client has gone meanwhile: answers to
 *          nobody are dropped. Every request must be answered exactly once, on the loop's thread.
 * Bounds:  connections, line, head, fields, body, queued answer bytes. Slow clients are cut off by time-outs.
 * Answers of its own: 400 408 413 414 417 421 431 501 503 505, as application/problem+json.
 */
#ifndef GW_NET_HTTP_SERVER_H
#define GW_NET_HTTP_SERVER_H

#include "codec/http1.h"
#include "net/link.h"

struct gw_http_server; /* opaque */

/** Views last until the answer is complete. */
struct gw_http_request {
    struct gw_text method, target;
    struct gw_text path, query; /* of the target: not decoded; query without '?' */
    struct gw_bytes body;
    const struct gw_http1_head *head; /* all fields: gw_http1_field() */
    struct gw_arena *arena;           /* for the handler; ends with the request */
    void *user;                       /* the handler's, NULL at first */
    bool gone; /* the client has gone: work for it may stop, the answer is still due */
};

typedef void gw_http_handler(void *ctx, struct gw_http_request *request);

struct gw_http_server_opts {
    struct gw_address at;
    struct gw_tls *tls; /* NULL: none; outlives the server */
    gw_http_handler *handler;
    void *ctx;
    const struct gw_text
        *hosts; /* allowed in Host, without port, lower case; "*" allows all; borrowed. None given:
                                     localhost and loopback addresses; on unix sockets every host */
    size_t host_count;
    const struct gw_http1_limits *limits;           /* NULL: the defaults */
    uint32_t connections_max;                       /* 0: 1024 */
    uint32_t body_bytes_max;                        /* 0: 1 MiB */
    uint32_t answer_bytes_max;                      /* queued for one connection; 0: 1 MiB */
    uint32_t header_ms, body_ms, idle_ms, write_ms; /* 0: 10 s, 30 s, 60 s, 30 s without progress */
};

gw_rc gw_http_server_open(struct gw_loop *loop, const struct gw_http_server_opts *opts,
                          struct gw_http_server **ret, struct gw_err *err);
void gw_http_server_address(const struct gw_http_server *server, struct gw_address *ret);
/** Listens no more; idle connections end now, busy ones after their answer. @done fires once when all have ended. */
void gw_http_server_drain(struct gw_http_server *server, void (*done)(void *ctx), void *ctx);
/** Cuts all connections. Requests not yet answered stay valid until they are. Accepts NULL. */
void gw_http_server_close(struct gw_http_server *server);

struct gw_http_server_stats {
    uint64_t connections, requests, refused, timeouts; /* since the start */
    uint32_t open;
};
void gw_http_server_stats(const struct gw_http_server *server, struct gw_http_server_stats *ret);

/* ---- answers ---- */

struct gw_http_answer {
    uint16_t status;
    const char *type; /* Content-Type; NULL: none */
    const struct gw_http1_field
        *fields; /* further ones; checked (asserted): no control characters */
    size_t field_count;
    struct gw_bytes body; /* copied during the call */
};

/** The whole answer: the request ends here. */
void gw_http_answer(struct gw_http_request *request, const struct gw_http_answer *answer);
/** An application/problem+json answer (RFC 9457) of an error: status by gw_rc_http(), title, detail, hint, code. */
void gw_http_answer_error(struct gw_http_request *request, const struct gw_err *err);

/** Start an answer whose body comes in pieces (answer->body is the first; chunked, or until close for HTTP/1.0). */
void gw_http_begin(struct gw_http_request *request, const struct gw_http_answer *answer);
/** @return GW_BUSY: the client reads too slowly, nothing was taken; go on after on_drained. GW_OK when it has gone */
GW_NODISCARD gw_rc gw_http_send(struct gw_http_request *request, struct gw_bytes data);
/** The request ends here. */
void gw_http_end(struct gw_http_request *request);
/** The body cannot be completed: cut the connection, so that the client does not take it for whole. The request ends here. */
void gw_http_abort(struct gw_http_request *request);

/** For answers given later. @on_gone  the client has gone (request->gone); @on_drained  after GW_BUSY. Either may be NULL. */
void gw_http_watch(struct gw_http_request *request, void (*on_gone)(void *ctx),
                   void (*on_drained)(void *ctx), void *ctx);

/* ---- server-sent events (HTML living standard, section 9.2) ---- */

/** Last-Event-ID of the request. @return false when there is none, or it is not a number */
bool gw_http_last_event(const struct gw_http_request *request, uint64_t *ret_id);
void gw_http_events_begin(struct gw_http_request *request);
/** One event. @name  NULL: "message". `data` may hold line ends. @return as gw_http_send() */
GW_NODISCARD gw_rc gw_http_event_send(struct gw_http_request *request, uint64_t id,
                                      const char *name, struct gw_text data);
/** A comment line that keeps proxies from closing a quiet stream. */
GW_NODISCARD gw_rc gw_http_event_ping(struct gw_http_request *request);

#endif
