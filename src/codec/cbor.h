/**
 * Canonical CBOR: the only binary form of values in godwit. One value, one encoding, so equal bytes mean equal values.
 *
 * Format: RFC 8949 section 4.2.1 (core deterministic): shortest heads, definite lengths, map keys in rising
 * bytewise order of their encodings, floats in the shortest form that keeps their value (every NaN is f97e00).
 * The subset: integers up to 128 bits (tags 2 and 3 only where 64 bits do not reach), bytes, UTF-8 text, arrays,
 * maps, false, true, null, floats. Everything else (other tags, undefined, other simple values) is refused.
 *
 * Writing appends to a gw_buf, which remembers a refused append: check once with gw_buf_check(). The writer does
 * not sort map keys and does not look into text; the caller gives keys in order and text that is UTF-8.
 * Reading is zero-copy: views borrow the input. The reader remembers its first failure: from then on every
 * get returns zero or an empty view, and gw_cbor_check() says what was wrong and where. Check once, before use.
 */
#ifndef GW_CODEC_CBOR_H
#define GW_CODEC_CBOR_H

#include "base/buf.h"
#include "base/err.h"

enum gw_cbor_major {
    GW_CBOR_UINT,
    GW_CBOR_NINT, /* -1 - n */
    GW_CBOR_BYTES,
    GW_CBOR_TEXT,
    GW_CBOR_ARRAY,
    GW_CBOR_MAP,
    GW_CBOR_TAG,
    GW_CBOR_SIMPLE,
};

/** What the next item is, as gw_cbor_peek() tells it. */
enum gw_cbor_kind {
    GW_CBOR_IS_END, /* no byte left, or the reader has failed */
    GW_CBOR_IS_INT, /* an integer of any size, bignums too: gw_cbor_get_i128() and its sisters */
    GW_CBOR_IS_BYTES,
    GW_CBOR_IS_TEXT,
    GW_CBOR_IS_ARRAY,
    GW_CBOR_IS_MAP,
    GW_CBOR_IS_BOOL,
    GW_CBOR_IS_NULL,
    GW_CBOR_IS_FLOAT,
    GW_CBOR_IS_OTHER, /* nothing that canonical input may hold */
};

enum {
    GW_CBOR_DEPTH_MAX = 64, /* of arrays and maps, for gw_cbor_skip() */
    GW_CBOR_HEAD_MAX = 9,
    GW_CBOR_INT_MAX = 18, /* bytes of the longest 128-bit integer */
    GW_CBOR_FALSE = 0xF4,
    GW_CBOR_TRUE = 0xF5,
    GW_CBOR_NULL = 0xF6,
    GW_CBOR_FLOAT16 = 0xF9,
    GW_CBOR_FLOAT32 = 0xFA,
    GW_CBOR_FLOAT64 = 0xFB,
};

/* ---- writing ---- */

void gw_cbor_put_head_long(struct gw_buf *buf, enum gw_cbor_major major, uint64_t value);

static inline void gw_cbor_put_head(struct gw_buf *buf, enum gw_cbor_major major, uint64_t value)
{
    if (GW_LIKELY(value < 24 && buf->len < buf->cap && !buf->failed)) {
        buf->data[buf->len++] = (uint8_t)((unsigned)major << 5 | (unsigned)value);
    } else {
        gw_cbor_put_head_long(buf, major, value);
    }
}

static inline void gw_cbor_put_uint(struct gw_buf *buf, uint64_t value)
{
    gw_cbor_put_head(buf, GW_CBOR_UINT, value);
}

static inline void gw_cbor_put_int(struct gw_buf *buf, int64_t value)
{
    if (value >= 0) {
        gw_cbor_put_head(buf, GW_CBOR_UINT, (uint64_t)value);
    } else {
        gw_cbor_put_head(buf, GW_CBOR_NINT, ~(uint64_t)value);
    }
}

/** A plain integer where 64 bits of magnitude reach, a bignum (tag 2 or 3) without leading zeros beyond. */
void gw_cbor_put_u128(struct gw_buf *buf, gw_u128 value);
void gw_cbor_put_i128(struct gw_buf *buf, gw_i128 value);

static inline void gw_cbor_put_bytes(struct gw_buf *buf, struct gw_bytes bytes)
{
    gw_cbor_put_head(buf, GW_CBOR_BYTES, bytes.len);
    gw_buf_put_bytes(buf, bytes);
}

/** @text must be UTF-8: readers refuse anything else */
static inline void gw_cbor_put_text(struct gw_buf *buf, struct gw_text text)
{
    gw_cbor_put_head(buf, GW_CBOR_TEXT, text.len);
    gw_buf_put_text(buf, text);
}

/** The head of an array; its `count` items follow. */
static inline void gw_cbor_put_array(struct gw_buf *buf, uint64_t count)
{
    gw_cbor_put_head(buf, GW_CBOR_ARRAY, count);
}

/** The head of a map; `count` pairs follow, keys in rising bytewise order of their encodings. */
static inline void gw_cbor_put_map(struct gw_buf *buf, uint64_t count)
{
    gw_cbor_put_head(buf, GW_CBOR_MAP, count);
}

static inline void gw_cbor_put_bool(struct gw_buf *buf, bool value)
{
    gw_buf_put_u8(buf, value ? GW_CBOR_TRUE : GW_CBOR_FALSE);
}

static inline void gw_cbor_put_null(struct gw_buf *buf)
{
    gw_buf_put_u8(buf, GW_CBOR_NULL);
}

