/**
 * A bounded byte buffer that one writer appends to.
 *
 * Invariant: len <= cap <= bytes_max. An append that would pass bytes_max sets `failed` and writes nothing
 * from then on, so a writer checks once, at the end (gw_buf_check). The bytes are the buffer's.
 * Life cycle: gw_buf_init (owned, grows through `alloc`) or gw_buf_init_fixed (caller's memory), gw_buf_done.
 */
#ifndef GW_BASE_BUF_H
#define GW_BASE_BUF_H

#include <stdarg.h>

#include "base/err.h"

struct gw_buf {
    uint8_t *data;
    size_t len, cap, bytes_max;
    const struct gw_alloc *alloc; /* NULL: fixed memory of the caller */
    bool failed;                  /* the bound, or the allocator, refused an append */
};

void gw_buf_init(struct gw_buf *buf, const struct gw_alloc *alloc, size_t bytes_max);
void gw_buf_init_fixed(struct gw_buf *buf, void *memory, size_t bytes);
void gw_buf_done(struct gw_buf *buf);
/** Empties it, keeps its memory, clears `failed`. */
void gw_buf_reset(struct gw_buf *buf);

/** Room for `bytes` more, to be written by the caller and then counted with gw_buf_used(). NULL when refused. */
uint8_t *gw_buf_room(struct gw_buf *buf, size_t bytes);
void gw_buf_used(struct gw_buf *buf, size_t bytes);

bool gw_buf_grow_slow(struct gw_buf *buf, size_t bytes);

static inline void gw_buf_put(struct gw_buf *buf, const void *data, size_t len)
{
    if (GW_UNLIKELY(buf->cap - buf->len < len) && !gw_buf_grow_slow(buf, len))
        return;
    if (GW_UNLIKELY(buf->failed) || len == 0)
        return;
    memcpy(buf->data + buf->len, data, len);
    buf->len += len;
}

static inline void gw_buf_put_u8(struct gw_buf *buf, uint8_t byte)
{
    gw_buf_put(buf, &byte, 1);
}

static inline void gw_buf_put_bytes(struct gw_buf *buf, struct gw_bytes bytes)
{
    gw_buf_put(buf, bytes.data, bytes.len);
}

static inline void gw_buf_put_text(struct gw_buf *buf, struct gw_text text)
{
    gw_buf_put(buf, text.data, text.len);
}

static inline void gw_buf_put_str(struct gw_buf *buf, const char *zero_terminated)
{
    gw_buf_put(buf, zero_terminated, strlen(zero_terminated));
}

void gw_buf_printf(struct gw_buf *buf, const char *fmt, ...) GW_PRINTF(2, 3);
void gw_buf_vprintf(struct gw_buf *buf, const char *fmt, va_list args) GW_PRINTF(2, 0);

static inline struct gw_bytes gw_buf_bytes(const struct gw_buf *buf)
{
    return (struct gw_bytes){buf->data, buf->len};
}

static inline struct gw_text gw_buf_text(const struct gw_buf *buf)
{
    return (struct gw_text){(const char *)buf->data, buf->len};
}

/** @return GW_OK, or GW_TOOLARGE naming `what` and the bound when an append was refused */
GW_NODISCARD gw_rc gw_buf_check(const struct gw_buf *buf, const char *what, struct gw_err *err);

#endif
