#include "lang/check_int.h"

enum { NAMES_MAX = 1024 };

struct gw_decl *gw_check_find(const struct gw_checker *checker, struct gw_text name)
{
    struct gw_decl *found = NULL;
    for (uint32_t i = 0; i < checker->ast->decl_count; i++) {
        struct gw_decl *decl = checker->ast->decls[i];
        if (decl->kind == GW_DECL_INCLUDE || decl->kind == GW_DECL_MIGRATE ||
            !gw_text_equal(decl->name.text, name))
            continue;
        if (decl->kind != GW_DECL_ENTITY || !decl->as.entity.is_old)
            return decl;
        found = decl;
    }
    return found;
}

struct gw_decl *gw_check_need(struct gw_checker *checker, const struct gw_name *name,
                              enum gw_decl_kind kind)
{
    struct gw_decl *decl = gw_check_find(checker, name->text);
    if (decl != NULL && decl->kind == kind)
        return decl;
    struct gw_text names[NAMES_MAX];
    size_t count = 0;
    for (uint32_t i = 0; i < checker->ast->decl_count && count < NAMES_MAX; i++) {
        if (checker->ast->decls[i]->kind == kind)
            names[count++] = checker->ast->decls[i]->name.text;
    }
    const char *noun = gw_decl_kind_text(kind);
    struct gw_diag *diag;
    if (decl == NULL) {
        diag = gw_check_error(checker, 1020, name->span, "no %s `%.*s`", noun,
                              GW_TEXT_ARG(name->text));
    } else {
        diag = gw_check_error(checker, 1040, name->span, "`%.*s` is a %s, not a %s",
                              GW_TEXT_ARG(name->text), gw_decl_kind_text(decl->kind), noun);
    }
    gw_check_hint_names(checker, diag, name->text, "declared", names, count);
    return NULL;
}

struct gw_local *gw_check_local(const struct gw_checker *checker, struct gw_text name)
{
    for (uint32_t i = checker->visible_count; i-- > 0;) {
        if (gw_text_equal(checker->visible[i]->name.text, name))
            return checker->visible[i];
    }
    return NULL;
}

bool gw_check_is_builtin(struct gw_text name)
{
    for (unsigned i = 0; i < GW_BUILTIN_PUSH; i++) { /* methods have no name of their own */
        if (gw_text_is(name, gw_builtin_text(i)))
            return true;
    }
    return false;
}

uint32_t gw_check_members(const struct gw_checker *checker, struct gw_text name,
                          const struct gw_decl **ret_enum, uint32_t *ret_index)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < checker->ast->decl_count; i++) {
        const struct gw_decl *decl = checker->ast->decls[i];
        if (decl->kind != GW_DECL_ENUM || decl->as.enumeration.type == NULL)
            continue;
        int index = gw_check_member(decl->as.enumeration.type, name);
        if (index < 0)
            continue;
        found++;
        *ret_enum = decl;
        *ret_index = (uint32_t)index;
    }
    return found;
}

static void report_shadowing(struct gw_checker *checker, const struct gw_name *name)
{
    const struct gw_local *local = gw_check_local(checker, name->text);
    const struct gw_decl *decl = gw_check_find(checker, name->text);
    const struct gw_decl *in_enum;
    uint32_t member;
    struct gw_diag *diag = NULL;
    if (local != NULL) {
        struct gw_position at =
            gw_source_position(checker->ast->source, local->name.span.file, local->name.span.begin);
        diag = gw_check_error(checker, 1022, name->span, "`%.*s` is a name already, from line %u",
                              GW_TEXT_ARG(name->text), at.line);
        gw_diags_hint(checker->diags, diag, "assign with `=`, or choose another name");
        return;
    }
    if (decl != NULL) {
        diag = gw_check_error(checker, 1022, name->span, "`%.*s` would hide the %s of that name",
                              GW_TEXT_ARG(name->text), gw_decl_kind_text(decl->kind));
    } else if (gw_check_is_builtin(name->text)) {
        diag = gw_check_error(checker, 1022, name->span, "`%.*s` would hide the built-in function",
                              GW_TEXT_ARG(name->text));
    } else if (gw_check_members(checker, name->text, &in_enum, &member) > 0) {
        diag = gw_check_error(checker, 1022, name->span, "`%.*s` would hide a member of enum %.*s",
                              GW_TEXT_ARG(name->text), GW_TEXT_ARG(in_enum->name.text));
    }
    gw_diags_hint(checker->diags, diag, "choose another name");
}

