#include "ledger/run.h"

#include "ledger/history.h"
#include "ledger/phase.h"

/** Remembers a failure that ends the batch; the machine stops as if out of memory. */
static enum gw_vm_rc broken(struct gw_run *run, gw_rc rc)
{
    run->rc = rc;
    return GW_VM_NOMEM;
}

static enum gw_vm_rc aborted(struct gw_run *run, enum gw_abort abort)
{
    run->host.abort = abort;
    return GW_VM_ABORTED;
}

static struct gw_run_row *find(const struct gw_run *run, const struct gw_program_entity *entity,
                               struct gw_bytes key, uint64_t hash)
{
    for (struct gw_run_row *row = run->buckets[hash % GW_RUN_BUCKETS]; row; row = row->bucket_next)
        if (row->hash == hash && row->row.entity == entity && gw_bytes_equal(row->key, key))
            return row;
    return NULL;
}

static gw_rc load_pair(struct gw_run *run, struct gw_run_row *row, struct gw_err *err)
{
    const struct gw_program_entity *entity = row->row.entity;
    struct gw_state_key at;
    struct gw_bytes pair;
    gw_key_of(&at, GW_TABLE_ENTITY, entity->entity.id, row->key);
    gw_rc rc = run->state.kv->ops->get(run->state.view, gw_key_view(&at), &pair, err);
    if (rc == GW_NOTFOUND) {
        gw_meta_init(&row->meta, entity);
        return GW_OK;
    }
    GW_TRY(rc);
    pair = gw_arena_copy(run->arena, pair);
    if (pair.data == NULL)
        return GW_FAIL_NOMEM(err);
    row->known = true;
    return gw_meta_decode(pair, &row->meta, err);
}

/** Two arrays of fields: the machine's own, and what it was before. */
static gw_rc load_fields(struct gw_run *run, struct gw_run_row *row, struct gw_err *err)
{
    const struct gw_entity *entity = &row->row.entity->entity;
    union gw_value *fields =
        GW_NEW_ARRAY(run->arena, union gw_value, 2 * (size_t)entity->field_count);
    if (fields == NULL)
        return GW_FAIL_NOMEM(err);
    GW_TRY(gw_image_decode(entity, row->meta.value, run->arena, fields, err));
    memcpy(fields + entity->field_count, fields, entity->field_count * sizeof(*fields));
    row->row.fields = fields;
    row->row.living = true;
    row->old_fields = row->counted = fields + entity->field_count;
    return GW_OK;
}

/** Takes the row back to what it was after index `as_of`. */
static gw_rc rewind_row(struct gw_run *run, struct gw_run_row *row, struct gw_err *err)
{
    union gw_value *fields = NULL;
    enum gw_history found;
    GW_TRY(
        gw_history_at(row->row.entity, &row->meta, run->as_of, run->arena, &fields, &found, err));
    row->too_old = found == GW_HISTORY_TOO_OLD;
    row->row.living = found == GW_HISTORY_LIVING;
    row->row.fields = row->row.living ? fields : NULL;
    row->meta.living = row->row.living;
    return GW_OK;
}

/** The row of a key, loaded once per run. */
static gw_rc touch(struct gw_run *run, const struct gw_program_entity *entity, struct gw_bytes key,
                   struct gw_run_row **ret, struct gw_err *err)
{
    uint64_t hash = gw_hash64(key, entity->entity.id);
    *ret = find(run, entity, key, hash);
    if (*ret)
        return GW_OK;
    struct gw_run_row *row = GW_NEW(run->arena, struct gw_run_row);
    key = gw_arena_copy(run->arena, key);
    if (row == NULL || key.data == NULL)
        return GW_FAIL_NOMEM(err);
    row->row.entity = entity;
    row->key = key;
    row->hash = hash;
    GW_TRY(load_pair(run, row, err));
    if (row->known && row->meta.living && row->meta.resident)
        GW_TRY(load_fields(run, row, err));
    if (run->as_of && row->known && row->meta.resident)
        GW_TRY(rewind_row(run, row, err));
    row->bucket_next = run->buckets[hash % GW_RUN_BUCKETS];
    run->buckets[hash % GW_RUN_BUCKETS] = row;
    *run->last = row;
    run->last = &row->touched_next;
    *ret = row;
    return GW_OK;
}

static enum gw_vm_rc missing(struct gw_run *run, struct gw_run_row *row)
{
    if (run->missing_count == GW_RUN_MISSING_MAX)
        return GW_VM_MISSING; /* enough for one round */
    if (run->missing == NULL)
        run->missing = GW_NEW_ARRAY(run->arena, struct gw_missing_key, GW_RUN_MISSING_MAX);
    if (run->missing == NULL)
        return broken(run, GW_FAIL_NOMEM(&run->err));
    run->missing[run->missing_count++] =
        (struct gw_missing_key){.entity = row->row.entity, .key = row->key};
    return GW_VM_MISSING;
}

