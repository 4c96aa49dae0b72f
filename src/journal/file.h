/** The journal of one node: room log in STATE/journal. */
#ifndef GW_JOURNAL_FILE_H
#define GW_JOURNAL_FILE_H

#include "journal/journal.h"
#include "log/log.h"

struct gw_journal_file_opts {
    const char *folder;
    uint8_t cluster[16];
    uint64_t verify_from;   /* batches before it are covered by a checkpoint */
    uint64_t segment_bytes; /* 0: default */
    uint64_t bytes_max;     /* 0: default */
    struct gw_journal_events events;
};

/** @ret_report may be NULL. Errors: as gw_log_open(). */
GW_NODISCARD gw_rc gw_journal_file_open(const struct gw_journal_file_opts *opts,
                                        struct gw_journal **ret, struct gw_log_report *ret_report,
                                        struct gw_err *err);

#endif
