#include "fixture.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "codec/cbor.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/heap.h"
#include "os/mutex.h"
#include "record/text.h"

enum { WAIT_NS = 20, NAP_MS = 2 };

static const char declarations[] =
    "enum PayErr : u8 { NO_SRC NO_DST INSUFFICIENT }\n"
    "entity Account v1 {\n"
    "  key id: u32\n"
    "  bal: dec<12,2>\n"
    "  name: str<40> = \"\"\n"
    "  home a.accounts { id->id bal->balance name->name } role source\n"
    "  home b.konten { id->nr bal->stand name->inhaber } role target\n"
    "  onboard prefer a\n"
    "}\n"
    "entity Transfer v1 { key id: u128   src: u32 dst: u32 amt: dec<12,2>\n"
    "  home b.transfers { * } role target }\n"
    "txn open(id: u32, amt: dec<12,2>) -> u32 | PayErr {\n"
    "  x := Account.create { id, bal: amt }\n"
    "  return x.id\n"
    "}\n"
    "txn close(id: u32) { delete Account[id]! }\n"
    "txn rename(id: u32, name: str<40>) { x := Account[id]!  x.name = name }\n"
    "txn touch(id: u32) -> dec<12,2> { x := Account[id]!  return x.bal }\n"
    "txn pay(src: u32, dst: u32, amt: dec<12,2>) -> u128 | PayErr {\n"
    "  x := Account[src] else fail NO_SRC\n"
    "  y := Account[dst] else fail NO_DST\n"
    "  if x.bal < amt { fail INSUFFICIENT }\n"
    "  x.bal -= amt\n"
    "  y.bal += amt\n"
    "  t := Transfer.create { id: new_id(), src, dst, amt }\n"
    "  return t.id\n"
    "}\n"
    "view balance(id: u32) -> opt<dec<12,2>> {\n"
    "  if not Account.exists(id) { return none }\n"
    "  return some(Account[id]!.bal)\n"
    "}\n";

static const char *const store_names[] = {"a", "b"};

/* ---- life ---- */

static void on_fatal(void *ctx, const struct gw_err *err)
{
    struct bank *bank = ctx;
    if (!atomic_exchange(&bank->fatal, true))
        (void)snprintf(bank->fatal_text, sizeof(bank->fatal_text), "GW%u %s", (unsigned)err->code,
                       err->msg);
}

static void on_alert(void *ctx, gw_code code, struct gw_text text)
{
    struct bank *bank = ctx;
    (void)text;
    atomic_fetch_add(&bank->alerts, 1);
    atomic_store(&bank->last_alert, (unsigned)code);
}

static void write_program(struct bank *bank, const char *extra)
{
    int len;
    if (bank->kind == BANK_SQLITE)
        len = snprintf(bank->program, sizeof(bank->program),
                       "program bank version 1\nstore a : sqlite \"%s/a.db\"\n"
                       "store b : sqlite \"%s/b.db\"\n%s%s",
                       bank->folder, bank->folder, declarations, extra);
    else
        len = snprintf(bank->program, sizeof(bank->program),
                       "program bank version 1\nstore a : memory \"%s\"\n"
                       "store b : memory \"%s\"\n%s%s",
                       bank->names[0], bank->names[1], declarations, extra);
    assert_in_range(len, 1, sizeof(bank->program) - 1);
}

void bank_init_at(struct bank *bank, const char *folder, enum bank_kind kind, const char *extra)
{
    static unsigned made;
    struct gw_err err;
    *bank = (struct bank){.kind = kind};
    (void)snprintf(bank->folder, sizeof(bank->folder), "%s", folder);
    (void)snprintf(bank->state, sizeof(bank->state), "%s/state", folder);
    made++;
    for (int i = 0; i < 2; i++)
        (void)snprintf(bank->names[i], sizeof(bank->names[i]), "bank_%d_%u_%s", (int)getpid(), made,
                       store_names[i]);
    write_program(bank, extra);
    bank->opts = (struct gw_engine_opts){
        .state = bank->state,
        .kv_bytes_max = 1 << 30,
        .segment_bytes = 1 << 20,
        .no_audit = true,
        .on_fatal = on_fatal,
        .on_alert = on_alert,
        .ctx = bank,
    };
    assert_ok(gw_asker_open(&bank->asker, &err), &err);
}

void bank_init(struct bank *bank, enum bank_kind kind, const char *extra)
{
    char folder[256];
    gw_kit_folder(folder, sizeof(folder));
    bank_init_at(bank, folder, kind, extra);
}

