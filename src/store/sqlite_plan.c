/* How one home is read and written: forms of its columns, and its statements (sqlite_int.h). */
#include "os/heap.h"
#include "store/sqlite_int.h"

enum { SIGNATURE_BYTES_MAX = 64 * 1024, PLAN_BYTES_MAX = 1024 * 1024, SQL_BYTES_MAX = 64 * 1024 };

static uint64_t signature_of(struct gw_sqlite *store, const struct gw_home *home, bool *ret_fits)
{
    struct gw_buf *text = &store->image; /* free between rows */
    gw_buf_reset(text);
    gw_buf_printf(text, "%.*s %d ", GW_TEXT_ARG(home->place), (int)home->versions);
    for (uint32_t i = 0; i < home->column_count; i++) {
        gw_buf_put_text(text, home->columns[i].name);
        gw_buf_put_u8(text, ' ');
        gw_type_text(home->columns[i].type, text);
        gw_buf_put_u8(text, '\n');
    }
    for (uint32_t i = 0; i < home->key_count; i++)
        gw_buf_printf(text, "%u ", home->key_columns[i]);
    *ret_fits = !text->failed;
    return gw_hash64(gw_buf_bytes(text), 0);
}

static void plan_free(struct gw_sqlite_plan *plan)
{
    sqlite3_stmt *all[] = {plan->select, plan->first,  plan->after, plan->insert,
                           plan->update, plan->remove, plan->count};
    for (size_t i = 0; i < GW_COUNT_OF(all); i++)
        (void)sqlite3_finalize(all[i]);
    gw_arena_done(&plan->arena);
    const struct gw_alloc *heap = gw_os_heap();
    heap->put(heap->ctx, plan, sizeof(*plan));
}

void gw_sqlite_plans_free(struct gw_sqlite *store)
{
    while (store->plans != NULL) {
        struct gw_sqlite_plan *plan = store->plans;
        store->plans = plan->next;
        plan_free(plan);
    }
    bool is_open = store->db != NULL && sqlite3_get_autocommit(store->db) == 0;
    for (size_t i = 0; i < GW_COUNT_OF(store->fixed); i++) {
        if (is_open && i <= GW_SQLITE_SCHEMA)
            continue; /* they name no table, and one of them may be running */
        (void)sqlite3_finalize(store->fixed[i]);
        store->fixed[i] = NULL;
    }
}

gw_rc gw_sqlite_stmt(struct gw_sqlite *store, struct gw_text sql, sqlite3_stmt **at,
                     struct gw_err *err)
{
    if (*at == NULL)
        return gw_sqlite_prepare(store, sql, at, err);
    (void)sqlite3_reset(*at);
    return GW_OK;
}

/* ---- columns ---- */

static gw_rc missing(struct gw_sqlite *store, const struct gw_home *home, struct gw_text column,
                     struct gw_err *err)
{
    gw_rc rc =
        column.len == 0
            ? GW_FAIL_CODE(err, GW_INVALID, 1301, "store %.*s: no table %.*s",
                           GW_TEXT_ARG(store->name), GW_TEXT_ARG(home->place))
            : GW_FAIL_CODE(err, GW_INVALID, 1302, "store %.*s: table %.*s has no column %.*s",
                           GW_TEXT_ARG(store->name), GW_TEXT_ARG(home->place), GW_TEXT_ARG(column));
    gw_err_hint(err, "somebody changed the table; godwit engine plan compares it with the program");
    return rc;
}

/* The storage class of a row that is there, and for times its text, decide the form. */
static gw_rc sample(struct gw_sqlite *store, struct gw_sqlite_plan *plan,
                    const struct gw_home *home, uint32_t index, struct gw_err *err)
{
    struct gw_sqlite_column *column = &plan->columns[index];
    const struct gw_type *type = gw_sqlite_inner(home->columns[index].type);
    struct gw_buf sql;
    gw_buf_init(&sql, gw_os_heap(), SQL_BYTES_MAX);
    gw_buf_put_str(&sql, "SELECT ");
    gw_sqlite_quote(&sql, home->columns[index].name);
    gw_buf_put_str(&sql, " FROM ");
    gw_sqlite_quote(&sql, home->place);
    gw_buf_put_str(
        &sql, " LIMIT 64"); /* of the first rows: a column of NULLs must not read the whole table */
    sqlite3_stmt *stmt = NULL;
    gw_rc rc = gw_sqlite_prepare(store, gw_buf_text(&sql), &stmt, err);
    gw_buf_done(&sql);
    if (rc < 0)
        return rc;
    int kind = SQLITE_NULL;
    while (kind == SQLITE_NULL && sqlite3_step(stmt) == SQLITE_ROW)
        kind = sqlite3_column_type(stmt, 0);
    column->form = gw_sqlite_form_of(type, column->affinity, kind);
    if (type->kind == GW_TYPE_TIME && kind == SQLITE_TEXT) {
        const char *text = (const char *)sqlite3_column_text(stmt, 0);
        column->time =
            gw_sqlite_time_form_of((struct gw_text){text, (size_t)sqlite3_column_bytes(stmt, 0)});
    }
    (void)sqlite3_finalize(stmt);
    return GW_OK;
}

