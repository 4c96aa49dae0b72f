/* HALT, RESOLVE, RESUME: nothing foreign is ever overwritten that a person has not seen. */
#include "ledger/halt.h"

#include "codec/cbor.h"
#include "ledger/evidence.h"
#include "ledger/intent.h"

enum { FIELDS = 20, SCOPE_CLUSTER = 0, SCOPE_ENTITY = 1, SCOPE_KEY = 2 };

void gw_halt_key(uint64_t n, struct gw_state_key *ret)
{
    gw_key_start(ret, GW_TABLE_HALT);
    gw_key_u64(ret, n);
}

static void put_seen(const struct gw_seen *seen, struct gw_buf *ret)
{
    gw_cbor_put_bool(ret, seen->present);
    if (seen->ver == GW_VERSION_NONE)
        gw_cbor_put_null(ret);
    else
        gw_cbor_put_uint(ret, seen->ver);
    gw_cbor_put_bytes(ret, (struct gw_bytes){seen->hash.bytes, sizeof(seen->hash.bytes)});
}

static void get_seen(struct gw_cbor_reader *r, struct gw_seen *ret)
{
    ret->present = gw_cbor_get_bool(r);
    ret->ver = gw_cbor_take_null(r) ? GW_VERSION_NONE : gw_cbor_get_uint(r);
    gw_cbor_get_exact(r, ret->hash.bytes, sizeof(ret->hash.bytes));
}

void gw_halt_encode(const struct gw_halt *halt, struct gw_buf *ret)
{
    gw_cbor_put_array(ret, FIELDS);
    gw_cbor_put_uint(ret, halt->n);
    gw_cbor_put_bool(ret, halt->resolved);
    gw_cbor_put_uint(ret, halt->scope);
    gw_cbor_put_uint(ret, halt->entity);
    gw_cbor_put_uint(ret, halt->home);
    gw_cbor_put_bytes(ret, halt->key);
    gw_cbor_put_uint(ret, halt->conflict);
    gw_cbor_put_text(ret, halt->found_by);
    gw_cbor_put_text(ret, halt->text);
    put_seen(&halt->expected, ret);
    put_seen(&halt->found, ret);
    gw_cbor_put_bytes(ret, halt->expected_image);
    gw_cbor_put_bytes(ret, halt->found_image);
    gw_cbor_put_uint(ret, halt->at.index);
    gw_cbor_put_uint(ret, halt->at.record);
    gw_cbor_put_int(ret, halt->time_ns);
}

gw_rc gw_halt_decode(struct gw_bytes bytes, struct gw_halt *ret, struct gw_err *err)
{
    struct gw_cbor_reader r = gw_cbor_reader(bytes);
    struct gw_halt halt = {0};
    gw_cbor_get_array_of(&r, FIELDS);
    halt.n = gw_cbor_get_uint(&r);
    halt.resolved = gw_cbor_get_bool(&r);
    halt.scope = (uint32_t)gw_cbor_get_uint_to(&r, SCOPE_KEY);
    halt.entity = (uint32_t)gw_cbor_get_uint_to(&r, UINT32_MAX);
    halt.home = (uint32_t)gw_cbor_get_uint_to(&r, UINT32_MAX);
    halt.key = gw_cbor_get_bytes(&r);
    halt.conflict = (uint32_t)gw_cbor_get_uint_to(&r, GW_CONFLICT_DUPLICATE);
    halt.found_by = gw_cbor_get_text(&r);
    halt.text = gw_cbor_get_text(&r);
    get_seen(&r, &halt.expected);
    get_seen(&r, &halt.found);
    halt.expected_image = gw_cbor_get_bytes(&r);
    halt.found_image = gw_cbor_get_bytes(&r);
    halt.at.index = gw_cbor_get_uint(&r);
    halt.at.record = (uint32_t)gw_cbor_get_uint_to(&r, UINT32_MAX);
    halt.time_ns = gw_cbor_get_int(&r);
    gw_cbor_end(&r);
    GW_TRY(gw_cbor_check(&r, GW_CORRUPT, "halt", err));
    *ret = halt;
    return GW_OK;
}

