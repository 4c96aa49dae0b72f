/* Fibers in the state: head, page, cursors, timers. */
#include "ledger/fiber_int.h"

#include "codec/cbor.h"

enum {
    FIELDS = 27,
    PART_HEAD = 0,
    PART_PAGE = 1,
    PART_CURSOR = 2,
    TIMER_FIBER = 1,
    KEYS_MAX = 4096
};

const char *gw_fiber_status_text(enum gw_fiber_status status)
{
    switch (status) {
#define X(name, text)     \
    case GW_FIBER_##name: \
        return text;
        GW_FIBER_STATUSES(X)
#undef X
    }
    return "?";
}

static void part_key(uint32_t id, uint8_t part, struct gw_state_key *ret)
{
    gw_key_start(ret, GW_TABLE_FIBER);
    gw_key_u32(ret, id);
    gw_key_bytes(ret, (struct gw_bytes){&part, 1});
}

static void cursor_key(uint32_t id, uint32_t site, struct gw_state_key *ret)
{
    part_key(id, PART_CURSOR, ret);
    gw_key_u32(ret, site);
}

/* ---- the head ---- */

static void put_head(const struct gw_fiber_head *head, struct gw_buf *ret)
{
    gw_cbor_put_array(ret, FIELDS);
    gw_cbor_put_uint(ret, head->status);
    gw_cbor_put_bytes(ret, (struct gw_bytes){head->program.bytes, sizeof(head->program.bytes)});
    gw_cbor_put_uint(ret, head->fn);
    gw_cbor_put_text(ret, head->name);
    gw_cbor_put_bytes(ret, head->args);
    gw_cbor_put_text(ret, head->reason);
    gw_cbor_put_int(ret, head->started_ns);
    gw_cbor_put_uint(ret, head->pages);
    gw_cbor_put_uint(ret, head->rows);
    gw_cbor_put_uint(ret, head->slices);
    gw_cbor_put_uint(ret, head->calls);
    gw_cbor_put_uint(ret, head->wait);
    gw_cbor_put_uint(ret, head->line);
    gw_cbor_put_int(ret, head->due_ns);
    gw_cbor_put_uint(ret, head->since);
    gw_cbor_put_uint(ret, head->home);
    gw_cbor_put_uint(ret, head->site);
    gw_cbor_put_uint(ret, head->page_rows);
    gw_cbor_put_uint(ret, head->store);
    gw_cbor_put_uint(ret, head->entity);
    gw_cbor_put_array(ret, head->key_count);
    for (uint32_t i = 0; i < head->key_count; i++)
        gw_cbor_put_bytes(ret, head->keys[i]);
    gw_cbor_put_uint(ret, head->call_fn);
    gw_cbor_put_bytes(ret, head->call_args);
    gw_cbor_put_bytes(ret, head->call_result);
    gw_cbor_put_text(ret, head->phase);
    gw_cbor_put_bytes(ret, head->state);
    gw_cbor_put_uint(ret, head->id);
}

static uint32_t get_u32(struct gw_cbor_reader *r)
{
    return (uint32_t)gw_cbor_get_uint_to(r, UINT32_MAX);
}

static void get_keys(struct gw_cbor_reader *r, struct gw_arena *arena, struct gw_fiber_head *ret)
{
    size_t count = gw_cbor_get_array(r);
    if (count > KEYS_MAX || (ret->keys = GW_NEW_ARRAY(arena, struct gw_bytes, count)) == NULL) {
        gw_cbor_fail(r, "too many keys");
        return;
    }
    for (size_t i = 0; i < count; i++)
        ret->keys[i] = gw_cbor_get_bytes(r);
    ret->key_count = (uint32_t)count;
}

static void get_wait(struct gw_cbor_reader *r, struct gw_arena *arena, struct gw_fiber_head *ret)
{
    ret->wait = (uint32_t)gw_cbor_get_uint_to(r, GW_VM_WAIT_ALERT);
    ret->line = get_u32(r);
    ret->due_ns = gw_cbor_get_int(r);
    ret->since = gw_cbor_get_uint(r);
    ret->home = get_u32(r);
    ret->site = get_u32(r);
    ret->page_rows = get_u32(r);
    ret->store = get_u32(r);
    ret->entity = get_u32(r);
    get_keys(r, arena, ret);
    ret->call_fn = get_u32(r);
    ret->call_args = gw_cbor_get_bytes(r);
    ret->call_result = gw_cbor_get_bytes(r);
    ret->phase = gw_cbor_get_text(r);
}

