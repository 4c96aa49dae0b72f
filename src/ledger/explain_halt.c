/* Findings in words: what was expected, what is there, field by field (engine spec 5.5). */
#include "codec/cbor.h"
#include "ledger/explain_int.h"
#include "ledger/halt.h"
#include "record/diff.h"
#include "record/text.h"

enum { LIST_MAX = 1000, INDENT_NAME = 9 };

/** One finding with all that is known of its key. */
struct shown {
    struct gw_halt halt;
    const struct gw_program_home *home; /* NULL: of an older program */
    const struct gw_program_entity *entity;
    struct gw_meta meta;
    struct gw_diff diff;
    bool has_diff;                /* both sides are known (or absent) */
    const union gw_value *actual; /* columns; NULL: absent or not kept */
};

static const char *scope_text(uint32_t scope)
{
    static const char *const texts[] = {"cluster", "entity", "key"};
    return texts[GW_MIN(scope, 2u)];
}

static const char *role_text(enum gw_home_role role)
{
    switch (role) {
    case GW_HOME_SOURCE:
        return "source";
    case GW_HOME_TARGET:
        return "target";
    case GW_HOME_MIRROR:
        return "mirror";
    }
    return "?";
}

static gw_rc columns_of(const struct gw_program_home *home, struct gw_bytes image,
                        struct gw_arena *arena, const union gw_value **ret, struct gw_err *err)
{
    *ret = NULL;
    if (image.len == 0)
        return GW_OK;
    union gw_value *columns = GW_NEW_ARRAY(arena, union gw_value, home->home.column_count);
    if (columns == NULL)
        return GW_FAIL_NOMEM(err);
    GW_TRY(gw_home_image_decode(&home->home, image, arena, columns, err));
    *ret = columns;
    return GW_OK;
}

static gw_rc shown_load(const struct gw_state_view *view, struct gw_bytes stored,
                        struct gw_arena *arena, struct shown *ret, struct gw_err *err)
{
    const union gw_value *expected = NULL;
    *ret = (struct shown){0};
    stored = gw_arena_copy(arena, stored);
    if (stored.data == NULL)
        return GW_FAIL_NOMEM(err);
    GW_TRY(gw_halt_decode(stored, &ret->halt, err));
    ret->home = gw_program_home_id(view->program, ret->halt.home);
    ret->entity = gw_program_entity_id(view->program, ret->halt.entity);
    if (ret->home == NULL || ret->entity == NULL)
        return GW_OK;
    GW_TRY(gw_pair_read(view, ret->halt.entity, ret->halt.key, arena, &ret->meta, err));
    GW_TRY(columns_of(ret->home, ret->halt.expected_image, arena, &expected, err));
    GW_TRY(columns_of(ret->home, ret->halt.found_image, arena, &ret->actual, err));
    ret->has_diff =
        (expected || !ret->halt.expected.present) && (ret->actual || !ret->halt.found.present);
    return ret->has_diff
               ? gw_diff_columns(&ret->home->home, expected, ret->actual, arena, &ret->diff, err)
               : GW_OK;
}

/* ---- a key whose value is gone: fields by their checks ---- */

struct lost_field {
    const struct gw_field *field;
    union gw_value actual;
    bool same;
};

/** Fields of the found row against the 16-bit checks that stayed with the meta. */
static gw_rc lost_fields(const struct gw_state_view *view, const struct shown *shown,
                         struct gw_arena *arena, struct lost_field **ret, uint32_t *ret_count,
                         struct gw_err *err)
{
    const struct gw_entity *entity = &shown->entity->entity;
    union gw_value *fields = GW_NEW_ARRAY(arena, union gw_value, entity->field_count);
    bool *covered = GW_NEW_ARRAY(arena, bool, entity->field_count);
    struct lost_field *lost = GW_NEW_ARRAY(arena, struct lost_field, entity->field_count);
    struct gw_bytes checks = {NULL, 0};
    uint8_t *memory = gw_arena_get_raw(arena, entity->image_bytes_max);
    uint32_t count = 0;
    if (fields == NULL || covered == NULL || lost == NULL || memory == NULL)
        return GW_FAIL_NOMEM(err);
    *ret = lost;
    *ret_count = 0;
    if (shown->actual == NULL || shown->meta.checks.len != 2 * (size_t)entity->field_count)
        return GW_OK;
    for (uint32_t i = 0; i < entity->field_count; i++)
        fields[i] = entity->fields[i].default_value;
    GW_TRY(gw_unproject(view->program, shown->home, shown->actual, arena, fields, covered, err));
    struct gw_buf image;
    gw_buf_init_fixed(&image, memory, entity->image_bytes_max);
    gw_image_encode(entity, fields, &image);
    GW_TRY(gw_field_checks(entity, gw_buf_bytes(&image), arena, &checks, err));
    for (uint32_t i = 0; i < entity->field_count; i++) {
        if (covered[i]) {
            lost[count++] = (struct lost_field){
                &entity->fields[i], fields[i],
                memcmp(checks.data + 2 * i, shown->meta.checks.data + 2 * i, 2) == 0};
        }
    }
    *ret_count = count;
    return GW_OK;
}

