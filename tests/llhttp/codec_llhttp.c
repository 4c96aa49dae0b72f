/* What codec/http1 accepts, llhttp in strict mode accepts too, and reads the same: method, target, fields, body, length.
 * That we refuse more is our intention. Known differences, each harmless to framing, are named where they are skipped. */
#include <llhttp.h>

#include "codec/http1.h"

enum { TEXT_MAX = 1 << 16, FIELDS_MAX = 256 };

struct span {
    size_t at, len; /* in `text` */
};

/* What llhttp said, gathered. */
struct seen {
    char text[TEXT_MAX];
    size_t text_len;
    struct span target, body, names[FIELDS_MAX], values[FIELDS_MAX];
    size_t names_count, values_count;
    bool in_value, head_done, done;
    size_t head_fields;
};

static struct seen seen;

static void append(struct span *span, const char *at, size_t len)
{
    GW_ASSERT(seen.text_len + len <= TEXT_MAX);
    if (span->len == 0)
        span->at = seen.text_len;
    GW_ASSERT(span->at + span->len == seen.text_len);
    memcpy(seen.text + seen.text_len, at, len);
    seen.text_len += len;
    span->len += len;
}

static int on_url(llhttp_t *parser, const char *at, size_t len)
{
    (void)parser;
    append(&seen.target, at, len);
    return 0;
}

static int on_name(llhttp_t *parser, const char *at, size_t len)
{
    (void)parser;
    if (seen.in_value || seen.names_count == 0)
        seen.names_count++;
    seen.in_value = false;
    GW_ASSERT(seen.names_count <= FIELDS_MAX);
    append(&seen.names[seen.names_count - 1], at, len);
    return 0;
}

static int on_value(llhttp_t *parser, const char *at, size_t len)
{
    (void)parser;
    seen.in_value = true;
    if (seen.values_count < seen.names_count)
        seen.values_count = seen.names_count;
    append(&seen.values[seen.values_count - 1], at, len);
    return 0;
}

static int on_body(llhttp_t *parser, const char *at, size_t len)
{
    (void)parser;
    append(&seen.body, at, len);
    return 0;
}

static int on_head(llhttp_t *parser)
{
    (void)parser;
    seen.head_done = true;
    seen.head_fields = seen.names_count;
    return 0;
}

static int on_done(llhttp_t *parser)
{
    (void)parser;
    seen.done = true;
    return HPE_PAUSED;
}

static struct gw_text text_of(struct span span)
{
    return (struct gw_text){seen.text + span.at, span.len};
}

static struct gw_text without_blanks(struct gw_text text)
{
    while (text.len && (text.data[text.len - 1] == ' ' || text.data[text.len - 1] == '\t'))
        text.len--;
    while (text.len && (text.data[0] == ' ' || text.data[0] == '\t')) {
        text.data++;
        text.len--;
    }
    return text;
}

static llhttp_errno_t run_llhttp(struct gw_bytes in, enum gw_http1_kind kind, size_t *ret_used,
                                 llhttp_t *ret)
{
    static llhttp_settings_t settings;
    llhttp_settings_init(&settings);
    settings.on_url = on_url;
    settings.on_header_field = on_name;
    settings.on_header_value = on_value;
    settings.on_body = on_body;
    settings.on_headers_complete = on_head;
    settings.on_message_complete = on_done;
    memset(&seen, 0, sizeof(seen));
    llhttp_init(ret, kind == GW_HTTP1_REQUEST ? HTTP_REQUEST : HTTP_RESPONSE, &settings);
    llhttp_errno_t rc = llhttp_execute(ret, (const char *)in.data, in.len);
    *ret_used = in.len;
    if (rc == HPE_PAUSED)
        *ret_used = (size_t)((const uint8_t *)llhttp_get_error_pos(ret) - in.data);
    return rc;
}

static void compare_head(const struct gw_http1_head *head, enum gw_http1_kind kind,
                         const llhttp_t *parser)
{
    GW_ASSERT(parser->http_major == 1 && parser->http_minor == head->minor);
    if (kind == GW_HTTP1_REQUEST) {
        GW_ASSERT(gw_text_is(head->method, llhttp_method_name((llhttp_method_t)parser->method)));
        GW_ASSERT(gw_text_equal(text_of(seen.target), head->target));
    } else {
        GW_ASSERT(parser->status_code == head->status);
    }
    GW_ASSERT(seen.head_fields == head->field_count);
    for (size_t i = 0; i < head->field_count; i++) {
        GW_ASSERT(gw_text_equal(text_of(seen.names[i]), head->fields[i].name));
        GW_ASSERT(gw_text_equal(without_blanks(text_of(seen.values[i])), head->fields[i].value));
    }
}

static enum gw_http1_step read_body(const struct gw_http1_head *head, struct gw_bytes in,
                                    size_t *ret_used, size_t *ret_data)
{
    struct gw_http1_body body;
    struct gw_http1_piece piece;
    enum gw_http1_step step = GW_HTTP1_MORE;
    size_t at = head->raw.len, compared = 0;
    gw_http1_body_init(&body, head);
    do {
        step =
            gw_http1_body_read(&body, (struct gw_bytes){in.data + at, in.len - at}, &piece, NULL);
        at += piece.used;
        if (step == GW_HTTP1_REFUSED || piece.data.len == 0)
            continue;
        GW_ASSERT(compared + piece.data.len <= seen.body.len);
        GW_ASSERT(memcmp(seen.text + seen.body.at + compared, piece.data.data, piece.data.len) ==
                  0);
        compared += piece.data.len;
    } while (step == GW_HTTP1_MORE && at < in.len);
    *ret_used = at;
    *ret_data = compared;
    return step;
}

static void compare(struct gw_bytes in, enum gw_http1_kind kind)
{
    static struct gw_http1_head head;
    struct gw_http1_reader reader;
    gw_http1_reader_init(&reader, kind, NULL);
    if (gw_http1_head_read(&reader, in, &head, NULL) != GW_HTTP1_READY)
        return;
    /* llhttp waits for the body of a 304, and of a final status below 200; RFC 9112 section 6.3 has none there. */
    if (kind == GW_HTTP1_RESPONSE &&
        (head.status < 200 || head.status == 204 || head.status == 304))
        return;
    llhttp_t parser;
    size_t their_used = 0, our_used = 0, our_data = 0;
    llhttp_errno_t rc = run_llhttp(in, kind, &their_used, &parser);
    /* llhttp knows a fixed list of methods, some of them for RTSP and ICE only. */
    if (rc == HPE_INVALID_METHOD || (rc == HPE_INVALID_CONSTANT && !seen.head_done))
        return;
    GW_ASSERT(seen.head_done);
    compare_head(&head, kind, &parser);
    enum gw_http1_step step = read_body(&head, in, &our_used, &our_data);
    if (step == GW_HTTP1_REFUSED)
        return;
    GW_ASSERT(rc == HPE_OK || rc == HPE_PAUSED);
    GW_ASSERT(our_data == seen.body.len);
    GW_ASSERT((step == GW_HTTP1_READY) == seen.done);
    if (step == GW_HTTP1_READY)
        GW_ASSERT(our_used == their_used);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > TEXT_MAX / 2)
        return 0;
    compare((struct gw_bytes){data, size}, GW_HTTP1_REQUEST);
    compare((struct gw_bytes){data, size}, GW_HTTP1_RESPONSE);
    return 0;
}
