/* crash_worker FOLDER SEED OPS: payments across two SQLite stores through the engine, started again and again.
 *
 * FOLDER/acked holds what has been acknowledged, synced before the next step: "client C", then "ack SEQ INDEX RECORD
 * HASH". A start with such a file first repeats every acknowledged call: the answer must be the kept one, at the same
 * position. Then it goes on with the rest. `--sites` prints the crash points of this binary.
 * Exit 0: all calls acknowledged, stores drained, closed. 3: an acknowledged call was lost or changed. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/rand.h"
#include "fixture.h"
#include "os/crash.h"

enum { ACCOUNTS = 12, PIPELINE = 6, OPS_MAX = 1000, LOST = 3 };

struct ack {
    bool known;
    uint64_t index;
    uint32_t record;
    uint64_t hash;
};

struct worker {
    struct bank bank;
    int acked;
    uint64_t seed;
    uint32_t ops;
    struct ack acks[OPS_MAX + 1]; /* by seq */
};

static void remember(struct worker *worker, const char *fmt, ...) GW_PRINTF(2, 3);

static void remember(struct worker *worker, const char *fmt, ...)
{
    char line[160];
    va_list args;
    va_start(args, fmt);
    int len = vsnprintf(line, sizeof(line), fmt, args);
    va_end(args);
    if (write(worker->acked, line, (size_t)len) != len || fdatasync(worker->acked) != 0) {
        perror("acked");
        exit(1);
    }
}

static void read_acks(struct worker *worker, const char *path)
{
    char line[160];
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return;
    while (fgets(line, sizeof(line), file)) {
        unsigned long long seq, index, hash;
        unsigned record;
        if (strchr(line, '\n') == NULL)
            break; /* cut by the kill: not acknowledged */
        if (sscanf(line, "client %llu", &seq) == 1)
            worker->bank.client = seq;
        else if (sscanf(line, "ack %llu %llu %u %llx", &seq, &index, &record, &hash) == 4 &&
                 seq <= OPS_MAX)
            worker->acks[seq] = (struct ack){true, index, record, hash};
    }
    (void)fclose(file);
}

/** The call of `seq` is always the same, whoever asks. */
static struct gw_request *call_of(struct worker *worker, uint64_t seq)
{
    struct gw_rand rand;
    gw_rand_init(&rand, worker->seed * 1000003 + seq);
    struct gw_request *asked = bank_call(&worker->bank, "pay");
    uint64_t src = gw_rand_below(&rand, ACCOUNTS) + 1, dst = src % ACCOUNTS + 1;
    if (gw_rand_below(&rand, 12) == 0) {
        asked->in.fn = GW_TEXT_LIT("rename");
        bank_args(asked, "us", src, seq % 2 ? "Grüße \"O'Neil\"" : "");
    } else {
        bank_args(asked, "uud", src, dst, (int64_t)gw_rand_below(&rand, 3000));
    }
    asked->in.seq = seq;
    return asked;
}

/** GW_BUSY is a promise that nothing happened: the call goes again. */
static struct gw_request *insist(struct worker *worker, struct gw_request *answer)
{
    while (answer->rc == GW_BUSY) {
        struct gw_request *again = call_of(worker, answer->in.seq);
        gw_request_free(answer);
        (void)bank_ask(&worker->bank, again);
        answer = again;
    }
    return answer;
}

static void judge(struct worker *worker, struct gw_request *answer)
{
    uint64_t seq = answer->in.seq;
    struct ack *ack = &worker->acks[seq];
    if (answer->rc < 0) {
        (void)fprintf(stderr, "seq %llu: GW%u %s\n", (unsigned long long)seq,
                      (unsigned)answer->err.code, answer->err.msg);
        exit(ack->known ? LOST : 1);
    }
    struct ack got = {true, answer->out.at.index, answer->out.at.record,
                      gw_hash64(answer->out.result, 1)};
    if (!ack->known) {
        remember(worker, "ack %llu %llu %u %llx\n", (unsigned long long)seq,
                 (unsigned long long)got.index, got.record, (unsigned long long)got.hash);
        *ack = got;
    } else if (answer->out.applied != GW_APPLIED_DUPLICATE || got.index != ack->index ||
               got.record != ack->record || got.hash != ack->hash) {
        (void)fprintf(stderr, "seq %llu was acknowledged at %llu.%u, now %s at %llu.%u\n",
                      (unsigned long long)seq, (unsigned long long)ack->index, ack->record,
                      answer->out.applied == GW_APPLIED_DUPLICATE ? "repeated" : "executed",
                      (unsigned long long)got.index, got.record);
        exit(LOST);
    }
    gw_request_free(answer);
}

/** The answers of `open` calls under way; the asker waits for one thing at a time, so repeats come after all of them. */
static void settle(struct worker *worker, uint32_t open)
{
    struct gw_request *answers[PIPELINE];
    for (uint32_t i = 0; i < open; i++)
        answers[i] = gw_asker_next(worker->bank.asker);
    for (uint32_t i = 0; i < open; i++)
        judge(worker, insist(worker, answers[i]));
}

static void run(struct worker *worker)
{
    struct bank *bank = &worker->bank;
    uint32_t open = 0;
    for (uint64_t seq = 1; seq <= worker->ops; seq++) {
        struct gw_request *asked = call_of(worker, seq);
        if (gw_asker_send(bank->asker, bank->engine, asked) != GW_OK)
            exit(1);
        bool pause = seq % (worker->ops / 3) == 0 || seq == worker->ops;
        if (++open < PIPELINE && !pause)
            continue;
        settle(worker, open);
        open = 0;
        if (pause)
            (void)bank_simple(bank, GW_REQUEST_CHECKPOINT, "", "");
    }
}

static void print_sites(void)
{
    const char *names[128];
    size_t count = gw_crash_sites(names, GW_COUNT_OF(names));
    for (size_t i = 0; i < count; i++)
        (void)printf("%s\n", names[i]);
}

static void start(struct worker *worker)
{
    struct bank *bank = &worker->bank;
    bank->opts.no_audit = false;
    bank->opts.audit_rows_per_s = 100000;
    bank->opts.segment_bytes = 64 << 10;
    bank_open(bank);
    if (gw_engine_program(bank->engine) == NULL)
        bank_deploy(bank);
    if (bank->client == 0) {
        bank_session(bank);
        remember(worker, "client %llu\n", (unsigned long long)bank->client);
    }
}

int main(int argc, char **argv)
{
    static struct worker worker;
    char path[300];
    if (argc == 2 && strcmp(argv[1], "--sites") == 0) {
        print_sites();
        return 0;
    }
    if (argc != 4)
        return 2;
    bank_init_at(&worker.bank, argv[1], BANK_SQLITE, "");
    worker.seed = strtoull(argv[2], NULL, 10);
    worker.ops = (uint32_t)strtoul(argv[3], NULL, 10);
    (void)snprintf(path, sizeof(path), "%s/acked", argv[1]);
    read_acks(&worker, path);
    worker.acked = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    start(&worker);
    run(&worker);
    bank_drain(&worker.bank);
    bank_close(&worker.bank);
    return atomic_load(&worker.bank.fatal) ? 1 : 0;
}
