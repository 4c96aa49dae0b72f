/** Calls, onboarding, pushes and halts, as stories over a ledger with two or three homes beside it. */
#include "world.h"

#include <stdio.h>

#include "kv/memory.h"

#define BANK_HEAD                                                 \
    "program bank version 1\n"                                    \
    "store a : memory \"a\"\n"                                    \
    "store b : memory \"b\"\n"                                    \
    "enum Err : u8 { MISSING POOR }\n"                            \
    "entity Acc v1 {\n"                                           \
    "  key id: u64  owner: u64  bal: dec<18,2>\n"                 \
    "  home a.acc { id->id owner->owner bal->bal } role source\n" \
    "  home b.acc { id->no owner->own bal->amount } role target\n"
#define BANK_TAIL                                                                       \
    "}\n"                                                                               \
    "counter of_owner[u64] : u32 = count(Acc) by owner\n"                               \
    "counter total : dec<24,2> = sum(Acc.bal)\n"                                        \
    "index by_owner on Acc(owner)\n"                                                    \
    "txn pay(src: u64, dst: u64, amt: dec<18,2>) -> dec<18,2> | Err {\n"                \
    "  x := Acc[src] else fail MISSING\n"                                               \
    "  y := Acc[dst] else fail MISSING\n"                                               \
    "  if x.bal < amt { fail POOR }\n"                                                  \
    "  x.bal -= amt\n"                                                                  \
    "  y.bal += amt\n"                                                                  \
    "  return x.bal\n"                                                                  \
    "}\n"                                                                               \
    "txn open(id: u64, owner: u64, bal: dec<18,2>) { Acc.create { id, owner, bal } }\n" \
    "txn shut(id: u64) { delete Acc[id]! }\n"                                           \
    "txn get(id: u64) -> dec<18,2> | Err {\n"                                           \
    "  x := Acc[id] else fail MISSING\n"                                                \
    "  return x.bal\n"                                                                  \
    "}\n"                                                                               \
    "view balance(id: u64) -> dec<18,2> { return Acc[id]!.bal }\n"                      \
    "view owned(owner: u64) -> u32 { return of_owner[owner] }\n"                        \
    "view all() -> dec<24,2> { return total }\n"
#define BANK BANK_HEAD "  onboard prefer a\n" BANK_TAIL

static void test_a_call_reads_both_homes_once_and_writes_both(void **state)
{
    (void)state;
    struct world *w = world_open(BANK);
    world_put(w, "a.acc", "[1, 7, \"10.00\"]", -1);
    world_put(w, "a.acc", "[2, 8, \"0.50\"]", -1);
    assert_string_equal(world_call(w, "pay", "[1, 2, \"4.00\"]"), "{\"ok\":\"6.00\"}");
    assert_int_equal(w->fetches, 4);
    world_push(w);
    assert_string_equal(world_row(w, "a.acc", "[1]"), "[1,7,\"6.00\"] v2");
    assert_string_equal(world_row(w, "b.acc", "[1]"), "[1,7,\"6.00\"] v2");
    assert_string_equal(world_row(w, "b.acc", "[2]"), "[2,8,\"4.50\"] v2");
    assert_string_equal(world_call(w, "pay", "[1, 2, \"9.00\"]"), "{\"fail\":\"POOR\"}");
    assert_string_equal(world_call(w, "pay", "[1, 3, \"1.00\"]"), "{\"fail\":\"MISSING\"}");
    world_close(w);
}

