/** The daemon of the shop, slice by slice, stored and read back at every wait. */
#include "kit/kit.h"

#include <stdio.h>
#include <stdlib.h>

#include "kit_lang/host.h"

static struct gw_arena arena;
static const struct gw_program *shop;
static struct kl_host *host;
static uint8_t stored[1 << 16];
static size_t stored_len;
static uint8_t trace[4096];
static struct gw_buf told;

static int set_up(void **state)
{
    static char text[1 << 16];
    struct gw_diags diags;
    struct gw_err err = {0};
    (void)state;
    FILE *file = fopen("tests/lang/shop.gw", "rb");
    assert_non_null(file);
    size_t len = fread(text, 1, sizeof(text), file);
    fclose(file);
    gw_arena_init(&arena, &gw_kit_alloc, 64u << 20);
    assert_ok(gw_lang_compile(gw_text("shop.gw"), (struct gw_text){text, len}, NULL, &arena, &diags,
                              &shop, &err),
              &err);
    host = malloc(sizeof(*host));
    kl_host_init(host, &gw_kit_alloc, shop);
    gw_buf_init_fixed(&told, trace, sizeof(trace));
    stored_len = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    kl_host_done(host);
    free(host);
    gw_arena_done(&arena);
    return 0;
}

static void tell(const struct gw_vm_result *result)
{
    static const char *const waits[] = {
#define X(name) #name,
        GW_VM_WAITS(X)
#undef X
    };
    if (result->status != GW_VM_WAITING) {
        gw_buf_printf(&told, "end %d\n", (int)result->status);
        return;
    }
    const struct gw_vm_wait *wait = &result->wait;
    gw_buf_printf(&told, "%s", waits[wait->kind]);
    if (wait->ns)
        gw_buf_printf(&told, " %llds", (long long)(wait->ns / GW_NS_PER_S));
    if (wait->home)
        gw_buf_printf(&told, " %.*s", GW_TEXT_ARG(wait->home->home.name));
    if (wait->fn)
        gw_buf_printf(&told, " %.*s(%llu)", GW_TEXT_ARG(wait->fn->name),
                      (unsigned long long)wait->args[0].u);
    if (wait->entity)
        gw_buf_printf(&told, " %.*s", GW_TEXT_ARG(wait->entity->entity.name));
    if (wait->key_count)
        gw_buf_printf(&told, " %u keys, last %llu", wait->key_count,
                      (unsigned long long)wait->keys[wait->key_count - 1][0].u);
    if (wait->text.len)
        gw_buf_printf(&told, " \"%.*s\"", GW_TEXT_ARG(wait->text));
    gw_buf_put_u8(&told, '\n');
}

/** One slice: what is stored is all that lives on, as after a crash. */
static void slice(const char *name, const union gw_value *args, const struct gw_vm_reply *reply)
{
    const struct gw_fn *fn = gw_program_fn(shop, gw_text(name));
    struct gw_vm_result result;
    struct gw_fiber fiber;
    struct gw_err err = {0};
    struct gw_buf buf;
    kl_host_begin(host);
    if (args)
        assert_ok(gw_fiber_start(&host->vm, fn, args, &fiber, &err), &err);
    else
        assert_ok(
            gw_fiber_decode(&host->vm, fn, (struct gw_bytes){stored, stored_len}, &fiber, &err),
            &err);
    gw_fiber_resume(&host->vm, &fiber, reply, &result);
    assert_true(result.units <= fn->cost.units);
    tell(&result);
    gw_buf_init_fixed(&buf, stored, sizeof(stored));
    gw_fiber_encode(&fiber, &buf);
    assert_false(buf.failed);
    stored_len = buf.len;
    assert_true(kl_host_commit(host));
}

static void users_move_page_by_page(void **state)
{
    (void)state;
    static union gw_value columns[3][6], *rows[3];
    for (uint64_t i = 0; i < 3; i++) {
        rows[i] = columns[i];
        memset(columns[i], 0, sizeof(columns[i]));
        columns[i][0].u = 40 + i;
    }
    struct gw_vm_page page = {rows, 3, false}, last = {rows, 2, true};
    struct gw_vm_reply with_page = {.page = &page}, with_last = {.page = &last};
    struct gw_vm_reply late = {.timed_out = true}, fine = {0};
    union gw_value none = {.u = 0};
    slice("move_users", &none, NULL);
    slice("move_users", NULL, &with_page);
    slice("move_users", NULL, &late); /* the push took too long */
    slice("move_users", NULL, &fine); /* the alert is out */
    slice("move_users", NULL, &fine); /* slept: retry */
    slice("move_users", NULL, &fine); /* pushed */
    slice("move_users", NULL, &fine); /* yielded */
    slice("move_users", NULL, &with_last);
    slice("move_users", NULL, &fine);
    slice("move_users", NULL, &fine);
    slice("move_users", NULL, &fine);
    slice("move_users", NULL, &fine);
    assert_text_equal(gw_buf_text(&told), "PAGE my.users\n"
                                          "AWAIT_PUSHED 30s User 3 keys, last 42\n"
                                          "ALERT \"slow pg\"\n"
                                          "SLEEP 5s\n"
                                          "AWAIT_PUSHED 30s User 3 keys, last 42\n"
                                          "YIELD\n"
                                          "PAGE my.users\n"
                                          "AWAIT_PUSHED 30s User 2 keys, last 41\n"
                                          "YIELD\n"
                                          "AWAIT_AUDITED User\n"
                                          "PHASE User \"verified\"\n"
                                          "end 0\n");
}

static void a_group_is_dropped_call_by_call(void **state)
{
    (void)state;
    struct gw_vm_reply eight = {.call_status = GW_VM_DONE, .call_value = {.u = 8}};
    struct gw_vm_reply zero = {.call_status = GW_VM_DONE, .call_value = {.u = 0}}, fine = {0};
    union gw_value group = {.u = 6};
    slice("drop_group", &group, NULL);
    slice("drop_group", NULL, &eight);
    slice("drop_group", NULL, &fine);
    slice("drop_group", NULL, &zero);
    assert_text_equal(gw_buf_text(&told), "CALL drop_posts(6)\n"
                                          "YIELD\n"
                                          "CALL drop_posts(6)\n"
                                          "end 0\n");
}

static void an_abort_nobody_matches_ends_the_daemon(void **state)
{
    (void)state;
    struct gw_vm_reply aborted = {.call_status = GW_VM_ABORT, .call_abort = GW_ABORT_HALTED};
    union gw_value group = {.u = 6};
    slice("drop_group", &group, NULL);
    slice("drop_group", NULL, &aborted);
    assert_text_equal(gw_buf_text(&told), "CALL drop_posts(6)\nend 2\n");
}

static void damaged_bytes_are_refused(void **state)
{
    (void)state;
    const struct gw_fn *fn = gw_program_fn(shop, gw_text("drop_group"));
    union gw_value group = {.u = 6};
    slice("drop_group", &group, NULL);
    for (size_t len = 0; len < stored_len; len++) {
        struct gw_fiber fiber = {0};
        struct gw_err err = {0};
        kl_host_begin(host);
        assert_true(gw_fiber_decode(&host->vm, fn, (struct gw_bytes){stored, len}, &fiber, &err) <
                    0);
        assert_null(fiber.fn);
    }
}

int main(void)
{
#define STORY(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        STORY(users_move_page_by_page),
        STORY(a_group_is_dropped_call_by_call),
        STORY(an_abort_nobody_matches_ends_the_daemon),
        STORY(damaged_bytes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
