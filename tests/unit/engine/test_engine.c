/* The engine on embedded stores, end to end: calls are decided, pushed, found again after a restart. */
#include "kit/kit.h"

#include <stdio.h>
#include <stdlib.h>

#include "codec/cbor.h"
#include "engine/ask.h"
#include "os/heap.h"
#include "store/memory_fault.h"
#include "store/store.h"

static const char program_text[] =
    "program bank version 1\n"
    "store a : memory \"test_engine_a\"\n"
    "store b : memory \"test_engine_b\"\n"
    "enum PayErr : u8 { NO_SRC NO_DST INSUFFICIENT }\n"
    "entity Account v1 {\n"
    "  key id: u64\n"
    "  bal: dec<18,2>\n"
    "  home a.accounts { id->id bal->balance } role source\n"
    "  home b.konten { id->nr bal->stand } role target\n"
    "  onboard prefer a\n"
    "}\n"
    "entity Transfer v1 { key id: u128   src: u64 dst: u64 amt: dec<18,2>   home b.transfers { * } "
    "role target }\n"
    "txn open(id: u64, amt: dec<18,2>) -> u64 | PayErr {\n"
    "  x := Account.create { id, bal: amt }\n"
    "  return x.id\n"
    "}\n"
    "txn open6(id: u64, amt: dec<18,2>) -> u64 | PayErr {\n"
    "  _a := Account.create { id: id + 1, bal: amt }\n"
    "  _b := Account.create { id: id + 2, bal: amt }\n"
    "  _c := Account.create { id: id + 3, bal: amt }\n"
    "  _d := Account.create { id: id + 4, bal: amt }\n"
    "  _e := Account.create { id: id + 5, bal: amt }\n"
    "  _f := Account.create { id: id + 6, bal: amt }\n"
    "  return id\n"
    "}\n"
    "txn pay(src: u64, dst: u64, amt: dec<18,2>) -> u128 | PayErr {\n"
    "  x := Account[src] else fail NO_SRC\n"
    "  y := Account[dst] else fail NO_DST\n"
    "  if x.bal < amt { fail INSUFFICIENT }\n"
    "  x.bal -= amt\n"
    "  y.bal += amt\n"
    "  t := Transfer.create { id: new_id(), src, dst, amt }\n"
    "  return t.id\n"
    "}\n"
    "view balance(id: u64) -> opt<dec<18,2>> {\n"
    "  x := Account[id]!\n"
    "  return some(x.bal)\n"
    "}\n";

struct fixture {
    char folder[256];
    struct gw_engine *engine;
    struct gw_engine_report report;
    struct gw_asker *asker;
    uint64_t client, seq;
    bool fatal;
};

static void on_fatal(void *ctx, const struct gw_err *err)
{
    struct fixture *fix = ctx;
    print_error("fatal: %s\n", err->msg);
    fix->fatal = true;
}

static void open_engine(struct fixture *fix, enum gw_engine_kv kv)
{
    struct gw_err err;
    const struct gw_engine_opts opts = {
        .state = fix->folder, .kv = kv, .segment_bytes = 4 << 20, .on_fatal = on_fatal, .ctx = fix};
    assert_ok(gw_engine_open(&opts, &fix->engine, &fix->report, &err), &err);
}

static void close_engine(struct fixture *fix)
{
    struct gw_err err;
    assert_ok(gw_engine_close(fix->engine, &err), &err);
    fix->engine = NULL;
}

/** Installs version column and fence, as `godwit engine prepare` does. */
static void prepare(const char *name, const struct gw_program *program, uint32_t store)
{
    struct gw_err err;
    struct gw_store *conn = NULL;
    char url[64];
    (void)snprintf(url, sizeof(url), "memory:%s", name);
    const struct gw_store_config config = {
        .name = gw_text(name), .url = gw_text(url), .timeout_ms = 1000};
    const struct gw_home *homes[8];
    uint32_t count = 0;
    for (uint32_t i = 0; i < program->home_count; i++)
        if (program->homes[i]->home.store == store)
            homes[count++] = &program->homes[i]->home;
    assert_ok(gw_store_open(&config, &conn, &err), &err);
    assert_ok(conn->ops->prepare(conn, homes, count, &err), &err);
    gw_store_close(conn);
}

