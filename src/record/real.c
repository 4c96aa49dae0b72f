/*
 * Reals as text: the shortest decimal form that reads back to the same 64 bits. The only place that touches floating
 * point; it runs at the edge (JSON, people), never between journal and state.
 */
#include "record/real.h"

#include "codec/json_number.h"

#include <stdlib.h>

enum { NUMBER_TEXT_MAX = 400 }; /* of an input: longer ones are no numbers that anybody wrote */

static uint64_t bits_of(double number)
{
    uint64_t bits = 0;
    memcpy(&bits, &number, sizeof(bits));
    return bits;
}

bool gw_real_is_finite(uint64_t bits)
{
    return (bits >> 52 & 0x7ff) != 0x7ff;
}

void gw_real_text(uint64_t bits, struct gw_buf *ret)
{
    double number = 0;
    memcpy(&number, &bits, sizeof(number));
    if (!gw_real_is_finite(bits)) {
        bool is_infinite = bits << 12 == 0;
        gw_buf_put_str(ret, !is_infinite ? "NaN" : bits >> 63 ? "-Infinity" : "Infinity");
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        char memory[48];
        struct gw_buf text;
        gw_buf_init_fixed(&text, memory, sizeof(memory));
        gw_buf_printf(&text, "%.*g", digits, number);
        gw_buf_put_u8(&text, 0);
        if (digits < 17 && bits_of(strtod(memory, NULL)) != bits)
            continue;
        gw_buf_put(ret, text.data, text.len - 1);
        return;
    }
}

bool gw_real_parse(struct gw_text text, uint64_t *ret)
{
    char memory[NUMBER_TEXT_MAX + 1];
    if (gw_text_is(text, "NaN")) {
        *ret = UINT64_C(0x7ff8000000000000);
        return true;
    }
    if (gw_text_is(text, "Infinity") || gw_text_is(text, "-Infinity")) {
        *ret = UINT64_C(0x7ff0000000000000) | (uint64_t)(text.data[0] == '-') << 63;
        return true;
    }
    if (text.len > NUMBER_TEXT_MAX || gw_json_number_length(text) != text.len || text.len == 0)
        return false;
    memcpy(memory, text.data, text.len);
    memory[text.len] = '\0';
    uint64_t bits = bits_of(strtod(memory, NULL));
    if (!gw_real_is_finite(bits)) /* 1e400 is not silently infinite */
        return false;
    *ret = bits;
    return true;
}
