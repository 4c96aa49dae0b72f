/* The simulated machine keeps the promises of the os headers, and no others. */
#include "kit/kit.h"

#include "base/time.h"
#include "os/actor.h"
#include "os/clock.h"
#include "os/crash.h"
#include "os/env.h"
#include "os/file.h"
#include "os/heap.h"
#include "os/mutex.h"
#include "sim/os/disk.h"
#include "sim/os/sim.h"

static struct gw_err err;

static int end(void **state)
{
    (void)state;
    gw_sim_end();
    return 0;
}

static void begin(uint64_t seed)
{
    gw_sim_begin(&(struct gw_sim_opts){.seed = seed});
}

/* ---- actors ---- */

struct ping {
    struct gw_msg msg;
    int number;
};

struct peer {
    struct gw_actor *actor, *other;
    int got[64];
    int count, idles;
    int64_t woken_ns;
};

static void forward(void *ctx, struct gw_msg *msg)
{
    struct peer *peer = ctx;
    struct ping *ping = GW_CONTAINER_OF(msg, struct ping, msg);
    if (peer->count < 64)
        peer->got[peer->count] = ping->number;
    peer->count++;
    if (peer->other != NULL && ping->number-- > 0)
        assert_int_equal(gw_actor_send(peer->other, msg), GW_OK);
}

static void idle(void *ctx)
{
    struct peer *peer = ctx;
    peer->idles++;
    if (peer->woken_ns != 0 && gw_clock_mono_ns() >= peer->woken_ns)
        peer->woken_ns = -gw_clock_mono_ns();
    else if (peer->woken_ns > 0)
        gw_actor_wake_at(peer->actor, peer->woken_ns);
}

static void start(struct peer *peer, uint32_t mailbox_max)
{
    assert_ok(gw_actor_start(&(struct gw_actor_opts){.name = "peer",
                                                     .mailbox_max = mailbox_max,
                                                     .on_message = forward,
                                                     .on_idle = idle,
                                                     .ctx = peer},
                             &peer->actor, &err),
              &err);
}

static void messages_of_one_sender_arrive_in_order_and_late(void **state)
{
    (void)state;
    struct peer peer = {0};
    struct ping pings[5];
    begin(1);
    start(&peer, 4);
    for (int i = 0; i < 5; i++) {
        pings[i] = (struct ping){.number = i};
        assert_int_equal(gw_actor_send(peer.actor, &pings[i].msg), i < 4 ? GW_OK : GW_BUSY);
    }
    assert_int_equal(peer.count, 0); /* nobody runs inside a send */
    while (gw_sim_step(gw_sim_now() + GW_NS_PER_S) == GW_SIM_STEPPED)
        ;
    assert_int_equal(peer.count, 4);
    for (int i = 0; i < 4; i++)
        assert_int_equal(peer.got[i], i);
    gw_actor_stop(peer.actor);
    assert_int_equal(gw_actor_send(peer.actor, &pings[4].msg), GW_CLOSED);
    gw_actor_free(peer.actor);
}

static void a_wish_to_wake_comes_due_and_only_then(void **state)
{
    (void)state;
    struct peer peer = {0};
    begin(2);
    start(&peer, 4);
    int64_t want = peer.woken_ns = gw_sim_now() + 5 * GW_NS_PER_MS;
    while (gw_sim_step(want - 1) == GW_SIM_STEPPED)
        ;
    assert_true(peer.woken_ns > 0);
    while (gw_sim_step(want + GW_NS_PER_MS) == GW_SIM_STEPPED)
        ;
    assert_true(-peer.woken_ns >= want);
}

static uint64_t trace_of(uint64_t seed)
{
    struct peer a = {0}, b = {0};
    struct ping pings[3] = {{.number = 20}, {.number = 21}, {.number = 22}};
    begin(seed);
    start(&a, 8);
    start(&b, 8);
    a.other = b.actor;
    b.other = a.actor;
    for (int i = 0; i < 3; i++)
        assert_int_equal(gw_actor_send(a.actor, &pings[i].msg), GW_OK);
    while (gw_sim_step(gw_sim_now() + GW_NS_PER_S) == GW_SIM_STEPPED)
        ;
    uint64_t trace = gw_sim_trace();
    gw_sim_end();
    return trace;
}

