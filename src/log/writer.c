/* The writer: packs what is in its mailbox into one sync, writes it, says so. Nothing waits for a clock. */
#include "log/log_int.h"

#include "base/time.h"
#include "os/clock.h"
#include "os/crash.h"
#include "os/heap.h"

/** The end of this log. Told once; from here on packs are dropped. */
static void fail_log(struct gw_log *log, const struct gw_err *err)
{
    if (log->writer.has_failed)
        return;
    log->writer.has_failed = true;
    gw_mutex_lock(log->mutex);
    log->shared.has_failed = true;
    log->shared.failure = *err;
    gw_mutex_unlock(log->mutex);
    if (log->opts.on_synced != NULL)
        log->opts.on_synced(log->opts.ctx, GW_IO, gw_log_durable_index(log), err);
}

static unsigned latency_slot(int64_t ns)
{
    uint64_t us = (uint64_t)ns / 1000;
    unsigned slot = us < 2 ? 0 : 63 - (unsigned)__builtin_clzll(us);
    return GW_MIN(slot, (unsigned)GW_LOG_LATENCY_SLOTS - 1);
}

/** The packed sync is durable: give its room back, count it, tell. */
static void publish(struct gw_log *log, uint64_t bytes, int64_t took_ns)
{
    struct gw_log_stats *stats = &log->shared.stats;
    gw_mutex_lock(log->mutex);
    log->shared.room_bytes = log->writer.bytes - log->writer.at;
    log->shared.in_flight -= log->writer.batches;
    log->shared.in_flight_bytes -= log->writer.reserve;
    stats->syncs++;
    stats->batches += log->writer.batches;
    stats->synced_bytes += bytes;
    stats->sync_ns_total += (uint64_t)took_ns;
    stats->sync_slots[latency_slot(took_ns)]++;
    atomic_store(&log->durable_index, log->writer.last_index);
    gw_mutex_unlock(log->mutex);
    log->writer.batches = log->writer.reserve = 0;
    if (log->opts.on_synced != NULL)
        log->opts.on_synced(log->opts.ctx, GW_OK, log->writer.last_index, NULL);
}

/** Write `pages` and make it durable. */
static gw_rc write_pages(struct gw_log *log, size_t bytes, struct gw_err *err)
{
    struct gw_file *file = log->writer.file;
    GW_CRASH_POINT("log.write.before");
    GW_TRY(
        gw_file_write_at(file, log->writer.at, (struct gw_bytes){log->writer.pages, bytes}, err));
    GW_CRASH_POINT("log.write.after");
    if (gw_file_kind(file) == GW_FILE_BUFFERED)
        GW_TRY(gw_file_sync_data(file, err));
    GW_CRASH_POINT("log.sync.after");
    return GW_OK;
}

static void flush(struct gw_log *log)
{
    struct gw_err err;
    if (log->writer.fill == 0 || log->writer.has_failed)
        return;
    size_t bytes = (size_t)gw_log_align(log->writer.fill, GW_LOG_BLOCK);
    memset(log->writer.pages + log->writer.fill, 0, bytes - log->writer.fill);
    int64_t begun_ns = gw_clock_mono_ns();
    if (write_pages(log, bytes, &err) < 0) {
        fail_log(log, &err);
        return;
    }
    log->writer.at += bytes;
    log->writer.fill = 0;
    log->writer.number = 0;
    publish(log, bytes, gw_clock_mono_ns() - begun_ns);
}

static gw_rc write_segment_head(struct gw_log *log, struct gw_file *file, uint64_t bytes,
                                struct gw_err *err)
{
    struct gw_log_segment_head head = {.blocks = (uint32_t)(bytes / GW_LOG_BLOCK),
                                       .first_index = log->writer.last_index + 1,
                                       .created_ns = gw_clock_wall_ns(),
                                       .prev_hash = log->writer.last_hash};
    memcpy(head.magic, log->opts.magic, sizeof(head.magic));
    memcpy(head.cluster, log->opts.cluster, sizeof(head.cluster));
    GW_ASSERT(log->writer.fill == 0);
    memset(log->writer.pages, 0, GW_LOG_BLOCK);
    gw_log_segment_head_encode(&head, log->writer.pages);
    GW_TRY(gw_file_write_at(file, 0, (struct gw_bytes){log->writer.pages, GW_LOG_BLOCK}, err));
    GW_CRASH_POINT("log.roll.written");
    return gw_file_sync(file, err);
}

/** Out of descriptors is no failure of the disk: what was accepted waits for one, a minute at most.
 *  @return true: try again */
static bool rest(struct gw_log *log, gw_rc rc, int64_t since_ns)
{
    enum { REST_MS = 10, REST_S = 60 };
    int64_t now = gw_clock_mono_ns();
    if (rc != GW_BUSY || now - since_ns > REST_S * GW_NS_PER_S)
        return false;
    gw_mutex_lock(log->mutex);
    while (gw_mutex_wait(log->mutex, now + REST_MS * GW_NS_PER_MS))
        ; /* a wake is not for us */
    gw_mutex_unlock(log->mutex);
    return true;
}

