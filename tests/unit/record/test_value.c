/* Properties of values over seeded random types: canonical bytes, key bytes, order, copies, hostile input. */
#include "kit/kit.h"

#include <stdlib.h>

#include "kit_record/random_value.h"

enum { ROUNDS = 4000, ARENA_MAX = 64 << 20, BUF_MAX = 1 << 20 };

struct bench {
    struct gw_arena arena;
    struct gw_buf bytes, again;
    struct gw_rand rand;
    struct gw_err err;
};

static void bench_open(struct bench *bench, uint64_t seed)
{
    gw_arena_init(&bench->arena, &gw_kit_alloc, ARENA_MAX);
    gw_buf_init(&bench->bytes, &gw_kit_alloc, BUF_MAX);
    gw_buf_init(&bench->again, &gw_kit_alloc, BUF_MAX);
    gw_rand_init(&bench->rand, seed);
}

static void bench_next(struct bench *bench)
{
    gw_arena_reset(&bench->arena);
    gw_buf_reset(&bench->bytes);
    gw_buf_reset(&bench->again);
}

static void bench_close(struct bench *bench)
{
    gw_arena_done(&bench->arena);
    gw_buf_done(&bench->bytes);
    gw_buf_done(&bench->again);
}

static const struct gw_random_opts ANY = {.depth = 3};
static const struct gw_random_opts KEYS = {.depth = 2, .keys_only = true};

static void decode_of_encode_is_the_identity(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench, 1);
    for (int i = 0; i < ROUNDS; i++, bench_next(&bench)) {
        const struct gw_type *type = gw_random_type(&bench.rand, &ANY, &bench.arena);
        union gw_value value = gw_random_value(&bench.rand, type, &bench.arena), back;
        assert_ok(gw_value_check(type, value, &bench.err), &bench.err);
        gw_value_encode(type, value, &bench.bytes);
        assert_true(bench.bytes.len <= type->bytes_max);
        struct gw_cbor_reader reader = gw_cbor_reader(gw_buf_bytes(&bench.bytes));
        assert_ok(gw_value_decode(type, &reader, &bench.arena, &back, &bench.err), &bench.err);
        assert_true(gw_cbor_at_end(&reader));
        assert_true(gw_value_equal(type, value, back));
        reader = gw_cbor_reader(gw_buf_bytes(&bench.bytes)); /* and it is canonical CBOR */
        assert_int_equal(gw_cbor_skip(&reader).len, bench.bytes.len);
    }
    bench_close(&bench);
}

static void what_decode_accepts_encode_writes_back(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench, 2);
    int accepted = 0;
    for (int i = 0; i < 5 * ROUNDS; i++, bench_next(&bench)) {
        const struct gw_type *type = gw_random_type(&bench.rand, &ANY, &bench.arena);
        gw_value_encode(type, gw_random_value(&bench.rand, type, &bench.arena), &bench.bytes);
        size_t at = gw_rand_below(&bench.rand, bench.bytes.len);
        bench.bytes.data[at] ^= (uint8_t)(1 << gw_rand_below(&bench.rand, 8)); /* a damaged bit */
        struct gw_cbor_reader reader = gw_cbor_reader(gw_buf_bytes(&bench.bytes));
        union gw_value back;
        bench.err = (struct gw_err){0};
        gw_rc rc = gw_value_decode(type, &reader, &bench.arena, &back, &bench.err);
        assert_true(rc == GW_OK || (rc == GW_INVALID && bench.err.msg[0]));
        if (rc < 0)
            continue;
        accepted++;
        assert_ok(gw_value_check(type, back, &bench.err), &bench.err);
        gw_value_encode(type, back, &bench.again);
        assert_memory_equal(bench.again.data, bench.bytes.data, bench.again.len);
    }
    assert_true(accepted > ROUNDS / 10); /* flipped digits of numbers stay valid */
    bench_close(&bench);
}

static void check_refuses_what_decode_refuses(void **state)
{
    (void)state;
    struct gw_err err;
    const struct gw_type *u8 = gw_type_of_kind(GW_TYPE_U8);
    const struct gw_type *real = gw_type_of_kind(GW_TYPE_REAL);
    struct gw_type str = {.kind = GW_TYPE_STR, .max = 3};
    assert_ok(gw_type_finish(&str, &err), &err);
    assert_int_equal(gw_value_check(u8, (union gw_value){.u = 256}, &err), GW_INVALID);
    assert_non_null(strstr(err.msg, "u8"));
    assert_int_equal(gw_value_check(gw_type_of_kind(GW_TYPE_BOOL), (union gw_value){.i = 2}, &err),
                     GW_INVALID);
    union gw_value nan = {.u = UINT64_C(0x7ff8000000000001)};
    assert_int_equal(gw_value_check(real, nan, &err), GW_INVALID);
    union gw_value long_text = {.bytes = {(const uint8_t *)"four", 4}};
    assert_int_equal(gw_value_check(&str, long_text, &err), GW_INVALID);
    union gw_value bad_text = {.bytes = {(const uint8_t *)"\xc3(", 2}};
    assert_int_equal(gw_value_check(&str, bad_text, &err), GW_INVALID);
    assert_non_null(strstr(err.msg, "byte 0"));
}

