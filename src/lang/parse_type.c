#include "lang/parser_int.h"

static bool kind_of(struct gw_text word, enum gw_type_kind *ret)
{
#define X(name, text, bits, is_signed)                \
    if ((text) != NULL && gw_text_is(word, (text))) { \
        *ret = GW_TYPE_##name;                        \
        return true;                                  \
    }
    GW_TYPE_KINDS(X)
#undef X
    static const struct {
        const char *text;
        enum gw_type_kind kind;
    } others[] = {{"dec", GW_TYPE_DEC},
                  {"time", GW_TYPE_TIME},
                  {"str", GW_TYPE_STR},
                  {"bytes", GW_TYPE_BYTES}};
    for (size_t i = 0; i < GW_COUNT_OF(others); i++) {
        if (gw_text_is(word, others[i].text)) {
            *ret = others[i].kind;
            return true;
        }
    }
    return false;
}

static bool parse_unit(struct gw_parser *parser, enum gw_time_unit *ret)
{
    static const enum gw_time_unit units[] = {GW_TIME_S, GW_TIME_MS, GW_TIME_US, GW_TIME_NS};
    for (size_t i = 0; i < GW_COUNT_OF(units); i++) {
        if (gw_parser_accept_word(parser, gw_time_unit_name(units[i]))) {
            *ret = units[i];
            return true;
        }
    }
    gw_parser_wanted(parser, "a unit: `s`, `ms`, `us` or `ns`");
    return false;
}

/** `>`, also as the first half of `>=`, which `bal: dec<8,2>= 0` gives. */
static bool expect_close(struct gw_parser *parser)
{
    if (gw_parser_at(parser, GW_TOKEN_GE)) {
        struct gw_token *token = &parser->token;
        parser->last = (struct gw_span){token->span.file, token->span.begin, token->span.begin + 1};
        *token =
            (struct gw_token){.kind = GW_TOKEN_ASSIGN,
                              .span = {token->span.file, token->span.begin + 1, token->span.end},
                              .text = {token->text.data + 1, 1}};
        return true;
    }
    return gw_parser_expect(parser, GW_TOKEN_GT, "after the parameters of the type");
}

static bool parse_args(struct gw_parser *parser, struct gw_type_expr *type)
{
    bool wanted = type->kind != GW_TYPE_TIME;
    if (!gw_parser_at(parser, GW_TOKEN_LT) || !gw_parser_continues(parser))
        return !wanted || gw_parser_expect(parser, GW_TOKEN_LT, "and the parameters of the type");
    gw_parser_take(parser);
    type->has_args = true;
    bool ok = type->kind == GW_TYPE_TIME ? parse_unit(parser, &type->unit)
                                         : gw_parse_u64(parser, "a number", &type->args[0]);
    if (ok && type->kind == GW_TYPE_DEC) {
        ok = gw_parser_expect(parser, GW_TOKEN_COMMA, "and the digits after the point") &&
             gw_parse_u64(parser, "a number", &type->args[1]);
    }
    return ok && expect_close(parser);
}

static bool add_item(struct gw_parser *parser, struct gw_growing *items)
{
    struct gw_type_expr *item = gw_parse_type(parser);
    struct gw_type_expr **place = item ? GW_ADD(parser, items, struct gw_type_expr *) : NULL;
    if (place == NULL)
        return false;
    *place = item;
    return true;
}

static bool parse_container(struct gw_parser *parser, struct gw_type_expr *type)
{
    struct gw_growing items = {NULL, 0, 0};
    bool ok =
        gw_parser_expect(parser, GW_TOKEN_LT, "and the type inside") && add_item(parser, &items);
    if (ok && type->form == GW_TYPE_FORM_LIST) {
        ok = gw_parser_expect(parser, GW_TOKEN_COMMA, "and the largest number of items") &&
             gw_parse_u64(parser, "a number", &type->args[0]);
    }
    type->items = items.items;
    type->item_count = items.count;
    type->has_args = true;
    return ok && expect_close(parser);
}

