/* Oracles on the finished history: order, registers, and the journal read once more from its first record. */
#include <inttypes.h>
#include <stdio.h>

#include "journal/file.h"
#include "kv/memory.h"
#include "oracle/order.h"
#include "os/file.h"
#include "os/heap.h"
#include "sim/engine/run_int.h"
#include "sim/os/sim.h"

/* ---- O1 (a) (b), O2 ---- */

static void verify_order(struct run *run)
{
    static struct or_op ops[OPS_MAX + VIEWS_MAX];
    size_t count = 0;
    struct or_op a, b;
    for (uint32_t i = 0; i < run->op_count; i++)
        if (run->ops[i].state == OP_ANSWERED)
            ops[count++] = (struct or_op){.began_ns = run->ops[i].began_ns,
                                          .ended_ns = run->ops[i].ended_ns,
                                          .index = run->ops[i].at.index,
                                          .record = run->ops[i].at.record,
                                          .name = i};
    for (uint32_t i = 0; i < run->view_count; i++)
        ops[count++] = (struct or_op){.began_ns = run->views[i].began_ns,
                                      .ended_ns = run->views[i].ended_ns,
                                      .index = run->views[i].index,
                                      .is_view = true,
                                      .name = i};
    const char *wrong = or_order_check(ops, count, &a, &b);
    if (wrong != NULL)
        fail_run(run, "O1",
                 "%s: %s %" PRIu64 " at %" PRIu64 ".%u and %s %" PRIu64 " at %" PRIu64 ".%u", wrong,
                 a.is_view ? "view" : "call", a.name, a.index, a.record,
                 b.is_view ? "view" : "call", b.name, b.index, b.record);
}

static void verify_registers(struct run *run)
{
    static struct or_swap swaps[OPS_MAX];
    size_t count = 0, a, b;
    for (uint32_t i = 0; i < run->op_count; i++) {
        const struct op *op = &run->ops[i];
        bool answered = op->state == OP_ANSWERED;
        if ((op->fn != OP_PUT && op->fn != OP_DROP) || (answered && op->status != GW_VM_DONE))
            continue;
        swaps[count++] = (struct or_swap){.began_ns = op->began_ns,
                                          .ended_ns = answered ? op->ended_ns : INT64_MAX,
                                          .key = op->args[0],
                                          .value = op->fn == OP_PUT ? op->args[1] : 0,
                                          .old = answered ? (uint64_t)op->value[0] : 0};
    }
    const char *wrong = or_register_check(swaps, count, &a, &b);
    if (wrong != NULL)
        fail_run(run, "O2",
                 "note %" PRIu64 ": %s: value %" PRIu64 " old %" PRIu64 " and %" PRIu64
                 " old %" PRIu64,
                 swaps[a].key, wrong, swaps[a].value, swaps[a].old, swaps[b].value, swaps[b].old);
}

void verify_history(struct run *run)
{
    verify_order(run);
    if (run->ret->oracle == NULL)
        verify_registers(run);
}

/* ---- O1 (c): the program once more, in C ---- */

struct model {
    int64_t balance[GW_SIM_ACCOUNTS];
    uint64_t owner[GW_SIM_ACCOUNTS];
    uint64_t note[GW_SIM_NOTES]; /* 0: none */
    uint32_t transfers;
};

static void model_init(struct model *model)
{
    *model = (struct model){0};
    for (uint64_t i = 0; i < GW_SIM_ACCOUNTS; i++) {
        model->balance[i] = GW_SIM_MONEY;
        model->owner[i] = i % 3;
    }
}

struct expected {
    enum gw_vm_status status;
    int64_t value;
};

enum { NO_SRC, NO_DST, SAME, INSUFFICIENT };

