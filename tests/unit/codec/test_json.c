#include "kit/kit.h"

#include "codec/json.h"
#include "codec/json_number.h"
#include "codec/json_write.h"

#include "base/int.h"

static struct gw_arena arena;

static int arena_open(void **state)
{
    (void)state;
    gw_arena_init(&arena, &gw_kit_alloc, 64 << 20);
    return 0;
}

static int arena_close(void **state)
{
    (void)state;
    gw_arena_done(&arena);
    return 0;
}

static const struct gw_json_opts by_hand = {.configuration = true};

/* Reads `input` and writes it back on one line. @return the text, or NULL with *err filled */
static const char *there_and_back(struct gw_text input, const struct gw_json_opts *opts,
                                  struct gw_err *err)
{
    struct gw_json_doc doc;
    struct gw_buf buf;
    if (gw_json_parse(input, opts, &arena, &doc, err) < 0)
        return NULL;
    gw_buf_init_fixed(&buf, gw_arena_get(&arena, 6 * input.len + 16), 6 * input.len + 16);
    struct gw_json_writer w = gw_json_writer(&buf, 0);
    gw_json_put_node(&w, doc.root);
    assert_ok(gw_json_writer_check(&w, "value", err), err);
    gw_buf_put_u8(&buf, 0);
    return (const char *)buf.data;
}

static void hard_numbers_keep_their_text(void **state)
{
    (void)state;
    static const char *const numbers[] = {
        "9007199254740993",
        "1.10",
        "123456789012345678901234567890",
        "-0",
        "1e400",
        "0.1e-7",
        "-0.0",
        "1E+2",
        "100000000000000000000000000000000000000000000000000e-50",
        "0e0",
        "-1.5E3",
        "18446744073709551616",
        "0.30000000000000004",
    };
    for (size_t i = 0; i < GW_COUNT_OF(numbers); i++) {
        struct gw_err err = {0};
        const char *again = there_and_back(gw_text(numbers[i]), NULL, &err);
        assert_non_null(again);
        assert_string_equal(again, numbers[i]);
    }
}

struct value {
    const char *text;
    unsigned scale;
    const char *expected; /* times 10^scale, or NULL: it does not fit */
};

static void numbers_have_exact_values(void **state)
{
    (void)state;
    static const struct value values[] = {
        {"0", 0, "0"},
        {"-0", 0, "0"},
        {"-0.000e99999999999999999999", 0, "0"},
        {"1e3", 0, "1000"},
        {"5.0", 0, "5"},
        {"1.10", 2, "110"},
        {"1.10", 1, "11"},
        {"1.11", 1, NULL},
        {"0.1e-7", 8, "1"},
        {"0.1e-7", 7, NULL},
        {"1e400", 0, NULL},
        {"1e-400", 38, NULL},
        {"1e99999999999999999999", 0, NULL},
        {"1e-99999999999999999999", 0, NULL},
        {"12300e-2", 0, "123"},
        {"9007199254740993", 0, "9007199254740993"},
        {"123456789012345678901234567890", 0, "123456789012345678901234567890"},
        {"170141183460469231731687303715884105727", 0, "170141183460469231731687303715884105727"},
        {"170141183460469231731687303715884105728", 0, NULL},
        {"-170141183460469231731687303715884105728", 0, "-170141183460469231731687303715884105728"},
        {"", 0, NULL},
        {"-", 0, NULL},
        {"+1", 0, NULL},
        {"01", 0, NULL},
        {"1.", 0, NULL},
        {".5", 1, NULL},
        {"1e", 0, NULL},
        {" 1", 0, NULL},
        {"1 ", 0, NULL},
        {"0x10", 0, NULL},
        {"NaN", 0, NULL},
    };
    for (size_t i = 0; i < GW_COUNT_OF(values); i++) {
        gw_i128 got = 0;
        char text[GW_INT_TEXT_MAX];
        bool fits = gw_json_number_i128(gw_text(values[i].text), values[i].scale, &got);
        if (fits != (values[i].expected != NULL))
            fail_msg("'%s' with scale %u", values[i].text, values[i].scale);
        gw_i128_text(got, text);
        assert_true(text[0] != '\0');
        if (fits)
            assert_string_equal(text, values[i].expected);
    }
    gw_u128 wide = 0;
    assert_true(gw_json_number_u128(gw_text("340282366920938463463374607431768211455"), 0, &wide));
    assert_true(wide == ~(gw_u128)0);
    assert_false(gw_json_number_u128(gw_text("340282366920938463463374607431768211456"), 0, &wide));
    assert_false(gw_json_number_u128(gw_text("-1"), 0, &wide));
    assert_true(gw_json_number_u128(gw_text("-0"), 0, &wide) && wide == 0);
}

