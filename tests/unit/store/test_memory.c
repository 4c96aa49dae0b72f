/* The hand inside a memory store: what the simulator asks for happens, and the log of writes tells it. */
#include "conformance.h"

#include <stdio.h>

#include "base/rand.h"
#include "store/memory_fault.h"
#include "store/memory_int.h"

struct fixture {
    struct gw_memory *memory;
    struct gw_store *store;
    struct gw_arena arena;
    struct gw_err err;
    char trace[512];
};

static int setup(void **state)
{
    static struct fixture fixture;
    struct fixture *f = &fixture;
    *f = (struct fixture){0};
    gw_arena_init(&f->arena, &gw_kit_alloc, 64 << 20);
    assert_ok(gw_memory_of(GW_TEXT_LIT("faults"), &f->memory, &f->err), &f->err);
    struct gw_store_config config = {.name = GW_TEXT_LIT("st"),
                                     .url = GW_TEXT_LIT("memory:faults")};
    assert_ok(gw_store_open(&config, &f->store, &f->err), &f->err);
    assert_ok(f->store->ops->fence_raise(f->store, 0, 1, 1, &f->err), &f->err);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    gw_store_close(f->store);
    gw_memory_drop(f->memory);
    gw_arena_done(&f->arena);
    return 0;
}

static struct gw_store_item pair(struct fixture *f, struct gw_seen acked, int32_t n, const char *v,
                                 gw_version ver)
{
    const struct gw_home *home = conformance_home("pairs");
    union gw_value *row = GW_NEW_ARRAY(&f->arena, union gw_value, 5);
    assert_non_null(row);
    row[0].bytes = gw_text_bytes(gw_text(v));
    row[1].bytes = gw_text_bytes(GW_TEXT_LIT("r"));
    row[2].i = n;
    row[3] = row[1];
    row[4] = row[2];
    struct gw_buf buf;
    gw_buf_init(&buf, &gw_kit_alloc, 4096);
    gw_home_image(home, row, &buf);
    struct gw_store_item it = {.home = home, .key = row + 3, .acked = acked, .columns = row};
    it.image = gw_arena_copy(&f->arena, gw_buf_bytes(&buf));
    gw_buf_done(&buf);
    it.intent = (struct gw_seen){true, ver, gw_home_hash(home, it.image)};
    return it;
}

static const struct gw_seen absent = {.ver = GW_VERSION_NONE};

static gw_rc push(struct fixture *f, const struct gw_store_item *item, uint64_t attempt,
                  enum gw_store_outcome *ret)
{
    struct gw_store_result result = {0};
    gw_rc rc = f->store->ops->push(f->store, 1, attempt, item, 1, &f->arena, &result, &f->err);
    *ret = result.outcome;
    return rc;
}

static void note_write(void *ctx, const struct gw_memory_write *write)
{
    struct fixture *f = ctx;
    size_t len = strlen(f->trace);
    (void)snprintf(f->trace + len, sizeof(f->trace) - len, "%s %u: %s%lld -> %s%lld\n",
                   write->foreign ? "they" : "we", write->home_id,
                   write->before.present ? "v" : "no ", (long long)write->before.ver,
                   write->after.present ? "v" : "no ", (long long)write->after.ver);
}

static void the_log_of_writes_tells_who_wrote_what(void **state)
{
    struct fixture *f = *state;
    struct gw_memory_hooks hooks = {.ctx = f, .on_write = note_write};
    gw_memory_set_hooks(f->memory, &hooks);
    enum gw_store_outcome outcome;
    struct gw_store_item one = pair(f, absent, 1, "a", 1);
    assert_ok(push(f, &one, 1, &outcome), &f->err);
    assert_ok(push(f, &one, 1, &outcome), &f->err);
    assert_int_equal(outcome, GW_STORE_ALREADY); /* and nothing in the log */
    union gw_value value = {.bytes = gw_text_bytes(GW_TEXT_LIT("b"))};
    assert_ok(gw_memory_set(f->memory, one.home, one.key, 0, value, &f->err), &f->err);
    assert_ok(gw_memory_delete(f->memory, one.home, one.key, &f->err), &f->err);
    assert_string_equal(f->trace, "we 13: no -1 -> v1\nthey 13: v1 -> v1\nthey 13: v1 -> no -1\n");
}

