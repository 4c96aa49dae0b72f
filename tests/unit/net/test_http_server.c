/* The server, seen by a client that writes bytes: what it answers, in which order, and when it gives up. */
#include "kit/kit.h"

#include <stdio.h>
#include <stdlib.h>

#include "net/http_server.h"

enum { PEER_BYTES = 8 << 20 };

struct peer {
    struct gw_stream *stream;
    char *got; /* zero-terminated */
    size_t len;
    int ends;
};

struct scene {
    struct gw_loop *loop;
    struct gw_http_server *server;
    struct gw_http_server_opts opts;
    struct gw_address at;
    struct peer peer;
    struct gw_http_request *held; /* not yet answered */
    struct gw_loop_task task;
    int gone, drains, calls;
    size_t stream_left;
    bool drained;
};

static void peer_read(void *ctx, struct gw_bytes data)
{
    struct peer *peer = ctx;
    assert_true(peer->len + data.len < PEER_BYTES);
    memcpy(peer->got + peer->len, data.data, data.len);
    peer->len += data.len;
    peer->got[peer->len] = 0;
}

static void peer_end(void *ctx, gw_rc rc, const struct gw_err *err)
{
    (void)rc;
    (void)err;
    ((struct peer *)ctx)->ends++;
}

static const struct gw_stream_events peer_events = {peer_read, peer_end, NULL};

static void on_connected(void *ctx, struct gw_stream *stream, gw_rc rc, const struct gw_err *err)
{
    struct scene *scene = ctx;
    assert_ok(rc, err);
    scene->peer.stream = stream;
    gw_stream_events(stream, &peer_events, &scene->peer);
    gw_stream_set_write_bytes_max(stream, PEER_BYTES);
    gw_stream_read_start(stream);
}

/* ---- the handler under test ---- */

static void answer_text(struct gw_http_request *request, const char *text)
{
    gw_http_answer(request, &(struct gw_http_answer){.status = 200,
                                                     .type = "text/plain",
                                                     .body = gw_text_bytes(gw_text(text))});
}

static void on_gone(void *ctx)
{
    struct scene *scene = ctx;
    assert_true(scene->held->gone);
    scene->gone++;
}

static void answer_later(struct gw_loop_task *task)
{
    struct scene *scene = GW_CONTAINER_OF(task, struct scene, task);
    struct gw_http_request *request = scene->held;
    scene->held = NULL;
    answer_text(request, "later");
}

/* Streams scene->stream_left bytes of a pattern, as fast as the client reads. */
static void pour(void *ctx)
{
    struct scene *scene = ctx;
    static uint8_t block[10000];
    memset(block, 'z', sizeof(block));
    scene->drains++;
    while (scene->stream_left > 0) {
        struct gw_bytes piece = {block, GW_MIN(scene->stream_left, sizeof(block))};
        gw_rc rc = gw_http_send(scene->held, piece);
        if (rc == GW_BUSY)
            return;
        assert_int_equal(rc, GW_OK);
        scene->stream_left -= piece.len;
    }
    struct gw_http_request *request = scene->held;
    scene->held = NULL;
    gw_http_end(request);
}

static void send_events(struct gw_http_request *request)
{
    uint64_t last = 0;
    bool resumed = gw_http_last_event(request, &last);
    gw_http_events_begin(request);
    for (uint64_t id = resumed ? last + 1 : 1; id <= 3; id++)
        assert_int_equal(
            gw_http_event_send(request, id, id == 3 ? "end" : NULL, GW_TEXT_LIT("a\nb")), GW_OK);
    assert_int_equal(gw_http_event_ping(request), GW_OK);
    gw_http_end(request);
}

static void handle(void *ctx, struct gw_http_request *request)
{
    struct scene *scene = ctx;
    scene->calls++;
    if (gw_text_is(request->path, "/later") || gw_text_is(request->path, "/hold")) {
        scene->held = request;
        gw_http_watch(request, on_gone, NULL, scene);
        scene->task.call = answer_later;
        if (gw_text_is(request->path, "/later"))
            gw_loop_post(scene->loop, &scene->task);
    } else if (gw_text_is(request->path, "/pour")) {
        scene->held = request;
        gw_http_watch(request, NULL, pour, scene);
        gw_http_begin(request, &(struct gw_http_answer){.status = 200, .type = "text/plain"});
        pour(scene);
    } else if (gw_text_is(request->path, "/events")) {
        send_events(request);
    } else if (gw_text_is(request->path, "/fail")) {
        struct gw_err err = {0};
        (void)GW_FAIL_CODE(&err, GW_CONFLICT, 2003, "say \"no\"\n");
        gw_err_hint(&err, "try %s", "again");
        gw_http_answer_error(request, &err);
    } else if (gw_text_is(request->path, "/abort")) {
        gw_http_begin(request, &(struct gw_http_answer){
                                   .status = 200, .body = gw_text_bytes(GW_TEXT_LIT("half"))});
        gw_http_abort(request);
    } else { /* echo */
        struct gw_text text =
            gw_arena_printf(request->arena, "%.*s|%.*s|%.*s|%.*s", GW_TEXT_ARG(request->method),
                            GW_TEXT_ARG(request->path), GW_TEXT_ARG(request->query),
                            (int)request->body.len, (const char *)request->body.data);
        answer_text(request, text.data);
    }
}

