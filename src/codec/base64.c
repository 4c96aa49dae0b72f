#include "codec/base64.h"

enum { NOT_A_DIGIT = 64 };

static const char *alphabet(enum gw_base64_form form)
{
    return form == GW_BASE64_URL
               ? "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
               : "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
}

size_t gw_base64_text_bytes(size_t len, enum gw_base64_form form)
{
    return form == GW_BASE64_URL ? len / 3 * 4 + (len % 3 * 4 + 2) / 3 : (len + 2) / 3 * 4;
}

void gw_base64_put(struct gw_buf *buf, struct gw_bytes bytes, enum gw_base64_form form)
{
    const char *digits = alphabet(form);
    size_t text_len = gw_base64_text_bytes(bytes.len, form);
    uint8_t *to = gw_buf_room(buf, text_len);
    if (to == NULL || bytes.len == 0)
        return;
    const uint8_t *at = bytes.data;
    size_t left = bytes.len;
    for (; left >= 3; left -= 3, at += 3) {
        uint32_t three = (uint32_t)at[0] << 16 | (uint32_t)at[1] << 8 | at[2];
        *to++ = (uint8_t)digits[three >> 18];
        *to++ = (uint8_t)digits[three >> 12 & 63];
        *to++ = (uint8_t)digits[three >> 6 & 63];
        *to++ = (uint8_t)digits[three & 63];
    }
    if (left) {
        uint32_t rest = (uint32_t)at[0] << 16 | (left == 2 ? (uint32_t)at[1] << 8 : 0);
        *to++ = (uint8_t)digits[rest >> 18];
        *to++ = (uint8_t)digits[rest >> 12 & 63];
        if (left == 2)
            *to++ = (uint8_t)digits[rest >> 6 & 63];
        for (size_t i = left; form == GW_BASE64_STANDARD && i < 3; i++)
            *to++ = '=';
    }
    gw_buf_used(buf, text_len);
}

static unsigned digit_value(char digit, enum gw_base64_form form)
{
    if (digit >= 'A' && digit <= 'Z')
        return (unsigned)(digit - 'A');
    if (digit >= 'a' && digit <= 'z')
        return (unsigned)(digit - 'a') + 26;
    if (digit >= '0' && digit <= '9')
        return (unsigned)(digit - '0') + 52;
    if (digit == (form == GW_BASE64_URL ? '-' : '+'))
        return 62;
    return digit == (form == GW_BASE64_URL ? '_' : '/') ? 63 : NOT_A_DIGIT;
}

/* The text without the padding that its form asks for. @return false when the padding is not right */
static bool padding_drop(struct gw_text *text, enum gw_base64_form form)
{
    if (form == GW_BASE64_URL)
        return text->len % 4 != 1;
    if (text->len % 4 != 0)
        return false;
    for (int i = 0; i < 2 && text->len && text->data[text->len - 1] == '='; i++)
        text->len--;
    return true;
}

bool gw_base64_get(struct gw_buf *buf, struct gw_text text, enum gw_base64_form form)
{
    if (!padding_drop(&text, form))
        return false;
    uint8_t *to = gw_buf_room(buf, text.len / 4 * 3 + 2);
    if (to == NULL)
        return false;
    size_t len = 0;
    uint32_t bits = 0; /* the digits of the current group of four */
    for (size_t i = 0; i < text.len; i++) {
        unsigned value = digit_value(text.data[i], form);
        if (value == NOT_A_DIGIT)
            return false;
        bits = bits << 6 | value;
        if (i % 4 == 0)
            continue;
        unsigned unused = 6 - 2 * (unsigned)(i % 4); /* 4, 2, 0 low bits belong to the next byte */
        to[len++] = (uint8_t)(bits >> unused);
        bits &= (1U << unused) - 1;
    }
    if (bits != 0)
        return false;
    gw_buf_used(buf, len);
    return true;
}
