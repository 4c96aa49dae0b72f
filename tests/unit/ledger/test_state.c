/** What is stored: records, pairs, and that the same journal gives the same pairs on every kv. */
#include "world.h"

#include <stdio.h>
#include <string.h>

#include "base/rand.h"
#include "codec/cbor.h"
#include "kv/lmdb.h"
#include "kv/memory.h"

/* ---- records ---- */

static void round_trip(const struct gw_record *record)
{
    static uint8_t first[1 << 16], second[1 << 16], json[1 << 16];
    struct gw_buf a, b, j;
    struct gw_arena arena;
    struct gw_record back;
    struct gw_err err = {0};
    gw_arena_init(&arena, &gw_kit_alloc, 1u << 20);
    gw_buf_init_fixed(&a, first, sizeof(first));
    gw_buf_init_fixed(&b, second, sizeof(second));
    gw_buf_init_fixed(&j, json, sizeof(json));
    gw_record_encode(record, &a);
    assert_ok(gw_record_decode(gw_buf_bytes(&a), &arena, &back, &err), &err);
    gw_record_encode(&back, &b);
    assert_int_equal(a.len, b.len);
    assert_memory_equal(first, second, a.len);
    struct gw_json_writer writer = gw_json_writer(&j, 0);
    gw_record_to_json(&back, &writer);
    assert_ok(gw_json_writer_check(&writer, "record", &err), &err);
    for (size_t cut = 0; cut < a.len; cut++) /* cut anywhere, it is refused */
        assert_true(gw_record_decode((struct gw_bytes){first, cut}, &arena, &back, NULL) < 0);
    gw_arena_done(&arena);
}

static void test_records_come_back_as_they_went(void **state)
{
    (void)state;
    const struct gw_bytes key = {(const uint8_t *)"key", 3},
                          image = {(const uint8_t *)"\x82\x01\x02", 3};
    const struct gw_text text = GW_TEXT_LIT("tëxt");
    struct gw_rec_failed failed = {1, 2, key, GW_FETCH_TIMEOUT, text};
    struct gw_rec_row row = {key, GW_VERSION_NONE, {{1}}, image, text};
    struct gw_rec_home_key home_key = {7, key};
    struct gw_rec_done done = {7, key, 3, true};
    struct gw_rec_bad bad = {7, key, GW_BAD_REFUSED, 0, true, 9, {{2}}, image, 4, text};
    struct gw_rec_limit limit = {text, UINT64_MAX};
    const struct gw_record records[] = {
        {.kind = GW_RECORD_CLAIM, .claim = {UINT64_MAX, text, text, 1}},
        {.kind = GW_RECORD_TXN, .txn = {1, 2, key, 3, image, text, 4, &failed, 1}},
        {.kind = GW_RECORD_STEP, .step = {1, 64}},
        {.kind = GW_RECORD_DAEMON, .daemon = {GW_DAEMON_START, 1, 2, image, text}},
        {.kind = GW_RECORD_FETCHED, .fetched = {1, key, 2, 0, GW_VERSION_NONE, image, 0, text}},
        {.kind = GW_RECORD_PAGE, .page = {1, 2, 3, 1, key, key, true, 9, &row, 1}},
        {.kind = GW_RECORD_INTENT, .intent = {1, 2, &home_key, 1}},
        {.kind = GW_RECORD_PUSHED, .pushed = {1, 2, &done, 1, &bad, 1}},
        {.kind = GW_RECORD_STORE, .store = {1, GW_STORE_RETRY, 2, 3, UINT64_MAX, text}},
        {.kind = GW_RECORD_WARM, .warm = {1, key}},
        {.kind = GW_RECORD_PROGRAM, .program = {key, key, text}},
        {.kind = GW_RECORD_PHASE, .phase = {1, 2, 3, text, text, 4, 5, 6}},
        {.kind = GW_RECORD_INDEX, .index = {1, 2, key}},
        {.kind = GW_RECORD_HALT, .halt = {text, text}},
        {.kind = GW_RECORD_RESOLVE, .resolve = {1, 2, key, 0, image, {{3}}, true, text, text}},
        {.kind = GW_RECORD_RESUME, .resume = {1, text, text}},
        {.kind = GW_RECORD_LIMITS, .limits = {&limit, 1}},
        {.kind = GW_RECORD_SESSION, .session = {1, 2}},
        {.kind = GW_RECORD_TICK},
        {.kind = GW_RECORD_CHECK, .check = {1, {{4}}}},
        {.kind = GW_RECORD_AUDIT, .audit = {text, text, text, key}},
    };
    for (size_t i = 0; i < GW_COUNT_OF(records); i++)
        round_trip(&records[i]);
}