/* ---- the scene ---- */

static int setup(void **state)
{
    struct scene *scene = calloc(1, sizeof(*scene));
    *state = scene;
    scene->peer.got = calloc(1, PEER_BYTES);
    scene->opts = (struct gw_http_server_opts){
        .at = {.kind = GW_ADDRESS_TCP, .host = "127.0.0.1"}, .handler = handle, .ctx = scene};
    return gw_loop_new(&scene->loop, NULL);
}

static int teardown(void **state)
{
    struct scene *scene = *state;
    gw_http_server_close(scene->server);
    if (scene->held)
        gw_http_abort(scene->held);
    gw_stream_close(scene->peer.stream);
    gw_loop_free(scene->loop);
    free(scene->peer.got);
    free(scene);
    return 0;
}

static void start(struct scene *scene)
{
    struct gw_err err;
    assert_ok(gw_http_server_open(scene->loop, &scene->opts, &scene->server, &err), &err);
    gw_http_server_address(scene->server, &scene->at);
}

static void dial(struct scene *scene)
{
    gw_stream_close(scene->peer.stream);
    scene->peer.stream = NULL;
    scene->peer.len = 0;
    scene->peer.got[0] = 0;
    scene->peer.ends = 0;
    assert_int_equal(
        gw_connect_start(scene->loop, &scene->at, 5000, on_connected, scene, NULL, NULL), GW_OK);
    while (scene->peer.stream == NULL)
        gw_loop_turn(scene->loop, true);
}

static void say(struct scene *scene, const char *text)
{
    struct gw_bytes part = gw_text_bytes(gw_text(text));
    assert_int_equal(gw_stream_write(scene->peer.stream, &part, 1, NULL, NULL, NULL), GW_OK);
}

static void wait_for(struct scene *scene, const char *text)
{
    while (strstr(scene->peer.got, text) == NULL) {
        if (scene->peer.ends)
            fail_msg("the server closed; waiting for \"%s\", got \"%s\"", text, scene->peer.got);
        gw_loop_turn(scene->loop, true);
    }
}

static void wait_for_end(struct scene *scene)
{
    while (scene->peer.ends == 0)
        gw_loop_turn(scene->loop, true);
}

#define HAS(scene, text)                                                \
    do {                                                                \
        if (strstr((scene)->peer.got, (text)) == NULL)                  \
            fail_msg("no \"%s\" in \"%s\"", (text), (scene)->peer.got); \
    } while (0)
#define HAS_NOT(scene, text) assert_null(strstr((scene)->peer.got, (text)))

static const char *status_of(struct scene *scene)
{
    static char status[4];
    assert_true(scene->peer.len > 12);
    memcpy(status, scene->peer.got + 9, 3);
    return status;
}

#define HOST "Host: localhost\r\n"

/* ---- stories ---- */

static void a_kept_connection_serves_one_request_after_the_other(void **state)
{
    struct scene *scene = *state;
    start(scene);
    dial(scene);
    say(scene, "GET /a?x=1 HTTP/1.1\r\n" HOST "\r\n");
    wait_for(scene, "GET|/a|x=1|");
    HAS(scene, "HTTP/1.1 200 OK\r\nDate: ");
    HAS(scene, " GMT\r\nContent-Type: text/plain\r\nContent-Length: 11\r\n\r\n");
    say(scene, "POST /b HTTP/1.1\r\n" HOST "Content-Length: 4\r\nConnection: close\r\n\r\nbody");
    wait_for(scene, "POST|/b||body");
    HAS(scene, "Connection: close");
    wait_for_end(scene);
    struct gw_http_server_stats stats;
    gw_http_server_stats(scene->server, &stats);
    assert_int_equal(stats.connections, 1);
    assert_int_equal(stats.requests, 2);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
    struct scene *scene = *state;
    start(scene);
    dial(scene);
    say(scene,
        "GET /later HTTP/1.1\r\n" HOST "\r\n"
        "GET /two HTTP/1.1\r\n" HOST "\r\n"
        "POST /three HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nhiGET /later HTTP/1.1\r\n");
    say(scene, HOST "\r\nGET /five HTTP/1.1\r\n" HOST "\r\n");
    wait_for(scene, "/five");
    const char *one = strstr(scene->peer.got, "later");
    const char *two = strstr(scene->peer.got, "|/two|");
    const char *three = strstr(scene->peer.got, "|/three||hi");
    const char *four = strstr(one + 1, "later");
    assert_true(one && two && three && four && one < two && two < three && three < four);
    assert_int_equal(scene->calls, 5);
}

