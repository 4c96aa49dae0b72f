#include "lang/check_int.h"

/** What a match is over, and which of its cases have been seen. */
struct cases {
    struct gw_shaped is;
    const struct gw_ast_function *called; /* match call */
    bool any, some, none, ok, fail, abort;
    bool members[256];
    const struct gw_arm *arms; /* for duplicates of literals */
};

static void misfit(struct gw_checker *checker, const struct gw_arm *arm, const struct cases *cases)
{
    struct gw_text text = cases->called ? GW_TEXT_LIT("the result of a call")
                                        : gw_check_shape_text(checker, &cases->is);
    gw_check_error(checker, 1048, arm->span, "this pattern does not go with %.*s",
                   GW_TEXT_ARG(text));
}

static void twice(struct gw_checker *checker, const struct gw_arm *arm, bool *seen)
{
    if (*seen)
        gw_check_error(checker, 1048, arm->span, "this case stands above already");
    *seen = true;
}

static void name_pattern(struct gw_checker *checker, struct gw_arm *arm, struct cases *cases)
{
    if (cases->is.shape == GW_SHAPE_UNKNOWN)
        return;
    if (cases->is.shape != GW_SHAPE_VALUE || cases->is.type->kind != GW_TYPE_ENUM) {
        misfit(checker, arm, cases);
        return;
    }
    int index = gw_check_member(cases->is.type, arm->name.text);
    const struct gw_enum *members = cases->is.type->members;
    if (index < 0) {
        struct gw_text names[256];
        size_t count = GW_MIN(members->member_count, GW_COUNT_OF(names));
        for (size_t i = 0; i < count; i++)
            names[i] = members->members[i].name;
        struct gw_diag *diag =
            gw_check_error(checker, 1041, arm->span, "no member `%.*s` in enum %.*s",
                           GW_TEXT_ARG(arm->name.text), GW_TEXT_ARG(members->name));
        gw_check_hint_names(checker, diag, arm->name.text, "members", names, count);
        return;
    }
    arm->member = (uint32_t)index;
    if (index < 256)
        twice(checker, arm, &cases->members[index]);
}

static void literal_pattern(struct gw_checker *checker, struct gw_arm *arm, struct cases *cases)
{
    if (cases->is.shape == GW_SHAPE_UNKNOWN || cases->is.shape >= GW_SHAPE_BARE_INT)
        return;
    if (cases->is.shape != GW_SHAPE_VALUE) {
        misfit(checker, arm, cases);
        return;
    }
    const struct gw_type *type = cases->is.type;
    if (!gw_check_value(checker, arm->literal, type))
        return;
    if (type->kind == GW_TYPE_BOOL)
        twice(checker, arm, &cases->members[arm->literal->number != 0]);
    for (const struct gw_arm *other = cases->arms; other != arm; other++) {
        if (type->kind == GW_TYPE_BOOL || other->pattern != GW_PATTERN_LITERAL ||
            !other->literal->is_constant || other->literal->is.type == NULL)
            continue;
        bool same = type->kind == GW_TYPE_STR || type->kind == GW_TYPE_BYTES
                        ? gw_bytes_equal(other->literal->bytes, arm->literal->bytes)
                        : other->literal->constant.u == arm->literal->constant.u;
        if (same)
            gw_check_error(checker, 1048, arm->span, "this case stands above already");
    }
}

/** @return what the name in `some(x)` stands for */
static struct gw_shaped some_pattern(struct gw_checker *checker, struct gw_arm *arm,
                                     struct cases *cases)
{
    struct gw_shaped is = cases->is;
    twice(checker, arm, &cases->some);
    if (is.shape == GW_SHAPE_OPT_ROW_REF) {
        is.shape = GW_SHAPE_ROW_REF;
    } else if (is.shape == GW_SHAPE_OPT_ROW) {
        is.shape = GW_SHAPE_ROW;
    } else if (is.shape == GW_SHAPE_VALUE && is.type->kind == GW_TYPE_OPT) {
        return gw_shaped_value(is.type->items[0]);
    } else if (is.shape != GW_SHAPE_UNKNOWN) {
        misfit(checker, arm, cases);
    }
    if (is.shape != GW_SHAPE_ROW_REF && is.shape != GW_SHAPE_ROW)
        is = (struct gw_shaped){.shape = GW_SHAPE_UNKNOWN};
    return is;
}

static void none_pattern(struct gw_checker *checker, struct gw_arm *arm, struct cases *cases)
{
    twice(checker, arm, &cases->none);
    bool ok = cases->is.shape == GW_SHAPE_OPT_ROW_REF || cases->is.shape == GW_SHAPE_OPT_ROW ||
              cases->is.shape == GW_SHAPE_UNKNOWN || cases->is.shape == GW_SHAPE_BARE_NONE ||
              (cases->is.shape == GW_SHAPE_VALUE && cases->is.type->kind == GW_TYPE_OPT);
    if (!ok)
        misfit(checker, arm, cases);
}

