/**
 * The engine's inside. One actor, the decider, owns everything here but the readers; its files:
 *   engine.c   open, close, the mailbox                    batch.c   the open batch, flights, outcomes
 *   call.c     calls, sessions, what waits for keys        fetch.c   reading keys from their homes, coalesced
 *   lane.c, lane_open.c  one store: fence, pushes, repeats, parking; opening  view.c    reader actors
 *   daemon.c   fibers: steps, pages, timers                audit.c   the auditor's passes
 *   control.c  what operators ask for                      status.c  JSON for people
 *   session.c  idle sessions                               recover.c state folder, replay, checkpoints
 */
#ifndef GW_ENGINE_ENGINE_INT_H
#define GW_ENGINE_ENGINE_INT_H

#include <inttypes.h>
#include <stdatomic.h>

#include "base/metrics.h"
#include "base/rand.h"
#include "engine/engine.h"
#include "journal/journal.h"
#include "os/file.h"
#include "store/pool.h"

enum {
    GW_FLIGHTS_MAX = 8,
    GW_FETCH_BUCKETS = 4096,
    GW_FETCH_KEYS_MAX = 65536,
    GW_READERS_MAX = 16,
    GW_TRIES_MAX = 4,
    GW_LANE_OPEN_MAX = 64,
    GW_LANE_BACKOFF_MIN_MS = 50,
};

/** Messages to the decider that are not requests of clients. */
enum gw_decider_msg {
    GW_MSG_REQUEST, /* a gw_request; the sender's own kind is kept in it */
    GW_MSG_OUTCOME, /* the journal's */
    GW_MSG_LANE,    /* gw_store_request, by who asked */
    GW_MSG_FETCH,
    GW_MSG_DAEMON,
    GW_MSG_AUDIT,
    GW_MSG_CONTROL,
    GW_MSG_CHECKPOINTED, /* the keeper's */
};

/** A list of requests, oldest first. */
struct gw_request_list {
    struct gw_request *first, *last;
    uint32_t count;
};
void gw_list_init(struct gw_request_list *list);
void gw_list_push(struct gw_request_list *list, struct gw_request *request);
struct gw_request *gw_list_pop(struct gw_request_list *list); /* NULL when empty */

/** A batch on its way to the disk: what happens when it is there. */
struct gw_flight {
    uint64_t index;
    struct gw_request_list answers;
    struct gw_store_request *sends; /* linked through msg.next */
};

enum gw_lane_state {
    GW_LANE_NEW,
    GW_LANE_READING,
    GW_LANE_RAISING,
    GW_LANE_READY,
    GW_LANE_BACKING_OFF,
    GW_LANE_STOPPED
};

/** What a push request carries beside the connector's items: its ctx. */
struct gw_push {
    struct gw_lane *lane;
    struct gw_push_item *items; /* in the request's arena */
    uint32_t count;
    struct gw_store_item *store_items;
    struct gw_rec_done *done; /* room for the record of what came of it */
    struct gw_rec_bad *bad;
    uint32_t told; /* items whose results are journaled */
};

struct gw_lane {
    struct gw_engine *engine;
    const struct gw_store_decl
        *decl; /* = &own: programs come and go, one that is refused at once */
    struct gw_store_decl own;
    char name_bytes[128]; /* of own.name, cut; own.url is empty */
    uint32_t position;    /* in the program */
    uint32_t id;
    struct gw_store_pool *pool;
    enum gw_lane_state state;
    uint32_t workers, raised;                /* slots fenced so far */
    uint64_t attempts[GW_STORE_WORKERS_MAX]; /* of each slot's fence */
    uint32_t open;                           /* pushes under way */
    struct gw_store_request
        *repeats;          /* pushes without an answer: sent again with a higher attempt */
    uint32_t repeat_count; /* of `open` */
    int64_t failing_since_ns, retry_at_ns; /* monotonic; 0: fine */
    int64_t backoff_ns;
    bool recovered; /* open intents of the last life have been sent again */
    bool park_wanted, parked;
    bool
        went_back_seen; /* a person unparked a store that shows an older state: fence it as it is */
    struct gw_hash128 address; /* of its resolved url */
    uint32_t refusal_tries;
    struct gw_text last_error;
    char last_error_bytes[256];
    uint64_t pushed_rows, conflicts, refused, repeats_total;
    uint32_t next_worker;
};

/** A key being read for those that wait. */
struct gw_fetch_key {
    struct gw_fetch_key *bucket_next;
    const struct gw_program_entity *entity;
    struct gw_bytes key;
    uint32_t homes_left; /* bits: asked, not answered */
    uint32_t homes_unsent;
    bool failed;
    struct gw_fetch_wait *waits; /* in the arenas of the requests */
};

struct gw_fetch_wait {
    struct gw_fetch_wait *next;
    struct gw_request *request;
};

