/**
 * Private to the compiler: one function's code while it grows.
 *
 * Registers: parameters first, then locals and temporaries as a stack: `top` is the first free one; a statement
 * leaves `top` where its block's locals end. So a register lives exactly as long as its scope, and what a fiber
 * has to store at a wait is what `vars` holds.
 */
#ifndef GW_LANG_EMIT_INT_H
#define GW_LANG_EMIT_INT_H

#include "lang/build_int.h"

/** A jump target: jumps to it before it is placed are patched when it is. */
struct gw_label {
    uint32_t at; /* once placed */
    uint32_t
        first; /* newest insn that waits for it, linked through its operand c; 0: none (insn 0 never jumps) */
    bool is_placed;
};

/** A register that means something across a wait. */
struct gw_emit_var {
    struct gw_text name;
    const struct gw_type
        *type; /* NULL: a row reference, touched again from the registers behind it */
    const struct gw_program_entity *entity; /* row reference: reg + 1 is "present", then the key */
    uint32_t reg;
};

struct gw_emit {
    struct gw_build *build;
    struct gw_build_fn *fn;
    bool is_daemon, is_keys;
    struct gw_insn *insns;
    uint32_t *lines;
    uint32_t count, cap;
    uint32_t barrier; /* the newest place that something jumps to: nothing is joined across it */
    uint32_t line;
    uint32_t top, top_max;
    uint32_t *reg_of_slot;
    struct gw_emit_var *vars;
    uint32_t var_count, var_cap;
    struct gw_label *retry; /* of the innermost await */
    /* tables of the code */
    union gw_value *consts;
    const struct gw_type **const_types;
    uint32_t const_count, const_cap, const_types_cap;
    const struct gw_type **types;
    uint32_t type_count, type_cap;
    const struct gw_fn **callees;
    uint32_t callee_count, callee_cap;
    struct gw_code_range *ranges;
    uint32_t range_count, range_cap;
    struct gw_code_emit *emits;
    uint32_t emit_count, emit_cap;
    struct gw_code_set *sets;
    uint32_t set_count, set_cap;
    struct gw_code_wait *waits;
    uint32_t wait_count, wait_cap;
    struct gw_code_resume *resumes;
    uint32_t resume_count, resume_cap;
    uint32_t key_max;
    uint32_t scan_count;
    bool no_memory, too_large;
};

#define GW_NO_SLOT UINT32_MAX
/* `want` of the lowering functions: put it anywhere */
#define GW_ANY     UINT32_MAX

/** Room for one more item in an array of `each` bytes; the array moves in the arena. @return false: no memory */
bool gw_emit_grow(struct gw_emit *e, void **array, uint32_t count, uint32_t *cap, size_t each);
#define GW_EMIT_ADD(e, array, count, cap)                                                \
    (gw_emit_grow((e), (void **)&(e)->array, (e)->count, &(e)->cap, sizeof(*(e)->array)) \
         ? &(e)->array[(e)->count++]                                                     \
         : NULL)

uint32_t gw_emit_insn(struct gw_emit *e, enum gw_vm_op op, uint32_t x, uint32_t a, uint32_t b,
                      uint32_t c);
/** a = b; neighbours that follow one another become one instruction. */
void gw_emit_move(struct gw_emit *e, uint32_t a, uint32_t b);
uint32_t gw_emit_temp(struct gw_emit *e, uint32_t count);
void gw_emit_jump(struct gw_emit *e, enum gw_vm_op op, uint32_t a, uint32_t b, struct gw_label *to);
/** As gw_emit_jump() with the small operand. */
void gw_emit_jump_x(struct gw_emit *e, enum gw_vm_op op, uint32_t x, uint32_t a, uint32_t b,
                    struct gw_label *to);
void gw_emit_place(struct gw_emit *e, struct gw_label *label);
void gw_emit_const(struct gw_emit *e, uint32_t reg, const struct gw_type *type,
                   union gw_value value);
