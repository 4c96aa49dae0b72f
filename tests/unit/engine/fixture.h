/**
 * What the stories about the engine share: a bank of two stores, an engine in a folder of its own, calls, and hands
 * that reach into the stores behind the engine's back.
 *
 * The bank: Account has homes in `a` (source) and `b` (target), Transfer only in `b`. Stores are SQLite files in the
 * folder, or memory stores. Also linked by programs that are no cmocka tests: a failed assertion ends them.
 */
#ifndef GW_TEST_ENGINE_FIXTURE_H
#define GW_TEST_ENGINE_FIXTURE_H

#include "kit/kit.h"

#include <stdatomic.h>

#include "engine/ask.h"
#include "store/memory_fault.h"
#include "store/store.h"

enum bank_kind { BANK_SQLITE, BANK_MEMORY };

struct bank {
    char folder[256]; /* holds state/, a.db, b.db */
    char state[300];
    enum bank_kind kind;
    char names[2][64]; /* of memory stores: of this process and bank alone */
    char program[8192];
    struct gw_engine_opts opts; /* used at each bank_open() */
    struct gw_engine *engine;
    struct gw_engine_report report;
    struct gw_asker *asker;
    uint64_t client, seq;
    struct gw_bytes image; /* what bank_resolve() gives with GW_TAKE_IMAGE */
    atomic_bool fatal;     /* the engine said that the process must end */
    atomic_uint alerts;
    char fatal_text[512];
    atomic_uint last_alert; /* code */
};

/** `extra` is put behind the bank's declarations; may be "". No engine yet. */
void bank_init(struct bank *bank, enum bank_kind kind, const char *extra);
/** As above in a folder that exists and may hold a bank already: nothing in it is touched. */
void bank_init_at(struct bank *bank, const char *folder, enum bank_kind kind, const char *extra);
void bank_done(struct bank *bank);

/** SQLite: the files with their tables, `count` accounts of 100.00 in `a`, a log of every write. Memory: nothing. */
void bank_make_stores(struct bank *bank, uint32_t count);
/** What `godwit engine prepare` does, and the triggers that log writes. */
void bank_prepare(struct bank *bank);
gw_rc bank_try_open(struct bank *bank, struct gw_err *err);
void bank_open(struct bank *bank);
void bank_close(struct bank *bank);
void bank_deploy(struct bank *bank);
void bank_session(struct bank *bank);
/** init, stores, open, prepare, deploy, session. */
void bank_start(struct bank *bank, enum bank_kind kind, uint32_t accounts, const char *extra);

struct gw_request *bank_request(struct bank *bank, enum gw_request_kind kind);
/** Arguments by form: u unsigned, d cents, s text, b 16 bytes as they are. */
void bank_args(struct gw_request *request, const char *form, ...);
struct gw_request *bank_call(struct bank *bank, const char *fn); /* client and next seq set */
gw_rc bank_ask(struct bank *bank, struct gw_request *request);
void bank_ask_ok(struct bank *bank, struct gw_request *request);
struct gw_call_result bank_result(struct gw_request *request);
/** A payment that must be done, or end as `status` says. */
void bank_pay(struct bank *bank, uint64_t src, uint64_t dst, int64_t cents);
enum gw_vm_status bank_pay_status(struct bank *bank, uint64_t src, uint64_t dst, int64_t cents);
int64_t bank_balance(struct bank *bank, uint64_t id); /* by the view; -1: no such account */
/** Waits at most 20 s until nothing is dirty. */
void bank_drain(struct bank *bank);
gw_rc bank_simple(struct bank *bank, enum gw_request_kind kind, const char *store,
                  const char *reason);
struct gw_hash128 bank_sum(struct bank *bank, uint64_t *ret_index);
void bank_audit(struct bank *bank);

/** Between two looks at something, or until a moment that is the test's point. */
void bank_nap(uint32_t ms);

/** JSON of STATUS, HALTS …: in a buffer that the next call reuses. */
const char *bank_json(struct bank *bank, enum gw_request_kind kind);
/** The number behind the first "name": from `json` on; -1 when there is none. */
int64_t json_number(const char *json, const char *name);
bool json_has(const char *json, const char *fragment);
/** Asks for STATUS until `fragment` shows, at most 20 s. */
void bank_await_status(struct bank *bank, const char *fragment);
void bank_await_halts(struct bank *bank, uint32_t open);
/** RESOLVE the open finding `n` with what it shows; image may be empty. */
gw_rc bank_resolve(struct bank *bank, uint64_t n, uint32_t take, uint64_t id, bool resume);

/** SQLite behind the engine's back. `store` is "a" or "b". */
void sql(struct bank *bank, const char *store, const char *fmt, ...) GW_PRINTF(3, 4);
int64_t sql_number(struct bank *bank, const char *store, const char *fmt, ...) GW_PRINTF(3, 4);
/** Balance in cents of account `id` in a store, -1 when absent. */
int64_t sql_cents(struct bank *bank, const char *store, uint64_t id);
/** Nobody wrote a (key, version) twice, both stores hold what the views say, no cent is lost. */
void bank_check(struct bank *bank, uint32_t accounts, int64_t cents_in_all);

#endif
