#include "kit_lang/host.h"

static bool keys_equal(const struct gw_field *fields, uint32_t count, const union gw_value *a,
                       const union gw_value *b)
{
    for (uint32_t i = 0; i < count; i++)
        if (!gw_value_equal(fields[i].type, a[i], b[i]))
            return false;
    return true;
}

static union gw_value *copy_fields(struct gw_arena *arena, const struct gw_field *fields,
                                   uint32_t count, const union gw_value *from)
{
    union gw_value *copy = gw_arena_get_array(arena, count + 1, sizeof(*copy));
    GW_ASSERT(copy != NULL);
    for (uint32_t i = 0; i < count; i++)
        GW_ASSERT(gw_value_copy(fields[i].type, from[i], arena, &copy[i]));
    return copy;
}

static struct kl_row *find_row(struct kl_host *host, const struct gw_program_entity *entity,
                               const union gw_value *key)
{
    for (uint32_t i = 0; i < host->row_count; i++)
        if (host->rows[i].entity == entity &&
            keys_equal(entity->entity.fields, entity->entity.key_count, host->rows[i].fields, key))
            return &host->rows[i];
    return NULL;
}

static struct kl_touched *find_touched(struct kl_host *host, const struct gw_program_entity *entity,
                                       const union gw_value *key)
{
    for (uint32_t i = 0; i < host->touched_count; i++)
        if (host->touched[i]->row.entity == entity &&
            keys_equal(entity->entity.fields, entity->entity.key_count, host->touched[i]->key, key))
            return host->touched[i];
    return NULL;
}

static struct kl_touched *touch(struct kl_host *host, const struct gw_program_entity *entity,
                                const union gw_value *key)
{
    struct kl_touched *touched = find_touched(host, entity, key);
    const struct gw_entity *type = &entity->entity;
    if (touched)
        return touched;
    GW_ASSERT(host->touched_count < KL_ROWS_MAX);
    touched = GW_NEW(&host->run, struct kl_touched);
    GW_ASSERT(touched != NULL);
    host->touched[host->touched_count++] = touched;
    touched->key = copy_fields(&host->run, type->fields, type->key_count, key);
    touched->row.entity = entity;
    const struct kl_row *row = find_row(host, entity, key);
    if (row) {
        touched->row.living = true;
        touched->row.fields = copy_fields(&host->run, type->fields, type->field_count, row->fields);
    }
    return touched;
}

static enum gw_vm_rc host_row(void *ctx, const struct gw_program_entity *entity,
                              const union gw_value *key, struct gw_vm_row **ret)
{
    struct kl_host *host = ctx;
    if (host->is_missing)
        return GW_VM_MISSING;
    struct kl_touched *touched = touch(host, entity, key);
    *ret = &touched->row;
    return touched->row.living ? GW_VM_OK : GW_VM_ABSENT;
}

static enum gw_vm_rc host_create(void *ctx, const struct gw_program_entity *entity,
                                 const union gw_value *fields, bool fresh, struct gw_vm_row **ret)
{
    struct kl_host *host = ctx;
    struct kl_touched *touched = touch(host, entity, fields);
    (void)fresh;
    if (touched->row.living) {
        host->host.abort = GW_ABORT_EXISTS;
        return GW_VM_ABORTED;
    }
    touched->row.living = true;
    touched->row.dirty = false;
    touched->row.fields =
        copy_fields(&host->run, entity->entity.fields, entity->entity.field_count, fields);
    *ret = &touched->row;
    return GW_VM_OK;
}

static enum gw_vm_rc host_remove(void *ctx, struct gw_vm_row *row)
{
    (void)ctx;
    row->living = false;
    return GW_VM_OK;
}

static struct kl_row *find_table(struct kl_host *host, const struct gw_table_decl *table,
                                 const union gw_value *key)
{
    for (uint32_t i = 0; i < host->table_count; i++)
        if (host->tables[i].table == table &&
            keys_equal(table->fields, table->key_count, host->tables[i].fields, key))
            return &host->tables[i];
    return NULL;
}

static enum gw_vm_rc host_table_get(void *ctx, const struct gw_table_decl *table,
                                    const union gw_value *key, struct gw_arena *arena,
                                    union gw_value **ret)
{
    const struct kl_row *row = find_table(ctx, table, key);
    if (!row)
        return GW_VM_ABSENT;
    *ret = copy_fields(arena, table->fields, table->field_count, row->fields);
    return GW_VM_OK;
}

