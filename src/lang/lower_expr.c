/** Expressions to bytecode: numbers, comparisons, conditions. Rows and built-ins are in lower_row.c. */
#include "lang/emit_int.h"

bool gw_lower_is_small(const struct gw_type *type)
{
    if (type->kind == GW_TYPE_ENUM)
        return gw_type_bits(type->members->base) <= 64;
    if (gw_type_is_integer(type->kind))
        return gw_type_bits(type->kind) <= 64;
    if (type->kind == GW_TYPE_DEC)
        return type->precision <= GW_COST_DEC_NARROW_DIGITS;
    return type->kind == GW_TYPE_BOOL || type->kind == GW_TYPE_TIME || type->kind == GW_TYPE_DUR;
}

static bool is_text(const struct gw_type *type)
{
    return type->kind == GW_TYPE_STR || type->kind == GW_TYPE_BYTES;
}

/** The integer kind below an enum; otherwise the kind itself. */
static enum gw_type_kind base_kind(const struct gw_type *type)
{
    return type->kind == GW_TYPE_ENUM ? type->members->base : type->kind;
}

/** Needs the unsigned form of a 64-bit comparison. */
static bool is_u64(const struct gw_type *type)
{
    return base_kind(type) == GW_TYPE_U64;
}

static bool is_composite(const struct gw_type *type)
{
    return type->kind == GW_TYPE_OPT || type->kind == GW_TYPE_TUPLE || type->kind == GW_TYPE_LIST;
}

static enum gw_vm_op compare_op(enum gw_ast_op op, const struct gw_type *type)
{
    unsigned which = op == GW_AST_OP_EQ ? 0 : op == GW_AST_OP_LT ? 1 : 2;
    static const enum gw_vm_op small[] = {GW_VMOP_EQ_64, GW_VMOP_LT_I64, GW_VMOP_LE_I64};
    static const enum gw_vm_op small_u[] = {GW_VMOP_EQ_64, GW_VMOP_LT_U64, GW_VMOP_LE_U64};
    static const enum gw_vm_op wide[] = {GW_VMOP_EQ_128, GW_VMOP_LT_I128, GW_VMOP_LE_I128};
    static const enum gw_vm_op wide_u[] = {GW_VMOP_EQ_128, GW_VMOP_LT_U128, GW_VMOP_LE_U128};
    static const enum gw_vm_op text[] = {GW_VMOP_EQ_B, GW_VMOP_LT_B, GW_VMOP_LE_B};
    static const enum gw_vm_op any[] = {GW_VMOP_EQ_V, GW_VMOP_LT_V, GW_VMOP_LE_V};
    if (gw_lower_is_small(type))
        return is_u64(type) ? small_u[which] : small[which];
    if (is_text(type))
        return text[which];
    if (is_composite(type) || type->kind == GW_TYPE_REAL)
        return any[which];
    return base_kind(type) == GW_TYPE_U128 || type->kind == GW_TYPE_UUID ? wide_u[which]
                                                                         : wide[which];
}

void gw_lower_compare(struct gw_emit *e, enum gw_ast_op op, const struct gw_type *type,
                      uint32_t want, uint32_t b, uint32_t c)
{
    bool swap = op == GW_AST_OP_GT || op == GW_AST_OP_GE, negate = op == GW_AST_OP_NE;
    enum gw_ast_op plain = op == GW_AST_OP_GT   ? GW_AST_OP_LT
                           : op == GW_AST_OP_GE ? GW_AST_OP_LE
                           : negate             ? GW_AST_OP_EQ
                                                : op;
    enum gw_vm_op code = compare_op(plain, type);
    gw_emit_insn(e, code, 0, want, swap ? c : b, swap ? b : c);
    if (code == GW_VMOP_EQ_V || code == GW_VMOP_LT_V || code == GW_VMOP_LE_V)
        gw_emit_insn(e, GW_VMOP_EXT, 0, gw_emit_type(e, type), 0, 0);
    if (negate)
        gw_emit_insn(e, GW_VMOP_NOT, 0, want, want, 0);
}

/** The wider of two types of one kind: what both can be compared as. */
static const struct gw_type *wider(const struct gw_type *a, const struct gw_type *b)
{
    return gw_lower_is_small(a) ? b : a;
}

