#include "record/classify.h"

const char *gw_conflict_name(enum gw_conflict conflict)
{
    /* clang-format off */
    static const char *const names[] = {
        [GW_CONFLICT_WRONG_IMAGE] = "wrong_image",
        [GW_CONFLICT_WRONG_VERSION] = "wrong_version",
        [GW_CONFLICT_FOREIGN_WRITE] = "foreign_write",
        [GW_CONFLICT_VERSION_NULL] = "version_null",
        [GW_CONFLICT_WENT_BACK] = "went_back",
        [GW_CONFLICT_DELETED] = "deleted",
        [GW_CONFLICT_INSERTED] = "inserted",
        [GW_CONFLICT_REJECTED] = "rejected",
        [GW_CONFLICT_DUPLICATE] = "duplicate",
    };
    /* clang-format on */
    GW_ASSERT((size_t)conflict < GW_COUNT_OF(names));
    return names[conflict];
}

const char *gw_conflict_text(enum gw_conflict conflict)
{
    switch (conflict) {
#define X(name, text)        \
    case GW_CONFLICT_##name: \
        return text;
        GW_CONFLICT_LIST(X)
#undef X
    }
    GW_UNREACHABLE_CODE();
    return NULL;
}

static struct gw_classified as(enum gw_verdict verdict)
{
    return (struct gw_classified){.verdict = verdict};
}

static struct gw_classified conflict(enum gw_conflict conflict)
{
    return (struct gw_classified){.verdict = GW_VERDICT_CONFLICT, .conflict = conflict};
}

static bool is_living(const struct gw_seen *seen)
{
    return seen != NULL && seen->present;
}

static bool same_hash(const struct gw_seen *a, const struct gw_seen *b)
{
    return gw_hash128_equal(a->hash, b->hash);
}

/* A row that was onboarded but never pushed had no version: one that has since got one was touched by somebody. */
static bool is_acked(const struct gw_seen *acked, const struct gw_seen *found)
{
    return same_hash(acked, found) && acked->ver == found->ver;
}

/* A living row that is neither of the two images we know, where a row of ours should be. */
static enum gw_conflict foreign_kind(const struct gw_seen *acked, const struct gw_seen *intent,
                                     const struct gw_seen *found)
{
    bool is_known = acked->ver != GW_VERSION_NONE;
    if (is_known && found->ver == GW_VERSION_NONE)
        return GW_CONFLICT_VERSION_NULL;
    if (is_known && found->ver < acked->ver)
        return GW_CONFLICT_WENT_BACK;
    /* After our intent landed a writer may have changed its value, or its version, only. */
    if (found->ver == acked->ver || (is_living(intent) && found->ver == intent->ver))
        return GW_CONFLICT_WRONG_IMAGE;
    if (same_hash(acked, found) || (is_living(intent) && same_hash(intent, found)))
        return GW_CONFLICT_WRONG_VERSION;
    return GW_CONFLICT_FOREIGN_WRITE;
}

static struct gw_classified classify_absent(const struct gw_seen *acked,
                                            const struct gw_seen *intent)
{
    if (intent != NULL && !intent->present)
        return as(GW_VERDICT_ALREADY); /* the delete landed, or there was nothing to delete */
    if (is_living(acked))
        return conflict(GW_CONFLICT_DELETED);
    return as(GW_VERDICT_WRITE);
}

struct gw_classified gw_classify_look(const struct gw_seen *acked, const struct gw_seen *intent,
                                      const struct gw_seen *found)
{
    if (!is_living(found))
        return classify_absent(acked, intent);
    if (is_living(intent) && found->ver == intent->ver && same_hash(intent, found))
        return as(GW_VERDICT_ALREADY);
    if (!is_living(acked))
        return conflict(GW_CONFLICT_INSERTED);
    if (is_acked(acked, found))
        return as(GW_VERDICT_WRITE);
    return conflict(foreign_kind(acked, intent, found));
}

struct gw_classified gw_classify_push(const struct gw_seen *acked, const struct gw_seen *intent,
                                      const struct gw_seen *found)
{
    GW_ASSERT(intent != NULL); /* a push without an open intent is a bug: nothing may be written */
    return gw_classify_look(acked, intent, found);
}
