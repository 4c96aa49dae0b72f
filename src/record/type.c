#include "record/type.h"

#include "base/int.h"
#include "record/value_int.h"

enum {
    BIGNUM_BYTES = 18, /* tag, head, 16 bytes */
    UUID_BYTES = 17,
    REAL_BYTES = 9,
    INT64_BYTES = 9,
};

/* Times that RFC 3339 can write: 0000-01-01 to the end of 9999, in seconds. */
#define FIRST_S INT64_C(-62167219200)
#define LAST_S  INT64_C(253402300799)

const struct gw_time_span gw_type_time_spans[] = {
    [GW_TIME_S] = {FIRST_S, LAST_S},
    [GW_TIME_MS] = {FIRST_S * 1000, LAST_S * 1000 + 999},
    [GW_TIME_US] = {FIRST_S * 1000000, LAST_S * 1000000 + 999999},
    [GW_TIME_NS] = {INT64_MIN, INT64_MAX},
};

/* One object for every kind; gw_type_of_kind() gives out those that need no parameters. */
static const struct gw_type plain[] = {
#define BYTES_OF(bits) ((bits) == 128 ? (uint32_t)BIGNUM_BYTES : (uint32_t)((bits) / 8 + 1))
#define X(name, text, bits, is_signed) \
    [GW_TYPE_##name] = {.kind = GW_TYPE_##name, .bytes_max = BYTES_OF(bits), .depth = 1},
    GW_TYPE_KINDS(X)
#undef X
#undef BYTES_OF
};

static const struct gw_type dur = {.kind = GW_TYPE_DUR, .bytes_max = INT64_BYTES, .depth = 1};
static const struct gw_type uuid = {.kind = GW_TYPE_UUID, .bytes_max = UUID_BYTES, .depth = 1};
static const struct gw_type real = {.kind = GW_TYPE_REAL, .bytes_max = REAL_BYTES, .depth = 1};

static const char *kind_text(enum gw_type_kind kind)
{
    switch (kind) {
#define X(name, text, bits, is_signed) \
    case GW_TYPE_##name:               \
        return text;
        GW_TYPE_KINDS(X)
#undef X
    }
    GW_UNREACHABLE_CODE();
    return NULL;
}

const struct gw_type *gw_type_of_kind(enum gw_type_kind kind)
{
    GW_ASSERT(kind_text(kind) != NULL);
    if (kind == GW_TYPE_DUR)
        return &dur;
    if (kind == GW_TYPE_UUID)
        return &uuid;
    return kind == GW_TYPE_REAL ? &real : &plain[kind];
}

unsigned gw_type_bits(enum gw_type_kind kind)
{
    switch (kind) {
#define X(name, text, bits, is_signed) \
    case GW_TYPE_##name:               \
        return bits;
        GW_TYPE_KINDS(X)
#undef X
    }
    return 0;
}

bool gw_type_is_signed(enum gw_type_kind kind)
{
    switch (kind) {
#define X(name, text, bits, is_signed) \
    case GW_TYPE_##name:               \
        return is_signed;
        GW_TYPE_KINDS(X)
#undef X
    }
    return false;
}

bool gw_type_is_integer(enum gw_type_kind kind)
{
    return gw_type_bits(kind) != 0;
}

static void integer_range(enum gw_type_kind kind, gw_i128 *ret_min, gw_u128 *ret_max)
{
    unsigned bits = gw_type_bits(kind);
    gw_u128 all = ~(gw_u128)0 >> (128 - bits);
    if (gw_type_is_signed(kind)) {
        *ret_max = all >> 1;
        *ret_min = -(gw_i128)*ret_max - 1;
    } else {
        *ret_max = all;
        *ret_min = 0;
    }
}

static void enum_range(const struct gw_enum *members, gw_i128 *ret_min, gw_u128 *ret_max)
{
    gw_i128 least = members->members[0].number, most = least;
    for (uint32_t i = 1; i < members->member_count; i++) {
        least = GW_MIN(least, members->members[i].number);
        most = GW_MAX(most, members->members[i].number);
    }
    *ret_min = least;
    *ret_max = most < 0 ? 0 : (gw_u128)most;
}

void gw_type_range(const struct gw_type *type, gw_i128 *ret_min, gw_u128 *ret_max)
{
    *ret_min = 0;
    *ret_max = 0;
    if (gw_type_is_integer(type->kind)) {
        integer_range(type->kind, ret_min, ret_max);
    } else if (type->kind == GW_TYPE_BOOL) {
        *ret_max = 1;
    } else if (type->kind == GW_TYPE_DEC) {
        *ret_max = gw_pow10(type->precision) - 1;
        *ret_min = -(gw_i128)*ret_max;
    } else if (type->kind == GW_TYPE_TIME) {
        *ret_min = gw_type_time_spans[type->unit].first;
        *ret_max = (gw_u128)gw_type_time_spans[type->unit].last;
    } else if (type->kind == GW_TYPE_DUR) {
        *ret_min = INT64_MIN;
        *ret_max = INT64_MAX;
    } else if (type->kind == GW_TYPE_ENUM) {
        enum_range(type->members, ret_min, ret_max);
    }
}

/* ---- finishing: parameters and worst case ---- */

static uint32_t head_bytes(gw_u128 argument)
{
    if (argument < 24)
        return 1;
    if (argument <= UINT8_MAX)
        return 2;
    if (argument <= UINT16_MAX)
        return 3;
    if (argument <= UINT32_MAX)
        return 5;
    return argument <= UINT64_MAX ? 9 : BIGNUM_BYTES;
}

static gw_rc finish_dec(struct gw_type *type, struct gw_err *err)
{
    if (type->precision < 1 || type->precision > GW_DEC_DIGITS_MAX) {
        return GW_FAIL(err, GW_INVALID, "dec<%u,%u>: precision must be 1 to %d digits",
                       type->precision, type->scale, GW_DEC_DIGITS_MAX);
    }
    if (type->scale > type->precision) {
        return GW_FAIL(err, GW_INVALID, "dec<%u,%u>: scale is larger than the precision",
                       type->precision, type->scale);
    }
    gw_u128 most = gw_pow10(type->precision) - 1;
    type->bytes_max = 1 + head_bytes(type->scale) + head_bytes(most);
    return GW_OK;
}

static gw_rc finish_text(struct gw_type *type, struct gw_err *err)
{
    if (type->max < 1 || type->max > GW_TYPE_TEXT_BYTES_MAX) {
        return GW_FAIL(err, GW_INVALID, "%s<%u>: the bound must be 1 to %d bytes",
                       type->kind == GW_TYPE_STR ? "str" : "bytes", type->max,
                       GW_TYPE_TEXT_BYTES_MAX);
    }
    type->bytes_max = head_bytes(type->max) + type->max;
    return GW_OK;
}

static gw_rc check_member(const struct gw_enum *members, uint32_t at, struct gw_err *err)
{
    gw_i128 least = 0;
    gw_u128 most = 0;
    integer_range(members->base, &least, &most);
    const struct gw_enum_member *member = &members->members[at];
    if (member->number < least || (member->number > 0 && (gw_u128)member->number > most)) {
        return GW_FAIL(err, GW_INVALID, "enum %.*s: the number of %.*s does not fit %s",
                       GW_TEXT_ARG(members->name), GW_TEXT_ARG(member->name),
                       kind_text(members->base));
    }
    for (uint32_t i = 0; i < at; i++) {
        if (members->members[i].number == member->number ||
            gw_text_equal(members->members[i].name, member->name)) {
            return GW_FAIL(err, GW_INVALID, "enum %.*s: %.*s repeats a name or number",
                           GW_TEXT_ARG(members->name), GW_TEXT_ARG(member->name));
        }
    }
    return GW_OK;
}

static gw_rc finish_enum(struct gw_type *type, struct gw_err *err)
{
    const struct gw_enum *members = type->members;
    if (members == NULL || !gw_type_is_integer(members->base))
        return GW_FAIL(err, GW_INVALID, "an enum is based on an integer type");
    if (members->member_count < 1 || members->member_count > GW_ENUM_MEMBERS_MAX) {
        return GW_FAIL(err, GW_INVALID, "enum %.*s: 1 to %d members, not %u",
                       GW_TEXT_ARG(members->name), GW_ENUM_MEMBERS_MAX, members->member_count);
    }
    for (uint32_t i = 0; i < members->member_count; i++)
        GW_TRY(check_member(members, i, err));
    type->bytes_max = plain[members->base].bytes_max;
    return GW_OK;
}

static gw_rc finish_parts(struct gw_type *type, struct gw_err *err)
{
    uint64_t bytes = 0;
    uint8_t depth = 0;
    for (uint32_t i = 0; i < type->item_count; i++) {
        GW_ASSERT(type->items[i]->bytes_max > 0); /* parts are finished first */
        bytes += type->items[i]->bytes_max;
        depth = GW_MAX(depth, type->items[i]->depth);
    }
    if (depth >= GW_TYPE_DEPTH_MAX)
        return GW_FAIL(err, GW_INVALID, "types nest at most %d deep", GW_TYPE_DEPTH_MAX);
    if (type->kind == GW_TYPE_LIST)
        bytes *= type->max;
    if (type->kind != GW_TYPE_OPT)
        bytes += head_bytes(type->kind == GW_TYPE_LIST ? type->max : type->item_count);
    if (bytes > GW_TYPE_BYTES_MAX) {
        return GW_FAIL(err, GW_INVALID, "a value could need %llu bytes, at most %d are allowed",
                       (unsigned long long)bytes, GW_TYPE_BYTES_MAX);
    }
    type->bytes_max = (uint32_t)bytes;
    type->depth = (uint8_t)(depth + 1);
    return GW_OK;
}

static gw_rc finish_compound(struct gw_type *type, struct gw_err *err)
{
    uint32_t most = type->kind == GW_TYPE_TUPLE ? (uint32_t)GW_TYPE_TUPLE_MAX : 1;
    if (type->items == NULL || type->item_count < 1 || type->item_count > most) {
        return GW_FAIL(err, GW_INVALID, "a type of %u parts, 1 to %u are allowed", type->item_count,
                       most);
    }
    if (type->kind == GW_TYPE_LIST && (type->max < 1 || type->max > GW_TYPE_LIST_MAX)) {
        return GW_FAIL(err, GW_INVALID, "list<…,%u>: the bound must be 1 to %d items", type->max,
                       GW_TYPE_LIST_MAX);
    }
    /* none and some(none) would have the same canonical bytes */
    if (type->kind == GW_TYPE_OPT && type->items[0]->kind == GW_TYPE_OPT)
        return GW_FAIL(err, GW_INVALID, "opt<opt<…>> is not a type: one none is enough");
    return finish_parts(type, err);
}

gw_rc gw_type_finish(struct gw_type *type, struct gw_err *err)
{
    type->depth = 1;
    switch (type->kind) {
    case GW_TYPE_DEC:
        return finish_dec(type, err);
    case GW_TYPE_TIME:
        if ((unsigned)type->unit > GW_TIME_NS)
            return GW_FAIL(err, GW_INVALID, "time<U>: U is s, ms, us or ns");
        type->bytes_max = INT64_BYTES;
        return GW_OK;
    case GW_TYPE_STR:
    case GW_TYPE_BYTES:
        return finish_text(type, err);
    case GW_TYPE_ENUM:
        return finish_enum(type, err);
    case GW_TYPE_OPT:
    case GW_TYPE_TUPLE:
    case GW_TYPE_LIST:
        return finish_compound(type, err);
    default: /* kinds without parameters */
        type->bytes_max = gw_type_of_kind(type->kind)->bytes_max;
        return GW_OK;
    }
}

static bool enum_equal(const struct gw_enum *a, const struct gw_enum *b)
{
    if (a == b)
        return true;
    if (a->base != b->base || a->member_count != b->member_count ||
        !gw_text_equal(a->name, b->name))
        return false;
    for (uint32_t i = 0; i < a->member_count; i++) {
        if (a->members[i].number != b->members[i].number ||
            !gw_text_equal(a->members[i].name, b->members[i].name))
            return false;
    }
    return true;
}

/* NOLINTNEXTLINE(misc-no-recursion): at most GW_TYPE_DEPTH_MAX deep */
static bool items_equal(const struct gw_type *a, const struct gw_type *b)
{
    if (a->item_count != b->item_count)
        return false;
    for (uint32_t i = 0; i < a->item_count; i++) {
        if (!gw_type_equal(a->items[i], b->items[i]))
            return false;
    }
    return true;
}

/* NOLINTNEXTLINE(misc-no-recursion): at most GW_TYPE_DEPTH_MAX deep */
bool gw_type_equal(const struct gw_type *a, const struct gw_type *b)
{
    if (a == b)
        return true;
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case GW_TYPE_DEC:
        return a->precision == b->precision && a->scale == b->scale;
    case GW_TYPE_TIME:
        return a->unit == b->unit;
    case GW_TYPE_STR:
    case GW_TYPE_BYTES:
        return a->max == b->max;
    case GW_TYPE_ENUM:
        return enum_equal(a->members, b->members);
    case GW_TYPE_LIST:
        return a->max == b->max && items_equal(a, b);
    case GW_TYPE_OPT:
    case GW_TYPE_TUPLE:
        return items_equal(a, b);
    default: /* kinds without parameters */
        return true;
    }
}

