/*
 * The log against the disk itself: 200-byte records made durable by one client, by 64 clients, and as many as fit, beside
 * raw 4 KiB synced writes into a pre-zeroed file. Both sides take turns in the same minute, on the same filesystem.
 *
 * A client sends a record and waits until it is durable. The 64 clients are served as the engine serves its sessions: by
 * one thread, which packs what has arrived into a batch while the previous sync is in flight.
 *
 *     bench_log [--quick] [--seconds N] [FOLDER]     one JSON object a line; exit 0 when every bar holds
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"
#include "log/log.h"
#include "os/clock.h"
#include "os/env.h"
#include "os/file.h"
#include "os/heap.h"
#include "os/mutex.h"

enum {
    RECORD_BYTES = 200,
    CLIENTS = 64,
    SATURATED_RECORDS = 1200, /* about 256 KiB a batch */
    SATURATED_BATCHES = 8,    /* in flight */
    RAW_BYTES = 64 << 20
};

struct bench {
    struct gw_log *log;
    struct gw_file *raw;
    struct gw_mutex *mutex;
    uint64_t durable; /* under mutex */
    gw_rc failed;     /* under mutex */
    uint64_t raw_at;
    uint8_t *page;
    uint8_t *memory; /* of a batch */
};

/** What one side of one measure came to, over all its turns. */
struct tally {
    double count;
    int64_t ns, cpu_ns;
};

static void check(gw_rc rc, const struct gw_err *err)
{
    if (rc == GW_OK)
        return;
    (void)fprintf(stderr, "bench_log: %s\n", err->msg);
    exit(gw_rc_exit(rc));
}

static void on_synced(void *ctx, gw_rc rc, uint64_t durable_index, const struct gw_err *err)
{
    struct bench *bench = ctx;
    (void)err;
    gw_mutex_lock(bench->mutex);
    bench->durable = durable_index;
    bench->failed = rc;
    gw_mutex_wake(bench->mutex);
    gw_mutex_unlock(bench->mutex);
}

static void wait_durable(struct bench *bench, uint64_t index)
{
    gw_mutex_lock(bench->mutex);
    while (bench->durable < index && bench->failed == GW_OK)
        (void)gw_mutex_wait(bench->mutex, 0);
    gw_rc failed = bench->failed;
    gw_mutex_unlock(bench->mutex);
    check(failed, &(struct gw_err){.msg = "the log failed"});
}

/** Wait for the next sync, or for a spare segment that is being made. */
static void wait_room(struct bench *bench)
{
    gw_mutex_lock(bench->mutex);
    (void)gw_mutex_wait(bench->mutex, gw_clock_mono_ns() + GW_NS_PER_MS);
    gw_mutex_unlock(bench->mutex);
}

static void append(struct bench *bench, uint32_t records)
{
    static const uint8_t record[RECORD_BYTES] = {'r', 'e', 'c', 'o', 'r', 'd'};
    struct gw_err err;
    struct gw_buf buf;
    gw_buf_init_fixed(&buf, bench->memory, GW_LOG_BATCH_MAX);
    for (uint32_t i = 0; i < records; i++)
        gw_log_record_put(&buf, (struct gw_bytes){record, sizeof(record)});
    struct gw_log_batch batch = {.index = gw_log_next_index(bench->log),
                                 .epoch = 1,
                                 .time_ns = gw_clock_wall_ns(),
                                 .records = records,
                                 .payload = gw_buf_bytes(&buf)};
    gw_rc rc;
    while ((rc = gw_log_append(bench->log, &batch, &err)) == GW_BUSY)
        wait_room(bench);
    check(rc, &err);
    if (batch.index % 4096 == 0)
        check(gw_log_keep_from(bench->log, batch.index - 1, &err), &err);
}

/** Every client has one record under way, and sends the next when that one is durable. */
static double run_clients(struct bench *bench, uint32_t clients, int64_t until_ns)
{
    double count = 0;
    while (gw_clock_mono_ns() < until_ns) {
        append(bench, clients);
        wait_durable(bench, gw_log_next_index(bench->log) - 1);
        count += clients;
    }
    return count;
}

static double run_saturated(struct bench *bench, int64_t until_ns)
{
    uint64_t begun = gw_log_next_index(bench->log);
    while (gw_clock_mono_ns() < until_ns) {
        append(bench, SATURATED_RECORDS);
        if (gw_log_next_index(bench->log) > begun + SATURATED_BATCHES)
            wait_durable(bench, gw_log_next_index(bench->log) - SATURATED_BATCHES);
    }
    wait_durable(bench, gw_log_next_index(bench->log) - 1);
    return (double)(gw_log_next_index(bench->log) - begun) * SATURATED_RECORDS;
}

static double run_raw(struct bench *bench, int64_t until_ns)
{
    struct gw_err err;
    double count = 0;
    for (; gw_clock_mono_ns() < until_ns; count++) {
        check(gw_file_write_at(bench->raw, bench->raw_at,
                               (struct gw_bytes){bench->page, GW_FILE_BLOCK}, &err),
              &err);
        if (gw_file_kind(bench->raw) == GW_FILE_BUFFERED)
            check(gw_file_sync_data(bench->raw, &err), &err);
        bench->raw_at = (bench->raw_at + GW_FILE_BLOCK) % RAW_BYTES;
    }
    return count;
}

