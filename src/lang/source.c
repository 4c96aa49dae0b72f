#include "lang/source.h"

#include "codec/utf8.h"

static uint32_t line_begin(struct gw_text text, uint32_t offset)
{
    while (offset > 0 && text.data[offset - 1] != '\n')
        offset--;
    return offset;
}

struct gw_position gw_source_position(const struct gw_source *source, uint32_t file,
                                      uint32_t offset)
{
    struct gw_text text = source->files[file].text;
    offset = (uint32_t)GW_MIN(offset, text.len);
    uint32_t line = 1, begin = line_begin(text, offset);
    for (uint32_t i = 0; i < begin; i++)
        line += text.data[i] == '\n';
    size_t column = gw_utf8_count((struct gw_text){text.data + begin, offset - begin});
    return (struct gw_position){line, (uint32_t)column + 1};
}

struct gw_text gw_source_line(const struct gw_source *source, uint32_t file, uint32_t offset)
{
    struct gw_text text = source->files[file].text;
    uint32_t begin = line_begin(text, (uint32_t)GW_MIN(offset, text.len)), end = begin;
    while (end < text.len && text.data[end] != '\n')
        end++;
    if (end > begin && text.data[end - 1] == '\r')
        end--;
    return (struct gw_text){text.data + begin, end - begin};
}

struct gw_span gw_span_join(struct gw_span first, struct gw_span last)
{
    if (first.file != last.file)
        return first;
    return (struct gw_span){first.file, GW_MIN(first.begin, last.begin),
                            GW_MAX(first.end, last.end)};
}
