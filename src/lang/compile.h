/**
 * From text to program in one call: parse, check types, bound cost and keys, compile.
 * Used by `godwit engine check`, the PROGRAM record and every test.
 */
#ifndef GW_LANG_COMPILE_H
#define GW_LANG_COMPILE_H

#include "lang/check.h"
#include "lang/diag.h"
#include "lang/program.h"

/** Limits of the LIMITS record that the checker enforces (engine spec 2.4). */
struct gw_lang_limits {
    uint32_t txn_units, txn_keys_read, txn_keys_written, args_result_bytes;
    uint32_t view_units, view_keys;
    uint32_t slice_units, locals_bytes, fn_units;
};
extern const struct gw_lang_limits gw_lang_limits_default;

/**
 * @name    of the file, for diagnostics
 * @source  borrowed during the call; the program keeps a copy
 * @arena   the program lives here
 * @diags   gets up to 20 diagnostics, sorted; made in `arena` too
 * @return  GW_OK, GW_INVALID (diags say why; err holds the first), GW_NOMEM
 */
GW_NODISCARD gw_rc gw_lang_compile(struct gw_text name, struct gw_text source,
                                   const struct gw_lang_limits *limits, struct gw_arena *arena,
                                   struct gw_diags *diags, const struct gw_program **ret,
                                   struct gw_err *err);

/** As gw_lang_compile(), for a text with `include` lines: they are read through input->load. */
GW_NODISCARD gw_rc gw_lang_compile_input(const struct gw_lang_input *input,
                                         const struct gw_lang_limits *limits,
                                         struct gw_arena *arena, struct gw_diags *diags,
                                         const struct gw_program **ret, struct gw_err *err);

/** What `engine check --explain` prints of a function: bounds, keys, the path of cost (engine spec 2.5). */
void gw_fn_explain(const struct gw_program *program, const struct gw_fn *fn,
                   const struct gw_lang_limits *limits, struct gw_buf *ret);

/** Readable listing of a function's code. */
void gw_code_disassemble(const struct gw_program *program, const struct gw_fn *fn,
                         struct gw_buf *ret);

#endif