static void same_seed_same_trace_other_seed_other_trace(void **state)
{
    (void)state;
    uint64_t first = trace_of(7);
    assert_true(first == trace_of(7));
    assert_true(first != trace_of(8));
    begin(1); /* for the teardown */
}

static void a_lock_that_is_held_is_a_bug_and_waiting_moves_the_clock(void **state)
{
    (void)state;
    struct gw_mutex *mutex;
    begin(3);
    assert_ok(gw_mutex_new(&mutex, &err), &err);
    gw_mutex_lock(mutex);
    expect_assert_failure(gw_mutex_lock(mutex));
    int64_t until = gw_sim_now() + GW_NS_PER_MS;
    assert_false(gw_mutex_wait(mutex, until));
    assert_true(gw_sim_now() == until);
    gw_mutex_unlock(mutex);
    gw_mutex_free(mutex);
}

/* ---- death ---- */

static void leave_things_behind(void *ctx)
{
    struct peer *peer = ctx;
    struct gw_file *file;
    assert_non_null(gw_os_heap()->get(gw_os_heap()->ctx, 1000));
    assert_non_null(gw_os_pages_get(8192));
    start(peer, 1);
    assert_ok(gw_file_open("left", GW_FILE_WRITE | GW_FILE_CREATE, &file, &err), &err);
    for (;;)
        GW_CRASH_POINT("test.here");
}

static void death_drops_everything_the_process_had(void **state)
{
    (void)state;
    struct peer peer = {0};
    uint8_t before[GW_BOOT_ID_BYTES], after[GW_BOOT_ID_BYTES];
    begin(4);
    int64_t pid = gw_os_pid();
    assert_ok(gw_os_boot_id(before, &err), &err);
    gw_sim_die_at(7, GW_SIM_KILL);
    assert_false(gw_sim_run(leave_things_behind, &peer));
    assert_string_equal(gw_sim_died(), "killed");
    assert_true(gw_sim_moments() == 7);
    assert_true(gw_sim_heap_bytes() == 0);
    assert_true(gw_os_pid() != pid);
    assert_ok(gw_os_boot_id(after, &err), &err);
    assert_memory_equal(before, after, sizeof(before));
    gw_sim_die(GW_SIM_POWER_CUT);
    assert_ok(gw_os_boot_id(after, &err), &err);
    assert_memory_not_equal(before, after, sizeof(before));
}

/* ---- disk ---- */

enum { BLOCK = GW_FILE_BLOCK };

static void put(const char *path, char fill, size_t bytes, bool sync)
{
    struct gw_file *file;
    static uint8_t data[8 * BLOCK];
    memset(data, fill, bytes);
    assert_ok(gw_file_open(path, GW_FILE_WRITE | GW_FILE_CREATE, &file, &err), &err);
    assert_ok(gw_file_write_at(file, 0, (struct gw_bytes){data, bytes}, &err), &err);
    if (sync)
        assert_ok(gw_file_sync(file, &err), &err);
    gw_file_close(file);
}

/** @return the bytes equal to `fill`; -1: absent */
static int64_t count_of(const char *path, char fill)
{
    struct gw_arena arena;
    struct gw_bytes data;
    int64_t count = 0;
    gw_arena_init(&arena, &gw_kit_alloc, 1 << 20);
    if (gw_file_load(path, &arena, 1 << 20, &data, NULL) < 0)
        count = -1;
    for (size_t i = 0; count >= 0 && i < data.len; i++)
        count += data.data[i] == (uint8_t)fill;
    gw_arena_done(&arena);
    return count;
}

