/*
 * The ledger alone: no journal, no stores, one thread; stores are played, every push lands.
 *
 *     bench_ledger pay FOLDER PAYMENTS      processor time of a payment with its pushes, to tune by
 *     bench_ledger keys FOLDER FEW MANY     what evicted keys cost, as rows of bench/run: bytes a key with one and with two
 *                                           homes, and anonymous memory with FEW and with MANY keys
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/rand.h"
#include "codec/cbor.h"
#include "kv/lmdb.h"
#include "ledger/keys.h"
#include "ledger/ledger.h"
#include "ledger/record.h"
#include "os/clock.h"
#include "os/env.h"
#include "os/file.h"
#include "os/heap.h"

enum { BATCH_CALLS = 256, SESSIONS = 256, PUSH_ROWS = 1024, ACCOUNTS = 10000, STORES = 2 };

static const char program_text[] =
    "program bench version 1\n"
    "store left : memory \"bench_left\"\n"
    "store right : memory \"bench_right\"\n"
    "enum PayErr : u8 { NO_SRC NO_DST INSUFFICIENT FROZEN }\n"
    "entity Account v1 {\n"
    "  key id: u64   owner: u64   bal: dec<15,2>   frozen: bool = false\n"
    "  home left.accounts { * } role target\n"
    "}\n"
    "entity Pair v1 {\n"
    "  key id: u64   owner: u64   bal: dec<15,2>   frozen: bool = false\n"
    "  home left.pairs { * } role target\n"
    "  home right.pairs { * } role target\n"
    "}\n"
    "entity Transfer v1 {\n"
    "  key id: u128   src: u64   dst: u64   amt: dec<15,2>   at: time<us>\n"
    "  home right.transfers { * } role target\n"
    "}\n"
    "txn open(id: u64) -> u64 | PayErr {\n"
    "  x := Account.create { id, owner: id, bal: 10000000.00 }\n"
    "  return x.id\n"
    "}\n"
    "txn open_pair(id: u64) -> u64 | PayErr {\n"
    "  x := Pair.create { id, owner: id, bal: 10000000.00 }\n"
    "  return x.id\n"
    "}\n"
    "txn pay(src: u64, dst: u64) -> u128 | PayErr {\n"
    "  require src != dst else fail INSUFFICIENT\n"
    "  a := Account[src] else fail NO_SRC\n"
    "  b := Account[dst] else fail NO_DST\n"
    "  if a.frozen or b.frozen { fail FROZEN }\n"
    "  if a.bal < 0.01 { fail INSUFFICIENT }\n"
    "  a.bal -= 0.01\n"
    "  b.bal += 0.01\n"
    "  t := Transfer.create { id: new_id(), src, dst, amt: 0.01, at: now() }\n"
    "  return t.id\n"
    "}\n";

/** Pushes of the batch before, one list a store: they land in this one. */
struct pushed {
    struct gw_arena arena;
    struct gw_rec_done *done[STORES];
    uint32_t count[STORES];
};

struct bench {
    struct gw_kv *kv;
    struct gw_ledger *ledger;
    const struct gw_program *program;
    struct gw_batch_head head;
    struct gw_buf record;
    struct gw_arena arena;
    struct pushed pushed[2];
    struct gw_rand rand;
    uint64_t clients[SESSIONS], seqs[SESSIONS];
};

static void check(gw_rc rc, const struct gw_err *err)
{
    if (rc == GW_OK)
        return;
    (void)fprintf(stderr, "bench_ledger: %s: %s\n", gw_rc_name(rc), err->msg);
    exit(1);
}

/* ---- batches ---- */

static void begin(struct bench *bench)
{
    struct gw_err err;
    gw_rc rc;
    bench->head.index++;
    bench->head.epoch = 1;
    bench->head.time_ns += GW_NS_PER_MS;
    while ((rc = gw_ledger_begin(bench->ledger, &bench->head, &err)) == GW_BUSY)
        bench->kv->ops->fold_to(bench->kv, bench->head.index - 1);
    check(rc, &err);
}

static void commit(struct bench *bench)
{
    struct gw_err err;
    check(gw_ledger_commit(bench->ledger, &err), &err);
    bench->kv->ops->fold_to(bench->kv, bench->head.index);
}

