/** Private to the machine: one run, and the operations that are too long for the loop. */
#ifndef GW_LANG_VM_INT_H
#define GW_LANG_VM_INT_H

#include "base/int.h"
#include "lang/code.h"
#include "lang/cost.h"

enum { GW_VM_TAILS = 8, GW_VM_IDS_MAX = 1 << 14 };

/* The release build fills locals with a pattern; not those that are too large for every run. */
#define GW_UNINITIALIZED __attribute__((uninitialized))

/** A caller waiting for a fn. */
struct gw_vm_frame {
    const struct gw_code *code;
    const struct gw_insn *at;
    union gw_value *regs;
};

/** The newest list built by push: only its owner may grow it in place, everybody else copies. */
struct gw_vm_tail {
    union gw_value *items;
    size_t count, cap;
};

struct gw_vm_touched {
    uint64_t *set; /* hashes of keys, open addressing; 0 is empty */
    uint32_t count, cap;
};

/** Small, because it is set up for every payment: what few runs need is made when they do. */
struct gw_vm_state {
    struct gw_vm *vm;
    const struct gw_code *code;
    union gw_value *regs;
    struct gw_vm_result *ret;
    struct gw_vm_frame *frames; /* room for the deepest chain; made by the first call */
    struct gw_vm_tail *tails;   /* GW_VM_TAILS; made by the first push */
    uint32_t ids, rands;        /* given out in this run */
    uint32_t depth;
    uint32_t resume; /* fibers: number of the resume point of the wait that ended the slice */
    /* direct keys */
    const struct gw_insn *on_abort; /* TRY: where an abort goes on; NULL: it ends the run */
    struct gw_vm_key *keys;
    uint32_t key_count, key_cap;
    /* onboarding */
    const struct gw_vm_copy *copies;
    struct gw_vm_onboarded *onboarded;
    /* metering */
    uint64_t units;
    struct gw_vm_touched touched;
};

/** From insns[at] until the run ends; fills run->ret. */
void gw_vm_loop_plain(struct gw_vm_state *run, uint32_t at);
void gw_vm_loop_metered(struct gw_vm_state *run, uint32_t at);

/** Prepares a run with registers of the caller; those that the code reads are written before. */
static inline void gw_vm_begin(struct gw_vm_state *run, struct gw_vm *vm,
                               const struct gw_code *code, union gw_value *regs,
                               struct gw_vm_result *ret)
{
    /* One by one: a clear of the whole is a `rep stos`, which costs as much as three instructions of the machine. */
    run->vm = vm;
    run->code = code;
    run->regs = regs;
    run->ret = ret;
    run->frames = NULL;
    run->tails = NULL;
    run->ids = run->rands = run->depth = run->resume = 0;
    run->on_abort = NULL;
    run->keys = NULL;
    run->key_count = run->key_cap = 0;
    run->copies = NULL;
    run->onboarded = NULL;
    run->units = 0;
    run->touched.set = NULL;
    run->touched.count = run->touched.cap = 0;
    /* `wait` is read only after GW_VM_WAITING, which fills all of it */
    memset(ret, 0, offsetof(struct gw_vm_result, wait));
    ret->units = 0;
}
/** Registers from the arena. @return NULL: out of memory, and `ret` says so */
union gw_value *gw_vm_registers(struct gw_vm *vm, const struct gw_code *code,
                                struct gw_vm_result *ret);
void gw_vm_go(struct gw_vm_state *run, uint32_t at);

/* Each operation returns false when the run ends; then ret->status and ret->abort are set. */
bool gw_vm_abort(struct gw_vm_state *run, enum gw_abort abort);
bool gw_vm_nomem(struct gw_vm_state *run);
bool gw_vm_absent(struct gw_vm_state *run, const struct gw_program_entity *entity,
                  const union gw_value *key);
bool gw_vm_gone(struct gw_vm_state *run, const struct gw_vm_row *row);
/** Turns a host's answer into a continuing run or an end. ABSENT goes on. */
bool gw_vm_answer(struct gw_vm_state *run, enum gw_vm_rc rc);

bool gw_vm_touch_slow(struct gw_vm_state *run, enum gw_vm_rc rc, struct gw_vm_row **ret);
/** The first call of a run makes room for its callers. */
bool gw_vm_make_frames(struct gw_vm_state *run);
/** The row with this key, or NULL where it is known not to exist. @return false: the run ends */
static inline bool gw_vm_touch(struct gw_vm_state *run, const struct gw_program_entity *entity,
                               const union gw_value *key, struct gw_vm_row **ret)
{
    struct gw_vm_host *host = run->vm->host;
    enum gw_vm_rc rc = host->row(host->ctx, entity, key, ret);
    return GW_UNLIKELY(rc != GW_VM_OK) ? gw_vm_touch_slow(run, rc, ret) : true;
}

