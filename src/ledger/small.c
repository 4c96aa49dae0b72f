/* The small state: limits and totals that nearly every record touches, decoded in memory, one pair in the kv. */
#include "codec/cbor.h"
#include "ledger/ledger_int.h"

enum { FORMAT = 1, STORE_FIELDS = 7, FIELDS = 16 };

const struct gw_limits gw_limits_default = {
#define X(name, value, text) .name = (value),
    GW_LIMIT_LIST(X)
#undef X
};

bool gw_limit_exists(struct gw_text name)
{
    static const char *const names[] = {
#define X(member, value, text) #member,
        GW_LIMIT_LIST(X)
#undef X
    };
    for (size_t i = 0; i < GW_COUNT_OF(names); i++)
        if (gw_text_is(name, names[i]))
            return true;
    return false;
}

void gw_small_init(struct gw_small *small)
{
    *small = (struct gw_small){
        .limits = gw_limits_default, .halt_next = 1, .client_next = 1, .daemon_next = 1};
}

struct gw_small_store *gw_small_store_of(struct gw_ledger *ledger, uint32_t store_id)
{
    struct gw_small *small = &ledger->small;
    for (uint32_t i = 0; i < small->store_count; i++)
        if (small->stores[i].id == store_id)
            return &small->stores[i];
    GW_ASSERT(small->store_count < GW_STORES_MAX);
    small->stores[small->store_count] = (struct gw_small_store){.id = store_id};
    return &small->stores[small->store_count++];
}

static void put_limits(const struct gw_limits *limits, struct gw_buf *ret)
{
    const uint64_t values[] = {
#define X(name, value, text) limits->name,
        GW_LIMIT_LIST(X)
#undef X
    };
    gw_cbor_put_array(ret, GW_COUNT_OF(values));
    for (size_t i = 0; i < GW_COUNT_OF(values); i++)
        gw_cbor_put_uint(ret, values[i]);
}

static void put_store(const struct gw_small_store *store, struct gw_buf *ret)
{
    gw_cbor_put_array(ret, STORE_FIELDS);
    gw_cbor_put_uint(ret, store->id);
    gw_cbor_put_bool(ret, store->parked);
    gw_cbor_put_uint(ret, store->fenced_epoch);
    gw_cbor_put_uint(ret, store->dirty_bytes);
    gw_cbor_put_uint(ret, store->dirty_rows);
    gw_cbor_put_uint(ret, store->intents);
    gw_cbor_put_uint(ret, store->refused_rows);
}

static void put_small(const struct gw_small *small, struct gw_buf *ret)
{
    gw_cbor_put_array(ret, FIELDS + 1);
    gw_cbor_put_uint(ret, FORMAT);
    put_limits(&small->limits, ret);
    gw_cbor_put_uint(ret, small->resident_bytes);
    gw_cbor_put_uint(ret, small->halts_open);
    gw_cbor_put_uint(ret, small->halts_wide);
    gw_cbor_put_uint(ret, small->halt_next);
    gw_cbor_put_bool(ret, small->halted);
    gw_cbor_put_int(ret, small->time_ns);
    gw_cbor_put_uint(ret, small->idem_count);
    gw_cbor_put_uint(ret, small->session_count);
    gw_cbor_put_uint(ret, small->client_next);
    gw_cbor_put_uint(ret, small->daemon_next);
    gw_cbor_put_bytes(ret, small->evict_hand);
    gw_cbor_put_uint(ret, small->event_count);
    gw_cbor_put_uint(ret, small->observed_count);
    gw_cbor_put_array(ret, small->halted_entity_count);
    for (uint32_t i = 0; i < small->halted_entity_count; i++) {
        gw_cbor_put_array(ret, 2);
        gw_cbor_put_uint(ret, small->halted_entities[i].entity);
        gw_cbor_put_uint(ret, small->halted_entities[i].open);
    }
    gw_cbor_put_array(ret, small->store_count);
    for (uint32_t i = 0; i < small->store_count; i++)
        put_store(&small->stores[i], ret);
}

gw_rc gw_small_store(struct gw_ledger *ledger, struct gw_err *err)
{
    struct gw_state_key at;
    gw_key_start(&at, GW_TABLE_SMALL);
    gw_buf_reset(&ledger->pair);
    put_small(&ledger->small, &ledger->pair);
    GW_TRY(gw_buf_check(&ledger->pair, "small state", err));
    return gw_state_put(ledger, &at, gw_buf_bytes(&ledger->pair), err);
}

static void get_limits(struct gw_cbor_reader *r, struct gw_limits *ret)
{
    size_t count =
        gw_cbor_get_array(r); /* an older version knew fewer: the rest keeps its default */
    uint64_t *const values[] = {
#define X(name, value, text) &ret->name,
        GW_LIMIT_LIST(X)
#undef X
    };
    for (size_t i = 0; i < count; i++) {
        uint64_t value = gw_cbor_get_uint(r);
        if (i < GW_COUNT_OF(values))
            *values[i] = value;
    }
}

