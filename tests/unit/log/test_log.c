#include "log/log.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include "kit/kit.h"

#include "base/time.h"
#include "log/reader.h"
#include "os/clock.h"
#include "os/crash.h"
#include "os/file.h"
#include "os/mutex.h"
#include "os/process.h"

static char folder[256];
static struct gw_err err;
static const char *self; /* this program, for the crash test */

/** What on_synced() said last. */
static struct {
    struct gw_mutex *mutex;
    uint64_t durable;
    gw_rc rc;
    unsigned calls, failures;
} heard;

static void hear(void *ctx, gw_rc rc, uint64_t durable_index, const struct gw_err *why)
{
    (void)ctx;
    gw_mutex_lock(heard.mutex);
    GW_ASSERT(durable_index >= heard.durable && (rc == GW_OK || why->msg[0] != '\0'));
    heard.durable = durable_index;
    heard.rc = rc;
    heard.calls++;
    heard.failures += rc < 0;
    gw_mutex_wake(heard.mutex);
    gw_mutex_unlock(heard.mutex);
}

static void wait_durable(uint64_t index)
{
    gw_mutex_lock(heard.mutex);
    while (heard.durable < index && heard.rc == GW_OK)
        (void)gw_mutex_wait(heard.mutex, 0);
    gw_mutex_unlock(heard.mutex);
}

/** Let other threads go on for at most 5 ms, or until the next on_synced(). */
static void wait_a_little(void)
{
    gw_mutex_lock(heard.mutex);
    (void)gw_mutex_wait(heard.mutex, gw_clock_mono_ns() + 5 * GW_NS_PER_MS);
    gw_mutex_unlock(heard.mutex);
}

static int begin(void **state)
{
    (void)state;
    (void)gw_kit_folder(folder, sizeof(folder));
    heard.durable = heard.calls = heard.failures = 0;
    heard.rc = GW_OK;
    return gw_mutex_new(&heard.mutex, NULL);
}

static int end(void **state)
{
    (void)state;
    (void)umount2(folder, MNT_DETACH);
    gw_kit_remove(folder);
    gw_mutex_free(heard.mutex);
    return 0;
}

static struct gw_log_opts small_opts(void)
{
    return (struct gw_log_opts){.folder = folder,
                                .magic = "GWTEST01",
                                .cluster = "test cluster 01",
                                .segment_bytes = 64 << 10,
                                .bytes_max = 16 << 20,
                                .on_synced = hear};
}

static struct gw_log *open_log(struct gw_log_report *report)
{
    struct gw_log_opts opts = small_opts();
    struct gw_log *log = NULL;
    assert_ok(gw_log_open(&opts, &log, report, &err), &err);
    return log;
}

static gw_rc fail_to_open(const struct gw_log_opts *opts)
{
    struct gw_log *log = NULL;
    gw_rc rc = gw_log_open(opts, &log, NULL, &err);
    assert_true(rc < 0);
    assert_null(log);
    return rc;
}

/** The content of batch `index`: 1 to 7 records whose bytes follow from the index. */
static struct gw_bytes payload_of(uint64_t index, uint32_t *ret_records)
{
    static uint8_t memory[16384];
    struct gw_buf buf;
    gw_buf_init_fixed(&buf, memory, sizeof(memory));
    uint32_t records = (uint32_t)(1 + index % 7);
    for (uint32_t i = 0; i < records; i++) {
        uint8_t record[300];
        size_t len = 20 + (index * 37 + i * 11) % 280;
        memset(record, (int)(1 + (index + i) % 250), len);
        gw_log_record_put(&buf, (struct gw_bytes){record, len});
    }
    GW_ASSERT(!buf.failed);
    *ret_records = records;
    return gw_buf_bytes(&buf);
}

static gw_rc try_append(struct gw_log *log, struct gw_err *why)
{
    struct gw_log_batch batch = {.index = gw_log_next_index(log), .epoch = 1};
    batch.time_ns = (int64_t)batch.index;
    batch.payload = payload_of(batch.index, &batch.records);
    return gw_log_append(log, &batch, why);
}

/** Append until batch `last` is accepted. */
static void append_to(struct gw_log *log, uint64_t last)
{
    while (gw_log_next_index(log) <= last) {
        gw_rc rc = try_append(log, &err);
        if (rc == GW_BUSY)
            wait_a_little();
        else
            assert_ok(rc, &err);
    }
}

