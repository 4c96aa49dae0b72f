/** Within the room: a row of values, whatever describes its columns, as canonical array and its tagged hash. */
#ifndef GW_RECORD_IMAGE_INT_H
#define GW_RECORD_IMAGE_INT_H

#include "record/value_int.h"

enum { GW_IMAGE_ON_STACK = 1024 };

/** XXH3-128 of `tag` ‖ `image`; `tag` has 4 or 8 bytes. */
static inline struct gw_hash128 gw_image_hash_tagged(const uint8_t *tag, size_t tag_bytes,
                                                     struct gw_bytes image)
{
    /* One call on one piece is several times faster than a stream. */
    if (image.len <= GW_IMAGE_ON_STACK) {
        uint8_t joined[8 + GW_IMAGE_ON_STACK];
        memcpy(joined, tag, tag_bytes);
        if (image.len)
            memcpy(joined + tag_bytes, image.data, image.len);
        return gw_hash128((struct gw_bytes){joined, tag_bytes + image.len});
    }
    const struct gw_bytes parts[] = {{tag, tag_bytes}, image};
    return gw_hash128_parts(parts, GW_COUNT_OF(parts));
}

static inline void gw_image_put_u32be(uint8_t *to, uint32_t number)
{
    uint32_t big = __builtin_bswap32(number);
    memcpy(to, &big, sizeof(big));
}

#endif
