#include "kv/tree.h"

#include "base/hash.h"

struct pair {
    atomic_uint refs;
    uint32_t key_len, val_len;
    uint64_t height; /* the priority: larger is nearer to the root */
    uint8_t bytes[]; /* key, then value */
};

struct gw_kv_node {
    atomic_uint refs;
    struct gw_kv_node *left, *right;
    union {
        struct pair *pair;
        struct gw_kv_node *link; /* while it waits to be freed, or is spare */
    };
};

static struct gw_bytes key_of(const struct gw_kv_node *node)
{
    return (struct gw_bytes){node->pair->bytes, node->pair->key_len};
}

static struct gw_bytes val_of(const struct gw_kv_node *node)
{
    return (struct gw_bytes){node->pair->bytes + node->pair->key_len, node->pair->val_len};
}

static size_t pair_bytes(size_t key_len, size_t val_len)
{
    return sizeof(struct pair) + key_len + val_len;
}

static void *get_memory(struct gw_kv_tree *tree, size_t bytes)
{
    void *memory = tree->alloc->get(tree->alloc->ctx, bytes);
    if (memory != NULL)
        atomic_fetch_add_explicit(&tree->bytes, bytes, memory_order_relaxed);
    return memory;
}

static void put_memory(struct gw_kv_tree *tree, void *memory, size_t bytes)
{
    atomic_fetch_sub_explicit(&tree->bytes, bytes, memory_order_relaxed);
    tree->alloc->put(tree->alloc->ctx, memory, bytes);
}

static void ref_add(atomic_uint *refs)
{
    atomic_fetch_add_explicit(refs, 1, memory_order_relaxed);
}

/** @return true when that was the last one */
static bool ref_drop(atomic_uint *refs)
{
    return atomic_fetch_sub_explicit(refs, 1, memory_order_acq_rel) == 1;
}

static void drop_pair(struct gw_kv_tree *tree, struct pair *pair)
{
    if (ref_drop(&pair->refs))
        put_memory(tree, pair, pair_bytes(pair->key_len, pair->val_len));
}

void gw_kv_tree_init(struct gw_kv_tree *tree, const struct gw_alloc *alloc)
{
    *tree = (struct gw_kv_tree){.alloc = alloc};
}

void gw_kv_tree_done(struct gw_kv_tree *tree)
{
    while (tree->spare != NULL) {
        struct gw_kv_node *node = tree->spare;
        tree->spare = node->link;
        put_memory(tree, node, sizeof(*node));
    }
    tree->spare_count = 0;
    GW_ASSERT(atomic_load(&tree->bytes) == 0);
}

struct gw_kv_node *gw_kv_tree_share(struct gw_kv_node *root)
{
    if (root != NULL)
        ref_add(&root->refs);
    return root;
}

/** Last reference gone: let go of its pair and put it on the list of nodes to free. */
static void bury(struct gw_kv_tree *tree, struct gw_kv_node *node, struct gw_kv_node **dead)
{
    if (node == NULL || !ref_drop(&node->refs))
        return;
    drop_pair(tree, node->pair);
    node->link = *dead;
    *dead = node;
}

void gw_kv_tree_drop(struct gw_kv_tree *tree, struct gw_kv_node *root)
{
    struct gw_kv_node *dead = NULL;
    bury(tree, root, &dead);
    while (dead != NULL) {
        struct gw_kv_node *node = dead;
        dead = node->link;
        bury(tree, node->left, &dead);
        bury(tree, node->right, &dead);
        put_memory(tree, node, sizeof(*node));
    }
}

bool gw_kv_tree_get(const struct gw_kv_node *root, struct gw_bytes key, struct gw_bytes *ret)
{
    while (root != NULL) {
        int side = gw_bytes_compare(key, key_of(root));
        if (side == 0) {
            *ret = val_of(root);
            return true;
        }
        root = side < 0 ? root->left : root->right;
    }
    return false;
}

static bool give(const struct gw_kv_node *node, struct gw_bytes *ret_key, struct gw_bytes *ret_val)
{
    if (node == NULL)
        return false;
    *ret_key = key_of(node);
    *ret_val = val_of(node);
    return true;
}

bool gw_kv_tree_after(const struct gw_kv_node *root, struct gw_bytes key, bool inclusive,
                      struct gw_bytes *ret_key, struct gw_bytes *ret_val)
{
    const struct gw_kv_node *best = NULL;
    while (root != NULL) {
        int side = gw_bytes_compare(key_of(root), key);
        if (side > 0 || (side == 0 && inclusive)) {
            best = root;
            root = root->left;
        } else {
            root = root->right;
        }
    }
    return give(best, ret_key, ret_val);
}

bool gw_kv_tree_before(const struct gw_kv_node *root, struct gw_bytes key, bool inclusive,
                       struct gw_bytes *ret_key, struct gw_bytes *ret_val)
{
    const struct gw_kv_node *best = NULL;
    while (root != NULL) {
        int side = gw_bytes_compare(key_of(root), key);
        if (side < 0 || (side == 0 && inclusive)) {
            best = root;
            root = root->right;
        } else {
            root = root->left;
        }
    }
    return give(best, ret_key, ret_val);
}

/** After this, `count` nodes can be taken without asking the allocator. */
static gw_rc reserve(struct gw_kv_tree *tree, size_t count, struct gw_err *err)
{
    while (tree->spare_count < count) {
        struct gw_kv_node *node = get_memory(tree, sizeof(*node));
        if (node == NULL)
            return GW_FAIL_NOMEM(err);
        node->link = tree->spare;
        tree->spare = node;
        tree->spare_count++;
    }
    return GW_OK;
}

