#include "base/hash.h"

#define XXH_INLINE_ALL
#define XXH_STATIC_LINKING_ONLY
#include <xxhash.h>

struct gw_hash128 gw_hash128(struct gw_bytes data)
{
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits(data.data, data.len));
    struct gw_hash128 hash;
    memcpy(hash.bytes, canonical.digest, sizeof(hash.bytes));
    return hash;
}

struct gw_hash128 gw_hash128_parts(const struct gw_bytes *parts, size_t count)
{
    XXH3_state_t state;
    XXH3_INITSTATE(&state);
    (void)XXH3_128bits_reset(&state);
    for (size_t i = 0; i < count; i++) {
        if (parts[i].len)
            (void)XXH3_128bits_update(&state, parts[i].data, parts[i].len);
    }
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(&state));
    struct gw_hash128 hash;
    memcpy(hash.bytes, canonical.digest, sizeof(hash.bytes));
    return hash;
}

uint64_t gw_hash64(struct gw_bytes data, uint64_t seed)
{
    return XXH3_64bits_withSeed(data.data, data.len, seed);
}

gw_u128 gw_hash128_number(struct gw_hash128 hash)
{
    gw_u128 number = 0;
    for (size_t i = 0; i < sizeof(hash.bytes); i++)
        number = number << 8 | hash.bytes[i];
    return number;
}

struct gw_hash128 gw_hash128_of_number(gw_u128 number)
{
    struct gw_hash128 hash;
    for (size_t i = sizeof(hash.bytes); i-- > 0; number >>= 8)
        hash.bytes[i] = (uint8_t)number;
    return hash;
}

void gw_hex(struct gw_bytes data, char *ret)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < data.len; i++) {
        ret[2 * i] = digits[data.data[i] >> 4];
        ret[2 * i + 1] = digits[data.data[i] & 15];
    }
    ret[2 * data.len] = '\0';
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
        return (c | 0x20) - 'a' + 10;
    return -1;
}

bool gw_unhex(struct gw_text hex, uint8_t *ret, size_t len)
{
    if (hex.len != 2 * len)
        return false;
    for (size_t i = 0; i < len; i++) {
        int high = hex_digit(hex.data[2 * i]);
        int low = hex_digit(hex.data[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        ret[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}
