/**
 * What every connector must do, told as tests over a `struct backend`: the connector's side of fetching, scanning,
 * pushing and fencing, and a foreign writer of the same store. Each kind of store has a test_conformance_KIND.c.
 */
#ifndef GW_TEST_STORE_CONFORMANCE_H
#define GW_TEST_STORE_CONFORMANCE_H

#include "kit/kit.h"

#include "base/int.h"
#include "store/store.h"

/* The homes of the suite; setup() makes their tables, empty. */
extern const struct gw_home *const conformance_homes[];
extern const uint32_t conformance_home_count;
const struct gw_home *conformance_home(const char *place);

struct backend {
    /** A new, empty store with the tables of `conformance_homes`; `accounts.name` is unique in a store that can. */
    void *(*setup)(void);
    void (*teardown)(void *ctx);
    struct gw_text (*url)(void *ctx);
    /* Another program, which knows nothing of us. */
    void (*put)(void *ctx, const struct gw_home *home, const union gw_value *columns,
                gw_version ver);
    void (*set)(void *ctx, const struct gw_home *home, const union gw_value *key, uint32_t column,
                union gw_value value);
    void (*set_ver)(void *ctx, const struct gw_home *home, const union gw_value *key,
                    gw_version ver);
    void (*remove)(void *ctx, const struct gw_home *home, const union gw_value *key);
    /* A backup of the whole store, and going back to it. */
    void (*back_up)(void *ctx);
    void (*go_back)(void *ctx);
    /** The next push commits, but its caller gets an error. NULL: cannot be arranged. */
    void (*lose_answer)(void *ctx);
};

/** Runs the suite; the exit code of main(). */
int conformance_run(const struct backend *backend);

#endif
