#include "base/rand.h"

#include "base/err.h"

static uint64_t splitmix(uint64_t *x)
{
    uint64_t z = (*x += 0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

void gw_rand_init(struct gw_rand *rand, uint64_t seed)
{
    for (size_t i = 0; i < GW_COUNT_OF(rand->s); i++)
        rand->s[i] = splitmix(&seed);
}

static uint64_t rotl(uint64_t x, unsigned n)
{
    return x << n | x >> (64 - n);
}

uint64_t gw_rand_u64(struct gw_rand *rand)
{
    uint64_t *s = rand->s;
    uint64_t result = rotl(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return result;
}

uint64_t gw_rand_below(struct gw_rand *rand, uint64_t below)
{
    GW_ASSERT(below >= 1);
    uint64_t unfair =
        (0 - below) % below; /* Lemire 2019: numbers below this would be drawn too often */
    for (;;) {
        gw_u128 wide = (gw_u128)gw_rand_u64(rand) * below;
        if ((uint64_t)wide >= unfair)
            return (uint64_t)(wide >> 64);
    }
}

bool gw_rand_chance(struct gw_rand *rand, uint64_t num, uint64_t den)
{
    return gw_rand_below(rand, den) < num;
}

void gw_rand_fill(struct gw_rand *rand, void *ret, size_t len)
{
    uint8_t *at = ret;
    while (len) {
        uint64_t word = gw_rand_u64(rand);
        size_t take = GW_MIN(len, sizeof(word));
        memcpy(at, &word, take);
        at += take;
        len -= take;
    }
}
