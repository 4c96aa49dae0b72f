/* The order in which declarations are checked, and the small ones. */
#include "lang/check_int.h"

enum { DECLS_MAX = 512, FN_DEPTH_MAX = 64 };

/* ---- names ---- */

static bool may_share(const struct gw_decl *a, const struct gw_decl *b)
{
    return a->kind == GW_DECL_ENTITY && b->kind == GW_DECL_ENTITY &&
           a->as.entity.version != b->as.entity.version;
}

static bool is_named(const struct gw_decl *decl)
{
    return decl->kind != GW_DECL_INCLUDE && decl->kind != GW_DECL_MIGRATE;
}

static void check_name(struct gw_checker *checker, uint32_t at)
{
    const struct gw_decl *decl = checker->ast->decls[at];
    struct gw_diag *diag;
    if (gw_check_is_builtin(decl->name.text)) {
        diag = gw_check_error(checker, 1022, decl->name.span, "`%.*s` is a built-in function",
                              GW_TEXT_ARG(decl->name.text));
        gw_diags_hint(checker->diags, diag, "choose another name");
    }
    for (uint32_t i = 0; i < at; i++) {
        const struct gw_decl *other = checker->ast->decls[i];
        if (!is_named(other))
            continue;
        if (gw_text_equal(other->name.text, decl->name.text) && !may_share(other, decl)) {
            struct gw_position line = gw_source_position(
                checker->ast->source, other->name.span.file, other->name.span.begin);
            diag = gw_check_error(checker, 1021, decl->name.span, "`%.*s` is declared twice",
                                  GW_TEXT_ARG(decl->name.text));
            gw_diags_hint(
                checker->diags, diag, "first as %s in %.*s:%u", gw_decl_kind_text(other->kind),
                GW_TEXT_ARG(checker->ast->source->files[other->name.span.file].name), line.line);
            return;
        }
        if (!gw_text_equal(other->name.text, decl->name.text) &&
            gw_name_id(other->name.text) == gw_name_id(decl->name.text)) {
            diag =
                gw_check_error(checker, 1029, decl->name.span, "`%.*s` and `%.*s` have the same id",
                               GW_TEXT_ARG(decl->name.text), GW_TEXT_ARG(other->name.text));
            gw_diags_hint(checker->diags, diag, "ids are hashes of names: rename one of them");
        }
    }
}

static uint32_t count_of(const struct gw_checker *checker, enum gw_decl_kind kind)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < checker->ast->decl_count; i++)
        count += checker->ast->decls[i]->kind == kind;
    return count;
}

static void limit(struct gw_checker *checker, enum gw_decl_kind kind, uint32_t most)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < checker->ast->decl_count; i++) {
        const struct gw_decl *decl = checker->ast->decls[i];
        count += decl->kind == kind;
        if (decl->kind != kind || count != most + 1)
            continue;
        gw_check_error(checker, 1066, decl->name.span, "more than %u declarations of kind %s", most,
                       gw_decl_kind_text(kind));
    }
}

static void mark_old(struct gw_checker *checker, struct gw_decl *decl)
{
    for (uint32_t i = 0; i < checker->ast->decl_count; i++) {
        const struct gw_decl *other = checker->ast->decls[i];
        if (other->kind == GW_DECL_ENTITY && other != decl &&
            gw_text_equal(other->name.text, decl->name.text) &&
            other->as.entity.version > decl->as.entity.version)
            decl->as.entity.is_old = true;
    }
}

/* ---- enum ---- */