static gw_rc head_decode(struct gw_bytes stored, struct gw_arena *arena, struct gw_fiber_head *ret,
                         struct gw_err *err)
{
    stored = gw_arena_copy(arena, stored);
    if (stored.data == NULL)
        return GW_FAIL_NOMEM(err);
    struct gw_cbor_reader r = gw_cbor_reader(stored);
    struct gw_fiber_head head = {0};
    gw_cbor_get_array_of(&r, FIELDS);
    head.status = (uint32_t)gw_cbor_get_uint_to(&r, GW_FIBER_STOPPED);
    gw_cbor_get_exact(&r, head.program.bytes, sizeof(head.program.bytes));
    head.fn = get_u32(&r);
    head.name = gw_cbor_get_text(&r);
    head.args = gw_cbor_get_bytes(&r);
    head.reason = gw_cbor_get_text(&r);
    head.started_ns = gw_cbor_get_int(&r);
    head.pages = gw_cbor_get_uint(&r);
    head.rows = gw_cbor_get_uint(&r);
    head.slices = gw_cbor_get_uint(&r);
    head.calls = gw_cbor_get_uint(&r);
    get_wait(&r, arena, &head);
    head.state = gw_cbor_get_bytes(&r);
    head.id = get_u32(&r);
    gw_cbor_end(&r);
    GW_TRY(gw_cbor_check(&r, GW_CORRUPT, "fiber", err));
    *ret = head;
    return GW_OK;
}

gw_rc gw_fiber_get(struct gw_ledger *ledger, uint32_t id, struct gw_arena *arena,
                   struct gw_fiber_head *ret, struct gw_err *err)
{
    struct gw_state_key at;
    struct gw_bytes stored;
    part_key(id, PART_HEAD, &at);
    GW_TRY(gw_state_get(ledger, &at, &stored, err));
    return head_decode(stored, arena, ret, err);
}

gw_rc gw_fiber_put(struct gw_ledger *ledger, const struct gw_fiber_head *head, struct gw_err *err)
{
    struct gw_state_key at;
    part_key(head->id, PART_HEAD, &at);
    gw_buf_reset(&ledger->pair);
    put_head(head, &ledger->pair);
    GW_TRY(gw_buf_check(&ledger->pair, "fiber", err));
    return gw_state_put(ledger, &at, gw_buf_bytes(&ledger->pair), err);
}

gw_rc gw_fiber_all(struct gw_ledger *ledger, struct gw_arena *arena, struct gw_fiber_head **ret,
                   uint32_t *ret_count, struct gw_err *err)
{
    struct gw_state_view view;
    struct gw_state_key scope;
    struct gw_kv_cur *cur = NULL;
    struct gw_fiber_head *heads = GW_NEW_ARRAY(arena, struct gw_fiber_head, GW_DAEMONS_MAX);
    uint32_t count = 0;
    if (heads == NULL)
        return GW_FAIL_NOMEM(err);
    *ret = heads;
    *ret_count = 0;
    if (ledger->small.daemon_next == 1)
        return GW_OK; /* as in gw_ledger_due() */
    gw_key_start(&scope, GW_TABLE_FIBER);
    GW_TRY(gw_state_view_of(ledger, &view, err));
    GW_TRY(ledger->kv->ops->seek(view.view, gw_key_view(&scope), &cur, err));
    gw_rc rc = GW_OK;
    while (rc == GW_OK && count < GW_DAEMONS_MAX) {
        struct gw_bytes key, val;
        rc = gw_scope_next(ledger->kv, cur, &scope, &key, &val, err);
        if (rc == GW_OK && key.len == 6 && key.data[5] == PART_HEAD)
            rc = head_decode(val, arena, &heads[count++], err);
    }
    ledger->kv->ops->close(cur);
    if (rc < 0 && rc != GW_NOTFOUND)
        return rc;
    *ret = heads;
    *ret_count = count;
    return GW_OK;
}

