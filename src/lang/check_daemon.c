/* Statements that only daemons have. */
#include "lang/check_int.h"

static const char *word(const struct gw_stmt *stmt)
{
    switch (stmt->kind) {
    case GW_STMT_FOR_SCAN:
        return "scan";
    case GW_STMT_WHILE:
        return "while";
    case GW_STMT_YIELD:
        return "yield";
    case GW_STMT_SLEEP:
        return "sleep";
    case GW_STMT_ONBOARD:
        return "onboard";
    case GW_STMT_AWAIT:
        return "await";
    case GW_STMT_PHASE:
        return "phase";
    case GW_STMT_CALL:
        return "call";
    case GW_STMT_ALERT:
        return "alert";
    default: /* the last one */
        return "retry";
    }
}

static bool in_daemon(struct gw_checker *checker, struct gw_span span, const char *what)
{
    if (checker->what == GW_CHECKING_DAEMON)
        return true;
    struct gw_diag *diag = gw_check_error(checker, 1018, span, "only daemons have `%s`", what);
    gw_diags_hint(checker->diags, diag,
                  gw_text_is(gw_text(what), "while")
                      ? "a loop here needs a bound: `for i in 0..10`, or `prefix(…) limit 16`"
                      : "a daemon runs beside the calls, slice by slice");
    return false;
}

struct gw_decl *gw_check_called(struct gw_checker *checker, struct gw_expr *call)
{
    call->is = (struct gw_shaped){.shape = GW_SHAPE_UNKNOWN};
    if (!in_daemon(checker, call->span, "call"))
        return NULL;
    struct gw_decl *decl = gw_check_need(checker, &call->name, GW_DECL_TXN);
    if (decl == NULL)
        return NULL;
    call->ref = (struct gw_ref){.kind = GW_REF_DECL, .decl = decl};
    const struct gw_ast_function *function = &decl->as.function;
    gw_check_args(checker, call, function->params, function->param_count);
    call->is.shape = GW_SHAPE_UNIT;
    if (function->result_count > 0)
        call->is = gw_shaped_value(function->results[0]->type);
    return decl;
}

static void check_call(struct gw_checker *checker, struct gw_stmt *stmt)
{
    stmt->decl = gw_check_called(checker, stmt->value);
    struct gw_shaped is = stmt->value->is;
    bool is_named = stmt->is_define || stmt->target != NULL;
    if (is_named && is.shape == GW_SHAPE_UNIT) {
        gw_check_error(checker, 1062, stmt->value->span, "this txn has no result");
        is.shape = GW_SHAPE_UNKNOWN;
    }
    if (stmt->is_define) {
        gw_check_bind(checker, &stmt->local, &stmt->name, is, true);
        return;
    }
    if (stmt->target == NULL)
        return;
    struct gw_local *local = gw_check_local(checker, stmt->name.text);
    bool was_used = local != NULL && local->is_used;
    gw_check_expr(checker, stmt->target, is.type);
    stmt->local = local;
    if (local == NULL || !local->is_mutable) {
        gw_check_error(checker, 1043, stmt->target->span, "`%.*s` cannot be assigned",
                       GW_TEXT_ARG(stmt->name.text));
        return;
    }
    local->is_used = was_used;
    bool fits = is.shape != GW_SHAPE_VALUE || local->is.shape != GW_SHAPE_VALUE ||
                gw_check_fits(is.type, local->is.type);
    if (!fits) {
        struct gw_text wanted = gw_check_type_text(checker, local->is.type);
        gw_check_error(checker, 1030, stmt->value->span, "expected %.*s", GW_TEXT_ARG(wanted));
    }
}

static const struct gw_ast_home *find_home(const struct gw_checker *checker,
                                           const struct gw_place_expr *place, uint32_t *ret_count)
{
    const struct gw_ast_home *found = NULL;
    *ret_count = 0;
    for (uint32_t i = 0; i < checker->ast->decl_count; i++) {
        struct gw_decl *decl = checker->ast->decls[i];
        if (decl->kind != GW_DECL_ENTITY || decl->as.entity.is_old)
            continue;
        for (uint32_t h = 0; h < decl->as.entity.home_count; h++) {
            const struct gw_ast_home *home = &decl->as.entity.homes[h];
            if (!gw_text_equal(home->place.store.text, place->store.text) ||
                !gw_text_equal(home->place.place.text, place->place.text))
                continue;
            if (home->entity != NULL)
                found = home;
            ++*ret_count;
        }
    }
    return found;
}

