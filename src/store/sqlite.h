/**
 * The connector to SQLite files: "sqlite:/path/file.db".
 *
 * The file must exist: a mistyped path is an error, never a new empty database. It is opened with synchronous=FULL,
 * foreign keys enforced, its journal mode (WAL or rollback) kept as found.
 * Forms of values: src/store/README.md#sqlite.
 */
#ifndef GW_STORE_SQLITE_H
#define GW_STORE_SQLITE_H

#include "store/store.h"

extern const struct gw_store_ops gw_sqlite_ops;

#endif
