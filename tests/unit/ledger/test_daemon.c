/** Daemons slice by slice: pages, waits, calls, phases; and indexes built behind running calls. */
#include "world.h"

#include <stdio.h>

#include "kv/memory.h"

static const char mover[] =
    "program mover version 1\n"
    "store a : memory \"a\"\nstore b : memory \"b\"\n"
    "enum Err : u8 { NONE_LEFT }\n"
    "entity User v1 {\n"
    "  key id: u64  email: str<40>  grp: u32\n"
    "  home a.users { id->id email->email grp->grp } role source\n"
    "  home b.users { id->uid email->mail grp->grp } role target\n"
    "  onboard prefer a\n"
    "}\n"
    "entity Log v1 { key id: u64  n: u64  home b.log { * } role target }\n"
    "table Seen { key (id: u64) }\n"
    "index by_email on User(email) unique\n"
    "counter in_group[u32] : u32 = count(User) by grp\n"
    "txn note(id: u64, n: u64) -> u64 | Err {\n"
    "  if n > 900 { fail NONE_LEFT }\n"
    "  l := Log[id]\n"
    "  match l { some(x) => { x.n += n } none => { Log.create { id, n } } }\n"
    "  return n\n"
    "}\n"
    "txn regroup(id: u64, grp: u32) { User[id]!.grp = grp }\n"
    "txn join(id: u64, email: str<40>, grp: u32) { User.create { id, email, grp } }\n"
    "view grouped(grp: u32) -> u32 { return in_group[grp] }\n"
    "view mail(email: str<40>) -> u64 { return by_email[email]!.id }\n"
    "daemon move_users() {\n"
    "  for page in scan a.users by id pages of 4 {\n"
    "    for r in page { onboard User[r.id] }\n"
    "    await pushed(page, b) timeout 30s else { alert \"slow b\"  sleep 5s  retry }\n"
    "    yield\n"
    "  }\n"
    "  await audited(User)\n"
    "  phase User: verified\n"
    "}\n"
    "daemon count_down(n: u64) {\n"
    "  left := n\n"
    "  while left > 0 { got := call note(1, left)  emit Counted { left, got }  left -= 1 }\n"
    "  sleep 10s\n"
    "  got := call note(2, 5)\n"
    "  left = got\n"
    "}\n"
    "txn grp_of(id: u64) -> u32 { return User[id]!.grp }\n"
    "daemon look_at(id: u64) { x := call grp_of(id)  emit Looked { x } }\n"
    "daemon wait_drained() { await drained(b)  x := call note(4, 1)  emit Done { x } }\n"
    "daemon wait_for(g: u32) { await in_group[g] == 2  x := call note(3, 1)  emit Done { x } }\n";

static struct world *mover_world(uint32_t users)
{
    struct world *w = world_open(mover);
    for (uint32_t i = 1; i <= users; i++) {
        char row[128];
        snprintf(row, sizeof(row), "[%u, \"u%u@x\", %u]", i, i, i % 3);
        world_put(w, "a.users", row, -1);
    }
    return w;
}

static void pass_time(struct world *w, int64_t s)
{
    const struct gw_record tick = {.kind = GW_RECORD_TICK};
    w->time_ns += s * GW_NS_PER_S;
    world_apply(w, &tick);
}

static void test_a_migration_moves_every_row_and_reaches_verified(void **state)
{
    (void)state;
    struct world *w = mover_world(11);
    uint32_t id = world_start(w, "move_users", "[]");
    world_run(w, true);
    struct gw_fiber_info info = world_fiber(w, id);
    assert_int_equal(info.wait, GW_FIBER_AWAITS_AUDITED);
    assert_int_equal(info.pages, 3);
    assert_int_equal(info.rows, 11);
    assert_string_equal(world_row(w, "b.users", "[11]"), "[11,\"u11@x\",2] v1");
    world_audit_all(w);
    world_run(w, true);
    assert_int_equal(world_fiber(w, id).status, GW_FIBER_DONE);
    struct gw_phase_state phase;
    struct gw_err err = {0};
    const struct gw_program_entity *user = gw_program_entity(w->program, gw_text("User"));
    assert_ok(gw_ledger_phase(w->ledger, user, &phase, &err), &err);
    assert_int_equal(phase.phase, GW_PHASE_VERIFIED);
    assert_int_equal(phase.unknown, 0);
    assert_int_equal(phase.total, 22);
    struct gw_record move = {.kind = GW_RECORD_PHASE};
    move.phase = (struct gw_rec_phase){.entity = user->entity.id,
                                       .from = GW_PHASE_VERIFIED,
                                       .to = GW_PHASE_FLIP,
                                       .actor = {"", 0},
                                       .reason = {"", 0}};
    world_apply(w, &move);
    assert_int_equal(w->applied.refused_code, 2613); /* the clean pass was before this phase */
    world_audit_all(w);
    world_apply(w, &move);
    assert_int_equal(w->applied.kind, GW_APPLIED_DONE);
    move.phase.from = GW_PHASE_FLIP;
    move.phase.to = GW_PHASE_DRAIN;
    world_apply(w, &move);
    assert_int_equal(w->applied.refused_code, 2611);
    move.phase.to = GW_PHASE_VERIFIED;
    world_apply(w, &move);
    assert_int_equal(w->applied.kind, GW_APPLIED_DONE);
    world_put(w, "a.users", "[99, \"new@x\", 1]", -1); /* from now on a foreign insert */
    world_audit(w, "a.users");
    assert_non_null(strstr(world_halts(w), "class row present though it should not be"));
    world_close(w);
}

