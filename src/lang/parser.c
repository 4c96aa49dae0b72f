#include "lang/parser_int.h"

#include <stdarg.h>

static const char *const reserved[] = {
    "and",   "or",      "not",   "if",     "else",   "match", "for",   "in",
    "while", "require", "fail",  "return", "delete", "emit",  "yield", "sleep",
    "await", "call",    "retry", "true",   "false",  "none",  "some",
};

bool gw_word_is_reserved(struct gw_text word)
{
    for (size_t i = 0; i < GW_COUNT_OF(reserved); i++) {
        if (gw_text_is(word, reserved[i]))
            return true;
    }
    return false;
}

/* ---- memory ---- */

static void out_of_memory(struct gw_parser *parser)
{
    parser->nomem = true;
    parser->panic = true;
    parser->token.kind = GW_TOKEN_END;
}

void *gw_parser_get(struct gw_parser *parser, size_t bytes)
{
    void *item = gw_arena_get(parser->arena, bytes);
    if (item == NULL)
        out_of_memory(parser);
    return item;
}

void *gw_parser_add(struct gw_parser *parser, struct gw_growing *list, size_t each)
{
    if (list->count == list->capacity) {
        uint32_t capacity = list->capacity ? list->capacity * 2 : 4;
        void *items = gw_arena_get_array(parser->arena, capacity, each);
        if (items == NULL) {
            out_of_memory(parser);
            return NULL;
        }
        if (list->count > 0)
            memcpy(items, list->items, list->count * each);
        list->items = items;
        list->capacity = capacity;
    }
    return (char *)list->items + each * list->count++;
}

/* ---- tokens ---- */

void gw_parser_take(struct gw_parser *parser)
{
    if (parser->token.kind == GW_TOKEN_END)
        return;
    parser->last = parser->token.span;
    parser->token = gw_lexer_next(&parser->lexer);
    if (parser->lexer.nomem)
        out_of_memory(parser);
}

struct gw_token gw_parser_peek(struct gw_parser *parser)
{
    struct gw_lexer ahead = parser->lexer;
    return gw_lexer_next(&ahead);
}

bool gw_parser_at_word(const struct gw_parser *parser, const char *word)
{
    return gw_parser_at(parser, GW_TOKEN_WORD) && gw_text_is(parser->token.text, word);
}

bool gw_parser_accept(struct gw_parser *parser, enum gw_token_kind kind)
{
    if (!gw_parser_at(parser, kind))
        return false;
    gw_parser_take(parser);
    return true;
}

bool gw_parser_accept_word(struct gw_parser *parser, const char *word)
{
    if (!gw_parser_at_word(parser, word))
        return false;
    gw_parser_take(parser);
    return true;
}

struct gw_diag *gw_parser_error(struct gw_parser *parser, gw_code code, struct gw_span span,
                                const char *fmt, ...)
{
    if (parser->panic)
        return NULL;
    parser->panic = true;
    va_list args;
    va_start(args, fmt);
    struct gw_text message = gw_arena_vprintf(parser->arena, fmt, args);
    va_end(args);
    return gw_diags_add(parser->diags, code, span, "%.*s", GW_TEXT_ARG(message));
}

struct gw_diag *gw_parser_wanted(struct gw_parser *parser, const char *what)
{
    const struct gw_token *token = &parser->token;
    if (token->kind == GW_TOKEN_END) {
        return gw_parser_error(parser, 1010, token->span, "expected %s, found the end of the text",
                               what);
    }
    struct gw_text shown = token->text;
    bool cut = shown.len > 40;
    if (cut) { /* at a character border */
        for (shown.len = 40;
             shown.len > 0 && ((unsigned char)shown.data[shown.len] & 0xc0) == 0x80;)
            shown.len--;
    }
    return gw_parser_error(parser, 1010, token->span, "expected %s, found `%.*s%s`", what,
                           GW_TEXT_ARG(shown), cut ? "…" : "");
}

