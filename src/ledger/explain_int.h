/** Words that explanations of keys and of halts share. */
#ifndef GW_LEDGER_EXPLAIN_INT_H
#define GW_LEDGER_EXPLAIN_INT_H

#include "ledger/explain.h"
#include "ledger/ledger_int.h"
#include "ledger/ring.h"

enum { GW_EXPLAIN_VALUE_BYTES = 120 };

/** "4711": the key as people see it, in `arena`; hex when it does not decode. */
struct gw_text gw_explain_key_name(const struct gw_program_entity *entity, struct gw_bytes key,
                                   struct gw_arena *arena);
/** "bal 125.50 -> 120.50, owner 8 -> 9", "created", "deleted". `is_living`: the version that the step made. */
GW_NODISCARD gw_rc gw_explain_patch(const struct gw_program_entity *entity,
                                    const struct gw_ring_step *step, bool is_living,
                                    struct gw_arena *arena, struct gw_buf *ret, struct gw_err *err);
/** What made a version: a function's name, "onboard" or "resolve". */
struct gw_text gw_explain_maker(const struct gw_program *program, const struct gw_ring_step *step);
struct gw_text gw_explain_hash(struct gw_hash128 hash, struct gw_arena *arena);

#endif
