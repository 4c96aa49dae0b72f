/* The server as a person with curl meets it: calls, keys, sessions, views, problems, operators' verbs. */
#include "scene.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"

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

static void open_two(struct scene *scene)
{
    expect_http(scene, "POST", "/v1/call/open", NULL, "{\"args\":{\"id\":1,\"amt\":\"100.00\"}}",
                200, "\"ok\":1");
    expect_http(scene, "POST", "/v1/call/open", NULL, "{\"args\":[2,50]}", 200, "\"index\":\"");
}

static void money_moves(void **state)
{
    struct scene *scene = *state;
    open_two(scene);
    expect_http(scene, "POST", "/v1/call/pay", NULL,
                "{\"args\":{\"src\":1,\"dst\":\"2\",\"amt\":\"5.25\"}}", 200, "\"ok\":\"");
    expect_http(scene, "POST", "/v1/view/balance", NULL, "{\"args\":{\"id\":1}}", 200,
                "\"value\":\"94.75\"");
    expect_http(scene, "POST", "/v1/view/balance?stale_ok=1", NULL, "{\"args\":{\"id\":2}}", 200,
                "\"value\":\"55.25\"");
    expect_http(scene, "POST", "/v1/call/pay", NULL, "{\"args\":[1,2,1000]}", 200,
                "\"fail\":\"INSUFFICIENT\"");
    expect_http(scene, "POST", "/v1/call/open", NULL, "{\"args\":[1,1]}", 409,
                "\"abort\":\"EXISTS\"");
}

static void a_key_is_used_once(void **state)
{
    struct scene *scene = *state;
    const char *body = "{\"args\":[1,2,\"10.00\"]}", *key = "Idempotency-Key: order-77\n";
    const char *first, *again;
    open_two(scene);
    assert_int_equal(scene_http(scene, "POST", "/v1/call/pay", key, body, &first), 200);
    assert_int_equal(scene_http(scene, "POST", "/v1/call/pay", key, body, &again), 200);
    assert_non_null(strstr(again, "\"duplicate\":true"));
    assert_memory_equal(first, again, 30); /* the same id */
    expect_http(scene, "POST", "/v1/view/balance", NULL, "{\"args\":[1]}", 200,
                "\"value\":\"90.00\"");
    expect_http(scene, "POST", "/v1/call/pay", key, "{\"args\":[1,2,\"11.00\"]}", 422, "GW2432");
}

static void a_call_can_be_foreseen(void **state)
{
    struct scene *scene = *state;
    const char *fields = "Idempotency-Key: k.1\nPrefer: respond-async\n", *got;
    open_two(scene);
    expect_http(scene, "POST", "/v1/call/pay", fields, "{\"args\":[1,2,1000]}", 202,
                "\"predicted\":{\"fail\":\"INSUFFICIENT\"}");
    int status;
    do /* it is decided within a sync of the journal */
        status = scene_http(scene, "GET", "/v1/result/k.1", NULL, NULL, &got);
    while (status == 202);
    assert_int_equal(status, 200);
    assert_non_null(strstr(got, "\"fail\":\"INSUFFICIENT\""));
    expect_http(scene, "GET", "/v1/result/k.2", NULL, NULL, 404, "GW7307");
    expect_http(scene, "POST", "/v1/call/pay", "Prefer: respond-async\n", "{\"args\":[1,2,1]}", 400,
                "GW7306");
    expect_http(scene, "POST", "/v1/shadow/pay", NULL,
                "{\"args\":[1,2,1000],\"seen\":{\"fail\":\"INSUFFICIENT\"}}", 200, "\"same\":true");
    expect_http(scene, "POST", "/v1/shadow/pay", NULL,
                "{\"args\":[1,2,1],\"seen\":{\"fail\":\"INSUFFICIENT\"}}", 200, "\"same\":false");
    expect_http(scene, "POST", "/v1/view/balance", NULL, "{\"args\":[1]}", 200, "\"100.00\"");
}

