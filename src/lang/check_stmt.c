#include "lang/check_int.h"

static bool is_daemon(const struct gw_checker *checker)
{
    return checker->what == GW_CHECKING_DAEMON;
}

/* ---- fail ---- */

static bool try_member(const struct gw_type *type, const struct gw_expr *expr)
{
    return type != NULL && expr->kind == GW_EXPR_NAME &&
           gw_check_member(type, expr->name.text) >= 0;
}

/** `fail X`, `else fail X`: X belongs to one of the fail types. */
static void check_fail(struct gw_checker *checker, struct gw_stmt *stmt)
{
    const struct gw_ast_function *function = checker->function;
    struct gw_expr *expr = stmt->other;
    if (is_daemon(checker) || function == NULL || checker->what < GW_CHECKING_VIEW) {
        struct gw_diag *diag = gw_check_error(checker, 1049, stmt->span, "nothing can fail here");
        gw_diags_hint(checker->diags, diag,
                      is_daemon(checker) ? "put it into a txn and `match call` its result"
                                         : "only txn and view have results to fail with");
        return;
    }
    for (uint32_t i = 1; i < function->result_count; i++) {
        if (try_member(function->results[i]->type, expr)) {
            gw_check_value(checker, expr, function->results[i]->type);
            stmt->fail_index = i;
            return;
        }
    }
    gw_check_expr(checker, expr, NULL);
    for (uint32_t i = 1; i < function->result_count && gw_check_is_bare(expr); i++) {
        if (function->results[i]->type != NULL)
            gw_check_expr(checker, expr, function->results[i]->type);
    }
    if (expr->is.shape == GW_SHAPE_UNKNOWN)
        return;
    const struct gw_type *type = gw_check_seen(checker, expr);
    if (type == NULL)
        return;
    for (uint32_t i = 1; i < function->result_count; i++) {
        if (function->results[i]->type != NULL && gw_check_fits(type, function->results[i]->type)) {
            stmt->fail_index = i;
            return;
        }
    }
    struct gw_text text = gw_check_type_text(checker, type);
    struct gw_diag *diag = gw_check_error(
        checker, 1049, expr->span, "%.*s is no fail type of this function", GW_TEXT_ARG(text));
    gw_diags_hint(checker->diags, diag, "declare it: `-> RESULT | %.*s`", GW_TEXT_ARG(text));
}

/* ---- let, assign ---- */

static void unwrap_let(struct gw_checker *checker, struct gw_stmt *stmt, struct gw_shaped *is)
{
    if (is->shape == GW_SHAPE_OPT_ROW_REF) {
        is->shape = GW_SHAPE_ROW_REF;
    } else if (is->shape == GW_SHAPE_OPT_ROW) {
        is->shape = GW_SHAPE_ROW;
    } else if (is->shape == GW_SHAPE_VALUE && is->type->kind == GW_TYPE_OPT) {
        *is = gw_shaped_value(is->type->items[0]);
    } else if (is->shape != GW_SHAPE_UNKNOWN) {
        struct gw_text text = gw_check_shape_text(checker, is);
        struct gw_diag *diag =
            gw_check_error(checker, 1046, stmt->value->span,
                           "`else fail` needs an opt, this is %.*s", GW_TEXT_ARG(text));
        gw_diags_hint(checker->diags, diag, "remove the `else`, or use `require`");
    }
    check_fail(checker, stmt);
}