static void test_a_repeated_call_gets_the_first_answer(void **state)
{
    (void)state;
    struct world *w = world_open(BANK);
    struct gw_record open = {.kind = GW_RECORD_SESSION};
    open.session.verb = GW_SESSION_OPEN;
    world_apply(w, &open);
    uint64_t client = w->applied.number;
    world_put(w, "a.acc", "[1, 7, \"10.00\"]", 3);
    world_put(w, "a.acc", "[2, 7, \"0.00\"]", 3);
    assert_string_equal(world_call_as(w, client, 1, "pay", "[1, 2, \"1.00\"]"),
                        "{\"ok\":\"9.00\"}");
    assert_string_equal(world_call_as(w, client, 1, "pay", "[1, 2, \"1.00\"]"),
                        "{\"ok\":\"9.00\"} again");
    assert_string_equal(world_call_as(w, client, 1025, "get", "[1]"), "{\"ok\":\"9.00\"}");
    assert_string_equal(world_call_as(w, client, 1, "pay", "[1, 2, \"1.00\"]"), "expired");
    assert_string_equal(world_call_as(w, 99, 1, "get", "[1]"), "refused 2431");
    uint64_t *idle = NULL;
    uint32_t count = 0;
    struct gw_err err = {0};
    assert_ok(gw_ledger_idle_sessions(w->ledger, w->time_ns, 8, &w->arena, &idle, &count, &err),
              &err);
    assert_int_equal(count, 0);
    assert_ok(gw_ledger_idle_sessions(w->ledger, w->time_ns + 90000 * GW_NS_PER_S, 8, &w->arena,
                                      &idle, &count, &err),
              &err);
    assert_int_equal(count, 1);
    assert_int_equal(idle[0], client);
    world_close(w);
}

static void test_a_store_that_is_down_fails_the_call_without_effect(void **state)
{
    (void)state;
    struct world *w = world_open(BANK);
    world_put(w, "a.acc", "[1, 7, \"10.00\"]", 3);
    struct gw_hash128 before = world_sum(w);
    w->down = true;
    assert_string_equal(world_call(w, "get", "[1]"),
                        "{\"abort\":\"FETCH_FAILED\",\"detail\":\"Acc[1]: timeout: no answer\"}");
    struct gw_hash128 after = world_sum(w);
    assert_memory_not_equal(before.bytes, after.bytes, 16); /* the time of the batch moved on */
    w->down = false;
    assert_string_equal(world_call(w, "get", "[1]"), "{\"ok\":\"10.00\"}");
    world_close(w);
}

static void test_what_takes_no_position_leaves_no_trace(void **state)
{
    (void)state;
    struct world *w = world_open(BANK);
    struct gw_record txn = {.kind = GW_RECORD_TXN};
    const uint8_t args[] = {0x81, 0x01};
    world_put(w, "a.acc", "[1, 7, \"10.00\"]", 3);
    world_call(w, "get", "[1]");
    struct gw_hash128 before = world_sum(w);
    txn.txn = (struct gw_rec_txn){.client = 77,
                                  .fn = gw_program_fn(w->program, gw_text("get"))->id,
                                  .args = {args, sizeof(args)},
                                  .try_count = 1};
    world_apply(w, &txn);
    assert_int_equal(w->applied.kind, GW_APPLIED_REFUSED);
    const uint8_t other[] = {0x81, 0x05};
    txn.txn.client = 0;
    txn.txn.args = (struct gw_bytes){other, sizeof(other)};
    world_apply(w, &txn);
    assert_int_equal(w->applied.kind, GW_APPLIED_NEEDS_KEYS);
    assert_int_equal(w->applied.missing_count, 1);
    struct gw_hash128 after = world_sum(w);
    assert_memory_equal(before.bytes, after.bytes, 16);
    /* and within a batch: a TICK alone, or a TICK behind it, is the same */
    struct gw_hash128 sums[2];
    for (int with = 0; with < 2; with++) {
        struct gw_err err = {0};
        struct gw_kv *kv = NULL;
        const struct gw_kv_memory_opts opts = {.alloc = &gw_kit_alloc};
        assert_ok(gw_kv_memory_open(&opts, &kv, NULL, &err), &err);
        (void)world_replay(w, kv);
        const struct gw_ledger_opts again = {kv, &gw_kit_alloc, 64u << 20};
        struct gw_ledger *ledger = NULL;
        struct gw_applied applied;
        uint8_t memory[256];
        struct gw_buf buf;
        const struct gw_batch_head head = {w->index + 1, 1, w->time_ns + 1};
        const struct gw_record tick = {.kind = GW_RECORD_TICK};
        assert_ok(gw_ledger_open(&again, &ledger, &err), &err);
        assert_ok(gw_ledger_begin(ledger, &head, &err), &err);
        gw_buf_init_fixed(&buf, memory, sizeof(memory));
        gw_record_encode(&txn, &buf);
        if (with)
            assert_ok(gw_ledger_apply(ledger, gw_buf_bytes(&buf), &applied, &err), &err);
        gw_buf_reset(&buf);
        gw_record_encode(&tick, &buf);
        assert_ok(gw_ledger_apply(ledger, gw_buf_bytes(&buf), &applied, &err), &err);
        assert_int_equal(gw_ledger_records(ledger), 1);
        assert_ok(gw_ledger_commit(ledger, &err), &err);
        sums[with] = gw_hash128_of_number(kv->ops->marks(kv).sum);
        gw_ledger_close(ledger);
        kv->ops->destroy(kv);
    }
    assert_memory_equal(sums[0].bytes, sums[1].bytes, 16);
    world_close(w);
}

