/* The fence rows of a SQLite store: who may write (engine spec 5.1). */
#include <inttypes.h>

#include "store/sqlite_int.h"

/* The fence of a slot. *ret is not present when the row, or the whole table, is missing. */
static gw_rc read_slot(struct gw_sqlite *store, uint32_t slot, struct gw_store_fence *ret,
                       struct gw_err *err)
{
    struct gw_store_fence fence = {0};
    if (gw_sqlite_has_table(store, "_gw_fence")) {
        sqlite3_stmt *stmt = NULL;
        GW_TRY(gw_sqlite_fixed(store, GW_SQLITE_FENCE_GET, &stmt, err));
        (void)sqlite3_bind_int64(stmt, 1, slot);
        int code = sqlite3_step(stmt);
        if (code == SQLITE_ROW && sqlite3_column_bytes(stmt, 0) == (int)sizeof(fence.cluster)) {
            memcpy(fence.cluster, sqlite3_column_blob(stmt, 0), sizeof(fence.cluster));
            fence.epoch = (uint64_t)sqlite3_column_int64(stmt, 1);
            fence.attempt = (uint64_t)sqlite3_column_int64(stmt, 2);
            fence.present = true;
        }
        (void)sqlite3_reset(stmt);
        if (code != SQLITE_ROW && code != SQLITE_DONE)
            return gw_sqlite_fail(store, "read the fence", err);
    }
    *ret = fence;
    return GW_OK;
}

gw_rc gw_sqlite_fence_read(struct gw_store *base, uint32_t slot, struct gw_store_fence *ret,
                           struct gw_err *err)
{
    struct gw_sqlite *store = GW_CONTAINER_OF(base, struct gw_sqlite, base);
    struct gw_store_fence fence = {0};
    GW_TRY(gw_sqlite_begin(store, false, err));
    gw_rc rc = gw_sqlite_end(store, read_slot(store, slot, &fence, err), err);
    if (rc == GW_OK)
        *ret = fence;
    return rc;
}

gw_rc gw_sqlite_fence_check(struct gw_sqlite *store, uint64_t epoch, uint64_t attempt,
                            struct gw_err *err)
{
    struct gw_store_fence fence = {0};
    GW_TRY(read_slot(store, store->slot, &fence, err));
    if (fence.present && fence.epoch == epoch && fence.attempt == attempt &&
        memcmp(fence.cluster, store->cluster, sizeof(fence.cluster)) == 0)
        return GW_OK;
    return GW_FAIL(err, GW_CONFLICT,
                   "store %.*s: fence of slot %u is epoch %" PRIu64 " attempt %" PRIu64
                   ", this push carries %" PRIu64 " and %" PRIu64,
                   GW_TEXT_ARG(store->name), store->slot, fence.epoch, fence.attempt, epoch,
                   attempt);
}

/* Run `sql` with up to four parameters: slot or NULL cluster, cluster, epoch, attempt. */
static gw_rc run(struct gw_sqlite *store, const char *sql, const uint8_t *foreign, uint32_t slot,
                 uint64_t epoch, uint64_t attempt, struct gw_err *err)
{
    sqlite3_stmt *stmt = NULL;
    GW_TRY(gw_sqlite_prepare(store, gw_text(sql), &stmt, err));
    if (foreign != NULL) {
        (void)sqlite3_bind_blob(stmt, 1, foreign, 16, SQLITE_STATIC);
    } else {
        (void)sqlite3_bind_int64(stmt, 1, slot);
    }
    (void)sqlite3_bind_blob(stmt, 2, store->cluster, 16, SQLITE_STATIC);
    (void)sqlite3_bind_int64(stmt, 3, (int64_t)epoch);
    (void)sqlite3_bind_int64(stmt, 4, (int64_t)attempt);
    gw_rc rc =
        sqlite3_step(stmt) == SQLITE_DONE ? GW_OK : gw_sqlite_fail(store, "write the fence", err);
    (void)sqlite3_finalize(stmt);
    return rc;
}