static void check_batch(const struct gw_log_batch *batch, uint64_t index)
{
    uint32_t records;
    struct gw_bytes want = payload_of(index, &records);
    assert_int_equal(batch->index, index);
    assert_int_equal(batch->records, records);
    assert_int_equal(batch->time_ns, index);
    assert_int_equal(batch->payload.len, want.len);
    assert_memory_equal(batch->payload.data, want.data, want.len);
}

/** Read batches from .. to and compare. */
static void read_all(struct gw_log *log, uint64_t from, uint64_t to)
{
    struct gw_log_reader *reader = NULL;
    struct gw_log_batch batch;
    assert_ok(gw_log_reader_open(log, from, &reader, &err), &err);
    for (uint64_t index = from; index <= to; index++) {
        assert_ok(gw_log_reader_next(reader, &batch, &err), &err);
        check_batch(&batch, index);
    }
    gw_log_reader_close(reader);
}

static void close_log(struct gw_log *log)
{
    assert_ok(gw_log_close(log, &err), &err);
}

static const char *path(const char *name)
{
    static char ret[512];
    (void)snprintf(ret, sizeof(ret), "%s/%s", folder, name);
    return ret;
}

static void what_was_appended_is_there_after_reopening(void **state)
{
    (void)state;
    struct gw_log_report report;
    struct gw_log *log = open_log(&report);
    assert_int_equal(report.next_index, 1);
    append_to(log, 500);
    wait_durable(500);
    assert_int_equal(gw_log_durable_index(log), 500);
    read_all(log, 1, 500);
    read_all(log, 321, 500);
    struct gw_sha256 hash = gw_log_last_hash(log);
    struct gw_log_stats stats;
    gw_log_stats(log, &stats);
    assert_true(stats.syncs < stats.batches && stats.batches == 500 && stats.segments > 3);
    print_message("%" PRIu64 " batches in %" PRIu64 " syncs, %s\n", stats.batches, stats.syncs,
                  stats.is_direct ? "direct" : "buffered");
    close_log(log);

    heard.durable = 0;
    log = open_log(&report);
    assert_int_equal(report.next_index, 501);
    assert_int_equal(report.hint_index, 500);
    assert_int_equal(report.batches_verified, 500);
    assert_int_equal(report.torn_to, 0);
    assert_memory_equal(report.last_hash.bytes, hash.bytes, 32);
    append_to(log, 600);
    wait_durable(600);
    read_all(log, 1, 600);
    close_log(log);
    assert_int_equal(heard.failures, 0);
}

static void a_log_may_begin_anywhere_and_be_read_from_a_checkpoint(void **state)
{
    (void)state;
    struct gw_log_opts opts = small_opts();
    struct gw_log_report report;
    struct gw_log *log = NULL;
    opts.first_index = 1000;
    assert_ok(gw_log_open(&opts, &log, &report, &err), &err);
    assert_int_equal(gw_log_next_index(log), 1000);
    append_to(log, 1400);
    wait_durable(1400);
    close_log(log);
    opts.verify_from = 1390;
    heard.durable = 0;
    assert_ok(gw_log_open(&opts, &log, &report, &err), &err);
    assert_int_equal(report.next_index, 1401);
    assert_true(report.batches_verified < 120);
    read_all(log, 1000, 1400);
    close_log(log);
}

static void a_reader_at_the_end_goes_on_when_more_is_durable(void **state)
{
    (void)state;
    struct gw_log *log = open_log(NULL);
    struct gw_log_reader *reader = NULL;
    struct gw_log_batch batch;
    assert_ok(gw_log_reader_open(log, 1, &reader, &err), &err);
    for (uint64_t index = 1; index <= 300; index++) {
        assert_int_equal(gw_log_reader_next(reader, &batch, NULL), GW_NOTFOUND);
        append_to(log, index);
        wait_durable(index);
        assert_ok(gw_log_reader_next(reader, &batch, &err), &err);
        check_batch(&batch, index);
    }
    assert_int_equal(gw_log_reader_index(reader), 301);
    gw_log_reader_close(reader);
    assert_int_equal(gw_log_reader_open(log, 302, &reader, &err), GW_NOTFOUND);
    close_log(log);
}