/* ---- onboarding ---- */

static void onboard(const char *rule, const char *a, const char *b, const char *call,
                    const char *row_a, const char *row_b)
{
    char program[4096];
    snprintf(program, sizeof(program), "%s%s%s", BANK_HEAD, rule, BANK_TAIL);
    struct world *w = world_open(program);
    if (a)
        world_put(w, "a.acc", a, 4);
    if (b)
        world_put(w, "b.acc", b, 4);
    assert_string_equal(world_call(w, "get", "[1]"), call);
    world_push(w);
    assert_string_equal(world_row(w, "a.acc", "[1]"), row_a);
    assert_string_equal(world_row(w, "b.acc", "[1]"), row_b);
    world_close(w);
}

static const char rich[] = "[1,7,\"9.00\"]", poor[] = "[1,7,\"1.00\"]";
#define ABORTED "{\"abort\":\"HALTED\",\"detail\":\"\"}"

static void test_onboarding_by_preference(void **state)
{
    (void)state;
    const char *rule = "  onboard prefer b\n";
    onboard(rule, NULL, NULL, "{\"fail\":\"MISSING\"}", "absent", "absent");
    onboard(rule, rich, NULL, "{\"ok\":\"9.00\"}", "[1,7,\"9.00\"] v4", "[1,7,\"9.00\"] v5");
    onboard(rule, NULL, poor, "{\"ok\":\"1.00\"}", "[1,7,\"1.00\"] v5", "[1,7,\"1.00\"] v4");
    onboard(rule, rich, rich, "{\"ok\":\"9.00\"}", "[1,7,\"9.00\"] v4", "[1,7,\"9.00\"] v4");
    onboard(rule, rich, poor, "{\"ok\":\"1.00\"}", "[1,7,\"1.00\"] v5", "[1,7,\"1.00\"] v4");
}

static void test_onboarding_without_a_rule_wants_equal_copies(void **state)
{
    (void)state;
    onboard("", rich, rich, "{\"ok\":\"9.00\"}", "[1,7,\"9.00\"] v4", "[1,7,\"9.00\"] v4");
    onboard("", rich, poor, ABORTED, "[1,7,\"9.00\"] v4", "[1,7,\"1.00\"] v4");
}

static void test_onboarding_by_a_rule(void **state)
{
    (void)state;
    const char *rule = "  onboard (x: a?, y: b?) {\n"
                       "    if y.absent { take x }\n"
                       "    if x.absent { take y }\n"
                       "    if same(x, y) { take y }\n"
                       "    much := 5.00  if x.bal > much { take x }\n"
                       "    reject \"both differ\"\n"
                       "  }\n";
    onboard(rule, rich, NULL, "{\"ok\":\"9.00\"}", "[1,7,\"9.00\"] v4", "[1,7,\"9.00\"] v5");
    onboard(rule, NULL, poor, "{\"ok\":\"1.00\"}", "[1,7,\"1.00\"] v5", "[1,7,\"1.00\"] v4");
    onboard(rule, rich, poor, "{\"ok\":\"9.00\"}", "[1,7,\"9.00\"] v4", "[1,7,\"9.00\"] v5");
    onboard(rule, poor, rich, ABORTED, "[1,7,\"1.00\"] v4", "[1,7,\"9.00\"] v4");
}