static void synced_bytes_survive_and_the_rest_is_torn_at_sectors(void **state)
{
    (void)state;
    bool all = false, none = false, some = false;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        begin(seed);
        put("f", 'a', 4 * BLOCK, true);
        assert_ok(gw_folder_sync(".", &err), &err);
        put("f", 'b', 2 * BLOCK, false);
        assert_true(count_of("f", 'b') == 2 * BLOCK); /* the cache shows it */
        gw_sim_die(GW_SIM_POWER_CUT);
        int64_t kept = count_of("f", 'b');
        assert_true(kept % GW_SIM_SECTOR == 0);
        assert_true(count_of("f", 'a') == 4 * BLOCK - kept);
        all |= kept == 2 * BLOCK;
        none |= kept == 0;
        some |= kept > 0 && kept < 2 * BLOCK;
        gw_sim_end();
    }
    assert_true(all && none && some);
    begin(1);
}

static void a_kill_loses_nothing_that_was_written(void **state)
{
    (void)state;
    begin(5);
    put("f", 'a', BLOCK, false);
    gw_sim_die(GW_SIM_KILL);
    assert_true(count_of("f", 'a') == BLOCK);
}

static void names_survive_once_their_folder_is_synced(void **state)
{
    (void)state;
    bool lost = false, kept = false;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        begin(seed);
        assert_ok(gw_folder_make("d", &err), &err);
        assert_ok(gw_folder_sync(".", &err), &err);
        put("d/old", 'a', BLOCK, true);
        assert_ok(gw_folder_sync("d", &err), &err);
        put("d/new", 'b', BLOCK, true); /* the bytes are safe, the name is not */
        assert_ok(gw_path_rename("d/old", "d/older", &err), &err);
        gw_sim_die(GW_SIM_POWER_CUT);
        int64_t old = count_of("d/old", 'a'), older = count_of("d/older", 'a');
        assert_true((old == BLOCK && older == -1) || (old == -1 && older == BLOCK));
        lost |= count_of("d/new", 'b') == -1;
        kept |= count_of("d/new", 'b') == BLOCK;
        gw_sim_end();
    }
    assert_true(lost && kept);
    begin(1);
}

static void a_folder_nobody_synced_above_takes_its_files_with_it(void **state)
{
    (void)state;
    bool lost = false;
    for (uint64_t seed = 1; seed <= 40 && !lost; seed++) {
        begin(seed);
        assert_ok(gw_folder_make("x", &err), &err);
        assert_ok(gw_folder_make("x/y", &err), &err);
        put("x/y/f", 'a', BLOCK, true);
        assert_ok(gw_folder_sync("x/y", &err), &err);
        gw_sim_die(GW_SIM_POWER_CUT);
        lost = count_of("x/y/f", 'a') == -1;
        gw_sim_end();
    }
    assert_true(lost);
    begin(1);
}

static void a_full_disk_takes_no_more_and_gives_back(void **state)
{
    (void)state;
    struct gw_file *file;
    begin(6);
    gw_sim_faults()->space_bytes = 4 * BLOCK;
    put("f", 'a', 2 * BLOCK, true);
    assert_ok(gw_file_open("g", GW_FILE_WRITE | GW_FILE_CREATE, &file, &err), &err);
    assert_int_equal(gw_file_fill_zero(file, 3 * BLOCK, &err), GW_FULL);
    assert_true(gw_sim_disk_used() == 2 * BLOCK);
    assert_ok(gw_file_fill_zero(file, 2 * BLOCK, &err), &err);
    gw_file_close(file);
    assert_ok(gw_path_remove("g", &err), &err);
    assert_true(gw_sim_disk_used() == 2 * BLOCK);
}

