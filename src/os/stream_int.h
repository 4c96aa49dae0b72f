/** What stream.c, listener.c and connect.c share. Included only inside src/os. */
#ifndef GW_OS_STREAM_INT_H
#define GW_OS_STREAM_INT_H

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "os/loop_int.h"
#include "os/stream.h"

/** Any socket address, with its length. */
struct gw_sockaddr {
    union {
        struct sockaddr any;
        struct sockaddr_in four;
        struct sockaddr_in6 six;
        struct sockaddr_un path;
    } at;
    socklen_t len;
};

/** IP literals and paths only. @return false for a host name */
bool gw_sockaddr_of(const struct gw_address *address, struct gw_sockaddr *ret);
void gw_sockaddr_address(const struct gw_sockaddr *from, struct gw_address *ret);

/** Takes `fd` (non-blocking), also on failure. */
gw_rc gw_stream_of_fd(struct gw_loop *loop, int fd, struct gw_stream **ret, struct gw_err *err);
/** While it connects: `call` fires when the socket is ready or has failed. */
void gw_stream_await_connect(struct gw_stream *stream, void (*call)(void *ctx, int sys), void *ctx);

#endif
