#include "codec/json_read.h"

#include "base/buf.h"
#include "codec/json_names.h"
#include "codec/json_number.h"
#include "codec/utf8.h"

enum { FIRST_FRAMES = 32, CODE_SYNTAX = 7101, CODE_TWICE = 7102, CODE_DEEP = 7103 };

/* What may stand next. */
enum state {
    AT_VALUE,
    AT_FIRST_ITEM,   /* a value or ] */
    AT_FIRST_MEMBER, /* a name or } */
    AT_MEMBER,       /* a name; } after a trailing comma */
    AT_ITEM,         /* a value; ] after a trailing comma */
    AFTER_VALUE,
    AT_DONE,
    AT_FAILED,
};

struct gw_json_frame {
    uint32_t names_base;
    bool is_object;
};

void gw_json_reader_init(struct gw_json_reader *r, struct gw_text input,
                         const struct gw_json_opts *opts, struct gw_arena *arena)
{
    *r = (struct gw_json_reader){.arena = arena, .state = AT_VALUE};
    if (opts)
        r->opts = *opts;
    if (r->opts.depth_max == 0)
        r->opts.depth_max = GW_JSON_DEPTH_DEFAULT;
    r->begin = r->at = r->token = input.len ? input.data : "";
    r->end = r->begin + input.len;
}

/* ---- errors ---- */

void gw_json_place(struct gw_text input, size_t offset, uint32_t *ret_line, uint32_t *ret_column)
{
    uint32_t line = 1;
    size_t line_at = 0;
    for (size_t i = 0; i < offset && i < input.len; i++) {
        bool pair = input.data[i] == '\r' && i + 1 < input.len && input.data[i + 1] == '\n';
        if (input.data[i] == '\n' || (input.data[i] == '\r' && !pair)) {
            line++;
            line_at = i + 1;
        }
    }
    size_t upto = GW_MIN(offset, input.len);
    *ret_line = line;
    *ret_column =
        (uint32_t)gw_utf8_count((struct gw_text){input.data + line_at, upto - line_at}) + 1;
}

static gw_rc failed_at(struct gw_json_reader *r, const char *at, gw_rc rc, struct gw_err *err)
{
    uint32_t line = 0, column = 0;
    struct gw_text input = {r->begin, (size_t)(r->end - r->begin)};
    if (err) {
        gw_json_place(input, (size_t)(at - r->begin), &line, &column);
        gw_err_place(err, r->opts.name, line, column);
    }
    r->state = AT_FAILED;
    return rc;
}

static gw_rc bad(struct gw_json_reader *r, const char *at, const char *why, struct gw_err *err)
{
    (void)GW_FAIL_CODE(err, GW_INVALID, CODE_SYNTAX, "%s", why);
    return failed_at(r, at, GW_INVALID, err);
}

static gw_rc no_memory(struct gw_json_reader *r, struct gw_err *err)
{
    r->state = AT_FAILED;
    return GW_FAIL_NOMEM(err);
}

/* Why people write what is not JSON, where it can be told from the first byte. */
static const char *hint_for(const struct gw_json_reader *r, char first)
{
    if (first == '\'')
        return "texts stand in double quotes";
    if ((first == '/' || first == '#') && !r->opts.configuration)
        return "comments are for configuration files only";
    if (first == '+' || first == '.')
        return "a number begins with a digit or with -";
    if (first == 'T' || first == 'F' || first == 'N')
        return "the words are true, false and null, in small letters";
    if (first == '\xEF' && r->at == r->begin)
        return "save the text without a byte order mark";
    return NULL;
}

static gw_rc unexpected(struct gw_json_reader *r, const char *wanted, struct gw_err *err)
{
    char found[24];
    struct gw_buf buf;
    gw_buf_init_fixed(&buf, found, sizeof(found) - 1);
    unsigned byte = r->at < r->end ? (unsigned char)*r->at : 0;
    if (r->at == r->end) {
        gw_buf_put_str(&buf, "the end");
    } else if (byte > 0x20 && byte < 0x7F) {
        gw_buf_printf(&buf, "'%c'", (char)byte);
    } else {
        gw_buf_printf(&buf, "byte 0x%02x", byte);
    }
    found[buf.len] = '\0';
    (void)GW_FAIL_CODE(err, GW_INVALID, CODE_SYNTAX, "expected %s, found %s", wanted, found);
    const char *hint = r->at < r->end ? hint_for(r, *r->at) : NULL;
    if (hint)
        gw_err_hint(err, "%s", hint);
    return failed_at(r, r->at, GW_INVALID, err);
}

/* ---- blanks and comments ---- */

static void skip_blanks(struct gw_json_reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' || *r->at == '\r' || *r->at == '\t'))
        r->at++;
}