bool gw_parser_expect(struct gw_parser *parser, enum gw_token_kind kind, const char *where)
{
    if (gw_parser_accept(parser, kind))
        return true;
    if (!parser->panic) {
        struct gw_text what =
            gw_arena_printf(parser->arena, "%s %s", gw_token_kind_text(kind), where);
        gw_parser_wanted(parser, what.data ? what.data : where);
    }
    return false;
}

bool gw_parser_expect_word(struct gw_parser *parser, const char *word, const char *where)
{
    if (gw_parser_accept_word(parser, word))
        return true;
    if (!parser->panic) {
        struct gw_text what = gw_arena_printf(parser->arena, "`%s` %s", word, where);
        gw_parser_wanted(parser, what.data ? what.data : word);
    }
    return false;
}

bool gw_parser_continues(const struct gw_parser *parser)
{
    return !parser->panic && (parser->brackets > 0 || !parser->token.newline_before);
}

void gw_parser_leave_braces(struct gw_parser *parser)
{
    uint32_t open = 1;
    parser->brackets = 0;
    while (open > 0 && parser->token.kind != GW_TOKEN_END && !gw_parse_at_decl(parser)) {
        open += parser->token.kind == GW_TOKEN_LBRACE;
        open -= parser->token.kind == GW_TOKEN_RBRACE;
        gw_parser_take(parser);
    }
}

struct gw_span gw_parser_span(const struct gw_parser *parser, struct gw_span begin)
{
    return gw_span_join(begin, parser->last);
}

/* ---- names ---- */

static void take_name(struct gw_parser *parser, struct gw_name *ret)
{
    *ret = (struct gw_name){.text = parser->token.text, .span = parser->token.span};
    gw_parser_take(parser);
}

bool gw_parse_word(struct gw_parser *parser, const char *what, struct gw_name *ret)
{
    if (!gw_parser_at(parser, GW_TOKEN_WORD)) {
        gw_parser_wanted(parser, what);
        return false;
    }
    take_name(parser, ret);
    return true;
}

bool gw_parse_name(struct gw_parser *parser, const char *what, struct gw_name *ret)
{
    if (gw_parser_at(parser, GW_TOKEN_WORD) && gw_word_is_reserved(parser->token.text)) {
        struct gw_diag *diag =
            gw_parser_error(parser, 1012, parser->token.span, "`%.*s` is a reserved word",
                            GW_TEXT_ARG(parser->token.text));
        gw_diags_hint(parser->diags, diag, "here stands %s; choose another name", what);
        return false;
    }
    return gw_parse_word(parser, what, ret);
}

bool gw_parse_outside_name(struct gw_parser *parser, const char *what, struct gw_name *ret)
{
    if (!gw_parser_at(parser, GW_TOKEN_STRING))
        return gw_parse_word(parser, what, ret);
    *ret = (struct gw_name){
        .text = gw_bytes_text(parser->token.bytes), .span = parser->token.span, .is_quoted = true};
    gw_parser_take(parser);
    if (ret->text.len > 0)
        return true;
    gw_parser_error(parser, 1010, ret->span, "expected %s, found an empty name", what);
    return false;
}

bool gw_parse_u64(struct gw_parser *parser, const char *what, uint64_t *ret)
{
    if (!gw_parser_at(parser, GW_TOKEN_INT)) {
        gw_parser_wanted(parser, what);
        return false;
    }
    if (parser->token.number > UINT64_MAX) {
        gw_parser_error(parser, 1007, parser->token.span, "the number is too large");
        return false;
    }
    *ret = (uint64_t)parser->token.number;
    gw_parser_take(parser);
    return true;
}

bool gw_token_is_version(const struct gw_token *token)
{
    if (token->kind != GW_TOKEN_WORD || token->text.len < 2 || token->text.data[0] != 'v')
        return false;
    for (size_t i = 1; i < token->text.len; i++) {
        if (token->text.data[i] < '0' || token->text.data[i] > '9')
            return false;
    }
    return true;
}

