/* Contents of files: sectors that were seen, sectors that are on the platter. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/hash.h"
#include "os/file.h"
#include "sim/os/disk_int.h"
#include "sim/os/sim_int.h"

struct gw_sim_disk gw_sim_disk;

struct gw_sim_faults *gw_sim_faults(void)
{
    return &gw_sim_disk.faults;
}

void *gw_sim_grow(void *memory, size_t bytes)
{
    void *grown = realloc(memory, bytes);
    GW_ASSERT(grown != NULL);
    return grown;
}

struct gw_sim_node *gw_sim_node_new(bool is_folder)
{
    struct gw_sim_node *node = gw_sim_grow(NULL, sizeof(*node));
    *node = (struct gw_sim_node){.next = gw_sim_disk.nodes,
                                 .id = ++gw_sim_disk.ids,
                                 .is_folder = is_folder,
                                 .changed_ns = gw_sim.wall_offset_ns + gw_sim.mono_ns};
    gw_sim_disk.nodes = node;
    return node;
}

static void free_node(struct gw_sim_node *node)
{
    free(node->seen);
    free(node->platter);
    free(node->dirty);
    gw_sim_node_free_names(node);
    free(node);
}

void gw_sim_disk_init(void)
{
    gw_sim_disk = (struct gw_sim_disk){0};
    gw_sim_disk.root = gw_sim_node_new(true);
}

void gw_sim_disk_done(void)
{
    for (struct gw_sim_node *node = gw_sim_disk.nodes, *next; node != NULL; node = next) {
        next = node->next;
        free_node(node);
    }
    gw_sim_disk = (struct gw_sim_disk){0};
}

/* ---- reachability ---- */

static void mark(struct gw_sim_node *node)
{
    if (node->is_marked)
        return;
    node->is_marked = true;
    for (size_t i = 0; i < node->names.count; i++)
        mark(node->names.items[i].node); /* NOLINT(misc-no-recursion): as deep as folders are */
    for (size_t i = 0; i < node->platter_names.count; i++)
        mark(node->platter_names.items[i].node);
    for (size_t i = 0; i < node->change_count; i++)
        mark(node->changes[i].node);
}

void gw_sim_disk_sweep(void)
{
    for (struct gw_sim_node *node = gw_sim_disk.nodes; node != NULL; node = node->next)
        node->is_marked = false;
    mark(gw_sim_disk.root);
    for (struct gw_sim_node **at = &gw_sim_disk.nodes; *at != NULL;) {
        struct gw_sim_node *node = *at;
        if (node->is_marked || node->opens > 0) {
            at = &node->next;
            continue;
        }
        *at = node->next;
        free_node(node);
    }
}

/* ---- space ---- */

static uint64_t blocks(uint64_t bytes)
{
    return (bytes + GW_FILE_BLOCK - 1) / GW_FILE_BLOCK * GW_FILE_BLOCK;
}

static uint64_t used_below(const struct gw_sim_node *folder)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < folder->names.count; i++) {
        const struct gw_sim_node *node = folder->names.items[i].node;
        /* NOLINTNEXTLINE(misc-no-recursion): as deep as folders are */
        sum += node->is_folder ? used_below(node) : blocks(node->bytes);
    }
    return sum;
}

uint64_t gw_sim_disk_used(void)
{
    return used_below(gw_sim_disk.root);
}

uint64_t gw_sim_disk_free_bytes(void)
{
    uint64_t space = gw_sim_disk.faults.space_bytes;
    if (space == 0)
        return UINT64_C(1) << 40;
    uint64_t used = gw_sim_disk_used();
    return used >= space ? 0 : space - used;
}

static void make_room(struct gw_sim_node *node, uint64_t bytes)
{
    if (bytes <= node->room)
        return;
    uint64_t room = GW_MAX(node->room * 2, blocks(bytes));
    node->seen = gw_sim_grow(node->seen, room);
    node->platter = gw_sim_grow(node->platter, room);
    node->dirty = gw_sim_grow(node->dirty, room / GW_SIM_SECTOR);
    memset(node->seen + node->room, 0, room - node->room);
    memset(node->platter + node->room, 0, room - node->room);
    memset(node->dirty + node->room / GW_SIM_SECTOR, 0, (room - node->room) / GW_SIM_SECTOR);
    node->room = room;
}

/* ---- writing ---- */

static void to_platter(struct gw_sim_node *node, uint64_t sector)
{
    memcpy(node->platter + sector * GW_SIM_SECTOR, node->seen + sector * GW_SIM_SECTOR,
           GW_SIM_SECTOR);
    node->dirty[sector] = 0;
}

