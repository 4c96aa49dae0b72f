#include "ledger/meta.h"

#include "codec/varint.h"

enum {
    FORMAT = 1,
    FLAG_LIVING = 1,
    FLAG_TOUCHED = 2,
    FLAG_RESIDENT = 4,
    STATE_SHIFT = 4,
    HOME_PRESENT = 1,
    HOME_VERSION = 2,
    HOME_DIRTY = 4,
    HOME_REFUSED = 8,
    HOME_TARGET = 16,
    HOME_HASH = 32,
};

void gw_meta_init(struct gw_meta *meta, const struct gw_program_entity *entity)
{
    *meta = (struct gw_meta){
        .state = GW_KEY_CLEAN, .resident = true, .entity_version = entity->entity.version};
    for (uint32_t i = 0; i < entity->home_count; i++)
        meta->homes[meta->home_count++] = (struct gw_meta_home){
            .home = entity->homes[i]->home.id,
            .acked = {.ver = GW_VERSION_NONE},
        };
}

struct gw_meta_home *gw_meta_home(struct gw_meta *meta, uint32_t home_id)
{
    for (uint32_t i = 0; i < meta->home_count; i++)
        if (meta->homes[i].home == home_id)
            return &meta->homes[i];
    if (meta->home_count == GW_HOMES_MAX)
        return NULL;
    struct gw_meta_home *home = &meta->homes[meta->home_count++];
    *home = (struct gw_meta_home){.home = home_id, .acked = {.ver = GW_VERSION_NONE}};
    return home;
}

static bool hash_is_zero(const struct gw_hash128 *hash)
{
    static const struct gw_hash128 zero;
    return gw_hash128_equal(*hash, zero);
}

static void put_u32(struct gw_buf *ret, uint32_t number)
{
    gw_buf_put(
        ret, &number,
        sizeof(
            number)); /* little endian: all supported machines are, asserted in meta_decode's test */
}

static void put_home(const struct gw_meta_home *home, struct gw_buf *ret)
{
    bool has_hash = !hash_is_zero(&home->acked.hash);
    uint8_t flags =
        (uint8_t)((home->acked.present ? HOME_PRESENT : 0) |
                  (home->acked.ver != GW_VERSION_NONE ? HOME_VERSION : 0) |
                  (home->dirty_since ? HOME_DIRTY : 0) | (home->refused ? HOME_REFUSED : 0) |
                  (home->target_present ? HOME_TARGET : 0) | (has_hash ? HOME_HASH : 0));
    put_u32(ret, home->home);
    gw_buf_put_u8(ret, flags);
    if (flags & HOME_VERSION)
        gw_varint_put(ret, home->acked.ver);
    if (flags & HOME_HASH)
        gw_buf_put(ret, home->acked.hash.bytes, sizeof(home->acked.hash.bytes));
    gw_varint_put(ret, home->last_change);
    if (flags & HOME_DIRTY) {
        gw_varint_put(ret, home->dirty_since);
        gw_varint_put(ret, home->target_ver);
        gw_buf_put(ret, home->target.bytes, sizeof(home->target.bytes));
    }
}

void gw_meta_encode(const struct gw_meta *meta, struct gw_buf *ret)
{
    gw_buf_put_u8(ret, FORMAT);
    gw_buf_put_u8(
        ret, (uint8_t)((meta->living ? FLAG_LIVING : 0) | (meta->touched ? FLAG_TOUCHED : 0) |
                       (meta->resident ? FLAG_RESIDENT : 0) | (int)meta->state << STATE_SHIFT));
    gw_varint_put(ret, meta->ver);
    gw_varint_put(ret, meta->entity_version);
    gw_buf_put(ret, meta->hash.bytes, sizeof(meta->hash.bytes));
    gw_buf_put_u8(ret, (uint8_t)meta->home_count);
    for (uint32_t i = 0; i < meta->home_count; i++)
        put_home(&meta->homes[i], ret);
    gw_varint_put(ret, meta->value.len);
    gw_buf_put_bytes(ret, meta->value);
    gw_varint_put(ret, meta->checks.len);
    gw_buf_put_bytes(ret, meta->checks);
    gw_buf_put_bytes(ret, meta->ring);
}