static struct gw_memory *memory_of(struct bank *bank, int store)
{
    struct gw_memory *memory = NULL;
    struct gw_err err;
    assert_ok(gw_memory_of(gw_text(bank->names[store]), &memory, &err), &err);
    return memory;
}

void bank_done(struct bank *bank)
{
    if (bank->engine)
        (void)gw_engine_close(bank->engine, NULL);
    bank->engine = NULL;
    gw_asker_close(bank->asker);
    if (bank->kind == BANK_MEMORY)
        for (int i = 0; i < 2; i++)
            gw_memory_drop(memory_of(bank, i));
    gw_kit_remove(bank->folder);
}

gw_rc bank_try_open(struct bank *bank, struct gw_err *err)
{
    bank->opts.ctx = bank;
    bank->opts.state = bank->state;
    return gw_engine_open(&bank->opts, &bank->engine, &bank->report, err);
}

void bank_open(struct bank *bank)
{
    struct gw_err err;
    assert_ok(bank_try_open(bank, &err), &err);
}

void bank_close(struct bank *bank)
{
    struct gw_err err;
    gw_rc rc = gw_engine_close(bank->engine, &err);
    bank->engine = NULL;
    assert_ok(rc, &err);
}

/* ---- stores ---- */

static int64_t run_sql(struct bank *bank, const char *store, const char *text)
{
    char path[300];
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;
    int64_t number = -1;
    const char *rest = text;
    (void)snprintf(path, sizeof(path), "%s/%s.db", bank->folder, store);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    (void)sqlite3_busy_timeout(db, 10000);
    while (*rest) {
        int rc = sqlite3_prepare_v2(db, rest, -1, &stmt, &rest);
        if (rc == SQLITE_OK && stmt == NULL)
            break;
        if (rc == SQLITE_OK) {
            rc = sqlite3_step(stmt);
            if (rc == SQLITE_ROW && sqlite3_column_type(stmt, 0) != SQLITE_NULL)
                number = sqlite3_column_int64(stmt, 0);
        }
        if (rc != SQLITE_ROW && rc != SQLITE_DONE)
            fail_msg("%s.db: %s: %s", store, sqlite3_errmsg(db), text);
        (void)sqlite3_finalize(stmt);
    }
    (void)sqlite3_close(db);
    return number;
}

void sql(struct bank *bank, const char *store, const char *fmt, ...)
{
    char text[4096];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    (void)run_sql(bank, store, text);
}

int64_t sql_number(struct bank *bank, const char *store, const char *fmt, ...)
{
    char text[4096];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    return run_sql(bank, store, text);
}

int64_t sql_cents(struct bank *bank, const char *store, uint64_t id)
{
    bool is_a = store[0] == 'a';
    return sql_number(bank, store, "SELECT CAST(round(%s * 100) AS INTEGER) FROM %s WHERE %s = %d",
                      is_a ? "balance" : "stand", is_a ? "accounts" : "konten", is_a ? "id" : "nr",
                      (int)id);
}

void bank_make_stores(struct bank *bank, uint32_t count)
{
    if (bank->kind == BANK_MEMORY)
        return;
    sql(bank, "a",
        "PRAGMA journal_mode=WAL;"
        "CREATE TABLE accounts (id INTEGER PRIMARY KEY, balance TEXT NOT NULL, name TEXT NOT NULL);"
        "CREATE TABLE writes (tbl TEXT, key, ver);"
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %u)"
        "  INSERT INTO accounts SELECT i, '100.00', 'account ' || i FROM n WHERE %u > 0",
        count, count);
    sql(bank, "b",
        "PRAGMA journal_mode=WAL;"
        "CREATE TABLE konten (nr INTEGER PRIMARY KEY, stand TEXT NOT NULL, inhaber TEXT NOT NULL);"
        "CREATE TABLE transfers (id BLOB PRIMARY KEY, src INTEGER NOT NULL, dst INTEGER NOT NULL,"
        "  amt TEXT NOT NULL) WITHOUT ROWID;"
        "CREATE TABLE writes (tbl TEXT, key, ver)");
}

