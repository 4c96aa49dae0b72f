/* Fields of an entity ⇄ columns of a home: `where`, forward and inverse `via`. Runs in ledger and engine, never in connectors. */
#include "ledger/ledger_int.h"

static gw_rc run_pure(const struct gw_program *program, const struct gw_fn *fn,
                      const union gw_value *args, struct gw_arena *arena, union gw_value *ret,
                      struct gw_err *err)
{
    struct gw_vm vm = {.program = program, .arena = arena};
    struct gw_vm_result result;
    gw_vm_run(&vm, fn, args, &result);
    if (result.status == GW_VM_OUT_OF_MEMORY)
        return GW_FAIL_NOMEM(err);
    if (result.status != GW_VM_DONE)
        return GW_FAIL_CODE(err, GW_INVALID, 2108, "`%.*s` ends with %s", GW_TEXT_ARG(fn->name),
                            gw_abort_name(result.abort));
    *ret = result.value;
    return GW_OK;
}

static gw_rc in_home(const struct gw_program *program, const struct gw_program_home *home,
                     const union gw_value *fields, struct gw_arena *arena, bool *ret,
                     struct gw_err *err)
{
    union gw_value present = {.i = 1};
    if (home->where)
        GW_TRY(run_pure(program, home->where, fields, arena, &present, err));
    *ret = present.i != 0;
    return GW_OK;
}

static gw_rc columns_of(const struct gw_program *program, const struct gw_program_home *home,
                        const union gw_value *fields, struct gw_arena *arena,
                        union gw_value *columns, struct gw_err *err)
{
    for (uint32_t i = 0; i < home->map_count; i++) {
        const struct gw_home_map *map = &home->maps[i];
        union gw_value value = fields[map->field];
        if (map->forward)
            GW_TRY(run_pure(program, map->forward, &fields[map->field], arena, &value, err));
        if (map->column_count == 1)
            columns[map->first_column] = value;
        else
            memcpy(columns + map->first_column, value.list.items,
                   map->column_count * sizeof(*columns));
    }
    return GW_OK;
}

gw_rc gw_project(const struct gw_program *program, const struct gw_program_home *home,
                 const union gw_value *fields, struct gw_arena *arena, struct gw_projection *ret,
                 struct gw_err *err)
{
    struct gw_projection out = {0};
    if (fields)
        GW_TRY(in_home(program, home, fields, arena, &out.present, err));
    if (out.present) {
        out.columns = GW_NEW_ARRAY(arena, union gw_value, home->home.column_count);
        uint8_t *memory = gw_arena_get_raw(arena, home->home.image_bytes_max);
        if (out.columns == NULL || memory == NULL)
            return GW_FAIL_NOMEM(err);
        GW_TRY(columns_of(program, home, fields, arena, out.columns, err));
        struct gw_buf image;
        gw_buf_init_fixed(&image, memory, home->home.image_bytes_max);
        gw_home_image(&home->home, out.columns, &image);
        GW_TRY(gw_buf_check(&image, "projection image", err));
        out.image = gw_buf_bytes(&image);
        out.hash = gw_home_hash(&home->home, out.image);
    }
    *ret = out;
    return GW_OK;
}

gw_rc gw_unproject(const struct gw_program *program, const struct gw_program_home *home,
                   const union gw_value *columns, struct gw_arena *arena, union gw_value *fields,
                   bool *covered, struct gw_err *err)
{
    for (uint32_t i = 0; i < home->map_count; i++) {
        const struct gw_home_map *map = &home->maps[i];
        union gw_value value = columns[map->first_column];
        if (map->inverse)
            GW_TRY(
                run_pure(program, map->inverse, columns + map->first_column, arena, &value, err));
        fields[map->field] = value;
        covered[map->field] = true;
    }
    return GW_OK;
}
