#include "ledger/record.h"

#include "codec/cbor.h"
#include "codec/utf8.h"

enum field_kind { U32, U64, BOOL, VER, TEXT, BYTES, RAW, HASH, LIST };

struct shape;

struct field {
    const char *name;
    enum field_kind kind;
    size_t offset;
    size_t count_offset;       /* LIST */
    const struct shape *items; /* LIST */
};

struct shape {
    const struct field *fields;
    uint32_t field_count;
    size_t bytes;
};

enum { LIST_ITEMS_MAX = 65536 };

/* clang-format off */
#define F(type, member, kind) {#member, kind, offsetof(struct type, member), 0, NULL}
#define L(type, member, count, shape) {#member, LIST, offsetof(struct type, member), offsetof(struct type, count), &(shape)}
#define SHAPE(type, fields) {(fields), GW_COUNT_OF(fields), sizeof(struct type)}

static const struct field failed_fields[] = {
    F(gw_rec_failed, store, U32), F(gw_rec_failed, entity, U32), F(gw_rec_failed, key, BYTES),
    F(gw_rec_failed, cls, U32), F(gw_rec_failed, text, TEXT)};
static const struct shape failed_shape = SHAPE(gw_rec_failed, failed_fields);
static const struct field row_fields[] = {
    F(gw_rec_row, key, BYTES), F(gw_rec_row, ver, VER), F(gw_rec_row, hash, HASH),
    F(gw_rec_row, image, BYTES), F(gw_rec_row, problem, TEXT)};
static const struct shape row_shape = SHAPE(gw_rec_row, row_fields);
static const struct field home_key_fields[] = {F(gw_rec_home_key, home, U32), F(gw_rec_home_key, key, BYTES)};
static const struct shape home_key_shape = SHAPE(gw_rec_home_key, home_key_fields);
static const struct field done_fields[] = {
    F(gw_rec_done, home, U32), F(gw_rec_done, key, BYTES), F(gw_rec_done, ver, VER), F(gw_rec_done, already, BOOL)};
static const struct shape done_shape = SHAPE(gw_rec_done, done_fields);
static const struct field bad_fields[] = {
    F(gw_rec_bad, home, U32), F(gw_rec_bad, key, BYTES), F(gw_rec_bad, kind, U32), F(gw_rec_bad, conflict, U32),
    F(gw_rec_bad, present, BOOL), F(gw_rec_bad, ver, VER), F(gw_rec_bad, hash, HASH), F(gw_rec_bad, image, BYTES),
    F(gw_rec_bad, cls, U32), F(gw_rec_bad, text, TEXT)};
static const struct shape bad_shape = SHAPE(gw_rec_bad, bad_fields);
static const struct field limit_fields[] = {F(gw_rec_limit, name, TEXT), F(gw_rec_limit, value, U64)};
static const struct shape limit_shape = SHAPE(gw_rec_limit, limit_fields);

static const struct field claim_fields[] = {
    F(gw_rec_claim, node, U64), F(gw_rec_claim, reason, TEXT), F(gw_rec_claim, software, TEXT), F(gw_rec_claim, format, U32)};
static const struct field txn_fields[] = {
    F(gw_rec_txn, client, U64), F(gw_rec_txn, seq, U64), F(gw_rec_txn, key_hash, BYTES), F(gw_rec_txn, fn, U32),
    F(gw_rec_txn, args, RAW), F(gw_rec_txn, actor, TEXT), F(gw_rec_txn, try_count, U32),
    L(gw_rec_txn, failed, failed_count, failed_shape)};
static const struct field step_fields[] = {F(gw_rec_step, daemon, U32), F(gw_rec_step, slices, U32)};
static const struct field daemon_fields[] = {
    F(gw_rec_daemon, verb, U32), F(gw_rec_daemon, daemon, U32), F(gw_rec_daemon, fn, U32), F(gw_rec_daemon, args, RAW),
    F(gw_rec_daemon, actor, TEXT)};