static void sessions_count_calls(void **state)
{
    struct scene *scene = *state;
    const char *got;
    char body[128];
    unsigned client;
    open_two(scene);
    assert_int_equal(scene_http(scene, "POST", "/v1/sessions", NULL, "{}", &got), 200);
    assert_int_equal(sscanf(got, "{\"client\":\"c%u\"", &client), 1);
    (void)snprintf(body, sizeof(body), "{\"client\":\"c%u\",\"seq\":1,\"args\":[1,2,1]}", client);
    expect_http(scene, "POST", "/v1/call/pay", NULL, body, 200, "\"ok\":\"");
    expect_http(scene, "POST", "/v1/call/pay", NULL, body, 200, "\"duplicate\":true");
    expect_http(scene, "POST", "/v1/view/balance", NULL, "{\"args\":[1]}", 200, "\"99.00\"");
    expect_http(scene, "POST", "/v1/call/pay", NULL,
                "{\"client\":\"c999\",\"seq\":1,\"args\":[1,2,1]}", 400, "GW2431");
}

static void bad_requests_say_why(void **state)
{
    static const struct {
        const char *name, *method, *target, *body;
        int status;
        const char *fragment;
    } rows[] = {
        {"no such path", "GET", "/v1/nowhere", NULL, 404, "GW7305"},
        {"wrong method", "GET", "/v1/call/pay", NULL, 405, "GW7305"},
        {"no such function", "POST", "/v1/call/payy", "{}", 404, "GW2202"},
        {"not JSON", "POST", "/v1/call/pay", "{\"args\":", 400, "GW7101"},
        {"twice", "POST", "/v1/call/pay", "{\"args\":[],\"args\":[]}", 400, "GW7102"},
        {"no object", "POST", "/v1/call/pay", "[]", 400, "GW7303"},
        {"unknown member", "POST", "/v1/call/pay", "{\"arg\":[]}", 400, "unknown member `arg`"},
        {"too few", "POST", "/v1/call/pay", "{\"args\":[1]}", 400, "expected 3 values"},
        {"misspelt", "POST", "/v1/call/pay", "{\"args\":{\"scr\":1}}", 400, "did you mean `src`?"},
        {"wrong type", "POST", "/v1/call/pay", "{\"args\":[1,2,\"x\"]}", 400, "`amt`"},
        {"no key", "POST", "/v1/view/balance", "{\"args\":[9]}", 409, "NOT_FOUND"},
        {"no index", "POST", "/v1/view/balance?at_least=x", "{\"args\":[1]}", 400, "at_least"},
        {"bad percent", "POST", "/v1/call/p%zz", "{}", 404, "GW7305"},
        {"a key with NUL", "GET", "/v1/engine/explain/Account/%00", NULL, 404, "GW7305"},
        {"no such entity", "GET", "/v1/engine/explain/Konto/1", NULL, 404, "GW2206"},
        {"no such batch", "GET", "/v1/engine/journal/999999", NULL, 404, NULL},
        {"no such store", "POST", "/v1/engine/stores/zz/park", "{}", 404, "GW2207"},
        {"no phase", "POST", "/v1/engine/phases/Account", "{}", 400, "`to`"},
    };
    for (size_t i = 0; i < GW_COUNT_OF(rows); i++)
        expect_http(*state, rows[i].method, rows[i].target, NULL, rows[i].body, rows[i].status,
                    rows[i].fragment);
}

static void a_large_body_is_refused(void **state)
{
    size_t len = (1 << 20) + 1;
    char *body = malloc(len + 1);
    memset(body, ' ', len);
    body[len] = '\0';
    expect_http(*state, "POST", "/v1/call/pay", NULL, body, 413, NULL);
    free(body);
}

