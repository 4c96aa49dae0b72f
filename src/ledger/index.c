/* INDEX: indexes and counters over rows that were there before them, slice by slice, in key order. A row is maintained
 * by calls as soon as the cursor has passed it (collections.c), so a slice and the calls around it never meet. */
#include "ledger/build.h"
#include "ledger/ledger_int.h"
#include "ledger/phase.h"

/** An index or a counter: the builder treats both alike. */
struct build {
    const struct gw_index_decl *index;
    const struct gw_counter_decl *counter;
    const struct gw_program_entity *owner;
    struct gw_text name;
    uint32_t id;
};

static struct build build_of_index(const struct gw_index_decl *index)
{
    return (struct build){index, NULL, index->owner, index->name, index->id};
}

static struct build build_of_counter(const struct gw_counter_decl *counter)
{
    return (struct build){NULL, counter, counter->owner, counter->name, counter->id};
}

/** @return false: the program has neither index nor counter of this id */
static bool build_find(const struct gw_program *program, uint32_t id, struct build *ret)
{
    const struct gw_index_decl *index = program ? gw_program_index_id(program, id) : NULL;
    const struct gw_counter_decl *counter = program ? gw_program_counter_id(program, id) : NULL;
    if (index) {
        *ret = build_of_index(index);
    } else if (counter) {
        *ret = build_of_counter(counter);
    }
    return index || counter;
}

static gw_rc build_put(struct gw_ledger *ledger, uint32_t id, enum gw_index_state state,
                       struct gw_bytes cursor, struct gw_err *err)
{
    struct gw_state_key at;
    gw_key_start(&at, GW_TABLE_BUILD);
    gw_key_u32(&at, id);
    gw_buf_reset(&ledger->pair);
    gw_buf_put_u8(&ledger->pair, (uint8_t)state);
    gw_buf_put_bytes(&ledger->pair, cursor);
    return gw_state_put(ledger, &at, gw_buf_bytes(&ledger->pair), err);
}

static bool has_source(const struct gw_program_entity *entity)
{
    for (uint32_t i = 0; i < entity->home_count; i++) {
        if (entity->homes[i]->home.role == GW_HOME_SOURCE)
            return true;
    }
    return false;
}

/** A unique index is only as good as the rows it has seen: an unknown one could break it. */
static gw_rc may_publish(struct gw_ledger *ledger, const struct build *build, bool *ret,
                         struct gw_err *err)
{
    struct gw_phase_state state;
    *ret = true;
    if (build->index == NULL || !build->index->unique || !has_source(build->owner))
        return GW_OK;
    GW_TRY(gw_ledger_phase(ledger, build->owner, &state, err));
    *ret = state.phase >= GW_PHASE_VERIFIED;
    return GW_OK;
}

/** Is there a key of the entity behind `cursor`? */
static gw_rc key_behind(struct gw_ledger *ledger, const struct gw_program_entity *entity,
                        struct gw_bytes cursor, bool *ret, struct gw_err *err)
{
    struct gw_state_view view;
    struct gw_state_key scope, from;
    struct gw_kv_cur *cur = NULL;
    struct gw_bytes key, val;
    gw_key_of(&scope, GW_TABLE_ENTITY, entity->entity.id, (struct gw_bytes){NULL, 0});
    gw_key_of(&from, GW_TABLE_ENTITY, entity->entity.id, cursor);
    GW_TRY(gw_state_view_of(ledger, &view, err));
    GW_TRY(ledger->kv->ops->seek(view.view, gw_key_view(&from), &cur, err));
    gw_rc rc = gw_scope_next(ledger->kv, cur, &scope, &key, &val, err);
    if (rc == GW_OK && cursor.len && gw_bytes_equal(key, gw_key_view(&from)))
        rc = gw_scope_next(ledger->kv, cur, &scope, &key, &val, err);
    ledger->kv->ops->close(cur);
    *ret = rc == GW_OK;
    return rc == GW_NOTFOUND ? GW_OK : rc;
}

