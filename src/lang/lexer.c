#include "lang/lexer.h"

#include "base/int.h"
#include "base/time.h"
#include "codec/utf8.h"
#include "lang/ast.h"

enum { ESCAPE_HEX_MAX = 6 };

static const char *const kind_texts[] = {
#define X(name, text) text,
    GW_TOKEN_LIST(X)
#undef X
};

const char *gw_token_kind_text(enum gw_token_kind kind)
{
    return kind_texts[kind];
}

void gw_lexer_init(struct gw_lexer *lexer, const struct gw_source *source, uint32_t file,
                   struct gw_arena *arena, struct gw_diags *diags)
{
    *lexer = (struct gw_lexer){.source = source,
                               .diags = diags,
                               .arena = arena,
                               .text = source->files[file].text,
                               .file = file};
}

static int byte_at(const struct gw_lexer *lexer, uint32_t at)
{
    return at < lexer->text.len ? (unsigned char)lexer->text.data[at] : -1;
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static bool is_word_begin(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_word(int c)
{
    return is_word_begin(c) || is_digit(c);
}

static struct gw_span span_from(const struct gw_lexer *lexer, uint32_t begin)
{
    return (struct gw_span){lexer->file, begin, lexer->at};
}

static struct gw_text text_from(const struct gw_lexer *lexer, uint32_t begin)
{
    return (struct gw_text){lexer->text.data + begin, lexer->at - begin};
}

static void keep_comment(struct gw_lexer *lexer, uint32_t begin)
{
    struct gw_comment_list *list = lexer->comments;
    if (list == NULL || (list->count > 0 && list->items[list->count - 1].span.begin >= begin))
        return; /* seen before a look ahead was taken back */
    if (list->count == list->capacity) {
        uint32_t capacity = GW_MAX(16u, list->capacity * 2);
        struct gw_comment *items = GW_NEW_ARRAY(lexer->arena, struct gw_comment, capacity);
        if (items == NULL) {
            lexer->nomem = true;
            return;
        }
        if (list->count > 0)
            memcpy(items, list->items, list->count * sizeof(*items));
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->count++].span = span_from(lexer, begin);
}

static void skip_comment(struct gw_lexer *lexer)
{
    uint32_t begin = lexer->at;
    while (byte_at(lexer, lexer->at) != '\n' && byte_at(lexer, lexer->at) >= 0)
        lexer->at++;
    struct gw_text text = text_from(lexer, begin);
    size_t bad = gw_utf8_bad_at(text);
    if (bad < text.len) {
        gw_diags_add(
            lexer->diags, 1005,
            (struct gw_span){lexer->file, begin + (uint32_t)bad, begin + (uint32_t)bad + 1},
            "the comment is not UTF-8");
    }
    keep_comment(lexer, begin);
}

/** @return whether a newline was passed */
static bool skip_blanks(struct gw_lexer *lexer)
{
    bool newline = false;
    for (;;) {
        int c = byte_at(lexer, lexer->at);
        if (c == '#') {
            skip_comment(lexer);
        } else if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
            newline |= c == '\n';
            lexer->at++;
        } else {
            return newline;
        }
    }
}

/* ---- numbers ---- */

/** Copies the digits of a number without its `_`. @return 0 when it is longer than any number may be */
static size_t plain_digits(struct gw_text text, char *ret, size_t size)
{
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '_')
            continue;
        if (len == size)
            return 0;
        ret[len++] = text.data[i];
    }
    return len;
}

static void number_too_large(struct gw_lexer *lexer, struct gw_span span, const char *what)
{
    struct gw_diag *diag = gw_diags_add(lexer->diags, 1007, span, "the number is too large");
    gw_diags_hint(lexer->diags, diag, "%s", what);
}

static void malformed_number(struct gw_lexer *lexer, const struct gw_token *token)
{
    struct gw_diag *diag = gw_diags_add(lexer->diags, 1004, token->span, "`%.*s` is not a number",
                                        GW_TEXT_ARG(token->text));
    gw_diags_hint(lexer->diags, diag,
                  "numbers look like 42, 1_000, 0xff, 1.50; durations like 30s, 5m, 24h; "
                  "units like 4000u; a name begins with a letter");
}

static void read_int(struct gw_lexer *lexer, struct gw_token *token, struct gw_text digits)
{
    char plain[64];
    size_t len = plain_digits(digits, plain, sizeof(plain));
    if (len == 0 || !gw_u128_parse((struct gw_text){plain, len}, &token->number)) {
        token->number = 0;
        number_too_large(lexer, token->span,
                         "the largest is 340282366920938463463374607431768211455");
    }
}