static void operators_see_and_act(void **state)
{
    struct scene *scene = *state;
    const char *got;
    open_two(scene);
    expect_http(scene, "GET", "/healthz", NULL, NULL, 200, "ok");
    expect_http(scene, "GET", "/v1/engine", NULL, NULL, 200, "\"program\":\"bank\"");
    expect_http(scene, "GET", "/v1/engine/homes", NULL, NULL, 200, "a.accounts");
    expect_http(scene, "GET", "/v1/engine/phases", NULL, NULL, 200, "\"phase\":\"own\"");
    expect_http(scene, "GET", "/v1/engine/nodes", NULL, NULL, 200, "\"node\":\"n1\"");
    expect_http(scene, "GET", "/v1/engine/program", NULL, NULL, 200, "program bank version 1");
    expect_http(scene, "GET", "/v1/engine/explain/Account/1", NULL, NULL, 200, "100.00");
    expect_http(scene, "GET", "/metrics", NULL, NULL, 200,
                "gw_engine_call_seconds_count{fn=\"open\",result=\"ok\"} 2");
    expect_http(scene, "POST", "/v1/engine/stores/b/park", NULL, "{\"reason\":\"disk swap\"}", 200,
                "\"index\"");
    expect_http(scene, "GET", "/v1/engine/stores", NULL, NULL, 200, "\"parked\":true");
    expect_http(scene, "POST", "/v1/engine/stores/b/unpark", NULL, "{}", 200, "\"index\"");
    assert_int_equal(
        scene_http(scene, "POST", "/v1/engine/halt", NULL, "{\"reason\":\"look\"}", &got), 200);
    expect_http(scene, "POST", "/v1/call/pay", NULL, "{\"args\":[1,2,1]}", 409, "GW2601");
    expect_http(scene, "POST", "/v1/engine/halts/0/resume", NULL, "{\"reason\":\"seen\"}", 200,
                NULL);
    expect_http(scene, "POST", "/v1/call/pay", NULL, "{\"args\":[1,2,1]}", 200, "\"ok\"");
    expect_http(scene, "GET", "/v1/engine/halts", NULL, NULL, 200, "\"halts\":[");
    expect_http(scene, "POST", "/v1/engine/phases/Account", NULL, "{\"to\":\"flip\"}", 409, NULL);
    expect_http(scene, "POST", "/v1/warm", NULL, "{\"entity\":\"Account\",\"keys\":[1,\"2\"]}", 200,
                "\"resident\":2");
}

/* What an operator did stands in the journal before it happened. */
static void mutations_leave_a_trail(void **state)
{
    struct scene *scene = *state;
    const char *got;
    char target[64];
    unsigned long long index;
    assert_int_equal(
        scene_http(scene, "POST", "/v1/engine/stores/a/park", NULL, "{\"reason\":\"swap\"}", &got),
        200);
    assert_int_equal(sscanf(got, "{\"index\":\"%llu", &index), 1);
    bool found = false;
    for (unsigned long long at = index; at + 8 > index && at > 0 && !found; at--) {
        (void)snprintf(target, sizeof(target), "/v1/engine/journal/%llu", at);
        assert_int_equal(scene_http(scene, "GET", target, NULL, NULL, &got), 200);
        found = strstr(got, "POST /v1/engine/stores/a/park") && strstr(got, "swap");
    }
    assert_true(found);
}

static void programs_are_planned_then_deployed(void **state)
{
    struct scene *scene = *state;
    const char *got;
    char plan[65], body[8192];
    struct gw_buf text;
    struct gw_text program = gw_text(scene_program);
    char memory[8192];
    expect_http(scene, "POST", "/v1/engine/check", NULL, "{\"text\":\"program x\"}", 200,
                "\"ok\":false");
    gw_buf_init_fixed(&text, memory, sizeof(memory));
    gw_buf_put_str(&text, "{\"text\":\"# newer\\n");
    for (size_t i = 0; i < program.len; i++) {
        if (program.data[i] == '"')
            gw_buf_put_str(&text, "\\\"");
        else if (program.data[i] == '\n')
            gw_buf_put_str(&text, "\\n");
        else
            gw_buf_put(&text, &program.data[i], 1);
    }
    gw_buf_put(&text, "\"}", 3);
    assert_int_equal(scene_http(scene, "POST", "/v1/engine/plan", NULL, memory, &got), 200);
    const char *at = strstr(got, "\"plan\":\"");
    assert_non_null(at);
    (void)snprintf(plan, sizeof(plan), "%.64s", at + 8);
    (void)snprintf(body, sizeof(body), "{\"plan\":\"%s\",\"reason\":\"v2\"}", plan);
    expect_http(scene, "POST", "/v1/engine/deploy", NULL, body, 200, "\"program\"");
    expect_http(scene, "POST", "/v1/engine/deploy", NULL, body, 409, "GW7309");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(money_moves, setup, teardown),
        cmocka_unit_test_setup_teardown(a_key_is_used_once, setup, teardown),
        cmocka_unit_test_setup_teardown(a_call_can_be_foreseen, setup, teardown),
        cmocka_unit_test_setup_teardown(sessions_count_calls, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_requests_say_why, setup, teardown),
        cmocka_unit_test_setup_teardown(a_large_body_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(operators_see_and_act, setup, teardown),
        cmocka_unit_test_setup_teardown(mutations_leave_a_trail, setup, teardown),
        cmocka_unit_test_setup_teardown(programs_are_planned_then_deployed, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
