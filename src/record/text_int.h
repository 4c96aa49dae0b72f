/** Within the room: texts that people and JSON share. */
#ifndef GW_RECORD_TEXT_INT_H
#define GW_RECORD_TEXT_INT_H

#include "record/value.h"

enum { GW_UUID_TEXT_MAX = 37 };

/** Exact: "1m12s", or "1500000001ns" where three parts would cut something; into ret[GW_INT_TEXT_MAX]. @return length */
size_t gw_value_dur_text(int64_t ns, char *ret);
/** "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx" */
void gw_value_uuid_text(gw_u128 number, char *ret);
struct gw_text gw_value_enum_name(const struct gw_type *type, gw_i128 number);

#endif
