#include "engine/ask.h"

#include "os/clock.h"
#include "os/heap.h"
#include "os/mutex.h"

enum { RETRY_NS = 1000000 };

/* The hosted actor is drained by whoever waits: a wake only says that there is something. */
struct gw_asker {
    struct gw_actor *actor;
    struct gw_mutex *lock;
    bool woken;                      /* under lock */
    struct gw_request *first, *last; /* answered, not taken; the waiting thread's */
    uint32_t open;
};

static void on_answer(void *ctx, struct gw_msg *msg)
{
    struct gw_asker *asker = ctx;
    struct gw_request *request = (struct gw_request *)(void *)msg;
    request->next = NULL;
    if (asker->first == NULL)
        asker->first = request;
    else
        asker->last->next = request;
    asker->last = request;
}

static void on_wake(void *ctx)
{
    struct gw_asker *asker = ctx;
    gw_mutex_lock(asker->lock);
    asker->woken = true;
    gw_mutex_wake(asker->lock);
    gw_mutex_unlock(asker->lock);
}

gw_rc gw_asker_open(struct gw_asker **ret, struct gw_err *err)
{
    const struct gw_alloc *heap = gw_os_heap();
    struct gw_asker *asker = heap->get(heap->ctx, sizeof(*asker));
    if (asker == NULL)
        return GW_FAIL_NOMEM(err);
    *asker = (struct gw_asker){0};
    const struct gw_actor_opts opts = {.name = "gw-asker",
                                       .mailbox_max = 65536,
                                       .on_message = on_answer,
                                       .wake = on_wake,
                                       .ctx = asker};
    gw_rc rc = gw_mutex_new(&asker->lock, err);
    if (rc == GW_OK)
        rc = gw_actor_host(&opts, &asker->actor, err);
    if (rc < 0) {
        gw_asker_close(asker);
        return rc;
    }
    *ret = asker;
    return GW_OK;
}

void gw_asker_close(struct gw_asker *asker)
{
    if (asker == NULL)
        return;
    GW_ASSERT(asker->open == 0 && asker->first == NULL);
    if (asker->actor) {
        gw_actor_stop(asker->actor);
        gw_actor_free(asker->actor);
    }
    gw_mutex_free(asker->lock);
    const struct gw_alloc *heap = gw_os_heap();
    heap->put(heap->ctx, asker, sizeof(*asker));
}

struct gw_actor *gw_asker_actor(struct gw_asker *asker)
{
    return asker->actor;
}

gw_rc gw_asker_send(struct gw_asker *asker, struct gw_engine *engine, struct gw_request *request)
{
    gw_rc rc = gw_engine_send(engine, request);
    asker->open += rc == GW_OK;
    return rc;
}

static struct gw_request *take(struct gw_asker *asker)
{
    struct gw_request *request = asker->first;
    if (request) {
        asker->first = request->next;
        asker->open--;
    }
    return request;
}

static void wait(struct gw_asker *asker, int64_t until_ns)
{
    gw_mutex_lock(asker->lock);
    while (!asker->woken && gw_mutex_wait(asker->lock, until_ns))
        ;
    asker->woken = false;
    gw_mutex_unlock(asker->lock);
    gw_actor_run_once(asker->actor);
}

struct gw_request *gw_asker_next(struct gw_asker *asker)
{
    while (asker->open > 0 && asker->first == NULL)
        wait(asker, 0);
    return take(asker);
}

gw_rc gw_ask(struct gw_asker *asker, struct gw_engine *engine, struct gw_request *request,
             struct gw_err *err)
{
    gw_rc rc;
    while ((rc = gw_asker_send(asker, engine, request)) == GW_BUSY)
        wait(asker, gw_clock_mono_ns() + RETRY_NS);
    if (rc < 0)
        return GW_FAIL(err, rc, "the engine takes no requests");
    struct gw_request *answer = gw_asker_next(asker);
    GW_ASSERT(answer == request);
    if (answer->rc < 0 && err)
        *err = answer->err;
    return answer->rc;
}