static void bytes_may_come_one_at_a_time(void **state)
{
    struct scene *scene = *state;
    static const char text[] =
        "POST /s HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
        "3;x=y\r\nabc\r\n1\r\nd\r\n0\r\nT: u\r\n\r\nGET /n HTTP/1.1\r\n" HOST "\r\n";
    start(scene);
    dial(scene);
    for (size_t i = 0; i < sizeof(text) - 1; i++) {
        char one[2] = {text[i], 0};
        say(scene, one);
        gw_loop_turn(scene->loop, false);
    }
    wait_for(scene, "GET|/n||");
    HAS(scene, "POST|/s||abcd");
}

static void expect_continue_is_answered_before_the_body(void **state)
{
    struct scene *scene = *state;
    start(scene);
    dial(scene);
    say(scene, "PUT /c HTTP/1.1\r\n" HOST "Content-Length: 3\r\nExpect: 100-continue\r\n\r\n");
    wait_for(scene, "HTTP/1.1 100 Continue\r\n\r\n");
    assert_int_equal(scene->calls, 0);
    say(scene, "abc");
    wait_for(scene, "PUT|/c||abc");
}

static void head_has_the_length_but_no_body(void **state)
{
    struct scene *scene = *state;
    start(scene);
    dial(scene);
    say(scene, "HEAD /h HTTP/1.1\r\n" HOST "\r\nGET /x HTTP/1.0\r\n" HOST "\r\n");
    wait_for_end(scene); /* HTTP/1.0 without keep-alive */
    HAS(scene, "Content-Length: 9\r\n\r\nHTTP/1.1 200");
    HAS(scene, "GET|/x||");
}

struct refusal {
    const char *text, *status;
};

