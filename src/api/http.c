/* From a request line to an endpoint: routes, rights, bodies, the audit trail; and answers as JSON or problems. */
#include "api/http_int.h"

enum { ANSWER_MAX = 16 << 20 };

/* clang-format off */
static const struct gw_route routes[] = {
    {"GET",  "/healthz",                      GW_ROLE_NONE,    0,                                   gw_http_health},
    {"GET",  "/metrics",                      GW_ROLE_VIEW,    0,                                   gw_http_metrics},
    {"POST", "/v1/call/*",                    GW_ROLE_OPERATE, GW_ROUTE_BODY | GW_ROUTE_CALL_SCOPE, gw_http_call},
    {"GET",  "/v1/result/*",                  GW_ROLE_DATA,    0,                                   gw_http_result},
    {"POST", "/v1/sessions",                  GW_ROLE_DATA,    GW_ROUTE_BODY,                       gw_http_sessions},
    {"POST", "/v1/view/*",                    GW_ROLE_DATA,    GW_ROUTE_BODY,                       gw_http_view},
    {"POST", "/v1/shadow/*",                  GW_ROLE_OPERATE, GW_ROUTE_BODY,                       gw_http_shadow},
    {"POST", "/v1/warm",                      GW_ROLE_OPERATE, GW_ROUTE_BODY,                       gw_http_warm},
    {"GET",  "/v1/events",                    GW_ROLE_VIEW,    0,                                   gw_http_events},
    {"GET",  "/v1/engine",                    GW_ROLE_VIEW,    0,                                   gw_http_status},
    {"GET",  "/v1/engine/homes",              GW_ROLE_VIEW,    0,                                   gw_http_homes},
    {"GET",  "/v1/engine/stores",             GW_ROLE_VIEW,    0,                                   gw_http_stores},
    {"GET",  "/v1/engine/daemons",            GW_ROLE_VIEW,    0,                                   gw_http_daemons},
    {"GET",  "/v1/engine/phases",             GW_ROLE_VIEW,    0,                                   gw_http_phases},
    {"GET",  "/v1/engine/nodes",              GW_ROLE_VIEW,    0,                                   gw_http_nodes},
    {"GET",  "/v1/engine/program",            GW_ROLE_VIEW,    0,                                   gw_http_program},
    {"POST", "/v1/engine/check",              GW_ROLE_VIEW,    GW_ROUTE_BODY,                       gw_http_check},
    {"POST", "/v1/engine/plan",               GW_ROLE_VIEW,    GW_ROUTE_BODY,                       gw_http_plan},
    {"POST", "/v1/engine/deploy",             GW_ROLE_OPERATE, GW_ROUTE_BODY | GW_ROUTE_TRAIL,      gw_http_deploy},
    {"POST", "/v1/engine/daemons/*/*",        GW_ROLE_OPERATE, GW_ROUTE_BODY | GW_ROUTE_TRAIL,      gw_http_daemon_verb},
    {"POST", "/v1/engine/phases/*",           GW_ROLE_OPERATE, GW_ROUTE_BODY | GW_ROUTE_TRAIL,      gw_http_phase},
    {"GET",  "/v1/engine/halts",              GW_ROLE_DATA,    0,                                   gw_http_halts},
    {"GET",  "/v1/engine/halts/*",            GW_ROLE_DATA,    0,                                   gw_http_halt_one},
    {"POST", "/v1/engine/halts/*/resolve",    GW_ROLE_OPERATE, GW_ROUTE_BODY | GW_ROUTE_TRAIL,      gw_http_resolve},
    {"POST", "/v1/engine/halts/*/resume",     GW_ROLE_OPERATE, GW_ROUTE_BODY | GW_ROUTE_TRAIL,      gw_http_resume},
    {"POST", "/v1/engine/halt",               GW_ROLE_OPERATE, GW_ROUTE_BODY | GW_ROUTE_TRAIL,      gw_http_halt},
    {"GET",  "/v1/engine/explain/*/*",        GW_ROLE_DATA,    0,                                   gw_http_explain},
    {"GET",  "/v1/engine/journal/*",          GW_ROLE_DATA,    0,                                   gw_http_journal},
    {"POST", "/v1/engine/audit",              GW_ROLE_OPERATE, GW_ROUTE_BODY | GW_ROUTE_TRAIL,      gw_http_audit},
    {"POST", "/v1/engine/retry",              GW_ROLE_OPERATE, GW_ROUTE_BODY | GW_ROUTE_TRAIL,      gw_http_retry},
    {"POST", "/v1/engine/stores/*/park",      GW_ROLE_OPERATE, GW_ROUTE_BODY | GW_ROUTE_TRAIL,      gw_http_park},
    {"POST", "/v1/engine/stores/*/unpark",    GW_ROLE_OPERATE, GW_ROUTE_BODY | GW_ROUTE_TRAIL,      gw_http_unpark},
    {"POST", "/v1/engine/checkpoint",         GW_ROLE_OPERATE, GW_ROUTE_BODY,                       gw_http_checkpoint},
    {"POST", "/v1/engine/drain",              GW_ROLE_OPERATE, GW_ROUTE_BODY,                       gw_http_drain},
    {"POST", "/v1/engine/limits",             GW_ROLE_OPERATE, GW_ROUTE_BODY | GW_ROUTE_TRAIL,      gw_http_limits},
};
/* clang-format on */

