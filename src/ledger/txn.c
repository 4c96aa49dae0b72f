/* TXN and SESSION: a call is executed at most once per (client, seq) or key hash; its answer is kept. */
#include "codec/utf8.h"
#include "ledger/ledger_int.h"

enum {
    RESULTS_KEPT = 1024,
    TRIES_MAX = 4,
    SLOT_HEAD = 20,
    IDEM_HEAD = 36,
    SESSION_BYTES = 16,
    TOUCH_EVERY_S = 60
};

static void refuse(struct gw_ledger *ledger, gw_code code, const char *text)
{
    gw_refuse(ledger, code, gw_text(text));
}

/* ---- sessions: (client, seq) ---- */

static void session_key(uint64_t client, struct gw_state_key *ret)
{
    gw_key_start(ret, GW_TABLE_SESSION);
    gw_key_u64(ret, client);
}

static void slot_key(uint64_t client, uint64_t seq, struct gw_state_key *ret)
{
    gw_key_start(ret, GW_TABLE_RESULT);
    gw_key_u64(ret, client);
    gw_key_u32(ret, (uint32_t)(seq % RESULTS_KEPT));
}

static void put_session(uint64_t opened_index, int64_t used_ns, uint8_t ret[SESSION_BYTES])
{
    memcpy(ret, &opened_index, sizeof(opened_index));
    memcpy(ret + sizeof(opened_index), &used_ns, sizeof(used_ns));
}

/** Keeps the session alive; writes at most once a minute of journal time. @return GW_NOTFOUND: no such session */
static gw_rc session_touch(struct gw_ledger *ledger, uint64_t client, struct gw_err *err)
{
    struct gw_state_key at;
    struct gw_bytes stored;
    struct gw_session_seen *seen = &ledger->sessions[client % GW_SESSIONS_SEEN];
    if (seen->client == client &&
        ledger->head.time_ns - seen->used_ns < TOUCH_EVERY_S * GW_NS_PER_S)
        return GW_OK;
    seen->client =
        0; /* kept again only as it is read, so that a record taken back leaves nothing here */
    session_key(client, &at);
    GW_TRY(gw_state_get(ledger, &at, &stored, err));
    if (stored.len != SESSION_BYTES)
        return GW_FAIL(err, GW_CORRUPT, "a session of %zu bytes", stored.len);
    uint64_t opened;
    int64_t used;
    memcpy(&opened, stored.data, sizeof(opened));
    memcpy(&used, stored.data + sizeof(opened), sizeof(used));
    if (ledger->head.time_ns - used < TOUCH_EVERY_S * GW_NS_PER_S) {
        *seen = (struct gw_session_seen){client, used};
        return GW_OK;
    }
    uint8_t bytes[SESSION_BYTES];
    put_session(opened, ledger->head.time_ns, bytes);
    return gw_state_put(ledger, &at, (struct gw_bytes){bytes, sizeof(bytes)}, err);
}

/** Looks up what (client, seq) already gave. Sets applying->kind unless it is new. */
static gw_rc session_known(struct gw_ledger *ledger, const struct gw_rec_txn *rec, bool *ret_new,
                           struct gw_err *err)
{
    struct gw_state_key at;
    struct gw_bytes slot;
    *ret_new = false;
    gw_rc rc = session_touch(ledger, rec->client, err);
    if (rc == GW_NOTFOUND) {
        refuse(ledger, 2431, "no such session: it expired or was never opened");
        return GW_OK;
    }
    GW_TRY(rc);
    slot_key(rec->client, rec->seq, &at);
    rc = gw_state_get(ledger, &at, &slot, err);
    *ret_new = rc == GW_NOTFOUND;
    if (rc == GW_NOTFOUND)
        return GW_OK;
    GW_TRY(rc);
    if (slot.len < SLOT_HEAD)
        return GW_FAIL(err, GW_CORRUPT, "a kept result of %zu bytes", slot.len);
    uint64_t seq;
    memcpy(&seq, slot.data, sizeof(seq));
    if (seq < rec->seq) {
        *ret_new = true;
    } else if (seq > rec->seq) {
        ledger->applying->kind = GW_APPLIED_EXPIRED;
    } else {
        ledger->applying->kind = GW_APPLIED_DUPLICATE;
        memcpy(&ledger->applying->at.index, slot.data + 8, 8);
        memcpy(&ledger->applying->at.record, slot.data + 16, 4);
        ledger->applying->result = gw_arena_copy(
            &ledger->batch, (struct gw_bytes){slot.data + SLOT_HEAD, slot.len - SLOT_HEAD});
    }
    return GW_OK;
}

