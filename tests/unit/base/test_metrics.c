#include "kit/kit.h"

#include "base/metrics.h"
#include "base/rand.h"

static struct gw_hist hist, other, whole;

static void assert_within_2_percent(int64_t got, int64_t exact)
{
    int64_t off = got > exact ? got - exact : exact - got;
    if (off > exact / 50)
        print_error("%lld instead of %lld\n", (long long)got, (long long)exact);
    assert_true(off <= exact / 50);
}

static void every_number_keeps_its_size_within_2_percent(void **state)
{
    (void)state;
    struct gw_rand rand;
    gw_rand_init(&rand, 1);
    for (int i = 0; i < 3000; i++) {
        int64_t number = (int64_t)(gw_rand_u64(&rand) >> (1 + gw_rand_below(&rand, 63)));
        gw_hist_init(&hist);
        gw_hist_add(&hist, 0); /* least and most are exact: keep the number away from both */
        gw_hist_add(&hist, number);
        gw_hist_add(&hist, INT64_MAX);
        assert_within_2_percent(gw_hist_quantile(&hist, 1, 2), number);
    }
    assert_int_equal(hist.count, 3);
    assert_true(hist.least == 0 && hist.most == INT64_MAX);
}

static void quantiles_of_one_to_a_hundred_thousand(void **state)
{
    (void)state;
    gw_hist_init(&hist);
    assert_int_equal(gw_hist_quantile(&hist, 99, 100), 0); /* empty */
    for (int64_t i = 100000; i >= 1; i--)
        gw_hist_add(&hist, i);
    assert_within_2_percent(gw_hist_quantile(&hist, 50, 100), 50000);
    assert_within_2_percent(gw_hist_quantile(&hist, 99, 100), 99000);
    assert_within_2_percent(gw_hist_quantile(&hist, 999, 1000), 99900);
    assert_int_equal(gw_hist_quantile(&hist, 0, 100), 1);
    assert_int_equal(gw_hist_quantile(&hist, 1, 1), 100000);
    assert_true(hist.sum == (gw_u128)100001 * 50000);
    gw_hist_add(&hist, -5); /* a clock that stepped back */
    assert_int_equal(hist.least, 0);
}

static void merged_parts_are_the_whole(void **state)
{
    (void)state;
    struct gw_rand rand;
    gw_rand_init(&rand, 2);
    gw_hist_init(&hist);
    gw_hist_init(&other);
    gw_hist_init(&whole);
    gw_hist_merge(&hist, &other); /* nothing into nothing */
    assert_int_equal(hist.count, 0);
    for (int i = 0; i < 5000; i++) {
        int64_t number = (int64_t)(gw_rand_u64(&rand) >> 20) + 1;
        gw_hist_add(i % 3 ? &hist : &other, number);
        gw_hist_add(&whole, number);
    }
    gw_hist_merge(&hist, &other);
    assert_memory_equal(&hist, &whole, sizeof(whole));
}

static void prometheus_text(void **state)
{
    (void)state;
    struct gw_buf buf;
    gw_buf_init(&buf, &gw_kit_alloc, 1 << 16);
    const struct gw_metric_label labels[] = {
        {GW_TEXT_LIT("store"), GW_TEXT_LIT("pg")},
        {GW_TEXT_LIT("home"), GW_TEXT_LIT("a\"b\\c\nd")},
    };
    const struct gw_metric_sample counts[] = {
        {.labels = labels, .label_count = 2, .value = 12},
        {.value = 3},
    };
    const struct gw_metric_family pushed = {
        .name = GW_TEXT_LIT("godwit_pushed_total"),
        .help = GW_TEXT_LIT("Rows pushed.\nBy \"home\"."),
        .kind = GW_METRIC_COUNTER,
        .samples = counts,
        .sample_count = 2,
    };
    gw_metrics_render(&pushed, &buf);
    gw_hist_init(&hist);
    gw_hist_add(&hist, 800000);
    gw_hist_add(&hist, 2000000);
    gw_hist_add(&hist, 90000000);
    static const int64_t bounds[] = {1000000, 5000000};
    const struct gw_metric_sample timing = {.labels = labels, .label_count = 1, .hist = &hist};
    const struct gw_metric_family seconds = {
        .name = GW_TEXT_LIT("godwit_push_seconds"),
        .help = GW_TEXT_LIT("Time of one push."),
        .kind = GW_METRIC_HISTOGRAM,
        .scale = 9,
        .samples = &timing,
        .sample_count = 1,
        .bounds = bounds,
        .bound_count = 2,
    };
    gw_metrics_render(&seconds, &buf);
    const struct gw_metric_sample level = {.value = -15};
    const struct gw_metric_family lag = {.name = GW_TEXT_LIT("godwit_lag"),
                                         .help = GW_TEXT_LIT("Lag."),
                                         .kind = GW_METRIC_GAUGE,
                                         .scale = 1,
                                         .samples = &level,
                                         .sample_count = 1};
    gw_metrics_render(&lag, &buf);
    assert_text_equal(gw_buf_text(&buf),
                      "# HELP godwit_pushed_total Rows pushed.\\nBy \"home\".\n"
                      "# TYPE godwit_pushed_total counter\n"
                      "godwit_pushed_total{store=\"pg\",home=\"a\\\"b\\\\c\\nd\"} 12\n"
                      "godwit_pushed_total 3\n"
                      "# HELP godwit_push_seconds Time of one push.\n"
                      "# TYPE godwit_push_seconds histogram\n"
                      "godwit_push_seconds_bucket{store=\"pg\",le=\"0.001\"} 1\n"
                      "godwit_push_seconds_bucket{store=\"pg\",le=\"0.005\"} 2\n"
                      "godwit_push_seconds_bucket{store=\"pg\",le=\"+Inf\"} 3\n"
                      "godwit_push_seconds_sum{store=\"pg\"} 0.0928\n"
                      "godwit_push_seconds_count{store=\"pg\"} 3\n"
                      "# HELP godwit_lag Lag.\n"
                      "# TYPE godwit_lag gauge\n"
                      "godwit_lag -1.5\n");
    gw_buf_done(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_number_keeps_its_size_within_2_percent),
        cmocka_unit_test(quantiles_of_one_to_a_hundred_thousand),
        cmocka_unit_test(merged_parts_are_the_whole),
        cmocka_unit_test(prometheus_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
