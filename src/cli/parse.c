/* The command line: verbs first, then flags and arguments in any order; "--" ends the flags. */
#include "base/int.h"
#include "base/near.h"
#include "cli/cli.h"

enum { WORDS_MAX = 64 };

const char *gw_cli_flag(const struct gw_cli *cli, const char *name)
{
    for (uint32_t i = cli->given_count; i-- > 0;) {
        if (strcmp(cli->given[i].flag->name, name) == 0)
            return cli->given[i].value;
    }
    return NULL;
}

gw_rc gw_cli_flag_u64(const struct gw_cli *cli, const char *name, uint64_t fallback, uint64_t *ret,
                      struct gw_err *err)
{
    const char *text = gw_cli_flag(cli, name);
    gw_u128 number = fallback;
    if (text && (!gw_u128_parse(gw_text(text), &number) || number > UINT64_MAX))
        return GW_FAIL_CODE(err, GW_USAGE, 7204, "--%s takes a whole number, not `%s`", name, text);
    *ret = (uint64_t)number;
    return GW_OK;
}

static gw_rc unknown(struct gw_err *err, gw_code code, const char *what, struct gw_text word,
                     const struct gw_text *known, size_t count, const char *prefix)
{
    GW_FAIL_CODE(err, GW_USAGE, code, "no %s `%s%.*s`", what, prefix, GW_TEXT_ARG(word));
    struct gw_text near = gw_near(word, known, count);
    if (near.data) {
        gw_err_hint(err, "did you mean `%s%.*s`?", prefix, GW_TEXT_ARG(near));
    } else {
        gw_err_hint(err, "see `godwit --help`");
    }
    return GW_USAGE;
}

/** One set of flags: finds by name, or collects the names for "did you mean". */
static const struct gw_cli_flag *find_in(const struct gw_cli_flag *flags, struct gw_text name,
                                         struct gw_text *names, size_t *count)
{
    const struct gw_cli_flag *found = NULL;
    for (; flags && flags->name; flags++) {
        if (gw_text_is(name, flags->name))
            found = flags;
        if (*count < WORDS_MAX)
            names[(*count)++] = gw_text(flags->name);
    }
    return found;
}

static gw_rc find_long(const struct gw_cli *cli, struct gw_text name,
                       const struct gw_cli_flag **ret, struct gw_err *err)
{
    struct gw_text names[WORDS_MAX];
    size_t count = 0;
    *ret = find_in(gw_cli_global_flags, name, names, &count);
    if (*ret == NULL && cli->command)
        *ret = find_in(cli->command->flags, name, names, &count);
    return *ret ? GW_OK : unknown(err, 7202, "flag", name, names, count, "--");
}

static gw_rc find_short(const struct gw_cli *cli, char letter, const struct gw_cli_flag **ret,
                        struct gw_err *err)
{
    const struct gw_cli_flag *sets[] = {gw_cli_global_flags,
                                        cli->command ? cli->command->flags : NULL};
    for (size_t i = 0; i < GW_COUNT_OF(sets); i++) {
        for (const struct gw_cli_flag *flag = sets[i]; flag && flag->name; flag++) {
            if (flag->letter == letter) {
                *ret = flag;
                return GW_OK;
            }
        }
    }
    return unknown(err, 7202, "flag", (struct gw_text){&letter, 1}, NULL, 0, "-");
}

static gw_rc give(struct gw_cli *cli, const struct gw_cli_flag *flag, const char *value,
                  struct gw_err *err)
{
    if (cli->given_count == GW_CLI_FLAGS_MAX)
        return GW_FAIL_CODE(err, GW_USAGE, 7203, "more than %d flags", GW_CLI_FLAGS_MAX);
    cli->given[cli->given_count].flag = flag;
    cli->given[cli->given_count++].value = value;
    return GW_OK;
}

/** A flag at argv[*at]; moves *at over its value. */
static gw_rc take_flag(struct gw_cli *cli, int argc, const char *const *argv, int *at,
                       struct gw_err *err)
{
    const char *word = argv[*at];
    const struct gw_cli_flag *flag = NULL;
    const char *value = NULL;
    if (word[1] == '-') {
        size_t len = strcspn(word + 2, "=");
        value = word[2 + len] == '=' ? word + 2 + len + 1 : NULL;
        GW_TRY(find_long(cli, (struct gw_text){word + 2, len}, &flag, err));
    } else {
        GW_TRY(find_short(cli, word[1], &flag, err));
        value = word[2] ? word + 2 : NULL;
    }
    if (flag->value == NULL && value)
        return GW_FAIL_CODE(err, GW_USAGE, 7203, "--%s takes no value", flag->name);
    if (flag->value && value == NULL) {
        if (*at + 1 >= argc)
            return GW_FAIL_CODE(err, GW_USAGE, 7203, "--%s needs %s", flag->name, flag->value);
        value = argv[++*at];
    }
    return give(cli, flag, value ? value : "", err);
}

