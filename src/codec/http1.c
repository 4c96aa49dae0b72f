#include "codec/http1.h"

#include "codec/http1_int.h"

/* clang-format off */
const uint8_t gw_http1_classes[256] = {
     0,  0,  0,  0,  0,  0,  0,  0,  0,  2,  0,  0,  0,  0,  0,  0,
     0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,
     2, 15,  6,  3, 15, 15, 15, 15, 14, 14, 15, 15, 14, 15, 15,  6,
    15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 14, 14,  6, 14,  6,  6,
     6, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15,
    15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 14,  6, 14,  7, 15,
     7, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15,
    15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15,  6,  7,  6, 15,  0,
     2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,
     2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,
     2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,
     2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,
     2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,
     2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,
     2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,
     2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,
};
/* clang-format on */

const struct gw_http1_limits gw_http1_limits_default = {GW_HTTP1_LINE_BYTES, GW_HTTP1_HEAD_BYTES,
                                                        GW_HTTP1_FIELDS_MAX};

/* ---- words ---- */

bool gw_http1_equal(struct gw_text a, const char *b)
{
    for (size_t i = 0; i < a.len; i++) {
        if (b[i] == 0 || gw_http1_lower(a.data[i]) != b[i])
            return false;
    }
    return b[a.len] == 0;
}

static bool all_of(struct gw_text text, enum gw_http1_class class)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!gw_http1_is((uint8_t)text.data[i], class))
            return false;
    }
    return true;
}

bool gw_http1_is_token(struct gw_text text)
{
    return text.len > 0 && all_of(text, GW_HTTP1_TCHAR);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

bool gw_http1_is_value(struct gw_text text)
{
    if (text.len > 0 && (is_blank(text.data[0]) || is_blank(text.data[text.len - 1])))
        return false;
    return all_of(text, GW_HTTP1_VALUE);
}

static struct gw_text trim(struct gw_text text)
{
    while (text.len > 0 && is_blank(text.data[0])) {
        text.data++;
        text.len--;
    }
    while (text.len > 0 && is_blank(text.data[text.len - 1]))
        text.len--;
    return text;
}

/* Cuts the first element off a comma-separated list. @return false when nothing was left */
static bool next_element(struct gw_text *list, struct gw_text *ret)
{
    if (list->data == NULL)
        return false;
    const char *comma = list->len ? memchr(list->data, ',', list->len) : NULL;
    size_t len = comma ? (size_t)(comma - list->data) : list->len;
    *ret = trim((struct gw_text){list->data, len});
    *list = comma ? (struct gw_text){comma + 1, list->len - len - 1} : (struct gw_text){NULL, 0};
    return true;
}

bool gw_http1_has_token(struct gw_text value, const char *token)
{
    struct gw_text element;
    while (next_element(&value, &element)) {
        if (gw_http1_equal(element, token))
            return true;
    }
    return false;
}

struct gw_text gw_http1_field(const struct gw_http1_head *head, const char *name)
{
    for (size_t i = 0; i < head->field_count; i++) {
        if (gw_http1_equal(head->fields[i].name, name))
            return head->fields[i].value;
    }
    return (struct gw_text){NULL, 0};
}

/* ---- the end of a head ---- */

void gw_http1_reader_init(struct gw_http1_reader *reader, enum gw_http1_kind kind,
                          const struct gw_http1_limits *limits)
{
    *reader = (struct gw_http1_reader){.kind = kind,
                                       .limits = limits ? limits : &gw_http1_limits_default};
}

/* The reason goes to err, the status to the reader. */
static enum gw_http1_step refuse(struct gw_http1_reader *reader, uint16_t status, const char *why,
                                 struct gw_err *err)
{
    gw_rc rc = status == 501 || status == 505 ? GW_UNSUPPORTED : GW_INVALID;
    if (status == 414 || status == 431)
        rc = GW_TOOLARGE;
    reader->refusal = status;
    (void)GW_FAIL(err, rc, "HTTP message refused: %s", why);
    return GW_HTTP1_REFUSED;
}

static enum gw_http1_step line_too_long(struct gw_http1_reader *reader, struct gw_err *err)
{
    bool target = reader->kind == GW_HTTP1_REQUEST && reader->lines == 0;
    return refuse(reader, target ? 414 : 431, "a line is longer than the limit", err);
}

/* Finds the empty line. What does not end in CRLF is refused at once, not when the head is complete. */
static enum gw_http1_step find_end(struct gw_http1_reader *reader, struct gw_bytes bytes,
                                   size_t *ret_end, struct gw_err *err)
{
    while (reader->scanned < bytes.len) {
        const uint8_t *from = bytes.data + reader->scanned;
        const uint8_t *lf = memchr(from, '\n', bytes.len - reader->scanned);
        size_t end = lf ? (size_t)(lf - bytes.data) : bytes.len;
        if (end - reader->line_start > (size_t)reader->limits->line_bytes_max + 1)
            return line_too_long(reader, err);
        if (end >= reader->limits->head_bytes_max)
            return refuse(reader, 431, "the head is larger than the limit", err);
        if (lf == NULL) {
            reader->scanned = bytes.len;
            return GW_HTTP1_MORE;
        }
        if (end == reader->line_start || bytes.data[end - 1] != '\r')
            return refuse(reader, 400, "a line does not end in CRLF", err);
        bool empty = end == reader->line_start + 1;
        reader->line_start = reader->scanned = end + 1;
        if (empty && reader->lines > 0) {
            *ret_end = end + 1;
            return GW_HTTP1_READY;
        }
        /* RFC 9112 section 2.2: one empty line before a request is tolerated. */
        if (empty && (end != 1 || reader->kind == GW_HTTP1_RESPONSE))
            return refuse(reader, 400, "empty lines before the message", err);
        reader->lines += !empty;
        if (reader->lines > (size_t)reader->limits->fields_max + 1)
            return refuse(reader, 431, "more fields than the limit", err);
    }
    return GW_HTTP1_MORE;
}

/* ---- the first line ---- */

/* @return false unless `line` starts with HTTP/1.0 or HTTP/1.1 */
static bool read_version(const char *at, uint8_t *ret_minor)
{
    if (memcmp(at, "HTTP/1.", 7) != 0 || (at[7] != '0' && at[7] != '1'))
        return false;
    *ret_minor = (uint8_t)(at[7] - '0');
    return true;
}

/* Host [":" port] without userinfo; may be empty. */
static bool is_authority(struct gw_text text)
{
    return all_of(text, GW_HTTP1_HOST);
}

static bool skip_scheme(struct gw_text *target)
{
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < GW_COUNT_OF(schemes); i++) {
        size_t len = strlen(schemes[i]);
        if (target->len > len && gw_http1_equal((struct gw_text){target->data, len}, schemes[i])) {
            target->data += len;
            target->len -= len;
            return true;
        }
    }
    return false;
}

