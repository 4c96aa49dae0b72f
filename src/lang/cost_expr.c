/** Bounds of expressions: the table of engine spec 2.4, construct by construct. vm_units.c counts the same. */
#include "lang/cost_int.h"

int64_t gw_cost_add(int64_t a, int64_t b)
{
    return GW_MIN(a + b, GW_COST_CEILING);
}

int64_t gw_cost_times(int64_t count, int64_t each)
{
    int64_t product;
    if (__builtin_mul_overflow(count, each, &product))
        return GW_COST_CEILING;
    return GW_MIN(product, GW_COST_CEILING);
}

static bool is_wide_dec(const struct gw_type *type)
{
    return type->kind == GW_TYPE_DEC && type->precision > GW_COST_DEC_NARROW_DIGITS;
}

int64_t gw_cost_arith(enum gw_ast_op op, const struct gw_type *type, const struct gw_type *left,
                      const struct gw_type *right)
{
    (void)op;
    if (type->kind == GW_TYPE_DEC) {
        return is_wide_dec(type) || is_wide_dec(left) || is_wide_dec(right) ? GW_COST_DEC_WIDE
                                                                            : GW_COST_DEC;
    }
    return type->kind == GW_TYPE_DUR ? 2 * GW_COST_OP : GW_COST_OP;
}

/** Numbers in one unit, the rest by its size. */
int64_t gw_cost_compare(const struct gw_type *type)
{
    switch (type->kind) {
    case GW_TYPE_STR:
    case GW_TYPE_BYTES:
        return gw_cost_move(type->max);
    case GW_TYPE_OPT:
    case GW_TYPE_TUPLE:
    case GW_TYPE_LIST:
    case GW_TYPE_REAL:
        return gw_cost_move(type->bytes_max);
    default:
        return GW_COST_OP;
    }
}

static int64_t items_cost(struct gw_coster *c, struct gw_expr *const *items, uint32_t count)
{
    int64_t units = 0;
    for (uint32_t i = 0; i < count; i++)
        units = gw_cost_add(units, gw_cost_expr(c, items[i]));
    return units;
}

static void count_part(struct gw_coster *c, enum gw_cost_part part, int64_t units)
{
    if (c->is_quiet)
        return;
    c->parts[part] = gw_cost_add(c->parts[part], gw_cost_times(c->times, units));
    c->part_counts[part] = gw_cost_add(c->part_counts[part], c->times);
}

static uint32_t all_hits(const struct gw_program_entity *entity)
{
    return entity->index_count + entity->counter_count;
}

static void count_hits(struct gw_coster *c, const struct gw_program_entity *entity)
{
    c->indexes = GW_MAX(c->indexes, entity->index_count);
    c->counters = GW_MAX(c->counters, entity->counter_count);
}

static uint32_t index_hits(const struct gw_program_entity *entity, uint32_t field)
{
    uint32_t hits = 0;
    for (uint32_t i = 0; i < entity->index_count; i++) {
        for (uint32_t k = 0; k < entity->indexes[i]->field_count; k++) {
            if (entity->indexes[i]->fields[k] == field) {
                hits++;
                break;
            }
        }
    }
    return hits;
}

uint32_t gw_cost_hits(const struct gw_program_entity *entity, uint32_t field)
{
    uint32_t hits = index_hits(entity, field);
    for (uint32_t i = 0; i < entity->counter_count; i++) {
        const struct gw_counter_decl *counter = entity->counters[i];
        bool hit = counter->where || (counter->by_type && counter->by_field == field) ||
                   (counter->is_sum && counter->sum_field == field);
        hits += hit;
    }
    return hits;
}

uint32_t gw_cost_table_bytes(const struct gw_table_decl *table)
{
    uint32_t bytes = 3;
    for (uint32_t i = 0; i < table->field_count; i++)
        bytes += table->fields[i].type->bytes_max;
    return bytes;
}

