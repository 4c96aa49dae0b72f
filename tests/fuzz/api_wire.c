#include "api/wire.h"

/* What is taken as a frame is written back byte for byte, and an error says why. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void request(struct gw_bytes frame, struct gw_buf *out)
{
    struct gw_wire_request got;
    struct gw_err err = {0};
    gw_rc rc = gw_wire_request_decode(frame, &got, &err);
    GW_ASSERT(rc == GW_OK || (err.rc == rc && err.code == 7301 && err.msg[0] != '\0'));
    if (rc < 0)
        return;
    gw_buf_reset(out);
    gw_wire_request_put(&got, out);
    GW_ASSERT(out->len == frame.len + GW_WIRE_HEAD_BYTES &&
              memcmp(out->data + GW_WIRE_HEAD_BYTES, frame.data, frame.len) == 0);
}

static void answer(struct gw_bytes frame, struct gw_buf *out)
{
    struct gw_wire_answer got;
    struct gw_err err = {0};
    gw_rc rc = gw_wire_answer_decode(frame, &got, &err);
    GW_ASSERT(rc == GW_OK || (err.rc == rc && err.code == 7301 && err.msg[0] != '\0'));
    if (rc < 0)
        return;
    gw_buf_reset(out);
    gw_wire_answer_put(&got, out);
    GW_ASSERT(out->len == frame.len + GW_WIRE_HEAD_BYTES &&
              memcmp(out->data + GW_WIRE_HEAD_BYTES, frame.data, frame.len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t memory[1 << 16];
    struct gw_bytes at = {data, size}, frame;
    struct gw_buf out;
    if (size > sizeof(memory) - 16)
        return 0;
    gw_buf_init_fixed(&out, memory, sizeof(memory));
    while (gw_wire_next(&at, GW_WIRE_FRAME_MAX, &frame, NULL) == GW_OK) {
        GW_ASSERT(at.data == frame.data + frame.len && at.data + at.len == data + size);
        request(frame, &out);
        answer(frame, &out);
    }
    request((struct gw_bytes){data, size}, &out); /* without a length: most inputs have none */
    answer((struct gw_bytes){data, size}, &out);
    return 0;
}
