/**
 * The auditor's memory: one durable cursor per home (engine spec 5.4). A pass walks a home in key order, PAGE by PAGE,
 * in lockstep with the ledger's keys.
 *
 * A PAGE (purpose AUDIT) lists *every* row the home has behind `cursor`, in key order, with version and hash; the image
 * only of rows that gw_ledger_row_expected() does not expect. Its cursor_from must be the cursor here, else it is refused.
 * The next page starts at the cursor here, which may lie before the page's end: a page is cut after
 * GW_AUDIT_KEYS_MAX ledger keys.
 */
#ifndef GW_LEDGER_AUDIT_H
#define GW_LEDGER_AUDIT_H

#include "ledger/ledger.h"

enum { GW_AUDIT_KEYS_MAX = 16384 };

/** Counts of one pass of one home. */
struct gw_audit_pass {
    uint64_t start; /* asof of its first page; 0: not begun */
    uint64_t rows;
    uint64_t unknown;  /* rows whose key nobody onboarded yet */
    uint64_t findings; /* halts raised, and rows whose key is in CONFLICT */
};

struct gw_audit_state {
    uint64_t pass;          /* number of the pass under way, from 1 */
    struct gw_bytes cursor; /* key bytes; empty: it begins */
    struct gw_audit_pass now, last;
    uint64_t last_end;    /* journal index at which the last pass ended; 0: none did */
    uint64_t clean_start; /* start of the newest pass without findings; 0: none */
};

/** In `arena`. A home never audited: pass 1, all else zero. Inside or outside a batch, on the ledger's thread. */
GW_NODISCARD gw_rc gw_ledger_audit(struct gw_ledger *ledger, const struct gw_program_home *home,
                                   struct gw_arena *arena, struct gw_audit_state *ret,
                                   struct gw_err *err);

#endif
