/**
 * The wire protocol: frames over a unix socket or TCP, pipelined, answers in any order. docs/formats.md#wire has it byte by byte.
 *
 * Frame:   u32 length, little endian, then that many bytes: one canonical CBOR array of five items.
 * Request: [kind, client, seq, fn, args]      Answer: [kind, client, seq, …]: (client, seq) are those of the request.
 * Bounds:  a request GW_WIRE_FRAME_MAX bytes, an answer GW_WIRE_ANSWER_MAX, GW_WIRE_OPEN_MAX requests under way per
 *          connection: beyond that the server reads no more until answers went out.
 * Args:    canonical CBOR as declared by the function (record/value.h), or one text: JSON, then the result is JSON text too.
 * Pure: bytes to structs and back; views borrow the frame.
 */
#ifndef GW_API_WIRE_H
#define GW_API_WIRE_H

#include "codec/cbor.h"

enum {
    GW_WIRE_HEAD_BYTES = 4,
    GW_WIRE_FRAME_MAX = 1 << 20,
    GW_WIRE_ANSWER_MAX = 8 << 20,
    GW_WIRE_OPEN_MAX = 512,
    GW_WIRE_NAME_MAX = 255 /* bytes of fn */
};

#define GW_WIRE_VERSION "godwit/1"

/* clang-format off */
/* name, number, what fn and args hold */
#define GW_WIRE_KINDS(X)                                                                    \
    X(HELLO,    0, "fn: \"godwit/1\"; args: null or the token")                             \
    X(SESSION,  1, "open a session; result: its client number")                             \
    X(CALL,     2, "fn: a txn; args; client 0: outside of sessions, not repeatable")        \
    X(VIEW,     3, "fn: a view; args: [mode, index, args]; mode as enum gw_wire_view")      \
    X(WARM,     4, "fn: a txn or view whose keys are read ahead; args")                     \
    X(STATUS,   5, "result: JSON text, as GET /v1/engine")                                  \
    X(PING,     6, "result: null")                                                          \
    X(RESULT,  16, "answer: [16, client, seq, [index, record], result]")                    \
    X(ERROR,   17, "answer: [17, client, seq, [rc, code], [text, hint]]")
/* clang-format on */
enum gw_wire_kind {
#define X(name, number, text) GW_WIRE_##name = (number),
    GW_WIRE_KINDS(X)
#undef X
};

/** The numbers of engine.h's GW_VIEW_…, which are local; these are for ever. */
enum gw_wire_view {
    GW_WIRE_VIEW_LINEARIZABLE,
    GW_WIRE_VIEW_AT_LEAST,
    GW_WIRE_VIEW_AS_OF,
    GW_WIRE_VIEW_STALE_OK
};

struct gw_wire_request {
    enum gw_wire_kind kind;
    uint64_t client, seq;
    struct gw_text fn;    /* "" where the kind needs none */
    struct gw_bytes args; /* one canonical item */
};

struct gw_wire_answer {
    enum gw_wire_kind kind; /* RESULT or ERROR */
    uint64_t client, seq;
    uint64_t index; /* RESULT: journal position; 0, 0 where there is none */
    uint32_t record;
    struct gw_bytes result; /* RESULT: one canonical item */
    gw_rc rc;               /* ERROR: negative */
    gw_code code;
    struct gw_text text, hint;
};

/**
 * The next frame at the start of `at`.
 * @at   moves behind the frame on GW_OK
 * @ret  the CBOR inside
 * @return GW_OK · GW_NOTFOUND (err untouched): not all of it is there yet · GW_TOOLARGE a length above bytes_max, or 0: the
 *         stream cannot go on
 */
GW_NODISCARD gw_rc gw_wire_next(struct gw_bytes *at, size_t bytes_max, struct gw_bytes *ret,
                                struct gw_err *err);

/** @return GW_INVALID GW7301: not canonical CBOR, or not a request; ret->client and seq are set when they could be read */
GW_NODISCARD gw_rc gw_wire_request_decode(struct gw_bytes frame, struct gw_wire_request *ret,
                                          struct gw_err *err);
GW_NODISCARD gw_rc gw_wire_answer_decode(struct gw_bytes frame, struct gw_wire_answer *ret,
                                         struct gw_err *err);

/** With its length in front. `args` and `result` are copied as they are: the caller vouches for them. */
void gw_wire_request_put(const struct gw_wire_request *request, struct gw_buf *ret);
void gw_wire_answer_put(const struct gw_wire_answer *answer, struct gw_buf *ret);

#endif
