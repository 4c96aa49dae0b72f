/**
 * The loop of the machine, included twice: plain (vm_plain.c) and metered (vm_metered.c, tests). The includer
 * defines GW_LOOP_NAME and GW_LOOP_METER(insn).
 *
 * Dispatch is a computed goto, a GNU C extension that gcc and clang both have: each operation ends in an indirect
 * jump of its own, which the branch predictor learns by context. Measured against a switch on the payment loop of
 * bench/vm.c. Sources: Ertl and Gregg, "The Structure and Performance of Efficient Interpreters", JILP 5, 2003.
 *
 * Integers up to 64 bits and decimals up to 18 digits are computed in 64 bits and widened on store.
 */
#include "lang/vm_int.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#ifndef __clang__
/* gcc's own advice for computed gotos (manual, -fgcse): otherwise it merges the jumps that should stay apart */
#pragma GCC optimize("no-gcse", "no-crossjumping")
#endif

static const int64_t pow10_64[GW_COST_DEC_NARROW_DIGITS + 1] = {INT64_C(1),
                                                                INT64_C(10),
                                                                INT64_C(100),
                                                                INT64_C(1000),
                                                                INT64_C(10000),
                                                                INT64_C(100000),
                                                                INT64_C(1000000),
                                                                INT64_C(10000000),
                                                                INT64_C(100000000),
                                                                INT64_C(1000000000),
                                                                INT64_C(10000000000),
                                                                INT64_C(100000000000),
                                                                INT64_C(1000000000000),
                                                                INT64_C(10000000000000),
                                                                INT64_C(100000000000000),
                                                                INT64_C(1000000000000000),
                                                                INT64_C(10000000000000000),
                                                                INT64_C(100000000000000000),
                                                                INT64_C(1000000000000000000)};

/** By constants: a division by a variable costs as much as ten instructions. */
static inline int64_t now_in(int64_t ns, enum gw_time_unit unit)
{
    switch (unit) {
    case GW_TIME_S:
        return ns / GW_NS_PER_S;
    case GW_TIME_MS:
        return ns / GW_NS_PER_MS;
    case GW_TIME_US:
        return ns / GW_NS_PER_US;
    case GW_TIME_NS:
        break;
    }
    return ns;
}

/**
 * 48 bits of ms, 48 bits of the batch index, 32 bits of counter: record in the batch (12), slice in the record (6),
 * number in the run (14). A run has at most 16,384 units, so no more ids (engine spec 15).
 */
static inline gw_u128 new_id(const struct gw_vm_context *at, uint32_t number)
{
    uint64_t ms = (uint64_t)(at->time_ns / GW_NS_PER_MS) & ((UINT64_C(1) << 48) - 1);
    uint64_t index = at->index & ((UINT64_C(1) << 48) - 1);
    uint32_t counter = (at->record & 0xFFF) << 20 | (at->slice & 0x3F) << 14 | number;
    return (gw_u128)ms << 80 | (gw_u128)index << 32 | counter;
}

#define A          r[insn->a]
#define B          r[insn->b]
#define C          r[insn->c]
#define S64(value) ((int64_t)(value).i)
#define U64(value) ((uint64_t)(value).u)

#define NEXT()                  \
    do {                        \
        insn++;                 \
        GW_LOOP_METER(insn);    \
        goto *labels[insn->op]; \
    } while (0)
#define GO(to)                  \
    do {                        \
        insn = insns + (to);    \
        GW_LOOP_METER(insn);    \
        goto *labels[insn->op]; \
    } while (0)
#define JUMP_IF(cond, to) \
    do {                  \
        if (cond)         \
            GO(to);       \
        NEXT();           \
    } while (0)
/* The living row in a register, or the end of the run. */
#define ROW_OF(reg)                          \
    struct gw_vm_row *row = gw_reg_row(reg); \
    if (GW_UNLIKELY(!row || !row->living)) { \
        gw_vm_gone(run, row);                \
        goto ended;                          \
    }
/* An operation in a function: it goes on, or ends the run (or, with TRY, the key). */
#define SLOW(call)                \
    do {                          \
        if (GW_UNLIKELY(!(call))) \
            goto ended;           \
        NEXT();                   \
    } while (0)

