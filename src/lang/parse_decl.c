#include "base/near.h"
#include "lang/parser_int.h"

/* ---- store, enum ---- */

static bool parse_options(struct gw_parser *parser, struct gw_ast_store *store)
{
    struct gw_growing options = {NULL, 0, 0};
    store->has_options = true;
    gw_parser_take(parser); /* { */
    while (gw_parser_at(parser, GW_TOKEN_WORD)) {
        struct gw_ast_option *option = GW_ADD(parser, &options, struct gw_ast_option);
        if (option == NULL || !gw_parse_word(parser, "an option", &option->name))
            return false;
        option->value = gw_parse_literal(parser, "the value of the option");
        if (option->value == NULL)
            return false;
        gw_parser_accept(parser, GW_TOKEN_COMMA);
    }
    store->options = options.items;
    store->option_count = options.count;
    return gw_parser_expect(parser, GW_TOKEN_RBRACE, "after the options");
}

static bool parse_store(struct gw_parser *parser, struct gw_decl *decl)
{
    struct gw_ast_store *store = &decl->as.store;
    if (!gw_parse_name(parser, "the name of the store", &decl->name) ||
        !gw_parser_expect(parser, GW_TOKEN_COLON, "and the kind of store") ||
        !gw_parse_word(parser, "the kind of store", &store->kind_name))
        return false;
    if (!gw_parser_at(parser, GW_TOKEN_STRING)) {
        struct gw_diag *diag = gw_parser_wanted(parser, "a string that says where the store is");
        gw_diags_hint(parser->diags, diag, "\"env:SHOP_PG\" takes it from the environment");
        return false;
    }
    store->url = gw_parse_literal(parser, "a string");
    return store->url != NULL &&
           (!gw_parser_at(parser, GW_TOKEN_LBRACE) || parse_options(parser, store));
}

static bool parse_enum(struct gw_parser *parser, struct gw_decl *decl)
{
    struct gw_ast_enum *ret = &decl->as.enumeration;
    struct gw_growing members = {NULL, 0, 0};
    if (!gw_parse_name(parser, "the name of the enum", &decl->name) ||
        !gw_parser_expect(parser, GW_TOKEN_COLON, "and an integer type") ||
        (ret->base = gw_parse_type(parser)) == NULL ||
        !gw_parser_expect(parser, GW_TOKEN_LBRACE, "and the members"))
        return false;
    while (gw_parser_at(parser, GW_TOKEN_WORD)) {
        struct gw_ast_member member = {.has_number = false};
        if (!gw_parse_name(parser, "a member", &member.name))
            return false;
        member.has_number = gw_parser_accept(parser, GW_TOKEN_ASSIGN);
        if (member.has_number && (member.number = gw_parse_literal(parser, "a number")) == NULL)
            return false;
        gw_parser_accept(parser, GW_TOKEN_COMMA);
        struct gw_ast_member *place = GW_ADD(parser, &members, struct gw_ast_member);
        if (place == NULL)
            return false;
        *place = member;
    }
    ret->members = members.items;
    ret->member_count = members.count;
    return gw_parser_expect(parser, GW_TOKEN_RBRACE, "after the members");
}

/* ---- index, counter, const ---- */

static bool parse_index(struct gw_parser *parser, struct gw_decl *decl)
{
    struct gw_ast_index *index = &decl->as.index;
    struct gw_growing fields = {NULL, 0, 0};
    if (!gw_parse_name(parser, "the name of the index", &decl->name) ||
        !gw_parser_expect_word(parser, "on", "and an entity") ||
        !gw_parse_name(parser, "an entity", &index->on) ||
        !gw_parser_expect(parser, GW_TOKEN_LPAREN, "and the fields"))
        return false;
    do {
        struct gw_name *field = GW_ADD(parser, &fields, struct gw_name);
        if (field == NULL || !gw_parse_word(parser, "a field", field))
            return false;
    } while (gw_parser_accept(parser, GW_TOKEN_COMMA));
    index->fields = fields.items;
    index->field_count = fields.count;
    if (!gw_parser_expect(parser, GW_TOKEN_RPAREN, "after the fields"))
        return false;
    index->is_unique = gw_parser_accept_word(parser, "unique");
    return true;
}

