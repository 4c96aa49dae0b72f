/**
 * What one side of TLS connections shares: its certificate, whom it trusts, the versions it speaks (1.2 and 1.3).
 * Lifetime: process; must outlive the links made with it. Thread: the loop's. Clients and servers offer ALPN "http/1.1".
 */
#ifndef GW_NET_TLS_H
#define GW_NET_TLS_H

#include "base/err.h"

struct gw_tls; /* opaque */

/** PEM texts, borrowed during the call; where they come from (files, credentials) is the caller's. */
struct gw_tls_opts {
    bool is_server;
    struct gw_text cert_pem; /* own certificate, then its chain; a server must have it */
    struct gw_text key_pem;
    struct gw_text ca_pem; /* whom we trust; client: empty means the system's authorities */
    bool require_peer; /* server: refuse clients without a certificate signed by ca_pem (mTLS) */
};

/** @return GW_INVALID  a PEM text is damaged, or key and certificate do not belong together */
gw_rc gw_tls_new(const struct gw_tls_opts *opts, struct gw_tls **ret, struct gw_err *err);
/** Accepts NULL. */
void gw_tls_free(struct gw_tls *tls);
bool gw_tls_is_server(const struct gw_tls *tls);

#endif
