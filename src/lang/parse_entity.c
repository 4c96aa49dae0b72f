#include "lang/parser_int.h"

bool gw_parse_field(struct gw_parser *parser, struct gw_growing *list, bool is_key)
{
    struct gw_ast_field field = {.is_key = is_key, .span = parser->token.span};
    if (!gw_parse_word(parser, "a name", &field.name) ||
        !gw_parser_expect(parser, GW_TOKEN_COLON, "and the type"))
        return false;
    field.type = gw_parse_type(parser);
    if (field.type == NULL)
        return false;
    if (gw_parser_accept(parser, GW_TOKEN_ASSIGN)) {
        bool is_none = gw_parser_at_word(parser, "none");
        field.initial = is_none ? gw_parse_expr(parser)
                                : gw_parse_literal(parser, "a literal, the field's default");
        if (field.initial == NULL)
            return false;
    }
    field.span = gw_parser_span(parser, field.span);
    struct gw_ast_field *place = GW_ADD(parser, list, struct gw_ast_field);
    if (place == NULL)
        return false;
    *place = field;
    return true;
}

/* ---- homes ---- */

static bool parse_names(struct gw_parser *parser, bool is_outside, struct gw_growing *names)
{
    do {
        struct gw_name name;
        bool ok = is_outside ? gw_parse_outside_name(parser, "a column", &name)
                             : gw_parse_word(parser, "a field", &name);
        struct gw_name *place = ok ? GW_ADD(parser, names, struct gw_name) : NULL;
        if (place == NULL)
            return false;
        *place = name;
    } while (gw_parser_accept(parser, GW_TOKEN_COMMA));
    return true;
}

/** One name, or several in parentheses. */
static bool parse_side(struct gw_parser *parser, bool is_outside, struct gw_growing *names,
                       bool *ret_is_tuple)
{
    *ret_is_tuple = gw_parser_accept(parser, GW_TOKEN_LPAREN);
    if (*ret_is_tuple) {
        return parse_names(parser, is_outside, names) &&
               gw_parser_expect(parser, GW_TOKEN_RPAREN, "after the names");
    }
    struct gw_name name;
    bool ok = is_outside ? gw_parse_outside_name(parser, "a column", &name)
                         : gw_parse_word(parser, "a field", &name);
    struct gw_name *place = ok ? GW_ADD(parser, names, struct gw_name) : NULL;
    if (place != NULL)
        *place = name;
    return place != NULL;
}

static bool parse_via(struct gw_parser *parser, struct gw_ast_map *map)
{
    return gw_parser_expect_word(parser, "via", "and two functions") &&
           gw_parse_name(parser, "the function from fields to columns", &map->forward) &&
           gw_parser_expect(parser, GW_TOKEN_COMMA, "and the inverse function") &&
           gw_parse_name(parser, "the function from columns to fields", &map->inverse);
}

static bool parse_map(struct gw_parser *parser, struct gw_ast_map *map)
{
    struct gw_growing fields = {NULL, 0, 0}, columns = {NULL, 0, 0};
    map->span = parser->token.span;
    if (!parse_side(parser, false, &fields, &map->fields_tuple))
        return false;
    map->is_via = gw_parser_at(parser, GW_TOKEN_BOTH);
    if (!map->is_via && !gw_parser_at(parser, GW_TOKEN_ARROW)) {
        gw_parser_wanted(parser, "`->` and a column, or `<->`");
        return false;
    }
    gw_parser_take(parser);
    if (!parse_side(parser, true, &columns, &map->columns_tuple) ||
        (map->is_via && !parse_via(parser, map)))
        return false;
    map->fields = fields.items;
    map->field_count = fields.count;
    map->columns = columns.items;
    map->column_count = columns.count;
    map->span = gw_parser_span(parser, map->span);
    if (map->is_via || (!map->fields_tuple && !map->columns_tuple))
        return true;
    struct gw_diag *diag =
        gw_parser_error(parser, 1206, map->span, "several columns need functions");
    gw_diags_hint(parser->diags, diag, "write `full_name<->(name, family) via split, join`");
    return false;
}

