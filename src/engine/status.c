/* Questions that change nothing: status, explain, halts, journal records. One JSON value each. */
#include "engine/control.h"
#include "engine/engine_int.h"
#include "ledger/audit.h"
#include "ledger/build.h"
#include "ledger/daemon.h"
#include "ledger/explain.h"
#include "ledger/phase.h"
#include "os/clock.h"
#include "os/env.h"

enum { JSON_FIRST = 64 * 1024, JSON_MAX = 4 << 20, EVENTS_PER_PAGE = 32 };

static void put_u64(struct gw_json_writer *w, const char *name, uint64_t value)
{
    gw_json_put_name_str(w, name);
    gw_json_put_u64(w, value);
}

static void put_text(struct gw_json_writer *w, const char *name, struct gw_text value)
{
    gw_json_put_name_str(w, name);
    gw_json_put_text(w, value);
}

static void put_bool(struct gw_json_writer *w, const char *name, bool value)
{
    gw_json_put_name_str(w, name);
    gw_json_put_bool(w, value);
}

static void put_stores(struct gw_engine *engine, struct gw_json_writer *w)
{
    gw_json_put_name_str(w, "stores");
    gw_json_put_array(w);
    for (uint32_t i = 0; i < engine->lane_count; i++) {
        const struct gw_lane *lane = &engine->lanes[i];
        static const char *const states[] = {"starting", "fencing",     "fencing",
                                             "ready",    "backing off", "stopped"};
        struct gw_store_state state;
        gw_ledger_store_state(engine->ledger, lane->id, &state);
        gw_json_put_object(w);
        put_text(w, "store", lane->decl->name);
        put_text(w, "state", gw_text(states[lane->state]));
        put_bool(w, "parked", lane->parked);
        put_u64(w, "dirty", state.dirty_rows + state.intents);
        put_u64(w, "dirty_bytes", state.dirty_bytes);
        put_u64(w, "intents", state.intents);
        put_u64(w, "refused", state.refused_rows);
        put_u64(w, "pushed_rows", lane->pushed_rows);
        put_u64(w, "conflicts", lane->conflicts);
        put_u64(w, "repeats", lane->repeats_total);
        put_text(w, "last_error", lane->failing_since_ns ? lane->last_error : GW_TEXT_LIT(""));
        gw_json_put_object_end(w);
    }
    gw_json_put_array_end(w);
}

static const char *role_text(enum gw_home_role role)
{
    return role == GW_HOME_SOURCE ? "source" : role == GW_HOME_TARGET ? "target" : "mirror";
}

static gw_rc put_homes(struct gw_engine *engine, struct gw_json_writer *w, struct gw_err *err)
{
    const struct gw_program *program = gw_ledger_program(engine->ledger);
    gw_json_put_name_str(w, "homes");
    gw_json_put_array(w);
    for (uint32_t i = 0; program && i < program->home_count; i++) {
        const struct gw_program_home *home = program->homes[i];
        struct gw_audit_state audit;
        GW_TRY(gw_ledger_audit(engine->ledger, home, &engine->scratch, &audit, err));
        gw_json_put_object(w);
        put_text(w, "home", home->home.name);
        put_text(w, "entity", home->owner->entity.name);
        put_text(w, "role", gw_text(role_text(home->home.role)));
        put_u64(w, "audit_pass", audit.pass);
        put_u64(w, "audit_rows", audit.now.rows);
        put_u64(w, "last_rows", audit.last.rows);
        put_u64(w, "unknown", audit.last.unknown);
        put_u64(w, "clean_at", audit.clean_start);
        gw_json_put_object_end(w);
    }
    gw_json_put_array_end(w);
    return GW_OK;
}

static gw_rc put_phases(struct gw_engine *engine, struct gw_json_writer *w, struct gw_err *err)
{
    const struct gw_program *program = gw_ledger_program(engine->ledger);
    gw_json_put_name_str(w, "phases");
    gw_json_put_array(w);
    for (uint32_t i = 0; program && i < program->entity_count; i++) {
        struct gw_phase_state phase;
        GW_TRY(gw_ledger_phase(engine->ledger, program->entities[i], &phase, err));
        gw_json_put_object(w);
        put_text(w, "entity", program->entities[i]->entity.name);
        put_text(w, "phase", gw_text(gw_phase_text(phase.phase)));
        put_u64(w, "index", phase.index);
        gw_json_put_object_end(w);
    }
    gw_json_put_array_end(w);
    return GW_OK;
}

