/* Eviction: a second-chance clock over the entity pairs, at the end of each batch. Which values leave is a function of
 * the journal alone: reads by views leave no mark. Meta stays for ever. */
#include "codec/cbor.h"
#include "ledger/ledger_int.h"

enum { VISITS_MAX = 2048 };

gw_rc gw_field_checks(const struct gw_entity *entity, struct gw_bytes image, struct gw_arena *arena,
                      struct gw_bytes *ret, struct gw_err *err)
{
    uint8_t *checks = gw_arena_get_array(arena, entity->field_count, 2);
    struct gw_cbor_reader r = gw_cbor_reader(image);
    if (checks == NULL)
        return GW_FAIL_NOMEM(err);
    gw_cbor_get_array_of(&r, entity->field_count);
    for (uint32_t i = 0; i < entity->field_count; i++) {
        struct gw_hash128 hash = gw_hash128(gw_cbor_skip(&r));
        checks[2 * (size_t)i] = hash.bytes[sizeof(hash.bytes) - 1];
        checks[2 * (size_t)i + 1] = hash.bytes[sizeof(hash.bytes) - 2];
    }
    GW_TRY(gw_cbor_check(&r, GW_CORRUPT, "image", err));
    *ret = (struct gw_bytes){checks, 2 * (size_t)entity->field_count};
    return GW_OK;
}

/** What the hand does with one pair. */
static gw_rc visit(struct gw_ledger *ledger, const struct gw_program_entity *entity,
                   struct gw_bytes key, const struct gw_meta *before, struct gw_err *err)
{
    struct gw_meta after = *before;
    bool holds = before->resident && before->value.len + before->ring.len > 0;
    if (!holds || before->state != GW_KEY_CLEAN || entity->field_without_home)
        return GW_OK;
    if (before->touched) {
        after.touched = false; /* a second chance */
        return gw_pair_put(ledger, entity->entity.id, key, before, &after, err);
    }
    if (before->living) {
        GW_TRY(
            gw_field_checks(&entity->entity, before->value, &ledger->scratch, &after.checks, err));
        after.resident = false;
    }
    after.value = after.ring = (struct gw_bytes){NULL, 0};
    return gw_pair_put(ledger, entity->entity.id, key, before, &after, err);
}

static uint32_t id_of(struct gw_bytes key)
{
    uint32_t big;
    memcpy(&big, key.data + 1, sizeof(big));
    return __builtin_bswap32(big);
}

/** Walks from the hand to `until`, or to the end of the pairs. @return GW_NOTFOUND: it came there */
static gw_rc walk(struct gw_ledger *ledger, struct gw_state_key *hand, struct gw_bytes until,
                  uint32_t *io_visits, struct gw_err *err)
{
    struct gw_state_key scope;
    struct gw_kv_cur *cur = NULL;
    gw_rc rc = GW_OK;
    gw_key_start(&scope, GW_TABLE_ENTITY);
    GW_TRY(ledger->kv->ops->seek((struct gw_kv_view){.txn = ledger->txn}, gw_key_view(hand), &cur,
                                 err));
    while (*io_visits < VISITS_MAX &&
           ledger->small.resident_bytes > ledger->small.limits.resident_bytes_max) {
        struct gw_bytes at, pair;
        struct gw_meta meta;
        rc = gw_scope_next(ledger->kv, cur, &scope, &at, &pair, err);
        if (rc == GW_OK && until.len && gw_bytes_compare(at, until) >= 0)
            rc = GW_NOTFOUND;
        if (rc < 0)
            break;
        ++*io_visits;
        hand->len = 0;
        gw_key_bytes(hand, at);
        gw_key_bytes(hand,
                     (struct gw_bytes){(const uint8_t *)"", 1}); /* the next key there can be */
        const struct gw_program_entity *entity =
            at.len > 5 ? gw_program_entity_id(ledger->program, id_of(at)) : NULL;
        if (entity == NULL)
            continue; /* of a program before this one */
        gw_arena_reset(&ledger->scratch);
        struct gw_bytes key = gw_scratch_copy(ledger, (struct gw_bytes){at.data + 5, at.len - 5});
        pair = gw_scratch_copy(ledger, pair);
        rc = key.data && pair.data ? gw_meta_decode(pair, &meta, err) : GW_FAIL_NOMEM(err);
        if (rc == GW_OK)
            rc = visit(ledger, entity, key, &meta, err);
        if (rc < 0)
            break;
    }
    ledger->kv->ops->close(cur);
    return rc;
}

gw_rc gw_evict(struct gw_ledger *ledger, struct gw_err *err)
{
    struct gw_small *small = &ledger->small;
    struct gw_state_key hand;
    uint32_t visits = 0;
    if (small->resident_bytes <= small->limits.resident_bytes_max || ledger->program == NULL)
        return GW_OK;
    hand.len = 0;
    gw_key_bytes(&hand, small->evict_hand);
    if (hand.len == 0)
        gw_key_start(&hand, GW_TABLE_ENTITY);
    /* Once around at most: what this batch brought in has its mark, so it stays for the calls that wait for it. */
    const struct gw_state_key from = hand;
    gw_rc rc = walk(ledger, &hand, (struct gw_bytes){NULL, 0}, &visits, err);
    if (rc == GW_NOTFOUND) {
        gw_key_start(&hand, GW_TABLE_ENTITY);
        rc = walk(ledger, &hand, gw_key_view(&from), &visits, err);
    }
    if (rc < 0 && rc != GW_NOTFOUND)
        return rc;
    uint8_t *kept = ledger->hand_bytes[ledger->head.index % 2];
    memcpy(kept, hand.bytes, hand.len);
    small->evict_hand = (struct gw_bytes){kept, hand.len};
    return GW_OK;
}
