#include "kv/memory.h"

#include "kv/memory_file.h"
#include "kv/tree.h"
#include "os/heap.h"
#include "os/mutex.h"

/** More commits than this before they are durable: the oldest is published with the next one. */
enum { COMMITS_MAX = 64 };

/** One state of the pairs. Holds a reference to `root`. */
struct state {
    struct gw_kv_node *root;
    gw_u128 sum;
    uint64_t pairs, applied;
};

/** The state before the first change after mark number `number`. */
struct saved {
    uint64_t number;
    struct state state;
};

struct memory_snap {
    struct memory *kv;
    struct state state;
};

struct memory_txn {
    struct memory *kv;
    bool is_open;
    struct state state;
    uint64_t marks;      /* numbers given out; 0 is none */
    struct saved *saved; /* rising numbers */
    size_t saved_count, saved_cap;
};

struct memory {
    struct gw_kv base;
    const struct gw_alloc *alloc;
    struct gw_kv_tree tree;
    struct gw_mutex *lock;
    struct state state; /* committed; under lock */
    /* What snapshot_durable() shows, and newer commits that fold_to() has not passed, oldest first. Under lock. */
    struct state published;
    struct state commits[COMMITS_MAX];
    uint32_t commit_count;
    uint32_t snapshots; /* under lock */
    struct memory_txn txn;
};

/** Stands on a key, or in the gap before or after it; the key is copied. */
struct memory_cur {
    struct memory *kv;
    const struct state *state; /* of the txn or the snapshot */
    enum { BEFORE, ON, AFTER } side;
    size_t key_len;
    uint8_t key[GW_KV_KEY_MAX];
};

static struct memory *kv_of(struct gw_kv *kv)
{
    return GW_CONTAINER_OF(kv, struct memory, base);
}

static struct memory_txn *txn_of(struct gw_kv_txn *txn)
{
    struct memory_txn *mine = (struct memory_txn *)(void *)txn;
    GW_ASSERT(mine->is_open);
    return mine;
}

static struct memory_snap *snap_of(struct gw_kv_snap *snap)
{
    return (struct memory_snap *)(void *)snap;
}

static const struct state *state_of(struct gw_kv_view view)
{
    GW_ASSERT((view.txn == NULL) != (view.snap == NULL));
    return view.txn != NULL ? &txn_of(view.txn)->state : &snap_of(view.snap)->state;
}

static struct memory *memory_of(struct gw_kv_view view)
{
    return view.txn != NULL ? txn_of(view.txn)->kv : snap_of(view.snap)->kv;
}

static struct state share(const struct state *state)
{
    struct state copy = *state;
    (void)gw_kv_tree_share(copy.root);
    return copy;
}

static gw_rc memory_begin(struct gw_kv *base, struct gw_kv_txn **ret, struct gw_err *err)
{
    (void)err;
    struct memory *kv = kv_of(base);
    struct memory_txn *txn = &kv->txn;
    GW_ASSERT(!txn->is_open);
    txn->is_open = true;
    txn->state = share(&kv->state); /* only the writer's thread, ours, replaces it */
    txn->marks = 0;
    *ret = (struct gw_kv_txn *)(void *)txn;
    return GW_OK;
}

/** Forget what was saved for the marks from the index `keep` on. */
static void forget(struct memory_txn *txn, size_t keep)
{
    while (txn->saved_count > keep)
        gw_kv_tree_drop(&txn->kv->tree, txn->saved[--txn->saved_count].state.root);
}

/** Under the lock. @return a root to drop, or NULL */
static struct gw_kv_node *note_commit(struct memory *kv)
{
    struct gw_kv_node *dropped = NULL;
    if (kv->commit_count == COMMITS_MAX) {
        dropped = kv->commits[0].root;
        memmove(kv->commits, kv->commits + 1, --kv->commit_count * sizeof(*kv->commits));
    }
    kv->commits[kv->commit_count++] = share(&kv->state);
    return dropped;
}

static gw_rc memory_commit(struct gw_kv_txn *handle, uint64_t applied, struct gw_err *err)
{
    (void)err;
    struct memory_txn *txn = txn_of(handle);
    struct memory *kv = txn->kv;
    GW_ASSERT(applied > kv->state.applied);
    forget(txn, 0);
    txn->state.applied = applied;
    gw_mutex_lock(kv->lock);
    struct gw_kv_node *old = kv->state.root;
    kv->state = txn->state;
    struct gw_kv_node *dropped = note_commit(kv);
    gw_mutex_unlock(kv->lock);
    gw_kv_tree_drop(&kv->tree, old);
    gw_kv_tree_drop(&kv->tree, dropped);
    txn->is_open = false;
    return GW_OK;
}

