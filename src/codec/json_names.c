#include "codec/json_names.h"

#include "base/hash.h"

enum { FIRST_CAP = 32 };

struct entry {
    struct gw_text name;
    uint64_t hash;
    uint32_t older; /* in the same chain: its number + 1, 0 for none */
};

struct gw_json_names {
    struct gw_arena *arena;
    uint64_t hash_seed;
    struct entry *entries;
    uint32_t *heads;     /* newest of each chain: its number + 1 */
    uint32_t count, cap; /* cap is a power of two, and the number of chains */
};

static void chain_push(struct gw_json_names *names, uint32_t number)
{
    struct entry *entry = &names->entries[number];
    uint32_t *head = &names->heads[entry->hash & (names->cap - 1)];
    entry->older = *head;
    *head = number + 1;
}

/* What it leaves behind in the arena is at most as much again as it keeps. */
static bool grow(struct gw_json_names *names)
{
    if (names->cap > UINT32_MAX / 4)
        return false;
    uint32_t cap = names->cap ? names->cap * 2 : FIRST_CAP;
    struct entry *entries = GW_NEW_ARRAY(names->arena, struct entry, cap);
    uint32_t *heads = GW_NEW_ARRAY(names->arena, uint32_t, cap);
    if (entries == NULL || heads == NULL)
        return false;
    if (names->count)
        memcpy(entries, names->entries, names->count * sizeof(*entries));
    names->entries = entries;
    names->heads = heads;
    names->cap = cap;
    for (uint32_t i = 0; i < names->count; i++)
        chain_push(names, i);
    return true;
}

struct gw_json_names *gw_json_names_new(struct gw_arena *arena, uint64_t hash_seed)
{
    struct gw_json_names *names = GW_NEW(arena, struct gw_json_names);
    if (names)
        *names = (struct gw_json_names){.arena = arena, .hash_seed = hash_seed};
    return names;
}

uint32_t gw_json_names_count(const struct gw_json_names *names)
{
    return names ? names->count : 0;
}

gw_rc gw_json_names_add(struct gw_json_names *names, uint32_t base, struct gw_text name,
                        struct gw_err *err)
{
    if (names->count == names->cap && !grow(names))
        return GW_FAIL_NOMEM(err);
    uint64_t hash = gw_hash64(gw_text_bytes(name), names->hash_seed);
    uint32_t at = names->heads[hash & (names->cap - 1)];
    for (; at > base; at = names->entries[at - 1].older) {
        const struct entry *entry = &names->entries[at - 1];
        if (entry->hash == hash && gw_text_equal(entry->name, name))
            return GW_EXISTS;
    }
    names->entries[names->count] = (struct entry){.name = name, .hash = hash};
    chain_push(names, names->count++);
    return GW_OK;
}

void gw_json_names_drop(struct gw_json_names *names, uint32_t base)
{
    while (names->count > base) {
        const struct entry *entry = &names->entries[--names->count];
        names->heads[entry->hash & (names->cap - 1)] = entry->older;
    }
}
