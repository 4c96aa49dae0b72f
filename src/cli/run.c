/* godwit engine run: the server with one program, until it is told to stop. */
#include "api/server.h"
#include "base/time.h"
#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/program.h"
#include "engine/ask.h"

static void on_log(void *ctx, gw_code code, struct gw_text text)
{
    struct gw_cli *cli = ctx;
    if (code) {
        gw_cli_say(cli, "GW%u: %.*s", code, GW_TEXT_ARG(text));
    } else {
        gw_cli_say(cli, "%.*s", GW_TEXT_ARG(text));
    }
}

static gw_rc parse_http(struct gw_cli *cli, struct gw_address *ret, size_t *ret_count,
                        struct gw_err *err)
{
    const char *flag = gw_cli_flag(cli, "http");
    struct gw_text text = flag ? gw_text(flag) : cli->settings.http;
    struct gw_text socket =
        gw_arena_printf(&cli->arena, "unix:%s", gw_cli_state_path(cli, "godwit.http"));
    GW_TRY(gw_address_parse(socket, &ret[0], err)); /* what this program's other commands use */
    *ret_count = 1;
    if (gw_text_is(text, "none"))
        return GW_OK;
    *ret_count = 2;
    return gw_address_parse(text, &ret[1], err);
}

static void fill_engine(const struct gw_cli *cli, struct gw_engine_opts *ret)
{
    const struct gw_cli_engine_settings *from = &cli->settings.engine;
    *ret = (struct gw_engine_opts){
        .state = cli->settings.state.data,
        .kv = gw_cli_flag(cli, "memory") ? GW_ENGINE_KV_MEMORY : GW_ENGINE_KV_LMDB,
        .kv_bytes_max = from->kv_bytes_max,
        .journal_bytes_max = from->journal_bytes_max,
        .readers = from->readers,
        .workers = from->workers,
        .audit_rows_per_s = from->audit_rows_per_s,
        .store_timeout_ms = (uint32_t)(from->store_timeout_ns / GW_NS_PER_MS),
        .fetch_timeout_ms = (uint32_t)(from->fetch_timeout_ns / GW_NS_PER_MS),
        .park_after_ms = (uint32_t)(from->park_after_ns / GW_NS_PER_MS),
        .no_audit = gw_cli_flag(cli, "no-audit") != NULL,
    };
}

static void print_where_json(struct gw_cli *cli, const struct gw_server *server,
                             const struct gw_engine_report *report)
{
    struct gw_json_writer w = gw_cli_json(cli);
    char text[GW_ADDRESS_TEXT_MAX];
    struct gw_address at;
    gw_json_put_name_str(&w, "event");
    gw_json_put_str(&w, "listening");
    gw_json_put_name_str(&w, "index");
    gw_json_put_u64(&w, report->index);
    gw_json_put_name_str(&w, "replayed");
    gw_json_put_u64(&w, report->replayed);
    gw_json_put_name_str(&w, "http");
    gw_json_put_array(&w);
    for (size_t i = 0; gw_server_http_address(server, i, &at); i++) {
        gw_address_text(&at, text);
        gw_json_put_str(&w, text);
    }
    gw_json_put_array_end(&w);
    gw_json_put_name_str(&w, "wire");
    gw_json_put_array(&w);
    for (size_t i = 0; gw_server_wire_address(server, i, &at); i++) {
        gw_address_text(&at, text);
        gw_json_put_str(&w, text);
    }
    gw_json_put_array_end(&w);
    gw_cli_json_end(cli, &w);
}

static void print_where(struct gw_cli *cli, const struct gw_server *server,
                        const struct gw_engine_report *report)
{
    char text[GW_ADDRESS_TEXT_MAX];
    struct gw_address at;
    if (cli->json) {
        print_where_json(cli, server, report);
        return;
    }
    gw_cli_out(cli, "state  %.*s  index %llu, %llu batches replayed%s%s\n",
               GW_TEXT_ARG(cli->settings.state), (unsigned long long)report->index,
               (unsigned long long)report->replayed, report->torn[0] ? "; cut off: " : "",
               report->torn);
    for (size_t i = 0; gw_server_http_address(server, i, &at); i++) {
        gw_address_text(&at, text);
        if (at.kind == GW_ADDRESS_TCP) {
            gw_cli_out(cli, "http   http://%s\n", text + strlen("tcp:"));
        } else {
            gw_cli_out(cli, "http   %s\n", text);
        }
    }
    for (size_t i = 0; gw_server_wire_address(server, i, &at); i++) {
        gw_address_text(&at, text);
        gw_cli_out(cli, "wire   %s\n", text);
    }
}

