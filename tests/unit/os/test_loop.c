/* The loop as its users see it: timers, tasks from other threads, a hosted actor. Nothing here sleeps: each test turns the
 * loop until what it waits for has happened. */
#include "kit/kit.h"

#include "os/clock.h"
#include "os/loop.h"
#include "os/signal.h"

struct scene {
    struct gw_loop *loop;
    struct gw_timer *timer;
    int fired;
    int64_t fired_ns;
    char order[32];
    size_t order_len;
};

static int setup(void **state)
{
    static struct scene scene;
    memset(&scene, 0, sizeof(scene));
    *state = &scene;
    return gw_loop_new(&scene.loop, NULL);
}

static int teardown(void **state)
{
    struct scene *scene = *state;
    gw_timer_free(scene->timer);
    gw_loop_free(scene->loop);
    return 0;
}

static void turn_until(struct scene *scene, int fired)
{
    while (scene->fired < fired)
        gw_loop_turn(scene->loop, true);
}

static void count(void *ctx)
{
    struct scene *scene = ctx;
    scene->fired++;
    scene->fired_ns = gw_clock_mono_ns();
}

static void a_timer_fires_once_and_not_early(void **state)
{
    struct scene *scene = *state;
    struct gw_err err;
    assert_ok(gw_timer_new(scene->loop, count, scene, &scene->timer, &err), &err);
    int64_t start_ns = gw_clock_mono_ns();
    gw_timer_start(scene->timer, 20, 0);
    turn_until(scene, 1);
    assert_true(scene->fired_ns - start_ns >= 18 * INT64_C(1000000)); /* the loop counts whole ms */
    gw_loop_turn(scene->loop, false);
    assert_int_equal(scene->fired, 1);
}

static void a_repeating_timer_goes_on_until_stopped(void **state)
{
    struct scene *scene = *state;
    struct gw_err err;
    assert_ok(gw_timer_new(scene->loop, count, scene, &scene->timer, &err), &err);
    gw_timer_start(scene->timer, 0, 1);
    turn_until(scene, 3);
    gw_timer_stop(scene->timer);
    gw_loop_turn(scene->loop, false);
    assert_int_equal(scene->fired, 3);
}

struct letter {
    struct gw_loop_task task;
    struct scene *scene;
    char letter;
};

static void write_letter(struct gw_loop_task *task)
{
    struct letter *letter = GW_CONTAINER_OF(task, struct letter, task);
    letter->scene->order[letter->scene->order_len++] = letter->letter;
    if (letter->letter == 'c')
        gw_loop_stop(letter->scene->loop);
}

static void tasks_run_in_the_order_posted(void **state)
{
    struct scene *scene = *state;
    struct letter letters[3];
    for (int i = 0; i < 3; i++) {
        letters[i] = (struct letter){{NULL, write_letter}, scene, (char)('a' + i)};
        gw_loop_post(scene->loop, &letters[i].task);
    }
    gw_loop_run(scene->loop);
    assert_string_equal(scene->order, "abc");
}

static void a_stop_before_the_run_ends_it_after_one_turn(void **state)
{
    struct scene *scene = *state;
    gw_loop_stop(scene->loop);
    gw_loop_run(scene->loop); /* would hang otherwise */
}

/* A thread of its own posts tasks to the loop; each must arrive once. */
enum { POSTS = 1000 };

struct poster {
    struct gw_msg msg;
    struct scene *scene;
    struct gw_loop_task tasks[POSTS];
    struct scene *owners[POSTS];
};

static struct poster poster;

static void count_post(struct gw_loop_task *task)
{
    (void)task;
    poster.scene->fired++;
}

static void post_all(void *ctx, struct gw_msg *msg)
{
    struct poster *self = GW_CONTAINER_OF(msg, struct poster, msg);
    (void)ctx;
    for (int i = 0; i < POSTS; i++) {
        self->tasks[i].call = count_post;
        gw_loop_post(self->scene->loop, &self->tasks[i]);
    }
}

static void posts_from_another_thread_all_arrive(void **state)
{
    struct scene *scene = *state;
    struct gw_err err;
    struct gw_actor *actor = NULL;
    memset(&poster, 0, sizeof(poster));
    poster.scene = scene;
    struct gw_actor_opts opts = {.name = "poster", .mailbox_max = 1, .on_message = post_all};
    assert_ok(gw_actor_start(&opts, &actor, &err), &err);
    assert_ok(gw_actor_send(actor, &poster.msg), &err);
    turn_until(scene, POSTS);
    gw_actor_stop(actor);
    gw_actor_free(actor);
    assert_int_equal(scene->fired, POSTS);
}

/* A hosted actor: its messages arrive on the loop's thread, its deadline wakes the loop. */
struct guest {
    struct scene *scene;
    struct gw_actor *actor;
    int messages, idles;
    bool asked;
};

static void guest_message(void *ctx, struct gw_msg *msg)
{
    struct guest *guest = ctx;
    (void)msg;
    guest->messages++;
    gw_actor_wake_at(guest->actor, gw_clock_mono_ns() + 5 * INT64_C(1000000));
    guest->asked = true;
}

static void guest_idle(void *ctx)
{
    struct guest *guest = ctx;
    guest->idles++;
}

static void a_hosted_actor_gets_messages_and_its_deadline(void **state)
{
    struct scene *scene = *state;
    struct gw_err err;
    struct guest guest = {.scene = scene};
    struct gw_actor_opts opts = {.name = "guest",
                                 .mailbox_max = 4,
                                 .on_message = guest_message,
                                 .on_idle = guest_idle,
                                 .ctx = &guest};
    struct gw_msg msg = {0};
    assert_ok(gw_loop_host(scene->loop, &opts, &guest.actor, &err), &err);
    assert_ok(gw_actor_send(guest.actor, &msg), &err);
    while (guest.messages < 1)
        gw_loop_turn(scene->loop, true);
    int idles = guest.idles;
    while (guest.idles == idles)
        gw_loop_turn(scene->loop, true); /* only the deadline can end this */
    gw_loop_unhost(scene->loop, guest.actor);
    assert_true(guest.asked);
    assert_int_equal(guest.messages, 1);
}

static void on_signal(void *ctx, enum gw_signal_kind kind)
{
    struct scene *scene = ctx;
    assert_int_equal(kind, GW_SIGNAL_USR1);
    scene->fired++;
}

static void a_watched_signal_is_an_event(void **state)
{
    struct scene *scene = *state;
    struct gw_err err;
    struct gw_signal *signal = NULL;
    assert_ok(gw_signal_open(scene->loop, GW_SIGNAL_USR1, on_signal, scene, &signal, &err), &err);
    gw_signal_raise(GW_SIGNAL_USR1); /* would end us without the watch */
    turn_until(scene, 1);
    gw_signal_close(signal);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_timer_fires_once_and_not_early),     T(a_repeating_timer_goes_on_until_stopped),
        T(tasks_run_in_the_order_posted),        T(a_stop_before_the_run_ends_it_after_one_turn),
        T(posts_from_another_thread_all_arrive), T(a_hosted_actor_gets_messages_and_its_deadline),
        T(a_watched_signal_is_an_event),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
