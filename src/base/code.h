/**
 * The stable error codes that people see, in one X-list over all families (base/codes/ has one file each).
 *
 * X(number, summary, page): `summary` is one line, `page` is what `godwit explain GWnnnn` prints.
 * A code is never reused; a retired one keeps its line with the page saying so.
 */
#ifndef GW_BASE_CODE_H
#define GW_BASE_CODE_H

#include "base/codes/engine.h"
#include "base/codes/language.h"
#include "base/codes/server.h"
#include "base/err.h"

#define GW_CODE_LIST(X) GW_CODES_LANGUAGE(X) GW_CODES_ENGINE(X) GW_CODES_SERVER(X)

struct gw_code_entry {
    gw_code code;
    const char *summary;
    const char *page;
};

/** In rising order of code. @return entries, their number in *ret_count */
const struct gw_code_entry *gw_code_entries(size_t *ret_count);
/** @return NULL for a code that nobody gives out */
const struct gw_code_entry *gw_code_find(gw_code code);
/** Reads "GW2107", "gw2107" or "2107". @return 0 when it is none of these */
gw_code gw_code_parse(struct gw_text text);

#endif
