/* One key in words: its versions, newest first, and what made each. */
#include "codec/cbor.h"
#include "ledger/explain_int.h"
#include "ledger/history.h"
#include "record/text.h"

struct gw_text gw_explain_key_name(const struct gw_program_entity *entity, struct gw_bytes key,
                                   struct gw_arena *arena)
{
    uint8_t memory[256];
    struct gw_buf text;
    union gw_value *values = GW_NEW_ARRAY(arena, union gw_value, entity->entity.key_count);
    gw_buf_init_fixed(&text, memory, sizeof(memory));
    if (values && gw_entity_unkey(&entity->entity, key, arena, values, NULL) == GW_OK) {
        gw_entity_key_text(&entity->entity, values, &text);
    } else {
        char hex[2 * 64 + 1];
        gw_hex((struct gw_bytes){key.data, GW_MIN(key.len, (size_t)64)}, hex);
        gw_buf_put_str(&text, hex);
    }
    return gw_arena_copy_text(arena, gw_buf_text(&text));
}

struct gw_text gw_explain_hash(struct gw_hash128 hash, struct gw_arena *arena)
{
    char hex[2 * sizeof(hash.bytes) + 1];
    gw_hex((struct gw_bytes){hash.bytes, sizeof(hash.bytes)}, hex);
    return gw_arena_copy_text(arena, gw_text(hex));
}

struct gw_text gw_explain_maker(const struct gw_program *program, const struct gw_ring_step *step)
{
    const struct gw_fn *fn = step->fn ? gw_program_fn_id(program, step->fn) : NULL;
    if (fn)
        return fn->name;
    if (step->fn)
        return GW_TEXT_LIT("a function of an older program");
    return step->before_ver == 0 ? GW_TEXT_LIT("onboard") : GW_TEXT_LIT("resolve");
}

static gw_rc put_canonical(const struct gw_type *type, struct gw_bytes bytes,
                           struct gw_arena *arena, struct gw_buf *ret, struct gw_err *err)
{
    struct gw_cbor_reader r = gw_cbor_reader(bytes);
    union gw_value value;
    GW_TRY(gw_value_decode(type, &r, arena, &value, err));
    gw_value_text(type, value, GW_EXPLAIN_VALUE_BYTES, ret);
    return GW_OK;
}

gw_rc gw_explain_patch(const struct gw_program_entity *entity, const struct gw_ring_step *step,
                       bool is_living, struct gw_arena *arena, struct gw_buf *ret,
                       struct gw_err *err)
{
    if (!is_living || !step->before_living) {
        gw_buf_put_str(ret, is_living ? "created" : "deleted");
        return GW_OK;
    }
    for (uint32_t i = 0; i < step->patch_count; i++) {
        const struct gw_ring_patch *patch = &step->patches[i];
        if (patch->field >= entity->entity.field_count)
            return GW_FAIL(err, GW_CORRUPT, "a patch of field %u", patch->field);
        const struct gw_field *field = &entity->entity.fields[patch->field];
        gw_buf_printf(ret, "%s%.*s ", i ? ", " : "", GW_TEXT_ARG(field->name));
        GW_TRY(put_canonical(field->type, patch->old, arena, ret, err));
        gw_buf_put_str(ret, " -> ");
        GW_TRY(put_canonical(field->type, patch->now, arena, ret, err));
    }
    return GW_OK;
}

/** A key as loaded for explaining. */
struct explained {
    const struct gw_program_entity *entity;
    struct gw_meta meta;
    union gw_value *fields; /* NULL: not living, or not resident */
    struct gw_ring_step *steps;
    uint32_t step_count;
};

static gw_rc explained_load(const struct gw_state_view *view,
                            const struct gw_program_entity *entity, struct gw_bytes key,
                            struct gw_arena *arena, struct explained *ret, struct gw_err *err)
{
    *ret = (struct explained){.entity = entity};
    GW_TRY(gw_pair_read(view, entity->entity.id, key, arena, &ret->meta, err));
    GW_TRY(gw_ring_read(ret->meta.ring, arena, &ret->steps, &ret->step_count, err));
    if (!ret->meta.living || !ret->meta.resident)
        return GW_OK;
    ret->fields = GW_NEW_ARRAY(arena, union gw_value, entity->entity.field_count);
    if (ret->fields == NULL)
        return GW_FAIL_NOMEM(err);
    return gw_image_decode(&entity->entity, ret->meta.value, arena, ret->fields, err);
}

