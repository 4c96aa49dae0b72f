#include "oracle/interp.h"

#include "base/int.h"
#include "codec/utf8.h"
#include "record/text.h"

/** How a statement ended. */
enum way { GOES_ON, RETURNED, STOPPED };

struct frame {
    union gw_value *locals; /* by slot; a row reference keeps its row in .list.items */
    const struct gw_ast_function *function;
};

struct interp {
    struct gw_vm *vm;
    struct gw_vm_result *ret;
    struct frame frame;
    uint32_t ids, rands;
    bool stopped;
};

typedef union gw_value value;

static value run_expr(struct interp *in, const struct gw_expr *expr);
static enum way run_block(struct interp *in, const struct gw_block *block);

static value stop(struct interp *in, enum gw_abort abort)
{
    if (!in->stopped) {
        in->ret->status = GW_VM_ABORT;
        in->ret->abort = abort;
    }
    in->stopped = true;
    return (value){.u = 0};
}

/** Takes a host's answer. @return found */
static bool answered(struct interp *in, enum gw_vm_rc rc)
{
    if (rc == GW_VM_MISSING) {
        in->ret->status = GW_VM_NEEDS_KEYS;
        in->stopped = true;
    } else if (rc == GW_VM_ABORTED) {
        stop(in, in->vm->host->abort);
    }
    return rc == GW_VM_OK;
}

static void *room(struct interp *in, size_t count)
{
    void *at = gw_arena_get_array(in->vm->arena, count + 1, sizeof(value));
    GW_ASSERT(at != NULL);
    return at;
}

static struct gw_vm_row *row_of(value v)
{
    return (struct gw_vm_row *)(void *)v.list.items;
}

static value of_row(struct gw_vm_row *row)
{
    return (value){.list = {(value *)(void *)row, 0}};
}

/** A row that must be there now. */
static struct gw_vm_row *living(struct interp *in, value v)
{
    struct gw_vm_row *row = row_of(v);
    if (in->stopped)
        return NULL;
    if (row && row->living)
        return row;
    stop(in, GW_ABORT_NOT_FOUND);
    return NULL;
}

/* ---- numbers: every result is computed without loss, then asked whether its type holds it ---- */

static bool is_unsigned(const struct gw_type *type)
{
    enum gw_type_kind kind = type->kind == GW_TYPE_ENUM ? type->members->base : type->kind;
    return kind == GW_TYPE_BOOL || kind == GW_TYPE_UUID ||
           (gw_type_is_integer(kind) && !gw_type_is_signed(kind));
}

/** A whole number as sign and magnitude, so that all 128-bit kinds fit. */
struct number {
    bool negative;
    gw_u128 size;
    bool lost; /* did not fit 128 bits of magnitude */
};

static struct number number_of(value v, const struct gw_type *type)
{
    if (is_unsigned(type) || v.i >= 0)
        return (struct number){false, v.u, false};
    return (struct number){true, (gw_u128)0 - v.u, false};
}

static struct number number_add(struct number a, struct number b)
{
    struct number sum = {a.negative, 0, a.lost || b.lost};
    if (a.negative == b.negative)
        sum.lost = __builtin_add_overflow(a.size, b.size, &sum.size) || sum.lost;
    else if (a.size >= b.size)
        sum.size = a.size - b.size;
    else
        sum = (struct number){b.negative, b.size - a.size, sum.lost};
    return sum;
}

static struct number number_mul(struct number a, struct number b)
{
    struct number product = {a.negative != b.negative, 0, a.lost || b.lost};
    product.lost = __builtin_mul_overflow(a.size, b.size, &product.size) || product.lost;
    return product;
}

static value fit(struct interp *in, struct number n, const struct gw_type *type)
{
    gw_i128 min;
    gw_u128 max;
    if (type->kind == GW_TYPE_DEC) {
        max = gw_pow10(type->precision) - 1;
        min = -(gw_i128)max;
    } else {
        gw_type_range(type, &min, &max);
    }
    gw_u128 lowest = min < 0 ? (gw_u128)0 - (gw_u128)min : 0;
    if (n.lost || (n.negative && n.size > lowest) || (!n.negative && n.size > max))
        return stop(in, GW_ABORT_ARITH);
    return (value){.u = n.negative ? (gw_u128)0 - n.size : n.size};
}

/** 256-bit schoolbook: a * 10^up / (b * 10^down) bit by bit, with the rest to round by. */
struct wide {
    gw_u128 high, low;
};

static struct wide wide_mul10(struct wide w)
{
    struct wide sum = {0, 0};
    for (int i = 0; i < 10; i++) {
        gw_u128 low = sum.low + w.low;
        sum.high += w.high + (low < sum.low);
        sum.low = low;
    }
    return sum;
}

