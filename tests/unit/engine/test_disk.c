/* The state folder's disk: full, read-only, out of descriptors, failing. Reads go on, nothing acknowledged is lost. */
#include "fixture.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/clock.h"

enum { FLOOD = 3000 };

static void open_account(struct bank *bank, uint64_t id)
{
    struct gw_request *asked = bank_call(bank, "open");
    bank_args(asked, "ud", id, (int64_t)10000);
    bank_ask_ok(bank, asked);
    assert_int_equal(bank_result(asked).status, GW_VM_DONE);
    gw_request_free(asked);
}

static void ready_bank(struct bank *bank)
{
    bank_open(bank);
    bank_prepare(bank);
    bank_deploy(bank);
    bank_session(bank);
    open_account(bank, 1);
    open_account(bank, 2);
    bank_drain(bank);
}

/** Payments of a cent without waiting: those that the full journal holds up are answered when there is room. */
static void flood(struct bank *bank, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct gw_request *asked = bank_call(bank, "pay");
        asked->in.client = 0; /* a session would bound itself */
        bank_args(asked, "uud", (uint64_t)1, (uint64_t)2, (int64_t)1);
        if (gw_asker_send(bank->asker, bank->engine, asked) != GW_OK)
            gw_request_free(asked);
    }
}

/** Every answer that is owed. @return how many were done; the rest is GW_BUSY */
static int64_t collect(struct bank *bank)
{
    int64_t done = 0;
    for (struct gw_request *answer; (answer = gw_asker_next(bank->asker)) != NULL;) {
        assert_true(answer->rc == GW_OK || answer->rc == GW_BUSY);
        done += answer->rc == GW_OK;
        gw_request_free(answer);
    }
    return done;
}

/** A second pair of eyes on the same engine, while the first waits for its answers. */
static struct bank watcher_of(const struct bank *bank)
{
    struct bank watcher = *bank;
    struct gw_err err;
    assert_ok(gw_asker_open(&watcher.asker, &err), &err);
    return watcher;
}

static void fill(const char *path)
{
    static const char zeros[65536];
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    size_t bytes = sizeof(zeros);
    while (bytes > 0)
        if (write(fd, zeros, bytes) < 0)
            bytes /= 2; /* to the last byte */
    (void)close(fd);
}

/** A payment of a cent, again while the answer is BUSY. */
static void pay_insisting(struct bank *bank)
{
    int64_t until = gw_clock_mono_ns() + 20 * GW_NS_PER_S;
    for (gw_rc rc = GW_BUSY; rc == GW_BUSY;) {
        struct gw_request *asked = bank_call(bank, "pay");
        asked->in.client = 0;
        bank_args(asked, "uud", (uint64_t)1, (uint64_t)2, (int64_t)1);
        rc = bank_ask(bank, asked);
        gw_request_free(asked);
        assert_true(rc == GW_OK || rc == GW_BUSY);
        assert_true(gw_clock_mono_ns() < until);
        if (rc == GW_BUSY)
            bank_nap(5);
    }
}

static void a_full_disk_is_busy_until_space_returns(void **state)
{
    struct bank bank;
    char filler[400];
    (void)state;
    bank_init(&bank, BANK_MEMORY, "");
    assert_int_equal(mkdir(bank.state, 0700), 0);
    if (mount("tmpfs", bank.state, "tmpfs", 0, "size=2m") != 0) {
        bank_done(&bank);
        print_message("needs the right to mount a tmpfs\n");
        skip();
    }
    bank.opts.segment_bytes = 64 << 10;
    bank.opts.kv_bytes_max = 64 << 20;
    ready_bank(&bank);
    (void)snprintf(filler, sizeof(filler), "%s/filler", bank.state);
    fill(filler);
    struct bank watcher = watcher_of(&bank);
    flood(&bank, FLOOD);
    bank_await_status(&watcher, "\"stalled\":true");
    gw_rc rc = GW_OK;
    for (int i = 0; i < 50 && rc == GW_OK; i++) {
        struct gw_request *asked = bank_call(&watcher, "pay");
        asked->in.client = 0;
        bank_args(asked, "uud", (uint64_t)1, (uint64_t)2, (int64_t)0);
        rc = bank_ask(&watcher, asked);
        gw_request_free(asked);
    }
    assert_int_equal(rc, GW_BUSY);            /* turned away at once */
    int64_t seen = bank_balance(&watcher, 1); /* views go on, on what is durable */
    assert_in_range(seen, 10000 - FLOOD, 10000);
    assert_false(atomic_load(&bank.fatal));
    assert_int_equal(atomic_load(&bank.last_alert), 2703);
    assert_int_equal(unlink(filler), 0);
    int64_t done = collect(&bank);
    gw_asker_close(watcher.asker);
    pay_insisting(
        &bank); /* the journal looks for space once a second: until then BUSY is a right answer */
    done++;
    bank_drain(&bank);
    bank_close(&bank);
    bank_open(&bank); /* and all of it is on the disk */
    assert_int_equal(bank_balance(&bank, 1), 10000 - done);
    bank_close(&bank);
    assert_int_equal(umount2(bank.state, MNT_DETACH), 0);
    bank_done(&bank);
}

