#include "lang/check_int.h"

const struct gw_entity *gw_check_row_of(const struct gw_decl *decl)
{
    if (decl->kind == GW_DECL_ENTITY)
        return &decl->as.entity.entity;
    return decl->kind == GW_DECL_TABLE ? &decl->as.table.as_entity : NULL;
}

int gw_check_field(struct gw_checker *checker, const struct gw_decl *decl,
                   const struct gw_name *name, struct gw_span place)
{
    const struct gw_entity *row = gw_check_row_of(decl);
    struct gw_text names[GW_FIELDS_MAX];
    GW_ASSERT(row != NULL); /* only entities and tables have fields */
    for (uint32_t i = 0; i < row->field_count; i++) {
        names[i] = row->fields[i].name;
        if (gw_text_equal(names[i], name->text))
            return (int)i;
    }
    struct gw_diag *diag =
        gw_check_error(checker, 1042, place, "no field `%.*s` in %s %.*s", GW_TEXT_ARG(name->text),
                       gw_decl_kind_text(decl->kind), GW_TEXT_ARG(decl->name.text));
    if (diag != NULL)
        diag->carets = name->span;
    gw_check_hint_names(checker, diag, name->text, "fields", names, row->field_count);
    return -1;
}

static bool check_field_decl(struct gw_checker *checker, struct gw_ast_field *field,
                             struct gw_field *ret)
{
    const struct gw_type *type = gw_check_type(checker, field->type);
    if (type == NULL)
        return false;
    *ret = (struct gw_field){.name = field->name.text, .type = type};
    if (field->is_key && !gw_check_is_key_type(type)) {
        struct gw_text text = gw_check_type_text(checker, type);
        gw_check_error(checker, 1068, field->type->span, "%.*s is no type of a key",
                       GW_TEXT_ARG(text));
    }
    if (field->is_key && field->initial != NULL)
        gw_check_error(checker, 1068, field->initial->span, "a key field has no default");
    if (field->initial != NULL) {
        gw_check_begin_body(checker, GW_CHECKING_CONST);
        if (!gw_check_value(checker, field->initial, type))
            return false;
        ret->has_default = true;
        ret->default_value = field->initial->constant;
    } else if (type->kind == GW_TYPE_OPT && !field->is_key) {
        ret->has_default = true; /* none */
    }
    return true;
}

static const struct gw_field *check_fields(struct gw_checker *checker, struct gw_ast_field *fields,
                                           uint32_t count, struct gw_span span)
{
    if (count > GW_FIELDS_MAX) {
        gw_check_error(checker, 1066, span, "more than %d fields", GW_FIELDS_MAX);
        return NULL;
    }
    struct gw_field *made = GW_CHECK_ARRAY(checker, struct gw_field, count);
    bool ok = made != NULL;
    for (uint32_t i = 0; made != NULL && i < count; i++) {
        ok &= check_field_decl(checker, &fields[i], &made[i]);
        for (uint32_t j = 0; j < i; j++) {
            if (gw_text_equal(fields[i].name.text, fields[j].name.text)) {
                gw_check_error(checker, 1021, fields[i].name.span, "field `%.*s` is declared twice",
                               GW_TEXT_ARG(fields[i].name.text));
                ok = false;
            }
        }
    }
    return ok ? made : NULL;
}

static uint32_t image_bytes(struct gw_checker *checker, const struct gw_decl *decl,
                            const struct gw_field *fields, uint32_t count)
{
    uint64_t bytes = 5; /* head of the array */
    for (uint32_t i = 0; i < count; i++)
        bytes += fields[i].type->bytes_max;
    if (bytes > GW_IMAGE_BYTES_MAX) {
        struct gw_diag *diag = gw_check_error(
            checker, 1215, decl->name.span, "a row of %.*s may take %llu bytes, the limit is %d",
            GW_TEXT_ARG(decl->name.text), (unsigned long long)bytes, GW_IMAGE_BYTES_MAX);
        gw_diags_hint(checker->diags, diag, "lower the bounds of its texts and lists");
    }
    return (uint32_t)GW_MIN(bytes, (uint64_t)UINT32_MAX);
}

void gw_check_entity(struct gw_checker *checker, struct gw_decl *decl)
{
    struct gw_ast_entity *ast = &decl->as.entity;
    const struct gw_field *fields =
        check_fields(checker, ast->fields, ast->field_count, decl->name.span);
    if (fields == NULL)
        return;
    ast->entity = (struct gw_entity){.name = decl->name.text,
                                     .id = gw_name_id(decl->name.text),
                                     .version = ast->version,
                                     .fields = fields,
                                     .field_count = ast->field_count,
                                     .key_count = ast->key_count};
    ast->entity.image_bytes_max = image_bytes(checker, decl, fields, ast->field_count);
}

