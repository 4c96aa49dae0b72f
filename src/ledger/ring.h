/**
 * The ring of recent versions of one key: how version k-1 became k (engine spec 6.6). Newest first.
 *
 * Raw bytes inside the entity pair, canonical CBOR items one after the other:
 * [ver, hash of k-1, living k-1, index, record, fn, patch], patch = [[field, old, new], …] over the fields that differ,
 * or null where one side was not living (then the other side is the whole image: kept as [null, image]).
 */
#ifndef GW_LEDGER_RING_H
#define GW_LEDGER_RING_H

#include "ledger/ledger.h"

enum { GW_RING_MAX = 16 };

/** What a push is made of: `ver`, `hash` and `living` are of the version before. */
struct gw_ring_entry {
    gw_version ver;
    struct gw_hash128 hash;
    bool living;
    struct gw_journal_at position;
    uint32_t fn;
    const union gw_value *old_fields, *new_fields;
};

/** One field of a patch; `old` and `now` are canonical bytes. */
struct gw_ring_patch {
    uint32_t field;
    struct gw_bytes old, now;
};

struct gw_ring_step {
    gw_version before_ver;
    struct gw_hash128 before_hash;
    bool before_living;
    struct gw_journal_at position;
    uint32_t fn;
    struct gw_bytes before_image; /* whole image of k-1 where k is not living; else empty */
    struct gw_ring_patch *patches;
    uint32_t patch_count;
};

/** Puts the entry in front and drops those beyond `ring` entries; `io_ring` becomes new bytes in `arena`. */
GW_NODISCARD gw_rc gw_ring_push(const struct gw_ring_entry *entry,
                                const struct gw_program_entity *entity, uint64_t ring,
                                struct gw_arena *arena, struct gw_bytes *io_ring,
                                struct gw_err *err);
/** All steps, newest first. @return GW_CORRUPT */
GW_NODISCARD gw_rc gw_ring_read(struct gw_bytes ring, struct gw_arena *arena,
                                struct gw_ring_step **ret, uint32_t *ret_count, struct gw_err *err);

#endif
