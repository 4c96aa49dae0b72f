#include "ledger/collections.h"

#include "codec/cbor.h"
#include "ledger/ledger_int.h"

gw_rc gw_build_get(const struct gw_state_view *view, uint32_t id, struct gw_build *ret,
                   struct gw_err *err)
{
    struct gw_state_key at;
    struct gw_bytes stored;
    gw_key_start(&at, GW_TABLE_BUILD);
    gw_key_u32(&at, id);
    *ret = (struct gw_build){.state = GW_INDEX_WRITE_ONLY};
    gw_rc rc = view->kv->ops->get(view->view, gw_key_view(&at), &stored, err);
    if (rc == GW_NOTFOUND)
        return GW_OK;
    GW_TRY(rc);
    if (stored.len == 0 || stored.data[0] > GW_INDEX_PUBLIC)
        return GW_FAIL(err, GW_CORRUPT, "the state of an index is damaged");
    ret->state = (enum gw_index_state)stored.data[0];
    ret->cursor = (struct gw_bytes){stored.data + 1, stored.len - 1};
    return GW_OK;
}

static void key_fields(const struct gw_field *fields, const union gw_value *values, uint32_t count,
                       struct gw_state_key *ret)
{
    struct gw_buf buf;
    gw_buf_init_fixed(&buf, ret->bytes + ret->len, sizeof(ret->bytes) - ret->len);
    for (uint32_t i = 0; i < count; i++)
        gw_value_key(fields[i].type, values[i], &buf);
    GW_ASSERT(!buf.failed); /* the checker bounds keys */
    ret->len += buf.len;
}

void gw_table_key(const struct gw_table_decl *table, const union gw_value *key,
                  struct gw_state_key *ret)
{
    gw_key_start(ret, GW_TABLE_ROWS);
    gw_key_u32(ret, table->id);
    key_fields(table->fields, key, table->key_count, ret);
}

static void index_values(const struct gw_index_decl *index, const union gw_value *values,
                         uint32_t count, struct gw_state_key *ret)
{
    gw_key_start(ret, GW_TABLE_INDEX);
    gw_key_u32(ret, index->id);
    for (uint32_t i = 0; i < count; i++)
        key_fields(&index->owner->entity.fields[index->fields[i]], &values[i], 1, ret);
}

void gw_index_prefix(const struct gw_index_decl *index, const union gw_value *fields,
                     struct gw_state_key *ret)
{
    gw_key_start(ret, GW_TABLE_INDEX);
    gw_key_u32(ret, index->id);
    for (uint32_t i = 0; i < index->field_count; i++)
        key_fields(&index->owner->entity.fields[index->fields[i]], &fields[index->fields[i]], 1,
                   ret);
}

static void counter_key(const struct gw_counter_decl *counter, const union gw_value *by,
                        struct gw_state_key *ret)
{
    gw_key_start(ret, GW_TABLE_COUNTER);
    gw_key_u32(ret, counter->id);
    if (counter->by_type) {
        const struct gw_field group = {.type = counter->by_type};
        key_fields(&group, by, 1, ret);
    }
}

static gw_rc counter_number(const struct gw_state_view *view, const struct gw_state_key *at,
                            gw_i128 *ret, struct gw_err *err)
{
    struct gw_bytes stored;
    gw_rc rc = view->kv->ops->get(view->view, gw_key_view(at), &stored, err);
    *ret = 0;
    if (rc == GW_NOTFOUND)
        return GW_OK;
    GW_TRY(rc);
    if (stored.len != sizeof(*ret))
        return GW_FAIL(err, GW_CORRUPT, "a counter of %zu bytes", stored.len);
    memcpy(ret, stored.data, sizeof(*ret));
    return GW_OK;
}

gw_rc gw_counter_read(const struct gw_state_view *view, const struct gw_counter_decl *counter,
                      const union gw_value *by, union gw_value *ret, struct gw_err *err)
{
    struct gw_state_key at;
    counter_key(counter, by, &at);
    return counter_number(view, &at, &ret->i, err);
}