/* Of an absolute-form target; data NULL for the other forms. */
static struct gw_text authority_of(struct gw_text target)
{
    if (!skip_scheme(&target))
        return (struct gw_text){NULL, 0};
    size_t len = 0;
    while (len < target.len && target.data[len] != '/' && target.data[len] != '?')
        len++;
    return (struct gw_text){target.data, len};
}

static bool is_target(struct gw_text method, struct gw_text target)
{
    if (target.len == 0 || !all_of(target, GW_HTTP1_TARGET))
        return false;
    if (target.data[0] == '/')
        return true;
    if (gw_text_is(target, "*"))
        return gw_text_is(method, "OPTIONS");
    struct gw_text authority = authority_of(target);
    return authority.len > 0 && is_authority(authority);
}

static enum gw_http1_step read_request_line(struct gw_http1_reader *reader, struct gw_text line,
                                            struct gw_http1_head *ret, struct gw_err *err)
{
    const char *first = memchr(line.data, ' ', line.len);
    const char *last = memrchr(line.data, ' ', line.len);
    if (first == NULL || first == last || (size_t)(line.data + line.len - last) != 9)
        return refuse(reader, 400, "the first line is not METHOD TARGET HTTP/1.1", err);
    ret->method = (struct gw_text){line.data, (size_t)(first - line.data)};
    ret->target = (struct gw_text){first + 1, (size_t)(last - first) - 1};
    if (!gw_http1_is_token(ret->method) || ret->method.len > GW_HTTP1_METHOD_MAX)
        return refuse(reader, 400, "the method is not a token", err);
    if (!read_version(last + 1, &ret->minor)) {
        return refuse(reader, memcmp(last + 1, "HTTP/", 5) == 0 ? 505 : 400,
                      "the version is neither HTTP/1.1 nor HTTP/1.0", err);
    }
    if (gw_text_is(ret->method, "CONNECT"))
        return refuse(reader, 501, "CONNECT is not offered", err);
    if (!is_target(ret->method, ret->target))
        return refuse(reader, 400, "the target is neither a path nor an http URL", err);
    return GW_HTTP1_READY;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static enum gw_http1_step read_status_line(struct gw_http1_reader *reader, struct gw_text line,
                                           struct gw_http1_head *ret, struct gw_err *err)
{
    const char *at = line.data;
    if (line.len < 12 || !read_version(at, &ret->minor) || at[8] != ' ' ||
        (line.len > 12 && at[12] != ' '))
        return refuse(reader, 400, "the first line is not HTTP/1.1 STATUS REASON", err);
    if (at[9] < '1' || at[9] > '9' || !is_digit(at[10]) || !is_digit(at[11]))
        return refuse(reader, 400, "the status is not a number from 100 to 999", err);
    ret->status = (uint16_t)((at[9] - '0') * 100 + (at[10] - '0') * 10 + (at[11] - '0'));
    ret->reason = line.len > 12 ? (struct gw_text){at + 13, line.len - 13} : GW_TEXT_LIT("");
    if (!all_of(ret->reason, GW_HTTP1_VALUE))
        return refuse(reader, 400, "a control character in the reason", err);
    if (ret->status == 101)
        return refuse(reader, 501, "the other side wants to change the protocol", err);
    return GW_HTTP1_READY;
}

/* ---- fields ---- */

static enum gw_http1_step read_field(struct gw_http1_reader *reader, struct gw_text line,
                                     struct gw_http1_field *ret, struct gw_err *err)
{
    size_t len = 0;
    while (len < line.len && gw_http1_is((uint8_t)line.data[len], GW_HTTP1_TCHAR))
        len++;
    if (len == 0 && is_blank(line.data[0]))
        return refuse(reader, 400, "a folded line", err);
    if (len == 0 || len == line.len || line.data[len] != ':')
        return refuse(reader, 400, "a field's name is not a token followed by a colon", err);
    ret->name = (struct gw_text){line.data, len};
    ret->value = trim((struct gw_text){line.data + len + 1, line.len - len - 1});
    if (!all_of(ret->value, GW_HTTP1_VALUE))
        return refuse(reader, 400, "a control character in a field's value", err);
    return GW_HTTP1_READY;
}

/* The fields that decide about framing and routing, found in one pass. */
struct special {
    struct gw_text length, coding, host, expect;
    unsigned lengths, codings, hosts, expects, upgrades;
    bool close, keep_alive, upgrade;
    bool tab; /* in a field that decides about framing */
};

static void note(struct special *special, const struct gw_http1_field *field, struct gw_text line)
{
    switch (field->name.len) {
    case 4:
        if (gw_http1_equal(field->name, "host")) {
            special->host = field->value;
            special->hosts++;
        }
        break;
    case 6:
        if (gw_http1_equal(field->name, "expect")) {
            special->expect = field->value;
            special->expects++;
        }
        break;
    case 7:
        special->upgrades += gw_http1_equal(field->name, "upgrade");
        break;
    case 10:
        if (gw_http1_equal(field->name, "connection")) {
            special->close |= gw_http1_has_token(field->value, "close");
            special->keep_alive |= gw_http1_has_token(field->value, "keep-alive");
            special->upgrade |= gw_http1_has_token(field->value, "upgrade");
        }
        break;
    case 14:
        if (gw_http1_equal(field->name, "content-length")) {
            special->length = field->value;
            special->lengths++;
            special->tab |= memchr(line.data, '\t', line.len) != NULL;
        }
        break;
    case 17:
        if (gw_http1_equal(field->name, "transfer-encoding")) {
            special->coding = field->value;
            special->codings++;
            special->tab |= memchr(line.data, '\t', line.len) != NULL;
        }
        break;
    default:
        break;
    }
}

/* All digits, at most 18: larger lengths are nobody's, and sums with them cannot wrap. */
static bool read_length(struct gw_text text, uint64_t *ret)
{
    uint64_t number = 0;
    if (text.len == 0 || text.len > 18)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (!is_digit(text.data[i]))
            return false;
        number = number * 10 + (uint64_t)(text.data[i] - '0');
    }
    *ret = number;
    return true;
}

