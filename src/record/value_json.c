/* Values as JSON, without loss in either direction. */
#include "base/int.h"
#include "base/near.h"
#include "record/real.h"
#include "record/text.h"
#include "record/text_int.h"

/* ---- writing ---- */

static void put_bytes(struct gw_bytes bytes, struct gw_json_writer *writer)
{
    /* The writer takes whole texts; hex needs no escapes, so it goes into the buffer piece by piece. */
    gw_json_put_raw(writer, GW_TEXT_LIT("\""));
    for (size_t i = 0; i < bytes.len; i++) {
        char hex[3];
        gw_hex((struct gw_bytes){bytes.data + i, 1}, hex);
        gw_buf_put(writer->buf, hex, 2);
    }
    gw_buf_put_u8(writer->buf, '"');
}

static void put_real(uint64_t bits, struct gw_json_writer *writer)
{
    char memory[48];
    struct gw_buf text;
    gw_buf_init_fixed(&text, memory, sizeof(memory));
    gw_real_text(bits, &text);
    if (gw_real_is_finite(bits)) {
        gw_json_put_raw(writer, gw_buf_text(&text));
    } else {
        gw_json_put_text(writer, gw_buf_text(&text));
    }
}

static void put_as_text(const struct gw_type *type, union gw_value value,
                        struct gw_json_writer *writer)
{
    char text[GW_INT_TEXT_MAX];
    size_t len = 0;
    if (type->kind == GW_TYPE_DEC) {
        len = gw_dec_text(value.i, type->scale, text);
    } else if (type->kind == GW_TYPE_TIME) {
        len = gw_time_text((int64_t)value.i, type->unit, text);
    } else {
        gw_value_uuid_text(value.u, text);
        len = GW_UUID_TEXT_MAX - 1;
    }
    gw_json_put_text(writer, (struct gw_text){text, len});
}

/* NOLINTNEXTLINE(misc-no-recursion): at most GW_TYPE_DEPTH_MAX deep */
static void put_items(const struct gw_type *type, union gw_value value,
                      struct gw_json_writer *writer)
{
    gw_json_put_array(writer);
    for (size_t i = 0; i < value.list.count; i++) {
        gw_value_to_json(type->items[type->kind == GW_TYPE_TUPLE ? i : 0], value.list.items[i],
                         writer);
    }
    gw_json_put_array_end(writer);
}

/* NOLINTNEXTLINE(misc-no-recursion): at most GW_TYPE_DEPTH_MAX deep */
void gw_value_to_json(const struct gw_type *type, union gw_value value,
                      struct gw_json_writer *writer)
{
    switch (type->kind) {
    case GW_TYPE_BOOL:
        gw_json_put_bool(writer, value.i != 0);
        return;
    case GW_TYPE_DEC:
    case GW_TYPE_TIME:
    case GW_TYPE_UUID:
        put_as_text(type, value, writer);
        return;
    case GW_TYPE_STR:
        gw_json_put_text(writer, gw_bytes_text(value.bytes));
        return;
    case GW_TYPE_BYTES:
        put_bytes(value.bytes, writer);
        return;
    case GW_TYPE_ENUM:
        gw_json_put_text(writer, gw_value_enum_name(type, value.i));
        return;
    case GW_TYPE_OPT:
        if (value.opt) {
            gw_value_to_json(type->items[0], *value.opt, writer);
        } else {
            gw_json_put_null(writer);
        }
        return;
    case GW_TYPE_TUPLE:
    case GW_TYPE_LIST:
        put_items(type, value, writer);
        return;
    case GW_TYPE_REAL:
        put_real((uint64_t)value.u, writer);
        return;
    default: /* integers, dur in nanoseconds */
        if (gw_type_is_signed(type->kind)) {
            gw_json_put_i128(writer, value.i);
        } else {
            gw_json_put_u128(writer, value.u);
        }
        return;
    }
}

/* ---- reading ---- */

enum { SHOWN_MAX = 64 };

