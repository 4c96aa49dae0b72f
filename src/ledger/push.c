/* INTENT, PUSHED, STORE: what goes to the stores, and what came of it. The state of a dirty row is the table it is in:
 * QUEUE (waits), INTENT (one push may be under way; its bytes are kept, so a repeat sends the same), REFUSED (parked). */
#include "codec/cbor.h"
#include "ledger/intent.h"

static void scope_key(enum gw_state_table table, uint32_t store, uint32_t home, struct gw_bytes key,
                      struct gw_state_key *ret)
{
    gw_key_start(ret, table);
    gw_key_u32(ret, store);
    gw_key_u32(ret, home);
    gw_key_bytes(ret, key);
}

gw_rc gw_intent_get(struct gw_ledger *ledger, const struct gw_program_home *home,
                    struct gw_bytes key, struct gw_intent *ret, struct gw_err *err)
{
    struct gw_state_key at;
    struct gw_bytes stored;
    scope_key(GW_TABLE_INTENT, ledger->program->stores[home->home.store].id, home->home.id, key,
              &at);
    GW_TRY(gw_state_get(ledger, &at, &stored, err));
    stored = gw_scratch_copy(ledger, stored);
    struct gw_cbor_reader r = gw_cbor_reader(stored);
    struct gw_intent intent = {.seen = {.ver = GW_VERSION_NONE}};
    gw_cbor_get_array_of(&r, 6);
    intent.index = gw_cbor_get_uint(&r);
    intent.seen.ver = gw_cbor_get_uint(&r);
    intent.seen.present = gw_cbor_get_bool(&r);
    gw_cbor_get_exact(&r, intent.seen.hash.bytes, sizeof(intent.seen.hash.bytes));
    intent.image = gw_cbor_get_bytes(&r);
    intent.group = (uint32_t)gw_cbor_get_uint_to(&r, UINT32_MAX);
    gw_cbor_end(&r);
    GW_TRY(gw_cbor_check(&r, GW_CORRUPT, "intent", err));
    *ret = intent;
    return GW_OK;
}

static gw_rc intent_put(struct gw_ledger *ledger, const struct gw_program_home *home,
                        struct gw_bytes key, const struct gw_intent *intent, struct gw_err *err)
{
    struct gw_state_key at;
    struct gw_buf *pair = &ledger->pair;
    scope_key(GW_TABLE_INTENT, ledger->program->stores[home->home.store].id, home->home.id, key,
              &at);
    gw_buf_reset(pair);
    gw_cbor_put_array(pair, 6);
    gw_cbor_put_uint(pair, intent->index);
    gw_cbor_put_uint(pair, intent->seen.ver);
    gw_cbor_put_bool(pair, intent->seen.present);
    gw_cbor_put_bytes(pair,
                      (struct gw_bytes){intent->seen.hash.bytes, sizeof(intent->seen.hash.bytes)});
    gw_cbor_put_bytes(pair, intent->image);
    gw_cbor_put_uint(pair, intent->group);
    GW_TRY(gw_buf_check(pair, "intent", err));
    return gw_state_put(ledger, &at, gw_buf_bytes(pair), err);
}

static gw_rc intent_del(struct gw_ledger *ledger, const struct gw_program_home *home,
                        struct gw_bytes key, struct gw_err *err)
{
    struct gw_state_key at;
    scope_key(GW_TABLE_INTENT, ledger->program->stores[home->home.store].id, home->home.id, key,
              &at);
    return gw_state_del(ledger, &at, err);
}

/** What the home should hold now, from the resident value. */
static gw_rc current_target(struct gw_ledger *ledger, const struct gw_program_home *home,
                            const struct gw_meta *meta, struct gw_projection *ret,
                            struct gw_err *err)
{
    const struct gw_entity *entity = &home->owner->entity;
    union gw_value *fields = NULL;
    if (meta->living) {
        GW_ASSERT(meta->resident); /* I9: only what is clean everywhere leaves */
        fields = GW_NEW_ARRAY(&ledger->scratch, union gw_value, entity->field_count);
        if (fields == NULL)
            return GW_FAIL_NOMEM(err);
        GW_TRY(gw_image_decode(entity, meta->value, &ledger->scratch, fields, err));
    }
    return gw_project(ledger->program, home, fields, &ledger->scratch, ret, err);
}

