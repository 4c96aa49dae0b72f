/**
 * The event loop: timers, tasks from other threads, hosted actors. Streams (os/stream.h) and signals (os/signal.h) live on it.
 *
 * Shape:     one thread owns a loop and everything on it; only gw_loop_post() and gw_loop_stop() may come from others.
 * Turn:      due timers, then I/O and posted tasks in the order they came, then queued stream writes, then it sleeps.
 * Lifetime:  gw_loop_new() to gw_loop_free(); what lives on the loop is freed before it.
 * Callbacks: on the loop's thread, never from inside the call that asked for them.
 */
#ifndef GW_OS_LOOP_H
#define GW_OS_LOOP_H

#include "base/err.h"
#include "os/actor.h"

struct gw_loop;  /* opaque */
struct gw_timer; /* opaque */

/** @return GW_NOMEM, GW_BUSY (out of descriptors) */
gw_rc gw_loop_new(struct gw_loop **ret, struct gw_err *err);
/** Finishes what is closing. Timers, streams, listeners, signals and actors must have been freed or closed (asserted).
 *  Accepts NULL. */
void gw_loop_free(struct gw_loop *loop);

/** Turns until gw_loop_stop(). A stop asked for before the run ends it after its first turn. */
void gw_loop_run(struct gw_loop *loop);
/** One turn. @wait  sleep until something happens (a timer, I/O, a task) when nothing is due */
void gw_loop_turn(struct gw_loop *loop, bool wait);
/** The run ends after the current turn. Any thread. */
void gw_loop_stop(struct gw_loop *loop);
/** Monotonic time of the current turn, in ns: one value per turn, so it is cheap and may be a little old. */
int64_t gw_loop_now_ns(const struct gw_loop *loop);

/** Embedded in what the caller wants done; the caller's until posted, then the loop's until `call` fires. */
struct gw_loop_task {
    struct gw_loop_task *next; /* the loop's while posted */
    void (*call)(
        struct gw_loop_task *task); /* on the loop's thread, once per post; may post it again */
};

/** Have `task` called on the loop's thread in one of its next turns, in the order posted. Any thread; never waits or
 *  fails. What the poster wrote before is visible to `call`. */
void gw_loop_post(struct gw_loop *loop, struct gw_loop_task *task);

typedef void gw_timer_call(void *ctx);

/** A timer that does not run yet. @return GW_NOMEM */
gw_rc gw_timer_new(struct gw_loop *loop, gw_timer_call *call, void *ctx, struct gw_timer **ret,
                   struct gw_err *err);
/** (Re)start: fires after `after_ms`, then every `repeat_ms` (0: once). Replaces an earlier start. */
void gw_timer_start(struct gw_timer *timer, uint64_t after_ms, uint64_t repeat_ms);
/** It does not fire any more. Nothing when it does not run. */
void gw_timer_stop(struct gw_timer *timer);
/** Accepts NULL; allowed inside its own callback. */
void gw_timer_free(struct gw_timer *timer);

/**
 * Host an actor: messages sent to it from any thread are handled on the loop's thread, its deadlines are kept.
 * @opts  as for gw_actor_start(); `wake` must be NULL, the loop gives its own
 * @ret   send with gw_actor_send(); end with gw_loop_unhost(), not with gw_actor_free()
 */
gw_rc gw_loop_host(struct gw_loop *loop, const struct gw_actor_opts *opts, struct gw_actor **ret,
                   struct gw_err *err);
/** Handles what was sent so far, stops and frees the actor. Nobody may send from now on. Accepts NULL. Not from inside the
 *  actor. */
void gw_loop_unhost(struct gw_loop *loop, struct gw_actor *actor);

#endif
