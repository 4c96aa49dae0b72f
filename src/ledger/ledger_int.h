/**
 * The ledger's inside, shared by the files of this room.
 *
 * One record at a time: gw_ledger_apply() decodes it into the scratch arena, hands it to the function of its kind
 * (a row of the table in ledger.c) and commits or takes back what that function put. Small state that nearly every
 * record touches lives decoded in `small` and is put once per batch.
 */
#ifndef GW_LEDGER_LEDGER_INT_H
#define GW_LEDGER_LEDGER_INT_H

#include "ledger/collections.h"
#include "ledger/keys.h"
#include "ledger/ledger.h"
#include "ledger/meta.h"

enum { GW_HALTED_ENTITIES_MAX = 16 };

/** An entity that open findings of scope entity stop. */
struct gw_small_halted {
    uint32_t entity;
    uint64_t open;
};

enum { GW_GATES_SEEN = 256, GW_SESSIONS_SEEN = 1024 };

/** A store's part of the small state. */
struct gw_small_store {
    uint32_t id;
    bool parked;
    uint64_t fenced_epoch;
    uint64_t dirty_bytes, dirty_rows, intents, refused_rows;
    uint64_t
        queue_from; /* no queued row is older: where a listing begins. Not stored: 0 after opening */
};

struct gw_small {
    struct gw_limits limits;
    uint64_t resident_bytes;
    uint64_t halts_open; /* unresolved findings of any scope */
    uint64_t halts_wide; /* … of scope cluster or entity: RESUME waits for these */
    uint64_t halt_next;  /* number of the next finding, from 1 */
    bool halted;         /* calls and pushes stop until RESUME */
    uint64_t idem_count, session_count;
    uint64_t client_next;
    uint32_t daemon_next;
    int64_t time_ns; /* of the newest batch */
    struct gw_bytes
        evict_hand; /* key of the clock's hand, in the ledger's hand_bytes: moves only at the end of a batch */
    uint64_t event_count;    /* emitted events kept */
    uint32_t observed_count; /* entities in phase observe */
    struct gw_small_halted halted_entities[GW_HALTED_ENTITIES_MAX];
    uint32_t halted_entity_count;
    struct gw_small_store stores[GW_STORES_MAX];
    uint32_t store_count;
};

struct gw_ledger {
    struct gw_kv *kv;
    const struct gw_alloc *alloc;
    struct gw_kv_txn *txn; /* of the open batch, or NULL */
    struct gw_kv_snap
        *snap; /* what is read while no batch is open: taken at need, given back by begin */
    struct gw_batch_head head;
    uint32_t records;
    uint64_t applied;
    struct gw_arena batch;   /* outcomes: reset by begin */
    struct gw_arena scratch; /* one record's work: reset before each */
    struct gw_arena program_arena;
    const struct gw_program *program;
    const struct gw_program *program_saved; /* as of the last commit, for an abort */
    struct gw_small small;
    struct gw_small small_saved; /* as of the last commit, for an abort */
    uint32_t slice;              /* of the STEP under way: part of what new_id() is made of */
    /* What lookups found, so that they need not be made again: only ever what the state holds. Emptied by an abort. */
    struct gw_gate_seen {
        uint32_t home; /* 0: unused */
        uint64_t shape;
    } gates[GW_GATES_SEEN];
    struct gw_session_seen {
        uint64_t client; /* 0: unused */
        int64_t used_ns;
    } sessions[GW_SESSIONS_SEEN];
    struct gw_buf pair; /* a kv value under construction */
    uint8_t pair_bytes[GW_KV_VALUE_MAX];
    uint8_t
        hand_bytes[2]
                  [GW_KV_KEY_MAX]; /* the eviction hand of this batch and of the last: index % 2 */
    struct gw_applied *applying;   /* outcome of the record under way */
    int64_t time_ns;               /* of the newest batch */
};

/* ---- small.c ---- */
void gw_small_init(struct gw_small *small);
GW_NODISCARD gw_rc gw_small_load(struct gw_ledger *ledger, struct gw_err *err);
GW_NODISCARD gw_rc gw_small_store(struct gw_ledger *ledger, struct gw_err *err);
struct gw_small_store *gw_small_store_of(struct gw_ledger *ledger, uint32_t store_id);

/** To take back everything that was put, and counted, since. */
struct gw_undo {
    uint64_t mark;
    struct gw_small small;
};
struct gw_undo gw_undo_begin(struct gw_ledger *ledger);
void gw_undo_all(struct gw_ledger *ledger, const struct gw_undo *undo);

bool gw_small_is_halted(const struct gw_small *small, uint32_t entity_id);

/** Answers the record under way: not for this state. `text` is a literal or in the batch's arena. */
void gw_refuse(struct gw_ledger *ledger, gw_code code, struct gw_text text);
/** As of what a TXN, or STEP, must wait for: copies the run's missing keys into the outcome. */
struct gw_run_result;
void gw_report_missing(struct gw_ledger *ledger, const struct gw_missing_key *missing,
                       uint32_t count);

