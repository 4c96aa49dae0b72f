/* Reading rows of a SQLite store: by key, and page by page in key order. */
#include "store/sqlite_int.h"

gw_rc gw_sqlite_bind_key(struct gw_sqlite *store, const struct gw_sqlite_plan *plan,
                         const struct gw_home *home, const union gw_value *key, sqlite3_stmt *stmt,
                         int at, struct gw_arena *arena, struct gw_err *err)
{
    (void)store;
    for (uint32_t i = 0; i < home->key_count; i++) {
        uint32_t index = home->key_columns[i];
        struct gw_sqlite_cell *cell = GW_NEW(arena, struct gw_sqlite_cell);
        if (cell == NULL)
            return GW_FAIL_NOMEM(err);
        GW_TRY(gw_sqlite_encode(&plan->columns[index], home->columns[index].type, key[i], arena,
                                cell, err));
        if (gw_sqlite_bind(stmt, at + (int)i, cell) != SQLITE_OK) {
            return GW_FAIL(err, GW_TOOLARGE, "column %s: the key is too large",
                           plan->columns[index].name);
        }
    }
    return GW_OK;
}

/* " (row id=7, n=\"x\")": the key as the row holds it. */
static void put_raw_key(const struct gw_home *home, sqlite3_stmt *stmt, struct gw_buf *ret)
{
    for (uint32_t i = 0; i < home->key_count; i++) {
        uint32_t index = home->key_columns[i];
        gw_buf_printf(ret, "%s%.*s=", i == 0 ? " (row " : ", ",
                      GW_TEXT_ARG(home->columns[index].name));
        gw_sqlite_show(stmt, (int)index, ret);
    }
    gw_buf_put_str(ret, ")");
}

static gw_rc set_problem(const struct gw_home *home, sqlite3_stmt *stmt, struct gw_arena *arena,
                         const struct gw_err *why, struct gw_store_row *ret, struct gw_err *err)
{
    if (ret->problem.data != NULL)
        return GW_OK; /* the first one counts */
    char room[1024];
    struct gw_buf text;
    gw_buf_init_fixed(&text, room, sizeof(room));
    gw_buf_put_str(&text, why->msg);
    put_raw_key(home, stmt, &text); /* cut when the room is full: the message is whole */
    ret->problem = gw_arena_copy_text(arena, gw_buf_text(&text));
    return ret->problem.data != NULL ? GW_OK : GW_FAIL_NOMEM(err);
}

static gw_rc read_columns(const struct gw_sqlite_plan *plan, const struct gw_home *home,
                          sqlite3_stmt *stmt, struct gw_arena *arena, union gw_value *columns,
                          struct gw_store_row *ret, struct gw_err *err)
{
    bool is_key_read = true;
    for (uint32_t i = 0; i < home->column_count; i++) {
        struct gw_err why;
        gw_rc rc = gw_sqlite_decode(&plan->columns[i], home->columns[i].type, stmt, (int)i, arena,
                                    &columns[i], &why);
        if (rc == GW_NOMEM)
            return GW_FAIL_NOMEM(err);
        if (rc == GW_OK)
            continue;
        is_key_read &= !plan->columns[i].is_key;
        GW_TRY(set_problem(home, stmt, arena, &why, ret, err));
    }
    if (!is_key_read)
        return GW_OK;
    ret->key = GW_NEW_ARRAY(arena, union gw_value, home->key_count);
    if (ret->key == NULL)
        return GW_FAIL_NOMEM(err);
    for (uint32_t i = 0; i < home->key_count; i++)
        ret->key[i] = columns[home->key_columns[i]];
    return GW_OK;
}

static gw_rc read_version(const struct gw_home *home, sqlite3_stmt *row, int at, sqlite3_stmt *stmt,
                          struct gw_arena *arena, struct gw_store_row *ret, struct gw_err *err)
{
    int kind = sqlite3_column_type(row, at);
    ret->ver = GW_VERSION_NONE;
    if (kind == SQLITE_NULL)
        return GW_OK;
    if (kind == SQLITE_INTEGER && sqlite3_column_int64(row, at) >= 0) {
        ret->ver = (gw_version)sqlite3_column_int64(row, at);
        return GW_OK;
    }
    ret->ver = GW_VERSION_NONE - 1; /* no version of ours: a foreign write */
    struct gw_err why;
    (void)GW_FAIL(&why, GW_INVALID, "column _gw_ver: not a version");
    return set_problem(home, stmt, arena, &why, ret, err);
}