static int wide_compare(struct wide a, struct wide b)
{
    if (a.high != b.high)
        return a.high < b.high ? -1 : 1;
    return a.low < b.low ? -1 : a.low > b.low;
}

static struct wide wide_sub(struct wide a, struct wide b)
{
    return (struct wide){a.high - b.high - (a.low < b.low), a.low - b.low};
}

static struct wide wide_double(struct wide w, unsigned bit)
{
    return (struct wide){w.high << 1 | w.low >> 127, w.low << 1 | bit};
}

static value divide(struct interp *in, struct number a, struct number b, int shift, unsigned mode,
                    const struct gw_type *type)
{
    struct wide top = {0, a.size}, bottom = {0, b.size}, quotient = {0, 0}, rest = {0, 0};
    if (b.size == 0)
        return stop(in, GW_ABORT_ARITH);
    for (int i = 0; i < shift; i++)
        top = wide_mul10(top);
    for (int i = 0; i > shift; i--)
        bottom = wide_mul10(bottom);
    for (int bit = 255; bit >= 0; bit--) {
        unsigned next = (unsigned)((bit >= 128 ? top.high >> (bit - 128) : top.low >> bit) & 1);
        rest = wide_double(rest, next);
        quotient = wide_double(quotient, 0);
        if (wide_compare(rest, bottom) >= 0) {
            rest = wide_sub(rest, bottom);
            quotient.low |= 1;
        }
    }
    int half = wide_compare(wide_double(rest, 0), bottom);
    bool is_whole = rest.high == 0 && rest.low == 0;
    bool up = mode == GW_AST_ROUND_UP          ? !is_whole
              : mode == GW_AST_ROUND_HALF_UP   ? half >= 0
              : mode == GW_AST_ROUND_HALF_EVEN ? half > 0 || (half == 0 && (quotient.low & 1))
                                               : false;
    struct number result = {a.negative != b.negative, quotient.low, quotient.high != 0};
    return fit(in, number_add(result, (struct number){result.negative, up, false}), type);
}

static value arithmetic(struct interp *in, enum gw_ast_op op, value left, const struct gw_type *lt,
                        value right, const struct gw_type *rt, const struct gw_type *type)
{
    struct number a = number_of(left, lt), b = number_of(right, rt);
    if (in->stopped)
        return left;
    if (op == GW_AST_OP_SUB)
        b.negative = !b.negative;
    if (lt->kind == GW_TYPE_TIME && rt->kind == GW_TYPE_TIME) {
        struct number unit = {false, (gw_u128)gw_time_unit_ns(lt->unit), false};
        return fit(in, number_mul(number_add(a, b), unit), type);
    }
    if (type->kind == GW_TYPE_TIME) {
        struct number *by = lt->kind == GW_TYPE_TIME ? &b : &a;
        gw_u128 unit = (gw_u128)gw_time_unit_ns(type->unit);
        if (by->size % unit)
            return stop(in, GW_ABORT_ARITH);
        by->size /= unit;
        return fit(in, number_add(a, b), type);
    }
    switch (op) {
    case GW_AST_OP_ADD:
    case GW_AST_OP_SUB:
        return fit(in, number_add(a, b), type);
    case GW_AST_OP_MUL:
        return fit(in, number_mul(a, b), type);
    default:
        if (b.size == 0)
            return stop(in, GW_ABORT_ARITH);
        if (op == GW_AST_OP_DIV)
            return fit(in, (struct number){a.negative != b.negative, a.size / b.size, false}, type);
        /* a quotient that does not fit has no remainder either: the smallest number by -1 */
        fit(in, (struct number){a.negative != b.negative, a.size / b.size, false}, type);
        return fit(in, (struct number){a.negative, a.size % b.size, false}, type);
    }
}

/* ---- expressions ---- */

static value *run_all(struct interp *in, struct gw_expr *const *items, uint32_t count)
{
    value *values = room(in, count);
    for (uint32_t i = 0; i < count && !in->stopped; i++)
        values[i] = run_expr(in, items[i]);
    return values;
}

static const struct gw_program_entity *entity_of(struct interp *in, const struct gw_decl *decl)
{
    return gw_program_entity(in->vm->program, decl->name.text);
}

static const struct gw_table_decl *table_of(struct interp *in, const struct gw_decl *decl)
{
    return gw_program_table_id(in->vm->program, gw_name_id(decl->name.text));
}

static value some(struct interp *in, value v)
{
    value *inside = room(in, 1);
    *inside = v;
    return (value){.opt = inside};
}

