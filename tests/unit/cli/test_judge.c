/* The judge of `godwit demo`: content as it should be balances, and each kind of damage is counted where it belongs. */
#include "kit/kit.h"

#include "cli/demo.h"
#include "os/env.h"
#include "os/file.h"
#include "os/heap.h"

enum { USERS = 20, ARENA_MAX = 64 << 20 };

struct world {
    struct gw_cli cli;
    struct gw_demo demo;
    struct gw_demo_op ops[4];
};

static void must(sqlite3 *db, const char *sql)
{
    struct gw_err err = {0};
    if (gw_demo_sql(db, sql, &err) < 0)
        fail_msg("%s", err.msg);
}

/** What an engine without fault leaves behind: both payments in every home. */
static void move_everything(struct world *w)
{
    char sql[512];
    struct gw_buf buf;
    gw_buf_init_fixed(&buf, sql, sizeof(sql));
    gw_buf_printf(&buf, "ATTACH '%s/people.db' AS p; ATTACH '%s/money.db' AS m", w->demo.folder,
                  w->demo.folder);
    gw_buf_put(&buf, "", 1);
    must(w->demo.legacy, sql);
    must(w->demo.legacy, "UPDATE accounts SET cents = cents - 150 WHERE id = 1;"
                         "UPDATE accounts SET cents = cents + 150 WHERE id = 5;"
                         "UPDATE accounts SET cents = cents - 7 WHERE id = 5;"
                         "UPDATE accounts SET cents = cents + 7 WHERE id = 2;"
                         "UPDATE users SET paid = paid + 1 WHERE id IN (1, 3);"
                         "UPDATE users SET group_id = 4 WHERE id = 9;");
    must(w->demo.legacy,
         "INSERT INTO p.members SELECT id, name||' '||family, mail, nick, group_id, old_ref, "
         "printf('%.2f', rate), paid FROM users;"
         "INSERT INTO m.accounts SELECT id, user_id, printf('%d.%02d', cents/100, cents%100), "
         "is_frozen FROM main.accounts;"
         "INSERT INTO m.transfers VALUES (x'0000000000000000000000000000000a', 1, 5, '1.50', 0),"
         "(x'0000000000000000000000000000000b', 5, 2, '0.07', 0);");
}

static int setup(void **state)
{
    static const struct gw_demo_op ops[] = {
        {.src = 1, .dst = 5, .cents = 150, .state = GW_DEMO_OK, .id = 10, .index = 4},
        {.src = 5, .dst = 2, .cents = 7, .state = GW_DEMO_OK, .id = 11, .index = 5},
        {.src = 9, .dst = 4, .state = GW_DEMO_OK, .index = 8},
        {.src = 9, .dst = 1, .state = GW_DEMO_OK, .index = 7}, /* answered later, decided earlier */
    };
    static unsigned turn;
    struct gw_err err = {0};
    struct world *w = test_calloc(1, sizeof(*w));
    gw_arena_init(&w->cli.arena, gw_os_heap(), ARENA_MAX);
    memcpy(w->ops, ops, sizeof(ops));
    w->cli.settings.quiet = true;
    w->demo = (struct gw_demo){.cli = &w->cli,
                               .seed = 5,
                               .users = USERS,
                               .ops = w->ops,
                               .op_count = GW_COUNT_OF(ops),
                               .acked = GW_COUNT_OF(ops),
                               .ok = 2,
                               .moves_ok = 2,
                               .was_killed = true,
                               .halts_found = 1,
                               .foreign_kept = true,
                               .flipped = true};
    w->demo.folder =
        gw_arena_printf(&w->cli.arena, "/tmp/godwit-judge-%lld-%u", (long long)gw_os_pid(), turn++)
            .data;
    assert_int_equal(gw_folder_make(w->demo.folder, &err), GW_OK);
    assert_int_equal(gw_demo_generate(&w->demo, &err), GW_OK);
    w->demo.cents_counter = w->demo.cents_before;
    move_everything(w);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    struct gw_text *names;
    size_t count;
    sqlite3_close(w->demo.legacy);
    sqlite3_close(w->demo.people);
    sqlite3_close(w->demo.money);
    if (gw_folder_list(w->demo.folder, &w->cli.arena, &names, &count, NULL) == GW_OK)
        for (size_t i = 0; i < count; i++)
            (void)gw_path_remove(
                gw_arena_printf(&w->cli.arena, "%s/%.*s", w->demo.folder, GW_TEXT_ARG(names[i]))
                    .data,
                NULL);
    (void)gw_path_remove(w->demo.folder, NULL);
    gw_arena_done(&w->cli.arena);
    test_free(w);
    return 0;
}

