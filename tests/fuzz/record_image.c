/* First bytes choose the type (a seed), the rest is a hostile image: what is accepted is checked and written back as it was. */
#include "kit_record/random_value.h"
#include "os/heap.h"

enum { SEED_BYTES = 2, ARENA_MAX = 16 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_value(const struct gw_type *type, struct gw_bytes bytes, struct gw_arena *arena)
{
    struct gw_buf again;
    struct gw_err err = {0};
    union gw_value value;
    struct gw_cbor_reader reader = gw_cbor_reader(bytes);
    gw_rc rc = gw_value_decode(type, &reader, arena, &value, &err);
    GW_ASSERT(rc == GW_OK || (err.rc == rc && err.msg[0] != '\0'));
    if (rc < 0)
        return;
    GW_ASSERT(gw_value_check(type, value, &err) == GW_OK);
    gw_buf_init(&again, gw_os_heap(), bytes.len);
    gw_value_encode(type, value, &again);
    size_t used = (size_t)(reader.at - reader.begin);
    GW_ASSERT(again.len == used && used <= type->bytes_max);
    GW_ASSERT(memcmp(again.data, bytes.data, used) == 0);
    gw_buf_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct gw_random_opts opts = {.depth = 4};
    struct gw_arena arena;
    struct gw_rand rand;
    if (size < SEED_BYTES)
        return 0;
    gw_arena_init(&arena, gw_os_heap(), ARENA_MAX);
    gw_rand_init(&rand, (uint64_t)data[0] << 8 | data[1]);
    const struct gw_type *type = gw_random_type(&rand, &opts, &arena);
    try_value(type, (struct gw_bytes){data + SEED_BYTES, size - SEED_BYTES}, &arena);
    gw_arena_done(&arena);
    return 0;
}