static uint32_t count_events(struct world *w)
{
    struct gw_err err = {0};
    struct gw_kv_snap *snap = NULL;
    struct gw_event *events = NULL;
    uint32_t count = 0;
    assert_ok(w->kv->ops->snapshot(w->kv, &snap, &err), &err);
    const struct gw_state_view view = {w->kv, {.snap = snap}, w->program};
    assert_ok(gw_ledger_events(&view, (struct gw_event_id){0, 0, 0}, 100, &w->arena, &events,
                               &count, &err),
              &err);
    w->kv->ops->release(snap);
    return count;
}

static void test_resumed_at_every_slice_it_comes_to_the_same(void **state)
{
    (void)state;
    struct gw_hash128 rows[2];
    for (int crash = 0; crash < 2; crash++) {
        struct world *w = mover_world(9);
        uint8_t memory[4096];
        struct gw_buf all;
        gw_buf_init_fixed(&all, memory, sizeof(memory));
        w->one_slice = crash;
        uint32_t id = world_start(w, "move_users", "[]");
        uint32_t down = world_start(w, "count_down", "[5]");
        world_run(w, true);
        pass_time(w, 20);
        world_run(w, true);
        world_audit_all(w);
        world_run(w, true);
        assert_int_equal(world_fiber(w, id).status, GW_FIBER_DONE);
        assert_int_equal(world_fiber(w, down).status, GW_FIBER_DONE);
        for (int i = 1; i <= 9; i++) {
            char key[16];
            snprintf(key, sizeof(key), "[%d]", i);
            gw_buf_put_str(&all, world_row(w, "b.users", key));
        }
        gw_buf_put_str(&all, world_row(w, "b.log", "[1]"));
        assert_int_equal(count_events(w), 5);
        assert_string_equal(world_row(w, "b.log", "[1]"), "[1,15] v5");
        assert_string_equal(world_row(w, "b.log", "[2]"), "[2,5] v1");
        rows[crash] = gw_hash128(gw_buf_bytes(&all));
        world_close(w);
    }
    assert_memory_equal(rows[0].bytes, rows[1].bytes, 16);
}

static void test_a_slow_store_times_out_alerts_and_retries(void **state)
{
    (void)state;
    struct world *w = mover_world(4);
    int64_t due = 0;
    struct gw_err err = {0};
    uint32_t id = world_start(w, "move_users", "[]");
    world_run(w, false);
    assert_int_equal(world_fiber(w, id).wait, GW_FIBER_AWAITS_PUSHED);
    assert_int_equal(world_fiber(w, id).keys_left, 4);
    assert_text_equal(world_fiber(w, id).why, "pushed(User, b): 4 of 4 rows left");
    assert_ok(gw_ledger_due(w->ledger, &due, &err), &err);
    assert_true(due > w->time_ns && due <= w->time_ns + 30 * GW_NS_PER_S);
    pass_time(w, 31);
    world_run(w, false);
    assert_string_equal(w->alerts, "slow b\n");
    assert_int_equal(world_fiber(w, id).wait, GW_FIBER_SLEEPS);
    pass_time(w, 6);
    world_run(w, false);
    assert_int_equal(world_fiber(w, id).wait, GW_FIBER_AWAITS_PUSHED);
    world_run(w, true);
    assert_int_equal(world_fiber(w, id).wait, GW_FIBER_AWAITS_AUDITED);
    assert_ok(gw_ledger_due(w->ledger, &due, &err), &err);
    assert_true(due == INT64_MAX);
    world_close(w);
}

