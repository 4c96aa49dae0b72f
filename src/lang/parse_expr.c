#include "lang/parser_int.h"

static struct gw_expr *make(struct gw_parser *parser, enum gw_expr_kind kind, struct gw_span span)
{
    if (parser->panic)
        return NULL;
    struct gw_expr *expr = GW_MAKE(parser, struct gw_expr);
    if (expr == NULL)
        return NULL;
    expr->kind = kind;
    expr->span = span;
    expr->op_span = span;
    expr->depth = 1;
    return expr;
}

/** Counts `below` into the depth of `expr`. @return NULL when the bound is passed, or below is missing */
static struct gw_expr *over(struct gw_parser *parser, struct gw_expr *expr,
                            const struct gw_expr *below)
{
    if (expr == NULL || below == NULL)
        return NULL;
    if (below->depth >= GW_LANG_EXPR_DEPTH_MAX) {
        struct gw_diag *diag =
            gw_parser_error(parser, 1013, expr->span, "the expression is nested too deep");
        gw_diags_hint(parser->diags, diag, "name a part of it with `:=`");
        return NULL;
    }
    expr->depth = GW_MAX(expr->depth, (uint16_t)(below->depth + 1));
    return expr;
}

/* ---- literals ---- */

bool gw_parse_at_literal(const struct gw_parser *parser)
{
    switch (parser->token.kind) {
    case GW_TOKEN_INT:
    case GW_TOKEN_DECIMAL:
    case GW_TOKEN_STRING:
    case GW_TOKEN_BYTES:
    case GW_TOKEN_DURATION:
        return !parser->panic;
    case GW_TOKEN_WORD:
        return gw_parser_at_word(parser, "true") || gw_parser_at_word(parser, "false");
    default: /* the other tokens begin no literal */
        return false;
    }
}

static void fill_literal(struct gw_expr *expr, const struct gw_token *token)
{
    expr->source = token->text;
    switch (token->kind) {
    case GW_TOKEN_INT:
        expr->kind = GW_EXPR_INT;
        expr->number = (gw_i128)token->number;
        expr->is_big = token->number >> 127 != 0;
        break;
    case GW_TOKEN_DECIMAL:
        expr->kind = GW_EXPR_DECIMAL;
        expr->number = (gw_i128)token->number;
        expr->scale = token->scale;
        break;
    case GW_TOKEN_STRING:
        expr->kind = GW_EXPR_STRING;
        expr->bytes = token->bytes;
        break;
    case GW_TOKEN_BYTES:
        expr->kind = GW_EXPR_BYTES;
        expr->bytes = token->bytes;
        break;
    case GW_TOKEN_DURATION:
        expr->kind = GW_EXPR_DURATION;
        expr->number = token->ns;
        break;
    default: /* a word: true or false */
        expr->kind = GW_EXPR_BOOL;
        expr->number = gw_text_is(token->text, "true");
        break;
    }
}

static bool is_number(const struct gw_expr *expr)
{
    return expr->kind == GW_EXPR_INT || expr->kind == GW_EXPR_DECIMAL ||
           expr->kind == GW_EXPR_DURATION;
}

/** -5 is a literal, not an operation. @return false when the number has no negative */
static bool negate(struct gw_expr *expr)
{
    if (expr->is_big && (gw_u128)expr->number << 1 != 0)
        return false;
    expr->is_big = false; /* exactly 2^127 is its own two's complement */
    if (expr->number != (gw_i128)((gw_u128)1 << 127))
        expr->number = -expr->number;
    return true;
}

