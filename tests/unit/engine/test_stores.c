/* Stores that refuse rows, go away, crawl, come back older than they were; and more calls than anyone can serve. */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ledger/daemon.h"
#include "os/clock.h"

static struct gw_memory *memory_of(struct bank *bank, int store)
{
    struct gw_memory *memory = NULL;
    struct gw_err err;
    assert_ok(gw_memory_of(gw_text(bank->names[store]), &memory, &err), &err);
    return memory;
}

static void open_account(struct bank *bank, uint64_t id)
{
    struct gw_request *asked = bank_call(bank, "open");
    bank_args(asked, "ud", id, (int64_t)10000);
    bank_ask_ok(bank, asked);
    assert_int_equal(bank_result(asked).status, GW_VM_DONE);
    gw_request_free(asked);
}

static gw_rc rename_to(struct bank *bank, uint64_t id, const char *name)
{
    struct gw_request *asked = bank_call(bank, "rename");
    bank_args(asked, "us", id, name);
    gw_rc rc = bank_ask(bank, asked);
    gw_request_free(asked);
    return rc;
}

static void set_limit(struct bank *bank, const char *name, uint64_t value)
{
    const struct gw_rec_limit limit = {.name = gw_text(name), .value = value};
    struct gw_request *asked = bank_request(bank, GW_REQUEST_LIMITS);
    asked->in.limits = &limit;
    asked->in.limit_count = 1;
    bank_ask_ok(bank, asked);
    gw_request_free(asked);
}

static const char *status_of(struct bank *bank, const char *store)
{
    char sought[64];
    (void)snprintf(sought, sizeof(sought), "\"store\":\"%s\"", store);
    const char *at = strstr(bank_json(bank, GW_REQUEST_STATUS), sought);
    assert_non_null(at);
    return at;
}

/** Until the store's number is `value`, at most 20 s. */
static void await_number(struct bank *bank, const char *store, const char *name, int64_t value)
{
    int64_t until = gw_clock_mono_ns() + 20 * GW_NS_PER_S, now;
    while ((now = json_number(status_of(bank, store), name)) != value) {
        if (gw_clock_mono_ns() > until)
            fail_msg("%s of %s is %d, not %d", name, store, (int)now, (int)value);
        bank_nap(1); /* between two polls of a condition */
    }
}

/* ---- rows that a store refuses ---- */

static void a_refused_row_waits_and_lands_when_it_can(void **state)
{
    struct bank bank;
    (void)state;
    bank_init(&bank, BANK_SQLITE, "");
    bank_make_stores(&bank, 4);
    sql(&bank, "b", "CREATE UNIQUE INDEX one_name ON konten(inhaber)");
    bank_open(&bank);
    bank_prepare(&bank);
    bank_deploy(&bank);
    bank_session(&bank);
    for (uint64_t id = 1; id <= 4; id++)
        assert_int_equal(rename_to(&bank, id, id == 1 ? "x" : id == 2 ? "y" : "z") < 0, 0);
    await_number(&bank, "b", "refused", 1); /* two of them are z */
    assert_int_equal(sql_number(&bank, "b", "SELECT count(*) FROM konten WHERE inhaber = 'z'"), 1);
    bank_pay(&bank, 1, 2, 100); /* the others go on */
    await_number(&bank, "a", "dirty", 0);
    assert_int_equal(json_number(bank_json(&bank, GW_REQUEST_STATUS), "halts"), 0);
    int64_t there = sql_number(&bank, "b", "SELECT nr FROM konten WHERE inhaber = 'z'");
    assert_int_equal(rename_to(&bank, (uint64_t)there, "w"),
                     GW_OK); /* makes room: the other is retried */
    await_number(&bank, "b", "refused", 0);
    bank_drain(&bank);
    bank_check(&bank, 4, 40000);
    bank_done(&bank);
}

