#include "sim/log/run.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/time.h"
#include "log/log.h"
#include "log/reader.h"
#include "os/file.h"
#include "os/heap.h"
#include "sim/os/disk.h"
#include "sim/os/sim.h"

enum { BATCHES_MAX = 4096, LIVES = 8, FOLDER_DEPTH_TEXT = 64 };

/** One history. The model is `sums`: what was accepted at each index. */
struct run {
    const struct gw_sim_log_opts *opts;
    struct gw_sim_log_result *ret;
    struct gw_rand rand;
    struct gw_log_opts log_opts;
    char segment[FOLDER_DEPTH_TEXT]; /* path of a segment to damage */

    uint64_t sums[BATCHES_MAX];
    uint64_t next;      /* index to be accepted next */
    uint64_t reported;  /* durable for sure */
    uint64_t keep_from; /* as told */
    bool was_closed;    /* cleanly, nothing since */

    /* this life */
    struct gw_log *log;
    struct gw_log_report report;
    struct gw_err err;
    gw_rc rc;
    bool has_failed;
};

static void fail(struct run *run, const char *oracle, const char *fmt, ...) GW_PRINTF(3, 4);
static void fail(struct run *run, const char *oracle, const char *fmt, ...)
{
    if (run->ret->oracle != NULL)
        return;
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(run->ret->text, sizeof(run->ret->text), fmt, args);
    va_end(args);
    run->ret->oracle = oracle;
    gw_sim_note("FAILED %s: %s", oracle, run->ret->text);
}

static uint64_t sum_of(const struct gw_log_batch *batch)
{
    return gw_hash64(batch->payload, batch->index ^ batch->epoch << 20 ^ (uint64_t)batch->time_ns);
}

static uint64_t first_index(const struct run *run)
{
    return run->log_opts.first_index;
}

/* ---- pieces of the process ---- */

static void on_synced(void *ctx, gw_rc rc, uint64_t durable_index, const struct gw_err *err)
{
    struct run *run = ctx;
    gw_sim_note("synced rc %d up to %" PRIu64 " %s", rc, durable_index, err ? err->msg : "");
    if (rc < 0) {
        if (run->has_failed)
            fail(run, "contract", "on_synced() told the failure twice");
        run->has_failed = true;
    }
    if (durable_index < run->reported && rc == GW_OK)
        fail(run, "contract", "durable went back from %" PRIu64 " to %" PRIu64, run->reported,
             durable_index);
    if (durable_index >= run->next)
        fail(run, "contract", "%" PRIu64 " is reported, %" PRIu64 " was never accepted",
             durable_index, durable_index);
    run->reported = GW_MAX(run->reported, durable_index);
}

static void open_piece(void *ctx)
{
    struct run *run = ctx;
    run->rc = gw_log_open(&run->log_opts, &run->log, &run->report, &run->err);
}

static void close_piece(void *ctx)
{
    struct run *run = ctx;
    run->rc = gw_log_close(run->log, &run->err);
}

static void make_batch(struct run *run, struct gw_buf *payload, struct gw_log_batch *ret)
{
    static const size_t sizes[] = {8, 60, 200, 360, 368, 376, 500, 1000, 3900, 9000};
    uint8_t record[9000];
    uint32_t records = 1 + (uint32_t)gw_rand_below(&run->rand, 4);
    gw_buf_reset(payload);
    for (uint32_t i = 0; i < records; i++) {
        size_t bytes = sizes[gw_rand_below(&run->rand, GW_COUNT_OF(sizes) - (i > 0))];
        bytes -= gw_rand_below(&run->rand, 8);
        gw_rand_fill(&run->rand, record, bytes);
        if (gw_rand_chance(&run->rand, 1, 3))
            memset(record, 0, bytes); /* zeros look like space that was never written */
        gw_log_record_put(payload, (struct gw_bytes){record, bytes});
    }
    *ret = (struct gw_log_batch){.index = run->next,
                                 .epoch = 1 + gw_rand_below(&run->rand, 3),
                                 .time_ns = gw_sim_now(),
                                 .records = records,
                                 .payload = gw_buf_bytes(payload)};
}