/* ---- paths and queries ---- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/** Percent-decoding (RFC 3986 section 2.1). @return false: malformed, or a NUL */
static bool decode(struct gw_arena *arena, struct gw_text in, bool plus, struct gw_text *ret)
{
    char *out = gw_arena_get_raw(arena, in.len + 1);
    size_t len = 0;
    if (out == NULL)
        return false;
    for (size_t i = 0; i < in.len; i++) {
        char c = in.data[i];
        if (c == '%') {
            int high = in.len - i > 2 ? hex_digit(in.data[i + 1]) : -1;
            int low = high >= 0 ? hex_digit(in.data[i + 2]) : -1;
            if (low < 0)
                return false;
            c = (char)(high << 4 | low);
            i += 2;
        } else if (c == '+' && plus) {
            c = ' ';
        }
        if (c == '\0')
            return false;
        out[len++] = c;
    }
    *ret = (struct gw_text){out, len};
    return true;
}

struct gw_text gw_op_query(struct gw_op *op, const char *name)
{
    struct gw_text at = op->http->query;
    while (at.len) {
        const char *amp = memchr(at.data, '&', at.len);
        struct gw_text pair = {at.data, amp ? (size_t)(amp - at.data) : at.len};
        const char *equal = pair.len ? memchr(pair.data, '=', pair.len) : NULL;
        struct gw_text key = {pair.data, equal ? (size_t)(equal - pair.data) : pair.len};
        struct gw_text raw = {equal ? equal + 1 : "", equal ? pair.len - key.len - 1 : 0}, value;
        if (gw_text_is(key, name) && decode(op->http->arena, raw, true, &value))
            return value;
        at.data += pair.len + (amp != NULL);
        at.len -= pair.len + (amp != NULL);
    }
    return (struct gw_text){0};
}

static struct gw_text segment(struct gw_text *at)
{
    const char *slash = at->len ? memchr(at->data, '/', at->len) : NULL;
    struct gw_text part = {at->data, slash ? (size_t)(slash - at->data) : at->len};
    at->data += part.len + (slash != NULL);
    at->len -= part.len + (slash != NULL);
    return part;
}

static bool matches(struct gw_op *op, const char *pattern, struct gw_text path)
{
    struct gw_text want = gw_text(pattern);
    size_t stars = 0;
    while (want.len || path.len) {
        bool more = want.len && path.len;
        struct gw_text part = segment(&want), got = segment(&path);
        if (!more)
            return false;
        if (!gw_text_is(part, "*")) {
            if (!gw_text_equal(part, got))
                return false;
        } else if (got.len == 0 || !decode(op->http->arena, got, false, &op->parts[stars++])) {
            return false;
        }
    }
    return true;
}

/* ---- answers ---- */

void gw_op_text(struct gw_op *op, uint16_t status, const char *type, struct gw_text text)
{
    const struct gw_http1_field fields[] = {
        {GW_TEXT_LIT("Cache-Control"), GW_TEXT_LIT("no-store")},
        {GW_TEXT_LIT("Content-Security-Policy"), GW_TEXT_LIT("default-src 'self'")},
        {GW_TEXT_LIT("X-Content-Type-Options"), GW_TEXT_LIT("nosniff")},
    };
    const struct gw_http_answer answer = {.status = status,
                                          .type = type,
                                          .fields = fields,
                                          .field_count = GW_COUNT_OF(fields),
                                          .body = gw_text_bytes(text)};
    gw_api_request_done(op->server, op->request);
    op->request = NULL;
    gw_http_answer(op->http, &answer);
}

