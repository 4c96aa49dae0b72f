/** Well-typed programs from a seed, as text: every construct of a txn, with numbers near the edges of their types. */
#ifndef KIT_LANG_RANDOM_PROGRAM_H
#define KIT_LANG_RANDOM_PROGRAM_H

#include "base/buf.h"
#include "base/rand.h"
#include "lang/vm.h"

/** Appends a program with the txns f0 … and the entities A and B. Same seed, same text. */
void kl_random_program(struct gw_rand *rand, struct gw_buf *ret);
/** A value of a type, often at an edge, in `arena`. */
union gw_value kl_random_value(struct gw_rand *rand, const struct gw_type *type,
                               struct gw_arena *arena);

#endif