/** What a touched row is for the program. `fresh`: an UNKNOWN key counts as absent. */
static enum gw_vm_rc standing(struct gw_run *run, struct gw_run_row *row, bool fresh)
{
    if (row->too_old)
        return aborted(run, GW_ABORT_TOO_OLD);
    if (row->row.living)
        return GW_VM_OK;
    if (row->known && row->meta.state == GW_KEY_CONFLICT)
        return aborted(run, GW_ABORT_HALTED);
    bool cold = row->known && row->meta.living && !row->meta.resident;
    bool unknown =
        !row->known && row->row.entity->home_count > 0 && !fresh && row->old_fields == NULL;
    return cold || unknown ? missing(run, row) : GW_VM_ABSENT;
}

static enum gw_vm_rc host_touch(struct gw_run *run, const struct gw_program_entity *entity,
                                const union gw_value *key, struct gw_run_row **ret)
{
    uint8_t memory[GW_KV_KEY_MAX];
    struct gw_buf bytes;
    if (run->ledger && gw_small_is_halted(&run->ledger->small, entity->entity.id))
        return aborted(run, GW_ABORT_HALTED);
    gw_buf_init_fixed(&bytes, memory, sizeof(memory));
    gw_entity_key(&entity->entity, key, &bytes);
    gw_rc rc = touch(run, entity, gw_buf_bytes(&bytes), ret, &run->err);
    if (rc < 0)
        return broken(run, rc);
    if ((*ret)->known && (*ret)->meta.state == GW_KEY_CONFLICT)
        return aborted(run, GW_ABORT_HALTED);
    return GW_VM_OK;
}

static enum gw_vm_rc host_row(void *ctx, const struct gw_program_entity *entity,
                              const union gw_value *key, struct gw_vm_row **ret)
{
    struct gw_run *run = ctx;
    struct gw_run_row *row = NULL;
    enum gw_vm_rc rc = host_touch(run, entity, key, &row);
    if (rc != GW_VM_OK)
        return rc;
    rc = standing(run, row, false);
    if (rc == GW_VM_OK)
        *ret = &row->row;
    return rc;
}

static enum gw_vm_rc host_create(void *ctx, const struct gw_program_entity *entity,
                                 const union gw_value *fields, bool fresh, struct gw_vm_row **ret)
{
    struct gw_run *run = ctx;
    struct gw_run_row *row = NULL;
    enum gw_vm_rc rc = host_touch(run, entity, fields, &row);
    if (rc != GW_VM_OK)
        return rc;
    rc = standing(run, row, fresh);
    if (rc == GW_VM_OK)
        return aborted(run, GW_ABORT_EXISTS);
    if (rc != GW_VM_ABSENT)
        return rc;
    union gw_value *own = GW_NEW_ARRAY(run->arena, union gw_value, entity->entity.field_count);
    if (own == NULL)
        return broken(run, GW_FAIL_NOMEM(&run->err));
    memcpy(own, fields, entity->entity.field_count * sizeof(*own));
    row->row.fields = own;
    row->row.living = true;
    row->row.dirty = true;
    *ret = &row->row;
    return GW_VM_OK;
}

static enum gw_vm_rc host_remove(void *ctx, struct gw_vm_row *row)
{
    (void)ctx;
    row->living = false;
    row->dirty = true;
    return GW_VM_OK;
}

/** Brings indexes and counters up to date with this run's writes so far. */
static gw_rc count_rows(struct gw_run *run, struct gw_err *err)
{
    for (struct gw_run_row *row = run->first; row; row = row->touched_next) {
        const struct gw_program_entity *entity = row->row.entity;
        if (!row->row.dirty || entity->index_count + entity->counter_count == 0)
            continue;
        union gw_value *now = NULL;
        if (row->row.living) {
            now = GW_NEW_ARRAY(run->arena, union gw_value, entity->entity.field_count);
            if (now == NULL)
                return GW_FAIL_NOMEM(err);
            memcpy(now, row->row.fields, entity->entity.field_count * sizeof(*now));
        }
        GW_TRY(gw_collections_change(run->ledger, entity, row->key, row->counted, now, err));
        row->counted = now;
    }
    return GW_OK;
}

/** Before a read of a collection. An abort (UNIQUE, ARITH) is the program's. */
static enum gw_vm_rc counted(struct gw_run *run)
{
    if (run->ledger == NULL)
        return GW_VM_OK;
    gw_rc rc = count_rows(run, &run->err);
    if (rc == GW_EXISTS)
        return aborted(run, GW_ABORT_UNIQUE);
    if (rc == GW_TOOLARGE)
        return aborted(run, GW_ABORT_ARITH);
    return rc < 0 ? broken(run, rc) : GW_VM_OK;
}

