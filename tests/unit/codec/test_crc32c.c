#include "kit/kit.h"

#include "codec/crc32c.h"

#include "base/rand.h"

static uint32_t crc_of(uint8_t first, int step, size_t len)
{
    uint8_t data[64];
    for (size_t i = 0; i < len; i++)
        data[i] = (uint8_t)(first + step * (int)i);
    return gw_crc32c((struct gw_bytes){data, len});
}

/* RFC 3720 B.4 prints the bytes as they are sent, low byte first. */
static void vectors_of_rfc_3720(void **state)
{
    (void)state;
    static const uint8_t read_pdu[48] = {
        0x01, 0xc0, 0, 0,    0, 0, 0, 0,    0,    0, 0, 0, 0, 0, 0, 0, 0x14, 0, 0, 0, 0, 0, 0x04, 0,
        0,    0,    0, 0x14, 0, 0, 0, 0x18, 0x28, 0, 0, 0, 0, 0, 0, 0, 0x02, 0, 0, 0, 0, 0, 0,    0,
    };
    assert_int_equal(crc_of(0x00, 0, 32), 0x8a9136aa);
    assert_int_equal(crc_of(0xff, 0, 32), 0x62a8ab43);
    assert_int_equal(crc_of(0x00, 1, 32), 0x46dd794e);
    assert_int_equal(crc_of(0x1f, -1, 32), 0x113fdb5c);
    assert_int_equal(gw_crc32c((struct gw_bytes){read_pdu, sizeof(read_pdu)}), 0xd9963a56);
    assert_int_equal(gw_crc32c(gw_text_bytes(GW_TEXT_LIT("123456789"))), 0xe3069283);
    assert_int_equal(gw_crc32c((struct gw_bytes){NULL, 0}), 0);
}

static uint32_t bit_by_bit(const uint8_t *data, size_t len)
{
    uint32_t crc = ~0U;
    for (size_t i = 0; i < len; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0x82F63B78 : 0);
    }
    return ~crc;
}

/* Every length up to past the long stride, every alignment, cut in two at a random place. */
static void instruction_table_and_definition_agree(void **state)
{
    (void)state;
    static uint8_t data[7000];
    struct gw_rand rand;
    gw_rand_init(&rand, 1);
    gw_rand_fill(&rand, data, sizeof(data));
    for (size_t len = 0; len < 6500; len += len < 700 ? 1 : 37) {
        struct gw_bytes bytes = {data + len % 16, len};
        uint32_t expected = bit_by_bit(bytes.data, len);
        size_t cut = gw_rand_below(&rand, len + 1);
        uint32_t first = gw_crc32c((struct gw_bytes){bytes.data, cut});
        assert_int_equal(gw_crc32c(bytes), expected);
        assert_int_equal(gw_crc32c_add_soft(0, bytes), expected);
        assert_int_equal(gw_crc32c_add(first, (struct gw_bytes){bytes.data + cut, len - cut}),
                         expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_of_rfc_3720),
        cmocka_unit_test(instruction_table_and_definition_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
