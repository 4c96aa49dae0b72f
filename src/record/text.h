/**
 * Values as people and JSON see them. JSON: integers (and dur, in ns) up to 2^53 as numbers, above as strings; dec
 * always as string; times as RFC 3339 strings; bytes as hex; enums by name; none as null; tuple and list as arrays;
 * reals as the shortest number that reads back exactly, "NaN", "Infinity", "-Infinity".
 */
#ifndef GW_RECORD_TEXT_H
#define GW_RECORD_TEXT_H

#include "codec/json.h"
#include "codec/json_write.h"
#include "record/value.h"

void gw_value_to_json(const struct gw_type *type, union gw_value value,
                      struct gw_json_writer *writer);
/**
 * Accepts number or string for every numeric type, "30s" for dur, an enum's number for its name.
 * `node` NULL is an absent one: refused, also for opt. All of the value lives in `arena`.
 * @return GW_INVALID naming what was expected and the text that came (the caller adds the place); GW_NOMEM
 */
GW_NODISCARD gw_rc gw_value_from_json(const struct gw_type *type, const struct gw_json *node,
                                      struct gw_arena *arena, union gw_value *ret,
                                      struct gw_err *err);
/** One line for people, cut at `bytes_max` (>= 3) with "…": 120.50, "text", none, 2026-03-02T10:11:12Z, x'00ff', (1, 2). */
void gw_value_text(const struct gw_type *type, union gw_value value, size_t bytes_max,
                   struct gw_buf *ret);

#endif
