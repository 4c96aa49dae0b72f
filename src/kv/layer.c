#include "kv/layer_int.h"

#include "base/hash.h"

enum { TABLE_SLOTS_MIN = 1024, VERSION_STEP = 32, CACHE_LINE = 64 };

/** One step of the undo log; the bytes it keeps stand before it. */
struct undo {
    struct gw_kv_entry *entry;
    uint32_t kept_bytes; /* padded to 8 */
    uint32_t len, mark;  /* of the version before, for UNDO_CONTENT */
    enum { UNDO_VERSION, UNDO_CONTENT } kind;
};

static struct gw_kv_table *new_table(const struct gw_alloc *alloc, size_t slots)
{
    size_t bytes = sizeof(struct gw_kv_table) + slots * sizeof(uint64_t);
    struct gw_kv_table *table = alloc->get(alloc->ctx, bytes);
    if (table == NULL)
        return NULL;
    memset(table, 0, bytes);
    table->mask = slots - 1;
    return table;
}

static void free_tables(const struct gw_alloc *alloc, struct gw_kv_table *table)
{
    while (table != NULL) {
        struct gw_kv_table *older = table->older;
        alloc->put(alloc->ctx, table, sizeof(*table) + (table->mask + 1) * sizeof(uint64_t));
        table = older;
    }
}

static void count_bytes(struct gw_kv_layer *layer, size_t bytes)
{
    size_t now = atomic_load_explicit(&layer->bytes, memory_order_relaxed);
    atomic_store_explicit(&layer->bytes, now + bytes, memory_order_relaxed); /* one writer */
}

/** @return 0 when the allocator, or the number of chunks, refuses */
static gw_kv_ref get_memory(struct gw_kv_layer *layer, size_t bytes)
{
    bytes = (bytes + 7) & ~(size_t)7;
    GW_ASSERT(bytes <= GW_KV_CHUNK_BYTES);
    if (GW_KV_CHUNK_BYTES - layer->chunk_used < bytes) {
        if (layer->chunk_count == GW_KV_LAYER_CHUNKS)
            return 0;
        uint8_t *chunk = gw_kv_chunk_get(layer->chunks);
        if (chunk == NULL)
            return 0;
        layer->chunk[layer->chunk_count++] = chunk;
        layer->chunk_used = 0;
    }
    size_t ref = (size_t)(layer->chunk_count - 1) * GW_KV_CHUNK_REFS +
                 (layer->chunk_used >> GW_KV_REF_SHIFT);
    layer->chunk_used += (uint32_t)bytes;
    count_bytes(layer, bytes);
    return (gw_kv_ref)ref;
}

/** The head is an entry without a key at full height; reference 0 stays unused because a byte before it is. */
static bool make_head(struct gw_kv_layer *layer)
{
    layer->chunk_used = GW_KV_CHUNK_BYTES; /* so that the first request takes a chunk */
    if (get_memory(layer, 8) != 0)
        return false;
    if (layer->chunk_count == 0)
        return false;
    layer->head =
        get_memory(layer, sizeof(struct gw_kv_entry) + GW_KV_HEIGHT_MAX * sizeof(gw_kv_ref));
    struct gw_kv_entry *head = gw_kv_entry_at(layer, layer->head);
    memset(head, 0, sizeof(*head) + GW_KV_HEIGHT_MAX * sizeof(gw_kv_ref));
    head->height = GW_KV_HEIGHT_MAX;
    for (unsigned f = 0; f < GW_KV_FINGERS; f++) {
        for (unsigned i = 0; i < GW_KV_HEIGHT_MAX; i++)
            layer->paths[f][i] = layer->head;
    }
    return true;
}

