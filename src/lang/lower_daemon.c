/** What only daemons do: every statement here ends a slice, or may. */
#include "lang/emit_int.h"

static struct gw_code_wait plain_wait(enum gw_vm_wait_kind kind)
{
    return (struct gw_code_wait){.kind = kind, .ns_reg = GW_NO_REG, .reply_reg = GW_NO_REG};
}

static bool block_waits(const struct gw_block *block);

/** Does every way through the statement end the slice? */
static bool stmt_waits(const struct gw_stmt *stmt)
{
    switch (stmt->kind) {
    case GW_STMT_YIELD:
    case GW_STMT_SLEEP:
    case GW_STMT_PHASE:
    case GW_STMT_CALL:
    case GW_STMT_ALERT:
    case GW_STMT_FOR_SCAN:
        return true;
    case GW_STMT_AWAIT:
        return stmt->await != GW_AWAIT_TRUE;
    case GW_STMT_IF:
        return stmt->has_other_body && block_waits(&stmt->body) && block_waits(&stmt->other_body);
    case GW_STMT_MATCH:
        return stmt->is_call;
    default:
        return false;
    }
}

/** NOLINTNEXTLINE(misc-no-recursion): blocks nest at most GW_LANG_BLOCK_DEPTH_MAX deep */
static bool block_waits(const struct gw_block *block)
{
    for (uint32_t i = 0; i < block->count; i++) {
        if (stmt_waits(block->items[i]))
            return true;
    }
    return false;
}

/** A turn of an unbounded loop ends its slice: where the program has no wait on every way, one is placed. */
static void lower_while(struct gw_emit *e, const struct gw_stmt *stmt)
{
    struct gw_label again = {0}, end = {0};
    gw_emit_place(e, &again);
    gw_lower_branch(e, stmt->value, false, &end);
    gw_lower_block(e, &stmt->body);
    if (!block_waits(&stmt->body))
        gw_emit_wait(e, plain_wait(GW_VM_WAIT_YIELD));
    gw_emit_jump(e, GW_VMOP_JMP, 0, 0, &again);
    gw_emit_place(e, &end);
}

/** One page after the other until the host says that there are no more. */
static void lower_scan(struct gw_emit *e, const struct gw_stmt *stmt)
{
    struct gw_label again = {0}, end = {0}, empty = {0};
    uint32_t mark = e->top, vars = e->var_count;
    uint32_t page = gw_emit_temp(e, 2);
    struct gw_code_wait wait = plain_wait(GW_VM_WAIT_PAGE);
    e->reg_of_slot[stmt->local->slot] = page;
    wait.home = gw_build_home(e->build, stmt->home);
    wait.site = e->scan_count++;
    wait.page_rows = (uint32_t)stmt->limit;
    wait.reply_reg = page;
    gw_emit_place(e, &again);
    gw_emit_wait(e, wait);
    /* only now: before the reply the registers hold the page that is done */
    const struct gw_type *row = gw_lower_row_type(e, &stmt->local->is);
    struct gw_type *rows = GW_NEW(e->build->arena, struct gw_type);
    const struct gw_type **items = GW_NEW_ARRAY(e->build->arena, const struct gw_type *, 1);
    if (!row || !rows || !items) {
        e->no_memory = true;
        return;
    }
    items[0] = row;
    *rows = (struct gw_type){.kind = GW_TYPE_LIST,
                             .max = (uint32_t)stmt->limit,
                             .items = items,
                             .item_count = 1,
                             .bytes_max = UINT32_MAX};
    gw_emit_var(e, GW_TEXT_LIT(""), rows, page);
    gw_emit_var(e, GW_TEXT_LIT(""), gw_type_of_kind(GW_TYPE_BOOL), page + 1);
    uint32_t count = gw_emit_temp(e, 1);
    gw_emit_insn(e, GW_VMOP_LEN, 1, count, page, 0);
    gw_emit_jump(e, GW_VMOP_JF, count, 0, &empty);
    gw_lower_block(e, &stmt->body);
    gw_emit_place(e, &empty);
    gw_emit_jump(e, GW_VMOP_JF, page + 1, 0, &again);
    gw_emit_place(e, &end);
    e->top = mark;
    e->var_count = vars;
}

/** The key of the row that must be pushed, or a page of them. */
static void pushed_keys(struct gw_emit *e, const struct gw_stmt *stmt, struct gw_code_wait *wait)
{
    const struct gw_expr *subject = stmt->subject;
    wait->store = stmt->decl->as.store.index;
    if (subject->is.shape == GW_SHAPE_PAGE) {
        wait->entity = gw_build_home(e->build, subject->is.home)->owner;
        wait->key_is_page = true;
        wait->key_items = subject->is.home->home.key_columns;
        wait->key_reg = gw_lower(e, subject, GW_ANY);
        return;
    }
    wait->entity = gw_build_entity(e->build, subject->is.decl);
    if (subject->kind == GW_EXPR_INDEX && subject->object->ref.decl->kind == GW_DECL_ENTITY) {
        wait->key_reg = gw_lower_key(e, subject);
        return;
    }
    uint32_t count = wait->entity->entity.key_count;
    uint32_t row = gw_lower(e, subject, GW_ANY), key = gw_emit_temp(e, count);
    for (uint32_t k = 0; k < count; k++)
        gw_emit_insn(e, GW_VMOP_GETF, 0, key + k, row, k);
    wait->key_reg = key;
}

