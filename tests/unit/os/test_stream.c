/* Streams between two ends in one process: order, bounds, ends, time-outs, and life without descriptors. */
#include "kit/kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "os/stream.h"

struct end {
    struct gw_stream *stream;
    char *got; /* not zero-terminated */
    size_t got_len, got_max;
    int ends, drained, done, lost;
    gw_rc end_rc;
    bool echo;
};

struct scene {
    struct gw_loop *loop;
    struct end a, b;
    struct gw_listener *listener;
    int refused, connected;
    gw_rc connect_rc;
    struct gw_stream *accepted[64];
    size_t accepted_count;
};

static void end_read(void *ctx, struct gw_bytes data)
{
    struct end *end = ctx;
    if (end->got_len + data.len > end->got_max) {
        end->got_max = (end->got_len + data.len) * 2;
        end->got = realloc(end->got, end->got_max);
        assert_non_null(end->got);
    }
    memcpy(end->got + end->got_len, data.data, data.len);
    end->got_len += data.len;
    if (end->echo)
        assert_int_equal(gw_stream_write(end->stream, &data, 1, NULL, NULL, NULL), GW_OK);
}

static void end_end(void *ctx, gw_rc rc, const struct gw_err *err)
{
    struct end *end = ctx;
    assert_true(rc == GW_OK || err->msg[0]);
    end->ends++;
    end->end_rc = rc;
}

static void end_drained(void *ctx)
{
    ((struct end *)ctx)->drained++;
}

static void end_done(void *ctx, gw_rc rc)
{
    struct end *end = ctx;
    end->done++;
    end->lost += rc < 0;
}

static const struct gw_stream_events events = {end_read, end_end, end_drained};

static int setup(void **state)
{
    static struct scene scene;
    memset(&scene, 0, sizeof(scene));
    *state = &scene;
    return gw_loop_new(&scene.loop, NULL);
}

static int teardown(void **state)
{
    struct scene *scene = *state;
    gw_stream_close(scene->a.stream);
    gw_stream_close(scene->b.stream);
    for (size_t i = 0; i < scene->accepted_count; i++)
        gw_stream_close(scene->accepted[i]);
    gw_listener_close(scene->listener);
    gw_loop_free(scene->loop);
    free(scene->a.got);
    free(scene->b.got);
    return 0;
}

static void use(struct end *end, struct gw_stream *stream)
{
    end->stream = stream;
    gw_stream_events(stream, &events, end);
    gw_stream_read_start(stream);
}

static void make_pair(struct scene *scene)
{
    struct gw_stream *pair[2];
    struct gw_err err;
    assert_ok(gw_stream_pair(scene->loop, pair, &err), &err);
    use(&scene->a, pair[0]);
    use(&scene->b, pair[1]);
}

#define TURN_WHILE(scene, cond) \
    while (cond)                \
    gw_loop_turn((scene)->loop, true)

static gw_rc say(struct end *end, const char *text)
{
    struct gw_bytes part = gw_text_bytes(gw_text(text));
    return gw_stream_write(end->stream, &part, 1, end_done, end, NULL);
}

static void small_writes_arrive_in_order_and_complete(void **state)
{
    struct scene *scene = *state;
    make_pair(scene);
    assert_int_equal(say(&scene->a, "one "), GW_OK);
    assert_int_equal(say(&scene->a, "two "), GW_OK);
    assert_int_equal(say(&scene->a, "three"), GW_OK);
    assert_int_equal(scene->a.done, 0); /* never from inside the call */
    TURN_WHILE(scene, scene->b.got_len < 13 || scene->a.done < 3);
    assert_memory_equal(scene->b.got, "one two three", 13);
    assert_int_equal(scene->a.lost, 0);
}

static void shutdown_comes_after_what_was_queued(void **state)
{
    struct scene *scene = *state;
    make_pair(scene);
    assert_int_equal(say(&scene->a, "bye"), GW_OK);
    gw_stream_shutdown(scene->a.stream);
    assert_int_equal(say(&scene->a, "late"), GW_CLOSED);
    TURN_WHILE(scene, scene->b.ends == 0);
    assert_int_equal(scene->b.got_len, 3);
    assert_int_equal(scene->b.end_rc, GW_OK);
    assert_int_equal(say(&scene->b, "still here"), GW_OK); /* one direction only */
    TURN_WHILE(scene, scene->a.got_len < 10);
}

