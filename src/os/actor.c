/*
 * The mailbox is one atomic pointer: a stack of messages that senders push on and the actor takes whole and turns
 * round, so order of sending is order of handling. Two addresses that are no messages stand for states of the actor:
 *
 *     NULL     awake, nothing waiting          &asleep   the actor sleeps: whoever replaces this must wake it
 *     msg …    awake, messages waiting         &closed   stopped: nothing is accepted
 *
 * Only the actor takes and only senders push, so a compare-and-swap cannot be fooled by a message that left and came
 * back (ABA): what it links to is the message that is on top now, whatever its history.
 */
#include "os/actor.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/time.h"
#include "os/clock.h"

struct gw_actor {
    _Atomic(struct gw_msg *) top;
    atomic_uint waiting;
    atomic_uint wakes; /* counts wake-ups; the thread sleeps on it */
    struct gw_actor_opts opts;
    int64_t deadline_ns; /* the actor's own */
    struct gw_msg stop;  /* sent by gw_actor_stop() */
    bool is_stopping;    /* the actor's own: `stop` was seen */
    bool is_stopped;     /* the stopper's own */
    bool is_hosted;
    pthread_t thread;
};

static struct gw_msg asleep, closed; /* their addresses only */

static void futex_wait(atomic_uint *word, unsigned seen, int64_t until_mono_ns)
{
    struct timespec until = {.tv_sec = until_mono_ns / GW_NS_PER_S,
                             .tv_nsec = until_mono_ns % GW_NS_PER_S};
    /* Returns for a wake-up, a changed word, the deadline or a signal: the caller looks at the mailbox in each case. */
    (void)syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, seen,
                  until_mono_ns == GW_ACTOR_NEVER ? NULL : &until, NULL, FUTEX_BITSET_MATCH_ANY);
}

