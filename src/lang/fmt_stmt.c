/** Statements as they are written. */
#include "lang/fmt_int.h"

static void statement(struct gw_fmt *fmt, const struct gw_stmt *stmt);

void gw_fmt_block(struct gw_fmt *fmt,
                  const struct gw_block *of) /* NOLINT(misc-no-recursion): BLOCK_DEPTH */
{
    gw_fmt_open(fmt, of->span);
    for (uint32_t i = 0; i < of->count; i++)
        statement(fmt, of->items[i]);
    gw_fmt_close(fmt, of->span.end);
}

void gw_fmt_place(struct gw_fmt *fmt, const struct gw_place_expr *of)
{
    gw_fmt_name(fmt, &of->store);
    gw_fmt_put(fmt, of->is_pattern ? " " : ".");
    gw_fmt_outside_name(&of->place, fmt->ret);
    if (of->label.text.data != NULL) {
        gw_fmt_put(fmt, "(");
        gw_fmt_name(fmt, &of->label);
        gw_fmt_put(fmt, ")");
    }
}

void gw_fmt_lead(struct gw_fmt *fmt, const char *before, const struct gw_expr *of)
{
    gw_fmt_put(fmt, before);
    if (of != NULL)
        gw_fmt_expr(of, fmt->ret);
}

static void if_head(struct gw_fmt *fmt,
                    const struct gw_stmt *stmt) /* NOLINT(misc-no-recursion): BLOCK_DEPTH */
{
    gw_fmt_lead(fmt, "if ", stmt->value);
    gw_fmt_put(fmt, " ");
    gw_fmt_block(fmt, &stmt->body);
    if (!stmt->has_other_body)
        return;
    gw_fmt_put(fmt, " else ");
    if (stmt->other_body.has_braces) {
        gw_fmt_block(fmt, &stmt->other_body);
    } else {
        if_head(fmt, stmt->other_body.items[0]);
    }
}

static void arm(struct gw_fmt *fmt,
                const struct gw_arm *of) /* NOLINT(misc-no-recursion): BLOCK_DEPTH */
{
    static const char *const words[] = {"_", "", "", "some", "none", "ok", "fail", "abort"};
    gw_fmt_begin(fmt, of->span);
    gw_fmt_put(fmt, words[of->pattern]);
    if (of->pattern == GW_PATTERN_LITERAL)
        gw_fmt_expr(of->literal, fmt->ret);
    if (of->pattern == GW_PATTERN_NAME)
        gw_fmt_name(fmt, &of->name);
    if (of->bind.text.data != NULL) {
        gw_fmt_put(fmt, "(");
        gw_fmt_name(fmt, &of->bind);
        gw_fmt_put(fmt, ")");
    }
    gw_fmt_put(fmt, " => ");
    struct gw_block body =
        of->body; /* a lone statement gets braces: lines stay one statement long */
    if (!body.has_braces && body.span.begin > 0)
        body.span.begin = of->span.end;
    gw_fmt_block(fmt, &body);
    gw_fmt_end(fmt, of->body.span.end);
}

static void match(struct gw_fmt *fmt,
                  const struct gw_stmt *stmt) /* NOLINT(misc-no-recursion): BLOCK_DEPTH */
{
    gw_fmt_lead(fmt, stmt->is_call ? "match call " : "match ", stmt->value);
    gw_fmt_put(fmt, " ");
    gw_fmt_put(fmt, "{");
    gw_fmt_put(fmt, "\n");
    fmt->last_end = 0;
    fmt->indent++;
    for (uint32_t i = 0; i < stmt->arm_count; i++)
        arm(fmt, &stmt->arms[i]);
    gw_fmt_close(fmt, stmt->span.end);
}

static void for_head(struct gw_fmt *fmt, const struct gw_stmt *stmt)
{
    gw_fmt_put(fmt, "for ");
    gw_fmt_name(fmt, &stmt->name);
    gw_fmt_put(fmt, " in ");
    switch (stmt->kind) {
    case GW_STMT_FOR_RANGE:
        gw_fmt_expr(stmt->low, fmt->ret);
        gw_fmt_lead(fmt, "..", stmt->high);
        break;
    case GW_STMT_FOR_PREFIX:
        gw_fmt_expr(stmt->value, fmt->ret);
        gw_buf_printf(fmt->ret, " limit %llu%s", (unsigned long long)stmt->limit,
                      stmt->is_reverse ? " reverse" : "");
        break;
    case GW_STMT_FOR_SCAN:
        gw_fmt_put(fmt, "scan ");
        gw_fmt_place(fmt, &stmt->place);
        for (uint32_t i = 0; i < stmt->by_count; i++) {
            gw_fmt_put(fmt, i ? ", " : " by ");
            gw_fmt_outside_name(&stmt->by[i], fmt->ret);
        }
        gw_buf_printf(fmt->ret, " pages of %llu", (unsigned long long)stmt->limit);
        break;
    default: /* FOR_LIST */
        gw_fmt_expr(stmt->value, fmt->ret);
        break;
    }
    gw_fmt_put(fmt, " ");
}