static void prepare_stores(void)
{
    struct gw_arena arena;
    struct gw_diags diags = {0};
    struct gw_err err;
    const struct gw_program *program = NULL;
    gw_arena_init(&arena, &gw_kit_alloc, 64 << 20);
    assert_ok(gw_lang_compile(gw_text("bank"), gw_text(program_text), &gw_lang_limits_default,
                              &arena, &diags, &program, &err),
              &err);
    prepare("test_engine_a", program, 0);
    prepare("test_engine_b", program, 1);
    gw_arena_done(&arena);
}

static struct gw_request *request(struct fixture *fix, enum gw_request_kind kind)
{
    struct gw_request *made = gw_request_new(kind, gw_asker_actor(fix->asker), NULL);
    assert_non_null(made);
    return made;
}

static void ask_ok(struct fixture *fix, struct gw_request *asked)
{
    struct gw_err err;
    assert_ok(gw_ask(fix->asker, fix->engine, asked, &err), &err);
}

static void deploy(struct fixture *fix)
{
    struct gw_request *asked = request(fix, GW_REQUEST_PROGRAM);
    asked->in.source = gw_text_bytes(gw_text(program_text));
    ask_ok(fix, asked);
    gw_request_free(asked);
}

static void open_session(struct fixture *fix)
{
    struct gw_request *asked = request(fix, GW_REQUEST_SESSION);
    asked->in.verb = GW_SESSION_OPEN;
    ask_ok(fix, asked);
    fix->client = asked->out.number;
    assert_true(fix->client > 0);
    gw_request_free(asked);
}

static void put_dec(struct gw_buf *args, int64_t cents)
{
    gw_cbor_put_array(args, 2);
    gw_cbor_put_uint(args, 2);
    gw_cbor_put_int(args, cents);
}

static struct gw_call_result decode(struct gw_request *asked)
{
    struct gw_call_result result;
    struct gw_err err;
    assert_ok(gw_call_result_decode(asked->out.fn, asked->out.result, &asked->arena, &result, &err),
              &err);
    return result;
}

static struct gw_request *call(struct fixture *fix, const char *fn, const uint64_t *ids,
                               uint32_t id_count, int64_t cents)
{
    struct gw_request *asked = request(fix, GW_REQUEST_CALL);
    uint8_t *memory = gw_arena_get_raw(&asked->arena, 64);
    struct gw_buf args;
    gw_buf_init_fixed(&args, memory, 64);
    gw_cbor_put_array(&args, id_count + 1);
    for (uint32_t i = 0; i < id_count; i++)
        gw_cbor_put_uint(&args, ids[i]);
    put_dec(&args, cents);
    asked->in.client = fix->client;
    asked->in.seq = ++fix->seq;
    asked->in.fn = gw_text(fn);
    asked->in.args = gw_buf_bytes(&args);
    return asked;
}

static void pay_ok(struct fixture *fix, uint64_t src, uint64_t dst, int64_t cents)
{
    const uint64_t ids[] = {src, dst};
    struct gw_request *asked = call(fix, "pay", ids, 2, cents);
    ask_ok(fix, asked);
    assert_int_equal(decode(asked).status, GW_VM_DONE);
    gw_request_free(asked);
}

static void drain(struct fixture *fix)
{
    struct gw_request *asked = request(fix, GW_REQUEST_DRAIN);
    ask_ok(fix, asked);
    gw_request_free(asked);
}

static int64_t balance(struct fixture *fix, uint64_t id)
{
    struct gw_request *asked = request(fix, GW_REQUEST_VIEW);
    uint8_t *memory = gw_arena_get_raw(&asked->arena, 16);
    struct gw_buf args;
    gw_buf_init_fixed(&args, memory, 16);
    gw_cbor_put_array(&args, 1);
    gw_cbor_put_uint(&args, id);
    asked->in.fn = gw_text("balance");
    asked->in.args = gw_buf_bytes(&args);
    ask_ok(fix, asked);
    struct gw_call_result result = decode(asked);
    assert_int_equal(result.status, GW_VM_DONE);
    int64_t cents = (int64_t)result.value.opt->i;
    gw_request_free(asked);
    return cents;
}

