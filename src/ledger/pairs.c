/* Reading and writing pairs of the state within the open batch. */
#include "ledger/ledger_int.h"

gw_rc gw_state_view_of(struct gw_ledger *ledger, struct gw_state_view *ret, struct gw_err *err)
{
    *ret = (struct gw_state_view){ledger->kv, {.txn = ledger->txn}, ledger->program};
    if (ledger->txn)
        return GW_OK;
    if (ledger->snap == NULL)
        GW_TRY(ledger->kv->ops->snapshot(ledger->kv, &ledger->snap, err));
    ret->view.snap = ledger->snap;
    return GW_OK;
}

gw_rc gw_state_get(struct gw_ledger *ledger, const struct gw_state_key *key, struct gw_bytes *ret,
                   struct gw_err *err)
{
    struct gw_state_view view;
    GW_TRY(gw_state_view_of(ledger, &view, err));
    return ledger->kv->ops->get(view.view, gw_key_view(key), ret, err);
}

gw_rc gw_scope_next(struct gw_kv *kv, struct gw_kv_cur *cur, const struct gw_state_key *scope,
                    struct gw_bytes *ret_key, struct gw_bytes *ret_val, struct gw_err *err)
{
    GW_TRY(kv->ops->next(cur, ret_key, ret_val, err));
    bool inside =
        ret_key->len >= scope->len && memcmp(ret_key->data, scope->bytes, scope->len) == 0;
    return inside ? GW_OK : GW_NOTFOUND;
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

gw_rc gw_pair_read(const struct gw_state_view *view, uint32_t entity_id, struct gw_bytes key,
                   struct gw_arena *arena, struct gw_meta *ret, struct gw_err *err)
{
    struct gw_state_key at;
    struct gw_bytes pair;
    gw_key_of(&at, GW_TABLE_ENTITY, entity_id, key);
    GW_TRY(view->kv->ops->get(view->view, gw_key_view(&at), &pair, err));
    pair = gw_arena_copy(arena, pair);
    if (pair.data == NULL)
        return GW_FAIL_NOMEM(err);
    return gw_meta_decode(pair, ret, err);
}

gw_rc gw_pair_get(struct gw_ledger *ledger, uint32_t entity_id, struct gw_bytes key,
                  struct gw_meta *ret, struct gw_err *err)
{
    struct gw_state_view view;
    GW_TRY(gw_state_view_of(ledger, &view, err));
    return gw_pair_read(&view, entity_id, key, &ledger->scratch, ret, err);
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
