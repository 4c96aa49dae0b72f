#include "kit/kit.h"

#include <errno.h>

static gw_rc inner(struct gw_err *err)
{
    return GW_FAIL_CODE(err, GW_CORRUPT, 2003, "byte %d: cut short", 17);
}

static gw_rc outer(struct gw_err *err)
{
    gw_rc rc = inner(err);
    return rc < 0 ? gw_err_wrap_rc(err, rc, "segment %d", 7) : rc;
}

static void each_layer_adds_its_part(void **state)
{
    (void)state;
    struct gw_err err = {0};
    assert_int_equal(outer(&err), GW_CORRUPT);
    assert_string_equal(err.msg, "segment 7: byte 17: cut short");
    assert_int_equal(err.rc, GW_CORRUPT);
    assert_int_equal(err.code, 2003);
    assert_non_null(strstr(err.file, "test_err.c"));
    assert_string_equal(err.hint, "");
    assert_int_equal(gw_err_wrap(&err, "replay"), GW_CORRUPT);
    assert_string_equal(err.msg, "replay: segment 7: byte 17: cut short");
}

static void a_caller_may_not_care(void **state)
{
    (void)state;
    assert_int_equal(outer(NULL), GW_CORRUPT);
    gw_err_hint(NULL, "nothing");
    gw_err_place(NULL, GW_TEXT_LIT("x"), 1, 1);
}

static void a_long_message_is_cut_not_overrun(void **state)
{
    (void)state;
    char text[2 * GW_ERR_MSG_MAX];
    struct gw_err err;
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    assert_int_equal(GW_FAIL(&err, GW_IO, "%s", text), GW_IO);
    assert_int_equal(strlen(err.msg), GW_ERR_MSG_MAX - 1);
    assert_int_equal(gw_err_wrap(&err, "outer"), GW_IO);
    assert_int_equal(strlen(err.msg), GW_ERR_MSG_MAX - 1);
    assert_int_equal(strncmp(err.msg, "outer: xxx", 10), 0);
    gw_err_place(&err, (struct gw_text){text, sizeof(text) - 1}, 14, 9);
    assert_int_equal(strlen(err.place.name), GW_ERR_PLACE_MAX - 1);
    assert_int_equal(err.place.line, 14);
}

static void errno_chooses_the_kind(void **state)
{
    (void)state;
    static const struct {
        int sys;
        gw_rc rc;
    } cases[] = {
        {ENOSPC, GW_FULL},
        {EDQUOT, GW_FULL},
        {ENOENT, GW_NOTFOUND},
        {EROFS, GW_DENIED},
        {EMFILE, GW_BUSY},
        {ENOMEM, GW_NOMEM},
        {EPIPE, GW_CLOSED},
        {EIO, GW_IO},
        {EEXIST, GW_EXISTS},
        {ETIMEDOUT, GW_TIMEOUT},
        {ECONNREFUSED, GW_UNREACHABLE},
    };
    for (size_t i = 0; i < GW_COUNT_OF(cases); i++) {
        struct gw_err err;
        errno = cases[i].sys;
        assert_int_equal(GW_FAIL_SYS(&err, "open"), cases[i].rc);
        assert_int_equal(err.sys, cases[i].sys);
    }
}

static void every_result_has_a_name_a_text_and_codes(void **state)
{
    (void)state;
    assert_string_equal(gw_rc_name(GW_HALTED), "HALTED");
    assert_string_equal(gw_rc_text(GW_BUSY), "a limit is reached, try again");
    assert_int_equal(gw_rc_exit(GW_HALTED), 6);
    assert_int_equal(gw_rc_http(GW_BUSY), 429);
    assert_int_equal(gw_rc_exit(GW_OK), 0);
#define X(name, value, http, exit, text)                       \
    assert_string_equal(gw_rc_name(GW_##name), #name);         \
    assert_true(gw_rc_http(GW_##name) >= 200 && (exit) <= 70); \
    assert_true(GW_##name <= 0 && *gw_rc_text(GW_##name));
    GW_RC_LIST(X)
#undef X
    assert_string_equal(gw_rc_name((gw_rc)-1000), "UNKNOWN");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_layer_adds_its_part),
        cmocka_unit_test(a_caller_may_not_care),
        cmocka_unit_test(a_long_message_is_cut_not_overrun),
        cmocka_unit_test(errno_chooses_the_kind),
        cmocka_unit_test(every_result_has_a_name_a_text_and_codes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
