/**
 * The server's inside. One thread, the loop's, owns everything here; its files:
 *   server.c   open, run, stop; the actor that gets the engine's answers
 *   conn.c, conn_call.c   wire streams               tokens.c  who may do what
 *   http.c     routes, rights, bodies, problems      stats.c   how long calls took; /metrics
 *   http_call.c      calls, views, shadows, sessions http_engine.c   status, operators' verbs
 *   http_program.c   check, plan, deploy             events.c  server-sent events
 */
#ifndef GW_API_SERVER_INT_H
#define GW_API_SERVER_INT_H

#include <inttypes.h>
#include <stdatomic.h>

#include "api/server.h"
#include "api/stats.h"
#include "api/tokens.h"
#include "api/wire.h"
#include "net/http_server.h"
#include "os/signal.h"
#include "os/stream.h"

enum {
    GW_API_SPARE_MAX = 256, /* requests kept for HTTP */
    GW_API_TICK_MS = 1000,
    GW_API_REST_MS = 2,     /* a connection that met BUSY is looked at again after this */
    GW_API_CALL_MS = 30000, /* deadline of an HTTP call */
};

/** Messages to the server's actor. */
enum gw_api_msg {
    GW_API_OP,       /* gw_request of an HTTP request: ctx is the gw_op */
    GW_API_CONN,     /* gw_request of a wire connection: ctx is the gw_conn_call */
    GW_API_DEPLOYED, /* gw_request of the program given at the start */
    GW_API_EVENTS,   /* gw_request of the event hub */
    GW_API_NOTE,     /* gw_api_note: the engine wants somebody to know */
};

/** From the decider's thread. On the heap; freed by the server. */
struct gw_api_note {
    struct gw_msg msg;
    bool is_fatal;
    gw_code code;
    struct gw_err err; /* fatal */
    size_t len;
    char text[512];
};

struct gw_conn;
struct gw_events;
struct gw_pending;
struct gw_plan;

struct gw_server {
    struct gw_server_opts opts;
    const struct gw_alloc *heap;
    char socket[GW_ADDRESS_PATH_MAX + 1];
    struct gw_loop *loop;
    struct gw_engine *engine;
    struct gw_actor *actor;
    struct gw_http_server *https[GW_SERVER_LISTEN_MAX];
    size_t http_count;
    struct gw_listener *wires[GW_SERVER_LISTEN_MAX];
    size_t wire_count;
    struct gw_conn *conns;
    uint32_t conn_count;
    struct gw_conn *flushes;  /* connections with answers to be written at the end of this turn */
    struct gw_request *spare; /* linked through next */
    uint32_t spare_count;
    uint32_t open; /* requests the engine has, of everybody here */
    struct gw_tokens tokens;
    struct gw_events *events;
    struct gw_pending *pending;
    struct gw_plan *plans;
    struct gw_stats stats;
    struct gw_timer *tick;
    struct gw_timer *rest; /* runs while a connection rests */
    bool resting;
    struct gw_signal *signals[2];
    struct gw_loop_task stop_task;
    atomic_bool stop_posted;
    int64_t stop_at_ns; /* of the loop: what is under way is given up then; 0: serving */
    bool has_signal, is_term;
    bool ended, failed;
    struct gw_err fatal;
    bool deployed;
    gw_rc deploy_rc;
    struct gw_err deploy_err;
    uint64_t last_calls; /* of the last status, for calls per second */
};

/* ---- server.c ---- */
void gw_api_log(struct gw_server *server, gw_code code, const char *fmt, ...) GW_PRINTF(3, 4);
/** Sends and counts it. @return as gw_engine_send(); GW_CLOSED also when the server stops */
GW_NODISCARD gw_rc gw_api_send(struct gw_server *server, struct gw_request *request);
/** An empty request out of the spare ones. @return NULL when memory is refused */
struct gw_request *gw_api_request(struct gw_server *server, enum gw_request_kind kind,
                                  enum gw_api_msg msg, void *ctx);
void gw_api_request_done(struct gw_server *server, struct gw_request *request);
/** Something ended; a server that waits for the end looks again. */
void gw_api_settled(struct gw_server *server);

/* ---- conn.c ---- */
void gw_conn_open(struct gw_server *server, struct gw_stream *stream, bool is_local);
void gw_conn_answered(struct gw_request *request);
/** End of a turn: writes what was gathered, reads on where there is room. */
void gw_conns_flush(struct gw_server *server);
/** The rest is over. */
void gw_conns_wake(struct gw_server *server);
/** Each second: connections that never say hello, or never end. */
void gw_conns_tick(struct gw_server *server);
/** No further requests are taken. */
void gw_conns_stop(struct gw_server *server);
void gw_conns_close(struct gw_server *server);

/* ---- http.c ---- */
void gw_api_handle(void *ctx, struct gw_http_request *request);
void gw_op_answered(struct gw_request *request);

/* ---- http_call.c ---- */
void gw_pending_free(struct gw_server *server);

/* ---- http_program.c ---- */
void gw_plans_free(struct gw_server *server);

/* ---- events.c ---- */
gw_rc gw_events_open(struct gw_server *server, struct gw_err *err);
void gw_events_close(struct gw_server *server);
void gw_events_answered(struct gw_request *request);
void gw_events_alert(struct gw_server *server, gw_code code, struct gw_text text);
/** Ends all streams: the server stops. */
void gw_events_stop(struct gw_server *server);

#endif
