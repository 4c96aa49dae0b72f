/**
 * The checker's state, and the pieces of it that check_*.c give each other.
 *
 * Inference: a local first bound to a bare number, `[]` or `none` gets its type from the first typed use, which may
 * stand below. So a body is walked quietly until no walk finds another type (at most ROUNDS times), then aloud.
 */
#ifndef GW_LANG_CHECK_INT_H
#define GW_LANG_CHECK_INT_H

#include "lang/ast.h"
#include "lang/check.h"

enum gw_checking {
    GW_CHECKING_FN, /* pure: arguments only */
    GW_CHECKING_CONST,
    GW_CHECKING_WHERE, /* fields of `row` by bare name: keys of a home's `where`, all of a counter's */
    GW_CHECKING_ONBOARD,
    GW_CHECKING_MIGRATE,
    GW_CHECKING_VIEW, /* reads */
    GW_CHECKING_TXN,  /* reads and writes */
    GW_CHECKING_DAEMON,
};

enum { GW_CHECK_LOCALS_MAX = 1024 };

struct gw_checker {
    struct gw_ast *ast;
    struct gw_arena *arena;
    struct gw_diags *diags;
    bool nomem;
    /* of the body at hand */
    enum gw_checking what;
    bool is_quiet;
    bool found_bare, found_type; /* of this walk */
    uint32_t errors;             /* of this walk, quiet ones too */
    const struct gw_ast_function *function;
    const struct gw_ast_entity *row; /* WHERE */
    bool row_keys_only;
    struct gw_local *locals[GW_CHECK_LOCALS_MAX];  /* of the body, by slot */
    struct gw_local *visible[GW_CHECK_LOCALS_MAX]; /* innermost last */
    uint32_t local_count, visible_count;
    uint32_t await_else; /* inside the else block of an await: `retry` may stand */
};

/* ---- check.c: memory, messages ---- */
void *gw_check_get(struct gw_checker *checker, size_t count, size_t each);
#define GW_CHECK_ARRAY(checker, type, count) \
    ((type *)gw_check_get((checker), (count), sizeof(type)))
/** @return for a hint; NULL in a quiet walk */
struct gw_diag *gw_check_error(struct gw_checker *checker, gw_code code, struct gw_span span,
                               const char *fmt, ...) GW_PRINTF(4, 5);
/** "did you mean `x`? NOUN: a, b, c" from all candidates. */
void gw_check_hint_names(struct gw_checker *checker, struct gw_diag *diag, struct gw_text word,
                         const char *noun, const struct gw_text *names, size_t count);
/** A type as text in the arena. */
struct gw_text gw_check_type_text(struct gw_checker *checker, const struct gw_type *type);
struct gw_text gw_check_shape_text(struct gw_checker *checker, const struct gw_shaped *is);

/* ---- check_scope.c ---- */
struct gw_decl *gw_check_find(const struct gw_checker *checker, struct gw_text name);
/** Of one kind, or reports: 1020 unknown, 1040 another kind. */
struct gw_decl *gw_check_need(struct gw_checker *checker, const struct gw_name *name,
                              enum gw_decl_kind kind);
struct gw_local *gw_check_local(const struct gw_checker *checker, struct gw_text name);
/** Makes `*local` (kept from an earlier walk, or new) visible. */
void gw_check_bind(struct gw_checker *checker, struct gw_local **local, const struct gw_name *name,
                   struct gw_shaped is, bool is_mutable);
void gw_check_begin_body(struct gw_checker *checker, enum gw_checking what);
/** Ends locals down to `visible_count`, reporting unused ones. */
void gw_check_leave(struct gw_checker *checker, uint32_t visible_count);
/** The body's locals in the arena, by slot. */
struct gw_local **gw_check_take_locals(struct gw_checker *checker, uint32_t *ret_count);
void gw_check_unknown_name(struct gw_checker *checker, const struct gw_name *name);
/** Enum members of that name in the whole program. @return their number; the last in *ret_enum, *ret_index */
uint32_t gw_check_members(const struct gw_checker *checker, struct gw_text name,
                          const struct gw_decl **ret_enum, uint32_t *ret_index);
bool gw_check_is_builtin(struct gw_text name);

/* ---- check_type.c ---- */
const struct gw_type *gw_check_type(struct gw_checker *checker, struct gw_type_expr *expr);
const struct gw_type *gw_check_opt_of(struct gw_checker *checker, const struct gw_type *item);
const struct gw_type *gw_check_text_of(struct gw_checker *checker, enum gw_type_kind kind,
                                       size_t bytes_max);
const struct gw_type *gw_check_dec_of(struct gw_checker *checker, unsigned precision,
                                      unsigned scale);
const struct gw_type *gw_check_tuple_of(struct gw_checker *checker,
                                        const struct gw_type *const *items, uint32_t count);
