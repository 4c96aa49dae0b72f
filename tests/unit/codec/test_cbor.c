#include "kit/kit.h"

#include "codec/cbor.h"
#include "codec/utf8.h"

#include "base/hash.h"
#include "base/rand.h"

/* RFC 8949, appendix A, line by line. `why` NULL: canonical and in our subset, must be taken and come back equal. */
struct example {
    const char *what, *hex, *why;
};

static const char other[] = "a tag or simple value that has no meaning here";
static const char too_long[] = "not in its shortest form";
static const char open_ended[] = "indefinite length";

/* clang-format off */
static const struct example examples[] = {
    {"0", "00", NULL},
    {"1", "01", NULL},
    {"10", "0a", NULL},
    {"23", "17", NULL},
    {"24", "1818", NULL},
    {"25", "1819", NULL},
    {"100", "1864", NULL},
    {"1000", "1903e8", NULL},
    {"1000000", "1a000f4240", NULL},
    {"1000000000000", "1b000000e8d4a51000", NULL},
    {"18446744073709551615", "1bffffffffffffffff", NULL},
    {"18446744073709551616", "c249010000000000000000", NULL},
    {"-18446744073709551616", "3bffffffffffffffff", NULL},
    {"-18446744073709551617", "c349010000000000000000", NULL},
    {"-1", "20", NULL},
    {"-10", "29", NULL},
    {"-100", "3863", NULL},
    {"-1000", "3903e7", NULL},
    {"0.0", "f90000", NULL},
    {"-0.0", "f98000", NULL},
    {"1.0", "f93c00", NULL},
    {"1.1", "fb3ff199999999999a", NULL},
    {"1.5", "f93e00", NULL},
    {"65504.0", "f97bff", NULL},
    {"100000.0", "fa47c35000", NULL},
    {"3.4028234663852886e+38", "fa7f7fffff", NULL},
    {"1.0e+300", "fb7e37e43c8800759c", NULL},
    {"5.960464477539063e-8", "f90001", NULL},
    {"0.00006103515625", "f90400", NULL},
    {"-4.0", "f9c400", NULL},
    {"-4.1", "fbc010666666666666", NULL},
    {"Infinity", "f97c00", NULL},
    {"NaN", "f97e00", NULL},
    {"-Infinity", "f9fc00", NULL},
    {"Infinity, 32 bits", "fa7f800000", too_long},
    {"NaN, 32 bits", "fa7fc00000", too_long},
    {"-Infinity, 32 bits", "faff800000", too_long},
    {"Infinity, 64 bits", "fb7ff0000000000000", too_long},
    {"NaN, 64 bits", "fb7ff8000000000000", too_long},
    {"-Infinity, 64 bits", "fbfff0000000000000", too_long},
    {"false", "f4", NULL},
    {"true", "f5", NULL},
    {"null", "f6", NULL},
    {"undefined", "f7", other},
    {"simple(16)", "f0", other},
    {"simple(255)", "f8ff", other},
    {"0(\"2013-03-21T20:04:00Z\")", "c074323031332d30332d32315432303a30343a30305a", other},
    {"1(1363896240)", "c11a514b67b0", other},
    {"1(1363896240.5)", "c1fb41d452d9ec200000", other},
    {"23(h'01020304')", "d74401020304", other},
    {"24(h'6449455446')", "d818456449455446", other},
    {"32(\"http://www.example.com\")", "d82076687474703a2f2f7777772e6578616d706c652e636f6d", other},
    {"h''", "40", NULL},
    {"h'01020304'", "4401020304", NULL},
    {"\"\"", "60", NULL},
    {"\"a\"", "6161", NULL},
    {"\"IETF\"", "6449455446", NULL},
    {"\"\\\"\\\\\"", "62225c", NULL},
    {"\"\\u00fc\"", "62c3bc", NULL},
    {"\"\\u6c34\"", "63e6b0b4", NULL},
    {"\"\\ud800\\udd51\"", "64f0908591", NULL},
    {"[]", "80", NULL},
    {"[1, 2, 3]", "83010203", NULL},
    {"[1, [2, 3], [4, 5]]", "8301820203820405", NULL},
    {"[1 .. 25]", "98190102030405060708090a0b0c0d0e0f101112131415161718181819", NULL},
    {"{}", "a0", NULL},
    {"{1: 2, 3: 4}", "a201020304", NULL},
    {"{\"a\": 1, \"b\": [2, 3]}", "a26161016162820203", NULL},
    {"[\"a\", {\"b\": \"c\"}]", "826161a161626163", NULL},
    {"{\"a\": \"A\" .. \"e\": \"E\"}", "a56161614161626142616361436164614461656145", NULL},
    {"(_ h'0102', h'030405')", "5f42010243030405ff", open_ended},
    {"(_ \"strea\", \"ming\")", "7f657374726561646d696e67ff", open_ended},
    {"[_ ]", "9fff", open_ended},
    {"[_ 1, [2, 3], [_ 4, 5]]", "9f018202039f0405ffff", open_ended},
    {"[_ 1, [2, 3], [4, 5]]", "9f01820203820405ff", open_ended},
    {"[1, [2, 3], [_ 4, 5]]", "83018202039f0405ff", open_ended},
    {"[1, [_ 2, 3], [4, 5]]", "83019f0203ff820405", open_ended},
    {"[_ 1 .. 25]", "9f0102030405060708090a0b0c0d0e0f101112131415161718181819ff", open_ended},
    {"{_ \"a\": 1, \"b\": [_ 2, 3]}", "bf61610161629f0203ffff", open_ended},
    {"[\"a\", {_ \"b\": \"c\"}]", "826161bf61626163ff", open_ended},
    {"{_ \"Fun\": true, \"Amt\": -2}", "bf6346756ef563416d7421ff", open_ended},
    /* not in the RFC's table: what strictness adds */
    {"nothing", "", "cut short"},
    {"0 in two bytes", "1800", too_long},
    {"23 in two bytes", "1817", too_long},
    {"255 in three bytes", "1900ff", too_long},
    {"65535 in five bytes", "1a0000ffff", too_long},
    {"2^32-1 in nine bytes", "1b00000000ffffffff", too_long},
    {"bignum that 64 bits hold", "c248ffffffffffffffff", too_long},
    {"bignum with a leading zero", "c24a00010000000000000000", too_long},
    {"empty bignum", "c240", too_long},
    {"bignum above 128 bits", "c25101000000000000000000000000000000ff", "number outside 128 bits"},
    {"lowest number", "c3507fffffffffffffffffffffffffffffff", NULL},
    {"below the lowest number", "c35080000000000000000000000000000000", "number outside 128 bits"},
    {"bignum that is an int", "c201", "expected bytes"},
    {"tag 2 in two bytes", "d80249010000000000000000", other},
    {"text that is not UTF-8", "61ff", "text is not UTF-8"},
    {"text with a surrogate", "63eda080", "text is not UTF-8"},
    {"text, overlong", "62c080", "text is not UTF-8"},
    {"keys out of order", "a203040102", "map keys out of order"},
    {"the same key twice", "a201020104", "map keys out of order"},
    {"longer key before a shorter one", "a2626161016162 02", "map keys out of order"},
    {"false in two bytes", "f814", other},
    {"reserved head", "1c", "reserved head"},
    {"array cut short", "8201", "cut short"},
    {"array that lies", "9b00ffffffffffffff", "cut short"},
    {"bytes cut short", "4401", "cut short"},
    {"1.5 in 32 bits", "fa3fc00000", too_long},
    {"another NaN", "f97e01", too_long},
    {"half a float", "fb3ff19999", "cut short"},
};
/* clang-format on */

