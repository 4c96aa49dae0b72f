/* What only a SQLite file can do to us: its types, its catalog, its locks, and being killed in the middle. */
#include "kit/kit.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "store/store.h"

static const struct gw_type t_i64 = {.kind = GW_TYPE_I64};
static const struct gw_type t_u64 = {.kind = GW_TYPE_U64};
static const struct gw_type t_dec = {.kind = GW_TYPE_DEC, .precision = 10, .scale = 2};
static const struct gw_type t_dec18 = {.kind = GW_TYPE_DEC, .precision = 18, .scale = 2};
static const struct gw_type t_str = {.kind = GW_TYPE_STR, .max = 200};
static const struct gw_type t_s = {.kind = GW_TYPE_TIME, .unit = GW_TIME_S};
static const struct gw_type t_us = {.kind = GW_TYPE_TIME, .unit = GW_TIME_US};
static const struct gw_type *const str_item[] = {&t_str};
static const struct gw_type t_opt_str = {.kind = GW_TYPE_OPT, .items = str_item, .item_count = 1};
static const uint32_t first_key[] = {0};

struct fixture {
    char folder[256], path[300], url[320];
    sqlite3 *db;
    struct gw_arena arena;
    struct gw_store *store;
    struct gw_err err;
};

/* "%s%s%s", whole or the test fails. */
static void join(char *ret, size_t bytes, const char *a, const char *b, const char *c)
{
    struct gw_buf buf;
    gw_buf_init_fixed(&buf, ret, bytes);
    gw_buf_put_str(&buf, a);
    gw_buf_put_str(&buf, b);
    gw_buf_put_str(&buf, c);
    gw_buf_put_u8(&buf, 0);
    assert_false(buf.failed);
}

static void run(struct fixture *f, const char *sql)
{
    char *why = NULL;
    if (sqlite3_exec(f->db, sql, NULL, NULL, &why) != SQLITE_OK)
        fail_msg("%s: %s", sql, why);
}

static gw_rc open_store(struct fixture *f, uint32_t timeout_ms)
{
    struct gw_store_config config = {
        .name = GW_TEXT_LIT("st"), .url = gw_text(f->url), .slot = 1, .timeout_ms = timeout_ms};
    return gw_store_open(&config, &f->store, &f->err);
}

static int setup(void **state)
{
    static struct fixture fixture;
    struct fixture *f = &fixture;
    *f = (struct fixture){0};
    (void)gw_kit_folder(f->folder, sizeof(f->folder));
    join(f->path, sizeof(f->path), f->folder, "/st.db", "");
    join(f->url, sizeof(f->url), "sqlite:", f->path, "");
    gw_arena_init(&f->arena, &gw_kit_alloc, 64 << 20);
    assert_int_equal(sqlite3_open(f->path, &f->db), SQLITE_OK);
    run(f, "CREATE TABLE invoice (id INTEGER PRIMARY KEY, at DATETIME NOT NULL,"
           " total NUMERIC(10,2) NOT NULL, city TEXT)");
    assert_ok(open_store(f, 200), &f->err);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    gw_store_close(f->store);
    (void)sqlite3_close(f->db);
    (void)chmod(f->path, 0600);
    gw_arena_done(&f->arena);
    gw_kit_remove(f->folder);
    return 0;
}

#define LIT(text)                \
    {                            \
        (text), sizeof(text) - 1 \
    } /* as GW_TEXT_LIT(), for static objects */
static struct gw_column invoice_columns[] = {{LIT("id"), &t_i64, true},
                                             {LIT("at"), &t_s, false},
                                             {LIT("total"), &t_dec, false},
                                             {LIT("city"), &t_opt_str, false}};
static const struct gw_home invoice = {.name = LIT("st.invoice"),
                                       .id = 7,
                                       .place = LIT("invoice"),
                                       .columns = invoice_columns,
                                       .column_count = 4,
                                       .key_columns = first_key,
                                       .key_count = 1,
                                       .role = GW_HOME_TARGET,
                                       .image_bytes_max = 4096};

