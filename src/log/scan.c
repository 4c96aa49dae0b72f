#include "log/scan.h"

struct scan {
    struct gw_bytes image;
    const struct gw_log_scan_opts *opts;
    struct gw_log_scan *ret;
    uint32_t number; /* in its sync, of the batch expected next */
};

static struct gw_bytes from_to(struct gw_bytes image, uint64_t from, uint64_t to)
{
    return (struct gw_bytes){image.data + from, (size_t)(to - from)};
}

static void damaged(struct scan *scan, uint64_t from, uint64_t to, const char *why)
{
    scan->ret->finding = GW_LOG_DAMAGED;
    scan->ret->bad_from = from;
    scan->ret->bad_to = GW_MIN(to, (uint64_t)scan->image.len);
    scan->ret->why = why;
}

/** Behind the last byte of `image` that is not zero. */
static uint64_t end_of_data(struct gw_bytes image)
{
    size_t end = image.len;
    while (end >= GW_LOG_BLOCK && end % GW_LOG_BLOCK == 0 &&
           gw_log_zeros(from_to(image, end - GW_LOG_BLOCK, end)) == GW_LOG_BLOCK)
        end -= GW_LOG_BLOCK;
    while (end > 0 && image.data[end - 1] == 0)
        end--;
    return end;
}

/**
 * Do all heads behind the bad batch at `at` belong to its sync?
 * @ret_end  behind the last byte that any of them, or the bad one, claims
 */
static bool later_heads_fit(const struct scan *scan, uint64_t at, uint64_t *ret_end)
{
    struct gw_bytes image = scan->image;
    struct gw_log_batch_head head;
    for (uint64_t look = at; look + GW_LOG_HEAD_BYTES <= image.len;) {
        if (gw_log_batch_head_decode(image.data + look, &head) != NULL) {
            look += 8;
            continue;
        }
        uint64_t ahead =
            head.index - scan->ret->next_index; /* wraps for an older one: fits nothing */
        if (head.number - scan->number != ahead || (look != at && ahead == 0))
            return false;
        /* What a record holds is not ours to judge: go on behind the batch. */
        look += gw_log_batch_bytes(head.payload_bytes);
        *ret_end = GW_MAX(*ret_end, GW_MIN(look, (uint64_t)image.len));
    }
    return true;
}

static bool has_zero_sector(struct gw_bytes image, uint64_t from, uint64_t to)
{
    for (uint64_t at = from / GW_LOG_SECTOR * GW_LOG_SECTOR; at < to; at += GW_LOG_SECTOR) {
        if (gw_log_zeros(from_to(image, at, at + GW_LOG_SECTOR)) == GW_LOG_SECTOR)
            return true;
    }
    return false;
}

/** The bytes at `at` are not the batch that should be there: decide whether they are a torn sync. */
static void judge_bad(struct scan *scan, uint64_t at, const char *why)
{
    struct gw_log_scan *ret = scan->ret;
    /* A head cut by the end of a sector claims nothing, but no batch is shorter than this. */
    uint64_t least = at + gw_log_batch_bytes(GW_LOG_RECORD_HEAD_BYTES);
    uint64_t end = GW_MAX(end_of_data(scan->image), GW_MIN(least, (uint64_t)scan->image.len));
    bool same_sync = later_heads_fit(scan, at, &end);
    uint64_t to = gw_log_align(end, GW_LOG_SECTOR);
    if (!scan->opts->is_last || !same_sync || ret->next_index <= scan->opts->hint_index ||
        !has_zero_sector(scan->image, at, to)) {
        damaged(scan, at, to, why);
        return;
    }
    ret->finding = GW_LOG_TORN;
    ret->bad_from = at;
    ret->bad_to = gw_log_align(end, GW_LOG_BLOCK);
    ret->why = why;
}

