#include "os/loop.h"

#include "os/clock.h"
#include "os/loop_int.h"
#include "os/stream.h"

/* An actor on the loop: its caller's callbacks, plus the way to wake it. */
struct gw_loop_hosted {
    struct gw_loop_hosted *next;
    struct gw_loop *loop;
    struct gw_actor *actor;
    uv_async_t wake;
    uv_timer_t timer;
    int64_t deadline_ns; /* what the timer runs for */
    unsigned handles;    /* not yet closed */
    struct gw_actor_opts opts;
};

struct gw_timer {
    uv_timer_t uv;
    gw_timer_call *call;
    void *ctx;
};

/* ---- tasks from any thread ---- */

void gw_loop_post(struct gw_loop *loop, struct gw_loop_task *task)
{
    struct gw_loop_task *newest = atomic_load_explicit(&loop->posted, memory_order_relaxed);
    do {
        task->next = newest;
    } while (!atomic_compare_exchange_weak_explicit(&loop->posted, &newest, task,
                                                    memory_order_release, memory_order_relaxed));
    if (newest == NULL) /* otherwise somebody has woken it for the tasks before ours */
        uv_async_send(&loop->wake);
}

static void run_posted(struct gw_loop *loop)
{
    struct gw_loop_task *newest =
        atomic_exchange_explicit(&loop->posted, NULL, memory_order_acquire);
    struct gw_loop_task *oldest = NULL;
    while (newest) {
        struct gw_loop_task *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    while (oldest) {
        struct gw_loop_task *task = oldest;
        oldest = task->next;
        task->call(task);
    }
}

static void on_wake(uv_async_t *wake)
{
    run_posted(wake->data);
}

/* ---- hosted actors ---- */

static void hosted_message(void *ctx, struct gw_msg *msg)
{
    struct gw_loop_hosted *hosted = ctx;
    hosted->opts.on_message(hosted->opts.ctx, msg);
}

static void hosted_idle(void *ctx)
{
    struct gw_loop_hosted *hosted = ctx;
    if (hosted->opts.on_idle)
        hosted->opts.on_idle(hosted->opts.ctx);
}

static void hosted_wake(void *ctx)
{
    struct gw_loop_hosted *hosted = ctx;
    uv_async_send(&hosted->wake);
}

static void on_hosted_wake(uv_async_t *wake)
{
    struct gw_loop_hosted *hosted = wake->data;
    gw_actor_run_once(hosted->actor);
}

static void on_hosted_deadline(uv_timer_t *timer)
{
    struct gw_loop_hosted *hosted = timer->data;
    hosted->deadline_ns = GW_ACTOR_NEVER;
    gw_actor_run_once(hosted->actor);
}

/* Wishes may change anywhere on this thread, so they are looked at once per turn, before sleeping. */
static void arm_deadlines(struct gw_loop *loop)
{
    for (struct gw_loop_hosted *hosted = loop->hosted; hosted; hosted = hosted->next) {
        int64_t wish_ns = gw_actor_deadline(hosted->actor);
        if (wish_ns == hosted->deadline_ns)
            continue;
        hosted->deadline_ns = wish_ns;
        if (wish_ns == GW_ACTOR_NEVER) {
            uv_timer_stop(&hosted->timer);
            continue;
        }
        int64_t left_ns = wish_ns - gw_clock_mono_ns();
        int64_t left_ms = left_ns <= 0 ? 0 : (left_ns + 999999) / 1000000;
        uv_update_time(&loop->uv); /* the turn's time may be old, and timers count from it */
        (void)uv_timer_start(&hosted->timer, on_hosted_deadline, (uint64_t)left_ms, 0);
    }
}

static void on_hosted_closed(uv_handle_t *handle)
{
    struct gw_loop_hosted *hosted = handle->data;
    if (--hosted->handles == 0)
        gw_os_delete(hosted, sizeof(*hosted));
}

static void hosted_close(struct gw_loop_hosted *hosted)
{
    uv_close((uv_handle_t *)&hosted->timer, on_hosted_closed);
    uv_close((uv_handle_t *)&hosted->wake, on_hosted_closed);
}

gw_rc gw_loop_host(struct gw_loop *loop, const struct gw_actor_opts *opts, struct gw_actor **ret,
                   struct gw_err *err)
{
    GW_ASSERT(opts->wake == NULL);
    struct gw_loop_hosted *hosted = gw_os_new(sizeof(*hosted));
    if (hosted == NULL)
        return GW_FAIL_NOMEM(err);
    hosted->loop = loop;
    hosted->opts = *opts;
    int uv_rc = uv_async_init(&loop->uv, &hosted->wake, on_hosted_wake);
    if (uv_rc < 0) {
        gw_os_delete(hosted, sizeof(*hosted));
        return GW_FAIL_UV(err, uv_rc, "host an actor");
    }
    (void)uv_timer_init(&loop->uv, &hosted->timer);
    hosted->wake.data = hosted->timer.data = hosted;
    hosted->handles = 2;
    struct gw_actor_opts ours = *opts;
    ours.on_message = hosted_message;
    ours.on_idle = hosted_idle;
    ours.wake = hosted_wake;
    ours.ctx = hosted;
    gw_rc rc = gw_actor_host(&ours, &hosted->actor, err);
    if (rc < 0) {
        hosted_close(hosted);
        return rc;
    }
    hosted->next = loop->hosted;
    loop->hosted = hosted;
    *ret = hosted->actor;
    return GW_OK;
}

void gw_loop_unhost(struct gw_loop *loop, struct gw_actor *actor)
{
    if (actor == NULL)
        return;
    struct gw_loop_hosted **at = &loop->hosted;
    while (*at && (*at)->actor != actor)
        at = &(*at)->next;
    struct gw_loop_hosted *hosted = *at;
    GW_ASSERT(hosted != NULL);
    *at = hosted->next;
    gw_actor_stop(actor);
    gw_actor_free(actor);
    hosted_close(hosted);
}

/* ---- the loop ---- */

enum { FLUSH_ROUNDS_MAX = 8 };

/* Callbacks of a flush may queue more. After some rounds the rest waits for the next turn, which is then due at once. */
static void flush(struct gw_loop *loop)
{
    for (int round = 0; loop->flush_first && round < FLUSH_ROUNDS_MAX; round++)
        gw_loop_flush_streams(loop);
    if (loop->flush_first)
        uv_async_send(&loop->wake);
}

static void on_before_wait(uv_prepare_t *prepare)
{
    struct gw_loop *loop = prepare->data;
    loop->told = false;
    flush(loop);
    if (loop->told) /* something has happened in this turn: it must not sleep */
        uv_async_send(&loop->wake);
    arm_deadlines(loop);
}

static void on_after_wait(uv_check_t *check)
{
    flush(check->data);
}

static int start_handles(struct gw_loop *loop)
{
    int uv_rc = uv_async_init(&loop->uv, &loop->wake, on_wake);
    if (uv_rc < 0)
        return uv_rc;
    (void)uv_prepare_init(&loop->uv, &loop->before_wait);
    (void)uv_check_init(&loop->uv, &loop->after_wait);
    loop->wake.data = loop->before_wait.data = loop->after_wait.data = loop;
    (void)uv_prepare_start(&loop->before_wait, on_before_wait);
    (void)uv_check_start(&loop->after_wait, on_after_wait);
    return 0;
}

gw_rc gw_loop_new(struct gw_loop **ret, struct gw_err *err)
{
    struct gw_loop *loop = gw_os_new(sizeof(*loop));
    uint8_t *buffer = gw_os_new(GW_STREAM_READ_BYTES);
    int uv_rc = loop && buffer ? uv_loop_init(&loop->uv) : UV_ENOMEM;
    if (uv_rc == 0) {
        uv_rc = start_handles(loop);
        if (uv_rc < 0)
            (void)uv_loop_close(&loop->uv);
    }
    if (uv_rc < 0) {
        gw_os_delete(buffer, GW_STREAM_READ_BYTES);
        gw_os_delete(loop, sizeof(*loop));
        return GW_FAIL_UV(err, uv_rc, "start an event loop");
    }
    loop->flush_last = &loop->flush_first;
    loop->read_buffer = buffer;
    *ret = loop;
    return GW_OK;
}

static void assert_closing(uv_handle_t *handle, void *ctx)
{
    (void)ctx;
    GW_ASSERT(
        uv_is_closing(handle)); /* somebody's timer, stream, listener or signal is still open */
}

void gw_loop_free(struct gw_loop *loop)
{
    if (loop == NULL)
        return;
    GW_ASSERT(loop->hosted == NULL);
    run_posted(loop);
    uv_close((uv_handle_t *)&loop->wake, NULL);
    uv_close((uv_handle_t *)&loop->before_wait, NULL);
    uv_close((uv_handle_t *)&loop->after_wait, NULL);
    uv_walk(&loop->uv, assert_closing, NULL);
    (void)uv_run(&loop->uv, UV_RUN_DEFAULT);
    GW_ASSERT(uv_loop_close(&loop->uv) == 0);
    gw_os_delete(loop->read_buffer, GW_STREAM_READ_BYTES);
    gw_os_delete(loop, sizeof(*loop));
}

void gw_loop_turn(struct gw_loop *loop, bool wait)
{
    (void)uv_run(&loop->uv, wait ? UV_RUN_ONCE : UV_RUN_NOWAIT);
}

void gw_loop_run(struct gw_loop *loop)
{
    do {
        gw_loop_turn(loop, true);
    } while (!atomic_exchange(&loop->stop, false));
}

void gw_loop_stop(struct gw_loop *loop)
{
    atomic_store(&loop->stop, true);
    uv_async_send(&loop->wake);
}

int64_t gw_loop_now_ns(const struct gw_loop *loop)
{
    return (int64_t)uv_now(&loop->uv) * 1000000;
}

/* ---- timers ---- */

static void on_timer(uv_timer_t *uv)
{
    struct gw_timer *timer = uv->data;
    timer->call(timer->ctx);
}

static void on_timer_closed(uv_handle_t *handle)
{
    gw_os_delete(handle->data, sizeof(struct gw_timer));
}

gw_rc gw_timer_new(struct gw_loop *loop, gw_timer_call *call, void *ctx, struct gw_timer **ret,
                   struct gw_err *err)
{
    struct gw_timer *timer = gw_os_new(sizeof(*timer));
    if (timer == NULL)
        return GW_FAIL_NOMEM(err);
    timer->call = call;
    timer->ctx = ctx;
    (void)uv_timer_init(&loop->uv, &timer->uv);
    timer->uv.data = timer;
    *ret = timer;
    return GW_OK;
}

void gw_timer_start(struct gw_timer *timer, uint64_t after_ms, uint64_t repeat_ms)
{
    uv_update_time(timer->uv.loop); /* a long turn must not shorten the wait */
    (void)uv_timer_start(&timer->uv, on_timer, after_ms, repeat_ms);
}

void gw_timer_stop(struct gw_timer *timer)
{
    (void)uv_timer_stop(&timer->uv);
}

void gw_timer_free(struct gw_timer *timer)
{
    if (timer)
        uv_close((uv_handle_t *)&timer->uv, on_timer_closed);
}
