/* examples/client.c does what it says, against a server that runs. */
#include "scene.h"

#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void it_moves_money(void **state)
{
    struct scene *scene = *state;
    char self[512] = {0}, command[1200], got[8192];
    assert_true(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
    (void)snprintf(command, sizeof(command), "'%s/../example_client' '%s' 2>&1", dirname(self),
                   scene->where);
    FILE *out = popen(command, "r"); /* NOLINT(cert-env33-c): our own binary */
    assert_non_null(out);
    size_t len = fread(got, 1, sizeof(got) - 1, out);
    got[len] = '\0';
    int status = pclose(out);
    if (status != 0)
        print_error("%s\n", got);
    assert_int_equal(status, 0);
    assert_non_null(strstr(got, "{\"fail\":\"INSUFFICIENT\"}"));
    assert_non_null(strstr(got, "1000 of 1000 small payments done"));
    assert_non_null(strstr(got, "balance {\"id\":1} is {\"ok\":\"85.00\"}"));
    assert_non_null(strstr(got, "balance {\"id\":2} is {\"ok\":\"15.00\"}"));
}

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_moves_money, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
