#include "base/code.h"

static const struct gw_code_entry entries[] = {
#define X(number, summary, page) {(number), (summary), (page)},
    GW_CODE_LIST(X)
#undef X
};

const struct gw_code_entry *gw_code_entries(size_t *ret_count)
{
    *ret_count = GW_COUNT_OF(entries);
    return entries;
}

const struct gw_code_entry *gw_code_find(gw_code code)
{
    for (size_t i = 0; i < GW_COUNT_OF(entries); i++) {
        if (entries[i].code == code)
            return &entries[i];
    }
    return NULL;
}

gw_code gw_code_parse(struct gw_text text)
{
    if (text.len == 6 && (text.data[0] | 0x20) == 'g' && (text.data[1] | 0x20) == 'w')
        text = (struct gw_text){text.data + 2, 4};
    if (text.len != 4)
        return 0;
    unsigned code = 0;
    for (size_t i = 0; i < 4; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return 0;
        code = code * 10 + (unsigned)(text.data[i] - '0');
    }
    return (gw_code)code;
}
