/* What programs ask for: calls, their results, sessions, views, shadows, warm-ups. */
#include "api/http_int.h"
#include "base/int.h"
#include "os/clock.h"

enum { KEY_MAX = 255, KEY_HASH_BYTES = 16, PENDING_MAX = 1024 };

/** A call of `Prefer: respond-async`, so that GET /v1/result/KEY can ask for it again: the ledger keeps its result. */
struct gw_pending {
    struct gw_pending *next; /* newest first */
    struct gw_arena arena;
    uint8_t key_hash[KEY_HASH_BYTES];
    struct gw_text fn;
    struct gw_bytes args;
    bool under_way; /* it is being predicted, or an own request of the server carries it */
};

/* ---- results ---- */

static void put_abort(struct gw_op *op, const struct gw_call_result *result)
{
    struct gw_err err;
    struct gw_buf extra;
    bool is_halted = result->abort == GW_ABORT_HALTED;
    bool is_fetch = result->abort == GW_ABORT_FETCH_FAILED;
    struct gw_text detail =
        result->detail.len ? result->detail : gw_text(gw_abort_text(result->abort));
    (void)gw_err_fill(&err, is_halted ? GW_HALTED : GW_CONFLICT, 0,
                      is_halted  ? 2601
                      : is_fetch ? 2201
                                 : 2210,
                      __FILE__, __LINE__, "%s: %.*s", gw_abort_name(result->abort),
                      GW_TEXT_ARG(detail));
    if (is_halted)
        gw_err_hint(&err, "GET /v1/engine/halts shows the difference; resolve it, then resume");
    gw_buf_init(&extra, op->server->heap, 4096);
    gw_buf_printf(&extra, ",\"abort\":\"%s\"", gw_abort_name(result->abort));
    gw_op_problem(op, is_fetch ? 424 : 409, &err, gw_buf_text(&extra));
    gw_buf_done(&extra);
}

static enum gw_stats_result kind_of(const struct gw_call_result *result)
{
    return result->status == GW_VM_DONE     ? GW_STATS_OK
           : result->status == GW_VM_FAILED ? GW_STATS_FAIL
                                            : GW_STATS_ABORT;
}

static void count(struct gw_op *op, enum gw_stats_result result)
{
    gw_stats_call(&op->server->stats, op->fn->id, op->fn->name, result,
                  gw_loop_now_ns(op->server->loop) - op->begun_ns);
}

static bool decode(struct gw_op *op, struct gw_call_result *ret)
{
    struct gw_request *request = op->request;
    if (gw_call_result_decode(request->out.fn, request->out.result, &request->arena, ret,
                              &request->err) == GW_OK)
        return true;
    gw_op_problem(op, 0, &request->err, (struct gw_text){0});
    return false;
}

static void call_done(struct gw_op *op)
{
    struct gw_call_result result;
    struct gw_buf buf;
    if (!decode(op, &result))
        return;
    count(op, kind_of(&result));
    if (result.status == GW_VM_ABORT) {
        put_abort(op, &result);
        return;
    }
    struct gw_json_writer w = gw_op_writer(op, &buf);
    gw_call_result_to_json(&result, &w);
    if (op->request->out.applied == GW_APPLIED_DUPLICATE) {
        gw_json_put_name_str(&w, "duplicate");
        gw_json_put_bool(&w, true);
    }
    gw_op_reply(op, 200, &w);
}

static void call_failed(struct gw_op *op)
{
    count(op, GW_STATS_ERROR);
    gw_op_problem(op, 0, &op->request->err, (struct gw_text){0});
}

/* ---- calls ---- */

/** Keys of different callers are different keys. */
static gw_rc hash_key(struct gw_op *op, struct gw_text key, struct gw_bytes *ret,
                      struct gw_err *err)
{
    struct gw_sha256_state state;
    if (key.len == 0 || key.len > KEY_MAX) {
        return GW_FAIL_CODE(err, GW_INVALID, 7306, "an Idempotency-Key has 1 to %d characters",
                            KEY_MAX);
    }
    gw_sha256_init(&state);
    gw_sha256_add(&state, gw_text_bytes(op->caller.name));
    gw_sha256_add(&state, (struct gw_bytes){(const uint8_t *)"", 1});
    gw_sha256_add(&state, gw_text_bytes(key));
    struct gw_sha256 sum = gw_sha256_end(&state);
    *ret = gw_arena_copy(op->http->arena, (struct gw_bytes){sum.bytes, KEY_HASH_BYTES});
    return ret->data ? GW_OK : GW_FAIL_NOMEM(err);
}

