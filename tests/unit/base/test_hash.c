#include "kit/kit.h"

#include "base/hash.h"
#include "base/kv.h"

/* FIPS 180-4 examples, and the empty text. */
static void sha256_of_known_texts(void **state)
{
    (void)state;
    static const struct {
        const char *text, *hex;
    } cases[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    for (size_t i = 0; i < GW_COUNT_OF(cases); i++) {
        char hex[65];
        struct gw_sha256 hash = gw_sha256(gw_text_bytes(gw_text(cases[i].text)));
        gw_hex((struct gw_bytes){hash.bytes, sizeof(hash.bytes)}, hex);
        assert_string_equal(hex, cases[i].hex);
    }
}

static void sha256_in_pieces_of_any_size(void **state)
{
    (void)state;
    static const char million[] =
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";
    uint8_t piece[300];
    memset(piece, 'a', sizeof(piece));
    for (size_t step = 1; step <= sizeof(piece); step += 37) {
        struct gw_sha256_state sum;
        gw_sha256_init(&sum);
        for (size_t left = 1000000; left;) {
            size_t take = GW_MIN(left, step);
            gw_sha256_add(&sum, (struct gw_bytes){piece, take});
            left -= take;
        }
        struct gw_sha256 hash = gw_sha256_end(&sum);
        char hex[65];
        gw_hex((struct gw_bytes){hash.bytes, sizeof(hash.bytes)}, hex);
        assert_string_equal(hex, million);
    }
}

/* xxHash specification 0.8, seed 0. The canonical form is big-endian. */
static void xxh3_of_known_texts(void **state)
{
    (void)state;
    char hex[33];
    struct gw_hash128 empty = gw_hash128((struct gw_bytes){NULL, 0});
    gw_hex((struct gw_bytes){empty.bytes, sizeof(empty.bytes)}, hex);
    assert_string_equal(hex, "99aa06d3014798d86001c324468d497f");
    assert_true(gw_hash64((struct gw_bytes){NULL, 0}, 0) == UINT64_C(0x2d06800538d394c2));
    gw_u128 number = gw_hash128_number(empty);
    assert_true((uint64_t)(number >> 64) == UINT64_C(0x99aa06d3014798d8));
    assert_true(gw_hash128_equal(gw_hash128_of_number(number), empty));
}

static void parts_hash_like_the_whole(void **state)
{
    (void)state;
    static uint8_t data[4096];
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 131 + i / 256);
    for (size_t len = 0; len <= sizeof(data); len = len * 2 + 1) {
        struct gw_hash128 whole = gw_hash128((struct gw_bytes){data, len});
        for (size_t cut = 0; cut <= len; cut += 1 + len / 7) {
            const struct gw_bytes parts[] = {{data, cut}, {NULL, 0}, {data + cut, len - cut}};
            assert_true(gw_hash128_equal(gw_hash128_parts(parts, GW_COUNT_OF(parts)), whole));
        }
    }
}

static void a_pair_sum_separates_key_from_value(void **state)
{
    (void)state;
    struct gw_bytes ab = {(const uint8_t *)"ab", 2}, a = {(const uint8_t *)"a", 1},
                    b = {(const uint8_t *)"b", 1}, none = {NULL, 0};
    assert_false(gw_kv_pair_sum(ab, none) == gw_kv_pair_sum(a, b));
    assert_true(gw_kv_pair_sum(a, b) == gw_kv_pair_sum(a, b));
}

static void hex_both_ways(void **state)
{
    (void)state;
    uint8_t bytes[3] = {9, 9, 9};
    char hex[7];
    gw_hex((struct gw_bytes){(const uint8_t *)"\x00\xfa\x10", 3}, hex);
    assert_string_equal(hex, "00fa10");
    assert_true(gw_unhex(GW_TEXT_LIT("00FA10"), bytes, 3));
    assert_memory_equal(bytes, "\x00\xfa\x10", 3);
    assert_false(gw_unhex(GW_TEXT_LIT("00fa1"), bytes, 3));
    assert_false(gw_unhex(GW_TEXT_LIT("00fa1g"), bytes, 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_of_known_texts),
        cmocka_unit_test(sha256_in_pieces_of_any_size),
        cmocka_unit_test(xxh3_of_known_texts),
        cmocka_unit_test(parts_hash_like_the_whole),
        cmocka_unit_test(a_pair_sum_separates_key_from_value),
        cmocka_unit_test(hex_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