static struct expected model_pay(struct model *model, uint64_t src, uint64_t dst, int64_t amt)
{
    if (src == dst)
        return (struct expected){GW_VM_FAILED, SAME};
    if (src >= GW_SIM_ACCOUNTS)
        return (struct expected){GW_VM_FAILED, NO_SRC};
    if (dst >= GW_SIM_ACCOUNTS)
        return (struct expected){GW_VM_FAILED, NO_DST};
    if (model->balance[src] < amt)
        return (struct expected){GW_VM_FAILED, INSUFFICIENT};
    model->balance[src] -= amt;
    model->balance[dst] += amt;
    model->transfers++;
    return (struct expected){GW_VM_DONE, model->balance[src]};
}

static struct expected model_run(struct model *model, struct gw_text fn, const union gw_value *args)
{
    uint64_t a = (uint64_t)args[0].u;
    uint64_t old;
    if (gw_text_is(fn, "pay"))
        return model_pay(model, a, (uint64_t)args[1].u, (int64_t)args[2].i);
    if (gw_text_is(fn, "put") || gw_text_is(fn, "drop")) {
        old = model->note[a];
        model->note[a] = gw_text_is(fn, "put") ? (uint64_t)args[1].u : 0;
        return (struct expected){GW_VM_DONE, (int64_t)old};
    }
    old = model->owner[a];
    model->owner[a] = (uint64_t)args[1].u;
    return (struct expected){GW_VM_DONE, (int64_t)old};
}

/* ---- O1 (c) (d), O5: the journal ---- */

struct replay {
    struct run *run;
    struct gw_arena arena;
    struct gw_kv *kv;
    struct gw_ledger *ledger;
    struct gw_journal *journal;
    struct model model;
};

static struct op *op_of(struct run *run, const struct gw_rec_txn *txn)
{
    if (txn->key_hash.len == 16) {
        uint64_t number;
        memcpy(&number, txn->key_hash.data, sizeof(number));
        return number < run->op_count ? &run->ops[number] : NULL;
    }
    for (uint32_t i = 0; i < run->op_count; i++)
        if (run->ops[i].client != 0 && run->ops[i].client == txn->client &&
            run->ops[i].seq == txn->seq)
            return &run->ops[i];
    return NULL;
}

static void check_answer(struct replay *replay, struct op *op, const struct gw_applied *applied)
{
    struct run *run = replay->run;
    unsigned number = (unsigned)(op - run->ops);
    if (op->in_journal)
        fail_run(run, "O1", "call %u was executed twice", number);
    op->in_journal = true;
    if (op->state != OP_ANSWERED)
        return;
    if (op->at.index != applied->at.index || op->at.record != applied->at.record)
        fail_run(run, "O1", "call %u is at %" PRIu64 ".%u, its answer said %" PRIu64 ".%u", number,
                 applied->at.index, applied->at.record, op->at.index, op->at.record);
    if (op->result_hash != gw_hash64(applied->result, 0))
        fail_run(run, "O5", "call %u: the replay answers otherwise", number);
}

static void check_model(struct replay *replay, const struct gw_fn *fn, const struct gw_rec_txn *txn,
                        const struct gw_applied *applied)
{
    struct gw_call_result result;
    struct gw_err err;
    union gw_value *args;
    if (gw_args_decode(fn, txn->args, &replay->arena, &args, &err) < 0 ||
        gw_call_result_decode(fn, applied->result, &replay->arena, &result, &err) < 0) {
        fail_run(replay->run, "O1", "a journaled call does not decode: %s", err.msg);
        return;
    }
    if (result.status ==
        GW_VM_ABORT) { /* stores out of reach, or halted: no effect, and nothing else aborts here */
        if (result.abort != GW_ABORT_FETCH_FAILED && result.abort != GW_ABORT_HALTED)
            fail_run(replay->run, "O1", "a call aborts with %s", gw_abort_name(result.abort));
        return;
    }
    struct expected want = model_run(&replay->model, fn->name, args);
    int64_t got = result.status == GW_VM_DONE && gw_text_is(fn->name, "pay")
                      ? (int64_t)result.value.list.items[0].i
                      : (int64_t)result.value.i;
    if (want.status != result.status || want.value != got)
        fail_run(replay->run, "O1",
                 "%.*s at %" PRIu64 ".%u gives %d %" PRId64 ", the model %d %" PRId64,
                 GW_TEXT_ARG(fn->name), applied->at.index, applied->at.record, (int)result.status,
                 got, (int)want.status, want.value);
}

