/** Nodes of the simulated disk: contents in two versions (seen, platter), names in two versions and the changes between. */
#ifndef GW_SIM_OS_DISK_INT_H
#define GW_SIM_OS_DISK_INT_H

#include "sim/os/disk.h"

enum { GW_SIM_NAME_MAX = 64 };

struct gw_sim_node;

struct gw_sim_name {
    char text[GW_SIM_NAME_MAX];
    struct gw_sim_node *node;
};

struct gw_sim_names {
    struct gw_sim_name *items;
    size_t count, room;
};

/** One unsynced change of a folder, applied to the platter's names or not. */
struct gw_sim_change {
    char from[GW_SIM_NAME_MAX]; /* taken away if it names `node`; "" none */
    char to[GW_SIM_NAME_MAX];   /* set to `node`; "" none */
    struct gw_sim_node *node;
};

struct gw_sim_node {
    struct gw_sim_node *next; /* of all */
    uint64_t id;
    bool is_folder, is_locked, is_marked;
    uint32_t opens;
    int64_t changed_ns;
    /* a file */
    uint8_t *seen, *platter; /* `room` bytes each, zero behind the end */
    uint8_t *dirty; /* per sector: the platter is behind and will be written at the next sync */
    uint64_t bytes, platter_bytes, room;
    bool is_dirty;
    /* a folder */
    struct gw_sim_names names, platter_names;
    struct gw_sim_change *changes;
    size_t change_count, change_room;
};

/* disk.c: contents */
struct gw_sim_node *gw_sim_node_new(bool is_folder);
uint64_t gw_sim_disk_free_bytes(void);
gw_rc gw_sim_node_write(struct gw_sim_node *node, const char *path, uint64_t offset,
                        struct gw_bytes data, bool is_direct, struct gw_err *err);
void gw_sim_node_resize(struct gw_sim_node *node, uint64_t bytes);
gw_rc gw_sim_node_sync(struct gw_sim_node *node, const char *path, struct gw_err *err);
void gw_sim_node_after_cut(struct gw_sim_node *node);

/* names.c: names */
/** The folder that holds `path`, and the name in it; NULL: a folder on the way is missing. */
struct gw_sim_node *gw_sim_folder_of(const char *path, const char **ret_name);
struct gw_sim_node *gw_sim_find(const char *path);
struct gw_sim_node *gw_sim_names_get(const struct gw_sim_names *names, const char *name);
void gw_sim_names_set(struct gw_sim_names *names, const char *name, struct gw_sim_node *node);
/** Change the seen names, and keep it for the platter. */
void gw_sim_folder_change(struct gw_sim_node *folder, const char *from, const char *to,
                          struct gw_sim_node *node);
void gw_sim_folder_settle(struct gw_sim_node *folder);
void gw_sim_folder_after_cut(struct gw_sim_node *folder);
void gw_sim_node_free_names(struct gw_sim_node *node);
/** Free the nodes that no name of either version and no handle reaches. */
void gw_sim_disk_sweep(void);

struct gw_sim_disk {
    struct gw_sim_node *nodes; /* all; the root is the last one */
    struct gw_sim_node *root;
    uint64_t ids;
    struct gw_sim_faults faults;
};
extern struct gw_sim_disk gw_sim_disk;

/** realloc that cannot fail. */
void *gw_sim_grow(void *memory, size_t bytes);

#endif
