/** Well-formed UTF-8 (RFC 3629: no surrogates, nothing above U+10FFFF, no overlong forms). */
#ifndef GW_CODEC_UTF8_H
#define GW_CODEC_UTF8_H

#include "base/mem.h"

/** @return offset of the first byte that cannot stand there; text.len when all of it is well-formed */
size_t gw_utf8_bad_at(struct gw_text text);

static inline bool gw_utf8_valid(struct gw_text text)
{
    return gw_utf8_bad_at(text) == text.len;
}

/** Length of the well-formed sequence at data[0], 1..4; 0 when there is none. `len` >= 1. */
size_t gw_utf8_length(const char *data, size_t len);

/** Appends `scalar` to ret[4]. @return bytes written; 0 for a surrogate or a number above U+10FFFF */
size_t gw_utf8_put(uint32_t scalar, char *ret);

/** Code points in well-formed text; of damaged text, at most one per byte. What people call the column. */
size_t gw_utf8_count(struct gw_text text);

#endif
