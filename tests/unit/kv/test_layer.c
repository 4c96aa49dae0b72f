#include "kit/kit.h"

#include "base/rand.h"
#include "kv/layer.h"

struct fixture {
    struct gw_kv_chunks chunks;
    struct gw_kv_layer *layer;
    struct gw_kv_write write;
};

static int setup(void **state)
{
    static struct fixture fix;
    gw_kv_chunks_init(&fix.chunks, &gw_kit_alloc, 2);
    fix.layer = gw_kv_layer_new(&fix.chunks, &gw_kit_alloc, 0);
    assert_non_null(fix.layer);
    fix.write = (struct gw_kv_write){.seq = 1, .mark = 1};
    gw_buf_init(&fix.write.undo, &gw_kit_alloc, 1 << 20);
    *state = &fix;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fix = *state;
    gw_kv_layer_drop(fix->layer);
    gw_kv_chunks_done(&fix->chunks);
    assert_int_equal(atomic_load(&fix->chunks.bytes), 0);
    gw_buf_done(&fix->write.undo);
    return 0;
}

static void put(struct fixture *fix, struct gw_bytes key, struct gw_bytes val)
{
    struct gw_err err;
    assert_ok(gw_kv_layer_put(fix->layer, &fix->write, key, gw_kv_layer_hash(key), &val, &err),
              &err);
}

/** The next batch; snapshots from `oldest` on are alive. */
static void next_batch(struct fixture *fix, uint64_t oldest)
{
    fix->write.seq++;
    fix->write.oldest = oldest;
    gw_buf_reset(&fix->write.undo);
}

static enum gw_kv_found see(struct fixture *fix, struct gw_bytes key, uint64_t seq,
                            struct gw_bytes *ret)
{
    return gw_kv_layer_find(fix->layer, key, gw_kv_layer_hash(key), seq, ret);
}

static void keys_are_found_and_ordered_whatever_the_order_of_puts(void **state)
{
    struct fixture *fix = *state;
    enum { COUNT = 20000 };
    struct gw_rand rand;
    gw_rand_init(&rand, 7);
    for (uint32_t i = 0; i < COUNT; i++) {
        /* odd rising runs, then anywhere: what the finger of the skip list must cope with */
        uint64_t number =
            i % 100 < 60 ? i * UINT64_C(1000) : gw_rand_below(&rand, COUNT * UINT64_C(1000));
        number = __builtin_bswap64(number);
        put(fix, (struct gw_bytes){(const uint8_t *)&number, sizeof(number)},
            (struct gw_bytes){(const uint8_t *)&number, sizeof(number)});
    }
    uint32_t count = 0;
    struct gw_bytes before = {NULL, 0}, val;
    const struct gw_kv_entry *entry = gw_kv_layer_head(fix->layer);
    while ((entry = gw_kv_entry_next(fix->layer, entry)) != NULL) {
        struct gw_bytes key = gw_kv_entry_key(entry);
        assert_true(gw_bytes_compare(before, key) < 0);
        assert_int_equal(see(fix, key, 1, &val), GW_KV_VALUE);
        assert_true(gw_bytes_equal(key, val));
        assert_ptr_equal(gw_kv_layer_before(fix->layer, key, true), entry);
        assert_ptr_equal(gw_kv_entry_next(fix->layer, gw_kv_layer_before(fix->layer, key, false)),
                         entry);
        before = key;
        count++;
    }
    assert_int_equal(count, gw_kv_layer_count(fix->layer));
}

static void a_key_written_by_each_batch_keeps_two_versions(void **state)
{
    struct fixture *fix = *state;
    struct gw_bytes key = gw_text_bytes(gw_text("hot")), val;
    uint8_t bytes[100] = {0};
    size_t used = 0;
    for (uint32_t i = 0; i < 10000; i++) {
        bytes[0] = (uint8_t)i;
        put(fix, key, (struct gw_bytes){bytes, sizeof(bytes)});
        next_batch(fix, fix->write.seq);
        if (i == 2)
            used = gw_kv_layer_bytes(fix->layer);
    }
    assert_int_equal(gw_kv_layer_bytes(fix->layer), used);
    assert_int_equal(see(fix, key, fix->write.seq, &val), GW_KV_VALUE);
    assert_int_equal(val.data[0], (uint8_t)9999);
}

