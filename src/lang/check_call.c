/* Calls: functions of the program, built-ins, methods, create. */
#include "lang/check_int.h"

static const struct gw_type *kind(enum gw_type_kind of)
{
    return gw_type_of_kind(of);
}

bool gw_check_args(struct gw_checker *checker, const struct gw_expr *call,
                   const struct gw_ast_field *params, uint32_t count)
{
    if (call->item_count != count) {
        char memory[300];
        struct gw_buf buf;
        gw_buf_init_fixed(&buf, memory, sizeof(memory));
        for (uint32_t i = 0; i < count; i++) {
            struct gw_text type = gw_check_type_text(checker, params[i].type->type);
            gw_buf_printf(&buf, "%s%.*s: %.*s", i ? ", " : "", GW_TEXT_ARG(params[i].name.text),
                          GW_TEXT_ARG(type));
        }
        struct gw_diag *diag =
            gw_check_error(checker, 1033, call->span, "`%.*s` takes %u values, %u given",
                           GW_TEXT_ARG(call->name.text), count, call->item_count);
        gw_diags_hint(checker->diags, diag, "its parameters: (%.*s)",
                      GW_TEXT_ARG(gw_buf_text(&buf)));
        return false;
    }
    bool ok = true;
    for (uint32_t i = 0; i < count; i++)
        ok &= gw_check_value(checker, call->items[i], params[i].type->type);
    return ok;
}

bool gw_check_key_args(struct gw_checker *checker, struct gw_expr *expr,
                       const struct gw_entity *row, bool exact)
{
    if (exact ? expr->item_count != row->key_count : expr->item_count > row->key_count) {
        struct gw_diag *diag =
            gw_check_error(checker, 1033, expr->span, "the key of %.*s has %u fields, %u given",
                           GW_TEXT_ARG(row->name), row->key_count, expr->item_count);
        struct gw_text names[GW_FIELDS_MAX];
        for (uint32_t i = 0; i < row->key_count; i++)
            names[i] = row->fields[i].name;
        gw_check_hint_names(checker, diag, GW_TEXT_LIT(""), "key", names, row->key_count);
        return false;
    }
    bool ok = true;
    for (uint32_t i = 0; i < expr->item_count; i++)
        ok &= gw_check_value(checker, expr->items[i], row->fields[i].type);
    return ok;
}

/* ---- functions of the program ---- */

static void program_fn(struct gw_checker *checker, struct gw_expr *expr)
{
    const struct gw_decl *decl = gw_check_find(checker, expr->name.text);
    struct gw_diag *diag;
    if (decl != NULL && decl->kind != GW_DECL_FN) {
        diag = gw_check_error(checker, 1040, expr->span, "`%.*s` is a %s, not a fn",
                              GW_TEXT_ARG(expr->name.text), gw_decl_kind_text(decl->kind));
        if (decl->kind == GW_DECL_TXN) {
            gw_diags_hint(checker->diags, diag,
                          checker->what == GW_CHECKING_DAEMON
                              ? "write `x := call %.*s(…)`"
                              : "only daemons call a txn; put what `%.*s` computes into a fn",
                          GW_TEXT_ARG(expr->name.text));
        }
        return;
    }
    if (decl == NULL) {
        struct gw_text names[1024];
        size_t count = 0;
        for (uint32_t i = 0; i < checker->ast->decl_count && count < 900; i++) {
            if (checker->ast->decls[i]->kind == GW_DECL_FN)
                names[count++] = checker->ast->decls[i]->name.text;
        }
        for (unsigned i = 0; i < GW_BUILTIN_PUSH; i++)
            names[count++] = gw_text(gw_builtin_text(i));
        diag = gw_check_error(checker, 1034, expr->span, "no function `%.*s`",
                              GW_TEXT_ARG(expr->name.text));
        gw_check_hint_names(checker, diag, expr->name.text, NULL, names, count);
        if (diag != NULL && diag->hint.len == 0 && gw_text_is(expr->name.text, "push"))
            gw_diags_hint(checker->diags, diag, "write `list.push(x)`");
        return;
    }
    expr->ref = (struct gw_ref){.kind = GW_REF_FN, .decl = decl};
    gw_check_args(checker, expr, decl->as.function.params, decl->as.function.param_count);
    if (decl->as.function.results[0] != NULL)
        expr->is = gw_shaped_value(decl->as.function.results[0]->type);
}

