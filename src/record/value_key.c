/* Values as key bytes: the order of memcmp is the order of values. */
#include "record/value.h"

#include "base/int.h"

enum { END = 0x00, ESCAPED = 0xff, NONE = 0x00, SOME = 0x01 };

/* Bytes of the big-endian form; 0 for kinds that are not numbers. A dec has 16 whatever its precision. */
static size_t number_bytes(const struct gw_type *type)
{
    switch (type->kind) {
    case GW_TYPE_DEC:
    case GW_TYPE_UUID:
        return 16;
    case GW_TYPE_TIME:
    case GW_TYPE_DUR:
        return 8;
    case GW_TYPE_ENUM:
        return gw_type_bits(type->members->base) / 8;
    default: /* the other kinds are integers, or no numbers */
        return gw_type_bits(type->kind) / 8;
    }
}

static bool number_is_signed(const struct gw_type *type)
{
    return gw_type_is_signed(type->kind == GW_TYPE_ENUM ? type->members->base : type->kind);
}

static void put_number(const struct gw_type *type, size_t bytes, gw_u128 number, struct gw_buf *ret)
{
    if (number_is_signed(type))
        number ^= (gw_u128)1 << (8 * bytes - 1);
    uint64_t words[2] = {__builtin_bswap64((uint64_t)(number >> 64)),
                         __builtin_bswap64((uint64_t)number)};
    uint8_t big_endian[16];
    memcpy(big_endian, words, sizeof(big_endian));
    gw_buf_put(ret, big_endian + sizeof(big_endian) - bytes, bytes);
}

static void put_text(struct gw_bytes bytes, struct gw_buf *ret)
{
    static const uint8_t end[] = {0, END}, escaped[] = {0, ESCAPED};
    while (bytes.len) {
        const uint8_t *zero = memchr(bytes.data, 0, bytes.len);
        size_t before = zero ? (size_t)(zero - bytes.data) : bytes.len;
        gw_buf_put(ret, bytes.data, before);
        if (zero == NULL)
            break;
        gw_buf_put(ret, escaped, sizeof(escaped));
        bytes = (struct gw_bytes){zero + 1, bytes.len - before - 1};
    }
    gw_buf_put(ret, end, sizeof(end));
}

/* NOLINTNEXTLINE(misc-no-recursion): GW_TYPE_DEPTH_MAX deep */
bool gw_type_is_key(const struct gw_type *type)
{
    if (type->kind == GW_TYPE_REAL || type->kind == GW_TYPE_LIST)
        return false;
    for (uint32_t i = 0; i < type->item_count; i++) {
        if (!gw_type_is_key(type->items[i]))
            return false;
    }
    return true;
}

/* NOLINTNEXTLINE(misc-no-recursion): at most GW_TYPE_DEPTH_MAX deep */
void gw_value_key(const struct gw_type *type, union gw_value value, struct gw_buf *ret)
{
    size_t bytes = number_bytes(type);
    if (bytes) {
        put_number(type, bytes, value.u, ret);
        return;
    }
    switch (type->kind) {
    case GW_TYPE_BOOL:
        gw_buf_put_u8(ret, value.i != 0);
        return;
    case GW_TYPE_STR:
    case GW_TYPE_BYTES:
        put_text(value.bytes, ret);
        return;
    case GW_TYPE_OPT:
        gw_buf_put_u8(ret, value.opt ? SOME : NONE);
        if (value.opt)
            gw_value_key(type->items[0], *value.opt, ret);
        return;
    case GW_TYPE_TUPLE:
        for (uint32_t i = 0; i < type->item_count; i++)
            gw_value_key(type->items[i], value.list.items[i], ret);
        return;
    default: /* the checker lets no other type become a key */
        GW_UNREACHABLE_CODE();
    }
}

/* ---- reading ---- */

static gw_rc cut_short(struct gw_err *err)
{
    return GW_FAIL(err, GW_INVALID, "key: cut short");
}

static void advance(struct gw_bytes *at, size_t bytes)
{
    *at = (struct gw_bytes){at->data + bytes, at->len - bytes};
}

static gw_rc take_number(const struct gw_type *type, size_t bytes, struct gw_bytes *at,
                         union gw_value *ret, struct gw_err *err)
{
    if (at->len < bytes)
        return cut_short(err);
    gw_u128 number = 0;
    for (size_t i = 0; i < bytes; i++)
        number = number << 8 | at->data[i];
    union gw_value value = {.u = number};
    if (number_is_signed(type)) {
        unsigned unused = (unsigned)(128 - 8 * bytes);
        number ^= (gw_u128)1 << (8 * bytes - 1);
        value.i = (gw_i128)(number << unused) >> unused; /* extends the sign */
    }
    GW_TRY(gw_value_check(type, value, err));
    advance(at, bytes);
    *ret = value;
    return GW_OK;
}