static void a_refused_row_stays_parked_until_somebody_asks(void **state)
{
    struct bank bank;
    (void)state;
    bank_init(&bank, BANK_SQLITE, "");
    bank_make_stores(&bank, 2);
    sql(&bank, "b",
        "CREATE TABLE banned (name TEXT); INSERT INTO banned VALUES ('evil');"
        "CREATE TRIGGER no_evil BEFORE UPDATE ON konten WHEN new.inhaber IN (SELECT name FROM "
        "banned) "
        "BEGIN SELECT RAISE(ABORT, 'not that name'); END");
    bank_open(&bank);
    bank_prepare(&bank);
    bank_deploy(&bank);
    bank_session(&bank);
    bank_pay(&bank, 1, 2, 100);
    bank_drain(&bank);
    assert_int_equal(rename_to(&bank, 1, "evil"), GW_OK);
    await_number(&bank, "b", "refused", 1);
    bank_close(&bank);
    bank_open(&bank); /* a restart forgets nothing and retries nothing by itself */
    await_number(&bank, "b", "refused", 1);
    sql(&bank, "b", "DELETE FROM banned");
    assert_int_equal(bank_simple(&bank, GW_REQUEST_RETRY, "b", "allowed now"), GW_OK);
    await_number(&bank, "b", "refused", 0);
    bank_drain(&bank);
    assert_int_equal(sql_number(&bank, "b", "SELECT count(*) FROM konten WHERE inhaber = 'evil'"),
                     1);
    bank_check(&bank, 2, 20000);
    bank_done(&bank);
}

/* ---- more than a batch of the journal takes ---- */

static const char doc_text[] =
    "entity Doc v1 { key id: u32  body: str<8000>  home b.docs { * } role target }\n"
    "txn put(id: u32, body: str<8000>) -> u32 { x := Doc.create { id, body }  return x.id }\n"
    "txn edit(id: u32, body: str<8000>) { x := Doc[id]!  x.body = body }\n";

static void write_docs(struct bank *bank, const char *fn, uint64_t count, char letter)
{
    static char body[8001];
    memset(body, letter, sizeof(body) - 1);
    for (uint64_t id = 1; id <= count; id++) {
        struct gw_request *asked = bank_call(bank, fn);
        bank_args(asked, "us", id, body);
        bank_ask_ok(bank, asked);
        assert_int_equal(bank_result(asked).status, GW_VM_DONE);
        gw_request_free(asked);
    }
}

/** Somebody rewrites a table of wide rows while we are about to: what was found is more than one record holds. */
static void a_whole_table_that_somebody_rewrote_is_found_row_by_row(void **state)
{
    enum { DOCS = 180 };
    struct bank bank;
    (void)state;
    bank_init(&bank, BANK_SQLITE, doc_text);
    bank_make_stores(&bank, 1);
    sql(&bank, "b", "CREATE TABLE docs (id INTEGER PRIMARY KEY, body TEXT NOT NULL)");
    bank_open(&bank);
    bank_prepare(&bank);
    bank_deploy(&bank);
    bank_session(&bank);
    write_docs(&bank, "put", DOCS, 'a');
    bank_drain(&bank);
    assert_int_equal(bank_simple(&bank, GW_REQUEST_PARK, "b", "so that one push carries all"),
                     GW_OK);
    write_docs(&bank, "edit", DOCS, 'b');
    sql(&bank, "b", "UPDATE docs SET body = replace(body, 'a', 'c')");
    assert_int_equal(bank_simple(&bank, GW_REQUEST_UNPARK, "b", ""), GW_OK);
    await_number(&bank, "b", "conflicts", DOCS);
    bank_await_halts(&bank, DOCS);
    assert_false(atomic_load(&bank.fatal));
    assert_int_equal(sql_number(&bank, "b", "SELECT count(*) FROM docs WHERE body LIKE 'c%%'"),
                     DOCS);
    bank_done(&bank);
}

static void a_program_larger_than_a_batch_is_refused(void **state)
{
    enum { LARGE = 1100000 };
    struct bank bank;
    (void)state;
    bank_start(&bank, BANK_SQLITE, 2, "");
    char *text = malloc(LARGE);
    assert_non_null(text);
    size_t len = strlen(bank.program);
    memset(text, '#', LARGE); /* a long comment behind what is in force */
    memcpy(text, bank.program, len);
    text[len] = '#';
    struct gw_request *asked = bank_request(&bank, GW_REQUEST_PROGRAM);
    asked->in.source = (struct gw_bytes){(const uint8_t *)text, LARGE};
    assert_true(bank_ask(&bank, asked) < 0);
    assert_int_equal(asked->err.code, 2436);
    gw_request_free(asked);
    free(text);
    bank_pay(&bank, 1, 2, 100); /* and life goes on */
    bank_drain(&bank);
    bank_check(&bank, 2, 20000);
    bank_done(&bank);
}

