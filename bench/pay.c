/*
 * The engine under load: a host that obeys one command a line on its standard input and answers one line of NAME=VALUE words.
 *
 *     bench_pay STATE [--sqlite FOLDER] [--accounts N] [--sessions N] [--depth N] [--kv memory] [--serve 1]
 *         pay SECONDS      payments, SESSIONS x DEPTH of them under way at any time
 *         views SECONDS    views of balances, 64 under way
 *         mixed SECONDS    64 slots, each by turns a view and a payment: half of all operations write
 *         fill N           N more accounts, created and drained
 *         cpu 0            processor time so far, by part
 *         drain 0          wait until no row is dirty
 * Each answer ends with dirty bytes, memory and sizes. With --serve 1 it is a server, for bench_load.
 *
 * Every slot of a session sends its next call when the answer of the one before has come, so answers are counted, never
 * intentions. Accounts are chosen evenly; every payment succeeds (the sum is checked by the unit tests, not here).
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/server.h"
#include "base/metrics.h"
#include "base/rand.h"
#include "codec/cbor.h"
#include "engine/ask.h"
#include "os/clock.h"
#include "os/heap.h"
#include "store/store.h"
#include "threads.h"

enum { SESSIONS_MAX = 1024, SLOTS_MAX = 16384, FILL_OPEN = 2048, ARGS_BYTES = 64 };

/* One home each, as the issue says. %s: "memory" or "sqlite" and where. */
static const char program_text[] =
    "program bench version 1\n"
    "store left : %s\n"
    "store right : %s\n"
    "enum PayErr : u8 { NO_SRC NO_DST INSUFFICIENT FROZEN }\n"
    "entity Account v1 {\n"
    "  key id: u64   owner: u64   bal: dec<15,2>   frozen: bool = false\n"
    "  home left.accounts { * } role target\n"
    "}\n"
    "entity Transfer v1 {\n"
    "  key id: u128   src: u64   dst: u64   amt: dec<15,2>   at: time<us>\n"
    "  home right.transfers { * } role target\n"
    "}\n"
    "txn open(id: u64, amt: dec<15,2>) -> u64 | PayErr {\n"
    "  x := Account.create { id, owner: id, bal: amt }\n"
    "  return x.id\n"
    "}\n"
    "txn pay(src: u64, dst: u64, amt: dec<15,2>) -> u128 | PayErr {\n"
    "  require src != dst and amt > 0.00 else fail INSUFFICIENT\n"
    "  a := Account[src] else fail NO_SRC\n"
    "  b := Account[dst] else fail NO_DST\n"
    "  if a.frozen or b.frozen { fail FROZEN }\n"
    "  if a.bal < amt { fail INSUFFICIENT }\n"
    "  a.bal -= amt\n"
    "  b.bal += amt\n"
    "  t := Transfer.create { id: new_id(), src, dst, amt, at: now() }\n"
    "  return t.id\n"
    "}\n"
    "view balance(id: u64) -> dec<15,2> {\n"
    "  return Account[id]!.bal\n"
    "}\n";

struct slot {
    int64_t sent_ns;
    uint64_t client;
    uint64_t *seq; /* of its session */
    bool is_view;
    uint8_t args[ARGS_BYTES];
};

struct host {
    const char *state, *sqlite;
    enum gw_engine_kv kv;
    uint32_t sessions, depth;
    uint64_t accounts;
    char source[4096];
    bool serves, alternates;
    struct gw_server *server; /* or NULL: the engine is ours */
    pthread_t loop;
    struct gw_engine *engine;
    struct gw_engine_report report;
    int64_t open_ns;
    struct gw_asker *asker;
    uint64_t clients[SESSIONS_MAX], seqs[SESSIONS_MAX];
    struct slot slots[SLOTS_MAX];
    struct gw_request *requests[SLOTS_MAX];
    struct gw_rand rand;
    struct gw_hist calls, views;
    uint64_t refused, not_ok;
};

static void check(gw_rc rc, const struct gw_err *err)
{
    if (rc == GW_OK)
        return;
    (void)fprintf(stderr, "bench_pay: %s: %s %s\n", gw_rc_name(rc), err->msg, err->hint);
    exit(1);
}

static void on_fatal(void *ctx, const struct gw_err *err)
{
    (void)ctx;
    check(err->rc, err);
}

