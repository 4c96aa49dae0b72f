/* The examples of docs/formats.md are what the code reads and writes. Run from the root of the sources. */
#include "log/format.h"

#include <stdio.h>

#include "kit/kit.h"

#include "base/hash.h"
#include "os/file.h"

/** The bytes of the code block behind "<!-- example: NAME -->". @return their number */
static size_t read_example(const char *name, uint8_t *ret, size_t max)
{
    struct gw_arena arena;
    struct gw_bytes doc;
    struct gw_err err;
    char marker[64];
    size_t len = 0;
    gw_arena_init(&arena, &gw_kit_alloc, 1 << 20);
    assert_ok(gw_file_load("docs/formats.md", &arena, 1 << 19, &doc, &err), &err);
    (void)snprintf(marker, sizeof(marker), "<!-- example: %s -->\n```\n", name);
    const char *at = strstr((const char *)doc.data, marker);
    assert_non_null(at);
    for (at += strlen(marker); *at != '`'; at = strchr(at, '\n') + 1) {
        const char *hex = at + 6; /* behind the offset */
        for (; *hex != '\n'; hex += hex[2] == ' ' ? 3 : 2) {
            assert_true(len < max);
            assert_true(gw_unhex((struct gw_text){hex, 2}, ret + len++, 1));
        }
    }
    gw_arena_done(&arena);
    return len;
}

static void the_segment_head_of_the_documentation_is_read_and_written(void **state)
{
    (void)state;
    uint8_t bytes[GW_LOG_HEAD_BYTES], again[GW_LOG_HEAD_BYTES];
    struct gw_log_segment_head head;
    struct gw_err err;
    assert_int_equal(read_example("segment head", bytes, sizeof(bytes)), sizeof(bytes));
    assert_ok(gw_log_segment_head_decode(bytes, &head, &err), &err);
    assert_memory_equal(head.magic, "GWJRNL01", 8);
    assert_int_equal(head.blocks, 16384);
    assert_int_equal(head.cluster[15], 0xcf);
    assert_int_equal(head.first_index, 1);
    assert_int_equal(head.created_ns, INT64_C(1767225600000000000));
    gw_log_segment_head_encode(&head, again);
    assert_memory_equal(bytes, again, sizeof(bytes));
}

static void the_batch_of_the_documentation_is_read_and_written(void **state)
{
    (void)state;
    uint8_t bytes[512], again[512];
    struct gw_log_batch_head head;
    struct gw_bytes payload, rest, record;
    struct gw_log_batch batch;
    struct gw_err err;
    size_t len = read_example("batch", bytes, sizeof(bytes));
    assert_null(gw_log_batch_decode((struct gw_bytes){bytes, len}, GW_LOG_FULL, &head, &payload));
    assert_int_equal(gw_log_batch_bytes(head.payload_bytes), len);
    assert_int_equal(head.index, 1);
    assert_int_equal(head.records, 2);
    rest = payload;
    assert_ok(gw_log_record_next(&rest, &record, &err), &err);
    assert_text_equal(gw_bytes_text(record), "\x82\x01\x63"
                                             "abc");
    assert_ok(gw_log_record_next(&rest, &record, &err), &err);
    assert_text_equal(gw_bytes_text(record), "\x81\x02");
    gw_log_batch_of(&head, payload, &batch);
    (void)gw_log_batch_encode(&batch, head.prev_hash, again);
    assert_memory_equal(bytes, again, len);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_segment_head_of_the_documentation_is_read_and_written),
        cmocka_unit_test(the_batch_of_the_documentation_is_read_and_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
