/** Which keys a function touches, how deep they depend on other reads, and code that finds the direct ones. */
#include "lang/cost_int.h"
#include "lang/emit_int.h"

/** Same text, same value? Only where nothing in it can change between two uses. */
static bool is_stable(const struct gw_coster *c, const struct gw_expr *expr)
{
    if (expr->is_constant)
        return true;
    switch (expr->kind) {
    case GW_EXPR_NAME:
        return expr->ref.kind == GW_REF_LOCAL && !c->is_assigned[expr->ref.local->slot];
    case GW_EXPR_FIELD: /* of a row by value */
        return expr->object->is.shape == GW_SHAPE_ROW && is_stable(c, expr->object);
    case GW_EXPR_ITEM:
        return is_stable(c, expr->object);
    case GW_EXPR_TUPLE:
    case GW_EXPR_CONVERT:
    case GW_EXPR_UNARY:
    case GW_EXPR_BINARY:
        for (uint32_t i = 0; i < expr->item_count; i++) {
            if (!is_stable(c, expr->items[i]))
                return false;
        }
        return true;
    default:
        return false;
    }
}

static struct gw_text source_text(const struct gw_coster *c, struct gw_span span)
{
    struct gw_text text = c->build->ast->source->files[span.file].text;
    return (struct gw_text){text.data + span.begin, span.end - span.begin};
}

/** "src" or "k.g, k.post": the key as written */
static struct gw_text key_text(struct gw_coster *c, struct gw_expr *const *key, uint32_t count)
{
    if (count == 0)
        return GW_TEXT_LIT("");
    return source_text(c, gw_span_join(key[0]->span, key[count - 1]->span));
}

/** NOLINTNEXTLINE(misc-no-recursion): the tree is at most GW_LANG_EXPR_DEPTH_MAX deep */
uint8_t gw_cost_depth(struct gw_coster *c, const struct gw_expr *expr)
{
    uint8_t depth = 0;
    if (expr->is_constant)
        return 0;
    if (expr->kind == GW_EXPR_NAME && expr->ref.kind == GW_REF_LOCAL)
        return c->depth[expr->ref.local->slot];
    if (expr->object && expr->object->is.shape != GW_SHAPE_DECL)
        depth = gw_cost_depth(c, expr->object);
    for (uint32_t i = 0; i < expr->item_count; i++)
        depth = GW_MAX(depth, gw_cost_depth(c, expr->items[i]));
    for (uint32_t i = 0; i < expr->init_count; i++)
        depth = GW_MAX(depth, gw_cost_depth(c, expr->inits[i].value));
    bool is_read = (expr->kind == GW_EXPR_INDEX || expr->kind == GW_EXPR_METHOD) &&
                   expr->object->is.shape == GW_SHAPE_DECL;
    bool is_counter = expr->kind == GW_EXPR_NAME && expr->ref.kind == GW_REF_DECL;
    depth = (uint8_t)(depth + (is_read || is_counter));
    return GW_MIN(depth, GW_KEY_DEPTH_MAX + 1);
}

void gw_cost_set_depth(struct gw_coster *c, const struct gw_local *local, uint8_t depth)
{
    if (depth <= c->depth[local->slot])
        return;
    c->depth[local->slot] = depth;
    c->depth_changed = true;
}

static struct gw_cost_known *find_known(struct gw_coster *c, const struct gw_decl *entity,
                                        struct gw_text text)
{
    for (uint32_t i = 0; i < c->known_count; i++) {
        if (c->known[i].entity == entity && gw_text_equal(c->known[i].text, text))
            return &c->known[i];
    }
    return NULL;
}

static void remember(struct gw_coster *c, const struct gw_decl *entity, struct gw_text text)
{
    struct gw_cost_known *known = find_known(c, entity, text);
    if (!known && c->known_count < GW_COST_KEYS_MAX) {
        known = &c->known[c->known_count++];
        *known = (struct gw_cost_known){.text = text, .entity = entity};
    }
    if (known)
        known->is_known = true;
}

static struct gw_key_use *add_use(struct gw_coster *c, struct gw_text name, struct gw_text key)
{
    struct gw_text text =
        gw_arena_printf(c->build->arena, "%.*s[%.*s]", GW_TEXT_ARG(name), GW_TEXT_ARG(key));
    if (!text.data)
        c->no_memory = true;
    if (c->key_count == GW_COST_KEYS_MAX || !text.data)
        return NULL;
    struct gw_key_use *use = &c->keys[c->key_count++];
    *use =
        (struct gw_key_use){.text = text, .times = (uint32_t)GW_MIN(c->times, (int64_t)UINT32_MAX)};
    return use;
}