static struct gw_shaped call_pattern(struct gw_checker *checker, struct gw_arm *arm,
                                     struct cases *cases)
{
    const struct gw_ast_function *called = cases->called;
    struct gw_shaped is = {.shape = GW_SHAPE_UNKNOWN};
    bool has_name = arm->bind.text.data != NULL;
    if (called == NULL)
        return is; /* the call is in error */
    if (arm->pattern == GW_PATTERN_ABORT) {
        twice(checker, arm, &cases->abort);
        return gw_shaped_value(gw_lang_abort_type());
    }
    bool is_ok = arm->pattern == GW_PATTERN_OK;
    twice(checker, arm, is_ok ? &cases->ok : &cases->fail);
    uint32_t wanted = is_ok ? 0 : 1;
    if (!is_ok && called->result_count < 2) {
        gw_check_error(checker, 1048, arm->span, "this txn declares no fail type");
    } else if (!has_name) {
        return is;
    } else if (called->result_count <= wanted) {
        gw_check_error(checker, 1048, arm->span, "this txn has no result to name");
    } else if (!is_ok && called->result_count > 2) {
        struct gw_diag *diag = gw_check_error(
            checker, 1048, arm->span, "the txn has several fail types, which have no common one");
        gw_diags_hint(checker->diags, diag, "leave the name out: `fail => …`");
    } else {
        is = gw_shaped_value(called->results[wanted]->type);
    }
    return is;
}

static void check_arm(struct gw_checker *checker, struct gw_arm *arm, struct cases *cases)
{
    struct gw_shaped is = {.shape = GW_SHAPE_UNKNOWN};
    if (cases->any)
        gw_check_error(checker, 1025, arm->span, "this is never reached: `_` stands above");
    switch (arm->pattern) {
    case GW_PATTERN_ANY:
        cases->any = true;
        break;
    case GW_PATTERN_LITERAL:
        literal_pattern(checker, arm, cases);
        break;
    case GW_PATTERN_NAME:
        name_pattern(checker, arm, cases);
        break;
    case GW_PATTERN_SOME:
        is = some_pattern(checker, arm, cases);
        break;
    case GW_PATTERN_NONE:
        none_pattern(checker, arm, cases);
        break;
    case GW_PATTERN_OK:
    case GW_PATTERN_FAIL:
    case GW_PATTERN_ABORT:
        is = call_pattern(checker, arm, cases);
        break;
    }
    if (arm->bind.text.data != NULL)
        gw_check_bind(checker, &arm->local, &arm->bind, is, false);
}

/** @return a case that no arm takes, or NULL */
static const char *missing(struct gw_checker *checker, const struct cases *cases,
                           struct gw_text *ret)
{
    if (cases->any || (cases->is.shape == GW_SHAPE_UNKNOWN && cases->called == NULL))
        return NULL;
    if (cases->called != NULL) {
        bool can_fail = cases->called->result_count > 1;
        return !cases->ok                 ? "ok(v)"
               : can_fail && !cases->fail ? "fail(e)"
               : !cases->abort            ? "abort(c)"
                                          : NULL;
    }
    const struct gw_type *type = cases->is.shape == GW_SHAPE_VALUE ? cases->is.type : NULL;
    if (type == NULL || type->kind == GW_TYPE_OPT) {
        if (cases->is.shape >= GW_SHAPE_BARE_INT)
            return NULL;
        return !cases->some ? "some(x)" : !cases->none ? "none" : NULL;
    }
    if (type->kind == GW_TYPE_BOOL)
        return !cases->members[1] ? "true" : !cases->members[0] ? "false" : NULL;
    if (type->kind != GW_TYPE_ENUM)
        return "_";
    for (uint32_t i = 0; i < type->members->member_count; i++) {
        if (i >= 256 || !cases->members[i]) {
            struct gw_text name = gw_arena_printf(checker->arena, "%.*s",
                                                  GW_TEXT_ARG(type->members->members[i].name));
            *ret = name;
            return name.data;
        }
    }
    return NULL;
}

void gw_check_match(struct gw_checker *checker,
                    struct gw_stmt *stmt) /* NOLINT(misc-no-recursion): BLOCK_DEPTH */
{
    struct cases cases = {.arms = stmt->arms};
    if (stmt->is_call) {
        struct gw_decl *called = gw_check_called(checker, stmt->value);
        stmt->decl = called;
        cases.called = called ? &called->as.function : NULL;
    } else {
        gw_check_expr(checker, stmt->value, NULL);
        cases.is = stmt->value->is;
        enum gw_shape shape = cases.is.shape;
        bool matches = shape == GW_SHAPE_UNKNOWN || shape == GW_SHAPE_OPT_ROW_REF ||
                       shape == GW_SHAPE_OPT_ROW || shape == GW_SHAPE_VALUE;
        if (!matches) {
            if (gw_check_seen(checker, stmt->value) == NULL)
                cases.is.shape = GW_SHAPE_UNKNOWN;
        }
    }
    bool ends = stmt->arm_count > 0;
    for (uint32_t i = 0; i < stmt->arm_count; i++) {
        uint32_t visible = checker->visible_count;
        check_arm(checker, &stmt->arms[i], &cases);
        ends &= gw_check_block(checker, &stmt->arms[i].body);
        gw_check_leave(checker, visible);
    }
    struct gw_text name;
    const char *left = missing(checker, &cases, &name);
    if (left != NULL) {
        struct gw_diag *diag =
            gw_check_error(checker, 1047, stmt->span, "`%s` is not matched", left);
        if (diag != NULL)
            diag->carets = stmt->keyword;
        gw_diags_hint(checker->diags, diag, "add `%s => …`, or `_ => …` for all others", left);
    }
    stmt->ends = ends;
}
