/** One function after the other: walk, hold against the limits, keep the figures. */
#include "lang/cost_int.h"

static void mark_assigned(struct gw_coster *c, const struct gw_expr *target)
{
    if (target && target->kind == GW_EXPR_INDEX && target->object->kind == GW_EXPR_NAME &&
        target->object->ref.kind == GW_REF_LOCAL)
        target = target->object;
    if (target && target->kind == GW_EXPR_NAME && target->ref.kind == GW_REF_LOCAL)
        c->is_assigned[target->ref.local->slot] = true;
}

/** Locals that change after their binding. NOLINTNEXTLINE(misc-no-recursion): blocks nest boundedly */
static void find_assigned(struct gw_coster *c, const struct gw_block *block)
{
    for (uint32_t i = 0; i < block->count; i++) {
        const struct gw_stmt *stmt = block->items[i];
        if (stmt->kind == GW_STMT_ASSIGN)
            mark_assigned(c, stmt->target);
        if (stmt->kind == GW_STMT_CALL && stmt->local && !stmt->is_define)
            c->is_assigned[stmt->local->slot] = true;
        if (stmt->kind == GW_STMT_EXPR && stmt->value->kind == GW_EXPR_METHOD)
            mark_assigned(c, stmt->value->object);
        find_assigned(c, &stmt->body);
        find_assigned(c, &stmt->other_body);
        for (uint32_t k = 0; k < stmt->arm_count; k++)
            find_assigned(c, &stmt->arms[k].body);
    }
}

static const struct gw_block *body_of(const struct gw_build_fn *slot)
{
    if (slot->decl)
        return &slot->decl->as.function.body;
    if (slot->rule)
        return &slot->rule->as.entity.onboard.body;
    if (slot->migrate) {
        return slot->is_inverse ? &slot->migrate->as.migrate.inverse
                                : &slot->migrate->as.migrate.forward;
    }
    return NULL;
}

static struct gw_local *const *locals_of(const struct gw_build_fn *slot, uint32_t *ret_count)
{
    *ret_count = 0;
    if (slot->decl) {
        *ret_count = slot->decl->as.function.local_count;
        return slot->decl->as.function.locals;
    }
    if (slot->rule) {
        *ret_count = slot->rule->as.entity.onboard.local_count;
        return slot->rule->as.entity.onboard.locals;
    }
    if (slot->migrate) {
        const struct gw_ast_migrate *migrate = &slot->migrate->as.migrate;
        *ret_count = slot->is_inverse ? migrate->inverse_local_count : migrate->forward_local_count;
        return slot->is_inverse ? migrate->inverse_locals : migrate->forward_locals;
    }
    return NULL;
}

static struct gw_span place_of(const struct gw_build_fn *slot)
{
    const struct gw_decl *decl = slot->decl ? slot->decl : slot->rule ? slot->rule : slot->migrate;
    return decl ? decl->name.span : slot->where->span;
}

static const char *kind_text(const struct gw_fn *fn)
{
    static const char *const texts[] = {
        [GW_FN_PURE] = "fn",         [GW_FN_TXN] = "txn",         [GW_FN_VIEW] = "view",
        [GW_FN_DAEMON] = "daemon",   [GW_FN_ONBOARD] = "onboard", [GW_FN_WHERE] = "where",
        [GW_FN_MIGRATE] = "migrate",
    };
    return texts[fn->kind];
}

static int64_t args_result_bytes(const struct gw_fn *fn)
{
    int64_t bytes = 9, result = fn->result ? fn->result->bytes_max : 0;
    for (uint32_t i = 0; i < fn->param_count; i++)
        bytes = gw_cost_add(bytes, fn->params[i].type->bytes_max);
    for (uint32_t i = 0; i < fn->fail_count; i++)
        result = GW_MAX(result, (int64_t)fn->fails[i]->bytes_max);
    return gw_cost_add(bytes, result);
}

