/* Programs: check a text, plan its deployment, deploy what was planned. */
#include "api/http_int.h"

#include "lang/compile.h"

enum { PLANS_MAX = 8, COMPILE_BYTES_MAX = 256 << 20, DIAGS_BYTES_MAX = 1 << 20 };

/** A text that was planned, and over what: it is deployed only while that is still in force. */
struct gw_plan {
    struct gw_plan *next; /* newest first */
    struct gw_arena arena;
    struct gw_sha256 id;
    struct gw_text text;
};

static void plan_free(struct gw_server *server, struct gw_plan *plan)
{
    gw_arena_done(&plan->arena);
    server->heap->put(server->heap->ctx, plan, sizeof(*plan));
}

void gw_plans_free(struct gw_server *server)
{
    while (server->plans) {
        struct gw_plan *plan = server->plans;
        server->plans = plan->next;
        plan_free(server, plan);
    }
}

/** Of the text and of the program it would follow. */
static struct gw_sha256 plan_id(const struct gw_server *server, struct gw_text text)
{
    const struct gw_program *now = gw_engine_program(server->engine);
    struct gw_sha256_state state;
    gw_sha256_init(&state);
    if (now)
        gw_sha256_add(&state, (struct gw_bytes){now->hash.bytes, sizeof(now->hash.bytes)});
    gw_sha256_add(&state, gw_text_bytes(text));
    return gw_sha256_end(&state);
}

static gw_rc keep_plan(struct gw_server *server, struct gw_sha256 id, struct gw_text text,
                       struct gw_err *err)
{
    struct gw_plan *plan = server->heap->get(server->heap->ctx, sizeof(*plan));
    uint32_t kept = 0;
    if (plan == NULL)
        return GW_FAIL_NOMEM(err);
    *plan = (struct gw_plan){.id = id};
    gw_arena_init(&plan->arena, server->heap, 8 << 20);
    plan->text = gw_arena_copy_text(&plan->arena, text);
    if (plan->text.data == NULL) {
        plan_free(server, plan);
        return GW_FAIL_NOMEM(err);
    }
    plan->next = server->plans;
    server->plans = plan;
    for (struct gw_plan **at = &server->plans; *at;) {
        struct gw_plan *old = *at;
        if (++kept <= PLANS_MAX) {
            at = &old->next;
            continue;
        }
        *at = old->next;
        plan_free(server, old);
    }
    return GW_OK;
}

/* ---- check ---- */

static const char *kind_text(enum gw_fn_kind kind)
{
    static const char *const names[] = {"fn",      "txn",   "view",   "daemon",
                                        "onboard", "where", "migrate"};
    return names[kind];
}

static void put_function(const struct gw_fn *fn, struct gw_json_writer *w)
{
    gw_json_put_object(w);
    gw_json_put_name_str(w, "name");
    gw_json_put_text(w, fn->name);
    gw_json_put_name_str(w, "kind");
    gw_json_put_str(w, kind_text(fn->kind));
    gw_json_put_name_str(w, "units");
    gw_json_put_u64(w, fn->cost.units);
    gw_json_put_name_str(w, "keys_read");
    gw_json_put_u64(w, fn->cost.keys_read);
    gw_json_put_name_str(w, "keys_written");
    gw_json_put_u64(w, fn->cost.keys_written);
    gw_json_put_name_str(w, "path");
    gw_json_put_text(w, fn->cost.path);
    gw_json_put_object_end(w);
}

/** "ok", "functions", "diags" of a text. @return false: it is refused */
static bool put_check(struct gw_op *op, struct gw_text text, struct gw_json_writer *w)
{
    struct gw_arena arena;
    struct gw_diags diags;
    struct gw_buf json;
    const struct gw_program *program = NULL;
    gw_arena_init(&arena, op->server->heap, COMPILE_BYTES_MAX);
    gw_diags_init(&diags, &arena);
    gw_buf_init(&json, op->server->heap, DIAGS_BYTES_MAX);
    bool ok = gw_lang_compile(GW_TEXT_LIT("program"), text, &gw_lang_limits_default, &arena, &diags,
                              &program, NULL) == GW_OK;
    gw_diags_json(&diags, &json);
    gw_json_put_name_str(w, "ok");
    gw_json_put_bool(w, ok);
    gw_json_put_name_str(w, "functions");
    gw_json_put_array(w);
    for (uint32_t i = 0; ok && i < program->fn_count; i++)
        put_function(program->fns[i], w);
    gw_json_put_array_end(w);
    gw_json_put_name_str(w, "diags");
    gw_json_put_raw(w, json.failed || json.len == 0 ? GW_TEXT_LIT("[]") : gw_buf_text(&json));
    gw_buf_done(&json);
    gw_arena_done(&arena);
    return ok;
}

