#include "store/memory.h"

#include <stdatomic.h>

#include "base/buf.h"
#include "os/heap.h"
#include "os/mutex.h"
#include "store/memory_int.h"

enum { KEY_BYTES_MAX = 256 * 1024, SIGNATURE_BYTES_MAX = 64 * 1024 };

/* ---- names ---- */

static _Atomic(struct gw_mutex *) names_lock;
static struct gw_memory *names; /* under names_lock */

static gw_rc lock_names(struct gw_mutex **ret, struct gw_err *err)
{
    struct gw_mutex *lock = atomic_load(&names_lock);
    if (lock == NULL) {
        struct gw_mutex *fresh;
        GW_TRY(gw_mutex_new(&fresh, err));
        if (atomic_compare_exchange_strong(&names_lock, &lock, fresh)) {
            lock = fresh;
        } else {
            gw_mutex_free(fresh);
        }
    }
    gw_mutex_lock(lock);
    *ret = lock;
    return GW_OK;
}

static gw_rc copy_name(struct gw_text name, struct gw_text *ret, struct gw_err *err)
{
    char *copy = gw_memory_get(name.len + 1);
    if (copy == NULL)
        return GW_FAIL_NOMEM(err);
    memcpy(copy, name.data, name.len);
    copy[name.len] = '\0';
    *ret = (struct gw_text){copy, name.len};
    return GW_OK;
}

static void free_memory(struct gw_memory *memory)
{
    gw_memory_held_free(memory);
    gw_memory_data_free(&memory->data);
    gw_buf_done(&memory->key);
    gw_buf_done(&memory->image);
    gw_mutex_free(memory->lock);
    gw_memory_give_text(memory->name);
    gw_memory_give(memory, sizeof(*memory));
}

static gw_rc new_memory(struct gw_text name, struct gw_memory **ret, struct gw_err *err)
{
    struct gw_memory *memory = gw_memory_get(sizeof(*memory));
    if (memory == NULL)
        return GW_FAIL_NOMEM(err);
    *memory = (struct gw_memory){0};
    memory->held_end = &memory->held;
    gw_buf_init(&memory->key, gw_os_heap(), KEY_BYTES_MAX);
    gw_buf_init(&memory->image, gw_os_heap(), GW_IMAGE_BYTES_MAX);
    gw_rc rc = copy_name(name, &memory->name, err);
    if (rc == GW_OK)
        rc = gw_mutex_new(&memory->lock, err);
    if (rc < 0) {
        gw_memory_give_text(memory->name);
        gw_memory_give(memory, sizeof(*memory));
        return rc;
    }
    *ret = memory;
    return GW_OK;
}

gw_rc gw_memory_of(struct gw_text name, struct gw_memory **ret, struct gw_err *err)
{
    struct gw_mutex *lock = NULL;
    GW_TRY(lock_names(&lock, err));
    struct gw_memory *memory = names;
    while (memory != NULL && !gw_text_equal(memory->name, name))
        memory = memory->next;
    gw_rc rc = GW_OK;
    if (memory == NULL) {
        rc = new_memory(name, &memory, err);
        if (rc == GW_OK) {
            memory->next = names;
            names = memory;
        }
    }
    gw_mutex_unlock(lock);
    if (rc == GW_OK)
        *ret = memory;
    return rc;
}

void gw_memory_drop(struct gw_memory *memory)
{
    struct gw_mutex *lock = NULL;
    if (memory == NULL || lock_names(&lock, NULL) < 0)
        return;
    GW_ASSERT(memory->connections == 0);
    struct gw_memory **at = &names;
    while (*at != memory) {
        GW_ASSERT(*at != NULL);
        at = &(*at)->next;
    }
    *at = memory->next;
    gw_mutex_unlock(lock);
    free_memory(memory);
}

/* ---- tables and fences ---- */

static gw_rc signature_of(const struct gw_home *home, uint64_t *ret, struct gw_err *err)
{
    struct gw_buf text;
    gw_buf_init(&text, gw_os_heap(), SIGNATURE_BYTES_MAX);
    for (uint32_t i = 0; i < home->column_count; i++) {
        gw_buf_put_text(&text, home->columns[i].name);
        gw_buf_put_u8(&text, home->columns[i].is_key ? '!' : ' ');
        gw_type_text(home->columns[i].type, &text);
        gw_buf_put_u8(&text, '\n');
    }
    gw_rc rc = gw_buf_check(&text, "the columns of a home", err);
    if (rc == GW_OK)
        *ret = gw_hash64(gw_buf_bytes(&text), 0);
    gw_buf_done(&text);
    return rc;
}