static bool parse_maps(struct gw_parser *parser, struct gw_ast_home *home)
{
    if (!gw_parser_expect(parser, GW_TOKEN_LBRACE, "and what maps to what"))
        return false;
    struct gw_growing maps = {NULL, 0, 0};
    home->is_star = gw_parser_accept(parser, GW_TOKEN_STAR);
    while (!home->is_star && !gw_parser_at(parser, GW_TOKEN_RBRACE)) {
        struct gw_ast_map map = {.is_via = false};
        if (!parse_map(parser, &map))
            return false;
        struct gw_ast_map *place = GW_ADD(parser, &maps, struct gw_ast_map);
        if (place == NULL)
            return false;
        *place = map;
        gw_parser_accept(parser, GW_TOKEN_COMMA);
    }
    home->maps = maps.items;
    home->map_count = maps.count;
    home->written_map_count = maps.count;
    return gw_parser_expect(parser, GW_TOKEN_RBRACE, "after the map");
}

static bool parse_home(struct gw_parser *parser, struct gw_growing *homes)
{
    struct gw_ast_home home = {.span = parser->token.span};
    gw_parser_take(parser);
    if (!gw_parse_place(parser, &home.place) || !parse_maps(parser, &home))
        return false;
    if (gw_parser_accept_word(parser, "where") && (home.where = gw_parse_expr(parser)) == NULL)
        return false;
    if (gw_parser_at_word(parser, "ver") && gw_parser_peek(parser).kind == GW_TOKEN_WORD) {
        gw_parser_take(parser);
        home.has_versions = gw_parse_word(parser, "`inline` or `sidecar`", &home.versions_name);
    }
    if (!gw_parser_expect_word(parser, "role", "and `source`, `target` or `mirror`") ||
        !gw_parse_word(parser, "`source`, `target` or `mirror`", &home.role_name))
        return false;
    home.span = gw_parser_span(parser, home.span);
    struct gw_ast_home *place = GW_ADD(parser, homes, struct gw_ast_home);
    if (place != NULL)
        *place = home;
    return place != NULL;
}

/* ---- onboard ---- */

static bool parse_copies(struct gw_parser *parser, struct gw_ast_onboard *onboard)
{
    struct gw_growing copies = {NULL, 0, 0};
    gw_parser_take(parser); /* ( */
    do {
        struct gw_ast_copy *copy = GW_ADD(parser, &copies, struct gw_ast_copy);
        if (copy == NULL || !gw_parse_name(parser, "a name for the copy", &copy->name) ||
            !gw_parser_expect(parser, GW_TOKEN_COLON, "and a store") ||
            !gw_parse_word(parser, "a store", &copy->of) ||
            !gw_parser_expect(parser, GW_TOKEN_QUESTION, "(a copy may be absent)"))
            return false;
    } while (gw_parser_accept(parser, GW_TOKEN_COMMA));
    onboard->copies = copies.items;
    onboard->copy_count = copies.count;
    return gw_parser_expect(parser, GW_TOKEN_RPAREN, "after the copies");
}

static bool parse_onboard(struct gw_parser *parser, struct gw_ast_onboard *onboard)
{
    onboard->span = parser->token.span;
    gw_parser_take(parser);
    bool ok;
    if (gw_parser_accept_word(parser, "prefer")) {
        struct gw_growing prefer = {NULL, 0, 0};
        onboard->kind = GW_ONBOARD_PREFER;
        ok = parse_names(parser, false, &prefer);
        onboard->prefer = prefer.items;
        onboard->prefer_count = prefer.count;
    } else if (gw_parser_at(parser, GW_TOKEN_LPAREN)) {
        onboard->kind = GW_ONBOARD_RULE;
        ok = parse_copies(parser, onboard) && gw_parse_block(parser, &onboard->body);
    } else {
        gw_parser_wanted(parser, "`prefer` and stores, or `(a: store?, …)` and a rule");
        ok = false;
    }
    onboard->span = gw_parser_span(parser, onboard->span);
    return ok;
}

