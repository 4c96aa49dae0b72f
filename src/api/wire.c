#include "api/wire.h"

gw_rc gw_wire_next(struct gw_bytes *at, size_t bytes_max, struct gw_bytes *ret, struct gw_err *err)
{
    if (at->len < GW_WIRE_HEAD_BYTES)
        return GW_NOTFOUND;
    size_t len = (size_t)at->data[0] | (size_t)at->data[1] << 8 | (size_t)at->data[2] << 16 |
                 (size_t)at->data[3] << 24;
    if (len == 0 || len > bytes_max) {
        return GW_FAIL_CODE(err, GW_TOOLARGE, 7302, "a frame of %zu bytes: 1 to %zu are taken", len,
                            bytes_max);
    }
    if (at->len - GW_WIRE_HEAD_BYTES < len)
        return GW_NOTFOUND;
    *ret = (struct gw_bytes){at->data + GW_WIRE_HEAD_BYTES, len};
    at->data += GW_WIRE_HEAD_BYTES + len;
    at->len -= GW_WIRE_HEAD_BYTES + len;
    return GW_OK;
}

static gw_rc check(const struct gw_cbor_reader *r, struct gw_err *err)
{
    gw_rc rc = gw_cbor_check(r, GW_INVALID, "frame", err);
    if (rc < 0 && err)
        err->code = 7301;
    return rc;
}

/** Kind, client and seq, which stand first in every frame. */
static uint64_t get_head(struct gw_cbor_reader *r, uint64_t *ret_client, uint64_t *ret_seq)
{
    gw_cbor_get_array_of(r, 5);
    uint64_t kind = gw_cbor_get_uint_to(r, 255);
    *ret_client = gw_cbor_get_uint(r);
    *ret_seq = gw_cbor_get_uint(r);
    return kind;
}

gw_rc gw_wire_request_decode(struct gw_bytes frame, struct gw_wire_request *ret, struct gw_err *err)
{
    struct gw_cbor_reader r = gw_cbor_reader(frame);
    *ret = (struct gw_wire_request){0};
    uint64_t kind = get_head(&r, &ret->client, &ret->seq);
    if (kind > GW_WIRE_PING)
        gw_cbor_fail(&r, "unknown kind of request");
    ret->kind = (enum gw_wire_kind)kind;
    ret->fn = gw_cbor_get_text(&r);
    if (ret->fn.len > GW_WIRE_NAME_MAX)
        gw_cbor_fail(&r, "a name above 255 bytes");
    ret->args = gw_cbor_skip(&r);
    gw_cbor_end(&r);
    return check(&r, err);
}

static void get_error(struct gw_cbor_reader *r, struct gw_wire_answer *ret)
{
    gw_cbor_get_array_of(r, 2);
    uint64_t rc = gw_cbor_get_uint_to(r, 99);
    if (rc == 0)
        gw_cbor_fail(r, "an error that is none");
    ret->rc = (gw_rc) - (int)rc;
    ret->code = (gw_code)gw_cbor_get_uint_to(r, UINT16_MAX);
    gw_cbor_get_array_of(r, 2);
    ret->text = gw_cbor_get_text(r);
    ret->hint = gw_cbor_get_text(r);
}

gw_rc gw_wire_answer_decode(struct gw_bytes frame, struct gw_wire_answer *ret, struct gw_err *err)
{
    struct gw_cbor_reader r = gw_cbor_reader(frame);
    *ret = (struct gw_wire_answer){0};
    uint64_t kind = get_head(&r, &ret->client, &ret->seq);
    if (kind == GW_WIRE_RESULT) {
        gw_cbor_get_array_of(&r, 2);
        ret->index = gw_cbor_get_uint(&r);
        ret->record = (uint32_t)gw_cbor_get_uint_to(&r, UINT32_MAX);
        ret->result = gw_cbor_skip(&r);
    } else if (kind == GW_WIRE_ERROR) {
        get_error(&r, ret);
    } else {
        gw_cbor_fail(&r, "unknown kind of answer");
    }
    ret->kind = (enum gw_wire_kind)kind;
    gw_cbor_end(&r);
    return check(&r, err);
}

/* ---- writing ---- */

/** Room for the length, which is known when the frame ends. @return where it stands */
static size_t begin(struct gw_buf *ret, enum gw_wire_kind kind, uint64_t client, uint64_t seq)
{
    static const uint8_t zero[GW_WIRE_HEAD_BYTES];
    size_t at = ret->len;
    gw_buf_put(ret, zero, sizeof(zero));
    gw_cbor_put_array(ret, 5);
    gw_cbor_put_uint(ret, kind);
    gw_cbor_put_uint(ret, client);
    gw_cbor_put_uint(ret, seq);
    return at;
}

static void end(struct gw_buf *ret, size_t at)
{
    if (ret->failed)
        return;
    size_t len = ret->len - at - GW_WIRE_HEAD_BYTES;
    GW_ASSERT(len <= UINT32_MAX);
    for (unsigned i = 0; i < GW_WIRE_HEAD_BYTES; i++)
        ret->data[at + i] = (uint8_t)(len >> (8 * i));
}

void gw_wire_request_put(const struct gw_wire_request *request, struct gw_buf *ret)
{
    size_t at = begin(ret, request->kind, request->client, request->seq);
    gw_cbor_put_text(ret, request->fn);
    if (request->args.len) {
        gw_buf_put_bytes(ret, request->args);
    } else {
        gw_cbor_put_null(ret);
    }
    end(ret, at);
}

void gw_wire_answer_put(const struct gw_wire_answer *answer, struct gw_buf *ret)
{
    size_t at = begin(ret, answer->kind, answer->client, answer->seq);
    gw_cbor_put_array(ret, 2);
    if (answer->kind == GW_WIRE_ERROR) {
        gw_cbor_put_uint(ret, (uint64_t) - (int)answer->rc);
        gw_cbor_put_uint(ret, answer->code);
        gw_cbor_put_array(ret, 2);
        gw_cbor_put_text(ret, answer->text);
        gw_cbor_put_text(ret, answer->hint);
    } else {
        gw_cbor_put_uint(ret, answer->index);
        gw_cbor_put_uint(ret, answer->record);
        if (answer->result.len) {
            gw_buf_put_bytes(ret, answer->result);
        } else {
            gw_cbor_put_null(ret);
        }
    }
    end(ret, at);
}
