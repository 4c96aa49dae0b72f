/* godwit version: what this binary is, and what it was built with. */
#include "cli/commands.h"
#include "store/store.h"

/* clang-format off */
#define FEATURES(X)                                                                      \
    X("store sqlite", "sqlite", "libsqlite3-dev")                                        \
    X("store memory", "memory", "")                                                      \
    X("store postgres", "postgres", "libpq-dev")                                         \
    X("store mysql", "mysql", "libmariadb-dev")                                          \
    X("store redis", "redis", "libhiredis-dev")
/* clang-format on */

static void put_features(struct gw_cli *cli)
{
#define X(name, kind, package)            \
    gw_cli_out(cli, "  %-16s %s\n", name, \
               gw_store_find(GW_TEXT_LIT(kind)) ? "yes" : "no, left out of this build");
    FEATURES(X)
#undef X
    gw_cli_out(cli, "  %-16s yes\n  %-16s yes\n", "state lmdb", "state memory");
}

static void put_json(struct gw_cli *cli)
{
    struct gw_json_writer w = gw_cli_json(cli);
    gw_json_put_name_str(&w, "version");
    gw_json_put_str(&w, GW_VERSION);
    gw_json_put_name_str(&w, "features");
    gw_json_put_object(&w);
#define X(name, kind, package)      \
    gw_json_put_name_str(&w, name); \
    gw_json_put_bool(&w, gw_store_find(GW_TEXT_LIT(kind)) != NULL);
    FEATURES(X)
#undef X
    gw_json_put_object_end(&w);
    gw_cli_json_end(cli, &w);
}

static gw_rc run(struct gw_cli *cli, struct gw_err *err)
{
    (void)err;
    if (cli->json) {
        put_json(cli);
        return GW_OK;
    }
    gw_cli_out(cli, "godwit " GW_VERSION "\n");
    if (gw_cli_flag(cli, "features"))
        put_features(cli);
    return GW_OK;
}

static const struct gw_cli_flag flags[] = {
    {"features", 0, NULL, "list what was built in"},
    {NULL, 0, NULL, NULL},
};

const struct gw_cli_command gw_cli_version = {
    .path = "version",
    .args = "",
    .summary = "print the version, and what was built in",
    .examples = "godwit version --features   # which stores this binary speaks to\n",
    .about = "",
    .flags = flags,
    .run = run,
};
