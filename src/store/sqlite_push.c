/**
 * Pushing into SQLite: one BEGIN IMMEDIATE transaction for all items; every row (or atomic group) in a savepoint,
 * read, classified, written, and read back before the savepoint is released.
 *
 * Two things can only be known late, and then the batch starts again from its beginning, inside the same call:
 * a trigger that rolled the whole transaction back (its row is refused from the start), and deferred foreign keys
 * left open at the end (then each row must leave none open). Both repeats are bounded.
 */
#include "base/utf8.h"
#include "os/crash.h"
#include "record/text.h"
#include "store/sqlite_int.h"

enum { TEXT_BYTES_MAX = 256 };

struct push {
    struct gw_sqlite *store;
    struct gw_arena *arena;
    const struct gw_store_item *items;
    struct gw_store_result *results;
    bool *is_banned; /* per item: its trigger rolls transactions back */
    uint32_t count;
    uint64_t epoch, attempt;
    const struct gw_home *home; /* of `plan` */
    struct gw_sqlite_plan *plan;
    bool is_strict; /* each row must leave no deferred foreign key open */
    bool must_restart;
};

/* ---- results ---- */

static gw_rc refuse(struct push *push, uint32_t at, enum gw_store_class cls, const char *text,
                    struct gw_err *err)
{
    struct gw_text cut = gw_utf8_cut_bytes(gw_text(text), TEXT_BYTES_MAX);
    push->results[at] = (struct gw_store_result){.outcome = GW_STORE_REFUSED, .cls = cls};
    push->results[at].text = gw_arena_copy_text(push->arena, cut);
    return push->results[at].text.data != NULL ? GW_OK : GW_FAIL_NOMEM(err);
}

static enum gw_store_class class_of_code(int code)
{
    switch (code) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
        return GW_STORE_CLASS_UNIQUE;
    case SQLITE_CONSTRAINT_FOREIGNKEY:
        return GW_STORE_CLASS_FOREIGN_KEY;
    case SQLITE_CONSTRAINT_CHECK:
    case SQLITE_CONSTRAINT_NOTNULL:
        return GW_STORE_CLASS_CHECK;
    case SQLITE_CONSTRAINT_DATATYPE:
    case SQLITE_MISMATCH:
        return GW_STORE_CLASS_TYPE_MISMATCH;
    case SQLITE_TOOBIG:
        return GW_STORE_CLASS_TOO_LARGE;
    default:
        return GW_STORE_CLASS_OTHER;
    }
}

/* After a failed step: is it the row's fault (REFUSED), or the whole call's? */
static gw_rc step_failed(struct push *push, uint32_t at, struct gw_err *err)
{
    struct gw_sqlite *store = push->store;
    int code = sqlite3_extended_errcode(store->db);
    int primary = code & 0xff;
    if (primary != SQLITE_CONSTRAINT && primary != SQLITE_MISMATCH && primary != SQLITE_TOOBIG)
        return gw_sqlite_fail(store, "push", err);
    if (sqlite3_get_autocommit(store->db) != 0) { /* RAISE(ROLLBACK) */
        push->is_banned[at] = true;
        push->must_restart = true;
    }
    return refuse(push, at, class_of_code(code), sqlite3_errmsg(store->db), err);
}

/* A statement that must change exactly one row. Leaves REFUSED in the result where the row is at fault. */
static gw_rc step_one(struct push *push, uint32_t at, sqlite3_stmt *stmt, struct gw_err *err)
{
    int code = sqlite3_step(stmt);
    gw_rc rc = GW_OK;
    if (code != SQLITE_DONE) {
        rc = step_failed(push, at, err);
    } else if (sqlite3_changes64(push->store->db) != 1) {
        rc = refuse(push, at, GW_STORE_CLASS_OTHER, "a trigger swallowed the write", err);
    }
    (void)sqlite3_reset(stmt);
    (void)sqlite3_clear_bindings(stmt);
    return rc;
}