/* ---- pairs.c: entity pairs ---- */
/** Where reads go now: the open batch, else a snapshot that the ledger keeps until the next batch begins. */
GW_NODISCARD gw_rc gw_state_view_of(struct gw_ledger *ledger, struct gw_state_view *ret,
                                    struct gw_err *err);
/** A cursor's next pair if its key begins with `scope`. @return GW_NOTFOUND: past the scope or the end */
GW_NODISCARD gw_rc gw_scope_next(struct gw_kv *kv, struct gw_kv_cur *cur,
                                 const struct gw_state_key *scope, struct gw_bytes *ret_key,
                                 struct gw_bytes *ret_val, struct gw_err *err);
/** The pair of an entity key in any view; decoded in place, borrowed from `arena`. @return GW_NOTFOUND: UNKNOWN */
GW_NODISCARD gw_rc gw_pair_read(const struct gw_state_view *view, uint32_t entity_id,
                                struct gw_bytes key, struct gw_arena *arena, struct gw_meta *ret,
                                struct gw_err *err);
/** @return GW_NOTFOUND (err untouched): UNKNOWN */
GW_NODISCARD gw_rc gw_pair_get(struct gw_ledger *ledger, uint32_t entity_id, struct gw_bytes key,
                               struct gw_meta *ret, struct gw_err *err);
/** Keeps `resident_bytes` right: `before` is what gw_pair_get gave (NULL for a new pair). */
GW_NODISCARD gw_rc gw_pair_put(struct gw_ledger *ledger, uint32_t entity_id, struct gw_bytes key,
                               const struct gw_meta *before, const struct gw_meta *after,
                               struct gw_err *err);
GW_NODISCARD gw_rc gw_state_get(struct gw_ledger *ledger, const struct gw_state_key *key,
                                struct gw_bytes *ret, struct gw_err *err);
GW_NODISCARD gw_rc gw_state_put(struct gw_ledger *ledger, const struct gw_state_key *key,
                                struct gw_bytes value, struct gw_err *err);
GW_NODISCARD gw_rc gw_state_del(struct gw_ledger *ledger, const struct gw_state_key *key,
                                struct gw_err *err);
/** `put` within the scratch arena's lifetime: a view that stays valid over later puts. */
struct gw_bytes gw_scratch_copy(struct gw_ledger *ledger, struct gw_bytes bytes);

/* ---- project.c: fields ⇄ columns ---- */
struct gw_projection {
    bool present;
    union gw_value *columns;
    struct gw_bytes image;
    struct gw_hash128 hash;
};
/** The row a home should hold for `fields` (NULL: no living row), after `where` and forward `via`. In `arena`. */
GW_NODISCARD gw_rc gw_project(const struct gw_program *program, const struct gw_program_home *home,
                              const union gw_value *fields, struct gw_arena *arena,
                              struct gw_projection *ret, struct gw_err *err);
/** Columns into fields by inverse `via`; fields that the home lacks are left alone. @covered: bit array set per field. */
GW_NODISCARD gw_rc gw_unproject(const struct gw_program *program,
                                const struct gw_program_home *home, const union gw_value *columns,
                                struct gw_arena *arena, union gw_value *fields, bool *covered,
                                struct gw_err *err);

/* ---- change.c: a new image of a key, with all that hangs on it ---- */
struct gw_change {
    const struct gw_program_entity *entity;
    struct gw_bytes key;
    const struct gw_meta *before;     /* NULL: UNKNOWN */
    const union gw_value *old_fields; /* NULL: not living before (or unknown) */
    const union gw_value *new_fields; /* NULL: deleted */
    struct gw_bytes new_image;        /* canonical bytes; empty when deleted */
    gw_version ver;                   /* of the new image */
    uint32_t fn;                      /* what did it, for the ring; 0: onboarding, resolve */
    bool keep_indexes;                /* collections were brought up to date by the caller */
};
/** Writes meta, value, ring; marks homes whose projection changed dirty and queues them. */
GW_NODISCARD gw_rc gw_change_apply(struct gw_ledger *ledger, const struct gw_change *change,
                                   struct gw_err *err);
/** Marks one home dirty (target in meta) and queues it; counts. `meta` is written by the caller. */
GW_NODISCARD gw_rc gw_home_dirty(struct gw_ledger *ledger, const struct gw_program_home *home,
                                 struct gw_bytes key, struct gw_meta_home *at, gw_version ver,
                                 const struct gw_projection *target, struct gw_err *err);
bool gw_meta_is_clean(const struct gw_meta *meta);

