#include "api/server_int.h"

#include "lang/compile.h"
#include "os/env.h"
#include "os/file.h"
#include "os/heap.h"

enum {
    MAILBOX_MAX = 1 << 16,
    PROGRAM_ARENA_MAX = 256 << 20,
    LOG_BYTES_MAX = 1024,
    SETTLE_TURNS = 64,
    HTTP_PORT = 7700
};

/* ---- small things for everybody ---- */

void gw_api_log(struct gw_server *server, gw_code code, const char *fmt, ...)
{
    char memory[LOG_BYTES_MAX];
    struct gw_buf buf;
    va_list args;
    if (server->opts.on_log == NULL)
        return;
    gw_buf_init_fixed(&buf, memory, sizeof(memory));
    va_start(args, fmt);
    gw_buf_vprintf(&buf, fmt, args);
    va_end(args);
    server->opts.on_log(server->opts.ctx, code,
                        buf.failed ? GW_TEXT_LIT("(a long line)") : gw_buf_text(&buf));
}

gw_rc gw_api_send(struct gw_server *server, struct gw_request *request)
{
    if (server->ended)
        return GW_CLOSED;
    gw_rc rc = gw_engine_send(server->engine, request);
    server->open += rc == GW_OK;
    return rc;
}

struct gw_request *gw_api_request(struct gw_server *server, enum gw_request_kind kind,
                                  enum gw_api_msg msg, void *ctx)
{
    struct gw_request *request = server->spare;
    if (request) {
        server->spare = request->next;
        server->spare_count--;
    } else {
        request = gw_request_new(kind, server->actor, ctx);
    }
    if (request) {
        request->kind = kind;
        request->ctx = ctx;
        request->msg.kind = msg;
    }
    return request;
}

void gw_api_request_done(struct gw_server *server, struct gw_request *request)
{
    if (request == NULL)
        return;
    if (server->spare_count == GW_API_SPARE_MAX) {
        gw_request_free(request);
        return;
    }
    gw_request_reset(request);
    request->next = server->spare;
    server->spare = request;
    server->spare_count++;
}

/* ---- what the engine says ---- */

/** On the decider's thread. */
static struct gw_api_note *new_note(gw_code code, struct gw_text text)
{
    const struct gw_alloc *heap = gw_os_heap();
    struct gw_api_note *note = heap->get(heap->ctx, sizeof(*note));
    if (note == NULL)
        return NULL;
    memset(note, 0, sizeof(*note));
    note->msg.kind = GW_API_NOTE;
    note->code = code;
    note->len = GW_MIN(text.len, sizeof(note->text));
    memcpy(note->text, text.data, note->len);
    return note;
}

static void free_note(struct gw_api_note *note)
{
    const struct gw_alloc *heap = gw_os_heap();
    heap->put(heap->ctx, note, sizeof(*note));
}

static void on_alert(void *ctx, gw_code code, struct gw_text text)
{
    struct gw_server *server = ctx;
    struct gw_api_note *note = new_note(code, text);
    if (note && gw_actor_send(server->actor, &note->msg) < 0)
        free_note(note); /* the loop is far behind: the journal has it too */
}

static void on_fatal(void *ctx, const struct gw_err *err)
{
    struct gw_server *server = ctx;
    struct gw_api_note *note = new_note(err->code, gw_text(err->msg));
    if (note == NULL)
        gw_panic("the engine failed, and there is no memory to say so", __FILE__, __LINE__);
    note->is_fatal = true;
    note->err = *err;
    if (gw_actor_send_always(server->actor, &note->msg) < 0)
        free_note(note);
}

static void take_note(struct gw_server *server, struct gw_api_note *note)
{
    struct gw_text text = {note->text, note->len};
    gw_api_log(server, note->code, "%s%.*s",
               note->is_fatal ? "fatal: " : "alert: ", GW_TEXT_ARG(text));
    if (note->is_fatal && !server->failed) {
        server->failed = true;
        server->fatal = note->err;
        gw_server_stop(server);
    }
    if (!note->is_fatal)
        gw_events_alert(server, note->code, text);
    free_note(note);
}

