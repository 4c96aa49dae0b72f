/** Lines, blank lines, comments and braces of a program that is written. */
#include "lang/fmt_int.h"

enum { INDENT = 2 };

static struct gw_text source(const struct gw_fmt *fmt)
{
    return fmt->ast->source->files[0].text;
}

static uint32_t newlines(const struct gw_fmt *fmt, uint32_t from, uint32_t to)
{
    uint32_t count = 0;
    struct gw_text text = source(fmt);
    for (uint32_t i = from; i < to && i < text.len && count < 2; i++)
        count += text.data[i] == '\n';
    return count;
}

void gw_fmt_put(struct gw_fmt *fmt, const char *text)
{
    gw_buf_put_str(fmt->ret, text);
}

void gw_fmt_name(struct gw_fmt *fmt, const struct gw_name *of)
{
    gw_buf_put_text(fmt->ret, of->text);
}

void gw_fmt_begin_line(struct gw_fmt *fmt, uint32_t at)
{
    if (fmt->last_end > 0 && !fmt->is_plain && newlines(fmt, fmt->last_end, at) > 1)
        gw_fmt_put(fmt, "\n");
    for (uint32_t i = 0; i < fmt->indent * INDENT; i++)
        gw_buf_put_u8(fmt->ret, ' ');
}

static struct gw_text comment_text(const struct gw_fmt *fmt, const struct gw_comment *comment)
{
    struct gw_text text = {source(fmt).data + comment->span.begin,
                           comment->span.end - comment->span.begin};
    while (text.len > 0 && (text.data[text.len - 1] == ' ' || text.data[text.len - 1] == '\t' ||
                            text.data[text.len - 1] == '\r'))
        text.len--;
    return text;
}

/** Comments that stand before `at`, each on a line of its own. */
void gw_fmt_comments_before(struct gw_fmt *fmt, uint32_t at)
{
    while (!fmt->is_plain && fmt->comment < fmt->ast->comment_count &&
           fmt->ast->comments[fmt->comment].span.begin < at) {
        const struct gw_comment *comment = &fmt->ast->comments[fmt->comment++];
        gw_fmt_begin_line(fmt, comment->span.begin);
        gw_buf_put_text(fmt->ret, comment_text(fmt, comment));
        gw_fmt_put(fmt, "\n");
        fmt->last_end = comment->span.end;
    }
}

void gw_fmt_begin(struct gw_fmt *fmt, struct gw_span span)
{
    gw_fmt_comments_before(fmt, span.begin);
    gw_fmt_begin_line(fmt, span.begin);
}

/** Ends a line; a comment that stands on the line of `end` stays there. */
void gw_fmt_end(struct gw_fmt *fmt, uint32_t at)
{
    if (!fmt->is_plain && fmt->comment < fmt->ast->comment_count) {
        const struct gw_comment *comment = &fmt->ast->comments[fmt->comment];
        bool follows = comment->span.begin >= at;
        for (uint32_t i = at; follows && i < comment->span.begin; i++)
            follows = source(fmt).data[i] == ' ' || source(fmt).data[i] == '\t';
        if (follows) {
            gw_fmt_put(fmt, " ");
            gw_buf_put_text(fmt->ret, comment_text(fmt, comment));
            fmt->comment++;
        }
    }
    gw_fmt_put(fmt, "\n");
    fmt->last_end = at;
}

void gw_fmt_open(struct gw_fmt *fmt, struct gw_span brace)
{
    gw_fmt_put(fmt, "{");
    gw_fmt_end(fmt, brace.begin + 1);
    fmt->last_end = 0;
    fmt->indent++;
}

void gw_fmt_close(struct gw_fmt *fmt, uint32_t at)
{
    gw_fmt_comments_before(fmt, at > 0 ? at - 1 : 0);
    fmt->indent--;
    fmt->last_end = 0;
    gw_fmt_begin_line(fmt, at);
    gw_fmt_put(fmt, "}");
}
