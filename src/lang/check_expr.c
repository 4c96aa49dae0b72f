#include "lang/check_int.h"

#include "base/int.h"

bool gw_check_is_bare(const struct gw_expr *expr)
{
    return expr->is.shape >= GW_SHAPE_BARE_INT;
}

static void unknown(struct gw_expr *expr)
{
    expr->is = (struct gw_shaped){.shape = GW_SHAPE_UNKNOWN};
}

bool gw_check_may_read(struct gw_checker *checker, struct gw_span span, const char *what)
{
    if (checker->what >= GW_CHECKING_VIEW)
        return true;
    static const char *const places[] = {[GW_CHECKING_FN] = "a fn",
                                         [GW_CHECKING_CONST] = "a constant",
                                         [GW_CHECKING_WHERE] = "`where`",
                                         [GW_CHECKING_ONBOARD] = "an onboard rule",
                                         [GW_CHECKING_MIGRATE] = "a migration"};
    struct gw_diag *diag =
        gw_check_error(checker, 1051, span, "%s cannot use %s", places[checker->what], what);
    gw_diags_hint(checker->diags, diag, "it sees its arguments only; pass the value in");
    return false;
}

bool gw_check_may_write(struct gw_checker *checker, struct gw_span span, const char *what)
{
    if (checker->what != GW_CHECKING_VIEW)
        return gw_check_may_read(checker, span, what);
    struct gw_diag *diag = gw_check_error(checker, 1050, span, "a view cannot use %s", what);
    gw_diags_hint(checker->diags, diag, "views read; make it a txn");
    return false;
}

/* ---- values ---- */

const struct gw_type *gw_check_any(struct gw_checker *checker, struct gw_expr *expr,
                                   const struct gw_type *hint)
{
    gw_check_expr(checker, expr, hint);
    return gw_check_seen(checker, expr);
}

const struct gw_type *gw_check_seen(struct gw_checker *checker, struct gw_expr *expr)
{
    if (expr->is.shape == GW_SHAPE_VALUE)
        return expr->is.type;
    if (expr->is.shape == GW_SHAPE_UNKNOWN)
        return NULL;
    struct gw_text is = gw_check_shape_text(checker, &expr->is);
    struct gw_diag *diag;
    if (gw_check_is_bare(expr)) {
        diag = gw_check_error(checker, 1023, expr->span, "the type of %.*s is not known here",
                              GW_TEXT_ARG(is));
        gw_diags_hint(checker->diags, diag,
                      expr->is.shape == GW_SHAPE_BARE_LIST || expr->is.shape == GW_SHAPE_BARE_NONE
                          ? "return it, store it in a field, or pass it to a function"
                          : "write the type, as in u64(1) or dec<18,2>(1)");
    } else {
        diag = gw_check_error(checker, 1044, expr->span, "%.*s is not a value", GW_TEXT_ARG(is));
        if (expr->is.shape == GW_SHAPE_ROW_REF || expr->is.shape == GW_SHAPE_OPT_ROW_REF) {
            gw_diags_hint(checker->diags, diag,
                          "a row stays where it is: pass its key or its fields");
        }
    }
    unknown(expr);
    return NULL;
}

bool gw_check_value(struct gw_checker *checker, struct gw_expr *expr, const struct gw_type *type)
{
    gw_check_expr(checker, expr, type);
    if (type == NULL || expr->is.shape == GW_SHAPE_UNKNOWN)
        return false;
    if (expr->is.shape == GW_SHAPE_VALUE && gw_check_fits(expr->is.type, type))
        return true;
    struct gw_text is = gw_check_shape_text(checker, &expr->is);
    struct gw_text wanted = gw_check_type_text(checker, type);
    struct gw_diag *diag = gw_check_error(checker, 1030, expr->span, "expected %.*s, found %.*s",
                                          GW_TEXT_ARG(wanted), GW_TEXT_ARG(is));
    const struct gw_type *found = expr->is.shape == GW_SHAPE_VALUE ? expr->is.type : NULL;
    if (found != NULL && type->kind == GW_TYPE_OPT && gw_check_fits(found, type->items[0])) {
        gw_diags_hint(checker->diags, diag, "wrap it: `some(…)`");
    } else if (found != NULL && found->kind == GW_TYPE_OPT &&
               gw_check_fits(found->items[0], type)) {
        gw_diags_hint(checker->diags, diag, "unwrap it with `!`, `else fail` or `match`");
    } else if (found != NULL && gw_type_is_integer(found->kind) && gw_type_is_integer(type->kind)) {
        gw_diags_hint(checker->diags, diag, "nothing is converted silently: write `%.*s(…)`",
                      GW_TEXT_ARG(wanted));
    } else if (found != NULL && found->kind == GW_TYPE_DEC && type->kind == GW_TYPE_DEC) {
        gw_diags_hint(checker->diags, diag, "round(x, %u, half_even) or %.*s(x)", type->scale,
                      GW_TEXT_ARG(wanted));
    }
    unknown(expr);
    return false;
}

