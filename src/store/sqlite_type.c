/**
 * Values as SQLite keeps them. A column is written in one form, chosen from its type, its affinity and the rows that
 * are there; it is read by what each row holds, and what is no value of the type is refused, never rounded.
 */
#include "base/int.h"
#include "base/utf8.h"
#include "codec/cbor.h"
#include "record/real.h"
#include "store/sqlite_int.h"

enum { SHOWN_BYTES_MAX = 64, TYPE_TEXT_MAX = 128 };

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
    case GW_TYPE_OPT:
        return gw_sqlite_form_of(type->items[0], affinity, sample);
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
    if (sample.len > i && sample.data[i] == '.')
        for (i++; i < sample.len && sample.data[i] >= '0' && sample.data[i] <= '9'; i++)
            form.digits++;
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
    if (!fits)
        return GW_FAIL(err, GW_INVALID, "column %s: %s does not fit SQLite's 64-bit integers",
                       column->name, text);
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
    if (column->form == GW_SQLITE_AS_TEXT)
        small_cell(ret, SQLITE_TEXT, text, len);
    else if (value.i % unit == 0 && whole >= INT64_MIN && whole <= INT64_MAX)
        *ret = integer_cell((int64_t)whole);
    else
        *ret = (struct gw_sqlite_cell){.kind = SQLITE_FLOAT, .real = nearest_double(text, len)};
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
    if (len < 19 || text[4] != '-')
        return GW_FAIL(err, GW_INVALID, "column %s: %s is outside the years 0000 to 9999",
                       column->name, text);
    if (form->is_date && value.i % (86400 * (GW_NS_PER_S / gw_time_unit_ns(type->unit))) == 0) {
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
    switch (type->kind) {
    case GW_TYPE_OPT:
        if (value.opt != NULL)
            return gw_sqlite_encode(column, type->items[0], *value.opt, arena, ret, err);
        ret->kind = SQLITE_NULL;
        return GW_OK;
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

/* ---- reading ---- */

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
                hex[count++] = c >= 'A' && c <= 'F' ? (char)(c + 32) : c;
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
