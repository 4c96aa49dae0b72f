/* The hand inside a memory store: scripts, the foreign writer, backups (memory_fault.h). */
#include "store/memory_fault.h"

#include "base/buf.h"
#include "os/mutex.h"
#include "store/memory_int.h"

void gw_memory_set_hooks(struct gw_memory *memory, const struct gw_memory_hooks *hooks)
{
    gw_mutex_lock(memory->lock);
    memory->hooks = hooks != NULL ? *hooks : (struct gw_memory_hooks){0};
    gw_mutex_unlock(memory->lock);
}

void gw_memory_script(struct gw_memory *memory, enum gw_store_call call, enum gw_memory_fault fault,
                      uint32_t count)
{
    gw_mutex_lock(memory->lock);
    memory->script_call = call;
    memory->script_fault = fault;
    memory->script_count = count;
    gw_mutex_unlock(memory->lock);
}

void gw_memory_set_down(struct gw_memory *memory, bool is_down)
{
    gw_mutex_lock(memory->lock);
    memory->is_down = is_down;
    gw_mutex_unlock(memory->lock);
}

/* ---- the foreign writer ---- */

/* A row being changed by somebody else; the lock is held from begin() to end(). */
struct change {
    struct gw_memory *memory;
    const struct gw_home *home;
    struct gw_memory_table *table;
    struct gw_memory_row *row;
    struct gw_bytes key;
    uint64_t key_hash;
    struct gw_seen before;
};

static gw_rc find(struct change *change, const union gw_value *key, struct gw_err *err)
{
    struct gw_memory *memory = change->memory;
    const struct gw_home *home = change->home;
    GW_TRY(gw_memory_table_of(&memory->data, home, &change->table, err));
    gw_buf_reset(&memory->key);
    for (uint32_t i = 0; i < home->key_count; i++)
        gw_value_key(home->columns[home->key_columns[i]].type, key[i], &memory->key);
    GW_TRY(gw_buf_check(&memory->key, "a key", err));
    change->key = gw_buf_bytes(&memory->key);
    change->key_hash = gw_hash64(change->key, 0);
    change->row = gw_memory_find(change->table, change->key, change->key_hash);
    change->before = gw_memory_seen(change->table, change->row, home);
    return GW_OK;
}

static gw_rc find_present(struct change *change, const union gw_value *key, struct gw_err *err)
{
    GW_TRY(find(change, key, err));
    if (change->row == NULL)
        return GW_FAIL(err, GW_NOTFOUND, "home %.*s: no such row", GW_TEXT_ARG(change->home->name));
    return GW_OK;
}

static void tell(const struct change *change, const struct gw_memory_row *row)
{
    const struct gw_memory_hooks *hooks = &change->memory->hooks;
    if (hooks->on_write == NULL)
        return;
    struct gw_memory_write write = {change->home->id, change->key, change->before,
                                    gw_memory_seen(change->table, row, change->home), true};
    hooks->on_write(hooks->ctx, &write);
}

/* Writes columns over (or as) the row; its hash is the one the table's first home gives it. */
static gw_rc write_columns(struct change *change, const union gw_value *columns, gw_version ver,
                           struct gw_err *err)
{
    struct gw_buf *image = &change->memory->image;
    gw_buf_reset(image);
    gw_home_image(change->home, columns, image);
    GW_TRY(gw_buf_check(image, "an image", err));
    struct gw_home first = *change->home;
    first.id = change->table->home_id;
    struct gw_seen seen = {true, ver, gw_home_hash(&first, gw_buf_bytes(image))};
    const struct gw_memory_row *row = gw_memory_write(change->table, change->row, change->key,
                                                      change->key_hash, gw_buf_bytes(image), seen);
    if (row == NULL)
        return GW_FAIL_NOMEM(err);
    tell(change, row);
    return GW_OK;
}

static gw_rc end(const struct change *change, gw_rc rc)
{
    gw_mutex_unlock(change->memory->lock);
    return rc;
}

static struct change begin(struct gw_memory *memory, const struct gw_home *home)
{
    gw_mutex_lock(memory->lock);
    return (struct change){.memory = memory, .home = home};
}

gw_rc gw_memory_put(struct gw_memory *memory, const struct gw_home *home,
                    const union gw_value *columns, gw_version ver, struct gw_err *err)
{
    union gw_value key[GW_FIELDS_MAX];
    for (uint32_t i = 0; i < home->key_count; i++)
        key[i] = columns[home->key_columns[i]];
    struct change change = begin(memory, home);
    gw_rc rc = find(&change, key, err);
    if (rc == GW_OK)
        rc = write_columns(&change, columns, ver, err);
    return end(&change, rc);
}