static bool has_no_body(const struct gw_http1_reader *reader, const struct gw_http1_head *head)
{
    return reader->answers_head || head->status < 200 || head->status == 204 || head->status == 304;
}

/* RFC 9112 section 6.3, with every doubtful case refused. */
static enum gw_http1_step frame(struct gw_http1_reader *reader, const struct special *special,
                                struct gw_http1_head *ret, struct gw_err *err)
{
    bool response = reader->kind == GW_HTTP1_RESPONSE;
    if (special->tab) /* a blank by the RFC, but not to every parser */
        return refuse(reader, 400, "a tab in Content-Length or Transfer-Encoding", err);
    if (special->lengths > 1)
        return refuse(reader, 400, "two Content-Length", err);
    if (special->lengths && special->codings)
        return refuse(reader, 400, "Content-Length together with Transfer-Encoding", err);
    if (special->codings > 1 || (special->codings && ret->minor == 0))
        return refuse(reader, 400, "two Transfer-Encoding, or one in HTTP/1.0", err);
    if (special->codings && !gw_http1_equal(special->coding, "chunked"))
        return refuse(reader, 501, "a transfer coding other than chunked", err);
    ret->body_bytes = 0;
    if (special->lengths && !read_length(special->length, &ret->body_bytes))
        return refuse(reader, 400, "Content-Length is not a number of at most 18 digits", err);
    if (special->codings) {
        ret->framing = GW_HTTP1_CHUNKED;
    } else if (special->lengths) {
        ret->framing = GW_HTTP1_LENGTH;
    } else {
        ret->framing = response ? GW_HTTP1_UNTIL_CLOSE : GW_HTTP1_NO_BODY;
    }
    if (response && (ret->status < 200 || ret->status == 204) &&
        (special->codings || ret->body_bytes > 0))
        return refuse(reader, 400, "a body after a status that has none", err);
    if (response && has_no_body(reader, ret))
        ret->framing = GW_HTTP1_NO_BODY;
    return GW_HTTP1_READY;
}

