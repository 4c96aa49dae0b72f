#include "kit/kit.h"

#include "os/address.h"

struct row {
    const char *text, *written; /* written NULL: refused */
    bool local;
};

static const struct row rows[] = {
    {"tcp:127.0.0.1:80", "tcp:127.0.0.1:80", true},
    {"127.9.9.9:0", "tcp:127.9.9.9:0", true},
    {"localhost:7070", "tcp:localhost:7070", true},
    {"example.org:443", "tcp:example.org:443", false},
    {"[::1]:8080", "tcp:[::1]:8080", true},
    {"tcp:[2001:db8::1]:8080", "tcp:[2001:db8::1]:8080", false},
    {"unix:/run/godwit.sock", "unix:/run/godwit.sock", true},
    {"unix:", NULL, false},
    {"", NULL, false},
    {"localhost", NULL, false},
    {":80", NULL, false},
    {"[]:80", NULL, false},
    {"::1:80", NULL, false},
    {"host:65536", NULL, false},
    {"host:", NULL, false},
    {"host:-1", NULL, false},
    {"host:8o", NULL, false},
};

static void each_text_is_read_or_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT_OF(rows); i++) {
        struct gw_address address;
        struct gw_err err = {0};
        char text[GW_ADDRESS_TEXT_MAX];
        gw_rc rc = gw_address_parse(gw_text(rows[i].text), &address, &err);
        assert_int_equal(rc, rows[i].written ? GW_OK : GW_INVALID);
        if (rc < 0) {
            assert_true(err.msg[0] != 0 && err.hint[0] != 0);
            continue;
        }
        assert_int_equal(gw_address_text(&address, text), strlen(rows[i].written));
        assert_string_equal(text, rows[i].written);
        assert_int_equal(gw_address_is_local(&address), rows[i].local);
    }
}

static void a_socket_path_has_a_bound(void **state)
{
    char text[5 + GW_ADDRESS_PATH_MAX + 1];
    struct gw_address address;
    (void)state;
    memset(text, 'x', sizeof(text));
    memcpy(text, "unix:", 5);
    assert_int_equal(
        gw_address_parse((struct gw_text){text, 5 + GW_ADDRESS_PATH_MAX}, &address, NULL), GW_OK);
    assert_int_equal(gw_address_parse((struct gw_text){text, sizeof(text)}, &address, NULL),
                     GW_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_text_is_read_or_refused),
        cmocka_unit_test(a_socket_path_has_a_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
