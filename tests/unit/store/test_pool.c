/* Requests cross to the workers and come back once, in order, bounded, also while a store is away. */
#include "conformance.h"

#include "os/clock.h"
#include "os/mutex.h"
#include "store/memory_fault.h"
#include "store/pool.h"

struct fixture {
    struct gw_memory *memory;
    struct gw_store_pool *pool;
    struct gw_actor *owner;
    struct gw_mutex *lock; /* of `answers` */
    struct gw_msg *answers, **last;
    uint32_t count;
    struct gw_err err;
};

static void on_answer(void *ctx, struct gw_msg *msg)
{
    struct fixture *f = ctx;
    gw_mutex_lock(f->lock);
    msg->next = NULL;
    *f->last = msg;
    f->last = &msg->next;
    f->count++;
    gw_mutex_wake(f->lock);
    gw_mutex_unlock(f->lock);
}

static struct gw_store_request *next_answer(struct fixture *f)
{
    int64_t until = gw_clock_mono_ns() + 10 * GW_NS_PER_S;
    gw_mutex_lock(f->lock);
    bool is_in_time = true;
    while (f->answers == NULL && is_in_time)
        is_in_time = gw_mutex_wait(f->lock, until);
    struct gw_msg *msg = f->answers;
    if (msg != NULL) {
        f->answers = msg->next;
        if (f->answers == NULL)
            f->last = &f->answers;
    }
    gw_mutex_unlock(f->lock);
    assert_non_null(msg);
    return GW_CONTAINER_OF(msg, struct gw_store_request, msg);
}

static int setup(void **state)
{
    static struct fixture fixture;
    struct fixture *f = &fixture;
    *f = (struct fixture){0};
    f->last = &f->answers;
    assert_ok(gw_mutex_new(&f->lock, &f->err), &f->err);
    assert_ok(gw_memory_of(GW_TEXT_LIT("pool"), &f->memory, &f->err), &f->err);
    struct gw_actor_opts actor = {
        .name = "owner", .mailbox_max = 64, .on_message = on_answer, .ctx = f};
    assert_ok(gw_actor_start(&actor, &f->owner, &f->err), &f->err);
    struct gw_store_pool_opts opts = {.config = {.name = GW_TEXT_LIT("st"),
                                                 .url = GW_TEXT_LIT("memory:pool"),
                                                 .timeout_ms = 1000},
                                      .workers = 2,
                                      .open_max = 4};
    assert_ok(gw_store_pool_open(&opts, &f->pool, &f->err), &f->err);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    gw_store_pool_stop(f->pool);
    gw_actor_stop(f->owner);
    while (f->answers != NULL)
        gw_store_request_free(next_answer(f));
    gw_store_pool_free(f->pool);
    gw_actor_free(f->owner);
    gw_mutex_free(f->lock);
    gw_memory_drop(f->memory);
    return 0;
}

static struct gw_store_request *request(struct fixture *f, enum gw_store_call call, int32_t worker)
{
    struct gw_store_request *r = gw_store_request_new(call, f->owner, f);
    assert_non_null(r);
    r->worker = worker;
    r->in.home = conformance_home("pairs");
    r->in.epoch = 1;
    r->in.attempt = 1;
    r->in.rows = 10;
    return r;
}

static struct gw_store_request *ask(struct fixture *f, enum gw_store_call call, int32_t worker)
{
    struct gw_store_request *r = request(f, call, worker);
    assert_int_equal(gw_store_pool_send(f->pool, r), GW_OK);
    assert_ptr_equal(next_answer(f), r);
    return r;
}

static void each_worker_is_a_slot_of_its_own(void **state)
{
    struct fixture *f = *state;
    struct gw_store_request *r = ask(f, GW_STORE_CALL_FENCE_RAISE, 1);
    assert_ok(r->rc, &r->err);
    gw_store_request_free(r);
    for (int32_t worker = 0; worker < 2; worker++) {
        r = ask(f, GW_STORE_CALL_FENCE_READ, worker);
        assert_ok(r->rc, &r->err);
        assert_int_equal(r->out.fence.present, worker == 1);
        assert_true(r->link.is_open);
        gw_store_request_free(r);
    }
}