static int hex_digit(int c)
{
    if (is_digit(c))
        return c - '0';
    int lower = c | 0x20;
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

static void read_hex(struct gw_lexer *lexer, struct gw_token *token)
{
    gw_u128 number = 0;
    for (size_t i = 2; i < token->text.len; i++) {
        if (token->text.data[i] == '_')
            continue;
        int digit = hex_digit((unsigned char)token->text.data[i]);
        if (digit < 0 || token->text.len < 3) {
            malformed_number(lexer, token);
            return;
        }
        if (number >> 124 != 0) {
            number_too_large(lexer, token->span, "the largest has 32 hexadecimal digits");
            return;
        }
        number = number << 4 | (unsigned)digit;
    }
    if (token->text.len < 3)
        malformed_number(lexer, token);
    token->number = number;
}

static void read_decimal(struct gw_lexer *lexer, struct gw_token *token, uint32_t point)
{
    char plain[64];
    size_t len = plain_digits(token->text, plain, sizeof(plain));
    uint32_t scale = token->span.end - point - 1;
    for (uint32_t i = point; i < token->span.end; i++)
        scale -= lexer->text.data[i] == '_';
    gw_i128 number = 0;
    token->kind = GW_TOKEN_DECIMAL;
    if (len == 0 || scale > GW_DEC_DIGITS_MAX ||
        !gw_dec_parse((struct gw_text){plain, len}, scale, &number)) {
        number_too_large(lexer, token->span, "a decimal number has at most 38 digits");
        return;
    }
    token->number = (gw_u128)number;
    token->scale = (uint8_t)scale;
}

static void lex_number(struct gw_lexer *lexer, struct gw_token *token)
{
    uint32_t begin = lexer->at;
    while (is_word(byte_at(lexer, lexer->at)))
        lexer->at++;
    uint32_t end_of_digits = begin;
    while (is_digit(byte_at(lexer, end_of_digits)) || byte_at(lexer, end_of_digits) == '_')
        end_of_digits++;
    bool only_digits = end_of_digits == lexer->at;
    uint32_t point = lexer->at;
    if (only_digits && !lexer->after_dot && byte_at(lexer, point) == '.' &&
        is_digit(byte_at(lexer, point + 1))) {
        lexer->at++;
        while (is_word(byte_at(lexer, lexer->at)))
            lexer->at++;
    }
    token->kind = GW_TOKEN_INT;
    token->span = span_from(lexer, begin);
    token->text = text_from(lexer, begin);
    struct gw_text suffix = text_from(lexer, end_of_digits);
    if (lexer->at > point) {
        for (uint32_t i = point + 1; i < lexer->at; i++) {
            if (!is_digit(byte_at(lexer, i)) && byte_at(lexer, i) != '_') {
                malformed_number(lexer, token);
                token->kind = GW_TOKEN_DECIMAL;
                return;
            }
        }
        read_decimal(lexer, token, point);
    } else if (only_digits) {
        read_int(lexer, token, token->text);
    } else if (gw_text_is(suffix, "u")) {
        token->kind = GW_TOKEN_UNITS;
        read_int(lexer, token, (struct gw_text){token->text.data, token->text.len - 1});
    } else if (token->text.len > 1 && token->text.data[0] == '0' && token->text.data[1] == 'x') {
        read_hex(lexer, token);
    } else if (gw_dur_parse(token->text, &token->ns)) {
        token->kind = GW_TOKEN_DURATION;
    } else {
        malformed_number(lexer, token);
    }
}

/* ---- strings ---- */

static uint32_t unicode_escape(struct gw_lexer *lexer, uint32_t at, uint32_t *ret_scalar)
{
    /* at: behind `\u`; reads `{1F600}` */
    if (byte_at(lexer, at) != '{')
        return 0;
    uint32_t scalar = 0, digits = 0, i = at + 1;
    for (int digit; (digit = hex_digit(byte_at(lexer, i))) >= 0; i++, digits++) {
        if (digits == ESCAPE_HEX_MAX)
            return 0;
        scalar = scalar << 4 | (uint32_t)digit;
    }
    *ret_scalar = scalar;
    return digits > 0 && byte_at(lexer, i) == '}' ? i + 1 : 0;
}

/** One escape at `*at` (the backslash) into ret[4]. @return bytes, 0 when malformed */
static size_t one_escape(struct gw_lexer *lexer, uint32_t *at, char *ret)
{
    static const char names[] = "ntr0\\\"", values[] = "\n\t\r\0\\\"";
    int c = byte_at(lexer, *at + 1);
    if (c == 'u') {
        uint32_t scalar = 0, end = unicode_escape(lexer, *at + 2, &scalar);
        *at = end ? end : *at + 2;
        return end ? gw_utf8_put(scalar, ret) : 0;
    }
    const char *found = c > 0 ? memchr(names, c, sizeof(names) - 1) : NULL;
    *at += c < 0 || c == '\n' ? 1 : 2;
    if (found == NULL)
        return 0;
    ret[0] = values[found - names];
    return 1;
}

static struct gw_bytes unescape(struct gw_lexer *lexer, uint32_t begin, uint32_t end)
{
    char *text = gw_arena_get_raw(lexer->arena, end - begin + 1);
    if (text == NULL) {
        lexer->nomem = true;
        return (struct gw_bytes){(const uint8_t *)"", 0};
    }
    size_t len = 0;
    for (uint32_t at = begin; at < end;) {
        if (byte_at(lexer, at) != '\\') {
            text[len++] = lexer->text.data[at++];
            continue;
        }
        uint32_t from = at;
        size_t put = one_escape(lexer, &at, text + len); /* never longer than its source */
        len += put;
        if (put == 0) {
            struct gw_diag *diag = gw_diags_add(
                lexer->diags, 1003, (struct gw_span){lexer->file, from, GW_MIN(at, end)},
                "no such escape");
            gw_diags_hint(lexer->diags, diag, "there are \\n \\t \\r \\0 \\\\ \\\" and \\u{1F600}");
        }
    }
    return (struct gw_bytes){(const uint8_t *)text, len};
}

static void lex_string(struct gw_lexer *lexer, struct gw_token *token)
{
    uint32_t begin = lexer->at++;
    bool escaped = false;
    int c;
    while ((c = byte_at(lexer, lexer->at)) >= 0 && c != '"' && c != '\n') {
        bool escape = c == '\\' && byte_at(lexer, lexer->at + 1) >= 0 &&
                      byte_at(lexer, lexer->at + 1) != '\n';
        escaped |= c == '\\';
        lexer->at += escape ? 2 : 1;
    }
    uint32_t end = lexer->at;
    token->kind = GW_TOKEN_STRING;
    if (c == '"')
        lexer->at++;
    token->span = span_from(lexer, begin);
    token->text = text_from(lexer, begin);
    if (c != '"') {
        struct gw_diag *diag =
            gw_diags_add(lexer->diags, 1002, token->span, "the string has no end on its line");
        gw_diags_hint(lexer->diags, diag, "close it with `\"`; write a line end as \\n");
        token->bytes = (struct gw_bytes){(const uint8_t *)"", 0};
        return;
    }
    struct gw_text inner = {lexer->text.data + begin + 1, end - begin - 1};
    size_t bad = gw_utf8_bad_at(inner);
    if (bad < inner.len) {
        uint32_t at = begin + 1 + (uint32_t)bad;
        gw_diags_add(lexer->diags, 1005, (struct gw_span){lexer->file, at, at + 1},
                     "the string is not UTF-8");
        token->bytes = (struct gw_bytes){(const uint8_t *)"", 0};
        return;
    }
    token->bytes = escaped ? unescape(lexer, begin + 1, end) : gw_text_bytes(inner);
}

static void lex_bytes(struct gw_lexer *lexer, struct gw_token *token)
{
    uint32_t begin = lexer->at;
    lexer->at += 2;
    while (hex_digit(byte_at(lexer, lexer->at)) >= 0)
        lexer->at++;
    struct gw_text hex = text_from(lexer, begin + 2);
    bool closed = byte_at(lexer, lexer->at) == '\'';
    lexer->at += closed;
    token->kind = GW_TOKEN_BYTES;
    token->span = span_from(lexer, begin);
    token->text = text_from(lexer, begin);
    token->bytes = (struct gw_bytes){(const uint8_t *)"", 0};
    if (!closed || hex.len % 2 != 0) {
        struct gw_diag *diag = gw_diags_add(lexer->diags, 1006, token->span, "malformed bytes");
        gw_diags_hint(lexer->diags, diag, "bytes are written x'00ff', two digits for each");
        return;
    }
    uint8_t *bytes = gw_arena_get_raw(lexer->arena, hex.len / 2 + 1);
    if (bytes == NULL) {
        lexer->nomem = true;
        return;
    }
    bool ok = gw_unhex(hex, bytes, hex.len / 2);
    GW_ASSERT(ok);
    token->bytes = (struct gw_bytes){bytes, hex.len / 2};
}

/* ---- operators ---- */

static const struct {
    char text[4];
    uint8_t len;
    enum gw_token_kind kind;
} operators[] = {
    /* longest first */
    {"<->", 3, GW_TOKEN_BOTH},      {":=", 2, GW_TOKEN_DEFINE},    {"+=", 2, GW_TOKEN_ADD_ASSIGN},
    {"-=", 2, GW_TOKEN_SUB_ASSIGN}, {"==", 2, GW_TOKEN_EQ},        {"!=", 2, GW_TOKEN_NE},
    {"<=", 2, GW_TOKEN_LE},         {">=", 2, GW_TOKEN_GE},        {"..", 2, GW_TOKEN_RANGE},
    {"->", 2, GW_TOKEN_ARROW},      {"=>", 2, GW_TOKEN_FAT_ARROW}, {"(", 1, GW_TOKEN_LPAREN},
    {")", 1, GW_TOKEN_RPAREN},      {"[", 1, GW_TOKEN_LBRACKET},   {"]", 1, GW_TOKEN_RBRACKET},
    {"{", 1, GW_TOKEN_LBRACE},      {"}", 1, GW_TOKEN_RBRACE},     {",", 1, GW_TOKEN_COMMA},
    {":", 1, GW_TOKEN_COLON},       {"=", 1, GW_TOKEN_ASSIGN},     {"<", 1, GW_TOKEN_LT},
    {">", 1, GW_TOKEN_GT},          {"+", 1, GW_TOKEN_PLUS},       {"-", 1, GW_TOKEN_MINUS},
    {"*", 1, GW_TOKEN_STAR},        {"/", 1, GW_TOKEN_SLASH},      {"%", 1, GW_TOKEN_PERCENT},
    {".", 1, GW_TOKEN_DOT},         {"!", 1, GW_TOKEN_BANG},       {"?", 1, GW_TOKEN_QUESTION},
    {"|", 1, GW_TOKEN_PIPE},
};

static bool lex_operator(struct gw_lexer *lexer, struct gw_token *token)
{
    uint32_t begin = lexer->at;
    for (size_t i = 0; i < GW_COUNT_OF(operators); i++) {
        if (lexer->text.len - begin < operators[i].len ||
            memcmp(lexer->text.data + begin, operators[i].text, operators[i].len) != 0)
            continue;
        lexer->at += operators[i].len;
        token->kind = operators[i].kind;
        token->span = span_from(lexer, begin);
        token->text = text_from(lexer, begin);
        return true;
    }
    return false;
}

static void bad_character(struct gw_lexer *lexer)
{
    uint32_t begin = lexer->at;
    size_t len = gw_utf8_length(lexer->text.data + begin, lexer->text.len - begin);
    lexer->at += len ? (uint32_t)len : 1;
    struct gw_span span = span_from(lexer, begin);
    unsigned char byte = (unsigned char)lexer->text.data[begin];
    if (len == 0) {
        gw_diags_add(lexer->diags, 1005, span, "byte 0x%02x is not UTF-8", byte);
        return;
    }
    struct gw_diag *diag;
    if (byte < 0x20 || byte == 0x7f) {
        diag = gw_diags_add(lexer->diags, 1001, span, "unexpected control character 0x%02x", byte);
    } else {
        diag = gw_diags_add(lexer->diags, 1001, span, "unexpected character `%.*s`",
                            GW_TEXT_ARG(text_from(lexer, begin)));
    }
    if (byte == ';') {
        gw_diags_hint(lexer->diags, diag, "a newline ends a statement; leave the `;` out");
    } else if (byte == '\'') {
        gw_diags_hint(lexer->diags, diag, "strings are written \"so\"");
    } else if (byte == '&') {
        gw_diags_hint(lexer->diags, diag, "write `and`");
    }
}

struct gw_token gw_lexer_next(struct gw_lexer *lexer)
{
    struct gw_token token = {.kind = GW_TOKEN_END};
    for (;;) {
        token.newline_before |= skip_blanks(lexer);
        uint32_t begin = lexer->at;
        int c = byte_at(lexer, begin);
        token.is_line_start = begin == 0 || byte_at(lexer, begin - 1) == '\n';
        if (c < 0 || lexer->nomem) {
            token.span = span_from(lexer, begin);
            token.text = GW_TEXT_LIT("");
            token.newline_before = true;
            return token;
        }
        if (is_digit(c)) {
            lex_number(lexer, &token);
        } else if (c == '"') {
            lex_string(lexer, &token);
        } else if (c == 'x' && byte_at(lexer, begin + 1) == '\'') {
            lex_bytes(lexer, &token);
        } else if (is_word_begin(c)) {
            while (is_word(byte_at(lexer, lexer->at)))
                lexer->at++;
            token.kind = GW_TOKEN_WORD;
            token.span = span_from(lexer, begin);
            token.text = text_from(lexer, begin);
        } else if (!lex_operator(lexer, &token)) {
            bad_character(lexer);
            continue;
        }
        lexer->after_dot = token.kind == GW_TOKEN_DOT;
        return token;
    }
}
