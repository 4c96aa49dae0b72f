/**
 * Private to the cost analysis: one function's walk.
 *
 * Cost of a piece of a daemon is cut by its waits, so it is four numbers; in other functions only `through` counts.
 * All are upper bounds; GW_COST_NEVER marks a way that does not exist.
 */
#ifndef GW_LANG_COST_INT_H
#define GW_LANG_COST_INT_H

#include "lang/build_int.h"

#define GW_COST_NEVER   (-1)
#define GW_COST_CEILING (INT64_C(1) << 40) /* above every limit: sums stop here */

struct gw_cost_span {
    int64_t through; /* from begin to end without a wait */
    int64_t pre;     /* from begin to the first wait, or to a return */
    int64_t inside;  /* between two waits */
    int64_t post;    /* from the last wait to the end */
};

/** Where units go: the path of cost. */
enum gw_cost_part {
    GW_PART_TOUCH,
    GW_PART_PATCH,
    GW_PART_CREATE,
    GW_PART_DELETE,
    GW_PART_TABLE,
    GW_PART_CALL,
    GW_PART_COUNT
};

struct gw_cost_known {
    struct gw_text text;
    const struct gw_decl *entity;
    bool is_known; /* touched on every way to here */
};

/** The costliest loop: what a refusal points at. */
struct gw_cost_loop {
    const struct gw_stmt *stmt;
    int64_t turns, body, total, reads, writes; /* reads and writes of one turn */
};

enum { GW_COST_KEYS_MAX = 512 };

struct gw_coster {
    struct gw_build *build;
    struct gw_build_fn *fn;
    uint8_t *depth; /* of the value, by slot */
    bool *is_assigned, *is_patched;
    uint32_t slots;
    int64_t times; /* turns of the loops around */
    struct gw_cost_known known[GW_COST_KEYS_MAX];
    uint32_t known_count;
    struct gw_key_use *keys;
    uint32_t key_count;
    int64_t reads, writes;
    int64_t parts[GW_PART_COUNT], part_counts[GW_PART_COUNT];
    uint32_t indexes, counters;
    uint16_t stores;
    struct gw_cost_loop loop;
    bool is_quiet, depth_changed, is_too_deep, uses_collections, no_memory;
};

int64_t gw_cost_add(int64_t a, int64_t b);
int64_t gw_cost_times(int64_t count, int64_t each);
/* cost_keys.c */
/** First or repeated touch of E[k]; counts the key. `create`, `fresh`: of a create. */
int64_t gw_cost_touch_key(struct gw_coster *c, const struct gw_decl *entity,
                          struct gw_expr *const *key, uint32_t count, struct gw_span span,
                          bool is_create, bool is_fresh);
void gw_cost_count_write(struct gw_coster *c, const struct gw_program_entity *entity);
void gw_cost_count_table(struct gw_coster *c, const struct gw_decl *table, int64_t count,
                         bool is_write);
/** Marks the newest use of the entity's key as written; by text of the key. */
void gw_cost_mark_written(struct gw_coster *c, const struct gw_expr *row);
uint8_t gw_cost_depth(struct gw_coster *c, const struct gw_expr *expr);
void gw_cost_set_depth(struct gw_coster *c, const struct gw_local *local, uint8_t depth);
/* cost_expr.c */
int64_t gw_cost_expr(struct gw_coster *c, const struct gw_expr *expr);
int64_t gw_cost_patch(struct gw_coster *c, const struct gw_expr *object, uint32_t field);
int64_t gw_cost_delete(struct gw_coster *c, const struct gw_decl *entity);
int64_t gw_cost_arith(enum gw_ast_op op, const struct gw_type *type, const struct gw_type *left,
                      const struct gw_type *right);
int64_t gw_cost_compare(const struct gw_type *type);
/* cost_stmt.c */
struct gw_cost_span gw_cost_block(struct gw_coster *c, const struct gw_block *block);
/* cost.c */
GW_NODISCARD gw_rc gw_cost_fn(struct gw_build *build, struct gw_build_fn *slot, struct gw_err *err);
/* cost_keys.c: code that finds the direct keys */
GW_NODISCARD gw_rc gw_lower_direct_keys(struct gw_build *build, struct gw_build_fn *fn,
                                        struct gw_err *err);

#endif
