/* Homes: which field lies in which column, and what decides a first read. */
#include "lang/check_int.h"

/* ---- columns ---- */

struct columns {
    struct gw_column *items;
    uint32_t count, capacity;
};

static bool add_column(struct gw_checker *checker, struct columns *columns, struct gw_text name,
                       const struct gw_type *type, struct gw_span span)
{
    for (uint32_t i = 0; i < columns->count; i++) {
        if (gw_text_equal(columns->items[i].name, name)) {
            gw_check_error(checker, 1204, span, "column `%.*s` is mapped twice", GW_TEXT_ARG(name));
            return false;
        }
    }
    GW_ASSERT(columns->count < columns->capacity);
    columns->items[columns->count++] = (struct gw_column){.name = name, .type = type};
    return true;
}

static bool same_name(const struct gw_ast_map *map, uint32_t at)
{
    for (uint32_t i = 0; i < at; i++) {
        if (map->field_index[i] == map->field_index[at])
            return true;
    }
    return false;
}

/** Resolves the fields of a map; none may be mapped twice in a home. */
static bool map_fields(struct gw_checker *checker, const struct gw_decl *decl,
                       struct gw_ast_map *map, bool *mapped)
{
    map->field_index = GW_CHECK_ARRAY(checker, uint32_t, map->field_count);
    map->column_index = GW_CHECK_ARRAY(checker, uint32_t, map->column_count);
    if (map->field_index == NULL || map->column_index == NULL)
        return false;
    bool ok = true;
    for (uint32_t i = 0; i < map->field_count; i++) {
        int field = gw_check_field(checker, decl, &map->fields[i], map->fields[i].span);
        ok &= field >= 0;
        if (field < 0)
            continue;
        map->field_index[i] = (uint32_t)field;
        if (mapped[field] || same_name(map, i)) {
            gw_check_error(checker, 1205, map->fields[i].span, "field `%.*s` is mapped twice",
                           GW_TEXT_ARG(map->fields[i].text));
            ok = false;
        }
        mapped[field] = true;
        if (map->is_via && (uint32_t)field < decl->as.entity.key_count) {
            gw_check_error(checker, 1207, map->fields[i].span,
                           "key field `%.*s` cannot go through functions",
                           GW_TEXT_ARG(map->fields[i].text));
            ok = false;
        }
    }
    return ok;
}

/* ---- via ---- */

static bool signature(struct gw_checker *checker, const struct gw_name *name,
                      const struct gw_decl *fn, const struct gw_type *const *from,
                      uint32_t from_count, const struct gw_type *const *to, uint32_t to_count)
{
    const struct gw_ast_function *function = &fn->as.function;
    const struct gw_type *result = function->result_count ? function->results[0]->type : NULL;
    bool ok = result != NULL && function->param_count == from_count;
    for (uint32_t i = 0; ok && i < from_count; i++) {
        ok = function->params[i].type->type != NULL &&
             gw_type_equal(function->params[i].type->type, from[i]);
    }
    if (ok && to_count == 1) {
        ok = gw_type_equal(result, to[0]);
    } else if (ok) {
        ok = result->kind == GW_TYPE_TUPLE && result->item_count == to_count;
    }
    for (uint32_t i = 0; ok && to_count > 1 && i < to_count; i++)
        ok = gw_type_equal(result->items[i], to[i]);
    if (ok)
        return true;
    char memory[400];
    struct gw_buf buf;
    gw_buf_init_fixed(&buf, memory, sizeof(memory));
    gw_buf_put_str(&buf, "(");
    for (uint32_t i = 0; i < from_count; i++) {
        struct gw_text text = gw_check_type_text(checker, from[i]);
        gw_buf_printf(&buf, "%s%.*s", i ? ", " : "", GW_TEXT_ARG(text));
    }
    gw_buf_put_str(&buf, to_count > 1 ? ") -> (" : ") -> ");
    for (uint32_t i = 0; i < to_count; i++) {
        struct gw_text text = gw_check_type_text(checker, to[i]);
        gw_buf_printf(&buf, "%s%.*s", i ? ", " : "", GW_TEXT_ARG(text));
    }
    gw_buf_put_str(&buf, to_count > 1 ? ")" : "");
    struct gw_diag *diag = gw_check_error(checker, 1206, name->span,
                                          "`%.*s` does not fit between these fields and columns",
                                          GW_TEXT_ARG(name->text));
    gw_diags_hint(checker->diags, diag, "needed is a fn %.*s", GW_TEXT_ARG(gw_buf_text(&buf)));
    return false;
}

