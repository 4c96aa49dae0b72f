/* godwit-replay STATE lmdb|memory: applies the journal of a closed state folder from its first batch to an empty state
 * and prints "INDEX SUM". The live state and checkpoints are not looked at. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "journal/file.h"
#include "kv/lmdb.h"
#include "kv/memory.h"
#include "ledger/ledger.h"
#include "os/file.h"
#include "os/heap.h"

struct replay {
    struct gw_kv *kv;
    struct gw_journal *journal;
    struct gw_ledger *ledger;
    char live[64]; /* of lmdb: a folder that goes again */
};

static gw_rc open_kv(struct replay *replay, const char *kind, struct gw_err *err)
{
    if (strcmp(kind, "memory") == 0) {
        const struct gw_kv_memory_opts opts = {0};
        return gw_kv_memory_open(&opts, &replay->kv, NULL, err);
    }
    (void)snprintf(replay->live, sizeof(replay->live), "/tmp/godwit-replay-XXXXXX");
    if (mkdtemp(replay->live) == NULL)
        return GW_FAIL(err, GW_IO, "no folder for the state");
    const struct gw_kv_lmdb_opts opts = {.folder = replay->live, .map_bytes = 1 << 30};
    return gw_kv_lmdb_open(&opts, &replay->kv, NULL, err);
}

static gw_rc open_journal(struct replay *replay, const char *state, struct gw_err *err)
{
    char path[GW_FILE_PATH_MAX];
    struct gw_file *file = NULL;
    struct gw_log_report report;
    struct gw_journal_file_opts opts = {.folder = path};
    size_t got = 0;
    (void)snprintf(path, sizeof(path), "%s/node", state);
    GW_TRY(gw_file_open(path, GW_FILE_READ, &file, err));
    gw_rc rc = gw_file_read(file, opts.cluster, sizeof(opts.cluster), &got, err);
    gw_file_close(file);
    GW_TRY(rc);
    (void)snprintf(path, sizeof(path), "%s/journal", state);
    return gw_journal_file_open(&opts, &replay->journal, &report, err);
}

static gw_rc apply(struct replay *replay, const struct gw_log_batch *batch, struct gw_err *err)
{
    const struct gw_batch_head head = {
        .index = batch->index, .epoch = batch->epoch, .time_ns = batch->time_ns};
    struct gw_bytes payload = batch->payload, bytes;
    GW_TRY(replay->kv->ops->flush(replay->kv, err));
    GW_TRY(gw_ledger_begin(replay->ledger, &head, err));
    gw_rc rc;
    while ((rc = gw_log_record_next(&payload, &bytes, err)) == GW_OK) {
        struct gw_applied applied;
        GW_TRY(gw_ledger_apply(replay->ledger, bytes, &applied, err));
        if (applied.kind != GW_APPLIED_DONE)
            return GW_FAIL_CODE(err, GW_CORRUPT, 2704, "batch %" PRIu64 " has no effect now",
                                batch->index);
    }
    if (rc != GW_NOTFOUND)
        return rc;
    GW_TRY(gw_ledger_commit(replay->ledger, err));
    replay->kv->ops->fold_to(replay->kv, batch->index);
    return GW_OK;
}

static gw_rc run(struct replay *replay, const char *state, const char *kind, struct gw_err *err)
{
    struct gw_journal_reader *reader = NULL;
    struct gw_log_batch batch;
    GW_TRY(open_kv(replay, kind, err));
    GW_TRY(open_journal(replay, state, err));
    const struct gw_ledger_opts opts = {
        .kv = replay->kv, .alloc = gw_os_heap(), .arena_bytes_max = 256 << 20};
    GW_TRY(gw_ledger_open(&opts, &replay->ledger, err));
    GW_TRY(replay->journal->ops->reader_open(replay->journal, 1, &reader, err));
    gw_rc rc;
    while ((rc = replay->journal->ops->reader_next(reader, &batch, err)) == GW_OK)
        if ((rc = apply(replay, &batch, err)) < 0)
            break;
    replay->journal->ops->reader_close(reader);
    return rc == GW_NOTFOUND ? replay->kv->ops->flush(replay->kv, err) : rc;
}

static void done(struct replay *replay)
{
    char path[128];
    static const char *const names[] = {"/data.mdb", "/lock.mdb", ""};
    gw_ledger_close(replay->ledger);
    if (replay->journal)
        (void)replay->journal->ops->close(replay->journal, NULL);
    if (replay->kv)
        replay->kv->ops->destroy(replay->kv);
    for (size_t i = 0; replay->live[0] && i < GW_COUNT_OF(names); i++) {
        (void)snprintf(path, sizeof(path), "%s%s", replay->live, names[i]);
        (void)gw_path_remove(path, NULL);
    }
}

int main(int argc, char **argv)
{
    struct replay replay = {0};
    struct gw_err err;
    char hex[33] = "";
    if (argc != 3)
        return 2;
    gw_rc rc = run(&replay, argv[1], argv[2], &err);
    if (rc == GW_OK) {
        struct gw_kv_mark mark = replay.kv->ops->marks(replay.kv);
        struct gw_hash128 sum = gw_hash128_of_number(mark.sum);
        gw_hex((struct gw_bytes){sum.bytes, sizeof(sum.bytes)}, hex);
        (void)printf("%" PRIu64 " %s\n", mark.applied, hex);
    } else {
        (void)fprintf(stderr, "GW%u %s\n", (unsigned)err.code, err.msg);
    }
    done(&replay);
    return rc == GW_OK ? 0 : 1;
}
