/**
 * Seeded random types and values: same seed, same types and values, everywhere.
 * Values lean to the edges: least, most, zero, empty, full length, U+0000, multi-byte text, 2^53+1.
 * Everything lives in `arena`; a refused allocation is a failed assertion.
 */
#ifndef GW_KIT_RANDOM_VALUE_H
#define GW_KIT_RANDOM_VALUE_H

#include "base/rand.h"
#include "record/home.h"

struct gw_random_opts {
    bool keys_only;    /* no real, no list */
    unsigned depth;    /* of opt, tuple and list inside one another; 0: scalars only */
    uint32_t text_max; /* N of str<N>, bytes<N>; 0 means 64 */
    uint32_t list_max; /* N of list<T,N>; 0 means 6 */
};

const struct gw_type *gw_random_type(struct gw_rand *rand, const struct gw_random_opts *opts,
                                     struct gw_arena *arena);
union gw_value gw_random_value(struct gw_rand *rand, const struct gw_type *type,
                               struct gw_arena *arena);
/** One of: the same value, a neighbour, another value. For tests of order. */
union gw_value gw_random_other(struct gw_rand *rand, const struct gw_type *type,
                               union gw_value value, struct gw_arena *arena);
/** An entity of 1 .. 8 fields, finished. */
const struct gw_entity *gw_random_entity(struct gw_rand *rand, struct gw_arena *arena);
/** A home of that entity that maps every field to a column of the same name and type, finished. */
const struct gw_home *gw_random_home(struct gw_rand *rand, const struct gw_entity *entity,
                                     struct gw_arena *arena);
/** Values of all fields. */
union gw_value *gw_random_row(struct gw_rand *rand, const struct gw_entity *entity,
                              struct gw_arena *arena);

#endif
