#include "scene.h"

#include <stdio.h>
#include <stdlib.h>

#include "lang/compile.h"
#include "os/file.h"
#include "store/store.h"

const char scene_program[] =
    "program bank version 1\n"
    "store a : memory \"test_api_a\"\n"
    "store b : memory \"test_api_b\"\n"
    "enum PayErr : u8 { NO_SRC NO_DST INSUFFICIENT }\n"
    "entity Account v1 {\n"
    "  key id: u64\n"
    "  bal: dec<18,2>\n"
    "  home a.accounts { id->id bal->balance } role source\n"
    "  home b.konten { id->nr bal->stand } role target\n"
    "  onboard prefer a\n"
    "}\n"
    "entity Transfer v1 { key id: u128   src: u64 dst: u64 amt: dec<18,2>   home b.transfers { * } "
    "role target }\n"
    "txn open(id: u64, amt: dec<18,2>) -> u64 | PayErr {\n"
    "  x := Account.create { id, bal: amt }\n"
    "  return x.id\n"
    "}\n"
    "txn pay(src: u64, dst: u64, amt: dec<18,2>) -> u128 | PayErr {\n"
    "  x := Account[src] else fail NO_SRC\n"
    "  y := Account[dst] else fail NO_DST\n"
    "  if x.bal < amt { fail INSUFFICIENT }\n"
    "  x.bal -= amt\n"
    "  y.bal += amt\n"
    "  t := Transfer.create { id: new_id(), src, dst, amt }\n"
    "  emit Paid { src: src, amt: amt }\n"
    "  return t.id\n"
    "}\n"
    "view balance(id: u64) -> opt<dec<18,2>> {\n"
    "  x := Account[id]!\n"
    "  return some(x.bal)\n"
    "}\n";

/* ---- stores ---- */

static void prepare_one(const char *name, const struct gw_program *program, uint32_t store)
{
    struct gw_err err;
    struct gw_store *conn = NULL;
    char url[64];
    const struct gw_home *homes[8];
    uint32_t count = 0;
    (void)snprintf(url, sizeof(url), "memory:%s", name);
    const struct gw_store_config config = {
        .name = gw_text(name), .url = gw_text(url), .timeout_ms = 1000};
    for (uint32_t i = 0; i < program->home_count; i++)
        if (program->homes[i]->home.store == store)
            homes[count++] = &program->homes[i]->home;
    assert_ok(gw_store_open(&config, &conn, &err), &err);
    assert_ok(conn->ops->prepare(conn, homes, count, &err), &err);
    gw_store_close(conn);
}

void scene_prepare(void)
{
    static const char *const names[] = {"test_api_a", "test_api_b"};
    struct gw_arena arena;
    struct gw_diags diags;
    struct gw_err err;
    const struct gw_program *program = NULL;
    gw_arena_init(&arena, &gw_kit_alloc, 64 << 20);
    gw_diags_init(&diags, &arena);
    assert_ok(gw_lang_compile(gw_text("bank"), gw_text(scene_program), &gw_lang_limits_default,
                              &arena, &diags, &program, &err),
              &err);
    for (uint32_t i = 0; i < GW_COUNT_OF(names); i++) {
        struct gw_memory *memory = NULL;
        assert_ok(gw_memory_of(gw_text(names[i]), &memory, &err), &err);
        gw_memory_drop(memory); /* what an earlier test left */
        prepare_one(names[i], program, i);
    }
    gw_arena_done(&arena);
}

/* ---- server ---- */

void scene_init(struct scene *scene)
{
    struct gw_err err;
    memset(scene, 0, sizeof(*scene));
    assert_non_null(gw_kit_folder(scene->folder, sizeof(scene->folder)));
    (void)snprintf(scene->state, sizeof(scene->state), "%s/state", scene->folder);
    (void)snprintf(scene->program_file, sizeof(scene->program_file), "%s/bank.gw", scene->folder);
    (void)snprintf(scene->tokens_file, sizeof(scene->tokens_file), "%s/tokens", scene->folder);
    (void)snprintf(scene->where, sizeof(scene->where), "unix:%s/godwit.sock", scene->state);
    assert_ok(gw_file_store(scene->program_file, gw_text_bytes(gw_text(scene_program)), &err),
              &err);
    gw_arena_init(&scene->arena, &gw_kit_alloc, 64 << 20);
    scene->http_at[0] = (struct gw_address){.kind = GW_ADDRESS_TCP, .host = "127.0.0.1"};
    scene->opts = (struct gw_server_opts){
        .engine = {.state = scene->state, .segment_bytes = 4 << 20, .kv_bytes_max = 1 << 28},
        .program_file = scene->program_file,
        .http = scene->http_at,
        .http_count = 1};
}

static void *run(void *ctx)
{
    struct scene *scene = ctx;
    scene->run_rc = gw_server_run(scene->server, &scene->run_err);
    return NULL;
}

void scene_open(struct scene *scene)
{
    struct gw_err err;
    assert_ok(gw_server_open(&scene->opts, &scene->server, NULL, &err), &err);
    assert_true(gw_server_http_address(scene->server, 0, &scene->http));
    assert_int_equal(pthread_create(&scene->thread, NULL, run, scene), 0);
}

void scene_stop(struct scene *scene)
{
    gw_server_stop(scene->server);
    assert_int_equal(pthread_join(scene->thread, NULL), 0);
    gw_server_close(scene->server);
    scene->server = NULL;
}

void scene_done(struct scene *scene)
{
    if (scene->server)
        scene_stop(scene);
    gw_arena_done(&scene->arena);
    gw_kit_remove(scene->folder);
}

/* ---- HTTP ---- */

static size_t split_fields(const char *text, struct gw_http1_field *ret, size_t max)
{
    size_t count = 0;
    while (text && *text) {
        const char *colon = strchr(text, ':'), *end = strchr(text, '\n');
        assert_non_null(colon);
        assert_non_null(end);
        assert_true(count < max);
        ret[count].name = (struct gw_text){text, (size_t)(colon - text)};
        ret[count++].value = (struct gw_text){colon + 2, (size_t)(end - colon - 2)};
        text = end + 1;
    }
    return count;
}

int scene_http(struct scene *scene, const char *method, const char *target, const char *fields,
               const char *body, const char **ret)
{
    struct gw_err err;
    struct gw_http1_field list[8];
    struct gw_http_response response;
    const struct gw_http_client_opts opts = {.to = scene->http, .timeout_ms = 20000};
    const struct gw_http_call call = {.method = method,
                                      .target = target,
                                      .fields = list,
                                      .field_count = split_fields(fields, list, 8),
                                      .body = gw_text_bytes(gw_text(body))};
    assert_ok(gw_http_fetch(&opts, &call, &scene->arena, &response, &err), &err);
    struct gw_text text = gw_arena_printf(&scene->arena, "%.*s", (int)response.body.len,
                                          (const char *)response.body.data);
    assert_non_null(text.data);
    *ret = text.data;
    return response.head->status;
}

void expect_http(struct scene *scene, const char *method, const char *target, const char *fields,
                 const char *body, int status, const char *fragment)
{
    const char *got;
    int answered = scene_http(scene, method, target, fields, body, &got);
    if (answered != status || (fragment && strstr(got, fragment) == NULL))
        print_error("%s %s: %d %s\nexpected %d with %s\n", method, target, answered, got, status,
                    fragment ? fragment : "anything");
    assert_int_equal(answered, status);
    assert_true(fragment == NULL || strstr(got, fragment) != NULL);
}
