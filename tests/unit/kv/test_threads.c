/* Readers without locks beside a writer and the fold: each snapshot must be one batch, whole. Run it under TSan too. */
#include "kit/kit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/rand.h"
#include "kv/lmdb.h"
#include "kv/memory.h"

enum { READERS = 3, BATCHES = 3000, EQUAL_KEYS = 10, OTHER_KEYS = 2000 };

struct run {
    struct gw_kv *kv;
    atomic_bool is_done;
    atomic_uint wrong, snapshots;
    uint64_t seeds;
};

static struct gw_bytes key_of(uint32_t *number)
{
    *number = __builtin_bswap32(*number);
    return (struct gw_bytes){(const uint8_t *)number, sizeof(*number)};
}

/** All of the first keys hold the number of the batch, by get and by cursor; further keys never go back. */
static bool is_whole(struct gw_kv *kv, struct gw_kv_snap *snap, uint64_t applied, uint32_t from)
{
    struct gw_kv_view view = {.snap = snap};
    struct gw_bytes key, val;
    for (uint32_t i = 0; applied > 0 && i < EQUAL_KEYS; i++) {
        uint32_t number = i;
        if (kv->ops->get(view, key_of(&number), &val, NULL) != GW_OK || val.len < 8 ||
            memcmp(val.data, &applied, 8) != 0)
            return false;
    }
    struct gw_kv_cur *cur;
    if (kv->ops->seek(view, key_of(&from), &cur, NULL) != GW_OK)
        return false;
    bool good = true;
    for (int i = 0; good && i < 30 && kv->ops->next(cur, &key, &val, NULL) == GW_OK; i++) {
        uint64_t batch = 0;
        memcpy(&batch, val.data, 8);
        good = batch <= applied;
    }
    for (int i = 0; good && i < 30 && kv->ops->prev(cur, &key, &val, NULL) == GW_OK; i++) {
        uint64_t batch = 0;
        memcpy(&batch, val.data, 8);
        good = batch <= applied;
    }
    kv->ops->close(cur);
    return good;
}

static void *read_all(void *ctx)
{
    struct run *run = ctx;
    struct gw_rand rand;
    gw_rand_init(&rand, 5);
    while (!atomic_load(&run->is_done)) {
        struct gw_kv_snap *snap;
        if (run->kv->ops->snapshot(run->kv, &snap, NULL) != GW_OK) {
            atomic_fetch_add(&run->wrong, 1);
            break;
        }
        uint64_t applied = run->kv->ops->snap_applied(snap);
        for (int i = 0; i < 3; i++) {
            if (!is_whole(run->kv, snap, applied, (uint32_t)gw_rand_below(&rand, OTHER_KEYS)))
                atomic_fetch_add(&run->wrong, 1);
        }
        run->kv->ops->release(snap);
        atomic_fetch_add(&run->snapshots, 1);
    }
    return NULL;
}

static void write_batch(struct gw_kv *kv, uint64_t batch, struct gw_rand *rand)
{
    struct gw_err err;
    struct gw_kv_txn *txn;
    uint8_t bytes[200] = {0};
    memcpy(bytes, &batch, 8);
    gw_rc rc;
    while ((rc = kv->ops->begin(kv, &txn, &err)) == GW_BUSY)
        assert_ok(kv->ops->flush(kv, &err), &err);
    assert_ok(rc, &err);
    for (uint32_t i = 0; i < EQUAL_KEYS; i++) {
        uint32_t number = i;
        assert_ok(kv->ops->put(txn, key_of(&number), (struct gw_bytes){bytes, 8}, &err), &err);
    }
    uint64_t mark = kv->ops->mark(txn);
    for (int i = 0; i < 10; i++) {
        uint32_t number = (uint32_t)gw_rand_below(rand, OTHER_KEYS);
        bool is_del = number >= EQUAL_KEYS && gw_rand_chance(rand, 1, 5);
        struct gw_bytes val = {bytes, 8 + gw_rand_below(rand, 192)}, key = key_of(&number);
        assert_ok(is_del ? kv->ops->del(txn, key, &err) : kv->ops->put(txn, key, val, &err), &err);
    }
    if (batch % 7 == 0)
        kv->ops->back_to(txn, mark);
    assert_ok(kv->ops->commit(txn, batch, &err), &err);
    kv->ops->fold_to(kv, batch);
}

/** What a txn that is refused altogether leaves behind: nothing to be seen. */
static void refuse_batch(struct gw_kv *kv)
{
    struct gw_kv_txn *txn;
    if (kv->ops->begin(kv, &txn, NULL) != GW_OK)
        return;
    uint64_t never = UINT64_MAX;
    for (uint32_t i = 0; i < OTHER_KEYS; i += 50) {
        uint32_t number = i;
        assert_int_equal(
            kv->ops->put(txn, key_of(&number), (struct gw_bytes){(const uint8_t *)&never, 8}, NULL),
            GW_OK);
    }
    kv->ops->abort(txn);
}

static void run_threads(struct gw_kv *kv)
{
    struct run run = {.kv = kv};
    struct gw_rand rand;
    gw_rand_init(&rand, 9);
    pthread_t readers[READERS];
    for (int i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&readers[i], NULL, read_all, &run), 0);
    for (uint64_t batch = 1; batch <= BATCHES; batch++) {
        write_batch(kv, batch, &rand);
        if (batch % 11 == 0)
            refuse_batch(kv);
    }
    atomic_store(&run.is_done, true);
    for (int i = 0; i < READERS; i++)
        assert_int_equal(pthread_join(readers[i], NULL), 0);
    assert_int_equal(atomic_load(&run.wrong), 0);
    assert_true(atomic_load(&run.snapshots) > 0);
    kv->ops->destroy(kv);
}

static void readers_of_the_memory_kv_see_whole_batches(void **state)
{
    (void)state;
    struct gw_err err;
    struct gw_kv *kv;
    struct gw_kv_memory_opts opts = {.alloc = NULL};
    assert_ok(gw_kv_memory_open(&opts, &kv, NULL, &err), &err);
    run_threads(kv);
}

static void readers_of_the_lmdb_kv_see_whole_batches(void **state)
{
    (void)state;
    struct gw_err err;
    struct gw_kv *kv;
    char folder[256];
    gw_kit_folder(folder, sizeof(folder));
    struct gw_kv_lmdb_opts opts = {.folder = folder,
                                   .map_bytes = UINT64_C(1) << 30,
                                   .layer_pairs_max = 500,
                                   .layer_age_ns = 1000000};
    assert_ok(gw_kv_lmdb_open(&opts, &kv, NULL, &err), &err);
    run_threads(kv);
    gw_kit_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readers_of_the_memory_kv_see_whole_batches),
        cmocka_unit_test(readers_of_the_lmdb_kv_see_whole_batches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