/** Bytes from .. to into what is seen; the sectors become dirty. */
static void put(struct gw_sim_node *node, uint64_t from, struct gw_bytes data)
{
    uint64_t end = from + data.len;
    for (uint64_t sector = from / GW_SIM_SECTOR; sector * GW_SIM_SECTOR < end; sector++) {
        /* The cache may have written back the version before this one. */
        if (node->dirty[sector] && gw_rand_chance(&gw_sim.disk, 1, 4))
            to_platter(node, sector);
        node->dirty[sector] = 1;
    }
    memcpy(node->seen + from, data.data, data.len);
    node->bytes = GW_MAX(node->bytes, end);
    node->is_dirty = true;
}

static void harden(struct gw_sim_node *node, uint64_t from, uint64_t end)
{
    if (gw_sim_disk.faults.lies_about_syncs)
        return;
    for (uint64_t sector = from / GW_SIM_SECTOR; sector * GW_SIM_SECTOR < end; sector++)
        to_platter(node, sector);
    node->platter_bytes = GW_MAX(node->platter_bytes, end);
}

/** Which sectors of a broken operation arrived: one of the shapes that disks leave. */
struct shape {
    uint32_t kind;
    uint64_t cut; /* prefix, suffix: where; hole: which one */
};

static struct shape draw_shape(uint64_t sectors)
{
    struct shape shape = {.kind = (uint32_t)gw_rand_below(&gw_sim.disk, 6)};
    shape.cut = gw_rand_below(&gw_sim.disk, sectors + 1);
    return shape;
}

static bool arrives(const struct shape *shape, uint64_t sector)
{
    switch (shape->kind) {
    case 0:
        return true;
    case 1:
        return false;
    case 2:
        return sector < shape->cut;
    case 3:
        return sector >= shape->cut;
    case 4:
        return sector != shape->cut;
    default:
        return gw_rand_chance(&gw_sim.disk, 1, 2);
    }
}

/** The process dies in a write: a part of it is there. */
static void put_part(struct gw_sim_node *node, uint64_t offset, struct gw_bytes data,
                     bool is_direct)
{
    uint64_t end = offset + data.len, first = offset / GW_SIM_SECTOR;
    struct shape shape = draw_shape((end + GW_SIM_SECTOR - 1) / GW_SIM_SECTOR - first);
    if (!is_direct)
        shape.kind = 2; /* into the page cache bytes go from the front */
    for (uint64_t at = offset, next; at < end; at = next) {
        next = GW_MIN((at / GW_SIM_SECTOR + 1) * GW_SIM_SECTOR, end);
        if (!arrives(&shape, at / GW_SIM_SECTOR - first))
            continue;
        put(node, at, (struct gw_bytes){data.data + (at - offset), next - at});
        if (is_direct)
            harden(node, at, next);
    }
}

/** Counts the durable operations. @return true: this one fails */
static bool fails(void)
{
    struct gw_sim_faults *faults = &gw_sim_disk.faults;
    return faults->fail_sync_in > 0 && --faults->fail_sync_in == 0;
}

static gw_rc fail_full(struct gw_sim_node *node, const char *path, uint64_t offset,
                       struct gw_bytes data, struct gw_err *err)
{
    uint64_t fits = blocks(node->bytes) + gw_sim_disk_free_bytes();
    if (fits > offset && gw_rand_chance(&gw_sim.disk, 1, 2)) {
        data.len = GW_MIN(data.len, fits - offset);
        make_room(node, offset + data.len);
        put(node, offset, data); /* a short write, then the error */
    }
    return GW_FAIL(err, GW_FULL, "write '%s': no space left on the simulated disk", path);
}

gw_rc gw_sim_node_write(struct gw_sim_node *node, const char *path, uint64_t offset,
                        struct gw_bytes data, bool is_direct, struct gw_err *err)
{
    uint64_t end = offset + data.len;
    if (data.len == 0)
        return GW_OK;
    gw_sim_moment("disk.write");
    gw_sim_trace_add('w', node->id ^ offset << 16, data.len);
    if (end > node->bytes && blocks(end) - blocks(node->bytes) > gw_sim_disk_free_bytes())
        return fail_full(node, path, offset, data, err);
    make_room(node, end);
    if (gw_sim_moment_inside("in disk.write")) {
        put_part(node, offset, data, is_direct);
        gw_sim_fall("in disk.write");
    }
    if (is_direct && fails()) {
        put_part(node, offset, data, true);
        return GW_FAIL(err, GW_IO, "write '%s': the simulated disk fails", path);
    }
    put(node, offset, data);
    if (is_direct)
        harden(node, offset, end);
    node->changed_ns = gw_sim.wall_offset_ns + gw_sim.mono_ns;
    return GW_OK;
}