static void test_three_homes_take_one_row(void **state)
{
    (void)state;
    struct world *w = world_open("program three version 1\n"
                                 "store a : memory \"a\"\nstore b : memory \"b\"\n"
                                 "store c : memory \"c\"\n"
                                 "entity Acc v1 {\n"
                                 "  key id: u64  bal: u32  note: str<20>\n"
                                 "  home a.x { * } role source\n"
                                 "  home b.x { id->id bal->bal } role mirror\n"
                                 "  home c.x { * } role target\n"
                                 "  onboard prefer c, a\n"
                                 "}\n"
                                 "txn get(id: u64) -> u32 { return Acc[id]!.bal }\n"
                                 "txn add(id: u64) { Acc[id]!.bal += 1 }\n");
    world_put(w, "a.x", "[1, 5, \"old\"]", -1);
    world_put(w, "b.x", "[1, 6]", -1);
    assert_string_equal(world_call(w, "get", "[1]"), "{\"ok\":5}");
    world_put(w, "b.x", "[2, 6]", 9);
    assert_string_equal(world_call(w, "get", "[2]"), "{\"ok\":6}");
    world_push(w);
    assert_string_equal(world_row(w, "b.x", "[1]"), "[1,5] v1");
    assert_string_equal(world_row(w, "c.x", "[1]"), "[1,5,\"old\"] v1");
    assert_string_equal(world_row(w, "a.x", "[2]"), "[2,6,\"\"] v10");
    assert_string_equal(world_call(w, "add", "[1]"), "{\"ok\":null}");
    world_push(w);
    assert_string_equal(world_row(w, "a.x", "[1]"), "[1,6,\"old\"] v2");
    world_close(w);
}

/* ---- halts ---- */

static struct world *bank_with_two(void)
{
    struct world *w = world_open(BANK);
    world_put(w, "a.acc", "[1, 7, \"10.00\"]", 1);
    world_put(w, "a.acc", "[2, 8, \"0.50\"]", 1);
    world_call(w, "pay", "[1, 2, \"4.00\"]");
    world_push(w);
    return w;
}

static void test_a_foreign_change_halts_and_shows_the_difference(void **state)
{
    (void)state;
    struct world *w = bank_with_two();
    world_put(w, "b.acc", "[1, 7, \"600.00\"]", 3);
    world_call(w, "pay", "[1, 2, \"1.00\"]");
    world_push(w);
    assert_string_equal(world_row(w, "b.acc", "[1]"), "[1,7,\"600.00\"] v3");
    const char *text = world_halts(w);
    assert_non_null(strstr(text, "HALT 1 at "));
    assert_non_null(strstr(text, "scope cluster  found by push(b)\n"
                                 "  Acc[1]  home b.acc  role target\n"));
    assert_non_null(strstr(text, "    amount    expected  6.00            actual  600.00          "
                                 "<-- differs\n    no  1    own  7\n"));
    assert_non_null(strstr(text, " pay  patch bal 10.00 -> 6.00\n"));
    assert_non_null(strstr(text, "  waiting here ver 4 (bal 6.00 -> 5.00), not written\n"
                                 "  next: godwit engine resolve 1 Acc 1 --take "));
    assert_string_equal(world_call(w, "get", "[2]"), "{\"abort\":\"HALTED\",\"detail\":\"\"}");
    world_resume(w);
    assert_int_equal(w->applied.refused_code, 2609);
    world_resolve(w, 1, GW_TAKE_EXPECTED, NULL);
    assert_int_equal(w->applied.kind, GW_APPLIED_DONE);
    world_resume(w);
    assert_int_equal(w->applied.kind, GW_APPLIED_DONE);
    world_push(w);
    assert_string_equal(world_row(w, "b.acc", "[1]"), "[1,7,\"5.00\"] v4");
    assert_string_equal(world_row(w, "a.acc", "[1]"), "[1,7,\"5.00\"] v4");
    assert_string_equal(world_halts(w), "");
    world_close(w);
}

