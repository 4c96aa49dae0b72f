#include "record/home.h"

#include "record/image_int.h"

static gw_rc check_keys(const struct gw_home *home, struct gw_err *err)
{
    for (uint32_t i = 0; i < home->key_count; i++) {
        uint32_t at = home->key_columns[i];
        if (at >= home->column_count || !home->columns[at].is_key ||
            !gw_type_is_key(home->columns[at].type)) {
            return GW_FAIL(err, GW_INVALID, "home %.*s: key column %u cannot be a key",
                           GW_TEXT_ARG(home->name), i + 1);
        }
    }
    return GW_OK;
}

gw_rc gw_home_finish(struct gw_home *home, const struct gw_entity *entity, struct gw_err *err)
{
    if (home->column_count < 1 || home->column_count > GW_FIELDS_MAX) {
        return GW_FAIL(err, GW_INVALID, "home %.*s: %u columns, 1 to %d are allowed",
                       GW_TEXT_ARG(home->name), home->column_count, GW_FIELDS_MAX);
    }
    if (home->key_count < 1 || home->key_count != entity->key_count) {
        return GW_FAIL(err, GW_INVALID, "home %.*s: %u key columns, the entity has %u",
                       GW_TEXT_ARG(home->name), home->key_count, entity->key_count);
    }
    GW_TRY(check_keys(home, err));
    uint64_t bytes = home->column_count < 24 ? 1 : 2;
    for (uint32_t i = 0; i < home->column_count; i++)
        bytes += home->columns[i].type->bytes_max;
    if (bytes > GW_IMAGE_BYTES_MAX) {
        return GW_FAIL(err, GW_INVALID, "home %.*s: an image could need %zu bytes, at most %d",
                       GW_TEXT_ARG(home->name), (size_t)bytes, GW_IMAGE_BYTES_MAX);
    }
    char memory[512];
    struct gw_buf name;
    gw_buf_init_fixed(&name, memory, sizeof(memory));
    gw_buf_put_text(&name, home->name);
    gw_buf_put_str(&name, "/");
    gw_buf_put_text(&name, entity->name);
    GW_TRY(gw_buf_check(&name, "name of a home", err));
    home->id = gw_name_id(gw_buf_text(&name));
    home->entity_id = entity->id;
    home->image_bytes_max = (uint32_t)bytes;
    return GW_OK;
}

void gw_home_image(const struct gw_home *home, const union gw_value *columns, struct gw_buf *ret)
{
    gw_cbor_put_array(ret, home->column_count);
    for (uint32_t i = 0; i < home->column_count; i++)
        gw_value_encode(home->columns[i].type, columns[i], ret);
}

gw_rc gw_home_image_decode(const struct gw_home *home, struct gw_bytes image,
                           struct gw_arena *arena, union gw_value *ret_columns, struct gw_err *err)
{
    struct gw_cbor_reader reader = gw_cbor_reader(image);
    gw_cbor_get_array_of(&reader, home->column_count);
    for (uint32_t i = 0; i < home->column_count; i++)
        ret_columns[i] = gw_value_read(home->columns[i].type, &reader, arena);
    gw_cbor_end(&reader);
    return gw_value_read_check(&reader, "image", err);
}

struct gw_hash128 gw_home_hash(const struct gw_home *home, struct gw_bytes image)
{
    uint8_t tag[4];
    gw_image_put_u32be(tag, home->id);
    return gw_image_hash_tagged(tag, sizeof(tag), image);
}

void gw_home_key(const struct gw_home *home, const union gw_value *columns, struct gw_buf *ret)
{
    for (uint32_t i = 0; i < home->key_count; i++) {
        uint32_t at = home->key_columns[i];
        gw_value_key(home->columns[at].type, columns[at], ret);
    }
}