static void judge(struct world *w)
{
    struct gw_err err = {0};
    if (gw_demo_verify(&w->demo, &err) < 0)
        fail_msg("%s", err.msg);
}

static void test_what_is_right_balances(void **state)
{
    struct world *w = *state;
    judge(w);
    assert_int_equal(w->demo.user.rows[1], USERS);
    assert_int_equal(w->demo.account.rows[1], USERS * GW_DEMO_ACCOUNTS_EACH);
    assert_int_equal(w->demo.transfers, 2);
    assert_true(gw_demo_balances(&w->demo));
}

static void test_a_lost_payment_is_counted(void **state)
{
    struct world *w = *state;
    must(w->demo.money, "DELETE FROM transfers WHERE src = 1");
    judge(w);
    assert_int_equal(w->demo.lost, 1);
    assert_false(gw_demo_balances(&w->demo));
}

static void test_a_second_execution_is_counted(void **state)
{
    struct world *w = *state;
    must(w->demo.money, "INSERT INTO transfers VALUES (x'0c', 1, 5, '1.50', 0)");
    judge(w);
    assert_int_equal(w->demo.doubled, 1);
    assert_false(gw_demo_balances(&w->demo));
}

static void test_a_wrong_amount_is_a_lost_payment(void **state)
{
    struct world *w = *state;
    must(w->demo.money, "UPDATE transfers SET amt = '1.5' WHERE src = 1");
    judge(w);
    assert_int_equal(w->demo.lost, 1);
}

static void test_one_cent_is_seen(void **state)
{
    struct world *w = *state;
    must(w->demo.money, "UPDATE accounts SET balance = printf('%.2f', balance + 0.01) "
                        "WHERE account_no = 7");
    judge(w);
    assert_int_equal(w->demo.wrong_balances, 1);
    assert_int_equal(w->demo.account.differing, 1);
    assert_true(w->demo.cents_after == w->demo.cents_before + 1);
    assert_false(gw_demo_balances(&w->demo));
}

static void test_null_is_not_the_empty_text(void **state)
{
    struct world *w = *state;
    must(w->demo.people, "UPDATE members SET nickname = '' WHERE nickname IS NULL");
    judge(w);
    assert_true(w->demo.wrong_users > 0);
}

static void test_a_bent_number_is_seen(void **state)
{
    struct world *w = *state;
    must(w->demo.people, "UPDATE members SET reference = '9007199254740992' "
                         "WHERE reference = '9007199254740993'");
    judge(w);
    assert_int_equal(w->demo.wrong_users, USERS / 5);
}

static void test_a_missing_and_an_extra_row_are_seen(void **state)
{
    struct world *w = *state;
    must(w->demo.people, "DELETE FROM members WHERE member_id = 3");
    must(w->demo.money, "INSERT INTO accounts VALUES (9999, 1, '0.00', 0)");
    judge(w);
    assert_int_equal(w->demo.wrong_users, 1);
    assert_true(w->demo.account.differing > 0);
    assert_false(gw_demo_balances(&w->demo));
}

static void test_both_homes_wrong_alike_is_still_wrong(void **state)
{
    struct world *w = *state;
    must(w->demo.legacy, "UPDATE users SET group_id = 1 WHERE id = 9");
    must(w->demo.people, "UPDATE members SET team = 1 WHERE member_id = 9");
    judge(w);
    assert_int_equal(w->demo.user.differing, 0);
    assert_int_equal(w->demo.wrong_users, 1);
    assert_false(gw_demo_balances(&w->demo));
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(test_what_is_right_balances),
        STORY(test_a_lost_payment_is_counted),
        STORY(test_a_second_execution_is_counted),
        STORY(test_a_wrong_amount_is_a_lost_payment),
        STORY(test_one_cent_is_seen),
        STORY(test_null_is_not_the_empty_text),
        STORY(test_a_bent_number_is_seen),
        STORY(test_a_missing_and_an_extra_row_are_seen),
        STORY(test_both_homes_wrong_alike_is_still_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