static void scan_order(struct gw_checker *checker, struct gw_stmt *stmt, const struct gw_home *home)
{
    stmt->by_columns = GW_CHECK_ARRAY(checker, uint32_t, stmt->by_count);
    struct gw_text names[256];
    uint32_t count = (uint32_t)GW_MIN(home->column_count, GW_COUNT_OF(names)), keys = 0;
    for (uint32_t c = 0; c < count; c++)
        names[c] = home->columns[c].name;
    for (uint32_t i = 0; stmt->by_columns != NULL && i < stmt->by_count; i++) {
        uint32_t c = 0;
        while (c < count && !gw_text_equal(names[c], stmt->by[i].text))
            c++;
        if (c == count) {
            struct gw_diag *diag =
                gw_check_error(checker, 1042, stmt->by[i].span, "no column `%.*s` in home %.*s",
                               GW_TEXT_ARG(stmt->by[i].text), GW_TEXT_ARG(home->name));
            gw_check_hint_names(checker, diag, stmt->by[i].text, "columns", names, count);
            return;
        }
        stmt->by_columns[i] = c;
        keys += home->columns[c].is_key;
        if (home->columns[c].type != NULL && home->columns[c].type->kind == GW_TYPE_OPT) {
            gw_check_error(checker, 1072, stmt->by[i].span,
                           "`%.*s` may be absent: it gives no order",
                           GW_TEXT_ARG(stmt->by[i].text));
        }
    }
    if (keys == home->key_count)
        return;
    struct gw_diag *diag =
        gw_check_error(checker, 1072, stmt->by[0].span, "a scan needs all key columns in `by`");
    gw_diags_hint(checker->diags, diag,
                  "otherwise rows at the border of two pages would be missed or seen twice");
}

static void check_scan(struct gw_checker *checker, struct gw_stmt *stmt)
{
    uint32_t count;
    stmt->home = find_home(checker, &stmt->place, &count);
    if (count != 1) {
        struct gw_diag *diag = gw_check_error(
            checker, 1072, stmt->place.span,
            count ? "several entities live in %.*s.%.*s" : "no entity has the home %.*s.%.*s",
            GW_TEXT_ARG(stmt->place.store.text), GW_TEXT_ARG(stmt->place.place.text));
        gw_diags_hint(checker->diags, diag, "scan a place that exactly one `home` names");
        stmt->home = NULL;
    }
    if (stmt->limit < 1 || stmt->limit > 4096)
        gw_check_error(checker, 1072, stmt->limit_span, "a page has 1 to 4096 rows");
    struct gw_shaped is = {.shape = GW_SHAPE_UNKNOWN};
    if (stmt->home != NULL) {
        scan_order(checker, stmt, &stmt->home->home);
        is = (struct gw_shaped){
            .shape = GW_SHAPE_PAGE, .decl = stmt->home->entity, .home = stmt->home};
    }
    uint32_t visible = checker->visible_count;
    gw_check_bind(checker, &stmt->local, &stmt->name, is, false);
    gw_check_block(checker, &stmt->body);
    gw_check_leave(checker, visible);
}

static void check_pushed(struct gw_checker *checker, struct gw_stmt *stmt)
{
    gw_check_expr(checker, stmt->subject, NULL);
    const struct gw_shaped *is = &stmt->subject->is;
    stmt->decl = gw_check_need(checker, &stmt->await_of, GW_DECL_STORE);
    if (is->shape == GW_SHAPE_UNKNOWN || stmt->decl == NULL)
        return;
    if (is->shape != GW_SHAPE_PAGE && is->shape != GW_SHAPE_ROW_REF &&
        is->shape != GW_SHAPE_OPT_ROW_REF) {
        gw_check_error(checker, 1057, stmt->subject->span, "`pushed` waits for a page or a row");
        return;
    }
    bool lives_there = false;
    for (uint32_t h = 0; h < is->decl->as.entity.home_count; h++) {
        lives_there |=
            gw_text_equal(is->decl->as.entity.homes[h].place.store.text, stmt->await_of.text);
    }
    if (!lives_there) {
        gw_check_error(checker, 1057, stmt->await_of.span, "%.*s has no home in store %.*s",
                       GW_TEXT_ARG(is->decl->name.text), GW_TEXT_ARG(stmt->await_of.text));
    }
}