static const struct field fetched_fields[] = {
    F(gw_rec_fetched, home, U32), F(gw_rec_fetched, key, BYTES), F(gw_rec_fetched, asof, U64),
    F(gw_rec_fetched, outcome, U32), F(gw_rec_fetched, ver, VER), F(gw_rec_fetched, image, BYTES),
    F(gw_rec_fetched, cls, U32), F(gw_rec_fetched, text, TEXT)};
static const struct field page_fields[] = {
    F(gw_rec_page, home, U32), F(gw_rec_page, daemon, U32), F(gw_rec_page, site, U32), F(gw_rec_page, purpose, U32),
    F(gw_rec_page, cursor_from, BYTES), F(gw_rec_page, cursor_to, BYTES), F(gw_rec_page, end, BOOL),
    F(gw_rec_page, asof, U64), L(gw_rec_page, rows, row_count, row_shape)};
static const struct field intent_fields[] = {
    F(gw_rec_intent, store, U32), F(gw_rec_intent, epoch, U64), L(gw_rec_intent, keys, key_count, home_key_shape)};
static const struct field pushed_fields[] = {
    F(gw_rec_pushed, store, U32), F(gw_rec_pushed, epoch, U64), L(gw_rec_pushed, done, done_count, done_shape),
    L(gw_rec_pushed, bad, bad_count, bad_shape)};
static const struct field store_fields[] = {
    F(gw_rec_store, store, U32), F(gw_rec_store, event, U32), F(gw_rec_store, epoch, U64), F(gw_rec_store, home, U32),
    F(gw_rec_store, shape, U64), F(gw_rec_store, reason, TEXT)};
static const struct field warm_fields[] = {F(gw_rec_warm, entity, U32), F(gw_rec_warm, key, BYTES)};
static const struct field program_fields[] = {
    F(gw_rec_program, source, BYTES), F(gw_rec_program, hash, BYTES), F(gw_rec_program, actor, TEXT)};
static const struct field phase_fields[] = {
    F(gw_rec_phase, entity, U32), F(gw_rec_phase, from, U32), F(gw_rec_phase, to, U32), F(gw_rec_phase, actor, TEXT),
    F(gw_rec_phase, reason, TEXT), F(gw_rec_phase, unknown, U64), F(gw_rec_phase, total, U64), F(gw_rec_phase, audit_index, U64)};
static const struct field index_fields[] = {
    F(gw_rec_index, id, U32), F(gw_rec_index, state, U32), F(gw_rec_index, cursor, BYTES)};
static const struct field halt_fields[] = {F(gw_rec_halt, reason, TEXT), F(gw_rec_halt, actor, TEXT)};
static const struct field resolve_fields[] = {
    F(gw_rec_resolve, halt, U64), F(gw_rec_resolve, entity, U32), F(gw_rec_resolve, key, BYTES), F(gw_rec_resolve, take, U32),
    F(gw_rec_resolve, image, BYTES), F(gw_rec_resolve, seen, HASH), F(gw_rec_resolve, drop_pending, BOOL),
    F(gw_rec_resolve, actor, TEXT), F(gw_rec_resolve, reason, TEXT)};
static const struct field resume_fields[] = {
    F(gw_rec_resume, halt, U64), F(gw_rec_resume, actor, TEXT), F(gw_rec_resume, reason, TEXT)};
static const struct field limits_fields[] = {L(gw_rec_limits, limits, limit_count, limit_shape)};
static const struct field session_fields[] = {F(gw_rec_session, verb, U32), F(gw_rec_session, client, U64)};
static const struct field check_fields[] = {F(gw_rec_check, index, U64), F(gw_rec_check, sum, HASH)};
static const struct field audit_fields[] = {
    F(gw_rec_audit, actor, TEXT), F(gw_rec_audit, action, TEXT), F(gw_rec_audit, reason, TEXT), F(gw_rec_audit, request_hash, BYTES)};

static const struct shape tick_shape = {NULL, 0, sizeof(struct gw_rec_tick)};
#define S(name) static const struct shape name##_shape = SHAPE(gw_rec_##name, name##_fields)
S(claim); S(txn); S(step); S(daemon); S(fetched); S(page); S(intent); S(pushed); S(store); S(warm);
S(program); S(phase); S(index); S(halt); S(resolve); S(resume); S(limits); S(session); S(check); S(audit);
/* clang-format on */

