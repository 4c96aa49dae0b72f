/* PAGE: rows of a home in key order. A scan's page onboards keys and goes to the daemon that waits for it; an audit's
 * page walks in lockstep with the ledger's keys, so that a row too many or too few is found as surely as a changed one. */
#include "codec/cbor.h"
#include "ledger/audit_int.h"
#include "ledger/evidence.h"
#include "ledger/fiber_int.h"
#include "ledger/phase.h"

/* ---- the auditor's memory ---- */

enum { AUDIT_FIELDS = 6, PASS_FIELDS = 4 };

static void audit_key(uint32_t home, struct gw_state_key *ret)
{
    gw_key_start(ret, GW_TABLE_AUDIT);
    gw_key_u32(ret, home);
}

static void put_pass(const struct gw_audit_pass *pass, struct gw_buf *ret)
{
    gw_cbor_put_array(ret, PASS_FIELDS);
    gw_cbor_put_uint(ret, pass->start);
    gw_cbor_put_uint(ret, pass->rows);
    gw_cbor_put_uint(ret, pass->unknown);
    gw_cbor_put_uint(ret, pass->findings);
}

static void get_pass(struct gw_cbor_reader *r, struct gw_audit_pass *ret)
{
    gw_cbor_get_array_of(r, PASS_FIELDS);
    ret->start = gw_cbor_get_uint(r);
    ret->rows = gw_cbor_get_uint(r);
    ret->unknown = gw_cbor_get_uint(r);
    ret->findings = gw_cbor_get_uint(r);
}

static gw_rc audit_put(struct gw_ledger *ledger, uint32_t home, const struct gw_audit_state *state,
                       struct gw_err *err)
{
    struct gw_state_key at;
    struct gw_buf *pair = &ledger->pair;
    audit_key(home, &at);
    gw_buf_reset(pair);
    gw_cbor_put_array(pair, AUDIT_FIELDS);
    gw_cbor_put_uint(pair, state->pass);
    gw_cbor_put_bytes(pair, state->cursor);
    put_pass(&state->now, pair);
    put_pass(&state->last, pair);
    gw_cbor_put_uint(pair, state->last_end);
    gw_cbor_put_uint(pair, state->clean_start);
    GW_TRY(gw_buf_check(pair, "audit state", err));
    return gw_state_put(ledger, &at, gw_buf_bytes(pair), err);
}

gw_rc gw_ledger_audit(struct gw_ledger *ledger, const struct gw_program_home *home,
                      struct gw_arena *arena, struct gw_audit_state *ret, struct gw_err *err)
{
    struct gw_state_key at;
    struct gw_bytes stored;
    struct gw_audit_state state = {.pass = 1};
    audit_key(home->home.id, &at);
    gw_rc rc = gw_state_get(ledger, &at, &stored, err);
    if (rc == GW_OK) {
        stored = gw_arena_copy(arena, stored);
        struct gw_cbor_reader r = gw_cbor_reader(stored);
        gw_cbor_get_array_of(&r, AUDIT_FIELDS);
        state.pass = gw_cbor_get_uint(&r);
        state.cursor = gw_cbor_get_bytes(&r);
        get_pass(&r, &state.now);
        get_pass(&r, &state.last);
        state.last_end = gw_cbor_get_uint(&r);
        state.clean_start = gw_cbor_get_uint(&r);
        gw_cbor_end(&r);
        rc = gw_cbor_check(&r, GW_CORRUPT, "audit state", err);
    }
    if (rc < 0 && rc != GW_NOTFOUND)
        return rc;
    *ret = state;
    return GW_OK;
}

gw_rc gw_audit_is_clean(struct gw_ledger *ledger, const struct gw_program_entity *entity,
                        uint64_t since, bool *ret, struct gw_err *err)
{
    *ret = true;
    for (uint32_t i = 0; i < entity->home_count && *ret; i++) {
        struct gw_audit_state state;
        GW_TRY(gw_ledger_audit(ledger, entity->homes[i], &ledger->scratch, &state, err));
        *ret = state.clean_start > 0 && state.clean_start >= since;
    }
    return GW_OK;
}

/* ---- audit pages ---- */

struct audit {
    const struct gw_rec_page *rec;
    const struct gw_program_home *home;
    struct gw_audit_state state;
    bool verified; /* a row that nobody onboarded is a foreign insert */
    uint32_t keys; /* ledger keys seen in this page */
    bool is_cut;   /* more ledger keys than a page may look at: the pass goes on behind `cursor` */
};

static struct gw_evidence audit_evidence(const struct audit *audit, struct gw_bytes key)
{
    return (struct gw_evidence){
        .home = audit->home,
        .key = key,
        .asof = audit->rec->asof,
        .seen = {.ver = GW_VERSION_NONE},
        .found_by = "audit",
    };
}