struct gw_json_writer gw_op_writer(struct gw_op *op, struct gw_buf *buf)
{
    gw_buf_init(buf, op->server->heap, ANSWER_MAX);
    struct gw_json_writer w = gw_json_writer(buf, 0);
    gw_json_put_object(&w);
    return w;
}

static void put_index(struct gw_op *op, struct gw_json_writer *w)
{
    char text[48];
    struct gw_buf buf;
    if (op->request == NULL || op->request->out.at.index == 0)
        return;
    bool is_position =
        op->request->kind != GW_REQUEST_VIEW && op->request->kind != GW_REQUEST_STATUS;
    gw_buf_init_fixed(&buf, text, sizeof(text));
    gw_buf_printf(&buf, "%" PRIu64, op->request->out.at.index);
    if (is_position)
        gw_buf_printf(&buf, ".%u", op->request->out.at.record);
    gw_json_put_name_str(w, "index");
    gw_json_put_text(w, gw_buf_text(&buf));
}

void gw_op_reply(struct gw_op *op, uint16_t status, struct gw_json_writer *w)
{
    struct gw_err err;
    struct gw_buf *buf = w->buf;
    put_index(op, w);
    gw_json_put_object_end(w);
    gw_buf_put_u8(buf, '\n');
    if (gw_json_writer_check(w, "answer", &err) < 0) {
        gw_op_problem(op, 0, &err, (struct gw_text){0});
    } else {
        gw_op_text(op, status, "application/json", gw_buf_text(buf));
    }
    gw_buf_done(buf);
}

void gw_op_done_index(struct gw_op *op)
{
    struct gw_buf buf;
    struct gw_json_writer w = gw_op_writer(op, &buf);
    gw_op_reply(op, 200, &w);
}

void gw_op_done_json(struct gw_op *op, const char *name)
{
    struct gw_buf buf;
    struct gw_json_writer w = gw_op_writer(op, &buf);
    gw_json_put_name_str(&w, name);
    gw_json_put_raw(&w, op->request->out.json.len ? op->request->out.json : GW_TEXT_LIT("null"));
    gw_op_reply(op, 200, &w);
}

static void put_problem(struct gw_json_writer *w, uint16_t status, const struct gw_err *err)
{
    char code[8];
    struct gw_buf buf;
    gw_json_put_name_str(w, "type");
    gw_json_put_str(w, "about:blank");
    gw_json_put_name_str(w, "title");
    gw_json_put_str(w, gw_rc_text(err->rc));
    gw_json_put_name_str(w, "status");
    gw_json_put_u64(w, status);
    gw_json_put_name_str(w, "detail");
    gw_json_put_str(w, err->msg);
    if (err->code) {
        gw_buf_init_fixed(&buf, code, sizeof(code));
        gw_buf_printf(&buf, "GW%04u", err->code);
        gw_json_put_name_str(w, "code");
        gw_json_put_text(w, gw_buf_text(&buf));
    }
    if (err->hint[0]) {
        gw_json_put_name_str(w, "hint");
        gw_json_put_str(w, err->hint);
    }
    if (err->place.line) {
        gw_json_put_name_str(w, "line");
        gw_json_put_u64(w, err->place.line);
        gw_json_put_name_str(w, "column");
        gw_json_put_u64(w, err->place.column);
    }
}

/** What the status is by itself, where gw_rc alone would say less. */
static uint16_t problem_status(const struct gw_err *err)
{
    if (err->code == 2432)
        return 422; /* an Idempotency-Key with another body */
    if (err->code == 7310)
        return 401;
    return (uint16_t)gw_rc_http(err->rc);
}