struct gw_expr *gw_parse_literal(struct gw_parser *parser, const char *what)
{
    struct gw_span begin = parser->token.span;
    bool minus = gw_parser_accept(parser, GW_TOKEN_MINUS);
    if (!gw_parse_at_literal(parser)) {
        gw_parser_wanted(parser, what);
        return NULL;
    }
    struct gw_expr *expr = make(parser, GW_EXPR_INT, begin);
    if (expr == NULL)
        return NULL;
    fill_literal(expr, &parser->token);
    if (minus && (!is_number(expr) || !negate(expr))) {
        gw_parser_error(parser, 1004, begin, "this literal has no negative");
        return NULL;
    }
    gw_parser_take(parser);
    expr->span = gw_parser_span(parser, begin);
    return expr;
}

/* ---- lists in brackets ---- */

static bool parse_items(struct gw_parser *parser, struct gw_expr *expr, enum gw_token_kind close,
                        const char *where)
{
    struct gw_growing items = {NULL, 0, 0};
    parser->brackets++;
    bool ok = true;
    while (ok && !gw_parser_at(parser, close)) {
        struct gw_expr *item = gw_parse_expr(parser);
        struct gw_expr **place = item ? GW_ADD(parser, &items, struct gw_expr *) : NULL;
        ok = place != NULL && over(parser, expr, item) != NULL;
        if (!ok)
            break;
        *place = item;
        if (!gw_parser_accept(parser, GW_TOKEN_COMMA))
            break;
    }
    parser->brackets -= ok; /* a panic clears them all */
    ok = ok && gw_parser_expect(parser, close, where);
    expr->items = items.items;
    expr->item_count = items.count;
    expr->span = gw_parser_span(parser, expr->span);
    return ok;
}

static bool parse_init_list(struct gw_parser *parser, struct gw_init **ret, uint32_t *ret_count)
{
    struct gw_growing inits = {NULL, 0, 0};
    parser->brackets++;
    while (gw_parser_at(parser, GW_TOKEN_WORD)) {
        struct gw_init *init = GW_ADD(parser, &inits, struct gw_init);
        if (init == NULL || !gw_parse_word(parser, "a field", &init->name))
            return false;
        init->is_short = !gw_parser_accept(parser, GW_TOKEN_COLON);
        if (!init->is_short) {
            struct gw_expr *value = gw_parse_expr(parser);
            if (value == NULL)
                return false;
            ((struct gw_init *)inits.items)[inits.count - 1].value = value;
        }
        gw_parser_accept(parser, GW_TOKEN_COMMA);
    }
    parser->brackets -= !parser->panic;
    *ret = inits.items;
    *ret_count = inits.count;
    return gw_parser_expect(parser, GW_TOKEN_RBRACE, "after the fields");
}

bool gw_parse_inits(struct gw_parser *parser, struct gw_init **ret, uint32_t *ret_count)
{
    if (!gw_parser_expect(parser, GW_TOKEN_LBRACE, "and the fields"))
        return false;
    bool ok = parse_init_list(parser, ret, ret_count);
    if (!ok)
        gw_parser_leave_braces(parser);
    return ok;
}

/* ---- atoms ---- */

static struct gw_expr *parse_parens(struct gw_parser *parser)
{
    struct gw_expr *tuple = make(parser, GW_EXPR_TUPLE, parser->token.span);
    if (tuple == NULL)
        return NULL;
    gw_parser_take(parser);
    if (!parse_items(parser, tuple, GW_TOKEN_RPAREN, "to close the parenthesis"))
        return NULL;
    if (tuple->item_count == 0) {
        gw_parser_error(parser, 1010, tuple->span, "expected an expression between `(` and `)`");
        return NULL;
    }
    if (tuple->item_count > 1)
        return tuple;
    struct gw_expr *inner = tuple->items[0];
    inner->has_parens = true;
    inner->span = tuple->span;
    return inner;
}

