/* Writing values into SQLite: in one form per column, chosen from its type, its affinity and the rows that are there. */
#include "base/int.h"
#include "record/real.h"
#include "store/sqlite_int.h"

static bool contains(struct gw_text text, const char *upper)
{
    size_t len = strlen(upper);
    for (size_t i = 0; i + len <= text.len; i++) {
        size_t same = 0;
        while (same < len && (text.data[i + same] & ~0x20) == upper[same])
            same++;
        if (same == len)
            return true;
    }
    return false;
}

enum gw_sqlite_affinity gw_sqlite_affinity_of(struct gw_text declared)
{
    if (contains(declared, "INT"))
        return GW_SQLITE_INTEGER;
    if (contains(declared, "CHAR") || contains(declared, "CLOB") || contains(declared, "TEXT"))
        return GW_SQLITE_TEXT;
    if (declared.len == 0 || contains(declared, "BLOB"))
        return GW_SQLITE_BLOB;
    if (contains(declared, "REAL") || contains(declared, "FLOA") || contains(declared, "DOUB"))
        return GW_SQLITE_REAL;
    return GW_SQLITE_NUMERIC;
}

const struct gw_type *gw_sqlite_inner(const struct gw_type *type)
{
    return type->kind == GW_TYPE_OPT ? type->items[0] : type;
}

static bool is_number(int sample)
{
    return sample == SQLITE_INTEGER || sample == SQLITE_FLOAT;
}

static enum gw_sqlite_form integer_form(const struct gw_type *type,
                                        enum gw_sqlite_affinity affinity, int sample)
{
    bool is_wide =
        type->kind == GW_TYPE_U64 || type->kind == GW_TYPE_U128 || type->kind == GW_TYPE_I128;
    if (affinity == GW_SQLITE_TEXT || (affinity == GW_SQLITE_BLOB && sample == SQLITE_TEXT))
        return GW_SQLITE_AS_TEXT;
    if (affinity == GW_SQLITE_BLOB && is_wide && sample != SQLITE_INTEGER)
        return GW_SQLITE_AS_BLOB;
    return GW_SQLITE_AS_INTEGER;
}

enum gw_sqlite_form gw_sqlite_form_of(const struct gw_type *type, enum gw_sqlite_affinity affinity,
                                      int sample)
{
    bool is_free = affinity == GW_SQLITE_BLOB || affinity == GW_SQLITE_NUMERIC;
    switch (type->kind) {
    case GW_TYPE_DEC:
        return affinity == GW_SQLITE_TEXT || (affinity == GW_SQLITE_BLOB && !is_number(sample))
                   ? GW_SQLITE_AS_TEXT
                   : GW_SQLITE_AS_NUMBER;
    case GW_TYPE_TIME:
        return affinity == GW_SQLITE_TEXT || (is_free && sample != SQLITE_INTEGER)
                   ? GW_SQLITE_AS_TEXT
                   : GW_SQLITE_AS_INTEGER;
    case GW_TYPE_ENUM:
        return affinity == GW_SQLITE_TEXT || (is_free && sample == SQLITE_TEXT)
                   ? GW_SQLITE_AS_TEXT
                   : GW_SQLITE_AS_INTEGER;
    case GW_TYPE_UUID:
        return affinity == GW_SQLITE_BLOB
                   ? sample == SQLITE_TEXT ? GW_SQLITE_AS_TEXT : GW_SQLITE_AS_BLOB
               : sample == SQLITE_BLOB ? GW_SQLITE_AS_BLOB
                                       : GW_SQLITE_AS_TEXT;
    case GW_TYPE_STR:
        return GW_SQLITE_AS_TEXT;
    case GW_TYPE_BYTES:
    case GW_TYPE_TUPLE:
    case GW_TYPE_LIST:
        return GW_SQLITE_AS_BLOB;
    case GW_TYPE_REAL:
        return GW_SQLITE_AS_REAL;
    default:
        return integer_form(type, affinity, sample);
    }
}

struct gw_sqlite_time_form gw_sqlite_time_form_of(struct gw_text sample)
{
    struct gw_sqlite_time_form form = {.separator = ' '};
    int64_t ignored;
    if (!gw_time_parse(sample, GW_TIME_NS, &ignored) && !gw_time_parse(sample, GW_TIME_S, &ignored))
        return form; /* not a time: the rows will say so themselves */
    form.is_from_rows = true;
    form.is_date = sample.len == 10;
    if (sample.len > 10)
        form.separator = sample.data[10];
    size_t i = 19;
    if (sample.len > i && sample.data[i] == '.') {
        for (i++; i < sample.len && sample.data[i] >= '0' && sample.data[i] <= '9'; i++)
            form.digits++;
    }
    form.has_z = i < sample.len;
    return form;
}

/* ---- writing ---- */

static struct gw_sqlite_cell integer_cell(int64_t integer)
{
    return (struct gw_sqlite_cell){.kind = SQLITE_INTEGER, .integer = integer};
}

