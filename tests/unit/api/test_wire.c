/* Frames: what is written reads back, the example of the documents is true, and what is no frame is refused. */
#include "kit/kit.h"

#include <stdio.h>
#include <stdlib.h>

#include "api/wire.h"
#include "base/hash.h"

enum { FILE_MAX = 1 << 20 };

static void requests_read_back(void **state)
{
    (void)state;
    uint8_t memory[256];
    struct gw_buf buf;
    struct gw_bytes frame;
    struct gw_wire_request got;
    struct gw_err err;
    static const uint8_t args[] = {0x83, 0x01, 0x02, 0x82, 0x02, 0x19, 0x01, 0xf4};
    const struct gw_wire_request request = {.kind = GW_WIRE_CALL,
                                            .client = 7,
                                            .seq = UINT64_MAX,
                                            .fn = GW_TEXT_LIT("pay"),
                                            .args = {args, sizeof(args)}};
    gw_buf_init_fixed(&buf, memory, sizeof(memory));
    gw_wire_request_put(&request, &buf);
    for (size_t len = 0; len < buf.len; len++) { /* not there yet, however it is cut */
        struct gw_bytes part = {buf.data, len};
        assert_int_equal(gw_wire_next(&part, GW_WIRE_FRAME_MAX, &frame, &err), GW_NOTFOUND);
        assert_int_equal(part.len, len);
    }
    struct gw_bytes all = gw_buf_bytes(&buf);
    assert_ok(gw_wire_next(&all, GW_WIRE_FRAME_MAX, &frame, &err), &err);
    assert_int_equal(all.len, 0);
    assert_ok(gw_wire_request_decode(frame, &got, &err), &err);
    assert_int_equal(got.kind, GW_WIRE_CALL);
    assert_int_equal(got.client, 7);
    assert_true(got.seq == UINT64_MAX);
    assert_text_equal(got.fn, "pay");
    assert_true(gw_bytes_equal(got.args, request.args));
}

static void errors_read_back(void **state)
{
    (void)state;
    uint8_t memory[256];
    struct gw_buf buf;
    struct gw_bytes frame;
    struct gw_wire_answer got;
    struct gw_err err;
    const struct gw_wire_answer answer = {.kind = GW_WIRE_ERROR,
                                          .client = 1,
                                          .seq = 2,
                                          .rc = GW_BUSY,
                                          .code = 2429,
                                          .text = GW_TEXT_LIT("full"),
                                          .hint = GW_TEXT_LIT("wait")};
    gw_buf_init_fixed(&buf, memory, sizeof(memory));
    gw_wire_answer_put(&answer, &buf);
    struct gw_bytes all = gw_buf_bytes(&buf);
    assert_ok(gw_wire_next(&all, GW_WIRE_ANSWER_MAX, &frame, &err), &err);
    assert_ok(gw_wire_answer_decode(frame, &got, &err), &err);
    assert_int_equal(got.rc, GW_BUSY);
    assert_int_equal(got.code, 2429);
    assert_text_equal(got.text, "full");
    assert_text_equal(got.hint, "wait");
}

static void what_is_no_frame_is_refused(void **state)
{
    static const struct {
        const char *name, *hex;
    } rows[] = {
        {"not an array", "01"},
        {"four items", "8402000163706179"},
        {"kind of an answer", "851000016080"},
        {"negative client", "8502200160f6"},
        {"fn is a number", "850200010180"},
        {"fn is not UTF-8", "850200 0161ff80"},
        {"length not shortest", "85020001780080"},
        {"no args", "8502000160"},
        {"bytes behind", "8502000160f600"},
        {"indefinite", "9f02000160f6ff"},
    };
    (void)state;
    for (size_t i = 0; i < GW_COUNT_OF(rows); i++) {
        uint8_t bytes[64];
        char hex[129];
        size_t len = 0;
        struct gw_wire_request got;
        struct gw_err err = {0};
        for (const char *at = rows[i].hex; *at; at++)
            if (*at != ' ')
                hex[len++] = *at;
        assert_true(gw_unhex((struct gw_text){hex, len}, bytes, len / 2));
        gw_rc rc = gw_wire_request_decode((struct gw_bytes){bytes, len / 2}, &got, &err);
        if (rc != GW_INVALID)
            print_error("%s was taken\n", rows[i].name);
        assert_int_equal(rc, GW_INVALID);
        assert_int_equal(err.code, 7301);
    }
}

