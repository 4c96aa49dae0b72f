/** Loops to bytecode: over numbers, lists and rows; in a daemon with the yields that the bound asks for. */
#include "lang/emit_int.h"

/** Where the cost analysis wants it, a loop of a daemon ends its slice after some turns. */
static void lower_yield(struct gw_emit *e, const struct gw_stmt *stmt, uint32_t turn)
{
    for (uint32_t i = 0; i < e->fn->yield_count; i++) {
        const struct gw_build_yield *yield = &e->fn->yields[i];
        struct gw_label on = {0};
        if (yield->loop != stmt)
            continue;
        uint32_t rest = gw_emit_temp(e, 2);
        gw_emit_int(e, rest + 1, yield->turns);
        gw_emit_insn(e, GW_VMOP_MOD_I64, 0, rest, turn, rest + 1);
        gw_emit_jump(e, GW_VMOP_JT, rest, 0, &on);
        gw_emit_wait(e, (struct gw_code_wait){
                            .kind = GW_VM_WAIT_YIELD, .ns_reg = GW_NO_REG, .reply_reg = GW_NO_REG});
        gw_emit_place(e, &on);
    }
}

/** Loops end in a jump back; the local is new in each turn. */
static void lower_turns(struct gw_emit *e, const struct gw_stmt *stmt, uint32_t hidden,
                        bool is_list)
{
    struct gw_label again = {0}, end = {0};
    uint32_t reg = gw_lower_local(e, stmt->local), vars = e->var_count;
    gw_emit_place(e, &again);
    if (is_list) {
        gw_emit_jump(e, GW_VMOP_NEXT, reg, hidden, &end);
    } else {
        gw_emit_jump(e, GW_VMOP_NEXTNUM, hidden, reg, &end);
    }
    gw_lower_bind(e, stmt->local, reg);
    gw_lower_block(e, &stmt->body);
    e->var_count = vars; /* the local is bound anew in each turn */
    lower_yield(e, stmt, is_list ? hidden + 1 : hidden);
    gw_emit_jump(e, GW_VMOP_JMP, 0, 0, &again);
    gw_emit_place(e, &end);
}

void gw_lower_for_range(struct gw_emit *e, const struct gw_stmt *stmt)
{
    uint32_t mark = e->top, vars = e->var_count, hidden = gw_emit_temp(e, 2);
    const struct gw_type *type = gw_type_of_kind(GW_TYPE_I64);
    gw_emit_insn(e, GW_VMOP_FORNUM, 0, hidden,
                 gw_emit_const_index(e, type, (union gw_value){.i = stmt->low_number}),
                 gw_emit_const_index(e, type, (union gw_value){.i = stmt->high_number}));
    gw_emit_var(e, GW_TEXT_LIT(""), type, hidden);
    gw_emit_var(e, GW_TEXT_LIT(""), type, hidden + 1);
    lower_turns(e, stmt, hidden, false);
    e->top = mark;
    e->var_count = vars;
}

static const struct gw_type *list_type(struct gw_emit *e, const struct gw_type *item, uint32_t max)
{
    struct gw_type *type = GW_NEW(e->build->arena, struct gw_type);
    const struct gw_type **items = GW_NEW_ARRAY(e->build->arena, const struct gw_type *, 1);
    if (!type || !items || !item) {
        e->no_memory = true;
        return NULL;
    }
    items[0] = item;
    *type = (struct gw_type){
        .kind = GW_TYPE_LIST, .max = max, .items = items, .item_count = 1, .bytes_max = UINT32_MAX};
    return type;
}

void gw_lower_for_list(struct gw_emit *e, const struct gw_stmt *stmt)
{
    uint32_t mark = e->top, vars = e->var_count, hidden = gw_emit_temp(e, 2), inner = e->top;
    uint32_t list = gw_lower(e, stmt->value, GW_ANY);
    gw_emit_insn(e, GW_VMOP_FORLIST, 0, hidden, list, 0);
    e->top = inner;
    if (e->is_daemon) {
        const struct gw_type *type = stmt->value->is.type;
        if (stmt->value->is.shape == GW_SHAPE_PAGE)
            type = list_type(e, gw_lower_row_type(e, &stmt->value->is), UINT32_MAX);
        gw_emit_var(e, GW_TEXT_LIT(""), type, hidden);
        gw_emit_var(e, GW_TEXT_LIT(""), gw_type_of_kind(GW_TYPE_U64), hidden + 1);
    }
    lower_turns(e, stmt, hidden, true);
    e->top = mark;
    e->var_count = vars;
}

/** for k in T.prefix(…) limit K */
void gw_lower_for_prefix(struct gw_emit *e, const struct gw_stmt *stmt)
{
    const struct gw_expr *call = stmt->value;
    const struct gw_decl *decl = call->object->ref.decl;
    uint32_t mark = e->top, vars = e->var_count, hidden = gw_emit_temp(e, 2), inner = e->top;
    struct gw_code_range *range = GW_EMIT_ADD(e, ranges, range_count, range_cap);
    if (!range)
        return;
    uint32_t number = e->range_count - 1, position = gw_build_position(e->build, decl);
    *range = (struct gw_code_range){
        .kind = call->ref.builtin == GW_BUILTIN_FROM ? GW_VM_FROM : GW_VM_PREFIX,
        .count = call->item_count,
        .limit = (uint32_t)stmt->limit,
        .reverse = stmt->is_reverse,
    };
    if (decl->kind == GW_DECL_INDEX) {
        range->index = e->build->program->indexes[position];
        range->row_fields = range->index->owner->entity.key_count;
    } else {
        range->table = e->build->program->tables[position];
        range->row_fields = range->table->field_count;
    }
    uint32_t values = gw_lower_key(e, call);
    gw_emit_insn(e, GW_VMOP_RANGE, 0, hidden, values, number);
    gw_emit_insn(e, GW_VMOP_FORLIST, 0, hidden, hidden, 0);
    e->top = inner;
    if (e->is_daemon) {
        gw_emit_var(e, GW_TEXT_LIT(""),
                    list_type(e, gw_lower_row_type(e, &stmt->local->is), (uint32_t)stmt->limit),
                    hidden);
        gw_emit_var(e, GW_TEXT_LIT(""), gw_type_of_kind(GW_TYPE_U64), hidden + 1);
    }
    lower_turns(e, stmt, hidden, true);
    e->top = mark;
    e->var_count = vars;
}
