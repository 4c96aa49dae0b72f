#include "os/stream.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/uio.h>
#include <unistd.h>

#include "os/stream_int.h"

enum {
    READS_PER_TURN_MAX = 4, /* one stream must not starve the others */
    DIRECT_BYTES_MIN =
        16384, /* from here copying into the queue costs more than a system call of its own */
    QUEUE_KEEP_BYTES = 65536, /* an empty queue larger than this gives its memory back */
    QUEUE_FIRST_BYTES = 4096,
    PARTS_DIRECT_MAX = 16
};

/* Somebody waits for the byte before position `at` of everything ever queued. */
struct waiter {
    struct waiter *next;
    uint64_t at;
    gw_stream_done *done;
    void *ctx;
};

struct gw_stream {
    uv_poll_t poll;
    int fd;
    int armed; /* what the poll handle waits for */
    struct gw_loop *loop;
    const struct gw_stream_events *events;
    void *ctx;
    void (*connected)(void *ctx, int sys); /* while it connects */
    struct gw_stream *flush_next;
    bool in_flush, reading, finished, blocked, wants_drained, shutting, shut, broken, broken_told,
        closing;
    int broken_sys;

    uint8_t *queue; /* [head .. head + len) waits */
    size_t head, len, cap, bytes_max;
    uint64_t queued_total, sent_total;
    struct waiter *first, **last;
};

static void on_poll(uv_poll_t *poll, int status, int events);

/* ---- addresses ---- */

bool gw_sockaddr_of(const struct gw_address *address, struct gw_sockaddr *ret)
{
    memset(ret, 0, sizeof(*ret));
    if (address->kind == GW_ADDRESS_UNIX) {
        ret->at.path.sun_family = AF_UNIX;
        memcpy(ret->at.path.sun_path, address->host, strlen(address->host) + 1);
        ret->len = sizeof(ret->at.path);
        return true;
    }
    if (inet_pton(AF_INET, address->host, &ret->at.four.sin_addr) == 1) {
        ret->at.four.sin_family = AF_INET;
        ret->at.four.sin_port = htons(address->port);
        ret->len = sizeof(ret->at.four);
        return true;
    }
    if (inet_pton(AF_INET6, address->host, &ret->at.six.sin6_addr) == 1) {
        ret->at.six.sin6_family = AF_INET6;
        ret->at.six.sin6_port = htons(address->port);
        ret->len = sizeof(ret->at.six);
        return true;
    }
    return false;
}

void gw_sockaddr_address(const struct gw_sockaddr *from, struct gw_address *ret)
{
    memset(ret, 0, sizeof(*ret));
    if (from->at.any.sa_family == AF_INET) {
        ret->kind = GW_ADDRESS_TCP;
        ret->port = ntohs(from->at.four.sin_port);
        (void)inet_ntop(AF_INET, &from->at.four.sin_addr, ret->host, sizeof(ret->host));
    } else if (from->at.any.sa_family == AF_INET6) {
        ret->kind = GW_ADDRESS_TCP;
        ret->port = ntohs(from->at.six.sin6_port);
        (void)inet_ntop(AF_INET6, &from->at.six.sin6_addr, ret->host, sizeof(ret->host));
    } else {
        ret->kind = GW_ADDRESS_UNIX;
        if (from->len > offsetof(struct sockaddr_un, sun_path) && from->at.path.sun_path[0]) {
            (void)snprintf(ret->host, sizeof(ret->host), "%.*s", GW_ADDRESS_PATH_MAX,
                           from->at.path.sun_path);
        }
    }
}

/* ---- waiting for the kernel ---- */

static void rearm(struct gw_stream *stream)
{
    int want = 0;
    if (!stream->closing && !stream->broken) {
        if (stream->reading && !stream->finished && !stream->connected)
            want |= UV_READABLE;
        if (stream->blocked || stream->connected)
            want |= UV_WRITABLE;
    }
    if (want == stream->armed)
        return;
    stream->armed = want;
    if (want == 0) {
        (void)uv_poll_stop(&stream->poll);
    } else {
        (void)uv_poll_start(&stream->poll, want, on_poll);
    }
}

static void flush_later(struct gw_stream *stream)
{
    if (stream->in_flush || stream->closing)
        return;
    stream->in_flush = true;
    stream->flush_next = NULL;
    *stream->loop->flush_last = stream;
    stream->loop->flush_last = &stream->flush_next;
}

static void set_broken(struct gw_stream *stream, int sys)
{
    if (stream->broken)
        return;
    stream->broken = true;
    stream->broken_sys = sys;
    stream->blocked = false;
    stream->len = stream->head = 0;
    rearm(stream);
    flush_later(stream); /* tells on_end() and the waiters, outside of any call of the user */
}

