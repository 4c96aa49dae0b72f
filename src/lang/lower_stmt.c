/** Statements to bytecode, and whole functions. */
#include "lang/emit_int.h"

/** Registers a local takes: a copy has three; a row reference in a daemon is followed by presence and key. */
static uint32_t width_of(const struct gw_emit *e, const struct gw_local *local)
{
    if (local->is.shape == GW_SHAPE_COPY)
        return 3;
    bool is_ref = local->is.shape == GW_SHAPE_ROW_REF || local->is.shape == GW_SHAPE_OPT_ROW_REF;
    if (e->is_daemon && is_ref)
        return 2 + local->is.decl->as.entity.key_count;
    return 1;
}

uint32_t gw_lower_local(struct gw_emit *e, const struct gw_local *local)
{
    uint32_t reg = gw_emit_temp(e, width_of(e, local));
    e->reg_of_slot[local->slot] = reg;
    return reg;
}

/** Daemons keep the key of a row beside its reference, to touch it again after a wait. */
static void keep_key(struct gw_emit *e, const struct gw_local *local, uint32_t reg)
{
    const struct gw_program_entity *entity = gw_build_entity(e->build, local->is.decl);
    struct gw_label absent = {0};
    for (uint32_t k = 0; k < entity->entity.key_count; k++)
        gw_emit_insn(e, GW_VMOP_NONE, 0, reg + 2 + k, 0, 0);
    gw_emit_insn(e, GW_VMOP_ISROW, 0, reg + 1, reg, 0);
    gw_emit_jump(e, GW_VMOP_JF, reg + 1, 0, &absent);
    for (uint32_t k = 0; k < entity->entity.key_count; k++)
        gw_emit_insn(e, GW_VMOP_GETF, 0, reg + 2 + k, reg, k);
    gw_emit_place(e, &absent);
    struct gw_emit_var *var = GW_EMIT_ADD(e, vars, var_count, var_cap);
    if (var)
        *var = (struct gw_emit_var){.name = local->name.text, .entity = entity, .reg = reg};
}

/** The local is bound: its register holds the first value. */
void gw_lower_bind(struct gw_emit *e, const struct gw_local *local, uint32_t reg)
{
    const struct gw_type *type = local->is.type;
    if (!e->is_daemon)
        return;
    switch (local->is.shape) {
    case GW_SHAPE_ROW_REF:
    case GW_SHAPE_OPT_ROW_REF:
        keep_key(e, local, reg);
        return;
    case GW_SHAPE_ROW:
        type = gw_lower_row_type(e, &local->is);
        break;
    case GW_SHAPE_OPT_ROW: {
        const struct gw_type *row = gw_lower_row_type(e, &local->is);
        struct gw_type *opt = GW_NEW(e->build->arena, struct gw_type);
        const struct gw_type **items = GW_NEW_ARRAY(e->build->arena, const struct gw_type *, 1);
        if (!row || !opt || !items) {
            e->no_memory = true;
            return;
        }
        items[0] = row;
        *opt = (struct gw_type){
            .kind = GW_TYPE_OPT, .items = items, .item_count = 1, .bytes_max = row->bytes_max};
        type = opt;
        break;
    }
    default:
        break;
    }
    if (type)
        gw_emit_var(e, local->name.text, type, reg);
}

static const struct gw_type *result_type(const struct gw_emit *e, uint32_t index)
{
    return e->fn->decl->as.function.results[index]->type;
}

static void emit_fail(struct gw_emit *e, const struct gw_expr *what, uint32_t index)
{
    uint32_t mark = e->top;
    const struct gw_type *type = result_type(e, index);
    uint32_t reg = gw_lower_as(e, what, type, GW_ANY);
    gw_emit_insn(e, GW_VMOP_FAIL, 1, reg, 0, gw_emit_type(e, type));
    e->top = mark;
}

void gw_lower_fail(struct gw_emit *e, const struct gw_stmt *stmt)
{
    emit_fail(e, stmt->other, stmt->fail_index);
}

/** E[k] itself: touch and test are one instruction. */
static bool is_entity_index(const struct gw_expr *expr)
{
    return expr->kind == GW_EXPR_INDEX && expr->object->is.shape == GW_SHAPE_DECL &&
           expr->object->ref.decl->kind == GW_DECL_ENTITY;
}

