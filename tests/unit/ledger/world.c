#include "world.h"

#include <stdio.h>
#include <stdlib.h>

#include "codec/cbor.h"
#include "kv/memory.h"
#include "record/text.h"

static const int64_t start_ns = INT64_C(1767225600) * GW_NS_PER_S;

static void open_ledger(struct world *w)
{
    struct gw_err err = {0};
    const struct gw_ledger_opts opts = {w->kv, &gw_kit_alloc, 256u << 20};
    assert_ok(gw_ledger_open(&opts, &w->ledger, &err), &err);
    w->program = gw_ledger_program(w->ledger);
}

struct world *world_open(const char *program)
{
    struct gw_err err = {0};
    struct world *w = calloc(1, sizeof(*w));
    const struct gw_kv_memory_opts opts = {.alloc = &gw_kit_alloc};
    assert_non_null(w);
    w->batches = calloc(WORLD_BATCHES_MAX, sizeof(*w->batches));
    gw_arena_init(&w->arena, &gw_kit_alloc, 1u << 30);
    assert_ok(gw_kv_memory_open(&opts, &w->kv, NULL, &err), &err);
    w->time_ns = start_ns;
    open_ledger(w);
    struct gw_record record = {.kind = GW_RECORD_PROGRAM};
    struct gw_text source = gw_text(program);
    struct gw_sha256 hash = gw_sha256(gw_text_bytes(source));
    record.program.source = gw_text_bytes(source);
    record.program.hash = (struct gw_bytes){hash.bytes, sizeof(hash.bytes)};
    record.program.actor = GW_TEXT_LIT("test");
    world_apply(w, &record);
    if (w->applied.kind != GW_APPLIED_DONE)
        fail_msg("program: %.*s", GW_TEXT_ARG(w->applied.refused));
    w->program = gw_ledger_program(w->ledger);
    return w;
}

void world_close(struct world *w)
{
    gw_ledger_close(w->ledger);
    w->kv->ops->destroy(w->kv);
    gw_arena_done(&w->arena);
    free(w->batches);
    free(w);
}

/** Homes of the rows belong to the program, which is compiled again. */
void world_reopen(struct world *w)
{
    static uint32_t ids[WORLD_ROWS_MAX];
    for (uint32_t i = 0; i < WORLD_ROWS_MAX; i++)
        ids[i] = w->rows[i].home ? w->rows[i].home->home.id : 0;
    gw_ledger_close(w->ledger);
    open_ledger(w);
    for (uint32_t i = 0; i < WORLD_ROWS_MAX; i++)
        w->rows[i].home = ids[i] ? gw_program_home_id(w->program, ids[i]) : NULL;
}

void world_apply(struct world *w, const struct gw_record *record)
{
    struct gw_err err = {0};
    struct gw_buf buf;
    gw_buf_init(&buf, &gw_kit_alloc, 8u << 20);
    gw_record_encode(record, &buf);
    assert_false(buf.failed);
    const struct gw_batch_head head = {w->index + 1, 1, w->time_ns + GW_NS_PER_MS};
    assert_ok(gw_ledger_begin(w->ledger, &head, &err), &err);
    assert_ok(gw_ledger_apply(w->ledger, gw_buf_bytes(&buf), &w->applied, &err), &err);
    if (w->applied.kind == GW_APPLIED_DONE) {
        assert_ok(gw_ledger_commit(w->ledger, &err), &err);
        assert_true(w->batch_count < WORLD_BATCHES_MAX);
        w->batches[w->batch_count++] =
            (struct world_batch){head, gw_arena_copy(&w->arena, gw_buf_bytes(&buf))};
        w->index++;
        w->time_ns += GW_NS_PER_MS;
    } else {
        gw_ledger_abort(w->ledger);
    }
    for (uint32_t i = 0; i < w->applied.alert_count; i++) {
        size_t len = strlen(w->alerts);
        snprintf(w->alerts + len, sizeof(w->alerts) - len, "%.*s\n",
                 GW_TEXT_ARG(w->applied.alerts[i].text));
    }
    gw_buf_done(&buf);
}

