/** An open intent: the only other image that may be in a home. Its bytes are kept until its outcome is known. */
#ifndef GW_LEDGER_INTENT_H
#define GW_LEDGER_INTENT_H

#include "ledger/ledger_int.h"

struct gw_intent {
    uint64_t index; /* of the INTENT record */
    struct gw_seen seen;
    struct gw_bytes image; /* empty when absent */
    uint32_t group;
};

/** @return GW_NOTFOUND: none is open. The image lives in the scratch arena. */
GW_NODISCARD gw_rc gw_intent_get(struct gw_ledger *ledger, const struct gw_program_home *home,
                                 struct gw_bytes key, struct gw_intent *ret, struct gw_err *err);

#endif
