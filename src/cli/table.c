/* Columns as wide as their widest cell, two blanks between; numbers to the right. */
#include "cli/cli.h"

static size_t width_of(struct gw_text text)
{
    size_t width = 0;
    for (size_t i = 0; i < text.len; i++)
        width += ((uint8_t)text.data[i] & 0xC0) != 0x80; /* one column a character */
    return width;
}

void gw_cli_table_init(struct gw_cli_table *table, uint32_t columns, const char *const *heads,
                       struct gw_arena *arena)
{
    GW_ASSERT(columns >= 1 && columns <= GW_CLI_COLUMNS_MAX);
    *table = (struct gw_cli_table){.columns = columns};
    for (uint32_t i = 0; i < columns; i++) {
        table->is_number[i] = heads[i][0] == '#'; /* "#rows": a column of numbers named rows */
        gw_cli_table_put(table, arena, gw_text(heads[i] + (table->is_number[i] ? 1 : 0)));
    }
}

void gw_cli_table_put(struct gw_cli_table *table, struct gw_arena *arena, struct gw_text cell)
{
    if (table->count == table->cap) {
        uint32_t cap = table->cap ? table->cap * 2 : 64;
        struct gw_text *cells = GW_NEW_ARRAY(arena, struct gw_text, cap);
        if (cells == NULL)
            return;
        if (table->count)
            memcpy(cells, table->cells, table->count * sizeof(*cells));
        table->cells = cells;
        table->cap = cap;
    }
    table->cells[table->count++] = cell;
}

static void put_blanks(struct gw_buf *ret, size_t count)
{
    while (count-- > 0)
        gw_buf_put_str(ret, " ");
}

void gw_cli_table_print(const struct gw_cli_table *table, struct gw_buf *ret)
{
    size_t widths[GW_CLI_COLUMNS_MAX] = {0};
    for (uint32_t i = 0; i < table->count; i++)
        widths[i % table->columns] = GW_MAX(widths[i % table->columns], width_of(table->cells[i]));
    for (uint32_t i = 0; i < table->count; i++) {
        uint32_t column = i % table->columns;
        bool is_last = column + 1 == table->columns || i + 1 == table->count;
        size_t blanks = widths[column] - width_of(table->cells[i]);
        if (table->is_number[column])
            put_blanks(ret, blanks);
        gw_buf_put_text(ret, table->cells[i]);
        if (!table->is_number[column] && !is_last)
            put_blanks(ret, blanks);
        gw_buf_put_str(ret, is_last ? "\n" : "  ");
    }
}
