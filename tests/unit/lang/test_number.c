/** Rounding at ties and signs, and the edges of checked integers, through compiled functions. */
#include "kit/kit.h"

#include "lang/compile.h"
#include "lang/vm.h"

static const char text[] =
    "program n version 1\n"
    "fn even(a: dec<18,2>) -> dec<18,0> { return round(a, 0, half_even) }\n"
    "fn half(a: dec<18,2>) -> dec<18,0> { return round(a, 0, half_up) }\n"
    "fn low(a: dec<18,2>) -> dec<18,0> { return round(a, 0, down) }\n"
    "fn high(a: dec<18,2>) -> dec<18,0> { return round(a, 0, up) }\n"
    "fn third(a: dec<38,0>, b: dec<38,0>) -> dec<38,10> { return div(a, b, 10, half_even) }\n"
    "fn quot(a: i64, b: i64) -> i64 { return a / b }\n"
    "fn rest(a: i64, b: i64) -> i64 { return a % b }\n"
    "fn wide(a: u128) -> u128 { return a + 1 }\n";

static struct gw_arena arena;
static const struct gw_program *program;

static int set_up(void **state)
{
    struct gw_diags diags;
    struct gw_err err = {0};
    (void)state;
    gw_arena_init(&arena, &gw_kit_alloc, 16u << 20);
    assert_ok(gw_lang_compile(gw_text("n.gw"), gw_text(text), NULL, &arena, &diags, &program, &err),
              &err);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    gw_arena_done(&arena);
    return 0;
}

static struct gw_vm_result call(const char *name, gw_i128 a, gw_i128 b)
{
    struct gw_vm vm = {.program = program, .arena = &arena};
    union gw_value args[2] = {{.i = a}, {.i = b}};
    struct gw_vm_result result;
    gw_vm_run(&vm, gw_program_fn(program, gw_text(name)), args, &result);
    return result;
}

static void ties_round_as_their_mode_says(void **state)
{
    static const struct {
        int64_t value, even, half, low, high; /* value in hundredths */
    } rows[] = {
        {50, 0, 1, 0, 1},       {150, 2, 2, 1, 2},   {250, 2, 3, 2, 3},      {251, 3, 3, 2, 3},
        {249, 2, 2, 2, 3},      {-50, 0, -1, 0, -1}, {-250, -2, -3, -2, -3}, {-150, -2, -2, -1, -2},
        {-149, -1, -1, -1, -2}, {0, 0, 0, 0, 0},     {1, 0, 0, 0, 1},
    };
    (void)state;
    for (size_t i = 0; i < GW_COUNT_OF(rows); i++) {
        assert_true(call("even", rows[i].value, 0).value.i == rows[i].even);
        assert_true(call("half", rows[i].value, 0).value.i == rows[i].half);
        assert_true(call("low", rows[i].value, 0).value.i == rows[i].low);
        assert_true(call("high", rows[i].value, 0).value.i == rows[i].high);
    }
}

static void long_division_keeps_every_digit(void **state)
{
    (void)state;
    assert_true(call("third", 2, 3).value.i == 6666666667);
    assert_true(call("third", -1, 3).value.i == -3333333333);
    assert_int_equal(call("third", 1, 0).abort, GW_ABORT_ARITH);
}

static void the_edges_of_integers_are_checked(void **state)
{
    (void)state;
    assert_true(call("quot", -7, 2).value.i == -3);
    assert_true(call("rest", -7, 2).value.i == -1);
    assert_int_equal(call("quot", INT64_MIN, -1).abort, GW_ABORT_ARITH);
    assert_int_equal(call("rest", INT64_MIN, -1).abort, GW_ABORT_ARITH);
    assert_int_equal(call("quot", 1, 0).abort, GW_ABORT_ARITH);
    assert_int_equal(call("wide", -1, 0).abort, GW_ABORT_ARITH); /* all 128 bits set */
}

int main(void)
{
#define STORY(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        STORY(ties_round_as_their_mode_says),
        STORY(long_division_keeps_every_digit),
        STORY(the_edges_of_integers_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
