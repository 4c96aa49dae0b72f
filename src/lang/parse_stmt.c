#include "lang/parser_int.h"

static bool parse_stmts(struct gw_parser *parser, struct gw_block *ret);

/* ---- recovery ---- */

/** To the next line that may begin a statement, or the end of this block. */
static void skip_stmt(struct gw_parser *parser, uint32_t stmt_begin)
{
    parser->panic = parser->nomem;
    parser->brackets = 0;
    uint32_t open = 0;
    if (parser->token.span.begin == stmt_begin) {
        open += parser->token.kind == GW_TOKEN_LBRACE;
        gw_parser_take(parser); /* always forward */
    }
    while (parser->token.kind != GW_TOKEN_END && !gw_parse_at_decl(parser)) {
        if (open == 0 && (parser->token.newline_before || parser->token.kind == GW_TOKEN_RBRACE))
            return;
        open += parser->token.kind == GW_TOKEN_LBRACE;
        open -= parser->token.kind == GW_TOKEN_RBRACE;
        gw_parser_take(parser);
    }
}

/* ---- blocks ---- */

bool gw_parse_block(struct gw_parser *parser, struct gw_block *ret) /* NOLINT(misc-no-recursion) */
{
    ret->span = parser->token.span;
    if (!gw_parser_expect(parser, GW_TOKEN_LBRACE, "and a block"))
        return false;
    uint32_t brackets = parser->brackets;
    parser->brackets = 0;
    bool ok = parse_stmts(parser, ret);
    parser->brackets = brackets;
    ret->has_braces = true;
    ok = ok && gw_parser_expect(parser, GW_TOKEN_RBRACE, "at the end of the block");
    ret->span = gw_parser_span(parser, ret->span);
    return ok;
}

static struct gw_stmt *make(struct gw_parser *parser, enum gw_stmt_kind kind)
{
    if (parser->panic)
        return NULL;
    struct gw_stmt *stmt = GW_MAKE(parser, struct gw_stmt);
    if (stmt == NULL)
        return NULL;
    stmt->kind = kind;
    stmt->span = parser->token.span;
    stmt->keyword = parser->token.span;
    return stmt;
}

struct gw_stmt *gw_parse_stmt_begin(struct gw_parser *parser, enum gw_stmt_kind kind)
{
    struct gw_stmt *stmt = make(parser, kind);
    gw_parser_take(parser);
    return stmt;
}

struct gw_stmt *gw_parse_stmt_done(struct gw_parser *parser, struct gw_stmt *stmt, bool ok)
{
    if (stmt == NULL || !ok || parser->panic)
        return NULL;
    stmt->span = gw_parser_span(parser, stmt->span);
    return stmt;
}

bool gw_parse_value(struct gw_parser *parser, struct gw_expr **ret)
{
    *ret = gw_parse_expr(parser);
    return *ret != NULL;
}

static bool else_fail(struct gw_parser *parser, struct gw_stmt *stmt)
{
    return gw_parser_expect_word(parser, "else", "and `fail`") &&
           gw_parser_expect_word(parser, "fail", "after `else`") &&
           gw_parse_value(parser, &stmt->other);
}

/* ---- if, match ---- */

static struct gw_stmt *parse_if(
    struct gw_parser *parser) /* NOLINT(misc-no-recursion): BLOCK_DEPTH */
{
    struct gw_stmt *stmt = gw_parse_stmt_begin(parser, GW_STMT_IF);
    if (stmt == NULL || !gw_parse_value(parser, &stmt->value) ||
        !gw_parse_block(parser, &stmt->body))
        return NULL;
    if (!gw_parser_accept_word(parser, "else"))
        return gw_parse_stmt_done(parser, stmt, true);
    stmt->has_other_body = true;
    if (!gw_parser_at_word(parser, "if"))
        return gw_parse_stmt_done(parser, stmt, gw_parse_block(parser, &stmt->other_body));
    if (parser->blocks == GW_LANG_BLOCK_DEPTH_MAX) {
        gw_parser_error(parser, 1013, parser->token.span, "blocks are nested too deep");
        return NULL;
    }
    parser->blocks++;
    struct gw_stmt *other = parse_if(parser);
    parser->blocks--;
    struct gw_stmt **items = other ? gw_parser_get(parser, sizeof(struct gw_stmt *)) : NULL;
    if (items == NULL)
        return NULL;
    items[0] = other;
    stmt->other_body = (struct gw_block){.items = items, .count = 1, .span = other->span};
    return gw_parse_stmt_done(parser, stmt, true);
}

