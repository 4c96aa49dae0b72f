/*
 * Actors as queues on one thread. Whose turn it is follows from simulated times alone: a message is seen some seeded
 * microseconds after it came, an actor that worked is busy for some more, a wish of gw_actor_wake_at() comes due.
 */
#include "os/actor.h"

#include "base/time.h"
#include "os/heap.h"
#include "os/mutex.h"
#include "sim/os/sim_int.h"
#include "sim/os/world.h"

struct gw_actor {
    struct gw_actor *next; /* of all */
    struct gw_actor_opts opts;
    uint64_t id;
    struct gw_msg *first, **last;
    uint32_t queued, waiting;
    int64_t deadline_ns;
    int64_t due_ns;  /* of the turn asked for; 0: none */
    int64_t busy_ns; /* not before this time */
    bool is_hosted, is_running, is_stopped;
};

static int64_t latency_ns(void)
{
    struct gw_rand *rand = &gw_sim.order;
    uint64_t us_max = gw_sim.opts.latency_us_max;
    if (gw_sim.opts.stalls > 0 && gw_rand_chance(rand, gw_sim.opts.stalls, 1000000))
        us_max = gw_sim.opts.stall_us_max;
    return 1 + (int64_t)gw_rand_below(rand, us_max * 1000);
}

static gw_rc make(const struct gw_actor_opts *opts, bool is_hosted, struct gw_actor **ret,
                  struct gw_err *err)
{
    const struct gw_alloc *heap = gw_os_heap();
    GW_ASSERT(opts->on_message != NULL && opts->mailbox_max >= 1);
    struct gw_actor *actor = heap->get(heap->ctx, sizeof(*actor));
    if (actor == NULL)
        return GW_FAIL_NOMEM(err);
    *actor = (struct gw_actor){.opts = *opts, .id = ++gw_sim.actor_ids, .is_hosted = is_hosted};
    actor->last = &actor->first;
    struct gw_actor **at = &gw_sim.actors;
    while (*at != NULL)
        at = &(*at)->next;
    *at = actor;
    if (!is_hosted)
        actor->due_ns = gw_sim.mono_ns + latency_ns(); /* a thread begins with on_idle() */
    *ret = actor;
    return GW_OK;
}

gw_rc gw_actor_start(const struct gw_actor_opts *opts, struct gw_actor **ret, struct gw_err *err)
{
    return make(opts, false, ret, err);
}

gw_rc gw_actor_host(const struct gw_actor_opts *opts, struct gw_actor **ret, struct gw_err *err)
{
    GW_ASSERT(opts->wake != NULL);
    return make(opts, true, ret, err);
}

gw_rc gw_actor_send_always(struct gw_actor *actor, struct gw_msg *msg)
{
    if (actor->is_stopped)
        return GW_CLOSED;
    msg->next = NULL;
    *actor->last = msg;
    actor->last = &msg->next;
    actor->queued++;
    actor->waiting++;
    if (actor->due_ns == 0) {
        actor->due_ns = gw_sim.mono_ns + latency_ns();
        if (actor->is_hosted)
            actor->opts.wake(actor->opts.ctx);
    }
    return GW_OK;
}

gw_rc gw_actor_send(struct gw_actor *actor, struct gw_msg *msg)
{
    if (!actor->is_stopped && actor->waiting >= actor->opts.mailbox_max)
        return GW_BUSY;
    return gw_actor_send_always(actor, msg);
}

uint32_t gw_actor_waiting(const struct gw_actor *actor)
{
    return actor->waiting;
}

void gw_actor_wake_at(struct gw_actor *actor, int64_t mono_ns)
{
    actor->deadline_ns = mono_ns;
}

int64_t gw_actor_deadline(const struct gw_actor *actor)
{
    return actor->deadline_ns;
}

/** Handle `count` messages, then on_idle(). */
static void handle(struct gw_actor *actor, uint32_t count)
{
    GW_ASSERT(!actor->is_running);
    actor->is_running = true;
    gw_sim_trace_add('T', actor->id, count);
    for (uint32_t i = 0; i < count; i++) {
        struct gw_msg *msg = actor->first;
        actor->first = msg->next;
        if (actor->first == NULL)
            actor->last = &actor->first;
        actor->queued--;
        msg->next = NULL;
        actor->opts.on_message(actor->opts.ctx, msg);
    }
    actor->waiting -= count;
    if (actor->deadline_ns != GW_ACTOR_NEVER && gw_sim.mono_ns >= actor->deadline_ns)
        actor->deadline_ns = GW_ACTOR_NEVER;
    if (actor->opts.on_idle != NULL)
        actor->opts.on_idle(actor->opts.ctx);
    actor->is_running = false;
    actor->busy_ns = gw_sim.mono_ns + latency_ns();
    actor->due_ns = actor->queued > 0 ? actor->busy_ns : 0;
}

