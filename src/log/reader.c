#include "log/reader.h"

#include <inttypes.h>

#include "log/side.h"
#include "os/heap.h"

enum { READ_BYTES = 256 << 10, BUFFER_BYTES = GW_LOG_BATCH_MAX + 2 * GW_LOG_BLOCK };

struct gw_log_reader {
    struct gw_log *log;
    uint64_t index;             /* looked for */
    struct gw_sha256 last_hash; /* of the batch before it */
    bool knows_hash;
    struct gw_file *file;
    uint64_t first_index, bytes; /* of the segment */
    uint64_t at;                 /* where the batch `index` is, or the gap before it */
    uint64_t held_from, held_to; /* file offsets that `pages` holds */
    uint64_t held_index; /* durable when `pages` was read: newer batches may be missing in it */
    uint8_t *pages;      /* BUFFER_BYTES */
};

static void drop_file(struct gw_log_reader *reader)
{
    gw_file_close(reader->file);
    reader->file = NULL;
    reader->held_from = reader->held_to = 0;
}

/** Bytes at .. at+bytes of the segment, in memory. @ret  longer when more is there */
static gw_rc hold(struct gw_log_reader *reader, uint64_t at, size_t bytes, struct gw_bytes *ret,
                  struct gw_err *err)
{
    if (at < reader->held_from || at + bytes > reader->held_to) {
        uint64_t from = at / GW_LOG_BLOCK * GW_LOG_BLOCK;
        uint64_t want = GW_MAX(gw_log_align(at + bytes, GW_LOG_BLOCK) - from, (uint64_t)READ_BYTES);
        size_t got;
        reader->held_from = reader->held_to = 0;
        reader->held_index = gw_log_durable_index(reader->log);
        GW_TRY(gw_file_read_at(reader->file, from, reader->pages,
                               (size_t)GW_MIN(want, reader->bytes - from), &got, err));
        reader->held_from = from;
        reader->held_to = from + got;
    }
    *ret = (struct gw_bytes){reader->pages + (at - reader->held_from),
                             at < reader->held_to ? (size_t)(reader->held_to - at) : 0};
    if (ret->len < bytes)
        return GW_FAIL(err, GW_IO, "'%s' became shorter", gw_file_path(reader->file));
    return GW_OK;
}

/** What is at reader->at does not read as batch reader->index. */
static gw_rc fail_bad(struct gw_log_reader *reader, const char *why, struct gw_err *err)
{
    if (gw_log_first_index(reader->log) > reader->index)
        return GW_FAIL(err, GW_CLOSED, "batch %" PRIu64 " is no longer kept", reader->index);
    return gw_log_damage(err, reader->first_index, reader->at, reader->bytes, why);
}

/** Move over padding to the next batch's head, and make at least the head available.
 *  @return GW_OK · GW_NOTFOUND the segment ends here */
static gw_rc find_head(struct gw_log_reader *reader, struct gw_bytes *ret, struct gw_err *err)
{
    static const uint8_t zeros[8];
    if (reader->at % GW_LOG_BLOCK != 0) {
        GW_TRY(hold(reader, reader->at, 8, ret, err));
        if (reader->at % GW_LOG_SECTOR == 0 || memcmp(ret->data, zeros, 8) == 0)
            reader->at = gw_log_align(reader->at, GW_LOG_BLOCK);
    }
    if (reader->at + GW_LOG_HEAD_BYTES > reader->bytes)
        return GW_NOTFOUND;
    GW_TRY(hold(reader, reader->at, GW_LOG_HEAD_BYTES, ret, err));
    if (reader->at % GW_LOG_BLOCK == 0 && memcmp(ret->data, zeros, 8) == 0)
        return GW_NOTFOUND;
    return GW_OK;
}

/** Step over whole batches, by their heads, to batch reader->index. */
static gw_rc skip_to_index(struct gw_log_reader *reader, uint64_t here, struct gw_err *err)
{
    struct gw_bytes bytes;
    struct gw_log_batch_head head;
    for (; here < reader->index; here++) {
        gw_rc rc = find_head(reader, &bytes, err);
        if (rc == GW_NOTFOUND)
            return fail_bad(reader, "the segment ends too early", err);
        GW_TRY(rc);
        const char *wrong = gw_log_batch_head_decode(bytes.data, &head);
        if (wrong == NULL && head.index != here)
            wrong = "batch has the wrong index";
        if (wrong != NULL)
            return fail_bad(reader, wrong, err);
        reader->at += gw_log_batch_bytes(head.payload_bytes);
        reader->last_hash = head.hash;
        reader->knows_hash = true;
    }
    return GW_OK;
}

/** The segment that holds `index`. @return false: none */
static bool find_segment(struct gw_log *log, uint64_t index, struct gw_log_segment *ret)
{
    bool found = false;
    gw_mutex_lock(log->mutex);
    for (size_t i = 0; i < log->shared.count; i++) {
        if (log->shared.segments[i].first_index > index)
            break;
        *ret = log->shared.segments[i];
        found = true;
    }
    gw_mutex_unlock(log->mutex);
    return found;
}

