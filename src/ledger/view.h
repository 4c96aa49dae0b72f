/**
 * Views: bounded reads over a snapshot, beside the writer. Any thread, one arena each; nothing is written.
 */
#ifndef GW_LEDGER_VIEW_H
#define GW_LEDGER_VIEW_H

#include "ledger/ledger.h"

struct gw_view_opts {
    struct gw_kv *kv;
    struct gw_kv_snap *snap;          /* borrowed */
    const struct gw_program *program; /* of the snapshot */
    const struct gw_fn
        *fn; /* GW_FN_VIEW, or GW_FN_TXN for recon and shadows: its writes are thrown away */
    const union gw_value *args;
    struct gw_vm_context at; /* what now() and new_id() give */
    uint64_t as_of;          /* 0: as the snapshot is; else rows as they were after this index */
    struct gw_arena *arena;
};

struct gw_view_result {
    struct gw_vm_result vm;
    struct gw_missing_key *missing; /* of GW_VM_NEEDS_KEYS */
    uint32_t missing_count;
};

/** @return GW_OK: `ret` says what came of it · GW_NOMEM · GW_CORRUPT */
GW_NODISCARD gw_rc gw_ledger_view(const struct gw_view_opts *opts, struct gw_view_result *ret,
                                  struct gw_err *err);

#endif