/* ---- what would grow for ever ---- */

static void a_session_that_nobody_uses_is_forgotten(void **state)
{
    struct bank bank;
    (void)state;
    bank_start(&bank, BANK_SQLITE, 2, "");
    bank_pay(&bank, 1, 2, 100);
    set_limit(&bank, "session_ns", 1); /* as if a day had passed */
    bank_drain(&bank);
    struct gw_request *asked = bank_call(&bank, "touch");
    bank_args(asked, "u", (uint64_t)1);
    gw_rc rc = bank_ask(&bank, asked);
    if (rc == GW_OK) { /* the call was decided in the batch before the one that forgets */
        gw_request_free(asked);
        asked = bank_call(&bank, "touch");
        bank_args(asked, "u", (uint64_t)1);
        rc = bank_ask(&bank, asked);
    }
    assert_true(rc < 0);
    assert_int_equal(asked->err.code, 2431);
    gw_request_free(asked);
    set_limit(&bank, "session_ns", 86400 * (uint64_t)GW_NS_PER_S);
    bank_session(&bank);
    bank_pay(&bank, 1, 2, 100);
    bank_drain(&bank);
    bank_check(&bank, 2, 20000);
    bank_done(&bank);
}

static void a_limit_that_bounds_nothing_is_refused(void **state)
{
    const struct gw_rec_limit wrong[] = {{GW_TEXT_LIT("ring"), 0},
                                         {GW_TEXT_LIT("ring"), 17},
                                         {GW_TEXT_LIT("halt_scope"), 3},
                                         {GW_TEXT_LIT("session_ns"), 0},
                                         {GW_TEXT_LIT("idem_ns"), UINT64_MAX}};
    struct bank bank;
    (void)state;
    bank_start(&bank, BANK_SQLITE, 2, "");
    for (size_t i = 0; i < GW_COUNT_OF(wrong); i++) {
        struct gw_request *asked = bank_request(&bank, GW_REQUEST_LIMITS);
        asked->in.limits = &wrong[i];
        asked->in.limit_count = 1;
        assert_true(bank_ask(&bank, asked) < 0);
        assert_int_equal(asked->err.code, 2437);
        gw_request_free(asked);
    }
    set_limit(&bank, "ring", 16);
    bank_pay(&bank, 1, 2, 100);
    bank_drain(&bank);
    bank_check(&bank, 2, 20000);
    bank_done(&bank);
}

/* ---- more reads than a store takes at a time ---- */

static enum gw_memory_fault wait_at_the_gate(void *ctx, enum gw_store_call call, uint32_t slot,
                                             uint32_t rows)
{
    atomic_bool *shut = ctx;
    (void)slot;
    (void)rows;
    while (call == GW_STORE_CALL_FETCH && atomic_load(shut))
        bank_nap(1);
    return GW_MEMORY_GOOD;
}

/** A store with a full queue is slow, not gone: no call may be told that it cannot be reached. */
static void reads_wait_for_a_store_that_is_busy(void **state)
{
    enum { QUEUE = 64, CALLS = 100 };
    atomic_bool shut = true;
    const struct gw_memory_hooks hooks = {.ctx = &shut, .on_call = wait_at_the_gate};
    struct bank bank;
    struct gw_err err;
    (void)state;
    bank_init(&bank, BANK_MEMORY, "");
    bank.opts.workers = 1;
    bank.opts.fetch_timeout_ms = 60000;
    bank_open(&bank);
    bank_prepare(&bank);
    bank_deploy(&bank);
    bank_session(&bank);
    gw_memory_set_hooks(memory_of(&bank, 0), &hooks);
    for (uint64_t id = 1; id <= CALLS; id++) {
        struct gw_request *asked = bank_call(&bank, "open");
        bank_args(asked, "ud", id, (int64_t)10000);
        assert_ok(gw_asker_send(bank.asker, bank.engine, asked), &err);
        char sent[32];
        (void)snprintf(sent, sizeof(sent), "\"fetches\":%d,", (int)(2 * id));
        if (id <= QUEUE) /* each is a request of its own until the queue is full */
            bank_await_status(&bank, sent);
    }
    atomic_store(&shut, false);
    for (uint32_t i = 0; i < CALLS; i++) {
        struct gw_request *asked = gw_asker_next(bank.asker);
        assert_ok(asked->rc, &asked->err);
        assert_int_equal(bank_result(asked).status, GW_VM_DONE);
        gw_request_free(asked);
    }
    gw_memory_set_hooks(memory_of(&bank, 0), NULL);
    bank_drain(&bank);
    bank_done(&bank);
}