static struct gw_bytes from_hex(const char *hex, uint8_t *ret)
{
    char packed[256];
    size_t len = 0;
    for (; *hex; hex++) {
        if (*hex != ' ')
            packed[len++] = *hex;
    }
    assert_true(gw_unhex((struct gw_text){packed, len}, ret, len / 2));
    return (struct gw_bytes){ret, len / 2};
}

/* Writes back whatever the reader says is there. */
/* NOLINTNEXTLINE(misc-no-recursion): as deep as the examples above, at most 3 */
static void copy_items(struct gw_cbor_reader *r, size_t count, struct gw_buf *out)
{
    for (; count && r->why == NULL; count--) {
        size_t inner = 0;
        switch (gw_cbor_peek(r)) {
        case GW_CBOR_IS_INT: {
            struct gw_cbor_reader ahead = *r;
            gw_i128 value = gw_cbor_get_i128(&ahead);
            if (ahead.why == NULL) {
                *r = ahead;
                gw_cbor_put_i128(out, value);
            } else {
                gw_cbor_put_u128(out, gw_cbor_get_u128(r));
            }
            break;
        }
        case GW_CBOR_IS_BYTES:
            gw_cbor_put_bytes(out, gw_cbor_get_bytes(r));
            break;
        case GW_CBOR_IS_TEXT:
            gw_cbor_put_text(out, gw_cbor_get_text(r));
            break;
        case GW_CBOR_IS_ARRAY:
            inner = gw_cbor_get_array(r);
            gw_cbor_put_array(out, inner);
            copy_items(r, inner, out);
            break;
        case GW_CBOR_IS_MAP: {
            struct gw_cbor_map map = gw_cbor_get_map(r);
            gw_cbor_put_map(out, map.left);
            while (gw_cbor_map_next(r, &map))
                copy_items(r, 2, out);
            break;
        }
        case GW_CBOR_IS_BOOL:
            gw_cbor_put_bool(out, gw_cbor_get_bool(r));
            break;
        case GW_CBOR_IS_NULL:
            gw_cbor_get_null(r);
            gw_cbor_put_null(out);
            break;
        case GW_CBOR_IS_FLOAT:
            gw_cbor_put_f64(out, gw_cbor_get_f64(r));
            break;
        case GW_CBOR_IS_END:
        case GW_CBOR_IS_OTHER:
            (void)gw_cbor_skip(r);
            break;
        }
    }
}