static void too_much_in_flight_is_busy(void **state)
{
    (void)state;
    struct gw_log_opts opts = small_opts();
    struct gw_log *log = NULL;
    opts.in_flight_bytes_max = GW_LOG_BLOCK;
    assert_ok(gw_log_open(&opts, &log, NULL, &err), &err);
    unsigned busy = 0;
    while (busy == 0 && gw_log_next_index(log) < 100000)
        busy += try_append(log, &err) == GW_BUSY;
    assert_int_equal(busy, 1);
    append_to(log, gw_log_next_index(log) + 20);
    struct gw_log_batch big = {.index = gw_log_next_index(log), .records = 1};
    static const uint8_t zeros[8192];
    big.payload = (struct gw_bytes){zeros, sizeof(zeros)};
    assert_int_equal(gw_log_append(log, &big, &err), GW_TOOLARGE);
    close_log(log);
}

static void old_segments_are_recycled_and_bytes_max_holds(void **state)
{
    (void)state;
    struct gw_log_opts opts = small_opts();
    struct gw_log *log = NULL;
    struct gw_log_stats stats;
    struct gw_log_reader *reader = NULL;
    struct gw_log_batch batch;
    opts.bytes_max = 4 * opts.segment_bytes;
    assert_ok(gw_log_open(&opts, &log, NULL, &err), &err);
    assert_ok(gw_log_reader_open(log, 1, &reader, &err), &err);
    /* Until nothing more fits: the list of segments is full, and everything in flight has landed. */
    gw_rc rc;
    do {
        rc = try_append(log, &err);
        if (rc == GW_BUSY)
            wait_a_little();
        gw_log_stats(log, &stats);
    } while (rc == GW_OK || stats.in_flight > 0 || strstr(err.msg, "has reached its") == NULL);
    assert_int_equal(stats.segments, 4);
    assert_int_equal(stats.disk_bytes, opts.bytes_max);
    uint64_t full_at = gw_log_next_index(log);
    read_all(log, 1, full_at - 1);

    for (unsigned round = 0; round < 40; round++) {
        assert_ok(gw_log_keep_from(log, gw_log_durable_index(log), &err), &err);
        append_to(log, gw_log_next_index(log) + 25);
        gw_log_stats(log, &stats);
        assert_true(stats.disk_bytes <= opts.bytes_max);
    }
    wait_durable(gw_log_next_index(log) - 1);
    assert_true(gw_log_first_index(log) > full_at);
    read_all(log, gw_log_first_index(log), gw_log_next_index(log) - 1);
    assert_int_equal(gw_log_reader_next(reader, &batch, &err), GW_CLOSED);
    gw_log_reader_close(reader);
    assert_int_equal(gw_log_reader_open(log, 1, &reader, &err), GW_NOTFOUND);
    assert_int_equal(gw_log_keep_from(log, gw_log_next_index(log) + 1, &err), GW_INVALID);
    uint64_t next = gw_log_next_index(log), first = gw_log_first_index(log);
    close_log(log);
    struct gw_log_report report;
    assert_ok(gw_log_open(&opts, &log, &report, &err), &err);
    assert_int_equal(report.next_index, next);
    assert_true(report.first_index >= first);
    close_log(log);
}

static void a_second_process_is_kept_out(void **state)
{
    (void)state;
    struct gw_log *log = open_log(NULL);
    struct gw_log_opts opts = small_opts();
    assert_int_equal(fail_to_open(&opts), GW_CONFLICT);
    close_log(log);
    close_log(open_log(NULL));
}

static void another_cluster_and_another_kind_are_refused(void **state)
{
    (void)state;
    close_log(open_log(NULL));
    struct gw_log_opts opts = small_opts();
    opts.cluster[0] ^= 1;
    assert_int_equal(fail_to_open(&opts), GW_INVALID);
    assert_int_equal(err.code, 2702);
    opts = small_opts();
    opts.magic[0] ^= 1;
    assert_int_equal(fail_to_open(&opts), GW_INVALID);
    opts = small_opts();
    opts.segment_bytes = 5000;
    assert_int_equal(fail_to_open(&opts), GW_INVALID);
}

/** A log of three segments and some; its segment names in rising order. */
static size_t make_segments(struct gw_arena *arena, struct gw_text *ret_names)
{
    struct gw_log *log = open_log(NULL);
    append_to(log, 200);
    wait_durable(200);
    close_log(log);
    struct gw_text *names;
    size_t count, segments = 0;
    assert_ok(gw_folder_list(folder, arena, &names, &count, &err), &err);
    for (size_t i = 0; i < count; i++)
        if (names[i].len == 24 && names[i].data[23] == 'j')
            ret_names[segments++] = names[i];
    assert_in_range(segments, 3, 16);
    return segments;
}

