#include "lang/check_int.h"

static struct gw_type *finished(struct gw_checker *checker, struct gw_type type)
{
    struct gw_type *made = GW_CHECK_ARRAY(checker, struct gw_type, 1);
    if (made == NULL)
        return NULL;
    *made = type;
    return gw_type_finish(made, NULL) < 0 ? NULL : made;
}

static const struct gw_type *const *one_item(struct gw_checker *checker, const struct gw_type *item)
{
    const struct gw_type **items = GW_CHECK_ARRAY(checker, const struct gw_type *, 1);
    if (items != NULL)
        items[0] = item;
    return items;
}

const struct gw_type *gw_check_opt_of(struct gw_checker *checker, const struct gw_type *item)
{
    const struct gw_type *const *items = one_item(checker, item);
    if (items == NULL)
        return NULL;
    return finished(checker,
                    (struct gw_type){.kind = GW_TYPE_OPT, .items = items, .item_count = 1});
}

const struct gw_type *gw_check_text_of(struct gw_checker *checker, enum gw_type_kind kind,
                                       size_t bytes_max)
{
    size_t max = GW_MIN(GW_MAX(bytes_max, (size_t)1), (size_t)GW_TYPE_TEXT_BYTES_MAX);
    return finished(checker, (struct gw_type){.kind = kind, .max = (uint32_t)max});
}

const struct gw_type *gw_check_dec_of(struct gw_checker *checker, unsigned precision,
                                      unsigned scale)
{
    precision = GW_MAX(GW_MIN(precision, 38u), GW_MAX(scale, 1u));
    return finished(checker, (struct gw_type){.kind = GW_TYPE_DEC,
                                              .precision = (uint8_t)precision,
                                              .scale = (uint8_t)scale});
}

const struct gw_type *gw_check_time_of(struct gw_checker *checker, enum gw_time_unit unit)
{
    return finished(checker, (struct gw_type){.kind = GW_TYPE_TIME, .unit = unit});
}

const struct gw_type *gw_check_tuple_of(struct gw_checker *checker,
                                        const struct gw_type *const *items, uint32_t count)
{
    const struct gw_type **copy = GW_CHECK_ARRAY(checker, const struct gw_type *, count);
    if (copy == NULL)
        return NULL;
    memcpy(copy, items, count * sizeof(*copy));
    return finished(checker,
                    (struct gw_type){.kind = GW_TYPE_TUPLE, .items = copy, .item_count = count});
}

/* ---- types as written ---- */

static const struct gw_type *out_of_range(struct gw_checker *checker,
                                          const struct gw_type_expr *expr, const char *rule)
{
    struct gw_diag *diag = gw_check_error(checker, 1028, expr->span, "no such type");
    gw_diags_hint(checker->diags, diag, "%s", rule);
    return NULL;
}

static const struct gw_type *of_kind(struct gw_checker *checker, const struct gw_type_expr *expr)
{
    struct gw_type type = {.kind = expr->kind, .unit = expr->unit};
    switch (expr->kind) {
    case GW_TYPE_DEC:
        if (expr->args[0] < 1 || expr->args[0] > 38 || expr->args[1] > expr->args[0]) {
            return out_of_range(checker, expr,
                                "dec<P,S>: P is 1 to 38 digits, S of them after the point");
        }
        type.precision = (uint8_t)expr->args[0];
        type.scale = (uint8_t)expr->args[1];
        break;
    case GW_TYPE_STR:
    case GW_TYPE_BYTES:
        if (expr->args[0] < 1 || expr->args[0] > GW_TYPE_TEXT_BYTES_MAX)
            return out_of_range(checker, expr, "str<N> and bytes<N>: N is 1 to 65535 bytes");
        type.max = (uint32_t)expr->args[0];
        break;
    case GW_TYPE_TIME:
        break;
    default: /* no parameters */
        return gw_type_of_kind(expr->kind);
    }
    return finished(checker, type);
}

static const struct gw_type *of_name(struct gw_checker *checker, const struct gw_type_expr *expr)
{
    struct gw_decl *decl = gw_check_find(checker, expr->name);
    if (decl != NULL && decl->kind == GW_DECL_ENUM)
        return decl->as.enumeration.type;
    if (decl != NULL) {
        struct gw_diag *diag =
            gw_check_error(checker, 1027, expr->span, "`%.*s` is a %s, not a type",
                           GW_TEXT_ARG(expr->name), gw_decl_kind_text(decl->kind));
        if (decl->kind == GW_DECL_ENTITY)
            gw_diags_hint(checker->diags, diag, "pass the key, and read the row where it is used");
        return NULL;
    }
    struct gw_text names[600];
    size_t count = 0;
    static const char *const words[] = {"bool", "u8",    "u16",  "u32",  "u64",  "u128", "i8",
                                        "i16",  "i32",   "i64",  "i128", "dec",  "time", "dur",
                                        "str",  "bytes", "uuid", "opt",  "list", "real"};
    for (size_t i = 0; i < GW_COUNT_OF(words); i++)
        names[count++] = gw_text(words[i]);
    for (uint32_t i = 0; i < checker->ast->decl_count && count < GW_COUNT_OF(names); i++) {
        if (checker->ast->decls[i]->kind == GW_DECL_ENUM)
            names[count++] = checker->ast->decls[i]->name.text;
    }
    struct gw_diag *diag =
        gw_check_error(checker, 1027, expr->span, "no type `%.*s`", GW_TEXT_ARG(expr->name));
    gw_check_hint_names(checker, diag, expr->name, "types", names, count);
    return NULL;
}