static void await(struct gw_fmt *fmt,
                  const struct gw_stmt *stmt) /* NOLINT(misc-no-recursion): BLOCK_DEPTH */
{
    static const char *const words[] = {"pushed(", "audited(", "drained(", ""};
    gw_fmt_put(fmt, "await ");
    gw_fmt_put(fmt, words[stmt->await]);
    if (stmt->subject != NULL)
        gw_fmt_expr(stmt->subject, fmt->ret);
    if (stmt->await != GW_AWAIT_TRUE) {
        gw_fmt_put(fmt, stmt->subject ? ", " : "");
        gw_fmt_name(fmt, &stmt->await_of);
        gw_fmt_put(fmt, ")");
    }
    if (!stmt->has_other_body)
        return;
    gw_fmt_lead(fmt, " timeout ", stmt->timeout);
    gw_fmt_put(fmt, " else ");
    gw_fmt_block(fmt, &stmt->other_body);
}

static void phase(struct gw_fmt *fmt, const struct gw_stmt *stmt)
{
    for (uint32_t i = 0; i < stmt->phase_count; i++) {
        gw_fmt_put(fmt, i ? ", " : "phase ");
        gw_fmt_name(fmt, &stmt->phases[i].entity);
        gw_fmt_put(fmt, i ? " " : ": ");
        gw_fmt_name(fmt, &stmt->phases[i].phase);
    }
}

static void call(struct gw_fmt *fmt, const struct gw_stmt *stmt)
{
    if (stmt->name.text.data != NULL) {
        gw_fmt_name(fmt, &stmt->name);
        gw_fmt_put(fmt, stmt->is_define ? " := " : " = ");
    }
    gw_fmt_lead(fmt, "call ", stmt->value);
}

static void words(struct gw_fmt *fmt,
                  const struct gw_stmt *stmt) /* NOLINT(misc-no-recursion): BLOCK_DEPTH */
{
    switch (stmt->kind) {
    case GW_STMT_LET:
        gw_fmt_name(fmt, &stmt->name);
        gw_fmt_lead(fmt, " := ", stmt->value);
        if (stmt->other != NULL)
            gw_fmt_lead(fmt, " else fail ", stmt->other);
        return;
    case GW_STMT_ASSIGN:
        gw_fmt_expr(stmt->target, fmt->ret);
        gw_fmt_lead(fmt,
                    stmt->op == GW_AST_OP_EQ    ? " = "
                    : stmt->op == GW_AST_OP_ADD ? " += "
                                                : " -= ",
                    stmt->value);
        return;
    case GW_STMT_IF:
        if_head(fmt, stmt);
        return;
    case GW_STMT_MATCH:
        match(fmt, stmt);
        return;
    case GW_STMT_FOR_RANGE:
    case GW_STMT_FOR_LIST:
    case GW_STMT_FOR_PREFIX:
    case GW_STMT_FOR_SCAN:
        for_head(fmt, stmt);
        gw_fmt_block(fmt, &stmt->body);
        return;
    case GW_STMT_WHILE:
        gw_fmt_lead(fmt, "while ", stmt->value);
        gw_fmt_put(fmt, " ");
        gw_fmt_block(fmt, &stmt->body);
        return;
    case GW_STMT_REQUIRE:
        gw_fmt_lead(fmt, "require ", stmt->value);
        gw_fmt_lead(fmt, " else fail ", stmt->other);
        return;
    case GW_STMT_FAIL:
        gw_fmt_lead(fmt, "fail ", stmt->other);
        return;
    case GW_STMT_RETURN:
        gw_fmt_lead(fmt, stmt->value ? "return " : "return", stmt->value);
        return;
    case GW_STMT_DELETE:
        gw_fmt_lead(fmt, "delete ", stmt->value);
        return;
    case GW_STMT_EMIT:
        gw_fmt_put(fmt, "emit ");
        gw_fmt_name(fmt, &stmt->name);
        gw_fmt_put(fmt, " ");
        gw_fmt_inits(stmt->inits, stmt->init_count, fmt->ret);
        return;
    case GW_STMT_EXPR:
        gw_fmt_expr(stmt->value, fmt->ret);
        return;
    case GW_STMT_YIELD:
        gw_fmt_put(fmt, "yield");
        return;
    case GW_STMT_SLEEP:
        gw_fmt_lead(fmt, "sleep ", stmt->value);
        return;
    case GW_STMT_ONBOARD:
        gw_fmt_lead(fmt, "onboard ", stmt->value);
        return;
    case GW_STMT_AWAIT:
        await(fmt, stmt);
        return;
    case GW_STMT_PHASE:
        phase(fmt, stmt);
        return;
    case GW_STMT_CALL:
        call(fmt, stmt);
        return;
    case GW_STMT_ALERT:
        gw_fmt_lead(fmt, "alert ", stmt->value);
        return;
    case GW_STMT_RETRY:
        gw_fmt_put(fmt, "retry");
        return;
    case GW_STMT_TAKE:
        gw_fmt_lead(fmt, "take ", stmt->value);
        return;
    case GW_STMT_REJECT:
        gw_fmt_lead(fmt, "reject ", stmt->value);
        return;
    }
}

static void statement(struct gw_fmt *fmt,
                      const struct gw_stmt *stmt) /* NOLINT(misc-no-recursion): BLOCK_DEPTH */
{
    gw_fmt_begin(fmt, stmt->span);
    words(fmt, stmt);
    gw_fmt_end(fmt, stmt->span.end);
}
