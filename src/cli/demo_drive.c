/* Payments over the wire, pipelined, from several sessions; every answer is kept. A call without an answer is sent again
 * under the same (client, seq), which the engine decides once: so a kill -9 loses and doubles nothing. */
#include "api/wire.h"
#include "base/rand.h"
#include "base/time.h"
#include "cli/demo.h"
#include "codec/cbor.h"
#include "os/clock.h"
#include "os/heap.h"
#include "os/stream.h"

enum {
    SEND_BYTES_MAX = 1 << 20,
    IN_BYTES_MAX = 16 << 20,
    CONNECT_MS = 20000,
    RETRY_MS = 5,
    GROUP_EVERY = 16,
    PAY_CENTS_MAX = 500,
    STALL_MS = 60000
};

struct drive;

struct session {
    struct drive *drive;
    uint32_t number;
    struct gw_stream *stream;
    struct gw_buf in, out;
    uint64_t client, next_seq;
    struct gw_demo_op *window[GW_DEMO_WINDOW]; /* by seq modulo its size; NULL: free */
    uint32_t open;
    bool greeted, paused; /* paused: the engine was busy; the retry timer sends again */
};

struct drive {
    struct gw_demo *demo;
    struct gw_loop *loop;
    struct gw_timer *retry, *kill, *end, *stall;
    struct session sessions[GW_DEMO_SESSIONS];
    struct gw_rand rand;
    struct gw_address at;
    bool ending;
    int64_t killed_ns;
    uint64_t acked_at_stall;
    gw_rc rc;
    struct gw_err err;
};

static void give_up(struct drive *drive, gw_rc rc)
{
    if (drive->rc == GW_OK)
        drive->rc = rc;
    gw_loop_stop(drive->loop);
}

/* ---- sending ---- */

static void put_args(const struct gw_demo_op *op, struct gw_buf *buf)
{
    gw_cbor_put_array(buf, op->cents ? 3 : 2);
    gw_cbor_put_uint(buf, op->src);
    gw_cbor_put_uint(buf, op->dst);
    if (op->cents == 0)
        return;
    gw_cbor_put_array(buf, 2); /* dec: scale, number */
    gw_cbor_put_uint(buf, 2);
    gw_cbor_put_uint(buf, op->cents);
}

static void put_call(struct session *session, const struct gw_demo_op *op)
{
    uint8_t memory[64];
    struct gw_buf args;
    gw_buf_init_fixed(&args, memory, sizeof(memory));
    put_args(op, &args);
    const struct gw_wire_request request = {.kind = GW_WIRE_CALL,
                                            .client = session->client,
                                            .seq = op->seq,
                                            .fn = op->cents ? GW_TEXT_LIT("pay")
                                                            : GW_TEXT_LIT("move_group"),
                                            .args = gw_buf_bytes(&args)};
    gw_wire_request_put(&request, &session->out);
}

static void flush(struct session *session)
{
    if (session->out.len == 0 || session->stream == NULL)
        return;
    struct gw_bytes part = gw_buf_bytes(&session->out);
    gw_rc rc = gw_stream_write(session->stream, &part, 1, NULL, NULL, NULL);
    if (rc == GW_OK || rc == GW_CLOSED)
        gw_buf_reset(&session->out); /* closed: on_end() follows, everything open is sent again */
}

static struct gw_demo_op *new_op(struct drive *drive, struct session *session)
{
    struct gw_demo *demo = drive->demo;
    struct gw_demo_op *op = &demo->ops[demo->op_count++];
    uint64_t accounts = gw_demo_accounts(demo);
    *op = (struct gw_demo_op){
        .session = session->number, .seq = session->next_seq++, .sent_ns = gw_clock_mono_ns()};
    if (gw_rand_below(&drive->rand, GROUP_EVERY) == 0) {
        op->src = (uint32_t)gw_rand_below(&drive->rand, demo->users) + 1;
        op->dst = (uint32_t)gw_rand_below(&drive->rand, GW_DEMO_GROUPS);
        return op;
    }
    op->src = (uint32_t)gw_rand_below(&drive->rand, accounts) + 1;
    op->dst = (uint32_t)gw_rand_below(&drive->rand, accounts) + 1;
    op->cents = (uint32_t)gw_rand_below(&drive->rand, PAY_CENTS_MAX) + 1;
    return op;
}