static gw_rc session_keep(struct gw_ledger *ledger, const struct gw_rec_txn *rec,
                          struct gw_bytes result, struct gw_err *err)
{
    struct gw_state_key at;
    slot_key(rec->client, rec->seq, &at);
    gw_buf_reset(&ledger->pair);
    gw_buf_put(&ledger->pair, &rec->seq, sizeof(rec->seq));
    gw_buf_put(&ledger->pair, &ledger->head.index, sizeof(ledger->head.index));
    gw_buf_put(&ledger->pair, &ledger->records, sizeof(ledger->records));
    gw_buf_put_bytes(&ledger->pair, result);
    GW_TRY(gw_buf_check(&ledger->pair, "kept result", err));
    return gw_state_put(ledger, &at, gw_buf_bytes(&ledger->pair), err);
}

/* ---- Idempotency-Key ---- */

static void idem_key(struct gw_bytes key_hash, struct gw_state_key *ret)
{
    gw_key_start(ret, GW_TABLE_IDEM);
    gw_key_bytes(ret, key_hash);
}

static void idem_due_key(int64_t due_ns, struct gw_bytes key_hash, struct gw_state_key *ret)
{
    gw_key_start(ret, GW_TABLE_IDEMDUE);
    gw_key_u64(ret, (uint64_t)due_ns);
    gw_key_bytes(ret, key_hash);
}

static struct gw_hash128 body_hash(const struct gw_rec_txn *rec)
{
    const uint8_t fn[4] = {(uint8_t)rec->fn, (uint8_t)(rec->fn >> 8), (uint8_t)(rec->fn >> 16),
                           (uint8_t)(rec->fn >> 24)};
    const struct gw_bytes parts[] = {{fn, sizeof(fn)}, rec->args};
    return gw_hash128_parts(parts, GW_COUNT_OF(parts));
}

/** At most a few expired keys a call, so that the table shrinks as fast as it grows. */
static gw_rc idem_expire(struct gw_ledger *ledger, struct gw_err *err)
{
    for (int i = 0; i < 2; i++) {
        struct gw_state_key from;
        struct gw_kv_cur *cur = NULL;
        struct gw_bytes key = {0}, val;
        gw_key_start(&from, GW_TABLE_IDEMDUE);
        GW_TRY(ledger->kv->ops->seek((struct gw_kv_view){.txn = ledger->txn}, gw_key_view(&from),
                                     &cur, err));
        gw_rc rc = ledger->kv->ops->next(cur, &key, &val, err);
        bool due = rc == GW_OK && key.len > 9 && key.data[0] == GW_TABLE_IDEMDUE;
        struct gw_state_key at;
        if (due) {
            uint64_t when;
            memcpy(&when, key.data + 1, sizeof(when));
            due = (int64_t)__builtin_bswap64(when) <= ledger->head.time_ns;
            from.len = 0;
            gw_key_bytes(&from, key);
            idem_key((struct gw_bytes){key.data + 9, key.len - 9}, &at);
        }
        ledger->kv->ops->close(cur);
        if (!due)
            return rc == GW_NOTFOUND ? GW_OK : rc;
        GW_TRY(gw_state_del(ledger, &from, err));
        GW_TRY(gw_state_del(ledger, &at, err));
        ledger->small.idem_count--;
    }
    return GW_OK;
}