/** Take the batch at `at`. @return its length, or 0 after a finding */
static uint64_t take_batch(struct scan *scan, uint64_t at)
{
    struct gw_log_scan *ret = scan->ret;
    struct gw_log_batch_head head;
    struct gw_bytes payload;
    const char *wrong = gw_log_batch_decode(from_to(scan->image, at, scan->image.len), GW_LOG_FULL,
                                            &head, &payload);
    if (wrong != NULL) {
        judge_bad(scan, at, wrong);
        return 0;
    }
    /* A whole batch in the wrong place was never torn. */
    uint64_t bytes = gw_log_batch_bytes(head.payload_bytes);
    if (head.index != ret->next_index) {
        wrong = "batch has the wrong index";
    } else if (!gw_sha256_equal(head.prev_hash, ret->last_hash)) {
        wrong = "batch does not follow the hash of the one before";
    } else if (head.number != scan->number) {
        wrong = "batch has the wrong number in its sync";
    }
    if (wrong != NULL) {
        damaged(scan, at, at + bytes, wrong);
        return 0;
    }
    if (scan->opts->on_batch != NULL)
        scan->opts->on_batch(scan->opts->ctx, at, &head);
    if (head.number == 0)
        ret->last_sync = at;
    ret->next_index++;
    ret->last_hash = head.hash;
    ret->batches++;
    ret->records += head.records;
    ret->data_bytes += bytes;
    return bytes;
}

/** Nothing may follow the last sync, and the hint must not know better. */
static void check_end(struct scan *scan, uint64_t at)
{
    struct gw_log_scan *ret = scan->ret;
    if (scan->opts->is_last && ret->next_index <= scan->opts->hint_index)
        damaged(scan, at, scan->image.len, "batches that were durable are missing");
}

/** A batch ended at `at`, inside a block: where does the next one begin? @return 0 after a finding */
static uint64_t find_next(struct scan *scan, uint64_t at)
{
    if (at % GW_LOG_SECTOR != 0 && gw_log_zeros(from_to(scan->image, at, at + 8)) < 8) {
        scan->number++;
        return at;
    }
    uint64_t next = gw_log_align(at, GW_LOG_BLOCK);
    uint64_t zeros = gw_log_zeros(from_to(scan->image, at, next));
    if (at + zeros != next) {
        damaged(scan, at + zeros, next, "bytes behind the last batch of a sync are not zero");
        return 0;
    }
    scan->number = 0;
    return next;
}

void gw_log_scan(struct gw_bytes image, const struct gw_log_scan_opts *opts,
                 struct gw_log_scan *ret)
{
    GW_ASSERT(image.len >= GW_LOG_BLOCK && image.len % GW_LOG_BLOCK == 0);
    struct scan scan = {.image = image, .opts = opts, .ret = ret};
    *ret = (struct gw_log_scan){.finding = GW_LOG_CLEAN,
                                .next_index = opts->index,
                                .last_hash = opts->prev_hash,
                                .good_end = GW_LOG_BLOCK,
                                .end = GW_LOG_BLOCK,
                                .why = ""};
    uint64_t zeros = gw_log_zeros(from_to(image, GW_LOG_HEAD_BYTES, GW_LOG_BLOCK));
    if (zeros != GW_LOG_BLOCK - GW_LOG_HEAD_BYTES) {
        damaged(&scan, GW_LOG_HEAD_BYTES + zeros, GW_LOG_BLOCK,
                "bytes behind the segment head are not zero");
        return;
    }
    uint64_t data_end = gw_log_align(end_of_data(image), 8);
    for (uint64_t at = GW_LOG_BLOCK; at < data_end;) {
        uint64_t bytes = take_batch(&scan, at);
        if (bytes == 0)
            return;
        at += bytes;
        ret->good_end = at;
        ret->end = gw_log_align(at, GW_LOG_BLOCK);
        at = find_next(&scan, at);
        if (at == 0)
            return;
    }
    check_end(&scan, ret->end);
}