static void a_length_has_a_bound(void **state)
{
    (void)state;
    static const uint8_t none[] = {0, 0, 0, 0, 1}, large[] = {1, 0, 16, 0, 1};
    struct gw_bytes frame, at = {none, sizeof(none)};
    struct gw_err err;
    assert_int_equal(gw_wire_next(&at, GW_WIRE_FRAME_MAX, &frame, &err), GW_TOOLARGE);
    at = (struct gw_bytes){large, sizeof(large)};
    assert_int_equal(gw_wire_next(&at, GW_WIRE_FRAME_MAX, &frame, &err), GW_TOOLARGE);
}

/** The hex block behind a mark in docs/formats.md. @return bytes */
static size_t example(const char *mark, uint8_t *ret, size_t max)
{
    static char text[FILE_MAX];
    FILE *file = fopen("docs/formats.md", "r");
    assert_non_null(file);
    size_t len = fread(text, 1, sizeof(text) - 1, file), count = 0;
    (void)fclose(file);
    text[len] = '\0';
    const char *at = strstr(text, mark);
    assert_non_null(at);
    at = strstr(at, "```\n");
    assert_non_null(at);
    for (at += 4; *at != '`'; at = strchr(at, '\n') + 1) {
        assert_true(strlen(at) > 6);
        for (const char *byte = at + 6; *byte != '\n' && byte[1] != '\n'; byte += 3) {
            assert_true(count < max);
            assert_true(gw_unhex((struct gw_text){byte, 2}, &ret[count++], 1));
            if (byte[2] == '\n')
                break;
        }
    }
    return count;
}

static void the_example_of_the_documents_is_true(void **state)
{
    (void)state;
    uint8_t bytes[128], again[128];
    struct gw_buf buf;
    struct gw_bytes frame;
    struct gw_wire_request request;
    struct gw_wire_answer answer;
    struct gw_err err;
    struct gw_bytes at = {bytes, example("<!-- example: wire request -->", bytes, sizeof(bytes))};
    struct gw_bytes whole = at;
    assert_ok(gw_wire_next(&at, GW_WIRE_FRAME_MAX, &frame, &err), &err);
    assert_int_equal(at.len, 0);
    assert_ok(gw_wire_request_decode(frame, &request, &err), &err);
    assert_int_equal(request.kind, GW_WIRE_CALL);
    assert_int_equal(request.client, 7);
    assert_int_equal(request.seq, 41);
    assert_text_equal(request.fn, "pay");
    gw_buf_init_fixed(&buf, again, sizeof(again));
    gw_wire_request_put(&request, &buf);
    assert_true(gw_bytes_equal(gw_buf_bytes(&buf), whole));

    at = (struct gw_bytes){bytes, example("<!-- example: wire answer -->", bytes, sizeof(bytes))};
    whole = at;
    assert_ok(gw_wire_next(&at, GW_WIRE_ANSWER_MAX, &frame, &err), &err);
    assert_ok(gw_wire_answer_decode(frame, &answer, &err), &err);
    assert_int_equal(answer.index, 88102007);
    assert_int_equal(answer.record, 4);
    assert_int_equal(answer.seq, 41);
    gw_buf_init_fixed(&buf, again, sizeof(again));
    gw_wire_answer_put(&answer, &buf);
    assert_true(gw_bytes_equal(gw_buf_bytes(&buf), whole));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_read_back),
        cmocka_unit_test(errors_read_back),
        cmocka_unit_test(what_is_no_frame_is_refused),
        cmocka_unit_test(a_length_has_a_bound),
        cmocka_unit_test(the_example_of_the_documents_is_true),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
