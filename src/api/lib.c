#include "api/lib_int.h"

#include "os/heap.h"

/* ---- failures ---- */

void gw_failure_of(const struct gw_err *err, struct gw_failure *ret)
{
    _Static_assert(sizeof(ret->text) == sizeof(err->msg), "public and private agree");
    _Static_assert(sizeof(ret->hint) == sizeof(err->hint), "public and private agree");
    if (ret == NULL)
        return;
    ret->rc = err->rc;
    ret->code = err->code;
    memcpy(ret->text, err->msg, sizeof(ret->text));
    memcpy(ret->hint, err->hint, sizeof(ret->hint));
}

static int fail(const struct gw_err *err, struct gw_failure *ret_why)
{
    gw_failure_of(err, ret_why);
    return err->rc;
}

/* ---- time ---- */

static void on_time(void *ctx)
{
    ((struct gw_client *)ctx)->timed_out = true;
}

gw_rc gw_client_turn_until(struct gw_client *client, const bool *flag, struct gw_err *err)
{
    client->timed_out = false;
    gw_timer_start(client->timer, client->timeout_ms, 0);
    while (!*flag && !client->timed_out) {
        client->ops->flush(client);
        gw_loop_turn(client->loop, true);
    }
    gw_timer_stop(client->timer);
    return *flag ? GW_OK : GW_FAIL(err, GW_TIMEOUT, "no answer within %u ms", client->timeout_ms);
}

/* ---- slots ---- */

static struct gw_slot *slot_take(struct gw_client *client)
{
    struct gw_slot *slot = client->spare;
    if (slot) {
        client->spare = slot->next;
        return slot;
    }
    slot = client->heap->get(client->heap->ctx, sizeof(*slot));
    if (slot)
        *slot = (struct gw_slot){.client = client};
    return slot;
}

static void slot_give(struct gw_slot *slot)
{
    slot->next = slot->client->spare;
    slot->client->spare = slot;
}

void gw_slot_done(struct gw_slot *slot, struct gw_reply *reply)
{
    gw_reply_done *done = slot->done;
    void *ctx = slot->ctx;
    slot->client->open--;
    slot->client->taken++;
    reply->seq = slot->seq;
    if (slot->kind != GW_QUERY_SESSION)
        reply->session = slot->session;
    done(ctx,
         reply); /* the reply may lie in the slot's request: not before this is the slot free */
    slot_give(slot);
}

void gw_slot_failed(struct gw_slot *slot, const struct gw_err *err)
{
    struct gw_failure why;
    gw_failure_of(err, &why);
    struct gw_reply reply = {.outcome = GW_OUTCOME_ERROR, .why = &why};
    gw_slot_done(slot, &reply);
}

/* ---- asking ---- */

static gw_rc start(struct gw_client *client, const struct gw_query *query, gw_reply_done *done,
                   void *ctx, struct gw_err *err)
{
    bool has_fn = query->kind <= GW_QUERY_WARM;
    if (client->broken.rc < 0) {
        *err = client->broken;
        return err->rc;
    }
    if (has_fn && (query->fn == NULL || strlen(query->fn) > GW_WIRE_NAME_MAX))
        return GW_FAIL(err, GW_INVALID, "no function is named");
    if (client->open == GW_CLIENT_OPEN_MAX)
        return GW_FAIL(err, GW_BUSY, "%d calls are under way", GW_CLIENT_OPEN_MAX);
    struct gw_slot *slot = slot_take(client);
    if (slot == NULL)
        return GW_FAIL_NOMEM(err);
    slot->kind = query->kind;
    slot->session = query->kind == GW_QUERY_CALL ? query->session : 0;
    slot->seq = slot->session ? query->seq : ++client->next_seq;
    slot->is_json = query->cbor == NULL;
    slot->done = done;
    slot->ctx = ctx;
    gw_rc rc = client->ops->send(client, slot, query, err);
    if (rc < 0) {
        slot_give(slot);
    } else {
        client->open++;
    }
    return rc;
}

int gw_start(struct gw_client *client, const struct gw_query *query, gw_reply_done *done, void *ctx,
             struct gw_failure *ret_why)
{
    struct gw_err err;
    return start(client, query, done, ctx, &err) < 0 ? fail(&err, ret_why) : 0;
}

unsigned gw_poll(struct gw_client *client, uint32_t timeout_ms)
{
    uint64_t before = client->taken;
    client->ops->flush(client);
    gw_loop_turn(client->loop, false);
    if (client->taken == before && timeout_ms && client->open) {
        client->timed_out = false;
        gw_timer_start(client->timer, timeout_ms, 0);
        while (client->taken == before && !client->timed_out && client->open)
            gw_loop_turn(client->loop, true);
        gw_timer_stop(client->timer);
    }
    client->ops->flush(client);
    return (unsigned)(client->taken - before);
}

void gw_wait(struct gw_client *client)
{
    while (client->open)
        (void)gw_poll(client, GW_LIB_TIMEOUT_MS);
}

unsigned gw_open_count(const struct gw_client *client)
{
    return client->open;
}

/* ---- blocking ---- */

/** On the heap: when the time is over, the answer may still come, and finds nobody. */
struct waiting {
    struct gw_client *client;
    bool done, left;
    struct gw_reply reply;
};

