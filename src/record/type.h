/**
 * Types of values. Every type bounds its size, so every image, key and message is bounded (engine spec 2.1).
 * Types are immutable and live as long as the program that declares them (or for ever: gw_type_of_kind()).
 */
#ifndef GW_RECORD_TYPE_H
#define GW_RECORD_TYPE_H

#include "base/buf.h"
#include "base/time.h"

/* name, text in programs (NULL: has parameters), bits of an integer (0: none), signed */
/* clang-format off */
#define GW_TYPE_KINDS(X)         \
    X(BOOL,  "bool",   0, false) \
    X(U8,    "u8",     8, false) \
    X(U16,   "u16",   16, false) \
    X(U32,   "u32",   32, false) \
    X(U64,   "u64",   64, false) \
    X(U128,  "u128", 128, false) \
    X(I8,    "i8",     8, true)  \
    X(I16,   "i16",   16, true)  \
    X(I32,   "i32",   32, true)  \
    X(I64,   "i64",   64, true)  \
    X(I128,  "i128", 128, true)  \
    X(DEC,   NULL,     0, true)  \
    X(TIME,  NULL,     0, true)  \
    X(DUR,   "dur",    0, true)  \
    X(STR,   NULL,     0, false) \
    X(BYTES, NULL,     0, false) \
    X(UUID,  "uuid",   0, false) \
    X(ENUM,  NULL,     0, false) \
    X(OPT,   NULL,     0, false) \
    X(TUPLE, NULL,     0, false) \
    X(LIST,  NULL,     0, false) \
    X(REAL,  "real",   0, false)
/* clang-format on */

enum gw_type_kind {
#define X(name, text, bits, is_signed) GW_TYPE_##name,
    GW_TYPE_KINDS(X)
#undef X
};

enum {
    GW_TYPE_TEXT_BYTES_MAX = 65535, /* N of str<N>, bytes<N> */
    GW_TYPE_LIST_MAX = 4096,        /* N of list<T,N> */
    GW_TYPE_TUPLE_MAX = 16,
    GW_TYPE_DEPTH_MAX = 8,       /* opt, tuple and list inside one another */
    GW_TYPE_BYTES_MAX = 1 << 29, /* worst case of one value */
    GW_ENUM_MEMBERS_MAX = 1024,
    GW_IMAGE_BYTES_MAX = 65536,
    GW_FIELDS_MAX = 128,
};

struct gw_enum_member {
    struct gw_text name;
    gw_i128 number;
};

struct gw_enum {
    struct gw_text name;
    enum gw_type_kind base; /* an integer kind */
    const struct gw_enum_member *members;
    uint32_t member_count;
};

struct gw_type {
    enum gw_type_kind kind;
    uint8_t precision, scale;           /* DEC */
    uint8_t depth;                      /* 1 without parts; set by gw_type_finish() */
    enum gw_time_unit unit;             /* TIME */
    uint32_t max;                       /* STR, BYTES: bytes; LIST: items */
    const struct gw_enum *members;      /* ENUM */
    const struct gw_type *const *items; /* OPT, LIST: one; TUPLE: item_count */
    uint32_t item_count;
    uint32_t bytes_max; /* canonical bytes, worst case; set by gw_type_finish() */
};

/** The one object of a kind without parameters. */
const struct gw_type *gw_type_of_kind(enum gw_type_kind kind);
/**
 * Computes bytes_max and depth from the parts (which are finished).
 * @return GW_INVALID: a parameter is out of range, opt<opt<T>>, an enum with a number twice; the message names it
 */
gw_rc gw_type_finish(struct gw_type *type, struct gw_err *err);
bool gw_type_equal(const struct gw_type *a, const struct gw_type *b);
/** As written in a program: "dec<18,2>", "opt<u32>", enums by name. */
void gw_type_text(const struct gw_type *type, struct gw_buf *ret);

bool gw_type_is_integer(enum gw_type_kind kind);
bool gw_type_is_signed(enum gw_type_kind kind);
unsigned gw_type_bits(enum gw_type_kind kind); /* of an integer kind */
/**
 * Smallest and largest number that the type holds (integers, DEC, TIME, DUR, ENUM, BOOL; else 0 and 0).
 * A TIME is what RFC 3339 can write, years 0000 to 9999, and fits an i64 (so time<ns> ends in 2262).
 */
void gw_type_range(const struct gw_type *type, gw_i128 *ret_min, gw_u128 *ret_max);

#endif
