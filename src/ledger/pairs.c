/* Reading and writing pairs of the state within the open batch. */
#include "ledger/ledger_int.h"

gw_rc gw_state_get(struct gw_ledger *ledger, const struct gw_state_key *key, struct gw_bytes *ret,
                   struct gw_err *err)
{
    return ledger->kv->ops->get((struct gw_kv_view){.txn = ledger->txn}, gw_key_view(key), ret,
                                err);
}

gw_rc gw_state_put(struct gw_ledger *ledger, const struct gw_state_key *key, struct gw_bytes value,
                   struct gw_err *err)
{
    return ledger->kv->ops->put(ledger->txn, gw_key_view(key), value, err);
}

gw_rc gw_state_del(struct gw_ledger *ledger, const struct gw_state_key *key, struct gw_err *err)
{
    return ledger->kv->ops->del(ledger->txn, gw_key_view(key), err);
}

struct gw_bytes gw_scratch_copy(struct gw_ledger *ledger, struct gw_bytes bytes)
{
    return gw_arena_copy(&ledger->scratch, bytes);
}

gw_rc gw_pair_get(struct gw_ledger *ledger, uint32_t entity_id, struct gw_bytes key,
                  struct gw_meta *ret, struct gw_err *err)
{
    struct gw_state_key at;
    struct gw_bytes pair;
    gw_key_of(&at, GW_TABLE_ENTITY, entity_id, key);
    GW_TRY(gw_state_get(ledger, &at, &pair, err));
    pair = gw_scratch_copy(ledger, pair);
    if (pair.data == NULL)
        return GW_FAIL_NOMEM(err);
    return gw_meta_decode(pair, ret, err);
}

static uint64_t resident_bytes(const struct gw_meta *meta)
{
    return meta && meta->resident ? meta->value.len + meta->ring.len : 0;
}

gw_rc gw_pair_put(struct gw_ledger *ledger, uint32_t entity_id, struct gw_bytes key,
                  const struct gw_meta *before, const struct gw_meta *after, struct gw_err *err)
{
    struct gw_state_key at;
    gw_key_of(&at, GW_TABLE_ENTITY, entity_id, key);
    gw_buf_reset(&ledger->pair);
    gw_meta_encode(after, &ledger->pair);
    GW_TRY(gw_buf_check(&ledger->pair, "entity pair", err));
    GW_TRY(gw_state_put(ledger, &at, gw_buf_bytes(&ledger->pair), err));
    ledger->small.resident_bytes += resident_bytes(after);
    ledger->small.resident_bytes -= resident_bytes(before);
    return GW_OK;
}