static gw_rc open_intent(struct gw_ledger *ledger, const struct gw_rec_home_key *key,
                         struct gw_err *err)
{
    const struct gw_program_home *home = gw_program_home_id(ledger->program, key->home);
    struct gw_meta meta;
    if (home == NULL)
        return GW_OK;
    gw_rc rc = gw_pair_get(ledger, home->owner->entity.id, key->key, &meta, err);
    if (rc == GW_NOTFOUND)
        return GW_OK;
    GW_TRY(rc);
    struct gw_meta_home *at = gw_meta_home(&meta, home->home.id);
    bool waits = false;
    if (at == NULL || at->dirty_since == 0 || at->refused || meta.state == GW_KEY_CONFLICT ||
        gw_small_is_halted(&ledger->small, home->owner->entity.id))
        return GW_OK;
    GW_TRY(gw_queue_has(ledger, home, key->key, at->dirty_since, &waits, err));
    if (!waits)
        return GW_OK; /* one open intent per (home, key) */
    struct gw_projection target;
    GW_TRY(current_target(ledger, home, &meta, &target, err));
    const struct gw_intent intent = {
        .index = ledger->head.index,
        .seen = {.present = target.present, .ver = at->target_ver, .hash = target.hash},
        .image = target.image,
    };
    GW_TRY(gw_queue_take(ledger, home, key->key, at->dirty_since, err));
    gw_small_store_of(ledger, ledger->program->stores[home->home.store].id)->intents++;
    return intent_put(ledger, home, key->key, &intent, err);
}

gw_rc gw_apply_intent(struct gw_ledger *ledger, const struct gw_rec_intent *rec, struct gw_err *err)
{
    for (uint32_t i = 0; i < rec->key_count; i++)
        GW_TRY(open_intent(ledger, &rec->keys[i], err));
    return GW_OK;
}

/** The rows of one answer: pair, home and open intent together. */
struct answered {
    const struct gw_program_home *home;
    struct gw_bytes key;
    struct gw_meta before, meta;
    struct gw_meta_home *at;
    struct gw_intent intent;
};

/** @return GW_NOTFOUND: nothing waits for this answer (an earlier one settled it) */
static gw_rc answered_load(struct gw_ledger *ledger, uint32_t home_id, struct gw_bytes key,
                           struct answered *ret, struct gw_err *err)
{
    ret->home = gw_program_home_id(ledger->program, home_id);
    ret->key = key;
    if (ret->home == NULL)
        return GW_NOTFOUND;
    GW_TRY(gw_intent_get(ledger, ret->home, key, &ret->intent, err));
    GW_TRY(gw_pair_get(ledger, ret->home->owner->entity.id, key, &ret->before, err));
    ret->meta = ret->before;
    ret->at = gw_meta_home(&ret->meta, home_id);
    GW_ASSERT(ret->at != NULL);
    return GW_OK;
}

static gw_rc answered_close(struct gw_ledger *ledger, struct answered *row, struct gw_err *err)
{
    gw_small_store_of(ledger, ledger->program->stores[row->home->home.store].id)->intents--;
    row->at->last_change = ledger->head.index;
    return intent_del(ledger, row->home, row->key, err);
}

static gw_rc answered_put(struct gw_ledger *ledger, struct answered *row, struct gw_err *err)
{
    if (row->meta.state != GW_KEY_CONFLICT)
        row->meta.state = gw_meta_is_clean(&row->meta) ? GW_KEY_CLEAN : GW_KEY_DIRTY;
    return gw_pair_put(ledger, row->home->owner->entity.id, row->key, &row->before, &row->meta,
                       err);
}

