/* Opening and closing lanes: where a store is, who works for it, which declaration holds. */
#include "engine/engine_int.h"
#include "os/env.h"

enum { URL_MAX = 4096 };

/** "env:NAME" and "file:PATH" become what they name; a kind is put in front. In `arena`. */
static gw_rc resolve_url(const struct gw_store_decl *decl, struct gw_arena *arena,
                         struct gw_text *ret, struct gw_err *err)
{
    static const char *const kinds[] = {
#define X(name, text) text,
        GW_STORE_KINDS(X)
#undef X
    };
    struct gw_text url = decl->url;
    const char *kind = kinds[decl->kind];
    if (url.len > 4 && memcmp(url.data, "env:", 4) == 0) {
        struct gw_text name = gw_arena_printf(arena, "%.*s", (int)url.len - 4, url.data + 4);
        struct gw_text value = name.data ? gw_env_get(name.data) : (struct gw_text){NULL, 0};
        if (value.data == NULL) {
            gw_rc rc =
                GW_FAIL_CODE(err, GW_INVALID, 2111, "store %.*s: the environment has no %.*s",
                             GW_TEXT_ARG(decl->name), GW_TEXT_ARG(name));
            gw_err_hint(err, "export %.*s=…", GW_TEXT_ARG(name));
            return rc;
        }
        url = value;
    } else if (url.len > 5 && memcmp(url.data, "file:", 5) == 0) {
        struct gw_text path = gw_arena_printf(arena, "%.*s", (int)url.len - 5, url.data + 5);
        struct gw_bytes bytes;
        if (path.data == NULL)
            return GW_FAIL_NOMEM(err);
        GW_TRY(gw_file_load(path.data, arena, URL_MAX, &bytes, err));
        while (bytes.len && (bytes.data[bytes.len - 1] == '\n' || bytes.data[bytes.len - 1] == ' '))
            bytes.len--;
        url = gw_bytes_text(bytes);
    }
    size_t kind_len = strlen(kind);
    bool has_kind =
        url.len > kind_len && memcmp(url.data, kind, kind_len) == 0 && url.data[kind_len] == ':';
    *ret = gw_arena_printf(arena, "%s%s%.*s", has_kind ? "" : kind, has_kind ? "" : ":",
                           GW_TEXT_ARG(url));
    return ret->data ? GW_OK : GW_FAIL_NOMEM(err);
}

static uint32_t workers_of(const struct gw_engine *engine, const struct gw_store_decl *decl)
{
    return decl->kind == GW_STORE_SQLITE ? 1 : engine->opts.workers; /* SQLite has one writer */
}

/** The lane keeps what it needs of the declaration. */
static void adopt(struct gw_lane *lane, const struct gw_store_decl *decl)
{
    size_t len = GW_MIN(decl->name.len, sizeof(lane->name_bytes));
    memcpy(lane->name_bytes, decl->name.data, len);
    lane->own = *decl;
    lane->own.name = (struct gw_text){lane->name_bytes, len};
    lane->own.url = GW_TEXT_LIT("");
    lane->decl = &lane->own;
}

static gw_rc lane_open(struct gw_engine *engine, const struct gw_store_decl *decl,
                       struct gw_lane *lane, struct gw_err *err)
{
    gw_arena_reset(&engine->scratch);
    struct gw_text url;
    GW_TRY(resolve_url(decl, &engine->scratch, &url, err));
    struct gw_store_pool_opts opts = {
        .config = {.name = decl->name, .url = url, .timeout_ms = engine->opts.store_timeout_ms},
        .workers = workers_of(engine, decl),
        .open_max = GW_LANE_OPEN_MAX,
    };
    memcpy(opts.config.cluster, engine->cluster, sizeof(opts.config.cluster));
    *lane = (struct gw_lane){
        .engine = engine,
        .id = decl->id,
        .address = gw_hash128(gw_text_bytes(url)),
        .workers = opts.workers,
        .backoff_ns = GW_LANE_BACKOFF_MIN_MS * GW_NS_PER_MS,
    };
    adopt(lane, decl);
    struct gw_store_state stored;
    gw_ledger_store_state(engine->ledger, lane->id, &stored);
    lane->park_wanted = lane->parked = stored.parked;
    return gw_store_pool_open(&opts, &lane->pool, err);
}

/** A lane stays connected to where it is: rows pushed there are not in another place of the same name. */
static gw_rc same_address(struct gw_engine *engine, const struct gw_store_decl *decl,
                          const struct gw_lane *lane, struct gw_err *err)
{
    struct gw_text url;
    gw_arena_reset(&engine->scratch);
    GW_TRY(resolve_url(decl, &engine->scratch, &url, err));
    if (gw_hash128_equal(gw_hash128(gw_text_bytes(url)), lane->address))
        return GW_OK;
    return GW_FAIL_CODE(err, GW_INVALID, 2112,
                        "store %.*s: a store keeps its address while the engine runs",
                        GW_TEXT_ARG(decl->name));
}

gw_rc gw_lane_open(struct gw_engine *engine, const struct gw_program *program, struct gw_err *err)
{
    for (uint32_t i = 0; i < program->store_count; i++) {
        if (i < engine->lane_count && engine->lanes[i].id == program->stores[i].id) {
            GW_TRY(same_address(engine, &program->stores[i], &engine->lanes[i], err));
            adopt(&engine->lanes[i], &program->stores[i]);
            continue;
        }
        if (i < engine->lane_count)
            return GW_FAIL_CODE(err, GW_INVALID, 2112,
                                "store %.*s: stores keep their order while the engine runs",
                                GW_TEXT_ARG(program->stores[i].name));
        GW_TRY(lane_open(engine, &program->stores[i], &engine->lanes[i], err));
        engine->lanes[i].position = i;
        engine->lane_count++;
    }
    return GW_OK;
}

static void free_chain(struct gw_store_request *request)
{
    while (request) {
        struct gw_store_request *next = (struct gw_store_request *)(void *)request->msg.next;
        gw_store_request_free(request);
        request = next;
    }
}

void gw_lane_keep(struct gw_engine *engine)
{
    const struct gw_program *program = gw_ledger_program(engine->ledger);
    uint32_t kept = program ? program->store_count : 0;
    for (uint32_t i = 0; i < engine->lane_count && i < kept; i++)
        adopt(&engine->lanes[i], &program->stores[i]);
    while (engine->lane_count > kept) {
        struct gw_lane *lane = &engine->lanes[--engine->lane_count];
        gw_store_pool_stop(lane->pool);
        gw_store_pool_free(lane->pool);
        lane->pool = NULL;
    }
}

void gw_lane_close(struct gw_engine *engine)
{
    for (uint32_t i = 0; i < engine->lane_count; i++)
        gw_store_pool_stop(engine->lanes[i].pool);
}

void gw_lane_free(struct gw_engine *engine)
{
    for (uint32_t i = 0; i < engine->lane_count; i++) {
        free_chain(engine->lanes[i].repeats);
        gw_store_pool_free(engine->lanes[i].pool);
    }
    engine->lane_count = 0;
}

struct gw_lane *gw_lane_find(struct gw_engine *engine, struct gw_text store)
{
    for (uint32_t i = 0; i < engine->lane_count; i++)
        if (gw_text_equal(engine->lanes[i].decl->name, store))
            return &engine->lanes[i];
    return NULL;
}