static gw_rc halt_put(struct gw_ledger *ledger, const struct gw_halt *halt, struct gw_err *err)
{
    struct gw_state_key at;
    gw_halt_key(halt->n, &at);
    gw_buf_reset(&ledger->pair);
    gw_halt_encode(halt, &ledger->pair);
    GW_TRY(gw_buf_check(&ledger->pair, "halt", err));
    return gw_state_put(ledger, &at, gw_buf_bytes(&ledger->pair), err);
}

/** The acked row as people compare it: what the home's projection of the value is, where value and ack agree. */
static gw_rc expected_image(struct gw_ledger *ledger, const struct gw_finding *finding,
                            const struct gw_meta *meta, struct gw_bytes *ret, struct gw_err *err)
{
    const struct gw_entity *entity = &finding->entity->entity;
    struct gw_projection now;
    *ret = finding->expected_image;
    if (ret->len || !finding->expected.present || !meta->living || !meta->resident)
        return GW_OK;
    union gw_value *fields = GW_NEW_ARRAY(&ledger->scratch, union gw_value, entity->field_count);
    if (fields == NULL)
        return GW_FAIL_NOMEM(err);
    GW_TRY(gw_image_decode(entity, meta->value, &ledger->scratch, fields, err));
    GW_TRY(gw_project(ledger->program, finding->home, fields, &ledger->scratch, &now, err));
    if (gw_hash128_equal(now.hash, finding->expected.hash))
        *ret = now.image;
    else
        GW_TRY(gw_ring_projection(ledger, finding, meta, fields, ret, err));
    return GW_OK;
}

/** Calls on the entity abort until its last finding is settled. More entities than we list: everything stops. */
static void stop_entity(struct gw_small *small, uint32_t entity)
{
    for (uint32_t i = 0; i < small->halted_entity_count; i++) {
        if (small->halted_entities[i].entity == entity) {
            small->halted_entities[i].open++;
            return;
        }
    }
    if (small->halted_entity_count == GW_HALTED_ENTITIES_MAX)
        small->halted = true;
    else
        small->halted_entities[small->halted_entity_count++] = (struct gw_small_halted){entity, 1};
}

static void free_entity(struct gw_small *small, uint32_t entity)
{
    for (uint32_t i = 0; i < small->halted_entity_count; i++) {
        if (small->halted_entities[i].entity != entity || --small->halted_entities[i].open > 0)
            continue;
        small->halted_entities[i] = small->halted_entities[--small->halted_entity_count];
        return;
    }
}

gw_rc gw_halt_raise(struct gw_ledger *ledger, const struct gw_finding *finding, struct gw_err *err)
{
    struct gw_meta before, after;
    struct gw_bytes expected;
    GW_TRY(gw_pair_get(ledger, finding->entity->entity.id, finding->key, &before, err));
    GW_TRY(expected_image(ledger, finding, &before, &expected, err));
    after = before;
    after.state = GW_KEY_CONFLICT;
    GW_TRY(gw_pair_put(ledger, finding->entity->entity.id, finding->key, &before, &after, err));
    const struct gw_halt halt = {
        .n = ledger->small.halt_next++,
        .scope = finding->key_scope ? SCOPE_KEY
                                    : (uint32_t)GW_MIN(ledger->small.limits.halt_scope, SCOPE_KEY),
        .entity = finding->entity->entity.id,
        .home = finding->home->home.id,
        .key = finding->key,
        .conflict = finding->conflict,
        .found_by = gw_text(finding->found_by),
        .text = finding->text,
        .expected = finding->expected,
        .found = finding->found,
        .expected_image = expected,
        .found_image = finding->found_image,
        .at = {ledger->head.index, ledger->records},
        .time_ns = ledger->head.time_ns,
    };
    ledger->small.halts_open++;
    ledger->small.halts_wide += halt.scope != SCOPE_KEY;
    if (halt.scope == SCOPE_CLUSTER)
        ledger->small.halted = true;
    if (halt.scope == SCOPE_ENTITY)
        stop_entity(&ledger->small, halt.entity);
    ledger->applying->halts++;
    return halt_put(ledger, &halt, err);
}

gw_rc gw_apply_halt(struct gw_ledger *ledger, const struct gw_rec_halt *rec, struct gw_err *err)
{
    (void)rec; /* a person said so: reason and actor are in the journal */
    (void)err;
    ledger->small.halted = true;
    return GW_OK;
}

static void refuse(struct gw_ledger *ledger, gw_code code, const char *text)
{
    gw_refuse(ledger, code, gw_text(text));
}