static void control(struct world *w, uint32_t verb, uint32_t id)
{
    struct gw_record record = {.kind = GW_RECORD_DAEMON};
    record.daemon = (struct gw_rec_daemon){
        .verb = verb, .daemon = id, .args = {(const uint8_t *)"\x80", 1}, .actor = {"", 0}};
    world_apply(w, &record);
}

/** A finding stops its key, and so the daemon that came to it; when it is settled nobody need tell the daemon. */
static void test_a_daemon_goes_on_when_what_halted_it_is_resolved(void **state)
{
    (void)state;
    struct world *w = mover_world(3);
    world_limit(w, "halt_scope", 2);
    world_call(w, "regroup", "[2, 7]");
    world_put(w, "a.users", "[2, \"somebody@else\", 2]", -1);
    world_push(w);
    uint32_t id = world_start(w, "look_at", "[2]");
    world_run(w, true);
    struct gw_fiber_info info = world_fiber(w, id);
    assert_int_equal(info.status, GW_FIBER_PARKED);
    assert_non_null(strstr(w->alerts, "is parked: abort HALTED"));
    world_resolve(w, 1, GW_TAKE_EXPECTED, NULL);
    assert_int_equal(w->applied.kind, GW_APPLIED_DONE);
    world_run(w, true);
    assert_int_equal(world_fiber(w, id).status, GW_FIBER_DONE);
    world_close(w);
}

static void test_a_failed_call_parks_the_daemon_until_a_person_resumes(void **state)
{
    (void)state;
    struct world *w = mover_world(1);
    uint32_t id = world_start(w, "count_down", "[901]");
    world_run(w, true);
    struct gw_fiber_info info = world_fiber(w, id);
    assert_int_equal(info.status, GW_FIBER_PARKED);
    assert_non_null(strstr(w->alerts, "daemon count_down is parked: fail NONE_LEFT"));
    control(w, GW_DAEMON_PAUSE, id);
    assert_int_equal(w->applied.refused_code, 2442);
    control(w, GW_DAEMON_RESUME, id);
    world_run(w, true);
    assert_int_equal(world_fiber(w, id).status, GW_FIBER_PARKED);
    control(w, GW_DAEMON_STOP, id);
    assert_int_equal(world_fiber(w, id).status, GW_FIBER_STOPPED);
    uint32_t next = world_start(w, "count_down", "[1]"); /* takes the place of the one that ended */
    assert_int_equal(next, id + 1);
    control(w, GW_DAEMON_PAUSE, next);
    world_run(w, true);
    assert_int_equal(world_fiber(w, next).slices, 0);
    control(w, GW_DAEMON_RESUME, next);
    world_run(w, true);
    assert_int_equal(world_fiber(w, next).wait, GW_FIBER_SLEEPS);
    world_close(w);
}

static void test_a_condition_is_looked_at_without_a_trace(void **state)
{
    (void)state;
    struct world *w = mover_world(0);
    uint32_t id = world_start(w, "wait_for", "[7]");
    world_run(w, true);
    assert_int_equal(world_fiber(w, id).wait, GW_FIBER_AWAITS_TRUE);
    uint64_t before = w->index;
    world_run(w, true);
    assert_int_equal(w->index, before);
    world_call(w, "join", "[1, \"a@x\", 7]");
    world_call(w, "join", "[2, \"b@x\", 7]");
    world_run(w, true);
    assert_int_equal(world_fiber(w, id).status, GW_FIBER_DONE);
    struct gw_kv_snap *snap = NULL;
    struct gw_err err = {0};
    struct gw_event *events = NULL;
    uint32_t count = 0;
    uint8_t memory[512];
    struct gw_buf buf;
    assert_ok(w->kv->ops->snapshot(w->kv, &snap, &err), &err);
    const struct gw_state_view view = {w->kv, {.snap = snap}, w->program};
    assert_ok(gw_ledger_events(&view, (struct gw_event_id){0, 0, 0}, 10, &w->arena, &events, &count,
                               &err),
              &err);
    assert_int_equal(count, 1);
    gw_buf_init_fixed(&buf, memory, sizeof(memory) - 1);
    struct gw_json_writer writer = gw_json_writer(&buf, 0);
    assert_ok(gw_event_to_json(&events[0], &w->arena, &writer, &err), &err);
    memory[buf.len] = 0;
    assert_non_null(strstr((const char *)memory, "\"event\":\"Done\",\"fields\":{\"x\":1}}"));
    assert_ok(gw_ledger_events(&view, events[0].id, 10, &w->arena, &events, &count, &err), &err);
    assert_int_equal(count, 0);
    w->kv->ops->release(snap);
    world_close(w);
}

