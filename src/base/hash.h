/**
 * The hashes of the project: XXH3-128 where speed matters and nobody chooses the input to deceive,
 * SHA-256 where somebody might. XXH3 is xxhash's, its canonical (big-endian) form is what gets stored.
 * Sources: xxHash specification 0.8; FIPS 180-4 section 6.2.
 */
#ifndef GW_BASE_HASH_H
#define GW_BASE_HASH_H

#include "base/mem.h"

/** 128 bits in canonical (big-endian) byte order, so memcmp order and stored form agree. */
struct gw_hash128 {
    uint8_t bytes[16];
};

struct gw_hash128 gw_hash128(struct gw_bytes data);
/** Of several pieces one after the other, as if concatenated. */
struct gw_hash128 gw_hash128_parts(const struct gw_bytes *parts, size_t count);
/** 64-bit XXH3 for in-memory tables; never stored. */
uint64_t gw_hash64(struct gw_bytes data, uint64_t seed);

static inline bool gw_hash128_equal(struct gw_hash128 a, struct gw_hash128 b)
{
    return memcmp(a.bytes, b.bytes, sizeof(a.bytes)) == 0;
}

/** A sum modulo 2^128 of hashes: order does not matter, items can be taken out again. */
gw_u128 gw_hash128_number(struct gw_hash128 hash);
struct gw_hash128 gw_hash128_of_number(gw_u128 number);

struct gw_sha256 {
    uint8_t bytes[32];
};

struct gw_sha256_state {
    uint32_t h[8];
    uint64_t total;
    uint8_t block[64];
    uint32_t fill;
};

void gw_sha256_init(struct gw_sha256_state *state);
void gw_sha256_add(struct gw_sha256_state *state, struct gw_bytes data);
struct gw_sha256 gw_sha256_end(struct gw_sha256_state *state);
struct gw_sha256 gw_sha256(struct gw_bytes data);

static inline bool gw_sha256_equal(struct gw_sha256 a, struct gw_sha256 b)
{
    return memcmp(a.bytes, b.bytes, sizeof(a.bytes)) == 0;
}

/** Lower-case hex of `data` into ret[2 * len + 1], zero-terminated. */
void gw_hex(struct gw_bytes data, char *ret);
/** @return false unless `hex` is exactly 2 * len hex digits */
bool gw_unhex(struct gw_text hex, uint8_t *ret, size_t len);

#endif
