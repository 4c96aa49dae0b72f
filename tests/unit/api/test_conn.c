/* A wire connection, seen by a client that writes bytes: what is answered, what ends it, what slows it down. */
#include "scene.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "api/wire.h"

enum { GOT_MAX = 8 << 20, PATIENCE_MS = 20000 };

struct peer {
    struct scene scene;
    int fd;
    struct gw_buf in, out;
};

static int setup(void **state)
{
    struct peer *peer = calloc(1, sizeof(*peer));
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    *state = peer;
    scene_prepare();
    scene_init(&peer->scene);
    peer->scene.opts.open_max = 16;
    scene_open(&peer->scene);
    (void)snprintf(at.sun_path, sizeof(at.sun_path), "%s", peer->scene.where + 5);
    peer->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    gw_buf_init(&peer->in, &gw_kit_alloc, GOT_MAX);
    gw_buf_init(&peer->out, &gw_kit_alloc, GOT_MAX);
    return connect(peer->fd, (struct sockaddr *)&at, sizeof(at));
}

static int teardown(void **state)
{
    struct peer *peer = *state;
    (void)close(peer->fd);
    scene_done(&peer->scene);
    gw_buf_done(&peer->in);
    gw_buf_done(&peer->out);
    free(peer);
    return 0;
}

static void ask(struct peer *peer, enum gw_wire_kind kind, uint64_t seq, const char *fn,
                const char *json)
{
    uint8_t memory[512];
    struct gw_buf args;
    gw_buf_init_fixed(&args, memory, sizeof(memory));
    if (json)
        gw_cbor_put_text(&args, gw_text(json));
    gw_wire_request_put(
        &(struct gw_wire_request){
            .kind = kind, .seq = seq, .fn = gw_text(fn), .args = gw_buf_bytes(&args)},
        &peer->out);
}

static void flush(struct peer *peer)
{
    size_t at = 0;
    while (at < peer->out.len) {
        ssize_t put = send(peer->fd, peer->out.data + at, peer->out.len - at, MSG_NOSIGNAL);
        assert_true(put > 0);
        at += (size_t)put;
    }
    gw_buf_reset(&peer->out);
}

/** @return false: the server ended the connection */
static bool read_more(struct peer *peer)
{
    struct pollfd poll_fd = {.fd = peer->fd, .events = POLLIN};
    assert_int_equal(poll(&poll_fd, 1, PATIENCE_MS), 1);
    uint8_t *room = gw_buf_room(&peer->in, 65536);
    assert_non_null(room);
    ssize_t got = recv(peer->fd, room, 65536, 0);
    if (got <= 0)
        return false;
    gw_buf_used(&peer->in, (size_t)got);
    return true;
}

/** The next answer; it lives until the next call. @return false: the connection has ended */
static bool next_answer(struct peer *peer, struct gw_wire_answer *ret)
{
    static uint8_t kept[1 << 20];
    struct gw_err err;
    struct gw_bytes frame;
    for (;;) {
        struct gw_bytes left = gw_buf_bytes(&peer->in);
        gw_rc rc = gw_wire_next(&left, GW_WIRE_ANSWER_MAX, &frame, &err);
        if (rc == GW_OK) {
            assert_true(frame.len <= sizeof(kept));
            memcpy(kept, frame.data, frame.len);
            frame.data = kept;
            memmove(peer->in.data, left.data, left.len);
            peer->in.len = left.len;
            assert_ok(gw_wire_answer_decode(frame, ret, &err), &err);
            return true;
        }
        assert_int_equal(rc, GW_NOTFOUND);
        if (!read_more(peer))
            return false;
    }
}

static void expect_result(struct peer *peer, uint64_t seq)
{
    struct gw_wire_answer answer;
    assert_true(next_answer(peer, &answer));
    if (answer.kind != GW_WIRE_RESULT)
        print_error("%.*s\n", GW_TEXT_ARG(answer.text));
    assert_int_equal(answer.kind, GW_WIRE_RESULT);
    assert_int_equal(answer.seq, seq);
}

static void expect_error_and_end(struct peer *peer, gw_code code)
{
    struct gw_wire_answer answer;
    assert_true(next_answer(peer, &answer));
    assert_int_equal(answer.kind, GW_WIRE_ERROR);
    assert_int_equal(answer.code, code);
    assert_false(next_answer(peer, &answer));
}

static void hello(struct peer *peer)
{
    ask(peer, GW_WIRE_HELLO, 0, GW_WIRE_VERSION, NULL);
    flush(peer);
    expect_result(peer, 0);
}

static void hello_comes_first(void **state)
{
    ask(*state, GW_WIRE_CALL, 1, "open", "[1,1]");
    flush(*state);
    expect_error_and_end(*state, 7304);
}

