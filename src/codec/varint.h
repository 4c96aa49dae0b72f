/**
 * Unsigned LEB128: seven bits a byte, low bits first, the high bit says that more follow. 1 .. 10 bytes.
 * Only the shortest form is read, so that equal bytes mean equal numbers. Source: DWARF 5, section 7.6.
 */
#ifndef GW_CODEC_VARINT_H
#define GW_CODEC_VARINT_H

#include "base/buf.h"

enum { GW_VARINT_MAX = 10 };

/** Into ret[GW_VARINT_MAX]. @return bytes written */
static inline size_t gw_varint_make(uint64_t value, uint8_t *ret)
{
    size_t len = 0;
    for (; value >= 0x80; value >>= 7)
        ret[len++] = (uint8_t)(value | 0x80);
    ret[len++] = (uint8_t)value;
    return len;
}

static inline void gw_varint_put(struct gw_buf *buf, uint64_t value)
{
    uint8_t bytes[GW_VARINT_MAX];
    gw_buf_put(buf, bytes, gw_varint_make(value, bytes));
}

/** @return bytes taken from the front of `bytes`; 0 when cut short, above 64 bits or longer than needed */
static inline size_t gw_varint_get(struct gw_bytes bytes, uint64_t *ret)
{
    uint64_t value = 0;
    for (size_t i = 0; i < bytes.len && i < GW_VARINT_MAX; i++) {
        uint8_t byte = bytes.data[i];
        if (i == GW_VARINT_MAX - 1 && byte > 1)
            return 0;
        value |= (uint64_t)(byte & 0x7F) << (7 * i);
        if (byte & 0x80)
            continue;
        if (byte == 0 && i > 0)
            return 0;
        *ret = value;
        return i + 1;
    }
    return 0;
}

#endif