static void append_piece(void *ctx)
{
    struct run *run = ctx;
    struct gw_buf payload;
    struct gw_log_batch batch;
    static uint8_t memory[64 * 1024];
    gw_buf_init_fixed(&payload, memory, sizeof(memory));
    for (uint64_t count = 1 + gw_rand_below(&run->rand, 6); count > 0; count--) {
        if (run->next - first_index(run) >= BATCHES_MAX)
            return;
        make_batch(run, &payload, &batch);
        run->sums[run->next - first_index(run)] = sum_of(&batch);
        run->next++; /* before the call: the process may die behind the acceptance */
        run->rc = gw_log_append(run->log, &batch, &run->err);
        if (run->rc < 0) {
            run->next--;
            run->ret->refused_full += run->rc == GW_FULL;
            return;
        }
        run->ret->accepted++;
        if (run->opts->plant == GW_SIM_LOG_PLANT_ACK_EARLY)
            run->reported = batch.index;
        if (run->opts->plant == GW_SIM_LOG_PLANT_ALTER && batch.index % 16 == 7)
            run->sums[batch.index - first_index(run)]++;
    }
}

static void keep_piece(void *ctx)
{
    struct run *run = ctx;
    uint64_t from = run->reported > 10 ? run->reported - gw_rand_below(&run->rand, 10) : 0;
    run->keep_from = GW_MAX(run->keep_from, from);
    if (run->opts->plant == GW_SIM_LOG_PLANT_DROP_KEPT)
        run->keep_from = GW_MIN(run->keep_from, from / 4);
    run->rc = gw_log_keep_from(run->log, from, &run->err);
}

/* ---- oracles ---- */

static void check_batches(struct run *run)
{
    struct gw_log_reader *reader = NULL;
    struct gw_log_batch batch;
    uint64_t index = run->report.first_index;
    if (index == run->report.next_index)
        return;
    gw_rc rc = gw_log_reader_open(run->log, index, &reader, &run->err);
    while (rc == GW_OK && (rc = gw_log_reader_next(reader, &batch, &run->err)) == GW_OK) {
        if (batch.index != index || sum_of(&batch) != run->sums[index - first_index(run)])
            fail(run, "foreign", "batch %" PRIu64 " is not the one accepted at %" PRIu64,
                 batch.index, index);
        index++;
    }
    if (rc != GW_NOTFOUND)
        fail(run, "corrupt", "reading back: %s", run->err.msg);
    if (index != run->report.next_index)
        fail(run, "lost", "the reader ends before %" PRIu64 ", recovery said %" PRIu64, index,
             run->report.next_index);
    gw_log_reader_close(reader);
}

static void check_recovered(struct run *run)
{
    const struct gw_log_report *report = &run->report;
    gw_sim_note("recovered %" PRIu64 "..%" PRIu64 " hint %" PRIu64 " torn %" PRIu64 " %s",
                report->first_index, report->next_index, report->hint_index, report->torn_to,
                report->torn_to ? report->torn_why : "");
    run->ret->torn += report->torn_to != 0;
    if (report->next_index <= run->reported)
        fail(run, "lost", "recovery found up to %" PRIu64 ", %" PRIu64 " was durable",
             report->next_index - 1, run->reported);
    if (report->next_index > run->next)
        fail(run, "foreign", "recovery found %" PRIu64 ", accepted were less than %" PRIu64,
             report->next_index - 1, run->next);
    if (report->first_index > GW_MAX(run->keep_from, first_index(run)))
        fail(run, "kept", "the oldest batch is %" PRIu64 ", all from %" PRIu64 " were to be kept",
             report->first_index, run->keep_from);
    if (run->was_closed && report->hint_index != report->next_index - 1 &&
        report->next_index > first_index(run))
        fail(run, "hint", "after a clean close the hint says %" PRIu64 ", the last is %" PRIu64,
             report->hint_index, report->next_index - 1);
    if (run->was_closed && report->torn_to != 0)
        fail(run, "hint", "a clean close left a torn tail");
    if (run->ret->oracle == NULL)
        check_batches(run);
    run->next = report->next_index;
    run->reported = report->next_index - 1; /* what recovery shows is durable from now on */
    run->was_closed = false;
}

/* ---- damage ---- */

