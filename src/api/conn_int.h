/** Wire connections, between conn.c (life, reading, writing) and conn_call.c (requests and their answers). */
#ifndef GW_API_CONN_INT_H
#define GW_API_CONN_INT_H

#include "api/server_int.h"

enum { GW_CONN_NAMES_MAX = 16 };

/** One request under way. Made once, used again: never more than open_max of a connection. */
struct gw_conn_call {
    struct gw_conn_call *next; /* in conn->spare */
    struct gw_conn *conn;
    struct gw_request *request;
    uint64_t client, seq;
    int64_t begun_ns;
    enum gw_wire_kind kind;
    bool is_json;
};

/** A name that was used on this connection: what it may do is looked up once, and calls borrow it. */
struct gw_conn_name {
    char bytes[GW_WIRE_NAME_MAX];
    uint8_t len;
    bool may_call;
};

struct gw_conn {
    struct gw_conn *next, **at; /* in server->conns */
    struct gw_conn *flush_next;
    struct gw_server *server;
    struct gw_stream *stream; /* NULL: it has gone; the rest waits for answers */
    struct gw_caller caller;
    struct gw_buf in, out;
    size_t in_at;
    struct gw_conn_call *spare;
    struct gw_conn_call *held; /* the engine's mailbox had no room for it */
    uint32_t open;
    bool is_local, greeted, reading, queued, resting;
    bool finished; /* the client said that nothing more comes */
    bool ending;   /* answered for the last time: closes when all has been written */
    int64_t opened_ns, ending_ns;
    struct gw_conn_name names[GW_CONN_NAMES_MAX];
    uint32_t name_count, name_next;
};

/* ---- conn.c ---- */
/** To be looked at before the loop sleeps. */
void gw_conn_queue(struct gw_conn *conn);
void gw_conn_give_back(struct gw_conn_call *call);
/** Nothing more is taken; closes when all has been answered and written. */
void gw_conn_end_after_answers(struct gw_conn *conn);

/* ---- conn_call.c ---- */
void gw_conn_put_error(struct gw_conn *conn, uint64_t client, uint64_t seq,
                       const struct gw_err *err);
void gw_conn_take_request(struct gw_conn *conn, const struct gw_wire_request *wire);
/** Also again, when the engine had no room the first time. */
void gw_conn_send_call(struct gw_conn *conn, struct gw_conn_call *call);

#endif
