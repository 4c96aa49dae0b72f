#include "store/sqlite.h"

#include "os/clock.h"
#include "os/file.h"
#include "os/heap.h"
#include "store/sqlite_int.h"

enum { STEPS_PER_LOOK = 4000 }; /* virtual machine steps between two looks at the clock */

static const char *const fixed_sql[GW_SQLITE_FIXED_COUNT] = {
    [GW_SQLITE_BEGIN] = "BEGIN",
    [GW_SQLITE_BEGIN_WRITE] = "BEGIN IMMEDIATE",
    [GW_SQLITE_COMMIT] = "COMMIT",
    [GW_SQLITE_ROLLBACK] = "ROLLBACK",
    [GW_SQLITE_SAVE] = "SAVEPOINT _gw",
    [GW_SQLITE_SAVE_DROP] = "RELEASE _gw",
    [GW_SQLITE_SAVE_BACK] = "ROLLBACK TO _gw",
    [GW_SQLITE_SCHEMA] = "PRAGMA schema_version",
    [GW_SQLITE_FENCE_GET] = "SELECT cluster, epoch, attempt FROM _gw_fence WHERE slot = ?1",
    [GW_SQLITE_SIDE_GET] = "SELECT ver FROM _gw_side WHERE ent = ?1 AND pk = ?2",
    [GW_SQLITE_SIDE_SET] = "UPDATE _gw_side SET ver = ?3, hash = ?4 WHERE ent = ?1 AND pk = ?2",
    [GW_SQLITE_SIDE_ADD] = "INSERT INTO _gw_side (ent, pk, ver, hash) VALUES (?1, ?2, ?3, ?4)",
    [GW_SQLITE_SIDE_DROP] = "DELETE FROM _gw_side WHERE ent = ?1 AND pk = ?2",
};

static gw_rc rc_of(int code)
{
    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_INTERRUPT:
        return GW_TIMEOUT;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return GW_DENIED;
    case SQLITE_FULL:
        return GW_FULL;
    case SQLITE_NOMEM:
        return GW_NOMEM;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return GW_CORRUPT;
    case SQLITE_CANTOPEN:
        return GW_UNREACHABLE;
    case SQLITE_IOERR:
        return GW_IO;
    case SQLITE_TOOBIG:
        return GW_TOOLARGE;
    default:
        return GW_INVALID;
    }
}

gw_rc gw_sqlite_fail(struct gw_sqlite *store, const char *what, struct gw_err *err)
{
    gw_rc rc = rc_of(sqlite3_extended_errcode(store->db));
    rc = GW_FAIL(err, rc, "store %.*s: %s: %s", GW_TEXT_ARG(store->name), what,
                 sqlite3_errmsg(store->db));
    if (rc == GW_TIMEOUT) {
        gw_err_hint(err, "another program may hold the lock on %s; waited up to %u ms", store->path,
                    store->timeout_ms);
    }
    if (rc == GW_DENIED)
        gw_err_hint(err, "check the permissions of %s and of its folder", store->path);
    return rc;
}

gw_rc gw_sqlite_prepare(struct gw_sqlite *store, struct gw_text sql, sqlite3_stmt **ret,
                        struct gw_err *err)
{
    if (sqlite3_prepare_v3(store->db, sql.data, (int)sql.len, SQLITE_PREPARE_PERSISTENT, ret,
                           NULL) != SQLITE_OK)
        return gw_sqlite_fail(store, "prepare", err);
    return GW_OK;
}

gw_rc gw_sqlite_fixed(struct gw_sqlite *store, enum gw_sqlite_fixed which, sqlite3_stmt **ret,
                      struct gw_err *err)
{
    if (store->fixed[which] == NULL)
        GW_TRY(gw_sqlite_prepare(store, gw_text(fixed_sql[which]), &store->fixed[which], err));
    (void)sqlite3_reset(store->fixed[which]); /* repeats the error of the last step, seen there */
    *ret = store->fixed[which];
    return GW_OK;
}