static void prepare(struct fixture *f)
{
    const struct gw_home *homes[] = {&invoice};
    assert_ok(f->store->ops->prepare(f->store, homes, 1, &f->err), &f->err);
    assert_ok(f->store->ops->fence_raise(f->store, 1, 1, 1, &f->err), &f->err);
}

static struct gw_store_row fetch(struct fixture *f, int64_t id)
{
    union gw_value key = {.i = id};
    const union gw_value *keys = &key;
    struct gw_store_row row;
    assert_ok(f->store->ops->fetch(f->store, &invoice, &keys, 1, &f->arena, &row, &f->err),
              &f->err);
    return row;
}

static struct gw_store_item item(struct fixture *f, struct gw_seen acked, int64_t id, int64_t cents,
                                 gw_version ver)
{
    union gw_value *row = GW_NEW_ARRAY(&f->arena, union gw_value, 4);
    assert_non_null(row);
    row[0].i = id;
    row[1].i = INT64_C(1609459200);
    row[2].i = cents;
    struct gw_buf buf;
    gw_buf_init(&buf, &gw_kit_alloc, 4096);
    gw_home_image(&invoice, row, &buf);
    struct gw_store_item it = {.home = &invoice, .key = row, .acked = acked, .columns = row};
    it.image = gw_arena_copy(&f->arena, gw_buf_bytes(&buf));
    gw_buf_done(&buf);
    it.intent = (struct gw_seen){true, ver, gw_home_hash(&invoice, it.image)};
    return it;
}

static const struct gw_seen absent = {.ver = GW_VERSION_NONE};

static gw_rc push(struct fixture *f, const struct gw_store_item *items, uint32_t count,
                  struct gw_store_result *ret)
{
    return f->store->ops->push(f->store, 1, 1, items, count, &f->arena, ret, &f->err);
}

