#include "store/pool.h"

#include <stdatomic.h>

#include "base/time.h"
#include "os/clock.h"
#include "os/heap.h"

/* One worker: an actor, its connection, and the requests it has taken but not begun. */
struct worker {
    struct gw_store_pool *pool;
    struct gw_actor *actor;
    struct gw_store_config config; /* with the slot of this worker */
    struct gw_store *store;        /* NULL: not connected */
    struct gw_msg *first, **last;  /* taken, waiting for a simulated store */
    struct gw_store_request *done; /* its effect is there, its answer is held back */
    int64_t held_until_ns;
    bool is_begun; /* the first of the queue has had its delay before the effect */
    uint32_t failures;
    int64_t backoff_ns, retry_at_ns;
    struct gw_err failure; /* what began the back-off */
    atomic_uint open;      /* sent and not answered */
};

struct gw_store_pool {
    struct gw_arena arena; /* of the config's texts */
    uint32_t open_max, count;
    atomic_bool is_stopping;
    struct worker workers[];
};

/* ---- requests ---- */

struct gw_store_request *gw_store_request_new(enum gw_store_call call, struct gw_actor *reply_to,
                                              void *ctx)
{
    const struct gw_alloc *heap = gw_os_heap();
    struct gw_store_request *request = heap->get(heap->ctx, sizeof(*request));
    if (request == NULL)
        return NULL;
    *request = (struct gw_store_request){
        .call = call, .reply_to = reply_to, .ctx = ctx, .worker = GW_STORE_ANY_WORKER};
    gw_arena_init(&request->arena, heap, GW_STORE_REQUEST_BYTES_MAX);
    return request;
}

void gw_store_request_free(struct gw_store_request *request)
{
    if (request == NULL)
        return;
    const struct gw_alloc *heap = gw_os_heap();
    gw_arena_done(&request->arena);
    heap->put(heap->ctx, request, sizeof(*request));
}

/* ---- the connection ---- */

static bool breaks_connection(gw_rc rc)
{
    return rc == GW_UNREACHABLE || rc == GW_CLOSED || rc == GW_IO || rc == GW_CORRUPT;
}

static void note_failure(struct worker *worker, const struct gw_err *err)
{
    gw_store_close(worker->store);
    worker->store = NULL;
    worker->failures++;
    worker->failure = *err;
    int64_t next = worker->backoff_ns * 2;
    worker->backoff_ns = GW_MIN(GW_MAX(next, GW_STORE_BACKOFF_MIN_MS * GW_NS_PER_MS),
                                GW_STORE_BACKOFF_MAX_MS * GW_NS_PER_MS);
    worker->retry_at_ns = gw_clock_mono_ns() + worker->backoff_ns;
}

static void note_success(struct worker *worker)
{
    worker->failures = 0;
    worker->backoff_ns = 0;
    worker->retry_at_ns = 0;
}

static gw_rc connect(struct worker *worker, struct gw_err *err)
{
    if (worker->store != NULL)
        return GW_OK;
    int64_t left_ns = worker->retry_at_ns - gw_clock_mono_ns();
    if (worker->failures > 0 && left_ns > 0) {
        *err = worker->failure;
        gw_err_hint(err, "not tried again for another %lld ms",
                    (long long)(left_ns / GW_NS_PER_MS) + 1);
        return err->rc;
    }
    gw_rc rc = gw_store_open(&worker->config, &worker->store, err);
    if (rc < 0)
        note_failure(worker, err);
    return rc;
}

/* ---- running ---- */

static gw_rc run_fetch(struct gw_store *store, struct gw_store_request *r)
{
    r->out.rows = GW_NEW_ARRAY(&r->arena, struct gw_store_row, r->in.count);
    if (r->out.rows == NULL)
        return GW_FAIL_NOMEM(&r->err);
    return store->ops->fetch(store, r->in.home, r->in.keys, r->in.count, &r->arena, r->out.rows,
                             &r->err);
}