static bool is_refused(const struct push *push, uint32_t at)
{
    return push->results[at].outcome == GW_STORE_REFUSED;
}

/* ---- writing one row ---- */

static gw_rc encode_failed(struct push *push, uint32_t at, const struct gw_err *why,
                           struct gw_err *err)
{
    if (why->rc == GW_NOMEM)
        return GW_FAIL_NOMEM(err);
    return refuse(push, at,
                  why->rc == GW_PARITY ? GW_STORE_CLASS_ROUND_TRIP : GW_STORE_CLASS_TYPE_MISMATCH,
                  why->msg, err);
}

/* Binds the columns (without those of the key) and the version from parameter *mark on. */
static gw_rc bind_columns(struct push *push, uint32_t at, sqlite3_stmt *stmt, bool skip_keys,
                          int *mark, struct gw_err *err)
{
    const struct gw_store_item *item = &push->items[at];
    for (uint32_t i = 0; i < item->home->column_count; i++) {
        if (skip_keys && push->plan->columns[i].is_key)
            continue;
        struct gw_sqlite_cell *cell = GW_NEW(push->arena, struct gw_sqlite_cell);
        if (cell == NULL)
            return GW_FAIL_NOMEM(err);
        struct gw_err why;
        if (gw_sqlite_encode(&push->plan->columns[i], item->home->columns[i].type, item->columns[i],
                             push->arena, cell, &why) < 0)
            return encode_failed(push, at, &why, err);
        if (gw_sqlite_bind(stmt, (*mark)++, cell) != SQLITE_OK)
            return refuse(push, at, GW_STORE_CLASS_TOO_LARGE, sqlite3_errmsg(push->store->db), err);
    }
    if (item->home->versions == GW_HOME_INLINE)
        (void)sqlite3_bind_int64(stmt, *mark, (int64_t)item->intent.ver);
    return GW_OK;
}

static gw_rc insert_row(struct push *push, uint32_t at, struct gw_err *err)
{
    struct gw_sqlite_plan *plan = push->plan;
    int mark = 1;
    GW_TRY(gw_sqlite_stmt(push->store, plan->insert_sql, &plan->insert, err));
    GW_TRY(bind_columns(push, at, plan->insert, false, &mark, err));
    return is_refused(push, at) ? GW_OK : step_one(push, at, plan->insert, err);
}

static gw_rc update_row(struct push *push, uint32_t at, struct gw_err *err)
{
    struct gw_sqlite_plan *plan = push->plan;
    const struct gw_store_item *item = &push->items[at];
    if (plan->update_sql.len == 0)
        return GW_OK; /* nothing but a key and a version kept beside */
    GW_TRY(gw_sqlite_stmt(push->store, plan->update_sql, &plan->update, err));
    GW_TRY(gw_sqlite_bind_key(push->store, plan, item->home, item->key, plan->update, 1,
                              push->arena, err));
    int mark = (int)item->home->key_count + 1;
    GW_TRY(bind_columns(push, at, plan->update, true, &mark, err));
    return is_refused(push, at) ? GW_OK : step_one(push, at, plan->update, err);
}

static gw_rc delete_row(struct push *push, uint32_t at, struct gw_err *err)
{
    struct gw_sqlite_plan *plan = push->plan;
    const struct gw_store_item *item = &push->items[at];
    GW_TRY(gw_sqlite_stmt(push->store, plan->delete_sql, &plan->remove, err));
    GW_TRY(gw_sqlite_bind_key(push->store, plan, item->home, item->key, plan->remove, 1,
                              push->arena, err));
    return step_one(push, at, plan->remove, err);
}

/* ---- the side table ---- */