bool gw_parse_version(struct gw_parser *parser, uint32_t *ret, struct gw_span *ret_span)
{
    if (parser->panic)
        return false;
    struct gw_token token = parser->token;
    if (!gw_token_is_version(&token)) {
        gw_parser_wanted(parser, "a version such as `v1`");
        return false;
    }
    uint64_t number = 0;
    for (size_t i = 1; i < token.text.len && number <= UINT32_MAX; i++)
        number = number * 10 + (uint64_t)(token.text.data[i] - '0');
    if (number == 0 || number > UINT32_MAX || token.text.data[1] == '0') {
        gw_parser_error(parser, 1004, token.span, "`%.*s` is not a version",
                        GW_TEXT_ARG(token.text));
        return false;
    }
    gw_parser_take(parser);
    *ret = (uint32_t)number;
    *ret_span = token.span;
    return true;
}

/* ---- files ---- */

static bool add_file(struct gw_parser *parser, struct gw_text name, struct gw_text text,
                     struct gw_span span)
{
    struct gw_source *source = parser->source;
    if (source->count == GW_LANG_FILES_MAX || text.len > GW_LANG_SOURCE_BYTES_MAX - source->bytes) {
        struct gw_diag *diag = gw_diags_add(parser->diags, 1017, span, "the program is too large");
        gw_diags_hint(parser->diags, diag, "at most %d files and %d bytes in all",
                      GW_LANG_FILES_MAX, GW_LANG_SOURCE_BYTES_MAX);
        return false;
    }
    source->files[source->count++] = (struct gw_source_file){name, text};
    source->bytes += text.len;
    return true;
}

static void begin_file(struct gw_parser *parser, uint32_t file, struct gw_comment_list *comments)
{
    gw_lexer_init(&parser->lexer, parser->source, file, parser->arena, parser->diags);
    parser->lexer.comments = comments;
    struct gw_text text = parser->source->files[file].text;
    if (text.len >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0)
        parser->lexer.at = 3; /* a byte order mark, as some editors write it */
    parser->token = gw_lexer_next(&parser->lexer);
    parser->last = parser->token.span;
}

static void skip_to_decl(struct gw_parser *parser)
{
    parser->panic = false;
    parser->brackets = 0;
    while (parser->token.kind != GW_TOKEN_END && !gw_parse_at_decl(parser))
        gw_parser_take(parser);
    parser->panic = parser->nomem;
}

struct reading {
    struct gw_parser *parser;
    struct gw_growing decls;
    uint32_t depth;
    uint32_t stack[GW_LANG_INCLUDE_DEPTH_MAX + 1]; /* files being read, root first */
};

static void read_decls(struct reading *reading);

static bool is_being_read(const struct reading *reading, struct gw_text name)
{
    for (uint32_t i = 0; i <= reading->depth; i++) {
        if (gw_text_equal(reading->parser->source->files[reading->stack[i]].name, name))
            return true;
    }
    return false;
}

static void include(struct reading *reading, const struct gw_decl *decl)
{
    struct gw_parser *parser = reading->parser;
    struct gw_text path = decl->as.include;
    if (reading->depth == GW_LANG_INCLUDE_DEPTH_MAX || is_being_read(reading, path)) {
        gw_diags_add(parser->diags, 1017, decl->span, "`%.*s` is included %s", GW_TEXT_ARG(path),
                     is_being_read(reading, path) ? "by itself" : "too deep: at most 8 levels");
        return;
    }
    struct gw_err err = {.rc = GW_OK};
    struct gw_text text;
    struct gw_text from = parser->source->files[decl->span.file].name;
    gw_rc rc = parser->input->load(parser->input->load_ctx, from, path, parser->arena, &text, &err);
    if (rc < 0) {
        parser->nomem |= rc == GW_NOMEM;
        struct gw_diag *diag = gw_diags_add(parser->diags, 1016, decl->span,
                                            "cannot include `%.*s`", GW_TEXT_ARG(path));
        gw_diags_hint(parser->diags, diag, "%s", err.msg[0] ? err.msg : gw_rc_text(rc));
        return;
    }
    if (!add_file(parser, path, text, decl->span))
        return;
    struct gw_lexer lexer = parser->lexer;
    struct gw_token token = parser->token;
    struct gw_span last = parser->last;
    reading->stack[++reading->depth] = parser->source->count - 1;
    begin_file(parser, parser->source->count - 1, NULL);
    read_decls(reading);
    reading->depth--;
    parser->lexer = lexer;
    parser->token = token;
    parser->last = last;
}