/* Checked in the C type of the kind itself: the builtin sees every overflow. */
#define ARITH(K, type, member, OP, builtin)                               \
    OP##_##K:                                                             \
    {                                                                     \
        type value;                                                       \
        if (GW_UNLIKELY(builtin((type)B.member, (type)C.member, &value))) \
            goto arith;                                                   \
        A.member = value;                                                 \
        NEXT();                                                           \
    }
/* The smallest number by -1 is the one quotient that does not fit. */
#define DIVIDE(K, type, member, OP, is_div)                            \
    OP##_##K:                                                          \
    {                                                                  \
        type over = (type)C.member, value = (type)B.member, negated;   \
        if (GW_UNLIKELY(over == 0))                                    \
            goto arith;                                                \
        if ((type)-1 < (type)1 && over == (type)-1) {                  \
            if (__builtin_sub_overflow((type)0, value, &negated))      \
                goto arith;                                            \
            A.member = (type)((is_div) ? negated : 0);                 \
        } else {                                                       \
            A.member = (type)((is_div) ? value / over : value % over); \
        }                                                              \
        NEXT();                                                        \
    }
#define INT_KIND(K, type, member)                       \
    ARITH(K, type, member, ADD, __builtin_add_overflow) \
    ARITH(K, type, member, SUB, __builtin_sub_overflow) \
    ARITH(K, type, member, MUL, __builtin_mul_overflow) \
    DIVIDE(K, type, member, DIV, true)                  \
    DIVIDE(K, type, member, MOD, false)

#define DEC_64(OP, builtin)                                                                    \
    OP##_D64:                                                                                  \
    {                                                                                          \
        int64_t value, bound = pow10_64[insn->x];                                              \
        if (GW_UNLIKELY(builtin(S64(B), S64(C), &value) || value <= -bound || value >= bound)) \
            goto arith;                                                                        \
        A.i = value;                                                                           \
        NEXT();                                                                                \
    }
#define DEC_128(OP, builtin)                                                        \
    OP##_D128:                                                                      \
    {                                                                               \
        gw_i128 value;                                                              \
        if (GW_UNLIKELY(builtin(B.i, C.i, &value) || !gw_dec_fits(value, insn->x))) \
            goto arith;                                                             \
        A.i = value;                                                                \
        NEXT();                                                                     \
    }