static struct gw_applied try(struct bench *bench, const struct gw_record *record)
{
    struct gw_applied applied;
    struct gw_err err;
    gw_buf_reset(&bench->record);
    gw_record_encode(record, &bench->record);
    check(gw_ledger_apply(bench->ledger, gw_buf_bytes(&bench->record), &applied, &err), &err);
    return applied;
}

/** No home has the key. */
static void fetch_absent(struct bench *bench, const struct gw_missing_key *missing)
{
    for (uint32_t i = 0; i < missing->entity->home_count; i++) {
        const struct gw_record record = {.kind = GW_RECORD_FETCHED,
                                         .fetched = {.home = missing->entity->homes[i]->home.id,
                                                     .key = missing->key,
                                                     .asof = bench->head.index - 1,
                                                     .outcome = GW_FETCHED_ABSENT}};
        (void)try(bench, &record);
    }
}

static struct gw_applied apply(struct bench *bench, const struct gw_record *record)
{
    struct gw_applied applied = try(bench, record);
    if (applied.kind == GW_APPLIED_NEEDS_KEYS) {
        for (uint32_t i = 0; i < applied.missing_count; i++)
            fetch_absent(bench, &applied.missing[i]);
        applied = try(bench, record);
    }
    if (applied.kind != GW_APPLIED_DONE) {
        (void)fprintf(stderr, "bench_ledger: outcome %d %.*s\n", (int)applied.kind,
                      GW_TEXT_ARG(applied.refused));
        exit(1);
    }
    return applied;
}

/** What the stores of the batch before answered. */
static void land(struct bench *bench, struct pushed *pushed)
{
    for (uint32_t i = 0; i < STORES; i++) {
        if (pushed->count[i] == 0)
            continue;
        const struct gw_record record = {.kind = GW_RECORD_PUSHED,
                                         .pushed = {.store = bench->program->stores[i].id,
                                                    .epoch = 1,
                                                    .done = pushed->done[i],
                                                    .done_count = pushed->count[i]}};
        (void)apply(bench, &record);
        pushed->count[i] = 0;
    }
    gw_arena_reset(&pushed->arena);
}

/** As the engine's lanes do it: oldest rows first, each with what a connector would be sent. */
static void push(struct bench *bench, struct pushed *pushed)
{
    struct gw_err err;
    for (uint32_t i = 0; i < STORES; i++) {
        struct gw_record record = {.kind = GW_RECORD_INTENT,
                                   .intent = {.store = bench->program->stores[i].id, .epoch = 1}};
        check(gw_ledger_dirty(bench->ledger, record.intent.store, PUSH_ROWS, &pushed->arena,
                              &record.intent.keys, &record.intent.key_count, &err),
              &err);
        if (record.intent.key_count == 0)
            continue;
        (void)apply(bench, &record);
        pushed->done[i] = GW_NEW_ARRAY(&pushed->arena, struct gw_rec_done, record.intent.key_count);
        GW_ASSERT(pushed->done[i] != NULL);
        for (uint32_t j = 0; j < record.intent.key_count; j++) {
            struct gw_push_item item;
            gw_rc rc = gw_ledger_push_item(bench->ledger, &record.intent.keys[j], &pushed->arena,
                                           &item, &err);
            if (rc == GW_NOTFOUND)
                continue;
            check(rc, &err);
            pushed->done[i][pushed->count[i]++] =
                (struct gw_rec_done){item.home->home.id, item.key, item.intent.ver, false};
        }
    }
}

static void call(struct bench *bench, const char *fn, uint32_t session, const uint64_t *ids,
                 uint32_t count)
{
    uint8_t memory[64];
    struct gw_buf args;
    gw_buf_init_fixed(&args, memory, sizeof(memory));
    gw_cbor_put_array(&args, count);
    for (uint32_t i = 0; i < count; i++)
        gw_cbor_put_uint(&args, ids[i]);
    const struct gw_record record = {.kind = GW_RECORD_TXN,
                                     .txn = {.client = bench->clients[session],
                                             .seq = ++bench->seqs[session],
                                             .fn = gw_program_fn(bench->program, gw_text(fn))->id,
                                             .args = gw_buf_bytes(&args),
                                             .try_count = 1}};
    (void)apply(bench, &record);
}