static gw_rc run_push(struct gw_store *store, struct gw_store_request *r)
{
    r->out.results = GW_NEW_ARRAY(&r->arena, struct gw_store_result, r->in.count);
    if (r->out.results == NULL)
        return GW_FAIL_NOMEM(&r->err);
    return store->ops->push(store, r->in.epoch, r->in.attempt, r->in.items, r->in.count, &r->arena,
                            r->out.results, &r->err);
}

static gw_rc run_call(struct gw_store *store, uint32_t slot, struct gw_store_request *r)
{
    const struct gw_store_ops *ops = store->ops;
    switch (r->call) {
    case GW_STORE_CALL_FETCH:
        return run_fetch(store, r);
    case GW_STORE_CALL_SCAN:
        return ops->scan(store, r->in.home, r->in.after, r->in.rows, &r->arena, &r->out.page,
                         &r->err);
    case GW_STORE_CALL_COUNT:
        return ops->count(store, r->in.home, &r->out.count, &r->err);
    case GW_STORE_CALL_PUSH:
        return run_push(store, r);
    case GW_STORE_CALL_CATALOG:
        return ops->catalog(store, r->in.home, &r->arena, &r->out.findings, &r->err);
    case GW_STORE_CALL_PREPARE_PLAN:
        return ops->prepare_plan(store, r->in.homes, r->in.count, &r->arena, &r->out.ddl, &r->err);
    case GW_STORE_CALL_PREPARE:
        return ops->prepare(store, r->in.homes, r->in.count, &r->err);
    case GW_STORE_CALL_FENCE_READ:
        return ops->fence_read(store, slot, &r->out.fence, &r->err);
    case GW_STORE_CALL_FENCE_RAISE:
        return ops->fence_raise(store, slot, r->in.epoch, r->in.attempt, &r->err);
    case GW_STORE_CALL_FENCE_TAKE_OVER:
        return ops->fence_take_over(store, r->in.cluster, &r->err);
    }
    GW_UNREACHABLE_CODE();
}

static void answer(struct worker *worker, struct gw_store_request *request)
{
    request->link.is_open = worker->store != NULL;
    request->link.failures = worker->failures;
    request->link.retry_at_ns = worker->failures > 0 ? worker->retry_at_ns : 0;
    /* Before the reply: whoever gets it may send the next request and must find room. */
    atomic_fetch_sub(&worker->open, 1);
    gw_rc rc = gw_actor_send_always(request->reply_to, &request->msg);
    GW_ASSERT(rc == GW_OK); /* pool.h: reply_to takes messages until the pool has stopped */
}

static void execute(struct worker *worker, struct gw_store_request *request)
{
    int64_t began_ns = gw_clock_mono_ns();
    request->link.waited_ns = began_ns - request->sent_ns;
    if (request->deadline_ns != 0 && began_ns > request->deadline_ns) {
        request->rc = GW_FAIL(&request->err, GW_TIMEOUT, "store %.*s: waited %lld ms, not started",
                              GW_TEXT_ARG(worker->config.name),
                              (long long)(request->link.waited_ns / GW_NS_PER_MS));
        return;
    }
    request->rc = connect(worker, &request->err);
    if (request->rc < 0)
        return;
    request->rc = run_call(worker->store, worker->config.slot, request);
    request->link.ran_ns = gw_clock_mono_ns() - began_ns;
    if (request->rc == GW_OK) {
        note_success(worker);
    } else if (breaks_connection(request->rc)) {
        note_failure(worker, &request->err);
    }
}

static uint32_t rows_of(const struct gw_store_request *request)
{
    return request->call == GW_STORE_CALL_SCAN ? request->in.rows : request->in.count;
}

static int64_t hold_ns(const struct worker *worker, const struct gw_store_request *request,
                       bool before)
{
    if (worker->store == NULL || worker->store->ops->hold_ns == NULL)
        return 0;
    return worker->store->ops->hold_ns(worker->store, request->call, rows_of(request), before);
}

