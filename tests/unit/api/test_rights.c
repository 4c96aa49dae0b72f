/* Tokens and roles: who may do what, over HTTP and over the wire; and what a tokens file must be. */
#include "scene.h"

#include <stdio.h>
#include <stdlib.h>

#include "api/tokens.h"
#include "godwit/godwit.h"
#include "os/file.h"

/* sha256 of "operator-secret", "reader-secret", "biller-secret" is computed by the test itself. */
static void write_tokens(struct scene *scene)
{
    static const char *const secrets[] = {"operator-secret", "reader-secret", "biller-secret"};
    char hex[3][65], text[1024];
    struct gw_err err;
    for (int i = 0; i < 3; i++) {
        struct gw_sha256 sum = gw_sha256(gw_text_bytes(gw_text(secrets[i])));
        gw_hex((struct gw_bytes){sum.bytes, sizeof(sum.bytes)}, hex[i]);
    }
    (void)snprintf(
        text, sizeof(text),
        "{ // who may do what\n \"tokens\": ["
        "{\"name\":\"ops\",\"role\":\"operate\",\"sha256\":\"%s\"},"
        "{\"name\":\"eve\",\"role\":\"view\",\"sha256\":\"%s\"},"
        "{\"name\":\"billing\",\"role\":\"data\",\"sha256\":\"%s\",\"calls\":[\"pay\"]},]}",
        hex[0], hex[1], hex[2]);
    assert_ok(gw_file_store(scene->tokens_file, gw_text_bytes(gw_text(text)), &err), &err);
    scene->opts.tokens_file = scene->tokens_file;
}

static struct gw_address wire_at = {.kind = GW_ADDRESS_TCP, .host = "127.0.0.1"};

static int setup(void **state)
{
    struct scene *scene = calloc(1, sizeof(*scene));
    *state = scene;
    scene_prepare();
    scene_init(scene);
    write_tokens(scene);
    scene->opts.wire = &wire_at;
    scene->opts.wire_count = 1;
    scene_open(scene);
    return 0;
}

static int teardown(void **state)
{
    scene_done(*state);
    free(*state);
    return 0;
}

#define OPS     "Authorization: Bearer operator-secret\n"
#define EVE     "Authorization: Bearer reader-secret\n"
#define BILLING "Authorization: bearer biller-secret\n"

static void roles_decide(void **state)
{
    struct scene *scene = *state;
    const char *open_1 = "{\"args\":[1,\"9.00\"]}", *open_2 = "{\"args\":[2,\"9.00\"]}";
    expect_http(scene, "GET", "/v1/engine", NULL, NULL, 401, "GW7310");
    expect_http(scene, "GET", "/v1/engine", "Authorization: Bearer wrong\n", NULL, 401, "GW7310");
    expect_http(scene, "GET", "/healthz", NULL, NULL, 200, "ok");
    expect_http(scene, "GET", "/v1/engine", EVE, NULL, 200, "bank");
    expect_http(scene, "POST", "/v1/view/balance", EVE, "{\"args\":[1]}", 403, "GW7312");
    expect_http(scene, "POST", "/v1/call/open", EVE, open_1, 403, "GW7312");
    expect_http(scene, "POST", "/v1/call/open", BILLING, open_1, 403, "GW7312");
    expect_http(scene, "POST", "/v1/call/open", OPS, open_1, 200, "\"ok\"");
    expect_http(scene, "POST", "/v1/call/open", OPS, open_2, 200, "\"ok\"");
    expect_http(scene, "POST", "/v1/call/pay", BILLING, "{\"args\":[1,2,1]}", 200, "\"ok\"");
    expect_http(scene, "POST", "/v1/view/balance", BILLING, "{\"args\":[1]}", 200, "8.00");
    expect_http(scene, "POST", "/v1/engine/halt", BILLING, "{}", 403, "GW7312");
    expect_http(scene, "GET", "/v1/events?topics=engine.emit", EVE, NULL, 403, "GW7312");
}

