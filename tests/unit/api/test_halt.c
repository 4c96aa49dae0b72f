/* Another program changes a row, over HTTP: the difference is shown, nothing is overwritten, a person resolves it. And the
 * streams of events that tell of what happens. */
#include "scene.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"

enum { ASKS_MAX = 20000 };

static int setup(void **state)
{
    struct scene *scene = calloc(1, sizeof(*scene));
    *state = scene;
    scene_prepare();
    scene_init(scene);
    scene_open(scene);
    return 0;
}

static int teardown(void **state)
{
    scene_done(*state);
    free(*state);
    return 0;
}

/** Asks until `fragment` shows: the engine finds out in its own time. */
static const char *await(struct scene *scene, const char *target, const char *fragment)
{
    const char *got = "";
    for (int i = 0; i < ASKS_MAX; i++) {
        gw_arena_reset(&scene->arena);
        assert_int_equal(scene_http(scene, "GET", target, NULL, NULL, &got), 200);
        if (strstr(got, fragment))
            return got;
    }
    print_error("%s never showed %s: %s\n", target, fragment, got);
    assert_true(false);
    return NULL;
}

static void change_behind_the_back(struct scene *scene, uint64_t id, int64_t cents)
{
    struct gw_err err;
    struct gw_memory *memory = NULL;
    const struct gw_program *program = gw_engine_program(gw_server_engine(scene->server));
    const struct gw_program_home *home = gw_program_home(program, GW_TEXT_LIT("b.konten"));
    const union gw_value key = {.u = id}, value = {.i = cents};
    assert_non_null(home);
    assert_ok(gw_memory_of(GW_TEXT_LIT("test_api_b"), &memory, &err), &err);
    assert_ok(gw_memory_set(memory, &home->home, &key, 1, value, &err), &err);
}

static void a_foreign_change_is_shown_and_resolved(void **state)
{
    struct scene *scene = *state;
    char seen[33], body[512];
    expect_http(scene, "POST", "/v1/call/open", NULL, "{\"args\":[1,\"100.00\"]}", 200, "\"ok\"");
    expect_http(scene, "POST", "/v1/call/open", NULL, "{\"args\":[2,0]}", 200, "\"ok\"");
    expect_http(scene, "POST", "/v1/engine/drain", NULL, "{}", 200, NULL);
    change_behind_the_back(scene, 1, 912050);
    expect_http(scene, "POST", "/v1/call/pay", NULL, "{\"args\":[1,2,\"5.00\"]}", 200, "\"ok\"");
    const char *got = await(scene, "/v1/engine/halts", "\"n\":1");
    assert_non_null(strstr(got, "9120.50"));
    assert_non_null(strstr(got, "100.00"));
    const char *actual = strstr(got, "\"actual\":{\"present\":true");
    assert_non_null(actual);
    const char *hash = strstr(actual, "\"hash\":\"");
    assert_non_null(hash);
    (void)snprintf(seen, sizeof(seen), "%.32s", hash + 8);
    expect_http(scene, "POST", "/v1/call/pay", NULL, "{\"args\":[1,2,1]}", 409, "GW2601");
    expect_http(scene, "POST", "/v1/view/balance", NULL, "{\"args\":[2]}", 200, "5.00");
    expect_http(scene, "POST", "/v1/engine/halts/1/resolve", NULL,
                "{\"entity\":\"Account\",\"key\":1,\"take\":\"expected\","
                "\"seen\":\"00000000000000000000000000000000\",\"reason\":\"typo\"}",
                409, "GW2604");
    (void)snprintf(body, sizeof(body),
                   "{\"entity\":\"Account\",\"key\":\"1\",\"take\":\"expected\",\"seen\":\"%s\","
                   "\"reason\":\"a script wrote here\",\"resume\":true}",
                   seen);
    expect_http(scene, "POST", "/v1/engine/halts/1/resolve", NULL, body, 200, "\"left\":0");
    expect_http(scene, "POST", "/v1/call/pay", NULL, "{\"args\":[1,2,1]}", 200, "\"ok\"");
    expect_http(scene, "POST", "/v1/engine/drain", NULL, "{}", 200, NULL);
    expect_http(scene, "GET", "/v1/engine", NULL, NULL, 200, "\"halts\":0");
}

/* ---- events ---- */

struct listening {
    struct gw_loop *loop;
    struct gw_buf got;
    const char *until;
};