static void member_numbers(struct gw_checker *checker, struct gw_ast_enum *ret,
                           const struct gw_type *base, struct gw_enum_member *members)
{
    gw_i128 next = 0, least;
    gw_u128 most;
    gw_type_range(base, &least, &most);
    for (uint32_t i = 0; i < ret->member_count; i++) {
        struct gw_ast_member *member = &ret->members[i];
        bool is_int = !member->has_number || member->number->kind == GW_EXPR_INT;
        gw_i128 number = member->has_number && is_int ? member->number->number : next;
        bool fits = is_int && !(member->has_number && member->number->is_big) &&
                    (number < 0 ? number >= least : (gw_u128)number <= most);
        struct gw_text type = gw_check_type_text(checker, base);
        if (!fits) {
            gw_check_error(checker, 1065, member->name.span, "the number of `%.*s` is no %.*s",
                           GW_TEXT_ARG(member->name.text), GW_TEXT_ARG(type));
        }
        members[i] = (struct gw_enum_member){.name = member->name.text, .number = number};
        for (uint32_t j = 0; j < i; j++) {
            if (gw_text_equal(members[j].name, members[i].name)) {
                gw_check_error(checker, 1021, member->name.span, "`%.*s` is declared twice",
                               GW_TEXT_ARG(member->name.text));
            } else if (members[j].number == number) {
                gw_check_error(checker, 1065, member->name.span, "`%.*s` has the number of `%.*s`",
                               GW_TEXT_ARG(member->name.text), GW_TEXT_ARG(members[j].name));
            }
        }
        next = fits ? number + 1 : next + 1;
    }
}

static void check_enum(struct gw_checker *checker, struct gw_decl *decl)
{
    struct gw_ast_enum *ret = &decl->as.enumeration;
    const struct gw_type *base = gw_check_type(checker, ret->base);
    if (base == NULL)
        return;
    if (!gw_type_is_integer(base->kind) || base->kind == GW_TYPE_U128 ||
        base->kind == GW_TYPE_I128) {
        gw_check_error(checker, 1065, ret->base->span,
                       "an enum is kept in an integer up to 64 bits");
        return;
    }
    if (ret->member_count == 0 || ret->member_count > 256) {
        gw_check_error(checker, 1065, decl->name.span, "an enum has 1 to 256 members");
        return;
    }
    struct gw_enum *made = GW_CHECK_ARRAY(checker, struct gw_enum, 1);
    struct gw_enum_member *members =
        GW_CHECK_ARRAY(checker, struct gw_enum_member, ret->member_count);
    struct gw_type *type = GW_CHECK_ARRAY(checker, struct gw_type, 1);
    if (made == NULL || members == NULL || type == NULL)
        return;
    uint32_t errors = checker->errors;
    member_numbers(checker, ret, base, members);
    if (checker->errors != errors)
        return;
    *made = (struct gw_enum){.name = decl->name.text,
                             .base = base->kind,
                             .members = members,
                             .member_count = ret->member_count};
    *type = (struct gw_type){.kind = GW_TYPE_ENUM, .members = made};
    if (gw_type_finish(type, NULL) == GW_OK)
        ret->type = type;
}

/* ---- store ---- */

static void check_option(struct gw_checker *checker, const struct gw_ast_option *option)
{
    static const struct {
        const char *name;
        enum gw_expr_kind kind;
        const char *wanted;
    } options[] = {
        {"batch", GW_EXPR_INT, "rows of one push, 1 to 4096"},
        {"connections", GW_EXPR_INT, "a number of connections, 1 to 64"},
        {"timeout", GW_EXPR_DURATION, "a duration such as 2s"},
        {"accept_loss", GW_EXPR_BOOL, "true or false"},
        {"dirty_bytes_max", GW_EXPR_INT, "a number of bytes"},
    };
    struct gw_text names[GW_COUNT_OF(options)];
    for (size_t i = 0; i < GW_COUNT_OF(options); i++) {
        names[i] = gw_text(options[i].name);
        if (!gw_text_is(option->name.text, options[i].name))
            continue;
        gw_i128 number = option->value->number;
        bool ok = option->value->kind == options[i].kind &&
                  (number > 0 || options[i].kind == GW_EXPR_BOOL) && !option->value->is_big;
        ok = ok && (i != 0 || number <= 4096) && (i != 1 || number <= 64);
        if (!ok) {
            gw_check_error(checker, 1067, option->value->span, "`%s` is %s", options[i].name,
                           options[i].wanted);
        }
        return;
    }
    struct gw_diag *diag = gw_check_error(checker, 1067, option->name.span, "no option `%.*s`",
                                          GW_TEXT_ARG(option->name.text));
    gw_check_hint_names(checker, diag, option->name.text, "options", names, GW_COUNT_OF(options));
}

