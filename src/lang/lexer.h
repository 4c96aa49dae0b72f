/**
 * Text to tokens, one at a time. A lexer is a value: copy it to look ahead.
 * Newlines are no tokens; a token knows whether one stands before it, and the parser decides what that means.
 * Malformed tokens are reported once and still delivered, with a value of zero.
 */
#ifndef GW_LANG_LEXER_H
#define GW_LANG_LEXER_H

#include "lang/diag.h"

/* clang-format off */
#define GW_TOKEN_LIST(X)                                                                             \
    X(END, "the end of the text") X(WORD, "a name") X(INT, "a number") X(DECIMAL, "a decimal number") \
    X(STRING, "a string") X(BYTES, "bytes") X(DURATION, "a duration") X(UNITS, "units")              \
    X(LPAREN, "`(`") X(RPAREN, "`)`") X(LBRACKET, "`[`") X(RBRACKET, "`]`")                          \
    X(LBRACE, "`{`") X(RBRACE, "`}`") X(COMMA, "`,`") X(COLON, "`:`") X(DEFINE, "`:=`")              \
    X(ASSIGN, "`=`") X(ADD_ASSIGN, "`+=`") X(SUB_ASSIGN, "`-=`") X(EQ, "`==`") X(NE, "`!=`")         \
    X(LT, "`<`") X(LE, "`<=`") X(GT, "`>`") X(GE, "`>=`") X(PLUS, "`+`") X(MINUS, "`-`")             \
    X(STAR, "`*`") X(SLASH, "`/`") X(PERCENT, "`%`") X(DOT, "`.`") X(RANGE, "`..`") X(BANG, "`!`")   \
    X(QUESTION, "`?`") X(PIPE, "`|`") X(ARROW, "`->`") X(BOTH, "`<->`") X(FAT_ARROW, "`=>`")
/* clang-format on */

enum gw_token_kind {
#define X(name, text) GW_TOKEN_##name,
    GW_TOKEN_LIST(X)
#undef X
};

struct gw_token {
    enum gw_token_kind kind;
    bool newline_before;
    bool is_line_start; /* first byte of its line: where declarations begin */
    struct gw_span span;
    struct gw_text text;   /* as written */
    gw_u128 number;        /* INT UNITS; DECIMAL scaled */
    uint8_t scale;         /* DECIMAL */
    int64_t ns;            /* DURATION */
    struct gw_bytes bytes; /* STRING BYTES: in the arena, or the source where nothing is escaped */
};

struct gw_lexer {
    const struct gw_source *source;
    struct gw_diags *diags;
    struct gw_arena *arena;
    struct gw_text text;
    uint32_t file, at;
    bool after_dot; /* digits after `.` are a tuple item, never a decimal */
    bool nomem;
    /* Comments of the file in order, if wanted: the formatter keeps them. */
    struct gw_comment_list *comments;
};

struct gw_comment;
struct gw_comment_list {
    struct gw_comment *items;
    uint32_t count, capacity;
};

void gw_lexer_init(struct gw_lexer *lexer, const struct gw_source *source, uint32_t file,
                   struct gw_arena *arena, struct gw_diags *diags);
/** After the last token: GW_TOKEN_END for ever. */
struct gw_token gw_lexer_next(struct gw_lexer *lexer);
/** "`(`", "a number": how messages name a kind. */
const char *gw_token_kind_text(enum gw_token_kind kind);

#endif
