/* Completion for bash and zsh, from the table: verbs level by level, then flags; files where a flag or argument is one. */
#include "cli/commands.h"

enum { WORDS_MAX = 64 };

static void put_flag_words(struct gw_buf *ret, const struct gw_cli_flag *flags)
{
    for (; flags && flags->name; flags++)
        gw_buf_printf(ret, " --%s", flags->name);
}

static void put_words(struct gw_buf *ret, struct gw_text path)
{
    struct gw_text words[WORDS_MAX];
    size_t count = gw_cli_words(path, words, WORDS_MAX);
    for (size_t i = 0; i < count; i++)
        gw_buf_printf(ret, "%s%.*s", i ? " " : "", GW_TEXT_ARG(words[i]));
}

/** The cases of one shell function: `$path` is what was typed so far, `words` becomes what may follow. */
static void put_cases(struct gw_buf *ret)
{
    size_t count;
    const struct gw_cli_command *const *all = gw_cli_commands(&count);
    struct gw_text groups[WORDS_MAX];
    size_t group_count = gw_cli_words(GW_TEXT_LIT(""), groups, WORDS_MAX);
    gw_buf_put_str(ret, "    case \"$path\" in\n    \"\") words=\"");
    put_words(ret, GW_TEXT_LIT(""));
    gw_buf_put_str(ret, "\" ;;\n");
    for (size_t i = 0; i < group_count; i++) {
        if (!gw_cli_is_group(groups[i]))
            continue;
        gw_buf_printf(ret, "    \"%.*s\") words=\"", GW_TEXT_ARG(groups[i]));
        put_words(ret, groups[i]);
        gw_buf_put_str(ret, "\" ;;\n");
    }
    for (size_t i = 0; i < count; i++) {
        if (all[i]->is_hidden)
            continue;
        gw_buf_printf(ret, "    \"%s\"*) words=\"", all[i]->path);
        gw_buf_put_str(ret, "--help");
        put_flag_words(ret, all[i]->flags);
        put_flag_words(ret, gw_cli_global_flags + 1);
        gw_buf_put_str(ret, "\" ;;\n");
    }
    gw_buf_put_str(ret, "    esac\n");
}

void gw_cli_complete_bash(struct gw_buf *ret)
{
    gw_buf_put_str(ret,
                   "# bash completion of godwit, made from its command tables\n"
                   "_godwit() {\n"
                   "    local current=${COMP_WORDS[COMP_CWORD]} path= words= i\n"
                   "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
                   "        [[ ${COMP_WORDS[i]} == -* ]] || path+=\"${path:+ }${COMP_WORDS[i]}\"\n"
                   "    done\n");
    put_cases(ret);
    gw_buf_put_str(ret, "    COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
                        "    [[ ${#COMPREPLY[@]} -gt 0 || $current == -* ]] || "
                        "COMPREPLY=($(compgen -f -- \"$current\"))\n"
                        "}\n"
                        "complete -o filenames -F _godwit godwit\n");
}

void gw_cli_complete_zsh(struct gw_buf *ret)
{
    gw_buf_put_str(ret, "#compdef godwit\n"
                        "# zsh completion of godwit, made from its command tables\n"
                        "_godwit_words() {\n"
                        "    local path=$1 words=\n");
    put_cases(ret);
    gw_buf_put_str(ret, "    print -r -- $words\n"
                        "}\n"
                        "_godwit() {\n"
                        "    local typed= i\n"
                        "    for ((i = 2; i < CURRENT; i++)); do\n"
                        "        [[ ${words[i]} == -* ]] || typed+=\"${typed:+ }${words[i]}\"\n"
                        "    done\n"
                        "    compadd -- ${=$(_godwit_words \"$typed\")} || _files\n"
                        "}\n"
                        "compdef _godwit godwit\n");
}

static gw_rc run(struct gw_cli *cli, struct gw_err *err)
{
    const struct gw_text shells[] = {GW_TEXT_LIT("bash"), GW_TEXT_LIT("zsh")};
    struct gw_text shell = gw_text(cli->args[0]);
    if (gw_text_equal(shell, shells[0])) {
        gw_cli_complete_bash(&cli->out);
        return GW_OK;
    }
    if (gw_text_equal(shell, shells[1])) {
        gw_cli_complete_zsh(&cli->out);
        return GW_OK;
    }
    GW_FAIL_CODE(err, GW_USAGE, 7203, "no completion for `%s`", cli->args[0]);
    gw_err_hint(err, "bash and zsh are known");
    return GW_USAGE;
}

const struct gw_cli_command gw_cli_completion = {
    .path = "completion",
    .args = "bash|zsh",
    .summary = "print the completion script of a shell",
    .examples = "source <(godwit completion bash)   # in this shell\n"
                "godwit completion zsh > ~/.zfunc/_godwit\n",
    .about = "",
    .args_min = 1,
    .args_max = 1,
    .run = run,
};
