/* godwit engine audit, retry, park, unpark, checkpoint: one request each. */
#include "cli/ask.h"
#include "cli/commands.h"

/** Posts `body`, prints the answer: "what: name value  name value". */
static gw_rc post(struct gw_cli *cli, const char *path, const char *const *pairs, const char *what,
                  struct gw_err *err)
{
    struct gw_cli_answer answer;
    GW_TRY(gw_cli_ask(cli, "POST", path, gw_cli_object(cli, pairs), &answer, err));
    if (cli->json) {
        gw_cli_answer_json(cli, &answer);
        return GW_OK;
    }
    gw_cli_out(cli, "%s", what);
    const struct gw_json *root = answer.doc.root;
    for (const struct gw_json *at = root ? root->first : NULL; at; at = at->next) {
        gw_cli_out(cli, "  %.*s %.*s", GW_TEXT_ARG(at->name),
                   GW_TEXT_ARG(gw_cli_node_text(cli, at)));
    }
    gw_cli_out(cli, "\n");
    return GW_OK;
}

static gw_rc run_audit(struct gw_cli *cli, struct gw_err *err)
{
    const char *const pairs[] = {"entity", cli->arg_count ? cli->args[0] : NULL, NULL};
    const char *const none[] = {NULL};
    GW_TRY(post(cli, "/v1/engine/audit", cli->arg_count ? pairs : none, "audit begun", err));
    gw_cli_next(cli, "godwit engine status   (column `clean at`)");
    return GW_OK;
}

static gw_rc run_retry(struct gw_cli *cli, struct gw_err *err)
{
    const char *const pairs[] = {"store", cli->arg_count ? cli->args[0] : NULL, NULL};
    const char *const none[] = {NULL};
    return post(cli, "/v1/engine/retry", cli->arg_count ? pairs : none, "retrying", err);
}

static gw_rc park(struct gw_cli *cli, const char *verb, const char *what, struct gw_err *err)
{
    const char *reason = gw_cli_flag(cli, "reason");
    const char *const pairs[] = {"reason", reason ? reason : "by hand", NULL};
    return post(cli,
                gw_arena_printf(&cli->arena, "/v1/engine/stores/%s/%s",
                                gw_cli_url(cli, cli->args[0]).data, verb)
                    .data,
                pairs, what, err);
}

static gw_rc run_park(struct gw_cli *cli, struct gw_err *err)
{
    return park(cli, "park", "parked", err);
}

static gw_rc run_unpark(struct gw_cli *cli, struct gw_err *err)
{
    return park(cli, "unpark", "unparked", err);
}

static gw_rc run_checkpoint(struct gw_cli *cli, struct gw_err *err)
{
    const char *const none[] = {NULL};
    return post(cli, "/v1/engine/checkpoint", none, "checkpoint", err);
}

static const struct gw_cli_flag reason_flags[] = {
    {"reason", 0, "TEXT", "for the audit trail"},
    {NULL, 0, NULL, NULL},
};

const struct gw_cli_command gw_cli_engine_audit = {
    .path = "engine audit",
    .args = "[ENTITY]",
    .summary = "begin a new pass over all homes, or over those of one entity",
    .examples = "godwit engine audit Account\n",
    .about =
        "Every row is read again and compared by hash with what the engine last wrote there.\n",
    .args_max = 1,
    .run = run_audit,
};

const struct gw_cli_command gw_cli_engine_retry = {
    .path = "engine retry",
    .args = "[STORE]",
    .summary = "try again the rows that a store refused",
    .examples = "godwit engine retry pg   # after the constraint was put right\n",
    .about = "",
    .args_max = 1,
    .run = run_retry,
};

const struct gw_cli_command gw_cli_engine_park = {
    .path = "engine park",
    .args = "STORE",
    .summary = "stop pushing to a store, visibly, without dropping anything",
    .examples = "godwit engine park pg --reason \"maintenance\"\n",
    .about = "",
    .flags = reason_flags,
    .args_min = 1,
    .args_max = 1,
    .run = run_park,
};

const struct gw_cli_command gw_cli_engine_unpark = {
    .path = "engine unpark",
    .args = "STORE",
    .summary = "push to a parked store again",
    .examples = "godwit engine unpark pg\n",
    .about = "",
    .flags = reason_flags,
    .args_min = 1,
    .args_max = 1,
    .run = run_unpark,
};

const struct gw_cli_command gw_cli_engine_checkpoint = {
    .path = "engine checkpoint",
    .args = "",
    .summary = "write a synced copy of the state now",
    .examples = "godwit engine checkpoint   # before an upgrade: the next start replays little\n",
    .about = "",
    .run = run_checkpoint,
};
