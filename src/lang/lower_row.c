/** Rows, tables, copies and built-ins to bytecode. */
#include "lang/emit_int.h"

static uint32_t target(struct gw_emit *e, uint32_t want)
{
    return want == GW_ANY ? gw_emit_temp(e, 1) : want;
}

/** Fields of what a shape describes: an entity's, a table's, or a home's columns as fields. */
const struct gw_field *gw_lower_fields(struct gw_emit *e, const struct gw_shaped *shaped,
                                       uint32_t *ret_count)
{
    if (shaped->home) {
        const struct gw_home *home = &shaped->home->home;
        struct gw_field *fields =
            GW_NEW_ARRAY(e->build->arena, struct gw_field, home->column_count);
        if (!fields) {
            e->no_memory = true;
            *ret_count = 0;
            return NULL;
        }
        for (uint32_t i = 0; i < home->column_count; i++) {
            fields[i].name = home->columns[i].name;
            fields[i].type = home->columns[i].type;
        }
        *ret_count = home->column_count;
        return fields;
    }
    const struct gw_entity *entity = shaped->decl->kind == GW_DECL_TABLE
                                         ? &shaped->decl->as.table.as_entity
                                         : &shaped->decl->as.entity.entity;
    *ret_count = entity->field_count;
    return entity->fields;
}

/** A row as the tuple it is in a fiber. */
const struct gw_type *gw_lower_row_type(struct gw_emit *e, const struct gw_shaped *shaped)
{
    uint32_t count;
    const struct gw_field *fields = gw_lower_fields(e, shaped, &count);
    /* rows of an index prefix carry the key alone */
    if (!shaped->home && shaped->decl->kind == GW_DECL_ENTITY)
        count = shaped->decl->as.entity.key_count;
    const struct gw_type *type = gw_build_row_type(e->build, fields, count);
    if (!type)
        e->no_memory = true;
    return type;
}

uint32_t gw_lower_key(struct gw_emit *e, const struct gw_expr *index)
{
    const struct gw_decl *decl = index->object->ref.decl;
    const struct gw_field *fields = NULL;
    if (decl->kind == GW_DECL_ENTITY) {
        fields = decl->as.entity.entity.fields;
    } else if (decl->kind == GW_DECL_TABLE) {
        fields = decl->as.table.as_entity.fields;
    }
    if (index->item_count == 1) /* one part needs no neighbours */
        return gw_lower_as(e, index->items[0], fields ? fields[0].type : NULL, GW_ANY);
    uint32_t key = gw_emit_temp(e, index->item_count);
    for (uint32_t i = 0; i < index->item_count; i++)
        gw_lower_as(e, index->items[i], fields ? fields[i].type : NULL, key + i);
    return key;
}

static uint32_t list_item(struct gw_emit *e, const struct gw_expr *expr, uint32_t want)
{
    uint32_t to = target(e, want), mark = e->top;
    uint32_t list = gw_lower(e, expr->object, GW_ANY), at = gw_lower(e, expr->items[0], GW_ANY);
    gw_emit_insn(e, GW_VMOP_INDEX, 0, to, list, at);
    e->top = mark;
    return to;
}

/** E[k] T[k] index[…] counter[k] list[i]; `must`: with `!` behind it */
uint32_t gw_lower_index(struct gw_emit *e, const struct gw_expr *expr, bool must, uint32_t want)
{
    if (expr->object->is.shape != GW_SHAPE_DECL)
        return list_item(e, expr, want);
    const struct gw_decl *decl = expr->object->ref.decl;
    uint32_t to = target(e, want), mark = e->top;
    uint32_t key = gw_lower_key(e, expr);
    uint32_t position = gw_build_position(e->build, decl);
    switch (decl->kind) {
    case GW_DECL_ENTITY:
        gw_emit_insn(e, must ? GW_VMOP_ROWX : GW_VMOP_ROW, 0, to, key, position);
        break;
    case GW_DECL_TABLE:
        gw_emit_insn(e, GW_VMOP_TGET, 0, to, key, position);
        break;
    case GW_DECL_INDEX:
        gw_emit_insn(e, GW_VMOP_LOOKUP, 0, to, key, position);
        if (must)
            gw_emit_insn(e, GW_VMOP_ROWMUST, 0, to, to, 0);
        break;
    default:
        gw_emit_insn(e, GW_VMOP_COUNTER, 1, to, key, position);
        break;
    }
    e->top = mark;
    return to;
}