static gw_rc table_new(struct gw_memory_data *data, const struct gw_home *home, uint64_t signature,
                       struct gw_memory_table **ret, struct gw_err *err)
{
    struct gw_memory_table *table = gw_memory_get(sizeof(*table));
    if (table == NULL)
        return GW_FAIL_NOMEM(err);
    *table = (struct gw_memory_table){.signature = signature, .home_id = home->id};
    gw_rc rc = copy_name(home->place, &table->place, err);
    if (rc < 0) {
        gw_memory_give(table, sizeof(*table));
        return rc;
    }
    table->next = data->tables;
    data->tables = table;
    *ret = table;
    return GW_OK;
}

gw_rc gw_memory_table_of(struct gw_memory_data *data, const struct gw_home *home,
                         struct gw_memory_table **ret, struct gw_err *err)
{
    uint64_t signature = 0;
    GW_TRY(signature_of(home, &signature, err));
    struct gw_memory_table *table = data->tables;
    while (table != NULL && !gw_text_equal(table->place, home->place))
        table = table->next;
    if (table == NULL)
        return table_new(data, home, signature, ret, err);
    if (table->signature != signature) {
        return GW_FAIL_CODE(err, GW_INVALID, 1303,
                            "home %.*s: place %.*s of this memory store has other columns",
                            GW_TEXT_ARG(home->name), GW_TEXT_ARG(home->place));
    }
    *ret = table;
    return GW_OK;
}

gw_rc gw_memory_fence_of(struct gw_memory_data *data, uint32_t slot, bool make,
                         struct gw_memory_fence **ret, struct gw_err *err)
{
    struct gw_memory_fence *fence = data->fences;
    while (fence != NULL && fence->slot != slot)
        fence = fence->next;
    if (fence == NULL && make) {
        fence = gw_memory_get(sizeof(*fence));
        if (fence == NULL)
            return GW_FAIL_NOMEM(err);
        *fence = (struct gw_memory_fence){.next = data->fences, .slot = slot};
        data->fences = fence;
    }
    *ret = fence;
    return GW_OK;
}

void gw_memory_data_free(struct gw_memory_data *data)
{
    while (data->tables != NULL) {
        struct gw_memory_table *table = data->tables;
        data->tables = table->next;
        gw_memory_table_free(table);
    }
    while (data->fences != NULL) {
        struct gw_memory_fence *fence = data->fences;
        data->fences = fence->next;
        gw_memory_give(fence, sizeof(*fence));
    }
}

/* ---- calls ---- */

static enum gw_memory_fault fault_of(struct gw_memory_store *store, enum gw_store_call call,
                                     uint32_t rows)
{
    struct gw_memory *memory = store->memory;
    if (memory->is_down)
        return GW_MEMORY_UNREACHABLE;
    if (memory->script_count > 0 && memory->script_call == call) {
        memory->script_count--;
        return memory->script_fault;
    }
    if (memory->hooks.on_call != NULL)
        return memory->hooks.on_call(memory->hooks.ctx, call, store->slot, rows);
    return GW_MEMORY_GOOD;
}

gw_rc gw_memory_call(struct gw_memory_store *store, enum gw_store_call call, uint32_t rows,
                     enum gw_memory_fault *ret_fault, struct gw_err *err)
{
    enum gw_memory_fault fault = fault_of(store, call, rows);
    *ret_fault = fault;
    switch (fault) {
    case GW_MEMORY_UNREACHABLE:
        return GW_FAIL(err, GW_UNREACHABLE, "store %.*s: unreachable", GW_TEXT_ARG(store->name));
    case GW_MEMORY_DENIED:
        return GW_FAIL(err, GW_DENIED, "store %.*s: permission denied", GW_TEXT_ARG(store->name));
    case GW_MEMORY_TIMEOUT:
        return GW_FAIL(err, GW_TIMEOUT, "store %.*s: no answer in time", GW_TEXT_ARG(store->name));
    case GW_MEMORY_LOSE_BEFORE:
        return GW_FAIL(err, GW_UNREACHABLE, "store %.*s: connection lost, outcome unknown",
                       GW_TEXT_ARG(store->name));
    case GW_MEMORY_GOOD:
    case GW_MEMORY_LOSE_AFTER:
    case GW_MEMORY_HOLD:
        return GW_OK;
    }
    GW_UNREACHABLE_CODE();
}

