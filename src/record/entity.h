/**
 * What a declared entity is at run time: fields, key, image, hash; and its homes, as connectors see them.
 * All of it is immutable and belongs to the program.
 *
 * Ids are the first 4 bytes of XXH3-64 of a name (gw_name_id), so that they outlive program versions and the
 * order of declarations; the checker refuses two names with one id.
 */
#ifndef GW_RECORD_ENTITY_H
#define GW_RECORD_ENTITY_H

#include "record/value.h"

uint32_t gw_name_id(struct gw_text name);

struct gw_field {
    struct gw_text name;
    const struct gw_type *type;
    bool has_default;
    union gw_value default_value;
};

/** The version of one key in the ledger; in a home it may be absent (NULL). */
typedef uint64_t gw_version;
#define GW_VERSION_NONE UINT64_MAX /* version column is NULL, or no row */

struct gw_entity {
    struct gw_text name;
    uint32_t id;
    uint32_t version;              /* of the declaration: `entity User v2` */
    const struct gw_field *fields; /* key fields first */
    uint32_t field_count, key_count;
    uint32_t image_bytes_max;
};

/**
 * Sets id and image_bytes_max from the finished types.
 * @return GW_INVALID  too many fields or none, no key, a key type that has no order, an image above GW_IMAGE_BYTES_MAX
 */
GW_NODISCARD gw_rc gw_entity_finish(struct gw_entity *entity, struct gw_err *err);

/** Image = canonical array of all fields in declaration order. */
void gw_image_encode(const struct gw_entity *entity, const union gw_value *fields,
                     struct gw_buf *ret);
/**
 * @return GW_INVALID naming the byte and the reason (wrap it, and say GW_CORRUPT where it was stored), or GW_NOMEM;
 *         then ret_fields[] is not to be read. Text is borrowed from `image`.
 */
GW_NODISCARD gw_rc gw_image_decode(const struct gw_entity *entity, struct gw_bytes image,
                                   struct gw_arena *arena, union gw_value *ret_fields,
                                   struct gw_err *err);
/** XXH3-128 of u32be entity id ‖ u32be entity version ‖ canonical bytes. */
struct gw_hash128 gw_image_hash(const struct gw_entity *entity, struct gw_bytes image);
/** Key bytes of `keys[0 .. key_count-1]` (record/value.h). */
void gw_entity_key(const struct gw_entity *entity, const union gw_value *keys, struct gw_buf *ret);
/** @return GW_INVALID (also for bytes behind the key), GW_NOMEM */
GW_NODISCARD gw_rc gw_entity_unkey(const struct gw_entity *entity, struct gw_bytes key,
                                   struct gw_arena *arena, union gw_value *ret_keys,
                                   struct gw_err *err);
/** "4711" or "(7, \"x\")": how people see a key. */
void gw_entity_key_text(const struct gw_entity *entity, const union gw_value *keys,
                        struct gw_buf *ret);

#endif