void gw_check_store(struct gw_checker *checker, struct gw_decl *decl, uint16_t index)
{
    static const char *const kinds[] = {
#define X(name, text) text,
        GW_STORE_KINDS(X)
#undef X
    };
    struct gw_ast_store *store = &decl->as.store;
    struct gw_text names[GW_COUNT_OF(kinds)];
    bool found = false;
    store->index = index;
    for (uint32_t i = 0; i < GW_COUNT_OF(kinds); i++) {
        names[i] = gw_text(kinds[i]);
        if (gw_text_equal(names[i], store->kind_name.text)) {
            store->kind = i;
            found = true;
        }
    }
    if (!found) {
        struct gw_diag *diag =
            gw_check_error(checker, 1067, store->kind_name.span, "no kind of store `%.*s`",
                           GW_TEXT_ARG(store->kind_name.text));
        gw_check_hint_names(checker, diag, store->kind_name.text, "kinds", names,
                            GW_COUNT_OF(kinds));
    }
    for (uint32_t i = 0; i < store->option_count; i++) {
        check_option(checker, &store->options[i]);
        for (uint32_t j = 0; j < i; j++) {
            if (gw_text_equal(store->options[i].name.text, store->options[j].name.text)) {
                gw_check_error(checker, 1021, store->options[i].name.span,
                               "option `%.*s` is given twice",
                               GW_TEXT_ARG(store->options[i].name.text));
            }
        }
    }
}

/* ---- index, counter, const ---- */

static void check_index(struct gw_checker *checker, struct gw_decl *decl)
{
    struct gw_ast_index *index = &decl->as.index;
    struct gw_decl *entity = gw_check_need(checker, &index->on, GW_DECL_ENTITY);
    index->field_index = GW_CHECK_ARRAY(checker, uint32_t, index->field_count);
    if (entity == NULL || index->field_index == NULL)
        return;
    bool ok = true;
    for (uint32_t i = 0; i < index->field_count; i++) {
        int field = gw_check_field(checker, entity, &index->fields[i], index->fields[i].span);
        ok &= field >= 0;
        if (field < 0)
            continue;
        index->field_index[i] = (uint32_t)field;
        const struct gw_type *type = entity->as.entity.entity.fields[field].type;
        if (!gw_check_is_key_type(type)) {
            gw_check_error(checker, 1068, index->fields[i].span, "`%.*s` has no order",
                           GW_TEXT_ARG(index->fields[i].text));
            ok = false;
        }
        for (uint32_t j = 0; j < i; j++) {
            if (gw_text_equal(index->fields[i].text, index->fields[j].text)) {
                gw_check_error(checker, 1070, index->fields[i].span, "`%.*s` stands there twice",
                               GW_TEXT_ARG(index->fields[i].text));
            }
        }
    }
    if (ok)
        index->entity = entity;
}

static void counter_sum(struct gw_checker *checker, struct gw_ast_counter *counter,
                        const struct gw_decl *entity)
{
    int field = gw_check_field(checker, entity, &counter->field, counter->field.span);
    if (field < 0 || counter->type->type == NULL)
        return;
    counter->field_index = (uint32_t)field;
    const struct gw_type *of = entity->as.entity.entity.fields[field].type;
    const struct gw_type *to = counter->type->type;
    bool ints = gw_type_is_integer(of->kind) && gw_type_is_integer(to->kind);
    bool decs = of->kind == GW_TYPE_DEC && to->kind == GW_TYPE_DEC && of->scale == to->scale;
    if (ints || decs || (of->kind == GW_TYPE_DUR && to->kind == GW_TYPE_DUR))
        return;
    struct gw_text a = gw_check_type_text(checker, of), b = gw_check_type_text(checker, to);
    struct gw_diag *diag =
        gw_check_error(checker, 1069, counter->type->span, "a sum of %.*s is not kept in %.*s",
                       GW_TEXT_ARG(a), GW_TEXT_ARG(b));
    gw_diags_hint(checker->diags, diag,
                  "integers add up in integers, dec in dec with as many digits after the point");
}

