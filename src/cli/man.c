/* Man pages in troff (man-pages(7), groff_man(7)), from the table; and the hidden command that prints them. */
#include "cli/commands.h"
#include "os/file.h"

/** Text with what troff would read as its own escaped. */
static void put_plain(struct gw_buf *ret, const char *text)
{
    bool at_start = true;
    for (; *text; text++) {
        if (at_start && (*text == '.' || *text == '\''))
            gw_buf_put_str(ret, "\\&");
        if (*text == '\\') {
            gw_buf_put_str(ret, "\\e");
        } else if (*text == '-') {
            gw_buf_put_str(ret, "\\-");
        } else {
            gw_buf_put(ret, text, 1);
        }
        at_start = *text == '\n';
    }
}

static void put_flags(struct gw_buf *ret, const struct gw_cli_flag *flags)
{
    for (; flags && flags->name; flags++) {
        gw_buf_put_str(ret, ".TP\n");
        if (flags->letter)
            gw_buf_printf(ret, "\\fB\\-%c\\fR, ", flags->letter);
        gw_buf_put_str(ret, "\\fB\\-\\-");
        put_plain(ret, flags->name);
        gw_buf_put_str(ret, "\\fR");
        if (flags->value)
            gw_buf_printf(ret, " \\fI%s\\fR", flags->value);
        gw_buf_put_str(ret, "\n");
        put_plain(ret, flags->help);
        gw_buf_put_str(ret, "\n");
    }
}

static void put_name(struct gw_buf *ret, const char *path)
{
    gw_buf_put_str(ret, *path ? "godwit-" : "godwit");
    for (; *path; path++)
        gw_buf_put(ret, *path == ' ' ? "-" : path, 1);
}

static void command_page(const struct gw_cli_command *command, struct gw_buf *ret)
{
    gw_buf_put_str(ret, ".TH \"");
    gw_buf_put_str(ret, "GODWIT ");
    gw_buf_printf(ret, "%s\" 1 \"\" \"godwit " GW_VERSION "\" \"godwit\"\n.SH NAME\n",
                  command->path);
    put_name(ret, command->path);
    gw_buf_put_str(ret, " \\- ");
    put_plain(ret, command->summary);
    gw_buf_printf(ret, "\n.SH SYNOPSIS\n\\fBgodwit %s\\fR ", command->path);
    put_plain(ret, command->args);
    gw_buf_put_str(ret, " [\\fIflags\\fR]\n.SH EXAMPLES\n.nf\n");
    put_plain(ret, command->examples);
    gw_buf_put_str(ret, ".fi\n");
    if (command->about[0]) {
        gw_buf_put_str(ret, ".SH DESCRIPTION\n");
        put_plain(ret, command->about);
    }
    gw_buf_put_str(ret, ".SH OPTIONS\n");
    put_flags(ret, command->flags);
    put_flags(ret, gw_cli_global_flags);
    gw_buf_put_str(ret, ".SH \"SEE ALSO\"\n\\fBgodwit\\fR(1)\n");
}

static void top_page(struct gw_buf *ret)
{
    size_t count;
    const struct gw_cli_command *const *all = gw_cli_commands(&count);
    gw_buf_put_str(ret, ".TH GODWIT 1 \"\" \"godwit " GW_VERSION "\" \"godwit\"\n.SH NAME\n"
                        "godwit \\- ");
    put_plain(ret, gw_cli_group_about(GW_TEXT_LIT("")));
    gw_buf_put_str(ret, "\n.SH SYNOPSIS\n\\fBgodwit\\fR \\fICOMMAND\\fR [\\fIarguments\\fR] "
                        "[\\fIflags\\fR]\n.SH COMMANDS\n");
    for (size_t i = 0; i < count; i++) {
        if (all[i]->is_hidden)
            continue;
        gw_buf_printf(ret, ".TP\n\\fBgodwit %s\\fR ", all[i]->path);
        put_plain(ret, all[i]->args);
        gw_buf_put_str(ret, "\n");
        put_plain(ret, all[i]->summary);
        gw_buf_put_str(ret, "\n");
    }
    gw_buf_put_str(ret, ".SH OPTIONS\n");
    put_flags(ret, gw_cli_global_flags);
    gw_buf_put_str(
        ret,
        ".SH \"EXIT STATUS\"\n0 ok, 1 failed or differences found, 2 usage, 3 invalid "
        "configuration "
        "or program, 4 waiting at a gate, 5 parity compromised, 6 halted on a foreign change, 7 "
        "unreachable, 8 conflict, 70 bug.\n");
}

void gw_cli_man_page(struct gw_text path, struct gw_buf *ret)
{
    size_t count;
    const struct gw_cli_command *const *all = gw_cli_commands(&count);
    for (size_t i = 0; i < count; i++) {
        if (path.len && gw_text_is(path, all[i]->path)) {
            command_page(all[i], ret);
            return;
        }
    }
    top_page(ret);
}

static gw_rc write_page(struct gw_cli *cli, const char *folder, const char *path,
                        struct gw_err *err)
{
    struct gw_buf name;
    char text[GW_FILE_PATH_MAX];
    gw_buf_init_fixed(&name, text, sizeof(text));
    gw_buf_printf(&name, "%s/", folder);
    put_name(&name, path);
    gw_buf_put(&name, ".1", sizeof(".1"));
    gw_buf_reset(&cli->out);
    gw_cli_man_page(gw_text(path), &cli->out);
    GW_TRY(gw_buf_check(&cli->out, "page", err));
    GW_TRY(gw_buf_check(&name, "path", err));
    gw_rc rc = gw_file_store(text, gw_buf_bytes(&cli->out), err);
    gw_buf_reset(&cli->out);
    return rc;
}

static gw_rc run(struct gw_cli *cli, struct gw_err *err)
{
    size_t count;
    const struct gw_cli_command *const *all = gw_cli_commands(&count);
    const char *folder = gw_cli_flag(cli, "to");
    if (gw_cli_flag(cli, "markdown")) {
        gw_cli_markdown(&cli->out);
        return GW_OK;
    }
    if (folder == NULL) {
        gw_cli_man_page(gw_text(cli->arg_count ? cli->args[0] : ""), &cli->out);
        return GW_OK;
    }
    GW_TRY(gw_folder_make_all(folder, err));
    GW_TRY(write_page(cli, folder, "", err));
    for (size_t i = 0; i < count; i++) {
        if (!all[i]->is_hidden)
            GW_TRY(write_page(cli, folder, all[i]->path, err));
    }
    return GW_OK;
}

static const struct gw_cli_flag flags[] = {
    {"to", 0, "DIR", "write every page into DIR"},
    {"markdown", 0, NULL, "print docs/cli.md instead"},
    {NULL, 0, NULL, NULL},
};

const struct gw_cli_command gw_cli_man = {
    .path = "man",
    .args = "[COMMAND]",
    .summary = "print man pages made from the command tables",
    .examples = "godwit man --to build/man   # all pages\n",
    .about = "",
    .flags = flags,
    .args_max = 1,
    .is_hidden = true,
    .run = run,
};
