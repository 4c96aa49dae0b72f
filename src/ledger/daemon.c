/* DAEMON and STEP: who runs is the leader's choice, frozen in the journal; what a slice does is decided here. */
#include "base/utf8.h"
#include "codec/cbor.h"
#include "ledger/fiber_int.h"
#include "ledger/phase_int.h"
#include "record/text.h"

enum { REASON_BYTES = 512 };

static const char HALTED[] = "abort HALTED"; /* as why_ended() writes it */

static struct gw_vm reader_vm(struct gw_ledger *ledger)
{
    return (struct gw_vm){.program = ledger->program, .arena = &ledger->scratch};
}

static void alert(struct gw_ledger *ledger, uint32_t daemon, struct gw_text text)
{
    struct gw_applied *applying = ledger->applying;
    struct gw_alert *alerts = applying->alerts;
    if (alerts == NULL)
        alerts = GW_NEW_ARRAY(&ledger->batch, struct gw_alert, GW_ALERTS_MAX);
    if (alerts == NULL || applying->alert_count == GW_ALERTS_MAX)
        return;
    alerts[applying->alert_count++] =
        (struct gw_alert){daemon, gw_arena_copy_text(&ledger->batch, text)};
    applying->alerts = alerts;
}

/* ---- DAEMON ---- */

/** Places of ended runs of the same daemon are free again. @return GW_BUSY: too many */
static gw_rc make_room(struct gw_ledger *ledger, uint32_t fn, struct gw_err *err)
{
    struct gw_fiber_head *heads = NULL;
    uint32_t count = 0, kept = 0;
    GW_TRY(gw_fiber_all(ledger, &ledger->scratch, &heads, &count, err));
    for (uint32_t i = 0; i < count; i++) {
        bool ended = heads[i].status == GW_FIBER_DONE || heads[i].status == GW_FIBER_STOPPED;
        if (ended && heads[i].fn == fn) {
            GW_TRY(gw_fiber_drop(ledger, heads[i].id, true, err));
        } else {
            kept++;
        }
    }
    return kept < GW_DAEMONS_MAX ? GW_OK : GW_BUSY;
}

static gw_rc start(struct gw_ledger *ledger, const struct gw_rec_daemon *rec, struct gw_err *err)
{
    const struct gw_fn *fn = ledger->program ? gw_program_fn_id(ledger->program, rec->fn) : NULL;
    union gw_value *args = NULL;
    struct gw_err why;
    if (fn == NULL || fn->kind != GW_FN_DAEMON) {
        gw_refuse(ledger, 2440, GW_TEXT_LIT("the program has no such daemon"));
        return GW_OK;
    }
    if (gw_args_decode(fn, rec->args, &ledger->scratch, &args, &why) < 0) {
        gw_refuse(ledger, 2110, gw_arena_copy_text(&ledger->batch, gw_text(why.msg)));
        return GW_OK;
    }
    gw_rc rc = make_room(ledger, fn->id, err);
    if (rc == GW_BUSY) {
        gw_refuse(ledger, 2441, GW_TEXT_LIT("too many daemons are running"));
        return GW_OK;
    }
    GW_TRY(rc);
    const struct gw_fiber_head head = {
        .id = ledger->small.daemon_next++,
        .program = ledger->program->hash,
        .fn = fn->id,
        .name = fn->name,
        .args = rec->args,
        .started_ns = ledger->head.time_ns,
        .since = ledger->head.index,
    };
    ledger->applying->number = head.id;
    return gw_fiber_put(ledger, &head, err);
}

/** Also the end of a run: only the head stays, for people. */
static gw_rc end(struct gw_ledger *ledger, struct gw_fiber_head *head, enum gw_fiber_status status,
                 struct gw_err *err)
{
    GW_TRY(gw_fiber_timer(ledger, head, false, err));
    GW_TRY(gw_fiber_drop(ledger, head->id, false, err));
    head->status = status;
    head->due_ns = 0;
    head->key_count = 0;
    head->call_args = head->call_result = head->state = (struct gw_bytes){NULL, 0};
    return gw_fiber_put(ledger, head, err);
}