gw_rc gw_sqlite_run(struct gw_sqlite *store, enum gw_sqlite_fixed which, struct gw_err *err)
{
    sqlite3_stmt *stmt = NULL;
    GW_TRY(gw_sqlite_fixed(store, which, &stmt, err));
    int code = sqlite3_step(stmt);
    gw_rc rc = code == SQLITE_DONE || code == SQLITE_ROW
                   ? GW_OK
                   : gw_sqlite_fail(store, fixed_sql[which], err);
    (void)sqlite3_reset(stmt);
    return rc;
}

static gw_rc schema_version(struct gw_sqlite *store, int64_t *ret, struct gw_err *err)
{
    sqlite3_stmt *stmt = NULL;
    GW_TRY(gw_sqlite_fixed(store, GW_SQLITE_SCHEMA, &stmt, err));
    if (sqlite3_step(stmt) != SQLITE_ROW)
        return gw_sqlite_fail(store, "read the catalog", err);
    *ret = sqlite3_column_int64(stmt, 0);
    (void)sqlite3_reset(stmt);
    return GW_OK;
}

static gw_rc begin_schema(struct gw_sqlite *store, struct gw_err *err)
{
    int64_t schema = 0;
    GW_TRY(schema_version(store, &schema, err));
    if (schema != store->schema)
        gw_sqlite_plans_free(store);
    store->schema = schema;
    return GW_OK;
}

/* A restored backup is another file under the same name. Writing on into the old one would lose everything. */
static gw_rc check_same_file(struct gw_sqlite *store, struct gw_err *err)
{
    struct gw_file_info info;
    gw_rc rc = gw_path_info(store->path, &info, err);
    if (rc < 0)
        return gw_err_wrap_rc(err, rc, "store %.*s", GW_TEXT_ARG(store->name));
    if (info.device == store->device && info.inode == store->inode)
        return GW_OK;
    return GW_FAIL(err, GW_UNREACHABLE, "store %.*s: %s was replaced by another file",
                   GW_TEXT_ARG(store->name), store->path);
}

gw_rc gw_sqlite_begin(struct gw_sqlite *store, bool is_write, struct gw_err *err)
{
    GW_TRY(check_same_file(store, err));
    store->deadline_ns = gw_clock_mono_ns() + (int64_t)store->timeout_ms * GW_NS_PER_MS;
    GW_TRY(gw_sqlite_run(store, is_write ? GW_SQLITE_BEGIN_WRITE : GW_SQLITE_BEGIN, err));
    gw_rc rc = begin_schema(store, err);
    return rc == GW_OK ? GW_OK : gw_sqlite_end(store, rc, err);
}

gw_rc gw_sqlite_end(struct gw_sqlite *store, gw_rc rc, struct gw_err *err)
{
    store->deadline_ns = INT64_MAX; /* an end is never interrupted half way */
    if (rc == GW_OK)
        rc = gw_sqlite_run(store, GW_SQLITE_COMMIT, err);
    if (rc < 0 && sqlite3_get_autocommit(store->db) == 0)
        (void)gw_sqlite_run(store, GW_SQLITE_ROLLBACK, NULL); /* the first error counts */
    return rc;
}

bool gw_sqlite_has_table(struct gw_sqlite *store, const char *table)
{
    return sqlite3_table_column_metadata(store->db, "main", table, NULL, NULL, NULL, NULL, NULL,
                                         NULL) == SQLITE_OK;
}

void gw_sqlite_quote(struct gw_buf *ret, struct gw_text name)
{
    gw_buf_put_u8(ret, '"');
    for (size_t i = 0; i < name.len; i++) {
        if (name.data[i] == '"')
            gw_buf_put_u8(ret, '"');
        gw_buf_put_u8(ret, (uint8_t)name.data[i]);
    }
    gw_buf_put_u8(ret, '"');
}

/* ---- opening ---- */

static int is_late(void *ctx)
{
    const struct gw_sqlite *store = ctx;
    return gw_clock_mono_ns() > store->deadline_ns;
}