/** Column types follow from the forward function. @return false when reported */
static bool via_types(struct gw_checker *checker, const struct gw_entity *entity,
                      struct gw_ast_map *map, const struct gw_type **ret_types)
{
    const struct gw_decl *forward = gw_check_need(checker, &map->forward, GW_DECL_FN);
    const struct gw_decl *inverse = gw_check_need(checker, &map->inverse, GW_DECL_FN);
    const struct gw_type *fields[GW_FIELDS_MAX];
    for (uint32_t i = 0; i < map->field_count; i++)
        fields[i] = entity->fields[map->field_index[i]].type;
    if (forward == NULL || inverse == NULL || forward->as.function.result_count == 0)
        return false;
    const struct gw_type *result = forward->as.function.results[0]->type;
    bool is_tuple = result != NULL && result->kind == GW_TYPE_TUPLE;
    uint32_t count = is_tuple ? result->item_count : 1;
    if (result == NULL || count != map->column_count) {
        gw_check_error(checker, 1206, map->forward.span, "`%.*s` gives %u values for %u columns",
                       GW_TEXT_ARG(map->forward.text), result ? count : 0, map->column_count);
        return false;
    }
    for (uint32_t i = 0; i < count; i++)
        ret_types[i] = is_tuple ? result->items[i] : result;
    map->forward_fn = forward;
    map->inverse_fn = inverse;
    return signature(checker, &map->forward, forward, fields, map->field_count, ret_types, count) &&
           signature(checker, &map->inverse, inverse, ret_types, count, fields, map->field_count);
}

static void map_columns(struct gw_checker *checker, const struct gw_entity *entity,
                        struct gw_ast_map *map, struct columns *columns)
{
    const struct gw_type *types[GW_FIELDS_MAX] = {NULL};
    if (map->field_count > GW_FIELDS_MAX || map->column_count > GW_TYPE_TUPLE_MAX) {
        gw_check_error(checker, 1206, map->span, "too many fields or columns in one map");
        return;
    }
    if (map->is_via) {
        if (!via_types(checker, entity, map, types))
            return;
    } else {
        types[0] = entity->fields[map->field_index[0]].type;
    }
    for (uint32_t i = 0; i < map->column_count; i++) {
        if (!map->is_via && types[0]->kind == GW_TYPE_TUPLE) {
            gw_check_error(checker, 1206, map->span,
                           "a tuple lies in several columns: map it by `via`");
        }
        map->column_index[i] = columns->count;
        if (!add_column(checker, columns, map->columns[i].text, types[i], map->columns[i].span))
            return;
    }
}

/* ---- `*`, and the keys of a pattern ---- */

static struct gw_ast_map plain_map(struct gw_checker *checker, const struct gw_name *field,
                                   struct gw_span span)
{
    struct gw_name *names = GW_CHECK_ARRAY(checker, struct gw_name, 1);
    if (names != NULL)
        *names = *field;
    return (struct gw_ast_map){.span = span,
                               .fields = names,
                               .columns = names,
                               .field_count = names ? 1 : 0,
                               .column_count = names ? 1 : 0};
}

/** The fields in {…} of a key pattern, in order. @return how many; reports what is malformed */
static uint32_t pattern_fields(struct gw_checker *checker, const struct gw_decl *decl,
                               const struct gw_ast_home *home, uint32_t *ret)
{
    struct gw_text text = home->place.place.text;
    struct gw_span span = home->place.place.span;
    uint32_t count = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] != '{')
            continue;
        size_t end = i + 1;
        while (end < text.len && text.data[end] != '}')
            end++;
        struct gw_name name = {.text = {text.data + i + 1, end - i - 1}, .span = span};
        if (end == text.len || count == decl->as.entity.key_count) {
            gw_check_error(checker, 1203, span,
                           "the key pattern names too much, or a `}` is missing");
            return 0;
        }
        int field = gw_check_field(checker, decl, &name, span);
        if (field < 0)
            return 0;
        ret[count++] = (uint32_t)field;
        i = end;
    }
    bool seen[GW_FIELDS_MAX] = {false};
    bool ok = count == decl->as.entity.key_count;
    for (uint32_t i = 0; ok && i < count; i++) {
        ok = ret[i] < decl->as.entity.key_count && !seen[ret[i]];
        seen[ret[i]] = true;
    }
    if (ok)
        return count;
    struct gw_diag *diag =
        gw_check_error(checker, 1203, span, "the pattern names every key field once, and no other");
    gw_diags_hint(checker->diags, diag, "as in \"%.*s:{%.*s}\"", GW_TEXT_ARG(decl->name.text),
                  GW_TEXT_ARG(decl->as.entity.fields[0].name.text));
    return 0;
}

