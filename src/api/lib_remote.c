/* A client over the wire: frames out in one write a turn, answers matched to their slots by (session, seq). */
#include "api/lib_int.h"
#include "os/stream.h"

enum { OUT_BYTES_MAX = 64 << 20, FLUSH_BYTES = 64 * 1024 };

static size_t bucket(uint64_t session, uint64_t seq)
{
    return (size_t)((session * 31 + seq) % GW_SLOT_BUCKETS);
}

/* ---- answers ---- */

static enum gw_outcome outcome_of(const struct gw_slot *slot, const struct gw_reply *reply)
{
    char c;
    if (slot->kind != GW_QUERY_CALL && slot->kind != GW_QUERY_VIEW)
        return GW_OUTCOME_OK;
    if (reply->len < 3)
        return GW_OUTCOME_ABORT;
    c = slot->is_json ? reply->data[2] : reply->data[1]; /* {"ok" {"fail" {"abort"; [0 [1 [2 */
    return c == 'o' || c == 0   ? GW_OUTCOME_OK
           : c == 'f' || c == 1 ? GW_OUTCOME_FAIL
                                : GW_OUTCOME_ABORT;
}

static void give_result(struct gw_client *client, struct gw_slot *slot,
                        const struct gw_wire_answer *answer)
{
    struct gw_reply reply = {.index = answer->index, .record = answer->record};
    struct gw_cbor_reader r = gw_cbor_reader(answer->result);
    char none[] = "";
    (void)client;
    reply.data = (const char *)answer->result.data;
    reply.len = answer->result.len;
    if (slot->kind == GW_QUERY_SESSION) {
        reply.session = gw_cbor_get_uint(&r);
        reply.data = none;
        reply.len = 0;
    } else if (gw_cbor_peek(&r) == GW_CBOR_IS_TEXT) {
        struct gw_text text = gw_cbor_get_text(&r);
        reply.data = text.data;
        reply.len = text.len;
    }
    reply.outcome = outcome_of(slot, &reply);
    gw_slot_done(slot, &reply);
}

static struct gw_slot *slot_find(struct gw_client *client, uint64_t session, uint64_t seq)
{
    struct gw_slot **at = &client->buckets[bucket(session, seq)];
    while (*at && ((*at)->session != session || (*at)->seq != seq))
        at = &(*at)->next;
    struct gw_slot *slot = *at;
    if (slot)
        *at = slot->next;
    return slot;
}

static void take_answer(struct gw_client *client, const struct gw_wire_answer *answer)
{
    struct gw_slot *slot = slot_find(client, answer->client, answer->seq);
    if (slot == NULL)
        return;
    if (answer->kind == GW_WIRE_RESULT) {
        give_result(client, slot, answer);
        return;
    }
    struct gw_err err;
    (void)gw_err_fill(&err, answer->rc, 0, answer->code, __FILE__, __LINE__, "%.*s",
                      GW_TEXT_ARG(answer->text));
    if (answer->hint.len)
        gw_err_hint(&err, "%.*s", GW_TEXT_ARG(answer->hint));
    gw_slot_failed(slot, &err);
}

/** Nothing more comes: everything under way ends here. */
static void break_off(struct gw_client *client, const struct gw_err *err)
{
    if (client->broken.rc < 0)
        return;
    client->broken = *err;
    for (size_t i = 0; i < GW_SLOT_BUCKETS; i++) {
        while (client->buckets[i]) {
            struct gw_slot *slot = client->buckets[i];
            client->buckets[i] = slot->next;
            gw_slot_failed(slot, &client->broken);
        }
    }
}

static void on_read(void *ctx, struct gw_bytes data)
{
    struct gw_client *client = ctx;
    struct gw_bytes frame, left;
    struct gw_wire_answer answer;
    struct gw_err err;
    gw_rc rc;
    bool direct = client->in.len == 0;
    if (!direct)
        gw_buf_put_bytes(&client->in, data);
    left = direct ? data : gw_buf_bytes(&client->in);
    while ((rc = gw_wire_next(&left, GW_WIRE_ANSWER_MAX, &frame, &err)) == GW_OK) {
        rc = gw_wire_answer_decode(frame, &answer, &err);
        if (rc < 0)
            break;
        take_answer(client, &answer);
    }
    if (rc != GW_NOTFOUND) {
        break_off(client, &err);
        return;
    }
    if (direct) {
        gw_buf_put_bytes(&client->in, left);
    } else if (left.data != client->in.data) {
        memmove(client->in.data, left.data, left.len);
        client->in.len = left.len;
    }
    if (client->in.failed) {
        (void)GW_FAIL_NOMEM(&err);
        break_off(client, &err);
    }
}

