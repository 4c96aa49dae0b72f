/**
 * libgodwit: transactions across stores, from C.
 *
 * A client speaks to an engine: one of its own, in this process ("dir:PATH"), or one that runs ("unix:PATH", "tcp:HOST:PORT").
 * The same calls work on all three. examples/client.c is a whole program.
 *
 * Values:   arguments and results are JSON texts, or canonical CBOR for programs that count microseconds
 *           (docs/formats.md#wire). {"src":1,"dst":2,"amt":"5.00"} in, {"ok":"31075…"} or {"fail":"INSUFFICIENT"} out.
 * Repeat:   a call with (session, seq) is done once however often it is sent: after a lost connection or a time-out send it
 *           again with the same numbers, and the answer is the one that was decided. Use each seq once, counting from 1; the
 *           engine keeps the last 1024 answers of a session.
 * Errors:   functions return 0, or a negative GW_CLIENT_… number and the reason in `ret_why` (may be NULL). A call that was
 *           decided returns 0 whatever was decided: look at reply.outcome.
 * Threads:  a client belongs to one thread at a time; open one for each thread.
 */
#ifndef GODWIT_GODWIT_H
#define GODWIT_GODWIT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__) && defined(GW_SHARED)
#define GODWIT_API __attribute__((visibility("default")))
#else
#define GODWIT_API
#endif

struct gw_client; /* opaque */

/** What a negative return means; all others are listed in src/base/err.h under the same numbers. */
enum gw_client_rc {
    GW_CLIENT_NOMEM = -1,
    GW_CLIENT_INVALID = -4, /* the call or its arguments make no sense: do not repeat */
    GW_CLIENT_BUSY = -5,    /* nothing happened; slow down, repeat */
    GW_CLIENT_HALTED = -6,
    GW_CLIENT_NOTFOUND = -7,
    GW_CLIENT_UNREACHABLE = -12,
    GW_CLIENT_TIMEOUT = -13,
    GW_CLIENT_CONFLICT = -14,
    GW_CLIENT_DENIED = -15,
    GW_CLIENT_CLOSED =
        -20 /* the connection is gone; whether the call was decided is unknown: repeat it under its seq */
};

enum { GW_CLIENT_OPEN_MAX = 512 }; /* calls under way of one client */

struct gw_failure {
    int rc;         /* as returned */
    unsigned code;  /* 2432 for GW2432 (`godwit explain GW2432`); 0: none */
    char text[384]; /* what happened */
    char hint[256]; /* what to do; "" when we do not know */
};

struct gw_open_opts {
    const char *token; /* tcp: of the tokens file; NULL: none */
    const char *
        program; /* dir: text of the program, deployed unless it is in force; NULL: what the journal has */
    uint32_t timeout_ms; /* of connecting, and of each blocking call; 0: 30 s */
};

/** @where  "dir:PATH" · "unix:PATH" · "tcp:HOST:PORT". @opts  may be NULL */
GODWIT_API int gw_open(const char *where, const struct gw_open_opts *opts, struct gw_client **ret,
                       struct gw_failure *ret_why);
/** What is under way is forgotten here (not there). "dir:": saves and ends the engine. Accepts NULL. */
GODWIT_API void gw_close(struct gw_client *client);

/** A session to count calls in. It expires after 24 hours without use. */
GODWIT_API int gw_session(struct gw_client *client, uint64_t *ret_session,
                          struct gw_failure *ret_why);

enum gw_query_kind {
    GW_QUERY_CALL,
    GW_QUERY_VIEW,
    GW_QUERY_WARM,
    GW_QUERY_STATUS,
    GW_QUERY_SESSION
};
enum gw_query_freshness {
    GW_QUERY_LINEARIZABLE,
    GW_QUERY_AT_LEAST, /* what has been written up to `index`, or later */
    GW_QUERY_AS_OF,    /* as it was at `index`, while the engine keeps it */
    GW_QUERY_STALE_OK
};

/** One question. Everything is borrowed during the call. */
struct gw_query {
    enum gw_query_kind kind;
    const char *fn;
    const char *json; /* arguments as JSON: an object by name, or an array; NULL: see cbor */
    const void *cbor; /* arguments as canonical CBOR array; the result is CBOR then, too */
    size_t cbor_len;
    uint64_t session, seq;             /* CALL; session 0: not repeatable */
    enum gw_query_freshness freshness; /* VIEW */
    uint64_t index;
};

enum gw_outcome {
    GW_OUTCOME_OK,    /* done; a view's value, a status */
    GW_OUTCOME_FAIL,  /* the program said `fail`; nothing was changed */
    GW_OUTCOME_ABORT, /* the engine could not run it; nothing was changed */
    GW_OUTCOME_ERROR  /* not decided: why */
};

/** `data` and `why` live until the callback returns; of blocking calls until the next use of the client. */
struct gw_reply {
    enum gw_outcome outcome;
    uint64_t index; /* where it was decided: later answers of views reflect it; 0: nowhere */
    uint32_t record;
    const char *data; /* JSON text (zero-terminated) or CBOR; NULL with ERROR */
    size_t len;
    uint64_t session, seq;        /* as asked; SESSION: the new one */
    const struct gw_failure *why; /* ERROR only */
};

/** Blocking. @return 0 when it was decided; `ret` is filled then */
GODWIT_API int gw_query(struct gw_client *client, const struct gw_query *query,
                        struct gw_reply *ret, struct gw_failure *ret_why);
/** The two commonest. @json  may be NULL when there are no arguments */
GODWIT_API int gw_call(struct gw_client *client, uint64_t session, uint64_t seq, const char *fn,
                       const char *json, struct gw_reply *ret, struct gw_failure *ret_why);
GODWIT_API int gw_view(struct gw_client *client, const char *fn, const char *json,
                       struct gw_reply *ret, struct gw_failure *ret_why);

/** From inside gw_poll(), gw_wait() or a blocking call: once for each question. It may start others. */
typedef void gw_reply_done(void *ctx, const struct gw_reply *reply);

/** Asks without waiting. @return GW_CLIENT_BUSY: GW_CLIENT_OPEN_MAX are under way, gw_poll() first; then `done` never fires */
GODWIT_API int gw_start(struct gw_client *client, const struct gw_query *query, gw_reply_done *done,
                        void *ctx, struct gw_failure *ret_why);
/** Sends what was started, takes what has come, waiting at most `timeout_ms` (0: not) for the first. @return replies taken */
GODWIT_API unsigned gw_poll(struct gw_client *client, uint32_t timeout_ms);
/** Until nothing is under way. */
GODWIT_API void gw_wait(struct gw_client *client);
GODWIT_API unsigned gw_open_count(const struct gw_client *client);

#ifdef __cplusplus
}
#endif

#endif
