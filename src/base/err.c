#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

const char *gw_rc_name(gw_rc rc)
{
    switch (rc) {
#define X(name, value, http, exit, text) \
    case GW_##name:                      \
        return #name;
        GW_RC_LIST(X)
#undef X
    }
    return "UNKNOWN";
}

const char *gw_rc_text(gw_rc rc)
{
    switch (rc) {
#define X(name, value, http, exit, text) \
    case GW_##name:                      \
        return text;
        GW_RC_LIST(X)
#undef X
    }
    return "unknown result";
}

int gw_rc_http(gw_rc rc)
{
    switch (rc) {
#define X(name, value, http, exit, text) \
    case GW_##name:                      \
        return http;
        GW_RC_LIST(X)
#undef X
    }
    return 500;
}

int gw_rc_exit(gw_rc rc)
{
    switch (rc) {
#define X(name, value, http, exit, text) \
    case GW_##name:                      \
        return exit;
        GW_RC_LIST(X)
#undef X
    }
    return 70;
}

gw_rc gw_rc_of_errno(int sys)
{
    switch (sys) {
    case ENOMEM:
        return GW_NOMEM;
    case ENOSPC:
    case EDQUOT:
        return GW_FULL;
    case ENOENT:
        return GW_NOTFOUND;
    case EEXIST:
    case ENOTEMPTY:
        return GW_EXISTS;
    case EACCES:
    case EPERM:
    case EROFS:
        return GW_DENIED;
    case EMFILE:
    case ENFILE:
    case EAGAIN:
        return GW_BUSY;
    case ECONNREFUSED:
    case EHOSTUNREACH:
    case ENETUNREACH:
        return GW_UNREACHABLE;
    case ETIMEDOUT:
        return GW_TIMEOUT;
    case EPIPE:
    case ECONNRESET:
        return GW_CLOSED;
    default: /* the rest of errno has no better name here */
        return GW_IO;
    }
}

gw_rc gw_err_fill(struct gw_err *err, gw_rc rc, int sys, gw_code code, const char *file, int line,
                  const char *fmt, ...)
{
    if (err == NULL)
        return rc;
    *err = (struct gw_err){.rc = rc, .sys = sys, .code = code, .file = file, .line = line};
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(err->msg, sizeof(err->msg), fmt, args);
    va_end(args);
    return rc;
}

GW_PRINTF(2, 0) static void wrap(struct gw_err *err, const char *fmt, va_list args)
{
    char inner[GW_ERR_MSG_MAX];
    memcpy(inner, err->msg, sizeof(inner));
    (void)vsnprintf(err->msg, sizeof(err->msg), fmt, args);
    size_t len = strlen(err->msg);
    (void)snprintf(err->msg + len, sizeof(err->msg) - len, ": %s", inner);
}

gw_rc gw_err_wrap(struct gw_err *err, const char *fmt, ...)
{
    GW_ASSERT(err != NULL && err->rc < 0);
    va_list args;
    va_start(args, fmt);
    wrap(err, fmt, args);
    va_end(args);
    return err->rc;
}

gw_rc gw_err_wrap_rc(struct gw_err *err, gw_rc rc, const char *fmt, ...)
{
    if (err != NULL) {
        va_list args;
        va_start(args, fmt);
        wrap(err, fmt, args);
        va_end(args);
    }
    return rc;
}

void gw_err_hint(struct gw_err *err, const char *fmt, ...)
{
    if (err == NULL)
        return;
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(err->hint, sizeof(err->hint), fmt, args);
    va_end(args);
}

void gw_err_place(struct gw_err *err, struct gw_text name, uint32_t line, uint32_t column)
{
    if (err == NULL)
        return;
    size_t len = GW_MIN(name.len, sizeof(err->place.name) - 1);
    if (len)
        memcpy(err->place.name, name.data, len);
    err->place.name[len] = '\0';
    err->place.line = line;
    err->place.column = column;
}
