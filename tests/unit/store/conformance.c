#include "conformance.h"

#include <stdio.h>

enum { ID, BAL, NAME, FROZEN, AT }; /* columns of accounts */

/* ---- types and homes ---- */

static const struct gw_type t_i64 = {.kind = GW_TYPE_I64};
static const struct gw_type t_i32 = {.kind = GW_TYPE_I32};
static const struct gw_type t_bool = {.kind = GW_TYPE_BOOL};
static const struct gw_type t_dec = {.kind = GW_TYPE_DEC, .precision = 15, .scale = 2};
static const struct gw_type t_dec38 = {.kind = GW_TYPE_DEC, .precision = 38, .scale = 10};
static const struct gw_type t_str = {.kind = GW_TYPE_STR, .max = 200};
static const struct gw_type t_us = {.kind = GW_TYPE_TIME, .unit = GW_TIME_US};
static const struct gw_type t_s = {.kind = GW_TYPE_TIME, .unit = GW_TIME_S};
static const struct gw_type t_dur = {.kind = GW_TYPE_DUR};
static const struct gw_type t_u64 = {.kind = GW_TYPE_U64};
static const struct gw_type t_u128 = {.kind = GW_TYPE_U128};
static const struct gw_type t_i128 = {.kind = GW_TYPE_I128};
static const struct gw_type t_bytes = {.kind = GW_TYPE_BYTES, .max = 64};
static const struct gw_type t_uuid = {.kind = GW_TYPE_UUID};
static const struct gw_type t_real = {.kind = GW_TYPE_REAL};
static const struct gw_enum_member colours[] = {{{"RED", 3}, 0}, {{"GREEN", 5}, 7}};
static const struct gw_enum colour = {{"Colour", 6}, GW_TYPE_U8, colours, 2};
static const struct gw_type t_enum = {.kind = GW_TYPE_ENUM, .members = &colour};
static const struct gw_type *const str_item[] = {&t_str};
static const struct gw_type t_opt_str = {.kind = GW_TYPE_OPT, .items = str_item, .item_count = 1};

#define COLUMN(text, t, key)              \
    {                                     \
        {text, sizeof(text) - 1}, &t, key \
    }
static const struct gw_column account_columns[] = {
    COLUMN("id", t_i64, true),       COLUMN("bal", t_dec, false), COLUMN("name", t_opt_str, false),
    COLUMN("frozen", t_bool, false), COLUMN("at", t_us, false),
};
static const struct gw_column pair_columns[] = {
    COLUMN("v", t_str, false), COLUMN("region", t_str, true), COLUMN("n", t_i32, true)};
static const struct gw_column value_columns[] = {
    COLUMN("id", t_i64, true),      COLUMN("d38", t_dec38, false), COLUMN("u64", t_u64, false),
    COLUMN("u128", t_u128, false),  COLUMN("i128", t_i128, false), COLUMN("s", t_str, false),
    COLUMN("os", t_opt_str, false), COLUMN("b", t_bytes, false),   COLUMN("uuid", t_uuid, false),
    COLUMN("r", t_real, false),     COLUMN("e", t_enum, false),    COLUMN("ts", t_s, false),
    COLUMN("dur", t_dur, false),
};
static const uint32_t first_key[] = {0};
static const uint32_t pair_key[] = {1, 2};
#define HOME(place_, id_, cols, keys, mode)                                                        \
    {                                                                                              \
        .name = {"st." place_, sizeof("st." place_) - 1}, .id = id_, .entity_id = id_ + 100,       \
        .place = {place_, sizeof(place_) - 1}, .columns = cols, .column_count = GW_COUNT_OF(cols), \
        .key_columns = keys, .key_count = GW_COUNT_OF(keys), .versions = mode,                     \
        .role = GW_HOME_TARGET, .image_bytes_max = 8192                                            \
    }
static const struct gw_home accounts =
    HOME("accounts", 11, account_columns, first_key, GW_HOME_INLINE);
static const struct gw_home beside =
    HOME("beside", 12, account_columns, first_key, GW_HOME_SIDECAR);
