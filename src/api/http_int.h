/** One HTTP request on its way: between http.c (routes, rights, bodies, problems) and the files of the endpoints. */
#ifndef GW_API_HTTP_INT_H
#define GW_API_HTTP_INT_H

#include "api/args.h"
#include "api/server_int.h"
#include "codec/json_write.h"
#include "record/text.h"

/** Lives in the HTTP request's arena, so until its answer. */
struct gw_op {
    struct gw_server *server;
    struct gw_http_request *http;
    struct gw_request *request; /* NULL until something is asked of the engine */
    const struct gw_route *route;
    struct gw_caller caller;
    struct gw_text parts[2];          /* what the stars of the pattern matched, decoded */
    struct gw_json_doc body;          /* root NULL: none */
    void (*done)(struct gw_op *op);   /* the engine said GW_OK */
    void (*failed)(struct gw_op *op); /* it did not; NULL: a problem from request->err */
    const struct gw_fn *fn;
    int64_t begun_ns;
    struct gw_pending *pending;
    uint32_t step;
};

/** Begins the work. @return <0: answered with a problem; GW_OK: answered, or waits for the engine */
typedef gw_rc gw_op_begin(struct gw_op *op, struct gw_err *err);

enum gw_route_flag {
    GW_ROUTE_BODY = 1,      /* an object in the body; absent is {} */
    GW_ROUTE_TRAIL = 2,     /* a mutation: an AUDIT record comes first */
    GW_ROUTE_CALL_SCOPE = 4 /* a token that may call the function named in the path will do */
};

struct gw_route {
    const char *method, *pattern;
    enum gw_role role;
    unsigned flags;
    gw_op_begin *begin;
};

/* ---- http.c ---- */
/** Asks the engine; `done` comes later. Makes op->request of this kind before. */
GW_NODISCARD gw_rc gw_op_request(struct gw_op *op, enum gw_request_kind kind, struct gw_err *err);
GW_NODISCARD gw_rc gw_op_send(struct gw_op *op, void (*done)(struct gw_op *op), struct gw_err *err);
/** The parameter of the query, decoded. @return data NULL: absent */
struct gw_text gw_op_query(struct gw_op *op, const char *name);
/** Every member of the body is one of these. @names  ends with NULL */
GW_NODISCARD gw_rc gw_op_members(struct gw_op *op, const char *const *names, struct gw_err *err);
struct gw_text gw_op_member_text(struct gw_op *op, const char *name); /* data NULL: absent */
GW_NODISCARD gw_rc gw_op_fn(struct gw_op *op, struct gw_text name, struct gw_err *err);
GW_NODISCARD gw_rc gw_op_entity(struct gw_op *op, struct gw_text name,
                                const struct gw_program_entity **ret, struct gw_err *err);

/** A JSON object to write the answer into. Then gw_op_reply(). */
struct gw_json_writer gw_op_writer(struct gw_op *op, struct gw_buf *buf);
/** Ends the object of gw_op_writer() with "index" and answers. */
void gw_op_reply(struct gw_op *op, uint16_t status, struct gw_json_writer *w);
void gw_op_text(struct gw_op *op, uint16_t status, const char *type, struct gw_text text);
/** {"index":…} of the engine's answer. */
void gw_op_done_index(struct gw_op *op);
/** The engine's JSON under `name`, or (NULL) its members at the top. */
void gw_op_done_json(struct gw_op *op, const char *name);
/** RFC 9457. @status  0: by err->rc. @extra  members in JSON: ",\"halt\":3"; may be empty */
void gw_op_problem(struct gw_op *op, uint16_t status, const struct gw_err *err,
                   struct gw_text extra);

/* ---- the endpoints ---- */
gw_op_begin gw_http_call, gw_http_result, gw_http_sessions, gw_http_view, gw_http_shadow,
    gw_http_warm;
gw_op_begin gw_http_check, gw_http_plan, gw_http_deploy, gw_http_program;
gw_op_begin gw_http_status, gw_http_homes, gw_http_daemons, gw_http_phases, gw_http_nodes,
    gw_http_stores, gw_http_metrics, gw_http_health;
gw_op_begin gw_http_daemon_verb, gw_http_phase, gw_http_halts, gw_http_halt_one, gw_http_halt,
    gw_http_resolve, gw_http_resume, gw_http_explain, gw_http_journal, gw_http_audit, gw_http_retry,
    gw_http_park, gw_http_unpark, gw_http_checkpoint, gw_http_drain, gw_http_limits;
gw_op_begin gw_http_events;

#endif