static struct gw_expr *parse_convert(struct gw_parser *parser)
{
    struct gw_expr *expr = make(parser, GW_EXPR_CONVERT, parser->token.span);
    if (expr == NULL)
        return NULL;
    if (gw_parser_peek(parser).kind == GW_TOKEN_LPAREN) { /* str(x): the bound follows from x */
        expr->convert = GW_MAKE(parser, struct gw_type_expr);
        if (expr->convert == NULL)
            return NULL;
        *expr->convert = (struct gw_type_expr){.form = GW_TYPE_FORM_KIND,
                                               .span = parser->token.span,
                                               .name = parser->token.text,
                                               .unit = GW_TIME_US};
        expr->convert->kind = gw_parse_kind_of(parser->token.text);
        gw_parser_take(parser);
    } else {
        expr->convert = gw_parse_type(parser);
    }
    bool ok = expr->convert != NULL && gw_parser_expect(parser, GW_TOKEN_LPAREN, "and a value") &&
              parse_items(parser, expr, GW_TOKEN_RPAREN, "after the value");
    return ok ? expr : NULL;
}

static struct gw_expr *parse_some(struct gw_parser *parser)
{
    struct gw_expr *expr = make(parser, GW_EXPR_SOME, parser->token.span);
    if (expr == NULL)
        return NULL;
    gw_parser_take(parser);
    if (!gw_parser_expect(parser, GW_TOKEN_LPAREN, "after `some`") ||
        !parse_items(parser, expr, GW_TOKEN_RPAREN, "after the value"))
        return NULL;
    if (expr->item_count == 1)
        return expr;
    gw_parser_error(parser, 1033, expr->span, "`some` has one value");
    return NULL;
}

static struct gw_expr *parse_named(struct gw_parser *parser)
{
    struct gw_expr *expr = make(parser, GW_EXPR_NAME, parser->token.span);
    if (expr == NULL || !gw_parse_name(parser, "a value", &expr->name))
        return NULL;
    if (!gw_parser_continues(parser) || !gw_parser_at(parser, GW_TOKEN_LPAREN))
        return expr;
    gw_parser_take(parser);
    expr->kind = GW_EXPR_CALL;
    return parse_items(parser, expr, GW_TOKEN_RPAREN, "after the arguments") ? expr : NULL;
}

struct gw_expr *gw_parse_call(struct gw_parser *parser)
{
    struct gw_expr *expr = parse_named(parser);
    if (expr == NULL || expr->kind == GW_EXPR_CALL)
        return expr;
    gw_parser_wanted(parser, "`(` and the arguments");
    return NULL;
}

static struct gw_expr *parse_atom(struct gw_parser *parser)
{
    if (parser->panic)
        return NULL;
    if (gw_parse_at_literal(parser))
        return gw_parse_literal(parser, "a value");
    if (gw_parser_at(parser, GW_TOKEN_LPAREN))
        return parse_parens(parser);
    if (gw_parser_at(parser, GW_TOKEN_LBRACKET)) {
        struct gw_expr *expr = make(parser, GW_EXPR_LIST, parser->token.span);
        gw_parser_take(parser);
        if (expr == NULL ||
            !gw_parser_expect(parser, GW_TOKEN_RBRACKET, "(lists begin empty and grow by push)"))
            return NULL;
        expr->span = gw_parser_span(parser, expr->span);
        return expr;
    }
    if (gw_parser_at_word(parser, "none")) {
        struct gw_expr *expr = make(parser, GW_EXPR_NONE, parser->token.span);
        gw_parser_take(parser);
        return expr;
    }
    if (gw_parser_at_word(parser, "some"))
        return parse_some(parser);
    if (gw_parse_at_convert(parser))
        return parse_convert(parser);
    if (gw_parser_at(parser, GW_TOKEN_WORD))
        return parse_named(parser);
    gw_parser_wanted(parser, "a value");
    return NULL;
}

/* ---- postfix: .f .f() .0 [k] ! ---- */

static struct gw_expr *wrap(struct gw_parser *parser, enum gw_expr_kind kind,
                            struct gw_expr *object)
{
    struct gw_expr *expr = make(parser, kind, object->span);
    if (expr == NULL)
        return NULL;
    expr->object = object;
    return over(parser, expr, object);
}

