#include "ledger/ring.h"

#include "codec/cbor.h"

enum { ENTRY_FIELDS = 8 };

static void put_patch(const struct gw_entity *entity, const union gw_value *old_fields,
                      const union gw_value *new_fields, struct gw_buf *ret)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < entity->field_count; i++)
        count += !gw_value_equal(entity->fields[i].type, old_fields[i], new_fields[i]);
    gw_cbor_put_array(ret, count);
    for (uint32_t i = 0; i < entity->field_count; i++) {
        if (gw_value_equal(entity->fields[i].type, old_fields[i], new_fields[i]))
            continue;
        gw_cbor_put_array(ret, 3);
        gw_cbor_put_uint(ret, i);
        gw_value_encode(entity->fields[i].type, old_fields[i], ret);
        gw_value_encode(entity->fields[i].type, new_fields[i], ret);
    }
}

static void put_entry(const struct gw_ring_entry *entry, const struct gw_entity *entity,
                      struct gw_buf *ret)
{
    gw_cbor_put_array(ret, ENTRY_FIELDS);
    gw_cbor_put_uint(ret, entry->ver);
    gw_cbor_put_bytes(ret, (struct gw_bytes){entry->hash.bytes, sizeof(entry->hash.bytes)});
    gw_cbor_put_bool(ret, entry->living);
    gw_cbor_put_uint(ret, entry->position.index);
    gw_cbor_put_uint(ret, entry->position.record);
    gw_cbor_put_uint(ret, entry->fn);
    if (entry->old_fields && entry->new_fields) {
        put_patch(entity, entry->old_fields, entry->new_fields, ret);
        gw_cbor_put_null(ret);
        return;
    }
    gw_cbor_put_null(ret);
    if (entry->old_fields)
        gw_image_encode(entity, entry->old_fields, ret);
    else
        gw_cbor_put_null(ret);
}

gw_rc gw_ring_push(const struct gw_ring_entry *entry, const struct gw_program_entity *entity,
                   uint64_t ring, struct gw_arena *arena, struct gw_bytes *io_ring,
                   struct gw_err *err)
{
    size_t room = 128 + 3 * (size_t)entity->entity.image_bytes_max +
                  16 * (size_t)entity->entity.field_count + io_ring->len;
    struct gw_buf buf;
    uint8_t *memory = gw_arena_get_raw(arena, room);
    if (memory == NULL)
        return GW_FAIL_NOMEM(err);
    gw_buf_init_fixed(&buf, memory, room);
    put_entry(entry, &entity->entity, &buf);
    struct gw_cbor_reader r = gw_cbor_reader(*io_ring);
    for (uint64_t kept = 1; kept < ring && r.at < r.end; kept++)
        gw_buf_put_bytes(&buf, gw_cbor_skip(&r));
    GW_TRY(gw_cbor_check(&r, GW_CORRUPT, "ring", err));
    GW_TRY(gw_buf_check(&buf, "ring", err));
    *io_ring = gw_buf_bytes(&buf);
    return GW_OK;
}

static void read_patches(struct gw_cbor_reader *r, struct gw_arena *arena,
                         struct gw_ring_step *step)
{
    if (gw_cbor_take_null(r))
        return;
    size_t count = gw_cbor_get_array(r);
    if (count > GW_FIELDS_MAX ||
        (step->patches = GW_NEW_ARRAY(arena, struct gw_ring_patch, count)) == NULL) {
        gw_cbor_fail(r, "too many fields in a patch");
        return;
    }
    for (size_t i = 0; i < count; i++) {
        gw_cbor_get_array_of(r, 3);
        step->patches[i].field = (uint32_t)gw_cbor_get_uint_to(r, GW_FIELDS_MAX - 1);
        step->patches[i].old = gw_cbor_skip(r);
        step->patches[i].now = gw_cbor_skip(r);
    }
    step->patch_count = (uint32_t)count;
}

static void read_step(struct gw_cbor_reader *r, struct gw_arena *arena, struct gw_ring_step *step)
{
    gw_cbor_get_array_of(r, ENTRY_FIELDS);
    step->before_ver = gw_cbor_get_uint(r);
    gw_cbor_get_exact(r, step->before_hash.bytes, sizeof(step->before_hash.bytes));
    step->before_living = gw_cbor_get_bool(r);
    step->position.index = gw_cbor_get_uint(r);
    step->position.record = (uint32_t)gw_cbor_get_uint_to(r, UINT32_MAX);
    step->fn = (uint32_t)gw_cbor_get_uint_to(r, UINT32_MAX);
    read_patches(r, arena, step);
    if (!gw_cbor_take_null(r))
        step->before_image = gw_cbor_skip(r);
}

gw_rc gw_ring_read(struct gw_bytes ring, struct gw_arena *arena, struct gw_ring_step **ret,
                   uint32_t *ret_count, struct gw_err *err)
{
    struct gw_ring_step *steps = GW_NEW_ARRAY(arena, struct gw_ring_step, GW_RING_MAX);
    if (steps == NULL)
        return GW_FAIL_NOMEM(err);
    struct gw_cbor_reader r = gw_cbor_reader(ring);
    uint32_t count = 0;
    while (r.at < r.end && count < GW_RING_MAX)
        read_step(&r, arena, &steps[count++]);
    GW_TRY(gw_cbor_check(&r, GW_CORRUPT, "ring", err));
    *ret = steps;
    *ret_count = count;
    return GW_OK;
}
