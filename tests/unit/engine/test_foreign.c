/* Another program changes a row behind the engine's back: every kind, at every window. It is found before any write of
 * ours reaches that row, the fields are named, nothing foreign is overwritten, and each way to resolve goes on. */
#include "fixture.h"

#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>

#include "os/clock.h"

enum kind { VALUE, VERSION, DELETED, INSERTED };
enum window { IDLE_THEN_CALL, BETWEEN_INTENT_AND_PUSH, IN_AN_AUDIT, EVICTED };
static const char *const kind_names[] = {"value", "version", "delete", "insert"};
static const char *const window_names[] = {"idle", "intent..push", "audit", "evicted"};

/** The victim: account 1, or 9 that is known to be absent. */
static uint64_t key_of(enum kind kind)
{
    return kind == INSERTED ? 9 : 1;
}

static const char *change_of(const char *store, enum kind kind)
{
    static const char *const a[] = {
        "UPDATE accounts SET balance = '777.77' WHERE id = 1",
        "UPDATE accounts SET _gw_ver = _gw_ver + 7 WHERE id = 1",
        "DELETE FROM accounts WHERE id = 1",
        "INSERT INTO accounts (id, balance, name) VALUES (9, '777.77', 'stranger')"};
    static const char *const b[] = {
        "UPDATE konten SET stand = '777.77' WHERE nr = 1",
        "UPDATE konten SET _gw_ver = _gw_ver + 7 WHERE nr = 1", "DELETE FROM konten WHERE nr = 1",
        "INSERT INTO konten (nr, stand, inhaber) VALUES (9, '777.77', 'stranger')"};
    return store[0] == 'a' ? a[kind] : b[kind];
}

static sqlite3 *lock_store(struct bank *bank, const char *store)
{
    char path[300];
    sqlite3 *db = NULL;
    (void)snprintf(path, sizeof(path), "%s/%s.db", bank->folder, store);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    (void)sqlite3_busy_timeout(db, 5000);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    return db;
}

