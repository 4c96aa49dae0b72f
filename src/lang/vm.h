/**
 * The virtual machine: runs one function against a host that knows the rows. Pure: same code, arguments, host
 * answers and context, same result. The host is the ledger (production), a row array (benchmarks) or a map (tests).
 *
 * The machine keeps no state between runs except in a fiber (daemons). It never undoes: on anything but
 * GW_VM_DONE the host throws the write set away.
 */
#ifndef GW_LANG_VM_H
#define GW_LANG_VM_H

#include "lang/program.h"

/* clang-format off */
/* name, text -- system aborts (engine spec 2.3); REFETCH is internal and never shown */
#define GW_ABORT_LIST(X)                                                              \
    X(NONE,         "")                                                               \
    X(ARITH,        "overflow, division by zero or a conversion that does not fit")   \
    X(NOT_FOUND,    "no living row with this key")                                    \
    X(EXISTS,       "a living row has this key")                                      \
    X(UNIQUE,       "another row has this unique value")                              \
    X(RANGE,        "a list or string bound is passed")                               \
    X(FETCH_FAILED, "a row could not be read from its store")                         \
    X(REFETCH,      "a key moved meanwhile")                                          \
    X(HALTED,       "halted on a foreign change")                                     \
    X(FROZEN,       "the entity is released")                                         \
    X(NO_SUCH_FN,   "no such function in the program at this position")               \
    X(TOO_OLD,      "the position is older than what is kept")                        \
    X(EXPIRED,      "the session forgot this call: its outcome is unknown")           \
    X(NOT_READY,    "an index or counter is still being built")
/* clang-format on */
enum gw_abort {
#define X(name, text) GW_ABORT_##name,
    GW_ABORT_LIST(X)
#undef X
};
const char *gw_abort_name(enum gw_abort abort); /* "FETCH_FAILED" */
const char *gw_abort_text(enum gw_abort abort);

/**
 * Two loads of 8 bytes, on purpose: most values were just stored as two halves, and a load of 16 bytes over two
 * pending stores waits until both have left the store buffer (Intel optimization manual, "store forwarding").
 */
static inline void gw_value_move(union gw_value *to, const union gw_value *from)
{
    uint64_t low, high;
    memcpy(&low, from, 8);
    memcpy(&high, (const uint8_t *)from + 8, 8);
    __asm__("" : "+r"(low), "+r"(high)); /* keeps the compiler from joining them again */
    memcpy(to, &low, 8);
    memcpy((uint8_t *)to + 8, &high, 8);
}

/** As memcpy() of `count` values that were just made: what hosts take a created row with. */
static inline void gw_values_move(union gw_value *to, const union gw_value *from, size_t count)
{
    for (size_t i = 0; i < count; i++)
        gw_value_move(&to[i], &from[i]);
}

/** One key touched in this run. The host owns it; the machine reads and writes `fields` directly. */
struct gw_vm_row {
    const struct gw_program_entity *entity;
    union gw_value *fields; /* private to this run; all fields, key first; valid while living */
    bool living;
    bool
        dirty; /* set by the machine with every field it stores: the host compares when the run ends */
};

enum gw_vm_rc {
    GW_VM_OK,
    GW_VM_ABSENT, /* known not to exist */
    GW_VM_MISSING, /* not resident or unknown: the host remembered the key; the run ends as GW_VM_NEEDS_KEYS */
    GW_VM_ABORTED, /* host->abort says why */
    GW_VM_NOMEM,
};

enum gw_vm_range_kind { GW_VM_PREFIX, GW_VM_FROM };

/** A bounded walk over a table or index: `for k in Owns.prefix(uid) limit 16 reverse`. */
struct gw_vm_range {
    const struct gw_table_decl *table; /* one of table and index */
    const struct gw_index_decl *index;
    enum gw_vm_range_kind kind;
    const union gw_value *values; /* the first `count` key (or indexed) fields */
    uint32_t count;
    uint32_t limit;
    bool reverse;
};

/** All calls come from inside gw_vm_run(), on its thread. Values given to the host are borrowed for the call. */
struct gw_vm_host {
    void *ctx;
    enum gw_abort abort; /* set by the host with GW_VM_ABORTED */