void gw_check_table(struct gw_checker *checker, struct gw_decl *decl)
{
    struct gw_ast_table *ast = &decl->as.table;
    const struct gw_field *fields =
        check_fields(checker, ast->fields, ast->field_count, decl->name.span);
    if (fields == NULL)
        return;
    ast->as_entity = (struct gw_entity){.name = decl->name.text,
                                        .id = gw_name_id(decl->name.text),
                                        .version = 1,
                                        .fields = fields,
                                        .field_count = ast->field_count,
                                        .key_count = ast->key_count};
    ast->as_entity.image_bytes_max = image_bytes(checker, decl, fields, ast->field_count);
}

/* ---- migrate ---- */

struct migration {
    struct gw_ast_migrate *migrate;
    bool is_forward;
    struct gw_local *old_row, *new_row;
};

static void bind_row(struct gw_checker *checker, struct gw_local **local, const char *name,
                     const struct gw_decl *entity, bool is_mutable, struct gw_span span)
{
    struct gw_name word = {.text = gw_text(name), .span = span};
    gw_check_bind(checker, local, &word, (struct gw_shaped){.shape = GW_SHAPE_ROW, .decl = entity},
                  is_mutable);
    if (*local != NULL)
        (*local)->is_used = true; /* fields that are the same are taken over */
}

static void walk_migration(struct gw_checker *checker, void *ctx)
{
    struct migration *migration = ctx;
    struct gw_ast_migrate *migrate = migration->migrate;
    gw_check_begin_body(checker, GW_CHECKING_MIGRATE);
    struct gw_block *block = migration->is_forward ? &migrate->forward : &migrate->inverse;
    bind_row(checker, &migration->old_row, "old", migrate->old_entity, !migration->is_forward,
             block->span);
    bind_row(checker, &migration->new_row, "new", migrate->new_entity, migration->is_forward,
             block->span);
    gw_check_block(checker, block);
    gw_check_leave(checker, 0);
}

static struct gw_decl *version_of(const struct gw_checker *checker, struct gw_text name,
                                  uint32_t version)
{
    for (uint32_t i = 0; i < checker->ast->decl_count; i++) {
        struct gw_decl *decl = checker->ast->decls[i];
        if (decl->kind == GW_DECL_ENTITY && gw_text_equal(decl->name.text, name) &&
            decl->as.entity.version == version)
            return decl;
    }
    return NULL;
}

static bool same_keys(const struct gw_entity *a, const struct gw_entity *b)
{
    bool same = a->key_count == b->key_count;
    for (uint32_t i = 0; same && i < a->key_count; i++) {
        same = gw_text_equal(a->fields[i].name, b->fields[i].name) &&
               gw_type_equal(a->fields[i].type, b->fields[i].type);
    }
    return same;
}

void gw_check_migrate(struct gw_checker *checker, struct gw_decl *decl)
{
    struct gw_ast_migrate *migrate = &decl->as.migrate;
    migrate->old_entity = version_of(checker, decl->name.text, migrate->from);
    migrate->new_entity = version_of(checker, decl->name.text, migrate->to);
    if (migrate->old_entity == NULL || migrate->new_entity == NULL) {
        bool is_old = migrate->old_entity == NULL;
        struct gw_diag *diag = gw_check_error(
            checker, 1071, is_old ? migrate->from_span : migrate->to_span,
            "entity `%.*s` is not declared with this version", GW_TEXT_ARG(decl->name.text));
        gw_diags_hint(checker->diags, diag,
                      "declare both: the old one needs its fields only, no homes");
        return;
    }
    if (migrate->from >= migrate->to || !same_keys(&migrate->old_entity->as.entity.entity,
                                                   &migrate->new_entity->as.entity.entity)) {
        gw_check_error(checker, 1071, decl->name.span,
                       "a migration goes to a higher version with the same key");
        return;
    }
    struct migration forward = {.migrate = migrate, .is_forward = true};
    gw_check_rounds(checker, walk_migration, &forward);
    migrate->forward_locals = gw_check_take_locals(checker, &migrate->forward_local_count);
    struct migration inverse = {.migrate = migrate};
    gw_check_rounds(checker, walk_migration, &inverse);
    migrate->inverse_locals = gw_check_take_locals(checker, &migrate->inverse_local_count);
}
