/** What a home was seen to hold, from a fetch, a scan or an audit: one way into the state for all three. */
#ifndef GW_LEDGER_EVIDENCE_H
#define GW_LEDGER_EVIDENCE_H

#include "ledger/ledger_int.h"

struct gw_copy {
    uint32_t home;
    struct gw_seen seen; /* hash not set */
    struct gw_bytes image;
};

struct gw_copies {
    struct gw_copy items[GW_HOMES_MAX];
    uint32_t count;
};

struct gw_evidence {
    const struct gw_program_home *home;
    struct gw_bytes key;
    uint64_t asof;
    struct gw_seen seen;
    struct gw_bytes
        image; /* projection image; empty when absent, or for audits that carry hashes only */
    const char *found_by;
    bool keep; /* the image is there: it may onboard the key or bring its value back */
};

GW_NODISCARD gw_rc gw_evidence_apply(struct gw_ledger *ledger, const struct gw_evidence *evidence,
                                     struct gw_err *err);
GW_NODISCARD gw_rc gw_evidence_problem(struct gw_ledger *ledger, const struct gw_program_home *home,
                                       struct gw_bytes key, struct gw_text problem,
                                       const char *found_by, struct gw_err *err);

#endif
