/* Values as people see them: one line, cut where it gets too long. */
#include "record/text.h"

#include "base/int.h"
#include "base/utf8.h"
#include "record/real.h"
#include "record/text_int.h"

static const char ellipsis[] = "…";

/* What is written so far begins at `start`; nothing is added behind `bytes_max`. */
struct line {
    struct gw_buf *buf;
    size_t start, bytes_max;
    bool is_full;
};

static void put(struct line *line, struct gw_text text)
{
    size_t left = line->bytes_max - (line->buf->len - line->start);
    if (text.len > left)
        line->is_full = true;
    gw_buf_put(line->buf, text.data, GW_MIN(text.len, left));
}

static void put_escaped(struct line *line, struct gw_bytes bytes)
{
    put(line, GW_TEXT_LIT("\""));
    for (size_t i = 0; i < bytes.len && !line->is_full; i++) {
        static const char hex[] = "0123456789abcdef";
        char c = (char)bytes.data[i];
        char escaped[] = {'\\', c, 0, 0, 0, 0};
        size_t len = c == '"' || c == '\\' ? 2 : 1;
        if (c == '\n' || c == '\t' || c == '\r') {
            escaped[1] = (char)(c == '\n' ? 'n' : c == '\t' ? 't' : 'r');
            len = 2;
        } else if (bytes.data[i] < 0x20 || bytes.data[i] == 0x7f) {
            escaped[1] = 'u';
            escaped[2] = escaped[3] = '0';
            escaped[4] = hex[bytes.data[i] >> 4];
            escaped[5] = hex[bytes.data[i] & 15];
            len = 6;
        }
        put(line, len == 1 ? (struct gw_text){&c, 1} : (struct gw_text){escaped, len});
    }
    put(line, GW_TEXT_LIT("\""));
}

static void put_hex(struct line *line, struct gw_bytes bytes)
{
    put(line, GW_TEXT_LIT("x'"));
    for (size_t i = 0; i < bytes.len && !line->is_full; i++) {
        char hex[3];
        gw_hex((struct gw_bytes){bytes.data + i, 1}, hex);
        put(line, (struct gw_text){hex, 2});
    }
    put(line, GW_TEXT_LIT("'"));
}

static void put_value(struct line *line, const struct gw_type *type, union gw_value value);

/* NOLINTNEXTLINE(misc-no-recursion): at most GW_TYPE_DEPTH_MAX deep */
static void put_items(struct line *line, const struct gw_type *type, union gw_value value)
{
    bool is_tuple = type->kind == GW_TYPE_TUPLE;
    put(line, is_tuple ? GW_TEXT_LIT("(") : GW_TEXT_LIT("["));
    for (size_t i = 0; i < value.list.count && !line->is_full; i++) {
        put(line, i ? GW_TEXT_LIT(", ") : GW_TEXT_LIT(""));
        put_value(line, type->items[is_tuple ? i : 0], value.list.items[i]);
    }
    put(line, is_tuple ? GW_TEXT_LIT(")") : GW_TEXT_LIT("]"));
}

size_t gw_value_dur_text(int64_t ns, char *ret)
{
    int64_t again = 0;
    size_t len = gw_dur_text(ns, ret);
    if (gw_dur_parse((struct gw_text){ret, len}, &again) && again == ns)
        return len;
    len = gw_i128_text(ns, ret); /* three parts would have cut something */
    memcpy(ret + len, "ns", 3);
    return len + 2;
}

void gw_value_uuid_text(gw_u128 number, char *ret)
{
    char hex[33];
    struct gw_hash128 big_endian = gw_hash128_of_number(number);
    gw_hex((struct gw_bytes){big_endian.bytes, sizeof(big_endian.bytes)}, hex);
    for (size_t i = 0; i < 32; i++) {
        if (i == 8 || i == 12 || i == 16 || i == 20)
            *ret++ = '-';
        *ret++ = hex[i];
    }
    *ret = '\0';
}

struct gw_text gw_value_enum_name(const struct gw_type *type, gw_i128 number)
{
    for (uint32_t i = 0; i < type->members->member_count; i++) {
        if (type->members->members[i].number == number)
            return type->members->members[i].name;
    }
    return GW_TEXT_LIT("?");
}

static void put_number(struct line *line, const struct gw_type *type, union gw_value value)
{
    char text[GW_INT_TEXT_MAX];
    size_t len = 0;
    if (type->kind == GW_TYPE_DEC) {
        len = gw_dec_text(value.i, type->scale, text);
    } else if (type->kind == GW_TYPE_TIME) {
        len = gw_time_text((int64_t)value.i, type->unit, text);
    } else if (type->kind == GW_TYPE_DUR) {
        len = gw_value_dur_text((int64_t)value.i, text);
    } else if (gw_type_is_signed(type->kind)) {
        len = gw_i128_text(value.i, text);
    } else {
        len = gw_u128_text(value.u, text);
    }
    put(line, (struct gw_text){text, len});
}

static void put_real(struct line *line, uint64_t bits)
{
    char memory[48];
    struct gw_buf text;
    gw_buf_init_fixed(&text, memory, sizeof(memory));
    gw_real_text(bits, &text);
    put(line, gw_buf_text(&text));
}

/* NOLINTNEXTLINE(misc-no-recursion): at most GW_TYPE_DEPTH_MAX deep */
static void put_value(struct line *line, const struct gw_type *type, union gw_value value)
{
    char uuid[GW_UUID_TEXT_MAX];
    switch (type->kind) {
    case GW_TYPE_BOOL:
        put(line, value.i ? GW_TEXT_LIT("true") : GW_TEXT_LIT("false"));
        return;
    case GW_TYPE_STR:
        put_escaped(line, value.bytes);
        return;
    case GW_TYPE_BYTES:
        put_hex(line, value.bytes);
        return;
    case GW_TYPE_UUID:
        gw_value_uuid_text(value.u, uuid);
        put(line, gw_text(uuid));
        return;
    case GW_TYPE_ENUM:
        put(line, gw_value_enum_name(type, value.i));
        return;
    case GW_TYPE_OPT:
        if (value.opt) {
            put_value(line, type->items[0], *value.opt);
        } else {
            put(line, GW_TEXT_LIT("none"));
        }
        return;
    case GW_TYPE_TUPLE:
    case GW_TYPE_LIST:
        put_items(line, type, value);
        return;
    case GW_TYPE_REAL:
        put_real(line, (uint64_t)value.u);
        return;
    default: /* numbers */
        put_number(line, type, value);
        return;
    }
}

void gw_value_text(const struct gw_type *type, union gw_value value, size_t bytes_max,
                   struct gw_buf *ret)
{
    const size_t dots = sizeof(ellipsis) - 1;
    GW_ASSERT(bytes_max >= dots);
    struct line line = {.buf = ret, .start = ret->len, .bytes_max = bytes_max};
    put_value(&line, type, value);
    if (!line.is_full || ret->failed)
        return;
    struct gw_text whole = {(const char *)ret->data + line.start, ret->len - line.start};
    ret->len = line.start + gw_utf8_cut_bytes(whole, bytes_max - dots).len;
    gw_buf_put(ret, ellipsis, dots);
}
