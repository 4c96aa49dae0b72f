#include "log/log_int.h"

#include <inttypes.h>
#include <stdio.h>

#include "os/clock.h"
#include "os/crash.h"
#include "os/heap.h"

void gw_log_path(const struct gw_log *log, const char *name, char *ret)
{
    int len = snprintf(ret, GW_FILE_PATH_MAX, "%s/%s", log->folder, name);
    GW_ASSERT(len > 0 && len < GW_FILE_PATH_MAX);
}

void gw_log_segment_name(uint64_t first_index, char *ret)
{
    (void)snprintf(ret, GW_LOG_SEGMENT_NAME_MAX, "%020" PRIu64 ".gwj", first_index);
}

void gw_log_side_name(uint64_t first_index, char *ret)
{
    (void)snprintf(ret, GW_LOG_SEGMENT_NAME_MAX, "%020" PRIu64 ".gwx", first_index);
}

gw_rc gw_log_damage(struct gw_err *err, uint64_t first_index, uint64_t from, uint64_t to,
                    const char *why)
{
    char name[GW_LOG_SEGMENT_NAME_MAX];
    gw_log_segment_name(first_index, name);
    gw_rc rc = GW_FAIL_CODE(err, GW_CORRUPT, 2701,
                            "segment %s is damaged at bytes %" PRIu64 "..%" PRIu64 ": %s", name,
                            from, to, why);
    gw_err_place(err, gw_text(name), 0, 0);
    gw_err_hint(err, "nothing was changed; restore the segment from a copy, see `godwit explain "
                     "GW2701`");
    return rc;
}

static gw_rc check_opts(struct gw_log_opts *opts, struct gw_err *err)
{
    opts->first_index = opts->first_index ? opts->first_index : 1;
    opts->segment_bytes = opts->segment_bytes ? opts->segment_bytes : UINT64_C(64) << 20;
    opts->bytes_max = opts->bytes_max ? opts->bytes_max : UINT64_C(64) << 30;
    opts->in_flight_max = opts->in_flight_max ? opts->in_flight_max : 1024;
    opts->hint_every_ms = opts->hint_every_ms ? opts->hint_every_ms : 100;
    if (opts->segment_bytes % GW_LOG_BLOCK != 0 ||
        opts->segment_bytes < UINT64_C(4) * GW_LOG_BLOCK ||
        opts->segment_bytes / GW_LOG_BLOCK >= 1u << 24) {
        return GW_FAIL(err, GW_INVALID,
                       "segment_bytes %" PRIu64
                       ": it must be a multiple of 4096 from 16 KiB to 64 GiB",
                       opts->segment_bytes);
    }
    uint64_t room = opts->segment_bytes - GW_LOG_BLOCK;
    if (opts->in_flight_bytes_max == 0)
        opts->in_flight_bytes_max = GW_MIN(room, UINT64_C(4) << 20);
    if (opts->in_flight_bytes_max < GW_LOG_BLOCK || opts->in_flight_bytes_max > room) {
        return GW_FAIL(err, GW_INVALID,
                       "in_flight_bytes_max %" PRIu64 ": it must be 4096 to %" PRIu64,
                       opts->in_flight_bytes_max, room);
    }
    if (opts->bytes_max / 3 < opts->segment_bytes) {
        return GW_FAIL(err, GW_INVALID, "bytes_max %" PRIu64 " is less than three segments",
                       opts->bytes_max);
    }
    if (strlen(opts->folder) > GW_FILE_PATH_MAX - 64)
        return GW_FAIL(err, GW_INVALID, "the log's folder has a path that is too long");
    return GW_OK;
}

static void free_log(struct gw_log *log)
{
    const struct gw_alloc *heap = gw_os_heap();
    gw_actor_free(log->writer.actor);
    gw_actor_free(log->keeper.actor);
    gw_file_close(log->writer.file);
    gw_file_close(log->writer.hint);
    gw_os_pages_put(log->writer.pages, GW_LOG_WRITE_BYTES);
    gw_mutex_free(log->mutex);
    gw_lock_close(log->lock);
    if (log->shared.segments != NULL)
        heap->put(heap->ctx, log->shared.segments, log->shared.max * sizeof(*log->shared.segments));
    heap->put(heap->ctx, log, sizeof(*log) + strlen(log->folder) + 1);
}

