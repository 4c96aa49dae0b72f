#include "lang/compile.h"
#include "lang/build_int.h"
#include "lang/check.h"

const struct gw_lang_limits gw_lang_limits_default = {
    .txn_units = 16384,
    .txn_keys_read = 64,
    .txn_keys_written = 32,
    .args_result_bytes = 65536,
    .view_units = 131072,
    .view_keys = 1024,
    .slice_units = 16384,
    .locals_bytes = 4096,
    .fn_units = 4096,
};

/** Every event once, in the order of their first use. */
static gw_rc list_events(struct gw_build *build, struct gw_err *err)
{
    uint32_t count = 0, kept = 0;
    for (uint32_t i = 0; i < build->fn_count; i++)
        count += build->fns[i].fn->code ? build->fns[i].fn->code->emit_count : 0;
    struct gw_text *events = GW_NEW_ARRAY(build->arena, struct gw_text, count + 1);
    if (!events)
        return GW_FAIL_NOMEM(err);
    for (uint32_t i = 0; i < build->fn_count; i++) {
        const struct gw_code *code = build->fns[i].fn->code;
        for (uint32_t k = 0; code && k < code->emit_count; k++) {
            bool known = false;
            for (uint32_t m = 0; m < kept && !known; m++)
                known = gw_text_equal(events[m], code->emits[k].event);
            if (!known)
                events[kept++] = code->emits[k].event;
        }
    }
    build->program->events = events;
    build->program->event_count = kept;
    return GW_OK;
}

static gw_rc compile_checked(struct gw_build *build, struct gw_err *err)
{
    GW_TRY(gw_build_program(build, err));
    GW_TRY(gw_cost_all(build, err));
    for (uint32_t i = 0; i < build->fn_count; i++)
        GW_TRY(gw_lower_fn(build, &build->fns[i], err));
    GW_TRY(gw_diags_result(build->diags, err));
    gw_build_link(build);
    GW_TRY(gw_cost_direct_keys(build, err));
    GW_TRY(list_events(build, err));
    return gw_diags_result(build->diags, err);
}

gw_rc gw_lang_compile_input(const struct gw_lang_input *input, const struct gw_lang_limits *limits,
                            struct gw_arena *arena, struct gw_diags *diags,
                            const struct gw_program **ret, struct gw_err *err)
{
    struct gw_ast *ast = NULL;
    gw_diags_init(diags, arena);
    GW_TRY(gw_lang_parse(input, arena, diags, &ast, err));
    GW_TRY(gw_lang_check_types(ast, arena, diags, err));
    struct gw_build build = {.arena = arena,
                             .ast = ast,
                             .diags = diags,
                             .limits = limits ? limits : &gw_lang_limits_default};
    GW_TRY(compile_checked(&build, err));
    *ret = build.program;
    return GW_OK;
}

gw_rc gw_lang_compile(struct gw_text name, struct gw_text source,
                      const struct gw_lang_limits *limits, struct gw_arena *arena,
                      struct gw_diags *diags, const struct gw_program **ret, struct gw_err *err)
{
    struct gw_text kept = gw_arena_copy_text(arena, source);
    struct gw_text kept_name = gw_arena_copy_text(arena, name);
    if (!kept.data || !kept_name.data)
        return GW_FAIL_NOMEM(err);
    struct gw_lang_input input = {.name = kept_name, .text = kept};
    return gw_lang_compile_input(&input, limits, arena, diags, ret, err);
}
