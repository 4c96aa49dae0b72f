/**
 * A home: the place of one entity in one store, as a connector sees it. Connectors know nothing else of a program:
 * columns with types, which of them are the key, how the version is kept. Mappings (`via`, `where`) run elsewhere.
 *
 * Projection image = canonical array of the *column* values in declaration order, key columns included;
 * projection hash = XXH3-128 of u32be home id ‖ canonical bytes.
 */
#ifndef GW_RECORD_HOME_H
#define GW_RECORD_HOME_H

#include "record/entity.h"

enum gw_home_role { GW_HOME_SOURCE, GW_HOME_TARGET, GW_HOME_MIRROR };
enum gw_home_versions { GW_HOME_INLINE, GW_HOME_SIDECAR };

struct gw_column {
    struct gw_text name;
    const struct gw_type *type;
    bool is_key;
};

struct gw_home {
    struct gw_text name; /* "pg.accounts": store.place */
    uint32_t id;         /* gw_name_id(name ‖ "/" ‖ entity name) */
    uint32_t entity_id;
    uint16_t store;       /* index of the store in the program */
    struct gw_text place; /* table name or Redis key pattern */
    struct gw_text label; /* (v1): free text for people, or "" */
    const struct gw_column *columns;
    uint32_t column_count;
    const uint32_t *key_columns; /* indices into columns, in the order of the entity's key fields */
    uint32_t key_count;
    enum gw_home_versions versions;
    enum gw_home_role role;
    uint32_t image_bytes_max;
};

/**
 * Sets id (from name and the entity's) and image_bytes_max from the finished column types.
 * @return GW_INVALID  no columns or too many, no key columns or one that is not marked, an image above GW_IMAGE_BYTES_MAX
 */
GW_NODISCARD gw_rc gw_home_finish(struct gw_home *home, const struct gw_entity *entity,
                                  struct gw_err *err);

void gw_home_image(const struct gw_home *home, const union gw_value *columns, struct gw_buf *ret);
/** As gw_image_decode(). */
GW_NODISCARD gw_rc gw_home_image_decode(const struct gw_home *home, struct gw_bytes image,
                                        struct gw_arena *arena, union gw_value *ret_columns,
                                        struct gw_err *err);
struct gw_hash128 gw_home_hash(const struct gw_home *home, struct gw_bytes image);
/** Key bytes of the row, from its key columns. Column types of keys equal the entity's key field types. */
void gw_home_key(const struct gw_home *home, const union gw_value *columns, struct gw_buf *ret);

/**
 * The round-trip gate's shape of a row (engine spec 15): null fields, length classes, sign and digit-count class
 * per number, non-ASCII flag per str, folded into 64 bits. Rows of one shape are trusted after one read-back.
 * Finer than the spec asks where stores are known to lose something: widest UTF-8 sequence, trailing blank, text
 * at its full length, digits behind the point and below the second that are not zero. Stored in the journal: stable.
 */
uint64_t gw_home_shape(const struct gw_home *home, const union gw_value *columns);

#endif