/** A segment that is not the last one, into run->segment. @return its size, 0: there is none */
static uint64_t choose_segment(struct run *run)
{
    struct gw_arena arena;
    struct gw_text *names, found[64];
    size_t count, segments = 0;
    uint64_t bytes = 0;
    gw_arena_init(&arena, gw_sim_world_heap(), 1 << 20);
    if (gw_folder_list(run->log_opts.folder, &arena, &names, &count, NULL) == GW_OK) {
        for (size_t i = 0; i < count && segments < GW_COUNT_OF(found); i++)
            if (names[i].len == 24 && memcmp(names[i].data + 20, ".gwj", 4) == 0)
                found[segments++] = names[i];
        struct gw_file_info info = {0};
        if (segments >= 2) {
            struct gw_text name = found[gw_rand_below(&run->rand, segments - 1)];
            (void)snprintf(run->segment, sizeof(run->segment), "%s/%.*s", run->log_opts.folder,
                           GW_TEXT_ARG(name));
            (void)gw_path_info(run->segment, &info, NULL);
            bytes = info.bytes;
        }
    }
    gw_arena_done(&arena);
    return bytes;
}

/** Flip a bit in a finished segment: it must be found, and nothing must be changed. */
static void flip_one(struct run *run)
{
    uint64_t bytes = choose_segment(run);
    if (bytes == 0)
        return;
    uint64_t offset = gw_rand_below(&run->rand, gw_rand_chance(&run->rand, 1, 2) ? bytes : 4096);
    unsigned bit = (unsigned)gw_rand_below(&run->rand, 8);
    if (run->opts->plant != GW_SIM_LOG_PLANT_NO_FLIP)
        (void)gw_sim_disk_flip(run->segment, offset, bit);
    uint64_t before = gw_sim_disk_hash();
    gw_sim_note("flip bit %u at %" PRIu64 " of %s", bit, offset, run->segment);
    run->ret->flips++;
    (void)gw_sim_run(open_piece, run);
    if (run->rc == GW_OK) {
        fail(run, "damage", "a flipped bit at %" PRIu64 " of %s was accepted", offset,
             run->segment);
        gw_sim_die(GW_SIM_KILL);
        return;
    }
    if (run->rc != GW_CORRUPT || run->err.code != 2701)
        fail(run, "damage", "a flipped bit at %" PRIu64 " is answered %s: %s", offset,
             gw_rc_name(run->rc), run->err.msg);
    if (gw_sim_disk_hash() != before)
        fail(run, "damage", "refusing a damaged log changed the disk");
    (void)gw_sim_disk_flip(run->segment, offset, bit);
}

static void write_hint(struct run *run, uint64_t index)
{
    uint8_t slots[GW_LOG_HINT_BYTES] = {0};
    struct gw_file *file;
    char path[FOLDER_DEPTH_TEXT];
    (void)snprintf(path, sizeof(path), "%s/durable", run->log_opts.folder);
    if (gw_file_open(path, GW_FILE_WRITE, &file, NULL) < 0)
        return;
    if (index > 0)
        gw_log_hint_encode(index, 1000, slots);
    (void)gw_file_write_at(file, 0, (struct gw_bytes){slots, sizeof(slots)}, NULL);
    (void)gw_file_sync(file, NULL);
    gw_file_close(file);
}

/* ---- a life ---- */

static void arm_death(struct run *run, uint64_t moments_max)
{
    enum gw_sim_death death = gw_rand_chance(&run->rand, 1, 2) ? GW_SIM_KILL : GW_SIM_POWER_CUT;
    gw_sim_die_at(1 + gw_rand_below(&run->rand, moments_max), death);
}

static void count_death(struct run *run)
{
    bool cut = strcmp(gw_sim_died(), "power cut") == 0;
    run->ret->kills += !cut;
    run->ret->power_cuts += cut;
    run->log = NULL;
}

static void die_now(struct run *run)
{
    gw_sim_die(gw_rand_chance(&run->rand, 1, 2) ? GW_SIM_KILL : GW_SIM_POWER_CUT);
    count_death(run);
}

