/**
 * The names of the objects that a reader has open, to find one that comes twice. A stack with a hash table beside it:
 * names go on top as they come and leave together when their object ends, so chains run from the newest to the oldest.
 * Inside room codec only.
 */
#ifndef GW_CODEC_JSON_NAMES_H
#define GW_CODEC_JSON_NAMES_H

#include "base/err.h"

struct gw_json_names;

/** @return NULL when the arena refuses */
struct gw_json_names *gw_json_names_new(struct gw_arena *arena, uint64_t hash_seed);
uint32_t gw_json_names_count(const struct gw_json_names *names);
/**
 * Adds a name of the object whose names begin at number `base`. `name` is borrowed until it is dropped.
 * @return GW_OK, GW_EXISTS (err untouched) when that object has it, GW_NOMEM
 */
GW_NODISCARD gw_rc gw_json_names_add(struct gw_json_names *names, uint32_t base,
                                     struct gw_text name, struct gw_err *err);
/** Drops the names from number `base` on. */
void gw_json_names_drop(struct gw_json_names *names, uint32_t base);

#endif
