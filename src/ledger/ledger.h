/**
 * The ledger: the state that the journal's batches make, and nothing else. Pure: same batches, same pairs in the kv.
 *
 * Use: gw_ledger_begin() a batch at its index and time, gw_ledger_apply() its records in order, gw_ledger_commit().
 * The leader applies a record *before* it is durable, at the position it will have, and journals it only when the
 * outcome is not "needs keys"; a record that needs keys changed nothing, so leaving it out is the same. Replay
 * applies what the journal holds. Nothing decided here may be shown to anybody before its batch is durable.
 *
 * Memory: outcomes live until the next gw_ledger_begin(). Thread: one; snapshots (view.h) from any.
 */
#ifndef GW_LEDGER_LEDGER_H
#define GW_LEDGER_LEDGER_H

#include "base/kv.h"
#include "lang/compile.h"
#include "lang/vm.h"
#include "ledger/record.h"

struct gw_ledger;

/* name, default, text -- the LIMITS record sets them by name; the program's cost limits stand beside them */
/* clang-format off */
#define GW_LIMIT_LIST(X)                                                                          \
    X(resident_bytes_max, UINT64_C(1) << 30, "values kept in the ledger; above it clean ones are evicted")  \
    X(dirty_bytes_max, UINT64_C(2) << 30, "per store: images not pushed yet; above it calls answer BUSY")   \
    X(idem_max, 1000000, "Idempotency-Keys kept; above it calls answer BUSY")                     \
    X(idem_ns, INT64_C(86400) * 1000000000, "how long an Idempotency-Key is kept")                \
    X(sessions_max, 4096, "open sessions")                                                        \
    X(session_ns, INT64_C(86400) * 1000000000, "an unused session expires after this")            \
    X(ring, 4, "versions of each key kept for explain and as_of: 1 to 16")                        \
    X(halt_scope, 0, "after a foreign change: 0 stops everything, 1 the entity, 2 the key")
/* clang-format on */
struct gw_limits {
#define X(name, value, text) uint64_t name;
    GW_LIMIT_LIST(X)
#undef X
};
extern const struct gw_limits gw_limits_default;
bool gw_limit_exists(struct gw_text name);

struct gw_ledger_opts {
    struct gw_kv *kv; /* borrowed for the ledger's life */
    const struct gw_alloc *alloc;
    size_t arena_bytes_max; /* of the batch's outcomes and of one record's work, each */
};

/** Reads program, limits and the small state from the kv. @return GW_CORRUPT, GW_INVALID (the stored program does not compile) */
GW_NODISCARD gw_rc gw_ledger_open(const struct gw_ledger_opts *opts, struct gw_ledger **ret,
                                  struct gw_err *err);
/** Accepts NULL. An open batch is given up. */
void gw_ledger_close(struct gw_ledger *ledger);

/** NULL before the first PROGRAM record. Valid until the next PROGRAM record is applied. */
const struct gw_program *gw_ledger_program(const struct gw_ledger *ledger);
const struct gw_limits *gw_ledger_limits(const struct gw_ledger *ledger);
struct gw_kv *gw_ledger_kv(struct gw_ledger *ledger);

struct gw_batch_head {
    uint64_t index, epoch;
    int64_t time_ns; /* strictly rising */
};
/** @return GW_BUSY: the kv's layers wait for the disk, try again; GW_FULL likewise */
GW_NODISCARD gw_rc gw_ledger_begin(struct gw_ledger *ledger, const struct gw_batch_head *head,
                                   struct gw_err *err);

/** A key of an entity that must be read from its homes before a record can be decided. */
struct gw_missing_key {
    const struct gw_program_entity *entity;
    struct gw_bytes key; /* key bytes; in the batch's arena */
    const union gw_value *values;
};

enum gw_applied_kind {
    GW_APPLIED_DONE,       /* the record took effect; `result` of a TXN is set */
    GW_APPLIED_NEEDS_KEYS, /* it changed nothing: fetch `missing`, then apply again */
    GW_APPLIED_DUPLICATE, /* a TXN of a known (client, seq) or key hash: `result` is the stored one */
    GW_APPLIED_EXPIRED, /* (client, seq) is older than what the session keeps: the outcome is unknown */
    GW_APPLIED_REFUSED, /* not for this state (unknown session, key hash with another body, …): `refused` says why */
};

/** Where a result was decided. */
struct gw_journal_at {
    uint64_t index;
    uint32_t record;
};

/** A daemon's `alert`, or why it parked. */
struct gw_alert {
    uint32_t daemon;
    struct gw_text text;
};
enum { GW_ALERTS_MAX = 16 };

struct gw_applied {
    enum gw_applied_kind kind;
    struct gw_journal_at at; /* of the record; of the first execution for a duplicate */
    struct gw_bytes result;  /* TXN: canonical CBOR, gw_call_result_decode() */
    struct gw_missing_key *missing;
    uint32_t missing_count;
    struct gw_text refused;
    gw_code refused_code;
    uint32_t halts; /* raised by this record */
    uint32_t
        slices; /* STEP: that took effect; `missing` may be set beside DONE: the next slice waits for them */
    struct gw_alert *alerts; /* STEP: what daemons said, at most GW_ALERTS_MAX */
    uint32_t alert_count;
    bool wake_daemons; /* some fiber may have become runnable */
    uint64_t number;   /* DAEMON start: its id; HALT: its n */
};

/**
 * Apply one record at the next position of the batch.
 * @record  canonical CBOR; borrowed for the call
 * @return  an error here is the end: GW_CORRUPT, GW_UNSUPPORTED, GW_NOMEM, GW_FULL (kv). What a client did wrong is an outcome.
 */
