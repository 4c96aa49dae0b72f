/** Declarations of a checked tree to the structures of a program; functions get their code later. */
#include "lang/build_int.h"

uint32_t gw_build_position(const struct gw_build *build, const struct gw_decl *decl)
{
    for (uint32_t i = 0; i < build->ast->decl_count; i++) {
        if (build->ast->decls[i] == decl)
            return build->positions[i];
    }
    GW_UNREACHABLE_CODE(); /* the checker only refers to declarations of this tree */
}

const struct gw_program_entity *gw_build_entity(const struct gw_build *build,
                                                const struct gw_decl *decl)
{
    return build->program->entities[gw_build_position(build, decl)];
}

const struct gw_program_home *gw_build_home(const struct gw_build *build,
                                            const struct gw_ast_home *home)
{
    for (uint32_t i = 0; i < build->program->home_count; i++) {
        if (build->program->homes[i]->home.id == home->home.id)
            return build->program->homes[i];
    }
    GW_UNREACHABLE_CODE();
}

const struct gw_type *gw_build_row_type(struct gw_build *build, const struct gw_field *fields,
                                        uint32_t count)
{
    struct gw_type *type = GW_NEW(build->arena, struct gw_type);
    const struct gw_type **items = GW_NEW_ARRAY(build->arena, const struct gw_type *, count + 1);
    if (!type || !items)
        return NULL;
    type->kind = GW_TYPE_TUPLE;
    type->items = items;
    type->item_count = count;
    type->bytes_max = 3;
    for (uint32_t i = 0; i < count; i++) {
        items[i] = fields[i].type;
        type->bytes_max += fields[i].type->bytes_max;
    }
    return type;
}

/** How many declarations of a kind there are; old versions of an entity do not count. */
static uint32_t count_of(const struct gw_ast *ast, enum gw_decl_kind kind)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < ast->decl_count; i++) {
        if (ast->decls[i]->kind == kind &&
            (kind != GW_DECL_ENTITY || !ast->decls[i]->as.entity.is_old))
            count++;
    }
    return count;
}

static bool is_function(const struct gw_decl *decl)
{
    return decl->kind == GW_DECL_FN || decl->kind == GW_DECL_TXN || decl->kind == GW_DECL_VIEW ||
           decl->kind == GW_DECL_DAEMON;
}

static bool number_declarations(struct gw_build *build)
{
    uint32_t next[GW_DECL_MIGRATE + 1] = {0};
    build->positions = GW_NEW_ARRAY(build->arena, uint32_t, build->ast->decl_count + 1);
    if (!build->positions)
        return false;
    for (uint32_t i = 0; i < build->ast->decl_count; i++) {
        const struct gw_decl *decl = build->ast->decls[i];
        if (decl->kind == GW_DECL_ENTITY && decl->as.entity.is_old)
            continue;
        build->positions[i] = next[decl->kind]++;
    }
    return true;
}

static struct gw_text text_of_literal(const struct gw_expr *expr)
{
    return expr->kind == GW_EXPR_STRING ? gw_bytes_text(expr->bytes) : expr->source;
}

static bool build_store(struct gw_build *build, const struct gw_decl *decl,
                        struct gw_store_decl *ret)
{
    const struct gw_ast_store *store = &decl->as.store;
    struct gw_store_option *options =
        GW_NEW_ARRAY(build->arena, struct gw_store_option, store->option_count + 1);
    if (!options)
        return false;
    *ret = (struct gw_store_decl){
        .name = decl->name.text,
        .id = gw_name_id(decl->name.text),
        .kind = store->kind,
        .url = gw_bytes_text(store->url->bytes),
        .options = options,
        .option_count = store->option_count,
        .batch = 256,
    };
    for (uint32_t i = 0; i < store->option_count; i++) {
        options[i].name = store->options[i].name.text;
        options[i].value = text_of_literal(store->options[i].value);
        if (gw_text_is(options[i].name, "batch"))
            ret->batch = (uint32_t)store->options[i].value->number;
    }
    return true;
}