static gw_rc idem_known(struct gw_ledger *ledger, const struct gw_rec_txn *rec, bool *ret_new,
                        struct gw_err *err)
{
    struct gw_state_key at;
    struct gw_bytes stored;
    *ret_new = false;
    idem_key(rec->key_hash, &at);
    GW_TRY(idem_expire(ledger, err));
    gw_rc rc = gw_state_get(ledger, &at, &stored, err);
    if (rc == GW_NOTFOUND) {
        if (ledger->small.idem_count >= ledger->small.limits.idem_max)
            refuse(ledger, 2430, "too many Idempotency-Keys are kept");
        else
            *ret_new = true;
        return GW_OK;
    }
    GW_TRY(rc);
    struct gw_hash128 body = body_hash(rec);
    if (stored.len < IDEM_HEAD)
        return GW_FAIL(err, GW_CORRUPT, "a kept result of %zu bytes", stored.len);
    if (memcmp(stored.data, body.bytes, sizeof(body.bytes)) != 0) {
        refuse(ledger, 2432, "this Idempotency-Key was used with another body");
        return GW_OK;
    }
    ledger->applying->kind = GW_APPLIED_DUPLICATE;
    memcpy(&ledger->applying->at.index, stored.data + 16, 8);
    memcpy(&ledger->applying->at.record, stored.data + 24, 4);
    ledger->applying->result = gw_arena_copy(
        &ledger->batch, (struct gw_bytes){stored.data + IDEM_HEAD, stored.len - IDEM_HEAD});
    return GW_OK;
}

static gw_rc idem_keep(struct gw_ledger *ledger, const struct gw_rec_txn *rec,
                       struct gw_bytes result, struct gw_err *err)
{
    struct gw_state_key at;
    struct gw_hash128 body = body_hash(rec);
    int64_t due = ledger->head.time_ns + (int64_t)ledger->small.limits.idem_ns;
    idem_key(rec->key_hash, &at);
    gw_buf_reset(&ledger->pair);
    gw_buf_put(&ledger->pair, body.bytes, sizeof(body.bytes));
    gw_buf_put(&ledger->pair, &ledger->head.index, sizeof(ledger->head.index));
    gw_buf_put(&ledger->pair, &ledger->records, sizeof(ledger->records));
    gw_buf_put(&ledger->pair, &due, sizeof(due));
    gw_buf_put_bytes(&ledger->pair, result);
    GW_TRY(gw_buf_check(&ledger->pair, "kept result", err));
    GW_TRY(gw_state_put(ledger, &at, gw_buf_bytes(&ledger->pair), err));
    idem_due_key(due, rec->key_hash, &at);
    ledger->small.idem_count++;
    return gw_state_put(ledger, &at, (struct gw_bytes){NULL, 0}, err);
}

/* ---- the call ---- */

static gw_rc known(struct gw_ledger *ledger, const struct gw_rec_txn *rec, bool *ret_new,
                   struct gw_err *err)
{
    *ret_new = true;
    if (rec->key_hash.len)
        return idem_known(ledger, rec, ret_new, err);
    return rec->client ? session_known(ledger, rec, ret_new, err) : GW_OK;
}

static gw_rc keep(struct gw_ledger *ledger, const struct gw_rec_txn *rec, struct gw_bytes result,
                  struct gw_err *err)
{
    if (rec->key_hash.len)
        return idem_keep(ledger, rec, result, err);
    return rec->client ? session_keep(ledger, rec, result, err) : GW_OK;
}

static const struct gw_rec_failed *failed_evidence(const struct gw_rec_txn *rec,
                                                   const struct gw_missing_key *missing)
{
    for (uint32_t i = 0; i < rec->failed_count; i++)
        if (rec->failed[i].entity == missing->entity->entity.id &&
            gw_bytes_equal(rec->failed[i].key, missing->key))
            return &rec->failed[i];
    return NULL;
}