static void unlock_store(sqlite3 *db)
{
    assert_int_equal(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/** A call that makes the victim dirty in both stores. */
static void write_victim(struct bank *bank, enum kind kind)
{
    if (kind != INSERTED) {
        bank_pay(bank, 1, 3, 500);
        return;
    }
    struct gw_request *asked = bank_call(bank, "open");
    bank_args(asked, "ud", (uint64_t)9, (int64_t)500);
    bank_ask_ok(bank, asked);
    assert_int_equal(bank_result(asked).status, GW_VM_DONE);
    gw_request_free(asked);
}

static void touch(struct bank *bank, uint64_t id)
{
    struct gw_request *asked = bank_call(bank, "touch");
    bank_args(asked, "u", id);
    (void)bank_ask(bank, asked); /* it may be what finds the change */
    gw_request_free(asked);
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

static void evict_all(struct bank *bank)
{
    set_limit(bank, "resident_bytes_max", 1);
    for (uint64_t i = 0; i < 3; i++)
        for (uint64_t id = 2; id <= 4; id++)
            touch(bank, id);
    set_limit(bank, "resident_bytes_max", 1 << 30);
}

static void change_at(struct bank *bank, const char *store, enum kind kind, enum window window)
{
    const char *change = change_of(store, kind);
    char intent[64];
    sqlite3 *db;
    switch (window) {
    case IDLE_THEN_CALL:
        sql(bank, store, "%s", change);
        write_victim(bank, kind);
        break;
    case BETWEEN_INTENT_AND_PUSH:
        db = lock_store(bank, store);
        write_victim(bank, kind);
        for (int64_t until = gw_clock_mono_ns() + GW_NS_PER_S;;) {
            (void)snprintf(intent, sizeof(intent), "\"store\":\"%s\"", store);
            const char *json = strstr(bank_json(bank, GW_REQUEST_STATUS), intent);
            assert_non_null(json);
            if (json_number(json, "intents") > 0)
                break;
            if (gw_clock_mono_ns() > until)
                fail_msg("no intent");
            bank_nap(1); /* between two polls of a condition */
        }
        assert_int_equal(sqlite3_exec(db, change, NULL, NULL, NULL), SQLITE_OK);
        unlock_store(db);
        break;
    case IN_AN_AUDIT:
        sql(bank, store, "%s", change);
        bank_audit(bank);
        break;
    case EVICTED:
        evict_all(bank);
        sql(bank, store, "%s", change);
        touch(bank, key_of(kind));
        bank_audit(bank); /* a refetch reads the source only; the rest is the auditor's */
        break;
    }
}

/** What the foreign writer left is still there. */
static void assert_untouched(struct bank *bank, const char *store, enum kind kind, int64_t before)
{
    int64_t cents = sql_cents(bank, store, key_of(kind));
    switch (kind) {
    case VALUE:
    case INSERTED:
        assert_int_equal(cents, 77777);
        break;
    case VERSION:
        assert_int_equal(cents, before);
        break;
    case DELETED:
        assert_int_equal(cents, -1);
        break;
    }
}

static void assert_named(struct bank *bank, const char *store, enum kind kind)
{
    const char *json = bank_json(bank, GW_REQUEST_HALTS);
    char home[64], key[32];
    const char *column = store[0] == 'a' ? "\"balance\"" : "\"stand\"";
    while (json[1] == ']') /* the state shows it at once, the list when it is durable */
        json = bank_json(bank, GW_REQUEST_HALTS);
    (void)snprintf(home, sizeof(home), "\"home\":\"%s\"",
                   store[0] == 'a' ? "a.accounts" : "b.konten");
    (void)snprintf(key, sizeof(key), "\"key\":\"%d\"", (int)key_of(kind));
    if (!json_has(json, home) || !json_has(json, key) || !json_has(json, "\"entity\":\"Account\""))
        fail_msg("no %s %s in %s", home, key, json);
    if (kind != VALUE)
        return;
    /* of an evicted key the fields are named, not the columns */
    if (!json_has(json, column) && !json_has(json, "\"bal\""))
        fail_msg("no %s in %s", column, json);
    if (!json_has(json, "777.77"))
        fail_msg("no value in %s", json);
}

static void warm(struct bank *bank, uint64_t id)
{
    struct gw_request *asked = bank_request(bank, GW_REQUEST_WARM);
    asked->in.fn = GW_TEXT_LIT("touch");
    bank_args(asked, "u", id);
    (void)bank_ask(bank, asked);
    gw_request_free(asked);
}

/** Every open finding, the same way. */
static void resolve_all(struct bank *bank, enum kind kind, uint32_t take)
{
    for (int i = 0; i < 4; i++) {
        const char *json = bank_json(bank, GW_REQUEST_HALTS);
        int64_t n = json_number(json, "n");
        if (n < 0)
            break;
        gw_rc rc = bank_resolve(bank, (uint64_t)n, take, key_of(kind), true);
        if (rc == GW_CONFLICT && i < 2) { /* evicted: it says to warm the key first */
            warm(bank, key_of(kind));
            continue;
        }
        if (rc != GW_OK)
            fail_msg("resolve says %d; %s", (int)rc, bank_json(bank, GW_REQUEST_HALTS));
    }
    bank_await_halts(bank, 0);
}

static void assert_agree(struct bank *bank, enum kind kind, uint32_t take, int64_t before)
{
    int64_t view = bank_balance(bank, key_of(kind));
    assert_int_equal(sql_cents(bank, "a", key_of(kind)), view);
    assert_int_equal(sql_cents(bank, "b", key_of(kind)), view);
    if (take == GW_TAKE_EXPECTED && before != 0)
        assert_int_equal(view, before);
    if (take == GW_TAKE_ACTUAL && (kind == VALUE || kind == INSERTED))
        assert_int_equal(view, 77777);
    if (take == GW_TAKE_ACTUAL && kind == DELETED)
        assert_int_equal(view, -1);
}

static void story(const char *store, enum kind kind, enum window window, uint32_t take)
{
    struct bank bank;
    print_message("%s %s %s, take %s\n", store, kind_names[kind], window_names[window],
                  take == GW_TAKE_EXPECTED ? "expected" : "actual");
    bank_start(&bank, BANK_SQLITE, 4, "");
    bank_pay(&bank, 1, 2, 100);
    for (uint64_t id = 1; id <= 4; id++)
        touch(&bank, id);
    (void)bank_pay_status(&bank, 9, 1, 1); /* 9 is known to be absent from now on */
    bank_drain(&bank);
    int64_t before = sql_cents(&bank, store, key_of(kind));
    change_at(&bank, store, kind, window);
    bank_await_status(&bank, "\"halted\":true");
    assert_untouched(&bank, store, kind, before);
    assert_named(&bank, store, kind);
    bool pending = window == IDLE_THEN_CALL || window == BETWEEN_INTENT_AND_PUSH;
    int64_t expected = !pending ? before : kind == INSERTED ? 500 : before - 500;
    resolve_all(&bank, kind, take);
    bank_drain(&bank);
    assert_agree(&bank, kind, take, expected);
    bank_pay(&bank, 2, 3, 100); /* life goes on */
    bank_drain(&bank);
    bank_audit(&bank);
    assert_int_equal(json_number(bank_json(&bank, GW_REQUEST_STATUS), "halts"), 0);
    assert_false(atomic_load(&bank.fatal));
    bank_done(&bank);
}

static void all_kinds(enum window window)
{
    static const char *const stores[] = {"a", "b"};
    for (int s = 0; s < 2; s++)
        for (enum kind kind = VALUE; kind <= INSERTED; kind++)
            for (uint32_t take = GW_TAKE_EXPECTED; take <= GW_TAKE_ACTUAL; take++)
                story(stores[s], kind, window, take);
}

static void a_change_while_idle_is_found_by_the_next_push(void **state)
{
    (void)state;
    all_kinds(IDLE_THEN_CALL);
}

static void a_change_between_intent_and_push_is_found(void **state)
{
    (void)state;
    all_kinds(BETWEEN_INTENT_AND_PUSH);
}

static void a_change_is_found_by_the_auditor(void **state)
{
    (void)state;
    all_kinds(IN_AN_AUDIT);
}

static void a_change_of_an_evicted_key_is_found(void **state)
{
    (void)state;
    all_kinds(EVICTED);
}

static const struct gw_program_entity *account_of(struct bank *bank)
{
    return gw_program_entity(gw_engine_program(bank->engine), GW_TEXT_LIT("Account"));
}

/** Neither was right: a person writes the row. */
static void a_person_may_give_the_image(void **state)
{
    struct bank bank;
    uint8_t bytes[256];
    struct gw_buf image;
    (void)state;
    bank_start(&bank, BANK_SQLITE, 4, "");
    bank_pay(&bank, 1, 2, 100);
    bank_drain(&bank);
    sql(&bank, "b", "%s", change_of("b", VALUE));
    bank_audit(&bank);
    bank_await_status(&bank, "\"halted\":true");
    assert_named(&bank, "b", VALUE);
    const union gw_value fields[] = {
        {.u = 1}, {.i = 12345}, {.bytes = gw_text_bytes(GW_TEXT_LIT("set by hand"))}};
    gw_buf_init_fixed(&image, bytes, sizeof(bytes));
    gw_image_encode(&account_of(&bank)->entity, fields, &image);
    bank.image = gw_buf_bytes(&image);
    assert_int_equal(bank_resolve(&bank, 1, GW_TAKE_IMAGE, 1, true), GW_OK);
    bank_drain(&bank);
    assert_int_equal(bank_balance(&bank, 1), 12345);
    assert_int_equal(sql_cents(&bank, "a", 1), 12345);
    assert_int_equal(sql_cents(&bank, "b", 1), 12345);
    assert_int_equal(
        sql_number(&bank, "a", "SELECT count(*) FROM accounts WHERE name = 'set by hand'"), 1);
    bank_done(&bank);
}

static void change_memory(struct bank *bank, enum kind kind)
{
    struct gw_memory *memory = NULL;
    struct gw_err err;
    const struct gw_home *home = &account_of(bank)->homes[1]->home;
    const union gw_value key = {.u = key_of(kind)};
    const union gw_value row[] = {
        {.u = 9}, {.i = 77777}, {.bytes = gw_text_bytes(GW_TEXT_LIT("stranger"))}};
    assert_ok(gw_memory_of(gw_text(bank->names[1]), &memory, &err), &err);
    gw_rc rc = kind == VALUE     ? gw_memory_set(memory, home, &key, 1, row[1], &err)
               : kind == VERSION ? gw_memory_set_ver(memory, home, &key, 99, &err)
               : kind == DELETED ? gw_memory_delete(memory, home, &key, &err)
                                 : gw_memory_put(memory, home, row, GW_VERSION_NONE, &err);
    assert_ok(rc, &err);
}

static void memory_stores_are_watched_as_well(void **state)
{
    (void)state;
    for (enum kind kind = VALUE; kind <= INSERTED; kind++) {
        struct bank bank;
        bank_start(&bank, BANK_MEMORY, 0, "");
        for (uint64_t id = 1; id <= 3; id++) {
            struct gw_request *asked = bank_call(&bank, "open");
            bank_args(asked, "ud", id, (int64_t)10000);
            bank_ask_ok(&bank, asked);
            gw_request_free(asked);
        }
        (void)bank_pay_status(&bank, 9, 1, 1);
        bank_drain(&bank);
        change_memory(&bank, kind);
        write_victim(&bank, kind);
        bank_await_status(&bank, "\"halted\":true");
        assert_named(&bank, "b", kind);
        resolve_all(&bank, kind, GW_TAKE_EXPECTED);
        bank_drain(&bank);
        bank_audit(&bank);
        assert_int_equal(json_number(bank_json(&bank, GW_REQUEST_STATUS), "halts"), 0);
        assert_int_equal(bank_balance(&bank, key_of(kind)), kind == INSERTED ? 500 : 9500);
        bank_done(&bank);
    }
}

/** Payments, evictions, audits without pause and restarts: nobody foreign, no halt. */
static void without_a_foreign_writer_nothing_is_ever_found(void **state)
{
    struct bank bank;
    (void)state;
    bank_start(&bank, BANK_SQLITE, 8, "");
    bank_close(&bank);
    bank.opts.no_audit = false;
    bank.opts.audit_rows_per_s = 1000000;
    bank_open(&bank);
    set_limit(&bank, "resident_bytes_max", 1500);
    for (uint64_t i = 0; i < 400; i++) {
        bank_pay(&bank, i % 8 + 1, (i * 5 + 1) % 8 + 1, 1);
        if (i % 40 == 0)
            bank_audit(&bank);
        if (i % 150 == 149) {
            bank_close(&bank);
            bank_open(&bank);
        }
    }
    bank_drain(&bank);
    bank_audit(&bank);
    const char *json = bank_json(&bank, GW_REQUEST_STATUS);
    assert_int_equal(json_number(json, "halts"), 0);
    assert_true(json_has(json, "\"halted\":false"));
    bank_check(&bank, 8, 80000);
    bank_done(&bank);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_change_while_idle_is_found_by_the_next_push),
        cmocka_unit_test(a_change_between_intent_and_push_is_found),
        cmocka_unit_test(a_change_is_found_by_the_auditor),
        cmocka_unit_test(a_change_of_an_evicted_key_is_found),
        cmocka_unit_test(a_person_may_give_the_image),
        cmocka_unit_test(memory_stores_are_watched_as_well),
        cmocka_unit_test(without_a_foreign_writer_nothing_is_ever_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
