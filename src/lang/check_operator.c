/* Arithmetic, comparison and logic; and folding them where both sides are known. */
#include "base/int.h"
#include "lang/check_int.h"

static const struct gw_type *no_operator(struct gw_checker *checker, enum gw_ast_op op,
                                         const struct gw_type *left, const struct gw_type *right,
                                         struct gw_span span)
{
    struct gw_text a = gw_check_type_text(checker, left), b = gw_check_type_text(checker, right);
    struct gw_diag *diag =
        gw_check_error(checker, 1031, span, "`%s` does not go with %.*s and %.*s",
                       gw_ast_op_text(op), GW_TEXT_ARG(a), GW_TEXT_ARG(b));
    if (left->kind == GW_TYPE_DEC && right->kind == GW_TYPE_DEC && op == GW_AST_OP_DIV) {
        gw_diags_hint(checker->diags, diag, "div(a, b, %u, half_even) says how to round",
                      left->scale);
    } else if (left->kind == GW_TYPE_DEC && right->kind == GW_TYPE_DEC) {
        gw_diags_hint(checker->diags, diag,
                      "equal digits after the point are needed: round(x, %u, half_even)",
                      left->scale);
    } else if (gw_type_is_integer(left->kind) && gw_type_is_integer(right->kind)) {
        gw_diags_hint(checker->diags, diag, "nothing is converted silently: write `%.*s(…)`",
                      GW_TEXT_ARG(a));
    } else if (left->kind == GW_TYPE_STR && right->kind == GW_TYPE_STR && op == GW_AST_OP_ADD) {
        gw_diags_hint(checker->diags, diag, "concat(a, b) joins strings");
    } else if (left->kind == GW_TYPE_OPT || right->kind == GW_TYPE_OPT) {
        gw_diags_hint(checker->diags, diag, "unwrap the opt with `!`, `else fail` or `match`");
    }
    return NULL;
}

static const struct gw_type *dec_arith(struct gw_checker *checker, enum gw_ast_op op,
                                       const struct gw_type *left, const struct gw_type *right,
                                       const struct gw_type *hint, struct gw_span span)
{
    unsigned scale = left->scale, precision = GW_MAX(left->precision, right->precision);
    if (op == GW_AST_OP_MUL) {
        scale = left->scale + right->scale;
        precision = left->precision + right->precision;
    } else if ((op != GW_AST_OP_ADD && op != GW_AST_OP_SUB) || left->scale != right->scale) {
        return no_operator(checker, op, left, right, span);
    }
    if (scale > GW_DEC_DIGITS_MAX)
        return no_operator(checker, op, left, right, span);
    if (hint != NULL && hint->kind == GW_TYPE_DEC && hint->scale == scale)
        return hint;
    return gw_check_dec_of(checker, precision, scale);
}

const struct gw_type *gw_check_arith(struct gw_checker *checker, enum gw_ast_op op,
                                     const struct gw_type *left, const struct gw_type *right,
                                     const struct gw_type *hint, struct gw_span span)
{
    enum gw_type_kind a = left->kind, b = right->kind;
    bool adds = op == GW_AST_OP_ADD || op == GW_AST_OP_SUB;
    if (gw_type_is_integer(a) && a == b)
        return left;
    if (a == GW_TYPE_DEC && b == GW_TYPE_DEC)
        return dec_arith(checker, op, left, right, hint, span);
    if (adds && b == GW_TYPE_DUR && (a == GW_TYPE_DUR || a == GW_TYPE_TIME))
        return left;
    if (op == GW_AST_OP_ADD && a == GW_TYPE_DUR && b == GW_TYPE_TIME)
        return right;
    if (op == GW_AST_OP_SUB && a == GW_TYPE_TIME && b == GW_TYPE_TIME && left->unit == right->unit)
        return gw_type_of_kind(GW_TYPE_DUR);
    if ((op == GW_AST_OP_MUL || op == GW_AST_OP_DIV) && a == GW_TYPE_DUR && gw_type_is_integer(b))
        return left;
    return no_operator(checker, op, left, right, span);
}

/* ---- folding ---- */

static bool fold_int(enum gw_ast_op op, bool is_signed, union gw_value a, union gw_value b,
                     union gw_value *ret)
{
    bool is_zero = b.u == 0;
    switch (op) {
    case GW_AST_OP_ADD:
        return is_signed ? !__builtin_add_overflow(a.i, b.i, &ret->i)
                         : !__builtin_add_overflow(a.u, b.u, &ret->u);
    case GW_AST_OP_SUB:
        return is_signed ? !__builtin_sub_overflow(a.i, b.i, &ret->i)
                         : !__builtin_sub_overflow(a.u, b.u, &ret->u);
    case GW_AST_OP_MUL:
        return is_signed ? !__builtin_mul_overflow(a.i, b.i, &ret->i)
                         : !__builtin_mul_overflow(a.u, b.u, &ret->u);
    default: /* DIV, MOD */
        if (is_zero || (is_signed && b.i == -1 && a.u << 1 == 0 && a.u != 0))
            return false;
        if (is_signed) {
            ret->i = op == GW_AST_OP_DIV ? a.i / b.i : a.i % b.i;
        } else {
            ret->u = op == GW_AST_OP_DIV ? a.u / b.u : a.u % b.u;
        }
        return true;
    }
}