static void lower_time(struct gw_emit *e, enum gw_ast_op op, uint32_t want, uint32_t a,
                       const struct gw_type *left, uint32_t b, const struct gw_type *right)
{
    bool both = left->kind == GW_TYPE_TIME && right->kind == GW_TYPE_TIME;
    unsigned unit = (unsigned)(left->kind == GW_TYPE_TIME ? left->unit : right->unit);
    if (both) {
        gw_emit_insn(e, GW_VMOP_TIME_DIFF, unit, want, a, b);
    } else if (left->kind != GW_TYPE_TIME) { /* dur + time */
        gw_emit_insn(e, GW_VMOP_TIME_ADD, unit, want, b, a);
    } else {
        gw_emit_insn(e, op == GW_AST_OP_ADD ? GW_VMOP_TIME_ADD : GW_VMOP_TIME_SUB, unit, want, a,
                     b);
    }
}

/** ADD SUB MUL DIV MOD as 0..4 */
static unsigned arith_index(enum gw_ast_op op)
{
    return (unsigned)op - GW_AST_OP_ADD < 2 ? (unsigned)op - GW_AST_OP_ADD
                                            : (unsigned)op - GW_AST_OP_MUL + 2;
}

static enum gw_vm_op int_op(enum gw_ast_op op, enum gw_type_kind kind)
{
    return (enum gw_vm_op)(GW_VMOP_ADD_U8 + 5 * ((unsigned)kind - GW_TYPE_U8) + arith_index(op));
}

void gw_lower_binary_to(struct gw_emit *e, enum gw_ast_op op, const struct gw_type *type,
                        uint32_t a, const struct gw_type *left, uint32_t b,
                        const struct gw_type *right, uint32_t want)
{
    if (left->kind == GW_TYPE_TIME || right->kind == GW_TYPE_TIME) {
        lower_time(e, op, want, a, left, b, right);
    } else if (type->kind == GW_TYPE_DEC) {
        bool small = gw_lower_is_small(type) && gw_lower_is_small(left) && gw_lower_is_small(right);
        unsigned base = small ? GW_VMOP_ADD_D64 : GW_VMOP_ADD_D128;
        gw_emit_insn(e, (enum gw_vm_op)(base + arith_index(op)), type->precision, want, a, b);
    } else if (type->kind == GW_TYPE_DUR) {
        /* a dur by a number of any kind: in 128 bits, then back */
        gw_emit_insn(e, int_op(op, GW_TYPE_I128), 0, want, a, b);
        gw_emit_insn(e, GW_VMOP_CONV, 0, want, want, gw_emit_type(e, type));
    } else {
        gw_emit_insn(e, int_op(op, type->kind), 0, want, a, b);
    }
}

static uint32_t target(struct gw_emit *e, uint32_t want)
{
    return want == GW_ANY ? gw_emit_temp(e, 1) : want;
}

/** true and false meet in one register. */
static uint32_t lower_condition(struct gw_emit *e, const struct gw_expr *expr, uint32_t want)
{
    struct gw_label no = {0};
    uint32_t reg = gw_emit_temp(e, 1); /* `want` may be an operand of the condition */
    gw_emit_int(e, reg, 0);
    gw_lower_branch(e, expr, false, &no);
    gw_emit_int(e, reg, 1);
    gw_emit_place(e, &no);
    if (want == GW_ANY)
        return reg;
    gw_emit_move(e, want, reg);
    return want;
}

static uint32_t lower_binary(struct gw_emit *e, const struct gw_expr *expr, uint32_t want)
{
    if (expr->op == GW_AST_OP_OR || expr->op == GW_AST_OP_AND)
        return lower_condition(e, expr, want);
    const struct gw_type *left = expr->items[0]->is.type, *right = expr->items[1]->is.type;
    uint32_t to = target(e, want), mark = e->top;
    uint32_t a = gw_lower(e, expr->items[0], GW_ANY), b = gw_lower(e, expr->items[1], GW_ANY);
    if (expr->op >= GW_AST_OP_EQ && expr->op <= GW_AST_OP_GE) {
        gw_lower_compare(e, expr->op, wider(left, right), to, a, b);
    } else {
        gw_lower_binary_to(e, expr->op, expr->is.type, a, left, b, right, to);
    }
    e->top = mark;
    return to;
}