/** New calls while the window has room: the slot of a seq must be free, so the oldest open one bounds them. */
static void fill(struct session *session)
{
    struct drive *drive = session->drive;
    struct gw_demo *demo = drive->demo;
    if (!session->greeted || session->client == 0 || session->paused)
        return;
    while (!drive->ending && demo->op_count < demo->op_max &&
           session->window[session->next_seq % GW_DEMO_WINDOW] == NULL) {
        struct gw_demo_op *op = new_op(drive, session);
        session->window[op->seq % GW_DEMO_WINDOW] = op;
        session->open++;
        put_call(session, op);
    }
    flush(session);
}

static void send_open_again(struct session *session)
{
    for (uint32_t i = 0; i < GW_DEMO_WINDOW; i++) {
        if (session->window[i]) {
            session->drive->demo->repeats++;
            put_call(session, session->window[i]);
        }
    }
    session->paused = false;
    fill(session);
    flush(session);
}

static void on_retry(void *ctx)
{
    struct drive *drive = ctx;
    for (uint32_t i = 0; i < GW_DEMO_SESSIONS; i++) {
        if (drive->sessions[i].paused && drive->sessions[i].greeted)
            send_open_again(&drive->sessions[i]);
    }
}

/* ---- answers ---- */

static void count_result(struct gw_demo *demo, struct gw_demo_op *op, struct gw_bytes result)
{
    struct gw_cbor_reader r = gw_cbor_reader(result);
    uint64_t count = gw_cbor_get_head(&r, GW_CBOR_ARRAY);
    uint64_t kind = gw_cbor_get_uint(&r);
    demo->acked++;
    if (kind == 0 && count == 2) {
        op->state = GW_DEMO_OK;
        op->id = gw_cbor_get_u128(&r);
        if (op->cents) {
            demo->ok++;
        } else {
            demo->moves_ok++;
        }
    } else if (kind == 1) {
        op->state = GW_DEMO_FAILED;
        demo->failed++;
    } else {
        op->state = GW_DEMO_ABORTED;
        demo->aborted++;
    }
    if (gw_cbor_failed(&r))
        demo->trouble = "an answer could not be read";
}

static bool all_answered(const struct drive *drive)
{
    uint32_t open = 0;
    for (uint32_t i = 0; i < GW_DEMO_SESSIONS; i++)
        open += drive->sessions[i].open;
    return open == 0;
}

static void on_result(struct session *session, const struct gw_wire_answer *answer)
{
    struct drive *drive = session->drive;
    struct gw_demo *demo = drive->demo;
    struct gw_demo_op *op = session->window[answer->seq % GW_DEMO_WINDOW];
    if (op == NULL || op->seq != answer->seq)
        return; /* the second answer of a call that was sent twice */
    int64_t now = gw_clock_mono_ns();
    session->window[answer->seq % GW_DEMO_WINDOW] = NULL;
    session->open--;
    op->index = answer->index;
    op->record = answer->record;
    gw_hist_add(&demo->latency_us, (now - op->sent_ns) / GW_NS_PER_US);
    if (drive->killed_ns && demo->outage_ns == 0)
        demo->outage_ns = now - drive->killed_ns;
    count_result(demo, op, answer->result);
    if (drive->ending && all_answered(drive))
        gw_loop_stop(drive->loop);
}

static void on_error(struct session *session, const struct gw_wire_answer *answer)
{
    switch ((int)answer->rc) {
    case GW_BUSY:
    case GW_TIMEOUT:
    case GW_CLOSED:
    case GW_FULL:
    case GW_UNREACHABLE:
        session->paused = true; /* sent again by the retry timer; decided once */
        return;
    default:
        GW_FAIL_CODE(&session->drive->err, answer->rc, answer->code, "session %u: %.*s",
                     session->number, GW_TEXT_ARG(answer->text));
        give_up(session->drive, answer->rc);
    }
}