static void check_let(struct gw_checker *checker, struct gw_stmt *stmt)
{
    const struct gw_type *hint = stmt->local ? stmt->local->inferred : NULL;
    gw_check_expr(checker, stmt->value, stmt->other ? NULL : hint);
    struct gw_shaped is = stmt->value->is;
    if (stmt->other != NULL)
        unwrap_let(checker, stmt, &is);
    if (is.shape == GW_SHAPE_UNIT || is.shape == GW_SHAPE_PAGE || is.shape == GW_SHAPE_COPY ||
        is.shape == GW_SHAPE_DECL) {
        struct gw_text text = gw_check_shape_text(checker, &is);
        gw_check_error(checker, 1044, stmt->value->span, "%.*s cannot have another name",
                       GW_TEXT_ARG(text));
        is = (struct gw_shaped){.shape = GW_SHAPE_UNKNOWN};
    }
    if (is.shape >= GW_SHAPE_BARE_INT && !checker->is_quiet) {
        struct gw_diag *diag =
            gw_check_error(checker, 1023, stmt->name.span, "the type of `%.*s` is not known",
                           GW_TEXT_ARG(stmt->name.text));
        gw_diags_hint(checker->diags, diag,
                      is.shape == GW_SHAPE_BARE_LIST || is.shape == GW_SHAPE_BARE_NONE
                          ? "its first typed use decides: return it, store it or pass it on"
                          : "write the type, as in u64(1) or dec<18,2>(1)");
        is = (struct gw_shaped){.shape = GW_SHAPE_UNKNOWN};
    }
    gw_check_bind(checker, &stmt->local, &stmt->name, is, true);
    if (stmt->local != NULL)
        stmt->local->first = stmt->value;
}

static bool field_target(struct gw_checker *checker, struct gw_expr *target)
{
    struct gw_expr *object = target->object;
    gw_check_expr(checker, object, NULL);
    bool implied = object->is.shape == GW_SHAPE_OPT_ROW_REF; /* E[k].f = x is E[k]!.f = x */
    if (implied)
        object->is.shape = GW_SHAPE_ROW_REF;
    struct gw_shaped row = object->is;
    if (row.shape == GW_SHAPE_UNKNOWN)
        return false;
    bool of_migration = checker->what == GW_CHECKING_MIGRATE && row.shape == GW_SHAPE_ROW &&
                        object->ref.kind == GW_REF_LOCAL && object->ref.local->is_mutable;
    if (row.shape != GW_SHAPE_ROW_REF && !of_migration) {
        struct gw_text text = gw_check_shape_text(checker, &row);
        struct gw_diag *diag = gw_check_error(checker, 1043, target->span, "%.*s cannot be changed",
                                              GW_TEXT_ARG(text));
        if (row.shape == GW_SHAPE_ROW)
            gw_diags_hint(checker->diags, diag, "it is a copy; rows are changed through `E[key]`");
        return false;
    }
    if (!of_migration && !gw_check_may_write(checker, target->span, "assignment to a field"))
        return false;
    int field = gw_check_field(checker, row.decl, &target->name, target->span);
    if (field < 0)
        return false;
    const struct gw_entity *entity = gw_check_row_of(row.decl);
    target->ref = (struct gw_ref){.kind = GW_REF_FIELD, .index = (uint32_t)field};
    target->is = gw_shaped_value(entity->fields[field].type);
    object->is.shape = implied ? GW_SHAPE_OPT_ROW_REF : object->is.shape;
    if ((uint32_t)field >= entity->key_count)
        return true;
    struct gw_diag *diag = gw_check_error(checker, 1043, target->span, "`%.*s` is a key field",
                                          GW_TEXT_ARG(target->name.text));
    gw_diags_hint(checker->diags, diag, "a key never changes: create another row, delete this one");
    return false;
}

static bool name_target(struct gw_checker *checker, struct gw_expr *target)
{
    struct gw_local *local = gw_check_local(checker, target->name.text);
    bool was_used = local != NULL && local->is_used;
    gw_check_expr(checker, target, NULL);
    if (local != NULL)
        local->is_used = was_used; /* writing is not using */
    if (target->is.shape == GW_SHAPE_UNKNOWN)
        return false;
    if (local != NULL && local->is_mutable)
        return true;
    struct gw_diag *diag = gw_check_error(checker, 1043, target->span, "`%.*s` cannot be assigned",
                                          GW_TEXT_ARG(target->name.text));
    gw_diags_hint(checker->diags, diag,
                  local ? "copy it to a local: `x := %.*s`"
                        : "only locals and fields of rows are assigned",
                  GW_TEXT_ARG(target->name.text));
    return false;
}

