/** The exact value of a JSON number in text form. Nothing here rounds, and no exponent makes it slow. */
#ifndef GW_CODEC_JSON_NUMBER_H
#define GW_CODEC_JSON_NUMBER_H

#include "base/mem.h"

/** Length of the number at the front of `text` by RFC 8259 section 6; 0 when there is none. */
size_t gw_json_number_length(struct gw_text text);

/**
 * The value of `text`, all of which must be a number, times 10^scale.
 * -0 is 0. False when the product is not whole or passes the type: 1e400, 0.5 with scale 0, -1 as u128.
 */
bool gw_json_number_u128(struct gw_text text, unsigned scale, gw_u128 *ret);
bool gw_json_number_i128(struct gw_text text, unsigned scale, gw_i128 *ret);

#endif
