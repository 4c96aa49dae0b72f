/* Reading keys from their homes for the calls that need them: one read per key however many wait, many keys per request. */
#include "engine/engine_int.h"
#include "os/clock.h"

enum { KEYS_PER_REQUEST = 256, FAILED_MAX = 64 };

/** What one store request reads: the keys, in its arena. */
struct fetch_batch {
    const struct gw_program_home *home;
    struct gw_fetch_key **keys;
    uint32_t count;
    uint64_t asof;
    uint32_t home_bit;
};

static uint32_t bucket_of(const struct gw_program_entity *entity, struct gw_bytes key)
{
    return (uint32_t)(gw_hash64(key, entity->entity.id) % GW_FETCH_BUCKETS);
}

static struct gw_fetch_key *find(struct gw_engine *engine, const struct gw_program_entity *entity,
                                 struct gw_bytes key)
{
    struct gw_fetch_key *at = engine->fetching[bucket_of(entity, key)];
    while (at && (at->entity != entity || !gw_bytes_equal(at->key, key)))
        at = at->bucket_next;
    return at;
}

static struct gw_fetch_key *add(struct gw_engine *engine, const struct gw_program_entity *entity,
                                struct gw_bytes key)
{
    struct gw_fetch_key *at = engine->heap->get(engine->heap->ctx, sizeof(*at) + key.len);
    if (at == NULL)
        return NULL;
    *at = (struct gw_fetch_key){.entity = entity, .key = {(const uint8_t *)(at + 1), key.len}};
    memcpy(at + 1, key.data, key.len);
    uint32_t bucket = bucket_of(entity, key);
    at->bucket_next = engine->fetching[bucket];
    engine->fetching[bucket] = at;
    engine->fetching_count++;
    return at;
}

static void drop(struct gw_engine *engine, struct gw_fetch_key *key)
{
    struct gw_fetch_key **at = &engine->fetching[bucket_of(key->entity, key->key)];
    while (*at != key)
        at = &(*at)->bucket_next;
    *at = key->bucket_next;
    engine->fetching_count--;
    engine->heap->put(engine->heap->ctx, key, sizeof(*key) + key->key.len);
}

/** Everything the request waited for is there (or has failed): it is decided again. */
static void come_back(struct gw_engine *engine, struct gw_request *request)
{
    if (request->kind == GW_REQUEST_CALL)
        gw_calls_take(engine, request);
    else if (request->kind == GW_REQUEST_STEP)
        gw_daemons_keys(engine, request);
    else
        gw_batch_answer(engine,
                        request); /* views and warm-ups go on once what was read is durable */
}

static void note_failure(struct gw_request *request, const struct gw_fetch_key *key, uint32_t store,
                         enum gw_fetch_class cls, struct gw_text text)
{
    if (request->failed == NULL)
        request->failed = GW_NEW_ARRAY(&request->arena, struct gw_rec_failed, FAILED_MAX);
    if (request->failed == NULL || request->failed_count == FAILED_MAX)
        return;
    request->failed[request->failed_count++] = (struct gw_rec_failed){
        .store = store,
        .entity = key->entity->entity.id,
        .key = gw_arena_copy(&request->arena, key->key),
        .cls = cls,
        .text = gw_arena_copy_text(&request->arena,
                                   (struct gw_text){text.data, GW_MIN(text.len, (size_t)256)}),
    };
}

static void settle(struct gw_engine *engine, struct gw_fetch_key *key)
{
    struct gw_fetch_wait *wait = key->waits;
    drop(engine, key);
    while (wait) {
        struct gw_fetch_wait *next = wait->next;
        if (--wait->request->waiting_for == 0)
            come_back(engine, wait->request);
        wait = next;
    }
}

static void fail_key(struct gw_engine *engine, struct gw_fetch_key *key,
                     const struct gw_program_home *home, enum gw_fetch_class cls,
                     struct gw_text text)
{
    const struct gw_program *program = gw_ledger_program(engine->ledger);
    for (struct gw_fetch_wait *wait = key->waits; wait; wait = wait->next)
        note_failure(wait->request, key, program->stores[home->home.store].id, cls, text);
    key->failed = true;
}

static bool wait_for(struct gw_engine *engine, struct gw_request *request,
                     const struct gw_missing_key *missing)
{
    struct gw_err err;
    struct gw_fetch_key *key = find(engine, missing->entity, missing->key);
    struct gw_fetch_wait *wait = GW_NEW(&request->arena, struct gw_fetch_wait);
    if (wait == NULL)
        return false;
    if (key == NULL) {
        uint32_t homes = 0;
        if (gw_ledger_fetch_plan(engine->ledger, missing->entity, missing->key, &homes, &err) < 0 ||
            homes == 0 || engine->fetching_count == GW_FETCH_KEYS_MAX ||
            (key = add(engine, missing->entity, missing->key)) == NULL)
            return false;
        key->homes_left = key->homes_unsent = homes;
        engine->unsent_count += (uint32_t)__builtin_popcount(homes);
    }
    wait->request = request;
    wait->next = key->waits;
    key->waits = wait;
    request->waiting_for++;
    return true;
}

