/* Reading values of SQLite rows: by what each row holds; what is no value of the type is refused, never rounded. */
#include "base/int.h"
#include "base/utf8.h"
#include "codec/cbor.h"
#include "record/real.h"
#include "store/sqlite_int.h"

enum { SHOWN_BYTES_MAX = 64, TYPE_TEXT_MAX = 128 };

static struct gw_text column_text(sqlite3_stmt *row, int at)
{
    const char *text =
        (const char *)sqlite3_column_text(row, at); /* before the length: it may convert */
    return (struct gw_text){text ? text : "", (size_t)sqlite3_column_bytes(row, at)};
}

static struct gw_bytes column_blob(sqlite3_stmt *row, int at)
{
    const uint8_t *blob = sqlite3_column_blob(row, at);
    return (struct gw_bytes){blob, (size_t)sqlite3_column_bytes(row, at)};
}

static uint64_t column_bits(sqlite3_stmt *row, int at)
{
    double real = sqlite3_column_double(row, at);
    uint64_t bits;
    memcpy(&bits, &real, sizeof(bits));
    return bits;
}

void gw_sqlite_show(sqlite3_stmt *row, int at, struct gw_buf *ret)
{
    switch (sqlite3_column_type(row, at)) {
    case SQLITE_INTEGER:
        gw_buf_printf(ret, "%lld", (long long)sqlite3_column_int64(row, at));
        break;
    case SQLITE_FLOAT:
        gw_real_text(column_bits(row, at), ret);
        break;
    case SQLITE_TEXT: {
        struct gw_text text = column_text(row, at);
        struct gw_text cut = gw_utf8_cut_bytes(text, SHOWN_BYTES_MAX);
        gw_buf_printf(ret, "\"%.*s%s\"", GW_TEXT_ARG(cut), cut.len < text.len ? "…" : "");
        break;
    }
    case SQLITE_BLOB: {
        struct gw_bytes blob = column_blob(row, at);
        char hex[33];
        gw_hex((struct gw_bytes){blob.data, GW_MIN(blob.len, (size_t)16)}, hex);
        gw_buf_printf(ret, "x'%s%s'", hex, blob.len > 16 ? "…" : "");
        break;
    }
    default:
        gw_buf_put_str(ret, "NULL");
    }
}

static gw_rc not_a(const struct gw_sqlite_column *column, const struct gw_type *type,
                   sqlite3_stmt *row, int at, const char *why, struct gw_err *err)
{
    char shown[256];
    char name[TYPE_TEXT_MAX];
    struct gw_buf show;
    struct gw_buf text;
    gw_buf_init_fixed(&show, shown, sizeof(shown));
    gw_buf_init_fixed(&text, name, sizeof(name));
    gw_sqlite_show(row, at, &show);
    gw_type_text(type, &text);
    return GW_FAIL_CODE(err, GW_INVALID, 2107, "column %s: %.*s is not a %.*s%s%s", column->name,
                        GW_TEXT_ARG(gw_buf_text(&show)), GW_TEXT_ARG(gw_buf_text(&text)),
                        why[0] ? ", " : "", why);
}

/* A number's exact decimal text ("0.1", "1e+300", "-7") times 10^scale. @return false unless that is a whole number */
static bool scaled(struct gw_text text, int scale, gw_i128 *ret)
{
    const char *e = memchr(text.data, 'e', text.len);
    gw_i128 exponent = 0;
    if (e != NULL) {
        struct gw_text digits = {e + 1, text.len - (size_t)(e + 1 - text.data)};
        if (digits.len > 0 && digits.data[0] == '+')
            digits = (struct gw_text){digits.data + 1, digits.len - 1};
        if (!gw_i128_parse(digits, &exponent))
            return false;
        text.len = (size_t)(e - text.data);
    }
    if (exponent > 38 || exponent < -38)
        return false;
    int shift = scale + (int)exponent;
    if (shift >= 0)
        return shift <= 38 && gw_dec_parse(text, (unsigned)shift, ret);
    gw_i128 whole = 0;
    gw_i128 unit = (gw_i128)gw_pow10((unsigned)-shift);
    if (!gw_dec_parse(text, 0, &whole) || whole % unit != 0)
        return false;
    *ret = whole / unit;
    return true;
}

static bool read_scaled(sqlite3_stmt *row, int at, unsigned scale, gw_i128 *ret)
{
    char room[64];
    struct gw_buf text;
    gw_buf_init_fixed(&text, room, sizeof(room));
    switch (sqlite3_column_type(row, at)) {
    case SQLITE_INTEGER:
        gw_buf_printf(&text, "%lld", (long long)sqlite3_column_int64(row, at));
        return gw_dec_parse(gw_buf_text(&text), scale, ret);
    case SQLITE_FLOAT:
        gw_real_text(column_bits(row, at), &text);
        return gw_real_is_finite(column_bits(row, at)) &&
               scaled(gw_buf_text(&text), (int)scale, ret);
    case SQLITE_TEXT:
        return gw_dec_parse(column_text(row, at), scale, ret);
    default:
        return false;
    }
}