static void test_drained_waits_for_a_store(void **state)
{
    (void)state;
    struct world *w = mover_world(2);
    world_call(w, "regroup", "[1, 7]");
    uint32_t id = world_start(w, "wait_drained", "[]");
    world_run(w, false);
    assert_int_equal(world_fiber(w, id).wait, GW_FIBER_AWAITS_DRAINED);
    assert_text_equal(world_fiber(w, id).why, "drained(b)");
    world_run(w, true);
    assert_int_equal(world_fiber(w, id).status, GW_FIBER_DONE);
    world_close(w);
}

static void test_two_rows_with_one_key_stop_that_key(void **state)
{
    (void)state;
    struct world *w = mover_world(2);
    const struct gw_program_home *home = gw_program_home(w->program, gw_text("a.users"));
    struct gw_rec_row rows[2] = {0};
    struct gw_record page = {.kind = GW_RECORD_PAGE};
    for (int i = 0; i < 2; i++)
        rows[i] = (struct gw_rec_row){
            .key = world_key(w, "User", "[1]"), .ver = GW_VERSION_NONE, .problem = {"", 0}};
    page.page = (struct gw_rec_page){.home = home->home.id,
                                     .purpose = GW_PAGE_AUDIT,
                                     .cursor_to = rows[1].key,
                                     .end = true,
                                     .asof = w->index,
                                     .rows = rows,
                                     .row_count = 2};
    world_apply(w, &page);
    assert_int_equal(w->applied.kind, GW_APPLIED_DONE);
    assert_int_equal(w->applied.halts, 1);
    assert_non_null(strstr(world_halts(w), "    two rows have this key\n"));
    world_close(w);
}

static void test_a_page_that_came_twice_is_taken_once(void **state)
{
    (void)state;
    struct world *w = mover_world(6);
    uint32_t id = world_start(w, "move_users", "[]");
    struct gw_record step = {.kind = GW_RECORD_STEP};
    step.step = (struct gw_rec_step){id, 1};
    world_apply(w, &step);
    struct gw_fiber_info info = world_fiber(w, id);
    assert_int_equal(info.wait, GW_FIBER_NEEDS_PAGE);
    struct gw_record page = {.kind = GW_RECORD_PAGE};
    page.page = (struct gw_rec_page){.home = info.home->home.id,
                                     .daemon = id,
                                     .site = info.site,
                                     .purpose = GW_PAGE_SCAN,
                                     .end = true,
                                     .asof = w->index};
    world_apply(w, &page);
    assert_int_equal(w->applied.kind, GW_APPLIED_DONE);
    world_apply(w, &page);
    assert_int_equal(w->applied.refused_code, 2445);
    world_close(w);
}

static void test_an_index_is_built_behind_running_calls(void **state)
{
    (void)state;
    static const char head[] = "program p version 1\nstore a : memory \"a\"\n"
                               "entity E v1 { key id: u64  g: u32  home a.e { * } role target }\n"
                               "txn add(id: u64, g: u32) { E.create { id, g } }\n"
                               "txn set(id: u64, g: u32) { E[id]!.g = g }\n";
    char more[1024];
    struct gw_err err = {0};
    struct gw_build_info *infos = NULL;
    uint32_t count = 0;
    struct world *w = world_open(head);
    for (int i = 0; i < 600; i++) {
        char args[32];
        snprintf(args, sizeof(args), "[%d, %d]", i, i % 5);
        world_call(w, "add", args);
    }
    snprintf(more, sizeof(more),
             "%scounter by_g[u32] : u32 = count(E) by g\n"
             "view of(g: u32) -> u32 { return by_g[g] }\n",
             head);
    struct gw_record record = {.kind = GW_RECORD_PROGRAM};
    struct gw_sha256 hash = gw_sha256(gw_text_bytes(gw_text(more)));
    record.program.source = gw_text_bytes(gw_text(more));
    record.program.hash = (struct gw_bytes){hash.bytes, sizeof(hash.bytes)};
    world_apply(w, &record);
    assert_int_equal(w->applied.kind, GW_APPLIED_DONE);
    w->program = gw_ledger_program(w->ledger);
    assert_string_equal(world_view(w, "of", "[2]", 0), "NOT_READY");
    assert_ok(gw_ledger_builds(w->ledger, &w->arena, &infos, &count, &err), &err);
    assert_int_equal(count, 1);
    record = (struct gw_record){.kind = GW_RECORD_INDEX};
    record.index = (struct gw_rec_index){infos[0].id, GW_INDEX_BACKFILL, infos[0].cursor};
    world_apply(w, &record);
    world_apply(w, &record); /* an old cursor: built already */
    assert_int_equal(w->applied.refused_code, 2413);
    world_call(w, "set", "[0, 2]");   /* behind the cursor: followed */
    world_call(w, "set", "[500, 2]"); /* ahead of it: counted when the cursor comes */
    world_build(w);
    assert_string_equal(world_view(w, "of", "[2]", 0), "122");
    assert_string_equal(world_view(w, "of", "[0]", 0), "118");
    world_close(w);
}

