/** Where to listen or connect: "tcp:HOST:PORT", "HOST:PORT", "[::1]:PORT" or "unix:PATH". A value; nothing here is looked up. */
#ifndef GW_OS_ADDRESS_H
#define GW_OS_ADDRESS_H

#include "base/err.h"

/* A path must fit sun_path (108 bytes with its zero), a host name RFC 1035 section 2.3.4. */
enum { GW_ADDRESS_HOST_MAX = 256, GW_ADDRESS_PATH_MAX = 107, GW_ADDRESS_TEXT_MAX = 280 };

enum gw_address_kind { GW_ADDRESS_NONE, GW_ADDRESS_TCP, GW_ADDRESS_UNIX };

struct gw_address {
    enum gw_address_kind kind;
    uint16_t port; /* TCP; 0 when listening: the kernel chooses */
    char host
        [GW_ADDRESS_HOST_MAX]; /* name or IP literal without brackets; UNIX: the path; zero-terminated */
};

/** @return GW_INVALID, with what was expected */
gw_rc gw_address_parse(struct gw_text text, struct gw_address *ret, struct gw_err *err);
/** "unix:/run/x.sock", "tcp:127.0.0.1:80", "tcp:[::1]:80", "none" into ret[GW_ADDRESS_TEXT_MAX], zero-terminated.
 *  @return length */
size_t gw_address_text(const struct gw_address *address, char *ret);
/** True for unix sockets, 127.0.0.0/8, ::1 and "localhost". */
bool gw_address_is_local(const struct gw_address *address);

#endif