static bool parse_counted(struct gw_parser *parser, struct gw_ast_counter *counter)
{
    counter->is_sum = gw_parser_at_word(parser, "sum");
    if (!counter->is_sum && !gw_parser_at_word(parser, "count")) {
        gw_parser_wanted(parser, "`count(Entity)` or `sum(Entity.field)`");
        return false;
    }
    gw_parser_take(parser);
    if (!gw_parser_expect(parser, GW_TOKEN_LPAREN, "and an entity") ||
        !gw_parse_name(parser, "an entity", &counter->of))
        return false;
    if (counter->is_sum && (!gw_parser_expect(parser, GW_TOKEN_DOT, "and the field to add up") ||
                            !gw_parse_word(parser, "a field", &counter->field)))
        return false;
    return gw_parser_expect(parser, GW_TOKEN_RPAREN, "after the entity");
}

static bool parse_counter(struct gw_parser *parser, struct gw_decl *decl)
{
    struct gw_ast_counter *counter = &decl->as.counter;
    if (!gw_parse_name(parser, "the name of the counter", &decl->name))
        return false;
    if (gw_parser_accept(parser, GW_TOKEN_LBRACKET) &&
        ((counter->key = gw_parse_type(parser)) == NULL ||
         !gw_parser_expect(parser, GW_TOKEN_RBRACKET, "after the type of the group")))
        return false;
    if (!gw_parser_expect(parser, GW_TOKEN_COLON, "and the type of the counter") ||
        (counter->type = gw_parse_type(parser)) == NULL ||
        !gw_parser_expect(parser, GW_TOKEN_ASSIGN, "and what is counted") ||
        !parse_counted(parser, counter))
        return false;
    if (gw_parser_accept_word(parser, "by") && !gw_parse_word(parser, "a field", &counter->by))
        return false;
    return !gw_parser_accept_word(parser, "where") ||
           (counter->where = gw_parse_expr(parser)) != NULL;
}

static bool parse_const(struct gw_parser *parser, struct gw_decl *decl)
{
    struct gw_ast_const *constant = &decl->as.constant;
    return gw_parse_name(parser, "the name of the constant", &decl->name) &&
           gw_parser_expect(parser, GW_TOKEN_COLON, "and the type") &&
           (constant->type = gw_parse_type(parser)) != NULL &&
           gw_parser_expect(parser, GW_TOKEN_ASSIGN, "and the value") &&
           (constant->value = gw_parse_expr(parser)) != NULL;
}

/* ---- functions ---- */

static bool parse_params(struct gw_parser *parser, struct gw_ast_function *function)
{
    struct gw_growing params = {NULL, 0, 0};
    if (!gw_parser_expect(parser, GW_TOKEN_LPAREN, "and the parameters"))
        return false;
    parser->brackets++;
    while (gw_parser_at(parser, GW_TOKEN_WORD)) {
        if (gw_word_is_reserved(parser->token.text)) {
            struct gw_name name;
            return gw_parse_name(parser, "a parameter", &name);
        }
        if (!gw_parse_field(parser, &params, false))
            return false;
        if (!gw_parser_accept(parser, GW_TOKEN_COMMA))
            break;
    }
    parser->brackets -= !parser->panic;
    function->params = params.items;
    function->param_count = params.count;
    return gw_parser_expect(parser, GW_TOKEN_RPAREN, "after the parameters");
}