/* ---- reading ---- */

static void on_readable(struct gw_stream *stream)
{
    for (int i = 0; i < READS_PER_TURN_MAX && stream->reading && !stream->closing; i++) {
        uint8_t *buffer = stream->loop->read_buffer;
        ssize_t got;
        do {
            got = recv(stream->fd, buffer, GW_STREAM_READ_BYTES, 0);
        } while (got < 0 && errno == EINTR);
        if (got < 0 && (errno == EAGAIN))
            return;
        if (got < 0) {
            set_broken(stream, errno);
            return;
        }
        if (got == 0) {
            stream->finished = true;
            rearm(stream);
            stream->events->on_end(stream->ctx, GW_OK, NULL);
            return;
        }
        stream->events->on_read(stream->ctx, (struct gw_bytes){buffer, (size_t)got});
        if ((size_t)got < GW_STREAM_READ_BYTES)
            return; /* there may be more, but then the loop tells us again */
    }
}

void gw_stream_events(struct gw_stream *stream, const struct gw_stream_events *events, void *ctx)
{
    stream->events = events;
    stream->ctx = ctx;
}

void gw_stream_read_start(struct gw_stream *stream)
{
    stream->reading = true;
    rearm(stream);
}

void gw_stream_read_stop(struct gw_stream *stream)
{
    stream->reading = false;
    rearm(stream);
}

/* ---- the queue ---- */

static void queue_resize(struct gw_stream *stream, uint8_t *queue, size_t cap)
{
    if (queue && stream->len)
        memcpy(queue, stream->queue + stream->head, stream->len);
    gw_os_delete(stream->queue, stream->cap);
    stream->queue = queue;
    stream->cap = cap;
    stream->head = 0;
}

static bool queue_room(struct gw_stream *stream, size_t bytes)
{
    if (stream->cap - stream->head - stream->len >= bytes)
        return true;
    if (stream->cap - stream->len >= bytes && stream->len <= stream->cap / 2) {
        memmove(stream->queue, stream->queue + stream->head, stream->len);
        stream->head = 0;
        return true;
    }
    size_t cap = GW_MAX(stream->cap, (size_t)QUEUE_FIRST_BYTES);
    while (cap - stream->len < bytes)
        cap *= 2;
    const struct gw_alloc *heap = gw_os_heap();
    uint8_t *queue = heap->get(heap->ctx, cap);
    if (queue == NULL)
        return false;
    queue_resize(stream, queue, cap);
    return true;
}

static void queue_sent(struct gw_stream *stream, size_t bytes)
{
    stream->sent_total += bytes;
    stream->head += bytes;
    stream->len -= bytes;
    if (stream->len > 0)
        return;
    stream->head = 0;
    if (stream->cap > QUEUE_KEEP_BYTES)
        queue_resize(stream, NULL, 0);
}

/* Large and nothing before it: straight from the caller's memory. @return bytes the kernel took */
static size_t write_direct(struct gw_stream *stream, const struct gw_bytes *parts, size_t count)
{
    struct iovec vectors[PARTS_DIRECT_MAX];
    for (size_t i = 0; i < count; i++) {
        vectors[i].iov_base = gw_unconst(parts[i].data); /* sendmsg() only reads it */
        vectors[i].iov_len = parts[i].len;
    }
    struct msghdr msg = {.msg_iov = vectors, .msg_iovlen = count};
    ssize_t sent = sendmsg(stream->fd, &msg, MSG_NOSIGNAL);
    return sent < 0 ? 0 : (size_t)sent; /* an error will come again, in the flush */
}

static gw_rc add_waiter(gw_stream_done *done, void *ctx, struct waiter **ret, struct gw_err *err)
{
    struct waiter *waiter = gw_os_new(sizeof(*waiter));
    if (waiter == NULL)
        return GW_FAIL_NOMEM(err);
    waiter->done = done;
    waiter->ctx = ctx;
    *ret = waiter;
    return GW_OK;
}

static void queue_parts(struct gw_stream *stream, const struct gw_bytes *parts, size_t count,
                        size_t skip)
{
    for (size_t i = 0; i < count; i++) {
        size_t off = GW_MIN(skip, parts[i].len);
        skip -= off;
        if (parts[i].len > off) {
            memcpy(stream->queue + stream->head + stream->len, parts[i].data + off,
                   parts[i].len - off);
        }
        stream->len += parts[i].len - off;
    }
}