/** A store of one field: the first one to a row on a way costs the write, others only what they hit. */
int64_t gw_cost_patch(struct gw_coster *c, const struct gw_expr *object, uint32_t field)
{
    const struct gw_program_entity *entity = gw_build_entity(c->build, object->is.decl);
    uint32_t hits = gw_cost_hits(entity, field);
    bool is_local = object->kind == GW_EXPR_NAME && object->ref.kind == GW_REF_LOCAL;
    int64_t units = GW_COST_OP + (int64_t)GW_COST_HIT * hits;
    c->indexes = GW_MAX(c->indexes, index_hits(entity, field));
    c->counters = GW_MAX(c->counters, hits - index_hits(entity, field));
    if (!is_local || !c->is_patched[object->ref.local->slot]) {
        units = gw_cost_write(entity, hits);
        gw_cost_count_write(c, entity);
        gw_cost_mark_written(c, object);
    }
    if (is_local)
        c->is_patched[object->ref.local->slot] = true;
    count_part(c, GW_PART_PATCH, units);
    return units;
}

int64_t gw_cost_delete(struct gw_coster *c, const struct gw_decl *decl)
{
    const struct gw_program_entity *entity = gw_build_entity(c->build, decl);
    int64_t units = gw_cost_write(entity, all_hits(entity));
    gw_cost_count_write(c, entity);
    count_hits(c, entity);
    count_part(c, GW_PART_DELETE, units);
    return units;
}

static bool is_new_id(const struct gw_expr *expr)
{
    return expr->kind == GW_EXPR_CALL && expr->ref.kind == GW_REF_BUILTIN &&
           expr->ref.builtin == GW_BUILTIN_NEW_ID;
}

static int64_t create_cost(struct gw_coster *c, const struct gw_expr *expr)
{
    const struct gw_decl *decl = expr->object->ref.decl;
    const struct gw_program_entity *entity = gw_build_entity(c->build, decl);
    struct gw_expr *key[GW_TYPE_TUPLE_MAX];
    uint32_t key_count = 0;
    int64_t units = 0;
    bool is_fresh = false;
    for (uint32_t i = 0; i < expr->init_count; i++) {
        units = gw_cost_add(units, gw_cost_expr(c, expr->inits[i].value));
        if (expr->inits[i].field < entity->entity.key_count && key_count < GW_TYPE_TUPLE_MAX) {
            key[key_count++] = expr->inits[i].value;
            is_fresh = is_fresh || is_new_id(expr->inits[i].value);
        }
    }
    units += gw_cost_touch_key(c, decl, key, key_count, expr->span, true, is_fresh);
    int64_t write = gw_cost_write(entity, all_hits(entity));
    gw_cost_count_write(c, entity);
    count_hits(c, entity);
    count_part(c, GW_PART_CREATE, write);
    return gw_cost_add(units, write);
}

static int64_t table_cost(struct gw_coster *c, const struct gw_decl *decl, bool is_write)
{
    const struct gw_table_decl *table =
        c->build->program->tables[gw_build_position(c->build, decl)];
    int64_t units = (is_write ? GW_COST_WRITE : GW_COST_TOUCH) +
                    (int64_t)gw_cost_bytes(gw_cost_table_bytes(table));
    c->uses_collections = true;
    gw_cost_count_table(c, decl, 1, is_write);
    count_part(c, GW_PART_TABLE, units);
    return units;
}

/** A row found by a unique index: its key is not in the program's text, so every look is a first touch. */
static int64_t lookup_cost(struct gw_coster *c, const struct gw_decl *decl)
{
    const struct gw_program_entity *entity =
        c->build->program->indexes[gw_build_position(c->build, decl)]->owner;
    c->uses_collections = true;
    if (!c->is_quiet)
        c->reads = gw_cost_add(c->reads, c->times);
    int64_t units = gw_cost_touch(&entity->entity) + GW_COST_OP;
    count_part(c, GW_PART_TOUCH, units);
    return units;
}