static gw_rc replay_record(struct replay *replay, struct gw_bytes bytes, struct gw_err *err)
{
    struct gw_record record;
    struct gw_applied applied;
    gw_arena_reset(&replay->arena);
    GW_TRY(gw_record_decode(bytes, &replay->arena, &record, err));
    GW_TRY(gw_ledger_apply(replay->ledger, bytes, &applied, err));
    if (applied.kind != GW_APPLIED_DONE)
        return GW_FAIL(err, GW_CORRUPT, "a journaled record has no effect: %.*s",
                       GW_TEXT_ARG(applied.refused));
    if (record.kind != GW_RECORD_TXN)
        return GW_OK;
    const struct gw_program *program = gw_ledger_program(replay->ledger);
    struct op *op = op_of(replay->run, &record.txn);
    if (op == NULL)
        fail_run(replay->run, "O1", "the journal holds a call that nobody made");
    else
        check_answer(replay, op, &applied);
    for (uint32_t i = 0; i < program->fn_count; i++)
        if (program->fns[i]->id == record.txn.fn && program->fns[i]->kind == GW_FN_TXN)
            check_model(replay, program->fns[i], &record.txn, &applied);
    return GW_OK;
}

static gw_rc replay_batch(struct replay *replay, const struct gw_log_batch *batch,
                          struct gw_err *err)
{
    const struct gw_batch_head head = {
        .index = batch->index, .epoch = batch->epoch, .time_ns = batch->time_ns};
    struct gw_bytes payload = batch->payload, bytes;
    gw_rc rc;
    GW_TRY(gw_ledger_begin(replay->ledger, &head, err));
    while ((rc = gw_log_record_next(&payload, &bytes, err)) == GW_OK) {
        bool skip = replay->run->opts->plant == GW_SIM_ENGINE_PLANT_SKIP_RECORD &&
                    batch->index == 30 && bytes.len > 0;
        if (!skip)
            GW_TRY(replay_record(replay, bytes, err));
    }
    if (rc != GW_NOTFOUND)
        return rc;
    replay->run->ret->batches++;
    return gw_ledger_commit(replay->ledger, err);
}

static gw_rc replay_open(struct replay *replay, struct gw_err *err)
{
    struct gw_journal_file_opts opts = {.folder = "state/journal",
                                        .segment_bytes = replay->run->engine_opts.segment_bytes,
                                        .bytes_max = replay->run->engine_opts.journal_bytes_max};
    struct gw_bytes node;
    GW_TRY(gw_file_load("state/node", &replay->arena, 64, &node, err));
    memcpy(opts.cluster, node.data, sizeof(opts.cluster));
    GW_TRY(gw_journal_file_open(&opts, &replay->journal, NULL, err));
    const struct gw_kv_memory_opts kv_opts = {.alloc = gw_os_heap()};
    GW_TRY(gw_kv_memory_open(&kv_opts, &replay->kv, NULL, err));
    const struct gw_ledger_opts ledger_opts = {
        .kv = replay->kv, .alloc = gw_os_heap(), .arena_bytes_max = 64 << 20};
    return gw_ledger_open(&ledger_opts, &replay->ledger, err);
}

static gw_rc replay_all(struct replay *replay, struct gw_err *err)
{
    struct gw_journal_reader *reader;
    struct gw_log_batch batch;
    gw_rc rc;
    GW_TRY(replay_open(replay, err));
    GW_TRY(replay->journal->ops->reader_open(replay->journal, 1, &reader, err));
    while ((rc = replay->journal->ops->reader_next(reader, &batch, err)) == GW_OK) {
        GW_TRY(replay_batch(replay, &batch, err));
        struct gw_kv_mark mark = replay->kv->ops->marks(replay->kv);
        if (replay->run->is_at_rest && mark.applied == replay->run->sum_index &&
            !gw_hash128_equal(gw_hash128_of_number(mark.sum), replay->run->sum))
            fail_run(replay->run, "O5", "another state at %" PRIu64, mark.applied);
    }
    replay->journal->ops->reader_close(reader);
    return rc == GW_NOTFOUND ? GW_OK : rc;
}

