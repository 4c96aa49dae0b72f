/* The round-trip gate's shape of a row: what a store is known to lose, as classes. Never the values themselves. */
#include "record/home.h"

/* Order matters. The finisher of splitmix64 (Steele, Lea, Flood 2014). */
static uint64_t fold(uint64_t shape, uint64_t part)
{
    uint64_t z = (shape ^ part) + UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static uint64_t bit_length(uint64_t number)
{
    return number ? 64 - (uint64_t)__builtin_clzll(number) : 0;
}

/* Steps of 19 digits while it takes more than 64 bits: a division of 128 bits costs dozens of the other. */
static uint64_t digit_count(gw_u128 number)
{
    static const uint64_t ten_to_19 = UINT64_C(10000000000000000000);
    uint64_t digits = 0;
    for (; number >> 64; digits += 19)
        number /= ten_to_19;
    for (uint64_t rest = (uint64_t)number; rest; rest /= 10)
        digits++;
    return digits;
}

/* Zeros at the end, `max` of them at most: a coarser column would not lose these. */
static uint64_t zero_count(gw_u128 number, uint64_t max)
{
    uint64_t zeros = 0;
    for (; number >> 64 && zeros < max && number % 10 == 0; number /= 10)
        zeros++;
    if (number >> 64)
        return zeros;
    for (uint64_t rest = (uint64_t)number; rest && zeros < max && rest % 10 == 0; rest /= 10)
        zeros++;
    return zeros;
}

static uint64_t number_class(const struct gw_type *type, union gw_value value)
{
    bool is_unsigned = gw_type_is_integer(type->kind) && !gw_type_is_signed(type->kind);
    bool is_negative = !is_unsigned && value.i < 0;
    gw_u128 number = is_negative ? 0 - value.u : value.u;
    uint64_t zeros = 0;
    /* Zeros at the end matter only behind the point (dec) and below the second (time). */
    if (type->kind == GW_TYPE_DEC) {
        zeros = zero_count(number, type->scale);
    } else if (type->kind == GW_TYPE_TIME || type->kind == GW_TYPE_DUR) {
        zeros = zero_count(number, 9) / 3;
    }
    return (uint64_t)is_negative << 32 | digit_count(number) << 8 | zeros;
}

static uint64_t text_class(const struct gw_type *type, struct gw_bytes bytes)
{
    uint64_t class = bit_length(bytes.len) << 8 | (bytes.len == type->max);
    if (type->kind != GW_TYPE_STR || bytes.len == 0)
        return class;
    uint8_t widest = 0; /* the greatest lead byte tells the longest UTF-8 sequence */
    bool has_zero = false;
    for (size_t i = 0; i < bytes.len; i++) {
        widest = GW_MAX(widest, bytes.data[i]);
        has_zero = has_zero || bytes.data[i] == 0;
    }
    uint64_t width = widest < 0x80 ? 1 : widest < 0xe0 ? 2 : widest < 0xf0 ? 3 : 4;
    bool blank_end = bytes.data[bytes.len - 1] == ' ';
    return class | width << 16 | (uint64_t)blank_end << 24 | (uint64_t)has_zero << 25;
}

static uint64_t real_class(uint64_t bits)
{
    uint64_t exponent = bits >> 52 & 0x7ff, mantissa = bits << 12;
    uint64_t kind = exponent == 0 || exponent == 0x7ff ? 1 + (exponent != 0) : 0;
    return bits >> 63 << 8 | kind << 1 | (mantissa != 0);
}

/* NOLINTNEXTLINE(misc-no-recursion): at most GW_TYPE_DEPTH_MAX deep */
static uint64_t value_class(const struct gw_type *type, union gw_value value)
{
    switch (type->kind) {
    case GW_TYPE_STR:
    case GW_TYPE_BYTES:
        return text_class(type, value.bytes);
    case GW_TYPE_OPT:
        return value.opt ? 1 + fold(1, value_class(type->items[0], *value.opt)) : 0;
    case GW_TYPE_TUPLE: {
        uint64_t class = 0;
        for (size_t i = 0; i < value.list.count; i++)
            class = fold(class, value_class(type->items[i], value.list.items[i]));
        return class;
    }
    case GW_TYPE_LIST: { /* the set of its items' classes: lists of one make have few shapes */
        uint64_t classes = 0;
        for (size_t i = 0; i < value.list.count; i++) {
            classes |= UINT64_C(1)
                       << (fold(0, value_class(type->items[0], value.list.items[i])) & 63);
        }
        return fold(bit_length(value.list.count), classes);
    }
    case GW_TYPE_REAL:
        return real_class((uint64_t)value.u);
    case GW_TYPE_UUID:
    case GW_TYPE_BOOL:
        return 0;
    default: /* numbers */
        return number_class(type, value);
    }
}

uint64_t gw_home_shape(const struct gw_home *home, const union gw_value *columns)
{
    uint64_t shape = home->id;
    for (uint32_t i = 0; i < home->column_count; i++)
        shape = fold(shape, value_class(home->columns[i].type, columns[i]));
    return shape;
}
