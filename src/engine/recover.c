/* The state folder: who holds it, what of it can be trusted, replay (engine spec 8 and 15).
 *
 *   STATE/lock             held while the process lives
 *   STATE/node             16 bytes: the id of this installation, in every fence and segment
 *   STATE/open             boot id of the run that has, or had, the live state open; absent while that is made anew
 *   STATE/clean            written last at a clean close, removed first at open
 *   STATE/live/            the kv; never synced while running
 *   STATE/journal/         the truth
 *   STATE/checkpoint/N/    data, manifest: a synced copy as of index N
 *
 * The live state may hold writes that a power cut took away in part, so it counts only if the kernel did not stop
 * since (same boot id) or the close was clean; and never beyond the journal's last index. */
#include "engine/checkpoint.h"
#include "engine/engine_int.h"
#include "journal/file.h"
#include "kv/lmdb.h"
#include "kv/memory.h"
#include "os/crash.h"
#include "os/env.h"

static gw_rc path_of(const struct gw_engine *engine, const char *name, char ret[GW_FILE_PATH_MAX],
                     struct gw_err *err)
{
    struct gw_buf buf;
    gw_buf_init_fixed(&buf, ret, GW_FILE_PATH_MAX);
    gw_buf_printf(&buf, "%s/%s", engine->state, name);
    gw_buf_put_u8(&buf, 0);
    return gw_buf_check(&buf, "state path", err);
}

static gw_rc load_bytes(const char *path, void *ret, size_t bytes, struct gw_err *err)
{
    struct gw_file *file = NULL;
    size_t got = 0;
    GW_TRY(gw_file_open(path, GW_FILE_READ, &file, err));
    gw_rc rc = gw_file_read(file, ret, bytes, &got, err);
    gw_file_close(file);
    if (rc == GW_OK && got != bytes)
        return GW_FAIL(err, GW_CORRUPT, "'%s' is cut short", path);
    return rc;
}

static gw_rc node_id(struct gw_engine *engine, bool *ret_new, struct gw_err *err)
{
    char path[GW_FILE_PATH_MAX];
    GW_TRY(path_of(engine, "node", path, err));
    gw_rc rc = load_bytes(path, engine->cluster, sizeof(engine->cluster), err);
    *ret_new = rc == GW_NOTFOUND;
    if (rc != GW_NOTFOUND)
        return rc;
    gw_os_random(engine->cluster, sizeof(engine->cluster));
    return gw_file_store(path, (struct gw_bytes){engine->cluster, sizeof(engine->cluster)}, err);
}

/** What STATE/open holds: under which kernel, and which file, the live state was last made sure of. */
struct live_id {
    uint8_t boot[GW_BOOT_ID_BYTES];
    uint64_t device, inode; /* of the kv's file: a copied folder has another one */
};

static gw_rc live_id_now(struct gw_engine *engine, struct live_id *ret, struct gw_err *err)
{
    char path[GW_FILE_PATH_MAX];
    struct gw_file_info info = {0};
    memset(ret, 0, sizeof(*ret));
    GW_TRY(gw_os_boot_id(ret->boot, err));
    GW_TRY(path_of(engine, "live/data.mdb", path, err));
    gw_rc rc = gw_path_info(path, &info, err);
    if (rc < 0 && rc != GW_NOTFOUND) /* the memory kv has none */
        return rc;
    ret->device = info.device;
    ret->inode = info.inode;
    return GW_OK;
}

/** Did the kernel that had the live state open go on until now, or was the close clean? */
static gw_rc live_is_trusted(struct gw_engine *engine, bool *ret, struct gw_err *err)
{
    char open_path[GW_FILE_PATH_MAX], clean_path[GW_FILE_PATH_MAX];
    struct live_id now, then;
    struct gw_file_info info;
    GW_TRY(path_of(engine, "open", open_path, err));
    GW_TRY(path_of(engine, "clean", clean_path, err));
    GW_TRY(live_id_now(engine, &now, err));
    bool clean = gw_path_info(clean_path, &info, NULL) == GW_OK;
    bool same = load_bytes(open_path, &then, sizeof(then), NULL) == GW_OK &&
                memcmp(&now, &then, sizeof(now)) == 0;
    *ret = clean || same;
    if (clean) {
        GW_TRY(gw_path_remove(clean_path, err));
        GW_TRY(gw_folder_sync(engine->state, err));
    }
    return GW_OK;
}