bool gw_lower_is_new_id(const struct gw_expr *expr)
{
    return expr->kind == GW_EXPR_CALL && expr->ref.kind == GW_REF_BUILTIN &&
           expr->ref.builtin == GW_BUILTIN_NEW_ID;
}

static const struct gw_init *init_of(const struct gw_init *inits, uint32_t count, uint32_t field)
{
    for (uint32_t i = 0; i < count; i++) {
        if (inits[i].field == field)
            return &inits[i];
    }
    return NULL;
}

/**
 * All fields side by side. Values are evaluated in the order they are written, which need not be the order of
 * the fields; a field without one has its default, or none.
 */
uint32_t gw_lower_create(struct gw_emit *e, const struct gw_expr *expr, uint32_t want)
{
    const struct gw_decl *decl = expr->object->ref.decl;
    const struct gw_entity *entity = &decl->as.entity.entity;
    uint32_t to = target(e, want), mark = e->top;
    uint32_t fields = gw_emit_temp(e, entity->field_count);
    bool fresh = false;
    for (uint32_t i = 0; i < expr->init_count; i++) {
        const struct gw_init *init = &expr->inits[i];
        gw_lower_as(e, init->value, entity->fields[init->field].type, fields + init->field);
        if (init->field < entity->key_count && gw_lower_is_new_id(init->value))
            fresh = true;
    }
    for (uint32_t i = 0; i < entity->field_count; i++) {
        if (init_of(expr->inits, expr->init_count, i))
            continue;
        if (entity->fields[i].has_default) {
            gw_emit_const(e, fields + i, entity->fields[i].type, entity->fields[i].default_value);
        } else {
            gw_emit_insn(e, GW_VMOP_NONE, 0, fields + i, 0, 0);
        }
    }
    gw_emit_insn(e, GW_VMOP_CREATE, fresh, to, fields, gw_build_position(e->build, decl));
    e->top = mark;
    return to;
}

static uint32_t table_call(struct gw_emit *e, const struct gw_expr *expr, enum gw_vm_op op)
{
    const struct gw_decl *decl = expr->object->ref.decl;
    uint32_t mark = e->top, values = gw_lower_key(e, expr);
    gw_emit_insn(e, op, 0, 0, values, gw_build_position(e->build, decl));
    e->top = mark;
    return 0;
}

/** list.push(x): of a local in place, of a field by way of a register. */
static uint32_t push(struct gw_emit *e, const struct gw_expr *expr)
{
    const struct gw_expr *list = expr->object;
    uint32_t mark = e->top;
    uint32_t max = list->is.type->max;
    uint32_t item = gw_lower_as(e, expr->items[0], list->is.type->items[0], GW_ANY);
    if (list->kind == GW_EXPR_NAME) {
        gw_emit_insn(e, GW_VMOP_PUSH, 0, e->reg_of_slot[list->ref.local->slot], item, max);
    } else {
        uint32_t row = gw_lower(e, list->object, GW_ANY), value = gw_emit_temp(e, 1);
        if (list->object->is.shape == GW_SHAPE_OPT_ROW_REF)
            gw_emit_insn(e, GW_VMOP_ROWMUST, 0, row, row, 0);
        gw_emit_insn(e, GW_VMOP_GETF, 0, value, row, list->ref.index);
        gw_emit_insn(e, GW_VMOP_PUSH, 0, value, item, max);
        gw_emit_insn(e, GW_VMOP_SETF, 0, row, list->ref.index, value);
    }
    e->top = mark;
    return 0;
}

