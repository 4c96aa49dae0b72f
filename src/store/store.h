/**
 * A record store as the engine uses it: one interface, one file per kind of store, one conformance suite.
 *
 * All calls block; they run on worker threads of room store, never on the loop. One `struct gw_store` is one
 * connection and belongs to one thread at a time; a worker has a connection slot of its own (fence row).
 *
 * The edge's promise, which every connector keeps and the conformance suite tries to break:
 *   - gw_store_push() is one transaction of the store: fence checked, rows locked in key order, read, classified
 *     (record/classify.h) and written, or nothing is. A row whose state is neither acked nor intended is never written.
 *   - After GW_OK every result is durable in the store. After any error nobody knows whether the transaction
 *     happened: raise the attempt (fence), then push the *same* items again; what landed answers ALREADY.
 *   - The fence decides who may write: a push whose (cluster, epoch, attempt) is not exactly the stored one of its
 *     slot changes nothing and answers GW_CONFLICT.
 *   - What a connector reads back is what the home's column types say, or an error naming row and column; it never rounds.
 */
#ifndef GW_STORE_STORE_H
#define GW_STORE_STORE_H

#include "base/err.h"
#include "record/classify.h"
#include "record/home.h"

struct gw_store;

enum { GW_STORE_PUSH_MAX = 1024, GW_STORE_PAGE_BYTES_MAX = 256 * 1024, GW_STORE_FETCH_MAX = 1024 };

struct gw_store_config {
    struct gw_text name; /* of the store in the program, for messages */
    struct gw_text url;  /* resolved: "sqlite:/path/legacy.db", "memory:NAME" */
    uint8_t cluster[16]; /* id of this godwit installation */
    uint32_t slot;       /* connection slot: its fence row */
    uint32_t timeout_ms; /* of one call: busy, lock and statement time-outs derive from it */
    bool accept_loss;    /* go on although the store may lose committed transactions in a crash */
};

/** A row read from a home. Values are in the arena of the call. */
struct gw_store_row {
    bool present;
    gw_version ver; /* GW_VERSION_NONE: NULL, or no version column/side row */
    union gw_value
        *columns;           /* all columns of the home; NULL when absent or when `problem` is set */
    struct gw_bytes image;  /* projection image; empty when absent */
    struct gw_hash128 hash; /* projection hash */
    struct gw_text
        problem; /* this row cannot be represented: "column created: \"not-a-date\" is not a time" */
    union gw_value
        *key; /* home->key_count values; set also with `problem` where the key could be read */
};

/** One row to push. All borrowed until the call returns. */
struct gw_store_item {
    const struct gw_home *home;
    const union gw_value *key;     /* home->key_count values */
    struct gw_seen acked;          /* what may be there now */
    struct gw_seen intent;         /* what shall be there */
    const union gw_value *columns; /* of the intent; NULL when it is absent */
    struct gw_bytes image;         /* of the intent */
    bool read_back; /* round-trip gate: read the row in the same transaction and compare */
    uint32_t group; /* items of one non-zero group stand side by side and are written all or none
                       (atomic_push); when one of them is not, the others answer REFUSED, class DEPENDENT */
};

enum gw_store_outcome { GW_STORE_APPLIED, GW_STORE_ALREADY, GW_STORE_CONFLICT, GW_STORE_REFUSED };

/* clang-format off */
#define GW_STORE_CLASSES(X) X(NONE, "") X(UNREACHABLE, "unreachable") X(TIMEOUT, "timeout") X(DENIED, "denied") \
    X(MALFORMED, "malformed") X(TYPE_MISMATCH, "type_mismatch") X(TOO_LARGE, "too_large") X(DEPENDENT, "dependent") \
    X(UNIQUE, "unique") X(FOREIGN_KEY, "foreign_key") X(CHECK, "check") X(ROUND_TRIP, "roundtrip") X(OTHER, "other")
/* clang-format on */
enum gw_store_class {
#define X(name, text) GW_STORE_CLASS_##name,
    GW_STORE_CLASSES(X)
#undef X
};
const char *gw_store_class_text(enum gw_store_class cls);
/** The class of a failed call, from its error's rc: UNREACHABLE, TIMEOUT, DENIED, MALFORMED, … */
enum gw_store_class gw_store_class_of(const struct gw_err *err);

struct gw_store_result {
    enum gw_store_outcome outcome;
    enum gw_conflict conflict; /* CONFLICT */
    struct gw_store_row found; /* CONFLICT: the row as it is now */
    enum gw_store_class cls;   /* REFUSED */
    struct gw_text
        text; /* REFUSED: the store's words, at most 256 bytes; ROUND_TRIP names field, sent, read back */
};

struct gw_store_fence {
    bool present; /* the fence table and this slot's row exist */
    uint8_t cluster[16];
    uint64_t epoch;
    uint64_t attempt;
};

