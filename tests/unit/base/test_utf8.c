#include "kit/kit.h"

#include "base/utf8.h"

static void it_walks_well_formed_text(void **state)
{
    (void)state;
    static const uint32_t expected[] = {'a', 0xe9, 0x20ac, 0x1f642, 0x10ffff, 0xd7ff, 0xe000};
    struct gw_text text = GW_TEXT_LIT(
        "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x99\x82\xf4\x8f\xbf\xbf\xed\x9f\xbf\xee\x80\x80");
    for (size_t i = 0; i < GW_COUNT_OF(expected); i++) {
        uint32_t code_point = 0;
        assert_true(gw_utf8_next(&text, &code_point));
        assert_int_equal(code_point, expected[i]);
    }
    uint32_t end = 7;
    assert_false(gw_utf8_next(&text, &end));
    assert_int_equal(text.len, 0);
}

/* Unicode 15, table 3-7, from the other side. */
static void it_stops_before_what_is_not_well_formed(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\x80",
        "\xc0\x80",
        "\xc1\xbf",
        "\xc3",
        "\xc3(",
        "\xe0\x80\x80",
        "\xe0\x9f\xbf",
        "\xed\xa0\x80",
        "\xe2\x82",
        "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xf0\x9f\x99",
        "\xff",
        "\xfe",
    };
    for (size_t i = 0; i < GW_COUNT_OF(bad); i++) {
        struct gw_text text = gw_text(bad[i]);
        uint32_t code_point = 7;
        assert_false(gw_utf8_next(&text, &code_point));
        assert_int_equal(code_point, 7);
        assert_ptr_equal(text.data, bad[i]);
    }
}

static void columns_of_a_terminal(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t columns;
    } cases[] = {
        {"", 0},
        {"abc", 3},
        {"\xc3\xa9t\xc3\xa9", 3},
        {"e\xcc\x81", 1}, /* combining */
        {"漢字", 4},
        {"🙂", 2},
        {"한글", 4},
        {"a\xff"
         "b",
         3},
        {"ＡＢ", 4},
        {"a\xe2\x80\x8d"
         "b",
         2}, /* zero width joiner */
    };
    for (size_t i = 0; i < GW_COUNT_OF(cases); i++)
        assert_int_equal(gw_utf8_columns(gw_text(cases[i].text)), cases[i].columns);
}

static void cuts_fall_between_characters(void **state)
{
    (void)state;
    const struct gw_text text = gw_text("a漢b");
    static const char *const by_columns[] = {"", "a", "a", "a漢", "a漢b", "a漢b"};
    static const char *const by_bytes[] = {"", "a", "a", "a", "a漢", "a漢b", "a漢b"};
    for (size_t i = 0; i < GW_COUNT_OF(by_columns); i++)
        assert_text_equal(gw_utf8_cut_columns(text, i), by_columns[i]);
    for (size_t i = 0; i < GW_COUNT_OF(by_bytes); i++)
        assert_text_equal(gw_utf8_cut_bytes(text, i), by_bytes[i]);
    /* a combining mark stays with its letter */
    assert_text_equal(gw_utf8_cut_columns(gw_text("e\xcc\x81x"), 1), "e\xcc\x81");
    /* bytes that are no text are cut anywhere rather than not at all */
    assert_int_equal(gw_utf8_cut_bytes(gw_text("\x80\x80\x80\x80\x80\x80"), 5).len, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_walks_well_formed_text),
        cmocka_unit_test(it_stops_before_what_is_not_well_formed),
        cmocka_unit_test(columns_of_a_terminal),
        cmocka_unit_test(cuts_fall_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
