/** The inside of libgodwit: lib.c (calls, slots), lib_remote.c (a wire connection), lib_local.c (an engine in this process). */
#ifndef GW_API_LIB_INT_H
#define GW_API_LIB_INT_H

#include "godwit/godwit.h"

#include "api/wire.h"
#include "engine/engine.h"
#include "os/loop.h"

enum { GW_SLOT_BUCKETS = 1024, GW_LIB_TIMEOUT_MS = 30000 };

/** One question under way. Made once, used again. */
struct gw_slot {
    struct gw_slot *next; /* spare, or of the same bucket */
    struct gw_client *client;
    uint64_t session, seq; /* as on the wire */
    bool is_json;
    enum gw_query_kind kind;
    gw_reply_done *done;
    void *ctx;
    struct gw_request *request; /* local: its own; NULL: remote */
};

struct gw_client_ops {
    /** Hands the question over; the slot's answer comes in a later turn. */
    gw_rc (*send)(struct gw_client *client, struct gw_slot *slot, const struct gw_query *query,
                  struct gw_err *err);
    void (*flush)(struct gw_client *client);
    void (*close)(struct gw_client *client);
};

struct gw_client {
    const struct gw_client_ops *ops;
    const struct gw_alloc *heap;
    struct gw_loop *loop;
    struct gw_timer *timer;
    bool timed_out;
    uint32_t timeout_ms;
    struct gw_slot *spare;
    uint32_t open;
    uint64_t taken;     /* replies, ever */
    uint64_t next_seq;  /* of what has no session */
    struct gw_buf kept; /* of the last blocking reply */
    struct gw_failure kept_why;
    /* remote */
    struct gw_stream *stream;
    struct gw_buf in, out;
    struct gw_slot *buckets[GW_SLOT_BUCKETS];
    struct gw_err broken; /* rc: GW_OK while it works */
    /* local */
    struct gw_engine *engine;
    struct gw_actor *actor;
};

/** lib.c: what both kinds answer with. The slot is spare afterwards. */
void gw_slot_done(struct gw_slot *slot, struct gw_reply *reply);
void gw_slot_failed(struct gw_slot *slot, const struct gw_err *err);
void gw_failure_of(const struct gw_err *err, struct gw_failure *ret);
/** Turns the loop until *flag, or the client's time has passed. */
gw_rc gw_client_turn_until(struct gw_client *client, const bool *flag, struct gw_err *err);

gw_rc gw_remote_open(struct gw_client *client, struct gw_text where, const char *token,
                     struct gw_err *err);
gw_rc gw_local_open(struct gw_client *client, const char *folder, const char *program,
                    struct gw_err *err);

#endif