uint32_t gw_lower_method(struct gw_emit *e, const struct gw_expr *expr, uint32_t want)
{
    if (expr->ref.builtin == GW_BUILTIN_PUT)
        return table_call(e, expr, GW_VMOP_TPUT);
    if (expr->ref.builtin == GW_BUILTIN_DROP)
        return table_call(e, expr, GW_VMOP_TDROP);
    if (expr->ref.builtin == GW_BUILTIN_PUSH)
        return push(e, expr);
    const struct gw_decl *decl = expr->object->ref.decl;
    uint32_t to = target(e, want), mark = e->top;
    uint32_t key = gw_lower_key(e, expr), position = gw_build_position(e->build, decl);
    if (decl->kind == GW_DECL_TABLE) {
        gw_emit_insn(e, GW_VMOP_TGET, 0, to, key, position);
        gw_emit_insn(e, GW_VMOP_ISSOME, 0, to, to, 0);
    } else if (decl->kind == GW_DECL_INDEX) {
        gw_emit_insn(e, GW_VMOP_LOOKUP, 0, to, key, position);
        gw_emit_insn(e, GW_VMOP_ISROW, 0, to, to, 0);
    } else {
        gw_emit_insn(e, GW_VMOP_EXISTS, 0, to, key, position);
    }
    e->top = mark;
    return to;
}

/** In `migrate`, old and new are registers side by side: their fields are registers themselves. */
static bool is_migrate_row(const struct gw_emit *e, const struct gw_expr *object)
{
    return e->fn->migrate && object->kind == GW_EXPR_NAME && object->ref.kind == GW_REF_LOCAL &&
           object->ref.local->slot < 2;
}

uint32_t gw_lower_field(struct gw_emit *e, const struct gw_expr *expr, uint32_t want)
{
    const struct gw_expr *object = expr->object;
    if (is_migrate_row(e, object)) {
        uint32_t reg = e->reg_of_slot[object->ref.local->slot] + expr->ref.index;
        if (want == GW_ANY || want == reg)
            return reg;
        gw_emit_move(e, want, reg);
        return want;
    }
    uint32_t to = target(e, want), mark = e->top;
    uint32_t from = gw_lower(e, object, GW_ANY);
    if (expr->ref.kind == GW_REF_ABSENT) {
        gw_emit_insn(e, GW_VMOP_NOT, 0, to, from + 1, 0);
    } else if (expr->ref.kind == GW_REF_VER) {
        gw_emit_move(e, to, from + 2);
    } else if (object->is.shape == GW_SHAPE_ROW_REF || object->is.shape == GW_SHAPE_OPT_ROW_REF) {
        gw_emit_insn(e, GW_VMOP_GETF, 0, to, from, expr->ref.index);
    } else {
        gw_emit_insn(e, GW_VMOP_ITEM, 0, to, from, expr->ref.index);
    }
    e->top = mark;
    return to;
}

/** Fields that both copies hold: what `same` compares. */
static uint32_t common_fields(struct gw_emit *e, const struct gw_ast_home *a,
                              const struct gw_ast_home *b)
{
    struct gw_code_set *set = GW_EMIT_ADD(e, sets, set_count, set_cap);
    uint32_t *items = GW_NEW_ARRAY(e->build->arena, uint32_t, GW_FIELDS_MAX);
    if (!set || !items) {
        e->no_memory = true;
        return 0;
    }
    bool in_a[GW_FIELDS_MAX] = {0}, in_b[GW_FIELDS_MAX] = {0};
    for (uint32_t i = 0; i < a->map_count; i++) {
        for (uint32_t f = 0; f < a->maps[i].field_count; f++)
            in_a[a->maps[i].field_index[f]] = true;
    }
    for (uint32_t i = 0; i < b->map_count; i++) {
        for (uint32_t f = 0; f < b->maps[i].field_count; f++)
            in_b[b->maps[i].field_index[f]] = true;
    }
    set->items = items;
    set->count = 0;
    for (uint32_t i = 0; i < GW_FIELDS_MAX; i++) {
        if (in_a[i] && in_b[i])
            items[set->count++] = i;
    }
    return e->set_count - 1;
}