static void on_alert(void *ctx, gw_code code, struct gw_text text)
{
    (void)ctx;
    (void)fprintf(stderr, "bench_pay: GW%d %.*s\n", (int)code, GW_TEXT_ARG(text));
}

static struct gw_request *ask(struct host *host, struct gw_request *request)
{
    struct gw_err err;
    GW_ASSERT(request != NULL);
    check(gw_ask(host->asker, host->engine, request, &err), &err);
    return request;
}

static struct gw_request *make(struct host *host, enum gw_request_kind kind, void *ctx)
{
    return gw_request_new(kind, gw_asker_actor(host->asker), ctx);
}

/* ---- opening ---- */

static void write_source(struct host *host)
{
    char a[512] = "memory \"bench_a\" { batch 1024 }", b[512] = "memory \"bench_b\" { batch 1024 }";
    if (host->sqlite) {
        (void)snprintf(a, sizeof(a), "sqlite \"%s/a.db\" { batch 1024 }", host->sqlite);
        (void)snprintf(b, sizeof(b), "sqlite \"%s/b.db\" { batch 1024 }", host->sqlite);
    }
    (void)snprintf(host->source, sizeof(host->source), program_text, a, b);
}

/** Version columns and fences, as `godwit engine prepare` makes them. */
static void prepare(const struct gw_program *program, uint32_t at)
{
    const struct gw_store_decl *decl = &program->stores[at];
    const struct gw_home *homes[8];
    uint32_t count = 0;
    struct gw_store *store = NULL;
    struct gw_err err;
    char url[600];
    (void)snprintf(url, sizeof(url), "%s:%.*s", decl->kind == GW_STORE_SQLITE ? "sqlite" : "memory",
                   GW_TEXT_ARG(decl->url));
    const struct gw_store_config config = {
        .name = decl->name, .url = gw_text(url), .timeout_ms = 1000};
    for (uint32_t i = 0; i < program->home_count; i++)
        if (program->homes[i]->home.store == at)
            homes[count++] = &program->homes[i]->home;
    check(gw_store_open(&config, &store, &err), &err);
    check(store->ops->prepare(store, homes, count, &err), &err);
    gw_store_close(store);
}

static void prepare_all(struct host *host)
{
    struct gw_arena arena;
    struct gw_diags diags = {0};
    const struct gw_program *program = NULL;
    struct gw_err err;
    gw_arena_init(&arena, gw_os_heap(), 64 << 20);
    check(gw_lang_compile(gw_text("bench.gw"), gw_text(host->source), &gw_lang_limits_default,
                          &arena, &diags, &program, &err),
          &err);
    for (uint32_t i = 0; i < program->store_count; i++)
        prepare(program, i);
    gw_arena_done(&arena);
}

static void open_engine(struct host *host)
{
    struct gw_err err;
    const struct gw_engine_opts opts = {.state = host->state,
                                        .kv = host->kv,
                                        .on_fatal = on_fatal,
                                        .on_alert = on_alert,
                                        .ctx = host};
    int64_t begun_ns = gw_clock_mono_ns();
    check(gw_engine_open(&opts, &host->engine, &host->report, &err), &err);
    host->open_ns = gw_clock_mono_ns() - begun_ns;
}

static void *serve(void *ctx)
{
    struct host *host = ctx;
    struct gw_err err;
    check(gw_server_run(host->server, &err), &err);
    return NULL;
}

/** As `godwit engine run`: the same loop, sockets and parsers between a client and the engine. */
static void open_server(struct host *host)
{
    struct gw_err err;
    char file[600], socket[600];
    struct gw_address address;
    (void)snprintf(file, sizeof(file), "%s.gw", host->state);
    (void)snprintf(socket, sizeof(socket), "%s.sock", host->state);
    FILE *out = fopen(file, "we");
    if (out == NULL || fputs(host->source, out) < 0 || fclose(out) != 0)
        check(GW_FAIL_SYS(&err, "write %s", file), &err);
    check(gw_address_parse(GW_TEXT_LIT("tcp:127.0.0.1:0"), &address, &err), &err);
    const struct gw_server_opts opts = {.engine = {.state = host->state, .kv = host->kv},
                                        .program_file = file,
                                        .http = &address,
                                        .http_count = 1,
                                        .socket = socket};
    check(gw_server_open(&opts, &host->server, &host->report, &err), &err);
    host->engine = gw_server_engine(host->server);
    GW_ASSERT(gw_server_http_address(host->server, 0, &address));
    GW_ASSERT(pthread_create(&host->loop, NULL, serve, host) == 0);
    (void)printf("port=%u ", (unsigned)address.port);
}