/** Units of a first read of a row that nobody has read before: the rule, and what it moves; or an old version. */
static int64_t onboard_cost(const struct gw_build *build, const struct gw_program_entity *entity)
{
    int64_t rule = entity->onboard.rule ? (int64_t)entity->onboard.rule->cost.units : 0;
    int64_t moved = (int64_t)GW_COST_HIT * (entity->index_count + entity->counter_count);
    int64_t migrate = 0;
    for (uint32_t i = 0; i < build->program->migrate_count; i++) {
        const struct gw_migrate *step = &build->program->migrates[i];
        if (step->entity == entity) {
            migrate = GW_MAX(migrate,
                             (int64_t)GW_MAX(step->forward->cost.units, step->inverse->cost.units));
        }
    }
    return GW_MAX(rule + moved, migrate);
}

static void check_depth(struct gw_coster *c, uint8_t depth, struct gw_span span)
{
    if (depth <= GW_KEY_DEPTH_MAX || c->is_too_deep)
        return;
    c->is_too_deep = true;
    struct gw_diag *diag =
        gw_diags_add(c->build->diags, 1110, span, "this key depends on more than %d reads in a row",
                     (int)GW_KEY_DEPTH_MAX);
    gw_diags_hint(c->build->diags, diag,
                  "pass the key as an argument, or make it a daemon that calls a txn per step");
}

int64_t gw_cost_touch_key(struct gw_coster *c, const struct gw_decl *decl,
                          struct gw_expr *const *key, uint32_t count, struct gw_span span,
                          bool is_create, bool is_fresh)
{
    const struct gw_program_entity *entity = gw_build_entity(c->build, decl);
    struct gw_text text = key_text(c, key, count);
    bool stable = !is_fresh;
    uint8_t depth = 0;
    for (uint32_t i = 0; i < count; i++) {
        stable = stable && is_stable(c, key[i]);
        depth = GW_MAX(depth, gw_cost_depth(c, key[i]));
    }
    const struct gw_cost_known *known = stable ? find_known(c, decl, text) : NULL;
    if (known && known->is_known)
        return GW_COST_TOUCH_AGAIN;
    if (!c->is_quiet) {
        check_depth(c, depth, span);
        struct gw_key_use *use = add_use(c, entity->entity.name, text);
        if (use) {
            use->entity = entity;
            use->depth = depth;
            use->created = is_create;
            use->fresh = is_fresh;
            use->written = is_create;
        }
        if (!is_fresh)
            c->reads = gw_cost_add(c->reads, c->times);
    }
    if (stable)
        remember(c, decl, text);
    if (is_fresh)
        return 0;
    int64_t units = gw_cost_touch(&entity->entity) + onboard_cost(c->build, entity);
    if (!c->is_quiet) {
        c->parts[GW_PART_TOUCH] =
            gw_cost_add(c->parts[GW_PART_TOUCH], gw_cost_times(c->times, units));
        c->part_counts[GW_PART_TOUCH] += c->times;
    }
    return units;
}

void gw_cost_count_write(struct gw_coster *c, const struct gw_program_entity *entity)
{
    if (c->is_quiet)
        return;
    c->writes = gw_cost_add(c->writes, c->times);
    for (uint32_t i = 0; i < entity->home_count; i++)
        c->stores |= (uint16_t)(1u << entity->homes[i]->home.store);
}

void gw_cost_count_table(struct gw_coster *c, const struct gw_decl *decl, int64_t count,
                         bool is_write)
{
    if (c->is_quiet)
        return;
    int64_t keys = gw_cost_times(c->times, count);
    if (is_write) {
        c->writes = gw_cost_add(c->writes, keys);
    } else {
        c->reads = gw_cost_add(c->reads, keys);
    }
    struct gw_key_use *use = add_use(c, decl->name.text, GW_TEXT_LIT("…"));
    if (!use)
        return;
    if (decl->kind == GW_DECL_TABLE)
        use->table = c->build->program->tables[gw_build_position(c->build, decl)];
    use->times = (uint32_t)GW_MIN(keys, (int64_t)UINT32_MAX);
    use->written = is_write;
}

void gw_cost_mark_written(struct gw_coster *c, const struct gw_expr *row)
{
    const struct gw_decl *decl = row->is.decl;
    if (c->is_quiet || !decl)
        return;
    const struct gw_expr *key =
        row->kind == GW_EXPR_NAME && row->ref.local->first ? row->ref.local->first : row;
    if (key->kind == GW_EXPR_UNWRAP)
        key = key->object;
    if (key->kind != GW_EXPR_INDEX)
        return;
    struct gw_text text = key_text(c, key->items, key->item_count);
    for (uint32_t i = 0; i < c->key_count; i++) {
        struct gw_key_use *use = &c->keys[i];
        size_t name = decl->name.text.len + 1;
        if (use->entity && use->text.len == name + text.len + 1 &&
            gw_text_equal(use->entity->entity.name, decl->name.text) &&
            memcmp(use->text.data + name, text.data, text.len) == 0)
            use->written = true;
    }
}

/* ---- direct keys ---- */

enum { INLINE_DEPTH_MAX = 16, DIRECT_KEYS_MAX = 64 };