static bool check_target(struct gw_checker *checker, struct gw_expr *target)
{
    target->is = (struct gw_shaped){.shape = GW_SHAPE_UNKNOWN};
    target->ref = (struct gw_ref){.kind = GW_REF_NONE};
    if (target->kind == GW_EXPR_FIELD)
        return field_target(checker, target);
    if (target->kind == GW_EXPR_NAME)
        return name_target(checker, target);
    if (target->kind == GW_EXPR_INDEX && target->object->kind == GW_EXPR_NAME) {
        gw_check_expr(checker, target, NULL);
        if (target->is.shape == GW_SHAPE_UNKNOWN)
            return false;
        if (target->object->ref.kind == GW_REF_LOCAL && target->object->ref.local->is_mutable)
            return true;
    }
    gw_check_error(checker, 1043, target->span, "this cannot be assigned");
    return false;
}

static void assign_row(struct gw_checker *checker, struct gw_stmt *stmt)
{
    gw_check_expr(checker, stmt->value, NULL);
    const struct gw_shaped *to = &stmt->target->is, *from = &stmt->value->is;
    bool same = from->shape == to->shape && from->decl == to->decl && from->home == to->home;
    if (from->shape == GW_SHAPE_UNKNOWN || (same && stmt->op == GW_AST_OP_EQ))
        return;
    struct gw_text wanted = gw_check_shape_text(checker, to);
    gw_check_error(checker, 1030, stmt->value->span, "expected %.*s", GW_TEXT_ARG(wanted));
}

void gw_check_assigned(struct gw_checker *checker, struct gw_stmt *stmt)
{
    struct gw_expr *target = stmt->target, *value = stmt->value;
    if (!check_target(checker, target)) {
        gw_check_expr(checker, value, NULL);
        return;
    }
    if (gw_check_is_bare(target)) { /* the value may be what tells the type */
        gw_check_expr(checker, value, NULL);
        if (value->is.shape == GW_SHAPE_VALUE)
            gw_check_expr(checker, target, value->is.type);
        if (target->ref.local != NULL)
            target->ref.local->is_used = true;
        return;
    }
    if (target->is.shape != GW_SHAPE_VALUE) {
        assign_row(checker, stmt);
        return;
    }
    const struct gw_type *type = target->is.type;
    if (stmt->op == GW_AST_OP_EQ) {
        gw_check_value(checker, value, type);
        return;
    }
    gw_check_expr(checker, value, type);
    const struct gw_type *by = gw_check_seen(checker, value);
    const struct gw_type *result =
        by ? gw_check_arith(checker, stmt->op, type, by, type, stmt->span) : NULL;
    if (result != NULL && !gw_check_fits(result, type))
        gw_check_error(checker, 1030, value->span, "the result does not fit the target");
}

/* ---- for ---- */

static void walk_body(struct gw_checker *checker, struct gw_stmt *stmt, struct gw_shaped is)
{
    uint32_t visible = checker->visible_count;
    gw_check_bind(checker, &stmt->local, &stmt->name, is, false);
    gw_check_block(checker, &stmt->body);
    gw_check_leave(checker, visible);
}

