/** A bank on memory stores behind a server that runs in a thread of its own, and a client's hands. */
#ifndef GW_TEST_API_SCENE_H
#define GW_TEST_API_SCENE_H

#include "kit/kit.h"

#include <pthread.h>

#include "api/server.h"
#include "net/http_client.h"
#include "store/memory_fault.h"

struct scene {
    char folder[256], state[300], program_file[320], where[360], tokens_file[320];
    struct gw_server_opts opts; /* may be changed between scene_init() and scene_open() */
    struct gw_address http_at[1];
    struct gw_server *server;
    struct gw_address http;
    pthread_t thread;
    gw_rc run_rc;
    struct gw_err run_err;
    struct gw_arena arena; /* of answers */
};

extern const char scene_program[];

void scene_init(struct scene *scene);
void scene_open(struct scene *scene); /* opens and runs */
void scene_stop(struct scene *scene); /* asks for the end and waits */
void scene_done(struct scene *scene);
/** As `godwit engine prepare` does for the two memory stores. */
void scene_prepare(void);

/** @fields  "Name: value\n…" or NULL. @return status; *ret the body as zero-terminated text */
int scene_http(struct scene *scene, const char *method, const char *target, const char *fields,
               const char *body, const char **ret);
/** Fails the test unless the status is `status` and every fragment stands in the body. */
void expect_http(struct scene *scene, const char *method, const char *target, const char *fields,
                 const char *body, int status, const char *fragment);

#endif
