#include "kit/kit.h"

#include "codec/varint.h"

static size_t length_of(uint64_t value)
{
    uint8_t bytes[GW_VARINT_MAX];
    uint64_t again = ~value;
    size_t len = gw_varint_make(value, bytes);
    assert_int_equal(gw_varint_get((struct gw_bytes){bytes, len}, &again), len);
    assert_true(again == value);
    for (size_t cut = 0; cut < len; cut++)
        assert_int_equal(gw_varint_get((struct gw_bytes){bytes, cut}, &again), 0);
    return len;
}

static void numbers_come_back_and_a_cut_is_seen(void **state)
{
    (void)state;
    assert_int_equal(length_of(0), 1);
    assert_int_equal(length_of(127), 1);
    assert_int_equal(length_of(128), 2);
    assert_int_equal(length_of(624485), 3); /* DWARF's own example */
    assert_int_equal(length_of(UINT64_MAX), GW_VARINT_MAX);
    for (unsigned bit = 0; bit < 64; bit++)
        assert_int_equal(length_of(UINT64_C(1) << bit), bit / 7 + 1);
}

static void only_the_shortest_form_is_read(void **state)
{
    (void)state;
    static const uint8_t padded[] = {0x81, 0x00};
    static const uint8_t above[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02};
    static const uint8_t endless[] = {0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
                                      0x80, 0x80, 0x80, 0x80, 1};
    uint64_t value = 7;
    assert_int_equal(gw_varint_get((struct gw_bytes){padded, sizeof(padded)}, &value), 0);
    assert_int_equal(gw_varint_get((struct gw_bytes){above, sizeof(above)}, &value), 0);
    assert_int_equal(gw_varint_get((struct gw_bytes){endless, sizeof(endless)}, &value), 0);
    assert_int_equal(value, 7);
}

static void put_appends(void **state)
{
    (void)state;
    uint8_t memory[4];
    struct gw_buf buf;
    gw_buf_init_fixed(&buf, memory, sizeof(memory));
    gw_varint_put(&buf, 300);
    gw_varint_put(&buf, 5);
    assert_ok(gw_buf_check(&buf, "numbers", NULL), NULL);
    assert_memory_equal(memory, "\xac\x02\x05", 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_come_back_and_a_cut_is_seen),
        cmocka_unit_test(only_the_shortest_form_is_read),
        cmocka_unit_test(put_appends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
