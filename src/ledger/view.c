#include "ledger/view.h"

#include "ledger/run.h"

gw_rc gw_ledger_view(const struct gw_view_opts *opts, struct gw_view_result *ret,
                     struct gw_err *err)
{
    if (opts->as_of && opts->fn->uses_collections)
        return GW_FAIL_CODE(err, GW_INVALID, 2450,
                            "%.*s uses a table, index or counter: these have no older versions",
                            GW_TEXT_ARG(opts->fn->name));
    const struct gw_state_view state = {opts->kv, {.snap = opts->snap}, opts->program};
    struct gw_run run;
    gw_run_init(&run, NULL, &state, opts->arena);
    run.as_of = opts->as_of;
    struct gw_vm vm = {
        .program = opts->program, .host = &run.host, .arena = opts->arena, .at = opts->at};
    gw_vm_run(&vm, opts->fn, opts->args, &ret->vm);
    if (run.rc < 0) {
        if (err)
            *err = run.err;
        return run.rc;
    }
    if (ret->vm.status == GW_VM_OUT_OF_MEMORY)
        return GW_FAIL_NOMEM(err);
    ret->missing = run.missing;
    ret->missing_count = run.missing_count;
    return GW_OK;
}