/* Bytes up to the end mark, and how many of them are escapes. @return false when there is no end or a wrong escape */
static bool text_span(struct gw_bytes at, size_t *ret_len, size_t *ret_escapes)
{
    *ret_escapes = 0;
    for (size_t i = 0; i + 1 < at.len; i++) {
        if (at.data[i] != 0)
            continue;
        if (at.data[i + 1] == END) {
            *ret_len = i;
            return true;
        }
        if (at.data[i + 1] != ESCAPED)
            return false;
        ++*ret_escapes;
        i++;
    }
    return false;
}

static struct gw_bytes unescape(struct gw_bytes raw, size_t escapes, struct gw_arena *arena)
{
    size_t len = raw.len - escapes, from = 0;
    uint8_t *text = gw_arena_get_raw(arena, len);
    if (text == NULL)
        return (struct gw_bytes){NULL, 0};
    for (size_t to = 0; to < len; to++) {
        text[to] = raw.data[from];
        from += raw.data[from] == 0 ? 2 : 1;
    }
    return (struct gw_bytes){text, len};
}

static gw_rc take_text(const struct gw_type *type, struct gw_bytes *at, struct gw_arena *arena,
                       union gw_value *ret, struct gw_err *err)
{
    size_t len = 0, escapes = 0;
    if (!text_span(*at, &len, &escapes))
        return GW_FAIL(err, GW_INVALID, "key: text without its end");
    union gw_value value;
    value.bytes = (struct gw_bytes){at->data, len};
    if (len - escapes > type->max)
        return gw_value_check(type, value, err);
    if (escapes)
        value.bytes = unescape(value.bytes, escapes, arena);
    if (value.bytes.data == NULL)
        return GW_FAIL_NOMEM(err);
    GW_TRY(gw_value_check(type, value, err));
    advance(at, len + 2);
    *ret = value;
    return GW_OK;
}

static gw_rc take_mark(struct gw_bytes *at, bool *ret, struct gw_err *err)
{
    if (at->len == 0)
        return cut_short(err);
    if (at->data[0] > SOME)
        return GW_FAIL(err, GW_INVALID, "key: a byte that must be 00 or 01");
    *ret = at->data[0] == SOME;
    advance(at, 1);
    return GW_OK;
}

/* NOLINTNEXTLINE(misc-no-recursion): at most GW_TYPE_DEPTH_MAX deep */
static gw_rc take_opt(const struct gw_type *type, struct gw_bytes *at, struct gw_arena *arena,
                      union gw_value *ret, struct gw_err *err)
{
    bool is_some = false;
    GW_TRY(take_mark(at, &is_some, err));
    union gw_value value = {.u = 0};
    if (is_some) {
        union gw_value *some = GW_NEW(arena, union gw_value);
        if (some == NULL)
            return GW_FAIL_NOMEM(err);
        GW_TRY(gw_value_unkey(type->items[0], at, arena, some, err));
        value.opt = some;
    }
    *ret = value;
    return GW_OK;
}

/* NOLINTNEXTLINE(misc-no-recursion): at most GW_TYPE_DEPTH_MAX deep */
static gw_rc take_tuple(const struct gw_type *type, struct gw_bytes *at, struct gw_arena *arena,
                        union gw_value *ret, struct gw_err *err)
{
    union gw_value *items = GW_NEW_ARRAY(arena, union gw_value, type->item_count);
    if (items == NULL)
        return GW_FAIL_NOMEM(err);
    for (uint32_t i = 0; i < type->item_count; i++)
        GW_TRY(gw_value_unkey(type->items[i], at, arena, &items[i], err));
    ret->list.items = items;
    ret->list.count = type->item_count;
    return GW_OK;
}

/* NOLINTNEXTLINE(misc-no-recursion): at most GW_TYPE_DEPTH_MAX deep */
gw_rc gw_value_unkey(const struct gw_type *type, struct gw_bytes *at, struct gw_arena *arena,
                     union gw_value *ret, struct gw_err *err)
{
    size_t bytes = number_bytes(type);
    if (bytes)
        return take_number(type, bytes, at, ret, err);
    switch (type->kind) {
    case GW_TYPE_BOOL: {
        bool is_true = false;
        GW_TRY(take_mark(at, &is_true, err));
        *ret = (union gw_value){.i = is_true};
        return GW_OK;
    }
    case GW_TYPE_STR:
    case GW_TYPE_BYTES:
        return take_text(type, at, arena, ret, err);
    case GW_TYPE_OPT:
        return take_opt(type, at, arena, ret, err);
    case GW_TYPE_TUPLE:
        return take_tuple(type, at, arena, ret, err);
    default: /* the checker lets no other type become a key */
        GW_UNREACHABLE_CODE();
        return GW_BUG;
    }
}
