#include "lang/fmt_int.h"

void gw_fmt_string(struct gw_bytes bytes, struct gw_buf *ret)
{
    gw_buf_put_u8(ret, '"');
    for (size_t i = 0; i < bytes.len; i++) {
        uint8_t c = bytes.data[i];
        if (c == '"' || c == '\\') {
            gw_buf_printf(ret, "\\%c", c);
        } else if (c == '\n') {
            gw_buf_put_str(ret, "\\n");
        } else if (c == '\t') {
            gw_buf_put_str(ret, "\\t");
        } else if (c == '\r') {
            gw_buf_put_str(ret, "\\r");
        } else if (c == 0) {
            gw_buf_put_str(ret, "\\0");
        } else if (c < 0x20 || c == 0x7f) {
            gw_buf_printf(ret, "\\u{%x}", c);
        } else {
            gw_buf_put_u8(ret, c);
        }
    }
    gw_buf_put_u8(ret, '"');
}

void gw_fmt_outside_name(const struct gw_name *name, struct gw_buf *ret)
{
    if (name->is_quoted) {
        gw_fmt_string(gw_text_bytes(name->text), ret);
    } else {
        gw_buf_put_text(ret, name->text);
    }
}

void gw_fmt_type(const struct gw_type_expr *type,
                 struct gw_buf *ret) /* NOLINT(misc-no-recursion): TYPE_DEPTH */
{
    bool is_tuple = type->form == GW_TYPE_FORM_TUPLE;
    if (!is_tuple)
        gw_buf_put_text(ret, type->name);
    if (type->form == GW_TYPE_FORM_KIND && type->has_args) {
        if (type->kind == GW_TYPE_TIME) {
            gw_buf_printf(ret, "<%s>", gw_time_unit_name(type->unit));
        } else if (type->kind == GW_TYPE_DEC) {
            gw_buf_printf(ret, "<%llu,%llu>", (unsigned long long)type->args[0],
                          (unsigned long long)type->args[1]);
        } else {
            gw_buf_printf(ret, "<%llu>", (unsigned long long)type->args[0]);
        }
    }
    if (type->item_count == 0)
        return;
    gw_buf_put_str(ret, is_tuple ? "(" : "<");
    for (uint32_t i = 0; i < type->item_count; i++) {
        gw_buf_put_str(ret, i ? ", " : "");
        gw_fmt_type(type->items[i], ret);
    }
    if (type->form == GW_TYPE_FORM_LIST)
        gw_buf_printf(ret, ",%llu", (unsigned long long)type->args[0]);
    gw_buf_put_str(ret, is_tuple ? ")" : ">");
}

static void items(const struct gw_expr *expr, const char *open, const char *close,
                  struct gw_buf *ret) /* NOLINT(misc-no-recursion): EXPR_DEPTH */
{
    gw_buf_put_str(ret, open);
    for (uint32_t i = 0; i < expr->item_count; i++) {
        gw_buf_put_str(ret, i ? ", " : "");
        gw_fmt_expr(expr->items[i], ret);
    }
    gw_buf_put_str(ret, close);
}

void gw_fmt_inits(const struct gw_init *inits, uint32_t count,
                  struct gw_buf *ret) /* NOLINT(misc-no-recursion) */
{
    gw_buf_put_str(ret, count ? "{ " : "{ }");
    for (uint32_t i = 0; i < count; i++) {
        gw_buf_put_str(ret, i ? ", " : "");
        gw_buf_put_text(ret, inits[i].name.text);
        if (inits[i].is_short)
            continue;
        gw_buf_put_str(ret, ": ");
        gw_fmt_expr(inits[i].value, ret);
    }
    gw_buf_put_str(ret, count ? " }" : "");
}

static void literal(const struct gw_expr *expr, struct gw_buf *ret)
{
    if (expr->kind == GW_EXPR_STRING) {
        gw_fmt_string(expr->bytes, ret);
        return;
    }
    if (expr->number < 0 && !expr->is_big)
        gw_buf_put_u8(ret, '-');
    gw_buf_put_text(ret, expr->source);
}

static void bare(const struct gw_expr *expr,
                 struct gw_buf *ret) /* NOLINT(misc-no-recursion): EXPR_DEPTH */
{
    if (expr->object != NULL)
        gw_fmt_expr(expr->object, ret);
    switch (expr->kind) {
    case GW_EXPR_NAME:
        gw_buf_put_text(ret, expr->name.text);
        return;
    case GW_EXPR_TUPLE:
        items(expr, "(", ")", ret);
        return;
    case GW_EXPR_LIST:
        gw_buf_put_str(ret, "[]");
        return;
    case GW_EXPR_NONE:
        gw_buf_put_str(ret, "none");
        return;
    case GW_EXPR_SOME:
        items(expr, "some(", ")", ret);
        return;
    case GW_EXPR_CALL:
        gw_buf_put_text(ret, expr->name.text);
        items(expr, "(", ")", ret);
        return;
    case GW_EXPR_CONVERT:
        gw_fmt_type(expr->convert, ret);
        items(expr, "(", ")", ret);
        return;
    case GW_EXPR_METHOD:
    case GW_EXPR_FIELD:
        gw_buf_put_str(ret, ".");
        gw_buf_put_text(ret, expr->name.text);
        if (expr->kind == GW_EXPR_METHOD)
            items(expr, "(", ")", ret);
        return;
    case GW_EXPR_CREATE:
        gw_buf_put_str(ret, ".create ");
        gw_fmt_inits(expr->inits, expr->init_count, ret);
        return;
    case GW_EXPR_ITEM:
        gw_buf_put_str(ret, ".");
        gw_buf_put_text(ret, expr->source);
        return;
    case GW_EXPR_INDEX:
        items(expr, "[", "]", ret);
        return;
    case GW_EXPR_UNWRAP:
        gw_buf_put_str(ret, "!");
        return;
    case GW_EXPR_UNARY:
        gw_buf_put_str(ret, expr->op == GW_AST_OP_NOT ? "not " : "-");
        gw_fmt_expr(expr->items[0], ret);
        return;
    case GW_EXPR_BINARY:
        gw_fmt_expr(expr->items[0], ret);
        gw_buf_printf(ret, " %s ", gw_ast_op_text(expr->op));
        gw_fmt_expr(expr->items[1], ret);
        return;
    default: /* literals */
        literal(expr, ret);
        return;
    }
}

void gw_fmt_expr(const struct gw_expr *expr,
                 struct gw_buf *ret) /* NOLINT(misc-no-recursion): EXPR_DEPTH */
{
    /* parentheses are kept as written, so the tree needs none of its own */
    gw_buf_put_str(ret, expr->has_parens ? "(" : "");
    bare(expr, ret);
    gw_buf_put_str(ret, expr->has_parens ? ")" : "");
}