/* One row, one type and bytes that are canonical CBOR, but no value of it. */
static void decode_refuses_what_is_outside_its_type(void **state)
{
    (void)state;
    const struct gw_enum_member members[] = {{GW_TEXT_LIT("A"), 1}, {GW_TEXT_LIT("B"), 5}};
    const struct gw_enum kinds = {GW_TEXT_LIT("Kind"), GW_TYPE_U8, members, 2};
    const struct gw_type *const u8_item[] = {gw_type_of_kind(GW_TYPE_U8)};
    struct gw_type str = {.kind = GW_TYPE_STR, .max = 3}, blob = {.kind = GW_TYPE_BYTES, .max = 3};
    struct gw_type dec = {.kind = GW_TYPE_DEC, .precision = 3, .scale = 2};
    struct gw_type wide = {.kind = GW_TYPE_DEC, .precision = 19, .scale = 2};
    struct gw_type time = {.kind = GW_TYPE_TIME, .unit = GW_TIME_S};
    struct gw_type kind = {.kind = GW_TYPE_ENUM, .members = &kinds};
    struct gw_type list = {.kind = GW_TYPE_LIST, .items = u8_item, .item_count = 1, .max = 2};
    struct gw_type pair = {.kind = GW_TYPE_TUPLE, .items = u8_item, .item_count = 1};
    struct gw_type *const made[] = {&str, &blob, &dec, &wide, &time, &kind, &list, &pair};
    for (size_t i = 0; i < GW_COUNT_OF(made); i++)
        assert_int_equal(gw_type_finish(made[i], NULL), GW_OK);
    const struct {
        const struct gw_type *type;
        const char *hex;
    } cases[] = {
        {&str, "6461626364"},
        {&str, "62c328"},
        {&str, "43616263"},
        {&blob, "4401020304"},
        {&blob, "63616263"},
        {&dec, "82021903e8"},
        {&dec, "82023903e7"},
        {&dec, "820101"},
        {&dec, "01"},
        {&wide, "82021b8ac7230489e80000"},
        {&wide, "82023b8ac7230489e7ffff"},
        {&time, "1b0000003afff44180"},
        {&kind, "02"},
        {&kind, "20"},
        {&list, "83010203"},
        {&list, "8118"},
        {&pair, "80"},
        {&pair, "820101"},
        {u8_item[0], "190100"},
        {u8_item[0], "20"},
        {u8_item[0], "1801"},
        {gw_type_of_kind(GW_TYPE_BOOL), "01"},
        {gw_type_of_kind(GW_TYPE_I8), "1880"},
        {gw_type_of_kind(GW_TYPE_I8), "3880"},
        {gw_type_of_kind(GW_TYPE_UUID), "4f000102030405060708090a0b0c0d0e"},
        {gw_type_of_kind(GW_TYPE_REAL), "fb7ff8000000000001"},
        {gw_type_of_kind(GW_TYPE_I128), "c250ffffffffffffffffffffffffffffffff"},
        {u8_item[0], ""},
    };
    struct bench bench;
    bench_open(&bench, 7);
    for (size_t i = 0; i < GW_COUNT_OF(cases); i++) {
        uint8_t bytes[32];
        size_t len = strlen(cases[i].hex) / 2;
        union gw_value value = {.u = 77};
        assert_true(gw_unhex(gw_text(cases[i].hex), bytes, len));
        struct gw_cbor_reader reader = gw_cbor_reader((struct gw_bytes){bytes, len});
        gw_rc rc = gw_value_decode(cases[i].type, &reader, &bench.arena, &value, &bench.err);
        if (rc == GW_OK)
            print_error("accepted %s\n", cases[i].hex);
        assert_int_equal(rc, GW_INVALID);
        assert_true(value.u == 77);
    }
    bench_close(&bench);
}

static int sign(int order)
{
    return (order > 0) - (order < 0);
}