static const struct shape *shape_of(enum gw_record_kind kind)
{
    switch (kind) {
#define X(NAME, name, number) \
    case GW_RECORD_##NAME:    \
        return &name##_shape;
        GW_RECORD_KINDS(X)
#undef X
    }
    return NULL;
}

const char *gw_record_kind_name(enum gw_record_kind kind)
{
    switch (kind) {
#define X(NAME, name, number) \
    case GW_RECORD_##NAME:    \
        return #NAME;
        GW_RECORD_KINDS(X)
#undef X
    }
    return "UNKNOWN";
}

const char *gw_fetch_class_text(uint32_t cls)
{
    static const char *const texts[] = {
#define X(name, text) text,
        GW_FETCH_CLASSES(X)
#undef X
    };
    return cls < GW_COUNT_OF(texts) ? texts[cls] : "unknown";
}

#define MEMBER(base, field, type) \
    ((const type *)(const void *)((const uint8_t *)(base) + (field)->offset))
#define MEMBER_RW(base, field, type) ((type *)(void *)((uint8_t *)(base) + (field)->offset))

static uint32_t list_count(const void *base, const struct field *field)
{
    return *(const uint32_t *)(const void *)((const uint8_t *)base + field->count_offset);
}

static void put_fields(const struct shape *shape, const void *base, struct gw_buf *ret);

/* Recursion ends at depth 2: no list's items hold a list. */
static void put_list(const struct field *field, const void *base,
                     struct gw_buf *ret) /* NOLINT(misc-no-recursion): depth 2 */
{
    uint32_t count = list_count(base, field);
    const uint8_t *items = *MEMBER(base, field, uint8_t *const);
    gw_cbor_put_array(ret, count);
    for (uint32_t i = 0; i < count; i++) {
        gw_cbor_put_array(ret, field->items->field_count);
        put_fields(field->items, items + i * field->items->bytes, ret);
    }
}

static void put_ver(gw_version ver, struct gw_buf *ret)
{
    if (ver == GW_VERSION_NONE)
        gw_cbor_put_null(ret);
    else
        gw_cbor_put_uint(ret, ver);
}

/** What a store or a caller said may be cut in the middle of a character; a record that cannot be read ends the process. */
static void put_text(struct gw_text text, struct gw_buf *ret)
{
    text.len = gw_utf8_bad_at(text);
    gw_cbor_put_text(ret, text);
}

static void put_field(const struct field *field, const void *base,
                      struct gw_buf *ret) /* NOLINT(misc-no-recursion): depth 2 */
{
    switch (field->kind) {
    case U32:
        gw_cbor_put_uint(ret, *MEMBER(base, field, uint32_t));
        break;
    case U64:
        gw_cbor_put_uint(ret, *MEMBER(base, field, uint64_t));
        break;
    case BOOL:
        gw_cbor_put_bool(ret, *MEMBER(base, field, bool));
        break;
    case VER:
        put_ver(*MEMBER(base, field, gw_version), ret);
        break;
    case TEXT:
        put_text(*MEMBER(base, field, struct gw_text), ret);
        break;
    case BYTES:
        gw_cbor_put_bytes(ret, *MEMBER(base, field, struct gw_bytes));
        break;
    case RAW:
        gw_buf_put_bytes(ret, *MEMBER(base, field, struct gw_bytes));
        break;
    case HASH:
        gw_cbor_put_bytes(ret,
                          (struct gw_bytes){MEMBER(base, field, struct gw_hash128)->bytes, 16});
        break;
    case LIST:
        put_list(field, base, ret);
        break;
    }
}

static void put_fields(const struct shape *shape, const void *base,
                       struct gw_buf *ret) /* NOLINT(misc-no-recursion): depth 2 */
{
    for (uint32_t i = 0; i < shape->field_count; i++)
        put_field(&shape->fields[i], base, ret);
}

void gw_record_encode(const struct gw_record *record, struct gw_buf *ret)
{
    const struct shape *shape = shape_of(record->kind);
    GW_ASSERT(shape != NULL);
    gw_cbor_put_array(ret, 1 + (uint64_t)shape->field_count);
    gw_cbor_put_uint(ret, record->kind);
    put_fields(shape, &record->claim, ret);
}