static bool parse_bind(struct gw_parser *parser, struct gw_arm *arm, bool is_needed)
{
    if (!is_needed && !gw_parser_at(parser, GW_TOKEN_LPAREN))
        return true;
    return gw_parser_expect(parser, GW_TOKEN_LPAREN, "and a name for the value") &&
           gw_parse_name(parser, "a name for the value", &arm->bind) &&
           gw_parser_expect(parser, GW_TOKEN_RPAREN, "after the name");
}

static bool parse_word_pattern(struct gw_parser *parser, struct gw_arm *arm, bool is_call)
{
    static const struct {
        const char *word;
        enum gw_pattern_kind kind;
        bool of_call, has_bind;
    } words[] = {
        {"_", GW_PATTERN_ANY, false, false},    {"none", GW_PATTERN_NONE, false, false},
        {"some", GW_PATTERN_SOME, false, true}, {"ok", GW_PATTERN_OK, true, true},
        {"fail", GW_PATTERN_FAIL, true, true},  {"abort", GW_PATTERN_ABORT, true, true},
    };
    for (size_t i = 0; i < GW_COUNT_OF(words); i++) {
        if (words[i].of_call && !is_call)
            continue;
        if (!gw_parser_accept_word(parser, words[i].word))
            continue;
        arm->pattern = words[i].kind;
        return !words[i].has_bind || parse_bind(parser, arm, !words[i].of_call);
    }
    arm->pattern = GW_PATTERN_NAME;
    return gw_parse_name(parser, "a pattern", &arm->name);
}

static bool parse_arm(struct gw_parser *parser, struct gw_arm *arm, bool is_call)
{
    arm->span = parser->token.span;
    bool ok;
    if (gw_parse_at_literal(parser) || gw_parser_at(parser, GW_TOKEN_MINUS)) {
        arm->pattern = GW_PATTERN_LITERAL;
        arm->literal = gw_parse_literal(parser, "a pattern");
        ok = arm->literal != NULL;
    } else {
        ok = parse_word_pattern(parser, arm, is_call);
    }
    arm->span = gw_parser_span(parser, arm->span);
    return ok && gw_parser_expect(parser, GW_TOKEN_FAT_ARROW, "after the pattern");
}

static struct gw_stmt *parse_stmt(struct gw_parser *parser);

static bool parse_arm_body(struct gw_parser *parser, struct gw_block *body)
{
    if (gw_parser_at(parser, GW_TOKEN_LBRACE))
        return gw_parse_block(parser, body);
    struct gw_stmt *stmt = parse_stmt(parser);
    struct gw_stmt **items = stmt ? gw_parser_get(parser, sizeof(struct gw_stmt *)) : NULL;
    if (items == NULL)
        return false;
    items[0] = stmt;
    *body = (struct gw_block){.items = items, .count = 1, .span = stmt->span};
    return true;
}

static struct gw_stmt *parse_match(struct gw_parser *parser) /* NOLINT(misc-no-recursion) */
{
    struct gw_stmt *stmt = gw_parse_stmt_begin(parser, GW_STMT_MATCH);
    if (stmt == NULL)
        return NULL;
    stmt->is_call = gw_parser_accept_word(parser, "call");
    stmt->value = stmt->is_call ? gw_parse_call(parser) : gw_parse_expr(parser);
    if (stmt->value == NULL || !gw_parser_expect(parser, GW_TOKEN_LBRACE, "and the patterns"))
        return NULL;
    struct gw_growing arms = {NULL, 0, 0};
    while (!gw_parser_at(parser, GW_TOKEN_RBRACE)) {
        struct gw_arm arm = {.pattern = GW_PATTERN_ANY};
        if (!parse_arm(parser, &arm, stmt->is_call) || !parse_arm_body(parser, &arm.body)) {
            gw_parser_leave_braces(parser);
            return NULL;
        }
        struct gw_arm *place = GW_ADD(parser, &arms, struct gw_arm);
        if (place == NULL)
            return NULL;
        *place = arm;
        gw_parser_accept(parser, GW_TOKEN_COMMA);
    }
    gw_parser_take(parser);
    stmt->arms = arms.items;
    stmt->arm_count = arms.count;
    return gw_parse_stmt_done(parser, stmt, true);
}

/* ---- daemons ---- */

static bool parse_pair(struct gw_parser *parser, struct gw_stmt *stmt, bool has_subject)
{
    gw_parser_take(parser);
    gw_parser_take(parser); /* `(`: the caller looked ahead */
    if (has_subject && (!gw_parse_value(parser, &stmt->subject) ||
                        !gw_parser_expect(parser, GW_TOKEN_COMMA, "and a store")))
        return false;
    return gw_parse_word(parser, has_subject ? "a store" : "a name", &stmt->await_of) &&
           gw_parser_expect(parser, GW_TOKEN_RPAREN, "after the condition");
}