static const struct gw_type *of_parts(struct gw_checker *checker, struct gw_type_expr *expr)
{
    if (expr->form == GW_TYPE_FORM_TUPLE && expr->item_count > GW_TYPE_TUPLE_MAX)
        return out_of_range(checker, expr, "a tuple has at most 16 parts");
    if (expr->form == GW_TYPE_FORM_LIST && (expr->args[0] < 1 || expr->args[0] > GW_TYPE_LIST_MAX))
        return out_of_range(checker, expr, "list<T,N>: N is 1 to 4096");
    const struct gw_type **items =
        GW_CHECK_ARRAY(checker, const struct gw_type *, expr->item_count);
    bool ok = items != NULL;
    for (uint32_t i = 0; items != NULL && i < expr->item_count; i++)
        ok &= (items[i] = gw_check_type(checker, expr->items[i])) != NULL;
    if (!ok)
        return NULL;
    struct gw_type type = {.items = items, .item_count = expr->item_count};
    type.kind = expr->form == GW_TYPE_FORM_OPT    ? GW_TYPE_OPT
                : expr->form == GW_TYPE_FORM_LIST ? GW_TYPE_LIST
                                                  : GW_TYPE_TUPLE;
    if (type.kind == GW_TYPE_LIST)
        type.max = (uint32_t)expr->args[0];
    if (type.kind == GW_TYPE_OPT && items[0]->kind == GW_TYPE_OPT)
        return out_of_range(checker, expr, "opt of opt cannot be told from opt");
    const struct gw_type *made = finished(checker, type);
    if (made == NULL && !checker->nomem)
        out_of_range(checker, expr, "it is nested too deep, or its values are too large");
    return made;
}

const struct gw_type *gw_check_type(
    struct gw_checker *checker,
    struct gw_type_expr *expr) /* NOLINT(misc-no-recursion): TYPE_DEPTH */
{
    if (expr->form == GW_TYPE_FORM_KIND) {
        expr->type = of_kind(checker, expr);
    } else if (expr->form == GW_TYPE_FORM_NAME) {
        expr->type = of_name(checker, expr);
    } else {
        expr->type = of_parts(checker, expr);
    }
    return expr->type;
}

/* ---- relations ---- */

bool gw_check_fits(const struct gw_type *from,
                   const struct gw_type *to) /* NOLINT(misc-no-recursion): TYPE_DEPTH */
{
    if (from == to)
        return true;
    if (from->kind != to->kind)
        return false;
    switch (from->kind) {
    case GW_TYPE_DEC:
        return from->scale == to->scale && from->precision <= to->precision;
    case GW_TYPE_STR:
    case GW_TYPE_BYTES:
        return from->max <= to->max;
    case GW_TYPE_OPT:
        return gw_check_fits(from->items[0], to->items[0]);
    case GW_TYPE_LIST:
        return from->max <= to->max && gw_check_fits(from->items[0], to->items[0]);
    case GW_TYPE_TUPLE:
        if (from->item_count != to->item_count)
            return false;
        for (uint32_t i = 0; i < from->item_count; i++) {
            if (!gw_check_fits(from->items[i], to->items[i]))
                return false;
        }
        return true;
    default: /* no bounds inside */
        return gw_type_equal(from, to);
    }
}

int gw_check_member(const struct gw_type *type, struct gw_text name)
{
    if (type == NULL || type->kind != GW_TYPE_ENUM)
        return -1;
    for (uint32_t i = 0; i < type->members->member_count; i++) {
        if (gw_text_equal(type->members->members[i].name, name))
            return (int)i;
    }
    return -1;
}

bool gw_check_is_key_type(const struct gw_type *type) /* NOLINT(misc-no-recursion): TYPE_DEPTH */
{
    if (type->kind == GW_TYPE_REAL || type->kind == GW_TYPE_LIST)
        return false;
    for (uint32_t i = 0; i < type->item_count; i++) {
        if (!gw_check_is_key_type(type->items[i]))
            return false;
    }
    return true;
}
