/** A listing of bytecode for people: `engine explain --code` and tests. */
#include "lang/code.h"
#include "lang/compile.h"
#include "record/text.h"

static const char *const names[] = {
#define X(name, shape) [GW_VMOP_##name] = #name,
    GW_VMOPS(X)
#undef X
};

static const char *const shapes[] = {
#define X(name, shape) [GW_VMOP_##name] = shape,
    GW_VMOPS(X)
#undef X
};

const char *gw_vm_op_name(enum gw_vm_op op)
{
    return names[op];
}

static void put_const(const struct gw_code *code, uint32_t index, struct gw_buf *ret)
{
    if (index < code->const_count)
        gw_value_text(code->const_types[index], code->consts[index], 40, ret);
}

static unsigned operand(const struct gw_insn *insn, char name)
{
    return name == 'a' ? insn->a : name == 'b' ? insn->b : name == 'c' ? insn->c : insn->x;
}

/** Operands as the shape of the operation says (code.h). */
static void put_operands(const struct gw_program *program, const struct gw_code *code,
                         const struct gw_insn *insn, struct gw_buf *ret)
{
    for (const char *at = shapes[insn->op]; *at; at++) {
        unsigned number = operand(insn, at[1]);
        switch (*at) {
        case 'a':
        case 'b':
        case 'c':
            gw_buf_printf(ret, "r%u", operand(insn, *at));
            break;
        case 'x':
            gw_buf_printf(ret, "%u", insn->x);
            break;
        case '@':
            gw_buf_printf(ret, "-> %u", insn->c);
            break;
        case '.': /* ".b" is a field, ".." is not */
            gw_buf_put_u8(ret, '.');
            if (at[1] >= 'a' && at[1] <= 'x') {
                gw_buf_printf(ret, "%u", number);
                at++;
            }
            break;
        case 'K':
            put_const(code, insn->b, ret);
            at++;
            break;
        case '#':
            gw_buf_printf(ret, "%d", at[1] == 'b' ? (int16_t)insn->b : (int)insn->c);
            at++;
            break;
        case 'E':
            gw_buf_put_text(ret, program->entities[number]->entity.name);
            at++;
            break;
        case 'F':
            gw_buf_put_text(ret, code->callees[insn->c]->name);
            at++;
            break;
        case 'T':
        case 'I':
        case 'C':
        case 'R':
        case 'W':
            gw_buf_printf(ret, "%c%u", *at, insn->c);
            at++;
            break;
        default:
            gw_buf_put_u8(ret, (uint8_t)*at);
            break;
        }
    }
}

void gw_code_disassemble(const struct gw_program *program, const struct gw_fn *fn,
                         struct gw_buf *ret)
{
    const struct gw_code *code = fn->code;
    gw_buf_printf(ret, "%.*s: %u registers, %u instructions\n", GW_TEXT_ARG(fn->name),
                  code->reg_count, code->insn_count);
    uint32_t line = 0;
    for (uint32_t i = 0; i < code->insn_count; i++) {
        if (code->lines[i] != line)
            gw_buf_printf(ret, "line %u\n", line = code->lines[i]);
        gw_buf_printf(ret, "%5u  %-10s ", i, names[code->insns[i].op]);
        put_operands(program, code, &code->insns[i], ret);
        gw_buf_put_u8(ret, '\n');
    }
    for (uint32_t i = 0; i < code->resume_count; i++) {
        const struct gw_code_resume *resume = &code->resumes[i];
        gw_buf_printf(ret, "resume %u at %u:", i + 1, resume->insn);
        for (uint32_t k = 0; k < resume->local_count; k++) {
            gw_buf_printf(ret, " %.*s=r%u", GW_TEXT_ARG(resume->locals[k].name),
                          resume->locals[k].reg);
        }
        gw_buf_put_u8(ret, '\n');
    }
}
