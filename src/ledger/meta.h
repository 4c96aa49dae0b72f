/**
 * The pair of one entity key: meta ‖ value? ‖ ring? (engine spec 15). Meta stays for ever; value and ring leave
 * together on eviction. Decoded views borrow the stored bytes. Format: docs/formats.md#entity-pair.
 */
#ifndef GW_LEDGER_META_H
#define GW_LEDGER_META_H

#include "lang/program.h"

/* clang-format off */
#define GW_KEY_STATES(X) X(CLEAN) X(DIRTY) X(CONFLICT)
/* clang-format on */
/** UNKNOWN has no pair; ONBOARDING has only a COPY pair. */
enum gw_key_state {
#define X(name) GW_KEY_##name,
    GW_KEY_STATES(X)
#undef X
};

struct gw_meta_home {
    uint32_t home; /* id */
    bool refused;  /* the store refused the target: waits for a newer version or `engine retry` */
    struct gw_seen acked; /* the last image known to be there */
    uint64_t last_change; /* journal index of the newest PUSHED (or onboarding) of this key there */
    uint64_t dirty_since; /* journal index; 0: clean */
    gw_version target_ver;    /* while dirty: version of the newest change of this projection … */
    struct gw_hash128 target; /* … its hash (zero when absent) … */
    bool target_present;
};

struct gw_meta {
    enum gw_key_state state;
    bool living;   /* false: a tombstone, or known to be absent (ver 0) */
    bool touched;  /* second chance of the eviction clock */
    bool resident; /* value and ring are here; always true for tombstones */
    gw_version ver;
    uint32_t entity_version;
    struct gw_hash128 hash; /* of the image */
    struct gw_meta_home homes[GW_HOMES_MAX];
    uint32_t home_count;
    struct gw_bytes value;  /* canonical image; empty unless living and resident */
    struct gw_bytes checks; /* evicted: u16le per field, low bits of XXH3 of its canonical bytes */
    struct gw_bytes ring;   /* raw entries, newest first: ledger/ring.h */
};

/** A key nobody has seen: CLEAN, absent, ver 0, homes of the entity without acked image. */
void gw_meta_init(struct gw_meta *meta, const struct gw_program_entity *entity);
void gw_meta_encode(const struct gw_meta *meta, struct gw_buf *ret);
/** @return GW_CORRUPT */
GW_NODISCARD gw_rc gw_meta_decode(struct gw_bytes bytes, struct gw_meta *ret, struct gw_err *err);
/** The entry of a home. A home that the program added since gets a new entry. NULL when there are 8 already. */
struct gw_meta_home *gw_meta_home(struct gw_meta *meta, uint32_t home_id);

#endif