static struct gw_text key_name(struct gw_ledger *ledger, const struct gw_program_entity *entity,
                               struct gw_bytes key)
{
    uint8_t memory[256];
    struct gw_buf text;
    union gw_value *values =
        GW_NEW_ARRAY(&ledger->scratch, union gw_value, entity->entity.key_count);
    gw_buf_init_fixed(&text, memory, sizeof(memory));
    if (values && gw_entity_unkey(&entity->entity, key, &ledger->scratch, values, NULL) == GW_OK)
        gw_entity_key_text(&entity->entity, values, &text);
    size_t len = gw_utf8_bad_at(gw_buf_text(&text)); /* a long key is cut, maybe in a character */
    return gw_arena_printf(&ledger->batch, "%.*s[%.*s]", GW_TEXT_ARG(entity->entity.name), (int)len,
                           (const char *)memory);
}

/** A missing key ends the call when it is known to be unreadable, or when it moved too often. */
static bool fetch_failed(struct gw_ledger *ledger, const struct gw_rec_txn *rec,
                         const struct gw_run_result *run, struct gw_vm_result *ret)
{
    for (uint32_t i = 0; i < run->missing_count; i++) {
        const struct gw_missing_key *missing = &run->missing[i];
        const struct gw_rec_failed *evidence = failed_evidence(rec, missing);
        if (evidence == NULL && rec->try_count < TRIES_MAX)
            continue;
        struct gw_text name = key_name(ledger, missing->entity, missing->key);
        const char *cls =
            evidence ? gw_fetch_class_text(evidence->cls) : gw_fetch_class_text(GW_FETCH_DEPENDENT);
        struct gw_text why = evidence ? evidence->text : GW_TEXT_LIT("the key moved four times");
        *ret = (struct gw_vm_result){
            .status = GW_VM_ABORT,
            .abort = GW_ABORT_FETCH_FAILED,
            .detail = gw_arena_printf(&ledger->batch, "%.*s: %s: %.*s", GW_TEXT_ARG(name), cls,
                                      GW_TEXT_ARG(why)),
        };
        return true;
    }
    return false;
}

static gw_rc decide(struct gw_ledger *ledger, const struct gw_rec_txn *rec, const struct gw_fn *fn,
                    struct gw_vm_result *ret, struct gw_err *err)
{
    union gw_value *args = NULL;
    struct gw_err why;
    if (fn == NULL || fn->kind != GW_FN_TXN) {
        *ret = (struct gw_vm_result){.status = GW_VM_ABORT, .abort = GW_ABORT_NO_SUCH_FN};
        return GW_OK;
    }
    if (ledger->small.halted) {
        *ret = (struct gw_vm_result){.status = GW_VM_ABORT, .abort = GW_ABORT_HALTED};
        return GW_OK;
    }
    if (gw_args_decode(fn, rec->args, &ledger->scratch, &args, &why) < 0) {
        struct gw_text text = gw_arena_copy_text(&ledger->batch, gw_text(why.msg));
        refuse(ledger, 2110, "arguments do not fit");
        ledger->applying->refused = text;
        return GW_OK;
    }
    struct gw_run_result run;
    GW_TRY(gw_run_call(ledger, fn, args, &run, err));
    *ret = run.vm;
    if (run.vm.status == GW_VM_NEEDS_KEYS && !fetch_failed(ledger, rec, &run, ret)) {
        ledger->applying->kind = GW_APPLIED_NEEDS_KEYS;
        gw_report_missing(ledger, run.missing, run.missing_count);
    }
    return GW_OK;
}

