/* What the kv costs: get, put and cursor in a resident layer, the same over LMDB, the fold, bytes per pair, and
 * anonymous memory more with many keys.   bench_kv [--keys N] [--resident N] [--folder DIR] */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rand.h"
#include "base/time.h"
#include "kv/lmdb.h"
#include "kv/memory.h"
#include "os/clock.h"
#include "os/env.h"
#include "os/file.h"

enum { ROUNDS = 1000000, KEY_BYTES = 40, VAL_BYTES = 100, BATCH_PUTS = 2000 };

static uint64_t applied, resident = 100000;

static void check(gw_rc rc, const struct gw_err *err)
{
    if (rc == GW_OK)
        return;
    (void)fprintf(stderr, "bench_kv: %s: %s\n", gw_rc_name(rc), err->msg);
    exit(1); /* NOLINT(concurrency-mt-unsafe): no other thread needs what exit() tears down */
}

/** Keys as the ledger makes them: a table, an entity, then the key. */
static struct gw_bytes key_of(uint64_t number, uint8_t room[KEY_BYTES])
{
    memset(room, 'k', KEY_BYTES);
    number = __builtin_bswap64(number * UINT64_C(0x9e3779b97f4a7c15)); /* spread */
    memcpy(room + 5, &number, sizeof(number));
    return (struct gw_bytes){room, KEY_BYTES};
}

static void put(struct gw_kv *kv, struct gw_kv_txn *txn, uint64_t number, uint64_t val)
{
    uint8_t key[KEY_BYTES], bytes[VAL_BYTES] = {0};
    struct gw_err err;
    memcpy(bytes, &val, sizeof(val));
    check(kv->ops->put(txn, key_of(number, key), (struct gw_bytes){bytes, VAL_BYTES}, &err), &err);
}

static struct gw_kv_txn *begin(struct gw_kv *kv)
{
    struct gw_err err;
    struct gw_kv_txn *txn;
    gw_rc rc = kv->ops->begin(kv, &txn, &err);
    if (rc == GW_BUSY) {
        check(kv->ops->flush(kv, &err), &err);
        rc = kv->ops->begin(kv, &txn, &err);
    }
    check(rc, &err);
    return txn;
}

static void commit(struct gw_kv *kv, struct gw_kv_txn *txn)
{
    struct gw_err err;
    check(kv->ops->commit(txn, ++applied, &err), &err);
    kv->ops->fold_to(kv, applied);
}

static void row(const char *kv, const char *what, int64_t ns, uint64_t count)
{
    printf("%-8s %-34s %10.1f ns\n", kv, what, (double)ns / (double)count);
}

static void bench_puts(struct gw_kv *kv, const char *name, const char *what, bool fresh,
                       uint64_t count)
{
    struct gw_rand rand;
    gw_rand_init(&rand, 1);
    int64_t ns = 0;
    for (uint64_t done = 0; done < count;) {
        struct gw_kv_txn *txn = begin(kv);
        int64_t since = gw_clock_thread_cpu_ns();
        for (int i = 0; i < BATCH_PUTS; i++, done++)
            put(kv, txn, fresh ? done : gw_rand_below(&rand, resident), done);
        ns += gw_clock_thread_cpu_ns() - since;
        commit(kv, txn);
    }
    row(name, what, ns, count);
}

static void bench_gets(struct gw_kv *kv, struct gw_kv_view view, const char *name, const char *what,
                       uint64_t keys)
{
    struct gw_rand rand;
    gw_rand_init(&rand, 2);
    struct gw_err err;
    struct gw_bytes val;
    uint8_t key[KEY_BYTES];
    int64_t since = gw_clock_thread_cpu_ns();
    for (int i = 0; i < ROUNDS; i++)
        check(kv->ops->get(view, key_of(gw_rand_below(&rand, keys), key), &val, &err), &err);
    row(name, what, gw_clock_thread_cpu_ns() - since, ROUNDS);
}

static void bench_scan(struct gw_kv *kv, struct gw_kv_view view, const char *name, const char *what)
{
    struct gw_err err;
    struct gw_kv_cur *cur;
    struct gw_bytes key, val;
    uint64_t count = 0;
    int64_t since = gw_clock_thread_cpu_ns();
    check(kv->ops->seek(view, (struct gw_bytes){NULL, 0}, &cur, &err), &err);
    while (count < ROUNDS && kv->ops->next(cur, &key, &val, &err) == GW_OK)
        count++;
    kv->ops->close(cur);
    row(name, what, gw_clock_thread_cpu_ns() - since, count);
}

static void bench_seek(struct gw_kv *kv, struct gw_kv_view view, const char *name, uint64_t keys)
{
    struct gw_rand rand;
    gw_rand_init(&rand, 3);
    struct gw_err err;
    uint8_t from[KEY_BYTES];
    int64_t since = gw_clock_thread_cpu_ns();
    for (int i = 0; i < ROUNDS / 10; i++) {
        struct gw_kv_cur *cur;
        struct gw_bytes key, val;
        check(kv->ops->seek(view, key_of(gw_rand_below(&rand, keys), from), &cur, &err), &err);
        check(kv->ops->next(cur, &key, &val, &err), &err);
        kv->ops->close(cur);
    }
    row(name, "seek and one step", gw_clock_thread_cpu_ns() - since, ROUNDS / 10);
}