static gw_rc body_text(struct gw_op *op, struct gw_text *ret, struct gw_err *err)
{
    static const char *const names[] = {"text", NULL};
    GW_TRY(gw_op_members(op, names, err));
    *ret = gw_op_member_text(op, "text");
    return ret->data ? GW_OK : GW_FAIL_CODE(err, GW_INVALID, 7303, "`text` holds the program");
}

gw_rc gw_http_check(struct gw_op *op, struct gw_err *err)
{
    struct gw_text text;
    struct gw_buf buf;
    GW_TRY(body_text(op, &text, err));
    struct gw_json_writer w = gw_op_writer(op, &buf);
    (void)put_check(op, text, &w);
    gw_op_reply(op, 200, &w);
    return GW_OK;
}

/* ---- plan, deploy ---- */

gw_rc gw_http_plan(struct gw_op *op, struct gw_err *err)
{
    struct gw_text text;
    struct gw_buf buf;
    char hex[2 * sizeof(struct gw_sha256) + 1];
    GW_TRY(body_text(op, &text, err));
    struct gw_sha256 id = plan_id(op->server, text);
    struct gw_json_writer w = gw_op_writer(op, &buf);
    bool ok = put_check(op, text, &w);
    gw_rc rc = ok ? keep_plan(op->server, id, text, err) : GW_OK;
    if (rc < 0) {
        gw_buf_done(&buf);
        return rc;
    }
    gw_hex((struct gw_bytes){id.bytes, sizeof(id.bytes)}, hex);
    gw_json_put_name_str(&w, "plan");
    if (ok) {
        gw_json_put_str(&w, hex);
    } else {
        gw_json_put_null(&w);
    }
    gw_op_reply(op, ok ? 200 : 400, &w);
    return GW_OK;
}

static void deployed(struct gw_op *op)
{
    struct gw_buf buf;
    char hex[2 * sizeof(struct gw_sha256) + 1];
    struct gw_sha256 hash = gw_sha256(op->request->in.source);
    struct gw_json_writer w = gw_op_writer(op, &buf);
    gw_hex((struct gw_bytes){hash.bytes, sizeof(hash.bytes)}, hex);
    gw_json_put_name_str(&w, "program");
    gw_json_put_str(&w, hex);
    gw_json_put_name_str(&w, "catalog");
    gw_json_put_raw(&w, op->request->out.json.len ? op->request->out.json : GW_TEXT_LIT("[]"));
    gw_op_reply(op, 200, &w);
}

static void refused(struct gw_op *op)
{
    struct gw_text extra = {0};
    if (op->request->out.json.len) {
        extra = gw_arena_printf(op->http->arena, ",\"findings\":%.*s",
                                GW_TEXT_ARG(op->request->out.json));
    }
    gw_op_problem(op, 0, &op->request->err, extra.data ? extra : (struct gw_text){0});
}

gw_rc gw_http_deploy(struct gw_op *op, struct gw_err *err)
{
    static const char *const names[] = {"plan", NULL};
    struct gw_sha256 id;
    GW_TRY(gw_op_members(op, names, err));
    if (!gw_unhex(gw_op_member_text(op, "plan"), id.bytes, sizeof(id.bytes)))
        return GW_FAIL_CODE(err, GW_INVALID, 7303, "`plan` is what /v1/engine/plan answered");
    struct gw_plan *plan = op->server->plans;
    while (plan && !gw_sha256_equal(plan->id, id))
        plan = plan->next;
    if (plan == NULL || !gw_sha256_equal(plan_id(op->server, plan->text), id)) {
        return GW_FAIL_CODE(err, GW_CONFLICT, 7309,
                            "this plan is unknown, or another program came into force since");
    }
    struct gw_text text = gw_arena_copy_text(op->http->arena, plan->text);
    if (text.data == NULL)
        return GW_FAIL_NOMEM(err);
    GW_TRY(gw_op_request(op, GW_REQUEST_PROGRAM, err));
    op->request->in.source = gw_text_bytes(text);
    op->failed = refused;
    return gw_op_send(op, deployed, err);
}

gw_rc gw_http_program(struct gw_op *op, struct gw_err *err)
{
    const struct gw_program *program = gw_engine_program(op->server->engine);
    struct gw_buf buf;
    char hex[2 * sizeof(struct gw_sha256) + 1];
    if (program == NULL)
        return GW_FAIL_CODE(err, GW_NOTFOUND, 2209, "no program is in force");
    struct gw_json_writer w = gw_op_writer(op, &buf);
    gw_hex((struct gw_bytes){program->hash.bytes, sizeof(program->hash.bytes)}, hex);
    gw_json_put_name_str(&w, "name");
    gw_json_put_text(&w, program->name);
    gw_json_put_name_str(&w, "version");
    gw_json_put_u64(&w, program->version);
    gw_json_put_name_str(&w, "hash");
    gw_json_put_str(&w, hex);
    gw_json_put_name_str(&w, "text");
    gw_json_put_text(&w, gw_bytes_text(program->source));
    gw_op_reply(op, 200, &w);
    return GW_OK;
}
