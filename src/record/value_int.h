/** Within the room: reading many values with one check at the end. */
#ifndef GW_RECORD_VALUE_INT_H
#define GW_RECORD_VALUE_INT_H

#include "record/value.h"

/** As gw_value_decode(), but a failure stays in the reader (and the value is then meaningless). */
union gw_value gw_value_read(const struct gw_type *type, struct gw_cbor_reader *r,
                             struct gw_arena *arena);
/** @return GW_OK, GW_NOMEM, or GW_INVALID "WHAT: byte 17: …" */
GW_NODISCARD gw_rc gw_value_read_check(const struct gw_cbor_reader *r, const char *what,
                                       struct gw_err *err);

/** What gw_type_range() says of TIME, by unit, for the hot path. */
struct gw_time_span {
    int64_t first, last;
};
extern const struct gw_time_span gw_type_time_spans[];

/** 10^0 .. 10^18 */
extern const int64_t gw_value_pow10_small[];

#endif