/* ---- built-in functions ---- */

bool gw_check_arg_count(struct gw_checker *checker, const struct gw_expr *expr, uint32_t least,
                        uint32_t most, const char *use)
{
    if (expr->item_count >= least && expr->item_count <= most)
        return true;
    struct gw_diag *diag = gw_check_error(checker, 1033, expr->span, "`%.*s` with %u values",
                                          GW_TEXT_ARG(expr->name.text), expr->item_count);
    gw_diags_hint(checker->diags, diag, "%s", use);
    return false;
}

static void wrong(struct gw_checker *checker, const struct gw_expr *arg, const char *wanted)
{
    if (arg->is.shape != GW_SHAPE_VALUE)
        return;
    struct gw_text text = gw_check_type_text(checker, arg->is.type);
    gw_check_error(checker, 1030, arg->span, "expected %s, found %.*s", wanted, GW_TEXT_ARG(text));
}

static bool is_text(const struct gw_type *type)
{
    return type != NULL && (type->kind == GW_TYPE_STR || type->kind == GW_TYPE_BYTES);
}

/** All arguments are str, or all are bytes. @return the sum of their bounds; 0 reported */
static size_t texts(struct gw_checker *checker, struct gw_expr *expr)
{
    size_t sum = 0;
    bool ok = true;
    for (uint32_t i = 0; i < expr->item_count; i++) {
        const struct gw_type *type = gw_check_any(checker, expr->items[i], NULL);
        bool fits = is_text(type) && (i == 0 || expr->items[0]->is.type == NULL ||
                                      type->kind == expr->items[0]->is.type->kind);
        if (!fits)
            wrong(checker, expr->items[i], i ? "text like the first" : "str or bytes");
        ok &= fits;
        sum += fits ? type->max : 0;
    }
    return ok ? sum : 0;
}

static const struct gw_type *text_result(struct gw_checker *checker, const struct gw_type *like,
                                         size_t bytes_max, const struct gw_type *hint)
{
    if (is_text(hint) && hint->kind == like->kind)
        return hint; /* checked when it runs: RANGE */
    return gw_check_text_of(checker, like->kind, bytes_max);
}

static const struct gw_type *concat(struct gw_checker *checker, struct gw_expr *expr,
                                    const struct gw_type *hint)
{
    if (!gw_check_arg_count(checker, expr, 2, 16, "concat(a, b, …) joins 2 to 16 texts"))
        return NULL;
    size_t sum = texts(checker, expr);
    return sum ? text_result(checker, expr->items[0]->is.type, sum, hint) : NULL;
}

static const struct gw_type *split_once(struct gw_checker *checker, struct gw_expr *expr,
                                        const struct gw_type *hint)
{
    if (!gw_check_arg_count(checker, expr, 2, 2, "split_once(text, separator) gives both parts") ||
        texts(checker, expr) == 0)
        return NULL;
    const struct gw_type *like = expr->items[0]->is.type;
    bool hinted = hint != NULL && hint->kind == GW_TYPE_TUPLE && hint->item_count == 2;
    const struct gw_type *parts[2] = {
        text_result(checker, like, like->max, hinted ? hint->items[0] : NULL),
        text_result(checker, like, like->max, hinted ? hint->items[1] : NULL)};
    return parts[0] && parts[1] ? gw_check_tuple_of(checker, parts, 2) : NULL;
}

