#include "lang/diag.h"

#include <stdarg.h>

#include "codec/json_write.h"
#include "codec/utf8.h"

enum { EXCERPT_BYTES_MAX = 160 };

void gw_diags_init(struct gw_diags *diags, struct gw_arena *arena)
{
    *diags = (struct gw_diags){.arena = arena};
}

static int compare(struct gw_span a, struct gw_span b)
{
    if (a.file != b.file)
        return a.file < b.file ? -1 : 1;
    if (a.begin != b.begin)
        return a.begin < b.begin ? -1 : 1;
    return 0;
}

/** Where a new one belongs, or -1 when it is there already or stands behind a full list. */
static int place_for(const struct gw_diags *diags, gw_code code, struct gw_span span,
                     bool *ret_same)
{
    uint32_t at = diags->count;
    *ret_same = false;
    for (uint32_t i = 0; i < diags->count; i++)
        *ret_same |= diags->items[i].code == code && compare(diags->items[i].span, span) == 0;
    while (at > 0 && compare(diags->items[at - 1].span, span) > 0)
        at--;
    return *ret_same || at == GW_DIAGS_MAX ? -1 : (int)at;
}

GW_PRINTF(2, 0)
static struct gw_text format(struct gw_diags *diags, const char *fmt, va_list args)
{
    struct gw_text text = gw_arena_vprintf(diags->arena, fmt, args);
    if (text.data == NULL) {
        diags->failed = true;
        text = GW_TEXT_LIT("");
    }
    return text;
}

struct gw_diag *gw_diags_add(struct gw_diags *diags, gw_code code, struct gw_span span,
                             const char *fmt, ...)
{
    bool same;
    int at = place_for(diags, code, span, &same);
    if (at < 0 || diags->count == GW_DIAGS_MAX)
        diags->dropped += !same;
    if (at < 0)
        return NULL;
    if (diags->count == GW_DIAGS_MAX)
        diags->count--; /* the one that stands last */
    struct gw_diag *diag = &diags->items[at];
    memmove(diag + 1, diag, (diags->count - (uint32_t)at) * sizeof(*diag));
    diags->count++;
    va_list args;
    va_start(args, fmt);
    *diag = (struct gw_diag){.code = code, .span = span, .message = format(diags, fmt, args)};
    va_end(args);
    return diag;
}

void gw_diags_hint(struct gw_diags *diags, struct gw_diag *diag, const char *fmt, ...)
{
    if (diag == NULL)
        return;
    va_list args;
    va_start(args, fmt);
    diag->hint = format(diags, fmt, args);
    va_end(args);
}

void gw_diags_note(struct gw_diags *diags, struct gw_diag *diag, const char *fmt, ...)
{
    if (diag == NULL)
        return;
    va_list args;
    va_start(args, fmt);
    diag->note = format(diags, fmt, args);
    va_end(args);
}

gw_rc gw_diags_result(const struct gw_diags *diags, struct gw_err *err)
{
    if (diags->failed)
        return GW_FAIL_NOMEM(err);
    if (diags->count == 0)
        return GW_OK;
    const struct gw_diag *first = &diags->items[0];
    struct gw_position at = gw_source_position(diags->source, first->span.file, first->span.begin);
    GW_FAIL_CODE(err, GW_INVALID, first->code, "%.*s", GW_TEXT_ARG(first->message));
    gw_err_place(err, diags->source->files[first->span.file].name, at.line, at.column);
    if (first->hint.len > 0)
        gw_err_hint(err, "%.*s", GW_TEXT_ARG(first->hint));
    return GW_INVALID;
}

/* ---- as text ---- */

static unsigned digits_of(uint32_t number)
{
    unsigned digits = 1;
    for (; number >= 10; number /= 10)
        digits++;
    return digits;
}

/** The part of a long line that is worth showing: around [begin, end), at character borders. */
static struct gw_text window(struct gw_text line, uint32_t begin)
{
    if (line.len <= EXCERPT_BYTES_MAX)
        return line;
    size_t from = begin > EXCERPT_BYTES_MAX / 2 ? begin - EXCERPT_BYTES_MAX / 2 : 0;
    from = GW_MIN(from, line.len - EXCERPT_BYTES_MAX);
    size_t to = from + EXCERPT_BYTES_MAX;
    while (from < to && ((unsigned char)line.data[from] & 0xc0) == 0x80)
        from++;
    while (to > from && to < line.len && ((unsigned char)line.data[to] & 0xc0) == 0x80)
        to--;
    return (struct gw_text){line.data + from, to - from};
}

/** Control characters would move the terminal's cursor; each is one column. */
static void put_excerpt(struct gw_text line, struct gw_buf *ret)
{
    for (size_t i = 0; i < line.len; i++) {
        unsigned char c = (unsigned char)line.data[i];
        gw_buf_put_u8(ret, c < 0x20 || c == 0x7f ? ' ' : c);
    }
}

static void put_repeated(struct gw_buf *ret, char c, size_t count)
{
    for (size_t i = 0; i < count; i++)
        gw_buf_put_u8(ret, (uint8_t)c);
}