/* ---- . ! [] ---- */

static void no_field(struct gw_checker *checker, const struct gw_expr *expr,
                     const struct gw_text *names, size_t count, const char *of,
                     struct gw_text of_name)
{
    struct gw_diag *diag = gw_check_error(checker, 1042, expr->span, "no field `%.*s` in %s %.*s",
                                          GW_TEXT_ARG(expr->name.text), of, GW_TEXT_ARG(of_name));
    if (diag != NULL)
        diag->carets = expr->name.span;
    gw_check_hint_names(checker, diag, expr->name.text, "fields", names, count);
}

static void entity_field(struct gw_checker *checker, struct gw_expr *expr,
                         const struct gw_shaped *object)
{
    const struct gw_entity *row = gw_check_row_of(object->decl);
    uint32_t count = object->is_keys_only ? row->key_count : row->field_count;
    struct gw_text names[GW_FIELDS_MAX];
    for (uint32_t i = 0; i < row->field_count; i++) {
        names[i] = row->fields[i].name;
        if (!gw_text_equal(names[i], expr->name.text))
            continue;
        if (i < count) {
            expr->ref = (struct gw_ref){.kind = GW_REF_FIELD, .index = i};
            expr->is = gw_shaped_value(row->fields[i].type);
            return;
        }
        struct gw_diag *diag =
            gw_check_error(checker, 1061, expr->span, "an index gives keys, `%.*s` is in the row",
                           GW_TEXT_ARG(expr->name.text));
        gw_diags_hint(checker->diags, diag, "read the row: `%.*s[…]!.%.*s`",
                      GW_TEXT_ARG(object->decl->name.text), GW_TEXT_ARG(expr->name.text));
        return;
    }
    no_field(checker, expr, names, count, gw_decl_kind_text(object->decl->kind),
             object->decl->name.text);
}

static void page_field(struct gw_checker *checker, struct gw_expr *expr, const struct gw_home *home)
{
    struct gw_text names[GW_FIELDS_MAX * 2];
    size_t count = GW_MIN(home->column_count, GW_COUNT_OF(names));
    for (uint32_t i = 0; i < count; i++) {
        names[i] = home->columns[i].name;
        if (!gw_text_equal(names[i], expr->name.text))
            continue;
        expr->ref = (struct gw_ref){.kind = GW_REF_COLUMN, .index = i};
        expr->is = gw_shaped_value(home->columns[i].type);
        return;
    }
    no_field(checker, expr, names, count, "home", home->name);
}

static bool home_holds(const struct gw_ast_home *home, uint32_t field)
{
    for (uint32_t m = 0; m < home->map_count; m++) {
        for (uint32_t f = 0; f < home->maps[m].field_count; f++) {
            if (home->maps[m].field_index != NULL && home->maps[m].field_index[f] == field)
                return true;
        }
    }
    return false;
}

static void copy_field(struct gw_checker *checker, struct gw_expr *expr,
                       const struct gw_shaped *copy)
{
    if (gw_text_is(expr->name.text, "absent")) {
        expr->ref = (struct gw_ref){.kind = GW_REF_ABSENT};
        expr->is = gw_shaped_value(gw_type_of_kind(GW_TYPE_BOOL));
        return;
    }
    if (gw_text_is(expr->name.text, "ver")) {
        expr->ref = (struct gw_ref){.kind = GW_REF_VER};
        expr->is = gw_shaped_value(gw_check_opt_of(checker, gw_type_of_kind(GW_TYPE_U64)));
        return;
    }
    entity_field(checker, expr, copy);
    if (expr->is.shape == GW_SHAPE_VALUE && copy->home != NULL &&
        !home_holds(copy->home, expr->ref.index)) {
        gw_check_error(checker, 1211, expr->span, "%.*s does not hold `%.*s`",
                       GW_TEXT_ARG(copy->home->home.name), GW_TEXT_ARG(expr->name.text));
    }
}

