#include <errno.h>
#include <unistd.h>

#include "os/stream_int.h"

enum { ADDRESSES_MAX = 8 };

/* One attempt: look the name up, then try its addresses in turn. Freed when the last of its parts has ended. */
struct gw_connect {
    struct gw_loop *loop;
    struct gw_address to;
    uv_getaddrinfo_t lookup;
    uv_timer_t timer;
    struct gw_loop_task begin;
    struct gw_sockaddr addresses[ADDRESSES_MAX];
    size_t count, next;
    struct gw_stream *stream; /* of the address being tried */
    int sys;                  /* why the last one failed */
    unsigned parts;           /* task, look-up and timer that still refer to this */
    bool over;
    gw_connected *done;
    void *ctx;
};

static void try_next(struct gw_connect *attempt);

static void part_ended(struct gw_connect *attempt)
{
    if (--attempt->parts == 0)
        gw_os_delete(attempt, sizeof(*attempt));
}

static void on_timer_closed(uv_handle_t *handle)
{
    part_ended(handle->data);
}

static void end(struct gw_connect *attempt)
{
    attempt->over = true;
    gw_stream_close(attempt->stream);
    attempt->stream = NULL;
    (void)uv_cancel((uv_req_t *)&attempt->lookup);
    uv_close((uv_handle_t *)&attempt->timer, on_timer_closed);
}

static void fail(struct gw_connect *attempt, gw_rc rc, int sys, const char *why)
{
    struct gw_err err = {0};
    char name[GW_ADDRESS_TEXT_MAX];
    (void)gw_address_text(&attempt->to, name);
    (void)gw_err_fill(&err, rc, sys, 0, __FILE__, __LINE__, "connect to %s: %s", name, why);
    end(attempt);
    attempt->done(attempt->ctx, NULL, rc, &err);
}

static gw_rc rc_of(int sys)
{
    gw_rc rc = gw_rc_of_errno(sys);
    return rc == GW_DENIED || rc == GW_NOTFOUND || rc == GW_BUSY || rc == GW_NOMEM ? rc
                                                                                   : GW_UNREACHABLE;
}

static void succeed(struct gw_connect *attempt)
{
    struct gw_stream *stream = attempt->stream;
    attempt->stream = NULL;
    gw_connected *done = attempt->done;
    void *ctx = attempt->ctx;
    end(attempt);
    done(ctx, stream, GW_OK, NULL);
}

static void on_tried(void *ctx, int sys)
{
    struct gw_connect *attempt = ctx;
    if (sys == 0) {
        succeed(attempt);
        return;
    }
    attempt->sys = sys;
    gw_stream_close(attempt->stream);
    attempt->stream = NULL;
    try_next(attempt);
}

/* @return 0 or why this address cannot even be tried */
static int try_address(struct gw_connect *attempt, const struct gw_sockaddr *to)
{
    int fd = socket(to->at.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return errno;
    struct gw_err err = {0};
    if (gw_stream_of_fd(attempt->loop, fd, &attempt->stream, &err) < 0)
        return err.sys ? err.sys : ENOMEM;
    int rc = 0;
    do {
        rc = (connect(fd, &to->at.any, to->len) < 0) ? errno : 0;
    } while (rc == EINTR);
    if (rc != 0 && rc != EINPROGRESS) {
        gw_stream_close(attempt->stream);
        attempt->stream = NULL;
        return rc;
    }
    gw_stream_await_connect(attempt->stream, on_tried, attempt);
    return 0;
}

static void try_next(struct gw_connect *attempt)
{
    while (attempt->next < attempt->count) {
        attempt->sys = try_address(attempt, &attempt->addresses[attempt->next++]);
        if (attempt->sys == 0)
            return;
    }
    fail(attempt, rc_of(attempt->sys), attempt->sys, "nobody answers there");
}

static void on_found(uv_getaddrinfo_t *lookup, int status, struct addrinfo *found)
{
    struct gw_connect *attempt = lookup->data;
    if (!attempt->over && status < 0)
        fail(attempt, GW_UNREACHABLE, 0, uv_strerror(status));
    if (!attempt->over) {
        for (struct addrinfo *at = found; at && attempt->count < ADDRESSES_MAX; at = at->ai_next) {
            struct gw_sockaddr *to = &attempt->addresses[attempt->count++];
            memcpy(&to->at, at->ai_addr, GW_MIN((size_t)at->ai_addrlen, sizeof(to->at)));
            to->len = at->ai_addrlen;
            if (to->at.any.sa_family == AF_INET) {
                to->at.four.sin_port = htons(attempt->to.port);
            } else {
                to->at.six.sin6_port = htons(attempt->to.port);
            }
        }
        attempt->sys = EADDRNOTAVAIL;
        try_next(attempt);
    }
    uv_freeaddrinfo(found);
    part_ended(attempt);
}

static void on_begin(struct gw_loop_task *task)
{
    struct gw_connect *attempt = GW_CONTAINER_OF(task, struct gw_connect, begin);
    if (attempt->over) {
        part_ended(attempt);
        return;
    }
    if (gw_sockaddr_of(&attempt->to, &attempt->addresses[0])) {
        attempt->count = 1;
        try_next(attempt);
        part_ended(attempt);
        return;
    }
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    attempt->lookup.data = attempt;
    attempt->parts++;
    int uv_rc = uv_getaddrinfo(&attempt->loop->uv, &attempt->lookup, on_found, attempt->to.host,
                               NULL, &hints);
    if (uv_rc < 0) {
        fail(attempt, GW_UNREACHABLE, 0, uv_strerror(uv_rc));
        part_ended(attempt);
    }
    part_ended(attempt);
}

static void on_timeout(uv_timer_t *timer)
{
    fail(timer->data, GW_TIMEOUT, ETIMEDOUT, "no answer in time");
}

gw_rc gw_connect_start(struct gw_loop *loop, const struct gw_address *to, uint64_t timeout_ms,
                       gw_connected *done, void *ctx, struct gw_connect **ret, struct gw_err *err)
{
    GW_ASSERT(timeout_ms >= 1 && to->kind != GW_ADDRESS_NONE);
    struct gw_connect *attempt = gw_os_new(sizeof(*attempt));
    if (attempt == NULL)
        return GW_FAIL_NOMEM(err);
    attempt->loop = loop;
    attempt->to = *to;
    attempt->done = done;
    attempt->ctx = ctx;
    attempt->parts = 2;
    (void)uv_timer_init(&loop->uv, &attempt->timer);
    attempt->timer.data = attempt;
    uv_update_time(&loop->uv);
    (void)uv_timer_start(&attempt->timer, on_timeout, timeout_ms, 0);
    attempt->begin.call = on_begin;
    gw_loop_post(loop, &attempt->begin);
    if (ret)
        *ret = attempt;
    return GW_OK;
}

void gw_connect_cancel(struct gw_connect *attempt)
{
    if (attempt)
        end(attempt);
}
