/* The client against our server, plain and over TLS with certificates made here: keep-alive, streams, time-outs, trust. */
#include "kit/kit.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

#include "net/http_client.h"
#include "net/http_server.h"
#include "os/actor.h"

struct scene {
    struct gw_loop *loop;
    struct gw_http_server *server;
    struct gw_http_client *client;
    struct gw_tls *server_tls, *client_tls;
    struct gw_address at;
    struct gw_http_request *held;
    struct gw_arena arena;
    char folder[64];
    int done;
    gw_rc rc;
    struct gw_err err;
    uint16_t status;
    char body[256];
    size_t body_len, data_calls;
    char subject[128];
};

static void handle(void *ctx, struct gw_http_request *request)
{
    struct scene *scene = ctx;
    if (gw_text_is(request->path, "/hold")) {
        scene->held = request;
        return;
    }
    if (gw_text_is(request->path, "/pieces")) {
        gw_http_begin(request, &(struct gw_http_answer){.status = 200});
        for (int i = 0; i < 3; i++)
            assert_int_equal(gw_http_send(request, gw_text_bytes(GW_TEXT_LIT("piece "))), GW_OK);
        gw_http_end(request);
        return;
    }
    if (gw_text_is(request->path, "/half")) {
        gw_http_begin(request, &(struct gw_http_answer){
                                   .status = 200, .body = gw_text_bytes(GW_TEXT_LIT("half"))});
        gw_http_abort(request);
        return;
    }
    struct gw_text text = gw_arena_printf(request->arena, "%.*s %.*s %.*s",
                                          GW_TEXT_ARG(request->method), GW_TEXT_ARG(request->path),
                                          (int)request->body.len, (const char *)request->body.data);
    gw_http_answer(request, &(struct gw_http_answer){.status = 200, .body = gw_text_bytes(text)});
}

static void on_done(void *ctx, const struct gw_http_response *response, gw_rc rc,
                    const struct gw_err *err)
{
    struct scene *scene = ctx;
    scene->done++;
    scene->rc = rc;
    if (rc < 0) {
        scene->err = *err;
        return;
    }
    scene->status = response->head->status;
    assert_true(response->body.len < sizeof(scene->body));
    if (response->body.len == 0)
        return;
    memcpy(scene->body, response->body.data, response->body.len);
    scene->body_len = response->body.len;
}

static void on_data(void *ctx, const struct gw_http1_head *head, struct gw_bytes data)
{
    struct scene *scene = ctx;
    assert_int_equal(head->status, 200);
    memcpy(scene->body + scene->body_len, data.data, data.len);
    scene->body_len += data.len;
    scene->data_calls++;
}

static int setup(void **state)
{
    struct scene *scene = calloc(1, sizeof(*scene));
    *state = scene;
    gw_arena_init(&scene->arena, &gw_kit_alloc, 1 << 20);
    return gw_loop_new(&scene->loop, NULL);
}

static int teardown(void **state)
{
    struct scene *scene = *state;
    gw_http_client_close(scene->client);
    gw_http_server_close(scene->server);
    if (scene->held)
        gw_http_answer(scene->held, &(struct gw_http_answer){.status = 204});
    gw_loop_free(scene->loop);
    gw_tls_free(scene->server_tls);
    gw_tls_free(scene->client_tls);
    gw_arena_done(&scene->arena);
    if (scene->folder[0])
        gw_kit_remove(scene->folder);
    free(scene);
    return 0;
}

static void start(struct scene *scene, struct gw_address at, uint32_t timeout_ms)
{
    struct gw_err err;
    struct gw_http_server_opts server = {
        .at = at, .tls = scene->server_tls, .handler = handle, .ctx = scene};
    assert_ok(gw_http_server_open(scene->loop, &server, &scene->server, &err), &err);
    gw_http_server_address(scene->server, &scene->at);
    struct gw_http_client_opts client = {
        .to = scene->at, .tls = scene->client_tls, .timeout_ms = timeout_ms};
    assert_ok(gw_http_client_open(scene->loop, &client, &scene->client, &err), &err);
}

static const struct gw_address loopback = {.kind = GW_ADDRESS_TCP, .host = "127.0.0.1"};

static void call(struct scene *scene, const char *method, const char *target, const char *body)
{
    struct gw_err err;
    int before = scene->done;
    struct gw_http_call what = {
        .method = method, .target = target, .body = gw_text_bytes(gw_text(body))};
    struct gw_http_hooks hooks = {.done = on_done, .ctx = scene};
    memset(scene->body, 0, sizeof(scene->body));
    scene->body_len = 0;
    assert_ok(gw_http_client_send(scene->client, &what, &hooks, &err), &err);
    while (scene->done == before)
        gw_loop_turn(scene->loop, true);
}

