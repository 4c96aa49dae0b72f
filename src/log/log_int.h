/**
 * Inside of a log: who owns which field.
 *
 *   owner   next_index, last_hash                     gw_log_append() and friends
 *   writer  writer.*                                  the actor that packs, writes, syncs, rolls (writer.c)
 *   keeper  keeper.*                                  the actor that prepares spares, seals, retires (keeper.c)
 *   shared  shared.*, under `mutex`                   what they tell each other
 *
 * Files in FOLDER: %020u.gwj segments · %020u.gwx their side indexes · spare · durable · lock.
 */
#ifndef GW_LOG_LOG_INT_H
#define GW_LOG_LOG_INT_H

#include <stdatomic.h>

#include "log/log.h"
#include "os/actor.h"
#include "os/file.h"
#include "os/mutex.h"

enum { GW_LOG_WRITE_BYTES = 2 * GW_LOG_BATCH_MAX, GW_LOG_SIDE_EVERY = 64 };

struct gw_log_segment {
    uint64_t first_index, bytes;
    bool is_sealed; /* its side index exists */
};

/** One accepted batch on its way to the writer. */
struct gw_log_pack {
    struct gw_msg msg;
    uint64_t index;
    struct gw_sha256 hash;
    size_t bytes;     /* of data: the encoded batch */
    uint64_t reserve; /* bytes that acceptance set aside: `bytes` in whole blocks */
    uint8_t data[];
};

struct gw_log {
    struct gw_log_opts opts; /* complete; folder points to the copy below */
    struct gw_lock *lock;
    struct gw_mutex *mutex;
    atomic_uint_fast64_t durable_index;

    uint64_t next_index;
    struct gw_sha256 last_hash;

    struct {
        struct gw_log_segment *segments; /* oldest first; the last one is written to */
        size_t count, max;
        uint64_t room_bytes; /* left in the last segment */
        uint64_t in_flight, in_flight_bytes;
        uint64_t keep_from;
        bool has_spare, has_failed, is_full; /* is_full: bytes_max forbids another segment */
        struct gw_err spare_err; /* why there is none; rc GW_OK: not tried, or being made */
        struct gw_err failure;
        struct gw_log_stats stats; /* counters only */
    } shared;

    struct {
        struct gw_actor *actor;
        struct gw_file *file; /* the last segment */
        uint64_t at, bytes;   /* where the next sync goes; size of the file */
        uint8_t *pages;       /* GW_LOG_WRITE_BYTES; the sync being packed */
        size_t fill;
        uint32_t number;
        uint64_t batches, reserve; /* in `pages` */
        uint64_t last_index;       /* packed or written */
        struct gw_sha256 last_hash;
        struct gw_file *hint;
        uint64_t hint_index, hint_turn;
        int64_t hint_due_ns;
        bool has_failed;
    } writer;

    struct {
        struct gw_actor *actor;
        struct gw_msg kick;
        atomic_bool is_kicked;
    } keeper;

    char folder[];
};

/** FOLDER/name into ret[GW_FILE_PATH_MAX]; the length was checked at open. */
void gw_log_path(const struct gw_log *log, const char *name, char *ret);
/** "%020u.gwj" and "%020u.gwx" into ret[GW_LOG_SEGMENT_NAME_MAX]. */
void gw_log_segment_name(uint64_t first_index, char *ret);
void gw_log_side_name(uint64_t first_index, char *ret);

/** Fill `err` with GW2701: segment, byte range, what is wrong. @return GW_CORRUPT */
gw_rc gw_log_damage(struct gw_err *err, uint64_t first_index, uint64_t from, uint64_t to,
                    const char *why);

/* recover.c */
gw_rc gw_log_recover(struct gw_log *log, struct gw_log_report *report, struct gw_err *err);

/* writer.c */
void gw_log_writer_message(void *ctx, struct gw_msg *msg);
void gw_log_writer_idle(void *ctx);
/** Turn the spare into the segment that begins behind the last batch, and write there from now on. */
gw_rc gw_log_roll(struct gw_log *log, struct gw_err *err);
gw_rc gw_log_hint_write(struct gw_log *log, struct gw_err *err);

/* keeper.c */
void gw_log_keeper_message(void *ctx, struct gw_msg *msg);
void gw_log_keeper_idle(void *ctx);
/** Look for work. Any thread. */
void gw_log_keeper_kick(struct gw_log *log);
gw_rc gw_log_make_spare(struct gw_log *log, struct gw_err *err);

#endif