static void appendix_a_of_the_rfc(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT_OF(examples); i++) {
        uint8_t memory[128], again[128];
        struct gw_bytes bytes = from_hex(examples[i].hex, memory);
        struct gw_cbor_reader r = gw_cbor_reader(bytes);
        struct gw_bytes span = gw_cbor_skip(&r);
        gw_cbor_end(&r);
        if (examples[i].why || r.why) {
            if (!examples[i].why || !r.why || strcmp(examples[i].why, r.why) != 0) {
                fail_msg("%s: expected '%s', got '%s'", examples[i].what,
                         examples[i].why ? examples[i].why : "taken", r.why ? r.why : "taken");
            }
            assert_true(gw_cbor_failed(&r) && span.len == 0);
            continue;
        }
        assert_true(gw_bytes_equal(span, bytes));
        struct gw_buf out;
        gw_buf_init_fixed(&out, again, sizeof(again));
        r = gw_cbor_reader(bytes);
        copy_items(&r, 1, &out);
        gw_cbor_end(&r);
        if (r.why || !gw_bytes_equal(gw_buf_bytes(&out), bytes))
            fail_msg("%s: does not come back: %s", examples[i].what, r.why ? r.why : "other bytes");
    }
}

static void reader_remembers_its_first_failure(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0x83, 0x01, 0x61, 0x78, 0x02};
    struct gw_err err = {0};
    struct gw_cbor_reader r = gw_cbor_reader((struct gw_bytes){bytes, sizeof(bytes)});
    gw_cbor_get_array_of(&r, 3);
    assert_int_equal(gw_cbor_get_uint(&r), 1);
    assert_int_equal(gw_cbor_get_uint(&r), 0); /* it is text */
    assert_int_equal(gw_cbor_get_bytes(&r).len, 0);
    assert_int_equal(gw_cbor_peek(&r), GW_CBOR_IS_END);
    gw_cbor_fail(&r, "too late");
    assert_int_equal(gw_cbor_check(&r, GW_CORRUPT, "record", &err), GW_CORRUPT);
    assert_string_equal(err.msg, "record: byte 2: expected a whole number >= 0");
}

