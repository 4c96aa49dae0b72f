/* What people look at and operators ask for: status and its parts, halts, daemons, phases, stores. */
#include "api/http_int.h"
#include "base/int.h"

/* ---- status ---- */

static void status_done(struct gw_op *op)
{
    struct gw_text json = op->request->out.json; /* one object, with "index" in it */
    gw_op_text(op, 200, "application/json", gw_arena_copy_text(op->http->arena, json));
}

gw_rc gw_http_status(struct gw_op *op, struct gw_err *err)
{
    GW_TRY(gw_op_request(op, GW_REQUEST_STATUS, err));
    return gw_op_send(op, status_done, err);
}

/** One member of the status, named as the last segment of the path. */
static void part_done(struct gw_op *op)
{
    struct gw_json_doc doc;
    struct gw_buf buf;
    struct gw_err err;
    const char *name = strrchr(op->route->pattern, '/') + 1;
    if (gw_json_parse(op->request->out.json, NULL, op->http->arena, &doc, &err) < 0) {
        gw_op_problem(op, 500, &err, (struct gw_text){0});
        return;
    }
    struct gw_json_writer w = gw_op_writer(op, &buf);
    const struct gw_json *part = gw_json_member(doc.root, name);
    gw_json_put_name_str(&w, name);
    if (part) {
        gw_json_put_node(&w, part);
    } else {
        gw_json_put_null(&w);
    }
    gw_op_reply(op, 200, &w);
}

static gw_rc send_part(struct gw_op *op, struct gw_err *err)
{
    GW_TRY(gw_op_request(op, GW_REQUEST_STATUS, err));
    return gw_op_send(op, part_done, err);
}

gw_rc gw_http_homes(struct gw_op *op, struct gw_err *err)
{
    return send_part(op, err);
}

gw_rc gw_http_stores(struct gw_op *op, struct gw_err *err)
{
    return send_part(op, err);
}

gw_rc gw_http_daemons(struct gw_op *op, struct gw_err *err)
{
    return send_part(op, err);
}

gw_rc gw_http_phases(struct gw_op *op, struct gw_err *err)
{
    return send_part(op, err);
}

static void nodes_done(struct gw_op *op)
{
    static const char *const members[] = {"role", "epoch", "index", "durable"};
    struct gw_json_doc doc;
    struct gw_buf buf;
    struct gw_err err;
    if (gw_json_parse(op->request->out.json, NULL, op->http->arena, &doc, &err) < 0) {
        gw_op_problem(op, 500, &err, (struct gw_text){0});
        return;
    }
    struct gw_json_writer w = gw_op_writer(op, &buf);
    gw_json_put_name_str(&w, "nodes");
    gw_json_put_array(&w);
    gw_json_put_object(&w);
    gw_json_put_name_str(&w, "node");
    gw_json_put_str(&w, "n1");
    for (size_t i = 0; i < GW_COUNT_OF(members); i++) {
        const struct gw_json *value = gw_json_member(doc.root, members[i]);
        gw_json_put_name_str(&w, members[i]);
        if (value) {
            gw_json_put_node(&w, value);
        } else {
            gw_json_put_null(&w);
        }
    }
    gw_json_put_object_end(&w);
    gw_json_put_array_end(&w);
    gw_op_reply(op, 200, &w);
}

gw_rc gw_http_nodes(struct gw_op *op, struct gw_err *err)
{
    GW_TRY(gw_op_request(op, GW_REQUEST_STATUS, err));
    return gw_op_send(op, nodes_done, err);
}

static void metrics_done(struct gw_op *op)
{
    struct gw_json_doc doc;
    struct gw_buf buf;
    struct gw_err err;
    if (gw_json_parse(op->request->out.json, NULL, op->http->arena, &doc, &err) < 0) {
        gw_op_problem(op, 500, &err, (struct gw_text){0});
        return;
    }
    gw_buf_init(&buf, op->server->heap, GW_WIRE_ANSWER_MAX);
    gw_stats_render(&op->server->stats, doc.root, op->http->arena, &buf);
    gw_op_text(op, 200, "text/plain; version=0.0.4", gw_buf_text(&buf));
    gw_buf_done(&buf);
}

gw_rc gw_http_metrics(struct gw_op *op, struct gw_err *err)
{
    GW_TRY(gw_op_request(op, GW_REQUEST_STATUS, err));
    return gw_op_send(op, metrics_done, err);
}

