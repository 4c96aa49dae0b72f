/** "Did you mean": the candidate nearest to a misspelt word. */
#ifndef GW_BASE_NEAR_H
#define GW_BASE_NEAR_H

#include "base/mem.h"

enum { GW_NEAR_WORD_MAX = 64 }; /* longer words have no neighbours */

/**
 * The best candidate within Damerau-Levenshtein distance 2 (1 for words of up to 3 characters), the first of equals;
 * upper and lower case differ. {NULL, 0} when none is near.
 * Source: Damerau, 1964; the restricted form (optimal string alignment).
 */
struct gw_text gw_near(struct gw_text word, const struct gw_text *candidates, size_t count);

#endif
