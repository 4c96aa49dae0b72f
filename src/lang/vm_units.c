/** Metering: the units of one instruction with the sizes it meets. Tests assert that their sum stays below the bound. */
#include "lang/vm_int.h"

/** Adds a hash to the set. @return true when it was not in it (or memory is short: then the test sees too much) */
static bool first_time(struct gw_vm_state *run, uint64_t hash)
{
    struct gw_vm_touched *touched = &run->touched;
    if (touched->count * 2 >= touched->cap) {
        uint32_t cap = touched->cap ? 2 * touched->cap : 64;
        uint64_t *set = gw_arena_get_array(run->vm->arena, cap, sizeof(*set));
        if (!set)
            return true;
        for (uint32_t i = 0; i < touched->cap; i++) {
            uint64_t slot = touched->set[i] % cap;
            while (touched->set[i] && set[slot])
                slot = (slot + 1) % cap;
            if (touched->set[i])
                set[slot] = touched->set[i];
        }
        touched->set = set;
        touched->cap = cap;
    }
    uint64_t slot = hash % touched->cap;
    for (; touched->set[slot]; slot = (slot + 1) % touched->cap) {
        if (touched->set[slot] == hash)
            return false;
    }
    touched->set[slot] = hash;
    touched->count++;
    return true;
}

static uint64_t touch(struct gw_vm_state *run, const struct gw_program_entity *entity,
                      const union gw_value *key)
{
    struct gw_buf buf;
    gw_buf_init(&buf, run->vm->arena->alloc, GW_IMAGE_BYTES_MAX);
    gw_entity_key(&entity->entity, key, &buf);
    uint64_t hash = gw_hash64(gw_buf_bytes(&buf), entity->entity.id) | 1;
    gw_buf_done(&buf);
    return first_time(run, hash) ? gw_cost_touch(&entity->entity) : GW_COST_TOUCH_AGAIN;
}

static uint32_t all_hits(const struct gw_program_entity *entity)
{
    return entity->index_count + entity->counter_count;
}

static uint64_t set_field(const struct gw_insn *insn, const union gw_value *r)
{
    const struct gw_vm_row *row = gw_reg_row(r[insn->a]);
    if (!row || !row->living)
        return GW_COST_OP;
    uint32_t hits = gw_cost_hits(row->entity, insn->b);
    return row->dirty ? GW_COST_OP + GW_COST_HIT * (uint64_t)hits
                      : gw_cost_write(row->entity, hits);
}

static uint64_t row_units(struct gw_vm_state *run, const struct gw_insn *insn,
                          const union gw_value *r)
{
    uint32_t position = insn->op == GW_VMOP_ROWJ ? insn->x : insn->c;
    const struct gw_program_entity *entity = run->vm->program->entities[position];
    uint64_t units = insn->op == GW_VMOP_ROWJ ? GW_COST_OP : 0; /* the branch */
    if (insn->op != GW_VMOP_CREATE || !insn->x)
        units += touch(run, entity, &r[insn->b]);
    if (insn->op == GW_VMOP_CREATE || insn->op == GW_VMOP_DELKEY)
        units += gw_cost_write(entity, all_hits(entity));
    return units;
}

static uint64_t table_units(struct gw_vm_state *run, const struct gw_insn *insn)
{
    uint32_t bytes = gw_cost_table_bytes(run->vm->program->tables[insn->c]);
    return (insn->op == GW_VMOP_TGET ? GW_COST_TOUCH : GW_COST_WRITE) + gw_cost_bytes(bytes);
}

static uint64_t bytes_units(const struct gw_insn *insn, const union gw_value *r)
{
    size_t bytes = 0;
    switch (insn->op) {
    case GW_VMOP_CONCAT:
        for (uint32_t i = 0; i < insn->x; i++)
            bytes += r[insn->b + i].bytes.len;
        break;
    case GW_VMOP_CONTAINS:
        bytes = r[insn->b].bytes.len + r[insn->c].bytes.len;
        break;
    case GW_VMOP_SPLIT:
        bytes = r[insn->b].bytes.len + r[insn->c].bytes.len;
        break;
    case GW_VMOP_SLICE:
    case GW_VMOP_LOWER:
        bytes = r[insn->b].bytes.len;
        break;
    default: /* comparisons stop at the shorter one */
        bytes = GW_MIN(r[insn->b].bytes.len, r[insn->c].bytes.len);
        break;
    }
    return gw_cost_move(bytes);
}

