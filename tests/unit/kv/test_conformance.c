/* One suite for both implementations of gw_kv: what base/kv.h promises, and 100,000 random operations on both at once
 * beside a model that is an array. */
#include "kit/kit.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/kv.h"
#include "base/rand.h"
#include "kv/lmdb.h"
#include "kv/memory.h"

/* small, young layers, so that a test of a few pairs meets folds and frozen layers */
enum { SMALL = 64, LARGE = 600 };

struct fixture {
    bool is_lmdb;
    uint32_t layer_pairs_max;
    char folder[256], live[300], copy[300];
    struct gw_kv *kv;
    uint64_t index;
};

static void open_kv(struct fixture *fix)
{
    struct gw_err err;
    struct gw_kv_memory_opts memory = {.alloc = &gw_kit_alloc};
    struct gw_kv_lmdb_opts lmdb = {.folder = fix->live,
                                   .map_bytes = UINT64_C(1) << 30,
                                   .layer_pairs_max = fix->layer_pairs_max,
                                   .layer_age_ns = fix->layer_pairs_max > SMALL ? 1 << 30 : 1};
    assert_ok(fix->is_lmdb ? gw_kv_lmdb_open(&lmdb, &fix->kv, NULL, &err)
                           : gw_kv_memory_open(&memory, &fix->kv, NULL, &err),
              &err);
}

static struct fixture *new_fixture(bool is_lmdb, uint32_t layer_pairs_max)
{
    struct fixture *fix = calloc(1, sizeof(*fix));
    assert_non_null(fix);
    fix->is_lmdb = is_lmdb;
    fix->layer_pairs_max = layer_pairs_max;
    gw_kit_folder(fix->folder, sizeof(fix->folder));
    (void)snprintf(fix->live, sizeof(fix->live), "%s/live", fix->folder);
    (void)snprintf(fix->copy, sizeof(fix->copy), "%s/copy", fix->folder);
    open_kv(fix);
    return fix;
}

static int setup_memory(void **state)
{
    *state = new_fixture(false, SMALL);
    return 0;
}

static int setup_lmdb(void **state)
{
    *state = new_fixture(true, SMALL);
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fix = *state;
    if (fix->kv != NULL)
        fix->kv->ops->destroy(fix->kv);
    gw_kit_remove(fix->folder);
    free(fix);
    return 0;
}

static struct gw_bytes text(const char *zero_terminated)
{
    return gw_text_bytes(gw_text(zero_terminated));
}

/** Begin, waiting for the fold where that is what is missing. */
static struct gw_kv_txn *begin(struct fixture *fix)
{
    struct gw_err err;
    struct gw_kv_txn *txn;
    fix->kv->ops->fold_to(fix->kv, fix->index);
    gw_rc rc = fix->kv->ops->begin(fix->kv, &txn, &err);
    if (rc == GW_BUSY) {
        assert_ok(fix->kv->ops->flush(fix->kv, &err), &err);
        rc = fix->kv->ops->begin(fix->kv, &txn, &err);
    }
    assert_ok(rc, &err);
    return txn;
}

static void commit(struct fixture *fix, struct gw_kv_txn *txn)
{
    struct gw_err err;
    assert_ok(fix->kv->ops->commit(txn, ++fix->index, &err), &err);
}

static void put(struct fixture *fix, struct gw_kv_txn *txn, const char *key, const char *val)
{
    struct gw_err err;
    assert_ok(fix->kv->ops->put(txn, text(key), text(val), &err), &err);
}

static void del(struct fixture *fix, struct gw_kv_txn *txn, const char *key)
{
    struct gw_err err;
    assert_ok(fix->kv->ops->del(txn, text(key), &err), &err);
}

static void put_batch(struct fixture *fix, const char *key, const char *val)
{
    struct gw_kv_txn *txn = begin(fix);
    if (val != NULL) {
        put(fix, txn, key, val);
    } else {
        del(fix, txn, key);
    }
    commit(fix, txn);
}

