#include "os/actor.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "kit/kit.h"

#include "base/time.h"
#include "os/clock.h"
#include "os/mutex.h"

enum { SENDERS = 4, EACH = 20000 };

struct note {
    struct gw_msg msg;
    int sender, number;
};

/** What a counting actor has seen; read by others only after gw_actor_stop(). */
struct seen {
    int next[SENDERS]; /* number expected from each sender */
    int messages, idles, disorder;
    bool inside;
};

static void count_message(void *ctx, struct gw_msg *msg)
{
    struct seen *seen = ctx;
    struct note *note = GW_CONTAINER_OF(msg, struct note, msg);
    seen->disorder += seen->inside || note->number != seen->next[note->sender];
    seen->inside = true;
    seen->next[note->sender] = note->number + 1;
    seen->messages++;
    seen->inside = false;
    free(note);
}

static void count_idle(void *ctx)
{
    struct seen *seen = ctx;
    seen->disorder += seen->inside;
    seen->idles++;
}

static struct note *make_note(int sender, int number)
{
    struct note *note = calloc(1, sizeof(*note));
    GW_ASSERT(note != NULL);
    *note = (struct note){.sender = sender, .number = number};
    return note;
}

/** A sender is an actor too: its one message makes it send EACH notes to `target`. */
struct sender {
    struct gw_actor *self, *target;
    struct gw_msg go;
    int id;
    atomic_int busy;
};

static void send_all(void *ctx, struct gw_msg *msg)
{
    struct sender *sender = ctx;
    (void)msg;
    for (int i = 0; i < EACH; i++) {
        struct note *note = make_note(sender->id, i);
        while (gw_actor_send(sender->target, &note->msg) == GW_BUSY)
            atomic_fetch_add(&sender->busy, 1);
    }
}

static struct gw_actor *start(struct gw_actor_opts opts)
{
    struct gw_actor *actor = NULL;
    struct gw_err err;
    assert_ok(gw_actor_start(&opts, &actor, &err), &err);
    return actor;
}

static void four_senders_are_heard_in_their_order(void **state)
{
    (void)state;
    struct seen seen = {0};
    struct sender senders[SENDERS] = {0};
    struct gw_actor *counter = start((struct gw_actor_opts){.name = "counter",
                                                            .mailbox_max = 64,
                                                            .on_message = count_message,
                                                            .on_idle = count_idle,
                                                            .ctx = &seen});
    for (int i = 0; i < SENDERS; i++) {
        senders[i] = (struct sender){.target = counter, .id = i};
        senders[i].self = start((struct gw_actor_opts){
            .name = "sender", .mailbox_max = 1, .on_message = send_all, .ctx = &senders[i]});
        assert_int_equal(gw_actor_send(senders[i].self, &senders[i].go), GW_OK);
    }
    for (int i = 0; i < SENDERS; i++) {
        gw_actor_stop(senders[i].self);
        gw_actor_free(senders[i].self);
    }
    gw_actor_stop(counter);
    assert_int_equal(seen.messages, SENDERS * EACH);
    assert_int_equal(seen.disorder, 0);
    assert_true(seen.idles >= 1);
    assert_int_equal(gw_actor_waiting(counter), 0);
    gw_actor_free(counter);
}

/** An actor that waits inside its first message until the test lets it go. */
struct stuck {
    struct gw_mutex *mutex;
    bool is_inside, may_go;
    int messages;
};

static void wait_inside(void *ctx, struct gw_msg *msg)
{
    struct stuck *stuck = ctx;
    (void)msg;
    gw_mutex_lock(stuck->mutex);
    stuck->is_inside = true;
    gw_mutex_wake(stuck->mutex);
    while (!stuck->may_go)
        (void)gw_mutex_wait(stuck->mutex, 0);
    stuck->messages++;
    gw_mutex_unlock(stuck->mutex);
}

static void a_full_mailbox_says_busy_and_replies_still_pass(void **state)
{
    (void)state;
    struct gw_err err;
    struct stuck stuck = {0};
    struct gw_msg msgs[4] = {0};
    assert_ok(gw_mutex_new(&stuck.mutex, &err), &err);
    struct gw_actor *actor = start((struct gw_actor_opts){
        .name = "stuck", .mailbox_max = 2, .on_message = wait_inside, .ctx = &stuck});
    assert_int_equal(gw_actor_send(actor, &msgs[0]), GW_OK);
    gw_mutex_lock(stuck.mutex);
    while (!stuck.is_inside)
        (void)gw_mutex_wait(stuck.mutex, 0);
    gw_mutex_unlock(stuck.mutex);

    assert_int_equal(gw_actor_send(actor, &msgs[1]), GW_OK);
    assert_int_equal(gw_actor_send(actor, &msgs[2]), GW_BUSY);
    assert_int_equal(gw_actor_send_always(actor, &msgs[2]), GW_OK);
    assert_int_equal(gw_actor_waiting(actor), 3);

    gw_mutex_lock(stuck.mutex);
    stuck.may_go = true;
    gw_mutex_wake(stuck.mutex);
    gw_mutex_unlock(stuck.mutex);
    gw_actor_stop(actor);
    assert_int_equal(stuck.messages, 3);
    assert_int_equal(gw_actor_send(actor, &msgs[3]), GW_CLOSED);
    assert_int_equal(gw_actor_send_always(actor, &msgs[3]), GW_CLOSED);
    gw_actor_stop(actor);
    gw_actor_free(actor);
    gw_mutex_free(stuck.mutex);
}

struct alarm_clock {
    struct gw_actor *self;
    struct gw_mutex *mutex;
    int64_t due_ns, rang_ns;
};

