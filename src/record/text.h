/** Values as people and JSON see them. JSON: numbers up to 2^53 as numbers, above as strings, dec always as string; times as RFC 3339 strings. */
#ifndef GW_RECORD_TEXT_H
#define GW_RECORD_TEXT_H

#include "codec/json.h"
#include "codec/json_write.h"
#include "record/value.h"

void gw_value_to_json(const struct gw_type *type, union gw_value value,
                      struct gw_json_writer *writer);
/** Accepts number or string for every numeric type. The error names what was expected and the text that came. */
GW_NODISCARD gw_rc gw_value_from_json(const struct gw_type *type, const struct gw_json *node,
                                      struct gw_arena *arena, union gw_value *ret,
                                      struct gw_err *err);
/** One line for people, cut at `bytes_max` with "…": 120.50, "text", none, 2026-03-02T10:11:12Z, x'00ff', (1, 2). */
void gw_value_text(const struct gw_type *type, union gw_value value, size_t bytes_max,
                   struct gw_buf *ret);

#endif
