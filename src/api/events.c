/* GET /v1/events?topics=…: server-sent events. Each listener has its own place in the outbox of emitted events, and one
 * request to the engine at a time; a listener that reads slowly waits, nothing is dropped.
 *
 * The id of an event is the journal index up to which the listener has everything: that of the batch for the last event of
 * a batch, one less for those before. So Last-Event-ID resumes without a gap; events of a batch that was cut may come twice. */
#include "api/http_int.h"

enum {
    LISTENERS_MAX = 64,
    POLL_MS = 100,
    STATUS_EVERY = 10, /* polls */
    PING_EVERY = 150,
    PAGE_EVENTS = 32 /* of the engine */
};

enum topic { TOPIC_EMIT = 1, TOPIC_STATUS = 2, TOPIC_ALERT = 4 };

/** Lives in the arena of its HTTP request. */
struct listener {
    struct listener *next, **at;
    struct gw_server *server;
    struct gw_http_request *http;
    struct gw_request *request; /* NULL: nothing is asked */
    unsigned topics;
    uint64_t index, place; /* everything up to here was sent; place: record << 32 | n */
    uint64_t last_id;
    uint32_t polls;
    bool placed; /* false: the first answer says where the journal stands */
    bool full;   /* waits for the client */
    bool status_due;
};

struct gw_events {
    struct listener *first;
    uint32_t count;
    struct gw_timer *timer;
};

static void unlink_listener(struct listener *listener)
{
    struct gw_events *events = listener->server->events;
    *listener->at = listener->next;
    if (listener->next)
        listener->next->at = listener->at;
    if (--events->count == 0)
        gw_timer_stop(events->timer);
}

/** The stream ends; its memory goes with it. */
static void finish(struct listener *listener)
{
    struct gw_http_request *http = listener->http;
    unlink_listener(listener);
    gw_http_end(http);
}

static void on_gone(void *ctx)
{
    struct listener *listener = ctx;
    if (listener->request == NULL)
        finish(listener);
}

static void on_drained(void *ctx)
{
    ((struct listener *)ctx)->full = false;
}

/* ---- asking ---- */

static void ask(struct listener *listener)
{
    struct gw_server *server = listener->server;
    bool is_status = listener->status_due && listener->placed;
    if (listener->request || listener->full || server->stop_at_ns)
        return;
    if (!is_status && listener->placed && !(listener->topics & TOPIC_EMIT))
        return;
    listener->request = gw_api_request(server, is_status ? GW_REQUEST_STATUS : GW_REQUEST_EVENTS,
                                       GW_API_EVENTS, listener);
    if (listener->request == NULL)
        return;
    listener->request->in.at_index = listener->placed ? listener->index : UINT64_MAX;
    listener->request->in.number = listener->placed ? listener->place : UINT64_MAX;
    if (gw_api_send(server, listener->request) < 0) {
        gw_api_request_done(server, listener->request);
        listener->request = NULL;
    }
}

static void on_poll(void *ctx)
{
    struct gw_server *server = ctx;
    for (struct listener *at = server->events->first, *next; at; at = next) {
        next = at->next;
        at->polls++;
        if ((at->topics & TOPIC_STATUS) && at->polls % STATUS_EVERY == 1)
            at->status_due = true;
        if (at->polls % PING_EVERY == 0 && gw_http_event_ping(at->http) == GW_BUSY)
            at->full = true;
        ask(at);
    }
}

/* ---- answers ---- */

/** "88.0.1" */
static bool read_id(struct gw_text text, uint64_t *ret_index, uint64_t *ret_place)
{
    uint64_t part[3] = {0};
    size_t at = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '.') {
            at++;
        } else {
            part[at < 3 ? at : 2] = part[at < 3 ? at : 2] * 10 + (uint64_t)(text.data[i] - '0');
        }
    }
    *ret_index = part[0];
    *ret_place = part[1] << 32 | part[2];
    return at == 2;
}

/** @return false: the client has no room, or the event makes no sense */
static bool send_event(struct listener *listener, const struct gw_json *node, bool is_full_page)
{
    uint64_t index = 0, place = 0, next_index = 0, next_place;
    struct gw_text id = {0}, next_id = {0};
    struct gw_buf buf;
    if (!gw_json_get_text(gw_json_member(node, "id"), &id) || !read_id(id, &index, &place))
        return false;
    bool is_last = node->next == NULL && !is_full_page;
    if (gw_json_get_text(gw_json_member(node->next, "id"), &next_id) &&
        read_id(next_id, &next_index, &next_place))
        is_last = next_index != index;
    gw_buf_init(&buf, listener->server->heap, 1 << 20);
    struct gw_json_writer w = gw_json_writer(&buf, 0);
    gw_json_put_node(&w, node);
    uint64_t seen = is_last ? index : index - 1;
    gw_rc rc = gw_http_event_send(listener->http, seen, "engine.emit", gw_buf_text(&buf));
    gw_buf_done(&buf);
    if (rc == GW_BUSY) {
        listener->full = true;
        return false;
    }
    listener->index = index;
    listener->place = place;
    listener->last_id = seen;
    return true;
}

static void send_events(struct listener *listener, const struct gw_request *request)
{
    struct gw_json_doc doc;
    if (gw_json_parse(request->out.json, NULL, listener->http->arena, &doc, NULL) < 0)
        return;
    for (const struct gw_json *at = doc.root->first; at; at = at->next) {
        if (!send_event(listener, at, doc.root->count >= PAGE_EVENTS))
            return;
    }
}

