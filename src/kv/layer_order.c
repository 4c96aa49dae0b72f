#include "kv/layer_int.h"

enum { NEAR_LEVELS = 2 };

static const struct gw_kv_entry *step(const struct gw_kv_layer *layer,
                                      const struct gw_kv_entry *entry, unsigned level)
{
    gw_kv_ref ref = atomic_load_explicit(&entry->next[level], memory_order_acquire);
    return ref == 0 ? NULL : gw_kv_entry_at(layer, ref);
}

const struct gw_kv_entry *gw_kv_layer_before(const struct gw_kv_layer *layer, struct gw_bytes key,
                                             bool inclusive)
{
    const struct gw_kv_entry *at = gw_kv_layer_head(layer), *seen = NULL;
    for (unsigned level = GW_KV_HEIGHT_MAX; level-- > 0;) {
        const struct gw_kv_entry *next = step(layer, at, level);
        while (next != NULL && next != seen) {
            int side = gw_kv_compare(gw_kv_key(next), key);
            if (side > 0 || (side == 0 && !inclusive)) {
                seen = next; /* found too large one level up: no need to compare again below */
                break;
            }
            at = next;
            next = step(layer, at, level);
        }
    }
    return at;
}

const struct gw_kv_entry *gw_kv_layer_head(const struct gw_kv_layer *layer)
{
    return gw_kv_entry_at(layer, layer->head);
}

const struct gw_kv_entry *gw_kv_entry_next(const struct gw_kv_layer *layer,
                                           const struct gw_kv_entry *entry)
{
    return step(layer, entry, 0);
}

struct gw_bytes gw_kv_entry_key(const struct gw_kv_entry *entry)
{
    return gw_kv_key(entry);
}

static bool is_under(const struct gw_kv_layer *layer, gw_kv_ref ref, struct gw_bytes key)
{
    return ref == layer->head || gw_kv_compare(gw_kv_key(gw_kv_entry_at(layer, ref)), key) < 0;
}

/** Keys that begin alike (one table, one id) rise together: each group has a path of its own. */
static gw_kv_ref *path_of(struct gw_kv_layer *layer, struct gw_bytes key)
{
    enum { GROUP_BYTES = 5 };
    uint32_t group = 0;
    for (size_t i = 0; i < key.len && i < GROUP_BYTES; i++)
        group = (group ^ key.data[i]) * UINT32_C(0x01000193); /* FNV-1a */
    return layer->paths[(group >> 8) % GW_KV_FINGERS];
}

/**
 * Neighbouring keys often follow each other (ids that rise), so the search climbs from the last path to the first
 * level on which it stands before `key` and has the rest of the way in front of it, instead of starting at the head.
 */
static unsigned climb(const struct gw_kv_layer *layer, const gw_kv_ref *path, struct gw_bytes key)
{
    unsigned level = 0;
    while (level < NEAR_LEVELS) {
        if (is_under(layer, path[level], key)) {
            const struct gw_kv_entry *next = step(layer, gw_kv_entry_at(layer, path[level]), level);
            if (next == NULL || gw_kv_compare(gw_kv_key(next), key) > 0)
                return level; /* the place is between the two */
        }
        level++;
    }
    return GW_KV_HEIGHT_MAX - 1; /* far away: from the top */
}

/** From an entry before `key` to the last one before it on this level. `seen` is known to be behind it. */
static gw_kv_ref walk(const struct gw_kv_layer *layer, gw_kv_ref at, unsigned level,
                      struct gw_bytes key, gw_kv_ref *seen)
{
    for (;;) {
        gw_kv_ref next =
            atomic_load_explicit(&gw_kv_entry_at(layer, at)->next[level], memory_order_relaxed);
        if (next == 0 || next == *seen)
            return at;
        if (gw_kv_compare(gw_kv_key(gw_kv_entry_at(layer, next)), key) > 0) {
            *seen = next;
            return at;
        }
        at = next;
    }
}

/**
 * The entries before `key` on the lowest `height` levels. Above the level where the climb ended the path still lies
 * before `key`, but other groups may have linked entries in between since: those levels are walked to their end.
 */
static void find_path(struct gw_kv_layer *layer, gw_kv_ref *path, struct gw_bytes key,
                      unsigned height)
{
    unsigned level = climb(layer, path, key);
    gw_kv_ref at = is_under(layer, path[level], key) ? path[level] : layer->head;
    gw_kv_ref seen = 0;
    for (unsigned above = level + 1; above < height; above++) {
        gw_kv_ref none = 0;
        path[above] = walk(layer, path[above], above, key, &none);
    }
    for (level++; level-- > 0;)
        path[level] = at = walk(layer, at, level, key, &seen);
}

void gw_kv_layer_link(struct gw_kv_layer *layer, gw_kv_ref ref)
{
    struct gw_kv_entry *entry = gw_kv_entry_at(layer, ref);
    gw_kv_ref *path = path_of(layer, gw_kv_key(entry));
    find_path(layer, path, gw_kv_key(entry), entry->height);
    for (unsigned level = 0; level < entry->height; level++) {
        struct gw_kv_entry *before = gw_kv_entry_at(layer, path[level]);
        gw_kv_ref next = atomic_load_explicit(&before->next[level], memory_order_relaxed);
        atomic_init(&entry->next[level], next);
        atomic_store_explicit(&before->next[level], ref, memory_order_release);
        path[level] = ref;
    }
}
