/* Running calls and slices over the open batch, all or nothing; arguments and results as canonical bytes. */
#include "codec/cbor.h"
#include "codec/utf8.h"
#include "ledger/ledger_int.h"
#include "ledger/run.h"
#include "record/text.h"

gw_rc gw_args_decode(const struct gw_fn *fn, struct gw_bytes args, struct gw_arena *arena,
                     union gw_value **ret, struct gw_err *err)
{
    struct gw_cbor_reader r = gw_cbor_reader(args);
    union gw_value *values = GW_NEW_ARRAY(arena, union gw_value, fn->param_count);
    if (values == NULL)
        return GW_FAIL_NOMEM(err);
    size_t count = gw_cbor_get_array(&r);
    GW_TRY(gw_cbor_check(&r, GW_INVALID, "arguments", err));
    if (count != fn->param_count)
        return GW_FAIL_CODE(err, GW_INVALID, 2110, "%.*s takes %u arguments, %zu came",
                            GW_TEXT_ARG(fn->name), fn->param_count, count);
    for (uint32_t i = 0; i < fn->param_count; i++) {
        gw_rc rc = gw_value_decode(fn->params[i].type, &r, arena, &values[i], err);
        if (rc < 0)
            return gw_err_wrap_rc(err, rc, "argument %.*s", GW_TEXT_ARG(fn->params[i].name));
    }
    *ret = values;
    return GW_OK;
}

enum { RESULT_OK, RESULT_FAIL, RESULT_ABORT };

static uint32_t fail_number(const struct gw_fn *fn, const struct gw_type *type)
{
    for (uint32_t i = 0; i < fn->fail_count; i++)
        if (gw_type_equal(fn->fails[i], type))
            return i;
    GW_UNREACHABLE_CODE(); /* the checker types every fail */
}

void gw_call_result_encode(const struct gw_fn *fn, const struct gw_vm_result *result,
                           struct gw_buf *ret)
{
    if (result->status == GW_VM_DONE) {
        gw_cbor_put_array(ret, 2);
        gw_cbor_put_uint(ret, RESULT_OK);
        if (result->type)
            gw_value_encode(result->type, result->value, ret);
        else
            gw_cbor_put_null(ret);
    } else if (result->status == GW_VM_FAILED) {
        gw_cbor_put_array(ret, 3);
        gw_cbor_put_uint(ret, RESULT_FAIL);
        gw_cbor_put_uint(ret, fail_number(fn, result->type));
        gw_value_encode(result->type, result->value, ret);
    } else {
        gw_cbor_put_array(ret, 3);
        gw_cbor_put_uint(ret, RESULT_ABORT);
        gw_cbor_put_uint(ret, result->abort);
        /* a key's text may be cut in the middle of a character */
        gw_cbor_put_text(ret,
                         (struct gw_text){result->detail.data, gw_utf8_bad_at(result->detail)});
    }
}

static gw_rc decode_fail(const struct gw_fn *fn, struct gw_cbor_reader *r, struct gw_arena *arena,
                         struct gw_call_result *out, struct gw_err *err)
{
    out->status = GW_VM_FAILED;
    uint64_t number = gw_cbor_get_uint(r);
    if (fn == NULL || number >= fn->fail_count)
        return GW_FAIL(err, GW_CORRUPT, "a stored result does not fit its function");
    out->type = fn->fails[number];
    return gw_value_decode(out->type, r, arena, &out->value, err);
}

gw_rc gw_call_result_decode(const struct gw_fn *fn, struct gw_bytes bytes, struct gw_arena *arena,
                            struct gw_call_result *ret, struct gw_err *err)
{
    struct gw_cbor_reader r = gw_cbor_reader(bytes);
    struct gw_call_result out = {0};
    size_t count = gw_cbor_get_array(&r);
    uint64_t form = gw_cbor_get_uint(&r);
    if (form == RESULT_OK && count == 2) {
        out.status = GW_VM_DONE;
        out.type = fn ? fn->result : NULL;
        if (out.type)
            GW_TRY(gw_value_decode(out.type, &r, arena, &out.value, err));
        else
            gw_cbor_get_null(&r);
    } else if (form == RESULT_FAIL && count == 3) {
        GW_TRY(decode_fail(fn, &r, arena, &out, err));
    } else {
        out.status = GW_VM_ABORT;
        out.abort = (enum gw_abort)gw_cbor_get_uint_to(&r, GW_ABORT_NOT_READY);
        out.detail = gw_cbor_get_text(&r);
    }
    GW_TRY(gw_cbor_check(&r, GW_CORRUPT, "stored result", err));
    *ret = out;
    return GW_OK;
}

