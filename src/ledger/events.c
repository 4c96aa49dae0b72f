/* Emitted events: an outbox of the newest, read by id. */
#include "codec/cbor.h"
#include "ledger/explain.h"
#include "ledger/ledger_int.h"
#include "record/text.h"

enum { EVENT_KEY_BYTES = 1 + 8 + 4 + 4 };

static gw_rc drop_oldest(struct gw_ledger *ledger, struct gw_err *err)
{
    struct gw_state_key scope, at = {.len = 0};
    struct gw_kv_cur *cur = NULL;
    struct gw_bytes key, val;
    gw_key_start(&scope, GW_TABLE_EVENT);
    GW_TRY(ledger->kv->ops->seek((struct gw_kv_view){.txn = ledger->txn}, gw_key_view(&scope), &cur,
                                 err));
    gw_rc rc = gw_scope_next(ledger->kv, cur, &scope, &key, &val, err);
    if (rc == GW_OK)
        gw_key_bytes(&at, key);
    ledger->kv->ops->close(cur);
    GW_TRY(rc);
    ledger->small.event_count--;
    return gw_state_del(ledger, &at, err);
}

gw_rc gw_event_count(struct gw_ledger *ledger, struct gw_err *err)
{
    if (++ledger->small.event_count <= GW_EVENTS_KEPT)
        return GW_OK;
    return drop_oldest(ledger, err);
}

static struct gw_event_id id_of(struct gw_bytes key)
{
    uint64_t index;
    uint32_t record, n;
    memcpy(&index, key.data + 1, sizeof(index));
    memcpy(&record, key.data + 9, sizeof(record));
    memcpy(&n, key.data + 13, sizeof(n));
    return (struct gw_event_id){__builtin_bswap64(index), __builtin_bswap32(record),
                                __builtin_bswap32(n)};
}

static gw_rc event_read(struct gw_bytes key, struct gw_bytes val, struct gw_arena *arena,
                        struct gw_event *ret, struct gw_err *err)
{
    if (key.len != EVENT_KEY_BYTES)
        return GW_FAIL(err, GW_CORRUPT, "an event's key of %zu bytes", key.len);
    ret->id = id_of(key);
    ret->body = gw_arena_copy(arena, val);
    if (ret->body.data == NULL)
        return GW_FAIL_NOMEM(err);
    struct gw_cbor_reader r = gw_cbor_reader(ret->body);
    (void)gw_cbor_get_array(&r);
    ret->name = gw_cbor_get_text(&r);
    return gw_cbor_check(&r, GW_CORRUPT, "event", err);
}

gw_rc gw_ledger_events(const struct gw_state_view *view, struct gw_event_id after, uint32_t max,
                       struct gw_arena *arena, struct gw_event **ret, uint32_t *ret_count,
                       struct gw_err *err)
{
    struct gw_state_key scope, from;
    struct gw_kv_cur *cur = NULL;
    uint32_t count = 0;
    struct gw_event *events = GW_NEW_ARRAY(arena, struct gw_event, max);
    if (events == NULL)
        return GW_FAIL_NOMEM(err);
    gw_key_start(&scope, GW_TABLE_EVENT);
    from = scope;
    gw_key_u64(&from, after.index);
    gw_key_u32(&from, after.record);
    gw_key_u32(&from, after.n);
    if (after.index)
        gw_key_bytes(&from, (struct gw_bytes){(const uint8_t *)"", 1}); /* behind it */
    GW_TRY(view->kv->ops->seek(view->view, gw_key_view(&from), &cur, err));
    gw_rc rc = GW_OK;
    while (rc == GW_OK && count < max) {
        struct gw_bytes key, val;
        rc = gw_scope_next(view->kv, cur, &scope, &key, &val, err);
        if (rc == GW_OK)
            rc = event_read(key, val, arena, &events[count++], err);
    }
    view->kv->ops->close(cur);
    if (rc < 0 && rc != GW_NOTFOUND)
        return rc;
    *ret = events;
    *ret_count = count;
    return GW_OK;
}