static bool read_unsigned_text(sqlite3_stmt *row, int at, union gw_value *ret)
{
    return gw_u128_parse(column_text(row, at), &ret->u);
}

static bool read_key_form(const struct gw_type *type, struct gw_bytes blob, union gw_value *ret)
{
    if (gw_type_bits(type->kind) != blob.len * 8)
        return false;
    return gw_value_unkey(type, &blob, NULL, ret, NULL) == GW_OK; /* integers need no arena */
}

static bool read_integer(const struct gw_type *type, sqlite3_stmt *row, int at, union gw_value *ret)
{
    if (sqlite3_column_type(row, at) == SQLITE_BLOB)
        return gw_type_is_integer(type->kind) && read_key_form(type, column_blob(row, at), ret);
    bool is_unsigned = gw_type_is_integer(type->kind) && !gw_type_is_signed(type->kind);
    if (is_unsigned && sqlite3_column_type(row, at) == SQLITE_TEXT)
        return read_unsigned_text(row, at, ret);
    gw_i128 number = 0;
    if (!read_scaled(row, at, 0, &number) || (is_unsigned && number < 0))
        return false;
    ret->i = number;
    return true;
}

static bool read_time(const struct gw_type *type, sqlite3_stmt *row, int at, union gw_value *ret)
{
    if (sqlite3_column_type(row, at) != SQLITE_TEXT)
        return sqlite3_column_type(row, at) == SQLITE_INTEGER && read_integer(type, row, at, ret);
    int64_t count = 0;
    if (!gw_time_parse(column_text(row, at), type->unit, &count))
        return false;
    ret->i = count;
    return true;
}

static bool read_uuid(sqlite3_stmt *row, int at, union gw_value *ret)
{
    uint8_t bytes[16];
    char hex[32];
    size_t count = 0;
    if (sqlite3_column_type(row, at) == SQLITE_BLOB) {
        struct gw_bytes blob = column_blob(row, at);
        if (blob.len != sizeof(bytes))
            return false;
        memcpy(bytes, blob.data, sizeof(bytes));
    } else {
        if (sqlite3_column_type(row, at) != SQLITE_TEXT)
            return false;
        struct gw_text text = column_text(row, at);
        if (text.len != 36)
            return false;
        for (size_t i = 0; i < text.len; i++) {
            bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
            if (is_dash != (text.data[i] == '-'))
                return false;
            char c = text.data[i];
            if (!is_dash)
                hex[count++] = (char)(c >= 'A' && c <= 'F' ? c + 32 : c);
        }
        if (!gw_unhex((struct gw_text){hex, count}, bytes, sizeof(bytes)))
            return false;
    }
    ret->u = 0;
    for (size_t i = 0; i < sizeof(bytes); i++)
        ret->u = ret->u << 8 | bytes[i];
    return true;
}

static bool read_enum(const struct gw_type *type, sqlite3_stmt *row, int at, union gw_value *ret)
{
    if (sqlite3_column_type(row, at) != SQLITE_TEXT)
        return sqlite3_column_type(row, at) == SQLITE_INTEGER && read_integer(type, row, at, ret);
    struct gw_text text = column_text(row, at);
    for (uint32_t i = 0; i < type->members->member_count; i++) {
        if (!gw_text_equal(type->members->members[i].name, text))
            continue;
        ret->i = type->members->members[i].number;
        return true;
    }
    return read_integer(type, row, at, ret); /* a number in a text column */
}

static bool read_real(sqlite3_stmt *row, int at, union gw_value *ret)
{
    int kind = sqlite3_column_type(row, at);
    int64_t integer = sqlite3_column_int64(row, at);
    bool is_exact = integer >= -(INT64_C(1) << 53) && integer <= (INT64_C(1) << 53);
    if (kind != SQLITE_FLOAT && !(kind == SQLITE_INTEGER && is_exact))
        return false;
    ret->u = column_bits(row, at);
    return true;
}

static gw_rc read_bytes(sqlite3_stmt *row, int at, int kind, struct gw_arena *arena,
                        union gw_value *ret, bool *ret_is_read, struct gw_err *err)
{
    *ret_is_read = sqlite3_column_type(row, at) == kind;
    if (!*ret_is_read)
        return GW_OK;
    struct gw_bytes bytes =
        kind == SQLITE_TEXT ? gw_text_bytes(column_text(row, at)) : column_blob(row, at);
    ret->bytes = gw_arena_copy(arena, bytes);
    return ret->bytes.data != NULL ? GW_OK : GW_FAIL_NOMEM(err);
}

