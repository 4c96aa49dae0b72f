/* A home against the live catalog of a SQLite file: what would break later is found here, by name (GW13xx). */
#include "base/near.h"
#include "store/sqlite_int.h"

enum { FINDINGS_MAX = 512, NAMES_MAX = 2000 };

struct live_column {
    const char *name, *declared, *collation;
    bool is_not_null, has_default, is_generated, is_mapped;
    int key_at; /* from 1, in the primary key; 0: not in it */
};

struct check {
    struct gw_sqlite *store;
    const struct gw_home *home;
    struct gw_arena *arena;
    const char *table;
    struct live_column *columns;
    uint32_t column_count;
    struct gw_store_finding *findings;
    uint32_t count;
};

static gw_rc add(struct check *check, gw_code code, bool fatal, struct gw_text column,
                 struct gw_text text, struct gw_text hint, struct gw_err *err)
{
    if (text.data == NULL || hint.data == NULL)
        return GW_FAIL_NOMEM(err);
    if (check->count < FINDINGS_MAX) {
        check->findings[check->count++] = (struct gw_store_finding){.code = code,
                                                                    .fatal = fatal,
                                                                    .home = check->home,
                                                                    .column = column,
                                                                    .text = text,
                                                                    .hint = hint};
    }
    return GW_OK;
}

static const char *zero(struct gw_arena *arena, struct gw_text text)
{
    return gw_arena_printf(arena, "%.*s", GW_TEXT_ARG(text)).data;
}

/* ---- the live catalog ---- */

/* Runs `sql` with the table's name as ?1. */
static gw_rc query(struct check *check, const char *sql, sqlite3_stmt **ret, struct gw_err *err)
{
    GW_TRY(gw_sqlite_prepare(check->store, gw_text(sql), ret, err));
    (void)sqlite3_bind_text(*ret, 1, check->table, -1, SQLITE_STATIC);
    return GW_OK;
}

static gw_rc finish(struct check *check, sqlite3_stmt *stmt, int code, struct gw_err *err)
{
    gw_rc rc = code == SQLITE_DONE || code == SQLITE_ROW
                   ? GW_OK
                   : gw_sqlite_fail(check->store, "read the catalog", err);
    (void)sqlite3_finalize(stmt);
    return rc;
}

static gw_rc load_column(struct check *check, sqlite3_stmt *stmt, struct gw_err *err)
{
    struct live_column *live = &check->columns[check->column_count];
    live->name =
        gw_arena_printf(check->arena, "%s", (const char *)sqlite3_column_text(stmt, 0)).data;
    const char *declared = (const char *)sqlite3_column_text(stmt, 1);
    live->declared = gw_arena_printf(check->arena, "%s", declared ? declared : "").data;
    if (live->name == NULL || live->declared == NULL)
        return GW_FAIL_NOMEM(err);
    live->is_not_null = sqlite3_column_int(stmt, 2) != 0;
    live->has_default = sqlite3_column_type(stmt, 3) != SQLITE_NULL;
    live->key_at = sqlite3_column_int(stmt, 4);
    live->is_generated = sqlite3_column_int(stmt, 5) >= 2;
    const char *collation = NULL;
    (void)sqlite3_table_column_metadata(check->store->db, "main", check->table, live->name, NULL,
                                        &collation, NULL, NULL, NULL);
    live->collation = zero(check->arena, gw_text(collation ? collation : "BINARY"));
    if (live->collation == NULL)
        return GW_FAIL_NOMEM(err);
    check->column_count++;
    return GW_OK;
}

static gw_rc load_columns(struct check *check, struct gw_err *err)
{
    sqlite3_stmt *stmt = NULL;
    check->columns = GW_NEW_ARRAY(check->arena, struct live_column, NAMES_MAX);
    if (check->columns == NULL)
        return GW_FAIL_NOMEM(err);
    GW_TRY(query(
        check, "SELECT name, type, \"notnull\", dflt_value, pk, hidden FROM pragma_table_xinfo(?1)",
        &stmt, err));
    int code = SQLITE_DONE;
    gw_rc rc = GW_OK;
    while (rc == GW_OK && check->column_count < NAMES_MAX &&
           (code = sqlite3_step(stmt)) == SQLITE_ROW)
        rc = load_column(check, stmt, err);
    gw_rc end = finish(check, stmt, code, rc == GW_OK ? err : NULL);
    return rc < 0 ? rc : end;
}

