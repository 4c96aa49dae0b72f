/**
 * Base64, the standard alphabet with padding and the URL alphabet without. Source: RFC 4648, sections 4 and 5.
 * Strict: no blanks, no line breaks, padding exactly where the standard form has it and never in the URL form,
 * unused bits zero; so what is accepted is exactly what would be written.
 */
#ifndef GW_CODEC_BASE64_H
#define GW_CODEC_BASE64_H

#include "base/buf.h"

enum gw_base64_form { GW_BASE64_STANDARD, GW_BASE64_URL };

/** Characters that `len` bytes become. `len` <= SIZE_MAX / 2. */
size_t gw_base64_text_bytes(size_t len, enum gw_base64_form form);
void gw_base64_put(struct gw_buf *buf, struct gw_bytes bytes, enum gw_base64_form form);
/** Appends the bytes that `text` stands for. @return false, with nothing appended, when `text` is not exactly that form */
bool gw_base64_get(struct gw_buf *buf, struct gw_text text, enum gw_base64_form form);

#endif