static gw_rc read_nested(const struct gw_type *type, sqlite3_stmt *row, int at,
                         struct gw_arena *arena, union gw_value *ret, bool *ret_is_read,
                         struct gw_err *err)
{
    union gw_value raw;
    GW_TRY(read_bytes(row, at, SQLITE_BLOB, arena, &raw, ret_is_read, err));
    if (!*ret_is_read)
        return GW_OK;
    struct gw_cbor_reader reader = gw_cbor_reader(raw.bytes);
    struct gw_err inner;
    gw_rc rc = gw_value_decode(type, &reader, arena, ret, &inner);
    if (rc == GW_NOMEM)
        return GW_FAIL_NOMEM(err);
    *ret_is_read = rc == GW_OK && gw_cbor_at_end(&reader);
    return GW_OK;
}

static gw_rc read_value(const struct gw_type *type, sqlite3_stmt *row, int at,
                        struct gw_arena *arena, union gw_value *ret, bool *ret_is_read,
                        struct gw_err *err)
{
    *ret = (union gw_value){.u = 0};
    switch (type->kind) {
    case GW_TYPE_DEC:
        *ret_is_read = read_scaled(row, at, type->scale, &ret->i);
        return GW_OK;
    case GW_TYPE_TIME:
        *ret_is_read = read_time(type, row, at, ret);
        return GW_OK;
    case GW_TYPE_STR:
        return read_bytes(row, at, SQLITE_TEXT, arena, ret, ret_is_read, err);
    case GW_TYPE_BYTES:
        return read_bytes(row, at, SQLITE_BLOB, arena, ret, ret_is_read, err);
    case GW_TYPE_UUID:
        *ret_is_read = read_uuid(row, at, ret);
        return GW_OK;
    case GW_TYPE_ENUM:
        *ret_is_read = read_enum(type, row, at, ret);
        return GW_OK;
    case GW_TYPE_REAL:
        *ret_is_read = read_real(row, at, ret);
        return GW_OK;
    case GW_TYPE_TUPLE:
    case GW_TYPE_LIST:
        return read_nested(type, row, at, arena, ret, ret_is_read, err);
    default:
        *ret_is_read = read_integer(type, row, at, ret);
        return GW_OK;
    }
}

static bool is_same_cell(const struct gw_sqlite_cell *cell, sqlite3_stmt *row, int at)
{
    if (sqlite3_column_type(row, at) != cell->kind)
        return false;
    switch (cell->kind) {
    case SQLITE_INTEGER:
        return sqlite3_column_int64(row, at) == cell->integer;
    case SQLITE_TEXT:
        return gw_bytes_equal(gw_text_bytes(column_text(row, at)), cell->bytes);
    case SQLITE_BLOB:
        return gw_bytes_equal(column_blob(row, at), cell->bytes);
    default:
        return true; /* numbers compare by value, in SQLite too */
    }
}

static gw_rc check_key(const struct gw_sqlite_column *column, const struct gw_type *type,
                       sqlite3_stmt *row, int at, struct gw_arena *arena, union gw_value value,
                       struct gw_err *err)
{
    struct gw_sqlite_cell cell;
    GW_TRY(gw_sqlite_encode(column, type, value, arena, &cell, err));
    if (is_same_cell(&cell, row, at))
        return GW_OK;
    return not_a(column, type, row, at, "as this key column writes it", err);
}

gw_rc gw_sqlite_decode(const struct gw_sqlite_column *column, const struct gw_type *type,
                       sqlite3_stmt *row, int at, struct gw_arena *arena, union gw_value *ret,
                       struct gw_err *err)
{
    const struct gw_type *inner = gw_sqlite_inner(type);
    if (sqlite3_column_type(row, at) == SQLITE_NULL) {
        *ret = (union gw_value){.opt = NULL};
        return inner != type ? GW_OK : not_a(column, type, row, at, "", err);
    }
    union gw_value value;
    bool is_read = false;
    GW_TRY(read_value(inner, row, at, arena, &value, &is_read, err));
    if (!is_read)
        return not_a(column, type, row, at, "", err);
    struct gw_err bounds;
    if (gw_value_check(inner, value, &bounds) < 0)
        return not_a(column, type, row, at, bounds.msg, err);
    if (column->is_key)
        GW_TRY(check_key(column, inner, row, at, arena, value, err));
    if (inner == type) {
        *ret = value;
        return GW_OK;
    }
    union gw_value *some = GW_NEW(arena, union gw_value);
    if (some == NULL)
        return GW_FAIL_NOMEM(err);
    *some = value;
    ret->opt = some;
    return GW_OK;
}
