/* godwit engine explain: the versions of a key and what made them, or the records at a journal index. */
#include "cli/ask.h"
#include "cli/commands.h"

static void put_fields(struct gw_cli *cli, const struct gw_json *fields)
{
    for (const struct gw_json *at = fields ? fields->first : NULL; at; at = at->next) {
        gw_cli_out(cli, "  %.*s %.*s", GW_TEXT_ARG(at->name),
                   GW_TEXT_ARG(gw_cli_node_text(cli, at)));
    }
}

static void put_version(struct gw_cli *cli, const struct gw_json *version)
{
#define CELL(of, name) GW_TEXT_ARG(gw_cli_cell(cli, of, name))
    gw_cli_out(cli, "ver %.*s  at %.*s  %.*s by %.*s", CELL(version, "ver"), CELL(version, "index"),
               CELL(version, "change"), CELL(version, "by"));
    const struct gw_json *patch = gw_json_member(version, "patch");
    for (const struct gw_json *at = patch ? patch->first : NULL; at; at = at->next)
        gw_cli_out(cli, "  %.*s %.*s -> %.*s", CELL(at, "field"), CELL(at, "old"), CELL(at, "new"));
    gw_cli_out(cli, "\n");
}

static void put_key(struct gw_cli *cli, const struct gw_json *root)
{
    gw_cli_out(cli, "%.*s[%.*s]  %.*s  ver %.*s", CELL(root, "entity"), CELL(root, "key"),
               CELL(root, "state"), CELL(root, "ver"));
    put_fields(cli, gw_json_member(root, "fields"));
    gw_cli_out(cli, "\n");
    const struct gw_json *homes = gw_json_member(root, "homes");
    for (const struct gw_json *at = homes ? homes->first : NULL; at; at = at->next) {
        gw_cli_out(cli, "home %.*s  acked ver %.*s  dirty %.*s\n", CELL(at, "home"),
                   CELL(at, "acked_ver"), CELL(at, "dirty"));
    }
    const struct gw_json *versions = gw_json_member(root, "versions");
    for (const struct gw_json *at = versions ? versions->first : NULL; at; at = at->next)
        put_version(cli, at);
#undef CELL
}

static gw_rc run(struct gw_cli *cli, struct gw_err *err)
{
    struct gw_cli_answer answer;
    const char *path;
    if (cli->arg_count == 1) {
        path = gw_arena_printf(&cli->arena, "/v1/engine/journal/%s",
                               gw_cli_url(cli, cli->args[0]).data)
                   .data;
    } else {
        path =
            gw_arena_printf(&cli->arena, "/v1/engine/explain/%s/%s",
                            gw_cli_url(cli, cli->args[0]).data, gw_cli_url(cli, cli->args[1]).data)
                .data;
    }
    GW_TRY(gw_cli_ask(cli, "GET", path, GW_TEXT_LIT(""), &answer, err));
    if (cli->json) {
        gw_cli_answer_json(cli, &answer);
    } else if (cli->arg_count == 1) {
        gw_cli_out(cli, "%.*s\n", GW_TEXT_ARG(answer.body));
    } else {
        put_key(cli, gw_json_member(answer.doc.root, "explain"));
    }
    return GW_OK;
}

const struct gw_cli_command gw_cli_engine_explain = {
    .path = "engine explain",
    .args = "ENTITY KEY | INDEX",
    .summary = "print the versions of a key and what made them, or the records at an index",
    .examples = "godwit engine explain Account 4711   # newest first, with patches\n"
                "godwit engine explain 88102007       # the records of that batch\n",
    .about = "",
    .args_min = 1,
    .args_max = 2,
    .run = run,
};