/* ---- values ---- */

static const struct gw_json *parse(struct world *w, const char *text)
{
    struct gw_err err = {0};
    struct gw_json_doc doc;
    assert_ok(gw_json_parse(gw_text(text), NULL, &w->arena, &doc, &err), &err);
    return doc.root;
}

static union gw_value from_json(struct world *w, const struct gw_type *type,
                                const struct gw_json *node)
{
    struct gw_err err = {0};
    union gw_value value;
    assert_ok(gw_value_from_json(type, node, &w->arena, &value, &err), &err);
    return value;
}

static struct gw_bytes canonical(struct world *w, const struct gw_field *fields, uint32_t count,
                                 const char *text)
{
    struct gw_buf buf;
    const struct gw_json *node = parse(w, text)->first;
    gw_buf_init(&buf, &gw_kit_alloc, 1u << 20);
    gw_cbor_put_array(&buf, count);
    for (uint32_t i = 0; i < count; i++, node = node->next)
        gw_value_encode(fields[i].type, from_json(w, fields[i].type, node), &buf);
    struct gw_bytes bytes = gw_arena_copy(&w->arena, gw_buf_bytes(&buf));
    gw_buf_done(&buf);
    return bytes;
}

struct gw_bytes world_key(struct world *w, const char *entity, const char *key)
{
    const struct gw_program_entity *decl = gw_program_entity(w->program, gw_text(entity));
    const struct gw_json *node = parse(w, key)->first;
    union gw_value values[8];
    uint8_t memory[256];
    struct gw_buf buf;
    assert_non_null(decl);
    for (uint32_t i = 0; i < decl->entity.key_count; i++, node = node->next)
        values[i] = from_json(w, decl->entity.fields[i].type, node);
    gw_buf_init_fixed(&buf, memory, sizeof(memory));
    gw_entity_key(&decl->entity, values, &buf);
    return gw_arena_copy(&w->arena, gw_buf_bytes(&buf));
}

static const struct gw_program_home *home_of(struct world *w, const char *name)
{
    const struct gw_program_home *home = gw_program_home(w->program, gw_text(name));
    if (home == NULL)
        fail_msg("no home %s", name);
    return home;
}

static struct world_row *row_find(struct world *w, const struct gw_program_home *home,
                                  struct gw_bytes key)
{
    for (uint32_t i = 0; i < WORLD_ROWS_MAX; i++)
        if (w->rows[i].home == home && w->rows[i].key_len == key.len &&
            memcmp(w->rows[i].key, key.data, key.len) == 0)
            return &w->rows[i];
    return NULL;
}

static void row_set(struct world *w, const struct gw_program_home *home, struct gw_bytes key,
                    struct gw_bytes image, gw_version ver)
{
    struct world_row *row = row_find(w, home, key);
    for (uint32_t i = 0; row == NULL && i < WORLD_ROWS_MAX; i++)
        if (w->rows[i].home == NULL)
            row = &w->rows[i];
    if (row == NULL) {
        fail_msg("the world is full");
        return;
    }
    assert_true(key.len <= sizeof(row->key) && image.len <= sizeof(row->image));
    row->home = home;
    memcpy(row->key, key.data, key.len);
    row->key_len = key.len;
    memcpy(row->image, image.data, image.len);
    row->image_len = image.len;
    row->ver = ver;
}