static uint32_t lower_unary(struct gw_emit *e, const struct gw_expr *expr, uint32_t want)
{
    const struct gw_type *type = expr->items[0]->is.type;
    uint32_t to = target(e, want), mark = e->top;
    uint32_t a = gw_lower(e, expr->items[0], GW_ANY);
    if (expr->op == GW_AST_OP_NOT) {
        gw_emit_insn(e, GW_VMOP_NOT, 0, to, a, 0);
    } else {
        uint32_t zero = gw_emit_temp(e, 1);
        gw_emit_int(e, zero, 0);
        gw_lower_binary_to(e, GW_AST_OP_SUB, expr->is.type, zero, type, a, type, to);
    }
    e->top = mark;
    return to;
}

bool gw_lower_is_row_field(const struct gw_emit *e, const struct gw_expr *expr)
{
    if (expr->is_constant || expr->kind != GW_EXPR_FIELD || expr->ref.kind == GW_REF_ABSENT ||
        expr->ref.kind == GW_REF_VER)
        return false;
    enum gw_shape shape = expr->object->is.shape;
    return !e->fn->migrate && (shape == GW_SHAPE_ROW_REF || shape == GW_SHAPE_OPT_ROW_REF);
}

bool gw_lower_is_plain(const struct gw_expr *expr)
{
    return expr->is_constant || (expr->kind == GW_EXPR_NAME && expr->ref.kind == GW_REF_LOCAL);
}

/** The three forms of a comparison that jumps, in the order of GW_VMOPS_OF_JUMP. */
enum jump_form { JUMP_REGISTERS, JUMP_CONSTANT, JUMP_FIELD };

static enum gw_vm_op jump_op(enum gw_ast_op op, bool sense, enum jump_form form)
{
    static const enum gw_vm_op if_true[] = {
        [GW_AST_OP_EQ] = GW_VMOP_JEQ_64, [GW_AST_OP_NE] = GW_VMOP_JNE_64,
        [GW_AST_OP_LT] = GW_VMOP_JLT_64, [GW_AST_OP_LE] = GW_VMOP_JLE_64,
        [GW_AST_OP_GT] = GW_VMOP_JGT_64, [GW_AST_OP_GE] = GW_VMOP_JGE_64,
    };
    static const enum gw_vm_op if_false[] = {
        [GW_AST_OP_EQ] = GW_VMOP_JNE_64, [GW_AST_OP_NE] = GW_VMOP_JEQ_64,
        [GW_AST_OP_LT] = GW_VMOP_JGE_64, [GW_AST_OP_LE] = GW_VMOP_JGT_64,
        [GW_AST_OP_GT] = GW_VMOP_JLE_64, [GW_AST_OP_GE] = GW_VMOP_JLT_64,
    };
    return (enum gw_vm_op)((sense ? if_true[op] : if_false[op]) + (unsigned)form);
}

/** The operator with its sides exchanged. */
static enum gw_ast_op mirrored(enum gw_ast_op op)
{
    switch (op) {
    case GW_AST_OP_LT:
        return GW_AST_OP_GT;
    case GW_AST_OP_LE:
        return GW_AST_OP_GE;
    case GW_AST_OP_GT:
        return GW_AST_OP_LT;
    case GW_AST_OP_GE:
        return GW_AST_OP_LE;
    default:
        return op;
    }
}

static bool is_small_constant(const struct gw_expr *expr)
{
    if (!expr->is_constant)
        return false;
    int64_t value = (int64_t)expr->constant.i;
    return value >= INT16_MIN && value <= INT16_MAX;
}

/**
 * 64-bit comparisons of a condition jump without a bool in between. A field is compared where it lies when nothing
 * that could end the run is evaluated behind it: the first of two aborts must stay the first.
 */
