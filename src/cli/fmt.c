/* godwit engine fmt: one canonical layout. */
#include "lang/fmt.h"
#include "cli/commands.h"
#include "cli/program.h"
#include "os/file.h"
#include "os/heap.h"

enum { FORMATTED_BYTES_MAX = 16 << 20 };

static gw_rc format(struct gw_cli *cli, const char *path, struct gw_text *ret_before,
                    struct gw_buf *ret, struct gw_err *err)
{
    struct gw_diags diags;
    struct gw_ast *ast = NULL;
    gw_diags_init(&diags, &cli->arena);
    GW_TRY(gw_cli_source_load(cli, path, ret_before, err));
    const struct gw_lang_input input = {
        .name = gw_text(path), .text = *ret_before, .is_part_ok = true};
    gw_rc rc = gw_lang_parse(&input, &cli->arena, &diags, &ast, err);
    if (rc < 0) {
        if (diags.count > 1)
            gw_cli_diags_print(cli, &diags);
        return rc;
    }
    gw_lang_format(ast, ret);
    return gw_buf_check(ret, "formatted program", err);
}

static void put_json(struct gw_cli *cli, const char *path, bool is_same)
{
    struct gw_json_writer w = gw_cli_json(cli);
    gw_json_put_name_str(&w, "file");
    gw_json_put_str(&w, path);
    gw_json_put_name_str(&w, "formatted");
    gw_json_put_bool(&w, is_same);
    gw_cli_json_end(cli, &w);
}

static gw_rc one_file(struct gw_cli *cli, const char *path, struct gw_buf *after,
                      struct gw_err *err)
{
    struct gw_text before;
    GW_TRY(format(cli, path, &before, after, err));
    bool is_same = gw_text_equal(before, gw_buf_text(after));
    if (cli->json)
        put_json(cli, path, is_same);
    if (gw_cli_flag(cli, "write"))
        return is_same ? GW_OK : gw_file_store(path, gw_buf_bytes(after), err);
    if (gw_cli_flag(cli, "check")) {
        if (!is_same) {
            cli->exit_code = 1;
            if (!cli->json)
                gw_cli_out(cli, "%s\n", path);
        }
        return GW_OK;
    }
    if (!cli->json)
        gw_buf_put_text(&cli->out, gw_buf_text(after));
    return GW_OK;
}

static gw_rc run(struct gw_cli *cli, struct gw_err *err)
{
    for (uint32_t i = 0; i < cli->arg_count; i++) {
        struct gw_buf after;
        gw_buf_init(&after, gw_os_heap(), FORMATTED_BYTES_MAX);
        gw_rc rc = one_file(cli, cli->args[i], &after, err);
        gw_buf_done(&after);
        GW_TRY(rc);
    }
    if (gw_cli_flag(cli, "check") && cli->exit_code)
        gw_cli_next(cli, "godwit engine fmt -w %s", cli->args[0]);
    return GW_OK;
}

static const struct gw_cli_flag flags[] = {
    {"check", 0, NULL, "change nothing; name the files that are not formatted, exit 1 if any"},
    {"write", 'w', NULL, "write the files back"},
    {NULL, 0, NULL, NULL},
};

const struct gw_cli_command gw_cli_engine_fmt = {
    .path = "engine fmt",
    .args = "FILE...",
    .summary = "print programs in their canonical layout",
    .examples = "godwit engine fmt shop.gw           # to stdout\n"
                "godwit engine fmt -w shop.gw        # write it back\n"
                "godwit engine fmt --check *.gw      # exit 1 if any is not formatted\n",
    .about = "",
    .flags = flags,
    .args_min = 1,
    .args_max = GW_CLI_ARGS_MAX,
    .run = run,
};
