/** Seeded random numbers (xoshiro256**, Blackman and Vigna 2018; seeded by splitmix64). Same seed, same sequence, everywhere. Not for secrets. */
#ifndef GW_BASE_RAND_H
#define GW_BASE_RAND_H

#include "base/mem.h"

struct gw_rand {
    uint64_t s[4];
};

void gw_rand_init(struct gw_rand *rand, uint64_t seed);
uint64_t gw_rand_u64(struct gw_rand *rand);
/** Uniform in 0 .. below-1, without bias. `below` >= 1. */
uint64_t gw_rand_below(struct gw_rand *rand, uint64_t below);
/** True `num` times of `den`. */
bool gw_rand_chance(struct gw_rand *rand, uint64_t num, uint64_t den);
void gw_rand_fill(struct gw_rand *rand, void *ret, size_t len);

#endif