static const struct gw_home pairs = HOME("pairs", 13, pair_columns, pair_key, GW_HOME_INLINE);
static const struct gw_home values = HOME("values", 14, value_columns, first_key, GW_HOME_INLINE);
const struct gw_home *const conformance_homes[] = {&accounts, &beside, &pairs, &values};
const uint32_t conformance_home_count = GW_COUNT_OF(conformance_homes);

const struct gw_home *conformance_home(const char *place)
{
    for (uint32_t i = 0; i < conformance_home_count; i++)
        if (gw_text_is(conformance_homes[i]->place, place))
            return conformance_homes[i];
    return NULL;
}

/* ---- the fixture ---- */

static const struct backend *backend;

struct fixture {
    void *ctx;
    struct gw_store *store; /* slot 1 */
    struct gw_arena arena;
    uint64_t epoch, attempt;
    struct gw_err err;
};

static struct gw_store *connect(struct fixture *f, uint8_t cluster, uint32_t slot)
{
    struct gw_store_config config = {
        .name = GW_TEXT_LIT("st"), .url = backend->url(f->ctx), .slot = slot, .timeout_ms = 2000};
    memset(config.cluster, cluster, sizeof(config.cluster));
    struct gw_store *store = NULL;
    assert_ok(gw_store_open(&config, &store, &f->err), &f->err);
    return store;
}

static int setup(void **state)
{
    static struct fixture fixture;
    struct fixture *f = &fixture;
    *f = (struct fixture){.ctx = backend->setup(), .epoch = 5, .attempt = 1};
    gw_arena_init(&f->arena, &gw_kit_alloc, 64 << 20);
    f->store = connect(f, 1, 1);
    assert_ok(f->store->ops->prepare(f->store, conformance_homes, conformance_home_count, &f->err),
              &f->err);
    assert_ok(f->store->ops->fence_raise(f->store, 1, f->epoch, f->attempt, &f->err), &f->err);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    gw_store_close(f->store);
    gw_arena_done(&f->arena);
    backend->teardown(f->ctx);
    return 0;
}

/* ---- rows ---- */

static union gw_value number(int64_t i)
{
    return (union gw_value){.i = i};
}

static union gw_value text(const char *zero_terminated)
{
    return (union gw_value){.bytes = gw_text_bytes(gw_text(zero_terminated))};
}

static union gw_value some(struct fixture *f, union gw_value value)
{
    union gw_value *copy = GW_NEW(&f->arena, union gw_value);
    assert_non_null(copy);
    *copy = value;
    return (union gw_value){.opt = copy};
}

static union gw_value *account(struct fixture *f, int64_t id, int64_t cents, const char *name)
{
    union gw_value *columns = GW_NEW_ARRAY(&f->arena, union gw_value, 5);
    assert_non_null(columns);
    columns[ID] = number(id);
    columns[BAL] = number(cents);
    columns[NAME] = name != NULL ? some(f, text(name)) : (union gw_value){.opt = NULL};
    columns[FROZEN] = number(1);
    columns[AT] = number(INT64_C(1772446272000481));
    return columns;
}

static union gw_value *pair(struct fixture *f, const char *region, int32_t n, const char *v)
{
    union gw_value *columns = GW_NEW_ARRAY(&f->arena, union gw_value, 3);
    assert_non_null(columns);
    columns[0] = text(v);
    columns[1] = text(region);
    columns[2] = number(n);
    return columns;
}

static const union gw_value *key_of(struct fixture *f, const struct gw_home *home,
                                    const union gw_value *columns)
{
    union gw_value *key = GW_NEW_ARRAY(&f->arena, union gw_value, home->key_count);
    assert_non_null(key);
    for (uint32_t i = 0; i < home->key_count; i++)
        key[i] = columns[home->key_columns[i]];
    return key;
}

static struct gw_bytes image_of(struct fixture *f, const struct gw_home *home,
                                const union gw_value *columns)
{
    struct gw_buf buf;
    gw_buf_init(&buf, &gw_kit_alloc, 65536);
    gw_home_image(home, columns, &buf);
    struct gw_bytes image = gw_arena_copy(&f->arena, gw_buf_bytes(&buf));
    gw_buf_done(&buf);
    return image;
}

static const struct gw_seen absent = {.ver = GW_VERSION_NONE};

