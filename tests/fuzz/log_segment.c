/*
 * A segment from a stranger. Properties: a head that is accepted is written back byte by byte; whatever the scan accepts
 * reads the same again, batch by batch; what it calls torn becomes clean by zeroing just that range, with the same end;
 * every finding is located.
 */
#include <stdlib.h>

#include "log/scan.h"
#include "os/heap.h"

enum { BYTES_MAX = 1 << 16 };

struct seen {
    struct gw_bytes image;
    uint64_t next_index;
};

static void check_batch(void *ctx, uint64_t offset, const struct gw_log_batch_head *head)
{
    struct seen *seen = ctx;
    struct gw_bytes record,
        payload = {seen->image.data + offset + GW_LOG_HEAD_BYTES, head->payload_bytes};
    struct gw_err err;
    uint32_t records = 0;
    GW_ASSERT(head->index == seen->next_index++);
    while (gw_log_record_next(&payload, &record, &err) == GW_OK)
        records++;
    GW_ASSERT(payload.len == 0 && records == head->records);

    static uint8_t again[BYTES_MAX];
    struct gw_log_batch batch;
    gw_log_batch_of(
        head, (struct gw_bytes){seen->image.data + offset + GW_LOG_HEAD_BYTES, head->payload_bytes},
        &batch);
    (void)gw_log_batch_encode(&batch, head->prev_hash, again);
    gw_log_batch_number(again, head->number);
    GW_ASSERT(memcmp(again, seen->image.data + offset, gw_log_batch_bytes(head->payload_bytes)) ==
              0);
}

static struct gw_log_scan scan(struct gw_bytes image, const struct gw_log_segment_head *head)
{
    struct seen seen = {.image = image, .next_index = head->first_index};
    struct gw_log_scan ret;
    gw_log_scan(image,
                &(struct gw_log_scan_opts){.index = head->first_index,
                                           .prev_hash = head->prev_hash,
                                           .is_last = true,
                                           .on_batch = check_batch,
                                           .ctx = &seen},
                &ret);
    GW_ASSERT(ret.next_index == seen.next_index);
    return ret;
}

static void check_head(const uint8_t *data, struct gw_log_segment_head *ret)
{
    uint8_t again[GW_LOG_HEAD_BYTES];
    struct gw_err err;
    gw_rc rc = gw_log_segment_head_decode(data, ret, &err);
    GW_ASSERT(rc == GW_OK || (err.rc == rc && err.msg[0] != '\0'));
    if (rc == GW_OK) {
        gw_log_segment_head_encode(ret, again);
        GW_ASSERT(memcmp(again, data, sizeof(again)) == 0);
    } else {
        *ret = (struct gw_log_segment_head){.first_index = 1}; /* scan as if it were a new log */
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    (void)gw_log_hint_decode((struct gw_bytes){data, size});
    if (size < GW_LOG_HEAD_BYTES || size > BYTES_MAX)
        return 0;
    struct gw_log_segment_head head;
    check_head(data, &head);
    size_t bytes = gw_log_align(size, GW_LOG_BLOCK);
    uint8_t *image = gw_os_pages_get(bytes);
    GW_ASSERT(image != NULL);
    memcpy(image, data, size);
    struct gw_log_scan got = scan((struct gw_bytes){image, bytes}, &head);
    if (got.finding == GW_LOG_TORN) {
        GW_ASSERT(got.bad_from < got.bad_to && got.bad_to <= bytes);
        memset(image + got.bad_from, 0, got.bad_to - got.bad_from);
        struct gw_log_scan again = scan((struct gw_bytes){image, bytes}, &head);
        GW_ASSERT(again.finding == GW_LOG_CLEAN && again.next_index == got.next_index);
        GW_ASSERT(again.end == got.end);
    }
    GW_ASSERT((got.finding == GW_LOG_CLEAN) == (got.why[0] == '\0'));
    gw_os_pages_put(image, bytes);
    return 0;
}