static void test_a_person_takes_what_is_there_or_another_image(void **state)
{
    (void)state;
    struct world *w = bank_with_two();
    world_put(w, "b.acc", "[1, 7, \"600.00\"]", 3);
    world_audit(w, "b.acc");
    world_resolve(w, 1, GW_TAKE_ACTUAL, NULL);
    assert_int_equal(w->applied.kind, GW_APPLIED_DONE);
    world_resume(w);
    world_push(w);
    assert_string_equal(world_row(w, "a.acc", "[1]"), "[1,7,\"600.00\"] v4");
    world_remove(w, "a.acc", "[2]");
    world_audit(w, "a.acc");
    assert_non_null(strstr(world_halts(w), "class row deleted"));
    world_resolve(w, 2, GW_TAKE_IMAGE, "[2, 9, \"3.00\"]");
    assert_int_equal(w->applied.kind, GW_APPLIED_DONE);
    world_resume(w);
    world_push(w);
    assert_string_equal(world_row(w, "a.acc", "[2]"), "[2,9,\"3.00\"] v4");
    assert_string_equal(world_view(w, "owned", "[8]", 0), "0");
    assert_string_equal(world_view(w, "owned", "[9]", 0), "1");
    assert_string_equal(world_view(w, "all", "[]", 0), "\"603.00\"");
    world_close(w);
}

static void test_findings_of_one_entity_or_key_leave_the_rest_alone(void **state)
{
    (void)state;
    struct world *w = world_open(
        "program two version 1\nstore a : memory \"a\"\n"
        "entity X v1 { key id: u64  n: u32  home a.x { * } role source }\n"
        "entity Y v1 { key id: u64  n: u32  home a.y { * } role source }\n"
        "txn x(id: u64) -> u32 { return X[id]!.n }\ntxn y(id: u64) -> u32 { return Y[id]!.n }\n");
    world_put(w, "a.x", "[1, 1]", 1);
    world_put(w, "a.x", "[2, 2]", 1);
    world_put(w, "a.y", "[1, 1]", 1);
    world_limit(w, "halt_scope", 1);
    world_call(w, "x", "[1]");
    world_put(w, "a.x", "[1, 9]", 1);
    world_audit(w, "a.x");
    assert_string_equal(world_call(w, "x", "[2]"), "{\"abort\":\"HALTED\",\"detail\":\"\"}");
    assert_string_equal(world_call(w, "y", "[1]"), "{\"ok\":1}");
    world_resolve(w, 1, GW_TAKE_ACTUAL, NULL);
    assert_string_equal(world_call(w, "x", "[2]"), "{\"ok\":2}");
    world_limit(w, "halt_scope", 2);
    world_put(w, "a.x", "[1, 11]", 2);
    world_audit(w, "a.x");
    assert_string_equal(world_call(w, "x", "[1]"), "{\"abort\":\"HALTED\",\"detail\":\"\"}");
    assert_string_equal(world_call(w, "x", "[2]"), "{\"ok\":2}");
    world_resume(w); /* a finding of one key does not hold it back */
    assert_int_equal(w->applied.kind, GW_APPLIED_DONE);
    struct gw_halt_state halts;
    gw_ledger_halt_state(w->ledger, &halts);
    assert_int_equal(halts.open, 1);
    assert_int_equal(halts.open_wide, 0);
    world_close(w);
}

static void test_late_evidence_convicts_nobody(void **state)
{
    (void)state;
    struct world *w = bank_with_two();
    struct gw_bytes key = world_key(w, "Acc", "[1]");
    struct gw_record old = {.kind = GW_RECORD_FETCHED};
    old.fetched = (struct gw_rec_fetched){
        .home = gw_program_home(w->program, gw_text("b.acc"))->home.id,
        .key = key,
        .asof = 1, /* read before the row was pushed */
        .outcome = GW_FETCHED_ABSENT,
        .ver = GW_VERSION_NONE,
        .text = {"", 0},
    };
    world_apply(w, &old);
    assert_int_equal(w->applied.halts, 0);
    old.fetched.asof = w->index;
    world_apply(w, &old);
    assert_int_equal(w->applied.halts, 1);
    world_close(w);
}