/* Every refusal is a problem document, and ends the connection: what follows cannot be framed. */
static void bad_requests_are_refused(void **state)
{
    static const struct refusal refusals[] = {
        {"\x16\x03\x01\x02\x00\x01\n", "400"},
        {"GET / HTTP/1.1\r\n\r\n", "400"},
        {"GET / HTTP/1.1\nHost: localhost\n\n", "400"},
        {"GET / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
         "400"},
        {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nzz\r\n", "400"},
        {"GET / HTTP/2.0\r\n" HOST "\r\n", "505"},
        {"GET / HTTP/1.1\r\n" HOST "Upgrade: h2c\r\n\r\n", "501"},
        {"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", "421"},
        {"GET / HTTP/1.1\r\nHost: 127.0.0.1.evil.example:80\r\n\r\n", "421"},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 101\r\n\r\n", "413"},
        {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nfff\r\n"
         "01234567890123456789012345678901234567890123456789012345678901234567890123456789012345678"
         "9"
         "0123456789012345678901234567890123456789",
         "413"},
        {"GET /012345678901234567890123456789012345678901234567890123456789 HTTP/1.1\r\n", "414"},
        {"GET / HTTP/1.1\r\n" HOST
         "A: 0123456789012345678901234567890123456789012345678901234567\r\n",
         "431"},
        {"PUT / HTTP/1.1\r\n" HOST "Expect: tea\r\nContent-Length: 1\r\n\r\n", "417"},
    };
    static const struct gw_http1_limits limits = {60, 1000, 10};
    struct scene *scene = *state;
    scene->opts.body_bytes_max = 100;
    scene->opts.limits = &limits;
    start(scene);
    for (size_t i = 0; i < GW_COUNT_OF(refusals); i++) {
        dial(scene);
        if (i == 0) { /* holds a NUL */
            struct gw_bytes hello = {(const uint8_t *)refusals[0].text, 7};
            assert_int_equal(gw_stream_write(scene->peer.stream, &hello, 1, NULL, NULL, NULL),
                             GW_OK);
        } else {
            say(scene, refusals[i].text);
        }
        wait_for_end(scene);
        if (strcmp(status_of(scene), refusals[i].status) != 0)
            fail_msg("%s: %s", refusals[i].text, scene->peer.got);
        HAS(scene, "application/problem+json");
        HAS(scene, "Connection: close");
    }
    assert_int_equal(scene->calls, 0);
}

static void hosts_may_be_listed(void **state)
{
    static const struct gw_text hosts[] = {{"shop.example", 12}};
    struct scene *scene = *state;
    scene->opts.hosts = hosts;
    scene->opts.host_count = 1;
    start(scene);
    dial(scene);
    say(scene, "GET /ok HTTP/1.1\r\nHost: Shop.Example:8080\r\n\r\nGET / HTTP/1.1\r\n" HOST "\r\n");
    wait_for_end(scene);
    HAS(scene, "GET|/ok||");
    HAS(scene, "HTTP/1.1 421 ");
}

static void slow_heads_and_bodies_get_408_and_idle_ends_silently(void **state)
{
    struct scene *scene = *state;
    scene->opts.header_ms = scene->opts.body_ms = scene->opts.idle_ms = 60;
    start(scene);
    dial(scene);
    say(scene, "GET / HT");
    wait_for_end(scene);
    assert_string_equal(status_of(scene), "408");
    dial(scene);
    say(scene, "PUT / HTTP/1.1\r\n" HOST "Content-Length: 9\r\n\r\nabc");
    wait_for_end(scene);
    assert_string_equal(status_of(scene), "408");
    dial(scene);
    say(scene, "GET /quick HTTP/1.1\r\n" HOST "\r\n");
    wait_for(scene, "GET|/quick||");
    wait_for_end(scene);
    HAS_NOT(scene, "408");
    struct gw_http_server_stats stats;
    gw_http_server_stats(scene->server, &stats);
    assert_true(stats.timeouts >= 3);
    assert_int_equal(stats.open, 0);
}

static void a_client_that_does_not_read_is_cut_off(void **state)
{
    struct scene *scene = *state;
    scene->opts.write_ms = 60;
    scene->opts.answer_bytes_max = 200000;
    scene->stream_left = 50000000;
    start(scene);
    dial(scene);
    gw_stream_read_stop(scene->peer.stream);
    say(scene, "GET /pour HTTP/1.1\r\n" HOST "\r\n");
    struct gw_http_server_stats stats = {0};
    while (stats.timeouts == 0) {
        gw_loop_turn(scene->loop, true);
        gw_http_server_stats(scene->server, &stats);
    }
    assert_true(scene->held->gone);
    assert_int_equal(gw_http_send(scene->held, gw_text_bytes(GW_TEXT_LIT("x"))),
                     GW_OK); /* dropped */
}

static void a_slow_reader_slows_the_answer_down(void **state)
{
    struct scene *scene = *state;
    scene->opts.answer_bytes_max = 100000;
    scene->stream_left = 5000000;
    start(scene);
    dial(scene);
    gw_stream_read_stop(scene->peer.stream);
    say(scene, "GET /pour HTTP/1.1\r\n" HOST "\r\n");
    while (scene->drains == 0)
        gw_loop_turn(scene->loop, true);
    assert_true(scene->stream_left > 0); /* the bound held it back */
    gw_stream_read_start(scene->peer.stream);
    wait_for(scene, "0\r\n\r\n");
    assert_int_equal(scene->stream_left, 0);
    assert_true(scene->drains > 2);
    size_t count = 0;
    for (size_t i = 0; i < scene->peer.len; i++)
        count += scene->peer.got[i] == 'z';
    assert_int_equal(count, 5000000);
}

static void events_resume_after_the_last_one_seen(void **state)
{
    struct scene *scene = *state;
    start(scene);
    dial(scene);
    say(scene, "GET /events HTTP/1.1\r\n" HOST "\r\n");
    wait_for(scene, "0\r\n\r\n");
    HAS(scene, "Content-Type: text/event-stream\r\nCache-Control: no-store\r\n");
    HAS(scene, "id: 1\ndata: a\ndata: b\n\n");
    HAS(scene, "id: 3\nevent: end\ndata: a\ndata: b\n\n");
    dial(scene);
    say(scene, "GET /events HTTP/1.1\r\n" HOST "Last-Event-ID: 2\r\n\r\n");
    wait_for(scene, "0\r\n\r\n");
    HAS_NOT(scene, "id: 2\n");
    HAS(scene, "id: 3\n");
}

static void a_client_that_goes_is_noticed_and_its_answer_dropped(void **state)
{
    struct scene *scene = *state;
    start(scene);
    dial(scene);
    say(scene, "GET /hold HTTP/1.1\r\n" HOST "\r\n");
    while (scene->held == NULL)
        gw_loop_turn(scene->loop, true);
    gw_stream_reset(scene->peer.stream);
    scene->peer.stream = NULL;
    while (scene->gone == 0)
        gw_loop_turn(scene->loop, true);
    answer_later(&scene->task);
    dial(scene);
    say(scene, "GET /next HTTP/1.1\r\n" HOST "\r\n");
    wait_for(scene, "/next");
}

static void a_client_that_half_closes_still_gets_its_answer(void **state)
{
    struct scene *scene = *state;
    start(scene);
    dial(scene);
    say(scene, "GET /later HTTP/1.1\r\n" HOST "\r\n");
    gw_stream_shutdown(scene->peer.stream);
    wait_for_end(scene);
    HAS(scene, "later");
}

static void errors_become_problem_documents(void **state)
{
    struct scene *scene = *state;
    start(scene);
    dial(scene);
    say(scene, "GET /fail HTTP/1.1\r\n" HOST "\r\n");
    wait_for(scene, "}\n");
    assert_string_equal(status_of(scene), "409");
    HAS(scene, "{\"title\":\"conflict\",\"status\":409,\"detail\":\"say \\\"no\\\"\\u000a\","
               "\"hint\":\"try again\",\"code\":\"GW2003\"}\n");
}

static void an_aborted_answer_does_not_look_whole(void **state)
{
    struct scene *scene = *state;
    start(scene);
    dial(scene);
    say(scene, "GET /abort HTTP/1.1\r\n" HOST "\r\n");
    wait_for_end(scene);
    HAS_NOT(scene, "0\r\n\r\n");
}

static void connections_are_bounded(void **state)
{
    struct scene *scene = *state;
    scene->opts.connections_max = 1;
    start(scene);
    dial(scene);
    say(scene, "GET /one HTTP/1.1\r\n" HOST "\r\n");
    wait_for(scene, "/one");
    struct gw_stream *first = scene->peer.stream;
    scene->peer.stream = NULL;
    dial(scene);
    wait_for_end(scene);
    assert_string_equal(status_of(scene), "503");
    gw_stream_close(first);
}

static void on_drain_done(void *ctx)
{
    ((struct scene *)ctx)->drained = true;
}

static void a_drain_waits_for_the_answer_under_way(void **state)
{
    struct scene *scene = *state;
    start(scene);
    dial(scene);
    say(scene, "GET /hold HTTP/1.1\r\n" HOST "\r\n");
    while (scene->held == NULL)
        gw_loop_turn(scene->loop, true);
    gw_http_server_drain(scene->server, on_drain_done, scene);
    gw_loop_turn(scene->loop, false);
    assert_false(scene->drained);
    answer_later(&scene->task);
    wait_for_end(scene);
    HAS(scene, "later");
    gw_stream_close(scene->peer.stream);
    scene->peer.stream = NULL;
    while (!scene->drained)
        gw_loop_turn(scene->loop, true);
}

static void a_server_closed_under_a_request_outlives_it(void **state)
{
    struct scene *scene = *state;
    start(scene);
    dial(scene);
    say(scene, "GET /hold HTTP/1.1\r\n" HOST "\r\n");
    while (scene->held == NULL)
        gw_loop_turn(scene->loop, true);
    gw_http_server_close(scene->server);
    scene->server = NULL;
    assert_int_equal(scene->gone, 1);
    answer_later(&scene->task);
    wait_for_end(scene);
    assert_int_equal(scene->peer.len, 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_kept_connection_serves_one_request_after_the_other),
        T(pipelined_requests_are_answered_in_order),
        T(bytes_may_come_one_at_a_time),
        T(expect_continue_is_answered_before_the_body),
        T(head_has_the_length_but_no_body),
        T(bad_requests_are_refused),
        T(hosts_may_be_listed),
        T(slow_heads_and_bodies_get_408_and_idle_ends_silently),
        T(a_client_that_does_not_read_is_cut_off),
        T(a_slow_reader_slows_the_answer_down),
        T(events_resume_after_the_last_one_seen),
        T(a_client_that_goes_is_noticed_and_its_answer_dropped),
        T(a_client_that_half_closes_still_gets_its_answer),
        T(errors_become_problem_documents),
        T(an_aborted_answer_does_not_look_whole),
        T(connections_are_bounded),
        T(a_drain_waits_for_the_answer_under_way),
        T(a_server_closed_under_a_request_outlives_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