    /** The row with this key: OK, ABSENT, MISSING or ABORTED(HALTED). The same key gives the same row. */
    enum gw_vm_rc (*row)(void *ctx, const struct gw_program_entity *entity,
                         const union gw_value *key, struct gw_vm_row **ret);
    /** A new living row from all fields; `fresh`: the key is a new_id(), take it as absent. EXISTS aborts. */
    enum gw_vm_rc (*create)(void *ctx, const struct gw_program_entity *entity,
                            const union gw_value *fields, bool fresh, struct gw_vm_row **ret);
    enum gw_vm_rc (*remove)(void *ctx, struct gw_vm_row *row);

    /** Table rows are values: all fields in `arena`. OK or ABSENT. */
    enum gw_vm_rc (*table_get)(void *ctx, const struct gw_table_decl *table,
                               const union gw_value *key, struct gw_arena *arena,
                               union gw_value **ret_fields);
    enum gw_vm_rc (*table_put)(void *ctx, const struct gw_table_decl *table,
                               const union gw_value *fields);
    enum gw_vm_rc (*table_drop)(void *ctx, const struct gw_table_decl *table,
                                const union gw_value *key);
    /** At most range->limit rows, materialised before the loop body runs. Table: rows of all fields; index: rows of
     *  the owner's key fields. ret_rows[i] is an array of fields. */
    enum gw_vm_rc (*range)(void *ctx, const struct gw_vm_range *range, struct gw_arena *arena,
                           union gw_value ***ret_rows, uint32_t *ret_count);
    /** Unique index: the row that has these values: as `row`. */
    enum gw_vm_rc (*lookup)(void *ctx, const struct gw_index_decl *index,
                            const union gw_value *values, struct gw_vm_row **ret);
    /** Sees the writes of this run. `by` NULL for a single number. Absent group: 0. */
    enum gw_vm_rc (*counter)(void *ctx, const struct gw_counter_decl *counter,
                             const union gw_value *by, union gw_value *ret);
    enum gw_vm_rc (*emit)(void *ctx, struct gw_text event, const struct gw_field *fields,
                          const union gw_value *values, uint32_t count);
};

/** What `now()`, `new_id()` and `rand_u64()` are made of: the journal position. */
struct gw_vm_context {
    int64_t time_ns;
    uint64_t index;  /* of the batch */
    uint32_t record; /* number in the batch, below 4,096 */
    uint32_t slice;  /* daemons: number of the slice in the record, below 64; 0 otherwise */
};

enum gw_vm_status {
    GW_VM_DONE,       /* value holds the result (or nothing) */
    GW_VM_FAILED,     /* `fail`: value and type of what it carries */
    GW_VM_ABORT,      /* system abort */
    GW_VM_NEEDS_KEYS, /* a key is not resident */
    GW_VM_WAITING,    /* daemons: `wait` says for what */
    GW_VM_OUT_OF_MEMORY,
};

/* clang-format off */
#define GW_VM_WAITS(X) X(YIELD) X(SLEEP) X(AWAIT_PUSHED) X(AWAIT_AUDITED) X(AWAIT_DRAINED) X(AWAIT_TRUE) \
                       X(PAGE) X(CALL) X(PHASE) X(ALERT)
/* clang-format on */
enum gw_vm_wait_kind {
#define X(name) GW_VM_WAIT_##name,
    GW_VM_WAITS(X)
#undef X
};

/** A page of a scan in a fiber, as columns of the home. */
struct gw_vm_page {
    union gw_value **rows; /* rows[i] = array of columns */
    uint32_t count;
    bool end; /* no more pages: the loop is left */
};

/** What a daemon asks of its host at a slice's end. The reply comes with gw_fiber_resume's `reply`. */
struct gw_vm_wait {
    enum gw_vm_wait_kind kind;
    int64_t ns;                         /* SLEEP; AWAIT_*: time-out, 0 = none */
    const struct gw_program_home *home; /* PAGE */
    uint32_t site;      /* PAGE: number of the scan in the function: one cursor each */
    uint32_t page_rows; /* PAGE */
    const struct gw_program_entity *entity; /* AWAIT_AUDITED, PHASE; AWAIT_PUSHED: of the keys */
    const union gw_value *const *keys;      /* AWAIT_PUSHED: key fields of each */
    uint32_t key_count;
    uint32_t store;             /* AWAIT_PUSHED, AWAIT_DRAINED: index of the store */
    const struct gw_fn *fn;     /* CALL */
    const union gw_value *args; /* CALL */
    struct gw_text text;        /* PHASE: the phase; ALERT: the text */
    uint32_t line;              /* of the statement, for status */
};