gw_rc gw_memory_answer(struct gw_memory_store *store, enum gw_memory_fault fault,
                       struct gw_err *err)
{
    if (fault != GW_MEMORY_LOSE_AFTER)
        return GW_OK;
    return GW_FAIL(err, GW_UNREACHABLE, "store %.*s: connection lost, outcome unknown",
                   GW_TEXT_ARG(store->name));
}

static struct gw_memory_store *lock_store(struct gw_store *base)
{
    struct gw_memory_store *store = GW_CONTAINER_OF(base, struct gw_memory_store, base);
    gw_mutex_lock(store->memory->lock);
    return store;
}

static gw_rc unlock(struct gw_memory_store *store, gw_rc rc)
{
    gw_mutex_unlock(store->memory->lock);
    return rc;
}

static gw_rc memory_open(const struct gw_store_config *config, struct gw_store **ret,
                         struct gw_err *err)
{
    struct gw_text name = config->url;
    const char *colon = memchr(name.data, ':', name.len);
    GW_ASSERT(colon != NULL);
    name = (struct gw_text){colon + 1, name.len - (size_t)(colon + 1 - name.data)};
    struct gw_memory *memory = NULL;
    GW_TRY(gw_memory_of(name, &memory, err));
    struct gw_memory_store *store = gw_memory_get(sizeof(*store));
    if (store == NULL)
        return GW_FAIL_NOMEM(err);
    *store =
        (struct gw_memory_store){.base = {&gw_memory_ops}, .memory = memory, .slot = config->slot};
    memcpy(store->cluster, config->cluster, sizeof(store->cluster));
    gw_rc rc = copy_name(config->name, &store->name, err);
    if (rc == GW_OK && memory->is_down) {
        rc = GW_FAIL(err, GW_UNREACHABLE, "store %.*s: unreachable", GW_TEXT_ARG(store->name));
        gw_memory_give_text(store->name);
    }
    if (rc < 0) {
        gw_memory_give(store, sizeof(*store));
        return rc;
    }
    (void)lock_store(&store->base);
    memory->connections++;
    gw_mutex_unlock(memory->lock);
    *ret = &store->base;
    return GW_OK;
}

static void memory_close(struct gw_store *base)
{
    if (base == NULL)
        return;
    struct gw_memory_store *store = lock_store(base);
    store->memory->connections--;
    gw_mutex_unlock(store->memory->lock);
    gw_memory_give_text(store->name);
    gw_memory_give(store, sizeof(*store));
}

static gw_rc memory_catalog(struct gw_store *base, const struct gw_home *home,
                            struct gw_arena *arena, struct gw_store_findings *ret,
                            struct gw_err *err)
{
    struct gw_memory_store *store = lock_store(base);
    enum gw_memory_fault fault;
    gw_rc rc = gw_memory_call(store, GW_STORE_CALL_CATALOG, 0, &fault, err);
    struct gw_memory_table *table = NULL;
    struct gw_err other = {0};
    if (rc < 0)
        return unlock(store, rc);
    *ret = (struct gw_store_findings){0};
    if (gw_memory_table_of(&store->memory->data, home, &table, &other) == GW_OK)
        return unlock(store, gw_memory_answer(store, fault, err));
    struct gw_store_finding *finding = GW_NEW(arena, struct gw_store_finding);
    if (finding == NULL || other.rc != GW_INVALID)
        return unlock(store, GW_FAIL_NOMEM(err));
    *finding = (struct gw_store_finding){.code = other.code,
                                         .fatal = true,
                                         .home = home,
                                         .text = gw_arena_printf(arena, "%s", other.msg),
                                         .hint = gw_text("")};
    *ret = (struct gw_store_findings){finding, 1};
    return unlock(store, gw_memory_answer(store, fault, err));
}

