/* Settings: flag, GODWIT_*, --config, ./godwit.jsonc, XDG, /etc/godwit, default; and where each value came from. */
#include "base/time.h"
#include "cli/cli.h"
#include "codec/config.h"
#include "os/env.h"
#include "os/file.h"
#include "os/terminal.h"

enum { FILE_BYTES_MAX = 1 << 20, ENV_NAME_MAX = 80 };

static const char *const color_choices[] = {"auto", "always", "never", NULL};

/* clang-format off */
#define ENGINE(member) offsetof(struct gw_cli_engine_settings, member)
#define TOP(member)    offsetof(struct gw_cli_settings, member)
static const struct gw_config_field engine_fields[] = {
    {"kv_bytes_max",      GW_CONFIG_BYTES,    ENGINE(kv_bytes_max),      .fallback = "64GiB"},
    {"journal_bytes_max", GW_CONFIG_BYTES,    ENGINE(journal_bytes_max), .fallback = "64GiB"},
    {"readers",           GW_CONFIG_U32,      ENGINE(readers),           .fallback = "2", .min = 1, .max = 64},
    {"workers",           GW_CONFIG_U32,      ENGINE(workers),           .fallback = "2", .min = 1, .max = 64},
    {"audit_rows_per_s",  GW_CONFIG_U32,      ENGINE(audit_rows_per_s),  .fallback = "2000", .min = 1, .max = 10000000},
    {"store_timeout",     GW_CONFIG_DURATION, ENGINE(store_timeout_ns),  .fallback = "10s"},
    {"fetch_timeout",     GW_CONFIG_DURATION, ENGINE(fetch_timeout_ns),  .fallback = "2s"},
    {"park_after",        GW_CONFIG_DURATION, ENGINE(park_after_ns),     .fallback = "30s"},
};
static const struct gw_config_schema engine_schema = {engine_fields, GW_COUNT_OF(engine_fields), sizeof(struct gw_cli_engine_settings)};
static const struct gw_config_field fields[] = {
    {"state",   GW_CONFIG_TEXT,    TOP(state),   .fallback = ".godwit"},
    {"server",  GW_CONFIG_TEXT,    TOP(server),  .fallback = ""},
    {"http",    GW_CONFIG_TEXT,    TOP(http),    .fallback = "127.0.0.1:7700"},
    {"color",   GW_CONFIG_CHOICE,  TOP(color),   .fallback = "auto", .choices = color_choices},
    {"quiet",   GW_CONFIG_BOOL,    TOP(quiet),   .fallback = "false"},
    {"verbose", GW_CONFIG_BOOL,    TOP(verbose), .fallback = "false"},
    {"engine",  GW_CONFIG_SECTION, TOP(engine),  .section = &engine_schema},
};
/* clang-format on */
static const struct gw_config_schema schema = {fields, GW_COUNT_OF(fields),
                                               sizeof(struct gw_cli_settings)};

#define TOP_COUNT (GW_COUNT_OF(fields) - 1)
#define ALL_COUNT (TOP_COUNT + GW_COUNT_OF(engine_fields))
_Static_assert(ALL_COUNT <= (size_t)GW_CLI_SETTINGS_MAX, "room for every origin");

size_t gw_cli_settings_count(void)
{
    return ALL_COUNT;
}

/** Setting `index`: its row, and whether it lies in the section `engine`. */
static const struct gw_config_field *field_at(size_t index, bool *ret_in_engine)
{
    *ret_in_engine = index >= TOP_COUNT;
    return *ret_in_engine ? &engine_fields[index - TOP_COUNT] : &fields[index];
}

static struct gw_text path_of(size_t index, struct gw_arena *arena)
{
    bool in_engine;
    const struct gw_config_field *field = field_at(index, &in_engine);
    return gw_arena_printf(arena, "%s%s", in_engine ? "engine." : "", field->name);
}

static void note_origins(struct gw_cli *cli, const struct gw_json_doc *doc, const char *origin)
{
    const struct gw_json *engine = gw_json_member(doc->root, "engine");
    for (size_t i = 0; i < ALL_COUNT; i++) {
        bool in_engine;
        const struct gw_config_field *field = field_at(i, &in_engine);
        if (gw_json_member(in_engine ? engine : doc->root, field->name))
            cli->origins[i] = origin;
    }
}

static gw_rc load_file(struct gw_cli *cli, const char *path, bool is_required, struct gw_err *err)
{
    struct gw_bytes bytes;
    struct gw_json_doc doc;
    struct gw_file_info info;
    if (!is_required && gw_path_info(path, &info, NULL) < 0)
        return GW_OK;
    GW_TRY(gw_file_load(path, &cli->arena, FILE_BYTES_MAX, &bytes, err));
    struct gw_json_opts opts = {.name = gw_text(path), .configuration = true};
    GW_TRY(gw_json_parse(gw_bytes_text(bytes), &opts, &cli->arena, &doc, err));
    GW_TRY(gw_config_read(&schema, &doc, NULL, &cli->arena, &cli->settings, err));
    note_origins(cli, &doc, path);
    return GW_OK;
}