static void prepare_store(struct bank *bank, const struct gw_program *program, uint32_t position)
{
    struct gw_err err;
    struct gw_store *store = NULL;
    char url[320];
    if (bank->kind == BANK_SQLITE)
        (void)snprintf(url, sizeof(url), "sqlite:%s/%s.db", bank->folder, store_names[position]);
    else
        (void)snprintf(url, sizeof(url), "memory:%s", bank->names[position]);
    const struct gw_store_config config = {
        .name = gw_text(store_names[position]), .url = gw_text(url), .timeout_ms = 5000};
    const struct gw_home *homes[8];
    uint32_t count = 0;
    for (uint32_t i = 0; i < program->home_count; i++)
        if (program->homes[i]->home.store == position)
            homes[count++] = &program->homes[i]->home;
    assert_ok(gw_store_open(&config, &store, &err), &err);
    assert_ok(store->ops->prepare(store, homes, count, &err), &err);
    gw_store_close(store);
}

static void log_writes(struct bank *bank, const char *store, const char *table, const char *key)
{
    static const char *const verbs[] = {"INSERT", "UPDATE"};
    for (int i = 0; i < 2; i++)
        sql(bank, store,
            "CREATE TRIGGER log_%s_%s AFTER %s ON %s BEGIN "
            "INSERT INTO writes VALUES ('%s', new.%s, new._gw_ver); END",
            table, verbs[i], verbs[i], table, table, key);
}

void bank_prepare(struct bank *bank)
{
    struct gw_arena arena;
    struct gw_diags diags = {0};
    struct gw_err err;
    const struct gw_program *program = NULL;
    gw_arena_init(&arena, &gw_kit_alloc, 64 << 20);
    assert_ok(gw_lang_compile(gw_text("bank"), gw_text(bank->program), &gw_lang_limits_default,
                              &arena, &diags, &program, &err),
              &err);
    prepare_store(bank, program, 0);
    prepare_store(bank, program, 1);
    gw_arena_done(&arena);
    if (bank->kind == BANK_MEMORY)
        return;
    log_writes(bank, "a", "accounts", "id");
    log_writes(bank, "b", "konten", "nr");
    log_writes(bank, "b", "transfers", "id");
}

/* ---- asking ---- */

struct gw_request *bank_request(struct bank *bank, enum gw_request_kind kind)
{
    struct gw_request *made = gw_request_new(kind, gw_asker_actor(bank->asker), NULL);
    assert_non_null(made);
    return made;
}

gw_rc bank_ask(struct bank *bank, struct gw_request *request)
{
    return gw_ask(bank->asker, bank->engine, request, NULL);
}

void bank_ask_ok(struct bank *bank, struct gw_request *request)
{
    gw_rc rc = bank_ask(bank, request);
    if (rc == GW_CLOSED)
        print_error("the engine ended: %s\n", bank->fatal_text);
    assert_ok(rc, &request->err);
}

void bank_deploy(struct bank *bank)
{
    struct gw_request *asked = bank_request(bank, GW_REQUEST_PROGRAM);
    asked->in.source = gw_text_bytes(gw_text(bank->program));
    gw_rc rc = bank_ask(bank, asked);
    if (rc < 0)
        print_error("%.*s\n", GW_TEXT_ARG(asked->out.json));
    assert_ok(rc, &asked->err);
    gw_request_free(asked);
}

void bank_session(struct bank *bank)
{
    struct gw_request *asked = bank_request(bank, GW_REQUEST_SESSION);
    asked->in.verb = GW_SESSION_OPEN;
    bank_ask_ok(bank, asked);
    bank->client = asked->out.number;
    bank->seq = 0;
    gw_request_free(asked);
}

void bank_start(struct bank *bank, enum bank_kind kind, uint32_t accounts, const char *extra)
{
    bank_init(bank, kind, extra);
    bank_make_stores(bank, accounts);
    bank_open(bank);
    bank_prepare(bank);
    bank_deploy(bank);
    bank_session(bank);
}

void bank_args(struct gw_request *request, const char *form, ...)
{
    enum { ROOM = 16384 };
    uint8_t *memory = gw_arena_get_raw(&request->arena, ROOM);
    struct gw_buf args;
    va_list list;
    gw_buf_init_fixed(&args, memory, ROOM);
    gw_cbor_put_array(&args, strlen(form));
    va_start(list, form);
    for (const char *at = form; *at; at++) {
        if (*at == 'u') {
            gw_cbor_put_uint(&args, va_arg(list, uint64_t));
        } else if (*at == 'd') {
            gw_cbor_put_array(&args, 2);
            gw_cbor_put_uint(&args, 2);
            gw_cbor_put_int(&args, va_arg(list, int64_t));
        } else {
            gw_cbor_put_text(&args, gw_text(va_arg(list, const char *)));
        }
    }
    va_end(list);
    assert_false(args.failed);
    request->in.args = gw_buf_bytes(&args);
}