/** All maps of the home: those of the text, then the keys of a pattern or all fields of `*`. */
static bool gather_maps(struct gw_checker *checker, struct gw_decl *decl, struct gw_ast_home *home)
{
    struct gw_ast_entity *entity = &decl->as.entity;
    uint32_t keys[GW_FIELDS_MAX], key_count = 0;
    if (home->place.is_pattern && (key_count = pattern_fields(checker, decl, home, keys)) == 0)
        return false;
    struct gw_ast_map *maps = GW_CHECK_ARRAY(
        checker, struct gw_ast_map, home->written_map_count + key_count + entity->field_count);
    if (maps == NULL)
        return false;
    uint32_t count = home->written_map_count;
    if (count > 0)
        memcpy(maps, home->maps, count * sizeof(*maps));
    for (uint32_t i = 0; i < key_count; i++)
        maps[count++] = plain_map(checker, &entity->fields[keys[i]].name, home->place.place.span);
    uint32_t first = home->place.is_pattern ? entity->key_count : 0;
    for (uint32_t i = first; home->is_star && i < entity->field_count; i++)
        maps[count++] = plain_map(checker, &entity->fields[i].name, home->place.span);
    home->maps = maps;
    home->map_count = count;
    return !checker->nomem;
}

/* ---- one home ---- */

static bool check_place(struct gw_checker *checker, struct gw_ast_home *home)
{
    const struct gw_decl *store = gw_check_need(checker, &home->place.store, GW_DECL_STORE);
    if (store == NULL)
        return false;
    home->store = store;
    enum gw_store_kind kind = store->as.store.kind;
    bool is_redis = kind == GW_STORE_REDIS;
    if (home->place.is_pattern != is_redis && kind != GW_STORE_MEMORY) {
        struct gw_diag *diag = gw_check_error(
            checker, 1202, home->place.span, "a %.*s store keeps rows %s",
            GW_TEXT_ARG(store->as.store.kind_name.text), is_redis ? "under keys" : "in tables");
        gw_diags_hint(checker->diags, diag,
                      is_redis ? "write `%.*s \"name:{key}\"`" : "write `%.*s.table`",
                      GW_TEXT_ARG(store->name.text));
        return false;
    }
    return true;
}

static bool one_of(struct gw_checker *checker, const struct gw_name *word, const char *const *words,
                   uint32_t count, uint32_t *ret)
{
    struct gw_text names[4];
    for (uint32_t i = 0; i < count; i++) {
        names[i] = gw_text(words[i]);
        if (gw_text_equal(names[i], word->text)) {
            *ret = i;
            return true;
        }
    }
    struct gw_diag *diag =
        gw_check_error(checker, 1213, word->span, "no `%.*s` here", GW_TEXT_ARG(word->text));
    gw_check_hint_names(checker, diag, word->text, "one of", names, count);
    return false;
}

static void walk_where(struct gw_checker *checker, void *ctx)
{
    gw_check_begin_body(checker, GW_CHECKING_WHERE);
    gw_check_value(checker, ctx, gw_type_of_kind(GW_TYPE_BOOL));
}

static bool find_keys(struct gw_checker *checker, const struct gw_decl *decl,
                      struct gw_ast_home *home, struct gw_column *columns)
{
    uint32_t key_count = decl->as.entity.key_count;
    uint32_t *keys = GW_CHECK_ARRAY(checker, uint32_t, key_count);
    if (keys == NULL)
        return false;
    for (uint32_t k = 0; k < key_count; k++) {
        bool found = false;
        for (uint32_t m = 0; m < home->map_count && !found; m++) {
            const struct gw_ast_map *map = &home->maps[m];
            found = !map->is_via && map->field_index != NULL && map->field_count == 1 &&
                    map->field_index[0] == k;
            if (found)
                keys[k] = map->column_index[0];
        }
        if (!found) {
            struct gw_diag *diag = gw_check_error(checker, 1205, home->place.span,
                                                  "key field `%.*s` is in no column of this home",
                                                  GW_TEXT_ARG(decl->as.entity.fields[k].name.text));
            gw_diags_hint(checker->diags, diag, "add `%.*s->COLUMN`",
                          GW_TEXT_ARG(decl->as.entity.fields[k].name.text));
            return false;
        }
        columns[keys[k]].is_key = true;
    }
    home->home.key_columns = keys;
    home->home.key_count = key_count;
    return true;
}