static struct gw_build_fn *add_fn(struct gw_build *build, enum gw_fn_kind kind, struct gw_text name)
{
    struct gw_fn *fn = GW_NEW(build->arena, struct gw_fn);
    if (!fn)
        return NULL;
    GW_ASSERT(build->fn_count < build->fn_cap);
    struct gw_build_fn *slot = &build->fns[build->fn_count++];
    memset(slot, 0, sizeof(*slot));
    slot->fn = fn;
    fn->name = name;
    fn->id = gw_name_id(name);
    fn->kind = kind;
    return slot;
}

static const struct gw_fn *where_fn(struct gw_build *build, const struct gw_expr *where,
                                    struct gw_text name, const struct gw_field *params,
                                    uint32_t count)
{
    struct gw_build_fn *fn = add_fn(build, GW_FN_WHERE, name);
    if (!fn)
        return NULL;
    fn->where = where;
    fn->fn->params = params;
    fn->fn->param_count = count;
    fn->fn->result = gw_type_of_kind(GW_TYPE_BOOL);
    return fn->fn;
}

static struct gw_program_home *build_home(struct gw_build *build, const struct gw_ast_home *from,
                                          const struct gw_program_entity *owner, uint32_t position)
{
    struct gw_program_home *home = GW_NEW(build->arena, struct gw_program_home);
    struct gw_home_map *maps = GW_NEW_ARRAY(build->arena, struct gw_home_map, from->map_count + 1);
    if (!home || !maps)
        return NULL;
    *home = (struct gw_program_home){.home = from->home,
                                     .owner = owner,
                                     .maps = maps,
                                     .map_count = from->map_count,
                                     .position = position};
    for (uint32_t i = 0; i < from->map_count; i++) {
        const struct gw_ast_map *map = &from->maps[i];
        maps[i] = (struct gw_home_map){.field = map->field_index[0],
                                       .first_column = map->column_index[0],
                                       .column_count = map->column_count};
        if (map->forward_fn)
            maps[i].forward = build->fns[map->forward_fn->as.function.index].fn;
        if (map->inverse_fn)
            maps[i].inverse = build->fns[map->inverse_fn->as.function.index].fn;
    }
    if (from->where) {
        home->where = where_fn(build, from->where, from->home.name, owner->entity.fields,
                               owner->entity.key_count);
        if (!home->where)
            return NULL;
    }
    return home;
}

static uint32_t home_position(const struct gw_program_entity *entity,
                              const struct gw_ast_home *home)
{
    for (uint32_t i = 0; i < entity->home_count; i++) {
        if (entity->homes[i]->home.id == home->home.id)
            return i;
    }
    GW_UNREACHABLE_CODE();
}

static bool build_onboard(struct gw_build *build, const struct gw_decl *decl,
                          struct gw_program_entity *entity)
{
    const struct gw_ast_onboard *from = &decl->as.entity.onboard;
    uint32_t count = GW_MAX(from->prefer_count, from->copy_count);
    uint32_t *list = GW_NEW_ARRAY(build->arena, uint32_t, count + 1);
    if (!list)
        return false;
    if (from->kind == GW_ONBOARD_PREFER) {
        for (uint32_t i = 0; i < from->prefer_count; i++)
            list[i] = home_position(entity, from->prefer_homes[i]);
        entity->onboard.prefer = list;
        entity->onboard.prefer_count = from->prefer_count;
    } else if (from->kind == GW_ONBOARD_RULE) {
        struct gw_build_fn *fn = add_fn(build, GW_FN_ONBOARD, decl->name.text);
        if (!fn)
            return false;
        fn->rule = decl;
        for (uint32_t i = 0; i < from->copy_count; i++)
            list[i] = home_position(entity, from->copies[i].home);
        entity->onboard.rule = fn->fn;
        entity->onboard.rule_homes = list;
        entity->onboard.rule_count = from->copy_count;
    }
    return true;
}

