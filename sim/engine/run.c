#include "sim/engine/run_int.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/time.h"
#include "sim/os/disk.h"
#include "sim/os/sim.h"

void fail_run(struct run *run, const char *oracle, const char *fmt, ...)
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

/* ---- pieces of the process ---- */

static void on_fatal(void *ctx, const struct gw_err *err)
{
    struct run *run = ctx;
    gw_sim_note("fatal: %s", err->msg);
    run->is_fatal = true;
    run->err = *err;
}

static void on_alert(void *ctx, gw_code code, struct gw_text text)
{
    (void)ctx;
    gw_sim_note("alert GW%u %.*s", code, GW_TEXT_ARG(text));
}

static void open_piece(void *ctx)
{
    struct run *run = ctx;
    run->rc = gw_actor_start(
        &(struct gw_actor_opts){
            .name = "clients", .mailbox_max = 1 << 20, .on_message = clients_on_reply, .ctx = run},
        &run->mailbox, &run->err);
    if (run->rc == GW_OK)
        run->rc = gw_engine_open(&run->engine_opts, &run->engine, &run->report, &run->err);
}

static void close_piece(void *ctx)
{
    struct run *run = ctx;
    run->rc = gw_engine_close(run->engine, &run->err);
    gw_actor_stop(run->mailbox);
    gw_actor_free(run->mailbox);
}

/* ---- lives ---- */

static void process_died(struct run *run)
{
    bool cut = strcmp(gw_sim_died(), "power cut") == 0;
    run->ret->kills += !cut;
    run->ret->power_cuts += cut;
    run->engine = NULL;
    clients_process_died(run);
    gw_sim_world_process_died(&run->world);
}

static void die_now(struct run *run)
{
    gw_sim_die(gw_rand_chance(&run->rand, 1, 2) ? GW_SIM_KILL : GW_SIM_POWER_CUT);
    process_died(run);
}

static void check_world(struct run *run)
{
    if (run->world.wrong != NULL)
        fail_run(run, run->world.wrong, "%s (%s)", run->world.wrong_text, run->world.foreign_text);
}

static void vary_disk(struct run *run)
{
    struct gw_sim_faults *faults = gw_sim_faults();
    faults->space_bytes = 0;
    faults->fail_sync_in = 0;
    if (gw_rand_chance(&run->rand, 1, 8))
        faults->space_bytes =
            gw_sim_disk_used() + gw_rand_below(&run->rand, 3 * run->engine_opts.segment_bytes);
    else if (gw_rand_chance(&run->rand, 1, 16))
        faults->fail_sync_in = 1 + (uint32_t)gw_rand_below(&run->rand, 40);
    run->disk_may_fail |= faults->space_bytes != 0 || faults->fail_sync_in != 0;
}

static bool open_engine(struct run *run)
{
    run->is_fatal = false;
    run->engine = NULL;
    run->ret->lives++;
    if (!gw_sim_run(open_piece, run)) {
        process_died(run);
        return false;
    }
    if (run->rc == GW_OK) {
        gw_sim_note("opened: index %" PRIu64 " replayed %" PRIu64 " torn %s", run->report.index,
                    run->report.replayed, run->report.torn);
        return true;
    }
    gw_sim_note("open: %s", run->err.msg);
    bool excused =
        run->disk_may_fail && (run->rc == GW_FULL || run->rc == GW_IO || run->rc == GW_BUSY);
    if (!excused)
        fail_run(run, "open", "%s: %s", gw_rc_name(run->rc), run->err.msg);
    die_now(run);
    return false;
}

static void jump_clock(struct run *run)
{
    int64_t hour = 3600 * GW_NS_PER_S;
    if (gw_rand_chance(&run->rand, 1, 300))
        gw_sim_wall_step((int64_t)gw_rand_below(&run->rand, 2 * (uint64_t)hour) - hour);
}