static const struct gw_type *slice(struct gw_checker *checker, struct gw_expr *expr,
                                   const struct gw_type *hint)
{
    if (!gw_check_arg_count(checker, expr, 3, 3,
                            "slice(text, from, to) in bytes, `to` not included"))
        return NULL;
    const struct gw_type *type = gw_check_any(checker, expr->items[0], NULL);
    gw_check_value(checker, expr->items[1], kind(GW_TYPE_U64));
    gw_check_value(checker, expr->items[2], kind(GW_TYPE_U64));
    if (!is_text(type)) {
        wrong(checker, expr->items[0], "str or bytes");
        return NULL;
    }
    return text_result(checker, type, type->max, hint);
}

static const struct gw_type *contains(struct gw_checker *checker, struct gw_expr *expr)
{
    if (!gw_check_arg_count(checker, expr, 2, 2, "contains(list, item) or contains(text, part)"))
        return NULL;
    const struct gw_type *type = gw_check_any(checker, expr->items[0], NULL);
    if (type != NULL && type->kind == GW_TYPE_LIST) {
        gw_check_value(checker, expr->items[1], type->items[0]);
        return kind(GW_TYPE_BOOL);
    }
    const struct gw_type *part = gw_check_any(checker, expr->items[1], NULL);
    if (type == NULL || part == NULL)
        return NULL;
    if (!is_text(type)) {
        wrong(checker, expr->items[0], "a list, str or bytes");
    } else if (part->kind != type->kind) {
        wrong(checker, expr->items[1], "text like the first");
    }
    return kind(GW_TYPE_BOOL);
}

static const struct gw_type *len(struct gw_checker *checker, struct gw_expr *expr)
{
    if (!gw_check_arg_count(checker, expr, 1, 1, "len(list) in items, len(text) in bytes"))
        return NULL;
    const struct gw_type *type = gw_check_any(checker, expr->items[0], NULL);
    if (type != NULL && !is_text(type) && type->kind != GW_TYPE_LIST)
        wrong(checker, expr->items[0], "a list, str or bytes");
    return kind(GW_TYPE_U64);
}

static bool is_number(const struct gw_type *type)
{
    return gw_type_is_integer(type->kind) || type->kind == GW_TYPE_DEC ||
           type->kind == GW_TYPE_DUR || type->kind == GW_TYPE_TIME;
}

static const struct gw_type *min_max(struct gw_checker *checker, struct gw_expr *expr,
                                     const struct gw_type *hint)
{
    if (!gw_check_arg_count(checker, expr, 2, 2, "min(a, b), max(a, b)"))
        return NULL;
    struct gw_expr *a = expr->items[0], *b = expr->items[1];
    gw_check_expr(checker, a, NULL);
    gw_check_expr(checker, b, a->is.shape == GW_SHAPE_VALUE ? a->is.type : NULL);
    if (gw_check_is_bare(a))
        gw_check_expr(checker, a, b->is.shape == GW_SHAPE_VALUE ? b->is.type : hint);
    if (gw_check_is_bare(b))
        gw_check_expr(checker, b, a->is.shape == GW_SHAPE_VALUE ? a->is.type : hint);
    const struct gw_type *left = gw_check_seen(checker, a), *right = gw_check_seen(checker, b);
    if (left == NULL || right == NULL)
        return NULL;
    if (!is_number(left)) {
        wrong(checker, a, "a number or time");
    } else if (!gw_check_fits(left, right) && !gw_check_fits(right, left)) {
        wrong(checker, b, "the type of the first");
    }
    return gw_check_fits(left, right) ? right : left;
}

static const struct gw_type *absolute(struct gw_checker *checker, struct gw_expr *expr,
                                      const struct gw_type *hint)
{
    if (!gw_check_arg_count(checker, expr, 1, 1, "abs(x)"))
        return NULL;
    const struct gw_type *type = gw_check_any(checker, expr->items[0], hint);
    if (type != NULL && (!is_number(type) || type->kind == GW_TYPE_TIME))
        wrong(checker, expr->items[0], "a number");
    return type;
}

