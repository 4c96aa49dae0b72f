#include "kit/kit.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void *plain_get(void *ctx, size_t bytes)
{
    (void)ctx;
    return malloc(bytes);
}

static void plain_put(void *ctx, void *block, size_t bytes)
{
    (void)ctx;
    (void)bytes;
    free(block);
}

const struct gw_alloc gw_kit_alloc = {plain_get, plain_put, NULL};

static void *refusing_get(void *ctx, size_t bytes)
{
    struct gw_kit_refuse *refuse = ctx;
    if (refuse->asked++ == refuse->nth) {
        refuse->refused = true;
        return NULL;
    }
    return malloc(bytes);
}

void gw_kit_refuse_init(struct gw_kit_refuse *refuse, uint64_t nth)
{
    *refuse = (struct gw_kit_refuse){.alloc = {refusing_get, plain_put, refuse}, .nth = nth};
}

void gw_kit_assert_ok(gw_rc rc, const struct gw_err *err, const char *file, int line)
{
    if (rc == GW_OK)
        return;
    print_error("%s: %s (%s:%d)\n", gw_rc_name(rc), err ? err->msg : "", err ? err->file : "",
                err ? err->line : 0);
    _fail(file, line);
}

const char *gw_kit_folder(char *ret, size_t ret_bytes)
{
    const char *tmp = getenv("TMPDIR");
    int len = snprintf(ret, ret_bytes, "%s/godwit-test-XXXXXX", tmp ? tmp : "/tmp");
    GW_ASSERT(len > 0 && (size_t)len < ret_bytes);
    if (mkdtemp(ret) == NULL) {
        print_error("mkdtemp '%s' failed\n", ret);
        fail();
    }
    return ret;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

void gw_kit_remove(const char *folder)
{
    (void)nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
