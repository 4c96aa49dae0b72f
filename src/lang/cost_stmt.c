/** Bounds of statements and functions, the limits, and refusals that show the path of cost. */
#include "lang/cost_int.h"

static struct gw_cost_span flat(int64_t units)
{
    return (struct gw_cost_span){units, GW_COST_NEVER, GW_COST_NEVER, GW_COST_NEVER};
}

/** A sum in which a way that does not exist stays so. */
static int64_t along(int64_t a, int64_t b)
{
    return a < 0 || b < 0 ? GW_COST_NEVER : gw_cost_add(a, b);
}

static struct gw_cost_span then(struct gw_cost_span a, struct gw_cost_span b)
{
    return (struct gw_cost_span){
        .through = along(a.through, b.through),
        .pre = GW_MAX(a.pre, along(a.through, b.pre)),
        .inside = GW_MAX(GW_MAX(a.inside, b.inside), along(a.post, b.pre)),
        .post = GW_MAX(b.post, along(a.post, b.through)),
    };
}

static struct gw_cost_span either(struct gw_cost_span a, struct gw_cost_span b)
{
    return (struct gw_cost_span){GW_MAX(a.through, b.through), GW_MAX(a.pre, b.pre),
                                 GW_MAX(a.inside, b.inside), GW_MAX(a.post, b.post)};
}

/** `count` turns, one after the other. */
static struct gw_cost_span repeat(struct gw_cost_span body, int64_t count)
{
    int64_t most = body.through < 0 ? 0 : gw_cost_times(count - 1, body.through);
    if (count == 0)
        return flat(0);
    return (struct gw_cost_span){
        .through = body.through < 0 ? GW_COST_NEVER : gw_cost_times(count, body.through),
        .pre = along(body.pre, most),
        .inside = GW_MAX(body.inside, along(along(body.post, body.pre), most)),
        .post = along(body.post, most),
    };
}

/** A wait: what comes before ends a slice, what follows begins one. */
static struct gw_cost_span wait_span(void)
{
    return (struct gw_cost_span){GW_COST_NEVER, 0, GW_COST_NEVER, 0};
}

/** What is known at a point of the program; restored where ways part, cut down where they meet. */
struct known {
    bool keys[GW_COST_KEYS_MAX];
    uint32_t count;
    bool *patched;
};

static void save_known(struct gw_coster *c, struct known *ret)
{
    ret->count = c->known_count;
    for (uint32_t i = 0; i < c->known_count; i++)
        ret->keys[i] = c->known[i].is_known;
    ret->patched = GW_NEW_ARRAY(c->build->arena, bool, c->slots + 1);
    if (!ret->patched) {
        c->no_memory = true;
        ret->patched = c->is_patched;
        return;
    }
    memcpy(ret->patched, c->is_patched, c->slots * sizeof(bool));
}

static void restore_known(struct gw_coster *c, const struct known *from)
{
    for (uint32_t i = 0; i < c->known_count; i++)
        c->known[i].is_known = i < from->count && from->keys[i];
    memmove(c->is_patched, from->patched, c->slots * sizeof(bool));
}

static void meet_known(struct gw_coster *c, const struct known *other)
{
    for (uint32_t i = 0; i < c->known_count; i++)
        c->known[i].is_known = c->known[i].is_known && i < other->count && other->keys[i];
    for (uint32_t i = 0; i < c->slots; i++)
        c->is_patched[i] = c->is_patched[i] && other->patched[i];
}

static struct gw_cost_span if_cost(struct gw_coster *c, const struct gw_stmt *stmt)
{
    struct known before, after;
    int64_t condition = gw_cost_expr(c, stmt->value);
    save_known(c, &before);
    struct gw_cost_span body = gw_cost_block(c, &stmt->body), other = flat(0);
    save_known(c, &after);
    restore_known(c, &before);
    if (stmt->has_other_body)
        other = gw_cost_block(c, &stmt->other_body);
    meet_known(c, &after);
    return then(flat(condition), either(body, other));
}

