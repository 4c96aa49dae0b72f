/* godwit engine phase: where each entity stands in its move, and the next step. */
#include "cli/ask.h"
#include "cli/commands.h"

static gw_rc show(struct gw_cli *cli, struct gw_err *err)
{
    static const char *const heads[] = {"entity", "phase", "#since index"};
    struct gw_cli_answer answer;
    struct gw_cli_table table;
    GW_TRY(gw_cli_ask(cli, "GET", "/v1/engine/phases", GW_TEXT_LIT(""), &answer, err));
    if (cli->json) {
        gw_cli_answer_json(cli, &answer);
        return GW_OK;
    }
    const struct gw_json *list = gw_json_member(answer.doc.root, "phases");
    gw_cli_table_init(&table, GW_COUNT_OF(heads), heads, &cli->arena);
    for (const struct gw_json *at = list ? list->first : NULL; at; at = at->next) {
        gw_cli_table_put(&table, &cli->arena, gw_cli_cell(cli, at, "entity"));
        gw_cli_table_put(&table, &cli->arena, gw_cli_cell(cli, at, "phase"));
        gw_cli_table_put(&table, &cli->arena, gw_cli_cell(cli, at, "index"));
    }
    gw_cli_table_print(&table, &cli->out);
    return GW_OK;
}

/** The numbers that are missing: exit 4 is an answer, not a failure. */
static void put_missing(struct gw_cli *cli, const struct gw_cli_answer *answer)
{
    const struct gw_json *missing = gw_json_member(answer->doc.root, "missing");
    cli->exit_code = gw_rc_exit(GW_GATE);
    if (cli->json) {
        gw_cli_answer_json(cli, answer);
        return;
    }
    gw_cli_out(cli, "%s stays where it is: conditions of `%s` do not hold\n", cli->args[0],
               cli->args[1]);
    for (const struct gw_json *at = missing ? missing->first : NULL; at; at = at->next) {
        gw_cli_out(cli, "  %.*s  is %.*s\n", GW_TEXT_ARG(gw_cli_cell(cli, at, "cond")),
                   GW_TEXT_ARG(gw_cli_cell(cli, at, "value")));
    }
    gw_cli_next(cli, "godwit engine status");
}

static gw_rc move(struct gw_cli *cli, struct gw_err *err)
{
    enum { STATUS_GATE = 412 };
    struct gw_cli_answer answer;
    const char *reason = gw_cli_flag(cli, "reason");
    const char *const pairs[] = {"to", cli->args[1], "reason", reason ? reason : "by hand", NULL};
    const char *path =
        gw_arena_printf(&cli->arena, "/v1/engine/phases/%s", gw_cli_url(cli, cli->args[0]).data)
            .data;
    GW_TRY(gw_cli_ask_raw(cli, "POST", path, gw_cli_object(cli, pairs), &answer, err));
    if (answer.status == STATUS_GATE) {
        put_missing(cli, &answer);
        return GW_OK;
    }
    GW_TRY(gw_cli_answer_check(&answer, err));
    if (cli->json) {
        gw_cli_answer_json(cli, &answer);
    } else {
        gw_cli_out(cli, "%s is in phase %s since index %.*s\n", cli->args[0], cli->args[1],
                   GW_TEXT_ARG(gw_cli_cell(cli, answer.doc.root, "index")));
    }
    return GW_OK;
}

static gw_rc run(struct gw_cli *cli, struct gw_err *err)
{
    if (cli->arg_count == 0)
        return show(cli, err);
    if (cli->arg_count == 2)
        return move(cli, err);
    GW_FAIL_CODE(err, GW_USAGE, 7203, "`godwit engine phase %s` needs the phase to go to",
                 cli->args[0]);
    gw_err_hint(err, "observe own backfill verified flip drain");
    return GW_USAGE;
}

static const struct gw_cli_flag flags[] = {
    {"reason", 0, "TEXT", "for the audit trail"},
    {NULL, 0, NULL, NULL},
};

const struct gw_cli_command gw_cli_engine_phase = {
    .path = "engine phase",
    .args = "[ENTITY TO]",
    .summary = "show the phase of every entity, or move one",
    .examples = "godwit engine phase\n"
                "godwit engine phase User flip --reason \"target has been watched for a day\"\n",
    .about = "observe, own, backfill, verified, flip, drain. A move whose conditions do not hold "
             "changes nothing, prints\n"
             "the numbers that are missing, and exits with 4. No move rejects a call.\n",
    .flags = flags,
    .args_max = 2,
    .run = run,
};