static gw_rc start_daemon(struct gw_server *server, struct gw_asker *asker, struct gw_text name,
                          struct gw_err *err)
{
    static const uint8_t no_args[] = {0x80}; /* canonical: an empty array */
    struct gw_request *request = gw_request_new(GW_REQUEST_DAEMON, gw_asker_actor(asker), NULL);
    if (request == NULL)
        return GW_FAIL_NOMEM(err);
    request->in.verb = GW_DAEMON_START;
    request->in.fn = name;
    request->in.actor = GW_TEXT_LIT("local");
    request->in.args = (struct gw_bytes){no_args, sizeof(no_args)};
    gw_rc rc = gw_ask(asker, gw_server_engine(server), request, err);
    gw_request_free(request);
    return rc < 0 ? gw_err_wrap(err, "daemon %.*s", GW_TEXT_ARG(name)) : GW_OK;
}

/** Those of --daemons, "a,b", at the first start of a state folder only: later starts find them where they were. */
static gw_rc start_daemons(struct gw_cli *cli, struct gw_server *server, struct gw_err *err)
{
    const char *at = gw_cli_flag(cli, "daemons");
    struct gw_asker *asker = NULL;
    GW_TRY(gw_asker_open(&asker, err));
    gw_rc rc = GW_OK;
    while (rc == GW_OK && at && *at) {
        size_t len = strcspn(at, ",");
        rc = start_daemon(server, asker, (struct gw_text){at, len}, err);
        at += len + (at[len] == ',');
    }
    gw_asker_close(asker);
    return rc;
}

static gw_rc serve(struct gw_cli *cli, struct gw_server *server, struct gw_err *err)
{
    bool is_term = false;
    gw_cli_next(cli, "godwit engine status --state %s   (in another terminal; Ctrl-C stops)",
                cli->settings.state.data);
    gw_rc rc = gw_server_run(server, err);
    bool was_signal = gw_server_signal(server, &is_term);
    if (was_signal) {
        enum { EXIT_INT = 130, EXIT_TERM = 143 };
        cli->exit_code = is_term ? EXIT_TERM : EXIT_INT;
        gw_cli_say(cli, "stopped; go on with: godwit engine run %s --state %s", cli->args[0],
                   cli->settings.state.data);
        return GW_OK;
    }
    return rc;
}

static gw_rc run(struct gw_cli *cli, struct gw_err *err)
{
    struct gw_address http[2];
    struct gw_engine_report report;
    struct gw_server *server = NULL;
    const struct gw_program *program;
    const char *file = cli->arg_count ? cli->args[0] : NULL;
    struct gw_server_opts opts = {.program_file = file,
                                  .tokens_file = gw_cli_flag(cli, "tokens"),
                                  .with_signals = true,
                                  .http = http,
                                  .on_log = on_log,
                                  .ctx = cli};
    if (file) /* all its errors at once, before anything is opened */
        GW_TRY(gw_cli_compile_or_say(cli, file, &program, err));
    fill_engine(cli, &opts.engine);
    GW_TRY(parse_http(cli, http, &opts.http_count, err));
    GW_TRY(gw_server_open(&opts, &server, &report, err));
    gw_rc rc = report.is_new ? start_daemons(cli, server, err) : GW_OK;
    if (rc == GW_OK)
        print_where(cli, server, &report);
    if (rc == GW_OK)
        rc = gw_cli_flush(cli, err);
    if (rc == GW_OK)
        rc = serve(cli, server, err);
    gw_server_close(server);
    return rc;
}

static const struct gw_cli_flag flags[] = {
    {"http", 0, "ADDR",
     "listen for HTTP there (default 127.0.0.1:7700; none: only STATE/godwit.http)"},
    {"daemons", 0, "NAMES", "start these daemons, a,b,c, when the state folder is new"},
    {"tokens", 0, "FILE", "who may do what; needed for any address that is not loopback"},
    {"no-audit", 0, NULL, "do not re-read homes in the background"},
    {"memory", 0, NULL,
     "keep the ledger's state in memory (rebuilt from the journal at each start)"},
    {NULL, 0, NULL, NULL},
};

const struct gw_cli_command gw_cli_engine_run = {
    .path = "engine run",
    .args = "[FILE]",
    .summary = "run the engine with a program, and serve it",
    .examples =
        "godwit engine run shop.gw                       # serves on 127.0.0.1:7700 and "
        "STATE/godwit.sock\n"
        "godwit engine run shop.gw --http none --state /srv/shop\n"
        "godwit engine run                               # the program that the journal has\n",
    .about = "The first start makes the state folder and journals the program after the catalog "
             "check; later starts\n"
             "recover, and journal FILE only if it differs. Ctrl-C once finishes what is under "
             "way, saves and stops;\n"
             "twice stops at once. Both can be resumed by the same command.\n",
    .flags = flags,
    .args_max = 1,
    .run = run,
};