static void same(struct gw_emit *e, const struct gw_expr *expr, uint32_t to)
{
    const struct gw_expr *a = expr->items[0], *b = expr->items[1];
    uint32_t left = gw_lower(e, a, GW_ANY), right = gw_lower(e, b, GW_ANY);
    if (a->is.shape != GW_SHAPE_COPY) {
        gw_lower_compare(e, GW_AST_OP_EQ, a->is.type, to, left, right);
        return;
    }
    gw_emit_insn(e, GW_VMOP_SAME, 0, to, left, right);
    gw_emit_insn(e, GW_VMOP_EXT, 0, gw_build_entity(e->build, a->is.decl)->position,
                 common_fields(e, a->is.home, b->is.home), 0);
}

/** min and max of two or more: the first of equal ones stays. */
static void least(struct gw_emit *e, const struct gw_expr *expr, uint32_t to)
{
    uint32_t best = gw_emit_temp(e, 2), other;
    enum gw_ast_op better = expr->ref.builtin == GW_BUILTIN_MIN ? GW_AST_OP_LT : GW_AST_OP_GT;
    gw_lower_as(e, expr->items[0], expr->is.type, best);
    for (uint32_t i = 1; i < expr->item_count; i++) {
        struct gw_label keep = {0};
        uint32_t mark = e->top;
        other = gw_lower_as(e, expr->items[i], expr->is.type, GW_ANY);
        gw_lower_compare(e, better, expr->is.type, best + 1, other, best);
        gw_emit_jump(e, GW_VMOP_JF, best + 1, 0, &keep);
        gw_emit_move(e, best, other);
        gw_emit_place(e, &keep);
        e->top = mark;
    }
    gw_emit_move(e, to, best);
}

static void rounding(struct gw_emit *e, const struct gw_expr *expr, uint32_t to)
{
    bool is_div = expr->ref.builtin == GW_BUILTIN_DIV;
    uint32_t a = gw_lower(e, expr->items[0], GW_ANY);
    uint32_t b = is_div ? gw_lower(e, expr->items[1], GW_ANY) : 0;
    const struct gw_expr *mode = expr->items[is_div ? 3 : 2];
    gw_emit_insn(e, is_div ? GW_VMOP_DEC_DIV : GW_VMOP_DEC_ROUND, 0, to, a, b);
    gw_emit_insn(e, GW_VMOP_EXT, mode->ref.index, expr->items[0]->is.type->scale,
                 is_div ? expr->items[1]->is.type->scale : 0,
                 (uint32_t)expr->is.type->scale << 8 | expr->is.type->precision);
}

static void concat(struct gw_emit *e, const struct gw_expr *expr, uint32_t to)
{
    uint32_t pieces = gw_emit_temp(e, expr->item_count);
    for (uint32_t i = 0; i < expr->item_count; i++)
        gw_lower(e, expr->items[i], pieces + i);
    gw_emit_insn(e, GW_VMOP_CONCAT, expr->item_count, to, pieces, expr->is.type->max);
}

static void split_once(struct gw_emit *e, const struct gw_expr *expr, uint32_t to)
{
    uint32_t part = gw_emit_temp(e, 1);
    uint32_t text = gw_lower(e, expr->items[0], GW_ANY);
    uint32_t separator = gw_lower(e, expr->items[1], GW_ANY);
    gw_emit_insn(e, GW_VMOP_SPLIT, 0, to, text, separator);
    for (uint32_t i = 0; i < 2; i++) {
        gw_emit_insn(e, GW_VMOP_ITEM, 0, part, to, i);
        gw_emit_insn(e, GW_VMOP_CHKLEN, 0, part, 0, expr->is.type->items[i]->max);
    }
}

static void slice(struct gw_emit *e, const struct gw_expr *expr, uint32_t to)
{
    uint32_t text = gw_lower(e, expr->items[0], GW_ANY), at = gw_emit_temp(e, 2);
    gw_lower(e, expr->items[1], at);
    gw_lower(e, expr->items[2], at + 1);
    gw_emit_insn(e, GW_VMOP_SLICE, expr->is.type->kind == GW_TYPE_STR, to, text, at);
    gw_emit_insn(e, GW_VMOP_CHKLEN, 0, to, 0, expr->is.type->max);
}

