/**
 * What things cost (engine spec 2.4 and 15), in one place: the checker bounds with it, the metered machine counts
 * with it, so that a bound and a measurement can only differ by what the program did.
 * One unit is at most 5 ns on the reference machine. Sizes are worst case and rounded up.
 */
#ifndef GW_LANG_COST_H
#define GW_LANG_COST_H

#include "lang/program.h"

enum {
    GW_COST_OP = 1, /* integer op, compare, field get */
    GW_COST_DEC = 2,
    GW_COST_DEC_WIDE = 12,
    GW_COST_DEC_NARROW_DIGITS = 18,
    GW_COST_CALL = 5,
    GW_COST_TOUCH = 60, /* + size / 8 */
    GW_COST_TOUCH_AGAIN = 4,
    GW_COST_WRITE = 80, /* + size / 8; create, patch, delete, put, drop */
    GW_COST_HIT = 90,   /* each index or counter that a write moves */
    GW_COST_HOME = 10,
    GW_COST_LOOP = 2,
    GW_COST_TURN = 2,  /* each turn of a loop, before its body */
    GW_COST_EMIT = 20, /* + size / 8 */
};

/** size / 8, rounded up */
static inline uint32_t gw_cost_bytes(uint64_t bytes)
{
    return (uint32_t)((bytes + 7) / 8);
}

/** Copy, pass, compare or push of at most `bytes`; a string or bytes op. */
static inline uint32_t gw_cost_move(uint64_t bytes)
{
    return 1 + gw_cost_bytes(bytes);
}

static inline uint32_t gw_cost_touch(const struct gw_entity *entity)
{
    return GW_COST_TOUCH + gw_cost_bytes(entity->image_bytes_max);
}

/** Of a create or delete; a patch has the hits of its fields only. */
static inline uint32_t gw_cost_write(const struct gw_program_entity *entity, uint32_t hits)
{
    return GW_COST_WRITE + gw_cost_bytes(entity->entity.image_bytes_max) + GW_COST_HIT * hits +
           GW_COST_HOME * entity->home_count;
}

/** Indexes and counters that a change of `field` moves. */
uint32_t gw_cost_hits(const struct gw_program_entity *entity, uint32_t field);
/** Canonical bytes of a row of a table, worst case. */
uint32_t gw_cost_table_bytes(const struct gw_table_decl *table);

#endif