/* ---- onboarding ---- */

static const char item_text[] =
    "entity Item v1 { key id: u32  qty: u32\n"
    "  home a.items { id->id qty->qty } role source\n"
    "  home b.items { id->id qty->qty } role target }\n"
    "txn take(id: u32) -> u32 { x := Item[id]!  x.qty -= 1  return x.qty }\n";

static enum gw_vm_status take_item(struct bank *bank, uint64_t id, gw_rc *ret_rc)
{
    struct gw_request *asked = bank_call(bank, "take");
    bank_args(asked, "u", id);
    *ret_rc = bank_ask(bank, asked);
    enum gw_vm_status status = *ret_rc == GW_OK ? bank_result(asked).status : GW_VM_OUT_OF_MEMORY;
    gw_request_free(asked);
    return status;
}

static void copies_that_differ_stop_their_key_alone(void **state)
{
    struct bank bank;
    gw_rc rc;
    (void)state;
    bank_init(&bank, BANK_SQLITE, item_text);
    bank_make_stores(&bank, 2);
    for (int i = 0; i < 2; i++)
        sql(&bank, i ? "b" : "a",
            "CREATE TABLE items (id INTEGER PRIMARY KEY, qty INTEGER NOT NULL);"
            "INSERT INTO items VALUES (1, %d), (2, 20)",
            i ? 11 : 10);
    bank_open(&bank);
    bank_prepare(&bank);
    bank_deploy(&bank);
    bank_session(&bank);
    assert_int_not_equal(take_item(&bank, 1, &rc), GW_VM_DONE);
    bank_await_halts(&bank, 1);
    const char *json = bank_json(&bank, GW_REQUEST_HALTS);
    while (json[1] == ']')
        json = bank_json(&bank, GW_REQUEST_HALTS);
    if (!json_has(json, "\"scope\":\"key\"") || !json_has(json, "qty"))
        fail_msg("%s", json);
    assert_int_equal(take_item(&bank, 2, &rc), GW_VM_DONE); /* other keys, other entities go on */
    bank_pay(&bank, 1, 2, 100);
    assert_int_equal(sql_number(&bank, "a", "SELECT qty FROM items WHERE id = 1"), 10);
    assert_int_equal(sql_number(&bank, "b", "SELECT qty FROM items WHERE id = 1"), 11);
    bank_drain(&bank);
    assert_int_equal(sql_number(&bank, "b", "SELECT qty FROM items WHERE id = 2"), 19);
    bank_done(&bank);
}

/* ---- stores that go away ---- */

/** Calls fail at once while a pool backs off; a new key is read when it has tried again. */
static void bank_await_reads(struct bank *bank, uint64_t id)
{
    enum gw_vm_status status;
    do { /* bounded by the test's time-out */
        struct gw_request *asked = bank_call(bank, "open");
        bank_args(asked, "ud", id, (int64_t)10000);
        bank_ask_ok(bank, asked);
        status = bank_result(asked).status;
        gw_request_free(asked);
    } while (status == GW_VM_ABORT);
}

static void an_unreachable_store_fails_the_call_once(void **state)
{
    struct bank bank;
    (void)state;
    bank_start(&bank, BANK_MEMORY, 0, "");
    open_account(&bank, 1);
    bank_drain(&bank);
    gw_memory_set_down(memory_of(&bank, 0), true);
    struct gw_request *failed = bank_call(&bank, "open");
    bank_args(failed, "ud", (uint64_t)2, (int64_t)10000);
    bank_ask_ok(&bank, failed);
    struct gw_call_result result = bank_result(failed);
    assert_int_equal(result.status, GW_VM_ABORT);
    assert_int_equal(result.abort, GW_ABORT_FETCH_FAILED);
    gw_memory_set_down(memory_of(&bank, 0), false);
    bank.seq--; /* the same call again: the stored abort, not a second try */
    struct gw_request *again = bank_call(&bank, "open");
    bank_args(again, "ud", (uint64_t)2, (int64_t)10000);
    bank_ask_ok(&bank, again);
    assert_int_equal(again->out.applied, GW_APPLIED_DUPLICATE);
    assert_int_equal(bank_result(again).status, GW_VM_ABORT);
    bank_await_reads(&bank, 3);
    open_account(&bank, 2); /* a new call: done, once */
    bank_pay(&bank, 2, 1, 1000);
    bank_drain(&bank);
    assert_int_equal(bank_balance(&bank, 1), 11000);
    gw_request_free(failed);
    gw_request_free(again);
    bank_done(&bank);
}