static enum gw_vm_rc host_table_put(void *ctx, const struct gw_table_decl *table,
                                    const union gw_value *fields)
{
    struct kl_host *host = ctx;
    struct kl_row *row = find_table(host, table, fields);
    if (!row) {
        GW_ASSERT(host->table_count < KL_ROWS_MAX);
        row = &host->tables[host->table_count++];
        *row = (struct kl_row){.table = table};
    }
    row->fields = copy_fields(&host->run, table->fields, table->field_count, fields);
    return GW_VM_OK;
}

static enum gw_vm_rc host_table_drop(void *ctx, const struct gw_table_decl *table,
                                     const union gw_value *key)
{
    struct kl_host *host = ctx;
    struct kl_row *row = find_table(host, table, key);
    if (row)
        *row = host->tables[--host->table_count];
    return GW_VM_OK;
}

/** Every row as this run sees it: its own writes over the state. Calls `each` for living ones. */
typedef void each_row(void *ctx, const union gw_value *fields);

static void for_rows(struct kl_host *host, const struct gw_program_entity *entity, each_row *each,
                     void *ctx)
{
    for (uint32_t i = 0; i < host->row_count; i++)
        if (host->rows[i].entity == entity && !find_touched(host, entity, host->rows[i].fields))
            each(ctx, host->rows[i].fields);
    for (uint32_t i = 0; i < host->touched_count; i++)
        if (host->touched[i]->row.entity == entity && host->touched[i]->row.living)
            each(ctx, host->touched[i]->row.fields);
}

struct walk {
    struct kl_host *host;
    const struct gw_vm_range *range;
    const struct gw_field *fields[GW_FIELDS_MAX]; /* what orders the rows */
    uint32_t columns[GW_FIELDS_MAX];              /* … and where they stand */
    uint32_t count, out_count;
    union gw_value *found[KL_ROWS_MAX];
    uint32_t found_count;
};

static int compare_to(const struct walk *walk, const union gw_value *row,
                      const union gw_value *values, uint32_t count, bool in_place)
{
    for (uint32_t i = 0; i < count; i++) {
        int order = gw_value_compare(walk->fields[i]->type, row[walk->columns[i]],
                                     values[in_place ? walk->columns[i] : i]);
        if (order)
            return order;
    }
    return 0;
}

static void consider(void *ctx, const union gw_value *fields)
{
    struct walk *walk = ctx;
    const struct gw_vm_range *range = walk->range;
    int order = compare_to(walk, fields, range->values, range->count, false);
    bool fits = range->kind == GW_VM_PREFIX ? order == 0 : range->reverse ? order <= 0 : order >= 0;
    if (!fits)
        return;
    uint32_t at = walk->found_count++;
    for (; at > 0; at--) {
        int against = compare_to(walk, fields, walk->found[at - 1], walk->count, true);
        if (range->reverse ? against < 0 : against > 0)
            break;
        walk->found[at] = walk->found[at - 1];
    }
    walk->found[at] = (union gw_value *)(uintptr_t)fields;
}

static enum gw_vm_rc host_range(void *ctx, const struct gw_vm_range *range, struct gw_arena *arena,
                                union gw_value ***ret_rows, uint32_t *ret_count)
{
    struct kl_host *host = ctx;
    struct walk *walk = GW_NEW(&host->run, struct walk);
    GW_ASSERT(walk != NULL);
    walk->host = host;
    walk->range = range;
    const struct gw_field *fields =
        range->table ? range->table->fields : range->index->owner->entity.fields;
    if (range->table) {
        for (; walk->count < range->table->key_count; walk->count++)
            walk->columns[walk->count] = walk->count;
        walk->out_count = range->table->field_count;
    } else {
        for (; walk->count < range->index->field_count; walk->count++)
            walk->columns[walk->count] = range->index->fields[walk->count];
        for (uint32_t k = 0; k < range->index->owner->entity.key_count; k++)
            walk->columns[walk->count++] = k;
        walk->out_count = range->index->owner->entity.key_count;
    }
    for (uint32_t i = 0; i < walk->count; i++)
        walk->fields[i] = &fields[walk->columns[i]];
    for (uint32_t i = 0; range->table && i < host->table_count; i++)
        if (host->tables[i].table == range->table)
            consider(walk, host->tables[i].fields);
    if (range->index)
        for_rows(host, range->index->owner, consider, walk);
    uint32_t count = GW_MIN(walk->found_count, range->limit);
    union gw_value **rows = gw_arena_get_array(arena, count + 1, sizeof(*rows));
    GW_ASSERT(rows != NULL);
    for (uint32_t i = 0; i < count; i++)
        rows[i] = copy_fields(arena, fields, walk->out_count, walk->found[i]);
    *ret_rows = rows;
    *ret_count = count;
    return GW_VM_OK;
}