/* @return true while the worker has to wait for simulated time to pass */
static bool is_held(struct worker *worker, int64_t ns)
{
    if (ns <= 0)
        return false;
    worker->held_until_ns = gw_clock_mono_ns() + ns;
    gw_actor_wake_at(worker->actor, worker->held_until_ns);
    return true;
}

static void cancel_all(struct worker *worker)
{
    if (worker->done != NULL)
        answer(worker, worker->done);
    worker->done = NULL;
    while (worker->first != NULL) {
        struct gw_store_request *request =
            GW_CONTAINER_OF(worker->first, struct gw_store_request, msg);
        worker->first = worker->first->next;
        request->rc = GW_FAIL(&request->err, GW_CANCELLED, "store %.*s: stopping",
                              GW_TEXT_ARG(worker->config.name));
        answer(worker, request);
    }
    worker->last = &worker->first;
}

static struct gw_store_request *take_first(struct worker *worker)
{
    struct gw_msg *msg = worker->first;
    worker->first = msg->next;
    if (worker->first == NULL)
        worker->last = &worker->first;
    worker->is_begun = false;
    return GW_CONTAINER_OF(msg, struct gw_store_request, msg);
}

static void run_all(struct worker *worker)
{
    if (atomic_load(&worker->pool->is_stopping)) {
        cancel_all(worker);
        return;
    }
    while (worker->held_until_ns <= gw_clock_mono_ns()) {
        if (worker->done != NULL) {
            answer(worker, worker->done);
            worker->done = NULL;
        }
        if (worker->first == NULL)
            return;
        struct gw_store_request *next =
            GW_CONTAINER_OF(worker->first, struct gw_store_request, msg);
        if (!worker->is_begun) {
            worker->is_begun = true;
            if (is_held(worker, hold_ns(worker, next, true)))
                return;
        }
        worker->done = take_first(worker);
        execute(worker, worker->done);
        if (is_held(worker, hold_ns(worker, worker->done, false)))
            return;
    }
    gw_actor_wake_at(worker->actor, worker->held_until_ns);
}

static void on_message(void *ctx, struct gw_msg *msg)
{
    struct worker *worker = ctx;
    msg->next = NULL;
    *worker->last = msg;
    worker->last = &msg->next;
    run_all(worker);
}

static void on_idle(void *ctx)
{
    run_all(ctx);
}

/* ---- the pool ---- */

static size_t pool_bytes(uint32_t workers)
{
    return sizeof(struct gw_store_pool) + workers * sizeof(struct worker);
}

static gw_rc start_worker(struct gw_store_pool *pool, uint32_t index,
                          const struct gw_store_config *config, struct gw_err *err)
{
    struct worker *worker = &pool->workers[index];
    worker->pool = pool;
    worker->config = *config;
    worker->config.slot = config->slot + index;
    worker->last = &worker->first;
    atomic_init(&worker->open, 0);
    struct gw_actor_opts opts = {.name = "store",
                                 .mailbox_max = pool->open_max,
                                 .on_message = on_message,
                                 .on_idle = on_idle,
                                 .ctx = worker};
    return gw_actor_start(&opts, &worker->actor, err);
}

static gw_rc copy_config(struct gw_store_pool *pool, struct gw_store_config *config,
                         struct gw_err *err)
{
    config->name = gw_arena_copy_text(&pool->arena, config->name);
    config->url = gw_arena_copy_text(&pool->arena, config->url);
    if (config->name.data == NULL || config->url.data == NULL)
        return GW_FAIL_NOMEM(err);
    const char *colon = memchr(config->url.data, ':', config->url.len);
    struct gw_text kind = {config->url.data, colon ? (size_t)(colon - config->url.data) : 0};
    if (gw_store_find(kind) == NULL) {
        return GW_FAIL(err, GW_UNSUPPORTED, "store %.*s: no connector for \"%.*s\"",
                       GW_TEXT_ARG(config->name), GW_TEXT_ARG(kind));
    }
    return GW_OK;
}