/* "expected dec<18,2>, got 1.105" */
static gw_rc expected(const struct gw_type *type, const struct gw_json *node, struct gw_err *err)
{
    char memory[160];
    struct gw_buf name;
    gw_buf_init_fixed(&name, memory, sizeof(memory));
    gw_type_text(type, &name);
    struct gw_text wanted = gw_buf_text(&name);
    if (node == NULL || (node->kind != GW_JSON_NUMBER && node->kind != GW_JSON_STRING)) {
        return GW_FAIL(err, GW_INVALID, "expected %.*s, got %s", GW_TEXT_ARG(wanted),
                       gw_json_kind_text(node));
    }
    const char *quote = node->kind == GW_JSON_STRING ? "\"" : "";
    struct gw_text shown = {node->text.data, GW_MIN(node->text.len, (size_t)SHOWN_MAX)};
    return GW_FAIL(err, GW_INVALID, "expected %.*s, got %s%.*s%s%s", GW_TEXT_ARG(wanted), quote,
                   GW_TEXT_ARG(shown), shown.len < node->text.len ? "…" : "", quote);
}

static bool dur_from(const struct gw_json *node, union gw_value *ret)
{
    struct gw_text text;
    int64_t ns = 0;
    if (!gw_json_get_text(node, &text) || !gw_dur_parse(text, &ns))
        return gw_json_get_i128(node, &ret->i);
    ret->i = ns;
    return true;
}

static bool time_from(const struct gw_type *type, const struct gw_json *node, union gw_value *ret)
{
    struct gw_text text;
    int64_t count = 0;
    if (!gw_json_get_text(node, &text) || !gw_time_parse(text, type->unit, &count))
        return false;
    ret->i = count;
    return true;
}

/* With dashes in their places, or without any; upper or lower case. */
static bool uuid_from(const struct gw_json *node, union gw_value *ret)
{
    struct gw_text text;
    char hex[32];
    if (!gw_json_get_text(node, &text) || (text.len != 32 && text.len != 36))
        return false;
    for (size_t i = 0, at = 0; i < sizeof(hex); i++, at++) {
        if (text.len == 36 && (i == 8 || i == 12 || i == 16 || i == 20) && text.data[at++] != '-')
            return false;
        hex[i] = text.data[at];
    }
    struct gw_hash128 big_endian;
    if (!gw_unhex((struct gw_text){hex, sizeof(hex)}, big_endian.bytes, sizeof(big_endian.bytes)))
        return false;
    ret->u = gw_hash128_number(big_endian);
    return true;
}

static bool real_from(const struct gw_json *node, union gw_value *ret)
{
    uint64_t bits = 0;
    if (node == NULL || (node->kind != GW_JSON_NUMBER && node->kind != GW_JSON_STRING) ||
        !gw_real_parse(node->text, &bits))
        return false;
    ret->u = bits;
    return true;
}

static bool scalar_from(const struct gw_type *type, const struct gw_json *node, union gw_value *ret)
{
    bool truth = false;
    switch (type->kind) {
    case GW_TYPE_BOOL:
        if (!gw_json_get_bool(node, &truth))
            return false;
        ret->i = truth;
        return true;
    case GW_TYPE_DEC:
        return gw_json_get_dec(node, type->scale, &ret->i);
    case GW_TYPE_TIME:
        return time_from(type, node, ret);
    case GW_TYPE_DUR:
        return dur_from(node, ret);
    case GW_TYPE_UUID:
        return uuid_from(node, ret);
    case GW_TYPE_REAL:
        return real_from(node, ret);
    default: /* integers */
        return gw_type_is_signed(type->kind) ? gw_json_get_i128(node, &ret->i)
                                             : gw_json_get_u128(node, &ret->u);
    }
}

static gw_rc read_scalar(const struct gw_type *type, const struct gw_json *node,
                         union gw_value *ret, struct gw_err *err)
{
    union gw_value value = {.u = 0};
    if (!scalar_from(type, node, &value) || gw_value_check(type, value, NULL) < 0)
        return expected(type, node, err);
    *ret = value;
    return GW_OK;
}

static gw_rc read_enum(const struct gw_type *type, const struct gw_json *node, union gw_value *ret,
                       struct gw_err *err)
{
    struct gw_text name = {NULL, 0};
    union gw_value value = {.u = 0};
    const struct gw_enum *members = type->members;
    if (gw_json_get_text(node, &name)) {
        struct gw_text best = {NULL, 0};
        for (uint32_t i = 0; i < members->member_count; i++) {
            if (gw_text_equal(members->members[i].name, name)) {
                ret->i = members->members[i].number;
                return GW_OK;
            }
            if (best.data == NULL)
                best = gw_near(name, &members->members[i].name, 1);
        }
        gw_rc rc = expected(type, node, err);
        if (best.data)
            gw_err_hint(err, "did you mean `%.*s`?", GW_TEXT_ARG(best));
        return rc;
    }
    if (!gw_json_get_i128(node, &value.i) || gw_value_check(type, value, NULL) < 0)
        return expected(type, node, err);
    *ret = value;
    return GW_OK;
}