static gw_rc run_side(struct push *push, const struct gw_store_item *item,
                      enum gw_sqlite_fixed which, struct gw_err *err)
{
    struct gw_sqlite *store = push->store;
    sqlite3_stmt *stmt = NULL;
    gw_buf_reset(&store->key);
    for (uint32_t i = 0; i < item->home->key_count; i++) {
        gw_value_key(item->home->columns[item->home->key_columns[i]].type, item->key[i],
                     &store->key);
    }
    GW_TRY(gw_buf_check(&store->key, "a key", err));
    GW_TRY(gw_sqlite_fixed(store, which, &stmt, err));
    (void)sqlite3_bind_int64(stmt, 1, item->home->id);
    (void)sqlite3_bind_blob64(stmt, 2, store->key.data, store->key.len, SQLITE_STATIC);
    if (which != GW_SQLITE_SIDE_DROP) {
        (void)sqlite3_bind_int64(stmt, 3, (int64_t)item->intent.ver);
        (void)sqlite3_bind_blob(stmt, 4, item->intent.hash.bytes, 16, SQLITE_STATIC);
    }
    gw_rc rc = sqlite3_step(stmt) == SQLITE_DONE
                   ? GW_OK
                   : gw_sqlite_fail(store, "write the side table", err);
    (void)sqlite3_reset(stmt);
    return rc;
}

static gw_rc write_side(struct push *push, const struct gw_store_item *item, struct gw_err *err)
{
    if (!item->intent.present)
        return run_side(push, item, GW_SQLITE_SIDE_DROP, err);
    GW_TRY(run_side(push, item, GW_SQLITE_SIDE_SET, err));
    if (sqlite3_changes64(push->store->db) > 0)
        return GW_OK;
    return run_side(push, item, GW_SQLITE_SIDE_ADD, err);
}

/* ---- reading back ---- */

static gw_rc refuse_field(struct push *push, uint32_t at, const struct gw_store_row *found,
                          struct gw_err *err)
{
    const struct gw_store_item *item = &push->items[at];
    char room[512];
    struct gw_buf text;
    gw_buf_init_fixed(&text, room, sizeof(room) - 1);
    if (found->columns == NULL) {
        gw_buf_put_text(&text, found->problem);
    } else {
        for (uint32_t i = 0; i < item->home->column_count; i++) {
            const struct gw_column *column = &item->home->columns[i];
            if (gw_value_equal(column->type, item->columns[i], found->columns[i]))
                continue;
            gw_buf_printf(&text, "column %.*s: sent ", GW_TEXT_ARG(column->name));
            gw_value_text(column->type, item->columns[i], 80, &text);
            gw_buf_put_str(&text, ", read back ");
            gw_value_text(column->type, found->columns[i], 80, &text);
            break;
        }
        if (text.len == 0)
            gw_buf_put_str(&text, "column _gw_ver: another version was read back");
    }
    room[text.len] = '\0';
    return refuse(push, at, GW_STORE_CLASS_ROUND_TRIP, room, err);
}

static gw_rc check_back(struct push *push, uint32_t at, struct gw_err *err)
{
    const struct gw_store_item *item = &push->items[at];
    struct gw_store_row found;
    GW_TRY(
        gw_sqlite_find(push->store, push->plan, item->home, item->key, push->arena, &found, err));
    if (!item->intent.present) {
        return found.present ? refuse(push, at, GW_STORE_CLASS_ROUND_TRIP,
                                      "the row is still there after its delete", err)
                             : GW_OK;
    }
    if (!found.present) {
        return refuse(push, at, GW_STORE_CLASS_ROUND_TRIP, "the row is not there after its write",
                      err);
    }
    if (found.columns != NULL && gw_hash128_equal(found.hash, item->intent.hash) &&
        found.ver == item->intent.ver)
        return GW_OK;
    return refuse_field(push, at, &found, err);
}

/* ---- one row ---- */