/** Can it be computed from arguments and constants alone? */
static bool is_direct(const struct gw_expr *expr, uint32_t depth)
{
    if (expr->is_constant)
        return true;
    if (depth == INLINE_DEPTH_MAX)
        return false;
    if (expr->kind == GW_EXPR_NAME)
        return expr->ref.kind == GW_REF_LOCAL && expr->ref.local->is_param;
    bool fine = expr->kind == GW_EXPR_TUPLE || expr->kind == GW_EXPR_CONVERT ||
                expr->kind == GW_EXPR_UNARY || expr->kind == GW_EXPR_BINARY ||
                expr->kind == GW_EXPR_SOME ||
                (expr->kind == GW_EXPR_CALL && expr->ref.kind == GW_REF_FN);
    if (expr->kind == GW_EXPR_ITEM)
        return is_direct(expr->object, depth + 1);
    for (uint32_t i = 0; i < expr->item_count && fine; i++)
        fine = is_direct(expr->items[i], depth + 1);
    return fine;
}

static void direct_key(struct gw_emit *e, const struct gw_expr *index)
{
    struct gw_label next = {0};
    const struct gw_decl *decl = index->object->ref.decl;
    if (e->key_max == DIRECT_KEYS_MAX)
        return;
    for (uint32_t i = 0; i < index->item_count; i++) {
        if (!is_direct(index->items[i], 0))
            return;
    }
    uint32_t mark = e->top;
    gw_emit_jump(e, GW_VMOP_TRY, 0, 0, &next);
    uint32_t key = gw_lower_key(e, index);
    gw_emit_insn(e, GW_VMOP_KEY, 0, 0, key, gw_build_position(e->build, decl));
    gw_emit_place(e, &next);
    e->key_max++;
    e->top = mark;
}

/** NOLINTNEXTLINE(misc-no-recursion): the tree is at most GW_LANG_EXPR_DEPTH_MAX deep */
static void find_in_expr(struct gw_emit *e, const struct gw_expr *expr)
{
    if (!expr || expr->is_constant)
        return;
    bool is_key = (expr->kind == GW_EXPR_INDEX ||
                   (expr->kind == GW_EXPR_METHOD && expr->ref.builtin == GW_BUILTIN_EXISTS)) &&
                  expr->object->is.shape == GW_SHAPE_DECL &&
                  expr->object->ref.decl->kind == GW_DECL_ENTITY;
    if (is_key)
        direct_key(e, expr);
    find_in_expr(e, expr->object);
    for (uint32_t i = 0; i < expr->item_count; i++)
        find_in_expr(e, expr->items[i]);
    for (uint32_t i = 0; i < expr->init_count; i++)
        find_in_expr(e, expr->inits[i].value);
}

/** NOLINTNEXTLINE(misc-no-recursion): blocks nest at most GW_LANG_BLOCK_DEPTH_MAX deep */
static void find_in_block(struct gw_emit *e, const struct gw_block *block)
{
    for (uint32_t i = 0; i < block->count; i++) {
        const struct gw_stmt *stmt = block->items[i];
        find_in_expr(e, stmt->target);
        find_in_expr(e, stmt->value);
        find_in_expr(e, stmt->other);
        for (uint32_t k = 0; k < stmt->init_count; k++)
            find_in_expr(e, stmt->inits[k].value);
        find_in_block(e, &stmt->body);
        find_in_block(e, &stmt->other_body);
        for (uint32_t k = 0; k < stmt->arm_count; k++)
            find_in_block(e, &stmt->arms[k].body);
    }
}

gw_rc gw_lower_direct_keys(struct gw_build *build, struct gw_build_fn *fn, struct gw_err *err)
{
    struct gw_emit emit = {.build = build, .fn = fn}, *e = &emit;
    const struct gw_ast_function *function = &fn->decl->as.function;
    e->reg_of_slot = GW_NEW_ARRAY(build->arena, uint32_t, function->local_count + 2);
    if (!e->reg_of_slot)
        return GW_FAIL_NOMEM(err);
    for (uint32_t i = 0; i < function->param_count; i++)
        e->reg_of_slot[function->params[i].local->slot] = gw_emit_temp(e, 1);
    find_in_block(e, &function->body);
    if (e->key_max == 0)
        return GW_OK;
    gw_emit_insn(e, GW_VMOP_RETURN, 0, 0, 0, 0);
    struct gw_code *code = (struct gw_code *)(uintptr_t)gw_emit_finish(e);
    if (!code)
        return e->too_large ? GW_OK : GW_FAIL_NOMEM(err);
    for (uint32_t i = 0; i < code->callee_count; i++) {
        const struct gw_code *callee = code->callees[i]->code;
        code->regs_total = GW_MAX(code->regs_total, code->reg_count + callee->regs_total);
        code->depth = GW_MAX(code->depth, callee->depth + 1);
    }
    code->regs_total = GW_MAX(code->regs_total, 1);
    fn->fn->direct_keys = code;
    return GW_OK;
}
