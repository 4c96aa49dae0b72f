#include "codec/base64.h"

/* What is accepted is exactly what would be written; what is written is accepted. */
enum { OUT_BYTES = 1 << 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t first[OUT_BYTES], second[OUT_BYTES];
    if (size > OUT_BYTES / 2)
        return 0;
    for (int i = GW_BASE64_STANDARD; i <= GW_BASE64_URL; i++) {
        enum gw_base64_form form = (enum gw_base64_form)i;
        struct gw_bytes input = {data, size};
        struct gw_buf one, two;
        gw_buf_init_fixed(&one, first, sizeof(first));
        gw_buf_init_fixed(&two, second, sizeof(second));
        if (gw_base64_get(&one, gw_bytes_text(input), form)) {
            gw_base64_put(&two, gw_buf_bytes(&one), form);
            GW_ASSERT(gw_bytes_equal(gw_buf_bytes(&two), input));
        } else {
            GW_ASSERT(one.len == 0);
        }
        gw_buf_reset(&one);
        gw_buf_reset(&two);
        gw_base64_put(&one, input, form);
        bool taken = gw_base64_get(&two, gw_buf_text(&one), form);
        GW_ASSERT(taken && gw_bytes_equal(gw_buf_bytes(&two), input));
    }
    return 0;
}