/* ---- opening ---- */

static void open_ledger(struct bench *bench, const char *folder)
{
    struct gw_err err;
    struct gw_kv_lmdb_opts kv = {.folder = folder};
    check(gw_folder_make_all(folder, &err), &err);
    check(gw_kv_lmdb_open(&kv, &bench->kv, NULL, &err), &err);
    const struct gw_ledger_opts opts = {bench->kv, gw_os_heap(), 256u << 20};
    check(gw_ledger_open(&opts, &bench->ledger, &err), &err);
    gw_buf_init(&bench->record, gw_os_heap(), 16 << 20);
    gw_arena_init(&bench->pushed[0].arena, gw_os_heap(), 64 << 20);
    gw_arena_init(&bench->pushed[1].arena, gw_os_heap(), 64 << 20);
    gw_rand_init(&bench->rand, 1);
    bench->head.time_ns = INT64_C(1767225600) * GW_NS_PER_S;
}

static void deploy(struct bench *bench, uint64_t resident_bytes_max)
{
    struct gw_bytes source = gw_text_bytes(gw_text(program_text));
    struct gw_sha256 hash = gw_sha256(source);
    struct gw_rec_limit limit = {GW_TEXT_LIT("resident_bytes_max"), resident_bytes_max};
    const struct gw_record records[] = {
        {.kind = GW_RECORD_PROGRAM,
         .program = {.source = source, .hash = {hash.bytes, sizeof(hash.bytes)}}},
        {.kind = GW_RECORD_LIMITS, .limits = {&limit, 1}},
    };
    for (size_t i = 0; i < GW_COUNT_OF(records); i++) {
        begin(bench);
        (void)apply(bench, &records[i]);
        commit(bench);
    }
    bench->program = gw_ledger_program(bench->ledger);
    begin(bench);
    for (uint32_t i = 0; i < SESSIONS; i++) {
        const struct gw_record record = {.kind = GW_RECORD_SESSION,
                                         .session = {.verb = GW_SESSION_OPEN}};
        (void)apply(bench, &record);
        bench->clients[i] = i + 1;
    }
    commit(bench);
}

static void close_ledger(struct bench *bench)
{
    gw_ledger_close(bench->ledger);
    bench->kv->ops->destroy(bench->kv);
    gw_buf_done(&bench->record);
    gw_arena_done(&bench->pushed[0].arena);
    gw_arena_done(&bench->pushed[1].arena);
}

/** What is dirty is sent in one batch and lands in the next. */
static void turn(struct bench *bench)
{
    struct pushed *now = &bench->pushed[bench->head.index % 2];
    struct pushed *before = &bench->pushed[(bench->head.index + 1) % 2];
    land(bench, before);
    push(bench, now);
}

static void drain(struct bench *bench)
{
    for (int i = 0; i < 8; i++) {
        begin(bench);
        turn(bench);
        commit(bench);
    }
}

static void fill(struct bench *bench, const char *fn, uint64_t from, uint64_t end)
{
    for (uint64_t id = from; id < end;) {
        begin(bench);
        for (uint32_t i = 0; i < BATCH_CALLS && id < end; i++, id++)
            call(bench, fn, i % SESSIONS, &id, 1);
        turn(bench);
        commit(bench);
    }
    drain(bench);
}

/* ---- pay ---- */

static void pay(struct bench *bench, uint64_t payments)
{
    for (uint64_t done = 0; done < payments;) {
        begin(bench);
        for (uint32_t i = 0; i < BATCH_CALLS; i++, done++) {
            const uint64_t src = gw_rand_below(&bench->rand, ACCOUNTS);
            const uint64_t ids[] = {src, (src + 1 + gw_rand_below(&bench->rand, ACCOUNTS - 1)) %
                                             ACCOUNTS};
            call(bench, "pay", i % SESSIONS, ids, 2);
        }
        turn(bench);
        commit(bench);
    }
}

