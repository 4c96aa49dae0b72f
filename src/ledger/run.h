/**
 * One run of a function over the state: the host of the virtual machine, and its private write set.
 * The same host serves calls and fibers (on the open batch) and views (on a snapshot, which refuses writes by
 * construction: the checker admits none in a view).
 */
#ifndef GW_LEDGER_RUN_H
#define GW_LEDGER_RUN_H

#include "ledger/collections.h"
#include "ledger/ledger_int.h"

enum { GW_RUN_BUCKETS = 64, GW_RUN_MISSING_MAX = 64 };

/** A touched key. `row` comes first: the machine sees only that. */
struct gw_run_row {
    struct gw_vm_row row;
    struct gw_run_row *bucket_next, *touched_next;
    struct gw_bytes key;
    uint64_t hash;
    bool known;   /* has a pair */
    bool too_old; /* views as of an index: what it was then is not kept */
    struct gw_meta meta;
    const union gw_value *old_fields; /* NULL: not living before */
    const union gw_value
        *counted; /* what the collections hold of it in this run; NULL: not living */
};

struct gw_run {
    struct gw_vm_host host;   /* first: the machine's ctx points at the run */
    struct gw_ledger *ledger; /* NULL for a view */
    struct gw_state_view state;
    struct gw_arena *arena;
    struct gw_run_row *buckets[GW_RUN_BUCKETS];
    struct gw_run_row *first, **last; /* in the order of first touch */
    struct gw_missing_key *missing;
    uint32_t missing_count;
    uint32_t events;
    uint64_t as_of; /* views: rows as they were after this index; 0: as they are */
    gw_rc rc;       /* the first failure that is not the program's: kv, memory */
    struct gw_err err;
};

void gw_run_init(struct gw_run *run, struct gw_ledger *ledger, const struct gw_state_view *state,
                 struct gw_arena *arena);
/** Puts the write set into the batch. @return GW_EXISTS: a unique index refuses; GW_TOOLARGE: a counter overflows; GW_CONFLICT: in phase observe */
GW_NODISCARD gw_rc gw_run_commit(struct gw_run *run, uint32_t fn, struct gw_err *err);

#endif
