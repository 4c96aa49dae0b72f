#include <errno.h>

#include "base/time.h"
#include "kv/lmdb_int.h"
#include "os/clock.h"
#include "os/crash.h"
#include "os/file.h"

enum { POKE_MAILBOX = 4, SPACE_BYTES_MIN = 16 << 20 };

static gw_rc write_layer(const struct gw_kv_layer *layer, struct gw_kv_edit *edit,
                         struct gw_err *err)
{
    const struct gw_kv_entry *entry = gw_kv_layer_head(layer);
    while ((entry = gw_kv_entry_next(layer, entry)) != NULL) {
        struct gw_bytes val;
        enum gw_kv_found found = gw_kv_entry_see(layer, entry, UINT64_MAX, &val);
        if (found == GW_KV_ABSENT)
            continue; /* every put of it was taken back */
        GW_TRY(gw_kv_edit_change(edit, gw_kv_entry_key(entry), found == GW_KV_VALUE ? &val : NULL,
                                 err));
        GW_CRASH_POINT("kv.fold.middle");
    }
    return GW_OK;
}

static gw_rc write_all(struct gw_kv_lmdb *kv, const struct gw_kv_layer *layer, MDB_txn *txn,
                       struct gw_kv_tally *tally, struct gw_err *err)
{
    struct gw_kv_edit edit;
    GW_TRY(gw_kv_edit_open(&kv->disk, txn, tally, &kv->fold_buffer, &edit, err));
    gw_rc rc = write_layer(layer, &edit, err);
    gw_kv_edit_close(&edit);
    return rc < 0 ? rc : gw_kv_disk_set_tally(&kv->disk, txn, tally, err);
}

static gw_rc fold_layer(struct gw_kv_lmdb *kv, const struct gw_kv_slot *slot,
                        struct gw_kv_tally *tally, struct gw_err *err)
{
    GW_CRASH_POINT("kv.fold.before");
    MDB_txn *txn;
    int answer = mdb_txn_begin(kv->disk.env, NULL, 0, &txn);
    if (answer != 0)
        return gw_kv_disk_fail(answer, "begin the fold", err);
    tally->mark.applied = slot->applied;
    gw_rc rc = write_all(kv, slot->layer, txn, tally, err);
    if (rc < 0) {
        mdb_txn_abort(txn);
        return rc;
    }
    GW_CRASH_POINT("kv.fold.commit");
    answer = mdb_txn_commit(txn);
    if (answer != 0)
        return gw_kv_disk_fail(answer, "commit the fold", err);
    GW_CRASH_POINT("kv.fold.after");
    return GW_OK;
}

/** @return false when there is nothing that may be folded now; else holds a share of the layer */
static bool next_layer(struct gw_kv_lmdb *kv, struct gw_kv_slot *ret, struct gw_kv_tally *ret_tally)
{
    gw_mutex_lock(kv->lock);
    *ret = kv->pile->slots[kv->pile->count - 1];
    *ret_tally = kv->folded;
    bool any =
        kv->pile->count > 1 && ret->applied <= kv->durable && !kv->is_fatal && !kv->is_stopping;
    if (any)
        gw_kv_layer_share(ret->layer);
    gw_mutex_unlock(kv->lock);
    return any;
}

/** LMDB answers EIO to a short write, which is how a disk that runs full shows first. */
static bool is_short_of_space(const struct gw_kv_lmdb *kv, const struct gw_err *err)
{
    const char *path;
    struct gw_space space;
    return err->sys == EIO && mdb_env_get_path(kv->disk.env, &path) == 0 &&
           gw_path_space(path, &space, NULL) == GW_OK && space.free_bytes < SPACE_BYTES_MIN;
}

static void report(struct gw_kv_lmdb *kv, struct gw_err *err)
{
    if (is_short_of_space(kv, err))
        err->rc = GW_FULL;
    bool is_full = err->rc == GW_FULL || err->rc == GW_NOMEM;
    gw_mutex_lock(kv->lock);
    kv->is_full = is_full;
    kv->is_fatal = !is_full;
    kv->trouble = *err;
    gw_mutex_wake(kv->lock);
    gw_mutex_unlock(kv->lock);
    if (!is_full && kv->opts.on_fatal != NULL)
        kv->opts.on_fatal(kv->opts.ctx, err);
}

static void fold_idle(void *ctx)
{
    struct gw_kv_lmdb *kv = ctx;
    if (gw_clock_mono_ns() < kv->retry_at_ns) {
        gw_actor_wake_at(kv->fold, kv->retry_at_ns);
        return;
    }
    struct gw_kv_slot slot;
    struct gw_kv_tally tally;
    while (next_layer(kv, &slot, &tally)) {
        struct gw_err err;
        gw_rc rc = fold_layer(kv, &slot, &tally, &err);
        if (rc == GW_OK)
            rc = gw_kv_pile_shorten(kv, &tally, &err); /* not done: folded once more, to the same */
        gw_kv_layer_drop(slot.layer);
        if (rc < 0) {
            report(kv, &err);
            kv->retry_at_ns = gw_clock_mono_ns() + GW_NS_PER_S;
            gw_actor_wake_at(kv->fold, kv->retry_at_ns);
            return;
        }
    }
}

static void fold_message(void *ctx, struct gw_msg *msg)
{
    (void)msg;
    struct gw_kv_lmdb *kv = ctx;
    atomic_store(&kv->is_poked, false); /* before the look for work, or a poke could be missed */
}

gw_rc gw_kv_fold_start(struct gw_kv_lmdb *kv, struct gw_err *err)
{
    struct gw_actor_opts opts = {.name = "kv-fold",
                                 .mailbox_max = POKE_MAILBOX,
                                 .on_message = fold_message,
                                 .on_idle = fold_idle,
                                 .ctx = kv};
    return gw_actor_start(&opts, &kv->fold, err);
}

void gw_kv_fold_poke(struct gw_kv_lmdb *kv)
{
    if (!atomic_exchange(&kv->is_poked, true))
        (void)gw_actor_send_always(kv->fold, &kv->poke); /* closed: nobody waits for it any more */
}

gw_rc gw_kv_fold_wait(struct gw_kv_lmdb *kv, struct gw_err *err)
{
    gw_kv_fold_poke(kv);
    gw_mutex_lock(kv->lock);
    while (!kv->is_full && !kv->is_fatal && kv->pile->count > 1 &&
           kv->pile->slots[kv->pile->count - 1].applied <= kv->durable)
        (void)gw_mutex_wait(kv->lock, 0);
    gw_rc rc = kv->is_full || kv->is_fatal ? kv->trouble.rc : GW_OK;
    if (rc < 0 && err != NULL)
        *err = kv->trouble;
    gw_mutex_unlock(kv->lock);
    return rc;
}

void gw_kv_fold_stop(struct gw_kv_lmdb *kv)
{
    if (kv->fold == NULL)
        return;
    gw_mutex_lock(kv->lock);
    kv->is_stopping = true;
    gw_mutex_unlock(kv->lock);
    gw_actor_stop(kv->fold);
    gw_actor_free(kv->fold);
    kv->fold = NULL;
}