static void on_message(void *ctx, struct gw_msg *msg)
{
    struct gw_server *server = ctx;
    struct gw_request *request = (struct gw_request *)(void *)msg;
    if (msg->kind == GW_API_NOTE) {
        take_note(server, (struct gw_api_note *)(void *)msg);
        return;
    }
    GW_ASSERT(server->open > 0);
    server->open--;
    switch ((enum gw_api_msg)msg->kind) {
    case GW_API_OP:
        gw_op_answered(request);
        break;
    case GW_API_CONN:
        gw_conn_answered(request);
        break;
    case GW_API_EVENTS:
        gw_events_answered(request);
        break;
    case GW_API_DEPLOYED:
        server->deployed = true;
        server->deploy_rc = request->rc;
        server->deploy_err = request->err;
        gw_api_request_done(server, request);
        break;
    case GW_API_NOTE:
        break;
    }
    gw_api_settled(server);
}

static void on_idle(void *ctx)
{
    gw_conns_flush(ctx);
}

/* ---- the end ---- */

void gw_api_settled(struct gw_server *server)
{
    if (server->stop_at_ns && server->open == 0)
        gw_loop_stop(server->loop);
}

static void begin_stop(struct gw_loop_task *task)
{
    struct gw_server *server = GW_CONTAINER_OF(task, struct gw_server, stop_task);
    if (server->stop_at_ns)
        return;
    server->stop_at_ns =
        gw_loop_now_ns(server->loop) + (int64_t)server->opts.stop_ms * GW_NS_PER_MS;
    for (size_t i = 0; i < server->wire_count; i++) {
        gw_listener_close(server->wires[i]);
        server->wires[i] = NULL;
    }
    gw_events_stop(server);
    for (size_t i = 0; i < server->http_count; i++)
        gw_http_server_drain(server->https[i], NULL, NULL);
    gw_conns_stop(server);
    gw_api_settled(server);
}

void gw_server_stop(struct gw_server *server)
{
    if (!atomic_exchange(&server->stop_posted, true))
        gw_loop_post(server->loop, &server->stop_task);
}

static void on_signal(void *ctx, enum gw_signal_kind kind)
{
    struct gw_server *server = ctx;
    if (server->has_signal) { /* twice: now. What is journaled is safe */
        gw_signal_close(server->signals[0]);
        gw_signal_close(server->signals[1]);
        server->signals[0] = server->signals[1] = NULL;
        gw_signal_raise(kind);
        return;
    }
    server->has_signal = true;
    server->is_term = kind == GW_SIGNAL_TERM;
    gw_api_log(server, 0, "stopping: finishing %u requests", server->open);
    gw_server_stop(server);
}

static void on_tick(void *ctx)
{
    struct gw_server *server = ctx;
    gw_conns_tick(server);
    if (server->stop_at_ns && gw_loop_now_ns(server->loop) > server->stop_at_ns)
        gw_loop_stop(server->loop);
}

static void on_rest_over(void *ctx)
{
    gw_conns_wake(ctx);
}

/* ---- opening ---- */

static void set_defaults(struct gw_server *server)
{
    struct gw_server_opts *opts = &server->opts;
    if (opts->actor == NULL)
        opts->actor = "local";
    if (opts->connections_max == 0)
        opts->connections_max = 1024;
    if (opts->body_bytes_max == 0)
        opts->body_bytes_max = 1 << 20;
    if (opts->open_max == 0 || opts->open_max > GW_WIRE_OPEN_MAX)
        opts->open_max = GW_WIRE_OPEN_MAX;
    if (opts->stop_ms == 0)
        opts->stop_ms = 10000;
    opts->engine.on_alert = on_alert;
    opts->engine.on_fatal = on_fatal;
    opts->engine.ctx = server;
}