static void field(struct gw_checker *checker, struct gw_expr *expr)
{
    gw_check_expr(checker, expr->object, NULL);
    const struct gw_shaped *object = &expr->object->is;
    struct gw_diag *diag = NULL;
    switch (object->shape) {
    case GW_SHAPE_ROW_REF:
        entity_field(checker, expr, object);
        return;
    case GW_SHAPE_ROW:
        if (object->home != NULL) {
            page_field(checker, expr, &object->home->home);
        } else {
            entity_field(checker, expr, object);
        }
        return;
    case GW_SHAPE_COPY:
        copy_field(checker, expr, object);
        return;
    case GW_SHAPE_OPT_ROW_REF:
    case GW_SHAPE_OPT_ROW:
        diag = gw_check_error(checker, 1045, expr->span, "the row may be absent");
        gw_diags_hint(checker->diags, diag,
                      "`%.*s[…]!.%.*s` aborts NOT_FOUND; or `r := %.*s[…] else fail …`",
                      GW_TEXT_ARG(object->decl->name.text), GW_TEXT_ARG(expr->name.text),
                      GW_TEXT_ARG(object->decl->name.text));
        return;
    case GW_SHAPE_DECL:
        if (object->decl->kind == GW_DECL_ENUM && object->decl->as.enumeration.type != NULL) {
            expr->is = gw_shaped_value(object->decl->as.enumeration.type);
            int index = gw_check_member(expr->is.type, expr->name.text);
            const struct gw_enum *members = expr->is.type->members;
            if (index >= 0) {
                expr->ref = (struct gw_ref){.kind = GW_REF_MEMBER, .index = (uint32_t)index};
                expr->is_constant = true;
                expr->constant.i = members->members[index].number;
                return;
            }
            struct gw_text names[256];
            size_t count = GW_MIN(members->member_count, GW_COUNT_OF(names));
            for (size_t i = 0; i < count; i++)
                names[i] = members->members[i].name;
            unknown(expr);
            diag = gw_check_error(checker, 1041, expr->span, "no member `%.*s` in enum %.*s",
                                  GW_TEXT_ARG(expr->name.text), GW_TEXT_ARG(members->name));
            gw_check_hint_names(checker, diag, expr->name.text, "members", names, count);
            return;
        }
        break;
    case GW_SHAPE_UNKNOWN:
        return;
    default: /* no fields */
        break;
    }
    struct gw_text is = gw_check_shape_text(checker, object);
    diag = gw_check_error(checker, 1042, expr->span, "%.*s has no field `%.*s`", GW_TEXT_ARG(is),
                          GW_TEXT_ARG(expr->name.text));
    if (object->shape == GW_SHAPE_VALUE && object->type->kind == GW_TYPE_TUPLE)
        gw_diags_hint(checker->diags, diag, "the parts of a tuple are .0, .1, …");
}

static void item(struct gw_checker *checker, struct gw_expr *expr)
{
    const struct gw_type *type = gw_check_any(checker, expr->object, NULL);
    if (type == NULL)
        return;
    if (type->kind == GW_TYPE_TUPLE && expr->number < type->item_count) {
        expr->is = gw_shaped_value(type->items[expr->number]);
        return;
    }
    struct gw_text text = gw_check_type_text(checker, type);
    gw_check_error(checker, 1042, expr->span, "%.*s has no part .%.*s", GW_TEXT_ARG(text),
                   GW_TEXT_ARG(expr->source));
}