static bool step_is_living(const struct explained *on, uint32_t i)
{
    return i == 0 ? on->meta.living : on->steps[i - 1].before_living;
}

static gw_version step_ver(const struct explained *on, uint32_t i)
{
    return i == 0 ? on->meta.ver : on->steps[i - 1].before_ver;
}

static const char *state_name(enum gw_key_state state)
{
    switch (state) {
#define X(name)         \
    case GW_KEY_##name: \
        return #name;
        GW_KEY_STATES(X)
#undef X
    }
    return "?";
}

static void put_state(const struct gw_state_view *view, const struct explained *on,
                      struct gw_buf *ret)
{
    gw_buf_printf(ret, "  %s", state_name(on->meta.state));
    for (uint32_t i = 0; i < on->meta.home_count; i++) {
        const struct gw_program_home *home =
            gw_program_home_id(view->program, on->meta.homes[i].home);
        if (home && on->meta.homes[i].dirty_since)
            gw_buf_printf(ret, " %.*s", GW_TEXT_ARG(view->program->stores[home->home.store].name));
    }
}

static void put_fields(const struct explained *on, struct gw_buf *ret)
{
    const struct gw_entity *entity = &on->entity->entity;
    if (on->fields == NULL) {
        gw_buf_put_str(ret, on->meta.living ? "  (value not resident)" : "  (no row)");
        return;
    }
    for (uint32_t i = entity->key_count; i < entity->field_count; i++) {
        gw_buf_printf(ret, "  %.*s ", GW_TEXT_ARG(entity->fields[i].name));
        gw_value_text(entity->fields[i].type, on->fields[i], GW_EXPLAIN_VALUE_BYTES, ret);
    }
}

gw_rc gw_explain_key_text(const struct gw_state_view *view, const struct gw_program_entity *entity,
                          struct gw_bytes key, struct gw_arena *arena, struct gw_buf *ret,
                          struct gw_err *err)
{
    struct explained on;
    GW_TRY(explained_load(view, entity, key, arena, &on, err));
    gw_buf_printf(ret, "ver %llu", (unsigned long long)on.meta.ver);
    put_fields(&on, ret);
    put_state(view, &on, ret);
    for (uint32_t i = 0; i < on.step_count; i++) {
        const struct gw_ring_step *step = &on.steps[i];
        if (i > 0)
            gw_buf_printf(ret, "\nver %llu", (unsigned long long)step_ver(&on, i));
        gw_buf_printf(ret, "  %s%llu.%u  %.*s  ", i ? "" : "position ",
                      (unsigned long long)step->position.index, step->position.record,
                      GW_TEXT_ARG(gw_explain_maker(view->program, step)));
        GW_TRY(gw_explain_patch(entity, step, step_is_living(&on, i), arena, ret, err));
    }
    gw_buf_put_str(ret, "\n");
    return gw_buf_check(ret, "explanation", err);
}

/* ---- JSON ---- */

static void name_text(struct gw_json_writer *w, const char *name, struct gw_text text)
{
    gw_json_put_name_str(w, name);
    gw_json_put_text(w, text);
}

static void name_u64(struct gw_json_writer *w, const char *name, uint64_t number)
{
    gw_json_put_name_str(w, name);
    gw_json_put_u64(w, number);
}

static void name_bool(struct gw_json_writer *w, const char *name, bool value)
{
    gw_json_put_name_str(w, name);
    gw_json_put_bool(w, value);
}

static void json_homes(const struct gw_state_view *view, const struct explained *on,
                       struct gw_arena *arena, struct gw_json_writer *w)
{
    gw_json_put_name_str(w, "homes");
    gw_json_put_array(w);
    for (uint32_t i = 0; i < on->meta.home_count; i++) {
        const struct gw_meta_home *at = &on->meta.homes[i];
        const struct gw_program_home *home = gw_program_home_id(view->program, at->home);
        gw_json_put_object(w);
        name_text(w, "home", home ? home->home.name : GW_TEXT_LIT("?"));
        name_bool(w, "present", at->acked.present);
        gw_json_put_name_str(w, "acked_ver");
        if (at->acked.ver == GW_VERSION_NONE) {
            gw_json_put_null(w);
        } else {
            gw_json_put_u64(w, at->acked.ver);
        }
        name_text(w, "acked_hash", gw_explain_hash(at->acked.hash, arena));
        name_bool(w, "dirty", at->dirty_since > 0);
        name_bool(w, "refused", at->refused);
        if (at->dirty_since)
            name_u64(w, "target_ver", at->target_ver);
        gw_json_put_object_end(w);
    }
    gw_json_put_array_end(w);
}