static void a_reader_that_stops_bounds_the_writer(void **state)
{
    struct scene *scene = *state;
    make_pair(scene);
    gw_stream_read_stop(scene->b.stream);
    gw_stream_set_write_bytes_max(scene->a.stream, 100000);
    static uint8_t block[40000];
    for (size_t i = 0; i < sizeof(block); i++)
        block[i] = (uint8_t)(i * 7);
    size_t accepted = 0;
    gw_rc rc = GW_OK;
    while (rc == GW_OK) {
        struct gw_bytes parts[2] = {{block, 10000}, {block + 10000, 30000}};
        rc = gw_stream_write(scene->a.stream, parts, 2, NULL, NULL, NULL);
        accepted += rc == GW_OK;
        gw_loop_turn(scene->loop, false);
        assert_true(gw_stream_queued_bytes(scene->a.stream) <= 100000);
    }
    assert_int_equal(rc, GW_BUSY);
    assert_int_equal(scene->a.drained, 0);
    gw_stream_read_start(scene->b.stream);
    TURN_WHILE(scene, scene->a.drained == 0 || scene->b.got_len < accepted * sizeof(block));
    for (size_t i = 0; i < accepted; i++)
        assert_memory_equal(scene->b.got + i * sizeof(block), block, sizeof(block));
}

static void closing_tells_those_who_wait(void **state)
{
    struct scene *scene = *state;
    make_pair(scene);
    assert_int_equal(say(&scene->a, "never sent"), GW_OK);
    gw_stream_close(scene->a.stream);
    scene->a.stream = NULL;
    TURN_WHILE(scene, scene->a.done == 0 || scene->b.ends == 0);
    assert_int_equal(scene->a.lost, 1);
    assert_int_equal(scene->b.got_len, 0);
}

static void a_broken_connection_is_told_once_and_refuses_writes(void **state)
{
    struct scene *scene = *state;
    make_pair(scene);
    gw_stream_close(scene->b.stream);
    scene->b.stream = NULL;
    TURN_WHILE(scene, scene->a.ends == 0);
    assert_int_equal(scene->a.end_rc,
                     GW_OK); /* it finished; that it is gone only a write can tell */
    assert_int_equal(say(&scene->a, "anybody?"), GW_OK);
    TURN_WHILE(scene, scene->a.ends == 1);
    assert_int_equal(scene->a.end_rc, GW_CLOSED);
    assert_int_equal(scene->a.lost, 1);
    assert_int_equal(say(&scene->a, "x"), GW_CLOSED);
}

/* ---- listening and connecting ---- */

static void on_connection(void *ctx, struct gw_stream *stream)
{
    struct scene *scene = ctx;
    assert_true(scene->accepted_count < GW_COUNT_OF(scene->accepted));
    scene->accepted[scene->accepted_count++] = stream;
}

static void on_refused(void *ctx, const struct gw_err *err)
{
    assert_true(err->msg[0] != 0);
    ((struct scene *)ctx)->refused++;
}

static void on_connected(void *ctx, struct gw_stream *stream, gw_rc rc, const struct gw_err *err)
{
    struct scene *scene = ctx;
    assert_true(rc == GW_OK ? stream != NULL : stream == NULL && err->msg[0]);
    scene->connected++;
    scene->connect_rc = rc;
    if (stream)
        use(&scene->a, stream);
}

static void listen_at(struct scene *scene, const char *text, struct gw_address *ret)
{
    struct gw_err err;
    struct gw_listen_opts opts = {.refuse_bytes = gw_text_bytes(GW_TEXT_LIT("full")),
                                  .on_connection = on_connection,
                                  .on_refused = on_refused,
                                  .ctx = scene};
    assert_ok(gw_address_parse(gw_text(text), &opts.at, &err), &err);
    assert_ok(gw_listener_open(scene->loop, &opts, &scene->listener, &err), &err);
    gw_listener_address(scene->listener, ret);
}

static void connect_and_talk(struct scene *scene, const struct gw_address *to)
{
    struct gw_err err;
    assert_ok(gw_connect_start(scene->loop, to, 5000, on_connected, scene, NULL, &err), &err);
    assert_int_equal(scene->connected, 0);
    TURN_WHILE(scene, scene->connected == 0 || scene->accepted_count == 0);
    assert_int_equal(scene->connect_rc, GW_OK);
    use(&scene->b, scene->accepted[0]);
    scene->accepted_count = 0;
    scene->b.echo = true;
    assert_int_equal(say(&scene->a, "hello"), GW_OK);
    TURN_WHILE(scene, scene->a.got_len < 5);
    assert_memory_equal(scene->a.got, "hello", 5);
}

static void tcp_by_number(void **state)
{
    struct scene *scene = *state;
    struct gw_address at, peer;
    listen_at(scene, "tcp:127.0.0.1:0", &at);
    assert_true(at.port != 0);
    connect_and_talk(scene, &at);
    gw_stream_peer(scene->b.stream, &peer);
    assert_string_equal(peer.host, "127.0.0.1");
    assert_int_equal(gw_stream_peer_uid(scene->b.stream), -1);
}

static void tcp_by_name(void **state)
{
    struct scene *scene = *state;
    struct gw_address at;
    listen_at(scene, "tcp:127.0.0.1:0", &at);
    memcpy(at.host, "localhost", sizeof("localhost"));
    connect_and_talk(scene, &at);
}