static void read_decls(struct reading *reading) /* NOLINT(misc-no-recursion): include depth */
{
    struct gw_parser *parser = reading->parser;
    while (parser->token.kind != GW_TOKEN_END && !parser->nomem) {
        struct gw_span begin = parser->token.span;
        struct gw_decl *decl = gw_parse_decl(parser);
        if (decl != NULL && !parser->panic) {
            struct gw_decl **place = GW_ADD(parser, &reading->decls, struct gw_decl *);
            if (place != NULL)
                *place = decl;
            if (decl->kind == GW_DECL_INCLUDE && parser->input->load != NULL)
                include(reading, decl);
            continue;
        }
        if (parser->token.span.begin == begin.begin)
            gw_parser_take(parser); /* always forward */
        skip_to_decl(parser);
    }
}

static bool read_header(struct gw_parser *parser, struct gw_ast *ast)
{
    struct gw_span begin = parser->token.span;
    if (!gw_parser_at_word(parser, "program")) {
        if (parser->input->is_part_ok)
            return true;
        struct gw_diag *diag = gw_diags_add(parser->diags, 1015, begin, "the program has no head");
        gw_diags_hint(parser->diags, diag, "begin with `program NAME version 1`");
        return false;
    }
    gw_parser_take(parser);
    ast->has_header = gw_parse_name(parser, "the name of the program", &ast->name) &&
                      gw_parser_expect_word(parser, "version", "and a number") &&
                      gw_parse_u64(parser, "the version of the program", &ast->version);
    ast->header = gw_parser_span(parser, begin);
    if (!ast->has_header)
        skip_to_decl(parser);
    return ast->has_header;
}

gw_rc gw_lang_parse(const struct gw_lang_input *input, struct gw_arena *arena,
                    struct gw_diags *diags, struct gw_ast **ret_ast, struct gw_err *err)
{
    struct gw_ast *ast = GW_NEW(arena, struct gw_ast);
    struct gw_source *source = GW_NEW(arena, struct gw_source);
    if (ast == NULL || source == NULL)
        return GW_FAIL_NOMEM(err);
    ast->source = source;
    diags->source = source;
    *ret_ast = NULL;
    struct gw_parser parser = {.input = input, .arena = arena, .diags = diags, .source = source};
    struct gw_comment_list comments = {.count = 0};
    struct reading reading = {.parser = &parser};
    if (input->text.len > GW_LANG_SOURCE_BYTES_MAX) {
        source->files[source->count++] = (struct gw_source_file){input->name, GW_TEXT_LIT("")};
        gw_diags_add(diags, 1017, (struct gw_span){0, 0, 0},
                     "the program has %zu bytes, more than %d", input->text.len,
                     GW_LANG_SOURCE_BYTES_MAX);
        return gw_diags_result(diags, err);
    }
    bool fits = add_file(&parser, input->name, input->text, (struct gw_span){0, 0, 0});
    GW_ASSERT(fits);
    begin_file(&parser, 0, &comments);
    read_header(&parser, ast);
    read_decls(&reading);
    if (parser.nomem)
        return GW_FAIL_NOMEM(err);
    ast->decls = reading.decls.items;
    ast->decl_count = reading.decls.count;
    ast->comments = comments.items;
    ast->comment_count = comments.count;
    *ret_ast = ast;
    return gw_diags_result(diags, err);
}