static bool same_authority(struct gw_text a, struct gw_text b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++) {
        if (gw_http1_lower(a.data[i]) != gw_http1_lower(b.data[i]))
            return false;
    }
    return true;
}

static enum gw_http1_step route(struct gw_http1_reader *reader, const struct special *special,
                                struct gw_http1_head *ret, struct gw_err *err)
{
    if (special->upgrades || special->upgrade)
        return refuse(reader, 501, "Upgrade is not offered", err);
    if (special->hosts > 1)
        return refuse(reader, 400, "two Host", err);
    if (special->hosts == 0 && ret->minor == 1)
        return refuse(reader, 400, "no Host", err);
    if (special->hosts && !is_authority(special->host))
        return refuse(reader, 400, "Host is not a host", err);
    ret->host = special->host;
    struct gw_text authority = authority_of(ret->target);
    if (authority.data && special->hosts && !same_authority(authority, special->host))
        return refuse(reader, 400, "the target and Host name different hosts", err);
    if (special->expects > 1 ||
        (special->expects && !gw_http1_equal(special->expect, "100-continue")))
        return refuse(reader, 417, "Expect is not 100-continue", err);
    ret->expect_continue = special->expects && ret->minor == 1 && ret->framing != GW_HTTP1_NO_BODY;
    return GW_HTTP1_READY;
}

static enum gw_http1_step conclude(struct gw_http1_reader *reader, const struct special *special,
                                   struct gw_http1_head *ret, struct gw_err *err)
{
    ret->host = (struct gw_text){NULL, 0};
    ret->expect_continue = false;
    if (frame(reader, special, ret, err) == GW_HTTP1_REFUSED)
        return GW_HTTP1_REFUSED;
    if (reader->kind == GW_HTTP1_REQUEST && route(reader, special, ret, err) == GW_HTTP1_REFUSED)
        return GW_HTTP1_REFUSED;
    ret->keep_alive = !special->close && (ret->minor == 1 || special->keep_alive) &&
                      ret->framing != GW_HTTP1_UNTIL_CLOSE;
    return GW_HTTP1_READY;
}

/* ---- the head ---- */

/* The next line of a head that is known to be complete. */
static struct gw_text next_line(struct gw_bytes head, size_t *at)
{
    const char *start = (const char *)head.data + *at;
    const char *lf = memchr(start, '\n', head.len - *at);
    size_t len = (size_t)(lf - start) - 1;
    *at += len + 2;
    return (struct gw_text){start, len};
}

static enum gw_http1_step read_lines(struct gw_http1_reader *reader, struct gw_http1_head *ret,
                                     struct gw_err *err)
{
    struct special special = {0};
    size_t at = memcmp(ret->raw.data, "\r\n", 2) == 0 ? 2 : 0;
    struct gw_text line = next_line(ret->raw, &at);
    enum gw_http1_step step = reader->kind == GW_HTTP1_REQUEST
                                  ? read_request_line(reader, line, ret, err)
                                  : read_status_line(reader, line, ret, err);
    if (step == GW_HTTP1_REFUSED)
        return step;
    ret->field_count = 0;
    while ((line = next_line(ret->raw, &at)).len > 0) {
        struct gw_http1_field *field = &ret->fields[ret->field_count++];
        if (read_field(reader, line, field, err) == GW_HTTP1_REFUSED)
            return GW_HTTP1_REFUSED;
        note(&special, field, line);
    }
    return conclude(reader, &special, ret, err);
}

enum gw_http1_step gw_http1_head_read(struct gw_http1_reader *reader, struct gw_bytes bytes,
                                      struct gw_http1_head *ret, struct gw_err *err)
{
    size_t end = 0;
    GW_ASSERT(reader->limits->fields_max >= 1 && reader->limits->fields_max <= GW_HTTP1_FIELDS_MAX);
    enum gw_http1_step step = find_end(reader, bytes, &end, err);
    if (step != GW_HTTP1_READY)
        return step;
    ret->raw = (struct gw_bytes){bytes.data, end};
    ret->method = ret->target = ret->reason = (struct gw_text){NULL, 0};
    ret->status = 0;
    return read_lines(reader, ret, err);
}