/** What resumes a waiting fiber. Zeroed for YIELD, SLEEP, PHASE, ALERT and the first run. */
struct gw_vm_reply {
    bool timed_out;                /* AWAIT_*: take the else block */
    const struct gw_vm_page *page; /* PAGE */
    enum gw_vm_status call_status; /* CALL: DONE, FAILED or ABORT */
    union gw_value call_value;
    const struct gw_type *call_type;
    enum gw_abort call_abort;
};

struct gw_vm_result {
    enum gw_vm_status status;
    union gw_value value;       /* in the run's arena or the arguments */
    const struct gw_type *type; /* of value; NULL: nothing */
    enum gw_abort abort;
    struct gw_text detail; /* of an abort: "Account[12]"; in the run's arena; "" if none */
    struct gw_vm_wait wait;
    uint32_t units; /* measured, with gw_vm.is_metered; otherwise 0 */
};

/** Everything one run needs. `arena` is reset by the caller between runs. */
struct gw_vm {
    const struct gw_program *program;
    struct gw_vm_host *host; /* NULL for fn, where, via */
    struct gw_arena *arena;
    struct gw_vm_context at;
    bool
        is_metered; /* tests: count units in result.units; production leaves it false and pays nothing */
};

/** Run a txn, view or fn to its end. `args`: one value per parameter, already checked against the types. */
void gw_vm_run(struct gw_vm *vm, const struct gw_fn *fn, const union gw_value *args,
               struct gw_vm_result *ret);

/** The keys a function touches that follow from its arguments alone, for prefetch. */
struct gw_vm_key {
    const struct gw_program_entity *entity;
    const union gw_value *key; /* entity->entity.key_count values */
};
/** @return GW_NOMEM; a key whose expression aborts (overflow) is left out */
GW_NODISCARD gw_rc gw_vm_direct_keys(struct gw_vm *vm, const struct gw_fn *fn,
                                     const union gw_value *args, struct gw_vm_key **ret,
                                     uint32_t *ret_count, struct gw_err *err);

/** One copy of a row at onboarding, in the order of gw_onboard.rule_homes. */
struct gw_vm_copy {
    bool present;
    gw_version ver;
    const union gw_value *
        fields; /* the entity's fields (after inverse `via`); a field the home lacks is its default */
};
struct gw_vm_onboarded {
    bool rejected;
    struct gw_text reason; /* of a rejection, or "no rule matched" */
    int32_t taken; /* `take a`: which copy; -1: fields were assigned one by one or computed */
    union gw_value *fields;
};
GW_NODISCARD gw_rc gw_vm_onboard(struct gw_vm *vm, const struct gw_fn *rule,
                                 const struct gw_vm_copy *copies, uint32_t count,
                                 struct gw_vm_onboarded *ret, struct gw_err *err);

/**
 * A daemon between slices: which program, where, its locals. Stored in ledger state as canonical bytes.
 * A slice runs until the next wait; locals live as values in `arena` in between decode and encode.
 */
struct gw_fiber {
    const struct gw_fn *fn;
    uint32_t pc;               /* resume point number; 0 = from the start */
    union gw_value *registers; /* code's register count */
};
GW_NODISCARD gw_rc gw_fiber_start(struct gw_vm *vm, const struct gw_fn *fn,
                                  const union gw_value *args, struct gw_fiber *ret,
                                  struct gw_err *err);
GW_NODISCARD gw_rc gw_fiber_decode(struct gw_vm *vm, const struct gw_fn *fn, struct gw_bytes stored,
                                   struct gw_fiber *ret, struct gw_err *err);
/** Only the locals that live at its resume point: canonical array [pc, [local, …]]; names for `follows` and status. */
void gw_fiber_encode(const struct gw_fiber *fiber, struct gw_buf *ret);
/** One slice: from the resume point to the next wait, or to the end. */
void gw_fiber_resume(struct gw_vm *vm, struct gw_fiber *fiber, const struct gw_vm_reply *reply,
                     struct gw_vm_result *ret);

#endif