static void get_fields(const struct shape *shape, struct gw_cbor_reader *r, struct gw_arena *arena,
                       void *base);

static void get_list(const struct field *field, struct gw_cbor_reader *r,
                     struct gw_arena *arena, /* NOLINT(misc-no-recursion): depth 2 */
                     void *base)
{
    uint64_t count = gw_cbor_get_array(r);
    if (count > LIST_ITEMS_MAX || count > (size_t)(r->end - r->at)) {
        gw_cbor_fail(r, "a list longer than its bytes");
        return;
    }
    uint8_t *items = count ? gw_arena_get_array(arena, count, field->items->bytes) : NULL;
    if (count && items == NULL) {
        gw_cbor_fail(r, "a memory bound is reached");
        return;
    }
    for (uint64_t i = 0; i < count && r->why == NULL; i++) {
        if (gw_cbor_get_array(r) != field->items->field_count)
            gw_cbor_fail(r, "a list item with another number of fields");
        get_fields(field->items, r, arena, items + i * field->items->bytes);
    }
    *MEMBER_RW(base, field, uint8_t *) = items;
    *(uint32_t *)(void *)((uint8_t *)base + field->count_offset) = (uint32_t)count;
}

static uint32_t get_u32(struct gw_cbor_reader *r)
{
    uint64_t value = gw_cbor_get_uint(r);
    if (value > UINT32_MAX)
        gw_cbor_fail(r, "a number above 32 bits");
    return (uint32_t)value;
}

static gw_version get_ver(struct gw_cbor_reader *r)
{
    if (gw_cbor_peek(r) == GW_CBOR_IS_NULL) {
        gw_cbor_get_null(r);
        return GW_VERSION_NONE;
    }
    uint64_t ver = gw_cbor_get_uint(r);
    if (ver == GW_VERSION_NONE)
        gw_cbor_fail(r, "a version out of range");
    return ver;
}

static struct gw_hash128 get_hash(struct gw_cbor_reader *r)
{
    struct gw_hash128 hash = {{0}};
    struct gw_bytes bytes = gw_cbor_get_bytes(r);
    if (bytes.len == sizeof(hash.bytes))
        memcpy(hash.bytes, bytes.data, sizeof(hash.bytes));
    else
        gw_cbor_fail(r, "a hash that is not 16 bytes");
    return hash;
}

static void get_field(const struct field *field, struct gw_cbor_reader *r,
                      struct gw_arena *arena, /* NOLINT(misc-no-recursion): depth 2 */
                      void *base)
{
    switch (field->kind) {
    case U32:
        *MEMBER_RW(base, field, uint32_t) = get_u32(r);
        break;
    case U64:
        *MEMBER_RW(base, field, uint64_t) = gw_cbor_get_uint(r);
        break;
    case BOOL:
        *MEMBER_RW(base, field, bool) = gw_cbor_get_bool(r);
        break;
    case VER:
        *MEMBER_RW(base, field, gw_version) = get_ver(r);
        break;
    case TEXT:
        *MEMBER_RW(base, field, struct gw_text) = gw_cbor_get_text(r);
        break;
    case BYTES:
        *MEMBER_RW(base, field, struct gw_bytes) = gw_cbor_get_bytes(r);
        break;
    case RAW:
        *MEMBER_RW(base, field, struct gw_bytes) = gw_cbor_skip(r);
        break;
    case HASH:
        *MEMBER_RW(base, field, struct gw_hash128) = get_hash(r);
        break;
    case LIST:
        get_list(field, r, arena, base);
        break;
    }
}

static void get_fields(const struct shape *shape, struct gw_cbor_reader *r,
                       struct gw_arena *arena, /* NOLINT(misc-no-recursion): depth 2 */
                       void *base)
{
    for (uint32_t i = 0; i < shape->field_count && r->why == NULL; i++)
        get_field(&shape->fields[i], r, arena, base);
}

