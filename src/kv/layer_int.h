/** The inside of a layer, shared by layer.c (versions and index) and layer_order.c (skip list). */
#ifndef GW_KV_LAYER_INT_H
#define GW_KV_LAYER_INT_H

#include "kv/layer.h"

enum {
    GW_KV_FINGERS = 16,
    GW_KV_HEIGHT_MAX = 10, /* a quarter of the entries reach each next level: good for a million */
    GW_KV_LAYER_CHUNKS = 1024, /* 2 GiB: no batch comes near */
    GW_KV_REF_SHIFT = 3,       /* references count 8 bytes */
    GW_KV_CHUNK_REFS = GW_KV_CHUNK_BYTES >> GW_KV_REF_SHIFT
};

#define GW_KV_LEN_DELETED UINT32_MAX

typedef uint32_t gw_kv_ref; /* chunk * GW_KV_CHUNK_REFS + offset / 8; 0: none */

/** Fields that readers look at before they know that they may see the version are atomic. */
struct gw_kv_version {
    atomic_uint_fast64_t seq;
    _Atomic gw_kv_ref older;
    uint32_t cap;
    uint32_t len;  /* or GW_KV_LEN_DELETED */
    uint32_t mark; /* of the write that filled it */
    uint8_t bytes[];
};

struct gw_kv_entry {
    _Atomic gw_kv_ref newest; /* 0: every put was taken back */
    gw_kv_ref spare; /* a version taken back, whose `older` still is what readers need, or 0 */
    uint16_t key_len;
    uint8_t height;
    _Atomic gw_kv_ref next[]; /* [height], then the key */
};

/** One generation of the hash index. A slot is hash (upper half) and reference of an entry; 0 is free. */
struct gw_kv_table {
    struct gw_kv_table *older; /* readers may still be in it; ends with the layer */
    size_t mask;
    atomic_uint_fast64_t slots[];
};

struct gw_kv_layer {
    atomic_uint refs;
    struct gw_kv_chunks *chunks;
    const struct gw_alloc *alloc;
    struct gw_kv_table *_Atomic table;
    uint32_t count;
    uint32_t chunk_count, chunk_used; /* of the newest chunk: bytes */
    atomic_size_t bytes;
    /* For each group of keys, at each level the entry linked last, or the one before it: where a search begins. */
    gw_kv_ref paths[GW_KV_FINGERS][GW_KV_HEIGHT_MAX];
    gw_kv_ref head;
    uint8_t *chunk[GW_KV_LAYER_CHUNKS];
};

static inline void *gw_kv_at(const struct gw_kv_layer *layer, gw_kv_ref ref)
{
    return layer->chunk[ref / GW_KV_CHUNK_REFS] +
           ((size_t)(ref % GW_KV_CHUNK_REFS) << GW_KV_REF_SHIFT);
}

static inline struct gw_kv_entry *gw_kv_entry_at(const struct gw_kv_layer *layer, gw_kv_ref ref)
{
    return (struct gw_kv_entry *)gw_kv_at(layer, ref);
}

static inline struct gw_kv_version *gw_kv_version_at(const struct gw_kv_layer *layer, gw_kv_ref ref)
{
    return (struct gw_kv_version *)gw_kv_at(layer, ref);
}

static inline struct gw_bytes gw_kv_key(const struct gw_kv_entry *entry)
{
    const uint8_t *end = (const uint8_t *)entry + sizeof(*entry);
    return (struct gw_bytes){end + entry->height * sizeof(gw_kv_ref), entry->key_len};
}

static inline uint64_t gw_kv_read_be(const uint8_t *data)
{
    uint64_t number;
    memcpy(&number, data, sizeof(number));
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    number = __builtin_bswap64(number);
#endif
    return number;
}

/** gw_bytes_compare() in steps of 8 bytes and without a call: a place in the skip list costs dozens of these. */
static inline int gw_kv_compare(struct gw_bytes a, struct gw_bytes b)
{
    size_t len = GW_MIN(a.len, b.len);
    for (; len >= sizeof(uint64_t); len -= sizeof(uint64_t)) {
        uint64_t left = gw_kv_read_be(a.data), right = gw_kv_read_be(b.data);
        if (left != right)
            return left < right ? -1 : 1;
        a = (struct gw_bytes){a.data + sizeof(uint64_t), a.len - sizeof(uint64_t)};
        b = (struct gw_bytes){b.data + sizeof(uint64_t), b.len - sizeof(uint64_t)};
    }
    return gw_bytes_compare(a, b);
}

/** Puts the entry, whose key is new, at its place. Writer. */
void gw_kv_layer_link(struct gw_kv_layer *layer, gw_kv_ref ref);

#endif