struct gw_kv_layer *gw_kv_layer_new(struct gw_kv_chunks *chunks, const struct gw_alloc *alloc,
                                    size_t table_slots)
{
    struct gw_kv_layer *layer = alloc->get(alloc->ctx, sizeof(*layer));
    if (layer == NULL)
        return NULL;
    memset(layer, 0, sizeof(*layer));
    layer->chunks = chunks;
    layer->alloc = alloc;
    atomic_init(&layer->refs, 1);
    struct gw_kv_table *table = new_table(alloc, GW_MAX(table_slots, (size_t)TABLE_SLOTS_MIN));
    atomic_init(&layer->table, table);
    if (table == NULL || !make_head(layer)) {
        gw_kv_layer_drop(layer);
        return NULL;
    }
    count_bytes(layer, (table->mask + 1) * sizeof(uint64_t));
    return layer;
}

void gw_kv_layer_share(struct gw_kv_layer *layer)
{
    atomic_fetch_add_explicit(&layer->refs, 1, memory_order_relaxed);
}

void gw_kv_layer_drop(struct gw_kv_layer *layer)
{
    if (layer == NULL || atomic_fetch_sub_explicit(&layer->refs, 1, memory_order_acq_rel) != 1)
        return;
    free_tables(layer->alloc, atomic_load(&layer->table));
    for (uint32_t i = 0; i < layer->chunk_count; i++)
        gw_kv_chunk_put(layer->chunks, layer->chunk[i]);
    layer->alloc->put(layer->alloc->ctx, layer, sizeof(*layer));
}

size_t gw_kv_layer_bytes(const struct gw_kv_layer *layer)
{
    return atomic_load_explicit(&layer->bytes, memory_order_relaxed);
}

size_t gw_kv_layer_slots(const struct gw_kv_layer *layer)
{
    return atomic_load_explicit(&layer->table, memory_order_relaxed)->mask + 1;
}

uint32_t gw_kv_layer_count(const struct gw_kv_layer *layer)
{
    return layer->count;
}

uint64_t gw_kv_layer_hash(struct gw_bytes key)
{
    return gw_hash64(key, 0);
}

/** The upper half of a slot; never 0, so that a used slot never is. */
static uint64_t tag_of(uint64_t hash)
{
    return (hash << 32) | (UINT64_C(1) << 32);
}

static gw_kv_ref find_ref(const struct gw_kv_layer *layer, struct gw_bytes key, uint64_t hash)
{
    const struct gw_kv_table *table = atomic_load_explicit(&layer->table, memory_order_acquire);
    uint64_t tag = tag_of(hash);
    for (size_t i = (tag >> 32) & table->mask;; i = (i + 1) & table->mask) {
        uint64_t slot = atomic_load_explicit(&table->slots[i], memory_order_acquire);
        if (slot == 0)
            return 0;
        if ((slot ^ tag) >> 32 != 0)
            continue;
        const struct gw_kv_entry *entry = gw_kv_entry_at(layer, (gw_kv_ref)slot);
        /* The key and, mostly, the first version follow the entry: fetch their lines while its first one comes. */
        __builtin_prefetch((const uint8_t *)entry + CACHE_LINE);
        __builtin_prefetch((const uint8_t *)entry + (size_t)2 * CACHE_LINE);
        if (gw_bytes_equal(gw_kv_key(entry), key))
            return (gw_kv_ref)slot;
    }
}

enum gw_kv_found gw_kv_entry_see(const struct gw_kv_layer *layer, const struct gw_kv_entry *entry,
                                 uint64_t seq, struct gw_bytes *ret_val)
{
    gw_kv_ref ref = atomic_load_explicit(&entry->newest, memory_order_acquire);
    while (ref != 0) {
        const struct gw_kv_version *version = gw_kv_version_at(layer, ref);
        if (atomic_load_explicit(&version->seq, memory_order_relaxed) <= seq) {
            if (version->len == GW_KV_LEN_DELETED)
                return GW_KV_DELETED;
            *ret_val = (struct gw_bytes){version->bytes, version->len};
            return GW_KV_VALUE;
        }
        ref = atomic_load_explicit(&version->older, memory_order_acquire);
    }
    return GW_KV_ABSENT;
}