/** A message of a store, cut at 256 bytes, ends in half a character: what was said before that is kept. */
static void test_text_that_was_cut_is_still_a_record(void **state)
{
    (void)state;
    static uint8_t bytes[256];
    struct gw_buf buf;
    struct gw_arena arena;
    struct gw_record back;
    struct gw_err err = {0};
    const struct gw_record record = {.kind = GW_RECORD_STORE,
                                     .store = {.store = 1, .reason = {"no row K\xc3", 9}}};
    gw_arena_init(&arena, &gw_kit_alloc, 1u << 16);
    gw_buf_init_fixed(&buf, bytes, sizeof(bytes));
    gw_record_encode(&record, &buf);
    assert_ok(gw_record_decode(gw_buf_bytes(&buf), &arena, &back, &err), &err);
    assert_true(gw_text_is(back.store.reason, "no row K"));
    gw_arena_done(&arena);
}

static void test_an_unknown_kind_is_never_skipped(void **state)
{
    (void)state;
    struct gw_arena arena;
    struct gw_record record;
    struct gw_err err = {0};
    const uint8_t newer[] = {0x81, 0x18, 0x63};
    gw_arena_init(&arena, &gw_kit_alloc, 1u << 16);
    assert_int_equal(
        gw_record_decode((struct gw_bytes){newer, sizeof(newer)}, &arena, &record, &err),
        GW_UNSUPPORTED);
    assert_int_equal(err.code, 2003);
    gw_arena_done(&arena);
}

/* ---- the pair of a key ---- */

static void random_meta(struct gw_rand *rand, struct gw_meta *ret)
{
    static uint8_t bytes[3][64];
    for (int i = 0; i < 3; i++)
        gw_rand_fill(rand, bytes[i], sizeof(bytes[i]));
    *ret = (struct gw_meta){
        .state = (enum gw_key_state)gw_rand_below(rand, 3),
        .living = gw_rand_chance(rand, 1, 2),
        .touched = gw_rand_chance(rand, 1, 2),
        .resident = gw_rand_chance(rand, 1, 2),
        .ver = gw_rand_u64(rand) >> gw_rand_below(rand, 64),
        .entity_version = (uint32_t)gw_rand_below(rand, 9),
        .home_count = (uint32_t)gw_rand_below(rand, GW_HOMES_MAX + 1),
        .value = {bytes[0], gw_rand_below(rand, 64)},
        .checks = {bytes[1], gw_rand_below(rand, 64)},
        .ring = {bytes[2], gw_rand_below(rand, 64)},
    };
    gw_rand_fill(rand, ret->hash.bytes, sizeof(ret->hash.bytes));
    for (uint32_t i = 0; i < ret->home_count; i++) {
        struct gw_meta_home *home = &ret->homes[i];
        *home = (struct gw_meta_home){.home = (uint32_t)gw_rand_u64(rand),
                                      .refused = gw_rand_chance(rand, 1, 4),
                                      .last_change = gw_rand_below(rand, 1u << 20)};
        home->acked.present = gw_rand_chance(rand, 1, 2);
        home->acked.ver = gw_rand_chance(rand, 1, 4) ? GW_VERSION_NONE : gw_rand_below(rand, 99);
        if (home->acked.present)
            gw_rand_fill(rand, home->acked.hash.bytes, sizeof(home->acked.hash.bytes));
        if (gw_rand_chance(rand, 1, 2)) {
            home->dirty_since = 1 + gw_rand_below(rand, 99);
            home->target_ver = gw_rand_below(rand, 99);
            home->target_present = gw_rand_chance(rand, 1, 2);
            gw_rand_fill(rand, home->target.bytes, sizeof(home->target.bytes));
        }
    }
}

