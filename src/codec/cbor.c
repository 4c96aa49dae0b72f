#include "codec/cbor.h"

#include "codec/utf8.h"

enum { TAG_POSITIVE = 2, TAG_NEGATIVE = 3 };

static const char cut_short[] = "cut short";
static const char not_shortest[] = "not in its shortest form";

/* ---- writing ---- */

/* Into to[GW_CBOR_HEAD_MAX]; bytes beyond the head are scratch. @return length of the head */
static size_t head_make(uint8_t *to, enum gw_cbor_major major, uint64_t value)
{
    uint8_t top = (uint8_t)((unsigned)major << 5);
    if (value < 24) {
        to[0] = (uint8_t)(top | value);
        return 1;
    }
    unsigned log = value <= UINT8_MAX ? 0 : value <= UINT16_MAX ? 1 : value <= UINT32_MAX ? 2 : 3;
    size_t bytes = (size_t)1 << log;
    to[0] = (uint8_t)(top | (24 + log));
    uint64_t big = __builtin_bswap64(value << (64 - 8 * bytes));
    memcpy(to + 1, &big, sizeof(big)); /* eight at once is faster than exactly `bytes` */
    return 1 + bytes;
}

void gw_cbor_put_head_long(struct gw_buf *buf, enum gw_cbor_major major, uint64_t value)
{
    if (GW_LIKELY(buf->cap - buf->len >= GW_CBOR_HEAD_MAX && !buf->failed)) {
        buf->len += head_make(buf->data + buf->len, major, value);
        return;
    }
    uint8_t head[GW_CBOR_HEAD_MAX];
    gw_buf_put(buf, head, head_make(head, major, value));
}

static void put_big(struct gw_buf *buf, unsigned tag, gw_u128 value)
{
    uint8_t bytes[16];
    size_t first = sizeof(bytes);
    for (; value; value >>= 8)
        bytes[--first] = (uint8_t)value;
    gw_cbor_put_head(buf, GW_CBOR_TAG, tag);
    gw_cbor_put_bytes(buf, (struct gw_bytes){bytes + first, sizeof(bytes) - first});
}

void gw_cbor_put_u128(struct gw_buf *buf, gw_u128 value)
{
    if (value <= UINT64_MAX) {
        gw_cbor_put_head(buf, GW_CBOR_UINT, (uint64_t)value);
    } else {
        put_big(buf, TAG_POSITIVE, value);
    }
}

void gw_cbor_put_i128(struct gw_buf *buf, gw_i128 value)
{
    if (value >= 0) {
        gw_cbor_put_u128(buf, (gw_u128)value);
        return;
    }
    gw_u128 n = ~(gw_u128)value;
    if (n <= UINT64_MAX) {
        gw_cbor_put_head(buf, GW_CBOR_NINT, (uint64_t)n);
    } else {
        put_big(buf, TAG_NEGATIVE, n);
    }
}

/* ---- reading ---- */

void gw_cbor_fail(struct gw_cbor_reader *r, const char *why)
{
    if (r->why)
        return;
    r->why = why;
    r->failed_at = (size_t)(r->at - r->begin);
    r->at = r->end;
}

void gw_cbor_end(struct gw_cbor_reader *r)
{
    if (r->at != r->end)
        gw_cbor_fail(r, "bytes after the end");
}

gw_rc gw_cbor_check(const struct gw_cbor_reader *r, gw_rc rc, const char *what, struct gw_err *err)
{
    if (r->why == NULL)
        return GW_OK;
    return GW_FAIL(err, rc, "%s: byte %zu: %s", what, r->failed_at, r->why);
}

static enum gw_cbor_kind simple_kind(uint8_t byte)
{
    switch (byte) {
    case GW_CBOR_FALSE:
    case GW_CBOR_TRUE:
        return GW_CBOR_IS_BOOL;
    case GW_CBOR_NULL:
        return GW_CBOR_IS_NULL;
    case GW_CBOR_FLOAT16:
    case GW_CBOR_FLOAT32:
    case GW_CBOR_FLOAT64:
        return GW_CBOR_IS_FLOAT;
    default:
        return GW_CBOR_IS_OTHER;
    }
}

