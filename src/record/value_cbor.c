/* Values as canonical bytes. Reading goes through value_read(), which leaves failures in the CBOR reader; errors are built once, at the end. */
#include "record/value.h"
#include "record/value_int.h"

#include "base/int.h"

/* ---- writing ---- */

/* NOLINTNEXTLINE(misc-no-recursion): at most GW_TYPE_DEPTH_MAX deep */
static void put_items(const struct gw_type *type, union gw_value value, struct gw_buf *ret)
{
    gw_cbor_put_array(ret, value.list.count);
    for (size_t i = 0; i < value.list.count; i++)
        gw_value_encode(type->items[type->kind == GW_TYPE_TUPLE ? i : 0], value.list.items[i], ret);
}

static void put_uuid(gw_u128 number, struct gw_buf *ret)
{
    struct gw_hash128 big_endian = gw_hash128_of_number(number);
    gw_cbor_put_bytes(ret, (struct gw_bytes){big_endian.bytes, sizeof(big_endian.bytes)});
}

/* NOLINTNEXTLINE(misc-no-recursion): at most GW_TYPE_DEPTH_MAX deep */
void gw_value_encode(const struct gw_type *type, union gw_value value, struct gw_buf *ret)
{
    switch (type->kind) {
    case GW_TYPE_BOOL:
        gw_cbor_put_bool(ret, value.i != 0);
        return;
    case GW_TYPE_U8:
    case GW_TYPE_U16:
    case GW_TYPE_U32:
    case GW_TYPE_U64:
        gw_cbor_put_uint(ret, (uint64_t)value.u);
        return;
    case GW_TYPE_U128:
        gw_cbor_put_u128(ret, value.u);
        return;
    case GW_TYPE_I8:
    case GW_TYPE_I16:
    case GW_TYPE_I32:
    case GW_TYPE_I64:
    case GW_TYPE_TIME:
    case GW_TYPE_DUR:
        gw_cbor_put_int(ret, (int64_t)value.i);
        return;
    case GW_TYPE_I128:
    case GW_TYPE_ENUM:
        gw_cbor_put_i128(ret, value.i);
        return;
    case GW_TYPE_DEC:
        gw_cbor_put_array(ret, 2);
        gw_cbor_put_uint(ret, type->scale);
        gw_cbor_put_i128(ret, value.i);
        return;
    case GW_TYPE_STR:
        gw_cbor_put_text(ret, gw_bytes_text(value.bytes));
        return;
    case GW_TYPE_BYTES:
        gw_cbor_put_bytes(ret, value.bytes);
        return;
    case GW_TYPE_UUID:
        put_uuid(value.u, ret);
        return;
    case GW_TYPE_OPT:
        if (value.opt) {
            gw_value_encode(type->items[0], *value.opt, ret);
        } else {
            gw_cbor_put_null(ret);
        }
        return;
    case GW_TYPE_TUPLE:
    case GW_TYPE_LIST:
        put_items(type, value, ret);
        return;
    case GW_TYPE_REAL:
        gw_cbor_put_f64(ret, (uint64_t)value.u);
        return;
    }
    GW_UNREACHABLE_CODE();
}

/* ---- reading ---- */

static const char outside[] = "number outside the range of its type";
static const char no_memory[] = "a memory bound is reached";

static union gw_value read_enum(const struct gw_type *type, struct gw_cbor_reader *r)
{
    gw_i128 number = gw_cbor_get_i128(r);
    for (uint32_t i = 0; i < type->members->member_count; i++) {
        if (type->members->members[i].number == number)
            return (union gw_value){.i = number};
    }
    gw_cbor_fail(r, "no member of the enum has this number");
    return (union gw_value){.i = 0};
}

static union gw_value read_small_int(const struct gw_type *type, struct gw_cbor_reader *r)
{
    int64_t number = gw_cbor_get_int(r);
    int64_t most = INT64_MAX >> (64 - gw_type_bits(type->kind));
    if (GW_UNLIKELY(number > most || number < -most - 1))
        gw_cbor_fail(r, outside);
    return (union gw_value){.i = number};
}

static union gw_value read_dec(const struct gw_type *type, struct gw_cbor_reader *r)
{
    gw_cbor_get_array_of(r, 2);
    if (gw_cbor_get_uint(r) != type->scale)
        gw_cbor_fail(r, "decimal of another scale");
    union gw_value value;
    if (type->precision <= 18) { /* what nearly all money is: no 128-bit arithmetic */
        int64_t most = gw_value_pow10_small[type->precision] - 1;
        int64_t number = gw_cbor_get_int(r);
        if (GW_UNLIKELY(number > most || number < -most))
            gw_cbor_fail(r, outside);
        value.i = number;
        return value;
    }
    gw_i128 most = (gw_i128)gw_pow10(type->precision) - 1;
    value.i = gw_cbor_get_i128(r);
    if (value.i > most || value.i < -most)
        gw_cbor_fail(r, outside);
    return value;
}

static union gw_value read_time(const struct gw_type *type, struct gw_cbor_reader *r)
{
    int64_t count = gw_cbor_get_int(r);
    const struct gw_time_span *span = &gw_type_time_spans[type->unit];
    if (GW_UNLIKELY(count < span->first || count > span->last))
        gw_cbor_fail(r, outside);
    return (union gw_value){.i = count};
}