static gw_rc check_clusters(struct gw_sqlite *store, struct gw_err *err)
{
    sqlite3_stmt *stmt = NULL;
    GW_TRY(gw_sqlite_prepare(
        store, gw_text("SELECT hex(cluster) FROM _gw_fence WHERE cluster <> ?1 LIMIT 1"), &stmt,
        err));
    (void)sqlite3_bind_blob(stmt, 1, store->cluster, 16, SQLITE_STATIC);
    int code = sqlite3_step(stmt);
    gw_rc rc = code == SQLITE_DONE ? GW_OK : GW_CONFLICT;
    if (code == SQLITE_ROW) {
        rc = GW_FAIL(err, GW_CONFLICT, "store %.*s: fenced by another godwit, cluster %s",
                     GW_TEXT_ARG(store->name), (const char *)sqlite3_column_text(stmt, 0));
        gw_err_hint(err, "if that one is gone for good, name it with --take-over");
    } else if (rc < 0) {
        rc = gw_sqlite_fail(store, "read the fence", err);
    }
    (void)sqlite3_finalize(stmt);
    return rc;
}

static gw_rc check_prepared(struct gw_sqlite *store, struct gw_err *err)
{
    if (gw_sqlite_has_table(store, "_gw_fence"))
        return GW_OK;
    gw_rc rc = GW_FAIL_CODE(err, GW_INVALID, 1312, "store %.*s: table _gw_fence is missing",
                            GW_TEXT_ARG(store->name));
    gw_err_hint(err, "run godwit engine prepare");
    return rc;
}

static gw_rc raise(struct gw_sqlite *store, uint32_t slot, uint64_t epoch, uint64_t attempt,
                   struct gw_err *err)
{
    GW_TRY(check_prepared(store, err));
    GW_TRY(check_clusters(store, err));
    struct gw_store_fence fence = {0};
    GW_TRY(read_slot(store, slot, &fence, err));
    if (!fence.present) {
        return run(store,
                   "INSERT INTO _gw_fence (slot, cluster, epoch, attempt) VALUES (?1, ?2, ?3, ?4)",
                   NULL, slot, epoch, attempt, err);
    }
    if (fence.epoch > epoch) {
        return GW_FAIL(err, GW_CONFLICT,
                       "store %.*s: fence of slot %u has epoch %" PRIu64 ", ours is %" PRIu64,
                       GW_TEXT_ARG(store->name), slot, fence.epoch, epoch);
    }
    if (fence.epoch == epoch && fence.attempt >= attempt)
        return GW_OK;
    return run(store, "UPDATE _gw_fence SET cluster = ?2, epoch = ?3, attempt = ?4 WHERE slot = ?1",
               NULL, slot, epoch, attempt, err);
}

gw_rc gw_sqlite_fence_raise(struct gw_store *base, uint32_t slot, uint64_t epoch, uint64_t attempt,
                            struct gw_err *err)
{
    GW_ASSERT(epoch <= INT64_MAX && attempt <= INT64_MAX);
    struct gw_sqlite *store = GW_CONTAINER_OF(base, struct gw_sqlite, base);
    GW_TRY(gw_sqlite_begin(store, true, err));
    return gw_sqlite_end(store, raise(store, slot, epoch, attempt, err), err);
}

static gw_rc take_over(struct gw_sqlite *store, const uint8_t *foreign, struct gw_err *err)
{
    GW_TRY(check_prepared(store, err));
    /* Their epochs say nothing about ours: start below every epoch of this cluster. */
    GW_TRY(run(store,
               "UPDATE _gw_fence SET cluster = ?2, epoch = ?3, attempt = ?4 WHERE cluster = ?1",
               foreign, 0, 0, 0, err));
    if (sqlite3_changes64(store->db) == 0) {
        return GW_FAIL(err, GW_NOTFOUND, "store %.*s: no fence of that cluster",
                       GW_TEXT_ARG(store->name));
    }
    return GW_OK;
}

gw_rc gw_sqlite_fence_take_over(struct gw_store *base, const uint8_t foreign[16],
                                struct gw_err *err)
{
    struct gw_sqlite *store = GW_CONTAINER_OF(base, struct gw_sqlite, base);
    GW_TRY(gw_sqlite_begin(store, true, err));
    return gw_sqlite_end(store, take_over(store, foreign, err), err);
}
