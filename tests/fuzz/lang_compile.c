/** Any bytes: a refusal says why; what is accepted runs with zero arguments inside its bound. */
#include "lang/compile.h"
#include "lang/vm.h"
#include "os/heap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** A host that holds nothing and takes everything: rows are absent, creates refused. */
static enum gw_vm_rc no_row(void *ctx, const struct gw_program_entity *entity,
                            const union gw_value *key, struct gw_vm_row **ret)
{
    (void)ctx, (void)entity, (void)key, (void)ret;
    return GW_VM_ABSENT;
}

static enum gw_vm_rc no_create(void *ctx, const struct gw_program_entity *entity,
                               const union gw_value *fields, bool fresh, struct gw_vm_row **ret)
{
    (void)ctx, (void)entity, (void)fields, (void)fresh, (void)ret;
    return GW_VM_ABSENT;
}

static enum gw_vm_rc no_remove(void *ctx, struct gw_vm_row *row)
{
    (void)ctx, (void)row;
    return GW_VM_OK;
}

static enum gw_vm_rc no_get(void *ctx, const struct gw_table_decl *table, const union gw_value *key,
                            struct gw_arena *arena, union gw_value **ret)
{
    (void)ctx, (void)table, (void)key, (void)arena, (void)ret;
    return GW_VM_ABSENT;
}

static enum gw_vm_rc no_put(void *ctx, const struct gw_table_decl *table,
                            const union gw_value *fields)
{
    (void)ctx, (void)table, (void)fields;
    return GW_VM_OK;
}

static enum gw_vm_rc no_range(void *ctx, const struct gw_vm_range *range, struct gw_arena *arena,
                              union gw_value ***ret_rows, uint32_t *ret_count)
{
    (void)ctx, (void)range, (void)arena, (void)ret_rows;
    *ret_count = 0;
    return GW_VM_OK;
}

static enum gw_vm_rc no_lookup(void *ctx, const struct gw_index_decl *index,
                               const union gw_value *values, struct gw_vm_row **ret)
{
    (void)ctx, (void)index, (void)values, (void)ret;
    return GW_VM_ABSENT;
}

static enum gw_vm_rc no_counter(void *ctx, const struct gw_counter_decl *counter,
                                const union gw_value *by, union gw_value *ret)
{
    (void)ctx, (void)counter, (void)by;
    ret->i = 0;
    return GW_VM_OK;
}

static enum gw_vm_rc no_emit(void *ctx, struct gw_text event, const struct gw_field *fields,
                             const union gw_value *values, uint32_t count)
{
    (void)ctx, (void)event, (void)fields, (void)values, (void)count;
    return GW_VM_OK;
}

static union gw_value zero_of(const struct gw_type *type, struct gw_arena *arena)
{
    union gw_value value = {.u = 0};
    if (type->kind == GW_TYPE_ENUM)
        value.i = type->members->members[0].number;
    if (type->kind != GW_TYPE_TUPLE)
        return value;
    value.list.items = GW_NEW_ARRAY(arena, union gw_value, type->item_count);
    GW_ASSERT(value.list.items != NULL);
    value.list.count = type->item_count;
    for (uint32_t i = 0; i < type->item_count; i++)
        value.list.items[i] = zero_of(type->items[i], arena);
    return value;
}

static void run_fn(const struct gw_program *program, const struct gw_fn *fn)
{
    struct gw_vm_host host = {.row = no_row,
                              .create = no_create,
                              .remove = no_remove,
                              .table_get = no_get,
                              .table_put = no_put,
                              .table_drop = no_put,
                              .range = no_range,
                              .lookup = no_lookup,
                              .counter = no_counter,
                              .emit = no_emit};
    struct gw_arena arena;
    gw_arena_init(&arena, gw_os_heap(), 64u << 20);
    struct gw_vm vm = {.program = program, .host = &host, .arena = &arena, .is_metered = true};
    struct gw_vm_result result;
    union gw_value *args = GW_NEW_ARRAY(&arena, union gw_value, fn->param_count + 1);
    GW_ASSERT(args != NULL);
    for (uint32_t i = 0; i < fn->param_count; i++)
        args[i] = zero_of(fn->params[i].type, &arena);
    gw_vm_run(&vm, fn, args, &result);
    GW_ASSERT(result.units <= fn->cost.units);
    gw_arena_done(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gw_arena arena;
    struct gw_diags diags;
    struct gw_err err = {0};
    const struct gw_program *program;
    gw_arena_init(&arena, gw_os_heap(), 64u << 20);
    gw_rc rc = gw_lang_compile(gw_text("f.gw"), (struct gw_text){(const char *)data, size}, NULL,
                               &arena, &diags, &program, &err);
    GW_ASSERT(rc == GW_OK || (err.rc == rc && err.msg[0] != '\0'));
    for (uint32_t i = 0; rc == GW_OK && i < program->fn_count; i++)
        if (program->fns[i]->kind != GW_FN_DAEMON)
            run_fn(program, program->fns[i]);
    gw_arena_done(&arena);
    return 0;
}