static value look_up(struct interp *in, const struct gw_decl *decl, const value *key)
{
    struct gw_vm_host *host = in->vm->host;
    struct gw_vm_row *row = NULL;
    value v = {.u = 0}, *fields = NULL;
    if (in->stopped)
        return v;
    switch (decl->kind) {
    case GW_DECL_ENTITY:
        return of_row(answered(in, host->row(host->ctx, entity_of(in, decl), key, &row)) ? row
                                                                                         : NULL);
    case GW_DECL_INDEX:
        return of_row(answered(in, host->lookup(host->ctx,
                                                gw_program_index_id(in->vm->program,
                                                                    gw_name_id(decl->name.text)),
                                                key, &row))
                          ? row
                          : NULL);
    case GW_DECL_TABLE:
        if (!answered(in,
                      host->table_get(host->ctx, table_of(in, decl), key, in->vm->arena, &fields)))
            return (value){.opt = NULL};
        return some(in, (value){.list = {fields, table_of(in, decl)->field_count}});
    default:
        (void)answered(
            in, host->counter(host->ctx,
                              gw_program_counter_id(in->vm->program, gw_name_id(decl->name.text)),
                              key, &v));
        return v;
    }
}

static value run_index(struct interp *in, const struct gw_expr *expr)
{
    if (expr->object->is.shape == GW_SHAPE_DECL)
        return look_up(in, expr->object->ref.decl, run_all(in, expr->items, expr->item_count));
    value list = run_expr(in, expr->object), at = run_expr(in, expr->items[0]);
    if (in->stopped)
        return at;
    return at.u < list.list.count ? list.list.items[(size_t)at.u] : stop(in, GW_ABORT_RANGE);
}

static value run_create(struct interp *in, const struct gw_expr *expr)
{
    const struct gw_program_entity *entity = entity_of(in, expr->object->ref.decl);
    struct gw_vm_host *host = in->vm->host;
    value *fields = room(in, entity->entity.field_count);
    struct gw_vm_row *row = NULL;
    bool fresh = false;
    for (uint32_t i = 0; i < entity->entity.field_count; i++)
        if (entity->entity.fields[i].has_default)
            fields[i] = entity->entity.fields[i].default_value;
    for (uint32_t i = 0; i < expr->init_count && !in->stopped; i++) {
        const struct gw_expr *init = expr->inits[i].value;
        fields[expr->inits[i].field] = run_expr(in, init);
        fresh =
            fresh || (expr->inits[i].field < entity->entity.key_count &&
                      init->ref.kind == GW_REF_BUILTIN && init->ref.builtin == GW_BUILTIN_NEW_ID);
    }
    if (!in->stopped)
        (void)answered(in, host->create(host->ctx, entity, fields, fresh, &row));
    return of_row(row);
}

static void store_row(struct interp *in, value row, uint32_t field, value v)
{
    struct gw_vm_row *to = living(in, row);
    if (!to)
        return;
    to->fields[field] = v;
    to->dirty = true;
}

/** A new list with the item at its end. */
static value appended(struct interp *in, value list, value item, uint32_t max)
{
    if (in->stopped)
        return list;
    if (list.list.count >= max)
        return stop(in, GW_ABORT_RANGE);
    value *items = room(in, list.list.count + 1);
    for (size_t i = 0; i < list.list.count; i++)
        items[i] = list.list.items[i];
    items[list.list.count] = item;
    return (value){.list = {items, list.list.count + 1}};
}

static value run_push(struct interp *in, const struct gw_expr *expr)
{
    const struct gw_expr *to = expr->object;
    uint32_t max = to->is.type->max;
    value item = run_expr(in, expr->items[0]);
    if (to->kind == GW_EXPR_NAME) {
        value *local = &in->frame.locals[to->ref.local->slot];
        *local = appended(in, *local, item, max);
        return item;
    }
    value row = run_expr(in, to->object);
    struct gw_vm_row *from = living(in, row);
    if (from)
        store_row(in, row, to->ref.index, appended(in, from->fields[to->ref.index], item, max));
    return item;
}

static value run_method(struct interp *in, const struct gw_expr *expr)
{
    struct gw_vm_host *host = in->vm->host;
    if (expr->ref.builtin == GW_BUILTIN_PUSH)
        return run_push(in, expr);
    const struct gw_decl *decl = expr->object->ref.decl;
    value *args = run_all(in, expr->items, expr->item_count), found;
    if (in->stopped)
        return *args;
    if (expr->ref.builtin == GW_BUILTIN_PUT) {
        (void)answered(in, host->table_put(host->ctx, table_of(in, decl), args));
        return *args;
    }
    if (expr->ref.builtin == GW_BUILTIN_DROP) {
        (void)answered(in, host->table_drop(host->ctx, table_of(in, decl), args));
        return *args;
    }
    found = look_up(in, decl, args);
    if (decl->kind == GW_DECL_TABLE)
        return (value){.u = found.opt != NULL};
    return (value){.u = row_of(found) && row_of(found)->living};
}

