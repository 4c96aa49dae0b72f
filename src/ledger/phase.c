/* PHASE: from `own` to `flip`, one table of moves. A condition is checked at the move's own position, so the evidence
 * cannot be out of date. */
#include "ledger/phase.h"

#include "codec/cbor.h"
#include "ledger/audit_int.h"
#include "ledger/phase_int.h"

enum { FIELDS = 5, CONDITIONS_MAX = 4 * GW_HOMES_MAX + 4 };

const char *gw_phase_text(enum gw_phase phase)
{
    switch (phase) {
#define X(name, text)     \
    case GW_PHASE_##name: \
        return text;
        GW_PHASES(X)
#undef X
    }
    return "?";
}

bool gw_phase_of(struct gw_text text, enum gw_phase *ret)
{
#define X(name, word)             \
    if (gw_text_is(text, word)) { \
        *ret = GW_PHASE_##name;   \
        return true;              \
    }
    GW_PHASES(X)
#undef X
    return false;
}

static void phase_key(uint32_t entity, struct gw_state_key *ret)
{
    gw_key_start(ret, GW_TABLE_PHASE);
    gw_key_u32(ret, entity);
}

gw_rc gw_ledger_phase(struct gw_ledger *ledger, const struct gw_program_entity *entity,
                      struct gw_phase_state *ret, struct gw_err *err)
{
    struct gw_state_key at;
    struct gw_bytes stored;
    struct gw_phase_state state = {.phase = GW_PHASE_OWN};
    phase_key(entity->entity.id, &at);
    gw_rc rc = gw_state_get(ledger, &at, &stored, err);
    if (rc == GW_OK) {
        struct gw_cbor_reader r = gw_cbor_reader(stored);
        gw_cbor_get_array_of(&r, FIELDS);
        state.phase = (enum gw_phase)gw_cbor_get_uint_to(&r, GW_PHASE_RELEASE);
        state.index = gw_cbor_get_uint(&r);
        state.since_ns = gw_cbor_get_int(&r);
        state.total = gw_cbor_get_uint(&r);
        state.unknown = gw_cbor_get_uint(&r);
        gw_cbor_end(&r);
        rc = gw_cbor_check(&r, GW_CORRUPT, "phase", err);
    }
    if (rc < 0 && rc != GW_NOTFOUND)
        return rc;
    *ret = state;
    return GW_OK;
}

static gw_rc phase_put(struct gw_ledger *ledger, const struct gw_program_entity *entity,
                       const struct gw_phase_state *state, struct gw_err *err)
{
    struct gw_state_key at;
    phase_key(entity->entity.id, &at);
    gw_buf_reset(&ledger->pair);
    gw_cbor_put_array(&ledger->pair, FIELDS);
    gw_cbor_put_uint(&ledger->pair, state->phase);
    gw_cbor_put_uint(&ledger->pair, state->index);
    gw_cbor_put_int(&ledger->pair, state->since_ns);
    gw_cbor_put_uint(&ledger->pair, state->total);
    gw_cbor_put_uint(&ledger->pair, state->unknown);
    return gw_state_put(ledger, &at, gw_buf_bytes(&ledger->pair), err);
}

/* ---- conditions ---- */

/** Conditions that do not hold, being gathered. */
struct missing {
    struct gw_arena *arena;
    struct gw_phase_condition *items;
    uint32_t count;
};

static void add(struct missing *missing, const char *text, struct gw_text where, uint64_t value)
{
    GW_ASSERT(missing->count < CONDITIONS_MAX);
    missing->items[missing->count++] = (struct gw_phase_condition){gw_text(text), where, value};
}

static void check_halts(const struct gw_ledger *ledger, struct missing *missing)
{
    if (ledger->small.halts_open)
        add(missing, "open halts == 0", (struct gw_text){"", 0}, ledger->small.halts_open);
}

static gw_rc check_unknown(struct gw_ledger *ledger, const struct gw_program_entity *entity,
                           struct missing *missing, struct gw_err *err)
{
    for (uint32_t i = 0; i < entity->home_count; i++) {
        const struct gw_program_home *home = entity->homes[i];
        struct gw_audit_state audit;
        GW_TRY(gw_ledger_audit(ledger, home, missing->arena, &audit, err));
        if (audit.last_end == 0) {
            add(missing, "a full count of the home", home->home.name, 0);
        } else if (audit.last.unknown) {
            add(missing, "unknown == 0", home->home.name, audit.last.unknown);
        }
    }
    return GW_OK;
}

