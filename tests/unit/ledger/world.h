/**
 * A ledger with homes beside it, for stories: rows of every home in one array, every record journaled, so that a story
 * can be told again on another kv. Values are JSON texts; a key is the JSON array of its fields.
 */
#ifndef WORLD_H
#define WORLD_H

#include "kit/kit.h"

#include "ledger/audit.h"
#include "ledger/build.h"
#include "ledger/daemon.h"
#include "ledger/explain.h"
#include "ledger/halt.h"
#include "ledger/ledger.h"
#include "ledger/ledger_int.h"
#include "ledger/phase.h"
#include "ledger/view.h"

enum { WORLD_ROWS_MAX = 4096, WORLD_BATCHES_MAX = 65536, WORLD_TEXT = 1 << 16 };

struct world_row {
    const struct gw_program_home *home; /* NULL: free */
    uint8_t key[64];
    size_t key_len;
    gw_version ver;
    uint8_t image[512];
    size_t image_len;
};

struct world_batch {
    struct gw_batch_head head;
    struct gw_bytes record;
};

struct world {
    struct gw_kv *kv;
    struct gw_ledger *ledger;
    const struct gw_program *program;
    struct gw_arena arena; /* of the story */
    struct world_row rows[WORLD_ROWS_MAX];
    struct world_batch *batches;
    uint32_t batch_count;
    uint64_t index;
    int64_t time_ns;
    bool down; /* stores do not answer */
    uint32_t fetches, pushes;
    char text[WORLD_TEXT];
    struct gw_applied applied; /* of the last record */
    bool one_slice;            /* STEP one slice at a time, reopening the ledger in between */
    char alerts[4096];
};

struct world *world_open(const char *program);
void world_close(struct world *w);
/** A crash: the ledger is opened again over the same kv. */
void world_reopen(struct world *w);

/** Journals and applies one record in a batch of its own; undone when it took no position. */
void world_apply(struct world *w, const struct gw_record *record);
/** The answer as JSON text: {"ok":…}, {"fail":…}, {"abort":…,"detail":…}, or "refused CODE" and the like. */
const char *world_call(struct world *w, const char *fn, const char *args);
const char *world_call_as(struct world *w, uint64_t client, uint64_t seq, const char *fn,
                          const char *args);
const char *world_view(struct world *w, const char *fn, const char *args, uint64_t as_of);

void world_put(struct world *w, const char *home, const char *columns, int64_t ver);
void world_remove(struct world *w, const char *home, const char *key);
/** "[1,\"5.00\"] v3", "absent". */
const char *world_row(struct world *w, const char *home, const char *key);
struct gw_bytes world_key(struct world *w, const char *entity, const char *key);

/** Reads the missing keys from their homes. */
void world_fetch(struct world *w, const struct gw_missing_key *missing, uint32_t count);
/** INTENT, push and PUSHED for every dirty row until nothing can be done. */
void world_push(struct world *w);
/** One whole pass over a home. */
void world_audit(struct world *w, const char *home);
void world_audit_all(struct world *w);
void world_build(struct world *w);

uint32_t world_start(struct world *w, const char *daemon, const char *args);
/** Pages, steps, fetches and pushes until no daemon can go on. @return what the last one waits for */
void world_run(struct world *w, bool with_push);
struct gw_fiber_info world_fiber(struct world *w, uint32_t id);

void world_limit(struct world *w, const char *name, uint64_t value);
const char *world_halts(struct world *w);
const char *world_explain(struct world *w, const char *entity, const char *key);
void world_resolve(struct world *w, uint64_t n, enum gw_take take, const char *image);
void world_resume(struct world *w);
struct gw_hash128 world_sum(struct world *w);
/** The journal applied again to an empty kv of the caller's. @return its sum */
struct gw_hash128 world_replay(struct world *w, struct gw_kv *kv);
void world_meta(struct world *w, const char *entity, const char *key, struct gw_meta *ret);

#endif
