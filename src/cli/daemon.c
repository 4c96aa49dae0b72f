/* godwit engine daemon: durable background functions. */
#include "cli/ask.h"
#include "cli/commands.h"
#include "os/clock.h"
#include "os/mutex.h"

enum { WAIT_STEP_MS = 100 };

static gw_rc load(struct gw_cli *cli, struct gw_cli_answer *ret, struct gw_err *err)
{
    return gw_cli_ask(cli, "GET", "/v1/engine/daemons", GW_TEXT_LIT(""), ret, err);
}

static gw_rc list(struct gw_cli *cli, struct gw_err *err)
{
    static const char *const heads[] = {"#id",   "daemon", "status",  "#pages",
                                        "#rows", "#calls", "waiting", "reason"};
    static const char *const names[] = {"id",   "daemon", "status",  "pages",
                                        "rows", "calls",  "waiting", "reason"};
    struct gw_cli_answer answer;
    struct gw_cli_table table;
    GW_TRY(load(cli, &answer, err));
    if (cli->json) {
        gw_cli_answer_json(cli, &answer);
        return GW_OK;
    }
    gw_cli_table_init(&table, GW_COUNT_OF(heads), heads, &cli->arena);
    const struct gw_json *daemons = gw_json_member(answer.doc.root, "daemons");
    for (const struct gw_json *at = daemons ? daemons->first : NULL; at; at = at->next) {
        for (size_t i = 0; i < GW_COUNT_OF(names); i++)
            gw_cli_table_put(&table, &cli->arena, gw_cli_cell(cli, at, names[i]));
    }
    gw_cli_table_print(&table, &cli->out);
    return GW_OK;
}

/** The newest run of a daemon by name or id; NULL: none. */
static const struct gw_json *find(struct gw_cli *cli, const struct gw_cli_answer *answer,
                                  const char *name)
{
    const struct gw_json *daemons = gw_json_member(answer->doc.root, "daemons");
    const struct gw_json *found = NULL;
    for (const struct gw_json *at = daemons ? daemons->first : NULL; at; at = at->next) {
        if (gw_text_is(gw_cli_cell(cli, at, "daemon"), name) ||
            gw_text_is(gw_cli_cell(cli, at, "id"), name))
            found = at;
    }
    return found;
}

static gw_rc wait_a_little(struct gw_err *err)
{
    struct gw_mutex *mutex = NULL;
    GW_TRY(gw_mutex_new(&mutex, err));
    gw_mutex_lock(mutex);
    (void)gw_mutex_wait(mutex, gw_clock_mono_ns() + WAIT_STEP_MS * INT64_C(1000000));
    gw_mutex_unlock(mutex);
    gw_mutex_free(mutex);
    return GW_OK;
}

/** Until it has ended: 0 done, 1 parked or stopped. */
static gw_rc wait_for(struct gw_cli *cli, const char *name, struct gw_err *err)
{
    for (;;) {
        struct gw_arena_mark mark = gw_arena_mark(&cli->arena);
        struct gw_cli_answer answer;
        GW_TRY(load(cli, &answer, err));
        const struct gw_json *at = find(cli, &answer, name);
        if (at == NULL)
            return GW_FAIL_CODE(err, GW_NOTFOUND, 7206, "no daemon `%s` has been started", name);
        struct gw_text status = gw_cli_cell(cli, at, "status");
        bool is_done = gw_text_is(status, "done");
        if (is_done || gw_text_is(status, "parked") || gw_text_is(status, "stopped")) {
            cli->exit_code = is_done ? 0 : 1;
            if (cli->json) {
                gw_cli_answer_json(cli, &answer);
            } else {
                gw_cli_out(cli, "%s %.*s  %.*s\n", name, GW_TEXT_ARG(status),
                           GW_TEXT_ARG(gw_cli_cell(cli, at, "reason")));
            }
            return GW_OK;
        }
        gw_arena_back_to(&cli->arena, mark);
        GW_TRY(wait_a_little(err));
    }
}

static gw_rc post(struct gw_cli *cli, const char *verb, const char *name, struct gw_err *err)
{
    struct gw_cli_answer answer;
    struct gw_text args;
    GW_TRY(gw_cli_args_json(cli, 2, &args, err));
    struct gw_text body = gw_arena_printf(&cli->arena, "{\"args\":%.*s}", GW_TEXT_ARG(args));
    const char *path =
        gw_arena_printf(&cli->arena, "/v1/engine/daemons/%s/%s", gw_cli_url(cli, name).data, verb)
            .data;
    GW_TRY(gw_cli_ask(cli, "POST", path, body, &answer, err));
    if (cli->json) {
        gw_cli_answer_json(cli, &answer);
    } else {
        gw_cli_out(cli, "%s: %s at index %.*s\n", name, verb,
                   GW_TEXT_ARG(gw_cli_cell(cli, answer.doc.root, "index")));
    }
    gw_cli_next(cli, "godwit engine daemon wait %s", name);
    return GW_OK;
}

static gw_rc run(struct gw_cli *cli, struct gw_err *err)
{
    static const char *const verbs[] = {"start", "stop", "pause", "resume"};
    if (cli->arg_count == 0)
        return list(cli, err);
    if (cli->arg_count == 1) {
        GW_FAIL_CODE(err, GW_USAGE, 7203, "`godwit engine daemon %s` needs a name", cli->args[0]);
        gw_err_hint(err, "`godwit engine daemon` lists those that were started");
        return GW_USAGE;
    }
    if (strcmp(cli->args[0], "wait") == 0)
        return wait_for(cli, cli->args[1], err);
    for (size_t i = 0; i < GW_COUNT_OF(verbs); i++) {
        if (strcmp(cli->args[0], verbs[i]) == 0)
            return post(cli, verbs[i], cli->args[1], err);
    }
    GW_FAIL_CODE(err, GW_USAGE, 7201, "no verb `%s`", cli->args[0]);
    gw_err_hint(err, "start, stop, pause, resume or wait");
    return GW_USAGE;
}

const struct gw_cli_command gw_cli_engine_daemon = {
    .path = "engine daemon",
    .args = "[start|stop|pause|resume|wait NAME [ARGS]]",
    .summary = "list, start, stop and wait for durable background functions",
    .examples = "godwit engine daemon\n"
                "godwit engine daemon start move_users\n"
                "godwit engine daemon wait move_users   # exit 0 done, 1 parked or stopped\n",
    .about = "",
    .args_max = GW_CLI_ARGS_MAX,
    .run = run,
};