static void a_store_down_is_parked_and_catches_up(void **state)
{
    struct bank bank;
    (void)state;
    bank_start(&bank, BANK_MEMORY, 0, "");
    open_account(&bank, 1);
    open_account(&bank, 2);
    bank_drain(&bank);
    bank_close(&bank);
    bank.opts.park_after_ms = 100;
    bank_open(&bank);
    bank_pay(&bank, 1, 2, 1);
    gw_memory_set_down(memory_of(&bank, 1), true);
    for (int i = 0; i < 50; i++)
        bank_pay(&bank, 1, 2, 1);
    await_number(&bank, "a", "dirty", 0); /* the other store is not held up */
    bank_await_status(&bank, "\"parked\":true");
    bank_pay(&bank, 1, 2, 1);
    gw_memory_set_down(memory_of(&bank, 1), false);
    bank_drain(&bank);
    bank_await_status(&bank, "\"store\":\"b\",\"state\":\"ready\",\"parked\":false");
    assert_int_equal(bank_balance(&bank, 2), 10052);
    assert_int_equal(json_number(bank_json(&bank, GW_REQUEST_STATUS), "halts"), 0);
    bank_done(&bank);
}

static void a_person_parks_and_unparks(void **state)
{
    struct bank bank;
    (void)state;
    bank_start(&bank, BANK_SQLITE, 2, "");
    bank_pay(&bank, 1, 2, 1);
    bank_drain(&bank);
    assert_int_equal(bank_simple(&bank, GW_REQUEST_PARK, "b", "maintenance"), GW_OK);
    bank_pay(&bank, 1, 2, 1);
    await_number(&bank, "a", "dirty", 0);
    assert_int_equal(sql_cents(&bank, "b", 2), 10001);
    assert_true(json_has(status_of(&bank, "b"), "\"parked\":true"));
    bank_close(&bank);
    bank_open(&bank); /* parked by a person: a restart does not change that */
    bank_pay(&bank, 1, 2, 1);
    await_number(&bank, "a", "dirty", 0);
    assert_int_equal(sql_cents(&bank, "b", 2), 10001);
    assert_int_equal(bank_simple(&bank, GW_REQUEST_UNPARK, "b", "done"), GW_OK);
    bank_drain(&bank);
    bank_check(&bank, 2, 20000);
    bank_done(&bank);
}

static void answers_that_get_lost_double_nothing(void **state)
{
    static const enum gw_memory_fault faults[] = {GW_MEMORY_LOSE_AFTER, GW_MEMORY_LOSE_BEFORE,
                                                  GW_MEMORY_TIMEOUT, GW_MEMORY_HOLD};
    struct bank bank;
    (void)state;
    bank_start(&bank, BANK_MEMORY, 0, "");
    for (uint64_t id = 1; id <= 3; id++)
        open_account(&bank, id);
    bank_drain(&bank);
    for (int i = 0; i < 24; i++) {
        gw_memory_script(memory_of(&bank, i % 2), GW_STORE_CALL_PUSH,
                         faults[i / 2 % (int)GW_COUNT_OF(faults)], 1 + (uint32_t)i % 3);
        bank_pay(&bank, (uint64_t)i % 3 + 1, (uint64_t)(i + 1) % 3 + 1, 100);
        if (i % 8 == 7)
            bank_drain(&bank);
        (void)gw_memory_release(memory_of(&bank, i % 2)); /* the delayed push comes now: too late */
    }
    bank_drain(&bank);
    bank_audit(&bank);
    const char *json = bank_json(&bank, GW_REQUEST_STATUS);
    if (json_number(json, "halts") != 0)
        fail_msg("%s", bank_json(&bank, GW_REQUEST_HALTS));
    for (uint64_t id = 1; id <= 3; id++)
        assert_int_equal(bank_balance(&bank, id), 10000);
    bank_done(&bank);
}