static void missing_and_shortened_segments_are_damage(void **state)
{
    (void)state;
    struct gw_arena arena;
    struct gw_text names[16];
    struct gw_log_opts opts = small_opts();
    char kept[512];
    gw_arena_init(&arena, &gw_kit_alloc, 1 << 20);
    size_t count = make_segments(&arena, names);
    (void)snprintf(kept, sizeof(kept), "%s", path("kept"));
    for (size_t i = 1; i < count;
         i++) { /* the oldest may have been retired: its absence is no damage */
        assert_ok(gw_path_rename(path(names[i].data), kept, &err), &err);
        assert_int_equal(fail_to_open(&opts), GW_CORRUPT);
        assert_int_equal(err.code, 2701);
        assert_ok(gw_path_rename(kept, path(names[i].data), &err), &err);
    }
    for (size_t i = 0; i < count; i++) {
        struct gw_bytes whole;
        assert_ok(gw_file_load(path(names[i].data), &arena, 1 << 17, &whole, &err), &err);
        for (size_t len = 0; len < whole.len; len += 20480) {
            assert_int_equal(truncate(path(names[i].data), (off_t)len), 0);
            assert_int_equal(fail_to_open(&opts), GW_CORRUPT);
            assert_int_equal(err.code, 2701);
        }
        assert_ok(gw_file_store(path(names[i].data), whole, &err), &err);
    }
    /* Even where the missing bytes held nothing, and no hint tells. */
    assert_ok(gw_path_remove(path("durable"), &err), &err);
    assert_int_equal(truncate(path(names[count - 1].data), (64 << 10) - GW_LOG_BLOCK), 0);
    assert_int_equal(fail_to_open(&opts), GW_CORRUPT);
    assert_int_equal(truncate(path(names[count - 1].data), (64 << 10) + GW_LOG_BLOCK), 0);
    assert_int_equal(fail_to_open(&opts), GW_CORRUPT);
    assert_int_equal(truncate(path(names[count - 1].data), 64 << 10), 0);
    close_log(open_log(NULL));
    gw_arena_done(&arena);
}

static void a_failed_write_is_the_end_of_the_log(void **state)
{
    (void)state;
    struct rlimit old, none;
    struct gw_log *log = open_log(NULL);
    append_to(log, 20);
    wait_durable(20);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    none = old;
    none.rlim_cur = 0; /* every write fails from here on */
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    gw_rc rc = GW_OK;
    while (rc == GW_OK || rc == GW_BUSY) {
        rc = try_append(log, &err);
        wait_a_little();
    }
    assert_int_equal(rc, GW_IO);
    assert_non_null(strstr(err.msg, "the log has failed"));
    assert_int_equal(gw_log_durable_index(log), 20);
    read_all(log, 1, 20);
    assert_int_equal(try_append(log, &err), GW_IO);
    assert_int_equal(gw_log_close(log, &err), GW_IO);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(heard.failures, 1);
    assert_int_equal(heard.rc, GW_IO);

    struct gw_log_report report;
    log = open_log(&report);
    assert_int_equal(report.next_index, 21);
    close_log(log);
}

static void a_flipped_byte_is_located_and_nothing_is_changed(void **state)
{
    (void)state;
    struct gw_arena arena;
    struct gw_text names[16];
    struct gw_log_opts opts = small_opts();
    gw_arena_init(&arena, &gw_kit_alloc, 4 << 20);
    size_t count = make_segments(&arena, names);
    for (size_t i = 0; i < count; i++) {
        struct gw_bytes whole, after;
        assert_ok(gw_file_load(path(names[i].data), &arena, 1 << 17, &whole, &err), &err);
        uint8_t *bytes = (uint8_t *)(uintptr_t)whole.data;
        for (size_t at = 0; at < whole.len; at += 4096 + 257) {
            struct gw_arena_mark mark = gw_arena_mark(&arena);
            bytes[at] ^= 0x10;
            assert_ok(gw_file_store(path(names[i].data), whole, &err), &err);
            struct gw_log *log = NULL;
            struct gw_log_report report;
            gw_rc rc = gw_log_open(&opts, &log, &report, &err);
            if (rc == GW_OK) { /* only behind everything that ever held a batch */
                assert_int_equal(i, count - 1);
                assert_true(at >= report.torn_from && at < report.torn_to);
                assert_int_equal(report.next_index, 201);
                close_log(log);
            } else {
                assert_int_equal(rc, GW_CORRUPT);
                assert_int_equal(err.code, 2701);
                assert_string_equal(err.place.name, names[i].data);
                assert_ok(gw_file_load(path(names[i].data), &arena, 1 << 17, &after, &err), &err);
                assert_true(gw_bytes_equal(whole, after));
            }
            bytes[at] ^= 0x10;
            gw_arena_back_to(&arena, mark);
        }
        assert_ok(gw_file_store(path(names[i].data), whole, &err), &err);
    }
    gw_arena_done(&arena);
}

