/* Literals take the type of their place; names find what they stand for. */
#include "lang/check_int.h"

#include "base/int.h"

struct gw_shaped gw_shaped_value(const struct gw_type *type)
{
    return (struct gw_shaped){.shape = type ? GW_SHAPE_VALUE : GW_SHAPE_UNKNOWN, .type = type};
}

static void constant(struct gw_expr *expr, const struct gw_type *type, union gw_value value)
{
    expr->is = gw_shaped_value(type);
    expr->is_constant = true;
    expr->constant = value;
}

static void bare(struct gw_checker *checker, struct gw_expr *expr, enum gw_shape shape)
{
    expr->is = (struct gw_shaped){.shape = shape};
    checker->found_bare = true;
}

static void does_not_hold(struct gw_checker *checker, const struct gw_expr *expr,
                          const struct gw_type *type)
{
    struct gw_text text = gw_check_type_text(checker, type);
    struct gw_diag *diag = gw_check_error(checker, 1036, expr->span, "%.*s does not hold %.*s",
                                          GW_TEXT_ARG(text), GW_TEXT_ARG(expr->source));
    if (type->kind == GW_TYPE_DEC && expr->kind == GW_EXPR_DECIMAL && expr->scale > type->scale)
        gw_diags_hint(checker->diags, diag, "at most %u digits after the point", type->scale);
}

static void number(struct gw_checker *checker, struct gw_expr *expr, const struct gw_type *type)
{
    gw_i128 least;
    gw_u128 most;
    gw_type_range(type, &least, &most);
    bool above = expr->is_big || (expr->number > 0 && (gw_u128)expr->number > most);
    if (expr->is_big && (gw_u128)expr->number <= most)
        above = false;
    bool below = !expr->is_big && expr->number < 0 && expr->number < least;
    if (above || below) {
        does_not_hold(checker, expr, type);
        return;
    }
    constant(expr, type, (union gw_value){.i = expr->number});
}

static void decimal(struct gw_checker *checker, struct gw_expr *expr, const struct gw_type *type)
{
    gw_i128 value = expr->number, unit = 1;
    for (unsigned i = expr->scale; i > type->scale; i--) {
        if (value % 10 != 0) {
            does_not_hold(checker, expr, type);
            return;
        }
        value /= 10;
    }
    for (unsigned i = expr->scale; i < type->scale; i++)
        unit *= 10;
    gw_i128 most = (gw_i128)gw_pow10(type->precision) - 1, scaled;
    if (expr->is_big || __builtin_mul_overflow(value, unit, &scaled) || scaled > most ||
        scaled < -most) {
        does_not_hold(checker, expr, type);
        return;
    }
    constant(expr, type, (union gw_value){.i = scaled});
}

static void text(struct gw_checker *checker, struct gw_expr *expr, const struct gw_type *hint,
                 enum gw_type_kind kind)
{
    const struct gw_type *type = hint;
    if (hint == NULL || hint->kind != kind)
        type = gw_check_text_of(checker, kind, expr->bytes.len);
    if (type != NULL && expr->bytes.len > type->max) {
        struct gw_text name = gw_check_type_text(checker, type);
        gw_check_error(checker, 1036, expr->span, "%.*s does not hold %zu bytes", GW_TEXT_ARG(name),
                       expr->bytes.len);
        expr->is = (struct gw_shaped){.shape = GW_SHAPE_UNKNOWN};
        return;
    }
    constant(expr, type, (union gw_value){.bytes = expr->bytes});
}

void gw_check_literal(struct gw_checker *checker, struct gw_expr *expr, const struct gw_type *hint)
{
    bool is_dec = hint != NULL && hint->kind == GW_TYPE_DEC;
    switch (expr->kind) {
    case GW_EXPR_INT:
        if (is_dec) {
            decimal(checker, expr, hint);
        } else if (hint != NULL && gw_type_is_integer(hint->kind)) {
            number(checker, expr, hint);
        } else {
            bare(checker, expr, GW_SHAPE_BARE_INT);
        }
        break;
    case GW_EXPR_DECIMAL:
        if (is_dec) {
            decimal(checker, expr, hint);
        } else {
            bare(checker, expr, GW_SHAPE_BARE_DEC);
        }
        break;
    case GW_EXPR_STRING:
        text(checker, expr, hint, GW_TYPE_STR);
        break;
    case GW_EXPR_BYTES:
        text(checker, expr, hint, GW_TYPE_BYTES);
        break;
    case GW_EXPR_BOOL:
        constant(expr, gw_type_of_kind(GW_TYPE_BOOL), (union gw_value){.i = expr->number});
        break;
    case GW_EXPR_DURATION:
        constant(expr, gw_type_of_kind(GW_TYPE_DUR), (union gw_value){.i = expr->number});
        break;
    case GW_EXPR_NONE:
        if (hint != NULL && hint->kind == GW_TYPE_OPT) {
            constant(expr, hint, (union gw_value){.opt = NULL});
        } else {
            bare(checker, expr, GW_SHAPE_BARE_NONE);
        }
        break;
    default: /* LIST: [] */
        if (hint != NULL && hint->kind == GW_TYPE_LIST) {
            expr->is = gw_shaped_value(hint);
        } else {
            bare(checker, expr, GW_SHAPE_BARE_LIST);
        }
        break;
    }
}