static void sqlite_close(struct gw_store *base)
{
    if (base == NULL)
        return;
    struct gw_sqlite *store = GW_CONTAINER_OF(base, struct gw_sqlite, base);
    gw_sqlite_plans_free(store);
    int code = sqlite3_close(store->db);
    GW_ASSERT(code == SQLITE_OK); /* else a statement of ours was forgotten */
    gw_buf_done(&store->key);
    gw_buf_done(&store->image);
    gw_arena_done(&store->arena);
    const struct gw_alloc *heap = gw_os_heap();
    heap->put(heap->ctx, store, sizeof(*store));
}

static gw_rc new_store(const struct gw_store_config *config, struct gw_sqlite **ret,
                       struct gw_err *err)
{
    const struct gw_alloc *heap = gw_os_heap();
    struct gw_sqlite *store = heap->get(heap->ctx, sizeof(*store));
    if (store == NULL)
        return GW_FAIL_NOMEM(err);
    *store = (struct gw_sqlite){.base = {&gw_sqlite_ops},
                                .slot = config->slot,
                                .timeout_ms = config->timeout_ms,
                                .deadline_ns = INT64_MAX};
    memcpy(store->cluster, config->cluster, sizeof(store->cluster));
    gw_arena_init(&store->arena, heap, (size_t)64 * 1024);
    gw_buf_init(&store->key, heap, (size_t)256 * 1024);
    gw_buf_init(&store->image, heap, GW_IMAGE_BYTES_MAX);
    const char *colon = memchr(config->url.data, ':', config->url.len);
    GW_ASSERT(colon != NULL);
    size_t scheme = (size_t)(colon + 1 - config->url.data);
    store->name = gw_arena_copy_text(&store->arena, config->name);
    store->path =
        gw_arena_printf(&store->arena, "%.*s", (int)(config->url.len - scheme), colon + 1).data;
    if (store->name.data == NULL || store->path == NULL) {
        sqlite_close(&store->base);
        return GW_FAIL_NOMEM(err);
    }
    *ret = store;
    return GW_OK;
}

static gw_rc open_file(struct gw_sqlite *store, struct gw_err *err)
{
    struct gw_file_info info;
    if (gw_path_info(store->path, &info, err) < 0) {
        if (err != NULL && err->rc == GW_NOTFOUND)
            err->rc = GW_UNREACHABLE;
        gw_err_hint(err, "godwit does not create databases: check the path in the store's url");
        return gw_err_wrap_rc(err, GW_UNREACHABLE, "store %.*s", GW_TEXT_ARG(store->name));
    }
    store->device = info.device;
    store->inode = info.inode;
    if (sqlite3_open_v2(store->path, &store->db,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                        NULL) != SQLITE_OK)
        return gw_sqlite_fail(store, store->path, err);
    (void)sqlite3_busy_timeout(store->db, (int)GW_MIN(store->timeout_ms, (uint32_t)INT32_MAX));
    sqlite3_progress_handler(store->db, STEPS_PER_LOOK, is_late, store);
    if (sqlite3_exec(store->db, "PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON", NULL, NULL,
                     NULL) != SQLITE_OK)
        return gw_sqlite_fail(store, store->path, err);
    return schema_version(store, &store->schema,
                          err); /* reads the file's head: is it a database? */
}

static gw_rc sqlite_open(const struct gw_store_config *config, struct gw_store **ret,
                         struct gw_err *err)
{
    struct gw_sqlite *store = NULL;
    GW_TRY(new_store(config, &store, err));
    gw_rc rc = open_file(store, err);
    if (rc < 0) {
        sqlite_close(&store->base);
        return rc;
    }
    *ret = &store->base;
    return GW_OK;
}

const struct gw_store_ops gw_sqlite_ops = {
    .open = sqlite_open,
    .close = sqlite_close,
    .catalog = gw_sqlite_catalog,
    .prepare_plan = gw_sqlite_prepare_plan,
    .prepare = gw_sqlite_prepare_homes,
    .fence_read = gw_sqlite_fence_read,
    .fence_raise = gw_sqlite_fence_raise,
    .fence_take_over = gw_sqlite_fence_take_over,
    .fetch = gw_sqlite_fetch,
    .scan = gw_sqlite_scan,
    .count = gw_sqlite_count,
    .push = gw_sqlite_push,
};