/** A little time passes. @return false: the process is dead */
static bool tick(struct run *run)
{
    uint64_t ns_max = gw_rand_chance(&run->rand, 1, 50) ? 400000000 : 2000000;
    int64_t until = gw_sim_now() + (int64_t)gw_rand_below(&run->rand, ns_max);
    enum gw_sim_stepped stepped;
    if (!gw_sim_run(clients_act, run)) {
        process_died(run);
        return false;
    }
    while ((stepped = gw_sim_step(until)) == GW_SIM_STEPPED)
        ;
    check_world(run);
    if (stepped == GW_SIM_DIED) {
        process_died(run);
        return false;
    }
    if (run->is_fatal) {
        if (!run->disk_may_fail)
            fail_run(run, "fatal", "%s", run->err.msg);
        die_now(run);
        return false;
    }
    return true;
}

static void close_engine(struct run *run)
{
    if (!gw_sim_run(close_piece, run)) {
        process_died(run);
        return;
    }
    run->ret->closes++;
    if (run->rc < 0 && !run->disk_may_fail)
        fail_run(run, "fatal", "close: %s", run->err.msg);
    run->engine = NULL;
    clients_process_died(run);
    gw_sim_die(gw_rand_chance(&run->rand, 1, 2) ? GW_SIM_KILL : GW_SIM_POWER_CUT);
    gw_sim_world_process_died(&run->world);
}

static void live_once(struct run *run, bool with_foreign)
{
    vary_disk(run);
    /* One draw a statement: the order inside an expression is the compiler's. */
    enum gw_sim_death death = gw_rand_chance(&run->rand, 1, 2) ? GW_SIM_KILL : GW_SIM_POWER_CUT;
    uint64_t moments_max = gw_rand_chance(&run->rand, 1, 4) ? 40 : 3000;
    if (gw_rand_chance(&run->rand, 3, 4))
        gw_sim_die_at(1 + gw_rand_below(&run->rand, moments_max), death);
    if (!open_engine(run))
        return;
    for (uint64_t ticks = 100 + gw_rand_below(&run->rand, 300); ticks > 0; ticks--) {
        if (run->ret->oracle != NULL || !tick(run))
            return;
        jump_clock(run);
        if (gw_rand_chance(&run->rand, 1, 8))
            gw_sim_world_act(&run->world);
        if (gw_rand_chance(&run->rand, 1, 40))
            vary_disk(run);
        if (with_foreign && gw_rand_chance(&run->rand, 1, 30))
            (void)gw_sim_world_foreign(&run->world);
    }
    if (gw_rand_chance(&run->rand, 1, 3))
        close_engine(run);
    else
        die_now(run);
}

/* ---- healing ---- */

static void heal_disk(struct run *run)
{
    bool lies = gw_sim_faults()->lies_about_syncs;
    gw_sim_die_at(0, GW_SIM_KILL);
    *gw_sim_faults() = (struct gw_sim_faults){.lies_about_syncs = lies};
    run->disk_may_fail = false;
}

/** Until everything is at rest, or a foreign change is found. */
static void heal(struct run *run)
{
    int64_t until = gw_sim_now() + 120 * GW_NS_PER_S;
    heal_disk(run);
    run->is_healing = true;
    gw_sim_world_heal(&run->world);
    if (run->opts->plant == GW_SIM_ENGINE_PLANT_STAY_DOWN)
        gw_memory_set_down(run->world.stores[1].memory, true);
    while (run->ret->oracle == NULL && gw_sim_now() < until) {
        if (run->engine == NULL && !open_engine(run))
            continue;
        if (!tick(run))
            continue;
        run->is_at_rest = run->is_checked;
        if (run->is_at_rest || (run->is_halted && run->world.has_foreign))
            return;
        if (run->is_halted)
            fail_run(run, "foreign", "halted although nobody wrote but us");
    }
    if (run->ret->oracle != NULL)
        return;
    if (run->world.has_foreign && run->is_drained)
        fail_run(run, "foreign", "not found in 120 s: %s", run->world.foreign_text);
    fail_run(run, "alive", "120 s after the last fault: clients %s, %s",
             clients_are_done(run) ? "done" : "waiting", run->is_drained ? "drained" : "dirty");
}