static void deploy(struct host *host)
{
    struct gw_request *request = make(host, GW_REQUEST_PROGRAM, NULL);
    struct gw_err err;
    request->in.source = gw_text_bytes(gw_text(host->source));
    gw_rc rc = gw_ask(host->asker, host->engine, request, &err);
    if (rc < 0 && request->out.json.len) /* which column of which store */
        (void)fprintf(stderr, "%.*s\n", GW_TEXT_ARG(request->out.json));
    check(rc, &err);
    gw_request_free(request);
}

static void open_sessions(struct host *host)
{
    for (uint32_t i = 0; i < host->sessions; i++) {
        struct gw_request *request = make(host, GW_REQUEST_SESSION, NULL);
        request->in.verb = GW_SESSION_OPEN;
        host->clients[i] = ask(host, request)->out.number;
        host->seqs[i] = 0;
        gw_request_free(request);
    }
    for (uint32_t i = 0; i < host->sessions * host->depth; i++) {
        struct slot *slot = &host->slots[i];
        slot->client = host->clients[i % host->sessions];
        slot->seq = &host->seqs[i % host->sessions];
        host->requests[i] = make(host, GW_REQUEST_CALL, slot);
    }
}

/* ---- the load ---- */

static void put_money(struct gw_buf *args, uint64_t cents)
{
    gw_cbor_put_array(args, 2);
    gw_cbor_put_uint(args, 2);
    gw_cbor_put_uint(args, cents);
}

static void fill_pay(struct host *host, struct slot *slot, struct gw_request *request)
{
    struct gw_buf args;
    uint64_t src = gw_rand_below(&host->rand, host->accounts);
    uint64_t dst = (src + 1 + gw_rand_below(&host->rand, host->accounts - 1)) % host->accounts;
    gw_buf_init_fixed(&args, slot->args, sizeof(slot->args));
    gw_cbor_put_array(&args, 3);
    gw_cbor_put_uint(&args, src);
    gw_cbor_put_uint(&args, dst);
    put_money(&args, 1);
    request->kind = GW_REQUEST_CALL;
    request->in.client = slot->client;
    request->in.seq = ++*slot->seq;
    request->in.fn = GW_TEXT_LIT("pay");
    request->in.args = gw_buf_bytes(&args);
}

static void fill_view(struct host *host, struct slot *slot, struct gw_request *request)
{
    struct gw_buf args;
    gw_buf_init_fixed(&args, slot->args, sizeof(slot->args));
    gw_cbor_put_array(&args, 1);
    gw_cbor_put_uint(&args, gw_rand_below(&host->rand, host->accounts));
    request->kind = GW_REQUEST_VIEW;
    request->in.fn = GW_TEXT_LIT("balance");
    request->in.args = gw_buf_bytes(&args);
}

static void send(struct host *host, struct gw_request *request)
{
    struct slot *slot = request->ctx;
    gw_request_reset(request);
    if (slot->is_view)
        fill_view(host, slot, request);
    else
        fill_pay(host, slot, request);
    slot->sent_ns = gw_clock_mono_ns();
    gw_rc rc = gw_asker_send(host->asker, host->engine, request);
    GW_ASSERT(rc == GW_OK); /* the mailbox is larger than all slots together */
}

static void count(struct host *host, const struct gw_request *request)
{
    const struct slot *slot = request->ctx;
    struct gw_hist *hist = slot->is_view ? &host->views : &host->calls;
    if (request->rc == GW_BUSY) {
        host->refused++;
        return;
    }
    check(request->rc, &request->err);
    /* [0, value]: decided and ok. A fail or an abort is an answer too, but not the work that is measured. */
    if (request->out.result.len < 2 || request->out.result.data[1] != 0) {
        host->not_ok++;
        return;
    }
    gw_hist_add(hist, gw_clock_mono_ns() - slot->sent_ns);
}