struct sentence {
    const char *what, *text, *expected; /* what is written back; NULL: refused with `msg` */
    const char *msg;
    uint32_t line, column;
};

static void texts_come_back_unescaped_once(void **state)
{
    (void)state;
    static const struct sentence sentences[] = {
        {"short escapes", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\\"\\\\/\\b\\f\\n\\r\\t\"", NULL, 0,
         0},
        {"an escape for ASCII", "\"\\u0041\\u001f\"", "\"A\\u001f\"", NULL, 0, 0},
        {"a zero", "\"a\\u0000b\"", "\"a\\u0000b\"", NULL, 0, 0},
        {"two and three bytes", "\"\\u00fc\\u6c34\"", "\"\xc3\xbc\xe6\xb0\xb4\"", NULL, 0, 0},
        {"a pair", "\"\\uD83D\\udca9\"", "\"\xf0\x9f\x92\xa9\"", NULL, 0, 0},
        {"plain UTF-8", "\"\xf0\x9f\x92\xa9\"", "\"\xf0\x9f\x92\xa9\"", NULL, 0, 0},
        {"an empty name", "{\"\":{\"\":[]}}", "{\"\":{\"\":[]}}", NULL, 0, 0},
        {"blanks", " {\t\"a\" :\r\n[ 1 , 2 ] , \"b\":{ } } ", "{\"a\":[1,2],\"b\":{}}", NULL, 0, 0},
        {"delete is no control", "\"\x7f\"", "\"\x7f\"", NULL, 0, 0},
    };
    for (size_t i = 0; i < GW_COUNT_OF(sentences); i++) {
        struct gw_err err = {0};
        const char *again = there_and_back(gw_text(sentences[i].text), NULL, &err);
        if (again == NULL)
            fail_msg("%s: %s", sentences[i].what, err.msg);
        assert_string_equal(again, sentences[i].expected);
    }
}