static void bench_pay(const char *folder, uint64_t payments)
{
    static struct bench bench;
    open_ledger(&bench, folder);
    deploy(&bench, UINT64_C(1) << 30);
    fill(&bench, "open", 0, ACCOUNTS);
    int64_t own_ns = gw_clock_thread_cpu_ns(), all_ns = gw_clock_process_cpu_ns();
    pay(&bench, payments);
    own_ns = gw_clock_thread_cpu_ns() - own_ns;
    all_ns = gw_clock_process_cpu_ns() - all_ns - own_ns;
    (void)printf("decide %.2f us, fold %.2f us a payment\n",
                 (double)own_ns / 1000 / (double)payments,
                 (double)all_ns / 1000 / (double)payments);
    close_ledger(&bench);
}

/* ---- keys ---- */

/** Bytes of key and value of one entity's pairs, each. */
static double pair_bytes(struct bench *bench, const char *entity)
{
    struct gw_state_key scope;
    struct gw_kv_snap *snap = NULL;
    struct gw_kv_cur *cur = NULL;
    struct gw_bytes key, val;
    struct gw_err err;
    uint64_t bytes = 0, count = 0;
    gw_key_of(&scope, GW_TABLE_ENTITY,
              gw_program_entity(bench->program, gw_text(entity))->entity.id,
              (struct gw_bytes){NULL, 0});
    check(bench->kv->ops->snapshot(bench->kv, &snap, &err), &err);
    check(bench->kv->ops->seek((struct gw_kv_view){.snap = snap}, gw_key_view(&scope), &cur, &err),
          &err);
    while (bench->kv->ops->next(cur, &key, &val, &err) == GW_OK && key.len >= scope.len &&
           memcmp(key.data, scope.bytes, scope.len) == 0) {
        bytes += key.len + val.len;
        count++;
    }
    bench->kv->ops->close(cur);
    bench->kv->ops->release(snap);
    return (double)bytes / (double)GW_MAX(count, UINT64_C(1));
}

static bool row(const char *metric, const char *unit, double ours, double bar)
{
    bool holds = ours <= bar;
    (void)printf("{\"bench\":\"engine\",\"metric\":\"%s\",\"unit\":\"%s\",\"ours\":%.1f,"
                 "\"peer\":null,\"peer_value\":null,\"ratio\":null,\"bar\":%.1f,\"holds\":%s}\n",
                 metric, unit, ours, bar, holds ? "true" : "false");
    return holds;
}

static double memory_mib(struct bench *bench)
{
    struct gw_err err;
    check(bench->kv->ops->flush(bench->kv, &err), &err);
    return (double)gw_os_memory_bytes() / (1 << 20);
}

static bool bench_keys(const char *folder, uint64_t few, uint64_t many)
{
    enum { META_BYTES = 160, HOME_BYTES = 48, GROWTH_MIB = 16, PAIRS = 20000 };
    static struct bench bench;
    open_ledger(&bench, folder);
    deploy(&bench, 1 << 20);
    fill(&bench, "open_pair", 0, PAIRS);
    fill(&bench, "open", 0, few);
    double few_mib = memory_mib(&bench);
    fill(&bench, "open", few, many);
    double many_mib = memory_mib(&bench), one = pair_bytes(&bench, "Account");
    char metric[64];
    bool holds = row("meta of an evicted key, one home", "B", one, META_BYTES);
    holds &= row("a further home", "B", pair_bytes(&bench, "Pair") - one, HOME_BYTES);
    (void)snprintf(metric, sizeof(metric), "memory, %" PRIu64 " keys over %" PRIu64, many, few);
    holds &= row(metric, "MiB more", many_mib - few_mib, GROWTH_MIB);
    close_ledger(&bench);
    return holds;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "pay") == 0) {
        bench_pay(argv[2], strtoull(argv[3], NULL, 10));
        return 0;
    }
    if (argc == 5 && strcmp(argv[1], "keys") == 0)
        return bench_keys(argv[2], strtoull(argv[3], NULL, 10), strtoull(argv[4], NULL, 10)) ? 0
                                                                                             : 1;
    (void)fprintf(stderr, "bench_ledger pay FOLDER PAYMENTS | keys FOLDER FEW MANY\n");
    return 2;
}
