#include "kit/kit.h"

#include "base/rand.h"
#include "base/time.h"

static void known_moments(void **state)
{
    (void)state;
    static const struct {
        int64_t count;
        enum gw_time_unit unit;
        const char *text;
    } cases[] = {
        {0, GW_TIME_S, "1970-01-01T00:00:00Z"},
        {-1, GW_TIME_S, "1969-12-31T23:59:59Z"},
        {-1, GW_TIME_NS, "1969-12-31T23:59:59.999999999Z"},
        {951782400, GW_TIME_S, "2000-02-29T00:00:00Z"},
        {1772446272000481, GW_TIME_US, "2026-03-02T10:11:12.000481Z"},
        {-2208988800000, GW_TIME_MS, "1900-01-01T00:00:00.000Z"},
        {-62167219200, GW_TIME_S, "0000-01-01T00:00:00Z"},
        {253402300799, GW_TIME_S, "9999-12-31T23:59:59Z"},
        {INT64_MAX, GW_TIME_NS, "2262-04-11T23:47:16.854775807Z"},
        {INT64_MIN, GW_TIME_NS, "1677-09-21T00:12:43.145224192Z"},
    };
    for (size_t i = 0; i < GW_COUNT_OF(cases); i++) {
        char text[GW_TIME_TEXT_MAX];
        int64_t count = 7;
        size_t len = gw_time_text(cases[i].count, cases[i].unit, text);
        assert_string_equal(text, cases[i].text);
        assert_true(gw_time_parse((struct gw_text){text, len}, cases[i].unit, &count));
        assert_true(count == cases[i].count);
    }
    char text[GW_TIME_TEXT_MAX]; /* nobody can write these, and nothing is overrun */
    assert_true(gw_time_text(INT64_MAX, GW_TIME_S, text) < GW_TIME_TEXT_MAX);
    assert_true(gw_time_text(INT64_MIN, GW_TIME_S, text) < GW_TIME_TEXT_MAX);
}

static void what_people_write(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_time;
        int64_t seconds;
    } cases[] = {
        {"2026-03-02", true, 1772409600},
        {"2026-03-02 10:11:12", true, 1772446272},
        {"2026-03-02t10:11:12z", true, 1772446272},
        {"2026-03-02T10:11:12.000Z", true, 1772446272},
        {"2026-03-02T11:11:12+01:00", true, 1772446272},
        {"2026-03-02T04:41:12-05:30", true, 1772446272},
        {"2026-03-02T10:11:12.5Z", false, 0}, /* finer than the unit */
        {"2026-03-02T10:11:12.0000000000Z", false, 0},
        {"2026-02-29", false, 0},
        {"1900-02-29", false, 0},
        {"2026-13-01", false, 0},
        {"2026-00-01", false, 0},
        {"2026-03-00", false, 0},
        {"2026-03-02T24:00:00Z", false, 0},
        {"2026-03-02T10:60:00Z", false, 0},
        {"2026-12-31T23:59:60Z", false, 0},
        {"2026-03-02T10:11Z", false, 0},
        {"2026-03-02T10:11:12.Z", false, 0},
        {"2026-03-02T10:11:12+0100", false, 0},
        {"2026-03-02T10:11:12+24:00", false, 0},
        {"2026-03-02T10:11:12Zx", false, 0},
        {"0000-01-01T00:00:00+00:01", false, 0},
        {"9999-12-31T23:59:59-00:01", false, 0},
        {"26-03-02", false, 0},
        {"not-a-date", false, 0},
        {"", false, 0},
    };
    for (size_t i = 0; i < GW_COUNT_OF(cases); i++) {
        int64_t count = 7;
        if (gw_time_parse(gw_text(cases[i].text), GW_TIME_S, &count) != cases[i].is_time)
            fail_msg("%s", cases[i].text);
        assert_true(count == (cases[i].is_time ? cases[i].seconds : 7));
    }
    int64_t count = 7; /* year 2263 is beyond 64 bits of nanoseconds */
    assert_false(gw_time_parse(GW_TEXT_LIT("2263-01-01"), GW_TIME_NS, &count));
}

static void text_and_moment_are_inverse(void **state)
{
    (void)state;
    struct gw_rand rand;
    gw_rand_init(&rand, 3);
    const uint64_t span = UINT64_C(253402300799) + UINT64_C(62167219200);
    for (int i = 0; i < 50000; i++) {
        char text[GW_TIME_TEXT_MAX];
        int64_t count = (int64_t)gw_rand_below(&rand, span) - INT64_C(62167219200), back = 0;
        size_t len = gw_time_text(count, GW_TIME_S, text);
        assert_true(len == 20 && gw_time_parse((struct gw_text){text, len}, GW_TIME_S, &back));
        assert_true(back == count);
        count = (int64_t)gw_rand_u64(&rand);
        len = gw_time_text(count, GW_TIME_NS, text);
        assert_true(gw_time_parse((struct gw_text){text, len}, GW_TIME_NS, &back));
        assert_true(back == count);
    }
}

static void durations(void **state)
{
    (void)state;
    static const struct {
        int64_t ns;
        const char *text;
    } shown[] = {
        {0, "0s"},
        {72 * GW_NS_PER_S, "1m12s"},
        {300 * GW_NS_PER_MS, "300ms"},
        {7200 * GW_NS_PER_S, "2h"},
        {-5 * GW_NS_PER_S, "-5s"},
        {93784 * GW_NS_PER_S, "1d2h3m"}, /* 4 s are cut */
        {INT64_MAX, "106751d23h47m"},
        {INT64_MIN, "-106751d23h47m"},
    };
    char text[GW_DUR_TEXT_MAX];
    for (size_t i = 0; i < GW_COUNT_OF(shown); i++) {
        gw_dur_text(shown[i].ns, text);
        assert_string_equal(text, shown[i].text);
    }
    static const struct {
        const char *text;
        bool is_dur;
        int64_t ns;
    } cases[] = {
        {"30s", true, 30 * GW_NS_PER_S},
        {"1h30m", true, 5400 * GW_NS_PER_S},
        {"5ms1s", true, 1005 * GW_NS_PER_MS},
        {"-1ns", true, -1},
        {"9223372036854775807ns", true, INT64_MAX},
        {"-9223372036854775808ns", true, INT64_MIN},
        {"9223372036854775808ns", false, 0},
        {"106752d", false, 0},
        {"99999999999999999999s", false, 0},
        {"30", false, 0},
        {"s", false, 0},
        {"1.5s", false, 0},
        {"1s ", false, 0},
        {"", false, 0},
        {"-", false, 0},
    };
    for (size_t i = 0; i < GW_COUNT_OF(cases); i++) {
        int64_t ns = 7;
        if (gw_dur_parse(gw_text(cases[i].text), &ns) != cases[i].is_dur)
            fail_msg("%s", cases[i].text);
        assert_true(ns == (cases[i].is_dur ? cases[i].ns : 7));
    }
    assert_string_equal(gw_time_unit_name(GW_TIME_US), "us");
    assert_true(gw_time_unit_ns(GW_TIME_MS) == GW_NS_PER_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_moments),
        cmocka_unit_test(what_people_write),
        cmocka_unit_test(text_and_moment_are_inverse),
        cmocka_unit_test(durations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