/** The arguments S and MODE at `at`. @return S, or -1 reported */
static int digits_and_mode(struct gw_checker *checker, struct gw_expr *expr, uint32_t at)
{
    struct gw_expr *digits = expr->items[at], *mode = expr->items[at + 1];
    static const char *const modes[] = {
#define X(name, text) text,
        GW_AST_ROUNDS(X)
#undef X
    };
    mode->is = (struct gw_shaped){.shape = GW_SHAPE_UNKNOWN};
    bool found = false;
    for (uint32_t i = 0; i < GW_COUNT_OF(modes) && mode->kind == GW_EXPR_NAME; i++) {
        if (!gw_text_is(mode->name.text, modes[i]))
            continue;
        mode->ref = (struct gw_ref){.kind = GW_REF_MODE, .index = i};
        mode->is.shape = GW_SHAPE_UNIT;
        found = true;
    }
    if (!found) {
        struct gw_diag *diag = gw_check_error(checker, 1063, mode->span, "no such way to round");
        gw_diags_hint(checker->diags, diag, "one of half_even, half_up, down, up");
    }
    gw_check_expr(checker, digits, kind(GW_TYPE_U8));
    bool ok = digits->is_constant && digits->is.shape == GW_SHAPE_VALUE &&
              digits->constant.i >= 0 && digits->constant.i <= 38;
    if (!ok && digits->is.shape != GW_SHAPE_UNKNOWN)
        gw_check_error(checker, 1063, digits->span, "the digits after the point are 0 to 38");
    return ok && found ? (int)digits->constant.i : -1;
}

static const struct gw_type *dec_result(struct gw_checker *checker, unsigned precision,
                                        unsigned scale, const struct gw_type *hint)
{
    if (hint != NULL && hint->kind == GW_TYPE_DEC && hint->scale == scale)
        return hint;
    return gw_check_dec_of(checker, precision, scale);
}

static const struct gw_type *rounded(struct gw_checker *checker, struct gw_expr *expr,
                                     const struct gw_type *hint)
{
    if (!gw_check_arg_count(checker, expr, 3, 3, "round(x, digits, half_even)"))
        return NULL;
    const struct gw_type *type = gw_check_any(checker, expr->items[0], NULL);
    int scale = digits_and_mode(checker, expr, 1);
    if (type == NULL || scale < 0)
        return NULL;
    if (type->kind != GW_TYPE_DEC) {
        wrong(checker, expr->items[0], "a dec");
        return NULL;
    }
    unsigned before = (unsigned)type->precision - type->scale;
    return dec_result(checker, before + (unsigned)scale + 1, (unsigned)scale, hint);
}

static const struct gw_type *divided(struct gw_checker *checker, struct gw_expr *expr,
                                     const struct gw_type *hint)
{
    if (!gw_check_arg_count(checker, expr, 4, 4, "div(a, b, digits, half_even)"))
        return NULL;
    int scale = digits_and_mode(checker, expr, 2);
    for (uint32_t i = 0; i < 2; i++) {
        struct gw_expr *arg = expr->items[i];
        gw_check_expr(checker, arg, NULL);
        if (arg->kind == GW_EXPR_INT || arg->kind == GW_EXPR_DECIMAL) {
            gw_check_expr(
                checker, arg,
                gw_check_dec_of(checker, 38, arg->kind == GW_EXPR_INT ? 0 : (unsigned)arg->scale));
        }
        const struct gw_type *type = gw_check_seen(checker, arg);
        if (type != NULL && type->kind != GW_TYPE_DEC)
            wrong(checker, arg, "a dec");
    }
    return scale < 0 ? NULL : dec_result(checker, 38, (unsigned)scale, hint);
}