static void counter_by(struct gw_checker *checker, struct gw_ast_counter *counter,
                       const struct gw_decl *decl, const struct gw_decl *entity)
{
    bool has_by = counter->by.text.data != NULL;
    if (has_by != (counter->key != NULL)) {
        struct gw_diag *diag =
            gw_check_error(checker, 1069, decl->name.span,
                           "a counter by groups has a type in [ ] and a field after `by`");
        gw_diags_hint(checker->diags, diag,
                      "as in `counter in_group[u32]: u32 = count(User) by grp`");
        return;
    }
    if (!has_by)
        return;
    const struct gw_type *key = gw_check_type(checker, counter->key);
    int field = gw_check_field(checker, entity, &counter->by, counter->by.span);
    if (key == NULL || field < 0)
        return;
    counter->by_index = (uint32_t)field;
    const struct gw_type *of = entity->as.entity.entity.fields[field].type;
    if (of->kind == GW_TYPE_OPT)
        of = of->items[0];
    struct gw_text wanted = gw_check_type_text(checker, of);
    if (!gw_type_equal(of, key)) {
        gw_check_error(checker, 1069, counter->key->span, "`%.*s` is %.*s",
                       GW_TEXT_ARG(counter->by.text), GW_TEXT_ARG(wanted));
    } else if (!gw_check_is_key_type(key)) {
        gw_check_error(checker, 1068, counter->key->span, "%.*s is no type of a key",
                       GW_TEXT_ARG(wanted));
    }
}

static void walk_where(struct gw_checker *checker, void *ctx)
{
    gw_check_begin_body(checker, GW_CHECKING_WHERE);
    gw_check_value(checker, ctx, gw_type_of_kind(GW_TYPE_BOOL));
}

static void check_counter(struct gw_checker *checker, struct gw_decl *decl)
{
    struct gw_ast_counter *counter = &decl->as.counter;
    const struct gw_type *type = counter->type->type;
    struct gw_decl *entity = gw_check_need(checker, &counter->of, GW_DECL_ENTITY);
    if (entity == NULL || type == NULL || entity->as.entity.entity.fields == NULL)
        return;
    counter->entity = entity;
    if (counter->is_sum) {
        counter_sum(checker, counter, entity);
    } else if (!gw_type_is_integer(type->kind)) {
        gw_check_error(checker, 1069, counter->type->span, "a count is an integer");
    }
    counter_by(checker, counter, decl, entity);
    if (counter->where == NULL)
        return;
    checker->row = &entity->as.entity;
    checker->row_keys_only = false;
    gw_check_rounds(checker, walk_where, counter->where);
    checker->row = NULL;
}

static void walk_const(struct gw_checker *checker, void *ctx)
{
    const struct gw_decl *decl = ctx;
    gw_check_begin_body(checker, GW_CHECKING_CONST);
    gw_check_value(checker, decl->as.constant.value, decl->as.constant.type->type);
}

static void check_const(struct gw_checker *checker, struct gw_decl *decl)
{
    struct gw_ast_const *constant = &decl->as.constant;
    constant->state = 1;
    uint32_t before = checker->diags->count + checker->diags->dropped;
    if (gw_check_type(checker, constant->type) == NULL)
        return;
    gw_check_rounds(checker, walk_const, decl);
    constant->state = 2;
    bool clean = checker->diags->count + checker->diags->dropped == before;
    if (clean && !constant->value->is_constant) {
        struct gw_diag *diag =
            gw_check_error(checker, 1037, constant->value->span, "this is not constant");
        gw_diags_hint(checker->diags, diag,
                      "literals, earlier constants, members of enums, arithmetic, some and tuples");
    }
}