/* ---- stores that crawl, and too many calls ---- */

static int64_t crawl(void *ctx, enum gw_store_call call, uint32_t rows, bool before)
{
    (void)ctx;
    return before && call == GW_STORE_CALL_PUSH ? (int64_t)rows * 100 * GW_NS_PER_MS : 0;
}

static void a_crawling_store_slows_its_callers_down(void **state)
{
    struct bank bank;
    const struct gw_memory_hooks hooks = {.hold_ns = crawl};
    uint32_t done = 0, busy = 0;
    int64_t most = 0;
    (void)state;
    bank_start(&bank, BANK_MEMORY, 0, "");
    for (uint64_t id = 1; id <= 2; id++)
        open_account(&bank, id);
    bank_drain(&bank);
    set_limit(&bank, "dirty_bytes_max", 4096);
    gw_memory_set_hooks(memory_of(&bank, 1), &hooks);
    for (uint64_t i = 0; i < 400; i++) {
        struct gw_request *asked = bank_call(&bank, "pay");
        bank_args(asked, "uud", (uint64_t)1, (uint64_t)2, (int64_t)1);
        gw_rc rc = bank_ask(&bank, asked);
        if (rc == GW_OK) {
            done++;
        } else {
            assert_int_equal(rc, GW_BUSY);
            assert_int_equal(asked->err.code, 2429);
            bank.seq--; /* nothing happened: the number is free */
            busy++;
        }
        gw_request_free(asked);
        int64_t bytes = json_number(status_of(&bank, "b"), "dirty_bytes");
        most = GW_MAX(most, bytes);
    }
    assert_true(busy > 0 && done > 0);
    assert_in_range(most, 1, 4096 + 1024);
    gw_memory_set_hooks(memory_of(&bank, 1), NULL);
    bank_drain(&bank);
    bank_pay(&bank, 2, 1, done);
    bank_drain(&bank);
    assert_int_equal(bank_balance(&bank, 1), 10000);
    bank_done(&bank);
}

static void an_overload_is_refused_and_leaves_no_trace(void **state)
{
    enum { CALLS = 20000 };
    struct bank bank;
    uint32_t sent = 0, refused = 0, busy = 0, done = 0;
    (void)state;
    bank_init(&bank, BANK_MEMORY, "");
    bank.opts.mailbox_max = 128;
    bank_open(&bank);
    bank_prepare(&bank);
    bank_deploy(&bank);
    bank_session(&bank);
    open_account(&bank, 1);
    open_account(&bank, 2);
    for (int i = 0; i < CALLS; i++) {
        struct gw_request *asked = bank_call(&bank, "pay");
        asked->in.client = 0; /* a session would bound itself */
        bank_args(asked, "uud", (uint64_t)1, (uint64_t)2, (int64_t)0);
        if (gw_asker_send(bank.asker, bank.engine, asked) == GW_OK) {
            sent++;
            continue;
        }
        refused++;
        gw_request_free(asked);
    }
    for (struct gw_request *answer; (answer = gw_asker_next(bank.asker)) != NULL;) {
        assert_true(answer->rc == GW_OK || answer->rc == GW_BUSY);
        busy += answer->rc == GW_BUSY;
        done += answer->rc == GW_OK;
        gw_request_free(answer);
    }
    assert_int_equal(sent, busy + done);
    assert_true(refused + busy > 0);
    bank_pay(&bank, 1, 2, 100);
    bank_drain(&bank);
    assert_int_equal(bank_balance(&bank, 2), 10100);
    print_message("%u sent, %u refused, %u busy, %u done\n", sent, refused, busy, done);
    bank_done(&bank);
}

/* ---- a store that was restored from a copy ---- */

static void copy_store(struct bank *bank, const char *from, const char *to)
{
    char command[1400];
    (void)snprintf(command, sizeof(command), "cp %s/%s %s/%s && rm -f %s/b.db-wal %s/b.db-shm",
                   bank->folder, from, bank->folder, to, bank->folder, bank->folder);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): a test's own folder */
}

