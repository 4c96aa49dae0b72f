/**
 * The parser's state and the pieces of it that parse_*.c give each other.
 *
 * Recovery: the first error of a statement sets `panic`; nothing is reported or consumed until the statement loop
 * has skipped to the next statement. Every parse function may therefore return NULL, and then panic is set.
 */
#ifndef GW_LANG_PARSER_INT_H
#define GW_LANG_PARSER_INT_H

#include "lang/ast.h"
#include "lang/check.h"
#include "lang/lexer.h"

struct gw_parser {
    const struct gw_lang_input *input;
    struct gw_arena *arena;
    struct gw_diags *diags;
    struct gw_source *source;
    struct gw_lexer lexer;
    struct gw_token token;         /* the next one, not yet taken */
    struct gw_span last;           /* of the token taken last */
    uint32_t brackets;             /* open ( and [ and braces of inits: newlines are blanks */
    uint32_t blocks, exprs, types; /* nesting, against the bounds of ast.h */
    bool panic;
    bool nomem;
    bool in_rule; /* onboard rule: take and reject are statements */
};

/** An array that grows in the arena; items move while it grows. */
struct gw_growing {
    void *items;
    uint32_t count, capacity;
};
/** @return a zeroed new item, or NULL (nomem and panic are set) */
void *gw_parser_add(struct gw_parser *parser, struct gw_growing *list, size_t each);
#define GW_ADD(parser, list, type) ((type *)gw_parser_add((parser), (list), sizeof(type)))
void *gw_parser_get(struct gw_parser *parser, size_t bytes);
#define GW_MAKE(parser, type) ((type *)gw_parser_get((parser), sizeof(type)))

/* ---- tokens ---- */
void gw_parser_take(struct gw_parser *parser);
struct gw_token gw_parser_peek(struct gw_parser *parser); /* the one behind `token` */
static inline bool gw_parser_at(const struct gw_parser *parser, enum gw_token_kind kind)
{
    return parser->token.kind == kind && !parser->panic;
}
bool gw_parser_at_word(const struct gw_parser *parser, const char *word);
/** Takes it if it is next. */
bool gw_parser_accept(struct gw_parser *parser, enum gw_token_kind kind);
bool gw_parser_accept_word(struct gw_parser *parser, const char *word);
/** Takes it or reports what stands there instead. */
bool gw_parser_expect(struct gw_parser *parser, enum gw_token_kind kind, const char *where);
bool gw_parser_expect_word(struct gw_parser *parser, const char *word, const char *where);
/** "expected …, found …" at the next token; sets panic. @return for a hint; NULL during a panic */
struct gw_diag *gw_parser_wanted(struct gw_parser *parser, const char *what);
struct gw_diag *gw_parser_error(struct gw_parser *parser, gw_code code, struct gw_span span,
                                const char *fmt, ...) GW_PRINTF(4, 5);
/** May the next token continue the expression or statement before it? */
bool gw_parser_continues(const struct gw_parser *parser);
/** After an error inside braces: to behind their end. */
void gw_parser_leave_braces(struct gw_parser *parser);
/** From `begin` to the token taken last. */
struct gw_span gw_parser_span(const struct gw_parser *parser, struct gw_span begin);

bool gw_word_is_reserved(struct gw_text word);
/** Any word that may name something new or be referred to bare. */
bool gw_parse_name(struct gw_parser *parser, const char *what, struct gw_name *ret);
/** Any word, reserved ones too: fields, columns, members, options. */
bool gw_parse_word(struct gw_parser *parser, const char *what, struct gw_name *ret);
/** A table or column: ID | STRING. */
bool gw_parse_outside_name(struct gw_parser *parser, const char *what, struct gw_name *ret);
bool gw_parse_u64(struct gw_parser *parser, const char *what, uint64_t *ret);
/** v2 */
bool gw_parse_version(struct gw_parser *parser, uint32_t *ret, struct gw_span *ret_span);
bool gw_token_is_version(const struct gw_token *token);

/* ---- parse_type.c ---- */
struct gw_type_expr *gw_parse_type(struct gw_parser *parser);
/** The kind that `word` names; the word is one (gw_parse_at_convert). */
enum gw_type_kind gw_parse_kind_of(struct gw_text word);
/** Does an expression that begins here begin with a conversion to a type? */
bool gw_parse_at_convert(struct gw_parser *parser);

/* ---- parse_expr.c ---- */
struct gw_expr *gw_parse_expr(struct gw_parser *parser);
struct gw_expr *gw_parse_literal(struct gw_parser *parser, const char *what);
bool gw_parse_at_literal(const struct gw_parser *parser);
/** `name(args)`; for `call f(x)`. */
struct gw_expr *gw_parse_call(struct gw_parser *parser);
/** `{ a: 1, b }` */
bool gw_parse_inits(struct gw_parser *parser, struct gw_init **ret, uint32_t *ret_count);

/* ---- parse_stmt.c ---- */
bool gw_parse_block(struct gw_parser *parser, struct gw_block *ret);
/** A statement that begins with the word at hand, which is taken. @return NULL: no memory, or reading in panic */
struct gw_stmt *gw_parse_stmt_begin(struct gw_parser *parser, enum gw_stmt_kind kind);
/** Gives the statement its span. @return NULL unless `ok` */
struct gw_stmt *gw_parse_stmt_done(struct gw_parser *parser, struct gw_stmt *stmt, bool ok);
bool gw_parse_value(struct gw_parser *parser, struct gw_expr **ret);

/* ---- parse_for.c ---- */
bool gw_parse_place(struct gw_parser *parser, struct gw_place_expr *ret);
struct gw_stmt *gw_parse_for(struct gw_parser *parser);

/* ---- parse_decl.c, parse_entity.c ---- */
/** Does a line begin here with a declaration? Where recovery stops. */
bool gw_parse_at_decl(struct gw_parser *parser);
struct gw_decl *gw_parse_decl(struct gw_parser *parser);
/** name: type [= literal] */
bool gw_parse_field(struct gw_parser *parser, struct gw_growing *list, bool is_key);
bool gw_parse_entity(struct gw_parser *parser, struct gw_ast_entity *ret);
bool gw_parse_table(struct gw_parser *parser, struct gw_ast_table *ret);

#endif
