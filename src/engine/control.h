/** Requests of operators: how control.c, deploy.c and status.c share them. */
#ifndef GW_ENGINE_CONTROL_H
#define GW_ENGINE_CONTROL_H

#include "engine/engine.h"

/** Every pump: answers those that wait for quiet. */
void gw_control_plan(struct gw_engine *engine);
/** deploy.c: check, catalog of every home, then the PROGRAM record. */
void gw_program_take(struct gw_engine *engine, struct gw_request *request);
/** status.c: questions that change nothing. */
void gw_status_take(struct gw_engine *engine, struct gw_request *request);

#endif
