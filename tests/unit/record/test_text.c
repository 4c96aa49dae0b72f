/* Values as people and JSON see them. */
#include "kit/kit.h"

#include "kit_record/random_value.h"
#include "record/text.h"

enum { ROUNDS = 4000 };

struct desk {
    struct gw_arena arena;
    struct gw_buf buf;
    struct gw_err err;
};

static int open_desk(void **state)
{
    static struct desk desk;
    gw_arena_init(&desk.arena, &gw_kit_alloc, 64 << 20);
    gw_buf_init(&desk.buf, &gw_kit_alloc, 1 << 20);
    *state = &desk;
    return 0;
}

static int close_desk(void **state)
{
    struct desk *desk = *state;
    gw_arena_done(&desk->arena);
    gw_buf_done(&desk->buf);
    return 0;
}

static struct gw_text written(struct desk *desk, const struct gw_type *type, union gw_value value)
{
    gw_buf_reset(&desk->buf);
    struct gw_json_writer writer = gw_json_writer(&desk->buf, 0);
    gw_value_to_json(type, value, &writer);
    assert_ok(gw_json_writer_check(&writer, "value", &desk->err), &desk->err);
    return gw_buf_text(&desk->buf);
}

static gw_rc read_value(struct desk *desk, const struct gw_type *type, struct gw_text json,
                        union gw_value *ret)
{
    struct gw_json_doc doc;
    assert_ok(gw_json_parse(json, NULL, &desk->arena, &doc, &desk->err), &desk->err);
    return gw_value_from_json(type, doc.root, &desk->arena, ret, &desk->err);
}

static const struct gw_type *finished(struct desk *desk, struct gw_type *type)
{
    assert_ok(gw_type_finish(type, &desk->err), &desk->err);
    return type;
}

static void json_of_random_values_reads_back(void **state)
{
    struct desk *desk = *state;
    struct gw_rand rand;
    gw_rand_init(&rand, 7);
    for (int i = 0; i < ROUNDS; i++, gw_arena_reset(&desk->arena)) {
        const struct gw_random_opts opts = {.depth = 3};
        const struct gw_type *type = gw_random_type(&rand, &opts, &desk->arena);
        union gw_value value = gw_random_value(&rand, type, &desk->arena), back;
        struct gw_text json = written(desk, type, value);
        gw_rc rc = read_value(desk, type, json, &back);
        if (rc < 0)
            print_error("%.*s\n", GW_TEXT_ARG(json));
        assert_ok(rc, &desk->err);
        assert_true(gw_value_equal(type, value, back));
    }
}

static void hard_values_keep_every_digit(void **state)
{
    struct desk *desk = *state;
    struct gw_type dec = {.kind = GW_TYPE_DEC, .precision = 18, .scale = 2};
    struct gw_type wide = {.kind = GW_TYPE_DEC, .precision = 38, .scale = 10};
    struct gw_type time = {.kind = GW_TYPE_TIME, .unit = GW_TIME_US};
    struct gw_type blob = {.kind = GW_TYPE_BYTES, .max = 8};
    const struct {
        const struct gw_type *type;
        const char *json;
    } cases[] = {
        {gw_type_of_kind(GW_TYPE_U64), "9007199254740992"},
        {gw_type_of_kind(GW_TYPE_U64), "\"9007199254740993\""},
        {gw_type_of_kind(GW_TYPE_I64), "\"-9223372036854775808\""},
        {gw_type_of_kind(GW_TYPE_I128), "\"-170141183460469231731687303715884105728\""},
        {gw_type_of_kind(GW_TYPE_I128), "\"170141183460469231731687303715884105727\""},
        {gw_type_of_kind(GW_TYPE_U128), "\"340282366920938463463374607431768211455\""},
        {finished(desk, &dec), "\"1.10\""},
        {&dec, "\"-9999999999999999.99\""},
        {finished(desk, &wide), "\"1234567890123456789012345678.0123456789\""},
        {finished(desk, &time), "\"2026-03-02T10:11:12.000481Z\""},
        {finished(desk, &blob), "\"00ff10\""},
        {gw_type_of_kind(GW_TYPE_UUID), "\"00112233-4455-6677-8899-aabbccddeeff\""},
        {gw_type_of_kind(GW_TYPE_REAL), "0.1"},
        {gw_type_of_kind(GW_TYPE_REAL), "-0"},
        {gw_type_of_kind(GW_TYPE_REAL), "\"-Infinity\""},
        {gw_type_of_kind(GW_TYPE_BOOL), "true"},
    };
    for (size_t i = 0; i < GW_COUNT_OF(cases); i++) {
        union gw_value value;
        assert_ok(read_value(desk, cases[i].type, gw_text(cases[i].json), &value), &desk->err);
        assert_text_equal(written(desk, cases[i].type, value), cases[i].json);
    }
}