/* NOLINTNEXTLINE(misc-no-recursion): at most GW_TYPE_DEPTH_MAX deep */
static void tuple_text(const struct gw_type *type, struct gw_buf *ret)
{
    gw_buf_put_str(ret, "(");
    for (uint32_t i = 0; i < type->item_count; i++) {
        gw_buf_put_str(ret, i ? ", " : "");
        gw_type_text(type->items[i], ret);
    }
    gw_buf_put_str(ret, ")");
}

/* NOLINTNEXTLINE(misc-no-recursion): at most GW_TYPE_DEPTH_MAX deep */
void gw_type_text(const struct gw_type *type, struct gw_buf *ret)
{
    switch (type->kind) {
    case GW_TYPE_DEC:
        gw_buf_printf(ret, "dec<%u,%u>", type->precision, type->scale);
        return;
    case GW_TYPE_TIME:
        gw_buf_printf(ret, "time<%s>", gw_time_unit_name(type->unit));
        return;
    case GW_TYPE_STR:
    case GW_TYPE_BYTES:
        gw_buf_printf(ret, "%s<%u>", type->kind == GW_TYPE_STR ? "str" : "bytes", type->max);
        return;
    case GW_TYPE_ENUM:
        gw_buf_put_text(ret, type->members->name);
        return;
    case GW_TYPE_OPT:
        gw_buf_put_str(ret, "opt<");
        gw_type_text(type->items[0], ret);
        gw_buf_put_str(ret, ">");
        return;
    case GW_TYPE_LIST:
        gw_buf_put_str(ret, "list<");
        gw_type_text(type->items[0], ret);
        gw_buf_printf(ret, ",%u>", type->max);
        return;
    case GW_TYPE_TUPLE:
        tuple_text(type, ret);
        return;
    default: /* kinds without parameters */
        gw_buf_put_str(ret, kind_text(type->kind));
        return;
    }
}
