/* The shop before the move: from a seed, with the values that break migrations. */
#include "base/rand.h"
#include "cli/demo.h"
#include "os/file.h"

enum { HARD_EVERY = 5, FROZEN_EVERY = 97, CENTS_MAX = 5000000 };

static const char *const names[] = {"Ada",  "Zoë", "O'Neill", "\"Bob\"", "李",   "Ñandú", "Grace",
                                    "🦉", "a;b", "Łucja",   "x%s",     "Null", "Ines",  "Jörg"};
static const char *const families[] = {
    "Lovelace", "van der Berg", "D'Arcy", "🐦 Godwit", "王", "\"Q\" Smith", "Müller-Lüdenscheidt",
    "''",       "NULL",         "Hopper", "O\\Brien", "Å"};
static const char *const rates[] = {"1.10", "0.00", "9999.99", "-1.50", "100.00", "0.01"};

void gw_demo_user_of(const struct gw_demo *demo, uint64_t user, struct gw_demo_user *ret)
{
    struct gw_rand rand;
    struct gw_buf buf;
    gw_rand_init(&rand, demo->seed * UINT64_C(1000003) + user);
    *ret = (struct gw_demo_user){.ref = (int64_t)user};
    gw_buf_init_fixed(&buf, ret->name, sizeof(ret->name) - 1);
    gw_buf_put_str(&buf, names[gw_rand_below(&rand, GW_COUNT_OF(names))]);
    gw_buf_init_fixed(&buf, ret->family, sizeof(ret->family) - 1);
    gw_buf_put_str(&buf, families[gw_rand_below(&rand, GW_COUNT_OF(families))]);
    gw_buf_init_fixed(&buf, ret->mail, sizeof(ret->mail) - 1);
    gw_buf_printf(&buf, "u%llu@example.org", (unsigned long long)user);
    ret->has_nick = gw_rand_below(&rand, 3) != 0; /* else NULL */
    gw_buf_init_fixed(&buf, ret->nick, sizeof(ret->nick) - 1);
    if (gw_rand_below(&rand, 2)) /* else the empty text, which is not NULL */
        gw_buf_printf(&buf, "nick %llu 🙂", (unsigned long long)gw_rand_below(&rand, 100));
    ret->has_group = gw_rand_below(&rand, 4) != 0;
    ret->group = (int64_t)gw_rand_below(&rand, GW_DEMO_GROUPS);
    if (user % HARD_EVERY == 0) {
        ret->ref = INT64_C(9007199254740993); /* 2^53 + 1 */
    } else if (user % HARD_EVERY == 1) {
        ret->ref = INT64_MAX - (int64_t)user;
    } else if (user % HARD_EVERY == 2) {
        ret->ref = INT64_MIN + (int64_t)user;
    }
    ret->rate = rates[gw_rand_below(&rand, GW_COUNT_OF(rates))];
    ret->paid = (int64_t)gw_rand_below(&rand, 3);
}

int64_t gw_demo_cents_of(const struct gw_demo *demo, uint64_t account)
{
    struct gw_rand rand;
    gw_rand_init(&rand, demo->seed * UINT64_C(7919) + account);
    return (int64_t)gw_rand_below(&rand, CENTS_MAX);
}

bool gw_demo_is_frozen(uint64_t account)
{
    return account % FROZEN_EVERY == 0;
}

gw_rc gw_demo_sql(sqlite3 *db, const char *sql, struct gw_err *err)
{
    char *text = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &text) == SQLITE_OK)
        return GW_OK;
    GW_FAIL(err, GW_IO, "%s: %s", sql, text ? text : sqlite3_errmsg(db));
    sqlite3_free(text);
    return GW_IO;
}

static gw_rc open_db(struct gw_demo *demo, const char *name, const char *schema, sqlite3 **ret,
                     struct gw_err *err)
{
    enum { BUSY_MS = 20000 };
    struct gw_text path = gw_arena_printf(&demo->cli->arena, "%s/%s.db", demo->folder, name);
    if (sqlite3_open(path.data, ret) != SQLITE_OK)
        return GW_FAIL(err, GW_IO, "open %s: %s", path.data, sqlite3_errmsg(*ret));
    sqlite3_busy_timeout(*ret, BUSY_MS);
    return gw_demo_sql(*ret, schema, err);
}

