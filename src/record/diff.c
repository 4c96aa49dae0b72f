#include "record/diff.h"

#include "base/utf8.h"

gw_rc gw_diff_columns(const struct gw_home *home, const union gw_value *expected,
                      const union gw_value *actual, struct gw_arena *arena, struct gw_diff *ret,
                      struct gw_err *err)
{
    struct gw_diff diff = {
        .expected_present = expected != NULL,
        .actual_present = actual != NULL,
        .count = home->column_count,
    };
    diff.fields = GW_NEW_ARRAY(arena, struct gw_diff_field, home->column_count);
    if (diff.fields == NULL)
        return GW_FAIL_NOMEM(err);
    for (uint32_t i = 0; i < home->column_count; i++) {
        struct gw_diff_field *field = &diff.fields[i];
        field->name = home->columns[i].name;
        field->type = home->columns[i].type;
        if (expected)
            field->expected = expected[i];
        if (actual)
            field->actual = actual[i];
        field->same = expected && actual ? gw_value_equal(field->type, expected[i], actual[i])
                                         : expected == actual;
        diff.differing += !field->same;
    }
    *ret = diff;
    return GW_OK;
}

static void side_to_json(const struct gw_diff_field *field, const char *name, bool is_present,
                         union gw_value value, struct gw_json_writer *writer)
{
    if (!is_present) /* an absent row has no value; null would be the value none */
        return;
    gw_json_put_name_str(writer, name);
    gw_value_to_json(field->type, value, writer);
}

void gw_diff_to_json(const struct gw_diff *diff, struct gw_json_writer *writer)
{
    gw_json_put_array(writer);
    for (uint32_t i = 0; i < diff->count; i++) {
        const struct gw_diff_field *field = &diff->fields[i];
        gw_json_put_object(writer);
        gw_json_put_name_str(writer, "field");
        gw_json_put_text(writer, field->name);
        side_to_json(field, "expected", diff->expected_present, field->expected, writer);
        side_to_json(field, "actual", diff->actual_present, field->actual, writer);
        gw_json_put_name_str(writer, "same");
        gw_json_put_bool(writer, field->same);
        gw_json_put_object_end(writer);
    }
    gw_json_put_array_end(writer);
}

/* ---- for people, as the HALT report of engine spec 5.5 ---- */

enum { NAME_COLUMNS = 9, VALUE_COLUMNS = 15, LINE_COLUMNS = 78, VALUE_BYTES_MAX = 120, INDENT = 4 };

static void put_padded(struct gw_buf *ret, struct gw_text text, size_t columns)
{
    gw_buf_put_text(ret, text);
    for (size_t have = gw_utf8_columns(text); have < columns; have++)
        gw_buf_put_u8(ret, ' ');
}

static void put_blanks(struct gw_buf *ret, size_t count)
{
    put_padded(ret, GW_TEXT_LIT(""), count);
}

/* The value's text in caller's memory of VALUE_BYTES_MAX bytes. */
static struct gw_text value_text(const struct gw_diff_field *field, bool is_present,
                                 union gw_value value, char *memory)
{
    if (!is_present)
        return GW_TEXT_LIT("absent");
    struct gw_buf text;
    gw_buf_init_fixed(&text, memory, VALUE_BYTES_MAX);
    gw_value_text(field->type, value, VALUE_BYTES_MAX, &text);
    return gw_buf_text(&text);
}

static size_t name_width(const struct gw_diff *diff)
{
    size_t width = NAME_COLUMNS;
    for (uint32_t i = 0; i < diff->count; i++) {
        if (!diff->fields[i].same)
            width = GW_MAX(width, gw_utf8_columns(diff->fields[i].name));
    }
    return width;
}

static void put_differing(const struct gw_diff *diff, const struct gw_diff_field *field,
                          size_t width, struct gw_buf *ret)
{
    char memory[VALUE_BYTES_MAX];
    put_blanks(ret, INDENT);
    put_padded(ret, field->name, width);
    gw_buf_put_str(ret, " expected  ");
    put_padded(ret, value_text(field, diff->expected_present, field->expected, memory),
               VALUE_COLUMNS);
    gw_buf_put_str(ret, " actual  ");
    put_padded(ret, value_text(field, diff->actual_present, field->actual, memory), VALUE_COLUMNS);
    gw_buf_put_str(ret, " <-- differs\n");
}

/* "    owner     8     frozen  false", as many to a line as fit. */
static void put_same(const struct gw_diff *diff, struct gw_buf *ret)
{
    size_t columns = 0;
    for (uint32_t i = 0; i < diff->count; i++) {
        const struct gw_diff_field *field = &diff->fields[i];
        if (!field->same)
            continue;
        char memory[VALUE_BYTES_MAX];
        struct gw_text value = value_text(field, diff->expected_present, field->expected, memory);
        size_t need = gw_utf8_columns(field->name) + 2 + gw_utf8_columns(value);
        if (columns && columns + INDENT + need > LINE_COLUMNS) {
            gw_buf_put_u8(ret, '\n');
            columns = 0;
        }
        put_blanks(ret, INDENT);
        gw_buf_put_text(ret, field->name);
        put_blanks(ret, 2);
        gw_buf_put_text(ret, value);
        columns += INDENT + need;
    }
    if (columns)
        gw_buf_put_u8(ret, '\n');
}

void gw_diff_text(const struct gw_diff *diff, struct gw_buf *ret)
{
    size_t width = name_width(diff);
    for (uint32_t i = 0; i < diff->count; i++) {
        if (!diff->fields[i].same)
            put_differing(diff, &diff->fields[i], width, ret);
    }
    put_same(diff, ret);
}