/* At `/` or `#`. Leaves r->at behind the comment, or where it was when there is none. */
static gw_rc skip_comment(struct gw_json_reader *r, struct gw_err *err)
{
    const char *began = r->at;
    size_t left = (size_t)(r->end - r->at);
    bool block = left > 1 && began[0] == '/' && began[1] == '*';
    if (!block && began[0] != '#' && !(left > 1 && began[1] == '/'))
        return GW_OK;
    const char *at = began + (began[0] == '#' ? 1 : 2);
    while (at < r->end && !block && *at != '\n' && *at != '\r')
        at++;
    while (block && at < r->end && !(*at == '*' && at + 1 < r->end && at[1] == '/'))
        at++;
    if (block && at == r->end)
        return bad(r, began, "a comment without an end", err);
    struct gw_text comment = {began, (size_t)(at - began)};
    size_t bad_at = gw_utf8_bad_at(comment);
    if (bad_at < comment.len)
        return bad(r, began + bad_at, "not UTF-8", err);
    r->at = block ? at + 2 : at;
    return GW_OK;
}

static gw_rc skip_to_token(struct gw_json_reader *r, struct gw_err *err)
{
    if (r->opts.configuration && r->at == r->begin && r->end - r->at >= 3 &&
        memcmp(r->at, "\xEF\xBB\xBF", 3) == 0)
        r->at += 3;
    skip_blanks(r);
    while (r->opts.configuration && r->at < r->end && (*r->at == '/' || *r->at == '#')) {
        const char *began = r->at;
        GW_TRY(skip_comment(r, err));
        if (r->at == began)
            break;
        skip_blanks(r);
    }
    r->token = r->at;
    return GW_OK;
}

/* ---- strings ---- */

static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

/* The four digits after \u at `at`. @return -1 when they are not there */
static int32_t hex4_at(const char *at, const char *end)
{
    int32_t value = 0;
    if (end - at < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        int digit = hex_value(at[i]);
        if (digit < 0)
            return -1;
        value = value << 4 | digit;
    }
    return value;
}

static bool is_high_surrogate(int32_t unit)
{
    return unit >= 0xD800 && unit <= 0xDBFF;
}

static bool is_low_surrogate(int32_t unit)
{
    return unit >= 0xDC00 && unit <= 0xDFFF;
}

/* At the `u` of \uXXXX. Moves *at behind the escape, the second half of a pair included. @return why not, or NULL */
static const char *take_unicode(const char **at, const char *end, char **to)
{
    int32_t unit = hex4_at(*at + 1, end);
    if (unit < 0)
        return "\\u needs four hexadecimal digits";
    *at += 5;
    uint32_t scalar = (uint32_t)unit;
    if (is_high_surrogate(unit)) {
        bool more = end - *at >= 2 && (*at)[0] == '\\' && (*at)[1] == 'u';
        int32_t low = more ? hex4_at(*at + 2, end) : -1;
        if (!is_low_surrogate(low))
            return "half of a surrogate pair";
        *at += 6;
        scalar = 0x10000 + (((uint32_t)unit - 0xD800) << 10) + ((uint32_t)low - 0xDC00);
    }
    size_t len = gw_utf8_put(scalar, *to);
    if (len == 0)
        return "half of a surrogate pair";
    *to += len;
    return NULL;
}

/* @return what \X stands for, 0 when it stands for nothing */
static char short_escape(char letter)
{
    switch (letter) {
    case '"':
    case '\\':
    case '/':
        return letter;
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return 0;
    }
}

/* `raw` is what stands between the quotes; unescaped it is never longer. */
static gw_rc unescape(struct gw_json_reader *r, struct gw_text raw, struct gw_err *err)
{
    char *text = gw_arena_get_raw(r->arena, raw.len);
    if (text == NULL)
        return no_memory(r, err);
    char *to = text;
    const char *at = raw.data, *end = raw.data + raw.len;
    while (at < end) {
        if (*at != '\\') {
            *to++ = *at++;
            continue;
        }
        const char *began = at++;
        const char *why = NULL;
        if (*at == 'u') {
            why = take_unicode(&at, end, &to);
        } else {
            *to = short_escape(*at++);
            why = *to++ ? NULL : "an escape that JSON does not have";
        }
        if (why)
            return bad(r, began, why, err);
    }
    r->text = (struct gw_text){text, (size_t)(to - text)};
    return GW_OK;
}

