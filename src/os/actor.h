/**
 * Actors: one thread (or one loop) each, and a bounded mailbox as the only way in.
 *
 * Invariant: on_message() and on_idle() of one actor never run at the same time, and messages of one sender arrive in
 *            the order sent. A message sent happens-before its on_message(): no lock is needed for what it holds.
 * Life:      gw_actor_start() (own thread) or gw_actor_host() (a loop drains it), then gw_actor_stop(), gw_actor_free().
 * Cost:      a send is one atomic exchange; the sleeping actor is woken once, however many send meanwhile.
 * The simulator implements the same calls on one thread and chooses the order of actors from its seed.
 */
#ifndef GW_OS_ACTOR_H
#define GW_OS_ACTOR_H

#include "base/err.h"

struct gw_actor; /* opaque */

/** First member of every message. The receiver owns the message from the send on. */
struct gw_msg {
    struct gw_msg *next; /* the mailbox's while queued, then the receiver's */
    uint32_t kind;       /* the receiver's enum */
};

enum { GW_ACTOR_NEVER = 0, GW_ACTOR_NAME_MAX = 16 };

struct gw_actor_opts {
    const char *name;     /* shown by ps and debuggers, cut to 15 bytes; static */
    uint32_t mailbox_max; /* messages waiting or being handled; >= 1 */
    void (*on_message)(void *ctx, struct gw_msg *msg); /* takes `msg` */
    void (*on_idle)(void *ctx); /* mailbox drained, or a deadline passed; may be NULL */
    void (*wake)(void *ctx);    /* gw_actor_host() only: called on a sender's thread, must lead to
                                   gw_actor_run_once() on the host's; e.g. uv_async_send */
    void *ctx;
};

/** Start a thread; on_idle() is called at once, `*ret` is set before that (and NULL again on failure). @return GW_NOMEM, GW_BUSY (no thread to be had) */
gw_rc gw_actor_start(const struct gw_actor_opts *opts, struct gw_actor **ret, struct gw_err *err);

/** An actor without a thread: its host calls gw_actor_run_once() after each wake(). */
gw_rc gw_actor_host(const struct gw_actor_opts *opts, struct gw_actor **ret, struct gw_err *err);
/** Handle what is in the mailbox now, then on_idle(). Never waits; what arrives meanwhile leads to another wake().
 *  Call it also when gw_actor_deadline() has passed. Host's thread only. */
void gw_actor_run_once(struct gw_actor *actor);
/** Monotonic ns asked for with gw_actor_wake_at(), or GW_ACTOR_NEVER. Host's thread only. */
int64_t gw_actor_deadline(const struct gw_actor *actor);

/**
 * Hand `msg` over. Any thread, never waits.
 * @return GW_OK     the receiver owns msg
 *         GW_BUSY   mailbox_max reached: msg is still the sender's, who slows its source down
 *         GW_CLOSED the actor has stopped: msg is still the sender's
 */
GW_NODISCARD gw_rc gw_actor_send(struct gw_actor *actor, struct gw_msg *msg);
/** As above without the bound, for replies: their number is bounded by the requests. GW_OK or GW_CLOSED. */
gw_rc gw_actor_send_always(struct gw_actor *actor, struct gw_msg *msg);
/** Messages waiting or being handled, for metrics: already old when returned. Any thread. */
uint32_t gw_actor_waiting(const struct gw_actor *actor);

/** Ask for on_idle() at this monotonic time; replaces an earlier wish; GW_ACTOR_NEVER takes it back. After it fired
 *  the wish is gone. Only from inside on_message()/on_idle() of this actor (or on the host's thread). */
void gw_actor_wake_at(struct gw_actor *actor, int64_t mono_ns);

/** Handle everything sent so far, call on_idle() once more, then refuse sends with GW_CLOSED; joins the thread.
 *  Not from inside the actor. A second call does nothing. Hosted: on the host's thread. */
void gw_actor_stop(struct gw_actor *actor);
/** After gw_actor_stop(), when nobody sends any more. Accepts NULL. */
void gw_actor_free(struct gw_actor *actor);

#endif
