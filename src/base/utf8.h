/**
 * UTF-8 as people see it: walk, measure, cut. Well-formed means Unicode 15 table 3-7: no surrogates, no overlong
 * forms, at most U+10FFFF. (Checking and writing input and output: codec/utf8.h.) Columns are those of a terminal:
 * 2 for wide East Asian characters and emoji, 0 for combining marks.
 */
#ifndef GW_BASE_UTF8_H
#define GW_BASE_UTF8_H

#include "base/mem.h"

/** Takes one code point off the front of `text`. @return false at the end, or where `text` is not well formed (it stays) */
bool gw_utf8_next(struct gw_text *text, uint32_t *ret_code_point);
/** Terminal columns; a byte that is not UTF-8 counts as one. */
size_t gw_utf8_columns(struct gw_text text);
/** The longest beginning of at most so many columns. */
struct gw_text gw_utf8_cut_columns(struct gw_text text, size_t columns_max);
/** The longest beginning of at most so many bytes that does not split a character. */
struct gw_text gw_utf8_cut_bytes(struct gw_text text, size_t bytes_max);

#endif
