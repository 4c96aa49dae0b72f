#include "oracle/order.h"

#include <stdlib.h>

static int by_position(const void *left, const void *right)
{
    const struct or_op *a = left, *b = right;
    if (a->index != b->index)
        return a->index < b->index ? -1 : 1;
    if (a->is_view != b->is_view)
        return a->is_view ? 1 : -1;
    if (a->record != b->record)
        return a->record < b->record ? -1 : 1;
    return a->began_ns < b->began_ns ? -1 : a->began_ns > b->began_ns;
}

const char *or_order_check(struct or_op *ops, size_t count, struct or_op *ret_a,
                           struct or_op *ret_b)
{
    if (count == 0)
        return NULL;
    qsort(ops, count, sizeof(*ops), by_position);
    for (size_t i = 1; i < count; i++) {
        *ret_a = ops[i - 1];
        *ret_b = ops[i];
        if (!ops[i].is_view && !ops[i - 1].is_view && ops[i].index == ops[i - 1].index &&
            ops[i].record == ops[i - 1].record)
            return "two operations at one position";
    }
    /* From the last position to the first: nobody may have ended before one at a smaller position began. */
    size_t earliest = count - 1;
    for (size_t i = count - 1; i-- > 0;) {
        if (ops[earliest].ended_ns < ops[i].began_ns &&
            (ops[earliest].index != ops[i].index || !ops[i].is_view)) {
            *ret_a = ops[earliest];
            *ret_b = ops[i];
            return "answered before the other began, but ordered behind it";
        }
        if (ops[i].ended_ns < ops[earliest].ended_ns)
            earliest = i;
    }
    return NULL;
}

const char *or_register_check(const struct or_swap *swaps, size_t count, size_t *ret_a,
                              size_t *ret_b)
{
    for (size_t i = 0; i < count; i++) {
        const struct or_swap *read = &swaps[i];
        if (read->ended_ns == INT64_MAX || read->old == 0)
            continue;
        size_t writer = count;
        for (size_t j = 0; j < count; j++) {
            if (j == i || swaps[j].key != read->key)
                continue;
            *ret_a = i;
            *ret_b = j;
            if (swaps[j].value == read->old)
                writer = j;
            if (swaps[j].ended_ns != INT64_MAX && swaps[j].old == read->old)
                return "one value was replaced twice";
        }
        *ret_a = *ret_b = i;
        if (writer == count)
            return "a value was found that nobody wrote";
        *ret_b = writer;
        if (swaps[writer].began_ns > read->ended_ns)
            return "a value was found before it was written";
        for (size_t j = 0; j < count; j++) {
            const struct or_swap *between = &swaps[j];
            if (j == i || j == writer || between->key != read->key)
                continue;
            *ret_b = j;
            if (between->began_ns > swaps[writer].ended_ns && between->ended_ns < read->began_ns)
                return "another write lies wholly between the write of a value and its being found";
        }
    }
    return NULL;
}
