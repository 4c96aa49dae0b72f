/** System aborts (engine spec 2.3): why a call ended without effect. `abort(c)` in `match call` binds this enum. */
#ifndef GW_LANG_ABORT_H
#define GW_LANG_ABORT_H

#include "record/type.h"

/* name, its number in results and in the journal, what a person reads */
/* clang-format off */
#define GW_ABORT_LIST(X)                                                                      \
    X(ARITH,        1, "overflow, division by zero, or a number its type does not hold")      \
    X(NOT_FOUND,    2, "the row is not there")                                                \
    X(EXISTS,       3, "a living row has this key already")                                   \
    X(UNIQUE,       4, "another row has this value of a unique index")                        \
    X(RANGE,        5, "a list or text is longer than its bound, or an index outside")        \
    X(FETCH_FAILED, 6, "a store did not give a row that the call needs")                      \
    X(REFETCH,      7, "internal: keys moved, the call is prepared again")                    \
    X(HALTED,       8, "halted on a foreign change")                                          \
    X(FROZEN,       9, "the entity has been released")                                        \
    X(NO_SUCH_FN,  10, "the program has no such function")                                    \
    X(TOO_OLD,     11, "as_of is older than the ring")                                        \
    X(EXPIRED,     12, "the session has expired; the outcome is unknown")                     \
    X(NOT_READY,   13, "an index or counter is still being built")
/* clang-format on */

enum gw_abort {
    GW_ABORT_NONE = 0,
#define X(name, number, text) GW_ABORT_##name = (number),
    GW_ABORT_LIST(X)
#undef X
};

/** The type of `c` in `abort(c)`: an enum over u8 with the members above. */
const struct gw_type *gw_abort_type(void);
/** "NOT_FOUND". */
const char *gw_abort_name(enum gw_abort abort);
const char *gw_abort_text(enum gw_abort abort);

#endif
