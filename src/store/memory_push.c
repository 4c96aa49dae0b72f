/* Pushing into a memory store: one pass that classifies and writes, a second look only for atomic groups. */
#include "os/mutex.h"
#include "store/memory_int.h"

enum { WINDOW = 16 }; /* items whose memory is asked for ahead of their turn */

struct gw_memory_held {
    struct gw_memory_held *next;
    struct gw_memory_store store; /* the connection as it was: name is not kept */
    struct gw_arena arena;
    uint64_t epoch, attempt;
    struct gw_store_item *items;
    uint32_t count;
};

/* What one push needs while the lock is held. */
struct push {
    struct gw_memory *memory;
    struct gw_arena *arena;     /* of results; NULL: a held push, nobody reads its results */
    const struct gw_home *home; /* of `table`: consecutive items mostly share it */
    struct gw_memory_table *table;
    uint32_t written;
    uint64_t hashes[WINDOW]; /* of the keys of the items being pushed */
    size_t ends[WINDOW];     /* of their keys in memory->key */
};

/* One item under classification. `key` is borrowed from the scratch buffer until the next window. */
struct look {
    struct gw_bytes key;
    uint64_t key_hash;
    struct gw_memory_row *row;
    struct gw_seen found;
};

static gw_rc check_fence(struct gw_memory_store *store, uint64_t epoch, uint64_t attempt,
                         struct gw_err *err)
{
    struct gw_memory_fence *fence = NULL;
    GW_TRY(gw_memory_fence_of(&store->memory->data, store->slot, false, &fence, err));
    if (fence != NULL && fence->epoch == epoch && fence->attempt == attempt &&
        memcmp(fence->cluster, store->cluster, sizeof(store->cluster)) == 0)
        return GW_OK;
    return GW_FAIL(err, GW_CONFLICT,
                   "fence of slot %u is epoch %llu attempt %llu, this push carries %llu and %llu",
                   store->slot, fence ? (unsigned long long)fence->epoch : 0,
                   fence ? (unsigned long long)fence->attempt : 0, (unsigned long long)epoch,
                   (unsigned long long)attempt);
}

static gw_rc use_home(struct push *push, const struct gw_home *home, struct gw_err *err)
{
    if (home == push->home)
        return GW_OK;
    GW_TRY(gw_memory_table_of(&push->memory->data, home, &push->table, err));
    push->home = home;
    return GW_OK;
}

/* Keys and hashes of up to WINDOW items. A row costs two or three cache misses; asked for together they overlap. */
static gw_rc look_ahead(struct push *push, const struct gw_store_item *items, uint32_t count,
                        struct gw_err *err)
{
    struct gw_buf *keys = &push->memory->key;
    gw_buf_reset(keys);
    for (uint32_t i = 0; i < count; i++) {
        const struct gw_home *home = items[i].home;
        size_t from = keys->len;
        GW_TRY(use_home(push, home, err));
        for (uint32_t k = 0; k < home->key_count; k++)
            gw_value_key(home->columns[home->key_columns[k]].type, items[i].key[k], keys);
        GW_TRY(gw_buf_check(keys, "the keys of a push", err));
        struct gw_bytes key = {keys->data + from, keys->len - from};
        push->ends[i] = keys->len;
        push->hashes[i] = gw_hash64(key, 0);
        gw_memory_prefetch_slot(push->table, push->hashes[i]);
    }
    for (uint32_t i = 0; i < count; i++) {
        GW_TRY(use_home(push, items[i].home, err));
        gw_memory_prefetch_row(push->table, push->hashes[i]);
    }
    return GW_OK;
}

/* @at  of the item in the window */
static gw_rc look_at(struct push *push, const struct gw_store_item *item, uint32_t at,
                     struct look *ret, struct gw_err *err)
{
    size_t from = at > 0 ? push->ends[at - 1] : 0;
    GW_TRY(use_home(push, item->home, err));
    ret->key = (struct gw_bytes){push->memory->key.data + from, push->ends[at] - from};
    ret->key_hash = push->hashes[at];
    ret->row = gw_memory_find(push->table, ret->key, ret->key_hash);
    ret->found = gw_memory_seen(push->table, ret->row, item->home);
    return GW_OK;
}