static bool in_range(const struct gw_type *type, union gw_value value)
{
    gw_i128 least;
    gw_u128 most;
    gw_type_range(type, &least, &most);
    if (gw_type_is_integer(type->kind) && !gw_type_is_signed(type->kind))
        return value.u <= most;
    return value.i < 0 ? value.i >= least : (gw_u128)value.i <= most;
}

void gw_check_fold(struct gw_checker *checker, struct gw_expr *expr)
{
    const struct gw_type *type = expr->is.type;
    const struct gw_expr *left = expr->items[0], *right = expr->items[1];
    if (expr->is.shape != GW_SHAPE_VALUE || !left->is_constant || !right->is_constant)
        return;
    bool is_int = gw_type_is_integer(type->kind);
    bool is_number = is_int || type->kind == GW_TYPE_DEC || type->kind == GW_TYPE_DUR;
    if (!is_number || left->is.type->kind != type->kind)
        return;
    bool is_signed = !is_int || gw_type_is_signed(type->kind);
    if (fold_int(expr->op, is_signed, left->constant, right->constant, &expr->constant) &&
        in_range(type, expr->constant)) {
        expr->is_constant = true;
        return;
    }
    struct gw_text text = gw_check_type_text(checker, type);
    gw_check_error(checker, 1036, expr->span, "%.*s does not hold the result", GW_TEXT_ARG(text));
}

/* ---- both sides ---- */

static bool is_enumerator(const struct gw_checker *checker, const struct gw_expr *expr)
{
    const struct gw_decl *decl;
    uint32_t index;
    return expr->kind == GW_EXPR_NAME && gw_check_local(checker, expr->name.text) == NULL &&
           gw_check_find(checker, expr->name.text) == NULL &&
           gw_check_members(checker, expr->name.text, &decl, &index) > 0;
}

/** Checks both; one that is bare takes the type of the other, or of `hint`. @return both are values */
static bool both(struct gw_checker *checker, struct gw_expr *expr, const struct gw_type *hint,
                 bool is_seen)
{
    struct gw_expr *left = expr->items[0], *right = expr->items[1];
    bool right_first = is_enumerator(checker, left);
    struct gw_expr *one = right_first ? right : left, *other = right_first ? left : right;
    if (!is_seen)
        gw_check_expr(checker, one, NULL);
    const struct gw_type *type = one->is.shape == GW_SHAPE_VALUE ? one->is.type : NULL;
    bool by_type = type != NULL && type->kind == GW_TYPE_ENUM;
    if (!is_seen)
        gw_check_expr(checker, other, by_type ? type : NULL);
    bool is_scaled = expr->op == GW_AST_OP_MUL;
    const struct gw_type *one_type = one->is.shape == GW_SHAPE_VALUE ? one->is.type : hint;
    const struct gw_type *other_type = other->is.shape == GW_SHAPE_VALUE ? other->is.type : hint;
    if (gw_check_is_bare(one) && other_type != NULL) {
        bool of_dur = is_scaled && other_type->kind == GW_TYPE_DUR;
        gw_check_expr(checker, one, of_dur ? gw_type_of_kind(GW_TYPE_I64) : other_type);
    }
    if (gw_check_is_bare(other) && one_type != NULL) {
        bool of_dur = one_type->kind == GW_TYPE_DUR;
        gw_check_expr(checker, other, of_dur ? gw_type_of_kind(GW_TYPE_I64) : one_type);
    }
    return one->is.shape == GW_SHAPE_VALUE && other->is.shape == GW_SHAPE_VALUE;
}

/** In `a.bal * 1.05` the literal has its own digits, not those of the place. */
static void own_digits(struct gw_checker *checker, struct gw_expr *expr)
{
    bool is_int = expr->kind == GW_EXPR_INT;
    if (!is_int && expr->kind != GW_EXPR_DECIMAL)
        return;
    char digits[GW_INT_TEXT_MAX];
    size_t len = gw_i128_text(expr->number, digits);
    unsigned scale = is_int ? 0 : expr->scale;
    gw_check_expr(checker, expr, gw_check_dec_of(checker, (unsigned)len, scale));
}

