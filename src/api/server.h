/**
 * The server: one loop that owns an engine and lets people and programs reach it.
 *
 * Shape:    HTTP (people, scripts, any language: /v1/…, /metrics, /healthz) and wire streams (api/wire.h: libraries) on one
 *           loop; each request becomes one request to the engine and is answered when that comes back.
 * Rights:   the unix socket is its owner's (0600) and may operate. HTTP and TCP: bearer tokens of the tokens file, roles view,
 *           data, operate; without a tokens file loopback may operate and nothing else may be listened on.
 * Audit:    every mutation of an operator is preceded by an AUDIT record with actor, action and reason.
 * Thread:   the caller's, inside gw_server_run(); only gw_server_stop() may come from others.
 * Lifetime: gw_server_open() to gw_server_close().
 */
#ifndef GW_API_SERVER_H
#define GW_API_SERVER_H

#include "engine/engine.h"
#include "os/address.h"
#include "os/loop.h"

struct gw_server; /* opaque */

enum { GW_SERVER_LISTEN_MAX = 8 };

struct gw_server_opts {
    struct gw_engine_opts
        engine; /* on_alert, on_fatal and ctx are the server's own: leave them empty */
    const char *
        program_file; /* deployed at the start unless it is in force already; NULL: what the journal has */
    const char *actor; /* who starts it, for the records; NULL: "local" */
    /**
     * Where to listen for HTTP; "none" (kind GW_ADDRESS_NONE) entries are skipped. None given: 127.0.0.1:7700.
     * An address that is not loopback needs a tokens file: otherwise GW_DENIED.
     */
    const struct gw_address *http;
    size_t http_count;
    const char *socket; /* wire streams; NULL: STATE/godwit.sock; "" none */
    const struct gw_address
        *wire; /* further wire listeners (TCP); token in HELLO unless loopback without tokens */
    size_t wire_count;
    const char *tokens_file;     /* docs: src/api/README.md; NULL: none */
    const struct gw_text *hosts; /* further names allowed in Host; borrowed for the server's life */
    size_t host_count;
    uint32_t connections_max; /* HTTP and wire, each; 0: 1024 */
    uint32_t body_bytes_max;  /* of an HTTP request; 0: 1 MiB */
    uint32_t open_max;        /* calls under way of one wire connection, at most 512; 0: 512 */
    uint32_t stop_ms;         /* how long a stop waits for what is under way; 0: 10 s */
    bool with_signals; /* SIGINT and SIGTERM stop it; a second one ends the process at once */
    /** One line for the log; NULL: silence. On the loop's thread. */
    void (*on_log)(void *ctx, gw_code code, struct gw_text text);
    void *ctx;
};

/**
 * Opens the engine (recovery), deploys the program, listens.
 * @ret_report  of the engine's recovery; may be NULL
 * @return as gw_engine_open(); GW_INVALID the program, or the tokens file, is refused: the message says where;
 *         GW_CONFLICT also: an address is in use
 */
GW_NODISCARD gw_rc gw_server_open(const struct gw_server_opts *opts, struct gw_server **ret,
                                  struct gw_engine_report *ret_report, struct gw_err *err);

/**
 * Serves until gw_server_stop(), a signal, or until the engine fails. Then: listens no more, lets what is under way finish
 * (stop_ms), saves, closes the engine.
 * @return GW_OK after a clean stop; GW_CANCELLED stopped by a signal (gw_server_signal()), clean too;
 *         else what ended the engine
 */
GW_NODISCARD gw_rc gw_server_run(struct gw_server *server, struct gw_err *err);

/** Asks for the end. Any thread, also before the run. */
void gw_server_stop(struct gw_server *server);

/** Accepts NULL. Also after a run that failed, or without a run. */
void gw_server_close(struct gw_server *server);

/** The signal that ended the run. @return false: none did */
bool gw_server_signal(const struct gw_server *server, bool *ret_is_term);

/** For hosts that send requests of their own (demo, bench): until the run has ended. */
struct gw_engine *gw_server_engine(struct gw_server *server);
struct gw_loop *gw_server_loop(struct gw_server *server);

/** Where HTTP listens, with the port the kernel chose. @return false: there is no `at`-th */
bool gw_server_http_address(const struct gw_server *server, size_t at, struct gw_address *ret);
/** Where wire streams are taken: the unix socket first. @return false: there is no `at`-th */
bool gw_server_wire_address(const struct gw_server *server, size_t at, struct gw_address *ret);

#endif
