/** One history: what its parts share. */
#ifndef GW_SIM_ENGINE_RUN_INT_H
#define GW_SIM_ENGINE_RUN_INT_H

#include "engine/engine.h"
#include "sim/engine/run.h"
#include "sim/engine/world.h"

enum { CLIENTS = 5, OPS_MAX = 4000, VIEWS_MAX = 1000 };

enum op_fn { OP_PAY, OP_PUT, OP_DROP, OP_MOVE, OP_FNS };
enum op_state { OP_OPEN, OP_ANSWERED, OP_GIVEN_UP };

/** A call of a client: repeated under the same identity until answered or given up. */
struct op {
    enum op_fn fn;
    enum op_state state;
    uint64_t client, seq; /* or, client 0: key hash = op number */
    uint64_t args[3];
    int64_t began_ns, ended_ns;
    struct gw_journal_at at;
    uint64_t result_hash;
    enum gw_vm_status status;
    enum gw_abort abort;
    int64_t value[2]; /* DONE: decoded; FAILED: [0] the enum's number */
    bool in_journal;  /* found by the replay */
};

struct client {
    uint64_t session; /* 0: none yet */
    uint64_t seq;
    bool by_key;     /* HTTP: Idempotency-Key instead of a session */
    bool is_waiting; /* a request is under way in this life */
    int32_t op;      /* its open call; -1: none */
    int64_t next_ns;
};

struct view_seen {
    int64_t began_ns, ended_ns;
    uint64_t index;
};

struct run {
    const struct gw_sim_engine_opts *opts;
    struct gw_sim_engine_result *ret;
    struct gw_rand rand;
    struct gw_sim_world world;
    struct gw_engine_opts engine_opts;
    struct op ops[OPS_MAX];
    uint32_t op_count;
    struct view_seen views[VIEWS_MAX];
    uint32_t view_count;
    struct client clients[CLIENTS];
    uint64_t next_value; /* for puts: every value once */
    bool has_checkpoints, is_healing, disk_may_fail;
    bool is_at_rest; /* drained and checked: `sum` is the state at `sum_index` */
    struct gw_hash128 sum;
    uint64_t sum_index;

    /* this life */
    struct gw_engine *engine;
    struct gw_actor *mailbox; /* all replies */
    struct gw_engine_report report;
    struct gw_err err;
    gw_rc rc;
    bool is_deployed, is_deploying, is_fatal, daemon_started, view_waits, drain_waits, is_drained;
    bool status_waits, is_halted, check_waits, is_checked;
    int64_t view_began_ns, retry_ns;
};

void fail_run(struct run *run, const char *oracle, const char *fmt, ...) GW_PRINTF(3, 4);

/* clients.c: pieces of the process */
void clients_on_reply(void *ctx, struct gw_msg *msg);
/** Whoever is due sends. */
void clients_act(void *ctx);
void clients_process_died(struct run *run);
bool clients_are_done(const struct run *run);

/* verify.c: the process is dead or closed */
void verify_history(struct run *run);
/** Replays the journal; compares answers, state sum, and what the stores hold. */
void verify_journal(struct run *run);

#endif