/** "touch 2×63 + patch 2×203 + rest 21" */
static struct gw_text path_of_cost(struct gw_coster *c, int64_t units)
{
    static const char *const names[GW_PART_COUNT] = {
        [GW_PART_TOUCH] = "touch",   [GW_PART_PATCH] = "patch", [GW_PART_CREATE] = "create",
        [GW_PART_DELETE] = "delete", [GW_PART_TABLE] = "table", [GW_PART_CALL] = "call",
    };
    uint8_t memory[512];
    struct gw_buf buf;
    gw_buf_init_fixed(&buf, memory, sizeof(memory));
    int64_t rest = units;
    for (unsigned i = 0; i < GW_PART_COUNT; i++) {
        int64_t count = c->part_counts[i], part = c->parts[i];
        if (part == 0)
            continue;
        rest -= part;
        if (count > 1 && part % count == 0) {
            gw_buf_printf(&buf, "%s %lld×%lld + ", names[i], (long long)count,
                          (long long)(part / count));
        } else {
            gw_buf_printf(&buf, "%s %lld + ", names[i], (long long)part);
        }
    }
    /* arms that are not taken, and other slices, are in the parts but not in the bound */
    if (rest >= 0) {
        gw_buf_printf(&buf, "rest %lld", (long long)rest);
    } else {
        gw_buf_printf(&buf, "rest; %s %lld",
                      c->fn->fn->kind == GW_FN_DAEMON ? "the longest slice is"
                                                      : "the dearest way is",
                      (long long)units);
    }
    struct gw_text text = gw_arena_copy_text(c->build->arena, gw_buf_text(&buf));
    if (!text.data)
        c->no_memory = true;
    return text;
}

struct bound {
    int64_t units, reads, writes; /* limits */
};

static struct bound limits_of(const struct gw_build *build, const struct gw_fn *fn)
{
    const struct gw_lang_limits *limits = build->limits;
    switch (fn->kind) {
    case GW_FN_TXN:
        return (struct bound){limits->txn_units, limits->txn_keys_read, limits->txn_keys_written};
    case GW_FN_VIEW:
        return (struct bound){limits->view_units, limits->view_keys, 0};
    case GW_FN_DAEMON:
        return (struct bound){GW_MIN(fn->slice_units, limits->slice_units), INT32_MAX, INT32_MAX};
    default:
        return (struct bound){limits->fn_units, INT32_MAX, INT32_MAX};
    }
}

/** The largest number of turns of the costliest loop with which every limit holds; 0: none. */
static int64_t turns_that_fit(const struct gw_coster *c, int64_t units, struct bound limit)
{
    const struct gw_cost_loop *loop = &c->loop;
    if (!loop->stmt || loop->turns == 0)
        return 0;
    int64_t outer = GW_MAX(loop->total / GW_MAX(loop->turns * (GW_COST_TURN + loop->body), 1), 1);
    int64_t each = outer * (GW_COST_TURN + loop->body);
    int64_t fits = (limit.units - (units - loop->turns * each)) / GW_MAX(each, 1);
    bool is_rows = loop->stmt->kind == GW_STMT_FOR_PREFIX; /* each turn reads a row of its own */
    int64_t reads = outer * (loop->reads + is_rows), writes = outer * loop->writes;
    if (reads)
        fits = GW_MIN(fits, (limit.reads - (c->reads - loop->turns * reads)) / reads);
    if (writes)
        fits = GW_MIN(fits, (limit.writes - (c->writes - loop->turns * writes)) / writes);
    return GW_MAX(fits, 0);
}

static void hint_turns(struct gw_coster *c, struct gw_diag *diag, int64_t units, struct bound limit)
{
    int64_t fits = turns_that_fit(c, units, limit);
    const char *word = c->loop.stmt && c->loop.stmt->kind == GW_STMT_FOR_PREFIX ? "limit " : "";
    if (fits > 0) {
        gw_diags_hint(c->build->diags, diag,
                      "`%s%lld` fits, or make it a daemon that calls a txn per page", word,
                      (long long)fits);
    } else {
        gw_diags_hint(c->build->diags, diag,
                      "split it, or make it a daemon that calls a txn "
                      "per step");
    }
}