static bool branch_compare(struct gw_emit *e, const struct gw_expr *expr, bool sense,
                           struct gw_label *to)
{
    if (expr->kind != GW_EXPR_BINARY || expr->op < GW_AST_OP_EQ || expr->op > GW_AST_OP_GE)
        return false;
    const struct gw_expr *left = expr->items[0], *right = expr->items[1];
    const struct gw_type *type = wider(left->is.type, right->is.type);
    enum gw_ast_op op = expr->op;
    bool equality = op == GW_AST_OP_EQ || op == GW_AST_OP_NE;
    if (!type || !gw_lower_is_small(type) || (!equality && is_u64(type)))
        return false;
    uint32_t mark = e->top;
    if (is_small_constant(left) || gw_lower_is_row_field(e, right)) {
        const struct gw_expr *swap = left;
        left = right;
        right = swap;
        op = mirrored(op);
    }
    if (gw_lower_is_row_field(e, left) && (gw_lower_is_plain(right) || left == expr->items[1])) {
        uint32_t by = gw_lower(e, right, GW_ANY), row = gw_lower(e, left->object, GW_ANY);
        gw_emit_jump_x(e, jump_op(op, sense, JUMP_FIELD), left->ref.index, row, by, to);
    } else if (is_small_constant(right)) {
        uint32_t a = gw_lower(e, left, GW_ANY);
        gw_emit_jump(e, jump_op(op, sense, JUMP_CONSTANT), a, (uint16_t)(int64_t)right->constant.i,
                     to);
    } else {
        uint32_t a = gw_lower(e, left, GW_ANY), b = gw_lower(e, right, GW_ANY);
        gw_emit_jump(e, jump_op(op, sense, JUMP_REGISTERS), a, b, to);
    }
    e->top = mark;
    return true;
}

void gw_lower_branch(struct gw_emit *e, const struct gw_expr *expr, bool sense, struct gw_label *to)
{
    bool is_or = expr->op == GW_AST_OP_OR, is_and = expr->op == GW_AST_OP_AND;
    if (expr->is_constant) {
        if ((expr->constant.u != 0) == sense)
            gw_emit_jump(e, GW_VMOP_JMP, 0, 0, to);
    } else if (expr->kind == GW_EXPR_UNARY && expr->op == GW_AST_OP_NOT) {
        gw_lower_branch(e, expr->items[0], !sense, to);
    } else if (expr->kind == GW_EXPR_BINARY && (is_or || is_and)) {
        struct gw_label past = {0};
        /* the first side alone may decide; which way depends on the operator */
        gw_lower_branch(e, expr->items[0], is_or, is_or == sense ? to : &past);
        gw_lower_branch(e, expr->items[1], sense, to);
        gw_emit_place(e, &past);
    } else if (gw_lower_is_row_field(e, expr)) {
        uint32_t mark = e->top, row = gw_lower(e, expr->object, GW_ANY);
        gw_emit_jump(e, sense ? GW_VMOP_JTF : GW_VMOP_JFF, row, expr->ref.index, to);
        e->top = mark;
    } else if (!branch_compare(e, expr, sense, to)) {
        uint32_t mark = e->top;
        uint32_t reg = gw_lower(e, expr, GW_ANY);
        gw_emit_jump(e, sense ? GW_VMOP_JT : GW_VMOP_JF, reg, 0, to);
        e->top = mark;
    }
}

/** What a value of `from` needs before it may stand for `to`. */
static void check_fit(struct gw_emit *e, const struct gw_type *from, const struct gw_type *to,
                      uint32_t reg)
{
    if (is_text(to) && is_text(from) && from->max > to->max) {
        gw_emit_insn(e, GW_VMOP_CHKLEN, 0, reg, 0, to->max);
    } else if (to->kind == GW_TYPE_LIST && from->kind == GW_TYPE_LIST && from->max > to->max) {
        gw_emit_insn(e, GW_VMOP_CHKLEN, 1, reg, 0, to->max);
    } else if (to->kind == GW_TYPE_DEC && from->kind == GW_TYPE_DEC &&
               from->precision > to->precision) {
        gw_emit_insn(e, GW_VMOP_DEC_FIT, to->precision, reg, reg, 0);
    }
}

uint32_t gw_lower_as(struct gw_emit *e, const struct gw_expr *expr, const struct gw_type *to,
                     uint32_t want)
{
    uint32_t reg = gw_lower(e, expr, want);
    if (to && expr->is.type && !expr->is_constant)
        check_fit(e, expr->is.type, to, reg);
    return reg;
}

static void convert_dec(struct gw_emit *e, const struct gw_type *from, const struct gw_type *to,
                        uint32_t want, uint32_t reg)
{
    if (from->kind != GW_TYPE_DEC) {
        bool is_unsigned = !gw_type_is_signed(base_kind(from));
        gw_emit_insn(e, GW_VMOP_DEC_OF, is_unsigned, want, reg, gw_emit_type(e, to));
        return;
    }
    gw_emit_insn(e, GW_VMOP_DEC_ROUND, 0, want, reg, 0);
    gw_emit_insn(e, GW_VMOP_EXT, GW_CODE_HALF_EVEN, from->scale, 0,
                 (uint32_t)to->scale << 8 | to->precision);
}