static void put_excerpt_and_carets(const struct gw_diags *diags, const struct gw_diag *diag,
                                   struct gw_buf *ret)
{
    struct gw_span carets = diag->carets.end > 0 ? diag->carets : diag->span;
    struct gw_position at = gw_source_position(diags->source, carets.file, carets.begin);
    const struct gw_source_file *file = &diags->source->files[carets.file];
    struct gw_text line = gw_source_line(diags->source, carets.file, carets.begin);
    uint32_t line_at = (uint32_t)(line.data - file->text.data);
    uint32_t begin = (uint32_t)GW_MIN(carets.begin - line_at, line.len);
    uint32_t end = (uint32_t)GW_MIN(carets.end - line_at, line.len);
    struct gw_text shown = window(line, begin);
    uint32_t shown_at = (uint32_t)(shown.data - line.data);
    begin = GW_MAX(begin, shown_at);
    end = (uint32_t)GW_MIN(GW_MAX(end, begin), shown_at + shown.len);
    unsigned margin = digits_of(at.line);
    put_repeated(ret, ' ', margin + 1);
    gw_buf_put_str(ret, "|\n");
    gw_buf_printf(ret, "%u | ", at.line);
    put_excerpt(shown, ret);
    gw_buf_put_str(ret, "\n");
    put_repeated(ret, ' ', margin + 1);
    gw_buf_put_str(ret, "| ");
    size_t before = gw_utf8_count((struct gw_text){shown.data, begin - shown_at});
    size_t under =
        end > begin ? gw_utf8_count((struct gw_text){line.data + begin, end - begin}) : 1;
    put_repeated(ret, ' ', before);
    put_repeated(ret, '^', GW_MAX(under, (size_t)1));
    if (diag->note.len > 0)
        gw_buf_printf(ret, " %.*s", GW_TEXT_ARG(diag->note));
    gw_buf_put_str(ret, "\n");
}

static void put_one(const struct gw_diags *diags, const struct gw_diag *diag, struct gw_buf *ret)
{
    struct gw_position at = gw_source_position(diags->source, diag->span.file, diag->span.begin);
    gw_buf_printf(ret, "error[GW%04u]: ", diag->code);
    gw_buf_put_text(ret, diag->message);
    gw_buf_put_str(ret, "\n");
    put_repeated(ret, ' ', digits_of(at.line));
    gw_buf_put_str(ret, "--> ");
    gw_buf_put_text(ret, diags->source->files[diag->span.file].name);
    gw_buf_printf(ret, ":%u:%u\n", at.line, at.column);
    put_excerpt_and_carets(diags, diag, ret);
    if (diag->hint.len > 0) {
        put_repeated(ret, ' ', digits_of(at.line) + 1);
        gw_buf_put_str(ret, "hint: ");
        gw_buf_put_text(ret, diag->hint);
        gw_buf_put_str(ret, "\n");
    }
}

void gw_diags_text(const struct gw_diags *diags, struct gw_buf *ret)
{
    for (uint32_t i = 0; i < diags->count; i++)
        put_one(diags, &diags->items[i], ret);
    if (diags->dropped > 0)
        gw_buf_printf(ret, "and %u more\n", diags->dropped);
}

/* ---- as JSON ---- */

static void put_number(struct gw_json_writer *writer, const char *name, uint32_t number)
{
    gw_json_put_name_str(writer, name);
    gw_json_put_u64(writer, number);
}

static void put_text(struct gw_json_writer *writer, const char *name, struct gw_text text)
{
    gw_json_put_name_str(writer, name);
    gw_json_put_text(writer, text);
}

static void put_json(const struct gw_diags *diags, const struct gw_diag *diag,
                     struct gw_json_writer *writer)
{
    struct gw_position at = gw_source_position(diags->source, diag->span.file, diag->span.begin);
    struct gw_position end = gw_source_position(diags->source, diag->span.file, diag->span.end);
    char code[8];
    struct gw_buf buf;
    gw_buf_init_fixed(&buf, code, sizeof(code));
    gw_buf_printf(&buf, "GW%04u", diag->code);
    gw_json_put_object(writer);
    put_text(writer, "code", gw_buf_text(&buf));
    put_text(writer, "message", diag->message);
    put_text(writer, "file", diags->source->files[diag->span.file].name);
    put_number(writer, "line", at.line);
    put_number(writer, "column", at.column);
    put_number(writer, "end_line", end.line);
    put_number(writer, "end_column", end.column);
    if (diag->note.len > 0)
        put_text(writer, "note", diag->note);
    if (diag->hint.len > 0)
        put_text(writer, "hint", diag->hint);
    gw_json_put_object_end(writer);
}

void gw_diags_json(const struct gw_diags *diags, struct gw_buf *ret)
{
    struct gw_json_writer writer = gw_json_writer(ret, 0);
    gw_json_put_array(&writer);
    for (uint32_t i = 0; i < diags->count; i++)
        put_json(diags, &diags->items[i], &writer);
    gw_json_put_array_end(&writer);
}