enum gw_kv_found gw_kv_layer_find(const struct gw_kv_layer *layer, struct gw_bytes key,
                                  uint64_t hash, uint64_t seq, struct gw_bytes *ret_val)
{
    gw_kv_ref ref = find_ref(layer, key, hash);
    return ref == 0 ? GW_KV_ABSENT
                    : gw_kv_entry_see(layer, gw_kv_entry_at(layer, ref), seq, ret_val);
}

static void insert_slot(struct gw_kv_table *table, uint64_t slot)
{
    size_t i = (slot >> 32) & table->mask;
    while (atomic_load_explicit(&table->slots[i], memory_order_relaxed) != 0)
        i = (i + 1) & table->mask;
    atomic_store_explicit(&table->slots[i], slot, memory_order_release);
}

/** Keeps at least half of the slots free. The old table stays whole for readers who are in it. */
static bool grow_table(struct gw_kv_layer *layer)
{
    struct gw_kv_table *old = atomic_load_explicit(&layer->table, memory_order_relaxed);
    if (layer->count < (old->mask + 1) / 2)
        return true;
    size_t slots = (old->mask + 1) * 2;
    struct gw_kv_table *table = new_table(layer->alloc, slots);
    if (table == NULL)
        return false;
    table->older = old;
    for (size_t i = 0; i <= old->mask; i++) {
        uint64_t slot = atomic_load_explicit(&old->slots[i], memory_order_relaxed);
        if (slot != 0)
            insert_slot(table, slot);
    }
    count_bytes(layer, slots * sizeof(uint64_t));
    atomic_store_explicit(&layer->table, table, memory_order_release);
    return true;
}

static uint8_t height_of(uint64_t hash)
{
    uint64_t bits = (hash >> 32) | (UINT64_C(1) << (2 * (GW_KV_HEIGHT_MAX - 1)));
    return (uint8_t)(1 + __builtin_ctzll(bits) / 2);
}

/** Room for a value that grows a little; steps of a quarter bound what a growing value leaves behind. */
static uint32_t cap_for(uint32_t len)
{
    uint32_t step = VERSION_STEP;
    while (step * 8 < len)
        step *= 2;
    uint32_t cap = (len + step - 1) / step * step;
    return GW_MAX(cap, (uint32_t)8);
}

static void fill(struct gw_kv_version *version, const struct gw_bytes *val, uint32_t mark)
{
    version->mark = mark;
    version->len = val == NULL ? GW_KV_LEN_DELETED : (uint32_t)val->len;
    if (val != NULL && val->len > 0)
        memcpy(version->bytes, val->data, val->len);
}

static gw_kv_ref new_version(struct gw_kv_layer *layer, uint32_t len)
{
    uint32_t cap = cap_for(len);
    gw_kv_ref ref = get_memory(layer, sizeof(struct gw_kv_version) + cap);
    if (ref != 0)
        gw_kv_version_at(layer, ref)->cap = cap;
    return ref;
}

/** Room for one step and what it keeps, so that logging it cannot fail. */
static gw_rc undo_room(struct gw_kv_write *write, uint32_t kept_bytes, struct gw_err *err)
{
    if (gw_buf_room(&write->undo, sizeof(struct undo) + kept_bytes + 8) != NULL)
        return GW_OK;
    write->undo.failed = false; /* what it holds is still whole */
    return GW_FAIL_NOMEM(err);
}

static void undo_log(struct gw_kv_write *write, const struct undo *step, const uint8_t *kept)
{
    static const uint8_t zeros[8];
    uint32_t len = step->kind == UNDO_CONTENT && step->len != GW_KV_LEN_DELETED ? step->len : 0;
    gw_buf_put(&write->undo, kept, len);
    gw_buf_put(&write->undo, zeros, step->kept_bytes - len);
    gw_buf_put(&write->undo, step, sizeof(*step));
}

