#include "base/time.h"
#include "kv/lmdb_int.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/heap.h"

enum {
    LAYERS_DEFAULT = 4,
    LAYER_BYTES_DEFAULT = 16 << 20,
    LAYER_PAIRS_DEFAULT = 32768,
    LAYER_AGE_MS_DEFAULT = 250,
    MEMORY_BYTES_DEFAULT = 512 << 20,
    SNAPSHOTS_DEFAULT = 120,
    UNDO_BYTES_MAX = 1 << 30,
    BUCKET_BYTES_MAX = 1 << 30
};

#define MAP_BYTES_DEFAULT (UINT64_C(64) << 30)

static bool is_active_full(const struct gw_kv_lmdb *kv)
{
    const struct gw_kv_layer *layer = kv->txn.reader.pile->slots[0].layer;
    return gw_kv_layer_bytes(layer) >= kv->opts.layer_bytes_max ||
           gw_kv_layer_count(layer) >= kv->opts.layer_pairs_max;
}

/** Let the writer's reader see the newest pile and the LMDB below it. */
static gw_rc renew_writer(struct gw_kv_lmdb *kv, struct gw_err *err)
{
    struct gw_kv_pile *old = NULL;
    gw_rc rc = GW_OK;
    gw_mutex_lock(kv->lock);
    if (kv->txn.reader.pile != kv->pile) {
        if (kv->txn.reader.txn != NULL)
            mdb_txn_reset(kv->txn.reader.txn);
        rc = gw_kv_reader_renew(&kv->txn.reader, &old, err);
    }
    gw_mutex_unlock(kv->lock);
    gw_kv_pile_drop(kv, old);
    return rc;
}

/** After a freeze the writer always looks at the new active layer, or it could not write. */
static gw_rc freeze(struct gw_kv_lmdb *kv, struct gw_err *err)
{
    GW_TRY(gw_kv_pile_freeze(kv, err));
    gw_kv_fold_poke(kv);
    return renew_writer(kv, err);
}

/** Layers that wait for the fold. */
static unsigned waiting(struct gw_kv_lmdb *kv)
{
    gw_mutex_lock(kv->lock);
    unsigned count = kv->pile->count - 1;
    gw_mutex_unlock(kv->lock);
    return count;
}

/** Under the lock. */
static gw_rc state_of_fold(const struct gw_kv_lmdb *kv, struct gw_err *err)
{
    if (!kv->is_fatal && !kv->is_full)
        return GW_OK;
    if (err != NULL)
        *err = kv->trouble;
    return kv->trouble.rc == GW_NOMEM ? GW_BUSY : kv->trouble.rc;
}

/** May a batch begin? Makes room where it can. */
static gw_rc admit(struct gw_kv_lmdb *kv, struct gw_err *err)
{
    gw_mutex_lock(kv->lock);
    gw_rc rc = state_of_fold(kv, err);
    gw_mutex_unlock(kv->lock);
    if (rc < 0)
        return rc;
    if (!is_active_full(kv))
        return GW_OK;
    if (waiting(kv) + 1 >= kv->opts.layers_max)
        return GW_FAIL(err, GW_BUSY, "%u layers wait to be folded", kv->opts.layers_max);
    if (atomic_load(&kv->chunks.bytes) >= kv->opts.memory_bytes_max) {
        return GW_FAIL(err, GW_BUSY, "old snapshots keep %u MiB of layers in memory",
                       (unsigned)(atomic_load(&kv->chunks.bytes) >> 20));
    }
    return freeze(kv, err);
}

/** The smallest number that a snapshot into the active layer has, or may still get. Under the lock. */
static uint64_t oldest_reader(const struct gw_kv_lmdb *kv)
{
    uint64_t first = kv->pile->slots[0].first_seq;
    uint64_t oldest = kv->published.seq >= first ? kv->published.seq : kv->seq;
    for (const struct gw_kv_lmdb_snap *snap = kv->newest; snap != NULL; snap = snap->prev) {
        if (snap->reader.seq >= first && snap->reader.seq < oldest)
            oldest = snap->reader.seq;
    }
    return kv->published.seq < first ? GW_MIN(oldest, first) : oldest;
}

/** Under the lock. */
static void note_commit(struct gw_kv_lmdb *kv)
{
    if (kv->commit_count == GW_KV_COMMITS_MAX)
        memmove(kv->commits, kv->commits + 1, --kv->commit_count * sizeof(*kv->commits));
    kv->commits[kv->commit_count++] = (struct gw_kv_commit){kv->seq, kv->applied};
}