static gw_rc judge_known(struct gw_ledger *ledger, struct audit *audit,
                         const struct gw_rec_row *row, struct gw_bytes key,
                         const struct gw_meta *meta, struct gw_err *err)
{
    struct gw_evidence evidence = audit_evidence(audit, key);
    uint32_t halts = ledger->applying->halts;
    if (row) {
        evidence.seen = (struct gw_seen){true, row->ver, row->hash};
        evidence.image = row->image;
    }
    if (row && row->problem.len) {
        GW_TRY(gw_evidence_problem(ledger, audit->home, key, row->problem, "audit", err));
    } else {
        GW_TRY(gw_evidence_apply(ledger, &evidence, err));
    }
    audit->state.now.findings += ledger->applying->halts != halts || meta->state == GW_KEY_CONFLICT;
    return GW_OK;
}

/** A row whose key nobody has seen: it waits for onboarding, until the entity is verified. */
static gw_rc judge_unknown(struct gw_ledger *ledger, struct audit *audit,
                           const struct gw_rec_row *row, struct gw_err *err)
{
    struct gw_meta meta;
    if (!audit->verified) {
        audit->state.now.unknown++;
        return GW_OK;
    }
    gw_meta_init(&meta, audit->home->owner);
    GW_TRY(gw_pair_put(ledger, audit->home->owner->entity.id, row->key, NULL, &meta, err));
    return judge_known(ledger, audit, row, row->key, &meta, err);
}

/** The store's key column is not unique: the second row stops the key (GW2105). */
static bool is_repeat(const struct gw_rec_page *rec, uint32_t row)
{
    return row > 0 && gw_bytes_equal(rec->rows[row].key, rec->rows[row - 1].key);
}

static gw_rc repeated(struct gw_ledger *ledger, const struct gw_program_home *home,
                      struct gw_bytes key, const char *found_by, struct gw_err *err)
{
    return gw_evidence_problem(ledger, home, key, GW_TEXT_LIT("two rows have this key"), found_by,
                               err);
}

/** Rows of the page below `key` (all that are left when it is NULL) have no key in the ledger. */
static gw_rc rows_before(struct gw_ledger *ledger, struct audit *audit, uint32_t *io_row,
                         const struct gw_bytes *key, struct gw_err *err)
{
    while (*io_row < audit->rec->row_count) {
        const struct gw_rec_row *row = &audit->rec->rows[*io_row];
        if (key && gw_bytes_compare(row->key, *key) >= 0)
            return GW_OK;
        audit->state.now.rows++;
        if (is_repeat(audit->rec, *io_row)) {
            audit->state.now.findings++;
            GW_TRY(repeated(ledger, audit->home, row->key, "audit", err));
        } else {
            GW_TRY(judge_unknown(ledger, audit, row, err));
        }
        ++*io_row;
    }
    return GW_OK;
}

static bool home_has(struct gw_meta *meta, uint32_t home)
{
    const struct gw_meta_home *at = gw_meta_home(meta, home);
    return at && (at->acked.present || at->dirty_since);
}

/** One ledger key in the page's range, and the row that should stand for it. */
static gw_rc lockstep_key(struct gw_ledger *ledger, struct audit *audit, uint32_t *io_row,
                          struct gw_bytes key, struct gw_bytes pair, struct gw_err *err)
{
    struct gw_meta meta;
    GW_TRY(rows_before(ledger, audit, io_row, &key, err));
    GW_TRY(gw_meta_decode(pair, &meta, err));
    const struct gw_rec_row *row =
        *io_row < audit->rec->row_count ? &audit->rec->rows[*io_row] : NULL;
    bool has_row = row && gw_bytes_equal(row->key, key);
    audit->state.now.rows += has_row;
    *io_row += has_row;
    audit->state.cursor = key;
    if (!has_row && !home_has(&meta, audit->home->home.id))
        return GW_OK;
    return judge_known(ledger, audit, has_row ? row : NULL, key, &meta, err);
}

static bool in_page(const struct audit *audit, struct gw_bytes key)
{
    return audit->rec->end || gw_bytes_compare(key, audit->rec->cursor_to) <= 0;
}

static gw_rc lockstep(struct gw_ledger *ledger, struct audit *audit, struct gw_kv_cur *cur,
                      struct gw_err *err)
{
    struct gw_state_key scope;
    struct gw_bytes from = gw_scratch_copy(ledger, audit->state.cursor);
    uint32_t row = 0;
    gw_key_of(&scope, GW_TABLE_ENTITY, audit->home->owner->entity.id, (struct gw_bytes){NULL, 0});
    for (;;) {
        struct gw_bytes at, pair;
        gw_rc rc = gw_scope_next(ledger->kv, cur, &scope, &at, &pair, err);
        if (rc == GW_NOTFOUND)
            break;
        GW_TRY(rc);
        struct gw_bytes key = {at.data + scope.len, at.len - scope.len};
        if (from.len && gw_bytes_compare(key, from) <= 0)
            continue;
        if (!in_page(audit, key))
            break;
        if (audit->keys++ == GW_AUDIT_KEYS_MAX) {
            audit->is_cut = true;
            return GW_OK;
        }
        key = gw_scratch_copy(ledger, key);
        pair = gw_scratch_copy(ledger, pair);
        if (key.data == NULL || pair.data == NULL)
            return GW_FAIL_NOMEM(err);
        GW_TRY(lockstep_key(ledger, audit, &row, key, pair, err));
    }
    return rows_before(ledger, audit, &row, NULL, err);
}