static gw_rc lost_text(const struct gw_state_view *view, const struct shown *shown,
                       struct gw_arena *arena, struct gw_buf *ret, struct gw_err *err)
{
    struct lost_field *lost = NULL;
    uint32_t count = 0;
    GW_TRY(lost_fields(view, shown, arena, &lost, &count, err));
    for (uint32_t i = 0; i < count; i++) {
        if (lost[i].same)
            continue;
        gw_buf_printf(ret, "    %-*.*s expected  value not kept  actual  ", INDENT_NAME,
                      GW_TEXT_ARG(lost[i].field->name));
        gw_value_text(lost[i].field->type, lost[i].actual, GW_EXPLAIN_VALUE_BYTES, ret);
        gw_buf_put_str(ret, "  <-- differs\n");
    }
    if (count == 0 && shown->halt.expected.present)
        gw_buf_put_str(ret, "    expected  value not kept\n");
    return GW_OK;
}

/* ---- text ---- */

static void put_seen(const struct gw_seen *seen, struct gw_buf *ret)
{
    char hex[7];
    gw_hex((struct gw_bytes){seen->hash.bytes, 3}, hex);
    if (!seen->present) {
        gw_buf_put_str(ret, "no row");
    } else if (seen->ver == GW_VERSION_NONE) {
        gw_buf_printf(ret, "ver none  hash %s…", hex);
    } else {
        gw_buf_printf(ret, "ver %llu  hash %s…", (unsigned long long)seen->ver, hex);
    }
}

/** The version that is acked in this home: who wrote it, and what it changed. */
static gw_rc last_write(const struct gw_state_view *view, const struct shown *shown,
                        struct gw_arena *arena, struct gw_buf *ret, struct gw_err *err)
{
    struct gw_ring_step *steps = NULL;
    uint32_t count = 0;
    gw_version ver = shown->meta.ver;
    bool living = shown->meta.living;
    GW_TRY(gw_ring_read(shown->meta.ring, arena, &steps, &count, err));
    for (uint32_t i = 0; i < count; i++) {
        if (ver == shown->halt.expected.ver) {
            gw_buf_printf(ret, "  last write   txn %llu.%u %.*s  patch ",
                          (unsigned long long)steps[i].position.index, steps[i].position.record,
                          GW_TEXT_ARG(gw_explain_maker(view->program, &steps[i])));
            GW_TRY(gw_explain_patch(shown->entity, &steps[i], living, arena, ret, err));
            gw_buf_put_str(ret, "\n");
            return GW_OK;
        }
        ver = steps[i].before_ver;
        living = steps[i].before_living;
    }
    return GW_OK;
}

/** A newer version that is held back. */
static gw_rc waiting(const struct shown *shown, struct gw_arena *arena, struct gw_buf *ret,
                     struct gw_err *err)
{
    struct gw_meta meta = shown->meta;
    const struct gw_meta_home *at = gw_meta_home(&meta, shown->halt.home);
    struct gw_ring_step *steps = NULL;
    uint32_t count = 0;
    if (shown->halt.resolved || at == NULL || at->dirty_since == 0)
        return GW_OK;
    gw_buf_printf(ret, "  waiting here ver %llu", (unsigned long long)at->target_ver);
    GW_TRY(gw_ring_read(meta.ring, arena, &steps, &count, err));
    if (count > 0 && meta.ver == at->target_ver) {
        gw_buf_put_str(ret, " (");
        GW_TRY(gw_explain_patch(shown->entity, &steps[0], meta.living, arena, ret, err));
        gw_buf_put_str(ret, ")");
    }
    gw_buf_put_str(ret, ", not written\n");
    return GW_OK;
}