gw_rc gw_table_read(const struct gw_state_view *view, const struct gw_table_decl *table,
                    const union gw_value *key, struct gw_arena *arena, union gw_value **ret_fields,
                    struct gw_err *err)
{
    struct gw_state_key at;
    struct gw_bytes stored;
    gw_table_key(table, key, &at);
    GW_TRY(view->kv->ops->get(view->view, gw_key_view(&at), &stored, err));
    union gw_value *fields = GW_NEW_ARRAY(arena, union gw_value, table->field_count);
    stored = gw_arena_copy(arena, stored);
    if (fields == NULL || stored.data == NULL)
        return GW_FAIL_NOMEM(err);
    struct gw_cbor_reader r = gw_cbor_reader(stored);
    gw_cbor_get_array_of(&r, table->field_count);
    for (uint32_t i = 0; i < table->field_count; i++)
        GW_TRY(gw_value_decode(table->fields[i].type, &r, arena, &fields[i], err));
    *ret_fields = fields;
    return GW_OK;
}

static bool starts_with(struct gw_bytes key, const struct gw_state_key *prefix)
{
    return key.len >= prefix->len && memcmp(key.data, prefix->bytes, prefix->len) == 0;
}

/** The key fields of one entry found by a range. */
static gw_rc entry_row(const struct gw_vm_range *range, struct gw_bytes key, struct gw_bytes val,
                       struct gw_arena *arena, union gw_value **ret, struct gw_err *err)
{
    struct gw_bytes rest = gw_arena_copy(arena, (struct gw_bytes){key.data + 5, key.len - 5});
    if (rest.data == NULL)
        return GW_FAIL_NOMEM(err);
    if (range->table) {
        const struct gw_table_decl *table = range->table;
        union gw_value *fields = GW_NEW_ARRAY(arena, union gw_value, table->field_count);
        struct gw_bytes stored = gw_arena_copy(arena, val);
        if (fields == NULL || stored.data == NULL)
            return GW_FAIL_NOMEM(err);
        struct gw_cbor_reader r = gw_cbor_reader(stored);
        gw_cbor_get_array_of(&r, table->field_count);
        for (uint32_t i = 0; i < table->field_count; i++)
            GW_TRY(gw_value_decode(table->fields[i].type, &r, arena, &fields[i], err));
        *ret = fields;
        return GW_OK;
    }
    const struct gw_entity *entity = &range->index->owner->entity;
    union gw_value skipped;
    for (uint32_t i = 0; i < range->index->field_count; i++)
        GW_TRY(gw_value_unkey(entity->fields[range->index->fields[i]].type, &rest, arena, &skipped,
                              err));
    union gw_value *keys = GW_NEW_ARRAY(arena, union gw_value, entity->key_count);
    if (keys == NULL)
        return GW_FAIL_NOMEM(err);
    GW_TRY(gw_entity_unkey(entity, rest, arena, keys, err));
    *ret = keys;
    return GW_OK;
}

struct range_walk {
    struct gw_state_key scope; /* what an entry must begin with */
    struct gw_state_key start; /* where the walk begins */
};

/* prefix: all entries that begin with the values. from: entries of the whole table at or after (before, in reverse) them. */
static void range_bounds(const struct gw_vm_range *range, struct range_walk *walk)
{
    struct gw_state_key *at = &walk->start;
    if (range->table) {
        gw_key_start(at, GW_TABLE_ROWS);
        gw_key_u32(at, range->table->id);
        key_fields(range->table->fields, range->values, range->count, at);
    } else {
        index_values(range->index, range->values, range->count, at);
    }
    walk->scope = *at;
    if (range->kind == GW_VM_FROM)
        walk->scope.len = 5;
    if (range
            ->reverse) /* prev() starts below the first key that is past everything with these values */
        while (at->len > 0 && ++at->bytes[at->len - 1] == 0)
            at->len--;
}

