/**
 * A stream with TLS in it, or without: one interface for both.
 *
 * Shape:   as os/stream.h; with TLS, on_ready() fires when both sides have agreed, and nothing is read before. OpenSSL sees
 *          memory only: bytes come and go through the stream.
 * Bounds:  writes are refused with GW_BUSY as the stream's are. After gw_link_read_stop() what was received already
 *          (at most GW_STREAM_READ_BYTES) may still come.
 */
#ifndef GW_NET_LINK_H
#define GW_NET_LINK_H

#include "net/tls.h"
#include "os/stream.h"

struct gw_link; /* opaque */

struct gw_link_events {
    void (*on_ready)(void *ctx); /* may be NULL; without TLS it never fires */
    void (*on_read)(void *ctx, struct gw_bytes data);
    void (*on_end)(void *ctx, gw_rc rc,
                   const struct gw_err *err); /* as gw_stream_events; <0 also for TLS errors */
    void (*on_drained)(void *ctx);
};

/**
 * @stream  taken, also on failure
 * @tls     NULL: none. Borrowed for the link's life
 * @name    client: the name its certificate must carry (host or IP literal), also sent as SNI; NULL: any (unix sockets)
 */
gw_rc gw_link_open(struct gw_stream *stream, struct gw_tls *tls, const char *name,
                   const struct gw_link_events *events, void *ctx, struct gw_link **ret,
                   struct gw_err *err);
void gw_link_read_start(struct gw_link *link);
void gw_link_read_stop(struct gw_link *link);
GW_NODISCARD gw_rc gw_link_write(struct gw_link *link, const struct gw_bytes *parts, size_t count,
                                 struct gw_err *err);
size_t gw_link_queued_bytes(const struct gw_link *link);
/** After what is queued: TLS close_notify, then the end of the stream. */
void gw_link_shutdown(struct gw_link *link);
struct gw_stream *gw_link_stream(struct gw_link *link);
/** With mTLS: the subject of the peer's certificate, "CN=…"; false when there is none. */
bool gw_link_peer_subject(struct gw_link *link, char *ret, size_t ret_bytes);
/** Accepts NULL; allowed in any callback of the link. */
void gw_link_close(struct gw_link *link);

#endif