static const struct gw_cli_command *command_of(struct gw_text path)
{
    size_t count;
    const struct gw_cli_command *const *all = gw_cli_commands(&count);
    for (size_t i = 0; i < count; i++) {
        if (gw_text_is(path, all[i]->path))
            return all[i];
    }
    return NULL;
}

/** The longest run of leading words that is a command or a group. @ret_path  in the arena */
static gw_rc take_verbs(struct gw_cli *cli, int argc, const char *const *argv, int *at,
                        struct gw_text *ret_path, struct gw_err *err)
{
    struct gw_text path = GW_TEXT_LIT("");
    for (; *at < argc && argv[*at][0] != '-'; ++*at) {
        struct gw_text longer = gw_arena_printf(&cli->arena, "%.*s%s%s", GW_TEXT_ARG(path),
                                                path.len ? " " : "", argv[*at]);
        cli->command = command_of(longer);
        if (cli->command == NULL && !gw_cli_is_group(longer)) {
            struct gw_text words[WORDS_MAX];
            size_t count = gw_cli_words(path, words, WORDS_MAX);
            return unknown(err, 7201, path.len ? "verb" : "command", gw_text(argv[*at]), words,
                           count, "");
        }
        path = longer;
        if (cli->command) {
            ++*at;
            break;
        }
    }
    *ret_path = path;
    return GW_OK;
}

static gw_rc check_args(const struct gw_cli *cli, struct gw_err *err)
{
    const struct gw_cli_command *command = cli->command;
    if (cli->help)
        return GW_OK;
    if (cli->arg_count < command->args_min) {
        GW_FAIL_CODE(err, GW_USAGE, 7203, "`godwit %s` needs %s", command->path, command->args);
    } else if (cli->arg_count > command->args_max) {
        GW_FAIL_CODE(err, GW_USAGE, 7203, "`godwit %s` does not take `%s`", command->path,
                     cli->args[command->args_max]);
    } else {
        return GW_OK;
    }
    gw_err_hint(err, "see `godwit %s --help`", command->path);
    return GW_USAGE;
}

/** A folder to do it in, or a file to do it with, may stand before the verbs: `godwit --state x engine status`. */
static gw_rc take_leading_flags(struct gw_cli *cli, int argc, const char *const *argv, int *at,
                                struct gw_err *err)
{
    for (; *at < argc && argv[*at][0] == '-' && argv[*at][1] != '\0'; ++*at)
        GW_TRY(take_flag(cli, argc, argv, at, err));
    return GW_OK;
}

static gw_rc take_args(struct gw_cli *cli, int argc, const char *const *argv, int at,
                       struct gw_err *err)
{
    bool only_args = false;
    for (; at < argc; at++) {
        if (!only_args && strcmp(argv[at], "--") == 0) {
            only_args = true;
        } else if (!only_args && argv[at][0] == '-' && argv[at][1] != '\0') {
            GW_TRY(take_flag(cli, argc, argv, &at, err));
        } else {
            if (cli->arg_count == GW_CLI_ARGS_MAX)
                return GW_FAIL_CODE(err, GW_USAGE, 7203, "more than %d arguments", GW_CLI_ARGS_MAX);
            cli->args[cli->arg_count++] = argv[at];
        }
    }
    return GW_OK;
}

gw_rc gw_cli_parse(struct gw_cli *cli, int argc, const char *const *argv, struct gw_err *err)
{
    int at = 1;
    struct gw_text path = GW_TEXT_LIT("");
    for (int i = 1; i < argc; i++) /* also for errors of the line itself */
        cli->json |= strcmp(argv[i], "--json") == 0;
    GW_TRY(take_leading_flags(cli, argc, argv, &at, err));
    GW_TRY(take_verbs(cli, argc, argv, &at, &path, err));
    GW_TRY(take_args(cli, argc, argv, at, err));
    cli->json = gw_cli_flag(cli, "json") != NULL;
    cli->help = gw_cli_flag(cli, "help") != NULL;
    if (cli->command)
        return check_args(cli, err);
    if (path.len > 0 && !cli->help) {
        GW_FAIL_CODE(err, GW_USAGE, 7201, "`godwit %.*s` needs a verb", GW_TEXT_ARG(path));
        gw_err_hint(err, "see `godwit %.*s --help`", GW_TEXT_ARG(path));
        return GW_USAGE;
    }
    cli->args[0] = path.data; /* the group whose help was asked for */
    cli->arg_count = 1;
    cli->help = true;
    return GW_OK;
}
