#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/err.h"
#include "base/poison.h"

enum { BLOCK_BYTES = 64 * 1024, ALIGN = 16 };

struct gw_arena_block {
    struct gw_arena_block *older;
    size_t capacity;
    size_t used;
    size_t fill; /* keeps data[] aligned to 16 */
    uint8_t data[];
};

_Static_assert(sizeof(struct gw_arena_block) % ALIGN == 0, "blocks keep their data aligned");

int gw_bytes_compare(struct gw_bytes a, struct gw_bytes b)
{
    size_t shared = GW_MIN(a.len, b.len);
    int order = shared ? memcmp(a.data, b.data, shared) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

void gw_arena_init(struct gw_arena *arena, const struct gw_alloc *alloc, size_t bytes_max)
{
    *arena = (struct gw_arena){.alloc = alloc, .bytes_max = bytes_max};
}

static void block_put(struct gw_arena *arena, struct gw_arena_block *block)
{
    GW_UNPOISON(block->data, block->capacity);
    arena->alloc->put(arena->alloc->ctx, block, sizeof(*block) + block->capacity);
}

static void block_retire(struct gw_arena *arena, struct gw_arena_block *block)
{
    if (arena->spare == NULL && block->capacity == BLOCK_BYTES) {
        block->used = 0;
        GW_POISON(block->data, block->capacity);
        arena->spare = block;
    } else {
        block_put(arena, block);
    }
}

void gw_arena_done(struct gw_arena *arena)
{
    if (arena == NULL || arena->alloc == NULL)
        return;
    gw_arena_reset(arena);
    if (arena->spare)
        block_put(arena, arena->spare);
    *arena = (struct gw_arena){0};
}

void gw_arena_reset(struct gw_arena *arena)
{
    if (arena->newest == NULL) /* nothing was asked for since the last time: often so */
        return;
    gw_arena_back_to(arena, (struct gw_arena_mark){0});
}

struct gw_arena_mark gw_arena_mark(const struct gw_arena *arena)
{
    return (struct gw_arena_mark){
        .block = arena->newest,
        .block_used = arena->newest ? arena->newest->used : 0,
        .used_bytes = arena->used_bytes,
    };
}

void gw_arena_back_to(struct gw_arena *arena, struct gw_arena_mark mark)
{
    while (arena->newest != mark.block) {
        struct gw_arena_block *block = arena->newest;
        arena->newest = block->older;
        block_retire(arena, block);
    }
    if (arena->newest) {
        arena->newest->used = mark.block_used;
        GW_POISON(arena->newest->data + mark.block_used, arena->newest->capacity - mark.block_used);
    }
    arena->used_bytes = mark.used_bytes;
}

static struct gw_arena_block *block_new(struct gw_arena *arena, size_t bytes)
{
    if (arena->spare && bytes <= BLOCK_BYTES) {
        struct gw_arena_block *spare = arena->spare;
        arena->spare = NULL;
        return spare;
    }
    size_t capacity = GW_MAX(bytes, (size_t)BLOCK_BYTES);
    struct gw_arena_block *block = arena->alloc->get(arena->alloc->ctx, sizeof(*block) + capacity);
    if (block == NULL)
        return NULL;
    *block = (struct gw_arena_block){.capacity = capacity};
    GW_POISON(block->data, capacity);
    return block;
}

void *gw_arena_get_raw(struct gw_arena *arena, size_t bytes)
{
    if (bytes > SIZE_MAX / 2)
        return NULL;
    size_t need = (bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    if (need == 0)
        need = ALIGN;
    if (need > arena->bytes_max || arena->used_bytes > arena->bytes_max - need)
        return NULL;
    struct gw_arena_block *block = arena->newest;
    if (block == NULL || block->capacity - block->used < need) {
        block = block_new(arena, need);
        if (block == NULL)
            return NULL;
        block->older = arena->newest;
        arena->newest = block;
    }
    uint8_t *at = block->data + block->used;
    block->used += need;
    arena->used_bytes += need;
    GW_UNPOISON(at, bytes);
    return at;
}

void *gw_arena_get(struct gw_arena *arena, size_t bytes)
{
    void *at = gw_arena_get_raw(arena, bytes);
    if (at)
        memset(at, 0, bytes);
    return at;
}

void *gw_arena_get_array(struct gw_arena *arena, size_t count, size_t each)
{
    size_t bytes = 0;
    if (__builtin_mul_overflow(count, each, &bytes))
        return NULL;
    return gw_arena_get(arena, bytes);
}

struct gw_bytes gw_arena_copy(struct gw_arena *arena, struct gw_bytes bytes)
{
    if (bytes.len == 0)
        return (struct gw_bytes){(const uint8_t *)"", 0};
    uint8_t *copy = gw_arena_get_raw(arena, bytes.len);
    if (copy == NULL)
        return (struct gw_bytes){NULL, 0};
    memcpy(copy, bytes.data, bytes.len);
    return (struct gw_bytes){copy, bytes.len};
}

struct gw_text gw_arena_copy_text(struct gw_arena *arena, struct gw_text text)
{
    return gw_bytes_text(gw_arena_copy(arena, gw_text_bytes(text)));
}

struct gw_text gw_arena_vprintf(struct gw_arena *arena, const char *fmt, va_list args)
{
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, fmt, args);
    char *text = len < 0 ? NULL : gw_arena_get_raw(arena, (size_t)len + 1);
    if (text != NULL)
        len = vsnprintf(text, (size_t)len + 1, fmt, again);
    va_end(again);
    return (struct gw_text){text, text ? (size_t)len : 0};
}

struct gw_text gw_arena_printf(struct gw_arena *arena, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    struct gw_text text = gw_arena_vprintf(arena, fmt, args);
    va_end(args);
    return text;
}
