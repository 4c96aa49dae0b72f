#include "os/process.h"

#include <signal.h>
#include <stdio.h>

#include "kit/kit.h"

#include "base/time.h"
#include "os/clock.h"
#include "os/crash.h"
#include "os/env.h"
#include "os/file.h"

static struct gw_err err;
static const char *self; /* this program, started again as a child */

static struct gw_process *start(const struct gw_process_opts *opts)
{
    struct gw_process *process = NULL;
    assert_ok(gw_process_start(opts, &process, &err), &err);
    return process;
}

static struct gw_process_end wait_for(struct gw_process *process)
{
    struct gw_process_end end;
    assert_ok(gw_process_wait(process, 60000, &end, &err), &err);
    return end;
}

static void a_child_gets_arguments_environment_folder_and_a_pipe(void **state)
{
    (void)state;
    char out[256];
    size_t len = 0, got;
    struct gw_process *child = start(&(struct gw_process_opts){
        .argv = (const char *const[]){"sh", "-c", "echo $GW_T $1; pwd; echo no >&2; exit 7", "sh",
                                      "arg", NULL},
        .env_add = (const char *const[]){"GW_T=word", NULL},
        .cwd = "/",
        .stdout_pipe = true,
        .stderr_to_stdout = true});
    do {
        assert_ok(gw_process_read(child, out + len, sizeof(out) - len, &got, &err), &err);
        len += got;
    } while (got > 0);
    assert_text_equal(((struct gw_text){out, len}), "word arg\n/\nno\n");
    struct gw_process_end end = wait_for(child);
    assert_int_equal(end.exit_code, 7);
    assert_int_equal(end.signal, 0);
    assert_int_equal(wait_for(child).exit_code, 7);
    gw_process_close(child);
}

static void a_child_that_runs_on_is_stopped_by_its_id(void **state)
{
    (void)state;
    struct gw_process_end end;
    struct gw_process *child =
        start(&(struct gw_process_opts){.argv = (const char *const[]){"sleep", "600", NULL}});
    assert_int_equal(gw_process_wait(child, 0, &end, NULL), GW_TIMEOUT);
    gw_process_signal(child, GW_PROCESS_TERM);
    end = wait_for(child);
    assert_int_equal(end.signal, SIGTERM);
    assert_int_equal(end.exit_code, -1);
    gw_process_signal(child, GW_PROCESS_KILL); /* nothing: it is reaped */
    gw_process_close(child);
    gw_process_close(
        start(&(struct gw_process_opts){.argv = (const char *const[]){"sleep", "600", NULL}}));
}

static void output_can_go_to_files(void **state)
{
    (void)state;
    char folder[256], out[300];
    struct gw_arena arena;
    struct gw_bytes data;
    gw_arena_init(&arena, &gw_kit_alloc, 1 << 16);
    (void)snprintf(out, sizeof(out), "%s/out", gw_kit_folder(folder, sizeof(folder)));
    struct gw_process *child =
        start(&(struct gw_process_opts){.argv = (const char *const[]){"echo", "line", NULL},
                                        .stdout_path = out,
                                        .stderr_path = out});
    assert_int_equal(wait_for(child).exit_code, 0);
    gw_process_close(child);
    assert_ok(gw_file_load(out, &arena, 100, &data, &err), &err);
    assert_text_equal(gw_bytes_text(data), "line\n");
    gw_arena_done(&arena);
    gw_kit_remove(folder);
}

static void a_missing_program_is_not_found(void **state)
{
    (void)state;
    struct gw_process *child = NULL;
    assert_int_equal(
        gw_process_start(
            &(struct gw_process_opts){.argv = (const char *const[]){"/no/such/program", NULL}},
            &child, &err),
        GW_NOTFOUND);
    assert_non_null(strstr(err.msg, "/no/such/program"));
    assert_null(child);
}

/** What the child of the crash tests does: ten passes of one site, one of the other. Says how far it came. */
static int crashing_child(void)
{
    for (int i = 0; i < 10; i++)
        GW_CRASH_POINT("test.loop");
    GW_CRASH_POINT("test.end");
    return 0;
}

static struct gw_process_end crash_at(const char *plan)
{
    char env[64];
    (void)snprintf(env, sizeof(env), "GW_CRASH=%s", plan);
    struct gw_process *child = start(&(struct gw_process_opts){
        .argv = (const char *const[]){self, "child", NULL},
        .env_add = (const char *const[]){env, NULL},
    });
    struct gw_process_end end = wait_for(child);
    gw_process_close(child);
    return end;
}

static void the_nth_pass_of_a_crash_point_kills(void **state)
{
    (void)state;
    assert_int_equal(crash_at("test.loop:1").signal, SIGKILL);
    assert_int_equal(crash_at("test.loop:10").signal, SIGKILL);
    assert_int_equal(crash_at("test.loop:11").exit_code, 0);
    assert_int_equal(crash_at("test.end").signal, SIGKILL);
    assert_int_equal(crash_at("test.other:1").exit_code, 0);
    assert_int_equal(crash_at("").exit_code, 0);
    assert_int_not_equal(crash_at("test.loop:x").exit_code, 0);
}

static void all_crash_points_of_the_binary_are_listed_once(void **state)
{
    (void)state;
    const char *names[64];
    size_t count = gw_crash_sites(names, GW_COUNT_OF(names));
    bool found = false;
    assert_true(count >= 5 && count <= GW_COUNT_OF(names));
    for (size_t i = 0; i < count; i++) {
        found |= strcmp(names[i], "test.loop") == 0;
        assert_true(i == 0 || strcmp(names[i - 1], names[i]) < 0);
    }
    assert_true(found);
    assert_int_equal(gw_crash_sites(names, 1), count);
}

static void the_machine_answers(void **state)
{
    (void)state;
    uint8_t boot[GW_BOOT_ID_BYTES], again[GW_BOOT_ID_BYTES], zero[GW_BOOT_ID_BYTES] = {0};
    assert_ok(gw_os_boot_id(boot, &err), &err);
    assert_ok(gw_os_boot_id(again, &err), &err);
    assert_memory_equal(boot, again, sizeof(boot));
    assert_memory_not_equal(boot, zero, sizeof(boot));
    gw_os_random(boot, sizeof(boot));
    gw_os_random(again, sizeof(again));
    assert_memory_not_equal(boot, again, sizeof(boot));
    assert_true(gw_os_cpu_count() >= 1);
    assert_true(gw_os_memory_bytes() > 0);
    assert_true(gw_os_pid() > 1);
    assert_true(gw_env_get("PATH").len > 0);
    assert_null(gw_env_get("GW_SURELY_UNSET").data);
    assert_true(gw_clock_wall_ns() > INT64_C(1700000000) * GW_NS_PER_S);
    int64_t before = gw_clock_mono_ns();
    assert_true(before > 0 && gw_clock_mono_ns() >= before);
    int64_t thread_ns = gw_clock_thread_cpu_ns();
    assert_true(gw_clock_process_cpu_ns() >= thread_ns);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "child") == 0)
        return crashing_child();
    self = argv[0];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_child_gets_arguments_environment_folder_and_a_pipe),
        cmocka_unit_test(a_child_that_runs_on_is_stopped_by_its_id),
        cmocka_unit_test(output_can_go_to_files),
        cmocka_unit_test(a_missing_program_is_not_found),
        cmocka_unit_test(the_nth_pass_of_a_crash_point_kills),
        cmocka_unit_test(all_crash_points_of_the_binary_are_listed_once),
        cmocka_unit_test(the_machine_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