static gw_rc landed(struct gw_ledger *ledger, const struct gw_rec_done *done, struct gw_err *err)
{
    struct answered row;
    gw_rc rc = answered_load(ledger, done->home, done->key, &row, err);
    if (rc < 0)
        return rc == GW_NOTFOUND ? GW_OK : rc;
    GW_TRY(answered_close(ledger, &row, err));
    row.at->acked = row.intent.seen;
    if (row.at->target_ver == row.intent.seen.ver) {
        struct gw_small_store *store =
            gw_small_store_of(ledger, ledger->program->stores[row.home->home.store].id);
        row.at->dirty_since = 0;
        store->dirty_bytes -= row.home->home.image_bytes_max;
    } else {
        row.at->dirty_since =
            ledger->head.index; /* changed meanwhile: a newer intent in the next cycle */
        GW_TRY(gw_queue_put(ledger, row.home, row.key, row.at->dirty_since, err));
    }
    return answered_put(ledger, &row, err);
}

static gw_rc refused(struct gw_ledger *ledger, const struct gw_rec_bad *bad, struct answered *row,
                     struct gw_err *err)
{
    struct gw_small_store *store =
        gw_small_store_of(ledger, ledger->program->stores[row->home->home.store].id);
    struct gw_state_key at;
    GW_TRY(answered_close(ledger, row, err));
    if (row->at->target_ver != row->intent.seen.ver) { /* a newer version is tried at once */
        row->at->dirty_since = ledger->head.index;
        GW_TRY(gw_queue_put(ledger, row->home, row->key, row->at->dirty_since, err));
        return answered_put(ledger, row, err);
    }
    row->at->refused = true;
    store->refused_rows++;
    scope_key(GW_TABLE_REFUSED, store->id, row->home->home.id, row->key, &at);
    gw_buf_reset(&ledger->pair);
    gw_cbor_put_array(&ledger->pair, 3);
    gw_cbor_put_uint(&ledger->pair, bad->cls);
    gw_cbor_put_text(&ledger->pair, bad->text);
    gw_cbor_put_uint(&ledger->pair, ledger->head.index);
    GW_TRY(gw_state_put(ledger, &at, gw_buf_bytes(&ledger->pair), err));
    return answered_put(ledger, row, err);
}

static gw_rc conflicted(struct gw_ledger *ledger, const struct gw_rec_bad *bad,
                        struct answered *row, struct gw_err *err)
{
    GW_TRY(answered_close(ledger, row, err));
    row->at->dirty_since = ledger->head.index;
    GW_TRY(gw_queue_put(ledger, row->home, row->key, row->at->dirty_since, err));
    GW_TRY(answered_put(ledger, row, err));
    const struct gw_finding finding = {
        .entity = row->home->owner,
        .key = row->key,
        .home = row->home,
        .conflict = (enum gw_conflict)bad->conflict,
        .found_by = "push",
        .expected = row->at->acked,
        .found = {.present = bad->present, .ver = bad->ver, .hash = bad->hash},
        .found_image = bad->image,
    };
    return gw_halt_raise(ledger, &finding, err);
}

gw_rc gw_apply_pushed(struct gw_ledger *ledger, const struct gw_rec_pushed *rec, struct gw_err *err)
{
    for (uint32_t i = 0; i < rec->done_count; i++)
        GW_TRY(landed(ledger, &rec->done[i], err));
    for (uint32_t i = 0; i < rec->bad_count; i++) {
        struct answered row;
        gw_rc rc = answered_load(ledger, rec->bad[i].home, rec->bad[i].key, &row, err);
        if (rc == GW_NOTFOUND)
            continue;
        GW_TRY(rc);
        GW_TRY(rec->bad[i].kind == GW_BAD_REFUSED ? refused(ledger, &rec->bad[i], &row, err)
                                                  : conflicted(ledger, &rec->bad[i], &row, err));
    }
    ledger->applying->wake_daemons = true;
    return GW_OK;
}

