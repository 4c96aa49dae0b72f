/* A journal record is either refused, or it is canonical: encoding what was decoded gives the same bytes. */
#include <stdlib.h>

#include "ledger/record.h"
#include "os/heap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t again[1 << 17], json[1 << 20];
    struct gw_arena arena;
    struct gw_record record;
    struct gw_err err;
    struct gw_buf buf;
    if (size > 1 << 16)
        return 0;
    gw_arena_init(&arena, gw_os_heap(), 64u << 20);
    if (gw_record_decode((struct gw_bytes){data, size}, &arena, &record, &err) == GW_OK) {
        gw_buf_init_fixed(&buf, again, sizeof(again));
        gw_record_encode(&record, &buf);
        must(!buf.failed && buf.len == size && memcmp(again, data, size) == 0);
        gw_buf_init_fixed(&buf, json, sizeof(json));
        struct gw_json_writer writer = gw_json_writer(&buf, 0);
        gw_record_to_json(&record, &writer);
    }
    gw_arena_done(&arena);
    return 0;
}
