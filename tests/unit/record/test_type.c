#include "kit/kit.h"

#include "record/type.h"

static struct gw_text text_of(const struct gw_type *type, char *memory, size_t bytes)
{
    struct gw_buf buf;
    gw_buf_init_fixed(&buf, memory, bytes);
    gw_type_text(type, &buf);
    return gw_buf_text(&buf);
}

static void worst_case_bytes_of_plain_kinds(void **state)
{
    (void)state;
    static const struct {
        enum gw_type_kind kind;
        uint32_t bytes;
    } cases[] = {
        {GW_TYPE_BOOL, 1},  {GW_TYPE_U8, 2},    {GW_TYPE_U16, 3},   {GW_TYPE_U32, 5},
        {GW_TYPE_U64, 9},   {GW_TYPE_U128, 18}, {GW_TYPE_I8, 2},    {GW_TYPE_I64, 9},
        {GW_TYPE_I128, 18}, {GW_TYPE_DUR, 9},   {GW_TYPE_UUID, 17}, {GW_TYPE_REAL, 9},
    };
    for (size_t i = 0; i < GW_COUNT_OF(cases); i++) {
        const struct gw_type *type = gw_type_of_kind(cases[i].kind);
        assert_int_equal(type->kind, cases[i].kind);
        assert_int_equal(type->bytes_max, cases[i].bytes);
        assert_int_equal(type->depth, 1);
    }
    expect_assert_failure(gw_type_of_kind(GW_TYPE_DEC));
}

static void ranges_reach_the_limits_of_each_type(void **state)
{
    (void)state;
    gw_i128 least = 0;
    gw_u128 most = 0;
    gw_type_range(gw_type_of_kind(GW_TYPE_I8), &least, &most);
    assert_true(least == -128 && most == 127);
    gw_type_range(gw_type_of_kind(GW_TYPE_U128), &least, &most);
    assert_true(least == 0 && most == ~(gw_u128)0);
    gw_type_range(gw_type_of_kind(GW_TYPE_I128), &least, &most);
    assert_true(most == ~(gw_u128)0 >> 1 && least == -(gw_i128)most - 1);
    struct gw_type dec = {.kind = GW_TYPE_DEC, .precision = 3, .scale = 1};
    gw_type_range(&dec, &least, &most);
    assert_true(least == -999 && most == 999);
    struct gw_type time = {.kind = GW_TYPE_TIME, .unit = GW_TIME_US};
    gw_type_range(&time, &least, &most);
    char text[GW_TIME_TEXT_MAX];
    gw_time_text((int64_t)least, GW_TIME_US, text);
    assert_string_equal(text, "0000-01-01T00:00:00.000000Z");
    gw_time_text((int64_t)most, GW_TIME_US, text);
    assert_string_equal(text, "9999-12-31T23:59:59.999999Z");
}

/* Each row is one refused type and a word of its message. */
static void parameters_out_of_range_are_refused(void **state)
{
    (void)state;
    const struct gw_type *u8 = gw_type_of_kind(GW_TYPE_U8);
    const struct gw_type *const items[] = {u8, u8, u8, u8, u8, u8, u8, u8, u8,
                                           u8, u8, u8, u8, u8, u8, u8, u8};
    struct gw_type opt = {.kind = GW_TYPE_OPT, .items = items, .item_count = 1};
    struct gw_err err = {0};
    assert_ok(gw_type_finish(&opt, &err), &err);
    const struct gw_type *const opt_item[] = {&opt};
    const struct gw_enum_member twice[] = {{GW_TEXT_LIT("A"), 1}, {GW_TEXT_LIT("B"), 1}};
    const struct gw_enum_member wide[] = {{GW_TEXT_LIT("A"), 256}};
    const struct gw_enum_member minus[] = {{GW_TEXT_LIT("A"), -1}};
    const struct gw_enum repeated = {GW_TEXT_LIT("E"), GW_TYPE_U8, twice, 2};
    const struct gw_enum too_wide = {GW_TEXT_LIT("E"), GW_TYPE_U8, wide, 1};
    const struct gw_enum negative = {GW_TEXT_LIT("E"), GW_TYPE_U8, minus, 1};
    const struct gw_enum no_base = {GW_TEXT_LIT("E"), GW_TYPE_BOOL, wide, 1};
    const struct gw_enum empty = {GW_TEXT_LIT("E"), GW_TYPE_U8, wide, 0};
    struct {
        struct gw_type type;
        const char *word;
    } cases[] = {
        {{.kind = GW_TYPE_DEC, .precision = 0}, "precision"},
        {{.kind = GW_TYPE_DEC, .precision = 39}, "precision"},
        {{.kind = GW_TYPE_DEC, .precision = 2, .scale = 3}, "scale"},
        {{.kind = GW_TYPE_TIME, .unit = (enum gw_time_unit)7}, "time<U>"},
        {{.kind = GW_TYPE_STR, .max = 0}, "str<0>"},
        {{.kind = GW_TYPE_BYTES, .max = 65536}, "bytes<65536>"},
        {{.kind = GW_TYPE_LIST, .items = items, .item_count = 1, .max = 0}, "list"},
        {{.kind = GW_TYPE_LIST, .items = items, .item_count = 1, .max = 4097}, "list"},
        {{.kind = GW_TYPE_TUPLE, .items = items, .item_count = 17}, "17 parts"},
        {{.kind = GW_TYPE_TUPLE, .items = items, .item_count = 0}, "0 parts"},
        {{.kind = GW_TYPE_OPT, .items = opt_item, .item_count = 1}, "opt<opt"},
        {{.kind = GW_TYPE_ENUM, .members = &repeated}, "repeats"},
        {{.kind = GW_TYPE_ENUM, .members = &too_wide}, "does not fit u8"},
        {{.kind = GW_TYPE_ENUM, .members = &negative}, "does not fit u8"},
        {{.kind = GW_TYPE_ENUM, .members = &no_base}, "integer"},
        {{.kind = GW_TYPE_ENUM, .members = &empty}, "members"},
    };
    for (size_t i = 0; i < GW_COUNT_OF(cases); i++) {
        err = (struct gw_err){0};
        assert_int_equal(gw_type_finish(&cases[i].type, &err), GW_INVALID);
        if (strstr(err.msg, cases[i].word) == NULL)
            print_error("case %zu: %s\n", i, err.msg);
        assert_non_null(strstr(err.msg, cases[i].word));
    }
}

