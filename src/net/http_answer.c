/* Answers: the head, the three shapes of a body, and server-sent events. */
#include "base/code.h"
#include "base/int.h"
#include "net/http_server_int.h"

static struct gw_http_conn *conn_of(struct gw_http_request *request)
{
    return GW_CONTAINER_OF(request, struct gw_http_conn, request);
}

/* clang-format off */
#define STATUSES(X)                                                                                             \
    X(100, "Continue") X(200, "OK") X(201, "Created") X(202, "Accepted") X(204, "No Content")                   \
    X(301, "Moved Permanently") X(302, "Found") X(303, "See Other") X(304, "Not Modified")                      \
    X(307, "Temporary Redirect") X(400, "Bad Request") X(401, "Unauthorized") X(403, "Forbidden")               \
    X(404, "Not Found") X(405, "Method Not Allowed") X(406, "Not Acceptable") X(408, "Request Timeout")         \
    X(409, "Conflict") X(410, "Gone") X(412, "Precondition Failed") X(413, "Content Too Large")                 \
    X(414, "URI Too Long") X(415, "Unsupported Media Type") X(417, "Expectation Failed")                        \
    X(421, "Misdirected Request") X(422, "Unprocessable Content") X(428, "Precondition Required")               \
    X(429, "Too Many Requests") X(431, "Request Header Fields Too Large") X(499, "Client Closed Request")       \
    X(500, "Internal Server Error") X(501, "Not Implemented") X(502, "Bad Gateway")                             \
    X(503, "Service Unavailable") X(504, "Gateway Timeout") X(505, "HTTP Version Not Supported")                \
    X(507, "Insufficient Storage")
/* clang-format on */

static const char *reason_of(uint16_t status)
{
    switch (status) {
#define X(number, text) \
    case number:        \
        return text;
        STATUSES(X)
#undef X
    default:
        return "Unknown"; /* the reason is for people; any status may be sent */
    }
}

/* ---- the head ---- */

