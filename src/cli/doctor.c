/* godwit doctor: can this machine run an engine well, and what is missing. */
#include "cli/commands.h"
#include "os/env.h"
#include "os/file.h"
#include "os/heap.h"
#include "os/loop.h"
#include "os/stream.h"
#include "store/store.h"

enum { CHECKS_MAX = 24, PROC_BYTES = 16 * 1024 };
enum verdict { OK, NOTE, BAD };

struct check {
    const char *name;
    enum verdict verdict;
    struct gw_text text, hint;
};

struct doctor {
    struct gw_cli *cli;
    struct check checks[CHECKS_MAX];
    uint32_t count;
};

static void add(struct doctor *d, const char *name, enum verdict verdict, struct gw_text text,
                struct gw_text hint)
{
    if (d->count < CHECKS_MAX)
        d->checks[d->count++] = (struct check){name, verdict, text, hint};
}

static void check_connectors(struct doctor *d)
{
    static const struct {
        const char *kind, *install;
    } kinds[] = {
        {"sqlite", "apt-get install libsqlite3-dev"},
        {"postgres", "apt-get install libpq-dev"},
        {"mysql", "apt-get install libmariadb-dev"},
        {"redis", "apt-get install libhiredis-dev"},
    };
    for (size_t i = 0; i < GW_COUNT_OF(kinds); i++) {
        bool has = gw_store_find(gw_text(kinds[i].kind)) != NULL;
        add(d, gw_arena_printf(&d->cli->arena, "store %s", kinds[i].kind).data, has ? OK : NOTE,
            has ? GW_TEXT_LIT("built in") : GW_TEXT_LIT("not in this build"),
            has ? GW_TEXT_LIT("")
                : gw_arena_printf(&d->cli->arena, "%s, then build again", kinds[i].install));
    }
}

/** The state folder, or the nearest parent that exists. */
static const char *existing_folder(struct doctor *d)
{
    struct gw_file_info info;
    char *path = gw_arena_get(&d->cli->arena, d->cli->settings.state.len + 3);
    memcpy(path, d->cli->settings.state.data, d->cli->settings.state.len);
    while (gw_path_info(path, &info, NULL) < 0) {
        char *slash = strrchr(path, '/');
        if (slash == NULL || slash == path)
            return slash ? "/" : ".";
        *slash = '\0';
    }
    return path;
}

/** Writes one block beside the state as the journal would. */
static void check_disk(struct doctor *d)
{
    struct gw_err err = {0};
    struct gw_space space;
    struct gw_file *file = NULL;
    const char *folder = existing_folder(d);
    const char *path = gw_arena_printf(&d->cli->arena, "%s/.godwit-doctor.tmp", folder).data;
    gw_rc rc = gw_file_open(path, GW_FILE_WRITE | GW_FILE_CREATE | GW_FILE_DIRECT, &file, &err);
    if (rc < 0) {
        add(d, "state folder", BAD, gw_arena_copy_text(&d->cli->arena, gw_text(err.msg)),
            GW_TEXT_LIT("choose another with --state DIR, or change its owner"));
        return;
    }
    add(d, "state folder", OK, gw_arena_printf(&d->cli->arena, "%s can be written", folder),
        GW_TEXT_LIT(""));
    bool is_direct = gw_file_kind(file) == GW_FILE_DIRECT_SYNCED;
    add(d, "direct writes", is_direct ? OK : NOTE,
        is_direct ? GW_TEXT_LIT("O_DIRECT with O_DSYNC") : GW_TEXT_LIT("not on this filesystem"),
        is_direct
            ? GW_TEXT_LIT("")
            : GW_TEXT_LIT("write and fdatasync are used: slower, as safe; prefer ext4 or xfs"));
    gw_file_close(file);
    (void)gw_path_remove(path, NULL);
    if (gw_path_space(folder, &space, &err) == GW_OK) {
        const uint64_t wanted = (uint64_t)1 << 30;
        add(d, "free space", space.free_bytes >= wanted ? OK : BAD,
            gw_arena_printf(&d->cli->arena, "%llu MiB",
                            (unsigned long long)(space.free_bytes >> 20)),
            space.free_bytes >= wanted ? GW_TEXT_LIT("")
                                       : GW_TEXT_LIT("the journal alone wants 1 GiB"));
    }
}

/** The soft limit of a line of /proc/self/limits. @return false: unknown */
static bool read_limit(struct gw_text limits, const char *name, uint64_t *ret)
{
    const char *at = memmem(limits.data, limits.len, name, strlen(name));
    if (at == NULL)
        return false;
    at += strlen(name);
    at += strspn(at, " ");
    *ret = 0;
    if (strncmp(at, "unlimited", strlen("unlimited")) == 0)
        *ret = UINT64_MAX;
    for (; *at >= '0' && *at <= '9'; at++)
        *ret = *ret * 10 + (uint64_t)(*at - '0');
    return true;
}

static void check_limits(struct doctor *d)
{
    struct gw_file *file = NULL;
    uint8_t *bytes = gw_arena_get(&d->cli->arena, PROC_BYTES);
    size_t got = 0;
    uint64_t files = 0;
    const uint64_t files_min = 1024;
    if (gw_file_open("/proc/self/limits", GW_FILE_READ, &file, NULL) == GW_OK)
        (void)gw_file_read(file, bytes, PROC_BYTES - 1, &got, NULL);
    gw_file_close(file);
    if (!read_limit((struct gw_text){(const char *)bytes, got}, "Max open files", &files)) {
        add(d, "open files", NOTE, GW_TEXT_LIT("unknown"), GW_TEXT_LIT(""));
        return;
    }
    add(d, "open files", files >= files_min ? OK : BAD,
        gw_arena_printf(&d->cli->arena, "%llu", (unsigned long long)files),
        files >= files_min ? GW_TEXT_LIT("") : GW_TEXT_LIT("ulimit -n 65536"));
    add(d, "processors", OK, gw_arena_printf(&d->cli->arena, "%u", gw_os_cpu_count()),
        GW_TEXT_LIT(""));
}