/** A finding of the catalog check. `fatal`: deploy refuses. */
struct gw_store_finding {
    gw_code code; /* GW13xx */
    bool fatal;
    const struct gw_home *home;
    struct gw_text column; /* "" when the finding is about the table */
    struct gw_text text, hint;
};
struct gw_store_findings {
    struct gw_store_finding *items;
    uint32_t count;
};

/** DDL that prepare would run (or strip), statement by statement. */
struct gw_store_ddl {
    struct gw_text *statements;
    uint32_t count;
};

struct gw_store_page {
    struct gw_store_row *rows;
    uint32_t count;
    bool end;
};

/* What a store can be asked; texts for messages, metrics and traces. */
/* clang-format off */
#define GW_STORE_CALLS(X) X(FETCH, "fetch") X(SCAN, "scan") X(COUNT, "count") X(PUSH, "push") X(CATALOG, "catalog") \
    X(PREPARE_PLAN, "prepare plan") X(PREPARE, "prepare") X(FENCE_READ, "fence read") X(FENCE_RAISE, "fence raise") \
    X(FENCE_TAKE_OVER, "take over")
/* clang-format on */
enum gw_store_call {
#define X(name, text) GW_STORE_CALL_##name,
    GW_STORE_CALLS(X)
#undef X
};
const char *gw_store_call_text(enum gw_store_call call);

struct gw_store_ops {
    gw_rc (*open)(const struct gw_store_config *config, struct gw_store **ret, struct gw_err *err);
    void (*close)(struct gw_store *store); /* accepts NULL */

    /** Compare a home with the live catalog: names (with the nearest), types, nullability, precision, collation of keys, generated columns. */
    gw_rc (*catalog)(struct gw_store *store, const struct gw_home *home, struct gw_arena *arena,
                     struct gw_store_findings *ret, struct gw_err *err);
    /** Version columns, side table and fence table that are missing for these homes. Empty when all is there. */
    gw_rc (*prepare_plan)(struct gw_store *store, const struct gw_home *const *homes,
                          uint32_t count, struct gw_arena *arena, struct gw_store_ddl *ret,
                          struct gw_err *err);
    gw_rc (*prepare)(struct gw_store *store, const struct gw_home *const *homes, uint32_t count,
                     struct gw_err *err);

    gw_rc (*fence_read)(struct gw_store *store, uint32_t slot, struct gw_store_fence *ret,
                        struct gw_err *err);
    /**
     * Set `slot` to (cluster, epoch, attempt) where that is higher; waits for, then excludes, pushes of lower ones.
     * @return GW_CONFLICT: another cluster's id is there, or a higher epoch (err names it)
     */
    gw_rc (*fence_raise)(struct gw_store *store, uint32_t slot, uint64_t epoch, uint64_t attempt,
                         struct gw_err *err);
    /** Replace a foreign cluster id: only after the person named it (--take-over). */
    gw_rc (*fence_take_over)(struct gw_store *store, const uint8_t foreign[16], struct gw_err *err);

    /** Rows by key, in the order asked. `keys[i]` = home->key_count values. */
    gw_rc (*fetch)(struct gw_store *store, const struct gw_home *home,
                   const union gw_value *const *keys, uint32_t count, struct gw_arena *arena,
                   struct gw_store_row *ret_rows, struct gw_err *err);
    /** A page in key order, after `after` (NULL: from the start). At most `rows` rows and GW_STORE_PAGE_BYTES_MAX bytes. */
    gw_rc (*scan)(struct gw_store *store, const struct gw_home *home, const union gw_value *after,
                  uint32_t rows, struct gw_arena *arena, struct gw_store_page *ret,
                  struct gw_err *err);
    /** Number of rows now, for progress denominators. */
    gw_rc (*count)(struct gw_store *store, const struct gw_home *home, uint64_t *ret,
                   struct gw_err *err);

    /** See the promise above. `ret_results[i]` belongs to items[i]. Items come in the order to apply. */
    gw_rc (*push)(struct gw_store *store, uint64_t epoch, uint64_t attempt,
                  const struct gw_store_item *items, uint32_t count, struct gw_arena *arena,
                  struct gw_store_result *ret_results, struct gw_err *err);

    /** NULL in stores that take real time. A simulated store answers at once and tells here how long the call of
     *  `rows` rows takes before and after its effect; whoever called waits that long (store/pool.h does). */
    int64_t (*hold_ns)(struct gw_store *store, enum gw_store_call call, uint32_t rows, bool before);
};

struct gw_store {
    const struct gw_store_ops *ops; /* implementations embed this as their first member */
};

/** The connector for a kind (lang's words: "sqlite", "memory"). @return NULL: not built in or unknown */
const struct gw_store_ops *gw_store_find(struct gw_text kind);
/** By the kind in config->url. @return GW_UNSUPPORTED for a kind that is not built in, or what its open() returns */
gw_rc gw_store_open(const struct gw_store_config *config, struct gw_store **ret,
                    struct gw_err *err);
/** Accepts NULL. */
void gw_store_close(struct gw_store *store);

#endif
