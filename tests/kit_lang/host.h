/**
 * A host for programs in tests: everything in arrays, every question answered by looking at all of it. Slow and
 * obviously right, so that other hosts (the ledger's) can be compared with it.
 *
 * Life: kl_host_init, then for each call kl_host_begin, gw_vm_run with &host->vm, kl_host_commit or kl_host_abandon.
 * Rows live as values in `state`, which only grows; what a call reads and writes lives in `run`.
 */
#ifndef KIT_LANG_HOST_H
#define KIT_LANG_HOST_H

#include "lang/compile.h"
#include "lang/vm.h"

enum { KL_ROWS_MAX = 4096, KL_EVENTS_MAX = 1024 };

/** A row of an entity (with `entity`) or of a table. */
struct kl_row {
    const struct gw_program_entity *entity;
    const struct gw_table_decl *table;
    union gw_value *fields;
};

struct kl_touched {
    struct gw_vm_row row;
    union gw_value *key;
};

struct kl_host {
    struct gw_vm_host host;
    struct gw_vm vm;
    struct gw_arena state, run;
    struct kl_row rows[KL_ROWS_MAX]; /* committed, in no order */
    uint32_t row_count;
    struct kl_row tables[KL_ROWS_MAX]; /* of the run at hand: tables with its writes */
    uint32_t table_count;
    struct kl_touched *touched[KL_ROWS_MAX]; /* of the run at hand */
    uint32_t touched_count;
    uint32_t event_count;
    bool is_missing; /* answer MISSING to every first touch: tests of NEEDS_KEYS */
};

void kl_host_init(struct kl_host *host, const struct gw_alloc *alloc,
                  const struct gw_program *program);
void kl_host_done(struct kl_host *host);
void kl_host_begin(struct kl_host *host);
/** The write set becomes the state. @return false: a unique index would hold a value twice, nothing changed */
bool kl_host_commit(struct kl_host *host);
void kl_host_abandon(struct kl_host *host);
/** Puts a living row into the state, outside any run. */
void kl_host_put(struct kl_host *host, const struct gw_program_entity *entity,
                 const union gw_value *fields);
/** The committed fields of a key, or NULL. */
const union gw_value *kl_host_get(const struct kl_host *host,
                                  const struct gw_program_entity *entity,
                                  const union gw_value *key);
/** begin, run, commit when done. */
void kl_host_call(struct kl_host *host, const struct gw_fn *fn, const union gw_value *args,
                  struct gw_vm_result *ret);
/** Hash of all committed rows, independent of their order. */
gw_u128 kl_host_sum(const struct kl_host *host, const struct gw_alloc *alloc);

#endif