/* The outcome this item would have; nothing is written. */
static gw_rc judge(struct push *push, const struct gw_store_item *item, const struct look *look,
                   struct gw_store_result *ret, struct gw_err *err)
{
    struct gw_classified as = gw_classify_push(&item->acked, &item->intent, &look->found);
    *ret = (struct gw_store_result){.outcome = GW_STORE_APPLIED};
    if (as.verdict == GW_VERDICT_ALREADY) {
        ret->outcome = GW_STORE_ALREADY;
        return GW_OK;
    }
    if (as.verdict == GW_VERDICT_CONFLICT) {
        ret->outcome = GW_STORE_CONFLICT;
        ret->conflict = as.conflict;
        ret->found = (struct gw_store_row){.ver = GW_VERSION_NONE};
        if (look->row == NULL || push->arena == NULL)
            return GW_OK;
        return gw_memory_read(push->table, look->row, item->home, push->arena, &ret->found, err);
    }
    const struct gw_memory_hooks *hooks = &push->memory->hooks;
    if (hooks->on_row != NULL)
        ret->cls = hooks->on_row(hooks->ctx, item);
    if (ret->cls != GW_STORE_CLASS_NONE) {
        ret->outcome = GW_STORE_REFUSED;
        ret->text = gw_text("refused by the script");
    }
    return GW_OK;
}

static gw_rc write_row(struct push *push, const struct gw_store_item *item, const struct look *look,
                       struct gw_store_result *result, struct gw_err *err)
{
    struct gw_seen seen = item->intent;
    if (item->read_back && seen.present &&
        !gw_hash128_equal(gw_home_hash(item->home, item->image), seen.hash)) {
        result->outcome = GW_STORE_REFUSED;
        result->cls = GW_STORE_CLASS_ROUND_TRIP;
        result->text = gw_text("the image sent does not have the hash sent");
        return GW_OK;
    }
    struct gw_seen kept = seen;
    if (seen.present && item->home->id != push->table->home_id) {
        struct gw_home first =
            *item->home; /* rows keep the hash that the table's first home gives them */
        first.id = push->table->home_id;
        kept.hash = gw_home_hash(&first, item->image);
    }
    if (!seen.present && look->row != NULL) {
        gw_memory_remove(push->table, look->row);
    } else if (seen.present && gw_memory_write(push->table, look->row, look->key, look->key_hash,
                                               item->image, kept) == NULL) {
        return GW_FAIL_NOMEM(err);
    }
    push->written++;
    const struct gw_memory_hooks *hooks = &push->memory->hooks;
    if (hooks->on_write != NULL) {
        struct gw_memory_write write = {item->home->id, look->key, look->found, seen, false};
        hooks->on_write(hooks->ctx, &write);
    }
    return GW_OK;
}

static gw_rc push_one(struct push *push, const struct gw_store_item *item, uint32_t at,
                      struct gw_store_result *ret, struct gw_err *err)
{
    struct look look;
    GW_TRY(look_at(push, item, at, &look, err));
    GW_TRY(judge(push, item, &look, ret, err));
    return ret->outcome == GW_STORE_APPLIED ? write_row(push, item, &look, ret, err) : GW_OK;
}

static gw_rc push_window(struct push *push, const struct gw_store_item *items, uint32_t count,
                         struct gw_store_result *ret, struct gw_err *err)
{
    GW_TRY(look_ahead(push, items, count, err));
    for (uint32_t i = 0; i < count; i++)
        GW_TRY(push_one(push, &items[i], i, &ret[i], err));
    return GW_OK;
}

/* All or none: everything is judged before anything is written; rows of one group are different rows. */
static gw_rc push_group(struct push *push, const struct gw_store_item *items, uint32_t count,
                        struct gw_store_result *ret, struct gw_err *err)
{
    struct look look;
    bool is_whole = true;
    for (uint32_t i = 0; i < count; i++) {
        GW_TRY(look_ahead(push, &items[i], 1, err));
        GW_TRY(look_at(push, &items[i], 0, &look, err));
        GW_TRY(judge(push, &items[i], &look, &ret[i], err));
        is_whole &= ret[i].outcome == GW_STORE_APPLIED || ret[i].outcome == GW_STORE_ALREADY;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (ret[i].outcome != GW_STORE_APPLIED)
            continue;
        if (!is_whole) {
            ret[i] = (struct gw_store_result){
                .outcome = GW_STORE_REFUSED,
                .cls = GW_STORE_CLASS_DEPENDENT,
                .text = gw_text("another row of its group was not written")};
            continue;
        }
        GW_TRY(look_ahead(push, &items[i], 1, err));
        GW_TRY(look_at(push, &items[i], 0, &look, err));
        GW_TRY(write_row(push, &items[i], &look, &ret[i], err));
    }
    return GW_OK;
}

static gw_rc push_all(struct push *push, const struct gw_store_item *items, uint32_t count,
                      struct gw_store_result *ret, struct gw_err *err)
{
    for (uint32_t i = 0; i < count;) {
        uint32_t end = i + 1;
        bool is_group = items[i].group != 0;
        while (end < count && items[end].group == items[i].group && (is_group || end - i < WINDOW))
            end++;
        if (is_group) {
            GW_TRY(push_group(push, items + i, end - i, ret + i, err));
        } else {
            GW_TRY(push_window(push, items + i, end - i, ret + i, err));
        }
        i = end;
    }
    return GW_OK;
}

/* ---- pushes kept back ---- */