/** One pass without findings that began after the entity reached the phase it is in. */
static gw_rc check_audit(struct gw_ledger *ledger, const struct gw_program_entity *entity,
                         uint64_t since, struct missing *missing, struct gw_err *err)
{
    for (uint32_t i = 0; i < entity->home_count; i++) {
        const struct gw_program_home *home = entity->homes[i];
        struct gw_audit_state audit;
        GW_TRY(gw_ledger_audit(ledger, home, missing->arena, &audit, err));
        if (audit.clean_start == 0 || audit.clean_start < since) {
            add(missing, "a clean audit pass since the last move", home->home.name,
                audit.clean_start);
        }
    }
    return GW_OK;
}

static void check_refused(struct gw_ledger *ledger, const struct gw_program_entity *entity,
                          struct missing *missing, bool drained)
{
    for (uint32_t i = 0; i < entity->home_count; i++) {
        const struct gw_store_decl *store = &ledger->program->stores[entity->homes[i]->home.store];
        const struct gw_small_store *state = gw_small_store_of(ledger, store->id);
        if (state->refused_rows)
            add(missing, "refused rows == 0", store->name, state->refused_rows);
        if (state->parked)
            add(missing, "store not parked", store->name, 1);
        if (drained && state->dirty_rows + state->intents)
            add(missing, "dirty rows == 0", store->name, state->dirty_rows + state->intents);
    }
}

/* ---- moves ---- */

enum move {
    NO_MOVE,
    FORWARD_OWN,
    FORWARD_BACKFILL,
    FORWARD_VERIFIED,
    FORWARD_FLIP,
    TO_OBSERVE,
    BACKWARD,
    NOT_BUILT
};

/* clang-format off */
static const enum move moves[GW_PHASE_RELEASE + 1][GW_PHASE_RELEASE + 1] = {
    [GW_PHASE_OBSERVE]  = {[GW_PHASE_OWN] = FORWARD_OWN},
    [GW_PHASE_OWN]      = {[GW_PHASE_OBSERVE] = TO_OBSERVE, [GW_PHASE_BACKFILL] = FORWARD_BACKFILL, [GW_PHASE_VERIFIED] = FORWARD_VERIFIED},
    [GW_PHASE_BACKFILL] = {[GW_PHASE_OWN] = BACKWARD, [GW_PHASE_VERIFIED] = FORWARD_VERIFIED},
    [GW_PHASE_VERIFIED] = {[GW_PHASE_BACKFILL] = BACKWARD, [GW_PHASE_FLIP] = FORWARD_FLIP},
    [GW_PHASE_FLIP]     = {[GW_PHASE_VERIFIED] = BACKWARD, [GW_PHASE_DRAIN] = NOT_BUILT},
    [GW_PHASE_DRAIN]    = {[GW_PHASE_FLIP] = NOT_BUILT, [GW_PHASE_RELEASE] = NOT_BUILT},
};
/* clang-format on */

static gw_rc conditions(struct gw_ledger *ledger, const struct gw_program_entity *entity,
                        enum move move, const struct gw_phase_state *from, struct missing *missing,
                        struct gw_err *err)
{
    switch (move) {
    case NO_MOVE:
    case NOT_BUILT:
    case BACKWARD:
    case FORWARD_OWN:
        return GW_OK;
    case TO_OBSERVE:
        check_refused(ledger, entity, missing, true);
        return GW_OK;
    case FORWARD_BACKFILL:
        check_halts(ledger, missing);
        return GW_OK;
    case FORWARD_VERIFIED:
        check_halts(ledger, missing);
        return check_unknown(ledger, entity, missing, err);
    case FORWARD_FLIP:
        check_halts(ledger, missing);
        check_refused(ledger, entity, missing, false);
        return check_audit(ledger, entity, from->index, missing, err);
    }
    return GW_OK;
}

