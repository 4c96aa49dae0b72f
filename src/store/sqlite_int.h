/**
 * Inside of the SQLite connector: the connection, and per home a plan: how its columns are written, and its statements.
 *
 * Plans are made from the live catalog and forgotten when PRAGMA schema_version says that somebody changed it.
 */
#ifndef GW_STORE_SQLITE_INT_H
#define GW_STORE_SQLITE_INT_H

#include <sqlite3.h>

#include "base/buf.h"
#include "store/sqlite.h"

/* Source: "Datatypes In SQLite", section 3.1. */
enum gw_sqlite_affinity {
    GW_SQLITE_INTEGER,
    GW_SQLITE_TEXT,
    GW_SQLITE_BLOB,
    GW_SQLITE_REAL,
    GW_SQLITE_NUMERIC
};

/* How values of a column are written. Reading goes by what is there. */
enum gw_sqlite_form {
    GW_SQLITE_AS_INTEGER,
    GW_SQLITE_AS_REAL,
    GW_SQLITE_AS_NUMBER, /* dec: an integer where there is no fraction, else the nearest double */
    GW_SQLITE_AS_TEXT,
    GW_SQLITE_AS_BLOB
};

/* How times are written as text: as the rows that are there do it. */
struct gw_sqlite_time_form {
    char separator;    /* ' ' or 'T' */
    bool has_z;        /* ends in Z */
    bool is_date;      /* midnight is written as YYYY-MM-DD */
    uint8_t digits;    /* after the second; more are written when a value needs them */
    bool is_from_rows; /* false: the default, digits of the unit */
};

struct gw_sqlite_column {
    const char *name; /* for messages */
    enum gw_sqlite_affinity affinity;
    enum gw_sqlite_form form;
    struct gw_sqlite_time_form time;
    bool
        is_key; /* only texts and bytes that we would write ourselves are read: else the row could not be found again */
};

/* A value as SQLite stores it. */
struct gw_sqlite_cell {
    int kind; /* SQLITE_INTEGER, SQLITE_FLOAT, SQLITE_TEXT, SQLITE_BLOB, SQLITE_NULL */
    int64_t integer;
    double real;
    struct gw_bytes bytes; /* of `room`, the value, or the arena */
    char room[64];
};

struct gw_sqlite_plan {
    struct gw_sqlite_plan *next;
    uint64_t signature;
    struct gw_arena arena;
    struct gw_sqlite_column *columns; /* as home->columns */
    bool has_version;                 /* inline: the column is there; sidecar: the table is there */
    struct gw_text select_sql, first_sql, after_sql, insert_sql, update_sql, delete_sql, count_sql;
    sqlite3_stmt *select, *first, *after, *insert, *update, *remove, *count;
};

enum gw_sqlite_fixed {
    GW_SQLITE_BEGIN,
    GW_SQLITE_BEGIN_WRITE,
    GW_SQLITE_COMMIT,
    GW_SQLITE_ROLLBACK,
    GW_SQLITE_SAVE,
    GW_SQLITE_SAVE_DROP,
    GW_SQLITE_SAVE_BACK,
    GW_SQLITE_SCHEMA,
    GW_SQLITE_FENCE_GET,
    GW_SQLITE_SIDE_GET,
    GW_SQLITE_SIDE_SET,
    GW_SQLITE_SIDE_ADD,
    GW_SQLITE_SIDE_DROP,
    GW_SQLITE_FIXED_COUNT
};

struct gw_sqlite {
    struct gw_store base; /* first */
    sqlite3 *db;
    struct gw_arena arena; /* of the texts below; life of the connection */
    struct gw_text name;
    const char *path;
    uint64_t device, inode; /* of the file that was opened */
    uint8_t cluster[16];
    uint32_t slot;
    uint32_t timeout_ms;
    int64_t deadline_ns; /* of the running call */
    int64_t schema;      /* version the plans and fixed statements were made for */
    struct gw_sqlite_plan *plans;
    sqlite3_stmt *fixed[GW_SQLITE_FIXED_COUNT];
    struct gw_buf key, image; /* scratch */
};

/* sqlite.c */
/** Fill err from the connection's last error: its rc, the store, `what`, SQLite's words. */
gw_rc gw_sqlite_fail(struct gw_sqlite *store, const char *what, struct gw_err *err);
gw_rc gw_sqlite_prepare(struct gw_sqlite *store, struct gw_text sql, sqlite3_stmt **ret,
                        struct gw_err *err);
/** The statement, prepared and reset. */
gw_rc gw_sqlite_fixed(struct gw_sqlite *store, enum gw_sqlite_fixed which, sqlite3_stmt **ret,
                      struct gw_err *err);
/** Run a statement without result rows or parameters. */
gw_rc gw_sqlite_run(struct gw_sqlite *store, enum gw_sqlite_fixed which, struct gw_err *err);
/** Starts the deadline of a call and its transaction; forgets plans of an older catalog. */
gw_rc gw_sqlite_begin(struct gw_sqlite *store, bool is_write, struct gw_err *err);
/** Ends it: COMMIT after GW_OK, else ROLLBACK. @return rc, or the failure of the COMMIT */
gw_rc gw_sqlite_end(struct gw_sqlite *store, gw_rc rc, struct gw_err *err);
bool gw_sqlite_has_table(struct gw_sqlite *store, const char *table);
/** "a""b" */
void gw_sqlite_quote(struct gw_buf *ret, struct gw_text name);