static void for_range(struct gw_checker *checker, struct gw_stmt *stmt)
{
    struct gw_expr *low = stmt->low, *high = stmt->high;
    const struct gw_type *hint = stmt->local ? stmt->local->inferred : NULL;
    gw_check_expr(checker, low, hint);
    gw_check_expr(checker, high,
                  hint                              ? hint
                  : low->is.shape == GW_SHAPE_VALUE ? low->is.type
                                                    : NULL);
    if (gw_check_is_bare(low) && high->is.shape == GW_SHAPE_VALUE)
        gw_check_expr(checker, low, high->is.type);
    struct gw_shaped is = high->is;
    bool bare = gw_check_is_bare(low) && gw_check_is_bare(high);
    if (bare || hint != NULL) { /* the numbers are needed anyway; i64 unless a use asks otherwise */
        const struct gw_type *type = hint ? hint : gw_type_of_kind(GW_TYPE_I64);
        gw_check_value(checker, low, type);
        gw_check_value(checker, high, type);
        if (bare && checker->is_quiet)
            checker->found_bare = true;
        is = bare && checker->is_quiet ? (struct gw_shaped){.shape = GW_SHAPE_BARE_INT}
                                       : gw_shaped_value(type);
    }
    bool known = low->is_constant && high->is_constant && gw_type_is_integer(low->is.type->kind) &&
                 gw_type_equal(low->is.type, high->is.type);
    bool fits = known && low->constant.i >= INT64_MIN && low->constant.i <= INT64_MAX &&
                high->constant.i >= INT64_MIN && high->constant.i <= INT64_MAX;
    if (fits) {
        stmt->low_number = (int64_t)low->constant.i;
        stmt->high_number = (int64_t)high->constant.i;
    }
    if (low->is.shape != GW_SHAPE_UNKNOWN && high->is.shape != GW_SHAPE_UNKNOWN &&
        (!fits || stmt->high_number < stmt->low_number)) {
        struct gw_diag *diag =
            gw_check_error(checker, 1055, gw_span_join(low->span, high->span),
                           fits ? "the range ends before it begins"
                                : "a range has two constant integers of one type");
        gw_diags_hint(checker->diags, diag, "as in `0..10`: from 0 to 9");
    }
    walk_body(checker, stmt, is);
}

static void for_list(struct gw_checker *checker, struct gw_stmt *stmt)
{
    gw_check_expr(checker, stmt->value, NULL);
    struct gw_shaped is = stmt->value->is;
    if (is.shape == GW_SHAPE_PAGE) {
        is.shape = GW_SHAPE_ROW;
    } else if (is.shape == GW_SHAPE_VALUE && is.type->kind == GW_TYPE_LIST) {
        is = gw_shaped_value(is.type->items[0]);
    } else {
        if (is.shape != GW_SHAPE_UNKNOWN &&
            !(checker->is_quiet && is.shape == GW_SHAPE_BARE_LIST)) {
            struct gw_text text = gw_check_shape_text(checker, &is);
            struct gw_diag *diag = gw_check_error(checker, 1055, stmt->value->span,
                                                  "%.*s cannot be walked", GW_TEXT_ARG(text));
            gw_diags_hint(checker->diags, diag,
                          "a list, a range `0..10`, a page, or `table.prefix(…) limit 16`");
        }
        is = (struct gw_shaped){.shape = GW_SHAPE_UNKNOWN};
    }
    walk_body(checker, stmt, is);
}

static bool index_walk(struct gw_checker *checker, struct gw_expr *walk, const struct gw_decl *decl,
                       struct gw_shaped *is)
{
    const struct gw_ast_index *index = &decl->as.index;
    if (index->entity == NULL)
        return false;
    if (walk->ref.builtin != GW_BUILTIN_PREFIX || walk->item_count == 0 ||
        walk->item_count > index->field_count) {
        gw_check_error(checker, 1054, walk->span,
                       "an index is walked by `prefix` of 1 to %u values", index->field_count);
        return false;
    }
    const struct gw_entity *row = &index->entity->as.entity.entity;
    for (uint32_t i = 0; i < walk->item_count; i++)
        gw_check_value(checker, walk->items[i], row->fields[index->field_index[i]].type);
    *is = (struct gw_shaped){.shape = GW_SHAPE_ROW, .decl = index->entity, .is_keys_only = true};
    return true;
}

