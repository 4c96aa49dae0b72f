/**
 * The simulated disk: what the process sees now, and what a power cut would leave.
 *
 * THE PROMISE (all that production code may build on; everything else is drawn from the seed)
 *   - A 512-byte sector is written whole or not at all.
 *   - What gw_file_sync(), gw_file_sync_data() or a write to a GW_FILE_DIRECT_SYNCED file reported as done survives a
 *     power cut: data, and the size.
 *   - Names made, renamed and removed survive once gw_folder_sync() of *their* folder has returned; the name of a folder
 *     belongs to the folder above it. A rename inside one folder happens whole or not at all.
 *   - A killed process loses nothing that a write call has taken.
 * A power cut takes from everything else: of unsynced data any subset of the sectors, in any version they had since the
 * last sync that the cache may have written back; of a changed size the old one, the new one or one between; of
 * unsynced names any subset of the changes, not only the first ones. After a failed sync some sectors stay clean and
 * wrong: they read as written, and are gone with the next power cut ("fsyncgate").
 */
#ifndef GW_SIM_OS_DISK_H
#define GW_SIM_OS_DISK_H

#include "base/err.h"

enum { GW_SIM_SECTOR = 512 };

struct gw_sim_faults {
    uint64_t space_bytes; /* of all files, in blocks of 4096; 0: without end */
    uint32_t
        fail_sync_in; /* the n-th durable operation from now fails with GW_IO; 0: none; counts down */
    /* planted: a disk that breaks its promise, so that oracles can be seen to fail */
    bool lies_about_syncs; /* reports data as durable that is not */
    bool lies_about_names; /* gw_folder_sync() does nothing */
    bool tears_sectors;    /* a power cut may leave half a new sector */
    bool forgets_on_kill;  /* a kill loses the page cache too */
};
/** Change it at any time from outside. */
struct gw_sim_faults *gw_sim_faults(void);

/** Bytes of all files that exist, in blocks. */
uint64_t gw_sim_disk_used(void);
/** Of all names and contents as a reader sees them now. */
uint64_t gw_sim_disk_hash(void);
/** Damage: flip one bit, on the platter too. @return false: no such file, or beyond its end */
bool gw_sim_disk_flip(const char *path, uint64_t offset, unsigned bit);

/* for sim.c */
void gw_sim_disk_init(void);
void gw_sim_disk_done(void);
void gw_sim_disk_power_cut(void);

#endif