static void test_unique_waits_until_every_row_is_known(void **state)
{
    (void)state;
    struct world *w = mover_world(5);
    struct gw_err err = {0};
    struct gw_build_info *infos = NULL;
    uint32_t count = 0;
    world_build(w);
    assert_ok(gw_ledger_builds(w->ledger, &w->arena, &infos, &count, &err), &err);
    assert_int_equal(count, 1);
    assert_false(infos[0].can_go);
    assert_string_equal(world_view(w, "mail", "[\"u3@x\"]", 0), "NOT_READY");
    world_start(w, "move_users", "[]");
    world_run(w, true);
    world_audit_all(w);
    world_run(w, true);
    world_build(w);
    assert_string_equal(world_view(w, "mail", "[\"u3@x\"]", 0), "3");
    assert_string_equal(world_call(w, "join", "[50, \"u3@x\", 1]"),
                        "{\"abort\":\"UNIQUE\",\"detail\":\"\"}");
    world_close(w);
}

static void test_phases_move_only_with_evidence(void **state)
{
    (void)state;
    struct world *w = mover_world(3);
    struct gw_err err = {0};
    const struct gw_program_entity *user = gw_program_entity(w->program, gw_text("User"));
    struct gw_phase_condition *missing = NULL;
    uint32_t count = 0;
    world_audit_all(w);
    assert_ok(
        gw_phase_missing(w->ledger, user, GW_PHASE_VERIFIED, &w->arena, &missing, &count, &err),
        &err);
    assert_int_equal(count, 1);
    assert_text_equal(missing[0].text, "unknown == 0");
    assert_int_equal(missing[0].value, 3);
    struct gw_record move = {.kind = GW_RECORD_PHASE};
    move.phase = (struct gw_rec_phase){.entity = user->entity.id,
                                       .from = GW_PHASE_OWN,
                                       .to = GW_PHASE_VERIFIED,
                                       .actor = {"", 0},
                                       .reason = {"", 0}};
    world_apply(w, &move);
    assert_int_equal(w->applied.refused_code, 2613);
    move.phase.to = GW_PHASE_DRAIN;
    world_apply(w, &move);
    assert_int_equal(w->applied.refused_code, 2610);
    move.phase.to = GW_PHASE_OBSERVE;
    world_apply(w, &move);
    assert_int_equal(w->applied.kind, GW_APPLIED_DONE);
    assert_string_equal(world_call(w, "regroup", "[1, 9]"),
                        "{\"abort\":\"NOT_READY\",\"detail\":\"\"}");
    move.phase.from = GW_PHASE_OBSERVE;
    move.phase.to = GW_PHASE_OWN;
    world_apply(w, &move);
    assert_string_equal(world_call(w, "regroup", "[1, 9]"), "{\"ok\":null}");
    world_close(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_migration_moves_every_row_and_reaches_verified),
        cmocka_unit_test(test_resumed_at_every_slice_it_comes_to_the_same),
        cmocka_unit_test(test_a_slow_store_times_out_alerts_and_retries),
        cmocka_unit_test(test_a_daemon_goes_on_when_what_halted_it_is_resolved),
        cmocka_unit_test(test_a_failed_call_parks_the_daemon_until_a_person_resumes),
        cmocka_unit_test(test_a_condition_is_looked_at_without_a_trace),
        cmocka_unit_test(test_drained_waits_for_a_store),
        cmocka_unit_test(test_two_rows_with_one_key_stop_that_key),
        cmocka_unit_test(test_a_page_that_came_twice_is_taken_once),
        cmocka_unit_test(test_an_index_is_built_behind_running_calls),
        cmocka_unit_test(test_unique_waits_until_every_row_is_known),
        cmocka_unit_test(test_phases_move_only_with_evidence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
