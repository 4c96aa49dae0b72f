/* The fold: killed at each of its crash points, without space, without memory, behind the journal. */
#include "kit/kit.h"

#include <inttypes.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"
#include "kv/lmdb.h"
#include "os/clock.h"
#include "os/process.h"

enum { BATCHES = 60, PUTS = 30, KEYS = 500, SIGKILL_NUMBER = 9 };

struct fixture {
    char folder[256], live[300];
    struct gw_kv *kv;
};

static int setup(void **state)
{
    static struct fixture fix;
    fix = (struct fixture){.kv = NULL};
    gw_kit_folder(fix.folder, sizeof(fix.folder));
    (void)snprintf(fix.live, sizeof(fix.live), "%s/live", fix.folder);
    *state = &fix;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fix = *state;
    if (fix->kv != NULL)
        fix->kv->ops->destroy(fix->kv);
    gw_kit_remove(fix->folder);
    return 0;
}

static struct gw_kv_mark open_kv(struct fixture *fix, struct gw_kv_lmdb_opts opts)
{
    struct gw_err err;
    struct gw_kv_mark mark;
    opts.folder = fix->live;
    if (opts.map_bytes == 0)
        opts.map_bytes = UINT64_C(64) << 20;
    assert_ok(gw_kv_lmdb_open(&opts, &fix->kv, &mark, &err), &err);
    return mark;
}

static uint32_t key_number(uint64_t batch, uint32_t put)
{
    return (uint32_t)((batch * 7919 + put * UINT64_C(104729)) % KEYS);
}

static struct gw_bytes number_bytes(const uint32_t *number)
{
    return (struct gw_bytes){(const uint8_t *)number, sizeof(*number)};
}

/** Batch number `batch`: a function of its number. Every third put is a deletion. */
static void write_batch(struct gw_kv *kv, uint64_t batch)
{
    struct gw_err err;
    struct gw_kv_txn *txn;
    gw_rc rc = kv->ops->begin(kv, &txn, &err);
    if (rc == GW_BUSY) { /* layers wait: let them be folded */
        assert_ok(kv->ops->flush(kv, &err), &err);
        rc = kv->ops->begin(kv, &txn, &err);
    }
    assert_ok(rc, &err);
    for (uint32_t i = 0; i < PUTS; i++) {
        uint32_t key = key_number(batch, i), val = (uint32_t)(batch * PUTS + i);
        assert_ok(i % 3 == 2 ? kv->ops->del(txn, number_bytes(&key), &err)
                             : kv->ops->put(txn, number_bytes(&key), number_bytes(&val), &err),
                  &err);
    }
    assert_ok(kv->ops->commit(txn, batch, &err), &err);
    kv->ops->fold_to(kv, batch);
}

/** The sum after `batch`, from an array. */
static gw_u128 want_sum(uint64_t batch)
{
    static uint32_t vals[KEYS];
    memset(vals, 0, sizeof(vals));
    for (uint64_t b = 1; b <= batch; b++) {
        for (uint32_t i = 0; i < PUTS; i++)
            vals[key_number(b, i)] = i % 3 == 2 ? 0 : (uint32_t)(b * PUTS + i);
    }
    gw_u128 sum = 0;
    for (uint32_t key = 0; key < KEYS; key++) {
        if (vals[key] != 0)
            sum += gw_kv_pair_sum(number_bytes(&key), number_bytes(&vals[key]));
    }
    return sum;
}

static gw_u128 sum_by_reading(struct gw_kv *kv)
{
    struct gw_err err;
    struct gw_kv_snap *snap;
    struct gw_kv_cur *cur;
    struct gw_bytes key, val;
    gw_u128 sum = 0;
    assert_ok(kv->ops->snapshot(kv, &snap, &err), &err);
    assert_ok(
        kv->ops->seek((struct gw_kv_view){.snap = snap}, (struct gw_bytes){NULL, 0}, &cur, &err),
        &err);
    while (kv->ops->next(cur, &key, &val, &err) == GW_OK)
        sum += gw_kv_pair_sum(key, val);
    kv->ops->close(cur);
    kv->ops->release(snap);
    return sum;
}

/** Many small layers, folded as soon as they can be. */
static const struct gw_kv_lmdb_opts small = {.layer_pairs_max = 100, .layer_age_ns = 1};

static int child(const char *live)
{
    struct gw_kv_lmdb_opts opts = small;
    opts.folder = live;
    opts.map_bytes = UINT64_C(64) << 20;
    struct gw_kv *kv;
    if (gw_kv_lmdb_open(&opts, &kv, NULL, NULL) < 0)
        return 1;
    struct gw_err err;
    for (uint64_t batch = 1; batch <= BATCHES; batch++) {
        write_batch(kv, batch);
        if (batch % 4 == 0)
            assert_ok(kv->ops->flush(kv, &err), &err);
    }
    kv->ops->destroy(kv);
    return 0;
}