static gw_rc pause(struct gw_ledger *ledger, struct gw_fiber_head *head,
                   enum gw_fiber_status status, struct gw_err *err)
{
    GW_TRY(gw_fiber_timer(ledger, head, false, err));
    head->status = status;
    return gw_fiber_put(ledger, head, err);
}

static gw_rc resume(struct gw_ledger *ledger, struct gw_fiber_head *head, struct gw_err *err)
{
    if (head->status == GW_FIBER_PARKED)
        head->call_result = (struct gw_bytes){NULL, 0}; /* a call that ended it is made again */
    head->status = GW_FIBER_RUNNING;
    head->reason = (struct gw_text){"", 0};
    GW_TRY(gw_fiber_timer(ledger, head, true, err));
    return gw_fiber_put(ledger, head, err);
}

gw_rc gw_daemons_unhalt(struct gw_ledger *ledger, struct gw_err *err)
{
    struct gw_fiber_head *heads = NULL;
    uint32_t count = 0;
    GW_TRY(gw_fiber_all(ledger, &ledger->scratch, &heads, &count, err));
    for (uint32_t i = 0; i < count; i++) {
        bool halted = heads[i].reason.len >= sizeof(HALTED) - 1 &&
                      memcmp(heads[i].reason.data, HALTED, sizeof(HALTED) - 1) == 0;
        if (heads[i].status == GW_FIBER_PARKED && halted)
            GW_TRY(resume(ledger, &heads[i], err));
    }
    return GW_OK;
}

gw_rc gw_apply_daemon(struct gw_ledger *ledger, const struct gw_rec_daemon *rec, struct gw_err *err)
{
    struct gw_fiber_head head;
    ledger->applying->wake_daemons = true;
    if (rec->verb == GW_DAEMON_START)
        return start(ledger, rec, err);
    gw_rc rc = gw_fiber_get(ledger, rec->daemon, &ledger->scratch, &head, err);
    if (rc < 0 && rc != GW_NOTFOUND)
        return rc;
    bool runs = rc == GW_OK && head.status == GW_FIBER_RUNNING;
    bool waits = rc == GW_OK && (head.status == GW_FIBER_PAUSED || head.status == GW_FIBER_PARKED);
    ledger->applying->number = rec->daemon;
    if (rec->verb == GW_DAEMON_STOP && (runs || waits))
        return end(ledger, &head, GW_FIBER_STOPPED, err);
    if (rec->verb == GW_DAEMON_PAUSE && runs)
        return pause(ledger, &head, GW_FIBER_PAUSED, err);
    if (rec->verb == GW_DAEMON_RESUME && waits)
        return resume(ledger, &head, err);
    gw_refuse(ledger, 2442,
              rc == GW_OK ? GW_TEXT_LIT("the daemon is not in a state for this")
                          : GW_TEXT_LIT("no daemon has this id"));
    return GW_OK;
}

/* ---- one slice ---- */

struct slice {
    struct gw_fiber_head head;
    const struct gw_fn *fn;
    struct gw_vm vm; /* for decoding */
    struct gw_vm_reply reply;
    struct gw_vm_page page;
    struct gw_fiber_rows rows;
    struct gw_run_result run;
    bool moved; /* something was done */
    bool took_page;
};

/** Wrong turn: the slice is taken back, the fiber stays where it was, and a person decides. */
static gw_rc park(struct gw_ledger *ledger, struct slice *slice, struct gw_text why,
                  struct gw_err *err)
{
    slice->head.reason = why;
    alert(ledger, slice->head.id,
          gw_arena_printf(&ledger->batch, "daemon %.*s is parked: %.*s",
                          GW_TEXT_ARG(slice->head.name), GW_TEXT_ARG(why)));
    slice->moved = true;
    return pause(ledger, &slice->head, GW_FIBER_PARKED, err);
}