void gw_sim_node_resize(struct gw_sim_node *node, uint64_t bytes)
{
    gw_sim_moment("disk.resize");
    gw_sim_trace_add('z', node->id, bytes);
    make_room(node, bytes);
    if (bytes < node->bytes) {
        memset(node->seen + bytes, 0, node->bytes - bytes);
        for (uint64_t at = bytes / GW_SIM_SECTOR; at * GW_SIM_SECTOR < node->bytes; at++)
            node->dirty[at] = 1;
    }
    node->bytes = bytes;
    node->is_dirty = true;
}

/* ---- syncing and losing ---- */

/** Write back a part of what is dirty; `forget`: what was not written counts as clean from now on. */
static void write_back_part(struct gw_sim_node *node, bool forget)
{
    uint64_t sectors = (node->room + GW_SIM_SECTOR - 1) / GW_SIM_SECTOR;
    struct shape shape = draw_shape(sectors);
    for (uint64_t i = 0; i < sectors; i++) {
        if (!node->dirty[i])
            continue;
        if (arrives(&shape, i))
            to_platter(node, i);
        else if (forget)
            node->dirty[i] = 0;
    }
}

gw_rc gw_sim_node_sync(struct gw_sim_node *node, const char *path, struct gw_err *err)
{
    gw_sim_moment("disk.sync");
    gw_sim_trace_add('s', node->id, node->bytes);
    if (gw_sim_moment_inside("in disk.sync")) {
        write_back_part(node, false);
        gw_sim_fall("in disk.sync");
    }
    if (fails()) {
        write_back_part(node, true);
        return GW_FAIL(err, GW_IO, "sync '%s': the simulated disk fails", path);
    }
    if (!node->is_dirty || gw_sim_disk.faults.lies_about_syncs)
        return GW_OK;
    for (uint64_t i = 0; i < node->room / GW_SIM_SECTOR; i++)
        if (node->dirty[i])
            to_platter(node, i);
    if (node->platter_bytes > node->bytes)
        memset(node->platter + node->bytes, 0, node->platter_bytes - node->bytes);
    node->platter_bytes = node->bytes;
    node->is_dirty = false;
    return GW_OK;
}

static uint64_t size_after_cut(const struct gw_sim_node *node)
{
    uint64_t low = GW_MIN(node->bytes, node->platter_bytes);
    uint64_t high = GW_MAX(node->bytes, node->platter_bytes);
    switch (gw_rand_below(&gw_sim.disk, 3)) {
    case 0:
        return low;
    case 1:
        return high;
    default:
        return GW_MIN(high, blocks(low + gw_rand_below(&gw_sim.disk, high - low + 1)));
    }
}

static void tear_sector(struct gw_sim_node *node, uint64_t sector)
{
    uint64_t half = sector * GW_SIM_SECTOR;
    memcpy(node->platter + half, node->seen + half, GW_SIM_SECTOR / 2);
}

void gw_sim_node_after_cut(struct gw_sim_node *node)
{
    if (node->room == 0)
        return;
    if (node->is_dirty) {
        write_back_part(node, false);
        for (uint64_t i = 0; gw_sim_disk.faults.tears_sectors && i < node->room / GW_SIM_SECTOR;
             i++)
            if (node->dirty[i])
                tear_sector(node, i);
        node->platter_bytes = size_after_cut(node);
    }
    memset(node->platter + node->platter_bytes, 0, node->room - node->platter_bytes);
    memcpy(node->seen, node->platter, node->room);
    memset(node->dirty, 0, node->room / GW_SIM_SECTOR);
    node->bytes = node->platter_bytes;
    node->is_dirty = false;
}

void gw_sim_disk_power_cut(void)
{
    for (struct gw_sim_node *node = gw_sim_disk.nodes; node != NULL; node = node->next) {
        if (node->is_folder)
            gw_sim_folder_after_cut(node);
        else
            gw_sim_node_after_cut(node);
    }
    gw_sim_disk_sweep();
}

/* ---- looking from outside ---- */

static uint64_t hash_below(const struct gw_sim_node *folder, uint64_t seed)
{
    for (size_t i = 0; i < folder->names.count; i++) {
        const struct gw_sim_name *name = &folder->names.items[i];
        seed = gw_hash64(gw_text_bytes(gw_text(name->text)), seed);
        if (name->node->is_folder) /* NOLINTNEXTLINE(misc-no-recursion): as deep as folders are */
            seed = hash_below(name->node, seed);
        else
            seed = gw_hash64((struct gw_bytes){name->node->seen, name->node->bytes}, seed);
    }
    return seed;
}

uint64_t gw_sim_disk_hash(void)
{
    return hash_below(gw_sim_disk.root, 1);
}

bool gw_sim_disk_flip(const char *path, uint64_t offset, unsigned bit)
{
    struct gw_sim_node *node = gw_sim_find(path);
    if (node == NULL || offset >= node->bytes)
        return false;
    node->seen[offset] ^= (uint8_t)(1u << bit);
    node->platter[offset] ^= (uint8_t)(1u << bit);
    return true;
}
