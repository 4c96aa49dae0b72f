/**
 * A value: 16 bytes whose meaning its type gives. Values do not know their type; the program does.
 *
 *   BOOL, I*, DEC (scaled integer), TIME (count of its unit), DUR (ns), ENUM (number)   .i, sign extended
 *   U8..U128, UUID (big-endian number: order = byte order), REAL (the 64 bits)           .u, zero extended
 *   STR, BYTES                                                                           .bytes, borrowed
 *   OPT                                                                                  .opt, NULL is none
 *   TUPLE, LIST                                                                          .list
 * What pointers point to belongs to the arena the value was made in.
 */
#ifndef GW_RECORD_VALUE_H
#define GW_RECORD_VALUE_H

#include "base/hash.h"
#include "codec/cbor.h"
#include "record/type.h"

union gw_value {
    gw_i128 i;
    gw_u128 u;
    struct gw_bytes bytes;
    const union gw_value *opt;
    struct {
        union gw_value *items;
        size_t count;
    } list;
};

_Static_assert(sizeof(union gw_value) == 16, "registers and rows are arrays of 16 bytes");

bool gw_value_equal(const struct gw_type *type, union gw_value a, union gw_value b);
/** Bytewise for text, numeric for numbers, none before some, lists item by item. @return <0, 0, >0 */
int gw_value_compare(const struct gw_type *type, union gw_value a, union gw_value b);
/** Is `value` inside the bounds of `type` (ranges, lengths, UTF-8, enum membership)? Names the first violation. */
GW_NODISCARD gw_rc gw_value_check(const struct gw_type *type, union gw_value value,
                                  struct gw_err *err);
/** A deep copy. @return false when the arena refuses */
bool gw_value_copy(const struct gw_type *type, union gw_value value, struct gw_arena *arena,
                   union gw_value *ret);

/** Canonical bytes (CBOR, RFC 8949 4.2.1): dec = [scale, int], time = int, opt = null or value, enum = number, uuid = 16 bytes, real = float64 (so the one NaN is 7ff8…; a check refuses others). */
void gw_value_encode(const struct gw_type *type, union gw_value value, struct gw_buf *ret);
/**
 * Strict: refuses what gw_value_encode would not have written and what gw_value_check refuses. Text is borrowed from
 * the input, opt and items live in `arena`.
 * @return GW_INVALID with the byte and the reason (the caller wraps it, and says GW_CORRUPT where it was stored); GW_NOMEM
 */
GW_NODISCARD gw_rc gw_value_decode(const struct gw_type *type, struct gw_cbor_reader *reader,
                                   struct gw_arena *arena, union gw_value *ret, struct gw_err *err);

/**
 * Key bytes: memcmp order = gw_value_compare order, self-delimiting, for tuples concatenated (engine spec 15):
 * integers big-endian in the width of their type with flipped sign bit; dec, time and dur as their scaled i128/i64;
 * str and bytes with 00 → 00 FF and end 00 00; opt as 00 | 01 value; enum as its base type. REAL and LIST are no keys.
 */
void gw_value_key(const struct gw_type *type, union gw_value value, struct gw_buf *ret);
/** False for REAL, LIST and what holds them. */
bool gw_type_is_key(const struct gw_type *type);
/** The reverse; `at` moves behind the value. Text that held 00 is copied to the arena, other text is borrowed. */
GW_NODISCARD gw_rc gw_value_unkey(const struct gw_type *type, struct gw_bytes *at,
                                  struct gw_arena *arena, union gw_value *ret, struct gw_err *err);

#endif
