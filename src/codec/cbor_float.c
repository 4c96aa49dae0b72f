/* Floats of canonical CBOR, in integer arithmetic: the same answer from every compiler and machine. */
#include "codec/cbor.h"

struct float_shape {
    int mantissa_bits, bias, exponent_top; /* exponent_top: the all-ones exponent */
};

static const struct float_shape half = {10, 15, 31};
static const struct float_shape single = {23, 127, 255};

#define MANTISSA64 ((UINT64_C(1) << 52) - 1)

static bool is_nan(uint64_t bits)
{
    return (bits << 1) > UINT64_C(0x7FF) << 53;
}

/* The value of `bits` (not a NaN) in the smaller shape, without its sign. @return false when it does not fit exactly */
static bool float_narrow(uint64_t bits, struct float_shape shape, uint32_t *ret)
{
    int exponent = (int)(bits >> 52 & 0x7FF);
    uint64_t mantissa = bits & MANTISSA64;
    uint32_t infinity = (uint32_t)shape.exponent_top << shape.mantissa_bits;
    if (exponent == 0x7FF || (bits << 1) == 0) {
        *ret = exponent ? infinity : 0;
        return true;
    }
    int power = exponent - 1023;
    int smallest = 1 - shape.bias - shape.mantissa_bits; /* power of the last subnormal bit */
    if (exponent == 0 || power > shape.bias || power < smallest)
        return false;
    bool normal = power >= 1 - shape.bias;
    int drop = normal ? 52 - shape.mantissa_bits : 52 - power + smallest;
    if (mantissa & ((UINT64_C(1) << drop) - 1))
        return false;
    if (normal) {
        *ret = (uint32_t)(power + shape.bias) << shape.mantissa_bits | (uint32_t)(mantissa >> drop);
    } else {
        *ret = (uint32_t)((mantissa | (UINT64_C(1) << 52)) >> drop);
    }
    return true;
}

static uint64_t float_widen(uint32_t bits, struct float_shape shape)
{
    int exponent = (int)(bits >> shape.mantissa_bits) & shape.exponent_top;
    uint64_t mantissa = bits & ((UINT32_C(1) << shape.mantissa_bits) - 1);
    int top_bit = shape.mantissa_bits == half.mantissa_bits ? 15 : 31;
    uint64_t sign = (uint64_t)(bits >> top_bit) << 63;
    if (exponent == shape.exponent_top)
        return sign | UINT64_C(0x7FF) << 52 | mantissa << (52 - shape.mantissa_bits);
    if (exponent == 0 && mantissa == 0)
        return sign;
    int power = exponent ? exponent - shape.bias : 1 - shape.bias;
    mantissa <<= 52 - shape.mantissa_bits;
    if (exponent == 0) {
        int shift = __builtin_clzll(mantissa) - 11;
        mantissa <<= shift;
        power -= shift;
    }
    return sign | (uint64_t)(power + 1023) << 52 | (mantissa & MANTISSA64);
}

static size_t float_bytes(uint8_t first)
{
    return (size_t)2 << (first - GW_CBOR_FLOAT16);
}

static size_t float_make(uint8_t *to, uint64_t bits)
{
    uint32_t narrow = 0;
    uint8_t first = GW_CBOR_FLOAT64;
    uint64_t big = bits;
    if (is_nan(bits)) {
        first = GW_CBOR_FLOAT16;
        big = UINT64_C(0x7E00) << 48;
    } else if (float_narrow(bits, half, &narrow)) {
        first = GW_CBOR_FLOAT16;
        big = (uint64_t)narrow << 48 | (bits & UINT64_C(1) << 63);
    } else if (float_narrow(bits, single, &narrow)) {
        first = GW_CBOR_FLOAT32;
        big = (uint64_t)narrow << 32 | (bits & UINT64_C(1) << 63);
    }
    big = __builtin_bswap64(big);
    size_t bytes = float_bytes(first);
    to[0] = first;
    memcpy(to + 1, &big, bytes);
    return 1 + bytes;
}

void gw_cbor_put_f64(struct gw_buf *buf, uint64_t bits)
{
    uint8_t item[GW_CBOR_HEAD_MAX];
    gw_buf_put(buf, item, float_make(item, bits));
}

uint64_t gw_cbor_get_f64(struct gw_cbor_reader *r)
{
    if (gw_cbor_peek(r) != GW_CBOR_IS_FLOAT) {
        gw_cbor_fail(r, gw_cbor_at_end(r) ? "cut short" : "expected a float");
        return 0;
    }
    uint8_t first = *r->at;
    size_t bytes = float_bytes(first);
    if ((size_t)(r->end - r->at) <= bytes) {
        gw_cbor_fail(r, "cut short");
        return 0;
    }
    uint64_t raw = 0;
    memcpy(&raw, r->at + 1, bytes);
    raw = __builtin_bswap64(raw) >> (64 - 8 * bytes);
    uint64_t bits = first == GW_CBOR_FLOAT64   ? raw
                    : first == GW_CBOR_FLOAT32 ? float_widen((uint32_t)raw, single)
                                               : float_widen((uint32_t)raw, half);
    uint8_t shortest[GW_CBOR_HEAD_MAX];
    if (float_make(shortest, bits) != 1 + bytes || memcmp(shortest, r->at, 1 + bytes) != 0) {
        gw_cbor_fail(r, "not in its shortest form");
        return 0;
    }
    r->at += 1 + bytes;
    return bits;
}