static gw_rc listen_http(struct gw_server *server, const struct gw_address *at, struct gw_err *err)
{
    const struct gw_http_server_opts opts = {
        .at = *at,
        .handler = gw_api_handle,
        .ctx = server,
        .hosts = server->opts.hosts,
        .host_count = server->opts.host_count,
        .connections_max = server->opts.connections_max,
        .body_bytes_max = server->opts.body_bytes_max,
        .answer_bytes_max = GW_WIRE_ANSWER_MAX,
    };
    if (at->kind == GW_ADDRESS_NONE)
        return GW_OK;
    if (server->http_count == GW_SERVER_LISTEN_MAX)
        return GW_FAIL(err, GW_USAGE, "at most %d HTTP addresses", GW_SERVER_LISTEN_MAX);
    if (!gw_address_is_local(at) && server->tokens.items == NULL) {
        (void)GW_FAIL_CODE(err, GW_DENIED, 7313, "listening beyond this machine needs tokens");
        gw_err_hint(err, "give a tokens file, or listen on 127.0.0.1");
        return GW_DENIED;
    }
    GW_TRY(gw_http_server_open(server->loop, &opts, &server->https[server->http_count], err));
    server->http_count++;
    return GW_OK;
}

static void on_local_connection(void *ctx, struct gw_stream *stream)
{
    gw_conn_open(ctx, stream, true);
}

static void on_far_connection(void *ctx, struct gw_stream *stream)
{
    gw_conn_open(ctx, stream, false);
}

static gw_rc listen_wire(struct gw_server *server, const struct gw_address *at, struct gw_err *err)
{
    const struct gw_listen_opts opts = {
        .at = *at,
        .on_connection = at->kind == GW_ADDRESS_UNIX ? on_local_connection : on_far_connection,
        .ctx = server,
    };
    if (at->kind == GW_ADDRESS_NONE)
        return GW_OK;
    if (server->wire_count == GW_SERVER_LISTEN_MAX)
        return GW_FAIL(err, GW_USAGE, "at most %d wire addresses", GW_SERVER_LISTEN_MAX);
    if (!gw_address_is_local(at) && server->tokens.items == NULL)
        return GW_FAIL_CODE(err, GW_DENIED, 7313, "listening beyond this machine needs tokens");
    GW_TRY(gw_listener_open(server->loop, &opts, &server->wires[server->wire_count], err));
    server->wire_count++;
    return GW_OK;
}

static gw_rc listen_socket(struct gw_server *server, struct gw_err *err)
{
    struct gw_address at = {.kind = GW_ADDRESS_UNIX};
    struct gw_buf path;
    if (server->opts.socket && server->opts.socket[0] == '\0')
        return GW_OK;
    gw_buf_init_fixed(&path, at.host, GW_ADDRESS_PATH_MAX);
    if (server->opts.socket) {
        gw_buf_put_str(&path, server->opts.socket);
    } else {
        gw_buf_printf(&path, "%s/godwit.sock", server->opts.engine.state);
    }
    if (path.failed) {
        (void)GW_FAIL_CODE(err, GW_TOOLARGE, 7314, "the path of the socket is above %d bytes",
                           GW_ADDRESS_PATH_MAX);
        gw_err_hint(err, "name a shorter one with --socket");
        return GW_TOOLARGE;
    }
    return listen_wire(server, &at, err);
}

static gw_rc listen_all(struct gw_server *server, struct gw_err *err)
{
    const struct gw_server_opts *opts = &server->opts;
    const struct gw_address fallback = {
        .kind = GW_ADDRESS_TCP, .host = "127.0.0.1", .port = HTTP_PORT};
    GW_TRY(listen_socket(server, err));
    for (size_t i = 0; i < opts->wire_count; i++)
        GW_TRY(listen_wire(server, &opts->wire[i], err));
    if (opts->http_count == 0)
        GW_TRY(listen_http(server, &fallback, err));
    for (size_t i = 0; i < opts->http_count; i++)
        GW_TRY(listen_http(server, &opts->http[i], err));
    return GW_OK;
}

/* ---- the program given at the start ---- */

