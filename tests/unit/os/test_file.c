#include "os/file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kit/kit.h"

#include "os/heap.h"

static char folder[256];
static struct gw_err err;

static int make_folder(void **state)
{
    (void)state;
    (void)gw_kit_folder(folder, sizeof(folder));
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    gw_kit_remove(folder);
    return 0;
}

/** folder/name; the last four stay valid */
static const char *path(const char *name)
{
    static char paths[4][512];
    static unsigned turn;
    char *ret = paths[turn++ % 4];
    (void)snprintf(ret, sizeof(paths[0]), "%s/%s", folder, name);
    return ret;
}

static struct gw_bytes bytes_of(const char *text)
{
    return gw_text_bytes(gw_text(text));
}

static struct gw_file *open_file(const char *name, unsigned flags)
{
    struct gw_file *file = NULL;
    assert_ok(gw_file_open(path(name), flags, &file, &err), &err);
    return file;
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    char got[32];
    size_t count;
    struct gw_file *file = open_file("a", GW_FILE_READ | GW_FILE_WRITE | GW_FILE_CREATE);
    assert_ok(gw_file_write(file, bytes_of("hello "), &err), &err);
    assert_ok(gw_file_write(file, bytes_of("world"), &err), &err);
    assert_ok(gw_file_write_at(file, 0, bytes_of("J"), &err), &err);
    assert_ok(gw_file_sync_data(file, &err), &err);
    assert_ok(gw_file_sync(file, &err), &err);
    assert_ok(gw_file_read_at(file, 3, got, sizeof(got), &count, &err), &err);
    assert_text_equal(((struct gw_text){got, count}), "lo world");
    struct gw_file_info info;
    assert_ok(gw_file_info(file, &info, &err), &err);
    assert_int_equal(info.bytes, 11);
    assert_int_equal(info.type, GW_FILE_REGULAR);
    assert_int_equal(info.mode, 0600);
    gw_file_close(file);

    file = open_file("a", GW_FILE_READ);
    assert_ok(gw_file_read(file, got, 5, &count, &err), &err);
    assert_ok(gw_file_read(file, got + 5, 20, &count, &err), &err);
    assert_int_equal(count, 6);
    assert_memory_equal(got, "Jello world", 11);
    gw_file_close(file);
}

static void errors_name_the_path(void **state)
{
    (void)state;
    struct gw_file *file = NULL;
    assert_int_equal(gw_file_open(path("none"), GW_FILE_READ, &file, &err), GW_NOTFOUND);
    assert_non_null(strstr(err.msg, path("none")));
    assert_null(file);
    gw_file_close(open_file("b", GW_FILE_WRITE | GW_FILE_CREATE));
    assert_int_equal(
        gw_file_open(path("b"), GW_FILE_WRITE | GW_FILE_CREATE | GW_FILE_EXCLUSIVE, &file, &err),
        GW_EXISTS);
    struct gw_file_info info;
    assert_int_equal(gw_path_info(path("none"), &info, &err), GW_NOTFOUND);
    assert_non_null(strstr(err.msg, path("none")));
    assert_int_equal(gw_path_remove(path("none"), &err), GW_NOTFOUND);
    assert_int_equal(gw_folder_sync(path("none"), &err), GW_NOTFOUND);
}

static void direct_files_take_blocks_and_read_them_back(void **state)
{
    (void)state;
    size_t count;
    uint8_t *page = gw_os_pages_get(8192);
    assert_non_null(page);
    memset(page, 'x', 8192);
    struct gw_file *file =
        open_file("direct", GW_FILE_READ | GW_FILE_WRITE | GW_FILE_CREATE | GW_FILE_DIRECT);
    print_message("direct: %s\n",
                  gw_file_kind(file) == GW_FILE_DIRECT_SYNCED ? "yes" : "no, buffered");
    assert_ok(gw_file_fill_zero(file, 1 << 20, &err), &err);
    assert_ok(gw_file_write_at(file, 4096, (struct gw_bytes){page, 8192}, &err), &err);
    memset(page, 0, 8192);
    assert_ok(gw_file_read_at(file, 4096, page, 8192, &count, &err), &err);
    assert_int_equal(count, 8192);
    assert_int_equal(page[0], 'x');
    assert_int_equal(page[8191], 'x');
    gw_file_close(file);
    gw_os_pages_put(page, 8192);
}