static void vary_disk(struct run *run)
{
    struct gw_sim_faults *faults = gw_sim_faults();
    uint64_t used = gw_sim_disk_used();
    switch (gw_rand_below(&run->rand, 8)) {
    case 0:
        faults->space_bytes = used + gw_rand_below(&run->rand, 3 * run->log_opts.segment_bytes);
        break;
    case 1:
        faults->fail_sync_in = 1 + (uint32_t)gw_rand_below(&run->rand, 20);
        break;
    default:
        faults->space_bytes = 0;
        faults->fail_sync_in = 0;
        break;
    }
}

/** @return false: the process is dead, or never came up */
static bool open_log(struct run *run)
{
    run->has_failed = false;
    run->log = NULL;
    bool was_closed = run->was_closed;
    if (!gw_sim_run(open_piece, run)) {
        count_death(run);
        run->was_closed = false; /* it may have gone on from there */
        return false;
    }
    if (run->rc == GW_OK) {
        run->was_closed = was_closed;
        check_recovered(run);
        return true;
    }
    gw_sim_note("open: %s", run->err.msg);
    run->ret->io_errors += run->rc == GW_IO;
    if (run->rc != GW_FULL && run->rc != GW_IO)
        fail(run, "corrupt", "open after a crash: %s: %s", gw_rc_name(run->rc), run->err.msg);
    run->was_closed = false;
    die_now(run); /* a process that cannot open its log ends */
    return false;
}

/** One thing happens. @return false: the process is dead */
static bool act(struct run *run)
{
    bool lives = true;
    switch (gw_rand_below(&run->rand, 12)) {
    case 0:
        lives = gw_sim_run(keep_piece, run);
        break;
    case 1:
        vary_disk(run);
        break;
    case 2:
        lives = gw_sim_step(gw_sim_now() + 200 * GW_NS_PER_MS) != GW_SIM_DIED;
        break;
    case 3:
    case 4:
    case 5:
    case 6:
        lives = gw_sim_run(append_piece, run);
        break;
    default:
        lives = gw_sim_step(gw_sim_now() + 50 * GW_NS_PER_US) != GW_SIM_DIED;
        break;
    }
    if (!lives)
        count_death(run);
    return lives;
}

static void close_log(struct run *run)
{
    if (!gw_sim_run(close_piece, run)) {
        count_death(run);
        return;
    }
    run->log = NULL;
    if (run->rc < 0) {
        run->ret->io_errors++;
        die_now(run);
        return;
    }
    gw_sim_die_at(0, GW_SIM_KILL);
    run->ret->clean_closes++;
    run->was_closed = true;
    if (run->reported != run->next - 1)
        fail(run, "lost", "a clean close reported %" PRIu64 " of %" PRIu64, run->reported,
             run->next - 1);
    if (run->opts->plant == GW_SIM_LOG_PLANT_STALE_HINT)
        write_hint(run, 0);
    else if (gw_rand_chance(&run->rand, 1, 3))
        flip_one(run);
    if (gw_rand_chance(&run->rand, 1, 2))
        gw_sim_die(GW_SIM_POWER_CUT); /* nobody is running: what was closed is safe */
}

static void plant_before_life(struct run *run)
{
    if (run->opts->plant == GW_SIM_LOG_PLANT_HINT_AHEAD && run->next > first_index(run) + 4)
        write_hint(run, run->next + 2);
}

static void live_once(struct run *run)
{
    run->ret->lives++;
    vary_disk(run);
    plant_before_life(run);
    if (gw_rand_chance(&run->rand, 3, 4))
        arm_death(run, gw_rand_chance(&run->rand, 1, 4) ? 30 : 400);
    if (!open_log(run))
        return;
    for (uint64_t acts = gw_rand_below(&run->rand, 300); acts > 0; acts--) {
        if (run->ret->oracle != NULL)
            break;
        if (!act(run))
            return;
        if (run->has_failed) {
            run->ret->io_errors++;
            run->rc = GW_OK;
            uint64_t next = run->next;
            if (gw_sim_run(append_piece, run) && run->next != next)
                fail(run, "contract", "a failed log accepted a batch");
            die_now(run);
            return;
        }
    }
    if (gw_rand_chance(&run->rand, 1, 2)) {
        close_log(run);
    } else {
        die_now(run);
    }
    gw_sim_die_at(0, GW_SIM_KILL);
}

