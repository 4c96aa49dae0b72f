/* POST /v1/warm: one engine request for each key, or each argument list, one after the other; sums at the end. */
#include "api/http_int.h"

enum { WARM_MAX = 4096 };

struct warm {
    const struct gw_json *at; /* the item to be sent */
    const struct gw_program_entity *entity;
    uint64_t resident, fetched, failed;
};

static void finish(struct gw_op *op, struct warm *warm)
{
    struct gw_buf buf;
    struct gw_json_writer w = gw_op_writer(op, &buf);
    gw_json_put_name_str(&w, "resident");
    gw_json_put_u64(&w, warm->resident);
    gw_json_put_name_str(&w, "fetched");
    gw_json_put_u64(&w, warm->fetched);
    gw_json_put_name_str(&w, "failed");
    gw_json_put_u64(&w, warm->failed);
    gw_op_reply(op, 200, &w);
}

static gw_rc send_next(struct gw_op *op, struct gw_err *err);

static void item_done(struct gw_op *op)
{
    struct warm *warm = op->http->user;
    struct gw_err err;
    warm->resident += op->request->out.resident;
    warm->fetched += op->request->out.fetched;
    warm->failed += op->request->out.failed;
    warm->at = warm->at->next;
    if (warm->at == NULL) {
        finish(op, warm);
    } else if (send_next(op, &err) < 0) {
        gw_op_problem(op, 0, &err, (struct gw_text){0});
    }
}

static gw_rc send_next(struct gw_op *op, struct gw_err *err)
{
    struct warm *warm = op->http->user;
    GW_TRY(gw_op_request(op, GW_REQUEST_WARM, err));
    if (warm->entity) {
        op->request->in.entity = warm->entity->entity.name;
        GW_TRY(gw_key_from_json(&warm->entity->entity, warm->at, op->http->arena,
                                &op->request->in.key, err));
    } else {
        op->request->in.fn = op->fn->name;
        GW_TRY(gw_args_from_json(op->fn, warm->at, op->http->arena, &op->request->in.args, err));
    }
    return gw_op_send(op, item_done, err);
}

gw_rc gw_http_warm(struct gw_op *op, struct gw_err *err)
{
    static const char *const names[] = {"entity", "keys", "fn", "args", NULL};
    struct warm *warm = GW_NEW(op->http->arena, struct warm);
    const struct gw_json *list;
    if (warm == NULL)
        return GW_FAIL_NOMEM(err);
    GW_TRY(gw_op_members(op, names, err));
    struct gw_text entity = gw_op_member_text(op, "entity");
    if (entity.data) {
        GW_TRY(gw_op_entity(op, entity, &warm->entity, err));
        list = gw_json_member(op->body.root, "keys");
    } else {
        GW_TRY(gw_op_fn(op, gw_op_member_text(op, "fn"), err));
        list = gw_json_member(op->body.root, "args");
    }
    if (list == NULL || list->kind != GW_JSON_ARRAY || list->count > WARM_MAX) {
        return GW_FAIL_CODE(err, GW_INVALID, 7303,
                            "{\"entity\":…,\"keys\":[…]} or {\"fn\":…,\"args\":[{…}]}, at most %d",
                            WARM_MAX);
    }
    op->http->user = warm;
    warm->at = list->first;
    if (warm->at == NULL) {
        finish(op, warm);
        return GW_OK;
    }
    return send_next(op, err);
}