/** `x := value [else fail other]` */
static void lower_let(struct gw_emit *e, const struct gw_stmt *stmt)
{
    const struct gw_local *local = stmt->local;
    uint32_t reg = gw_lower_local(e, local);
    enum gw_shape shape = stmt->value->is.shape;
    if (shape == GW_SHAPE_COPY) {
        uint32_t from = gw_lower(e, stmt->value, GW_ANY);
        for (uint32_t i = 0; i < 3; i++)
            gw_emit_move(e, reg + i, from + i);
        return;
    }
    if (!stmt->other) {
        gw_lower_as(e, stmt->value, local->is.type, reg);
        gw_lower_bind(e, local, reg);
        return;
    }
    struct gw_label found = {0};
    uint32_t mark = e->top, has = gw_emit_temp(e, 1);
    bool is_row = shape == GW_SHAPE_OPT_ROW_REF;
    if (is_entity_index(stmt->value)) {
        uint32_t key = gw_lower_key(e, stmt->value);
        uint32_t position = gw_build_position(e->build, stmt->value->object->ref.decl);
        gw_emit_jump_x(e, GW_VMOP_ROWJ, position, reg, key, &found);
    } else if (is_row) {
        gw_lower(e, stmt->value, reg);
        gw_emit_jump(e, GW_VMOP_JROW, reg, 0, &found);
    } else {
        gw_lower(e, stmt->value, reg);
        gw_emit_insn(e, GW_VMOP_ISSOME, 0, has, reg, 0);
        gw_emit_jump(e, GW_VMOP_JT, has, 0, &found);
    }
    gw_lower_fail(e, stmt);
    gw_emit_place(e, &found);
    if (!is_row)
        gw_emit_insn(e, GW_VMOP_UNWRAP, 0, reg, reg, 0);
    e->top = mark;
    gw_lower_bind(e, local, reg);
}

/** What `+=` and `=` store, in a register. `old` holds the value before. */
static uint32_t new_value(struct gw_emit *e, const struct gw_stmt *stmt, uint32_t old,
                          uint32_t want)
{
    const struct gw_type *type = stmt->target->is.type;
    if (stmt->op == GW_AST_OP_EQ)
        return gw_lower_as(e, stmt->value, type, want);
    uint32_t reg = want == GW_ANY ? gw_emit_temp(e, 1) : want;
    uint32_t by = gw_lower(e, stmt->value, GW_ANY);
    gw_lower_binary_to(e, stmt->op, type, old, type, by, stmt->value->is.type, reg);
    return reg;
}

static void assign_item(struct gw_emit *e, const struct gw_stmt *stmt)
{
    const struct gw_expr *target = stmt->target;
    uint32_t list = gw_lower(e, target->object, GW_ANY);
    uint32_t at = gw_lower(e, target->items[0], GW_ANY), old = gw_emit_temp(e, 1);
    if (stmt->op != GW_AST_OP_EQ)
        gw_emit_insn(e, GW_VMOP_INDEX, 0, old, list, at);
    gw_emit_insn(e, GW_VMOP_SETITEM, 0, list, at, new_value(e, stmt, old, GW_ANY));
}

