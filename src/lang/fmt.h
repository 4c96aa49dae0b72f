/**
 * One canonical layout of a program: what `engine fmt` writes.
 * Properties: formatting twice changes nothing; the formatted text parses to the same tree; no comment is lost.
 * A part of an included file is formatted alone (gw_lang_input.is_part_ok, no loader).
 */
#ifndef GW_LANG_FMT_H
#define GW_LANG_FMT_H

#include "lang/ast.h"

/** `ast`: from gw_lang_parse() with GW_OK and without a loader. */
void gw_lang_format(const struct gw_ast *ast, struct gw_buf *ret);
/** Without layout and comments: two texts with equal trees have equal dumps. For tests and the fuzz target. */
void gw_lang_dump(const struct gw_ast *ast, struct gw_buf *ret);

#endif