/* clang-format off */
static const struct sentence refused[] = {
    {"nothing", "", NULL, "expected a value, found the end", 1, 1},
    {"blanks only", " \n ", NULL, "expected a value, found the end", 2, 2},
    {"two values", "1 2", NULL, "expected nothing more after the value, found '2'", 1, 3},
    {"a word", "nul", NULL, "expected a value, found 'n'", 1, 1},
    {"a long word", "truex", NULL, "expected nothing more after the value, found 'x'", 1, 5},
    {"NaN", "[NaN]", NULL, "expected a value or ']', found 'N'", 1, 2},
    {"plus", "+1", NULL, "expected a value, found '+'", 1, 1},
    {"a leading zero", "[01]", NULL, "a number does not begin with 0", 1, 2},
    {"a bare minus", "-", NULL, "not a number: digits are missing", 1, 1},
    {"no fraction", "1.", NULL, "not a number: digits are missing", 1, 1},
    {"no exponent", "1e+", NULL, "not a number: digits are missing", 1, 1},
    {"hexadecimal", "0x1", NULL, "expected nothing more after the value, found 'x'", 1, 2},
    {"trailing comma", "[1,]", NULL, "expected a value, found ']'", 1, 4},
    {"trailing comma in an object", "{\"a\":1,}", NULL, "expected a name in quotes, found '}'", 1, 8},
    {"missing comma", "[1 2]", NULL, "expected ',' or ']', found '2'", 1, 4},
    {"missing colon", "{\"a\" 1}", NULL, "expected ':', found '1'", 1, 6},
    {"wrong bracket", "{\"a\":[1}", NULL, "expected ',' or ']', found '}'", 1, 8},
    {"name without quotes", "{a:1}", NULL, "expected a name in quotes or '}', found 'a'", 1, 2},
    {"never closed", "{\"a\":[", NULL, "expected a value or ']', found the end", 1, 7},
    {"comment", "[1, // one\n2]", NULL, "expected a value, found '/'", 1, 5},
    {"quote never closed", "\n \"abc", NULL, "a text without its closing quote", 2, 2},
    {"quote escaped at the end", "\"abc\\", NULL, "a text without its closing quote", 1, 1},
    {"raw newline", "\"ab\n\"", NULL, "a control character in a text: write it as an escape", 1, 4},
    {"raw tab counts one", "\t\"ab\t\"", NULL, "a control character in a text: write it as an escape", 1, 5},
    {"unknown escape", "\"a\\x\"", NULL, "an escape that JSON does not have", 1, 3},
    {"short \\u", "\"\\u12g4\"", NULL, "\\u needs four hexadecimal digits", 1, 2},
    {"\\u cut by the quote", "\"\\u12\"", NULL, "\\u needs four hexadecimal digits", 1, 2},
    {"high surrogate alone", "\"\\ud800\"", NULL, "half of a surrogate pair", 1, 2},
    {"high surrogate, then a letter", "\"\\ud800a\"", NULL, "half of a surrogate pair", 1, 2},
    {"two high surrogates", "\"\\ud800\\ud800\"", NULL, "half of a surrogate pair", 1, 2},
    {"low surrogate alone", "\"\\udc00\"", NULL, "half of a surrogate pair", 1, 2},
    {"surrogate in UTF-8", "\"\xed\xa0\x80\"", NULL, "not UTF-8", 1, 2},
    {"overlong UTF-8", "\"ab\xc0\x80\"", NULL, "not UTF-8", 1, 4},
    {"columns are characters", "[\"\xc3\xbc\xf0\x9f\x92\xa9\", x]", NULL, "expected a value, found 'x'", 1, 8},
    {"CRLF is one end of line", "[\r\n1,\r\n\rx]", NULL, "expected a value, found 'x'", 4, 1},
    {"byte order mark", "\xef\xbb\xbf{}", NULL, "expected a value, found byte 0xef", 1, 1},
    {"a name twice", "{\"a\":1,\n \"b\":{\"a\":2}, \"\\u0061\":3}", NULL, "\"a\" stands here a second time", 2, 15},
};
/* clang-format on */

static void what_is_not_json_is_refused_with_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT_OF(refused); i++) {
        struct gw_err err = {0};
        if (there_and_back(gw_text(refused[i].text), NULL, &err))
            fail_msg("%s: taken", refused[i].what);
        if (strcmp(err.msg, refused[i].msg) != 0 || err.place.line != refused[i].line ||
            err.place.column != refused[i].column)
            fail_msg("%s: %u:%u: %s", refused[i].what, err.place.line, err.place.column, err.msg);
        assert_int_equal(err.rc, GW_INVALID);
        assert_true(err.code == 7101 || err.code == 7102);
    }
    struct gw_err err = {0};
    assert_null(there_and_back((struct gw_text){"\"a\0b\"", 5}, NULL, &err));
    assert_null(there_and_back((struct gw_text){"1\0", 2}, NULL, &err));
    assert_string_equal(err.msg, "expected nothing more after the value, found byte 0x00");
}

static void configuration_is_written_by_hand(void **state)
{
    (void)state;
    struct gw_err err = {0};
    const char *again = there_and_back(gw_text("\xef\xbb\xbf// head\n"
                                               "{ # why\n"
                                               "  \"a\": [1, /* two \xc3\xbc */ 2, ], /**/\n"
                                               "  \"b\" /* here */ : /* and there */ {},\n"
                                               "} // end"),
                                       &by_hand, &err);
    assert_non_null(again);
    assert_string_equal(again, "{\"a\":[1,2],\"b\":{}}");
    static const struct sentence wrong[] = {
        {"only a comma", "[,]", NULL, "expected a value or ']', found ','", 1, 2},
        {"two commas", "[1,,]", NULL, "expected a value or ']', found ','", 1, 4},
        {"comment without an end", "[1 /* x", NULL, "a comment without an end", 1, 4},
        {"half a comment", "[1 / 2]", NULL, "expected ',' or ']', found '/'", 1, 4},
        {"bad UTF-8 in a comment", "# a\xff\n1", NULL, "not UTF-8", 1, 4},
        {"a name twice", "{\"a\":1,\"a\":1}", NULL, "\"a\" stands here a second time", 1, 8},
        {"only a comment", "# nothing", NULL, "expected a value, found the end", 1, 10},
    };
    for (size_t i = 0; i < GW_COUNT_OF(wrong); i++) {
        struct gw_json_opts opts = by_hand;
        opts.name = GW_TEXT_LIT("godwit.jsonc");
        opts.keep_duplicates = true; /* of no effect here */
        assert_null(there_and_back(gw_text(wrong[i].text), &opts, &err));
        if (strcmp(err.msg, wrong[i].msg) != 0 || err.place.line != wrong[i].line ||
            err.place.column != wrong[i].column)
            fail_msg("%s: %u:%u: %s", wrong[i].what, err.place.line, err.place.column, err.msg);
        assert_string_equal(err.place.name, "godwit.jsonc");
    }
    assert_null(there_and_back(gw_text("['a']"), &by_hand, &err));
    assert_string_equal(err.hint, "texts stand in double quotes");
    assert_null(there_and_back(gw_text("[#]"), NULL, &err));
    assert_string_equal(err.hint, "comments are for configuration files only");
}