struct gw_engine_metrics {
    uint64_t calls, ok, fails, aborts, duplicates, batches, records, fetches, views;
    uint64_t refetches, alerts;
};

struct gw_outcome_msg {
    struct gw_msg msg;
    atomic_bool queued;
    atomic_uint_fast64_t durable;
    atomic_int failed; /* enum gw_journal_outcome that ends everything, or 0 */
    struct gw_err err; /* written before `failed` */
};

struct gw_engine {
    struct gw_engine_opts opts;
    char state[GW_FILE_PATH_MAX];
    uint8_t cluster[16];
    struct gw_lock *lock;
    struct gw_kv *kv;
    struct gw_journal *journal;
    struct gw_ledger *ledger;
    struct gw_actor *actor;
    const struct gw_alloc *heap;
    _Atomic(const struct gw_program *) program; /* for readers: as of what is durable */
    uint64_t program_at;                        /* index of a newer one that is not; 0: none */

    /* the open batch */
    bool batch_open;
    struct gw_batch_head head;
    struct gw_buf payload;
    struct gw_request_list batch_answers;
    struct gw_store_request *batch_sends;
    bool sealed;  /* committed, not accepted by the journal yet */
    bool stalled; /* the journal or the kv had no room when last asked */
    bool disk_full;
    struct gw_flight flights[GW_FLIGHTS_MAX];
    uint32_t flight_first, flight_count;
    struct gw_arena scratch; /* of one planning step */
    struct gw_outcome_msg outcome;
    int64_t last_wall_ns, last_mono_ns; /* when the last batch began */
    int64_t timers_from_ns; /* monotonic: after a clock jump no timer fires before it; 0: none */
    uint64_t epoch;
    uint64_t durable;
    atomic_uint_fast64_t published; /* = durable, for readers */

    struct gw_request_list calls; /* to be decided */
    struct gw_lane lanes[GW_STORES_MAX];
    uint32_t lane_count;

    struct gw_fetch_key *fetching[GW_FETCH_BUCKETS];
    uint32_t fetching_count;
    uint32_t unsent_count; /* (key, home) pairs not asked for yet */
    struct gw_store_request *deferred,
        *deferred_last; /* answers that found no room in a batch; in order */

    struct gw_reader *readers[GW_READERS_MAX];
    uint32_t reader_count;
    atomic_uint reader_next;

    struct gw_daemons *daemons;
    bool daemons_wake; /* some fiber or build may go on */
    struct gw_request_list
        draining; /* DRAIN and CHECK requests: answered when nothing is dirty, or nothing under way */
    int64_t sessions_due_ns; /* monotonic: when idle sessions are looked for again */
    struct gw_auditor *auditor;
    struct gw_keeper *keeper;
    struct deploy *deploying; /* deploy.c */
    struct gw_engine_metrics metrics;
    struct gw_histogram *call_ns;
    atomic_bool closing; /* set by the owner's thread */
    bool failed;
    struct gw_rand jitter;
};

/* ---- batch.c ---- */
/** Room for one more record: opens a batch when none is. @return false: not now (kv or journal busy); try after an outcome */
bool gw_batch_ready(struct gw_engine *engine);
/**
 * Encode, apply, keep it in the batch if it took effect.
 * @return false when the engine failed (fatal was called) or has no room now; `ret` is valid on true
 */
bool gw_batch_record(struct gw_engine *engine, const struct gw_record *record,
                     struct gw_applied *ret);
/** The answer goes out when the open batch is durable. */
void gw_batch_answer(struct gw_engine *engine, struct gw_request *request);
/** The store request goes out when the open batch is durable. */
void gw_batch_send(struct gw_engine *engine, struct gw_store_request *request);
/** Plans pushes and steps, closes the batch when it holds something and the disk is free. */
void gw_batch_pump(struct gw_engine *engine);
/** A store's answer that found no room in a batch is handled again at the next pump, before anything newer. */
void gw_engine_defer(struct gw_engine *engine, struct gw_store_request *request);
void gw_batch_outcome(struct gw_engine *engine);
void gw_batch_close_now(struct gw_engine *engine);
void gw_engine_fatal(struct gw_engine *engine, const struct gw_err *err);
void gw_engine_alert(struct gw_engine *engine, gw_code code, const char *fmt, ...) GW_PRINTF(3, 4);
void gw_request_answer(struct gw_request *request, gw_rc rc);

/* ---- call.c ---- */
/** Notes the keys a request is about to wait for. @return one of them was there before: it moved, which counts as a try */
bool gw_request_moved(struct gw_request *request, const struct gw_missing_key *missing,
                      uint32_t count);
void gw_calls_take(struct gw_engine *engine, struct gw_request *request);
void gw_calls_run(struct gw_engine *engine);