static bool parse_results(struct gw_parser *parser, struct gw_ast_function *function)
{
    do {
        if (function->result_count == GW_LANG_RESULTS_MAX) {
            gw_parser_error(parser, 1066, parser->token.span, "more than %d result types",
                            GW_LANG_RESULTS_MAX);
            return false;
        }
        struct gw_type_expr *type = gw_parse_type(parser);
        if (type == NULL)
            return false;
        function->results[function->result_count++] = type;
    } while (gw_parser_accept(parser, GW_TOKEN_PIPE));
    return true;
}

static bool parse_daemon_head(struct gw_parser *parser, struct gw_ast_function *function)
{
    if (gw_parser_accept_word(parser, "priority")) {
        function->has_priority = true;
        function->is_normal = gw_parser_accept_word(parser, "normal");
        if (!function->is_normal &&
            !gw_parser_expect_word(parser, "low", "or `normal` after `priority`"))
            return false;
    }
    if (gw_parser_accept_word(parser, "slice")) {
        function->has_slice = true;
        function->slice_span = parser->token.span;
        if (!gw_parser_at(parser, GW_TOKEN_UNITS)) {
            gw_parser_wanted(parser, "units such as `4000u`");
            return false;
        }
        gw_u128 units = parser->token.number;
        function->slice_units = units > UINT64_MAX ? UINT64_MAX : (uint64_t)units;
        gw_parser_take(parser);
    }
    return !gw_parser_accept_word(parser, "follows") ||
           gw_parse_name(parser, "a daemon", &function->follows);
}

static bool parse_function(struct gw_parser *parser, struct gw_decl *decl)
{
    struct gw_ast_function *function = &decl->as.function;
    if (!gw_parse_name(parser, "a name", &decl->name) || !parse_params(parser, function))
        return false;
    bool has_result = decl->kind != GW_DECL_DAEMON && gw_parser_at(parser, GW_TOKEN_ARROW);
    if (!has_result && (decl->kind == GW_DECL_FN || decl->kind == GW_DECL_VIEW))
        return gw_parser_expect(parser, GW_TOKEN_ARROW, "and the type of the result");
    if (has_result) {
        gw_parser_take(parser);
        if (!parse_results(parser, function))
            return false;
    }
    if (decl->kind == GW_DECL_TXN)
        function->is_atomic_push = gw_parser_accept_word(parser, "atomic_push");
    if (decl->kind == GW_DECL_DAEMON && !parse_daemon_head(parser, function))
        return false;
    return gw_parse_block(parser, &function->body);
}

static bool parse_migrate(struct gw_parser *parser, struct gw_decl *decl)
{
    struct gw_ast_migrate *migrate = &decl->as.migrate;
    return gw_parse_name(parser, "an entity", &decl->name) &&
           gw_parse_version(parser, &migrate->from, &migrate->from_span) &&
           gw_parser_expect(parser, GW_TOKEN_ARROW, "and the new version") &&
           gw_parse_version(parser, &migrate->to, &migrate->to_span) &&
           gw_parser_expect(parser, GW_TOKEN_LBRACE, "and `forward`") &&
           gw_parser_expect_word(parser, "forward", "and a block") &&
           gw_parse_block(parser, &migrate->forward) &&
           gw_parser_expect_word(parser, "inverse", "and a block") &&
           gw_parse_block(parser, &migrate->inverse) &&
           gw_parser_expect(parser, GW_TOKEN_RBRACE, "at the end of `migrate`");
}

static bool parse_include(struct gw_parser *parser, struct gw_decl *decl)
{
    if (!gw_parser_at(parser, GW_TOKEN_STRING)) {
        gw_parser_wanted(parser, "the name of a file in quotes");
        return false;
    }
    decl->as.include = gw_bytes_text(parser->token.bytes);
    decl->name = (struct gw_name){.text = decl->as.include, .span = parser->token.span};
    gw_parser_take(parser);
    return true;
}

static bool parse_entity_decl(struct gw_parser *parser, struct gw_decl *decl)
{
    return gw_parse_name(parser, "the name of the entity", &decl->name) &&
           gw_parse_entity(parser, &decl->as.entity);
}