gw_rc gw_fiber_drop(struct gw_ledger *ledger, uint32_t id, bool and_head, struct gw_err *err)
{
    struct gw_state_key scope, at;
    gw_key_start(&scope, GW_TABLE_FIBER);
    gw_key_u32(&scope, id);
    for (;;) {
        struct gw_kv_cur *cur = NULL;
        struct gw_bytes key, val;
        part_key(id, and_head ? PART_HEAD : PART_PAGE, &at);
        GW_TRY(ledger->kv->ops->seek((struct gw_kv_view){.txn = ledger->txn}, gw_key_view(&at),
                                     &cur, err));
        gw_rc rc = gw_scope_next(ledger->kv, cur, &scope, &key, &val, err);
        at.len = 0;
        if (rc == GW_OK)
            gw_key_bytes(&at, key);
        ledger->kv->ops->close(cur);
        if (rc < 0)
            return rc == GW_NOTFOUND ? GW_OK : rc;
        GW_TRY(gw_state_del(ledger, &at, err));
    }
}

/* ---- pages and cursors ---- */

gw_rc gw_fiber_cursor(struct gw_ledger *ledger, const struct gw_fiber_head *head,
                      struct gw_arena *arena, struct gw_bytes *ret, struct gw_err *err)
{
    struct gw_state_key at;
    struct gw_bytes stored = {NULL, 0};
    cursor_key(head->id, head->site, &at);
    gw_rc rc = gw_state_get(ledger, &at, &stored, err);
    if (rc < 0 && rc != GW_NOTFOUND)
        return rc;
    *ret = gw_arena_copy(arena, rc == GW_OK ? stored : (struct gw_bytes){NULL, 0});
    return ret->data ? GW_OK : GW_FAIL_NOMEM(err);
}

gw_rc gw_fiber_rows_get(struct gw_ledger *ledger, uint32_t id, struct gw_arena *arena,
                        struct gw_fiber_rows *ret, struct gw_err *err)
{
    struct gw_state_key at;
    struct gw_bytes stored;
    struct gw_fiber_rows rows = {0};
    part_key(id, PART_PAGE, &at);
    GW_TRY(gw_state_get(ledger, &at, &stored, err));
    stored = gw_arena_copy(arena, stored);
    struct gw_cbor_reader r = gw_cbor_reader(stored);
    gw_cbor_get_array_of(&r, 3);
    rows.cursor_to = gw_cbor_get_bytes(&r);
    rows.end = gw_cbor_get_bool(&r);
    size_t count = gw_cbor_get_array(&r);
    rows.images = GW_NEW_ARRAY(arena, struct gw_bytes, GW_MIN(count, (size_t)KEYS_MAX));
    if (stored.data == NULL || rows.images == NULL)
        return GW_FAIL_NOMEM(err);
    for (size_t i = 0; i < count && i < KEYS_MAX; i++)
        rows.images[rows.count++] = gw_cbor_get_bytes(&r);
    gw_cbor_end(&r);
    GW_TRY(gw_cbor_check(&r, GW_CORRUPT, "page of a daemon", err));
    *ret = rows;
    return GW_OK;
}

gw_rc gw_fiber_rows_done(struct gw_ledger *ledger, const struct gw_fiber_head *head,
                         const struct gw_fiber_rows *rows, struct gw_err *err)
{
    struct gw_state_key at;
    part_key(head->id, PART_PAGE, &at);
    GW_TRY(gw_state_del(ledger, &at, err));
    cursor_key(head->id, head->site, &at);
    return rows->end ? gw_state_del(ledger, &at, err)
                     : gw_state_put(ledger, &at, rows->cursor_to, err);
}

