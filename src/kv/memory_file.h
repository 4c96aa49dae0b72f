/**
 * The checkpoint file of the memory kv. Little endian:
 *   head 64 B  0 magic "GWKVMEM1"  8 u64 applied  16 u64 pairs  24 u128 sum  40 u64 zero  48 XXH3-128 of bytes 0..47
 *   pair       u32 key length, u32 value length, key, value; keys rise
 * The sum covers all lengths, keys and values, and the head covers sum and count: every flipped bit shows.
 */
#ifndef GW_KV_MEMORY_FILE_H
#define GW_KV_MEMORY_FILE_H

#include "base/kv.h"
#include "kv/tree.h"

/** Synced, its folder is not. On failure nothing is left at `path`. */
gw_rc gw_kv_memory_file_write(const struct gw_kv_node *root, const struct gw_kv_mark *mark,
                              uint64_t pairs, const struct gw_alloc *alloc, const char *path,
                              struct gw_err *err);
/** @ret_root  set also on failure, for the caller to drop */
gw_rc gw_kv_memory_file_read(const char *path, struct gw_kv_tree *tree,
                             struct gw_kv_node **ret_root, struct gw_kv_mark *ret_mark,
                             uint64_t *ret_pairs, struct gw_err *err);

#endif