static void each_fault_does_what_its_name_says(void **state)
{
    struct fixture *f = *state;
    static const struct {
        enum gw_memory_fault fault;
        gw_rc rc;
        bool happens;
    } rows[] = {{GW_MEMORY_UNREACHABLE, GW_UNREACHABLE, false},
                {GW_MEMORY_DENIED, GW_DENIED, false},
                {GW_MEMORY_TIMEOUT, GW_TIMEOUT, false},
                {GW_MEMORY_LOSE_BEFORE, GW_UNREACHABLE, false},
                {GW_MEMORY_LOSE_AFTER, GW_UNREACHABLE, true}};
    for (int32_t i = 0; i < (int32_t)GW_COUNT_OF(rows); i++) {
        enum gw_store_outcome outcome;
        struct gw_store_item it = pair(f, absent, i, "a", 1);
        gw_memory_script(f->memory, GW_STORE_CALL_PUSH, rows[i].fault, 1);
        assert_int_equal(push(f, &it, 1, &outcome), rows[i].rc);
        assert_ok(push(f, &it, 1, &outcome), &f->err);
        assert_int_equal(outcome, rows[i].happens ? GW_STORE_ALREADY : GW_STORE_APPLIED);
    }
    uint64_t count;
    gw_memory_set_down(f->memory, true);
    assert_int_equal(f->store->ops->count(f->store, conformance_home("pairs"), &count, &f->err),
                     GW_UNREACHABLE);
    gw_memory_set_down(f->memory, false);
    assert_ok(f->store->ops->count(f->store, conformance_home("pairs"), &count, &f->err), &f->err);
}

static void a_push_kept_back_meets_the_fence_when_it_comes(void **state)
{
    struct fixture *f = *state;
    enum gw_store_outcome outcome;
    struct gw_store_item one = pair(f, absent, 1, "a", 1);
    struct gw_store_item two = pair(f, absent, 2, "a", 1);
    gw_memory_script(f->memory, GW_STORE_CALL_PUSH, GW_MEMORY_HOLD, 1);
    assert_int_equal(push(f, &one, 1, &outcome), GW_TIMEOUT);
    assert_int_equal(gw_memory_release(f->memory), 1); /* in time: it lands */
    assert_ok(push(f, &one, 1, &outcome), &f->err);
    assert_int_equal(outcome, GW_STORE_ALREADY);
    gw_memory_script(f->memory, GW_STORE_CALL_PUSH, GW_MEMORY_HOLD, 1);
    assert_int_equal(push(f, &two, 1, &outcome), GW_TIMEOUT);
    assert_ok(f->store->ops->fence_raise(f->store, 0, 1, 2, &f->err), &f->err);
    assert_int_equal(gw_memory_release(f->memory), 0); /* its attempt is over */
    assert_ok(push(f, &two, 2, &outcome), &f->err);
    assert_int_equal(outcome, GW_STORE_APPLIED);
}

/* Against a plain sorted model: random inserts, growing updates, deletes; then the walk in order. */
static void the_table_keeps_every_row_in_order(void **state)
{
    (void)state;
    enum { KEYS = 3000, STEPS = 40000 };
    static uint32_t model[KEYS]; /* image length of key i, 0: absent */
    memset(model, 0, sizeof(model));
    struct gw_memory_table *table = gw_memory_get(sizeof(*table));
    assert_non_null(table);
    *table = (struct gw_memory_table){.place = {gw_memory_get(1), 0}};
    struct gw_rand rand;
    gw_rand_init(&rand, 7);
    static uint8_t image[64];
    for (int step = 0; step < STEPS; step++) {
        uint32_t i = (uint32_t)gw_rand_below(&rand, KEYS);
        uint8_t key[] = {'k', 0, 0, 0, 0, 0, 0, 0, (uint8_t)(i >> 8), (uint8_t)i};
        struct gw_bytes bytes = {key, sizeof(key)};
        uint64_t hash = gw_hash64(bytes, 0);
        struct gw_memory_row *row = gw_memory_find(table, bytes, hash);
        assert_int_equal(row != NULL, model[i] != 0);
        if (row != NULL && gw_rand_chance(&rand, 2, 5)) {
            gw_memory_remove(table, row);
            model[i] = 0;
            continue;
        }
        uint32_t len = 1 + (uint32_t)gw_rand_below(&rand, sizeof(image) - 1);
        struct gw_seen seen = {true, len, {{0}}};
        assert_non_null(
            gw_memory_write(table, row, bytes, hash, (struct gw_bytes){image, len}, seen));
        model[i] = len;
    }
    struct gw_memory_at at = gw_memory_seek(table, (struct gw_bytes){NULL, 0});
    size_t count = 0;
    for (uint32_t i = 0; i < KEYS; i++) {
        if (model[i] == 0)
            continue;
        const struct gw_memory_row *row = gw_memory_step(table, &at);
        assert_non_null(row);
        assert_int_equal(row->bytes[8] << 8 | row->bytes[9], i);
        assert_int_equal(row->image_bytes, model[i]);
        assert_int_equal(row->ver, model[i]);
        count++;
    }
    assert_null(gw_memory_step(table, &at));
    assert_int_equal(table->row_count, count);
    gw_memory_table_free(table);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_log_of_writes_tells_who_wrote_what),
        CASE(each_fault_does_what_its_name_says),
        CASE(a_push_kept_back_meets_the_fence_when_it_comes),
        cmocka_unit_test(the_table_keeps_every_row_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