static value run_compare(struct interp *in, enum gw_ast_op op, value a, value b,
                         const struct gw_type *type)
{
    if (in->stopped)
        return a;
    int order = gw_value_compare(type, a, b);
    bool holds = op == GW_AST_OP_EQ   ? order == 0
                 : op == GW_AST_OP_NE ? order != 0
                 : op == GW_AST_OP_LT ? order < 0
                 : op == GW_AST_OP_LE ? order <= 0
                 : op == GW_AST_OP_GT ? order > 0
                                      : order >= 0;
    return (value){.u = holds};
}

static value run_binary(struct interp *in, const struct gw_expr *expr)
{
    const struct gw_type *left = expr->items[0]->is.type, *right = expr->items[1]->is.type;
    value a = run_expr(in, expr->items[0]);
    if (in->stopped || (expr->op == GW_AST_OP_AND && !a.u) || (expr->op == GW_AST_OP_OR && a.u))
        return a;
    value b = run_expr(in, expr->items[1]);
    if (expr->op == GW_AST_OP_AND || expr->op == GW_AST_OP_OR)
        return b;
    if (expr->op >= GW_AST_OP_EQ && expr->op <= GW_AST_OP_GE)
        return run_compare(in, expr->op, a, b, left);
    return arithmetic(in, expr->op, a, left, b, right, expr->is.type);
}

static value text_value(struct interp *in, const uint8_t *data, size_t len, uint32_t max)
{
    if (in->stopped)
        return (value){.u = 0};
    if (len > max)
        return stop(in, GW_ABORT_RANGE);
    return (value){.bytes = {data, len}};
}

static size_t position_of(struct gw_bytes hay, struct gw_bytes needle)
{
    for (size_t at = 0; at + needle.len <= hay.len; at++)
        if (needle.len == 0 || memcmp(hay.data + at, needle.data, needle.len) == 0)
            return at;
    return SIZE_MAX;
}

static value run_text(struct interp *in, const struct gw_expr *expr, const value *args)
{
    const struct gw_type *type = expr->is.type;
    struct gw_bytes one = args[0].bytes;
    uint8_t *made = (uint8_t *)room(in, 4096);
    size_t len = 0;
    switch (expr->ref.builtin) {
    case GW_BUILTIN_CONCAT:
        for (uint32_t i = 0; i < expr->item_count; i++)
            len += args[i].bytes.len;
        if (len > type->max)
            return stop(in, GW_ABORT_RANGE);
        len = 0;
        for (uint32_t i = 0; i < expr->item_count; i++)
            for (size_t k = 0; k < args[i].bytes.len; k++)
                made[len++] = args[i].bytes.data[k];
        return text_value(in, made, len, type->max);
    case GW_BUILTIN_LOWER_ASCII:
        for (size_t k = 0; k < one.len; k++)
            made[k] = (uint8_t)(one.data[k] >= 'A' && one.data[k] <= 'Z' ? one.data[k] | 32
                                                                         : one.data[k]);
        return text_value(in, made, one.len, type->max);
    case GW_BUILTIN_SLICE:
        if (args[1].u > args[2].u || args[2].u > one.len)
            return stop(in, GW_ABORT_RANGE);
        len = (size_t)(args[2].u - args[1].u);
        if (len)
            one.data += (size_t)args[1].u;
        if (type->kind == GW_TYPE_STR &&
            (!gw_utf8_valid((struct gw_text){(const char *)one.data, len}) ||
             (len == 0 && args[1].u < one.len && (one.data[(size_t)args[1].u] & 0xC0) == 0x80)))
            return stop(in, GW_ABORT_RANGE);
        return text_value(in, one.data, len, type->max);
    default: { /* split_once */
        value *pair = room(in, 2);
        size_t at = position_of(one, args[1].bytes);
        size_t behind = at == SIZE_MAX ? one.len : at + args[1].bytes.len;
        pair[0] = text_value(in, one.data, at == SIZE_MAX ? one.len : at, type->items[0]->max);
        pair[1] = text_value(in, one.len ? one.data + behind : one.data, one.len - behind,
                             type->items[1]->max);
        return (value){.list = {pair, 2}};
    }
    }
}

static value run_new_id(struct interp *in)
{
    const struct gw_vm_context *at = &in->vm->at;
    gw_u128 ms = (gw_u128)(at->time_ns / 1000000) % ((gw_u128)1 << 48);
    gw_u128 index = at->index % (UINT64_C(1) << 48);
    gw_u128 counter = ((gw_u128)at->record << 20) + ((gw_u128)at->slice << 14) + in->ids++;
    return (value){.u = (ms << 80) + (index << 32) + counter};
}

