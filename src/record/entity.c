#include "record/entity.h"

#include "record/image_int.h"
#include "record/text.h"

uint32_t gw_name_id(struct gw_text name)
{
    /* "the first 4 bytes" of the canonical (big-endian) form are the upper half */
    return (uint32_t)(gw_hash64(gw_text_bytes(name), 0) >> 32);
}

gw_rc gw_entity_finish(struct gw_entity *entity, struct gw_err *err)
{
    if (entity->field_count < 1 || entity->field_count > GW_FIELDS_MAX) {
        return GW_FAIL(err, GW_INVALID, "entity %.*s: %u fields, 1 to %d are allowed",
                       GW_TEXT_ARG(entity->name), entity->field_count, GW_FIELDS_MAX);
    }
    if (entity->key_count < 1 || entity->key_count > entity->field_count)
        return GW_FAIL(err, GW_INVALID, "entity %.*s: no key", GW_TEXT_ARG(entity->name));
    uint64_t bytes = entity->field_count < 24 ? 1 : 2;
    for (uint32_t i = 0; i < entity->field_count; i++) {
        const struct gw_field *field = &entity->fields[i];
        if (i < entity->key_count && !gw_type_is_key(field->type)) {
            return GW_FAIL(err, GW_INVALID, "entity %.*s: real and list are no key types (%.*s)",
                           GW_TEXT_ARG(entity->name), GW_TEXT_ARG(field->name));
        }
        bytes += field->type->bytes_max;
    }
    if (bytes > GW_IMAGE_BYTES_MAX) {
        return GW_FAIL(err, GW_INVALID, "entity %.*s: an image could need %zu bytes, at most %d",
                       GW_TEXT_ARG(entity->name), (size_t)bytes, GW_IMAGE_BYTES_MAX);
    }
    entity->id = gw_name_id(entity->name);
    entity->image_bytes_max = (uint32_t)bytes;
    return GW_OK;
}

void gw_image_encode(const struct gw_entity *entity, const union gw_value *fields,
                     struct gw_buf *ret)
{
    gw_cbor_put_array(ret, entity->field_count);
    for (uint32_t i = 0; i < entity->field_count; i++)
        gw_value_encode(entity->fields[i].type, fields[i], ret);
}

gw_rc gw_image_decode(const struct gw_entity *entity, struct gw_bytes image, struct gw_arena *arena,
                      union gw_value *ret_fields, struct gw_err *err)
{
    struct gw_cbor_reader reader = gw_cbor_reader(image);
    gw_cbor_get_array_of(&reader, entity->field_count);
    for (uint32_t i = 0; i < entity->field_count; i++)
        ret_fields[i] = gw_value_read(entity->fields[i].type, &reader, arena);
    gw_cbor_end(&reader);
    return gw_value_read_check(&reader, "image", err);
}

struct gw_hash128 gw_image_hash(const struct gw_entity *entity, struct gw_bytes image)
{
    uint8_t tag[8];
    gw_image_put_u32be(tag, entity->id);
    gw_image_put_u32be(tag + 4, entity->version);
    return gw_image_hash_tagged(tag, sizeof(tag), image);
}

void gw_entity_key(const struct gw_entity *entity, const union gw_value *keys, struct gw_buf *ret)
{
    for (uint32_t i = 0; i < entity->key_count; i++)
        gw_value_key(entity->fields[i].type, keys[i], ret);
}

gw_rc gw_entity_unkey(const struct gw_entity *entity, struct gw_bytes key, struct gw_arena *arena,
                      union gw_value *ret_keys, struct gw_err *err)
{
    for (uint32_t i = 0; i < entity->key_count; i++)
        GW_TRY(gw_value_unkey(entity->fields[i].type, &key, arena, &ret_keys[i], err));
    if (key.len)
        return GW_FAIL(err, GW_INVALID, "key: %zu bytes after the end", key.len);
    return GW_OK;
}

enum { KEY_PART_TEXT_MAX = 128 };

void gw_entity_key_text(const struct gw_entity *entity, const union gw_value *keys,
                        struct gw_buf *ret)
{
    if (entity->key_count > 1)
        gw_buf_put_str(ret, "(");
    for (uint32_t i = 0; i < entity->key_count; i++) {
        gw_buf_put_str(ret, i ? ", " : "");
        gw_value_text(entity->fields[i].type, keys[i], KEY_PART_TEXT_MAX, ret);
    }
    if (entity->key_count > 1)
        gw_buf_put_str(ret, ")");
}
