/**
 * Who may do what: bearer tokens with roles. The file is configuration (JSON with comments):
 *
 *   { "tokens": [
 *       {"name": "ops",     "role": "operate", "sha256": "9f86d0…"},
 *       {"name": "billing", "role": "data",    "token": "env:BILLING_TOKEN", "calls": ["pay", "refund"]} ] }
 *
 * Only SHA-256 sums are kept in memory; `token` takes env:NAME or file:PATH, never the secret itself. Lifetime: the server's.
 */
#ifndef GW_API_TOKENS_H
#define GW_API_TOKENS_H

#include "base/err.h"
#include "base/hash.h"

enum { GW_TOKENS_MAX = 256, GW_TOKEN_CALLS_MAX = 64, GW_TOKEN_BYTES_MAX = 4096 };

/** Each role may do what those before it may. */
enum gw_role { GW_ROLE_NONE, GW_ROLE_VIEW, GW_ROLE_DATA, GW_ROLE_OPERATE };

struct gw_token {
    struct gw_text name;
    enum gw_role role;
    struct gw_sha256 sum;
    const struct gw_text *calls; /* txns it may call beyond what its role allows */
    size_t call_count;
};

struct gw_tokens {
    struct gw_arena arena;
    const struct gw_token *items; /* NULL: no tokens file */
    size_t count;
};

/** Whom a request comes from. `token` NULL: nobody in particular, on loopback. */
struct gw_caller {
    struct gw_text name;
    enum gw_role role;
    const struct gw_token *token;
};

/** @path  NULL: none. @return GW_INVALID with the place; GW_NOTFOUND */
GW_NODISCARD gw_rc gw_tokens_open(const char *path, const struct gw_alloc *alloc,
                                  struct gw_tokens *ret, struct gw_err *err);
void gw_tokens_close(struct gw_tokens *tokens);
/** @secret  what came as bearer token; data NULL: none came. @return GW_DENIED GW7310 */
GW_NODISCARD gw_rc gw_tokens_caller(const struct gw_tokens *tokens, struct gw_text secret,
                                    struct gw_caller *ret, struct gw_err *err);
bool gw_caller_may(const struct gw_caller *caller, enum gw_role role);
bool gw_caller_may_call(const struct gw_caller *caller, struct gw_text fn);
const char *gw_role_text(enum gw_role role);

#endif