static void requests_share_one_connection(void **state)
{
    struct scene *scene = *state;
    struct gw_http_server_stats stats;
    start(scene, loopback, 0);
    call(scene, "GET", "/a", "");
    assert_ok(scene->rc, &scene->err);
    assert_string_equal(scene->body, "GET /a ");
    call(scene, "POST", "/b", "data");
    assert_string_equal(scene->body, "POST /b data");
    call(scene, "GET", "/pieces", "");
    assert_string_equal(scene->body, "piece piece piece ");
    call(scene, "HEAD", "/h", "");
    assert_int_equal(scene->body_len, 0);
    gw_http_server_stats(scene->server, &stats);
    assert_int_equal(stats.connections, 1);
    assert_int_equal(stats.requests, 4);
}

static void a_body_may_be_taken_in_pieces(void **state)
{
    struct scene *scene = *state;
    struct gw_http_call what = {.method = "GET", .target = "/pieces"};
    struct gw_http_hooks hooks = {.done = on_done, .on_data = on_data, .ctx = scene};
    start(scene, loopback, 0);
    assert_int_equal(gw_http_client_send(scene->client, &what, &hooks, NULL), GW_OK);
    assert_int_equal(gw_http_client_send(scene->client, &what, &hooks, NULL), GW_BUSY);
    while (scene->done == 0)
        gw_loop_turn(scene->loop, true);
    assert_int_equal(scene->data_calls, 3);
    assert_memory_equal(scene->body, "piece piece piece ", 18);
}

static void no_answer_is_a_timeout_and_the_next_request_works(void **state)
{
    struct scene *scene = *state;
    start(scene, loopback, 50);
    call(scene, "GET", "/hold", "");
    assert_int_equal(scene->rc, GW_TIMEOUT);
    call(scene, "GET", "/after", "");
    assert_int_equal(scene->rc, GW_OK);
}

static void half_an_answer_is_an_error(void **state)
{
    struct scene *scene = *state;
    start(scene, loopback, 0);
    call(scene, "GET", "/half", "");
    assert_int_equal(scene->rc, GW_CLOSED);
}

static void nobody_there(void **state)
{
    struct scene *scene = *state;
    start(scene, loopback, 0);
    gw_http_server_close(scene->server);
    scene->server = NULL;
    call(scene, "GET", "/", "");
    assert_int_equal(scene->rc, GW_UNREACHABLE);
}

/* ---- the blocking fetch, from a thread of its own ---- */

struct errand {
    struct gw_msg msg;
    struct scene *scene;
};

static void fetch(void *ctx, struct gw_msg *msg)
{
    struct errand *errand = GW_CONTAINER_OF(msg, struct errand, msg);
    struct scene *scene = errand->scene;
    struct gw_http_client_opts opts = {.to = scene->at};
    struct gw_http_call what = {.method = "GET", .target = "/fetched"};
    struct gw_http_response response;
    (void)ctx;
    scene->rc = gw_http_fetch(&opts, &what, &scene->arena, &response, &scene->err);
    if (scene->rc == GW_OK) {
        scene->status = response.head->status;
        memcpy(scene->body, response.body.data, response.body.len);
    }
    gw_loop_stop(scene->loop);
}

static void a_blocking_fetch_over_a_unix_socket(void **state)
{
    struct scene *scene = *state;
    struct errand errand = {.scene = scene};
    struct gw_address at = {.kind = GW_ADDRESS_UNIX};
    struct gw_actor *actor = NULL;
    struct gw_actor_opts opts = {.name = "fetch", .mailbox_max = 1, .on_message = fetch};
    gw_kit_folder(scene->folder, sizeof(scene->folder));
    (void)snprintf(at.host, sizeof(at.host), "%s/s", scene->folder);
    start(scene, at, 0);
    assert_ok(gw_actor_start(&opts, &actor, &scene->err), &scene->err);
    assert_int_equal(gw_actor_send(actor, &errand.msg), GW_OK);
    gw_loop_run(scene->loop);
    gw_actor_stop(actor);
    gw_actor_free(actor);
    assert_ok(scene->rc, &scene->err);
    assert_int_equal(scene->status, 200);
    assert_string_equal(scene->body, "GET /fetched ");
}

/* ---- TLS ---- */

struct identity {
    char cert[4096], key[4096];
};

static void print_pem(BIO *bio, char *ret, size_t bytes)
{
    int len = BIO_read(bio, ret, (int)bytes - 1);
    assert_true(len > 0);
    ret[len] = 0;
    BIO_free(bio);
}

/* A self-signed certificate for `name` and 127.0.0.1, good for an hour. */
static void make_identity(const char *name, struct identity *ret)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    assert_true(key && cert && X509_set_version(cert, 2));
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), -60);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_set_pubkey(cert, key);
    X509_NAME *subject = X509_get_subject_name(cert);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1,
                               0);
    X509_set_issuer_name(cert, subject);
    X509_EXTENSION *names =
        X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
    assert_non_null(names);
    X509_add_ext(cert, names, -1);
    X509_EXTENSION_free(names);
    assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(bio, cert);
    print_pem(bio, ret->cert, sizeof(ret->cert));
    bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
    print_pem(bio, ret->key, sizeof(ret->key));
    X509_free(cert);
    EVP_PKEY_free(key);
}

