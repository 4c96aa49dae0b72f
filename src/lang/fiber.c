/**
 * Daemons between slices. Stored form: canonical array [resume point, [local, …]], locals in the order of the
 * code's table for that point; resume point 0 is the start, its locals are the parameters.
 */
#include "lang/vm_int.h"

static bool make_registers(struct gw_vm *vm, const struct gw_fn *fn, struct gw_fiber *ret)
{
    ret->fn = fn;
    ret->pc = 0;
    ret->registers = GW_NEW_ARRAY(vm->arena, union gw_value, fn->code->regs_total);
    return ret->registers != NULL;
}

gw_rc gw_fiber_start(struct gw_vm *vm, const struct gw_fn *fn, const union gw_value *args,
                     struct gw_fiber *ret, struct gw_err *err)
{
    struct gw_fiber fiber;
    if (!make_registers(vm, fn, &fiber))
        return GW_FAIL_NOMEM(err);
    if (fn->param_count)
        memcpy(fiber.registers, args, fn->param_count * sizeof(*args));
    *ret = fiber;
    return GW_OK;
}

gw_rc gw_fiber_decode(struct gw_vm *vm, const struct gw_fn *fn, struct gw_bytes stored,
                      struct gw_fiber *ret, struct gw_err *err)
{
    struct gw_fiber fiber;
    struct gw_cbor_reader reader = gw_cbor_reader(stored);
    if (!make_registers(vm, fn, &fiber))
        return GW_FAIL_NOMEM(err);
    gw_cbor_get_array_of(&reader, 2);
    fiber.pc = (uint32_t)gw_cbor_get_uint_to(&reader, fn->code->resume_count);
    const struct gw_code_resume *resume = fiber.pc ? &fn->code->resumes[fiber.pc - 1] : NULL;
    uint32_t count = resume ? resume->local_count : fn->param_count;
    gw_cbor_get_array_of(&reader, count);
    for (uint32_t i = 0; i < count && !gw_cbor_failed(&reader); i++) {
        const struct gw_type *type = resume ? resume->locals[i].type : fn->params[i].type;
        uint32_t reg = resume ? resume->locals[i].reg : i;
        GW_TRY(gw_value_decode(type, &reader, vm->arena, &fiber.registers[reg], err));
    }
    gw_cbor_end(&reader);
    GW_TRY(gw_cbor_check(&reader, GW_CORRUPT, "stored fiber", err));
    *ret = fiber;
    return GW_OK;
}

void gw_fiber_encode(const struct gw_fiber *fiber, struct gw_buf *ret)
{
    const struct gw_fn *fn = fiber->fn;
    const struct gw_code_resume *resume = fiber->pc ? &fn->code->resumes[fiber->pc - 1] : NULL;
    uint32_t count = resume ? resume->local_count : fn->param_count;
    gw_cbor_put_array(ret, 2);
    gw_cbor_put_uint(ret, fiber->pc);
    gw_cbor_put_array(ret, count);
    for (uint32_t i = 0; i < count; i++) {
        const struct gw_type *type = resume ? resume->locals[i].type : fn->params[i].type;
        gw_value_encode(type, fiber->registers[resume ? resume->locals[i].reg : i], ret);
    }
}

/** Keys of the rows of a page: each its own array, in the order of the entity's key. */
static bool page_keys(struct gw_vm_state *run, const struct gw_code_wait *wait, union gw_value page)
{
    uint32_t width = wait->entity->entity.key_count;
    size_t count = page.list.count;
    const union gw_value **keys =
        gw_arena_get_array(run->vm->arena, count ? count : 1, sizeof(*keys));
    if (!keys)
        return gw_vm_nomem(run);
    for (size_t i = 0; i < count; i++) {
        union gw_value *key = gw_arena_get_array(run->vm->arena, width, sizeof(*key));
        if (!key)
            return gw_vm_nomem(run);
        for (uint32_t k = 0; k < width; k++)
            key[k] = page.list.items[i].list.items[wait->key_items[k]];
        keys[i] = key;
    }
    run->ret->wait.keys = keys;
    run->ret->wait.key_count = (uint32_t)count;
    return true;
}

