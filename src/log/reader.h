/**
 * Reading batches in order, from any index that is kept, up to what is durable at the moment. A reader at the end
 * becomes a tailing reader: ask again after the next on_synced().
 *
 * Thread: one per reader, any. Lifetime: before gw_log_close(). A reader holds one file and one buffer.
 */
#ifndef GW_LOG_READER_H
#define GW_LOG_READER_H

#include "log/log.h"

struct gw_log_reader; /* opaque */

/** @return GW_NOTFOUND `from_index` is older than what is kept, or beyond the batch after the last durable one */
gw_rc gw_log_reader_open(struct gw_log *log, uint64_t from_index, struct gw_log_reader **ret,
                         struct gw_err *err);
/**
 * The next durable batch: CRCs, index and chain are checked. Its payload points into the reader's buffer and lives until
 * the next call.
 * @return GW_OK · GW_NOTFOUND nothing more is durable yet (err untouched) · GW_CLOSED the batch is no longer kept ·
 *          GW_CORRUPT GW2701 · GW_IO · GW_NOMEM
 */
gw_rc gw_log_reader_next(struct gw_log_reader *reader, struct gw_log_batch *ret,
                         struct gw_err *err);
/** Index that the next call looks for. */
uint64_t gw_log_reader_index(const struct gw_log_reader *reader);
/** Accepts NULL. */
void gw_log_reader_close(struct gw_log_reader *reader);

#endif
