/* A table of the memory store: a hash table to find rows, sorted chunks to walk them (memory_int.h). */
#include "os/heap.h"
#include "store/memory_int.h"

void *gw_memory_get(size_t bytes)
{
    const struct gw_alloc *heap = gw_os_heap();
    return heap->get(heap->ctx, bytes);
}

void gw_memory_give(void *block, size_t bytes)
{
    const struct gw_alloc *heap = gw_os_heap();
    if (block != NULL)
        heap->put(heap->ctx, block, bytes);
}

static size_t row_bytes(const struct gw_memory_row *row)
{
    return sizeof(*row) + row->key_bytes + row->image_room;
}

/* ---- the hash table ---- */

struct gw_memory_row *gw_memory_find(const struct gw_memory_table *table, struct gw_bytes key,
                                     uint64_t key_hash)
{
    if (table->slot_count == 0)
        return NULL;
    size_t mask = table->slot_count - 1;
    for (size_t i = key_hash & mask; table->slots[i] != NULL; i = (i + 1) & mask) {
        struct gw_memory_row *row = table->slots[i];
        if (row->key_hash == key_hash && gw_bytes_equal(gw_memory_row_key(row), key))
            return row;
    }
    return NULL;
}

static size_t slot_of(const struct gw_memory_table *table, const struct gw_memory_row *row)
{
    size_t mask = table->slot_count - 1;
    size_t i = row->key_hash & mask;
    while (table->slots[i] != row) {
        GW_ASSERT(table->slots[i] != NULL);
        i = (i + 1) & mask;
    }
    return i;
}

static void place_in(struct gw_memory_row **slots, size_t count, struct gw_memory_row *row)
{
    size_t i = row->key_hash & (count - 1);
    while (slots[i] != NULL)
        i = (i + 1) & (count - 1);
    slots[i] = row;
}

static bool room_for_one(struct gw_memory_table *table)
{
    if ((table->row_count + 1) * 4 <= table->slot_count * 3)
        return true;
    size_t count = GW_MAX(table->slot_count * 2, (size_t)64);
    struct gw_memory_row **slots = gw_memory_get(count * sizeof(struct gw_memory_row *));
    if (slots == NULL)
        return false;
    memset(slots, 0, count * sizeof(struct gw_memory_row *));
    for (size_t i = 0; i < table->slot_count; i++) {
        if (table->slots[i] != NULL)
            place_in(slots, count, table->slots[i]);
    }
    gw_memory_give(table->slots, table->slot_count * sizeof(struct gw_memory_row *));
    table->slots = slots;
    table->slot_count = count;
    return true;
}

/* Deletion without tombstones: rows behind the hole move back unless that would put them before their place. */
static void slot_clear(struct gw_memory_table *table, size_t hole)
{
    size_t mask = table->slot_count - 1;
    for (size_t i = (hole + 1) & mask; table->slots[i] != NULL; i = (i + 1) & mask) {
        size_t home = table->slots[i]->key_hash & mask;
        if (((i - home) & mask) >= ((i - hole) & mask)) {
            table->slots[hole] = table->slots[i];
            hole = i;
        }
    }
    table->slots[hole] = NULL;
}

/* ---- the sorted chunks ---- */

static uint64_t prefix_of(struct gw_bytes key)
{
    uint64_t prefix = 0;
    for (size_t i = 0; i < 8; i++)
        prefix = prefix << 8 | (i < key.len ? key.data[i] : 0);
    return prefix;
}

static int compare(const struct gw_memory_chunk *chunk, uint32_t at, uint64_t prefix,
                   struct gw_bytes key)
{
    if (chunk->prefixes[at] != prefix)
        return chunk->prefixes[at] < prefix ? -1 : 1;
    return gw_bytes_compare(gw_memory_row_key(chunk->rows[at]), key);
}

