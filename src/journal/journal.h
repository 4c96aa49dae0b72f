/**
 * The journal: one total order of batches that every node sees alike. An interface with one file per kind:
 * file.c (one node, on room log); etcd.c (several nodes) comes later and needs no change here.
 *
 * Only the leader appends. Outcomes arrive in order, exactly one for every accepted append:
 *   DURABLE   every batch up to this index will survive anything the journal promises to survive
 *   CONFLICT  another leader's batch stands at this index: nothing of ours at or after it exists; step down
 *   FAILED    the journal is broken: nobody knows what of the unreported appends exists; end the process
 * A lost answer is the implementation's to settle (repeat the identical append until one of the above is certain).
 * Nothing may be acknowledged, pushed or shown from a batch before its DURABLE.
 *
 * Threads: all calls by the owner's thread; callbacks on any thread, they hand over and return at once.
 */
#ifndef GW_JOURNAL_JOURNAL_H
#define GW_JOURNAL_JOURNAL_H

#include "log/format.h"

struct gw_journal;
struct gw_journal_reader;

enum gw_journal_outcome { GW_JOURNAL_DURABLE, GW_JOURNAL_CONFLICT, GW_JOURNAL_FAILED };

struct gw_journal_events {
    /** Outcome of all accepted appends up to `index`. `err` is set on FAILED, borrowed for the call. */
    void (*on_outcome)(void *ctx, enum gw_journal_outcome outcome, uint64_t index,
                       const struct gw_err *err);
    /** A durable batch of another leader, in order, once. Never on one node. */
    void (*on_batch)(void *ctx, const struct gw_log_batch *batch);
    /** Answer of tail(): the newest durable index, linearizable. */
    void (*on_tail)(void *ctx, gw_rc rc, uint64_t index);
    void *ctx;
};

struct gw_journal_stats {
    uint64_t first_index, next_index, durable_index;
    uint64_t disk_bytes, syncs, synced_bytes, sync_ns_total;
    bool is_direct;
};

struct gw_journal_ops {
    /**
     * @batch  index is the next one (asserted); copied
     * @return GW_OK accepted · GW_BUSY too much in flight or the journal is full · GW_FULL no space (both: nothing is
     *         damaged, retry after the next outcome or later) · GW_TOOLARGE · GW_IO the journal has failed
     */
    gw_rc (*append)(struct gw_journal *journal, const struct gw_log_batch *batch,
                    struct gw_err *err);
    uint64_t (*next_index)(const struct gw_journal *journal);
    uint64_t (*durable_index)(const struct gw_journal *journal);
    /** Ask for the tail; on_tail() answers, possibly from inside the call. */
    void (*tail)(struct gw_journal *journal);
    gw_rc (*reader_open)(struct gw_journal *journal, uint64_t from_index,
                         struct gw_journal_reader **ret, struct gw_err *err);
    /** @return GW_NOTFOUND: nothing more is durable yet (err untouched) · GW_CORRUPT */
    gw_rc (*reader_next)(struct gw_journal_reader *reader, struct gw_log_batch *ret,
                         struct gw_err *err);
    void (*reader_close)(struct gw_journal_reader *reader); /* accepts NULL */
    /** Batches before `index` are no longer needed here. */
    gw_rc (*keep_from)(struct gw_journal *journal, uint64_t index, struct gw_err *err);
    void (*stats)(struct gw_journal *journal, struct gw_journal_stats *ret);
    gw_rc (*close)(struct gw_journal *journal, struct gw_err *err);
};

struct gw_journal {
    const struct gw_journal_ops *ops; /* implementations embed this as their first member */
};

#endif