static struct gw_stmt *parse_await(struct gw_parser *parser) /* NOLINT(misc-no-recursion) */
{
    struct gw_stmt *stmt = gw_parse_stmt_begin(parser, GW_STMT_AWAIT);
    if (stmt == NULL)
        return NULL;
    static const char *const words[] = {"pushed", "audited", "drained"};
    static const enum gw_await_kind kinds[] = {GW_AWAIT_PUSHED, GW_AWAIT_AUDITED, GW_AWAIT_DRAINED};
    bool ok = true, found = false;
    for (size_t i = 0; i < GW_COUNT_OF(words) && !found; i++) {
        found =
            gw_parser_at_word(parser, words[i]) && gw_parser_peek(parser).kind == GW_TOKEN_LPAREN;
        if (!found)
            continue;
        stmt->await = kinds[i];
        ok = parse_pair(parser, stmt, kinds[i] == GW_AWAIT_PUSHED);
    }
    if (!found) {
        stmt->await = GW_AWAIT_TRUE;
        ok = gw_parse_value(parser, &stmt->subject);
    }
    if (!ok || !gw_parser_accept_word(parser, "timeout"))
        return gw_parse_stmt_done(parser, stmt, ok);
    stmt->has_other_body = true;
    ok = gw_parse_value(parser, &stmt->timeout) &&
         gw_parser_expect_word(parser, "else", "and what to do after the time-out") &&
         gw_parse_block(parser, &stmt->other_body);
    return gw_parse_stmt_done(parser, stmt, ok);
}

static struct gw_stmt *parse_phase(struct gw_parser *parser)
{
    struct gw_stmt *stmt = gw_parse_stmt_begin(parser, GW_STMT_PHASE);
    struct gw_growing moves = {NULL, 0, 0};
    bool is_first = true;
    do {
        struct gw_phase_move *move = stmt ? GW_ADD(parser, &moves, struct gw_phase_move) : NULL;
        if (move == NULL || !gw_parse_word(parser, "an entity", &move->entity))
            return NULL;
        if (is_first && !gw_parser_expect(parser, GW_TOKEN_COLON, "and a phase"))
            return NULL;
        if (!is_first)
            gw_parser_accept(parser, GW_TOKEN_COLON);
        if (!gw_parse_word(parser, "a phase", &move->phase))
            return NULL;
        is_first = false;
    } while (gw_parser_accept(parser, GW_TOKEN_COMMA));
    stmt->phases = moves.items;
    stmt->phase_count = moves.count;
    return gw_parse_stmt_done(parser, stmt, true);
}

static struct gw_stmt *parse_call(struct gw_parser *parser, struct gw_stmt *stmt)
{
    gw_parser_take(parser);
    if (stmt == NULL)
        return NULL;
    stmt->kind = GW_STMT_CALL;
    stmt->value = gw_parse_call(parser);
    return gw_parse_stmt_done(parser, stmt, stmt->value != NULL);
}

/* ---- simple statements ---- */

static struct gw_stmt *parse_emit(struct gw_parser *parser)
{
    struct gw_stmt *stmt = gw_parse_stmt_begin(parser, GW_STMT_EMIT);
    bool ok = stmt != NULL && gw_parse_name(parser, "the name of the event", &stmt->name) &&
              gw_parse_inits(parser, &stmt->inits, &stmt->init_count);
    return gw_parse_stmt_done(parser, stmt, ok);
}

static struct gw_stmt *parse_return(struct gw_parser *parser)
{
    struct gw_stmt *stmt = gw_parse_stmt_begin(parser, GW_STMT_RETURN);
    bool ok = stmt != NULL;
    if (ok && gw_parser_continues(parser) && !gw_parser_at(parser, GW_TOKEN_RBRACE) &&
        parser->token.kind != GW_TOKEN_END)
        ok = gw_parse_value(parser, &stmt->value);
    return gw_parse_stmt_done(parser, stmt, ok);
}

static struct gw_stmt *parse_valued(struct gw_parser *parser, enum gw_stmt_kind kind)
{
    struct gw_stmt *stmt = gw_parse_stmt_begin(parser, kind);
    return gw_parse_stmt_done(parser, stmt, stmt != NULL && gw_parse_value(parser, &stmt->value));
}

