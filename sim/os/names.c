/* Names of the simulated disk: a sorted list per folder, twice, and the changes that are not synced. */
#include <stdio.h>
#include <stdlib.h>

#include "sim/os/disk_int.h"
#include "sim/os/sim_int.h"

static void copy_name(char ret[GW_SIM_NAME_MAX], const char *name)
{
    size_t len = strlen(name);
    GW_ASSERT(len < GW_SIM_NAME_MAX);
    memcpy(ret, name, len + 1);
}

/** Where `name` stands, or would. */
static size_t place_of(const struct gw_sim_names *names, const char *name, bool *ret_found)
{
    size_t i = 0;
    int order = 1;
    while (i < names->count && (order = strcmp(names->items[i].text, name)) < 0)
        i++;
    *ret_found = i < names->count && order == 0;
    return i;
}

struct gw_sim_node *gw_sim_names_get(const struct gw_sim_names *names, const char *name)
{
    bool found;
    size_t i = place_of(names, name, &found);
    return found ? names->items[i].node : NULL;
}

/** @node  NULL: take the name away */
void gw_sim_names_set(struct gw_sim_names *names, const char *name, struct gw_sim_node *node)
{
    bool found;
    size_t i = place_of(names, name, &found);
    if (found && node != NULL) {
        names->items[i].node = node;
        return;
    }
    if (found) {
        names->count--;
        memmove(names->items + i, names->items + i + 1, (names->count - i) * sizeof(*names->items));
        return;
    }
    if (node == NULL)
        return;
    if (names->count == names->room) {
        names->room = names->room * 2 + 8;
        names->items = gw_sim_grow(names->items, names->room * sizeof(*names->items));
    }
    memmove(names->items + i + 1, names->items + i, (names->count - i) * sizeof(*names->items));
    copy_name(names->items[i].text, name);
    names->items[i].node = node;
    names->count++;
}

struct gw_sim_node *gw_sim_folder_of(const char *path, const char **ret_name)
{
    struct gw_sim_node *folder = gw_sim_disk.root;
    char part[GW_SIM_NAME_MAX];
    for (const char *slash; (slash = strchr(path, '/')) != NULL; path = slash + 1) {
        size_t len = (size_t)(slash - path);
        if (len == 0 || (len == 1 && path[0] == '.'))
            continue;
        GW_ASSERT(len < sizeof(part));
        memcpy(part, path, len);
        part[len] = '\0';
        folder = gw_sim_names_get(&folder->names, part);
        if (folder == NULL || !folder->is_folder)
            return NULL;
    }
    *ret_name = path;
    return folder;
}

struct gw_sim_node *gw_sim_find(const char *path)
{
    const char *name;
    struct gw_sim_node *folder = gw_sim_folder_of(path, &name);
    if (folder == NULL || name[0] == '\0' || strcmp(name, ".") == 0)
        return folder;
    return gw_sim_names_get(&folder->names, name);
}

static void apply(struct gw_sim_names *names, const struct gw_sim_change *change)
{
    if (change->from[0] != '\0' && gw_sim_names_get(names, change->from) == change->node)
        gw_sim_names_set(names, change->from, NULL);
    if (change->to[0] != '\0')
        gw_sim_names_set(names, change->to, change->node);
}

void gw_sim_folder_change(struct gw_sim_node *folder, const char *from, const char *to,
                          struct gw_sim_node *node)
{
    if (folder->change_count == folder->change_room) {
        folder->change_room = folder->change_room * 2 + 8;
        folder->changes =
            gw_sim_grow(folder->changes, folder->change_room * sizeof(*folder->changes));
    }
    struct gw_sim_change *change = &folder->changes[folder->change_count++];
    *change = (struct gw_sim_change){.node = node};
    copy_name(change->from, from);
    copy_name(change->to, to);
    apply(&folder->names, change);
}

void gw_sim_folder_settle(struct gw_sim_node *folder)
{
    for (size_t i = 0; i < folder->change_count; i++)
        apply(&folder->platter_names, &folder->changes[i]);
    folder->change_count = 0;
    gw_sim_disk_sweep();
}

void gw_sim_folder_after_cut(struct gw_sim_node *folder)
{
    struct gw_rand *rand = &gw_sim.disk;
    bool in_order = gw_rand_chance(rand, 1, 2); /* as filesystems with a journal do */
    size_t prefix = (size_t)gw_rand_below(rand, folder->change_count + 1);
    for (size_t i = 0; i < folder->change_count; i++)
        if (in_order ? i < prefix : gw_rand_chance(rand, 1, 2))
            apply(&folder->platter_names, &folder->changes[i]);
    folder->change_count = 0;
    folder->names.count = 0;
    for (size_t i = 0; i < folder->platter_names.count; i++)
        gw_sim_names_set(&folder->names, folder->platter_names.items[i].text,
                         folder->platter_names.items[i].node);
}

void gw_sim_node_free_names(struct gw_sim_node *node)
{
    free(node->names.items);
    free(node->platter_names.items);
    free(node->changes);
}