static void on_data(void *ctx, const struct gw_http1_head *head, struct gw_bytes data)
{
    struct listening *listening = ctx;
    assert_int_equal(head->status, 200);
    gw_buf_put_bytes(&listening->got, data);
    gw_buf_put_u8(&listening->got, 0);
    listening->got.len--;
    if (strstr((const char *)listening->got.data, listening->until))
        gw_loop_stop(listening->loop);
}

static void on_done(void *ctx, const struct gw_http_response *response, gw_rc rc,
                    const struct gw_err *err)
{
    struct listening *listening = ctx;
    (void)response;
    (void)rc;
    (void)err;
    gw_loop_stop(listening->loop);
}

/** Reads the stream until a fragment has come. @return all of it, in the scene's arena */
static const char *listen_until(struct scene *scene, const char *topics, const char *last,
                                const char *until)
{
    struct listening listening = {.until = until};
    struct gw_err err;
    struct gw_http_client *client = NULL;
    char target[128];
    const struct gw_http_client_opts opts = {.to = scene->http, .timeout_ms = 20000};
    const struct gw_http1_field field = {GW_TEXT_LIT("Last-Event-ID"), gw_text(last)};
    const struct gw_http_hooks hooks = {.done = on_done, .on_data = on_data, .ctx = &listening};
    (void)snprintf(target, sizeof(target), "/v1/events?topics=%s", topics);
    const struct gw_http_call call = {
        .method = "GET", .target = target, .fields = &field, .field_count = last ? 1 : 0};
    gw_buf_init(&listening.got, &gw_kit_alloc, 1 << 20);
    assert_ok(gw_loop_new(&listening.loop, &err), &err);
    assert_ok(gw_http_client_open(listening.loop, &opts, &client, &err), &err);
    assert_ok(gw_http_client_send(client, &call, &hooks, &err), &err);
    gw_loop_run(listening.loop);
    gw_http_client_close(client);
    gw_loop_free(listening.loop);
    struct gw_text text = gw_arena_copy_text(&scene->arena, gw_buf_text(&listening.got));
    gw_buf_done(&listening.got);
    assert_non_null(text.data);
    return gw_arena_printf(&scene->arena, "%.*s", GW_TEXT_ARG(text)).data;
}

static unsigned count_of(const char *text, const char *fragment)
{
    unsigned count = 0;
    for (const char *at = text; (at = strstr(at, fragment)) != NULL; at++)
        count++;
    return count;
}

/* Emitted events come in order; a client that was cut off goes on where it stood. */
static void events_resume(void **state)
{
    struct scene *scene = *state;
    char body[64], last[32], until[32];
    expect_http(scene, "POST", "/v1/call/open", NULL, "{\"args\":[1,\"1000.00\"]}", 200, "\"ok\"");
    expect_http(scene, "POST", "/v1/call/open", NULL, "{\"args\":[2,0]}", 200, "\"ok\"");
    for (int i = 1; i <= 70; i++) {
        (void)snprintf(body, sizeof(body), "{\"args\":[1,2,\"0.%02d\"]}", i);
        expect_http(scene, "POST", "/v1/call/pay", NULL, body, 200, "\"ok\"");
    }
    const char *got = listen_until(scene, "engine.emit", "0", "\"0.40\"");
    assert_non_null(strstr(got, "event: engine.emit"));
    assert_non_null(strstr(got, "\"0.01\""));
    const char *id = strstr(got, "id: "), *next;
    assert_non_null(id);
    while ((next = strstr(id + 1, "id: ")) != NULL && strstr(next, "\"0.40\""))
        id = next; /* that of 0.40 */
    (void)snprintf(last, sizeof(last), "%.*s", (int)strcspn(id + 4, "\n"), id + 4);
    (void)snprintf(until, sizeof(until), "\"0.70\"");
    got = listen_until(scene, "engine.emit", last, until);
    assert_int_equal(count_of(got, "\"0.41\""), 1);
    assert_int_equal(count_of(got, "\"0.70\""), 1);
    assert_int_equal(count_of(got, "\"0.39\""), 0);
    got = listen_until(scene, "engine.status", NULL, "\"program\":\"bank\"");
    assert_non_null(strstr(got, "event: engine.status"));
    expect_http(scene, "GET", "/v1/events?topics=nothing", NULL, NULL, 400, "nothing");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_foreign_change_is_shown_and_resolved, setup, teardown),
        cmocka_unit_test_setup_teardown(events_resume, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