static void nesting_and_size_have_a_bound(void **state)
{
    (void)state;
    struct gw_type levels[GW_TYPE_DEPTH_MAX + 1];
    const struct gw_type *parts[GW_TYPE_DEPTH_MAX + 1][1];
    struct gw_err err;
    const struct gw_type *inner = gw_type_of_kind(GW_TYPE_U8);
    for (int i = 0; i < GW_TYPE_DEPTH_MAX; i++) {
        parts[i][0] = inner;
        levels[i] = (struct gw_type){.kind = GW_TYPE_TUPLE, .items = parts[i], .item_count = 1};
        gw_rc rc = gw_type_finish(&levels[i], &err);
        assert_int_equal(rc, i < GW_TYPE_DEPTH_MAX - 1 ? GW_OK : GW_INVALID);
        inner = &levels[i];
    }
    struct gw_type text = {.kind = GW_TYPE_STR, .max = 65535};
    assert_ok(gw_type_finish(&text, &err), &err);
    assert_int_equal(text.bytes_max, 65538);
    const struct gw_type *const text_item[] = {&text};
    struct gw_type list = {.kind = GW_TYPE_LIST, .items = text_item, .item_count = 1, .max = 4096};
    assert_ok(gw_type_finish(&list, &err), &err);
    const struct gw_type *const list_item[] = {&list};
    struct gw_type lists = {.kind = GW_TYPE_LIST, .items = list_item, .item_count = 1, .max = 3};
    assert_int_equal(gw_type_finish(&lists, &err), GW_INVALID);
}

static void types_are_written_as_in_programs_and_compare_by_parts(void **state)
{
    (void)state;
    char memory[128];
    struct gw_err err;
    struct gw_type dec = {.kind = GW_TYPE_DEC, .precision = 18, .scale = 2};
    struct gw_type time = {.kind = GW_TYPE_TIME, .unit = GW_TIME_US};
    assert_ok(gw_type_finish(&dec, &err), &err);
    assert_ok(gw_type_finish(&time, &err), &err);
    const struct gw_type *const pair[] = {gw_type_of_kind(GW_TYPE_U64), &dec};
    struct gw_type tuple = {.kind = GW_TYPE_TUPLE, .items = pair, .item_count = 2};
    assert_ok(gw_type_finish(&tuple, &err), &err);
    const struct gw_type *const tuple_item[] = {&tuple};
    struct gw_type list = {.kind = GW_TYPE_LIST, .items = tuple_item, .item_count = 1, .max = 16};
    assert_ok(gw_type_finish(&list, &err), &err);
    assert_text_equal(text_of(&list, memory, sizeof(memory)), "list<(u64, dec<18,2>),16>");
    assert_text_equal(text_of(&time, memory, sizeof(memory)), "time<us>");
    struct gw_type same = list, other = list;
    other.max = 17;
    assert_true(gw_type_equal(&list, &same));
    assert_false(gw_type_equal(&list, &other));
    assert_false(gw_type_equal(&list, &tuple));
    struct gw_type cents = dec;
    cents.scale = 3;
    assert_false(gw_type_equal(&dec, &cents));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(worst_case_bytes_of_plain_kinds),
        cmocka_unit_test(ranges_reach_the_limits_of_each_type),
        cmocka_unit_test(parameters_out_of_range_are_refused),
        cmocka_unit_test(nesting_and_size_have_a_bound),
        cmocka_unit_test(types_are_written_as_in_programs_and_compare_by_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