bool gw_vm_do_dec_div(struct gw_vm_state *run, const struct gw_insn *insn, union gw_value *r);
bool gw_vm_do_dec_round(struct gw_vm_state *run, const struct gw_insn *insn, union gw_value *r);
bool gw_vm_do_dec_of(struct gw_vm_state *run, const struct gw_insn *insn, union gw_value *r);
bool gw_vm_do_mul_d128(struct gw_vm_state *run, const struct gw_insn *insn, union gw_value *r);
bool gw_vm_do_abs(struct gw_vm_state *run, const struct gw_insn *insn, union gw_value *r);
bool gw_vm_do_conv(struct gw_vm_state *run, const struct gw_insn *insn, union gw_value *r);
bool gw_vm_do_str_of(struct gw_vm_state *run, const struct gw_insn *insn, union gw_value *r);
bool gw_vm_do_time(struct gw_vm_state *run, const struct gw_insn *insn, union gw_value *r);
bool gw_vm_do_concat(struct gw_vm_state *run, const struct gw_insn *insn, union gw_value *r);
bool gw_vm_do_contains(struct gw_vm_state *run, const struct gw_insn *insn, union gw_value *r);
bool gw_vm_do_slice(struct gw_vm_state *run, const struct gw_insn *insn, union gw_value *r);
bool gw_vm_do_lower(struct gw_vm_state *run, const struct gw_insn *insn, union gw_value *r);
bool gw_vm_do_split(struct gw_vm_state *run, const struct gw_insn *insn, union gw_value *r);
bool gw_vm_do_tuple(struct gw_vm_state *run, const struct gw_insn *insn, union gw_value *r);
bool gw_vm_do_push(struct gw_vm_state *run, const struct gw_insn *insn, union gw_value *r);
bool gw_vm_do_set_item(struct gw_vm_state *run, const struct gw_insn *insn, union gw_value *r);
bool gw_vm_do_list_has(struct gw_vm_state *run, const struct gw_insn *insn, union gw_value *r);
bool gw_vm_do_row(struct gw_vm_state *run, const struct gw_insn *insn, union gw_value *r);
void gw_vm_not_created(struct gw_vm_state *run, enum gw_vm_rc rc);
bool gw_vm_do_delete_row(struct gw_vm_state *run, struct gw_vm_row *row);
bool gw_vm_do_delete_key(struct gw_vm_state *run, const struct gw_insn *insn, union gw_value *r);
bool gw_vm_do_table(struct gw_vm_state *run, const struct gw_insn *insn, union gw_value *r);
bool gw_vm_do_lookup(struct gw_vm_state *run, const struct gw_insn *insn, union gw_value *r);
bool gw_vm_do_range(struct gw_vm_state *run, const struct gw_insn *insn, union gw_value *r);
bool gw_vm_do_counter(struct gw_vm_state *run, const struct gw_insn *insn, union gw_value *r);
bool gw_vm_do_emit(struct gw_vm_state *run, const struct gw_insn *insn, union gw_value *r);
bool gw_vm_do_rand(struct gw_vm_state *run, const struct gw_insn *insn, union gw_value *r);
bool gw_vm_do_key(struct gw_vm_state *run, const struct gw_insn *insn, union gw_value *r);
bool gw_vm_do_same(struct gw_vm_state *run, const struct gw_insn *insn, union gw_value *r);
bool gw_vm_do_take(struct gw_vm_state *run, const struct gw_insn *insn, union gw_value *r);
void gw_vm_do_wait(struct gw_vm_state *run, const struct gw_code_wait *wait,
                   const union gw_value *r);

/** Units of one instruction before it runs, with the sizes it meets. */
uint64_t gw_vm_units(struct gw_vm_state *run, const struct gw_insn *insn, const union gw_value *r);

static inline struct gw_vm_row *gw_reg_row(union gw_value reg)
{
    return (struct gw_vm_row *)(void *)reg.list.items;
}

static inline union gw_value gw_reg_of_row(struct gw_vm_row *row)
{
    return (union gw_value){.list = {.items = (union gw_value *)(void *)row}};
}

/** |value| < 10^precision */
static inline bool gw_dec_fits(gw_i128 value, unsigned precision)
{
    gw_i128 bound = (gw_i128)gw_pow10(precision);
    return value > -bound && value < bound;
}

#endif
