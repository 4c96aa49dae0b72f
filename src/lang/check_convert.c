/** Conversions: `u64(x)`, `str<9>(x)`. What they may lose aborts when it runs. */
#include "lang/check_int.h"

static bool is_text(const struct gw_type *type)
{
    return type != NULL && (type->kind == GW_TYPE_STR || type->kind == GW_TYPE_BYTES);
}

static bool converts(const struct gw_type *from, const struct gw_type *to)
{
    bool from_int = gw_type_is_integer(from->kind) || from->kind == GW_TYPE_ENUM;
    if (gw_type_is_integer(to->kind)) {
        return from_int || from->kind == GW_TYPE_BOOL || from->kind == GW_TYPE_TIME ||
               from->kind == GW_TYPE_DUR ||
               (from->kind == GW_TYPE_UUID && to->kind == GW_TYPE_U128);
    }
    switch (to->kind) {
    case GW_TYPE_DEC:
        return gw_type_is_integer(from->kind) ||
               (from->kind == GW_TYPE_DEC && from->scale <= to->scale);
    case GW_TYPE_TIME:
        return gw_type_is_integer(from->kind) || from->kind == GW_TYPE_TIME;
    case GW_TYPE_DUR:
        return gw_type_is_integer(from->kind) || from->kind == GW_TYPE_DUR;
    case GW_TYPE_STR:
        return from->kind == GW_TYPE_STR || from->kind == GW_TYPE_BYTES;
    case GW_TYPE_BYTES:
        return from->kind == GW_TYPE_STR || from->kind == GW_TYPE_BYTES;
    case GW_TYPE_UUID:
        return from->kind == GW_TYPE_U128;
    default: /* bool, real */
        return false;
    }
}

/** str(x): decimal text of a number, the name of an enum member. @return the bound; 0 when there is no such text */
static size_t text_bound(const struct gw_type *from)
{
    size_t longest = 0;
    switch (from->kind) {
    case GW_TYPE_BOOL:
        return 5;
    case GW_TYPE_DEC:
    case GW_TYPE_UUID:
    case GW_TYPE_TIME:
    case GW_TYPE_DUR:
        return 41;
    case GW_TYPE_STR:
        return from->max;
    case GW_TYPE_ENUM:
        for (uint32_t i = 0; i < from->members->member_count; i++)
            longest = GW_MAX(longest, from->members->members[i].name.len);
        return longest;
    default: /* integers have at most 40 characters */
        return gw_type_is_integer(from->kind) ? 40 : 0;
    }
}

static const struct gw_type *bare_source(struct gw_checker *checker, const struct gw_type *to,
                                         const struct gw_expr *arg)
{
    if (gw_type_is_integer(to->kind) || to->kind == GW_TYPE_DEC)
        return to; /* u64(5), dec<18,2>(5): the literal itself */
    if (arg->is.shape == GW_SHAPE_BARE_INT)
        return gw_type_of_kind(to->kind == GW_TYPE_UUID ? GW_TYPE_U128 : GW_TYPE_I64);
    (void)checker;
    return NULL;
}

void gw_check_convert(struct gw_checker *checker, struct gw_expr *expr)
{
    struct gw_type_expr *to = expr->convert;
    expr->name = (struct gw_name){.text = to->name, .span = to->span};
    if (!gw_check_arg_count(checker, expr, 1, 1, "a conversion takes one value, as in u64(x)"))
        return;
    struct gw_expr *arg = expr->items[0];
    gw_check_expr(checker, arg, NULL);
    bool is_open = !to->has_args && (to->kind == GW_TYPE_STR || to->kind == GW_TYPE_BYTES);
    const struct gw_type *type = NULL;
    if (!is_open && (type = gw_check_type(checker, to)) == NULL)
        return;
    if (gw_check_is_bare(arg))
        gw_check_expr(checker, arg, type ? bare_source(checker, type, arg) : NULL);
    const struct gw_type *from = gw_check_seen(checker, arg);
    if (from == NULL)
        return;
    size_t bound = to->kind == GW_TYPE_STR ? text_bound(from) : is_text(from) ? from->max : 0;
    if (is_open && bound > 0)
        type = gw_check_text_of(checker, to->kind, bound);
    bool ok = type != NULL && (gw_check_fits(from, type) || converts(from, type) ||
                               (type->kind == GW_TYPE_STR && text_bound(from) > 0));
    if (!ok) {
        struct gw_text text = gw_check_type_text(checker, from);
        struct gw_diag *diag =
            gw_check_error(checker, 1035, expr->span, "%.*s cannot be converted to %.*s",
                           GW_TEXT_ARG(text), GW_TEXT_ARG(to->name));
        if (from->kind == GW_TYPE_DEC) {
            gw_diags_hint(checker->diags, diag,
                          type != NULL && type->kind == GW_TYPE_DEC
                              ? "round(x, digits, half_even) drops digits"
                              : "units(x) gives its smallest units");
        }
        return;
    }
    to->type = type;
    expr->is = gw_shaped_value(type);
    if (arg->is_constant && gw_type_equal(from, type)) {
        expr->is_constant = true;
        expr->constant = arg->constant;
    }
}
