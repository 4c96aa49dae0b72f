/**
 * Inside of the memory store: rows, the table that finds them by key and walks them in key order, the data of a NAME.
 *
 * A table holds each row twice: in a hash table (open addressing) for pushes and fetches, and in sorted chunks for
 * scans. Chunks cache the first 8 key bytes, so that most comparisons stay inside them. An update touches neither.
 */
#ifndef GW_STORE_MEMORY_INT_H
#define GW_STORE_MEMORY_INT_H

#include "base/hash.h"
#include "store/memory_fault.h"

struct gw_mutex;

struct gw_memory_row {
    uint64_t key_hash;
    uint32_t key_bytes, image_bytes, image_room;
    gw_version ver;
    struct gw_hash128 hash; /* of the image, under the table's home id */
    uint8_t bytes[];        /* key, then image */
};

enum { GW_MEMORY_CHUNK_ROWS = 128 };

struct gw_memory_chunk {
    uint32_t count;
    uint64_t prefixes[GW_MEMORY_CHUNK_ROWS];
    struct gw_memory_row *rows[GW_MEMORY_CHUNK_ROWS];
};

struct gw_memory_table {
    struct gw_memory_table *next;
    struct gw_text place;
    uint64_t signature; /* of the columns (names and types) */
    uint32_t home_id;   /* whose hash the rows keep */
    struct gw_memory_row **slots;
    size_t slot_count, row_count;    /* slot_count: 0 or a power of two, at most 3/4 full */
    struct gw_memory_chunk **chunks; /* in key order, none empty */
    size_t chunk_count, chunk_room;
};

struct gw_memory_fence {
    struct gw_memory_fence *next;
    uint32_t slot;
    uint8_t cluster[16];
    uint64_t epoch, attempt;
};

/** What a snapshot keeps. */
struct gw_memory_data {
    struct gw_memory_table *tables;
    struct gw_memory_fence *fences;
};

struct gw_memory_held; /* pushes kept back, memory_push.c */

struct gw_memory {
    struct gw_memory *next; /* of all names */
    struct gw_text name;
    struct gw_mutex *lock; /* of all below */
    uint32_t connections;
    struct gw_memory_data data;
    struct gw_memory_hooks hooks;
    bool is_down;
    enum gw_store_call script_call;
    enum gw_memory_fault script_fault;
    uint32_t script_count;
    struct gw_memory_held *held, **held_end;
    struct gw_buf key; /* scratch */
    struct gw_buf image;
};

struct gw_memory_store {
    struct gw_store base; /* first */
    struct gw_memory *memory;
    struct gw_text name; /* of the store in the program */
    uint8_t cluster[16];
    uint32_t slot;
};

static inline struct gw_bytes gw_memory_row_key(const struct gw_memory_row *row)
{
    return (struct gw_bytes){row->bytes, row->key_bytes};
}

static inline struct gw_bytes gw_memory_row_image(const struct gw_memory_row *row)
{
    return (struct gw_bytes){row->bytes + row->key_bytes, row->image_bytes};
}

void *gw_memory_get(size_t bytes);
void gw_memory_give(void *block, size_t bytes);

/** Gives back a text of this room: `text.len` bytes and a zero. Views are const, so the pointer is copied as bytes. */
static inline void gw_memory_give_text(struct gw_text text)
{
    void *block;
    memcpy(&block, &text.data, sizeof(block));
    gw_memory_give(block, text.len + 1);
}

static inline void gw_memory_prefetch_slot(const struct gw_memory_table *table, uint64_t key_hash)
{
    if (table->slot_count > 0)
        __builtin_prefetch(&table->slots[key_hash & (table->slot_count - 1)]);
}

static inline void gw_memory_prefetch_row(const struct gw_memory_table *table, uint64_t key_hash)
{
    if (table->slot_count == 0)
        return;
    const struct gw_memory_row *row = table->slots[key_hash & (table->slot_count - 1)];
    if (row == NULL)
        return;
    __builtin_prefetch(row, 1);
    __builtin_prefetch((const char *)row + 64, 1);
}

/* memory_table.c */
struct gw_memory_row *gw_memory_find(const struct gw_memory_table *table, struct gw_bytes key,
                                     uint64_t key_hash);
/**
 * The row of `key` gets this image, version and hash; made when absent.
 * @row     as found by gw_memory_find(), or NULL; it may move
 * @return  NULL when memory is refused: nothing changed
 */
struct gw_memory_row *gw_memory_write(struct gw_memory_table *table, struct gw_memory_row *row,
                                      struct gw_bytes key, uint64_t key_hash, struct gw_bytes image,
                                      struct gw_seen seen);
void gw_memory_remove(struct gw_memory_table *table, struct gw_memory_row *row);
/** Position of the first row behind `after` (of the first row when its data is NULL). */
struct gw_memory_at {
    size_t chunk;
    uint32_t row;
};
struct gw_memory_at gw_memory_seek(const struct gw_memory_table *table, struct gw_bytes after);
/** @return NULL at the end */
struct gw_memory_row *gw_memory_step(const struct gw_memory_table *table, struct gw_memory_at *at);
void gw_memory_table_free(struct gw_memory_table *table);

/* memory.c */
/** The table of a home, made when new. @return GW_INVALID: another home of that place has other columns */
gw_rc gw_memory_table_of(struct gw_memory_data *data, const struct gw_home *home,
                         struct gw_memory_table **ret, struct gw_err *err);
gw_rc gw_memory_fence_of(struct gw_memory_data *data, uint32_t slot, bool make,
                         struct gw_memory_fence **ret, struct gw_err *err);
void gw_memory_data_free(struct gw_memory_data *data);
struct gw_seen gw_memory_seen(const struct gw_memory_table *table, const struct gw_memory_row *row,
                              const struct gw_home *home);
/** Asks script and hooks; fills err for what fails at once. HOLD and LOSE_AFTER come back in *ret_fault with GW_OK. */
gw_rc gw_memory_call(struct gw_memory_store *store, enum gw_store_call call, uint32_t rows,
                     enum gw_memory_fault *ret_fault, struct gw_err *err);
/** After the effect: the error of a lost answer, or GW_OK. */
gw_rc gw_memory_answer(struct gw_memory_store *store, enum gw_memory_fault fault,
                       struct gw_err *err);
/** A stored row for a reader: columns, image, key in `arena`. */
gw_rc gw_memory_read(const struct gw_memory_table *table, const struct gw_memory_row *row,
                     const struct gw_home *home, struct gw_arena *arena, struct gw_store_row *ret,
                     struct gw_err *err);

/* memory_push.c */
gw_rc gw_memory_push(struct gw_store *base, uint64_t epoch, uint64_t attempt,
                     const struct gw_store_item *items, uint32_t count, struct gw_arena *arena,
                     struct gw_store_result *ret_results, struct gw_err *err);
void gw_memory_held_free(struct gw_memory *memory);

#endif