static void small_cell(struct gw_sqlite_cell *ret, int kind, const void *bytes, size_t len)
{
    GW_ASSERT(len <= sizeof(ret->room));
    ret->kind = kind;
    memcpy(ret->room, bytes, len);
    ret->bytes = (struct gw_bytes){(const uint8_t *)ret->room, len};
}

static gw_rc encode_integer(const struct gw_sqlite_column *column, const struct gw_type *type,
                            union gw_value value, struct gw_sqlite_cell *ret, struct gw_err *err)
{
    bool is_signed = type->kind == GW_TYPE_BOOL || type->kind == GW_TYPE_DUR ||
                     type->kind == GW_TYPE_TIME || type->kind == GW_TYPE_ENUM ||
                     gw_type_is_signed(type->kind);
    char text[GW_INT_TEXT_MAX];
    size_t len = is_signed ? gw_i128_text(value.i, text) : gw_u128_text(value.u, text);
    if (column->form == GW_SQLITE_AS_TEXT) {
        small_cell(ret, SQLITE_TEXT, text, len);
        return GW_OK;
    }
    if (column->form ==
        GW_SQLITE_AS_BLOB) { /* the key form: fixed width, in the order of the numbers */
        struct gw_buf key;
        char room[16];
        gw_buf_init_fixed(&key, room, sizeof(room));
        gw_value_key(type, value, &key);
        small_cell(ret, SQLITE_BLOB, key.data, key.len);
        return GW_OK;
    }
    bool fits = is_signed ? value.i >= INT64_MIN && value.i <= INT64_MAX : value.u <= INT64_MAX;
    if (!fits) {
        return GW_FAIL(err, GW_INVALID, "column %s: %s does not fit SQLite's 64-bit integers",
                       column->name, text);
    }
    *ret = integer_cell((int64_t)value.i);
    return GW_OK;
}

static double nearest_double(const char *text, size_t len)
{
    uint64_t bits = 0;
    bool is_read = gw_real_parse((struct gw_text){text, len}, &bits);
    GW_ASSERT(is_read);
    double real;
    memcpy(&real, &bits, sizeof(real));
    return real;
}

static void encode_dec(const struct gw_sqlite_column *column, const struct gw_type *type,
                       union gw_value value, struct gw_sqlite_cell *ret)
{
    char text[GW_INT_TEXT_MAX];
    size_t len = gw_dec_text(value.i, type->scale, text);
    gw_i128 unit = (gw_i128)gw_pow10(type->scale);
    gw_i128 whole = value.i / unit;
    if (column->form == GW_SQLITE_AS_TEXT) {
        small_cell(ret, SQLITE_TEXT, text, len);
    } else if (value.i % unit == 0 && whole >= INT64_MIN && whole <= INT64_MAX) {
        *ret = integer_cell((int64_t)whole);
    } else {
        *ret = (struct gw_sqlite_cell){.kind = SQLITE_FLOAT, .real = nearest_double(text, len)};
    }
}

/* "2026-03-02T10:11:12.000481Z" in the column's form. */
static gw_rc encode_time(const struct gw_sqlite_column *column, const struct gw_type *type,
                         union gw_value value, struct gw_sqlite_cell *ret, struct gw_err *err)
{
    if (column->form == GW_SQLITE_AS_INTEGER)
        return encode_integer(column, type, value, ret, err);
    char text[GW_TIME_TEXT_MAX];
    size_t len = gw_time_text((int64_t)value.i, type->unit, text) - 1; /* without Z */
    const struct gw_sqlite_time_form *form = &column->time;
    if (len < 19 || text[4] != '-') {
        return GW_FAIL(err, GW_INVALID, "column %s: %s is outside the years 0000 to 9999",
                       column->name, text);
    }
    if (form->is_date &&
        value.i % ((gw_i128)86400 * (GW_NS_PER_S / gw_time_unit_ns(type->unit))) == 0) {
        small_cell(ret, SQLITE_TEXT, text, 10);
        return GW_OK;
    }
    if (form->is_from_rows) {
        size_t wished = form->digits > 0 ? 20u + form->digits : 19u;
        if (len == 19 && wished > len)
            text[len++] = '.';
        while (len < wished && len < sizeof(text) - 1)
            text[len++] = '0';
        while (len > wished && (text[len - 1] == '0' || text[len - 1] == '.'))
            len--;
    }
    text[10] = form->separator;
    if (form->has_z)
        text[len++] = 'Z';
    small_cell(ret, SQLITE_TEXT, text, len);
    return GW_OK;
}

