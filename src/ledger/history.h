/** Older versions of a key, from its ring. */
#ifndef GW_LEDGER_HISTORY_H
#define GW_LEDGER_HISTORY_H

#include "ledger/ledger_int.h"
#include "ledger/ring.h"

GW_NODISCARD gw_rc gw_history_back(const struct gw_program_entity *entity,
                                   const struct gw_ring_step *step, struct gw_arena *arena,
                                   union gw_value *fields, struct gw_err *err);

#endif
