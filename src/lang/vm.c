#include "lang/vm_int.h"

const char *gw_abort_name(enum gw_abort abort)
{
    switch (abort) {
#define X(name, text)     \
    case GW_ABORT_##name: \
        return #name;
        GW_ABORT_LIST(X)
#undef X
    }
    return "?";
}

const char *gw_abort_text(enum gw_abort abort)
{
    switch (abort) {
#define X(name, text)     \
    case GW_ABORT_##name: \
        return text;
        GW_ABORT_LIST(X)
#undef X
    }
    return "?";
}

bool gw_vm_abort(struct gw_vm_state *run, enum gw_abort abort)
{
    run->ret->status = GW_VM_ABORT;
    run->ret->abort = abort;
    return false;
}

bool gw_vm_nomem(struct gw_vm_state *run)
{
    run->ret->status = GW_VM_OUT_OF_MEMORY;
    return false;
}

bool gw_vm_make_frames(struct gw_vm_state *run)
{
    run->frames = gw_arena_get_raw(run->vm->arena, run->code->depth * sizeof(*run->frames));
    return run->frames || gw_vm_nomem(run);
}

union gw_value *gw_vm_registers(struct gw_vm *vm, const struct gw_code *code,
                                struct gw_vm_result *ret)
{
    union gw_value *regs = gw_arena_get_raw(vm->arena, code->regs_total * sizeof(*regs));
    if (!regs)
        ret->status = GW_VM_OUT_OF_MEMORY;
    return regs;
}

void gw_vm_go(struct gw_vm_state *run, uint32_t at)
{
    if (!run->vm->is_metered) {
        gw_vm_loop_plain(run, at);
        return;
    }
    gw_vm_loop_metered(run, at);
    run->ret->units = run->units > UINT32_MAX ? UINT32_MAX : (uint32_t)run->units;
}

/** Most functions need few registers: those lie on the stack, which is warm and costs nothing to get. */
enum { SMALL_REGS = 48 };

void gw_vm_run(struct gw_vm *vm, const struct gw_fn *fn, const union gw_value *args,
               struct gw_vm_result *ret)
{
    union gw_value small[SMALL_REGS] GW_UNINITIALIZED, *regs = small;
    struct gw_vm_state run GW_UNINITIALIZED;
    if (GW_UNLIKELY(fn->code->regs_total > SMALL_REGS)) {
        regs = gw_vm_registers(vm, fn->code, ret);
        if (!regs)
            return;
    }
    gw_vm_begin(&run, vm, fn->code, regs, ret);
    gw_values_move(regs, args, fn->param_count);
    gw_vm_go(&run, 0);
}

gw_rc gw_vm_direct_keys(struct gw_vm *vm, const struct gw_fn *fn, const union gw_value *args,
                        struct gw_vm_key **ret, uint32_t *ret_count, struct gw_err *err)
{
    struct gw_vm_result result;
    struct gw_vm_state run;
    if (!fn->direct_keys) {
        *ret = NULL;
        *ret_count = 0;
        return GW_OK;
    }
    union gw_value *regs = gw_vm_registers(vm, fn->direct_keys, &result);
    if (!regs)
        return GW_FAIL_NOMEM(err);
    gw_vm_begin(&run, vm, fn->direct_keys, regs, &result);
    run.key_cap = fn->direct_keys->key_max;
    run.keys = GW_NEW_ARRAY(vm->arena, struct gw_vm_key, run.key_cap);
    if (!run.keys)
        return GW_FAIL_NOMEM(err);
    if (fn->param_count)
        memcpy(run.regs, args, fn->param_count * sizeof(*args));
    gw_vm_loop_plain(&run, 0);
    if (result.status != GW_VM_DONE)
        return GW_FAIL_NOMEM(err);
    *ret = run.keys;
    *ret_count = run.key_count;
    return GW_OK;
}

/** Three registers for each copy: fields, present, version. */
gw_rc gw_vm_onboard(struct gw_vm *vm, const struct gw_fn *rule, const struct gw_vm_copy *copies,
                    uint32_t count, struct gw_vm_onboarded *ret, struct gw_err *err)
{
    struct gw_vm_result result;
    struct gw_vm_state run;
    struct gw_vm_onboarded onboarded = {
        .rejected = true, .reason = GW_TEXT_LIT("no rule matched"), .taken = -1};
    union gw_value *regs = gw_vm_registers(vm, rule->code, &result);
    if (!regs)
        return GW_FAIL_NOMEM(err);
    gw_vm_begin(&run, vm, rule->code, regs, &result);
    for (uint32_t i = 0; i < count; i++) {
        union gw_value *at = &run.regs[3 * (size_t)i];
        size_t bytes = rule->code->key_max * sizeof(union gw_value);
        union gw_value *fields = NULL;
        if (copies[i].present) {
            fields = gw_arena_get_raw(vm->arena, bytes);
            if (!fields)
                return GW_FAIL_NOMEM(err);
            memcpy(fields, copies[i].fields, bytes);
        }
        at[0].list.items = fields;
        at[0].list.count = rule->code->key_max;
        at[1].u = copies[i].present;
        at[2].opt = NULL;
        if (copies[i].present && copies[i].ver != GW_VERSION_NONE) {
            union gw_value *ver = GW_NEW(vm->arena, union gw_value);
            if (!ver)
                return GW_FAIL_NOMEM(err);
            ver->u = copies[i].ver;
            at[2].opt = ver;
        }
    }
    run.copies = copies;
    run.onboarded = &onboarded;
    gw_vm_go(&run, 0);
    if (result.status == GW_VM_OUT_OF_MEMORY)
        return GW_FAIL_NOMEM(err);
    if (result.status == GW_VM_ABORT) {
        onboarded.rejected = true;
        onboarded.reason =
            gw_arena_printf(vm->arena, "the rule aborted: %s", gw_abort_name(result.abort));
        if (!onboarded.reason.data)
            return GW_FAIL_NOMEM(err);
    }
    *ret = onboarded;
    return GW_OK;
}