gw_rc gw_http_health(struct gw_op *op, struct gw_err *err)
{
    if (op->server->failed || op->server->ended)
        return GW_FAIL(err, GW_CLOSED, "the engine has stopped");
    gw_op_text(op, 200, "text/plain", GW_TEXT_LIT("ok\n"));
    return GW_OK;
}

/* ---- daemons and phases ---- */

static void daemon_done(struct gw_op *op)
{
    struct gw_buf buf;
    struct gw_json_writer w = gw_op_writer(op, &buf);
    if (op->request->out.number) {
        gw_json_put_name_str(&w, "id");
        gw_json_put_u64(&w, op->request->out.number);
    }
    gw_op_reply(op, 200, &w);
}

gw_rc gw_http_daemon_verb(struct gw_op *op, struct gw_err *err)
{
    static const char *const verbs[] = {"start", "stop", "pause", "resume"};
    static const char *const names[] = {"args", NULL};
    gw_u128 id;
    uint32_t verb = 0;
    GW_TRY(gw_op_members(op, names, err));
    while (verb < GW_COUNT_OF(verbs) && !gw_text_is(op->parts[1], verbs[verb]))
        verb++;
    if (verb == GW_COUNT_OF(verbs))
        return GW_FAIL_CODE(err, GW_NOTFOUND, 7305, "a daemon takes start, stop, pause, resume");
    GW_TRY(gw_op_request(op, GW_REQUEST_DAEMON, err));
    op->request->in.verb = verb;
    if (verb != GW_DAEMON_START && gw_u128_parse(op->parts[0], &id) && id <= UINT32_MAX) {
        op->request->in.number = (uint64_t)id;
        return gw_op_send(op, daemon_done, err);
    }
    op->request->in.fn = op->parts[0];
    if (verb == GW_DAEMON_START) {
        GW_TRY(gw_op_fn(op, op->parts[0], err));
        GW_TRY(gw_args_from_json(op->fn, gw_json_member(op->body.root, "args"), op->http->arena,
                                 &op->request->in.args, err));
    }
    return gw_op_send(op, daemon_done, err);
}

static void phase_failed(struct gw_op *op)
{
    struct gw_request *request = op->request;
    struct gw_text extra = {0};
    if (request->out.json.len) {
        extra =
            gw_arena_printf(op->http->arena, ",\"missing\":%.*s", GW_TEXT_ARG(request->out.json));
    }
    gw_op_problem(op, 0, &request->err, extra.data ? extra : (struct gw_text){0});
}

gw_rc gw_http_phase(struct gw_op *op, struct gw_err *err)
{
    static const char *const names[] = {"to", NULL};
    const struct gw_program_entity *entity = NULL;
    GW_TRY(gw_op_members(op, names, err));
    GW_TRY(gw_op_entity(op, op->parts[0], &entity, err));
    GW_TRY(gw_op_request(op, GW_REQUEST_PHASE, err));
    op->request->in.entity = entity->entity.name;
    op->request->in.phase = gw_op_member_text(op, "to");
    if (op->request->in.phase.data == NULL)
        return GW_FAIL_CODE(err, GW_INVALID, 7303, "`to` names the phase");
    op->failed = phase_failed;
    return gw_op_send(op, gw_op_done_index, err);
}

/* ---- halts ---- */

static void halts_done(struct gw_op *op)
{
    gw_op_done_json(op, "halts");
}

static gw_rc send_halts(struct gw_op *op, uint64_t n, struct gw_err *err)
{
    GW_TRY(gw_op_request(op, GW_REQUEST_HALTS, err));
    op->request->in.number = n;
    op->request->in.verb = n != 0 || gw_op_query(op, "resolved").data != NULL;
    return gw_op_send(op, halts_done, err);
}

gw_rc gw_http_halts(struct gw_op *op, struct gw_err *err)
{
    return send_halts(op, 0, err);
}

static gw_rc number_of(struct gw_text text, const char *what, uint64_t *ret, struct gw_err *err)
{
    gw_u128 number;
    if (!gw_u128_parse(text, &number) || number > UINT64_MAX) {
        return GW_FAIL_CODE(err, GW_INVALID, 7303, "%s is a number, not `%.*s`", what,
                            GW_TEXT_ARG(text));
    }
    *ret = (uint64_t)number;
    return GW_OK;
}

gw_rc gw_http_halt_one(struct gw_op *op, struct gw_err *err)
{
    uint64_t n = 0;
    GW_TRY(number_of(op->parts[0], "a halt", &n, err));
    return send_halts(op, n, err);
}

