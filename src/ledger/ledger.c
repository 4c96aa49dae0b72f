#include "ledger/ledger.h"

#include "ledger/ledger_int.h"

static gw_rc compile(struct gw_ledger *ledger, struct gw_bytes source,
                     const struct gw_program **ret, struct gw_err *err)
{
    struct gw_diags diags = {0};
    return gw_lang_compile(GW_TEXT_LIT("program"), gw_bytes_text(source), &gw_lang_limits_default,
                           &ledger->program_arena, &diags, ret, err);
}

static gw_rc load_program(struct gw_ledger *ledger, struct gw_err *err)
{
    struct gw_state_key at;
    struct gw_kv_snap *snap = NULL;
    struct gw_bytes source;
    gw_key_start(&at, GW_TABLE_PROGRAM);
    GW_TRY(ledger->kv->ops->snapshot(ledger->kv, &snap, err));
    gw_rc rc =
        ledger->kv->ops->get((struct gw_kv_view){.snap = snap}, gw_key_view(&at), &source, err);
    if (rc == GW_OK)
        rc = compile(ledger, source, &ledger->program, err);
    ledger->kv->ops->release(snap);
    return rc == GW_NOTFOUND ? GW_OK : rc;
}

gw_rc gw_ledger_open(const struct gw_ledger_opts *opts, struct gw_ledger **ret, struct gw_err *err)
{
    struct gw_ledger *ledger = opts->alloc->get(opts->alloc->ctx, sizeof(*ledger));
    if (ledger == NULL)
        return GW_FAIL_NOMEM(err);
    memset(ledger, 0, offsetof(struct gw_ledger, pair_bytes));
    ledger->applying = NULL;
    ledger->time_ns = 0;
    ledger->kv = opts->kv;
    ledger->alloc = opts->alloc;
    gw_arena_init(&ledger->batch, opts->alloc, opts->arena_bytes_max);
    gw_arena_init(&ledger->scratch, opts->alloc, opts->arena_bytes_max);
    gw_arena_init(&ledger->program_arena, opts->alloc, opts->arena_bytes_max);
    gw_buf_init_fixed(&ledger->pair, ledger->pair_bytes, sizeof(ledger->pair_bytes));
    gw_rc rc = gw_small_load(ledger, err);
    if (rc == GW_OK)
        rc = load_program(ledger, err);
    if (rc < 0) {
        gw_ledger_close(ledger);
        return rc;
    }
    *ret = ledger;
    return GW_OK;
}

void gw_ledger_close(struct gw_ledger *ledger)
{
    if (ledger == NULL)
        return;
    gw_ledger_abort(ledger);
    ledger->kv->ops->release(ledger->snap);
    gw_arena_done(&ledger->batch);
    gw_arena_done(&ledger->scratch);
    gw_arena_done(&ledger->program_arena);
    ledger->alloc->put(ledger->alloc->ctx, ledger, sizeof(*ledger));
}

const struct gw_program *gw_ledger_program(const struct gw_ledger *ledger)
{
    return ledger->program;
}

const struct gw_limits *gw_ledger_limits(const struct gw_ledger *ledger)
{
    return &ledger->small.limits;
}

struct gw_kv *gw_ledger_kv(struct gw_ledger *ledger)
{
    return ledger->kv;
}

uint64_t gw_ledger_applied(const struct gw_ledger *ledger)
{
    return ledger->applied;
}

bool gw_ledger_halted(const struct gw_ledger *ledger)
{
    return ledger->small.halted;
}

int64_t gw_ledger_time(const struct gw_ledger *ledger)
{
    return ledger->time_ns;
}

uint32_t gw_ledger_records(const struct gw_ledger *ledger)
{
    return ledger->records;
}

gw_rc gw_ledger_begin(struct gw_ledger *ledger, const struct gw_batch_head *head,
                      struct gw_err *err)
{
    GW_ASSERT(ledger->txn == NULL && head->index > ledger->applied);
    ledger->kv->ops->release(ledger->snap);
    ledger->snap = NULL;
    GW_TRY(ledger->kv->ops->begin(ledger->kv, &ledger->txn, err));
    gw_arena_reset(&ledger->batch);
    ledger->head = *head;
    ledger->records = 0;
    ledger->small_saved = ledger->small;
    ledger->program_saved = ledger->program;
    return GW_OK;
}

static gw_rc apply_kind(struct gw_ledger *ledger, const struct gw_record *record,
                        struct gw_err *err)
{
    switch (record->kind) {
#define X(NAME, name, number) \
    case GW_RECORD_##NAME:    \
        return gw_apply_##name(ledger, &record->name, err);
        GW_RECORD_KINDS(X)
#undef X
    }
    GW_UNREACHABLE_CODE();
}