static void on_session(struct session *session, const struct gw_wire_answer *answer)
{
    struct gw_cbor_reader r = gw_cbor_reader(answer->result);
    session->client = gw_cbor_get_uint(&r);
    if (gw_cbor_failed(&r)) {
        GW_FAIL(&session->drive->err, GW_INVALID, "a session's answer could not be read");
        give_up(session->drive, GW_INVALID);
    }
    fill(session);
}

static void greet(struct session *session)
{
    struct gw_wire_request request = {.kind = GW_WIRE_HELLO,
                                      .fn = gw_text(GW_WIRE_VERSION),
                                      .args = {(const uint8_t *)"\xf6", 1}}; /* null */
    gw_wire_request_put(&request, &session->out);
    if (session->client == 0) {
        request.kind = GW_WIRE_SESSION;
        request.fn = GW_TEXT_LIT("");
        gw_wire_request_put(&request, &session->out);
    }
    flush(session);
}

/** Answers outside of calls carry client 0 and seq 0: the greeting's comes first. */
static void on_answer(struct session *session, const struct gw_wire_answer *answer)
{
    if (answer->kind == GW_WIRE_ERROR) {
        on_error(session, answer);
    } else if (!session->greeted) {
        session->greeted = true;
        if (session->client)
            send_open_again(session);
    } else if (session->client == 0) {
        on_session(session, answer);
    } else {
        on_result(session, answer);
    }
}

static void on_read(void *ctx, struct gw_bytes data)
{
    struct session *session = ctx;
    struct gw_wire_answer answer;
    struct gw_bytes frame;
    gw_rc rc;
    gw_buf_put_bytes(&session->in, data);
    struct gw_bytes at = gw_buf_bytes(&session->in);
    while ((rc = gw_wire_next(&at, GW_WIRE_ANSWER_MAX, &frame, &session->drive->err)) == GW_OK) {
        rc = gw_wire_answer_decode(frame, &answer, &session->drive->err);
        if (rc < 0)
            break;
        on_answer(session, &answer);
    }
    if (rc != GW_NOTFOUND) {
        give_up(session->drive, rc);
        return;
    }
    memmove(session->in.data, at.data, at.len);
    session->in.len = at.len;
    fill(session);
}

/* ---- connections ---- */

static void connect_session(struct session *session);

static void on_end(void *ctx, gw_rc rc, const struct gw_err *err)
{
    struct session *session = ctx;
    (void)rc;
    (void)err;
    gw_stream_close(session->stream);
    session->stream = NULL;
    session->greeted = false;
}

static const struct gw_stream_events events = {.on_read = on_read, .on_end = on_end};

static void on_connected(void *ctx, struct gw_stream *stream, gw_rc rc, const struct gw_err *err)
{
    struct session *session = ctx;
    if (rc < 0) {
        session->drive->err = *err;
        give_up(session->drive, rc);
        return;
    }
    session->stream = stream;
    session->greeted = false;
    session->paused = false;
    gw_buf_reset(&session->in);
    gw_buf_reset(&session->out);
    gw_stream_events(stream, &events, session);
    gw_stream_read_start(stream);
    greet(session);
}

static void connect_session(struct session *session)
{
    struct drive *drive = session->drive;
    gw_rc rc = gw_connect_start(drive->loop, &drive->at, CONNECT_MS, on_connected, session, NULL,
                                &drive->err);
    if (rc < 0)
        give_up(drive, rc);
}

/* ---- what happens when ---- */

