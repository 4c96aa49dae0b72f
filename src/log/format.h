/**
 * The bytes of a log: segment head, batch, record, durable hint. Pure: bytes to structs and back, no file.
 *
 * All numbers little endian. A segment is a file of whole 4096-byte blocks, zero where nothing was written:
 *
 *     block 0          segment head (128 B), zeros
 *     block 1 ..       syncs, each beginning at a block: batch, batch, … each at the next multiple of 8
 *     behind the last  zeros to the end of the file
 *
 * A batch never begins in the middle of a sync at a multiple of 512: so where a sync goes on, its last sector says so,
 * and a reader can tell a missing sector from the end of the sync.
 * Format: docs/formats.md#segment and #batch.
 */
#ifndef GW_LOG_FORMAT_H
#define GW_LOG_FORMAT_H

#include "base/buf.h"
#include "base/hash.h"

enum {
    GW_LOG_HEAD_BYTES = 128, /* of a segment and of a batch */
    GW_LOG_END_BYTES = 16,
    GW_LOG_RECORD_HEAD_BYTES = 8,
    GW_LOG_BLOCK = 4096,
    GW_LOG_SECTOR = 512, /* what a disk writes whole or not at all */
    GW_LOG_VERSION = 1,
    GW_LOG_RECORDS_MAX = 4096,
    GW_LOG_BATCH_MAX = 1 << 20, /* head, payload and end */
    GW_LOG_PAYLOAD_MAX = GW_LOG_BATCH_MAX - GW_LOG_HEAD_BYTES - GW_LOG_END_BYTES,
    GW_LOG_HINT_BYTES = 1024 /* two slots, one sector each */
};

struct gw_log_segment_head {
    uint8_t magic[8]; /* which kind of log: "GWJRNL01" */
    uint32_t blocks;  /* size of the file in blocks; in `flags`, bits 8..31 */
    uint8_t cluster[16];
    uint64_t first_index;
    int64_t created_ns;
    struct gw_sha256 prev_hash; /* of the batch before the first one; zero for the first of all */
};

struct gw_log_batch_head {
    uint64_t index, epoch;
    int64_t time_ns;
    uint32_t records, payload_bytes;
    uint8_t program[16];
    struct gw_sha256 prev_hash, hash;
    uint32_t payload_crc;
    uint32_t number; /* in its sync, from 0 */
};

/** A batch as callers and readers see it. */
struct gw_log_batch {
    uint64_t index, epoch;
    int64_t time_ns;
    uint8_t program[16];
    uint32_t records;                 /* 1 .. GW_LOG_RECORDS_MAX */
    struct gw_bytes payload;          /* framed records; borrowed */
    struct gw_sha256 prev_hash, hash; /* filled by readers, ignored by gw_log_append() */
};

/** Frame one record: length, CRC, bytes, zeros to a multiple of 8. `buf` reports failure at its check. */
void gw_log_record_put(struct gw_buf *buf, struct gw_bytes record);
/** The same without a copy: encode behind what begin() made, then end(). @return where the frame begins, for end() */
size_t gw_log_record_begin(struct gw_buf *buf);
void gw_log_record_end(struct gw_buf *buf, size_t frame);

/**
 * The next record of a payload; `payload` moves behind it.
 * @return GW_OK · GW_NOTFOUND at the end (err untouched) · GW_CORRUPT bad length, CRC or padding
 */
gw_rc gw_log_record_next(struct gw_bytes *payload, struct gw_bytes *ret, struct gw_err *err);

/** Head, payload and end of a batch together: what it takes in the file before alignment. */
static inline size_t gw_log_batch_bytes(size_t payload_bytes)
{
    return GW_LOG_HEAD_BYTES + payload_bytes + GW_LOG_END_BYTES;
}

void gw_log_segment_head_encode(const struct gw_log_segment_head *head,
                                uint8_t ret[GW_LOG_HEAD_BYTES]);
/** @return GW_CORRUPT not a segment head · GW_UNSUPPORTED another version */
gw_rc gw_log_segment_head_decode(const uint8_t from[GW_LOG_HEAD_BYTES],
                                 struct gw_log_segment_head *ret, struct gw_err *err);

/** Write head, payload and end into ret[gw_log_batch_bytes()]; number 0. @return the batch's hash */
struct gw_sha256 gw_log_batch_encode(const struct gw_log_batch *batch, struct gw_sha256 prev_hash,
                                     uint8_t *ret);
/** Set the number in its sync and the head's CRC, in place. */
void gw_log_batch_number(uint8_t *encoded, uint32_t number);

/** @return NULL when from[128] is a batch head with a right CRC and possible sizes, otherwise what is wrong */
const char *gw_log_batch_head_decode(const uint8_t *from, struct gw_log_batch_head *ret);

enum gw_log_depth {
    GW_LOG_CRC, /* head, payload and end mark: damage */
    GW_LOG_FULL /* and every record's frame, and the SHA-256: everything there is to check */
};
/**
 * A whole batch at the start of `from`, which may go on behind it.
 * @return NULL and both outputs, or what is wrong (static text)
 */
const char *gw_log_batch_decode(struct gw_bytes from, enum gw_log_depth depth,
                                struct gw_log_batch_head *ret_head, struct gw_bytes *ret_payload);
void gw_log_batch_of(const struct gw_log_batch_head *head, struct gw_bytes payload,
                     struct gw_log_batch *ret);

/** The hint: highest index known durable. Two slots written in turn, so a torn write leaves the other. */
struct gw_log_hint {
    uint64_t index;   /* 0: nothing known */
    uint64_t turn;    /* of the newer slot; the next write goes to slot (turn + 1) % 2 */
    uint32_t damaged; /* slots that are neither empty nor right */
};
void gw_log_hint_encode(uint64_t index, uint64_t turn, uint8_t ret[GW_LOG_SECTOR]);
/** Missing bytes read as empty slots. */
struct gw_log_hint gw_log_hint_decode(struct gw_bytes file);

/** The length of the run of zero bytes at the start. */
size_t gw_log_zeros(struct gw_bytes bytes);

static inline uint64_t gw_log_align(uint64_t offset, uint64_t to)
{
    return (offset + to - 1) / to * to;
}

#endif