void world_put(struct world *w, const char *home_name, const char *columns, int64_t ver)
{
    const struct gw_program_home *home = home_of(w, home_name);
    const struct gw_json *node = parse(w, columns)->first;
    union gw_value values[32];
    uint8_t image[512], key[64];
    struct gw_buf image_buf, key_buf;
    for (uint32_t i = 0; i < home->home.column_count; i++, node = node->next)
        values[i] = from_json(w, home->home.columns[i].type, node);
    gw_buf_init_fixed(&image_buf, image, sizeof(image));
    gw_buf_init_fixed(&key_buf, key, sizeof(key));
    gw_home_image(&home->home, values, &image_buf);
    gw_home_key(&home->home, values, &key_buf);
    row_set(w, home, gw_buf_bytes(&key_buf), gw_buf_bytes(&image_buf),
            ver < 0 ? GW_VERSION_NONE : (gw_version)ver);
}

static struct gw_bytes home_key(struct world *w, const struct gw_program_home *home,
                                const char *key)
{
    char name[128];
    snprintf(name, sizeof(name), "%.*s", GW_TEXT_ARG(home->owner->entity.name));
    return world_key(w, name, key);
}

void world_remove(struct world *w, const char *home_name, const char *key)
{
    const struct gw_program_home *home = home_of(w, home_name);
    struct world_row *row = row_find(w, home, home_key(w, home, key));
    if (row == NULL)
        fail_msg("%s has no such row", home_name);
    else
        row->home = NULL;
}

const char *world_row(struct world *w, const char *home_name, const char *key)
{
    struct gw_err err = {0};
    const struct gw_program_home *home = home_of(w, home_name);
    const struct world_row *row = row_find(w, home, home_key(w, home, key));
    union gw_value values[32];
    struct gw_buf buf;
    if (row == NULL)
        return "absent";
    assert_ok(gw_home_image_decode(&home->home, (struct gw_bytes){row->image, row->image_len},
                                   &w->arena, values, &err),
              &err);
    gw_buf_init_fixed(&buf, w->text, sizeof(w->text) - 1);
    struct gw_json_writer writer = gw_json_writer(&buf, 0);
    gw_json_put_array(&writer);
    for (uint32_t i = 0; i < home->home.column_count; i++)
        gw_value_to_json(home->home.columns[i].type, values[i], &writer);
    gw_json_put_array_end(&writer);
    if (row->ver == GW_VERSION_NONE)
        gw_buf_put_str(&buf, " v-");
    else
        gw_buf_printf(&buf, " v%llu", (unsigned long long)row->ver);
    w->text[buf.len] = 0;
    return w->text;
}

/* ---- fetching ---- */

static void fetch_home(struct world *w, const struct gw_program_home *home, struct gw_bytes key)
{
    const struct world_row *row = row_find(w, home, key);
    struct gw_record record = {.kind = GW_RECORD_FETCHED};
    record.fetched = (struct gw_rec_fetched){
        .home = home->home.id,
        .key = key,
        .asof = w->index,
        .outcome = row ? GW_FETCHED_VALUE : GW_FETCHED_ABSENT,
        .ver = row ? row->ver : GW_VERSION_NONE,
        .text = {"", 0},
    };
    if (row)
        record.fetched.image = (struct gw_bytes){row->image, row->image_len};
    w->fetches++;
    world_apply(w, &record);
}

void world_fetch(struct world *w, const struct gw_missing_key *missing, uint32_t count)
{
    struct gw_err err = {0};
    struct gw_missing_key *copies = gw_arena_get_array(&w->arena, count, sizeof(*copies));
    for (uint32_t i = 0; i < count; i++) {
        copies[i] = missing[i];
        copies[i].key = gw_arena_copy(&w->arena, missing[i].key);
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t homes = 0;
        assert_ok(gw_ledger_fetch_plan(w->ledger, copies[i].entity, copies[i].key, &homes, &err),
                  &err);
        for (uint32_t h = 0; h < copies[i].entity->home_count; h++)
            if (homes >> h & 1)
                fetch_home(w, copies[i].entity->homes[h], copies[i].key);
    }
}

/* ---- calls ---- */