static gw_rc memory_prepare_plan(struct gw_store *base, const struct gw_home *const *homes,
                                 uint32_t count, struct gw_arena *arena, struct gw_store_ddl *ret,
                                 struct gw_err *err)
{
    (void)homes, (void)count, (void)arena;
    struct gw_memory_store *store = lock_store(base);
    enum gw_memory_fault fault;
    gw_rc rc = gw_memory_call(store, GW_STORE_CALL_PREPARE_PLAN, 0, &fault, err);
    if (rc == GW_OK)
        *ret = (struct gw_store_ddl){0}; /* versions and fences need no place of their own here */
    return unlock(store, rc);
}

static gw_rc memory_prepare(struct gw_store *base, const struct gw_home *const *homes,
                            uint32_t count, struct gw_err *err)
{
    (void)homes, (void)count;
    struct gw_memory_store *store = lock_store(base);
    enum gw_memory_fault fault;
    return unlock(store, gw_memory_call(store, GW_STORE_CALL_PREPARE, 0, &fault, err));
}

static gw_rc memory_fence_read(struct gw_store *base, uint32_t slot, struct gw_store_fence *ret,
                               struct gw_err *err)
{
    struct gw_memory_store *store = lock_store(base);
    enum gw_memory_fault fault;
    struct gw_memory_fence *fence = NULL;
    gw_rc rc = gw_memory_call(store, GW_STORE_CALL_FENCE_READ, 0, &fault, err);
    if (rc == GW_OK)
        rc = gw_memory_fence_of(&store->memory->data, slot, false, &fence, err);
    if (rc == GW_OK)
        rc = gw_memory_answer(store, fault, err);
    if (rc < 0)
        return unlock(store, rc);
    *ret = (struct gw_store_fence){0};
    if (fence != NULL) {
        *ret = (struct gw_store_fence){
            .present = true, .epoch = fence->epoch, .attempt = fence->attempt};
        memcpy(ret->cluster, fence->cluster, sizeof(ret->cluster));
    }
    return unlock(store, GW_OK);
}

static gw_rc raise_fence(struct gw_memory_store *store, uint32_t slot, uint64_t epoch,
                         uint64_t attempt, struct gw_err *err)
{
    struct gw_memory_fence *fence = store->memory->data.fences;
    for (; fence != NULL; fence = fence->next) {
        char hex[33];
        gw_hex((struct gw_bytes){fence->cluster, sizeof(fence->cluster)}, hex);
        if (memcmp(fence->cluster, store->cluster, sizeof(fence->cluster)) != 0) {
            return GW_FAIL(err, GW_CONFLICT, "store %.*s: fenced by another godwit, cluster %s",
                           GW_TEXT_ARG(store->name), hex);
        }
    }
    GW_TRY(gw_memory_fence_of(&store->memory->data, slot, true, &fence, err));
    if (fence->epoch > epoch) {
        return GW_FAIL(err, GW_CONFLICT,
                       "store %.*s: fence of slot %u has epoch %llu, ours is %llu",
                       GW_TEXT_ARG(store->name), slot, (unsigned long long)fence->epoch,
                       (unsigned long long)epoch);
    }
    memcpy(fence->cluster, store->cluster, sizeof(fence->cluster));
    if (fence->epoch < epoch || fence->attempt < attempt)
        fence->attempt = attempt;
    fence->epoch = epoch;
    return GW_OK;
}

static gw_rc memory_fence_raise(struct gw_store *base, uint32_t slot, uint64_t epoch,
                                uint64_t attempt, struct gw_err *err)
{
    struct gw_memory_store *store = lock_store(base);
    enum gw_memory_fault fault;
    gw_rc rc = gw_memory_call(store, GW_STORE_CALL_FENCE_RAISE, 0, &fault, err);
    if (rc == GW_OK)
        rc = raise_fence(store, slot, epoch, attempt, err);
    if (rc == GW_OK)
        rc = gw_memory_answer(store, fault, err);
    return unlock(store, rc);
}