static void wake(struct gw_actor *actor)
{
    if (actor->is_hosted) {
        actor->opts.wake(actor->opts.ctx);
        return;
    }
    atomic_fetch_add(&actor->wakes, 1);
    (void)syscall(SYS_futex, &actor->wakes, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static gw_rc push(struct gw_actor *actor, struct gw_msg *msg)
{
    struct gw_msg *top = atomic_load_explicit(&actor->top, memory_order_relaxed);
    do {
        if (top == &closed)
            return GW_CLOSED;
        msg->next = top == &asleep ? NULL : top;
    } while (!atomic_compare_exchange_weak(&actor->top, &top, msg));
    if (top == &asleep)
        wake(actor);
    return GW_OK;
}

gw_rc gw_actor_send(struct gw_actor *actor, struct gw_msg *msg)
{
    if (atomic_fetch_add_explicit(&actor->waiting, 1, memory_order_relaxed) >=
        actor->opts.mailbox_max) {
        atomic_fetch_sub_explicit(&actor->waiting, 1, memory_order_relaxed);
        return atomic_load(&actor->top) == &closed ? GW_CLOSED : GW_BUSY;
    }
    gw_rc rc = push(actor, msg);
    if (rc < 0)
        atomic_fetch_sub_explicit(&actor->waiting, 1, memory_order_relaxed);
    return rc;
}

gw_rc gw_actor_send_always(struct gw_actor *actor, struct gw_msg *msg)
{
    atomic_fetch_add_explicit(&actor->waiting, 1, memory_order_relaxed);
    gw_rc rc = push(actor, msg);
    if (rc < 0)
        atomic_fetch_sub_explicit(&actor->waiting, 1, memory_order_relaxed);
    return rc;
}

uint32_t gw_actor_waiting(const struct gw_actor *actor)
{
    return atomic_load_explicit(&actor->waiting, memory_order_relaxed);
}

void gw_actor_wake_at(struct gw_actor *actor, int64_t mono_ns)
{
    actor->deadline_ns = mono_ns;
}

int64_t gw_actor_deadline(const struct gw_actor *actor)
{
    return actor->deadline_ns;
}

/** Everything in the mailbox, oldest first; NULL when empty. */
static struct gw_msg *take_all(struct gw_actor *actor)
{
    struct gw_msg *newest = atomic_exchange(&actor->top, NULL);
    struct gw_msg *oldest = NULL;
    if (newest == &asleep)
        return NULL;
    while (newest != NULL) {
        struct gw_msg *before = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = before;
    }
    return oldest;
}

/** One round: what is in the mailbox, then on_idle. */
static void handle_all(struct gw_actor *actor)
{
    unsigned handled = 0;
    for (struct gw_msg *msg = take_all(actor), *next; msg != NULL; msg = next) {
        next = msg->next;
        if (msg == &actor->stop) {
            actor->is_stopping = true;
            continue;
        }
        msg->next = NULL;
        actor->opts.on_message(actor->opts.ctx, msg);
        handled++;
    }
    atomic_fetch_sub_explicit(&actor->waiting, handled, memory_order_relaxed);
    if (actor->deadline_ns != GW_ACTOR_NEVER && gw_clock_mono_ns() >= actor->deadline_ns)
        actor->deadline_ns = GW_ACTOR_NEVER;
    if (actor->opts.on_idle != NULL)
        actor->opts.on_idle(actor->opts.ctx);
}

/** From "awake, nothing waiting" to `state`. @return false: something was waiting */
static bool leave(struct gw_actor *actor, struct gw_msg *state)
{
    struct gw_msg *empty = NULL;
    return atomic_compare_exchange_strong(&actor->top, &empty, state);
}

static void sleep_until_woken(struct gw_actor *actor)
{
    unsigned seen = atomic_load(&actor->wakes);
    if (!leave(actor, &asleep))
        return;
    while (atomic_load(&actor->top) == &asleep) {
        if (actor->deadline_ns != GW_ACTOR_NEVER && gw_clock_mono_ns() >= actor->deadline_ns)
            break; /* a sender who comes now still sees `asleep` and wakes once too often: harmless */
        futex_wait(&actor->wakes, seen, actor->deadline_ns);
        seen = atomic_load(&actor->wakes);
    }
}

static void *run(void *arg)
{
    struct gw_actor *actor = arg;
    for (;;) {
        handle_all(actor);
        if (actor->is_stopping && leave(actor, &closed))
            return NULL;
        if (!actor->is_stopping)
            sleep_until_woken(actor);
    }
}

void gw_actor_run_once(struct gw_actor *actor)
{
    GW_ASSERT(actor->is_hosted);
    if (atomic_load(&actor->top) == &closed)
        return;
    handle_all(actor);
    if (!actor->is_stopping && !leave(actor, &asleep))
        wake(actor);
}

/** @return NULL when out of memory */
static struct gw_actor *make(const struct gw_actor_opts *opts)
{
    GW_ASSERT(opts->on_message != NULL && opts->mailbox_max >= 1);
    struct gw_actor *actor = calloc(1, sizeof(*actor));
    if (actor != NULL)
        actor->opts = *opts;
    return actor;
}

gw_rc gw_actor_host(const struct gw_actor_opts *opts, struct gw_actor **ret, struct gw_err *err)
{
    GW_ASSERT(opts->wake != NULL);
    struct gw_actor *actor = make(opts);
    if (actor == NULL)
        return GW_FAIL_NOMEM(err);
    actor->is_hosted = true;
    atomic_store(&actor->top, &asleep);
    *ret = actor;
    return GW_OK;
}

gw_rc gw_actor_start(const struct gw_actor_opts *opts, struct gw_actor **ret, struct gw_err *err)
{
    struct gw_actor *actor = make(opts);
    if (actor == NULL)
        return GW_FAIL_NOMEM(err);
    *ret = actor; /* before the thread runs: its first on_idle() may already look for itself */
    int failed = pthread_create(&actor->thread, NULL, run, actor);
    if (failed != 0) {
        *ret = NULL;
        free(actor);
        errno = failed;
        return GW_FAIL_SYS(err, "start thread '%s'", opts->name);
    }
    char name[GW_ACTOR_NAME_MAX] = "";
    memcpy(name, opts->name, strnlen(opts->name, sizeof(name) - 1));
    (void)pthread_setname_np(actor->thread, name);
    return GW_OK;
}

void gw_actor_stop(struct gw_actor *actor)
{
    if (actor->is_stopped)
        return;
    actor->is_stopped = true;
    (void)push(actor, &actor->stop);
    if (!actor->is_hosted) {
        GW_ASSERT(pthread_join(actor->thread, NULL) == 0);
        return;
    }
    do {
        handle_all(actor);
    } while (!leave(actor, &closed));
}

void gw_actor_free(struct gw_actor *actor)
{
    if (actor == NULL)
        return;
    GW_ASSERT(actor->is_stopped);
    free(actor);
}