gw_rc gw_build_begin(struct gw_ledger *ledger, uint32_t id, struct gw_err *err)
{
    struct build build;
    bool known = true, may = false;
    if (!build_find(ledger->program, id, &build))
        GW_UNREACHABLE_CODE(); /* the caller walks the program's own lists */
    GW_TRY(key_behind(ledger, build.owner, (struct gw_bytes){NULL, 0}, &known, err));
    GW_TRY(may_publish(ledger, &build, &may, err));
    return build_put(ledger, id, !known && may ? GW_INDEX_PUBLIC : GW_INDEX_WRITE_ONLY,
                     (struct gw_bytes){NULL, 0}, err);
}

/** One slice under way. */
struct slice {
    struct build build;
    struct gw_bytes cursor; /* of the last key done */
    uint32_t done;
    bool at_end;
    struct gw_missing_key missing; /* entity set: a living key whose value is not here */
};

/** @return GW_EXISTS, GW_TOOLARGE: the declared thing does not fit the rows */
static gw_rc build_key(struct gw_ledger *ledger, struct slice *slice, struct gw_bytes key,
                       const struct gw_meta *meta, struct gw_err *err)
{
    const struct gw_entity *entity = &slice->build.owner->entity;
    if (!meta->living)
        return GW_OK;
    union gw_value *fields = GW_NEW_ARRAY(&ledger->scratch, union gw_value, entity->field_count);
    if (fields == NULL)
        return GW_FAIL_NOMEM(err);
    GW_TRY(gw_image_decode(entity, meta->value, &ledger->scratch, fields, err));
    if (slice->build.index)
        return gw_index_change(ledger, slice->build.index, key, NULL, fields, err);
    return gw_counter_change(ledger, slice->build.counter, NULL, fields, err);
}

static gw_rc slice_walk(struct gw_ledger *ledger, struct slice *slice, struct gw_kv_cur *cur,
                        struct gw_err *err)
{
    const struct gw_program_entity *owner = slice->build.owner;
    struct gw_state_key scope;
    gw_key_of(&scope, GW_TABLE_ENTITY, owner->entity.id, (struct gw_bytes){NULL, 0});
    while (slice->done < GW_BUILD_KEYS_MAX) {
        struct gw_bytes at, pair;
        struct gw_meta meta;
        gw_rc rc = gw_scope_next(ledger->kv, cur, &scope, &at, &pair, err);
        if (rc == GW_NOTFOUND) {
            slice->at_end = true;
            return GW_OK;
        }
        GW_TRY(rc);
        struct gw_bytes key =
            gw_scratch_copy(ledger, (struct gw_bytes){at.data + scope.len, at.len - scope.len});
        pair = gw_scratch_copy(ledger, pair);
        if (key.data == NULL || pair.data == NULL)
            return GW_FAIL_NOMEM(err);
        if (slice->cursor.len && gw_bytes_compare(key, slice->cursor) <= 0)
            continue;
        GW_TRY(gw_meta_decode(pair, &meta, err));
        if (meta.living && !meta.resident) {
            slice->missing = (struct gw_missing_key){.entity = owner, .key = key};
            return GW_OK;
        }
        GW_TRY(build_key(ledger, slice, key, &meta, err));
        slice->cursor = key;
        slice->done++;
    }
    return GW_OK;
}

static gw_rc slice_run(struct gw_ledger *ledger, struct slice *slice, struct gw_err *err)
{
    struct gw_state_key from;
    struct gw_kv_cur *cur = NULL;
    gw_key_of(&from, GW_TABLE_ENTITY, slice->build.owner->entity.id, slice->cursor);
    GW_TRY(ledger->kv->ops->seek((struct gw_kv_view){.txn = ledger->txn}, gw_key_view(&from), &cur,
                                 err));
    gw_rc rc = slice_walk(ledger, slice, cur, err);
    ledger->kv->ops->close(cur);
    return rc;
}

/** What the rows say against the declaration, as an answer to who asked. */
static void refuse_build(struct gw_ledger *ledger, const struct slice *slice, gw_rc rc)
{
    gw_refuse(ledger, rc == GW_EXISTS ? 2411 : 2412,
              gw_arena_printf(&ledger->batch,
                              rc == GW_EXISTS
                                  ? "unique index %.*s: two rows have the same value"
                                  : "counter %.*s: the rows add up to more than its type holds",
                              GW_TEXT_ARG(slice->build.name)));
}