static void unwrap(struct gw_checker *checker, struct gw_expr *expr)
{
    gw_check_expr(checker, expr->object, NULL);
    expr->is = expr->object->is;
    if (expr->is.shape == GW_SHAPE_OPT_ROW_REF) {
        expr->is.shape = GW_SHAPE_ROW_REF;
    } else if (expr->is.shape == GW_SHAPE_OPT_ROW) {
        expr->is.shape = GW_SHAPE_ROW;
    } else if (expr->is.shape == GW_SHAPE_VALUE && expr->is.type->kind == GW_TYPE_OPT) {
        expr->is = gw_shaped_value(expr->is.type->items[0]);
    } else if (expr->is.shape != GW_SHAPE_UNKNOWN && expr->is.shape != GW_SHAPE_BARE_NONE) {
        struct gw_text is = gw_check_shape_text(checker, &expr->is);
        struct gw_diag *diag = gw_check_error(checker, 1046, expr->span,
                                              "`!` needs an opt, this is %.*s", GW_TEXT_ARG(is));
        gw_diags_hint(checker->diags, diag, "remove the `!`");
        unknown(expr);
    }
}

static void index_decl(struct gw_checker *checker, struct gw_expr *expr)
{
    const struct gw_decl *decl = expr->object->is.decl;
    if (!gw_check_may_read(checker, expr->span, "rows"))
        return;
    if (decl->kind == GW_DECL_ENTITY || decl->kind == GW_DECL_TABLE) {
        if (!gw_check_key_args(checker, expr, gw_check_row_of(decl), true))
            return;
        expr->is.shape = decl->kind == GW_DECL_TABLE ? GW_SHAPE_OPT_ROW : GW_SHAPE_OPT_ROW_REF;
        expr->is.decl = decl;
        return;
    }
    if (decl->kind == GW_DECL_COUNTER && decl->as.counter.key != NULL && expr->item_count == 1) {
        if (gw_check_value(checker, expr->items[0], decl->as.counter.key->type))
            expr->is = gw_shaped_value(decl->as.counter.type->type);
        return;
    }
    if (decl->kind != GW_DECL_INDEX || decl->as.index.entity == NULL) {
        gw_check_error(checker, 1040, expr->span, "%s `%.*s` cannot be looked up so",
                       gw_decl_kind_text(decl->kind), GW_TEXT_ARG(decl->name.text));
        return;
    }
    const struct gw_ast_index *index = &decl->as.index;
    if (!index->is_unique) {
        struct gw_diag *diag = gw_check_error(checker, 1061, expr->span,
                                              "index `%.*s` is not unique: many rows may answer",
                                              GW_TEXT_ARG(decl->name.text));
        gw_diags_hint(checker->diags, diag, "walk it: `for r in %.*s.prefix(…) limit 16`",
                      GW_TEXT_ARG(decl->name.text));
        return;
    }
    if (expr->item_count != index->field_count) {
        gw_check_error(checker, 1033, expr->span, "index `%.*s` has %u fields, %u given",
                       GW_TEXT_ARG(decl->name.text), index->field_count, expr->item_count);
        return;
    }
    const struct gw_entity *row = &index->entity->as.entity.entity;
    for (uint32_t i = 0; i < expr->item_count; i++)
        gw_check_value(checker, expr->items[i], row->fields[index->field_index[i]].type);
    expr->is.shape = GW_SHAPE_OPT_ROW_REF;
    expr->is.decl = index->entity;
}

static void index_of(struct gw_checker *checker, struct gw_expr *expr)
{
    gw_check_expr(checker, expr->object, NULL);
    const struct gw_shaped *object = &expr->object->is;
    if (object->shape == GW_SHAPE_DECL) {
        index_decl(checker, expr);
        return;
    }
    const struct gw_type *type = gw_check_seen(checker, expr->object);
    if (type == NULL)
        return;
    if (type->kind != GW_TYPE_LIST || expr->item_count != 1) {
        struct gw_text text = gw_check_type_text(checker, type);
        gw_check_error(checker, 1031, expr->span, "%.*s has no items", GW_TEXT_ARG(text));
        return;
    }
    struct gw_expr *at = expr->items[0];
    gw_check_expr(checker, at, NULL);
    if (at->is.shape == GW_SHAPE_BARE_INT)
        gw_check_expr(checker, at, gw_type_of_kind(GW_TYPE_U64));
    const struct gw_type *at_type = gw_check_seen(checker, at);
    if (at_type != NULL && !gw_type_is_integer(at_type->kind))
        gw_check_error(checker, 1030, at->span, "the number of an item is an integer");
    expr->is = gw_shaped_value(type->items[0]);
}

/* ---- tuples, some ---- */

