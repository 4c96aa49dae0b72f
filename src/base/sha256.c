/* SHA-256 as FIPS 180-4 section 6.2 writes it. Its own code because pure rooms call no library. */
#include "base/hash.h"

#include <stdatomic.h>

#include "base/sha256_int.h"

const uint32_t gw_sha256_k[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotr(uint32_t x, unsigned n)
{
    return x >> n | x << (32 - n);
}

static uint32_t read_be32(const uint8_t *p)
{
    uint32_t x;
    memcpy(&x, p, sizeof(x));
    return __builtin_bswap32(x);
}

/** Round i of eight: v[(8 - i) % 8] is a, the next one b, and so on. */
static void one_round(uint32_t v[8], unsigned i, uint32_t kw)
{
#define V(n) v[((n) + 8 - i) % 8]
    uint32_t sum1 = rotr(V(4), 6) ^ rotr(V(4), 11) ^ rotr(V(4), 25);
    uint32_t t1 = V(7) + sum1 + ((V(4) & V(5)) ^ (~V(4) & V(6))) + kw;
    uint32_t sum0 = rotr(V(0), 2) ^ rotr(V(0), 13) ^ rotr(V(0), 22);
    V(3) += t1;
    V(7) = t1 + sum0 + ((V(0) & V(1)) ^ (V(0) & V(2)) ^ (V(1) & V(2)));
#undef V
}

static void compress(uint32_t h[8], const uint8_t *block)
{
    uint32_t w[64];
    for (unsigned t = 0; t < 16; t++)
        w[t] = read_be32(block + 4 * (size_t)t);
    for (unsigned t = 16; t < 64; t++) {
        uint32_t s0 = rotr(w[t - 15], 7) ^ rotr(w[t - 15], 18) ^ w[t - 15] >> 3;
        uint32_t s1 = rotr(w[t - 2], 17) ^ rotr(w[t - 2], 19) ^ w[t - 2] >> 10;
        w[t] = w[t - 16] + s0 + w[t - 7] + s1;
    }
    uint32_t v[8];
    memcpy(v, h, sizeof(v));
    for (unsigned t = 0; t < 64;
         t += 8) { /* the names of a .. h go round instead of their values */
        for (unsigned i = 0; i < 8; i++)
            one_round(v, i, gw_sha256_k[t + i] + w[t + i]);
    }
    for (unsigned i = 0; i < 8; i++)
        h[i] += v[i];
}

void gw_sha256_soft_blocks(uint32_t h[8], const uint8_t *data, size_t blocks)
{
    for (; blocks > 0; blocks--, data += 64)
        compress(h, data);
}

static void compress_blocks(uint32_t h[8], const uint8_t *data, size_t blocks)
{
    /* Asked once: 0 unknown, 1 soft, 2 with instructions. A fact about the machine, not state of ours. */
    static atomic_int how;
    int known = atomic_load_explicit(&how, memory_order_relaxed);
    if (known == 0) {
        known = gw_sha256_ni_there() ? 2 : 1;
        atomic_store_explicit(&how, known, memory_order_relaxed);
    }
    if (known == 2) {
        gw_sha256_ni_blocks(h, data, blocks);
    } else {
        gw_sha256_soft_blocks(h, data, blocks);
    }
}

void gw_sha256_init(struct gw_sha256_state *state)
{
    *state = (struct gw_sha256_state){.h = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                            0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}};
}

void gw_sha256_add(struct gw_sha256_state *state, struct gw_bytes data)
{
    state->total += data.len;
    while (data.len) {
        if (state->fill == 0 && data.len >= sizeof(state->block)) {
            size_t whole = data.len / 64;
            compress_blocks(state->h, data.data, whole);
            data = (struct gw_bytes){data.data + 64 * whole, data.len - 64 * whole};
            continue;
        }
        size_t take = GW_MIN(sizeof(state->block) - state->fill, data.len);
        memcpy(state->block + state->fill, data.data, take);
        state->fill += (uint32_t)take;
        data = (struct gw_bytes){data.data + take, data.len - take};
        if (state->fill == sizeof(state->block)) {
            compress_blocks(state->h, state->block, 1);
            state->fill = 0;
        }
    }
}

struct gw_sha256 gw_sha256_end(struct gw_sha256_state *state)
{
    uint64_t bits = state->total * 8;
    static const uint8_t pad[64] = {0x80};
    size_t pad_len = (state->fill < 56 ? 56 : 120) - state->fill;
    gw_sha256_add(state, (struct gw_bytes){pad, pad_len});
    uint8_t tail[8];
    for (unsigned i = 0; i < 8; i++)
        tail[i] = (uint8_t)(bits >> (56 - 8 * i));
    gw_sha256_add(state, (struct gw_bytes){tail, sizeof(tail)});
    struct gw_sha256 out;
    for (unsigned i = 0; i < 32; i++)
        out.bytes[i] = (uint8_t)(state->h[i / 4] >> (24 - 8 * (i % 4)));
    return out;
}

struct gw_sha256 gw_sha256(struct gw_bytes data)
{
    struct gw_sha256_state state;
    gw_sha256_init(&state);
    gw_sha256_add(&state, data);
    return gw_sha256_end(&state);
}