void gw_op_problem(struct gw_op *op, uint16_t status, const struct gw_err *err,
                   struct gw_text extra)
{
    struct gw_buf buf;
    struct gw_json_writer w = gw_op_writer(op, &buf);
    if (status == 0)
        status = problem_status(err);
    put_problem(&w, status, err);
    put_index(op, &w);
    gw_buf_put_text(&buf, extra);
    gw_json_put_object_end(&w);
    gw_buf_put_u8(&buf, '\n');
    const struct gw_http1_field fields[] = {
        {GW_TEXT_LIT("Cache-Control"), GW_TEXT_LIT("no-store")},
        {status == 401 ? GW_TEXT_LIT("WWW-Authenticate") : GW_TEXT_LIT("Retry-After"),
         status == 401 ? GW_TEXT_LIT("Bearer") : GW_TEXT_LIT("1")}};
    const struct gw_http_answer answer = {
        .status = status,
        .type = "application/problem+json",
        .fields = fields,
        .field_count = status == 401 || status == 429 || status == 503 ? 2 : 1,
        .body = buf.failed ? (struct gw_bytes){0} : gw_buf_bytes(&buf)};
    gw_api_request_done(op->server, op->request);
    op->request = NULL;
    gw_http_answer(op->http, &answer);
    gw_buf_done(&buf);
}

/* ---- asking the engine ---- */

gw_rc gw_op_request(struct gw_op *op, enum gw_request_kind kind, struct gw_err *err)
{
    gw_api_request_done(op->server, op->request);
    op->request = gw_api_request(op->server, kind, GW_API_OP, op);
    if (op->request == NULL)
        return GW_FAIL_NOMEM(err);
    op->request->in.actor = op->caller.name;
    struct gw_text reason = gw_op_member_text(op, "reason");
    if (reason.data)
        op->request->in.reason = reason;
    return GW_OK;
}

gw_rc gw_op_send(struct gw_op *op, void (*done)(struct gw_op *op), struct gw_err *err)
{
    op->done = done;
    gw_rc rc = gw_api_send(op->server, op->request);
    if (rc == GW_BUSY)
        return GW_FAIL_CODE(err, GW_BUSY, 2429, "the engine has no room now");
    return rc < 0 ? GW_FAIL(err, rc, "the engine has stopped") : GW_OK;
}

void gw_op_answered(struct gw_request *request)
{
    struct gw_op *op = request->ctx;
    if (request->rc == GW_OK) {
        op->done(op);
    } else if (op->failed) {
        op->failed(op);
    } else {
        gw_op_problem(op, 0, &request->err, (struct gw_text){0});
    }
}

/* ---- bodies ---- */

struct gw_text gw_op_member_text(struct gw_op *op, const char *name)
{
    struct gw_text text = {0};
    return gw_json_get_text(gw_json_member(op->body.root, name), &text) ? text
                                                                        : (struct gw_text){0};
}

gw_rc gw_op_members(struct gw_op *op, const char *const *names, struct gw_err *err)
{
    for (const struct gw_json *at = op->body.root ? op->body.root->first : NULL; at;
         at = at->next) {
        bool known = gw_text_is(at->name, "reason");
        for (const char *const *name = names; *name && !known; name++)
            known = gw_text_is(at->name, *name);
        if (known)
            continue;
        (void)GW_FAIL_CODE(err, GW_INVALID, 7303, "unknown member `%.*s`", GW_TEXT_ARG(at->name));
        gw_json_err_place(&op->body, at, err);
        return GW_INVALID;
    }
    return GW_OK;
}

static gw_rc read_body(struct gw_op *op, struct gw_err *err)
{
    const struct gw_json_opts opts = {.name = GW_TEXT_LIT("body")};
    if (op->http->body.len == 0)
        return GW_OK;
    GW_TRY(gw_json_parse(gw_bytes_text(op->http->body), &opts, op->http->arena, &op->body, err));
    if (op->body.root->kind != GW_JSON_OBJECT) {
        return GW_FAIL_CODE(err, GW_INVALID, 7303, "the body must be an object, not %s",
                            gw_json_kind_text(op->body.root));
    }
    return GW_OK;
}

gw_rc gw_op_fn(struct gw_op *op, struct gw_text name, struct gw_err *err)
{
    const struct gw_program *program = gw_engine_program(op->server->engine);
    op->fn = program ? gw_program_fn(program, name) : NULL;
    return op->fn
               ? GW_OK
               : GW_FAIL_CODE(err, GW_NOTFOUND, 2202, "nothing is named `%.*s`", GW_TEXT_ARG(name));
}

gw_rc gw_op_entity(struct gw_op *op, struct gw_text name, const struct gw_program_entity **ret,
                   struct gw_err *err)
{
    const struct gw_program *program = gw_engine_program(op->server->engine);
    *ret = program && name.data ? gw_program_entity(program, name) : NULL;
    return *ret ? GW_OK
                : GW_FAIL_CODE(err, GW_NOTFOUND, 2206, "no entity is named `%.*s`",
                               GW_TEXT_ARG(name));
}

