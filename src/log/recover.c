/* Recovery: read first, decide, and only then touch the disk. Damage leaves every byte as it was found. */
#include <inttypes.h>
#include <stdio.h>

#include "log/scan.h"
#include "log/side.h"
#include "os/crash.h"
#include "os/heap.h"

/** What the reading half found, for the writing half. */
struct found {
    uint64_t next_index;
    struct gw_sha256 last_hash;
    uint64_t last_sync, good_end, end; /* in the last segment */
    uint64_t bad_from, bad_to;
    const char *why;
    bool is_torn;
};

/** "%020u.gwj" → its number. @return false: some other file */
static bool parse_name(struct gw_text name, uint64_t *ret)
{
    uint64_t index = 0;
    if (name.len != 24 || memcmp(name.data + 20, ".gwj", 4) != 0)
        return false;
    for (size_t i = 0; i < 20; i++) {
        uint64_t digit = (uint64_t)(unsigned char)name.data[i] - '0';
        if (digit > 9 || __builtin_mul_overflow(index, 10, &index) ||
            __builtin_add_overflow(index, digit, &index))
            return false;
    }
    *ret = index;
    return true;
}

static gw_rc keep_segments(struct gw_log *log, const struct gw_text *names, size_t count,
                           struct gw_err *err)
{
    const struct gw_alloc *heap = gw_os_heap();
    size_t max = count + (size_t)(log->opts.bytes_max / log->opts.segment_bytes) + 2;
    size_t bytes = max * sizeof(struct gw_log_segment);
    struct gw_log_segment *segments = heap->get(heap->ctx, bytes);
    if (segments == NULL)
        return GW_FAIL_NOMEM(err);
    memset(segments, 0, bytes);
    log->shared.segments = segments;
    log->shared.max = max;
    for (size_t i = 0; i < count; i++) {
        if (parse_name(names[i], &segments[log->shared.count].first_index))
            log->shared.count++;
    }
    return GW_OK;
}

static gw_rc list_segments(struct gw_log *log, struct gw_err *err)
{
    struct gw_arena arena;
    struct gw_text *names;
    size_t count;
    gw_arena_init(&arena, gw_os_heap(), 64 << 20);
    gw_rc rc = gw_folder_list(log->folder, &arena, &names, &count, err);
    if (rc == GW_OK)
        rc = keep_segments(log, names, count, err);
    gw_arena_done(&arena);
    return rc;
}

static gw_rc load_hint(struct gw_log *log, struct gw_log_report *report, struct gw_err *err)
{
    char path[GW_FILE_PATH_MAX];
    struct gw_arena arena;
    struct gw_bytes data = {0};
    gw_log_path(log, "durable", path);
    gw_arena_init(&arena, gw_os_heap(), 1 << 20);
    gw_rc rc = gw_file_load(path, &arena, 1 << 16, &data, err);
    if (rc == GW_OK || rc == GW_NOTFOUND) {
        struct gw_log_hint hint = gw_log_hint_decode(data);
        report->hint_index = hint.index;
        report->hint_damaged = hint.damaged;
        log->writer.hint_turn = hint.turn;
        rc = GW_OK;
    }
    gw_arena_done(&arena);
    return rc;
}

/** The first segment that must be read: the one that holds verify_from, or the last. */
static size_t first_to_read(const struct gw_log *log)
{
    size_t start = 0;
    for (size_t i = 1; i < log->shared.count; i++) {
        if (log->shared.segments[i].first_index <= log->opts.verify_from)
            start = i;
    }
    return start;
}

/** A segment that need not be read: look at its size, and at its side index if there is one. */
static gw_rc glance(struct gw_log *log, size_t i, struct gw_err *err)
{
    struct gw_log_segment *segment = &log->shared.segments[i];
    char name[GW_LOG_SEGMENT_NAME_MAX], path[GW_FILE_PATH_MAX];
    struct gw_file_info info;
    struct gw_log_side side;
    struct gw_arena arena;
    gw_log_segment_name(segment->first_index, name);
    gw_log_path(log, name, path);
    GW_TRY(gw_path_info(path, &info, err));
    segment->bytes = info.bytes;
    gw_arena_init(&arena, gw_os_heap(), 128 << 20);
    gw_rc rc = gw_log_side_load(log, segment->first_index, &arena, &side, NULL);
    segment->is_sealed = rc == GW_OK;
    gw_arena_done(&arena);
    if (rc == GW_OK && side.next_index != segment[1].first_index) {
        return gw_log_damage(err, segment->first_index, 0, info.bytes,
                             "the next segment does not begin where this one ends");
    }
    return GW_OK;
}