static gw_rc json_canonical(struct gw_json_writer *w, const char *name, const struct gw_type *type,
                            struct gw_bytes bytes, struct gw_arena *arena, struct gw_err *err)
{
    struct gw_cbor_reader r = gw_cbor_reader(bytes);
    union gw_value value;
    GW_TRY(gw_value_decode(type, &r, arena, &value, err));
    gw_json_put_name_str(w, name);
    gw_value_to_json(type, value, w);
    return GW_OK;
}

static gw_rc json_patch(const struct explained *on, const struct gw_ring_step *step,
                        struct gw_arena *arena, struct gw_json_writer *w, struct gw_err *err)
{
    gw_json_put_name_str(w, "patch");
    gw_json_put_array(w);
    for (uint32_t i = 0; i < step->patch_count; i++) {
        const struct gw_ring_patch *patch = &step->patches[i];
        if (patch->field >= on->entity->entity.field_count)
            return GW_FAIL(err, GW_CORRUPT, "a patch of field %u", patch->field);
        const struct gw_field *field = &on->entity->entity.fields[patch->field];
        gw_json_put_object(w);
        name_text(w, "field", field->name);
        GW_TRY(json_canonical(w, "old", field->type, patch->old, arena, err));
        GW_TRY(json_canonical(w, "new", field->type, patch->now, arena, err));
        gw_json_put_object_end(w);
    }
    gw_json_put_array_end(w);
    return GW_OK;
}

static gw_rc json_versions(const struct gw_state_view *view, const struct explained *on,
                           struct gw_arena *arena, struct gw_json_writer *w, struct gw_err *err)
{
    gw_json_put_name_str(w, "versions");
    gw_json_put_array(w);
    for (uint32_t i = 0; i < on->step_count; i++) {
        const struct gw_ring_step *step = &on->steps[i];
        bool living = step_is_living(on, i);
        gw_json_put_object(w);
        name_u64(w, "ver", step_ver(on, i));
        name_text(w, "index",
                  gw_arena_printf(arena, "%llu.%u", (unsigned long long)step->position.index,
                                  step->position.record));
        name_text(w, "by", gw_explain_maker(view->program, step));
        name_text(w, "change",
                  !living               ? GW_TEXT_LIT("deleted")
                  : step->before_living ? GW_TEXT_LIT("changed")
                                        : GW_TEXT_LIT("created"));
        GW_TRY(json_patch(on, step, arena, w, err));
        gw_json_put_object_end(w);
    }
    gw_json_put_array_end(w);
    return GW_OK;
}

gw_rc gw_explain_key_json(const struct gw_state_view *view, const struct gw_program_entity *entity,
                          struct gw_bytes key, struct gw_arena *arena, struct gw_json_writer *w,
                          struct gw_err *err)
{
    struct explained on;
    GW_TRY(explained_load(view, entity, key, arena, &on, err));
    gw_json_put_object(w);
    name_text(w, "entity", entity->entity.name);
    name_text(w, "key", gw_explain_key_name(entity, key, arena));
    name_text(w, "state", gw_text(state_name(on.meta.state)));
    name_u64(w, "ver", on.meta.ver);
    name_bool(w, "living", on.meta.living);
    name_bool(w, "resident", on.meta.resident);
    name_text(w, "hash", gw_explain_hash(on.meta.hash, arena));
    gw_json_put_name_str(w, "fields");
    if (on.fields == NULL) {
        gw_json_put_null(w);
    } else {
        gw_json_put_object(w);
    }
    for (uint32_t i = 0; on.fields && i < entity->entity.field_count; i++) {
        gw_json_put_name(w, entity->entity.fields[i].name);
        gw_value_to_json(entity->entity.fields[i].type, on.fields[i], w);
    }
    if (on.fields)
        gw_json_put_object_end(w);
    json_homes(view, &on, arena, w);
    GW_TRY(json_versions(view, &on, arena, w, err));
    gw_json_put_object_end(w);
    return gw_json_writer_check(w, "explanation", err);
}