static void test_pairs_come_back_as_they_went(void **state)
{
    (void)state;
    struct gw_rand rand;
    gw_rand_init(&rand, 7);
    for (int i = 0; i < 2000; i++) {
        uint8_t first[2048], second[2048];
        struct gw_buf a, b;
        struct gw_meta meta, back;
        struct gw_err err = {0};
        random_meta(&rand, &meta);
        gw_buf_init_fixed(&a, first, sizeof(first));
        gw_buf_init_fixed(&b, second, sizeof(second));
        gw_meta_encode(&meta, &a);
        assert_ok(gw_meta_decode(gw_buf_bytes(&a), &back, &err), &err);
        gw_meta_encode(&back, &b);
        assert_int_equal(a.len, b.len);
        assert_memory_equal(first, second, a.len);
        assert_int_equal(back.ver, meta.ver);
        assert_int_equal(back.value.len, meta.value.len);
    }
}

/* ---- eviction ---- */

static const char ledger_program[] =
    "program p version 1\nstore a : memory \"a\"\nstore b : memory \"b\"\n"
    "enum Err : u8 { POOR }\n"
    "entity Acc v1 {\n"
    "  key id: u64  owner: u32  bal: dec<18,2>  note: str<40>\n"
    "  home a.acc { * } role source\n"
    "  home b.acc { id->id bal->bal note->remark } role target\n"
    "  onboard prefer a\n"
    "}\n"
    "table Met { key (a: u64, b: u64) }\n"
    "counter of_owner[u32] : u32 = count(Acc) by owner\n"
    "counter total : dec<24,2> = sum(Acc.bal)\n"
    "index by_owner on Acc(owner)\n"
    "txn pay(src: u64, dst: u64, amt: dec<18,2>) -> bool | Err {\n"
    "  x := Acc[src]!\n  y := Acc[dst]!\n"
    "  if x.bal < amt { fail POOR }\n"
    "  x.bal -= amt\n  y.bal += amt\n"
    "  Met.put(src, dst)\n"
    "  return true\n"
    "}\n"
    "txn open(id: u64, owner: u32, bal: dec<18,2>) { Acc.create { id, owner, bal, note: \"new\" } "
    "}\n"
    "txn shut(id: u64) { delete Acc[id]! }\n"
    "txn own(id: u64, owner: u32) { Acc[id]!.owner = owner }\n"
    "view owned(owner: u32) -> u32 { return of_owner[owner] }\n"
    "view listed(owner: u32) -> u32 { n := 0  for k in by_owner.prefix(owner) limit 200 { n += "
    "k.id - k.id + 1 }  return u32(n) }\n"
    "view all() -> dec<24,2> { return total }\n";

static void test_cold_values_leave_and_come_back(void **state)
{
    (void)state;
    struct world *w = world_open(ledger_program);
    struct gw_meta meta;
    for (int i = 1; i <= 60; i++) {
        char row[128];
        snprintf(row, sizeof(row), "[%d, 1, \"10.00\", \"note %d\"]", i, i);
        world_put(w, "a.acc", row, -1);
    }
    world_limit(w, "resident_bytes_max", 2000);
    for (int i = 1; i < 60; i++) {
        char args[64];
        snprintf(args, sizeof(args), "[%d, %d, \"1.00\"]", i, i + 1);
        assert_string_equal(world_call(w, "pay", args), "{\"ok\":true}");
        world_push(w);
    }
    for (int i = 0; i < 4; i++)
        world_limit(w, "ring", 4); /* batches that do nothing else: the clock goes on */
    assert_true(gw_ledger_resident_bytes(w->ledger) <= 2000);
    world_meta(w, "Acc", "[5]", &meta);
    assert_true(meta.living && !meta.resident);
    assert_int_equal(meta.checks.len, 8);
    assert_int_equal(meta.ring.len, 0);
    uint32_t fetches = w->fetches;
    assert_string_equal(world_call(w, "pay", "[5, 6, \"2.00\"]"), "{\"ok\":true}");
    assert_true(w->fetches > fetches &&
                w->fetches <= fetches + 2); /* only the home with all fields */
    world_push(w);
    assert_string_equal(world_row(w, "a.acc", "[5]"), "[5,1,\"8.00\",\"note 5\"] v4");
    assert_string_equal(world_row(w, "b.acc", "[5]"), "[5,\"8.00\",\"note 5\"] v4");
    world_close(w);
}