/** Between units of time: exact, or ARITH. */
static void convert_time(struct gw_emit *e, const struct gw_type *from, const struct gw_type *to,
                         uint32_t want, uint32_t reg)
{
    int64_t coarse = gw_time_unit_ns(from->unit), fine = gw_time_unit_ns(to->unit);
    uint32_t ratio = gw_emit_temp(e, 2);
    struct gw_label exact = {0};
    if (coarse >= fine) {
        gw_emit_int(e, ratio, coarse / fine);
        gw_emit_insn(e, GW_VMOP_MUL_I64, 0, want, reg, ratio);
        return;
    }
    gw_emit_int(e, ratio, fine / coarse);
    gw_emit_insn(e, GW_VMOP_MOD_I64, 0, ratio + 1, reg, ratio);
    gw_emit_jump(e, GW_VMOP_JF, ratio + 1, 0, &exact);
    gw_emit_insn(e, GW_VMOP_ABORT, GW_ABORT_ARITH, 0, 0, 0);
    gw_emit_place(e, &exact);
    gw_emit_insn(e, GW_VMOP_DIV_I64, 0, want, reg, ratio);
}

static void convert_text(struct gw_emit *e, const struct gw_type *from, const struct gw_type *to,
                         uint32_t want, uint32_t reg)
{
    if (to->kind == GW_TYPE_STR) {
        gw_emit_insn(e, GW_VMOP_STR_OF, 0, want, reg, gw_emit_type(e, from));
    } else {
        gw_emit_move(e, want, reg);
    }
    gw_emit_insn(e, GW_VMOP_CHKLEN, 0, want, 0, to->max);
}

static uint32_t lower_convert(struct gw_emit *e, const struct gw_expr *expr, uint32_t want)
{
    const struct gw_type *from = expr->items[0]->is.type, *to = expr->is.type;
    uint32_t result = target(e, want), mark = e->top;
    uint32_t reg = gw_lower(e, expr->items[0], GW_ANY);
    bool is_unsigned = from->kind == GW_TYPE_BOOL ||
                       (gw_type_is_integer(base_kind(from)) && !gw_type_is_signed(base_kind(from)));
    if (is_text(to)) {
        convert_text(e, from, to, result, reg);
    } else if (gw_type_equal(from, to) || from->kind == GW_TYPE_UUID || to->kind == GW_TYPE_UUID) {
        gw_emit_move(e, result, reg);
    } else if (to->kind == GW_TYPE_DEC) {
        convert_dec(e, from, to, result, reg);
    } else if (to->kind == GW_TYPE_TIME && from->kind == GW_TYPE_TIME) {
        convert_time(e, from, to, result, reg);
    } else {
        gw_emit_insn(e, GW_VMOP_CONV, is_unsigned, result, reg, gw_emit_type(e, to));
    }
    e->top = mark;
    return result;
}

/** fn(args): they stand side by side, the machine copies them into the callee's window. */
static uint32_t lower_call(struct gw_emit *e, const struct gw_expr *expr, uint32_t want)
{
    const struct gw_fn *callee = e->build->fns[expr->ref.decl->as.function.index].fn;
    uint32_t to = target(e, want), mark = e->top;
    uint32_t args = gw_emit_temp(e, expr->item_count);
    for (uint32_t i = 0; i < expr->item_count; i++)
        gw_lower_as(e, expr->items[i], callee->params[i].type, args + i);
    gw_emit_insn(e, GW_VMOP_CALL, 0, to, args, gw_emit_callee(e, callee));
    e->top = mark;
    return to;
}

static uint32_t lower_tuple(struct gw_emit *e, const struct gw_expr *expr, uint32_t want)
{
    uint32_t to = target(e, want), mark = e->top;
    uint32_t items = gw_emit_temp(e, expr->item_count);
    for (uint32_t i = 0; i < expr->item_count; i++)
        gw_lower_as(e, expr->items[i], expr->is.type->items[i], items + i);
    gw_emit_insn(e, GW_VMOP_TUPLE, 0, to, items, expr->item_count);
    e->top = mark;
    return to;
}