/** `else { … retry }` goes back to the await; without a retry on its way it goes on behind. */
static void lower_else(struct gw_emit *e, const struct gw_stmt *stmt, uint32_t timed_out,
                       struct gw_label *again)
{
    struct gw_label fine = {0}, *outer = e->retry;
    if (!stmt->has_other_body)
        return;
    gw_emit_jump(e, GW_VMOP_JF, timed_out, 0, &fine);
    e->retry = again;
    gw_lower_block(e, &stmt->other_body);
    e->retry = outer;
    gw_emit_place(e, &fine);
}

static void lower_await_host(struct gw_emit *e, const struct gw_stmt *stmt)
{
    static const enum gw_vm_wait_kind kinds[] = {
        [GW_AWAIT_PUSHED] = GW_VM_WAIT_AWAIT_PUSHED,
        [GW_AWAIT_AUDITED] = GW_VM_WAIT_AWAIT_AUDITED,
        [GW_AWAIT_DRAINED] = GW_VM_WAIT_AWAIT_DRAINED,
    };
    struct gw_code_wait wait = plain_wait(kinds[stmt->await]);
    struct gw_label again = {0};
    uint32_t mark = e->top;
    gw_emit_place(e, &again);
    wait.reply_reg = gw_emit_temp(e, 1);
    if (stmt->timeout)
        wait.ns_reg = gw_lower(e, stmt->timeout, GW_ANY);
    if (stmt->await == GW_AWAIT_PUSHED) {
        pushed_keys(e, stmt, &wait);
    } else if (stmt->await == GW_AWAIT_DRAINED) {
        wait.store = stmt->decl->as.store.index;
    } else {
        wait.entity = gw_build_entity(e->build, stmt->decl);
    }
    gw_emit_wait(e, wait);
    lower_else(e, stmt, wait.reply_reg, &again);
    e->top = mark;
}

/**
 * A condition over the state is looked at again whenever the host wakes the fiber. The deadline is a local, so
 * that waking does not move it.
 */
static void lower_await_true(struct gw_emit *e, const struct gw_stmt *stmt)
{
    struct gw_code_wait wait = plain_wait(GW_VM_WAIT_AWAIT_TRUE);
    struct gw_label again = {0}, look = {0}, done = {0}, late = {0};
    const struct gw_type *dur = gw_type_of_kind(GW_TYPE_DUR);
    uint32_t mark = e->top, vars = e->var_count;
    uint32_t deadline = gw_emit_temp(e, 1), now = gw_emit_temp(e, 1),
             timed_out = gw_emit_temp(e, 1);
    gw_emit_place(e, &again);
    if (stmt->timeout) {
        gw_emit_insn(e, GW_VMOP_NOW, 0, now, 0, GW_TIME_NS);
        gw_emit_insn(e, GW_VMOP_ADD_I64, 0, deadline, now, gw_lower(e, stmt->timeout, GW_ANY));
        gw_emit_var(e, GW_TEXT_LIT(""), dur, deadline);
        wait.ns_reg = now;
    }
    wait.reply_reg = timed_out;
    gw_emit_place(e, &look);
    gw_lower_branch(e, stmt->subject, true, &done);
    if (stmt->timeout) {
        gw_emit_insn(e, GW_VMOP_NOW, 0, now, 0, GW_TIME_NS);
        gw_emit_jump(e, GW_VMOP_JGE_64, now, deadline, &late);
        gw_emit_insn(e, GW_VMOP_SUB_I64, 0, now, deadline, now);
    }
    gw_emit_wait(e, wait);
    gw_emit_jump(e, GW_VMOP_JF, timed_out, 0, &look);
    gw_emit_place(e, &late);
    gw_emit_int(e, timed_out, 1);
    lower_else(e, stmt, timed_out, &again);
    gw_emit_place(e, &done);
    e->top = mark;
    e->var_count = vars;
}