/** After rest a foreign change may still be waiting for the auditor. */
static void wait_for_audit(struct run *run)
{
    int64_t until = gw_sim_now() + 120 * GW_NS_PER_S;
    while (run->ret->oracle == NULL && !run->is_halted && gw_sim_now() < until) {
        if (run->engine == NULL && !open_engine(run))
            continue;
        (void)tick(run);
    }
    if (run->ret->oracle == NULL && !run->is_halted)
        fail_run(run, "foreign", "not found in 120 s: %s", run->world.foreign_text);
}

/* ---- a seed ---- */

static void draw_options(struct run *run)
{
    struct gw_rand *rand = &run->rand;
    run->has_checkpoints = gw_rand_chance(rand, 1, 4);
    run->engine_opts = (struct gw_engine_opts){
        .state = "state",
        .kv = GW_ENGINE_KV_MEMORY,
        .segment_bytes = (UINT64_C(1) << 20) + 16384,
        .journal_bytes_max = UINT64_C(1) << 30,
        .checkpoint_bytes = run->has_checkpoints ? 16384 : 0,
        .store_timeout_ms = 1000,
        .fetch_timeout_ms = 500,
        .on_alert = on_alert,
        .on_fatal = on_fatal,
        .ctx = run,
    };
    struct gw_engine_opts *opts = &run->engine_opts;
    opts->workers = 1 + (uint32_t)gw_rand_below(rand, 3);
    opts->readers = 1 + (uint32_t)gw_rand_below(rand, 2);
    opts->push_open_max = 1 + (uint32_t)gw_rand_below(rand, 4);
    opts->audit_rows_per_s = 20 + (uint32_t)gw_rand_below(rand, 2000);
    opts->park_after_ms = 200 + (uint32_t)gw_rand_below(rand, 2000);
    for (uint32_t i = 0; i < CLIENTS; i++)
        run->clients[i] = (struct client){.op = -1, .by_key = gw_rand_chance(rand, 1, 3)};
}

static void live_and_verify(struct run *run)
{
    bool with_foreign = gw_rand_chance(&run->rand, 1, 4) ||
                        run->opts->plant == GW_SIM_ENGINE_PLANT_BLIND ||
                        run->opts->plant == GW_SIM_ENGINE_PLANT_OVERWRITE;
    uint64_t lives = 2 + gw_rand_below(&run->rand, 5);
    gw_sim_faults()->lies_about_syncs = run->opts->plant == GW_SIM_ENGINE_PLANT_SYNC_LIES;
    for (uint64_t life = 0; life < lives && run->ret->oracle == NULL; life++)
        live_once(run, with_foreign);
    if (run->ret->oracle == NULL)
        heal(run);
    if (run->ret->oracle == NULL && run->world.has_foreign && !run->is_halted)
        wait_for_audit(run);
    if (run->ret->oracle == NULL)
        close_engine(run);
    if (run->ret->oracle == NULL)
        verify_history(run);
    if (run->ret->oracle == NULL)
        verify_journal(run);
}

bool gw_sim_engine_run(const struct gw_sim_engine_opts *opts, struct gw_sim_engine_result *ret)
{
    static struct run run;
    memset(&run, 0, sizeof(run));
    run.opts = opts;
    run.ret = ret;
    *ret = (struct gw_sim_engine_result){0};
    gw_rand_init(&run.rand, opts->seed * 2 + 1);
    struct gw_sim_opts machine = {.seed = opts->seed, .is_verbose = opts->is_verbose};
    machine.latency_us_max = 20 + (uint32_t)gw_rand_below(&run.rand, 200);
    machine.stalls = gw_rand_chance(&run.rand, 1, 2) ? 5000 : 0;
    machine.no_direct = gw_rand_chance(&run.rand, 1, 4);
    gw_sim_begin(&machine);
    gw_sim_world_init(&run.world, opts->seed, opts->plant);
    draw_options(&run);
    live_and_verify(&run);
    ret->trace = gw_sim_trace();
    ret->pushes = run.world.pushes;
    ret->store_faults = run.world.faults_met;
    ret->writes = run.world.writes;
    ret->had_foreign = run.world.has_foreign;
    if (run.engine != NULL)
        gw_sim_die(GW_SIM_KILL);
    gw_sim_world_done(&run.world);
    gw_sim_end();
    return ret->oracle == NULL;
}