uint32_t gw_emit_const_index(struct gw_emit *e, const struct gw_type *type, union gw_value value);
void gw_emit_int(struct gw_emit *e, uint32_t reg, int64_t value);
uint32_t gw_emit_type(struct gw_emit *e, const struct gw_type *type);
uint32_t gw_emit_callee(struct gw_emit *e, const struct gw_fn *fn);
void gw_emit_var(struct gw_emit *e, struct gw_text name, const struct gw_type *type, uint32_t reg);
/** A wait of a daemon and its resume point with what is in scope; row references are touched again behind it. */
void gw_emit_wait(struct gw_emit *e, struct gw_code_wait wait);
/** @return NULL with a diagnostic or no_memory */
const struct gw_code *gw_emit_finish(struct gw_emit *e);

/* lower_expr.c: each returns the register that holds the value; with `want` that is the one */
uint32_t gw_lower(struct gw_emit *e, const struct gw_expr *expr, uint32_t want);
/** As gw_lower(), checked where `to` is narrower (text, dec). */
uint32_t gw_lower_as(struct gw_emit *e, const struct gw_expr *expr, const struct gw_type *to,
                     uint32_t want);
/** Jumps to `to` when the condition is `sense`; otherwise goes on. */
void gw_lower_branch(struct gw_emit *e, const struct gw_expr *expr, bool sense,
                     struct gw_label *to);
/** Kinds of numbers that 64 bits hold: computed and compared there. */
bool gw_lower_is_small(const struct gw_type *type);
/** A field of a row of the ledger: the instructions of fields read and write it in place. */
bool gw_lower_is_row_field(const struct gw_emit *e, const struct gw_expr *expr);
/** A name in a register, or a constant: to evaluate it later changes nothing. */
bool gw_lower_is_plain(const struct gw_expr *expr);
/** The key of E[k] into registers of its own. @return the first */
uint32_t gw_lower_key(struct gw_emit *e, const struct gw_expr *index);
void gw_lower_binary_to(struct gw_emit *e, enum gw_ast_op op, const struct gw_type *type,
                        uint32_t a, const struct gw_type *left, uint32_t b,
                        const struct gw_type *right, uint32_t want);
void gw_lower_compare(struct gw_emit *e, enum gw_ast_op op, const struct gw_type *type,
                      uint32_t want, uint32_t b, uint32_t c);
const struct gw_field *gw_lower_fields(struct gw_emit *e, const struct gw_shaped *shaped,
                                       uint32_t *ret_count);
const struct gw_type *gw_lower_row_type(struct gw_emit *e, const struct gw_shaped *shaped);
/* lower_row.c */
uint32_t gw_lower_index(struct gw_emit *e, const struct gw_expr *expr, bool must, uint32_t want);
uint32_t gw_lower_create(struct gw_emit *e, const struct gw_expr *expr, uint32_t want);
uint32_t gw_lower_method(struct gw_emit *e, const struct gw_expr *expr, uint32_t want);
uint32_t gw_lower_field(struct gw_emit *e, const struct gw_expr *expr, uint32_t want);
uint32_t gw_lower_builtin(struct gw_emit *e, const struct gw_expr *expr, uint32_t want);
bool gw_lower_is_new_id(const struct gw_expr *expr);
/* lower_loop.c */
void gw_lower_for_range(struct gw_emit *e, const struct gw_stmt *stmt);
void gw_lower_for_list(struct gw_emit *e, const struct gw_stmt *stmt);
void gw_lower_for_prefix(struct gw_emit *e, const struct gw_stmt *stmt);
/* lower_stmt.c, lower_daemon.c */
void gw_lower_block(struct gw_emit *e, const struct gw_block *block);
void gw_lower_bind(struct gw_emit *e, const struct gw_local *local, uint32_t reg);
void gw_lower_fail(struct gw_emit *e, const struct gw_stmt *stmt);
void gw_lower_daemon(struct gw_emit *e, const struct gw_stmt *stmt);
void gw_lower_match_call(struct gw_emit *e, const struct gw_stmt *stmt);
/** A register behind the locals of the scope, for a local that is about to be bound. */
uint32_t gw_lower_local(struct gw_emit *e, const struct gw_local *local);

#endif