/** The instruction that adds to a field in place; GW_VMOP_COUNT: none does. */
static enum gw_vm_op in_place_op(const struct gw_stmt *stmt)
{
    const struct gw_type *type = stmt->target->is.type, *by = stmt->value->is.type;
    unsigned sub = stmt->op == GW_AST_OP_SUB;
    if ((stmt->op != GW_AST_OP_ADD && !sub) || !gw_lower_is_plain(stmt->value))
        return GW_VMOP_COUNT;
    if (type->kind == GW_TYPE_DEC) {
        return gw_lower_is_small(type) && by->kind == GW_TYPE_DEC && gw_lower_is_small(by)
                   ? GW_VMOP_ADDF_D64 + sub
                   : GW_VMOP_COUNT;
    }
#define X(K, ctype, member)        \
    if (type->kind == GW_TYPE_##K) \
        return GW_VMOP_ADDF_##K + sub;
    GW_VMOP_FIELD_INTS(X)
#undef X
    return GW_VMOP_COUNT;
}

static void assign_field(struct gw_emit *e, const struct gw_stmt *stmt)
{
    const struct gw_expr *target = stmt->target, *object = target->object;
    uint32_t old = gw_emit_temp(e, 1), field = target->ref.index;
    bool is_index = object->kind == GW_EXPR_INDEX;
    uint32_t row = is_index ? gw_lower_index(e, object, true, GW_ANY) : gw_lower(e, object, GW_ANY);
    enum gw_vm_op in_place = in_place_op(stmt);
    if (in_place != GW_VMOP_COUNT) {
        uint32_t by = gw_lower(e, stmt->value, GW_ANY);
        gw_emit_insn(e, in_place, target->is.type->precision, row, field, by);
        return;
    }
    if (stmt->op != GW_AST_OP_EQ)
        gw_emit_insn(e, GW_VMOP_GETF, 0, old, row, field);
    gw_emit_insn(e, GW_VMOP_SETF, 0, row, field, new_value(e, stmt, old, GW_ANY));
}

static void lower_assign(struct gw_emit *e, const struct gw_stmt *stmt)
{
    const struct gw_expr *target = stmt->target;
    uint32_t mark = e->top;
    if (target->kind == GW_EXPR_NAME) {
        uint32_t reg = e->reg_of_slot[target->ref.local->slot];
        new_value(e, stmt, reg, reg);
    } else if (target->kind == GW_EXPR_INDEX) {
        assign_item(e, stmt);
    } else if (e->fn->migrate && target->object->kind == GW_EXPR_NAME &&
               target->object->ref.local->slot < 2) {
        uint32_t reg = e->reg_of_slot[target->object->ref.local->slot] + target->ref.index;
        new_value(e, stmt, reg, reg);
    } else {
        assign_field(e, stmt);
    }
    e->top = mark;
}

static void lower_if(struct gw_emit *e, const struct gw_stmt *stmt)
{
    struct gw_label other = {0}, end = {0};
    gw_lower_branch(e, stmt->value, false, &other);
    gw_lower_block(e, &stmt->body);
    if (stmt->has_other_body)
        gw_emit_jump(e, GW_VMOP_JMP, 0, 0, &end);
    gw_emit_place(e, &other);
    if (stmt->has_other_body)
        gw_lower_block(e, &stmt->other_body);
    gw_emit_place(e, &end);
}

/** Jumps to `next` unless the value in `reg` matches; binds what the pattern names. */
static void lower_pattern(struct gw_emit *e, const struct gw_stmt *stmt, const struct gw_arm *arm,
                          uint32_t reg, struct gw_label *next)
{
    const struct gw_expr *value = stmt->value;
    bool is_row = value->is.shape == GW_SHAPE_OPT_ROW_REF;
    uint32_t test = gw_emit_temp(e, 1);
    switch (arm->pattern) {
    case GW_PATTERN_LITERAL:
        gw_emit_const(e, test, value->is.type, arm->literal->constant);
        gw_lower_compare(e, GW_AST_OP_EQ, value->is.type, test, reg, test);
        gw_emit_jump(e, GW_VMOP_JF, test, 0, next);
        return;
    case GW_PATTERN_NAME: {
        const struct gw_enum_member *member = &value->is.type->members->members[arm->member];
        gw_emit_const(e, test, value->is.type, (union gw_value){.i = member->number});
        gw_lower_compare(e, GW_AST_OP_EQ, value->is.type, test, reg, test);
        gw_emit_jump(e, GW_VMOP_JF, test, 0, next);
        return;
    }
    case GW_PATTERN_SOME:
        gw_emit_insn(e, is_row ? GW_VMOP_ISROW : GW_VMOP_ISSOME, 0, test, reg, 0);
        gw_emit_jump(e, GW_VMOP_JF, test, 0, next);
        if (arm->local) {
            uint32_t bound = gw_lower_local(e, arm->local);
            gw_emit_insn(e, is_row ? GW_VMOP_MOVE : GW_VMOP_UNWRAP, 0, bound, reg, 0);
            gw_lower_bind(e, arm->local, bound);
        }
        return;
    case GW_PATTERN_NONE:
        gw_emit_insn(e, is_row ? GW_VMOP_ISROW : GW_VMOP_ISSOME, 0, test, reg, 0);
        gw_emit_jump(e, GW_VMOP_JT, test, 0, next);
        return;
    case GW_PATTERN_ANY:
    case GW_PATTERN_OK:
    case GW_PATTERN_FAIL:
    case GW_PATTERN_ABORT:
        return;
    }
}

static void lower_match(struct gw_emit *e, const struct gw_stmt *stmt)
{
    struct gw_label end = {0};
    uint32_t mark = e->top;
    uint32_t reg = gw_lower(e, stmt->value, GW_ANY);
    for (uint32_t i = 0; i < stmt->arm_count; i++) {
        struct gw_label next = {0};
        uint32_t arm_mark = e->top, vars = e->var_count;
        lower_pattern(e, stmt, &stmt->arms[i], reg, &next);
        gw_lower_block(e, &stmt->arms[i].body);
        gw_emit_jump(e, GW_VMOP_JMP, 0, 0, &end);
        gw_emit_place(e, &next);
        e->top = arm_mark;
        e->var_count = vars;
    }
    gw_emit_place(e, &end);
    e->top = mark;
}

static void lower_require(struct gw_emit *e, const struct gw_stmt *stmt)
{
    struct gw_label held = {0};
    gw_lower_branch(e, stmt->value, true, &held);
    gw_lower_fail(e, stmt);
    gw_emit_place(e, &held);
}

/** migrate ends by giving the row it has set, as a tuple. */
static void end_migrate(struct gw_emit *e)
{
    const struct gw_decl *to = e->fn->is_inverse ? e->fn->migrate->as.migrate.old_entity
                                                 : e->fn->migrate->as.migrate.new_entity;
    uint32_t tuple = gw_emit_temp(e, 1);
    gw_emit_insn(e, GW_VMOP_TUPLE, 0, tuple, e->reg_of_slot[e->fn->is_inverse ? 0 : 1],
                 to->as.entity.entity.field_count);
    gw_emit_insn(e, GW_VMOP_RETURN, 1, tuple, 0, gw_emit_type(e, e->fn->fn->result));
}

/** A field of the type that is returned, from a txn or view: those hold rows and have no caller in the machine. */
static bool is_whole_field(const struct gw_emit *e, const struct gw_expr *value)
{
    return gw_lower_is_row_field(e, value) && gw_type_equal(value->is.type, result_type(e, 0));
}

static void lower_return(struct gw_emit *e, const struct gw_stmt *stmt)
{
    uint32_t mark = e->top;
    if (e->fn->migrate) {
        end_migrate(e);
    } else if (stmt->value && is_whole_field(e, stmt->value)) {
        uint32_t row = gw_lower(e, stmt->value->object, GW_ANY);
        gw_emit_insn(e, GW_VMOP_RETF, stmt->value->ref.index, row, 0,
                     gw_emit_type(e, result_type(e, 0)));
    } else if (stmt->value) {
        const struct gw_type *type = result_type(e, 0);
        uint32_t reg = gw_lower_as(e, stmt->value, type, GW_ANY);
        gw_emit_insn(e, GW_VMOP_RETURN, 1, reg, 0, gw_emit_type(e, type));
    } else {
        gw_emit_insn(e, GW_VMOP_RETURN, 0, 0, 0, 0);
    }
    e->top = mark;
}

/** delete E[k] · delete E[k]! · delete row */
static void lower_delete(struct gw_emit *e, const struct gw_stmt *stmt)
{
    const struct gw_expr *what = stmt->value;
    bool must = what->kind == GW_EXPR_UNWRAP;
    const struct gw_expr *index = must ? what->object : what;
    uint32_t mark = e->top;
    if (index->kind == GW_EXPR_INDEX && index->object->ref.decl->kind == GW_DECL_ENTITY) {
        uint32_t key = gw_lower_key(e, index);
        gw_emit_insn(e, GW_VMOP_DELKEY, must, 0, key,
                     gw_build_position(e->build, index->object->ref.decl));
    } else {
        uint32_t row = gw_lower(e, what, GW_ANY);
        gw_emit_insn(e, GW_VMOP_DELROW, must || what->is.shape == GW_SHAPE_ROW_REF, row, 0, 0);
    }
    e->top = mark;
}

static void lower_emit(struct gw_emit *e, const struct gw_stmt *stmt)
{
    uint32_t mark = e->top, values = gw_emit_temp(e, stmt->init_count);
    struct gw_code_emit *emit = GW_EMIT_ADD(e, emits, emit_count, emit_cap);
    struct gw_field *fields = GW_NEW_ARRAY(e->build->arena, struct gw_field, stmt->init_count + 1);
    if (!emit || !fields) {
        e->no_memory = true;
        return;
    }
    uint32_t number = e->emit_count - 1, bytes = 9;
    for (uint32_t i = 0; i < stmt->init_count; i++) {
        fields[i].name = stmt->inits[i].name.text;
        fields[i].type = stmt->inits[i].value->is.type;
        bytes += fields[i].type->bytes_max;
        gw_lower(e, stmt->inits[i].value, values + i);
    }
    e->emits[number] = (struct gw_code_emit){stmt->name.text, fields, stmt->init_count, bytes};
    gw_emit_insn(e, GW_VMOP_EMIT, 0, 0, values, number);
    e->top = mark;
}

static void lower_take(struct gw_emit *e, const struct gw_stmt *stmt)
{
    const struct gw_local *copy = stmt->value->ref.local;
    const struct gw_ast_onboard *rule = &e->fn->rule->as.entity.onboard;
    for (uint32_t i = 0; i < rule->copy_count; i++) {
        if (rule->copies[i].home == copy->is.home)
            gw_emit_insn(e, GW_VMOP_TAKE, i, e->reg_of_slot[copy->slot], 0, 0);
    }
}

static void lower_reject(struct gw_emit *e, const struct gw_stmt *stmt)
{
    uint32_t text = gw_emit_const_index(e, stmt->value->is.type, stmt->value->constant);
    gw_emit_insn(e, GW_VMOP_REJECT, 0, 0, text, 0);
}

static uint32_t line_of(const struct gw_emit *e, struct gw_span span)
{
    return gw_source_position(e->build->ast->source, span.file, span.begin).line;
}

/** NOLINTNEXTLINE(misc-no-recursion): blocks nest at most GW_LANG_BLOCK_DEPTH_MAX deep */
static void lower_stmt(struct gw_emit *e, const struct gw_stmt *stmt)
{
    uint32_t mark = e->top;
    e->line = line_of(e, stmt->span);
    switch (stmt->kind) {
    case GW_STMT_LET:
        lower_let(e, stmt);
        break;
    case GW_STMT_ASSIGN:
        lower_assign(e, stmt);
        break;
    case GW_STMT_IF:
        lower_if(e, stmt);
        break;
    case GW_STMT_MATCH:
        if (stmt->is_call) {
            gw_lower_match_call(e, stmt);
        } else {
            lower_match(e, stmt);
        }
        break;
    case GW_STMT_FOR_RANGE:
        gw_lower_for_range(e, stmt);
        break;
    case GW_STMT_FOR_LIST:
        gw_lower_for_list(e, stmt);
        break;
    case GW_STMT_FOR_PREFIX:
        gw_lower_for_prefix(e, stmt);
        break;
    case GW_STMT_REQUIRE:
        lower_require(e, stmt);
        break;
    case GW_STMT_FAIL:
        gw_lower_fail(e, stmt);
        break;
    case GW_STMT_RETURN:
        lower_return(e, stmt);
        break;
    case GW_STMT_DELETE:
        lower_delete(e, stmt);
        break;
    case GW_STMT_EMIT:
        lower_emit(e, stmt);
        break;
    case GW_STMT_EXPR:
        gw_lower(e, stmt->value, GW_ANY);
        e->top = mark;
        break;
    case GW_STMT_TAKE:
        lower_take(e, stmt);
        break;
    case GW_STMT_REJECT:
        lower_reject(e, stmt);
        break;
    case GW_STMT_FOR_SCAN:
    case GW_STMT_WHILE:
    case GW_STMT_YIELD:
    case GW_STMT_SLEEP:
    case GW_STMT_ONBOARD:
    case GW_STMT_AWAIT:
    case GW_STMT_PHASE:
    case GW_STMT_CALL:
    case GW_STMT_ALERT:
    case GW_STMT_RETRY:
        gw_lower_daemon(e, stmt);
        break;
    }
}

/** NOLINTNEXTLINE(misc-no-recursion): as lower_stmt() */
void gw_lower_block(struct gw_emit *e, const struct gw_block *block)
{
    uint32_t mark = e->top, vars = e->var_count;
    for (uint32_t i = 0; i < block->count; i++)
        lower_stmt(e, block->items[i]);
    e->top = mark;
    e->var_count = vars;
}

/** The row that `migrate` makes begins with the fields of the other one that have its name and type. */
static void begin_migrate(struct gw_emit *e)
{
    const struct gw_ast_migrate *migrate = &e->fn->migrate->as.migrate;
    const struct gw_entity *old = &migrate->old_entity->as.entity.entity;
    const struct gw_entity *new = &migrate->new_entity->as.entity.entity;
    const struct gw_entity *from = e->fn->is_inverse ? new : old;
    const struct gw_entity *to = e->fn->is_inverse ? old : new;
    uint32_t source = gw_emit_temp(e, from->field_count);
    uint32_t made = gw_emit_temp(e, to->field_count);
    e->reg_of_slot[e->fn->is_inverse ? 1 : 0] = source;
    e->reg_of_slot[e->fn->is_inverse ? 0 : 1] = made;
    for (uint32_t i = 0; i < to->field_count; i++) {
        bool copied = false;
        for (uint32_t k = 0; k < from->field_count && !copied; k++) {
            copied = gw_text_equal(from->fields[k].name, to->fields[i].name) &&
                     gw_type_equal(from->fields[k].type, to->fields[i].type);
            if (copied)
                gw_emit_move(e, made + i, source + k);
        }
        if (!copied && to->fields[i].has_default) {
            gw_emit_const(e, made + i, to->fields[i].type, to->fields[i].default_value);
        } else if (!copied) {
            gw_emit_insn(e, GW_VMOP_NONE, 0, made + i, 0, 0);
        }
    }
}

static void lower_where(struct gw_emit *e)
{
    gw_emit_temp(e, e->fn->fn->param_count);
    uint32_t reg = gw_lower(e, e->fn->where, GW_ANY);
    gw_emit_insn(e, GW_VMOP_RETURN, 1, reg, 0, gw_emit_type(e, gw_type_of_kind(GW_TYPE_BOOL)));
}

/** Rules have no fall-through value: a rule that ends says nothing, and the caller rejects the key. */
static void lower_rule(struct gw_emit *e)
{
    const struct gw_ast_onboard *rule = &e->fn->rule->as.entity.onboard;
    e->key_max = e->fn->rule->as.entity.field_count;
    for (uint32_t i = 0; i < rule->copy_count; i++)
        gw_lower_local(e, rule->copies[i].local);
    gw_lower_block(e, &rule->body);
    gw_emit_insn(e, GW_VMOP_RETURN, 0, 0, 0, 0);
}

static void lower_named(struct gw_emit *e)
{
    const struct gw_ast_function *function = &e->fn->decl->as.function;
    for (uint32_t i = 0; i < function->param_count; i++) {
        const struct gw_local *local = function->params[i].local;
        uint32_t reg = gw_emit_temp(e, 1);
        e->reg_of_slot[local->slot] = reg;
        gw_emit_var(e, local->name.text, local->is.type, reg);
    }
    gw_lower_block(e, &function->body);
    gw_emit_insn(e, GW_VMOP_RETURN, 0, 0, 0, 0);
}

static uint32_t slots_of(const struct gw_build_fn *fn)
{
    if (fn->decl)
        return fn->decl->as.function.local_count;
    if (fn->rule)
        return fn->rule->as.entity.onboard.local_count;
    if (fn->migrate) {
        return fn->is_inverse ? fn->migrate->as.migrate.inverse_local_count
                              : fn->migrate->as.migrate.forward_local_count;
    }
    return 0;
}

static struct gw_span place_of(const struct gw_build_fn *fn)
{
    const struct gw_decl *decl = fn->decl ? fn->decl : fn->rule ? fn->rule : fn->migrate;
    return decl ? decl->name.span : fn->where->span;
}

gw_rc gw_lower_fn(struct gw_build *build, struct gw_build_fn *fn, struct gw_err *err)
{
    struct gw_emit e = {.build = build, .fn = fn, .is_daemon = fn->fn->kind == GW_FN_DAEMON};
    e.reg_of_slot = GW_NEW_ARRAY(build->arena, uint32_t, slots_of(fn) + 2);
    if (!e.reg_of_slot)
        return GW_FAIL_NOMEM(err);
    if (fn->decl) {
        lower_named(&e);
    } else if (fn->rule) {
        lower_rule(&e);
    } else if (fn->migrate) {
        begin_migrate(&e);
        gw_lower_block(&e, fn->is_inverse ? &fn->migrate->as.migrate.inverse
                                          : &fn->migrate->as.migrate.forward);
        end_migrate(&e);
    } else {
        lower_where(&e);
    }
    fn->fn->code = gw_emit_finish(&e);
    if (fn->fn->code)
        return GW_OK;
    if (e.no_memory)
        return GW_FAIL_NOMEM(err);
    struct gw_diag *diag = gw_diags_add(build->diags, 1109, place_of(fn), "`%.*s` is too large",
                                        GW_TEXT_ARG(fn->fn->name));
    gw_diags_hint(build->diags, diag, "split it: a function holds at most %d instructions",
                  (int)GW_INSNS_MAX);
    return GW_OK;
}