gw_rc gw_stream_write(struct gw_stream *stream, const struct gw_bytes *parts, size_t count,
                      gw_stream_done *done, void *ctx, struct gw_err *err)
{
    GW_ASSERT(!stream->closing);
    if (stream->broken || stream->shutting)
        return GW_FAIL(err, GW_CLOSED, "the connection is closed");
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += parts[i].len;
    if (bytes > stream->bytes_max || stream->len > stream->bytes_max - bytes) {
        stream->wants_drained = true;
        flush_later(stream);
        return GW_FAIL(err, GW_BUSY, "the other side reads too slowly");
    }
    struct waiter *waiter = NULL;
    if (done)
        GW_TRY(add_waiter(done, ctx, &waiter, err));
    if (!queue_room(stream, bytes)) {
        gw_os_delete(waiter, sizeof(*waiter));
        return GW_FAIL_NOMEM(err);
    }
    size_t sent = 0;
    if (stream->len == 0 && !stream->blocked && bytes >= DIRECT_BYTES_MIN &&
        count <= PARTS_DIRECT_MAX)
        sent = write_direct(stream, parts, count);
    queue_parts(stream, parts, count, sent);
    stream->sent_total += sent;
    stream->queued_total += bytes;
    if (waiter) {
        waiter->at = stream->queued_total;
        *stream->last = waiter;
        stream->last = &waiter->next;
    }
    if (!stream->blocked)
        flush_later(stream);
    return GW_OK;
}

void gw_stream_write_now(struct gw_stream *stream, struct gw_bytes data)
{
    if (!stream->broken && data.len)
        (void)!send(stream->fd, data.data, data.len, MSG_NOSIGNAL);
}

size_t gw_stream_queued_bytes(const struct gw_stream *stream)
{
    return stream->len;
}

void gw_stream_set_write_bytes_max(struct gw_stream *stream, size_t bytes_max)
{
    stream->bytes_max = bytes_max;
}

/* ---- the flush, before the loop sleeps ---- */

static void send_queued(struct gw_stream *stream)
{
    while (stream->len > 0 && !stream->blocked && !stream->broken) {
        ssize_t sent = send(stream->fd, stream->queue + stream->head, stream->len, MSG_NOSIGNAL);
        if (sent >= 0) {
            queue_sent(stream, (size_t)sent);
        } else if (errno == EAGAIN) {
            stream->blocked = stream->wants_drained = true;
        } else if (errno != EINTR) {
            set_broken(stream, errno);
        }
    }
    if (stream->len == 0 && stream->shutting && !stream->shut && !stream->broken) {
        stream->shut = true;
        (void)shutdown(stream->fd, SHUT_WR);
    }
}

static void tell_waiters(struct gw_stream *stream, gw_rc lost)
{
    while (stream->first && (lost < 0 || stream->first->at <= stream->sent_total)) {
        struct waiter *waiter = stream->first;
        stream->first = waiter->next;
        if (stream->first == NULL)
            stream->last = &stream->first;
        stream->loop->told = true;
        waiter->done(waiter->ctx, waiter->at <= stream->sent_total ? GW_OK : lost);
        gw_os_delete(waiter, sizeof(*waiter));
        if (stream->closing && lost == GW_OK)
            return; /* the rest is told when the handle has closed */
    }
}

static void tell_broken(struct gw_stream *stream)
{
    struct gw_err err = {0};
    int sys = stream->broken_sys;
    bool gone = sys == EPIPE || sys == ECONNRESET || sys == ENOTCONN;
    gw_rc rc = gw_err_fill(&err, gone ? GW_CLOSED : gw_rc_of_errno(sys), sys, 0, __FILE__, __LINE__,
                           "the connection broke");
    tell_waiters(stream, rc);
    if (stream->closing || stream->broken_told)
        return;
    stream->broken_told = stream->loop->told = true;
    stream->events->on_end(stream->ctx, rc, &err);
}

static void flush_one(struct gw_stream *stream)
{
    send_queued(stream);
    rearm(stream);
    if (stream->broken) {
        tell_broken(stream);
        return;
    }
    tell_waiters(stream, GW_OK);
    if (stream->closing || stream->len > 0 || !stream->wants_drained)
        return;
    stream->wants_drained = false;
    stream->loop->told = true;
    if (stream->events->on_drained)
        stream->events->on_drained(stream->ctx);
}

