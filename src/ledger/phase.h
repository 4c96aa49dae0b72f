/**
 * Phases of an entity and what a move needs (engine spec 7). A move is a PHASE record; a daemon's `phase` statement
 * makes the same move at its slice. From `own` a wish for `verified` passes `backfill` on the way.
 */
#ifndef GW_LEDGER_PHASE_H
#define GW_LEDGER_PHASE_H

#include "ledger/ledger.h"

/* clang-format off */
#define GW_PHASES(X) X(OBSERVE, "observe") X(OWN, "own") X(BACKFILL, "backfill") X(VERIFIED, "verified") \
                     X(FLIP, "flip") X(DRAIN, "drain") X(RELEASE, "release")
/* clang-format on */
enum gw_phase {
#define X(name, text) GW_PHASE_##name,
    GW_PHASES(X)
#undef X
};
const char *gw_phase_text(enum gw_phase phase);
/** @return false: no such phase */
bool gw_phase_of(struct gw_text text, enum gw_phase *ret);

struct gw_phase_state {
    enum gw_phase phase; /* OWN before the first move */
    uint64_t index;      /* of the move; 0: none yet */
    int64_t since_ns;
    uint64_t total, unknown; /* rows of all homes at the last count, as of the move */
};
/** Inside or outside a batch, on the ledger's thread. */
GW_NODISCARD gw_rc gw_ledger_phase(struct gw_ledger *ledger, const struct gw_program_entity *entity,
                                   struct gw_phase_state *ret, struct gw_err *err);

/** A condition that does not hold, with its number: "unknown == 0", 41. */
struct gw_phase_condition {
    struct gw_text text;  /* "unknown == 0" */
    struct gw_text where; /* home, store or "" */
    uint64_t value;
};
/**
 * What the ledger knows to be missing for a move of `entity` to `to` now; none: the PHASE record will be taken.
 * (How long the lag has been small is the engine's to say.) In `arena`.
 * @return GW_CONFLICT with a code: there is no such move from where the entity is
 */
GW_NODISCARD gw_rc gw_phase_missing(struct gw_ledger *ledger,
                                    const struct gw_program_entity *entity, enum gw_phase to,
                                    struct gw_arena *arena, struct gw_phase_condition **ret,
                                    uint32_t *ret_count, struct gw_err *err);

#endif