/** The process dies without warning in the middle of everything, and starts again. */
static void on_kill(void *ctx)
{
    struct drive *drive = ctx;
    struct gw_demo *demo = drive->demo;
    drive->killed_ns = gw_clock_mono_ns();
    gw_demo_engine_kill(demo);
    demo->was_killed = true;
    for (uint32_t i = 0; i < GW_DEMO_SESSIONS; i++) {
        if (drive->sessions[i].stream)
            on_end(&drive->sessions[i], GW_OK, NULL);
    }
    gw_rc rc = gw_demo_engine_start(demo, &drive->err);
    if (rc < 0) {
        give_up(drive, rc);
        return;
    }
    for (uint32_t i = 0; i < GW_DEMO_SESSIONS; i++)
        connect_session(&drive->sessions[i]);
}

static void on_load_end(void *ctx)
{
    struct drive *drive = ctx;
    drive->ending = true;
    if (all_answered(drive))
        gw_loop_stop(drive->loop);
}

/** A minute without a single answer is a failure, not something to wait for. */
static void on_stall(void *ctx)
{
    struct drive *drive = ctx;
    if (drive->demo->acked != drive->acked_at_stall) {
        drive->acked_at_stall = drive->demo->acked;
        return;
    }
    GW_FAIL_CODE(&drive->err, GW_TIMEOUT, 7211, "no call was answered for a minute");
    give_up(drive, GW_TIMEOUT);
}

static gw_rc open_timers(struct drive *drive, struct gw_err *err)
{
    const uint64_t load_ms = drive->demo->seconds * 1000;
    GW_TRY(gw_timer_new(drive->loop, on_retry, drive, &drive->retry, err));
    GW_TRY(gw_timer_new(drive->loop, on_kill, drive, &drive->kill, err));
    GW_TRY(gw_timer_new(drive->loop, on_load_end, drive, &drive->end, err));
    GW_TRY(gw_timer_new(drive->loop, on_stall, drive, &drive->stall, err));
    gw_timer_start(drive->retry, RETRY_MS, RETRY_MS);
    gw_timer_start(drive->kill, load_ms / 2, 0);
    gw_timer_start(drive->end, load_ms, 0);
    gw_timer_start(drive->stall, STALL_MS, STALL_MS);
    return GW_OK;
}

static gw_rc run(struct drive *drive, struct gw_err *err)
{
    struct gw_text at =
        gw_arena_printf(&drive->demo->cli->arena, "unix:%s/state/godwit.sock", drive->demo->folder);
    GW_TRY(gw_address_parse(at, &drive->at, err));
    GW_TRY(gw_loop_new(&drive->loop, err));
    GW_TRY(open_timers(drive, err));
    int64_t begun = gw_clock_mono_ns();
    for (uint32_t i = 0; i < GW_DEMO_SESSIONS; i++) {
        struct session *session = &drive->sessions[i];
        *session = (struct session){.drive = drive, .number = i, .next_seq = 1};
        gw_buf_init(&session->in, gw_os_heap(), IN_BYTES_MAX);
        gw_buf_init(&session->out, gw_os_heap(), SEND_BYTES_MAX);
        connect_session(session);
    }
    gw_loop_run(drive->loop);
    drive->demo->load_ns = gw_clock_mono_ns() - begun;
    return GW_OK;
}

static void done(struct drive *drive)
{
    for (uint32_t i = 0; i < GW_DEMO_SESSIONS; i++) {
        gw_stream_close(drive->sessions[i].stream);
        gw_buf_done(&drive->sessions[i].in);
        gw_buf_done(&drive->sessions[i].out);
    }
    gw_timer_free(drive->retry);
    gw_timer_free(drive->kill);
    gw_timer_free(drive->end);
    gw_timer_free(drive->stall);
    gw_loop_free(drive->loop);
}

gw_rc gw_demo_drive(struct gw_demo *demo, struct gw_err *err)
{
    struct drive *drive = GW_NEW(&demo->cli->arena, struct drive);
    if (drive == NULL)
        return GW_FAIL_NOMEM(err);
    drive->demo = demo;
    gw_rand_init(&drive->rand, demo->seed);
    gw_hist_init(&demo->latency_us);
    gw_rc rc = run(drive, err);
    if (rc == GW_OK && drive->rc < 0) {
        rc = drive->rc;
        *err = drive->err;
    }
    done(drive);
    return rc;
}