struct lookup {
    const struct gw_index_decl *index;
    const union gw_value *values, *found;
};

static void match_index(void *ctx, const union gw_value *fields)
{
    struct lookup *lookup = ctx;
    const struct gw_field *types = lookup->index->owner->entity.fields;
    for (uint32_t i = 0; i < lookup->index->field_count; i++) {
        uint32_t field = lookup->index->fields[i];
        if (!gw_value_equal(types[field].type, fields[field], lookup->values[i]))
            return;
    }
    lookup->found = fields;
}

static enum gw_vm_rc host_lookup(void *ctx, const struct gw_index_decl *index,
                                 const union gw_value *values, struct gw_vm_row **ret)
{
    struct lookup lookup = {index, values, NULL};
    for_rows(ctx, index->owner, match_index, &lookup);
    return lookup.found ? host_row(ctx, index->owner, lookup.found, ret) : GW_VM_ABSENT;
}

struct tally {
    struct kl_host *host;
    const struct gw_counter_decl *counter;
    const union gw_value *by;
    gw_i128 total;
};

/** Is the row in the counter's group? An opt group counts only `some`. */
static bool in_group(const struct tally *tally, const union gw_value *fields)
{
    const struct gw_counter_decl *counter = tally->counter;
    if (!tally->by)
        return true;
    union gw_value group = fields[counter->by_field];
    const struct gw_type *type = counter->owner->entity.fields[counter->by_field].type;
    if (type->kind == GW_TYPE_OPT) {
        if (!group.opt)
            return false;
        group = *group.opt;
    }
    return gw_value_equal(counter->by_type, group, *tally->by);
}

static void count_row(void *ctx, const union gw_value *fields)
{
    struct tally *tally = ctx;
    if (!in_group(tally, fields))
        return;
    if (tally->counter->where) {
        struct gw_vm vm = {.program = tally->host->vm.program, .arena = &tally->host->run};
        struct gw_vm_result result;
        gw_vm_run(&vm, tally->counter->where, fields, &result);
        if (result.status != GW_VM_DONE || !result.value.u)
            return;
    }
    tally->total += tally->counter->is_sum ? fields[tally->counter->sum_field].i : 1;
}

static enum gw_vm_rc host_counter(void *ctx, const struct gw_counter_decl *counter,
                                  const union gw_value *by, union gw_value *ret)
{
    struct tally tally = {ctx, counter, by, 0};
    for_rows(ctx, counter->owner, count_row, &tally);
    ret->i = tally.total;
    return GW_VM_OK;
}

static enum gw_vm_rc host_emit(void *ctx, struct gw_text event, const struct gw_field *fields,
                               const union gw_value *values, uint32_t count)
{
    struct kl_host *host = ctx;
    (void)event, (void)fields, (void)values, (void)count;
    host->event_count++;
    return GW_VM_OK;
}

void kl_host_init(struct kl_host *host, const struct gw_alloc *alloc,
                  const struct gw_program *program)
{
    memset(host, 0, sizeof(*host));
    gw_arena_init(&host->state, alloc, 64u << 20);
    gw_arena_init(&host->run, alloc, 64u << 20);
    host->host = (struct gw_vm_host){
        .ctx = host,
        .row = host_row,
        .create = host_create,
        .remove = host_remove,
        .table_get = host_table_get,
        .table_put = host_table_put,
        .table_drop = host_table_drop,
        .range = host_range,
        .lookup = host_lookup,
        .counter = host_counter,
        .emit = host_emit,
    };
    host->vm = (struct gw_vm){
        .program = program, .host = &host->host, .arena = &host->run, .is_metered = true};
    host->vm.at = (struct gw_vm_context){.time_ns = INT64_C(1772446272000481000), .index = 7};
}

void kl_host_done(struct kl_host *host)
{
    gw_arena_done(&host->run);
    gw_arena_done(&host->state);
}

