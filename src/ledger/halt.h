/** Findings: foreign changes on the halt list, kept until resolved; read by the engine for people. */
#ifndef GW_LEDGER_HALT_H
#define GW_LEDGER_HALT_H

#include "ledger/ledger_int.h"

/** One finding as stored. Views live in the arena given to the reader. */
struct gw_halt {
    uint64_t n;
    bool resolved;
    uint32_t scope; /* 0 cluster, 1 entity, 2 key */
    uint32_t entity, home;
    struct gw_bytes key;
    uint32_t conflict; /* enum gw_conflict */
    struct gw_text found_by, text;
    struct gw_seen expected, found;
    struct gw_bytes expected_image,
        found_image; /* projection images; empty where absent or not kept */
    struct gw_journal_at at;
    int64_t time_ns;
};

void gw_halt_encode(const struct gw_halt *halt, struct gw_buf *ret);
GW_NODISCARD gw_rc gw_halt_decode(struct gw_bytes bytes, struct gw_halt *ret, struct gw_err *err);
void gw_halt_key(uint64_t n, struct gw_state_key *ret);

#endif
