#include "kit/kit.h"

#include "base/buf.h"

static void it_grows_up_to_its_bound_and_no_further(void **state)
{
    (void)state;
    struct gw_buf buf;
    struct gw_err err;
    gw_buf_init(&buf, &gw_kit_alloc, 1000);
    for (int i = 0; i < 100; i++)
        gw_buf_put(&buf, "0123456789", 10);
    assert_int_equal(buf.len, 1000);
    assert_ok(gw_buf_check(&buf, "page", &err), &err);
    gw_buf_put_u8(&buf, 'x');
    assert_int_equal(buf.len, 1000);
    assert_int_equal(gw_buf_check(&buf, "page", &err), GW_TOOLARGE);
    assert_string_equal(err.msg, "page is larger than 1000 bytes");
    gw_buf_reset(&buf);
    gw_buf_put_str(&buf, "again");
    assert_text_equal(gw_buf_text(&buf), "again");
    assert_ok(gw_buf_check(&buf, "page", &err), &err);
    gw_buf_done(&buf);
    gw_buf_done(&buf);
    gw_buf_done(NULL);
}

static void a_refused_append_stops_all_later_ones(void **state)
{
    (void)state;
    char memory[8];
    struct gw_buf buf;
    gw_buf_init_fixed(&buf, memory, sizeof(memory));
    gw_buf_put_str(&buf, "12345");
    gw_buf_put_str(&buf, "67890"); /* does not fit */
    gw_buf_put_str(&buf, "6");     /* would, but then there were a hole */
    assert_text_equal(gw_buf_text(&buf), "12345");
    assert_true(buf.failed);
    assert_null(gw_buf_room(&buf, 1));
}

static void printf_takes_any_length(void **state)
{
    (void)state;
    struct gw_buf buf;
    char text[600];
    memset(text, 'y', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    gw_buf_init(&buf, &gw_kit_alloc, 4096);
    gw_buf_printf(&buf, "%d-%s-%s", 7, "short", text);
    assert_int_equal(buf.len, 8 + 599);
    gw_buf_done(&buf);
    char memory[4];
    gw_buf_init_fixed(&buf, memory, sizeof(memory));
    gw_buf_printf(&buf, "12345");
    assert_true(buf.failed);
    assert_int_equal(buf.len, 0);
}

static void the_allocator_may_refuse_at_any_time(void **state)
{
    (void)state;
    for (uint64_t nth = 0;; nth++) {
        struct gw_kit_refuse refuse;
        struct gw_buf buf;
        gw_kit_refuse_init(&refuse, nth);
        gw_buf_init(&buf, &refuse.alloc, 1 << 20);
        for (int i = 0; i < 1000; i++)
            gw_buf_put(&buf, "0123456789", 10);
        assert_int_equal(buf.failed, refuse.refused);
        assert_true(buf.failed || buf.len == 10000);
        gw_buf_done(&buf);
        if (!refuse.refused)
            return;
    }
}

static void room_is_counted_only_when_used(void **state)
{
    (void)state;
    struct gw_buf buf;
    gw_buf_init(&buf, &gw_kit_alloc, 64);
    uint8_t *room = gw_buf_room(&buf, 4);
    assert_non_null(room);
    memcpy(room, "abcd", 4);
    gw_buf_used(&buf, 2);
    assert_text_equal(gw_buf_text(&buf), "ab");
    expect_assert_failure(gw_buf_used(&buf, 1000));
    assert_null(gw_buf_room(&buf, 65));
    gw_buf_done(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_grows_up_to_its_bound_and_no_further),
        cmocka_unit_test(a_refused_append_stops_all_later_ones),
        cmocka_unit_test(printf_takes_any_length),
        cmocka_unit_test(the_allocator_may_refuse_at_any_time),
        cmocka_unit_test(room_is_counted_only_when_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