enum gw_cbor_kind gw_cbor_peek(const struct gw_cbor_reader *r)
{
    if (r->at == r->end)
        return GW_CBOR_IS_END;
    switch ((enum gw_cbor_major)(*r->at >> 5)) {
    case GW_CBOR_UINT:
    case GW_CBOR_NINT:
        return GW_CBOR_IS_INT;
    case GW_CBOR_BYTES:
        return GW_CBOR_IS_BYTES;
    case GW_CBOR_TEXT:
        return GW_CBOR_IS_TEXT;
    case GW_CBOR_ARRAY:
        return GW_CBOR_IS_ARRAY;
    case GW_CBOR_MAP:
        return GW_CBOR_IS_MAP;
    case GW_CBOR_TAG: {
        unsigned tag = *r->at & 0x1F;
        return tag == TAG_POSITIVE || tag == TAG_NEGATIVE ? GW_CBOR_IS_INT : GW_CBOR_IS_OTHER;
    }
    case GW_CBOR_SIMPLE:
        return simple_kind(*r->at);
    }
    return GW_CBOR_IS_OTHER;
}

/* The argument at r->at, whose low five bits are `info`; moves past it. Never called with r->at == r->end. */
static uint64_t argument_take(struct gw_cbor_reader *r)
{
    unsigned info = *r->at & 0x1F;
    if (info < 24) {
        r->at++;
        return info;
    }
    if (info > 27) {
        gw_cbor_fail(r, info == 31 ? "indefinite length" : "reserved head");
        return 0;
    }
    size_t bytes = (size_t)1 << (info - 24);
    if ((size_t)(r->end - r->at) <= bytes) {
        gw_cbor_fail(r, cut_short);
        return 0;
    }
    uint64_t big = 0;
    if (GW_LIKELY((size_t)(r->end - r->at) > sizeof(big))) {
        memcpy(&big, r->at + 1, sizeof(big)); /* what is too much is shifted out */
    } else {
        memcpy(&big, r->at + 1, bytes);
    }
    uint64_t value = __builtin_bswap64(big) >> (64 - 8 * bytes);
    uint64_t below = bytes == 1 ? 24 : UINT64_C(1) << (4 * bytes); /* this needs fewer bytes */
    if (value < below) {
        gw_cbor_fail(r, not_shortest);
        return 0;
    }
    r->at += 1 + bytes;
    return value;
}

static const char *expected_text(enum gw_cbor_major major)
{
    switch (major) {
    case GW_CBOR_UINT:
        return "expected a whole number >= 0";
    case GW_CBOR_NINT:
        return "expected a negative number";
    case GW_CBOR_BYTES:
        return "expected bytes";
    case GW_CBOR_TEXT:
        return "expected text";
    case GW_CBOR_ARRAY:
        return "expected an array";
    case GW_CBOR_MAP:
        return "expected a map";
    case GW_CBOR_TAG:
        return "expected a tag";
    case GW_CBOR_SIMPLE:
        return "expected a simple value";
    }
    return "expected something else";
}

uint64_t gw_cbor_get_head_long(struct gw_cbor_reader *r, enum gw_cbor_major major)
{
    if (r->at == r->end) {
        gw_cbor_fail(r, cut_short);
        return 0;
    }
    if (*r->at >> 5 != (unsigned)major) {
        gw_cbor_fail(r, expected_text(major));
        return 0;
    }
    return argument_take(r);
}

int64_t gw_cbor_get_int(struct gw_cbor_reader *r)
{
    bool negative = r->at != r->end && *r->at >> 5 == GW_CBOR_NINT;
    const uint8_t *began = r->at;
    uint64_t n = gw_cbor_get_head(r, negative ? GW_CBOR_NINT : GW_CBOR_UINT);
    if (n > INT64_MAX) {
        r->at = began;
        gw_cbor_fail(r, "number outside 64 bits");
        return 0;
    }
    return negative ? -1 - (int64_t)n : (int64_t)n;
}

static struct gw_bytes span_take(struct gw_cbor_reader *r, uint64_t len)
{
    if (len > (size_t)(r->end - r->at)) {
        gw_cbor_fail(r, cut_short);
        return (struct gw_bytes){NULL, 0};
    }
    struct gw_bytes span = {r->at, (size_t)len};
    r->at += len;
    return span;
}

struct gw_bytes gw_cbor_get_bytes(struct gw_cbor_reader *r)
{
    return span_take(r, gw_cbor_get_head(r, GW_CBOR_BYTES));
}

static struct gw_text text_take(struct gw_cbor_reader *r, uint64_t len)
{
    struct gw_text text = gw_bytes_text(span_take(r, len));
    size_t bad = gw_utf8_bad_at(text);
    if (GW_LIKELY(bad == text.len))
        return text;
    r->at -= text.len - bad;
    gw_cbor_fail(r, "text is not UTF-8");
    return (struct gw_text){NULL, 0};
}

