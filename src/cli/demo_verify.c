/* The judge: reads the databases with plain queries and compares them with each other, with the seed, and with the
 * record of acknowledged calls. Nothing of the engine is used here. */
#include <stdlib.h>

#include "base/int.h"
#include "cli/demo.h"

/* Both sides of an entity as (key, one text of all its values); quote() tells NULL from the empty text. */
static const char users_old[] =
    "SELECT id, quote(name||' '||family)||'|'||quote(mail)||'|'||quote(nick)||'|'||quote(group_id)"
    "||'|'||old_ref||'|'||printf('%.2f',rate)||'|'||paid FROM users ORDER BY id";
static const char users_new[] =
    "SELECT member_id, quote(full_name)||'|'||quote(email)||'|'||quote(nickname)||'|'||quote(team)"
    "||'|'||reference||'|'||discount||'|'||payments FROM members ORDER BY member_id";
static const char accounts_old[] =
    "SELECT id, user_id||'|'||printf('%d.%02d',cents/100,cents%100)||'|'||is_frozen FROM accounts "
    "ORDER BY id";
static const char accounts_new[] =
    "SELECT account_no, holder||'|'||balance||'|'||locked FROM accounts ORDER BY account_no";

/** What must stand there, by the seed and by what was acknowledged. */
struct expected {
    int64_t *cents, *paid, *group;   /* by number; group -1: NULL */
    const struct gw_demo_op **moved; /* the newest move of each user */
    struct gw_demo_op **by_id;       /* acknowledged payments, sorted by id */
    uint64_t count;
};

static int compare_ids(const void *a, const void *b)
{
    const struct gw_demo_op *left = *(struct gw_demo_op *const *)a;
    const struct gw_demo_op *right = *(struct gw_demo_op *const *)b;
    return left->id < right->id ? -1 : left->id > right->id;
}

static bool is_newer(const struct gw_demo_op *op, const struct gw_demo_op *than)
{
    return than == NULL || op->index > than->index ||
           (op->index == than->index && op->record > than->record);
}

static void apply(struct expected *e, struct gw_demo_op *op)
{
    if (op->state != GW_DEMO_OK)
        return;
    if (op->cents == 0) {
        if (is_newer(op, e->moved[op->src]))
            e->moved[op->src] = op;
        return;
    }
    e->cents[op->src] -= op->cents;
    e->cents[op->dst] += op->cents;
    e->paid[gw_demo_owner(op->src)]++;
    e->by_id[e->count++] = op;
}

static gw_rc expect(struct gw_demo *demo, struct expected *e, struct gw_err *err)
{
    struct gw_arena *arena = &demo->cli->arena;
    uint64_t accounts = gw_demo_accounts(demo);
    e->cents = GW_NEW_ARRAY(arena, int64_t, accounts + 1);
    e->paid = GW_NEW_ARRAY(arena, int64_t, demo->users + 1);
    e->group = GW_NEW_ARRAY(arena, int64_t, demo->users + 1);
    e->moved = GW_NEW_ARRAY(arena, const struct gw_demo_op *, demo->users + 1);
    e->by_id = GW_NEW_ARRAY(arena, struct gw_demo_op *, demo->op_count + 1);
    if (!e->cents || !e->paid || !e->group || !e->moved || !e->by_id)
        return GW_FAIL_NOMEM(err);
    for (uint64_t i = 1; i <= accounts; i++)
        e->cents[i] = gw_demo_cents_of(demo, i);
    for (uint64_t i = 0; i < demo->op_count; i++)
        apply(e, &demo->ops[i]);
    for (uint64_t i = 1; i <= demo->users; i++) {
        struct gw_demo_user user;
        gw_demo_user_of(demo, i, &user);
        e->paid[i] += user.paid;
        e->group[i] = e->moved[i] ? (int64_t)e->moved[i]->dst : user.has_group ? user.group : -1;
    }
    qsort(e->by_id, e->count, sizeof(void *), compare_ids); /* ids are unique */
    return GW_OK;
}

/* ---- entities ---- */

typedef char *expected_row(const struct gw_demo *demo, const struct expected *e, uint64_t key);