static struct gw_kv_node *take_node(struct gw_kv_tree *tree, struct pair *pair)
{
    struct gw_kv_node *node = tree->spare;
    GW_ASSERT(node != NULL);
    tree->spare = node->link;
    tree->spare_count--;
    *node = (struct gw_kv_node){.pair = pair};
    atomic_init(&node->refs, 1);
    return node;
}

/** Trades our reference to `node` for one to a node that nobody else reaches, with the same content. */
static struct gw_kv_node *own(struct gw_kv_tree *tree, struct gw_kv_node *node)
{
    GW_ASSERT(node != NULL);
    if (atomic_load_explicit(&node->refs, memory_order_acquire) == 1)
        return node;
    ref_add(&node->pair->refs);
    struct gw_kv_node *copy = take_node(tree, node->pair);
    copy->left = gw_kv_tree_share(node->left);
    copy->right = gw_kv_tree_share(node->right);
    gw_kv_tree_drop(tree, node);
    return copy;
}

/** Heap order with a total tie-break, so that the shape is a function of the keys. */
static bool is_above(const struct gw_kv_node *node, uint64_t height, struct gw_bytes key)
{
    if (node->pair->height != height)
        return node->pair->height > height;
    return gw_bytes_compare(key_of(node), key) >= 0;
}

static size_t path_length(const struct gw_kv_node *root, struct gw_bytes key)
{
    size_t length = 0;
    for (; root != NULL; length++)
        root = gw_bytes_compare(key, key_of(root)) < 0 ? root->left : root->right;
    return length;
}

/** Nodes below `root` with keys under and over `key`, which is not among them. */
static void split(struct gw_kv_tree *tree, struct gw_kv_node *root, struct gw_bytes key,
                  struct gw_kv_node **ret_left, struct gw_kv_node **ret_right)
{
    while (root != NULL) {
        root = own(tree, root);
        if (gw_bytes_compare(key_of(root), key) < 0) {
            *ret_left = root;
            ret_left = &root->right;
            root = root->right;
        } else {
            *ret_right = root;
            ret_right = &root->left;
            root = root->left;
        }
    }
    *ret_left = NULL;
    *ret_right = NULL;
}

/** All keys of `left` are under all keys of `right`. */
static struct gw_kv_node *merge(struct gw_kv_tree *tree, struct gw_kv_node *left,
                                struct gw_kv_node *right)
{
    struct gw_kv_node *root = NULL, **slot = &root;
    while (left != NULL && right != NULL) {
        if (is_above(left, right->pair->height, key_of(right))) {
            left = own(tree, left);
            *slot = left;
            slot = &left->right;
            left = left->right;
        } else {
            right = own(tree, right);
            *slot = right;
            slot = &right->left;
            right = right->left;
        }
    }
    *slot = left != NULL ? left : right;
    return root;
}

static struct pair *make_pair(struct gw_kv_tree *tree, struct gw_bytes key, struct gw_bytes val)
{
    struct pair *pair = get_memory(tree, pair_bytes(key.len, val.len));
    if (pair == NULL)
        return NULL;
    atomic_init(&pair->refs, 1);
    pair->key_len = (uint32_t)key.len;
    pair->val_len = (uint32_t)val.len;
    pair->height = gw_hash64(key, 0);
    memcpy(pair->bytes, key.data, key.len);
    if (val.len > 0)
        memcpy(pair->bytes + key.len, val.data, val.len);
    return pair;
}

gw_rc gw_kv_tree_put(struct gw_kv_tree *tree, struct gw_kv_node **root, struct gw_bytes key,
                     struct gw_bytes val, struct gw_err *err)
{
    GW_TRY(reserve(tree, path_length(*root, key) + 1, err));
    struct pair *pair = make_pair(tree, key, val);
    if (pair == NULL)
        return GW_FAIL_NOMEM(err);
    struct gw_kv_node **slot = root;
    while (*slot != NULL && is_above(*slot, pair->height, key)) {
        struct gw_kv_node *node = *slot = own(tree, *slot);
        int side = gw_bytes_compare(key, key_of(node));
        if (side == 0) {
            struct pair *old = node->pair;
            node->pair = pair;
            drop_pair(tree, old);
            return GW_OK;
        }
        slot = side < 0 ? &node->left : &node->right;
    }
    struct gw_kv_node *below = *slot, *node = take_node(tree, pair);
    split(tree, below, (struct gw_bytes){pair->bytes, pair->key_len}, &node->left, &node->right);
    *slot = node;
    return GW_OK;
}

static size_t spine_length(const struct gw_kv_node *left, const struct gw_kv_node *right)
{
    size_t length = 0;
    for (; left != NULL; left = left->right)
        length++;
    for (; right != NULL; right = right->left)
        length++;
    return length;
}

gw_rc gw_kv_tree_remove(struct gw_kv_tree *tree, struct gw_kv_node **root, struct gw_bytes key,
                        struct gw_err *err)
{
    size_t needed = 1;
    const struct gw_kv_node *at = *root;
    for (int side; at != NULL && (side = gw_bytes_compare(key, key_of(at))) != 0; needed++)
        at = side < 0 ? at->left : at->right;
    GW_ASSERT(at != NULL);
    GW_TRY(reserve(tree, needed + spine_length(at->left, at->right), err));

    struct gw_kv_node **slot = root;
    for (;;) {
        struct gw_kv_node *node = *slot = own(tree, *slot);
        int side = gw_bytes_compare(key, key_of(node));
        if (side == 0)
            break;
        slot = side < 0 ? &node->left : &node->right;
    }
    struct gw_kv_node *gone = *slot;
    *slot = merge(tree, gone->left, gone->right);
    gone->left = gone->right = NULL;
    gw_kv_tree_drop(tree, gone);
    return GW_OK;
}