static struct gw_text why_ended(struct gw_ledger *ledger, const struct gw_vm_result *result,
                                uint32_t line)
{
    uint8_t *memory = gw_arena_get_raw(&ledger->scratch, REASON_BYTES);
    struct gw_buf text;
    if (memory == NULL)
        return GW_TEXT_LIT("it failed");
    gw_buf_init_fixed(&text, memory, REASON_BYTES);
    if (result->status == GW_VM_FAILED) {
        gw_buf_put_str(&text, "fail ");
        gw_value_text(result->type, result->value, 200, &text);
    } else {
        struct gw_text detail = gw_utf8_cut_bytes(result->detail, 200);
        gw_buf_printf(&text, "abort %s%s%.*s", gw_abort_name(result->abort), detail.len ? ": " : "",
                      GW_TEXT_ARG(detail));
    }
    if (line)
        gw_buf_printf(&text, ", after line %u", line);
    return gw_buf_text(&text);
}

static int64_t due_after(const struct gw_ledger *ledger, int64_t ns)
{
    int64_t due;
    if (__builtin_add_overflow(ledger->head.time_ns, ns, &due))
        return INT64_MAX;
    return GW_MAX(due, ledger->head.time_ns + 1);
}

static gw_rc keep_keys(struct gw_ledger *ledger, const struct gw_vm_wait *wait,
                       struct gw_fiber_head *head, struct gw_err *err)
{
    const struct gw_entity *entity = &wait->entity->entity;
    head->keys = GW_NEW_ARRAY(&ledger->scratch, struct gw_bytes, wait->key_count);
    if (head->keys == NULL)
        return GW_FAIL_NOMEM(err);
    for (uint32_t i = 0; i < wait->key_count; i++) {
        uint8_t memory[GW_KV_KEY_MAX];
        struct gw_buf key;
        gw_buf_init_fixed(&key, memory, sizeof(memory));
        gw_entity_key(entity, wait->keys[i], &key);
        head->keys[i] = gw_scratch_copy(ledger, gw_buf_bytes(&key));
        if (head->keys[i].data == NULL)
            return GW_FAIL_NOMEM(err);
    }
    head->key_count = wait->key_count;
    return GW_OK;
}

static gw_rc keep_call(struct gw_ledger *ledger, const struct gw_vm_wait *wait,
                       struct gw_fiber_head *head, struct gw_err *err)
{
    head->call_fn = wait->fn->id;
    gw_buf_reset(&ledger->pair);
    gw_cbor_put_array(&ledger->pair, wait->fn->param_count);
    for (uint32_t i = 0; i < wait->fn->param_count; i++)
        gw_value_encode(wait->fn->params[i].type, wait->args[i], &ledger->pair);
    GW_TRY(gw_buf_check(&ledger->pair, "arguments of a call", err));
    head->call_args = gw_scratch_copy(ledger, gw_buf_bytes(&ledger->pair));
    return GW_OK;
}

/** What the machine waits for becomes what the head says. */
static gw_rc keep_wait(struct gw_ledger *ledger, const struct gw_vm_wait *wait,
                       struct gw_fiber_head *head, struct gw_err *err)
{
    head->wait = wait->kind;
    head->line = wait->line;
    head->since = ledger->head.index;
    head->due_ns = 0;
    head->key_count = 0;
    head->home = wait->home ? wait->home->home.id : 0;
    head->site = wait->site;
    head->page_rows = wait->page_rows;
    head->entity = wait->entity ? wait->entity->entity.id : 0;
    head->store = ledger->program->stores[wait->store].id;
    head->phase = wait->text;
    head->call_args = head->call_result = (struct gw_bytes){NULL, 0};
    if (wait->kind == GW_VM_WAIT_SLEEP || wait->ns > 0)
        head->due_ns = due_after(ledger, wait->ns);
    if (wait->kind == GW_VM_WAIT_AWAIT_PUSHED)
        return keep_keys(ledger, wait, head, err);
    return wait->kind == GW_VM_WAIT_CALL ? keep_call(ledger, wait, head, err) : GW_OK;
}