static struct gw_text nearest_hint(struct check *check, struct gw_text word,
                                   const struct gw_text *names, uint32_t count, const char *what)
{
    struct gw_text near = gw_near(word, names, count);
    if (near.data != NULL)
        return gw_arena_printf(check->arena, "did you mean %.*s?", GW_TEXT_ARG(near));
    return gw_arena_printf(check->arena, "%s", what);
}

static gw_rc no_table(struct check *check, struct gw_err *err)
{
    sqlite3_stmt *stmt = NULL;
    struct gw_text *names = GW_NEW_ARRAY(check->arena, struct gw_text, NAMES_MAX);
    if (names == NULL)
        return GW_FAIL_NOMEM(err);
    uint32_t count = 0;
    bool is_kept = true;
    int code;
    GW_TRY(query(check,
                 "SELECT name FROM sqlite_schema WHERE type = 'table' AND ?1 <> '' ORDER BY name",
                 &stmt, err));
    while ((code = sqlite3_step(stmt)) == SQLITE_ROW && count < NAMES_MAX && is_kept) {
        names[count] =
            gw_arena_copy_text(check->arena, gw_text((const char *)sqlite3_column_text(stmt, 0)));
        is_kept = names[count++].data != NULL;
    }
    GW_TRY(finish(check, stmt, code, err));
    if (!is_kept)
        return GW_FAIL_NOMEM(err);
    return add(check, 1301, true, gw_text(""),
               gw_arena_printf(check->arena, "no table %s in store %.*s", check->table,
                               GW_TEXT_ARG(check->store->name)),
               nearest_hint(check, check->home->place, names, count,
                            "create it first: godwit does not make tables"),
               err);
}

static struct live_column *find_column(struct check *check, struct gw_text name)
{
    for (uint32_t i = 0; i < check->column_count; i++) {
        struct gw_text live = gw_text(check->columns[i].name);
        if (live.len == name.len && sqlite3_strnicmp(live.data, name.data, (int)name.len) == 0)
            return &check->columns[i];
    }
    return NULL;
}

static gw_rc no_column(struct check *check, struct gw_text column, struct gw_err *err)
{
    struct gw_text *names = GW_NEW_ARRAY(check->arena, struct gw_text, check->column_count);
    if (names == NULL)
        return GW_FAIL_NOMEM(err);
    for (uint32_t i = 0; i < check->column_count; i++)
        names[i] = gw_text(check->columns[i].name);
    return add(check, 1302, true, column,
               gw_arena_printf(check->arena, "table %s has no column %.*s", check->table,
                               GW_TEXT_ARG(column)),
               nearest_hint(check, column, names, check->column_count,
                            "map another column, or add it to the table"),
               err);
}

/* ---- one column ---- */

static const char *affinity_name(enum gw_sqlite_affinity affinity)
{
    static const char *const names[] = {"INTEGER", "TEXT", "BLOB", "REAL", "NUMERIC"};
    return names[affinity];
}

/* Why a type does not fit an affinity; NULL when it does. */
static const char *misfit(const struct gw_type *type, enum gw_sqlite_affinity affinity)
{
    bool is_numeric = affinity == GW_SQLITE_INTEGER || affinity == GW_SQLITE_REAL ||
                      affinity == GW_SQLITE_NUMERIC;
    switch (type->kind) {
    case GW_TYPE_STR:
        return is_numeric ? "it would turn a text such as \"007\" into a number" : NULL;
    case GW_TYPE_REAL:
        return affinity == GW_SQLITE_TEXT ? "it would turn numbers into text of 15 digits"
               : affinity == GW_SQLITE_INTEGER || affinity == GW_SQLITE_NUMERIC
                   ? "it would turn -0.0 and large whole numbers into integers"
                   : NULL;
    case GW_TYPE_TIME:
        return affinity == GW_SQLITE_REAL ? "times are text or whole numbers" : NULL;
    case GW_TYPE_I64:
    case GW_TYPE_DUR:
        return affinity == GW_SQLITE_REAL ? "whole numbers above 2^53 would be rounded" : NULL;
    case GW_TYPE_OPT:
        return "an optional inside an optional has no NULL of its own";
    default:
        return NULL;
    }
}