static struct gw_kv_snap *snapshot(struct fixture *fix)
{
    struct gw_err err;
    struct gw_kv_snap *snap;
    assert_ok(fix->kv->ops->snapshot(fix->kv, &snap, &err), &err);
    return snap;
}

/** "a=1 b=2 " of the view, forward or backward. */
static const char *list(struct fixture *fix, struct gw_kv_view view, bool backward)
{
    static char out[4096];
    struct gw_err err;
    struct gw_kv_cur *cur;
    struct gw_bytes key, val;
    int len = 0;
    assert_ok(fix->kv->ops->seek(view, text(backward ? "\xff" : ""), &cur, &err), &err);
    gw_rc rc;
    while ((rc = backward ? fix->kv->ops->prev(cur, &key, &val, &err)
                          : fix->kv->ops->next(cur, &key, &val, &err)) == GW_OK) {
        len += snprintf(out + len, sizeof(out) - (size_t)len, "%.*s=%.*s ",
                        GW_TEXT_ARG(gw_bytes_text(key)), GW_TEXT_ARG(gw_bytes_text(val)));
    }
    assert_int_equal(rc, GW_NOTFOUND);
    fix->kv->ops->close(cur);
    out[len] = '\0';
    return out;
}

static const char *list_now(struct fixture *fix)
{
    struct gw_kv_snap *snap = snapshot(fix);
    const char *out = list(fix, (struct gw_kv_view){.snap = snap}, false);
    fix->kv->ops->release(snap);
    return out;
}

static void flush(struct fixture *fix)
{
    struct gw_err err;
    fix->kv->ops->fold_to(fix->kv, fix->index);
    assert_ok(fix->kv->ops->flush(fix->kv, &err), &err);
}

static void pairs_come_in_memcmp_order_both_ways(void **state)
{
    struct fixture *fix = *state;
    put_batch(fix, "b", "2");
    put_batch(fix, "abc", "1");
    put_batch(fix, "c", "3");
    put_batch(fix, "a", "0");
    struct gw_kv_snap *snap = snapshot(fix);
    struct gw_kv_view view = {.snap = snap};
    assert_string_equal(list(fix, view, false), "a=0 abc=1 b=2 c=3 ");
    assert_string_equal(list(fix, view, true), "c=3 b=2 abc=1 a=0 ");
    fix->kv->ops->release(snap);
}

static void a_snapshot_sees_its_batch_for_ever(void **state)
{
    struct fixture *fix = *state;
    put_batch(fix, "a", "old");
    put_batch(fix, "gone", "here");
    struct gw_kv_snap *before = snapshot(fix);
    put_batch(fix, "a", "new");
    put_batch(fix, "gone", NULL);
    put_batch(fix, "b", "added");
    flush(fix); /* the LMDB below has moved on; the snapshot has not */
    put_batch(fix, "a", "newer");
    struct gw_kv_view view = {.snap = before};
    assert_string_equal(list(fix, view, false), "a=old gone=here ");
    assert_int_equal(fix->kv->ops->snap_applied(before), 2);
    assert_string_equal(list_now(fix), "a=newer b=added ");
    fix->kv->ops->release(before);
}

static void nothing_of_an_open_txn_is_seen_outside(void **state)
{
    struct fixture *fix = *state;
    put_batch(fix, "a", "1");
    struct gw_kv_txn *txn = begin(fix);
    put(fix, txn, "a", "2");
    put(fix, txn, "b", "2");
    assert_string_equal(list_now(fix), "a=1 ");
    assert_string_equal(list(fix, (struct gw_kv_view){.txn = txn}, false), "a=2 b=2 ");
    fix->kv->ops->abort(txn);
    assert_string_equal(list_now(fix), "a=1 ");
    put_batch(fix, "c", "3");
    assert_string_equal(list_now(fix), "a=1 c=3 ");
}

