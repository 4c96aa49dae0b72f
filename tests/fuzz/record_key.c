/* First bytes choose the key type (a seed), the rest are hostile key bytes: what is accepted is written back as it was. */
#include "kit_record/random_value.h"
#include "os/heap.h"

enum { SEED_BYTES = 2, ARENA_MAX = 16 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_key(const struct gw_type *type, struct gw_bytes bytes, struct gw_arena *arena)
{
    struct gw_buf again;
    struct gw_err err = {0};
    union gw_value value;
    struct gw_bytes at = bytes;
    gw_rc rc = gw_value_unkey(type, &at, arena, &value, &err);
    GW_ASSERT(rc == GW_OK || (err.rc == rc && err.msg[0] != '\0'));
    if (rc < 0)
        return;
    GW_ASSERT(gw_value_check(type, value, &err) == GW_OK);
    gw_buf_init(&again, gw_os_heap(), bytes.len);
    gw_value_key(type, value, &again);
    GW_ASSERT(again.len == bytes.len - at.len && !again.failed);
    GW_ASSERT(again.len == 0 || memcmp(again.data, bytes.data, again.len) == 0);
    gw_buf_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct gw_random_opts opts = {.depth = 3, .keys_only = true};
    struct gw_arena arena;
    struct gw_rand rand;
    if (size < SEED_BYTES)
        return 0;
    gw_arena_init(&arena, gw_os_heap(), ARENA_MAX);
    gw_rand_init(&rand, (uint64_t)data[0] << 8 | data[1]);
    const struct gw_type *type = gw_random_type(&rand, &opts, &arena);
    try_key(type, (struct gw_bytes){data + SEED_BYTES, size - SEED_BYTES}, &arena);
    gw_arena_done(&arena);
    return 0;
}