static void tuple(struct gw_checker *checker, struct gw_expr *expr, const struct gw_type *hint)
{
    const struct gw_type *items[GW_TYPE_TUPLE_MAX] = {NULL};
    if (expr->item_count > GW_TYPE_TUPLE_MAX) {
        gw_check_error(checker, 1028, expr->span, "a tuple has at most 16 parts");
        return;
    }
    bool hinted =
        hint != NULL && hint->kind == GW_TYPE_TUPLE && hint->item_count == expr->item_count;
    bool ok = true, is_constant = true;
    for (uint32_t i = 0; i < expr->item_count; i++) {
        items[i] = gw_check_any(checker, expr->items[i], hinted ? hint->items[i] : NULL);
        ok &= items[i] != NULL;
        is_constant &= expr->items[i]->is_constant;
    }
    if (!ok)
        return;
    expr->is = gw_shaped_value(gw_check_tuple_of(checker, items, expr->item_count));
    union gw_value *values =
        is_constant ? GW_CHECK_ARRAY(checker, union gw_value, expr->item_count) : NULL;
    for (uint32_t i = 0; values != NULL && i < expr->item_count; i++)
        values[i] = expr->items[i]->constant;
    expr->is_constant = values != NULL;
    expr->constant.list.items = values;
    expr->constant.list.count = expr->item_count;
}

static void some(struct gw_checker *checker, struct gw_expr *expr, const struct gw_type *hint)
{
    struct gw_expr *inner = expr->items[0];
    bool hinted = hint != NULL && hint->kind == GW_TYPE_OPT;
    gw_check_expr(checker, inner, hinted ? hint->items[0] : NULL);
    if (gw_check_is_bare(inner) && !hinted) {
        expr->is.shape = GW_SHAPE_BARE_NONE; /* an opt of something */
        return;
    }
    const struct gw_type *type = gw_check_seen(checker, inner);
    if (type == NULL)
        return;
    if (type->kind == GW_TYPE_OPT) {
        gw_check_error(checker, 1028, expr->span, "opt of opt cannot be told from opt");
        return;
    }
    expr->is = gw_shaped_value(gw_check_opt_of(checker, type));
    union gw_value *value = inner->is_constant ? GW_CHECK_ARRAY(checker, union gw_value, 1) : NULL;
    expr->is_constant = value != NULL;
    if (value != NULL)
        *value = inner->constant;
    expr->constant.opt = value;
}

/* ---- all ---- */

void gw_check_expr(struct gw_checker *checker, struct gw_expr *expr,
                   const struct gw_type *hint) /* NOLINT(misc-no-recursion): EXPR_DEPTH */
{
    unknown(expr);
    expr->ref = (struct gw_ref){.kind = GW_REF_NONE};
    expr->is_constant = false;
    switch (expr->kind) {
    case GW_EXPR_INT:
    case GW_EXPR_DECIMAL:
    case GW_EXPR_STRING:
    case GW_EXPR_BYTES:
    case GW_EXPR_BOOL:
    case GW_EXPR_DURATION:
    case GW_EXPR_NONE:
    case GW_EXPR_LIST:
        gw_check_literal(checker, expr, hint);
        return;
    case GW_EXPR_NAME:
        gw_check_name(checker, expr, hint);
        return;
    case GW_EXPR_TUPLE:
        tuple(checker, expr, hint);
        return;
    case GW_EXPR_SOME:
        some(checker, expr, hint);
        return;
    case GW_EXPR_CALL:
        gw_check_call(checker, expr, hint);
        return;
    case GW_EXPR_CONVERT:
        gw_check_convert(checker, expr);
        return;
    case GW_EXPR_METHOD:
        gw_check_method(checker, expr);
        return;
    case GW_EXPR_CREATE:
        gw_check_create(checker, expr);
        return;
    case GW_EXPR_FIELD:
        field(checker, expr);
        return;
    case GW_EXPR_ITEM:
        item(checker, expr);
        return;
    case GW_EXPR_INDEX:
        index_of(checker, expr);
        return;
    case GW_EXPR_UNWRAP:
        unwrap(checker, expr);
        return;
    case GW_EXPR_UNARY:
    case GW_EXPR_BINARY:
        gw_check_operator(checker, expr, hint);
        return;
    }
}