/** Under the lock. */
static void publish(struct gw_kv_lmdb *kv)
{
    uint32_t passed = 0;
    while (passed < kv->commit_count && kv->commits[passed].applied <= kv->durable)
        kv->published = kv->commits[passed++];
    kv->commit_count -= passed;
    memmove(kv->commits, kv->commits + passed, kv->commit_count * sizeof(*kv->commits));
}

static gw_rc lmdb_begin(struct gw_kv *base, struct gw_kv_txn **ret, struct gw_err *err)
{
    struct gw_kv_lmdb *kv = gw_kv_lmdb_of(base);
    struct gw_kv_lmdb_txn *txn = &kv->txn;
    GW_ASSERT(!txn->is_open);
    GW_TRY(renew_writer(kv, err));
    GW_TRY(admit(kv, err));
    gw_mutex_lock(kv->lock);
    txn->write.oldest = oldest_reader(kv);
    gw_mutex_unlock(kv->lock);
    txn->write.seq = kv->seq + 1; /* only this thread raises it */
    txn->write.mark = 1;
    gw_buf_reset(&txn->write.undo);
    txn->reader.seq = txn->write.seq;
    txn->is_open = true;
    *ret = (struct gw_kv_txn *)(void *)txn;
    return GW_OK;
}

static gw_rc lmdb_commit(struct gw_kv_txn *handle, uint64_t applied, struct gw_err *err)
{
    (void)err;
    struct gw_kv_lmdb_txn *txn = gw_kv_lmdb_txn_of(handle);
    struct gw_kv_lmdb *kv = txn->reader.kv;
    GW_ASSERT(applied > kv->applied);
    txn->is_open = false;
    txn->reader.applied = applied;
    gw_mutex_lock(kv->lock);
    kv->seq = txn->write.seq;
    kv->applied = applied;
    note_commit(kv);
    gw_mutex_unlock(kv->lock);

    int64_t now = gw_clock_mono_ns();
    if (kv->active_since_ns == 0)
        kv->active_since_ns = now;
    unsigned count = waiting(kv);
    bool is_old = now - kv->active_since_ns >= kv->opts.layer_age_ns && count == 0;
    if (is_old || (is_active_full(kv) && count + 1 < kv->opts.layers_max))
        (void)freeze(kv, NULL); /* no memory: the next begin() tries again */
    return GW_OK;
}

static void lmdb_abort(struct gw_kv_txn *handle)
{
    struct gw_kv_lmdb_txn *txn = gw_kv_lmdb_txn_of(handle);
    gw_kv_layer_back_to(txn->reader.pile->slots[0].layer, &txn->write, 0);
    txn->reader.seq--;
    txn->is_open = false;
}

static uint64_t lmdb_mark(struct gw_kv_txn *handle)
{
    struct gw_kv_lmdb_txn *txn = gw_kv_lmdb_txn_of(handle);
    txn->write.mark++;
    return txn->write.undo.len;
}

static void lmdb_back_to(struct gw_kv_txn *handle, uint64_t mark)
{
    struct gw_kv_lmdb_txn *txn = gw_kv_lmdb_txn_of(handle);
    gw_kv_layer_back_to(txn->reader.pile->slots[0].layer, &txn->write, mark);
    txn->write.mark++;
}

static gw_rc lmdb_get(struct gw_kv_view view, struct gw_bytes key, struct gw_bytes *ret,
                      struct gw_err *err)
{
    return gw_kv_reader_get(gw_kv_reader_of(view), key, ret, err);
}

static gw_rc lmdb_put(struct gw_kv_txn *handle, struct gw_bytes key, struct gw_bytes val,
                      struct gw_err *err)
{
    struct gw_kv_lmdb_txn *txn = gw_kv_lmdb_txn_of(handle);
    GW_TRY(gw_kv_check_pair(key, val, err));
    return gw_kv_layer_put(txn->reader.pile->slots[0].layer, &txn->write, key,
                           gw_kv_layer_hash(key), &val, err);
}

/** A deletion of a key that is nowhere would be a version for nothing, so look first. */
static gw_rc lmdb_del(struct gw_kv_txn *handle, struct gw_bytes key, struct gw_err *err)
{
    struct gw_kv_lmdb_txn *txn = gw_kv_lmdb_txn_of(handle);
    struct gw_bytes old;
    gw_rc rc = gw_kv_reader_get(&txn->reader, key, &old, err);
    if (rc < 0)
        return rc == GW_NOTFOUND ? GW_OK : rc;
    return gw_kv_layer_put(txn->reader.pile->slots[0].layer, &txn->write, key,
                           gw_kv_layer_hash(key), NULL, err);
}