static void a_torn_tail_is_zeroed_unless_the_hint_knows_better(void **state)
{
    (void)state;
    struct gw_arena arena;
    struct gw_text names[16];
    struct gw_bytes whole, after;
    struct gw_log_report report;
    struct gw_log_opts opts = small_opts();
    gw_arena_init(&arena, &gw_kit_alloc, 4 << 20);
    size_t count = make_segments(&arena, names);
    const char *last = names[count - 1].data;
    assert_ok(gw_file_load(path(last), &arena, 1 << 17, &whole, &err), &err);
    uint8_t *bytes = (uint8_t *)(uintptr_t)whole.data;
    size_t used = whole.len;
    while (bytes[used - 1] == 0)
        used--;
    memset(bytes + used / 512 * 512, 0, 512); /* the last sector of the last sync never arrived */
    assert_ok(gw_file_store(path(last), whole, &err), &err);
    assert_int_equal(fail_to_open(&opts), GW_CORRUPT);
    assert_ok(gw_path_remove(path("durable"), &err), &err);

    heard.durable = 0;
    struct gw_log *log = open_log(&report);
    assert_string_equal(report.torn_segment, last);
    assert_in_range(used, report.torn_from, report.torn_to);
    assert_true(report.next_index <= 200);
    assert_ok(gw_file_load(path(last), &arena, 1 << 17, &after, &err), &err);
    for (size_t at = report.torn_from; at < after.len; at++)
        assert_int_equal(after.data[at], 0);
    append_to(log, 250);
    wait_durable(250);
    read_all(log, 1, 250);
    close_log(log);
    close_log(open_log(&report));
    assert_int_equal(report.next_index, 251);
    gw_arena_done(&arena);
}

static void a_full_disk_is_said_before_acceptance_and_waited_out(void **state)
{
    (void)state;
    if (mount("none", folder, "tmpfs", 0, "size=300k") != 0) {
        print_message("skipped: a tmpfs needs root; run as root to test a full disk\n");
        skip();
    }
    struct gw_log *log = open_log(NULL);
    gw_rc rc;
    do {
        rc = try_append(log, &err);
        if (rc == GW_BUSY)
            wait_a_little();
    } while (rc == GW_OK || rc == GW_BUSY);
    assert_int_equal(rc, GW_FULL);
    assert_non_null(strstr(err.msg, "spare"));
    uint64_t next = gw_log_next_index(log);
    wait_durable(next - 1);
    read_all(log, 1, next - 1);
    assert_int_equal(mount("none", folder, "tmpfs", MS_REMOUNT, "size=4m"), 0);
    while (gw_log_next_index(log) <= next + 100) { /* the spare is tried again each second */
        rc = try_append(log, &err);
        if (rc == GW_FULL || rc == GW_BUSY)
            wait_a_little();
        else
            assert_ok(rc, &err);
    }
    wait_durable(next + 100);
    read_all(log, 1, next + 100);
    close_log(log);
    assert_int_equal(heard.failures, 0);
}

/* ---- kill -9 at every crash point ---- */

enum { LOAD_LAST = 400 };

/** Two lives of a log with rolling, retiring and sealing. Says on stdout what was durable, as soon as it is. */
static int crashing_child(const char *where)
{
    (void)snprintf(folder, sizeof(folder), "%s", where);
    GW_ASSERT(gw_mutex_new(&heard.mutex, NULL) == GW_OK);
    struct gw_log_opts opts = small_opts();
    opts.hint_every_ms = 1;
    for (uint64_t life = 1; life <= 2; life++) {
        struct gw_log *log = NULL;
        heard.durable = 0;
        if (gw_log_open(&opts, &log, NULL, &err) < 0) {
            (void)fprintf(stderr, "child: %s\n", err.msg);
            return 1;
        }
        while (gw_log_next_index(log) <= life * LOAD_LAST / 2) {
            gw_rc rc = try_append(log, &err);
            if (rc == GW_BUSY)
                wait_a_little();
            else if (rc < 0)
                return 1;
            if (gw_log_next_index(log) % 16 != 0)
                continue;
            wait_durable(gw_log_next_index(log) - 1);
            (void)printf("%" PRIu64 "\n", gw_log_durable_index(log));
            (void)fflush(stdout);
            if (gw_log_next_index(log) > 100)
                (void)gw_log_keep_from(log, gw_log_next_index(log) - 100, NULL);
        }
        if (gw_log_close(log, &err) < 0)
            return 1;
    }
    return 0;
}