static void on_end(void *ctx, gw_rc rc, const struct gw_err *err)
{
    struct gw_client *client = ctx;
    struct gw_err closed;
    (void)GW_FAIL(&closed, GW_CLOSED, "the server closed the connection%s%s", rc < 0 ? ": " : "",
                  rc < 0 && err ? err->msg : "");
    gw_err_hint(&closed, "open again and repeat the calls under their session and seq");
    break_off(client, &closed);
}

static const struct gw_stream_events events = {.on_read = on_read, .on_end = on_end};

/* ---- questions ---- */

static void flush(struct gw_client *client)
{
    struct gw_bytes part = gw_buf_bytes(&client->out);
    struct gw_err err;
    if (part.len == 0 || client->broken.rc < 0)
        return;
    gw_rc rc = gw_stream_write(client->stream, &part, 1, NULL, NULL, &err);
    if (rc == GW_BUSY)
        return;
    if (rc < 0)
        break_off(client, &err);
    gw_buf_reset(&client->out);
}

static const enum gw_wire_kind wire_kinds[] = {[GW_QUERY_CALL] = GW_WIRE_CALL,
                                               [GW_QUERY_VIEW] = GW_WIRE_VIEW,
                                               [GW_QUERY_WARM] = GW_WIRE_WARM,
                                               [GW_QUERY_STATUS] = GW_WIRE_STATUS,
                                               [GW_QUERY_SESSION] = GW_WIRE_SESSION};

/** Straight into `out`: the length of the frame is known at its end. */
static gw_rc put_question(struct gw_client *client, const struct gw_slot *slot,
                          const struct gw_query *query, struct gw_err *err)
{
    struct gw_buf args;
    static const uint8_t none = 0x80; /* [] */
    struct gw_wire_request wire = {.kind = wire_kinds[query->kind],
                                   .client = slot->session,
                                   .seq = slot->seq,
                                   .fn = query->fn ? gw_text(query->fn) : GW_TEXT_LIT("")};
    gw_buf_init(&args, client->heap, GW_WIRE_FRAME_MAX);
    if (query->kind == GW_QUERY_VIEW) {
        gw_cbor_put_array(&args, 3);
        gw_cbor_put_uint(&args, query->freshness);
        gw_cbor_put_uint(&args, query->index);
    }
    if (query->cbor) {
        gw_buf_put(&args, query->cbor, query->cbor_len);
    } else if (query->kind <= GW_QUERY_WARM) {
        gw_cbor_put_text(&args, query->json ? gw_text(query->json) : GW_TEXT_LIT("{}"));
    } else {
        gw_buf_put(&args, &none, 1);
    }
    gw_rc rc = gw_buf_check(&args, "question", err);
    wire.args = gw_buf_bytes(&args);
    if (rc == GW_OK)
        gw_wire_request_put(&wire, &client->out);
    gw_buf_done(&args);
    return rc;
}

static gw_rc remote_send(struct gw_client *client, struct gw_slot *slot,
                         const struct gw_query *query, struct gw_err *err)
{
    if (query->kind == GW_QUERY_CALL && query->cbor) { /* the hot way: no copy of the arguments */
        const struct gw_wire_request wire = {.kind = GW_WIRE_CALL,
                                             .client = slot->session,
                                             .seq = slot->seq,
                                             .fn = gw_text(query->fn),
                                             .args = {query->cbor, query->cbor_len}};
        gw_wire_request_put(&wire, &client->out);
    } else {
        GW_TRY(put_question(client, slot, query, err));
    }
    if (client->out.failed)
        return GW_FAIL(err, GW_CLOSED, "questions wait that the server does not take");
    size_t at = bucket(slot->session, slot->seq);
    slot->next = client->buckets[at];
    client->buckets[at] = slot;
    if (client->out.len > FLUSH_BYTES)
        flush(client);
    return GW_OK;
}

