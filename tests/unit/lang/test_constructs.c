/** Constructs beside the shop's: indexes, groups of counters, migrations, waits of daemons, calls that are matched. */
#include "kit/kit.h"

#include <stdlib.h>

#include "kit_lang/host.h"

static const char program_text[] =
    "program constructs version 1\n"
    "store mem : memory \"\"\n"
    "enum Err : u8 { NOBODY FULL }\n"
    "entity Item v1 { key id: u64   title: str<16> }\n"
    "entity Item v2 {\n"
    "  key id: u64   title: str<16>   owner: u64 = 0   grp: opt<u32>   stock: i64 = 5   open: bool "
    "= true\n"
    "  home mem.items { * } role target\n"
    "}\n"
    "migrate Item v1 -> v2 {\n"
    "  forward { new.owner = old.id + 100 }\n"
    "  inverse { old.title = lower_ascii(new.title) }\n"
    "}\n"
    "index by_title on Item(title) unique\n"
    "index by_owner on Item(owner)\n"
    "counter in_group[u32] : u32 = count(Item) by grp\n"
    "counter stocked : i64 = sum(Item.stock)\n"
    "txn add(id: u64, title: str<16>, owner: u64, grp: opt<u32>) {\n"
    "  Item.create { id, title, owner, grp }\n"
    "}\n"
    "txn regroup(id: u64, grp: opt<u32>) { Item[id]!.grp = grp }\n"
    "view counts(g: u32) -> (u32, i64) { return (in_group[g], stocked) }\n"
    "view titled(title: str<16>) -> u64 | Err {\n"
    "  i := by_title[title] else fail NOBODY\n"
    "  return i.id\n"
    "}\n"
    "view owned(owner: u64) -> list<u64,8> {\n"
    "  out := []\n"
    "  for k in by_owner.prefix(owner) limit 3 reverse { out.push(k.id) }\n"
    "  for k in by_owner.prefix(owner) limit 8 { out.push(k.id) }\n"
    "  return out\n"
    "}\n"
    "txn sell(id: u64, wanted: i64) -> i64 | Err {\n"
    "  i := Item[id] else fail NOBODY\n"
    "  if not i.open or 0 > i.stock { fail FULL }\n"
    "  if wanted <= i.stock { i.stock -= wanted } else { i.stock -= 1 }\n"
    "  i.owner += 1\n"
    "  return i.stock\n"
    "}\n"
    "daemon watch(id: u64) {\n"
    "  await Item.exists(id) timeout 10s else { alert \"late\" }\n"
    "  done := false\n"
    "  while not done {\n"
    "    match call sell(id, 2) {\n"
    "      ok(left) => { done = left < 2 }\n"
    "      fail(e) => { done = true match e { NOBODY => { alert \"nobody\" } FULL => { } } }\n"
    "      abort(_c) => { alert \"aborted\" done = true }\n"
    "    }\n"
    "    yield\n"
    "  }\n"
    "}\n"
    "daemon count(limit: i64) slice 400u {\n"
    "  n := 0\n"
    "  for _i in 0..2000 { if n < limit { n += 3 } }\n"
    "  alert \"counted\"\n"
    "  sleep 1s\n"
    "}\n";

static struct gw_arena arena;
static const struct gw_program *program;
static struct kl_host *host;