/** Arguments side by side; the reply takes three registers. @return the first of them */
static uint32_t lower_call_wait(struct gw_emit *e, const struct gw_expr *call, bool is_checked)
{
    const struct gw_fn *callee = e->build->fns[call->ref.decl->as.function.index].fn;
    struct gw_code_wait wait = plain_wait(GW_VM_WAIT_CALL);
    uint32_t reply = gw_emit_temp(e, 3), args = gw_emit_temp(e, call->item_count);
    for (uint32_t i = 0; i < call->item_count; i++)
        gw_lower_as(e, call->items[i], callee->params[i].type, args + i);
    wait.fn = callee;
    wait.arg_reg = args;
    wait.reply_reg = reply;
    wait.ends_unless_done = !is_checked;
    gw_emit_wait(e, wait);
    return reply;
}

static void lower_call_stmt(struct gw_emit *e, const struct gw_stmt *stmt)
{
    uint32_t bound = 0;
    if (stmt->local) {
        bound =
            stmt->is_define ? gw_lower_local(e, stmt->local) : e->reg_of_slot[stmt->local->slot];
    }
    uint32_t mark = e->top, reply = lower_call_wait(e, stmt->value, false);
    if (stmt->local)
        gw_emit_move(e, bound, reply + 1);
    e->top = mark;
    if (stmt->local && stmt->is_define)
        gw_lower_bind(e, stmt->local, bound);
}

/** match call f(x) { ok(v) => … fail(e) => … abort(c) => … } */
void gw_lower_match_call(struct gw_emit *e, const struct gw_stmt *stmt)
{
    struct gw_label end = {0};
    uint32_t mark = e->top, reply = lower_call_wait(e, stmt->value, true);
    uint32_t status = gw_emit_temp(e, 1);
    for (uint32_t i = 0; i < stmt->arm_count; i++) {
        const struct gw_arm *arm = &stmt->arms[i];
        struct gw_label next = {0};
        uint32_t arm_mark = e->top, vars = e->var_count;
        bool is_abort = arm->pattern == GW_PATTERN_ABORT;
        if (arm->pattern != GW_PATTERN_ANY) {
            gw_emit_int(e, status,
                        is_abort                          ? GW_VM_ABORT
                        : arm->pattern == GW_PATTERN_FAIL ? GW_VM_FAILED
                                                          : GW_VM_DONE);
            gw_emit_jump(e, GW_VMOP_JNE_64, reply, status, &next);
        }
        if (arm->local) {
            uint32_t bound = gw_lower_local(e, arm->local);
            gw_emit_move(e, bound, reply + (is_abort ? 2 : 1));
            gw_lower_bind(e, arm->local, bound);
        }
        gw_lower_block(e, &arm->body);
        gw_emit_jump(e, GW_VMOP_JMP, 0, 0, &end);
        gw_emit_place(e, &next);
        e->top = arm_mark;
        e->var_count = vars;
    }
    gw_emit_place(e, &end);
    e->top = mark;
}

static void lower_phase(struct gw_emit *e, const struct gw_stmt *stmt)
{
    for (uint32_t i = 0; i < stmt->phase_count; i++) {
        struct gw_code_wait wait = plain_wait(GW_VM_WAIT_PHASE);
        wait.entity = gw_build_entity(e->build, stmt->phases[i].decl);
        wait.text = stmt->phases[i].phase.text;
        gw_emit_wait(e, wait);
    }
}

void gw_lower_daemon(struct gw_emit *e, const struct gw_stmt *stmt)
{
    struct gw_code_wait wait;
    uint32_t mark = e->top;
    switch (stmt->kind) {
    case GW_STMT_FOR_SCAN:
        lower_scan(e, stmt);
        break;
    case GW_STMT_WHILE:
        lower_while(e, stmt);
        break;
    case GW_STMT_YIELD:
        gw_emit_wait(e, plain_wait(GW_VM_WAIT_YIELD));
        break;
    case GW_STMT_SLEEP:
        wait = plain_wait(GW_VM_WAIT_SLEEP);
        wait.ns_reg = gw_lower(e, stmt->value, GW_ANY);
        gw_emit_wait(e, wait);
        e->top = mark;
        break;
    case GW_STMT_ONBOARD: /* a touch is all it takes: the first one onboards */
        gw_lower_index(e, stmt->value, false, GW_ANY);
        e->top = mark;
        break;
    case GW_STMT_AWAIT:
        if (stmt->await == GW_AWAIT_TRUE) {
            lower_await_true(e, stmt);
        } else {
            lower_await_host(e, stmt);
        }
        break;
    case GW_STMT_PHASE:
        lower_phase(e, stmt);
        break;
    case GW_STMT_CALL:
        lower_call_stmt(e, stmt);
        break;
    case GW_STMT_ALERT:
        wait = plain_wait(GW_VM_WAIT_ALERT);
        wait.text = gw_bytes_text(stmt->value->bytes);
        gw_emit_wait(e, wait);
        break;
    case GW_STMT_RETRY:
        gw_emit_jump(e, GW_VMOP_JMP, 0, 0, e->retry);
        break;
    default:
        GW_UNREACHABLE_CODE();
    }
}