static struct gw_expr *parse_member(struct gw_parser *parser, struct gw_expr *object)
{
    gw_parser_take(parser); /* the point */
    if (gw_parser_at(parser, GW_TOKEN_INT)) {
        struct gw_expr *item = wrap(parser, GW_EXPR_ITEM, object);
        if (item == NULL)
            return NULL;
        item->op_span = parser->token.span;
        item->source = parser->token.text;
        item->number = parser->token.number > INT32_MAX ? INT32_MAX : (gw_i128)parser->token.number;
        gw_parser_take(parser);
        item->span = gw_parser_span(parser, object->span);
        return item;
    }
    struct gw_expr *expr = wrap(parser, GW_EXPR_FIELD, object);
    if (expr == NULL || !gw_parse_word(parser, "a field after `.`", &expr->name))
        return NULL;
    expr->op_span = expr->name.span;
    expr->span = gw_parser_span(parser, object->span);
    if (gw_text_is(expr->name.text, "create") && gw_parser_at(parser, GW_TOKEN_LBRACE) &&
        object->kind == GW_EXPR_NAME && gw_parser_continues(parser)) {
        expr->kind = GW_EXPR_CREATE;
        if (!gw_parse_inits(parser, &expr->inits, &expr->init_count))
            return NULL;
        for (uint32_t i = 0; i < expr->init_count; i++) {
            if (!expr->inits[i].is_short && !over(parser, expr, expr->inits[i].value))
                return NULL;
        }
        expr->span = gw_parser_span(parser, object->span);
        return expr;
    }
    if (!gw_parser_continues(parser) || !gw_parser_at(parser, GW_TOKEN_LPAREN))
        return expr;
    gw_parser_take(parser);
    expr->kind = GW_EXPR_METHOD;
    return parse_items(parser, expr, GW_TOKEN_RPAREN, "after the arguments") ? expr : NULL;
}

static struct gw_expr *parse_postfix(struct gw_parser *parser)
{
    struct gw_expr *expr = parse_atom(parser);
    while (expr != NULL && gw_parser_continues(parser)) {
        if (gw_parser_at(parser, GW_TOKEN_DOT)) {
            expr = parse_member(parser, expr);
        } else if (gw_parser_at(parser, GW_TOKEN_LBRACKET)) {
            expr = wrap(parser, GW_EXPR_INDEX, expr);
            gw_parser_take(parser);
            if (expr != NULL && !parse_items(parser, expr, GW_TOKEN_RBRACKET, "after the key"))
                expr = NULL;
        } else if (gw_parser_at(parser, GW_TOKEN_BANG)) {
            expr = wrap(parser, GW_EXPR_UNWRAP, expr);
            gw_parser_take(parser);
            if (expr != NULL) {
                expr->op_span = parser->last;
                expr->span = gw_parser_span(parser, expr->span);
            }
        } else {
            break;
        }
    }
    return expr;
}

/* ---- operators ---- */

static bool binary_op(const struct gw_token *token, enum gw_ast_op *ret)
{
    switch (token->kind) {
#define CASE(token_kind, op)    \
    case GW_TOKEN_##token_kind: \
        *ret = GW_AST_OP_##op;  \
        return true;
        CASE(EQ, EQ)
        CASE(NE, NE)
        CASE(LT, LT)
        CASE(LE, LE)
        CASE(GT, GT)
        CASE(GE, GE)
        CASE(PLUS, ADD)
        CASE(MINUS, SUB)
        CASE(STAR, MUL)
        CASE(SLASH, DIV)
        CASE(PERCENT, MOD)
#undef CASE
    case GW_TOKEN_WORD:
        *ret = gw_text_is(token->text, "or") ? GW_AST_OP_OR : GW_AST_OP_AND;
        return gw_text_is(token->text, "or") || gw_text_is(token->text, "and");
    default: /* no operator */
        return false;
    }
}