static void filling_with_zeros_replaces_old_bytes_and_sets_the_size(void **state)
{
    (void)state;
    uint8_t got[16];
    size_t count;
    struct gw_file *file = open_file("z", GW_FILE_READ | GW_FILE_WRITE | GW_FILE_CREATE);
    assert_ok(gw_file_write(file, bytes_of("old bytes"), &err), &err);
    assert_ok(gw_file_fill_zero(file, 300001, &err), &err);
    struct gw_file_info info;
    assert_ok(gw_file_info(file, &info, &err), &err);
    assert_int_equal(info.bytes, 300001);
    assert_ok(gw_file_read_at(file, 0, got, sizeof(got), &count, &err), &err);
    for (size_t i = 0; i < sizeof(got); i++)
        assert_int_equal(got[i], 0);
    assert_ok(gw_file_fill_zero(file, 10, &err), &err);
    assert_ok(gw_file_info(file, &info, &err), &err);
    assert_int_equal(info.bytes, 10);
    gw_file_close(file);
}

static void after_a_failed_sync_nothing_more_is_promised(void **state)
{
    (void)state;
    /* fsync on /dev/full's sibling: a character device refuses with EINVAL, which is a failed sync like any other. */
    struct gw_file *file = NULL;
    assert_ok(gw_file_open("/dev/null", GW_FILE_WRITE, &file, &err), &err);
    assert_int_equal(gw_file_sync(file, &err), GW_IO);
    assert_int_equal(gw_file_sync_data(file, &err), GW_IO);
    assert_non_null(strstr(err.msg, "earlier sync failed"));
    assert_int_equal(gw_file_write(file, bytes_of("x"), &err), GW_IO);
    assert_int_equal(gw_file_write_at(file, 0, bytes_of("x"), &err), GW_IO);
    gw_file_close(file);
}

static void folders_are_made_listed_in_order_and_removed(void **state)
{
    (void)state;
    struct gw_arena arena;
    struct gw_text *names;
    size_t count;
    gw_arena_init(&arena, &gw_kit_alloc, 1 << 16);
    assert_ok(gw_folder_make_all(path("l/m/n"), &err), &err);
    assert_ok(gw_folder_make_all(path("l/m/n"), &err), &err);
    assert_int_equal(gw_folder_make(path("l"), &err), GW_EXISTS);
    assert_ok(gw_file_store(path("l/b"), bytes_of("1"), &err), &err);
    assert_ok(gw_file_store(path("l/a"), bytes_of("2"), &err), &err);
    assert_ok(gw_file_store(path("l/Z"), bytes_of("3"), &err), &err);
    assert_ok(gw_folder_list(path("l"), &arena, &names, &count, &err), &err);
    assert_int_equal(count, 4);
    assert_text_equal(names[0], "Z");
    assert_text_equal(names[1], "a");
    assert_text_equal(names[2], "b");
    assert_text_equal(names[3], "m");
    assert_ok(gw_path_rename(path("l/a"), path("l/c"), &err), &err);
    assert_ok(gw_folder_sync(path("l"), &err), &err);
    assert_ok(gw_path_remove(path("l/c"), &err), &err);
    assert_int_equal(gw_path_remove(path("l"), &err), GW_EXISTS); /* not empty */
    assert_int_equal(gw_folder_make_all(path("l/b/x"), &err), GW_EXISTS);
    gw_arena_done(&arena);
}

static void storing_replaces_the_whole_file_or_nothing(void **state)
{
    (void)state;
    struct gw_arena arena;
    struct gw_bytes data;
    struct gw_file_info info;
    gw_arena_init(&arena, &gw_kit_alloc, 1 << 18);
    assert_ok(gw_file_store(path("s"), bytes_of("first"), &err), &err);
    assert_ok(gw_file_store(path("s"), bytes_of("second"), &err), &err);
    assert_ok(gw_file_load(path("s"), &arena, 100, &data, &err), &err);
    assert_text_equal(gw_bytes_text(data), "second");
    assert_int_equal(data.data[data.len], 0);
    assert_int_equal(gw_path_info(path("s.tmp"), &info, NULL), GW_NOTFOUND);
    assert_int_equal(gw_file_load(path("s"), &arena, 5, &data, &err), GW_TOOLARGE);
    assert_int_equal(gw_file_load(folder, &arena, 5, &data, &err), GW_INVALID);
    assert_ok(gw_file_load("/proc/self/stat", &arena, 4096, &data, &err), &err);
    assert_true(data.len > 0);
    assert_int_equal(gw_file_store(path("none/s"), bytes_of("x"), &err), GW_NOTFOUND);
    gw_arena_done(&arena);
}

