#include "codec/json_write.h"

#include "base/int.h"
#include "codec/utf8.h"

#define SAFE_MAX (UINT64_C(1) << 53)        /* every whole number up to here is a double */
#define DIGITS15 UINT64_C(1000000000000000) /* and every decimal of up to 15 digits survives one */

gw_rc gw_json_writer_check(const struct gw_json_writer *w, const char *what, struct gw_err *err)
{
    if (w->bad_text)
        return GW_FAIL(err, GW_INVALID, "%s: a text is not UTF-8", what);
    return gw_buf_check(w->buf, what, err);
}

static void new_line(struct gw_json_writer *w)
{
    static const char blanks[] = "                                ";
    if (w->indent == 0)
        return;
    gw_buf_put_u8(w->buf, '\n');
    size_t left = (size_t)w->indent * w->depth;
    while (left && !w->buf->failed) {
        size_t step = GW_MIN(left, sizeof(blanks) - 1);
        gw_buf_put(w->buf, blanks, step);
        left -= step;
    }
}

/* What stands before a value or a name. */
static void lead_in(struct gw_json_writer *w)
{
    if (w->after_name) {
        w->after_name = false;
    } else {
        if (w->comma)
            gw_buf_put_u8(w->buf, ',');
        if (w->depth)
            new_line(w);
    }
    w->comma = true;
}

static void begin(struct gw_json_writer *w, uint8_t bracket)
{
    lead_in(w);
    gw_buf_put_u8(w->buf, bracket);
    w->depth++;
    w->comma = false;
}

static void end(struct gw_json_writer *w, uint8_t bracket)
{
    GW_ASSERT(w->depth && !w->after_name);
    w->depth--;
    if (w->comma)
        new_line(w);
    gw_buf_put_u8(w->buf, bracket);
    w->comma = true;
}

void gw_json_put_object(struct gw_json_writer *w)
{
    begin(w, '{');
}

void gw_json_put_object_end(struct gw_json_writer *w)
{
    end(w, '}');
}

void gw_json_put_array(struct gw_json_writer *w)
{
    begin(w, '[');
}

void gw_json_put_array_end(struct gw_json_writer *w)
{
    end(w, ']');
}

/* ---- texts ---- */

/* @return the letter of the short escape, 0 when there is none */
static char short_letter(unsigned char byte)
{
    switch (byte) {
    case '"':
        return '"';
    case '\\':
        return '\\';
    case '\b':
        return 'b';
    case '\f':
        return 'f';
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    default:
        return 0;
    }
}

static void put_escape(struct gw_buf *buf, unsigned char byte)
{
    static const char hex[] = "0123456789abcdef";
    char letter = short_letter(byte);
    char two[] = {'\\', letter};
    char six[] = {'\\', 'u', '0', '0', hex[byte >> 4 & 15], hex[byte & 15]};
    if (letter) {
        gw_buf_put(buf, two, sizeof(two));
    } else {
        gw_buf_put(buf, six, sizeof(six));
    }
}

bool gw_json_escape(struct gw_buf *buf, struct gw_text text)
{
    size_t valid = gw_utf8_bad_at(text), from = 0;
    gw_buf_put_u8(buf, '"');
    for (size_t i = 0; i < valid; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        if (GW_LIKELY(byte >= 0x20 && byte != '"' && byte != '\\'))
            continue;
        gw_buf_put(buf, text.data + from, i - from);
        put_escape(buf, byte);
        from = i + 1;
    }
    if (valid > from)
        gw_buf_put(buf, text.data + from, valid - from);
    gw_buf_put_u8(buf, '"');
    return valid == text.len;
}

void gw_json_put_text(struct gw_json_writer *w, struct gw_text text)
{
    lead_in(w);
    if (!gw_json_escape(w->buf, text))
        w->bad_text = true;
}

void gw_json_put_str(struct gw_json_writer *w, const char *zero_terminated)
{
    gw_json_put_text(w, gw_text(zero_terminated));
}