static gw_rc load_files(struct gw_cli *cli, struct gw_err *err)
{
    struct gw_text xdg = gw_env_get("XDG_CONFIG_HOME");
    struct gw_text home = gw_env_get("HOME");
    GW_TRY(load_file(cli, "/etc/godwit/godwit.jsonc", false, err));
    struct gw_text path = GW_TEXT_LIT("");
    if (xdg.len) {
        path = gw_arena_printf(&cli->arena, "%.*s/godwit/godwit.jsonc", GW_TEXT_ARG(xdg));
    } else if (home.len) {
        path = gw_arena_printf(&cli->arena, "%.*s/.config/godwit/godwit.jsonc", GW_TEXT_ARG(home));
    }
    if (path.len)
        GW_TRY(load_file(cli, path.data, false, err));
    GW_TRY(load_file(cli, "godwit.jsonc", false, err));
    const char *given = gw_cli_flag(cli, "config");
    if (given == NULL && gw_env_get("GODWIT_CONFIG").len)
        given = gw_env_get("GODWIT_CONFIG").data;
    return given ? load_file(cli, given, true, err) : GW_OK;
}

static void env_name(struct gw_text path, char *ret)
{
    struct gw_buf buf;
    gw_buf_init_fixed(&buf, ret, ENV_NAME_MAX);
    gw_buf_put_str(&buf, "GODWIT_");
    for (size_t i = 0; i < path.len; i++) {
        char c = path.data[i];
        if (c == '.') {
            c = '_';
        } else if (c >= 'a' && c <= 'z') {
            c = (char)(c - 'a' + 'A');
        }
        gw_buf_put(&buf, &c, 1);
    }
    gw_buf_put(&buf, "", 1);
}

static gw_rc set_one(struct gw_cli *cli, size_t index, struct gw_text text, const char *origin,
                     struct gw_err *err)
{
    struct gw_text path = path_of(index, &cli->arena);
    cli->origins[index] = origin;
    return gw_config_set(&schema, path, text, gw_text(origin), &cli->arena, &cli->settings, err);
}

static gw_rc load_env_and_flags(struct gw_cli *cli, struct gw_err *err)
{
    for (size_t i = 0; i < ALL_COUNT; i++) {
        char name[ENV_NAME_MAX];
        struct gw_text path = path_of(i, &cli->arena);
        env_name(path, name);
        struct gw_text value = gw_env_get(name);
        if (value.data)
            GW_TRY(set_one(cli, i, value, gw_arena_printf(&cli->arena, "%s", name).data, err));
        const char *flag = gw_cli_flag(cli, path.data);
        if (flag && flag[0] == '\0')
            flag = "true"; /* a switch */
        if (flag) {
            GW_TRY(set_one(cli, i, gw_text(flag),
                           gw_arena_printf(&cli->arena, "--%s", path.data).data, err));
        }
    }
    return GW_OK;
}

static void choose_colors(struct gw_cli *cli)
{
    bool is_plain = gw_env_get("NO_COLOR").len > 0 || gw_text_is(gw_env_get("TERM"), "dumb");
    bool is_auto = cli->settings.color == GW_CLI_COLOR_AUTO && !is_plain;
    bool always = cli->settings.color == GW_CLI_COLOR_ALWAYS;
    cli->colors_out = always || (is_auto && gw_terminal_is(GW_TERMINAL_OUT));
    cli->colors_err = always || (is_auto && gw_terminal_is(GW_TERMINAL_ERR));
    cli->is_terminal = gw_terminal_is(GW_TERMINAL_OUT) && gw_terminal_is(GW_TERMINAL_ERR);
}

gw_rc gw_cli_settings_load(struct gw_cli *cli, struct gw_err *err)
{
    gw_config_defaults(&schema, &cli->settings);
    for (size_t i = 0; i < ALL_COUNT; i++)
        cli->origins[i] = "default";
    GW_TRY(load_files(cli, err));
    GW_TRY(load_env_and_flags(cli, err));
    choose_colors(cli);
    return GW_OK;
}

const char *gw_cli_state_path(struct gw_cli *cli, const char *name)
{
    return gw_arena_printf(&cli->arena, "%.*s/%s", GW_TEXT_ARG(cli->settings.state), name).data;
}

static struct gw_text value_text(const struct gw_config_field *field, const uint8_t *base,
                                 struct gw_arena *arena)
{
    const void *at = base + field->offset;
    uint32_t small = 0;
    uint64_t large = 0;
    int64_t ns = 0;
    struct gw_text text = GW_TEXT_LIT("");
    char dur[GW_DUR_TEXT_MAX];
    switch ((int)field->kind) {
    case GW_CONFIG_TEXT:
        memcpy(&text, at, sizeof(text));
        return text;
    case GW_CONFIG_BOOL:
        return gw_text(*(const uint8_t *)at ? "true" : "false");
    case GW_CONFIG_DURATION:
        memcpy(&ns, at, sizeof(ns));
        gw_dur_text(ns, dur);
        return gw_arena_printf(arena, "%s", dur);
    case GW_CONFIG_BYTES:
        memcpy(&large, at, sizeof(large));
        return gw_arena_printf(arena, "%llu", (unsigned long long)large);
    case GW_CONFIG_CHOICE:
        memcpy(&small, at, sizeof(small));
        return gw_text(field->choices[small]);
    default: /* GW_CONFIG_U32: the other kinds are not used above */
        memcpy(&small, at, sizeof(small));
        return gw_arena_printf(arena, "%u", small);
    }
}

void gw_cli_setting(struct gw_cli *cli, size_t index, struct gw_text *ret_name,
                    struct gw_text *ret_value, struct gw_text *ret_origin)
{
    bool in_engine;
    const struct gw_config_field *field = field_at(index, &in_engine);
    const uint8_t *base =
        in_engine ? (const uint8_t *)&cli->settings.engine : (const uint8_t *)&cli->settings;
    *ret_name = path_of(index, &cli->arena);
    *ret_value = value_text(field, base, &cli->arena);
    *ret_origin = gw_text(cli->origins[index]);
}
