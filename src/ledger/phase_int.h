/** Moving an entity between phases, for the PHASE record and for daemons. */
#ifndef GW_LEDGER_PHASE_INT_H
#define GW_LEDGER_PHASE_INT_H

#include "ledger/ledger_int.h"
#include "ledger/phase.h"

/**
 * Makes the move at this position if its conditions hold.
 * @return GW_GATE: `ret_missing` is the first that does not (err untouched) · GW_CONFLICT: there is no such move
 */
GW_NODISCARD gw_rc gw_phase_move(struct gw_ledger *ledger, const struct gw_program_entity *entity,
                                 enum gw_phase to, struct gw_phase_condition *ret_missing,
                                 struct gw_err *err);

#endif
