/* Kills crash_worker at every crash point it has, lets it go on, and judges what is left with sqlite3 alone.
 *
 * GW_CRASH_LONG=1 walks more passes of every site and more random kills. A failing case prints the line that repeats
 * it. What is judged: exit 0 of the run that is left alone (all acknowledged calls are there, once: the worker checks);
 * balances of both stores equal, and equal to what the transfers say; no (key, version) written twice. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/rand.h"
#include "fixture.h"
#include "os/clock.h"
#include "os/process.h"

enum { ACCOUNTS = 12, OPS = 40, SITES_MAX = 128, START_CENTS = 10000 };

static struct gw_process_end run_worker(const char *folder, const char *crash, uint64_t seed,
                                        int64_t kill_after_ms)
{
    char seed_text[24], ops_text[24], env[160], log[300];
    struct gw_process *process = NULL;
    struct gw_process_end end;
    struct gw_err err;
    (void)snprintf(seed_text, sizeof(seed_text), "%d", (int)seed);
    (void)snprintf(ops_text, sizeof(ops_text), "%d", OPS);
    (void)snprintf(env, sizeof(env), "GW_CRASH=%s", crash ? crash : "");
    (void)snprintf(log, sizeof(log), "%s/log", folder);
    const char *const argv[] = {CRASH_WORKER, folder, seed_text, ops_text, NULL};
    const char *const env_add[] = {env, NULL};
    const struct gw_process_opts opts = {
        .argv = argv, .env_add = env_add, .stdout_path = log, .stderr_to_stdout = true};
    assert_ok(gw_process_start(&opts, &process, &err), &err);
    gw_rc rc = gw_process_wait(process, kill_after_ms > 0 ? kill_after_ms : 60000, &end, &err);
    if (rc == GW_TIMEOUT) {
        gw_process_signal(process, GW_PROCESS_KILL);
        rc = gw_process_wait(process, 10000, &end, &err);
        if (kill_after_ms <= 0)
            fail_msg("%s hangs, crash %s seed %d", CRASH_WORKER, crash ? crash : "-", (int)seed);
    }
    assert_ok(rc, &err);
    gw_process_close(process);
    return end;
}

static void make_bank(struct bank *bank)
{
    bank_init(bank, BANK_SQLITE, "");
    bank_make_stores(bank, ACCOUNTS);
    bank_prepare(bank);
}

static void show_log(const struct bank *bank)
{
    char path[300], line[400];
    (void)snprintf(path, sizeof(path), "%s/log", bank->folder);
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof(line), file))
        print_error("  | %s", line);
    if (file)
        (void)fclose(file);
}

/** Only with what the stores hold: the engine is not asked. */
static const char *judge_stores(struct bank *bank)
{
    for (uint32_t id = 1; id <= ACCOUNTS; id++) {
        int64_t moved = sql_number(bank, "b",
                                   "SELECT ifnull((SELECT sum(CAST(round(amt * 100) AS INTEGER)) "
                                   "FROM transfers WHERE dst = %u), 0)"
                                   " - ifnull((SELECT sum(CAST(round(amt * 100) AS INTEGER)) FROM "
                                   "transfers WHERE src = %u), 0)",
                                   id, id);
        int64_t a = sql_cents(bank, "a", id), b = sql_cents(bank, "b", id);
        if (a != START_CENTS + moved)
            return "a balance in `a` is not what the transfers say";
        if (b != a && !(b == -1 && moved == 0))
            return "the stores hold different balances";
    }
    for (int i = 0; i < 2; i++)
        if (sql_number(bank, i ? "b" : "a",
                       "SELECT count(*) FROM (SELECT 1 FROM writes WHERE ver IS NOT NULL "
                       "GROUP BY tbl, key, ver HAVING count(*) > 1)") != 0)
            return "a (key, version) was written twice";
    return NULL;
}

static void finish(struct bank *bank, const char *first, const char *second, uint64_t seed)
{
    struct gw_process_end end = run_worker(bank->folder, NULL, seed, 0);
    const char *why = end.exit_code == 3   ? "an acknowledged call was lost"
                      : end.exit_code != 0 ? "the worker failed"
                                           : judge_stores(bank);
    if (why) {
        show_log(bank);
        fail_msg("%s: GW_CRASH=%s, then %s, seed %d (folder %s)", why, first, second ? second : "-",
                 (int)seed, bank->folder);
    }
    bank_done(bank);
}

