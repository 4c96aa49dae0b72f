/** Asking the engine and waiting for the answer, for callers without a loop: embedded use, tests, tools. */
#ifndef GW_ENGINE_ASK_H
#define GW_ENGINE_ASK_H

#include "engine/engine.h"

struct gw_asker; /* opaque; one thread asks at a time */

GW_NODISCARD gw_rc gw_asker_open(struct gw_asker **ret, struct gw_err *err);
/** Nothing may be under way. Accepts NULL. */
void gw_asker_close(struct gw_asker *asker);
/** Where requests of this asker answer: give it to gw_request_new(). */
struct gw_actor *gw_asker_actor(struct gw_asker *asker);

/** Send and wait. GW_BUSY of a full mailbox waits too. @return request->rc; its err is copied to `err` */
gw_rc gw_ask(struct gw_asker *asker, struct gw_engine *engine, struct gw_request *request,
             struct gw_err *err);

/** Send without waiting; gw_asker_next() gives the answers back in the order they come. */
gw_rc gw_asker_send(struct gw_asker *asker, struct gw_engine *engine, struct gw_request *request);
/** Waits for an answer. @return NULL when nothing is under way */
struct gw_request *gw_asker_next(struct gw_asker *asker);

#endif
