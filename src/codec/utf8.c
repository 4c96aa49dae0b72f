#include "codec/utf8.h"

#define HIGH_BITS UINT64_C(0x8080808080808080)

static bool is_tail(unsigned char byte)
{
    return (byte & 0xC0) == 0x80;
}

/* Unicode 15, table 3-7: the second byte carries the limits, the others are plain. */
static bool second_fits(unsigned char first, unsigned char second)
{
    switch (first) {
    case 0xE0:
        return second >= 0xA0 && second <= 0xBF;
    case 0xED:
        return second >= 0x80 && second <= 0x9F;
    case 0xF0:
        return second >= 0x90 && second <= 0xBF;
    case 0xF4:
        return second >= 0x80 && second <= 0x8F;
    default:
        return is_tail(second);
    }
}

size_t gw_utf8_length(const char *data, size_t len)
{
    const unsigned char *at = (const unsigned char *)data;
    if (at[0] < 0x80)
        return 1;
    if (at[0] < 0xC2 || at[0] > 0xF4)
        return 0;
    size_t need = at[0] < 0xE0 ? 2 : at[0] < 0xF0 ? 3 : 4;
    if (len < need || !second_fits(at[0], at[1]))
        return 0;
    for (size_t i = 2; i < need; i++) {
        if (!is_tail(at[i]))
            return 0;
    }
    return need;
}

size_t gw_utf8_bad_at(struct gw_text text)
{
    size_t at = 0;
    while (at < text.len) {
        uint64_t eight = HIGH_BITS;
        if (text.len - at >= sizeof(eight))
            memcpy(&eight, text.data + at, sizeof(eight));
        if ((eight & HIGH_BITS) == 0) {
            at += sizeof(eight);
            continue;
        }
        size_t step = gw_utf8_length(text.data + at, text.len - at);
        if (step == 0)
            return at;
        at += step;
    }
    return text.len;
}

size_t gw_utf8_put(uint32_t scalar, char *ret)
{
    if (scalar < 0x80) {
        ret[0] = (char)scalar;
        return 1;
    }
    if (scalar < 0x800) {
        ret[0] = (char)(0xC0 | (scalar >> 6));
        ret[1] = (char)(0x80 | (scalar & 0x3F));
        return 2;
    }
    if (scalar < 0x10000) {
        if (scalar >= 0xD800 && scalar <= 0xDFFF)
            return 0;
        ret[0] = (char)(0xE0 | (scalar >> 12));
        ret[1] = (char)(0x80 | ((scalar >> 6) & 0x3F));
        ret[2] = (char)(0x80 | (scalar & 0x3F));
        return 3;
    }
    if (scalar > 0x10FFFF)
        return 0;
    ret[0] = (char)(0xF0 | (scalar >> 18));
    ret[1] = (char)(0x80 | ((scalar >> 12) & 0x3F));
    ret[2] = (char)(0x80 | ((scalar >> 6) & 0x3F));
    ret[3] = (char)(0x80 | (scalar & 0x3F));
    return 4;
}

size_t gw_utf8_count(struct gw_text text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++)
        count += !is_tail((unsigned char)text.data[i]);
    return count;
}