/** From here on a killed process leaves a live state that counts: it is whole, of this boot, in this file. */
static gw_rc trust_live(struct gw_engine *engine, struct gw_err *err)
{
    char path[GW_FILE_PATH_MAX];
    struct live_id now;
    GW_TRY(path_of(engine, "open", path, err));
    GW_TRY(live_id_now(engine, &now, err));
    return gw_file_store(path, (struct gw_bytes){(const uint8_t *)&now, sizeof(now)}, err);
}

/** Before the live state is taken apart: a kill in the middle must not leave half of it trusted. */
static gw_rc distrust_live(struct gw_engine *engine, struct gw_err *err)
{
    char path[GW_FILE_PATH_MAX];
    GW_TRY(path_of(engine, "open", path, err));
    gw_rc rc = gw_path_remove(path, err);
    return rc == GW_NOTFOUND ? GW_OK : rc;
}

static void on_kv_fatal(void *ctx, const struct gw_err *err)
{
    struct gw_engine *engine = ctx;
    if (engine->opts.on_fatal)
        engine->opts.on_fatal(engine->opts.ctx, err);
}

static gw_rc open_lmdb(struct gw_engine *engine, const char *live, struct gw_kv_mark *ret,
                       struct gw_err *err)
{
    const struct gw_kv_lmdb_opts opts = {
        .folder = live,
        .map_bytes = engine->opts.kv_bytes_max,
        .on_fatal = on_kv_fatal,
        .ctx = engine,
    };
    return gw_kv_lmdb_open(&opts, &engine->kv, ret, err);
}

static gw_rc remove_live(const char *live, struct gw_err *err)
{
    static const char *const names[] = {"data.mdb", "lock.mdb"};
    for (size_t i = 0; i < GW_COUNT_OF(names); i++) {
        char path[GW_FILE_PATH_MAX];
        struct gw_buf buf;
        gw_buf_init_fixed(&buf, path, sizeof(path));
        gw_buf_printf(&buf, "%s/%s", live, names[i]);
        gw_buf_put_u8(&buf, 0);
        GW_TRY(gw_buf_check(&buf, "state path", err));
        gw_rc rc = gw_path_remove(path, err);
        if (rc < 0 && rc != GW_NOTFOUND)
            return rc;
    }
    return GW_OK;
}

/** From the newest valid checkpoint; without one, from nothing. */
static gw_rc start_over(struct gw_engine *engine, struct gw_kv_mark *ret,
                        struct gw_engine_report *report, struct gw_err *err)
{
    struct gw_checkpoint checkpoint;
    char live[GW_FILE_PATH_MAX];
    *ret = (struct gw_kv_mark){0};
    GW_TRY(path_of(engine, "live", live, err));
    gw_rc rc = gw_checkpoint_newest(engine->state, &checkpoint, err);
    if (rc < 0 && rc != GW_NOTFOUND)
        return rc;
    bool found = rc == GW_OK;
    report->used_checkpoint = found;
    if (engine->opts.kv == GW_ENGINE_KV_MEMORY) {
        const struct gw_kv_memory_opts opts = {.path = found ? checkpoint.data : NULL};
        return gw_kv_memory_open(&opts, &engine->kv, ret, err);
    }
    GW_TRY(distrust_live(engine, err));
    GW_TRY(remove_live(live, err));
    if (found)
        GW_TRY(gw_kv_lmdb_restore(checkpoint.data, live, err));
    return open_lmdb(engine, live, ret, err);
}