/** What a resolution works on. */
struct resolving {
    struct gw_halt halt;
    const struct gw_program_home *home;
    struct gw_meta before, meta; /* meta: the found row re-acked */
    const union gw_value *old_fields;
};

static gw_rc halt_get(struct gw_ledger *ledger, uint64_t n, struct gw_halt *ret, struct gw_err *err)
{
    struct gw_state_key at;
    struct gw_bytes stored;
    gw_halt_key(n, &at);
    GW_TRY(gw_state_get(ledger, &at, &stored, err));
    return gw_halt_decode(gw_scratch_copy(ledger, stored), ret, err);
}

/** @return GW_NOTFOUND after having refused */
static gw_rc resolving_load(struct gw_ledger *ledger, const struct gw_rec_resolve *rec,
                            struct resolving *ret, struct gw_err *err)
{
    gw_rc rc = halt_get(ledger, rec->halt, &ret->halt, err);
    if (rc < 0 && rc != GW_NOTFOUND)
        return rc;
    if (rc == GW_NOTFOUND || ret->halt.resolved) {
        refuse(ledger, 2602, "no open halt has this number");
        return GW_NOTFOUND;
    }
    if (ret->halt.entity != rec->entity || !gw_bytes_equal(ret->halt.key, rec->key)) {
        refuse(ledger, 2603, "this halt is about another key");
        return GW_NOTFOUND;
    }
    if (!gw_hash128_equal(ret->halt.found.hash, rec->seen)) {
        refuse(ledger, 2604, "the row that was shown is not the one found: look again");
        return GW_NOTFOUND;
    }
    ret->home = gw_program_home_id(ledger->program, ret->halt.home);
    GW_TRY(gw_pair_get(ledger, rec->entity, rec->key, &ret->before, err));
    ret->meta = ret->before;
    if (ret->halt.conflict != GW_CONFLICT_REJECTED)
        gw_meta_home(&ret->meta, ret->halt.home)->acked = ret->halt.found;
    if (ret->before.living && ret->before.resident) {
        const struct gw_entity *entity = &ret->home->owner->entity;
        union gw_value *fields =
            GW_NEW_ARRAY(&ledger->scratch, union gw_value, entity->field_count);
        if (fields == NULL)
            return GW_FAIL_NOMEM(err);
        GW_TRY(gw_image_decode(entity, ret->before.value, &ledger->scratch, fields, err));
        ret->old_fields = fields;
    }
    return GW_OK;
}

/** Fields the key shall have; NULL in *ret: it shall be deleted. */
static gw_rc wanted_fields(struct gw_ledger *ledger, const struct gw_rec_resolve *rec,
                           const struct resolving *on, union gw_value **ret, struct gw_err *err)
{
    const struct gw_entity *entity = &on->home->owner->entity;
    *ret = NULL;
    if (rec->take == GW_TAKE_ACTUAL && !on->halt.found.present)
        return GW_OK;
    union gw_value *fields = GW_NEW_ARRAY(&ledger->scratch, union gw_value, entity->field_count);
    bool *covered = GW_NEW_ARRAY(&ledger->scratch, bool, entity->field_count);
    if (fields == NULL || covered == NULL)
        return GW_FAIL_NOMEM(err);
    *ret = fields;
    if (rec->take == GW_TAKE_IMAGE)
        return gw_image_decode(entity, rec->image, &ledger->scratch, fields, err);
    for (uint32_t f = 0; f < entity->field_count; f++)
        fields[f] = on->old_fields ? on->old_fields[f] : entity->fields[f].default_value;
    union gw_value *columns =
        GW_NEW_ARRAY(&ledger->scratch, union gw_value, on->home->home.column_count);
    if (columns == NULL)
        return GW_FAIL_NOMEM(err);
    GW_TRY(gw_home_image_decode(&on->home->home, on->halt.found_image, &ledger->scratch, columns,
                                err));
    return gw_unproject(ledger->program, on->home, columns, &ledger->scratch, fields, covered, err);
}