static gw_rc memory_fence_take_over(struct gw_store *base, const uint8_t foreign[16],
                                    struct gw_err *err)
{
    struct gw_memory_store *store = lock_store(base);
    enum gw_memory_fault fault;
    gw_rc rc = gw_memory_call(store, GW_STORE_CALL_FENCE_TAKE_OVER, 0, &fault, err);
    bool taken = false;
    for (struct gw_memory_fence *fence = store->memory->data.fences; rc == GW_OK && fence != NULL;
         fence = fence->next) {
        if (memcmp(fence->cluster, foreign, sizeof(fence->cluster)) != 0)
            continue;
        memcpy(fence->cluster, store->cluster, sizeof(fence->cluster));
        fence->epoch = 0; /* their epochs say nothing about ours */
        fence->attempt = 0;
        taken = true;
    }
    if (rc == GW_OK && !taken) {
        rc = GW_FAIL(err, GW_NOTFOUND, "store %.*s: no fence of that cluster",
                     GW_TEXT_ARG(store->name));
    }
    return unlock(store, rc);
}

/* ---- reading ---- */

struct gw_seen gw_memory_seen(const struct gw_memory_table *table, const struct gw_memory_row *row,
                              const struct gw_home *home)
{
    if (row == NULL)
        return (struct gw_seen){.ver = GW_VERSION_NONE};
    struct gw_hash128 hash =
        home->id == table->home_id ? row->hash : gw_home_hash(home, gw_memory_row_image(row));
    return (struct gw_seen){.present = true, .ver = row->ver, .hash = hash};
}

gw_rc gw_memory_read(const struct gw_memory_table *table, const struct gw_memory_row *row,
                     const struct gw_home *home, struct gw_arena *arena, struct gw_store_row *ret,
                     struct gw_err *err)
{
    union gw_value *columns = GW_NEW_ARRAY(arena, union gw_value, home->column_count);
    union gw_value *key = GW_NEW_ARRAY(arena, union gw_value, home->key_count);
    struct gw_bytes image = gw_arena_copy(arena, gw_memory_row_image(row));
    if (columns == NULL || key == NULL || image.data == NULL)
        return GW_FAIL_NOMEM(err);
    GW_TRY(gw_home_image_decode(home, image, arena, columns, err));
    for (uint32_t i = 0; i < home->key_count; i++)
        key[i] = columns[home->key_columns[i]];
    *ret = (struct gw_store_row){.present = true,
                                 .ver = row->ver,
                                 .columns = columns,
                                 .image = image,
                                 .hash = gw_memory_seen(table, row, home).hash,
                                 .key = key};
    return GW_OK;
}

static gw_rc key_bytes(struct gw_memory *memory, const struct gw_home *home,
                       const union gw_value *key, struct gw_err *err)
{
    gw_buf_reset(&memory->key);
    for (uint32_t i = 0; i < home->key_count; i++)
        gw_value_key(home->columns[home->key_columns[i]].type, key[i], &memory->key);
    return gw_buf_check(&memory->key, "a key", err);
}

static gw_rc fetch_one(struct gw_memory *memory, const struct gw_memory_table *table,
                       const struct gw_home *home, const union gw_value *key,
                       struct gw_arena *arena, struct gw_store_row *ret, struct gw_err *err)
{
    GW_TRY(key_bytes(memory, home, key, err));
    struct gw_bytes bytes = gw_buf_bytes(&memory->key);
    const struct gw_memory_row *row = gw_memory_find(table, bytes, gw_hash64(bytes, 0));
    if (row != NULL)
        return gw_memory_read(table, row, home, arena, ret, err);
    *ret = (struct gw_store_row){.ver = GW_VERSION_NONE};
    ret->key = GW_NEW_ARRAY(arena, union gw_value, home->key_count);
    if (ret->key == NULL)
        return GW_FAIL_NOMEM(err);
    for (uint32_t i = 0; i < home->key_count; i++) {
        if (!gw_value_copy(home->columns[home->key_columns[i]].type, key[i], arena, &ret->key[i]))
            return GW_FAIL_NOMEM(err);
    }
    return GW_OK;
}

