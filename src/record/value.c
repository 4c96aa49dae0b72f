#include "record/value.h"

#include "codec/utf8.h"

/* How the 16 bytes of a value are read; kinds of one form compare and copy alike. */
enum form { SIGNED, UNSIGNED, TEXT, OPTION, ITEMS };

static enum form form_of(enum gw_type_kind kind)
{
    switch (kind) {
    case GW_TYPE_BOOL:
    case GW_TYPE_I8:
    case GW_TYPE_I16:
    case GW_TYPE_I32:
    case GW_TYPE_I64:
    case GW_TYPE_I128:
    case GW_TYPE_DEC:
    case GW_TYPE_TIME:
    case GW_TYPE_DUR:
    case GW_TYPE_ENUM:
        return SIGNED;
    case GW_TYPE_U8:
    case GW_TYPE_U16:
    case GW_TYPE_U32:
    case GW_TYPE_U64:
    case GW_TYPE_U128:
    case GW_TYPE_UUID:
    case GW_TYPE_REAL:
        return UNSIGNED;
    case GW_TYPE_STR:
    case GW_TYPE_BYTES:
        return TEXT;
    case GW_TYPE_OPT:
        return OPTION;
    case GW_TYPE_TUPLE:
    case GW_TYPE_LIST:
        return ITEMS;
    }
    GW_UNREACHABLE_CODE();
    return SIGNED;
}

static const struct gw_type *item_type(const struct gw_type *type, size_t at)
{
    return type->kind == GW_TYPE_TUPLE ? type->items[at] : type->items[0];
}

/* NOLINTNEXTLINE(misc-no-recursion): at most GW_TYPE_DEPTH_MAX deep */
static int compare_opt(const struct gw_type *type, union gw_value a, union gw_value b)
{
    if (a.opt == NULL || b.opt == NULL)
        return (a.opt != NULL) - (b.opt != NULL);
    return gw_value_compare(type->items[0], *a.opt, *b.opt);
}

/* NOLINTNEXTLINE(misc-no-recursion): at most GW_TYPE_DEPTH_MAX deep */
static int compare_items(const struct gw_type *type, union gw_value a, union gw_value b)
{
    size_t shared = GW_MIN(a.list.count, b.list.count);
    for (size_t i = 0; i < shared; i++) {
        int order = gw_value_compare(item_type(type, i), a.list.items[i], b.list.items[i]);
        if (order)
            return order;
    }
    return (a.list.count > b.list.count) - (a.list.count < b.list.count);
}

/* NOLINTNEXTLINE(misc-no-recursion): at most GW_TYPE_DEPTH_MAX deep */
int gw_value_compare(const struct gw_type *type, union gw_value a, union gw_value b)
{
    switch (form_of(type->kind)) {
    case SIGNED:
        return (a.i > b.i) - (a.i < b.i);
    case UNSIGNED:
        return (a.u > b.u) - (a.u < b.u);
    case TEXT:
        return gw_bytes_compare(a.bytes, b.bytes);
    case OPTION:
        return compare_opt(type, a, b);
    case ITEMS:
        return compare_items(type, a, b);
    }
    GW_UNREACHABLE_CODE();
    return 0;
}

bool gw_value_equal(const struct gw_type *type, union gw_value a, union gw_value b)
{
    switch (form_of(type->kind)) {
    case SIGNED:
    case UNSIGNED:
        return a.u == b.u;
    case TEXT:
        return gw_bytes_equal(a.bytes, b.bytes);
    case OPTION:
    case ITEMS:
        return gw_value_compare(type, a, b) == 0;
    }
    GW_UNREACHABLE_CODE();
    return false;
}

/* ---- check ---- */

static gw_rc fail_outside(const struct gw_type *type, struct gw_err *err)
{
    char text[128];
    struct gw_buf name;
    gw_buf_init_fixed(&name, text, sizeof(text));
    gw_type_text(type, &name);
    return GW_FAIL(err, GW_INVALID, "outside the range of %.*s", GW_TEXT_ARG(gw_buf_text(&name)));
}

static gw_rc check_signed(const struct gw_type *type, gw_i128 value, struct gw_err *err)
{
    gw_i128 least = 0;
    gw_u128 most = 0;
    gw_type_range(type, &least, &most);
    if (value < least || (value > 0 && (gw_u128)value > most))
        return fail_outside(type, err);
    if (type->kind != GW_TYPE_ENUM)
        return GW_OK;
    for (uint32_t i = 0; i < type->members->member_count; i++) {
        if (type->members->members[i].number == value)
            return GW_OK;
    }
    return GW_FAIL(err, GW_INVALID, "no member of enum %.*s has this number",
                   GW_TEXT_ARG(type->members->name));
}

/* The only NaN of canonical bytes; a payload in another would be lost on the way, so it is refused. */
#define NAN_BITS      UINT64_C(0x7ff8000000000000)
#define INFINITY_BITS UINT64_C(0x7ff0000000000000)