static struct gw_process_end run_child(const struct fixture *fix, const char *crash)
{
    struct gw_err err;
    struct gw_process *process;
    struct gw_process_end end;
    const char *const argv[] = {"/proc/self/exe", "child", fix->live, NULL};
    const char *const env[] = {crash, NULL};
    struct gw_process_opts opts = {.argv = argv, .env_add = env};
    assert_ok(gw_process_start(&opts, &process, &err), &err);
    assert_ok(gw_process_wait(process, 60000, &end, &err), &err);
    gw_process_close(process);
    return end;
}

static void killed_at(struct fixture *fix, const char *site, unsigned nth)
{
    char crash[100];
    (void)snprintf(crash, sizeof(crash), "GW_CRASH=%s:%u", site, nth);
    struct gw_process_end end = run_child(fix, crash);
    assert_int_equal(end.signal, SIGKILL_NUMBER);
    struct gw_kv_mark mark = open_kv(fix, small);
    assert_true(mark.applied < BATCHES);
    assert_true(mark.sum == want_sum(mark.applied));
    assert_true(sum_by_reading(fix->kv) == mark.sum);
    for (uint64_t batch = mark.applied + 1; batch <= BATCHES; batch++)
        write_batch(fix->kv, batch); /* the journal gives them again */
    assert_true(fix->kv->ops->marks(fix->kv).sum == want_sum(BATCHES));
    fix->kv->ops->destroy(fix->kv);
    fix->kv = NULL;
    gw_kit_remove(fix->live);
}

static void killed_anywhere_in_a_fold_it_holds_whole_batches(void **state)
{
    struct fixture *fix = *state;
    static const char *const sites[] = {"kv.fold.before", "kv.fold.commit", "kv.fold.after"};
    for (size_t i = 0; i < GW_COUNT_OF(sites); i++) {
        for (unsigned nth = 1; nth <= 7; nth += 3)
            killed_at(fix, sites[i], nth);
    }
    for (unsigned nth = 1; nth < 300; nth += 97)
        killed_at(fix, "kv.fold.middle", nth);
}

static void without_the_journal_nothing_is_folded_and_the_writer_waits(void **state)
{
    struct fixture *fix = *state;
    struct gw_err err;
    struct gw_kv_txn *txn;
    struct gw_kv_stats stats;
    open_kv(fix, (struct gw_kv_lmdb_opts){.layer_pairs_max = 10, .layer_age_ns = 1});
    uint64_t batch = 0;
    gw_rc rc;
    while ((rc = fix->kv->ops->begin(fix->kv, &txn, &err)) == GW_OK) {
        for (uint32_t i = 0; i < 20; i++)
            assert_ok(fix->kv->ops->put(txn, number_bytes(&i), number_bytes(&i), &err), &err);
        assert_ok(fix->kv->ops->commit(txn, ++batch, &err), &err);
    }
    assert_int_equal(rc, GW_BUSY);
    assert_int_equal(batch, 4);
    fix->kv->ops->stats(fix->kv, &stats);
    assert_int_equal(stats.pairs, 0);               /* of LMDB */
    gw_u128 sum = fix->kv->ops->marks(fix->kv).sum; /* without a fold */
    assert_true(sum == sum_by_reading(fix->kv));
    fix->kv->ops->fold_to(fix->kv, batch);
    assert_ok(fix->kv->ops->flush(fix->kv, &err), &err);
    assert_ok(fix->kv->ops->begin(fix->kv, &txn, &err), &err);
    fix->kv->ops->abort(txn);
    fix->kv->ops->stats(fix->kv, &stats);
    assert_int_equal(stats.pairs, 20);
    assert_true(fix->kv->ops->marks(fix->kv).sum == sum);
}

static gw_rc write_big(struct gw_kv *kv, uint64_t batch, struct gw_err *err)
{
    static uint8_t val[3000];
    struct gw_kv_txn *txn;
    memset(val, (int)(batch & 0xff), sizeof(val));
    gw_rc rc = kv->ops->begin(kv, &txn, err);
    if (rc < 0)
        return rc;
    for (uint32_t i = 0; i < 60; i++) {
        assert_ok(kv->ops->put(txn, number_bytes(&i), (struct gw_bytes){val, sizeof(val)}, err),
                  err);
    }
    assert_ok(kv->ops->commit(txn, batch, err), err);
    kv->ops->fold_to(kv, batch);
    return GW_OK;
}

static gw_rc begin_again(struct gw_kv *kv, gw_rc until, int64_t limit_ns, struct gw_err *err)
{
    int64_t end = gw_clock_mono_ns() + limit_ns;
    gw_rc rc;
    do {
        struct gw_kv_txn *txn;
        rc = kv->ops->begin(kv, &txn, err);
        if (rc == GW_OK)
            kv->ops->abort(txn);
        (void)sched_yield();
    } while (rc != until && gw_clock_mono_ns() < end);
    return rc;
}