GW_NODISCARD gw_rc gw_ledger_apply(struct gw_ledger *ledger, struct gw_bytes record,
                                   struct gw_applied *ret, struct gw_err *err);
/** Records that took a position so far. A record with kind NEEDS_KEYS took none. */
uint32_t gw_ledger_records(const struct gw_ledger *ledger);
GW_NODISCARD gw_rc gw_ledger_commit(struct gw_ledger *ledger, struct gw_err *err);
/** Throws the batch away: the journal refused it. */
void gw_ledger_abort(struct gw_ledger *ledger);
uint64_t gw_ledger_applied(const struct gw_ledger *ledger);
/** After a foreign change or an operator's word: calls and pushes stop until RESUME. */
bool gw_ledger_halted(const struct gw_ledger *ledger);
int64_t gw_ledger_time(const struct gw_ledger *ledger); /* of the newest batch */

/** The decided answer of a call: canonical array [0, value] ok · [1, type index, value] fail · [2, abort, detail]. */
struct gw_call_result {
    enum gw_vm_status status; /* DONE, FAILED, ABORT */
    const struct gw_type *type;
    union gw_value value;
    enum gw_abort abort;
    struct gw_text detail;
};
GW_NODISCARD gw_rc gw_call_result_decode(const struct gw_fn *fn, struct gw_bytes bytes,
                                         struct gw_arena *arena, struct gw_call_result *ret,
                                         struct gw_err *err);
/** Arguments of a call from canonical bytes. @return GW_INVALID: wrong count or types */
GW_NODISCARD gw_rc gw_args_decode(const struct gw_fn *fn, struct gw_bytes args,
                                  struct gw_arena *arena, union gw_value **ret, struct gw_err *err);
void gw_call_result_encode(const struct gw_fn *fn, const struct gw_vm_result *result,
                           struct gw_buf *ret);

/** "ok" / "fail" / "abort" members, as in the HTTP API. */
void gw_call_result_to_json(const struct gw_call_result *result, struct gw_json_writer *writer);

/* ---- what the engine asks on behalf of the stores; inside or outside a batch, on the ledger's thread ---- */

struct gw_store_state {
    bool parked;
    uint64_t fenced_epoch;
    uint64_t dirty_bytes, dirty_rows, intents; /* rows waiting for an intent; intents open */
    uint64_t refused_rows;
};
void gw_ledger_store_state(const struct gw_ledger *ledger, uint32_t store_id,
                           struct gw_store_state *ret);

/** The oldest dirty rows of a store without an open intent, for an INTENT record. In `arena`. */
GW_NODISCARD gw_rc gw_ledger_dirty(struct gw_ledger *ledger, uint32_t store_id, uint32_t max,
                                   struct gw_arena *arena, struct gw_rec_home_key **ret,
                                   uint32_t *ret_count, struct gw_err *err);
/** The rows of a store with an open intent, in key order, starting behind `after` (empty: from the start): after a restart. */
GW_NODISCARD gw_rc gw_ledger_intents(struct gw_ledger *ledger, uint32_t store_id, uint32_t max,
                                     struct gw_arena *arena, struct gw_rec_home_key **ret,
                                     uint32_t *ret_count, struct gw_err *err);

/** What a push of an open intent carries. In `arena`. */
struct gw_push_item {
    const struct gw_program_home *home;
    struct gw_bytes key; /* key bytes */
    const union gw_value *keys;
    struct gw_seen acked, intent;
    struct gw_bytes image;         /* projection image of the intent; empty when it is absent */
    const union gw_value *columns; /* NULL when absent */
    bool read_back;                /* this shape has not passed the round-trip gate of its home */
    uint64_t shape;
    uint32_t group; /* atomic_push */
};
/** @return GW_NOTFOUND: no open intent for this (home, key) */
GW_NODISCARD gw_rc gw_ledger_push_item(struct gw_ledger *ledger, const struct gw_rec_home_key *key,
                                       struct gw_arena *arena, struct gw_push_item *ret,
                                       struct gw_err *err);

/** Which homes must be read so that a key becomes resident (or known): bit i = entity->homes[i]. 0: nothing to do. */
GW_NODISCARD gw_rc gw_ledger_fetch_plan(struct gw_ledger *ledger,
                                        const struct gw_program_entity *entity, struct gw_bytes key,
                                        uint32_t *ret_homes, struct gw_err *err);

/** Compare audit rows with the ledger before journaling: true = as expected (or inconclusive), so the PAGE may leave its
 *  image out. The row itself stays in the page: what is not there counts as deleted. */
GW_NODISCARD gw_rc gw_ledger_row_expected(struct gw_ledger *ledger,
                                          const struct gw_program_home *home, struct gw_bytes key,
                                          const struct gw_seen *found, uint64_t asof, bool *ret,
                                          struct gw_err *err);

/** Sessions unused for longer than the limit `session_ns` at `now_ns`, for SESSION expire records. In `arena`. */
GW_NODISCARD gw_rc gw_ledger_idle_sessions(struct gw_ledger *ledger, int64_t now_ns, uint32_t max,
                                           struct gw_arena *arena, uint64_t **ret_clients,
                                           uint32_t *ret_count, struct gw_err *err);

/** The halt state, for admission and status. */
struct gw_halt_state {
    bool halted;        /* calls, pushes and daemons stop */
    uint64_t open;      /* findings not resolved, of any scope */
    uint64_t open_wide; /* … that stop more than their key: RESUME waits for these */
};
void gw_ledger_halt_state(const struct gw_ledger *ledger, struct gw_halt_state *ret);
uint64_t gw_ledger_resident_bytes(const struct gw_ledger *ledger);

#endif