void gw_loop_flush_streams(struct gw_loop *loop)
{
    struct gw_stream *stream = loop->flush_first;
    struct gw_stream **end =
        loop->flush_last; /* what callbacks add behind it waits for the next round */
    loop->flush_first = NULL;
    loop->flush_last = &loop->flush_first;
    if (stream == NULL)
        return;
    *end = NULL;
    while (stream) {
        struct gw_stream *next = stream->flush_next;
        stream->in_flush = false;
        if (!stream->closing)
            flush_one(stream);
        stream = next;
    }
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct gw_stream *stream = poll->data;
    if (status < 0) { /* libuv has stopped the handle; the system calls below tell what is wrong */
        stream->armed = 0;
        events = UV_READABLE | UV_WRITABLE;
    }
    if (stream->connected) {
        int sys = 0;
        socklen_t len = sizeof(sys);
        if (getsockopt(stream->fd, SOL_SOCKET, SO_ERROR, &sys, &len) < 0)
            sys = errno;
        void (*connected)(void *, int) = stream->connected;
        stream->connected = NULL;
        rearm(stream);
        connected(stream->ctx, sys);
        return;
    }
    if (events & UV_WRITABLE && stream->blocked) {
        stream->blocked = false;
        flush_later(stream);
    }
    if (events & UV_READABLE)
        on_readable(stream);
    if (status < 0 && !stream->closing && !stream->broken && !stream->finished) {
        rearm(stream);
        if (!stream->reading)
            set_broken(stream, ECONNRESET);
    }
}

/* ---- life ---- */

gw_rc gw_stream_of_fd(struct gw_loop *loop, int fd, struct gw_stream **ret, struct gw_err *err)
{
    struct gw_stream *stream = gw_os_new(sizeof(*stream));
    int uv_rc = stream ? uv_poll_init_socket(&loop->uv, &stream->poll, fd) : UV_ENOMEM;
    if (uv_rc < 0) {
        gw_os_delete(stream, sizeof(*stream));
        (void)close(fd);
        return GW_FAIL_UV(err, uv_rc, "watch a connection");
    }
    int one = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)); /* refused by unix sockets */
    stream->poll.data = stream;
    stream->fd = fd;
    stream->loop = loop;
    stream->bytes_max = GW_STREAM_WRITE_BYTES_DEFAULT;
    stream->last = &stream->first;
    *ret = stream;
    return GW_OK;
}

void gw_stream_await_connect(struct gw_stream *stream, void (*call)(void *ctx, int sys), void *ctx)
{
    stream->connected = call;
    stream->ctx = ctx;
    rearm(stream);
}

void gw_stream_shutdown(struct gw_stream *stream)
{
    stream->shutting = true;
    flush_later(stream);
}

void gw_stream_peer(const struct gw_stream *stream, struct gw_address *ret)
{
    struct gw_sockaddr peer = {.len = sizeof(peer.at)};
    memset(ret, 0, sizeof(*ret));
    if (getpeername(stream->fd, &peer.at.any, &peer.len) == 0)
        gw_sockaddr_address(&peer, ret);
}

int64_t gw_stream_peer_uid(const struct gw_stream *stream)
{
    struct ucred who = {.uid = (uid_t)-1};
    socklen_t len = sizeof(who);
    if (getsockopt(stream->fd, SOL_SOCKET, SO_PEERCRED, &who, &len) < 0 || who.uid == (uid_t)-1)
        return -1;
    return (int64_t)who.uid;
}

static void on_closed(uv_handle_t *handle)
{
    struct gw_stream *stream = handle->data;
    tell_waiters(stream, GW_CANCELLED);
    gw_os_delete(stream->queue, stream->cap);
    gw_os_delete(stream, sizeof(*stream));
}

/* The flush list must not hold a stream that is about to be freed. */
static void leave_flush(struct gw_stream *stream)
{
    struct gw_loop *loop = stream->loop;
    struct gw_stream **at = &loop->flush_first;
    while (*at && *at != stream)
        at = &(*at)->flush_next;
    if (*at == NULL)
        return; /* in the round that runs now: it sees `closing`, and the memory lives until the turn's end */
    *at = stream->flush_next;
    if (loop->flush_last == &stream->flush_next)
        loop->flush_last = at;
}

void gw_stream_close(struct gw_stream *stream)
{
    if (stream == NULL)
        return;
    GW_ASSERT(!stream->closing);
    stream->closing = true;
    if (stream->in_flush)
        leave_flush(stream);
    uv_close((uv_handle_t *)&stream->poll, on_closed);
    (void)close(stream->fd);
}

void gw_stream_reset(struct gw_stream *stream)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    (void)setsockopt(stream->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    gw_stream_close(stream);
}

gw_rc gw_stream_pair(struct gw_loop *loop, struct gw_stream *ret[2], struct gw_err *err)
{
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) < 0)
        return GW_FAIL_SYS(err, "make a socket pair");
    struct gw_stream *first = NULL;
    gw_rc rc = gw_stream_of_fd(loop, fds[0], &first, err);
    if (rc < 0) {
        (void)close(fds[1]);
        return rc;
    }
    rc = gw_stream_of_fd(loop, fds[1], &ret[1], err);
    if (rc < 0) {
        gw_stream_close(first);
        return rc;
    }
    ret[0] = first;
    return GW_OK;
}