static gw_rc judge(struct gw_log *log, size_t i, const struct gw_log_scan *scan,
                   const struct gw_log_report *report, struct found *found, struct gw_err *err)
{
    const struct gw_log_segment *segment = &log->shared.segments[i];
    if (scan->finding == GW_LOG_DAMAGED)
        return gw_log_damage(err, segment->first_index, scan->bad_from, scan->bad_to, scan->why);
    found->next_index = scan->next_index;
    found->last_hash = scan->last_hash;
    found->last_sync = scan->last_sync;
    found->good_end = scan->good_end;
    found->end = scan->end;
    found->is_torn = scan->finding == GW_LOG_TORN;
    found->bad_from = scan->bad_from;
    found->bad_to = scan->bad_to;
    found->why = scan->why;
    if (i + 1 < log->shared.count && scan->next_index != segment[1].first_index) {
        return gw_log_damage(err, segment->first_index, scan->end, segment->bytes,
                             "the next segment does not begin where this one ends");
    }
    GW_ASSERT(i + 1 < log->shared.count || scan->next_index > report->hint_index);
    return GW_OK;
}

static gw_rc read_segment(struct gw_log *log, size_t i, bool is_first, struct gw_log_report *report,
                          struct found *found, struct gw_err *err)
{
    const struct gw_alloc *heap = gw_os_heap();
    struct gw_log_segment *segment = &log->shared.segments[i];
    struct gw_log_segment_head head;
    struct gw_bytes image;
    struct gw_log_scan scan;
    gw_rc rc = gw_log_segment_load(log, segment->first_index, &image, &head, err);
    if (rc < 0)
        return rc;
    segment->bytes = image.len;
    if (!is_first && !gw_sha256_equal(head.prev_hash, found->last_hash)) {
        rc = gw_log_damage(err, segment->first_index, 48, 80,
                           "the segment does not follow the hash of the one before");
    }
    if (rc == GW_OK) {
        gw_log_scan(image,
                    &(struct gw_log_scan_opts){.index = segment->first_index,
                                               .prev_hash = head.prev_hash,
                                               .hint_index = report->hint_index,
                                               .is_last = i + 1 == log->shared.count},
                    &scan);
        report->batches_verified += scan.batches;
        report->records_verified += scan.records;
        report->bytes_verified += scan.data_bytes;
        rc = judge(log, i, &scan, report, found, err);
    }
    heap->put(heap->ctx, gw_unconst(image.data), image.len);
    return rc;
}

static gw_rc read_all(struct gw_log *log, struct gw_log_report *report, struct found *found,
                      struct gw_err *err)
{
    size_t start = first_to_read(log);
    if (log->shared.count == 0 && report->hint_index >= log->opts.first_index)
        return gw_log_damage(err, report->hint_index, 0, 0, "all segments are missing");
    for (size_t i = 0; i < start; i++)
        GW_TRY(glance(log, i, err));
    for (size_t i = start; i < log->shared.count; i++)
        GW_TRY(read_segment(log, i, i == start, report, found, err));
    return GW_OK;
}

static gw_rc zero_range(struct gw_file *file, uint64_t from, uint64_t to, struct gw_err *err)
{
    static const uint8_t zeros[GW_LOG_BLOCK];
    while (from < to) {
        size_t bytes = (size_t)GW_MIN(to - from, (uint64_t)sizeof(zeros));
        GW_TRY(gw_file_write_at(file, from, (struct gw_bytes){zeros, bytes}, err));
        GW_CRASH_POINT("log.recover.zeroing");
        from += bytes;
    }
    return GW_OK;
}

/** Write the bytes from..to again as they read. */
static gw_rc write_again(struct gw_file *file, uint64_t from, uint64_t to, struct gw_err *err)
{
    uint8_t block[GW_LOG_BLOCK];
    while (from < to) {
        size_t got;
        GW_TRY(gw_file_read_at(file, from, block,
                               (size_t)GW_MIN(to - from, (uint64_t)sizeof(block)), &got, err));
        if (got == 0)
            return GW_OK;
        GW_TRY(gw_file_write_at(file, from, (struct gw_bytes){block, got}, err));
        from += got;
    }
    return GW_OK;
}

/**
 * Zero a torn tail, and make durable what a killed process may have left in the page cache only.
 *
 * What is in doubt. One sync was in flight: it is the last one found, or the torn one, or an earlier recovery was about
 * to zero it. So nothing before the last one found, and at most one sync behind its end.
 * Why written again. After a failed sync the page cache may hold bytes as clean that never reached the disk: syncing
 * them writes nothing (fsyncgate, 2018). Sectors that did arrive get what they hold.
 * Why in two steps. A power cut in here must leave what reads as torn again. The sector in which the good batches end
 * says that their sync goes on; while it does, any subset of the later sectors may be missing. So it goes last.
 */
