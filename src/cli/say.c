/* What people read: data on stdout, talk and errors on stderr. */
#include "cli/cli.h"

#include <stdio.h>

#include "os/heap.h"

enum { LINE_MAX_BYTES = 8192 };

void gw_cli_out(struct gw_cli *cli, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    gw_buf_vprintf(&cli->out, fmt, args);
    va_end(args);
}

static void talk(const char *before, const char *fmt, va_list args) GW_PRINTF(2, 0);

static void talk(const char *before, const char *fmt, va_list args)
{
    char line[LINE_MAX_BYTES];
    struct gw_buf buf;
    gw_buf_init_fixed(&buf, line, sizeof(line));
    gw_buf_put_str(&buf, before);
    gw_buf_vprintf(&buf, fmt, args);
    gw_buf_put_str(&buf, "\n");
    fwrite(buf.data, 1, buf.len, stderr);
}

void gw_cli_say(struct gw_cli *cli, const char *fmt, ...)
{
    if (cli->settings.quiet)
        return;
    va_list args;
    va_start(args, fmt);
    talk("", fmt, args);
    va_end(args);
}

void gw_cli_next(struct gw_cli *cli, const char *fmt, ...)
{
    if (cli->settings.quiet || cli->json || !cli->is_terminal)
        return;
    va_list args;
    va_start(args, fmt);
    talk(cli->colors_err ? "\033[2mnext:\033[0m " : "next: ", fmt, args);
    va_end(args);
}

static void put_place(const struct gw_place *place, struct gw_buf *ret)
{
    if (place->name[0] == '\0')
        return;
    gw_buf_printf(ret, "  --> %s", place->name);
    if (place->line)
        gw_buf_printf(ret, ":%u", place->line);
    if (place->line && place->column)
        gw_buf_printf(ret, ":%u", place->column);
    gw_buf_put_str(ret, "\n");
}

void gw_cli_error_text(const struct gw_err *err, bool colors, struct gw_buf *ret)
{
    gw_buf_put_str(ret, colors ? "\033[1;31merror" : "error");
    if (err->code)
        gw_buf_printf(ret, "[GW%u]", err->code);
    gw_buf_printf(ret, "%s: %s\n", colors ? "\033[0m" : "", err->msg);
    put_place(&err->place, ret);
    if (err->hint[0]) {
        gw_buf_printf(ret, "  hint: %s\n", err->hint);
    } else if (err->code) {
        gw_buf_printf(ret, "  hint: see `godwit explain GW%u`\n", err->code);
    }
}

static void error_json(struct gw_cli *cli, const struct gw_err *err)
{
    struct gw_json_writer w = gw_cli_json(cli);
    gw_json_put_name_str(&w, "error");
    gw_json_put_object(&w);
    gw_json_put_name_str(&w, "code");
    if (err->code) {
        gw_json_put_text(&w, gw_arena_printf(&cli->arena, "GW%u", err->code));
    } else {
        gw_json_put_null(&w);
    }
    gw_json_put_name_str(&w, "kind");
    gw_json_put_str(&w, gw_rc_name(err->rc));
    gw_json_put_name_str(&w, "message");
    gw_json_put_str(&w, err->msg);
    if (err->place.name[0]) {
        gw_json_put_name_str(&w, "file");
        gw_json_put_str(&w, err->place.name);
        gw_json_put_name_str(&w, "line");
        gw_json_put_u64(&w, err->place.line);
        gw_json_put_name_str(&w, "column");
        gw_json_put_u64(&w, err->place.column);
    }
    gw_json_put_name_str(&w, "hint");
    gw_json_put_str(&w, err->hint);
    gw_json_put_name_str(&w, "exit");
    gw_json_put_i64(&w, gw_rc_exit(err->rc));
    gw_json_put_object_end(&w);
    gw_cli_json_end(cli, &w);
}

void gw_cli_error(struct gw_cli *cli, const struct gw_err *err)
{
    char text[LINE_MAX_BYTES];
    struct gw_buf buf;
    gw_buf_init_fixed(&buf, text, sizeof(text));
    gw_cli_error_text(err, cli->colors_err, &buf);
    fwrite(buf.data, 1, buf.len, stderr);
    if (cli->json)
        error_json(cli, err);
}

struct gw_json_writer gw_cli_json(struct gw_cli *cli)
{
    struct gw_json_writer w = gw_json_writer(&cli->out, 0);
    gw_json_put_object(&w);
    gw_json_put_name_str(&w, "format");
    gw_json_put_str(&w, "godwit/1");
    return w;
}

void gw_cli_json_end(struct gw_cli *cli, struct gw_json_writer *w)
{
    gw_json_put_object_end(w);
    gw_buf_put_str(&cli->out, "\n");
}

gw_rc gw_cli_flush(struct gw_cli *cli, struct gw_err *err)
{
    GW_TRY(gw_buf_check(&cli->out, "output", err));
    size_t len = cli->out.len;
    size_t put = len ? fwrite(cli->out.data, 1, len, stdout) : 0;
    gw_buf_reset(&cli->out);
    if (put != len || fflush(stdout) != 0)
        return GW_FAIL_CODE(err, GW_IO, 7205, "stdout takes no more");
    return GW_OK;
}