static void memory_abort(struct gw_kv_txn *handle)
{
    struct memory_txn *txn = txn_of(handle);
    forget(txn, 0);
    gw_kv_tree_drop(&txn->kv->tree, txn->state.root);
    txn->is_open = false;
}

static uint64_t memory_mark(struct gw_kv_txn *handle)
{
    return ++txn_of(handle)->marks;
}

static void memory_back_to(struct gw_kv_txn *handle, uint64_t mark)
{
    struct memory_txn *txn = txn_of(handle);
    GW_ASSERT(mark >= 1 && mark <= txn->marks);
    size_t keep = txn->saved_count;
    while (keep > 0 && txn->saved[keep - 1].number >= mark)
        keep--;
    if (keep == txn->saved_count)
        return; /* nothing was put since */
    gw_kv_tree_drop(&txn->kv->tree, txn->state.root);
    txn->state = share(&txn->saved[keep].state);
    forget(txn, keep);
}

static gw_rc grow_saved(struct memory_txn *txn, struct gw_err *err)
{
    const struct gw_alloc *alloc = txn->kv->alloc;
    size_t cap = txn->saved_cap == 0 ? 64 : txn->saved_cap * 2;
    struct saved *saved = alloc->get(alloc->ctx, cap * sizeof(*saved));
    if (saved == NULL)
        return GW_FAIL_NOMEM(err);
    if (txn->saved_cap > 0) {
        memcpy(saved, txn->saved, txn->saved_count * sizeof(*saved));
        alloc->put(alloc->ctx, txn->saved, txn->saved_cap * sizeof(*saved));
    }
    txn->saved = saved;
    txn->saved_cap = cap;
    return GW_OK;
}

/** Before a change: keep the state that the newest mark stands for, unless that is done. */
static gw_rc save(struct memory_txn *txn, struct gw_err *err)
{
    if (txn->marks == 0 ||
        (txn->saved_count > 0 && txn->saved[txn->saved_count - 1].number == txn->marks))
        return GW_OK;
    if (txn->saved_count == txn->saved_cap)
        GW_TRY(grow_saved(txn, err));
    txn->saved[txn->saved_count++] =
        (struct saved){.number = txn->marks, .state = share(&txn->state)};
    return GW_OK;
}

static gw_rc memory_get(struct gw_kv_view view, struct gw_bytes key, struct gw_bytes *ret,
                        struct gw_err *err)
{
    (void)err;
    return gw_kv_tree_get(state_of(view)->root, key, ret) ? GW_OK : GW_NOTFOUND;
}

static gw_rc memory_put(struct gw_kv_txn *handle, struct gw_bytes key, struct gw_bytes val,
                        struct gw_err *err)
{
    struct memory_txn *txn = txn_of(handle);
    GW_TRY(gw_kv_check_pair(key, val, err));
    GW_TRY(save(txn, err));
    struct gw_bytes old;
    bool had = gw_kv_tree_get(txn->state.root, key, &old);
    gw_u128 old_sum = had ? gw_kv_pair_sum(key, old) : 0;
    GW_TRY(gw_kv_tree_put(&txn->kv->tree, &txn->state.root, key, val, err));
    txn->state.sum += gw_kv_pair_sum(key, val) - old_sum;
    txn->state.pairs += had ? 0 : 1;
    return GW_OK;
}

static gw_rc memory_del(struct gw_kv_txn *handle, struct gw_bytes key, struct gw_err *err)
{
    struct memory_txn *txn = txn_of(handle);
    struct gw_bytes old;
    if (!gw_kv_tree_get(txn->state.root, key, &old))
        return GW_OK;
    GW_TRY(save(txn, err));
    gw_u128 old_sum = gw_kv_pair_sum(key, old);
    GW_TRY(gw_kv_tree_remove(&txn->kv->tree, &txn->state.root, key, err));
    txn->state.sum -= old_sum;
    txn->state.pairs--;
    return GW_OK;
}

static gw_rc take_snapshot(struct memory *kv, const struct state *state, struct gw_kv_snap **ret,
                           struct gw_err *err)
{
    struct memory_snap *snap = kv->alloc->get(kv->alloc->ctx, sizeof(*snap));
    if (snap == NULL)
        return GW_FAIL_NOMEM(err);
    snap->kv = kv;
    gw_mutex_lock(kv->lock);
    snap->state = share(state);
    kv->snapshots++;
    gw_mutex_unlock(kv->lock);
    *ret = (struct gw_kv_snap *)(void *)snap;
    return GW_OK;
}

