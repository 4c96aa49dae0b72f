/** The shop of the specification, compiled and run on the plain host. */
#include "kit/kit.h"

#include <stdio.h>
#include <stdlib.h>

#include "kit_lang/host.h"

static struct gw_arena arena;
static const struct gw_program *shop;
static struct kl_host *host;

static struct gw_text read_file(const char *path)
{
    static char text[1 << 16];
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t len = fread(text, 1, sizeof(text), file);
    fclose(file);
    return (struct gw_text){text, len};
}

static int set_up(void **state)
{
    struct gw_diags diags;
    struct gw_err err = {0};
    (void)state;
    gw_arena_init(&arena, &gw_kit_alloc, 64u << 20);
    gw_rc rc = gw_lang_compile(gw_text("shop.gw"), read_file("tests/lang/shop.gw"), NULL, &arena,
                               &diags, &shop, &err);
    if (rc < 0) {
        struct gw_buf buf;
        gw_buf_init(&buf, &gw_kit_alloc, 1 << 20);
        gw_diags_text(&diags, &buf);
        print_message("%.*s\n", GW_TEXT_ARG(gw_buf_text(&buf)));
        gw_buf_done(&buf);
    }
    assert_ok(rc, &err);
    host = malloc(sizeof(*host));
    kl_host_init(host, &gw_kit_alloc, shop);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    kl_host_done(host);
    free(host);
    gw_arena_done(&arena);
    return 0;
}

static void account(uint64_t id, int64_t cents, bool frozen)
{
    union gw_value fields[4] = {{.u = id}, {.u = 1}, {.i = cents}, {.u = frozen}};
    kl_host_put(host, gw_program_entity(shop, gw_text("Account")), fields);
}

static int64_t balance(uint64_t id)
{
    union gw_value key = {.u = id};
    const union gw_value *fields =
        kl_host_get(host, gw_program_entity(shop, gw_text("Account")), &key);
    assert_non_null(fields);
    return (int64_t)fields[2].i;
}

static struct gw_vm_result pay(uint64_t from, uint64_t to, int64_t cents)
{
    union gw_value args[3] = {{.u = from}, {.u = to}, {.i = cents}};
    const struct gw_fn *fn = gw_program_fn(shop, gw_text("pay"));
    struct gw_vm_result result;
    kl_host_call(host, fn, args, &result);
    assert_true(result.units <= fn->cost.units);
    return result;
}

static void a_payment_moves_money(void **state)
{
    (void)state;
    account(1, 10000, false);
    account(2, 500, false);
    struct gw_vm_result result = pay(1, 2, 2550);
    assert_int_equal(result.status, GW_VM_DONE);
    assert_int_equal(balance(1), 7450);
    assert_int_equal(balance(2), 3050);
    /* the id is made of the batch: ms, index, counter */
    assert_true((uint64_t)(result.value.u >> 32) << 16 == (uint64_t)7 << 16);
    const union gw_value *made =
        kl_host_get(host, gw_program_entity(shop, gw_text("Transfer")), &result.value);
    assert_non_null(made);
    assert_true(made[3].i == 2550);
}

static void a_refused_payment_changes_nothing(void **state)
{
    (void)state;
    account(1, 10000, false);
    account(2, 500, true);
    account(3, 0, false);
    static const struct {
        uint64_t from, to;
        int64_t cents;
        unsigned error; /* NO_SRC NO_DST INSUFFICIENT FROZEN */
    } cases[] = {{1, 1, 100, 2}, {1, 3, 0, 2},   {9, 3, 100, 0},
                 {1, 9, 100, 1}, {1, 2, 100, 3}, {1, 3, 10001, 2}};
    for (size_t i = 0; i < GW_COUNT_OF(cases); i++) {
        struct gw_vm_result result = pay(cases[i].from, cases[i].to, cases[i].cents);
        assert_int_equal(result.status, GW_VM_FAILED);
        assert_int_equal(result.value.u, cases[i].error);
    }
    assert_int_equal(balance(1), 10000);
    assert_int_equal(balance(3), 0);
}

static void money_beyond_the_precision_aborts(void **state)
{
    (void)state;
    account(1, 999999999999999999, false);
    account(2, 999999999999999999, false);
    struct gw_vm_result result = pay(1, 2, 100);
    assert_int_equal(result.status, GW_VM_ABORT);
    assert_int_equal(result.abort, GW_ABORT_ARITH);
    assert_true(balance(1) == 999999999999999999);
}

static void a_missing_row_is_named(void **state)
{
    (void)state;
    union gw_value args[2] = {{.u = 77}, {.u = 3}};
    struct gw_vm_result result;
    kl_host_call(host, gw_program_fn(shop, gw_text("move_group")), args, &result);
    assert_int_equal(result.status, GW_VM_ABORT);
    assert_int_equal(result.abort, GW_ABORT_NOT_FOUND);
    assert_text_equal(result.detail, "User[77]");
}

