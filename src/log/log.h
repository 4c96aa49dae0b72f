/**
 * A log: batches of records, numbered without gaps, chained by hash, in a folder of segments. The journal, the capture
 * stream and the audit trail are each one of these.
 *
 * THE CONTRACT (what a simulated disk may assume, and what callers may build on)
 *
 * Order.       Batches become durable in the order of gw_log_append(), and on_synced() reports them in that order: when
 *              it says N, every batch up to N is durable. One sync is in flight at a time. A later sync never reaches
 *              the disk before an earlier one has been reported.
 * Grouping.    There is no timer. While a sync is in flight appends are packed into the next one: the sync in flight is
 *              the timer.
 * Durability.  Durable means that the disk has said so (O_DIRECT|O_DSYNC where the filesystem takes it, else write and
 *              fdatasync), in a file whose name was made durable before. Until then the disk may hold any subset of the
 *              512-byte sectors of the one sync in flight, and nothing of any later one.
 * Rewriting.   A block that holds a durable batch is never written again, but by recovery after a crash, and then with
 *              the bytes it holds. Space is zeroed before it is used.
 * Acceptance.  gw_log_append() accepts only what is sure to find room: in the current segment or in the spare one, which
 *              exists already. So a full disk shows as GW_FULL before acceptance and damages nothing; the spare is tried
 *              again each second. bytes_max, and too much in flight, show as GW_BUSY.
 * Errors.      Any failed write or sync is the end of this log: on_synced() says so once (rc < 0), nothing accepted and
 *              not yet reported will ever be, every later append fails with GW_IO. What is on the disk is unknown until
 *              recovery reads it, so the caller ends the process: after a failed sync the page cache lies.
 * Recovery.    gw_log_open() reads what is there. A sync that the crash cut short is zeroed and reported with its byte
 *              range. Anything else that does not fit is GW_CORRUPT with GW2701, segment and offset, and nothing on the
 *              disk has been changed. scan.h has the rule.
 * Hint.        FOLDER/durable holds the last durable index, written every 100 ms without a sync and exactly at a clean
 *              close. It only ever turns "torn" into "damage"; it never makes anything valid.
 *
 * Threads: open, append, keep_from and close are the owner's, one thread at a time. on_synced() runs on the log's writer
 * thread: it hands the index on (gw_actor_send_always, an atomic) and returns. Readers and stats: any thread.
 * The simulator links its own actors, files and clock below this; the code here is the same.
 */
#ifndef GW_LOG_LOG_H
#define GW_LOG_LOG_H

#include "log/format.h"

struct gw_log; /* opaque: fields in log_int.h */

struct gw_log_opts {
    const char *folder; /* made when missing */
    uint8_t magic[8];   /* the kind of log; another kind is refused */
    uint8_t cluster[16];
    uint64_t first_index;   /* of a new log; 0 means 1 */
    uint64_t verify_from;   /* segments that end before this index are not read; 0: read all */
    uint64_t segment_bytes; /* of new segments; 0: 64 MiB; at least 16 KiB, a multiple of 4096 */
    uint64_t bytes_max;     /* all segments and the spare; 0: 64 GiB; at least 3 segments */
    uint32_t in_flight_max; /* batches accepted and not durable; 0: 1024 */
    uint64_t
        in_flight_bytes_max; /* their bytes; 0: 4 MiB; at most segment_bytes - 4 KiB; also bounds a batch */
    uint32_t hint_every_ms; /* 0: 100 */
    /** After every sync, and once with rc < 0 when the log has failed (durable_index: what stays true). */
    void (*on_synced)(void *ctx, gw_rc rc, uint64_t durable_index, const struct gw_err *err);
    void *ctx;
};

enum { GW_LOG_SEGMENT_NAME_MAX = 32 };

/** What recovery found. */
struct gw_log_report {
    uint64_t first_index; /* oldest batch kept; next_index when there is none */
    uint64_t next_index;  /* of the batch to append next */
    struct gw_sha256 last_hash;
    uint64_t hint_index;
    uint32_t hint_damaged; /* slots of the hint that had to be ignored */
    uint32_t segments;
    uint64_t batches_verified, records_verified, bytes_verified;
    /* the torn tail that was zeroed: torn_to == 0 means none */
    char torn_segment[GW_LOG_SEGMENT_NAME_MAX];
    uint64_t torn_from, torn_to;
    const char *torn_why; /* static */
};

/**
 * Recover what is in the folder and get ready to append.
 * @ret_report  may be NULL
 * @return GW_CORRUPT   GW2701: damage; place names segment and offset; nothing was changed
 *         GW_INVALID   GW2702: another kind of log, or another cluster's
 *         GW_UNSUPPORTED a newer format · GW_CONFLICT another process has it open · GW_FULL · GW_IO · GW_NOMEM
 */
gw_rc gw_log_open(const struct gw_log_opts *opts, struct gw_log **ret,
                  struct gw_log_report *ret_report, struct gw_err *err);

/**
 * Accept one batch. Copies it; never waits for the disk.
 * @batch   index is the next one (asserted); prev_hash and hash are filled in by the log
 * @return  GW_OK    accepted: on_synced() will report an index >= this one, or the log fails
 *          GW_BUSY  too much in flight, no spare segment yet, or bytes_max reached: slow the source down, retry after the
 *                   next on_synced() or gw_log_keep_from()
 *          GW_FULL  the disk is full: nothing is damaged; retry later
 *          GW_TOOLARGE payload above GW_LOG_PAYLOAD_MAX, or too many records · GW_IO the log has failed · GW_NOMEM
 */
GW_NODISCARD gw_rc gw_log_append(struct gw_log *log, const struct gw_log_batch *batch,
                                 struct gw_err *err);

/** The index that the next append must carry, and the hash it will follow. Owner's thread. */
uint64_t gw_log_next_index(const struct gw_log *log);
struct gw_sha256 gw_log_last_hash(const struct gw_log *log);
/** Every batch up to this index is durable. Any thread. */
uint64_t gw_log_durable_index(const struct gw_log *log);
/** Oldest batch still kept. Any thread. */
uint64_t gw_log_first_index(struct gw_log *log);

/** Batches before `index` are no longer needed: whole segments of them are recycled, soon. */
gw_rc gw_log_keep_from(struct gw_log *log, uint64_t index, struct gw_err *err);

enum { GW_LOG_LATENCY_SLOTS = 32 };

struct gw_log_stats {
    uint64_t first_index, next_index, durable_index;
    uint64_t segments, disk_bytes;         /* with the spare */
    uint64_t in_flight, in_flight_bytes;   /* batches; bytes reserved for them */
    uint64_t syncs, batches, synced_bytes; /* since open; bytes with padding */
    uint64_t sync_ns_total;
    uint64_t sync_slots
        [GW_LOG_LATENCY_SLOTS]; /* [i]: syncs of 2^i .. 2^(i+1)-1 microseconds ([0]: below 2) */
    bool is_direct;             /* O_DIRECT|O_DSYNC in use */
    bool has_spare;
};
void gw_log_stats(struct gw_log *log, struct gw_log_stats *ret);

/** Make everything accepted durable, write the exact hint, stop the threads. Accepts NULL.
 *  @return GW_IO when the log had failed or fails now; it is closed in any case */
gw_rc gw_log_close(struct gw_log *log, struct gw_err *err);

#endif