gw_rc gw_ledger_apply(struct gw_ledger *ledger, struct gw_bytes bytes, struct gw_applied *ret,
                      struct gw_err *err)
{
    GW_ASSERT(ledger->txn != NULL);
    struct gw_record record;
    gw_arena_reset(&ledger->scratch);
    GW_TRY(gw_record_decode(bytes, &ledger->scratch, &record, err));
    *ret =
        (struct gw_applied){.kind = GW_APPLIED_DONE, .at = {ledger->head.index, ledger->records}};
    ledger->applying = ret;
    struct gw_undo undo = gw_undo_begin(ledger);
    gw_rc rc = apply_kind(ledger, &record, err);
    ledger->applying = NULL;
    if (rc < 0)
        return gw_err_wrap_rc(err, rc, "%s record %llu.%u", gw_record_kind_name(record.kind),
                              (unsigned long long)ledger->head.index, ledger->records);
    if (ret->kind == GW_APPLIED_DONE)
        ledger->records++;
    else
        gw_undo_all(ledger, &undo); /* it takes no position, so it may leave no trace */
    return GW_OK;
}

gw_rc gw_ledger_commit(struct gw_ledger *ledger, struct gw_err *err)
{
    GW_ASSERT(ledger->txn != NULL);
    GW_TRY(gw_evict(ledger, err));
    ledger->small.time_ns = ledger->head.time_ns;
    GW_TRY(gw_small_store(ledger, err));
    GW_TRY(ledger->kv->ops->commit(ledger->txn, ledger->head.index, err));
    ledger->txn = NULL;
    ledger->applied = ledger->head.index;
    ledger->time_ns = ledger->head.time_ns;
    return GW_OK;
}

void gw_ledger_abort(struct gw_ledger *ledger)
{
    if (ledger->txn == NULL)
        return;
    memset(ledger->gates, 0, sizeof(ledger->gates));
    memset(ledger->sessions, 0, sizeof(ledger->sessions));
    ledger->kv->ops->abort(ledger->txn);
    ledger->txn = NULL;
    ledger->small = ledger->small_saved;
    ledger->program = ledger->program_saved;
}

void gw_refuse(struct gw_ledger *ledger, gw_code code, struct gw_text text)
{
    ledger->applying->kind = GW_APPLIED_REFUSED;
    ledger->applying->refused = text;
    ledger->applying->refused_code = code;
}

void gw_report_missing(struct gw_ledger *ledger, const struct gw_missing_key *missing,
                       uint32_t count)
{
    struct gw_applied *applying = ledger->applying;
    struct gw_missing_key *copies = GW_NEW_ARRAY(&ledger->batch, struct gw_missing_key, count);
    for (uint32_t i = 0; copies && i < count; i++) {
        copies[i] = missing[i];
        copies[i].key = gw_arena_copy(&ledger->batch, missing[i].key);
    }
    applying->missing = copies;
    applying->missing_count = copies ? count : 0;
}

void gw_ledger_halt_state(const struct gw_ledger *ledger, struct gw_halt_state *ret)
{
    const struct gw_small *small = &ledger->small;
    *ret = (struct gw_halt_state){small->halted, small->halts_open, small->halts_wide};
}

uint64_t gw_ledger_resident_bytes(const struct gw_ledger *ledger)
{
    return ledger->small.resident_bytes;
}

/* ---- records whose effect is small ---- */

gw_rc gw_apply_claim(struct gw_ledger *ledger, const struct gw_rec_claim *rec, struct gw_err *err)
{
    (void)rec;
    (void)err;
    ledger->applying->wake_daemons = true;
    return GW_OK;
}

gw_rc gw_apply_tick(struct gw_ledger *ledger, const struct gw_rec_tick *rec, struct gw_err *err)
{
    (void)rec;
    (void)err;
    ledger->applying->wake_daemons = true;
    return GW_OK;
}

gw_rc gw_apply_check(struct gw_ledger *ledger, const struct gw_rec_check *rec, struct gw_err *err)
{
    (void)ledger; /* compared by the one who replays, against the kv's own sum at that index */
    (void)rec;
    (void)err;
    return GW_OK;
}

gw_rc gw_apply_audit(struct gw_ledger *ledger, const struct gw_rec_audit *rec, struct gw_err *err)
{
    (void)ledger; /* the trail is the journal itself */
    (void)rec;
    (void)err;
    return GW_OK;
}