/* At the opening quote. */
static gw_rc take_string(struct gw_json_reader *r, struct gw_err *err)
{
    const char *from = r->at + 1, *at = from;
    bool escaped = false;
    unsigned seen = 0; /* all bytes or-ed: above 0x7F when one is not ASCII */
    for (; at < r->end && *at != '"'; at++) {
        if ((unsigned char)*at < 0x20)
            return bad(r, at, "a control character in a text: write it as an escape", err);
        if (*at == '\\') {
            escaped = true;
            if (++at == r->end)
                break;
        }
        seen |= (unsigned char)*at;
    }
    if (at == r->end)
        return bad(r, r->at, "a text without its closing quote", err);
    struct gw_text raw = {from, (size_t)(at - from)};
    size_t bad_at = seen > 0x7F ? gw_utf8_bad_at(raw) : raw.len;
    if (bad_at < raw.len)
        return bad(r, from + bad_at, "not UTF-8", err);
    r->text = raw;
    if (escaped)
        GW_TRY(unescape(r, raw, err));
    r->at = at + 1;
    return GW_OK;
}

/* ---- structure ---- */

/* The byte that decides what comes; NUL, which begins nothing, at the end. */
static char front(const struct gw_json_reader *r)
{
    if (r->at == r->end)
        return '\0';
    return *r->at;
}

static gw_rc frame_open(struct gw_json_reader *r, bool is_object, struct gw_err *err)
{
    if (r->depth == r->opts.depth_max) {
        (void)GW_FAIL_CODE(err, GW_TOOLARGE, CODE_DEEP, "nested deeper than %u", r->opts.depth_max);
        return failed_at(r, r->token, GW_TOOLARGE, err);
    }
    if (r->depth == r->frames_cap) {
        uint32_t cap =
            GW_MIN(r->frames_cap ? r->frames_cap * 2 : (uint32_t)FIRST_FRAMES, r->opts.depth_max);
        struct gw_json_frame *frames = GW_NEW_ARRAY(r->arena, struct gw_json_frame, cap);
        if (frames == NULL)
            return no_memory(r, err);
        if (r->depth)
            memcpy(frames, r->frames, r->depth * sizeof(*frames));
        r->frames = frames;
        r->frames_cap = cap;
    }
    r->frames[r->depth++] = (struct gw_json_frame){
        .names_base = gw_json_names_count(r->names),
        .is_object = is_object,
    };
    r->at++;
    r->state = is_object ? AT_FIRST_MEMBER : AT_FIRST_ITEM;
    return GW_OK;
}

static enum gw_json_event frame_close(struct gw_json_reader *r)
{
    struct gw_json_frame *frame = &r->frames[--r->depth];
    if (frame->is_object && r->names)
        gw_json_names_drop(r->names, frame->names_base);
    r->at++;
    r->state = AFTER_VALUE;
    return frame->is_object ? GW_JSON_AT_OBJECT_END : GW_JSON_AT_ARRAY_END;
}

static gw_rc name_check(struct gw_json_reader *r, struct gw_err *err)
{
    if (r->opts.keep_duplicates && !r->opts.configuration)
        return GW_OK;
    if (r->names == NULL)
        r->names = gw_json_names_new(r->arena, r->opts.hash_seed);
    if (r->names == NULL)
        return no_memory(r, err);
    uint32_t base = r->frames[r->depth - 1].names_base;
    gw_rc rc = gw_json_names_add(r->names, base, r->text, err);
    if (rc == GW_EXISTS) {
        (void)GW_FAIL_CODE(err, GW_INVALID, CODE_TWICE, "\"%.*s\" stands here a second time",
                           (int)GW_MIN(r->text.len, (size_t)100), r->text.data);
        return failed_at(r, r->token, GW_INVALID, err);
    }
    if (rc < 0)
        r->state = AT_FAILED;
    return rc;
}

/* At a quote. Takes the name and the colon behind it. */
static gw_rc take_name(struct gw_json_reader *r, struct gw_err *err)
{
    GW_TRY(take_string(r, err));
    GW_TRY(name_check(r, err));
    const char *token = r->token;
    GW_TRY(skip_to_token(r, err));
    if (r->at == r->end || *r->at != ':')
        return unexpected(r, "':'", err);
    r->at++;
    r->token = token;
    r->state = AT_VALUE;
    return GW_OK;
}

static gw_rc take_number(struct gw_json_reader *r, struct gw_err *err)
{
    struct gw_text rest = {r->at, (size_t)(r->end - r->at)};
    size_t len = gw_json_number_length(rest);
    if (len == 0)
        return bad(r, r->at, "not a number: digits are missing", err);
    bool more = len < rest.len && rest.data[len] >= '0' && rest.data[len] <= '9';
    if (more) /* digits end before a digit only behind a leading zero */
        return bad(r, r->at, "a number does not begin with 0", err);
    r->text = (struct gw_text){rest.data, len};
    r->at += len;
    r->state = AFTER_VALUE;
    return GW_OK;
}