static const char *answer(struct world *w, const struct gw_fn *fn)
{
    struct gw_err err = {0};
    struct gw_call_result result;
    struct gw_buf buf;
    gw_buf_init_fixed(&buf, w->text, sizeof(w->text) - 1);
    if (w->applied.kind == GW_APPLIED_REFUSED) {
        gw_buf_printf(&buf, "refused %u", w->applied.refused_code);
    } else if (w->applied.kind == GW_APPLIED_EXPIRED) {
        gw_buf_put_str(&buf, "expired");
    } else {
        assert_ok(gw_call_result_decode(fn, w->applied.result, &w->arena, &result, &err), &err);
        struct gw_json_writer writer = gw_json_writer(&buf, 0);
        gw_json_put_object(&writer);
        gw_call_result_to_json(&result, &writer);
        gw_json_put_object_end(&writer);
        if (w->applied.kind == GW_APPLIED_DUPLICATE)
            gw_buf_put_str(&buf, " again");
    }
    w->text[buf.len] = 0;
    return w->text;
}

const char *world_call_as(struct world *w, uint64_t client, uint64_t seq, const char *name,
                          const char *args)
{
    const struct gw_fn *fn = gw_program_fn(w->program, gw_text(name));
    struct gw_rec_failed failed[16];
    struct gw_record record = {.kind = GW_RECORD_TXN};
    assert_non_null(fn);
    record.txn = (struct gw_rec_txn){
        .client = client,
        .seq = seq,
        .fn = fn->id,
        .args = canonical(w, fn->params, fn->param_count, args),
        .actor = GW_TEXT_LIT("test"),
        .try_count = 1,
        .failed = failed,
    };
    for (;;) {
        world_apply(w, &record);
        if (w->applied.kind != GW_APPLIED_NEEDS_KEYS)
            return answer(w, fn);
        assert_true(record.txn.try_count++ < 4);
        for (uint32_t i = 0; w->down && i < w->applied.missing_count && i < 16; i++)
            failed[record.txn.failed_count++] = (struct gw_rec_failed){
                .entity = w->applied.missing[i].entity->entity.id,
                .key = gw_arena_copy(&w->arena, w->applied.missing[i].key),
                .cls = GW_FETCH_TIMEOUT,
                .text = GW_TEXT_LIT("no answer"),
            };
        if (!w->down)
            world_fetch(w, w->applied.missing, w->applied.missing_count);
    }
}

const char *world_call(struct world *w, const char *name, const char *args)
{
    return world_call_as(w, 0, 0, name, args);
}

const char *world_view(struct world *w, const char *name, const char *args, uint64_t as_of)
{
    struct gw_err err = {0};
    const struct gw_fn *fn = gw_program_fn(w->program, gw_text(name));
    union gw_value values[8];
    struct gw_kv_snap *snap = NULL;
    struct gw_view_result result = {0};
    struct gw_buf buf;
    assert_non_null(fn);
    const struct gw_json *node = parse(w, args)->first;
    for (uint32_t i = 0; i < fn->param_count; i++, node = node->next)
        values[i] = from_json(w, fn->params[i].type, node);
    assert_ok(w->kv->ops->snapshot(w->kv, &snap, &err), &err);
    const struct gw_view_opts opts = {
        .kv = w->kv,
        .snap = snap,
        .program = w->program,
        .fn = fn,
        .args = values,
        .at = {w->time_ns, w->index, 0, 0},
        .as_of = as_of,
        .arena = &w->arena,
    };
    assert_ok(gw_ledger_view(&opts, &result, &err), &err);
    gw_buf_init_fixed(&buf, w->text, sizeof(w->text) - 1);
    struct gw_json_writer writer = gw_json_writer(&buf, 0);
    if (result.vm.status == GW_VM_NEEDS_KEYS)
        gw_buf_put_str(&buf, "needs keys");
    else if (result.vm.status == GW_VM_DONE)
        gw_value_to_json(result.vm.type, result.vm.value, &writer);
    else
        gw_buf_put_str(&buf, gw_abort_name(result.vm.abort));
    w->text[buf.len] = 0;
    w->kv->ops->release(snap);
    return w->text;
}