static bool parse_tuple(struct gw_parser *parser, struct gw_type_expr *type)
{
    struct gw_growing items = {NULL, 0, 0};
    gw_parser_take(parser);
    bool ok = add_item(parser, &items);
    while (ok && gw_parser_accept(parser, GW_TOKEN_COMMA))
        ok = add_item(parser, &items);
    type->form = GW_TYPE_FORM_TUPLE;
    type->items = items.items;
    type->item_count = items.count;
    ok = ok && gw_parser_expect(parser, GW_TOKEN_RPAREN, "at the end of the tuple");
    if (ok && items.count == 1) {
        gw_parser_error(parser, 1028, gw_parser_span(parser, type->span),
                        "a tuple has at least two parts");
        return false;
    }
    return ok;
}

static bool parse_word_type(struct gw_parser *parser, struct gw_type_expr *type)
{
    struct gw_text word = parser->token.text;
    gw_parser_take(parser);
    type->name = word;
    type->unit = GW_TIME_US;
    if (gw_text_is(word, "opt") || gw_text_is(word, "list")) {
        type->form = word.len == 3 ? GW_TYPE_FORM_OPT : GW_TYPE_FORM_LIST;
        return parse_container(parser, type);
    }
    if (!kind_of(word, &type->kind)) {
        type->form = GW_TYPE_FORM_NAME;
        return true;
    }
    type->form = GW_TYPE_FORM_KIND;
    bool has_parameters = type->kind == GW_TYPE_DEC || type->kind == GW_TYPE_TIME ||
                          type->kind == GW_TYPE_STR || type->kind == GW_TYPE_BYTES;
    return !has_parameters || parse_args(parser, type);
}

struct gw_type_expr *gw_parse_type(
    struct gw_parser *parser) /* NOLINT(misc-no-recursion): TYPE_DEPTH */
{
    if (parser->panic)
        return NULL;
    if (parser->types == GW_LANG_TYPE_DEPTH_MAX) {
        gw_parser_error(parser, 1013, parser->token.span, "types are nested too deep");
        return NULL;
    }
    struct gw_type_expr *type = GW_MAKE(parser, struct gw_type_expr);
    if (type == NULL)
        return NULL;
    type->span = parser->token.span;
    parser->types++;
    bool ok = false;
    if (gw_parser_at(parser, GW_TOKEN_LPAREN)) {
        ok = parse_tuple(parser, type);
    } else if (gw_parser_at(parser, GW_TOKEN_WORD)) {
        ok = parse_word_type(parser, type);
    } else {
        gw_parser_wanted(parser, "a type");
    }
    parser->types--;
    type->span = gw_parser_span(parser, type->span);
    return ok ? type : NULL;
}

bool gw_parse_at_convert(struct gw_parser *parser)
{
    enum gw_type_kind kind;
    if (!gw_parser_at(parser, GW_TOKEN_WORD) || !kind_of(parser->token.text, &kind))
        return false;
    struct gw_lexer ahead = parser->lexer;
    struct gw_token next = gw_lexer_next(&ahead);
    if (next.kind == GW_TOKEN_LPAREN)
        return true;
    if (next.kind != GW_TOKEN_LT || gw_type_is_integer(kind))
        return false;
    next = gw_lexer_next(&ahead); /* `time < limit` compares, `time<s>(x)` converts */
    if (kind != GW_TYPE_TIME && next.kind != GW_TOKEN_INT)
        return false;
    next = gw_lexer_next(&ahead);
    return next.kind == GW_TOKEN_GT || (kind == GW_TYPE_DEC && next.kind == GW_TOKEN_COMMA);
}

enum gw_type_kind gw_parse_kind_of(struct gw_text word)
{
    enum gw_type_kind kind = GW_TYPE_BOOL;
    bool known = kind_of(word, &kind);
    GW_ASSERT(known);
    return kind;
}