/* ---- fetch.c ---- */
/** The request waits for these keys; it is decided (or answered) again when all are read or have failed. */
void gw_fetch_for(struct gw_engine *engine, struct gw_request *request,
                  const struct gw_missing_key *missing, uint32_t count);
void gw_fetch_plan(struct gw_engine *engine);
void gw_fetch_close(struct gw_engine *engine);
void gw_fetch_answered(struct gw_engine *engine, struct gw_store_request *request);

/* ---- lane.c ---- */
/** To the worker it was planned for; a busy pool keeps it in the lane until it has room. */
void gw_lane_send(struct gw_engine *engine, struct gw_store_request *request);
gw_rc gw_lane_open(struct gw_engine *engine, const struct gw_program *program, struct gw_err *err);
void gw_lane_plan(struct gw_engine *engine);
void gw_lane_answered(struct gw_engine *engine, struct gw_store_request *request);
int64_t gw_lane_due(
    const struct gw_engine *engine); /* monotonic ns of the next retry, or GW_ACTOR_NEVER */
struct gw_lane *gw_lane_find(struct gw_engine *engine, struct gw_text store);
/** After a refused program: lanes of the program in force, as it declares them, and no others. */
void gw_lane_keep(struct gw_engine *engine);
/** Ends the workers: every open request is answered before it returns. */
void gw_lane_close(struct gw_engine *engine);
void gw_lane_free(struct gw_engine *engine);

/* ---- view.c ---- */
gw_rc gw_readers_open(struct gw_engine *engine, struct gw_err *err);
/** No view is run any more; the decider may still hand some over, which are refused. */
void gw_readers_stop(struct gw_engine *engine);
void gw_readers_free(struct gw_engine *engine); /* after the decider has stopped */
gw_rc gw_view_send(struct gw_engine *engine, struct gw_request *request);
void gw_view_take(struct gw_engine *engine, struct gw_request *request);
/** Its keys were read: to a reader again. */
void gw_view_again(struct gw_engine *engine, struct gw_request *request);

/* ---- control.c ---- */
void gw_control_take(struct gw_engine *engine, struct gw_request *request);
/** What waited for a batch or for keys is durable: finish and answer it. */
void gw_control_durable(struct gw_engine *engine, struct gw_request *request);
void gw_control_answered(struct gw_engine *engine, struct gw_store_request *request);

/* ---- session.c ---- */
/** Sessions that nobody used for a day of journal time are forgotten, a few at a time. */
void gw_sessions_plan(struct gw_engine *engine);

/* ---- daemon.c, audit.c, keeper.c ---- */
gw_rc gw_daemons_open(struct gw_engine *engine, struct gw_err *err);
void gw_daemons_close(struct gw_engine *engine);
void gw_daemons_plan(struct gw_engine *engine);
void gw_daemons_answered(struct gw_engine *engine, struct gw_store_request *request);
int64_t gw_daemons_due(const struct gw_engine *engine);
/** The keys of a slice have been read (or could not be). Frees the request. */
void gw_daemons_keys(struct gw_engine *engine, struct gw_request *request);
/** A scan's answer as a PAGE record, in the request's arena. */
GW_NODISCARD gw_rc gw_page_record(struct gw_store_request *request,
                                  const struct gw_program_home *home, struct gw_bytes cursor,
                                  uint64_t asof, struct gw_rec_page *ret, struct gw_err *err);
gw_rc gw_auditor_open(struct gw_engine *engine, struct gw_err *err);
void gw_auditor_close(struct gw_engine *engine);
void gw_auditor_plan(struct gw_engine *engine);
void gw_auditor_answered(struct gw_engine *engine, struct gw_store_request *request);
int64_t gw_auditor_due(const struct gw_engine *engine);
/** Answered when a pass that begins now has read all homes of `entity` (NULL: all). */
void gw_auditor_want(struct gw_engine *engine, struct gw_request *request,
                     const struct gw_program_entity *entity);
gw_rc gw_keeper_open(struct gw_engine *engine, struct gw_err *err);
void gw_keeper_stop(struct gw_engine *engine);
void gw_keeper_plan(struct gw_engine *engine);
void gw_keeper_answered(struct gw_engine *engine);
/** A CHECKPOINT request: answered when the next one is written. */
void gw_keeper_ask(struct gw_engine *engine, struct gw_request *request);
void gw_keeper_free(struct gw_engine *engine);

/* ---- recover.c ---- */
gw_rc gw_recover(struct gw_engine *engine, struct gw_engine_report *report, struct gw_err *err);
/** Closes kv and lock; writes the clean marker when everything is on the disk. @return rc, or its own failure */
gw_rc gw_recover_close(struct gw_engine *engine, bool clean, gw_rc rc, struct gw_err *err);
struct gw_journal_events gw_engine_journal_events(struct gw_engine *engine);

#endif