static void finish_home(struct gw_checker *checker, const struct gw_decl *decl,
                        struct gw_ast_home *home, const struct columns *columns, uint32_t role,
                        uint32_t versions)
{
    struct gw_text name =
        gw_arena_printf(checker->arena, "%.*s.%.*s", GW_TEXT_ARG(home->place.store.text),
                        GW_TEXT_ARG(home->place.place.text));
    struct gw_text full = gw_arena_printf(checker->arena, "%.*s/%.*s", GW_TEXT_ARG(name),
                                          GW_TEXT_ARG(decl->name.text));
    if (name.data == NULL || full.data == NULL) {
        checker->nomem = true;
        return;
    }
    uint64_t bytes = 5;
    for (uint32_t i = 0; i < columns->count; i++)
        bytes += columns->items[i].type->bytes_max;
    struct gw_home *made = &home->home;
    made->name = name;
    made->id = gw_name_id(full);
    made->entity_id = decl->as.entity.entity.id;
    made->store = home->store->as.store.index;
    made->place = home->place.place.text;
    made->label = home->place.label.text.data ? home->place.label.text : GW_TEXT_LIT("");
    made->columns = columns->items;
    made->column_count = columns->count;
    made->versions = versions;
    made->role = role;
    made->image_bytes_max = (uint32_t)GW_MIN(bytes, (uint64_t)UINT32_MAX);
    home->entity = decl;
}

static void check_home(struct gw_checker *checker, struct gw_decl *decl, struct gw_ast_home *home,
                       bool *in_some_home)
{
    static const char *const roles[] = {"source", "target", "mirror"};
    static const char *const modes[] = {"inline", "sidecar"};
    uint32_t role = 0, mode = 0, before = checker->diags->count + checker->diags->dropped;
    bool ok = check_place(checker, home);
    ok &= one_of(checker, &home->role_name, roles, 3, &role);
    ok &= !home->has_versions || one_of(checker, &home->versions_name, modes, 2, &mode);
    if (!ok || !gather_maps(checker, decl, home))
        return;
    bool mapped[GW_FIELDS_MAX] = {false};
    struct columns columns = {.capacity = 0};
    for (uint32_t m = 0; m < home->map_count; m++)
        columns.capacity += home->maps[m].column_count;
    columns.items = GW_CHECK_ARRAY(checker, struct gw_column, columns.capacity);
    if (columns.items == NULL)
        return;
    /* keys of a pattern come first among the columns, so they are mapped first */
    uint32_t first = home->place.is_pattern ? home->written_map_count : 0;
    for (uint32_t i = 0; i < home->map_count; i++) {
        struct gw_ast_map *map = &home->maps[(i + first) % home->map_count];
        if (map_fields(checker, decl, map, mapped))
            map_columns(checker, &decl->as.entity.entity, map, &columns);
    }
    if (home->where != NULL) {
        checker->row = &decl->as.entity;
        checker->row_keys_only = true;
        gw_check_rounds(checker, walk_where, home->where);
        checker->row = NULL;
    }
    for (uint32_t i = 0; i < decl->as.entity.field_count; i++)
        in_some_home[i] |= mapped[i];
    if (checker->diags->count + checker->diags->dropped != before)
        return;
    if (find_keys(checker, decl, home, columns.items))
        finish_home(checker, decl, home, &columns, role, mode);
}

static void same_places(struct gw_checker *checker, const struct gw_ast_entity *entity, uint32_t at)
{
    const struct gw_place_expr *place = &entity->homes[at].place;
    for (uint32_t i = 0; i < at; i++) {
        if (gw_text_equal(entity->homes[i].place.store.text, place->store.text) &&
            gw_text_equal(entity->homes[i].place.place.text, place->place.text))
            gw_check_error(checker, 1214, place->span, "this entity lives there already");
    }
}

void gw_check_homes(struct gw_checker *checker, struct gw_decl *decl)
{
    struct gw_ast_entity *entity = &decl->as.entity;
    if (entity->home_count > GW_HOMES_MAX) {
        gw_check_error(checker, 1066, entity->homes[GW_HOMES_MAX].place.span,
                       "more than %d homes of one entity", GW_HOMES_MAX);
        return;
    }
    bool in_some_home[GW_FIELDS_MAX] = {false};
    uint32_t before = checker->diags->count + checker->diags->dropped;
    for (uint32_t i = 0; i < entity->home_count; i++) {
        same_places(checker, entity, i);
        check_home(checker, decl, &entity->homes[i], in_some_home);
    }
    if (entity->home_count == 0 || checker->diags->count + checker->diags->dropped != before)
        return;
    for (uint32_t i = 0; i < entity->field_count; i++) {
        if (in_some_home[i] || entity->entity.fields[i].has_default)
            continue;
        struct gw_diag *diag = gw_check_error(checker, 1212, entity->fields[i].name.span,
                                              "field `%.*s` is in no home and has no default",
                                              GW_TEXT_ARG(entity->fields[i].name.text));
        gw_diags_hint(checker->diags, diag,
                      "a row read from its homes would lack it: map it, or give it a default");
    }
}

