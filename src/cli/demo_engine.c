/* The engine as a process of its own: started, killed without warning, started again. */
#include "cli/demo.h"

enum { LINE_BYTES_MAX = 8192, START_MS = 60000, COMMAND_MS = 60000, ENV_COUNT = 6 };

/** What the program's stores are called in the environment; an audit at full speed, since this is a demo. */
static void environment(struct gw_demo *demo, const char *ret[ENV_COUNT])
{
    struct gw_arena *arena = &demo->cli->arena;
    ret[0] = gw_arena_printf(arena, "SHOP_LEGACY=%s/legacy.db", demo->folder).data;
    ret[1] = gw_arena_printf(arena, "SHOP_PEOPLE=%s/people.db", demo->folder).data;
    ret[2] = gw_arena_printf(arena, "SHOP_MONEY=%s/money.db", demo->folder).data;
    ret[3] = "GODWIT_ENGINE_AUDIT_ROWS_PER_S=200000";
    ret[4] = "GODWIT_ENGINE_PARK_AFTER=60s";
    ret[5] = NULL;
}

static const char *in_folder(struct gw_demo *demo, const char *name)
{
    return gw_arena_printf(&demo->cli->arena, "%s/%s", demo->folder, name).data;
}

gw_rc gw_demo_command(struct gw_demo *demo, const char *const *words, struct gw_err *err)
{
    enum { WORDS_MAX = 16 };
    const char *argv[WORDS_MAX] = {"/proc/self/exe"};
    const char *env[ENV_COUNT];
    struct gw_process *process = NULL;
    struct gw_process_end end;
    for (size_t i = 0; words[i] && i + 2 < WORDS_MAX; i++)
        argv[i + 1] = words[i];
    environment(demo, env);
    const struct gw_process_opts opts = {.argv = argv,
                                         .env_add = env,
                                         .stdout_path = in_folder(demo, "engine.log"),
                                         .stderr_to_stdout = true};
    GW_TRY(gw_process_start(&opts, &process, err));
    gw_rc rc = gw_process_wait(process, COMMAND_MS, &end, err);
    gw_process_close(process);
    if (rc < 0)
        return GW_FAIL(err, rc, "`godwit %s %s` did not end", words[0], words[1]);
    if (end.exit_code != 0) {
        return GW_FAIL(err, GW_IO, "`godwit %s %s` ended with %d; see %s", words[0], words[1],
                       end.exit_code, opts.stdout_path);
    }
    return GW_OK;
}

/** Reads what the engine prints until its first whole line: then it listens. */
static gw_rc wait_for_line(struct gw_demo *demo, struct gw_err *err)
{
    char line[LINE_BYTES_MAX];
    size_t len = 0;
    while (len < sizeof(line) - 1) {
        size_t got = 0;
        GW_TRY(gw_process_read(demo->engine, line + len, sizeof(line) - 1 - len, &got, err));
        if (got == 0) {
            return GW_FAIL(err, GW_IO, "the engine ended at its start; see %s/engine.log",
                           demo->folder);
        }
        len += got;
        if (memchr(line, '\n', len))
            break;
    }
    struct gw_json_doc doc;
    uint64_t replayed = 0;
    size_t end = (size_t)((char *)memchr(line, '\n', len) - line);
    struct gw_text text = gw_arena_copy_text(&demo->cli->arena, (struct gw_text){line, end});
    GW_TRY(gw_json_parse(text, NULL, &demo->cli->arena, &doc, err));
    if (gw_json_get_u64(gw_json_member(doc.root, "replayed"), &replayed))
        demo->replayed += replayed;
    return GW_OK;
}

gw_rc gw_demo_engine_start(struct gw_demo *demo, struct gw_err *err)
{
    const char *env[ENV_COUNT];
    const char *const argv[] = {"/proc/self/exe",
                                "engine",
                                "run",
                                in_folder(demo, "shop.gw"),
                                "--state",
                                in_folder(demo, "state"),
                                "--http",
                                "none",
                                "--json",
                                NULL};
    environment(demo, env);
    const struct gw_process_opts opts = {.argv = argv,
                                         .env_add = env,
                                         .stdout_pipe = true,
                                         .stderr_path = in_folder(demo, "engine.log")};
    GW_TRY(gw_process_start(&opts, &demo->engine, err));
    return wait_for_line(demo, err);
}

void gw_demo_engine_kill(struct gw_demo *demo)
{
    struct gw_process_end end;
    gw_process_signal(demo->engine, GW_PROCESS_KILL);
    (void)gw_process_wait(demo->engine, START_MS, &end, NULL);
    gw_process_close(demo->engine);
    demo->engine = NULL;
}

gw_rc gw_demo_engine_stop(struct gw_demo *demo, struct gw_err *err)
{
    enum { EXIT_TERM = 143 };
    struct gw_process_end end;
    gw_process_signal(demo->engine, GW_PROCESS_TERM);
    gw_rc rc = gw_process_wait(demo->engine, START_MS, &end, err);
    gw_process_close(demo->engine);
    demo->engine = NULL;
    if (rc < 0)
        return GW_FAIL(err, rc, "the engine did not stop");
    if (end.exit_code != EXIT_TERM) {
        return GW_FAIL(err, GW_IO, "the engine ended with %d, signal %d; see %s/engine.log",
                       end.exit_code, end.signal, demo->folder);
    }
    return GW_OK;
}