gw_rc gw_store_pool_open(const struct gw_store_pool_opts *opts, struct gw_store_pool **ret,
                         struct gw_err *err)
{
    GW_ASSERT(opts->workers >= 1 && opts->workers <= GW_STORE_WORKERS_MAX && opts->open_max >= 1);
    const struct gw_alloc *heap = gw_os_heap();
    struct gw_store_pool *pool = heap->get(heap->ctx, pool_bytes(opts->workers));
    if (pool == NULL)
        return GW_FAIL_NOMEM(err);
    memset(pool, 0, pool_bytes(opts->workers));
    pool->open_max = opts->open_max;
    pool->count = opts->workers;
    atomic_init(&pool->is_stopping, false);
    gw_arena_init(&pool->arena, heap, (size_t)64 * 1024);
    struct gw_store_config config = opts->config;
    gw_rc rc = copy_config(pool, &config, err);
    for (uint32_t i = 0; rc == GW_OK && i < pool->count; i++)
        rc = start_worker(pool, i, &config, err);
    if (rc < 0) {
        gw_store_pool_stop(pool);
        gw_store_pool_free(pool);
        return rc;
    }
    *ret = pool;
    return GW_OK;
}

void gw_store_pool_stop(struct gw_store_pool *pool)
{
    atomic_store(&pool->is_stopping, true);
    for (uint32_t i = 0; i < pool->count; i++) {
        struct worker *worker = &pool->workers[i];
        if (worker->actor == NULL)
            continue;
        gw_actor_stop(worker->actor);
        gw_store_close(worker->store);
        worker->store = NULL;
    }
}

void gw_store_pool_free(struct gw_store_pool *pool)
{
    if (pool == NULL)
        return;
    for (uint32_t i = 0; i < pool->count; i++)
        gw_actor_free(pool->workers[i].actor);
    gw_arena_done(&pool->arena);
    const struct gw_alloc *heap = gw_os_heap();
    heap->put(heap->ctx, pool, pool_bytes(pool->count));
}

uint32_t gw_store_pool_workers(const struct gw_store_pool *pool)
{
    return pool->count;
}

uint32_t gw_store_pool_waiting(const struct gw_store_pool *pool)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < pool->count; i++)
        sum += atomic_load_explicit(&pool->workers[i].open, memory_order_relaxed);
    return sum;
}

static struct worker *choose(struct gw_store_pool *pool, int32_t wish)
{
    if (wish != GW_STORE_ANY_WORKER) {
        GW_ASSERT(wish >= 0 && (uint32_t)wish < pool->count);
        return &pool->workers[wish];
    }
    struct worker *best = &pool->workers[0];
    for (uint32_t i = 1; i < pool->count; i++) {
        if (atomic_load(&pool->workers[i].open) < atomic_load(&best->open))
            best = &pool->workers[i];
    }
    return best;
}

gw_rc gw_store_pool_send(struct gw_store_pool *pool, struct gw_store_request *request)
{
    if (atomic_load(&pool->is_stopping))
        return GW_CLOSED;
    int32_t wish = request->worker;
    struct worker *worker = choose(pool, wish);
    if (atomic_fetch_add(&worker->open, 1) >= pool->open_max) {
        atomic_fetch_sub(&worker->open, 1);
        return GW_BUSY;
    }
    request->worker = (int32_t)(worker - pool->workers);
    request->sent_ns = gw_clock_mono_ns();
    /* Unbounded here: `open` is the bound, and a message leaves the mailbox a moment after its answer. */
    gw_rc rc = gw_actor_send_always(worker->actor, &request->msg);
    if (rc < 0) {
        atomic_fetch_sub(&worker->open, 1);
        request->worker = wish;
    }
    return rc;
}