/** "c7" or 7. */
static bool client_of(const struct gw_json *node, uint64_t *ret)
{
    struct gw_text text;
    gw_u128 number;
    if (gw_json_get_u64(node, ret))
        return true;
    if (!gw_json_get_text(node, &text) || text.len < 2 || text.data[0] != 'c' ||
        !gw_u128_parse((struct gw_text){text.data + 1, text.len - 1}, &number) ||
        number > UINT64_MAX)
        return false;
    *ret = (uint64_t)number;
    return true;
}

static gw_rc set_identity(struct gw_op *op, struct gw_text key, struct gw_err *err)
{
    struct gw_request *request = op->request;
    const struct gw_json *client = gw_json_member(op->body.root, "client");
    const struct gw_json *seq = gw_json_member(op->body.root, "seq");
    if (key.data && client) {
        return GW_FAIL_CODE(err, GW_INVALID, 7306,
                            "either an Idempotency-Key, or client and seq: not both");
    }
    if (key.data)
        return hash_key(op, key, &request->in.key_hash, err);
    if (client == NULL && seq == NULL)
        return GW_OK;
    if (!client_of(client, &request->in.client) || request->in.client == 0 ||
        !gw_json_get_u64(seq, &request->in.seq)) {
        return GW_FAIL_CODE(err, GW_INVALID, 7306,
                            "a call of a session has \"client\":\"c7\" and \"seq\":41");
    }
    return GW_OK;
}

static gw_rc set_args(struct gw_op *op, struct gw_err *err)
{
    op->request->in.fn = op->fn->name;
    gw_rc rc = gw_args_from_json(op->fn, gw_json_member(op->body.root, "args"), op->http->arena,
                                 &op->request->in.args, err);
    return rc < 0 ? gw_err_wrap_rc(err, rc, "args of %.*s", GW_TEXT_ARG(op->fn->name)) : GW_OK;
}

static gw_rc begin_async(struct gw_op *op, struct gw_text key, struct gw_err *err);

gw_rc gw_http_call(struct gw_op *op, struct gw_err *err)
{
    static const char *const names[] = {"args", "client", "seq", NULL};
    struct gw_text key = gw_http1_field(op->http->head, "idempotency-key");
    struct gw_text prefer = gw_http1_field(op->http->head, "prefer");
    GW_TRY(gw_op_members(op, names, err));
    GW_TRY(gw_op_fn(op, op->parts[0], err));
    GW_TRY(gw_op_request(op, GW_REQUEST_CALL, err));
    GW_TRY(set_identity(op, key, err));
    GW_TRY(set_args(op, err));
    if (prefer.data && gw_http1_has_token(prefer, "respond-async"))
        return begin_async(op, key, err);
    op->request->deadline_ns = gw_clock_mono_ns() + GW_API_CALL_MS * GW_NS_PER_MS;
    op->failed = call_failed;
    return gw_op_send(op, call_done, err);
}

/* ---- respond-async ---- */

static void pending_drop(struct gw_server *server, struct gw_pending *pending)
{
    gw_arena_done(&pending->arena);
    server->heap->put(server->heap->ctx, pending, sizeof(*pending));
}

void gw_pending_free(struct gw_server *server)
{
    while (server->pending) {
        struct gw_pending *pending = server->pending;
        server->pending = pending->next;
        pending_drop(server, pending);
    }
}

static struct gw_pending *pending_find(struct gw_server *server, struct gw_bytes key_hash)
{
    for (struct gw_pending *at = server->pending; at; at = at->next) {
        if (memcmp(at->key_hash, key_hash.data, KEY_HASH_BYTES) == 0)
            return at;
    }
    return NULL;
}

/** The oldest that is decided makes room: its caller repeats the call under its key, which is as good. */
static void pending_trim(struct gw_server *server)
{
    uint32_t kept = 0;
    for (struct gw_pending **at = &server->pending; *at;) {
        struct gw_pending *pending = *at;
        if (++kept <= PENDING_MAX || pending->under_way) {
            at = &pending->next;
            continue;
        }
        *at = pending->next;
        pending_drop(server, pending);
    }
}