static gw_rc settle(const struct gw_log *log, const char *path, const struct found *found,
                    uint64_t hint_index, struct gw_err *err)
{
    uint64_t bytes = log->shared.segments[log->shared.count - 1].bytes;
    uint64_t begin = found->last_sync / GW_LOG_SECTOR * GW_LOG_SECTOR;
    uint64_t split = gw_log_align(found->good_end, GW_LOG_SECTOR);
    GW_CLEANUP(gw_file_close_at) struct gw_file *file = NULL;
    GW_TRY(gw_file_open(path, GW_FILE_READ | GW_FILE_WRITE, &file, err));
    if (found->is_torn || found->next_index - 1 != hint_index) {
        if (found->is_torn)
            GW_TRY(zero_range(file, GW_MAX(split, found->bad_from), found->bad_to, err));
        GW_TRY(write_again(file, split, GW_MIN(bytes, found->end + GW_LOG_WRITE_BYTES), err));
        GW_TRY(gw_file_sync(file, err));
        if (found->is_torn && found->bad_from < split)
            GW_TRY(zero_range(file, found->bad_from, split, err));
        GW_TRY(write_again(file, begin, split, err));
    }
    GW_TRY(gw_file_sync(file, err));
    GW_CRASH_POINT("log.recover.synced");
    return GW_OK;
}

static gw_rc go_on(struct gw_log *log, const struct found *found, struct gw_log_report *report,
                   struct gw_err *err)
{
    const struct gw_log_segment *last = &log->shared.segments[log->shared.count - 1];
    char name[GW_LOG_SEGMENT_NAME_MAX], path[GW_FILE_PATH_MAX];
    gw_log_segment_name(last->first_index, name);
    gw_log_path(log, name, path);
    GW_TRY(settle(log, path, found, report->hint_index, err));
    if (found->is_torn) {
        memcpy(report->torn_segment, name, sizeof(name));
        report->torn_from = found->bad_from;
        report->torn_to = found->bad_to;
        report->torn_why = found->why;
    }
    GW_TRY(
        gw_file_open(path, GW_FILE_READ | GW_FILE_WRITE | GW_FILE_DIRECT, &log->writer.file, err));
    log->writer.at = found->end;
    log->writer.bytes = last->bytes;
    log->shared.room_bytes = last->bytes - found->end;
    log->shared.stats.is_direct = gw_file_kind(log->writer.file) == GW_FILE_DIRECT_SYNCED;
    return GW_OK;
}

static gw_rc open_hint(struct gw_log *log, struct gw_err *err)
{
    char path[GW_FILE_PATH_MAX];
    struct gw_file_info info;
    gw_log_path(log, "durable", path);
    GW_TRY(
        gw_file_open(path, GW_FILE_READ | GW_FILE_WRITE | GW_FILE_CREATE, &log->writer.hint, err));
    GW_TRY(gw_file_info(log->writer.hint, &info, err));
    if (info.bytes != GW_LOG_HINT_BYTES) {
        GW_TRY(gw_file_fill_zero(log->writer.hint, GW_LOG_HINT_BYTES, err));
        GW_TRY(gw_log_hint_write(log, err));
    }
    GW_TRY(gw_file_sync(log->writer.hint, err));
    return gw_folder_sync(log->folder, err);
}

static gw_rc remove_spare(const struct gw_log *log, struct gw_err *err)
{
    char path[GW_FILE_PATH_MAX];
    gw_log_path(log, "spare", path);
    gw_rc rc = gw_path_remove(path, err); /* how far its zeroing came is not known */
    return rc == GW_NOTFOUND ? GW_OK : rc;
}

gw_rc gw_log_recover(struct gw_log *log, struct gw_log_report *report, struct gw_err *err)
{
    struct found found = {.next_index = log->opts.first_index};
    GW_TRY(list_segments(log, err));
    GW_TRY(load_hint(log, report, err));
    GW_TRY(read_all(log, report, &found, err));

    log->next_index = found.next_index;
    log->last_hash = log->writer.last_hash = found.last_hash;
    log->writer.last_index = found.next_index - 1;
    atomic_store(&log->durable_index, found.next_index - 1);
    GW_TRY(remove_spare(log, err));
    if (log->shared.count > 0) {
        GW_TRY(go_on(log, &found, report, err));
    } else {
        GW_TRY(gw_log_make_spare(log, err));
        GW_TRY(gw_log_roll(log, err));
    }
    GW_TRY(open_hint(log, err));
    report->first_index = log->shared.segments[0].first_index;
    report->next_index = found.next_index;
    report->last_hash = found.last_hash;
    report->segments = (uint32_t)log->shared.count;
    return GW_OK;
}
