#include "kv/lmdb_int.h"

struct gw_kv_pile *gw_kv_pile_share(struct gw_kv_pile *pile)
{
    atomic_fetch_add_explicit(&pile->refs, 1, memory_order_relaxed);
    return pile;
}

void gw_kv_pile_drop(struct gw_kv_lmdb *kv, struct gw_kv_pile *pile)
{
    if (pile == NULL || atomic_fetch_sub_explicit(&pile->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (unsigned i = 0; i < pile->count; i++)
        gw_kv_layer_drop(pile->slots[i].layer);
    kv->opts.alloc->put(kv->opts.alloc->ctx, pile, sizeof(*pile));
}

static struct gw_kv_pile *new_pile(struct gw_kv_lmdb *kv)
{
    struct gw_kv_pile *pile = kv->opts.alloc->get(kv->opts.alloc->ctx, sizeof(*pile));
    if (pile == NULL)
        return NULL;
    *pile = (struct gw_kv_pile){.count = 0};
    atomic_init(&pile->refs, 1);
    return pile;
}

static void add_slot(struct gw_kv_pile *pile, struct gw_kv_slot slot)
{
    GW_ASSERT(pile->count < GW_KV_PILE_MAX);
    pile->slots[pile->count++] = slot;
}

gw_rc gw_kv_pile_freeze(struct gw_kv_lmdb *kv, struct gw_err *err)
{
    /* Only this thread adds layers, so the active one can be looked at without the lock. */
    size_t slots = kv->txn.reader.pile == NULL
                       ? 0
                       : gw_kv_layer_slots(kv->txn.reader.pile->slots[0].layer) / 2;
    struct gw_kv_layer *layer = gw_kv_layer_new(&kv->chunks, kv->opts.alloc, slots);
    struct gw_kv_pile *pile = new_pile(kv);
    if (layer == NULL || pile == NULL) {
        gw_kv_layer_drop(layer);
        gw_kv_pile_drop(kv, pile);
        return GW_FAIL_NOMEM(err);
    }
    gw_mutex_lock(kv->lock);
    struct gw_kv_pile *old = kv->pile;
    add_slot(pile, (struct gw_kv_slot){.layer = layer, .first_seq = kv->seq + 1});
    for (unsigned i = 0; old != NULL && i < old->count; i++) {
        struct gw_kv_slot slot = old->slots[i];
        gw_kv_layer_share(slot.layer);
        slot.applied = i == 0 ? kv->applied : slot.applied;
        add_slot(pile, slot);
    }
    kv->pile = pile;
    gw_mutex_unlock(kv->lock);
    kv->active_since_ns = 0;
    gw_kv_pile_drop(kv, old);
    return GW_OK;
}

gw_rc gw_kv_pile_shorten(struct gw_kv_lmdb *kv, const struct gw_kv_tally *tally, struct gw_err *err)
{
    struct gw_kv_pile *pile = new_pile(kv);
    if (pile == NULL)
        return GW_FAIL_NOMEM(err);
    gw_mutex_lock(kv->lock);
    struct gw_kv_pile *old = kv->pile;
    for (unsigned i = 0; i + 1 < old->count; i++) {
        gw_kv_layer_share(old->slots[i].layer);
        add_slot(pile, old->slots[i]);
    }
    kv->pile = pile;
    kv->folded = *tally;
    kv->is_full = false;
    gw_mutex_wake(kv->lock);
    gw_mutex_unlock(kv->lock);
    gw_kv_pile_drop(kv, old);
    return GW_OK;
}
