#include "api/args.h"

#include "base/near.h"
#include "record/text.h"

enum { NAMES_MAX = 128 };

/** A value in the arena's buffer; JSON of `bytes_max` canonical bytes at most. */
static gw_rc open_buf(struct gw_arena *arena, size_t bytes_max, struct gw_buf *ret,
                      struct gw_err *err)
{
    uint8_t *memory = gw_arena_get_raw(arena, bytes_max);
    if (memory == NULL)
        return GW_FAIL_NOMEM(err);
    gw_buf_init_fixed(ret, memory, bytes_max);
    return GW_OK;
}

static gw_rc unknown_name(const struct gw_field *fields, uint32_t count, struct gw_text name,
                          struct gw_err *err)
{
    struct gw_text names[NAMES_MAX];
    uint32_t known = GW_MIN(count, (uint32_t)NAMES_MAX);
    for (uint32_t i = 0; i < known; i++)
        names[i] = fields[i].name;
    (void)GW_FAIL_CODE(err, GW_INVALID, 7303, "nothing is called `%.*s` here", GW_TEXT_ARG(name));
    struct gw_text near = gw_near(name, names, known);
    if (err && near.len)
        gw_err_hint(err, "did you mean `%.*s`?", GW_TEXT_ARG(near));
    return GW_INVALID;
}

/** Members of an object by name, items of an array by position. @return GW_INVALID: too many, or a name that is not known */
static gw_rc check_shape(const struct gw_field *fields, uint32_t count, const struct gw_json *node,
                         struct gw_err *err)
{
    if (node && node->kind != GW_JSON_ARRAY && node->kind != GW_JSON_OBJECT) {
        return GW_FAIL_CODE(err, GW_INVALID, 7303, "expected an object or an array, not %s",
                            gw_json_kind_text(node));
    }
    if (node && node->kind == GW_JSON_ARRAY && node->count != count) {
        return GW_FAIL_CODE(err, GW_INVALID, 7303, "expected %u values, not %u", count,
                            node->count);
    }
    for (const struct gw_json *at = node && node->kind == GW_JSON_OBJECT ? node->first : NULL; at;
         at = at->next) {
        bool known = false;
        for (uint32_t i = 0; i < count && !known; i++)
            known = gw_text_equal(fields[i].name, at->name);
        if (!known)
            return unknown_name(fields, count, at->name, err);
    }
    return GW_OK;
}

static const struct gw_json *item(const struct gw_json *node, const struct gw_field *field,
                                  uint32_t position)
{
    if (node == NULL || node->kind == GW_JSON_OBJECT)
        return gw_json_member_text(node, field->name);
    const struct gw_json *at = node->first;
    while (at && position--)
        at = at->next;
    return at;
}

static gw_rc read_fields(const struct gw_field *fields, uint32_t count, const struct gw_json *node,
                         struct gw_arena *arena, union gw_value **ret, struct gw_err *err)
{
    static const struct gw_json none = {.kind = GW_JSON_NULL};
    union gw_value *values = GW_NEW_ARRAY(arena, union gw_value, count ? count : 1);
    if (values == NULL)
        return GW_FAIL_NOMEM(err);
    GW_TRY(check_shape(fields, count, node, err));
    for (uint32_t i = 0; i < count; i++) {
        const struct gw_json *value = item(node, &fields[i], i);
        if (value == NULL && fields[i].type->kind == GW_TYPE_OPT)
            value = &none;
        if (value == NULL) {
            return GW_FAIL_CODE(err, GW_INVALID, 7303, "`%.*s` is missing",
                                GW_TEXT_ARG(fields[i].name));
        }
        gw_rc rc = gw_value_from_json(fields[i].type, value, arena, &values[i], err);
        if (rc < 0) {
            if (err && err->code == 0)
                err->code = 7303;
            return gw_err_wrap_rc(err, rc, "`%.*s`", GW_TEXT_ARG(fields[i].name));
        }
    }
    *ret = values;
    return GW_OK;
}

gw_rc gw_args_from_json(const struct gw_fn *fn, const struct gw_json *node, struct gw_arena *arena,
                        struct gw_bytes *ret, struct gw_err *err)
{
    union gw_value *values = NULL;
    struct gw_buf buf;
    size_t room = GW_CBOR_HEAD_MAX;
    GW_TRY(read_fields(fn->params, fn->param_count, node, arena, &values, err));
    for (uint32_t i = 0; i < fn->param_count; i++)
        room += fn->params[i].type->bytes_max;
    GW_TRY(open_buf(arena, room, &buf, err));
    gw_cbor_put_array(&buf, fn->param_count);
    for (uint32_t i = 0; i < fn->param_count; i++)
        gw_value_encode(fn->params[i].type, values[i], &buf);
    GW_TRY(gw_buf_check(&buf, "arguments", err));
    *ret = gw_buf_bytes(&buf);
    return GW_OK;
}

