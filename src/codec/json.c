#include "codec/json.h"

#include "codec/json_number.h"

/* ---- making the tree ---- */

struct builder {
    struct gw_json_reader reader;
    struct gw_arena *arena;
    struct gw_json *open; /* innermost open object or array, NULL outside */
    struct gw_json *root;
    struct gw_text name; /* of the member that comes next; data == NULL outside objects */
    size_t name_at;
};

static enum gw_json_kind kind_of(enum gw_json_event event)
{
    switch (event) {
    case GW_JSON_AT_OBJECT:
        return GW_JSON_OBJECT;
    case GW_JSON_AT_ARRAY:
        return GW_JSON_ARRAY;
    case GW_JSON_AT_STRING:
        return GW_JSON_STRING;
    case GW_JSON_AT_NUMBER:
        return GW_JSON_NUMBER;
    case GW_JSON_AT_TRUE:
    case GW_JSON_AT_FALSE:
        return GW_JSON_BOOL;
    case GW_JSON_AT_NULL:
    case GW_JSON_AT_END:
    case GW_JSON_AT_OBJECT_END:
    case GW_JSON_AT_ARRAY_END:
    case GW_JSON_AT_NAME:
        break;
    }
    return GW_JSON_NULL;
}

static gw_rc node_add(struct builder *b, enum gw_json_event event, struct gw_err *err)
{
    struct gw_json *node = GW_NEW(b->arena, struct gw_json);
    if (node == NULL)
        return GW_FAIL_NOMEM(err);
    *node = (struct gw_json){
        .kind = kind_of(event),
        .truth = event == GW_JSON_AT_TRUE,
        .text = b->reader.text,
        .name = b->name,
        .parent = b->open,
        .name_at = b->name_at,
        .at = (size_t)(b->reader.token - b->reader.begin),
    };
    b->name = (struct gw_text){NULL, 0};
    struct gw_json *parent = b->open;
    if (parent == NULL) {
        b->root = node;
    } else {
        *(parent->last ? &parent->last->next : &parent->first) = node;
        parent->last = node;
        parent->count++;
    }
    if (node->kind == GW_JSON_OBJECT || node->kind == GW_JSON_ARRAY)
        b->open = node;
    return GW_OK;
}

gw_rc gw_json_parse(struct gw_text input, const struct gw_json_opts *opts, struct gw_arena *arena,
                    struct gw_json_doc *ret, struct gw_err *err)
{
    struct builder b = {.arena = arena};
    gw_json_reader_init(&b.reader, input, opts, arena);
    for (;;) {
        enum gw_json_event event = GW_JSON_AT_END;
        GW_TRY(gw_json_next(&b.reader, &event, err));
        if (event == GW_JSON_AT_END)
            break;
        if (event == GW_JSON_AT_NAME) {
            b.name = b.reader.text;
            b.name_at = (size_t)(b.reader.token - b.reader.begin);
        } else if (event == GW_JSON_AT_OBJECT_END || event == GW_JSON_AT_ARRAY_END) {
            b.open = b.open->parent;
        } else {
            GW_TRY(node_add(&b, event, err));
        }
    }
    *ret = (struct gw_json_doc){b.root, input, b.reader.opts.name};
    return GW_OK;
}

/* ---- looking into it ---- */

const struct gw_json *gw_json_member_text(const struct gw_json *object, struct gw_text name)
{
    const struct gw_json *found = NULL;
    if (object == NULL || object->kind != GW_JSON_OBJECT)
        return NULL;
    for (const struct gw_json *at = object->first; at; at = at->next) {
        if (gw_text_equal(at->name, name))
            found = at;
    }
    return found;
}

const struct gw_json *gw_json_member(const struct gw_json *object, const char *name)
{
    return gw_json_member_text(object, gw_text(name));
}

bool gw_json_get_bool(const struct gw_json *node, bool *ret)
{
    if (node == NULL || node->kind != GW_JSON_BOOL)
        return false;
    *ret = node->truth;
    return true;
}

bool gw_json_get_text(const struct gw_json *node, struct gw_text *ret)
{
    if (node == NULL || node->kind != GW_JSON_STRING)
        return false;
    *ret = node->text;
    return true;
}

static bool is_numeric(const struct gw_json *node)
{
    return node && (node->kind == GW_JSON_NUMBER || node->kind == GW_JSON_STRING);
}

bool gw_json_get_u128(const struct gw_json *node, gw_u128 *ret)
{
    return is_numeric(node) && gw_json_number_u128(node->text, 0, ret);
}

bool gw_json_get_i128(const struct gw_json *node, gw_i128 *ret)
{
    return gw_json_get_dec(node, 0, ret);
}

bool gw_json_get_dec(const struct gw_json *node, unsigned scale, gw_i128 *ret)
{
    return is_numeric(node) && gw_json_number_i128(node->text, scale, ret);
}

bool gw_json_get_u64(const struct gw_json *node, uint64_t *ret)
{
    gw_u128 value = 0;
    if (!gw_json_get_u128(node, &value) || value > UINT64_MAX)
        return false;
    *ret = (uint64_t)value;
    return true;
}

bool gw_json_get_i64(const struct gw_json *node, int64_t *ret)
{
    gw_i128 value = 0;
    if (!gw_json_get_i128(node, &value) || value > INT64_MAX || value < INT64_MIN)
        return false;
    *ret = (int64_t)value;
    return true;
}

const char *gw_json_kind_text(const struct gw_json *node)
{
    if (node == NULL)
        return "nothing";
    switch (node->kind) {
    case GW_JSON_NULL:
        return "null";
    case GW_JSON_BOOL:
        return "true or false";
    case GW_JSON_NUMBER:
        return "a number";
    case GW_JSON_STRING:
        return "a text";
    case GW_JSON_ARRAY:
        return "an array";
    case GW_JSON_OBJECT:
        return "an object";
    }
    return "something else";
}

void gw_json_err_place(const struct gw_json_doc *doc, const struct gw_json *node,
                       struct gw_err *err)
{
    uint32_t line = 0, column = 0;
    if (err == NULL)
        return;
    gw_json_place(doc->input, node->at, &line, &column);
    gw_err_place(err, doc->name, line, column);
}
