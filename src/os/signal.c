#include "os/signal.h"

#include <signal.h>

#include "os/loop_int.h"

struct gw_signal {
    uv_signal_t uv;
    enum gw_signal_kind kind;
    void (*call)(void *ctx, enum gw_signal_kind kind);
    void *ctx;
};

static int number_of(enum gw_signal_kind kind)
{
    switch (kind) {
    case GW_SIGNAL_INT:
        return SIGINT;
    case GW_SIGNAL_TERM:
        return SIGTERM;
    case GW_SIGNAL_HUP:
        return SIGHUP;
    case GW_SIGNAL_USR1:
        return SIGUSR1;
    }
    GW_UNREACHABLE_CODE();
}

static void on_signal(uv_signal_t *uv, int number)
{
    struct gw_signal *signal = uv->data;
    (void)number;
    signal->call(signal->ctx, signal->kind);
}

static void on_closed(uv_handle_t *handle)
{
    gw_os_delete(handle->data, sizeof(struct gw_signal));
}

gw_rc gw_signal_open(struct gw_loop *loop, enum gw_signal_kind kind,
                     void (*call)(void *ctx, enum gw_signal_kind kind), void *ctx,
                     struct gw_signal **ret, struct gw_err *err)
{
    struct gw_signal *signal = gw_os_new(sizeof(*signal));
    if (signal == NULL)
        return GW_FAIL_NOMEM(err);
    signal->kind = kind;
    signal->call = call;
    signal->ctx = ctx;
    int uv_rc = uv_signal_init(&loop->uv, &signal->uv);
    if (uv_rc < 0) {
        gw_os_delete(signal, sizeof(*signal));
        return GW_FAIL_UV(err, uv_rc, "watch a signal");
    }
    signal->uv.data = signal;
    uv_rc = uv_signal_start(&signal->uv, on_signal, number_of(kind));
    if (uv_rc < 0) {
        uv_close((uv_handle_t *)&signal->uv, on_closed);
        return GW_FAIL_UV(err, uv_rc, "watch a signal");
    }
    *ret = signal;
    return GW_OK;
}

void gw_signal_close(struct gw_signal *signal)
{
    if (signal)
        uv_close((uv_handle_t *)&signal->uv, on_closed);
}

void gw_signal_raise(enum gw_signal_kind kind)
{
    (void)raise(number_of(kind));
}