/** @return the last number that the child said */
static uint64_t run_child(const char *crash, int *ret_signal)
{
    char plan[128], out[16384];
    size_t len = 0, got = 1;
    struct gw_process *child = NULL;
    struct gw_process_end how;
    (void)snprintf(plan, sizeof(plan), "GW_CRASH=%s", crash);
    assert_ok(
        gw_process_start(
            &(struct gw_process_opts){.argv = (const char *const[]){self, "child", folder, NULL},
                                      .env_add = (const char *const[]){plan, NULL},
                                      .stdout_pipe = true},
            &child, &err),
        &err);
    for (; got > 0; len += got)
        assert_ok(gw_process_read(child, out + len, sizeof(out) - 1 - len, &got, &err), &err);
    out[len] = '\0';
    assert_ok(gw_process_wait(child, 60000, &how, &err), &err);
    gw_process_close(child);
    *ret_signal = how.signal;
    if (how.signal == 0)
        assert_int_equal(how.exit_code, 0);
    if (len > 0)
        out[len - 1] = '\0';
    const char *last = strrchr(out, '\n');
    return strtoull(last != NULL ? last + 1 : out, NULL, 10);
}

static void nothing_acknowledged_is_lost_at_any_crash_point(void **state)
{
    (void)state;
    static const unsigned nths[] = {1, 2, 7};
    const char *sites[64];
    size_t count = gw_crash_sites(sites, GW_COUNT_OF(sites));
    unsigned crashes = 0, silent = 0;
    assert_true(count <= GW_COUNT_OF(sites));
    for (size_t i = 0; i < count; i++) {
        bool reached = false;
        if (strncmp(sites[i], "log.", 4) != 0 && strncmp(sites[i], "os.", 3) != 0)
            continue;
        for (size_t n = 0; n < GW_COUNT_OF(nths); n++) {
            char plan[96];
            int signal;
            (void)snprintf(plan, sizeof(plan), "%s:%u", sites[i], nths[n]);
            uint64_t said = run_child(plan, &signal);
            reached |= signal == SIGKILL;
            heard.durable = 0;
            struct gw_log_report report;
            struct gw_log *log = open_log(&report);
            if (report.next_index <= said)
                print_error("%s: said %" PRIu64 ", kept %" PRIu64 "\n", plan, said,
                            report.next_index - 1);
            assert_true(report.next_index > said);
            append_to(log, report.next_index + 10);
            wait_durable(gw_log_next_index(log) - 1);
            read_all(log, gw_log_first_index(log), gw_log_next_index(log) - 1);
            close_log(log);
            gw_kit_remove(folder);
            crashes += signal == SIGKILL;
        }
        if (!reached && strcmp(sites[i], "log.recover.zeroing") != 0) {
            print_error("crash point %s was never reached\n", sites[i]);
            silent++;
        }
    }
    print_message("%u kills at %zu crash points\n", crashes, count);
    assert_true(crashes > 20);
    assert_int_equal(silent, 0);
}

int main(int argc, char **argv)
{
    if (argc > 2 && strcmp(argv[1], "child") == 0)
        return crashing_child(argv[2]);
    self = argv[0];
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(what_was_appended_is_there_after_reopening),
        TEST(a_log_may_begin_anywhere_and_be_read_from_a_checkpoint),
        TEST(a_reader_at_the_end_goes_on_when_more_is_durable),
        TEST(too_much_in_flight_is_busy),
        TEST(old_segments_are_recycled_and_bytes_max_holds),
        TEST(a_second_process_is_kept_out),
        TEST(another_cluster_and_another_kind_are_refused),
        TEST(missing_and_shortened_segments_are_damage),
        TEST(a_failed_write_is_the_end_of_the_log),
        TEST(a_flipped_byte_is_located_and_nothing_is_changed),
        TEST(a_torn_tail_is_zeroed_unless_the_hint_knows_better),
        TEST(a_full_disk_is_said_before_acceptance_and_waited_out),
        TEST(nothing_acknowledged_is_lost_at_any_crash_point),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
