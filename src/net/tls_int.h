/** Between tls.c and link.c. */
#ifndef GW_NET_TLS_INT_H
#define GW_NET_TLS_INT_H

#include <openssl/ssl.h>

#include "net/tls.h"

struct gw_tls {
    SSL_CTX *ctx;
    bool is_server;
};

/** Puts OpenSSL's oldest queued error into err and empties the queue. @return rc */
gw_rc gw_tls_fail(struct gw_err *err, gw_rc rc, const char *what);

#endif