static void drop_store(const char *name)
{
    struct gw_memory *memory = NULL;
    struct gw_err err;
    assert_ok(gw_memory_of(gw_text(name), &memory, &err), &err);
    gw_memory_drop(memory);
}

static int setup(void **state)
{
    struct fixture *fix = calloc(1, sizeof(*fix));
    struct gw_err err;
    gw_kit_folder(fix->folder, sizeof(fix->folder));
    drop_store("test_engine_a");
    drop_store("test_engine_b");
    assert_ok(gw_asker_open(&fix->asker, &err), &err);
    *state = fix;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fix = *state;
    if (fix->engine)
        (void)gw_engine_close(fix->engine, NULL);
    gw_asker_close(fix->asker);
    gw_kit_remove(fix->folder);
    free(fix);
    return 0;
}

static void run_the_bank(struct fixture *fix, enum gw_engine_kv kv)
{
    open_engine(fix, kv);
    assert_true(fix->report.is_new);
    prepare_stores();
    deploy(fix);
    open_session(fix);
    for (uint64_t id = 1; id <= 3; id++) {
        struct gw_request *asked = call(fix, "open", &id, 1, 10000);
        ask_ok(fix, asked);
        assert_int_equal(decode(asked).status, GW_VM_DONE);
        gw_request_free(asked);
    }
    for (int i = 0; i < 100; i++)
        pay_ok(fix, 1, 2, 50);
    assert_int_equal(balance(fix, 1), 5000);
    assert_int_equal(balance(fix, 2), 15000);
    drain(fix);
}

static void calls_are_decided_and_pushed_and_survive_a_restart(void **state)
{
    struct fixture *fix = *state;
    run_the_bank(fix, GW_ENGINE_KV_LMDB);
    close_engine(fix);
    open_engine(fix, GW_ENGINE_KV_LMDB);
    assert_int_equal(fix->report.replayed, 0); /* a clean close leaves nothing to do again */
    assert_int_equal(balance(fix, 1), 5000);
    pay_ok(fix, 2, 3, 15000);
    assert_int_equal(balance(fix, 3), 25000);
    drain(fix);
    assert_false(fix->fatal);
}

static void a_memory_kv_replays_the_whole_journal(void **state)
{
    struct fixture *fix = *state;
    run_the_bank(fix, GW_ENGINE_KV_MEMORY);
    close_engine(fix);
    open_engine(fix, GW_ENGINE_KV_MEMORY);
    assert_true(fix->report.replayed > 100);
    assert_int_equal(balance(fix, 2), 15000);
    assert_false(fix->fatal);
}

static void the_same_seq_is_executed_once(void **state)
{
    struct fixture *fix = *state;
    run_the_bank(fix, GW_ENGINE_KV_LMDB);
    const uint64_t ids[] = {1, 2};
    struct gw_request *first = call(fix, "pay", ids, 2, 100);
    ask_ok(fix, first);
    fix->seq--;
    struct gw_request *again = call(fix, "pay", ids, 2, 100);
    ask_ok(fix, again);
    assert_int_equal(again->out.applied, GW_APPLIED_DUPLICATE);
    assert_int_equal(again->out.at.index, first->out.at.index);
    assert_int_equal(again->out.result.len, first->out.result.len);
    assert_memory_equal(again->out.result.data, first->out.result.data, first->out.result.len);
    assert_int_equal(balance(fix, 1), 4900);
    gw_request_free(first);
    gw_request_free(again);
}

/** Each create finds one more unknown key: that is no key that moved. */
static void a_call_may_meet_many_unknown_keys_one_after_the_other(void **state)
{
    struct fixture *fix = *state;
    run_the_bank(fix, GW_ENGINE_KV_LMDB);
    const uint64_t id = 100;
    struct gw_request *asked = call(fix, "open6", &id, 1, 700);
    ask_ok(fix, asked);
    assert_int_equal(decode(asked).status, GW_VM_DONE);
    gw_request_free(asked);
    assert_int_equal(balance(fix, 106), 700);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(calls_are_decided_and_pushed_and_survive_a_restart, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_memory_kv_replays_the_whole_journal, setup, teardown),
        cmocka_unit_test_setup_teardown(the_same_seq_is_executed_once, setup, teardown),
        cmocka_unit_test_setup_teardown(a_call_may_meet_many_unknown_keys_one_after_the_other,
                                        setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