static void bench_snapshots(struct gw_kv *kv, const char *name)
{
    struct gw_err err;
    int64_t since = gw_clock_thread_cpu_ns();
    for (int i = 0; i < ROUNDS / 10; i++) {
        struct gw_kv_snap *snap;
        check(kv->ops->snapshot(kv, &snap, &err), &err);
        kv->ops->release(snap);
    }
    row(name, "snapshot and release", gw_clock_thread_cpu_ns() - since, ROUNDS / 10);
}

static void bench_resident(struct gw_kv *kv, const char *name)
{
    struct gw_err err;
    struct gw_kv_stats stats;
    bench_puts(kv, name, "put, new key", true, resident);
    kv->ops->stats(kv, &stats);
    printf("%-8s %-34s %10.1f\n", name, "bytes a pair in memory",
           (double)stats.memory_bytes / (double)resident);
    bench_puts(kv, name, "put, key of this layer", false, ROUNDS);
    struct gw_kv_snap *snap;
    check(kv->ops->snapshot(kv, &snap, &err), &err);
    struct gw_kv_view view = {.snap = snap};
    bench_gets(kv, view, name, "get, resident", resident);
    bench_seek(kv, view, name, resident);
    bench_scan(kv, view, name, "cursor step, resident");
    kv->ops->release(snap);
    bench_snapshots(kv, name);
}

static void bench_many(struct gw_kv *kv, uint64_t keys)
{
    struct gw_err err;
    struct gw_kv_stats stats;
    uint64_t memory = gw_os_memory_bytes();
    int64_t since = gw_clock_mono_ns(), cpu = gw_clock_process_cpu_ns();
    for (uint64_t done = 0; done < keys;) {
        struct gw_kv_txn *txn = begin(kv);
        for (int i = 0; i < BATCH_PUTS && done < keys; i++, done++)
            put(kv, txn, done, done);
        commit(kv, txn);
    }
    check(kv->ops->flush(kv, &err), &err);
    row("lmdb", "load and fold, wall", gw_clock_mono_ns() - since, keys);
    row("lmdb", "load and fold, CPU of all threads", gw_clock_process_cpu_ns() - cpu, keys);
    kv->ops->stats(kv, &stats);
    printf("%-8s %-34s %10.1f\n", "lmdb", "bytes a pair on disk",
           (double)stats.disk_bytes / (double)keys);
    printf("%-8s anonymous memory more with %" PRIu64 " keys %11.1f MiB\n", "lmdb", keys,
           ((double)gw_os_memory_bytes() - (double)memory) / (1 << 20));
    struct gw_kv_snap *snap;
    check(kv->ops->snapshot(kv, &snap, &err), &err);
    struct gw_kv_view view = {.snap = snap};
    bench_gets(kv, view, "lmdb", "get, folded", keys);
    bench_seek(kv, view, "lmdb", keys);
    bench_scan(kv, view, "lmdb", "cursor step, folded");
    kv->ops->release(snap);
}

static struct gw_kv *open_lmdb(const char *folder, const char *name, uint32_t pairs_max)
{
    static char path[GW_FILE_PATH_MAX];
    struct gw_err err;
    struct gw_kv *kv;
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    struct gw_kv_lmdb_opts opts = {.folder = path, .layer_pairs_max = pairs_max};
    if (pairs_max != 0) { /* one layer that stays */
        opts.layer_age_ns = 3600 * GW_NS_PER_S;
        opts.layer_bytes_max = 256 << 20;
    }
    check(gw_kv_lmdb_open(&opts, &kv, NULL, &err), &err);
    applied = 0;
    return kv;
}

int main(int argc, char **argv)
{
    uint64_t keys = 1000000;
    const char *folder = "bench-kv";
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--keys") == 0) {
            keys = strtoull(argv[i + 1], NULL, 10);
        } else if (strcmp(argv[i], "--resident") == 0) {
            resident = strtoull(argv[i + 1], NULL, 10);
        } else if (strcmp(argv[i], "--folder") == 0) {
            folder = argv[i + 1];
        }
    }
    struct gw_err err;
    struct gw_kv *kv;
    check(gw_folder_make_all(folder, &err), &err);
    struct gw_kv_memory_opts memory = {.alloc = NULL};
    check(gw_kv_memory_open(&memory, &kv, NULL, &err), &err);
    bench_resident(kv, "memory");
    kv->ops->destroy(kv);
    kv = open_lmdb(folder, "resident", UINT32_MAX);
    bench_resident(kv, "layer");
    kv->ops->destroy(kv);
    kv = open_lmdb(folder, "many", 0);
    bench_many(kv, keys);
    kv->ops->destroy(kv);
    return 0;
}