static void for_prefix(struct gw_checker *checker, struct gw_stmt *stmt)
{
    struct gw_expr *walk = stmt->value;
    struct gw_shaped is = {.shape = GW_SHAPE_UNKNOWN};
    gw_check_expr(checker, walk->object, NULL);
    walk->ref = (struct gw_ref){.kind = GW_REF_BUILTIN,
                                .builtin = gw_text_is(walk->name.text, "from") ? GW_BUILTIN_FROM
                                                                               : GW_BUILTIN_PREFIX};
    walk->is.shape = GW_SHAPE_UNIT;
    const struct gw_decl *decl =
        walk->object->is.shape == GW_SHAPE_DECL ? walk->object->is.decl : NULL;
    if (gw_check_may_read(checker, walk->span, "rows") &&
        walk->object->is.shape != GW_SHAPE_UNKNOWN) {
        if (decl != NULL && decl->kind == GW_DECL_TABLE) {
            gw_check_key_args(checker, walk, &decl->as.table.as_entity, false);
            is = (struct gw_shaped){.shape = GW_SHAPE_ROW, .decl = decl};
        } else if (decl != NULL && decl->kind == GW_DECL_INDEX) {
            index_walk(checker, walk, decl, &is);
        } else {
            struct gw_diag *diag =
                gw_check_error(checker, 1054, walk->span, "only tables and indexes are walked");
            gw_diags_hint(checker->diags, diag,
                          "rows of an entity may still be outside: keep their keys in a table or "
                          "an index, or scan a home in a daemon");
        }
    }
    if (stmt->limit < 1 || stmt->limit > 1000000)
        gw_check_error(checker, 1054, stmt->limit_span, "the limit is 1 to 1000000");
    walk_body(checker, stmt, is);
}

/* ---- others ---- */

static void check_if(struct gw_checker *checker, struct gw_stmt *stmt)
{
    gw_check_value(checker, stmt->value, gw_type_of_kind(GW_TYPE_BOOL));
    bool ends = gw_check_block(checker, &stmt->body);
    if (stmt->has_other_body)
        stmt->ends = gw_check_block(checker, &stmt->other_body) && ends;
}

static void check_return(struct gw_checker *checker, struct gw_stmt *stmt)
{
    const struct gw_ast_function *function = checker->function;
    stmt->ends = true;
    const struct gw_type_expr *result =
        function != NULL && function->result_count > 0 ? function->results[0] : NULL;
    if (stmt->value == NULL && result == NULL)
        return;
    if (stmt->value == NULL) {
        struct gw_text text = gw_check_type_text(checker, result->type);
        gw_check_error(checker, 1062, stmt->span, "the result is %.*s", GW_TEXT_ARG(text));
    } else if (result == NULL) {
        struct gw_diag *diag =
            gw_check_error(checker, 1062, stmt->value->span, "there is no result here");
        gw_diags_hint(checker->diags, diag, "declare it: `-> TYPE` after the parameters");
        gw_check_expr(checker, stmt->value, NULL);
    } else {
        gw_check_expr(checker, stmt->value, result->type);
        enum gw_shape shape = stmt->value->is.shape;
        if (shape == GW_SHAPE_ROW_REF || shape == GW_SHAPE_OPT_ROW_REF) {
            gw_check_seen(checker, stmt->value);
        } else {
            gw_check_value(checker, stmt->value, result->type);
        }
    }
}

static void check_delete(struct gw_checker *checker, struct gw_stmt *stmt)
{
    gw_check_may_write(checker, stmt->span, "`delete`");
    gw_check_expr(checker, stmt->value, NULL);
    enum gw_shape shape = stmt->value->is.shape;
    if (shape == GW_SHAPE_ROW_REF || shape == GW_SHAPE_OPT_ROW_REF || shape == GW_SHAPE_UNKNOWN)
        return;
    struct gw_text text = gw_check_shape_text(checker, &stmt->value->is);
    struct gw_diag *diag = gw_check_error(checker, 1053, stmt->value->span,
                                          "`delete` needs a row, this is %.*s", GW_TEXT_ARG(text));
    gw_diags_hint(checker->diags, diag,
                  shape == GW_SHAPE_OPT_ROW || shape == GW_SHAPE_ROW
                      ? "rows of a table: `Table.drop(key)`; of an entity: `delete Entity[key]`"
                      : "as in `delete Entity[key]`");
}