static void test_a_foreign_change_of_an_evicted_key_names_the_fields(void **state)
{
    (void)state;
    struct world *w = world_open(ledger_program);
    struct gw_meta meta;
    world_put(w, "a.acc", "[1, 1, \"10.00\", \"mine\"]", -1);
    world_put(w, "a.acc", "[2, 1, \"10.00\", \"mine\"]", -1);
    world_call(w, "pay", "[1, 2, \"1.00\"]");
    world_push(w);
    world_limit(w, "resident_bytes_max", 0);
    for (int i = 0; i < 3; i++)
        world_limit(w, "ring", 4);
    world_meta(w, "Acc", "[1]", &meta);
    assert_false(meta.resident);
    world_put(w, "b.acc", "[1, \"9.00\", \"theirs\"]", 2);
    world_audit(w, "b.acc");
    const char *text = world_halts(w);
    assert_non_null(strstr(text, "right version, wrong image"));
    assert_non_null(
        strstr(text, "    note      expected  value not kept  actual  \"theirs\"  <-- differs\n"));
    assert_null(strstr(text, "    bal "));
    world_resolve(w, 1, GW_TAKE_EXPECTED, NULL);
    assert_int_equal(w->applied.refused_code, 2606); /* not here: read it from where it still is */
    struct gw_missing_key cold = {gw_program_entity(w->program, gw_text("Acc")),
                                  world_key(w, "Acc", "[1]"), NULL};
    world_fetch(w, &cold, 1);
    assert_int_equal(w->applied.halts, 0);
    world_resolve(w, 1, GW_TAKE_EXPECTED, NULL);
    assert_int_equal(w->applied.kind, GW_APPLIED_DONE);
    world_resume(w);
    world_push(w);
    assert_string_equal(world_row(w, "b.acc", "[1]"), "[1,\"9.00\",\"mine\"] v2");
    world_close(w);
}

/* ---- anything goes, and it adds up ---- */

enum { ACCOUNTS = 24, OWNERS = 4 };

/** Counters and index against a recount over the rows themselves. */
static void recount(struct world *w)
{
    uint32_t owned[OWNERS] = {0};
    gw_i128 total = 0;
    struct gw_err err = {0};
    const struct gw_program_entity *acc = gw_program_entity(w->program, gw_text("Acc"));
    struct gw_kv_snap *snap = NULL;
    assert_ok(w->kv->ops->snapshot(w->kv, &snap, &err), &err);
    const struct gw_state_view view = {w->kv, {.snap = snap}, w->program};
    for (int i = 0; i < ACCOUNTS; i++) {
        char key[16], row[256];
        struct gw_meta meta;
        snprintf(key, sizeof(key), "[%d]", i);
        gw_rc rc =
            gw_pair_read(&view, acc->entity.id, world_key(w, "Acc", key), &w->arena, &meta, &err);
        if (rc == GW_NOTFOUND || !meta.living)
            continue;
        assert_ok(rc, &err);
        /* at rest an evicted key's home holds its value */
        snprintf(row, sizeof(row), "%s", world_row(w, "a.acc", key));
        unsigned id, owner, whole, cents;
        assert_int_equal(sscanf(row, "[%u,%u,\"%u.%u\"", &id, &owner, &whole, &cents), 4);
        owned[owner]++;
        total += whole * 100 + cents;
    }
    w->kv->ops->release(snap);
    char text[64];
    for (uint32_t i = 0; i < OWNERS; i++) {
        char args[16];
        snprintf(args, sizeof(args), "[%u]", i);
        snprintf(text, sizeof(text), "%u", owned[i]);
        assert_string_equal(world_view(w, "owned", args, 0), text);
        assert_string_equal(world_view(w, "listed", args, 0), text);
    }
    snprintf(text, sizeof(text), "\"%lld.%02lld\"", (long long)(total / 100),
             (long long)(total % 100));
    assert_string_equal(world_view(w, "all", "[]", 0), text);
}