static char *user_row(const struct gw_demo *demo, const struct expected *e, uint64_t key)
{
    struct gw_demo_user user;
    gw_demo_user_of(demo, key, &user);
    char *full = sqlite3_mprintf("%s %s", user.name, user.family);
    char *group = e->group[key] < 0 ? sqlite3_mprintf("NULL")
                                    : sqlite3_mprintf("%lld", (long long)e->group[key]);
    char *row = sqlite3_mprintf("%Q|%Q|%Q|%s|%lld|%s|%lld", full, user.mail,
                                user.has_nick ? user.nick : NULL, group, (long long)user.ref,
                                user.rate, (long long)e->paid[key]);
    sqlite3_free(full);
    sqlite3_free(group);
    return row;
}

static char *account_row(const struct gw_demo *demo, const struct expected *e, uint64_t key)
{
    (void)demo;
    return sqlite3_mprintf("%llu|%lld.%02lld|%d", (unsigned long long)gw_demo_owner(key),
                           (long long)(e->cents[key] / 100), (long long)(e->cents[key] % 100),
                           gw_demo_is_frozen(key));
}

struct side {
    sqlite3_stmt *stmt;
    struct gw_sha256_state hash;
    bool has_row;
    uint64_t key, rows;
    struct gw_text text;
};

static void side_next(struct side *side)
{
    side->has_row = sqlite3_step(side->stmt) == SQLITE_ROW;
    if (!side->has_row)
        return;
    side->rows++;
    side->key = (uint64_t)sqlite3_column_int64(side->stmt, 0);
    side->text = (struct gw_text){(const char *)sqlite3_column_text(side->stmt, 1),
                                  (size_t)sqlite3_column_bytes(side->stmt, 1)};
    if (side->text.data == NULL)
        side->text = GW_TEXT_LIT("a NULL that must not be");
    gw_sha256_add(&side->hash, (struct gw_bytes){(const uint8_t *)&side->key, sizeof(side->key)});
    gw_sha256_add(&side->hash, gw_text_bytes(side->text));
}

static bool side_is(const struct side *side, uint64_t key, const char *text)
{
    return side->has_row && side->key == key && gw_text_is(side->text, text);
}

static void compare(const struct gw_demo *demo, const struct expected *e, uint64_t count,
                    expected_row *row_of, struct side sides[2], struct gw_demo_counts *ret,
                    uint64_t *ret_wrong)
{
    side_next(&sides[0]);
    side_next(&sides[1]);
    for (uint64_t key = 1; key <= count; key++) {
        char *row = row_of(demo, e, key);
        bool old_is_right = side_is(&sides[0], key, row);
        bool new_is_right = side_is(&sides[1], key, row);
        if (!new_is_right) {
            ++*ret_wrong;
            gw_cli_say(demo->cli, "wrong: key %llu\n  must be %s\n  is      %.*s\n  was     %.*s",
                       (unsigned long long)key, row, GW_TEXT_ARG(sides[1].text),
                       GW_TEXT_ARG(sides[0].text));
        }
        ret->differing += old_is_right != new_is_right;
        sqlite3_free(row);
        for (int i = 0; i < 2; i++) {
            if (sides[i].has_row && sides[i].key == key)
                side_next(&sides[i]);
        }
    }
    ret->differing += sides[0].has_row || sides[1].has_row; /* rows that nobody made */
    for (int i = 0; i < 2; i++) {
        struct gw_sha256 hash = gw_sha256_end(&sides[i].hash);
        ret->rows[i] = sides[i].rows;
        memcpy(ret->hash[i].bytes, hash.bytes, sizeof(ret->hash[i].bytes));
    }
}

