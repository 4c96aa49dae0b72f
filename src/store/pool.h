/**
 * The workers of one store: actors that run blocking connectors, so that no loop ever waits for a store.
 *
 * Invariant: a request sent with GW_OK is answered exactly once, by sending it back to its reply_to; results and
 *            what they point to live in the request's own arena until gw_store_request_free().
 * Order:     requests to one worker run in the order sent. Workers do not wait for each other.
 * Bound:     `open_max` unanswered requests per worker; then GW_BUSY, and the caller slows its source down.
 * Slots:     worker w is connection slot `config.slot + w`, with a fence row of its own: a push says which worker.
 * Life:      gw_store_pool_open() (connects nothing yet), gw_store_pool_stop() (all answers sent), gw_store_pool_free().
 * Never:     retries. A failed connection is closed and made again by a later request, after a back-off of
 *            50 ms … 5 s in which requests are answered at once with the error that began it.
 */
#ifndef GW_STORE_POOL_H
#define GW_STORE_POOL_H

#include "os/actor.h"
#include "store/store.h"

struct gw_store_pool; /* opaque */

enum {
    GW_STORE_WORKERS_MAX = 64,
    GW_STORE_BACKOFF_MIN_MS = 50,
    GW_STORE_BACKOFF_MAX_MS = 5000,
    GW_STORE_REQUEST_BYTES_MAX = 64 * 1024 * 1024, /* of one request's arena */
    GW_STORE_ANY_WORKER = -1
};

/** How the worker's connection was when it answered. */
struct gw_store_link {
    bool is_open;
    uint32_t failures;   /* in a row; 0 after a good call */
    int64_t retry_at_ns; /* monotonic; before it nothing is tried; 0: now */
    int64_t waited_ns;   /* of this request: from the send to its start */
    int64_t ran_ns;      /* of this request: in the connector */
};

/**
 * One request with its result. `in` is set by the sender and may point into `arena`, to the program (homes), or to
 * what the sender keeps until the answer. `out` is valid when rc is GW_OK, else err is.
 */
struct gw_store_request {
    struct gw_msg
        msg; /* first; `kind` is free for the owner of reply_to: it comes back unchanged */
    enum gw_store_call call;
    struct gw_actor *reply_to;
    void *ctx; /* the sender's */
    int64_t
        deadline_ns; /* monotonic; 0: none. Not started after it: GW_TIMEOUT, class TIMEOUT, nothing happened */
    struct gw_arena arena;
    struct {
        const struct gw_home *home;         /* FETCH SCAN COUNT CATALOG */
        const union gw_value *const *keys;  /* FETCH */
        uint32_t count;                     /* FETCH: keys, PUSH: items, PREPARE*: homes */
        const union gw_value *after;        /* SCAN */
        uint32_t rows;                      /* SCAN */
        const struct gw_store_item *items;  /* PUSH */
        uint64_t epoch, attempt;            /* PUSH, FENCE_RAISE */
        const struct gw_home *const *homes; /* PREPARE, PREPARE_PLAN */
        uint8_t cluster[16];                /* FENCE_TAKE_OVER: the foreign id */
    } in;
    struct {
        struct gw_store_row *rows;       /* FETCH: in.count */
        struct gw_store_page page;       /* SCAN */
        uint64_t count;                  /* COUNT */
        struct gw_store_result *results; /* PUSH: in.count */
        struct gw_store_fence fence;     /* FENCE_READ */
        struct gw_store_findings findings;
        struct gw_store_ddl ddl;
    } out;
    gw_rc rc;
    struct gw_err err;
    int32_t worker; /* asked for, and who did it */
    struct gw_store_link link;
    int64_t sent_ns; /* the pool's */
};

struct gw_store_pool_opts {
    struct gw_store_config config; /* copied */
    uint32_t workers;              /* 1 .. GW_STORE_WORKERS_MAX */
    uint32_t open_max;             /* unanswered requests per worker */
};

/** Starts the workers. @return GW_UNSUPPORTED kind of url · GW_NOMEM · GW_BUSY no thread to be had */
gw_rc gw_store_pool_open(const struct gw_store_pool_opts *opts, struct gw_store_pool **ret,
                         struct gw_err *err);
/** Finishes the running calls; what waits is answered GW_CANCELLED. reply_to must still take messages. Once. */
void gw_store_pool_stop(struct gw_store_pool *pool);
/** After stop, when nobody sends any more. Accepts NULL. */
void gw_store_pool_free(struct gw_store_pool *pool);
uint32_t gw_store_pool_workers(const struct gw_store_pool *pool);
/** Requests not answered yet, over all workers; already old when returned. */
uint32_t gw_store_pool_waiting(const struct gw_store_pool *pool);

/** An empty request with an arena on the process heap. @return NULL when memory is refused */
struct gw_store_request *gw_store_request_new(enum gw_store_call call, struct gw_actor *reply_to,
                                              void *ctx);
/** Ends all results. By whoever owns it: before the send, or after the answer. Accepts NULL. */
void gw_store_request_free(struct gw_store_request *request);

/**
 * Hand a request to worker `request->worker`, or to the one with the least to do (GW_STORE_ANY_WORKER, the default).
 * Any thread, never waits.
 * @return GW_OK      the pool owns it until the answer
 *         GW_BUSY    open_max reached: still the sender's
 *         GW_CLOSED  the pool is stopped: still the sender's
 */
GW_NODISCARD gw_rc gw_store_pool_send(struct gw_store_pool *pool, struct gw_store_request *request);

#endif
