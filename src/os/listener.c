#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/stream_int.h"

enum {
    BACKLOG_DEFAULT = 512,
    ACCEPTS_PER_TURN_MAX = 64,
    PAUSE_MS = 100 /* no descriptor even for turning somebody away: look again later, do not spin */
};

struct gw_listener {
    uv_poll_t poll;
    uv_timer_t pause;
    struct gw_loop *loop;
    int fd;
    int spare_fd; /* given up for a moment to accept, answer and close when descriptors run out */
    unsigned handles;
    bool closing;
    struct gw_listen_opts opts;
    struct gw_address at;
};

static void on_ready(uv_poll_t *poll, int status, int events);

static int open_spare(void)
{
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* ---- accepting ---- */

static int accept_one(const struct gw_listener *listener)
{
    int fd;
    do {
        fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    } while (fd < 0 && errno == EINTR);
    return fd;
}

static void tell_refused(struct gw_listener *listener, const struct gw_err *err)
{
    if (listener->opts.on_refused)
        listener->opts.on_refused(listener->opts.ctx, err);
}

static void on_pause_over(uv_timer_t *timer)
{
    struct gw_listener *listener = timer->data;
    if (listener->spare_fd < 0)
        listener->spare_fd = open_spare();
    (void)uv_poll_start(&listener->poll, UV_READABLE, on_ready);
}

/* Out of descriptors: the connection would wait in the backlog for ever, and the loop would spin on it.
 * @return false when nothing could be done now */
static bool turn_away(struct gw_listener *listener, int sys)
{
    struct gw_err err = {0};
    (void)gw_err_fill(&err, GW_BUSY, sys, 0, __FILE__, __LINE__,
                      "out of descriptors: a connection was turned away");
    gw_err_hint(&err, "raise the limit of open files (ulimit -n, LimitNOFILE=)");
    if (listener->spare_fd >= 0)
        (void)close(listener->spare_fd);
    listener->spare_fd = -1;
    int fd = accept_one(listener);
    if (fd >= 0) {
        struct gw_bytes answer = listener->opts.refuse_bytes;
        if (answer.len)
            (void)!send(fd, answer.data, answer.len, MSG_NOSIGNAL);
        (void)shutdown(fd, SHUT_WR);
        (void)close(fd);
    }
    listener->spare_fd = open_spare();
    tell_refused(listener, &err);
    return fd >= 0;
}

static void welcome(struct gw_listener *listener, int fd)
{
    struct gw_err err = {0};
    struct gw_stream *stream = NULL;
    if (gw_stream_of_fd(listener->loop, fd, &stream, &err) < 0) {
        tell_refused(listener, &err);
    } else {
        listener->opts.on_connection(listener->opts.ctx, stream);
    }
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct gw_listener *listener = poll->data;
    (void)status;
    (void)events;
    for (int i = 0; i < ACCEPTS_PER_TURN_MAX && !listener->closing; i++) {
        int fd = accept_one(listener);
        if (fd >= 0) {
            welcome(listener, fd);
            continue;
        }
        bool out = errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS;
        if (out && !turn_away(listener, errno) && !listener->closing) {
            (void)uv_poll_stop(&listener->poll);
            (void)uv_timer_start(&listener->pause, on_pause_over, PAUSE_MS, 0);
            return;
        }
        if (!out && errno != ECONNABORTED)
            return;
    }
}

/* ---- binding ---- */

static gw_rc resolve(const struct gw_address *at, struct gw_sockaddr *ret, struct gw_err *err)
{
    if (gw_sockaddr_of(at, ret))
        return GW_OK;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *found = NULL;
    int rc = getaddrinfo(strcmp(at->host, "*") == 0 ? NULL : at->host, NULL, &hints, &found);
    if (rc != 0)
        return GW_FAIL(err, GW_NOTFOUND, "host '%s': %s", at->host, gai_strerror(rc));
    memset(ret, 0, sizeof(*ret));
    memcpy(&ret->at, found->ai_addr, GW_MIN((size_t)found->ai_addrlen, sizeof(ret->at)));
    ret->len = found->ai_addrlen;
    freeaddrinfo(found);
    if (ret->at.any.sa_family == AF_INET) {
        ret->at.four.sin_port = htons(at->port);
    } else {
        ret->at.six.sin6_port = htons(at->port);
    }
    return GW_OK;
}

/* A socket file left by a process that died refuses connections; one in use answers. */
static bool is_stale(const struct gw_sockaddr *at)
{
    struct stat st;
    if (lstat(at->at.path.sun_path, &st) != 0 || !S_ISSOCK(st.st_mode))
        return false;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return false;
    bool stale = connect(fd, &at->at.any, at->len) < 0 && errno == ECONNREFUSED;
    (void)close(fd);
    return stale;
}

static gw_rc bind_to(int fd, const struct gw_sockaddr *at, const char *name, struct gw_err *err)
{
    bool is_unix = at->at.any.sa_family == AF_UNIX;
    int one = 1;
    if (is_unix) {
        (void)fchmod(fd,
                     0600); /* Linux gives the mode of the socket to the file that bind() makes */
    } else {
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    }
    int rc = bind(fd, &at->at.any, at->len);
    if (rc < 0 && errno == EADDRINUSE && is_unix && is_stale(at)) {
        (void)unlink(at->at.path.sun_path);
        rc = bind(fd, &at->at.any, at->len);
    }
    if (rc < 0 && errno == EADDRINUSE) {
        gw_rc failed = gw_err_fill(err, GW_CONFLICT, EADDRINUSE, 0, __FILE__, __LINE__,
                                   "listen on %s: somebody listens there already", name);
        gw_err_hint(err, "stop the other process, or choose another address");
        return failed;
    }
    return rc < 0 ? GW_FAIL_SYS(err, "listen on %s", name) : GW_OK;
}

static gw_rc open_socket(const struct gw_listen_opts *opts, int *ret, struct gw_err *err)
{
    char name[GW_ADDRESS_TEXT_MAX];
    struct gw_sockaddr at;
    (void)gw_address_text(&opts->at, name);
    gw_rc rc = resolve(&opts->at, &at, err);
    if (rc < 0)
        return gw_err_wrap_rc(err, rc, "listen on %s", name);
    int fd = socket(at.at.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return GW_FAIL_SYS(err, "listen on %s", name);
    rc = bind_to(fd, &at, name, err);
    if (rc == GW_OK && listen(fd, opts->backlog ? opts->backlog : BACKLOG_DEFAULT) < 0)
        rc = GW_FAIL_SYS(err, "listen on %s", name);
    if (rc < 0) {
        (void)close(fd);
        return rc;
    }
    *ret = fd;
    return GW_OK;
}

/* ---- life ---- */

gw_rc gw_listener_open(struct gw_loop *loop, const struct gw_listen_opts *opts,
                       struct gw_listener **ret, struct gw_err *err)
{
    int fd = -1;
    GW_TRY(open_socket(opts, &fd, err));
    struct gw_listener *listener = gw_os_new(sizeof(*listener));
    int uv_rc = listener ? uv_poll_init_socket(&loop->uv, &listener->poll, fd) : UV_ENOMEM;
    if (uv_rc < 0) {
        gw_os_delete(listener, sizeof(*listener));
        (void)close(fd);
        return GW_FAIL_UV(err, uv_rc, "watch a listening socket");
    }
    (void)uv_timer_init(&loop->uv, &listener->pause);
    listener->poll.data = listener->pause.data = listener;
    listener->handles = 2;
    listener->loop = loop;
    listener->fd = fd;
    listener->spare_fd = open_spare();
    listener->opts = *opts;
    listener->at = opts->at;
    struct gw_sockaddr bound = {.len = sizeof(bound.at)};
    if (opts->at.kind == GW_ADDRESS_TCP && getsockname(fd, &bound.at.any, &bound.len) == 0)
        gw_sockaddr_address(&bound, &listener->at);
    (void)uv_poll_start(&listener->poll, UV_READABLE, on_ready);
    *ret = listener;
    return GW_OK;
}

void gw_listener_address(const struct gw_listener *listener, struct gw_address *ret)
{
    *ret = listener->at;
}

static void on_closed(uv_handle_t *handle)
{
    struct gw_listener *listener = handle->data;
    if (--listener->handles == 0)
        gw_os_delete(listener, sizeof(*listener));
}

void gw_listener_close(struct gw_listener *listener)
{
    if (listener == NULL)
        return;
    GW_ASSERT(!listener->closing);
    listener->closing = true;
    if (listener->at.kind == GW_ADDRESS_UNIX)
        (void)unlink(listener->at.host);
    uv_close((uv_handle_t *)&listener->pause, on_closed);
    uv_close((uv_handle_t *)&listener->poll, on_closed);
    (void)close(listener->fd);
    if (listener->spare_fd >= 0)
        (void)close(listener->spare_fd);
}
