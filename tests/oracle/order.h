/**
 * Oracles over a history of operations, whatever they did. Independent of the code they judge: nothing here knows the
 * engine.
 *   O1 (a) one operation per position, (b) answered before another began ⇒ smaller position.
 *   O2    registers, positions ignored: every write returns the value it replaced; values are unique and not 0.
 */
#ifndef ORACLE_ORDER_H
#define ORACLE_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** An answered operation. Times are of the observer's one clock. */
struct or_op {
    int64_t began_ns, ended_ns;
    uint64_t index; /* position: (index, record) */
    uint32_t record;
    bool is_view;  /* shares positions with others; at `index`, behind all of its records */
    uint64_t name; /* of the operation, for messages */
};

/** Sorts `ops`. O(n log n). @return NULL, or what is wrong with or_a and or_b set */
const char *or_order_check(struct or_op *ops, size_t count, struct or_op *ret_a,
                           struct or_op *ret_b);

/** One swap of a register: put `value` (0: nothing there any more), found `old`. */
struct or_swap {
    int64_t began_ns, ended_ns; /* ended_ns INT64_MAX: no answer, `old` unknown */
    uint64_t key, value, old;
};
/** @return NULL, or what is wrong; O(n^2) for one key at most */
const char *or_register_check(const struct or_swap *swaps, size_t count, size_t *ret_a,
                              size_t *ret_b);

#endif
