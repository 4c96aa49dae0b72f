#include "conformance.h"

#include <sqlite3.h>
#include <stdio.h>

struct file {
    char folder[256], path[300], backup[300], url[320];
    sqlite3 *db; /* the foreign program's own connection */
};

static void run(struct file *file, const char *sql)
{
    char *why = NULL;
    if (sqlite3_exec(file->db, sql, NULL, NULL, &why) != SQLITE_OK)
        fail_msg("%s: %s", sql, why);
}

static const char *const tables =
    "CREATE TABLE accounts (id INTEGER PRIMARY KEY, bal NUMERIC(15,2) NOT NULL, name TEXT UNIQUE,"
    " frozen INTEGER NOT NULL, at DATETIME NOT NULL);"
    "CREATE TABLE beside (id BIGINT PRIMARY KEY NOT NULL, bal TEXT NOT NULL, name VARCHAR(64),"
    " frozen BOOLEAN NOT NULL, at TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE pairs (v TEXT NOT NULL, region TEXT NOT NULL, n INT NOT NULL, PRIMARY KEY "
    "(region, n));"
    "CREATE TABLE \"values\" (id INTEGER PRIMARY KEY, d38 TEXT NOT NULL, u64 TEXT NOT NULL,"
    " u128 BLOB NOT NULL, i128 BLOB NOT NULL, s TEXT NOT NULL, os TEXT, b BLOB NOT NULL,"
    " uuid TEXT NOT NULL, r REAL NOT NULL, e TEXT NOT NULL, ts INTEGER NOT NULL, dur INTEGER NOT "
    "NULL);";

static void connect_foreign(struct file *file)
{
    assert_int_equal(sqlite3_open(file->path, &file->db), SQLITE_OK);
    (void)sqlite3_busy_timeout(file->db, 2000);
    run(file, "PRAGMA synchronous=OFF"); /* only of this connection */
}

static void *setup(void)
{
    static struct file file;
    file = (struct file){0};
    (void)gw_kit_folder(file.folder, sizeof(file.folder));
    (void)snprintf(file.path, sizeof(file.path), "%s/st.db", file.folder);
    (void)snprintf(file.backup, sizeof(file.backup), "%s/backup.db", file.folder);
    (void)snprintf(file.url, sizeof(file.url), "sqlite:%s", file.path);
    connect_foreign(&file);
    run(&file, tables);
    return &file;
}

static void teardown(void *ctx)
{
    struct file *file = ctx;
    (void)sqlite3_close(file->db);
    gw_kit_remove(file->folder);
}

static struct gw_text url(void *ctx)
{
    return gw_text(((struct file *)ctx)->url);
}

/* As another program would write it. */
static void put_literal(struct gw_buf *sql, const struct gw_type *type, union gw_value value)
{
    char number[GW_TIME_TEXT_MAX + GW_INT_TEXT_MAX];
    if (type->kind == GW_TYPE_OPT) {
        if (value.opt == NULL)
            gw_buf_put_str(sql, "NULL");
        else
            put_literal(sql, type->items[0], *value.opt);
    } else if (type->kind == GW_TYPE_STR) {
        gw_buf_printf(sql, "'%.*s'", GW_TEXT_ARG(gw_bytes_text(value.bytes)));
    } else if (type->kind == GW_TYPE_DEC) {
        (void)gw_dec_text(value.i, type->scale, number);
        gw_buf_put_str(sql, number);
    } else if (type->kind == GW_TYPE_TIME) {
        (void)gw_time_text((int64_t)value.i, type->unit, number);
        gw_buf_printf(sql, "'%s'", number);
    } else {
        gw_buf_printf(sql, "%lld", (long long)value.i);
    }
}

static void put_where(struct gw_buf *sql, const struct gw_home *home, const union gw_value *key)
{
    for (uint32_t i = 0; i < home->key_count; i++) {
        const struct gw_column *column = &home->columns[home->key_columns[i]];
        gw_buf_printf(sql, "%s \"%.*s\" = ", i == 0 ? " WHERE" : " AND", GW_TEXT_ARG(column->name));
        put_literal(sql, column->type, key[i]);
    }
}

static void finish(struct file *file, struct gw_buf *sql, bool must_change)
{
    gw_buf_put_u8(sql, 0);
    assert_false(sql->failed);
    run(file, (const char *)sql->data);
    if (must_change)
        assert_int_equal(sqlite3_changes(file->db), 1);
}

