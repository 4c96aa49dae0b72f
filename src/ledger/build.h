/**
 * Building indexes and counters: WRITE_ONLY, BACKFILL, PUBLIC (engine spec 6.3). The engine journals
 * INDEX {id, BACKFILL, cursor} records for what gw_ledger_builds() lists; each builds one slice of
 * GW_BUILD_KEYS_MAX keys from that cursor, and the last makes it PUBLIC.
 */
#ifndef GW_LEDGER_BUILD_H
#define GW_LEDGER_BUILD_H

#include "ledger/ledger.h"

enum { GW_BUILD_KEYS_MAX = 256 };

struct gw_build_info {
    uint32_t id;
    struct gw_text name;
    bool is_counter;
    const struct gw_program_entity *owner;
    enum gw_index_state state;
    struct gw_bytes cursor; /* for the next INDEX record */
    bool can_go;            /* a slice would do something now; else `why` says what it waits for */
    struct gw_text why;     /* for people, always */
};
/** Everything not PUBLIC. In `arena`. Inside or outside a batch, on the ledger's thread. */
GW_NODISCARD gw_rc gw_ledger_builds(struct gw_ledger *ledger, struct gw_arena *arena,
                                    struct gw_build_info **ret, uint32_t *ret_count,
                                    struct gw_err *err);

#endif
