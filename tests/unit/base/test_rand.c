#include "kit/kit.h"

#include "base/rand.h"

/* Frozen: seeds kept in files must mean the same for ever. Reference outputs of splitmix64 and xoshiro256** for seed 0. */
static void a_seed_means_the_same_sequence_for_ever(void **state)
{
    (void)state;
    struct gw_rand rand, same, other;
    gw_rand_init(&rand, 0);
    assert_true(rand.s[0] == UINT64_C(0xe220a8397b1dcdaf)); /* splitmix64, seed 0 */
    assert_true(rand.s[1] == UINT64_C(0x6e789e6aa1b965f4));
    assert_true(gw_rand_u64(&rand) == UINT64_C(0x99ec5f36cb75f2b4));
    assert_true(gw_rand_u64(&rand) == UINT64_C(0xbf6e1f784956452a));
    gw_rand_init(&rand, 42);
    gw_rand_init(&same, 42);
    gw_rand_init(&other, 43);
    int equal = 0;
    for (int i = 0; i < 1000; i++) {
        uint64_t word = gw_rand_u64(&rand);
        assert_true(word == gw_rand_u64(&same));
        equal += word == gw_rand_u64(&other);
    }
    assert_int_equal(equal, 0);
}

static void below_is_even_and_below(void **state)
{
    (void)state;
    struct gw_rand rand;
    int count[7] = {0};
    gw_rand_init(&rand, 1);
    for (int i = 0; i < 70000; i++)
        count[gw_rand_below(&rand, 7)]++;
    for (int i = 0; i < 7; i++)
        assert_in_range(count[i], 9500, 10500);
    assert_int_equal(gw_rand_below(&rand, 1), 0);
    expect_assert_failure((void)gw_rand_below(&rand, 0));
}

static void chance_and_fill(void **state)
{
    (void)state;
    struct gw_rand rand;
    gw_rand_init(&rand, 2);
    int hits = 0;
    for (int i = 0; i < 30000; i++)
        hits += gw_rand_chance(&rand, 1, 3);
    assert_in_range(hits, 9500, 10500);
    assert_false(gw_rand_chance(&rand, 0, 5));
    assert_true(gw_rand_chance(&rand, 5, 5));
    uint8_t bytes[13] = {0};
    gw_rand_fill(&rand, bytes, 11);
    assert_int_equal(bytes[11] | bytes[12], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_seed_means_the_same_sequence_for_ever),
        cmocka_unit_test(below_is_even_and_below),
        cmocka_unit_test(chance_and_fill),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