/** Is some field in no home? Then its value exists nowhere else and is never evicted. */
static bool has_homeless_field(const struct gw_ast_entity *entity)
{
    for (uint32_t f = 0; f < entity->field_count; f++) {
        bool found = false;
        for (uint32_t h = 0; h < entity->home_count && !found; h++) {
            for (uint32_t m = 0; m < entity->homes[h].map_count && !found; m++) {
                for (uint32_t i = 0; i < entity->homes[h].maps[m].field_count && !found; i++)
                    found = entity->homes[h].maps[m].field_index[i] == f;
            }
        }
        if (!found)
            return true;
    }
    return false;
}

static struct gw_program_entity *build_entity(struct gw_build *build, const struct gw_decl *decl,
                                              const struct gw_program_home **all_homes)
{
    const struct gw_ast_entity *from = &decl->as.entity;
    struct gw_program_entity *entity = GW_NEW(build->arena, struct gw_program_entity);
    if (!entity)
        return NULL;
    entity->entity = from->entity;
    entity->position = gw_build_position(build, decl);
    entity->homes = all_homes;
    entity->home_count = from->home_count;
    entity->field_without_home = has_homeless_field(from);
    for (uint32_t i = 0; i < from->home_count; i++) {
        all_homes[i] = build_home(build, &from->homes[i], entity, i);
        if (!all_homes[i])
            return NULL;
        build->program->home_count++;
    }
    return build_onboard(build, decl, entity) ? entity : NULL;
}

/** Room for the indexes or counters over an entity: as many as the program has. */
static bool link_indexes(struct gw_build *build, struct gw_program_entity *entity)
{
    const struct gw_program *program = build->program;
    const struct gw_index_decl **indexes =
        GW_NEW_ARRAY(build->arena, const struct gw_index_decl *, program->index_count + 1);
    const struct gw_counter_decl **counters =
        GW_NEW_ARRAY(build->arena, const struct gw_counter_decl *, program->counter_count + 1);
    if (!indexes || !counters)
        return false;
    entity->indexes = indexes;
    entity->counters = counters;
    for (uint32_t i = 0; i < program->index_count; i++) {
        if (program->indexes[i]->owner == entity)
            indexes[entity->index_count++] = program->indexes[i];
    }
    for (uint32_t i = 0; i < program->counter_count; i++) {
        if (program->counters[i]->owner == entity)
            counters[entity->counter_count++] = program->counters[i];
    }
    return true;
}

static const struct gw_index_decl *build_index(struct gw_build *build, const struct gw_decl *decl)
{
    struct gw_index_decl *index = GW_NEW(build->arena, struct gw_index_decl);
    if (index) {
        *index = (struct gw_index_decl){
            .name = decl->name.text,
            .id = gw_name_id(decl->name.text),
            .owner = gw_build_entity(build, decl->as.index.entity),
            .fields = decl->as.index.field_index,
            .field_count = decl->as.index.field_count,
            .unique = decl->as.index.is_unique,
        };
    }
    return index;
}

static const struct gw_counter_decl *build_counter(struct gw_build *build,
                                                   const struct gw_decl *decl)
{
    const struct gw_ast_counter *from = &decl->as.counter;
    struct gw_counter_decl *counter = GW_NEW(build->arena, struct gw_counter_decl);
    if (!counter)
        return NULL;
    *counter = (struct gw_counter_decl){
        .name = decl->name.text,
        .id = gw_name_id(decl->name.text),
        .owner = gw_build_entity(build, from->entity),
        .type = from->type->type,
        .by_type = from->key ? from->key->type : NULL,
        .by_field = from->by_index,
        .is_sum = from->is_sum,
        .sum_field = from->field_index,
    };
    if (from->where) {
        const struct gw_entity *entity = &counter->owner->entity;
        counter->where =
            where_fn(build, from->where, decl->name.text, entity->fields, entity->field_count);
        if (!counter->where)
            return NULL;
    }
    return counter;
}

