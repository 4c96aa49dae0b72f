#include "lang/program.h"

const struct gw_fn *gw_program_fn(const struct gw_program *program, struct gw_text name)
{
    return gw_program_fn_id(program, gw_name_id(name));
}

const struct gw_fn *gw_program_fn_id(const struct gw_program *program, uint32_t id)
{
    for (uint32_t i = 0; i < program->fn_count; i++)
        if (program->fns[i]->id == id)
            return program->fns[i];
    return NULL;
}

const struct gw_program_entity *gw_program_entity(const struct gw_program *program,
                                                  struct gw_text name)
{
    return gw_program_entity_id(program, gw_name_id(name));
}

const struct gw_program_entity *gw_program_entity_id(const struct gw_program *program, uint32_t id)
{
    for (uint32_t i = 0; i < program->entity_count; i++)
        if (program->entities[i]->entity.id == id)
            return program->entities[i];
    return NULL;
}

const struct gw_program_home *gw_program_home_id(const struct gw_program *program, uint32_t id)
{
    for (uint32_t i = 0; i < program->home_count; i++)
        if (program->homes[i]->home.id == id)
            return program->homes[i];
    return NULL;
}

const struct gw_program_home *gw_program_home(const struct gw_program *program, struct gw_text name)
{
    for (uint32_t i = 0; i < program->home_count; i++)
        if (gw_text_equal(program->homes[i]->home.name, name))
            return program->homes[i];
    return NULL;
}

const struct gw_table_decl *gw_program_table_id(const struct gw_program *program, uint32_t id)
{
    for (uint32_t i = 0; i < program->table_count; i++)
        if (program->tables[i]->id == id)
            return program->tables[i];
    return NULL;
}

const struct gw_index_decl *gw_program_index_id(const struct gw_program *program, uint32_t id)
{
    for (uint32_t i = 0; i < program->index_count; i++)
        if (program->indexes[i]->id == id)
            return program->indexes[i];
    return NULL;
}

const struct gw_counter_decl *gw_program_counter_id(const struct gw_program *program, uint32_t id)
{
    for (uint32_t i = 0; i < program->counter_count; i++)
        if (program->counters[i]->id == id)
            return program->counters[i];
    return NULL;
}