static struct gw_cost_span match_cost(struct gw_coster *c, const struct gw_stmt *stmt)
{
    struct gw_cost_span arms = flat(0);
    struct known before, after;
    int64_t tests = gw_cost_expr(c, stmt->value);
    if (stmt->is_call) {
        tests = 0;
        for (uint32_t i = 0; i < stmt->value->item_count; i++)
            tests = gw_cost_add(tests, gw_cost_expr(c, stmt->value->items[i]) + 1);
    }
    int64_t each = stmt->value->is.type ? gw_cost_compare(stmt->value->is.type) : GW_COST_OP;
    int64_t all = gw_cost_times(stmt->arm_count, each + 2 * GW_COST_OP);
    uint8_t depth = stmt->is_call ? 0 : gw_cost_depth(c, stmt->value);
    save_known(c, &before);
    after = before;
    for (uint32_t i = 0; i < stmt->arm_count; i++) {
        if (i)
            restore_known(c, &before);
        if (stmt->arms[i].local)
            gw_cost_set_depth(c, stmt->arms[i].local, depth);
        struct gw_cost_span arm = gw_cost_block(c, &stmt->arms[i].body);
        arms = i ? either(arms, arm) : arm;
        if (i)
            meet_known(c, &after);
        save_known(c, &after);
    }
    struct gw_cost_span result = then(flat(gw_cost_add(all, stmt->is_call ? 4 : 0)), arms);
    if (stmt->is_call)
        result = then(wait_span(), result);
    return then(flat(tests), result);
}

static void note_loop(struct gw_coster *c, const struct gw_stmt *stmt, int64_t turns, int64_t body,
                      int64_t reads, int64_t writes)
{
    int64_t total = c->times; /* already with our turns */
    total = gw_cost_times(total, GW_COST_TURN + body);
    if (c->is_quiet || total < c->loop.total)
        return;
    c->loop = (struct gw_cost_loop){stmt, turns, body, total, reads, writes};
}

/** Values may have changed over a wait, rows too: nothing is known behind it. */
static void forget(struct gw_coster *c)
{
    for (uint32_t i = 0; i < c->known_count; i++)
        c->known[i].is_known = false;
    memset(c->is_patched, 0, c->slots * sizeof(bool));
}

/** Two units find out whether a turn is the one that yields. */
enum { YIELD_TEST = 2 };

/** A loop that would pass half a slice yields in between, so that its parts fit beside what else the slice does. */
static struct gw_cost_span yielding(struct gw_coster *c, const struct gw_stmt *stmt,
                                    struct gw_cost_span body, int64_t turns)
{
    int64_t room = c->fn->fn->slice_units / 2, each = body.through + YIELD_TEST;
    struct gw_cost_span part;
    if (gw_cost_times(turns, body.through) <= room || c->fn->yield_count == GW_BUILD_YIELDS_MAX)
        return repeat(body, turns);
    int64_t some = GW_MAX(room / GW_MAX(each, 1), 1);
    if (!c->is_quiet) {
        if (!c->fn->yields) {
            c->fn->yields =
                GW_NEW_ARRAY(c->build->arena, struct gw_build_yield, GW_BUILD_YIELDS_MAX);
        }
        if (c->fn->yields) {
            c->fn->yields[c->fn->yield_count++] =
                (struct gw_build_yield){stmt, (uint32_t)GW_MIN(some, (int64_t)UINT32_MAX)};
        } else {
            c->no_memory = true;
        }
    }
    body.through = each;
    part = repeat(body, some);
    forget(c);
    struct gw_cost_span rest = then(part, then(wait_span(), flat(c->fn->resume_units)));
    rest.inside = GW_MAX(rest.inside, along(rest.post, part.through));
    rest.post = along(rest.post, part.through);
    return rest;
}

/**
 * `turns` times the body. Depths of locals may rise from turn to turn, so the body is walked quietly until they
 * stay: each further walk is paid by a local that went up, of at most GW_KEY_DEPTH_MAX + 1 steps.
 */
