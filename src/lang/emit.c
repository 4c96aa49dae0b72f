#include "lang/emit_int.h"

bool gw_emit_grow(struct gw_emit *e, void **array, uint32_t count, uint32_t *cap, size_t each)
{
    if (count < *cap)
        return true;
    uint32_t more = *cap ? 2 * *cap : 16;
    void *moved = gw_arena_get_array(e->build->arena, more, each);
    if (!moved) {
        e->no_memory = true;
        return false;
    }
    if (count)
        memcpy(moved, *array, count * each);
    *array = moved;
    *cap = more;
    return true;
}

static bool fits(struct gw_emit *e, uint32_t operand)
{
    if (operand > UINT16_MAX)
        e->too_large = true;
    return operand <= UINT16_MAX;
}

uint32_t gw_emit_insn(struct gw_emit *e, enum gw_vm_op op, uint32_t x, uint32_t a, uint32_t b,
                      uint32_t c)
{
    if (e->count >= GW_INSNS_MAX || x > UINT8_MAX)
        e->too_large = true;
    if (e->too_large || !fits(e, a) || !fits(e, b) || !fits(e, c))
        return 0;
    if (e->count == e->cap) {
        uint32_t line_cap = e->cap;
        if (!gw_emit_grow(e, (void **)&e->lines, e->count, &line_cap, sizeof(*e->lines)) ||
            !gw_emit_grow(e, (void **)&e->insns, e->count, &e->cap, sizeof(*e->insns)))
            return 0;
    }
    e->insns[e->count] =
        (struct gw_insn){(uint8_t)op, (uint8_t)x, (uint16_t)a, (uint16_t)b, (uint16_t)c};
    e->lines[e->count] = e->line;
    return e->count++;
}

void gw_emit_move(struct gw_emit *e, uint32_t a, uint32_t b)
{
    struct gw_insn *last = e->count > e->barrier ? &e->insns[e->count - 1] : NULL;
    uint32_t run = !last                       ? 0
                   : last->op == GW_VMOP_MOVE  ? 1
                   : last->op == GW_VMOP_MOVES ? last->x
                                               : 0;
    if (run == 0 || run == UINT8_MAX || a != last->a + run || b != last->b + run ||
        e->lines[e->count - 1] != e->line) {
        gw_emit_insn(e, GW_VMOP_MOVE, 0, a, b, 0);
        return;
    }
    last->op = GW_VMOP_MOVES;
    last->x = (uint8_t)(run + 1);
}

uint32_t gw_emit_temp(struct gw_emit *e, uint32_t count)
{
    uint32_t reg = e->top;
    e->top += count;
    if (e->top > e->top_max)
        e->top_max = e->top;
    if (e->top > GW_REGS_MAX) {
        e->too_large = true;
        e->top = 0; /* nothing is run: only keep the numbers small */
    }
    return reg;
}

void gw_emit_jump(struct gw_emit *e, enum gw_vm_op op, uint32_t a, uint32_t b, struct gw_label *to)
{
    gw_emit_jump_x(e, op, 0, a, b, to);
}

void gw_emit_jump_x(struct gw_emit *e, enum gw_vm_op op, uint32_t x, uint32_t a, uint32_t b,
                    struct gw_label *to)
{
    uint32_t at = gw_emit_insn(e, op, x, a, b, to->is_placed ? to->at : to->first);
    if (!to->is_placed)
        to->first = at + 1;
}

void gw_emit_place(struct gw_emit *e, struct gw_label *label)
{
    uint32_t use = label->first;
    while (use && !e->too_large && !e->no_memory) {
        uint32_t next = e->insns[use - 1].c;
        e->insns[use - 1].c = (uint16_t)e->count;
        use = next;
    }
    label->at = e->barrier = e->count;
    label->is_placed = true;
}

uint32_t gw_emit_const_index(struct gw_emit *e, const struct gw_type *type, union gw_value value)
{
    for (uint32_t i = 0; i < e->const_count; i++) {
        if (gw_type_equal(e->const_types[i], type) && gw_value_equal(type, e->consts[i], value))
            return i;
    }
    if (!gw_emit_grow(e, (void **)&e->const_types, e->const_count, &e->const_types_cap,
                      sizeof(const struct gw_type *)))
        return 0;
    union gw_value *slot = GW_EMIT_ADD(e, consts, const_count, const_cap);
    if (!slot)
        return 0;
    *slot = value;
    e->const_types[e->const_count - 1] = type;
    return e->const_count - 1;
}

void gw_emit_const(struct gw_emit *e, uint32_t reg, const struct gw_type *type,
                   union gw_value value)
{
    if (type->kind == GW_TYPE_OPT && !value.opt) {
        gw_emit_insn(e, GW_VMOP_NONE, 0, reg, 0, 0);
        return;
    }
    gw_emit_insn(e, GW_VMOP_LOADK, 0, reg, gw_emit_const_index(e, type, value), 0);
}