static gw_rc use_home(struct push *push, const struct gw_home *home, struct gw_err *err)
{
    if (home == push->home)
        return GW_OK;
    GW_TRY(gw_sqlite_plan_of(push->store, home, &push->plan, err));
    if (!push->plan->has_version) {
        gw_rc rc =
            GW_FAIL_CODE(err, GW_INVALID, 1312, "home %.*s: the place of its version is missing",
                         GW_TEXT_ARG(home->name));
        gw_err_hint(err, "run godwit engine prepare");
        return rc;
    }
    GW_TRY(gw_sqlite_stmt(push->store, push->plan->select_sql, &push->plan->select, err));
    push->home = home;
    return GW_OK;
}

static gw_rc write_row(struct push *push, uint32_t at, bool is_there, struct gw_err *err)
{
    const struct gw_store_item *item = &push->items[at];
    push->results[at] = (struct gw_store_result){.outcome = GW_STORE_APPLIED};
    if (!item->intent.present) {
        GW_TRY(delete_row(push, at, err));
    } else if (is_there) {
        GW_TRY(update_row(push, at, err));
    } else {
        GW_TRY(insert_row(push, at, err));
    }
    if (is_refused(push, at))
        return GW_OK;
    if (item->home->versions == GW_HOME_SIDECAR)
        GW_TRY(write_side(push, item, err));
    return check_back(push, at, err);
}

/* Reads and classifies; writes where the verdict says so and `may_write`. */
static gw_rc push_row(struct push *push, uint32_t at, bool may_write, struct gw_err *err)
{
    const struct gw_store_item *item = &push->items[at];
    struct gw_store_row found;
    struct gw_err why = {0};
    struct gw_arena_mark mark = gw_arena_mark(push->arena);
    GW_TRY(use_home(push, item->home, err));
    if (gw_sqlite_bind_key(push->store, push->plan, item->home, item->key, push->plan->select, 1,
                           push->arena, &why) < 0)
        return encode_failed(push, at, &why, err); /* a key that the table cannot hold */
    GW_TRY(
        gw_sqlite_find(push->store, push->plan, item->home, item->key, push->arena, &found, err));
    struct gw_seen seen = {found.present, found.ver, found.hash};
    struct gw_classified as = gw_classify_push(&item->acked, &item->intent, &seen);
    if (as.verdict == GW_VERDICT_CONFLICT) {
        push->results[at] = (struct gw_store_result){
            .outcome = GW_STORE_CONFLICT, .conflict = as.conflict, .found = found};
        return GW_OK;
    }
    gw_arena_back_to(push->arena, mark);
    push->results[at] = (struct gw_store_result){.outcome = GW_STORE_ALREADY};
    if (as.verdict == GW_VERDICT_ALREADY || !may_write)
        return GW_OK;
    gw_rc rc = write_row(push, at, found.present, err);
    if (rc == GW_OK && !is_refused(push, at))
        gw_arena_back_to(push->arena, mark);
    return rc;
}

/* ---- savepoints: a row, or a group of rows ---- */

static bool leaves_open_keys(struct gw_sqlite *store)
{
    int open = 0;
    int high;
    (void)sqlite3_db_status(store->db, SQLITE_DBSTATUS_DEFERRED_FKS, &open, &high, 0);
    return open != 0;
}

static bool is_whole(const struct push *push, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++) {
        if (push->results[i].outcome == GW_STORE_CONFLICT || is_refused(push, i))
            return false;
    }
    return true;
}

/* After a rollback to the savepoint: what had been applied is not; what was not looked at is looked at. */
static gw_rc undo_group(struct push *push, uint32_t from, uint32_t reached, uint32_t to,
                        struct gw_err *err)
{
    for (uint32_t i = from; i < to; i++) {
        if (i < reached && push->results[i].outcome != GW_STORE_APPLIED)
            continue;
        GW_TRY(push_row(push, i, false, err));
        bool is_there = push->results[i].outcome == GW_STORE_CONFLICT || is_refused(push, i);
        if (!is_there) {
            GW_TRY(refuse(push, i, GW_STORE_CLASS_DEPENDENT,
                          "another row of its group was not written", err));
        }
    }
    return GW_OK;
}

