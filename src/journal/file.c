#include "journal/file.h"

#include "log/reader.h"
#include "os/heap.h"

struct file_journal {
    struct gw_journal base;
    struct gw_log *log;
    struct gw_journal_events events;
};

static struct file_journal *of(struct gw_journal *journal)
{
    return GW_CONTAINER_OF(journal, struct file_journal, base);
}

static struct gw_log *log_of(const struct gw_journal *journal)
{
    return ((const struct file_journal *)(const void *)journal)->log;
}

static void on_synced(void *ctx, gw_rc rc, uint64_t durable_index, const struct gw_err *err)
{
    struct file_journal *journal = ctx;
    enum gw_journal_outcome outcome = rc == GW_OK ? GW_JOURNAL_DURABLE : GW_JOURNAL_FAILED;
    journal->events.on_outcome(journal->events.ctx, outcome, durable_index, err);
}

static gw_rc file_append(struct gw_journal *journal, const struct gw_log_batch *batch,
                         struct gw_err *err)
{
    return gw_log_append(of(journal)->log, batch, err);
}

static uint64_t file_next_index(const struct gw_journal *journal)
{
    return gw_log_next_index(log_of(journal));
}

static uint64_t file_durable_index(const struct gw_journal *journal)
{
    return gw_log_durable_index(log_of(journal));
}

static void file_tail(struct gw_journal *journal)
{
    struct file_journal *file = of(journal);
    file->events.on_tail(file->events.ctx, GW_OK, gw_log_durable_index(file->log));
}

/* The log's reader is ours as it is: the journal adds nothing to it. */
static gw_rc file_reader_open(struct gw_journal *journal, uint64_t from_index,
                              struct gw_journal_reader **ret, struct gw_err *err)
{
    struct gw_log_reader *reader = NULL;
    GW_TRY(gw_log_reader_open(of(journal)->log, from_index, &reader, err));
    *ret = (struct gw_journal_reader *)reader;
    return GW_OK;
}

static gw_rc file_reader_next(struct gw_journal_reader *reader, struct gw_log_batch *ret,
                              struct gw_err *err)
{
    return gw_log_reader_next((struct gw_log_reader *)reader, ret, err);
}

static void file_reader_close(struct gw_journal_reader *reader)
{
    gw_log_reader_close((struct gw_log_reader *)reader);
}

static gw_rc file_keep_from(struct gw_journal *journal, uint64_t index, struct gw_err *err)
{
    return gw_log_keep_from(of(journal)->log, index, err);
}

static void file_stats(struct gw_journal *journal, struct gw_journal_stats *ret)
{
    struct gw_log_stats stats;
    gw_log_stats(of(journal)->log, &stats);
    *ret = (struct gw_journal_stats){
        .first_index = stats.first_index,
        .next_index = stats.next_index,
        .durable_index = stats.durable_index,
        .disk_bytes = stats.disk_bytes,
        .syncs = stats.syncs,
        .synced_bytes = stats.synced_bytes,
        .sync_ns_total = stats.sync_ns_total,
        .is_direct = stats.is_direct,
    };
}

static void release(struct file_journal *journal)
{
    const struct gw_alloc *heap = gw_os_heap();
    heap->put(heap->ctx, journal, sizeof(*journal));
}

static gw_rc file_close(struct gw_journal *journal, struct gw_err *err)
{
    struct file_journal *file = of(journal);
    gw_rc rc = gw_log_close(file->log, err);
    release(file);
    return rc;
}

static const struct gw_journal_ops file_ops = {
    .append = file_append,
    .next_index = file_next_index,
    .durable_index = file_durable_index,
    .tail = file_tail,
    .reader_open = file_reader_open,
    .reader_next = file_reader_next,
    .reader_close = file_reader_close,
    .keep_from = file_keep_from,
    .stats = file_stats,
    .close = file_close,
};

gw_rc gw_journal_file_open(const struct gw_journal_file_opts *opts, struct gw_journal **ret,
                           struct gw_log_report *ret_report, struct gw_err *err)
{
    const struct gw_alloc *heap = gw_os_heap();
    struct file_journal *journal = heap->get(heap->ctx, sizeof(*journal));
    if (journal == NULL)
        return GW_FAIL_NOMEM(err);
    *journal = (struct file_journal){.base = {&file_ops}, .events = opts->events};
    struct gw_log_opts log = {
        .folder = opts->folder,
        .magic = {'G', 'W', 'J', 'R', 'N', 'L', '0', '1'},
        .first_index = 1,
        .verify_from = opts->verify_from,
        .segment_bytes = opts->segment_bytes,
        .bytes_max = opts->bytes_max,
        .on_synced = on_synced,
        .ctx = journal,
    };
    memcpy(log.cluster, opts->cluster, sizeof(log.cluster));
    gw_rc rc = gw_log_open(&log, &journal->log, ret_report, err);
    if (rc < 0) {
        release(journal);
        return gw_err_wrap_rc(err, rc, "journal");
    }
    *ret = &journal->base;
    return GW_OK;
}
