#include "sim/engine/world.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/time.h"
#include "sim/os/sim.h"
#include "store/memory_int.h"

const char gw_sim_program_text[] =
    "program bank version 1\n"
    "store a : memory \"sim_a\"\n"
    "store b : memory \"sim_b\"\n"
    "store c : memory \"sim_c\"\n"
    "enum PayErr : u8 { NO_SRC NO_DST SAME INSUFFICIENT }\n"
    "entity Account v1 {\n"
    "  key id: u64\n"
    "  bal: i64\n"
    "  owner: u64\n"
    "  home a.accounts { id->id bal->balance owner->owner_id } role source\n"
    "  home b.konten { id->nr bal->stand owner->wem } role target\n"
    "  onboard prefer a\n"
    "}\n"
    "entity Transfer v1 {\n"
    "  key id: u128\n"
    "  src: u64  dst: u64  amt: i64\n"
    "  home c.transfers { * } role target\n"
    "}\n"
    "entity Note v1 {\n"
    "  key k: u64\n"
    "  val: u64\n"
    "  home b.notes { * } role target\n"
    "  home c.notizen { k->k val->wert } role target\n"
    "}\n"
    "table Owns { key (owner: u64, acc: u64) }\n"
    "counter total : i64 = sum(Account.bal)\n"
    "counter in_owner[u64] : u32 = count(Account) by owner\n"
    "txn pay(src: u64, dst: u64, amt: i64) -> (i64, i64) | PayErr {\n"
    "  require src != dst else fail SAME\n"
    "  x := Account[src] else fail NO_SRC\n"
    "  y := Account[dst] else fail NO_DST\n"
    "  if x.bal < amt { fail INSUFFICIENT }\n"
    "  x.bal -= amt\n"
    "  y.bal += amt\n"
    "  t := Transfer.create { id: new_id(), src, dst, amt }\n"
    "  return (x.bal, t.amt)\n"
    "}\n"
    "txn put(k: u64, v: u64) -> u64 {\n"
    "  if Note.exists(k) {\n"
    "    n := Note[k]!\n"
    "    old := n.val\n"
    "    n.val = v\n"
    "    return old\n"
    "  }\n"
    "  m := Note.create { k, val: v }\n"
    "  return m.val - v\n"
    "}\n"
    "txn drop(k: u64) -> u64 {\n"
    "  if Note.exists(k) {\n"
    "    n := Note[k]!\n"
    "    old := n.val\n"
    "    delete Note[k]\n"
    "    return old\n"
    "  }\n"
    "  return 0\n"
    "}\n"
    "txn move(id: u64, owner: u64) -> u64 {\n"
    "  x := Account[id]!\n"
    "  old := x.owner\n"
    "  x.owner = owner\n"
    "  Owns.put(owner, id)\n"
    "  return old\n"
    "}\n"
    "view money() -> i64 {\n"
    "  s := i64(0)\n"
    "  for i in 0..12 { s += Account[u64(i)]!.bal }\n"
    "  return s\n"
    "}\n"
    "view note(k: u64) -> u64 {\n"
    "  if Note.exists(k) { return Note[k]!.val }\n"
    "  return 0\n"
    "}\n"
    "view counted() -> i64 { return total }\n"
    "daemon fetch_all() slice 4000u {\n"
    "  for page in scan a.accounts by id pages of 4 {\n"
    "    for r in page { onboard Account[r.id] }\n"
    "    yield\n"
    "  }\n"
    "}\n";

/* ---- oracle O4: what triggers in the stores log ---- */

static void wrong(struct gw_sim_world *world, const char *oracle, const char *fmt, ...)
    GW_PRINTF(3, 4);
static void wrong(struct gw_sim_world *world, const char *oracle, const char *fmt, ...)
{
    if (world->wrong != NULL)
        return;
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(world->wrong_text, sizeof(world->wrong_text), fmt, args);
    va_end(args);
    world->wrong = oracle;
}

static struct gw_sim_row_log *row_log(struct gw_sim_world *world, uint32_t home_id,
                                      struct gw_bytes key)
{
    uint64_t hash = gw_hash64(key, 0);
    for (uint32_t i = 0; i < world->row_count; i++)
        if (world->rows[i].home_id == home_id && world->rows[i].key_hash == hash)
            return &world->rows[i];
    GW_ASSERT(world->row_count < GW_SIM_WRITES_MAX);
    struct gw_sim_row_log *row = &world->rows[world->row_count++];
    *row = (struct gw_sim_row_log){.home_id = home_id, .key_hash = hash};
    return row;
}