/* ---- functions ---- */

static void check_signature(struct gw_checker *checker, struct gw_decl *decl, uint32_t index)
{
    struct gw_ast_function *function = &decl->as.function;
    function->index = index;
    for (uint32_t i = 0; i < function->param_count; i++) {
        gw_check_type(checker, function->params[i].type);
        if (function->params[i].initial != NULL) {
            gw_check_error(checker, 1010, function->params[i].initial->span,
                           "a parameter has no default");
        }
    }
    for (uint32_t i = 0; i < function->result_count; i++)
        gw_check_type(checker, function->results[i]);
    if (decl->kind == GW_DECL_FN && function->result_count > 1) {
        struct gw_diag *diag = gw_check_error(checker, 1049, function->results[1]->span,
                                              "a fn has one result and cannot fail");
        gw_diags_hint(checker->diags, diag, "return an opt or an enum");
    }
    if (function->param_count > 64)
        gw_check_error(checker, 1066, decl->name.span, "more than 64 parameters");
    if (function->has_slice && (function->slice_units < 100 || function->slice_units > 16384))
        gw_check_error(checker, 1066, function->slice_span, "a slice has 100u to 16384u");
    if (function->follows.text.data != NULL &&
        gw_check_find(checker, function->follows.text) == decl)
        gw_check_error(checker, 1020, function->follows.span, "a daemon cannot follow itself");
}

struct calls {
    struct gw_checker *checker;
    const struct gw_decl *path[FN_DEPTH_MAX];
    uint32_t depth;
    bool told;
    bool done[DECLS_MAX]; /* by index of the function: walked without finding anything */
};

static void calls_of_expr(struct calls *calls, const struct gw_expr *expr);
static void calls_of_block(struct calls *calls, const struct gw_block *block);

static void enter_fn(struct calls *calls, const struct gw_decl *decl,
                     struct gw_span span) /* NOLINT(misc-no-recursion): FN_DEPTH_MAX */
{
    bool loops = false;
    for (uint32_t i = 0; i < calls->depth; i++)
        loops |= calls->path[i] == decl;
    uint32_t index = decl->as.function.index;
    if (calls->told || calls->done[index])
        return;
    if (loops || calls->depth == FN_DEPTH_MAX) {
        struct gw_diag *diag =
            gw_check_error(calls->checker, 1038, span,
                           loops ? "`%.*s` calls itself" : "calls of `%.*s` nest too deep",
                           GW_TEXT_ARG(decl->name.text));
        gw_diags_hint(calls->checker->diags, diag,
                      "there is no recursion, so that every cost is known; use a bounded loop");
        calls->told = true;
        return;
    }
    calls->path[calls->depth++] = decl;
    calls_of_block(calls, &decl->as.function.body);
    calls->depth--;
    calls->done[index] = true;
}

static void calls_of_expr(struct calls *calls,
                          const struct gw_expr *expr) /* NOLINT(misc-no-recursion) */
{
    if (expr == NULL || calls->told)
        return;
    calls_of_expr(calls, expr->object);
    for (uint32_t i = 0; i < expr->item_count; i++)
        calls_of_expr(calls, expr->items[i]);
    for (uint32_t i = 0; i < expr->init_count; i++)
        calls_of_expr(calls, expr->inits[i].value);
    if (expr->ref.kind == GW_REF_FN)
        enter_fn(calls, expr->ref.decl, expr->span);
}