static gw_rc rows_put(struct gw_ledger *ledger, const struct gw_rec_page *rec, struct gw_err *err)
{
    struct gw_state_key at;
    struct gw_buf *pair = &ledger->pair;
    uint32_t count = 0;
    for (uint32_t i = 0; i < rec->row_count; i++)
        count += rec->rows[i].problem.len == 0;
    part_key(rec->daemon, PART_PAGE, &at);
    gw_buf_reset(pair);
    gw_cbor_put_array(pair, 3);
    gw_cbor_put_bytes(pair, rec->cursor_to);
    gw_cbor_put_bool(pair, rec->end);
    gw_cbor_put_array(pair, count);
    for (uint32_t i = 0; i < rec->row_count; i++) {
        if (rec->rows[i].problem.len == 0) /* what cannot be read stops its key, not the scan */
            gw_cbor_put_bytes(pair, rec->rows[i].image);
    }
    GW_TRY(gw_buf_check(pair, "page of a daemon", err));
    return gw_state_put(ledger, &at, gw_buf_bytes(pair), err);
}

gw_rc gw_fiber_page(struct gw_ledger *ledger, const struct gw_rec_page *rec,
                    const struct gw_program_home *home, struct gw_err *err)
{
    struct gw_fiber_head head;
    struct gw_fiber_rows there;
    struct gw_bytes cursor;
    gw_rc rc = gw_fiber_get(ledger, rec->daemon, &ledger->scratch, &head, err);
    if (rc < 0 && rc != GW_NOTFOUND)
        return rc;
    bool wanted = rc == GW_OK && head.status <= GW_FIBER_PAUSED && head.wait == GW_VM_WAIT_PAGE &&
                  head.state.len && head.home == home->home.id && head.site == rec->site &&
                  rec->row_count <= head.page_rows;
    if (wanted) {
        rc = gw_fiber_rows_get(ledger, head.id, &ledger->scratch, &there, err);
        if (rc < 0 && rc != GW_NOTFOUND)
            return rc;
        GW_TRY(gw_fiber_cursor(ledger, &head, &ledger->scratch, &cursor, err));
        wanted = rc == GW_NOTFOUND && gw_bytes_equal(cursor, rec->cursor_from);
    }
    if (!wanted) {
        gw_refuse(ledger, 2445, GW_TEXT_LIT("no daemon waits for this page"));
        return GW_OK;
    }
    return rows_put(ledger, rec, err);
}

/* ---- timers ---- */

gw_rc gw_fiber_timer(struct gw_ledger *ledger, const struct gw_fiber_head *head, bool set,
                     struct gw_err *err)
{
    static const uint8_t kind = TIMER_FIBER;
    struct gw_state_key at;
    if (head->due_ns == 0)
        return GW_OK;
    gw_key_start(&at, GW_TABLE_TIMER);
    gw_key_u64(&at, (uint64_t)head->due_ns);
    gw_key_bytes(&at, (struct gw_bytes){&kind, 1});
    gw_key_u32(&at, head->id);
    return set ? gw_state_put(ledger, &at, (struct gw_bytes){NULL, 0}, err)
               : gw_state_del(ledger, &at, err);
}

gw_rc gw_ledger_due(struct gw_ledger *ledger, int64_t *ret_ns, struct gw_err *err)
{
    struct gw_state_view view;
    struct gw_state_key scope;
    struct gw_kv_cur *cur = NULL;
    struct gw_bytes key, val;
    uint64_t due = INT64_MAX;
    *ret_ns = INT64_MAX;
    if (ledger->small.daemon_next ==
        1) /* no daemon was ever started: nothing to pass rows of other tables for */
        return GW_OK;
    gw_key_start(&scope, GW_TABLE_TIMER);
    GW_TRY(gw_state_view_of(ledger, &view, err));
    GW_TRY(ledger->kv->ops->seek(view.view, gw_key_view(&scope), &cur, err));
    gw_rc rc = gw_scope_next(ledger->kv, cur, &scope, &key, &val, err);
    if (rc == GW_OK) {
        memcpy(&due, key.data + 1, sizeof(due));
        due = __builtin_bswap64(due);
    }
    ledger->kv->ops->close(cur);
    if (rc < 0 && rc != GW_NOTFOUND)
        return rc;
    *ret_ns = (int64_t)due;
    return GW_OK;
}