gw_rc gw_http_halt(struct gw_op *op, struct gw_err *err)
{
    static const char *const names[] = {NULL};
    GW_TRY(gw_op_members(op, names, err));
    GW_TRY(gw_op_request(op, GW_REQUEST_HALT, err));
    return gw_op_send(op, gw_op_done_index, err);
}

gw_rc gw_http_resume(struct gw_op *op, struct gw_err *err)
{
    static const char *const names[] = {NULL};
    uint64_t n = 0;
    GW_TRY(gw_op_members(op, names, err));
    GW_TRY(number_of(op->parts[0], "a halt", &n, err));
    GW_TRY(gw_op_request(op, GW_REQUEST_RESUME, err));
    op->request->in.number = n;
    return gw_op_send(op, gw_op_done_index, err);
}

static gw_rc set_take(struct gw_op *op, const struct gw_entity *entity, struct gw_err *err)
{
    const struct gw_json *take = gw_json_member(op->body.root, "take");
    struct gw_text text;
    if (take && take->kind == GW_JSON_OBJECT) {
        op->request->in.take = GW_TAKE_IMAGE;
        return gw_image_from_json(entity, take, op->http->arena, &op->request->in.image, err);
    }
    if (!gw_json_get_text(take, &text) ||
        (!gw_text_is(text, "expected") && !gw_text_is(text, "actual"))) {
        return GW_FAIL_CODE(err, GW_INVALID, 7303,
                            "`take` is \"expected\", \"actual\" or an object with every field");
    }
    op->request->in.take = gw_text_is(text, "expected") ? GW_TAKE_EXPECTED : GW_TAKE_ACTUAL;
    return GW_OK;
}

/** How many findings are left, so that a person knows whether to resume. */
static void left_done(struct gw_op *op)
{
    struct gw_json_doc doc;
    struct gw_buf buf;
    bool known = gw_json_parse(op->request->out.json, NULL, op->http->arena, &doc, NULL) == GW_OK;
    struct gw_json_writer w = gw_op_writer(op, &buf);
    gw_json_put_name_str(&w, "left");
    gw_json_put_u64(&w, known ? doc.root->count : 0);
    gw_op_reply(op, 200, &w);
}

static void resolved(struct gw_op *op)
{
    struct gw_err err;
    gw_rc rc = gw_op_request(op, GW_REQUEST_HALTS, &err);
    if (rc == GW_OK)
        rc = gw_op_send(op, left_done, &err);
    if (rc < 0)
        gw_op_problem(op, 0, &err, (struct gw_text){0});
}

gw_rc gw_http_resolve(struct gw_op *op, struct gw_err *err)
{
    static const char *const names[] = {"entity",       "key",    "take", "seen",
                                        "drop_pending", "resume", NULL};
    const struct gw_program_entity *entity = NULL;
    uint64_t n = 0;
    GW_TRY(gw_op_members(op, names, err));
    GW_TRY(number_of(op->parts[0], "a halt", &n, err));
    GW_TRY(gw_op_entity(op, gw_op_member_text(op, "entity"), &entity, err));
    GW_TRY(gw_op_request(op, GW_REQUEST_RESOLVE, err));
    op->request->in.number = n;
    op->request->in.entity = entity->entity.name;
    GW_TRY(gw_key_from_json(&entity->entity, gw_json_member(op->body.root, "key"), op->http->arena,
                            &op->request->in.key, err));
    GW_TRY(set_take(op, &entity->entity, err));
    struct gw_text seen = gw_op_member_text(op, "seen");
    if (seen.data &&
        !gw_unhex(seen, op->request->in.seen.bytes, sizeof(op->request->in.seen.bytes))) {
        return GW_FAIL_CODE(err, GW_INVALID, 7303,
                            "`seen` is the hash of the found row, 32 hex digits");
    }
    (void)gw_json_get_bool(gw_json_member(op->body.root, "drop_pending"),
                           &op->request->in.drop_pending);
    (void)gw_json_get_bool(gw_json_member(op->body.root, "resume"), &op->request->in.and_resume);
    return gw_op_send(op, resolved, err);
}

/* ---- explain, journal ---- */

static void explain_done(struct gw_op *op)
{
    gw_op_done_json(op, "explain");
}

gw_rc gw_http_explain(struct gw_op *op, struct gw_err *err)
{
    const struct gw_program_entity *entity = NULL;
    GW_TRY(gw_op_entity(op, op->parts[0], &entity, err));
    GW_TRY(gw_op_request(op, GW_REQUEST_EXPLAIN, err));
    op->request->in.entity = entity->entity.name;
    GW_TRY(gw_key_from_text(&entity->entity, op->parts[1], op->http->arena, &op->request->in.key,
                            err));
    return gw_op_send(op, explain_done, err);
}