void gw_fetch_for(struct gw_engine *engine, struct gw_request *request,
                  const struct gw_missing_key *missing, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        (void)wait_for(engine, request, &missing[i]);
    if (request->waiting_for > 0)
        return;
    if (request->kind == GW_REQUEST_STEP)
        gw_daemons_keys(engine, request);
    else if (request->kind == GW_REQUEST_CALL && request->tries++ < GW_TRIES_MAX)
        gw_calls_take(engine, request); /* what it missed became resident meanwhile */
    else
        gw_request_answer(
            request, GW_FAIL_CODE(&request->err, GW_BUSY, 2429, "too many keys are being read"));
}

/* ---- sending ---- */

static gw_rc fill(struct gw_store_request *request, struct fetch_batch *batch, struct gw_err *err)
{
    const struct gw_entity *entity = &batch->home->owner->entity;
    const union gw_value **keys =
        GW_NEW_ARRAY(&request->arena, const union gw_value *, batch->count);
    if (keys == NULL)
        return GW_FAIL_NOMEM(err);
    for (uint32_t i = 0; i < batch->count; i++) {
        union gw_value *values = GW_NEW_ARRAY(&request->arena, union gw_value, entity->key_count);
        struct gw_bytes copy = gw_arena_copy(&request->arena, batch->keys[i]->key);
        if (values == NULL || copy.data == NULL)
            return GW_FAIL_NOMEM(err);
        GW_TRY(gw_entity_unkey(entity, copy, &request->arena, values, err));
        keys[i] = values;
    }
    request->in.keys = keys;
    request->in.count = batch->count;
    request->in.home = &batch->home->home;
    return GW_OK;
}

static void answer_home(struct gw_engine *engine, struct gw_fetch_key *key, uint32_t home_bit)
{
    key->homes_left &= ~home_bit;
    if (key->homes_left == 0)
        settle(engine, key);
}

static void fail_batch(struct gw_engine *engine, const struct fetch_batch *batch,
                       enum gw_fetch_class cls, struct gw_text text)
{
    for (uint32_t i = 0; i < batch->count; i++) {
        fail_key(engine, batch->keys[i], batch->home, cls, text);
        answer_home(engine, batch->keys[i], batch->home_bit);
    }
}

/** The store has enough to do: the keys wait for its next answer. */
static void put_back(struct gw_engine *engine, const struct fetch_batch *batch)
{
    for (uint32_t i = 0; i < batch->count; i++)
        batch->keys[i]->homes_unsent |= batch->home_bit;
    engine->unsent_count += batch->count;
}

/** @return false: the store takes no more now */
static bool send_batch(struct gw_engine *engine, struct gw_store_request *request,
                       struct fetch_batch *batch)
{
    struct gw_err err;
    struct gw_lane *lane = &engine->lanes[batch->home->home.store];
    request->msg.kind = GW_MSG_FETCH;
    request->ctx = batch;
    request->deadline_ns =
        gw_clock_mono_ns() + (int64_t)engine->opts.fetch_timeout_ms * GW_NS_PER_MS;
    batch->asof = gw_ledger_applied(engine->ledger);
    gw_rc rc = lane->parked ? GW_UNREACHABLE : fill(request, batch, &err);
    if (rc == GW_OK)
        rc = gw_store_pool_send(lane->pool, request);
    if (rc == GW_OK) {
        engine->metrics.fetches += batch->count;
        return true;
    }
    if (rc == GW_BUSY)
        put_back(engine, batch);
    else
        fail_batch(engine, batch, GW_FETCH_UNREACHABLE,
                   lane->parked ? GW_TEXT_LIT("the store is parked")
                                : GW_TEXT_LIT("the read could not be sent"));
    gw_store_request_free(request);
    return rc != GW_BUSY;
}

static struct gw_store_request *start_batch(struct gw_engine *engine,
                                            const struct gw_program_home *home, uint32_t home_bit)
{
    struct gw_store_request *request =
        gw_store_request_new(GW_STORE_CALL_FETCH, engine->actor, NULL);
    struct fetch_batch *batch = request ? GW_NEW(&request->arena, struct fetch_batch) : NULL;
    if (batch)
        batch->keys = GW_NEW_ARRAY(&request->arena, struct gw_fetch_key *, KEYS_PER_REQUEST);
    if (batch == NULL || batch->keys == NULL) {
        gw_store_request_free(request);
        return NULL;
    }
    batch->home = home;
    batch->home_bit = home_bit;
    request->ctx = batch;
    return request;
}