static gw_rc put_daemons(struct gw_engine *engine, struct gw_json_writer *w, struct gw_err *err)
{
    struct gw_fiber_info *fibers = NULL;
    uint32_t count = 0;
    GW_TRY(gw_ledger_fibers(engine->ledger, gw_clock_wall_ns(), &engine->scratch, &fibers, &count,
                            err));
    gw_json_put_name_str(w, "daemons");
    gw_json_put_array(w);
    for (uint32_t i = 0; i < count; i++) {
        gw_json_put_object(w);
        put_u64(w, "id", fibers[i].id);
        put_text(w, "daemon", fibers[i].name);
        put_text(w, "status", gw_text(gw_fiber_status_text(fibers[i].status)));
        put_text(w, "reason", fibers[i].reason);
        put_text(w, "waiting", fibers[i].why);
        put_u64(w, "line", fibers[i].line);
        put_u64(w, "pages", fibers[i].pages);
        put_u64(w, "rows", fibers[i].rows);
        put_u64(w, "slices", fibers[i].slices);
        put_u64(w, "calls", fibers[i].calls);
        gw_json_put_object_end(w);
    }
    gw_json_put_array_end(w);
    return GW_OK;
}

static gw_rc put_builds(struct gw_engine *engine, struct gw_json_writer *w, struct gw_err *err)
{
    struct gw_build_info *builds = NULL;
    uint32_t count = 0;
    GW_TRY(gw_ledger_builds(engine->ledger, &engine->scratch, &builds, &count, err));
    gw_json_put_name_str(w, "building");
    gw_json_put_array(w);
    for (uint32_t i = 0; i < count; i++) {
        gw_json_put_object(w);
        put_text(w, "name", builds[i].name);
        put_text(w, "why", builds[i].why);
        gw_json_put_object_end(w);
    }
    gw_json_put_array_end(w);
    return GW_OK;
}

static void put_head(struct gw_engine *engine, struct gw_json_writer *w)
{
    const struct gw_program *program = gw_ledger_program(engine->ledger);
    struct gw_journal_stats journal;
    struct gw_kv_stats kv;
    char hex[33];
    engine->journal->ops->stats(engine->journal, &journal);
    engine->kv->ops->stats(engine->kv, &kv);
    gw_hex((struct gw_bytes){engine->cluster, sizeof(engine->cluster)}, hex);
    put_text(w, "program", program ? program->name : GW_TEXT_LIT(""));
    put_u64(w, "version", program ? program->version : 0);
    put_text(w, "role", GW_TEXT_LIT("leader"));
    put_text(w, "cluster", gw_text(hex));
    put_u64(w, "epoch", engine->epoch);
    put_u64(w, "index", gw_ledger_applied(engine->ledger));
    put_u64(w, "durable", engine->durable);
    put_bool(w, "halted", gw_ledger_halted(engine->ledger));
    struct gw_halt_state halts;
    gw_ledger_halt_state(engine->ledger, &halts);
    put_u64(w, "halts", halts.open);
    put_u64(w, "resident_bytes", gw_ledger_resident_bytes(engine->ledger));
    put_u64(w, "calls", engine->metrics.calls);
    put_u64(w, "duplicates", engine->metrics.duplicates);
    put_u64(w, "batches", engine->metrics.batches);
    put_u64(w, "records", engine->metrics.records);
    put_u64(w, "fetches", engine->metrics.fetches);
    put_u64(w, "cold", engine->metrics.refetches);
    put_u64(w, "waiting_calls", engine->calls.count);
    put_u64(w, "reading_keys", engine->fetching_count);
    put_u64(w, "syncs", journal.syncs);
    put_u64(w, "sync_ns_total", journal.sync_ns_total);
    put_u64(w, "journal_bytes", journal.disk_bytes);
    put_bool(w, "journal_direct", journal.is_direct);
    put_u64(w, "kv_bytes", kv.disk_bytes);
    put_u64(w, "kv_bytes_max", kv.disk_bytes_max);
    put_u64(w, "kv_pairs", kv.pairs);
    put_u64(w, "kv_layers", kv.layers);
    put_u64(w, "rss_bytes", gw_os_memory_bytes());
    put_bool(w, "stalled", engine->stalled);
}

static gw_rc status_json(struct gw_engine *engine, struct gw_json_writer *w, struct gw_err *err)
{
    gw_json_put_object(w);
    put_head(engine, w);
    put_stores(engine, w);
    GW_TRY(put_homes(engine, w, err));
    GW_TRY(put_phases(engine, w, err));
    GW_TRY(put_daemons(engine, w, err));
    GW_TRY(put_builds(engine, w, err));
    gw_json_put_object_end(w);
    return GW_OK;
}

