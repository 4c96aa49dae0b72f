/* godwit explain: the page of one error code. */
#include "base/code.h"
#include "cli/commands.h"

/** The known code whose digits are nearest: "did you mean". */
static void hint_nearest(gw_code code, struct gw_err *err)
{
    size_t count;
    const struct gw_code_entry *entries = gw_code_entries(&count);
    gw_code best = 0;
    int distance = 100;
    for (size_t i = 0; code && i < count; i++) {
        int d = entries[i].code > code ? entries[i].code - code : code - entries[i].code;
        if (d < distance) {
            distance = d;
            best = entries[i].code;
        }
    }
    if (best) {
        gw_err_hint(err, "the nearest known code is GW%u; `godwit explain` lists all", best);
    } else {
        gw_err_hint(err, "codes look like GW2107; `godwit explain` lists all");
    }
}

static void put_list(struct gw_cli *cli)
{
    size_t count;
    const struct gw_code_entry *entries = gw_code_entries(&count);
    struct gw_json_writer w = {0};
    if (cli->json) {
        w = gw_cli_json(cli);
        gw_json_put_name_str(&w, "codes");
        gw_json_put_array(&w);
    }
    for (size_t i = 0; i < count; i++) {
        if (!cli->json) {
            gw_cli_out(cli, "GW%u  %s\n", entries[i].code, entries[i].summary);
            continue;
        }
        gw_json_put_object(&w);
        gw_json_put_name_str(&w, "code");
        gw_json_put_text(&w, gw_arena_printf(&cli->arena, "GW%u", entries[i].code));
        gw_json_put_name_str(&w, "summary");
        gw_json_put_str(&w, entries[i].summary);
        gw_json_put_object_end(&w);
    }
    if (cli->json) {
        gw_json_put_array_end(&w);
        gw_cli_json_end(cli, &w);
    }
}

static gw_rc run(struct gw_cli *cli, struct gw_err *err)
{
    if (cli->arg_count == 0) {
        put_list(cli);
        return GW_OK;
    }
    gw_code code = gw_code_parse(gw_text(cli->args[0]));
    const struct gw_code_entry *entry = code ? gw_code_find(code) : NULL;
    if (entry == NULL) {
        GW_FAIL_CODE(err, GW_USAGE, 7206, "no error code `%s`", cli->args[0]);
        hint_nearest(code, err);
        return GW_USAGE;
    }
    if (!cli->json) {
        gw_cli_out(cli, "GW%u: %s\n\n%s\n", entry->code, entry->summary, entry->page);
        return GW_OK;
    }
    struct gw_json_writer w = gw_cli_json(cli);
    gw_json_put_name_str(&w, "code");
    gw_json_put_text(&w, gw_arena_printf(&cli->arena, "GW%u", entry->code));
    gw_json_put_name_str(&w, "summary");
    gw_json_put_str(&w, entry->summary);
    gw_json_put_name_str(&w, "page");
    gw_json_put_str(&w, entry->page);
    gw_cli_json_end(cli, &w);
    return GW_OK;
}

const struct gw_cli_command gw_cli_explain = {
    .path = "explain",
    .args = "[CODE]",
    .summary = "print the page of an error code, or list all codes",
    .examples = "godwit explain GW2107   # what happened, why, what to do\n"
                "godwit explain          # all codes\n",
    .about = "",
    .args_max = 1,
    .run = run,
};