static gw_rc keep_state(struct gw_ledger *ledger, const struct gw_fiber *fiber,
                        struct gw_fiber_head *head, struct gw_err *err)
{
    gw_buf_reset(&ledger->pair);
    gw_fiber_encode(fiber, &ledger->pair);
    GW_TRY(gw_buf_check(&ledger->pair, "locals of a daemon", err));
    head->state = gw_scratch_copy(ledger, gw_buf_bytes(&ledger->pair));
    return head->state.data ? GW_OK : GW_FAIL_NOMEM(err);
}

/** The machine came to a wait: everything it did, the page it took and where it stands commit together. */
static gw_rc waiting(struct gw_ledger *ledger, struct slice *slice, const struct gw_fiber *fiber,
                     struct gw_err *err)
{
    const struct gw_vm_wait *wait = &slice->run.vm.wait;
    struct gw_fiber_head *head = &slice->head;
    bool same = wait->kind == GW_VM_WAIT_AWAIT_TRUE && head->wait == GW_VM_WAIT_AWAIT_TRUE;
    struct gw_bytes before = head->state;
    GW_TRY(keep_state(ledger, fiber, head, err));
    if (same && gw_bytes_equal(before, head->state))
        return GW_OK; /* the condition still does not hold: as if nobody had looked */
    GW_TRY(gw_fiber_timer(ledger, head, false, err));
    if (slice->took_page) {
        GW_TRY(gw_fiber_rows_done(ledger, head, &slice->rows, err));
        head->pages++;
        head->rows += slice->rows.count;
    }
    if (wait->kind == GW_VM_WAIT_ALERT)
        alert(ledger, head->id, wait->text);
    GW_TRY(keep_wait(ledger, wait, head, err));
    head->slices++;
    slice->moved = true;
    GW_TRY(gw_fiber_timer(ledger, head, true, err));
    return gw_fiber_put(ledger, head, err);
}

static gw_rc load_fiber(struct gw_ledger *ledger, struct slice *slice, struct gw_fiber *ret,
                        struct gw_err *err)
{
    union gw_value *args = NULL;
    if (slice->head.state.len)
        return gw_fiber_decode(&slice->vm, slice->fn, slice->head.state, ret, err);
    GW_TRY(gw_args_decode(slice->fn, slice->head.args, &ledger->scratch, &args, err));
    return gw_fiber_start(&slice->vm, slice->fn, args, ret, err);
}

static gw_rc run_slice(struct gw_ledger *ledger, struct slice *slice, struct gw_err *err)
{
    struct gw_undo undo = gw_undo_begin(ledger);
    struct gw_fiber fiber;
    GW_TRY(load_fiber(ledger, slice, &fiber, err));
    GW_TRY(gw_run_fiber(ledger, &fiber, &slice->reply, &slice->run, err));
    const struct gw_vm_result *result = &slice->run.vm;
    switch (result->status) {
    case GW_VM_WAITING:
        GW_TRY(waiting(ledger, slice, &fiber, err));
        if (!slice->moved)
            gw_undo_all(ledger, &undo);
        return GW_OK;
    case GW_VM_DONE:
        slice->moved = true;
        slice->head.slices++;
        slice->head.pages += slice->took_page;
        slice->head.rows += slice->took_page ? slice->rows.count : 0;
        return end(ledger, &slice->head, GW_FIBER_DONE, err);
    case GW_VM_NEEDS_KEYS:
        return GW_OK; /* taken back already; the caller reports what is missing */
    case GW_VM_FAILED:
    case GW_VM_ABORT:
        return park(ledger, slice, why_ended(ledger, result, slice->head.line), err);
    case GW_VM_OUT_OF_MEMORY:
        break;
    }
    return GW_FAIL_NOMEM(err);
}