/* From acked to (columns, ver); columns NULL: to a tombstone of `ver`, `row` gives the key. */
static struct gw_store_item item(struct fixture *f, const struct gw_home *home,
                                 struct gw_seen acked, const union gw_value *row, bool is_living,
                                 gw_version ver)
{
    struct gw_store_item it = {
        .home = home, .key = key_of(f, home, row), .acked = acked, .read_back = true};
    it.intent.ver = ver;
    if (!is_living)
        return it;
    it.columns = row;
    it.image = image_of(f, home, row);
    it.intent.present = true;
    it.intent.hash = gw_home_hash(home, it.image);
    return it;
}

static gw_rc try_push(struct fixture *f, const struct gw_store_item *items, uint32_t count,
                      struct gw_store_result *ret)
{
    return f->store->ops->push(f->store, f->epoch, f->attempt, items, count, &f->arena, ret,
                               &f->err);
}

static struct gw_store_result push(struct fixture *f, const struct gw_store_item *it)
{
    struct gw_store_result result;
    assert_ok(try_push(f, it, 1, &result), &f->err);
    if (result.outcome == GW_STORE_REFUSED)
        print_message("refused: %.*s\n", GW_TEXT_ARG(result.text));
    return result;
}

static struct gw_seen applied(struct fixture *f, const struct gw_store_item *it)
{
    assert_int_equal(push(f, it).outcome, GW_STORE_APPLIED);
    return it->intent;
}

static struct gw_store_row fetch(struct fixture *f, const struct gw_home *home,
                                 const union gw_value *row)
{
    const union gw_value *key = key_of(f, home, row);
    struct gw_store_row found;
    assert_ok(f->store->ops->fetch(f->store, home, &key, 1, &f->arena, &found, &f->err), &f->err);
    if (found.problem.data != NULL)
        print_message("problem: %.*s\n", GW_TEXT_ARG(found.problem));
    return found;
}

static void assert_is(struct fixture *f, const struct gw_home *home, const union gw_value *row,
                      const struct gw_seen *expected)
{
    struct gw_store_row found = fetch(f, home, row);
    assert_int_equal(found.present, expected->present);
    assert_non_null(found.key);
    if (!expected->present)
        return;
    assert_true(found.ver == expected->ver);
    assert_memory_equal(found.hash.bytes, expected->hash.bytes, 16);
    assert_true(gw_bytes_equal(found.image, image_of(f, home, found.columns)));
}

/* ---- pushing ---- */

static void life_of(struct fixture *f, const struct gw_home *home)
{
    union gw_value *row = account(f, 7, 12050, "O'Brien \"x\" é \xF0\x9F\x90\xA6");
    struct gw_store_item insert = item(f, home, absent, row, true, 1);
    struct gw_seen v1 = applied(f, &insert);
    assert_is(f, home, row, &v1);
    assert_int_equal(push(f, &insert).outcome, GW_STORE_ALREADY);

    union gw_value *changed = account(f, 7, -5, NULL);
    struct gw_store_item update = item(f, home, v1, changed, true, 2);
    struct gw_seen v2 = applied(f, &update);
    assert_is(f, home, row, &v2);
    assert_int_equal(push(f, &update).outcome, GW_STORE_ALREADY);

    struct gw_store_item remove = item(f, home, v2, row, false, 3);
    struct gw_seen v3 = applied(f, &remove);
    assert_is(f, home, row, &v3);
    assert_int_equal(push(f, &remove).outcome, GW_STORE_ALREADY);

    struct gw_store_item again = item(f, home, v3, row, true, 4);
    struct gw_seen v4 = applied(f, &again);
    assert_is(f, home, row, &v4);
}

static void a_row_lives_is_repeated_dies_and_comes_back(void **state)
{
    life_of(*state, &accounts);
    life_of(*state, &beside);
}

/* One foreign change between two pushes; then the second push must find it and write nothing. */
static void found_as(struct fixture *f, const struct gw_home *home, const union gw_value *row,
                     const struct gw_store_item *next, enum gw_conflict expected)
{
    struct gw_store_row before = fetch(f, home, row);
    struct gw_store_result result = push(f, next);
    assert_int_equal(result.outcome, GW_STORE_CONFLICT);
    assert_int_equal(result.conflict, expected);
    assert_int_equal(result.found.present, before.present);
    struct gw_seen same = {before.present, before.ver, before.hash};
    assert_is(f, home, row, &same);
    if (before.present)
        assert_memory_equal(result.found.hash.bytes, before.hash.bytes, 16);
}