static const char *too_wide(const struct gw_type *type, enum gw_sqlite_affinity affinity)
{
    if (affinity == GW_SQLITE_TEXT || affinity == GW_SQLITE_BLOB)
        return NULL;
    switch (type->kind) {
    case GW_TYPE_DEC:
        return type->precision > 15 ? "numbers of more than 15 digits would be rounded" : NULL;
    case GW_TYPE_U64:
    case GW_TYPE_U128:
    case GW_TYPE_I128:
        return "numbers beyond 9223372036854775807 would be rounded";
    default:
        return NULL;
    }
}

static gw_rc check_type(struct check *check, const struct gw_column *column,
                        const struct live_column *live, struct gw_err *err)
{
    const struct gw_type *type = gw_sqlite_inner(column->type);
    enum gw_sqlite_affinity affinity = gw_sqlite_affinity_of(gw_text(live->declared));
    char room[128];
    struct gw_buf name;
    gw_buf_init_fixed(&name, room, sizeof(room));
    gw_type_text(column->type, &name);
    const char *wide = too_wide(type, affinity);
    const char *why = wide != NULL ? wide : misfit(type, affinity);
    if (why == NULL)
        return GW_OK;
    return add(check, wide != NULL ? 1304 : 1303, true, column->name,
               gw_arena_printf(check->arena,
                               "column %.*s: %.*s in a column of type \"%s\" (%s affinity): %s",
                               GW_TEXT_ARG(column->name), GW_TEXT_ARG(gw_buf_text(&name)),
                               live->declared, affinity_name(affinity), why),
               gw_text(wide != NULL ? "make the column TEXT or BLOB, or the field narrower"
                                    : "choose another type for the field or for the column"),
               err);
}

static gw_rc check_null(struct check *check, const struct gw_column *column,
                        const struct live_column *live, struct gw_err *err)
{
    bool is_optional = column->type->kind == GW_TYPE_OPT;
    bool is_rowid = live->key_at > 0 && sqlite3_stricmp(live->declared, "INTEGER") == 0;
    if (is_optional && live->is_not_null) {
        return add(check, 1305, true, column->name,
                   gw_arena_printf(check->arena, "column %.*s is NOT NULL, the field is optional",
                                   GW_TEXT_ARG(column->name)),
                   gw_text("drop the opt<>, or the NOT NULL"), err);
    }
    if (!is_optional && !live->is_not_null && !is_rowid) {
        return add(check, 1305, false, column->name,
                   gw_arena_printf(check->arena, "column %.*s may be NULL, the field may not",
                                   GW_TEXT_ARG(column->name)),
                   gw_text("a row with NULL there will be reported; opt<> would accept it"), err);
    }
    return GW_OK;
}

/* Order in the store must be the order of key bytes, or pages of a scan would skip rows. */
static const char *order_problem(const struct gw_type *type, const struct live_column *live)
{
    enum gw_sqlite_affinity affinity = gw_sqlite_affinity_of(gw_text(live->declared));
    bool is_text =
        type->kind == GW_TYPE_STR || type->kind == GW_TYPE_UUID || type->kind == GW_TYPE_TIME;
    if (type->kind == GW_TYPE_OPT)
        return "a key column cannot be optional";
    if (sqlite3_stricmp(live->collation, "BINARY") != 0)
        return "its collation is not BINARY";
    if (affinity == GW_SQLITE_TEXT && !is_text && type->kind != GW_TYPE_BYTES)
        return "numbers kept as text are not in the order of numbers";
    if (type->kind == GW_TYPE_DEC && affinity == GW_SQLITE_BLOB)
        return "numbers kept as text are not in the order of numbers";
    return NULL;
}

