/**
 * Reads one segment from its first byte to its last and says where it ends and why. Pure: the image is in memory,
 * nothing is changed. Recovery acts on what this finds; tests and fuzzers run it on every damage they can think of.
 *
 * A crash can leave the last sync half written, sector by sector. That is *torn*: nobody was told that it is durable.
 * Everything else that does not fit is *damage*, and nobody but a person may decide about it.
 * Torn is the first bad batch only if
 *   - no later segment exists, and its index is above the durable hint;
 *   - every later batch head with a right CRC belongs to the same sync (its number and its index rise together);
 *   - at least one 512-byte sector of that sync still reads all zero: a sector that never arrived.
 */
#ifndef GW_LOG_SCAN_H
#define GW_LOG_SCAN_H

#include "log/format.h"

enum gw_log_finding {
    GW_LOG_CLEAN,  /* ends with zeros, or exactly at its end */
    GW_LOG_TORN,   /* ends with a sync that was never finished */
    GW_LOG_DAMAGED /* an acknowledged byte may have changed */
};

struct gw_log_scan_opts {
    uint64_t index;             /* of the batch expected first */
    struct gw_sha256 prev_hash; /* of the one before it */
    uint64_t hint_index;        /* durable for sure; 0: nothing is */
    bool is_last;               /* no later segment exists */
    void (*on_batch)(void *ctx, uint64_t offset,
                     const struct gw_log_batch_head *head); /* may be NULL */
    void *ctx;
};

struct gw_log_scan {
    enum gw_log_finding finding;
    uint64_t next_index;        /* behind the last good batch */
    struct gw_sha256 last_hash; /* of the last good batch, or opts.prev_hash */
    uint64_t last_sync;         /* where the sync of the last good batch begins; 0: there is none */
    uint64_t good_end;          /* behind the last good batch; 4096 when there is none */
    uint64_t end;               /* where the next sync may begin, a multiple of 4096 */
    uint64_t batches, records, data_bytes;
    uint64_t bad_from, bad_to; /* byte range: of the torn sync to be zeroed, or of the damage */
    const char *why;           /* static; "" when clean */
};

/** @image  a whole segment, a multiple of 4096 and at least one block; its head has been decoded already */
void gw_log_scan(struct gw_bytes image, const struct gw_log_scan_opts *opts,
                 struct gw_log_scan *ret);

#endif