/** What is left to read; `failed` stays set. */
struct reader {
    const uint8_t *at, *end;
    bool failed;
};

static struct gw_bytes take(struct reader *r, size_t len)
{
    if (r->failed || (size_t)(r->end - r->at) < len) {
        r->failed = true;
        return (struct gw_bytes){NULL, 0};
    }
    struct gw_bytes bytes = {r->at, len};
    r->at += len;
    return bytes;
}

static uint8_t take_u8(struct reader *r)
{
    struct gw_bytes byte = take(r, 1);
    return byte.len ? byte.data[0] : 0;
}

static uint64_t take_varint(struct reader *r)
{
    uint64_t number = 0;
    size_t len =
        r->failed ? 0 : gw_varint_get((struct gw_bytes){r->at, (size_t)(r->end - r->at)}, &number);
    r->failed |= len == 0;
    r->at += len;
    return number;
}

static void take_copy(struct reader *r, void *ret, size_t len)
{
    struct gw_bytes bytes = take(r, len);
    if (bytes.len)
        memcpy(ret, bytes.data, len);
}

static void take_home(struct reader *r, struct gw_meta_home *ret)
{
    *ret = (struct gw_meta_home){.acked = {.ver = GW_VERSION_NONE}};
    take_copy(r, &ret->home, sizeof(ret->home));
    uint8_t flags = take_u8(r);
    ret->acked.present = flags & HOME_PRESENT;
    ret->refused = flags & HOME_REFUSED;
    ret->target_present = flags & HOME_TARGET;
    if (flags & HOME_VERSION)
        ret->acked.ver = take_varint(r);
    if (flags & HOME_HASH)
        take_copy(r, ret->acked.hash.bytes, sizeof(ret->acked.hash.bytes));
    ret->last_change = take_varint(r);
    if (flags & HOME_DIRTY) {
        ret->dirty_since = take_varint(r);
        ret->target_ver = take_varint(r);
        take_copy(r, ret->target.bytes, sizeof(ret->target.bytes));
    }
}

gw_rc gw_meta_decode(struct gw_bytes bytes, struct gw_meta *ret, struct gw_err *err)
{
    struct reader r = {bytes.data, bytes.data + bytes.len, false};
    if (take_u8(&r) != FORMAT)
        return GW_FAIL(err, GW_CORRUPT, "an entity pair of unknown format");
    uint8_t flags = take_u8(&r);
    ret->living = flags & FLAG_LIVING;
    ret->touched = flags & FLAG_TOUCHED;
    ret->resident = flags & FLAG_RESIDENT;
    ret->state = (enum gw_key_state)(flags >> STATE_SHIFT);
    ret->ver = take_varint(&r);
    ret->entity_version = (uint32_t)take_varint(&r);
    take_copy(&r, ret->hash.bytes, sizeof(ret->hash.bytes));
    ret->home_count = take_u8(&r);
    if (ret->home_count > GW_HOMES_MAX || ret->state > GW_KEY_CONFLICT)
        return GW_FAIL(err, GW_CORRUPT, "an entity pair with %u homes in state %d", ret->home_count,
                       (int)ret->state);
    for (uint32_t i = 0; i < ret->home_count; i++)
        take_home(&r, &ret->homes[i]);
    ret->value = take(&r, take_varint(&r));
    ret->checks = take(&r, take_varint(&r));
    if (r.failed)
        return GW_FAIL(err, GW_CORRUPT, "an entity pair cut short");
    ret->ring = (struct gw_bytes){r.at, (size_t)(r.end - r.at)};
    return GW_OK;
}