static struct gw_cost_span loop_cost(struct gw_coster *c, const struct gw_stmt *stmt, int64_t turns,
                                     uint8_t depth)
{
    struct known before;
    bool was_quiet = c->is_quiet, changed_before = c->depth_changed;
    save_known(c, &before);
    if (stmt->local)
        gw_cost_set_depth(c, stmt->local, depth);
    c->is_quiet = true;
    do {
        c->depth_changed = false;
        (void)gw_cost_block(c, &stmt->body);
        restore_known(c, &before);
        changed_before = changed_before || c->depth_changed;
    } while (c->depth_changed);
    c->is_quiet = was_quiet;
    c->depth_changed = changed_before;
    int64_t times = c->times, reads = c->reads, writes = c->writes;
    c->times = gw_cost_times(times, GW_MAX(turns, 1));
    struct gw_cost_span body = gw_cost_block(c, &stmt->body);
    int64_t each = GW_MAX(c->times, 1);
    note_loop(c, stmt, turns, GW_MAX(body.through, 0), (c->reads - reads) / each,
              (c->writes - writes) / each);
    c->times = times;
    restore_known(c, &before);
    body = then(flat(GW_COST_TURN), body);
    if (c->fn->fn->kind == GW_FN_DAEMON && body.through >= 0)
        return then(flat(GW_COST_LOOP), yielding(c, stmt, body, turns));
    return then(flat(GW_COST_LOOP), repeat(body, turns));
}

static struct gw_cost_span for_list_cost(struct gw_coster *c, const struct gw_stmt *stmt)
{
    bool is_page = stmt->value->is.shape == GW_SHAPE_PAGE;
    int64_t turns = is_page ? c->fn->page_rows : stmt->value->is.type->max;
    int64_t value = gw_cost_expr(c, stmt->value);
    uint8_t depth = gw_cost_depth(c, stmt->value);
    return then(flat(value), loop_cost(c, stmt, turns, depth));
}

static struct gw_cost_span for_prefix_cost(struct gw_coster *c, const struct gw_stmt *stmt)
{
    int64_t values = 0;
    uint8_t depth = 0;
    for (uint32_t i = 0; i < stmt->value->item_count; i++) {
        values = gw_cost_add(values, gw_cost_expr(c, stmt->value->items[i]));
        depth = GW_MAX(depth, gw_cost_depth(c, stmt->value->items[i]));
    }
    c->uses_collections = true;
    gw_cost_count_table(c, stmt->value->object->ref.decl, (int64_t)stmt->limit, false);
    depth = (uint8_t)GW_MIN(depth + 1, GW_KEY_DEPTH_MAX + 1);
    return then(flat(values), loop_cost(c, stmt, (int64_t)stmt->limit, depth));
}

static int64_t row_local_cost(const struct gw_coster *c, const struct gw_local *local)
{
    bool is_ref = local->is.shape == GW_SHAPE_ROW_REF || local->is.shape == GW_SHAPE_OPT_ROW_REF;
    if (c->fn->fn->kind != GW_FN_DAEMON || !is_ref)
        return 0;
    return GW_COST_OP + (int64_t)local->is.decl->as.entity.key_count;
}

static int64_t let_cost(struct gw_coster *c, const struct gw_stmt *stmt)
{
    int64_t units = gw_cost_expr(c, stmt->value);
    if (stmt->other)
        units += 2 * GW_COST_OP + gw_cost_expr(c, stmt->other);
    if (stmt->local->is.type && gw_cost_compare(stmt->local->is.type) > 1)
        units += gw_cost_compare(stmt->local->is.type); /* copy */
    c->is_patched[stmt->local->slot] = false;
    gw_cost_set_depth(c, stmt->local, gw_cost_depth(c, stmt->value));
    return gw_cost_add(units, row_local_cost(c, stmt->local));
}