static struct gw_stmt *parse_string(struct gw_parser *parser, enum gw_stmt_kind kind)
{
    struct gw_stmt *stmt = gw_parse_stmt_begin(parser, kind);
    if (stmt == NULL)
        return NULL;
    if (!gw_parser_at(parser, GW_TOKEN_STRING)) {
        gw_parser_wanted(parser, "a string");
        return NULL;
    }
    return gw_parse_stmt_done(parser, stmt,
                              (stmt->value = gw_parse_literal(parser, "a string")) != NULL);
}

static struct gw_stmt *parse_let(struct gw_parser *parser)
{
    struct gw_stmt *stmt = make(parser, GW_STMT_LET);
    if (stmt == NULL || !gw_parse_name(parser, "a name", &stmt->name))
        return NULL;
    gw_parser_take(parser); /* := */
    stmt->is_define = true;
    if (gw_parser_at_word(parser, "call"))
        return parse_call(parser, stmt);
    if (!gw_parse_value(parser, &stmt->value))
        return NULL;
    return gw_parse_stmt_done(parser, stmt,
                              !gw_parser_at_word(parser, "else") || else_fail(parser, stmt));
}

static struct gw_stmt *parse_assign(struct gw_parser *parser, struct gw_stmt *stmt)
{
    stmt->kind = GW_STMT_ASSIGN;
    stmt->op = gw_parser_at(parser, GW_TOKEN_ASSIGN)       ? GW_AST_OP_EQ
               : gw_parser_at(parser, GW_TOKEN_ADD_ASSIGN) ? GW_AST_OP_ADD
                                                           : GW_AST_OP_SUB;
    stmt->keyword = parser->token.span;
    gw_parser_take(parser);
    if (stmt->op == GW_AST_OP_EQ && stmt->target->kind == GW_EXPR_NAME &&
        gw_parser_at_word(parser, "call")) {
        stmt->name = stmt->target->name;
        return parse_call(parser, stmt);
    }
    return gw_parse_stmt_done(parser, stmt, gw_parse_value(parser, &stmt->value));
}

static bool is_call(const struct gw_expr *expr)
{
    return expr->kind == GW_EXPR_CALL || expr->kind == GW_EXPR_METHOD ||
           expr->kind == GW_EXPR_CREATE;
}

static struct gw_stmt *parse_expr_stmt(struct gw_parser *parser)
{
    struct gw_stmt *stmt = make(parser, GW_STMT_EXPR);
    if (stmt == NULL)
        return NULL;
    if (!gw_parser_at(parser, GW_TOKEN_WORD)) {
        gw_parser_wanted(parser, "a statement");
        return NULL;
    }
    struct gw_expr *expr = gw_parse_expr(parser);
    if (expr == NULL)
        return NULL;
    if (gw_parser_continues(parser) &&
        (gw_parser_at(parser, GW_TOKEN_ASSIGN) || gw_parser_at(parser, GW_TOKEN_ADD_ASSIGN) ||
         gw_parser_at(parser, GW_TOKEN_SUB_ASSIGN))) {
        stmt->target = expr;
        return parse_assign(parser, stmt);
    }
    stmt->value = expr;
    if (!is_call(expr)) {
        struct gw_diag *diag = gw_parser_error(parser, 1014, expr->span, "this value is not used");
        gw_diags_hint(parser->diags, diag,
                      "a statement is an assignment (`x := …`, `a.f = …`), a call, or begins with "
                      "a word such as `if`");
        return NULL;
    }
    return gw_parse_stmt_done(parser, stmt, true);
}

/* ---- one statement ---- */

/** Words that begin a statement only before certain tokens, so that they may also be names. */
static struct gw_stmt *parse_soft(struct gw_parser *parser, bool *ret_is)
{
    struct gw_token next = gw_parser_peek(parser);
    bool before_word = next.kind == GW_TOKEN_WORD && !next.newline_before;
    bool before_string = next.kind == GW_TOKEN_STRING && !next.newline_before;
    *ret_is = true;
    if (gw_parser_at_word(parser, "onboard") && before_word)
        return parse_valued(parser, GW_STMT_ONBOARD);
    if (gw_parser_at_word(parser, "phase") && before_word)
        return parse_phase(parser);
    if (gw_parser_at_word(parser, "alert") && before_string)
        return parse_string(parser, GW_STMT_ALERT);
    if (gw_parser_at_word(parser, "take") && before_word)
        return parse_valued(parser, GW_STMT_TAKE);
    if (gw_parser_at_word(parser, "reject") && before_string)
        return parse_string(parser, GW_STMT_REJECT);
    *ret_is = false;
    return NULL;
}