static const struct gw_type *units(struct gw_checker *checker, struct gw_expr *expr)
{
    if (!gw_check_arg_count(checker, expr, 1, 1, "units(x): the number of smallest units of a dec"))
        return NULL;
    const struct gw_type *type = gw_check_any(checker, expr->items[0], NULL);
    if (type != NULL && type->kind != GW_TYPE_DEC)
        wrong(checker, expr->items[0], "a dec");
    return kind(GW_TYPE_I128);
}

static const struct gw_type *same(struct gw_checker *checker, struct gw_expr *expr)
{
    if (!gw_check_arg_count(checker, expr, 2, 2, "same(a, b) compares two copies"))
        return NULL;
    for (uint32_t i = 0; i < 2; i++) {
        gw_check_expr(checker, expr->items[i], NULL);
        if (expr->items[i]->is.shape == GW_SHAPE_COPY ||
            expr->items[i]->is.shape == GW_SHAPE_UNKNOWN)
            continue;
        struct gw_diag *diag = gw_check_error(checker, 1051, expr->items[i]->span,
                                              "`same` compares copies in an onboard rule");
        gw_diags_hint(checker->diags, diag, "values are compared with `==`");
        return NULL;
    }
    return kind(GW_TYPE_BOOL);
}

/** now, new_id, rand_u64: facts of the journal position. */
static const struct gw_type *position(struct gw_checker *checker, struct gw_expr *expr,
                                      enum gw_builtin builtin, const struct gw_type *hint)
{
    gw_check_arg_count(checker, expr, 0, 0, "it takes no values");
    if (builtin == GW_BUILTIN_NOW) {
        gw_check_may_read(checker, expr->span, "the time");
        bool hinted = hint != NULL && hint->kind == GW_TYPE_TIME;
        return hinted ? hint : gw_check_time_of(checker, GW_TIME_US);
    }
    gw_check_may_write(checker, expr->span,
                       builtin == GW_BUILTIN_NEW_ID ? "new_id()" : "rand_u64()");
    return kind(builtin == GW_BUILTIN_NEW_ID ? GW_TYPE_U128 : GW_TYPE_U64);
}

static const struct gw_type *builtin_call(struct gw_checker *checker, struct gw_expr *expr,
                                          enum gw_builtin builtin, const struct gw_type *hint)
{
    switch (builtin) {
    case GW_BUILTIN_NOW:
    case GW_BUILTIN_NEW_ID:
    case GW_BUILTIN_RAND_U64:
        return position(checker, expr, builtin, hint);
    case GW_BUILTIN_LEN:
        return len(checker, expr);
    case GW_BUILTIN_CONTAINS:
        return contains(checker, expr);
    case GW_BUILTIN_STARTS_WITH:
        if (gw_check_arg_count(checker, expr, 2, 2, "starts_with(text, part)"))
            texts(checker, expr);
        return kind(GW_TYPE_BOOL);
    case GW_BUILTIN_SLICE:
        return slice(checker, expr, hint);
    case GW_BUILTIN_LOWER_ASCII:
        return gw_check_arg_count(checker, expr, 1, 1, "lower_ascii(text)") && texts(checker, expr)
                   ? expr->items[0]->is.type
                   : NULL;
    case GW_BUILTIN_CONCAT:
        return concat(checker, expr, hint);
    case GW_BUILTIN_SPLIT_ONCE:
        return split_once(checker, expr, hint);
    case GW_BUILTIN_MIN:
    case GW_BUILTIN_MAX:
        return min_max(checker, expr, hint);
    case GW_BUILTIN_ABS:
        return absolute(checker, expr, hint);
    case GW_BUILTIN_ROUND:
        return rounded(checker, expr, hint);
    case GW_BUILTIN_DIV:
        return divided(checker, expr, hint);
    case GW_BUILTIN_UNITS:
        return units(checker, expr);
    case GW_BUILTIN_SAME:
        return same(checker, expr);
    default: /* methods are not called by name */
        return NULL;
    }
}