void gw_call_result_to_json(const struct gw_call_result *result, struct gw_json_writer *writer)
{
    if (result->status == GW_VM_ABORT) {
        gw_json_put_name(writer, GW_TEXT_LIT("abort"));
        gw_json_put_text(writer, gw_text(gw_abort_name(result->abort)));
        gw_json_put_name(writer, GW_TEXT_LIT("detail"));
        gw_json_put_text(writer, result->detail);
        return;
    }
    gw_json_put_name(writer,
                     result->status == GW_VM_DONE ? GW_TEXT_LIT("ok") : GW_TEXT_LIT("fail"));
    if (result->type)
        gw_value_to_json(result->type, result->value, writer);
    else
        gw_json_put_null(writer);
}

/** After the machine stopped: puts or takes back the write set. */
static gw_rc finish(struct gw_ledger *ledger, struct gw_run *run, const struct gw_undo *undo,
                    uint32_t fn, struct gw_run_result *ret, struct gw_err *err)
{
    bool keep = ret->vm.status == GW_VM_DONE || ret->vm.status == GW_VM_WAITING;
    if (keep) {
        gw_rc rc = gw_run_commit(run, fn, err);
        if (rc < 0 && rc != GW_EXISTS && rc != GW_TOOLARGE && rc != GW_CONFLICT)
            return rc;
        keep = rc == GW_OK;
        if (!keep)
            ret->vm = (struct gw_vm_result){.status = GW_VM_ABORT,
                                            .abort = rc == GW_EXISTS     ? GW_ABORT_UNIQUE
                                                     : rc == GW_TOOLARGE ? GW_ABORT_ARITH
                                                                         : GW_ABORT_NOT_READY};
    }
    if (!keep)
        gw_undo_all(ledger, undo);
    if (run->rc < 0) {
        if (err)
            *err = run->err;
        return run->rc;
    }
    if (ret->vm.status == GW_VM_OUT_OF_MEMORY)
        return GW_FAIL_NOMEM(err);
    ret->missing = run->missing;
    ret->missing_count = run->missing_count;
    return GW_OK;
}

static struct gw_vm machine(struct gw_ledger *ledger, struct gw_run *run)
{
    const struct gw_state_view state = {ledger->kv, {.txn = ledger->txn}, ledger->program};
    gw_run_init(run, ledger, &state, &ledger->scratch);
    return (struct gw_vm){
        .program = ledger->program,
        .host = &run->host,
        .arena = &ledger->scratch,
        .at = {ledger->head.time_ns, ledger->head.index, ledger->records, ledger->slice},
    };
}

gw_rc gw_run_call(struct gw_ledger *ledger, const struct gw_fn *fn, const union gw_value *args,
                  struct gw_run_result *ret, struct gw_err *err)
{
    struct gw_run run;
    struct gw_vm vm = machine(ledger, &run);
    struct gw_undo undo = gw_undo_begin(ledger);
    gw_vm_run(&vm, fn, args, &ret->vm);
    return finish(ledger, &run, &undo, fn->id, ret, err);
}

gw_rc gw_run_fiber(struct gw_ledger *ledger, struct gw_fiber *fiber,
                   const struct gw_vm_reply *reply, struct gw_run_result *ret, struct gw_err *err)
{
    struct gw_run run;
    struct gw_vm vm = machine(ledger, &run);
    struct gw_undo undo = gw_undo_begin(ledger);
    gw_fiber_resume(&vm, fiber, reply, &ret->vm);
    return finish(ledger, &run, &undo, fiber->fn->id, ret, err);
}