/* ---- pushing ---- */

static void push_one(struct world *w, const struct gw_rec_home_key *key, struct gw_record *pushed)
{
    struct gw_err err = {0};
    struct gw_push_item item;
    gw_rc rc = gw_ledger_push_item(w->ledger, key, &w->arena, &item, &err);
    if (rc == GW_NOTFOUND)
        return;
    assert_ok(rc, &err);
    struct world_row *row = row_find(w, item.home, item.key);
    struct gw_seen found = {.ver = GW_VERSION_NONE};
    if (row) {
        found.present = true;
        found.ver = row->ver;
        found.hash = gw_home_hash(&item.home->home, (struct gw_bytes){row->image, row->image_len});
    }
    struct gw_classified verdict = gw_classify_push(&item.acked, &item.intent, &found);
    if (verdict.verdict == GW_VERDICT_CONFLICT) {
        pushed->pushed.bad[pushed->pushed.bad_count++] = (struct gw_rec_bad){
            .home = key->home,
            .key = key->key,
            .kind = GW_BAD_CONFLICT,
            .conflict = verdict.conflict,
            .present = found.present,
            .ver = found.ver,
            .hash = found.hash,
            .image = row ? gw_arena_copy(&w->arena, (struct gw_bytes){row->image, row->image_len})
                         : (struct gw_bytes){NULL, 0},
            .text = {"", 0},
        };
        return;
    }
    if (verdict.verdict == GW_VERDICT_WRITE && item.intent.present)
        row_set(w, item.home, item.key, item.image, item.intent.ver);
    else if (verdict.verdict == GW_VERDICT_WRITE && row)
        row->home = NULL;
    w->pushes++;
    pushed->pushed.done[pushed->pushed.done_count++] = (struct gw_rec_done){
        key->home, key->key, item.intent.ver, verdict.verdict == GW_VERDICT_ALREADY};
}

/** @return rows pushed or found in conflict */
static uint32_t push_store(struct world *w, const struct gw_store_decl *store)
{
    struct gw_err err = {0};
    struct gw_rec_home_key *keys = NULL;
    struct gw_rec_done done[64];
    struct gw_rec_bad bad[64];
    struct gw_record intent = {.kind = GW_RECORD_INTENT}, pushed = {.kind = GW_RECORD_PUSHED};
    uint32_t count = 0;
    assert_ok(gw_ledger_dirty(w->ledger, store->id, 64, &w->arena, &keys, &count, &err), &err);
    if (count > 0) {
        intent.intent = (struct gw_rec_intent){store->id, 1, keys, count};
        world_apply(w, &intent);
    }
    assert_ok(gw_ledger_intents(w->ledger, store->id, 64, &w->arena, &keys, &count, &err), &err);
    pushed.pushed =
        (struct gw_rec_pushed){.store = store->id, .epoch = 1, .done = done, .bad = bad};
    for (uint32_t i = 0; i < count; i++)
        push_one(w, &keys[i], &pushed);
    if (pushed.pushed.done_count + pushed.pushed.bad_count > 0)
        world_apply(w, &pushed);
    return pushed.pushed.done_count + pushed.pushed.bad_count;
}

void world_push(struct world *w)
{
    for (uint32_t moved = 1; moved > 0;) {
        moved = 0;
        for (uint32_t i = 0; i < w->program->store_count; i++)
            moved += push_store(w, &w->program->stores[i]);
    }
}

/* ---- pages ---- */

static int row_order(const void *a, const void *b)
{
    const struct world_row *x = *(const struct world_row *const *)a,
                           *y = *(const struct world_row *const *)b;
    return gw_bytes_compare((struct gw_bytes){x->key, x->key_len},
                            (struct gw_bytes){y->key, y->key_len});
}

