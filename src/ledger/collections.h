/**
 * Reading indexes, counters and tables in any view of the state: the open batch or a reader's snapshot.
 * Writing them is in ledger_int.h (gw_collections_change) and run.c.
 */
#ifndef GW_LEDGER_COLLECTIONS_H
#define GW_LEDGER_COLLECTIONS_H

#include "ledger/keys.h"
#include "ledger/ledger.h"

/** Where reads go. */
struct gw_state_view {
    struct gw_kv *kv;
    struct gw_kv_view view;
    const struct gw_program *program;
};

/** How far an index or counter is built: rows with key <= cursor are in it; everything once PUBLIC. */
struct gw_build {
    enum gw_index_state state;
    struct gw_bytes cursor; /* entity key bytes; borrowed from the kv */
};
/** An id without a pair counts as WRITE_ONLY with an empty cursor. */
GW_NODISCARD gw_rc gw_build_get(const struct gw_state_view *view, uint32_t id, struct gw_build *ret,
                                struct gw_err *err);

/** index id ‖ key bytes of the indexed fields of `fields` (all fields of the entity). */
void gw_index_prefix(const struct gw_index_decl *index, const union gw_value *fields,
                     struct gw_state_key *ret);

GW_NODISCARD gw_rc gw_counter_read(const struct gw_state_view *view,
                                   const struct gw_counter_decl *counter, const union gw_value *by,
                                   union gw_value *ret, struct gw_err *err);
GW_NODISCARD gw_rc gw_table_read(const struct gw_state_view *view,
                                 const struct gw_table_decl *table, const union gw_value *key,
                                 struct gw_arena *arena, union gw_value **ret_fields,
                                 struct gw_err *err); /* GW_NOTFOUND */
GW_NODISCARD gw_rc gw_range_read(const struct gw_state_view *view, const struct gw_vm_range *range,
                                 struct gw_arena *arena, union gw_value ***ret_rows,
                                 uint32_t *ret_count, struct gw_err *err);
/** Entity key bytes of the one row with these values. @return GW_NOTFOUND */
GW_NODISCARD gw_rc gw_lookup_read(const struct gw_state_view *view,
                                  const struct gw_index_decl *index, const union gw_value *values,
                                  struct gw_arena *arena, struct gw_bytes *ret_key,
                                  struct gw_err *err);
void gw_table_key(const struct gw_table_decl *table, const union gw_value *key,
                  struct gw_state_key *ret);

#endif