gw_rc gw_apply_txn(struct gw_ledger *ledger, const struct gw_rec_txn *rec, struct gw_err *err)
{
    bool is_new = false;
    GW_TRY(known(ledger, rec, &is_new, err));
    if (!is_new)
        return GW_OK;
    const struct gw_fn *fn = ledger->program ? gw_program_fn_id(ledger->program, rec->fn) : NULL;
    struct gw_vm_result result = {0};
    GW_TRY(decide(ledger, rec, fn, &result, err));
    if (ledger->applying->kind != GW_APPLIED_DONE)
        return GW_OK;
    struct gw_buf bytes;
    enum { RESULT_BYTES_MAX = 96 * 1024 }; /* args + result are bounded by the checker to 64 KiB */
    size_t room = result.status == GW_VM_ABORT
                      ? 64 + result.detail.len
                      : 32 + (result.type ? (size_t)result.type->bytes_max : 0);
    uint8_t *memory = gw_arena_get_raw(&ledger->batch, GW_MIN(room, (size_t)RESULT_BYTES_MAX));
    if (memory == NULL)
        return GW_FAIL_NOMEM(err);
    gw_buf_init_fixed(&bytes, memory, room);
    gw_call_result_encode(fn, &result, &bytes);
    GW_TRY(gw_buf_check(&bytes, "result", err));
    ledger->applying->result = gw_buf_bytes(&bytes);
    ledger->applying->wake_daemons = true;
    return keep(ledger, rec, ledger->applying->result, err);
}

/** Every kept result of a client goes with its session. */
static gw_rc session_forget(struct gw_ledger *ledger, uint64_t client, struct gw_err *err)
{
    struct gw_state_key at;
    ledger->sessions[client % GW_SESSIONS_SEEN].client = 0;
    session_key(client, &at);
    GW_TRY(gw_state_del(ledger, &at, err));
    for (uint32_t i = 0; i < RESULTS_KEPT; i++) {
        slot_key(client, i, &at);
        GW_TRY(gw_state_del(ledger, &at, err));
    }
    ledger->small.session_count--;
    return GW_OK;
}

gw_rc gw_apply_session(struct gw_ledger *ledger, const struct gw_rec_session *rec,
                       struct gw_err *err)
{
    struct gw_state_key at;
    struct gw_bytes stored;
    if (rec->verb == GW_SESSION_EXPIRE) {
        session_key(rec->client, &at);
        gw_rc rc = gw_state_get(ledger, &at, &stored, err);
        return rc == GW_NOTFOUND ? GW_OK : rc < 0 ? rc : session_forget(ledger, rec->client, err);
    }
    if (ledger->small.session_count >= ledger->small.limits.sessions_max) {
        refuse(ledger, 2433, "too many sessions are open");
        return GW_OK;
    }
    uint8_t bytes[SESSION_BYTES];
    uint64_t client = ledger->small.client_next++;
    session_key(client, &at);
    put_session(ledger->head.index, ledger->head.time_ns, bytes);
    ledger->small.session_count++;
    ledger->applying->number = client;
    return gw_state_put(ledger, &at, (struct gw_bytes){bytes, sizeof(bytes)}, err);
}

gw_rc gw_ledger_idle_sessions(struct gw_ledger *ledger, int64_t now_ns, uint32_t max,
                              struct gw_arena *arena, uint64_t **ret_clients, uint32_t *ret_count,
                              struct gw_err *err)
{
    struct gw_state_view view;
    struct gw_state_key scope;
    struct gw_kv_cur *cur = NULL;
    uint32_t count = 0;
    uint64_t *clients = GW_NEW_ARRAY(arena, uint64_t, max);
    if (clients == NULL)
        return GW_FAIL_NOMEM(err);
    gw_key_start(&scope, GW_TABLE_SESSION);
    GW_TRY(gw_state_view_of(ledger, &view, err));
    GW_TRY(ledger->kv->ops->seek(view.view, gw_key_view(&scope), &cur, err));
    gw_rc rc = GW_OK;
    while (count < max) {
        struct gw_bytes key, val;
        rc = gw_scope_next(ledger->kv, cur, &scope, &key, &val, err);
        if (rc < 0)
            break;
        uint64_t client;
        int64_t used;
        memcpy(&client, key.data + 1, sizeof(client));
        memcpy(&used, val.data + sizeof(uint64_t), sizeof(used));
        if (now_ns - used > (int64_t)ledger->small.limits.session_ns)
            clients[count++] = __builtin_bswap64(client);
    }
    ledger->kv->ops->close(cur);
    if (rc < 0 && rc != GW_NOTFOUND)
        return rc;
    *ret_clients = clients;
    *ret_count = count;
    return GW_OK;
}