static int64_t index_cost(struct gw_coster *c, const struct gw_expr *expr)
{
    if (expr->object->is.shape != GW_SHAPE_DECL) {
        return gw_cost_expr(c, expr->object) + items_cost(c, expr->items, expr->item_count) +
               GW_COST_OP;
    }
    const struct gw_decl *decl = expr->object->ref.decl;
    int64_t units = items_cost(c, expr->items, expr->item_count);
    switch (decl->kind) {
    case GW_DECL_ENTITY:
        return gw_cost_add(units, gw_cost_touch_key(c, decl, expr->items, expr->item_count,
                                                    expr->span, false, false));
    case GW_DECL_TABLE:
        return gw_cost_add(units, table_cost(c, decl, false));
    case GW_DECL_INDEX:
        return gw_cost_add(units, lookup_cost(c, decl));
    default:
        c->uses_collections = true;
        return units + GW_COST_TOUCH;
    }
}

static int64_t method_cost(struct gw_coster *c, const struct gw_expr *expr)
{
    int64_t units = items_cost(c, expr->items, expr->item_count);
    if (expr->ref.builtin == GW_BUILTIN_PUSH) {
        units += gw_cost_move(expr->object->is.type->items[0]->bytes_max);
        if (expr->object->kind == GW_EXPR_NAME)
            return units;
        units += 2 * GW_COST_OP + gw_cost_expr(c, expr->object->object);
        return gw_cost_add(units, gw_cost_patch(c, expr->object->object, expr->object->ref.index));
    }
    const struct gw_decl *decl = expr->object->ref.decl;
    bool is_write = expr->ref.builtin != GW_BUILTIN_EXISTS;
    if (decl->kind == GW_DECL_TABLE)
        return gw_cost_add(units, table_cost(c, decl, is_write) + GW_COST_OP);
    if (decl->kind == GW_DECL_INDEX)
        return gw_cost_add(units, lookup_cost(c, decl) + GW_COST_OP);
    return gw_cost_add(
        units, gw_cost_touch_key(c, decl, expr->items, expr->item_count, expr->span, false, false));
}

static uint64_t text_max(const struct gw_type *type)
{
    return type->kind == GW_TYPE_STR || type->kind == GW_TYPE_BYTES ? type->max : type->bytes_max;
}

static int64_t builtin_cost(struct gw_coster *c, const struct gw_expr *expr)
{
    int64_t units = items_cost(c, expr->items, expr->item_count);
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < expr->item_count; i++) {
        if (expr->items[i]->is.type)
            bytes += text_max(expr->items[i]->is.type);
    }
    switch (expr->ref.builtin) {
    case GW_BUILTIN_CONTAINS:
        if (expr->items[0]->is.type->kind == GW_TYPE_LIST) {
            const struct gw_type *list = expr->items[0]->is.type;
            return units + 1 + (int64_t)list->max * gw_cost_bytes(list->items[0]->bytes_max);
        }
        return units + gw_cost_move(bytes);
    case GW_BUILTIN_STARTS_WITH:
    case GW_BUILTIN_SLICE:
    case GW_BUILTIN_LOWER_ASCII:
    case GW_BUILTIN_CONCAT:
        return units + gw_cost_move(bytes);
    case GW_BUILTIN_SPLIT_ONCE:
        return units + gw_cost_move(bytes) + 2 * GW_COST_OP;
    case GW_BUILTIN_MIN:
    case GW_BUILTIN_MAX:
        return units + (int64_t)expr->item_count * gw_cost_compare(expr->is.type);
    case GW_BUILTIN_ROUND:
    case GW_BUILTIN_DIV:
        return units + GW_COST_DEC_WIDE;
    case GW_BUILTIN_SAME:
        return units + 1 +
               (expr->items[0]->is.shape == GW_SHAPE_COPY
                    ? (int64_t)expr->items[0]->is.decl->as.entity.field_count
                    : gw_cost_compare(expr->items[0]->is.type));
    default:
        return units + GW_COST_OP;
    }
}

static int64_t convert_cost(struct gw_coster *c, const struct gw_expr *expr)
{
    int64_t units = gw_cost_expr(c, expr->items[0]);
    if (expr->is.type->kind == GW_TYPE_DEC)
        return units + GW_COST_DEC_WIDE;
    if (expr->is.type->kind == GW_TYPE_STR || expr->is.type->kind == GW_TYPE_BYTES)
        return units + gw_cost_move(expr->is.type->max);
    return units + 2 * GW_COST_OP; /* between units of time: a test and a quotient */
}