static void test_a_refused_row_waits_for_a_newer_version_or_a_retry(void **state)
{
    (void)state;
    struct world *w = bank_with_two();
    struct gw_err err = {0};
    const struct gw_store_decl *b = &w->program->stores[1];
    struct gw_rec_home_key *keys = NULL;
    uint32_t count = 0;
    struct gw_store_state store;
    world_call(w, "pay", "[1, 2, \"1.00\"]");
    assert_ok(gw_ledger_dirty(w->ledger, b->id, 8, &w->arena, &keys, &count, &err), &err);
    assert_int_equal(count, 2);
    struct gw_record intent = {.kind = GW_RECORD_INTENT}, pushed = {.kind = GW_RECORD_PUSHED};
    intent.intent = (struct gw_rec_intent){b->id, 1, keys, 1};
    world_apply(w, &intent);
    struct gw_rec_bad bad = {.home = keys[0].home,
                             .key = keys[0].key,
                             .kind = GW_BAD_REFUSED,
                             .ver = GW_VERSION_NONE,
                             .text = GW_TEXT_LIT("unique")};
    pushed.pushed = (struct gw_rec_pushed){.store = b->id, .epoch = 1, .bad = &bad, .bad_count = 1};
    world_apply(w, &pushed);
    gw_ledger_store_state(w->ledger, b->id, &store);
    assert_int_equal(store.refused_rows, 1);
    world_push(w);
    assert_string_equal(world_row(w, "b.acc", "[1]"), "[1,7,\"6.00\"] v3");
    struct gw_record retry = {.kind = GW_RECORD_STORE};
    retry.store = (struct gw_rec_store){.store = b->id, .event = GW_STORE_RETRY, .reason = {"", 0}};
    world_apply(w, &retry);
    world_push(w);
    assert_string_equal(world_row(w, "b.acc", "[1]"), "[1,7,\"5.00\"] v4");
    gw_ledger_store_state(w->ledger, b->id, &store);
    assert_int_equal(store.refused_rows + store.dirty_rows + store.intents, 0);
    assert_int_equal(store.dirty_bytes, 0);
    world_close(w);
}

static void test_a_change_during_a_push_is_pushed_next(void **state)
{
    (void)state;
    struct world *w = bank_with_two();
    struct gw_err err = {0};
    const struct gw_store_decl *b = &w->program->stores[1];
    struct gw_rec_home_key *keys = NULL;
    struct gw_push_item item;
    uint32_t count = 0;
    world_call(w, "pay", "[1, 2, \"1.00\"]");
    assert_ok(gw_ledger_dirty(w->ledger, b->id, 8, &w->arena, &keys, &count, &err), &err);
    struct gw_record intent = {.kind = GW_RECORD_INTENT}, pushed = {.kind = GW_RECORD_PUSHED};
    intent.intent = (struct gw_rec_intent){b->id, 1, keys, 1};
    world_apply(w, &intent);
    world_call(w, "pay", "[1, 2, \"2.00\"]"); /* while the push is under way */
    assert_ok(gw_ledger_push_item(w->ledger, &keys[0], &w->arena, &item, &err), &err);
    assert_int_equal(item.intent.ver, 4); /* the intent's bytes, whatever happened since */
    world_put(w, "b.acc", "[1, 7, \"5.00\"]", 4);
    struct gw_rec_done done = {keys[0].home, keys[0].key, 4, false};
    pushed.pushed =
        (struct gw_rec_pushed){.store = b->id, .epoch = 1, .done = &done, .done_count = 1};
    world_apply(w, &pushed);
    world_apply(w, &pushed); /* the same answer again: nothing waits for it */
    world_push(w);
    assert_string_equal(world_row(w, "b.acc", "[1]"), "[1,7,\"3.00\"] v5");
    assert_string_equal(world_halts(w), "");
    world_close(w);
}

