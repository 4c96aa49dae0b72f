#include "kit/kit.h"

#include "codec/base64.h"

#include "base/rand.h"

static const struct {
    const char *bytes, *standard, *url;
} pairs[] = {
    /* RFC 4648 section 10, then the two letters that differ */
    {"", "", ""},
    {"f", "Zg==", "Zg"},
    {"fo", "Zm8=", "Zm8"},
    {"foo", "Zm9v", "Zm9v"},
    {"foob", "Zm9vYg==", "Zm9vYg"},
    {"fooba", "Zm9vYmE=", "Zm9vYmE"},
    {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
    {"\xff\xef\xfe", "/+/+", "_-_-"},
};

static void vectors_of_rfc_4648(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT_OF(pairs); i++) {
        for (int form = GW_BASE64_STANDARD; form <= GW_BASE64_URL; form++) {
            const char *text = form == GW_BASE64_URL ? pairs[i].url : pairs[i].standard;
            uint8_t memory[64];
            struct gw_buf buf;
            gw_buf_init_fixed(&buf, memory, sizeof(memory));
            gw_base64_put(&buf, gw_text_bytes(gw_text(pairs[i].bytes)), (enum gw_base64_form)form);
            assert_ok(gw_buf_check(&buf, "base64", NULL), NULL);
            assert_text_equal(gw_buf_text(&buf), text);
            gw_buf_reset(&buf);
            assert_true(gw_base64_get(&buf, gw_text(text), (enum gw_base64_form)form));
            assert_text_equal(gw_buf_text(&buf), pairs[i].bytes);
        }
    }
}

static void what_would_not_be_written_is_refused(void **state)
{
    (void)state;
    static const char *const standard[] = {
        "Zg",   "Zg=",  "Z",    "Zh==", "Zm9=",     "Zg==\n",  "=",
        "====", "Z===", "Zm 9", "_-_-", "Zg==Zg==", "Zm9v===="};
    static const char *const url[] = {"Zg==", "Z", "Zh", "Zm9", "/+/+", "Zm9vY"};
    uint8_t memory[64];
    struct gw_buf buf;
    gw_buf_init_fixed(&buf, memory, sizeof(memory));
    for (size_t i = 0; i < GW_COUNT_OF(standard); i++)
        assert_false(gw_base64_get(&buf, gw_text(standard[i]), GW_BASE64_STANDARD));
    for (size_t i = 0; i < GW_COUNT_OF(url); i++)
        assert_false(gw_base64_get(&buf, gw_text(url[i]), GW_BASE64_URL));
    assert_int_equal(buf.len, 0);
}

static void bytes_of_every_length_come_back(void **state)
{
    (void)state;
    struct gw_rand rand;
    gw_rand_init(&rand, 3);
    for (size_t len = 0; len < 200; len++) {
        enum gw_base64_form form = len % 2 ? GW_BASE64_URL : GW_BASE64_STANDARD;
        uint8_t bytes[200], text[400], again[300];
        struct gw_buf out, back;
        gw_rand_fill(&rand, bytes, len);
        gw_buf_init_fixed(&out, text, gw_base64_text_bytes(len, form));
        gw_buf_init_fixed(&back, again, sizeof(again));
        gw_base64_put(&out, (struct gw_bytes){bytes, len}, form);
        assert_ok(gw_buf_check(&out, "base64", NULL), NULL);
        assert_int_equal(out.len, gw_base64_text_bytes(len, form));
        assert_true(gw_base64_get(&back, gw_buf_text(&out), form));
        assert_true(gw_bytes_equal(gw_buf_bytes(&back), (struct gw_bytes){bytes, len}));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_of_rfc_4648),
        cmocka_unit_test(what_would_not_be_written_is_refused),
        cmocka_unit_test(bytes_of_every_length_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