static void lmdb_fold_to(struct gw_kv *base, uint64_t index)
{
    struct gw_kv_lmdb *kv = gw_kv_lmdb_of(base);
    gw_mutex_lock(kv->lock);
    kv->durable = GW_MAX(kv->durable, index);
    publish(kv);
    const struct gw_kv_slot *last = &kv->pile->slots[kv->pile->count - 1];
    bool any = kv->pile->count > 1 && last->applied <= kv->durable;
    gw_mutex_unlock(kv->lock);
    if (any)
        gw_kv_fold_poke(kv);
}

/** Freeze the active layer if it holds a batch, and let the fold do all it may. */
static gw_rc settle(struct gw_kv_lmdb *kv, struct gw_err *err)
{
    GW_ASSERT(!kv->txn.is_open);
    GW_TRY(renew_writer(kv, err));
    bool any = kv->active_since_ns != 0;
    if (any && kv->txn.reader.pile->count <= kv->opts.layers_max)
        GW_TRY(freeze(kv, err));
    return gw_kv_fold_wait(kv, err);
}

static struct gw_kv_mark lmdb_marks(struct gw_kv *base)
{
    struct gw_kv_lmdb *kv = gw_kv_lmdb_of(base);
    struct gw_err err;
    gw_rc rc = settle(kv, &err);
    gw_mutex_lock(kv->lock);
    struct gw_kv_tally tally = kv->folded;
    gw_mutex_unlock(kv->lock);
    if (rc == GW_OK && tally.mark.applied == kv->applied)
        return tally.mark;

    /* The fold may not, or cannot, take everything: look at what it would do. */
    struct gw_kv_snap *snap;
    rc = gw_kv_snap_take(base, &snap, &err);
    if (rc == GW_OK) {
        struct gw_kv_reader *reader = &gw_kv_lmdb_snap_of(snap)->reader;
        rc = gw_kv_disk_get_tally(&kv->disk, reader->txn, &tally, &err);
        if (rc == GW_OK)
            rc = gw_kv_merge_tally(reader, &tally, &tally, &err);
        gw_kv_snap_release(snap);
    }
    GW_ASSERT(rc == GW_OK); /* without its sum the state must not be vouched for */
    return tally.mark;
}

static gw_rc lmdb_checkpoint(struct gw_kv_snap *snap, const char *path, struct gw_kv_mark *ret,
                             struct gw_err *err)
{
    return gw_kv_copy(snap, path, ret, err);
}

static void lmdb_stats(struct gw_kv *base, struct gw_kv_stats *ret)
{
    struct gw_kv_lmdb *kv = gw_kv_lmdb_of(base);
    MDB_envinfo info = {.me_last_pgno = 0};
    MDB_stat stat = {.ms_psize = 0};
    (void)mdb_env_info(kv->disk.env, &info); /* fail only for a NULL env */
    (void)mdb_env_stat(kv->disk.env, &stat);
    *ret = (struct gw_kv_stats){.disk_bytes = (info.me_last_pgno + 1) * stat.ms_psize,
                                .disk_bytes_max = info.me_mapsize};
    gw_mutex_lock(kv->lock);
    ret->pairs = kv->folded.pairs;
    ret->layers = kv->pile->count;
    ret->snapshots = kv->live_count;
    for (unsigned i = 0; i < kv->pile->count; i++)
        ret->memory_bytes += gw_kv_layer_bytes(kv->pile->slots[i].layer);
    gw_mutex_unlock(kv->lock);
}

static gw_rc lmdb_flush(struct gw_kv *base, struct gw_err *err)
{
    struct gw_kv_lmdb *kv = gw_kv_lmdb_of(base);
    GW_TRY(settle(kv, err));
    return gw_kv_disk_sync(&kv->disk, err);
}

static void lmdb_destroy(struct gw_kv *base)
{
    struct gw_kv_lmdb *kv = gw_kv_lmdb_of(base);
    const struct gw_alloc *alloc = kv->opts.alloc;
    gw_kv_fold_stop(kv);
    if (kv->txn.is_open)
        lmdb_abort((struct gw_kv_txn *)(void *)&kv->txn);
    gw_kv_snap_free_all(kv);
    if (kv->txn.reader.txn != NULL)
        mdb_txn_abort(kv->txn.reader.txn);
    gw_kv_pile_drop(kv, kv->txn.reader.pile);
    gw_kv_pile_drop(kv, kv->pile);
    gw_kv_chunks_done(&kv->chunks);
    gw_kv_disk_close(&kv->disk);
    gw_buf_done(&kv->txn.write.undo);
    gw_buf_done(&kv->fold_buffer);
    gw_mutex_free(kv->lock);
    alloc->put(alloc->ctx, kv, sizeof(*kv));
}

