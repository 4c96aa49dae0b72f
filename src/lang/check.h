/**
 * From text to a checked syntax tree: what the rest of the room, and `engine check`, begin with.
 *
 *   gw_lang_parse()        text -> tree            syntax errors, several per run
 *   gw_lang_check_types()  tree -> checked tree    names, types, homes; writes the "checked:" members
 *
 * Everything lives in the caller's arena, whose bound is the memory bound of checking. Both are pure.
 */
#ifndef GW_LANG_CHECK_H
#define GW_LANG_CHECK_H

#include "lang/ast.h"
#include "lang/diag.h"

/** Reads the text that `include "path"` names, relative to `from`; the text lives as long as the arena. */
typedef gw_rc gw_lang_load(void *ctx, struct gw_text from, struct gw_text path,
                           struct gw_arena *arena, struct gw_text *ret_text, struct gw_err *err);

struct gw_lang_input {
    struct gw_text name; /* of the root file, for people */
    struct gw_text text;
    gw_lang_load *load; /* NULL: `include` lines are kept and not followed (the formatter) */
    void *load_ctx;
    bool is_part_ok; /* the `program` line may be missing (the formatter) */
};

/**
 * @ret_ast  written on GW_OK, and also on GW_INVALID when the text could be read at all: the tree of what was
 *           understood (NULL otherwise); never give that one to gw_lang_check_types()
 * @return   GW_OK       no error diagnostic in `diags`
 *           GW_INVALID  `diags` says what and where; `err` holds the first of them
 *           GW_NOMEM    the arena's bound is reached
 */
GW_NODISCARD gw_rc gw_lang_parse(const struct gw_lang_input *input, struct gw_arena *arena,
                                 struct gw_diags *diags, struct gw_ast **ret_ast,
                                 struct gw_err *err);
/** @return as gw_lang_parse() */
GW_NODISCARD gw_rc gw_lang_check_types(struct gw_ast *ast, struct gw_arena *arena,
                                       struct gw_diags *diags, struct gw_err *err);

#endif
