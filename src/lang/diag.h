/**
 * Diagnostics: what is wrong with a program, where, and what to do.
 * Invariant: at most GW_DIAGS_MAX are kept, those that stand first in the text; `dropped` counts the others.
 */
#ifndef GW_LANG_DIAG_H
#define GW_LANG_DIAG_H

#include "base/buf.h"
#include "lang/source.h"

enum { GW_DIAGS_MAX = 20 };

struct gw_diag {
    gw_code code;
    struct gw_span span;   /* its begin is the place that is named: the whole expression */
    struct gw_span carets; /* what is underlined; zero: the span */
    struct gw_text message;
    struct gw_text note; /* behind the carets: "512 × (2 + 398)"; may be empty */
    struct gw_text hint; /* may be empty */
};

/** Texts of the diagnostics live in `arena`. */
struct gw_diags {
    struct gw_arena *arena;
    const struct gw_source *source; /* set by gw_lang_parse() */
    struct gw_diag items[GW_DIAGS_MAX];
    uint32_t count;   /* in rising position */
    uint32_t dropped; /* found beyond those kept */
    bool failed;      /* the arena refused a text: the run ends with GW_NOMEM */
};

void gw_diags_init(struct gw_diags *diags, struct gw_arena *arena);
/** Adds one, unless the same code stands at the same place already. @return it, to be given a hint or a note; NULL if dropped */
struct gw_diag *gw_diags_add(struct gw_diags *diags, gw_code code, struct gw_span span,
                             const char *fmt, ...) GW_PRINTF(4, 5);
/** `diag` may be NULL. */
void gw_diags_hint(struct gw_diags *diags, struct gw_diag *diag, const char *fmt, ...)
    GW_PRINTF(3, 4);
void gw_diags_note(struct gw_diags *diags, struct gw_diag *diag, const char *fmt, ...)
    GW_PRINTF(3, 4);
/** GW_OK without diagnostics; GW_NOMEM; else GW_INVALID with `err` filled from the first. */
GW_NODISCARD gw_rc gw_diags_result(const struct gw_diags *diags, struct gw_err *err);

/** As on a terminal: error line, place, excerpt, carets, hint; and a last line when some were dropped. */
void gw_diags_text(const struct gw_diags *diags, struct gw_buf *ret);
/** A JSON array of {code, message, file, line, column, end_line, end_column, note, hint}. */
void gw_diags_json(const struct gw_diags *diags, struct gw_buf *ret);

#endif