void GW_LOOP_NAME(struct gw_vm_state *run, uint32_t at)
{
    static const void *const labels[GW_VMOP_COUNT] = {
#define X(name, shape) [GW_VMOP_##name] = &&name,
        GW_VMOPS(X)
#undef X
    };
    union gw_value *r = run->regs;
    const struct gw_insn *insns = run->code->insns, *insn = NULL;
    GW_ASSERT(at < run->code->insn_count);
    GO(at);

EXT:
    GW_UNREACHABLE_CODE();
MOVE:
    gw_value_move(&A, &B);
    NEXT();
MOVES : {
    gw_values_move(&A, &B, insn->x);
    NEXT();
}
LOADK:
    gw_value_move(&A, &run->code->consts[insn->b]);
    NEXT();
LOADI:
    A.i = (int16_t)insn->b;
    NEXT();
NONE:
    A.list.items = NULL;
    A.list.count = 0;
    NEXT();
JMP:
    GO(insn->c);
JF:
    JUMP_IF(!U64(A), insn->c);
JT:
    JUMP_IF(U64(A), insn->c);
NOT:
    A.u = !U64(B);
    NEXT();

    GW_VMOP_INTS(INT_KIND)

    DEC_64(ADD, __builtin_add_overflow)
    DEC_64(SUB, __builtin_sub_overflow)
    DEC_64(MUL, __builtin_mul_overflow)
    DEC_128(ADD, __builtin_add_overflow)
    DEC_128(SUB, __builtin_sub_overflow)
MUL_D128:
    SLOW(gw_vm_do_mul_d128(run, insn, r));
DEC_DIV:
    if (GW_UNLIKELY(!gw_vm_do_dec_div(run, insn, r)))
        goto ended;
    insn++;
    NEXT();
DEC_ROUND:
    if (GW_UNLIKELY(!gw_vm_do_dec_round(run, insn, r)))
        goto ended;
    insn++;
    NEXT();
DEC_FIT:
    if (GW_UNLIKELY(!gw_dec_fits(B.i, insn->x)))
        goto arith;
    A = B;
    NEXT();
DEC_OF:
    SLOW(gw_vm_do_dec_of(run, insn, r));
ABS:
    SLOW(gw_vm_do_abs(run, insn, r));
CONV:
    SLOW(gw_vm_do_conv(run, insn, r));
STR_OF:
    SLOW(gw_vm_do_str_of(run, insn, r));
TIME_ADD:
TIME_SUB:
TIME_DIFF:
    SLOW(gw_vm_do_time(run, insn, r));

EQ_64:
    A.u = U64(B) == U64(C);
    NEXT();
LT_I64:
    A.u = S64(B) < S64(C);
    NEXT();
LE_I64:
    A.u = S64(B) <= S64(C);
    NEXT();
LT_U64:
    A.u = U64(B) < U64(C);
    NEXT();
LE_U64:
    A.u = U64(B) <= U64(C);
    NEXT();
EQ_128:
    A.u = B.u == C.u;
    NEXT();
LT_I128:
    A.u = B.i < C.i;
    NEXT();
LE_I128:
    A.u = B.i <= C.i;
    NEXT();
LT_U128:
    A.u = B.u < C.u;
    NEXT();
LE_U128:
    A.u = B.u <= C.u;
    NEXT();
EQ_B:
    A.u = gw_bytes_equal(B.bytes, C.bytes);
    NEXT();
LT_B:
    A.u = gw_bytes_compare(B.bytes, C.bytes) < 0;
    NEXT();
LE_B:
    A.u = gw_bytes_compare(B.bytes, C.bytes) <= 0;
    NEXT();
EQ_V:
    A.u = gw_value_equal(run->code->types[insn[1].a], B, C);
    insn++;
    NEXT();
LT_V:
    A.u = gw_value_compare(run->code->types[insn[1].a], B, C) < 0;
    insn++;
    NEXT();
LE_V:
    A.u = gw_value_compare(run->code->types[insn[1].a], B, C) <= 0;
    insn++;
    NEXT();
#define JUMPS(J, op)                                           \
    J##_64 : JUMP_IF(S64(A) op S64(B), insn->c);               \
    J##_K : JUMP_IF(S64(A) op(int16_t) insn->b, insn->c);      \
    J##_F:                                                     \
    {                                                          \
        ROW_OF(A);                                             \
        JUMP_IF(S64(row->fields[insn->x]) op S64(B), insn->c); \
    }
    GW_VMOP_JUMPS(JUMPS)
JTF : {
    ROW_OF(A);
    JUMP_IF(U64(row->fields[insn->b]), insn->c);
}
JFF : {
    ROW_OF(A);
    JUMP_IF(!U64(row->fields[insn->b]), insn->c);
}

LEN:
    A.u = insn->x ? B.list.count : B.bytes.len;
    NEXT();
CONCAT:
    SLOW(gw_vm_do_concat(run, insn, r));
CONTAINS:
    SLOW(gw_vm_do_contains(run, insn, r));
STARTS:
    A.u = B.bytes.len >= C.bytes.len &&
          (C.bytes.len == 0 || memcmp(B.bytes.data, C.bytes.data, C.bytes.len) == 0);
    NEXT();
SLICE:
    SLOW(gw_vm_do_slice(run, insn, r));
LOWER:
    SLOW(gw_vm_do_lower(run, insn, r));
SPLIT:
    SLOW(gw_vm_do_split(run, insn, r));
CHKLEN:
    if (GW_UNLIKELY((insn->x ? A.list.count : A.bytes.len) > insn->c))
        goto range;
    NEXT();
TUPLE:
    SLOW(gw_vm_do_tuple(run, insn, r));
ITEM:
    if (GW_UNLIKELY(!B.list.items)) { /* an absent copy, in an onboarding rule */
        gw_vm_abort(run, GW_ABORT_NOT_FOUND);
        goto ended;
    }
    A = B.list.items[insn->c];
    NEXT();
LIST:
    A.list.items = NULL;
    A.list.count = 0;
    NEXT();
PUSH:
    SLOW(gw_vm_do_push(run, insn, r));
INDEX:
    if (GW_UNLIKELY(C.u >= B.list.count))
        goto range;
    A = B.list.items[U64(C)];
    NEXT();
LISTHAS:
    if (GW_UNLIKELY(!gw_vm_do_list_has(run, insn, r)))
        goto ended;
    insn++;
    NEXT();
SETITEM:
    SLOW(gw_vm_do_set_item(run, insn, r));

SOME : {
    union gw_value *inside = gw_arena_get_raw(run->vm->arena, sizeof(*inside));
    if (GW_UNLIKELY(!inside)) {
        gw_vm_nomem(run);
        goto ended;
    }
    *inside = B;
    A.opt = inside;
    NEXT();
}
ISSOME:
    A.u = B.opt != NULL;
    NEXT();
UNWRAP:
    A = *B.opt;
    NEXT();
UNWRAPX:
    if (GW_UNLIKELY(!B.opt)) {
        gw_vm_abort(run, GW_ABORT_NOT_FOUND);
        goto ended;
    }
    A = *B.opt;
    NEXT();

ROW:
ROWX:
EXISTS:
    SLOW(gw_vm_do_row(run, insn, r));
ISROW : {
    const struct gw_vm_row *row = gw_reg_row(B);
    A.u = row && row->living;
    NEXT();
}
JROW : {
    const struct gw_vm_row *row = gw_reg_row(A);
    JUMP_IF(row && row->living, insn->c);
}
ROWJ : { /* `E[k] else …`: jumps when there is one */
    struct gw_vm_row *row = NULL;
    if (GW_UNLIKELY(!gw_vm_touch(run, run->vm->program->entities[insn->x], &B, &row)))
        goto ended;
    A.list.items = (union gw_value *)(void *)row;
    JUMP_IF(row && row->living, insn->c);
}
ROWMUST : {
    ROW_OF(B);
    A.list.items = (union gw_value *)(void *)row;
    NEXT();
}
GETF : {
    ROW_OF(B);
    gw_value_move(&A, &row->fields[insn->c]);
    NEXT();
}
SETF : {
    ROW_OF(A);
    gw_value_move(&row->fields[insn->b], &C);
    row->dirty = true;
    NEXT();
}

#define FIELD_ARITH(K, type, member, OP, builtin)                              \
    OP##F_##K:                                                                 \
    {                                                                          \
        ROW_OF(A);                                                             \
        type value;                                                            \
        union gw_value *field = &row->fields[insn->b];                         \
        if (GW_UNLIKELY(builtin((type)field->member, (type)C.member, &value))) \
            goto arith;                                                        \
        field->member = value;                                                 \
        row->dirty = true;                                                     \
        NEXT();                                                                \
    }
#define FIELD_INT(K, type, member)                            \
    FIELD_ARITH(K, type, member, ADD, __builtin_add_overflow) \
    FIELD_ARITH(K, type, member, SUB, __builtin_sub_overflow)
#define FIELD_DEC(OP, builtin)                                                     \
    OP##F_D64:                                                                     \
    {                                                                              \
        ROW_OF(A);                                                                 \
        int64_t value, bound = pow10_64[insn->x];                                  \
        union gw_value *field = &row->fields[insn->b];                             \
        if (GW_UNLIKELY(builtin(S64(*field), S64(C), &value) || value <= -bound || \
                        value >= bound))                                           \
            goto arith;                                                            \
        field->i = value;                                                          \
        row->dirty = true;                                                         \
        NEXT();                                                                    \
    }
    GW_VMOP_FIELD_INTS(FIELD_INT)
    FIELD_DEC(ADD, __builtin_add_overflow)
    FIELD_DEC(SUB, __builtin_sub_overflow)
CREATE : {
    struct gw_vm_host *host = run->vm->host;
    struct gw_vm_row *row = NULL;
    enum gw_vm_rc rc =
        host->create(host->ctx, run->vm->program->entities[insn->c], &B, insn->x, &row);
    if (GW_UNLIKELY(rc != GW_VM_OK)) {
        gw_vm_not_created(run, rc);
        goto ended;
    }
    A.list.items = (union gw_value *)(void *)row;
    NEXT();
}
DELROW : {
    struct gw_vm_row *row = gw_reg_row(A);
    if (GW_UNLIKELY(insn->x && (!row || !row->living))) {
        gw_vm_gone(run, row);
        goto ended;
    }
    SLOW(gw_vm_do_delete_row(run, row));
}
DELKEY:
    SLOW(gw_vm_do_delete_key(run, insn, r));
TGET:
TPUT:
TDROP:
    SLOW(gw_vm_do_table(run, insn, r));
LOOKUP:
    SLOW(gw_vm_do_lookup(run, insn, r));
COUNTER:
    SLOW(gw_vm_do_counter(run, insn, r));
RANGE:
    SLOW(gw_vm_do_range(run, insn, r));
EMIT:
    SLOW(gw_vm_do_emit(run, insn, r));

FORNUM: /* a = turn, a+1 = end; the bounds are constants */
    A = run->code->consts[insn->b];
    r[insn->a + 1] = run->code->consts[insn->c];
    NEXT();
NEXTNUM: /* b = the program's variable */
    if (A.i >= r[insn->a + 1].i)
        GO(insn->c);
    B = A;
    A.i += 1;
    NEXT();
FORLIST: /* a = the list, a+1 = turn */
    A = B;
    r[insn->a + 1].u = 0;
    NEXT();
NEXT : {
    union gw_value *turn = &r[insn->b + 1];
    if (U64(*turn) >= B.list.count)
        GO(insn->c);
    A = B.list.items[U64(*turn)];
    turn->u = U64(*turn) + 1;
    NEXT();
}

CALL : {
    const struct gw_fn *fn = run->code->callees[insn->c];
    union gw_value *window = r + run->code->reg_count;
    if (GW_UNLIKELY(!run->frames) && GW_UNLIKELY(!gw_vm_make_frames(run)))
        goto ended;
    gw_values_move(window, &B, fn->param_count);
    run->frames[run->depth++] = (struct gw_vm_frame){run->code, insn, r};
    run->code = fn->code;
    run->regs = r = window;
    insns = run->code->insns;
    GO(0);
}
RETURN:
    if (run->depth > 0) {
        const struct gw_vm_frame *frame = &run->frames[--run->depth];
        const union gw_value *value = &A;
        bool has_value = insn->x;
        run->code = frame->code;
        run->regs = r = frame->regs;
        insns = run->code->insns;
        insn = frame->at;
        if (has_value)
            gw_value_move(&A, value);
        else
            A.u = 0;
        NEXT();
    }
    run->ret->status = GW_VM_DONE;
    if (insn->x) {
        gw_value_move(&run->ret->value, &A);
        run->ret->type = run->code->types[insn->c];
    }
    return;
RETF : {
    ROW_OF(A);
    run->ret->status = GW_VM_DONE;
    gw_value_move(&run->ret->value, &row->fields[insn->x]);
    run->ret->type = run->code->types[insn->c];
    return;
}
FAIL:
    run->ret->status = GW_VM_FAILED;
    gw_value_move(&run->ret->value, &A);
    run->ret->type = run->code->types[insn->c];
    return;
ABORT:
    gw_vm_abort(run, (enum gw_abort)insn->x);
    goto ended;
NOW:
    A.i = now_in(run->vm->at.time_ns, (enum gw_time_unit)insn->c);
    NEXT();
NEW_ID:
    if (GW_UNLIKELY(run->ids == GW_VM_IDS_MAX))
        goto range;
    A.u = new_id(&run->vm->at, run->ids++);
    NEXT();
RAND:
    SLOW(gw_vm_do_rand(run, insn, r));
KEY:
    SLOW(gw_vm_do_key(run, insn, r));
TRY:
    run->on_abort = insns + insn->c;
    NEXT();
SAME:
    if (GW_UNLIKELY(!gw_vm_do_same(run, insn, r)))
        goto ended;
    insn++;
    NEXT();
TAKE:
REJECT:
    gw_vm_do_take(run, insn, r);
    return;
WAIT:
    gw_vm_do_wait(run, &run->code->waits[insn->c], r);
    return;

arith:
    gw_vm_abort(run, GW_ABORT_ARITH);
    goto ended;
range:
    gw_vm_abort(run, GW_ABORT_RANGE);
ended:
    if (GW_UNLIKELY(run->on_abort && run->ret->status == GW_VM_ABORT)) {
        /* A key whose expression aborts is left out; only this function has TRY, so no frame is open
         * beyond its own calls. */
        while (run->depth > 0) {
            run->depth--;
            run->code = run->frames[run->depth].code;
            run->regs = run->frames[run->depth].regs;
        }
        r = run->regs;
        insns = run->code->insns;
        GO((uint32_t)(run->on_abort - insns));
    }
}

#pragma GCC diagnostic pop
