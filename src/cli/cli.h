/**
 * One invocation of `godwit`: what was asked, with which settings, and where answers go.
 *
 * Shape:    a command is one row of a table (struct gw_cli_command) at the end of its file; help, man pages, completion
 *           and docs/cli.md are made from these rows and nothing else.
 * Output:   data to stdout (gw_cli_out), talk to stderr (gw_cli_say, gw_cli_next, errors).
 * Lifetime: process. Everything made for the command lies in cli->arena.
 */
#ifndef GW_CLI_CLI_H
#define GW_CLI_CLI_H

#include "base/buf.h"
#include "codec/json_write.h"

enum { GW_CLI_FLAGS_MAX = 24, GW_CLI_ARGS_MAX = 64, GW_CLI_PAGE_BYTES_MAX = 64 << 20 };

struct gw_cli;

struct gw_cli_flag {
    const char *name;  /* long, without the dashes */
    char letter;       /* 0: none */
    const char *value; /* "FILE"; NULL: a switch */
    const char *help;
};

struct gw_cli_command {
    const char *path;                /* "engine check": words as typed */
    const char *args;                /* "FILE"; "" for none */
    const char *summary;             /* one line, no full stop */
    const char *examples;            /* "command   # what it does" a line */
    const char *about;               /* paragraphs, or "" */
    const struct gw_cli_flag *flags; /* ends with an empty row; NULL: none of its own */
    uint32_t args_min, args_max;
    bool is_hidden;
    /** @return a failure is printed and gives the exit code; GW_OK exits with cli->exit_code */
    gw_rc (*run)(struct gw_cli *cli, struct gw_err *err);
};

/* ---- settings: conventions.md, "Command line" ---- */

enum gw_cli_color { GW_CLI_COLOR_AUTO, GW_CLI_COLOR_ALWAYS, GW_CLI_COLOR_NEVER };

struct gw_cli_engine_settings {
    uint64_t kv_bytes_max, journal_bytes_max;
    uint32_t readers, workers, audit_rows_per_s;
    int64_t store_timeout_ns, fetch_timeout_ns, park_after_ns;
};

struct gw_cli_settings {
    struct gw_text state, server, http;
    uint32_t color; /* enum gw_cli_color */
    bool quiet, verbose;
    struct gw_cli_engine_settings engine;
};

enum { GW_CLI_SETTINGS_MAX = 24 };

struct gw_cli {
    const struct gw_cli_command *command;
    const char *program;               /* argv[0] */
    const char *args[GW_CLI_ARGS_MAX]; /* without flags and verbs; borrowed from argv */
    uint32_t arg_count;
    struct {
        const struct gw_cli_flag *flag;
        const char *value; /* "" for a switch */
    } given[GW_CLI_FLAGS_MAX];
    uint32_t given_count;
    struct gw_cli_settings settings;
    const char *origins[GW_CLI_SETTINGS_MAX]; /* of each setting, in the order of settings.c */
    bool json, help;
    bool colors_out, colors_err, is_terminal; /* is_terminal: a person sees stdout and stderr */
    int exit_code;
    struct gw_arena arena;
    struct gw_buf out; /* stdout, flushed by gw_cli_flush() and at the end */
};

/** Runs one command line. @return the exit code */
int gw_cli_main(int argc, const char *const *argv);

/* ---- commands.c: the table of all commands ---- */
const struct gw_cli_command *const *gw_cli_commands(size_t *ret_count);
extern const struct gw_cli_flag gw_cli_global_flags[];

/* ---- parse.c ---- */
/** Fills command, args, given, json and help. @return GW_USAGE with the nearest word as hint */
GW_NODISCARD gw_rc gw_cli_parse(struct gw_cli *cli, int argc, const char *const *argv,
                                struct gw_err *err);
/** The last value given for a flag of this command; NULL when it was not given; "" for a switch. */
const char *gw_cli_flag(const struct gw_cli *cli, const char *name);
GW_NODISCARD gw_rc gw_cli_flag_u64(const struct gw_cli *cli, const char *name, uint64_t fallback,
                                   uint64_t *ret, struct gw_err *err);
/** Length of a group path ("engine") that argv stands at when no command fits: for `godwit engine --help`. */
bool gw_cli_is_group(struct gw_text path);

/* ---- settings.c ---- */
/** Defaults, files, environment, flags; in this order, later ones win. */
GW_NODISCARD gw_rc gw_cli_settings_load(struct gw_cli *cli, struct gw_err *err);
/** Zero-terminated path of `name` in the state folder. */
const char *gw_cli_state_path(struct gw_cli *cli, const char *name);
size_t gw_cli_settings_count(void);
/** Name, value as text, and origin of one setting. */
void gw_cli_setting(struct gw_cli *cli, size_t index, struct gw_text *ret_name,
                    struct gw_text *ret_value, struct gw_text *ret_origin);

/* ---- say.c ---- */
void gw_cli_out(struct gw_cli *cli, const char *fmt, ...) GW_PRINTF(2, 3);
void gw_cli_say(struct gw_cli *cli, const char *fmt, ...) GW_PRINTF(2, 3);
/** The next sensible command; on a terminal only. */
void gw_cli_next(struct gw_cli *cli, const char *fmt, ...) GW_PRINTF(2, 3);
/** error[GWnnnn]: … --> place … hint: … */
void gw_cli_error(struct gw_cli *cli, const struct gw_err *err);
void gw_cli_error_text(const struct gw_err *err, bool colors, struct gw_buf *ret);
/** A JSON writer on cli->out; inside the opened object "format" stands already. */
struct gw_json_writer gw_cli_json(struct gw_cli *cli);
/** Closes that object and ends the line. */
void gw_cli_json_end(struct gw_cli *cli, struct gw_json_writer *w);
GW_NODISCARD gw_rc gw_cli_flush(struct gw_cli *cli, struct gw_err *err);

/* ---- table.c ---- */
enum { GW_CLI_COLUMNS_MAX = 12 };
struct gw_cli_table {
    uint32_t columns;
    bool is_number[GW_CLI_COLUMNS_MAX]; /* right aligned */
    struct gw_text *cells;              /* the head first */
    uint32_t count, cap;
};
void gw_cli_table_init(struct gw_cli_table *table, uint32_t columns, const char *const *heads,
                       struct gw_arena *arena);
void gw_cli_table_put(struct gw_cli_table *table, struct gw_arena *arena, struct gw_text cell);
void gw_cli_table_print(const struct gw_cli_table *table, struct gw_buf *ret);

/* ---- help.c man.c complete.c ---- */
/** @path  "" for all, "engine" for a group, "engine check" for a command */
void gw_cli_help(struct gw_text path, struct gw_buf *ret);
void gw_cli_man_page(struct gw_text path, struct gw_buf *ret);
void gw_cli_markdown(struct gw_buf *ret);
void gw_cli_complete_bash(struct gw_buf *ret);
void gw_cli_complete_zsh(struct gw_buf *ret);
/** The words one level below `path` ("" : machines and top commands), each once, in table order. @return their number */
size_t gw_cli_words(struct gw_text path, struct gw_text *ret, size_t max);
/** The summary of a group: "engine". */
const char *gw_cli_group_about(struct gw_text path);

#endif
