#include "conformance.h"
#include "store/memory_fault.h"

struct memory {
    struct gw_memory *data;
    struct gw_memory_snap *snap;
};

/* accounts.name "taken" belongs to row 1. */
static enum gw_store_class refuse_taken(void *ctx, const struct gw_store_item *item)
{
    (void)ctx;
    if (!gw_text_is(item->home->place, "accounts") || item->columns == NULL)
        return GW_STORE_CLASS_NONE;
    const union gw_value *name = item->columns[2].opt;
    bool is_taken = name != NULL && gw_text_is(gw_bytes_text(name->bytes), "taken");
    return is_taken && item->key[0].i != 1 ? GW_STORE_CLASS_UNIQUE : GW_STORE_CLASS_NONE;
}

static void *setup(void)
{
    static struct memory memory;
    memory = (struct memory){0};
    assert_int_equal(gw_memory_of(GW_TEXT_LIT("conformance"), &memory.data, NULL), GW_OK);
    struct gw_memory_hooks hooks = {.on_row = refuse_taken};
    gw_memory_set_hooks(memory.data, &hooks);
    return &memory;
}

static void teardown(void *ctx)
{
    struct memory *memory = ctx;
    gw_memory_snap_free(memory->snap);
    gw_memory_drop(memory->data);
}

static struct gw_text url(void *ctx)
{
    (void)ctx;
    return GW_TEXT_LIT("memory:conformance");
}

static void put(void *ctx, const struct gw_home *home, const union gw_value *columns,
                gw_version ver)
{
    assert_int_equal(gw_memory_put(((struct memory *)ctx)->data, home, columns, ver, NULL), GW_OK);
}

static void set(void *ctx, const struct gw_home *home, const union gw_value *key, uint32_t column,
                union gw_value value)
{
    assert_int_equal(gw_memory_set(((struct memory *)ctx)->data, home, key, column, value, NULL),
                     GW_OK);
}

static void set_ver(void *ctx, const struct gw_home *home, const union gw_value *key,
                    gw_version ver)
{
    assert_int_equal(gw_memory_set_ver(((struct memory *)ctx)->data, home, key, ver, NULL), GW_OK);
}

static void remove_row(void *ctx, const struct gw_home *home, const union gw_value *key)
{
    assert_int_equal(gw_memory_delete(((struct memory *)ctx)->data, home, key, NULL), GW_OK);
}

static void back_up(void *ctx)
{
    struct memory *memory = ctx;
    assert_int_equal(gw_memory_snap(memory->data, &memory->snap, NULL), GW_OK);
}

static void go_back(void *ctx)
{
    struct memory *memory = ctx;
    assert_int_equal(gw_memory_restore(memory->data, memory->snap, NULL), GW_OK);
}

static void lose_answer(void *ctx)
{
    gw_memory_script(((struct memory *)ctx)->data, GW_STORE_CALL_PUSH, GW_MEMORY_LOSE_AFTER, 1);
}

int main(void)
{
    static const struct backend backend = {setup,   teardown,   url,     put,     set,
                                           set_ver, remove_row, back_up, go_back, lose_answer};
    return conformance_run(&backend);
}
