/* godwit engine call, view, warm: run a function of the program. */
#include "cli/ask.h"
#include "cli/commands.h"

static gw_rc body_of(struct gw_cli *cli, struct gw_text *ret, struct gw_err *err)
{
    struct gw_text args;
    GW_TRY(gw_cli_args_json(cli, 1, &args, err));
    *ret = gw_arena_printf(&cli->arena, "{\"args\":%.*s}", GW_TEXT_ARG(args));
    return ret->data ? GW_OK : GW_FAIL_NOMEM(err);
}

static void put_outcome(struct gw_cli *cli, const struct gw_cli_answer *answer)
{
    static const char *const names[] = {"ok", "fail", "abort", "value"};
    for (size_t i = 0; i < GW_COUNT_OF(names); i++) {
        if (gw_json_member(answer->doc.root, names[i]) == NULL)
            continue;
        struct gw_text text = gw_cli_cell(cli, answer->doc.root, names[i]);
        gw_cli_out(cli, "%s%s%.*s\n", names[i], text.len ? " " : "", GW_TEXT_ARG(text));
    }
    struct gw_text index = gw_cli_cell(cli, answer->doc.root, "index");
    if (index.len)
        gw_cli_say(cli, "at index %.*s", GW_TEXT_ARG(index));
}

/** A function that failed or was aborted has answered; the exit code says that it is not "ok". */
static gw_rc call_or_view(struct gw_cli *cli, const char *path, struct gw_err *err)
{
    struct gw_cli_answer answer;
    struct gw_text body;
    GW_TRY(body_of(cli, &body, err));
    GW_TRY(gw_cli_ask_raw(cli, "POST", path, body, &answer, err));
    gw_rc rc = gw_cli_answer_check(&answer, err);
    if (rc == GW_CONFLICT && gw_json_member(answer.doc.root, "abort")) {
        return err->rc =
                   GW_CANCELLED; /* decided: the function was aborted, nobody else is in the way */
    }
    if (rc < 0)
        return rc;
    if (gw_json_member(answer.doc.root, "fail") || gw_json_member(answer.doc.root, "abort"))
        cli->exit_code = 1;
    if (cli->json) {
        gw_cli_answer_json(cli, &answer);
    } else {
        put_outcome(cli, &answer);
    }
    return GW_OK;
}

static gw_rc run_call(struct gw_cli *cli, struct gw_err *err)
{
    struct gw_text fn = gw_cli_url(cli, cli->args[0]);
    return call_or_view(cli, gw_arena_printf(&cli->arena, "/v1/call/%s", fn.data).data, err);
}

static gw_rc run_view(struct gw_cli *cli, struct gw_err *err)
{
    struct gw_text fn = gw_cli_url(cli, cli->args[0]);
    const char *as_of = gw_cli_flag(cli, "as-of");
    const char *at_least = gw_cli_flag(cli, "at-least");
    struct gw_text query = GW_TEXT_LIT("");
    if (as_of) {
        query = gw_arena_printf(&cli->arena, "?as_of=%s", gw_cli_url(cli, as_of).data);
    } else if (at_least) {
        query = gw_arena_printf(&cli->arena, "?at_least=%s", gw_cli_url(cli, at_least).data);
    } else if (gw_cli_flag(cli, "stale-ok")) {
        query = GW_TEXT_LIT("?stale_ok=1");
    }
    return call_or_view(
        cli, gw_arena_printf(&cli->arena, "/v1/view/%s%.*s", fn.data, GW_TEXT_ARG(query)).data,
        err);
}

