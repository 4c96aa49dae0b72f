#include "codec/json_number.h"

enum { EXPONENT_BOUND = 1000000000 }; /* beyond what any text of ours could make up for */

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static size_t digits_at(struct gw_text text, size_t at)
{
    size_t from = at;
    while (at < text.len && is_digit(text.data[at]))
        at++;
    return at - from;
}

/* Where the parts of a number lie in its text. */
struct parts {
    bool negative;
    size_t whole_at, whole_len, fraction_at, fraction_len, exponent_at, exponent_len;
    bool exponent_negative;
    size_t len;
};

static bool take_exponent(struct gw_text text, struct parts *p)
{
    size_t at = p->len + 1;
    if (at < text.len && (text.data[at] == '-' || text.data[at] == '+')) {
        p->exponent_negative = text.data[at] == '-';
        at++;
    }
    p->exponent_at = at;
    p->exponent_len = digits_at(text, at);
    p->len = at + p->exponent_len;
    return p->exponent_len > 0;
}

static bool take_parts(struct gw_text text, struct parts *p)
{
    *p = (struct parts){.negative = text.len > 0 && text.data[0] == '-'};
    p->whole_at = p->negative;
    p->whole_len = digits_at(text, p->whole_at);
    if (p->whole_len == 0)
        return false;
    if (text.data[p->whole_at] == '0')
        p->whole_len = 1; /* what follows a leading zero is not part of the number */
    p->len = p->whole_at + p->whole_len;
    if (p->len < text.len && text.data[p->len] == '.') {
        p->fraction_at = p->len + 1;
        p->fraction_len = digits_at(text, p->fraction_at);
        p->len = p->fraction_at + p->fraction_len;
        if (p->fraction_len == 0)
            return false;
    }
    if (p->len < text.len && (text.data[p->len] == 'e' || text.data[p->len] == 'E'))
        return take_exponent(text, p);
    return true;
}

size_t gw_json_number_length(struct gw_text text)
{
    struct parts p;
    return take_parts(text, &p) ? p.len : 0;
}

static int64_t exponent_value(struct gw_text text, const struct parts *p)
{
    int64_t value = 0;
    for (size_t i = 0; i < p->exponent_len && value < EXPONENT_BOUND; i++)
        value = value * 10 + (text.data[p->exponent_at + i] - '0');
    return p->exponent_negative ? -value : value;
}

/* The i-th digit of whole and fraction read as one. */
static unsigned digit_at(struct gw_text text, const struct parts *p, size_t i)
{
    size_t at = i < p->whole_len ? p->whole_at + i : p->fraction_at + (i - p->whole_len);
    return (unsigned)(text.data[at] - '0');
}

static bool times_ten_plus(gw_u128 *value, unsigned digit)
{
    return !__builtin_mul_overflow(*value, (gw_u128)10, value) &&
           !__builtin_add_overflow(*value, (gw_u128)digit, value);
}

static bool magnitude_of(struct gw_text text, unsigned scale, bool *ret_negative, gw_u128 *ret)
{
    struct parts p;
    if (!take_parts(text, &p) || p.len != text.len)
        return false;
    *ret_negative = p.negative;
    size_t count = p.whole_len + p.fraction_len;
    int64_t power = exponent_value(text, &p) + (int64_t)scale - (int64_t)p.fraction_len;
    for (; count && digit_at(text, &p, count - 1) == 0; count--)
        power++;
    gw_u128 value = 0;
    for (size_t i = 0; i < count; i++) {
        if (!times_ten_plus(&value, digit_at(text, &p, i)))
            return false;
    }
    if (count && power < 0)
        return false;
    for (; count && power; power--) { /* value > 0: at most 38 turns before it overflows */
        if (!times_ten_plus(&value, 0))
            return false;
    }
    *ret = value;
    return true;
}

bool gw_json_number_u128(struct gw_text text, unsigned scale, gw_u128 *ret)
{
    bool negative = false;
    gw_u128 value = 0;
    if (!magnitude_of(text, scale, &negative, &value) || (negative && value))
        return false;
    *ret = value;
    return true;
}

bool gw_json_number_i128(struct gw_text text, unsigned scale, gw_i128 *ret)
{
    const gw_u128 limit = (gw_u128)1 << 127;
    bool negative = false;
    gw_u128 value = 0;
    if (!magnitude_of(text, scale, &negative, &value))
        return false;
    if (value > limit || (value == limit && !negative))
        return false;
    *ret = negative ? (gw_i128)(0 - value) : (gw_i128)value;
    return true;
}
