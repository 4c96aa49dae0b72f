/* os/file.h on the simulated disk: names. */
#include "os/file.h"
#include "sim/os/disk_int.h"
#include "sim/os/sim_int.h"

gw_rc gw_path_rename(const char *from, const char *to, struct gw_err *err)
{
    const char *from_name, *to_name;
    struct gw_sim_node *folder = gw_sim_folder_of(from, &from_name);
    struct gw_sim_node *target = gw_sim_folder_of(to, &to_name);
    struct gw_sim_node *node = folder ? gw_sim_names_get(&folder->names, from_name) : NULL;
    if (node == NULL || target == NULL)
        return GW_FAIL(err, GW_NOTFOUND, "rename '%s' to '%s': no such file", from, to);
    gw_sim_moment("disk.rename");
    gw_sim_trace_add('r', node->id, target->id);
    if (folder == target) {
        gw_sim_folder_change(folder, from_name, to_name, node);
    } else { /* two journals: the halves may part */
        gw_sim_folder_change(target, "", to_name, node);
        gw_sim_folder_change(folder, from_name, "", node);
    }
    gw_sim_moment("disk.renamed");
    return GW_OK;
}

gw_rc gw_path_remove(const char *path, struct gw_err *err)
{
    const char *name;
    struct gw_sim_node *folder = gw_sim_folder_of(path, &name);
    struct gw_sim_node *node = folder ? gw_sim_names_get(&folder->names, name) : NULL;
    if (node == NULL)
        return GW_FAIL(err, GW_NOTFOUND, "remove '%s': no such file", path);
    if (node->is_folder && node->names.count > 0)
        return GW_FAIL(err, GW_EXISTS, "remove '%s': the folder is not empty", path);
    gw_sim_moment("disk.remove");
    gw_sim_trace_add('x', node->id, 0);
    gw_sim_folder_change(folder, name, "", node);
    return GW_OK;
}

gw_rc gw_folder_make(const char *path, struct gw_err *err)
{
    const char *name;
    struct gw_sim_node *folder = gw_sim_folder_of(path, &name);
    if (folder == NULL)
        return GW_FAIL(err, GW_NOTFOUND, "make folder '%s': the one above is missing", path);
    if (gw_sim_find(path) != NULL)
        return GW_FAIL(err, GW_EXISTS, "make folder '%s': exists", path);
    gw_sim_moment("disk.mkdir");
    gw_sim_folder_change(folder, "", name, gw_sim_node_new(true));
    return GW_OK;
}

gw_rc gw_folder_make_all(const char *path, struct gw_err *err)
{
    char part[GW_FILE_PATH_MAX], above[GW_FILE_PATH_MAX] = ".";
    size_t len = strlen(path);
    GW_ASSERT(len > 0 && len < sizeof(part));
    for (size_t i = 1; i <= len; i++) {
        if (i < len && path[i] != '/')
            continue;
        memcpy(part, path, i);
        part[i] = '\0';
        gw_rc rc = gw_folder_make(part, err);
        const struct gw_sim_node *node = rc == GW_EXISTS ? gw_sim_find(part) : NULL;
        if (node == NULL || !node->is_folder)
            GW_TRY(rc);
        GW_TRY(gw_folder_sync(above, err));
        memcpy(above, part, i + 1);
    }
    return GW_OK;
}

gw_rc gw_folder_sync(const char *path, struct gw_err *err)
{
    struct gw_sim_node *folder = gw_sim_find(path);
    if (folder == NULL || !folder->is_folder)
        return GW_FAIL(err, GW_NOTFOUND, "open folder '%s': no such folder", path);
    gw_sim_moment("disk.folder sync");
    gw_sim_trace_add('f', folder->id, 0);
    if (!gw_sim_disk.faults.lies_about_names)
        gw_sim_folder_settle(folder);
    gw_sim_moment("disk.folder synced");
    return GW_OK;
}

gw_rc gw_folder_list(const char *path, struct gw_arena *arena, struct gw_text **ret_names,
                     size_t *ret_count, struct gw_err *err)
{
    const struct gw_sim_node *folder = gw_sim_find(path);
    if (folder == NULL || !folder->is_folder)
        return GW_FAIL(err, GW_NOTFOUND, "list folder '%s': no such folder", path);
    size_t count = folder->names.count;
    struct gw_text *names = GW_NEW_ARRAY(arena, struct gw_text, count + 1);
    if (names == NULL)
        return GW_FAIL_NOMEM(err);
    for (size_t i = 0; i < count; i++) {
        names[i] = gw_arena_printf(arena, "%s", folder->names.items[i].text);
        if (names[i].data == NULL)
            return GW_FAIL_NOMEM(err);
    }
    *ret_names = names;
    *ret_count = count;
    return GW_OK;
}

gw_rc gw_path_space(const char *path, struct gw_space *ret, struct gw_err *err)
{
    (void)path;
    (void)err;
    uint64_t free_bytes = gw_sim_disk_free_bytes();
    *ret =
        (struct gw_space){.free_bytes = free_bytes, .total_bytes = free_bytes + gw_sim_disk_used()};
    return GW_OK;
}