/** The disk is well, nobody dies: everything must go on soon. */
static void check_alive(struct run *run)
{
    gw_sim_die_at(0, GW_SIM_KILL);
    *gw_sim_faults() = (struct gw_sim_faults){0};
    if (run->opts->plant == GW_SIM_LOG_PLANT_STAY_FULL)
        gw_sim_faults()->space_bytes = 1;
    run->log_opts.bytes_max = 1000 * run->log_opts.segment_bytes;
    if (!open_log(run)) {
        fail(run, "alive", "it does not open on a disk that is well: %s", run->err.msg);
        return;
    }
    uint64_t want = run->next + 30;
    int64_t until = gw_sim_now() + 10 * GW_NS_PER_S;
    if (want > first_index(run) + BATCHES_MAX)
        want = run->next;
    while (run->reported < want && gw_sim_now() < until && run->ret->oracle == NULL) {
        if (run->next <= want)
            (void)gw_sim_run(append_piece, run);
        if (gw_rand_chance(&run->rand, 1, 8))
            (void)gw_sim_run(keep_piece, run);
        (void)gw_sim_step(gw_sim_now() + 10 * GW_NS_PER_MS);
    }
    if (run->reported < want)
        fail(run, "alive", "10 s after the last fault %" PRIu64 " is durable, wanted %" PRIu64,
             run->reported, want);
    close_log(run);
    if (open_log(run))
        (void)gw_sim_run(close_piece, run);
}

static void draw_options(struct run *run)
{
    uint64_t segment = 16384 + 4096 * gw_rand_below(&run->rand, 12);
    run->log_opts =
        (struct gw_log_opts){.segment_bytes = segment, .on_synced = on_synced, .ctx = run};
    struct gw_log_opts *opts = &run->log_opts;
    opts->folder = gw_rand_chance(&run->rand, 1, 2) ? "log" : "state/journal";
    opts->first_index = gw_rand_chance(&run->rand, 1, 2) ? 1 : 1000;
    opts->bytes_max = segment * (3 + gw_rand_below(&run->rand, 10));
    opts->in_flight_max = 1 + (uint32_t)gw_rand_below(&run->rand, 64);
    opts->in_flight_bytes_max = 12288 + gw_rand_below(&run->rand, segment - 4096 - 12288 + 1);
    memcpy(run->log_opts.magic, "GWSIMU01", 8);
    run->next = first_index(run);
    run->reported = first_index(run) - 1;
}

static void plant_disk(const struct run *run)
{
    struct gw_sim_faults *faults = gw_sim_faults();
    faults->lies_about_syncs = run->opts->plant == GW_SIM_LOG_PLANT_SYNC_LIES;
    faults->lies_about_names = run->opts->plant == GW_SIM_LOG_PLANT_NAMES_LIE;
    faults->tears_sectors = run->opts->plant == GW_SIM_LOG_PLANT_TEAR_SECTORS;
}

bool gw_sim_log_run(const struct gw_sim_log_opts *opts, struct gw_sim_log_result *ret)
{
    static struct run run;
    run = (struct run){.opts = opts, .ret = ret};
    *ret = (struct gw_sim_log_result){0};
    gw_rand_init(&run.rand, opts->seed * 2 + 1);
    /* One draw a statement: the order inside an expression is the compiler's. */
    struct gw_sim_opts machine = {.seed = opts->seed, .is_verbose = opts->is_verbose};
    machine.latency_us_max = 20 + (uint32_t)gw_rand_below(&run.rand, 200);
    machine.stalls = gw_rand_chance(&run.rand, 1, 2) ? 20000 : 0;
    machine.no_direct = gw_rand_chance(&run.rand, 1, 2);
    gw_sim_begin(&machine);
    draw_options(&run);
    plant_disk(&run);
    for (uint32_t life = 0; life < LIVES && ret->oracle == NULL; life++)
        live_once(&run);
    if (ret->oracle == NULL)
        check_alive(&run);
    ret->reported = run.reported;
    ret->trace = gw_sim_trace();
    gw_sim_end();
    return ret->oracle == NULL;
}