static void check_acknowledged(struct run *run)
{
    for (uint32_t i = 0; i < run->op_count; i++)
        if (run->ops[i].state == OP_ANSWERED && !run->ops[i].in_journal)
            fail_run(run, "O1", "call %u was acknowledged and is not in the journal", i);
}

/* ---- O6 and I12: the stores at rest ---- */

static void check_accounts(struct run *run, const struct model *model, const char *home)
{
    struct gw_sim_rows rows;
    int64_t sum = 0;
    gw_sim_world_rows(&run->world, home, &rows);
    for (uint32_t i = 0; i < rows.count; i++) {
        sum += rows.items[i].number;
        if (model != NULL && rows.items[i].id < GW_SIM_ACCOUNTS &&
            rows.items[i].number != model->balance[rows.items[i].id])
            fail_run(run, "O6", "%s[%" PRIu64 "] holds %" PRId64 ", the model %" PRId64, home,
                     rows.items[i].id, rows.items[i].number, model->balance[rows.items[i].id]);
    }
    if (rows.count == GW_SIM_ACCOUNTS && sum != GW_SIM_ACCOUNTS * GW_SIM_MONEY)
        fail_run(run, "O6", "%s holds %" PRId64 " of money", home, sum);
}

static void check_notes(struct run *run, const struct model *model, const char *home)
{
    struct gw_sim_rows rows;
    uint32_t living = 0;
    gw_sim_world_rows(&run->world, home, &rows);
    for (uint32_t i = 0; i < GW_SIM_NOTES; i++)
        living += model->note[i] != 0;
    if (rows.count != living)
        fail_run(run, "O6", "%s has %u rows, the model %u", home, rows.count, living);
    for (uint32_t i = 0; i < rows.count; i++)
        if ((uint64_t)rows.items[i].number != model->note[rows.items[i].id])
            fail_run(run, "O6", "%s[%" PRIu64 "] holds %" PRId64 ", the model %" PRIu64, home,
                     rows.items[i].id, rows.items[i].number, model->note[rows.items[i].id]);
}

static void check_stores(struct run *run, const struct model *model)
{
    struct gw_sim_rows rows;
    if (run->opts->plant == GW_SIM_ENGINE_PLANT_STEAL) {
        const struct gw_home *home = &run->world.program->homes[0]->home;
        const union gw_value row[] = {{.u = 1}, {.i = 1}, {.u = 1}};
        (void)gw_memory_put(run->world.stores[0].memory, home, row, 1, NULL);
    }
    check_accounts(run, model, "a.accounts");
    check_accounts(run, model, "b.konten");
    if (model == NULL)
        return;
    check_notes(run, model, "b.notes");
    check_notes(run, model, "c.notizen");
    gw_sim_world_rows(&run->world, "c.transfers", &rows);
    if (rows.count < GW_COUNT_OF(rows.items) && rows.count != model->transfers)
        fail_run(run, "O6", "c.transfers has %u rows, the model %u", rows.count, model->transfers);
}

void verify_journal(struct run *run)
{
    struct replay replay = {.run = run};
    struct gw_err err;
    if (run->has_checkpoints) { /* the journal's beginning is gone */
        if (run->is_at_rest && !run->world.has_foreign)
            check_stores(run, NULL);
        return;
    }
    gw_arena_init(&replay.arena, gw_os_heap(), 16 << 20);
    model_init(&replay.model);
    gw_rc rc = replay_all(&replay, &err);
    if (rc < 0)
        fail_run(run, "O5", "replay: %s", err.msg);
    check_acknowledged(run);
    if (run->is_at_rest && !run->world.has_foreign)
        check_stores(run, &replay.model);
    gw_sim_die(GW_SIM_KILL); /* drops ledger, kv and journal at once */
    gw_sim_world_process_died(&run->world);
}