static gw_rc open_kv(struct gw_engine *engine, bool trusted, struct gw_kv_mark *ret,
                     struct gw_engine_report *report, struct gw_err *err)
{
    char live[GW_FILE_PATH_MAX];
    if (!trusted || engine->opts.kv == GW_ENGINE_KV_MEMORY)
        return start_over(engine, ret, report, err);
    GW_TRY(path_of(engine, "live", live, err));
    gw_rc rc = open_lmdb(engine, live, ret, err);
    return rc == GW_CORRUPT ? start_over(engine, ret, report, err) : rc;
}

static gw_rc open_journal(struct gw_engine *engine, uint64_t applied, struct gw_log_report *ret,
                          struct gw_err *err)
{
    char folder[GW_FILE_PATH_MAX];
    GW_TRY(path_of(engine, "journal", folder, err));
    struct gw_journal_file_opts opts = {
        .folder = folder,
        .verify_from = applied + 1,
        .segment_bytes = engine->opts.segment_bytes,
        .bytes_max = engine->opts.journal_bytes_max,
        .events = gw_engine_journal_events(engine),
    };
    memcpy(opts.cluster, engine->cluster, sizeof(opts.cluster));
    return gw_journal_file_open(&opts, &engine->journal, ret, err);
}

/** Layers may wait for the fold while we replay faster than the disk: let it catch up. */
static gw_rc begin_waiting(struct gw_engine *engine, const struct gw_batch_head *head,
                           struct gw_err *err)
{
    gw_rc rc = gw_ledger_begin(engine->ledger, head, err);
    if (rc != GW_BUSY)
        return rc;
    GW_TRY(engine->kv->ops->flush(engine->kv, err));
    return gw_ledger_begin(engine->ledger, head, err);
}

static gw_rc replay_batch(struct gw_engine *engine, const struct gw_log_batch *batch,
                          struct gw_err *err)
{
    const struct gw_batch_head head = {
        .index = batch->index, .epoch = batch->epoch, .time_ns = batch->time_ns};
    struct gw_bytes payload = batch->payload, bytes;
    GW_TRY(begin_waiting(engine, &head, err));
    gw_rc rc;
    while ((rc = gw_log_record_next(&payload, &bytes, err)) == GW_OK) {
        struct gw_applied applied;
        GW_TRY(gw_ledger_apply(engine->ledger, bytes, &applied, err));
        if (applied.kind != GW_APPLIED_DONE)
            return GW_FAIL_CODE(
                err, GW_CORRUPT, 2704,
                "batch %" PRIu64
                ", record %u had an effect when it was written and has none now: %.*s",
                batch->index, gw_ledger_records(engine->ledger), GW_TEXT_ARG(applied.refused));
    }
    if (rc != GW_NOTFOUND)
        return rc;
    GW_TRY(gw_ledger_commit(engine->ledger, err));
    engine->kv->ops->fold_to(engine->kv, batch->index);
    return GW_OK;
}

static gw_rc replay(struct gw_engine *engine, uint64_t applied, struct gw_engine_report *report,
                    struct gw_err *err)
{
    struct gw_journal_reader *reader = NULL;
    struct gw_log_batch batch;
    GW_TRY(engine->journal->ops->reader_open(engine->journal, applied + 1, &reader, err));
    gw_rc rc;
    while ((rc = engine->journal->ops->reader_next(reader, &batch, err)) == GW_OK) {
        rc = replay_batch(engine, &batch, err);
        if (rc < 0)
            break;
        report->replayed++;
    }
    engine->journal->ops->reader_close(reader);
    return rc == GW_NOTFOUND ? GW_OK : rc;
}

static gw_rc open_ledger(struct gw_engine *engine, struct gw_err *err)
{
    enum { ARENA_MAX = 256 << 20 };
    const struct gw_ledger_opts opts = {
        .kv = engine->kv, .alloc = engine->heap, .arena_bytes_max = ARENA_MAX};
    return gw_ledger_open(&opts, &engine->ledger, err);
}