/** The committed tables are rows too; a run works on a copy of them. */
void kl_host_begin(struct kl_host *host)
{
    gw_arena_reset(&host->run);
    host->touched_count = 0;
    host->table_count = 0;
    for (uint32_t i = 0; i < host->row_count; i++)
        if (host->rows[i].table)
            host->tables[host->table_count++] = host->rows[i];
}

struct unique {
    const struct gw_index_decl *index;
    const union gw_value *row;
    uint32_t count;
};

static void count_equal(void *ctx, const union gw_value *fields)
{
    struct unique *unique = ctx;
    const struct gw_field *types = unique->index->owner->entity.fields;
    for (uint32_t i = 0; i < unique->index->field_count; i++) {
        uint32_t field = unique->index->fields[i];
        if (!gw_value_equal(types[field].type, fields[field], unique->row[field]))
            return;
    }
    unique->count++;
}

static bool is_unique(struct kl_host *host)
{
    for (uint32_t i = 0; i < host->touched_count; i++) {
        const struct gw_vm_row *row = &host->touched[i]->row;
        for (uint32_t k = 0; row->living && k < row->entity->index_count; k++) {
            struct unique unique = {row->entity->indexes[k], row->fields, 0};
            if (!unique.index->unique)
                continue;
            for_rows(host, row->entity, count_equal, &unique);
            if (unique.count > 1)
                return false;
        }
    }
    return true;
}

bool kl_host_commit(struct kl_host *host)
{
    uint32_t kept = 0;
    if (!is_unique(host))
        return false;
    for (uint32_t i = 0; i < host->row_count; i++)
        if (host->rows[i].entity && !find_touched(host, host->rows[i].entity, host->rows[i].fields))
            host->rows[kept++] = host->rows[i];
    host->row_count = kept;
    for (uint32_t i = 0; i < host->touched_count; i++)
        if (host->touched[i]->row.living)
            kl_host_put(host, host->touched[i]->row.entity, host->touched[i]->row.fields);
    for (uint32_t i = 0; i < host->table_count; i++) {
        const struct gw_table_decl *table = host->tables[i].table;
        host->rows[host->row_count++] =
            (struct kl_row){.table = table,
                            .fields = copy_fields(&host->state, table->fields, table->field_count,
                                                  host->tables[i].fields)};
    }
    host->touched_count = 0;
    return true;
}

void kl_host_abandon(struct kl_host *host)
{
    host->touched_count = 0;
}

void kl_host_put(struct kl_host *host, const struct gw_program_entity *entity,
                 const union gw_value *fields)
{
    GW_ASSERT(host->row_count < KL_ROWS_MAX);
    struct kl_row *row = find_row(host, entity, fields);
    if (!row)
        row = &host->rows[host->row_count++];
    *row = (struct kl_row){.entity = entity,
                           .fields = copy_fields(&host->state, entity->entity.fields,
                                                 entity->entity.field_count, fields)};
}

const union gw_value *kl_host_get(const struct kl_host *host,
                                  const struct gw_program_entity *entity, const union gw_value *key)
{
    const struct kl_row *row = find_row((struct kl_host *)(uintptr_t)host, entity, key);
    return row ? row->fields : NULL;
}

void kl_host_call(struct kl_host *host, const struct gw_fn *fn, const union gw_value *args,
                  struct gw_vm_result *ret)
{
    kl_host_begin(host);
    gw_vm_run(&host->vm, fn, args, ret);
    if (ret->status == GW_VM_DONE && !kl_host_commit(host)) {
        ret->status = GW_VM_ABORT;
        ret->abort = GW_ABORT_UNIQUE;
    }
    kl_host_abandon(host);
}

gw_u128 kl_host_sum(const struct kl_host *host, const struct gw_alloc *alloc)
{
    gw_u128 sum = 0;
    struct gw_buf buf;
    gw_buf_init(&buf, alloc, 1u << 20);
    for (uint32_t i = 0; i < host->row_count; i++) {
        const struct kl_row *row = &host->rows[i];
        gw_buf_reset(&buf);
        if (row->entity) {
            gw_cbor_put_uint(&buf, row->entity->entity.id);
            gw_image_encode(&row->entity->entity, row->fields, &buf);
        } else {
            gw_cbor_put_uint(&buf, row->table->id);
            for (uint32_t f = 0; f < row->table->field_count; f++)
                gw_value_encode(row->table->fields[f].type, row->fields[f], &buf);
        }
        sum += gw_hash128_number(gw_hash128(gw_buf_bytes(&buf)));
    }
    gw_buf_done(&buf);
    return sum;
}