gw_rc gw_phase_missing(struct gw_ledger *ledger, const struct gw_program_entity *entity,
                       enum gw_phase to, struct gw_arena *arena, struct gw_phase_condition **ret,
                       uint32_t *ret_count, struct gw_err *err)
{
    struct gw_phase_state from;
    GW_TRY(gw_ledger_phase(ledger, entity, &from, err));
    enum move move = moves[from.phase][to];
    if (move == NOT_BUILT) {
        return GW_FAIL_CODE(err, GW_CONFLICT, 2611, "this version does not know the phase %s yet",
                            gw_phase_text(to));
    }
    if (move == NO_MOVE) {
        return GW_FAIL_CODE(err, GW_CONFLICT, 2610, "%.*s cannot move from %s to %s",
                            GW_TEXT_ARG(entity->entity.name), gw_phase_text(from.phase),
                            gw_phase_text(to));
    }
    struct missing missing = {
        .arena = arena, .items = GW_NEW_ARRAY(arena, struct gw_phase_condition, CONDITIONS_MAX)};
    if (missing.items == NULL)
        return GW_FAIL_NOMEM(err);
    GW_TRY(conditions(ledger, entity, move, &from, &missing, err));
    *ret = missing.items;
    *ret_count = missing.count;
    return GW_OK;
}

static gw_rc count_rows(struct gw_ledger *ledger, const struct gw_program_entity *entity,
                        struct gw_phase_state *state, struct gw_err *err)
{
    for (uint32_t i = 0; i < entity->home_count; i++) {
        struct gw_audit_state audit;
        GW_TRY(gw_ledger_audit(ledger, entity->homes[i], &ledger->scratch, &audit, err));
        state->total += audit.last.rows;
        state->unknown += audit.last.unknown;
    }
    return GW_OK;
}

gw_rc gw_phase_move(struct gw_ledger *ledger, const struct gw_program_entity *entity,
                    enum gw_phase to, struct gw_phase_condition *ret_missing, struct gw_err *err)
{
    struct gw_phase_state from;
    struct gw_phase_condition *missing = NULL;
    uint32_t count = 0;
    *ret_missing = (struct gw_phase_condition){0};
    GW_TRY(gw_phase_missing(ledger, entity, to, &ledger->scratch, &missing, &count, err));
    if (count) {
        *ret_missing = missing[0];
        return GW_GATE;
    }
    GW_TRY(gw_ledger_phase(ledger, entity, &from, err));
    struct gw_phase_state now = {
        .phase = to, .index = ledger->head.index, .since_ns = ledger->head.time_ns};
    GW_TRY(count_rows(ledger, entity, &now, err));
    ledger->small.observed_count += to == GW_PHASE_OBSERVE;
    ledger->small.observed_count -= from.phase == GW_PHASE_OBSERVE;
    ledger->applying->wake_daemons = true;
    return phase_put(ledger, entity, &now, err);
}

gw_rc gw_apply_phase(struct gw_ledger *ledger, const struct gw_rec_phase *rec, struct gw_err *err)
{
    const struct gw_program_entity *entity =
        ledger->program ? gw_program_entity_id(ledger->program, rec->entity) : NULL;
    struct gw_phase_state from;
    struct gw_phase_condition missing;
    struct gw_err why;
    if (entity == NULL || rec->to > GW_PHASE_RELEASE) {
        gw_refuse(ledger, 2610, GW_TEXT_LIT("no such entity or phase"));
        return GW_OK;
    }
    GW_TRY(gw_ledger_phase(ledger, entity, &from, err));
    if (from.phase != rec->from) {
        gw_refuse(ledger, 2612, GW_TEXT_LIT("the entity has left the phase that was shown"));
        return GW_OK;
    }
    gw_rc rc = gw_phase_move(ledger, entity, (enum gw_phase)rec->to, &missing, &why);
    if (rc == GW_CONFLICT) {
        gw_refuse(ledger, why.code, gw_arena_copy_text(&ledger->batch, gw_text(why.msg)));
    } else if (rc == GW_GATE) {
        gw_refuse(ledger, 2613,
                  gw_arena_printf(&ledger->batch, "%.*s does not hold: %.*s (%llu)",
                                  GW_TEXT_ARG(missing.text), GW_TEXT_ARG(missing.where),
                                  (unsigned long long)missing.value));
    } else if (rc < 0 && err) {
        *err = why;
    }
    return rc == GW_CONFLICT || rc == GW_GATE ? GW_OK : rc;
}