static union gw_value read_text(const struct gw_type *type, struct gw_cbor_reader *r)
{
    union gw_value value;
    if (type->kind == GW_TYPE_STR) {
        value.bytes = gw_text_bytes(gw_cbor_get_text(r));
    } else {
        value.bytes = gw_cbor_get_bytes(r);
    }
    if (GW_UNLIKELY(value.bytes.len > type->max))
        gw_cbor_fail(r, "longer than its type allows");
    return value;
}

static union gw_value read_uuid(struct gw_cbor_reader *r)
{
    struct gw_hash128 big_endian;
    gw_cbor_get_exact(r, big_endian.bytes, sizeof(big_endian.bytes));
    return (union gw_value){.u = gw_hash128_number(big_endian)};
}

/* NOLINTNEXTLINE(misc-no-recursion): at most GW_TYPE_DEPTH_MAX deep */
static union gw_value read_opt(const struct gw_type *type, struct gw_cbor_reader *r,
                               struct gw_arena *arena)
{
    union gw_value value = {.u = 0};
    if (gw_cbor_take_null(r))
        return value;
    union gw_value *some = gw_arena_get_raw(arena, sizeof(*some));
    if (some == NULL) {
        gw_cbor_fail(r, no_memory);
        return value;
    }
    *some = gw_value_read(type->items[0], r, arena);
    value.opt = some;
    return value;
}

/* NOLINTNEXTLINE(misc-no-recursion): at most GW_TYPE_DEPTH_MAX deep */
static union gw_value read_items(const struct gw_type *type, struct gw_cbor_reader *r,
                                 struct gw_arena *arena)
{
    union gw_value value = {.u = 0};
    bool is_tuple = type->kind == GW_TYPE_TUPLE;
    size_t count = gw_cbor_get_array(r); /* never more than there are bytes */
    if (is_tuple ? count != type->item_count : count > type->max)
        gw_cbor_fail(r, "array of another length");
    if (gw_cbor_failed(r))
        return value;
    union gw_value *items = GW_NEW_ARRAY(arena, union gw_value, count);
    if (items == NULL) {
        gw_cbor_fail(r, no_memory);
        return value;
    }
    for (size_t i = 0; i < count; i++)
        items[i] = gw_value_read(type->items[is_tuple ? i : 0], r, arena);
    value.list.items = items;
    value.list.count = count;
    return value;
}

/* NOLINTNEXTLINE(misc-no-recursion): at most GW_TYPE_DEPTH_MAX deep */
union gw_value gw_value_read(const struct gw_type *type, struct gw_cbor_reader *r,
                             struct gw_arena *arena)
{
    union gw_value value = {.u = 0};
    switch (type->kind) {
    case GW_TYPE_BOOL:
        return (union gw_value){.i = gw_cbor_get_bool(r)};
    case GW_TYPE_U8:
    case GW_TYPE_U16:
    case GW_TYPE_U32:
        value.u = gw_cbor_get_uint(r);
        if (GW_UNLIKELY((uint64_t)value.u >> gw_type_bits(type->kind)))
            gw_cbor_fail(r, outside);
        return value;
    case GW_TYPE_U64:
        value.u = gw_cbor_get_uint(r);
        return value;
    case GW_TYPE_U128:
        value.u = gw_cbor_get_u128(r);
        return value;
    case GW_TYPE_I8:
    case GW_TYPE_I16:
    case GW_TYPE_I32:
        return read_small_int(type, r);
    case GW_TYPE_I64:
    case GW_TYPE_DUR:
        value.i = gw_cbor_get_int(r);
        return value;
    case GW_TYPE_I128:
        value.i = gw_cbor_get_i128(r);
        return value;
    case GW_TYPE_DEC:
        return read_dec(type, r);
    case GW_TYPE_TIME:
        return read_time(type, r);
    case GW_TYPE_STR:
    case GW_TYPE_BYTES:
        return read_text(type, r);
    case GW_TYPE_UUID:
        return read_uuid(r);
    case GW_TYPE_ENUM:
        return read_enum(type, r);
    case GW_TYPE_OPT:
        return read_opt(type, r, arena);
    case GW_TYPE_TUPLE:
    case GW_TYPE_LIST:
        return read_items(type, r, arena);
    case GW_TYPE_REAL:
        value.u = gw_cbor_get_f64(r);
        return value;
    }
    GW_UNREACHABLE_CODE();
    return value;
}

gw_rc gw_value_read_check(const struct gw_cbor_reader *r, const char *what, struct gw_err *err)
{
    if (GW_LIKELY(!gw_cbor_failed(r)))
        return GW_OK;
    return gw_cbor_check(r, r->why == no_memory ? GW_NOMEM : GW_INVALID, what, err);
}

gw_rc gw_value_decode(const struct gw_type *type, struct gw_cbor_reader *reader,
                      struct gw_arena *arena, union gw_value *ret, struct gw_err *err)
{
    union gw_value value = gw_value_read(type, reader, arena);
    GW_TRY(gw_value_read_check(reader, "value", err));
    *ret = value;
    return GW_OK;
}

const int64_t gw_value_pow10_small[] = {
    1,
    10,
    100,
    1000,
    10000,
    100000,
    1000000,
    10000000,
    100000000,
    1000000000,
    INT64_C(10000000000),
    INT64_C(100000000000),
    INT64_C(1000000000000),
    INT64_C(10000000000000),
    INT64_C(100000000000000),
    INT64_C(1000000000000000),
    INT64_C(10000000000000000),
    INT64_C(100000000000000000),
    INT64_C(1000000000000000000),
};
