/**
 * The side index of a sealed segment: where every 64th batch begins, and the SHA-256 of the whole file. It can always
 * be made again from the segment; a damaged one is ignored. Format: docs/formats.md#side.
 */
#ifndef GW_LOG_SIDE_H
#define GW_LOG_SIDE_H

#include "log/log_int.h"

struct gw_log_side {
    uint64_t first_index, next_index;
    struct gw_sha256 file_hash, last_hash;
    const uint8_t *offsets; /* of batches first_index + 64 i: u64 little endian; in the arena */
    size_t count;
};

/** Read the sealed segment through and store its side index durably. @return GW_CORRUPT GW2701 */
gw_rc gw_log_side_make(const struct gw_log *log, uint64_t first_index, struct gw_err *err);
/** @return GW_NOTFOUND · GW_CORRUPT; both mean: do without */
gw_rc gw_log_side_load(const struct gw_log *log, uint64_t first_index, struct gw_arena *arena,
                       struct gw_log_side *ret, struct gw_err *err);
/** A place at or before `index`, which lies in the segment. */
uint64_t gw_log_side_find(const struct gw_log_side *side, uint64_t index, uint64_t *ret_index);

/** A segment into memory, its head decoded and checked against the log and the name.
 *  @ret_image  from gw_os_heap(), its length is what to give back; written on success */
gw_rc gw_log_segment_load(const struct gw_log *log, uint64_t first_index,
                          struct gw_bytes *ret_image, struct gw_log_segment_head *ret_head,
                          struct gw_err *err);

#endif
