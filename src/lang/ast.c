#include "lang/ast.h"

static const struct {
    const char *text;
    unsigned strength;
} ops[] = {
#define X(name, text, strength) {(text), (strength)},
    GW_AST_OPS(X)
#undef X
};

static const char *const builtins[] = {
#define X(name, text) text,
    GW_BUILTIN_LIST(X)
#undef X
};

const char *gw_ast_op_text(enum gw_ast_op op)
{
    return ops[op].text;
}

unsigned gw_ast_op_strength(enum gw_ast_op op)
{
    return ops[op].strength;
}

const char *gw_builtin_text(enum gw_builtin builtin)
{
    return builtins[builtin];
}
