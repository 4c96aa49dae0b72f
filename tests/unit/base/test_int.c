#include "kit/kit.h"

#include "base/int.h"
#include "base/rand.h"

static void texts_of_the_limits(void **state)
{
    (void)state;
    char text[GW_INT_TEXT_MAX];
    const gw_u128 all = ~(gw_u128)0;
    const gw_i128 least = (gw_i128)((gw_u128)1 << 127);
    assert_int_equal(gw_u128_text(all, text), 39);
    assert_string_equal(text, "340282366920938463463374607431768211455");
    gw_i128_text(least, text);
    assert_string_equal(text, "-170141183460469231731687303715884105728");
    gw_i128_text(0, text);
    assert_string_equal(text, "0");
    gw_dec_text(least, 38, text);
    assert_string_equal(text, "-1.70141183460469231731687303715884105728");
    gw_dec_text(-5, 2, text);
    assert_string_equal(text, "-0.05");
    gw_dec_text(110, 2, text);
    assert_string_equal(text, "1.10");
    gw_dec_text(7, 0, text);
    assert_string_equal(text, "7");
}

static void what_is_no_number_is_refused(void **state)
{
    (void)state;
    static const char *const refused[] = {
        "",   "-",    "+1",  " 1",  "1 ",
        "1x", "0x10", "1e3", "--1", "170141183460469231731687303715884105728",
    };
    gw_i128 i = 77;
    gw_u128 u = 77;
    for (size_t n = 0; n < GW_COUNT_OF(refused); n++)
        assert_false(gw_i128_parse(gw_text(refused[n]), &i));
    assert_false(gw_u128_parse(GW_TEXT_LIT("-1"), &u));
    assert_false(gw_u128_parse(GW_TEXT_LIT("340282366920938463463374607431768211456"), &u));
    assert_true(i == 77 && u == 77);
    assert_true(gw_i128_parse(GW_TEXT_LIT("-170141183460469231731687303715884105728"), &i));
    assert_true(gw_i128_parse(GW_TEXT_LIT("-0"), &i) && i == 0);
}

static void decimals_are_exact_or_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned scale;
        bool fits;
        int64_t value;
    } cases[] = {
        {"1.10", 2, true, 110},  {"1.1", 2, true, 110},   {"1", 2, true, 100},
        {"1.100", 2, true, 110}, {"1.105", 2, false, 0},  {"-0.05", 2, true, -5},
        {".5", 2, false, 0},     {"5.", 2, false, 0},     {"1.1.1", 2, false, 0},
        {"1.x", 2, false, 0},    {"-", 2, false, 0},      {"", 2, false, 0},
        {"12", 0, true, 12},     {"12.000", 0, true, 12}, {"1e2", 2, false, 0},
    };
    for (size_t i = 0; i < GW_COUNT_OF(cases); i++) {
        gw_i128 value = 0;
        assert_int_equal(gw_dec_parse(gw_text(cases[i].text), cases[i].scale, &value),
                         cases[i].fits);
        assert_true(value == cases[i].value);
    }
    gw_i128 value;
    assert_false(gw_dec_parse(GW_TEXT_LIT("999999999999999999999999999999999999999"), 2, &value));
}

static void text_and_number_are_inverse(void **state)
{
    (void)state;
    struct gw_rand rand;
    gw_rand_init(&rand, 1);
    for (int i = 0; i < 20000; i++) {
        char text[GW_INT_TEXT_MAX];
        gw_u128 bits = (gw_u128)gw_rand_u64(&rand) << 64 | gw_rand_u64(&rand);
        gw_i128 value = (gw_i128)bits >> gw_rand_below(&rand, 127), back = 0;
        unsigned scale = (unsigned)gw_rand_below(&rand, GW_DEC_DIGITS_MAX + 1);
        size_t len = gw_dec_text(value, scale, text);
        assert_true(len < GW_INT_TEXT_MAX &&
                    gw_dec_parse((struct gw_text){text, len}, scale, &back));
        assert_true(back == value);
        len = gw_i128_text(value, text);
        assert_true(gw_i128_parse((struct gw_text){text, len}, &back) && back == value);
    }
    assert_true(gw_pow10(0) == 1 && gw_pow10(38) / gw_pow10(37) == 10);
    expect_assert_failure((void)gw_pow10(39));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_of_the_limits),
        cmocka_unit_test(what_is_no_number_is_refused),
        cmocka_unit_test(decimals_are_exact_or_refused),
        cmocka_unit_test(text_and_number_are_inverse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