/** The run's state goes on as it is; only the home that was changed is written again. */
static gw_rc take_expected(struct gw_ledger *ledger, struct resolving *on, struct gw_bytes key,
                           struct gw_err *err)
{
    struct gw_meta_home *at = gw_meta_home(&on->meta, on->halt.home);
    struct gw_projection target;
    GW_TRY(gw_project(ledger->program, on->home, on->old_fields, &ledger->scratch, &target, err));
    bool differs = at->acked.present != target.present ||
                   (target.present && (!gw_hash128_equal(at->acked.hash, target.hash) ||
                                       at->acked.ver != on->meta.ver));
    if (differs)
        GW_TRY(gw_home_dirty(ledger, on->home, key, at, on->meta.ver, &target, err));
    on->meta.state = gw_meta_is_clean(&on->meta) ? GW_KEY_CLEAN : GW_KEY_DIRTY;
    return gw_pair_put(ledger, on->halt.entity, key, &on->before, &on->meta, err);
}

static gw_rc take_fields(struct gw_ledger *ledger, const struct gw_rec_resolve *rec,
                         struct resolving *on, struct gw_err *err)
{
    const struct gw_entity *entity = &on->home->owner->entity;
    union gw_value *fields = NULL;
    GW_TRY(wanted_fields(ledger, rec, on, &fields, err));
    struct gw_change change = {
        .entity = on->home->owner,
        .key = rec->key,
        .before = &on->meta,
        .old_fields = on->old_fields,
        .new_fields = fields,
        .ver = on->meta.ver + 1,
    };
    if (fields) {
        uint8_t *memory = gw_arena_get_raw(&ledger->scratch, entity->image_bytes_max);
        struct gw_buf image;
        if (memory == NULL)
            return GW_FAIL_NOMEM(err);
        gw_buf_init_fixed(&image, memory, entity->image_bytes_max);
        gw_image_encode(entity, fields, &image);
        GW_TRY(gw_buf_check(&image, "image", err));
        change.new_image = gw_buf_bytes(&image);
    }
    return gw_change_apply(ledger, &change, err);
}

static gw_rc settle(struct gw_ledger *ledger, struct resolving *on, struct gw_err *err)
{
    on->halt.resolved = true;
    ledger->small.halts_open--;
    ledger->small.halts_wide -= on->halt.scope != SCOPE_KEY;
    if (on->halt.scope == SCOPE_ENTITY)
        free_entity(&ledger->small, on->halt.entity);
    ledger->applying->wake_daemons = true;
    GW_TRY(halt_put(ledger, &on->halt, err));
    return gw_daemons_unhalt(ledger, err);
}

gw_rc gw_apply_resolve(struct gw_ledger *ledger, const struct gw_rec_resolve *rec,
                       struct gw_err *err)
{
    struct resolving on = {0};
    gw_rc rc = resolving_load(ledger, rec, &on, err);
    if (rc < 0)
        return rc == GW_NOTFOUND ? GW_OK : rc;
    bool cold = on.before.living && !on.before.resident;
    bool rejected = on.halt.conflict == GW_CONFLICT_REJECTED;
    if (cold) {
        refuse(ledger, 2606, "the key's value is not resident: warm it first");
        return GW_OK;
    }
    if (rejected && rec->take != GW_TAKE_IMAGE &&
        !(rec->take == GW_TAKE_ACTUAL && on.halt.found_image.len)) {
        refuse(ledger, 2607, "onboarding could not decide this key: give its image in a file");
        return GW_OK;
    }
    if (rec->take != GW_TAKE_EXPECTED && !gw_meta_is_clean(&on.before) && !rec->drop_pending &&
        !rejected) {
        refuse(ledger, 2605,
               "a newer version waits to be written: say --drop-pending to give it up");
        return GW_OK;
    }
    rc = rec->take == GW_TAKE_EXPECTED ? take_expected(ledger, &on, rec->key, err)
                                       : take_fields(ledger, rec, &on, err);
    if (rc == GW_EXISTS || rc == GW_TOOLARGE || rc == GW_INVALID) {
        refuse(ledger, 2608,
               "this image does not fit: a type, a unique index or a counter refuses it");
        return GW_OK;
    }
    GW_TRY(rc);
    return settle(ledger, &on, err);
}

gw_rc gw_apply_resume(struct gw_ledger *ledger, const struct gw_rec_resume *rec, struct gw_err *err)
{
    (void)rec;
    (void)err;
    if (ledger->small.halts_wide > 0) {
        refuse(ledger, 2609, "halts are open: resolve them first");
        return GW_OK;
    }
    ledger->small.halted = false;
    ledger->applying->wake_daemons = true;
    return GW_OK;
}