static void the_wire_asks_too(void **state)
{
    struct scene *scene = *state;
    struct gw_address at;
    struct gw_client *client = NULL;
    struct gw_failure why;
    struct gw_reply reply;
    char where[GW_ADDRESS_TEXT_MAX];
    struct gw_open_opts opts = {0};
    assert_true(gw_server_wire_address(scene->server, 1, &at));
    (void)gw_address_text(&at, where);
    assert_int_equal(gw_open(where, &opts, &client, &why), GW_CLIENT_DENIED);
    assert_int_equal(why.code, 7310);
    opts.token = "biller-secret";
    assert_int_equal(gw_open(where, &opts, &client, &why), 0);
    assert_int_equal(gw_call(client, 0, 0, "open", "[1,1]", &reply, &why), GW_CLIENT_DENIED);
    assert_int_equal(gw_call(client, 0, 0, "pay", "[1,2,1]", &reply, &why), 0);
    assert_string_equal(reply.data, "{\"fail\":\"NO_SRC\"}");
    gw_close(client);
    assert_int_equal(gw_open(scene->where, NULL, &client, &why), 0); /* the socket is its owner's */
    assert_int_equal(gw_call(client, 0, 0, "open", "[1,1]", &reply, &why), 0);
    gw_close(client);
}

static void strangers_are_not_listened_to(void **state)
{
    struct scene *scene = *state;
    struct gw_server *server = NULL;
    struct gw_err err = {0};
    scene_stop(scene);
    scene->opts.tokens_file = NULL;
    scene->opts.wire_count = 0;
    (void)snprintf(scene->http_at[0].host, sizeof(scene->http_at[0].host), "0.0.0.0");
    assert_int_equal(gw_server_open(&scene->opts, &server, NULL, &err), GW_DENIED);
    assert_int_equal(err.code, 7313);
    assert_null(server);
}

static void tokens_files_are_read_strictly(void **state)
{
    static const struct {
        const char *text;
        gw_code code;
    } rows[] = {
        {"[]", 7311},
        {"{}", 7311},
        {"{\"tokens\":[{}]}", 7311},
        {"{\"tokens\":[{\"name\":\"a\",\"role\":\"root\"}]}", 7311},
        {"{\"tokens\":[{\"name\":\"a\",\"role\":\"view\"}]}", 7311},
        {"{\"tokens\":[{\"name\":\"a\",\"role\":\"view\",\"sha256\":\"12\"}]}", 7311},
        {"{\"tokens\":[{\"name\":\"a\",\"role\":\"view\",\"token\":\"secret\"}]}", 7311},
        {"{\"tokens\":[{\"name\":\"a\",\"role\":\"view\",\"token\":\"env:GW_NOT_SET\"}]}", 7311},
        {"{\"tokens\":[{\"nam\":\"a\"}]}", 7111},
        {"{\"tokens\":[", 7101},
    };
    (void)state;
    char folder[256], path[300];
    (void)snprintf(path, sizeof(path), "%s/t", gw_kit_folder(folder, sizeof(folder)));
    for (size_t i = 0; i < GW_COUNT_OF(rows); i++) {
        struct gw_tokens tokens;
        struct gw_err err = {0};
        assert_ok(gw_file_store(path, gw_text_bytes(gw_text(rows[i].text)), &err), &err);
        assert_int_equal(gw_tokens_open(path, &gw_kit_alloc, &tokens, &err), GW_INVALID);
        assert_int_equal(err.code, rows[i].code);
    }
    gw_kit_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(roles_decide, setup, teardown),
        cmocka_unit_test_setup_teardown(the_wire_asks_too, setup, teardown),
        cmocka_unit_test_setup_teardown(strangers_are_not_listened_to, setup, teardown),
        cmocka_unit_test(tokens_files_are_read_strictly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