static void set_alarm(void *ctx, struct gw_msg *msg)
{
    struct alarm_clock *alarm = ctx;
    (void)msg;
    gw_actor_wake_at(alarm->self, alarm->due_ns);
}

static void ring(void *ctx)
{
    struct alarm_clock *alarm = ctx;
    gw_mutex_lock(alarm->mutex);
    if (alarm->due_ns != 0 && alarm->rang_ns == 0 && gw_clock_mono_ns() >= alarm->due_ns) {
        alarm->rang_ns = gw_clock_mono_ns();
        gw_mutex_wake(alarm->mutex);
    }
    gw_mutex_unlock(alarm->mutex);
}

static void an_actor_is_woken_at_its_deadline(void **state)
{
    (void)state;
    struct gw_err err;
    struct alarm_clock alarm = {0};
    struct gw_msg go = {0};
    assert_ok(gw_mutex_new(&alarm.mutex, &err), &err);
    alarm.self = start((struct gw_actor_opts){.name = "alarm",
                                              .mailbox_max = 1,
                                              .on_message = set_alarm,
                                              .on_idle = ring,
                                              .ctx = &alarm});
    gw_mutex_lock(alarm.mutex);
    alarm.due_ns = gw_clock_mono_ns() + 20 * GW_NS_PER_MS;
    gw_mutex_unlock(alarm.mutex);
    assert_int_equal(gw_actor_send(alarm.self, &go), GW_OK);
    gw_mutex_lock(alarm.mutex);
    while (alarm.rang_ns == 0)
        (void)gw_mutex_wait(alarm.mutex, 0);
    gw_mutex_unlock(alarm.mutex);
    assert_true(alarm.rang_ns >= alarm.due_ns);
    gw_actor_stop(alarm.self);
    gw_actor_free(alarm.self);
    gw_mutex_free(alarm.mutex);
}

/** Sends itself a message from its first on_idle(), as a keeper with work to do at the start does. */
struct eager {
    struct gw_actor *self;
    struct gw_msg note;
    int idles, messages;
};

static void eager_message(void *ctx, struct gw_msg *msg)
{
    (void)msg;
    ((struct eager *)ctx)->messages++;
}

static void eager_idle(void *ctx)
{
    struct eager *eager = ctx;
    if (eager->idles++ == 0)
        GW_ASSERT(gw_actor_send_always(eager->self, &eager->note) == GW_OK);
}

static void an_actor_knows_itself_from_its_first_turn(void **state)
{
    (void)state;
    struct gw_err err;
    for (int round = 0; round < 200; round++) {
        struct eager eager = {0};
        assert_ok(gw_actor_start(&(struct gw_actor_opts){.name = "eager",
                                                         .mailbox_max = 1,
                                                         .on_message = eager_message,
                                                         .on_idle = eager_idle,
                                                         .ctx = &eager},
                                 &eager.self, &err),
                  &err);
        gw_actor_stop(eager.self);
        assert_int_equal(eager.messages, 1);
        gw_actor_free(eager.self);
    }
}

static void count_wake(void *ctx)
{
    ++*(int *)ctx;
}

/** `wakes` must be first: the wake callback gets the same ctx. */
struct hosted {
    int wakes;
    struct gw_actor *self;
    int messages, idles, send_more;
    struct gw_msg more[2];
};

static void hosted_message(void *ctx, struct gw_msg *msg)
{
    struct hosted *hosted = ctx;
    (void)msg;
    hosted->messages++;
    if (hosted->send_more > 0)
        assert_int_equal(gw_actor_send(hosted->self, &hosted->more[--hosted->send_more]), GW_OK);
}

static void hosted_idle(void *ctx)
{
    ((struct hosted *)ctx)->idles++;
}

static void a_hosted_actor_is_woken_once_and_never_starves_its_host(void **state)
{
    (void)state;
    struct gw_err err;
    struct hosted hosted = {.send_more = 2};
    struct gw_msg msgs[3] = {0};
    assert_ok(gw_actor_host(&(struct gw_actor_opts){.name = "hosted",
                                                    .mailbox_max = 8,
                                                    .on_message = hosted_message,
                                                    .on_idle = hosted_idle,
                                                    .wake = count_wake,
                                                    .ctx = &hosted},
                            &hosted.self, &err),
              &err);
    for (int i = 0; i < 3; i++)
        assert_int_equal(gw_actor_send(hosted.self, &msgs[i]), GW_OK);
    assert_int_equal(hosted.wakes, 1);
    gw_actor_run_once(hosted.self);
    assert_int_equal(hosted.messages, 3); /* the two sent meanwhile wait for the next turn */
    assert_int_equal(hosted.idles, 1);
    assert_int_equal(hosted.wakes, 2);
    gw_actor_run_once(hosted.self);
    assert_int_equal(hosted.messages, 5);
    assert_int_equal(hosted.wakes, 2);

    gw_actor_wake_at(hosted.self, 5);
    assert_int_equal(gw_actor_deadline(hosted.self), 5);
    gw_actor_run_once(hosted.self);
    assert_int_equal(gw_actor_deadline(hosted.self), GW_ACTOR_NEVER);

    assert_int_equal(gw_actor_send(hosted.self, &msgs[0]), GW_OK);
    gw_actor_stop(hosted.self);
    assert_int_equal(hosted.messages, 6);
    assert_int_equal(gw_actor_send(hosted.self, &msgs[0]), GW_CLOSED);
    gw_actor_free(hosted.self);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(four_senders_are_heard_in_their_order),
        cmocka_unit_test(a_full_mailbox_says_busy_and_replies_still_pass),
        cmocka_unit_test(an_actor_is_woken_at_its_deadline),
        cmocka_unit_test(an_actor_knows_itself_from_its_first_turn),
        cmocka_unit_test(a_hosted_actor_is_woken_once_and_never_starves_its_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