/** @clients  0: the raw file; UINT32_MAX: saturated */
static void take_turn(struct bench *bench, uint32_t clients, int64_t turn_ns, struct tally *tally)
{
    int64_t begun_ns = gw_clock_mono_ns(), cpu_ns = gw_clock_process_cpu_ns();
    int64_t until_ns = begun_ns + turn_ns;
    tally->count += clients == 0            ? run_raw(bench, until_ns)
                    : clients == UINT32_MAX ? run_saturated(bench, until_ns)
                                            : run_clients(bench, clients, until_ns);
    tally->ns += gw_clock_mono_ns() - begun_ns;
    tally->cpu_ns += gw_clock_process_cpu_ns() - cpu_ns;
}

static bool report(const char *metric, const struct tally *ours, const struct tally *raw,
                   double bar)
{
    double rate = ours->count * (double)GW_NS_PER_S / (double)ours->ns;
    double peer = raw->count * (double)GW_NS_PER_S / (double)raw->ns;
    bool holds = rate >= bar * peer;
    (void)printf("{\"bench\":\"log\",\"metric\":\"%s\",\"unit\":\"records/s\",\"ours\":%.0f,"
                 "\"peer\":\"raw 4 KiB synced writes\",\"peer_value\":%.0f,\"ratio\":%.2f,"
                 "\"bar\":%.1f,\"holds\":%s,\"cpu_us\":%.3f}\n",
                 metric, rate, peer, rate / peer, bar, holds ? "true" : "false",
                 (double)ours->cpu_ns / 1000 / ours->count);
    return holds;
}

static bool measure(struct bench *bench, const char *metric, uint32_t clients, double bar,
                    int64_t seconds)
{
    enum { TURNS = 4 };
    struct tally ours = {0}, raw = {0};
    int64_t turn_ns = seconds * GW_NS_PER_S / TURNS;
    for (int turn = 0; turn < TURNS; turn++) {
        take_turn(bench, 0, turn_ns, &raw);
        take_turn(bench, clients, turn_ns, &ours);
    }
    return report(metric, &ours, &raw, bar);
}

static void open_raw(struct bench *bench, const char *path)
{
    struct gw_err err;
    struct gw_file *file = NULL;
    check(gw_file_open(path, GW_FILE_WRITE | GW_FILE_CREATE, &file, &err), &err);
    check(gw_file_fill_zero(file, RAW_BYTES, &err), &err);
    check(gw_file_sync(file, &err), &err);
    gw_file_close(file);
    check(gw_file_open(path, GW_FILE_WRITE | GW_FILE_DIRECT, &bench->raw, &err), &err);
    bench->page = gw_os_pages_get(GW_FILE_BLOCK);
    bench->memory = gw_os_pages_get(GW_LOG_BATCH_MAX);
    GW_ASSERT(bench->page != NULL && bench->memory != NULL);
    memset(bench->page, 'r', GW_FILE_BLOCK);
}

static void remove_all(const char *folder)
{
    struct gw_arena arena;
    struct gw_text *names;
    size_t count;
    gw_arena_init(&arena, gw_os_heap(), 1 << 20);
    if (gw_folder_list(folder, &arena, &names, &count, NULL) == GW_OK) {
        for (size_t i = 0; i < count; i++) {
            struct gw_text path = gw_arena_printf(&arena, "%s/%s", folder, names[i].data);
            (void)gw_path_remove(path.data, NULL);
        }
    }
    (void)gw_path_remove(folder, NULL);
    gw_arena_done(&arena);
}

static bool run_all(const char *folder, int64_t seconds)
{
    struct bench bench = {0};
    struct gw_err err;
    char path[GW_FILE_PATH_MAX + 8];
    check(gw_folder_make_all(folder, &err), &err);
    check(gw_mutex_new(&bench.mutex, &err), &err);
    (void)snprintf(path, sizeof(path), "%s/raw", folder);
    open_raw(&bench, path);
    struct gw_log_opts opts = {.folder = folder,
                               .magic = "GWBENCH1",
                               .bytes_max = UINT64_C(1) << 30,
                               .on_synced = on_synced,
                               .ctx = &bench};
    check(gw_log_open(&opts, &bench.log, NULL, &err), &err);
    bool holds = measure(&bench, "one client", 1, 0.6, seconds);
    holds &= measure(&bench, "64 clients", CLIENTS, 15, seconds);
    holds &= measure(&bench, "saturated", UINT32_MAX, 40, seconds);
    check(gw_log_close(bench.log, &err), &err);
    gw_file_close(bench.raw);
    gw_os_pages_put(bench.page, GW_FILE_BLOCK);
    gw_os_pages_put(bench.memory, GW_LOG_BATCH_MAX);
    gw_mutex_free(bench.mutex);
    remove_all(folder);
    return holds;
}

int main(int argc, char **argv)
{
    const char *base = "/var/tmp";
    int64_t seconds = 4;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--quick") == 0)
            seconds = 2;
        else if (strcmp(argv[i], "--seconds") == 0 && i + 1 < argc)
            seconds = GW_MAX(1, strtol(argv[++i], NULL, 10)); /* 1 is the answer to nonsense */
        else
            base = argv[i];
    }
    char folder[GW_FILE_PATH_MAX];
    (void)snprintf(folder, sizeof(folder), "%s/godwit-bench-log-%" PRId64, base, gw_os_pid());
    return run_all(folder, seconds) ? 0 : 1;
}
