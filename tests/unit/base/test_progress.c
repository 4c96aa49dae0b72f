#include "kit/kit.h"

#include "base/progress.h"
#include "base/time.h"
#include "base/utf8.h"

static char memory[1024];

static struct gw_text line_of(const struct gw_progress *progress)
{
    static struct gw_buf buf;
    gw_buf_init_fixed(&buf, memory, sizeof(memory));
    gw_progress_line(progress, &buf);
    return gw_buf_text(&buf);
}

static struct gw_text logfmt_of(const struct gw_progress *progress)
{
    static struct gw_buf buf;
    gw_buf_init_fixed(&buf, memory, sizeof(memory));
    gw_progress_logfmt(progress, &buf);
    return gw_buf_text(&buf);
}

static struct gw_progress accounts(void)
{
    return (struct gw_progress){
        .item = GW_TEXT_LIT("accounts"),
        .verb = GW_TEXT_LIT("push"),
        .done = 73200,
        .total = 120000,
        .rate_per_s = 84000,
        .lag_ns = 300 * GW_NS_PER_MS,
        .eta_ns = 192 * GW_NS_PER_S + 7,
        .slow = GW_TEXT_LIT("pg 1.6 s > 1.5 s"),
    };
}

static void a_line_says_how_far_and_why_slow(void **state)
{
    (void)state;
    struct gw_progress progress = accounts();
    assert_text_equal(
        line_of(&progress),
        "accounts push 61 % of 120k 84k/s lag 0.3 s ETA 3m12s [slow: pg 1.6 s > 1.5 s]");
    progress.item = GW_TEXT_LIT("account_histories");
    assert_text_equal(
        line_of(&progress),
        "account_histories push 61 % of 120k 84k/s lag 0.3 s ETA 3m12s [slow: pg 1.6 s >…");
    progress.item = GW_TEXT_LIT("accounts");
    progress.slow = GW_TEXT_LIT("pg 1.6 s");
    assert_text_equal(line_of(&progress),
                      "accounts  push 61 % of 120k  84k/s  lag 0.3 s  ETA 3m12s  [slow: pg 1.6 s]");
}

static void unknown_is_a_value(void **state)
{
    (void)state;
    struct gw_progress progress = {.item = GW_TEXT_LIT("orders"),
                                   .verb = GW_TEXT_LIT("scan"),
                                   .done = 1234,
                                   .total = GW_PROGRESS_UNKNOWN,
                                   .rate_per_s = GW_PROGRESS_UNKNOWN,
                                   .lag_ns = -1,
                                   .eta_ns = -1};
    assert_text_equal(line_of(&progress), "orders  scan 1.2k of unknown  ETA unknown");
    assert_text_equal(logfmt_of(&progress), "item=orders verb=scan done=1234 total=unknown "
                                            "rate_per_s=unknown eta_s=unknown");
    progress.total = 0;
    progress.done = 0;
    assert_text_equal(line_of(&progress), "orders  scan 0 of 0  ETA unknown");
}

static void no_line_is_wider_than_80_columns(void **state)
{
    (void)state;
    char name[300];
    memset(name, 'n', sizeof(name));
    struct gw_progress progress = accounts();
    for (size_t len = 0; len <= sizeof(name); len += 7) {
        progress.item = (struct gw_text){name, len};
        progress.slow = (struct gw_text){name, sizeof(name) - len};
        progress.done = progress.total = UINT64_MAX - 1;
        assert_true(gw_utf8_columns(line_of(&progress)) <= GW_PROGRESS_COLUMNS);
    }
}

static void logfmt_quotes_what_needs_it(void **state)
{
    (void)state;
    struct gw_progress progress = accounts();
    assert_text_equal(logfmt_of(&progress),
                      "item=accounts verb=push done=73200 total=120000 rate_per_s=84000 "
                      "lag_ms=300 eta_s=192 slow=\"pg 1.6 s > 1.5 s\"");
    progress.slow = GW_TEXT_LIT("a=\"b\"\n\\");
    const char tail[] = "slow=\"a=\\\"b\\\"\\n\\\\\"";
    struct gw_text got = logfmt_of(&progress);
    assert_memory_equal(got.data + got.len - (sizeof(tail) - 1), tail, sizeof(tail) - 1);
}

static void counts_are_cut_never_rounded_up(void **state)
{
    (void)state;
    static const struct {
        uint64_t count;
        const char *text;
    } cases[] = {
        {0, "0"},       {999, "999"},     {1000, "1.0k"},    {1999, "1.9k"},    {9999, "9.9k"},
        {10000, "10k"}, {999999, "999k"}, {1000000, "1.0M"}, {84000000, "84M"}, {UINT64_MAX, "18E"},
    };
    for (size_t i = 0; i < GW_COUNT_OF(cases); i++) {
        struct gw_buf buf;
        gw_buf_init_fixed(&buf, memory, sizeof(memory));
        gw_progress_count(cases[i].count, &buf);
        assert_text_equal(gw_buf_text(&buf), cases[i].text);
    }
}

static void eta_from_counts(void **state)
{
    (void)state;
    struct gw_progress progress = {.done = 40, .total = 100, .rate_per_s = 20};
    assert_true(gw_progress_eta_ns(&progress) == 3 * GW_NS_PER_S);
    progress.done = 100;
    progress.rate_per_s = 0;
    assert_int_equal(gw_progress_eta_ns(&progress), 0);
    progress.done = 1;
    assert_int_equal(gw_progress_eta_ns(&progress), -1);
    progress.rate_per_s = 1;
    progress.total = UINT64_MAX - 1; /* longer than an i64 of nanoseconds */
    assert_int_equal(gw_progress_eta_ns(&progress), -1);
    progress.total = GW_PROGRESS_UNKNOWN;
    assert_int_equal(gw_progress_eta_ns(&progress), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_says_how_far_and_why_slow),
        cmocka_unit_test(unknown_is_a_value),
        cmocka_unit_test(no_line_is_wider_than_80_columns),
        cmocka_unit_test(logfmt_quotes_what_needs_it),
        cmocka_unit_test(counts_are_cut_never_rounded_up),
        cmocka_unit_test(eta_from_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
