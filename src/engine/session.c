/* Sessions nobody uses any more: their results would be kept for ever. Which ones is asked of the ledger, by journal
 * time, so nothing need wake us: while the journal rests no session grows older. That they are gone is a record. */
#include "engine/engine_int.h"
#include "os/clock.h"

enum { EXPIRED_AT_ONCE = 8 }; /* each takes up to 1,024 kept results with it */

#define LOOK_EVERY_NS (60 * GW_NS_PER_S)
#define GO_ON_NS      (GW_NS_PER_S / 4)

static bool expire(struct gw_engine *engine, uint64_t client)
{
    struct gw_applied applied;
    const struct gw_record record = {.kind = GW_RECORD_SESSION,
                                     .session = {.verb = GW_SESSION_EXPIRE, .client = client}};
    return gw_batch_record(engine, &record, &applied);
}

void gw_sessions_plan(struct gw_engine *engine)
{
    struct gw_err err;
    uint64_t *clients = NULL;
    uint32_t count = 0;
    int64_t now = gw_clock_mono_ns();
    if (engine->sessions_due_ns > now || engine->closing)
        return;
    if (engine->timers_from_ns > now) { /* the clock jumped: nobody was idle that long */
        engine->sessions_due_ns = engine->timers_from_ns;
        return;
    }
    engine->sessions_due_ns = now + LOOK_EVERY_NS;
    gw_arena_reset(&engine->scratch);
    if (gw_ledger_idle_sessions(engine->ledger, gw_ledger_time(engine->ledger), EXPIRED_AT_ONCE,
                                &engine->scratch, &clients, &count, &err) < 0) {
        gw_engine_fatal(engine, &err);
        return;
    }
    for (uint32_t i = 0; i < count; i++)
        if (!expire(engine, clients[i]))
            break; /* no room: later */
    if (count > 0)
        engine->sessions_due_ns = now + GO_ON_NS;
}