static void a_store_that_went_back_is_never_overwritten(void **state)
{
    struct bank bank;
    (void)state;
    bank_start(&bank, BANK_SQLITE, 3, "");
    bank_pay(&bank, 1, 2, 100);
    bank_drain(&bank);
    bank_close(&bank);
    sql(&bank, "b", "PRAGMA wal_checkpoint(TRUNCATE)");
    copy_store(&bank, "b.db", "b.copy");
    bank_open(&bank);
    bank_pay(&bank, 1, 2, 100);
    bank_drain(&bank);
    bank_close(&bank);
    copy_store(&bank, "b.copy", "b.db");
    bank_open(&bank);
    bank_await_status(&bank, "\"state\":\"stopped\"");
    assert_true(json_has(status_of(&bank, "b"), "\"parked\":true"));
    assert_int_equal(atomic_load(&bank.last_alert), 2615);
    assert_int_equal(sql_cents(&bank, "b", 2), 10100);
    assert_int_equal(bank_balance(&bank, 2), 10200); /* views go on */
    bank_close(&bank);
    bank_open(&bank); /* and again: it does not slip through with the next start */
    bank_await_status(&bank, "\"state\":\"stopped\"");
    assert_int_equal(sql_cents(&bank, "b", 2), 10100);
    assert_false(atomic_load(&bank.fatal));
    /* The person has looked: it is fenced again, audited, and the rows that went back are found one by one. */
    assert_int_equal(bank_simple(&bank, GW_REQUEST_UNPARK, "b", "restored on purpose"), GW_OK);
    (void)bank_simple(&bank, GW_REQUEST_RESUME, "", "go on");
    bank_await_status(&bank, "\"store\":\"b\",\"state\":\"ready\"");
    bank_audit(&bank);
    const char *json = bank_json(&bank, GW_REQUEST_HALTS);
    if (!json_has(json, "\"home\":\"b.konten\""))
        fail_msg("%s", json);
    assert_int_equal(sql_cents(&bank, "b", 2), 10100);
    bank_done(&bank);
}

/* ---- programs that are refused ---- */

static void a_refused_program_leaves_nothing_behind(void **state)
{
    struct bank bank;
    char right[8192];
    (void)state;
    bank_init(&bank, BANK_SQLITE, "");
    bank_make_stores(&bank, 2);
    bank_open(&bank);
    bank_prepare(&bank);
    (void)snprintf(right, sizeof(right), "%s", bank.program);
    char *path = strstr(bank.program, "/b.db");
    path[1] = 'x'; /* a file that does not exist */
    for (int i = 0; i < 3; i++) {
        struct gw_request *asked = bank_request(&bank, GW_REQUEST_PROGRAM);
        asked->in.source = gw_text_bytes(gw_text(bank.program));
        assert_int_equal(bank_ask(&bank, asked), GW_INVALID);
        gw_request_free(asked);
        (void)bank_json(&bank, GW_REQUEST_STATUS);
    }
    (void)snprintf(bank.program, sizeof(bank.program), "%s", right);
    bank_deploy(&bank);
    bank_session(&bank);
    bank_pay(&bank, 1, 2, 100);
    bank_drain(&bank);
    bank_check(&bank, 2, 20000);
    bank_done(&bank);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refused_row_waits_and_lands_when_it_can),
        cmocka_unit_test(a_refused_row_stays_parked_until_somebody_asks),
        cmocka_unit_test(a_whole_table_that_somebody_rewrote_is_found_row_by_row),
        cmocka_unit_test(a_program_larger_than_a_batch_is_refused),
        cmocka_unit_test(a_session_that_nobody_uses_is_forgotten),
        cmocka_unit_test(a_limit_that_bounds_nothing_is_refused),
        cmocka_unit_test(reads_wait_for_a_store_that_is_busy),
        cmocka_unit_test(copies_that_differ_stop_their_key_alone),
        cmocka_unit_test(an_unreachable_store_fails_the_call_once),
        cmocka_unit_test(a_store_down_is_parked_and_catches_up),
        cmocka_unit_test(a_person_parks_and_unparks),
        cmocka_unit_test(answers_that_get_lost_double_nothing),
        cmocka_unit_test(a_crawling_store_slows_its_callers_down),
        cmocka_unit_test(an_overload_is_refused_and_leaves_no_trace),
        cmocka_unit_test(a_store_that_went_back_is_never_overwritten),
        cmocka_unit_test(a_refused_program_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
