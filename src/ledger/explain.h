/**
 * The ledger in words: versions of a key with what made them, open halts with their delta, emitted events.
 * Readers: everything here works on a snapshot (or the open batch) and may run on any thread that has it.
 */
#ifndef GW_LEDGER_EXPLAIN_H
#define GW_LEDGER_EXPLAIN_H

#include "ledger/collections.h"
#include "ledger/ledger.h"

/** `engine explain ENTITY KEY`: newest version first (engine spec 10). @return GW_NOTFOUND: nobody has seen the key */
GW_NODISCARD gw_rc gw_explain_key_json(const struct gw_state_view *view,
                                       const struct gw_program_entity *entity, struct gw_bytes key,
                                       struct gw_arena *arena, struct gw_json_writer *writer,
                                       struct gw_err *err);
GW_NODISCARD gw_rc gw_explain_key_text(const struct gw_state_view *view,
                                       const struct gw_program_entity *entity, struct gw_bytes key,
                                       struct gw_arena *arena, struct gw_buf *ret,
                                       struct gw_err *err);

/** What `engine halt` lists. */
struct gw_halts_opts {
    uint64_t n;         /* one finding; 0: all */
    bool with_resolved; /* also those settled */
    uint32_t max;       /* 0: 1000 */
};
/** A JSON array; values as in GET /v1/engine/halts. */
GW_NODISCARD gw_rc gw_explain_halts_json(const struct gw_state_view *view,
                                         const struct gw_halts_opts *opts, struct gw_arena *arena,
                                         struct gw_json_writer *writer, struct gw_err *err);
/** The form of engine spec 5.5, one block a finding. */
GW_NODISCARD gw_rc gw_explain_halts_text(const struct gw_state_view *view,
                                         const struct gw_halts_opts *opts, struct gw_arena *arena,
                                         struct gw_buf *ret, struct gw_err *err);

struct gw_event_id {
    uint64_t index;
    uint32_t record, n;
};
struct gw_event {
    struct gw_event_id id;
    struct gw_text name;
    struct gw_bytes body; /* canonical: [name, [field, type, value], …] */
};
/** The newest GW_EVENTS_KEPT emitted events are kept. Those behind `after` (zero: from the oldest), at most `max`. */
enum { GW_EVENTS_KEPT = 100000 };
GW_NODISCARD gw_rc gw_ledger_events(const struct gw_state_view *view, struct gw_event_id after,
                                    uint32_t max, struct gw_arena *arena, struct gw_event **ret,
                                    uint32_t *ret_count, struct gw_err *err);
/** {"id":"88.0.1","event":"Paid","fields":{…}} */
GW_NODISCARD gw_rc gw_event_to_json(const struct gw_event *event, struct gw_arena *arena,
                                    struct gw_json_writer *writer, struct gw_err *err);

#endif
