/* libgodwit from the outside: the same calls over the wire and with the engine in this process. */
#include "scene.h"

#include <stdio.h>
#include <stdlib.h>

#include "codec/cbor.h"
#include "godwit/godwit.h"
#include "os/signal.h"

enum { MANY = 3000 };

struct fixture {
    struct scene scene;
    struct gw_client *client;
};

static int setup(void **state)
{
    struct fixture *fix = calloc(1, sizeof(*fix));
    struct gw_failure why;
    *state = fix;
    scene_prepare();
    scene_init(&fix->scene);
    scene_open(&fix->scene);
    if (gw_open(fix->scene.where, NULL, &fix->client, &why) == 0)
        return 0;
    print_error("%s\n", why.text);
    return -1;
}

static int teardown(void **state)
{
    struct fixture *fix = *state;
    gw_close(fix->client);
    scene_done(&fix->scene);
    free(fix);
    return 0;
}

static void call_ok(struct gw_client *client, uint64_t session, uint64_t seq, const char *fn,
                    const char *json, struct gw_reply *ret)
{
    struct gw_failure why = {0};
    int rc = gw_call(client, session, seq, fn, json, ret, &why);
    if (rc < 0)
        print_error("%s %s: %s\n", fn, json, why.text);
    assert_int_equal(rc, 0);
}

static void tell_a_story(struct gw_client *client)
{
    struct gw_reply reply;
    struct gw_failure why;
    uint64_t session = 0;
    assert_int_equal(gw_session(client, &session, &why), 0);
    assert_true(session > 0);
    call_ok(client, session, 1, "open", "{\"id\":1,\"amt\":\"100.00\"}", &reply);
    call_ok(client, session, 2, "open", "[2,0]", &reply);
    call_ok(client, session, 3, "pay", "{\"src\":1,\"dst\":2,\"amt\":\"5.00\"}", &reply);
    assert_int_equal(reply.outcome, GW_OUTCOME_OK);
    uint64_t index = reply.index;
    call_ok(client, session, 3, "pay", "{\"src\":1,\"dst\":2,\"amt\":\"5.00\"}", &reply);
    assert_int_equal(reply.index, index); /* the answer of then, not another payment */
    assert_int_equal(gw_view(client, "balance", "[1]", &reply, &why), 0);
    assert_string_equal(reply.data, "{\"ok\":\"95.00\"}");
    call_ok(client, session, 4, "pay", "[1,2,1000]", &reply);
    assert_int_equal(reply.outcome, GW_OUTCOME_FAIL);
    assert_string_equal(reply.data, "{\"fail\":\"INSUFFICIENT\"}");
    call_ok(client, 0, 0, "open", "[1,1]", &reply);
    assert_int_equal(reply.outcome, GW_OUTCOME_ABORT);
    assert_int_equal(gw_call(client, 0, 0, "nothing", "[]", &reply, &why), GW_CLIENT_NOTFOUND);
    assert_int_equal(why.code, 2202);
    assert_int_equal(gw_call(client, 0, 0, "pay", "[1", &reply, &why), GW_CLIENT_INVALID);
    const struct gw_query status = {.kind = GW_QUERY_STATUS};
    assert_int_equal(gw_query(client, &status, &reply, &why), 0);
    assert_non_null(strstr(reply.data, "\"program\":\"bank\""));
    const struct gw_query warm = {.kind = GW_QUERY_WARM, .fn = "pay", .json = "[1,2,1]"};
    assert_int_equal(gw_query(client, &warm, &reply, &why), 0);
}

static void over_the_wire(void **state)
{
    tell_a_story(((struct fixture *)*state)->client);
}

static void in_this_process(void **state)
{
    (void)state;
    struct gw_client *client = NULL;
    struct gw_failure why = {0};
    char folder[256], where[300];
    const struct gw_open_opts opts = {.program = scene_program};
    scene_prepare();
    (void)snprintf(where, sizeof(where), "dir:%s", gw_kit_folder(folder, sizeof(folder)));
    int rc = gw_open(where, &opts, &client, &why);
    if (rc < 0)
        print_error("%s\n", why.text);
    assert_int_equal(rc, 0);
    tell_a_story(client);
    gw_close(client);
    gw_kit_remove(folder);
}

struct tally {
    unsigned ok, other;
    uint64_t newest;
};

static void on_reply(void *ctx, const struct gw_reply *reply)
{
    struct tally *tally = ctx;
    if (reply->outcome == GW_OUTCOME_OK)
        tally->ok++;
    else
        tally->other++;
    tally->newest = reply->index;
}