static void put_without_fold(struct fixture *fix, const char *key, const char *val)
{
    struct gw_kv_txn *txn = NULL;
    struct gw_err err;
    assert_ok(fix->kv->ops->begin(fix->kv, &txn, &err), &err);
    put(fix, txn, key, val);
    assert_ok(fix->kv->ops->commit(txn, ++fix->index, &err), &err);
}

static void a_durable_snapshot_stops_at_what_the_journal_has(void **state)
{
    struct fixture *fix = *state;
    struct gw_err err;
    struct gw_bytes val;
    put_batch(fix, "a", "old");
    fix->kv->ops->fold_to(fix->kv, fix->index);
    uint64_t durable = fix->index;
    put_without_fold(fix, "a", "new");
    put_without_fold(fix, "b", "new");
    struct gw_kv_snap *snap = NULL;
    assert_ok(fix->kv->ops->snapshot_durable(fix->kv, &snap, &err), &err);
    assert_int_equal(fix->kv->ops->snap_applied(snap), durable);
    const struct gw_kv_view view = {.snap = snap};
    assert_ok(fix->kv->ops->get(view, gw_text_bytes(gw_text("a")), &val, &err), &err);
    assert_text_equal(gw_bytes_text(val), "old");
    assert_int_equal(fix->kv->ops->get(view, gw_text_bytes(gw_text("b")), &val, &err), GW_NOTFOUND);
    fix->kv->ops->fold_to(fix->kv, fix->index);
    assert_ok(fix->kv->ops->get(view, gw_text_bytes(gw_text("a")), &val, &err), &err);
    assert_text_equal(gw_bytes_text(val), "old");
    fix->kv->ops->release(snap);
    assert_ok(fix->kv->ops->snapshot_durable(fix->kv, &snap, &err), &err);
    assert_int_equal(fix->kv->ops->snap_applied(snap), fix->index);
    fix->kv->ops->release(snap);
}

static void going_back_to_a_mark_takes_back_everything_since(void **state)
{
    struct fixture *fix = *state;
    put_batch(fix, "kept", "0");
    struct gw_kv_txn *txn = begin(fix);
    struct gw_kv_view view = {.txn = txn};
    put(fix, txn, "a", "1");
    uint64_t outer = fix->kv->ops->mark(txn);
    put(fix, txn, "a", "22");
    put(fix, txn, "b", "22");
    uint64_t inner = fix->kv->ops->mark(txn);
    put(fix, txn, "a",
        "a much longer value than the two that the key had before, so that it moves");
    del(fix, txn, "kept");
    del(fix, txn, "b");
    fix->kv->ops->back_to(txn, inner);
    assert_string_equal(list(fix, view, false), "a=22 b=22 kept=0 ");
    put(fix, txn, "b", "3");
    fix->kv->ops->back_to(txn, outer);
    assert_string_equal(list(fix, view, false), "a=1 kept=0 ");
    put(fix, txn, "a", "4");
    commit(fix, txn);
    assert_string_equal(list_now(fix), "a=4 kept=0 ");
}

static void deletions_hide_what_lies_in_older_layers(void **state)
{
    struct fixture *fix = *state;
    put_batch(fix, "a", "1");
    put_batch(fix, "b", "1");
    put_batch(fix, "c", "1");
    flush(fix);
    put_batch(fix, "b", NULL);
    assert_string_equal(list_now(fix), "a=1 c=1 ");
    flush(fix);
    assert_string_equal(list_now(fix), "a=1 c=1 ");
    put_batch(fix, "b", "again");
    put_batch(fix, "never", NULL);
    assert_string_equal(list_now(fix), "a=1 b=again c=1 ");
}