static void check_emit(struct gw_checker *checker, struct gw_stmt *stmt)
{
    gw_check_may_write(checker, stmt->span, "`emit`");
    for (uint32_t i = 0; i < stmt->init_count; i++) {
        struct gw_init *init = &stmt->inits[i];
        init->field = i;
        gw_check_inits_short(checker, init);
        if (init->value != NULL)
            gw_check_any(checker, init->value, NULL);
        for (uint32_t j = 0; j < i; j++) {
            if (gw_text_equal(stmt->inits[j].name.text, init->name.text)) {
                gw_check_error(checker, 1052, init->name.span, "`%.*s` is given twice",
                               GW_TEXT_ARG(init->name.text));
            }
        }
    }
    if (stmt->init_count > GW_FIELDS_MAX)
        gw_check_error(checker, 1066, stmt->span, "more than %d fields", GW_FIELDS_MAX);
}

static void check_expr_stmt(struct gw_checker *checker, struct gw_stmt *stmt)
{
    gw_check_expr(checker, stmt->value, NULL);
    enum gw_shape shape = stmt->value->is.shape;
    if (shape == GW_SHAPE_UNIT || shape == GW_SHAPE_UNKNOWN || stmt->value->kind == GW_EXPR_CREATE)
        return;
    struct gw_diag *diag =
        gw_check_error(checker, 1014, stmt->value->span, "this value is not used");
    gw_diags_hint(checker->diags, diag, "name it with `:=`, or leave it out");
}

static void check_take(struct gw_checker *checker, struct gw_stmt *stmt)
{
    stmt->ends = true;
    if (checker->what != GW_CHECKING_ONBOARD) {
        gw_check_error(checker, 1019, stmt->span, "`%s` belongs to onboard rules",
                       stmt->kind == GW_STMT_TAKE ? "take" : "reject");
        return;
    }
    gw_check_expr(checker, stmt->value, NULL);
    if (stmt->kind == GW_STMT_REJECT || stmt->value->is.shape == GW_SHAPE_COPY ||
        stmt->value->is.shape == GW_SHAPE_UNKNOWN)
        return;
    struct gw_diag *diag =
        gw_check_error(checker, 1030, stmt->value->span, "`take` needs one of the copies");
    gw_diags_hint(checker->diags, diag, "the names after `onboard (`");
}

static bool only_in_rules(struct gw_checker *checker, const struct gw_stmt *stmt)
{
    if (checker->what != GW_CHECKING_ONBOARD)
        return true;
    bool ok = stmt->kind == GW_STMT_LET || stmt->kind == GW_STMT_IF || stmt->kind == GW_STMT_TAKE ||
              stmt->kind == GW_STMT_REJECT;
    if (!ok) {
        struct gw_diag *diag =
            gw_check_error(checker, 1019, stmt->span, "an onboard rule has no such statement");
        gw_diags_hint(checker->diags, diag, "it has if, :=, take and reject");
    }
    return ok;
}