static void on_connection(void *ctx, struct gw_stream *stream)
{
    (void)ctx;
    gw_stream_close(stream);
}

static void check_port(struct doctor *d)
{
    struct gw_loop *loop = NULL;
    struct gw_listener *listener = NULL;
    struct gw_err err = {0};
    struct gw_listen_opts opts = {.on_connection = on_connection};
    struct gw_text http = d->cli->settings.http;
    if (gw_text_is(http, "none"))
        return;
    gw_rc rc = gw_address_parse(http, &opts.at, &err);
    if (rc == GW_OK)
        rc = gw_loop_new(&loop, &err);
    if (rc == GW_OK)
        rc = gw_listener_open(loop, &opts, &listener, &err);
    gw_listener_close(listener);
    gw_loop_free(loop);
    add(d, "http port", rc == GW_OK ? OK : NOTE,
        rc == GW_OK ? gw_arena_printf(&d->cli->arena, "%.*s is free", GW_TEXT_ARG(http))
                    : gw_arena_copy_text(&d->cli->arena, gw_text(err.msg)),
        rc == GW_OK ? GW_TEXT_LIT("")
                    : GW_TEXT_LIT("an engine may run already; or choose with --http ADDR"));
}

static void check_lock(struct doctor *d)
{
    struct gw_lock *lock = NULL;
    struct gw_err err = {0};
    struct gw_file_info info;
    const char *path = gw_cli_state_path(d->cli, "lock");
    if (gw_path_info(path, &info, NULL) < 0) {
        add(d, "engine", OK, GW_TEXT_LIT("none has run with this state folder yet"),
            GW_TEXT_LIT(""));
        return;
    }
    gw_rc rc = gw_lock_open(path, &lock, &err);
    gw_lock_close(lock);
    add(d, "engine", OK,
        rc == GW_OK ? GW_TEXT_LIT("stopped; its state is there")
                    : gw_arena_copy_text(&d->cli->arena, gw_text(err.msg)),
        GW_TEXT_LIT(""));
}

static const char *verdict_text(enum verdict verdict)
{
    static const char *const texts[] = {"ok", "note", "BAD"};
    return texts[verdict];
}

static void put_json(struct doctor *d, bool is_ok)
{
    struct gw_json_writer w = gw_cli_json(d->cli);
    gw_json_put_name_str(&w, "ok");
    gw_json_put_bool(&w, is_ok);
    gw_json_put_name_str(&w, "checks");
    gw_json_put_array(&w);
    for (uint32_t i = 0; i < d->count; i++) {
        gw_json_put_object(&w);
        gw_json_put_name_str(&w, "name");
        gw_json_put_str(&w, d->checks[i].name);
        gw_json_put_name_str(&w, "verdict");
        gw_json_put_str(&w, verdict_text(d->checks[i].verdict));
        gw_json_put_name_str(&w, "text");
        gw_json_put_text(&w, d->checks[i].text);
        gw_json_put_name_str(&w, "hint");
        gw_json_put_text(&w, d->checks[i].hint);
        gw_json_put_object_end(&w);
    }
    gw_json_put_array_end(&w);
    gw_cli_json_end(d->cli, &w);
}

static void put_text(struct doctor *d)
{
    static const char *const heads[] = {"check", "", "found", "what to do"};
    struct gw_cli_table table;
    gw_cli_table_init(&table, GW_COUNT_OF(heads), heads, &d->cli->arena);
    for (uint32_t i = 0; i < d->count; i++) {
        gw_cli_table_put(&table, &d->cli->arena, gw_text(d->checks[i].name));
        gw_cli_table_put(&table, &d->cli->arena, gw_text(verdict_text(d->checks[i].verdict)));
        gw_cli_table_put(&table, &d->cli->arena, d->checks[i].text);
        gw_cli_table_put(&table, &d->cli->arena, d->checks[i].hint);
    }
    gw_cli_table_print(&table, &d->cli->out);
}

static gw_rc run(struct gw_cli *cli, struct gw_err *err)
{
    struct doctor *d = GW_NEW(&cli->arena, struct doctor);
    bool is_ok = true;
    if (d == NULL)
        return GW_FAIL_NOMEM(err);
    d->cli = cli;
    check_connectors(d);
    check_disk(d);
    check_limits(d);
    check_port(d);
    check_lock(d);
    for (uint32_t i = 0; i < d->count; i++)
        is_ok &= d->checks[i].verdict != BAD;
    cli->exit_code = is_ok ? 0 : 1;
    if (cli->json) {
        put_json(d, is_ok);
    } else {
        put_text(d);
    }
    gw_cli_next(cli, "godwit demo");
    return GW_OK;
}

const struct gw_cli_command gw_cli_doctor = {
    .path = "doctor",
    .args = "",
    .summary = "check this machine: connectors, disk, limits, ports, state folder",
    .examples = "godwit doctor\n"
                "godwit doctor --state /srv/shop --json\n",
    .about =
        "Exit code 1 if something is BAD; a note is worth knowing and does not stop an engine.\n",
    .run = run,
};