gw_rc gw_range_read(const struct gw_state_view *view, const struct gw_vm_range *range,
                    struct gw_arena *arena, union gw_value ***ret_rows, uint32_t *ret_count,
                    struct gw_err *err)
{
    struct range_walk walk;
    range_bounds(range, &walk);
    union gw_value **rows = GW_NEW_ARRAY(arena, union gw_value *, range->limit);
    if (rows == NULL)
        return GW_FAIL_NOMEM(err);
    struct gw_kv_cur *cur = NULL;
    GW_TRY(view->kv->ops->seek(view->view, gw_key_view(&walk.start), &cur, err));
    uint32_t count = 0;
    gw_rc rc = GW_OK;
    while (count < range->limit) {
        struct gw_bytes key, val;
        rc = range->reverse ? view->kv->ops->prev(cur, &key, &val, err)
                            : view->kv->ops->next(cur, &key, &val, err);
        if (rc < 0 || !starts_with(key, &walk.scope))
            break;
        rc = entry_row(range, key, val, arena, &rows[count], err);
        if (rc < 0)
            break;
        count++;
    }
    view->kv->ops->close(cur);
    if (rc < 0 && rc != GW_NOTFOUND)
        return rc;
    *ret_rows = rows;
    *ret_count = count;
    return GW_OK;
}

/** The first entry that begins with `prefix`: its rest (the entity key). @return GW_NOTFOUND */
static gw_rc first_entry(const struct gw_state_view *view, const struct gw_state_key *prefix,
                         struct gw_arena *arena, struct gw_bytes *ret_rest, struct gw_err *err)
{
    struct gw_kv_cur *cur = NULL;
    struct gw_bytes key, val;
    GW_TRY(view->kv->ops->seek(view->view, gw_key_view(prefix), &cur, err));
    gw_rc rc = view->kv->ops->next(cur, &key, &val, err);
    if (rc == GW_OK && !starts_with(key, prefix))
        rc = GW_NOTFOUND;
    if (rc == GW_OK) {
        *ret_rest =
            gw_arena_copy(arena, (struct gw_bytes){key.data + prefix->len, key.len - prefix->len});
        if (ret_rest->data == NULL)
            rc = GW_FAIL_NOMEM(err);
    }
    view->kv->ops->close(cur);
    return rc;
}

gw_rc gw_lookup_read(const struct gw_state_view *view, const struct gw_index_decl *index,
                     const union gw_value *values, struct gw_arena *arena, struct gw_bytes *ret_key,
                     struct gw_err *err)
{
    struct gw_state_key prefix;
    index_values(index, values, index->field_count, &prefix);
    return first_entry(view, &prefix, arena, ret_key, err);
}

/* ---- writing ---- */

static struct gw_state_view batch_view(struct gw_ledger *ledger)
{
    return (struct gw_state_view){ledger->kv, {.txn = ledger->txn}, ledger->program};
}

/** Is this row in the index or counter already (so that a change of it must be followed)? */
static gw_rc is_built(struct gw_ledger *ledger, uint32_t id, struct gw_bytes key, bool *ret,
                      struct gw_err *err)
{
    struct gw_state_view view = batch_view(ledger);
    struct gw_build build;
    GW_TRY(gw_build_get(&view, id, &build, err));
    *ret = build.state == GW_INDEX_PUBLIC ||
           (build.cursor.len && gw_bytes_compare(key, build.cursor) <= 0);
    return GW_OK;
}

static gw_rc index_put(struct gw_ledger *ledger, const struct gw_index_decl *index,
                       struct gw_bytes key, const union gw_value *fields, struct gw_err *err)
{
    struct gw_state_key at;
    gw_index_prefix(index, fields, &at);
    if (index->unique) {
        struct gw_state_view view = batch_view(ledger);
        struct gw_bytes other;
        gw_rc rc = first_entry(&view, &at, &ledger->scratch, &other, err);
        if (rc == GW_OK && !gw_bytes_equal(other, key))
            return GW_FAIL(err, GW_EXISTS, "index %.*s", GW_TEXT_ARG(index->name));
        if (rc < 0 && rc != GW_NOTFOUND)
            return rc;
    }
    gw_key_bytes(&at, key);
    return gw_state_put(ledger, &at, (struct gw_bytes){NULL, 0}, err);
}

gw_rc gw_index_change(struct gw_ledger *ledger, const struct gw_index_decl *index,
                      struct gw_bytes key, const union gw_value *old_fields,
                      const union gw_value *new_fields, struct gw_err *err)
{
    if (old_fields) {
        struct gw_state_key at;
        gw_index_prefix(index, old_fields, &at);
        gw_key_bytes(&at, key);
        GW_TRY(gw_state_del(ledger, &at, err));
    }
    return new_fields ? index_put(ledger, index, key, new_fields, err) : GW_OK;
}