static gw_rc put_finding(const struct gw_state_view *view, const struct shown *shown,
                         struct gw_arena *arena, struct gw_buf *ret, struct gw_err *err)
{
    const struct gw_halt *halt = &shown->halt;
    const struct gw_home *home = &shown->home->home;
    struct gw_text key = gw_explain_key_name(shown->entity, halt->key, arena);
    struct gw_text store = view->program->stores[home->store].name;
    char time[GW_TIME_TEXT_MAX];
    gw_time_text(halt->time_ns, GW_TIME_NS, time);
    gw_buf_printf(ret, "HALT %llu at %llu.%u  %s  scope %s  found by %.*s(%.*s)%s\n",
                  (unsigned long long)halt->n, (unsigned long long)halt->at.index, halt->at.record,
                  time, scope_text(halt->scope), GW_TEXT_ARG(halt->found_by), GW_TEXT_ARG(store),
                  halt->resolved ? "  resolved" : "");
    gw_buf_printf(ret, "  %.*s[%.*s]  home %.*s  role %s\n",
                  GW_TEXT_ARG(shown->entity->entity.name), GW_TEXT_ARG(key),
                  GW_TEXT_ARG(home->name), role_text(home->role));
    gw_buf_put_str(ret, "    expected  ");
    put_seen(&halt->expected, ret);
    gw_buf_put_str(ret, "      actual  ");
    put_seen(&halt->found, ret);
    gw_buf_printf(ret, "      class %s\n", gw_conflict_text((enum gw_conflict)halt->conflict));
    if (halt->text.len)
        gw_buf_printf(ret, "    %.*s\n", GW_TEXT_ARG(halt->text));
    if (shown->has_diff) {
        gw_diff_text(&shown->diff, ret);
    } else {
        GW_TRY(lost_text(view, shown, arena, ret, err));
    }
    GW_TRY(last_write(view, shown, arena, ret, err));
    GW_TRY(waiting(shown, arena, ret, err));
    if (!halt->resolved) {
        gw_buf_printf(ret,
                      "  next: godwit engine resolve %llu %.*s %.*s --take "
                      "expected|actual|FILE.json --reason TEXT\n",
                      (unsigned long long)halt->n, GW_TEXT_ARG(shown->entity->entity.name),
                      GW_TEXT_ARG(key));
    }
    return GW_OK;
}

/* ---- JSON ---- */

static void json_seen(struct gw_json_writer *w, const char *name, const struct gw_seen *seen,
                      struct gw_arena *arena)
{
    gw_json_put_name_str(w, name);
    gw_json_put_object(w);
    gw_json_put_name_str(w, "present");
    gw_json_put_bool(w, seen->present);
    gw_json_put_name_str(w, "ver");
    if (seen->ver == GW_VERSION_NONE) {
        gw_json_put_null(w);
    } else {
        gw_json_put_u64(w, seen->ver);
    }
    gw_json_put_name_str(w, "hash");
    gw_json_put_text(w, gw_explain_hash(seen->hash, arena));
    gw_json_put_object_end(w);
}

static gw_rc json_lost(const struct gw_state_view *view, const struct shown *shown,
                       struct gw_arena *arena, struct gw_json_writer *w, struct gw_err *err)
{
    struct lost_field *lost = NULL;
    uint32_t count = 0;
    GW_TRY(lost_fields(view, shown, arena, &lost, &count, err));
    gw_json_put_array(w);
    for (uint32_t i = 0; i < count; i++) {
        gw_json_put_object(w);
        gw_json_put_name_str(w, "field");
        gw_json_put_text(w, lost[i].field->name);
        gw_json_put_name_str(w, "note");
        gw_json_put_str(w, "value not kept");
        gw_json_put_name_str(w, "actual");
        gw_value_to_json(lost[i].field->type, lost[i].actual, w);
        gw_json_put_name_str(w, "same");
        gw_json_put_bool(w, lost[i].same);
        gw_json_put_object_end(w);
    }
    gw_json_put_array_end(w);
    return GW_OK;
}

static void name_text(struct gw_json_writer *w, const char *name, struct gw_text text)
{
    gw_json_put_name_str(w, name);
    gw_json_put_text(w, text);
}