const struct gw_type *gw_check_time_of(struct gw_checker *checker, enum gw_time_unit unit);
/** Does every value of `from` belong to `to`, bit for bit? Bounds may grow; nothing is converted. */
bool gw_check_fits(const struct gw_type *from, const struct gw_type *to);
/** Index of the member, or -1. */
int gw_check_member(const struct gw_type *type, struct gw_text name);
bool gw_check_is_key_type(const struct gw_type *type);

/* ---- check_decl.c, check_entity.c, check_home.c ---- */
void gw_check_decls(struct gw_checker *checker);
void gw_check_store(struct gw_checker *checker, struct gw_decl *decl, uint16_t index);
void gw_check_entity(struct gw_checker *checker, struct gw_decl *decl);
void gw_check_table(struct gw_checker *checker, struct gw_decl *decl);
void gw_check_homes(struct gw_checker *checker, struct gw_decl *decl);
void gw_check_onboard(struct gw_checker *checker, struct gw_decl *decl);
void gw_check_migrate(struct gw_checker *checker, struct gw_decl *decl);
/** Field index, or -1 after reporting GW1042. */
int gw_check_field(struct gw_checker *checker, const struct gw_decl *decl,
                   const struct gw_name *name, struct gw_span place);
const struct gw_entity *gw_check_row_of(const struct gw_decl *decl);

/* ---- check_expr.c, check_literal.c, check_call.c ---- */
/** `hint`: the type that the place wants, or NULL. Bare numbers, enumerators and the like take it; nothing else obeys it. */
void gw_check_expr(struct gw_checker *checker, struct gw_expr *expr, const struct gw_type *hint);
/** As gw_check_expr(), and the value must fit. @return whether it does */
bool gw_check_value(struct gw_checker *checker, struct gw_expr *expr, const struct gw_type *type);
/** A value of any type. @return its type, or NULL (reported) */
const struct gw_type *gw_check_any(struct gw_checker *checker, struct gw_expr *expr,
                                   const struct gw_type *hint);
/** The same for an expression that is checked already: checking twice at every level would never end. */
const struct gw_type *gw_check_seen(struct gw_checker *checker, struct gw_expr *expr);
bool gw_check_is_bare(const struct gw_expr *expr);
void gw_check_literal(struct gw_checker *checker, struct gw_expr *expr, const struct gw_type *hint);
void gw_check_name(struct gw_checker *checker, struct gw_expr *expr, const struct gw_type *hint);
void gw_check_call(struct gw_checker *checker, struct gw_expr *expr, const struct gw_type *hint);
void gw_check_method(struct gw_checker *checker, struct gw_expr *expr);
void gw_check_create(struct gw_checker *checker, struct gw_expr *expr);
/** Says so when a call has fewer or more arguments. */
bool gw_check_arg_count(struct gw_checker *checker, const struct gw_expr *expr, uint32_t least,
                        uint32_t most, const char *use);
void gw_check_convert(struct gw_checker *checker, struct gw_expr *expr);
bool gw_check_args(struct gw_checker *checker, const struct gw_expr *call,
                   const struct gw_ast_field *params, uint32_t count);
/** `expr->items` as the first key fields of `row`; `exact`: all of them. */
bool gw_check_key_args(struct gw_checker *checker, struct gw_expr *expr,
                       const struct gw_entity *row, bool exact);
/** The type of `left op right` (reported when there is none). */
const struct gw_type *gw_check_arith(struct gw_checker *checker, enum gw_ast_op op,
                                     const struct gw_type *left, const struct gw_type *right,
                                     const struct gw_type *hint, struct gw_span span);
void gw_check_operator(struct gw_checker *checker, struct gw_expr *expr,
                       const struct gw_type *hint);
void gw_check_fold(struct gw_checker *checker, struct gw_expr *expr);
bool gw_check_may_read(struct gw_checker *checker, struct gw_span span, const char *what);
bool gw_check_may_write(struct gw_checker *checker, struct gw_span span, const char *what);
struct gw_shaped gw_shaped_value(const struct gw_type *type);
void gw_check_inits_short(struct gw_checker *checker, struct gw_init *init);

/* ---- check_stmt.c, check_match.c, check_daemon.c ---- */
/** @return whether control never passes its end */
bool gw_check_block(struct gw_checker *checker, struct gw_block *block);
void gw_check_stmt(struct gw_checker *checker, struct gw_stmt *stmt);
void gw_check_match(struct gw_checker *checker, struct gw_stmt *stmt);
void gw_check_daemon_stmt(struct gw_checker *checker, struct gw_stmt *stmt);
struct gw_decl *gw_check_called(struct gw_checker *checker, struct gw_expr *call);
void gw_check_function(struct gw_checker *checker, struct gw_decl *decl);
void gw_check_assigned(struct gw_checker *checker, struct gw_stmt *stmt);
/** Walks `walk` quietly while it finds types, then aloud. */
void gw_check_rounds(struct gw_checker *checker, void (*walk)(struct gw_checker *, void *),
                     void *ctx);

#endif