static const struct gw_table_decl *build_table(struct gw_build *build, const struct gw_decl *decl)
{
    const struct gw_entity *entity = &decl->as.table.as_entity;
    struct gw_table_decl *table = GW_NEW(build->arena, struct gw_table_decl);
    if (table) {
        *table = (struct gw_table_decl){
            .name = decl->name.text,
            .id = gw_name_id(decl->name.text),
            .fields = entity->fields,
            .field_count = entity->field_count,
            .key_count = entity->key_count,
        };
    }
    return table;
}

static bool fill_function(struct gw_build *build, struct gw_build_fn *slot)
{
    const struct gw_ast_function *from = &slot->decl->as.function;
    struct gw_fn *fn = slot->fn;
    struct gw_field *params = GW_NEW_ARRAY(build->arena, struct gw_field, from->param_count + 1);
    const struct gw_type **fails =
        GW_NEW_ARRAY(build->arena, const struct gw_type *, GW_LANG_RESULTS_MAX);
    if (!params || !fails)
        return false;
    for (uint32_t i = 0; i < from->param_count; i++) {
        params[i].name = from->params[i].name.text;
        params[i].type = from->params[i].type->type;
    }
    fn->params = params;
    fn->param_count = from->param_count;
    fn->result = from->result_count ? from->results[0]->type : NULL;
    fn->fails = fails;
    for (uint32_t i = 1; i < from->result_count; i++)
        fails[fn->fail_count++] = from->results[i]->type;
    fn->atomic_push = from->is_atomic_push;
    fn->low_priority = slot->decl->kind == GW_DECL_DAEMON && !from->is_normal;
    if (slot->decl->kind == GW_DECL_DAEMON) {
        fn->slice_units =
            from->has_slice ? (uint32_t)from->slice_units : build->limits->slice_units;
    }
    fn->follows = from->follows.text.data ? from->follows.text : GW_TEXT_LIT("");
    return true;
}

static bool build_functions(struct gw_build *build)
{
    static const enum gw_fn_kind kinds[GW_DECL_MIGRATE + 1] = {
        [GW_DECL_FN] = GW_FN_PURE,
        [GW_DECL_TXN] = GW_FN_TXN,
        [GW_DECL_VIEW] = GW_FN_VIEW,
        [GW_DECL_DAEMON] = GW_FN_DAEMON,
    };
    const struct gw_ast *ast = build->ast;
    uint32_t more = 0;
    for (uint32_t i = 0; i < ast->decl_count; i++)
        more += ast->decls[i]->kind == GW_DECL_ENTITY ? 1 + ast->decls[i]->as.entity.home_count : 2;
    build->fn_cap = ast->decl_count + more;
    build->fns = GW_NEW_ARRAY(build->arena, struct gw_build_fn, build->fn_cap + 1);
    const struct gw_fn **fns =
        GW_NEW_ARRAY(build->arena, const struct gw_fn *, ast->decl_count + 1);
    if (!build->fns || !fns)
        return false;
    for (uint32_t i = 0; i < ast->decl_count; i++) {
        const struct gw_decl *decl = ast->decls[i];
        if (!is_function(decl))
            continue;
        struct gw_build_fn *slot = add_fn(build, kinds[decl->kind], decl->name.text);
        if (!slot)
            return false;
        slot->decl = decl;
        GW_ASSERT(decl->as.function.index == build->program->fn_count);
        fns[build->program->fn_count++] = slot->fn;
        if (!fill_function(build, slot))
            return false;
    }
    build->program->fns = fns;
    return true;
}