void gw_check_stmt(struct gw_checker *checker,
                   struct gw_stmt *stmt) /* NOLINT(misc-no-recursion): BLOCK_DEPTH */
{
    stmt->ends = false;
    if (!only_in_rules(checker, stmt))
        return;
    switch (stmt->kind) {
    case GW_STMT_LET:
        check_let(checker, stmt);
        return;
    case GW_STMT_ASSIGN:
        gw_check_assigned(checker, stmt);
        return;
    case GW_STMT_IF:
        check_if(checker, stmt);
        return;
    case GW_STMT_MATCH:
        gw_check_match(checker, stmt);
        return;
    case GW_STMT_FOR_RANGE:
        for_range(checker, stmt);
        return;
    case GW_STMT_FOR_LIST:
        for_list(checker, stmt);
        return;
    case GW_STMT_FOR_PREFIX:
        for_prefix(checker, stmt);
        return;
    case GW_STMT_REQUIRE:
        gw_check_value(checker, stmt->value, gw_type_of_kind(GW_TYPE_BOOL));
        check_fail(checker, stmt);
        return;
    case GW_STMT_FAIL:
        stmt->ends = true;
        check_fail(checker, stmt);
        return;
    case GW_STMT_RETURN:
        check_return(checker, stmt);
        return;
    case GW_STMT_DELETE:
        check_delete(checker, stmt);
        return;
    case GW_STMT_EMIT:
        check_emit(checker, stmt);
        return;
    case GW_STMT_EXPR:
        check_expr_stmt(checker, stmt);
        return;
    case GW_STMT_TAKE:
    case GW_STMT_REJECT:
        check_take(checker, stmt);
        return;
    default: /* what only daemons have */
        gw_check_daemon_stmt(checker, stmt);
        return;
    }
}

bool gw_check_block(struct gw_checker *checker,
                    struct gw_block *block) /* NOLINT(misc-no-recursion): BLOCK_DEPTH */
{
    uint32_t visible = checker->visible_count;
    bool ends = false, told = false;
    for (uint32_t i = 0; i < block->count; i++) {
        struct gw_stmt *stmt = block->items[i];
        if (ends && !told) {
            struct gw_diag *diag =
                gw_check_error(checker, 1025, stmt->span, "this is never reached");
            gw_diags_hint(checker->diags, diag, "what stands before always leaves");
            told = true;
        }
        gw_check_stmt(checker, stmt);
        ends |= stmt->ends;
    }
    gw_check_leave(checker, visible);
    return ends;
}

/* ---- functions ---- */

static void bind_params(struct gw_checker *checker, struct gw_ast_function *function)
{
    for (uint32_t i = 0; i < function->param_count; i++) {
        struct gw_ast_field *param = &function->params[i];
        gw_check_bind(checker, &param->local, &param->name, gw_shaped_value(param->type->type),
                      false);
        if (param->local != NULL)
            param->local->is_param = true;
    }
}

static void walk_function(struct gw_checker *checker, void *ctx)
{
    struct gw_decl *decl = ctx;
    struct gw_ast_function *function = &decl->as.function;
    enum gw_checking what = decl->kind == GW_DECL_FN     ? GW_CHECKING_FN
                            : decl->kind == GW_DECL_TXN  ? GW_CHECKING_TXN
                            : decl->kind == GW_DECL_VIEW ? GW_CHECKING_VIEW
                                                         : GW_CHECKING_DAEMON;
    gw_check_begin_body(checker, what);
    checker->function = function;
    bind_params(checker, function);
    bool ends = gw_check_block(checker, &function->body);
    gw_check_leave(checker, 0);
    if (!ends && function->result_count > 0) {
        struct gw_span end = function->body.span;
        end.begin = end.end > 0 ? end.end - 1 : 0;
        struct gw_diag *diag =
            gw_check_error(checker, 1026, end, "%s `%.*s` can end without a result",
                           gw_decl_kind_text(decl->kind), GW_TEXT_ARG(decl->name.text));
        gw_diags_hint(checker->diags, diag, "every path ends in `return` or `fail`");
    }
    checker->function = NULL;
}

void gw_check_function(struct gw_checker *checker, struct gw_decl *decl)
{
    gw_check_rounds(checker, walk_function, decl);
    decl->as.function.locals = gw_check_take_locals(checker, &decl->as.function.local_count);
}
