/** Field-by-field difference of two rows of one home or entity: what a halt shows. */
#ifndef GW_RECORD_DIFF_H
#define GW_RECORD_DIFF_H

#include "record/home.h"
#include "record/text.h"

struct gw_diff_field {
    struct gw_text name;
    const struct gw_type *type;
    union gw_value expected, actual;
    bool same;
};

struct gw_diff {
    bool expected_present, actual_present;
    struct gw_diff_field *fields; /* all of them, in declaration order */
    uint32_t count, differing;
};

/** Either side NULL when that row is absent. Made in `arena`. @return GW_NOMEM */
GW_NODISCARD gw_rc gw_diff_columns(const struct gw_home *home, const union gw_value *expected,
                                   const union gw_value *actual, struct gw_arena *arena,
                                   struct gw_diff *ret, struct gw_err *err);
void gw_diff_to_json(
    const struct gw_diff *diff,
    struct gw_json_writer *
        writer); /* an array of {field,expected,actual,same}; an absent row leaves its member out */
/** Lines as in a HALT report (engine spec 5.5): differing fields first, one a line; unchanged ones share lines. */
void gw_diff_text(const struct gw_diff *diff, struct gw_buf *ret);

#endif
