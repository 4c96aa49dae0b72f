/* One new image of one key: version, hash, ring, value; and which homes it makes dirty. */
#include "ledger/ledger_int.h"
#include "ledger/ring.h"

bool gw_meta_is_clean(const struct gw_meta *meta)
{
    for (uint32_t i = 0; i < meta->home_count; i++)
        if (meta->homes[i].dirty_since)
            return false;
    return true;
}

static void queue_key(struct gw_state_key *at, const struct gw_program_home *home,
                      const struct gw_small_store *store, uint64_t since, struct gw_bytes key)
{
    gw_key_start(at, GW_TABLE_QUEUE);
    gw_key_u32(at, store->id);
    gw_key_u64(at, since);
    gw_key_u32(at, home->home.id);
    gw_key_bytes(at, key);
}

gw_rc gw_queue_put(struct gw_ledger *ledger, const struct gw_program_home *home,
                   struct gw_bytes key, uint64_t since, struct gw_err *err)
{
    struct gw_small_store *store =
        gw_small_store_of(ledger, ledger->program->stores[home->home.store].id);
    struct gw_state_key at;
    queue_key(&at, home, store, since, key);
    store->dirty_rows++;
    store->queue_from = GW_MIN(store->queue_from, since);
    return gw_state_put(ledger, &at, (struct gw_bytes){NULL, 0}, err);
}

gw_rc gw_queue_take(struct gw_ledger *ledger, const struct gw_program_home *home,
                    struct gw_bytes key, uint64_t since, struct gw_err *err)
{
    struct gw_small_store *store =
        gw_small_store_of(ledger, ledger->program->stores[home->home.store].id);
    struct gw_state_key at;
    queue_key(&at, home, store, since, key);
    GW_ASSERT(store->dirty_rows > 0);
    store->dirty_rows--;
    if (store->dirty_rows ==
        0) /* rows that were taken leave deletions behind: a listing need not pass them */
        store->queue_from = ledger->head.index + 1;
    return gw_state_del(ledger, &at, err);
}

gw_rc gw_queue_has(struct gw_ledger *ledger, const struct gw_program_home *home,
                   struct gw_bytes key, uint64_t since, bool *ret, struct gw_err *err)
{
    struct gw_small_store *store =
        gw_small_store_of(ledger, ledger->program->stores[home->home.store].id);
    struct gw_state_key at;
    struct gw_bytes nothing;
    queue_key(&at, home, store, since, key);
    gw_rc rc = gw_state_get(ledger, &at, &nothing, err);
    *ret = rc == GW_OK;
    return rc == GW_NOTFOUND ? GW_OK : rc;
}

gw_rc gw_home_dirty(struct gw_ledger *ledger, const struct gw_program_home *home,
                    struct gw_bytes key, struct gw_meta_home *at, gw_version ver,
                    const struct gw_projection *target, struct gw_err *err)
{
    bool queued = at->dirty_since && !at->refused;
    bool was_refused = at->refused;
    at->target_ver = ver;
    at->target = target->hash;
    at->target_present = target->present;
    at->refused = false; /* a newer version is tried again */
    if (queued)
        return GW_OK; /* it waits already, or its intent is open and the rest follows in the next cycle */
    struct gw_small_store *store =
        gw_small_store_of(ledger, ledger->program->stores[home->home.store].id);
    at->dirty_since = ledger->head.index;
    if (was_refused) {
        struct gw_state_key refused;
        gw_key_start(&refused, GW_TABLE_REFUSED);
        gw_key_u32(&refused, store->id);
        gw_key_u32(&refused, home->home.id);
        gw_key_bytes(&refused, key);
        GW_TRY(gw_state_del(ledger, &refused, err));
        store->refused_rows--;
    } else {
        store->dirty_bytes += home->home.image_bytes_max;
    }
    return gw_queue_put(ledger, home, key, at->dirty_since, err);
}

/**
 * Does the home's target move? Clean: against what is acked, and a row without a version of ours wants one.
 * Dirty: against the target so far.
 */
static bool target_moved(const struct gw_meta_home *at, const struct gw_projection *now)
{
    bool was_present = at->dirty_since ? at->target_present : at->acked.present;
    const struct gw_hash128 *was = at->dirty_since ? &at->target : &at->acked.hash;
    if (was_present != now->present)
        return true;
    if (!now->present)
        return false;
    return !gw_hash128_equal(*was, now->hash) ||
           (!at->dirty_since && at->acked.ver == GW_VERSION_NONE);
}

static gw_rc homes_change(struct gw_ledger *ledger, const struct gw_change *change,
                          struct gw_meta *meta, struct gw_err *err)
{
    for (uint32_t i = 0; i < change->entity->home_count; i++) {
        const struct gw_program_home *home = change->entity->homes[i];
        struct gw_meta_home *at = gw_meta_home(meta, home->home.id);
        struct gw_projection target;
        GW_ASSERT(at != NULL);
        GW_TRY(
            gw_project(ledger->program, home, change->new_fields, &ledger->scratch, &target, err));
        if (target_moved(at, &target))
            GW_TRY(gw_home_dirty(ledger, home, change->key, at, change->ver, &target, err));
    }
    return GW_OK;
}

gw_rc gw_change_apply(struct gw_ledger *ledger, const struct gw_change *change, struct gw_err *err)
{
    struct gw_meta meta;
    if (change->before)
        meta = *change->before;
    else
        gw_meta_init(&meta, change->entity);
    if (!change->keep_indexes)
        GW_TRY(gw_collections_change(ledger, change->entity, change->key, change->old_fields,
                                     change->new_fields, err));
    struct gw_ring_entry entry = {
        .ver = meta.ver,
        .hash = meta.hash,
        .living = meta.living,
        .position = {ledger->head.index, ledger->records},
        .fn = change->fn,
        .old_fields = change->old_fields,
        .new_fields = change->new_fields,
    };
    meta.ver = change->ver;
    meta.living = change->new_fields != NULL;
    meta.resident = true;
    meta.touched = true;
    meta.entity_version = change->entity->entity.version;
    meta.value = change->new_image;
    meta.checks = (struct gw_bytes){NULL, 0};
    meta.hash = meta.living ? gw_image_hash(&change->entity->entity, change->new_image)
                            : (struct gw_hash128){{0}};
    GW_TRY(gw_ring_push(&entry, change->entity, ledger->small.limits.ring, &ledger->scratch,
                        &meta.ring, err));
    GW_TRY(homes_change(ledger, change, &meta, err));
    meta.state = gw_meta_is_clean(&meta) ? GW_KEY_CLEAN : GW_KEY_DIRTY;
    return gw_pair_put(ledger, change->entity->entity.id, change->key, change->before, &meta, err);
}
