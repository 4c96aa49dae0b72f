/**
 * Whole numbers up to 128 bits as text, and powers of ten. Nothing here rounds or wraps.
 */
#ifndef GW_BASE_INT_H
#define GW_BASE_INT_H

#include "base/mem.h"

enum { GW_INT_TEXT_MAX = 48, GW_DEC_DIGITS_MAX = 38 };

/** Decimal digits of `value`, zero-terminated, into ret[GW_INT_TEXT_MAX]. @return length */
size_t gw_u128_text(gw_u128 value, char *ret);
size_t gw_i128_text(gw_i128 value, char *ret);
/** `value` / 10^scale with exactly `scale` digits after the point. @return length */
size_t gw_dec_text(gw_i128 value, unsigned scale, char *ret);

/** All of `text` must be `[-]digits`. @return false on anything else or overflow */
bool gw_u128_parse(struct gw_text text, gw_u128 *ret);
bool gw_i128_parse(struct gw_text text, gw_i128 *ret);
/** `[-]digits[.digits]` to a number scaled by 10^scale; more digits than `scale` only if they are zeros. */
bool gw_dec_parse(struct gw_text text, unsigned scale, gw_i128 *ret);

/** 10^exponent for 0..38. */
gw_u128 gw_pow10(unsigned exponent);

#endif