/** @return false: the site is not passed that often */
static bool crash_once(const char *site, int nth, uint64_t seed)
{
    struct bank bank;
    char crash[96];
    (void)snprintf(crash, sizeof(crash), "%s:%d", site, nth);
    make_bank(&bank);
    struct gw_process_end end = run_worker(bank.folder, crash, seed, 0);
    if (end.signal == 0 && end.exit_code != 0) {
        show_log(&bank);
        fail_msg("exit %d instead of a crash at %s", end.exit_code, crash);
    }
    finish(&bank, crash, NULL, seed);
    return end.signal != 0;
}

/** A crash in the recovery from a crash. */
static void crash_twice(const char *first, const char *second, uint64_t seed)
{
    struct bank bank;
    make_bank(&bank);
    (void)run_worker(bank.folder, first, seed, 0);
    (void)run_worker(bank.folder, second, seed, 0);
    finish(&bank, first, second, seed);
}

static bool is_long(void)
{
    return getenv("GW_CRASH_LONG") != NULL; /* NOLINT(concurrency-mt-unsafe): nobody sets */
}

static size_t sites(char names[SITES_MAX][64])
{
    static const char *const argv[] = {CRASH_WORKER, "--sites", NULL};
    const struct gw_process_opts opts = {.argv = argv, .stdout_pipe = true};
    struct gw_process *process = NULL;
    struct gw_process_end end;
    struct gw_err err;
    char text[8192];
    size_t len = 0, got = 0, count = 0;
    assert_ok(gw_process_start(&opts, &process, &err), &err);
    while (gw_process_read(process, text + len, sizeof(text) - 1 - len, &got, &err) == GW_OK && got)
        len += got;
    text[len] = '\0';
    assert_ok(gw_process_wait(process, 10000, &end, &err), &err);
    gw_process_close(process);
    for (char *save = NULL, *line = strtok_r(text, "\n", &save); line && count < SITES_MAX;
         line = strtok_r(NULL, "\n", &save))
        (void)snprintf(names[count++], 64, "%s", line);
    assert_true(count > 20);
    return count;
}

static void every_crash_point_loses_and_doubles_nothing(void **state)
{
    static const int passes[] = {1, 2, 5, 11, 3, 4, 7, 17, 29};
    char names[SITES_MAX][64];
    (void)state;
    size_t count = sites(names), tries = is_long() ? GW_COUNT_OF(passes) : 4, unseen = 0;
    for (size_t i = 0; i < count; i++) {
        bool seen = false;
        for (size_t n = 0; n < tries; n++) {
            bool crashed = crash_once(names[i], passes[n], i + 1);
            seen |= crashed;
            if (!crashed)
                break;
        }
        if (!seen)
            print_message("never passed: %s\n", names[i]);
        unseen += !seen;
    }
    assert_in_range(unseen, 0, 12); /* those of recovery, of retiring and of sealed segments */
}

static void a_crash_while_recovering_loses_nothing(void **state)
{
    static const char *const seconds[] = {"log.recover.zeroing:1",  "log.recover.synced:1",
                                          "os.store.written:1",     "os.store.renamed:1",
                                          "engine.batch.close:1",   "kv.fold.commit:1",
                                          "engine.push.answered:1", "store.sqlite.commit.after:1"};
    (void)state;
    for (size_t i = 0; i < GW_COUNT_OF(seconds); i++)
        crash_twice(i % 2 ? "log.sync.after:9" : "store.sqlite.commit.after:4", seconds[i],
                    i + 100);
}

static void a_kill_at_any_moment_loses_nothing(void **state)
{
    struct gw_rand rand;
    (void)state;
    gw_rand_init(&rand, 7);
    for (int i = 0; i < (is_long() ? 200 : 6); i++) {
        struct bank bank;
        make_bank(&bank);
        for (int kills = 0; kills < 3; kills++)
            (void)run_worker(bank.folder, NULL, 500 + (uint64_t)i,
                             10 + (int64_t)gw_rand_below(&rand, 150));
        finish(&bank, "random", NULL, 500 + (uint64_t)i);
    }
}

/** Without a real disk a site costs a tenth; the random kills and the long run wait for one. */
static int on_memory(void **state)
{
    (void)state;
    if (!is_long() && access("/dev/shm", W_OK) == 0)
        (void)setenv("TMPDIR", "/dev/shm", 0); /* NOLINT(concurrency-mt-unsafe): one thread */
    return 0;
}

static int on_disk(void **state)
{
    (void)state;
    (void)unsetenv("TMPDIR"); /* NOLINT(concurrency-mt-unsafe): one thread */
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_crash_point_loses_and_doubles_nothing, on_memory),
        cmocka_unit_test_setup(a_crash_while_recovering_loses_nothing, on_memory),
        cmocka_unit_test_setup(a_kill_at_any_moment_loses_nothing, on_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