/** The next rows of a home behind `cursor`. */
static struct gw_record page_of(struct world *w, const struct gw_program_home *home,
                                struct gw_bytes cursor, uint32_t rows, uint32_t purpose)
{
    static const struct world_row *sorted[WORLD_ROWS_MAX];
    uint32_t count = 0;
    struct gw_record record = {.kind = GW_RECORD_PAGE};
    for (uint32_t i = 0; i < WORLD_ROWS_MAX; i++)
        if (w->rows[i].home == home &&
            (cursor.len == 0 ||
             gw_bytes_compare((struct gw_bytes){w->rows[i].key, w->rows[i].key_len}, cursor) > 0))
            sorted[count++] = &w->rows[i];
    qsort(sorted, count, sizeof(sorted[0]), row_order);
    record.page = (struct gw_rec_page){
        .home = home->home.id,
        .purpose = purpose,
        .cursor_from = cursor,
        .asof = w->index,
        .end = count <= rows,
        .row_count = GW_MIN(count, rows),
    };
    record.page.rows =
        gw_arena_get_array(&w->arena, record.page.row_count, sizeof(struct gw_rec_row));
    for (uint32_t i = 0; i < record.page.row_count; i++) {
        struct gw_rec_row *row = &record.page.rows[i];
        const struct gw_bytes image = {sorted[i]->image, sorted[i]->image_len};
        row->key = (struct gw_bytes){sorted[i]->key, sorted[i]->key_len};
        row->ver = sorted[i]->ver;
        row->image = image;
        row->problem = (struct gw_text){"", 0};
        row->hash = gw_home_hash(&home->home, image);
        record.page.cursor_to = row->key;
    }
    return record;
}

void world_audit(struct world *w, const char *home_name)
{
    struct gw_err err = {0};
    const struct gw_program_home *home = home_of(w, home_name);
    struct gw_audit_state state;
    assert_ok(gw_ledger_audit(w->ledger, home, &w->arena, &state, &err), &err);
    for (uint64_t pass = state.pass; state.pass == pass;) {
        struct gw_record record = page_of(w, home, state.cursor, 3, GW_PAGE_AUDIT);
        world_apply(w, &record);
        assert_int_equal(w->applied.kind, GW_APPLIED_DONE);
        assert_ok(gw_ledger_audit(w->ledger, home, &w->arena, &state, &err), &err);
    }
}

void world_audit_all(struct world *w)
{
    for (uint32_t i = 0; i < w->program->home_count; i++) {
        char name[128];
        snprintf(name, sizeof(name), "%.*s", GW_TEXT_ARG(w->program->homes[i]->home.name));
        world_audit(w, name);
    }
}

void world_build(struct world *w)
{
    struct gw_err err = {0};
    for (int rounds = 0; rounds < 1000; rounds++) {
        struct gw_build_info *infos = NULL;
        uint32_t count = 0, went = 0;
        assert_ok(gw_ledger_builds(w->ledger, &w->arena, &infos, &count, &err), &err);
        for (uint32_t i = 0; i < count; i++) {
            struct gw_record record = {.kind = GW_RECORD_INDEX};
            if (!infos[i].can_go)
                continue;
            record.index = (struct gw_rec_index){infos[i].id, GW_INDEX_BACKFILL, infos[i].cursor};
            world_apply(w, &record);
            went += w->applied.kind == GW_APPLIED_DONE || w->applied.missing_count > 0;
            if (w->applied.missing_count)
                world_fetch(w, w->applied.missing, w->applied.missing_count);
        }
        if (went == 0)
            return;
    }
    fail_msg("a build without an end");
}

/* ---- daemons ---- */