static void describe_torn(const struct gw_log_report *log, struct gw_engine_report *report)
{
    struct gw_buf text;
    if (log->torn_to == 0)
        return;
    gw_buf_init_fixed(&text, report->torn, sizeof(report->torn) - 1);
    gw_buf_printf(&text, "%s bytes %" PRIu64 "..%" PRIu64 ": %s", log->torn_segment, log->torn_from,
                  log->torn_to, log->torn_why);
}

/** A state ahead of the journal holds what was never acknowledged; one that the fold left far behind may need batches
 *  that went when a checkpoint made them superfluous. */
static bool meets(const struct gw_kv_mark *mark, const struct gw_log_report *log)
{
    return mark->applied < log->next_index && mark->applied + 1 >= log->first_index;
}

static gw_rc refuse_gap(const struct gw_kv_mark *mark, const struct gw_log_report *log,
                        struct gw_err *err)
{
    gw_rc rc = GW_FAIL_CODE(err, GW_CORRUPT, 2707,
                            "the newest valid state is of batch %" PRIu64
                            ", the journal holds %" PRIu64 " to %" PRIu64,
                            mark->applied, log->first_index, log->next_index - 1);
    gw_err_hint(err, "a checkpoint is damaged or missing, or a part of the journal: bring it back "
                     "from a copy of the state folder");
    return rc;
}

gw_rc gw_recover(struct gw_engine *engine, struct gw_engine_report *report, struct gw_err *err)
{
    char path[GW_FILE_PATH_MAX];
    struct gw_kv_mark mark;
    struct gw_log_report log;
    bool trusted = false;
    size_t len = strlen(engine->opts.state);
    if (len >= sizeof(engine->state) - 32)
        return GW_FAIL(err, GW_INVALID, "the state folder's path is too long");
    memcpy(engine->state, engine->opts.state, len + 1);
    GW_TRY(gw_folder_make_all(engine->state, err));
    GW_TRY(path_of(engine, "lock", path, err));
    GW_TRY(gw_lock_open(path, &engine->lock, err));
    GW_TRY(node_id(engine, &report->is_new, err));
    GW_TRY(live_is_trusted(engine, &trusted, err));
    GW_TRY(open_kv(engine, trusted, &mark, report, err));
    GW_TRY(open_journal(engine, mark.applied, &log, err));
    if (!meets(&mark, &log)) {
        engine->kv->ops->destroy(engine->kv);
        engine->kv = NULL;
        GW_TRY(engine->journal->ops->close(engine->journal, err));
        engine->journal = NULL;
        GW_TRY(start_over(engine, &mark, report, err));
        GW_TRY(open_journal(engine, mark.applied, &log, err));
    }
    if (!meets(&mark, &log))
        return refuse_gap(&mark, &log, err);
    GW_TRY(trust_live(engine, err));
    engine->kv->ops->fold_to(engine->kv, mark.applied);
    report->applied_at_open = mark.applied;
    describe_torn(&log, report);
    GW_TRY(open_ledger(engine, err));
    GW_TRY(replay(engine, mark.applied, report, err));
    report->index = gw_ledger_applied(engine->ledger);
    engine->durable = report->index;
    atomic_store(&engine->published, report->index);
    atomic_store(&engine->program, gw_ledger_program(engine->ledger));
    return GW_OK;
}

gw_rc gw_recover_close(struct gw_engine *engine, bool clean, gw_rc rc, struct gw_err *err)
{
    if (engine->kv) {
        if (clean)
            rc = engine->kv->ops->flush(engine->kv, err);
        engine->kv->ops->destroy(engine->kv);
    }
    if (clean && rc == GW_OK && engine->opts.kv == GW_ENGINE_KV_LMDB) {
        char path[GW_FILE_PATH_MAX];
        rc = path_of(engine, "clean", path, err);
        if (rc == GW_OK)
            rc = gw_file_store(path, (struct gw_bytes){engine->cluster, sizeof(engine->cluster)},
                               err);
    }
    gw_lock_close(engine->lock);
    return rc;
}