static void assert_cell(struct fixture *f, const char *sql, const char *expected)
{
    sqlite3_stmt *stmt = NULL;
    assert_int_equal(sqlite3_prepare_v2(f->db, sql, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(stmt, 0), expected);
    (void)sqlite3_finalize(stmt);
}

/* ---- types ---- */

static void sums_kept_as_doubles_are_read_exactly_or_not_at_all(void **state)
{
    struct fixture *f = *state;
    run(f, "INSERT INTO invoice VALUES (1, '2021-01-01 00:00:00', 1.98, NULL),"
           " (2, '2021-01-01 00:00:00', 0.1 + 0.2, NULL), (3, '2021-01-01 00:00:00', 5, NULL),"
           " (4, '2021-01-01 00:00:00', 1.1, NULL), (5, '2021-01-01 00:00:00', 'x', NULL)");
    assert_true(fetch(f, 1).columns[2].i == 198);
    assert_true(fetch(f, 3).columns[2].i == 500);
    assert_true(fetch(f, 4).columns[2].i == 110);
    struct gw_store_row bad = fetch(f, 2);
    assert_null(bad.columns);
    assert_text_equal(bad.problem,
                      "column total: 0.30000000000000004 is not a dec<10,2> (row id=2)");
    assert_text_equal(fetch(f, 5).problem, "column total: \"x\" is not a dec<10,2> (row id=5)");
}

static void times_are_written_as_the_rows_write_them(void **state)
{
    struct fixture *f = *state;
    prepare(f);
    struct gw_store_result result;
    struct gw_store_item it = item(f, absent, 1, 198, 1);
    assert_ok(push(f, &it, 1, &result), &f->err);
    assert_cell(f, "SELECT at FROM invoice", "2021-01-01 00:00:00");
    assert_cell(f, "SELECT typeof(total) || total FROM invoice", "real1.98");
    run(f, "UPDATE invoice SET at = '2021-01-01T00:00:00.000Z'");
    gw_store_close(f->store);
    assert_ok(open_store(f, 200), &f->err);
    it = item(f, absent, 2, 198, 1);
    assert_ok(push(f, &it, 1, &result), &f->err);
    assert_int_equal(result.outcome, GW_STORE_APPLIED);
    assert_cell(f, "SELECT at FROM invoice WHERE id = 2", "2021-01-01T00:00:00.000Z");
}

static void rows_that_cannot_be_read_do_not_stop_a_scan(void **state)
{
    struct fixture *f = *state;
    run(f, "DROP TABLE invoice; CREATE TABLE invoice (id ANY PRIMARY KEY, at, total, city);"
           "INSERT INTO invoice VALUES (NULL, '2021-01-01', 1, 'a'), (NULL, '2021-01-01', 1, 'b'),"
           " (1, 'soon', 1, NULL), (2, '2021-01-01', 1, 'c'), ('x', '2021-01-01', 1, 'd')");
    struct gw_store_page page;
    assert_ok(f->store->ops->scan(f->store, &invoice, NULL, 1, &f->arena, &page, &f->err), &f->err);
    assert_int_equal(page.count, 3); /* two rows without a key, and the first with one */
    assert_text_equal(page.rows[0].problem, "column id: NULL is not a i64 (row id=NULL)");
    assert_text_equal(page.rows[2].problem, "column at: \"soon\" is not a time<s> (row id=1)");
    assert_non_null(page.rows[2].key);
    assert_ok(
        f->store->ops->scan(f->store, &invoice, page.rows[2].key, 9, &f->arena, &page, &f->err),
        &f->err);
    assert_int_equal(page.count, 2);
    assert_true(page.end);
    assert_text_equal(page.rows[1].problem, "column id: \"x\" is not a i64 (row id=\"x\")");
}

static void a_key_in_another_spelling_is_reported_since_it_could_not_be_found(void **state)
{
    struct fixture *f = *state;
    run(f, "DROP TABLE invoice; CREATE TABLE invoice (id TEXT PRIMARY KEY NOT NULL);"
           "INSERT INTO invoice VALUES ('01234567-89ab-cdef-0123-456789abcdef'),"
           " ('01234567-89AB-cdef-0123-456789abcdef')");
    static const struct gw_type uuid = {.kind = GW_TYPE_UUID};
    struct gw_column column = {GW_TEXT_LIT("id"), &uuid, true};
    struct gw_home home = invoice;
    home.columns = &column;
    home.column_count = 1;
    struct gw_store_page page;
    assert_ok(f->store->ops->scan(f->store, &home, NULL, 9, &f->arena, &page, &f->err), &f->err);
    assert_int_equal(page.count, 2);
    assert_text_equal(
        page.rows[0].problem,
        "column id: \"01234567-89AB-cdef-0123-456789abcdef\" is not a uuid, as this key "
        "column writes it (row id=\"01234567-89AB-cdef-0123-456789abcdef\")");
    assert_null(page.rows[1].problem.data);
}

static void a_write_ahead_log_is_kept_as_found(void **state)
{
    struct fixture *f = *state;
    run(f, "PRAGMA journal_mode=WAL");
    prepare(f);
    run(f, "BEGIN; SELECT * FROM invoice"); /* a reader keeps its snapshot and keeps nobody out */
    struct gw_store_item it = item(f, absent, 1, 198, 1);
    struct gw_store_result result;
    assert_ok(push(f, &it, 1, &result), &f->err);
    run(f, "COMMIT");
    assert_cell(f, "SELECT count(*) FROM invoice", "1");
    assert_cell(f, "PRAGMA journal_mode", "wal");
}

/* ---- refusals ---- */

static void each_refusal_has_its_class(void **state)
{
    struct fixture *f = *state;
    run(f, "DROP TABLE invoice; CREATE TABLE city (name TEXT PRIMARY KEY);"
           "CREATE TABLE invoice (id INTEGER PRIMARY KEY, at TEXT NOT NULL,"
           " total NUMERIC(10,2) NOT NULL CHECK (total < 100) UNIQUE ON CONFLICT REPLACE,"
           " city TEXT NOT NULL DEFAULT 'x' REFERENCES city DEFERRABLE INITIALLY DEFERRED);"
           "CREATE TRIGGER swallow BEFORE INSERT ON invoice WHEN new.id = 5 BEGIN SELECT "
           "RAISE(IGNORE); END;"
           "CREATE TRIGGER undo BEFORE INSERT ON invoice WHEN new.id = 6 BEGIN SELECT "
           "RAISE(ROLLBACK, 'no!'); END;"
           "CREATE TRIGGER change AFTER INSERT ON invoice WHEN new.id = 7 BEGIN"
           " UPDATE invoice SET total = 0.5 WHERE id = 7; END;");
    prepare(f);
    run(f, "INSERT INTO city VALUES ('here')");
    struct gw_store_item items[8];
    struct gw_store_result results[8];
    union gw_value here = {.bytes = gw_text_bytes(GW_TEXT_LIT("here"))};
    union gw_value away = {.bytes = gw_text_bytes(GW_TEXT_LIT("away"))};
    for (int64_t i = 0; i < 8; i++) {
        items[i] = item(f, absent, i + 1, 100 * (i + 1), 1);
        union gw_value *row = GW_NEW_ARRAY(&f->arena, union gw_value, 4);
        memcpy(row, items[i].columns, 4 * sizeof(*row));
        row[2].i = i == 1 ? 100 : i == 2 ? 10000 : row[2].i; /* 2: as row 1; 3: above the CHECK */
        if (i != 7)
            row[3].opt = i == 3 ? &away : &here; /* 8: NULL where NOT NULL */
        items[i].columns = items[i].key = row;
        struct gw_buf buf;
        gw_buf_init(&buf, &gw_kit_alloc, 4096);
        gw_home_image(&invoice, row, &buf);
        items[i].intent.hash = gw_home_hash(&invoice, gw_buf_bytes(&buf));
        gw_buf_done(&buf);
    }
    assert_ok(push(f, items, 8, results), &f->err);
    static const enum gw_store_class expected[] = {
        GW_STORE_CLASS_NONE,        GW_STORE_CLASS_UNIQUE, GW_STORE_CLASS_CHECK,
        GW_STORE_CLASS_FOREIGN_KEY, GW_STORE_CLASS_OTHER,  GW_STORE_CLASS_OTHER,
        GW_STORE_CLASS_ROUND_TRIP,  GW_STORE_CLASS_CHECK};
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(results[i].cls, expected[i]);
    assert_text_equal(results[6].text, "column total: sent 7.00, read back 0.50");
    assert_cell(f, "SELECT group_concat(id) FROM invoice", "1"); /* and row 1 was not replaced */
}

static void a_home_that_is_not_prepared_cannot_be_written(void **state)
{
    struct fixture *f = *state;
    struct gw_store_result result;
    struct gw_store_item it = item(f, absent, 1, 198, 1);
    assert_int_equal(push(f, &it, 1, &result), GW_CONFLICT); /* no fence: nobody may write */
    assert_int_equal(f->store->ops->fence_raise(f->store, 1, 1, 1, &f->err), GW_INVALID);
    assert_int_equal(f->err.code, 1312);
    prepare(f);
    assert_ok(push(f, &it, 1, &result), &f->err);
    run(f, "ALTER TABLE invoice RENAME COLUMN city TO town"); /* while we are connected */
    union gw_value key = {.i = 1};
    const union gw_value *keys = &key;
    struct gw_store_row row;
    assert_int_equal(f->store->ops->fetch(f->store, &invoice, &keys, 1, &f->arena, &row, &f->err),
                     GW_INVALID);
    assert_int_equal(f->err.code, 1302);
}

/* ---- the catalog ---- */

static bool finds(struct fixture *f, const char *ddl, gw_code code, bool fatal, const char *hint)
{
    run(f, "DROP TABLE IF EXISTS invoice; DROP TABLE IF EXISTS line; DROP VIEW IF EXISTS seen");
    run(f, ddl);
    struct gw_store_findings findings;
    assert_ok(f->store->ops->catalog(f->store, &invoice, &f->arena, &findings, &f->err), &f->err);
    for (uint32_t i = 0; i < findings.count; i++)
        if (findings.items[i].code == code && findings.items[i].fatal == fatal &&
            memmem(findings.items[i].hint.data, findings.items[i].hint.len, hint, strlen(hint)))
            return true;
    for (uint32_t i = 0; i < findings.count; i++)
        print_message("GW%d %.*s (%.*s)\n", findings.items[i].code,
                      GW_TEXT_ARG(findings.items[i].text), GW_TEXT_ARG(findings.items[i].hint));
    return false;
}

static void the_catalog_check_names_what_would_break(void **state)
{
    struct fixture *f = *state;
    assert_true(finds(f, "CREATE TABLE invoices (id)", 1301, true, "did you mean invoices?"));
    assert_true(finds(f, "CREATE TABLE invoice (id INTEGER PRIMARY KEY, at, total, citty)", 1302,
                      true, "did you mean citty?"));
    assert_true(finds(f, "CREATE TABLE invoice (id INTEGER PRIMARY KEY, at, total, city INT)", 1303,
                      true, ""));
    assert_true(
        finds(f, "CREATE TABLE invoice (id INTEGER PRIMARY KEY, at, total, city TEXT NOT NULL)",
              1305, true, ""));
    assert_true(finds(f, "CREATE TABLE invoice (id INTEGER PRIMARY KEY, at, total, city TEXT)",
                      1305, false, ""));
    assert_true(finds(
        f, "CREATE TABLE invoice (id INTEGER PRIMARY KEY, at, total, city TEXT, x INT NOT NULL)",
        1306, true, ""));
    assert_true(finds(f, "CREATE TABLE invoice (id INTEGER, at, total, city, UNIQUE (id, at))",
                      1307, true, ""));
    assert_false(finds(f, "CREATE TABLE invoice (id INTEGER, at, total, city, UNIQUE (id))", 1307,
                       true, ""));
    assert_true(finds(f, "CREATE TABLE invoice (id TEXT PRIMARY KEY, at, total, city TEXT)", 1308,
                      true, ""));
    assert_true(finds(f, "CREATE TABLE invoice (id INTEGER PRIMARY KEY, at, total, city AS (at))",
                      1309, true, ""));
    assert_true(finds(f,
                      "CREATE TABLE seen_ (id INTEGER PRIMARY KEY, at, total, city);"
                      "CREATE VIEW invoice AS SELECT * FROM seen_",
                      1310, true, ""));
    run(f, "DROP VIEW invoice");
    assert_true(finds(f,
                      "CREATE TABLE invoice (id INTEGER PRIMARY KEY, at, total, city);"
                      "CREATE TRIGGER t AFTER UPDATE ON invoice BEGIN SELECT 1; END",
                      1311, false, ""));
    assert_true(finds(f,
                      "CREATE TABLE invoice (id INTEGER PRIMARY KEY, at, total, city);"
                      "CREATE TABLE line (i INT REFERENCES invoice ON DELETE CASCADE)",
                      1314, false, ""));
}

static void numbers_too_wide_for_sqlite_are_refused_by_type(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const struct gw_type *type;
        const char *declared;
        bool is_refused;
    } rows[] = {{&t_dec, "NUMERIC(10,2)", false}, {&t_dec18, "NUMERIC(18,2)", true},
                {&t_dec18, "TEXT", false},        {&t_u64, "INTEGER", true},
                {&t_u64, "BLOB", false},          {&t_us, "INTEGER", false}};
    for (size_t i = 0; i < GW_COUNT_OF(rows); i++) {
        struct gw_column columns[] = {{GW_TEXT_LIT("id"), &t_i64, true},
                                      {GW_TEXT_LIT("v"), rows[i].type, false}};
        struct gw_home home = invoice;
        home.columns = columns;
        home.column_count = 2;
        char ddl[128];
        (void)snprintf(
            ddl, sizeof(ddl),
            "DROP TABLE invoice; CREATE TABLE invoice (id INTEGER PRIMARY KEY, v %s NOT NULL)",
            rows[i].declared);
        run(f, ddl);
        struct gw_store_findings findings;
        assert_ok(f->store->ops->catalog(f->store, &home, &f->arena, &findings, &f->err), &f->err);
        assert_int_equal(findings.count, rows[i].is_refused);
        if (rows[i].is_refused)
            assert_int_equal(findings.items[0].code, 1304);
    }
}