struct gw_text gw_cbor_get_text(struct gw_cbor_reader *r)
{
    return text_take(r, gw_cbor_get_head(r, GW_CBOR_TEXT));
}

void gw_cbor_get_exact(struct gw_cbor_reader *r, void *ret, size_t len)
{
    const uint8_t *began = r->at;
    struct gw_bytes bytes = gw_cbor_get_bytes(r);
    if (bytes.len == len && r->why == NULL) {
        if (len)
            memcpy(ret, bytes.data, len);
        return;
    }
    memset(ret, 0, len);
    if (r->why == NULL)
        r->at = began;
    gw_cbor_fail(r, "bytes of another length");
}

static gw_u128 big_take(struct gw_cbor_reader *r)
{
    bool negative = *r->at++ == (GW_CBOR_TAG << 5 | TAG_NEGATIVE);
    const uint8_t *began = r->at;
    struct gw_bytes bytes = gw_cbor_get_bytes(r);
    if (r->why)
        return 0;
    const char *why = NULL;
    if (bytes.len <= 8 || bytes.data[0] == 0) {
        why = not_shortest;
    } else if (bytes.len > 16 || (negative && bytes.len == 16 && bytes.data[0] >> 7)) {
        why = "number outside 128 bits"; /* -1 - n is below what an i128 holds */
    }
    if (why) {
        r->at = began;
        gw_cbor_fail(r, why);
        return 0;
    }
    gw_u128 value = 0;
    for (size_t i = 0; i < bytes.len; i++)
        value = value << 8 | bytes.data[i];
    return value;
}

gw_u128 gw_cbor_get_u128(struct gw_cbor_reader *r)
{
    if (r->at != r->end && *r->at == (GW_CBOR_TAG << 5 | TAG_POSITIVE))
        return big_take(r);
    return gw_cbor_get_head(r, GW_CBOR_UINT);
}

gw_i128 gw_cbor_get_i128(struct gw_cbor_reader *r)
{
    unsigned first = r->at != r->end ? *r->at : 0;
    const uint8_t *began = r->at;
    bool negative = first >> 5 == GW_CBOR_NINT || first == (GW_CBOR_TAG << 5 | TAG_NEGATIVE);
    gw_u128 n = 0;
    if (first == (GW_CBOR_TAG << 5 | TAG_POSITIVE) || first == (GW_CBOR_TAG << 5 | TAG_NEGATIVE)) {
        n = big_take(r);
    } else {
        n = gw_cbor_get_head(r, negative ? GW_CBOR_NINT : GW_CBOR_UINT);
    }
    if (n >> 127) {
        r->at = began;
        gw_cbor_fail(r, "number outside 128 bits");
        return 0;
    }
    return negative && r->why == NULL ? -1 - (gw_i128)n : (gw_i128)n;
}

static size_t count_take(struct gw_cbor_reader *r, enum gw_cbor_major major, size_t each_bytes)
{
    uint64_t count = gw_cbor_get_head(r, major);
    if (GW_LIKELY(count <= (size_t)(r->end - r->at) / each_bytes))
        return (size_t)count;
    gw_cbor_fail(r, cut_short);
    return 0;
}

size_t gw_cbor_get_array(struct gw_cbor_reader *r)
{
    return count_take(r, GW_CBOR_ARRAY, 1);
}

void gw_cbor_get_array_of(struct gw_cbor_reader *r, size_t count)
{
    const uint8_t *began = r->at;
    size_t got = gw_cbor_get_array(r);
    if (GW_LIKELY(got == count) || r->why)
        return;
    r->at = began;
    gw_cbor_fail(r, "array of another length");
}

bool gw_cbor_get_bool(struct gw_cbor_reader *r)
{
    if (gw_cbor_peek(r) != GW_CBOR_IS_BOOL) {
        gw_cbor_fail(r, gw_cbor_at_end(r) ? cut_short : "expected true or false");
        return false;
    }
    return *r->at++ == GW_CBOR_TRUE;
}

void gw_cbor_get_null(struct gw_cbor_reader *r)
{
    if (!gw_cbor_take_null(r))
        gw_cbor_fail(r, gw_cbor_at_end(r) ? cut_short : "expected null");
}

/* ---- whole items ---- */

/* One open array or map. In a map items alternate: key, value, key, … */
struct level {
    size_t left; /* items */
    bool is_map;
    const uint8_t *key; /* where the key being read began */
    struct gw_bytes last_key;
};

