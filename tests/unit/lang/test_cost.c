/** Bounds of the shop as `engine check --explain` prints them, and refusals that say what would fit. */
#include "kit/kit.h"

#include <stdio.h>

#include "lang/compile.h"

static struct gw_arena arena;
static struct gw_buf out;

static int set_up(void **state)
{
    (void)state;
    gw_arena_init(&arena, &gw_kit_alloc, 64u << 20);
    gw_buf_init(&out, &gw_kit_alloc, 1 << 20);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    gw_buf_done(&out);
    gw_arena_done(&arena);
    return 0;
}

static const struct gw_program *compile(struct gw_text text, gw_rc expected)
{
    struct gw_diags diags;
    struct gw_err err = {0};
    const struct gw_program *program = NULL;
    gw_rc rc = gw_lang_compile(gw_text("t.gw"), text, NULL, &arena, &diags, &program, &err);
    gw_buf_reset(&out);
    if (rc < 0)
        gw_diags_text(&diags, &out);
    if (rc != expected)
        print_message("%.*s\n", GW_TEXT_ARG(gw_buf_text(&out)));
    assert_int_equal(rc, expected);
    return program;
}

static void assert_out(const char *expected)
{
    struct gw_text got = gw_buf_text(&out);
    if (!gw_text_is(got, expected))
        printf("got:\n%.*s\nexpected:\n%s\n", GW_TEXT_ARG(got), expected);
    assert_true(gw_text_is(got, expected));
}

static const struct gw_program *shop(void)
{
    static char text[1 << 16];
    FILE *file = fopen("tests/lang/shop.gw", "rb");
    assert_non_null(file);
    size_t len = fread(text, 1, sizeof(text), file);
    fclose(file);
    return compile((struct gw_text){text, len}, GW_OK);
}

static void the_shop_is_explained(void **state)
{
    (void)state;
    const struct gw_program *program = shop();
    for (uint32_t i = 0; i < program->fn_count; i++)
        gw_fn_explain(program, program->fns[i], NULL, &out);
    assert_out("fn split2   16 of 4096 u · reads 0 · writes 0 · indexes 0 · counters 0\n"
               "  path of cost: body 16 = rest 16\n"
               "fn join2   13 of 4096 u · reads 0 · writes 0 · indexes 0 · counters 0\n"
               "  path of cost: body 13 = rest 13\n"
               "txn pay   840 of 16384 u · reads 2 (2 direct) · writes 3 · indexes 0 · counters 1 "
               "· homes pushed: my 2 rows, pg 3 rows, rd 2 keys\n"
               "  direct     Account[src]  Account[dst]        creates  Transfer[new_id()]\n"
               "  path of cost: body 840 = touch 2×155 + patch 2×205 + create 98 + rest 22\n"
               "txn move_group   553 of 16384 u · reads 1 (1 direct) · writes 1 · indexes 0 · "
               "counters 1 · homes pushed: my 1 row, pg 1 row\n"
               "  direct     User[uid]\n"
               "  path of cost: body 553 = touch 275 + patch 214 + rest 64\n"
               "view balances   2750 of 131072 u · reads 32 · writes 0 · indexes 0 · counters 0\n"
               "  dependent 1 Account[k.acc] ×16        tables  Owns[…] ×16\n"
               "  path of cost: body 2750 = touch 16×155 + rest 270\n"
               "daemon move_users   1964 of 4000 u · reads 64 (64 direct) · writes 0 · indexes 0 · "
               "counters 0\n"
               "  direct     User[r.id] ×64\n"
               "  path of cost: body 1964 = touch 64×275 + rest; the longest slice is 1964\n"
               "txn drop_posts   730 of 16384 u · reads 8 · writes 8 · indexes 0 · counters 0\n"
               "  tables  GroupPosts[…] ×8  GroupPosts[…] ×8\n"
               "  path of cost: body 730 = table 8×83 + rest 66\n"
               "daemon drop_group   2 of 16384 u · reads 0 · writes 0 · indexes 0 · counters 0\n"
               "  path of cost: body 2 = rest 2\n");
}

#define BANK                                                       \
    "program bank version 1\n"                                     \
    "store s : memory \"\"\n"                                      \
    "entity Account v1 { key id: u64  next: u64  bal: dec<18,2>\n" \
    "  home s.accounts { * } role target }\n"                      \
    "table Owns { key (uid: u64, acc: u64) }\n"

static void a_cascade_that_is_too_long_says_what_fits(void **state)
{
    (void)state;
    compile(gw_text(BANK "txn close_all(uid: u64) {\n"
                         "  for k in Owns.prefix(uid) limit 512 { delete Account[k.acc]! }\n"
                         "}\n"),
            GW_INVALID);
    assert_out("error[GW1101]: txn `close_all` may cost 83,970 u, the limit is 16,384 u\n"
               " --> t.gw:7:3\n"
               "  |\n"
               "7 |   for k in Owns.prefix(uid) limit 512 { delete Account[k.acc]! }\n"
               "  |   ^^^ 512 × (2 + 162)\n"
               "  hint: `limit 32` fits, or make it a daemon that calls a txn per page\n");
}

static void a_chain_of_reads_is_refused(void **state)
{
    (void)state;
    compile(gw_text(BANK "txn walk(id: u64) -> u64 {\n"
                         "  k := id\n"
                         "  for _i in 0..9 { k = Account[k]!.next }\n"
                         "  return k\n"
                         "}\n"),
            GW_INVALID);
    assert_out(
        "error[GW1110]: this key depends on more than 4 reads in a row\n"
        " --> t.gw:8:24\n"
        "  |\n"
        "8 |   for _i in 0..9 { k = Account[k]!.next }\n"
        "  |                        ^^^^^^^^^^\n"
        "  hint: pass the key as an argument, or make it a daemon that calls a txn per step\n");
}

int main(void)
{
#define STORY(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        STORY(the_shop_is_explained),
        STORY(a_cascade_that_is_too_long_says_what_fits),
        STORY(a_chain_of_reads_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