static void a_full_map_refuses_batches_until_there_is_room(void **state)
{
    struct fixture *fix = *state;
    struct gw_err err;
    open_kv(fix, (struct gw_kv_lmdb_opts){
                     .layer_pairs_max = 10, .layer_age_ns = 1, .map_bytes = 1 << 20});
    assert_ok(write_big(fix->kv, 1, &err), &err);
    assert_ok(fix->kv->ops->flush(fix->kv, &err), &err);
    struct gw_kv_snap *old;
    assert_ok(fix->kv->ops->snapshot(fix->kv, &old, &err), &err); /* keeps its pages in the map */
    uint64_t batch = 1;
    gw_rc rc = GW_OK;
    while (batch < 1000 && rc != GW_FULL) {
        rc = write_big(fix->kv, batch + 1, &err);
        batch += rc == GW_OK;
        if (batch % 2 == 0 && fix->kv->ops->flush(fix->kv, &err) == GW_FULL)
            break;
    }
    assert_int_equal(begin_again(fix->kv, GW_FULL, GW_NS_PER_S, &err), GW_FULL);
    assert_non_null(strstr(err.msg, "MDB_MAP_FULL"));
    gw_u128 sum = fix->kv->ops->marks(fix->kv).sum;
    assert_true(sum == sum_by_reading(fix->kv)); /* readers go on */
    fix->kv->ops->release(old);
    assert_int_equal(begin_again(fix->kv, GW_OK, 5 * GW_NS_PER_S, &err), GW_OK);
    assert_ok(fix->kv->ops->flush(fix->kv, &err), &err);
    assert_true(fix->kv->ops->marks(fix->kv).sum == sum);
    assert_int_equal(fix->kv->ops->marks(fix->kv).applied, batch);
}

static atomic_bool refuse_memory;

static void *scarce_get(void *ctx, size_t bytes)
{
    (void)ctx;
    return atomic_load(&refuse_memory) ? NULL : gw_kit_alloc.get(NULL, bytes);
}

static void scarce_put(void *ctx, void *block, size_t bytes)
{
    (void)ctx;
    gw_kit_alloc.put(NULL, block, bytes);
}

static void without_memory_the_fold_tries_again(void **state)
{
    struct fixture *fix = *state;
    struct gw_err err;
    static const struct gw_alloc scarce = {scarce_get, scarce_put, NULL};
    open_kv(fix, (struct gw_kv_lmdb_opts){.layer_pairs_max = 1000, .alloc = &scarce});
    struct gw_kv_txn *txn;
    uint32_t key = 1;
    assert_ok(fix->kv->ops->begin(fix->kv, &txn, &err), &err);
    assert_ok(fix->kv->ops->put(txn, number_bytes(&key), number_bytes(&key), &err), &err);
    assert_ok(fix->kv->ops->commit(txn, 1, &err), &err);
    atomic_store(&refuse_memory, true);
    fix->kv->ops->fold_to(fix->kv, 1);
    assert_int_equal(fix->kv->ops->flush(fix->kv, &err), GW_NOMEM);
    atomic_store(&refuse_memory, false);
    assert_ok(fix->kv->ops->flush(fix->kv, &err), &err);
    assert_int_equal(fix->kv->ops->marks(fix->kv).applied, 1);
}

static void snapshots_have_a_bound_and_come_back(void **state)
{
    struct fixture *fix = *state;
    struct gw_err err;
    open_kv(fix, (struct gw_kv_lmdb_opts){.snapshots_max = 3});
    struct gw_kv_snap *snaps[3], *more;
    for (int round = 0; round < 50; round++) {
        for (int i = 0; i < 3; i++)
            assert_ok(fix->kv->ops->snapshot(fix->kv, &snaps[i], &err), &err);
        assert_int_equal(fix->kv->ops->snapshot(fix->kv, &more, &err), GW_BUSY);
        for (int i = 0; i < 3; i++)
            fix->kv->ops->release(snaps[i]);
    }
}

static void a_file_that_is_no_environment_is_refused(void **state)
{
    struct fixture *fix = *state;
    struct gw_err err;
    char path[400];
    open_kv(fix, (struct gw_kv_lmdb_opts){.snapshots_max = 3});
    fix->kv->ops->destroy(fix->kv);
    fix->kv = NULL;
    (void)snprintf(path, sizeof(path), "%s/data.mdb", fix->live);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0; i < 10000; i++)
        (void)fputs("not LMDB ", file);
    assert_int_equal(fclose(file), 0);
    struct gw_kv_lmdb_opts opts = {.folder = fix->live};
    assert_int_equal(gw_kv_lmdb_open(&opts, &fix->kv, NULL, &err), GW_CORRUPT);
    assert_non_null(strstr(err.msg, "live"));
    fix->kv = NULL;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "child") == 0)
        return child(argv[2]);
#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(killed_anywhere_in_a_fold_it_holds_whole_batches),
        CASE(without_the_journal_nothing_is_folded_and_the_writer_waits),
        CASE(a_full_map_refuses_batches_until_there_is_room),
        CASE(without_memory_the_fold_tries_again),
        CASE(snapshots_have_a_bound_and_come_back),
        CASE(a_file_that_is_no_environment_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