static bool take_word(struct gw_json_reader *r, struct gw_text word)
{
    if ((size_t)(r->end - r->at) < word.len || memcmp(r->at, word.data, word.len) != 0)
        return false;
    r->at += word.len;
    r->state = AFTER_VALUE;
    return true;
}

static gw_rc take_value(struct gw_json_reader *r, enum gw_json_event *ret, const char *wanted,
                        struct gw_err *err)
{
    char first = front(r);
    if (first == '{' || first == '[') {
        *ret = first == '{' ? GW_JSON_AT_OBJECT : GW_JSON_AT_ARRAY;
        return frame_open(r, first == '{', err);
    }
    if (first == '"') {
        GW_TRY(take_string(r, err));
        r->state = AFTER_VALUE;
        *ret = GW_JSON_AT_STRING;
        return GW_OK;
    }
    if (first == '-' || (first >= '0' && first <= '9')) {
        *ret = GW_JSON_AT_NUMBER;
        return take_number(r, err);
    }
    if (first == 't' && take_word(r, GW_TEXT_LIT("true"))) {
        *ret = GW_JSON_AT_TRUE;
    } else if (first == 'f' && take_word(r, GW_TEXT_LIT("false"))) {
        *ret = GW_JSON_AT_FALSE;
    } else if (first == 'n' && take_word(r, GW_TEXT_LIT("null"))) {
        *ret = GW_JSON_AT_NULL;
    } else {
        return unexpected(r, wanted, err);
    }
    return GW_OK;
}

/* After a value: the comma, the closing bracket or the end. *ret_done: *ret is the event. */
static gw_rc take_after(struct gw_json_reader *r, enum gw_json_event *ret, bool *ret_done,
                        struct gw_err *err)
{
    char first = front(r);
    *ret_done = true;
    if (r->depth == 0) {
        if (r->at < r->end)
            return unexpected(r, "nothing more after the value", err);
        r->state = AT_DONE;
        *ret = GW_JSON_AT_END;
        return GW_OK;
    }
    bool in_object = r->frames[r->depth - 1].is_object;
    if (first == (in_object ? '}' : ']')) {
        *ret = frame_close(r);
        return GW_OK;
    }
    if (first != ',')
        return unexpected(r, in_object ? "',' or '}'" : "',' or ']'", err);
    r->at++;
    r->state = in_object ? AT_MEMBER : AT_ITEM;
    *ret_done = false;
    return skip_to_token(r, err);
}

static gw_rc take_member(struct gw_json_reader *r, enum gw_json_event *ret, struct gw_err *err)
{
    bool may_end = r->state == AT_FIRST_MEMBER || r->opts.configuration;
    if (may_end && r->at < r->end && *r->at == '}') {
        *ret = frame_close(r);
        return GW_OK;
    }
    if (r->at == r->end || *r->at != '"')
        return unexpected(r, may_end ? "a name in quotes or '}'" : "a name in quotes", err);
    *ret = GW_JSON_AT_NAME;
    return take_name(r, err);
}

static gw_rc take_item(struct gw_json_reader *r, enum gw_json_event *ret, struct gw_err *err)
{
    bool may_end = r->state == AT_FIRST_ITEM || r->opts.configuration;
    if (may_end && r->at < r->end && *r->at == ']') {
        *ret = frame_close(r);
        return GW_OK;
    }
    return take_value(r, ret, may_end ? "a value or ']'" : "a value", err);
}

gw_rc gw_json_next(struct gw_json_reader *r, enum gw_json_event *ret, struct gw_err *err)
{
    GW_ASSERT(r->state < AT_DONE);
    r->text = (struct gw_text){NULL, 0};
    GW_TRY(skip_to_token(r, err));
    if (r->state == AFTER_VALUE) {
        bool done = false;
        GW_TRY(take_after(r, ret, &done, err));
        if (done)
            return GW_OK;
    }
    if (r->state == AT_FIRST_MEMBER || r->state == AT_MEMBER)
        return take_member(r, ret, err);
    if (r->state == AT_FIRST_ITEM || r->state == AT_ITEM)
        return take_item(r, ret, err);
    return take_value(r, ret, "a value", err);
}

gw_rc gw_json_skip(struct gw_json_reader *r, enum gw_json_event begun, struct gw_text *ret_raw,
                   struct gw_err *err)
{
    const char *began = r->token;
    bool nested = begun == GW_JSON_AT_OBJECT || begun == GW_JSON_AT_ARRAY;
    uint32_t outside = r->depth - 1;
    while (nested && r->depth > outside) {
        enum gw_json_event event;
        GW_TRY(gw_json_next(r, &event, err));
    }
    if (ret_raw)
        *ret_raw = (struct gw_text){began, (size_t)(r->at - began)};
    return GW_OK;
}