static int set_up(void **state)
{
    struct gw_diags diags;
    struct gw_err err = {0};
    (void)state;
    gw_arena_init(&arena, &gw_kit_alloc, 64u << 20);
    gw_rc rc = gw_lang_compile(gw_text("constructs.gw"), gw_text(program_text), NULL, &arena,
                               &diags, &program, &err);
    if (rc < 0) {
        struct gw_buf buf;
        gw_buf_init(&buf, &gw_kit_alloc, 1 << 20);
        gw_diags_text(&diags, &buf);
        print_message("%.*s\n", GW_TEXT_ARG(gw_buf_text(&buf)));
        gw_buf_done(&buf);
    }
    assert_ok(rc, &err);
    host = malloc(sizeof(*host));
    kl_host_init(host, &gw_kit_alloc, program);
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

static union gw_value text(const char *from)
{
    return (union gw_value){.bytes = gw_text_bytes(gw_text(from))};
}

static struct gw_vm_result call(const char *name, const union gw_value *args)
{
    const struct gw_fn *fn = gw_program_fn(program, gw_text(name));
    struct gw_vm_result result;
    kl_host_call(host, fn, args, &result);
    assert_true(result.units <= fn->cost.units);
    return result;
}

static void add(uint64_t id, const char *title, uint64_t owner, const union gw_value *group)
{
    union gw_value args[4] = {{.u = id}, text(title), {.u = owner}, {.opt = group}};
    assert_int_equal(call("add", args).status, GW_VM_DONE);
}

static void assert_counts(uint32_t group, uint64_t count, int64_t stock)
{
    union gw_value args[1] = {{.u = group}};
    struct gw_vm_result result = call("counts", args);
    assert_int_equal(result.status, GW_VM_DONE);
    assert_int_equal(result.value.list.items[0].u, count);
    assert_int_equal(result.value.list.items[1].i, stock);
}

static void groups_follow_an_optional_field(void **state)
{
    (void)state;
    union gw_value three = {.u = 3}, four = {.u = 4};
    add(1, "a", 7, &three);
    add(2, "b", 7, &three);
    add(3, "c", 7, NULL); /* in no group, but in the sum */
    assert_counts(3, 2, 15);
    union gw_value moved[2] = {{.u = 1}, {.opt = &four}}, left[2] = {{.u = 2}, {.opt = NULL}};
    assert_int_equal(call("regroup", moved).status, GW_VM_DONE);
    assert_counts(3, 1, 15);
    assert_counts(4, 1, 15);
    assert_int_equal(call("regroup", left).status, GW_VM_DONE);
    assert_counts(3, 0, 15);
}

static void a_unique_index_finds_its_row(void **state)
{
    (void)state;
    add(5, "lamp", 7, NULL);
    union gw_value lamp = text("lamp"), sofa = text("sofa");
    struct gw_vm_result result = call("titled", &lamp);
    assert_int_equal(result.status, GW_VM_DONE);
    assert_int_equal(result.value.u, 5);
    result = call("titled", &sofa);
    assert_int_equal(result.status, GW_VM_FAILED);
    assert_int_equal(result.value.u, 0);
}

static void an_index_is_walked_both_ways(void **state)
{
    (void)state;
    for (uint64_t id = 1; id <= 4; id++)
        add(id, (const char *[]){"a", "b", "c", "d"}[id - 1], 7, NULL);
    add(9, "e", 8, NULL);
    union gw_value seven = {.u = 7};
    struct gw_vm_result result = call("owned", &seven);
    assert_int_equal(result.status, GW_VM_DONE);
    static const uint64_t expected[] = {4, 3, 2, 1, 2, 3, 4};
    assert_int_equal(result.value.list.count, GW_COUNT_OF(expected));
    for (size_t i = 0; i < GW_COUNT_OF(expected); i++)
        assert_int_equal(result.value.list.items[i].u, expected[i]);
}

static void fields_are_compared_and_changed_in_place(void **state)
{
    (void)state;
    add(1, "a", 7, NULL);
    static const struct {
        int64_t count, left;
    } cases[] = {{2, 3}, {9, 2}, {2, 0}, {0, 0}, {-1, 1}, {1, 0}, {INT64_MAX, -1}};
    for (size_t i = 0; i < GW_COUNT_OF(cases); i++) {
        union gw_value args[2] = {{.u = 1}, {.i = cases[i].count}};
        struct gw_vm_result result = call("sell", args);
        assert_int_equal(result.status, GW_VM_DONE);
        assert_int_equal(result.value.i, cases[i].left);
    }
    union gw_value again[2] = {{.u = 1}, {.i = 1}}, nobody[2] = {{.u = 2}, {.i = 1}};
    struct gw_vm_result result = call("sell", again); /* -1 in stock: 0 > i.stock */
    assert_int_equal(result.status, GW_VM_FAILED);
    assert_int_equal(result.value.u, 1);
    result = call("sell", nobody);
    assert_int_equal(result.status, GW_VM_FAILED);
    assert_int_equal(result.value.u, 0);
    union gw_value key = {.u = 1};
    const union gw_value *row = kl_host_get(host, program->entities[0], &key);
    assert_int_equal(row[2].u, 7 + GW_COUNT_OF(cases)); /* i.owner += 1 each time */
}

static void a_field_that_overflows_in_place_aborts(void **state)
{
    (void)state;
    union gw_value fields[6] = {{.u = 1}, text("a"), {.u = 0}, {.opt = NULL}, {.i = 9}, {.u = 1}};
    union gw_value args[2] = {{.u = 1}, {.i = INT64_MIN}};
    kl_host_put(host, program->entities[0], fields);
    struct gw_vm_result result = call("sell", args);
    assert_int_equal(result.status, GW_VM_ABORT);
    assert_int_equal(result.abort, GW_ABORT_ARITH);
    fields[0].u = args[0].u = 2;
    fields[1] = text("b");
    fields[2].u = UINT64_MAX;
    args[1].i = 1;
    kl_host_put(host, program->entities[0], fields);
    result = call("sell", args);
    assert_int_equal(result.status, GW_VM_ABORT);
    assert_int_equal(result.abort, GW_ABORT_ARITH);
}

static void a_row_moves_between_versions_and_back(void **state)
{
    (void)state;
    assert_int_equal(program->migrate_count, 1);
    const struct gw_migrate *migrate = &program->migrates[0];
    union gw_value old[2] = {{.u = 5}, text("LAMP")};
    struct gw_vm_result result;
    kl_host_begin(host);
    gw_vm_run(&host->vm, migrate->forward, old, &result);
    assert_int_equal(result.status, GW_VM_DONE);
    const union gw_value *made = result.value.list.items;
    assert_int_equal(result.value.list.count, 6);
    assert_int_equal(made[0].u, 5);
    assert_text_equal(gw_bytes_text(made[1].bytes), "LAMP");
    assert_int_equal(made[2].u, 105);
    assert_null(made[3].opt);
    assert_int_equal(made[4].i, 5); /* the default */
    gw_vm_run(&host->vm, migrate->inverse, made, &result);
    assert_int_equal(result.status, GW_VM_DONE);
    assert_int_equal(result.value.list.count, 2);
    assert_int_equal(result.value.list.items[0].u, 5);
    assert_text_equal(gw_bytes_text(result.value.list.items[1].bytes), "lamp");
    kl_host_abandon(host);
}

/** One slice from stored bytes, or from the start; @return how it ended */
static struct gw_vm_result slice(const char *name, const union gw_value *args,
                                 const struct gw_vm_reply *reply)
{
    static uint8_t stored[4096];
    static size_t stored_len;
    const struct gw_fn *fn = gw_program_fn(program, gw_text(name));
    struct gw_vm_result result;
    struct gw_fiber fiber;
    struct gw_err err = {0};
    struct gw_buf buf;
    kl_host_begin(host);
    if (args)
        assert_ok(gw_fiber_start(&host->vm, fn, args, &fiber, &err), &err);
    else
        assert_ok(
            gw_fiber_decode(&host->vm, fn, (struct gw_bytes){stored, stored_len}, &fiber, &err),
            &err);
    gw_fiber_resume(&host->vm, &fiber, reply, &result);
    assert_true(result.units <= fn->cost.units);
    gw_buf_init_fixed(&buf, stored, sizeof(stored));
    gw_fiber_encode(&fiber, &buf);
    assert_false(buf.failed);
    stored_len = buf.len;
    assert_true(kl_host_commit(host));
    return result;
}

#define ASSERT_WAITS(result, for_what)                         \
    do {                                                       \
        struct gw_vm_result is = (result);                     \
        assert_int_equal(is.status, GW_VM_WAITING);            \
        assert_int_equal(is.wait.kind, GW_VM_WAIT_##for_what); \
    } while (0)

static void a_daemon_awaits_a_row_then_calls_until_little_is_left(void **state)
{
    (void)state;
    union gw_value id = {.u = 1};
    struct gw_vm_reply fine = {0};
    struct gw_vm_reply three = {.call_status = GW_VM_DONE, .call_value = {.i = 3}};
    struct gw_vm_reply one = {.call_status = GW_VM_DONE, .call_value = {.i = 1}};
    ASSERT_WAITS(slice("watch", &id, NULL), AWAIT_TRUE);
    ASSERT_WAITS(slice("watch", NULL, &fine), AWAIT_TRUE); /* asked again: still not there */
    add(1, "a", 7, NULL);
    ASSERT_WAITS(slice("watch", NULL, &fine), CALL);
    ASSERT_WAITS(slice("watch", NULL, &three), YIELD);
    ASSERT_WAITS(slice("watch", NULL, &fine), CALL);
    ASSERT_WAITS(slice("watch", NULL, &one), YIELD);
    assert_int_equal(slice("watch", NULL, &fine).status, GW_VM_DONE);
}

static void a_matched_call_takes_the_arm_of_its_end(void **state)
{
    (void)state;
    static const struct {
        struct gw_vm_reply reply;
        const char *alert; /* NULL: none, the daemon yields at once */
    } cases[] = {
        {{.call_status = GW_VM_FAILED, .call_value = {.u = 0}}, "nobody"},
        {{.call_status = GW_VM_FAILED, .call_value = {.u = 1}}, NULL},
        {{.call_status = GW_VM_ABORT, .call_abort = GW_ABORT_HALTED}, "aborted"},
    };
    union gw_value id = {.u = 1};
    struct gw_vm_reply fine = {0};
    const struct gw_fn *sell = gw_program_fn(program, gw_text("sell"));
    add(1, "a", 7, NULL);
    for (size_t i = 0; i < GW_COUNT_OF(cases); i++) {
        struct gw_vm_reply reply = cases[i].reply;
        if (reply.call_status == GW_VM_FAILED)
            reply.call_type = sell->fails[0];
        ASSERT_WAITS(slice("watch", &id, NULL), CALL);
        struct gw_vm_result result = slice("watch", NULL, &reply);
        if (cases[i].alert) {
            assert_int_equal(result.wait.kind, GW_VM_WAIT_ALERT);
            assert_text_equal(result.wait.text, cases[i].alert);
            result = slice("watch", NULL, &fine);
        }
        ASSERT_WAITS(result, YIELD);
        assert_int_equal(slice("watch", NULL, &fine).status, GW_VM_DONE);
    }
}

static void a_long_loop_is_cut_into_slices_of_the_daemons_limit(void **state)
{
    (void)state;
    const struct gw_fn *fn = gw_program_fn(program, gw_text("count"));
    union gw_value limit = {.i = 5000};
    struct gw_vm_reply fine = {0};
    struct gw_vm_result result = slice("count", &limit, NULL);
    uint32_t slices = 1, most = result.units;
    assert_true(fn->cost.units <= 400);
    while (result.status == GW_VM_WAITING && result.wait.kind == GW_VM_WAIT_YIELD) {
        result = slice("count", NULL, &fine);
        most = GW_MAX(most, result.units);
        slices++;
        assert_true(slices < 2000);
    }
    assert_true(slices > 10);
    assert_true(most > 100 && most <= 400); /* slices are filled, and never too full */
    assert_int_equal(result.wait.kind, GW_VM_WAIT_ALERT);
    ASSERT_WAITS(slice("count", NULL, &fine), SLEEP);
    assert_int_equal(slice("count", NULL, &fine).status, GW_VM_DONE);
}

int main(void)
{
#define STORY(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        STORY(groups_follow_an_optional_field),
        STORY(a_unique_index_finds_its_row),
        STORY(an_index_is_walked_both_ways),
        STORY(fields_are_compared_and_changed_in_place),
        STORY(a_field_that_overflows_in_place_aborts),
        STORY(a_row_moves_between_versions_and_back),
        STORY(a_daemon_awaits_a_row_then_calls_until_little_is_left),
        STORY(a_matched_call_takes_the_arm_of_its_end),
        STORY(a_long_loop_is_cut_into_slices_of_the_daemons_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
