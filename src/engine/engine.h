/**
 * The engine: joins journal, ledger and stores. Everything that reaches it is a request with an answer.
 *
 * Shape:    an actor of its own (the decider) owns ledger, journal and lanes to the stores; reader actors answer views
 *           from snapshots; store workers run the connectors. Requests are messages: gw_engine_send() hands one over,
 *           the answer is the same message, back at `reply_to`, exactly once.
 * Promise:  an answer of a call comes after its batch is durable. GW_BUSY from gw_engine_send() or as an answer means:
 *           nothing happened, slow down. Lost answers are repeated under the same (client, seq) or key.
 * Bounds:   mailbox_max requests; a batch 4096 records or 1 MiB; open fetches and pushes per store as configured.
 * Threads:  gw_engine_send() from any; open and close from the owner's.
 */
#ifndef GW_ENGINE_ENGINE_H
#define GW_ENGINE_ENGINE_H

#include "ledger/ledger.h"
#include "os/actor.h"

struct gw_engine;

enum gw_engine_kv { GW_ENGINE_KV_LMDB, GW_ENGINE_KV_MEMORY };

struct gw_engine_opts {
    const char *state; /* folder: lock, node, journal/, live/, checkpoint/ */
    enum gw_engine_kv kv;
    uint64_t kv_bytes_max;      /* 0: 64 GiB, sparse */
    uint64_t journal_bytes_max; /* 0: 64 GiB */
    uint64_t segment_bytes;     /* 0: 64 MiB */
    uint32_t mailbox_max;       /* 0: 65536 */
    uint32_t readers;           /* view threads; 0: 2 */
    uint32_t workers;           /* threads per store; 0: 2 (sqlite: always 1 writer) */
    uint32_t push_open_max;     /* pushes under way per store; 0: 4 */
    uint32_t audit_rows_per_s;  /* 0: 2000 */
    uint64_t checkpoint_bytes;  /* of journal between checkpoints; 0: 1 GiB */
    uint64_t checkpoint_ns;     /* 0: 5 minutes, when at least 64 MiB were written */
    uint32_t store_timeout_ms;  /* 0: 10000 */
    uint32_t fetch_timeout_ms;  /* 0: 2000 */
    uint32_t park_after_ms;     /* a failing store is parked; 0: 30000 */
    bool no_push;               /* tests: dirty rows wait */
    bool no_audit;
    const uint8_t *take_over; /* NULL, or the foreign cluster id the person named */
    /** Something people should hear at once; borrowed text; called on the decider's thread. May be NULL. */
    void (*on_alert)(void *ctx, gw_code code, struct gw_text text);
    /** The journal failed, or state diverged: the process must end. */
    void (*on_fatal)(void *ctx, const struct gw_err *err);
    void *ctx;
};

/** What start-up found and did. */
struct gw_engine_report {
    uint64_t applied_at_open; /* of the live state or the checkpoint that was used */
    uint64_t replayed;        /* batches */
    uint64_t index;           /* newest batch */
    bool used_checkpoint;     /* the live state could not be trusted */
    bool is_new;
    char torn[128]; /* what was cut off the journal's end; "" if nothing */
};

/**
 * Recover the state folder (made when missing) and take the lead: CLAIM, fences of all stores of the program, open intents.
 * @return GW_CONFLICT another process has the folder (exit 8) · GW_CORRUPT · GW_IO · GW_UNSUPPORTED · GW_NOMEM
 */
GW_NODISCARD gw_rc gw_engine_open(const struct gw_engine_opts *opts, struct gw_engine **ret,
                                  struct gw_engine_report *ret_report, struct gw_err *err);
/** Stops taking requests, answers what is under way (GW_CLOSED where undecided), syncs, writes the clean marker. Accepts NULL. */
gw_rc gw_engine_close(struct gw_engine *engine, struct gw_err *err);

/* clang-format off */
#define GW_REQUESTS(X)                                                                                  \
    X(CALL) X(VIEW) X(WARM) X(SESSION) X(PROGRAM) X(DAEMON) X(PHASE) X(HALT) X(RESOLVE) X(RESUME)       \
    X(AUDIT) X(RETRY) X(PARK) X(UNPARK) X(LIMITS) X(STATUS) X(EXPLAIN) X(HALTS) X(JOURNAL) X(CHECK) X(CHECKPOINT) X(DRAIN) X(TRAIL) X(EVENTS) \
    X(STEP) /* the engine's own */
/* clang-format on */
enum gw_request_kind {
#define X(name) GW_REQUEST_##name,
    GW_REQUESTS(X)
#undef X
};

