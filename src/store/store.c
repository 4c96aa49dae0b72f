#include "store/store.h"

#include "store/memory.h"
#include "store/sqlite.h"

const char *gw_store_class_text(enum gw_store_class cls)
{
    switch (cls) {
#define X(name, text)           \
    case GW_STORE_CLASS_##name: \
        return text;
        GW_STORE_CLASSES(X)
#undef X
    }
    GW_UNREACHABLE_CODE();
}

const char *gw_store_call_text(enum gw_store_call call)
{
    switch (call) {
#define X(name, text)          \
    case GW_STORE_CALL_##name: \
        return text;
        GW_STORE_CALLS(X)
#undef X
    }
    GW_UNREACHABLE_CODE();
}

enum gw_store_class gw_store_class_of(const struct gw_err *err)
{
    switch ((int)err->rc) {
    case GW_OK:
        return GW_STORE_CLASS_NONE;
    case GW_UNREACHABLE:
    case GW_CLOSED:
    case GW_NOTFOUND:
    case GW_IO:
        return GW_STORE_CLASS_UNREACHABLE;
    case GW_TIMEOUT:
    case GW_BUSY:
        return GW_STORE_CLASS_TIMEOUT;
    case GW_DENIED:
        return GW_STORE_CLASS_DENIED;
    case GW_CORRUPT:
    case GW_INVALID:
        return GW_STORE_CLASS_MALFORMED;
    case GW_TOOLARGE:
        return GW_STORE_CLASS_TOO_LARGE;
    default:
        return GW_STORE_CLASS_OTHER;
    }
}

const struct gw_store_ops *gw_store_find(struct gw_text kind)
{
    static const struct {
        const char *kind;
        const struct gw_store_ops *ops;
    } kinds[] = {{"memory", &gw_memory_ops}, {"sqlite", &gw_sqlite_ops}};
    for (size_t i = 0; i < GW_COUNT_OF(kinds); i++) {
        if (gw_text_is(kind, kinds[i].kind))
            return kinds[i].ops;
    }
    return NULL;
}

gw_rc gw_store_open(const struct gw_store_config *config, struct gw_store **ret, struct gw_err *err)
{
    const char *colon = config->url.len > 0 ? memchr(config->url.data, ':', config->url.len) : NULL;
    struct gw_text kind = {config->url.data, colon ? (size_t)(colon - config->url.data) : 0};
    const struct gw_store_ops *ops = gw_store_find(kind);
    if (ops == NULL) {
        gw_rc rc = GW_FAIL(err, GW_UNSUPPORTED, "store %.*s: no connector for \"%.*s\"",
                           GW_TEXT_ARG(config->name), GW_TEXT_ARG(kind));
        gw_err_hint(err, "a url begins with its kind: sqlite:/path/file.db, memory:NAME");
        return rc;
    }
    return ops->open(config, ret, err);
}

void gw_store_close(struct gw_store *store)
{
    if (store != NULL)
        store->ops->close(store);
}