static void make_tls(struct gw_tls **ret, bool is_server, const struct identity *own,
                     const struct identity *trusted, bool require_peer)
{
    struct gw_err err;
    struct gw_tls_opts opts = {.is_server = is_server, .require_peer = require_peer};
    if (own) {
        opts.cert_pem = gw_text(own->cert);
        opts.key_pem = gw_text(own->key);
    }
    if (trusted)
        opts.ca_pem = gw_text(trusted->cert);
    assert_ok(gw_tls_new(&opts, ret, &err), &err);
}

static void https_with_a_trusted_certificate(void **state)
{
    struct scene *scene = *state;
    struct identity server;
    make_identity("server", &server);
    make_tls(&scene->server_tls, true, &server, NULL, false);
    make_tls(&scene->client_tls, false, NULL, &server, false);
    start(scene, loopback, 0);
    call(scene, "POST", "/tls", "secret");
    assert_ok(scene->rc, &scene->err);
    assert_string_equal(scene->body, "POST /tls secret");
    call(scene, "GET", "/again", "");
    assert_string_equal(scene->body, "GET /again ");
}

static void a_stranger_s_certificate_is_refused(void **state)
{
    struct scene *scene = *state;
    struct identity server, other;
    make_identity("server", &server);
    make_identity("other", &other);
    make_tls(&scene->server_tls, true, &server, NULL, false);
    make_tls(&scene->client_tls, false, NULL, &other, false);
    start(scene, loopback, 0);
    call(scene, "GET", "/", "");
    assert_int_equal(scene->rc, GW_DENIED);
    assert_non_null(strstr(scene->err.hint, "certificate"));
}

static void mutual_tls_admits_only_known_clients(void **state)
{
    struct scene *scene = *state;
    struct identity server, known;
    make_identity("server", &server);
    make_identity("known", &known);
    make_tls(&scene->server_tls, true, &server, &known, true);
    make_tls(&scene->client_tls, false, NULL, &server, false);
    start(scene, loopback, 0);
    call(scene, "GET", "/", "");
    assert_true(scene->rc < 0); /* TLS 1.3: the client learns of it with its first read */
    gw_http_client_close(scene->client);
    gw_tls_free(scene->client_tls);
    make_tls(&scene->client_tls, false, &known, &server, false);
    struct gw_http_client_opts opts = {.to = scene->at, .tls = scene->client_tls};
    assert_int_equal(gw_http_client_open(scene->loop, &opts, &scene->client, NULL), GW_OK);
    call(scene, "GET", "/in", "");
    assert_ok(scene->rc, &scene->err);
    assert_string_equal(scene->body, "GET /in ");
}

static void plain_bytes_at_a_tls_port_end_in_an_error(void **state)
{
    struct scene *scene = *state;
    struct identity server;
    make_identity("server", &server);
    make_tls(&scene->server_tls, true, &server, NULL, false);
    start(scene, loopback, 0);
    call(scene, "GET", "/", "");
    assert_true(scene->rc < 0);
}

static void bad_pem_is_refused_with_a_reason(void **state)
{
    struct scene *scene = *state;
    struct identity a, b;
    struct gw_err err = {0};
    make_identity("a", &a);
    make_identity("b", &b);
    struct gw_tls_opts opts = {.is_server = true, .cert_pem = gw_text("nonsense")};
    assert_int_equal(gw_tls_new(&opts, &scene->server_tls, &err), GW_INVALID);
    opts.cert_pem = gw_text(a.cert);
    opts.key_pem = gw_text(b.key); /* belongs to another certificate */
    assert_int_equal(gw_tls_new(&opts, &scene->server_tls, &err), GW_INVALID);
    opts.key_pem = gw_text(a.key);
    opts.require_peer = true; /* without an authority nobody could be admitted */
    assert_int_equal(gw_tls_new(&opts, &scene->server_tls, &err), GW_INVALID);
    assert_true(err.msg[0] != 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(requests_share_one_connection),
        T(a_body_may_be_taken_in_pieces),
        T(no_answer_is_a_timeout_and_the_next_request_works),
        T(half_an_answer_is_an_error),
        T(nobody_there),
        T(a_blocking_fetch_over_a_unix_socket),
        T(https_with_a_trusted_certificate),
        T(a_stranger_s_certificate_is_refused),
        T(mutual_tls_admits_only_known_clients),
        T(plain_bytes_at_a_tls_port_end_in_an_error),
        T(bad_pem_is_refused_with_a_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