static void get_store(struct gw_cbor_reader *r, struct gw_small_store *ret)
{
    gw_cbor_get_array_of(r, STORE_FIELDS);
    ret->id = (uint32_t)gw_cbor_get_uint_to(r, UINT32_MAX);
    ret->parked = gw_cbor_get_bool(r);
    ret->fenced_epoch = gw_cbor_get_uint(r);
    ret->dirty_bytes = gw_cbor_get_uint(r);
    ret->dirty_rows = gw_cbor_get_uint(r);
    ret->intents = gw_cbor_get_uint(r);
    ret->refused_rows = gw_cbor_get_uint(r);
}

static void get_halted(struct gw_cbor_reader *r, struct gw_small *ret)
{
    size_t count = gw_cbor_get_array(r);
    if (count > GW_HALTED_ENTITIES_MAX) {
        gw_cbor_fail(r, "small state out of bounds");
        return;
    }
    for (size_t i = 0; i < count; i++) {
        gw_cbor_get_array_of(r, 2);
        ret->halted_entities[i].entity = (uint32_t)gw_cbor_get_uint_to(r, UINT32_MAX);
        ret->halted_entities[i].open = gw_cbor_get_uint(r);
    }
    ret->halted_entity_count = (uint32_t)count;
}

static void get_small(struct gw_cbor_reader *r, uint8_t hand_bytes[GW_KV_KEY_MAX],
                      struct gw_small *ret)
{
    gw_cbor_get_array_of(r, FIELDS + 1);
    if (gw_cbor_get_uint(r) != FORMAT)
        gw_cbor_fail(r, "small state of unknown format");
    get_limits(r, &ret->limits);
    ret->resident_bytes = gw_cbor_get_uint(r);
    ret->halts_open = gw_cbor_get_uint(r);
    ret->halts_wide = gw_cbor_get_uint(r);
    ret->halt_next = gw_cbor_get_uint(r);
    ret->halted = gw_cbor_get_bool(r);
    ret->time_ns = gw_cbor_get_int(r);
    ret->idem_count = gw_cbor_get_uint(r);
    ret->session_count = gw_cbor_get_uint(r);
    ret->client_next = gw_cbor_get_uint(r);
    ret->daemon_next = (uint32_t)gw_cbor_get_uint_to(r, UINT32_MAX);
    struct gw_bytes hand = gw_cbor_get_bytes(r);
    ret->event_count = gw_cbor_get_uint(r);
    ret->observed_count = (uint32_t)gw_cbor_get_uint_to(r, UINT32_MAX);
    get_halted(r, ret);
    size_t count = gw_cbor_get_array(r);
    if (hand.len > GW_KV_KEY_MAX || count > GW_STORES_MAX) {
        gw_cbor_fail(r, "small state out of bounds");
        return;
    }
    if (hand.len)
        memcpy(hand_bytes, hand.data, hand.len);
    ret->evict_hand = (struct gw_bytes){hand_bytes, hand.len};
    for (ret->store_count = 0; ret->store_count < count; ret->store_count++)
        get_store(r, &ret->stores[ret->store_count]);
}

gw_rc gw_small_load(struct gw_ledger *ledger, struct gw_err *err)
{
    struct gw_state_key at;
    struct gw_kv_snap *snap = NULL;
    struct gw_bytes stored;
    gw_key_start(&at, GW_TABLE_SMALL);
    gw_small_init(&ledger->small);
    GW_TRY(ledger->kv->ops->snapshot(ledger->kv, &snap, err));
    gw_rc rc =
        ledger->kv->ops->get((struct gw_kv_view){.snap = snap}, gw_key_view(&at), &stored, err);
    if (rc == GW_OK) {
        struct gw_cbor_reader r = gw_cbor_reader(stored);
        get_small(&r, ledger->hand_bytes[ledger->kv->ops->snap_applied(snap) % 2], &ledger->small);
        gw_cbor_end(&r);
        rc = gw_cbor_check(&r, GW_CORRUPT, "small state", err);
    }
    ledger->applied = ledger->kv->ops->snap_applied(snap);
    ledger->time_ns = ledger->small.time_ns;
    ledger->kv->ops->release(snap);
    return rc == GW_NOTFOUND ? GW_OK : rc;
}

bool gw_small_is_halted(const struct gw_small *small, uint32_t entity_id)
{
    for (uint32_t i = 0; i < small->halted_entity_count; i++)
        if (small->halted_entities[i].entity == entity_id)
            return true;
    return false;
}

struct gw_undo gw_undo_begin(struct gw_ledger *ledger)
{
    return (struct gw_undo){ledger->kv->ops->mark(ledger->txn), ledger->small};
}

void gw_undo_all(struct gw_ledger *ledger, const struct gw_undo *undo)
{
    ledger->kv->ops->back_to(ledger->txn, undo->mark);
    ledger->small = undo->small;
}