static void encode_uuid(const struct gw_sqlite_column *column, union gw_value value,
                        struct gw_sqlite_cell *ret)
{
    uint8_t bytes[16];
    for (unsigned i = 0; i < 16; i++)
        bytes[i] = (uint8_t)(value.u >> (120 - 8 * i));
    if (column->form == GW_SQLITE_AS_BLOB) {
        small_cell(ret, SQLITE_BLOB, bytes, sizeof(bytes));
        return;
    }
    char hex[33];
    char text[36];
    gw_hex((struct gw_bytes){bytes, sizeof(bytes)}, hex);
    size_t len = 0;
    for (size_t i = 0; i < 32; i++) {
        if (i == 8 || i == 12 || i == 16 || i == 20)
            text[len++] = '-';
        text[len++] = hex[i];
    }
    small_cell(ret, SQLITE_TEXT, text, len);
}

static gw_rc encode_enum(const struct gw_sqlite_column *column, const struct gw_type *type,
                         union gw_value value, struct gw_sqlite_cell *ret, struct gw_err *err)
{
    if (column->form == GW_SQLITE_AS_INTEGER)
        return encode_integer(column, type, value, ret, err);
    for (uint32_t i = 0; i < type->members->member_count; i++) {
        const struct gw_enum_member *member = &type->members->members[i];
        if (member->number != value.i)
            continue;
        ret->kind = SQLITE_TEXT;
        ret->bytes = gw_text_bytes(member->name);
        return GW_OK;
    }
    return GW_FAIL(err, GW_INVALID, "column %s: no such member of %.*s", column->name,
                   GW_TEXT_ARG(type->members->name));
}

static gw_rc encode_real(const struct gw_sqlite_column *column, union gw_value value,
                         struct gw_sqlite_cell *ret, struct gw_err *err)
{
    uint64_t bits = (uint64_t)value.u;
    if ((bits & INT64_MAX) > UINT64_C(0x7ff0000000000000))
        return GW_FAIL(err, GW_PARITY, "column %s: sent NaN, SQLite would keep NULL", column->name);
    *ret = (struct gw_sqlite_cell){.kind = SQLITE_FLOAT};
    memcpy(&ret->real, &bits, sizeof(bits));
    return GW_OK;
}

static gw_rc encode_nested(const struct gw_type *type, union gw_value value, struct gw_arena *arena,
                           struct gw_sqlite_cell *ret, struct gw_err *err)
{
    struct gw_buf buf;
    void *room = gw_arena_get_raw(arena, type->bytes_max);
    if (room == NULL)
        return GW_FAIL_NOMEM(err);
    gw_buf_init_fixed(&buf, room, type->bytes_max);
    gw_value_encode(type, value, &buf);
    GW_TRY(gw_buf_check(&buf, "a column", err));
    ret->kind = SQLITE_BLOB;
    ret->bytes = gw_buf_bytes(&buf);
    return GW_OK;
}

gw_rc gw_sqlite_encode(const struct gw_sqlite_column *column, const struct gw_type *type,
                       union gw_value value, struct gw_arena *arena, struct gw_sqlite_cell *ret,
                       struct gw_err *err)
{
    if (type->kind == GW_TYPE_OPT) {
        if (value.opt == NULL) {
            ret->kind = SQLITE_NULL;
            return GW_OK;
        }
        type = type->items[0];
        value = *value.opt;
    }
    switch (type->kind) {
    case GW_TYPE_OPT:
        return GW_FAIL(err, GW_INVALID, "column %s: an optional inside an optional", column->name);
    case GW_TYPE_DEC:
        encode_dec(column, type, value, ret);
        return GW_OK;
    case GW_TYPE_TIME:
        return encode_time(column, type, value, ret, err);
    case GW_TYPE_STR:
    case GW_TYPE_BYTES:
        ret->kind = type->kind == GW_TYPE_STR ? SQLITE_TEXT : SQLITE_BLOB;
        ret->bytes = value.bytes;
        return GW_OK;
    case GW_TYPE_UUID:
        encode_uuid(column, value, ret);
        return GW_OK;
    case GW_TYPE_ENUM:
        return encode_enum(column, type, value, ret, err);
    case GW_TYPE_REAL:
        return encode_real(column, value, ret, err);
    case GW_TYPE_TUPLE:
    case GW_TYPE_LIST:
        return encode_nested(type, value, arena, ret, err);
    default:
        return encode_integer(column, type, value, ret, err);
    }
}

int gw_sqlite_bind(sqlite3_stmt *stmt, int at, const struct gw_sqlite_cell *cell)
{
    const void *bytes = cell->bytes.len > 0 ? (const void *)cell->bytes.data : "";
    switch (cell->kind) { /* an empty text or blob at NULL would become NULL */
    case SQLITE_INTEGER:
        return sqlite3_bind_int64(stmt, at, cell->integer);
    case SQLITE_FLOAT:
        return sqlite3_bind_double(stmt, at, cell->real);
    case SQLITE_TEXT:
        return sqlite3_bind_text64(stmt, at, bytes, cell->bytes.len, SQLITE_STATIC, SQLITE_UTF8);
    case SQLITE_BLOB:
        return sqlite3_bind_blob64(stmt, at, bytes, cell->bytes.len, SQLITE_STATIC);
    default:
        return sqlite3_bind_null(stmt, at);
    }
}