static struct gw_stmt *parse_require(struct gw_parser *parser)
{
    struct gw_stmt *stmt = gw_parse_stmt_begin(parser, GW_STMT_REQUIRE);
    return gw_parse_stmt_done(parser, stmt,
                              stmt != NULL && gw_parse_value(parser, &stmt->value) &&
                                  else_fail(parser, stmt));
}

static struct gw_stmt *parse_fail(struct gw_parser *parser)
{
    struct gw_stmt *stmt = gw_parse_stmt_begin(parser, GW_STMT_FAIL);
    return gw_parse_stmt_done(parser, stmt, stmt != NULL && gw_parse_value(parser, &stmt->other));
}

static struct gw_stmt *parse_while(struct gw_parser *parser) /* NOLINT(misc-no-recursion) */
{
    struct gw_stmt *stmt = gw_parse_stmt_begin(parser, GW_STMT_WHILE);
    return gw_parse_stmt_done(parser, stmt,
                              stmt != NULL && gw_parse_value(parser, &stmt->value) &&
                                  gw_parse_block(parser, &stmt->body));
}

static struct gw_stmt *parse_yield(struct gw_parser *parser)
{
    struct gw_stmt *stmt = gw_parse_stmt_begin(parser, GW_STMT_YIELD);
    return gw_parse_stmt_done(parser, stmt, true);
}

static struct gw_stmt *parse_retry(struct gw_parser *parser)
{
    struct gw_stmt *stmt = gw_parse_stmt_begin(parser, GW_STMT_RETRY);
    return gw_parse_stmt_done(parser, stmt, true);
}

static struct gw_stmt *parse_bare_call(struct gw_parser *parser)
{
    return parse_call(parser, make(parser, GW_STMT_CALL));
}

static struct gw_stmt *parse_delete(struct gw_parser *parser)
{
    return parse_valued(parser, GW_STMT_DELETE);
}

static struct gw_stmt *parse_sleep(struct gw_parser *parser)
{
    return parse_valued(parser, GW_STMT_SLEEP);
}

static const struct {
    const char *word;
    struct gw_stmt *(*parse)(struct gw_parser *parser);
} statements[] = {
    {"if", parse_if},          {"match", parse_match},     {"for", gw_parse_for},
    {"while", parse_while},    {"require", parse_require}, {"fail", parse_fail},
    {"return", parse_return},  {"delete", parse_delete},   {"emit", parse_emit},
    {"yield", parse_yield},    {"sleep", parse_sleep},     {"await", parse_await},
    {"call", parse_bare_call}, {"retry", parse_retry},
};

static struct gw_stmt *parse_nested(struct gw_parser *parser) /* NOLINT(misc-no-recursion) */
{
    if (!gw_parser_at(parser, GW_TOKEN_WORD))
        return parse_expr_stmt(parser);
    for (size_t i = 0; i < GW_COUNT_OF(statements); i++) {
        if (gw_text_is(parser->token.text, statements[i].word))
            return statements[i].parse(parser);
    }
    if (gw_parser_peek(parser).kind == GW_TOKEN_DEFINE)
        return parse_let(parser);
    bool is_soft;
    struct gw_stmt *stmt = parse_soft(parser, &is_soft);
    return is_soft ? stmt : parse_expr_stmt(parser);
}

static struct gw_stmt *parse_stmt(
    struct gw_parser *parser) /* NOLINT(misc-no-recursion): bound here */
{
    if (parser->panic)
        return NULL;
    if (parser->blocks == GW_LANG_BLOCK_DEPTH_MAX) {
        gw_parser_error(parser, 1013, parser->token.span, "blocks are nested too deep");
        return NULL;
    }
    parser->blocks++;
    struct gw_stmt *stmt = parse_nested(parser);
    parser->blocks--;
    return stmt;
}

/** Up to the closing brace, which stays. Goes on after errors. */
static bool parse_stmts(struct gw_parser *parser,
                        struct gw_block *ret) /* NOLINT(misc-no-recursion) */
{
    struct gw_growing items = {NULL, 0, 0};
    uint32_t blocks = parser->blocks;
    while (parser->token.kind != GW_TOKEN_END && parser->token.kind != GW_TOKEN_RBRACE &&
           !gw_parse_at_decl(parser) && !parser->nomem) {
        uint32_t stmt_begin = parser->token.span.begin;
        struct gw_stmt *stmt = parse_stmt(parser);
        if (stmt == NULL || parser->panic) {
            parser->blocks = blocks;
            skip_stmt(parser, stmt_begin);
            continue;
        }
        struct gw_stmt **place = GW_ADD(parser, &items, struct gw_stmt *);
        if (place == NULL)
            return false;
        *place = stmt;
    }
    ret->items = items.items;
    ret->count = items.count;
    return !parser->panic;
}