static uint32_t lower_name(struct gw_emit *e, const struct gw_expr *expr, uint32_t want)
{
    uint32_t reg;
    switch (expr->ref.kind) {
    case GW_REF_LOCAL:
        reg = e->reg_of_slot[expr->ref.local->slot];
        break;
    case GW_REF_FIELD: /* bare, in `where`: the parameter */
        reg = expr->ref.index;
        break;
    default: /* a counter without a key */
        reg = target(e, want);
        gw_emit_insn(e, GW_VMOP_COUNTER, 0, reg, 0, gw_build_position(e->build, expr->ref.decl));
        return reg;
    }
    if (want == GW_ANY || want == reg)
        return reg;
    gw_emit_move(e, want, reg);
    return want;
}

/** object! of something that is no E[k] itself. */
static uint32_t lower_unwrap(struct gw_emit *e, const struct gw_expr *expr, uint32_t want)
{
    const struct gw_expr *object = expr->object;
    if (object->kind == GW_EXPR_INDEX && object->is.shape == GW_SHAPE_OPT_ROW_REF)
        return gw_lower_index(e, object, true, want);
    uint32_t to = target(e, want), mark = e->top;
    uint32_t reg = gw_lower(e, object, GW_ANY);
    bool is_row = object->is.shape == GW_SHAPE_OPT_ROW_REF || object->is.shape == GW_SHAPE_ROW_REF;
    gw_emit_insn(e, is_row ? GW_VMOP_ROWMUST : GW_VMOP_UNWRAPX, 0, to, reg, 0);
    e->top = mark;
    return to;
}

/** NOLINTNEXTLINE(misc-no-recursion): the tree is at most GW_LANG_EXPR_DEPTH_MAX deep */
uint32_t gw_lower(struct gw_emit *e, const struct gw_expr *expr, uint32_t want)
{
    uint32_t reg, mark;
    if (expr->is_constant) {
        reg = target(e, want);
        gw_emit_const(e, reg, expr->is.type, expr->constant);
        return reg;
    }
    switch (expr->kind) {
    case GW_EXPR_INT:
    case GW_EXPR_DECIMAL:
    case GW_EXPR_STRING:
    case GW_EXPR_BYTES:
    case GW_EXPR_BOOL:
    case GW_EXPR_DURATION:
        GW_UNREACHABLE_CODE(); /* literals are constants */
    case GW_EXPR_NAME:
        return lower_name(e, expr, want);
    case GW_EXPR_TUPLE:
        return lower_tuple(e, expr, want);
    case GW_EXPR_LIST:
        reg = target(e, want);
        gw_emit_insn(e, GW_VMOP_LIST, 0, reg, 0, 0);
        return reg;
    case GW_EXPR_NONE:
        reg = target(e, want);
        gw_emit_insn(e, GW_VMOP_NONE, 0, reg, 0, 0);
        return reg;
    case GW_EXPR_SOME:
        reg = target(e, want);
        mark = e->top;
        gw_emit_insn(e, GW_VMOP_SOME, 0, reg,
                     gw_lower_as(e, expr->items[0], expr->is.type->items[0], GW_ANY), 0);
        e->top = mark;
        return reg;
    case GW_EXPR_CALL:
        return expr->ref.kind == GW_REF_FN ? lower_call(e, expr, want)
                                           : gw_lower_builtin(e, expr, want);
    case GW_EXPR_CONVERT:
        return lower_convert(e, expr, want);
    case GW_EXPR_METHOD:
        return gw_lower_method(e, expr, want);
    case GW_EXPR_CREATE:
        return gw_lower_create(e, expr, want);
    case GW_EXPR_FIELD:
        return gw_lower_field(e, expr, want);
    case GW_EXPR_ITEM:
        reg = target(e, want);
        mark = e->top;
        gw_emit_insn(e, GW_VMOP_ITEM, 0, reg, gw_lower(e, expr->object, GW_ANY),
                     (uint32_t)expr->number);
        e->top = mark;
        return reg;
    case GW_EXPR_INDEX:
        return gw_lower_index(e, expr, false, want);
    case GW_EXPR_UNWRAP:
        return lower_unwrap(e, expr, want);
    case GW_EXPR_UNARY:
        return lower_unary(e, expr, want);
    case GW_EXPR_BINARY:
        return lower_binary(e, expr, want);
    }
    GW_UNREACHABLE_CODE();
}
