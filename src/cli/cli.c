/* One command line, from argv to exit code. */
#include "cli/cli.h"

#include <stdio.h>

#include "os/heap.h"

enum { ARENA_BYTES_MAX = 512 << 20 };

static void on_failure(struct gw_cli *cli, const struct gw_err *err)
{
    gw_cli_error(cli, err);
    cli->exit_code = gw_rc_exit(err->rc);
}

static gw_rc run(struct gw_cli *cli, int argc, const char *const *argv, struct gw_err *err)
{
    GW_TRY(gw_cli_parse(cli, argc, argv, err));
    if (cli->help) {
        gw_cli_help(gw_text(cli->command ? cli->command->path : cli->args[0]), &cli->out);
        if (cli->command == NULL && argc <= 1)
            cli->exit_code = gw_rc_exit(GW_USAGE);
        return GW_OK;
    }
    GW_TRY(gw_cli_settings_load(cli, err));
    return cli->command->run(cli, err);
}

int gw_cli_main(int argc, const char *const *argv)
{
    struct gw_err err = {0};
    struct gw_cli cli = {.program = argv[0]};
    gw_arena_init(&cli.arena, gw_os_heap(), ARENA_BYTES_MAX);
    gw_buf_init(&cli.out, gw_os_heap(), GW_CLI_PAGE_BYTES_MAX);
    if (run(&cli, argc, argv, &err) < 0)
        on_failure(&cli, &err);
    if (gw_cli_flush(&cli, &err) < 0)
        on_failure(&cli, &err);
    gw_buf_done(&cli.out);
    gw_arena_done(&cli.arena);
    return cli.exit_code;
}
