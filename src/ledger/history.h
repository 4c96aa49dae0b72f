/** Older versions of a key, from its ring. */
#ifndef GW_LEDGER_HISTORY_H
#define GW_LEDGER_HISTORY_H

#include "ledger/ledger_int.h"
#include "ledger/ring.h"

GW_NODISCARD gw_rc gw_history_back(const struct gw_program_entity *entity,
                                   const struct gw_ring_step *step, struct gw_arena *arena,
                                   union gw_value *fields, struct gw_err *err);

enum gw_history { GW_HISTORY_LIVING, GW_HISTORY_ABSENT, GW_HISTORY_TOO_OLD };
/** What the key was after journal index `as_of`; all fields in `ret_fields` when LIVING. `meta` is resident. */
GW_NODISCARD gw_rc gw_history_at(const struct gw_program_entity *entity, const struct gw_meta *meta,
                                 uint64_t as_of, struct gw_arena *arena,
                                 union gw_value **ret_fields, enum gw_history *ret,
                                 struct gw_err *err);

#endif