struct gw_request *bank_call(struct bank *bank, const char *fn)
{
    struct gw_request *asked = bank_request(bank, GW_REQUEST_CALL);
    asked->in.client = bank->client;
    asked->in.seq = ++bank->seq;
    asked->in.fn = gw_text(fn);
    return asked;
}

struct gw_call_result bank_result(struct gw_request *request)
{
    struct gw_call_result result;
    struct gw_err err;
    assert_ok(
        gw_call_result_decode(request->out.fn, request->out.result, &request->arena, &result, &err),
        &err);
    return result;
}

enum gw_vm_status bank_pay_status(struct bank *bank, uint64_t src, uint64_t dst, int64_t cents)
{
    struct gw_request *asked = bank_call(bank, "pay");
    bank_args(asked, "uud", src, dst, cents);
    bank_ask_ok(bank, asked);
    struct gw_call_result result = bank_result(asked);
    if (result.status == GW_VM_ABORT)
        print_message("pay(%d, %d) aborts: %d %.*s\n", (int)src, (int)dst, (int)result.abort,
                      GW_TEXT_ARG(result.detail));
    gw_request_free(asked);
    return result.status;
}

void bank_pay(struct bank *bank, uint64_t src, uint64_t dst, int64_t cents)
{
    assert_int_equal(bank_pay_status(bank, src, dst, cents), GW_VM_DONE);
}

int64_t bank_balance(struct bank *bank, uint64_t id)
{
    struct gw_request *asked = bank_request(bank, GW_REQUEST_VIEW);
    asked->in.fn = gw_text("balance");
    bank_args(asked, "u", id);
    bank_ask_ok(bank, asked);
    struct gw_call_result result = bank_result(asked);
    assert_int_equal(result.status, GW_VM_DONE);
    int64_t cents = result.value.opt ? (int64_t)result.value.opt->i : -1;
    gw_request_free(asked);
    return cents;
}

void bank_drain(struct bank *bank)
{
    int64_t until = gw_clock_mono_ns() + WAIT_NS * GW_NS_PER_S;
    const char *json;
    do {
        json = bank_json(bank, GW_REQUEST_STATUS);
        const char *b = strstr(json, "\"store\":\"b\"");
        if (b && json_number(json, "dirty") == 0 && json_number(b, "dirty") == 0)
            return;
        bank_nap(NAP_MS); /* between two polls of a condition */
    } while (gw_clock_mono_ns() < until && !atomic_load(&bank->fatal));
    fail_msg("not drained (%s): %s", bank->fatal_text, json);
}

gw_rc bank_simple(struct bank *bank, enum gw_request_kind kind, const char *store,
                  const char *reason)
{
    struct gw_request *asked = bank_request(bank, kind);
    asked->in.store = gw_text(store);
    asked->in.reason = gw_text(reason);
    asked->in.actor = GW_TEXT_LIT("test");
    gw_rc rc = bank_ask(bank, asked);
    gw_request_free(asked);
    return rc;
}

struct gw_hash128 bank_sum(struct bank *bank, uint64_t *ret_index)
{
    struct gw_request *asked = bank_request(bank, GW_REQUEST_CHECK);
    bank_ask_ok(bank, asked);
    struct gw_hash128 sum = asked->out.sum;
    if (ret_index)
        *ret_index = asked->out.at.index;
    gw_request_free(asked);
    return sum;
}

void bank_audit(struct bank *bank)
{
    struct gw_request *asked = bank_request(bank, GW_REQUEST_AUDIT);
    bank_ask_ok(bank, asked);
    gw_request_free(asked);
}

void bank_nap(uint32_t ms)
{
    struct gw_mutex *clock = NULL;
    struct gw_err err;
    int64_t until = gw_clock_mono_ns() + (int64_t)ms * GW_NS_PER_MS;
    assert_ok(gw_mutex_new(&clock, &err), &err);
    gw_mutex_lock(clock);
    while (gw_mutex_wait(clock, until))
        ;
    gw_mutex_unlock(clock);
    gw_mutex_free(clock);
}

/* ---- JSON ---- */

