/* PROGRAM: compile, look at the catalog of every home, then one record that switches all at one index. */
#include "engine/control.h"
#include "engine/engine_int.h"
#include "os/clock.h"

enum { DIAGS_JSON_MAX = 256 * 1024 };

/** One deployment under way. Its pools are its own: the lanes know nothing of a program that may be refused. */
struct deploy {
    struct gw_request *request;
    struct gw_arena arena; /* of the program as compiled for the check */
    const struct gw_program *program;
    uint32_t asked, answered;
    bool refused;
    struct gw_json_writer findings;
    struct gw_buf json;
    uint8_t json_bytes[DIAGS_JSON_MAX];
};

static void deploy_free(struct gw_engine *engine, struct deploy *deploy)
{
    gw_arena_done(&deploy->arena);
    engine->heap->put(engine->heap->ctx, deploy, sizeof(*deploy));
    engine->deploying = NULL;
}

static void keep_json(struct deploy *deploy)
{
    struct gw_text text = gw_buf_text(&deploy->json);
    deploy->request->out.json = gw_arena_copy_text(&deploy->request->arena, text);
}

/** All homes have been looked at: refuse, or switch. */
static void finish(struct gw_engine *engine, struct deploy *deploy)
{
    struct gw_request *request = deploy->request;
    struct gw_applied applied;
    struct gw_sha256 hash = gw_sha256(request->in.source);
    const struct gw_record record = {.kind = GW_RECORD_PROGRAM,
                                     .program = {.source = request->in.source,
                                                 .hash = {hash.bytes, sizeof(hash.bytes)},
                                                 .actor = request->in.actor}};
    gw_json_put_array_end(&deploy->findings);
    keep_json(deploy);
    bool refused = deploy->refused;
    deploy_free(engine, deploy);
    if (refused) {
        gw_lane_keep(engine);
        gw_request_answer(request, GW_FAIL_CODE(&request->err, GW_INVALID, 1300,
                                                "the stores do not fit the program"));
        return;
    }
    if (!gw_batch_record(engine, &record, &applied)) {
        gw_lane_keep(engine);
        gw_request_answer(
            request, GW_FAIL_CODE(&request->err, GW_BUSY, 2429, "the journal has no room now"));
        return;
    }
    if (applied.kind == GW_APPLIED_REFUSED) {
        gw_lane_keep(engine);
        gw_request_answer(request, GW_FAIL_CODE(&request->err, GW_INVALID, applied.refused_code,
                                                "%.*s", GW_TEXT_ARG(applied.refused)));
        return;
    }
    const struct gw_program *program = gw_ledger_program(engine->ledger);
    gw_rc rc = gw_lane_open(engine, program, &request->err);
    if (rc < 0) {
        gw_engine_fatal(engine, &request->err);
        gw_request_answer(request, rc);
        return;
    }
    engine->program_at = engine->head.index; /* readers see it when its record is durable */
    request->out.at = applied.at;
    engine->daemons_wake = true;
    gw_batch_answer(engine, request);
}

static void put_finding(struct deploy *deploy, const struct gw_store_finding *finding)
{
    struct gw_json_writer *w = &deploy->findings;
    deploy->refused |= finding->fatal;
    gw_json_put_object(w);
    gw_json_put_name_str(w, "code");
    gw_json_put_u64(w, finding->code);
    gw_json_put_name_str(w, "fatal");
    gw_json_put_bool(w, finding->fatal);
    gw_json_put_name_str(w, "home");
    gw_json_put_text(w, finding->home ? finding->home->name : GW_TEXT_LIT(""));
    gw_json_put_name_str(w, "column");
    gw_json_put_text(w, finding->column);
    gw_json_put_name_str(w, "text");
    gw_json_put_text(w, finding->text);
    gw_json_put_name_str(w, "hint");
    gw_json_put_text(w, finding->hint);
    gw_json_put_object_end(w);
}