static bool depends_on_rows(const struct gw_type *type, enum gw_sqlite_affinity affinity)
{
    return type->kind == GW_TYPE_TIME || affinity == GW_SQLITE_BLOB ||
           affinity == GW_SQLITE_NUMERIC;
}

static gw_rc plan_column(struct gw_sqlite *store, struct gw_sqlite_plan *plan,
                         const struct gw_home *home, uint32_t index, struct gw_err *err)
{
    struct gw_sqlite_column *column = &plan->columns[index];
    const struct gw_type *type = gw_sqlite_inner(home->columns[index].type);
    struct gw_text name = gw_arena_copy_text(&plan->arena, home->columns[index].name);
    struct gw_text place = gw_arena_copy_text(&plan->arena, home->place);
    column->name = gw_arena_printf(&plan->arena, "%.*s", GW_TEXT_ARG(name)).data;
    const char *table = gw_arena_printf(&plan->arena, "%.*s", GW_TEXT_ARG(place)).data;
    if (column->name == NULL || table == NULL)
        return GW_FAIL_NOMEM(err);
    const char *declared = NULL;
    if (sqlite3_table_column_metadata(store->db, "main", table, column->name, &declared, NULL, NULL,
                                      NULL, NULL) != SQLITE_OK)
        return missing(store, home, name, err);
    column->affinity = gw_sqlite_affinity_of(gw_text(declared != NULL ? declared : ""));
    column->time.separator = ' ';
    column->form = gw_sqlite_form_of(type, column->affinity, SQLITE_NULL);
    if (depends_on_rows(type, column->affinity))
        return sample(store, plan, home, index, err);
    return GW_OK;
}

/* ---- statements ---- */

static void put_columns(struct gw_buf *sql, const struct gw_home *home,
                        const struct gw_sqlite_plan *plan)
{
    for (uint32_t i = 0; i < home->column_count; i++) {
        gw_sqlite_quote(sql, home->columns[i].name);
        gw_buf_put_str(sql, ", ");
    }
    bool is_inline = home->versions == GW_HOME_INLINE && plan->has_version;
    gw_buf_put_str(sql, is_inline ? "_gw_ver" : "NULL");
}

static void put_keys(struct gw_buf *sql, const struct gw_home *home, const char *between)
{
    for (uint32_t i = 0; i < home->key_count; i++) {
        if (i > 0)
            gw_buf_put_str(sql, between);
        gw_sqlite_quote(sql, home->columns[home->key_columns[i]].name);
        if (strcmp(between, " AND ") == 0)
            gw_buf_printf(sql, " = ?%u", i + 1);
    }
}

static void put_marks(struct gw_buf *sql, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        gw_buf_printf(sql, i > 0 ? ", ?%u" : "?%u", i + 1);
}

static gw_rc keep(struct gw_sqlite_plan *plan, struct gw_buf *sql, struct gw_text *ret,
                  struct gw_err *err)
{
    GW_TRY(gw_buf_check(sql, "a statement", err));
    *ret = gw_arena_copy_text(&plan->arena, gw_buf_text(sql));
    gw_buf_reset(sql);
    return ret->data != NULL ? GW_OK : GW_FAIL_NOMEM(err);
}

static gw_rc plan_reads(struct gw_sqlite_plan *plan, const struct gw_home *home, struct gw_buf *sql,
                        struct gw_err *err)
{
    gw_buf_put_str(sql, "SELECT ");
    put_columns(sql, home, plan);
    gw_buf_put_str(sql, " FROM ");
    gw_sqlite_quote(sql, home->place);
    struct gw_text head = gw_arena_copy_text(&plan->arena, gw_buf_text(sql));
    gw_buf_put_str(sql, " WHERE ");
    put_keys(sql, home, " AND ");
    GW_TRY(keep(plan, sql, &plan->select_sql, err));
    gw_buf_put_text(sql, head);
    gw_buf_put_str(sql, " ORDER BY ");
    put_keys(sql, home, ", ");
    gw_buf_put_str(sql, " LIMIT ?1");
    GW_TRY(keep(plan, sql, &plan->first_sql, err));
    gw_buf_put_text(sql, head);
    gw_buf_put_str(sql, " WHERE (");
    put_keys(sql, home, ", ");
    gw_buf_put_str(sql, ") > (");
    put_marks(sql, home->key_count);
    gw_buf_put_str(sql, ") ORDER BY ");
    put_keys(sql, home, ", ");
    gw_buf_printf(sql, " LIMIT ?%u", home->key_count + 1);
    GW_TRY(keep(plan, sql, &plan->after_sql, err));
    gw_buf_put_str(sql, "SELECT count(*) FROM ");
    gw_sqlite_quote(sql, home->place);
    return keep(plan, sql, &plan->count_sql, err);
}