const char *bank_json(struct bank *bank, enum gw_request_kind kind)
{
    static char text[65536];
    struct gw_request *asked = bank_request(bank, kind);
    bank_ask_ok(bank, asked);
    assert_in_range(asked->out.json.len, 1, sizeof(text) - 1);
    memcpy(text, asked->out.json.data, asked->out.json.len);
    text[asked->out.json.len] = '\0';
    gw_request_free(asked);
    return text;
}

int64_t json_number(const char *json, const char *name)
{
    char sought[64];
    (void)snprintf(sought, sizeof(sought), "\"%s\":", name);
    const char *at = strstr(json, sought);
    return at ? strtoll(at + strlen(sought), NULL, 10) : -1;
}

bool json_has(const char *json, const char *fragment)
{
    return strstr(json, fragment) != NULL;
}

void bank_await_status(struct bank *bank, const char *fragment)
{
    int64_t until = gw_clock_mono_ns() + WAIT_NS * GW_NS_PER_S;
    const char *json;
    while (!json_has(json = bank_json(bank, GW_REQUEST_STATUS), fragment)) {
        if (gw_clock_mono_ns() > until)
            fail_msg("no %s in %s", fragment, json);
        bank_nap(NAP_MS); /* between two polls of a condition */
    }
}

void bank_await_halts(struct bank *bank, uint32_t open)
{
    char fragment[32];
    (void)snprintf(fragment, sizeof(fragment), "\"halts\":%u,", open);
    bank_await_status(bank, fragment);
}

static void unhex(const char *text, struct gw_hash128 *ret)
{
    for (size_t i = 0; i < sizeof(ret->bytes); i++) {
        char two[3] = {text[2 * i], text[2 * i + 1], 0};
        ret->bytes[i] = (uint8_t)strtoul(two, NULL, 16);
    }
}

gw_rc bank_resolve(struct bank *bank, uint64_t n, uint32_t take, uint64_t id, bool resume)
{
    struct gw_request *asked = bank_request(bank, GW_REQUEST_RESOLVE);
    char sought[32];
    uint8_t memory[64];
    struct gw_buf key;
    const union gw_value value = {.u = id};
    const struct gw_program *program = gw_engine_program(bank->engine);
    gw_buf_init_fixed(&key, memory, sizeof(memory));
    gw_entity_key(&gw_program_entity(program, GW_TEXT_LIT("Account"))->entity, &value, &key);
    const char *json = bank_json(bank, GW_REQUEST_HALTS);
    (void)snprintf(sought, sizeof(sought), "\"n\":%d,", (int)n);
    const char *at = strstr(json, sought);
    at = at ? strstr(at, "\"actual\":") : NULL;
    assert_non_null(at);
    const char *hash = strstr(at, "\"hash\":\"");
    const char *end = strchr(at, '}');
    if (hash && hash < end)
        unhex(hash + 8, &asked->in.seen);
    asked->in.number = n;
    asked->in.entity = GW_TEXT_LIT("Account");
    asked->in.key = gw_arena_copy(&asked->arena, gw_buf_bytes(&key));
    asked->in.take = take;
    asked->in.image = bank->image;
    asked->in.drop_pending = true;
    asked->in.and_resume = resume;
    asked->in.actor = GW_TEXT_LIT("test");
    asked->in.reason = GW_TEXT_LIT("looked at it");
    gw_rc rc = bank_ask(bank, asked);
    if (rc < 0)
        print_message("resolve: %s\n", asked->err.msg);
    gw_request_free(asked);
    return rc;
}

/* ---- the balance ---- */

void bank_check(struct bank *bank, uint32_t accounts, int64_t cents_in_all)
{
    static const char *const stores[] = {"a", "b"};
    int64_t total = 0;
    for (uint32_t id = 1; id <= accounts; id++) {
        int64_t cents = bank_balance(bank, id);
        if (sql_cents(bank, "a", id) != cents || sql_cents(bank, "b", id) != cents)
            fail_msg("account %u: view %d, a %d, b %d cents", id, (int)cents,
                     (int)sql_cents(bank, "a", id), (int)sql_cents(bank, "b", id));
        total += GW_MAX(cents, 0);
    }
    assert_int_equal(total, cents_in_all);
    for (int i = 0; i < 2; i++)
        assert_int_equal(
            sql_number(bank, stores[i],
                       "SELECT count(*) FROM (SELECT 1 FROM writes WHERE ver IS NOT NULL "
                       "GROUP BY tbl, key, ver HAVING count(*) > 1)"),
            0);
}