static void duplicates_are_kept_on_demand(void **state)
{
    (void)state;
    struct gw_json_opts opts = {.keep_duplicates = true};
    struct gw_json_doc doc;
    struct gw_err err;
    uint64_t value = 0;
    assert_ok(gw_json_parse(gw_text("{\"a\":1,\"a\":2}"), &opts, &arena, &doc, &err), &err);
    assert_int_equal(doc.root->count, 2);
    assert_true(gw_json_get_u64(gw_json_member(doc.root, "a"), &value) && value == 2);
}

/* 5,000 names in one object, each with an object of its own inside: the table grows, nested names come and go. */
static void many_names_are_told_apart(void **state)
{
    (void)state;
    enum { NAMES = 5000 };
    struct gw_buf buf;
    struct gw_err err;
    gw_buf_init(&buf, &gw_kit_alloc, 1 << 20);
    gw_buf_put_u8(&buf, '{');
    for (int i = 0; i < NAMES; i++)
        gw_buf_printf(&buf, "\"n%d\":{\"n%d\":0,\"x\":0},", i, i);
    gw_buf_put_str(&buf, "\"n17\":0}");
    struct gw_text whole = gw_buf_text(&buf);
    assert_null(there_and_back(whole, NULL, &err));
    assert_string_equal(err.msg, "\"n17\" stands here a second time");
    buf.data[buf.len - 6] = 'm';
    assert_non_null(there_and_back(whole, NULL, &err));
    gw_buf_done(&buf);
}

static void depth_is_bounded_by_choice_and_not_by_the_stack(void **state)
{
    (void)state;
    enum { DEEP = 10000 };
    struct gw_json_opts opts = {.depth_max = DEEP};
    struct gw_err err = {0};
    static char deep[2 * DEEP + 3];
    memset(deep, '[', DEEP);
    memset(deep + DEEP, ']', DEEP);
    assert_null(there_and_back((struct gw_text){deep, sizeof(deep) - 3}, NULL, &err));
    assert_int_equal(err.rc, GW_TOOLARGE);
    assert_int_equal(err.code, 7103);
    assert_int_equal(err.place.column, GW_JSON_DEPTH_DEFAULT + 1);
    const char *again = there_and_back((struct gw_text){deep, (size_t)2 * DEEP}, &opts, &err);
    assert_non_null(again);
    assert_memory_equal(again, deep, (size_t)2 * DEEP);
    memset(deep, '[', DEEP + 1);
    memset(deep + DEEP + 1, ']', DEEP + 1);
    assert_null(there_and_back((struct gw_text){deep, sizeof(deep) - 1}, &opts, &err));
}