static int64_t call_cost(struct gw_coster *c, const struct gw_expr *expr)
{
    struct gw_build_fn *slot = &c->build->fns[expr->ref.decl->as.function.index];
    const struct gw_fn *callee = slot->fn;
    if (gw_cost_fn(c->build, slot, NULL) < 0)
        c->no_memory = true;
    int64_t units = items_cost(c, expr->items, expr->item_count);
    for (uint32_t i = 0; i < expr->item_count; i++)
        units += gw_cost_compare(callee->params[i].type); /* passing */
    int64_t call = GW_COST_CALL + (int64_t)callee->cost.units;
    count_part(c, GW_PART_CALL, call);
    return gw_cost_add(units, call);
}

/** What the second side touches may not have happened afterwards. */
static int64_t logic_cost(struct gw_coster *c, const struct gw_expr *expr)
{
    int64_t units = gw_cost_expr(c, expr->items[0]);
    bool before[GW_COST_KEYS_MAX];
    uint32_t count = c->known_count;
    for (uint32_t i = 0; i < count; i++)
        before[i] = c->known[i].is_known;
    units = gw_cost_add(units, gw_cost_expr(c, expr->items[1]));
    for (uint32_t i = 0; i < c->known_count; i++)
        c->known[i].is_known = i < count && before[i];
    return units;
}

static int64_t binary_cost(struct gw_coster *c, const struct gw_expr *expr)
{
    if (expr->op == GW_AST_OP_OR || expr->op == GW_AST_OP_AND)
        return logic_cost(c, expr);
    const struct gw_type *left = expr->items[0]->is.type, *right = expr->items[1]->is.type;
    int64_t units = items_cost(c, expr->items, 2);
    if (expr->op >= GW_AST_OP_EQ && expr->op <= GW_AST_OP_GE) {
        return units + GW_MAX(gw_cost_compare(left), gw_cost_compare(right)) +
               (expr->op == GW_AST_OP_NE);
    }
    return units + gw_cost_arith(expr->op, expr->is.type, left, right);
}

/** NOLINTNEXTLINE(misc-no-recursion): the tree is at most GW_LANG_EXPR_DEPTH_MAX deep */
int64_t gw_cost_expr(struct gw_coster *c, const struct gw_expr *expr)
{
    if (expr->is_constant)
        return 0;
    switch (expr->kind) {
    case GW_EXPR_NAME:
        if (expr->ref.kind != GW_REF_DECL)
            return 0;
        c->uses_collections = true;
        return GW_COST_TOUCH;
    case GW_EXPR_TUPLE:
    case GW_EXPR_SOME:
        return items_cost(c, expr->items, expr->item_count) +
               gw_cost_move(expr->is.type->bytes_max);
    case GW_EXPR_CALL:
        return expr->ref.kind == GW_REF_FN ? call_cost(c, expr) : builtin_cost(c, expr);
    case GW_EXPR_CONVERT:
        return convert_cost(c, expr);
    case GW_EXPR_METHOD:
        return method_cost(c, expr);
    case GW_EXPR_CREATE:
        return create_cost(c, expr);
    case GW_EXPR_FIELD:
    case GW_EXPR_ITEM:
    case GW_EXPR_UNWRAP:
        return gw_cost_add(gw_cost_expr(c, expr->object), GW_COST_OP);
    case GW_EXPR_INDEX:
        return index_cost(c, expr);
    case GW_EXPR_UNARY:
        return gw_cost_expr(c, expr->items[0]) +
               (expr->op == GW_AST_OP_NOT
                    ? GW_COST_OP
                    : gw_cost_arith(expr->op, expr->is.type, expr->is.type, expr->is.type));
    case GW_EXPR_BINARY:
        return binary_cost(c, expr);
    default:
        return 0; /* literals, [], none */
    }
}
