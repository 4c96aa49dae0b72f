/**
 * Everything bad that can happen to a memory store, on request: the simulator's and the tests' hand inside it.
 *
 * Hooks are asked under the store's lock, on the thread that calls the store: they must be quick and must not call
 * the store. Without hooks nothing is asked and nothing is paid.
 * A foreign writer (gw_memory_put and following) is another program that ignores the fence.
 */
#ifndef GW_STORE_MEMORY_FAULT_H
#define GW_STORE_MEMORY_FAULT_H

#include "store/store.h"

struct gw_memory; /* the data behind one NAME */

/** What happens to one call. */
enum gw_memory_fault {
    GW_MEMORY_GOOD,
    GW_MEMORY_UNREACHABLE, /* refused before anything happened: GW_UNREACHABLE */
    GW_MEMORY_DENIED,      /* GW_DENIED */
    GW_MEMORY_TIMEOUT,     /* nothing happened, but the caller only learns GW_TIMEOUT */
    GW_MEMORY_LOSE_BEFORE, /* the connection breaks before the commit: GW_UNREACHABLE, nothing happened */
    GW_MEMORY_LOSE_AFTER, /* it breaks between commit and answer: GW_UNREACHABLE, all happened */
    GW_MEMORY_HOLD /* push only: GW_TIMEOUT now, and the push itself at gw_memory_release() */
};

/** One write, as a trigger inside the store would log it. Borrowed for the call of the hook. */
struct gw_memory_write {
    uint32_t home_id;
    struct gw_bytes key;
    struct gw_seen before, after;
    bool foreign;
};

struct gw_memory_hooks {
    void *ctx;
    enum gw_memory_fault (*on_call)(void *ctx, enum gw_store_call call, uint32_t slot,
                                    uint32_t rows);
    /** Refuse this row with a class (UNIQUE, FOREIGN_KEY, …); GW_STORE_CLASS_NONE takes it. */
    enum gw_store_class (*on_row)(void *ctx, const struct gw_store_item *item);
    void (*on_write)(void *ctx, const struct gw_memory_write *write);
    /** The same home in memory that outlives the caller: a push kept back refers to it until it is released. */
    const struct gw_home *(*keep_home)(void *ctx, const struct gw_home *home);
    /** Simulated duration before or after the effect of a call (gw_store_ops.hold_ns). */
    int64_t (*hold_ns)(void *ctx, enum gw_store_call call, uint32_t rows, bool before);
};

/** The data of NAME (what follows "memory:"), made empty when it is new. @return GW_NOMEM */
gw_rc gw_memory_of(struct gw_text name, struct gw_memory **ret, struct gw_err *err);
/** Frees the data. No connection to it may be open. Accepts NULL. */
void gw_memory_drop(struct gw_memory *memory);

/** Each member may be NULL; `hooks` itself NULL: none. Copied. */
void gw_memory_set_hooks(struct gw_memory *memory, const struct gw_memory_hooks *hooks);
/** The next `count` calls of this kind meet `fault`, before hooks are asked. One such script at a time. */
void gw_memory_script(struct gw_memory *memory, enum gw_store_call call, enum gw_memory_fault fault,
                      uint32_t count);
/** Every call answers GW_UNREACHABLE until it is taken back. */
void gw_memory_set_down(struct gw_memory *memory, bool is_down);
/** Run the pushes that GW_MEMORY_HOLD kept, oldest first, with the fence they carried. @return how many changed something */
uint32_t gw_memory_release(struct gw_memory *memory);

/** Foreign writer: insert or overwrite a whole row. */
gw_rc gw_memory_put(struct gw_memory *memory, const struct gw_home *home,
                    const union gw_value *columns, gw_version ver, struct gw_err *err);
/** Set one column (index in the home), the version stays. GW_NOTFOUND: no such row. Key columns cannot be set. */
gw_rc gw_memory_set(struct gw_memory *memory, const struct gw_home *home, const union gw_value *key,
                    uint32_t column, union gw_value value, struct gw_err *err);
gw_rc gw_memory_set_ver(struct gw_memory *memory, const struct gw_home *home,
                        const union gw_value *key, gw_version ver, struct gw_err *err);
gw_rc gw_memory_delete(struct gw_memory *memory, const struct gw_home *home,
                       const union gw_value *key, struct gw_err *err);

struct gw_memory_snap;
/** All rows and fences as they are now, to go back to later: a backup. */
gw_rc gw_memory_snap(struct gw_memory *memory, struct gw_memory_snap **ret, struct gw_err *err);
/** The store "goes back": its rows and fences are those of the snapshot, which stays usable. */
gw_rc gw_memory_restore(struct gw_memory *memory, const struct gw_memory_snap *snap,
                        struct gw_err *err);
/** Accepts NULL. */
void gw_memory_snap_free(struct gw_memory_snap *snap);

#endif