static void conflicts_of(struct fixture *f, const struct gw_home *home)
{
    for (int64_t id = 1; id <= 7; id++) {
        union gw_value *row = account(f, id, 100, NULL);
        struct gw_store_item insert = item(f, home, absent, row, true, 5);
        if (id == 7) { /* nothing of ours: somebody inserts before we do */
            backend->put(f->ctx, home, account(f, id, 1, NULL), GW_VERSION_NONE);
            found_as(f, home, row, &insert, GW_CONFLICT_INSERTED);
            continue;
        }
        struct gw_store_item next =
            item(f, home, applied(f, &insert), account(f, id, 200, NULL), true, 6);
        const union gw_value *key = key_of(f, home, row);
        if (id == 1 || id == 3 || id == 6)
            backend->set(f->ctx, home, key, BAL, number(999));
        if (id == 2 || id == 3)
            backend->set_ver(f->ctx, home, key, 9);
        if (id == 4)
            backend->set_ver(f->ctx, home, key, GW_VERSION_NONE);
        if (id == 5)
            backend->remove(f->ctx, home, key);
        if (id == 6)
            backend->set_ver(f->ctx, home, key, 4);
        static const enum gw_conflict expected[] = {
            [1] = GW_CONFLICT_WRONG_IMAGE,   [2] = GW_CONFLICT_WRONG_VERSION,
            [3] = GW_CONFLICT_FOREIGN_WRITE, [4] = GW_CONFLICT_VERSION_NULL,
            [5] = GW_CONFLICT_DELETED,       [6] = GW_CONFLICT_WENT_BACK};
        found_as(f, home, row, &next, expected[id]);
    }
}

static void every_foreign_change_is_found_and_nothing_is_written(void **state)
{
    conflicts_of(*state, &accounts);
    conflicts_of(*state, &beside);
}

static void a_restored_backup_is_seen_as_going_back(void **state)
{
    struct fixture *f = *state;
    union gw_value *row = account(f, 1, 100, NULL);
    struct gw_store_item v1 = item(f, &accounts, absent, row, true, 1);
    struct gw_seen seen1 = applied(f, &v1);
    backend->back_up(f->ctx);
    struct gw_store_item v2 = item(f, &accounts, seen1, account(f, 1, 200, NULL), true, 2);
    struct gw_seen seen2 = applied(f, &v2);
    gw_store_close(f->store);
    backend->go_back(f->ctx);
    f->store = connect(f, 1, 1);
    struct gw_store_item v3 = item(f, &accounts, seen2, account(f, 1, 300, NULL), true, 3);
    found_as(f, &accounts, row, &v3, GW_CONFLICT_WENT_BACK);
}

static void rows_never_pushed_take_their_first_version(void **state)
{
    struct fixture *f = *state;
    union gw_value *row = account(f, 3, 100, "old");
    backend->put(f->ctx, &accounts, row, GW_VERSION_NONE);
    struct gw_store_row found = fetch(f, &accounts, row);
    assert_true(found.present && found.ver == GW_VERSION_NONE);
    struct gw_seen acked = {true, GW_VERSION_NONE, found.hash};
    struct gw_store_item first = item(f, &accounts, acked, account(f, 3, 150, "old"), true, 1);
    struct gw_seen v1 = applied(f, &first);
    assert_is(f, &accounts, row, &v1);
}

static void a_refused_row_leaves_the_others_alone(void **state)
{
    struct fixture *f = *state;
    struct gw_store_item items[3] = {
        item(f, &accounts, absent, account(f, 1, 10, "taken"), true, 1),
        item(f, &accounts, absent, account(f, 2, 20, "taken"), true, 1),
        item(f, &accounts, absent, account(f, 3, 30, "free"), true, 1)};
    struct gw_store_result results[3];
    assert_ok(try_push(f, items, 3, results), &f->err);
    assert_int_equal(results[0].outcome, GW_STORE_APPLIED);
    assert_int_equal(results[1].outcome, GW_STORE_REFUSED);
    assert_int_equal(results[1].cls, GW_STORE_CLASS_UNIQUE);
    assert_true(results[1].text.len > 0 && results[1].text.len <= 256);
    assert_int_equal(results[2].outcome, GW_STORE_APPLIED);
    assert_is(f, &accounts, items[0].columns, &items[0].intent);
    assert_is(f, &accounts, items[1].columns, &absent);
    assert_is(f, &accounts, items[2].columns, &items[2].intent);
}