/* ---- STORE ---- */

/** Refused rows of a store (home 0: all homes) wait for their intent again. A bounded number at a time. */
static gw_rc retry_refused(struct gw_ledger *ledger, uint32_t store_id, uint32_t home_id,
                           struct gw_err *err)
{
    struct gw_small_store *store = gw_small_store_of(ledger, store_id);
    for (uint32_t tries = 0; tries < 4096 && store->refused_rows > 0; tries++) {
        struct gw_state_key from;
        struct gw_kv_cur *cur = NULL;
        struct gw_bytes at, val, key = {0};
        uint32_t home_big = 0;
        gw_key_start(&from, GW_TABLE_REFUSED);
        gw_key_u32(&from, store_id);
        if (home_id)
            gw_key_u32(&from, home_id);
        GW_TRY(ledger->kv->ops->seek((struct gw_kv_view){.txn = ledger->txn}, gw_key_view(&from),
                                     &cur, err));
        gw_rc rc = ledger->kv->ops->next(cur, &at, &val, err);
        bool found = rc == GW_OK && at.len >= 9 && memcmp(at.data, from.bytes, from.len) == 0;
        if (found) {
            memcpy(&home_big, at.data + 5, sizeof(home_big));
            key = gw_scratch_copy(ledger, (struct gw_bytes){at.data + 9, at.len - 9});
        }
        ledger->kv->ops->close(cur);
        if (!found)
            return rc == GW_NOTFOUND ? GW_OK : rc;
        const struct gw_program_home *home =
            gw_program_home_id(ledger->program, __builtin_bswap32(home_big));
        struct gw_meta before;
        scope_key(GW_TABLE_REFUSED, store_id, __builtin_bswap32(home_big), key, &from);
        GW_TRY(gw_state_del(ledger, &from, err));
        store->refused_rows--;
        if (home == NULL)
            continue;
        GW_TRY(gw_pair_get(ledger, home->owner->entity.id, key, &before, err));
        struct gw_meta meta = before;
        struct gw_meta_home *row = gw_meta_home(&meta, home->home.id);
        row->refused = false;
        row->dirty_since = ledger->head.index;
        GW_TRY(gw_queue_put(ledger, home, key, row->dirty_since, err));
        GW_TRY(gw_pair_put(ledger, home->owner->entity.id, key, &before, &meta, err));
    }
    return GW_OK;
}

gw_rc gw_apply_store(struct gw_ledger *ledger, const struct gw_rec_store *rec, struct gw_err *err)
{
    struct gw_small_store *store = gw_small_store_of(ledger, rec->store);
    struct gw_state_key at;
    switch ((enum gw_store_event)rec->event) {
    case GW_STORE_PARKED:
    case GW_STORE_UNPARKED:
        store->parked = rec->event == GW_STORE_PARKED;
        break;
    case GW_STORE_FENCED:
        store->fenced_epoch = rec->epoch;
        break;
    case GW_STORE_GATE_PASSED:
        gw_key_start(&at, GW_TABLE_GATE);
        gw_key_u32(&at, rec->home);
        gw_key_u64(&at, rec->shape);
        return gw_state_put(ledger, &at, (struct gw_bytes){NULL, 0}, err);
    case GW_STORE_WENT_BACK:
        store->parked = true;
        ledger->small.halted = true;
        break;
    case GW_STORE_RETRY:
        return retry_refused(ledger, rec->store, rec->home, err);
    }
    return GW_OK;
}

/* ---- what the engine asks ---- */

void gw_ledger_store_state(const struct gw_ledger *ledger, uint32_t store_id,
                           struct gw_store_state *ret)
{
    *ret = (struct gw_store_state){0};
    for (uint32_t i = 0; i < ledger->small.store_count; i++) {
        const struct gw_small_store *store = &ledger->small.stores[i];
        if (store->id == store_id)
            *ret = (struct gw_store_state){store->parked,      store->fenced_epoch,
                                           store->dirty_bytes, store->dirty_rows,
                                           store->intents,     store->refused_rows};
    }
}

