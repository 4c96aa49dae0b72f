/* Seeds of the engine's simulation, and the proof that each of its oracles can fail. */
#include "kit/kit.h"

#include <inttypes.h>
#include <stdio.h>

#include "sim/engine/run.h"

static void seeds_hold_and_repeat(void **state)
{
    (void)state;
    struct gw_sim_engine_result first, again;
    uint64_t faults = 0, deaths = 0, answers = 0, foreign = 0;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct gw_sim_engine_opts opts = {.seed = seed};
        if (!gw_sim_engine_run(&opts, &first)) {
            print_error("%s: %s\nrepeat: godwit-sim engine --seeds %" PRIu64 " --verbose\n",
                        first.oracle, first.text, seed);
            fail();
        }
        if (seed <= 10) {
            assert_true(gw_sim_engine_run(&opts, &again));
            assert_true(first.trace == again.trace);
        }
        faults += first.store_faults;
        deaths += first.kills + first.power_cuts;
        answers += first.answers;
        foreign += first.had_foreign;
    }
    /* A run that never met a fault proves nothing. */
    assert_true(faults > 40 && deaths > 40 && answers > 2000 && foreign > 3);
}

static void each_oracle_finds_the_bug_planted_for_it(void **state)
{
    (void)state;
    static const struct {
        const char *oracle, *text;
    } plants[] = {
#define X(name, oracle, text) {oracle, text},
        GW_SIM_ENGINE_PLANTS(X)
#undef X
    };
    for (size_t i = 1; i < GW_COUNT_OF(plants); i++) {
        struct gw_sim_engine_result result = {0};
        bool found = false;
        for (uint64_t seed = 1; seed <= 60 && !found; seed++) {
            struct gw_sim_engine_opts opts = {.seed = seed, .plant = (enum gw_sim_engine_plant)i};
            found =
                !gw_sim_engine_run(&opts, &result) && strcmp(result.oracle, plants[i].oracle) == 0;
        }
        print_message("%-60s %s: %.100s\n", plants[i].text, found ? "found" : "MISSED",
                      found ? result.text : "");
        assert_true(found);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seeds_hold_and_repeat),
        cmocka_unit_test(each_oracle_finds_the_bug_planted_for_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
