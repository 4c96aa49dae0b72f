/**
 * What is outside of the engine: three stores with their rows and moods, the program, a foreign writer, and what a
 * trigger in each store would have logged (oracle O4). All of it outlives the process.
 */
#ifndef GW_SIM_ENGINE_WORLD_H
#define GW_SIM_ENGINE_WORLD_H

#include "base/rand.h"
#include "lang/compile.h"
#include "sim/engine/run.h"
#include "store/memory_fault.h"

enum { GW_SIM_STORES = 3, GW_SIM_ACCOUNTS = 12, GW_SIM_NOTES = 8, GW_SIM_MONEY = 1000 };
enum { GW_SIM_WRITES_MAX = 4096 };

/** The last thing seen at one (home, key). */
struct gw_sim_row_log {
    uint32_t home_id;
    uint64_t key_hash;
    gw_version ver;    /* highest we wrote */
    struct gw_seen is; /* now */
    uint32_t writes;
    bool foreign; /* changed by somebody else since we wrote it last */
};

struct gw_sim_store {
    struct gw_memory *memory;
    const char *name;
    int64_t down_until_ns, slow_until_ns;
    uint32_t faults_per_mille; /* of calls */
};

struct gw_sim_world {
    struct gw_arena arena;
    const struct gw_program *program;
    struct gw_rand rand;
    struct gw_sim_store stores[GW_SIM_STORES];
    struct gw_sim_row_log *rows; /* GW_SIM_WRITES_MAX */
    uint32_t row_count;
    bool refuses;  /* rows, now and then */
    bool is_quiet; /* healed: stores are well and quick */
    uint64_t pushes, faults_met, writes;
    const char *wrong; /* oracle O4, or the foreign writer's: what was seen; NULL: all is well */
    char wrong_text[256];
    /* the foreign writer's one deed */
    bool has_foreign;
    char foreign_text[160];
    const struct gw_home *foreign_home;
    uint64_t foreign_id;
    enum gw_sim_engine_plant plant;
    struct gw_memory_snap *old; /* GO_BACK, BLIND */
    bool went_back;
};

extern const char gw_sim_program_text[];

void gw_sim_world_init(struct gw_sim_world *world, uint64_t seed, enum gw_sim_engine_plant plant);
/** Connections of a dead process are forgotten by the stores. */
void gw_sim_world_process_died(struct gw_sim_world *world);
void gw_sim_world_done(struct gw_sim_world *world);

/** Moods change: outages, slowness, faults, held pushes come late. */
void gw_sim_world_act(struct gw_sim_world *world);
/** Everything is well again; held pushes come now, late as they are. */
void gw_sim_world_heal(struct gw_sim_world *world);
/** Change one pushed row of Account behind the engine's back. @return false: none is pushed yet */
bool gw_sim_world_foreign(struct gw_sim_world *world);

struct gw_sim_rows {
    uint32_t count;
    struct {
        uint64_t id;
        int64_t number; /* the home's second column */
        gw_version ver;
    } items[256];
};
/** All rows of a home, by id. */
void gw_sim_world_rows(struct gw_sim_world *world, const char *home, struct gw_sim_rows *ret);

#endif