/* ---- the file ---- */

static void a_missing_file_is_not_created(void **state)
{
    struct fixture *f = *state;
    gw_store_close(f->store);
    f->store = NULL;
    join(f->url, sizeof(f->url), "sqlite:", f->folder, "/typo.db");
    assert_int_equal(open_store(f, 200), GW_UNREACHABLE);
    assert_non_null(strstr(f->err.msg, "typo.db"));
    assert_int_equal(access(f->url + 7, F_OK), -1);
    FILE *file = fopen(f->url + 7, "w");
    assert_non_null(file);
    (void)fputs("this is a text file, and long enough not to be taken for an empty database", file);
    (void)fputs(" so SQLite looks at its first sixteen bytes and refuses to go on", file);
    (void)fclose(file);
    assert_int_equal(open_store(f, 200), GW_CORRUPT);
}

static void a_lock_of_another_program_is_a_time_out_not_a_hang(void **state)
{
    struct fixture *f = *state;
    prepare(f);
    run(f, "BEGIN IMMEDIATE");
    struct gw_store_item it = item(f, absent, 1, 198, 1);
    struct gw_store_result result;
    assert_int_equal(push(f, &it, 1, &result), GW_TIMEOUT);
    assert_int_equal(gw_store_class_of(&f->err), GW_STORE_CLASS_TIMEOUT);
    assert_false(fetch(f, 1).present); /* readers go on */
    run(f, "ROLLBACK");
    assert_ok(push(f, &it, 1, &result), &f->err);
}

