/** What the files of the loop share. Included only inside src/os. */
#ifndef GW_OS_LOOP_INT_H
#define GW_OS_LOOP_INT_H

#include <stdatomic.h>
#include <uv.h>

#include "os/heap.h"
#include "os/loop.h"

struct gw_stream;
struct gw_loop_hosted;

struct gw_loop {
    uv_loop_t uv;
    uv_async_t wake;
    uv_prepare_t before_wait;
    uv_check_t after_wait;
    _Atomic(struct gw_loop_task *) posted; /* newest first */
    atomic_bool stop;
    struct gw_stream *flush_first,
        **flush_last; /* streams with something to do before the loop sleeps */
    bool told;        /* a flush called somebody back */
    struct gw_loop_hosted *hosted;
    uint8_t *read_buffer; /* GW_STREAM_READ_BYTES, for every stream in turn */
};

static inline void *gw_os_new(size_t bytes)
{
    const struct gw_alloc *heap = gw_os_heap();
    void *object = heap->get(heap->ctx, bytes);
    return object ? memset(object, 0, bytes) : NULL;
}

static inline void gw_os_delete(void *object, size_t bytes)
{
    const struct gw_alloc *heap = gw_os_heap();
    if (object)
        heap->put(heap->ctx, object, bytes);
}

/** libuv's negative errno as our error. */
#define GW_FAIL_UV(err, uv_rc, ...)                                                         \
    gw_failed(gw_err_fill((err), gw_rc_of_errno(-(uv_rc)), -(uv_rc), 0, __FILE__, __LINE__, \
                          __VA_ARGS__))

/** Send what the streams of the flush list have queued (stream.c). */
void gw_loop_flush_streams(struct gw_loop *loop);

#endif
