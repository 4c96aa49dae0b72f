/** A real (64 bits of IEEE 754 binary64) as decimal text and back, exactly. */
#ifndef GW_RECORD_REAL_H
#define GW_RECORD_REAL_H

#include "base/buf.h"

bool gw_real_is_finite(uint64_t bits);
/** The shortest form that reads back to the same bits: "0.1", "-0", "1e+300", "NaN", "Infinity". */
void gw_real_text(uint64_t bits, struct gw_buf *ret);
/** A JSON number, or one of the three words. @return false for anything else and for numbers beyond the range */
bool gw_real_parse(struct gw_text text, uint64_t *ret);

#endif