/* ---- names ---- */

static bool suits(enum gw_shape shape, const struct gw_type *type)
{
    switch (shape) {
    case GW_SHAPE_BARE_INT:
        return gw_type_is_integer(type->kind) || type->kind == GW_TYPE_DEC;
    case GW_SHAPE_BARE_DEC:
        return type->kind == GW_TYPE_DEC;
    case GW_SHAPE_BARE_NONE:
        return type->kind == GW_TYPE_OPT;
    case GW_SHAPE_BARE_LIST:
        return type->kind == GW_TYPE_LIST;
    default: /* has a type */
        return false;
    }
}

static void local(struct gw_checker *checker, struct gw_expr *expr, struct gw_local *found,
                  const struct gw_type *hint)
{
    expr->ref = (struct gw_ref){.kind = GW_REF_LOCAL, .local = found};
    found->is_used = true;
    if (hint != NULL && suits(found->is.shape, hint)) {
        found->inferred = hint;
        found->is = gw_shaped_value(hint);
        checker->found_type = true;
    }
    checker->found_bare |= found->is.shape >= GW_SHAPE_BARE_INT;
    expr->is = found->is;
}

static void member(struct gw_expr *expr, const struct gw_type *type, uint32_t index)
{
    expr->ref = (struct gw_ref){.kind = GW_REF_MEMBER, .index = index};
    constant(expr, type, (union gw_value){.i = type->members->members[index].number});
}

static void of_const(struct gw_checker *checker, struct gw_expr *expr, struct gw_decl *decl)
{
    const struct gw_expr *value = decl->as.constant.value;
    expr->ref = (struct gw_ref){.kind = GW_REF_CONST, .decl = decl};
    if (decl->as.constant.state == 2 && value->is_constant) {
        constant(expr, decl->as.constant.type->type, value->constant);
    } else {
        expr->is = (struct gw_shaped){.shape = GW_SHAPE_UNKNOWN};
        if (decl->as.constant.state != 2) {
            gw_check_error(checker, 1037, expr->span, "`%.*s` is used before it is declared",
                           GW_TEXT_ARG(decl->name.text));
        }
    }
}

static void of_decl(struct gw_checker *checker, struct gw_expr *expr, struct gw_decl *decl)
{
    if (decl->kind == GW_DECL_CONST) {
        of_const(checker, expr, decl);
        return;
    }
    expr->ref = (struct gw_ref){.kind = GW_REF_DECL, .decl = decl};
    expr->is = (struct gw_shaped){.shape = GW_SHAPE_DECL, .decl = decl};
    if (decl->kind == GW_DECL_COUNTER && decl->as.counter.key == NULL &&
        gw_check_may_read(checker, expr->span, "a counter"))
        expr->is = gw_shaped_value(decl->as.counter.type->type);
}

static bool row_field(struct gw_checker *checker, struct gw_expr *expr)
{
    const struct gw_ast_entity *row = checker->row;
    for (uint32_t i = 0; row != NULL && i < row->field_count; i++) {
        if (!gw_text_equal(row->fields[i].name.text, expr->name.text))
            continue;
        expr->ref = (struct gw_ref){.kind = GW_REF_FIELD, .index = i};
        expr->is = gw_shaped_value(row->fields[i].type->type);
        if (checker->row_keys_only && i >= row->key_count) {
            struct gw_diag *diag = gw_check_error(
                checker, 1208, expr->span, "`%.*s` is no key field", GW_TEXT_ARG(expr->name.text));
            gw_diags_hint(
                checker->diags, diag,
                "`where` decides where a row lives; it may not change while the row lives");
        }
        return true;
    }
    return false;
}

static void enumerator(struct gw_checker *checker, struct gw_expr *expr)
{
    const struct gw_decl *decl = NULL;
    uint32_t index = 0;
    uint32_t found = gw_check_members(checker, expr->name.text, &decl, &index);
    if (found == 1) {
        member(expr, decl->as.enumeration.type, index);
        return;
    }
    expr->is = (struct gw_shaped){.shape = GW_SHAPE_UNKNOWN};
    if (found == 0) {
        gw_check_unknown_name(checker, &expr->name);
        return;
    }
    struct gw_diag *diag =
        gw_check_error(checker, 1041, expr->span, "%u enums have a member `%.*s`", found,
                       GW_TEXT_ARG(expr->name.text));
    gw_diags_hint(checker->diags, diag, "write `%.*s.%.*s`", GW_TEXT_ARG(decl->name.text),
                  GW_TEXT_ARG(expr->name.text));
}

void gw_check_name(struct gw_checker *checker, struct gw_expr *expr, const struct gw_type *hint)
{
    struct gw_local *found = gw_check_local(checker, expr->name.text);
    if (found != NULL) {
        local(checker, expr, found, hint);
        return;
    }
    if (row_field(checker, expr))
        return;
    int index = gw_check_member(hint, expr->name.text);
    if (index >= 0) {
        member(expr, hint, (uint32_t)index);
        return;
    }
    struct gw_decl *decl = gw_check_find(checker, expr->name.text);
    if (decl != NULL) {
        of_decl(checker, expr, decl);
    } else {
        enumerator(checker, expr);
    }
}
