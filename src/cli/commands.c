/* The table of commands, the flags that all of them take, and what each machine is. */
#include "cli/commands.h"

static const struct gw_cli_command *const commands[] = {
#define X(name) &gw_cli_##name,
    GW_CLI_COMMANDS(X)
#undef X
};

const struct gw_cli_command *const *gw_cli_commands(size_t *ret_count)
{
    *ret_count = GW_COUNT_OF(commands);
    return commands;
}

/* clang-format off */
const struct gw_cli_flag gw_cli_global_flags[] = {
    {"help",    'h', NULL,   "print help, examples first"},
    {"json",    0,   NULL,   "print one JSON object (\"format\":\"godwit/1\"), or one a line"},
    {"quiet",   'q', NULL,   "print nothing but data and errors"},
    {"verbose", 'v', NULL,   "say more on stderr"},
    {"config",  0,   "FILE", "read settings from FILE before ./godwit.jsonc"},
    {"state",   0,   "DIR",  "state folder of the engine (default .godwit)"},
    {"server",  0,   "ADDR", "the running engine: unix:PATH or HOST:PORT (default DIR/godwit.sock)"},
    {"color",   0,   "WHEN", "auto, always or never"},
    {NULL, 0, NULL, NULL},
};

static const struct {
    const char *path, *about;
} groups[] = {
    {"",       "move live data between systems while the business keeps running"},
    {"engine", "transactions across stores, in one order, pushed to each store once"},
    {"config", "settings and where they come from"},
};
/* clang-format on */

const char *gw_cli_group_about(struct gw_text path)
{
    for (size_t i = 0; i < GW_COUNT_OF(groups); i++) {
        if (gw_text_is(path, groups[i].path))
            return groups[i].about;
    }
    return "";
}

/** The word of `command` that follows `path`, if it lies below. */
static bool next_word(const struct gw_cli_command *command, struct gw_text path,
                      struct gw_text *ret)
{
    const char *at = command->path;
    if (path.len > 0) {
        if (strncmp(at, path.data, path.len) != 0 || at[path.len] != ' ')
            return false;
        at += path.len + 1;
    }
    *ret = (struct gw_text){at, strcspn(at, " ")};
    return true;
}

size_t gw_cli_words(struct gw_text path, struct gw_text *ret, size_t max)
{
    size_t count = 0;
    for (size_t i = 0; i < GW_COUNT_OF(commands); i++) {
        struct gw_text word;
        bool is_known = false;
        if (commands[i]->is_hidden || !next_word(commands[i], path, &word))
            continue;
        for (size_t j = 0; j < count; j++)
            is_known |= gw_text_equal(ret[j], word);
        if (!is_known && count < max)
            ret[count++] = word;
    }
    return count;
}

bool gw_cli_is_group(struct gw_text path)
{
    struct gw_text word;
    return gw_cli_words(path, &word, 1) > 0;
}
