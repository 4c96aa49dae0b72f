/**
 * Private to the back half: from a checked tree to a program.
 *
 *   build.c    declarations -> struct gw_program, functions still without code
 *   lower_*.c  one function's statements and expressions -> bytecode, through emit.c
 *   cost.c     bounds of units and keys, from the same tree
 */
#ifndef GW_LANG_BUILD_INT_H
#define GW_LANG_BUILD_INT_H

#include "lang/ast.h"
#include "lang/code.h"
#include "lang/compile.h"
#include "lang/cost.h"

/** A bounded loop of a daemon that is longer than a slice: it yields after every `turns` turns. */
struct gw_build_yield {
    const struct gw_stmt *loop;
    uint32_t turns;
};

enum { GW_BUILD_YIELDS_MAX = 64 };

/** A function under construction: its declaration and what the tree says of it. One of the last four is set. */
struct gw_build_fn {
    struct gw_fn *fn;
    const struct gw_decl *decl;    /* fn, txn, view, daemon */
    const struct gw_expr *where;   /* of a home or counter */
    const struct gw_decl *rule;    /* the entity of an onboarding rule */
    const struct gw_decl *migrate; /* … and the direction */
    bool is_inverse;
    uint8_t visit;      /* call graph: 0 not seen, 1 open, 2 done */
    uint32_t page_rows; /* cost: of the scan around */
    struct gw_build_yield *yields;
    uint32_t yield_count;
    uint32_t resume_units; /* cost: row references that a wait may touch again */
};

struct gw_build {
    struct gw_arena *arena;
    const struct gw_ast *ast;
    struct gw_diags *diags;
    const struct gw_lang_limits *limits;
    struct gw_program *program;
    struct gw_build_fn *fns; /* named ones first, in the order of program->fns */
    uint32_t fn_count, fn_cap;
    uint32_t *positions; /* by declaration: index in the program's array of its kind */
};

/** Index of a declared table, index, counter, entity or store in the program's array. */
uint32_t gw_build_position(const struct gw_build *build, const struct gw_decl *decl);
const struct gw_program_entity *gw_build_entity(const struct gw_build *build,
                                                const struct gw_decl *decl);
const struct gw_program_home *gw_build_home(const struct gw_build *build,
                                            const struct gw_ast_home *home);
/** @return NULL: out of memory */
const struct gw_type *gw_build_row_type(struct gw_build *build, const struct gw_field *fields,
                                        uint32_t count);

GW_NODISCARD gw_rc gw_build_program(struct gw_build *build, struct gw_err *err);
/** Code of one function. Diagnostics where it cannot be (too large). */
GW_NODISCARD gw_rc gw_lower_fn(struct gw_build *build, struct gw_build_fn *fn, struct gw_err *err);
/** Bounds and keys of every function; diagnostics where a limit is passed. Fills fn->cost and fn->keys. Before lowering: it says where a daemon's loop yields. */
GW_NODISCARD gw_rc gw_cost_all(struct gw_build *build, struct gw_err *err);
/** Fills fn->direct_keys; after lowering and linking. */
GW_NODISCARD gw_rc gw_cost_direct_keys(struct gw_build *build, struct gw_err *err);
/** Registers and depth with callees; refuses nothing: the checker saw that the call graph has no cycle. */
void gw_build_link(struct gw_build *build);

#endif