/* ---- in ---- */

static gw_rc find_caller(struct gw_op *op, struct gw_err *err)
{
    struct gw_text field = gw_http1_field(op->http->head, "authorization");
    struct gw_text secret = {0};
    static const char scheme[] = "bearer ";
    size_t len = sizeof(scheme) - 1;
    if (field.data && field.len > len && gw_http1_equal((struct gw_text){field.data, len}, scheme))
        secret = (struct gw_text){field.data + len, field.len - len};
    return gw_tokens_caller(&op->server->tokens, secret, &op->caller, err);
}

static gw_rc check_rights(struct gw_op *op, struct gw_err *err)
{
    const struct gw_route *route = op->route;
    if (route->role == GW_ROLE_NONE)
        return GW_OK;
    GW_TRY(find_caller(op, err));
    if (gw_caller_may(&op->caller, route->role) ||
        ((route->flags & GW_ROUTE_CALL_SCOPE) && gw_caller_may_call(&op->caller, op->parts[0])))
        return GW_OK;
    return GW_FAIL_CODE(err, GW_DENIED, 7312, "%.*s has role %s, this needs %s",
                        GW_TEXT_ARG(op->caller.name), gw_role_text(op->caller.role),
                        gw_role_text(route->role));
}

static void begin_after_trail(struct gw_op *op)
{
    struct gw_err err;
    if (op->route->begin(op, &err) < 0)
        gw_op_problem(op, 0, &err, (struct gw_text){0});
}

/** Who wants what, before it happens: when this cannot be journaled, it does not happen. */
static gw_rc send_trail(struct gw_op *op, struct gw_err *err)
{
    GW_TRY(gw_op_request(op, GW_REQUEST_TRAIL, err));
    struct gw_sha256 sum = gw_sha256(op->http->body);
    struct gw_bytes hash =
        gw_arena_copy(op->http->arena, (struct gw_bytes){sum.bytes, sizeof(sum.bytes)});
    if (hash.data == NULL)
        return GW_FAIL_NOMEM(err);
    op->request->in.key_hash = hash;
    op->request->in.action = gw_arena_printf(
        op->http->arena, "%.*s %.*s", GW_TEXT_ARG(op->http->method), GW_TEXT_ARG(op->http->path));
    return gw_op_send(op, begin_after_trail, err);
}

/** @return NULL: err is filled */
static const struct gw_route *find_route(struct gw_op *op, struct gw_err *err)
{
    bool other_method = false;
    for (size_t i = 0; i < GW_COUNT_OF(routes); i++) {
        if (!matches(op, routes[i].pattern, op->http->path))
            continue;
        if (gw_text_is(op->http->method, routes[i].method))
            return &routes[i];
        other_method = true;
    }
    if (other_method) {
        (void)GW_FAIL_CODE(err, GW_USAGE, 7305, "%.*s is not for this path",
                           GW_TEXT_ARG(op->http->method));
    } else {
        (void)GW_FAIL_CODE(err, GW_NOTFOUND, 7305, "nothing is at this path");
    }
    return NULL;
}

static gw_rc begin(struct gw_op *op, struct gw_err *err)
{
    if (op->server->stop_at_ns)
        return GW_FAIL(err, GW_CLOSED, "the server is stopping");
    GW_TRY(check_rights(op, err));
    if (op->route->flags & GW_ROUTE_BODY)
        GW_TRY(read_body(op, err));
    return op->route->flags & GW_ROUTE_TRAIL ? send_trail(op, err) : op->route->begin(op, err);
}

void gw_api_handle(void *ctx, struct gw_http_request *http)
{
    struct gw_server *server = ctx;
    struct gw_err err;
    struct gw_op *op = GW_NEW(http->arena, struct gw_op);
    if (op == NULL) {
        (void)GW_FAIL_NOMEM(&err);
        gw_http_answer_error(http, &err);
        return;
    }
    op->server = server;
    op->http = http;
    op->begun_ns = gw_loop_now_ns(server->loop);
    op->route = find_route(op, &err);
    if (op->route == NULL) {
        gw_op_problem(op, err.rc == GW_USAGE ? 405 : 404, &err, (struct gw_text){0});
    } else if (begin(op, &err) < 0) {
        gw_op_problem(op, 0, &err, (struct gw_text){0});
    }
}