static void a_failed_sync_breaks_the_handle_and_the_cache_lies(void **state)
{
    (void)state;
    bool lied = false;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct gw_file *file;
        static const uint8_t data[BLOCK] = {1};
        begin(seed);
        put("f", 0, BLOCK, true);
        assert_ok(gw_folder_sync(".", &err), &err);
        assert_ok(gw_file_open("f", GW_FILE_WRITE, &file, &err), &err);
        assert_ok(gw_file_write_at(file, 0, (struct gw_bytes){data, BLOCK}, &err), &err);
        gw_sim_faults()->fail_sync_in = 1;
        assert_int_equal(gw_file_sync(file, &err), GW_IO);
        assert_int_equal(gw_file_sync(file, &err), GW_IO);
        assert_int_equal(gw_file_write_at(file, 0, (struct gw_bytes){data, BLOCK}, &err), GW_IO);
        gw_file_close(file);
        assert_ok(gw_file_open("f", GW_FILE_WRITE, &file, &err), &err);
        assert_ok(gw_file_sync(file, &err), &err); /* says yes, has nothing to write */
        gw_file_close(file);
        assert_true(count_of("f", 1) == 1);
        gw_sim_die(GW_SIM_POWER_CUT);
        lied |= count_of("f", 1) == 0;
        gw_sim_end();
    }
    assert_true(lied);
    begin(1);
}

static void write_direct(void *ctx)
{
    struct gw_file *file;
    uint8_t *page = gw_os_pages_get(2 * BLOCK);
    memset(page, 'n', 2 * BLOCK);
    assert_ok(gw_file_open("f", GW_FILE_WRITE | GW_FILE_DIRECT, &file, &err), &err);
    assert_int_equal(gw_file_kind(file), GW_FILE_DIRECT_SYNCED);
    assert_ok(gw_file_write_at(file, 0, (struct gw_bytes){page, 2 * BLOCK}, &err), &err);
    *(bool *)ctx = true;
    GW_CRASH_POINT("test.written");
}

static void a_direct_write_is_torn_inside_and_whole_afterwards(void **state)
{
    (void)state;
    bool torn = false;
    for (uint64_t seed = 1; seed <= 120; seed++) {
        bool returned = false;
        begin(seed);
        put("f", 'o', 2 * BLOCK, true);
        assert_ok(gw_folder_sync(".", &err), &err);
        gw_sim_die_at(1 + seed % 3, GW_SIM_POWER_CUT);
        assert_false(gw_sim_run(write_direct, &returned));
        int64_t fresh = count_of("f", 'n');
        if (returned)
            assert_true(fresh == 2 * BLOCK);
        assert_true(fresh % GW_SIM_SECTOR == 0 && count_of("f", 'o') == 2 * BLOCK - fresh);
        torn |= fresh > 0 && fresh < 2 * BLOCK;
        gw_sim_end();
    }
    assert_true(torn);
    begin(1);
}

static void one_lock_and_it_dies_with_the_process(void **state)
{
    (void)state;
    struct gw_lock *lock, *second;
    begin(9);
    assert_ok(gw_lock_open("lock", &lock, &err), &err);
    assert_int_equal(gw_lock_open("lock", &second, &err), GW_CONFLICT);
    gw_sim_die(GW_SIM_KILL);
    assert_ok(gw_lock_open("lock", &lock, &err), &err);
    gw_lock_close(lock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(messages_of_one_sender_arrive_in_order_and_late, end),
        cmocka_unit_test_teardown(a_wish_to_wake_comes_due_and_only_then, end),
        cmocka_unit_test_teardown(same_seed_same_trace_other_seed_other_trace, end),
        cmocka_unit_test_teardown(a_lock_that_is_held_is_a_bug_and_waiting_moves_the_clock, end),
        cmocka_unit_test_teardown(death_drops_everything_the_process_had, end),
        cmocka_unit_test_teardown(synced_bytes_survive_and_the_rest_is_torn_at_sectors, end),
        cmocka_unit_test_teardown(a_kill_loses_nothing_that_was_written, end),
        cmocka_unit_test_teardown(names_survive_once_their_folder_is_synced, end),
        cmocka_unit_test_teardown(a_folder_nobody_synced_above_takes_its_files_with_it, end),
        cmocka_unit_test_teardown(a_full_disk_takes_no_more_and_gives_back, end),
        cmocka_unit_test_teardown(a_failed_sync_breaks_the_handle_and_the_cache_lies, end),
        cmocka_unit_test_teardown(a_direct_write_is_torn_inside_and_whole_afterwards, end),
        cmocka_unit_test_teardown(one_lock_and_it_dies_with_the_process, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