static gw_rc set_column(struct change *change, uint32_t column, union gw_value value,
                        struct gw_err *err)
{
    struct gw_arena arena;
    gw_arena_init(&arena, change->memory->image.alloc, SIZE_MAX);
    struct gw_store_row row;
    gw_rc rc = gw_memory_read(change->table, change->row, change->home, &arena, &row, err);
    if (rc == GW_OK) {
        row.columns[column] = value;
        rc = write_columns(change, row.columns, change->row->ver, err);
    }
    gw_arena_done(&arena);
    return rc;
}

gw_rc gw_memory_set(struct gw_memory *memory, const struct gw_home *home, const union gw_value *key,
                    uint32_t column, union gw_value value, struct gw_err *err)
{
    GW_ASSERT(column < home->column_count && !home->columns[column].is_key);
    struct change change = begin(memory, home);
    gw_rc rc = find_present(&change, key, err);
    if (rc == GW_OK)
        rc = set_column(&change, column, value, err);
    return end(&change, rc);
}

gw_rc gw_memory_set_ver(struct gw_memory *memory, const struct gw_home *home,
                        const union gw_value *key, gw_version ver, struct gw_err *err)
{
    struct change change = begin(memory, home);
    gw_rc rc = find_present(&change, key, err);
    if (rc == GW_OK) {
        change.row->ver = ver;
        tell(&change, change.row);
    }
    return end(&change, rc);
}

gw_rc gw_memory_delete(struct gw_memory *memory, const struct gw_home *home,
                       const union gw_value *key, struct gw_err *err)
{
    struct change change = begin(memory, home);
    gw_rc rc = find_present(&change, key, err);
    if (rc == GW_OK) {
        gw_memory_remove(change.table, change.row);
        tell(&change, NULL);
    }
    return end(&change, rc);
}

/* ---- backups ---- */

struct gw_memory_snap {
    struct gw_memory_data data;
};

static gw_rc copy_table(const struct gw_memory_table *from, struct gw_memory_data *to,
                        struct gw_err *err)
{
    struct gw_memory_table *table = gw_memory_get(sizeof(*table));
    char *place = gw_memory_get(from->place.len + 1);
    if (table == NULL || place == NULL) {
        gw_memory_give(table, sizeof(*table));
        gw_memory_give(place, from->place.len + 1);
        return GW_FAIL_NOMEM(err);
    }
    memcpy(place, from->place.data, from->place.len);
    *table = (struct gw_memory_table){.next = to->tables,
                                      .place = {place, from->place.len},
                                      .signature = from->signature,
                                      .home_id = from->home_id};
    to->tables = table;
    struct gw_memory_at at = {0, 0};
    for (struct gw_memory_row *row; (row = gw_memory_step(from, &at)) != NULL;) {
        struct gw_seen seen = {true, row->ver, row->hash};
        if (gw_memory_write(table, NULL, gw_memory_row_key(row), row->key_hash,
                            gw_memory_row_image(row), seen) == NULL)
            return GW_FAIL_NOMEM(err);
    }
    return GW_OK;
}

static gw_rc copy_data(const struct gw_memory_data *from, struct gw_memory_data *ret,
                       struct gw_err *err)
{
    struct gw_memory_data copy = {0};
    gw_rc rc = GW_OK;
    for (const struct gw_memory_table *t = from->tables; rc == GW_OK && t != NULL; t = t->next)
        rc = copy_table(t, &copy, err);
    for (const struct gw_memory_fence *f = from->fences; rc == GW_OK && f != NULL; f = f->next) {
        struct gw_memory_fence *fence;
        rc = gw_memory_fence_of(&copy, f->slot, true, &fence, err);
        if (rc == GW_OK) {
            struct gw_memory_fence *next = fence->next;
            *fence = *f;
            fence->next = next;
        }
    }
    if (rc < 0) {
        gw_memory_data_free(&copy);
    } else {
        *ret = copy;
    }
    return rc;
}

gw_rc gw_memory_snap(struct gw_memory *memory, struct gw_memory_snap **ret, struct gw_err *err)
{
    struct gw_memory_snap *snap = gw_memory_get(sizeof(*snap));
    if (snap == NULL)
        return GW_FAIL_NOMEM(err);
    gw_mutex_lock(memory->lock);
    gw_rc rc = copy_data(&memory->data, &snap->data, err);
    gw_mutex_unlock(memory->lock);
    if (rc < 0) {
        gw_memory_give(snap, sizeof(*snap));
    } else {
        *ret = snap;
    }
    return rc;
}

gw_rc gw_memory_restore(struct gw_memory *memory, const struct gw_memory_snap *snap,
                        struct gw_err *err)
{
    gw_mutex_lock(memory->lock);
    struct gw_memory_data fresh;
    gw_rc rc = copy_data(&snap->data, &fresh, err);
    if (rc == GW_OK) {
        gw_memory_data_free(&memory->data);
        memory->data = fresh;
    }
    gw_mutex_unlock(memory->lock);
    return rc;
}

void gw_memory_snap_free(struct gw_memory_snap *snap)
{
    if (snap == NULL)
        return;
    gw_memory_data_free(&snap->data);
    gw_memory_give(snap, sizeof(*snap));
}
