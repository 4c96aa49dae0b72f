/** Character classes shared by http1.c and http1_body.c. Included only inside src/codec. */
#ifndef GW_CODEC_HTTP1_INT_H
#define GW_CODEC_HTTP1_INT_H

#include "codec/http1.h"

enum gw_http1_class {
    GW_HTTP1_TCHAR = 1,  /* RFC 9110 5.6.2 */
    GW_HTTP1_VALUE = 2,  /* field values: visible, blank, tab, 0x80.. */
    GW_HTTP1_TARGET = 4, /* visible ASCII but '#' */
    GW_HTTP1_HOST = 8    /* what RFC 3986 lets an authority without userinfo be made of */
};

extern const uint8_t gw_http1_classes[256];

static inline bool gw_http1_is(uint8_t byte, enum gw_http1_class class)
{
    return (gw_http1_classes[byte] & class) != 0;
}

static inline char gw_http1_lower(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c | 0x20);
    return c;
}

#endif