static void a_store_away_is_reported_and_not_tried_at_once(void **state)
{
    struct fixture *f = *state;
    gw_memory_set_down(f->memory, true);
    struct gw_store_request *r = ask(f, GW_STORE_CALL_COUNT, 0);
    assert_int_equal(r->rc, GW_UNREACHABLE);
    assert_int_equal(r->link.failures, 1);
    assert_false(r->link.is_open);
    int64_t retry_at_ns = r->link.retry_at_ns;
    assert_true(retry_at_ns > 0);
    gw_store_request_free(r);
    gw_memory_set_down(f->memory, false);
    do { /* back already, but not asked before its time */
        r = ask(f, GW_STORE_CALL_COUNT, 0);
        int64_t now_ns = gw_clock_mono_ns();
        bool is_good = r->rc == GW_OK;
        assert_true(is_good ? now_ns >= retry_at_ns : r->link.failures == 1);
        gw_store_request_free(r);
        if (is_good)
            return;
    } while (gw_clock_mono_ns() < retry_at_ns + 5 * GW_NS_PER_S);
    fail_msg("never tried again");
}

static void a_request_past_its_deadline_is_not_started(void **state)
{
    struct fixture *f = *state;
    struct gw_store_request *r = request(f, GW_STORE_CALL_FENCE_RAISE, 0);
    r->deadline_ns = 1;
    assert_int_equal(gw_store_pool_send(f->pool, r), GW_OK);
    assert_ptr_equal(next_answer(f), r);
    assert_int_equal(r->rc, GW_TIMEOUT);
    gw_store_request_free(r);
    r = ask(f, GW_STORE_CALL_FENCE_READ, 0);
    assert_false(r->out.fence.present);
    gw_store_request_free(r);
}

static int64_t long_hold(void *ctx, enum gw_store_call call, uint32_t rows, bool before)
{
    (void)ctx, (void)rows;
    return call == GW_STORE_CALL_SCAN && before ? 3600 * GW_NS_PER_S : 0;
}

/* A simulated hour: the queue fills, is refused at its bound, and stopping does not wait. */
static void a_slow_store_fills_a_bounded_queue_and_stops_at_once(void **state)
{
    struct fixture *f = *state;
    struct gw_memory_hooks hooks = {.hold_ns = long_hold};
    gw_memory_set_hooks(f->memory, &hooks);
    gw_store_request_free(ask(f, GW_STORE_CALL_COUNT, 0)); /* connected */
    for (int i = 0; i < 4; i++)
        assert_int_equal(gw_store_pool_send(f->pool, request(f, GW_STORE_CALL_SCAN, 0)), GW_OK);
    struct gw_store_request *fifth = request(f, GW_STORE_CALL_SCAN, 0);
    assert_int_equal(gw_store_pool_send(f->pool, fifth), GW_BUSY);
    assert_int_equal(gw_store_pool_waiting(f->pool), 4);
    fifth->worker = GW_STORE_ANY_WORKER; /* the other worker is free */
    fifth->call = GW_STORE_CALL_COUNT;
    assert_int_equal(gw_store_pool_send(f->pool, fifth), GW_OK);
    assert_ptr_equal(next_answer(f), fifth);
    assert_int_equal(fifth->worker, 1);
    gw_store_pool_stop(f->pool);
    for (int i = 0; i < 4; i++) {
        struct gw_store_request *r = next_answer(f);
        assert_int_equal(r->rc, GW_CANCELLED);
        gw_store_request_free(r);
    }
    assert_int_equal(gw_store_pool_send(f->pool, fifth), GW_CLOSED);
    gw_store_request_free(fifth);
}

static void an_unknown_kind_is_refused_at_once(void **state)
{
    struct fixture *f = *state;
    struct gw_store_pool_opts opts = {
        .config = {.name = GW_TEXT_LIT("st"), .url = GW_TEXT_LIT("oracle:x")},
        .workers = 1,
        .open_max = 1};
    struct gw_store_pool *pool = NULL;
    assert_int_equal(gw_store_pool_open(&opts, &pool, &f->err), GW_UNSUPPORTED);
    assert_null(pool);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(each_worker_is_a_slot_of_its_own),
        CASE(a_store_away_is_reported_and_not_tried_at_once),
        CASE(a_request_past_its_deadline_is_not_started),
        CASE(a_slow_store_fills_a_bounded_queue_and_stops_at_once),
        CASE(an_unknown_kind_is_refused_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
