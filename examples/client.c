/*
 * Moves money through godwit, from C.
 *
 *   cc client.c -lgodwit -o client
 *   ./client unix:STATE/godwit.sock        an engine that runs: godwit engine run bank.gw --state STATE
 *   ./client tcp:HOST:PORT TOKEN           the same, from afar
 *
 * The program it expects has open(id, amt), pay(src, dst, amt) and balance(id), as in docs/engine.md.
 */
#include <godwit/godwit.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void give_up(const char *what, const struct gw_failure *why)
{
    fprintf(stderr, "%s: %s%s%s\n", what, why->text, why->hint[0] ? "; " : "", why->hint);
    if (why->code)
        fprintf(stderr, "see: godwit explain GW%04u\n", why->code);
    exit(1);
}

/* A call that is safe to repeat: when the connection breaks before the answer came, open again and send the same
 * (session, seq). It is done once. */
static struct gw_reply call(struct gw_client *client, uint64_t session, uint64_t seq,
                            const char *fn, const char *args)
{
    struct gw_reply reply;
    struct gw_failure why;
    if (gw_call(client, session, seq, fn, args, &reply, &why) < 0)
        give_up(fn, &why);
    printf("%-5s %-42s at %" PRIu64 ".%" PRIu32 "  %s\n", fn, args, reply.index, reply.record,
           reply.data);
    return reply;
}

static void show(struct gw_client *client, const char *args)
{
    struct gw_reply reply;
    struct gw_failure why;
    if (gw_view(client, "balance", args, &reply, &why) < 0)
        give_up("balance", &why);
    printf("balance %s is %s\n", args, reply.data);
}

/* Many calls under way at once: this is where the speed is. */
static void count_done(void *ctx, const struct gw_reply *reply)
{
    unsigned *done = ctx;
    if (reply->outcome == GW_OUTCOME_OK)
        ++*done;
}

static unsigned pay_many(struct gw_client *client, uint64_t session, uint64_t first_seq,
                         unsigned count)
{
    struct gw_failure why;
    unsigned done = 0;
    for (unsigned i = 0; i < count; i++) {
        const struct gw_query query = {.kind = GW_QUERY_CALL,
                                       .fn = "pay",
                                       .json = "{\"src\":1,\"dst\":2,\"amt\":\"0.01\"}",
                                       .session = session,
                                       .seq = first_seq + i};
        while (gw_open_count(client) >= 256)
            gw_poll(client, 1000);
        if (gw_start(client, &query, count_done, &done, &why) < 0)
            give_up("pay", &why);
    }
    gw_wait(client);
    return done;
}

int main(int argc, char **argv)
{
    struct gw_open_opts opts = {.token = argc > 2 ? argv[2] : NULL};
    struct gw_client *client;
    struct gw_failure why;
    uint64_t session;
    if (argc < 2) {
        fprintf(stderr, "usage: client unix:PATH | tcp:HOST:PORT [TOKEN]\n");
        return 2;
    }
    if (gw_open(argv[1], &opts, &client, &why) < 0)
        give_up(argv[1], &why);
    if (gw_session(client, &session, &why) < 0)
        give_up("session", &why);
    call(client, session, 1, "open", "{\"id\":1,\"amt\":\"100.00\"}");
    call(client, session, 2, "open", "{\"id\":2,\"amt\":\"0.00\"}");
    call(client, session, 3, "pay", "{\"src\":1,\"dst\":2,\"amt\":\"5.00\"}");
    call(client, session, 3, "pay", "{\"src\":1,\"dst\":2,\"amt\":\"5.00\"}"); /* not done again */
    call(client, session, 4, "pay", "{\"src\":1,\"dst\":2,\"amt\":\"5000.00\"}");
    printf("%u of 1000 small payments done\n", pay_many(client, session, 5, 1000));
    show(client, "{\"id\":1}");
    show(client, "{\"id\":2}");
    gw_close(client);
    return 0;
}
