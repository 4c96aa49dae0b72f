#include "codec/http1_int.h"

void gw_http1_body_init(struct gw_http1_body *body, const struct gw_http1_head *head)
{
    *body = (struct gw_http1_body){.framing = head->framing};
    switch (head->framing) {
    case GW_HTTP1_NO_BODY:
        body->state = GW_HTTP1_BODY_DONE;
        break;
    case GW_HTTP1_LENGTH:
        body->left = head->body_bytes;
        body->state = body->left ? GW_HTTP1_BODY_DATA : GW_HTTP1_BODY_DONE;
        break;
    case GW_HTTP1_CHUNKED:
        body->state = GW_HTTP1_BODY_SIZE_FIRST;
        break;
    case GW_HTTP1_UNTIL_CLOSE:
        body->left = UINT64_MAX;
        body->state = GW_HTTP1_BODY_DATA;
        break;
    }
}

static enum gw_http1_step refuse(struct gw_http1_body *body, const char *why, struct gw_err *err)
{
    body->state = GW_HTTP1_BODY_FAILED;
    (void)GW_FAIL(err, GW_INVALID, "HTTP body refused: %s", why);
    return GW_HTTP1_REFUSED;
}

/* ---- the line before a chunk ---- */

static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One extension a chunk, and no escapes in it: parsers disagree about more than that, and nobody sends it. */
static bool ends_line(struct gw_http1_body *body, uint8_t c)
{
    if (c != '\r')
        return false;
    body->state = GW_HTTP1_BODY_SIZE_LF;
    return true;
}

static const char *size_byte(struct gw_http1_body *body, uint8_t c)
{
    int digit = hex_value(c);
    if (digit < 0 && body->state == GW_HTTP1_BODY_SIZE && c == ';') {
        body->state = GW_HTTP1_BODY_EXT_NAME_FIRST;
        return NULL;
    }
    if (digit < 0) {
        return body->state == GW_HTTP1_BODY_SIZE && ends_line(body, c)
                   ? NULL
                   : "a chunk's size is not hexadecimal digits";
    }
    if (++body->digits > 15) /* below 2^60; zeros count too: nobody writes so many */
        return "a chunk's size is too large";
    body->left = body->left * 16 + (uint64_t)digit;
    body->state = GW_HTTP1_BODY_SIZE;
    return NULL;
}

static const char *extension_byte(struct gw_http1_body *body, uint8_t c)
{
    static const char wrong[] = "a chunk's extension is malformed";
    bool token = gw_http1_is(c, GW_HTTP1_TCHAR);
    switch ((int)body->state) {
    case GW_HTTP1_BODY_EXT_NAME_FIRST:
        body->state = GW_HTTP1_BODY_EXT_NAME;
        return token ? NULL : wrong;
    case GW_HTTP1_BODY_EXT_NAME:
        if (c == '=')
            body->state = GW_HTTP1_BODY_EXT_VALUE_FIRST;
        return token || c == '=' || ends_line(body, c) ? NULL : wrong;
    case GW_HTTP1_BODY_EXT_VALUE_FIRST:
        body->state = c == '"' ? GW_HTTP1_BODY_EXT_QUOTED : GW_HTTP1_BODY_EXT_VALUE;
        return token || c == '"' ? NULL : wrong;
    case GW_HTTP1_BODY_EXT_VALUE:
        return token || ends_line(body, c) ? NULL : wrong;
    case GW_HTTP1_BODY_EXT_QUOTED:
        if (c == '"')
            body->state = GW_HTTP1_BODY_EXT_QUOTED_END;
        return gw_http1_is(c, GW_HTTP1_VALUE) && c != '\\' ? NULL : wrong;
    default: /* QUOTED_END */
        return ends_line(body, c) ? NULL : wrong;
    }
}

/* The LF of the size line: data follows, or the trailer after the last chunk. */
static const char *size_line_end(struct gw_http1_body *body, uint8_t c)
{
    if (c != '\n')
        return "a chunk's size line does not end in CRLF";
    body->state = body->left ? GW_HTTP1_BODY_DATA : GW_HTTP1_BODY_TRAILER_FIRST;
    body->line_bytes = body->digits = 0;
    return NULL;
}

static const char *chunk_line_byte(struct gw_http1_body *body, uint8_t c)
{
    if (++body->line_bytes > GW_HTTP1_CHUNK_LINE_MAX)
        return "a chunk's size line is longer than the limit";
    if (body->state == GW_HTTP1_BODY_SIZE_LF)
        return size_line_end(body, c);
    if (body->state == GW_HTTP1_BODY_SIZE_FIRST || body->state == GW_HTTP1_BODY_SIZE)
        return size_byte(body, c);
    return extension_byte(body, c);
}

/* ---- the trailer ---- */

/* Fields that would change framing or routing after the fact (RFC 9110 section 6.5.1). */
static bool name_is_forbidden(const struct gw_http1_body *body)
{
    static const char *const names[] = {
        "content-length", "transfer-encoding", "host", "connection", "proxy-connection",
        "upgrade",        "trailer",           "te",   "expect"};
    struct gw_text name = {body->name, body->name_len};
    for (size_t i = 0; i < GW_COUNT_OF(names); i++) {
        if (gw_text_is(name, names[i]))
            return true;
    }
    return false;
}