/** A batch as JSON records. */
static gw_rc journal_json(struct gw_engine *engine, const struct gw_request *request,
                          struct gw_json_writer *w, struct gw_err *err)
{
    struct gw_journal_reader *reader = NULL;
    struct gw_log_batch batch;
    struct gw_bytes bytes;
    GW_TRY(engine->journal->ops->reader_open(engine->journal, request->in.at_index, &reader, err));
    gw_rc rc = engine->journal->ops->reader_next(reader, &batch, err);
    if (rc == GW_NOTFOUND) {
        engine->journal->ops->reader_close(reader);
        return GW_FAIL_CODE(err, GW_NOTFOUND, 2204, "batch %" PRIu64 " is not durable yet",
                            request->in.at_index);
    }
    if (rc == GW_OK) {
        gw_json_put_object(w);
        put_u64(w, "index", batch.index);
        put_u64(w, "epoch", batch.epoch);
        gw_json_put_name_str(w, "time_ns");
        gw_json_put_i64(w, batch.time_ns);
        gw_json_put_name_str(w, "records");
        gw_json_put_array(w);
        while ((rc = gw_log_record_next(&batch.payload, &bytes, err)) == GW_OK) {
            struct gw_record record;
            rc = gw_record_decode(bytes, &engine->scratch, &record, err);
            if (rc < 0)
                break;
            gw_record_to_json(&record, w);
        }
        gw_json_put_array_end(w);
        gw_json_put_object_end(w);
    }
    engine->journal->ops->reader_close(reader);
    return rc == GW_NOTFOUND ? GW_OK : rc;
}

/** A page of emitted events behind a position, oldest first. */
static gw_rc events_json(struct gw_engine *engine, struct gw_request *request,
                         const struct gw_state_view *view, struct gw_json_writer *w,
                         struct gw_err *err)
{
    struct gw_event *events = NULL;
    uint32_t count = 0;
    const struct gw_event_id after = {.index = request->in.at_index,
                                      .record = (uint32_t)(request->in.number >> 32),
                                      .n = (uint32_t)request->in.number};
    GW_TRY(gw_ledger_events(view, after, EVENTS_PER_PAGE, &engine->scratch, &events, &count, err));
    gw_json_put_array(w);
    for (uint32_t i = 0; i < count; i++)
        GW_TRY(gw_event_to_json(&events[i], &engine->scratch, w, err));
    gw_json_put_array_end(w);
    request->out.number = count;
    return GW_OK;
}

static gw_rc answer_json(struct gw_engine *engine, struct gw_request *request,
                         struct gw_json_writer *w, struct gw_err *err)
{
    const struct gw_program *program = gw_ledger_program(engine->ledger);
    if (request->kind == GW_REQUEST_STATUS)
        return status_json(engine, w, err);
    if (request->kind == GW_REQUEST_JOURNAL)
        return journal_json(engine, request, w, err);
    const struct gw_program_entity *entity =
        program ? gw_program_entity(program, request->in.entity) : NULL;
    struct gw_kv_snap *snap = NULL;
    GW_TRY(engine->kv->ops->snapshot_durable(engine->kv, &snap, err));
    const struct gw_state_view view = {engine->kv, {.snap = snap}, program};
    const struct gw_halts_opts opts = {.n = request->in.number,
                                       .with_resolved = request->in.verb != 0};
    gw_rc rc;
    if (program == NULL)
        rc = GW_FAIL_CODE(err, GW_NOTFOUND, 2209, "no program is in force");
    else if (request->kind == GW_REQUEST_EVENTS)
        rc = events_json(engine, request, &view, w, err);
    else if (request->kind == GW_REQUEST_HALTS)
        rc = gw_explain_halts_json(&view, &opts, &engine->scratch, w, err);
    else if (entity == NULL)
        rc = GW_FAIL_CODE(err, GW_NOTFOUND, 2206, "no entity is named `%.*s`",
                          GW_TEXT_ARG(request->in.entity));
    else
        rc = gw_explain_key_json(&view, entity, request->in.key, &engine->scratch, w, err);
    engine->kv->ops->release(snap);
    return rc;
}

void gw_status_take(struct gw_engine *engine, struct gw_request *request)
{
    struct gw_buf buf;
    gw_buf_init(&buf, engine->heap, JSON_MAX);
    gw_arena_reset(&engine->scratch);
    struct gw_json_writer w = gw_json_writer(&buf, 0);
    gw_rc rc = answer_json(engine, request, &w, &request->err);
    if (rc == GW_OK)
        rc = gw_buf_check(&buf, "answer", &request->err);
    if (rc == GW_OK)
        request->out.json = gw_arena_copy_text(&request->arena, gw_buf_text(&buf));
    request->out.at.index = engine->durable;
    gw_buf_done(&buf);
    gw_request_answer(request, rc);
}
