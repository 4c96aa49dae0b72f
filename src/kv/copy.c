#include <inttypes.h>

#include "base/time.h"
#include "kv/lmdb_int.h"
#include "os/clock.h"
#include "os/file.h"

/* A snapshot is written out pair by pair in order into a fresh environment, in txns of a few MiB: exactly its state,
 * layers included, compact, and the writer goes on. mdb_env_copy() would copy what LMDB holds at that moment. */

enum { COPY_TXN_BYTES = 4 << 20, BUCKET_BYTES_MAX = 1 << 30 };

struct copy {
    struct gw_kv_lmdb *kv;
    struct gw_kv_disk disk;
    MDB_txn *txn;
    struct gw_kv_tally tally;
    struct gw_buf buffer;
    size_t txn_bytes;
    uint64_t bytes;
    int64_t since_ns;
};

static gw_rc begin_txn(struct copy *copy, struct gw_err *err)
{
    copy->txn_bytes = 0;
    int answer = mdb_txn_begin(copy->disk.env, NULL, 0, &copy->txn);
    return answer == 0 ? GW_OK : gw_kv_disk_fail(answer, "begin the copy", err);
}

static gw_rc commit_txn(struct copy *copy, struct gw_err *err)
{
    int answer = mdb_txn_commit(copy->txn);
    copy->txn = NULL;
    return answer == 0 ? GW_OK : gw_kv_disk_fail(answer, "write the copy", err);
}

/** Wait until the bytes so far are due at the rate of the options. */
static gw_rc pace(const struct copy *copy, struct gw_err *err)
{
    uint64_t rate = copy->kv->opts.copy_bytes_per_s;
    if (rate == 0)
        return GW_OK;
    gw_u128 due_ns = (gw_u128)copy->bytes * (gw_u128)GW_NS_PER_S / rate;
    int64_t due = copy->since_ns + (int64_t)GW_MIN(due_ns, (gw_u128)INT64_MAX / 2);
    struct gw_mutex *clock;
    GW_TRY(gw_mutex_new(&clock, err));
    gw_mutex_lock(clock);
    while (gw_clock_mono_ns() < due)
        (void)gw_mutex_wait(clock, due);
    gw_mutex_unlock(clock);
    gw_mutex_free(clock);
    return GW_OK;
}

static gw_rc copy_long(struct copy *copy, struct gw_bytes key, struct gw_bytes val,
                       struct gw_err *err)
{
    struct gw_kv_edit edit;
    GW_TRY(gw_kv_edit_open(&copy->disk, copy->txn, &copy->tally, &copy->buffer, &edit, err));
    gw_rc rc = gw_kv_edit_change(&edit, key, &val, err);
    gw_kv_edit_close(&edit);
    return rc;
}

static gw_rc copy_pair(struct copy *copy, struct gw_bytes key, struct gw_bytes val,
                       struct gw_err *err)
{
    if (key.len > GW_KV_DISK_KEY_MAX) {
        GW_TRY(copy_long(copy, key, val, err));
    } else {
        GW_TRY(gw_kv_disk_append(&copy->disk, copy->txn, key, val, &copy->tally, err));
    }
    copy->txn_bytes += key.len + val.len;
    copy->bytes += key.len + val.len;
    if (copy->txn_bytes < COPY_TXN_BYTES)
        return GW_OK;
    GW_TRY(commit_txn(copy, err));
    GW_TRY(pace(copy, err));
    return begin_txn(copy, err);
}

static gw_rc copy_pairs(struct copy *copy, struct gw_kv_snap *snap, struct gw_err *err)
{
    struct gw_kv_cur *cur;
    GW_TRY(
        gw_kv_merge_seek((struct gw_kv_view){.snap = snap}, (struct gw_bytes){NULL, 0}, &cur, err));
    struct gw_bytes key, val;
    gw_rc rc;
    while ((rc = gw_kv_merge_next(cur, &key, &val, err)) == GW_OK) {
        if ((rc = copy_pair(copy, key, val, err)) < 0)
            break;
    }
    gw_kv_merge_close(cur);
    return rc == GW_NOTFOUND ? GW_OK : rc;
}

static gw_rc copy_all(struct copy *copy, struct gw_kv_snap *snap, const char *path,
                      struct gw_err *err)
{
    struct gw_kv_disk_opts opts = {
        .path = path, .is_file = true, .map_bytes = copy->kv->opts.map_bytes, .readers_max = 1};
    GW_TRY(gw_kv_disk_open(&opts, &copy->disk, &copy->tally, err));
    GW_TRY(begin_txn(copy, err));
    GW_TRY(copy_pairs(copy, snap, err));
    copy->tally.mark.applied = gw_kv_snap_applied(snap);
    GW_TRY(gw_kv_disk_set_tally(&copy->disk, copy->txn, &copy->tally, err));
    GW_TRY(commit_txn(copy, err));
    return gw_kv_disk_sync(&copy->disk, err);
}

gw_rc gw_kv_copy(struct gw_kv_snap *snap, const char *path, struct gw_kv_mark *ret,
                 struct gw_err *err)
{
    struct gw_err trouble;
    gw_rc rc = gw_path_remove(path, &trouble);
    if (rc < 0 && rc != GW_NOTFOUND) {
        if (err != NULL)
            *err = trouble;
        return rc;
    }
    struct copy copy = {.kv = gw_kv_lmdb_snap_of(snap)->reader.kv};
    copy.since_ns = gw_clock_mono_ns();
    gw_buf_init(&copy.buffer, copy.kv->opts.alloc, BUCKET_BYTES_MAX);
    rc = copy_all(&copy, snap, path, err);
    if (copy.txn != NULL)
        mdb_txn_abort(copy.txn);
    gw_kv_disk_close(&copy.disk);
    gw_buf_done(&copy.buffer);
    if (rc < 0) {
        (void)gw_path_remove(path, NULL);
        return gw_err_wrap_rc(err, rc, "checkpoint '%s'", path);
    }
    *ret = copy.tally.mark;
    return GW_OK;
}