void gw_check_call(struct gw_checker *checker, struct gw_expr *expr, const struct gw_type *hint)
{
    for (unsigned i = 0; i < GW_BUILTIN_PUSH; i++) {
        if (!gw_text_is(expr->name.text, gw_builtin_text(i)))
            continue;
        expr->ref = (struct gw_ref){.kind = GW_REF_BUILTIN, .builtin = i};
        expr->is = gw_shaped_value(builtin_call(checker, expr, i, hint));
        return;
    }
    program_fn(checker, expr);
}

/* ---- methods ---- */

static void list_push(struct gw_checker *checker, struct gw_expr *expr)
{
    struct gw_expr *object = expr->object;
    gw_check_expr(checker, object, NULL);
    expr->is.shape = GW_SHAPE_UNIT;
    bool is_local = object->ref.kind == GW_REF_LOCAL && object->ref.local->is_mutable;
    if (!is_local && object->is.shape != GW_SHAPE_UNKNOWN) {
        gw_check_error(checker, 1064, expr->span, "only a list of this function can grow");
        return;
    }
    if (!gw_check_arg_count(checker, expr, 1, 1, "list.push(item)"))
        return;
    if (object->is.shape == GW_SHAPE_BARE_LIST) {
        gw_check_expr(checker, expr->items[0], NULL);
        return;
    }
    const struct gw_type *type = gw_check_seen(checker, object);
    if (type != NULL && type->kind == GW_TYPE_LIST) {
        gw_check_value(checker, expr->items[0], type->items[0]);
    } else if (type != NULL) {
        gw_check_error(checker, 1064, expr->span, "only lists have `push`");
    }
}

static void table_put(struct gw_checker *checker, struct gw_expr *expr,
                      const struct gw_ast_table *table)
{
    expr->is.shape = GW_SHAPE_UNIT;
    if (gw_check_may_write(checker, expr->span, "`put`"))
        gw_check_args(checker, expr, table->fields, table->field_count);
}

static void no_method(struct gw_checker *checker, struct gw_expr *expr)
{
    struct gw_text is = gw_check_shape_text(checker, &expr->object->is);
    struct gw_diag *diag = gw_check_error(checker, 1034, expr->span, "%.*s has no `%.*s()`",
                                          GW_TEXT_ARG(is), GW_TEXT_ARG(expr->name.text));
    gw_diags_hint(checker->diags, diag,
                  "lists have push; entities exists and create { }; tables exists, put, drop, "
                  "prefix and from; indexes prefix");
}

static void decl_method(struct gw_checker *checker, struct gw_expr *expr, enum gw_builtin method)
{
    const struct gw_decl *decl = expr->object->is.decl;
    const struct gw_entity *row = gw_check_row_of(decl);
    bool is_table = decl->kind == GW_DECL_TABLE;
    if (method == GW_BUILTIN_EXISTS && row != NULL) {
        if (gw_check_may_read(checker, expr->span, "rows"))
            gw_check_key_args(checker, expr, row, true);
        expr->is = gw_shaped_value(kind(GW_TYPE_BOOL));
    } else if (method == GW_BUILTIN_PUT && is_table) {
        table_put(checker, expr, &decl->as.table);
    } else if (method == GW_BUILTIN_DROP && is_table) {
        expr->is.shape = GW_SHAPE_UNIT;
        if (gw_check_may_write(checker, expr->span, "`drop`"))
            gw_check_key_args(checker, expr, row, true);
    } else if (method == GW_BUILTIN_PREFIX || method == GW_BUILTIN_FROM) {
        struct gw_diag *diag =
            gw_check_error(checker, 1054, expr->span, "`%.*s` is walked, it is no value",
                           GW_TEXT_ARG(expr->name.text));
        gw_diags_hint(checker->diags, diag, "for k in %.*s.%.*s(…) limit 16 { … }",
                      GW_TEXT_ARG(decl->name.text), GW_TEXT_ARG(expr->name.text));
    } else {
        no_method(checker, expr);
    }
}

