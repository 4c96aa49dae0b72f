/* The machine itself: seed, trace, life and death of the process. */
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/time.h"
#include "sim/os/sim_int.h"

struct gw_sim gw_sim;

static void new_boot(void)
{
    gw_rand_fill(&gw_sim.entropy, gw_sim.boot_id, sizeof(gw_sim.boot_id));
}

void gw_sim_begin(const struct gw_sim_opts *opts)
{
    gw_sim = (struct gw_sim){.opts = *opts,
                             .pid = 1000,
                             .died = "alive",
                             .died_where = "",
                             .repeat_line = gw_sim.repeat_line};
    struct gw_rand seeds;
    gw_rand_init(&seeds, opts->seed);
    gw_rand_init(&gw_sim.order, gw_rand_u64(&seeds));
    gw_rand_init(&gw_sim.disk, gw_rand_u64(&seeds));
    gw_rand_init(&gw_sim.entropy, gw_rand_u64(&seeds));
    gw_sim.opts.latency_us_max = opts->latency_us_max ? opts->latency_us_max : 50;
    gw_sim.opts.stall_us_max = opts->stall_us_max ? opts->stall_us_max : 20000;
    gw_sim.mono_ns = GW_NS_PER_S;
    gw_sim.wall_offset_ns = INT64_C(1772000000) * GW_NS_PER_S; /* some day of 2026 */
    new_boot();
    /* Lives come and go by the thousand: keep their memory here, the kernel would zero it anew each time. */
    (void)mallopt(M_MMAP_THRESHOLD, 256 << 20);
    (void)mallopt(M_TRIM_THRESHOLD, 512 << 20);
    gw_sim_disk_init();
}

static void drop_process(void)
{
    gw_sim.is_inside = false;
    gw_sim.die_at = 0;
    gw_sim_actors_drop();
    gw_sim_files_drop();
    gw_sim_heap_drop(false);
    gw_sim.pid++;
}

void gw_sim_end(void)
{
    drop_process();
    gw_sim_disk_done();
    gw_sim_heap_drop(true);
}

/** The rest of dying, outside the process's stack. */
static void bury(void)
{
    gw_sim_trace_add('D', gw_sim.death, (uint64_t)gw_sim.mono_ns);
    if (gw_sim.opts.is_verbose)
        (void)fprintf(stderr, "[%10.3f ms] the process ends: %s at %s\n",
                      (double)gw_sim.mono_ns / 1e6, gw_sim.died, gw_sim.died_where);
    drop_process();
    if (gw_sim.death == GW_SIM_POWER_CUT) {
        gw_sim_disk_power_cut();
        new_boot();
        gw_sim.mono_ns += GW_NS_PER_S;
    }
}

static bool run_inside(void (*piece)(void *ctx), void *ctx)
{
    GW_ASSERT(!gw_sim.is_inside);
    if (setjmp(gw_sim.home) != 0) {
        bury();
        return false;
    }
    gw_sim.is_inside = true;
    piece(ctx);
    gw_sim.is_inside = false;
    return true;
}

bool gw_sim_run(void (*piece)(void *ctx), void *ctx)
{
    gw_sim.died = "alive";
    return run_inside(piece, ctx);
}

struct turn {
    int64_t until_ns;
    bool was_due;
};

static void take_turn(void *ctx)
{
    struct turn *turn = ctx;
    turn->was_due = gw_sim_turn(turn->until_ns);
}

enum gw_sim_stepped gw_sim_step(int64_t until_ns)
{
    struct turn turn = {.until_ns = until_ns};
    if (!run_inside(take_turn, &turn))
        return GW_SIM_DIED;
    if (turn.was_due)
        return GW_SIM_STEPPED;
    gw_sim.mono_ns = GW_MAX(gw_sim.mono_ns, until_ns);
    return GW_SIM_WAITED;
}

void gw_sim_die_at(uint64_t moments, enum gw_sim_death death)
{
    gw_sim.die_at = moments == 0 ? 0 : gw_sim.moments + moments;
    gw_sim.death = death;
}

uint64_t gw_sim_moments(void)
{
    return gw_sim.moments;
}

void gw_sim_die(enum gw_sim_death death)
{
    GW_ASSERT(!gw_sim.is_inside);
    gw_sim.death = death;
    gw_sim.died = death == GW_SIM_KILL ? "killed" : "power cut";
    gw_sim.died_where = "a turn's end";
    bury();
}

void gw_sim_fall(const char *where)
{
    GW_ASSERT(gw_sim.is_inside);
    gw_sim.died = gw_sim.death == GW_SIM_KILL ? "killed" : "power cut";
    gw_sim.died_where = where;
    longjmp(gw_sim.home, 1);
}

void gw_sim_exit(void)
{
    GW_ASSERT(gw_sim.is_inside);
    gw_sim.death = GW_SIM_KILL;
    gw_sim.died = "exit";
    gw_sim.died_where = "gw_sim_exit()";
    longjmp(gw_sim.home, 1);
}

bool gw_sim_moment_inside(const char *where)
{
    (void)where;
    if (!gw_sim.is_inside)
        return false;
    gw_sim.moments++;
    return gw_sim.die_at != 0 && gw_sim.moments >= gw_sim.die_at;
}

void gw_sim_moment(const char *where)
{
    if (gw_sim_moment_inside(where))
        gw_sim_fall(where);
}

const char *gw_sim_died(void)
{
    return gw_sim.died;
}

void gw_sim_wall_step(int64_t ns)
{
    gw_sim.wall_offset_ns += ns;
    gw_sim_trace_add('W', (uint64_t)ns, 0);
}

int64_t gw_sim_now(void)
{
    return gw_sim.mono_ns;
}

uint64_t gw_sim_trace(void)
{
    return gw_sim.trace;
}

void gw_sim_trace_add(uint64_t what, uint64_t a, uint64_t b)
{
    uint64_t item[4] = {what, a, b, (uint64_t)gw_sim.mono_ns};
    gw_sim.trace = gw_hash64((struct gw_bytes){(const uint8_t *)item, sizeof(item)}, gw_sim.trace);
}

void gw_sim_note(const char *fmt, ...)
{
    char text[512];
    va_list args;
    va_start(args, fmt);
    int len = vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    size_t bytes = len < 0 ? 0 : GW_MIN((size_t)len, sizeof(text) - 1);
    gw_sim_trace_add('N', gw_hash64((struct gw_bytes){(const uint8_t *)text, bytes}, 0), bytes);
    if (gw_sim.opts.is_verbose)
        (void)fprintf(stderr, "[%10.3f ms] %s\n", (double)gw_sim.mono_ns / 1e6, text);
}

void gw_sim_set_repeat_line(const char *line)
{
    gw_sim.repeat_line = line;
}
