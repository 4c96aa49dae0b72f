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

gw_rc gw_kv_check_pair(struct gw_bytes key, struct gw_bytes val, struct gw_err *err)
{
    if (key.len == 0 || key.len > GW_KV_KEY_MAX) {
        return GW_FAIL(err, GW_TOOLARGE, "a key of %zu bytes, allowed are 1 to %d", key.len,
                       GW_KV_KEY_MAX);
    }
    if (val.len > GW_KV_VALUE_MAX) {
        return GW_FAIL(err, GW_TOOLARGE, "a value of %zu bytes, allowed are up to %d", val.len,
                       GW_KV_VALUE_MAX);
    }
    return GW_OK;
}
