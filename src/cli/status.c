/* godwit engine status: one look at everything that runs. */
#include "cli/ask.h"
#include "cli/commands.h"

static const struct gw_json *list(const struct gw_cli_answer *answer, const char *name)
{
    const struct gw_json *node = gw_json_member(answer->doc.root, name);
    return node && node->kind == GW_JSON_ARRAY ? node : NULL;
}

/** One table from an array of objects: a column for each name; "#rows:last_rows" heads a number column "rows". */
static void put_list(struct gw_cli *cli, const struct gw_json *items, uint32_t columns,
                     const char *const *heads, const char *const *names)
{
    struct gw_cli_table table;
    if (items == NULL || items->count == 0)
        return;
    gw_cli_table_init(&table, columns, heads, &cli->arena);
    for (const struct gw_json *at = items->first; at; at = at->next) {
        for (uint32_t i = 0; i < columns; i++)
            gw_cli_table_put(&table, &cli->arena, gw_cli_cell(cli, at, names[i]));
    }
    gw_cli_table_print(&table, &cli->out);
}

static void put_head(struct gw_cli *cli, const struct gw_cli_answer *answer)
{
    const struct gw_json *root = answer->doc.root;
    bool is_halted = false;
    (void)gw_json_get_bool(gw_json_member(root, "halted"), &is_halted);
#define CELL(name) GW_TEXT_ARG(gw_cli_cell(cli, root, name))
    gw_cli_out(cli, "%.*s v%.*s  %.*s  epoch %.*s  index %.*s  durable %.*s  calls %.*s",
               CELL("program"), CELL("version"), CELL("role"), CELL("epoch"), CELL("index"),
               CELL("durable"), CELL("calls"));
    if (gw_json_member(root, "tps"))
        gw_cli_out(cli, "  %.*s txn/s", CELL("tps"));
#undef CELL
    const struct gw_json *phases = list(answer, "phases");
    for (const struct gw_json *at = phases ? phases->first : NULL; at; at = at->next) {
        gw_cli_out(cli, "%s%.*s %.*s", at == phases->first ? "  phase " : " · ",
                   GW_TEXT_ARG(gw_cli_cell(cli, at, "entity")),
                   GW_TEXT_ARG(gw_cli_cell(cli, at, "phase")));
    }
    gw_cli_out(cli, "\n");
    if (is_halted) {
        gw_cli_out(cli,
                   "%sHALTED%s: a row was changed by somebody else; see `godwit engine halt`\n",
                   cli->colors_out ? "\033[1;31m" : "", cli->colors_out ? "\033[0m" : "");
    }
}

static void put_tables(struct gw_cli *cli, const struct gw_cli_answer *answer)
{
    static const char *const store_heads[] = {"store",    "state",   "parked",   "#dirty",
                                              "#refused", "#pushed", "#repeats", "last error"};
    static const char *const store_names[] = {"store",   "state",       "parked",  "dirty",
                                              "refused", "pushed_rows", "repeats", "last_error"};
    static const char *const home_heads[] = {"home",     "entity", "role",     "#rows",
                                             "#unknown", "#pass",  "#clean at"};
    static const char *const home_names[] = {"home",    "entity",     "role",    "last_rows",
                                             "unknown", "audit_pass", "clean_at"};
    static const char *const daemon_heads[] = {"#id",   "daemon", "status",  "#pages",
                                               "#rows", "#calls", "waiting", "reason"};
    static const char *const daemon_names[] = {"id",   "daemon", "status",  "pages",
                                               "rows", "calls",  "waiting", "reason"};
    static const char *const build_heads[] = {"building", "waits for"};
    static const char *const build_names[] = {"name", "why"};
    put_list(cli, list(answer, "stores"), GW_COUNT_OF(store_heads), store_heads, store_names);
    put_list(cli, list(answer, "homes"), GW_COUNT_OF(home_heads), home_heads, home_names);
    put_list(cli, list(answer, "daemons"), GW_COUNT_OF(daemon_heads), daemon_heads, daemon_names);
    put_list(cli, list(answer, "building"), GW_COUNT_OF(build_heads), build_heads, build_names);
}

static gw_rc run(struct gw_cli *cli, struct gw_err *err)
{
    struct gw_cli_answer answer;
    GW_TRY(gw_cli_ask(cli, "GET", "/v1/engine", GW_TEXT_LIT(""), &answer, err));
    if (cli->json) {
        gw_cli_answer_json(cli, &answer);
        return GW_OK;
    }
    put_head(cli, &answer);
    put_tables(cli, &answer);
    return GW_OK;
}

const struct gw_cli_command gw_cli_engine_status = {
    .path = "engine status",
    .args = "",
    .summary = "show program, index, stores, homes, daemons and phases",
    .examples = "godwit engine status\n"
                "godwit engine status --json | jq .stores\n",
    .about = "Direct readers of the stores see each key eventually; a view sees all stores at one "
             "index.\n",
    .run = run,
};
