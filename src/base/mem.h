/**
 * Views of memory and the arena they usually live in.
 *
 * A view (`gw_bytes`, `gw_text`) borrows; a stored view names its owner in the struct that stores it.
 * An arena is a growing list of blocks with one lifetime; gw_arena_reset() ends every object in it.
 * Lifetimes used in this project: process, connection, batch, scratch (see docs/style in CONTRIBUTING.md).
 * Thread: an arena belongs to one thread at a time.
 */
#ifndef GW_BASE_MEM_H
#define GW_BASE_MEM_H

#include <stdalign.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define GW_CLEANUP(fn)                     __attribute__((cleanup(fn)))
#define GW_NODISCARD                       __attribute__((warn_unused_result))
#define GW_PRINTF(fmt, args)               __attribute__((format(printf, fmt, args)))
#define GW_NORETURN                        __attribute__((noreturn))
#define GW_LIKELY(x)                       __builtin_expect(!!(x), 1)
#define GW_UNLIKELY(x)                     __builtin_expect(!!(x), 0)
#define GW_COUNT_OF(array)                 (sizeof(array) / sizeof((array)[0]))
#define GW_MIN(a, b)                       ((a) < (b) ? (a) : (b))
#define GW_MAX(a, b)                       ((a) > (b) ? (a) : (b))
/** The struct of type `type` whose member `member` is at `ptr`. */
#define GW_CONTAINER_OF(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

__extension__ typedef __int128 gw_i128;
__extension__ typedef unsigned __int128 gw_u128;

/** Borrowed bytes. `data` may be NULL when `len` is 0. */
struct gw_bytes {
    const uint8_t *data;
    size_t len;
};

/** Borrowed text, UTF-8 unless the place says otherwise; never zero-terminated by contract. */
struct gw_text {
    const char *data;
    size_t len;
};

/** Format arguments for "%.*s". */
#define GW_TEXT_ARG(text)    (int)(text).len, (text).data
#define GW_TEXT_LIT(literal) ((struct gw_text){(literal), sizeof(literal) - 1})

static inline struct gw_text gw_text(const char *zero_terminated)
{
    return (struct gw_text){zero_terminated, zero_terminated ? strlen(zero_terminated) : 0};
}

static inline struct gw_bytes gw_text_bytes(struct gw_text text)
{
    return (struct gw_bytes){(const uint8_t *)text.data, text.len};
}

static inline struct gw_text gw_bytes_text(struct gw_bytes bytes)
{
    return (struct gw_text){(const char *)bytes.data, bytes.len};
}

/**
 * The same pointer without const, for the two places where that is right: the owner gives back what readers saw, and
 * an interface of C that forgot the word.
 */
static inline void *gw_unconst(const void *pointer)
{
    union {
        const void *in;
        void *out;
    } same = {.in = pointer};
    return same.out;
}

static inline bool gw_bytes_equal(struct gw_bytes a, struct gw_bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static inline bool gw_text_equal(struct gw_text a, struct gw_text b)
{
    return gw_bytes_equal(gw_text_bytes(a), gw_text_bytes(b));
}

static inline bool gw_text_is(struct gw_text a, const char *zero_terminated)
{
    return gw_text_equal(a, gw_text(zero_terminated));
}

/** memcmp order; a prefix sorts before what it begins. @return <0, 0, >0 */
int gw_bytes_compare(struct gw_bytes a, struct gw_bytes b);

/** Where blocks come from: os/heap.h gives the process's, tests give one that refuses the nth. */
struct gw_alloc {
    void *(*get)(void *ctx, size_t bytes); /* NULL when refused; aligned for max_align_t */
    void (*put)(void *ctx, void *block, size_t bytes);
    void *ctx;
};

struct gw_arena_block;

/** Invariant: everything handed out since a mark lies in blocks newer than, or behind, that mark. */
struct gw_arena {
    const struct gw_alloc *alloc;
    struct gw_arena_block *newest;
    struct gw_arena_block
        *spare;        /* one block kept by a reset, so that a steady load allocates nothing */
    size_t used_bytes; /* over all blocks */
    size_t bytes_max;  /* gw_arena_get() returns NULL above it */
};

struct gw_arena_mark {
    struct gw_arena_block *block;
    size_t block_used;
    size_t used_bytes;
};

void gw_arena_init(struct gw_arena *arena, const struct gw_alloc *alloc, size_t bytes_max);
/** Ends every object and gives all blocks back. Accepts a zeroed arena. */
void gw_arena_done(struct gw_arena *arena);
/** Ends every object, keeps one block. */
void gw_arena_reset(struct gw_arena *arena);
struct gw_arena_mark gw_arena_mark(const struct gw_arena *arena);
/** Ends every object made since `mark`. */
void gw_arena_back_to(struct gw_arena *arena, struct gw_arena_mark mark);

/** @return zeroed memory aligned to 16, or NULL when the bound or the allocator refuses */
void *gw_arena_get(struct gw_arena *arena, size_t bytes) __attribute__((malloc, alloc_size(2)));
/** count * each with overflow check. */
void *gw_arena_get_array(struct gw_arena *arena, size_t count, size_t each);
/** As gw_arena_get(), not zeroed: for bytes that are written at once. */
void *gw_arena_get_raw(struct gw_arena *arena, size_t bytes);
/** Copies into the arena. @return data == NULL when refused (an empty view has data "" instead) */
struct gw_bytes gw_arena_copy(struct gw_arena *arena, struct gw_bytes bytes);
struct gw_text gw_arena_copy_text(struct gw_arena *arena, struct gw_text text);
/** printf into the arena, zero-terminated too. @return data == NULL when refused */
struct gw_text gw_arena_printf(struct gw_arena *arena, const char *fmt, ...) GW_PRINTF(2, 3);
/** The same for a caller that has the arguments as a list; leaves `args` used up. */
struct gw_text gw_arena_vprintf(struct gw_arena *arena, const char *fmt, va_list args)
    GW_PRINTF(2, 0);

#define GW_NEW(arena, type) ((type *)gw_arena_get((arena), sizeof(type)))
#define GW_NEW_ARRAY(arena, type, count) \
    ((type *)gw_arena_get_array((arena), (count), sizeof(type)))

#endif