/* ---- entity, table ---- */

/** Is the next word the begin of a part, and not a field of that name? */
static bool at_part(struct gw_parser *parser, const char *word)
{
    return gw_parser_at_word(parser, word) && gw_parser_peek(parser).kind != GW_TOKEN_COLON;
}

/** To the next line of the entity that can begin something, or its end. */
static void skip_part(struct gw_parser *parser)
{
    parser->brackets = 0;
    parser->panic = parser->nomem;
    uint32_t open = 0;
    while (parser->token.kind != GW_TOKEN_END && !gw_parse_at_decl(parser)) {
        open += parser->token.kind == GW_TOKEN_LBRACE;
        if (parser->token.kind == GW_TOKEN_RBRACE && open-- == 0)
            return;
        gw_parser_take(parser);
        if (open == 0 && parser->token.newline_before)
            return;
    }
}

static bool parse_part(struct gw_parser *parser, struct gw_ast_entity *ret,
                       struct gw_growing *fields, struct gw_growing *homes)
{
    if (at_part(parser, "home"))
        return parse_home(parser, homes);
    if (at_part(parser, "onboard"))
        return parse_onboard(parser, &ret->onboard);
    if (homes->count == 0 || !gw_parser_at(parser, GW_TOKEN_WORD))
        return gw_parse_field(parser, fields, false);
    struct gw_diag *diag = gw_parser_wanted(parser, "`home`, `onboard` or `}`");
    gw_diags_hint(parser->diags, diag, "fields come before homes");
    return false;
}

static bool parse_keys(struct gw_parser *parser, struct gw_growing *fields)
{
    if (!gw_parser_expect_word(parser, "key", "and the key fields"))
        return false;
    do {
        if (!gw_parse_field(parser, fields, true))
            return false;
    } while (gw_parser_accept(parser, GW_TOKEN_COMMA));
    return true;
}

bool gw_parse_entity(struct gw_parser *parser, struct gw_ast_entity *ret)
{
    struct gw_growing fields = {NULL, 0, 0}, homes = {NULL, 0, 0};
    if (!gw_parse_version(parser, &ret->version, &ret->version_span) ||
        !gw_parser_expect(parser, GW_TOKEN_LBRACE, "and the fields"))
        return false;
    if (!parse_keys(parser, &fields))
        skip_part(parser);
    ret->key_count = fields.count;
    while (parser->token.kind != GW_TOKEN_RBRACE && parser->token.kind != GW_TOKEN_END &&
           !gw_parse_at_decl(parser) && !parser->nomem) {
        if (!parse_part(parser, ret, &fields, &homes))
            skip_part(parser);
    }
    ret->fields = fields.items;
    ret->field_count = fields.count;
    ret->homes = homes.items;
    ret->home_count = homes.count;
    return gw_parser_expect(parser, GW_TOKEN_RBRACE, "at the end of the entity");
}

bool gw_parse_table(struct gw_parser *parser, struct gw_ast_table *ret)
{
    struct gw_growing fields = {NULL, 0, 0};
    if (!gw_parser_expect(parser, GW_TOKEN_LBRACE, "and the key") ||
        !gw_parser_expect_word(parser, "key", "and `(fields)`") ||
        !gw_parser_expect(parser, GW_TOKEN_LPAREN, "and the key fields"))
        return false;
    parser->brackets++;
    do {
        if (!gw_parse_field(parser, &fields, true))
            return false;
    } while (gw_parser_accept(parser, GW_TOKEN_COMMA));
    parser->brackets--;
    ret->key_count = fields.count;
    if (!gw_parser_expect(parser, GW_TOKEN_RPAREN, "after the key"))
        return false;
    while (gw_parser_at(parser, GW_TOKEN_WORD)) {
        if (!gw_parse_field(parser, &fields, false))
            return false;
    }
    ret->fields = fields.items;
    ret->field_count = fields.count;
    return gw_parser_expect(parser, GW_TOKEN_RBRACE, "at the end of the table");
}