/** A call is a slice of its own: the txn, and that the fiber has its answer, commit together. */
static gw_rc call_slice(struct gw_ledger *ledger, struct slice *slice, struct gw_err *err)
{
    struct gw_fiber_head *head = &slice->head;
    const struct gw_fn *fn = gw_program_fn_id(ledger->program, head->call_fn);
    union gw_value *args = NULL;
    GW_ASSERT(fn != NULL); /* the program is the one the fiber was started with */
    GW_TRY(gw_args_decode(fn, head->call_args, &ledger->scratch, &args, err));
    GW_TRY(gw_run_call(ledger, fn, args, &slice->run, err));
    if (slice->run.vm.status == GW_VM_NEEDS_KEYS)
        return GW_OK;
    gw_buf_reset(&ledger->pair);
    gw_call_result_encode(fn, &slice->run.vm, &ledger->pair);
    GW_TRY(gw_buf_check(&ledger->pair, "result of a call", err));
    head->call_result = gw_scratch_copy(ledger, gw_buf_bytes(&ledger->pair));
    head->calls++;
    head->slices++;
    slice->moved = true;
    return gw_fiber_put(ledger, head, err);
}

static gw_rc reply_of_call(struct gw_ledger *ledger, struct slice *slice, struct gw_err *err)
{
    struct gw_call_result result;
    const struct gw_fn *fn = gw_program_fn_id(ledger->program, slice->head.call_fn);
    GW_TRY(gw_call_result_decode(fn, slice->head.call_result, &ledger->scratch, &result, err));
    slice->reply.call_status = result.status;
    slice->reply.call_value = result.value;
    slice->reply.call_type = result.type;
    slice->reply.call_abort = result.abort;
    return GW_OK;
}

static gw_rc reply_of_page(struct gw_ledger *ledger, struct slice *slice, struct gw_err *err)
{
    const struct gw_program_home *home = gw_program_home_id(ledger->program, slice->head.home);
    GW_ASSERT(home != NULL);
    GW_TRY(gw_fiber_rows_get(ledger, slice->head.id, &ledger->scratch, &slice->rows, err));
    slice->page = (struct gw_vm_page){
        .rows = GW_NEW_ARRAY(&ledger->scratch, union gw_value *, slice->rows.count),
        .count = slice->rows.count,
        .end = slice->rows.end,
    };
    if (slice->page.rows == NULL)
        return GW_FAIL_NOMEM(err);
    for (uint32_t i = 0; i < slice->rows.count; i++) {
        slice->page.rows[i] =
            GW_NEW_ARRAY(&ledger->scratch, union gw_value, home->home.column_count);
        if (slice->page.rows[i] == NULL)
            return GW_FAIL_NOMEM(err);
        GW_TRY(gw_home_image_decode(&home->home, slice->rows.images[i], &ledger->scratch,
                                    slice->page.rows[i], err));
    }
    slice->reply.page = &slice->page;
    slice->took_page = true;
    return GW_OK;
}

/** @return GW_GATE: it waits; GW_CONFLICT: parked, because there is no such move */
static gw_rc move_phase(struct gw_ledger *ledger, struct slice *slice, struct gw_err *err)
{
    const struct gw_program_entity *entity =
        gw_program_entity_id(ledger->program, slice->head.entity);
    struct gw_phase_condition missing;
    struct gw_phase_state state;
    enum gw_phase to;
    struct gw_err why;
    GW_ASSERT(entity != NULL);
    if (!gw_phase_of(slice->head.phase, &to))
        GW_UNREACHABLE_CODE(); /* the checker knows the phases */
    GW_TRY(gw_ledger_phase(ledger, entity, &state, err));
    if (state.phase == to)
        return GW_OK;
    gw_rc rc = gw_phase_move(ledger, entity, to, &missing, &why);
    if (rc == GW_CONFLICT) {
        GW_TRY(park(ledger, slice, gw_arena_copy_text(&ledger->scratch, gw_text(why.msg)), err));
    } else if (rc < 0 && rc != GW_GATE && err) {
        *err = why;
    }
    return rc;
}

static gw_rc prepare(struct gw_ledger *ledger, struct slice *slice, struct gw_err *err)
{
    if (slice->head.state.len == 0)
        return GW_OK;
    switch ((enum gw_vm_wait_kind)slice->head.wait) {
    case GW_VM_WAIT_PAGE:
        return reply_of_page(ledger, slice, err);
    case GW_VM_WAIT_CALL:
        return reply_of_call(ledger, slice, err);
    case GW_VM_WAIT_PHASE:
        return move_phase(ledger, slice, err);
    case GW_VM_WAIT_YIELD:
    case GW_VM_WAIT_SLEEP:
    case GW_VM_WAIT_AWAIT_PUSHED:
    case GW_VM_WAIT_AWAIT_AUDITED:
    case GW_VM_WAIT_AWAIT_DRAINED:
    case GW_VM_WAIT_AWAIT_TRUE:
    case GW_VM_WAIT_ALERT:
        return GW_OK;
    }
    GW_UNREACHABLE_CODE();
}

