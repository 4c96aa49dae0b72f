/**
 * What a row found outside means (engine spec 5.2): one shared pure function for all stores.
 * Only the acked image and the intended one may be outside; everything else is a foreign change.
 */
#ifndef GW_RECORD_CLASSIFY_H
#define GW_RECORD_CLASSIFY_H

#include "record/home.h"

/** One side: what we believe, intend or found. A tombstone is present = false with a version. */
struct gw_seen {
    bool present;
    gw_version ver;         /* GW_VERSION_NONE: column NULL, or never pushed */
    struct gw_hash128 hash; /* of the projection image; zero when absent */
};

/* clang-format off */
#define GW_CONFLICT_LIST(X)                                                  \
    X(WRONG_IMAGE,   "right version, wrong image")                           \
    X(WRONG_VERSION, "right image, other version")                           \
    X(FOREIGN_WRITE, "other version and image")                              \
    X(VERSION_NULL,  "version removed from a known row")                     \
    X(WENT_BACK,     "older version: restored store or lagging replica")     \
    X(DELETED,       "row deleted")                                          \
    X(INSERTED,      "row present though it should not be")                  \
    X(REJECTED,      "the onboarding rule rejected the copies")              \
    X(DUPLICATE,     "two source rows map to one key")
/* clang-format on */

enum gw_conflict {
#define X(name, text) GW_CONFLICT_##name,
    GW_CONFLICT_LIST(X)
#undef X
};

const char *gw_conflict_name(enum gw_conflict conflict); /* "went_back" style: lower case */
const char *gw_conflict_text(enum gw_conflict conflict);

enum gw_verdict {
    GW_VERDICT_WRITE,    /* as acked: write the intent */
    GW_VERDICT_ALREADY,  /* as intended: an earlier attempt landed */
    GW_VERDICT_CONFLICT, /* foreign: write nothing */
};

struct gw_classified {
    enum gw_verdict verdict;
    enum gw_conflict conflict; /* of GW_VERDICT_CONFLICT */
};

/** For a push: `intent` is what we are about to write. */
struct gw_classified gw_classify_push(const struct gw_seen *acked, const struct gw_seen *intent,
                                      const struct gw_seen *found);
/** For a fetch or audit: `intent` NULL when none is open. VERDICT_WRITE means "as acked", ALREADY "as intended". */
struct gw_classified gw_classify_look(const struct gw_seen *acked, const struct gw_seen *intent,
                                      const struct gw_seen *found);

#endif
