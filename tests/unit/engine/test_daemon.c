/* A daemon that onboards a thousand rows, page by page, is killed with its process at any slice: each row once. */
#include "fixture.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ledger/daemon.h"
#include "os/clock.h"

enum { ROWS = 1000, LIVES_MAX = 200 };

static const char mover[] = "counter moved : u32 = count(Account)\n"
                            "counter total : dec<16,2> = sum(Account.bal)\n"
                            "daemon move() {\n"
                            "  for page in scan a.accounts by id pages of 64 {\n"
                            "    for r in page { onboard Account[r.id] }\n"
                            "    await pushed(page, b) timeout 30s else { sleep 1s  retry }\n"
                            "    yield\n"
                            "  }\n"
                            "}\n";

static void start_mover(struct bank *bank)
{
    struct gw_request *asked = bank_request(bank, GW_REQUEST_DAEMON);
    asked->in.verb = GW_DAEMON_START;
    asked->in.fn = GW_TEXT_LIT("move");
    asked->in.actor = GW_TEXT_LIT("test");
    bank_ask_ok(bank, asked);
    gw_request_free(asked);
}

static void await_rows(struct bank *bank, int64_t rows)
{
    int64_t until = gw_clock_mono_ns() + 60 * GW_NS_PER_S;
    const char *json, *daemon;
    do {
        json = bank_json(bank, GW_REQUEST_STATUS);
        daemon = strstr(json, "\"daemon\":\"move\"");
        if (daemon && (json_number(daemon, "rows") >= rows || json_has(daemon, "\"done\"")))
            return;
        bank_nap(1);
    } while (gw_clock_mono_ns() < until);
    fail_msg("%s", json);
}

static void judge(struct bank *bank)
{
    bank_await_status(bank, "\"status\":\"done\"");
    bank_drain(bank);
    const char *daemon = strstr(bank_json(bank, GW_REQUEST_STATUS), "\"daemon\":\"move\"");
    assert_non_null(daemon);
    assert_int_equal(json_number(daemon, "rows"), ROWS);
    assert_int_equal(sql_number(bank, "b", "SELECT count(*) FROM konten"), ROWS);
    assert_int_equal(
        sql_number(bank, "b", "SELECT sum(CAST(round(stand * 100) AS INTEGER)) FROM konten"),
        ROWS * 10000);
    for (int i = 0; i < 2; i++) /* each row written once, everywhere */
        assert_int_equal(sql_number(bank, i ? "b" : "a",
                                    "SELECT count(*) FROM (SELECT 1 FROM writes WHERE ver IS NOT "
                                    "NULL GROUP BY tbl, key HAVING count(*) > 1)"),
                         0);
    assert_int_equal(json_number(bank_json(bank, GW_REQUEST_STATUS), "halts"), 0);
}

static void a_scan_moves_each_row_once(void **state)
{
    struct bank bank;
    (void)state;
    bank_start(&bank, BANK_SQLITE, ROWS, mover);
    start_mover(&bank);
    judge(&bank);
    bank_done(&bank);
}

static void closed_at_every_page_it_goes_on_where_it_was(void **state)
{
    struct bank bank;
    (void)state;
    bank_start(&bank, BANK_SQLITE, ROWS, mover);
    start_mover(&bank);
    for (int64_t rows = 64; rows < ROWS; rows += 192) {
        await_rows(&bank, rows);
        bank_close(&bank);
        bank_open(&bank);
    }
    judge(&bank);
    bank_done(&bank);
}

/** The child lives until it is killed; all it leaves is on the disk. */
static void live(const char *folder)
{
    static struct bank bank;
    bank_init_at(&bank, folder, BANK_SQLITE, mover);
    bank_open(&bank);
    for (;;)
        (void)pause();
}

static void killed_at_any_slice_it_goes_on_where_it_was(void **state)
{
    struct bank bank;
    (void)state;
    bank_start(&bank, BANK_SQLITE, ROWS, mover);
    start_mover(&bank);
    bank_close(&bank);
    for (int life = 0; life < 12; life++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            live(bank.folder);
        bank_nap(20 + (uint32_t)life * 9); /* when it dies is the point, not a synchronisation */
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, NULL, 0), child);
    }
    bank_open(&bank);
    judge(&bank);
    bank_done(&bank);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_scan_moves_each_row_once),
        cmocka_unit_test(closed_at_every_page_it_goes_on_where_it_was),
        cmocka_unit_test(killed_at_any_slice_it_goes_on_where_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