static gw_rc json_finding(const struct gw_state_view *view, const struct shown *shown,
                          struct gw_arena *arena, struct gw_json_writer *w, struct gw_err *err)
{
    const struct gw_halt *halt = &shown->halt;
    char time[GW_TIME_TEXT_MAX];
    gw_time_text(halt->time_ns, GW_TIME_NS, time);
    gw_json_put_object(w);
    gw_json_put_name_str(w, "n");
    gw_json_put_u64(w, halt->n);
    gw_json_put_name_str(w, "resolved");
    gw_json_put_bool(w, halt->resolved);
    name_text(w, "scope", gw_text(scope_text(halt->scope)));
    name_text(w, "entity", shown->entity->entity.name);
    name_text(w, "key", gw_explain_key_name(shown->entity, halt->key, arena));
    name_text(w, "home", shown->home->home.name);
    name_text(w, "role", gw_text(role_text(shown->home->home.role)));
    name_text(w, "found_by", halt->found_by);
    name_text(w, "class", gw_text(gw_conflict_name((enum gw_conflict)halt->conflict)));
    name_text(w, "text", halt->text);
    name_text(
        w, "index",
        gw_arena_printf(arena, "%llu.%u", (unsigned long long)halt->at.index, halt->at.record));
    name_text(w, "time", gw_text(time));
    json_seen(w, "expected", &halt->expected, arena);
    json_seen(w, "actual", &halt->found, arena);
    gw_json_put_name_str(w, "fields");
    if (shown->has_diff) {
        gw_diff_to_json(&shown->diff, w);
    } else {
        GW_TRY(json_lost(view, shown, arena, w, err));
    }
    gw_json_put_object_end(w);
    return GW_OK;
}

/* ---- the list ---- */

typedef gw_rc put_fn(const struct gw_state_view *view, const struct shown *shown,
                     struct gw_arena *arena, void *ctx, struct gw_err *err);

static gw_rc walk(const struct gw_state_view *view, const struct gw_halts_opts *opts,
                  struct gw_arena *arena, put_fn *put, void *ctx, struct gw_err *err)
{
    struct gw_state_key scope, from;
    struct gw_kv_cur *cur = NULL;
    uint32_t left = opts->max ? opts->max : LIST_MAX;
    gw_key_start(&scope, GW_TABLE_HALT);
    gw_halt_key(opts->n, &from);
    GW_TRY(view->kv->ops->seek(view->view, gw_key_view(&from), &cur, err));
    gw_rc rc = GW_OK;
    while (rc == GW_OK && left > 0) {
        struct gw_bytes key, val;
        struct shown shown;
        rc = gw_scope_next(view->kv, cur, opts->n ? &from : &scope, &key, &val, err);
        if (rc == GW_OK)
            rc = shown_load(view, val, arena, &shown, err);
        bool wanted = rc == GW_OK && shown.entity && shown.home &&
                      (opts->n || opts->with_resolved || !shown.halt.resolved);
        if (wanted) {
            rc = put(view, &shown, arena, ctx, err);
            left--;
        }
    }
    view->kv->ops->close(cur);
    return rc == GW_NOTFOUND ? GW_OK : rc;
}

static gw_rc put_text(const struct gw_state_view *view, const struct shown *shown,
                      struct gw_arena *arena, void *ctx, struct gw_err *err)
{
    return put_finding(view, shown, arena, ctx, err);
}

static gw_rc put_json(const struct gw_state_view *view, const struct shown *shown,
                      struct gw_arena *arena, void *ctx, struct gw_err *err)
{
    return json_finding(view, shown, arena, ctx, err);
}

gw_rc gw_explain_halts_text(const struct gw_state_view *view, const struct gw_halts_opts *opts,
                            struct gw_arena *arena, struct gw_buf *ret, struct gw_err *err)
{
    GW_TRY(walk(view, opts, arena, put_text, ret, err));
    return gw_buf_check(ret, "list of halts", err);
}

gw_rc gw_explain_halts_json(const struct gw_state_view *view, const struct gw_halts_opts *opts,
                            struct gw_arena *arena, struct gw_json_writer *writer,
                            struct gw_err *err)
{
    gw_json_put_array(writer);
    GW_TRY(walk(view, opts, arena, put_json, writer, err));
    gw_json_put_array_end(writer);
    return gw_json_writer_check(writer, "list of halts", err);
}