static void contains(struct gw_emit *e, const struct gw_expr *expr, uint32_t to)
{
    uint32_t in = gw_lower(e, expr->items[0], GW_ANY), what = gw_lower(e, expr->items[1], GW_ANY);
    const struct gw_type *type = expr->items[0]->is.type;
    if (type->kind != GW_TYPE_LIST) {
        gw_emit_insn(e, GW_VMOP_CONTAINS, 0, to, in, what);
        return;
    }
    gw_emit_insn(e, GW_VMOP_LISTHAS, 0, to, in, what);
    gw_emit_insn(e, GW_VMOP_EXT, 0, gw_emit_type(e, type->items[0]), 0, 0);
}

static void one_argument(struct gw_emit *e, const struct gw_expr *expr, uint32_t to)
{
    const struct gw_type *type = expr->items[0]->is.type;
    uint32_t from = gw_lower(e, expr->items[0], GW_ANY);
    switch (expr->ref.builtin) {
    case GW_BUILTIN_LEN:
        gw_emit_insn(e, GW_VMOP_LEN, type->kind == GW_TYPE_LIST, to, from, 0);
        break;
    case GW_BUILTIN_LOWER_ASCII:
        gw_emit_insn(e, GW_VMOP_LOWER, 0, to, from, 0);
        gw_emit_insn(e, GW_VMOP_CHKLEN, 0, to, 0, expr->is.type->max);
        break;
    case GW_BUILTIN_ABS:
        gw_emit_insn(e, GW_VMOP_ABS, 0, to, from, gw_emit_type(e, expr->is.type));
        break;
    default: /* units(dec): the scaled number */
        gw_emit_insn(e, GW_VMOP_CONV, 0, to, from, gw_emit_type(e, expr->is.type));
        break;
    }
}

uint32_t gw_lower_builtin(struct gw_emit *e, const struct gw_expr *expr, uint32_t want)
{
    uint32_t to = target(e, want), mark = e->top;
    uint32_t a;
    switch (expr->ref.builtin) {
    case GW_BUILTIN_NOW:
        gw_emit_insn(e, GW_VMOP_NOW, 0, to, 0, (uint32_t)expr->is.type->unit);
        break;
    case GW_BUILTIN_NEW_ID:
        gw_emit_insn(e, GW_VMOP_NEW_ID, 0, to, 0, 0);
        break;
    case GW_BUILTIN_RAND_U64:
        gw_emit_insn(e, GW_VMOP_RAND, 0, to, 0, 0);
        break;
    case GW_BUILTIN_CONTAINS:
        contains(e, expr, to);
        break;
    case GW_BUILTIN_STARTS_WITH:
        a = gw_lower(e, expr->items[0], GW_ANY);
        gw_emit_insn(e, GW_VMOP_STARTS, 0, to, a, gw_lower(e, expr->items[1], GW_ANY));
        break;
    case GW_BUILTIN_SLICE:
        slice(e, expr, to);
        break;
    case GW_BUILTIN_CONCAT:
        concat(e, expr, to);
        break;
    case GW_BUILTIN_SPLIT_ONCE:
        split_once(e, expr, to);
        break;
    case GW_BUILTIN_MIN:
    case GW_BUILTIN_MAX:
        least(e, expr, to);
        break;
    case GW_BUILTIN_ROUND:
    case GW_BUILTIN_DIV:
        rounding(e, expr, to);
        break;
    case GW_BUILTIN_SAME:
        same(e, expr, to);
        break;
    case GW_BUILTIN_LEN:
    case GW_BUILTIN_LOWER_ASCII:
    case GW_BUILTIN_ABS:
    case GW_BUILTIN_UNITS:
        one_argument(e, expr, to);
        break;
    case GW_BUILTIN_PUSH:
    case GW_BUILTIN_EXISTS:
    case GW_BUILTIN_PUT:
    case GW_BUILTIN_DROP:
    case GW_BUILTIN_PREFIX:
    case GW_BUILTIN_FROM:
        GW_UNREACHABLE_CODE(); /* methods */
    }
    e->top = mark;
    return to;
}