static void put(void *ctx, const struct gw_home *home, const union gw_value *columns,
                gw_version ver)
{
    char room[2048];
    struct gw_buf sql;
    gw_buf_init_fixed(&sql, room, sizeof(room));
    gw_buf_printf(&sql, "INSERT INTO \"%.*s\" (", GW_TEXT_ARG(home->place));
    for (uint32_t i = 0; i < home->column_count; i++)
        gw_buf_printf(&sql, "%s\"%.*s\"", i ? ", " : "", GW_TEXT_ARG(home->columns[i].name));
    gw_buf_put_str(&sql, ver != GW_VERSION_NONE ? ", _gw_ver) VALUES (" : ") VALUES (");
    for (uint32_t i = 0; i < home->column_count; i++) {
        gw_buf_put_str(&sql, i ? ", " : "");
        put_literal(&sql, home->columns[i].type, columns[i]);
    }
    if (ver != GW_VERSION_NONE)
        gw_buf_printf(&sql, ", %lld", (long long)ver);
    gw_buf_put_str(&sql, ")");
    finish(ctx, &sql, true);
}

static void set(void *ctx, const struct gw_home *home, const union gw_value *key, uint32_t column,
                union gw_value value)
{
    char room[1024];
    struct gw_buf sql;
    gw_buf_init_fixed(&sql, room, sizeof(room));
    gw_buf_printf(&sql, "UPDATE \"%.*s\" SET \"%.*s\" = ", GW_TEXT_ARG(home->place),
                  GW_TEXT_ARG(home->columns[column].name));
    put_literal(&sql, home->columns[column].type, value);
    put_where(&sql, home, key);
    finish(ctx, &sql, true);
}

static void set_ver(void *ctx, const struct gw_home *home, const union gw_value *key,
                    gw_version ver)
{
    char room[1024];
    char value[32];
    struct gw_buf sql;
    gw_buf_init_fixed(&sql, room, sizeof(room));
    (void)snprintf(value, sizeof(value), ver == GW_VERSION_NONE ? "NULL" : "%lld", (long long)ver);
    if (home->versions == GW_HOME_INLINE) {
        gw_buf_printf(&sql, "UPDATE \"%.*s\" SET _gw_ver = %s", GW_TEXT_ARG(home->place), value);
        put_where(&sql, home, key);
        finish(ctx, &sql, true);
        return;
    }
    char hex[64];
    uint8_t bytes[32];
    struct gw_buf pk;
    gw_buf_init_fixed(&pk, bytes, sizeof(bytes));
    gw_value_key(home->columns[home->key_columns[0]].type, key[0], &pk);
    gw_hex((struct gw_bytes){pk.data, pk.len}, hex);
    if (ver == GW_VERSION_NONE)
        gw_buf_printf(&sql, "DELETE FROM _gw_side WHERE ent = %u AND pk = x'%s'", home->id, hex);
    else
        gw_buf_printf(&sql, "UPDATE _gw_side SET ver = %s WHERE ent = %u AND pk = x'%s'", value,
                      home->id, hex);
    finish(ctx, &sql, true);
}

static void remove_row(void *ctx, const struct gw_home *home, const union gw_value *key)
{
    char room[1024];
    struct gw_buf sql;
    gw_buf_init_fixed(&sql, room, sizeof(room));
    gw_buf_printf(&sql, "DELETE FROM \"%.*s\"", GW_TEXT_ARG(home->place));
    put_where(&sql, home, key);
    finish(ctx, &sql, true);
}

static void back_up(void *ctx)
{
    struct file *file = ctx;
    char sql[400];
    (void)snprintf(sql, sizeof(sql), "VACUUM INTO '%s'", file->backup);
    run(file, sql);
}

static void go_back(void *ctx)
{
    struct file *file = ctx;
    assert_int_equal(sqlite3_close(file->db), SQLITE_OK);
    assert_int_equal(rename(file->backup, file->path), 0);
    connect_foreign(file);
}

int main(void)
{
    /* Losing the answer behind a commit: test_sqlite.c kills the process there. */
    static const struct backend backend = {setup,   teardown,   url,     put,     set,
                                           set_ver, remove_row, back_up, go_back, NULL};
    return conformance_run(&backend);
}