/** XXH3-64 of index (8), record (4), slice (4) and number in the run (4), little-endian. */
static value run_rand(struct interp *in)
{
    const struct gw_vm_context *at = &in->vm->at;
    uint64_t words[3] = {at->index, at->record | (uint64_t)at->slice << 32, in->rands++};
    uint8_t bytes[20];
    for (unsigned i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(words[i / 8] >> (i % 8 * 8));
    return (value){.u = gw_hash64((struct gw_bytes){bytes, sizeof(bytes)}, 0)};
}

static value run_builtin(struct interp *in, const struct gw_expr *expr)
{
    const struct gw_type *type = expr->is.type, *first = NULL;
    uint32_t values = expr->item_count;
    if (expr->ref.builtin == GW_BUILTIN_ROUND || expr->ref.builtin == GW_BUILTIN_DIV)
        values -= 2;
    value *args = run_all(in, expr->items, values);
    if (in->stopped)
        return *args;
    if (values)
        first = expr->items[0]->is.type;
    const struct number one = {false, 1, false};
    unsigned mode = values < expr->item_count ? expr->items[values + 1]->ref.index : 0;
    switch (expr->ref.builtin) {
    case GW_BUILTIN_NOW:
        return (value){.i = in->vm->at.time_ns / gw_time_unit_ns(type->unit)};
    case GW_BUILTIN_NEW_ID:
        return run_new_id(in);
    case GW_BUILTIN_RAND_U64:
        return run_rand(in);
    case GW_BUILTIN_LEN:
        return (value){.u = first->kind == GW_TYPE_LIST ? args[0].list.count : args[0].bytes.len};
    case GW_BUILTIN_CONTAINS:
        if (first->kind != GW_TYPE_LIST)
            return (value){.u = position_of(args[0].bytes, args[1].bytes) != SIZE_MAX};
        for (size_t i = 0; i < args[0].list.count; i++)
            if (gw_value_equal(first->items[0], args[0].list.items[i], args[1]))
                return (value){.u = 1};
        return (value){.u = 0};
    case GW_BUILTIN_STARTS_WITH:
        return (value){.u = position_of(args[0].bytes, args[1].bytes) == 0};
    case GW_BUILTIN_MIN:
    case GW_BUILTIN_MAX: {
        int order = gw_value_compare(type, args[1], args[0]);
        return (expr->ref.builtin == GW_BUILTIN_MIN ? order < 0 : order > 0) ? args[1] : args[0];
    }
    case GW_BUILTIN_ABS: {
        struct number n = number_of(args[0], first);
        n.negative = false;
        return fit(in, n, type);
    }
    case GW_BUILTIN_UNITS:
        return args[0];
    case GW_BUILTIN_ROUND:
        return divide(in, number_of(args[0], first), one, type->scale - first->scale, mode, type);
    case GW_BUILTIN_DIV:
        return divide(in, number_of(args[0], first), number_of(args[1], expr->items[1]->is.type),
                      type->scale + expr->items[1]->is.type->scale - first->scale, mode, type);
    case GW_BUILTIN_SAME:
        return (value){.u = gw_value_equal(first, args[0], args[1])};
    default:
        return run_text(in, expr, args);
    }
}

static value run_convert(struct interp *in, const struct gw_expr *expr)
{
    const struct gw_type *from = expr->items[0]->is.type, *to = expr->is.type;
    value v = run_expr(in, expr->items[0]);
    if (in->stopped)
        return v;
    if (to->kind == GW_TYPE_STR && from->kind == GW_TYPE_BYTES &&
        !gw_utf8_valid(gw_bytes_text(v.bytes)))
        return stop(in, GW_ABORT_ARITH);
    if (from->kind == GW_TYPE_STR || from->kind == GW_TYPE_BYTES)
        return text_value(in, v.bytes.data, v.bytes.len, to->max);
    if (to->kind == GW_TYPE_STR) {
        struct gw_buf buf;
        if (from->kind == GW_TYPE_BOOL)
            return text_value(in, (const uint8_t *)(v.u ? "true" : "false"), v.u ? 4 : 5, to->max);
        gw_buf_init_fixed(&buf, room(in, 8), 64);
        gw_value_text(from, v, 64, &buf);
        return text_value(in, buf.data, buf.len, to->max);
    }
    struct number n = number_of(v, from), scale = {false, 1, false};
    if (to->kind == GW_TYPE_DEC) {
        unsigned up = to->scale - (from->kind == GW_TYPE_DEC ? from->scale : 0u);
        scale.size = gw_pow10(up);
        return fit(in, number_mul(n, scale), to);
    }
    if (to->kind == GW_TYPE_TIME && from->kind == GW_TYPE_TIME) {
        scale.size = (gw_u128)gw_time_unit_ns(from->unit);
        n = number_mul(n, scale);
        gw_u128 unit = (gw_u128)gw_time_unit_ns(to->unit);
        if (n.size % unit)
            return stop(in, GW_ABORT_ARITH);
        n.size /= unit;
    }
    return to->kind == GW_TYPE_UUID ? v : fit(in, n, to);
}

static value run_call(struct interp *in, const struct gw_expr *expr)
{
    const struct gw_ast_function *function = &expr->ref.decl->as.function;
    struct frame outer = in->frame;
    value *args = run_all(in, expr->items, expr->item_count);
    if (in->stopped)
        return *args;
    in->frame.function = function;
    in->frame.locals = room(in, function->local_count);
    for (uint32_t i = 0; i < function->param_count; i++)
        in->frame.locals[function->params[i].local->slot] = args[i];
    (void)run_block(in, &function->body);
    in->frame = outer;
    return in->ret->value;
}

static value run_unwrap(struct interp *in, const struct gw_expr *expr)
{
    value v = run_expr(in, expr->object);
    enum gw_shape shape = expr->object->is.shape;
    if (in->stopped)
        return v;
    if (shape == GW_SHAPE_OPT_ROW_REF || shape == GW_SHAPE_ROW_REF) {
        (void)living(in, v);
        return v;
    }
    return v.opt ? *v.opt : stop(in, GW_ABORT_NOT_FOUND);
}

static value run_field(struct interp *in, const struct gw_expr *expr)
{
    value object = run_expr(in, expr->object);
    enum gw_shape shape = expr->object->is.shape;
    if (in->stopped)
        return object;
    if (shape != GW_SHAPE_ROW_REF && shape != GW_SHAPE_OPT_ROW_REF)
        return object.list.items[expr->ref.index];
    struct gw_vm_row *row = living(in, object);
    return row ? row->fields[expr->ref.index] : object;
}

static value run_expr(struct interp *in, const struct gw_expr *expr)
{
    value v = {.u = 0};
    if (in->stopped)
        return v;
    if (expr->is_constant)
        return expr->constant;
    switch (expr->kind) {
    case GW_EXPR_NAME:
        return expr->ref.kind == GW_REF_LOCAL ? in->frame.locals[expr->ref.local->slot]
                                              : look_up(in, expr->ref.decl, NULL);
    case GW_EXPR_TUPLE:
        return (value){.list = {run_all(in, expr->items, expr->item_count), expr->item_count}};
    case GW_EXPR_LIST:
        return (value){.list = {NULL, 0}};
    case GW_EXPR_NONE:
        return (value){.opt = NULL};
    case GW_EXPR_SOME:
        return some(in, run_expr(in, expr->items[0]));
    case GW_EXPR_CALL:
        return expr->ref.kind == GW_REF_FN ? run_call(in, expr) : run_builtin(in, expr);
    case GW_EXPR_CONVERT:
        return run_convert(in, expr);
    case GW_EXPR_METHOD:
        return run_method(in, expr);
    case GW_EXPR_CREATE:
        return run_create(in, expr);
    case GW_EXPR_FIELD:
        return run_field(in, expr);
    case GW_EXPR_ITEM:
        v = run_expr(in, expr->object);
        return in->stopped ? v : v.list.items[(size_t)expr->number];
    case GW_EXPR_INDEX:
        return run_index(in, expr);
    case GW_EXPR_UNWRAP:
        return run_unwrap(in, expr);
    case GW_EXPR_UNARY:
        v = run_expr(in, expr->items[0]);
        if (expr->op == GW_AST_OP_NOT)
            return (value){.u = !v.u};
        return arithmetic(in, GW_AST_OP_SUB, (value){.u = 0}, expr->is.type, v, expr->is.type,
                          expr->is.type);
    case GW_EXPR_BINARY:
        return run_binary(in, expr);
    default:
        GW_UNREACHABLE_CODE(); /* literals are constants */
    }
}

/* ---- statements ---- */

static enum way run_fail(struct interp *in, const struct gw_expr *what, uint32_t index)
{
    value v = run_expr(in, what);
    if (!in->stopped) {
        in->ret->status = GW_VM_FAILED;
        in->ret->value = v;
        in->ret->type = in->frame.function->results[index]->type;
        in->stopped = true;
    }
    return STOPPED;
}

static enum way run_let(struct interp *in, const struct gw_stmt *stmt)
{
    value v = run_expr(in, stmt->value);
    bool is_row = stmt->value->is.shape == GW_SHAPE_OPT_ROW_REF;
    if (stmt->other && !in->stopped) {
        bool found = is_row ? row_of(v) && row_of(v)->living : v.opt != NULL;
        if (!found)
            return run_fail(in, stmt->other, stmt->fail_index);
        if (!is_row)
            v = *v.opt;
    }
    in->frame.locals[stmt->local->slot] = v;
    return GOES_ON;
}

static value changed(struct interp *in, const struct gw_stmt *stmt, value old)
{
    value by = run_expr(in, stmt->value);
    const struct gw_type *type = stmt->target->is.type;
    if (stmt->op == GW_AST_OP_EQ || in->stopped)
        return by;
    return arithmetic(in, stmt->op, old, type, by, stmt->value->is.type, type);
}

static enum way run_assign(struct interp *in, const struct gw_stmt *stmt)
{
    const struct gw_expr *target = stmt->target;
    if (target->kind == GW_EXPR_NAME) {
        value *local = &in->frame.locals[target->ref.local->slot];
        value v = changed(in, stmt, *local);
        if (!in->stopped)
            *local = v;
    } else if (target->kind == GW_EXPR_FIELD) {
        value row = run_expr(in, target->object);
        struct gw_vm_row *to = NULL;
        if (target->object->kind != GW_EXPR_NAME || stmt->op != GW_AST_OP_EQ)
            to = living(in, row);
        value v = changed(in, stmt, to ? to->fields[target->ref.index] : row);
        if (!in->stopped)
            store_row(in, row, target->ref.index, v);
    } else {
        value *list = &in->frame.locals[target->object->ref.local->slot];
        value at = run_expr(in, target->items[0]);
        if (!in->stopped && at.u >= list->list.count && stmt->op != GW_AST_OP_EQ)
            stop(in, GW_ABORT_RANGE);
        value v =
            changed(in, stmt,
                    in->stopped || at.u >= list->list.count ? at : list->list.items[(size_t)at.u]);
        if (!in->stopped && at.u >= list->list.count)
            stop(in, GW_ABORT_RANGE);
        if (in->stopped)
            return STOPPED;
        value *items = room(in, list->list.count);
        memcpy(items, list->list.items, list->list.count * sizeof(*items));
        items[(size_t)at.u] = v;
        list->list.items = items;
    }
    return GOES_ON;
}

static bool matches(const struct gw_stmt *stmt, const struct gw_arm *arm, value v)
{
    const struct gw_type *type = stmt->value->is.type;
    bool is_row = stmt->value->is.shape == GW_SHAPE_OPT_ROW_REF;
    bool present = is_row ? row_of(v) && row_of(v)->living : v.opt != NULL;
    switch (arm->pattern) {
    case GW_PATTERN_LITERAL:
        return gw_value_equal(type, v, arm->literal->constant);
    case GW_PATTERN_NAME:
        return v.i == type->members->members[arm->member].number;
    case GW_PATTERN_SOME:
        return present;
    case GW_PATTERN_NONE:
        return !present;
    default:
        return true;
    }
}

static enum way run_match(struct interp *in, const struct gw_stmt *stmt)
{
    value v = run_expr(in, stmt->value);
    for (uint32_t i = 0; i < stmt->arm_count && !in->stopped; i++) {
        const struct gw_arm *arm = &stmt->arms[i];
        if (!matches(stmt, arm, v))
            continue;
        if (arm->local)
            in->frame.locals[arm->local->slot] =
                stmt->value->is.shape == GW_SHAPE_OPT_ROW_REF ? v : *v.opt;
        return run_block(in, &arm->body);
    }
    return in->stopped ? STOPPED : GOES_ON;
}

static enum way run_turns(struct interp *in, const struct gw_stmt *stmt, const value *items,
                          size_t count)
{
    for (size_t i = 0; i < count && !in->stopped; i++) {
        in->frame.locals[stmt->local->slot] = items[i];
        enum way way = run_block(in, &stmt->body);
        if (way != GOES_ON)
            return way;
    }
    return in->stopped ? STOPPED : GOES_ON;
}

static enum way run_for(struct interp *in, const struct gw_stmt *stmt)
{
    struct gw_vm_host *host = in->vm->host;
    if (stmt->kind == GW_STMT_FOR_LIST) {
        value list = run_expr(in, stmt->value);
        return in->stopped ? STOPPED : run_turns(in, stmt, list.list.items, list.list.count);
    }
    if (stmt->kind == GW_STMT_FOR_RANGE) {
        int64_t count = stmt->high_number - stmt->low_number;
        value *items = room(in, (size_t)(count > 0 ? count : 0));
        for (int64_t i = 0; i < count; i++)
            items[i].i = stmt->low_number + i;
        return run_turns(in, stmt, items, (size_t)(count > 0 ? count : 0));
    }
    const struct gw_decl *decl = stmt->value->object->ref.decl;
    bool is_index = decl->kind == GW_DECL_INDEX;
    struct gw_vm_range range = {
        .table = is_index ? NULL : table_of(in, decl),
        .index =
            is_index ? gw_program_index_id(in->vm->program, gw_name_id(decl->name.text)) : NULL,
        .kind = stmt->value->ref.builtin == GW_BUILTIN_FROM ? GW_VM_FROM : GW_VM_PREFIX,
        .values = run_all(in, stmt->value->items, stmt->value->item_count),
        .count = stmt->value->item_count,
        .limit = (uint32_t)stmt->limit,
        .reverse = stmt->is_reverse,
    };
    value **rows = NULL;
    uint32_t count = 0;
    if (in->stopped || !answered(in, host->range(host->ctx, &range, in->vm->arena, &rows, &count)))
        return STOPPED;
    value *items = room(in, count);
    for (uint32_t i = 0; i < count; i++)
        items[i].list.items = rows[i];
    return run_turns(in, stmt, items, count);
}

static enum way run_delete(struct interp *in, const struct gw_stmt *stmt)
{
    value v = run_expr(in, stmt->value);
    struct gw_vm_row *row = in->stopped ? NULL : row_of(v);
    bool must = stmt->value->is.shape == GW_SHAPE_ROW_REF;
    if (!in->stopped && must)
        row = living(in, v);
    if (!in->stopped && row && row->living)
        (void)answered(in, in->vm->host->remove(in->vm->host->ctx, row));
    return GOES_ON;
}

static enum way run_emit(struct interp *in, const struct gw_stmt *stmt)
{
    value *values = room(in, stmt->init_count);
    struct gw_field *fields = GW_NEW_ARRAY(in->vm->arena, struct gw_field, stmt->init_count + 1);
    GW_ASSERT(fields != NULL);
    for (uint32_t i = 0; i < stmt->init_count && !in->stopped; i++) {
        fields[i].name = stmt->inits[i].name.text;
        fields[i].type = stmt->inits[i].value->is.type;
        values[i] = run_expr(in, stmt->inits[i].value);
    }
    if (!in->stopped)
        (void)answered(in, in->vm->host->emit(in->vm->host->ctx, stmt->name.text, fields, values,
                                              stmt->init_count));
    return GOES_ON;
}

static enum way run_stmt(struct interp *in, const struct gw_stmt *stmt)
{
    value v;
    switch (stmt->kind) {
    case GW_STMT_LET:
        return run_let(in, stmt);
    case GW_STMT_ASSIGN:
        return run_assign(in, stmt);
    case GW_STMT_IF:
        v = run_expr(in, stmt->value);
        if (in->stopped)
            return STOPPED;
        if (v.u)
            return run_block(in, &stmt->body);
        return stmt->has_other_body ? run_block(in, &stmt->other_body) : GOES_ON;
    case GW_STMT_MATCH:
        return run_match(in, stmt);
    case GW_STMT_FOR_RANGE:
    case GW_STMT_FOR_LIST:
    case GW_STMT_FOR_PREFIX:
        return run_for(in, stmt);
    case GW_STMT_REQUIRE:
        v = run_expr(in, stmt->value);
        if (in->stopped || v.u)
            return GOES_ON;
        return run_fail(in, stmt->other, stmt->fail_index);
    case GW_STMT_FAIL:
        return run_fail(in, stmt->other, stmt->fail_index);
    case GW_STMT_RETURN:
        if (stmt->value)
            v = run_expr(in, stmt->value);
        if (in->stopped)
            return STOPPED;
        in->ret->value = stmt->value ? v : (value){.u = 0};
        in->ret->type = stmt->value ? in->frame.function->results[0]->type : NULL;
        return RETURNED;
    case GW_STMT_DELETE:
        return run_delete(in, stmt);
    case GW_STMT_EMIT:
        return run_emit(in, stmt);
    case GW_STMT_EXPR:
        (void)run_expr(in, stmt->value);
        return GOES_ON;
    default:
        GW_UNREACHABLE_CODE(); /* daemons are the ledger's story */
    }
}

static enum way run_block(struct interp *in, const struct gw_block *block)
{
    for (uint32_t i = 0; i < block->count; i++) {
        enum way way = run_stmt(in, block->items[i]);
        if (in->stopped)
            return STOPPED;
        if (way != GOES_ON)
            return way;
    }
    return GOES_ON;
}

void or_interp_run(struct gw_vm *vm, const struct gw_ast *ast, struct gw_text name,
                   const union gw_value *args, struct gw_vm_result *ret)
{
    struct interp in = {.vm = vm, .ret = ret};
    const struct gw_ast_function *function = NULL;
    for (uint32_t i = 0; i < ast->decl_count; i++) {
        enum gw_decl_kind kind = ast->decls[i]->kind;
        if ((kind == GW_DECL_TXN || kind == GW_DECL_VIEW || kind == GW_DECL_FN) &&
            gw_text_equal(ast->decls[i]->name.text, name))
            function = &ast->decls[i]->as.function;
    }
    GW_ASSERT(function != NULL);
    memset(ret, 0, sizeof(*ret));
    in.frame.function = function;
    in.frame.locals = room(&in, function->local_count);
    for (uint32_t i = 0; i < function->param_count; i++)
        in.frame.locals[function->params[i].local->slot] = args[i];
    if (run_block(&in, &function->body) != STOPPED)
        ret->status = GW_VM_DONE;
    if (ret->status == GW_VM_DONE && !ret->type)
        ret->value.u = 0;
}