static void events_come_one_by_one_and_skip_gives_the_raw_text(void **state)
{
    (void)state;
    struct gw_json_reader r;
    enum gw_json_event event = GW_JSON_AT_END;
    struct gw_text raw;
    struct gw_err err;
    gw_json_reader_init(&r, gw_text("{\"a\": [1, {\"b\": 2}] , \"c\": 1.10}"), NULL, &arena);
    assert_ok(gw_json_next(&r, &event, &err), &err);
    assert_int_equal(event, GW_JSON_AT_OBJECT);
    assert_ok(gw_json_next(&r, &event, &err), &err);
    assert_int_equal(event, GW_JSON_AT_NAME);
    assert_text_equal(r.text, "a");
    assert_ok(gw_json_next(&r, &event, &err), &err);
    assert_ok(gw_json_skip(&r, event, &raw, &err), &err);
    assert_text_equal(raw, "[1, {\"b\": 2}]");
    assert_ok(gw_json_next(&r, &event, &err), &err);
    assert_text_equal(r.text, "c");
    assert_ok(gw_json_next(&r, &event, &err), &err);
    assert_ok(gw_json_skip(&r, event, &raw, &err), &err);
    assert_text_equal(raw, "1.10");
    assert_ok(gw_json_next(&r, &event, &err), &err);
    assert_int_equal(event, GW_JSON_AT_OBJECT_END);
    assert_ok(gw_json_next(&r, &event, &err), &err);
    assert_int_equal(event, GW_JSON_AT_END);
    expect_assert_failure(assert_ok(gw_json_next(&r, &event, &err), &err));
}

static void getters_take_numbers_and_strings_that_fit(void **state)
{
    (void)state;
    struct gw_json_doc doc;
    struct gw_err err = {0};
    assert_ok(gw_json_parse(gw_text("{\"n\": 9007199254740993, \"s\": \"9007199254740993\",\n"
                                    " \"d\": \"1.10\", \"neg\": -1, \"t\": \"ten\", \"b\": true,\n"
                                    " \"big\": 18446744073709551616}"),
                            NULL, &arena, &doc, &err),
              &err);
    const struct gw_json *o = doc.root;
    uint64_t u64 = 0;
    int64_t i64 = 0;
    gw_u128 u128 = 0;
    gw_i128 i128 = 0;
    bool truth = false;
    struct gw_text text;
    assert_true(gw_json_get_u64(gw_json_member(o, "n"), &u64) && u64 == 9007199254740993);
    assert_true(gw_json_get_i64(gw_json_member(o, "s"), &i64) && i64 == 9007199254740993);
    assert_true(gw_json_get_dec(gw_json_member(o, "d"), 2, &i128) && i128 == 110);
    assert_false(gw_json_get_u64(gw_json_member(o, "neg"), &u64));
    assert_true(gw_json_get_i64(gw_json_member(o, "neg"), &i64) && i64 == -1);
    assert_false(gw_json_get_u64(gw_json_member(o, "big"), &u64));
    assert_false(gw_json_get_i64(gw_json_member(o, "big"), &i64));
    assert_true(gw_json_get_u128(gw_json_member(o, "big"), &u128) && u128 == (gw_u128)1 << 64);
    assert_true(gw_json_get_i128(gw_json_member(o, "big"), &i128));
    assert_false(gw_json_get_u64(gw_json_member(o, "t"), &u64));
    assert_false(gw_json_get_u64(gw_json_member(o, "b"), &u64));
    assert_false(gw_json_get_u64(gw_json_member(o, "absent"), &u64));
    assert_true(gw_json_get_bool(gw_json_member(o, "b"), &truth) && truth);
    assert_true(gw_json_get_text(gw_json_member(o, "t"), &text));
    assert_text_equal(text, "ten");
    assert_null(gw_json_member(gw_json_member(o, "n"), "x"));
    assert_int_equal(GW_FAIL(&err, GW_INVALID, "no"), GW_INVALID);
    gw_json_err_place(&doc, gw_json_member(o, "t"), &err);
    assert_true(err.place.line == 2 && err.place.column == 31);
}

static void writer_keeps_big_numbers_from_doubles(void **state)
{
    (void)state;
    char memory[512];
    struct gw_buf buf;
    gw_buf_init_fixed(&buf, memory, sizeof(memory));
    struct gw_json_writer w = gw_json_writer(&buf, 0);
    gw_json_put_array(&w);
    gw_json_put_u64(&w, UINT64_C(1) << 53);
    gw_json_put_u64(&w, (UINT64_C(1) << 53) + 1);
    gw_json_put_i64(&w, -(INT64_C(1) << 53));
    gw_json_put_i64(&w, INT64_MIN);
    gw_json_put_u128(&w, ~(gw_u128)0);
    gw_json_put_dec(&w, 110, 2);
    gw_json_put_dec(&w, -999999999999999, 3);
    gw_json_put_dec(&w, 1000000000000000, 1);
    gw_json_put_raw(&w, GW_TEXT_LIT("1e400"));
    gw_json_put_array_end(&w);
    assert_ok(gw_json_writer_check(&w, "answer", NULL), NULL);
    assert_text_equal(gw_buf_text(&buf),
                      "[9007199254740992,\"9007199254740993\",-9007199254740992,"
                      "\"-9223372036854775808\",\"340282366920938463463374607431768211455\","
                      "1.10,-999999999999.999,\"100000000000000.0\",1e400]");
}