static void calls_of_block(struct calls *calls,
                           const struct gw_block *block) /* NOLINT(misc-no-recursion) */
{
    for (uint32_t i = 0; i < block->count; i++) {
        const struct gw_stmt *stmt = block->items[i];
        calls_of_expr(calls, stmt->target);
        calls_of_expr(calls, stmt->value);
        calls_of_expr(calls, stmt->other);
        calls_of_block(calls, &stmt->body);
        calls_of_block(calls, &stmt->other_body);
        for (uint32_t a = 0; a < stmt->arm_count; a++)
            calls_of_block(calls, &stmt->arms[a].body);
    }
}

/** Calls among fns form no cycle. Each fn is walked once. */
static void check_recursion(struct gw_checker *checker)
{
    struct calls calls = {.checker = checker};
    for (uint32_t i = 0; i < checker->ast->decl_count && !calls.told; i++) {
        if (checker->ast->decls[i]->kind == GW_DECL_FN)
            enter_fn(&calls, checker->ast->decls[i], checker->ast->decls[i]->name.span);
    }
}

/* ---- all ---- */

static bool is_function(enum gw_decl_kind kind)
{
    return kind == GW_DECL_FN || kind == GW_DECL_TXN || kind == GW_DECL_VIEW ||
           kind == GW_DECL_DAEMON;
}

static void check_small(struct gw_checker *checker)
{
    uint32_t stores = 0, entities = 0, functions = 0;
    for (uint32_t i = 0; i < checker->ast->decl_count; i++) {
        struct gw_decl *decl = checker->ast->decls[i];
        if (decl->kind == GW_DECL_STORE)
            gw_check_store(checker, decl, (uint16_t)stores++);
        if (decl->kind == GW_DECL_ENTITY) {
            gw_check_entity(checker, decl);
            decl->as.entity.index = (uint16_t)entities;
            entities += !decl->as.entity.is_old;
        }
        if (decl->kind == GW_DECL_TABLE)
            gw_check_table(checker, decl);
        if (is_function(decl->kind))
            check_signature(checker, decl, functions++);
        if (decl->kind == GW_DECL_COUNTER)
            gw_check_type(checker, decl->as.counter.type);
    }
}

#define EACH(kind_, check)                                     \
    for (uint32_t i_ = 0; i_ < checker->ast->decl_count; i_++) \
        if (checker->ast->decls[i_]->kind == (kind_))          \
            check(checker, checker->ast->decls[i_]);

void gw_check_decls(struct gw_checker *checker)
{
    if (checker->ast->decl_count > DECLS_MAX) {
        gw_check_error(checker, 1066, checker->ast->decls[DECLS_MAX]->name.span,
                       "more than %d declarations", DECLS_MAX);
        return;
    }
    for (uint32_t i = 0; i < checker->ast->decl_count; i++) {
        if (is_named(checker->ast->decls[i]))
            check_name(checker, i);
    }
    limit(checker, GW_DECL_STORE, GW_STORES_MAX);
    limit(checker, GW_DECL_ENTITY, GW_ENTITIES_MAX);
    if (count_of(checker, GW_DECL_STORE) > GW_STORES_MAX)
        return;
    EACH(GW_DECL_ENUM, check_enum)
    EACH(GW_DECL_ENTITY, mark_old)
    check_small(checker);
    if (checker->diags->count > 0 || checker->nomem)
        return; /* bodies would only repeat it */
    EACH(GW_DECL_CONST, check_const)
    EACH(GW_DECL_INDEX, check_index)
    EACH(GW_DECL_COUNTER, check_counter)
    EACH(GW_DECL_ENTITY, gw_check_homes)
    EACH(GW_DECL_ENTITY, gw_check_onboard)
    EACH(GW_DECL_FN, gw_check_function)
    EACH(GW_DECL_TXN, gw_check_function)
    EACH(GW_DECL_VIEW, gw_check_function)
    EACH(GW_DECL_DAEMON, gw_check_function)
    EACH(GW_DECL_MIGRATE, gw_check_migrate)
    if (checker->diags->count == 0 && !checker->nomem)
        check_recursion(checker);
}