static void test_an_idempotency_key_belongs_to_one_body(void **state)
{
    (void)state;
    struct world *w = world_open(BANK);
    const uint8_t hash[16] = {1}, args[] = {0x83, 0x05, 0x07, 0x82, 0x02, 0x18, 0x64},
                  other[] = {0x83, 0x06, 0x07, 0x82, 0x02, 0x18, 0x64};
    struct gw_record txn = {.kind = GW_RECORD_TXN};
    txn.txn = (struct gw_rec_txn){.key_hash = {hash, sizeof(hash)},
                                  .fn = gw_program_fn(w->program, gw_text("open"))->id,
                                  .args = {args, sizeof(args)},
                                  .actor = {"", 0},
                                  .try_count = 1};
    world_apply(w, &txn);
    assert_int_equal(w->applied.kind, GW_APPLIED_NEEDS_KEYS);
    world_fetch(w, w->applied.missing, w->applied.missing_count);
    world_apply(w, &txn);
    assert_int_equal(w->applied.kind, GW_APPLIED_DONE);
    struct gw_journal_at first = w->applied.at;
    world_apply(w, &txn);
    assert_int_equal(w->applied.kind, GW_APPLIED_DUPLICATE);
    assert_int_equal(w->applied.at.index, first.index);
    txn.txn.args = (struct gw_bytes){other, sizeof(other)};
    world_apply(w, &txn);
    assert_int_equal(w->applied.refused_code, 2432);
    w->time_ns += INT64_C(90000) * GW_NS_PER_S; /* a day later the key is free again */
    world_apply(w, &txn);
    assert_int_equal(w->applied.kind, GW_APPLIED_NEEDS_KEYS);
    world_close(w);
}

static void test_older_versions_by_inverse_patches(void **state)
{
    (void)state;
    struct world *w = bank_with_two();
    uint64_t at[6];
    for (int i = 0; i < 6; i++) {
        at[i] = w->index;
        world_call(w, "pay", "[1, 2, \"1.00\"]");
    }
    assert_string_equal(world_view(w, "balance", "[1]", 0), "\"0.00\"");
    assert_string_equal(world_view(w, "balance", "[1]", at[5]), "\"1.00\"");
    assert_string_equal(world_view(w, "balance", "[1]", at[3]), "\"3.00\"");
    assert_string_equal(world_view(w, "balance", "[1]", at[1]), "TOO_OLD");
    assert_non_null(strstr(world_explain(w, "Acc", "[1]"), "pay  bal 1.00 -> 0.00\nver 8"));
    world_call(w, "open", "[50, 1, \"1.00\"]");
    uint64_t made = w->index;
    world_call(w, "shut", "[50]");
    assert_string_equal(world_view(w, "balance", "[50]", made), "\"1.00\"");
    assert_string_equal(world_view(w, "balance", "[50]", 0), "NOT_FOUND");
    world_close(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_call_reads_both_homes_once_and_writes_both),
        cmocka_unit_test(test_a_repeated_call_gets_the_first_answer),
        cmocka_unit_test(test_a_store_that_is_down_fails_the_call_without_effect),
        cmocka_unit_test(test_what_takes_no_position_leaves_no_trace),
        cmocka_unit_test(test_onboarding_by_preference),
        cmocka_unit_test(test_onboarding_without_a_rule_wants_equal_copies),
        cmocka_unit_test(test_onboarding_by_a_rule),
        cmocka_unit_test(test_three_homes_take_one_row),
        cmocka_unit_test(test_a_foreign_change_halts_and_shows_the_difference),
        cmocka_unit_test(test_a_person_takes_what_is_there_or_another_image),
        cmocka_unit_test(test_findings_of_one_entity_or_key_leave_the_rest_alone),
        cmocka_unit_test(test_late_evidence_convicts_nobody),
        cmocka_unit_test(test_a_refused_row_waits_for_a_newer_version_or_a_retry),
        cmocka_unit_test(test_a_change_during_a_push_is_pushed_next),
        cmocka_unit_test(test_an_idempotency_key_belongs_to_one_body),
        cmocka_unit_test(test_older_versions_by_inverse_patches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