static gw_rc put_new_entry(struct gw_kv_layer *layer, struct gw_kv_write *write,
                           struct gw_bytes key, uint64_t hash, const struct gw_bytes *val,
                           struct gw_err *err)
{
    GW_TRY(undo_room(write, 0, err));
    if (!grow_table(layer))
        return GW_FAIL_NOMEM(err);
    uint8_t height = height_of(hash);
    gw_kv_ref ref =
        get_memory(layer, sizeof(struct gw_kv_entry) + height * sizeof(gw_kv_ref) + key.len);
    gw_kv_ref first = ref == 0 ? 0 : new_version(layer, val == NULL ? 0 : (uint32_t)val->len);
    if (first == 0)
        return GW_FAIL_NOMEM(err);

    struct gw_kv_version *version = gw_kv_version_at(layer, first);
    atomic_init(&version->seq, write->seq);
    atomic_init(&version->older, 0);
    fill(version, val, write->mark);
    struct gw_kv_entry *entry = gw_kv_entry_at(layer, ref);
    atomic_init(&entry->newest, first);
    entry->spare = 0;
    entry->key_len = (uint16_t)key.len;
    entry->height = height;
    memcpy((uint8_t *)entry + sizeof(*entry) + height * sizeof(gw_kv_ref), key.data, key.len);
    layer->count++;
    gw_kv_layer_link(layer, ref);
    insert_slot(atomic_load_explicit(&layer->table, memory_order_relaxed), tag_of(hash) | ref);
    undo_log(write, &(struct undo){.entry = entry, .kind = UNDO_VERSION}, NULL);
    return GW_OK;
}

/** The txn wrote this key before: change its version in place, keeping what an older mark may want back. */
static gw_rc put_again(struct gw_kv_layer *layer, struct gw_kv_write *write,
                       struct gw_kv_entry *entry, struct gw_kv_version *version,
                       const struct gw_bytes *val, struct gw_err *err)
{
    uint32_t kept = version->len == GW_KV_LEN_DELETED ? 0 : (version->len + 7) & ~UINT32_C(7);
    bool is_logged = version->mark == write->mark;
    if (!is_logged)
        GW_TRY(undo_room(write, kept, err));
    uint32_t len = val == NULL ? 0 : (uint32_t)val->len;
    gw_kv_ref larger = len <= version->cap ? 0 : new_version(layer, len);
    if (len > version->cap && larger == 0)
        return GW_FAIL_NOMEM(err);
    if (!is_logged) {
        undo_log(write,
                 &(struct undo){.entry = entry,
                                .kept_bytes = kept,
                                .len = version->len,
                                .mark = version->mark,
                                .kind = UNDO_CONTENT},
                 version->bytes);
    }
    if (larger == 0) {
        fill(version, val, write->mark); /* readers look at seq only: they may not see it */
        return GW_OK;
    }
    struct gw_kv_version *room = gw_kv_version_at(layer, larger);
    atomic_init(&room->seq, write->seq);
    atomic_init(&room->older, atomic_load_explicit(&version->older, memory_order_relaxed));
    fill(room, val, write->mark);
    atomic_store_explicit(&entry->newest, larger, memory_order_release);
    return GW_OK;
}

/** Cuts off what no snapshot can reach. @return the newest version cut off, or 0 */
static gw_kv_ref cut_chain(const struct gw_kv_layer *layer, gw_kv_ref newest, uint64_t oldest)
{
    for (gw_kv_ref ref = newest; ref != 0;) {
        struct gw_kv_version *version = gw_kv_version_at(layer, ref);
        gw_kv_ref older = atomic_load_explicit(&version->older, memory_order_relaxed);
        if (atomic_load_explicit(&version->seq, memory_order_relaxed) <= oldest) {
            if (older != 0)
                atomic_store_explicit(&version->older, 0, memory_order_relaxed);
            return older;
        }
        ref = older;
    }
    return 0;
}