static void key_order_is_value_order(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench, 3);
    int orders[3] = {0};
    for (int i = 0; i < 4 * ROUNDS; i++, bench_next(&bench)) {
        const struct gw_type *type = gw_random_type(&bench.rand, &KEYS, &bench.arena);
        union gw_value a = gw_random_value(&bench.rand, type, &bench.arena);
        union gw_value b = gw_random_other(&bench.rand, type, a, &bench.arena);
        gw_value_key(type, a, &bench.bytes);
        gw_value_key(type, b, &bench.again);
        int order = sign(gw_value_compare(type, a, b));
        assert_int_equal(
            sign(gw_bytes_compare(gw_buf_bytes(&bench.bytes), gw_buf_bytes(&bench.again))), order);
        assert_int_equal(gw_value_equal(type, a, b), order == 0);
        assert_int_equal(sign(gw_value_compare(type, b, a)), -order);
        orders[order + 1]++;
    }
    assert_true(orders[0] > 100 && orders[1] > 100 && orders[2] > 100);
    bench_close(&bench);
}

static void unkey_of_key_is_the_identity_and_finds_its_end(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench, 4);
    for (int i = 0; i < ROUNDS; i++, bench_next(&bench)) {
        const struct gw_type *type = gw_random_type(&bench.rand, &KEYS, &bench.arena);
        union gw_value value = gw_random_value(&bench.rand, type, &bench.arena), back;
        gw_value_key(type, value, &bench.bytes);
        gw_buf_put_str(&bench.bytes, "tail");
        struct gw_bytes at = gw_buf_bytes(&bench.bytes);
        assert_ok(gw_value_unkey(type, &at, &bench.arena, &back, &bench.err), &bench.err);
        assert_text_equal(gw_bytes_text(at), "tail");
        assert_true(gw_value_equal(type, value, back));
    }
    bench_close(&bench);
}

static void damaged_keys_are_refused_or_written_back(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench, 5);
    for (int i = 0; i < 5 * ROUNDS; i++, bench_next(&bench)) {
        const struct gw_type *type = gw_random_type(&bench.rand, &KEYS, &bench.arena);
        gw_value_key(type, gw_random_value(&bench.rand, type, &bench.arena), &bench.bytes);
        size_t len = gw_rand_below(&bench.rand, bench.bytes.len + 1);
        if (len)
            bench.bytes.data[gw_rand_below(&bench.rand, len)] = (uint8_t)gw_rand_u64(&bench.rand);
        uint8_t *exact = malloc(len ? len : 1); /* so that reading behind the end is seen */
        assert_non_null(exact);
        memcpy(exact, bench.bytes.data, len);
        struct gw_bytes at = {exact, len};
        union gw_value back;
        if (gw_value_unkey(type, &at, &bench.arena, &back, &bench.err) == GW_OK) {
            gw_value_key(type, back, &bench.again);
            assert_int_equal(bench.again.len, len - at.len);
            assert_memory_equal(bench.again.data, exact, bench.again.len);
        }
        free(exact);
    }
    bench_close(&bench);
}

static void a_copy_is_equal_and_owns_its_bytes(void **state)
{
    (void)state;
    struct bench bench;
    struct gw_arena other;
    bench_open(&bench, 6);
    gw_arena_init(&other, &gw_kit_alloc, ARENA_MAX);
    for (int i = 0; i < ROUNDS / 4; i++, bench_next(&bench)) {
        const struct gw_type *type = gw_random_type(&bench.rand, &ANY, &bench.arena);
        union gw_value copy;
        struct gw_arena_mark mark = gw_arena_mark(&bench.arena);
        union gw_value value = gw_random_value(&bench.rand, type, &bench.arena);
        gw_value_encode(type, value, &bench.bytes);
        assert_true(gw_value_copy(type, value, &other, &copy));
        gw_arena_back_to(&bench.arena, mark); /* the original is gone */
        gw_value_encode(type, copy, &bench.again);
        assert_int_equal(bench.bytes.len, bench.again.len);
        assert_memory_equal(bench.bytes.data, bench.again.data, bench.again.len);
        gw_arena_reset(&other);
    }
    gw_arena_done(&other);
    bench_close(&bench);
}

/* Every arena request refused once: GW_NOMEM each time, nothing written, nothing lost. */
static void refused_memory_is_reported(void **state)
{
    (void)state;
    struct gw_err err;
    const struct gw_type *const u64_item[] = {gw_type_of_kind(GW_TYPE_U64)};
    struct gw_type opt = {.kind = GW_TYPE_OPT, .items = u64_item, .item_count = 1};
    assert_ok(gw_type_finish(&opt, &err), &err);
    const struct gw_type *const opt_item[] = {&opt};
    struct gw_type list = {.kind = GW_TYPE_LIST, .items = opt_item, .item_count = 1, .max = 4};
    assert_ok(gw_type_finish(&list, &err), &err);
    static const uint8_t input[] = {0x83, 0x01, 0xf6, 0x03};
    for (size_t bytes = 0;; bytes += 16) {
        struct gw_arena arena;
        gw_arena_init(&arena, &gw_kit_alloc, bytes);
        struct gw_cbor_reader reader = gw_cbor_reader((struct gw_bytes){input, sizeof(input)});
        union gw_value value = {.u = 77};
        gw_rc rc = gw_value_decode(&list, &reader, &arena, &value, &err);
        if (rc < 0) {
            assert_int_equal(rc, GW_NOMEM);
            assert_true(value.u == 77);
        } else {
            assert_int_equal(value.list.count, 3);
            assert_null(value.list.items[1].opt);
        }
        gw_arena_done(&arena);
        if (rc == GW_OK) {
            assert_int_equal(bytes, 3 * 16 + 2 * 16);
            return;
        }
    }
}

