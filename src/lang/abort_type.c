/* The enum that `abort(c)` binds in `match call`: system aborts as programs see them. */
#include "lang/ast.h"
#include "lang/vm.h"

static const struct gw_enum_member members[] = {
#define X(name, text) {{#name, sizeof(#name) - 1}, GW_ABORT_##name},
    GW_ABORT_LIST(X)
#undef X
};

static const struct gw_enum aborts = {
    .name = {"Abort", 5},
    .base = GW_TYPE_U8,
    .members = members + 1, /* NONE is no abort */
    .member_count = GW_COUNT_OF(members) - 1,
};

static const struct gw_type type = {
    .kind = GW_TYPE_ENUM, .members = &aborts, .bytes_max = 2, .depth = 1};

const struct gw_type *gw_lang_abort_type(void)
{
    return &type;
}