static gw_rc memory_snapshot(struct gw_kv *base, struct gw_kv_snap **ret, struct gw_err *err)
{
    return take_snapshot(kv_of(base), &kv_of(base)->state, ret, err);
}

static gw_rc memory_snapshot_durable(struct gw_kv *base, struct gw_kv_snap **ret,
                                     struct gw_err *err)
{
    return take_snapshot(kv_of(base), &kv_of(base)->published, ret, err);
}

static void memory_release(struct gw_kv_snap *handle)
{
    struct memory_snap *snap = snap_of(handle);
    if (snap == NULL)
        return;
    struct memory *kv = snap->kv;
    gw_kv_tree_drop(&kv->tree, snap->state.root);
    gw_mutex_lock(kv->lock);
    kv->snapshots--;
    gw_mutex_unlock(kv->lock);
    kv->alloc->put(kv->alloc->ctx, snap, sizeof(*snap));
}

static uint64_t memory_snap_applied(const struct gw_kv_snap *snap)
{
    return ((const struct memory_snap *)(const void *)snap)->state.applied;
}

static gw_rc memory_seek(struct gw_kv_view view, struct gw_bytes from, struct gw_kv_cur **ret,
                         struct gw_err *err)
{
    struct memory *kv = memory_of(view);
    if (from.len > GW_KV_KEY_MAX)
        return GW_FAIL(err, GW_TOOLARGE, "a key of %zu bytes", from.len);
    struct memory_cur *cur = kv->alloc->get(kv->alloc->ctx, sizeof(*cur));
    if (cur == NULL)
        return GW_FAIL_NOMEM(err);
    cur->kv = kv;
    cur->state = state_of(view);
    cur->side = BEFORE;
    cur->key_len = from.len;
    if (from.len > 0)
        memcpy(cur->key, from.data, from.len);
    *ret = (struct gw_kv_cur *)(void *)cur;
    return GW_OK;
}

static void stand_on(struct memory_cur *cur, struct gw_bytes key)
{
    cur->side = ON;
    cur->key_len = key.len;
    memcpy(cur->key, key.data, key.len);
}

static gw_rc memory_next(struct gw_kv_cur *handle, struct gw_bytes *ret_key,
                         struct gw_bytes *ret_val, struct gw_err *err)
{
    (void)err;
    struct memory_cur *cur = (struct memory_cur *)(void *)handle;
    struct gw_bytes at = {cur->key, cur->key_len};
    if (!gw_kv_tree_after(cur->state->root, at, cur->side == BEFORE, ret_key, ret_val)) {
        cur->side = cur->side == ON ? AFTER : cur->side;
        return GW_NOTFOUND;
    }
    stand_on(cur, *ret_key);
    return GW_OK;
}

static gw_rc memory_prev(struct gw_kv_cur *handle, struct gw_bytes *ret_key,
                         struct gw_bytes *ret_val, struct gw_err *err)
{
    (void)err;
    struct memory_cur *cur = (struct memory_cur *)(void *)handle;
    struct gw_bytes at = {cur->key, cur->key_len};
    if (!gw_kv_tree_before(cur->state->root, at, cur->side == AFTER, ret_key, ret_val)) {
        cur->side = cur->side == ON ? BEFORE : cur->side;
        return GW_NOTFOUND;
    }
    stand_on(cur, *ret_key);
    return GW_OK;
}

static void memory_close(struct gw_kv_cur *handle)
{
    struct memory_cur *cur = (struct memory_cur *)(void *)handle;
    if (cur != NULL)
        cur->kv->alloc->put(cur->kv->alloc->ctx, cur, sizeof(*cur));
}

/** There is no disk below: only what snapshot_durable() shows moves. */
static void memory_fold_to(struct gw_kv *base, uint64_t index)
{
    struct memory *kv = kv_of(base);
    struct gw_kv_node *dropped[COMMITS_MAX + 1];
    uint32_t passed = 0;
    gw_mutex_lock(kv->lock);
    for (; passed < kv->commit_count && kv->commits[passed].applied <= index; passed++) {
        dropped[passed] = kv->published.root;
        kv->published = kv->commits[passed];
    }
    kv->commit_count -= passed;
    memmove(kv->commits, kv->commits + passed, kv->commit_count * sizeof(*kv->commits));
    gw_mutex_unlock(kv->lock);
    for (uint32_t i = 0; i < passed; i++)
        gw_kv_tree_drop(&kv->tree, dropped[i]);
}

