/* The strict HTTP/1.1 reader: a table of shapes that are accepted, and one of shapes that two parsers could read differently. */
#include "kit/kit.h"

#include "codec/http1.h"

#define REQ(fields) "GET /a HTTP/1.1\r\nHost: x\r\n" fields "\r\n"
#define RES(fields) "HTTP/1.1 200 OK\r\n" fields "\r\n"

struct row {
    const char *name, *text;
    int refusal; /* 0: accepted */
    enum gw_http1_framing framing;
    uint64_t body_bytes;
    bool keep_alive;
};

/* clang-format off */
static const struct row requests[] = {
    {"plain", REQ(""), 0, GW_HTTP1_NO_BODY, 0, true},
    {"empty line first", "\r\n" REQ(""), 0, GW_HTTP1_NO_BODY, 0, true},
    {"1.0", "GET / HTTP/1.0\r\n\r\n", 0, GW_HTTP1_NO_BODY, 0, false},
    {"1.0 keep-alive", "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", 0, GW_HTTP1_NO_BODY, 0, true},
    {"close", REQ("connection: foo , CLOSE\r\n"), 0, GW_HTTP1_NO_BODY, 0, false},
    {"length", REQ("Content-Length: 12\r\n"), 0, GW_HTTP1_LENGTH, 12, true},
    {"length zero", REQ("Content-Length: 0\r\n"), 0, GW_HTTP1_LENGTH, 0, true},
    {"chunked", REQ("Transfer-Encoding: Chunked\r\n"), 0, GW_HTTP1_CHUNKED, 0, true},
    {"blanks around a value", REQ("A: \t b c \t \r\n"), 0, GW_HTTP1_NO_BODY, 0, true},
    {"empty value", REQ("A:\r\n"), 0, GW_HTTP1_NO_BODY, 0, true},
    {"obs-text", REQ("A: \xff\x80\r\n"), 0, GW_HTTP1_NO_BODY, 0, true},
    {"options *", "OPTIONS * HTTP/1.1\r\nHost:\r\n\r\n", 0, GW_HTTP1_NO_BODY, 0, true},
    {"absolute form", "GET http://X:80/a?b HTTP/1.1\r\nHost: x:80\r\n\r\n", 0, GW_HTTP1_NO_BODY, 0, true},
    {"expect", REQ("Content-Length: 1\r\nExpect: 100-Continue\r\n"), 0, GW_HTTP1_LENGTH, 1, true},
    {"IPv6 host", "GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", 0, GW_HTTP1_NO_BODY, 0, true},

    {"bare LF", "GET / HTTP/1.1\nHost: x\n\n", 400, 0, 0, 0},
    {"bare LF in fields", "GET / HTTP/1.1\r\nHost: x\nA: b\r\n\r\n", 400, 0, 0, 0},
    {"LF alone as empty line", "GET / HTTP/1.1\r\nHost: x\r\n\n", 400, 0, 0, 0},
    {"bare CR in a value", REQ("A: b\rc\r\n"), 400, 0, 0, 0},
    {"bare CR in a name", REQ("A\r: b\r\n"), 400, 0, 0, 0},
    {"bare CR in the target", "GET /\r HTTP/1.1\r\nHost: x\r\n\r\n", 400, 0, 0, 0},
    {"CR CR LF first", "\r\r\n" REQ(""), 400, 0, 0, 0}, /* found by fuzzing */
    {"two empty lines first", "\r\n\r\n" REQ(""), 400, 0, 0, 0},
    {"obs-fold", REQ("A: b\r\n c\r\n"), 400, 0, 0, 0},
    {"fold of the first field", "GET / HTTP/1.1\r\n Host: x\r\n\r\n", 400, 0, 0, 0},
    {"tab fold", REQ("A: b\r\n\tc\r\n"), 400, 0, 0, 0},
    {"blank before the colon", REQ("Content-Length : 5\r\n"), 400, 0, 0, 0},
    {"tab before the colon", REQ("Content-Length\t: 5\r\n"), 400, 0, 0, 0},
    {"no colon", REQ("Content-Length 5\r\n"), 400, 0, 0, 0},
    {"empty name", REQ(": 5\r\n"), 400, 0, 0, 0},
    {"name is no token", REQ("A(b): 5\r\n"), 400, 0, 0, 0},
    {"name beyond ASCII", REQ("\xc3\xa4: 5\r\n"), 400, 0, 0, 0},
    {"DEL in a value", REQ("A: \x7f\r\n"), 400, 0, 0, 0},
    {"escape in a value", REQ("A: \x1b[0m\r\n"), 400, 0, 0, 0},
    {"CL and TE", REQ("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), 400, 0, 0, 0},
    {"TE and CL", REQ("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), 400, 0, 0, 0},
    {"two CL that differ", REQ("Content-Length: 5\r\nContent-Length: 6\r\n"), 400, 0, 0, 0},
    {"two CL alike", REQ("Content-Length: 5\r\nContent-length: 5\r\n"), 400, 0, 0, 0},
    {"CL list", REQ("Content-Length: 5, 5\r\n"), 400, 0, 0, 0},
    {"CL signed", REQ("Content-Length: +5\r\n"), 400, 0, 0, 0},
    {"CL negative", REQ("Content-Length: -5\r\n"), 400, 0, 0, 0},
    {"CL hexadecimal", REQ("Content-Length: 0x5\r\n"), 400, 0, 0, 0},
    {"CL with a blank", REQ("Content-Length: 5 5\r\n"), 400, 0, 0, 0},
    {"CL empty", REQ("Content-Length:\r\n"), 400, 0, 0, 0},
    {"CL overflow", REQ("Content-Length: 18446744073709551621\r\n"), 400, 0, 0, 0},
    {"CL with zeros", REQ("Content-Length: 0000000000000000005\r\n"), 400, 0, 0, 0},
    {"TE and a tab", REQ("Transfer-Encoding: chunked\t\r\n"), 400, 0, 0, 0},
    {"CL and a tab", REQ("Content-Length:\t5\r\n"), 400, 0, 0, 0},
    {"TE gzip", REQ("Transfer-Encoding: gzip\r\n"), 501, 0, 0, 0},
    {"TE gzip, chunked", REQ("Transfer-Encoding: gzip, chunked\r\n"), 501, 0, 0, 0},
    {"TE chunked, chunked", REQ("Transfer-Encoding: chunked, chunked\r\n"), 501, 0, 0, 0},
    {"TE identity", REQ("Transfer-Encoding: identity\r\n"), 501, 0, 0, 0},
    {"TE xchunked", REQ("Transfer-Encoding: xchunked\r\n"), 501, 0, 0, 0},
    {"TE vertical tab", REQ("Transfer-Encoding: \vchunked\r\n"), 400, 0, 0, 0},
    {"TE quoted", REQ("Transfer-Encoding: \"chunked\"\r\n"), 501, 0, 0, 0},
    {"two TE", REQ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400, 0, 0, 0},
    {"TE and empty TE", REQ("Transfer-Encoding:\r\nTransfer-Encoding: chunked\r\n"), 400, 0, 0, 0},
    {"TE in 1.0", "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400, 0, 0, 0},
    {"no Host", "GET / HTTP/1.1\r\n\r\n", 400, 0, 0, 0},
    {"two Host", REQ("Host: y\r\n"), 400, 0, 0, 0},
    {"two Host alike", REQ("Host: x\r\n"), 400, 0, 0, 0},
    {"Host with userinfo", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400, 0, 0, 0},
    {"Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, 0, 0, 0},
    {"Host of two", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400, 0, 0, 0},
    {"target and Host differ", "GET http://x/ HTTP/1.1\r\nHost: y\r\n\r\n", 400, 0, 0, 0},
    {"userinfo in the target", "GET http://u:p@x/ HTTP/1.1\r\nHost: x\r\n\r\n", 400, 0, 0, 0},
    {"empty authority", "GET http:///a HTTP/1.1\r\nHost: x\r\n\r\n", 400, 0, 0, 0},
    {"other scheme", "GET ftp://x/ HTTP/1.1\r\nHost: x\r\n\r\n", 400, 0, 0, 0},
    {"fragment", "GET /a#b HTTP/1.1\r\nHost: x\r\n\r\n", 400, 0, 0, 0},
    {"relative target", "GET a HTTP/1.1\r\nHost: x\r\n\r\n", 400, 0, 0, 0},
    {"* without OPTIONS", "GET * HTTP/1.1\r\nHost: x\r\n\r\n", 400, 0, 0, 0},
    {"target beyond ASCII", "GET /\xc3\xa4 HTTP/1.1\r\nHost: x\r\n\r\n", 400, 0, 0, 0},
    {"two blanks", "GET  / HTTP/1.1\r\nHost: x\r\n\r\n", 400, 0, 0, 0},
    {"blank in the target", "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", 400, 0, 0, 0},
    {"tab for blank", "GET\t/ HTTP/1.1\r\nHost: x\r\n\r\n", 400, 0, 0, 0},
    {"blank first", " GET / HTTP/1.1\r\nHost: x\r\n\r\n", 400, 0, 0, 0},
    {"blank after the version", "GET / HTTP/1.1 \r\nHost: x\r\n\r\n", 400, 0, 0, 0},
    {"HTTP/0.9", "GET /\r\n\r\n", 400, 0, 0, 0},
    {"HTTP/2.0", "GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505, 0, 0, 0},
    {"HTTP/1.2", "GET / HTTP/1.2\r\nHost: x\r\n\r\n", 505, 0, 0, 0},
    {"http/1.1", "GET / http/1.1\r\nHost: x\r\n\r\n", 400, 0, 0, 0},
    {"HTTP/1.10", "GET / HTTP/1.10\r\nHost: x\r\n\r\n", 400, 0, 0, 0},
    {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, 0, 0, 0},
    {"method is no token", "G@T / HTTP/1.1\r\nHost: x\r\n\r\n", 400, 0, 0, 0},
    {"CONNECT", "CONNECT x:80 HTTP/1.1\r\nHost: x:80\r\n\r\n", 501, 0, 0, 0},
    {"Upgrade", REQ("Upgrade: websocket\r\nConnection: upgrade\r\n"), 501, 0, 0, 0},
    {"Connection: upgrade alone", REQ("Connection: close, Upgrade\r\n"), 501, 0, 0, 0},
    {"unknown expectation", REQ("Expect: 200-ok\r\n"), 417, 0, 0, 0},
    {"two expectations", REQ("Expect: 100-continue\r\nExpect: 100-continue\r\n"), 417, 0, 0, 0},
    {"TLS hello", "\x16\x03\x01\x02\n\r\n", 400, 0, 0, 0},
};

static const struct row responses[] = {
    {"until close", RES(""), 0, GW_HTTP1_UNTIL_CLOSE, 0, false},
    {"length", RES("Content-Length: 3\r\n"), 0, GW_HTTP1_LENGTH, 3, true},
    {"chunked", RES("Transfer-Encoding: chunked\r\n"), 0, GW_HTTP1_CHUNKED, 0, true},
    {"no reason", "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", 0, GW_HTTP1_LENGTH, 0, true},
    {"no blank", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", 0, GW_HTTP1_LENGTH, 0, true},
    {"204", "HTTP/1.1 204 No Content\r\n\r\n", 0, GW_HTTP1_NO_BODY, 0, true},
    {"304 with length", "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", 0, GW_HTTP1_NO_BODY, 9, true},
    {"100", "HTTP/1.1 100 Continue\r\n\r\n", 0, GW_HTTP1_NO_BODY, 0, true},

    {"CL and TE", RES("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), 400, 0, 0, 0},
    {"two CL", RES("Content-Length: 5\r\nContent-Length: 5\r\n"), 400, 0, 0, 0},
    {"TE gzip", RES("Transfer-Encoding: gzip\r\n"), 501, 0, 0, 0},
    {"204 with a body", "HTTP/1.1 204 No\r\nContent-Length: 1\r\n\r\n", 400, 0, 0, 0},
    {"100 chunked", "HTTP/1.1 100 No\r\nTransfer-Encoding: chunked\r\n\r\n", 400, 0, 0, 0},
    {"101", "HTTP/1.1 101 Switching\r\n\r\n", 501, 0, 0, 0},
    {"status 20", "HTTP/1.1 20 OK\r\n\r\n", 400, 0, 0, 0},
    {"status 2000", "HTTP/1.1 2000 OK\r\n\r\n", 400, 0, 0, 0},
    {"status 099", "HTTP/1.1 099 OK\r\n\r\n", 400, 0, 0, 0},
    {"two blanks", "HTTP/1.1  200 OK\r\n\r\n", 400, 0, 0, 0},
    {"control in the reason", "HTTP/1.1 200 O\x01\r\n\r\n", 400, 0, 0, 0},
    {"empty line first", "\r\nHTTP/1.1 200 OK\r\n\r\n", 400, 0, 0, 0},
    {"HTTP/2", "HTTP/2 200 OK     \r\n\r\n", 400, 0, 0, 0},
    {"ICY", "ICY 200 OK        \r\n\r\n", 400, 0, 0, 0},
};
/* clang-format on */

/* Whole, and byte by byte in a block of its exact size each time: the answer must not depend on how it came. */
static void check(const struct row *row, enum gw_http1_kind kind)
{
    struct gw_bytes bytes = gw_text_bytes(gw_text(row->text));
    for (size_t first = 0; first <= bytes.len; first += first == 0 ? bytes.len : 1) {
        struct gw_http1_reader reader;
        struct gw_http1_head head;
        struct gw_err err = {0};
        gw_http1_reader_init(&reader, kind, NULL);
        enum gw_http1_step step = GW_HTTP1_MORE;
        for (size_t len = first ? first : 1; step == GW_HTTP1_MORE && len <= bytes.len; len++)
            step = gw_http1_head_read(&reader, (struct gw_bytes){bytes.data, len}, &head, &err);
        if (step != (row->refusal ? GW_HTTP1_REFUSED : GW_HTTP1_READY) ||
            reader.refusal != row->refusal)
            fail_msg("%s: step %d, status %d: %s", row->name, (int)step, reader.refusal, err.msg);
        if (row->refusal) {
            assert_true(err.msg[0] != 0);
            continue;
        }
        assert_int_equal(head.raw.len, bytes.len);
        assert_int_equal(head.framing, row->framing);
        assert_int_equal(head.body_bytes, row->body_bytes);
        assert_int_equal(head.keep_alive, row->keep_alive);
    }
}

static void every_shape_of_request(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT_OF(requests); i++)
        check(&requests[i], GW_HTTP1_REQUEST);
}

static void every_shape_of_response(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT_OF(responses); i++)
        check(&responses[i], GW_HTTP1_RESPONSE);
}

static enum gw_http1_step read_request(const char *text, size_t len,
                                       const struct gw_http1_limits *limits,
                                       struct gw_http1_reader *reader, struct gw_http1_head *ret)
{
    gw_http1_reader_init(reader, GW_HTTP1_REQUEST, limits);
    return gw_http1_head_read(reader, (struct gw_bytes){(const uint8_t *)text, len}, ret, NULL);
}

static void views_are_the_exact_bytes(void **state)
{
    static const char text[] = "\r\nPOST /a?b=c HTTP/1.1\r\nhOst:h:1\r\nX-Y:\t v w \r\n"
                               "Content-Length: 2\r\n\r\nokNEXT";
    struct gw_http1_reader reader;
    struct gw_http1_head head;
    (void)state;
    assert_int_equal(read_request(text, sizeof(text) - 1, NULL, &reader, &head), GW_HTTP1_READY);
    assert_text_equal(head.method, "POST");
    assert_text_equal(head.target, "/a?b=c");
    assert_text_equal(head.host, "h:1");
    assert_int_equal(head.field_count, 3);
    assert_text_equal(head.fields[0].name, "hOst");
    assert_text_equal(head.fields[1].value, "v w");
    assert_text_equal(gw_http1_field(&head, "x-y"), "v w");
    assert_null(gw_http1_field(&head, "absent").data);
    assert_ptr_equal(head.raw.data, text);
    assert_int_equal(head.raw.len, sizeof(text) - 1 - 6);
}

static void nul_is_refused_everywhere(void **state)
{
    static const char good[] = "GET /abc HTTP/1.1\r\nHost: x\r\nName: value\r\n\r\n\r\n";
    (void)state;
    for (size_t i = 0; i < sizeof(good) - 4; i++) { /* the last CRLF completes a damaged end */
        char text[sizeof(good)];
        struct gw_http1_reader reader;
        struct gw_http1_head head;
        memcpy(text, good, sizeof(good));
        text[i] = 0;
        if (read_request(text, sizeof(good) - 1, NULL, &reader, &head) != GW_HTTP1_REFUSED)
            fail_msg("NUL at %zu was not refused", i);
    }
}

static void limits_hold_at_their_edge(void **state)
{
    /* first line 14 bytes, field lines 7, head 14+2 + 7+2 + 2 = 27 bytes */
    static const char text[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    struct gw_http1_reader reader;
    struct gw_http1_head head;
    (void)state;
#define WITH(...) \
    read_request(text, sizeof(text) - 1, &(struct gw_http1_limits){__VA_ARGS__}, &reader, &head)
    assert_int_equal(WITH(14, 27, 1), GW_HTTP1_READY);
    assert_int_equal(WITH(13, 27, 1), GW_HTTP1_REFUSED);
    assert_int_equal(reader.refusal, 414);
    assert_int_equal(WITH(14, 26, 1), GW_HTTP1_REFUSED);
    assert_int_equal(reader.refusal, 431);
    static const char three[] = "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n\r\n";
    assert_int_equal(read_request(three, sizeof(three) - 1, &(struct gw_http1_limits){99, 99, 1},
                                  &reader, &head),
                     GW_HTTP1_REFUSED);
    assert_int_equal(reader.refusal, 431);
    /* A line that never ends is refused without its end. */
    char endless[200];
    memset(endless, 'a', sizeof(endless));
    assert_int_equal(read_request(endless, sizeof(endless), &(struct gw_http1_limits){99, 999, 1},
                                  &reader, &head),
                     GW_HTTP1_REFUSED);
}

/* ---- bodies ---- */

struct body_row {
    const char *name, *text;
    const char *data;    /* NULL: refused */
    const char *trailer; /* raw */
    size_t rest;         /* bytes behind the body */
};

/* clang-format off */
static const struct body_row bodies[] = {
    {"one chunk", "3\r\nabc\r\n0\r\n\r\n", "abc", "\r\n", 0},
    {"two chunks and a next message", "1\r\na\r\nA\r\n0123456789\r\n0\r\n\r\nGET", "a0123456789", "\r\n", 3},
    {"empty", "0\r\n\r\n", "", "\r\n", 0},
    {"zeros before the size", "0003\r\nabc\r\n000\r\n\r\n", "abc", "\r\n", 0},
    {"extensions", "3;a=\"e; f\"\r\nabc\r\n1;b=c\r\nd\r\n0;x\r\n\r\n", "abcd", "\r\n", 0},
    {"trailer", "0\r\nA: b\r\nC:\r\n\r\n", "", "A: b\r\nC:\r\n\r\n", 0},

    {"no size", "\r\nabc\r\n0\r\n\r\n", NULL, NULL, 0},
    {"blank before the size", " 3\r\nabc\r\n0\r\n\r\n", NULL, NULL, 0},
    {"blank after the size", "3 \r\nabc\r\n0\r\n\r\n", NULL, NULL, 0},
    {"0x", "0x3\r\nabc\r\n0\r\n\r\n", NULL, NULL, 0},
    {"sign", "+3\r\nabc\r\n0\r\n\r\n", NULL, NULL, 0},
    {"size overflow", "10000000000000003\r\nabc\r\n0\r\n\r\n", NULL, NULL, 0},
    {"bare LF after the size", "3\nabc\r\n0\r\n\r\n", NULL, NULL, 0},
    {"bare CR after the size", "3\rabc\r\n0\r\n\r\n", NULL, NULL, 0},
    {"bare LF after the data", "3\r\nabc\n0\r\n\r\n", NULL, NULL, 0},
    {"data longer than the size", "3\r\nabcd\r\n0\r\n\r\n", NULL, NULL, 0},
    {"CR X after the data", "3\r\nabc\rX0\r\n\r\n", NULL, NULL, 0},
    {"LF in an extension", "3;a\nb\r\nabc\r\n0\r\n\r\n", NULL, NULL, 0},
    {"CR in an extension", "3;a\rb\r\nabc\r\n0\r\n\r\n", NULL, NULL, 0},
    {"LF in a quoted extension", "3;a=\"\n\"\r\nabc\r\n0\r\n\r\n", NULL, NULL, 0},
    {"two extensions", "3;a;b\r\nabc\r\n0\r\n\r\n", NULL, NULL, 0},
    {"escape in an extension", "3;a=\"\\\"\"\r\nabc\r\n0\r\n\r\n", NULL, NULL, 0},
    {"extension without a name", "3;\r\nabc\r\n0\r\n\r\n", NULL, NULL, 0},
    {"LF ends the body", "0\r\n\n", NULL, NULL, 0},
    {"LF in the trailer", "0\r\nA: b\n\r\n", NULL, NULL, 0},
    {"folded trailer", "0\r\nA: b\r\n c\r\n\r\n", NULL, NULL, 0},
    {"trailer without a name", "0\r\n: b\r\n\r\n", NULL, NULL, 0},
    {"trailer with blank before the colon", "0\r\nA : b\r\n\r\n", NULL, NULL, 0},
    {"framing in the trailer", "0\r\nContent-Length: 3\r\n\r\n", NULL, NULL, 0},
    {"coding in the trailer", "0\r\ntransfer-ENCODING: chunked\r\n\r\n", NULL, NULL, 0},
    {"Host in the trailer", "0\r\nHost: y\r\n\r\n", NULL, NULL, 0},
};
/* clang-format on */

/* In pieces of `step` bytes. */
static void check_body(const struct body_row *row, size_t step)
{
    struct gw_bytes bytes = gw_text_bytes(gw_text(row->text));
    struct gw_http1_head head = {.framing = GW_HTTP1_CHUNKED};
    struct gw_http1_body body;
    struct gw_err err = {0};
    char data[64], trailer[64];
    size_t data_len = 0, trailer_len = 0, at = 0, end = GW_MIN(step, bytes.len);
    enum gw_http1_step got = GW_HTTP1_MORE;
    gw_http1_body_init(&body, &head);
    while (got == GW_HTTP1_MORE && (at < bytes.len)) {
        struct gw_http1_piece piece;
        got = gw_http1_body_read(&body, (struct gw_bytes){bytes.data + at, end - at}, &piece, &err);
        at += piece.used;
        if (piece.data.len)
            memcpy(data + data_len, piece.data.data, piece.data.len);
        data_len += piece.data.len;
        if (piece.trailer.len)
            memcpy(trailer + trailer_len, piece.trailer.data, piece.trailer.len);
        trailer_len += piece.trailer.len;
        if (at == end)
            end = GW_MIN(end + step, bytes.len);
    }
    if (got != (row->data ? GW_HTTP1_READY : GW_HTTP1_REFUSED))
        fail_msg("%s (by %zu): step %d, %s", row->name, step, (int)got, err.msg);
    if (row->data == NULL)
        return;
    assert_text_equal(((struct gw_text){data, data_len}), row->data);
    assert_text_equal(((struct gw_text){trailer, trailer_len}), row->trailer);
    assert_int_equal(bytes.len - at, row->rest);
}

static void every_shape_of_chunked_body(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT_OF(bodies); i++)
        for (size_t step = 1; step <= 64; step++)
            check_body(&bodies[i], step);
}

static void bodies_by_length_and_by_close(void **state)
{
    struct gw_http1_body body;
    struct gw_http1_piece piece;
    struct gw_bytes in = gw_text_bytes(GW_TEXT_LIT("abcdef"));
    (void)state;
    gw_http1_body_init(&body, &(struct gw_http1_head){.framing = GW_HTTP1_LENGTH, .body_bytes = 4});
    assert_false(gw_http1_body_may_end(&body));
    assert_int_equal(gw_http1_body_read(&body, in, &piece, NULL), GW_HTTP1_READY);
    assert_int_equal(piece.used, 4);
    assert_true(gw_http1_body_may_end(&body));
    gw_http1_body_init(&body, &(struct gw_http1_head){.framing = GW_HTTP1_UNTIL_CLOSE});
    assert_int_equal(gw_http1_body_read(&body, in, &piece, NULL), GW_HTTP1_MORE);
    assert_int_equal(piece.used, 6);
    assert_true(gw_http1_body_may_end(&body));
    gw_http1_body_init(&body, &(struct gw_http1_head){.framing = GW_HTTP1_NO_BODY});
    assert_int_equal(gw_http1_body_read(&body, in, &piece, NULL), GW_HTTP1_READY);
    assert_int_equal(piece.used, 0);
}

static void long_extensions_and_trailers_are_refused(void **state)
{
    static char text[GW_HTTP1_TRAILER_BYTES_MAX + 100];
    struct gw_http1_head head = {.framing = GW_HTTP1_CHUNKED};
    struct gw_http1_body body;
    struct gw_http1_piece piece;
    (void)state;
    memset(text, 'a', sizeof(text));
    memcpy(text, "3;", 2);
    gw_http1_body_init(&body, &head);
    struct gw_bytes in = {(const uint8_t *)text, sizeof(text)};
    assert_int_equal(gw_http1_body_read(&body, in, &piece, NULL), GW_HTTP1_REFUSED);
    assert_true(piece.used <= GW_HTTP1_CHUNK_LINE_MAX + 1);
    memcpy(text, "0\r\nA:", 5);
    gw_http1_body_init(&body, &head);
    assert_int_equal(gw_http1_body_read(&body, in, &piece, NULL), GW_HTTP1_REFUSED);
    assert_int_equal(gw_http1_body_read(&body, in, &piece, NULL),
                     GW_HTTP1_REFUSED); /* and stays so */
}

static void a_head_answer_has_no_body(void **state)
{
    static const char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n";
    struct gw_http1_reader reader;
    struct gw_http1_head head;
    (void)state;
    gw_http1_reader_init(&reader, GW_HTTP1_RESPONSE, NULL);
    reader.answers_head = true;
    struct gw_bytes in = {(const uint8_t *)text, sizeof(text) - 1};
    assert_int_equal(gw_http1_head_read(&reader, in, &head, NULL), GW_HTTP1_READY);
    assert_int_equal(head.framing, GW_HTTP1_NO_BODY);
    assert_int_equal(head.body_bytes, 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_shape_of_request),
        cmocka_unit_test(every_shape_of_response),
        cmocka_unit_test(views_are_the_exact_bytes),
        cmocka_unit_test(nul_is_refused_everywhere),
        cmocka_unit_test(limits_hold_at_their_edge),
        cmocka_unit_test(every_shape_of_chunked_body),
        cmocka_unit_test(bodies_by_length_and_by_close),
        cmocka_unit_test(long_extensions_and_trailers_are_refused),
        cmocka_unit_test(a_head_answer_has_no_body),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