void gw_json_put_name(struct gw_json_writer *w, struct gw_text name)
{
    GW_ASSERT(w->depth && !w->after_name);
    gw_json_put_text(w, name);
    gw_buf_put(w->buf, ": ", w->indent ? 2 : 1);
    w->after_name = true;
}

void gw_json_put_name_str(struct gw_json_writer *w, const char *name)
{
    gw_json_put_name(w, gw_text(name));
}

/* ---- the rest ---- */

void gw_json_put_raw(struct gw_json_writer *w, struct gw_text json)
{
    lead_in(w);
    gw_buf_put_text(w->buf, json);
}

void gw_json_put_bool(struct gw_json_writer *w, bool value)
{
    gw_json_put_raw(w, value ? GW_TEXT_LIT("true") : GW_TEXT_LIT("false"));
}

void gw_json_put_null(struct gw_json_writer *w)
{
    gw_json_put_raw(w, GW_TEXT_LIT("null"));
}

/* `digits` needs no escapes. */
static void put_digits(struct gw_json_writer *w, struct gw_text digits, bool as_string)
{
    lead_in(w);
    if (as_string)
        gw_buf_put_u8(w->buf, '"');
    gw_buf_put_text(w->buf, digits);
    if (as_string)
        gw_buf_put_u8(w->buf, '"');
}

void gw_json_put_u128(struct gw_json_writer *w, gw_u128 value)
{
    char digits[GW_INT_TEXT_MAX];
    size_t len = gw_u128_text(value, digits);
    put_digits(w, (struct gw_text){digits, len}, value > SAFE_MAX);
}

void gw_json_put_dec(struct gw_json_writer *w, gw_i128 value, unsigned scale)
{
    char digits[GW_INT_TEXT_MAX];
    gw_u128 magnitude = value < 0 ? 0 - (gw_u128)value : (gw_u128)value;
    size_t len = gw_dec_text(value, scale, digits);
    bool bends = scale ? magnitude >= DIGITS15 : magnitude > SAFE_MAX;
    put_digits(w, (struct gw_text){digits, len}, bends);
}

void gw_json_put_i128(struct gw_json_writer *w, gw_i128 value)
{
    gw_json_put_dec(w, value, 0);
}

void gw_json_put_u64(struct gw_json_writer *w, uint64_t value)
{
    gw_json_put_u128(w, value);
}

void gw_json_put_i64(struct gw_json_writer *w, int64_t value)
{
    gw_json_put_dec(w, value, 0);
}

static void put_one(struct gw_json_writer *w, const struct gw_json *node)
{
    switch (node->kind) {
    case GW_JSON_NULL:
        gw_json_put_null(w);
        return;
    case GW_JSON_BOOL:
        gw_json_put_bool(w, node->truth);
        return;
    case GW_JSON_NUMBER:
        gw_json_put_raw(w, node->text);
        return;
    case GW_JSON_STRING:
        gw_json_put_text(w, node->text);
        return;
    case GW_JSON_ARRAY:
        gw_json_put_array(w);
        return;
    case GW_JSON_OBJECT:
        gw_json_put_object(w);
        return;
    }
}

static void put_close(struct gw_json_writer *w, const struct gw_json *node)
{
    if (node->kind == GW_JSON_OBJECT) {
        gw_json_put_object_end(w);
    } else {
        gw_json_put_array_end(w);
    }
}

static bool is_nest(const struct gw_json *node)
{
    return node->kind == GW_JSON_OBJECT || node->kind == GW_JSON_ARRAY;
}

void gw_json_put_node(struct gw_json_writer *w, const struct gw_json *node)
{
    const struct gw_json *at = node;
    for (;;) {
        if (at != node && at->name.data)
            gw_json_put_name(w, at->name);
        put_one(w, at);
        if (at->first) {
            at = at->first;
            continue;
        }
        if (is_nest(at))
            put_close(w, at);
        while (at != node && at->next == NULL) {
            at = at->parent;
            put_close(w, at);
        }
        if (at == node)
            return;
        at = at->next;
    }
}
