/** Between sha256.c and sha256_ni.c, and their test. */
#ifndef GW_BASE_SHA256_INT_H
#define GW_BASE_SHA256_INT_H

#include "base/err.h"

extern const uint32_t gw_sha256_k[64];

/** Whole blocks of 64 bytes, in plain C. */
void gw_sha256_soft_blocks(uint32_t h[8], const uint8_t *data, size_t blocks);
/** The same with the processor's instructions; only where gw_sha256_ni_there(). */
void gw_sha256_ni_blocks(uint32_t h[8], const uint8_t *data, size_t blocks);
/** Asks the processor: slow in a virtual machine. */
bool gw_sha256_ni_there(void);

#endif