gw_rc gw_record_decode(struct gw_bytes bytes, struct gw_arena *arena, struct gw_record *ret,
                       struct gw_err *err)
{
    struct gw_cbor_reader r = gw_cbor_reader(bytes);
    uint64_t count = gw_cbor_get_array(&r);
    uint64_t kind = gw_cbor_get_uint(&r);
    GW_TRY(gw_cbor_check(&r, GW_CORRUPT, "journal record", err));
    const struct shape *shape = kind <= UINT32_MAX ? shape_of((enum gw_record_kind)kind) : NULL;
    if (shape == NULL) {
        gw_rc rc = GW_FAIL_CODE(err, GW_UNSUPPORTED, 2003,
                                "journal record of kind %llu is unknown to this version",
                                (unsigned long long)kind);
        gw_err_hint(err, "start the godwit that wrote this journal, or a newer one");
        return rc;
    }
    if (count != 1 + (uint64_t)shape->field_count)
        return GW_FAIL(err, GW_CORRUPT, "a %s record with %llu fields",
                       gw_record_kind_name((enum gw_record_kind)kind), (unsigned long long)count);
    struct gw_record record = {.kind = (enum gw_record_kind)kind};
    get_fields(shape, &r, arena, &record.claim);
    gw_cbor_end(&r);
    GW_TRY(gw_cbor_check(&r, GW_CORRUPT, gw_record_kind_name(record.kind), err));
    *ret = record;
    return GW_OK;
}

/* ---- as JSON ---- */

static void hex_to_json(struct gw_bytes bytes, struct gw_json_writer *w)
{
    enum { SHOWN = 1024 };
    char hex[2 * SHOWN + 1];
    gw_hex((struct gw_bytes){bytes.data, GW_MIN(bytes.len, (size_t)SHOWN)}, hex);
    gw_json_put_str(w, hex);
}

static void fields_to_json(const struct shape *shape, const void *base, struct gw_json_writer *w);

static void list_to_json(const struct field *field,
                         const void *base, /* NOLINT(misc-no-recursion): depth 2 */
                         struct gw_json_writer *w)
{
    const uint8_t *items = *MEMBER(base, field, uint8_t *const);
    gw_json_put_array(w);
    for (uint32_t i = 0; i < list_count(base, field); i++) {
        gw_json_put_object(w);
        fields_to_json(field->items, items + i * field->items->bytes, w);
        gw_json_put_object_end(w);
    }
    gw_json_put_array_end(w);
}

static void field_to_json(const struct field *field,
                          const void *base, /* NOLINT(misc-no-recursion): depth 2 */
                          struct gw_json_writer *w)
{
    switch (field->kind) {
    case U32:
        gw_json_put_u64(w, *MEMBER(base, field, uint32_t));
        break;
    case U64:
        gw_json_put_u64(w, *MEMBER(base, field, uint64_t));
        break;
    case BOOL:
        gw_json_put_bool(w, *MEMBER(base, field, bool));
        break;
    case VER:
        if (*MEMBER(base, field, gw_version) == GW_VERSION_NONE)
            gw_json_put_null(w);
        else
            gw_json_put_u64(w, *MEMBER(base, field, gw_version));
        break;
    case TEXT:
        gw_json_put_text(w, *MEMBER(base, field, struct gw_text));
        break;
    case BYTES:
    case RAW:
        hex_to_json(*MEMBER(base, field, struct gw_bytes), w);
        break;
    case HASH:
        hex_to_json((struct gw_bytes){MEMBER(base, field, struct gw_hash128)->bytes, 16}, w);
        break;
    case LIST:
        list_to_json(field, base, w);
        break;
    }
}

static void fields_to_json(const struct shape *shape,
                           const void *base, /* NOLINT(misc-no-recursion): depth 2 */
                           struct gw_json_writer *w)
{
    for (uint32_t i = 0; i < shape->field_count; i++) {
        gw_json_put_name_str(w, shape->fields[i].name);
        field_to_json(&shape->fields[i], base, w);
    }
}

void gw_record_to_json(const struct gw_record *record, struct gw_json_writer *writer)
{
    gw_json_put_object(writer);
    gw_json_put_name_str(writer, "kind");
    gw_json_put_str(writer, gw_record_kind_name(record->kind));
    fields_to_json(shape_of(record->kind), &record->claim, writer);
    gw_json_put_object_end(writer);
}