static gw_rc new_log(const struct gw_log_opts *opts, struct gw_log **ret, struct gw_err *err)
{
    const struct gw_alloc *heap = gw_os_heap();
    size_t len = strlen(opts->folder);
    struct gw_log *log = heap->get(heap->ctx, sizeof(*log) + len + 1);
    if (log == NULL)
        return GW_FAIL_NOMEM(err);
    memset(log, 0, sizeof(*log));
    memcpy(log->folder, opts->folder, len + 1);
    log->opts = *opts;
    log->opts.folder = log->folder;
    log->writer.pages = gw_os_pages_get(GW_LOG_WRITE_BYTES);
    gw_rc rc = log->writer.pages != NULL ? gw_mutex_new(&log->mutex, err) : GW_FAIL_NOMEM(err);
    if (rc < 0) {
        free_log(log);
    } else {
        *ret = log;
    }
    return rc;
}

static gw_rc take_lock(struct gw_log *log, struct gw_err *err)
{
    char path[GW_FILE_PATH_MAX];
    GW_TRY(gw_folder_make_all(log->folder, err));
    gw_log_path(log, "lock", path);
    return gw_lock_open(path, &log->lock, err);
}

static gw_rc start_actors(struct gw_log *log, struct gw_err *err)
{
    GW_TRY(gw_actor_start(&(struct gw_actor_opts){.name = "gw-log-keep",
                                                  .mailbox_max = 1,
                                                  .on_message = gw_log_keeper_message,
                                                  .on_idle = gw_log_keeper_idle,
                                                  .ctx = log},
                          &log->keeper.actor, err));
    gw_rc rc = gw_actor_start(&(struct gw_actor_opts){.name = "gw-log-write",
                                                      .mailbox_max = log->opts.in_flight_max,
                                                      .on_message = gw_log_writer_message,
                                                      .on_idle = gw_log_writer_idle,
                                                      .ctx = log},
                              &log->writer.actor, err);
    if (rc < 0)
        gw_actor_stop(log->keeper.actor);
    return rc;
}

gw_rc gw_log_open(const struct gw_log_opts *opts, struct gw_log **ret,
                  struct gw_log_report *ret_report, struct gw_err *err)
{
    struct gw_log_opts full = *opts;
    struct gw_log_report report = {0};
    struct gw_log *log = NULL;
    GW_TRY(check_opts(&full, err));
    GW_TRY(new_log(&full, &log, err));
    gw_rc rc = take_lock(log, err);
    if (rc == GW_OK)
        rc = gw_log_recover(log, &report, err);
    if (rc == GW_OK)
        rc = start_actors(log, err);
    if (rc < 0) {
        free_log(log);
        return gw_err_wrap_rc(err, rc, "log '%s'", opts->folder);
    }
    gw_log_keeper_kick(log);
    if (ret_report != NULL)
        *ret_report = report;
    *ret = log;
    return GW_OK;
}

/** Under the mutex: may `reserve` bytes be promised? */
static gw_rc admit(const struct gw_log *log, uint64_t reserve, struct gw_err *err)
{
    uint64_t after = log->shared.in_flight_bytes + reserve;
    if (log->shared.has_failed) {
        if (err != NULL)
            *err = log->shared.failure;
        return gw_err_wrap_rc(err, GW_IO, "the log has failed");
    }
    if (log->shared.in_flight >= log->opts.in_flight_max || after > log->opts.in_flight_bytes_max) {
        return GW_FAIL(err, GW_BUSY, "%" PRIu64 " batches wait for the disk",
                       log->shared.in_flight);
    }
    /* The spare takes all of in_flight_bytes_max, whatever of it no longer fits into the last segment. */
    if (after <= log->shared.room_bytes || log->shared.has_spare)
        return GW_OK;
    if (log->shared.spare_err.rc < 0) {
        if (err != NULL)
            *err = log->shared.spare_err;
        return gw_err_wrap_rc(err, log->shared.spare_err.rc, "no room for another segment");
    }
    if (log->shared.is_full) {
        return GW_FAIL(err, GW_BUSY, "the log has reached its %" PRIu64 " bytes",
                       log->opts.bytes_max);
    }
    return GW_FAIL(err, GW_BUSY, "the next segment is being prepared");
}