static gw_rc check_column(struct check *check, const struct gw_column *column, struct gw_err *err)
{
    struct live_column *live = find_column(check, column->name);
    if (live == NULL)
        return no_column(check, column->name, err);
    live->is_mapped = true;
    if (live->is_generated) {
        GW_TRY(add(check, 1309, true, column->name,
                   gw_arena_printf(check->arena, "column %.*s is generated: nobody can write it",
                                   GW_TEXT_ARG(column->name)),
                   gw_text("map the columns it is computed from"), err));
    }
    GW_TRY(check_type(check, column, live, err));
    if (!column->is_key)
        return check_null(check, column, live, err);
    const char *order = order_problem(column->type, live);
    if (order == NULL)
        return check_null(check, column, live, err);
    return add(
        check, 1308, true, column->name,
        gw_arena_printf(check->arena, "key column %.*s: %s", GW_TEXT_ARG(column->name), order),
        gw_text("keys need INTEGER, TEXT with binary collation, or BLOB columns"), err);
}

/* ---- the table ---- */

static bool is_key_name(const struct check *check, const char *name)
{
    for (uint32_t i = 0; i < check->home->key_count; i++) {
        struct gw_text key = check->home->columns[check->home->key_columns[i]].name;
        if (strlen(name) == key.len && sqlite3_strnicmp(name, key.data, (int)key.len) == 0)
            return true;
    }
    return false;
}

/* Some unique index, or the primary key, lies within the key columns. */
static gw_rc check_unique(struct check *check, struct gw_err *err)
{
    uint32_t primary = 0;
    bool is_unique = true;
    for (uint32_t i = 0; i < check->column_count; i++) {
        primary += check->columns[i].key_at > 0;
        is_unique &= check->columns[i].key_at == 0 || is_key_name(check, check->columns[i].name);
    }
    if (primary > 0 && is_unique)
        return GW_OK;
    sqlite3_stmt *stmt = NULL;
    int code;
    is_unique = false;
    GW_TRY(query(check,
                 "SELECT l.name, i.name, l.partial FROM pragma_index_list(?1) l, "
                 "pragma_index_info(l.name) i "
                 "WHERE l.\"unique\" AND NOT l.partial ORDER BY l.name",
                 &stmt, err));
    const char *last = "";
    bool is_inside = false;
    while ((code = sqlite3_step(stmt)) == SQLITE_ROW) {
        const char *index = zero(check->arena, gw_text((const char *)sqlite3_column_text(stmt, 0)));
        const char *column = (const char *)sqlite3_column_text(stmt, 1); /* NULL: an expression */
        if (index == NULL)
            break;
        if (strcmp(index, last) != 0) {
            is_unique |= is_inside;
            is_inside = true;
        }
        last = index;
        is_inside &= column != NULL && is_key_name(check, column);
    }
    is_unique |= is_inside;
    GW_TRY(finish(check, stmt, code, err));
    if (is_unique)
        return GW_OK;
    return add(check, 1307, true, gw_text(""),
               gw_arena_printf(check->arena, "table %s: nothing makes the key columns unique",
                               check->table),
               gw_text("add a PRIMARY KEY or a UNIQUE index over them: two rows with one key "
                       "cannot be told apart"),
               err);
}

static gw_rc check_unmapped(struct check *check, struct gw_err *err)
{
    for (uint32_t i = 0; i < check->column_count; i++) {
        const struct live_column *live = &check->columns[i];
        if (live->is_mapped || !live->is_not_null || live->has_default || live->is_generated ||
            strcmp(live->name, "_gw_ver") == 0)
            continue;
        GW_TRY(add(
            check, 1306, check->home->role == GW_HOME_TARGET, gw_text(live->name),
            gw_arena_printf(check->arena,
                            "column %s is NOT NULL without a default, and no field is mapped to it",
                            live->name),
            gw_text("map a field to it or give it a default: every insert would be refused"), err));
    }
    return GW_OK;
}