static void take_answer(struct listener *listener, const struct gw_request *request)
{
    if (request->rc < 0) /* no program yet, or no room: asked again */
        return;
    if (request->kind == GW_REQUEST_STATUS) {
        listener->status_due = false;
        if (gw_http_event_send(listener->http, listener->last_id, "engine.status",
                               request->out.json) == GW_BUSY)
            listener->full = true;
    } else if (!listener->placed) {
        listener->placed = true;
        listener->index = listener->last_id = request->out.at.index;
        listener->place = UINT64_MAX;
    } else {
        struct gw_arena_mark mark = gw_arena_mark(listener->http->arena);
        send_events(listener, request);
        gw_arena_back_to(listener->http->arena, mark);
    }
}

void gw_events_answered(struct gw_request *request)
{
    struct listener *listener = request->ctx;
    struct gw_server *server = listener->server;
    bool more = request->rc == GW_OK && request->kind == GW_REQUEST_EVENTS && listener->placed &&
                request->out.number >= PAGE_EVENTS;
    if (!listener->http->gone && server->stop_at_ns == 0)
        take_answer(listener, request);
    gw_api_request_done(server, request);
    listener->request = NULL;
    if (listener->http->gone || server->stop_at_ns) {
        finish(listener);
    } else if (more) {
        ask(listener);
    }
}

void gw_events_alert(struct gw_server *server, gw_code code, struct gw_text text)
{
    struct gw_buf buf;
    char name[8];
    struct gw_buf number;
    gw_buf_init(&buf, server->heap, 8192);
    gw_buf_init_fixed(&number, name, sizeof(name));
    gw_buf_printf(&number, "GW%04u", code);
    struct gw_json_writer w = gw_json_writer(&buf, 0);
    gw_json_put_object(&w);
    gw_json_put_name_str(&w, "code");
    gw_json_put_text(&w, gw_buf_text(&number));
    gw_json_put_name_str(&w, "text");
    gw_json_put_text(&w, text);
    gw_json_put_object_end(&w);
    for (struct listener *at = server->events ? server->events->first : NULL, *next; at;
         at = next) {
        next = at->next;
        if ((at->topics & TOPIC_ALERT) &&
            gw_http_event_send(at->http, at->last_id, "engine.alert", gw_buf_text(&buf)) ==
                GW_BUSY &&
            at->request == NULL)
            finish(at); /* it is far behind: better it connects again than that it misses this */
    }
    gw_buf_done(&buf);
}

/* ---- listening ---- */

static gw_rc read_topics(struct gw_text text, unsigned *ret, struct gw_err *err)
{
    static const char *const names[] = {"engine.emit", "engine.status", "engine.alert"};
    *ret = text.data ? 0 : TOPIC_EMIT | TOPIC_STATUS | TOPIC_ALERT;
    while (text.data && text.len) {
        const char *comma = memchr(text.data, ',', text.len);
        struct gw_text name = {text.data, comma ? (size_t)(comma - text.data) : text.len};
        size_t i = 0;
        while (i < GW_COUNT_OF(names) && !gw_text_is(name, names[i]))
            i++;
        if (i == GW_COUNT_OF(names)) {
            return GW_FAIL_CODE(err, GW_INVALID, 7303, "no topic is named `%.*s`",
                                GW_TEXT_ARG(name));
        }
        *ret |= 1u << i;
        text.data += name.len + (comma != NULL);
        text.len -= name.len + (comma != NULL);
    }
    return *ret ? GW_OK : GW_FAIL_CODE(err, GW_INVALID, 7303, "no topic is given");
}

gw_rc gw_http_events(struct gw_op *op, struct gw_err *err)
{
    struct gw_events *events = op->server->events;
    struct listener *listener = GW_NEW(op->http->arena, struct listener);
    if (listener == NULL)
        return GW_FAIL_NOMEM(err);
    GW_TRY(read_topics(gw_op_query(op, "topics"), &listener->topics, err));
    if ((listener->topics & TOPIC_EMIT) && !gw_caller_may(&op->caller, GW_ROLE_DATA))
        return GW_FAIL_CODE(err, GW_DENIED, 7312, "engine.emit needs role data");
    if (events->count == LISTENERS_MAX)
        return GW_FAIL_CODE(err, GW_BUSY, 7315, "%d listen already", LISTENERS_MAX);
    listener->server = op->server;
    listener->http = op->http;
    listener->placed = gw_http_last_event(op->http, &listener->index);
    listener->place = UINT64_MAX;
    listener->last_id = listener->index;
    listener->next = events->first;
    listener->at = &events->first;
    if (listener->next)
        listener->next->at = &listener->next;
    events->first = listener;
    if (events->count++ == 0)
        gw_timer_start(events->timer, POLL_MS, POLL_MS);
    gw_http_watch(op->http, on_gone, on_drained, listener);
    gw_http_events_begin(op->http);
    ask(listener);
    return GW_OK;
}

gw_rc gw_events_open(struct gw_server *server, struct gw_err *err)
{
    struct gw_events *events = server->heap->get(server->heap->ctx, sizeof(*events));
    if (events == NULL)
        return GW_FAIL_NOMEM(err);
    *events = (struct gw_events){0};
    server->events = events;
    return gw_timer_new(server->loop, on_poll, server, &events->timer, err);
}

void gw_events_stop(struct gw_server *server)
{
    for (struct listener *at = server->events ? server->events->first : NULL, *next; at;
         at = next) {
        next = at->next;
        if (at->request == NULL)
            finish(at);
    }
}

void gw_events_close(struct gw_server *server)
{
    struct gw_events *events = server->events;
    if (events == NULL)
        return;
    gw_events_stop(server);
    gw_timer_free(events->timer);
    server->heap->put(server->heap->ctx, events, sizeof(*events));
    server->events = NULL;
}