gw_rc gw_log_append(struct gw_log *log, const struct gw_log_batch *batch, struct gw_err *err)
{
    const struct gw_alloc *heap = gw_os_heap();
    GW_ASSERT(batch->index == log->next_index);
    size_t bytes = gw_log_batch_bytes(batch->payload.len);
    uint64_t reserve = gw_log_align(bytes, GW_LOG_BLOCK);
    if (batch->payload.len > GW_LOG_PAYLOAD_MAX || batch->records > GW_LOG_RECORDS_MAX ||
        reserve > log->opts.in_flight_bytes_max) {
        return GW_FAIL(err, GW_TOOLARGE, "a batch of %u records and %zu bytes", batch->records,
                       batch->payload.len);
    }
    struct gw_log_pack *pack = heap->get(heap->ctx, sizeof(*pack) + bytes);
    if (pack == NULL)
        return GW_FAIL_NOMEM(err);
    gw_mutex_lock(log->mutex);
    gw_rc rc = admit(log, reserve, err);
    if (rc == GW_OK) {
        log->shared.in_flight++;
        log->shared.in_flight_bytes += reserve;
    }
    gw_mutex_unlock(log->mutex);
    if (rc < 0) {
        heap->put(heap->ctx, pack, sizeof(*pack) + bytes);
        return rc;
    }
    *pack = (struct gw_log_pack){.index = batch->index, .bytes = bytes, .reserve = reserve};
    pack->hash = gw_log_batch_encode(batch, log->last_hash, pack->data);
    log->last_hash = pack->hash;
    log->next_index++;
    GW_CRASH_POINT("log.append.accepted");
    GW_ASSERT(gw_actor_send_always(log->writer.actor, &pack->msg) == GW_OK);
    return GW_OK;
}

uint64_t gw_log_next_index(const struct gw_log *log)
{
    return log->next_index;
}

struct gw_sha256 gw_log_last_hash(const struct gw_log *log)
{
    return log->last_hash;
}

uint64_t gw_log_durable_index(const struct gw_log *log)
{
    return atomic_load(&log->durable_index);
}

uint64_t gw_log_first_index(struct gw_log *log)
{
    gw_mutex_lock(log->mutex);
    uint64_t first = log->shared.segments[0].first_index;
    gw_mutex_unlock(log->mutex);
    return first;
}

gw_rc gw_log_keep_from(struct gw_log *log, uint64_t index, struct gw_err *err)
{
    if (index > log->next_index) {
        return GW_FAIL(err, GW_INVALID, "keep from %" PRIu64 ": the next index is %" PRIu64, index,
                       log->next_index);
    }
    gw_mutex_lock(log->mutex);
    log->shared.keep_from = GW_MAX(log->shared.keep_from, index);
    gw_mutex_unlock(log->mutex);
    gw_log_keeper_kick(log);
    return GW_OK;
}

void gw_log_stats(struct gw_log *log, struct gw_log_stats *ret)
{
    gw_mutex_lock(log->mutex);
    *ret = log->shared.stats;
    ret->segments = log->shared.count;
    for (size_t i = 0; i < log->shared.count; i++)
        ret->disk_bytes += log->shared.segments[i].bytes;
    ret->has_spare = log->shared.has_spare;
    ret->disk_bytes += ret->has_spare ? log->opts.segment_bytes : 0;
    ret->first_index = log->shared.segments[0].first_index;
    ret->in_flight = log->shared.in_flight;
    ret->in_flight_bytes = log->shared.in_flight_bytes;
    ret->durable_index = atomic_load(&log->durable_index);
    ret->next_index = ret->durable_index + ret->in_flight + 1;
    gw_mutex_unlock(log->mutex);
}

gw_rc gw_log_close(struct gw_log *log, struct gw_err *err)
{
    if (log == NULL)
        return GW_OK;
    gw_actor_stop(log->writer.actor); /* writes what was accepted */
    gw_actor_stop(log->keeper.actor);
    gw_rc rc = GW_OK;
    if (log->shared.has_failed) {
        if (err != NULL)
            *err = log->shared.failure;
        rc = GW_IO;
    } else {
        rc = gw_log_hint_write(log, err);
        if (rc == GW_OK)
            rc = gw_file_sync(log->writer.hint, err);
        GW_CRASH_POINT("log.close.after");
    }
    free_log(log);
    return rc;
}