void gw_control_answered(struct gw_engine *engine, struct gw_store_request *request)
{
    struct deploy *deploy = engine->deploying;
    GW_ASSERT(deploy != NULL);
    if (request->rc < 0) {
        const struct gw_store_finding finding = {.code = 1301,
                                                 .fatal = true,
                                                 .text = gw_text(request->err.msg),
                                                 .hint = gw_text(request->err.hint)};
        put_finding(deploy, &finding);
    }
    for (uint32_t i = 0; request->rc == GW_OK && i < request->out.findings.count; i++)
        put_finding(deploy, &request->out.findings.items[i]);
    gw_store_request_free(request);
    if (++deploy->answered == deploy->asked)
        finish(engine, deploy);
}

static gw_rc ask_home(struct gw_engine *engine, struct deploy *deploy,
                      const struct gw_program_home *home, struct gw_err *err)
{
    struct gw_store_request *request =
        gw_store_request_new(GW_STORE_CALL_CATALOG, engine->actor, deploy);
    if (request == NULL)
        return GW_FAIL_NOMEM(err);
    request->msg.kind = GW_MSG_CONTROL;
    request->in.home = &home->home;
    gw_rc rc = gw_store_pool_send(engine->lanes[home->home.store].pool, request);
    if (rc < 0) {
        gw_store_request_free(request);
        return GW_FAIL(err, rc, "store of %.*s takes no request", GW_TEXT_ARG(home->home.name));
    }
    deploy->asked++;
    return GW_OK;
}

static void diags_json(struct gw_request *request, const struct gw_diags *diags)
{
    struct gw_buf buf;
    uint8_t *memory = gw_arena_get_raw(&request->arena, DIAGS_JSON_MAX);
    if (memory == NULL)
        return;
    gw_buf_init_fixed(&buf, memory, DIAGS_JSON_MAX);
    gw_diags_json(diags, &buf);
    request->out.json = gw_buf_text(&buf);
}

static gw_rc begin(struct gw_engine *engine, struct deploy *deploy, struct gw_err *err)
{
    struct gw_diags diags = {0};
    struct gw_request *request = deploy->request;
    gw_rc rc =
        gw_lang_compile(GW_TEXT_LIT("program"), gw_bytes_text(request->in.source),
                        &gw_lang_limits_default, &deploy->arena, &diags, &deploy->program, err);
    if (rc < 0) {
        diags_json(request, &diags);
        return rc;
    }
    GW_TRY(gw_lane_open(engine, deploy->program, err));
    for (uint32_t i = 0; i < deploy->program->home_count; i++)
        GW_TRY(ask_home(engine, deploy, deploy->program->homes[i], err));
    return GW_OK;
}

void gw_program_take(struct gw_engine *engine, struct gw_request *request)
{
    enum { ARENA_MAX = 64 << 20 };
    struct deploy *deploy =
        engine->deploying ? NULL : engine->heap->get(engine->heap->ctx, sizeof(*deploy));
    if (deploy == NULL) {
        gw_request_answer(request,
                          GW_FAIL(&request->err, GW_BUSY, "another deployment is under way"));
        return;
    }
    memset(deploy, 0, offsetof(struct deploy, json_bytes));
    deploy->request = request;
    gw_arena_init(&deploy->arena, engine->heap, ARENA_MAX);
    gw_buf_init_fixed(&deploy->json, deploy->json_bytes, sizeof(deploy->json_bytes));
    deploy->findings = gw_json_writer(&deploy->json, 0);
    gw_json_put_array(&deploy->findings);
    engine->deploying = deploy;
    gw_rc rc = begin(engine, deploy, &request->err);
    if (rc == GW_OK && deploy->asked == 0)
        finish(engine, deploy);
    else if (rc < 0 && deploy->asked == 0) {
        deploy_free(engine, deploy);
        gw_lane_keep(engine);
        gw_request_answer(request, rc);
    } else if (rc < 0) {
        deploy->refused = true; /* the answers that are under way end it */
    }
}