void gw_actor_run_once(struct gw_actor *actor)
{
    GW_ASSERT(actor->is_hosted);
    if (actor->is_stopped)
        return;
    handle(actor, actor->queued);
    if (actor->queued > 0)
        actor->opts.wake(actor->opts.ctx);
}

void gw_actor_stop(struct gw_actor *actor)
{
    if (actor->is_stopped)
        return;
    do
        handle(actor, actor->queued);
    while (actor->queued > 0);
    actor->is_stopped = true;
}

void gw_actor_free(struct gw_actor *actor)
{
    const struct gw_alloc *heap = gw_os_heap();
    if (actor == NULL)
        return;
    GW_ASSERT(actor->is_stopped);
    struct gw_actor **at = &gw_sim.actors;
    while (*at != actor)
        at = &(*at)->next;
    *at = actor->next;
    heap->put(heap->ctx, actor, sizeof(*actor));
}

void gw_sim_actors_drop(void)
{
    gw_sim.actors = NULL; /* their memory goes with the heap */
}

/* ---- turns ---- */

static int64_t turn_ns(const struct gw_actor *actor)
{
    int64_t at = INT64_MAX;
    if (actor->is_hosted || actor->is_running || actor->is_stopped)
        return at;
    if (actor->due_ns != 0)
        at = actor->due_ns;
    if (actor->deadline_ns != GW_ACTOR_NEVER)
        at = GW_MIN(at, actor->deadline_ns);
    return at == INT64_MAX ? at : GW_MAX(at, actor->busy_ns);
}

bool gw_sim_turn(int64_t until_ns)
{
    struct gw_actor *next = NULL;
    int64_t next_ns = INT64_MAX;
    for (struct gw_actor *actor = gw_sim.actors; actor != NULL; actor = actor->next) {
        int64_t at = turn_ns(actor);
        if (at < next_ns) {
            next = actor;
            next_ns = at;
        }
    }
    if (next == NULL || next_ns > until_ns)
        return false;
    gw_sim.mono_ns = GW_MAX(gw_sim.mono_ns, next_ns);
    gw_sim_moment(next->opts.name);
    uint32_t count = next->queued;
    if (count > 1 && gw_rand_chance(&gw_sim.order, 1, 2))
        count = 1 + (uint32_t)gw_rand_below(&gw_sim.order, count);
    handle(next, count);
    return true;
}

/* ---- locks ---- */

struct gw_mutex {
    bool is_locked, is_world;
    uint64_t wakes;
};

gw_rc gw_mutex_new(struct gw_mutex **ret, struct gw_err *err)
{
    const struct gw_alloc *heap = gw_os_heap();
    struct gw_mutex *mutex = heap->get(heap->ctx, sizeof(*mutex));
    if (mutex == NULL)
        return GW_FAIL_NOMEM(err);
    *mutex = (struct gw_mutex){0};
    *ret = mutex;
    return GW_OK;
}

gw_rc gw_sim_world_mutex_new(struct gw_mutex **ret, struct gw_err *err)
{
    /* Not of the world's heap either: the list of names in store/memory.c keeps its lock for ever. */
    gw_rc rc = gw_sim_forever(sizeof(struct gw_mutex), (void **)ret, err);
    if (rc == GW_OK)
        **ret = (struct gw_mutex){.is_world = true};
    return rc;
}

void gw_mutex_free(struct gw_mutex *mutex)
{
    const struct gw_alloc *heap = gw_os_heap();
    if (mutex == NULL)
        return;
    GW_ASSERT(!mutex->is_locked);
    if (mutex->is_world)
        gw_sim_forever_free(mutex);
    else
        heap->put(heap->ctx, mutex, sizeof(*mutex));
}

void gw_mutex_lock(struct gw_mutex *mutex)
{
    GW_ASSERT(!mutex->is_locked); /* one thread: it would wait for itself */
    mutex->is_locked = true;
}

void gw_mutex_unlock(struct gw_mutex *mutex)
{
    GW_ASSERT(mutex->is_locked);
    mutex->is_locked = false;
}

bool gw_mutex_wait(struct gw_mutex *mutex, int64_t until_mono_ns)
{
    uint64_t seen = mutex->wakes;
    int64_t until_ns = until_mono_ns == 0 ? INT64_MAX - 1 : until_mono_ns;
    gw_mutex_unlock(mutex);
    while (mutex->wakes == seen && gw_sim_turn(until_ns))
        ;
    GW_ASSERT(mutex->wakes != seen || until_mono_ns != 0); /* nobody left who could wake us */
    if (mutex->wakes == seen)
        gw_sim.mono_ns = GW_MAX(gw_sim.mono_ns, until_ns);
    gw_mutex_lock(mutex);
    return mutex->wakes != seen;
}

void gw_mutex_wake(struct gw_mutex *mutex)
{
    mutex->wakes++;
}