static gw_rc copy_item(const struct gw_memory *memory, const struct gw_store_item *item,
                       struct gw_arena *arena, struct gw_store_item *ret, struct gw_err *err)
{
    const struct gw_home *home = item->home;
    union gw_value *key = GW_NEW_ARRAY(arena, union gw_value, home->key_count);
    *ret = *item;
    if (memory->hooks.keep_home != NULL)
        ret->home = memory->hooks.keep_home(memory->hooks.ctx, home);
    ret->columns = NULL; /* this store writes images */
    ret->image = gw_arena_copy(arena, item->image);
    if (key == NULL || ret->image.data == NULL)
        return GW_FAIL_NOMEM(err);
    for (uint32_t i = 0; i < home->key_count; i++) {
        if (!gw_value_copy(home->columns[home->key_columns[i]].type, item->key[i], arena, &key[i]))
            return GW_FAIL_NOMEM(err);
    }
    ret->key = key;
    return GW_OK;
}

static void held_done(struct gw_memory_held *held)
{
    gw_arena_done(&held->arena);
    gw_memory_give(held, sizeof(*held));
}

static gw_rc hold(const struct gw_memory_store *store, uint64_t epoch, uint64_t attempt,
                  const struct gw_store_item *items, uint32_t count, struct gw_err *err)
{
    struct gw_memory_held *held = gw_memory_get(sizeof(*held));
    if (held == NULL)
        return GW_FAIL_NOMEM(err);
    *held = (struct gw_memory_held){
        .store = *store, .epoch = epoch, .attempt = attempt, .count = count};
    gw_arena_init(&held->arena, store->memory->image.alloc, SIZE_MAX);
    held->items = GW_NEW_ARRAY(&held->arena, struct gw_store_item, count);
    gw_rc rc = held->items != NULL ? GW_OK : GW_FAIL_NOMEM(err);
    for (uint32_t i = 0; rc == GW_OK && i < count; i++)
        rc = copy_item(store->memory, &items[i], &held->arena, &held->items[i], err);
    if (rc < 0) {
        held_done(held);
        return rc;
    }
    *store->memory->held_end = held;
    store->memory->held_end = &held->next;
    return GW_FAIL(err, GW_TIMEOUT, "store %.*s: no answer in time", GW_TEXT_ARG(store->name));
}

static uint32_t run_held(struct gw_memory *memory, struct gw_memory_held *held)
{
    struct push push = {.memory = memory};
    struct gw_store_result *results =
        GW_NEW_ARRAY(&held->arena, struct gw_store_result, held->count);
    if (results == NULL || check_fence(&held->store, held->epoch, held->attempt, NULL) < 0)
        return 0;
    (void)push_all(&push, held->items, held->count, results, NULL);
    return push.written > 0;
}

uint32_t gw_memory_release(struct gw_memory *memory)
{
    uint32_t changed = 0;
    gw_mutex_lock(memory->lock);
    while (memory->held != NULL) {
        struct gw_memory_held *held = memory->held;
        memory->held = held->next;
        changed += run_held(memory, held);
        held_done(held);
    }
    memory->held_end = &memory->held;
    gw_mutex_unlock(memory->lock);
    return changed;
}

void gw_memory_held_free(struct gw_memory *memory)
{
    while (memory->held != NULL) {
        struct gw_memory_held *held = memory->held;
        memory->held = held->next;
        held_done(held);
    }
}

/* ---- the call ---- */

static gw_rc push_locked(struct gw_memory_store *store, uint64_t epoch, uint64_t attempt,
                         const struct gw_store_item *items, uint32_t count, struct gw_arena *arena,
                         struct gw_store_result *ret_results, struct gw_err *err)
{
    enum gw_memory_fault fault;
    GW_TRY(gw_memory_call(store, GW_STORE_CALL_PUSH, count, &fault, err));
    if (fault == GW_MEMORY_HOLD)
        return hold(store, epoch, attempt, items, count, err);
    GW_TRY(check_fence(store, epoch, attempt, err));
    struct push push = {.memory = store->memory, .arena = arena};
    GW_TRY(push_all(&push, items, count, ret_results, err));
    return gw_memory_answer(store, fault, err);
}

gw_rc gw_memory_push(struct gw_store *base, uint64_t epoch, uint64_t attempt,
                     const struct gw_store_item *items, uint32_t count, struct gw_arena *arena,
                     struct gw_store_result *ret_results, struct gw_err *err)
{
    GW_ASSERT(count <= GW_STORE_PUSH_MAX);
    struct gw_memory_store *store = GW_CONTAINER_OF(base, struct gw_memory_store, base);
    gw_mutex_lock(store->memory->lock);
    gw_rc rc = push_locked(store, epoch, attempt, items, count, arena, ret_results, err);
    gw_mutex_unlock(store->memory->lock);
    return rc;
}