static void typed_gets_know_their_range(void **state)
{
    (void)state;
    uint8_t memory[64];
    struct gw_cbor_reader r = gw_cbor_reader(from_hex("1b8000000000000000", memory));
    assert_int_equal(gw_cbor_get_int(&r), 0);
    assert_string_equal(r.why, "number outside 64 bits");
    assert_int_equal(r.failed_at, 0);
    r = gw_cbor_reader(from_hex("3b7fffffffffffffff", memory));
    assert_true(gw_cbor_get_int(&r) == INT64_MIN && r.why == NULL);
    r = gw_cbor_reader(from_hex("c35080000000000000000000000000000000", memory));
    assert_true(gw_cbor_get_i128(&r) == 0 && r.why != NULL);
    r = gw_cbor_reader(from_hex("20", memory));
    assert_true(gw_cbor_get_u128(&r) == 0 && r.why != NULL);
    r = gw_cbor_reader(from_hex("1864", memory));
    assert_true(gw_cbor_get_uint_to(&r, 99) == 0 && r.why != NULL);
    r = gw_cbor_reader(from_hex("43010203", memory));
    uint8_t four[4] = {9, 9, 9, 9};
    gw_cbor_get_exact(&r, four, 4);
    assert_string_equal(r.why, "bytes of another length");
    assert_int_equal(four[0], 0);
    r = gw_cbor_reader(from_hex("8102", memory));
    gw_cbor_get_array_of(&r, 2);
    assert_string_equal(r.why, "array of another length");
    r = gw_cbor_reader(from_hex("f601", memory));
    assert_true(gw_cbor_take_null(&r) && !gw_cbor_take_null(&r));
    assert_int_equal(gw_cbor_get_uint(&r), 1);
    assert_true(gw_cbor_at_end(&r) && !gw_cbor_failed(&r));
}

static void skip_is_bounded_in_depth(void **state)
{
    (void)state;
    uint8_t deep[100];
    memset(deep, 0x81, sizeof(deep));
    deep[GW_CBOR_DEPTH_MAX] = 0x00;
    struct gw_cbor_reader r = gw_cbor_reader((struct gw_bytes){deep, sizeof(deep)});
    assert_int_equal(gw_cbor_skip(&r).len, GW_CBOR_DEPTH_MAX + 1);
    deep[GW_CBOR_DEPTH_MAX] = 0x81;
    deep[sizeof(deep) - 1] = 0x00;
    r = gw_cbor_reader((struct gw_bytes){deep, sizeof(deep)});
    assert_int_equal(gw_cbor_skip(&r).len, 0);
    assert_string_equal(r.why, "nested too deeply");
    assert_int_equal(r.failed_at, GW_CBOR_DEPTH_MAX);
}

static gw_i128 random_i128(struct gw_rand *rand)
{
    gw_u128 wide = (gw_u128)gw_rand_u64(rand) << 64 | gw_rand_u64(rand);
    return (gw_i128)(wide >> gw_rand_below(rand, 128)) * (gw_rand_chance(rand, 1, 2) ? 1 : -1);
}

static void integers_of_every_size_come_back(void **state)
{
    (void)state;
    struct gw_rand rand;
    gw_rand_init(&rand, 7);
    for (int i = 0; i < 20000; i++) {
        uint8_t memory[2 * GW_CBOR_INT_MAX];
        struct gw_buf buf;
        gw_buf_init_fixed(&buf, memory, sizeof(memory));
        gw_i128 value = random_i128(&rand);
        int64_t small = (int64_t)value;
        gw_cbor_put_i128(&buf, value);
        assert_true(buf.len <= GW_CBOR_INT_MAX);
        gw_cbor_put_int(&buf, small);
        struct gw_cbor_reader r = gw_cbor_reader(gw_buf_bytes(&buf));
        assert_true(gw_cbor_get_i128(&r) == value);
        assert_true(gw_cbor_get_int(&r) == small);
        gw_cbor_end(&r);
        struct gw_err err;
        assert_ok(gw_cbor_check(&r, GW_INVALID, "integers", &err), &err);
    }
}

