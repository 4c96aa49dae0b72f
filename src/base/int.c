#include "base/int.h"

#include "base/err.h"

gw_u128 gw_pow10(unsigned exponent)
{
    GW_ASSERT(exponent <= GW_DEC_DIGITS_MAX);
    gw_u128 power = 1;
    while (exponent--)
        power *= 10;
    return power;
}

static size_t reversed(char *text, size_t len)
{
    for (size_t i = 0; i < len / 2; i++) {
        char c = text[i];
        text[i] = text[len - 1 - i];
        text[len - 1 - i] = c;
    }
    text[len] = '\0';
    return len;
}

size_t gw_u128_text(gw_u128 value, char *ret)
{
    size_t len = 0;
    do {
        ret[len++] = (char)('0' + (int)(value % 10));
        value /= 10;
    } while (value);
    return reversed(ret, len);
}

static gw_u128 magnitude(gw_i128 value)
{
    return value < 0 ? 0 - (gw_u128)value : (gw_u128)value;
}

size_t gw_i128_text(gw_i128 value, char *ret)
{
    if (value < 0)
        *ret++ = '-';
    return gw_u128_text(magnitude(value), ret) + (value < 0);
}

size_t gw_dec_text(gw_i128 value, unsigned scale, char *ret)
{
    GW_ASSERT(scale <= GW_DEC_DIGITS_MAX);
    gw_u128 rest = magnitude(value);
    size_t len = 0;
    for (unsigned i = 0; i < scale; i++, rest /= 10)
        ret[len++] = (char)('0' + (int)(rest % 10));
    if (scale)
        ret[len++] = '.';
    do {
        ret[len++] = (char)('0' + (int)(rest % 10));
        rest /= 10;
    } while (rest);
    if (value < 0)
        ret[len++] = '-';
    return reversed(ret, len);
}

bool gw_u128_parse(struct gw_text text, gw_u128 *ret)
{
    gw_u128 value = 0;
    if (text.len == 0)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        if (__builtin_mul_overflow(value, (gw_u128)10, &value) ||
            __builtin_add_overflow(value, (gw_u128)(unsigned)(text.data[i] - '0'), &value))
            return false;
    }
    *ret = value;
    return true;
}

static bool with_sign(gw_u128 value, bool negative, gw_i128 *ret)
{
    const gw_u128 limit = (gw_u128)1 << 127;
    if (value > limit || (value == limit && !negative))
        return false;
    *ret = negative ? (gw_i128)(0 - value) : (gw_i128)value;
    return true;
}

static bool take_sign(struct gw_text *text)
{
    if (text->len == 0 || text->data[0] != '-')
        return false;
    *text = (struct gw_text){text->data + 1, text->len - 1};
    return true;
}

bool gw_i128_parse(struct gw_text text, gw_i128 *ret)
{
    bool negative = take_sign(&text);
    gw_u128 value = 0;
    return gw_u128_parse(text, &value) && with_sign(value, negative, ret);
}

bool gw_dec_parse(struct gw_text text, unsigned scale, gw_i128 *ret)
{
    GW_ASSERT(scale <= GW_DEC_DIGITS_MAX);
    bool negative = take_sign(&text);
    const char *point = text.len ? memchr(text.data, '.', text.len) : NULL;
    size_t whole_len = point ? (size_t)(point - text.data) : text.len;
    struct gw_text fraction = {point ? point + 1 : "", point ? text.len - whole_len - 1 : 0};
    if (point && fraction.len == 0)
        return false;
    gw_u128 value = 0;
    if (!gw_u128_parse((struct gw_text){text.data, whole_len}, &value))
        return false;
    for (size_t i = 0; i < GW_MAX((size_t)scale, fraction.len); i++) {
        char digit = '0';
        if (i < fraction.len)
            digit = fraction.data[i];
        if (digit < '0' || digit > '9' || (i >= scale && digit != '0'))
            return false;
        if (i < scale && (__builtin_mul_overflow(value, (gw_u128)10, &value) ||
                          __builtin_add_overflow(value, (gw_u128)(unsigned)(digit - '0'), &value)))
            return false;
    }
    return with_sign(value, negative, ret);
}