static void a_key_written_again_and_again_by_one_batch_keeps_one_version(void **state)
{
    struct fixture *fix = *state;
    struct gw_bytes key = gw_text_bytes(gw_text("hot"));
    uint8_t bytes[100] = {0};
    put(fix, key, (struct gw_bytes){bytes, sizeof(bytes)});
    size_t used = gw_kv_layer_bytes(fix->layer);
    for (uint32_t i = 0; i < 1000; i++) {
        fix->write.mark++; /* a call in the batch that may be taken back */
        put(fix, key, (struct gw_bytes){bytes, sizeof(bytes)});
    }
    assert_int_equal(gw_kv_layer_bytes(fix->layer), used);
    gw_kv_layer_back_to(fix->layer, &fix->write, 0);
    struct gw_bytes val;
    assert_int_equal(see(fix, key, 1, &val), GW_KV_ABSENT);
}

static void txns_taken_back_do_not_pile_up_versions(void **state)
{
    struct fixture *fix = *state;
    struct gw_bytes key = gw_text_bytes(gw_text("refused")), val;
    uint8_t bytes[100] = {0};
    put(fix, key, (struct gw_bytes){bytes, sizeof(bytes)});
    next_batch(fix, 1);
    put(fix, key, (struct gw_bytes){bytes, sizeof(bytes)});
    gw_kv_layer_back_to(fix->layer, &fix->write, 0);
    size_t used = gw_kv_layer_bytes(fix->layer);
    for (uint32_t i = 0; i < 1000; i++) {
        bytes[0] = 1;
        put(fix, key, (struct gw_bytes){bytes, sizeof(bytes)});
        gw_kv_layer_back_to(fix->layer, &fix->write, 0);
    }
    assert_int_equal(gw_kv_layer_bytes(fix->layer), used);
    assert_int_equal(see(fix, key, 2, &val), GW_KV_VALUE);
    assert_int_equal(val.data[0], 0);
}

static void what_a_snapshot_sees_is_never_written_again(void **state)
{
    struct fixture *fix = *state;
    struct gw_bytes key = gw_text_bytes(gw_text("k")), val;
    for (uint8_t i = 1; i <= 50; i++) {
        put(fix, key, (struct gw_bytes){&i, 1});
        next_batch(fix, GW_MIN(fix->write.seq, UINT64_C(5))); /* one snapshot stays at 5 */
    }
    assert_int_equal(see(fix, key, 5, &val), GW_KV_VALUE);
    assert_int_equal(val.data[0], 5);
    assert_int_equal(see(fix, key, 50, &val), GW_KV_VALUE);
    assert_int_equal(val.data[0], 50);
}

static void without_memory_nothing_changes(void **state)
{
    (void)state;
    for (uint64_t nth = 0;; nth++) {
        struct gw_kit_refuse refuse;
        gw_kit_refuse_init(&refuse, nth);
        struct gw_kv_chunks chunks;
        gw_kv_chunks_init(&chunks, &refuse.alloc, 0);
        struct gw_kv_write write = {.seq = 1, .mark = 1};
        gw_buf_init(&write.undo, &refuse.alloc, 1 << 20);
        struct gw_kv_layer *layer = gw_kv_layer_new(&chunks, &refuse.alloc, 0);
        uint32_t done = 0;
        gw_rc rc = layer == NULL ? GW_NOMEM : GW_OK;
        for (uint32_t i = 0; rc == GW_OK && i < 3000;
             i++) { /* enough for two generations of the index */
            struct gw_bytes key = {(const uint8_t *)&i, sizeof(i)};
            rc = gw_kv_layer_put(layer, &write, key, gw_kv_layer_hash(key), &key, NULL);
            done += rc == GW_OK;
        }
        assert_int_equal(rc, refuse.refused ? GW_NOMEM : GW_OK);
        if (layer != NULL)
            assert_int_equal(gw_kv_layer_count(layer), done);
        for (uint32_t i = 0; i < done; i++) {
            struct gw_bytes key = {(const uint8_t *)&i, sizeof(i)}, val;
            assert_int_equal(gw_kv_layer_find(layer, key, gw_kv_layer_hash(key), 1, &val),
                             GW_KV_VALUE);
        }
        gw_kv_layer_drop(layer);
        gw_kv_chunks_done(&chunks);
        gw_buf_done(&write.undo);
        if (!refuse.refused)
            break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(keys_are_found_and_ordered_whatever_the_order_of_puts,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_key_written_by_each_batch_keeps_two_versions, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            a_key_written_again_and_again_by_one_batch_keeps_one_version, setup, teardown),
        cmocka_unit_test_setup_teardown(txns_taken_back_do_not_pile_up_versions, setup, teardown),
        cmocka_unit_test_setup_teardown(what_a_snapshot_sees_is_never_written_again, setup,
                                        teardown),
        cmocka_unit_test(without_memory_nothing_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
