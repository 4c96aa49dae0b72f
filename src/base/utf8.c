#include "base/utf8.h"

static bool is_tail(struct gw_text text, size_t at)
{
    return ((uint8_t)text.data[at] & 0xc0) == 0x80;
}

static uint32_t bits(struct gw_text text, size_t at, unsigned mask)
{
    return (uint32_t)((uint8_t)text.data[at] & mask);
}

/* Length of the well-formed character at the front, 0 when there is none. */
static size_t first(struct gw_text text, uint32_t *ret)
{
    if (text.len == 0)
        return 0;
    uint8_t lead = (uint8_t)text.data[0];
    if (lead < 0x80) {
        *ret = lead;
        return 1;
    }
    if (lead < 0xc2 || lead > 0xf4)
        return 0;
    size_t len = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (text.len < len)
        return 0;
    for (size_t i = 1; i < len; i++) {
        if (!is_tail(text, i))
            return 0;
    }
    uint32_t code_point = bits(text, 0, 0x7fu >> len);
    for (size_t i = 1; i < len; i++)
        code_point = code_point << 6 | bits(text, i, 0x3f);
    if ((len == 3 && (code_point < 0x800 || (code_point >= 0xd800 && code_point < 0xe000))) ||
        (len == 4 && (code_point < 0x10000 || code_point > 0x10ffff)))
        return 0;
    *ret = code_point;
    return len;
}

bool gw_utf8_next(struct gw_text *text, uint32_t *ret_code_point)
{
    size_t len = first(*text, ret_code_point);
    if (len == 0)
        return false;
    *text = (struct gw_text){text->data + len, text->len - len};
    return true;
}

struct range {
    uint32_t first, last;
};

/* The blocks of nonspacing marks and format characters that people's names and texts hold; Unicode 15, category Mn, Me, Cf. */
static const struct range empty[] = {
    {0x0300, 0x036f}, {0x0483, 0x0489},   {0x0591, 0x05bd}, {0x0610, 0x061a}, {0x064b, 0x065f},
    {0x0900, 0x0902}, {0x093c, 0x093c},   {0x0941, 0x0948}, {0x094d, 0x094d}, {0x0e31, 0x0e31},
    {0x0e34, 0x0e3a}, {0x0e47, 0x0e4e},   {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x200b, 0x200f},
    {0x202a, 0x202e}, {0x2060, 0x2064},   {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f},
    {0xfeff, 0xfeff}, {0xe0100, 0xe01ef},
};

/* Unicode 15, EastAsianWidth W and F, neighbours joined. */
static const struct range wide[] = {
    {0x1100, 0x115f},   {0x231a, 0x231b},   {0x23e9, 0x23ec},   {0x25fd, 0x25fe},
    {0x2614, 0x2615},   {0x26a1, 0x26a1},   {0x2705, 0x2705},   {0x2728, 0x2728},
    {0x2753, 0x2755},   {0x2e80, 0x303e},   {0x3041, 0x33ff},   {0x3400, 0x4dbf},
    {0x4e00, 0x9fff},   {0xa000, 0xa4cf},   {0xa960, 0xa97c},   {0xac00, 0xd7a3},
    {0xf900, 0xfaff},   {0xfe30, 0xfe6f},   {0xff00, 0xff60},   {0xffe0, 0xffe6},
    {0x16fe0, 0x18aff}, {0x1b000, 0x1b2fb}, {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff},
    {0x1f900, 0x1f9ff}, {0x1fa70, 0x1faff}, {0x20000, 0x3fffd},
};

static bool is_in(const struct range *ranges, size_t count, uint32_t code_point)
{
    for (size_t i = 0; i < count; i++) {
        if (code_point >= ranges[i].first && code_point <= ranges[i].last)
            return true;
    }
    return false;
}

static size_t columns_of(uint32_t code_point)
{
    if (code_point < 0x300)
        return 1;
    if (is_in(empty, GW_COUNT_OF(empty), code_point))
        return 0;
    return is_in(wide, GW_COUNT_OF(wide), code_point) ? 2 : 1;
}

/* Steps over one character, or one byte that belongs to none. */
static size_t step(struct gw_text text, size_t *ret_bytes)
{
    uint32_t code_point = 0;
    *ret_bytes = first(text, &code_point);
    if (*ret_bytes)
        return columns_of(code_point);
    *ret_bytes = 1;
    return 1;
}

size_t gw_utf8_columns(struct gw_text text)
{
    size_t columns = 0;
    while (text.len) {
        size_t bytes = 0;
        columns += step(text, &bytes);
        text = (struct gw_text){text.data + bytes, text.len - bytes};
    }
    return columns;
}

struct gw_text gw_utf8_cut_columns(struct gw_text text, size_t columns_max)
{
    size_t columns = 0, at = 0;
    while (at < text.len) {
        size_t bytes = 0;
        columns += step((struct gw_text){text.data + at, text.len - at}, &bytes);
        if (columns > columns_max)
            break;
        at += bytes;
    }
    return (struct gw_text){text.data, at};
}

struct gw_text gw_utf8_cut_bytes(struct gw_text text, size_t bytes_max)
{
    if (text.len <= bytes_max)
        return text;
    size_t at = bytes_max;
    while (at > 0 && bytes_max - at < 3 && is_tail(text, at))
        at--;
    return (struct gw_text){text.data, is_tail(text, at) ? bytes_max : at};
}
