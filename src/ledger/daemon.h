/**
 * Daemons as people and the engine see them: fibers in the state, one slice at a time (engine spec 6.1).
 *
 * The engine looks at gw_ledger_fibers() when something may have moved (gw_applied.wake_daemons, a due timer), reads
 * pages for those that wait for one, and journals STEP for those that can run. A STEP that can do nothing is refused
 * and takes no position, so asking too often is harmless.
 * A page is journaled first (PAGE), then consumed by a slice: cursor, page and effects move at one position.
 */
#ifndef GW_LEDGER_DAEMON_H
#define GW_LEDGER_DAEMON_H

#include "ledger/ledger.h"

enum { GW_DAEMONS_MAX = 1024, GW_STEP_SLICES_MAX = 64 };

/* clang-format off */
#define GW_FIBER_STATUSES(X) X(RUNNING, "running") X(PAUSED, "paused") X(PARKED, "parked") X(DONE, "done") X(STOPPED, "stopped")
/* clang-format on */
/** PARKED: an uncaught fail or abort, `reason` says which; resume tries the same slice again. DONE and STOPPED stay
 *  listed until the same daemon is started again. */
enum gw_fiber_status {
#define X(name, text) GW_FIBER_##name,
    GW_FIBER_STATUSES(X)
#undef X
};
const char *gw_fiber_status_text(enum gw_fiber_status status);

/** What a fiber waits for, beyond what runs at once. */
enum gw_fiber_wait {
    GW_FIBER_READY, /* start, yield, alert, a page that is here, a call to be made */
    GW_FIBER_SLEEPS,
    GW_FIBER_NEEDS_PAGE, /* read `page_rows` rows of `home` behind `cursor` and journal them as a PAGE */
    GW_FIBER_AWAITS_PUSHED, /* keys_left rows wait for `store` */
    GW_FIBER_AWAITS_AUDITED,
    GW_FIBER_AWAITS_DRAINED,
    GW_FIBER_AWAITS_TRUE,  /* any change of the state may do */
    GW_FIBER_AWAITS_PHASE, /* `why` names what is missing: ledger/phase.h */
};

struct gw_fiber_info {
    uint32_t id;
    struct gw_text name;    /* of the daemon */
    const struct gw_fn *fn; /* NULL: the program in force has no such daemon */
    struct gw_bytes args;   /* canonical array */
    enum gw_fiber_status status;
    struct gw_text reason; /* PARKED */
    bool can_run;          /* a STEP at `now_ns` does something */
    enum gw_fiber_wait wait;
    struct gw_text why; /* one line for people: "pushed(page, pg): 12 of 64 rows left" */
    int64_t due_ns;     /* of the sleep or time-out; 0: none */
    uint32_t line;      /* of the statement; 0: unknown */
    const struct gw_program_home *home; /* NEEDS_PAGE */
    uint32_t site, page_rows;
    struct gw_bytes cursor; /* key bytes: rows behind it are wanted; empty: from the start */
    uint32_t store;         /* AWAITS_PUSHED, AWAITS_DRAINED: id */
    uint32_t keys_left, keys_total;
    uint64_t pages, rows, slices, calls; /* so far */
    int64_t started_ns;
};

/**
 * All fibers by id. Inside or outside a batch, on the ledger's thread.
 * @now_ns  journal time that a STEP would have
 * @return  GW_NOMEM, GW_CORRUPT
 */
GW_NODISCARD gw_rc gw_ledger_fibers(struct gw_ledger *ledger, int64_t now_ns,
                                    struct gw_arena *arena, struct gw_fiber_info **ret,
                                    uint32_t *ret_count, struct gw_err *err);
/** When the earliest timer is due, in journal time; INT64_MAX: none. */
GW_NODISCARD gw_rc gw_ledger_due(struct gw_ledger *ledger, int64_t *ret_ns, struct gw_err *err);

#endif