static void check_await(struct gw_checker *checker, struct gw_stmt *stmt)
{
    switch (stmt->await) {
    case GW_AWAIT_PUSHED:
        check_pushed(checker, stmt);
        break;
    case GW_AWAIT_AUDITED:
        stmt->decl = gw_check_need(checker, &stmt->await_of, GW_DECL_ENTITY);
        break;
    case GW_AWAIT_DRAINED:
        stmt->decl = gw_check_need(checker, &stmt->await_of, GW_DECL_STORE);
        break;
    case GW_AWAIT_TRUE:
        gw_check_value(checker, stmt->subject, gw_type_of_kind(GW_TYPE_BOOL));
        break;
    }
    if (!stmt->has_other_body)
        return;
    gw_check_value(checker, stmt->timeout, gw_type_of_kind(GW_TYPE_DUR));
    checker->await_else++;
    gw_check_block(checker, &stmt->other_body);
    checker->await_else--;
}

static void check_phase(struct gw_checker *checker, struct gw_stmt *stmt)
{
    static const char *const phases[] = {
#define X(name, text) text,
        GW_PHASE_LIST(X)
#undef X
    };
    for (uint32_t i = 0; i < stmt->phase_count; i++) {
        struct gw_phase_move *move = &stmt->phases[i];
        move->decl = gw_check_need(checker, &move->entity, GW_DECL_ENTITY);
        struct gw_text names[GW_COUNT_OF(phases)];
        bool found = false;
        for (uint32_t p = 0; p < GW_COUNT_OF(phases); p++) {
            names[p] = gw_text(phases[p]);
            if (gw_text_equal(names[p], move->phase.text)) {
                move->index = p;
                found = true;
            }
        }
        if (found)
            continue;
        struct gw_diag *diag = gw_check_error(checker, 1059, move->phase.span, "no phase `%.*s`",
                                              GW_TEXT_ARG(move->phase.text));
        gw_check_hint_names(checker, diag, move->phase.text, "phases", names, GW_COUNT_OF(phases));
    }
}

static void check_onboard(struct gw_checker *checker, struct gw_stmt *stmt)
{
    gw_check_expr(checker, stmt->value, NULL);
    enum gw_shape shape = stmt->value->is.shape;
    if (shape != GW_SHAPE_OPT_ROW_REF && shape != GW_SHAPE_ROW_REF && shape != GW_SHAPE_UNKNOWN)
        gw_check_error(checker, 1053, stmt->value->span, "`onboard` needs a row: `Entity[key]`");
}

void gw_check_daemon_stmt(struct gw_checker *checker,
                          struct gw_stmt *stmt) /* NOLINT(misc-no-recursion): BLOCK_DEPTH */
{
    if (!in_daemon(checker, stmt->keyword, word(stmt)))
        return;
    switch (stmt->kind) {
    case GW_STMT_FOR_SCAN:
        check_scan(checker, stmt);
        return;
    case GW_STMT_WHILE:
        gw_check_value(checker, stmt->value, gw_type_of_kind(GW_TYPE_BOOL));
        gw_check_block(checker, &stmt->body);
        return;
    case GW_STMT_SLEEP:
        gw_check_value(checker, stmt->value, gw_type_of_kind(GW_TYPE_DUR));
        return;
    case GW_STMT_ONBOARD:
        check_onboard(checker, stmt);
        return;
    case GW_STMT_AWAIT:
        check_await(checker, stmt);
        return;
    case GW_STMT_PHASE:
        check_phase(checker, stmt);
        return;
    case GW_STMT_CALL:
        check_call(checker, stmt);
        return;
    case GW_STMT_RETRY:
        stmt->ends = true;
        if (checker->await_else == 0) {
            gw_check_error(checker, 1058, stmt->span,
                           "`retry` stands in the `else` block of an `await`");
        }
        return;
    default: /* YIELD, ALERT have nothing to check */
        return;
    }
}
