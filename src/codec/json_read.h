/**
 * A lossless JSON reader that gives one event at a time. Numbers keep their text, whatever their size.
 *
 * Language: RFC 8259, strictly; or with `configuration`, what people write by hand: `//`, `#` and C comments,
 * trailing commas, a byte order mark at the start. The input is one contiguous view and must outlive the reader and
 * all texts it gives out; strings with escapes are unescaped into the arena, the others borrow the input.
 * Nesting is a stack in the arena, bounded by depth_max; no function here recurses.
 *
 * Decided:
 *   -0, 1e400, 300 digits   kept as text; the getters of codec/json_number.h say what fits
 *   lone surrogates         refused: no UTF-8 stands for them
 *   \u0000 in a string      taken; a raw NUL or other control character is refused
 *   invalid UTF-8           refused, in comments too
 *   byte order mark         refused; skipped in a configuration
 *   a name twice            refused, compared after unescaping; `keep_duplicates` gives both (never in a configuration)
 *   depth                   64 unless asked for; depth 10,000 is refused then, without recursion when asked for
 *   more after the value    refused
 */
#ifndef GW_CODEC_JSON_READ_H
#define GW_CODEC_JSON_READ_H

#include "base/err.h"

enum { GW_JSON_DEPTH_DEFAULT = 64 };

enum gw_json_event {
    GW_JSON_AT_END, /* the whole input was one value */
    GW_JSON_AT_OBJECT,
    GW_JSON_AT_OBJECT_END,
    GW_JSON_AT_ARRAY,
    GW_JSON_AT_ARRAY_END,
    GW_JSON_AT_NAME,   /* `text`: unescaped name of the member whose value comes next */
    GW_JSON_AT_STRING, /* `text`: unescaped */
    GW_JSON_AT_NUMBER, /* `text`: as written */
    GW_JSON_AT_TRUE,
    GW_JSON_AT_FALSE,
    GW_JSON_AT_NULL,
};

/** All zero: RFC 8259, depth 64, no name twice. */
struct gw_json_opts {
    struct gw_text name; /* of the input, for the place of an error; borrowed */
    uint32_t depth_max;  /* 0: GW_JSON_DEPTH_DEFAULT */
    bool configuration;
    bool keep_duplicates;
    uint64_t hash_seed; /* for the table of names, where the sender may want it slow */
};

struct gw_json_frame;
struct gw_json_names;

/** Fields are the reader's, but for `text` and `token`, which belong to the last event. */
struct gw_json_reader {
    struct gw_text text;
    const char *token; /* where the event begins in the input */
    const char *begin, *at, *end;
    struct gw_json_opts opts;
    struct gw_arena *arena;
    struct gw_json_frame *frames; /* one for each open object or array */
    uint32_t depth, frames_cap;
    struct gw_json_names *names; /* of the open objects */
    uint8_t state;
};

/** Cannot fail. Everything the reader makes lives in `arena`. */
void gw_json_reader_init(struct gw_json_reader *r, struct gw_text input,
                         const struct gw_json_opts *opts, struct gw_arena *arena);
/**
 * The next event. After GW_JSON_AT_END, and after a failure, it must not be called again (asserted).
 * @return GW_OK
 *         GW_INVALID  not JSON: GW7101, or a name twice: GW7102; with line and column
 *         GW_TOOLARGE nested too deeply: GW7103
 *         GW_NOMEM    the arena refused
 */
GW_NODISCARD gw_rc gw_json_next(struct gw_json_reader *r, enum gw_json_event *ret,
                                struct gw_err *err);
/**
 * After an event that begins a value: goes to its end, checking it. *ret_raw, if given, is the value as written.
 * After a scalar it does not move.
 */
GW_NODISCARD gw_rc gw_json_skip(struct gw_json_reader *r, enum gw_json_event begun,
                                struct gw_text *ret_raw, struct gw_err *err);

/** Line and column (in characters, a tab is one) of an offset, both from 1. Ends of line: LF, CRLF, CR. */
void gw_json_place(struct gw_text input, size_t offset, uint32_t *ret_line, uint32_t *ret_column);

#endif