/* Limits of a connection are its own: reach into it, as the disk would. */
static sqlite3 *reach_inside(struct fixture *f)
{
    struct head {
        struct gw_store base;
        sqlite3 *db;
    };
    return ((struct head *)(void *)f->store)->db;
}

static void a_full_disk_changes_nothing_and_passes(void **state)
{
    struct fixture *f = *state;
    prepare(f);
    gw_store_close(f->store);
    run(f, "CREATE TABLE filler (x BLOB)");
    assert_ok(open_store(f, 200), &f->err);
    sqlite3 *inside = reach_inside(f);
    assert_int_equal(sqlite3_exec(inside, "PRAGMA max_page_count = 1", NULL, NULL, NULL),
                     SQLITE_OK);
    static struct gw_store_item items[600];
    static struct gw_store_result results[600];
    for (int64_t i = 0; i < 600; i++)
        items[i] = item(f, absent, i, 198, 1);
    assert_int_equal(push(f, items, 600, results), GW_FULL);
    assert_cell(f, "SELECT count(*) FROM invoice", "0");
    assert_int_equal(sqlite3_exec(inside, "PRAGMA max_page_count = 100000", NULL, NULL, NULL),
                     SQLITE_OK);
    assert_ok(push(f, items, 600, results), &f->err);
    assert_cell(f, "SELECT count(*) FROM invoice", "600");
}