static const struct gw_kv_ops lmdb_ops = {
    .begin = lmdb_begin,
    .commit = lmdb_commit,
    .abort = lmdb_abort,
    .mark = lmdb_mark,
    .back_to = lmdb_back_to,
    .snapshot = gw_kv_snap_take,
    .snapshot_durable = gw_kv_snap_take_durable,
    .release = gw_kv_snap_release,
    .snap_applied = gw_kv_snap_applied,
    .get = lmdb_get,
    .put = lmdb_put,
    .del = lmdb_del,
    .seek = gw_kv_merge_seek,
    .next = gw_kv_merge_next,
    .prev = gw_kv_merge_prev,
    .close = gw_kv_merge_close,
    .fold_to = lmdb_fold_to,
    .marks = lmdb_marks,
    .checkpoint = lmdb_checkpoint,
    .stats = lmdb_stats,
    .flush = lmdb_flush,
    .destroy = lmdb_destroy,
};

static void fill_defaults(struct gw_kv_lmdb_opts *opts)
{
#define DEFAULT(field, value) opts->field = opts->field != 0 ? opts->field : (value)
    DEFAULT(map_bytes, MAP_BYTES_DEFAULT);
    DEFAULT(layers_max, LAYERS_DEFAULT);
    DEFAULT(layer_bytes_max, LAYER_BYTES_DEFAULT);
    DEFAULT(layer_pairs_max, LAYER_PAIRS_DEFAULT);
    DEFAULT(layer_age_ns, LAYER_AGE_MS_DEFAULT * GW_NS_PER_MS);
    DEFAULT(memory_bytes_max, MEMORY_BYTES_DEFAULT);
    DEFAULT(snapshots_max, SNAPSHOTS_DEFAULT);
#undef DEFAULT
    opts->layers_max = GW_MIN(GW_MAX(opts->layers_max, 2U), (uint32_t)GW_KV_LAYERS_MAX);
    if (opts->alloc == NULL)
        opts->alloc = gw_os_heap();
}

static gw_rc open_all(struct gw_kv_lmdb *kv, struct gw_err *err)
{
    GW_TRY(gw_mutex_new(&kv->lock, err));
    GW_TRY(gw_folder_make_all(kv->opts.folder, err));
    struct gw_kv_disk_opts opts = {.path = kv->opts.folder,
                                   .map_bytes = kv->opts.map_bytes,
                                   .readers_max = kv->opts.snapshots_max + 4};
    GW_TRY(gw_kv_disk_open(&opts, &kv->disk, &kv->folded, err));
    kv->applied = kv->durable = kv->folded.mark.applied;
    kv->published = (struct gw_kv_commit){kv->seq, kv->applied};
    GW_TRY(gw_kv_pile_freeze(kv, err));
    GW_TRY(renew_writer(kv, err));
    return gw_kv_fold_start(kv, err);
}

gw_rc gw_kv_lmdb_open(const struct gw_kv_lmdb_opts *opts, struct gw_kv **ret,
                      struct gw_kv_mark *ret_mark, struct gw_err *err)
{
    struct gw_kv_lmdb_opts full = *opts;
    fill_defaults(&full);
    struct gw_kv_lmdb *kv = full.alloc->get(full.alloc->ctx, sizeof(*kv));
    if (kv == NULL)
        return GW_FAIL_NOMEM(err);
    *kv = (struct gw_kv_lmdb){.base = {&lmdb_ops}, .opts = full};
    kv->txn.reader.kv = kv;
    size_t chunks = (size_t)full.layer_bytes_max / GW_KV_CHUNK_BYTES + 1;
    gw_kv_chunks_init(&kv->chunks, full.alloc, chunks * full.layers_max);
    gw_buf_init(&kv->txn.write.undo, full.alloc, UNDO_BYTES_MAX);
    gw_buf_init(&kv->fold_buffer, full.alloc, BUCKET_BYTES_MAX);
    gw_rc rc = open_all(kv, err);
    if (rc < 0) {
        lmdb_destroy(&kv->base);
        return rc;
    }
    if (ret_mark != NULL)
        *ret_mark = kv->folded.mark;
    *ret = &kv->base;
    return GW_OK;
}
