/* Help in the terminal, and docs/cli.md: both from the table. */
#include "cli/cli.h"

enum { WORDS_MAX = 64, COLUMN = 24 };

static const struct gw_cli_command *find(struct gw_text path)
{
    size_t count;
    const struct gw_cli_command *const *all = gw_cli_commands(&count);
    for (size_t i = 0; i < count; i++) {
        if (gw_text_is(path, all[i]->path))
            return all[i];
    }
    return NULL;
}

static void put_pair(struct gw_buf *ret, const char *left, size_t len, const char *right)
{
    gw_buf_printf(ret, "  %.*s", (int)len, left);
    for (size_t i = len; i < COLUMN; i++)
        gw_buf_put_str(ret, " ");
    gw_buf_printf(ret, "  %s\n", right);
}

static void put_flags(struct gw_buf *ret, const struct gw_cli_flag *flags)
{
    for (; flags && flags->name; flags++) {
        char text[64];
        struct gw_buf buf;
        gw_buf_init_fixed(&buf, text, sizeof(text));
        if (flags->letter)
            gw_buf_printf(&buf, "-%c, ", flags->letter);
        gw_buf_printf(&buf, "--%s%s%s", flags->name, flags->value ? " " : "",
                      flags->value ? flags->value : "");
        put_pair(ret, text, buf.len, flags->help);
    }
}

/** Each line of `text`, indented. */
static void put_lines(struct gw_buf *ret, const char *text, const char *indent)
{
    while (*text) {
        size_t len = strcspn(text, "\n");
        gw_buf_printf(ret, "%s%.*s\n", len ? indent : "", (int)len, text);
        text += len + (text[len] == '\n');
    }
}

static void command_help(const struct gw_cli_command *command, struct gw_buf *ret)
{
    gw_buf_put_str(ret, "Examples:\n");
    put_lines(ret, command->examples, "  ");
    gw_buf_printf(ret, "\nUsage: godwit %s%s%s [flags]\n\n%s.\n", command->path,
                  command->args[0] ? " " : "", command->args, command->summary);
    if (command->about[0]) {
        gw_buf_put_str(ret, "\n");
        put_lines(ret, command->about, "");
    }
    if (command->flags && command->flags->name) {
        gw_buf_put_str(ret, "\nFlags:\n");
        put_flags(ret, command->flags);
    }
    gw_buf_put_str(ret, "\nFlags of every command:\n");
    put_flags(ret, gw_cli_global_flags);
}

/** The summary of a word below `path`: a command's, or a group's. */
static const char *word_summary(struct gw_text path, struct gw_text word, struct gw_buf *scratch)
{
    gw_buf_reset(scratch);
    gw_buf_printf(scratch, "%.*s%s%.*s", GW_TEXT_ARG(path), path.len ? " " : "", GW_TEXT_ARG(word));
    const struct gw_cli_command *command = find(gw_buf_text(scratch));
    return command ? command->summary : gw_cli_group_about(gw_buf_text(scratch));
}

static void first_examples(struct gw_text path, struct gw_buf *ret)
{
    enum { SHOWN = 5 };
    size_t count;
    size_t shown = 0;
    const struct gw_cli_command *const *all = gw_cli_commands(&count);
    for (size_t i = 0; i < count && shown < SHOWN; i++) {
        bool is_below = path.len == 0 || (strncmp(all[i]->path, path.data, path.len) == 0 &&
                                          all[i]->path[path.len] == ' ');
        if (!is_below || all[i]->is_hidden)
            continue;
        gw_buf_printf(ret, "  %.*s\n", (int)strcspn(all[i]->examples, "\n"), all[i]->examples);
        shown++;
    }
}

static void group_help(struct gw_text path, struct gw_buf *ret)
{
    struct gw_text words[WORDS_MAX];
    char text[128];
    struct gw_buf scratch;
    gw_buf_init_fixed(&scratch, text, sizeof(text));
    size_t count = gw_cli_words(path, words, WORDS_MAX);
    gw_buf_put_str(ret, "Examples:\n");
    first_examples(path, ret);
    gw_buf_printf(ret, "\nUsage: godwit %.*s%s%s\n\ngodwit%s%.*s: %s.\n\n", GW_TEXT_ARG(path),
                  path.len ? " " : "", path.len ? "VERB" : "COMMAND", path.len ? " " : "",
                  GW_TEXT_ARG(path), gw_cli_group_about(path));
    gw_buf_put_str(ret, path.len ? "Verbs:\n" : "Commands:\n");
    for (size_t i = 0; i < count; i++)
        put_pair(ret, words[i].data, words[i].len, word_summary(path, words[i], &scratch));
    gw_buf_put_str(ret, "\nFlags of every command:\n");
    put_flags(ret, gw_cli_global_flags);
}

void gw_cli_help(struct gw_text path, struct gw_buf *ret)
{
    const struct gw_cli_command *command = find(path);
    if (command) {
        command_help(command, ret);
    } else {
        group_help(path, ret);
    }
}

static void markdown_flags(struct gw_buf *ret, const struct gw_cli_flag *flags)
{
    gw_buf_put_str(ret, "\n| flag | |\n| --- | --- |\n");
    for (; flags->name; flags++) {
        gw_buf_put_str(ret, "| ");
        if (flags->letter)
            gw_buf_printf(ret, "`-%c`, ", flags->letter);
        gw_buf_printf(ret, "`--%s%s%s` | %s |\n", flags->name, flags->value ? " " : "",
                      flags->value ? flags->value : "", flags->help);
    }
}

static void markdown_command(const struct gw_cli_command *command, struct gw_buf *ret)
{
    gw_buf_printf(ret, "\n## godwit %s\n\n%s.\n\n```\n%s```\n\n`godwit %s%s%s`\n", command->path,
                  command->summary, command->examples, command->path, command->args[0] ? " " : "",
                  command->args);
    if (command->about[0])
        gw_buf_printf(ret, "\n%s", command->about);
    if (command->flags && command->flags->name)
        markdown_flags(ret, command->flags);
}

void gw_cli_markdown(struct gw_buf *ret)
{
    size_t count;
    const struct gw_cli_command *const *all = gw_cli_commands(&count);
    gw_buf_put_str(ret,
                   "# The command line\n\nMade from the command tables in `src/cli`; do not edit. "
                   "`GW_UPDATE=1` with the test `cli.docs` writes it anew.\n\n"
                   "Exit codes: 0 ok, 1 failed or differences found, 2 usage, 3 invalid "
                   "configuration or program, 4 waiting at a gate, 5 parity compromised, 6 halted "
                   "on a foreign change, 7 unreachable (retry may help), 8 conflict, 70 bug, "
                   "130/143 signals.\n\nFlags of every command:\n");
    markdown_flags(ret, gw_cli_global_flags);
    for (size_t i = 0; i < count; i++) {
        if (!all[i]->is_hidden)
            markdown_command(all[i], ret);
    }
}
