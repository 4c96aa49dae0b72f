/** Reading and writing the auditor's memory inside the room. */
#ifndef GW_LEDGER_AUDIT_INT_H
#define GW_LEDGER_AUDIT_INT_H

#include "ledger/audit.h"
#include "ledger/ledger_int.h"

/** @return false in *ret when some home of the entity had no clean pass that began at or after `since` */
GW_NODISCARD gw_rc gw_audit_is_clean(struct gw_ledger *ledger,
                                     const struct gw_program_entity *entity, uint64_t since,
                                     bool *ret, struct gw_err *err);

#endif