static struct gw_kv_mark memory_marks(struct gw_kv *base)
{
    const struct memory *kv = kv_of(base);
    GW_ASSERT(!kv->txn.is_open);
    return (struct gw_kv_mark){.applied = kv->state.applied, .sum = kv->state.sum};
}

static gw_rc memory_checkpoint(struct gw_kv_snap *handle, const char *path, struct gw_kv_mark *ret,
                               struct gw_err *err)
{
    const struct memory_snap *snap = snap_of(handle);
    struct gw_kv_mark mark = {.applied = snap->state.applied, .sum = snap->state.sum};
    GW_TRY(gw_kv_memory_file_write(snap->state.root, &mark, snap->state.pairs, snap->kv->alloc,
                                   path, err));
    *ret = mark;
    return GW_OK;
}

static void memory_stats(struct gw_kv *base, struct gw_kv_stats *ret)
{
    struct memory *kv = kv_of(base);
    gw_mutex_lock(kv->lock);
    *ret = (struct gw_kv_stats){.pairs = kv->state.pairs, .snapshots = kv->snapshots};
    gw_mutex_unlock(kv->lock);
    ret->memory_bytes = atomic_load(&kv->tree.bytes);
}

static gw_rc memory_flush(struct gw_kv *base, struct gw_err *err)
{
    (void)base;
    (void)err;
    return GW_OK;
}

static void memory_destroy(struct gw_kv *base)
{
    struct memory *kv = kv_of(base);
    GW_ASSERT(kv->snapshots == 0);
    if (kv->txn.is_open)
        memory_abort((struct gw_kv_txn *)(void *)&kv->txn);
    const struct gw_alloc *alloc = kv->alloc;
    if (kv->txn.saved_cap > 0)
        alloc->put(alloc->ctx, kv->txn.saved, kv->txn.saved_cap * sizeof(*kv->txn.saved));
    for (uint32_t i = 0; i < kv->commit_count; i++)
        gw_kv_tree_drop(&kv->tree, kv->commits[i].root);
    gw_kv_tree_drop(&kv->tree, kv->published.root);
    gw_kv_tree_drop(&kv->tree, kv->state.root);
    gw_kv_tree_done(&kv->tree);
    gw_mutex_free(kv->lock);
    alloc->put(alloc->ctx, kv, sizeof(*kv));
}

static const struct gw_kv_ops memory_ops = {
    .begin = memory_begin,
    .commit = memory_commit,
    .abort = memory_abort,
    .mark = memory_mark,
    .back_to = memory_back_to,
    .snapshot = memory_snapshot,
    .snapshot_durable = memory_snapshot_durable,
    .release = memory_release,
    .snap_applied = memory_snap_applied,
    .get = memory_get,
    .put = memory_put,
    .del = memory_del,
    .seek = memory_seek,
    .next = memory_next,
    .prev = memory_prev,
    .close = memory_close,
    .fold_to = memory_fold_to,
    .marks = memory_marks,
    .checkpoint = memory_checkpoint,
    .stats = memory_stats,
    .flush = memory_flush,
    .destroy = memory_destroy,
};

gw_rc gw_kv_memory_open(const struct gw_kv_memory_opts *opts, struct gw_kv **ret,
                        struct gw_kv_mark *ret_mark, struct gw_err *err)
{
    const struct gw_alloc *alloc = opts->alloc != NULL ? opts->alloc : gw_os_heap();
    struct memory *kv = alloc->get(alloc->ctx, sizeof(*kv));
    if (kv == NULL)
        return GW_FAIL_NOMEM(err);
    *kv = (struct memory){.base = {&memory_ops}, .alloc = alloc};
    kv->txn.kv = kv;
    gw_kv_tree_init(&kv->tree, alloc);
    struct gw_kv_mark mark = {.applied = 0, .sum = 0};
    gw_rc rc = gw_mutex_new(&kv->lock, err);
    if (rc == GW_OK && opts->path != NULL) {
        rc = gw_kv_memory_file_read(opts->path, &kv->tree, &kv->state.root, &mark, &kv->state.pairs,
                                    err);
    }
    if (rc < 0) {
        memory_destroy(&kv->base);
        return rc;
    }
    kv->state.applied = mark.applied;
    kv->state.sum = mark.sum;
    kv->published = share(&kv->state);
    if (ret_mark != NULL)
        *ret_mark = mark;
    *ret = &kv->base;
    return GW_OK;
}