static void waiting_free(struct waiting *waiting)
{
    waiting->client->heap->put(waiting->client->heap->ctx, waiting, sizeof(*waiting));
}

static void on_reply(void *ctx, const struct gw_reply *reply)
{
    struct waiting *waiting = ctx;
    struct gw_client *client = waiting->client;
    if (waiting->left) {
        waiting_free(waiting);
        return;
    }
    waiting->done = true;
    waiting->reply = *reply;
    gw_buf_reset(&client->kept);
    gw_buf_put(&client->kept, reply->data, reply->len);
    gw_buf_put_u8(&client->kept, 0);
    if (reply->why)
        client->kept_why = *reply->why;
    waiting->reply.data = reply->data ? (const char *)client->kept.data : NULL;
    waiting->reply.why = reply->why ? &client->kept_why : NULL;
}

static gw_rc wait_for(struct gw_client *client, const struct gw_query *query, struct gw_reply *ret,
                      struct gw_err *err)
{
    struct waiting *waiting = client->heap->get(client->heap->ctx, sizeof(*waiting));
    if (waiting == NULL)
        return GW_FAIL_NOMEM(err);
    *waiting = (struct waiting){.client = client};
    gw_rc rc = start(client, query, on_reply, waiting, err);
    if (rc < 0) {
        waiting_free(waiting);
        return rc;
    }
    rc = gw_client_turn_until(client, &waiting->done, err);
    if (rc < 0) {
        waiting->left = true;
        return rc;
    }
    if (client->kept.failed) {
        rc = GW_FAIL_NOMEM(err);
    } else {
        *ret = waiting->reply;
    }
    waiting_free(waiting);
    return rc;
}

int gw_query(struct gw_client *client, const struct gw_query *query, struct gw_reply *ret,
             struct gw_failure *ret_why)
{
    struct gw_err err;
    struct gw_reply reply;
    if (wait_for(client, query, &reply, &err) < 0)
        return fail(&err, ret_why);
    if (reply.outcome == GW_OUTCOME_ERROR) {
        if (ret_why)
            *ret_why = *reply.why;
        return reply.why->rc;
    }
    *ret = reply;
    return 0;
}

int gw_call(struct gw_client *client, uint64_t session, uint64_t seq, const char *fn,
            const char *json, struct gw_reply *ret, struct gw_failure *ret_why)
{
    const struct gw_query query = {
        .kind = GW_QUERY_CALL, .fn = fn, .json = json, .session = session, .seq = seq};
    return gw_query(client, &query, ret, ret_why);
}

int gw_view(struct gw_client *client, const char *fn, const char *json, struct gw_reply *ret,
            struct gw_failure *ret_why)
{
    const struct gw_query query = {.kind = GW_QUERY_VIEW, .fn = fn, .json = json};
    return gw_query(client, &query, ret, ret_why);
}

int gw_session(struct gw_client *client, uint64_t *ret_session, struct gw_failure *ret_why)
{
    const struct gw_query query = {.kind = GW_QUERY_SESSION};
    struct gw_reply reply;
    int rc = gw_query(client, &query, &reply, ret_why);
    if (rc == 0)
        *ret_session = reply.session;
    return rc;
}

/* ---- life ---- */

static gw_rc open_where(struct gw_client *client, const char *where,
                        const struct gw_open_opts *opts, struct gw_err *err)
{
    static const char dir[] = "dir:";
    GW_TRY(gw_loop_new(&client->loop, err));
    GW_TRY(gw_timer_new(client->loop, on_time, client, &client->timer, err));
    if (strncmp(where, dir, sizeof(dir) - 1) == 0)
        return gw_local_open(client, where + sizeof(dir) - 1, opts->program, err);
    return gw_remote_open(client, gw_text(where), opts->token, err);
}

int gw_open(const char *where, const struct gw_open_opts *opts, struct gw_client **ret,
            struct gw_failure *ret_why)
{
    static const struct gw_open_opts defaults;
    const struct gw_alloc *heap = gw_os_heap();
    struct gw_err err;
    struct gw_client *client = heap->get(heap->ctx, sizeof(*client));
    if (client == NULL) {
        (void)GW_FAIL_NOMEM(&err);
        return fail(&err, ret_why);
    }
    memset(client, 0, sizeof(*client));
    client->heap = heap;
    opts = opts ? opts : &defaults;
    client->timeout_ms = opts->timeout_ms ? opts->timeout_ms : GW_LIB_TIMEOUT_MS;
    gw_buf_init(&client->kept, heap, GW_WIRE_ANSWER_MAX + 1);
    if (open_where(client, where, opts, &err) < 0) {
        gw_close(client);
        return fail(&err, ret_why);
    }
    *ret = client;
    return 0;
}

void gw_close(struct gw_client *client)
{
    if (client == NULL)
        return;
    if (client->ops)
        client->ops->close(client); /* ends what is under way: every `done` has fired */
    GW_ASSERT(client->open == 0);
    while (client->spare) {
        struct gw_slot *slot = client->spare;
        client->spare = slot->next;
        gw_request_free(slot->request);
        client->heap->put(client->heap->ctx, slot, sizeof(*slot));
    }
    gw_buf_done(&client->kept);
    gw_buf_done(&client->in);
    gw_buf_done(&client->out);
    gw_timer_free(client->timer);
    gw_loop_free(client->loop);
    client->heap->put(client->heap->ctx, client, sizeof(*client));
}
