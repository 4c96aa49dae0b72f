/*
 * SHA-256 blocks with the instructions of Intel's SHA extensions: a journal hashes every batch, and in plain C that is
 * most of the cost of a record. sha256.c asks whether the machine has them; both give the same bytes (test_hash.c).
 * Source: FIPS 180-4 section 6.2; Intel SDM volume 2, SHA256RNDS2, SHA256MSG1, SHA256MSG2.
 */
#include "base/sha256_int.h"

#ifdef __x86_64__
#include <cpuid.h>
#include <immintrin.h>

#define TARGET __attribute__((target("sha,sse4.1,ssse3")))

bool gw_sha256_ni_there(void)
{
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_SSE4_1) || !(c & bit_SSSE3))
        return false;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA) != 0;
}

/** Words t .. t+3 of the schedule from the sixteen before them. */
TARGET static __m128i schedule(__m128i w16, __m128i w12, __m128i w8, __m128i w4)
{
    __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(w16, w12), _mm_alignr_epi8(w4, w8, 4));
    return _mm_sha256msg2_epu32(sum, w4);
}

/** Four rounds. The registers hold {a,b,e,f} and {c,d,g,h}, as the instruction wants them. */
TARGET static void rounds(__m128i *abef, __m128i *cdgh, __m128i words, const uint32_t *k)
{
    __m128i sum = _mm_add_epi32(words, _mm_loadu_si128((const __m128i *)(const void *)k));
    *cdgh = _mm_sha256rnds2_epu32(*cdgh, *abef, sum);
    *abef = _mm_sha256rnds2_epu32(*abef, *cdgh, _mm_shuffle_epi32(sum, 0x0e));
}

TARGET static void one_block(__m128i *abef, __m128i *cdgh, const uint8_t *block)
{
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    __m128i w[4];
    for (unsigned i = 0; i < 4; i++) {
        w[i] = _mm_shuffle_epi8(
            _mm_loadu_si128((const __m128i *)(const void *)(block + (size_t)16 * i)), swap);
        rounds(abef, cdgh, w[i], gw_sha256_k + (size_t)4 * i);
    }
    for (unsigned t = 16; t < 64; t += 16) {
        for (unsigned i = 0; i < 4; i++) {
            w[i] = schedule(w[i], w[(i + 1) % 4], w[(i + 2) % 4], w[(i + 3) % 4]);
            rounds(abef, cdgh, w[i], gw_sha256_k + t + (size_t)4 * i);
        }
    }
}

TARGET void gw_sha256_ni_blocks(uint32_t h[8], const uint8_t *data, size_t blocks)
{
    __m128i *out = (__m128i *)(void *)h;
    __m128i dcba = _mm_loadu_si128(out), hgfe = _mm_loadu_si128(out + 1); /* lane 3 first */
    __m128i cdab = _mm_shuffle_epi32(dcba, 0xb1), efgh = _mm_shuffle_epi32(hgfe, 0x1b);
    __m128i abef = _mm_alignr_epi8(cdab, efgh, 8), cdgh = _mm_blend_epi16(efgh, cdab, 0xf0);
    for (; blocks > 0; blocks--, data += 64) {
        __m128i abef_before = abef, cdgh_before = cdgh;
        one_block(&abef, &cdgh, data);
        abef = _mm_add_epi32(abef, abef_before);
        cdgh = _mm_add_epi32(cdgh, cdgh_before);
    }
    __m128i feba = _mm_shuffle_epi32(abef, 0x1b), dchg = _mm_shuffle_epi32(cdgh, 0xb1);
    _mm_storeu_si128(out, _mm_blend_epi16(feba, dchg, 0xf0));
    _mm_storeu_si128(out + 1, _mm_alignr_epi8(dchg, feba, 8));
}

#else

bool gw_sha256_ni_there(void)
{
    return false;
}

void gw_sha256_ni_blocks(uint32_t h[8], const uint8_t *data, size_t blocks)
{
    (void)h;
    (void)data;
    (void)blocks;
    GW_UNREACHABLE_CODE();
}

#endif