enum { LOOK_MAX = 65536 }; /* rows that wait for a person, passed over in one listing */

/** (home, key) pairs of one store being listed from `table`. */
struct listing {
    struct gw_state_key scope;
    size_t skip;                        /* bytes between store and home */
    const struct gw_small_store *queue; /* NULL: not from its queue */
    struct gw_arena *arena;
    struct gw_rec_home_key *keys;
    uint32_t count, max;
};

/** A row in CONFLICT, or of a halted entity, keeps its place and gets no intent. */
static gw_rc is_ready(struct gw_ledger *ledger, const struct gw_rec_home_key *key, bool *ret,
                      struct gw_err *err)
{
    const struct gw_program_home *home = gw_program_home_id(ledger->program, key->home);
    struct gw_meta meta;
    *ret = false;
    if (home == NULL || gw_small_is_halted(&ledger->small, home->owner->entity.id))
        return GW_OK;
    *ret = ledger->small.halts_open == 0;
    if (*ret) /* without a finding no key is in CONFLICT */
        return GW_OK;
    struct gw_arena_mark mark = gw_arena_mark(&ledger->scratch);
    gw_rc rc = gw_pair_get(ledger, home->owner->entity.id, key->key, &meta, err);
    *ret = rc == GW_OK && meta.state != GW_KEY_CONFLICT;
    gw_arena_back_to(&ledger->scratch, mark);
    return rc == GW_NOTFOUND ? GW_OK : rc;
}

static gw_rc list_one(struct gw_ledger *ledger, struct listing *list, struct gw_bytes at,
                      struct gw_err *err)
{
    size_t head = list->scope.len + list->skip + sizeof(uint32_t);
    uint32_t home_big;
    bool ready = true;
    if (at.len < head)
        return GW_FAIL(err, GW_CORRUPT, "a queued row's key of %zu bytes", at.len);
    memcpy(&home_big, at.data + head - sizeof(home_big), sizeof(home_big));
    struct gw_rec_home_key key = {__builtin_bswap32(home_big), {at.data + head, at.len - head}};
    if (list->queue)
        GW_TRY(is_ready(ledger, &key, &ready, err));
    if (!ready)
        return GW_OK;
    key.key = gw_arena_copy(list->arena, key.key);
    if (key.key.data == NULL)
        return GW_FAIL_NOMEM(err);
    list->keys[list->count++] = key;
    return GW_OK;
}

static gw_rc list_keys(struct gw_ledger *ledger, struct listing *list, struct gw_err *err)
{
    struct gw_state_view view;
    struct gw_kv_cur *cur = NULL;
    list->keys = GW_NEW_ARRAY(list->arena, struct gw_rec_home_key, list->max);
    if (list->keys == NULL)
        return GW_FAIL_NOMEM(err);
    struct gw_state_key from = list->scope;
    if (list->queue)
        gw_key_u64(&from, list->queue->queue_from);
    gw_arena_reset(&ledger->scratch);
    GW_TRY(gw_state_view_of(ledger, &view, err));
    GW_TRY(ledger->kv->ops->seek(view.view, gw_key_view(&from), &cur, err));
    gw_rc rc = GW_OK;
    for (uint32_t looked = 0; rc == GW_OK && list->count < list->max && looked < LOOK_MAX;
         looked++) {
        struct gw_bytes at, val;
        rc = gw_scope_next(ledger->kv, cur, &list->scope, &at, &val, err);
        if (rc == GW_OK)
            rc = list_one(ledger, list, at, err);
    }
    ledger->kv->ops->close(cur);
    return rc == GW_NOTFOUND ? GW_OK : rc;
}

static struct listing listing_of(enum gw_state_table table, uint32_t store_id, size_t skip,
                                 uint32_t max, struct gw_arena *arena)
{
    struct listing list = {.skip = skip, .arena = arena, .max = max};
    gw_key_start(&list.scope, table);
    gw_key_u32(&list.scope, store_id);
    return list;
}