/* First position whose key is >= key (above: > key); one behind the last row when there is none. */
static struct gw_memory_at lower_bound(const struct gw_memory_table *table, struct gw_bytes key,
                                       bool above)
{
    uint64_t prefix = prefix_of(key);
    size_t low = 0;
    size_t high = table->chunk_count;
    while (low < high) { /* the first chunk whose last row is not before key */
        size_t middle = low + (high - low) / 2;
        const struct gw_memory_chunk *chunk = table->chunks[middle];
        int order = compare(chunk, chunk->count - 1, prefix, key);
        if (order < 0 || (above && order == 0)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    struct gw_memory_at at = {low, 0};
    if (low == table->chunk_count)
        return at;
    uint32_t from = 0;
    uint32_t to = table->chunks[low]->count;
    while (from < to) {
        uint32_t middle = from + (to - from) / 2;
        int order = compare(table->chunks[low], middle, prefix, key);
        if (order < 0 || (above && order == 0)) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    at.row = from;
    return at;
}

static bool chunk_open(struct gw_memory_table *table, size_t at)
{
    if (table->chunk_count == table->chunk_room) {
        size_t room = GW_MAX(table->chunk_room * 2, (size_t)16);
        struct gw_memory_chunk **chunks = gw_memory_get(room * sizeof(struct gw_memory_chunk *));
        if (chunks == NULL)
            return false;
        if (table->chunk_count > 0)
            memcpy(chunks, table->chunks, table->chunk_count * sizeof(struct gw_memory_chunk *));
        gw_memory_give(table->chunks, table->chunk_room * sizeof(struct gw_memory_chunk *));
        table->chunks = chunks;
        table->chunk_room = room;
    }
    struct gw_memory_chunk *chunk = gw_memory_get(sizeof(*chunk));
    if (chunk == NULL)
        return false;
    chunk->count = 0;
    memmove(table->chunks + at + 1, table->chunks + at,
            (table->chunk_count - at) * sizeof(struct gw_memory_chunk *));
    table->chunks[at] = chunk;
    table->chunk_count++;
    return true;
}

/* A full chunk gives its upper half to a new neighbour; at the end of the table it stays full, since ids rise. */
static bool chunk_split(struct gw_memory_table *table, struct gw_memory_at *at)
{
    if (!chunk_open(table, at->chunk + 1))
        return false;
    struct gw_memory_chunk *left = table->chunks[at->chunk];
    struct gw_memory_chunk *right = table->chunks[at->chunk + 1];
    bool is_append = at->chunk + 2 == table->chunk_count && at->row == left->count;
    uint32_t keep = is_append ? left->count : left->count / 2;
    right->count = left->count - keep;
    memcpy(right->prefixes, left->prefixes + keep, right->count * sizeof(right->prefixes[0]));
    memcpy(right->rows, left->rows + keep, right->count * sizeof(struct gw_memory_row *));
    left->count = keep;
    if (at->row > keep || is_append) {
        at->row -= keep;
        at->chunk++;
    }
    return true;
}

static bool order_insert(struct gw_memory_table *table, struct gw_memory_row *row)
{
    struct gw_bytes key = gw_memory_row_key(row);
    if (table->chunk_count == 0 && !chunk_open(table, 0))
        return false;
    const struct gw_memory_chunk *last = table->chunks[table->chunk_count - 1];
    bool is_behind = last->count == 0 || compare(last, last->count - 1, prefix_of(key), key) < 0;
    struct gw_memory_at at = {table->chunk_count, 0}; /* ids rise: most rows go behind the last */
    if (!is_behind)
        at = lower_bound(table, key, false);
    if (at.chunk == table->chunk_count) { /* behind the last row */
        at.chunk--;
        at.row = table->chunks[at.chunk]->count;
    }
    if (table->chunks[at.chunk]->count == GW_MEMORY_CHUNK_ROWS && !chunk_split(table, &at))
        return false;
    struct gw_memory_chunk *chunk = table->chunks[at.chunk];
    uint32_t behind = chunk->count - at.row;
    memmove(chunk->prefixes + at.row + 1, chunk->prefixes + at.row,
            behind * sizeof(chunk->prefixes[0]));
    memmove(chunk->rows + at.row + 1, chunk->rows + at.row,
            behind * sizeof(struct gw_memory_row *));
    chunk->prefixes[at.row] = prefix_of(key);
    chunk->rows[at.row] = row;
    chunk->count++;
    return true;
}

static void order_remove(struct gw_memory_table *table, const struct gw_memory_row *row)
{
    struct gw_memory_at at = lower_bound(table, gw_memory_row_key(row), false);
    GW_ASSERT(at.chunk < table->chunk_count && table->chunks[at.chunk]->rows[at.row] == row);
    struct gw_memory_chunk *chunk = table->chunks[at.chunk];
    uint32_t behind = chunk->count - at.row - 1;
    memmove(chunk->prefixes + at.row, chunk->prefixes + at.row + 1,
            behind * sizeof(chunk->prefixes[0]));
    memmove(chunk->rows + at.row, chunk->rows + at.row + 1,
            behind * sizeof(struct gw_memory_row *));
    if (--chunk->count > 0)
        return;
    gw_memory_give(chunk, sizeof(*chunk));
    table->chunk_count--;
    memmove(table->chunks + at.chunk, table->chunks + at.chunk + 1,
            (table->chunk_count - at.chunk) * sizeof(struct gw_memory_chunk *));
}

struct gw_memory_at gw_memory_seek(const struct gw_memory_table *table, struct gw_bytes after)
{
    if (after.data == NULL)
        return (struct gw_memory_at){0, 0};
    return lower_bound(table, after, true);
}

struct gw_memory_row *gw_memory_step(const struct gw_memory_table *table, struct gw_memory_at *at)
{
    if (at->chunk < table->chunk_count && at->row == table->chunks[at->chunk]->count)
        *at = (struct gw_memory_at){at->chunk + 1, 0};
    if (at->chunk >= table->chunk_count)
        return NULL;
    return table->chunks[at->chunk]->rows[at->row++];
}

/* ---- rows ---- */

static struct gw_memory_row *row_new(struct gw_bytes key, uint64_t key_hash, size_t image_bytes)
{
    size_t room = (image_bytes + 15) & ~(size_t)15; /* numbers grow by a byte now and then */
    struct gw_memory_row *row = gw_memory_get(sizeof(*row) + key.len + room);
    if (row == NULL)
        return NULL;
    *row = (struct gw_memory_row){
        .key_hash = key_hash, .key_bytes = (uint32_t)key.len, .image_room = (uint32_t)room};
    memcpy(row->bytes, key.data, key.len);
    return row;
}

static void row_fill(struct gw_memory_row *row, struct gw_bytes image, struct gw_seen seen)
{
    memcpy(row->bytes + row->key_bytes, image.data, image.len);
    row->image_bytes = (uint32_t)image.len;
    row->ver = seen.ver;
    row->hash = seen.hash;
}

static struct gw_memory_row *insert(struct gw_memory_table *table, struct gw_bytes key,
                                    uint64_t key_hash, struct gw_bytes image, struct gw_seen seen)
{
    struct gw_memory_row *row = row_new(key, key_hash, image.len);
    if (row == NULL)
        return NULL;
    if (!room_for_one(table) || !order_insert(table, row)) {
        gw_memory_give(row, row_bytes(row));
        return NULL;
    }
    row_fill(row, image, seen);
    place_in(table->slots, table->slot_count, row);
    table->row_count++;
    return row;
}

static struct gw_memory_row *move_larger(struct gw_memory_table *table, struct gw_memory_row *row,
                                         size_t image_bytes)
{
    struct gw_bytes key = gw_memory_row_key(row);
    struct gw_memory_row *larger = row_new(key, row->key_hash, image_bytes + image_bytes / 2);
    if (larger == NULL)
        return NULL;
    struct gw_memory_at at = lower_bound(table, key, false);
    table->chunks[at.chunk]->rows[at.row] = larger;
    table->slots[slot_of(table, row)] = larger;
    gw_memory_give(row, row_bytes(row));
    return larger;
}

struct gw_memory_row *gw_memory_write(struct gw_memory_table *table, struct gw_memory_row *row,
                                      struct gw_bytes key, uint64_t key_hash, struct gw_bytes image,
                                      struct gw_seen seen)
{
    if (row == NULL)
        return insert(table, key, key_hash, image, seen);
    if (image.len > row->image_room)
        row = move_larger(table, row, image.len);
    if (row != NULL)
        row_fill(row, image, seen);
    return row;
}

void gw_memory_remove(struct gw_memory_table *table, struct gw_memory_row *row)
{
    order_remove(table, row);
    slot_clear(table, slot_of(table, row));
    table->row_count--;
    gw_memory_give(row, row_bytes(row));
}

void gw_memory_table_free(struct gw_memory_table *table)
{
    for (size_t i = 0; i < table->slot_count; i++) {
        if (table->slots[i] != NULL)
            gw_memory_give(table->slots[i], row_bytes(table->slots[i]));
    }
    for (size_t i = 0; i < table->chunk_count; i++)
        gw_memory_give(table->chunks[i], sizeof(struct gw_memory_chunk));
    gw_memory_give(table->slots, table->slot_count * sizeof(struct gw_memory_row *));
    gw_memory_give(table->chunks, table->chunk_room * sizeof(struct gw_memory_chunk *));
    gw_memory_give_text(table->place);
    gw_memory_give(table, sizeof(*table));
}
