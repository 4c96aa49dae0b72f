#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>

enum { FIRST_BYTES = 256 };

void gw_buf_init(struct gw_buf *buf, const struct gw_alloc *alloc, size_t bytes_max)
{
    *buf = (struct gw_buf){.alloc = alloc, .bytes_max = bytes_max};
}

void gw_buf_init_fixed(struct gw_buf *buf, void *memory, size_t bytes)
{
    *buf = (struct gw_buf){.data = memory, .cap = bytes, .bytes_max = bytes};
}

void gw_buf_done(struct gw_buf *buf)
{
    if (buf == NULL)
        return;
    if (buf->alloc && buf->data)
        buf->alloc->put(buf->alloc->ctx, buf->data, buf->cap);
    *buf = (struct gw_buf){0};
}

void gw_buf_reset(struct gw_buf *buf)
{
    buf->len = 0;
    buf->failed = false;
}

bool gw_buf_grow_slow(struct gw_buf *buf, size_t bytes)
{
    if (buf->failed)
        return false;
    if (buf->alloc == NULL || bytes > buf->bytes_max - buf->len) {
        buf->failed = true;
        return false;
    }
    size_t cap = GW_MAX(buf->cap * 2, (size_t)FIRST_BYTES);
    cap = GW_MIN(GW_MAX(cap, buf->len + bytes), buf->bytes_max);
    uint8_t *data = buf->alloc->get(buf->alloc->ctx, cap);
    if (data == NULL) {
        buf->failed = true;
        return false;
    }
    if (buf->data) {
        memcpy(data, buf->data, buf->len);
        buf->alloc->put(buf->alloc->ctx, buf->data, buf->cap);
    }
    buf->data = data;
    buf->cap = cap;
    return true;
}

uint8_t *gw_buf_room(struct gw_buf *buf, size_t bytes)
{
    if (buf->failed || (buf->cap - buf->len < bytes && !gw_buf_grow_slow(buf, bytes)))
        return NULL;
    return buf->data + buf->len;
}

void gw_buf_used(struct gw_buf *buf, size_t bytes)
{
    GW_ASSERT(bytes <= buf->cap - buf->len);
    buf->len += bytes;
}

void gw_buf_vprintf(struct gw_buf *buf, const char *fmt, va_list args)
{
    char small[256];
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(small, sizeof(small), fmt, args);
    if (len < 0) {
        buf->failed = true;
    } else if ((size_t)len < sizeof(small)) {
        gw_buf_put(buf, small, (size_t)len);
    } else {
        char *room = (char *)gw_buf_room(buf, (size_t)len + 1);
        if (room) {
            (void)vsnprintf(room, (size_t)len + 1, fmt, again);
            buf->len += (size_t)len;
        }
    }
    va_end(again);
}

void gw_buf_printf(struct gw_buf *buf, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    gw_buf_vprintf(buf, fmt, args);
    va_end(args);
}

gw_rc gw_buf_check(const struct gw_buf *buf, const char *what, struct gw_err *err)
{
    if (!buf->failed)
        return GW_OK;
    return GW_FAIL(err, GW_TOOLARGE, "%s is larger than %zu bytes", what, buf->bytes_max);
}