static bool is_dec_wide(const struct gw_insn *insn)
{
    return insn->op >= GW_VMOP_ADD_D128 && insn->op <= GW_VMOP_DEC_OF;
}

static uint64_t small_units(struct gw_vm_state *run, const struct gw_insn *insn,
                            const union gw_value *r)
{
    switch (insn->op) {
    case GW_VMOP_EQ_V:
    case GW_VMOP_LT_V:
    case GW_VMOP_LE_V:
        return gw_cost_move(run->code->types[insn[1].a]->bytes_max);
    case GW_VMOP_LISTHAS:
        return 1 + r[insn->b].list.count *
                       (uint64_t)gw_cost_bytes(run->code->types[insn[1].a]->bytes_max);
    case GW_VMOP_SETITEM:
        return 1 + 2 * r[insn->a].list.count;
    case GW_VMOP_NEXT:
        return (uint64_t)r[insn->b + 1].u < r[insn->b].list.count ? GW_COST_TURN : 0;
    case GW_VMOP_NEXTNUM:
        return r[insn->a].i < r[insn->a + 1].i ? GW_COST_TURN : 0;
    case GW_VMOP_SAME:
        return run->code->sets[insn[1].b].count;
    case GW_VMOP_EMIT:
        return GW_COST_EMIT + gw_cost_bytes(run->code->emits[insn->c].bytes_max);
    default:
        return GW_COST_OP;
    }
}

uint64_t gw_vm_units(struct gw_vm_state *run, const struct gw_insn *insn, const union gw_value *r)
{
    switch (insn->op) {
    case GW_VMOP_MOVE:
    case GW_VMOP_MOVES:
    case GW_VMOP_LOADK:
    case GW_VMOP_LOADI:
    case GW_VMOP_NONE:
    case GW_VMOP_LIST:
    case GW_VMOP_JMP:
    case GW_VMOP_JF:
    case GW_VMOP_JT:
    case GW_VMOP_RETURN:
    case GW_VMOP_FAIL:
    case GW_VMOP_ABORT:
    case GW_VMOP_WAIT:
    case GW_VMOP_TRY:
    case GW_VMOP_CHKLEN:
    case GW_VMOP_DEC_FIT:
    case GW_VMOP_RANGE:
        return 0;
    case GW_VMOP_ADD_D64:
    case GW_VMOP_SUB_D64:
    case GW_VMOP_MUL_D64:
        return GW_COST_DEC;
    case GW_VMOP_FORNUM:
    case GW_VMOP_FORLIST:
        return GW_COST_LOOP;
    case GW_VMOP_CALL:
        return GW_COST_CALL;
    case GW_VMOP_SETF:
        return set_field(insn, r);
    case GW_VMOP_ADDF_D64:
    case GW_VMOP_SUBF_D64:
        return GW_COST_OP + GW_COST_DEC + set_field(insn, r);
#define X(K, type, member) \
    case GW_VMOP_ADDF_##K: \
    case GW_VMOP_SUBF_##K:
        GW_VMOP_FIELD_INTS(X)
#undef X
        return 2 * GW_COST_OP + set_field(insn, r);
#define X(J, op) case GW_VMOP_##J##_F:
        GW_VMOP_JUMPS(X)
#undef X
        return 2 * GW_COST_OP;
    case GW_VMOP_ROW:
    case GW_VMOP_ROWX:
    case GW_VMOP_ROWJ:
    case GW_VMOP_EXISTS:
    case GW_VMOP_CREATE:
    case GW_VMOP_DELKEY:
        return row_units(run, insn, r);
    case GW_VMOP_DELROW: {
        const struct gw_vm_row *row = gw_reg_row(r[insn->a]);
        return row ? gw_cost_write(row->entity, all_hits(row->entity)) : GW_COST_OP;
    }
    case GW_VMOP_TGET:
    case GW_VMOP_TPUT:
    case GW_VMOP_TDROP:
        return table_units(run, insn);
    case GW_VMOP_LOOKUP:
    case GW_VMOP_COUNTER:
        return GW_COST_TOUCH;
    case GW_VMOP_CONCAT:
    case GW_VMOP_CONTAINS:
    case GW_VMOP_SPLIT:
    case GW_VMOP_SLICE:
    case GW_VMOP_LOWER:
    case GW_VMOP_STARTS:
    case GW_VMOP_EQ_B:
    case GW_VMOP_LT_B:
    case GW_VMOP_LE_B:
        return bytes_units(insn, r);
    default:
        return is_dec_wide(insn) ? GW_COST_DEC_WIDE : small_units(run, insn, r);
    }
}
