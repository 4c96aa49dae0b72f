/** Private to the layout: how far the writing of a program has come, and what its parts share. */
#ifndef GW_LANG_FMT_INT_H
#define GW_LANG_FMT_INT_H

#include "lang/fmt.h"

struct gw_fmt {
    const struct gw_ast *ast;
    struct gw_buf *ret;
    uint32_t indent;
    uint32_t comment;  /* the next one, not yet written */
    uint32_t last_end; /* in the source: of what was written last; 0 at the beginning of a block */
    bool is_plain;     /* no comments, no blank lines: the dump */
};

/* fmt_line.c */
void gw_fmt_put(struct gw_fmt *fmt, const char *text);
void gw_fmt_name(struct gw_fmt *fmt, const struct gw_name *of);
/** Comments that stand before `at`, each on a line of its own. */
void gw_fmt_comments_before(struct gw_fmt *fmt, uint32_t at);
/** A blank line where the source has one, then the indent. */
void gw_fmt_begin_line(struct gw_fmt *fmt, uint32_t at);
/** Begins the line of something that stands at `span`: comments and a blank line before it, then the indent. */
void gw_fmt_begin(struct gw_fmt *fmt, struct gw_span span);
/** Ends a line; a comment that stands on the line of `at` stays there. */
void gw_fmt_end(struct gw_fmt *fmt, uint32_t at);
void gw_fmt_open(struct gw_fmt *fmt, struct gw_span brace);
void gw_fmt_close(struct gw_fmt *fmt, uint32_t at);

/* fmt_stmt.c */
void gw_fmt_block(struct gw_fmt *fmt, const struct gw_block *of);
void gw_fmt_place(struct gw_fmt *fmt, const struct gw_place_expr *of);
/** An expression behind a word, or the word alone. */
void gw_fmt_lead(struct gw_fmt *fmt, const char *before, const struct gw_expr *of);

/* fmt_expr.c */
void gw_fmt_expr(const struct gw_expr *expr, struct gw_buf *ret);
void gw_fmt_type(const struct gw_type_expr *type, struct gw_buf *ret);
void gw_fmt_inits(const struct gw_init *inits, uint32_t count, struct gw_buf *ret);
void gw_fmt_outside_name(const struct gw_name *name, struct gw_buf *ret);
void gw_fmt_string(struct gw_bytes bytes, struct gw_buf *ret);

#endif