static gw_rc load_include(void *ctx, struct gw_text from, struct gw_text path,
                          struct gw_arena *arena, struct gw_text *ret_text, struct gw_err *err)
{
    struct gw_bytes bytes;
    size_t folder = from.len;
    (void)ctx;
    while (folder && from.data[folder - 1] != '/')
        folder--;
    if (path.len && path.data[0] == '/')
        folder = 0;
    struct gw_text name =
        gw_arena_printf(arena, "%.*s%.*s", (int)folder, from.data, GW_TEXT_ARG(path));
    if (name.data == NULL)
        return GW_FAIL_NOMEM(err);
    GW_TRY(gw_file_load(name.data, arena, GW_LANG_SOURCE_BYTES_MAX, &bytes, err));
    *ret_text = gw_bytes_text(bytes);
    return GW_OK;
}

static gw_rc compile_file(const char *path, struct gw_arena *arena, const struct gw_program **ret,
                          struct gw_err *err)
{
    struct gw_bytes text;
    struct gw_diags diags;
    GW_TRY(gw_file_load(path, arena, GW_LANG_SOURCE_BYTES_MAX, &text, err));
    const struct gw_lang_input input = {
        .name = gw_text(path), .text = gw_bytes_text(text), .load = load_include};
    gw_diags_init(&diags, arena);
    return gw_lang_compile_input(&input, &gw_lang_limits_default, arena, &diags, ret, err);
}

static gw_rc deploy_source(struct gw_server *server, struct gw_bytes source, struct gw_err *err)
{
    struct gw_request *request =
        gw_api_request(server, GW_REQUEST_PROGRAM, GW_API_DEPLOYED, server);
    if (request == NULL)
        return GW_FAIL_NOMEM(err);
    request->in.source = source;
    request->in.actor = gw_text(server->opts.actor);
    request->in.reason = GW_TEXT_LIT("start");
    gw_rc rc = gw_api_send(server, request);
    if (rc < 0) {
        gw_api_request_done(server, request);
        return GW_FAIL(err, rc, "the engine takes no program");
    }
    while (!server->deployed)
        gw_loop_turn(server->loop, true);
    if (server->deploy_rc < 0 && err)
        *err = server->deploy_err;
    return server->deploy_rc;
}

static gw_rc deploy_at_start(struct gw_server *server, struct gw_err *err)
{
    struct gw_arena arena;
    const struct gw_program *program = NULL, *now = gw_engine_program(server->engine);
    if (server->opts.program_file == NULL)
        return GW_OK;
    gw_arena_init(&arena, server->heap, PROGRAM_ARENA_MAX);
    gw_rc rc = compile_file(server->opts.program_file, &arena, &program, err);
    if (rc == GW_OK && (now == NULL || !gw_sha256_equal(now->hash, program->hash)))
        rc = deploy_source(server, program->source, err);
    gw_arena_done(&arena);
    return rc;
}

static gw_rc open_loop(struct gw_server *server, struct gw_err *err)
{
    const struct gw_actor_opts actor = {.name = "gw-api",
                                        .mailbox_max = MAILBOX_MAX,
                                        .on_message = on_message,
                                        .on_idle = on_idle,
                                        .ctx = server};
    GW_TRY(gw_loop_new(&server->loop, err));
    GW_TRY(gw_timer_new(server->loop, on_tick, server, &server->tick, err));
    GW_TRY(gw_timer_new(server->loop, on_rest_over, server, &server->rest, err));
    gw_timer_start(server->tick, GW_API_TICK_MS, GW_API_TICK_MS);
    return gw_loop_host(server->loop, &actor, &server->actor, err);
}

static gw_rc open_all(struct gw_server *server, struct gw_engine_report *ret_report,
                      struct gw_err *err)
{
    GW_TRY(gw_tokens_open(server->opts.tokens_file, server->heap, &server->tokens, err));
    GW_TRY(open_loop(server, err));
    GW_TRY(gw_engine_open(&server->opts.engine, &server->engine, ret_report, err));
    GW_TRY(gw_events_open(server, err));
    GW_TRY(deploy_at_start(server, err));
    GW_TRY(listen_all(server, err));
    if (!server->opts.with_signals)
        return GW_OK;
    GW_TRY(
        gw_signal_open(server->loop, GW_SIGNAL_INT, on_signal, server, &server->signals[0], err));
    return gw_signal_open(server->loop, GW_SIGNAL_TERM, on_signal, server, &server->signals[1],
                          err);
}

