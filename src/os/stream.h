/**
 * Byte streams on a loop: TCP and unix sockets, with bounds in both directions.
 *
 * Reading:   starts stopped. on_read() gets what came, in a buffer shared by the whole loop; gw_stream_read_stop() slows the
 *            other side down.
 * Writing:   every write is queued whole or refused (GW_BUSY), in order; the queue goes to the kernel once per turn of the
 *            loop, so small writes share one system call.
 * End:       on_end(GW_OK) fires at most once, when the other side has finished: writing may still work. on_end(<0) fires at
 *            most once, when the connection broke: writes are refused, what was queued is lost; only close is left.
 *            Nothing fires after gw_stream_close() but the `done` of queued writes (GW_CANCELLED).
 * Lifetime:  from on_connection()/on_connected() to gw_stream_close(). Thread: the loop's.
 */
#ifndef GW_OS_STREAM_H
#define GW_OS_STREAM_H

#include "base/err.h"
#include "os/address.h"
#include "os/loop.h"

struct gw_stream;   /* opaque */
struct gw_listener; /* opaque */
struct gw_connect;  /* opaque: an attempt to connect */

enum {
    GW_STREAM_READ_BYTES = 65536,           /* the most one on_read() gets */
    GW_STREAM_WRITE_BYTES_DEFAULT = 1 << 20 /* queue bound of a new stream */
};

struct gw_stream_events {
    void (*on_read)(void *ctx,
                    struct gw_bytes data); /* `data` is borrowed until return, 1 byte or more */
    void (*on_end)(void *ctx, gw_rc rc, const struct gw_err *err); /* GW_OK: finished; <0: broken */
    void (*on_drained)(
        void *ctx); /* the queue is empty after it was not at the end of a turn; may be NULL */
};

/** Who is told. Before the first read or write; may be changed at any time. `events` is borrowed for the stream's life. */
void gw_stream_events(struct gw_stream *stream, const struct gw_stream_events *events, void *ctx);
void gw_stream_read_start(struct gw_stream *stream);
/** on_read() does not fire again before the next start; allowed inside on_read(). */
void gw_stream_read_stop(struct gw_stream *stream);

/** Fires once per accepted write that asked for it: all its bytes are the kernel's (GW_OK), or they are lost (<0). */
typedef void gw_stream_done(void *ctx, gw_rc rc);

/**
 * Queue the parts as one piece.
 * @parts   borrowed during the call only
 * @done    may be NULL; never from inside this call
 * @return  GW_OK     queued; `done` will fire. After an error it never does
 *          GW_BUSY   the queue's bound: nothing was taken; go on when on_drained() fires
 *          GW_CLOSED shut down or broken: give the connection up
 *          GW_NOMEM  nothing was taken
 */
GW_NODISCARD gw_rc gw_stream_write(struct gw_stream *stream, const struct gw_bytes *parts,
                                   size_t count, gw_stream_done *done, void *ctx,
                                   struct gw_err *err);
/** Past the queue, best effort, what the kernel takes at once: for a last word before gw_stream_close(). */
void gw_stream_write_now(struct gw_stream *stream, struct gw_bytes data);
size_t gw_stream_queued_bytes(const struct gw_stream *stream);
/** Bound of the queue; lower than what is queued only refuses new writes. */
void gw_stream_set_write_bytes_max(struct gw_stream *stream, size_t bytes_max);
/** After what is queued, tell the other side that nothing more comes. Writes are refused from now on. */
void gw_stream_shutdown(struct gw_stream *stream);
/** Unix: kind with an empty path when the peer has no name. */
void gw_stream_peer(const struct gw_stream *stream, struct gw_address *ret);
/** Unix sockets: user id of the peer's process; -1 when unknown. */
int64_t gw_stream_peer_uid(const struct gw_stream *stream);
/** Drops what is queued; frees the stream in a later turn. Accepts NULL; allowed in any callback of the stream. */
void gw_stream_close(struct gw_stream *stream);
/** As above with a reset (TCP RST), so that the other side does not mistake it for an end. */
void gw_stream_reset(struct gw_stream *stream);

struct gw_listen_opts {
    struct gw_address
        at;      /* UNIX: a stale socket file that nobody answers on is replaced; mode 0600 */
    int backlog; /* 0: 512 */
    struct gw_bytes
        refuse_bytes; /* sent, best effort, to a connection we have no descriptor for; borrowed for the
                                     listener's life; may be empty */
    /** Takes `stream`. */
    void (*on_connection)(void *ctx, struct gw_stream *stream);
    /** A connection was turned away for want of descriptors or memory; may be NULL. */
    void (*on_refused)(void *ctx, const struct gw_err *err);
    void *ctx;
};

/** @return GW_CONFLICT address in use · GW_DENIED · GW_NOTFOUND no such host or folder · GW_BUSY out of descriptors */
gw_rc gw_listener_open(struct gw_loop *loop, const struct gw_listen_opts *opts,
                       struct gw_listener **ret, struct gw_err *err);
/** Where it listens, with the port the kernel chose. */
void gw_listener_address(const struct gw_listener *listener, struct gw_address *ret);
/** Removes a unix socket's file. Its streams stay. Accepts NULL. */
void gw_listener_close(struct gw_listener *listener);

/** rc = GW_OK: takes `stream`; <0: `stream` is NULL and err says why. */
typedef void gw_connected(void *ctx, struct gw_stream *stream, gw_rc rc, const struct gw_err *err);

/**
 * Connect; names are looked up, addresses tried in turn.
 * @timeout_ms  over all of it; >= 1
 * @done        fires once, later, unless gw_connect_cancel() comes first: GW_UNREACHABLE, GW_TIMEOUT, GW_NOTFOUND (unix:
 *              no such socket), GW_DENIED
 * @ret         valid until `done` has fired; may be NULL
 */
GW_NODISCARD gw_rc gw_connect_start(struct gw_loop *loop, const struct gw_address *to,
                                    uint64_t timeout_ms, gw_connected *done, void *ctx,
                                    struct gw_connect **ret, struct gw_err *err);
/** `done` does not fire. Accepts NULL. */
void gw_connect_cancel(struct gw_connect *attempt);

/** Two connected streams in one process, for tests. */
gw_rc gw_stream_pair(struct gw_loop *loop, struct gw_stream *ret[2], struct gw_err *err);

#endif