static void a_group_is_written_whole_or_not_at_all(void **state)
{
    struct fixture *f = *state;
    struct gw_store_item items[6] = {
        item(f, &accounts, absent, account(f, 1, 10, "taken"), true, 1),
        item(f, &beside, absent, account(f, 5, 10, NULL), true, 1),
        item(f, &accounts, absent, account(f, 2, 20, "taken"), true, 1),
        item(f, &accounts, absent, account(f, 3, 30, "free"), true, 1),
        item(f, &accounts, absent, account(f, 4, 40, NULL), true, 1),
        item(f, &beside, absent, account(f, 4, 40, NULL), true, 1)};
    items[1].group = items[2].group = items[3].group = 1;
    items[4].group = items[5].group = 2;
    struct gw_store_result results[6];
    assert_ok(try_push(f, items, 6, results), &f->err);
    assert_int_equal(results[0].outcome, GW_STORE_APPLIED);
    for (int i = 1; i <= 3; i++)
        assert_int_equal(results[i].outcome, GW_STORE_REFUSED);
    assert_int_equal(results[1].cls, GW_STORE_CLASS_DEPENDENT);
    assert_int_equal(results[2].cls, GW_STORE_CLASS_UNIQUE);
    assert_int_equal(results[3].cls, GW_STORE_CLASS_DEPENDENT);
    assert_int_equal(results[4].outcome, GW_STORE_APPLIED);
    assert_int_equal(results[5].outcome, GW_STORE_APPLIED);
    assert_is(f, &beside, items[1].columns, &absent);
    assert_is(f, &accounts, items[3].columns, &absent);
    assert_is(f, &beside, items[5].columns, &items[5].intent);
}

static void a_conflict_keeps_its_group_back_and_is_named(void **state)
{
    struct fixture *f = *state;
    struct gw_store_item one = item(f, &accounts, absent, account(f, 1, 10, NULL), true, 1);
    struct gw_store_item two = item(f, &accounts, absent, account(f, 2, 10, NULL), true, 1);
    backend->put(f->ctx, &accounts, account(f, 2, 77, NULL), 3);
    one.group = two.group = 9;
    struct gw_store_item items[2] = {one, two};
    struct gw_store_result results[2];
    assert_ok(try_push(f, items, 2, results), &f->err);
    assert_int_equal(results[0].outcome, GW_STORE_REFUSED);
    assert_int_equal(results[0].cls, GW_STORE_CLASS_DEPENDENT);
    assert_int_equal(results[1].outcome, GW_STORE_CONFLICT);
    assert_int_equal(results[1].conflict, GW_CONFLICT_INSERTED);
    assert_is(f, &accounts, one.columns, &absent);
}

/* ---- the fence ---- */

static void only_the_exact_fence_may_write(void **state)
{
    struct fixture *f = *state;
    struct gw_store_item it = item(f, &accounts, absent, account(f, 1, 10, NULL), true, 1);
    struct gw_store_result result;
    static const uint64_t others[][2] = {{5, 0}, {5, 2}, {4, 1}, {6, 1}};
    for (size_t i = 0; i < GW_COUNT_OF(others); i++) {
        f->epoch = others[i][0];
        f->attempt = others[i][1];
        assert_int_equal(try_push(f, &it, 1, &result), GW_CONFLICT);
    }
    assert_is(f, &accounts, it.columns, &absent);
    f->epoch = 5;
    f->attempt = 1;
    applied(f, &it);
}

