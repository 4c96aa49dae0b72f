#include "log/format.h"

#include "codec/crc32c.h"

#define BATCH_MAGIC UINT32_C(0x31425747)         /* "GWB1" */
#define END_MAGIC   UINT32_C(0x31455747)         /* "GWE1" */
#define HINT_MAGIC  UINT64_C(0x3130544e49485747) /* "GWHINT01" */

static void put32(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

static void put64(uint8_t *at, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

static uint32_t get32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static uint64_t get64(const uint8_t *at)
{
    return (uint64_t)get32(at) | (uint64_t)get32(at + 4) << 32;
}

size_t gw_log_zeros(struct gw_bytes bytes)
{
    static const uint8_t zeros[512];
    size_t at = 0;
    while (bytes.len - at >= sizeof(zeros) && memcmp(bytes.data + at, zeros, sizeof(zeros)) == 0)
        at += sizeof(zeros);
    while (at < bytes.len && bytes.data[at] == 0)
        at++;
    return at;
}

/* ---- records ---- */

size_t gw_log_record_begin(struct gw_buf *buf)
{
    static const uint8_t head[GW_LOG_RECORD_HEAD_BYTES];
    size_t frame = buf->len;
    gw_buf_put(buf, head, sizeof(head));
    return frame;
}

void gw_log_record_end(struct gw_buf *buf, size_t frame)
{
    static const uint8_t zeros[8];
    if (buf->failed)
        return;
    size_t start = frame + GW_LOG_RECORD_HEAD_BYTES;
    struct gw_bytes record = {buf->data + start, buf->len - start};
    put32(buf->data + frame, (uint32_t)record.len);
    put32(buf->data + frame + 4, gw_crc32c(record));
    gw_buf_put(buf, zeros, gw_log_align(record.len, 8) - record.len);
}

void gw_log_record_put(struct gw_buf *buf, struct gw_bytes record)
{
    size_t frame = gw_log_record_begin(buf);
    gw_buf_put_bytes(buf, record);
    gw_log_record_end(buf, frame);
}

/** @return NULL and the frame's length, or what is wrong */
static const char *frame_decode(struct gw_bytes payload, struct gw_bytes *ret, size_t *ret_frame)
{
    if (payload.len < GW_LOG_RECORD_HEAD_BYTES)
        return "record head cut short";
    size_t bytes = get32(payload.data);
    size_t room = payload.len - GW_LOG_RECORD_HEAD_BYTES;
    if (bytes > room || gw_log_align(bytes, 8) > room)
        return "record longer than its batch";
    struct gw_bytes record = {payload.data + GW_LOG_RECORD_HEAD_BYTES, bytes};
    struct gw_bytes padding = {record.data + bytes, gw_log_align(bytes, 8) - bytes};
    if (gw_crc32c(record) != get32(payload.data + 4))
        return "record CRC is wrong";
    if (gw_log_zeros(padding) != padding.len)
        return "record padding is not zero";
    *ret = record;
    *ret_frame = GW_LOG_RECORD_HEAD_BYTES + bytes + padding.len;
    return NULL;
}

gw_rc gw_log_record_next(struct gw_bytes *payload, struct gw_bytes *ret, struct gw_err *err)
{
    size_t frame;
    if (payload->len == 0)
        return GW_NOTFOUND;
    const char *wrong = frame_decode(*payload, ret, &frame);
    if (wrong != NULL)
        return GW_FAIL(err, GW_CORRUPT, "%s", wrong);
    *payload = (struct gw_bytes){payload->data + frame, payload->len - frame};
    return GW_OK;
}

/* ---- segment head ---- */

void gw_log_segment_head_encode(const struct gw_log_segment_head *head,
                                uint8_t ret[GW_LOG_HEAD_BYTES])
{
    GW_ASSERT(head->blocks < 1u << 24);
    memset(ret, 0, GW_LOG_HEAD_BYTES);
    memcpy(ret, head->magic, 8);
    put32(ret + 8, GW_LOG_VERSION);
    put32(ret + 12, head->blocks << 8);
    memcpy(ret + 16, head->cluster, 16);
    put64(ret + 32, head->first_index);
    put64(ret + 40, (uint64_t)head->created_ns);
    memcpy(ret + 48, head->prev_hash.bytes, 32);
    put32(ret + 124, gw_crc32c((struct gw_bytes){ret, 124}));
}

gw_rc gw_log_segment_head_decode(const uint8_t from[GW_LOG_HEAD_BYTES],
                                 struct gw_log_segment_head *ret, struct gw_err *err)
{
    if (gw_crc32c((struct gw_bytes){from, 124}) != get32(from + 124))
        return GW_FAIL(err, GW_CORRUPT, "segment head CRC is wrong");
    if (get32(from + 8) != GW_LOG_VERSION || (get32(from + 12) & 0xff) != 0) {
        return GW_FAIL(err, GW_UNSUPPORTED,
                       "segment version %u, flags %u; this software knows %d, 0", get32(from + 8),
                       get32(from + 12) & 0xff, GW_LOG_VERSION);
    }
    if (gw_log_zeros((struct gw_bytes){from + 80, 44}) != 44)
        return GW_FAIL(err, GW_CORRUPT, "segment head bytes 80..123 are not zero");
    memcpy(ret->magic, from, 8);
    ret->blocks = get32(from + 12) >> 8;
    memcpy(ret->cluster, from + 16, 16);
    ret->first_index = get64(from + 32);
    ret->created_ns = (int64_t)get64(from + 40);
    memcpy(ret->prev_hash.bytes, from + 48, 32);
    return GW_OK;
}

/* ---- batch ---- */

/** SHA-256(head 8..87 ‖ payload) */
static struct gw_sha256 hash_batch(const uint8_t *head, struct gw_bytes payload)
{
    struct gw_sha256_state state;
    gw_sha256_init(&state);
    gw_sha256_add(&state, (struct gw_bytes){head + 8, 80});
    gw_sha256_add(&state, payload);
    return gw_sha256_end(&state);
}

struct gw_sha256 gw_log_batch_encode(const struct gw_log_batch *batch, struct gw_sha256 prev_hash,
                                     uint8_t *ret)
{
    size_t len = batch->payload.len;
    GW_ASSERT(len % 8 == 0 && len > 0 && len <= GW_LOG_PAYLOAD_MAX);
    GW_ASSERT(batch->records >= 1 && batch->records <= GW_LOG_RECORDS_MAX);
    put32(ret, BATCH_MAGIC);
    put64(ret + 8, batch->index);
    put64(ret + 16, batch->epoch);
    put64(ret + 24, (uint64_t)batch->time_ns);
    put32(ret + 32, batch->records);
    put32(ret + 36, (uint32_t)len);
    memcpy(ret + 40, batch->program, 16);
    memcpy(ret + 56, prev_hash.bytes, 32);
    struct gw_sha256 hash = hash_batch(ret, batch->payload);
    memcpy(ret + 88, hash.bytes, 32);
    put32(ret + 120, gw_crc32c(batch->payload));
    memcpy(ret + GW_LOG_HEAD_BYTES, batch->payload.data, len);
    uint8_t *end = ret + GW_LOG_HEAD_BYTES + len;
    put32(end, END_MAGIC);
    put32(end + 4, (uint32_t)gw_log_batch_bytes(len));
    put64(end + 8, batch->index);
    gw_log_batch_number(ret, 0);
    return hash;
}

void gw_log_batch_number(uint8_t *encoded, uint32_t number)
{
    put32(encoded + 124, number);
    put32(encoded + 4, gw_crc32c((struct gw_bytes){encoded + 8, 120}));
}

const char *gw_log_batch_head_decode(const uint8_t *from, struct gw_log_batch_head *ret)
{
    if (get32(from) != BATCH_MAGIC)
        return "no batch begins here";
    if (gw_crc32c((struct gw_bytes){from + 8, 120}) != get32(from + 4))
        return "batch head CRC is wrong";
    ret->index = get64(from + 8);
    ret->epoch = get64(from + 16);
    ret->time_ns = (int64_t)get64(from + 24);
    ret->records = get32(from + 32);
    ret->payload_bytes = get32(from + 36);
    memcpy(ret->program, from + 40, 16);
    memcpy(ret->prev_hash.bytes, from + 56, 32);
    memcpy(ret->hash.bytes, from + 88, 32);
    ret->payload_crc = get32(from + 120);
    ret->number = get32(from + 124);
    if (ret->records < 1 || ret->records > GW_LOG_RECORDS_MAX)
        return "batch head counts an impossible number of records";
    if (ret->payload_bytes == 0 || ret->payload_bytes % 8 != 0 ||
        ret->payload_bytes > GW_LOG_PAYLOAD_MAX)
        return "batch head names an impossible length";
    return NULL;
}

/** Every frame, and their number. */
static const char *check_records(struct gw_bytes payload, uint32_t records)
{
    for (uint32_t i = 0; i < records; i++) {
        struct gw_bytes record;
        size_t frame;
        const char *wrong = frame_decode(payload, &record, &frame);
        if (wrong != NULL)
            return wrong;
        payload = (struct gw_bytes){payload.data + frame, payload.len - frame};
    }
    return payload.len == 0 ? NULL : "batch holds more than its records";
}

const char *gw_log_batch_decode(struct gw_bytes from, enum gw_log_depth depth,
                                struct gw_log_batch_head *ret_head, struct gw_bytes *ret_payload)
{
    struct gw_log_batch_head head;
    if (from.len < GW_LOG_HEAD_BYTES)
        return "batch head cut short";
    const char *wrong = gw_log_batch_head_decode(from.data, &head);
    if (wrong != NULL)
        return wrong;
    size_t total = gw_log_batch_bytes(head.payload_bytes);
    if (from.len < total)
        return "batch cut short";
    struct gw_bytes payload = {from.data + GW_LOG_HEAD_BYTES, head.payload_bytes};
    const uint8_t *end = payload.data + payload.len;
    if (get32(end) != END_MAGIC || get32(end + 4) != total || get64(end + 8) != head.index)
        return "batch end is wrong";
    if (gw_crc32c(payload) != head.payload_crc)
        return "batch payload CRC is wrong";
    if (depth == GW_LOG_FULL) {
        wrong = check_records(payload, head.records);
        if (wrong != NULL)
            return wrong;
        if (!gw_sha256_equal(hash_batch(from.data, payload), head.hash))
            return "batch hash is wrong";
    }
    *ret_head = head;
    *ret_payload = payload;
    return NULL;
}

void gw_log_batch_of(const struct gw_log_batch_head *head, struct gw_bytes payload,
                     struct gw_log_batch *ret)
{
    *ret = (struct gw_log_batch){.index = head->index,
                                 .epoch = head->epoch,
                                 .time_ns = head->time_ns,
                                 .records = head->records,
                                 .payload = payload,
                                 .prev_hash = head->prev_hash,
                                 .hash = head->hash};
    memcpy(ret->program, head->program, sizeof(ret->program));
}

/* ---- hint ---- */

/* Slot: 0 magic "GWHINT01" · 8 u64 index · 16 u64 turn · 24 u32 crc32c(0..23) · zeros to 512. */
void gw_log_hint_encode(uint64_t index, uint64_t turn, uint8_t ret[GW_LOG_SECTOR])
{
    memset(ret, 0, GW_LOG_SECTOR);
    put64(ret, HINT_MAGIC);
    put64(ret + 8, index);
    put64(ret + 16, turn);
    put32(ret + 24, gw_crc32c((struct gw_bytes){ret, 24}));
}

struct gw_log_hint gw_log_hint_decode(struct gw_bytes file)
{
    struct gw_log_hint hint = {0};
    if (file.len > GW_LOG_HINT_BYTES)
        hint.damaged++;
    for (size_t at = 0; at < GW_MIN(file.len, (size_t)GW_LOG_HINT_BYTES); at += GW_LOG_SECTOR) {
        struct gw_bytes slot = {file.data + at, GW_MIN(file.len - at, (size_t)GW_LOG_SECTOR)};
        size_t zeros = gw_log_zeros(slot);
        if (zeros == slot.len)
            continue;
        struct gw_bytes rest = {slot.data + 28, slot.len < 28 ? 0 : slot.len - 28};
        if (slot.len < GW_LOG_SECTOR || get64(slot.data) != HINT_MAGIC ||
            gw_crc32c((struct gw_bytes){slot.data, 24}) != get32(slot.data + 24) ||
            gw_log_zeros(rest) != rest.len) {
            hint.damaged++;
            continue;
        }
        hint.index = GW_MAX(hint.index, get64(slot.data + 8));
        hint.turn = GW_MAX(hint.turn, get64(slot.data + 16));
    }
    return hint;
}