/* ---- collections.c: indexes, counters, tables ---- */
/** Old and new fields of one row (NULL: not living): entries and counters follow. @return GW_EXISTS: UNIQUE */
GW_NODISCARD gw_rc gw_collections_change(struct gw_ledger *ledger,
                                         const struct gw_program_entity *entity,
                                         struct gw_bytes key, const union gw_value *old_fields,
                                         const union gw_value *new_fields, struct gw_err *err);

GW_NODISCARD gw_rc gw_index_change(struct gw_ledger *ledger, const struct gw_index_decl *index,
                                   struct gw_bytes key, const union gw_value *old_fields,
                                   const union gw_value *new_fields, struct gw_err *err);
GW_NODISCARD gw_rc gw_counter_change(struct gw_ledger *ledger,
                                     const struct gw_counter_decl *counter,
                                     const union gw_value *old_fields,
                                     const union gw_value *new_fields, struct gw_err *err);

/* ---- index.c ---- */
/** Of a new index or counter: WRITE_ONLY, or PUBLIC at once where no key of its entity is known. */
GW_NODISCARD gw_rc gw_build_begin(struct gw_ledger *ledger, uint32_t id, struct gw_err *err);

/* ---- evict.c ---- */
/** At the end of a batch: values that nobody touched lately leave, until resident_bytes is below its limit. */
GW_NODISCARD gw_rc gw_evict(struct gw_ledger *ledger, struct gw_err *err);
/** u16le per field of an image: the low bits of XXH3-128 of its canonical bytes. In `arena`. */
GW_NODISCARD gw_rc gw_field_checks(const struct gw_entity *entity, struct gw_bytes image,
                                   struct gw_arena *arena, struct gw_bytes *ret,
                                   struct gw_err *err);

/* ---- change.c: the queue of dirty rows ---- */
GW_NODISCARD gw_rc gw_queue_put(struct gw_ledger *ledger, const struct gw_program_home *home,
                                struct gw_bytes key, uint64_t since, struct gw_err *err);
/** A dirty row that is not refused waits in the queue, or its intent is open: never both, never neither. */
GW_NODISCARD gw_rc gw_queue_has(struct gw_ledger *ledger, const struct gw_program_home *home,
                                struct gw_bytes key, uint64_t since, bool *ret, struct gw_err *err);
GW_NODISCARD gw_rc gw_queue_take(struct gw_ledger *ledger, const struct gw_program_home *home,
                                 struct gw_bytes key, uint64_t since, struct gw_err *err);

/* ---- events.c ---- */
/** One more was emitted: beyond GW_EVENTS_KEPT the oldest leaves. */
GW_NODISCARD gw_rc gw_event_count(struct gw_ledger *ledger, struct gw_err *err);

/* ---- halt.c ---- */
struct gw_finding {
    const struct gw_program_entity *entity;
    struct gw_bytes key;
    const struct gw_program_home *home;
    enum gw_conflict conflict;
    const char *found_by; /* "push" "fetch" "audit" "onboard" "scan" */
    struct gw_seen expected, found;
    struct gw_bytes found_image, expected_image;
    struct gw_text text;
    bool key_scope; /* onboarding findings stop only their key */
};
/** Puts the key into CONFLICT, records the finding and stops what the scope says. */
GW_NODISCARD gw_rc gw_halt_raise(struct gw_ledger *ledger, const struct gw_finding *finding,
                                 struct gw_err *err);

/** The acked row's projection image from older versions in the ring; empty when they are not kept any more. */
GW_NODISCARD gw_rc gw_ring_projection(struct gw_ledger *ledger, const struct gw_finding *finding,
                                      const struct gw_meta *meta, union gw_value *fields,
                                      struct gw_bytes *ret, struct gw_err *err);

/* ---- daemon.c ---- */
/** Daemons that parked because a key was in CONFLICT try the same slice again: a person has settled a finding. */
GW_NODISCARD gw_rc gw_daemons_unhalt(struct gw_ledger *ledger, struct gw_err *err);

/* ---- one function per record kind; each sets fields of ledger->applying where it has something to say ---- */
#define X(NAME, name, number)                                                                     \
    GW_NODISCARD gw_rc gw_apply_##name(struct gw_ledger *ledger, const struct gw_rec_##name *rec, \
                                       struct gw_err *err);
GW_RECORD_KINDS(X)
#undef X

/* ---- run.c: the host of the virtual machine ---- */
struct gw_run;
/** Runs fn over the open batch. On DONE the write set is put; otherwise nothing was changed. */
struct gw_run_result {
    struct gw_vm_result vm;
    struct gw_missing_key *missing;
    uint32_t missing_count;
};
GW_NODISCARD gw_rc gw_run_call(struct gw_ledger *ledger, const struct gw_fn *fn,
                               const union gw_value *args, struct gw_run_result *ret,
                               struct gw_err *err);
GW_NODISCARD gw_rc gw_run_fiber(struct gw_ledger *ledger, struct gw_fiber *fiber,
                                const struct gw_vm_reply *reply, struct gw_run_result *ret,
                                struct gw_err *err);
#endif
