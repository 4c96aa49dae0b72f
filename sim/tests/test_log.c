/* Seeds of the log's simulation, and the proof that each of its oracles can fail. */
#include "kit/kit.h"

#include <inttypes.h>
#include <stdio.h>

#include "sim/log/run.h"

static void every_seed_keeps_the_contract(void **state)
{
    (void)state;
    struct gw_sim_log_result sum = {0}, one;
    for (uint64_t seed = 1; seed <= 1000; seed++) {
        if (!gw_sim_log_run(&(struct gw_sim_log_opts){.seed = seed}, &one)) {
            print_error("%s: %s\nrepeat: godwit-sim log --seeds %" PRIu64 " --verbose\n",
                        one.oracle, one.text, seed);
            fail();
        }
        sum.kills += one.kills;
        sum.power_cuts += one.power_cuts;
        sum.clean_closes += one.clean_closes;
        sum.torn += one.torn;
        sum.refused_full += one.refused_full;
        sum.io_errors += one.io_errors;
        sum.flips += one.flips;
        sum.accepted += one.accepted;
    }
    print_message("%u kills, %u power cuts, %u clean closes, %u torn tails, %u refusals for space, "
                  "%u failed syncs, %u flipped bits, %" PRIu64 " batches\n",
                  sum.kills, sum.power_cuts, sum.clean_closes, sum.torn, sum.refused_full,
                  sum.io_errors, sum.flips, sum.accepted);
    /* A run that never met a fault proves nothing. */
    assert_true(sum.kills > 100 && sum.power_cuts > 100 && sum.clean_closes > 100);
    assert_true(sum.torn > 100 && sum.refused_full > 100 && sum.io_errors > 100 && sum.flips > 20);
}

static void same_seed_same_history(void **state)
{
    (void)state;
    struct gw_sim_log_result first, again;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        assert_true(gw_sim_log_run(&(struct gw_sim_log_opts){.seed = seed}, &first));
        assert_true(gw_sim_log_run(&(struct gw_sim_log_opts){.seed = seed}, &again));
        assert_true(first.trace == again.trace);
    }
}

static void each_oracle_finds_the_bug_planted_for_it(void **state)
{
    (void)state;
    static const struct {
        const char *oracle, *text;
    } plants[] = {
#define X(name, oracle, text) {oracle, text},
        GW_SIM_LOG_PLANTS(X)
#undef X
    };
    for (size_t i = 1; i < GW_COUNT_OF(plants); i++) {
        struct gw_sim_log_result result;
        uint64_t seed = 1;
        bool found = false;
        for (; seed <= 300 && !found; seed++) {
            struct gw_sim_log_opts opts = {.seed = seed, .plant = (enum gw_sim_log_plant)i};
            found = !gw_sim_log_run(&opts, &result) && strcmp(result.oracle, plants[i].oracle) == 0;
        }
        print_message("%-55s %s: %s\n", plants[i].text, found ? "found" : "MISSED",
                      found ? result.text : "");
        assert_true(found);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_seed_keeps_the_contract),
        cmocka_unit_test(same_seed_same_history),
        cmocka_unit_test(each_oracle_finds_the_bug_planted_for_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