/* (opt<u8>, bytes<4>) with an escape: unkey and copy under every bound of memory up to the one that is enough. */
static void refused_memory_is_reported_by_unkey_and_copy(void **state)
{
    (void)state;
    struct gw_err err;
    const struct gw_type *const u8_item[] = {gw_type_of_kind(GW_TYPE_U8)};
    struct gw_type opt = {.kind = GW_TYPE_OPT, .items = u8_item, .item_count = 1};
    struct gw_type blob = {.kind = GW_TYPE_BYTES, .max = 4};
    const struct gw_type *const parts[] = {&opt, &blob};
    struct gw_type tuple = {.kind = GW_TYPE_TUPLE, .items = parts, .item_count = 2};
    assert_ok(gw_type_finish(&opt, &err), &err);
    assert_ok(gw_type_finish(&blob, &err), &err);
    assert_ok(gw_type_finish(&tuple, &err), &err);
    static const uint8_t key[] = {0x01, 0x07, 0x61, 0x00, 0xff, 0x00, 0x00};
    for (size_t bytes = 0;; bytes += 16) {
        struct gw_arena arena, copies;
        gw_arena_init(&arena, &gw_kit_alloc, bytes);
        gw_arena_init(&copies, &gw_kit_alloc, bytes);
        struct gw_bytes at = {key, sizeof(key)};
        union gw_value value = {.u = 77}, copy = {.u = 77};
        gw_rc rc = gw_value_unkey(&tuple, &at, &arena, &value, &err);
        if (rc == GW_OK) {
            assert_int_equal(value.list.items[1].bytes.len, 2);
            assert_true(gw_value_copy(&tuple, value, &copies, &copy));
            assert_true(gw_value_equal(&tuple, value, copy));
            gw_arena_done(&copies);
            gw_arena_init(&copies, &gw_kit_alloc, bytes - 16);
            copy = (union gw_value){.u = 77};
            assert_false(gw_value_copy(&tuple, value, &copies, &copy));
        }
        assert_true(rc == GW_OK || (rc == GW_NOMEM && value.u == 77));
        assert_true(copy.u == 77);
        gw_arena_done(&arena);
        gw_arena_done(&copies);
        if (rc == GW_OK)
            return;
    }
}

static void key_bytes_are_as_the_format_says(void **state)
{
    (void)state;
    struct gw_err err;
    char hex[128];
    uint8_t memory[64];
    struct gw_buf buf;
    struct gw_type str = {.kind = GW_TYPE_STR, .max = 8};
    assert_ok(gw_type_finish(&str, &err), &err);
    const struct gw_type *const parts[] = {gw_type_of_kind(GW_TYPE_I16), &str};
    struct gw_type tuple = {.kind = GW_TYPE_TUPLE, .items = parts, .item_count = 2};
    assert_ok(gw_type_finish(&tuple, &err), &err);
    union gw_value items[2] = {{.i = -2}, {.bytes = {(const uint8_t *)"a\0b", 3}}};
    union gw_value value;
    value.list.items = items;
    value.list.count = 2;
    gw_buf_init_fixed(&buf, memory, sizeof(memory));
    gw_value_key(&tuple, value, &buf);
    gw_hex(gw_buf_bytes(&buf), hex);
    assert_string_equal(hex, "7ffe"
                             "6100ff620000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decode_of_encode_is_the_identity),
        cmocka_unit_test(what_decode_accepts_encode_writes_back),
        cmocka_unit_test(check_refuses_what_decode_refuses),
        cmocka_unit_test(decode_refuses_what_is_outside_its_type),
        cmocka_unit_test(key_order_is_value_order),
        cmocka_unit_test(unkey_of_key_is_the_identity_and_finds_its_end),
        cmocka_unit_test(damaged_keys_are_refused_or_written_back),
        cmocka_unit_test(a_copy_is_equal_and_owns_its_bytes),
        cmocka_unit_test(refused_memory_is_reported),
        cmocka_unit_test(refused_memory_is_reported_by_unkey_and_copy),
        cmocka_unit_test(key_bytes_are_as_the_format_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
