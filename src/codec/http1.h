/**
 * HTTP/1.1 messages, read strictly (RFC 9112, RFC 9110): whatever two parsers could frame differently is refused.
 *
 * Shape:   a head is read once all of it is there, out of memory that grows at its end; views point into that memory, so
 *          spans are byte-exact. A body is read piece by piece as it comes; its pieces are views of the input.
 * Refused: a bare CR or LF, obs-fold, a blank before the colon, names that are not tokens, NUL and other controls,
 *          Content-Length with Transfer-Encoding, twice, or not all digits; any coding but chunked; more than one chunk
 *          extension, or one with escapes; framing or routing fields in a trailer; HTTP/0.9 and 2;
 *          no Host, two, or one that is none; CONNECT, Upgrade, 101; userinfo and fragments in targets.
 * Pure, no allocation. Server, client and proxy share it.
 */
#ifndef GW_CODEC_HTTP1_H
#define GW_CODEC_HTTP1_H

#include "base/err.h"

enum {
    GW_HTTP1_FIELDS_MAX = 100,
    GW_HTTP1_METHOD_MAX = 32,
    GW_HTTP1_LINE_BYTES = 8192, /* default limits */
    GW_HTTP1_HEAD_BYTES = 32768,
    GW_HTTP1_CHUNK_LINE_MAX = 512, /* size and extensions of one chunk */
    GW_HTTP1_TRAILER_BYTES_MAX = 8192
};

struct gw_http1_limits {
    uint32_t line_bytes_max; /* of the first line, and of each field line, without CRLF */
    uint32_t head_bytes_max;
    uint32_t fields_max; /* 1 .. GW_HTTP1_FIELDS_MAX */
};

extern const struct gw_http1_limits gw_http1_limits_default;

enum gw_http1_kind { GW_HTTP1_REQUEST, GW_HTTP1_RESPONSE };

/** How the end of the body is known. */
enum gw_http1_framing {
    GW_HTTP1_NO_BODY,
    GW_HTTP1_LENGTH,
    GW_HTTP1_CHUNKED,
    GW_HTTP1_UNTIL_CLOSE /* responses only */
};

struct gw_http1_field {
    struct gw_text name, value; /* value without the blanks around it */
};

/** All views point into the bytes given to gw_http1_head_read(). */
struct gw_http1_head {
    struct gw_bytes
        raw; /* with the empty line at its end (and one before a request, if there was one) */
    struct gw_text method, target; /* requests */
    struct gw_text host;           /* value of Host; data NULL when there is none (HTTP/1.0) */
    struct gw_text reason;         /* responses */
    uint16_t status;
    uint8_t minor; /* HTTP/1.minor: 0 or 1 */
    bool keep_alive, expect_continue;
    enum gw_http1_framing framing;
    uint64_t body_bytes; /* LENGTH only */
    size_t field_count;
    struct gw_http1_field fields[GW_HTTP1_FIELDS_MAX];
};

/** Where a reader of heads stands; reset for each message. */
struct gw_http1_reader {
    enum gw_http1_kind kind;
    const struct gw_http1_limits *limits;
    bool
        answers_head; /* responses: the request was HEAD, so there is no body whatever the fields say */
    uint16_t
        refusal; /* after GW_HTTP1_REFUSED: the status to answer with (400 414 417 431 501 505) */
    size_t line_start, scanned, lines;
};

enum gw_http1_step { GW_HTTP1_MORE, GW_HTTP1_READY, GW_HTTP1_REFUSED };

/** @limits  borrowed; NULL for the defaults */
void gw_http1_reader_init(struct gw_http1_reader *reader, enum gw_http1_kind kind,
                          const struct gw_http1_limits *limits);

/**
 * Read the head at the start of `bytes`.
 * @bytes   from the first byte of the message on; each call gets all of it again, with more at its end. It may move.
 * @ret     written when READY; what follows ret->raw belongs to the body or the next message
 * @return  MORE  not complete: call again with more bytes, which were not looked at twice
 *          REFUSED  err says why, reader->refusal what to answer; the connection cannot go on
 */
enum gw_http1_step gw_http1_head_read(struct gw_http1_reader *reader, struct gw_bytes bytes,
                                      struct gw_http1_head *ret, struct gw_err *err);

/** The first field of that name (any case). @return value; data NULL when there is none */
struct gw_text gw_http1_field(const struct gw_http1_head *head, const char *name);
/** ASCII letters in any case. `b` in lower case. */
bool gw_http1_equal(struct gw_text a, const char *b);
/** True if the comma-separated list `value` holds `token` (lower case). */
bool gw_http1_has_token(struct gw_text value, const char *token);
/** RFC 9110 section 5.6.2: what methods and names are made of; at least one character. */
bool gw_http1_is_token(struct gw_text text);
/** May stand as a field value: no controls but tab, no blank at either end. */
bool gw_http1_is_value(struct gw_text text);

/* ---- bodies ---- */

enum gw_http1_body_state {
    GW_HTTP1_BODY_DATA, /* LENGTH and UNTIL_CLOSE start here, and so does each chunk's data */
    GW_HTTP1_BODY_SIZE_FIRST,
    GW_HTTP1_BODY_SIZE,
    GW_HTTP1_BODY_EXT_NAME_FIRST,
    GW_HTTP1_BODY_EXT_NAME,
    GW_HTTP1_BODY_EXT_VALUE_FIRST,
    GW_HTTP1_BODY_EXT_VALUE,
    GW_HTTP1_BODY_EXT_QUOTED,
    GW_HTTP1_BODY_EXT_QUOTED_END,
    GW_HTTP1_BODY_SIZE_LF,
    GW_HTTP1_BODY_DATA_CR,
    GW_HTTP1_BODY_DATA_LF,
    GW_HTTP1_BODY_TRAILER_FIRST,
    GW_HTTP1_BODY_TRAILER_NAME,
    GW_HTTP1_BODY_TRAILER_VALUE,
    GW_HTTP1_BODY_TRAILER_LF,
    GW_HTTP1_BODY_LAST_LF,
    GW_HTTP1_BODY_DONE,
    GW_HTTP1_BODY_FAILED
};

/** Where a reader of one body stands. */
struct gw_http1_body {
    enum gw_http1_framing framing;
    enum gw_http1_body_state state;
    uint64_t left;  /* of the body (LENGTH) or of this chunk */
    uint64_t total; /* data bytes given out */
    uint32_t line_bytes, digits, trailer_bytes, name_len;
    char name[24]; /* start of the trailer's name, in lower case */
};

void gw_http1_body_init(struct gw_http1_body *body, const struct gw_http1_head *head);

struct gw_http1_piece {
    size_t used;             /* input bytes consumed */
    struct gw_bytes data;    /* body data, a view of the input; may be empty */
    struct gw_bytes trailer; /* raw bytes of the trailer section; may be empty */
};

/**
 * Take the next piece out of `bytes`: at most one run of data or trailer per call.
 * @return MORE     ret is filled; call again with what follows ret->used (even if nothing is left: that changes nothing)
 *         READY    the body ends with this piece
 *         REFUSED  err says why (always status 400); the connection cannot go on
 */
enum gw_http1_step gw_http1_body_read(struct gw_http1_body *body, struct gw_bytes bytes,
                                      struct gw_http1_piece *ret, struct gw_err *err);
/** The connection ended. @return true if the body may end there: it was complete, or framed by the close */
bool gw_http1_body_may_end(const struct gw_http1_body *body);

#endif
