/**
 * A layer: the changes of some consecutive batches, in memory, over what lies below. Private to room kv.
 *
 * A hash index finds a key, a skip list orders the keys; both lead to the same entries, and each entry has a chain
 * of versions, newest first, stamped with the sequence number of the txn that wrote them. A deletion is a version too.
 * Invariant: entries are never taken out; a version that a live snapshot may see is never written again; of each
 *            entry at most one version belongs to the open txn, and it stands first.
 * Memory:    entries, versions and keys lie in chunks and are named by 32-bit references; all of it ends with the
 *            layer. A version that nobody can see any more is used again by the next put of the same key.
 * Thread:    one writer; any number of readers without locks, each with a sequence number committed before.
 * Sources:   Pugh, "Skip lists" (1990); Linden and Jonsson, "A skiplist-based concurrent priority queue" (2013) for
 *            the publication order of one writer; Larson et al., "High-performance concurrency control" (2011).
 */
#ifndef GW_KV_LAYER_H
#define GW_KV_LAYER_H

#include "base/buf.h"
#include "base/err.h"
#include "kv/chunk.h"

struct gw_kv_layer;
struct gw_kv_entry;

/** The open txn as a layer sees it. */
struct gw_kv_write {
    uint64_t seq;       /* of this txn; above all that were committed */
    uint64_t oldest;    /* no snapshot that looks into the layer has a smaller number */
    uint32_t mark;      /* changes with each mark and each going back; from 1 */
    struct gw_buf undo; /* what back_to() needs, newest last */
};

/** What a view finds of a key in one layer. */
enum gw_kv_found { GW_KV_ABSENT, GW_KV_DELETED, GW_KV_VALUE };

/** @table_slots  first size of the hash index, from the layer before; 0: small. @return NULL: no memory */
struct gw_kv_layer *gw_kv_layer_new(struct gw_kv_chunks *chunks, const struct gw_alloc *alloc,
                                    size_t table_slots);
void gw_kv_layer_share(struct gw_kv_layer *layer);
/** The last one frees it. Any thread. Accepts NULL. */
void gw_kv_layer_drop(struct gw_kv_layer *layer);

/** Bytes used by entries, versions and index. Any thread. */
size_t gw_kv_layer_bytes(const struct gw_kv_layer *layer);
size_t gw_kv_layer_slots(const struct gw_kv_layer *layer);
/** Entries so far. Writer's thread, or a frozen layer. */
uint32_t gw_kv_layer_count(const struct gw_kv_layer *layer);

/** The hash that find and put want. */
uint64_t gw_kv_layer_hash(struct gw_bytes key);
/** The newest version that `seq` may see. */
enum gw_kv_found gw_kv_layer_find(const struct gw_kv_layer *layer, struct gw_bytes key,
                                  uint64_t hash, uint64_t seq, struct gw_bytes *ret_val);

/**
 * @val     NULL: a deletion
 * @return  GW_NOMEM: the layer is as before
 */
gw_rc gw_kv_layer_put(struct gw_kv_layer *layer, struct gw_kv_write *write, struct gw_bytes key,
                      uint64_t hash, const struct gw_bytes *val, struct gw_err *err);
/** Takes back all puts since the undo log had `len` bytes. */
void gw_kv_layer_back_to(struct gw_kv_layer *layer, struct gw_kv_write *write, size_t len);

/** The last entry with key < `key`, or <= when `inclusive`; the head, which has no key, when there is none. */
const struct gw_kv_entry *gw_kv_layer_before(const struct gw_kv_layer *layer, struct gw_bytes key,
                                             bool inclusive);
const struct gw_kv_entry *gw_kv_layer_head(const struct gw_kv_layer *layer);
/** NULL at the end. */
const struct gw_kv_entry *gw_kv_entry_next(const struct gw_kv_layer *layer,
                                           const struct gw_kv_entry *entry);
struct gw_bytes gw_kv_entry_key(const struct gw_kv_entry *entry);
enum gw_kv_found gw_kv_entry_see(const struct gw_kv_layer *layer, const struct gw_kv_entry *entry,
                                 uint64_t seq, struct gw_bytes *ret_val);

#endif