static void a_fence_only_rises_and_belongs_to_one_cluster(void **state)
{
    struct fixture *f = *state;
    struct gw_store_fence fence;
    const struct gw_store_ops *ops = f->store->ops;
    assert_ok(ops->fence_read(f->store, 2, &fence, &f->err), &f->err);
    assert_false(fence.present);
    assert_ok(ops->fence_raise(f->store, 1, 5, 3, &f->err), &f->err);
    assert_ok(ops->fence_raise(f->store, 1, 5, 2, &f->err), &f->err); /* lower: stays */
    assert_ok(ops->fence_read(f->store, 1, &fence, &f->err), &f->err);
    assert_true(fence.present && fence.epoch == 5 && fence.attempt == 3);
    assert_int_equal(ops->fence_raise(f->store, 1, 4, 9, &f->err), GW_CONFLICT);
    assert_ok(ops->fence_raise(f->store, 1, 8, 0, &f->err), &f->err); /* a new epoch counts anew */
    assert_ok(ops->fence_read(f->store, 1, &fence, &f->err), &f->err);
    assert_true(fence.epoch == 8 && fence.attempt == 0);

    struct gw_store *foreign = connect(f, 2, 3);
    assert_int_equal(ops->fence_raise(foreign, 3, 100, 0, &f->err), GW_CONFLICT);
    assert_ok(ops->fence_take_over(foreign, fence.cluster, &f->err), &f->err);
    assert_ok(ops->fence_raise(foreign, 1, 1, 0, &f->err), &f->err);
    gw_store_close(foreign);
    f->epoch = 8;
    f->attempt = 0;
    struct gw_store_item it = item(f, &accounts, absent, account(f, 1, 10, NULL), true, 1);
    struct gw_store_result result;
    assert_int_equal(try_push(f, &it, 1, &result), GW_CONFLICT);
}

/* F12: an insert that hangs on its way, is repeated, and its row deleted meanwhile, must not come back. */
static void a_delayed_insert_does_not_resurrect(void **state)
{
    struct fixture *f = *state;
    struct gw_store_item insert = item(f, &accounts, absent, account(f, 1, 10, NULL), true, 1);
    assert_ok(f->store->ops->fence_raise(f->store, 1, 5, 2, &f->err), &f->err);
    f->attempt = 2;
    struct gw_seen v1 = applied(f, &insert);
    struct gw_store_item remove = item(f, &accounts, v1, account(f, 1, 10, NULL), false, 2);
    applied(f, &remove);
    f->attempt = 1; /* the first try arrives at last */
    struct gw_store_result result;
    assert_int_equal(try_push(f, &insert, 1, &result), GW_CONFLICT);
    assert_is(f, &accounts, insert.columns, &absent);
}

static void after_a_lost_answer_the_repeat_finds_what_landed(void **state)
{
    struct fixture *f = *state;
    if (backend->lose_answer == NULL)
        skip();
    struct gw_store_item it = item(f, &accounts, absent, account(f, 1, 10, NULL), true, 1);
    struct gw_store_result result;
    backend->lose_answer(f->ctx);
    assert_true(try_push(f, &it, 1, &result) < 0);
    gw_store_close(f->store);
    f->store = connect(f, 1, 1);
    assert_ok(f->store->ops->fence_raise(f->store, 1, 5, 2, &f->err), &f->err);
    f->attempt = 2;
    assert_int_equal(push(f, &it).outcome, GW_STORE_ALREADY);
}

/* ---- values ---- */

static union gw_value *values_row(struct fixture *f, int64_t id)
{
    union gw_value *row = GW_NEW_ARRAY(&f->arena, union gw_value, GW_COUNT_OF(value_columns));
    assert_non_null(row);
    row[0] = number(id);
    row[5] = row[7] = text("");
    row[6] = (union gw_value){.opt = NULL};
    return row;
}