void gw_emit_int(struct gw_emit *e, uint32_t reg, int64_t value)
{
    if (value >= INT16_MIN && value <= INT16_MAX) {
        gw_emit_insn(e, GW_VMOP_LOADI, 0, reg, (uint16_t)value, 0);
    } else {
        gw_emit_const(e, reg, gw_type_of_kind(GW_TYPE_I64), (union gw_value){.i = value});
    }
}

uint32_t gw_emit_type(struct gw_emit *e, const struct gw_type *type)
{
    for (uint32_t i = 0; i < e->type_count; i++) {
        if (e->types[i] == type)
            return i;
    }
    const struct gw_type **slot = GW_EMIT_ADD(e, types, type_count, type_cap);
    if (!slot)
        return 0;
    *slot = type;
    return e->type_count - 1;
}

uint32_t gw_emit_callee(struct gw_emit *e, const struct gw_fn *fn)
{
    for (uint32_t i = 0; i < e->callee_count; i++) {
        if (e->callees[i] == fn)
            return i;
    }
    const struct gw_fn **slot = GW_EMIT_ADD(e, callees, callee_count, callee_cap);
    if (!slot)
        return 0;
    *slot = fn;
    return e->callee_count - 1;
}

void gw_emit_var(struct gw_emit *e, struct gw_text name, const struct gw_type *type, uint32_t reg)
{
    struct gw_emit_var *var;
    if (e->is_daemon && (var = GW_EMIT_ADD(e, vars, var_count, var_cap)))
        *var = (struct gw_emit_var){.name = name, .type = type, .reg = reg};
}

/** The stored locals of a resume point: values as they are, row references as their key. */
static bool list_locals(struct gw_emit *e, struct gw_code_resume *resume)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < e->var_count; i++)
        count += e->vars[i].type ? 1 : 1 + e->vars[i].entity->entity.key_count;
    struct gw_code_local *locals = GW_NEW_ARRAY(e->build->arena, struct gw_code_local, count + 1);
    if (!locals)
        return false;
    resume->locals = locals;
    resume->local_count = count;
    for (uint32_t i = 0; i < e->var_count; i++) {
        const struct gw_emit_var *var = &e->vars[i];
        if (var->type) {
            *locals++ = (struct gw_code_local){var->name, var->type, var->reg};
            continue;
        }
        const struct gw_entity *entity = &var->entity->entity;
        *locals++ =
            (struct gw_code_local){GW_TEXT_LIT(""), gw_type_of_kind(GW_TYPE_BOOL), var->reg + 1};
        for (uint32_t k = 0; k < entity->key_count; k++) {
            *locals++ =
                (struct gw_code_local){GW_TEXT_LIT(""), entity->fields[k].type, var->reg + 2 + k};
        }
    }
    return true;
}

void gw_emit_wait(struct gw_emit *e, struct gw_code_wait wait)
{
    struct gw_code_wait *slot = GW_EMIT_ADD(e, waits, wait_count, wait_cap);
    struct gw_code_resume *resume = GW_EMIT_ADD(e, resumes, resume_count, resume_cap);
    if (!slot || !resume)
        return;
    wait.resume = e->resume_count;
    wait.line = e->line;
    *slot = wait;
    gw_emit_insn(e, GW_VMOP_WAIT, 0, 0, 0, e->wait_count - 1);
    resume->insn = e->barrier = e->count;
    resume->line = e->line;
    if (!list_locals(e, resume))
        e->no_memory = true;
    for (uint32_t i = 0; i < e->var_count; i++) {
        const struct gw_emit_var *var = &e->vars[i];
        if (var->type)
            continue;
        struct gw_label absent = {0};
        gw_emit_insn(e, GW_VMOP_NONE, 0, var->reg, 0, 0);
        gw_emit_jump(e, GW_VMOP_JF, var->reg + 1, 0, &absent);
        gw_emit_insn(e, GW_VMOP_ROW, 0, var->reg, var->reg + 2, var->entity->position);
        gw_emit_place(e, &absent);
    }
}

const struct gw_code *gw_emit_finish(struct gw_emit *e)
{
    struct gw_code *code = GW_NEW(e->build->arena, struct gw_code);
    if (!code)
        e->no_memory = true;
    if (e->no_memory || e->too_large)
        return NULL;
    *code = (struct gw_code){
        .insns = e->insns,
        .lines = e->lines,
        .insn_count = e->count,
        .reg_count = e->top_max,
        .regs_total = e->top_max,
        .consts = e->consts,
        .const_types = e->const_types,
        .const_count = e->const_count,
        .types = e->types,
        .type_count = e->type_count,
        .callees = e->callees,
        .callee_count = e->callee_count,
        .ranges = e->ranges,
        .range_count = e->range_count,
        .emits = e->emits,
        .emit_count = e->emit_count,
        .sets = e->sets,
        .set_count = e->set_count,
        .waits = e->waits,
        .wait_count = e->wait_count,
        .resumes = e->resumes,
        .resume_count = e->resume_count,
        .key_max = e->key_max,
    };
    return code;
}