static void expect_step(struct fixture *fix, struct gw_kv_cur *cur, bool forward, const char *want)
{
    struct gw_err err;
    struct gw_bytes key, val;
    gw_rc rc = forward ? fix->kv->ops->next(cur, &key, &val, &err)
                       : fix->kv->ops->prev(cur, &key, &val, &err);
    if (want == NULL) {
        assert_int_equal(rc, GW_NOTFOUND);
        return;
    }
    assert_ok(rc, &err);
    assert_text_equal(gw_bytes_text(key), want);
}

static void a_cursor_turns_and_stays_beside_its_key_at_an_end(void **state)
{
    struct fixture *fix = *state;
    struct gw_err err;
    put_batch(fix, "a", "1");
    put_batch(fix, "b", "1");
    put_batch(fix, "c", "1");
    struct gw_kv_snap *snap = snapshot(fix);
    struct gw_kv_cur *cur;
    assert_ok(fix->kv->ops->seek((struct gw_kv_view){.snap = snap}, text("b"), &cur, &err), &err);
    expect_step(fix, cur, true, "b");
    expect_step(fix, cur, false, "a");
    expect_step(fix, cur, false, NULL);
    expect_step(fix, cur, true, "a");
    expect_step(fix, cur, true, "b");
    expect_step(fix, cur, true, "c");
    expect_step(fix, cur, true, NULL);
    expect_step(fix, cur, true, NULL);
    expect_step(fix, cur, false, "c");
    expect_step(fix, cur, false, "b");
    fix->kv->ops->close(cur);
    assert_ok(fix->kv->ops->seek((struct gw_kv_view){.snap = snap}, text("b"), &cur, &err), &err);
    expect_step(fix, cur, false, "a");
    fix->kv->ops->close(cur);
    fix->kv->ops->release(snap);
}

static void the_writers_cursor_goes_on_while_pairs_change(void **state)
{
    struct fixture *fix = *state;
    struct gw_err err;
    put_batch(fix, "b", "1");
    put_batch(fix, "d", "1");
    put_batch(fix, "f", "1");
    struct gw_kv_txn *txn = begin(fix);
    struct gw_kv_cur *cur;
    assert_ok(fix->kv->ops->seek((struct gw_kv_view){.txn = txn}, text(""), &cur, &err), &err);
    expect_step(fix, cur, true, "b");
    put(fix, txn, "a", "behind");
    put(fix, txn, "c", "before the next");
    expect_step(fix, cur, true, "c");
    del(fix, txn, "c"); /* the key it stands on */
    del(fix, txn, "d");
    put(fix, txn, "e", "added");
    expect_step(fix, cur, true, "e");
    put(fix, txn, "d", "back again");
    expect_step(fix, cur, false, "d");
    uint64_t mark = fix->kv->ops->mark(txn);
    put(fix, txn, "bb", "for a moment");
    fix->kv->ops->back_to(txn, mark);
    put(fix, txn, "cc", "in front of one that goes back");
    expect_step(fix, cur, false, "cc");
    expect_step(fix, cur, false, "b");
    put(fix, txn, "bb", "to stay");
    expect_step(fix, cur, true, "bb");
    expect_step(fix, cur, true, "cc");
    fix->kv->ops->close(cur);
    fix->kv->ops->abort(txn);
}

static void a_pair_put_in_front_of_a_cursor_that_goes_back_is_met(void **state)
{
    struct fixture *fix = *state;
    struct gw_err err;
    put_batch(fix, "d", "1");
    put_batch(fix, "f", "1");
    struct gw_kv_txn *txn = begin(fix);
    put(fix, txn, "a", "1");
    struct gw_kv_cur *cur;
    assert_ok(fix->kv->ops->seek((struct gw_kv_view){.txn = txn}, text("z"), &cur, &err), &err);
    expect_step(fix, cur, false, "f");
    expect_step(fix, cur, false, "d"); /* of an older layer: "a" was looked at and waits */
    put(fix, txn, "c", "1");
    expect_step(fix, cur, false, "c");
    expect_step(fix, cur, false, "a");
    fix->kv->ops->close(cur);
    commit(fix, txn);
}