/* OR ABORT overrules an ON CONFLICT REPLACE in the table's own declaration: no row is ever replaced silently. */
static gw_rc plan_writes(struct gw_sqlite_plan *plan, const struct gw_home *home,
                         struct gw_buf *sql, struct gw_err *err)
{
    bool is_inline = home->versions == GW_HOME_INLINE;
    gw_buf_put_str(sql, "INSERT OR ABORT INTO ");
    gw_sqlite_quote(sql, home->place);
    gw_buf_put_str(sql, " (");
    for (uint32_t i = 0; i < home->column_count; i++) {
        gw_buf_put_str(sql, i > 0 ? ", " : "");
        gw_sqlite_quote(sql, home->columns[i].name);
    }
    gw_buf_put_str(sql, is_inline ? ", _gw_ver) VALUES (" : ") VALUES (");
    put_marks(sql, home->column_count + is_inline);
    gw_buf_put_str(sql, ")");
    GW_TRY(keep(plan, sql, &plan->insert_sql, err));

    gw_buf_put_str(sql, "DELETE FROM ");
    gw_sqlite_quote(sql, home->place);
    gw_buf_put_str(sql, " WHERE ");
    put_keys(sql, home, " AND ");
    GW_TRY(keep(plan, sql, &plan->delete_sql, err));

    gw_buf_put_str(sql, "UPDATE OR ABORT ");
    gw_sqlite_quote(sql, home->place);
    gw_buf_put_str(sql, " SET ");
    uint32_t mark = home->key_count; /* ?1 .. are the key */
    for (uint32_t i = 0; i < home->column_count; i++) {
        if (home->columns[i].is_key)
            continue;
        gw_buf_put_str(sql, mark > home->key_count ? ", " : "");
        gw_sqlite_quote(sql, home->columns[i].name);
        gw_buf_printf(sql, " = ?%u", ++mark);
    }
    if (is_inline)
        gw_buf_printf(sql, "%s_gw_ver = ?%u", mark > home->key_count ? ", " : "", mark + 1);
    bool is_empty =
        mark == home->key_count && !is_inline; /* nothing but the key: nothing to update */
    gw_buf_put_str(sql, " WHERE ");
    put_keys(sql, home, " AND ");
    GW_TRY(keep(plan, sql, &plan->update_sql, err));
    if (is_empty)
        plan->update_sql.len = 0;
    return GW_OK;
}

static gw_rc fill(struct gw_sqlite *store, struct gw_sqlite_plan *plan, const struct gw_home *home,
                  struct gw_err *err)
{
    const char *table = gw_arena_printf(&plan->arena, "%.*s", GW_TEXT_ARG(home->place)).data;
    plan->columns = GW_NEW_ARRAY(&plan->arena, struct gw_sqlite_column, home->column_count);
    if (table == NULL || plan->columns == NULL)
        return GW_FAIL_NOMEM(err);
    if (!gw_sqlite_has_table(store, table))
        return missing(store, home, (struct gw_text){"", 0}, err);
    for (uint32_t i = 0; i < home->column_count; i++)
        GW_TRY(plan_column(store, plan, home, i, err));
    for (uint32_t i = 0; i < home->key_count; i++)
        plan->columns[home->key_columns[i]].is_key = true;
    plan->has_version =
        home->versions == GW_HOME_SIDECAR
            ? gw_sqlite_has_table(store, "_gw_side")
            : sqlite3_table_column_metadata(store->db, "main", table, "_gw_ver", NULL, NULL, NULL,
                                            NULL, NULL) == SQLITE_OK;
    struct gw_buf sql;
    gw_buf_init(&sql, gw_os_heap(), SQL_BYTES_MAX);
    gw_rc rc = plan_reads(plan, home, &sql, err);
    if (rc == GW_OK)
        rc = plan_writes(plan, home, &sql, err);
    gw_buf_done(&sql);
    return rc;
}

gw_rc gw_sqlite_plan_of(struct gw_sqlite *store, const struct gw_home *home,
                        struct gw_sqlite_plan **ret, struct gw_err *err)
{
    bool fits = false;
    uint64_t signature = signature_of(store, home, &fits);
    if (!fits)
        return GW_FAIL(err, GW_TOOLARGE, "home %.*s: too many columns", GW_TEXT_ARG(home->name));
    for (struct gw_sqlite_plan *plan = store->plans; plan != NULL; plan = plan->next) {
        if (plan->signature == signature) {
            *ret = plan;
            return GW_OK;
        }
    }
    const struct gw_alloc *heap = gw_os_heap();
    struct gw_sqlite_plan *plan = heap->get(heap->ctx, sizeof(*plan));
    if (plan == NULL)
        return GW_FAIL_NOMEM(err);
    *plan = (struct gw_sqlite_plan){.signature = signature};
    gw_arena_init(&plan->arena, heap, PLAN_BYTES_MAX);
    gw_rc rc = fill(store, plan, home, err);
    if (rc < 0) {
        plan_free(plan);
        return rc;
    }
    plan->next = store->plans;
    store->plans = plan;
    *ret = plan;
    return GW_OK;
}