gw_rc gw_key_from_json(const struct gw_entity *entity, const struct gw_json *node,
                       struct gw_arena *arena, struct gw_bytes *ret, struct gw_err *err)
{
    union gw_value *values = NULL;
    struct gw_json list = {.kind = GW_JSON_ARRAY, .count = 1};
    struct gw_json one;
    struct gw_buf buf;
    if (node == NULL)
        return GW_FAIL_CODE(err, GW_INVALID, 7303, "the key is missing");
    bool is_group = node->kind == GW_JSON_ARRAY || node->kind == GW_JSON_OBJECT;
    if (entity->key_count == 1 && !is_group) {
        one = *node; /* a list of one item */
        one.next = NULL;
        list.first = list.last = &one;
        node = &list;
    }
    GW_TRY(read_fields(entity->fields, entity->key_count, node, arena, &values, err));
    GW_TRY(open_buf(arena, GW_KV_KEY_MAX, &buf, err));
    gw_entity_key(entity, values, &buf);
    GW_TRY(gw_buf_check(&buf, "key", err));
    *ret = gw_buf_bytes(&buf);
    return GW_OK;
}

gw_rc gw_key_from_text(const struct gw_entity *entity, struct gw_text text, struct gw_arena *arena,
                       struct gw_bytes *ret, struct gw_err *err)
{
    struct gw_json *items = GW_NEW_ARRAY(arena, struct gw_json, entity->key_count);
    struct gw_json list = {.kind = GW_JSON_ARRAY, .count = entity->key_count, .first = items};
    if (items == NULL)
        return GW_FAIL_NOMEM(err);
    for (uint32_t i = 0; i < entity->key_count; i++) {
        const char *comma =
            i + 1 < entity->key_count && text.len ? memchr(text.data, ',', text.len) : NULL;
        size_t len = comma ? (size_t)(comma - text.data) : text.len;
        if (i + 1 < entity->key_count && comma == NULL) {
            return GW_FAIL_CODE(err, GW_INVALID, 7303,
                                "a key of %.*s has %u parts, with commas between",
                                GW_TEXT_ARG(entity->name), entity->key_count);
        }
        items[i] = (struct gw_json){.kind = GW_JSON_STRING, .text = {text.data, len}};
        items[i].next = i + 1 < entity->key_count ? &items[i + 1] : NULL;
        text.data += len + (comma != NULL);
        text.len -= len + (comma != NULL);
    }
    return gw_key_from_json(entity, &list, arena, ret, err);
}

gw_rc gw_image_from_json(const struct gw_entity *entity, const struct gw_json *node,
                         struct gw_arena *arena, struct gw_bytes *ret, struct gw_err *err)
{
    union gw_value *values = NULL;
    struct gw_buf buf;
    GW_TRY(read_fields(entity->fields, entity->field_count, node, arena, &values, err));
    GW_TRY(open_buf(arena, entity->image_bytes_max, &buf, err));
    gw_image_encode(entity, values, &buf);
    GW_TRY(gw_buf_check(&buf, "image", err));
    *ret = gw_buf_bytes(&buf);
    return GW_OK;
}

gw_rc gw_result_to_json(const struct gw_fn *fn, struct gw_bytes bytes, struct gw_arena *arena,
                        struct gw_text *ret, struct gw_err *err)
{
    struct gw_call_result result;
    struct gw_buf buf;
    GW_TRY(gw_call_result_decode(fn, bytes, arena, &result, err));
    size_t room = 256 + result.detail.len * 6 +
                  (result.type ? (size_t)result.type->bytes_max * 8 : 0); /* \u00XX at worst */
    GW_TRY(open_buf(arena, room, &buf, err));
    struct gw_json_writer w = gw_json_writer(&buf, 0);
    gw_json_put_object(&w);
    gw_call_result_to_json(&result, &w);
    gw_json_put_object_end(&w);
    GW_TRY(gw_json_writer_check(&w, "result", err));
    *ret = gw_buf_text(&buf);
    return GW_OK;
}