/** SHADOW: a txn is run as well, and what it would write is thrown away. */
enum { GW_VIEW_LINEARIZABLE, GW_VIEW_AT_LEAST, GW_VIEW_AS_OF, GW_VIEW_STALE_OK, GW_VIEW_SHADOW };

/**
 * One request. The sender fills `in` (which lives until the answer), the engine fills `out` in `arena`.
 * `msg` comes first; msg.kind is the sender's own and comes back unchanged.
 */
struct gw_request {
    struct gw_msg msg;
    enum gw_request_kind kind;
    struct gw_actor *reply_to;
    void *ctx; /* the sender's */
    struct gw_arena arena;
    int64_t
        deadline_ns; /* monotonic; 0: none. A call that waits for fetches longer is answered GW_TIMEOUT, class timeout */
    struct {
        uint64_t client, seq;     /* CALL of a session; client 0: none */
        struct gw_bytes key_hash; /* CALL with Idempotency-Key: 16 bytes; TRAIL: of the request */
        struct gw_text fn;        /* CALL VIEW WARM(fn), DAEMON: name */
        struct gw_bytes args;     /* CALL VIEW WARM DAEMON: canonical array */
        struct gw_text actor, reason;
        struct gw_text action; /* TRAIL: what the actor asks for */
        uint32_t view;         /* VIEW: GW_VIEW_… */
        uint64_t at_index;     /* VIEW at_least, as_of; JOURNAL; EVENTS behind */
        struct gw_text entity; /* WARM PHASE RESOLVE AUDIT EXPLAIN */
        struct gw_bytes key;   /* WARM RESOLVE EXPLAIN: key bytes */
        struct gw_text phase;  /* PHASE */
        uint32_t verb;         /* DAEMON: gw_daemon_verb; SESSION: gw_session_verb */
        uint64_t number; /* RESOLVE RESUME: halt; DAEMON: id; EVENTS behind: record << 32 | n */
        uint32_t take;   /* RESOLVE: gw_take */
        struct gw_bytes image;             /* RESOLVE */
        struct gw_hash128 seen;            /* RESOLVE */
        bool drop_pending, and_resume;     /* RESOLVE */
        struct gw_text store;              /* PARK UNPARK RETRY; HALT: stop now */
        struct gw_bytes source;            /* PROGRAM: text */
        const struct gw_rec_limit *limits; /* LIMITS */
        uint32_t limit_count;
    } in;
    struct {
        enum gw_applied_kind applied; /* CALL: DONE or DUPLICATE */
        struct gw_journal_at at;      /* position of the decision; VIEW: index of the snapshot */
        struct gw_bytes result;       /* CALL VIEW: gw_call_result_decode() */
        const struct gw_fn *fn;       /* CALL VIEW: what decodes it */
        uint64_t number; /* SESSION: client; DAEMON: id; AUDIT: pass; EVENTS: how many */
        struct gw_text
            json; /* STATUS EXPLAIN JOURNAL EVENTS PHASE(missing conditions): one JSON value */
        uint32_t resident, fetched, failed; /* WARM */
        struct gw_hash128 sum;              /* CHECK: state sum at out.at.index */
        int64_t age_ns;                     /* VIEW stale_ok */
    } out;
    gw_rc rc; /* GW_OK, or why nothing was decided: err has code and hint */
    struct gw_err err;
    /* the engine's while it owns the request */
    struct gw_request *next;
    uint32_t sender_kind; /* of msg, given back with the answer */
    uint32_t tries, waiting_for;
    struct gw_buf
        asked; /* hashes of the keys it has waited for: one that is missing again has moved */
    struct gw_arena_mark start; /* of a view: where a run begins */
    struct gw_rec_failed *failed;
    uint32_t failed_count;
    struct gw_missing_key *missing; /* of a view */
    uint32_t missing_count;
};

/** An empty request with an arena on the process heap. @return NULL when memory is refused */
struct gw_request *gw_request_new(enum gw_request_kind kind, struct gw_actor *reply_to, void *ctx);
/** Accepts NULL. By whoever owns it. */
void gw_request_free(struct gw_request *request);
/** Ready for another use: `in`, `out` and the arena are emptied. */
void gw_request_reset(struct gw_request *request);

/** @return GW_OK the engine owns it until the answer · GW_BUSY slow down · GW_CLOSED stopped; both: still the sender's */
GW_NODISCARD gw_rc gw_engine_send(struct gw_engine *engine, struct gw_request *request);

/** The program in force, NULL before the first. Any thread. Programs live until the engine is closed. */
const struct gw_program *gw_engine_program(const struct gw_engine *engine);

#endif
