/* What the engine needs in a SQLite file: a version column or the side table, and the fence (engine spec 7, C7). */
#include "store/sqlite_int.h"

static gw_rc add(struct gw_store_ddl *ddl, struct gw_text statement, struct gw_err *err)
{
    if (statement.data == NULL)
        return GW_FAIL_NOMEM(err);
    for (uint32_t i = 0; i < ddl->count; i++) {
        if (gw_text_equal(ddl->statements[i], statement))
            return GW_OK; /* two homes of one table */
    }
    ddl->statements[ddl->count++] = statement;
    return GW_OK;
}

static gw_rc plan_home(struct gw_sqlite *store, const struct gw_home *home, struct gw_arena *arena,
                       struct gw_store_ddl *ddl, struct gw_err *err)
{
    const char *table = gw_arena_printf(arena, "%.*s", GW_TEXT_ARG(home->place)).data;
    if (table == NULL)
        return GW_FAIL_NOMEM(err);
    if (!gw_sqlite_has_table(store, table)) {
        return GW_FAIL_CODE(err, GW_INVALID, 1301, "store %.*s: no table %s",
                            GW_TEXT_ARG(store->name), table);
    }
    if (home->versions == GW_HOME_SIDECAR) {
        return gw_sqlite_has_table(store, "_gw_side")
                   ? GW_OK
                   : add(ddl,
                         gw_text("CREATE TABLE _gw_side (ent BIGINT NOT NULL, pk BLOB NOT NULL, "
                                 "ver BIGINT NOT NULL, hash BLOB NOT NULL, "
                                 "PRIMARY KEY (ent, pk)) WITHOUT ROWID"),
                         err);
    }
    if (sqlite3_table_column_metadata(store->db, "main", table, "_gw_ver", NULL, NULL, NULL, NULL,
                                      NULL) == SQLITE_OK)
        return GW_OK;
    struct gw_buf sql;
    char room[1024];
    gw_buf_init_fixed(&sql, room, sizeof(room));
    gw_buf_put_str(&sql, "ALTER TABLE ");
    gw_sqlite_quote(&sql, home->place);
    gw_buf_put_str(&sql, " ADD COLUMN _gw_ver BIGINT");
    GW_TRY(gw_buf_check(&sql, "a statement", err));
    return add(ddl, gw_arena_copy_text(arena, gw_buf_text(&sql)), err);
}

static gw_rc plan(struct gw_sqlite *store, const struct gw_home *const *homes, uint32_t count,
                  struct gw_arena *arena, struct gw_store_ddl *ret, struct gw_err *err)
{
    struct gw_store_ddl ddl = {GW_NEW_ARRAY(arena, struct gw_text, (size_t)count + 1), 0};
    if (ddl.statements == NULL)
        return GW_FAIL_NOMEM(err);
    for (uint32_t i = 0; i < count; i++)
        GW_TRY(plan_home(store, homes[i], arena, &ddl, err));
    if (!gw_sqlite_has_table(store, "_gw_fence")) {
        GW_TRY(
            add(&ddl,
                gw_text("CREATE TABLE _gw_fence (slot INTEGER PRIMARY KEY, cluster BLOB NOT NULL, "
                        "epoch BIGINT NOT NULL, attempt BIGINT NOT NULL)"),
                err));
    }
    *ret = ddl;
    return GW_OK;
}

gw_rc gw_sqlite_prepare_plan(struct gw_store *base, const struct gw_home *const *homes,
                             uint32_t count, struct gw_arena *arena, struct gw_store_ddl *ret,
                             struct gw_err *err)
{
    struct gw_sqlite *store = GW_CONTAINER_OF(base, struct gw_sqlite, base);
    GW_TRY(gw_sqlite_begin(store, false, err));
    return gw_sqlite_end(store, plan(store, homes, count, arena, ret, err), err);
}

static gw_rc run(struct gw_sqlite *store, const struct gw_store_ddl *ddl, struct gw_err *err)
{
    for (uint32_t i = 0; i < ddl->count; i++) {
        sqlite3_stmt *stmt = NULL;
        GW_TRY(gw_sqlite_prepare(store, ddl->statements[i], &stmt, err));
        int code = sqlite3_step(stmt);
        (void)sqlite3_finalize(stmt);
        if (code != SQLITE_DONE)
            return gw_sqlite_fail(store, ddl->statements[i].data, err);
    }
    return GW_OK;
}

gw_rc gw_sqlite_prepare_homes(struct gw_store *base, const struct gw_home *const *homes,
                              uint32_t count, struct gw_err *err)
{
    struct gw_sqlite *store = GW_CONTAINER_OF(base, struct gw_sqlite, base);
    struct gw_arena arena;
    struct gw_store_ddl ddl = {0};
    gw_arena_init(&arena, store->arena.alloc, (size_t)1024 * 1024);
    gw_rc rc = gw_sqlite_begin(store, true, err);
    if (rc == GW_OK) {
        rc = plan(store, homes, count, &arena, &ddl, err);
        if (rc == GW_OK)
            rc = run(store, &ddl, err);
        rc = gw_sqlite_end(store, rc, err);
    }
    gw_arena_done(&arena);
    return rc;
}