static gw_rc verify_entity(struct gw_demo *demo, const struct expected *e, uint64_t count,
                           expected_row *row_of, sqlite3 *const dbs[2], const char *const sqls[2],
                           struct gw_demo_counts *ret, uint64_t *ret_wrong, struct gw_err *err)
{
    struct side sides[2] = {0};
    gw_rc rc = GW_OK;
    for (int i = 0; i < 2 && rc == GW_OK; i++) {
        gw_sha256_init(&sides[i].hash);
        if (sqlite3_prepare_v2(dbs[i], sqls[i], -1, &sides[i].stmt, NULL) != SQLITE_OK)
            rc = GW_FAIL(err, GW_IO, "%s: %s", sqls[i], sqlite3_errmsg(dbs[i]));
    }
    if (rc == GW_OK)
        compare(demo, e, count, row_of, sides, ret, ret_wrong);
    (void)sqlite3_finalize(sides[0].stmt);
    (void)sqlite3_finalize(sides[1].stmt);
    return rc;
}

/* ---- transfers ---- */

static struct gw_demo_op *find_id(const struct expected *e, gw_u128 id)
{
    struct gw_demo_op wanted = {.id = id};
    struct gw_demo_op *key = &wanted;
    struct gw_demo_op **found =
        e->count ? bsearch(&key, e->by_id, e->count, sizeof(void *), compare_ids) : NULL;
    return found ? *found : NULL;
}

/** 16 bytes, the highest first. */
static gw_u128 id_of(sqlite3_stmt *stmt)
{
    const uint8_t *bytes = sqlite3_column_blob(stmt, 0);
    int len = sqlite3_column_bytes(stmt, 0);
    gw_u128 id = 0;
    for (int i = 0; i < len; i++)
        id = id << 8 | bytes[i];
    return id;
}

static bool transfer_is(sqlite3_stmt *stmt, const struct gw_demo_op *op)
{
    char amount[GW_INT_TEXT_MAX];
    gw_dec_text((gw_i128)op->cents, 2, amount);
    return sqlite3_column_int64(stmt, 1) == op->src && sqlite3_column_int64(stmt, 2) == op->dst &&
           strcmp((const char *)sqlite3_column_text(stmt, 3), amount) == 0;
}

/** Each acknowledged payment stands there once, with its amount; nothing else does. */
static gw_rc verify_transfers(struct gw_demo *demo, const struct expected *e, struct gw_err *err)
{
    sqlite3_stmt *stmt = NULL;
    uint64_t right = 0;
    if (sqlite3_prepare_v2(demo->money, "SELECT id, src, dst, amt FROM transfers", -1, &stmt,
                           NULL) != SQLITE_OK)
        return GW_FAIL(err, GW_IO, "transfers: %s", sqlite3_errmsg(demo->money));
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        const struct gw_demo_op *op = find_id(e, id_of(stmt));
        demo->transfers++;
        if (op == NULL) {
            demo->doubled++; /* an execution that nobody was told of */
        } else {
            right += transfer_is(stmt, op);
        }
    }
    (void)sqlite3_finalize(stmt);
    demo->lost = e->count - GW_MIN(right, e->count);
    return GW_OK;
}

static gw_rc sum_cents(struct gw_demo *demo, struct gw_err *err)
{
    sqlite3_stmt *stmt = NULL;
    if (sqlite3_prepare_v2(demo->money, "SELECT balance FROM accounts", -1, &stmt, NULL) !=
        SQLITE_OK)
        return GW_FAIL(err, GW_IO, "balances: %s", sqlite3_errmsg(demo->money));
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        gw_i128 cents = 0;
        (void)gw_dec_parse(gw_text((const char *)sqlite3_column_text(stmt, 0)), 2, &cents);
        demo->cents_after += cents;
    }
    (void)sqlite3_finalize(stmt);
    return GW_OK;
}

gw_rc gw_demo_verify(struct gw_demo *demo, struct gw_err *err)
{
    struct expected e = {0};
    GW_TRY(expect(demo, &e, err));
    GW_TRY(verify_entity(
        demo, &e, demo->users, user_row, (sqlite3 *const[]){demo->legacy, demo->people},
        (const char *const[]){users_old, users_new}, &demo->user, &demo->wrong_users, err));
    GW_TRY(verify_entity(demo, &e, gw_demo_accounts(demo), account_row,
                         (sqlite3 *const[]){demo->legacy, demo->money},
                         (const char *const[]){accounts_old, accounts_new}, &demo->account,
                         &demo->wrong_balances, err));
    GW_TRY(verify_transfers(demo, &e, err));
    return sum_cents(demo, err);
}
