/** Loops: over numbers, lists, walks of tables and indexes, and pages of a scan. */
#include "lang/parser_int.h"

bool gw_parse_place(struct gw_parser *parser, struct gw_place_expr *ret)
{
    ret->span = parser->token.span;
    if (!gw_parse_word(parser, "a store", &ret->store))
        return false;
    if (gw_parser_at(parser, GW_TOKEN_STRING)) {
        ret->is_pattern = true;
        bool ok = gw_parse_outside_name(parser, "a key pattern", &ret->place);
        ret->span = gw_parser_span(parser, ret->span);
        return ok;
    }
    if (!gw_parser_expect(parser, GW_TOKEN_DOT, "and a table") ||
        !gw_parse_outside_name(parser, "a table", &ret->place))
        return false;
    if (!parser->token.newline_before && gw_parser_accept(parser, GW_TOKEN_LPAREN)) {
        struct gw_token token = parser->token;
        if (!gw_token_is_version(&token)) {
            gw_parser_wanted(parser, "a version such as `v1`");
            return false;
        }
        if (!gw_parse_word(parser, "a version", &ret->label) ||
            !gw_parser_expect(parser, GW_TOKEN_RPAREN, "after the version"))
            return false;
    }
    ret->span = gw_parser_span(parser, ret->span);
    return true;
}

static bool parse_limit(struct gw_parser *parser, struct gw_stmt *stmt)
{
    stmt->limit_span = parser->token.span;
    return gw_parse_u64(parser, "a number (a bound known when the program is checked)",
                        &stmt->limit);
}

static bool parse_scan(struct gw_parser *parser, struct gw_stmt *stmt)
{
    gw_parser_take(parser);
    stmt->kind = GW_STMT_FOR_SCAN;
    if (!gw_parse_place(parser, &stmt->place) ||
        !gw_parser_expect_word(parser, "by", "and the key columns"))
        return false;
    struct gw_growing by = {NULL, 0, 0};
    do {
        struct gw_name *name = GW_ADD(parser, &by, struct gw_name);
        if (name == NULL || !gw_parse_outside_name(parser, "a column", name))
            return false;
    } while (gw_parser_accept(parser, GW_TOKEN_COMMA));
    stmt->by = by.items;
    stmt->by_count = by.count;
    return gw_parser_expect_word(parser, "pages", "`of` and the rows of a page") &&
           gw_parser_expect_word(parser, "of", "after `pages`") && parse_limit(parser, stmt);
}

static bool is_walk(const struct gw_expr *expr)
{
    return expr->kind == GW_EXPR_METHOD &&
           (gw_text_is(expr->name.text, "prefix") || gw_text_is(expr->name.text, "from"));
}

static bool parse_over(struct gw_parser *parser, struct gw_stmt *stmt)
{
    if (!gw_parse_value(parser, &stmt->value))
        return false;
    if (gw_parser_accept(parser, GW_TOKEN_RANGE)) {
        stmt->kind = GW_STMT_FOR_RANGE;
        stmt->low = stmt->value;
        stmt->value = NULL;
        return gw_parse_value(parser, &stmt->high);
    }
    stmt->kind = GW_STMT_FOR_LIST;
    if (!is_walk(stmt->value))
        return true;
    stmt->kind = GW_STMT_FOR_PREFIX;
    if (!gw_parser_at_word(parser, "limit")) {
        struct gw_diag *diag =
            gw_parser_error(parser, 1106, stmt->value->span, "this walk has no bound");
        gw_diags_hint(parser->diags, diag,
                      "add `limit 32`; to reach all of them, let a daemon call such a txn until it "
                      "answers 0: `n := call t(u)  while n > 0 { yield  n = call t(u) }`");
        stmt->limit = 1; /* nothing is run: the rest of the file is read as if there were one */
        return true;
    }
    gw_parser_take(parser);
    bool ok = parse_limit(parser, stmt);
    stmt->is_reverse = ok && gw_parser_accept_word(parser, "reverse");
    return ok;
}

struct gw_stmt *gw_parse_for(struct gw_parser *parser) /* NOLINT(misc-no-recursion) */
{
    struct gw_stmt *stmt = gw_parse_stmt_begin(parser, GW_STMT_FOR_LIST);
    if (stmt == NULL || !gw_parse_name(parser, "a name for each item", &stmt->name) ||
        !gw_parser_expect_word(parser, "in", "and what to walk over"))
        return NULL;
    bool is_scan =
        gw_parser_at_word(parser, "scan") && gw_parser_peek(parser).kind == GW_TOKEN_WORD;
    bool ok = is_scan ? parse_scan(parser, stmt) : parse_over(parser, stmt);
    return gw_parse_stmt_done(parser, stmt, ok && gw_parse_block(parser, &stmt->body));
}
