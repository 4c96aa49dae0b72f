/**
 * A daemon's fiber as stored: a head (what it waits for, counts, locals), at most one page that came and is not
 * consumed yet, and one cursor per scan site. Format: docs/formats.md#state.
 */
#ifndef GW_LEDGER_FIBER_INT_H
#define GW_LEDGER_FIBER_INT_H

#include "ledger/daemon.h"
#include "ledger/ledger_int.h"

/** Lists and bytes live in the arena of the reader. */
struct gw_fiber_head {
    uint32_t id;
    uint32_t status;          /* enum gw_fiber_status */
    struct gw_sha256 program; /* it runs only under the program it was started with */
    uint32_t fn;
    struct gw_text name;
    struct gw_bytes args;
    struct gw_text reason;
    int64_t started_ns;
    uint64_t pages, rows, slices, calls;
    uint32_t wait; /* enum gw_vm_wait_kind; YIELD at the start */
    uint32_t line;
    int64_t due_ns; /* 0: none */
    uint64_t since; /* journal index at which the wait began */
    uint32_t home, site, page_rows, store, entity;
    struct gw_bytes *keys; /* AWAIT_PUSHED: key bytes */
    uint32_t key_count;
    uint32_t call_fn;
    struct gw_bytes call_args, call_result; /* result empty: the call is still to be made */
    struct gw_text phase;
    struct gw_bytes state; /* gw_fiber_encode(); empty: not started */
};

/** @return GW_NOTFOUND: no such daemon */
GW_NODISCARD gw_rc gw_fiber_get(struct gw_ledger *ledger, uint32_t id, struct gw_arena *arena,
                                struct gw_fiber_head *ret, struct gw_err *err);
GW_NODISCARD gw_rc gw_fiber_put(struct gw_ledger *ledger, const struct gw_fiber_head *head,
                                struct gw_err *err);
/** All heads by id, in `arena`. */
GW_NODISCARD gw_rc gw_fiber_all(struct gw_ledger *ledger, struct gw_arena *arena,
                                struct gw_fiber_head **ret, uint32_t *ret_count,
                                struct gw_err *err);
/** Forgets page, cursors and, with `and_head`, the fiber itself. */
GW_NODISCARD gw_rc gw_fiber_drop(struct gw_ledger *ledger, uint32_t id, bool and_head,
                                 struct gw_err *err);
GW_NODISCARD gw_rc gw_fiber_cursor(struct gw_ledger *ledger, const struct gw_fiber_head *head,
                                   struct gw_arena *arena, struct gw_bytes *ret,
                                   struct gw_err *err);
GW_NODISCARD gw_rc gw_fiber_timer(struct gw_ledger *ledger, const struct gw_fiber_head *head,
                                  bool set, struct gw_err *err);

struct gw_fiber_rows {
    struct gw_bytes cursor_to;
    bool end;
    struct gw_bytes *images;
    uint32_t count;
};
/** The page that came. @return GW_NOTFOUND */
GW_NODISCARD gw_rc gw_fiber_rows_get(struct gw_ledger *ledger, uint32_t id, struct gw_arena *arena,
                                     struct gw_fiber_rows *ret, struct gw_err *err);
/** It was consumed: the cursor moves to its end (or away, when the scan is over). */
GW_NODISCARD gw_rc gw_fiber_rows_done(struct gw_ledger *ledger, const struct gw_fiber_head *head,
                                      const struct gw_fiber_rows *rows, struct gw_err *err);
/** A PAGE for a daemon: kept if the daemon waits for exactly it, else the record is refused. */
GW_NODISCARD gw_rc gw_fiber_page(struct gw_ledger *ledger, const struct gw_rec_page *rec,
                                 const struct gw_program_home *home, struct gw_err *err);

/** What a running fiber could do at `now_ns`. */
struct gw_fiber_look {
    bool can_run, timed_out;
    uint32_t keys_left;
};
/** `exact` counts all keys that are left; otherwise the first is enough. */
GW_NODISCARD gw_rc gw_fiber_look_at(struct gw_ledger *ledger, const struct gw_fiber_head *head,
                                    int64_t now_ns, bool exact, struct gw_fiber_look *ret,
                                    struct gw_err *err);

#endif
