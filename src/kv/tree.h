/**
 * A persistent ordered tree of pairs: the body of the memory kv. Private to room kv.
 *
 * A root is a value: whoever holds a reference sees the same pairs for ever, and copying one costs an increment.
 * A change copies the shared nodes on its path and works in place on nodes that only this root reaches.
 * Shape: a treap whose priorities are hashes of the keys, so the shape depends on the pairs alone, not on history.
 * Thread: one writer per root; counts are atomic, so any thread may drop or read a root it holds.
 * Source: Seidel and Aragon, "Randomized search trees" (1996); Driscoll et al., "Making data structures persistent" (1989).
 */
#ifndef GW_KV_TREE_H
#define GW_KV_TREE_H

#include <stdatomic.h>

#include "base/err.h"

struct gw_kv_node; /* NULL is the empty tree */

/** Where nodes come from. `spare` is the writer's: filled before a change, so that a change cannot fail halfway. */
struct gw_kv_tree {
    const struct gw_alloc *alloc;
    struct gw_kv_node *spare;
    size_t spare_count;
    atomic_uint_fast64_t bytes; /* of all nodes and pairs alive */
};

void gw_kv_tree_init(struct gw_kv_tree *tree, const struct gw_alloc *alloc);
/** Every root must have been dropped. */
void gw_kv_tree_done(struct gw_kv_tree *tree);

struct gw_kv_node *gw_kv_tree_share(struct gw_kv_node *root);
/** Any thread. Accepts NULL. */
void gw_kv_tree_drop(struct gw_kv_tree *tree, struct gw_kv_node *root);

/** @return false when absent. `*ret` lives as long as a root that holds it. */
bool gw_kv_tree_get(const struct gw_kv_node *root, struct gw_bytes key, struct gw_bytes *ret);
/** The first pair with key > `key`, or >= when `inclusive`. @return false: none */
bool gw_kv_tree_after(const struct gw_kv_node *root, struct gw_bytes key, bool inclusive,
                      struct gw_bytes *ret_key, struct gw_bytes *ret_val);
/** The last pair with key < `key`, or <= when `inclusive`. @return false: none */
bool gw_kv_tree_before(const struct gw_kv_node *root, struct gw_bytes key, bool inclusive,
                       struct gw_bytes *ret_key, struct gw_bytes *ret_val);

/** Replace `*root` by a tree with this pair. @return GW_NOMEM: `*root` is as before */
gw_rc gw_kv_tree_put(struct gw_kv_tree *tree, struct gw_kv_node **root, struct gw_bytes key,
                     struct gw_bytes val, struct gw_err *err);
/** The key must be there (asserted). @return GW_NOMEM: `*root` is as before */
gw_rc gw_kv_tree_remove(struct gw_kv_tree *tree, struct gw_kv_node **root, struct gw_bytes key,
                        struct gw_err *err);

#endif