static enum gw_vm_rc ready(struct gw_run *run, uint32_t id)
{
    struct gw_build build;
    gw_rc rc = gw_build_get(&run->state, id, &build, &run->err);
    if (rc < 0)
        return broken(run, rc);
    return build.state == GW_INDEX_PUBLIC ? counted(run) : aborted(run, GW_ABORT_NOT_READY);
}

static enum gw_vm_rc host_table_get(void *ctx, const struct gw_table_decl *table,
                                    const union gw_value *key, struct gw_arena *arena,
                                    union gw_value **ret_fields)
{
    struct gw_run *run = ctx;
    gw_rc rc = gw_table_read(&run->state, table, key, arena, ret_fields, &run->err);
    if (rc == GW_NOTFOUND)
        return GW_VM_ABSENT;
    return rc < 0 ? broken(run, rc) : GW_VM_OK;
}

static enum gw_vm_rc host_table_put(void *ctx, const struct gw_table_decl *table,
                                    const union gw_value *fields)
{
    struct gw_run *run = ctx;
    if (run->ledger == NULL)
        return GW_VM_OK; /* a shadow's writes go nowhere */
    struct gw_state_key at;
    gw_table_key(table, fields, &at);
    struct gw_buf *pair = &run->ledger->pair;
    gw_buf_reset(pair);
    gw_cbor_put_array(pair, table->field_count);
    for (uint32_t i = 0; i < table->field_count; i++)
        gw_value_encode(table->fields[i].type, fields[i], pair);
    gw_rc rc = gw_buf_check(pair, "table row", &run->err);
    if (rc == GW_OK)
        rc = gw_state_put(run->ledger, &at, gw_buf_bytes(pair), &run->err);
    return rc < 0 ? broken(run, rc) : GW_VM_OK;
}

static enum gw_vm_rc host_table_drop(void *ctx, const struct gw_table_decl *table,
                                     const union gw_value *key)
{
    struct gw_run *run = ctx;
    if (run->ledger == NULL)
        return GW_VM_OK; /* a shadow's writes go nowhere */
    struct gw_state_key at;
    gw_table_key(table, key, &at);
    gw_rc rc = gw_state_del(run->ledger, &at, &run->err);
    return rc < 0 ? broken(run, rc) : GW_VM_OK;
}

static enum gw_vm_rc host_range(void *ctx, const struct gw_vm_range *range, struct gw_arena *arena,
                                union gw_value ***ret_rows, uint32_t *ret_count)
{
    struct gw_run *run = ctx;
    if (range->index) {
        enum gw_vm_rc vm_rc = ready(run, range->index->id);
        if (vm_rc != GW_VM_OK)
            return vm_rc;
    }
    gw_rc rc = gw_range_read(&run->state, range, arena, ret_rows, ret_count, &run->err);
    return rc < 0 ? broken(run, rc) : GW_VM_OK;
}

static enum gw_vm_rc host_lookup(void *ctx, const struct gw_index_decl *index,
                                 const union gw_value *values, struct gw_vm_row **ret)
{
    struct gw_run *run = ctx;
    enum gw_vm_rc vm_rc = ready(run, index->id);
    if (vm_rc != GW_VM_OK)
        return vm_rc;
    struct gw_bytes key;
    gw_rc rc = gw_lookup_read(&run->state, index, values, run->arena, &key, &run->err);
    if (rc == GW_NOTFOUND)
        return GW_VM_ABSENT;
    struct gw_run_row *row = NULL;
    if (rc == GW_OK)
        rc = touch(run, index->owner, key, &row, &run->err);
    if (rc < 0)
        return broken(run, rc);
    vm_rc = standing(run, row, false);
    if (vm_rc == GW_VM_OK)
        *ret = &row->row;
    return vm_rc;
}

static enum gw_vm_rc host_counter(void *ctx, const struct gw_counter_decl *counter,
                                  const union gw_value *by, union gw_value *ret)
{
    struct gw_run *run = ctx;
    enum gw_vm_rc vm_rc = ready(run, counter->id);
    if (vm_rc != GW_VM_OK)
        return vm_rc;
    gw_rc rc = gw_counter_read(&run->state, counter, by, ret, &run->err);
    return rc < 0 ? broken(run, rc) : GW_VM_OK;
}

