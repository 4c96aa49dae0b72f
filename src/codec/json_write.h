/**
 * Writes JSON onto a gw_buf: correct escapes, numbers as their text, no number that a reader with doubles would bend.
 *
 * The writer puts commas and blanks; the caller puts names before the values of an object and closes what it opens.
 * A refused append is remembered by the buffer, text that is not UTF-8 by the writer: check once, at the end.
 */
#ifndef GW_CODEC_JSON_WRITE_H
#define GW_CODEC_JSON_WRITE_H

#include "base/buf.h"
#include "codec/json.h"

struct gw_json_writer {
    struct gw_buf *buf;
    uint32_t indent; /* blanks for each level; 0: everything on one line, no blanks */
    uint32_t depth;
    bool comma;      /* something stands before on this level */
    bool after_name; /* the value of a member comes next */
    bool bad_text;
};

static inline struct gw_json_writer gw_json_writer(struct gw_buf *buf, uint32_t indent)
{
    return (struct gw_json_writer){.buf = buf, .indent = indent};
}

/** @return GW_OK, GW_TOOLARGE when the buffer refused, GW_INVALID when a text was not UTF-8 */
GW_NODISCARD gw_rc gw_json_writer_check(const struct gw_json_writer *w, const char *what,
                                        struct gw_err *err);

void gw_json_put_object(struct gw_json_writer *w);
void gw_json_put_object_end(struct gw_json_writer *w);
void gw_json_put_array(struct gw_json_writer *w);
void gw_json_put_array_end(struct gw_json_writer *w);
void gw_json_put_name(struct gw_json_writer *w, struct gw_text name);
void gw_json_put_name_str(struct gw_json_writer *w, const char *name);

void gw_json_put_text(struct gw_json_writer *w, struct gw_text text);
void gw_json_put_str(struct gw_json_writer *w, const char *zero_terminated);
void gw_json_put_bool(struct gw_json_writer *w, bool value);
void gw_json_put_null(struct gw_json_writer *w);
/** A number as its text, or any value that is JSON already, verbatim and unchecked. */
void gw_json_put_raw(struct gw_json_writer *w, struct gw_text json);

/**
 * Whole numbers; beyond ±2^53 as strings, since a reader with doubles would bend them (RFC 7493 section 2.2).
 * Source: conventions, "JSON and numbers".
 */
void gw_json_put_u64(struct gw_json_writer *w, uint64_t value);
void gw_json_put_i64(struct gw_json_writer *w, int64_t value);
void gw_json_put_u128(struct gw_json_writer *w, gw_u128 value);
void gw_json_put_i128(struct gw_json_writer *w, gw_i128 value);
/** value / 10^scale with all its digits ("1.10"); a string beyond 2^53, or beyond 15 digits when scale > 0. */
void gw_json_put_dec(struct gw_json_writer *w, gw_i128 value, unsigned scale);

/** A whole tree, numbers as written. */
void gw_json_put_node(struct gw_json_writer *w, const struct gw_json *node);

/** The escaped text with its quotes, without a writer. @return false when `text` is not UTF-8 (it is written up to there) */
bool gw_json_escape(struct gw_buf *buf, struct gw_text text);

#endif