void gw_check_method(struct gw_checker *checker, struct gw_expr *expr)
{
    enum gw_builtin method = GW_BUILTIN_NOW;
    for (unsigned i = GW_BUILTIN_PUSH; i <= GW_BUILTIN_FROM; i++) {
        if (gw_text_is(expr->name.text, gw_builtin_text(i)))
            method = i;
    }
    expr->ref = (struct gw_ref){.kind = GW_REF_BUILTIN, .builtin = method};
    if (method == GW_BUILTIN_PUSH) {
        list_push(checker, expr);
        return;
    }
    gw_check_expr(checker, expr->object, NULL);
    if (expr->object->is.shape == GW_SHAPE_UNKNOWN)
        return;
    if (expr->object->is.shape == GW_SHAPE_DECL && method != GW_BUILTIN_NOW) {
        decl_method(checker, expr, method);
    } else {
        no_method(checker, expr);
    }
}

/* ---- create ---- */

void gw_check_inits_short(struct gw_checker *checker, struct gw_init *init)
{
    if (init->value != NULL)
        return;
    init->value = GW_CHECK_ARRAY(checker, struct gw_expr, 1);
    if (init->value == NULL)
        return;
    *init->value = (struct gw_expr){.kind = GW_EXPR_NAME,
                                    .span = init->name.span,
                                    .op_span = init->name.span,
                                    .depth = 1,
                                    .name = init->name};
}

static void missing_fields(struct gw_checker *checker, const struct gw_expr *expr,
                           const struct gw_entity *entity, const bool *given)
{
    for (uint32_t i = 0; i < entity->field_count; i++) {
        if (given[i] || entity->fields[i].has_default)
            continue;
        struct gw_diag *diag = gw_check_error(checker, 1052, expr->span, "`%.*s` is not given",
                                              GW_TEXT_ARG(entity->fields[i].name));
        if (diag != NULL)
            diag->carets = gw_span_join(expr->object->span, expr->op_span);
        struct gw_text type = gw_check_type_text(checker, entity->fields[i].type);
        gw_diags_hint(checker->diags, diag, "add `%.*s: …` of type %.*s, or declare a default",
                      GW_TEXT_ARG(entity->fields[i].name), GW_TEXT_ARG(type));
        return;
    }
}

void gw_check_create(struct gw_checker *checker, struct gw_expr *expr)
{
    struct gw_decl *decl = gw_check_need(checker, &expr->object->name, GW_DECL_ENTITY);
    bool may = gw_check_may_write(checker, expr->span, "`create`");
    bool given[GW_FIELDS_MAX] = {false};
    for (uint32_t i = 0; decl != NULL && i < expr->init_count; i++) {
        struct gw_init *init = &expr->inits[i];
        int field = gw_check_field(checker, decl, &init->name, init->name.span);
        gw_check_inits_short(checker, init);
        if (field < 0 || init->value == NULL)
            continue;
        if (given[field]) {
            gw_check_error(checker, 1052, init->name.span, "`%.*s` is given twice",
                           GW_TEXT_ARG(init->name.text));
        }
        given[field] = true;
        init->field = (uint32_t)field;
        gw_check_value(checker, init->value, decl->as.entity.entity.fields[field].type);
    }
    if (decl == NULL || !may)
        return;
    expr->object->ref = (struct gw_ref){.kind = GW_REF_DECL, .decl = decl};
    expr->object->is = (struct gw_shaped){.shape = GW_SHAPE_DECL, .decl = decl};
    missing_fields(checker, expr, &decl->as.entity.entity, given);
    expr->is = (struct gw_shaped){.shape = GW_SHAPE_ROW_REF, .decl = decl};
}
