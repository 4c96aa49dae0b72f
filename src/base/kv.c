#include "base/kv.h"

#include "base/hash.h"

gw_u128 gw_kv_pair_sum(struct gw_bytes key, struct gw_bytes val)
{
    uint8_t len[4];
    for (unsigned i = 0; i < sizeof(len); i++)
        len[i] = (uint8_t)(key.len >> (8 * i));
    const struct gw_bytes parts[] = {{len, sizeof(len)}, key, val};
    return gw_hash128_number(gw_hash128_parts(parts, GW_COUNT_OF(parts)));
}