/** Beyond these a limit would not bound what it names, or time would overflow. */
static bool limit_fits(const struct gw_rec_limit *limit)
{
    static const struct {
        const char *name;
        uint64_t min, max;
    } bounds[] = {
        {"ring", 1, 16},
        {"halt_scope", 0, 2},
        {"idem_ns", 1, UINT64_C(3650) * 86400 * GW_NS_PER_S},
        {"session_ns", 1, UINT64_C(3650) * 86400 * GW_NS_PER_S},
    };
    for (size_t i = 0; i < GW_COUNT_OF(bounds); i++)
        if (gw_text_is(limit->name, bounds[i].name))
            return limit->value >= bounds[i].min && limit->value <= bounds[i].max;
    return true;
}

static gw_rc set_limit(struct gw_limits *limits, const struct gw_rec_limit *limit,
                       struct gw_err *err)
{
#define X(member, value_, text)             \
    if (gw_text_is(limit->name, #member)) { \
        limits->member = limit->value;      \
        return GW_OK;                       \
    }
    GW_LIMIT_LIST(X)
#undef X
    return GW_FAIL_CODE(err, GW_UNSUPPORTED, 2003, "limit %.*s is unknown to this version",
                        GW_TEXT_ARG(limit->name));
}

gw_rc gw_apply_limits(struct gw_ledger *ledger, const struct gw_rec_limits *rec, struct gw_err *err)
{
    for (uint32_t i = 0; i < rec->limit_count; i++) {
        if (!limit_fits(&rec->limits[i])) {
            gw_refuse(ledger, 2437,
                      gw_arena_printf(&ledger->batch, "%.*s cannot be %llu",
                                      GW_TEXT_ARG(rec->limits[i].name),
                                      (unsigned long long)rec->limits[i].value));
            return GW_OK;
        }
        GW_TRY(set_limit(&ledger->small.limits, &rec->limits[i], err));
    }
    return GW_OK;
}

static gw_rc begin_builds(struct gw_ledger *ledger, const struct gw_program *program,
                          struct gw_err *err)
{
    for (uint32_t i = 0; i < program->index_count + program->counter_count; i++) {
        uint32_t id = i < program->index_count ? program->indexes[i]->id
                                               : program->counters[i - program->index_count]->id;
        struct gw_state_key at;
        struct gw_bytes stored;
        gw_key_start(&at, GW_TABLE_BUILD);
        gw_key_u32(&at, id);
        gw_rc rc = gw_state_get(ledger, &at, &stored, err);
        if (rc == GW_NOTFOUND) {
            rc = gw_build_begin(ledger, id, err);
        }
        GW_TRY(rc);
    }
    return GW_OK;
}

/** A promise that is not kept yet is refused, not ignored. @return NULL: none */
static const struct gw_fn *atomic_push(const struct gw_program *program)
{
    for (uint32_t i = 0; i < program->fn_count; i++)
        if (program->fns[i]->atomic_push)
            return program->fns[i];
    return NULL;
}

gw_rc gw_apply_program(struct gw_ledger *ledger, const struct gw_rec_program *rec,
                       struct gw_err *err)
{
    const struct gw_program *program = NULL;
    struct gw_err why;
    struct gw_sha256 hash = gw_sha256(rec->source);
    if (rec->hash.len != sizeof(hash.bytes) ||
        memcmp(hash.bytes, rec->hash.data, sizeof(hash.bytes)) != 0)
        return GW_FAIL(err, GW_CORRUPT, "the program's hash does not fit its text");
    gw_rc rc = compile(ledger, rec->source, &program, &why);
    if (rc == GW_NOMEM) /* a refusal must be a function of the journal */
        return GW_FAIL_NOMEM(err);
    if (rc < 0) {
        ledger->applying->kind = GW_APPLIED_REFUSED;
        ledger->applying->refused = gw_arena_copy_text(&ledger->batch, gw_text(why.msg));
        ledger->applying->refused_code = why.code;
        return GW_OK;
    }
    const struct gw_fn *promised = atomic_push(program);
    if (promised) {
        gw_refuse(ledger, 2116,
                  gw_arena_printf(&ledger->batch, "txn %.*s: atomic_push is not built yet",
                                  GW_TEXT_ARG(promised->name)));
        return GW_OK;
    }
    struct gw_state_key at;
    gw_key_start(&at, GW_TABLE_PROGRAM);
    GW_TRY(gw_state_put(ledger, &at, rec->source, err));
    ledger->program = program;
    for (uint32_t i = 0; i < program->store_count; i++)
        (void)gw_small_store_of(ledger, program->stores[i].id);
    ledger->applying->wake_daemons = true;
    return begin_builds(ledger, program, err);
}
