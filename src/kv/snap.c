#include "kv/lmdb_int.h"

gw_rc gw_kv_reader_renew(struct gw_kv_reader *reader, struct gw_kv_pile **ret_old,
                         struct gw_err *err)
{
    struct gw_kv_lmdb *kv = reader->kv;
    int answer = reader->txn == NULL ? mdb_txn_begin(kv->disk.env, NULL, MDB_RDONLY, &reader->txn)
                                     : mdb_txn_renew(reader->txn);
    if (answer != 0)
        return gw_kv_disk_fail(answer, "begin to read", err);
    *ret_old = reader->pile;
    reader->pile = gw_kv_pile_share(kv->pile);
    reader->seq = kv->seq;
    reader->applied = kv->applied;
    return GW_OK;
}

gw_rc gw_kv_reader_get(struct gw_kv_reader *reader, struct gw_bytes key, struct gw_bytes *ret,
                       struct gw_err *err)
{
    const struct gw_kv_pile *pile = reader->pile;
    uint64_t hash = gw_kv_layer_hash(key);
    for (unsigned i = 0; i < pile->count; i++) {
        switch (gw_kv_layer_find(pile->slots[i].layer, key, hash, reader->seq, ret)) {
        case GW_KV_VALUE:
            return GW_OK;
        case GW_KV_DELETED:
            return GW_NOTFOUND;
        case GW_KV_ABSENT:
            break;
        }
    }
    if (key.len == 0 || key.len > GW_KV_KEY_MAX)
        return GW_NOTFOUND;
    return gw_kv_disk_get(&reader->kv->disk, reader->txn, key, ret, err);
}

/** Under the lock. A resting one, or a new one while the bound allows. */
static gw_rc pick(struct gw_kv_lmdb *kv, struct gw_kv_lmdb_snap **ret, struct gw_err *err)
{
    if (kv->resting != NULL) {
        *ret = kv->resting;
        kv->resting = (*ret)->next;
        return GW_OK;
    }
    if (kv->snap_count == kv->opts.snapshots_max)
        return GW_FAIL(err, GW_BUSY, "%u snapshots are taken, which is the limit", kv->snap_count);
    struct gw_kv_lmdb_snap *snap = kv->opts.alloc->get(kv->opts.alloc->ctx, sizeof(*snap));
    if (snap == NULL)
        return GW_FAIL_NOMEM(err);
    *snap = (struct gw_kv_lmdb_snap){.reader = {.kv = kv}};
    kv->snap_count++;
    *ret = snap;
    return GW_OK;
}

static void rest(struct gw_kv_lmdb *kv, struct gw_kv_lmdb_snap *snap)
{
    snap->prev = NULL;
    snap->next = kv->resting;
    kv->resting = snap;
}

static void link_newest(struct gw_kv_lmdb *kv, struct gw_kv_lmdb_snap *snap)
{
    snap->next = NULL;
    snap->prev = kv->newest;
    *(kv->newest != NULL ? &kv->newest->next : &kv->oldest) = snap;
    kv->newest = snap;
    kv->live_count++;
}

static void unlink_live(struct gw_kv_lmdb *kv, struct gw_kv_lmdb_snap *snap)
{
    *(snap->prev != NULL ? &snap->prev->next : &kv->oldest) = snap->next;
    *(snap->next != NULL ? &snap->next->prev : &kv->newest) = snap->prev;
    kv->live_count--;
}

static gw_rc take(struct gw_kv_lmdb *kv, bool is_durable, struct gw_kv_snap **ret,
                  struct gw_err *err)
{
    struct gw_kv_lmdb_snap *snap = NULL;
    gw_mutex_lock(kv->lock);
    gw_rc rc = pick(kv, &snap, err);
    if (rc == GW_OK) {
        GW_ASSERT(snap != NULL);
        struct gw_kv_pile *none;
        rc = gw_kv_reader_renew(&snap->reader, &none, err);
        if (rc == GW_OK &&
            is_durable) { /* newer versions are in the layers; their number hides them */
            snap->reader.seq = kv->published.seq;
            snap->reader.applied = kv->published.applied;
        }
        if (rc == GW_OK) {
            link_newest(kv, snap);
        } else {
            rest(kv, snap);
        }
    }
    gw_mutex_unlock(kv->lock);
    if (rc == GW_OK)
        *ret = (struct gw_kv_snap *)(void *)snap;
    return rc;
}

gw_rc gw_kv_snap_take(struct gw_kv *base, struct gw_kv_snap **ret, struct gw_err *err)
{
    return take(gw_kv_lmdb_of(base), false, ret, err);
}

gw_rc gw_kv_snap_take_durable(struct gw_kv *base, struct gw_kv_snap **ret, struct gw_err *err)
{
    return take(gw_kv_lmdb_of(base), true, ret, err);
}

void gw_kv_snap_release(struct gw_kv_snap *handle)
{
    struct gw_kv_lmdb_snap *snap = gw_kv_lmdb_snap_of(handle);
    if (snap == NULL)
        return;
    struct gw_kv_lmdb *kv = snap->reader.kv;
    struct gw_kv_pile *pile = snap->reader.pile;
    snap->reader.pile = NULL;
    mdb_txn_reset(snap->reader.txn); /* LMDB may use the pages again that only it saw */
    gw_mutex_lock(kv->lock);
    unlink_live(kv, snap);
    rest(kv, snap);
    gw_mutex_unlock(kv->lock);
    gw_kv_pile_drop(kv, pile);
}

uint64_t gw_kv_snap_applied(const struct gw_kv_snap *snap)
{
    return ((const struct gw_kv_lmdb_snap *)(const void *)snap)->reader.applied;
}

void gw_kv_snap_free_all(struct gw_kv_lmdb *kv)
{
    GW_ASSERT(kv->live_count == 0);
    while (kv->resting != NULL) {
        struct gw_kv_lmdb_snap *snap = kv->resting;
        kv->resting = snap->next;
        if (snap->reader.txn != NULL)
            mdb_txn_abort(snap->reader.txn);
        kv->opts.alloc->put(kv->opts.alloc->ctx, snap, sizeof(*snap));
    }
}
