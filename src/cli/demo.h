/**
 * The main job from end to end: a shop in one database moves into two others while payments run, a kill -9 falls in
 * the middle, somebody changes a row by hand; and at the end everything must balance.
 *
 *   demo.c           the order of work             demo_generate.c  the shop, from a seed, with hard values
 *   demo_engine.c    the engine as a process       demo_drive.c     payments from several sessions, with a record of
 *   demo_verify.c    reads the databases itself    demo_report.c    what was acknowledged; the table
 *
 * The judge shares nothing with the judged: verification reads the SQLite files with plain queries, and knows from the
 * seed and from its own record of acknowledged payments what must stand there.
 */
#ifndef GW_CLI_DEMO_H
#define GW_CLI_DEMO_H

#include <sqlite3.h>

#include "base/hash.h"
#include "base/metrics.h"
#include "cli/ask.h"
#include "os/process.h"

enum {
    GW_DEMO_SESSIONS = 8,
    GW_DEMO_WINDOW = 64, /* calls under way of one session */
    GW_DEMO_GROUPS = 7,
    GW_DEMO_ACCOUNTS_EACH = 2,
    GW_DEMO_OPS_MAX = 4 << 20,
};

/** One call as sent, and what was answered. */
struct gw_demo_op {
    uint32_t src, dst; /* account numbers; a move of group: user, group */
    uint32_t cents;    /* 0: a move of group */
    uint32_t session;
    uint8_t state; /* enum gw_demo_state */
    uint32_t record;
    uint64_t seq, index; /* index: of the answer */
    gw_u128 id;          /* of the transfer */
    int64_t sent_ns;
};
enum gw_demo_state { GW_DEMO_OPEN, GW_DEMO_OK, GW_DEMO_FAILED, GW_DEMO_ABORTED };

struct gw_demo_counts {
    uint64_t rows[2];   /* in the old home, in the new one */
    uint64_t differing; /* keys whose rows do not say the same, or stand on one side only */
    struct gw_hash128 hash[2];
};

struct gw_demo {
    struct gw_cli *cli;
    const char *folder; /* zero-terminated */
    uint64_t seed, users, seconds;
    struct gw_process *engine;
    sqlite3 *legacy, *people, *money;

    struct gw_demo_op *ops; /* in the order sent */
    uint64_t op_count, op_max;
    uint64_t acked, ok, failed, aborted, moves_ok, repeats;
    uint64_t daemon_rows, replayed;
    int64_t load_ns, outage_ns;
    bool was_killed;
    struct gw_hist latency_us;

    struct gw_demo_counts user, account;
    uint64_t transfers, lost, doubled, wrong_balances, wrong_users, wrong_groups;
    gw_i128 cents_before, cents_after, cents_counter;
    uint64_t halts_found, halts_left;
    struct gw_text delta; /* what the halt showed, in words */
    bool foreign_kept;    /* it was still there when it was found: nothing overwrote it */
    bool flipped;
    const char *trouble; /* NULL, or what went wrong beside the counts */
};

/* demo_generate.c: a pure function of (seed, row) */
struct gw_demo_user {
    char name[64], family[64], mail[80], nick[40];
    bool has_nick, has_group;
    int64_t group, ref, paid;
    const char *rate;
};
void gw_demo_user_of(const struct gw_demo *demo, uint64_t user, struct gw_demo_user *ret);
int64_t gw_demo_cents_of(const struct gw_demo *demo, uint64_t account);
bool gw_demo_is_frozen(uint64_t account);
static inline uint64_t gw_demo_accounts(const struct gw_demo *demo)
{
    return demo->users * GW_DEMO_ACCOUNTS_EACH;
}
/** The owner of an account, from 1. */
static inline uint64_t gw_demo_owner(uint64_t account)
{
    return (account - 1) / GW_DEMO_ACCOUNTS_EACH + 1;
}
/** Makes the three databases and the program in the folder. */
GW_NODISCARD gw_rc gw_demo_generate(struct gw_demo *demo, struct gw_err *err);
gw_rc gw_demo_sql(sqlite3 *db, const char *sql, struct gw_err *err);

/* demo_engine.c */
/** Runs a godwit command to its end, its output into FOLDER/engine.log. */
GW_NODISCARD gw_rc gw_demo_command(struct gw_demo *demo, const char *const *words,
                                   struct gw_err *err);
/** Starts `godwit engine run` and waits until it listens. */
GW_NODISCARD gw_rc gw_demo_engine_start(struct gw_demo *demo, struct gw_err *err);
void gw_demo_engine_kill(struct gw_demo *demo);
GW_NODISCARD gw_rc gw_demo_engine_stop(struct gw_demo *demo, struct gw_err *err);

/* demo_drive.c */
/** Payments for demo->seconds, the kill in their middle; returns when every call sent has its answer. */
GW_NODISCARD gw_rc gw_demo_drive(struct gw_demo *demo, struct gw_err *err);

/* demo_verify.c */
GW_NODISCARD gw_rc gw_demo_verify(struct gw_demo *demo, struct gw_err *err);

/* demo_report.c */
bool gw_demo_balances(const struct gw_demo *demo);
void gw_demo_report(struct gw_demo *demo);

/** examples/shop.gw, put into the binary by the build. */
extern const unsigned char gw_demo_program[];
extern const unsigned int gw_demo_program_bytes;

#endif
