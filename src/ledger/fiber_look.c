/* What fibers wait for, decided from the state alone; and their list for engine and people. */
#include "ledger/audit_int.h"
#include "ledger/fiber_int.h"
#include "ledger/phase.h"

/* ---- conditions ---- */

/** Is the key's row in that store as the ledger wants it? A key in CONFLICT waits for a person, not for the store. */
static gw_rc key_left(struct gw_ledger *ledger, const struct gw_program_entity *entity,
                      uint32_t store, struct gw_bytes key, bool *ret, struct gw_err *err)
{
    struct gw_meta meta;
    *ret = false;
    struct gw_arena_mark mark = gw_arena_mark(&ledger->scratch);
    gw_rc rc = gw_pair_get(ledger, entity->entity.id, key, &meta, err);
    for (uint32_t i = 0; rc == GW_OK && i < entity->home_count; i++) {
        const struct gw_home *home = &entity->homes[i]->home;
        const struct gw_meta_home *at = gw_meta_home(&meta, home->id);
        if (ledger->program->stores[home->store].id == store && at && at->dirty_since &&
            meta.state != GW_KEY_CONFLICT)
            *ret = true;
    }
    gw_arena_back_to(&ledger->scratch, mark);
    return rc == GW_NOTFOUND ? GW_OK : rc;
}

static gw_rc pushed(struct gw_ledger *ledger, const struct gw_fiber_head *head, bool exact,
                    uint32_t *ret_left, struct gw_err *err)
{
    const struct gw_program_entity *entity = gw_program_entity_id(ledger->program, head->entity);
    *ret_left = 0;
    for (uint32_t i = 0; entity && i < head->key_count && (exact || *ret_left == 0); i++) {
        bool left = false;
        GW_TRY(key_left(ledger, entity, head->store, head->keys[i], &left, err));
        *ret_left += left;
    }
    return GW_OK;
}

static gw_rc audited(struct gw_ledger *ledger, const struct gw_fiber_head *head, bool *ret,
                     struct gw_err *err)
{
    const struct gw_program_entity *entity = gw_program_entity_id(ledger->program, head->entity);
    *ret = false;
    return entity ? gw_audit_is_clean(ledger, entity, head->since, ret, err) : GW_OK;
}

static bool drained(const struct gw_ledger *ledger, const struct gw_fiber_head *head)
{
    struct gw_store_state state;
    gw_ledger_store_state(ledger, head->store, &state);
    return state.dirty_rows + state.intents + state.refused_rows == 0;
}

static gw_rc phase_ready(struct gw_ledger *ledger, const struct gw_fiber_head *head, bool *ret,
                         struct gw_err *err)
{
    const struct gw_program_entity *entity = gw_program_entity_id(ledger->program, head->entity);
    struct gw_phase_condition *missing = NULL;
    struct gw_phase_state state;
    uint32_t count = 0;
    enum gw_phase to;
    struct gw_err why;
    *ret = false;
    if (entity == NULL || !gw_phase_of(head->phase, &to))
        return GW_OK;
    GW_TRY(gw_ledger_phase(ledger, entity, &state, err));
    gw_rc rc = gw_phase_missing(ledger, entity, to, &ledger->scratch, &missing, &count, &why);
    *ret = state.phase == to || rc == GW_CONFLICT || (rc == GW_OK && count == 0);
    if (rc < 0 && rc != GW_CONFLICT && err)
        *err = why;
    return rc == GW_CONFLICT ? GW_OK : rc;
}

static gw_rc page_here(struct gw_ledger *ledger, const struct gw_fiber_head *head, bool *ret,
                       struct gw_err *err)
{
    struct gw_fiber_rows rows;
    struct gw_arena_mark mark = gw_arena_mark(&ledger->scratch);
    gw_rc rc = gw_fiber_rows_get(ledger, head->id, &ledger->scratch, &rows, err);
    gw_arena_back_to(&ledger->scratch, mark);
    *ret = rc == GW_OK;
    return rc == GW_NOTFOUND ? GW_OK : rc;
}