static void sizes_outside_the_bounds_are_refused(void **state)
{
    struct fixture *fix = *state;
    struct gw_err err;
    struct gw_kv_txn *txn = begin(fix);
    uint8_t *big = calloc(1, GW_KV_VALUE_MAX + 1);
    struct gw_bytes key = {big, GW_KV_KEY_MAX}, val = {big, GW_KV_VALUE_MAX}, got;
    struct gw_kv_view view = {.txn = txn};
    assert_ok(fix->kv->ops->put(txn, key, val, &err), &err);
    key.len++;
    assert_int_equal(fix->kv->ops->put(txn, key, val, &err), GW_TOOLARGE);
    key.len = 0;
    assert_int_equal(fix->kv->ops->put(txn, key, val, &err), GW_TOOLARGE);
    key.len = 1;
    val.len++;
    assert_int_equal(fix->kv->ops->put(txn, key, val, &err), GW_TOOLARGE);
    assert_int_equal(fix->kv->ops->get(view, key, &got, &err), GW_NOTFOUND);
    key.len = GW_KV_KEY_MAX;
    assert_ok(fix->kv->ops->get(view, key, &got, &err), &err);
    assert_int_equal(got.len, GW_KV_VALUE_MAX);
    commit(fix, txn);
    flush(fix);
    free(big);
}

/* ---- random operations beside a model ---- */

enum { KEYS = 700, SNAPS = 6, MARKS = 8, STEPS = 100000, STEPS_BACK = 12 };

/** Values by number: 0 is absent. keys[] rises. */
struct model {
    uint32_t vals[KEYS];
};

struct held {
    struct gw_kv_snap *snaps[2];
    struct model model;
    uint64_t applied;
};

struct run {
    struct fixture *fix[2]; /* memory, LMDB */
    struct gw_rand rand;
    struct model now, committed;
    struct gw_kv_txn *txns[2];
    struct {
        uint64_t of[2];
        struct model model;
    } marks[MARKS];
    size_t mark_count;
    struct held held[SNAPS];
    uint32_t numbers;
};

static uint8_t key_bytes[KEYS][GW_KV_KEY_MAX];
static struct gw_bytes keys[KEYS];

static int by_key(const void *a, const void *b)
{
    return gw_bytes_compare(*(const struct gw_bytes *)a, *(const struct gw_bytes *)b);
}

/** Short and long ones, with common beginnings longer than what LMDB takes as a key. */
static void make_keys(struct gw_rand *rand)
{
    size_t count = 0;
    while (count < KEYS) {
        uint8_t *key = key_bytes[count];
        size_t len = gw_rand_chance(rand, 1, 8)    ? 470 + gw_rand_below(rand, 100)
                     : gw_rand_chance(rand, 1, 20) ? GW_KV_KEY_MAX
                                                   : 1 + gw_rand_below(rand, 30);
        memset(key, (int)(7 + gw_rand_below(rand, 3)), len);
        for (size_t i = len > 4 ? len - 4 : 0; i < len; i++)
            key[i] = (uint8_t)gw_rand_below(rand, 6) * 51;
        keys[count] = (struct gw_bytes){key, len};
        bool is_new = true;
        for (size_t i = 0; i < count; i++)
            is_new = is_new && !gw_bytes_equal(keys[i], keys[count]);
        count += is_new;
    }
    qsort(keys, KEYS, sizeof(keys[0]), by_key);
}

static struct gw_bytes val_of(uint32_t number)
{
    static uint8_t bytes[70000];
    size_t len = number % 97;
    if (number % 211 == 0)
        len = 5000;
    if (number % 4999 == 0)
        len = sizeof(bytes);
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)(number + i);
    return (struct gw_bytes){bytes, len};
}