static struct gw_pending *pending_new(struct gw_op *op, struct gw_err *err)
{
    struct gw_server *server = op->server;
    struct gw_pending *pending = server->heap->get(server->heap->ctx, sizeof(*pending));
    if (pending == NULL) {
        (void)GW_FAIL_NOMEM(err);
        return NULL;
    }
    memset(pending, 0, sizeof(*pending));
    gw_arena_init(&pending->arena, server->heap, 2 << 20);
    memcpy(pending->key_hash, op->request->in.key_hash.data, KEY_HASH_BYTES);
    pending->fn = gw_arena_copy_text(&pending->arena, op->fn->name);
    pending->args = gw_arena_copy(&pending->arena, op->request->in.args);
    if (pending->fn.data == NULL || pending->args.data == NULL) {
        pending_drop(server, pending);
        (void)GW_FAIL_NOMEM(err);
        return NULL;
    }
    pending->next = server->pending;
    server->pending = pending;
    pending_trim(server);
    return pending;
}

/** The call has been decided; who wants the result asks for it. */
static void decided(struct gw_op *op)
{
    op->pending->under_way = false;
    gw_api_request_done(op->server, op->request);
    op->server->heap->put(op->server->heap->ctx, op, sizeof(*op));
}

/** A call of nobody's connection: an op of its own, without an HTTP request. */
static gw_rc send_pending(struct gw_op *op, struct gw_pending *pending, struct gw_err *err)
{
    struct gw_server *server = op->server;
    struct gw_op *own = server->heap->get(server->heap->ctx, sizeof(*own));
    struct gw_request *request =
        own ? gw_api_request(server, GW_REQUEST_CALL, GW_API_OP, own) : NULL;
    if (request == NULL) {
        if (own)
            server->heap->put(server->heap->ctx, own, sizeof(*own));
        return GW_FAIL_NOMEM(err);
    }
    *own = (struct gw_op){.server = server,
                          .request = request,
                          .pending = pending,
                          .done = decided,
                          .failed = decided};
    request->in.fn = pending->fn;
    request->in.args = pending->args;
    request->in.key_hash = (struct gw_bytes){pending->key_hash, KEY_HASH_BYTES};
    request->in.actor = op->caller.token ? op->caller.name : GW_TEXT_LIT("local");
    gw_rc rc = gw_api_send(server, request);
    if (rc < 0) {
        gw_api_request_done(server, request);
        server->heap->put(server->heap->ctx, own, sizeof(*own));
        return GW_FAIL_CODE(err, rc, 2429, "the engine has no room now");
    }
    return GW_OK;
}

/** Answers 202; `predicted` NULL when it could not be run ahead. */
static void accepted(struct gw_op *op, const struct gw_call_result *predicted)
{
    struct gw_buf buf;
    struct gw_json_writer w = gw_op_writer(op, &buf);
    struct gw_text key = gw_http1_field(op->http->head, "idempotency-key");
    gw_json_put_name_str(&w, "optimistic");
    gw_json_put_bool(&w, true);
    gw_json_put_name_str(&w, "predicted");
    if (predicted) {
        gw_json_put_object(&w);
        gw_call_result_to_json(predicted, &w);
        gw_json_put_object_end(&w);
    } else {
        gw_json_put_null(&w);
    }
    gw_json_put_name_str(&w, "result");
    struct gw_text path = gw_arena_printf(op->http->arena, "/v1/result/%.*s", GW_TEXT_ARG(key));
    gw_json_put_text(&w, path);
    gw_op_reply(op, 202, &w);
}

/** Foreseen or not, now the call itself goes its way. @return false: answered with a problem */
static bool go(struct gw_op *op)
{
    struct gw_err err;
    if (op->pending == NULL || send_pending(op, op->pending, &err) == GW_OK)
        return true;
    op->pending->under_way = false;
    gw_op_problem(op, 0, &err, (struct gw_text){0});
    return false;
}

static void predicted(struct gw_op *op)
{
    struct gw_call_result result;
    bool known = gw_call_result_decode(op->request->out.fn, op->request->out.result,
                                       &op->request->arena, &result, NULL) == GW_OK;
    if (go(op))
        accepted(op, known ? &result : NULL);
}

static void not_predicted(struct gw_op *op)
{
    if (go(op))
        accepted(op, NULL);
}

