/**
 * How functions fail: a negative gw_rc and a filled gw_err.
 *
 * A bug stops the process (GW_ASSERT, on in release too). An expected failure is a negative gw_rc.
 * A limit reached is GW_BUSY, and the caller slows its source down.
 * `struct gw_err *err` is the last argument, untouched on success, filled on failure, may be NULL;
 * `ret_` outputs are written only on success. Nothing here allocates or keeps global state.
 */
#ifndef GW_BASE_ERR_H
#define GW_BASE_ERR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"

/* name        value http exit text -- exit codes as in conventions: 0 1 2 3 4 5 6 7 8 70 */
/* clang-format off */
#define GW_RC_LIST(X)                                                     \
    X(OK,             0, 200,  0, "ok")                                   \
    X(NOMEM,          1, 503,  1, "out of memory")                        \
    X(IO,             2, 500,  1, "input/output error")                   \
    X(CORRUPT,        3, 500,  1, "stored data is damaged")               \
    X(INVALID,        4, 400,  3, "invalid input")                        \
    X(BUSY,           5, 429,  7, "a limit is reached, try again")        \
    X(HALTED,         6, 409,  6, "halted on a foreign change")           \
    X(NOTFOUND,       7, 404,  1, "not found")                            \
    X(EXISTS,         8, 409,  8, "exists already")                       \
    X(USAGE,          9, 400,  2, "wrong usage")                          \
    X(GATE,          10, 412,  4, "waiting at a gate")                    \
    X(PARITY,        11, 500,  5, "parity compromised")                   \
    X(UNREACHABLE,   12, 503,  7, "unreachable")                          \
    X(TIMEOUT,       13, 504,  7, "time-out")                             \
    X(CONFLICT,      14, 409,  8, "conflict")                             \
    X(DENIED,        15, 403,  1, "not permitted")                        \
    X(FULL,          16, 507,  7, "no space left")                        \
    X(CANCELLED,     17, 499,  1, "cancelled")                            \
    X(UNSUPPORTED,   18, 501,  1, "not supported")                        \
    X(TOOLARGE,      19, 413,  3, "larger than the limit")                \
    X(CLOSED,        20, 503,  7, "closed by the other side")             \
    X(BUG,           99, 500, 70, "a bug in godwit")
/* clang-format on */

typedef enum gw_rc {
#define GW_RC_ENUM(name, value, http, exit, text) GW_##name = -(value),
    GW_RC_LIST(GW_RC_ENUM)
#undef GW_RC_ENUM
} gw_rc;

const char *gw_rc_name(gw_rc rc); /* "IO" */
const char *gw_rc_text(gw_rc rc); /* "input/output error" */
int gw_rc_http(gw_rc rc);
int gw_rc_exit(gw_rc rc);

/** The stable number people see: 2107 for GW2107; 0 means none. The list is base/code.h. */
typedef uint16_t gw_code;

enum { GW_ERR_MSG_MAX = 384, GW_ERR_HINT_MAX = 256, GW_ERR_PLACE_MAX = 96 };

/** Of the input at fault. Copied, so it outlives the input. */
struct gw_place {
    char name[GW_ERR_PLACE_MAX];
    uint32_t line, column; /* from 1; 0 means unknown */
};

struct gw_err {
    gw_rc rc;
    int sys;          /* errno of the failed system call, or 0 */
    const char *file; /* where it began: a static string, and the line */
    int line;
    gw_code code;
    struct gw_place place;
    char msg[GW_ERR_MSG_MAX];   /* what happened, "outer: inner", cut if too long */
    char hint[GW_ERR_HINT_MAX]; /* what the person can do; "" when we do not know */
};

/** Fill `err` (NULL: nothing) and return rc. Use the macros. */
gw_rc gw_err_fill(struct gw_err *err, gw_rc rc, int sys, gw_code code, const char *file, int line,
                  const char *fmt, ...) GW_PRINTF(7, 8);
/** Put "text: " before the message. @return err->rc, so that `return gw_err_wrap(err, …)` reads well */
gw_rc gw_err_wrap(struct gw_err *err, const char *fmt, ...) GW_PRINTF(2, 3);
/** As gw_err_wrap() for a caller whose `err` may be NULL: gives `rc` back. */
gw_rc gw_err_wrap_rc(struct gw_err *err, gw_rc rc, const char *fmt, ...) GW_PRINTF(3, 4);
void gw_err_hint(struct gw_err *err, const char *fmt, ...) GW_PRINTF(2, 3);
void gw_err_place(struct gw_err *err, struct gw_text name, uint32_t line, uint32_t column);

/** A bug: print where and stop. Replaced in tests by cmocka's mock_assert (tests/kit). */
GW_NORETURN void gw_panic(const char *what, const char *file, int line);
#define GW_ASSERT(cond)       (GW_LIKELY(cond) ? (void)0 : gw_panic(#cond, __FILE__, __LINE__))
#define GW_UNREACHABLE_CODE() gw_panic("unreachable", __FILE__, __LINE__)

/** Gives `rc` back. A failure is negative: callers, and the analyzers that read them, rely on it. */
static inline gw_rc gw_failed(gw_rc rc)
{
    GW_ASSERT(rc < 0);
    return rc;
}

#define GW_FAIL(err, rc, ...) \
    gw_failed(gw_err_fill((err), (rc), 0, 0, __FILE__, __LINE__, __VA_ARGS__))
/** With a stable code: GW_FAIL_CODE(err, GW_INVALID, 2107, "column %s: …", …) */
#define GW_FAIL_CODE(err, rc, code, ...) \
    gw_failed(gw_err_fill((err), (rc), 0, (code), __FILE__, __LINE__, __VA_ARGS__))
/** After a failed system call: reads errno, picks the gw_rc that fits (ENOSPC → GW_FULL, …). */
#define GW_FAIL_SYS(err, ...) \
    gw_failed(gw_err_fill((err), gw_rc_of_errno(errno), errno, 0, __FILE__, __LINE__, __VA_ARGS__))
#define GW_FAIL_NOMEM(err) \
    gw_failed(gw_err_fill((err), GW_NOMEM, 0, 0, __FILE__, __LINE__, "a memory bound is reached"))

gw_rc gw_rc_of_errno(int sys);

/** `GW_TRY(call)` returns the failure of `call` to our caller. */
#define GW_TRY(call)              \
    do {                          \
        gw_rc gw_try_rc = (call); \
        if (gw_try_rc < 0)        \
            return gw_try_rc;     \
    } while (0)

#endif
