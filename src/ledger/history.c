/* Walking back along the ring: older fields of a key by inverse patches. */
#include "ledger/history.h"
#include "codec/cbor.h"

/** Fields of version k become those of k-1. */
gw_rc gw_history_back(const struct gw_program_entity *entity, const struct gw_ring_step *step,
                      struct gw_arena *arena, union gw_value *fields, struct gw_err *err)
{
    if (step->before_image.len)
        return gw_image_decode(&entity->entity, step->before_image, arena, fields, err);
    for (uint32_t i = 0; i < step->patch_count; i++) {
        const struct gw_ring_patch *patch = &step->patches[i];
        if (patch->field >= entity->entity.field_count)
            return GW_FAIL(err, GW_CORRUPT, "a patch of field %u", patch->field);
        struct gw_cbor_reader r = gw_cbor_reader(patch->old);
        GW_TRY(gw_value_decode(entity->entity.fields[patch->field].type, &r, arena,
                               &fields[patch->field], err));
    }
    return GW_OK;
}

/** Without a ring: was the version that is here made at or before `as_of`? A clean home acknowledged it later than that. */
static bool surely_older(const struct gw_meta *meta, uint64_t as_of)
{
    uint64_t newest = 0;
    for (uint32_t i = 0; i < meta->home_count; i++) {
        if (meta->homes[i].dirty_since)
            return false;
        newest = GW_MAX(newest, meta->homes[i].last_change);
    }
    return newest > 0 && newest <= as_of;
}

gw_rc gw_history_at(const struct gw_program_entity *entity, const struct gw_meta *meta,
                    uint64_t as_of, struct gw_arena *arena, union gw_value **ret_fields,
                    enum gw_history *ret, struct gw_err *err)
{
    struct gw_ring_step *steps = NULL;
    uint32_t count = 0, i = 0;
    bool living = meta->living;
    union gw_value *fields = GW_NEW_ARRAY(arena, union gw_value, entity->entity.field_count);
    if (fields == NULL)
        return GW_FAIL_NOMEM(err);
    GW_TRY(gw_ring_read(meta->ring, arena, &steps, &count, err));
    if (living)
        GW_TRY(gw_image_decode(&entity->entity, meta->value, arena, fields, err));
    for (; i < count && steps[i].position.index > as_of; i++) {
        living = steps[i].before_living;
        if (living)
            GW_TRY(gw_history_back(entity, &steps[i], arena, fields, err));
    }
    *ret_fields = fields;
    *ret = living ? GW_HISTORY_LIVING : GW_HISTORY_ABSENT;
    if (i < count)
        return GW_OK;
    bool before_all = count > 0 && steps[count - 1].before_ver == 0 && steps[count - 1].fn != 0;
    bool known_absent = count == 0 && !living && meta->ver == 0;
    if (!before_all && !known_absent && !(count == 0 && surely_older(meta, as_of))) {
        *ret =
            GW_HISTORY_TOO_OLD; /* the ring does not reach back that far, or it was unknown then */
    }
    return GW_OK;
}

gw_rc gw_ring_projection(struct gw_ledger *ledger, const struct gw_finding *finding,
                         const struct gw_meta *meta, union gw_value *fields, struct gw_bytes *ret,
                         struct gw_err *err)
{
    struct gw_ring_step *steps = NULL;
    uint32_t count = 0;
    GW_TRY(gw_ring_read(meta->ring, &ledger->scratch, &steps, &count, err));
    for (uint32_t i = 0; i < count && steps[i].before_living; i++) {
        struct gw_projection older;
        GW_TRY(gw_history_back(finding->entity, &steps[i], &ledger->scratch, fields, err));
        GW_TRY(gw_project(ledger->program, finding->home, fields, &ledger->scratch, &older, err));
        if (gw_hash128_equal(older.hash, finding->expected.hash)) {
            *ret = older.image;
            return GW_OK;
        }
    }
    return GW_OK;
}