/** @bits  an IEEE 754 binary64; written in 16, 32 or 64 bits, the shortest that keeps the value */
void gw_cbor_put_f64(struct gw_buf *buf, uint64_t bits);

/* ---- reading ---- */

/** Invariant: begin <= at <= end; once `why` is set, at == end. */
struct gw_cbor_reader {
    const uint8_t *at, *end;
    const uint8_t *begin;
    const char *why;  /* NULL, or the first failure: a static string */
    size_t failed_at; /* byte offset of it */
};

static inline struct gw_cbor_reader gw_cbor_reader(struct gw_bytes bytes)
{
    return (struct gw_cbor_reader){
        .at = bytes.data,
        .end = bytes.len ? bytes.data + bytes.len : bytes.data,
        .begin = bytes.data,
    };
}

/** Fails the reader for a reason of the caller's own ("unknown kind"), unless it has failed already. `why` is static. */
void gw_cbor_fail(struct gw_cbor_reader *r, const char *why);
/** Fails the reader when bytes are left. */
void gw_cbor_end(struct gw_cbor_reader *r);
/**
 * @rc     what a failure means here: GW_CORRUPT for stored bytes, GW_INVALID for a client's
 * @return GW_OK, or `rc` with "WHAT: byte 17: …"
 */
GW_NODISCARD gw_rc gw_cbor_check(const struct gw_cbor_reader *r, gw_rc rc, const char *what,
                                 struct gw_err *err);

static inline bool gw_cbor_failed(const struct gw_cbor_reader *r)
{
    return r->why != NULL;
}

static inline bool gw_cbor_at_end(const struct gw_cbor_reader *r)
{
    return r->at == r->end;
}

enum gw_cbor_kind gw_cbor_peek(const struct gw_cbor_reader *r);

/** The argument of the next head, which must be of `major` and in shortest form; 0 on failure. */
uint64_t gw_cbor_get_head_long(struct gw_cbor_reader *r, enum gw_cbor_major major);

static inline uint64_t gw_cbor_get_head(struct gw_cbor_reader *r, enum gw_cbor_major major)
{
    if (GW_LIKELY(r->at != r->end && (unsigned)(*r->at - ((unsigned)major << 5)) < 24))
        return *r->at++ & 0x1F;
    return gw_cbor_get_head_long(r, major);
}

static inline uint64_t gw_cbor_get_uint(struct gw_cbor_reader *r)
{
    return gw_cbor_get_head(r, GW_CBOR_UINT);
}

/** As gw_cbor_get_uint(), refusing numbers above `max`: for counts, kinds and small fields. */
static inline uint64_t gw_cbor_get_uint_to(struct gw_cbor_reader *r, uint64_t max)
{
    uint64_t value = gw_cbor_get_head(r, GW_CBOR_UINT);
    if (GW_LIKELY(value <= max))
        return value;
    gw_cbor_fail(r, "number above its limit");
    return 0;
}

int64_t gw_cbor_get_int(struct gw_cbor_reader *r);
/** An int or a bignum. Refused: out of range, a bignum that 64 bits would hold, leading zeros. */
gw_u128 gw_cbor_get_u128(struct gw_cbor_reader *r);
gw_i128 gw_cbor_get_i128(struct gw_cbor_reader *r);

struct gw_bytes gw_cbor_get_bytes(struct gw_cbor_reader *r);
struct gw_text gw_cbor_get_text(struct gw_cbor_reader *r);
/** A byte string of exactly `len` bytes, copied to `ret`; on failure `ret` is filled with zeros. */
void gw_cbor_get_exact(struct gw_cbor_reader *r, void *ret, size_t len);

/** @return items that follow; never more than there are bytes left, so a lie cannot make the caller loop long */
size_t gw_cbor_get_array(struct gw_cbor_reader *r);
/** An array of exactly `count` items, which follow. */
void gw_cbor_get_array_of(struct gw_cbor_reader *r, size_t count);

bool gw_cbor_get_bool(struct gw_cbor_reader *r);
void gw_cbor_get_null(struct gw_cbor_reader *r);

/** Takes the next item if it is null. For optional values: `if (!gw_cbor_take_null(r)) x = gw_cbor_get_…(r);` */
static inline bool gw_cbor_take_null(struct gw_cbor_reader *r)
{
    if (r->at == r->end || *r->at != GW_CBOR_NULL)
        return false;
    r->at++;
    return true;
}

/** @return IEEE 754 binary64 bits of a float of any canonical size */
uint64_t gw_cbor_get_f64(struct gw_cbor_reader *r);

/**
 * Takes one whole item, checked to the last byte: canonical, keys in order, depth <= GW_CBOR_DEPTH_MAX, floats allowed.
 * @return its bytes; empty on failure
 */
struct gw_bytes gw_cbor_skip(struct gw_cbor_reader *r);

/** A walk through a map: `while (gw_cbor_map_next(r, &map)) { key = gw_cbor_get_…(r); value = …; }` */
struct gw_cbor_map {
    size_t left;
    struct gw_bytes last_key; /* its encoding, in the input */
};

struct gw_cbor_map gw_cbor_get_map(struct gw_cbor_reader *r);
/** True: the reader stands before the next key, which is greater than the one before. False: no more pairs, or failed. */
bool gw_cbor_map_next(struct gw_cbor_reader *r, struct gw_cbor_map *map);

#endif