static void other_versions_are_refused(void **state)
{
    ask(*state, GW_WIRE_HELLO, 1, "godwit/99", NULL);
    flush(*state);
    expect_error_and_end(*state, 7304);
}

static void garbage_ends_the_connection(void **state)
{
    struct peer *peer = *state;
    static const uint8_t bad[] = {3, 0, 0, 0, 0x9f, 0x01, 0xff};
    hello(peer);
    gw_buf_put(&peer->out, bad, sizeof(bad));
    flush(peer);
    expect_error_and_end(peer, 7301);
}

static void oversized_frames_end_the_connection(void **state)
{
    struct peer *peer = *state;
    static const uint8_t bad[] = {1, 0, 16, 0};
    hello(peer);
    gw_buf_put(&peer->out, bad, sizeof(bad));
    flush(peer);
    expect_error_and_end(peer, 7302);
}

static void a_bad_call_harms_only_itself(void **state)
{
    struct peer *peer = *state;
    struct gw_wire_answer answer;
    hello(peer);
    ask(peer, GW_WIRE_CALL, 1, "open", "[1]");
    flush(peer);
    assert_true(next_answer(peer, &answer));
    assert_int_equal(answer.kind, GW_WIRE_ERROR);
    assert_int_equal(answer.code, 7303);
    ask(peer, GW_WIRE_PING, 2, "", NULL);
    flush(peer);
    expect_result(peer, 2);
}

/* Frames that come byte by byte are frames. */
static void a_slow_client_is_understood(void **state)
{
    struct peer *peer = *state;
    hello(peer);
    ask(peer, GW_WIRE_CALL, 1, "open", "[1,\"5.00\"]");
    for (size_t i = 0; i < peer->out.len; i++)
        assert_int_equal(send(peer->fd, peer->out.data + i, 1, MSG_NOSIGNAL), 1);
    expect_result(peer, 1);
}

/* Far more than the bound (16 here) is sent before anything is read: the rest waits in the socket, and all is answered. */
static void more_than_the_bound_waits_in_the_socket(void **state)
{
    struct peer *peer = *state;
    bool seen[1001] = {false};
    hello(peer);
    for (uint64_t i = 1; i <= 1000; i++)
        ask(peer, GW_WIRE_CALL, i, "open",
            "[1,\"5.00\"]"); /* one is done, the others abort: EXISTS */
    flush(peer);
    for (uint64_t i = 1; i <= 1000; i++) {
        struct gw_wire_answer answer;
        assert_true(next_answer(peer, &answer));
        assert_int_equal(answer.kind, GW_WIRE_RESULT);
        assert_true(answer.seq >= 1 && answer.seq <= 1000 && !seen[answer.seq]);
        seen[answer.seq] = true;
    }
}

/* The client goes away with calls under way: the server lives on, and the calls were made. */
static void a_client_that_leaves_harms_nobody(void **state)
{
    struct peer *peer = *state;
    hello(peer);
    for (uint64_t i = 1; i <= 200; i++)
        ask(peer, GW_WIRE_CALL, i, "open", "[1,\"5.00\"]");
    flush(peer);
    (void)shutdown(peer->fd, SHUT_RDWR);
    expect_http(&peer->scene, "GET", "/healthz", NULL, NULL, 200, "ok");
}

/* It has said everything, and still gets every answer. */
static void a_half_closed_client_is_answered(void **state)
{
    struct peer *peer = *state;
    struct gw_wire_answer answer;
    hello(peer);
    for (uint64_t i = 1; i <= 50; i++)
        ask(peer, GW_WIRE_CALL, i, "open", "[1,\"5.00\"]");
    flush(peer);
    (void)shutdown(peer->fd, SHUT_WR);
    for (uint64_t i = 1; i <= 50; i++)
        assert_true(next_answer(peer, &answer));
    assert_false(next_answer(peer, &answer));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(hello_comes_first, setup, teardown),
        cmocka_unit_test_setup_teardown(other_versions_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(garbage_ends_the_connection, setup, teardown),
        cmocka_unit_test_setup_teardown(oversized_frames_end_the_connection, setup, teardown),
        cmocka_unit_test_setup_teardown(a_bad_call_harms_only_itself, setup, teardown),
        cmocka_unit_test_setup_teardown(a_slow_client_is_understood, setup, teardown),
        cmocka_unit_test_setup_teardown(more_than_the_bound_waits_in_the_socket, setup, teardown),
        cmocka_unit_test_setup_teardown(a_client_that_leaves_harms_nobody, setup, teardown),
        cmocka_unit_test_setup_teardown(a_half_closed_client_is_answered, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