static int64_t assign_cost(struct gw_coster *c, const struct gw_stmt *stmt)
{
    const struct gw_expr *target = stmt->target;
    int64_t units = gw_cost_expr(c, stmt->value);
    if (stmt->op != GW_AST_OP_EQ) {
        units += GW_COST_OP +
                 gw_cost_arith(stmt->op, target->is.type, target->is.type, stmt->value->is.type);
    }
    uint8_t depth = gw_cost_depth(c, stmt->value);
    if (target->kind == GW_EXPR_NAME) {
        gw_cost_set_depth(c, target->ref.local, depth);
        return gw_cost_add(units, gw_cost_compare(target->is.type));
    }
    units = gw_cost_add(units, gw_cost_expr(c, target->object) + GW_COST_OP);
    if (target->kind == GW_EXPR_INDEX) {
        if (target->object->kind == GW_EXPR_NAME)
            gw_cost_set_depth(c, target->object->ref.local, depth);
        units = gw_cost_add(units, gw_cost_expr(c, target->items[0]));
        return gw_cost_add(units, 2 + 2 * (int64_t)target->object->is.type->max);
    }
    if (c->fn->migrate)
        return units;
    return gw_cost_add(units, gw_cost_patch(c, target->object, target->ref.index));
}

static int64_t delete_cost(struct gw_coster *c, const struct gw_stmt *stmt)
{
    return gw_cost_add(gw_cost_expr(c, stmt->value), gw_cost_delete(c, stmt->value->is.decl));
}

static int64_t emit_cost(struct gw_coster *c, const struct gw_stmt *stmt)
{
    int64_t units = GW_COST_EMIT, bytes = 9;
    for (uint32_t i = 0; i < stmt->init_count; i++) {
        units = gw_cost_add(units, gw_cost_expr(c, stmt->inits[i].value));
        bytes += stmt->inits[i].value->is.type->bytes_max;
    }
    return gw_cost_add(units, (int64_t)gw_cost_bytes((uint64_t)bytes));
}

static int64_t push_cost(struct gw_coster *c, const struct gw_stmt *stmt)
{
    const struct gw_expr *call = stmt->value;
    if (call->kind == GW_EXPR_METHOD && call->ref.builtin == GW_BUILTIN_PUSH &&
        call->object->kind == GW_EXPR_NAME)
        gw_cost_set_depth(c, call->object->ref.local, gw_cost_depth(c, call->items[0]));
    return gw_cost_expr(c, call);
}

/* ---- daemons ---- */

/** Row references in scope are touched again: bounded by all of the function. */
static struct gw_cost_span waited(struct gw_coster *c)
{
    forget(c);
    return then(wait_span(), flat(c->fn->resume_units));
}

static struct gw_cost_span while_cost(struct gw_coster *c, const struct gw_stmt *stmt)
{
    forget(c);
    struct gw_cost_span condition = flat(gw_cost_expr(c, stmt->value));
    struct gw_cost_span body = then(gw_cost_block(c, &stmt->body), waited(c));
    struct gw_cost_span turn = then(condition, body);
    turn.inside = GW_MAX(turn.inside, along(turn.post, turn.pre));
    return then(either(turn, condition), condition);
}

static struct gw_cost_span scan_cost(struct gw_coster *c, const struct gw_stmt *stmt)
{
    uint32_t outer = c->fn->page_rows;
    c->fn->page_rows = (uint32_t)stmt->limit;
    gw_cost_set_depth(c, stmt->local, 0);
    struct gw_cost_span turn = waited(c);
    turn = then(then(turn, flat(GW_COST_OP)), gw_cost_block(c, &stmt->body));
    turn.inside = GW_MAX(turn.inside, along(turn.post, turn.pre));
    c->fn->page_rows = outer;
    forget(c);
    return turn;
}

static struct gw_cost_span await_cost(struct gw_coster *c, const struct gw_stmt *stmt)
{
    int64_t before = 4;
    struct gw_cost_span other = flat(0);
    if (stmt->timeout)
        before = gw_cost_add(before, gw_cost_expr(c, stmt->timeout));
    if (stmt->subject && stmt->subject->is.shape != GW_SHAPE_PAGE)
        before = gw_cost_add(before, gw_cost_expr(c, stmt->subject) + GW_TYPE_TUPLE_MAX);
    struct gw_cost_span wait = then(flat(before), waited(c));
    /* a condition is looked at again when the fiber wakes */
    wait = then(wait, flat(before));
    wait.inside = GW_MAX(wait.inside, along(wait.post, wait.pre));
    if (stmt->has_other_body)
        other = gw_cost_block(c, &stmt->other_body);
    struct gw_cost_span result = then(wait, either(flat(0), other));
    result.inside = GW_MAX(result.inside, along(result.post, wait.pre)); /* retry */
    if (stmt->await == GW_AWAIT_TRUE)
        result = either(result, flat(before));
    forget(c);
    return result;
}