static void check_get(struct gw_kv *kv, struct gw_kv_view view, const struct model *model,
                      size_t at)
{
    struct gw_err err;
    struct gw_bytes got;
    gw_rc rc = kv->ops->get(view, keys[at], &got, &err);
    if (model->vals[at] == 0) {
        assert_int_equal(rc, GW_NOTFOUND);
        return;
    }
    assert_ok(rc, &err);
    assert_true(gw_bytes_equal(got, val_of(model->vals[at])));
}

/** Steps about from a random key, in both directions; the model says what each step gives. */
static void check_walk(struct run *run, struct gw_kv *kv, struct gw_kv_view view,
                       const struct model *model, size_t steps)
{
    struct gw_err err;
    struct gw_kv_cur *cur;
    long at = (long)gw_rand_below(&run->rand, KEYS); /* next() looks from here, prev() before it */
    long back = at;
    assert_ok(kv->ops->seek(view, keys[at], &cur, &err), &err);
    bool forward = gw_rand_chance(&run->rand, 1, 2);
    for (size_t i = 0; i < steps; i++) {
        if (gw_rand_chance(&run->rand, 1, STEPS_BACK))
            forward = !forward;
        struct gw_bytes key, val;
        gw_rc rc =
            forward ? kv->ops->next(cur, &key, &val, &err) : kv->ops->prev(cur, &key, &val, &err);
        long want = forward ? at : back - 1;
        while (want >= 0 && want < KEYS && model->vals[want] == 0)
            want += forward ? 1 : -1;
        if (want < 0 || want >= KEYS) {
            assert_int_equal(rc, GW_NOTFOUND);
            if (forward) {
                back = at; /* the key it stood on is before it now */
            } else {
                at = back;
            }
            continue;
        }
        assert_ok(rc, &err);
        assert_true(gw_bytes_equal(key, keys[want]));
        assert_true(gw_bytes_equal(val, val_of(model->vals[want])));
        back = want;
        at = want + 1;
    }
    kv->ops->close(cur);
}

static void check_whole(struct gw_kv *kv, struct gw_kv_view view, const struct model *model)
{
    struct gw_err err;
    struct gw_kv_cur *cur;
    struct gw_bytes key, val;
    assert_ok(kv->ops->seek(view, (struct gw_bytes){NULL, 0}, &cur, &err), &err);
    for (size_t i = 0; i < KEYS; i++) {
        check_get(kv, view, model, i);
        if (model->vals[i] == 0)
            continue;
        assert_ok(kv->ops->next(cur, &key, &val, &err), &err);
        assert_true(gw_bytes_equal(key, keys[i]));
        assert_true(gw_bytes_equal(val, val_of(model->vals[i])));
    }
    assert_int_equal(kv->ops->next(cur, &key, &val, &err), GW_NOTFOUND);
    kv->ops->close(cur);
}

static struct gw_kv_view txn_view(const struct run *run, unsigned i)
{
    return (struct gw_kv_view){.txn = run->txns[i]};
}

static void end_txn(struct run *run, bool keep)
{
    for (unsigned i = 0; i < 2; i++) {
        if (keep) {
            commit(run->fix[i], run->txns[i]);
        } else {
            run->fix[i]->kv->ops->abort(run->txns[i]);
        }
        run->txns[i] = NULL;
    }
    *(keep ? &run->committed : &run->now) = keep ? run->now : run->committed;
    run->mark_count = 0;
}

static void begin_txn(struct run *run)
{
    for (unsigned i = 0; i < 2; i++)
        run->txns[i] = begin(run->fix[i]);
}

static void random_change(struct run *run)
{
    struct gw_err err;
    size_t at = gw_rand_below(&run->rand, KEYS);
    bool is_del = gw_rand_chance(&run->rand, 1, 4);
    run->now.vals[at] = is_del ? 0 : ++run->numbers;
    for (unsigned i = 0; i < 2; i++) {
        const struct gw_kv_ops *ops = run->fix[i]->kv->ops;
        assert_ok(is_del ? ops->del(run->txns[i], keys[at], &err)
                         : ops->put(run->txns[i], keys[at], val_of(run->numbers), &err),
                  &err);
    }
}

