#include "codec/crc32c.h"

#include "codec/crc32c_table.h"

#if defined(__x86_64__)
#include <nmmintrin.h>
#include <wmmintrin.h>
#define TARGET_SSE42 __attribute__((target("sse4.2,pclmul")))
#endif

/* Source: Kounavis and Berry 2005, "A Systematic Approach to Building High Performance Software-based CRC Generators". */
uint32_t gw_crc32c_add_soft(uint32_t crc, struct gw_bytes data)
{
    const uint8_t *at = data.data;
    size_t left = data.len;
    crc = ~crc;
    for (; left >= 8; left -= 8, at += 8) {
        uint64_t eight = 0;
        memcpy(&eight, at, sizeof(eight));
        eight ^= crc;
        crc = 0;
        for (unsigned i = 0; i < 8; i++)
            crc ^= crc32c_table[7 - i][eight >> (8 * i) & 0xFF];
    }
    for (; left; left--)
        crc = crc32c_table[0][(crc ^ *at++) & 0xFF] ^ crc >> 8;
    return ~crc;
}

#ifdef TARGET_SSE42

static uint64_t eight_at(const uint8_t *at)
{
    uint64_t eight = 0;
    memcpy(&eight, at, sizeof(eight));
    return eight;
}

/* Three streams at once hide the instruction's latency of three cycles. Moving a CRC over n bytes of zeros is a
 * multiplication by x^8n: carry-less by x^(8n-33), and the CRC instruction reduces and adds the missing x^33.
 * Source: Gopal et al. 2011, "Fast CRC Computation for iSCSI Polynomial Using CRC32 Instruction" (Intel 323405). */
struct stride {
    size_t bytes;            /* of one stream */
    uint32_t by_one, by_two; /* x^(8 * bytes - 33), x^(16 * bytes - 33), reflected */
};

TARGET_SSE42 static uint64_t moved(uint32_t crc, uint32_t factor)
{
    __m128i product = _mm_clmulepi64_si128(_mm_cvtsi64_si128((int64_t)crc),
                                           _mm_cvtsi64_si128((int64_t)factor), 0);
    return (uint64_t)_mm_cvtsi128_si64(product);
}

TARGET_SSE42 static uint32_t three_streams(uint32_t crc, const uint8_t *at, struct stride stride)
{
    uint64_t one = crc, two = 0, three = 0;
    for (const uint8_t *end = at + stride.bytes; at < end; at += 8) {
        one = _mm_crc32_u64(one, eight_at(at));
        two = _mm_crc32_u64(two, eight_at(at + stride.bytes));
        three = _mm_crc32_u64(three, eight_at(at + 2 * stride.bytes));
    }
    uint64_t ahead = moved((uint32_t)one, stride.by_two) ^ moved((uint32_t)two, stride.by_one);
    return (uint32_t)(_mm_crc32_u64(0, ahead) ^ three);
}

TARGET_SSE42 static uint32_t crc32c_add_hard(uint32_t crc, struct gw_bytes data)
{
    static const struct stride strides[] = {{1024, 0x170076FA, 0xA51B6135},
                                            {64, 0x9E4ADDF8, 0x0D3B6092}};
    const uint8_t *at = data.data;
    size_t left = data.len;
    crc = ~crc;
    for (size_t i = 0; i < GW_COUNT_OF(strides); i++) {
        size_t step = 3 * strides[i].bytes;
        for (; left >= step; left -= step, at += step)
            crc = three_streams(crc, at, strides[i]);
    }
    for (; left >= 8; left -= 8, at += 8)
        crc = (uint32_t)_mm_crc32_u64(crc, eight_at(at));
    for (; left; left--)
        crc = _mm_crc32_u8(crc, *at++);
    return ~crc;
}

uint32_t gw_crc32c_add(uint32_t crc, struct gw_bytes data)
{
    if (__builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul"))
        return crc32c_add_hard(crc, data);
    return gw_crc32c_add_soft(crc, data);
}

#else

uint32_t gw_crc32c_add(uint32_t crc, struct gw_bytes data)
{
    return gw_crc32c_add_soft(crc, data);
}

#endif