/** Digits in groups of three: "204,800". */
static const char *grouped(int64_t value, char *ret)
{
    char digits[24];
    uint32_t count = 0, at = 0;
    do {
        digits[count++] = (char)('0' + value % 10);
    } while ((value /= 10) > 0);
    while (count > 0) {
        ret[at++] = digits[--count];
        if (count && count % 3 == 0)
            ret[at++] = ',';
    }
    ret[at] = '\0';
    return ret;
}

static void refuse(struct gw_coster *c, gw_code code, const char *what, int64_t have, int64_t most,
                   int64_t units, struct bound limit)
{
    char one[40], two[40];
    const struct gw_fn *fn = c->fn->fn;
    const char *unit = code == 1101 ? " u" : "";
    struct gw_span span = c->loop.stmt ? c->loop.stmt->keyword : place_of(c->fn);
    struct gw_diag *diag = gw_diags_add(
        c->build->diags, code, span, "%s `%.*s` may %s %s%s, the limit is %s%s", kind_text(fn),
        GW_TEXT_ARG(fn->name), what, grouped(have, one), unit, grouped(most, two), unit);
    if (c->loop.stmt) {
        gw_diags_note(c->build->diags, diag, "%lld × (%d + %lld)", (long long)c->loop.turns,
                      (int)GW_COST_TURN, (long long)c->loop.body);
    } else {
        gw_diags_note(c->build->diags, diag, "%.*s", GW_TEXT_ARG(fn->cost.path));
    }
    hint_turns(c, diag, units, limit);
}

/** Locals of a daemon that may live over a wait. Pages are kept apart and have their own limit. */
static void check_locals(struct gw_coster *c)
{
    uint32_t count;
    int64_t bytes = 9;
    struct gw_local *const *locals = locals_of(c->fn, &count);
    for (uint32_t i = 0; i < count; i++) {
        if (locals[i]->is.shape == GW_SHAPE_VALUE)
            bytes = gw_cost_add(bytes, locals[i]->is.type->bytes_max);
    }
    if (bytes <= (int64_t)c->build->limits->locals_bytes)
        return;
    struct gw_diag *diag = gw_diags_add(
        c->build->diags, 1105, place_of(c->fn),
        "locals of daemon `%.*s` may take %lld bytes, the limit is %u",
        GW_TEXT_ARG(c->fn->fn->name), (long long)bytes, c->build->limits->locals_bytes);
    gw_diags_hint(c->build->diags, diag, "keep long values in a table or an entity");
}

static void hold_against_limits(struct gw_coster *c, int64_t units)
{
    struct gw_fn *fn = c->fn->fn;
    struct bound limit = limits_of(c->build, fn);
    if (units > limit.units) {
        refuse(c, 1101, "cost", units, limit.units, units, limit);
    } else if (c->reads > limit.reads) {
        refuse(c, 1102, "read keys:", c->reads, limit.reads, units, limit);
    } else if (c->writes > limit.writes) {
        refuse(c, 1103, "write keys:", c->writes, limit.writes, units, limit);
    }
    bool is_call = fn->kind == GW_FN_TXN || fn->kind == GW_FN_VIEW || fn->kind == GW_FN_DAEMON;
    if (is_call && args_result_bytes(fn) > (int64_t)c->build->limits->args_result_bytes) {
        gw_diags_add(c->build->diags, 1104, place_of(c->fn),
                     "arguments and result of `%.*s` may take %lld bytes, the limit is %u",
                     GW_TEXT_ARG(fn->name), (long long)args_result_bytes(fn),
                     c->build->limits->args_result_bytes);
    }
    if (fn->kind == GW_FN_DAEMON)
        check_locals(c);
}