static void random_call(struct world *w, struct gw_rand *rand)
{
    char args[64];
    unsigned a = (unsigned)gw_rand_below(rand, ACCOUNTS),
             b = (unsigned)gw_rand_below(rand, ACCOUNTS);
    switch (gw_rand_below(rand, 5)) {
    case 0:
        snprintf(args, sizeof(args), "[%u, %u, \"%u.25\"]", a,
                 (unsigned)gw_rand_below(rand, OWNERS), b);
        world_call(w, "open", args);
        return;
    case 1:
        snprintf(args, sizeof(args), "[%u]", a);
        world_call(w, "shut", args);
        return;
    case 2:
        snprintf(args, sizeof(args), "[%u, %u]", a, (unsigned)gw_rand_below(rand, OWNERS));
        world_call(w, "own", args);
        return;
    default:
        snprintf(args, sizeof(args), "[%u, %u, \"0.75\"]", a, b);
        world_call(w, "pay", args);
        return;
    }
}

static struct gw_hash128 replay_on_memory(struct world *w)
{
    struct gw_err err = {0};
    struct gw_kv *kv = NULL;
    const struct gw_kv_memory_opts opts = {.alloc = &gw_kit_alloc};
    assert_ok(gw_kv_memory_open(&opts, &kv, NULL, &err), &err);
    struct gw_hash128 sum = world_replay(w, kv);
    kv->ops->destroy(kv);
    return sum;
}

static struct gw_hash128 replay_on_disk(struct world *w)
{
    char folder[256], live[300];
    struct gw_err err = {0};
    struct gw_kv *kv = NULL;
    gw_kit_folder(folder, sizeof(folder));
    snprintf(live, sizeof(live), "%s/live", folder);
    const struct gw_kv_lmdb_opts opts = {.folder = live, .map_bytes = UINT64_C(1) << 28};
    assert_ok(gw_kv_lmdb_open(&opts, &kv, NULL, &err), &err);
    struct gw_hash128 sum = world_replay(w, kv);
    kv->ops->destroy(kv);
    gw_kit_remove(folder);
    return sum;
}

static void test_counters_add_up_and_a_replay_gives_the_same_sum(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct gw_rand rand;
        struct world *w = world_open(ledger_program);
        gw_rand_init(&rand, seed);
        for (unsigned i = 0; i < ACCOUNTS; i += 2) {
            char row[128];
            snprintf(row, sizeof(row), "[%u, %u, \"%u.50\", \"\"]", i, i % OWNERS, i);
            world_put(w, "a.acc", row, i % 4 ? -1 : 5);
        }
        if (seed % 2 == 0)
            world_limit(w, "resident_bytes_max", 600);
        for (int i = 0; i < 300; i++) {
            random_call(w, &rand);
            if (gw_rand_chance(&rand, 1, 4))
                world_push(w);
            if (gw_rand_chance(&rand, 1, 30))
                world_reopen(w);
            if (i % 100 == 99) {
                world_push(w);
                recount(w);
            }
        }
        struct gw_halt_state halts;
        world_audit_all(w);
        gw_ledger_halt_state(w->ledger, &halts);
        assert_int_equal(halts.open, 0);
        struct gw_hash128 here = world_sum(w), memory = replay_on_memory(w),
                          disk = replay_on_disk(w);
        assert_memory_equal(here.bytes, memory.bytes, sizeof(here.bytes));
        assert_memory_equal(here.bytes, disk.bytes, sizeof(here.bytes));
        world_close(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records_come_back_as_they_went),
        cmocka_unit_test(test_text_that_was_cut_is_still_a_record),
        cmocka_unit_test(test_an_unknown_kind_is_never_skipped),
        cmocka_unit_test(test_pairs_come_back_as_they_went),
        cmocka_unit_test(test_cold_values_leave_and_come_back),
        cmocka_unit_test(test_a_foreign_change_of_an_evicted_key_names_the_fields),
        cmocka_unit_test(test_counters_add_up_and_a_replay_gives_the_same_sum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