static gw_rc read_side(struct gw_sqlite *store, const struct gw_home *home,
                       const union gw_value *columns, sqlite3_stmt *stmt, struct gw_arena *arena,
                       struct gw_store_row *ret, struct gw_err *err)
{
    sqlite3_stmt *side = NULL;
    gw_buf_reset(&store->key);
    gw_home_key(home, columns, &store->key);
    GW_TRY(gw_buf_check(&store->key, "a key", err));
    GW_TRY(gw_sqlite_fixed(store, GW_SQLITE_SIDE_GET, &side, err));
    (void)sqlite3_bind_int64(side, 1, home->id);
    (void)sqlite3_bind_blob64(side, 2, store->key.data, store->key.len, SQLITE_STATIC);
    int code = sqlite3_step(side);
    gw_rc rc = GW_OK;
    if (code == SQLITE_ROW) {
        rc = read_version(home, side, 0, stmt, arena, ret, err);
    } else if (code != SQLITE_DONE) {
        rc = gw_sqlite_fail(store, "read the side table", err);
    }
    (void)sqlite3_reset(side);
    return rc;
}

static gw_rc read_image(struct gw_sqlite *store, const struct gw_home *home,
                        union gw_value *columns, struct gw_arena *arena, struct gw_store_row *ret,
                        struct gw_err *err)
{
    gw_buf_reset(&store->image);
    gw_home_image(home, columns, &store->image);
    GW_TRY(gw_buf_check(&store->image, "an image", err));
    ret->image = gw_arena_copy(arena, gw_buf_bytes(&store->image));
    if (ret->image.data == NULL)
        return GW_FAIL_NOMEM(err);
    ret->hash = gw_home_hash(home, ret->image);
    ret->columns = columns;
    return GW_OK;
}

gw_rc gw_sqlite_row(struct gw_sqlite *store, const struct gw_sqlite_plan *plan,
                    const struct gw_home *home, sqlite3_stmt *stmt, struct gw_arena *arena,
                    struct gw_store_row *ret, struct gw_err *err)
{
    *ret = (struct gw_store_row){.present = true, .ver = GW_VERSION_NONE};
    union gw_value *columns = GW_NEW_ARRAY(arena, union gw_value, home->column_count);
    if (columns == NULL)
        return GW_FAIL_NOMEM(err);
    GW_TRY(read_columns(plan, home, stmt, arena, columns, ret, err));
    if (home->versions == GW_HOME_INLINE) {
        GW_TRY(read_version(home, stmt, (int)home->column_count, stmt, arena, ret, err));
    } else if (plan->has_version && ret->key != NULL) {
        GW_TRY(read_side(store, home, columns, stmt, arena, ret, err));
    }
    return ret->problem.data != NULL ? GW_OK : read_image(store, home, columns, arena, ret, err);
}

gw_rc gw_sqlite_find(struct gw_sqlite *store, const struct gw_sqlite_plan *plan,
                     const struct gw_home *home, const union gw_value *key, struct gw_arena *arena,
                     struct gw_store_row *ret, struct gw_err *err)
{
    sqlite3_stmt *stmt = plan->select;
    (void)sqlite3_reset(stmt);
    GW_TRY(gw_sqlite_bind_key(store, plan, home, key, stmt, 1, arena, err));
    int code = sqlite3_step(stmt);
    gw_rc rc = GW_OK;
    if (code == SQLITE_ROW) {
        rc = gw_sqlite_row(store, plan, home, stmt, arena, ret, err);
    } else if (code == SQLITE_DONE) {
        *ret = (struct gw_store_row){.ver = GW_VERSION_NONE};
    } else {
        rc = gw_sqlite_fail(store, "read a row", err);
    }
    (void)sqlite3_reset(stmt);
    return rc;
}

static gw_rc fetch_all(struct gw_sqlite *store, const struct gw_home *home,
                       const union gw_value *const *keys, uint32_t count, struct gw_arena *arena,
                       struct gw_store_row *ret_rows, struct gw_err *err)
{
    struct gw_sqlite_plan *plan = NULL;
    GW_TRY(gw_sqlite_plan_of(store, home, &plan, err));
    GW_TRY(gw_sqlite_stmt(store, plan->select_sql, &plan->select, err));
    for (uint32_t i = 0; i < count; i++) {
        GW_TRY(gw_sqlite_find(store, plan, home, keys[i], arena, &ret_rows[i], err));
        if (ret_rows[i].key != NULL)
            continue;
        ret_rows[i].key = GW_NEW_ARRAY(arena, union gw_value, home->key_count);
        if (ret_rows[i].key == NULL)
            return GW_FAIL_NOMEM(err);
        for (uint32_t k = 0; k < home->key_count; k++) {
            if (!gw_value_copy(home->columns[home->key_columns[k]].type, keys[i][k], arena,
                               &ret_rows[i].key[k]))
                return GW_FAIL_NOMEM(err);
        }
    }
    return GW_OK;
}

gw_rc gw_sqlite_fetch(struct gw_store *base, const struct gw_home *home,
                      const union gw_value *const *keys, uint32_t count, struct gw_arena *arena,
                      struct gw_store_row *ret_rows, struct gw_err *err)
{
    GW_ASSERT(count <= GW_STORE_FETCH_MAX);
    struct gw_sqlite *store = GW_CONTAINER_OF(base, struct gw_sqlite, base);
    GW_TRY(gw_sqlite_begin(store, false, err));
    return gw_sqlite_end(store, fetch_all(store, home, keys, count, arena, ret_rows, err), err);
}

