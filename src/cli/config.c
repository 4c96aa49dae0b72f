/* godwit config show: what is set, and by whom. */
#include "cli/commands.h"

static void put_json(struct gw_cli *cli)
{
    struct gw_json_writer w = gw_cli_json(cli);
    gw_json_put_name_str(&w, "settings");
    gw_json_put_array(&w);
    for (size_t i = 0; i < gw_cli_settings_count(); i++) {
        struct gw_text name, value, origin;
        gw_cli_setting(cli, i, &name, &value, &origin);
        gw_json_put_object(&w);
        gw_json_put_name_str(&w, "name");
        gw_json_put_text(&w, name);
        gw_json_put_name_str(&w, "value");
        gw_json_put_text(&w, value);
        gw_json_put_name_str(&w, "origin");
        gw_json_put_text(&w, origin);
        gw_json_put_object_end(&w);
    }
    gw_json_put_array_end(&w);
    gw_cli_json_end(cli, &w);
}

static gw_rc run(struct gw_cli *cli, struct gw_err *err)
{
    (void)err;
    if (cli->json) {
        put_json(cli);
        return GW_OK;
    }
    static const char *const heads[] = {"setting", "value", "origin"};
    struct gw_cli_table table;
    uint32_t columns = gw_cli_flag(cli, "origin") ? 3 : 2;
    gw_cli_table_init(&table, columns, heads, &cli->arena);
    for (size_t i = 0; i < gw_cli_settings_count(); i++) {
        struct gw_text name, value, origin;
        gw_cli_setting(cli, i, &name, &value, &origin);
        gw_cli_table_put(&table, &cli->arena, name);
        gw_cli_table_put(&table, &cli->arena, value);
        if (columns == 3)
            gw_cli_table_put(&table, &cli->arena, origin);
    }
    gw_cli_table_print(&table, &cli->out);
    return GW_OK;
}

static const struct gw_cli_flag flags[] = {
    {"origin", 0, NULL, "say where each value came from"},
    {NULL, 0, NULL, NULL},
};

const struct gw_cli_command gw_cli_config_show = {
    .path = "config show",
    .args = "",
    .summary = "print the settings in force",
    .examples =
        "godwit config show --origin             # and which file, variable or flag set them\n"
        "GODWIT_STATE=/srv/gw godwit config show\n",
    .about = "A flag wins over GODWIT_*, that over --config FILE, ./godwit.jsonc, "
             "$XDG_CONFIG_HOME/godwit/godwit.jsonc,\n/etc/godwit/godwit.jsonc, and the default.\n",
    .flags = flags,
    .run = run,
};
