/** From text to code: what the compiler makes of the shop, and that it says so when memory ends. */
#include "kit/kit.h"

#include <stdio.h>

#include "lang/code.h"
#include "lang/compile.h"

static struct gw_text shop_text(void)
{
    static char text[1 << 16];
    FILE *file = fopen("tests/lang/shop.gw", "rb");
    assert_non_null(file);
    size_t len = fread(text, 1, sizeof(text), file);
    fclose(file);
    return (struct gw_text){text, len};
}

static void assert_code(const char *name, const char *expected)
{
    struct gw_arena arena;
    struct gw_diags diags;
    struct gw_err err = {0};
    const struct gw_program *shop;
    struct gw_buf buf;
    gw_arena_init(&arena, &gw_kit_alloc, 64u << 20);
    gw_buf_init(&buf, &gw_kit_alloc, 1 << 20);
    assert_ok(gw_lang_compile(gw_text("shop.gw"), shop_text(), NULL, &arena, &diags, &shop, &err),
              &err);
    gw_code_disassemble(shop, gw_program_fn(shop, gw_text(name)), &buf);
    assert_text_equal(gw_buf_text(&buf), expected);
    gw_buf_done(&buf);
    gw_arena_done(&arena);
}

/** Each fused instruction is there: touch or jump, compare with a field or a constant, change in place. */
static void a_payment_is_few_instructions(void **state)
{
    (void)state;
    assert_code("pay", "pay: 11 registers, 25 instructions\n"
                       "line 32\n"
                       "    0  JEQ_64     r0 == r1 -> 2\n"
                       "    1  JGT_K      r2 > 0 -> 4\n"
                       "    2  LOADK      r3=INSUFFICIENT\n"
                       "    3  FAIL       r3 1 T0\n"
                       "line 33\n"
                       "    4  ROWJ       r3=Account[r0..] -> 7\n"
                       "    5  LOADK      r5=NO_SRC\n"
                       "    6  FAIL       r5 1 T0\n"
                       "    7  ROWJ       r4=Account[r1..] -> 10\n"
                       "    8  LOADK      r6=NO_DST\n"
                       "    9  FAIL       r6 1 T0\n"
                       "line 34\n"
                       "   10  JTF        r3.3 -> 12\n"
                       "   11  JFF        !r4.3 -> 14\n"
                       "   12  LOADK      r5=FROZEN\n"
                       "   13  FAIL       r5 1 T0\n"
                       "line 35\n"
                       "   14  JGE_F      r3.2 >= r2 -> 17\n"
                       "   15  LOADK      r5=INSUFFICIENT\n"
                       "   16  FAIL       r5 1 T0\n"
                       "line 36\n"
                       "   17  SUBF_D64   r3.2-=r2 18\n"
                       "   18  ADDF_D64   r4.2+=r2 18\n"
                       "line 37\n"
                       "   19  NEW_ID     r6\n"
                       "   20  MOVES      r7..=r0.. 3\n"
                       "   21  NOW        r10 2\n"
                       "   22  CREATE     r5=Transfer{r6..} 1\n"
                       "line 38\n"
                       "   23  RETF       r5.0 T1\n"
                       "   24  RETURN     r0 0 T0\n");
}

static void a_walk_over_a_table_is_a_loop_over_its_rows(void **state)
{
    (void)state;
    assert_code("balances", "balances: 10 registers, 13 instructions\n"
                            "line 46\n"
                            "    0  LIST       r1=[]\n"
                            "line 47\n"
                            "    1  RANGE      r2=R0 r0..\n"
                            "    2  FORLIST    r2=r2\n"
                            "    3  NEXT       r4=r2 -> 11\n"
                            "    4  ITEM       r6=r4.1\n"
                            "    5  ITEM       r9=r4.1\n"
                            "    6  ROWX       r8=Account[r9..]!\n"
                            "    7  GETF       r7=r8.2\n"
                            "    8  TUPLE      r5=r6.. 2\n"
                            "    9  PUSH       r1 r5 16\n"
                            "   10  JMP        -> 3\n"
                            "line 48\n"
                            "   11  RETURN     r1 1 T0\n"
                            "   12  RETURN     r0 0 T0\n");
}

/** What lives across a wait is listed: that is what a stored fiber holds. */
static void a_daemon_lists_its_resume_points(void **state)
{
    (void)state;
    assert_code("drop_group", "drop_group: 6 registers, 10 instructions\n"
                              "line 60\n"
                              "    0  MOVE       r5=r0\n"
                              "    1  WAIT       W0\n"
                              "    2  MOVE       r1=r3\n"
                              "    3  JLE_K      r1 <= 0 -> 9\n"
                              "    4  WAIT       W1\n"
                              "    5  MOVE       r5=r0\n"
                              "    6  WAIT       W2\n"
                              "    7  MOVE       r1=r3\n"
                              "    8  JMP        -> 3\n"
                              "    9  RETURN     r0 0 T0\n"
                              "resume 1 at 2: g=r0\n"
                              "resume 2 at 5: g=r0 n=r1\n"
                              "resume 3 at 7: g=r0 n=r1\n");
}

/** The bound of the arena moves up in small steps: sooner or later every place that asks is refused. */
static void a_compiler_without_memory_says_so(void **state)
{
    enum { STEP = 1021, STEPS_MAX = 4096 };
    (void)state;
    gw_rc rc = GW_NOMEM;
    size_t step = 0;
    for (; rc != GW_OK && step < STEPS_MAX; step++) {
        static const struct gw_program none;
        const struct gw_program *shop = &none;
        struct gw_arena arena;
        struct gw_diags diags;
        struct gw_err err = {0};
        gw_arena_init(&arena, &gw_kit_alloc, step * STEP);
        rc = gw_lang_compile(gw_text("shop.gw"), shop_text(), NULL, &arena, &diags, &shop, &err);
        assert_true(rc == GW_OK || rc == GW_NOMEM);
        if (rc < 0) {
            assert_ptr_equal(shop, &none); /* the output is untouched */
            assert_int_equal(err.rc, GW_NOMEM);
        }
        gw_arena_done(&arena);
    }
    assert_int_equal(rc, GW_OK);
    assert_true(step > 20); /* or nothing was refused */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_payment_is_few_instructions),
        cmocka_unit_test(a_walk_over_a_table_is_a_loop_over_its_rows),
        cmocka_unit_test(a_daemon_lists_its_resume_points),
        cmocka_unit_test(a_compiler_without_memory_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