static bool one_key(struct gw_vm_state *run, const union gw_value *key)
{
    const union gw_value **keys = gw_arena_get_array(run->vm->arena, 1, sizeof(*keys));
    if (!keys)
        return gw_vm_nomem(run);
    keys[0] = key;
    run->ret->wait.keys = keys;
    run->ret->wait.key_count = 1;
    return true;
}

void gw_vm_do_wait(struct gw_vm_state *run, const struct gw_code_wait *wait,
                   const union gw_value *r)
{
    struct gw_vm_wait *ret = &run->ret->wait;
    run->ret->status = GW_VM_WAITING;
    run->resume = wait->resume;
    *ret = (struct gw_vm_wait){
        .kind = wait->kind,
        .ns = wait->ns_reg == GW_NO_REG ? 0 : (int64_t)r[wait->ns_reg].i,
        .home = wait->home,
        .site = wait->site,
        .page_rows = wait->page_rows,
        .entity = wait->entity,
        .store = wait->store,
        .fn = wait->fn,
        .args = wait->fn ? &r[wait->arg_reg] : NULL,
        .text = wait->text,
        .line = wait->line,
    };
    if (wait->kind == GW_VM_WAIT_AWAIT_PUSHED && wait->key_is_page) {
        page_keys(run, wait, r[wait->key_reg]);
    } else if (wait->kind == GW_VM_WAIT_AWAIT_PUSHED) {
        one_key(run, &r[wait->key_reg]);
    }
}

/** A page's rows become a list of tuples: a local like any other. */
static bool take_page(struct gw_vm_state *run, const struct gw_code_wait *wait,
                      const struct gw_vm_page *page)
{
    union gw_value *items =
        gw_arena_get_array(run->vm->arena, page->count ? page->count : 1, sizeof(*items));
    if (!items)
        return gw_vm_nomem(run);
    for (uint32_t i = 0; i < page->count; i++) {
        items[i].list.items = page->rows[i];
        items[i].list.count = wait->home->home.column_count;
    }
    run->regs[wait->reply_reg].list.items = items;
    run->regs[wait->reply_reg].list.count = page->count;
    run->regs[wait->reply_reg + 1].u = page->end;
    return true;
}

/** @return false: the daemon ends here */
static bool take_reply(struct gw_vm_state *run, const struct gw_code_wait *wait,
                       const struct gw_vm_reply *reply)
{
    union gw_value *to = wait->reply_reg == GW_NO_REG ? NULL : &run->regs[wait->reply_reg];
    if (wait->kind == GW_VM_WAIT_PAGE)
        return take_page(run, wait, reply->page);
    if (wait->kind != GW_VM_WAIT_CALL) {
        if (to)
            to[0].u = reply->timed_out;
        return true;
    }
    if (wait->ends_unless_done && reply->call_status != GW_VM_DONE) {
        run->ret->status = reply->call_status;
        run->ret->value = reply->call_value;
        run->ret->type = reply->call_type;
        run->ret->abort = reply->call_abort;
        return false;
    }
    if (to) {
        to[0].u = reply->call_status;
        to[1] = reply->call_value;
        to[2].u = reply->call_abort;
    }
    return true;
}

void gw_fiber_resume(struct gw_vm *vm, struct gw_fiber *fiber, const struct gw_vm_reply *reply,
                     struct gw_vm_result *ret)
{
    static const struct gw_vm_reply nothing;
    const struct gw_code *code = fiber->fn->code;
    uint32_t at = 0;
    struct gw_vm_state run;
    gw_vm_begin(&run, vm, code, fiber->registers, ret);
    if (fiber->pc) {
        at = code->resumes[fiber->pc - 1].insn;
        const struct gw_code_wait *wait = &code->waits[fiber->pc - 1];
        if (!take_reply(&run, wait, reply ? reply : &nothing))
            return;
    }
    gw_vm_go(&run, at);
    if (ret->status == GW_VM_WAITING)
        fiber->pc = run.resume;
}