/* ---- pages ---- */

/* The next page begins behind this page's last row, so that row must have a key that can be read: rows without one
 * are taken along until a row with one, or the end, comes. */
static gw_rc read_page(struct gw_sqlite *store, const struct gw_sqlite_plan *plan,
                       const struct gw_home *home, sqlite3_stmt *stmt, uint32_t rows,
                       struct gw_arena *arena, struct gw_store_page *page, struct gw_err *err)
{
    size_t bytes = 0;
    uint32_t rows_max = rows + GW_STORE_FETCH_MAX;
    int code;
    while ((code = sqlite3_step(stmt)) == SQLITE_ROW) {
        bool can_end = page->count > 0 && page->rows[page->count - 1].key != NULL;
        if (can_end && (page->count >= rows || bytes > GW_STORE_PAGE_BYTES_MAX))
            return GW_OK;
        if (page->count == rows_max) {
            return GW_FAIL_CODE(err, GW_INVALID, 1308,
                                "home %.*s: more than %d rows one behind the other have keys that "
                                "are none; the last: %.*s",
                                GW_TEXT_ARG(home->name), GW_STORE_FETCH_MAX,
                                GW_TEXT_ARG(page->rows[page->count - 1].problem));
        }
        struct gw_arena_mark mark = gw_arena_mark(arena);
        struct gw_store_row *row = &page->rows[page->count];
        GW_TRY(gw_sqlite_row(store, plan, home, stmt, arena, row, err));
        bytes += row->image.len;
        if (can_end && bytes > GW_STORE_PAGE_BYTES_MAX) {
            gw_arena_back_to(arena, mark);
            return GW_OK;
        }
        page->count++;
    }
    if (code != SQLITE_DONE)
        return gw_sqlite_fail(store, "scan", err);
    page->end = true;
    return GW_OK;
}

static gw_rc scan_page(struct gw_sqlite *store, const struct gw_home *home,
                       const union gw_value *after, uint32_t rows, struct gw_arena *arena,
                       struct gw_store_page *ret, struct gw_err *err)
{
    struct gw_sqlite_plan *plan = NULL;
    sqlite3_stmt *stmt;
    struct gw_store_page page = {0};
    int64_t limit = (int64_t)rows + GW_STORE_FETCH_MAX + 1; /* more than read_page() ever takes */
    GW_TRY(gw_sqlite_plan_of(store, home, &plan, err));
    if (after != NULL) {
        GW_TRY(gw_sqlite_stmt(store, plan->after_sql, &plan->after, err));
        stmt = plan->after;
        GW_TRY(gw_sqlite_bind_key(store, plan, home, after, stmt, 1, arena, err));
        (void)sqlite3_bind_int64(stmt, (int)home->key_count + 1, limit);
    } else {
        GW_TRY(gw_sqlite_stmt(store, plan->first_sql, &plan->first, err));
        stmt = plan->first;
        (void)sqlite3_bind_int64(stmt, 1, limit);
    }
    page.rows = GW_NEW_ARRAY(arena, struct gw_store_row, rows + GW_STORE_FETCH_MAX);
    if (page.rows == NULL)
        return GW_FAIL_NOMEM(err);
    gw_rc rc = read_page(store, plan, home, stmt, rows, arena, &page, err);
    (void)sqlite3_reset(stmt);
    if (rc == GW_OK)
        *ret = page;
    return rc;
}

gw_rc gw_sqlite_scan(struct gw_store *base, const struct gw_home *home, const union gw_value *after,
                     uint32_t rows, struct gw_arena *arena, struct gw_store_page *ret,
                     struct gw_err *err)
{
    GW_ASSERT(rows > 0);
    struct gw_sqlite *store = GW_CONTAINER_OF(base, struct gw_sqlite, base);
    GW_TRY(gw_sqlite_begin(store, false, err));
    return gw_sqlite_end(store, scan_page(store, home, after, rows, arena, ret, err), err);
}

static gw_rc count_rows(struct gw_sqlite *store, const struct gw_home *home, uint64_t *ret,
                        struct gw_err *err)
{
    struct gw_sqlite_plan *plan = NULL;
    GW_TRY(gw_sqlite_plan_of(store, home, &plan, err));
    GW_TRY(gw_sqlite_stmt(store, plan->count_sql, &plan->count, err));
    if (sqlite3_step(plan->count) != SQLITE_ROW)
        return gw_sqlite_fail(store, "count", err);
    *ret = (uint64_t)sqlite3_column_int64(plan->count, 0);
    (void)sqlite3_reset(plan->count);
    return GW_OK;
}

gw_rc gw_sqlite_count(struct gw_store *base, const struct gw_home *home, uint64_t *ret,
                      struct gw_err *err)
{
    struct gw_sqlite *store = GW_CONTAINER_OF(base, struct gw_sqlite, base);
    GW_TRY(gw_sqlite_begin(store, false, err));
    return gw_sqlite_end(store, count_rows(store, home, ret, err), err);
}