static void audit_move(struct gw_ledger *ledger, struct audit *audit)
{
    struct gw_audit_state *state = &audit->state;
    if (audit->is_cut)
        return; /* the cursor stands on the last key that was looked at */
    state->cursor = audit->rec->cursor_to;
    if (!audit->rec->end)
        return;
    state->last = state->now;
    state->last_end = ledger->head.index;
    if (state->now.findings == 0)
        state->clean_start = state->now.start;
    state->now = (struct gw_audit_pass){0};
    state->pass++;
    state->cursor = (struct gw_bytes){NULL, 0};
    ledger->applying->wake_daemons = true;
}

/** Rows must rise and stay inside the page's bounds, or the lockstep would convict the innocent. */
static bool rows_in_order(const struct gw_rec_page *rec)
{
    struct gw_bytes before = rec->cursor_from;
    for (uint32_t i = 0; i < rec->row_count; i++) {
        int order = gw_bytes_compare(before, rec->rows[i].key);
        if (i > 0 ? order > 0 : before.len && order >= 0)
            return false;
        before = rec->rows[i].key;
    }
    return rec->end || (rec->row_count > 0 && gw_bytes_compare(before, rec->cursor_to) <= 0);
}

static gw_rc audit_page(struct gw_ledger *ledger, const struct gw_rec_page *rec,
                        const struct gw_program_home *home, struct gw_err *err)
{
    struct audit audit = {.rec = rec, .home = home};
    struct gw_phase_state phase;
    struct gw_state_key from;
    struct gw_kv_cur *cur = NULL;
    GW_TRY(gw_ledger_audit(ledger, home, &ledger->scratch, &audit.state, err));
    if (!gw_bytes_equal(audit.state.cursor, rec->cursor_from)) {
        gw_refuse(ledger, 2620, GW_TEXT_LIT("the audit stands at another row"));
        return GW_OK;
    }
    GW_TRY(gw_ledger_phase(ledger, home->owner, &phase, err));
    audit.verified = phase.phase >= GW_PHASE_VERIFIED;
    if (audit.state.cursor.len == 0)
        audit.state.now = (struct gw_audit_pass){.start = GW_MAX(rec->asof, 1)};
    gw_key_of(&from, GW_TABLE_ENTITY, home->owner->entity.id, audit.state.cursor);
    GW_TRY(ledger->kv->ops->seek((struct gw_kv_view){.txn = ledger->txn}, gw_key_view(&from), &cur,
                                 err));
    gw_rc rc = lockstep(ledger, &audit, cur, err);
    ledger->kv->ops->close(cur);
    GW_TRY(rc);
    audit_move(ledger, &audit);
    return audit_put(ledger, home->home.id, &audit.state, err);
}

/* ---- scan pages ---- */

static gw_rc scan_row(struct gw_ledger *ledger, const struct gw_rec_page *rec,
                      const struct gw_program_home *home, const struct gw_rec_row *row,
                      struct gw_err *err)
{
    if (row->problem.len)
        return gw_evidence_problem(ledger, home, row->key, row->problem, "scan", err);
    const struct gw_evidence evidence = {
        .home = home,
        .key = row->key,
        .asof = rec->asof,
        .seen = {true, row->ver, gw_home_hash(&home->home, row->image)},
        .image = row->image,
        .found_by = "scan",
        .keep = true,
    };
    return gw_evidence_apply(ledger, &evidence, err);
}

static gw_rc scan_page(struct gw_ledger *ledger, const struct gw_rec_page *rec,
                       const struct gw_program_home *home, struct gw_err *err)
{
    GW_TRY(gw_fiber_page(ledger, rec, home, err));
    if (ledger->applying->kind != GW_APPLIED_DONE)
        return GW_OK; /* nobody waits for it: an answer that came twice */
    for (uint32_t i = 0; i < rec->row_count; i++) {
        GW_TRY(is_repeat(rec, i) ? repeated(ledger, home, rec->rows[i].key, "scan", err)
                                 : scan_row(ledger, rec, home, &rec->rows[i], err));
    }
    return GW_OK;
}

gw_rc gw_apply_page(struct gw_ledger *ledger, const struct gw_rec_page *rec, struct gw_err *err)
{
    const struct gw_program_home *home =
        ledger->program ? gw_program_home_id(ledger->program, rec->home) : NULL;
    if (home == NULL || rec->purpose > GW_PAGE_AUDIT || !rows_in_order(rec)) {
        gw_refuse(ledger, 2621, GW_TEXT_LIT("this page does not fit its home"));
        return GW_OK;
    }
    ledger->applying->wake_daemons = true;
    return rec->purpose == GW_PAGE_AUDIT ? audit_page(ledger, rec, home, err)
                                         : scan_page(ledger, rec, home, err);
}