static void writer_indents_for_people(void **state)
{
    (void)state;
    char memory[512];
    struct gw_buf buf;
    gw_buf_init_fixed(&buf, memory, sizeof(memory));
    struct gw_json_writer w = gw_json_writer(&buf, 2);
    gw_json_put_object(&w);
    gw_json_put_name_str(&w, "name");
    gw_json_put_str(&w, "a \"b\"\x01");
    gw_json_put_name_str(&w, "list");
    gw_json_put_array(&w);
    gw_json_put_bool(&w, true);
    gw_json_put_null(&w);
    gw_json_put_array_end(&w);
    gw_json_put_name_str(&w, "none");
    gw_json_put_object(&w);
    gw_json_put_object_end(&w);
    gw_json_put_object_end(&w);
    assert_text_equal(gw_buf_text(&buf), "{\n"
                                         "  \"name\": \"a \\\"b\\\"\\u0001\",\n"
                                         "  \"list\": [\n"
                                         "    true,\n"
                                         "    null\n"
                                         "  ],\n"
                                         "  \"none\": {}\n"
                                         "}");
}

static void writer_remembers_text_that_is_not_utf8(void **state)
{
    (void)state;
    char memory[64];
    struct gw_buf buf;
    struct gw_err err;
    gw_buf_init_fixed(&buf, memory, sizeof(memory));
    struct gw_json_writer w = gw_json_writer(&buf, 0);
    gw_json_put_str(&w, "ab\xff");
    assert_int_equal(gw_json_writer_check(&w, "answer", &err), GW_INVALID);
    assert_string_equal(err.msg, "answer: a text is not UTF-8");
}

static void every_refused_allocation_is_told(void **state)
{
    (void)state;
    struct gw_buf big;
    gw_buf_init(&big, &gw_kit_alloc, 1 << 20);
    gw_buf_put_str(&big, "{\"\\u0061\":[");
    for (int i = 0; i < 3000; i++)
        gw_buf_printf(&big, "{\"n%d\":\"\\n\"},", i);
    gw_buf_put_str(&big, "[[]]]}");
    for (uint64_t nth = 0;; nth++) {
        struct gw_kit_refuse refuse;
        struct gw_arena small;
        struct gw_err err = {0};
        struct gw_json_doc doc = {.root = NULL};
        gw_kit_refuse_init(&refuse, nth);
        gw_arena_init(&small, &refuse.alloc, 16 << 20);
        gw_rc rc = gw_json_parse(gw_buf_text(&big), NULL, &small, &doc, &err);
        if (refuse.refused)
            assert_true(rc == GW_NOMEM && err.rc == GW_NOMEM && doc.root == NULL);
        gw_arena_done(&small);
        if (!refuse.refused) {
            assert_ok(rc, &err);
            assert_true(nth > 3);
            break;
        }
    }
    gw_buf_done(&big);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hard_numbers_keep_their_text),
        cmocka_unit_test(numbers_have_exact_values),
        cmocka_unit_test(texts_come_back_unescaped_once),
        cmocka_unit_test(what_is_not_json_is_refused_with_its_place),
        cmocka_unit_test(configuration_is_written_by_hand),
        cmocka_unit_test(duplicates_are_kept_on_demand),
        cmocka_unit_test(many_names_are_told_apart),
        cmocka_unit_test(depth_is_bounded_by_choice_and_not_by_the_stack),
        cmocka_unit_test(events_come_one_by_one_and_skip_gives_the_raw_text),
        cmocka_unit_test(getters_take_numbers_and_strings_that_fit),
        cmocka_unit_test(writer_keeps_big_numbers_from_doubles),
        cmocka_unit_test(writer_indents_for_people),
        cmocka_unit_test(writer_remembers_text_that_is_not_utf8),
        cmocka_unit_test(every_refused_allocation_is_told),
    };
    return cmocka_run_group_tests(tests, arena_open, arena_close) != 0;
}