static void random_mark(struct run *run)
{
    if (run->mark_count < MARKS && gw_rand_chance(&run->rand, 1, 2)) {
        for (unsigned i = 0; i < 2; i++)
            run->marks[run->mark_count].of[i] = run->fix[i]->kv->ops->mark(run->txns[i]);
        run->marks[run->mark_count++].model = run->now;
    } else if (run->mark_count > 0) {
        run->mark_count = gw_rand_below(&run->rand, run->mark_count);
        for (unsigned i = 0; i < 2; i++)
            run->fix[i]->kv->ops->back_to(run->txns[i], run->marks[run->mark_count].of[i]);
        run->now = run->marks[run->mark_count].model;
    }
}

static void drop_held(struct run *run, struct held *held)
{
    for (unsigned i = 0; i < 2 && held->snaps[i] != NULL; i++) {
        struct gw_kv *kv = run->fix[i]->kv;
        struct gw_kv_view view = {.snap = held->snaps[i]};
        assert_int_equal(kv->ops->snap_applied(held->snaps[i]), held->applied);
        check_whole(kv, view, &held->model);
        check_walk(run, kv, view, &held->model, 100);
        kv->ops->release(held->snaps[i]);
        held->snaps[i] = NULL;
    }
}

static void random_snapshot(struct run *run)
{
    struct held *held = &run->held[gw_rand_below(&run->rand, SNAPS)];
    drop_held(run, held);
    for (unsigned i = 0; i < 2; i++)
        held->snaps[i] = snapshot(run->fix[i]);
    held->model = run->committed;
    held->applied = run->fix[0]->index;
}

static void check_sums(struct run *run)
{
    gw_u128 want = 0;
    for (size_t i = 0; i < KEYS; i++) {
        if (run->committed.vals[i] != 0)
            want += gw_kv_pair_sum(keys[i], val_of(run->committed.vals[i]));
    }
    for (unsigned i = 0; i < 2; i++) {
        struct gw_kv_mark mark = run->fix[i]->kv->ops->marks(run->fix[i]->kv);
        assert_true(mark.sum == want);
        assert_int_equal(mark.applied, run->fix[i]->index);
    }
}

static void random_step(struct run *run)
{
    uint64_t dice = gw_rand_below(&run->rand, 1000);
    if (run->txns[0] == NULL) {
        if (dice < 5) {
            flush(run->fix[1]);
        } else if (dice < 10) {
            check_sums(run);
        }
        begin_txn(run);
    } else if (dice < 600) {
        random_change(run);
    } else if (dice < 700) {
        for (unsigned i = 0; i < 2; i++) {
            check_get(run->fix[i]->kv, txn_view(run, i), &run->now,
                      gw_rand_below(&run->rand, KEYS));
        }
    } else if (dice < 760) {
        for (unsigned i = 0; i < 2; i++)
            check_walk(run, run->fix[i]->kv, txn_view(run, i), &run->now, 20);
    } else if (dice < 850) {
        random_mark(run);
    } else if (dice < 860) {
        random_snapshot(run);
    } else if (dice < 900) {
        end_txn(run, gw_rand_chance(&run->rand, 9, 10));
    }
}

static void run_random(uint64_t seed, uint32_t layer_pairs_max)
{
    struct run *run = calloc(1, sizeof(*run));
    assert_non_null(run);
    gw_rand_init(&run->rand, seed);
    make_keys(&run->rand);
    run->fix[0] = new_fixture(false, SMALL);
    run->fix[1] = new_fixture(true, layer_pairs_max);
    for (size_t i = 0; i < STEPS; i++)
        random_step(run);
    if (run->txns[0] != NULL)
        end_txn(run, true);
    check_sums(run);
    for (size_t i = 0; i < SNAPS; i++)
        drop_held(run, &run->held[i]);
    for (unsigned i = 0; i < 2; i++) {
        void *fix = run->fix[i];
        teardown(&fix);
    }
    free(run);
}