static void on_write(void *ctx, const struct gw_memory_write *write)
{
    struct gw_sim_world *world = ctx;
    struct gw_sim_row_log *row = row_log(world, write->home_id, write->key);
    world->writes++;
    gw_sim_note("write %08x key %llx: %d v%" PRIu64 " -> %d v%" PRIu64 "%s", write->home_id,
                (unsigned long long)row->key_hash, write->before.present,
                (uint64_t)write->before.ver, write->after.present, (uint64_t)write->after.ver,
                write->foreign ? " foreign" : "");
    if (write->foreign) {
        row->foreign = true;
        row->is = write->after;
        return;
    }
    if (row->foreign)
        wrong(world, "foreign", "home %08x: a foreign change was overwritten", write->home_id);
    if (write->after.present) {
        if (write->after.ver <= row->ver)
            wrong(world, "O4", "home %08x: version %" PRIu64 " was written after %" PRIu64,
                  write->home_id, (uint64_t)write->after.ver, (uint64_t)row->ver);
        row->ver = GW_MAX(row->ver, write->after.ver);
    }
    row->writes++;
    row->is = write->after;
    if (world->plant == GW_SIM_ENGINE_PLANT_WRITE_TWICE && world->writes == 100)
        on_write(ctx, write);
}

/* ---- moods ---- */

static struct gw_sim_store *store_of(struct gw_sim_world *world, void *ctx)
{
    (void)world;
    return ctx;
}

/** Hooks have one context: the store; the world is found through this. */
static struct gw_sim_world *the_world;

static enum gw_memory_fault on_call(void *ctx, enum gw_store_call call, uint32_t slot,
                                    uint32_t rows)
{
    static const enum gw_memory_fault faults[] = {GW_MEMORY_UNREACHABLE, GW_MEMORY_DENIED,
                                                  GW_MEMORY_TIMEOUT,     GW_MEMORY_LOSE_BEFORE,
                                                  GW_MEMORY_LOSE_AFTER,  GW_MEMORY_HOLD};
    struct gw_sim_world *world = the_world;
    struct gw_sim_store *store = store_of(world, ctx);
    (void)slot;
    (void)rows;
    world->pushes += call == GW_STORE_CALL_PUSH;
    if (world->is_quiet)
        return GW_MEMORY_GOOD;
    if (gw_sim_now() < store->down_until_ns)
        return GW_MEMORY_UNREACHABLE;
    if (!gw_rand_chance(&world->rand, store->faults_per_mille, 1000))
        return GW_MEMORY_GOOD;
    world->faults_met++;
    return faults[gw_rand_below(&world->rand, GW_COUNT_OF(faults) - (call != GW_STORE_CALL_PUSH))];
}

/** Now and then a store refuses a row for reasons of its own. */
static enum gw_store_class on_row(void *ctx, const struct gw_store_item *item)
{
    struct gw_sim_world *world = the_world;
    (void)ctx;
    (void)item;
    if (world->is_quiet || !world->refuses || !gw_rand_chance(&world->rand, 1, 60))
        return GW_STORE_CLASS_NONE;
    world->faults_met++;
    return gw_rand_chance(&world->rand, 1, 2) ? GW_STORE_CLASS_UNIQUE : GW_STORE_CLASS_CHECK;
}

static int64_t hold_ns(void *ctx, enum gw_store_call call, uint32_t rows, bool before)
{
    struct gw_sim_world *world = the_world;
    struct gw_sim_store *store = store_of(world, ctx);
    uint64_t us_max = world->is_quiet ? 500 : gw_sim_now() < store->slow_until_ns ? 400000 : 2000;
    (void)call;
    (void)rows;
    (void)before;
    return (int64_t)gw_rand_below(&world->rand, us_max) * GW_NS_PER_US;
}

static const struct gw_home *keep_home(void *ctx, const struct gw_home *home)
{
    (void)ctx;
    for (uint32_t i = 0; i < the_world->program->home_count; i++)
        if (the_world->program->homes[i]->home.id == home->id)
            return &the_world->program->homes[i]->home;
    GW_UNREACHABLE_CODE();
}

static void on_write_of(void *ctx, const struct gw_memory_write *write)
{
    (void)ctx;
    on_write(the_world, write);
}

/** Planted: store b as it was some pushes ago, fences included but for their epoch. */
static void go_back(struct gw_sim_world *world)
{
    struct gw_memory *memory = world->stores[1].memory;
    if (world->old == NULL && world->pushes >= 10)
        (void)gw_memory_snap(memory, &world->old, NULL);
    if (world->old == NULL || world->pushes < 30 || world->went_back)
        return;
    world->went_back = true;
    (void)gw_memory_restore(memory, world->old, NULL);
}