/** @views, calls  slots of each kind */
static void load(struct host *host, uint32_t calls, uint32_t views, int64_t seconds)
{
    gw_hist_init(&host->calls);
    gw_hist_init(&host->views);
    host->refused = host->not_ok = 0;
    struct bench_cpu before = bench_cpu_now(1);
    int64_t begun_ns = gw_clock_mono_ns(), until_ns = begun_ns + seconds * GW_NS_PER_S;
    for (uint32_t i = 0; i < calls + views; i++) {
        host->slots[i].is_view = i >= calls;
        send(host, host->requests[i]);
    }
    struct gw_request *request;
    while ((request = gw_asker_next(host->asker)) != NULL) {
        count(host, request);
        struct slot *slot = request->ctx;
        slot->is_view ^= host->alternates;
        if (gw_clock_mono_ns() < until_ns)
            send(host, request);
    }
    int64_t ns = gw_clock_mono_ns() - begun_ns;
    struct bench_cpu now = bench_cpu_now(1), cpu = bench_cpu_since(&before, &now);
    (void)printf("calls=%" PRIu64 " views=%" PRIu64 " busy=%" PRIu64 " not_ok=%" PRIu64
                 " ns=%" PRId64 " p50_us=%" PRId64 " p99_us=%" PRId64 " view_p99_us=%" PRId64
                 " decide_ns=%" PRId64 " push_ns=%" PRId64 " interface_ns=%" PRId64
                 " client_ns=%" PRId64,
                 host->calls.count, host->views.count, host->refused, host->not_ok, ns,
                 gw_hist_quantile(&host->calls, 50, 100) / 1000,
                 gw_hist_quantile(&host->calls, 99, 100) / 1000,
                 gw_hist_quantile(&host->views, 99, 100) / 1000, cpu.decide_ns, cpu.push_ns,
                 cpu.interface_ns, cpu.client_ns);
}

static void fill_open(struct gw_request *request, uint64_t id)
{
    struct slot *slot = request->ctx;
    struct gw_buf args;
    gw_request_reset(request);
    gw_buf_init_fixed(&args, slot->args, sizeof(slot->args));
    gw_cbor_put_array(&args, 2);
    gw_cbor_put_uint(&args, id);
    put_money(&args, UINT64_C(1000000000));
    request->kind = GW_REQUEST_CALL;
    request->in.client = slot->client;
    request->in.seq = ++*slot->seq;
    request->in.fn = GW_TEXT_LIT("open");
    request->in.args = gw_buf_bytes(&args);
}

static void fill_accounts(struct host *host, uint64_t number)
{
    uint64_t id = host->accounts, end = id + number;
    uint32_t slots = GW_MIN(host->sessions * host->depth, (uint32_t)FILL_OPEN);
    uint32_t first = 0;
    struct gw_request *request;
    while (first < slots || (request = gw_asker_next(host->asker)) != NULL) {
        if (first < slots)
            request = host->requests[first++];
        else if (request->rc != GW_BUSY)
            check(request->rc, &request->err);
        if (id == end)
            continue;
        fill_open(request, id++);
        GW_ASSERT(gw_asker_send(host->asker, host->engine, request) == GW_OK);
    }
    host->accounts = end;
}

static void drain(struct host *host)
{
    gw_request_free(ask(host, make(host, GW_REQUEST_DRAIN, NULL)));
}

/** Sum of a number that the status names once per store, or once. */
static uint64_t sum_of(struct gw_text json, const char *name)
{
    uint64_t sum = 0;
    char quoted[64];
    (void)snprintf(quoted, sizeof(quoted), "\"%s\":", name);
    for (const char *at = json.data; (at = strstr(at, quoted)) != NULL;) {
        at += strlen(quoted);
        sum += strtoull(at, NULL, 10);
    }
    return sum;
}

static void status(struct host *host)
{
    static const char *const names[] = {"dirty_bytes", "dirty",   "kv_bytes",      "kv_pairs",
                                        "rss_bytes",   "batches", "journal_bytes", "syncs"};
    struct gw_request *request = ask(host, make(host, GW_REQUEST_STATUS, NULL));
    struct gw_buf text;
    gw_buf_init(&text, gw_os_heap(), 8 << 20);
    gw_buf_put_text(&text, request->out.json);
    gw_buf_put_u8(&text, 0);
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        (void)printf(" %s=%" PRIu64, names[i], sum_of(gw_buf_text(&text), names[i]));
    gw_buf_done(&text);
    gw_request_free(request);
}