/* ---- onboard ---- */

/** A home is named by its store, or by its table where the store has several. */
static const struct gw_ast_home *named_home(struct gw_checker *checker, const struct gw_decl *decl,
                                            const struct gw_name *name)
{
    const struct gw_ast_entity *entity = &decl->as.entity;
    const struct gw_ast_home *by_store = NULL, *by_place = NULL;
    uint32_t in_store = 0, count = 0;
    struct gw_text names[2 * GW_HOMES_MAX];
    for (uint32_t i = 0; i < entity->home_count && i < GW_HOMES_MAX; i++) {
        const struct gw_ast_home *home = &entity->homes[i];
        names[count++] = home->place.store.text;
        if (gw_text_equal(home->place.store.text, name->text)) {
            by_store = home;
            in_store++;
        }
        if (gw_text_equal(home->place.place.text, name->text))
            by_place = home;
    }
    if (in_store == 1)
        return by_store;
    if (by_place != NULL)
        return by_place;
    struct gw_diag *diag =
        in_store > 1
            ? gw_check_error(checker, 1209, name->span, "%.*s has several homes in store `%.*s`",
                             GW_TEXT_ARG(decl->name.text), GW_TEXT_ARG(name->text))
            : gw_check_error(checker, 1209, name->span, "%.*s has no home in `%.*s`",
                             GW_TEXT_ARG(decl->name.text), GW_TEXT_ARG(name->text));
    if (in_store > 1) {
        gw_diags_hint(checker->diags, diag, "name it by its table");
    } else {
        gw_check_hint_names(checker, diag, name->text, "homes", names, count);
    }
    return NULL;
}

static void check_prefer(struct gw_checker *checker, struct gw_decl *decl)
{
    struct gw_ast_onboard *onboard = &decl->as.entity.onboard;
    onboard->prefer_homes =
        GW_CHECK_ARRAY(checker, const struct gw_ast_home *, onboard->prefer_count);
    for (uint32_t i = 0; onboard->prefer_homes != NULL && i < onboard->prefer_count; i++) {
        onboard->prefer_homes[i] = named_home(checker, decl, &onboard->prefer[i]);
        for (uint32_t j = 0; j < i; j++) {
            if (onboard->prefer_homes[i] != NULL &&
                onboard->prefer_homes[i] == onboard->prefer_homes[j]) {
                gw_check_error(checker, 1210, onboard->prefer[i].span, "`%.*s` stands there twice",
                               GW_TEXT_ARG(onboard->prefer[i].text));
            }
        }
    }
}

static void walk_rule(struct gw_checker *checker, void *ctx)
{
    struct gw_decl *decl = ctx;
    struct gw_ast_onboard *onboard = &decl->as.entity.onboard;
    gw_check_begin_body(checker, GW_CHECKING_ONBOARD);
    for (uint32_t i = 0; i < onboard->copy_count; i++) {
        struct gw_ast_copy *copy = &onboard->copies[i];
        copy->home = named_home(checker, decl, &copy->of);
        for (uint32_t j = 0; j < i; j++) {
            if (copy->home != NULL && copy->home == onboard->copies[j].home)
                gw_check_error(checker, 1210, copy->of.span, "this home has a name already");
        }
        gw_check_bind(checker, &copy->local, &copy->name,
                      (struct gw_shaped){.shape = GW_SHAPE_COPY, .decl = decl, .home = copy->home},
                      false);
        if (copy->local != NULL)
            copy->local->is_param = true;
    }
    gw_check_block(checker, &onboard->body);
    gw_check_leave(checker, 0);
}

void gw_check_onboard(struct gw_checker *checker, struct gw_decl *decl)
{
    struct gw_ast_onboard *onboard = &decl->as.entity.onboard;
    if (onboard->kind == GW_ONBOARD_PREFER)
        check_prefer(checker, decl);
    if (onboard->kind != GW_ONBOARD_RULE)
        return;
    if (onboard->copy_count > GW_HOMES_MAX) {
        gw_check_error(checker, 1210, onboard->span, "more copies than homes");
        return;
    }
    gw_check_rounds(checker, walk_rule, decl);
    onboard->locals = gw_check_take_locals(checker, &onboard->local_count);
}