/** `warm Account 12 13` or `warm pay src=1 dst=2`: an argument with "=" or "{" makes it a function. */
static gw_rc warm_body(struct gw_cli *cli, struct gw_text *ret, struct gw_err *err)
{
    bool is_fn =
        cli->arg_count > 1 && (strchr(cli->args[1], '=') || strchr("{[", cli->args[1][0]) != NULL);
    const char *name = cli->args[0];
    if (is_fn) {
        struct gw_text args;
        GW_TRY(gw_cli_args_json(cli, 1, &args, err));
        *ret = gw_arena_printf(&cli->arena, "{\"fn\":\"%s\",\"args\":[%.*s]}", name,
                               GW_TEXT_ARG(args));
        return ret->data ? GW_OK : GW_FAIL_NOMEM(err);
    }
    struct gw_text keys = GW_TEXT_LIT("");
    for (uint32_t i = 1; i < cli->arg_count; i++) {
        struct gw_json_doc doc;
        bool is_json = gw_json_parse(gw_text(cli->args[i]), NULL, &cli->arena, &doc, NULL) == GW_OK;
        const char *quote = is_json ? "" : "\"";
        keys = gw_arena_printf(&cli->arena, "%.*s%s%s%s%s", GW_TEXT_ARG(keys), i > 1 ? "," : "",
                               quote, cli->args[i], quote);
    }
    *ret = gw_arena_printf(&cli->arena, "{\"entity\":\"%s\",\"keys\":[%.*s]}", name,
                           GW_TEXT_ARG(keys));
    return ret->data ? GW_OK : GW_FAIL_NOMEM(err);
}

static gw_rc run_warm(struct gw_cli *cli, struct gw_err *err)
{
    struct gw_cli_answer answer;
    struct gw_text body;
    GW_TRY(warm_body(cli, &body, err));
    GW_TRY(gw_cli_ask(cli, "POST", "/v1/warm", body, &answer, err));
    if (cli->json) {
        gw_cli_answer_json(cli, &answer);
        return GW_OK;
    }
    static const char *const names[] = {"resident", "fetched", "failed"};
    for (size_t i = 0; i < GW_COUNT_OF(names); i++) {
        gw_cli_out(cli, "%s%s %.*s", i ? "  " : "", names[i],
                   GW_TEXT_ARG(gw_cli_cell(cli, answer.doc.root, names[i])));
    }
    gw_cli_out(cli, "\n");
    return GW_OK;
}

const struct gw_cli_command gw_cli_engine_call = {
    .path = "engine call",
    .args = "FN [ARGS]",
    .summary = "run a transaction and print its result",
    .examples = "godwit engine call pay src=4711 dst=12 amt=5.00\n"
                "godwit engine call pay '{\"src\":4711,\"dst\":12,\"amt\":\"5.00\"}' --json\n"
                "godwit engine call pay '[4711,12,\"5.00\"]'\n",
    .about = "Numbers keep their text. Exit code 0 for ok, 1 for fail and abort, 6 when the engine "
             "has halted.\n",
    .args_min = 1,
    .args_max = GW_CLI_ARGS_MAX,
    .run = run_call,
};

static const struct gw_cli_flag view_flags[] = {
    {"at-least", 0, "INDEX", "a snapshot that has this journal index: read your own writes"},
    {"as-of", 0, "INDEX", "as it was at this journal index, while the history of the keys reaches"},
    {"stale-ok", 0, NULL, "do not wait; the answer says how old it is"},
    {NULL, 0, NULL, NULL},
};

const struct gw_cli_command gw_cli_engine_view = {
    .path = "engine view",
    .args = "FN [ARGS]",
    .summary = "run a view on a consistent snapshot and print its value",
    .examples = "godwit engine view balances uid=8\n"
                "godwit engine view balances uid=8 --as-of 88102010\n",
    .about = "",
    .flags = view_flags,
    .args_min = 1,
    .args_max = GW_CLI_ARGS_MAX,
    .run = run_view,
};

const struct gw_cli_command gw_cli_engine_warm = {
    .path = "engine warm",
    .args = "ENTITY KEY... | FN ARGS",
    .summary = "read keys ahead, so that calls on them fetch nothing",
    .examples =
        "godwit engine warm Account 12 13\n"
        "godwit engine warm pay src=4711 dst=12 amt=5.00   # every key the call would touch\n",
    .about = "",
    .args_min = 2,
    .args_max = GW_CLI_ARGS_MAX,
    .run = run_warm,
};