/** Give the spare its head and its name; both durable when this returns. */
static gw_rc name_spare(struct gw_log *log, struct gw_file *file, uint64_t bytes,
                        struct gw_err *err)
{
    char name[GW_LOG_SEGMENT_NAME_MAX], spare[GW_FILE_PATH_MAX], path[GW_FILE_PATH_MAX];
    gw_log_segment_name(log->writer.last_index + 1, name);
    gw_log_path(log, "spare", spare);
    gw_log_path(log, name, path);
    GW_TRY(write_segment_head(log, file, bytes, err));
    GW_CRASH_POINT("log.roll.synced");
    GW_TRY(gw_path_rename(spare, path, err));
    GW_CRASH_POINT("log.roll.renamed");
    int64_t begun_ns = gw_clock_mono_ns();
    gw_rc rc;
    while ((rc = gw_folder_sync(log->folder, err)) < 0 && rest(log, rc, begun_ns))
        ;
    GW_CRASH_POINT("log.roll.after");
    return rc;
}

gw_rc gw_log_roll(struct gw_log *log, struct gw_err *err)
{
    char spare[GW_FILE_PATH_MAX];
    struct gw_file *file = NULL;
    struct gw_file_info info;
    gw_log_path(log, "spare", spare);
    int64_t begun_ns = gw_clock_mono_ns();
    gw_rc rc;
    while ((rc = gw_file_open(spare, GW_FILE_READ | GW_FILE_WRITE | GW_FILE_DIRECT, &file, err)) <
               0 &&
           rest(log, rc, begun_ns))
        ;
    GW_TRY(rc);
    rc = gw_file_info(file, &info, err);
    if (rc == GW_OK)
        rc = name_spare(log, file, info.bytes, err);
    if (rc < 0) {
        gw_file_close(file);
        return rc;
    }
    gw_file_close(log->writer.file);
    log->writer.file = file;
    log->writer.at = GW_LOG_BLOCK;
    log->writer.bytes = info.bytes;
    gw_mutex_lock(log->mutex);
    GW_ASSERT(log->shared.has_spare && log->shared.count < log->shared.max);
    log->shared.has_spare = false;
    log->shared.segments[log->shared.count++] =
        (struct gw_log_segment){.first_index = log->writer.last_index + 1, .bytes = info.bytes};
    log->shared.room_bytes = info.bytes - GW_LOG_BLOCK;
    log->shared.stats.is_direct = gw_file_kind(file) == GW_FILE_DIRECT_SYNCED;
    gw_mutex_unlock(log->mutex);
    return GW_OK;
}

/** May a batch of `bytes` join the sync being packed? */
static bool joins(const struct gw_log *log, size_t bytes)
{
    size_t start = log->writer.fill; /* batches are multiples of 8 long */
    if (start > 0 && start % GW_LOG_SECTOR == 0)
        return false; /* format.h: a sync never goes on at the start of a sector */
    uint64_t end = gw_log_align(start + bytes, GW_LOG_BLOCK);
    return end <= GW_LOG_WRITE_BYTES && end <= log->writer.bytes - log->writer.at;
}

static void pack_batch(struct gw_log *log, const struct gw_log_pack *pack)
{
    struct gw_err err;
    if (!joins(log, pack->bytes))
        flush(log);
    if (!log->writer.has_failed && !joins(log, pack->bytes)) {
        if (gw_log_roll(log, &err) < 0)
            fail_log(log, &err);
        gw_log_keeper_kick(log);
    }
    if (log->writer.has_failed)
        return;
    uint8_t *to = log->writer.pages + log->writer.fill;
    memcpy(to, pack->data, pack->bytes);
    gw_log_batch_number(to, log->writer.number++);
    log->writer.fill += pack->bytes;
    log->writer.batches++;
    log->writer.reserve += pack->reserve;
    log->writer.last_index = pack->index;
    log->writer.last_hash = pack->hash;
}

void gw_log_writer_message(void *ctx, struct gw_msg *msg)
{
    const struct gw_alloc *heap = gw_os_heap();
    struct gw_log_pack *pack = GW_CONTAINER_OF(msg, struct gw_log_pack, msg);
    pack_batch(ctx, pack);
    heap->put(heap->ctx, pack, sizeof(*pack) + pack->bytes);
}

gw_rc gw_log_hint_write(struct gw_log *log, struct gw_err *err)
{
    uint8_t slot[GW_LOG_SECTOR];
    uint64_t index = gw_log_durable_index(log), turn = log->writer.hint_turn + 1;
    gw_log_hint_encode(index, turn, slot);
    GW_CRASH_POINT("log.hint.before");
    GW_TRY(gw_file_write_at(log->writer.hint, turn % 2 * GW_LOG_SECTOR,
                            (struct gw_bytes){slot, sizeof(slot)}, err));
    GW_CRASH_POINT("log.hint.after");
    log->writer.hint_turn = turn;
    log->writer.hint_index = index;
    return GW_OK;
}

void gw_log_writer_idle(void *ctx)
{
    struct gw_log *log = ctx;
    struct gw_err err;
    flush(log);
    if (log->writer.has_failed || log->writer.hint_index == gw_log_durable_index(log))
        return;
    int64_t now_ns = gw_clock_mono_ns();
    if (now_ns < log->writer.hint_due_ns) {
        gw_actor_wake_at(log->writer.actor, log->writer.hint_due_ns);
        return;
    }
    log->writer.hint_due_ns = now_ns + (int64_t)log->opts.hint_every_ms * GW_NS_PER_MS;
    if (gw_log_hint_write(log, &err) < 0)
        fail_log(log, &err);
}