static struct gw_cost_span call_stmt_cost(struct gw_coster *c, const struct gw_stmt *stmt)
{
    int64_t units = 0;
    for (uint32_t i = 0; i < stmt->value->item_count; i++)
        units = gw_cost_add(units, gw_cost_expr(c, stmt->value->items[i]) + 1);
    if (stmt->local)
        gw_cost_set_depth(c, stmt->local, 0);
    return then(flat(units), waited(c));
}

static struct gw_cost_span daemon_cost(struct gw_coster *c, const struct gw_stmt *stmt)
{
    struct gw_cost_span span = flat(0);
    switch (stmt->kind) {
    case GW_STMT_FOR_SCAN:
        return scan_cost(c, stmt);
    case GW_STMT_WHILE:
        return while_cost(c, stmt);
    case GW_STMT_AWAIT:
        return await_cost(c, stmt);
    case GW_STMT_CALL:
        return call_stmt_cost(c, stmt);
    case GW_STMT_ONBOARD:
        return flat(gw_cost_expr(c, stmt->value));
    case GW_STMT_SLEEP:
        span = flat(gw_cost_expr(c, stmt->value));
        return then(span, waited(c));
    case GW_STMT_PHASE:
        for (uint32_t i = 0; i < stmt->phase_count; i++)
            span = then(span, waited(c));
        return span;
    case GW_STMT_RETRY:
        return span;
    default: /* yield, alert */
        return waited(c);
    }
}

/** NOLINTNEXTLINE(misc-no-recursion): blocks nest at most GW_LANG_BLOCK_DEPTH_MAX deep */
static struct gw_cost_span stmt_cost(struct gw_coster *c, const struct gw_stmt *stmt)
{
    switch (stmt->kind) {
    case GW_STMT_LET:
        return flat(let_cost(c, stmt));
    case GW_STMT_ASSIGN:
        return flat(assign_cost(c, stmt));
    case GW_STMT_IF:
        return if_cost(c, stmt);
    case GW_STMT_MATCH:
        return match_cost(c, stmt);
    case GW_STMT_FOR_RANGE:
        return loop_cost(c, stmt, GW_MAX(stmt->high_number - stmt->low_number, 0), 0);
    case GW_STMT_FOR_LIST:
        return for_list_cost(c, stmt);
    case GW_STMT_FOR_PREFIX:
        return for_prefix_cost(c, stmt);
    case GW_STMT_REQUIRE: {
        /* one of both is paid: the value of a failure, or what follows */
        int64_t condition = gw_cost_expr(c, stmt->value);
        return flat(gw_cost_add(condition, gw_cost_expr(c, stmt->other)));
    }
    case GW_STMT_FAIL:
        return flat(gw_cost_expr(c, stmt->other));
    case GW_STMT_RETURN:
        return flat(stmt->value ? gw_cost_expr(c, stmt->value) : c->fn->migrate ? 1 : 0);
    case GW_STMT_DELETE:
        return flat(delete_cost(c, stmt));
    case GW_STMT_EMIT:
        return flat(emit_cost(c, stmt));
    case GW_STMT_EXPR:
        return flat(push_cost(c, stmt));
    case GW_STMT_TAKE:
    case GW_STMT_REJECT:
        return flat(0);
    default:
        return daemon_cost(c, stmt);
    }
}

/** NOLINTNEXTLINE(misc-no-recursion): as stmt_cost() */
struct gw_cost_span gw_cost_block(struct gw_coster *c, const struct gw_block *block)
{
    struct gw_cost_span span = flat(0);
    for (uint32_t i = 0; i < block->count; i++)
        span = then(span, stmt_cost(c, block->items[i]));
    return span;
}