/** A version of the entry that may be written again, with room for `len`; else a new one. 0: no memory. */
static gw_kv_ref room_for(struct gw_kv_layer *layer, struct gw_kv_entry *entry, gw_kv_ref newest,
                          uint64_t oldest, uint32_t len)
{
    gw_kv_ref unseen = cut_chain(layer, newest, oldest);
    if (unseen != 0 && gw_kv_version_at(layer, unseen)->cap >= len)
        return unseen;
    gw_kv_ref spare = entry->spare;
    if (spare != 0 && gw_kv_version_at(layer, spare)->cap >= len &&
        atomic_load_explicit(&gw_kv_version_at(layer, spare)->older, memory_order_relaxed) ==
            newest) {
        entry->spare = 0;
        return spare;
    }
    return new_version(layer, len);
}

gw_rc gw_kv_layer_put(struct gw_kv_layer *layer, struct gw_kv_write *write, struct gw_bytes key,
                      uint64_t hash, const struct gw_bytes *val, struct gw_err *err)
{
    gw_kv_ref found = find_ref(layer, key, hash);
    if (found == 0)
        return put_new_entry(layer, write, key, hash, val, err);
    struct gw_kv_entry *entry = gw_kv_entry_at(layer, found);
    gw_kv_ref newest = atomic_load_explicit(&entry->newest, memory_order_relaxed);
    struct gw_kv_version *top = newest == 0 ? NULL : gw_kv_version_at(layer, newest);
    if (top != NULL && atomic_load_explicit(&top->seq, memory_order_relaxed) == write->seq)
        return put_again(layer, write, entry, top, val, err);

    GW_TRY(undo_room(write, 0, err));
    gw_kv_ref ref =
        room_for(layer, entry, newest, write->oldest, val == NULL ? 0 : (uint32_t)val->len);
    if (ref == 0)
        return GW_FAIL_NOMEM(err);
    struct gw_kv_version *version = gw_kv_version_at(layer, ref);
    atomic_store_explicit(&version->seq, write->seq, memory_order_relaxed);
    atomic_store_explicit(&version->older, newest, memory_order_relaxed);
    fill(version, val, write->mark);
    atomic_store_explicit(&entry->newest, ref, memory_order_release);
    undo_log(write, &(struct undo){.entry = entry, .kind = UNDO_VERSION}, NULL);
    return GW_OK;
}

/** The txn's version leaves the chain. A reader may stand on it, so it keeps its `older` and waits for this key. */
static void undo_version(const struct gw_kv_layer *layer, struct gw_kv_entry *entry)
{
    gw_kv_ref ref = atomic_load_explicit(&entry->newest, memory_order_relaxed);
    const struct gw_kv_version *version = gw_kv_version_at(layer, ref);
    gw_kv_ref older = atomic_load_explicit(&version->older, memory_order_relaxed);
    atomic_store_explicit(&entry->newest, older, memory_order_release);
    entry->spare = ref;
}

static void undo_content(const struct gw_kv_layer *layer, const struct undo *step,
                         const uint8_t *kept)
{
    gw_kv_ref ref = atomic_load_explicit(&step->entry->newest, memory_order_relaxed);
    struct gw_kv_version *version = gw_kv_version_at(layer, ref);
    struct gw_bytes val = {kept, step->len};
    fill(version, step->len == GW_KV_LEN_DELETED ? NULL : &val, step->mark);
}

void gw_kv_layer_back_to(struct gw_kv_layer *layer, struct gw_kv_write *write, size_t len)
{
    struct gw_buf *log = &write->undo;
    GW_ASSERT(len <= log->len);
    while (log->len > len) {
        struct undo step;
        log->len -= sizeof(step);
        memcpy(&step, log->data + log->len, sizeof(step));
        log->len -= step.kept_bytes;
        if (step.kind == UNDO_VERSION) {
            undo_version(layer, step.entry);
        } else {
            undo_content(layer, &step, log->data + log->len);
        }
    }
}