static void the_second_lock_learns_who_holds_the_first(void **state)
{
    (void)state;
    struct gw_lock *first = NULL, *second = NULL;
    char pid[32];
    assert_ok(gw_lock_open(path("lock"), &first, &err), &err);
    assert_int_equal(gw_lock_open(path("lock"), &second, &err), GW_CONFLICT);
    (void)snprintf(pid, sizeof(pid), "process %d", (int)getpid());
    assert_non_null(strstr(err.msg, pid));
    assert_true(err.hint[0] != '\0');
    gw_lock_close(first);
    assert_ok(gw_lock_open(path("lock"), &second, &err), &err);
    gw_lock_close(second);
}

static void without_descriptors_an_open_is_busy(void **state)
{
    (void)state;
    struct rlimit old, none;
    struct gw_file *file = NULL;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    none = old;
    none.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    gw_rc opened = gw_file_open(path("a"), GW_FILE_READ, &file, &err);
    gw_rc synced = gw_folder_sync(folder, &err);
    gw_rc stored = gw_file_store(path("s"), bytes_of("x"), &err);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    assert_int_equal(opened, GW_BUSY);
    assert_int_equal(synced, GW_BUSY);
    assert_int_equal(stored, GW_BUSY);
}

static void a_full_disk_is_said_and_space_given_back(void **state)
{
    (void)state;
    assert_ok(gw_folder_make(path("small"), &err), &err);
    if (mount("none", path("small"), "tmpfs", 0, "size=1m") != 0) {
        print_message("skipped: a tmpfs needs root; run as root to test a full disk\n");
        skip();
    }
    struct gw_space before, after;
    struct gw_file *file = open_file("small/f", GW_FILE_WRITE | GW_FILE_CREATE);
    assert_ok(gw_path_space(path("small"), &before, &err), &err);
    gw_rc rc = gw_file_fill_zero(file, 4 << 20, &err);
    gw_rc space = gw_path_space(path("small"), &after, NULL);
    gw_rc again = gw_file_fill_zero(file, 512 << 10, NULL);
    gw_file_close(file);
    assert_int_equal(umount2(path("small"), MNT_DETACH), 0);
    assert_int_equal(rc, GW_FULL);
    assert_non_null(strstr(err.msg, "small/f"));
    assert_int_equal(space, GW_OK);
    assert_int_equal(after.free_bytes, before.free_bytes);
    assert_int_equal(before.total_bytes, 1 << 20);
    assert_int_equal(again, GW_OK);
}

static void a_read_only_folder_denies(void **state)
{
    (void)state;
    if (geteuid() == 0) {
        print_message("skipped: root writes anywhere; run as an ordinary user to test this\n");
        skip();
    }
    struct gw_file *file = NULL;
    assert_ok(gw_folder_make(path("ro"), &err), &err);
    assert_int_equal(chmod(path("ro"), 0500), 0);
    assert_int_equal(gw_file_open(path("ro/f"), GW_FILE_WRITE | GW_FILE_CREATE, &file, &err),
                     GW_DENIED);
    assert_int_equal(gw_file_store(path("ro/f"), bytes_of("x"), &err), GW_DENIED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(errors_name_the_path),
        cmocka_unit_test(direct_files_take_blocks_and_read_them_back),
        cmocka_unit_test(filling_with_zeros_replaces_old_bytes_and_sets_the_size),
        cmocka_unit_test(after_a_failed_sync_nothing_more_is_promised),
        cmocka_unit_test(folders_are_made_listed_in_order_and_removed),
        cmocka_unit_test(storing_replaces_the_whole_file_or_nothing),
        cmocka_unit_test(the_second_lock_learns_who_holds_the_first),
        cmocka_unit_test(without_descriptors_an_open_is_busy),
        cmocka_unit_test(a_full_disk_is_said_and_space_given_back),
        cmocka_unit_test(a_read_only_folder_denies),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder) != 0;
}