gw_rc gw_server_open(const struct gw_server_opts *opts, struct gw_server **ret,
                     struct gw_engine_report *ret_report, struct gw_err *err)
{
    const struct gw_alloc *heap = gw_os_heap();
    struct gw_server *server = heap->get(heap->ctx, sizeof(*server));
    if (server == NULL)
        return GW_FAIL_NOMEM(err);
    memset(server, 0, sizeof(*server));
    server->heap = heap;
    server->opts = *opts;
    server->stop_task.call = begin_stop;
    set_defaults(server);
    gw_stats_init(&server->stats, heap);
    gw_rc rc = open_all(server, ret_report, err);
    if (rc < 0) {
        gw_server_close(server);
        return rc;
    }
    *ret = server;
    return GW_OK;
}

/* ---- closing ---- */

/** The engine answers all it has; the answers reach those who still listen. */
static gw_rc end(struct gw_server *server, struct gw_err *err)
{
    if (server->ended)
        return GW_OK;
    server->ended = true;
    gw_rc rc = gw_engine_close(server->engine, err);
    server->engine = NULL;
    for (int i = 0; i < SETTLE_TURNS && server->open; i++)
        gw_loop_turn(server->loop, false);
    gw_conns_flush(server);
    gw_loop_turn(server->loop, false); /* what was queued goes to the kernel */
    return rc;
}

gw_rc gw_server_run(struct gw_server *server, struct gw_err *err)
{
    gw_loop_run(server->loop);
    gw_rc rc = end(server, err);
    if (server->failed) {
        if (err)
            *err = server->fatal;
        return server->fatal.rc;
    }
    if (rc == GW_OK && server->has_signal)
        return GW_FAIL(err, GW_CANCELLED, "stopped by a signal");
    return rc;
}

static void close_loop(struct gw_server *server)
{
    for (size_t i = 0; i < server->wire_count; i++)
        gw_listener_close(server->wires[i]);
    gw_loop_unhost(server->loop, server->actor);
    gw_events_close(server);
    gw_pending_free(server);
    gw_plans_free(server);
    gw_conns_close(server);
    for (size_t i = 0; i < server->http_count; i++)
        gw_http_server_close(server->https[i]);
    gw_signal_close(server->signals[0]);
    gw_signal_close(server->signals[1]);
    gw_timer_free(server->tick);
    gw_timer_free(server->rest);
    while (server->spare) {
        struct gw_request *request = server->spare;
        server->spare = request->next;
        gw_request_free(request);
    }
    gw_loop_free(server->loop);
}

void gw_server_close(struct gw_server *server)
{
    if (server == NULL)
        return;
    if (server->loop) {
        begin_stop(&server->stop_task);
        (void)end(server, NULL);
        close_loop(server);
    }
    gw_tokens_close(&server->tokens);
    gw_stats_done(&server->stats);
    server->heap->put(server->heap->ctx, server, sizeof(*server));
}

/* ---- questions ---- */

bool gw_server_signal(const struct gw_server *server, bool *ret_is_term)
{
    if (server->has_signal)
        *ret_is_term = server->is_term;
    return server->has_signal;
}

struct gw_engine *gw_server_engine(struct gw_server *server)
{
    return server->engine;
}

struct gw_loop *gw_server_loop(struct gw_server *server)
{
    return server->loop;
}

bool gw_server_http_address(const struct gw_server *server, size_t at, struct gw_address *ret)
{
    if (at < server->http_count)
        gw_http_server_address(server->https[at], ret);
    return at < server->http_count;
}

bool gw_server_wire_address(const struct gw_server *server, size_t at, struct gw_address *ret)
{
    if (at < server->wire_count && server->wires[at])
        gw_listener_address(server->wires[at], ret);
    return at < server->wire_count && server->wires[at];
}