uint32_t world_start(struct world *w, const char *daemon, const char *args)
{
    const struct gw_fn *fn = gw_program_fn(w->program, gw_text(daemon));
    struct gw_record record = {.kind = GW_RECORD_DAEMON};
    assert_non_null(fn);
    record.daemon = (struct gw_rec_daemon){
        .verb = GW_DAEMON_START,
        .fn = fn->id,
        .args = canonical(w, fn->params, fn->param_count, args),
        .actor = GW_TEXT_LIT("test"),
    };
    world_apply(w, &record);
    assert_int_equal(w->applied.kind, GW_APPLIED_DONE);
    return (uint32_t)w->applied.number;
}

static bool step(struct world *w, uint32_t id)
{
    struct gw_record record = {.kind = GW_RECORD_STEP};
    record.step = (struct gw_rec_step){id, w->one_slice ? 1 : 8};
    world_apply(w, &record);
    bool moved = w->applied.kind == GW_APPLIED_DONE || w->applied.missing_count > 0;
    if (w->applied.missing_count)
        world_fetch(w, w->applied.missing, w->applied.missing_count);
    if (w->one_slice)
        world_reopen(w);
    return moved;
}

static bool go_on(struct world *w, const struct gw_fiber_info *info)
{
    if (info->status == GW_FIBER_RUNNING && info->can_run)
        return step(w, info->id);
    if (info->status != GW_FIBER_RUNNING || info->wait != GW_FIBER_NEEDS_PAGE)
        return false;
    struct gw_record record = page_of(w, info->home, info->cursor, info->page_rows, GW_PAGE_SCAN);
    record.page.daemon = info->id;
    record.page.site = info->site;
    world_apply(w, &record);
    return w->applied.kind == GW_APPLIED_DONE;
}

void world_run(struct world *w, bool with_push)
{
    struct gw_err err = {0};
    for (int rounds = 0; rounds < 100000; rounds++) {
        struct gw_fiber_info *infos = NULL;
        uint32_t count = 0;
        bool moved = false;
        assert_ok(
            gw_ledger_fibers(w->ledger, w->time_ns + GW_NS_PER_MS, &w->arena, &infos, &count, &err),
            &err);
        for (uint32_t i = 0; i < count && !(moved && w->one_slice); i++)
            moved |= go_on(w, &infos[i]);
        if (with_push) {
            uint32_t before = w->pushes;
            world_push(w);
            moved |= w->pushes != before;
        }
        if (!moved)
            return;
    }
    fail_msg("daemons without an end");
}

struct gw_fiber_info world_fiber(struct world *w, uint32_t id)
{
    struct gw_err err = {0};
    struct gw_fiber_info *infos = NULL;
    uint32_t count = 0;
    assert_ok(
        gw_ledger_fibers(w->ledger, w->time_ns + GW_NS_PER_MS, &w->arena, &infos, &count, &err),
        &err);
    for (uint32_t i = 0; i < count; i++)
        if (infos[i].id == id)
            return infos[i];
    fail_msg("no daemon %u", id);
    return (struct gw_fiber_info){0};
}

/* ---- halts, and what is compared ---- */

void world_limit(struct world *w, const char *name, uint64_t value)
{
    struct gw_rec_limit limit = {gw_text(name), value};
    struct gw_record record = {.kind = GW_RECORD_LIMITS};
    record.limits = (struct gw_rec_limits){&limit, 1};
    world_apply(w, &record);
}

static struct gw_state_view snap_view(struct world *w, struct gw_kv_snap **ret)
{
    struct gw_err err = {0};
    assert_ok(w->kv->ops->snapshot(w->kv, ret, &err), &err);
    return (struct gw_state_view){w->kv, {.snap = *ret}, w->program};
}

const char *world_halts(struct world *w)
{
    struct gw_err err = {0};
    struct gw_kv_snap *snap = NULL;
    struct gw_state_view view = snap_view(w, &snap);
    struct gw_buf buf;
    const struct gw_halts_opts opts = {0};
    gw_buf_init_fixed(&buf, w->text, sizeof(w->text) - 1);
    assert_ok(gw_explain_halts_text(&view, &opts, &w->arena, &buf, &err), &err);
    w->text[buf.len] = 0;
    w->kv->ops->release(snap);
    return w->text;
}