static bool is_dec(const struct gw_expr *expr)
{
    return expr->is.shape == GW_SHAPE_VALUE && expr->is.type->kind == GW_TYPE_DEC;
}

static void arithmetic(struct gw_checker *checker, struct gw_expr *expr, const struct gw_type *hint)
{
    struct gw_expr *left = expr->items[0], *right = expr->items[1];
    bool scales = expr->op == GW_AST_OP_MUL;
    if (scales) {
        gw_check_expr(checker, left, NULL);
        gw_check_expr(checker, right, NULL);
        if (is_dec(left) && gw_check_is_bare(right)) {
            own_digits(checker, right);
        } else if (is_dec(right) && gw_check_is_bare(left)) {
            own_digits(checker, left);
        }
    }
    bool done = scales && is_dec(left) && is_dec(right);
    if (!done && !both(checker, expr, hint, scales)) {
        if (gw_check_is_bare(left) && gw_check_is_bare(right)) {
            expr->is = left->is.shape == GW_SHAPE_BARE_DEC ? left->is : right->is;
        } else {
            gw_check_seen(checker, left);
            gw_check_seen(checker, right);
        }
        return;
    }
    expr->is = gw_shaped_value(
        gw_check_arith(checker, expr->op, left->is.type, right->is.type, hint, expr->span));
    gw_check_fold(checker, expr);
}

static bool has_order(const struct gw_type *type)
{
    switch (type->kind) {
    case GW_TYPE_BOOL:
    case GW_TYPE_ENUM:
    case GW_TYPE_OPT:
    case GW_TYPE_LIST:
    case GW_TYPE_REAL:
    case GW_TYPE_TUPLE:
        return false;
    default: /* numbers, times, text, uuid */
        return true;
    }
}

static void comparison(struct gw_checker *checker, struct gw_expr *expr)
{
    struct gw_expr *left = expr->items[0], *right = expr->items[1];
    expr->is = gw_shaped_value(gw_type_of_kind(GW_TYPE_BOOL));
    if (!both(checker, expr, NULL, false)) {
        gw_check_seen(checker, left);
        gw_check_seen(checker, right);
        return;
    }
    const struct gw_type *a = left->is.type, *b = right->is.type;
    bool same = gw_check_fits(a, b) || gw_check_fits(b, a) ||
                (a->kind == b->kind && a->kind == GW_TYPE_DEC && a->scale == b->scale);
    bool ordered = expr->op == GW_AST_OP_EQ || expr->op == GW_AST_OP_NE || has_order(a);
    if (!same || !ordered)
        no_operator(checker, expr->op, a, b, expr->span);
}

static void negation(struct gw_checker *checker, struct gw_expr *expr, const struct gw_type *hint)
{
    struct gw_expr *inner = expr->items[0];
    gw_check_expr(checker, inner, hint);
    expr->is = inner->is;
    if (gw_check_is_bare(inner))
        return;
    const struct gw_type *type = gw_check_seen(checker, inner);
    if (type == NULL)
        return;
    bool ok = type->kind == GW_TYPE_DEC || type->kind == GW_TYPE_DUR ||
              (gw_type_is_integer(type->kind) && gw_type_is_signed(type->kind));
    if (!ok) {
        struct gw_text text = gw_check_type_text(checker, type);
        gw_check_error(checker, 1031, expr->span, "%.*s has no negative", GW_TEXT_ARG(text));
        expr->is.shape = GW_SHAPE_UNKNOWN;
        return;
    }
    union gw_value value = {.i = 0};
    expr->is_constant = inner->is_constant &&
                        !__builtin_sub_overflow((gw_i128)0, inner->constant.i, &value.i) &&
                        in_range(type, value);
    expr->constant = value;
}

void gw_check_operator(struct gw_checker *checker, struct gw_expr *expr, const struct gw_type *hint)
{
    const struct gw_type *boolean = gw_type_of_kind(GW_TYPE_BOOL);
    switch (expr->op) {
    case GW_AST_OP_OR:
    case GW_AST_OP_AND:
        gw_check_value(checker, expr->items[0], boolean);
        gw_check_value(checker, expr->items[1], boolean);
        expr->is = gw_shaped_value(boolean);
        return;
    case GW_AST_OP_NOT:
        gw_check_value(checker, expr->items[0], boolean);
        expr->is = gw_shaped_value(boolean);
        return;
    case GW_AST_OP_NEG:
        negation(checker, expr, hint);
        return;
    case GW_AST_OP_ADD:
    case GW_AST_OP_SUB:
    case GW_AST_OP_MUL:
    case GW_AST_OP_DIV:
    case GW_AST_OP_MOD:
        arithmetic(checker, expr, hint);
        return;
    default: /* the comparisons */
        comparison(checker, expr);
        return;
    }
}