void gw_sim_world_act(struct gw_sim_world *world)
{
    if (world->plant == GW_SIM_ENGINE_PLANT_GO_BACK)
        go_back(world);
    struct gw_sim_store *store = &world->stores[gw_rand_below(&world->rand, GW_SIM_STORES)];
    int64_t ms = (int64_t)gw_rand_below(&world->rand, 300) * GW_NS_PER_MS;
    switch (gw_rand_below(&world->rand, 8)) {
    case 0:
        store->down_until_ns = gw_sim_now() + ms;
        break;
    case 1:
        store->slow_until_ns = gw_sim_now() + ms;
        break;
    case 2:
        store->faults_per_mille = (uint32_t)gw_rand_below(&world->rand, 400);
        break;
    case 3:
        store->faults_per_mille = 0;
        break;
    default:
        (void)gw_memory_release(store->memory);
        break;
    }
}

void gw_sim_world_heal(struct gw_sim_world *world)
{
    world->is_quiet = true;
    for (uint32_t i = 0; i < GW_SIM_STORES; i++)
        (void)gw_memory_release(world->stores[i].memory);
}

/* ---- life ---- */

static const struct gw_home *home_of(const struct gw_sim_world *world, const char *name)
{
    for (uint32_t i = 0; i < world->program->home_count; i++)
        if (gw_text_is(world->program->homes[i]->home.name, name))
            return &world->program->homes[i]->home;
    GW_UNREACHABLE_CODE();
}

static void must(gw_rc rc, const struct gw_err *err)
{
    if (rc < 0)
        gw_panic(err->msg, err->file, err->line);
}

static struct gw_store *connect(struct gw_sim_world *world, uint32_t i)
{
    struct gw_err err;
    struct gw_store *store;
    const struct gw_store_config config = {
        .name = gw_text(world->stores[i].name),
        .url = world->program->stores[i].url.len
                   ? gw_arena_printf(&world->arena, "memory:%s", world->stores[i].name)
                   : gw_text(""),
        .slot = 60,
        .timeout_ms = 1000};
    must(gw_store_open(&config, &store, &err), &err);
    return store;
}

/** As `godwit engine prepare` does. */
static void prepare(struct gw_sim_world *world, uint32_t i)
{
    struct gw_err err;
    struct gw_store *store = connect(world, i);
    const struct gw_home *homes[8];
    uint32_t count = 0;
    for (uint32_t h = 0; h < world->program->home_count; h++)
        if (world->program->homes[h]->home.store == i)
            homes[count++] = &world->program->homes[h]->home;
    must(store->ops->prepare(store, homes, count, &err), &err);
    gw_store_close(store);
}

static void put_rows(struct gw_sim_world *world)
{
    struct gw_err err;
    const struct gw_home *home = home_of(world, "a.accounts");
    for (uint64_t id = 0; id < GW_SIM_ACCOUNTS; id++) {
        const union gw_value row[] = {{.u = id}, {.i = GW_SIM_MONEY}, {.u = id % 3}};
        must(gw_memory_put(world->stores[0].memory, home, row, GW_VERSION_NONE, &err), &err);
    }
    for (uint32_t i = 0; i < world->row_count; i++)
        world->rows[i].foreign = false; /* the business wrote these before we came */
}

void gw_sim_world_init(struct gw_sim_world *world, uint64_t seed, enum gw_sim_engine_plant plant)
{
    static const char *const names[GW_SIM_STORES] = {"sim_a", "sim_b", "sim_c"};
    struct gw_diags diags = {0};
    struct gw_err err;
    *world = (struct gw_sim_world){.plant = plant};
    the_world = world;
    gw_rand_init(&world->rand, seed ^ UINT64_C(0x5707e5));
    world->refuses = gw_rand_chance(&world->rand, 1, 3);
    gw_arena_init(&world->arena, gw_sim_world_heap(), 64 << 20);
    world->rows = GW_NEW_ARRAY(&world->arena, struct gw_sim_row_log, GW_SIM_WRITES_MAX);
    must(gw_lang_compile(gw_text("bank"), gw_text(gw_sim_program_text), &gw_lang_limits_default,
                         &world->arena, &diags, &world->program, &err),
         &err);
    for (uint32_t i = 0; i < GW_SIM_STORES; i++) {
        world->stores[i].name = names[i];
        if (gw_rand_chance(&world->rand, 1, 2))
            world->stores[i].faults_per_mille = (uint32_t)gw_rand_below(&world->rand, 200);
        must(gw_memory_of(gw_text(names[i]), &world->stores[i].memory, &err), &err);
        prepare(world, i);
        const struct gw_memory_hooks hooks = {.ctx = &world->stores[i],
                                              .on_call = on_call,
                                              .on_row = on_row,
                                              .on_write = on_write_of,
                                              .keep_home = keep_home,
                                              .hold_ns = hold_ns};
        gw_memory_set_hooks(world->stores[i].memory, &hooks);
    }
    put_rows(world);
}