static enum gw_vm_rc host_emit(void *ctx, struct gw_text event, const struct gw_field *fields,
                               const union gw_value *values, uint32_t count)
{
    struct gw_run *run = ctx;
    if (run->ledger == NULL)
        return GW_VM_OK; /* a shadow's writes go nowhere */
    struct gw_state_key at;
    gw_key_start(&at, GW_TABLE_EVENT);
    gw_key_u64(&at, run->ledger->head.index);
    gw_key_u32(&at, run->ledger->records);
    gw_key_u32(&at, run->ledger->slice << 16 | run->events++); /* slices of one STEP count on */
    struct gw_buf *pair = &run->ledger->pair;
    gw_buf_reset(pair);
    gw_cbor_put_array(pair, 1 + (uint64_t)count);
    gw_cbor_put_text(pair, event);
    for (uint32_t i = 0; i < count; i++) {
        gw_cbor_put_array(
            pair, 3); /* name, type as text, value: readable without the program of its time */
        gw_cbor_put_text(pair, fields[i].name);
        struct gw_buf type;
        uint8_t memory[512];
        gw_buf_init_fixed(&type, memory, sizeof(memory));
        gw_type_text(fields[i].type, &type);
        gw_cbor_put_text(pair, gw_buf_text(&type));
        gw_value_encode(fields[i].type, values[i], pair);
    }
    gw_rc rc = gw_buf_check(pair, "event", &run->err);
    if (rc == GW_OK)
        rc = gw_state_put(run->ledger, &at, gw_buf_bytes(pair), &run->err);
    if (rc == GW_OK)
        rc = gw_event_count(run->ledger, &run->err);
    return rc < 0 ? broken(run, rc) : GW_VM_OK;
}

void gw_run_init(struct gw_run *run, struct gw_ledger *ledger, const struct gw_state_view *state,
                 struct gw_arena *arena)
{
    *run = (struct gw_run){
        .host = {.row = host_row,
                 .create = host_create,
                 .remove = host_remove,
                 .table_get = host_table_get,
                 .table_put = host_table_put,
                 .table_drop = host_table_drop,
                 .range = host_range,
                 .lookup = host_lookup,
                 .counter = host_counter,
                 .emit = host_emit},
        .ledger = ledger,
        .state = *state,
        .arena = arena,
    };
    run->host.ctx = run;
    run->last = &run->first;
}

/** A read leaves its mark for the eviction clock only when memory is getting short, so that reads stay reads. */
static gw_rc mark_touched(struct gw_run *run, struct gw_run_row *row, struct gw_err *err)
{
    struct gw_ledger *ledger = run->ledger;
    if (!row->known || row->meta.touched ||
        ledger->small.resident_bytes < ledger->small.limits.resident_bytes_max / 2)
        return GW_OK;
    struct gw_meta after = row->meta;
    after.touched = true;
    return gw_pair_put(ledger, row->row.entity->entity.id, row->key, &row->meta, &after, err);
}

/** An entity in `observe` belongs to others: a call that would change it ends. @return GW_CONFLICT */
static gw_rc may_change(struct gw_run *run, const struct gw_program_entity *entity,
                        struct gw_err *err)
{
    struct gw_phase_state state;
    if (run->ledger->small.observed_count == 0)
        return GW_OK;
    GW_TRY(gw_ledger_phase(run->ledger, entity, &state, err));
    return state.phase == GW_PHASE_OBSERVE ? GW_CONFLICT : GW_OK;
}

static gw_rc commit_row(struct gw_run *run, struct gw_run_row *row, uint32_t fn, struct gw_err *err)
{
    const struct gw_entity *entity = &row->row.entity->entity;
    struct gw_buf image = {0};
    if (!row->row.dirty || (!row->row.living && row->old_fields == NULL))
        return mark_touched(run, row, err);
    if (row->row.living) {
        uint8_t *memory = gw_arena_get_raw(run->arena, entity->image_bytes_max);
        if (memory == NULL)
            return GW_FAIL_NOMEM(err);
        gw_buf_init_fixed(&image, memory, entity->image_bytes_max);
        gw_image_encode(entity, row->row.fields, &image);
        GW_TRY(gw_buf_check(&image, "image", err));
        if (row->old_fields && gw_bytes_equal(gw_buf_bytes(&image), row->meta.value))
            return mark_touched(run, row, err); /* a write of equal values is no change */
    }
    GW_TRY(may_change(run, row->row.entity, err));
    const struct gw_change change = {
        .entity = row->row.entity,
        .key = row->key,
        .before = row->known ? &row->meta : NULL,
        .old_fields = row->old_fields,
        .new_fields = row->row.living ? row->row.fields : NULL,
        .new_image = gw_buf_bytes(&image),
        .ver = row->meta.ver + 1,
        .fn = fn,
        .keep_indexes = true,
    };
    return gw_change_apply(run->ledger, &change, err);
}

gw_rc gw_run_commit(struct gw_run *run, uint32_t fn, struct gw_err *err)
{
    GW_TRY(count_rows(run, err));
    for (struct gw_run_row *row = run->first; row; row = row->touched_next)
        GW_TRY(commit_row(run, row, fn, err));
    return GW_OK;
}