gw_rc gw_ledger_dirty(struct gw_ledger *ledger, uint32_t store_id, uint32_t max,
                      struct gw_arena *arena, struct gw_rec_home_key **ret, uint32_t *ret_count,
                      struct gw_err *err)
{
    struct listing list = listing_of(GW_TABLE_QUEUE, store_id, sizeof(uint64_t), max, arena);
    for (uint32_t i = 0; i < ledger->small.store_count; i++)
        if (ledger->small.stores[i].id == store_id)
            list.queue = &ledger->small.stores[i];
    GW_TRY(list_keys(ledger, &list, err));
    *ret = list.keys;
    *ret_count = list.count;
    return GW_OK;
}

gw_rc gw_ledger_intents(struct gw_ledger *ledger, uint32_t store_id, uint32_t max,
                        struct gw_arena *arena, struct gw_rec_home_key **ret, uint32_t *ret_count,
                        struct gw_err *err)
{
    struct listing list = listing_of(GW_TABLE_INTENT, store_id, 0, max, arena);
    GW_TRY(list_keys(ledger, &list, err));
    *ret = list.keys;
    *ret_count = list.count;
    return GW_OK;
}

static gw_rc gate_passed(struct gw_ledger *ledger, uint32_t home, uint64_t shape, bool *ret,
                         struct gw_err *err)
{
    struct gw_gate_seen *seen = &ledger->gates[(shape ^ home) % GW_GATES_SEEN];
    if (seen->home == home && seen->shape == shape) {
        *ret = true;
        return GW_OK;
    }
    struct gw_state_key at;
    struct gw_bytes nothing;
    gw_key_start(&at, GW_TABLE_GATE);
    gw_key_u32(&at, home);
    gw_key_u64(&at, shape);
    gw_rc rc = gw_state_get(ledger, &at, &nothing, err);
    *ret = rc == GW_OK;
    if (*ret)
        *seen = (struct gw_gate_seen){home, shape};
    return rc == GW_NOTFOUND ? GW_OK : rc;
}

gw_rc gw_ledger_push_item(struct gw_ledger *ledger, const struct gw_rec_home_key *key,
                          struct gw_arena *arena, struct gw_push_item *ret, struct gw_err *err)
{
    const struct gw_program_home *home = gw_program_home_id(ledger->program, key->home);
    struct gw_intent intent;
    struct gw_meta meta;
    if (home == NULL)
        return GW_NOTFOUND;
    gw_arena_reset(&ledger->scratch);
    GW_TRY(gw_intent_get(ledger, home, key->key, &intent, err));
    GW_TRY(gw_pair_get(ledger, home->owner->entity.id, key->key, &meta, err));
    struct gw_push_item item = {
        .home = home,
        .key = gw_arena_copy(arena, key->key),
        .acked = gw_meta_home(&meta, home->home.id)->acked,
        .intent = intent.seen,
        .image = gw_arena_copy(arena, intent.image),
        .group = intent.group,
    };
    union gw_value *values =
        GW_NEW_ARRAY(arena, union gw_value, home->home.key_count + home->home.column_count);
    if (values == NULL || item.key.data == NULL || item.image.data == NULL)
        return GW_FAIL_NOMEM(err);
    GW_TRY(gw_entity_unkey(&home->owner->entity, item.key, arena, values, err));
    item.keys = values;
    if (intent.seen.present) {
        GW_TRY(gw_home_image_decode(&home->home, item.image, arena, values + home->home.key_count,
                                    err));
        item.columns = values + home->home.key_count;
        item.shape = gw_home_shape(&home->home, item.columns);
        bool passed = false;
        GW_TRY(gate_passed(ledger, home->home.id, item.shape, &passed, err));
        item.read_back = !passed;
    }
    *ret = item;
    return GW_OK;
}