/** All unsent keys of one home, in requests of KEYS_PER_REQUEST. */
static void plan_home(struct gw_engine *engine, const struct gw_program_home *home)
{
    uint32_t bit = 1u << home->position;
    struct gw_store_request *request = NULL;
    for (uint32_t b = 0; b < GW_FETCH_BUCKETS; b++) {
        for (struct gw_fetch_key *key = engine->fetching[b], *next; key; key = next) {
            next = key->bucket_next;
            if (key->entity->entity.id != home->owner->entity.id || /* a program came between? */
                (key->homes_unsent & bit) == 0)
                continue;
            if (request == NULL && (request = start_batch(engine, home, bit)) == NULL)
                return;
            struct fetch_batch *batch = request->ctx;
            batch->keys[batch->count++] = key;
            key->homes_unsent &= ~bit;
            engine->unsent_count--;
            if (batch->count < KEYS_PER_REQUEST)
                continue;
            if (!send_batch(engine, request, batch))
                return;
            request = NULL;
        }
    }
    if (request)
        (void)send_batch(engine, request, request->ctx);
}

void gw_fetch_plan(struct gw_engine *engine)
{
    const struct gw_program *program = gw_ledger_program(engine->ledger);
    for (uint32_t i = 0; program && engine->unsent_count && i < program->home_count; i++)
        plan_home(engine, program->homes[i]);
}

/* ---- answers ---- */

static enum gw_fetch_class class_of(const struct gw_err *err)
{
    switch (gw_store_class_of(err)) {
    case GW_STORE_CLASS_TIMEOUT:
        return GW_FETCH_TIMEOUT;
    case GW_STORE_CLASS_DENIED:
        return GW_FETCH_DENIED;
    case GW_STORE_CLASS_MALFORMED:
        return GW_FETCH_MALFORMED;
    case GW_STORE_CLASS_TYPE_MISMATCH:
        return GW_FETCH_TYPE_MISMATCH;
    case GW_STORE_CLASS_TOO_LARGE:
        return GW_FETCH_TOO_LARGE;
    default: /* the rest cannot come from a read */
        return GW_FETCH_UNREACHABLE;
    }
}

/** @return false: no room in the batch now */
static bool record_row(struct gw_engine *engine, const struct fetch_batch *batch,
                       const struct gw_fetch_key *key, const struct gw_store_row *row)
{
    struct gw_applied applied;
    const struct gw_record record = {
        .kind = GW_RECORD_FETCHED,
        .fetched = {.home = batch->home->home.id,
                    .key = key->key,
                    .asof = batch->asof,
                    .outcome = row->present ? GW_FETCHED_VALUE : GW_FETCHED_ABSENT,
                    .ver = row->present ? row->ver : GW_VERSION_NONE,
                    .image = row->image},
    };
    return gw_batch_record(engine, &record, &applied);
}

void gw_fetch_answered(struct gw_engine *engine, struct gw_store_request *request)
{
    struct fetch_batch *batch = request->ctx;
    if (request->rc < 0) {
        fail_batch(engine, batch, class_of(&request->err), gw_text(request->err.msg));
        gw_store_request_free(request);
        return;
    }
    for (; request->in.rows < batch->count;
         request->in.rows++) { /* where to go on, when the batch has no room */
        uint32_t i = request->in.rows;
        const struct gw_store_row *row = &request->out.rows[i];
        if (row->problem.len)
            fail_key(engine, batch->keys[i], batch->home, GW_FETCH_MALFORMED, row->problem);
        else if (!record_row(engine, batch, batch->keys[i], row)) {
            gw_engine_defer(engine, request);
            return;
        }
        answer_home(engine, batch->keys[i], batch->home_bit);
    }
    gw_store_request_free(request);
}

void gw_fetch_close(struct gw_engine *engine)
{
    for (uint32_t b = 0; b < GW_FETCH_BUCKETS; b++)
        while (engine->fetching[b]) {
            struct gw_fetch_key *key = engine->fetching[b];
            for (struct gw_fetch_wait *wait = key->waits, *next; wait; wait = next) {
                next = wait->next;
                if (--wait->request->waiting_for > 0)
                    continue;
                if (wait->request->kind == GW_REQUEST_STEP)
                    gw_daemons_keys(engine, wait->request);
                else
                    gw_request_answer(wait->request,
                                      GW_FAIL(&wait->request->err, GW_CLOSED,
                                              "the engine closed before this was decided"));
            }
            drop(engine, key);
        }
}