static void put_number(struct gw_buf *buf, uint64_t number)
{
    char text[20];
    size_t at = sizeof(text);
    do {
        text[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    gw_buf_put(buf, text + at, sizeof(text) - at);
}

#define PUT(buf, literal) gw_buf_put((buf), (literal), sizeof(literal) - 1)

static void put_fields(struct gw_buf *buf, const struct gw_http_answer *answer)
{
    if (answer->type) {
        PUT(buf, "Content-Type: ");
        gw_buf_put_str(buf, answer->type);
        PUT(buf, "\r\n");
    }
    for (size_t i = 0; i < answer->field_count; i++) {
        const struct gw_http1_field *field = &answer->fields[i];
        /* A line end in a value would let its author write fields, and answers, of his own. */
        GW_ASSERT(gw_http1_is_token(field->name) && gw_http1_is_value(field->value));
        gw_buf_put_text(buf, field->name);
        PUT(buf, ": ");
        gw_buf_put_text(buf, field->value);
        PUT(buf, "\r\n");
    }
}

enum body_kind { BODY_LENGTH, BODY_CHUNKED, BODY_UNTIL_CLOSE };

static struct gw_bytes build_head(struct gw_http_conn *conn, const struct gw_http_answer *answer,
                                  enum body_kind kind)
{
    struct gw_buf *buf = &conn->server->head;
    gw_buf_reset(buf);
    PUT(buf, "HTTP/1.1 ");
    put_number(buf, answer->status);
    gw_buf_put_u8(buf, ' ');
    gw_buf_put_str(buf, reason_of(answer->status));
    PUT(buf, "\r\nDate: ");
    gw_buf_put(buf, gw_http_server_date(conn->server), GW_HTTP_DATE_LEN);
    PUT(buf, "\r\n");
    put_fields(buf, answer);
    bool has_body = answer->status >= 200 && answer->status != 204 && answer->status != 304;
    if (kind == BODY_CHUNKED) {
        PUT(buf, "Transfer-Encoding: chunked\r\n");
    } else if (kind == BODY_LENGTH && has_body) {
        PUT(buf, "Content-Length: ");
        put_number(buf, answer->body.len);
        PUT(buf, "\r\n");
    }
    if (!conn->keep_alive) {
        PUT(buf, "Connection: close\r\n");
    } else if (conn->head.minor == 0) {
        PUT(buf, "Connection: keep-alive\r\n");
    }
    PUT(buf, "\r\n");
    GW_ASSERT(!buf->failed); /* 64 KiB of fields is a bug of the handler */
    return gw_buf_bytes(buf);
}

/* What cannot be queued is lost with its connection: half an answer is worse than none. @return false then */
static bool write_or_drop(struct gw_http_conn *conn, const struct gw_bytes *parts, size_t count)
{
    if (conn->link == NULL)
        return true; /* to nobody */
    if (gw_link_write(conn->link, parts, count, NULL) == GW_OK)
        return true;
    gw_http_conn_drop(conn);
    return false;
}

/* A whole answer may be larger than what a connection may queue: it counts once, not against the bound of streams. */
static void make_room(struct gw_http_conn *conn, size_t bytes)
{
    size_t queued = gw_link_queued_bytes(conn->link);
    size_t needed = queued + bytes + 65536;
    if (needed > conn->server->opts.answer_bytes_max)
        gw_stream_set_write_bytes_max(gw_link_stream(conn->link), needed);
}

void gw_http_answer(struct gw_http_request *request, const struct gw_http_answer *answer)
{
    struct gw_http_conn *conn = conn_of(request);
    GW_ASSERT(!conn->begun);
    if (conn->link) {
        struct gw_bytes parts[2] = {build_head(conn, answer, BODY_LENGTH), answer->body};
        make_room(conn, parts[0].len + parts[1].len);
        (void)write_or_drop(conn, parts, conn->is_head ? 1 : 2);
    }
    gw_http_conn_answered(conn);
}

/* ---- problems (RFC 9457) ---- */

static void put_json_text(struct gw_buf *buf, const char *text)
{
    gw_buf_put_u8(buf, '"');
    for (const char *at = text; *at; at++) {
        uint8_t c = (uint8_t)*at;
        if (c == '"' || c == '\\')
            gw_buf_put_u8(buf, '\\');
        if (c < 0x20) {
            gw_buf_printf(buf, "\\u%04x", c);
        } else {
            gw_buf_put_u8(
                buf, c < 0x7f ? c : '?'); /* messages may quote damaged input; JSON must be UTF-8 */
        }
    }
    gw_buf_put_u8(buf, '"');
}

static void put_problem(struct gw_buf *buf, uint16_t status, const char *title, const char *detail,
                        const char *hint, gw_code code)
{
    PUT(buf, "{\"title\":");
    put_json_text(buf, title);
    gw_buf_printf(buf, ",\"status\":%u", (unsigned)status);
    if (detail[0]) {
        PUT(buf, ",\"detail\":");
        put_json_text(buf, detail);
    }
    if (hint[0]) {
        PUT(buf, ",\"hint\":");
        put_json_text(buf, hint);
    }
    if (code)
        gw_buf_printf(buf, ",\"code\":\"GW%04u\"", (unsigned)code);
    PUT(buf, "}\n");
}

void gw_http_answer_error(struct gw_http_request *request, const struct gw_err *err)
{
    uint8_t memory[6 * (GW_ERR_MSG_MAX + GW_ERR_HINT_MAX) + 512]; /* every byte may become \u00xx */
    struct gw_buf body;
    uint16_t status = (uint16_t)gw_rc_http(err->rc);
    gw_buf_init_fixed(&body, memory, sizeof(memory));
    put_problem(&body, status, gw_rc_text(err->rc), err->msg, err->hint, err->code);
    gw_http_answer(request, &(struct gw_http_answer){.status = status,
                                                     .type = "application/problem+json",
                                                     .body = gw_buf_bytes(&body)});
}

void gw_http_refuse(struct gw_http_conn *conn, uint16_t status, const char *detail)
{
    uint8_t memory[6 * GW_ERR_MSG_MAX + 512];
    struct gw_buf body;
    gw_buf_init_fixed(&body, memory, sizeof(memory));
    put_problem(&body, status, reason_of(status), detail, "", 0);
    conn->keep_alive = false;
    struct gw_http_answer answer = {
        .status = status, .type = "application/problem+json", .body = gw_buf_bytes(&body)};
    struct gw_bytes parts[2] = {build_head(conn, &answer, BODY_LENGTH), answer.body};
    make_room(conn, parts[0].len + parts[1].len);
    (void)!gw_link_write(conn->link, parts, 2, NULL); /* the connection ends in either case */
}

/* ---- bodies in pieces ---- */

/* @return as gw_link_write() */
static gw_rc write_piece(struct gw_http_conn *conn, struct gw_bytes data)
{
    char size[20];
    struct gw_buf line;
    if (!conn->chunked)
        return gw_link_write(conn->link, &data, 1, NULL);
    gw_buf_init_fixed(&line, size, sizeof(size));
    gw_buf_printf(&line, "%zx\r\n", data.len);
    struct gw_bytes parts[3] = {gw_buf_bytes(&line), data, gw_text_bytes(GW_TEXT_LIT("\r\n"))};
    return gw_link_write(conn->link, parts, 3, NULL);
}

void gw_http_begin(struct gw_http_request *request, const struct gw_http_answer *answer)
{
    struct gw_http_conn *conn = conn_of(request);
    GW_ASSERT(!conn->begun);
    conn->begun = true;
    if (conn->link == NULL)
        return;
    conn->chunked = conn->head.minor == 1;
    if (!conn->chunked)
        conn->keep_alive = false;
    struct gw_bytes head =
        build_head(conn, answer, conn->chunked ? BODY_CHUNKED : BODY_UNTIL_CLOSE);
    if (write_or_drop(conn, &head, 1) && answer->body.len && !conn->is_head &&
        write_piece(conn, answer->body) < 0)
        gw_http_conn_drop(conn);
}

gw_rc gw_http_send(struct gw_http_request *request, struct gw_bytes data)
{
    struct gw_http_conn *conn = conn_of(request);
    GW_ASSERT(conn->begun);
    if (conn->link == NULL || conn->is_head || data.len == 0)
        return GW_OK;
    gw_rc rc = write_piece(conn, data);
    if (rc == GW_OK || rc == GW_BUSY)
        return rc;
    gw_http_conn_drop(conn);
    return GW_OK;
}

void gw_http_end(struct gw_http_request *request)
{
    struct gw_http_conn *conn = conn_of(request);
    GW_ASSERT(conn->begun);
    struct gw_bytes last = gw_text_bytes(GW_TEXT_LIT("0\r\n\r\n"));
    if (conn->link && conn->chunked && !conn->is_head) {
        make_room(conn, last.len);
        (void)write_or_drop(conn, &last, 1);
    }
    gw_http_conn_answered(conn);
}

void gw_http_abort(struct gw_http_request *request)
{
    struct gw_http_conn *conn = conn_of(request);
    conn->on_gone = NULL;
    gw_http_conn_drop(conn);
    gw_http_conn_answered(conn);
}

void gw_http_watch(struct gw_http_request *request, void (*on_gone)(void *ctx),
                   void (*on_drained)(void *ctx), void *ctx)
{
    struct gw_http_conn *conn = conn_of(request);
    conn->on_gone = on_gone;
    conn->on_drained = on_drained;
    conn->watch_ctx = ctx;
}

/* ---- server-sent events ---- */

bool gw_http_last_event(const struct gw_http_request *request, uint64_t *ret_id)
{
    gw_u128 id = 0;
    struct gw_text text = gw_http1_field(request->head, "last-event-id");
    if (text.data == NULL || text.len > 20 || !gw_u128_parse(text, &id) || id > UINT64_MAX)
        return false;
    *ret_id = (uint64_t)id;
    return true;
}

void gw_http_events_begin(struct gw_http_request *request)
{
    static const struct gw_http1_field no_store = {{"Cache-Control", 13}, {"no-store", 8}};
    gw_http_begin(request, &(struct gw_http_answer){.status = 200,
                                                    .type = "text/event-stream",
                                                    .fields = &no_store,
                                                    .field_count = 1});
}

/* Each line of the data gets its own "data:"; CR, LF and CRLF all end a line there. */
static void put_data(struct gw_buf *buf, struct gw_text data)
{
    size_t start = 0;
    for (size_t i = 0; i <= data.len; i++) {
        if (i < data.len && data.data[i] != '\n' && data.data[i] != '\r')
            continue;
        PUT(buf, "data: ");
        gw_buf_put(buf, data.data + start, i - start);
        PUT(buf, "\n");
        if (i + 1 < data.len && data.data[i] == '\r' && data.data[i + 1] == '\n')
            i++;
        start = i + 1;
    }
}

gw_rc gw_http_event_send(struct gw_http_request *request, uint64_t id, const char *name,
                         struct gw_text data)
{
    struct gw_http_conn *conn = conn_of(request);
    struct gw_buf *buf = &conn->server->head;
    if (conn->link == NULL)
        return GW_OK;
    gw_buf_reset(buf);
    PUT(buf, "id: ");
    put_number(buf, id);
    if (name) {
        PUT(buf, "\nevent: ");
        gw_buf_put_str(buf, name);
    }
    PUT(buf, "\n");
    put_data(buf, data);
    PUT(buf, "\n");
    if (buf->failed)
        return GW_TOOLARGE;
    return gw_http_send(request, gw_buf_bytes(buf));
}

gw_rc gw_http_event_ping(struct gw_http_request *request)
{
    return gw_http_send(request, gw_text_bytes(GW_TEXT_LIT(":\n\n")));
}
