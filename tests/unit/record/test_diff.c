#include "kit/kit.h"

#include "record/diff.h"

static struct gw_type dec = {.kind = GW_TYPE_DEC, .precision = 18, .scale = 2};
static struct gw_column columns[3];
static struct gw_home home;

static const union gw_value expected[] = {{.i = 12050}, {.u = 8}, {.i = 0}};
static const union gw_value actual[] = {{.i = 912050}, {.u = 8}, {.i = 0}};

struct page {
    struct gw_arena arena;
    struct gw_buf text;
    struct gw_err err;
    struct gw_diff diff;
};

static int open_page(void **state)
{
    static struct page page;
    gw_arena_init(&page.arena, &gw_kit_alloc, 1 << 20);
    gw_buf_init(&page.text, &gw_kit_alloc, 1 << 20);
    if (gw_type_finish(&dec, NULL) < 0)
        return -1;
    columns[0] = (struct gw_column){.name = GW_TEXT_LIT("bal"), .type = &dec};
    columns[1] =
        (struct gw_column){.name = GW_TEXT_LIT("owner"), .type = gw_type_of_kind(GW_TYPE_U64)};
    columns[2] =
        (struct gw_column){.name = GW_TEXT_LIT("frozen"), .type = gw_type_of_kind(GW_TYPE_BOOL)};
    home = (struct gw_home){.columns = columns, .column_count = 3};
    *state = &page;
    return 0;
}

static int close_page(void **state)
{
    struct page *page = *state;
    gw_arena_done(&page->arena);
    gw_buf_done(&page->text);
    return 0;
}

static void compare(struct page *page, const union gw_value *left, const union gw_value *right)
{
    assert_ok(gw_diff_columns(&home, left, right, &page->arena, &page->diff, &page->err),
              &page->err);
    gw_diff_text(&page->diff, &page->text);
}

static void one_field_differs_the_others_share_a_line(void **state)
{
    struct page *page = *state;
    compare(page, expected, actual);
    assert_int_equal(page->diff.differing, 1);
    assert_text_equal(
        gw_buf_text(&page->text),
        "    bal       expected  120.50          actual  9120.50         <-- differs\n"
        "    owner  8    frozen  false\n");
}

static void a_deleted_row_differs_in_every_field(void **state)
{
    struct page *page = *state;
    compare(page, expected, NULL);
    assert_int_equal(page->diff.differing, 3);
    assert_text_equal(
        gw_buf_text(&page->text),
        "    bal       expected  120.50          actual  absent          <-- differs\n"
        "    owner     expected  8               actual  absent          <-- differs\n"
        "    frozen    expected  false           actual  absent          <-- differs\n");
    gw_buf_reset(&page->text);
    compare(page, NULL, NULL);
    assert_int_equal(page->diff.differing, 0);
}

static void as_json(void **state)
{
    struct page *page = *state;
    compare(page, expected, actual);
    gw_buf_reset(&page->text);
    struct gw_json_writer writer = gw_json_writer(&page->text, 0);
    gw_diff_to_json(&page->diff, &writer);
    assert_text_equal(
        gw_buf_text(&page->text),
        "[{\"field\":\"bal\",\"expected\":\"120.50\",\"actual\":\"9120.50\",\"same\":false},"
        "{\"field\":\"owner\",\"expected\":8,\"actual\":8,\"same\":true},"
        "{\"field\":\"frozen\",\"expected\":false,\"actual\":false,\"same\":true}]");
}

static void no_memory_leaves_the_result_alone(void **state)
{
    struct page *page = *state;
    struct gw_arena none;
    gw_arena_init(&none, &gw_kit_alloc, 0);
    struct gw_diff diff = {.count = 77};
    assert_int_equal(gw_diff_columns(&home, expected, actual, &none, &diff, &page->err), GW_NOMEM);
    assert_int_equal(diff.count, 77);
    gw_arena_done(&none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_field_differs_the_others_share_a_line, open_page,
                                        close_page),
        cmocka_unit_test_setup_teardown(a_deleted_row_differs_in_every_field, open_page,
                                        close_page),
        cmocka_unit_test_setup_teardown(as_json, open_page, close_page),
        cmocka_unit_test_setup_teardown(no_memory_leaves_the_result_alone, open_page, close_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
