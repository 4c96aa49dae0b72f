/**
 * CRC-32C (Castagnoli), the check of every log record. Guards against damage, not against intent.
 * Uses the SSE4.2 instruction when the machine has it, a table otherwise; both give the same number.
 * Source: RFC 3720 section 12.1 and appendix B.4; polynomial 0x1EDC6F41, reflected 0x82F63B78.
 */
#ifndef GW_CODEC_CRC32C_H
#define GW_CODEC_CRC32C_H

#include "base/mem.h"

/** The CRC of what `crc` covers followed by `data`; start with 0. So crc(ab) == add(crc(a), b). */
uint32_t gw_crc32c_add(uint32_t crc, struct gw_bytes data);

static inline uint32_t gw_crc32c(struct gw_bytes data)
{
    return gw_crc32c_add(0, data);
}

/** As gw_crc32c_add(), always by table: the other half of the test that compares the two. */
uint32_t gw_crc32c_add_soft(uint32_t crc, struct gw_bytes data);

#endif