static gw_rc read_text(const struct gw_type *type, const struct gw_json *node,
                       struct gw_arena *arena, union gw_value *ret, struct gw_err *err)
{
    struct gw_text text;
    union gw_value value;
    if (node == NULL || node->kind != GW_JSON_STRING)
        return expected(type, node, err);
    text = node->text;
    if (type->kind == GW_TYPE_BYTES) {
        uint8_t *bytes = gw_arena_get_raw(arena, text.len / 2);
        if (bytes == NULL)
            return GW_FAIL_NOMEM(err);
        if (!gw_unhex(text, bytes, text.len / 2))
            return expected(type, node, err);
        value.bytes = (struct gw_bytes){bytes, text.len / 2};
    } else {
        value.bytes = gw_arena_copy(arena, gw_text_bytes(text));
        if (value.bytes.data == NULL)
            return GW_FAIL_NOMEM(err);
    }
    GW_TRY(gw_value_check(type, value, err));
    *ret = value;
    return GW_OK;
}

/* NOLINTNEXTLINE(misc-no-recursion): at most GW_TYPE_DEPTH_MAX deep */
static gw_rc read_opt(const struct gw_type *type, const struct gw_json *node,
                      struct gw_arena *arena, union gw_value *ret, struct gw_err *err)
{
    union gw_value value = {.u = 0};
    if (node == NULL || node->kind != GW_JSON_NULL) {
        union gw_value *some = GW_NEW(arena, union gw_value);
        if (some == NULL)
            return GW_FAIL_NOMEM(err);
        GW_TRY(gw_value_from_json(type->items[0], node, arena, some, err));
        value.opt = some;
    }
    *ret = value;
    return GW_OK;
}

/* NOLINTNEXTLINE(misc-no-recursion): at most GW_TYPE_DEPTH_MAX deep */
static gw_rc read_items(const struct gw_type *type, const struct gw_json *node,
                        struct gw_arena *arena, union gw_value *ret, struct gw_err *err)
{
    bool is_tuple = type->kind == GW_TYPE_TUPLE;
    if (node == NULL || node->kind != GW_JSON_ARRAY)
        return expected(type, node, err);
    uint32_t most = is_tuple ? type->item_count : type->max;
    if (is_tuple ? node->count != most : node->count > most) {
        return GW_FAIL(err, GW_INVALID, "%u items, %s %u are allowed", node->count,
                       is_tuple ? "exactly" : "at most", most);
    }
    union gw_value *items = GW_NEW_ARRAY(arena, union gw_value, node->count);
    if (items == NULL)
        return GW_FAIL_NOMEM(err);
    size_t count = 0;
    for (const struct gw_json *item = node->first; item; item = item->next, count++) {
        const struct gw_type *item_type = type->items[is_tuple ? count : 0];
        gw_rc rc = gw_value_from_json(item_type, item, arena, &items[count], err);
        if (rc < 0)
            return gw_err_wrap_rc(err, rc, "item %zu", count);
    }
    ret->list.items = items;
    ret->list.count = count;
    return GW_OK;
}

/* NOLINTNEXTLINE(misc-no-recursion): at most GW_TYPE_DEPTH_MAX deep */
gw_rc gw_value_from_json(const struct gw_type *type, const struct gw_json *node,
                         struct gw_arena *arena, union gw_value *ret, struct gw_err *err)
{
    switch (type->kind) {
    case GW_TYPE_STR:
    case GW_TYPE_BYTES:
        return read_text(type, node, arena, ret, err);
    case GW_TYPE_ENUM:
        return read_enum(type, node, ret, err);
    case GW_TYPE_OPT:
        return read_opt(type, node, arena, ret, err);
    case GW_TYPE_TUPLE:
    case GW_TYPE_LIST:
        return read_items(type, node, arena, ret, err);
    default: /* what has no parts */
        return read_scalar(type, node, ret, err);
    }
}