static void numbers_may_come_as_text_and_text_as_numbers(void **state)
{
    struct desk *desk = *state;
    struct gw_type dec = {.kind = GW_TYPE_DEC, .precision = 18, .scale = 2};
    union gw_value value;
    finished(desk, &dec);
    assert_ok(read_value(desk, &dec, GW_TEXT_LIT("1.10"), &value), &desk->err);
    assert_true(value.i == 110);
    assert_ok(read_value(desk, gw_type_of_kind(GW_TYPE_U8), GW_TEXT_LIT("\"7\""), &value),
              &desk->err);
    assert_true(value.u == 7);
    assert_ok(read_value(desk, gw_type_of_kind(GW_TYPE_DUR), GW_TEXT_LIT("\"1h30m\""), &value),
              &desk->err);
    assert_true(value.i == 5400 * GW_NS_PER_S);
}

static void refusals_name_what_was_expected_and_what_came(void **state)
{
    struct desk *desk = *state;
    struct gw_type dec = {.kind = GW_TYPE_DEC, .precision = 18, .scale = 2};
    struct gw_type str = {.kind = GW_TYPE_STR, .max = 3};
    struct gw_type time = {.kind = GW_TYPE_TIME, .unit = GW_TIME_S};
    const struct gw_enum_member members[] = {{GW_TEXT_LIT("OPEN"), 1}, {GW_TEXT_LIT("CLOSED"), 2}};
    const struct gw_enum kinds = {GW_TEXT_LIT("Kind"), GW_TYPE_U8, members, 2};
    struct gw_type kind = {.kind = GW_TYPE_ENUM, .members = &kinds};
    const struct gw_type *const items[] = {gw_type_of_kind(GW_TYPE_U8)};
    struct gw_type list = {.kind = GW_TYPE_LIST, .items = items, .item_count = 1, .max = 2};
    const struct {
        const struct gw_type *type;
        const char *json, *msg, *hint;
    } cases[] = {
        {finished(desk, &dec), "1.105", "expected dec<18,2>, got 1.105", ""},
        {&dec, "\"many\"", "expected dec<18,2>, got \"many\"", ""},
        {gw_type_of_kind(GW_TYPE_U8), "300", "expected u8, got 300", ""},
        {gw_type_of_kind(GW_TYPE_U8), "null", "expected u8, got null", ""},
        {gw_type_of_kind(GW_TYPE_REAL), "1e400", "expected real, got 1e400", ""},
        {finished(desk, &time), "\"2026-02-30\"", "expected time<s>, got \"2026-02-30\"", ""},
        {finished(desk, &str), "\"four\"", "4 bytes, at most 3 are allowed", ""},
        {finished(desk, &kind), "\"OPEM\"", "expected Kind, got \"OPEM\"", "did you mean `OPEN`?"},
        {&kind, "3", "expected Kind, got 3", ""},
        {finished(desk, &list), "[1,-1]", "item 1: expected u8, got -1", ""},
        {&list, "[1,2,3]", "3 items, at most 2 are allowed", ""},
    };
    for (size_t i = 0; i < GW_COUNT_OF(cases); i++) {
        union gw_value value = {.u = 99};
        desk->err = (struct gw_err){0};
        assert_int_equal(read_value(desk, cases[i].type, gw_text(cases[i].json), &value),
                         GW_INVALID);
        assert_string_equal(desk->err.msg, cases[i].msg);
        assert_string_equal(desk->err.hint, cases[i].hint);
        assert_true(value.u == 99);
    }
    union gw_value value;
    assert_int_equal(
        gw_value_from_json(gw_type_of_kind(GW_TYPE_U8), NULL, &desk->arena, &value, &desk->err),
        GW_INVALID);
    assert_string_equal(desk->err.msg, "expected u8, got nothing");
}