gw_rc gw_fiber_look_at(struct gw_ledger *ledger, const struct gw_fiber_head *head, int64_t now_ns,
                       bool exact, struct gw_fiber_look *ret, struct gw_err *err)
{
    bool late = head->due_ns && now_ns >= head->due_ns, holds = true;
    *ret = (struct gw_fiber_look){.can_run = true};
    if (head->state.len == 0)
        return GW_OK;
    switch ((enum gw_vm_wait_kind)head->wait) {
    case GW_VM_WAIT_YIELD:
    case GW_VM_WAIT_ALERT:
    case GW_VM_WAIT_CALL:
    case GW_VM_WAIT_AWAIT_TRUE:
        return GW_OK;
    case GW_VM_WAIT_SLEEP:
        ret->can_run = late;
        return GW_OK;
    case GW_VM_WAIT_PAGE:
        return page_here(ledger, head, &ret->can_run, err);
    case GW_VM_WAIT_PHASE:
        return phase_ready(ledger, head, &ret->can_run, err);
    case GW_VM_WAIT_AWAIT_PUSHED:
        GW_TRY(pushed(ledger, head, exact, &ret->keys_left, err));
        holds = ret->keys_left == 0;
        break;
    case GW_VM_WAIT_AWAIT_AUDITED:
        GW_TRY(audited(ledger, head, &holds, err));
        break;
    case GW_VM_WAIT_AWAIT_DRAINED:
        holds = drained(ledger, head);
        break;
    }
    ret->can_run = holds || late;
    ret->timed_out = !holds && late;
    return GW_OK;
}

/* ---- the list ---- */

static enum gw_fiber_wait wait_of(const struct gw_fiber_head *head,
                                  const struct gw_fiber_look *look)
{
    if (head->state.len == 0)
        return GW_FIBER_READY;
    switch ((enum gw_vm_wait_kind)head->wait) {
    case GW_VM_WAIT_YIELD:
    case GW_VM_WAIT_ALERT:
    case GW_VM_WAIT_CALL:
        break;
    case GW_VM_WAIT_SLEEP:
        return GW_FIBER_SLEEPS;
    case GW_VM_WAIT_PAGE:
        return look->can_run ? GW_FIBER_READY : GW_FIBER_NEEDS_PAGE;
    case GW_VM_WAIT_PHASE:
        return GW_FIBER_AWAITS_PHASE;
    case GW_VM_WAIT_AWAIT_PUSHED:
        return GW_FIBER_AWAITS_PUSHED;
    case GW_VM_WAIT_AWAIT_AUDITED:
        return GW_FIBER_AWAITS_AUDITED;
    case GW_VM_WAIT_AWAIT_DRAINED:
        return GW_FIBER_AWAITS_DRAINED;
    case GW_VM_WAIT_AWAIT_TRUE:
        return GW_FIBER_AWAITS_TRUE;
    }
    return GW_FIBER_READY;
}

static struct gw_text store_name(const struct gw_ledger *ledger, uint32_t id)
{
    for (uint32_t i = 0; i < ledger->program->store_count; i++) {
        if (ledger->program->stores[i].id == id)
            return ledger->program->stores[i].name;
    }
    return GW_TEXT_LIT("?");
}

static struct gw_text entity_name(const struct gw_ledger *ledger, uint32_t id)
{
    const struct gw_program_entity *entity = gw_program_entity_id(ledger->program, id);
    return entity ? entity->entity.name : GW_TEXT_LIT("?");
}

static gw_rc why_phase(struct gw_ledger *ledger, const struct gw_fiber_head *head,
                       struct gw_arena *arena, struct gw_text *ret, struct gw_err *err)
{
    const struct gw_program_entity *entity = gw_program_entity_id(ledger->program, head->entity);
    struct gw_phase_condition *missing = NULL;
    uint32_t count = 0;
    enum gw_phase to;
    *ret =
        gw_arena_printf(arena, "phase %.*s: %.*s", GW_TEXT_ARG(entity_name(ledger, head->entity)),
                        GW_TEXT_ARG(head->phase));
    if (entity == NULL || !gw_phase_of(head->phase, &to))
        return GW_OK;
    gw_rc rc = gw_phase_missing(ledger, entity, to, arena, &missing, &count, NULL);
    if (rc < 0 || count == 0)
        return rc == GW_CONFLICT ? GW_OK : rc == GW_OK ? GW_OK : GW_FAIL(err, rc, "phase");
    *ret = gw_arena_printf(arena, "%.*s waits for: %.*s %.*s (%llu)", GW_TEXT_ARG(*ret),
                           GW_TEXT_ARG(missing[0].text), GW_TEXT_ARG(missing[0].where),
                           (unsigned long long)missing[0].value);
    return GW_OK;
}