void gw_check_bind(struct gw_checker *checker, struct gw_local **local, const struct gw_name *name,
                   struct gw_shaped is, bool is_mutable)
{
    report_shadowing(checker, name);
    if (*local == NULL)
        *local = GW_CHECK_ARRAY(checker, struct gw_local, 1);
    if (*local == NULL)
        return;
    if (checker->local_count == GW_CHECK_LOCALS_MAX) {
        gw_check_error(checker, 1066, name->span, "more than %d locals", GW_CHECK_LOCALS_MAX);
        return;
    }
    const struct gw_type *inferred = (*local)->inferred;
    **local = (struct gw_local){.name = *name,
                                .is = is,
                                .slot = checker->local_count,
                                .is_mutable = is_mutable,
                                .inferred = inferred};
    checker->locals[checker->local_count++] = *local;
    checker->visible[checker->visible_count++] = *local;
}

void gw_check_begin_body(struct gw_checker *checker, enum gw_checking what)
{
    checker->what = what;
    checker->local_count = 0;
    checker->visible_count = 0;
    checker->await_else = 0;
}

void gw_check_leave(struct gw_checker *checker, uint32_t visible_count)
{
    while (checker->visible_count > visible_count) {
        const struct gw_local *local = checker->visible[--checker->visible_count];
        if (local->is_used || local->name.text.data[0] == '_' ||
            local->is.shape == GW_SHAPE_UNKNOWN)
            continue;
        struct gw_diag *diag = gw_check_error(
            checker, 1024, local->name.span, "`%.*s` is never used", GW_TEXT_ARG(local->name.text));
        gw_diags_hint(checker->diags, diag, "remove it, or write `_%.*s` to keep it unused",
                      GW_TEXT_ARG(local->name.text));
    }
}

struct gw_local **gw_check_take_locals(struct gw_checker *checker, uint32_t *ret_count)
{
    struct gw_local **locals = GW_CHECK_ARRAY(checker, struct gw_local *, checker->local_count + 1);
    if (locals == NULL)
        return NULL;
    memcpy(locals, checker->locals, checker->local_count * sizeof(struct gw_local *));
    *ret_count = checker->local_count;
    return locals;
}

static size_t add_name(struct gw_text *names, size_t count, struct gw_text name)
{
    if (count < NAMES_MAX)
        names[count++] = name;
    return count;
}

void gw_check_unknown_name(struct gw_checker *checker, const struct gw_name *name)
{
    struct gw_diag *diag =
        gw_check_error(checker, 1020, name->span, "no name `%.*s` here", GW_TEXT_ARG(name->text));
    struct gw_text names[NAMES_MAX];
    size_t count = 0;
    for (uint32_t i = checker->visible_count; i-- > 0;)
        count = add_name(names, count, checker->visible[i]->name.text);
    for (uint32_t i = 0; checker->row != NULL && i < checker->row->field_count; i++)
        count = add_name(names, count, checker->row->fields[i].name.text);
    for (uint32_t i = 0; i < checker->ast->decl_count; i++) {
        const struct gw_decl *decl = checker->ast->decls[i];
        count = add_name(names, count, decl->name.text);
        for (uint32_t m = 0; decl->kind == GW_DECL_ENUM && m < decl->as.enumeration.member_count;
             m++)
            count = add_name(names, count, decl->as.enumeration.members[m].name.text);
    }
    for (unsigned i = 0; i < GW_BUILTIN_PUSH; i++)
        count = add_name(names, count, gw_text(gw_builtin_text(i)));
    gw_check_hint_names(checker, diag, name->text, NULL, names, count);
}