gw_rc gw_apply_index(struct gw_ledger *ledger, const struct gw_rec_index *rec, struct gw_err *err)
{
    struct gw_state_view view;
    struct gw_build stored;
    struct slice slice = {0};
    bool may = false;
    if (!build_find(ledger->program, rec->id, &slice.build)) {
        gw_refuse(ledger, 2410, GW_TEXT_LIT("the program has no such index or counter"));
        return GW_OK;
    }
    GW_TRY(gw_state_view_of(ledger, &view, err));
    GW_TRY(gw_build_get(&view, rec->id, &stored, err));
    if (stored.state == GW_INDEX_PUBLIC || !gw_bytes_equal(stored.cursor, rec->cursor)) {
        gw_refuse(ledger, 2413, GW_TEXT_LIT("this slice was built already"));
        return GW_OK;
    }
    slice.cursor = gw_scratch_copy(ledger, stored.cursor);
    gw_rc rc = slice_run(ledger, &slice, err);
    if (rc == GW_EXISTS || rc == GW_TOOLARGE) {
        refuse_build(ledger, &slice, rc);
        return GW_OK;
    }
    GW_TRY(rc);
    if (slice.missing.entity)
        gw_report_missing(ledger, &slice.missing, 1);
    GW_TRY(may_publish(ledger, &slice.build, &may, err));
    bool publish = slice.at_end && may;
    if (slice.done == 0 && !publish) {
        if (slice.missing.entity) {
            ledger->applying->kind = GW_APPLIED_NEEDS_KEYS;
        } else {
            gw_refuse(ledger, 2414, GW_TEXT_LIT("it waits until every row is known"));
        }
        return GW_OK;
    }
    ledger->applying->wake_daemons = true;
    return build_put(ledger, rec->id, publish ? GW_INDEX_PUBLIC : GW_INDEX_BACKFILL, slice.cursor,
                     err);
}

static gw_rc build_info(struct gw_ledger *ledger, const struct build *build, struct gw_arena *arena,
                        struct gw_build_info *ret, bool *ret_listed, struct gw_err *err)
{
    struct gw_state_view view;
    struct gw_build stored;
    bool behind = false, may = false;
    GW_TRY(gw_state_view_of(ledger, &view, err));
    GW_TRY(gw_build_get(&view, build->id, &stored, err));
    *ret_listed = stored.state != GW_INDEX_PUBLIC;
    if (!*ret_listed)
        return GW_OK;
    struct gw_bytes cursor = gw_arena_copy(arena, stored.cursor);
    GW_TRY(key_behind(ledger, build->owner, cursor, &behind, err));
    GW_TRY(may_publish(ledger, build, &may, err));
    *ret = (struct gw_build_info){
        .id = build->id,
        .name = build->name,
        .is_counter = build->counter != NULL,
        .owner = build->owner,
        .state = stored.state,
        .cursor = cursor,
        .can_go = behind || may,
        .why = behind || may
                   ? GW_TEXT_LIT("being built")
                   : gw_arena_printf(
                         arena, "unique: waits until every row of %.*s is known (phase verified)",
                         GW_TEXT_ARG(build->owner->entity.name)),
    };
    return GW_OK;
}

gw_rc gw_ledger_builds(struct gw_ledger *ledger, struct gw_arena *arena, struct gw_build_info **ret,
                       uint32_t *ret_count, struct gw_err *err)
{
    const struct gw_program *program = ledger->program;
    uint32_t indexes = program ? program->index_count : 0;
    uint32_t all = program ? indexes + program->counter_count : 0, count = 0;
    struct gw_build_info *infos = GW_NEW_ARRAY(arena, struct gw_build_info, all);
    if (infos == NULL)
        return GW_FAIL_NOMEM(err);
    for (uint32_t i = 0; i < all; i++) {
        struct build build = i < indexes ? build_of_index(program->indexes[i])
                                         : build_of_counter(program->counters[i - indexes]);
        bool listed = false;
        GW_TRY(build_info(ledger, &build, arena, &infos[count], &listed, err));
        count += listed;
    }
    *ret = infos;
    *ret_count = count;
    return GW_OK;
}