static void a_read_only_file_can_be_read_and_says_so(void **state)
{
    struct fixture *f = *state;
    prepare(f);
    gw_store_close(f->store);
    assert_int_equal(chmod(f->path, 0400), 0);
    assert_ok(open_store(f, 200), &f->err);
    if (geteuid() == 0) /* root may write everything */
        assert_int_equal(sqlite3_exec(reach_inside(f), "PRAGMA query_only=1", NULL, NULL, NULL),
                         SQLITE_OK);
    struct gw_store_item it = item(f, absent, 1, 198, 1);
    struct gw_store_result result;
    assert_false(fetch(f, 1).present);
    assert_int_equal(push(f, &it, 1, &result), GW_DENIED);
}

static void a_file_replaced_under_us_is_noticed(void **state)
{
    struct fixture *f = *state;
    prepare(f);
    char other[320];
    char sql[400];
    join(other, sizeof(other), f->folder, "/other.db", "");
    join(sql, sizeof(sql), "VACUUM INTO '", other, "'");
    run(f, sql);
    assert_int_equal(rename(other, f->path), 0);
    struct gw_store_item it = item(f, absent, 1, 198, 1);
    struct gw_store_result result;
    assert_int_equal(push(f, &it, 1, &result), GW_UNREACHABLE);
}