/* A random pattern of each width, so that all three shapes and their subnormals turn up. */
static void floats_come_back_in_their_shortest_form(void **state)
{
    (void)state;
    struct gw_rand rand;
    gw_rand_init(&rand, 8);
    for (int i = 0; i < 200000; i++) {
        double value = 0;
        float single = 0;
        uint64_t bits = gw_rand_u64(&rand);
        uint32_t low = (uint32_t)bits;
        memcpy(&single, &low, sizeof(single));
        memcpy(&value, &bits, sizeof(value));
        if (i % 2)
            value = (double)single;
        memcpy(&bits, &value, sizeof(bits));
        uint8_t memory[GW_CBOR_HEAD_MAX];
        struct gw_buf buf;
        gw_buf_init_fixed(&buf, memory, sizeof(memory));
        gw_cbor_put_f64(&buf, bits);
        struct gw_cbor_reader r = gw_cbor_reader(gw_buf_bytes(&buf));
        uint64_t again = gw_cbor_get_f64(&r);
        assert_false(gw_cbor_failed(&r));
        if (value == value) {
            assert_true(again == bits && (i % 2 == 0 || buf.len <= 5));
        } else {
            assert_true(buf.len == 3);
        }
    }
}

static void a_full_buffer_is_remembered(void **state)
{
    (void)state;
    uint8_t memory[3];
    struct gw_buf buf;
    gw_buf_init_fixed(&buf, memory, sizeof(memory));
    gw_cbor_put_uint(&buf, 1);
    gw_cbor_put_uint(&buf, 1000); /* three bytes into two */
    gw_cbor_put_uint(&buf, 2);
    assert_int_equal(buf.len, 1);
    assert_int_equal(gw_buf_check(&buf, "record", NULL), GW_TOOLARGE);
}

static void utf8_is_told_byte_by_byte(void **state)
{
    (void)state;
    assert_int_equal(gw_utf8_bad_at(gw_text("plain ASCII, longer than eight")), 30);
    assert_int_equal(gw_utf8_bad_at(gw_text("gr\xc3\xbc\xc3\x9f, \xf0\x9f\x90\xa6!")), 13);
    assert_int_equal(gw_utf8_bad_at(gw_text("12345678\xed\xa0\x80")), 8);
    assert_int_equal(gw_utf8_bad_at(gw_text("a\xf4\x90\x80\x80")), 1);
    assert_int_equal(gw_utf8_bad_at(gw_text("a\xe2\x82")), 1);
    assert_int_equal(gw_utf8_count(gw_text("gr\xc3\xbc\xc3\x9f \xf0\x9f\x90\xa6")), 6);
    for (uint32_t scalar = 0; scalar < 0x110100; scalar++) {
        char four[4];
        size_t len = gw_utf8_put(scalar, four);
        bool is_scalar = scalar < 0x110000 && (scalar < 0xD800 || scalar > 0xDFFF);
        assert_true(is_scalar ? len && gw_utf8_length(four, len) == len : len == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appendix_a_of_the_rfc),
        cmocka_unit_test(reader_remembers_its_first_failure),
        cmocka_unit_test(typed_gets_know_their_range),
        cmocka_unit_test(skip_is_bounded_in_depth),
        cmocka_unit_test(integers_of_every_size_come_back),
        cmocka_unit_test(floats_come_back_in_their_shortest_form),
        cmocka_unit_test(a_full_buffer_is_remembered),
        cmocka_unit_test(utf8_is_told_byte_by_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