static void hard_values_come_back_as_they_went(void **state)
{
    struct fixture *f = *state;
    static const uint64_t reals[] = {0,
                                     UINT64_C(0x0006123400000001), /* a denormal */
                                     UINT64_C(0x3FB999999999999A), /* 0.1 */
                                     UINT64_C(0x7FEFFFFFFFFFFFFF),
                                     UINT64_C(0x000730D67819E8D2), /* 1e-308 */
                                     UINT64_C(0xC008000000000000),
                                     UINT64_C(0x4340000000000001)};
    static const char *const texts[] = {
        "", "NULL", "it's \"quoted\"; --", "a\nb\t", "\xF0\x9F\x90\xA6 bird", "007", "1e3"};
    for (size_t i = 0; i < GW_COUNT_OF(reals); i++) {
        union gw_value *row = values_row(f, (int64_t)i + ((INT64_C(1) << 53) + 1));
        row[1].i = (i & 1) ? -(gw_i128)gw_pow10(37) - 1 : (gw_i128)gw_pow10(38) - 1;
        row[2].u = UINT64_MAX - i;
        row[3].u = ~(gw_u128)0 - i;
        row[4].i = (gw_i128)((gw_u128)1 << 127) + (gw_i128)i;
        row[5] = text(texts[i]);
        row[6] = i % 2 ? some(f, text(texts[i])) : row[6];
        row[7].bytes = (struct gw_bytes){(const uint8_t *)"\0\xFF'\0", i % 5};
        row[8].u = (gw_u128)0x0123456789abcdefULL << 64 | (0xfedcba9876543210ULL + i);
        row[9].u = reals[i];
        row[10].i = i % 2 ? 7 : 0;
        row[11].i = (int64_t)i * 86400 * 365 * 20 - 1;
        row[12].i = i % 2 ? INT64_MIN : INT64_MAX;
        struct gw_store_item it = item(f, &values, absent, row, true, i + 1);
        struct gw_seen v = applied(f, &it);
        assert_is(f, &values, row, &v);
    }
}

static void negative_zero_is_kept_or_refused_but_never_changed(void **state)
{
    struct fixture *f = *state;
    union gw_value *row = values_row(f, 1);
    for (int nan = 0; nan < 2; nan++) {
        row[9].u = nan ? UINT64_C(0x7FF8000000000001) : UINT64_C(1) << 63;
        struct gw_store_item it = item(f, &values, absent, row, true, 1);
        struct gw_store_result result = push(f, &it);
        if (result.outcome == GW_STORE_REFUSED) {
            assert_int_equal(result.cls, GW_STORE_CLASS_ROUND_TRIP);
            assert_is(f, &values, row, &absent);
        } else {
            assert_int_equal(result.outcome, GW_STORE_APPLIED);
            assert_is(f, &values, row, &it.intent);
            break; /* kept: the row is there now */
        }
    }
}

/* ---- pages ---- */

static void pages_are_complete_while_rows_are_inserted(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 300; i++) {
        char *region = GW_NEW_ARRAY(&f->arena, char, 16);
        (void)snprintf(region, 16, "%c%s", 'a' + i % 7, i % 2 ? "" : "b");
        backend->put(f->ctx, &pairs, pair(f, region, (i * 37) % 301 - 150, "x"), GW_VERSION_NONE);
    }
    uint64_t count = 0;
    assert_ok(f->store->ops->count(f->store, &pairs, &count, &f->err), &f->err);
    assert_int_equal(count, 300);
    const union gw_value *after = NULL;
    union gw_value last[2];
    uint32_t seen = 0;
    struct gw_store_page page = {.end = false};
    for (int pages = 0; !page.end; pages++) {
        assert_true(pages < 100);
        assert_ok(f->store->ops->scan(f->store, &pairs, after, 17, &f->arena, &page, &f->err),
                  &f->err);
        assert_true(page.count <= 17);
        for (uint32_t i = 0; i < page.count; i++) {
            const union gw_value *key = page.rows[i].key;
            if (seen++ > 0) {
                int order = gw_value_compare(&t_str, last[0], key[0]);
                assert_true(order < 0 || (order == 0 && last[1].i < key[1].i));
            }
            last[0] = key[0];
            last[1] = key[1];
        }
        after = last;
        /* Before the cursor and behind everything: the first is not seen, the second is. */
        backend->put(f->ctx, &pairs, pair(f, "A", pages, "new"), GW_VERSION_NONE);
        if (pages < 3)
            backend->put(f->ctx, &pairs, pair(f, "z", pages, "new"), GW_VERSION_NONE);
    }
    assert_int_equal(seen, 303);
}

static void a_page_has_a_bound_in_bytes(void **state)
{
    struct fixture *f = *state;
    char large[201];
    memset(large, 'x', 200);
    large[200] = '\0';
    for (int i = 0; i < 1600; i++)
        backend->put(f->ctx, &pairs, pair(f, "r", i, large), GW_VERSION_NONE);
    struct gw_store_page page;
    assert_ok(f->store->ops->scan(f->store, &pairs, NULL, 5000, &f->arena, &page, &f->err),
              &f->err);
    assert_false(page.end);
    assert_true(page.count > 1000 && page.count < 1500);
}