static const char *trailer_name_byte(struct gw_http1_body *body, uint8_t c)
{
    if (body->state == GW_HTTP1_BODY_TRAILER_FIRST && c == '\r') {
        body->state = GW_HTTP1_BODY_LAST_LF;
        return NULL;
    }
    if (body->state == GW_HTTP1_BODY_TRAILER_FIRST) {
        body->name_len = 0;
    } else if (c == ':') {
        body->state = GW_HTTP1_BODY_TRAILER_VALUE;
        return name_is_forbidden(body) ? "a field that may not stand in a trailer" : NULL;
    }
    body->state = GW_HTTP1_BODY_TRAILER_NAME;
    if (body->name_len < sizeof(body->name))
        body->name[body->name_len++] = gw_http1_lower((char)c);
    return gw_http1_is(c, GW_HTTP1_TCHAR) ? NULL : "a trailer's name is not a token";
}

static const char *trailer_byte(struct gw_http1_body *body, uint8_t c)
{
    if (++body->trailer_bytes > GW_HTTP1_TRAILER_BYTES_MAX)
        return "the trailer is larger than the limit";
    switch ((int)body->state) {
    case GW_HTTP1_BODY_TRAILER_VALUE:
        if (c == '\r')
            body->state = GW_HTTP1_BODY_TRAILER_LF;
        return c == '\r' || gw_http1_is(c, GW_HTTP1_VALUE) ? NULL
                                                           : "a control character in a trailer";
    case GW_HTTP1_BODY_TRAILER_LF:
        body->state = GW_HTTP1_BODY_TRAILER_FIRST;
        return c == '\n' ? NULL : "a trailer's line does not end in CRLF";
    case GW_HTTP1_BODY_LAST_LF:
        body->state = GW_HTTP1_BODY_DONE;
        return c == '\n' ? NULL : "the trailer does not end in CRLF";
    default:
        return trailer_name_byte(body, c);
    }
}

/* ---- the body ---- */

static bool in_trailer(enum gw_http1_body_state state)
{
    return state >= GW_HTTP1_BODY_TRAILER_FIRST && state <= GW_HTTP1_BODY_LAST_LF;
}

static const char *framing_byte(struct gw_http1_body *body, uint8_t c)
{
    if (body->state == GW_HTTP1_BODY_DATA_CR) {
        body->state = GW_HTTP1_BODY_DATA_LF;
        return c == '\r' ? NULL : "a chunk's data is longer than its size";
    }
    if (body->state == GW_HTTP1_BODY_DATA_LF) {
        body->state = GW_HTTP1_BODY_SIZE_FIRST;
        return c == '\n' ? NULL : "a chunk's data does not end in CRLF";
    }
    return chunk_line_byte(body, c);
}

static void take_data(struct gw_http1_body *body, struct gw_bytes rest, struct gw_http1_piece *ret)
{
    size_t len = rest.len < body->left ? rest.len : (size_t)body->left;
    ret->data = (struct gw_bytes){rest.data, len};
    ret->used += len;
    body->total += len;
    if (body->framing == GW_HTTP1_UNTIL_CLOSE)
        return;
    body->left -= len;
    if (body->left == 0)
        body->state = body->framing == GW_HTTP1_LENGTH ? GW_HTTP1_BODY_DONE : GW_HTTP1_BODY_DATA_CR;
}

/* From the first trailer byte on: to the end of the input or of the body. */
static const char *take_trailer(struct gw_http1_body *body, struct gw_bytes bytes,
                                struct gw_http1_piece *ret)
{
    size_t start = ret->used;
    const char *why = NULL;
    while (ret->used < bytes.len && in_trailer(body->state) && why == NULL)
        why = trailer_byte(body, bytes.data[ret->used++]);
    ret->trailer = (struct gw_bytes){bytes.data + start, ret->used - start};
    return why;
}

enum gw_http1_step gw_http1_body_read(struct gw_http1_body *body, struct gw_bytes bytes,
                                      struct gw_http1_piece *ret, struct gw_err *err)
{
    const char *why = NULL;
    *ret = (struct gw_http1_piece){0};
    if (body->state == GW_HTTP1_BODY_FAILED)
        return refuse(body, "it was refused before", err);
    while (ret->used < bytes.len && body->state != GW_HTTP1_BODY_DONE && why == NULL) {
        if (body->state == GW_HTTP1_BODY_DATA) {
            take_data(body, (struct gw_bytes){bytes.data + ret->used, bytes.len - ret->used}, ret);
            break;
        }
        if (in_trailer(body->state)) {
            why = take_trailer(body, bytes, ret);
            break;
        }
        why = framing_byte(body, bytes.data[ret->used++]);
    }
    if (why)
        return refuse(body, why, err);
    return body->state == GW_HTTP1_BODY_DONE ? GW_HTTP1_READY : GW_HTTP1_MORE;
}

bool gw_http1_body_may_end(const struct gw_http1_body *body)
{
    return body->state == GW_HTTP1_BODY_DONE || body->framing == GW_HTTP1_UNTIL_CLOSE;
}