/* What a killed server leaves behind: the file of a socket that nobody listens on. */
static void leave_stale_socket(const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    struct stat st;
    memcpy(at.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(close(fd), 0);
    assert_int_equal(stat(path, &st), 0);
}

static void unix_socket_with_a_stale_file(void **state)
{
    struct scene *scene = *state;
    char folder[128], text[256];
    struct gw_address at;
    struct stat st;
    gw_kit_folder(folder, sizeof(folder));
    (void)snprintf(text, sizeof(text), "unix:%s/s", folder);
    listen_at(scene, text, &at);
    /* A second listener must not take it over: somebody answers. */
    struct gw_listen_opts opts = {.at = at, .on_connection = on_connection, .ctx = scene};
    struct gw_listener *second = NULL;
    struct gw_err err = {0};
    assert_int_equal(gw_listener_open(scene->loop, &opts, &second, &err), GW_CONFLICT);
    assert_true(err.hint[0] != 0);
    assert_int_equal(stat(at.host, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    gw_listener_close(scene->listener);
    scene->listener = NULL;
    assert_int_not_equal(stat(at.host, &st), 0); /* the file went with it */
    leave_stale_socket(at.host);
    listen_at(scene, text, &at);
    connect_and_talk(scene, &at);
    assert_int_equal(gw_stream_peer_uid(scene->b.stream), (int64_t)getuid());
    gw_kit_remove(folder);
}

static void nobody_listens(void **state)
{
    struct scene *scene = *state;
    struct gw_address at;
    listen_at(scene, "tcp:127.0.0.1:0", &at);
    gw_listener_close(scene->listener);
    scene->listener = NULL;
    assert_int_equal(gw_connect_start(scene->loop, &at, 5000, on_connected, scene, NULL, NULL),
                     GW_OK);
    TURN_WHILE(scene, scene->connected == 0);
    assert_int_equal(scene->connect_rc, GW_UNREACHABLE);
    at = (struct gw_address){.kind = GW_ADDRESS_UNIX, .host = "/nonexistent/socket"};
    assert_int_equal(gw_connect_start(scene->loop, &at, 5000, on_connected, scene, NULL, NULL),
                     GW_OK);
    TURN_WHILE(scene, scene->connected == 1);
    assert_int_equal(scene->connect_rc, GW_NOTFOUND);
}

static void a_cancelled_connect_says_nothing(void **state)
{
    struct scene *scene = *state;
    struct gw_address at;
    struct gw_connect *attempt = NULL;
    listen_at(scene, "tcp:127.0.0.1:0", &at);
    assert_int_equal(gw_connect_start(scene->loop, &at, 5000, on_connected, scene, &attempt, NULL),
                     GW_OK);
    gw_connect_cancel(attempt);
    memcpy(at.host, "localhost", sizeof("localhost"));
    assert_int_equal(gw_connect_start(scene->loop, &at, 5000, on_connected, scene, &attempt, NULL),
                     GW_OK);
    gw_loop_turn(scene->loop, false); /* the look-up is under way */
    gw_connect_cancel(attempt);
    gw_loop_turn(scene->loop, false);
    assert_int_equal(scene->connected, 0);
}

/* With no descriptor left the listener answers "full" and goes on listening. */
static void without_descriptors_connections_are_answered_and_closed(void **state)
{
    struct scene *scene = *state;
    struct gw_address at;
    listen_at(scene, "tcp:127.0.0.1:0", &at);
    assert_int_equal(gw_connect_start(scene->loop, &at, 5000, on_connected, scene, NULL, NULL),
                     GW_OK);
    /* Let the client connect (the backlog takes it) before the server may look. */
    struct rlimit old, low;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    int probe = dup(0);
    int client_fd = probe; /* the client's socket will get this number */
    (void)close(probe);
    low = old;
    low.rlim_cur = (rlim_t)client_fd + 1;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    TURN_WHILE(scene, scene->connected == 0 || scene->refused == 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    assert_int_equal(scene->connect_rc, GW_OK);
    assert_int_equal(scene->accepted_count, 0);
    TURN_WHILE(scene, scene->a.ends == 0);
    assert_int_equal(scene->a.got_len, 4);
    assert_memory_equal(scene->a.got, "full", 4);
    gw_stream_close(scene->a.stream);
    scene->a = (struct end){.got = scene->a.got, .got_max = scene->a.got_max};
    scene->connected = 0;
    connect_and_talk(scene, &at); /* and life goes on */
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(small_writes_arrive_in_order_and_complete),
        T(shutdown_comes_after_what_was_queued),
        T(a_reader_that_stops_bounds_the_writer),
        T(closing_tells_those_who_wait),
        T(a_broken_connection_is_told_once_and_refuses_writes),
        T(tcp_by_number),
        T(tcp_by_name),
        T(unix_socket_with_a_stale_file),
        T(nobody_listens),
        T(a_cancelled_connect_says_nothing),
        T(without_descriptors_connections_are_answered_and_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