static struct gw_expr *parse_binary(struct gw_parser *parser, unsigned strength);

static struct gw_expr *parse_unary(struct gw_parser *parser, unsigned strength)
{
    bool is_minus = gw_parser_at(parser, GW_TOKEN_MINUS);
    bool is_not = gw_parser_at_word(parser, "not") && strength <= gw_ast_op_strength(GW_AST_OP_NOT);
    if (!is_minus && !is_not)
        return parse_postfix(parser);
    struct gw_span begin = parser->token.span;
    gw_parser_take(parser);
    struct gw_expr *inner = is_minus ? parse_postfix(parser) /* grammar: one sign */
                                     : parse_binary(parser, gw_ast_op_strength(GW_AST_OP_EQ));
    if (inner != NULL && is_minus && is_number(inner) && !inner->has_parens && negate(inner)) {
        inner->span = gw_span_join(begin, inner->span);
        return inner;
    }
    struct gw_expr *expr = make(parser, GW_EXPR_UNARY, begin);
    struct gw_expr **items = expr && inner ? gw_parser_get(parser, sizeof(inner)) : NULL;
    if (items == NULL || over(parser, expr, inner) == NULL)
        return NULL;
    expr->op = is_minus ? GW_AST_OP_NEG : GW_AST_OP_NOT;
    items[0] = inner;
    expr->items = items;
    expr->item_count = 1;
    expr->span = gw_parser_span(parser, begin);
    return expr;
}

static struct gw_expr *join(struct gw_parser *parser, enum gw_ast_op op, struct gw_span op_span,
                            struct gw_expr *left, struct gw_expr *right)
{
    if (left == NULL || right == NULL)
        return NULL;
    struct gw_expr *expr = make(parser, GW_EXPR_BINARY, gw_span_join(left->span, right->span));
    struct gw_expr **items = expr ? gw_parser_get(parser, 2 * sizeof(*items)) : NULL;
    if (items == NULL || !over(parser, expr, left) || !over(parser, expr, right))
        return NULL;
    expr->op = op;
    expr->op_span = op_span;
    items[0] = left;
    items[1] = right;
    expr->items = items;
    expr->item_count = 2;
    return expr;
}

/** Everything that binds at least as close as `strength` (precedence climbing). */
static struct gw_expr *parse_binary(struct gw_parser *parser, unsigned strength)
{
    struct gw_expr *left = parse_unary(parser, strength);
    enum gw_ast_op op;
    while (left != NULL && gw_parser_continues(parser) && binary_op(&parser->token, &op) &&
           gw_ast_op_strength(op) >= strength) {
        struct gw_span op_span = parser->token.span;
        unsigned own = gw_ast_op_strength(op);
        gw_parser_take(parser);
        left = join(parser, op, op_span, left, parse_binary(parser, own + 1));
        if (own == gw_ast_op_strength(GW_AST_OP_EQ) && left != NULL &&
            gw_parser_continues(parser) && binary_op(&parser->token, &op) &&
            gw_ast_op_strength(op) == own) {
            struct gw_diag *diag =
                gw_parser_error(parser, 1010, parser->token.span, "comparisons do not chain");
            gw_diags_hint(parser->diags, diag, "write `a < b and b < c`");
            return NULL;
        }
    }
    return left;
}

struct gw_expr *gw_parse_expr(struct gw_parser *parser) /* NOLINT(misc-no-recursion): EXPR_DEPTH */
{
    if (parser->panic)
        return NULL;
    if (parser->exprs == GW_LANG_EXPR_DEPTH_MAX) {
        struct gw_diag *diag =
            gw_parser_error(parser, 1013, parser->token.span, "the expression is nested too deep");
        gw_diags_hint(parser->diags, diag, "name a part of it with `:=`");
        return NULL;
    }
    parser->exprs++;
    struct gw_expr *expr = parse_binary(parser, 1);
    parser->exprs--;
    return expr;
}