static gw_rc check_unsigned(const struct gw_type *type, gw_u128 value, struct gw_err *err)
{
    if (type->kind == GW_TYPE_UUID || type->kind == GW_TYPE_U128)
        return GW_OK;
    if (type->kind != GW_TYPE_REAL)
        return value >> gw_type_bits(type->kind) ? fail_outside(type, err) : GW_OK;
    if (value >> 64)
        return fail_outside(type, err);
    bool is_nan = ((uint64_t)value & (UINT64_MAX >> 1)) > INFINITY_BITS;
    if (is_nan && (uint64_t)value != NAN_BITS)
        return GW_FAIL(err, GW_INVALID, "a NaN with a sign or payload is not a real");
    return GW_OK;
}

static gw_rc check_text(const struct gw_type *type, struct gw_bytes bytes, struct gw_err *err)
{
    if (bytes.len > type->max)
        return GW_FAIL(err, GW_INVALID, "%zu bytes, at most %u are allowed", bytes.len, type->max);
    if (type->kind == GW_TYPE_STR && !gw_utf8_valid(gw_bytes_text(bytes))) {
        return GW_FAIL(err, GW_INVALID, "byte %zu is not UTF-8",
                       gw_utf8_bad_at(gw_bytes_text(bytes)));
    }
    return GW_OK;
}

/* NOLINTNEXTLINE(misc-no-recursion): at most GW_TYPE_DEPTH_MAX deep */
static gw_rc check_items(const struct gw_type *type, union gw_value value, struct gw_err *err)
{
    if (type->kind == GW_TYPE_TUPLE ? value.list.count != type->item_count
                                    : value.list.count > type->max) {
        return GW_FAIL(err, GW_INVALID, "%zu items, %s %u are allowed", value.list.count,
                       type->kind == GW_TYPE_TUPLE ? "exactly" : "at most",
                       type->kind == GW_TYPE_TUPLE ? type->item_count : type->max);
    }
    for (size_t i = 0; i < value.list.count; i++) {
        gw_rc rc = gw_value_check(item_type(type, i), value.list.items[i], err);
        if (rc < 0)
            return gw_err_wrap_rc(err, rc, "item %zu", i);
    }
    return GW_OK;
}

/* NOLINTNEXTLINE(misc-no-recursion): at most GW_TYPE_DEPTH_MAX deep */
gw_rc gw_value_check(const struct gw_type *type, union gw_value value, struct gw_err *err)
{
    switch (form_of(type->kind)) {
    case SIGNED:
        return check_signed(type, value.i, err);
    case UNSIGNED:
        return check_unsigned(type, value.u, err);
    case TEXT:
        return check_text(type, value.bytes, err);
    case OPTION:
        return value.opt ? gw_value_check(type->items[0], *value.opt, err) : GW_OK;
    case ITEMS:
        return check_items(type, value, err);
    }
    GW_UNREACHABLE_CODE();
    return GW_BUG;
}

/* ---- copy ---- */

/* NOLINTNEXTLINE(misc-no-recursion): at most GW_TYPE_DEPTH_MAX deep */
static bool copy_opt(const struct gw_type *type, union gw_value value, struct gw_arena *arena,
                     union gw_value *ret)
{
    union gw_value inner;
    if (value.opt == NULL) {
        *ret = (union gw_value){.u = 0};
        return true;
    }
    union gw_value *some = GW_NEW(arena, union gw_value);
    if (some == NULL || !gw_value_copy(type->items[0], *value.opt, arena, &inner))
        return false;
    *some = inner;
    *ret = (union gw_value){.u = 0};
    ret->opt = some;
    return true;
}

/* NOLINTNEXTLINE(misc-no-recursion): at most GW_TYPE_DEPTH_MAX deep */
static bool copy_items(const struct gw_type *type, union gw_value value, struct gw_arena *arena,
                       union gw_value *ret)
{
    union gw_value *items = GW_NEW_ARRAY(arena, union gw_value, value.list.count);
    if (items == NULL)
        return false;
    for (size_t i = 0; i < value.list.count; i++) {
        if (!gw_value_copy(item_type(type, i), value.list.items[i], arena, &items[i]))
            return false;
    }
    ret->list.items = items;
    ret->list.count = value.list.count;
    return true;
}

/* NOLINTNEXTLINE(misc-no-recursion): at most GW_TYPE_DEPTH_MAX deep */
bool gw_value_copy(const struct gw_type *type, union gw_value value, struct gw_arena *arena,
                   union gw_value *ret)
{
    switch (form_of(type->kind)) {
    case SIGNED:
    case UNSIGNED:
        *ret = value;
        return true;
    case TEXT: {
        struct gw_bytes copy = gw_arena_copy(arena, value.bytes);
        if (copy.data == NULL)
            return false;
        ret->bytes = copy;
        return true;
    }
    case OPTION:
        return copy_opt(type, value, arena, ret);
    case ITEMS:
        return copy_items(type, value, arena, ret);
    }
    GW_UNREACHABLE_CODE();
    return false;
}