static const struct gw_fn *migrate_fn(struct gw_build *build, const struct gw_decl *decl,
                                      bool is_inverse)
{
    struct gw_build_fn *slot = add_fn(build, GW_FN_MIGRATE, decl->name.text);
    if (!slot)
        return NULL;
    const struct gw_ast_migrate *from = &decl->as.migrate;
    const struct gw_entity *old = &from->old_entity->as.entity.entity;
    const struct gw_entity *new = &from->new_entity->as.entity.entity;
    const struct gw_entity *source = is_inverse ? new : old, *made = is_inverse ? old : new;
    slot->migrate = decl;
    slot->is_inverse = is_inverse;
    slot->fn->params = source->fields;
    slot->fn->param_count = source->field_count;
    slot->fn->result = gw_build_row_type(build, made->fields, made->field_count);
    return slot->fn->result ? slot->fn : NULL;
}

static bool build_migrates(struct gw_build *build)
{
    const struct gw_ast *ast = build->ast;
    uint32_t count = count_of(ast, GW_DECL_MIGRATE);
    struct gw_migrate *migrates = GW_NEW_ARRAY(build->arena, struct gw_migrate, count + 1);
    if (!migrates)
        return false;
    build->program->migrates = migrates;
    for (uint32_t i = 0; i < ast->decl_count; i++) {
        const struct gw_decl *decl = ast->decls[i];
        if (decl->kind != GW_DECL_MIGRATE)
            continue;
        struct gw_migrate *migrate = &migrates[build->program->migrate_count++];
        const struct gw_decl *entity = decl->as.migrate.new_entity;
        if (entity->as.entity.is_old)
            entity = decl->as.migrate.old_entity;
        *migrate = (struct gw_migrate){.entity = gw_build_entity(build, entity),
                                       .from_version = decl->as.migrate.from,
                                       .to_version = decl->as.migrate.to,
                                       .forward = migrate_fn(build, decl, false),
                                       .inverse = migrate_fn(build, decl, true)};
        if (!migrate->forward || !migrate->inverse)
            return false;
    }
    return true;
}

/** Entities and homes first: indexes and counters point to them, entities back to those. */
static bool build_entities(struct gw_build *build)
{
    const struct gw_ast *ast = build->ast;
    struct gw_program *program = build->program;
    uint32_t homes = 0, count = count_of(ast, GW_DECL_ENTITY);
    for (uint32_t i = 0; i < ast->decl_count; i++) {
        if (ast->decls[i]->kind == GW_DECL_ENTITY)
            homes += ast->decls[i]->as.entity.home_count;
    }
    const struct gw_program_entity **entities =
        GW_NEW_ARRAY(build->arena, const struct gw_program_entity *, count + 1);
    const struct gw_program_home **all =
        GW_NEW_ARRAY(build->arena, const struct gw_program_home *, homes + 1);
    if (!entities || !all)
        return false;
    program->entities = entities;
    program->homes = all;
    for (uint32_t i = 0; i < ast->decl_count; i++) {
        const struct gw_decl *decl = ast->decls[i];
        if (decl->kind != GW_DECL_ENTITY || decl->as.entity.is_old)
            continue;
        entities[program->entity_count] = build_entity(build, decl, all + program->home_count);
        if (!entities[program->entity_count++])
            return false;
    }
    return true;
}

static bool build_collections(struct gw_build *build)
{
    const struct gw_ast *ast = build->ast;
    struct gw_program *program = build->program;
    const struct gw_table_decl **tables =
        GW_NEW_ARRAY(build->arena, const struct gw_table_decl *, count_of(ast, GW_DECL_TABLE) + 1);
    const struct gw_index_decl **indexes =
        GW_NEW_ARRAY(build->arena, const struct gw_index_decl *, count_of(ast, GW_DECL_INDEX) + 1);
    const struct gw_counter_decl **counters = GW_NEW_ARRAY(
        build->arena, const struct gw_counter_decl *, count_of(ast, GW_DECL_COUNTER) + 1);
    if (!tables || !indexes || !counters)
        return false;
    program->tables = tables;
    program->indexes = indexes;
    program->counters = counters;
    for (uint32_t i = 0; i < ast->decl_count; i++) {
        const struct gw_decl *decl = ast->decls[i];
        if (decl->kind == GW_DECL_TABLE &&
            !(tables[program->table_count++] = build_table(build, decl)))
            return false;
        if (decl->kind == GW_DECL_INDEX &&
            !(indexes[program->index_count++] = build_index(build, decl)))
            return false;
        if (decl->kind == GW_DECL_COUNTER &&
            !(counters[program->counter_count++] = build_counter(build, decl)))
            return false;
    }
    return true;
}

