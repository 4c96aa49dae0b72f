/* The keeper: has the next segment ready before it is needed, seals the finished ones, takes the old ones away. */
#include "log/log_int.h"

#include "base/time.h"
#include "log/side.h"
#include "os/clock.h"
#include "os/crash.h"

void gw_log_keeper_kick(struct gw_log *log)
{
    if (!atomic_exchange(&log->keeper.is_kicked, true))
        (void)gw_actor_send_always(log->keeper.actor, &log->keeper.kick);
}

void gw_log_keeper_message(void *ctx, struct gw_msg *msg)
{
    struct gw_log *log = ctx;
    (void)msg; /* the kick: there is only this one, and it is free again */
    atomic_store(&log->keeper.is_kicked, false);
}

/** Take the oldest segment out of the list if nobody needs it. @return its first index, 0: none */
static uint64_t take_retired(struct gw_log *log)
{
    struct gw_log_segment *segments = log->shared.segments;
    uint64_t retired = 0;
    gw_mutex_lock(log->mutex);
    if (log->shared.count >= 2 && segments[1].first_index <= log->shared.keep_from &&
        segments[1].first_index <= gw_log_durable_index(log) + 1) {
        retired = segments[0].first_index;
        log->shared.count--;
        memmove(segments, segments + 1, log->shared.count * sizeof(*segments));
    }
    gw_mutex_unlock(log->mutex);
    return retired;
}

static gw_rc remove_side(const struct gw_log *log, uint64_t first_index, struct gw_err *err)
{
    char name[GW_LOG_SEGMENT_NAME_MAX], path[GW_FILE_PATH_MAX];
    gw_log_side_name(first_index, name);
    gw_log_path(log, name, path);
    gw_rc rc = gw_path_remove(path, err);
    return rc == GW_NOTFOUND ? GW_OK : rc;
}

/** The segment's file becomes the spare's, or goes. */
static gw_rc retire(struct gw_log *log, uint64_t first_index, bool recycle, struct gw_err *err)
{
    char name[GW_LOG_SEGMENT_NAME_MAX], path[GW_FILE_PATH_MAX], spare[GW_FILE_PATH_MAX];
    gw_log_segment_name(first_index, name);
    gw_log_path(log, name, path);
    gw_log_path(log, "spare", spare);
    GW_TRY(remove_side(log, first_index, err));
    GW_CRASH_POINT("log.retire.before");
    if (recycle) {
        GW_TRY(gw_path_rename(path, spare, err));
    } else {
        GW_TRY(gw_path_remove(path, err));
    }
    GW_CRASH_POINT("log.retire.after");
    return gw_folder_sync(log->folder, err); /* the name is gone for good before the bytes are */
}

gw_rc gw_log_make_spare(struct gw_log *log, struct gw_err *err)
{
    char spare[GW_FILE_PATH_MAX];
    GW_CLEANUP(gw_file_close_at) struct gw_file *file = NULL;
    gw_log_path(log, "spare", spare);
    GW_TRY(gw_file_open(spare, GW_FILE_WRITE | GW_FILE_CREATE, &file, err));
    gw_rc rc = gw_file_fill_zero(file, log->opts.segment_bytes, err);
    GW_CRASH_POINT("log.spare.filled");
    if (rc == GW_OK)
        rc = gw_file_sync(file, err);
    if (rc < 0) { /* leave the space to others */
        (void)gw_path_remove(spare, NULL);
        return rc;
    }
    GW_CRASH_POINT("log.spare.synced");
    gw_mutex_lock(log->mutex);
    log->shared.has_spare = true;
    log->shared.spare_err.rc = GW_OK;
    gw_mutex_unlock(log->mutex);
    return GW_OK;
}

static bool may_grow(struct gw_log *log)
{
    uint64_t bytes = log->opts.segment_bytes;
    gw_mutex_lock(log->mutex);
    for (size_t i = 0; i < log->shared.count; i++)
        bytes += log->shared.segments[i].bytes;
    log->shared.is_full = bytes > log->opts.bytes_max || log->shared.count + 1 >= log->shared.max;
    bool ret = !log->shared.is_full;
    gw_mutex_unlock(log->mutex);
    return ret;
}

static bool needs_spare(struct gw_log *log)
{
    gw_mutex_lock(log->mutex);
    bool ret = !log->shared.has_spare;
    gw_mutex_unlock(log->mutex);
    return ret;
}

/** A spare, from an old segment when there is one; and away with all other old segments. */
static gw_rc keep_room(struct gw_log *log, struct gw_err *err)
{
    bool wants = needs_spare(log);
    uint64_t retired = take_retired(log);
    if (wants && retired != 0) {
        GW_TRY(retire(log, retired, true, err));
    } else if (retired != 0) {
        GW_TRY(retire(log, retired, false, err));
    }
    if (wants && may_grow(log))
        GW_TRY(gw_log_make_spare(log, err));
    while ((retired = take_retired(log)) != 0)
        GW_TRY(retire(log, retired, false, err));
    return GW_OK;
}

/** @return the oldest finished segment without side index, 0: none */
static uint64_t find_unsealed(struct gw_log *log)
{
    uint64_t found = 0;
    gw_mutex_lock(log->mutex);
    for (size_t i = 0; i + 1 < log->shared.count && found == 0; i++) {
        if (!log->shared.segments[i].is_sealed)
            found = log->shared.segments[i].first_index;
    }
    gw_mutex_unlock(log->mutex);
    return found;
}

static void mark_sealed(struct gw_log *log, uint64_t first_index)
{
    gw_mutex_lock(log->mutex);
    for (size_t i = 0; i < log->shared.count; i++) {
        if (log->shared.segments[i].first_index == first_index)
            log->shared.segments[i].is_sealed = true;
    }
    gw_mutex_unlock(log->mutex);
}

void gw_log_keeper_idle(void *ctx)
{
    struct gw_log *log = ctx;
    struct gw_err err;
    if (keep_room(log, &err) < 0) {
        gw_mutex_lock(log->mutex);
        log->shared.spare_err = err;
        gw_mutex_unlock(log->mutex);
        gw_actor_wake_at(log->keeper.actor, gw_clock_mono_ns() + GW_NS_PER_S);
        return;
    }
    uint64_t unsealed = find_unsealed(log);
    if (unsealed == 0)
        return;
    /* A side index is a convenience: what keeps it from being made shows where it matters, in a read or at open. */
    (void)gw_log_side_make(log, unsealed, NULL);
    mark_sealed(log, unsealed);
    gw_log_keeper_kick(log); /* one at a time, so that a spare never waits for more than one */
}