static void groups_are_counted_in_the_same_step(void **state)
{
    (void)state;
    union gw_value fields[5] = {{.u = 5},
                                {.bytes = {(const uint8_t *)"a@b", 3}},
                                {.bytes = {(const uint8_t *)"A B", 3}},
                                {.opt = NULL},
                                {.i = 0}};
    kl_host_put(host, gw_program_entity(shop, gw_text("User")), fields);
    union gw_value args[2] = {{.u = 5}, {.u = 3}};
    struct gw_vm_result result;
    kl_host_call(host, gw_program_fn(shop, gw_text("move_group")), args, &result);
    assert_int_equal(result.status, GW_VM_DONE);
    assert_int_equal(result.value.u, 1);
}

static void a_view_walks_a_table(void **state)
{
    (void)state;
    const struct gw_table_decl *owns = gw_program_table_id(shop, gw_name_id(gw_text("Owns")));
    account(10, 1000, false);
    account(11, 1100, false);
    kl_host_begin(host);
    for (uint64_t id = 10; id < 12; id++) {
        union gw_value row[2] = {{.u = 1}, {.u = id}};
        host->host.table_put(host, owns, row);
    }
    assert_true(kl_host_commit(host));
    union gw_value uid = {.u = 1};
    struct gw_vm_result result;
    const struct gw_fn *fn = gw_program_fn(shop, gw_text("balances"));
    kl_host_call(host, fn, &uid, &result);
    assert_int_equal(result.status, GW_VM_DONE);
    assert_int_equal(result.value.list.count, 2);
    assert_int_equal(result.value.list.items[1].list.items[1].i, 1100);
    assert_true(result.units <= fn->cost.units);
}

static void prefetch_sees_the_direct_keys(void **state)
{
    (void)state;
    union gw_value args[3] = {{.u = 4}, {.u = 9}, {.i = 1}};
    struct gw_vm_key *keys;
    uint32_t count;
    struct gw_err err = {0};
    kl_host_begin(host);
    assert_ok(gw_vm_direct_keys(&host->vm, gw_program_fn(shop, gw_text("pay")), args, &keys, &count,
                                &err),
              &err);
    assert_int_equal(count, 2);
    assert_int_equal(keys[0].key[0].u, 4);
    assert_int_equal(keys[1].key[0].u, 9);
}

static void a_key_that_is_not_here_ends_the_run(void **state)
{
    (void)state;
    host->is_missing = true;
    assert_int_equal(pay(1, 2, 3).status, GW_VM_NEEDS_KEYS);
}

static void copies_are_decided_by_the_rule(void **state)
{
    (void)state;
    const struct gw_program_entity *user = gw_program_entity(shop, gw_text("User"));
    union gw_value a[5] = {{.u = 5},
                           {.bytes = {(const uint8_t *)"a@b", 3}},
                           {.bytes = {(const uint8_t *)"A B", 3}},
                           {.opt = NULL},
                           {.i = 100}};
    union gw_value b[5];
    memcpy(b, a, sizeof(a));
    b[1].bytes = (struct gw_bytes){(const uint8_t *)"c@d", 3};
    struct gw_vm_copy copies[2] = {{true, GW_VERSION_NONE, a}, {true, GW_VERSION_NONE, b}};
    struct gw_vm_onboarded got;
    struct gw_err err = {0};
    kl_host_begin(host);
    assert_ok(gw_vm_onboard(&host->vm, user->onboard.rule, copies, 2, &got, &err), &err);
    assert_false(got.rejected);
    assert_int_equal(got.taken, 0); /* created is equal: the old system is right */
    b[4].i = 101;
    assert_ok(gw_vm_onboard(&host->vm, user->onboard.rule, copies, 2, &got, &err), &err);
    assert_true(got.rejected);
    assert_text_equal(got.reason, "both sides differ");
    copies[0].present = false;
    assert_ok(gw_vm_onboard(&host->vm, user->onboard.rule, copies, 2, &got, &err), &err);
    assert_false(got.rejected);
    assert_int_equal(got.taken, 1);
}

int main(void)
{
#define STORY(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        STORY(a_payment_moves_money),
        STORY(a_refused_payment_changes_nothing),
        STORY(money_beyond_the_precision_aborts),
        STORY(a_missing_row_is_named),
        STORY(groups_are_counted_in_the_same_step),
        STORY(a_view_walks_a_table),
        STORY(prefetch_sees_the_direct_keys),
        STORY(a_key_that_is_not_here_ends_the_run),
        STORY(copies_are_decided_by_the_rule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