const char *world_explain(struct world *w, const char *entity, const char *key)
{
    struct gw_err err = {0};
    struct gw_kv_snap *snap = NULL;
    struct gw_state_view view = snap_view(w, &snap);
    struct gw_buf buf;
    gw_buf_init_fixed(&buf, w->text, sizeof(w->text) - 1);
    assert_ok(gw_explain_key_text(&view, gw_program_entity(w->program, gw_text(entity)),
                                  world_key(w, entity, key), &w->arena, &buf, &err),
              &err);
    w->text[buf.len] = 0;
    w->kv->ops->release(snap);
    return w->text;
}

void world_resolve(struct world *w, uint64_t n, enum gw_take take, const char *image)
{
    struct gw_err err = {0};
    struct gw_state_key at;
    struct gw_bytes stored;
    struct gw_halt halt;
    struct gw_kv_snap *snap = NULL;
    struct gw_state_view view = snap_view(w, &snap);
    gw_halt_key(n, &at);
    assert_ok(w->kv->ops->get(view.view, gw_key_view(&at), &stored, &err), &err);
    assert_ok(gw_halt_decode(gw_arena_copy(&w->arena, stored), &halt, &err), &err);
    w->kv->ops->release(snap);
    const struct gw_program_entity *entity = gw_program_entity_id(w->program, halt.entity);
    struct gw_record record = {.kind = GW_RECORD_RESOLVE};
    record.resolve = (struct gw_rec_resolve){
        .halt = n,
        .entity = halt.entity,
        .key = halt.key,
        .take = take,
        .seen = halt.found.hash,
        .drop_pending = true,
        .actor = GW_TEXT_LIT("test"),
        .reason = GW_TEXT_LIT("story"),
    };
    if (image)
        record.resolve.image =
            canonical(w, entity->entity.fields, entity->entity.field_count, image);
    world_apply(w, &record);
}

void world_resume(struct world *w)
{
    struct gw_record record = {.kind = GW_RECORD_RESUME};
    record.resume = (struct gw_rec_resume){0, GW_TEXT_LIT("test"), GW_TEXT_LIT("story")};
    world_apply(w, &record);
}

void world_meta(struct world *w, const char *entity, const char *key, struct gw_meta *ret)
{
    struct gw_err err = {0};
    struct gw_kv_snap *snap = NULL;
    struct gw_state_view view = snap_view(w, &snap);
    assert_ok(gw_pair_read(&view, gw_program_entity(w->program, gw_text(entity))->entity.id,
                           world_key(w, entity, key), &w->arena, ret, &err),
              &err);
    w->kv->ops->release(snap);
}

struct gw_hash128 world_sum(struct world *w)
{
    return gw_hash128_of_number(w->kv->ops->marks(w->kv).sum);
}

struct gw_hash128 world_replay(struct world *w, struct gw_kv *kv)
{
    struct gw_err err = {0};
    struct gw_ledger *ledger = NULL;
    struct gw_applied applied;
    const struct gw_ledger_opts opts = {kv, &gw_kit_alloc, 256u << 20};
    assert_ok(gw_ledger_open(&opts, &ledger, &err), &err);
    for (uint32_t i = 0; i < w->batch_count; i++) {
        assert_ok(gw_ledger_begin(ledger, &w->batches[i].head, &err), &err);
        assert_ok(gw_ledger_apply(ledger, w->batches[i].record, &applied, &err), &err);
        assert_int_equal(applied.kind, GW_APPLIED_DONE);
        assert_ok(gw_ledger_commit(ledger, &err), &err);
        kv->ops->fold_to(kv, w->batches[i].head.index);
    }
    gw_ledger_close(ledger);
    return gw_hash128_of_number(kv->ops->marks(kv).sum);
}