static bool begin(struct gw_coster *c)
{
    uint32_t count;
    struct gw_local *const *locals = locals_of(c->fn, &count);
    c->slots = count;
    c->times = 1;
    c->depth = GW_NEW_ARRAY(c->build->arena, uint8_t, count + 1);
    c->is_assigned = GW_NEW_ARRAY(c->build->arena, bool, count + 1);
    c->is_patched = GW_NEW_ARRAY(c->build->arena, bool, count + 1);
    c->keys = GW_NEW_ARRAY(c->build->arena, struct gw_key_use, GW_COST_KEYS_MAX);
    int64_t again = 0;
    for (uint32_t i = 0; i < count && c->fn->fn->kind == GW_FN_DAEMON; i++) {
        if (locals[i]->is.shape == GW_SHAPE_ROW_REF || locals[i]->is.shape == GW_SHAPE_OPT_ROW_REF)
            again += gw_cost_touch(&gw_build_entity(c->build, locals[i]->is.decl)->entity) + 3;
    }
    c->fn->resume_units = (uint32_t)GW_MIN(again, (int64_t)UINT32_MAX);
    return c->depth && c->is_assigned && c->is_patched && c->keys;
}

static void keep(struct gw_coster *c, int64_t units)
{
    struct gw_cost *cost = &c->fn->fn->cost;
    *cost = (struct gw_cost){
        .units = (uint32_t)GW_MIN(units, (int64_t)UINT32_MAX),
        .keys_read = (uint32_t)GW_MIN(c->reads, (int64_t)UINT32_MAX),
        .keys_written = (uint32_t)GW_MIN(c->writes, (int64_t)UINT32_MAX),
        .args_result_bytes = (uint32_t)GW_MIN(args_result_bytes(c->fn->fn), (int64_t)UINT32_MAX),
        .indexes = c->indexes,
        .counters = c->counters,
        .stores = c->stores,
        .path = path_of_cost(c, units),
    };
    c->fn->fn->keys = c->keys;
    c->fn->fn->key_count = c->key_count;
    c->fn->fn->uses_collections = c->uses_collections;
}

/** Callees are costed when a call is met: their bounds are part of ours. NOLINTNEXTLINE(misc-no-recursion): no cycle */
gw_rc gw_cost_fn(struct gw_build *build, struct gw_build_fn *slot, struct gw_err *err)
{
    if (slot->visit)
        return GW_OK; /* open: a cycle, which the checker has refused */
    slot->visit = 1;
    struct gw_coster *c = GW_NEW(build->arena, struct gw_coster);
    if (!c)
        return GW_FAIL_NOMEM(err);
    c->build = build;
    c->fn = slot;
    if (!begin(c))
        return GW_FAIL_NOMEM(err);
    const struct gw_block *body = body_of(slot);
    struct gw_cost_span span = {0};
    if (body) {
        find_assigned(c, body);
        span = gw_cost_block(c, body);
    } else {
        span.through = gw_cost_expr(c, slot->where);
    }
    int64_t units = GW_MAX(GW_MAX(span.through, span.pre), GW_MAX(span.inside, span.post));
    keep(c, units);
    if (c->no_memory)
        return GW_FAIL_NOMEM(err);
    hold_against_limits(c, units);
    slot->visit = 2;
    return GW_OK;
}

/** Rules and migrations first: a first touch may run them. */
gw_rc gw_cost_all(struct gw_build *build, struct gw_err *err)
{
    for (uint32_t i = build->program->fn_count; i < build->fn_count; i++)
        GW_TRY(gw_cost_fn(build, &build->fns[i], err));
    for (uint32_t i = 0; i < build->program->fn_count; i++)
        GW_TRY(gw_cost_fn(build, &build->fns[i], err));
    for (uint32_t i = 0; i < build->fn_count; i++)
        build->fns[i].visit = 0;
    return GW_OK;
}

gw_rc gw_cost_direct_keys(struct gw_build *build, struct gw_err *err)
{
    for (uint32_t i = 0; i < build->program->fn_count; i++) {
        if (build->fns[i].fn->kind == GW_FN_TXN || build->fns[i].fn->kind == GW_FN_VIEW)
            GW_TRY(gw_lower_direct_keys(build, &build->fns[i], err));
    }
    return GW_OK;
}