static bool key_rises(struct gw_cbor_reader *r, struct gw_bytes *last, struct gw_bytes key)
{
    if (last->data && gw_bytes_compare(*last, key) >= 0) {
        r->at = key.data;
        gw_cbor_fail(r, "map keys out of order");
        return false;
    }
    *last = key;
    return true;
}

/* Bignums, floats and the three simple values. */
static void special_take(struct gw_cbor_reader *r)
{
    switch (gw_cbor_peek(r)) {
    case GW_CBOR_IS_INT:
        (void)big_take(r);
        return;
    case GW_CBOR_IS_BOOL:
    case GW_CBOR_IS_NULL:
        r->at++;
        return;
    case GW_CBOR_IS_FLOAT:
        (void)gw_cbor_get_f64(r);
        return;
    case GW_CBOR_IS_END:
    case GW_CBOR_IS_BYTES:
    case GW_CBOR_IS_TEXT:
    case GW_CBOR_IS_ARRAY:
    case GW_CBOR_IS_MAP:
    case GW_CBOR_IS_OTHER:
        break;
    }
    gw_cbor_fail(r, "a tag or simple value that has no meaning here");
}

/* Takes a head and the bytes that belong to it alone. A chain of tests: a jump table is mispredicted at each item.
 * @return items that follow (two for each pair of a map) */
static size_t item_take(struct gw_cbor_reader *r, bool *ret_map)
{
    *ret_map = false;
    if (r->at == r->end) {
        gw_cbor_fail(r, cut_short);
        return 0;
    }
    unsigned major = *r->at >> 5;
    if (major <= GW_CBOR_NINT) {
        (void)argument_take(r);
    } else if (major == GW_CBOR_TEXT) {
        (void)gw_cbor_get_text(r);
    } else if (major == GW_CBOR_BYTES) {
        (void)gw_cbor_get_bytes(r);
    } else if (major == GW_CBOR_ARRAY) {
        return count_take(r, GW_CBOR_ARRAY, 1);
    } else if (major == GW_CBOR_MAP) {
        *ret_map = true;
        return 2 * count_take(r, GW_CBOR_MAP, 2);
    } else if (*r->at >= GW_CBOR_FALSE && *r->at <= GW_CBOR_NULL) {
        r->at++;
    } else {
        special_take(r);
    }
    return 0;
}

/* An item of the innermost level has ended at r->at: closes what is complete. @return depth, 0 when all is done */
static size_t levels_close(struct gw_cbor_reader *r, struct level *levels, size_t depth)
{
    while (depth) {
        struct level *level = &levels[depth - 1];
        bool was_key = level->is_map && level->left % 2 == 0;
        level->left--;
        if (was_key) {
            struct gw_bytes key = {level->key, (size_t)(r->at - level->key)};
            if (!key_rises(r, &level->last_key, key))
                return 0;
        }
        if (level->left)
            return depth;
        depth--;
    }
    return 0;
}

struct gw_bytes gw_cbor_skip(struct gw_cbor_reader *r)
{
    struct level levels[GW_CBOR_DEPTH_MAX];
    size_t depth = 0;
    const uint8_t *began = r->at;
    do {
        if (depth && levels[depth - 1].is_map && levels[depth - 1].left % 2 == 0)
            levels[depth - 1].key = r->at;
        bool is_map = false;
        const uint8_t *item = r->at;
        size_t items = item_take(r, &is_map);
        if (r->why)
            return (struct gw_bytes){NULL, 0};
        if (items == 0) {
            depth = levels_close(r, levels, depth);
            continue;
        }
        if (depth == GW_CBOR_DEPTH_MAX) {
            r->at = item;
            gw_cbor_fail(r, "nested too deeply");
            break;
        }
        levels[depth++] = (struct level){.left = items, .is_map = is_map};
    } while (depth);
    if (r->why)
        return (struct gw_bytes){NULL, 0};
    return (struct gw_bytes){began, (size_t)(r->at - began)};
}

struct gw_cbor_map gw_cbor_get_map(struct gw_cbor_reader *r)
{
    return (struct gw_cbor_map){.left = count_take(r, GW_CBOR_MAP, 2)};
}

bool gw_cbor_map_next(struct gw_cbor_reader *r, struct gw_cbor_map *map)
{
    if (map->left == 0 || r->why)
        return false;
    struct gw_cbor_reader ahead = *r;
    struct gw_bytes key = gw_cbor_skip(&ahead);
    if (ahead.why) {
        *r = ahead;
        return false;
    }
    if (!key_rises(r, &map->last_key, key))
        return false;
    map->left--;
    return true;
}