static bool is_plain(struct gw_text key)
{
    for (size_t i = 0; i < key.len; i++) {
        char c = key.data[i];
        if (!((c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '-' ||
              c == '_' || c == '.'))
            return false;
    }
    return true;
}

static gw_rc begin_async(struct gw_op *op, struct gw_text key, struct gw_err *err)
{
    if (key.data == NULL || !is_plain(key)) {
        return GW_FAIL_CODE(err, GW_INVALID, 7306,
                            "respond-async needs an Idempotency-Key of letters, digits, - _ .");
    }
    struct gw_pending *pending = pending_find(op->server, op->request->in.key_hash);
    if (pending && (!gw_text_equal(pending->fn, op->fn->name) ||
                    !gw_bytes_equal(pending->args, op->request->in.args))) {
        return GW_FAIL_CODE(err, GW_INVALID, 2432,
                            "this Idempotency-Key was used with another body");
    }
    if (pending == NULL && (pending = pending_new(op, err)) == NULL)
        return GW_NOMEM;
    struct gw_bytes args = op->request->in.args;
    GW_TRY(gw_op_request(op, GW_REQUEST_VIEW, err));
    op->request->in.fn = op->fn->name;
    op->request->in.args = args;
    op->request->in.view = GW_VIEW_SHADOW;
    if (!pending->under_way)
        op->pending = pending; /* else somebody else's request carries it */
    op->failed = not_predicted;
    gw_rc rc = gw_op_send(op, predicted, err);
    pending->under_way |= rc == GW_OK;
    return rc;
}

gw_rc gw_http_result(struct gw_op *op, struct gw_err *err)
{
    struct gw_bytes hash;
    struct gw_buf buf;
    GW_TRY(hash_key(op, op->parts[0], &hash, err));
    struct gw_pending *pending = pending_find(op->server, hash);
    if (pending == NULL) {
        (void)GW_FAIL_CODE(err, GW_NOTFOUND, 7307, "no call with this key waits here");
        gw_err_hint(err, "repeat the call with the same Idempotency-Key: it is not done twice");
        return GW_NOTFOUND;
    }
    if (pending->under_way) {
        struct gw_json_writer w = gw_op_writer(op, &buf);
        gw_json_put_name_str(&w, "pending");
        gw_json_put_bool(&w, true);
        gw_op_reply(op, 202, &w);
        return GW_OK;
    }
    GW_TRY(gw_op_fn(op, pending->fn, err)); /* the same call again: the ledger has its result */
    GW_TRY(gw_op_request(op, GW_REQUEST_CALL, err));
    op->request->in.fn = pending->fn;
    op->request->in.args = pending->args;
    op->request->in.key_hash = hash;
    op->failed = call_failed;
    return gw_op_send(op, call_done, err);
}

/* ---- sessions ---- */

static void session_done(struct gw_op *op)
{
    struct gw_buf buf;
    char text[32];
    struct gw_buf name;
    struct gw_json_writer w = gw_op_writer(op, &buf);
    gw_buf_init_fixed(&name, text, sizeof(text));
    gw_buf_printf(&name, "c%" PRIu64, op->request->out.number);
    gw_json_put_name_str(&w, "client");
    gw_json_put_text(&w, gw_buf_text(&name));
    gw_op_reply(op, 200, &w);
}

gw_rc gw_http_sessions(struct gw_op *op, struct gw_err *err)
{
    static const char *const names[] = {NULL};
    GW_TRY(gw_op_members(op, names, err));
    GW_TRY(gw_op_request(op, GW_REQUEST_SESSION, err));
    op->request->in.verb = GW_SESSION_OPEN;
    return gw_op_send(op, session_done, err);
}

/* ---- views ---- */

static void view_done(struct gw_op *op)
{
    struct gw_call_result result;
    struct gw_buf buf;
    if (!decode(op, &result))
        return;
    count(op, kind_of(&result));
    if (result.status == GW_VM_ABORT) {
        put_abort(op, &result);
        return;
    }
    struct gw_json_writer w = gw_op_writer(op, &buf);
    if (op->request->in.view == GW_VIEW_STALE_OK) {
        gw_json_put_name_str(&w, "age_ms");
        gw_json_put_i64(&w, op->request->out.age_ns / GW_NS_PER_MS);
    }
    if (result.status == GW_VM_DONE) {
        gw_json_put_name_str(&w, "value");
        if (result.type) {
            gw_value_to_json(result.type, result.value, &w);
        } else {
            gw_json_put_null(&w);
        }
    } else {
        gw_call_result_to_json(&result, &w);
    }
    gw_op_reply(op, 200, &w);
}

static gw_rc index_of(struct gw_text text, const char *name, uint64_t *ret, struct gw_err *err)
{
    gw_u128 number;
    const char *dot = text.len ? memchr(text.data, '.', text.len) : NULL; /* "88102007.4" */
    if (dot)
        text.len = (size_t)(dot - text.data);
    if (!gw_u128_parse(text, &number) || number > UINT64_MAX)
        return GW_FAIL_CODE(err, GW_INVALID, 7303, "%s is a journal index", name);
    *ret = (uint64_t)number;
    return GW_OK;
}

static gw_rc set_freshness(struct gw_op *op, struct gw_err *err)
{
    struct gw_text at_least = gw_op_query(op, "at_least"), as_of = gw_op_query(op, "as_of");
    struct gw_text stale = gw_op_query(op, "stale_ok");
    if ((at_least.data != NULL) + (as_of.data != NULL) + (stale.data != NULL) > 1)
        return GW_FAIL_CODE(err, GW_INVALID, 7303, "one of at_least, as_of, stale_ok");
    op->request->in.view = at_least.data ? GW_VIEW_AT_LEAST
                           : as_of.data  ? GW_VIEW_AS_OF
                           : stale.data  ? GW_VIEW_STALE_OK
                                         : GW_VIEW_LINEARIZABLE;
    if (at_least.data)
        return index_of(at_least, "at_least", &op->request->in.at_index, err);
    return as_of.data ? index_of(as_of, "as_of", &op->request->in.at_index, err) : GW_OK;
}

gw_rc gw_http_view(struct gw_op *op, struct gw_err *err)
{
    static const char *const names[] = {"args", NULL};
    GW_TRY(gw_op_members(op, names, err));
    GW_TRY(gw_op_fn(op, op->parts[0], err));
    GW_TRY(gw_op_request(op, GW_REQUEST_VIEW, err));
    GW_TRY(set_freshness(op, err));
    GW_TRY(set_args(op, err));
    op->failed = call_failed;
    return gw_op_send(op, view_done, err);
}

/* ---- shadows ---- */

/* NOLINTNEXTLINE(misc-no-recursion): a parsed document is at most 64 deep */
static bool same_json(const struct gw_json *a, const struct gw_json *b)
{
    struct gw_text left, right;
    if (a == NULL || b == NULL || a->count != b->count)
        return a == b;
    if ((a->kind == GW_JSON_STRING || a->kind == GW_JSON_NUMBER) &&
        (b->kind == GW_JSON_STRING || b->kind == GW_JSON_NUMBER)) {
        left = a->text; /* "5.00" and 5.00 are one value here */
        right = b->text;
        return gw_text_equal(left, right);
    }
    if (a->kind != b->kind || (a->kind == GW_JSON_BOOL && a->truth != b->truth))
        return false;
    for (const struct gw_json *at = a->first, *other = b->first; at;
         at = at->next, other = other ? other->next : NULL) {
        const struct gw_json *match =
            a->kind == GW_JSON_OBJECT ? gw_json_member_text(b, at->name) : other;
        if (match == NULL || !same_json(at, match))
            return false;
    }
    return true;
}

static void shadow_done(struct gw_op *op)
{
    struct gw_call_result result;
    struct gw_buf buf, json;
    struct gw_json_doc doc;
    if (!decode(op, &result))
        return;
    gw_buf_init(&json, op->server->heap, 1 << 20);
    struct gw_json_writer inner = gw_json_writer(&json, 0);
    gw_json_put_object(&inner);
    gw_call_result_to_json(&result, &inner);
    gw_json_put_object_end(&inner);
    struct gw_text text = gw_arena_copy_text(op->http->arena, gw_buf_text(&json));
    bool known = text.data && gw_json_parse(text, NULL, op->http->arena, &doc, NULL) == GW_OK;
    struct gw_json_writer w = gw_op_writer(op, &buf);
    gw_json_put_name_str(&w, "same");
    gw_json_put_bool(&w, known && same_json(doc.root, gw_json_member(op->body.root, "seen")));
    gw_json_put_name_str(&w, "predicted");
    gw_json_put_raw(&w, text.data ? text : GW_TEXT_LIT("null"));
    gw_op_reply(op, 200, &w);
    gw_buf_done(&json);
}

gw_rc gw_http_shadow(struct gw_op *op, struct gw_err *err)
{
    static const char *const names[] = {"args", "seen", NULL};
    GW_TRY(gw_op_members(op, names, err));
    GW_TRY(gw_op_fn(op, op->parts[0], err));
    GW_TRY(gw_op_request(op, GW_REQUEST_VIEW, err));
    op->request->in.view = GW_VIEW_SHADOW;
    GW_TRY(set_args(op, err));
    return gw_op_send(op, shadow_done, err);
}
