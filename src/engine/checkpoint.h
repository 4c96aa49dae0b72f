/**
 * Checkpoints: synced copies of the state as of one index, in STATE/checkpoint/INDEX/ {data, manifest}.
 * A checkpoint counts only if its manifest is whole and the data's SHA-256 is the one it names. Two are kept.
 * Manifest: docs/formats.md#checkpoint.
 */
#ifndef GW_ENGINE_CHECKPOINT_H
#define GW_ENGINE_CHECKPOINT_H

#include "base/hash.h"
#include "base/kv.h"
#include "os/file.h"

struct gw_checkpoint {
    char folder[GW_FILE_PATH_MAX];
    char data[GW_FILE_PATH_MAX];
    struct gw_kv_mark mark;
    struct gw_sha256 data_hash;
};

/** Write one from a snapshot: INDEX.tmp/, sync, manifest, sync, rename, sync of the folder; then drop all but two. */
GW_NODISCARD gw_rc gw_checkpoint_write(const char *state, struct gw_kv *kv, struct gw_kv_snap *snap,
                                       struct gw_checkpoint *ret, struct gw_err *err);
/** The newest whole one. Damaged ones are passed over, never used. @return GW_NOTFOUND */
GW_NODISCARD gw_rc gw_checkpoint_newest(const char *state, struct gw_checkpoint *ret,
                                        struct gw_err *err);

#endif