static gw_rc one_slice(struct gw_ledger *ledger, struct slice *slice, struct gw_err *err)
{
    struct gw_fiber_look look;
    struct gw_undo undo = gw_undo_begin(ledger);
    GW_TRY(gw_fiber_look_at(ledger, &slice->head, ledger->head.time_ns, false, &look, err));
    if (!look.can_run)
        return GW_OK;
    if (slice->head.wait == GW_VM_WAIT_CALL && slice->head.call_result.len == 0)
        return call_slice(ledger, slice, err);
    slice->reply.timed_out = look.timed_out;
    gw_rc rc = prepare(ledger, slice, err);
    if (rc == GW_GATE || rc == GW_CONFLICT)
        return GW_OK;
    GW_TRY(rc);
    GW_TRY(run_slice(ledger, slice, err));
    if (slice->run.vm.status == GW_VM_NEEDS_KEYS)
        gw_undo_all(ledger, &undo); /* also the phase that was moved for it */
    return GW_OK;
}

/** @return GW_NOTFOUND after having refused */
static gw_rc step_load(struct gw_ledger *ledger, uint32_t id, struct slice *slice,
                       struct gw_err *err)
{
    gw_rc rc = ledger->program ? gw_fiber_get(ledger, id, &ledger->scratch, &slice->head, err)
                               : GW_NOTFOUND;
    if (rc < 0 && rc != GW_NOTFOUND)
        return rc;
    if (rc == GW_NOTFOUND || slice->head.status != GW_FIBER_RUNNING) {
        gw_refuse(ledger, 2442, GW_TEXT_LIT("no such daemon is running"));
        return GW_NOTFOUND;
    }
    if (!gw_sha256_equal(slice->head.program, ledger->program->hash)) {
        gw_refuse(ledger, 2443, GW_TEXT_LIT("the daemon was started under another program"));
        return GW_NOTFOUND;
    }
    slice->fn = gw_program_fn_id(ledger->program, slice->head.fn);
    GW_ASSERT(slice->fn != NULL);
    slice->vm = reader_vm(ledger);
    return GW_OK;
}

gw_rc gw_apply_step(struct gw_ledger *ledger, const struct gw_rec_step *rec, struct gw_err *err)
{
    if (ledger->small.halted) {
        gw_refuse(ledger, 2601, GW_TEXT_LIT("halted on a foreign change"));
        return GW_OK;
    }
    uint32_t count = GW_MIN(rec->slices, (uint32_t)GW_STEP_SLICES_MAX), done = 0;
    struct slice slice = {0};
    for (; done < count; done++) {
        slice = (struct slice){0};
        gw_rc rc = step_load(ledger, rec->daemon, &slice, err);
        if (rc == GW_NOTFOUND)
            break;
        GW_TRY(rc);
        ledger->slice = done;
        rc = one_slice(ledger, &slice, err);
        ledger->slice = 0;
        GW_TRY(rc);
        if (!slice.moved)
            break;
    }
    ledger->applying->slices = done;
    if (slice.run.vm.status == GW_VM_NEEDS_KEYS)
        gw_report_missing(ledger, slice.run.missing, slice.run.missing_count);
    if (done > 0) {
        ledger->applying->kind = GW_APPLIED_DONE;
        ledger->applying->wake_daemons = true;
    } else if (slice.run.vm.status == GW_VM_NEEDS_KEYS) {
        ledger->applying->kind = GW_APPLIED_NEEDS_KEYS;
    } else if (ledger->applying->kind == GW_APPLIED_DONE) {
        gw_refuse(ledger, 2444, GW_TEXT_LIT("the daemon waits"));
    }
    return GW_OK;
}