/* Every call is sent twice, 512 under way at a time; each happens once. */
static void pipelined_with_duplicates(void **state)
{
    struct fixture *fix = *state;
    struct gw_reply reply;
    struct gw_failure why;
    struct tally tally = {0};
    uint64_t session = 0;
    uint8_t memory[64];
    struct gw_buf args;
    call_ok(fix->client, 0, 0, "open", "[1,\"100000.00\"]", &reply);
    call_ok(fix->client, 0, 0, "open", "[2,0]", &reply);
    assert_int_equal(gw_session(fix->client, &session, &why), 0);
    gw_buf_init_fixed(&args, memory, sizeof(memory));
    gw_cbor_put_array(&args, 3);
    gw_cbor_put_uint(&args, 1);
    gw_cbor_put_uint(&args, 2);
    gw_cbor_put_array(&args, 2);
    gw_cbor_put_uint(&args, 2);
    gw_cbor_put_uint(&args, 100);
    for (uint64_t i = 0; i < 2 * (uint64_t)MANY; i++) {
        const struct gw_query query = {.kind = GW_QUERY_CALL,
                                       .fn = "pay",
                                       .cbor = args.data,
                                       .cbor_len = args.len,
                                       .session = session,
                                       .seq = i / 2 + 1};
        while (gw_open_count(fix->client) >=
               400) /* a session admits 512 beyond the oldest undecided */
            (void)gw_poll(fix->client, 10000);
        assert_int_equal(gw_start(fix->client, &query, on_reply, &tally, &why), 0);
    }
    gw_wait(fix->client);
    assert_int_equal(tally.other, 0);
    assert_int_equal(tally.ok, 2 * MANY);
    assert_int_equal(gw_view(fix->client, "balance", "[2]", &reply, &why), 0);
    assert_string_equal(reply.data, "{\"ok\":\"3000.00\"}");
}

static void a_client_has_a_bound(void **state)
{
    struct fixture *fix = *state;
    struct gw_failure why;
    struct tally tally = {0};
    const struct gw_query query = {.kind = GW_QUERY_VIEW, .fn = "balance", .json = "[1]"};
    for (int i = 0; i < GW_CLIENT_OPEN_MAX; i++)
        assert_int_equal(gw_start(fix->client, &query, on_reply, &tally, &why), 0);
    assert_int_equal(gw_start(fix->client, &query, on_reply, &tally, &why), GW_CLIENT_BUSY);
    gw_wait(fix->client);
    assert_int_equal(tally.ok + tally.other, GW_CLIENT_OPEN_MAX);
}

static void a_stopped_server_ends_what_is_under_way(void **state)
{
    struct fixture *fix = *state;
    struct gw_failure why;
    struct gw_reply reply;
    scene_stop(&fix->scene);
    assert_true(gw_view(fix->client, "balance", "[1]", &reply, &why) < 0);
    assert_int_equal(why.rc, GW_CLIENT_CLOSED);
    assert_non_null(strstr(why.hint, "repeat"));
    assert_int_equal(fix->scene.run_rc, GW_OK);
    struct gw_client *other = NULL;
    assert_true(gw_open(fix->scene.where, NULL, &other, &why) < 0);
    scene_open(&fix->scene); /* and it comes back with what it had */
    assert_int_equal(gw_open(fix->scene.where, NULL, &other, &why), 0);
    gw_close(other);
}

/* A stop in the middle of a load: what was sent is answered or ends as closed, nothing hangs, and what was answered is kept. */
static void a_stop_under_load_loses_nothing_acknowledged(void **state)
{
    struct fixture *fix = *state;
    struct gw_failure why;
    struct gw_reply reply;
    struct tally tally = {0};
    struct gw_client *other = NULL;
    char want[64];
    call_ok(fix->client, 0, 0, "open", "[1,\"1000.00\"]", &reply);
    call_ok(fix->client, 0, 0, "open", "[2,0]", &reply);
    const struct gw_query query = {.kind = GW_QUERY_CALL, .fn = "pay", .json = "[1,2,\"1.00\"]"};
    for (int i = 0; i < 400; i++)
        assert_int_equal(gw_start(fix->client, &query, on_reply, &tally, &why), 0);
    (void)gw_poll(fix->client, 10000);
    scene_stop(&fix->scene);
    gw_wait(fix->client);
    assert_int_equal(tally.ok + tally.other, 400);
    assert_true(tally.ok > 0);
    scene_open(&fix->scene);
    assert_int_equal(gw_open(fix->scene.where, NULL, &other, &why), 0);
    assert_int_equal(gw_view(other, "balance", "[2]", &reply, &why), 0);
    (void)snprintf(want, sizeof(want), "{\"ok\":\"%u.00\"}", tally.ok);
    if (strlen(reply.data) < strlen(want) ||
        (strlen(reply.data) == strlen(want) && strcmp(reply.data, want) < 0)) {
        print_error("%u were acknowledged, the view says %s\n", tally.ok, reply.data);
        assert_true(false);
    }
    gw_close(other);
}

static void a_signal_stops_it(void **state)
{
    struct fixture *fix = *state;
    bool is_term = false;
    scene_stop(&fix->scene);
    fix->scene.opts.with_signals = true;
    scene_open(&fix->scene);
    gw_signal_raise(GW_SIGNAL_TERM);
    assert_int_equal(pthread_join(fix->scene.thread, NULL), 0);
    assert_int_equal(fix->scene.run_rc, GW_CANCELLED);
    assert_true(gw_server_signal(fix->scene.server, &is_term));
    assert_true(is_term);
    gw_server_close(fix->scene.server);
    fix->scene.server = NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(over_the_wire, setup, teardown),
        cmocka_unit_test(in_this_process),
        cmocka_unit_test_setup_teardown(pipelined_with_duplicates, setup, teardown),
        cmocka_unit_test_setup_teardown(a_client_has_a_bound, setup, teardown),
        cmocka_unit_test_setup_teardown(a_stopped_server_ends_what_is_under_way, setup, teardown),
        cmocka_unit_test_setup_teardown(a_stop_under_load_loses_nothing_acknowledged, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_signal_stops_it, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
