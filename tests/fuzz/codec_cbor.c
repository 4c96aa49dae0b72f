#include "codec/cbor.h"

/* What the reader takes, the writer writes back byte for byte. */
enum { OUT_BYTES = 1 << 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void copy_int(struct gw_cbor_reader *r, struct gw_buf *out)
{
    struct gw_cbor_reader ahead = *r;
    gw_i128 value = gw_cbor_get_i128(&ahead);
    if (gw_cbor_failed(&ahead)) {
        gw_cbor_put_u128(out, gw_cbor_get_u128(r));
        return;
    }
    *r = ahead;
    gw_cbor_put_i128(out, value);
}

/* One head or scalar; containers are flat here, since what follows them is only more items. @return items that follow */
static uint64_t copy_item(struct gw_cbor_reader *r, struct gw_buf *out)
{
    uint64_t more = 0;
    switch (gw_cbor_peek(r)) {
    case GW_CBOR_IS_INT:
        copy_int(r, out);
        break;
    case GW_CBOR_IS_BYTES:
        gw_cbor_put_bytes(out, gw_cbor_get_bytes(r));
        break;
    case GW_CBOR_IS_TEXT:
        gw_cbor_put_text(out, gw_cbor_get_text(r));
        break;
    case GW_CBOR_IS_ARRAY:
        more = gw_cbor_get_array(r);
        gw_cbor_put_array(out, more);
        break;
    case GW_CBOR_IS_MAP:
        more = gw_cbor_get_map(r).left;
        gw_cbor_put_map(out, more);
        more *= 2;
        break;
    case GW_CBOR_IS_BOOL:
        gw_cbor_put_bool(out, gw_cbor_get_bool(r));
        break;
    case GW_CBOR_IS_NULL:
        gw_cbor_get_null(r);
        gw_cbor_put_null(out);
        break;
    case GW_CBOR_IS_FLOAT:
        gw_cbor_put_f64(out, gw_cbor_get_f64(r));
        break;
    case GW_CBOR_IS_END:
    case GW_CBOR_IS_OTHER:
        gw_cbor_fail(r, "not an item");
        break;
    }
    return more;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t memory[OUT_BYTES];
    if (size > OUT_BYTES)
        return 0;
    struct gw_cbor_reader r = gw_cbor_reader((struct gw_bytes){data, size});
    struct gw_bytes span = gw_cbor_skip(&r);
    bool skipped = !gw_cbor_failed(&r);
    struct gw_err err = {0};
    gw_rc rc = gw_cbor_check(&r, GW_INVALID, "item", &err);
    GW_ASSERT(skipped ? rc == GW_OK && span.len > 0 : rc == GW_INVALID && span.len == 0);
    GW_ASSERT(r.failed_at <= size);

    struct gw_buf out;
    gw_buf_init_fixed(&out, memory, sizeof(memory));
    r = gw_cbor_reader(skipped ? span : (struct gw_bytes){data, size});
    for (uint64_t left = 1; left && !gw_cbor_failed(&r); left--)
        left += copy_item(&r, &out);
    if (!skipped)
        return 0;
    gw_cbor_end(&r);
    GW_ASSERT(!gw_cbor_failed(&r) && gw_bytes_equal(gw_buf_bytes(&out), span));
    return 0;
}