/* Arenas that end earlier or later, until the call gets through: each refusal is clean and the next try works. */
static void memory_refused_anywhere_leaves_the_store_as_it_was(void **state)
{
    struct fixture *f = *state;
    union gw_value *row = account(f, 1, 10, "name");
    const union gw_value *key = key_of(f, &accounts, row);
    struct gw_store_item it = item(f, &accounts, absent, row, true, 1);
    for (int call = 0; call < 3; call++) {
        gw_rc rc = GW_NOMEM;
        for (size_t bytes = 0; rc == GW_NOMEM; bytes += 16) {
            assert_true(bytes < 100000);
            struct gw_arena small;
            struct gw_store_result result;
            struct gw_store_row found;
            struct gw_store_page page;
            gw_arena_init(&small, &gw_kit_alloc, bytes);
            if (call == 0)
                rc = f->store->ops->push(f->store, f->epoch, f->attempt, &it, 1, &small, &result,
                                         &f->err);
            else if (call == 1)
                rc = f->store->ops->fetch(f->store, &accounts, &key, 1, &small, &found, &f->err);
            else
                rc = f->store->ops->scan(f->store, &accounts, NULL, 1, &small, &page, &f->err);
            if (call == 0 && rc == GW_OK)
                assert_int_equal(result.outcome, GW_STORE_APPLIED);
            gw_arena_done(&small);
        }
        assert_ok(rc, &f->err);
    }
    assert_is(f, &accounts, row, &it.intent);
}

static void an_empty_home_is_one_empty_page(void **state)
{
    struct fixture *f = *state;
    struct gw_store_page page;
    assert_ok(f->store->ops->scan(f->store, &beside, NULL, 10, &f->arena, &page, &f->err), &f->err);
    assert_true(page.end && page.count == 0);
}

static void preparing_twice_does_nothing_more(void **state)
{
    struct fixture *f = *state;
    struct gw_store_ddl ddl;
    assert_ok(f->store->ops->prepare_plan(f->store, conformance_homes, conformance_home_count,
                                          &f->arena, &ddl, &f->err),
              &f->err);
    assert_int_equal(ddl.count, 0);
}

static void the_homes_of_the_suite_fit_their_tables(void **state)
{
    struct fixture *f = *state;
    for (uint32_t i = 0; i < conformance_home_count; i++) {
        struct gw_store_findings findings;
        assert_ok(
            f->store->ops->catalog(f->store, conformance_homes[i], &f->arena, &findings, &f->err),
            &f->err);
        for (uint32_t j = 0; j < findings.count; j++)
            if (findings.items[j].fatal)
                fail_msg("GW%d %.*s", findings.items[j].code, GW_TEXT_ARG(findings.items[j].text));
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int conformance_run(const struct backend *of)
{
    backend = of;
    const struct CMUnitTest tests[] = {
        CASE(the_homes_of_the_suite_fit_their_tables),
        CASE(preparing_twice_does_nothing_more),
        CASE(a_row_lives_is_repeated_dies_and_comes_back),
        CASE(every_foreign_change_is_found_and_nothing_is_written),
        CASE(a_restored_backup_is_seen_as_going_back),
        CASE(rows_never_pushed_take_their_first_version),
        CASE(a_refused_row_leaves_the_others_alone),
        CASE(a_group_is_written_whole_or_not_at_all),
        CASE(a_conflict_keeps_its_group_back_and_is_named),
        CASE(only_the_exact_fence_may_write),
        CASE(a_fence_only_rises_and_belongs_to_one_cluster),
        CASE(a_delayed_insert_does_not_resurrect),
        CASE(after_a_lost_answer_the_repeat_finds_what_landed),
        CASE(hard_values_come_back_as_they_went),
        CASE(negative_zero_is_kept_or_refused_but_never_changed),
        CASE(pages_are_complete_while_rows_are_inserted),
        CASE(a_page_has_a_bound_in_bytes),
        CASE(an_empty_home_is_one_empty_page),
        CASE(memory_refused_anywhere_leaves_the_store_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