/* ---- killed in the middle ---- */

static const char *self;

/* In the child: push rows 0..99 with GW_CRASH set, which never returns. */
static int child(const char *path)
{
    static struct fixture fixture;
    struct fixture *f = &fixture;
    join(f->url, sizeof(f->url), "sqlite:", path, "");
    gw_arena_init(&f->arena, &gw_kit_alloc, 64 << 20);
    if (open_store(f, 2000) < 0)
        return 1;
    static struct gw_store_item items[100];
    static struct gw_store_result results[100];
    for (int64_t i = 0; i < 100; i++)
        items[i] = item(f, absent, i, 100 + i, 1);
    (void)push(f, items, 100, results);
    return 2;
}

static void kill_at(struct fixture *f, const char *site)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)setenv("GW_CRASH", site, 1);
        (void)execl(self, self, "child", f->path, (char *)NULL);
        _exit(3);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void repeat_after(struct fixture *f, const char *site, enum gw_store_outcome expected)
{
    prepare(f);
    kill_at(f, site);
    assert_ok(f->store->ops->fence_raise(f->store, 1, 1, 2, &f->err), &f->err);
    static struct gw_store_item items[100];
    static struct gw_store_result results[100];
    for (int64_t i = 0; i < 100; i++)
        items[i] = item(f, absent, i, 100 + i, 1);
    assert_ok(f->store->ops->push(f->store, 1, 2, items, 100, &f->arena, results, &f->err),
              &f->err);
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(results[i].outcome, expected);
    assert_cell(f, "SELECT count(*) || ' ' || sum(_gw_ver) FROM invoice", "100 100");
}

static void killed_before_the_commit_nothing_happened(void **state)
{
    repeat_after(*state, "store.sqlite.commit.before:1", GW_STORE_APPLIED);
}

static void killed_after_the_commit_all_is_there_once(void **state)
{
    repeat_after(*state, "store.sqlite.commit.after:1", GW_STORE_ALREADY);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv)
{
    self = "/proc/self/exe";
    if (argc == 3 && strcmp(argv[1], "child") == 0)
        return child(argv[2]);
    const struct CMUnitTest tests[] = {
        CASE(sums_kept_as_doubles_are_read_exactly_or_not_at_all),
        CASE(times_are_written_as_the_rows_write_them),
        CASE(rows_that_cannot_be_read_do_not_stop_a_scan),
        CASE(a_key_in_another_spelling_is_reported_since_it_could_not_be_found),
        CASE(a_write_ahead_log_is_kept_as_found),
        CASE(each_refusal_has_its_class),
        CASE(a_home_that_is_not_prepared_cannot_be_written),
        CASE(the_catalog_check_names_what_would_break),
        CASE(numbers_too_wide_for_sqlite_are_refused_by_type),
        CASE(a_missing_file_is_not_created),
        CASE(a_lock_of_another_program_is_a_time_out_not_a_hang),
        CASE(a_full_disk_changes_nothing_and_passes),
        CASE(a_read_only_file_can_be_read_and_says_so),
        CASE(a_file_replaced_under_us_is_noticed),
        CASE(killed_before_the_commit_nothing_happened),
        CASE(killed_after_the_commit_all_is_there_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
