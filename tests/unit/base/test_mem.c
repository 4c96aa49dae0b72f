#include "kit/kit.h"

static void arena_ends_what_came_after_a_mark(void **state)
{
    (void)state;
    struct gw_arena arena;
    gw_arena_init(&arena, &gw_kit_alloc, 1 << 20);
    struct gw_text kept = gw_arena_printf(&arena, "kept %d", 1);
    struct gw_arena_mark mark = gw_arena_mark(&arena);
    for (int i = 0; i < 100; i++)
        assert_non_null(gw_arena_get(&arena, 5000));
    gw_arena_back_to(&arena, mark);
    assert_text_equal(kept, "kept 1");
    assert_int_equal(arena.used_bytes, 16);
    gw_arena_done(&arena);
}

static void arena_refuses_above_its_bound(void **state)
{
    (void)state;
    struct gw_arena arena;
    gw_arena_init(&arena, &gw_kit_alloc, 1024);
    assert_non_null(gw_arena_get(&arena, 1000));
    assert_null(gw_arena_get(&arena, 100));
    assert_null(gw_arena_get_array(&arena, SIZE_MAX / 2, 3));
    gw_arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arena_ends_what_came_after_a_mark),
        cmocka_unit_test(arena_refuses_above_its_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
