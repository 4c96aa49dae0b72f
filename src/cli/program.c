/* Reading `.gw` files. Text comes from disk, its meaning from room lang. */
#include "cli/program.h"

#include <stdio.h>

#include "os/file.h"
#include "os/heap.h"

enum { PRINT_BYTES_MAX = 256 * 1024 };

gw_rc gw_cli_source_load(struct gw_cli *cli, const char *path, struct gw_text *ret,
                         struct gw_err *err)
{
    struct gw_bytes bytes;
    gw_rc rc = gw_file_load(path, &cli->arena, GW_CLI_SOURCE_BYTES_MAX, &bytes, err);
    if (rc < 0) {
        err->code = err->code ? err->code : 7207;
        return rc;
    }
    *ret = gw_bytes_text(bytes);
    return GW_OK;
}

/** `path` beside the file that names it. */
static gw_rc load_include(void *ctx, struct gw_text from, struct gw_text path,
                          struct gw_arena *arena, struct gw_text *ret_text, struct gw_err *err)
{
    struct gw_cli *cli = ctx;
    size_t folder = from.len;
    while (folder > 0 && from.data[folder - 1] != '/')
        folder--;
    if (path.len && path.data[0] == '/')
        folder = 0;
    struct gw_text full =
        gw_arena_printf(arena, "%.*s%.*s", (int)folder, from.data, GW_TEXT_ARG(path));
    return full.data ? gw_cli_source_load(cli, full.data, ret_text, err) : GW_FAIL_NOMEM(err);
}

gw_rc gw_cli_compile(struct gw_cli *cli, const char *path, struct gw_diags *diags,
                     const struct gw_program **ret, struct gw_err *err)
{
    struct gw_text text;
    gw_diags_init(diags, &cli->arena);
    GW_TRY(gw_cli_source_load(cli, path, &text, err));
    const struct gw_lang_input input = {
        .name = gw_text(path), .text = text, .load = load_include, .load_ctx = cli};
    return gw_lang_compile_input(&input, &gw_lang_limits_default, &cli->arena, diags, ret, err);
}

void gw_cli_diags_print(struct gw_cli *cli, const struct gw_diags *diags)
{
    struct gw_buf buf;
    (void)cli;
    gw_buf_init(&buf, gw_os_heap(), PRINT_BYTES_MAX);
    gw_diags_text(diags, &buf);
    fwrite(buf.data, 1, buf.len, stderr);
    gw_buf_done(&buf);
}

gw_rc gw_cli_compile_or_say(struct gw_cli *cli, const char *path, const struct gw_program **ret,
                            struct gw_err *err)
{
    struct gw_diags diags;
    gw_rc rc = gw_cli_compile(cli, path, &diags, ret, err);
    if (rc < 0 && diags.count > 1)
        gw_cli_diags_print(cli, &diags);
    return rc;
}
