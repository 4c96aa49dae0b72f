/* The oracles on histories written by hand: what is right passes, each way of being wrong is told. */
#include "kit/kit.h"

#include "oracle/order.h"

static const char *order(struct or_op *ops, size_t count)
{
    struct or_op a, b;
    return or_order_check(ops, count, &a, &b);
}

static void operations_that_overlap_may_stand_in_any_order(void **state)
{
    (void)state;
    struct or_op ops[] = {{.began_ns = 1, .ended_ns = 10, .index = 5, .record = 1},
                          {.began_ns = 2, .ended_ns = 9, .index = 5, .record = 0},
                          {.began_ns = 11, .ended_ns = 12, .index = 6},
                          {.began_ns = 11, .ended_ns = 12, .index = 6, .is_view = true}};
    assert_null(order(ops, 4));
}

static void two_operations_at_one_position_are_told(void **state)
{
    (void)state;
    struct or_op ops[] = {{.began_ns = 1, .ended_ns = 10, .index = 5},
                          {.began_ns = 2, .ended_ns = 9, .index = 5}};
    assert_non_null(order(ops, 2));
}

static void an_answer_before_a_beginning_orders_them(void **state)
{
    (void)state;
    struct or_op ops[] = {{.began_ns = 1, .ended_ns = 3, .index = 7},
                          {.began_ns = 2, .ended_ns = 9, .index = 6},
                          {.began_ns = 4, .ended_ns = 5, .index = 5}};
    assert_non_null(order(ops, 3));
    struct or_op stale[] = {{.began_ns = 1, .ended_ns = 3, .index = 7},
                            {.began_ns = 4, .ended_ns = 9, .index = 6, .is_view = true}};
    assert_non_null(order(stale, 2));
}

static const char *registers(const struct or_swap *swaps, size_t count)
{
    size_t a, b;
    return or_register_check(swaps, count, &a, &b);
}

static void a_chain_of_values_is_right(void **state)
{
    (void)state;
    const struct or_swap swaps[] = {{1, 2, 1, 10, 0},
                                    {3, 9, 1, 20, 10},
                                    {4, 8, 1, 30, 20},
                                    {1, 2, 2, 40, 0},
                                    {5, INT64_MAX, 1, 50, 0}};
    assert_null(registers(swaps, 5));
}

static void each_way_of_lying_about_values_is_told(void **state)
{
    (void)state;
    const struct or_swap twice[] = {{1, 2, 1, 10, 0}, {3, 4, 1, 20, 10}, {5, 6, 1, 30, 10}};
    assert_non_null(registers(twice, 3));
    const struct or_swap nobody[] = {{1, 2, 1, 10, 99}};
    assert_non_null(registers(nobody, 1));
    const struct or_swap future[] = {{1, 2, 1, 10, 20}, {3, 4, 1, 20, 0}};
    assert_non_null(registers(future, 2));
    const struct or_swap between[] = {{1, 2, 1, 10, 0}, {3, 4, 1, 20, 0}, {5, 6, 1, 30, 10}};
    assert_non_null(registers(between, 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operations_that_overlap_may_stand_in_any_order),
        cmocka_unit_test(two_operations_at_one_position_are_told),
        cmocka_unit_test(an_answer_before_a_beginning_orders_them),
        cmocka_unit_test(a_chain_of_values_is_right),
        cmocka_unit_test(each_way_of_lying_about_values_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