static void random_operations_agree_with_a_model_over_small_layers(void **state)
{
    (void)state;
    run_random(20260302, SMALL);
}

static void random_operations_agree_with_a_model_over_large_layers(void **state)
{
    (void)state;
    run_random(20260303, LARGE);
}

/* ---- what stays ---- */

static void reopen_from_copy(struct fixture *fix, struct gw_kv_mark *ret)
{
    struct gw_err err;
    fix->kv->ops->destroy(fix->kv);
    fix->kv = NULL;
    if (!fix->is_lmdb) {
        struct gw_kv_memory_opts opts = {.alloc = &gw_kit_alloc, .path = fix->copy};
        assert_ok(gw_kv_memory_open(&opts, &fix->kv, ret, &err), &err);
        return;
    }
    assert_ok(gw_kv_lmdb_restore(fix->copy, fix->live, &err), &err);
    struct gw_kv_lmdb_opts opts = {.folder = fix->live, .map_bytes = UINT64_C(1) << 30};
    assert_ok(gw_kv_lmdb_open(&opts, &fix->kv, ret, &err), &err);
}

static void a_checkpoint_holds_exactly_its_snapshot(void **state)
{
    struct fixture *fix = *state;
    struct gw_err err;
    char long_key[600];
    memset(long_key, 'k', sizeof(long_key) - 1);
    long_key[sizeof(long_key) - 1] = '\0';
    put_batch(fix, "a", "1");
    put_batch(fix, long_key, "long");
    put_batch(fix, "z", "26");
    put_batch(fix, "a", NULL);
    struct gw_kv_mark want = fix->kv->ops->marks(fix->kv), got;
    struct gw_kv_snap *snap = snapshot(fix);
    put_batch(fix, "later", "not in it");
    assert_ok(fix->kv->ops->checkpoint(snap, fix->copy, &got, &err), &err);
    fix->kv->ops->release(snap);
    assert_int_equal(got.applied, 4);
    assert_true(got.sum == want.sum);
    reopen_from_copy(fix, &got);
    assert_int_equal(got.applied, 4);
    assert_true(got.sum == want.sum);
    fix->index = 4;
    assert_int_equal(strlen(list_now(fix)), strlen("=long z=26 ") + strlen(long_key));
    put_batch(fix, long_key, NULL);
    assert_string_equal(list_now(fix), "z=26 ");
}

/* clang-format off */
#define BOTH(test)                                                                            \
    {"memory: " #test, test, setup_memory, teardown, NULL}, {"lmdb: " #test, test, setup_lmdb, teardown, NULL}
/* clang-format on */

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(pairs_come_in_memcmp_order_both_ways),
        BOTH(a_snapshot_sees_its_batch_for_ever),
        BOTH(nothing_of_an_open_txn_is_seen_outside),
        BOTH(a_durable_snapshot_stops_at_what_the_journal_has),
        BOTH(going_back_to_a_mark_takes_back_everything_since),
        BOTH(deletions_hide_what_lies_in_older_layers),
        BOTH(a_cursor_turns_and_stays_beside_its_key_at_an_end),
        BOTH(the_writers_cursor_goes_on_while_pairs_change),
        BOTH(a_pair_put_in_front_of_a_cursor_that_goes_back_is_met),
        BOTH(sizes_outside_the_bounds_are_refused),
        BOTH(a_checkpoint_holds_exactly_its_snapshot),
        cmocka_unit_test(random_operations_agree_with_a_model_over_small_layers),
        cmocka_unit_test(random_operations_agree_with_a_model_over_large_layers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