static void journal_done(struct gw_op *op)
{
    struct gw_err err;
    if (op->request->out.json.len == 0) {
        (void)GW_FAIL_CODE(&err, GW_NOTFOUND, 7308, "the journal holds no batch with this index");
        gw_op_problem(op, 0, &err, (struct gw_text){0});
        return;
    }
    gw_op_done_json(op, "batch");
}

gw_rc gw_http_journal(struct gw_op *op, struct gw_err *err)
{
    uint64_t index = 0;
    GW_TRY(number_of(op->parts[0], "an index", &index, err));
    GW_TRY(gw_op_request(op, GW_REQUEST_JOURNAL, err));
    op->request->in.at_index = index;
    return gw_op_send(op, journal_done, err);
}

/* ---- verbs ---- */

static void audit_done(struct gw_op *op)
{
    struct gw_buf buf;
    struct gw_json_writer w = gw_op_writer(op, &buf);
    gw_json_put_name_str(&w, "pass");
    gw_json_put_u64(&w, op->request->out.number);
    gw_op_reply(op, 200, &w);
}

gw_rc gw_http_audit(struct gw_op *op, struct gw_err *err)
{
    static const char *const names[] = {"entity", NULL};
    GW_TRY(gw_op_members(op, names, err));
    GW_TRY(gw_op_request(op, GW_REQUEST_AUDIT, err));
    struct gw_text entity = gw_op_member_text(op, "entity");
    if (entity.data)
        op->request->in.entity = entity;
    return gw_op_send(op, audit_done, err);
}

static gw_rc send_store(struct gw_op *op, enum gw_request_kind kind, struct gw_text store,
                        struct gw_err *err)
{
    static const char *const names[] = {"store", NULL};
    GW_TRY(gw_op_members(op, names, err));
    if (store.data == NULL)
        return GW_FAIL_CODE(err, GW_INVALID, 7303, "`store` is missing");
    GW_TRY(gw_op_request(op, kind, err));
    op->request->in.store = store;
    return gw_op_send(op, gw_op_done_index, err);
}

gw_rc gw_http_retry(struct gw_op *op, struct gw_err *err)
{
    return send_store(op, GW_REQUEST_RETRY, gw_op_member_text(op, "store"), err);
}

gw_rc gw_http_park(struct gw_op *op, struct gw_err *err)
{
    return send_store(op, GW_REQUEST_PARK, op->parts[0], err);
}

gw_rc gw_http_unpark(struct gw_op *op, struct gw_err *err)
{
    return send_store(op, GW_REQUEST_UNPARK, op->parts[0], err);
}

gw_rc gw_http_checkpoint(struct gw_op *op, struct gw_err *err)
{
    GW_TRY(gw_op_request(op, GW_REQUEST_CHECKPOINT, err));
    return gw_op_send(op, gw_op_done_index, err);
}

gw_rc gw_http_drain(struct gw_op *op, struct gw_err *err)
{
    GW_TRY(gw_op_request(op, GW_REQUEST_DRAIN, err));
    return gw_op_send(op, gw_op_done_index, err);
}

gw_rc gw_http_limits(struct gw_op *op, struct gw_err *err)
{
    const struct gw_json *node = gw_json_member(op->body.root, "limits");
    static const char *const names[] = {"limits", NULL};
    GW_TRY(gw_op_members(op, names, err));
    if (node == NULL || node->kind != GW_JSON_OBJECT)
        return GW_FAIL_CODE(err, GW_INVALID, 7303, "{\"limits\":{\"ring\":8}}");
    struct gw_rec_limit *limits =
        GW_NEW_ARRAY(op->http->arena, struct gw_rec_limit, node->count + 1);
    uint32_t count = 0;
    if (limits == NULL)
        return GW_FAIL_NOMEM(err);
    for (const struct gw_json *at = node->first; at; at = at->next) {
        limits[count].name = at->name;
        if (!gw_json_get_u64(at, &limits[count++].value)) {
            return GW_FAIL_CODE(err, GW_INVALID, 7303, "limit `%.*s` takes a number",
                                GW_TEXT_ARG(at->name));
        }
    }
    GW_TRY(gw_op_request(op, GW_REQUEST_LIMITS, err));
    op->request->in.limits = limits;
    op->request->in.limit_count = count;
    return gw_op_send(op, gw_op_done_index, err);
}