static void cpu(void)
{
    struct bench_cpu now = bench_cpu_now(1);
    (void)printf("decide_ns=%" PRId64 " push_ns=%" PRId64 " interface_ns=%" PRId64, now.decide_ns,
                 now.push_ns, now.interface_ns);
}

static void obey(struct host *host, const char *verb, int64_t number)
{
    host->alternates = strcmp(verb, "mixed") == 0;
    uint32_t slots = host->sessions * host->depth;
    if (strcmp(verb, "pay") == 0)
        load(host, slots, 0, number);
    else if (strcmp(verb, "views") == 0)
        load(host, 0, GW_MIN(slots, 64U), number);
    else if (strcmp(verb, "mixed") == 0)
        load(host, GW_MIN(slots, 64U) / 2, GW_MIN(slots, 64U) / 2, number);
    else if (strcmp(verb, "fill") == 0)
        fill_accounts(host, (uint64_t)number);
    else if (strcmp(verb, "drain") == 0)
        drain(host);
    else if (strcmp(verb, "cpu") == 0)
        cpu();
    else
        (void)fprintf(stderr, "bench_pay: no such command: %s\n", verb);
    status(host);
    (void)printf("\n");
    (void)fflush(stdout);
}

static void read_options(struct host *host, int argc, char **argv)
{
    host->state = argv[1];
    for (int i = 2; i + 1 < argc; i += 2) {
        uint64_t number = strtoull(argv[i + 1], NULL, 10);
        if (strcmp(argv[i], "--sqlite") == 0)
            host->sqlite = argv[i + 1];
        else if (strcmp(argv[i], "--accounts") == 0)
            host->accounts = number;
        else if (strcmp(argv[i], "--serve") == 0)
            host->serves = number != 0;
        else if (strcmp(argv[i], "--sessions") == 0)
            host->sessions = (uint32_t)GW_MIN(number, (uint64_t)SESSIONS_MAX);
        else if (strcmp(argv[i], "--depth") == 0)
            host->depth = (uint32_t)number;
        else if (strcmp(argv[i], "--kv") == 0)
            host->kv = argv[i + 1][0] == 'm' ? GW_ENGINE_KV_MEMORY : GW_ENGINE_KV_LMDB;
    }
    host->depth = GW_MAX(1U, GW_MIN(host->depth, SLOTS_MAX / host->sessions));
}

int main(int argc, char **argv)
{
    static struct host host = {.sessions = 256, .depth = 4, .accounts = 10000};
    struct gw_err err;
    char verb[32];
    int64_t number;
    if (argc < 2) {
        (void)fprintf(stderr, "bench_pay STATE [--sqlite FOLDER] [--accounts N] …\n");
        return 2;
    }
    read_options(&host, argc, argv);
    write_source(&host);
    gw_rand_init(&host.rand, 1);
    check(gw_asker_open(&host.asker, &err), &err);
    prepare_all(&host);
    if (host.serves)
        open_server(&host);
    else
        open_engine(&host);
    (void)printf("replayed=%" PRIu64 " open_ns=%" PRId64, host.report.replayed, host.open_ns);
    if (!host.report
             .is_new) { /* only to see how long it takes: the rows of memory stores are gone */
        (void)printf("\n");
        return 0;
    }
    if (!host.serves)
        deploy(&host);
    open_sessions(&host);
    uint64_t accounts = host.accounts;
    host.accounts = 0;
    fill_accounts(&host, accounts);
    drain(&host);
    status(&host);
    (void)printf("\n");
    (void)fflush(stdout);
    while (scanf("%31s %" SCNd64, verb, &number) == 2) /* NOLINT(cert-err34-c) */
        obey(&host, verb, number);
    for (uint32_t i = 0; i < host.sessions * host.depth; i++)
        gw_request_free(host.requests[i]);
    if (host.serves) {
        gw_server_stop(host.server);
        (void)pthread_join(host.loop, NULL);
        gw_server_close(host.server);
    } else {
        check(gw_engine_close(host.engine, &err), &err);
    }
    gw_asker_close(host.asker);
    return 0;
}