/** "dec<18,2>" and "time<us>" name their parameter; other scalars are kinds. @return false: shown as what its bytes are */
static bool scalar_type(struct gw_text text, struct gw_type *ret)
{
    static const char *const units[] = {"time<s>", "time<ms>", "time<us>", "time<ns>"};
    static const enum gw_time_unit values[] = {GW_TIME_S, GW_TIME_MS, GW_TIME_US, GW_TIME_NS};
    for (size_t i = 0; i < GW_COUNT_OF(units); i++) {
        if (!gw_text_is(text, units[i]))
            continue;
        *ret = (struct gw_type){.kind = GW_TYPE_TIME, .unit = values[i]};
        return true;
    }
    if (text.len > 5 && memcmp(text.data, "dec<", 4) == 0) {
        uint32_t numbers[2] = {0, 0}, at = 0;
        for (size_t i = 4; i < text.len; i++) {
            if (text.data[i] == ',') {
                at = 1;
            } else if (text.data[i] >= '0' && text.data[i] <= '9') {
                numbers[at] = numbers[at] * 10 + (uint32_t)(text.data[i] - '0');
            }
        }
        *ret = (struct gw_type){
            .kind = GW_TYPE_DEC, .precision = (uint8_t)numbers[0], .scale = (uint8_t)numbers[1]};
        return true;
    }
    for (int kind = 0; kind <= GW_TYPE_REAL; kind++) {
        struct gw_type plain = {.kind = (enum gw_type_kind)kind};
        if (kind == GW_TYPE_TIME || kind == GW_TYPE_DEC || kind == GW_TYPE_ENUM ||
            kind >= GW_TYPE_STR)
            continue;
        uint8_t memory[64];
        struct gw_buf buf;
        gw_buf_init_fixed(&buf, memory, sizeof(memory));
        gw_type_text(&plain, &buf);
        if (gw_text_equal(gw_buf_text(&buf), text)) {
            *ret = plain;
            return true;
        }
    }
    return false;
}

static void put_hex(struct gw_bytes bytes, struct gw_json_writer *writer)
{
    char hex[2 * 64 + 1];
    gw_hex((struct gw_bytes){bytes.data, GW_MIN(bytes.len, (size_t)64)}, hex);
    gw_json_put_str(writer, hex);
}

/** Any value without its type: numbers, text, hex, arrays. Depth is bounded by the types of the language. */
static void put_plain(struct gw_cbor_reader *r, struct gw_json_writer *writer,
                      int depth) /* NOLINT(misc-no-recursion): GW_TYPE_DEPTH_MAX */
{
    switch (gw_cbor_peek(r)) {
    case GW_CBOR_IS_TEXT:
        gw_json_put_text(writer, gw_cbor_get_text(r));
        return;
    case GW_CBOR_IS_BYTES:
        put_hex(gw_cbor_get_bytes(r), writer);
        return;
    case GW_CBOR_IS_NULL:
        gw_cbor_get_null(r);
        gw_json_put_null(writer);
        return;
    case GW_CBOR_IS_BOOL:
        gw_json_put_bool(writer, gw_cbor_get_bool(r));
        return;
    case GW_CBOR_IS_ARRAY: {
        size_t count = gw_cbor_get_array(r);
        gw_json_put_array(writer);
        for (size_t i = 0; i < count && depth < GW_TYPE_DEPTH_MAX && !gw_cbor_failed(r); i++)
            put_plain(r, writer, depth + 1);
        gw_json_put_array_end(writer);
        return;
    }
    default:
        gw_json_put_i128(writer, gw_cbor_get_i128(r));
        return;
    }
}

static void put_field(struct gw_cbor_reader *r, struct gw_arena *arena,
                      struct gw_json_writer *writer)
{
    gw_cbor_get_array_of(r, 3);
    gw_json_put_name(writer, gw_cbor_get_text(r));
    struct gw_text text = gw_cbor_get_text(r);
    struct gw_type type = {0};
    bool is_opt = text.len > 5 && memcmp(text.data, "opt<", 4) == 0;
    if (is_opt)
        text = (struct gw_text){text.data + 4, text.len - 5};
    if (gw_cbor_take_null(r)) {
        gw_json_put_null(writer);
        return;
    }
    struct gw_cbor_reader item = gw_cbor_reader(gw_cbor_skip(r));
    struct gw_cbor_reader again = item;
    union gw_value value;
    if (scalar_type(text, &type) && gw_value_decode(&type, &item, arena, &value, NULL) == GW_OK) {
        gw_value_to_json(&type, value, writer);
    } else {
        put_plain(&again, writer, 0);
    }
}

gw_rc gw_event_to_json(const struct gw_event *event, struct gw_arena *arena,
                       struct gw_json_writer *writer, struct gw_err *err)
{
    struct gw_cbor_reader r = gw_cbor_reader(event->body);
    size_t count = gw_cbor_get_array(&r);
    struct gw_text id = gw_arena_printf(arena, "%llu.%u.%u", (unsigned long long)event->id.index,
                                        event->id.record, event->id.n);
    if (id.data == NULL)
        return GW_FAIL_NOMEM(err);
    (void)gw_cbor_get_text(&r);
    gw_json_put_object(writer);
    gw_json_put_name_str(writer, "id");
    gw_json_put_text(writer, id);
    gw_json_put_name_str(writer, "event");
    gw_json_put_text(writer, event->name);
    gw_json_put_name_str(writer, "fields");
    gw_json_put_object(writer);
    for (size_t i = 1; i < count && !gw_cbor_failed(&r); i++)
        put_field(&r, arena, writer);
    gw_json_put_object_end(writer);
    gw_json_put_object_end(writer);
    return gw_cbor_check(&r, GW_CORRUPT, "event", err);
}