static void a_read_only_folder_is_refused_with_its_name(void **state)
{
    struct bank bank;
    struct gw_err err;
    (void)state;
    bank_init(&bank, BANK_MEMORY, "");
    assert_int_equal(mkdir(bank.state, 0700), 0);
    if (mount("tmpfs", bank.state, "tmpfs", 0, "size=8m") != 0) {
        bank_done(&bank);
        print_message("needs the right to mount a tmpfs\n");
        skip();
    }
    bank.opts.kv_bytes_max = 64 << 20;
    ready_bank(&bank);
    bank_close(&bank);
    assert_int_equal(mount("tmpfs", bank.state, "tmpfs", MS_REMOUNT | MS_RDONLY, NULL), 0);
    gw_rc rc = bank_try_open(&bank, &err);
    assert_true(rc == GW_DENIED || rc == GW_IO);
    assert_non_null(strstr(err.msg, bank.state));
    assert_int_equal(mount("tmpfs", bank.state, "tmpfs", MS_REMOUNT, NULL), 0);
    bank_open(&bank);
    assert_int_equal(bank_balance(&bank, 1), 10000);
    bank_close(&bank);
    assert_int_equal(umount2(bank.state, MNT_DETACH), 0);
    bank_done(&bank);
}

/** Batches are decided that do not become durable: the log waits for a descriptor. */
static void await_held_up(struct bank *watcher)
{
    int64_t until = gw_clock_mono_ns() + 20 * GW_NS_PER_S;
    for (int held = 0; held < 20;) {
        const char *json = bank_json(watcher, GW_REQUEST_STATUS);
        held = json_number(json, "index") > json_number(json, "durable") ? held + 1 : 0;
        assert_true(gw_clock_mono_ns() < until);
        bank_nap(5);
    }
}

static void without_descriptors_it_waits(void **state)
{
    struct bank bank;
    struct rlimit old, none;
    (void)state;
    bank_init(&bank, BANK_MEMORY, "");
    bank.opts.segment_bytes = 64 << 10;
    ready_bank(&bank);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    none = (struct rlimit){3, old.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0); /* what is open stays open, nothing new */
    struct bank watcher = watcher_of(&bank);
    flood(&bank, FLOOD);
    await_held_up(&watcher);
    int64_t seen = bank_balance(&watcher, 1);
    gw_rc checkpoint = bank_simple(&watcher, GW_REQUEST_CHECKPOINT, "", "");
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    assert_in_range(seen, 10000 - FLOOD, 10000);
    assert_true(checkpoint < 0);
    if (atomic_load(&bank.fatal))
        fail_msg("ended: %s", bank.fatal_text);
    int64_t done = collect(&bank);
    gw_asker_close(watcher.asker);
    assert_int_equal(bank_simple(&bank, GW_REQUEST_CHECKPOINT, "", ""), GW_OK);
    bank_drain(&bank);
    bank_close(&bank);
    bank_open(&bank);
    assert_int_equal(bank_balance(&bank, 1), 10000 - done);
    bank_done(&bank);
}

/** Puts /dev/full behind every descriptor of a journal segment: as a disk that fails a write. */
static int break_journal(const struct bank *bank)
{
    char link[64], target[600], sought[400];
    int broken = 0, full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    DIR *dir = opendir("/proc/self/fd");
    assert_true(full >= 0 && dir != NULL);
    (void)snprintf(sought, sizeof(sought), "%s/journal/", bank->state);
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        (void)snprintf(link, sizeof(link), "/proc/self/fd/%.20s", entry->d_name);
        ssize_t len = readlink(link, target, sizeof(target) - 1);
        if (len <= 0)
            continue;
        target[len] = '\0';
        if (strncmp(target, sought, strlen(sought)) == 0 && strstr(target, ".gwj"))
            broken += dup2(full, (int)strtol(entry->d_name, NULL, 10)) >= 0;
    }
    (void)closedir(dir);
    (void)close(full);
    return broken;
}

static void a_failed_write_ends_it_and_nothing_is_acknowledged(void **state)
{
    struct bank bank;
    (void)state;
    bank_init(&bank, BANK_MEMORY, "");
    ready_bank(&bank);
    bank_pay(&bank, 1, 2, 100);
    bank_drain(&bank);
    assert_true(break_journal(&bank) > 0);
    struct gw_request *asked = bank_call(&bank, "pay");
    bank_args(asked, "uud", (uint64_t)1, (uint64_t)2, (int64_t)100);
    assert_int_equal(gw_asker_send(bank.asker, bank.engine, asked), GW_OK);
    for (int64_t until = gw_clock_mono_ns() + 20 * GW_NS_PER_S; !atomic_load(&bank.fatal);) {
        assert_true(gw_clock_mono_ns() < until);
        bank_nap(1);
    }
    (void)gw_engine_close(bank.engine, NULL); /* answers what it owes */
    bank.engine = NULL;
    struct gw_request *answer = gw_asker_next(bank.asker);
    assert_ptr_equal(answer, asked);
    assert_true(answer->rc < 0);
    gw_request_free(answer);
    bank_open(&bank);
    assert_int_equal(bank_balance(&bank, 1), 9900);
    bank_done(&bank);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_disk_is_busy_until_space_returns),
        cmocka_unit_test(a_read_only_folder_is_refused_with_its_name),
        cmocka_unit_test(without_descriptors_it_waits),
        cmocka_unit_test(a_failed_write_ends_it_and_nothing_is_acknowledged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