/** One line for people. */
static gw_rc why_waits(struct gw_ledger *ledger, const struct gw_fiber_head *head,
                       struct gw_arena *arena, struct gw_fiber_info *info, struct gw_err *err)
{
    switch (info->wait) {
    case GW_FIBER_READY:
        info->why = info->can_run ? GW_TEXT_LIT("ready") : GW_TEXT_LIT("");
        break;
    case GW_FIBER_SLEEPS:
        info->why = GW_TEXT_LIT("sleeps");
        break;
    case GW_FIBER_NEEDS_PAGE:
        info->why = gw_arena_printf(arena, "a page of %.*s",
                                    info->home ? (int)info->home->home.name.len : 1,
                                    info->home ? info->home->home.name.data : "?");
        break;
    case GW_FIBER_AWAITS_PUSHED:
        info->why = gw_arena_printf(arena, "pushed(%.*s, %.*s): %u of %u rows left",
                                    GW_TEXT_ARG(entity_name(ledger, head->entity)),
                                    GW_TEXT_ARG(store_name(ledger, head->store)), info->keys_left,
                                    info->keys_total);
        break;
    case GW_FIBER_AWAITS_AUDITED:
        info->why =
            gw_arena_printf(arena, "audited(%.*s)", GW_TEXT_ARG(entity_name(ledger, head->entity)));
        break;
    case GW_FIBER_AWAITS_DRAINED:
        info->why =
            gw_arena_printf(arena, "drained(%.*s)", GW_TEXT_ARG(store_name(ledger, head->store)));
        break;
    case GW_FIBER_AWAITS_TRUE:
        info->why = GW_TEXT_LIT("a condition");
        break;
    case GW_FIBER_AWAITS_PHASE:
        GW_TRY(why_phase(ledger, head, arena, &info->why, err));
        break;
    }
    return info->why.data ? GW_OK : GW_FAIL_NOMEM(err);
}

/** A running fiber of the program in force: what it waits for, and whether that is there. */
static gw_rc look_running(struct gw_ledger *ledger, const struct gw_fiber_head *head,
                          int64_t now_ns, struct gw_arena *arena, struct gw_fiber_info *info,
                          struct gw_err *err)
{
    struct gw_fiber_look look;
    GW_TRY(gw_fiber_look_at(ledger, head, now_ns, true, &look, err));
    info->can_run = look.can_run && !ledger->small.halted;
    info->wait = wait_of(head, &look);
    info->keys_left = look.keys_left;
    info->home = head->home ? gw_program_home_id(ledger->program, head->home) : NULL;
    if (info->wait == GW_FIBER_NEEDS_PAGE)
        GW_TRY(gw_fiber_cursor(ledger, head, arena, &info->cursor, err));
    return why_waits(ledger, head, arena, info, err);
}

static gw_rc fiber_info(struct gw_ledger *ledger, const struct gw_fiber_head *head, int64_t now_ns,
                        struct gw_arena *arena, struct gw_fiber_info *ret, struct gw_err *err)
{
    const struct gw_program *program = ledger->program;
    *ret = (struct gw_fiber_info){
        .id = head->id,
        .name = head->name,
        .fn = program ? gw_program_fn_id(program, head->fn) : NULL,
        .args = head->args,
        .status = (enum gw_fiber_status)head->status,
        .reason = head->reason,
        .why = {"", 0},
        .due_ns = head->due_ns,
        .line = head->line,
        .site = head->site,
        .page_rows = head->page_rows,
        .store = head->store,
        .keys_total = head->key_count,
        .pages = head->pages,
        .rows = head->rows,
        .slices = head->slices,
        .calls = head->calls,
        .started_ns = head->started_ns,
    };
    if (head->status != GW_FIBER_RUNNING || program == NULL)
        return GW_OK;
    if (gw_sha256_equal(head->program, program->hash))
        return look_running(ledger, head, now_ns, arena, ret, err);
    ret->why = GW_TEXT_LIT("started under another program: stop it, and start it again");
    return GW_OK;
}

gw_rc gw_ledger_fibers(struct gw_ledger *ledger, int64_t now_ns, struct gw_arena *arena,
                       struct gw_fiber_info **ret, uint32_t *ret_count, struct gw_err *err)
{
    struct gw_fiber_head *heads = NULL;
    uint32_t count = 0;
    gw_arena_reset(&ledger->scratch);
    GW_TRY(gw_fiber_all(ledger, arena, &heads, &count, err));
    struct gw_fiber_info *infos = GW_NEW_ARRAY(arena, struct gw_fiber_info, count);
    if (infos == NULL)
        return GW_FAIL_NOMEM(err);
    for (uint32_t i = 0; i < count; i++)
        GW_TRY(fiber_info(ledger, &heads[i], now_ns, arena, &infos[i], err));
    *ret = infos;
    *ret_count = count;
    return GW_OK;
}