/* sqlite_fence.c */
gw_rc gw_sqlite_fence_read(struct gw_store *base, uint32_t slot, struct gw_store_fence *ret,
                           struct gw_err *err);
gw_rc gw_sqlite_fence_raise(struct gw_store *base, uint32_t slot, uint64_t epoch, uint64_t attempt,
                            struct gw_err *err);
gw_rc gw_sqlite_fence_take_over(struct gw_store *base, const uint8_t foreign[16],
                                struct gw_err *err);
/** Inside a transaction. @return GW_CONFLICT: not exactly ours */
gw_rc gw_sqlite_fence_check(struct gw_sqlite *store, uint64_t epoch, uint64_t attempt,
                            struct gw_err *err);

/* sqlite_type.c */
enum gw_sqlite_affinity gw_sqlite_affinity_of(struct gw_text declared);
/** `type` is not opt<>. `sample`: the storage class of a row that is there, or SQLITE_NULL. */
enum gw_sqlite_form gw_sqlite_form_of(const struct gw_type *type, enum gw_sqlite_affinity affinity,
                                      int sample);
/** The type inside opt<>, or the type itself. */
const struct gw_type *gw_sqlite_inner(const struct gw_type *type);
struct gw_sqlite_time_form gw_sqlite_time_form_of(struct gw_text sample);
/** @return GW_INVALID: this column cannot keep this value (err says why); GW_NOMEM */
gw_rc gw_sqlite_encode(const struct gw_sqlite_column *column, const struct gw_type *type,
                       union gw_value value, struct gw_arena *arena, struct gw_sqlite_cell *ret,
                       struct gw_err *err);
/** Borrowed until the statement is reset: `cell` must live as long. */
int gw_sqlite_bind(sqlite3_stmt *stmt, int at, const struct gw_sqlite_cell *cell);

/* sqlite_decode.c */
/** @return GW_INVALID: what is there is no value of the type: "column bal: \"x\" is not a dec<18,2>"; GW_NOMEM */
gw_rc gw_sqlite_decode(const struct gw_sqlite_column *column, const struct gw_type *type,
                       sqlite3_stmt *row, int at, struct gw_arena *arena, union gw_value *ret,
                       struct gw_err *err);
/** As people see it: "text", 12.5, x'00ff', NULL. */
void gw_sqlite_show(sqlite3_stmt *row, int at, struct gw_buf *ret);

/* sqlite_plan.c */
gw_rc gw_sqlite_plan_of(struct gw_sqlite *store, const struct gw_home *home,
                        struct gw_sqlite_plan **ret, struct gw_err *err);
void gw_sqlite_plans_free(struct gw_sqlite *store);
/** One of a plan's statements, prepared at first use and reset. */
gw_rc gw_sqlite_stmt(struct gw_sqlite *store, struct gw_text sql, sqlite3_stmt **at,
                     struct gw_err *err);

/* sqlite_read.c */
/** Binds key values from parameter `at` on. GW_INVALID: a key that this table cannot hold. Cells in `arena`. */
gw_rc gw_sqlite_bind_key(struct gw_sqlite *store, const struct gw_sqlite_plan *plan,
                         const struct gw_home *home, const union gw_value *key, sqlite3_stmt *stmt,
                         int at, struct gw_arena *arena, struct gw_err *err);
/** The row that `stmt` stands on. What it cannot represent is in ret->problem. */
gw_rc gw_sqlite_row(struct gw_sqlite *store, const struct gw_sqlite_plan *plan,
                    const struct gw_home *home, sqlite3_stmt *stmt, struct gw_arena *arena,
                    struct gw_store_row *ret, struct gw_err *err);
/** Inside a transaction. ret->present false: no such row. */
gw_rc gw_sqlite_find(struct gw_sqlite *store, const struct gw_sqlite_plan *plan,
                     const struct gw_home *home, const union gw_value *key, struct gw_arena *arena,
                     struct gw_store_row *ret, struct gw_err *err);
gw_rc gw_sqlite_fetch(struct gw_store *base, const struct gw_home *home,
                      const union gw_value *const *keys, uint32_t count, struct gw_arena *arena,
                      struct gw_store_row *ret_rows, struct gw_err *err);
gw_rc gw_sqlite_scan(struct gw_store *base, const struct gw_home *home, const union gw_value *after,
                     uint32_t rows, struct gw_arena *arena, struct gw_store_page *ret,
                     struct gw_err *err);
gw_rc gw_sqlite_count(struct gw_store *base, const struct gw_home *home, uint64_t *ret,
                      struct gw_err *err);

/* sqlite_push.c */
gw_rc gw_sqlite_push(struct gw_store *base, uint64_t epoch, uint64_t attempt,
                     const struct gw_store_item *items, uint32_t count, struct gw_arena *arena,
                     struct gw_store_result *ret_results, struct gw_err *err);

/* sqlite_catalog.c */
gw_rc gw_sqlite_catalog(struct gw_store *base, const struct gw_home *home, struct gw_arena *arena,
                        struct gw_store_findings *ret, struct gw_err *err);
gw_rc gw_sqlite_prepare_plan(struct gw_store *base, const struct gw_home *const *homes,
                             uint32_t count, struct gw_arena *arena, struct gw_store_ddl *ret,
                             struct gw_err *err);
gw_rc gw_sqlite_prepare_homes(struct gw_store *base, const struct gw_home *const *homes,
                              uint32_t count, struct gw_err *err);

#endif
