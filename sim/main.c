/* godwit-sim: seeds of the simulations, one line per failing seed that repeats it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/engine/run.h"
#include "sim/log/run.h"
#include "sim/os/sim.h"

struct args {
    const char *what;
    uint64_t from, to;
    bool is_verbose;
    const char *plant;
};

static int usage(void)
{
    (void)fputs(
        "usage: godwit-sim log|engine --seeds A..B [--verbose] [--plant NAME]\n"
        "  --seeds 1..1000   each seed is one whole history; a failing one prints its line\n"
        "  --verbose         every event, for one seed\n"
        "  --plant NAME      a deliberate bug that an oracle must find\n",
        stderr);
    return 2;
}

static bool parse_seeds(const char *text, struct args *args)
{
    char *end;
    args->from = args->to = strtoull(text, &end, 10);
    if (strncmp(end, "..", 2) == 0)
        args->to = strtoull(end + 2, &end, 10);
    return *end == '\0' && args->from <= args->to;
}

static bool parse_args(int argc, char **argv, struct args *args)
{
    *args = (struct args){.from = 1, .to = 100};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--verbose") == 0)
            args->is_verbose = true;
        else if (strcmp(argv[i], "--seeds") == 0 && i + 1 < argc) {
            if (!parse_seeds(argv[++i], args))
                return false;
        } else if (strcmp(argv[i], "--plant") == 0 && i + 1 < argc)
            args->plant = argv[++i];
        else if (argv[i][0] != '-' && args->what == NULL)
            args->what = argv[i];
        else
            return false;
    }
    return args->what != NULL;
}

#define X(name, oracle, text) #name,
static const char *const log_plants[] = {GW_SIM_LOG_PLANTS(X)};
static const char *const engine_plants[] = {GW_SIM_ENGINE_PLANTS(X)};
#undef X

/** @return its number, 0 without a name, -1: there is none of that name */
static int plant_of(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; name != NULL && i < count; i++)
        if (strcmp(names[i], name) == 0)
            return (int)i;
    return name == NULL ? 0 : -1;
}

static int run_log(const struct args *args)
{
    uint64_t failed = 0;
    char line[160];
    int plant = plant_of(args->plant, log_plants, GW_COUNT_OF(log_plants));
    if (plant < 0)
        return usage();
    for (uint64_t seed = args->from; seed <= args->to; seed++) {
        struct gw_sim_log_result result;
        struct gw_sim_log_opts opts = {
            .seed = seed, .is_verbose = args->is_verbose, .plant = (enum gw_sim_log_plant)plant};
        (void)snprintf(line, sizeof(line), "godwit-sim log --seeds %" PRIu64 " --verbose", seed);
        gw_sim_set_repeat_line(line);
        if (gw_sim_log_run(&opts, &result))
            continue;
        failed++;
        (void)printf("%s  # %s: %s\n", line, result.oracle, result.text);
    }
    (void)printf("log: %" PRIu64 " seeds, %" PRIu64 " failed\n", args->to - args->from + 1, failed);
    return failed > 0;
}

static void add(struct gw_sim_engine_result *sum, const struct gw_sim_engine_result *one)
{
    sum->lives += one->lives;
    sum->kills += one->kills;
    sum->power_cuts += one->power_cuts;
    sum->closes += one->closes;
    sum->calls += one->calls;
    sum->answers += one->answers;
    sum->repeats += one->repeats;
    sum->views += one->views;
    sum->pushes += one->pushes;
    sum->store_faults += one->store_faults;
    sum->batches += one->batches;
    sum->foreign_count += one->had_foreign;
    sum->trace = sum->trace * 31 + one->trace;
}

static void print_sum(const struct gw_sim_engine_result *sum)
{
    (void)printf("%u lives, %u kills, %u power cuts, %u clean closes; %" PRIu64 " calls, %" PRIu64
                 " answers, %" PRIu64 " repeats, %" PRIu64 " views; %" PRIu64 " pushes, %" PRIu64
                 " faults of stores, %u foreign changes; %" PRIu64
                 " batches replayed; trace %016" PRIx64 "\n",
                 sum->lives, sum->kills, sum->power_cuts, sum->closes, sum->calls, sum->answers,
                 sum->repeats, sum->views, sum->pushes, sum->store_faults, sum->foreign_count,
                 sum->batches, sum->trace);
}

static int run_engine(const struct args *args)
{
    struct gw_sim_engine_result sum = {0};
    uint64_t failed = 0;
    char line[160];
    int plant = plant_of(args->plant, engine_plants, GW_COUNT_OF(engine_plants));
    if (plant < 0)
        return usage();
    for (uint64_t seed = args->from; seed <= args->to; seed++) {
        struct gw_sim_engine_result result;
        struct gw_sim_engine_opts opts = {
            .seed = seed, .is_verbose = args->is_verbose, .plant = (enum gw_sim_engine_plant)plant};
        (void)snprintf(line, sizeof(line), "godwit-sim engine --seeds %" PRIu64 " --verbose", seed);
        gw_sim_set_repeat_line(line);
        bool held = gw_sim_engine_run(&opts, &result);
        add(&sum, &result);
        if (held)
            continue;
        failed++;
        (void)printf("%s  # %s: %s\n", line, result.oracle, result.text);
    }
    print_sum(&sum);
    (void)printf("engine: %" PRIu64 " seeds, %" PRIu64 " failed\n", args->to - args->from + 1,
                 failed);
    return failed > 0;
}

int main(int argc, char **argv)
{
    struct args args;
    if (!parse_args(argc, argv, &args))
        return usage();
    if (strcmp(args.what, "log") == 0)
        return run_log(&args);
    if (strcmp(args.what, "engine") == 0)
        return run_engine(&args);
    return usage();
}