void gw_sim_world_process_died(struct gw_sim_world *world)
{
    for (uint32_t i = 0; i < GW_SIM_STORES; i++)
        world->stores[i].memory->connections = 0;
}

void gw_sim_world_done(struct gw_sim_world *world)
{
    gw_sim_world_process_died(world);
    gw_memory_snap_free(world->old);
    for (uint32_t i = 0; i < GW_SIM_STORES; i++)
        gw_memory_drop(world->stores[i].memory);
    gw_arena_done(&world->arena);
    the_world = NULL;
}

/* ---- the foreign writer ---- */

/**
 * @settled  the engine knows of a write of its own to this row. Before that it expects what was there before, so a row
 *           that landed unheard and was deleted looks as if it had never landed, and the first version may be any
 *           (record/classify.h: the value alone decides): neither can be told from outside.
 */
static bool deed(struct gw_sim_world *world, struct gw_memory *memory, const struct gw_home *home,
                 uint64_t id, bool settled)
{
    const union gw_value key = {.u = id};
    const union gw_value money = {.i = 77};
    gw_rc rc = GW_NOTFOUND;
    const char *what = "";
    uint64_t kind = gw_rand_below(&world->rand, 3);
    switch (settled ? kind : 0) {
    case 0:
        what = "a field";
        rc = gw_memory_set(memory, home, &key, 1, money, NULL);
        break;
    case 1:
        what = "the version";
        rc = gw_memory_set_ver(memory, home, &key, 100000, NULL);
        break;
    default:
        what = "delete";
        rc = gw_memory_delete(memory, home, &key, NULL);
        break;
    }
    (void)snprintf(world->foreign_text, sizeof(world->foreign_text), "%s of %.*s[%" PRIu64 "]",
                   what, GW_TEXT_ARG(home->name), id);
    return rc == GW_OK;
}

bool gw_sim_world_foreign(struct gw_sim_world *world)
{
    bool in_b = gw_rand_chance(&world->rand, 1, 2);
    const struct gw_home *home = home_of(world, in_b ? "b.konten" : "a.accounts");
    uint64_t id = gw_rand_below(&world->rand, GW_SIM_ACCOUNTS);
    uint8_t memory[32];
    struct gw_buf key;
    const union gw_value value[] = {{.u = id}, {.i = 0}, {.u = 0}};
    gw_buf_init_fixed(&key, memory, sizeof(memory));
    gw_home_key(home, value, &key);
    const struct gw_sim_row_log *row = row_log(world, home->id, gw_buf_bytes(&key));
    if (row->writes == 0 || !row->is.present || world->has_foreign)
        return false;
    struct gw_memory *store = world->stores[in_b].memory;
    if (world->plant == GW_SIM_ENGINE_PLANT_BLIND)
        (void)gw_memory_snap(store, &world->old, NULL);
    if (!deed(world, store, home, id, row->writes >= 2))
        return false;
    if (world->plant == GW_SIM_ENGINE_PLANT_BLIND)
        (void)gw_memory_restore(store, world->old, NULL);
    if (world->plant == GW_SIM_ENGINE_PLANT_OVERWRITE)
        on_write(world, &(struct gw_memory_write){.home_id = home->id,
                                                  .key = gw_buf_bytes(&key),
                                                  .after = {.present = true, .ver = row->ver + 1}});
    world->has_foreign = true;
    world->foreign_home = home;
    world->foreign_id = id;
    gw_sim_note("foreign writer: %s", world->foreign_text);
    return true;
}

void gw_sim_world_rows(struct gw_sim_world *world, const char *name, struct gw_sim_rows *ret)
{
    struct gw_err err;
    const struct gw_home *home = home_of(world, name);
    bool was_quiet = world->is_quiet;
    world->is_quiet = true;
    gw_memory_set_down(world->stores[home->store].memory, false);
    struct gw_store *store = connect(world, home->store);
    struct gw_arena_mark mark = gw_arena_mark(&world->arena);
    struct gw_store_page page;
    *ret = (struct gw_sim_rows){0};
    must(store->ops->scan(store, home, NULL, GW_COUNT_OF(ret->items), &world->arena, &page, &err),
         &err);
    for (uint32_t i = 0; i < page.count; i++) {
        ret->items[ret->count].id = (uint64_t)page.rows[i].columns[0].u;
        ret->items[ret->count].number = (int64_t)page.rows[i].columns[1].i;
        ret->items[ret->count++].ver = page.rows[i].ver;
    }
    gw_arena_back_to(&world->arena, mark);
    gw_store_close(store);
    world->is_quiet = was_quiet;
}