static gw_rc check_with(struct check *check, const char *sql, gw_code code, const char *what,
                        const char *hint, struct gw_err *err)
{
    sqlite3_stmt *stmt = NULL;
    int step;
    gw_rc rc = GW_OK;
    GW_TRY(query(check, sql, &stmt, err));
    while (rc == GW_OK && (step = sqlite3_step(stmt)) == SQLITE_ROW) {
        rc = add(check, code, false, gw_text(""),
                 gw_arena_printf(check->arena, "table %s: %s %s", check->table, what,
                                 (const char *)sqlite3_column_text(stmt, 0)),
                 gw_text(hint), err);
    }
    if (rc < 0)
        step = SQLITE_DONE;
    gw_rc end = finish(check, stmt, step, rc == GW_OK ? err : NULL);
    return rc < 0 ? rc : end;
}

static gw_rc check_surroundings(struct check *check, struct gw_err *err)
{
    GW_TRY(check_with(check,
                      "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND "
                      "lower(tbl_name) = lower(?1) ORDER BY name",
                      1311, "trigger",
                      "a trigger that changes the row makes its push refused; one that changes "
                      "other rows of a home makes a false halt",
                      err));
    GW_TRY(
        check_with(check,
                   "SELECT DISTINCT m.name FROM sqlite_schema m, pragma_foreign_key_list(m.name) f "
                   "WHERE m.type = 'table' AND lower(f.\"table\") = lower(?1) AND "
                   "(f.on_delete NOT IN ('NO ACTION', 'RESTRICT') OR "
                   "f.on_update NOT IN ('NO ACTION', 'RESTRICT')) ORDER BY m.name",
                   1314, "a delete here changes rows by ON DELETE in table",
                   "delete the dependent rows in the txn itself, before this one", err));
    return GW_OK;
}

static gw_rc check_kind(struct check *check, bool *ret_is_table, struct gw_err *err)
{
    sqlite3_stmt *stmt = NULL;
    GW_TRY(query(check,
                 "SELECT type, sql FROM sqlite_schema WHERE lower(name) = lower(?1) AND "
                 "type IN ('table', 'view')",
                 &stmt, err));
    int code = sqlite3_step(stmt);
    *ret_is_table = code == SQLITE_ROW;
    const char *kind = NULL;
    if (code == SQLITE_ROW && strcmp((const char *)sqlite3_column_text(stmt, 0), "view") == 0) {
        kind = "a view";
    } else if (code == SQLITE_ROW && sqlite3_column_type(stmt, 1) == SQLITE_TEXT &&
               sqlite3_strnicmp((const char *)sqlite3_column_text(stmt, 1), "CREATE VIRTUAL", 14) ==
                   0) {
        kind = "a virtual table";
    }
    GW_TRY(finish(check, stmt, code, err));
    if (!*ret_is_table)
        return no_table(check, err);
    if (kind == NULL)
        return GW_OK;
    return add(check, 1310, true, gw_text(""),
               gw_arena_printf(check->arena, "%s is %s", check->table, kind),
               gw_text("a home is an ordinary table"), err);
}

static gw_rc check_home(struct check *check, struct gw_err *err)
{
    bool is_table = false;
    GW_TRY(check_kind(check, &is_table, err));
    if (!is_table)
        return GW_OK;
    GW_TRY(load_columns(check, err));
    for (uint32_t i = 0; i < check->home->column_count; i++)
        GW_TRY(check_column(check, &check->home->columns[i], err));
    GW_TRY(check_unique(check, err));
    GW_TRY(check_unmapped(check, err));
    return check_surroundings(check, err);
}

gw_rc gw_sqlite_catalog(struct gw_store *base, const struct gw_home *home, struct gw_arena *arena,
                        struct gw_store_findings *ret, struct gw_err *err)
{
    struct gw_sqlite *store = GW_CONTAINER_OF(base, struct gw_sqlite, base);
    struct check check = {.store = store, .home = home, .arena = arena};
    check.table = zero(arena, home->place);
    check.findings = GW_NEW_ARRAY(arena, struct gw_store_finding, FINDINGS_MAX);
    if (check.table == NULL || check.findings == NULL)
        return GW_FAIL_NOMEM(err);
    GW_TRY(gw_sqlite_begin(store, false, err));
    GW_TRY(gw_sqlite_end(store, check_home(&check, err), err));
    *ret = (struct gw_store_findings){check.findings, check.count};
    return GW_OK;
}