static gw_rc start_at(struct gw_log_reader *reader, struct gw_err *err)
{
    struct gw_arena arena;
    struct gw_log_side side;
    uint64_t here = reader->first_index;
    reader->at = GW_LOG_BLOCK;
    if (reader->index == here)
        return GW_OK;
    gw_arena_init(&arena, gw_os_heap(), 128 << 20);
    if (gw_log_side_load(reader->log, reader->first_index, &arena, &side, NULL) == GW_OK)
        reader->at = gw_log_side_find(&side, reader->index, &here);
    gw_arena_done(&arena);
    return skip_to_index(reader, here, err);
}

static gw_rc open_segment(struct gw_log_reader *reader, struct gw_err *err)
{
    struct gw_log_segment segment;
    char name[GW_LOG_SEGMENT_NAME_MAX], path[GW_FILE_PATH_MAX];
    if (!find_segment(reader->log, reader->index, &segment))
        return GW_FAIL(err, GW_CLOSED, "batch %" PRIu64 " is no longer kept", reader->index);
    gw_log_segment_name(segment.first_index, name);
    gw_log_path(reader->log, name, path);
    gw_rc rc = gw_file_open(path, GW_FILE_READ, &reader->file, err);
    reader->first_index = segment.first_index;
    reader->bytes = segment.bytes;
    if (rc == GW_NOTFOUND)
        return fail_bad(reader, "the file is missing", err);
    GW_TRY(rc);
    rc = start_at(reader, err);
    if (rc < 0)
        drop_file(reader);
    return rc;
}

static gw_rc read_batch(struct gw_log_reader *reader, struct gw_bytes bytes,
                        struct gw_log_batch *ret, struct gw_err *err)
{
    struct gw_log_batch_head head;
    struct gw_bytes payload;
    const char *wrong = gw_log_batch_head_decode(bytes.data, &head);
    if (wrong == NULL && gw_log_batch_bytes(head.payload_bytes) > reader->bytes - reader->at)
        wrong = "batch longer than its segment";
    if (wrong != NULL)
        return fail_bad(reader, wrong, err);
    GW_TRY(hold(reader, reader->at, gw_log_batch_bytes(head.payload_bytes), &bytes, err));
    wrong = gw_log_batch_decode(bytes, GW_LOG_CRC, &head, &payload);
    if (wrong == NULL && head.index != reader->index)
        wrong = "batch has the wrong index";
    if (wrong == NULL && reader->knows_hash && !gw_sha256_equal(head.prev_hash, reader->last_hash))
        wrong = "batch does not follow the hash of the one before";
    if (wrong != NULL)
        return fail_bad(reader, wrong, err);
    gw_log_batch_of(&head, payload, ret);
    reader->at += gw_log_batch_bytes(head.payload_bytes);
    reader->last_hash = head.hash;
    reader->knows_hash = true;
    reader->index++;
    return GW_OK;
}

gw_rc gw_log_reader_next(struct gw_log_reader *reader, struct gw_log_batch *ret, struct gw_err *err)
{
    struct gw_bytes bytes;
    if (reader->index > gw_log_durable_index(reader->log))
        return GW_NOTFOUND;
    if (reader->index > reader->held_index)
        reader->held_from = reader->held_to = 0; /* read before this batch was there */
    if (reader->file == NULL)
        GW_TRY(open_segment(reader, err));
    gw_rc rc = find_head(reader, &bytes, err);
    if (rc == GW_NOTFOUND) {
        uint64_t before = reader->first_index;
        drop_file(reader);
        GW_TRY(open_segment(reader, err));
        rc = reader->first_index != before ? find_head(reader, &bytes, err) : GW_NOTFOUND;
    }
    if (rc == GW_NOTFOUND)
        return fail_bad(reader, "the segment ends too early", err);
    GW_TRY(rc);
    return read_batch(reader, bytes, ret, err);
}

gw_rc gw_log_reader_open(struct gw_log *log, uint64_t from_index, struct gw_log_reader **ret,
                         struct gw_err *err)
{
    const struct gw_alloc *heap = gw_os_heap();
    if (from_index < gw_log_first_index(log) || from_index > gw_log_durable_index(log) + 1) {
        return GW_FAIL(err, GW_NOTFOUND,
                       "no batch %" PRIu64 ": the log holds %" PRIu64 " to %" PRIu64, from_index,
                       gw_log_first_index(log), gw_log_durable_index(log));
    }
    struct gw_log_reader *reader = heap->get(heap->ctx, sizeof(*reader));
    uint8_t *pages = gw_os_pages_get(BUFFER_BYTES);
    if (reader == NULL || pages == NULL) {
        gw_os_pages_put(pages, BUFFER_BYTES);
        heap->put(heap->ctx, reader, sizeof(*reader));
        return GW_FAIL_NOMEM(err);
    }
    *reader = (struct gw_log_reader){.log = log, .index = from_index, .pages = pages};
    *ret = reader;
    return GW_OK;
}

uint64_t gw_log_reader_index(const struct gw_log_reader *reader)
{
    return reader->index;
}

void gw_log_reader_close(struct gw_log_reader *reader)
{
    const struct gw_alloc *heap = gw_os_heap();
    if (reader == NULL)
        return;
    drop_file(reader);
    gw_os_pages_put(reader->pages, BUFFER_BYTES);
    heap->put(heap->ctx, reader, sizeof(*reader));
}