static void refused_memory_is_reported(void **state)
{
    struct desk *desk = *state;
    struct gw_type str = {.kind = GW_TYPE_STR, .max = 8};
    const struct gw_type *const str_item[] = {finished(desk, &str)};
    struct gw_type opt = {.kind = GW_TYPE_OPT, .items = str_item, .item_count = 1};
    const struct gw_type *const opt_item[] = {finished(desk, &opt)};
    struct gw_type list = {.kind = GW_TYPE_LIST, .items = opt_item, .item_count = 1, .max = 3};
    struct gw_json_doc doc;
    finished(desk, &list);
    assert_ok(
        gw_json_parse(GW_TEXT_LIT("[\"a\",null,\"b\"]"), NULL, &desk->arena, &doc, &desk->err),
        &desk->err);
    for (size_t bytes = 0;; bytes += 16) {
        struct gw_arena arena;
        union gw_value value = {.u = 77};
        gw_arena_init(&arena, &gw_kit_alloc, bytes);
        gw_rc rc = gw_value_from_json(&list, doc.root, &arena, &value, &desk->err);
        assert_true(rc == GW_OK || (rc == GW_NOMEM && value.u == 77));
        gw_arena_done(&arena);
        if (rc == GW_OK)
            return;
    }
}

static struct gw_text line_of(struct desk *desk, const struct gw_type *type, union gw_value value,
                              size_t bytes_max)
{
    gw_buf_reset(&desk->buf);
    gw_value_text(type, value, bytes_max, &desk->buf);
    return gw_buf_text(&desk->buf);
}

static void a_line_for_people(void **state)
{
    struct desk *desk = *state;
    struct gw_type str = {.kind = GW_TYPE_STR, .max = 64}, blob = {.kind = GW_TYPE_BYTES, .max = 8};
    struct gw_type dec = {.kind = GW_TYPE_DEC, .precision = 18, .scale = 2};
    finished(desk, &str), finished(desk, &blob), finished(desk, &dec);
    union gw_value text = {.bytes = {(const uint8_t *)"a\"b\n\x01é", 7}};
    assert_text_equal(line_of(desk, &str, text, 100), "\"a\\\"b\\n\\u0001é\"");
    union gw_value bytes = {.bytes = {(const uint8_t *)"\x00\xff", 2}};
    assert_text_equal(line_of(desk, &blob, bytes, 100), "x'00ff'");
    assert_text_equal(line_of(desk, &dec, (union gw_value){.i = -5}, 100), "-0.05");
    union gw_value dur = {.i = 72 * GW_NS_PER_S};
    assert_text_equal(line_of(desk, gw_type_of_kind(GW_TYPE_DUR), dur, 100), "1m12s");
    dur.i = 86400 * GW_NS_PER_S + 1;
    assert_text_equal(line_of(desk, gw_type_of_kind(GW_TYPE_DUR), dur, 100), "86400000000001ns");
    const struct gw_type *const items[] = {&dec};
    struct gw_type opt = {.kind = GW_TYPE_OPT, .items = items, .item_count = 1};
    finished(desk, &opt);
    assert_text_equal(line_of(desk, &opt, (union gw_value){.u = 0}, 100), "none");
}

static void a_long_line_is_cut_between_characters(void **state)
{
    struct desk *desk = *state;
    struct gw_type str = {.kind = GW_TYPE_STR, .max = 64};
    finished(desk, &str);
    union gw_value text = {.bytes = {(const uint8_t *)"ééééééééé", 18}};
    assert_text_equal(line_of(desk, &str, text, 20), "\"ééééééééé\"");
    assert_text_equal(line_of(desk, &str, text, 19), "\"ééééééé…");
    assert_text_equal(line_of(desk, &str, text, 3), "…");
    struct gw_rand rand;
    gw_rand_init(&rand, 8);
    for (int i = 0; i < ROUNDS / 4; i++, gw_arena_reset(&desk->arena)) {
        const struct gw_random_opts opts = {.depth = 3};
        const struct gw_type *type = gw_random_type(&rand, &opts, &desk->arena);
        size_t most = 3 + gw_rand_below(&rand, 60);
        struct gw_text line = line_of(desk, type, gw_random_value(&rand, type, &desk->arena), most);
        assert_true(line.len <= most);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(json_of_random_values_reads_back, open_desk, close_desk),
        cmocka_unit_test_setup_teardown(hard_values_keep_every_digit, open_desk, close_desk),
        cmocka_unit_test_setup_teardown(numbers_may_come_as_text_and_text_as_numbers, open_desk,
                                        close_desk),
        cmocka_unit_test_setup_teardown(refusals_name_what_was_expected_and_what_came, open_desk,
                                        close_desk),
        cmocka_unit_test_setup_teardown(refused_memory_is_reported, open_desk, close_desk),
        cmocka_unit_test_setup_teardown(a_line_for_people, open_desk, close_desk),
        cmocka_unit_test_setup_teardown(a_long_line_is_cut_between_characters, open_desk,
                                        close_desk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