static bool build_stores(struct gw_build *build)
{
    const struct gw_ast *ast = build->ast;
    struct gw_store_decl *stores =
        GW_NEW_ARRAY(build->arena, struct gw_store_decl, count_of(ast, GW_DECL_STORE) + 1);
    if (!stores)
        return false;
    build->program->stores = stores;
    for (uint32_t i = 0; i < ast->decl_count; i++) {
        if (ast->decls[i]->kind == GW_DECL_STORE &&
            !build_store(build, ast->decls[i], &stores[build->program->store_count++]))
            return false;
    }
    return true;
}

/** The text the program is: all its files in the order of reading. */
static bool keep_source(struct gw_build *build)
{
    const struct gw_source *source = build->ast->source;
    size_t bytes = 0, at = 0;
    for (uint32_t i = 0; i < source->count; i++)
        bytes += source->files[i].text.len;
    uint8_t *text = gw_arena_get_raw(build->arena, bytes + 1);
    if (!text)
        return false;
    for (uint32_t i = 0; i < source->count; i++) {
        if (source->files[i].text.len)
            memcpy(text + at, source->files[i].text.data, source->files[i].text.len);
        at += source->files[i].text.len;
    }
    build->program->source = (struct gw_bytes){text, bytes};
    build->program->hash = gw_sha256(build->program->source);
    return true;
}

gw_rc gw_build_program(struct gw_build *build, struct gw_err *err)
{
    build->program = GW_NEW(build->arena, struct gw_program);
    if (!build->program)
        return GW_FAIL_NOMEM(err);
    build->program->name = build->ast->name.text;
    build->program->version = (uint32_t)build->ast->version;
    if (!keep_source(build) || !number_declarations(build) || !build_stores(build) ||
        !build_functions(build) || !build_entities(build) || !build_collections(build) ||
        !build_migrates(build))
        return GW_FAIL_NOMEM(err);
    for (uint32_t i = 0; i < build->program->entity_count; i++) {
        /* ours until the program is given out */
        struct gw_program_entity *entity =
            (struct gw_program_entity *)(uintptr_t)build->program->entities[i];
        if (!link_indexes(build, entity))
            return GW_FAIL_NOMEM(err);
    }
    return GW_OK;
}

/** Windows of callees lie behind their caller's, so the deepest chain decides. */
static void link_fn(struct gw_build *build, struct gw_build_fn *slot)
{
    const struct gw_code *code = slot->fn->code;
    uint32_t deepest = 0, regs = 0;
    if (slot->visit == 2 || !code)
        return;
    GW_ASSERT(slot->visit == 0); /* the checker refuses recursion */
    slot->visit = 1;
    for (uint32_t i = 0; i < code->callee_count; i++) {
        for (uint32_t k = 0; k < build->program->fn_count; k++) {
            if (build->fns[k].fn == code->callees[i])
                link_fn(build, &build->fns[k]);
        }
        const struct gw_code *callee = code->callees[i]->code;
        deepest = GW_MAX(deepest, callee ? callee->depth + 1 : 0);
        regs = GW_MAX(regs, callee ? callee->regs_total : 0);
    }
    struct gw_code *mine = (struct gw_code *)(uintptr_t)code;
    mine->depth = deepest;
    mine->regs_total = GW_MAX(code->reg_count + regs, 1);
    slot->visit = 2;
}

void gw_build_link(struct gw_build *build)
{
    for (uint32_t i = 0; i < build->fn_count; i++)
        link_fn(build, &build->fns[i]);
}
