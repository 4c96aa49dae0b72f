#include "kit/kit.h"

#include "base/code.h"

static void numbers_rise_and_every_page_helps(void **state)
{
    (void)state;
    size_t count = 0;
    const struct gw_code_entry *entries = gw_code_entries(&count);
    assert_true(count > 0);
    for (size_t i = 0; i < count; i++) {
        const struct gw_code_entry *entry = &entries[i];
        if (i && entries[i - 1].code >= entry->code)
            print_error("GW%u stands behind GW%u\n", entry->code, entries[i - 1].code);
        assert_true(i == 0 || entries[i - 1].code < entry->code);
        assert_in_range(entry->code, 1000, 9999);
        size_t summary = strlen(entry->summary), page = strlen(entry->page);
        if (page == 0 || entry->page[page - 1] == '\n' || summary == 0 ||
            strchr(entry->summary, '\n'))
            print_error("GW%u: page or summary\n", entry->code);
        assert_true(summary > 0 && strchr(entry->summary, '\n') == NULL);
        assert_true(entry->summary[summary - 1] != '.');
        assert_true(page > 0 && entry->page[page - 1] != '\n');
        assert_ptr_equal(gw_code_find(entry->code), entry);
    }
}

static void codes_are_read_as_people_type_them(void **state)
{
    (void)state;
    assert_int_equal(gw_code_parse(GW_TEXT_LIT("GW2107")), 2107);
    assert_int_equal(gw_code_parse(GW_TEXT_LIT("gw2107")), 2107);
    assert_int_equal(gw_code_parse(GW_TEXT_LIT("2107")), 2107);
    assert_int_equal(gw_code_parse(GW_TEXT_LIT("GW210")), 0);
    assert_int_equal(gw_code_parse(GW_TEXT_LIT("GW21x7")), 0);
    assert_int_equal(gw_code_parse(GW_TEXT_LIT("")), 0);
    assert_null(gw_code_find(1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_rise_and_every_page_helps),
        cmocka_unit_test(codes_are_read_as_people_type_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