static bool parse_table_decl(struct gw_parser *parser, struct gw_decl *decl)
{
    return gw_parse_name(parser, "the name of the table", &decl->name) &&
           gw_parse_table(parser, &decl->as.table);
}

/* ---- all ---- */

static const struct {
    const char *word;
    enum gw_decl_kind kind;
    bool (*parse)(struct gw_parser *parser, struct gw_decl *decl);
} decls[] = {
    {"include", GW_DECL_INCLUDE, parse_include}, {"store", GW_DECL_STORE, parse_store},
    {"enum", GW_DECL_ENUM, parse_enum},          {"entity", GW_DECL_ENTITY, parse_entity_decl},
    {"table", GW_DECL_TABLE, parse_table_decl},  {"index", GW_DECL_INDEX, parse_index},
    {"counter", GW_DECL_COUNTER, parse_counter}, {"const", GW_DECL_CONST, parse_const},
    {"fn", GW_DECL_FN, parse_function},          {"txn", GW_DECL_TXN, parse_function},
    {"view", GW_DECL_VIEW, parse_function},      {"daemon", GW_DECL_DAEMON, parse_function},
    {"migrate", GW_DECL_MIGRATE, parse_migrate},
};

const char *gw_decl_kind_text(enum gw_decl_kind kind)
{
    for (size_t i = 0; i < GW_COUNT_OF(decls); i++) {
        if (decls[i].kind == kind)
            return decls[i].word;
    }
    return "";
}

static bool is_decl_word(struct gw_text word)
{
    for (size_t i = 0; i < GW_COUNT_OF(decls); i++) {
        if (gw_text_is(word, decls[i].word))
            return true;
    }
    return false;
}

bool gw_parse_at_decl(struct gw_parser *parser)
{
    const struct gw_token *token = &parser->token;
    if (!token->is_line_start || token->kind != GW_TOKEN_WORD || !is_decl_word(token->text))
        return false;
    enum gw_token_kind next = gw_parser_peek(parser).kind;
    return next == GW_TOKEN_WORD || (next == GW_TOKEN_STRING && gw_text_is(token->text, "include"));
}

static void unknown_decl(struct gw_parser *parser)
{
    struct gw_text words[GW_COUNT_OF(decls)];
    for (size_t i = 0; i < GW_COUNT_OF(decls); i++)
        words[i] = gw_text(decls[i].word);
    struct gw_text word = parser->token.text;
    bool is_word = parser->token.kind == GW_TOKEN_WORD;
    struct gw_diag *diag = gw_parser_wanted(parser, "a declaration");
    struct gw_text near =
        is_word ? gw_near(word, words, GW_COUNT_OF(words)) : (struct gw_text){NULL, 0};
    if (near.data != NULL) {
        gw_diags_hint(parser->diags, diag, "did you mean `%.*s`?", GW_TEXT_ARG(near));
    } else {
        gw_diags_hint(parser->diags, diag,
                      "one of store, enum, entity, table, index, counter, const, fn, txn, view, "
                      "daemon, migrate, include");
    }
}

struct gw_decl *gw_parse_decl(struct gw_parser *parser)
{
    for (size_t i = 0; i < GW_COUNT_OF(decls); i++) {
        if (!gw_parser_at_word(parser, decls[i].word))
            continue;
        struct gw_decl *decl = GW_MAKE(parser, struct gw_decl);
        if (decl == NULL)
            return NULL;
        decl->kind = decls[i].kind;
        decl->keyword = parser->token.span;
        decl->span = parser->token.span;
        gw_parser_take(parser);
        bool ok = decls[i].parse(parser, decl);
        decl->span = gw_parser_span(parser, decl->span);
        return ok ? decl : NULL;
    }
    unknown_decl(parser);
    return NULL;
}