static gw_rc push_unit(struct push *push, uint32_t from, uint32_t to, struct gw_err *err)
{
    struct gw_sqlite *store = push->store;
    GW_TRY(gw_sqlite_run(store, GW_SQLITE_SAVE, err));
    uint32_t reached = from;
    while (reached < to && is_whole(push, from, reached)) {
        if (push->is_banned[reached]) {
            GW_TRY(refuse(push, reached, GW_STORE_CLASS_OTHER,
                          "a trigger of the table rolls the transaction back", err));
        } else {
            GW_TRY(push_row(push, reached, true, err));
        }
        if (push->must_restart)
            return GW_OK;
        reached++;
    }
    if (push->is_strict && is_whole(push, from, to) && leaves_open_keys(store)) {
        GW_TRY(
            refuse(push, to - 1, GW_STORE_CLASS_FOREIGN_KEY, "FOREIGN KEY constraint failed", err));
    }
    if (!is_whole(push, from, reached)) {
        GW_TRY(gw_sqlite_run(store, GW_SQLITE_SAVE_BACK, err));
        GW_TRY(undo_group(push, from, reached, to, err));
    }
    return gw_sqlite_run(store, GW_SQLITE_SAVE_DROP, err);
}

/* ---- the transaction ---- */

static gw_rc push_units(struct push *push, struct gw_err *err)
{
    GW_TRY(gw_sqlite_fence_check(push->store, push->epoch, push->attempt, err));
    memset(push->results, 0, push->count * sizeof(push->results[0]));
    push->home = NULL; /* plans may have been forgotten at the start of this transaction */
    for (uint32_t from = 0; from < push->count;) {
        uint32_t to = from + 1;
        while (push->items[from].group != 0 && to < push->count &&
               push->items[to].group == push->items[from].group)
            to++;
        GW_TRY(push_unit(push, from, to, err));
        if (push->must_restart)
            return GW_OK;
        from = to;
    }
    if (!push->is_strict && leaves_open_keys(push->store)) {
        push->is_strict = true;
        push->must_restart = true;
    }
    return GW_OK;
}

static gw_rc push_all(struct push *push, struct gw_err *err)
{
    struct gw_sqlite *store = push->store;
    GW_TRY(gw_sqlite_begin(store, true, err));
    for (;;) { /* at most count + 1 restarts: each bans a row or turns strict on */
        push->must_restart = false;
        gw_rc rc = push_units(push, err);
        if (rc < 0 || !push->must_restart) {
            if (rc == GW_OK)
                GW_CRASH_POINT("store.sqlite.commit.before");
            rc = gw_sqlite_end(store, rc, err);
            GW_CRASH_POINT("store.sqlite.commit.after");
            return rc;
        }
        if (sqlite3_get_autocommit(store->db) == 0)
            GW_TRY(gw_sqlite_run(store, GW_SQLITE_ROLLBACK, err));
        GW_TRY(gw_sqlite_begin(store, true, err));
    }
}

gw_rc gw_sqlite_push(struct gw_store *base, uint64_t epoch, uint64_t attempt,
                     const struct gw_store_item *items, uint32_t count, struct gw_arena *arena,
                     struct gw_store_result *ret_results, struct gw_err *err)
{
    GW_ASSERT(count <= GW_STORE_PUSH_MAX);
    struct push push = {.store = GW_CONTAINER_OF(base, struct gw_sqlite, base),
                        .arena = arena,
                        .items = items,
                        .results = ret_results,
                        .count = count,
                        .epoch = epoch,
                        .attempt = attempt};
    push.is_banned = GW_NEW_ARRAY(arena, bool, count);
    if (push.is_banned == NULL)
        return GW_FAIL_NOMEM(err);
    return push_all(&push, err);
}