static gw_rc memory_fetch(struct gw_store *base, const struct gw_home *home,
                          const union gw_value *const *keys, uint32_t count, struct gw_arena *arena,
                          struct gw_store_row *ret_rows, struct gw_err *err)
{
    GW_ASSERT(count <= GW_STORE_FETCH_MAX);
    struct gw_memory_store *store = lock_store(base);
    enum gw_memory_fault fault;
    struct gw_memory_table *table = NULL;
    gw_rc rc = gw_memory_call(store, GW_STORE_CALL_FETCH, count, &fault, err);
    if (rc == GW_OK)
        rc = gw_memory_table_of(&store->memory->data, home, &table, err);
    for (uint32_t i = 0; rc == GW_OK && i < count; i++)
        rc = fetch_one(store->memory, table, home, keys[i], arena, &ret_rows[i], err);
    if (rc == GW_OK)
        rc = gw_memory_answer(store, fault, err);
    return unlock(store, rc);
}

static gw_rc scan_page(struct gw_memory *memory, const struct gw_memory_table *table,
                       const struct gw_home *home, const union gw_value *after, uint32_t rows,
                       struct gw_arena *arena, struct gw_store_page *ret, struct gw_err *err)
{
    struct gw_bytes from = {NULL, 0};
    if (after != NULL) {
        GW_TRY(key_bytes(memory, home, after, err));
        from = gw_buf_bytes(&memory->key);
    }
    struct gw_memory_at at = gw_memory_seek(table, from);
    struct gw_store_page page = {.rows = GW_NEW_ARRAY(arena, struct gw_store_row, rows)};
    if (page.rows == NULL)
        return GW_FAIL_NOMEM(err);
    const struct gw_memory_row *row = gw_memory_step(table, &at);
    for (size_t bytes = 0; row != NULL; row = gw_memory_step(table, &at)) {
        bytes += row->image_bytes;
        if (page.count == rows || (page.count > 0 && bytes > GW_STORE_PAGE_BYTES_MAX))
            break;
        GW_TRY(gw_memory_read(table, row, home, arena, &page.rows[page.count], err));
        page.count++;
    }
    page.end = row == NULL;
    *ret = page;
    return GW_OK;
}

static gw_rc memory_scan(struct gw_store *base, const struct gw_home *home,
                         const union gw_value *after, uint32_t rows, struct gw_arena *arena,
                         struct gw_store_page *ret, struct gw_err *err)
{
    GW_ASSERT(rows > 0);
    struct gw_memory_store *store = lock_store(base);
    enum gw_memory_fault fault;
    struct gw_memory_table *table = NULL;
    gw_rc rc = gw_memory_call(store, GW_STORE_CALL_SCAN, rows, &fault, err);
    if (rc == GW_OK)
        rc = gw_memory_answer(store, fault, err);
    if (rc == GW_OK)
        rc = gw_memory_table_of(&store->memory->data, home, &table, err);
    if (rc == GW_OK)
        rc = scan_page(store->memory, table, home, after, rows, arena, ret, err);
    return unlock(store, rc);
}

static gw_rc memory_count(struct gw_store *base, const struct gw_home *home, uint64_t *ret,
                          struct gw_err *err)
{
    struct gw_memory_store *store = lock_store(base);
    enum gw_memory_fault fault;
    struct gw_memory_table *table = NULL;
    gw_rc rc = gw_memory_call(store, GW_STORE_CALL_COUNT, 0, &fault, err);
    if (rc == GW_OK)
        rc = gw_memory_answer(store, fault, err);
    if (rc == GW_OK)
        rc = gw_memory_table_of(&store->memory->data, home, &table, err);
    if (rc == GW_OK)
        *ret = table->row_count;
    return unlock(store, rc);
}

static int64_t memory_hold_ns(struct gw_store *base, enum gw_store_call call, uint32_t rows,
                              bool before)
{
    struct gw_memory_store *store = lock_store(base);
    const struct gw_memory_hooks *hooks = &store->memory->hooks;
    int64_t ns = hooks->hold_ns ? hooks->hold_ns(hooks->ctx, call, rows, before) : 0;
    gw_mutex_unlock(store->memory->lock);
    return ns;
}

const struct gw_store_ops gw_memory_ops = {
    .open = memory_open,
    .close = memory_close,
    .catalog = memory_catalog,
    .prepare_plan = memory_prepare_plan,
    .prepare = memory_prepare,
    .fence_read = memory_fence_read,
    .fence_raise = memory_fence_raise,
    .fence_take_over = memory_fence_take_over,
    .fetch = memory_fetch,
    .scan = memory_scan,
    .count = memory_count,
    .push = gw_memory_push,
    .hold_ns = memory_hold_ns,
};