/** What one row adds to a counter, and to which group. @return false: nothing (not living, `where` false, group none) */
static gw_rc contribution(struct gw_ledger *ledger, const struct gw_counter_decl *counter,
                          const union gw_value *fields, union gw_value *ret_by, gw_i128 *ret,
                          struct gw_err *err)
{
    *ret = 0;
    if (fields == NULL)
        return GW_OK;
    if (counter->by_type) {
        const struct gw_type *type = counter->owner->entity.fields[counter->by_field].type;
        union gw_value by = fields[counter->by_field];
        if (type->kind == GW_TYPE_OPT) {
            if (by.opt == NULL)
                return GW_OK;
            by = *by.opt;
        }
        *ret_by = by;
    }
    if (counter->where) {
        struct gw_vm vm = {.program = ledger->program, .arena = &ledger->scratch};
        struct gw_vm_result result;
        gw_vm_run(&vm, counter->where, fields, &result);
        if (result.status == GW_VM_OUT_OF_MEMORY)
            return GW_FAIL_NOMEM(err);
        if (result.status != GW_VM_DONE || result.value.i == 0)
            return GW_OK;
    }
    *ret = counter->is_sum ? fields[counter->sum_field].i : 1;
    return GW_OK;
}

static gw_rc counter_add(struct gw_ledger *ledger, const struct gw_counter_decl *counter,
                         const union gw_value *by, gw_i128 amount, struct gw_err *err)
{
    struct gw_state_key at;
    struct gw_state_view view = batch_view(ledger);
    gw_i128 number = 0;
    if (amount == 0)
        return GW_OK;
    counter_key(counter, by, &at);
    GW_TRY(counter_number(&view, &at, &number, err));
    gw_i128 min = 0;
    gw_u128 max = 0;
    gw_type_range(counter->type, &min, &max);
    if (__builtin_add_overflow(number, amount, &number) || number < min ||
        (number > 0 && (gw_u128)number > max))
        return GW_FAIL(err, GW_TOOLARGE, "counter %.*s", GW_TEXT_ARG(counter->name));
    if (number == 0)
        return gw_state_del(ledger, &at, err);
    uint8_t bytes[sizeof(number)];
    memcpy(bytes, &number, sizeof(number));
    return gw_state_put(ledger, &at, (struct gw_bytes){bytes, sizeof(bytes)}, err);
}

gw_rc gw_counter_change(struct gw_ledger *ledger, const struct gw_counter_decl *counter,
                        const union gw_value *old_fields, const union gw_value *new_fields,
                        struct gw_err *err)
{
    union gw_value old_by = {0}, new_by = {0};
    gw_i128 old_amount = 0, new_amount = 0;
    GW_TRY(contribution(ledger, counter, old_fields, &old_by, &old_amount, err));
    GW_TRY(contribution(ledger, counter, new_fields, &new_by, &new_amount, err));
    if (counter->by_type == NULL || gw_value_equal(counter->by_type, old_by, new_by)) {
        gw_i128 delta = 0;
        if (__builtin_sub_overflow(new_amount, old_amount, &delta))
            return GW_FAIL(err, GW_TOOLARGE, "counter %.*s", GW_TEXT_ARG(counter->name));
        return counter_add(ledger, counter, new_fields ? &new_by : &old_by, delta, err);
    }
    GW_TRY(counter_add(ledger, counter, &old_by, -old_amount, err));
    return counter_add(ledger, counter, &new_by, new_amount, err);
}

gw_rc gw_collections_change(struct gw_ledger *ledger, const struct gw_program_entity *entity,
                            struct gw_bytes key, const union gw_value *old_fields,
                            const union gw_value *new_fields, struct gw_err *err)
{
    bool built = false;
    for (uint32_t i = 0; i < entity->index_count; i++) {
        GW_TRY(is_built(ledger, entity->indexes[i]->id, key, &built, err));
        if (built)
            GW_TRY(gw_index_change(ledger, entity->indexes[i], key, old_fields, new_fields, err));
    }
    for (uint32_t i = 0; i < entity->counter_count; i++) {
        GW_TRY(is_built(ledger, entity->counters[i]->id, key, &built, err));
        if (built)
            GW_TRY(gw_counter_change(ledger, entity->counters[i], old_fields, new_fields, err));
    }
    return GW_OK;
}
