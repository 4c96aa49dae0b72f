/**
 * A small HTTP/1.1 client: one connection, one request at a time, kept alive. And a blocking fetch for commands and tests.
 *
 * Lifetime: gw_http_client_open() to gw_http_client_close(). It connects with the first request, and again when the kept
 *           connection has ended before a request could be sent. It never repeats a request that may have reached the server.
 * Thread:   the loop's.
 */
#ifndef GW_NET_HTTP_CLIENT_H
#define GW_NET_HTTP_CLIENT_H

#include "codec/http1.h"
#include "net/link.h"

struct gw_http_client; /* opaque */

struct gw_http_client_opts {
    struct gw_address to;
    struct gw_tls *tls;      /* NULL: none */
    const char *host;        /* for Host and the certificate's name; NULL: the address */
    uint32_t timeout_ms;     /* from the request to the whole answer; 0: 30 s */
    uint32_t body_bytes_max; /* of an answer that is gathered; 0: 16 MiB */
};

struct gw_http_call {
    const char *method;
    const char *target;                  /* origin form */
    const struct gw_http1_field *fields; /* without Host, Content-Length, Connection */
    size_t field_count;
    struct gw_bytes
        body; /* Content-Length is sent when there is one, or the method is not GET or HEAD */
};

/** Views last until the callback returns. */
struct gw_http_response {
    const struct gw_http1_head *head;
    struct gw_bytes body; /* empty when on_data took it */
};

/** Once per request. rc < 0: no (whole) answer; `response` is NULL. The client may be used or closed inside. */
typedef void gw_http_done(void *ctx, const struct gw_http_response *response, gw_rc rc,
                          const struct gw_err *err);

struct gw_http_hooks {
    gw_http_done *done;
    /** Pieces of the body as they come; NULL: gathered. Without a time-out once the head is there (event streams). */
    void (*on_data)(void *ctx, const struct gw_http1_head *head, struct gw_bytes data);
    void *ctx;
};

gw_rc gw_http_client_open(struct gw_loop *loop, const struct gw_http_client_opts *opts,
                          struct gw_http_client **ret, struct gw_err *err);
/** `done` of a request under way does not fire. Accepts NULL. */
void gw_http_client_close(struct gw_http_client *client);
/** @return GW_BUSY: the request before has not ended */
GW_NODISCARD gw_rc gw_http_client_send(struct gw_http_client *client,
                                       const struct gw_http_call *call,
                                       const struct gw_http_hooks *hooks, struct gw_err *err);

/** Blocking: a loop of its own, one request. `ret` lives in `arena`. */
gw_rc gw_http_fetch(const struct gw_http_client_opts *opts, const struct gw_http_call *call,
                    struct gw_arena *arena, struct gw_http_response *ret, struct gw_err *err);

#endif