static gw_rc put_user(struct gw_demo *demo, sqlite3_stmt *stmt, uint64_t user, struct gw_err *err)
{
    struct gw_demo_user row;
    gw_demo_user_of(demo, user, &row);
    (void)sqlite3_bind_int64(stmt, 1, (int64_t)user);
    (void)sqlite3_bind_text(stmt, 2, row.name, -1, SQLITE_STATIC);
    (void)sqlite3_bind_text(stmt, 3, row.family, -1, SQLITE_STATIC);
    (void)sqlite3_bind_text(stmt, 4, row.mail, -1, SQLITE_STATIC);
    (void)sqlite3_bind_text(stmt, 5, row.has_nick ? row.nick : NULL, -1, SQLITE_STATIC);
    if (row.has_group) {
        (void)sqlite3_bind_int64(stmt, 6, row.group);
    } else {
        (void)sqlite3_bind_null(stmt, 6);
    }
    (void)sqlite3_bind_int64(stmt, 7, row.ref);
    (void)sqlite3_bind_text(stmt, 8, row.rate, -1, SQLITE_STATIC);
    (void)sqlite3_bind_int64(stmt, 9, row.paid);
    int code = sqlite3_step(stmt);
    (void)sqlite3_reset(stmt);
    return code == SQLITE_DONE
               ? GW_OK
               : GW_FAIL(err, GW_IO, "insert user: %s", sqlite3_errmsg(demo->legacy));
}

static gw_rc put_account(struct gw_demo *demo, sqlite3_stmt *stmt, uint64_t account,
                         struct gw_err *err)
{
    int64_t cents = gw_demo_cents_of(demo, account);
    demo->cents_before += cents;
    (void)sqlite3_bind_int64(stmt, 1, (int64_t)account);
    (void)sqlite3_bind_int64(stmt, 2, (int64_t)gw_demo_owner(account));
    (void)sqlite3_bind_int64(stmt, 3, cents);
    (void)sqlite3_bind_int(stmt, 4, gw_demo_is_frozen(account));
    int code = sqlite3_step(stmt);
    (void)sqlite3_reset(stmt);
    return code == SQLITE_DONE
               ? GW_OK
               : GW_FAIL(err, GW_IO, "insert account: %s", sqlite3_errmsg(demo->legacy));
}

typedef gw_rc put_row(struct gw_demo *demo, sqlite3_stmt *stmt, uint64_t row, struct gw_err *err);

static gw_rc fill(struct gw_demo *demo, const char *sql, uint64_t count, put_row *put,
                  struct gw_err *err)
{
    sqlite3_stmt *stmt = NULL;
    if (sqlite3_prepare_v2(demo->legacy, sql, -1, &stmt, NULL) != SQLITE_OK)
        return GW_FAIL(err, GW_IO, "%s: %s", sql, sqlite3_errmsg(demo->legacy));
    gw_rc rc = GW_OK;
    for (uint64_t i = 1; i <= count && rc == GW_OK; i++)
        rc = put(demo, stmt, i, err);
    (void)sqlite3_finalize(stmt);
    return rc;
}

gw_rc gw_demo_generate(struct gw_demo *demo, struct gw_err *err)
{
    GW_TRY(
        open_db(demo, "legacy",
                "PRAGMA journal_mode=WAL;"
                "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL, family TEXT NOT "
                "NULL, mail TEXT NOT NULL, nick TEXT, group_id INTEGER, old_ref INTEGER NOT NULL, "
                "rate NUMERIC NOT NULL, paid INTEGER NOT NULL);"
                "CREATE TABLE accounts (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL, cents "
                "INTEGER NOT NULL, is_frozen INTEGER NOT NULL);",
                &demo->legacy, err));
    GW_TRY(open_db(demo, "people",
                   "PRAGMA journal_mode=WAL;"
                   "CREATE TABLE members (member_id INTEGER PRIMARY KEY, full_name TEXT NOT NULL, "
                   "email TEXT NOT NULL, nickname TEXT, team INTEGER, reference TEXT NOT NULL, "
                   "discount TEXT NOT NULL, payments INTEGER NOT NULL);",
                   &demo->people, err));
    GW_TRY(
        open_db(demo, "money",
                "PRAGMA journal_mode=WAL;"
                "CREATE TABLE accounts (account_no INTEGER PRIMARY KEY, holder INTEGER NOT NULL, "
                "balance TEXT NOT NULL, locked INTEGER NOT NULL);"
                "CREATE TABLE transfers (id BLOB NOT NULL PRIMARY KEY, src INTEGER NOT NULL, dst "
                "INTEGER NOT NULL, amt TEXT NOT NULL, at INTEGER NOT NULL);",
                &demo->money, err));
    GW_TRY(gw_demo_sql(demo->legacy, "BEGIN", err));
    GW_TRY(fill(demo, "INSERT INTO users VALUES (?,?,?,?,?,?,?,?,?)", demo->users, put_user, err));
    GW_TRY(fill(demo, "INSERT INTO accounts VALUES (?,?,?,?)", gw_demo_accounts(demo), put_account,
                err));
    GW_TRY(gw_demo_sql(demo->legacy, "COMMIT", err));
    struct gw_text path = gw_arena_printf(&demo->cli->arena, "%s/shop.gw", demo->folder);
    return gw_file_store(path.data, (struct gw_bytes){gw_demo_program, gw_demo_program_bytes}, err);
}