static void remote_close(struct gw_client *client)
{
    struct gw_err err;
    (void)GW_FAIL(&err, GW_CANCELLED, "the client was closed");
    break_off(client, &err);
    gw_stream_close(client->stream);
    client->stream = NULL;
}

static const struct gw_client_ops remote_ops = {
    .send = remote_send, .flush = flush, .close = remote_close};

/* ---- connecting ---- */

struct arrival {
    struct gw_client *client;
    bool done;
    gw_rc rc;
    struct gw_err err;
};

static void on_connected(void *ctx, struct gw_stream *stream, gw_rc rc, const struct gw_err *err)
{
    struct arrival *arrival = ctx;
    arrival->done = true;
    arrival->rc = rc;
    if (rc < 0)
        arrival->err = *err;
    arrival->client->stream = stream;
}

static void on_hello(void *ctx, const struct gw_reply *reply)
{
    struct arrival *arrival = ctx;
    arrival->done = true;
    arrival->rc = reply->outcome == GW_OUTCOME_ERROR ? (gw_rc)reply->why->rc : GW_OK;
    if (reply->why) {
        (void)gw_err_fill(&arrival->err, arrival->rc, 0, (gw_code)reply->why->code, __FILE__,
                          __LINE__, "%s", reply->why->text);
    }
}

static gw_rc say_hello(struct gw_client *client, const char *token, struct arrival *arrival,
                       struct gw_err *err)
{
    uint8_t memory[4200];
    struct gw_buf item;
    struct gw_slot *slot = client->heap->get(client->heap->ctx, sizeof(*slot));
    if (slot == NULL)
        return GW_FAIL_NOMEM(err);
    *slot = (struct gw_slot){
        .client = client, .kind = GW_QUERY_STATUS, .done = on_hello, .ctx = arrival};
    client->buckets[bucket(0, 0)] = slot;
    client->open++;
    gw_buf_init_fixed(&item, memory, sizeof(memory));
    if (token) {
        gw_cbor_put_text(&item, gw_text(token));
    } else {
        gw_cbor_put_null(&item);
    }
    GW_TRY(gw_buf_check(&item, "token", err));
    gw_wire_request_put(&(struct gw_wire_request){.kind = GW_WIRE_HELLO,
                                                  .fn = GW_TEXT_LIT(GW_WIRE_VERSION),
                                                  .args = gw_buf_bytes(&item)},
                        &client->out);
    return gw_client_turn_until(client, &arrival->done, err);
}

static void nothing(struct gw_client *client)
{
    (void)client;
}

static const struct gw_client_ops connecting_ops = {.flush = nothing, .close = nothing};

static gw_rc connect_to(struct gw_client *client, const struct gw_address *at,
                        struct arrival *arrival, struct gw_err *err)
{
    struct gw_connect *connect = NULL;
    client->ops = &connecting_ops;
    GW_TRY(gw_connect_start(client->loop, at, client->timeout_ms, on_connected, arrival, &connect,
                            err));
    gw_rc rc = gw_client_turn_until(client, &arrival->done, err);
    if (rc < 0)
        gw_connect_cancel(connect);
    return rc;
}

gw_rc gw_remote_open(struct gw_client *client, struct gw_text where, const char *token,
                     struct gw_err *err)
{
    struct gw_address at;
    struct arrival arrival = {.client = client};
    gw_buf_init(&client->in, client->heap, GW_WIRE_ANSWER_MAX * 2);
    gw_buf_init(&client->out, client->heap, OUT_BYTES_MAX);
    GW_TRY(gw_address_parse(where, &at, err));
    GW_TRY(connect_to(client, &at, &arrival, err));
    if (arrival.rc < 0) {
        *err = arrival.err;
        return gw_err_wrap(err, "connect to %.*s", GW_TEXT_ARG(where));
    }
    gw_stream_events(client->stream, &events, client);
    gw_stream_set_write_bytes_max(client->stream, OUT_BYTES_MAX);
    gw_stream_read_start(client->stream);
    client->ops = &remote_ops;
    arrival.done = false;
    gw_rc rc = say_hello(client, token, &arrival, err);
    if (rc == GW_OK && arrival.rc < 0) {
        *err = arrival.err;
        rc = arrival.rc;
    }
    if (rc < 0) { /* no answer may find `arrival` any more */
        remote_close(client);
        client->ops = &connecting_ops;
    }
    return rc;
}
