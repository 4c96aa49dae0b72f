/* What only the memory kv has: its checkpoint file, and running out of memory at any point. */
#include "kit/kit.h"

#include <stdio.h>
#include <stdlib.h>

#include "kv/memory.h"

enum { PAIRS = 20, FILE_MAX = 4096 };

struct fixture {
    char folder[256], path[300];
    uint8_t file[FILE_MAX];
    size_t bytes;
};

static struct gw_bytes text(const char *zero_terminated)
{
    return gw_text_bytes(gw_text(zero_terminated));
}

/** One batch of pairs, some changed after a mark, some taken back. */
static gw_rc write_batch(struct gw_kv *kv, struct gw_err *err)
{
    struct gw_kv_txn *txn;
    GW_TRY(kv->ops->begin(kv, &txn, err));
    gw_rc rc = GW_OK;
    for (uint8_t i = 0; rc == GW_OK && i < PAIRS; i++)
        rc = kv->ops->put(txn, (struct gw_bytes){&i, 1}, (struct gw_bytes){&i, i % 2}, err);
    uint64_t mark = kv->ops->mark(txn);
    if (rc == GW_OK)
        rc = kv->ops->put(txn, text("\x05"), text("changed"), err);
    if (rc == GW_OK)
        rc = kv->ops->del(txn, text("\x07"), err);
    kv->ops->back_to(txn, mark);
    if (rc == GW_OK)
        rc = kv->ops->del(txn, text("\x09"), err);
    if (rc < 0) {
        kv->ops->abort(txn);
        return rc;
    }
    return kv->ops->commit(txn, 7, err);
}

static int setup(void **state)
{
    static struct fixture fix;
    struct gw_err err;
    struct gw_kv *kv;
    struct gw_kv_snap *snap;
    struct gw_kv_mark mark;
    gw_kit_folder(fix.folder, sizeof(fix.folder));
    (void)snprintf(fix.path, sizeof(fix.path), "%s/copy", fix.folder);
    assert_ok(
        gw_kv_memory_open(&(struct gw_kv_memory_opts){.alloc = &gw_kit_alloc}, &kv, NULL, &err),
        &err);
    assert_ok(write_batch(kv, &err), &err);
    assert_ok(kv->ops->snapshot(kv, &snap, &err), &err);
    assert_ok(kv->ops->checkpoint(snap, fix.path, &mark, &err), &err);
    kv->ops->release(snap);
    kv->ops->destroy(kv);
    FILE *file = fopen(fix.path, "rb");
    assert_non_null(file);
    fix.bytes = fread(fix.file, 1, sizeof(fix.file), file);
    assert_int_equal(fclose(file), 0);
    assert_in_range(fix.bytes, 64 + PAIRS * 8, FILE_MAX - 1);
    *state = &fix;
    return 0;
}

static int teardown(void **state)
{
    gw_kit_remove(((struct fixture *)*state)->folder);
    return 0;
}

static gw_rc open_file(struct fixture *fix, const uint8_t *bytes, size_t len, struct gw_err *err)
{
    struct gw_kv *kv;
    FILE *file = fopen(fix->path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
    struct gw_kv_memory_opts opts = {.alloc = &gw_kit_alloc, .path = fix->path};
    gw_rc rc = gw_kv_memory_open(&opts, &kv, NULL, err);
    if (rc == GW_OK)
        kv->ops->destroy(kv);
    return rc;
}

static void every_flipped_bit_of_a_checkpoint_is_refused(void **state)
{
    struct fixture *fix = *state;
    struct gw_err err;
    assert_ok(open_file(fix, fix->file, fix->bytes, &err), &err);
    for (size_t i = 0; i < fix->bytes; i++) {
        fix->file[i] ^= (uint8_t)(1U << (i % 8));
        assert_int_equal(open_file(fix, fix->file, fix->bytes, &err), GW_CORRUPT);
        assert_non_null(strstr(err.msg, "checkpoint"));
        fix->file[i] ^= (uint8_t)(1U << (i % 8));
    }
}

static void a_checkpoint_of_another_length_is_refused(void **state)
{
    struct fixture *fix = *state;
    struct gw_err err;
    for (size_t len = 0; len < fix->bytes; len++)
        assert_int_equal(open_file(fix, fix->file, len, &err), GW_CORRUPT);
    fix->file[fix->bytes] = 0;
    assert_int_equal(open_file(fix, fix->file, fix->bytes + 1, &err), GW_CORRUPT);
}

static void without_memory_a_batch_fails_and_leaves_nothing(void **state)
{
    (void)state;
    for (uint64_t nth = 0;; nth++) {
        struct gw_kit_refuse refuse;
        gw_kit_refuse_init(&refuse, nth);
        struct gw_kv *kv;
        gw_rc rc =
            gw_kv_memory_open(&(struct gw_kv_memory_opts){.alloc = &refuse.alloc}, &kv, NULL, NULL);
        if (rc == GW_OK) {
            rc = write_batch(kv, NULL);
            struct gw_kv_stats stats;
            kv->ops->stats(kv, &stats);
            assert_int_equal(stats.pairs, rc == GW_OK ? PAIRS - 1 : 0);
            assert_true(rc == GW_OK || kv->ops->marks(kv).sum == 0);
            kv->ops->destroy(kv); /* asserts that no byte is lost */
        }
        assert_int_equal(rc, refuse.refused ? GW_NOMEM : GW_OK);
        if (!refuse.refused)
            break;
    }
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(every_flipped_bit_of_a_checkpoint_is_refused),
        CASE(a_checkpoint_of_another_length_is_refused),
        CASE(without_memory_a_batch_fails_and_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
