#include "lang/fmt.h"

enum { INDENT = 2 };

struct fmt {
    const struct gw_ast *ast;
    struct gw_buf *ret;
    uint32_t indent;
    uint32_t comment;  /* the next one, not yet written */
    uint32_t last_end; /* in the source: of what was written last; 0 at the beginning of a block */
    bool is_plain;     /* no comments, no blank lines: the dump */
};

static struct gw_text source(const struct fmt *fmt)
{
    return fmt->ast->source->files[0].text;
}

static uint32_t newlines(const struct fmt *fmt, uint32_t from, uint32_t to)
{
    uint32_t count = 0;
    struct gw_text text = source(fmt);
    for (uint32_t i = from; i < to && i < text.len && count < 2; i++)
        count += text.data[i] == '\n';
    return count;
}

static void put(struct fmt *fmt, const char *text)
{
    gw_buf_put_str(fmt->ret, text);
}

static void name(struct fmt *fmt, const struct gw_name *of)
{
    gw_buf_put_text(fmt->ret, of->text);
}

static void begin_line(struct fmt *fmt, uint32_t at)
{
    if (fmt->last_end > 0 && !fmt->is_plain && newlines(fmt, fmt->last_end, at) > 1)
        put(fmt, "\n");
    for (uint32_t i = 0; i < fmt->indent * INDENT; i++)
        gw_buf_put_u8(fmt->ret, ' ');
}

static struct gw_text comment_text(const struct fmt *fmt, const struct gw_comment *comment)
{
    struct gw_text text = {source(fmt).data + comment->span.begin,
                           comment->span.end - comment->span.begin};
    while (text.len > 0 && (text.data[text.len - 1] == ' ' || text.data[text.len - 1] == '\t' ||
                            text.data[text.len - 1] == '\r'))
        text.len--;
    return text;
}

/** Comments that stand before `at`, each on a line of its own. */
static void comments_before(struct fmt *fmt, uint32_t at)
{
    while (!fmt->is_plain && fmt->comment < fmt->ast->comment_count &&
           fmt->ast->comments[fmt->comment].span.begin < at) {
        const struct gw_comment *comment = &fmt->ast->comments[fmt->comment++];
        begin_line(fmt, comment->span.begin);
        gw_buf_put_text(fmt->ret, comment_text(fmt, comment));
        put(fmt, "\n");
        fmt->last_end = comment->span.end;
    }
}

static void begin(struct fmt *fmt, struct gw_span span)
{
    comments_before(fmt, span.begin);
    begin_line(fmt, span.begin);
}

/** Ends a line; a comment that stands on the line of `end` stays there. */
static void end(struct fmt *fmt, uint32_t at)
{
    if (!fmt->is_plain && fmt->comment < fmt->ast->comment_count) {
        const struct gw_comment *comment = &fmt->ast->comments[fmt->comment];
        bool follows = comment->span.begin >= at;
        for (uint32_t i = at; follows && i < comment->span.begin; i++)
            follows = source(fmt).data[i] == ' ' || source(fmt).data[i] == '\t';
        if (follows) {
            put(fmt, " ");
            gw_buf_put_text(fmt->ret, comment_text(fmt, comment));
            fmt->comment++;
        }
    }
    put(fmt, "\n");
    fmt->last_end = at;
}

/* ---- blocks ---- */

static void statement(struct fmt *fmt, const struct gw_stmt *stmt);

static void open(struct fmt *fmt, struct gw_span brace)
{
    put(fmt, "{");
    end(fmt, brace.begin + 1);
    fmt->last_end = 0;
    fmt->indent++;
}

static void close(struct fmt *fmt, uint32_t at)
{
    comments_before(fmt, at > 0 ? at - 1 : 0);
    fmt->indent--;
    fmt->last_end = 0;
    begin_line(fmt, at);
    put(fmt, "}");
}

static void block(struct fmt *fmt,
                  const struct gw_block *of) /* NOLINT(misc-no-recursion): BLOCK_DEPTH */
{
    open(fmt, of->span);
    for (uint32_t i = 0; i < of->count; i++)
        statement(fmt, of->items[i]);
    close(fmt, of->span.end);
}

static void place(struct fmt *fmt, const struct gw_place_expr *of)
{
    name(fmt, &of->store);
    put(fmt, of->is_pattern ? " " : ".");
    gw_fmt_outside_name(&of->place, fmt->ret);
    if (of->label.text.data != NULL) {
        put(fmt, "(");
        name(fmt, &of->label);
        put(fmt, ")");
    }
}

/* ---- statements ---- */

static void expr(struct fmt *fmt, const char *before, const struct gw_expr *of)
{
    put(fmt, before);
    if (of != NULL)
        gw_fmt_expr(of, fmt->ret);
}

static void if_head(struct fmt *fmt,
                    const struct gw_stmt *stmt) /* NOLINT(misc-no-recursion): BLOCK_DEPTH */
{
    expr(fmt, "if ", stmt->value);
    put(fmt, " ");
    block(fmt, &stmt->body);
    if (!stmt->has_other_body)
        return;
    put(fmt, " else ");
    if (stmt->other_body.has_braces) {
        block(fmt, &stmt->other_body);
    } else {
        if_head(fmt, stmt->other_body.items[0]);
    }
}

static void arm(struct fmt *fmt,
                const struct gw_arm *of) /* NOLINT(misc-no-recursion): BLOCK_DEPTH */
{
    static const char *const words[] = {"_", "", "", "some", "none", "ok", "fail", "abort"};
    begin(fmt, of->span);
    put(fmt, words[of->pattern]);
    if (of->pattern == GW_PATTERN_LITERAL)
        gw_fmt_expr(of->literal, fmt->ret);
    if (of->pattern == GW_PATTERN_NAME)
        name(fmt, &of->name);
    if (of->bind.text.data != NULL) {
        put(fmt, "(");
        name(fmt, &of->bind);
        put(fmt, ")");
    }
    put(fmt, " => ");
    struct gw_block body =
        of->body; /* a lone statement gets braces: lines stay one statement long */
    if (!body.has_braces && body.span.begin > 0)
        body.span.begin = of->span.end;
    block(fmt, &body);
    end(fmt, of->body.span.end);
}

static void match(struct fmt *fmt,
                  const struct gw_stmt *stmt) /* NOLINT(misc-no-recursion): BLOCK_DEPTH */
{
    expr(fmt, stmt->is_call ? "match call " : "match ", stmt->value);
    put(fmt, " ");
    put(fmt, "{");
    put(fmt, "\n");
    fmt->last_end = 0;
    fmt->indent++;
    for (uint32_t i = 0; i < stmt->arm_count; i++)
        arm(fmt, &stmt->arms[i]);
    close(fmt, stmt->span.end);
}

static void for_head(struct fmt *fmt, const struct gw_stmt *stmt)
{
    put(fmt, "for ");
    name(fmt, &stmt->name);
    put(fmt, " in ");
    switch (stmt->kind) {
    case GW_STMT_FOR_RANGE:
        gw_fmt_expr(stmt->low, fmt->ret);
        expr(fmt, "..", stmt->high);
        break;
    case GW_STMT_FOR_PREFIX:
        gw_fmt_expr(stmt->value, fmt->ret);
        gw_buf_printf(fmt->ret, " limit %llu%s", (unsigned long long)stmt->limit,
                      stmt->is_reverse ? " reverse" : "");
        break;
    case GW_STMT_FOR_SCAN:
        put(fmt, "scan ");
        place(fmt, &stmt->place);
        for (uint32_t i = 0; i < stmt->by_count; i++) {
            put(fmt, i ? ", " : " by ");
            gw_fmt_outside_name(&stmt->by[i], fmt->ret);
        }
        gw_buf_printf(fmt->ret, " pages of %llu", (unsigned long long)stmt->limit);
        break;
    default: /* FOR_LIST */
        gw_fmt_expr(stmt->value, fmt->ret);
        break;
    }
    put(fmt, " ");
}

static void await(struct fmt *fmt,
                  const struct gw_stmt *stmt) /* NOLINT(misc-no-recursion): BLOCK_DEPTH */
{
    static const char *const words[] = {"pushed(", "audited(", "drained(", ""};
    put(fmt, "await ");
    put(fmt, words[stmt->await]);
    if (stmt->subject != NULL)
        gw_fmt_expr(stmt->subject, fmt->ret);
    if (stmt->await != GW_AWAIT_TRUE) {
        put(fmt, stmt->subject ? ", " : "");
        name(fmt, &stmt->await_of);
        put(fmt, ")");
    }
    if (!stmt->has_other_body)
        return;
    expr(fmt, " timeout ", stmt->timeout);
    put(fmt, " else ");
    block(fmt, &stmt->other_body);
}

static void phase(struct fmt *fmt, const struct gw_stmt *stmt)
{
    for (uint32_t i = 0; i < stmt->phase_count; i++) {
        put(fmt, i ? ", " : "phase ");
        name(fmt, &stmt->phases[i].entity);
        put(fmt, i ? " " : ": ");
        name(fmt, &stmt->phases[i].phase);
    }
}

static void call(struct fmt *fmt, const struct gw_stmt *stmt)
{
    if (stmt->name.text.data != NULL) {
        name(fmt, &stmt->name);
        put(fmt, stmt->is_define ? " := " : " = ");
    }
    expr(fmt, "call ", stmt->value);
}

static void words(struct fmt *fmt,
                  const struct gw_stmt *stmt) /* NOLINT(misc-no-recursion): BLOCK_DEPTH */
{
    switch (stmt->kind) {
    case GW_STMT_LET:
        name(fmt, &stmt->name);
        expr(fmt, " := ", stmt->value);
        if (stmt->other != NULL)
            expr(fmt, " else fail ", stmt->other);
        return;
    case GW_STMT_ASSIGN:
        gw_fmt_expr(stmt->target, fmt->ret);
        expr(fmt,
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
        block(fmt, &stmt->body);
        return;
    case GW_STMT_WHILE:
        expr(fmt, "while ", stmt->value);
        put(fmt, " ");
        block(fmt, &stmt->body);
        return;
    case GW_STMT_REQUIRE:
        expr(fmt, "require ", stmt->value);
        expr(fmt, " else fail ", stmt->other);
        return;
    case GW_STMT_FAIL:
        expr(fmt, "fail ", stmt->other);
        return;
    case GW_STMT_RETURN:
        expr(fmt, stmt->value ? "return " : "return", stmt->value);
        return;
    case GW_STMT_DELETE:
        expr(fmt, "delete ", stmt->value);
        return;
    case GW_STMT_EMIT:
        put(fmt, "emit ");
        name(fmt, &stmt->name);
        put(fmt, " ");
        gw_fmt_inits(stmt->inits, stmt->init_count, fmt->ret);
        return;
    case GW_STMT_EXPR:
        gw_fmt_expr(stmt->value, fmt->ret);
        return;
    case GW_STMT_YIELD:
        put(fmt, "yield");
        return;
    case GW_STMT_SLEEP:
        expr(fmt, "sleep ", stmt->value);
        return;
    case GW_STMT_ONBOARD:
        expr(fmt, "onboard ", stmt->value);
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
        expr(fmt, "alert ", stmt->value);
        return;
    case GW_STMT_RETRY:
        put(fmt, "retry");
        return;
    case GW_STMT_TAKE:
        expr(fmt, "take ", stmt->value);
        return;
    case GW_STMT_REJECT:
        expr(fmt, "reject ", stmt->value);
        return;
    }
}

static void statement(struct fmt *fmt,
                      const struct gw_stmt *stmt) /* NOLINT(misc-no-recursion): BLOCK_DEPTH */
{
    begin(fmt, stmt->span);
    words(fmt, stmt);
    end(fmt, stmt->span.end);
}

/* ---- entities ---- */

static void field(struct fmt *fmt, const struct gw_ast_field *of)
{
    name(fmt, &of->name);
    put(fmt, ": ");
    gw_fmt_type(of->type, fmt->ret);
    if (of->initial != NULL)
        expr(fmt, " = ", of->initial);
}

static void side(struct fmt *fmt, const struct gw_name *names, uint32_t count, bool is_tuple,
                 bool is_outside)
{
    put(fmt, is_tuple ? "(" : "");
    for (uint32_t i = 0; i < count; i++) {
        put(fmt, i ? ", " : "");
        if (is_outside) {
            gw_fmt_outside_name(&names[i], fmt->ret);
        } else {
            name(fmt, &names[i]);
        }
    }
    put(fmt, is_tuple ? ")" : "");
}

static void map(struct fmt *fmt, const struct gw_ast_map *of)
{
    begin(fmt, of->span);
    side(fmt, of->fields, of->field_count, of->fields_tuple, false);
    put(fmt, of->is_via ? " <-> " : " -> ");
    side(fmt, of->columns, of->column_count, of->columns_tuple, true);
    if (of->is_via) {
        put(fmt, " via ");
        name(fmt, &of->forward);
        put(fmt, ", ");
        name(fmt, &of->inverse);
    }
    end(fmt, of->span.end);
}

static void home(struct fmt *fmt, const struct gw_ast_home *of)
{
    begin(fmt, of->span);
    put(fmt, "home ");
    place(fmt, &of->place);
    if (of->is_star) {
        put(fmt, " { * }");
    } else {
        put(fmt, " ");
        put(fmt, "{\n");
        fmt->last_end = 0;
        fmt->indent++;
        for (uint32_t i = 0; i < of->written_map_count; i++)
            map(fmt, &of->maps[i]);
        fmt->indent--;
        fmt->last_end = 0;
        begin_line(fmt, of->span.begin);
        put(fmt, "}");
    }
    if (of->where != NULL)
        expr(fmt, " where ", of->where);
    if (of->has_versions) {
        put(fmt, " ver ");
        name(fmt, &of->versions_name);
    }
    put(fmt, " role ");
    name(fmt, &of->role_name);
    end(fmt, of->span.end);
}

static void onboard(struct fmt *fmt, const struct gw_ast_onboard *of)
{
    if (of->kind == GW_ONBOARD_NONE)
        return;
    begin(fmt, of->span);
    put(fmt, "onboard ");
    for (uint32_t i = 0; i < of->prefer_count; i++) {
        put(fmt, i ? ", " : "prefer ");
        name(fmt, &of->prefer[i]);
    }
    for (uint32_t i = 0; i < of->copy_count; i++) {
        put(fmt, i ? ", " : "(");
        name(fmt, &of->copies[i].name);
        put(fmt, ": ");
        name(fmt, &of->copies[i].of);
        put(fmt, "?");
    }
    if (of->kind == GW_ONBOARD_RULE) {
        put(fmt, ") ");
        block(fmt, &of->body);
    }
    end(fmt, of->span.end);
}

static void fields(struct fmt *fmt, const struct gw_ast_field *of, uint32_t from, uint32_t count)
{
    for (uint32_t i = from; i < count; i++) {
        begin(fmt, of[i].span);
        field(fmt, &of[i]);
        end(fmt, of[i].span.end);
    }
}

static void open_decl(struct fmt *fmt)
{
    put(fmt, " {\n");
    fmt->last_end = 0;
    fmt->indent++;
}

static void entity(struct fmt *fmt, const struct gw_decl *decl)
{
    const struct gw_ast_entity *of = &decl->as.entity;
    gw_buf_printf(fmt->ret, " v%u", of->version);
    open_decl(fmt);
    comments_before(fmt, of->fields[0].span.begin);
    begin_line(fmt, of->fields[0].span.begin);
    for (uint32_t i = 0; i < of->key_count; i++) {
        put(fmt, i ? ", " : "key ");
        field(fmt, &of->fields[i]);
    }
    end(fmt, of->fields[of->key_count - 1].span.end);
    fields(fmt, of->fields, of->key_count, of->field_count);
    /* homes and the rule in the order of the grammar: homes first */
    for (uint32_t i = 0; i < of->home_count; i++)
        home(fmt, &of->homes[i]);
    onboard(fmt, &of->onboard);
    close(fmt, decl->span.end);
}

static void table(struct fmt *fmt, const struct gw_decl *decl)
{
    const struct gw_ast_table *of = &decl->as.table;
    put(fmt, of->key_count == of->field_count ? " { key (" : " {\n");
    bool is_short = of->key_count == of->field_count;
    if (!is_short) {
        fmt->last_end = 0;
        fmt->indent++;
        begin(fmt, of->fields[0].span);
        put(fmt, "key (");
    }
    for (uint32_t i = 0; i < of->key_count; i++) {
        put(fmt, i ? ", " : "");
        field(fmt, &of->fields[i]);
    }
    put(fmt, ")");
    if (is_short) {
        put(fmt, " }");
        return;
    }
    end(fmt, of->fields[of->key_count - 1].span.end);
    fields(fmt, of->fields, of->key_count, of->field_count);
    close(fmt, decl->span.end);
}

/* ---- other declarations ---- */

static void store(struct fmt *fmt, const struct gw_ast_store *of)
{
    put(fmt, ": ");
    name(fmt, &of->kind_name);
    expr(fmt, " ", of->url);
    if (!of->has_options)
        return;
    put(fmt, " {");
    for (uint32_t i = 0; i < of->option_count; i++) {
        put(fmt, i ? ", " : " ");
        name(fmt, &of->options[i].name);
        expr(fmt, " ", of->options[i].value);
    }
    put(fmt, " }");
}

static void enumeration(struct fmt *fmt, const struct gw_ast_enum *of)
{
    put(fmt, ": ");
    gw_fmt_type(of->base, fmt->ret);
    put(fmt, " {");
    for (uint32_t i = 0; i < of->member_count; i++) {
        put(fmt, " ");
        name(fmt, &of->members[i].name);
        if (of->members[i].has_number)
            expr(fmt, " = ", of->members[i].number);
        put(fmt, i + 1 < of->member_count ? "," : "");
    }
    put(fmt, " }");
}

static void index_decl(struct fmt *fmt, const struct gw_ast_index *of)
{
    put(fmt, " on ");
    name(fmt, &of->on);
    side(fmt, of->fields, of->field_count, true, false);
    put(fmt, of->is_unique ? " unique" : "");
}

static void counter(struct fmt *fmt, const struct gw_ast_counter *of)
{
    if (of->key != NULL) {
        put(fmt, "[");
        gw_fmt_type(of->key, fmt->ret);
        put(fmt, "]");
    }
    put(fmt, ": ");
    gw_fmt_type(of->type, fmt->ret);
    put(fmt, of->is_sum ? " = sum(" : " = count(");
    name(fmt, &of->of);
    if (of->is_sum) {
        put(fmt, ".");
        name(fmt, &of->field);
    }
    put(fmt, ")");
    if (of->by.text.data != NULL) {
        put(fmt, " by ");
        name(fmt, &of->by);
    }
    if (of->where != NULL)
        expr(fmt, " where ", of->where);
}

static void function(struct fmt *fmt, const struct gw_ast_function *of)
{
    put(fmt, "(");
    for (uint32_t i = 0; i < of->param_count; i++) {
        put(fmt, i ? ", " : "");
        field(fmt, &of->params[i]);
    }
    put(fmt, ")");
    for (uint32_t i = 0; i < of->result_count; i++) {
        put(fmt, i ? " | " : " -> ");
        gw_fmt_type(of->results[i], fmt->ret);
    }
    put(fmt, of->is_atomic_push ? " atomic_push" : "");
    if (of->has_priority)
        put(fmt, of->is_normal ? " priority normal" : " priority low");
    if (of->has_slice)
        gw_buf_printf(fmt->ret, " slice %lluu", (unsigned long long)of->slice_units);
    if (of->follows.text.data != NULL) {
        put(fmt, " follows ");
        name(fmt, &of->follows);
    }
    put(fmt, " ");
    block(fmt, &of->body);
}

static void migrate(struct fmt *fmt, const struct gw_decl *decl)
{
    const struct gw_ast_migrate *of = &decl->as.migrate;
    gw_buf_printf(fmt->ret, " v%u -> v%u", of->from, of->to);
    open_decl(fmt);
    begin(fmt, of->forward.span);
    put(fmt, "forward ");
    block(fmt, &of->forward);
    end(fmt, of->forward.span.end);
    begin(fmt, of->inverse.span);
    put(fmt, "inverse ");
    block(fmt, &of->inverse);
    end(fmt, of->inverse.span.end);
    close(fmt, decl->span.end);
}

static void declaration(struct fmt *fmt, const struct gw_decl *decl)
{
    begin(fmt, decl->span);
    put(fmt, gw_decl_kind_text(decl->kind));
    put(fmt, " ");
    if (decl->kind == GW_DECL_INCLUDE) {
        gw_fmt_string(gw_text_bytes(decl->as.include), fmt->ret);
    } else {
        name(fmt, &decl->name);
    }
    switch (decl->kind) {
    case GW_DECL_INCLUDE:
        break;
    case GW_DECL_STORE:
        store(fmt, &decl->as.store);
        break;
    case GW_DECL_ENUM:
        enumeration(fmt, &decl->as.enumeration);
        break;
    case GW_DECL_ENTITY:
        entity(fmt, decl);
        break;
    case GW_DECL_TABLE:
        table(fmt, decl);
        break;
    case GW_DECL_INDEX:
        index_decl(fmt, &decl->as.index);
        break;
    case GW_DECL_COUNTER:
        counter(fmt, &decl->as.counter);
        break;
    case GW_DECL_CONST:
        put(fmt, ": ");
        gw_fmt_type(decl->as.constant.type, fmt->ret);
        expr(fmt, " = ", decl->as.constant.value);
        break;
    case GW_DECL_FN:
    case GW_DECL_TXN:
    case GW_DECL_VIEW:
    case GW_DECL_DAEMON:
        function(fmt, &decl->as.function);
        break;
    case GW_DECL_MIGRATE:
        migrate(fmt, decl);
        break;
    }
    end(fmt, decl->span.end);
}

static void program(struct fmt *fmt)
{
    if (fmt->ast->has_header) {
        begin(fmt, fmt->ast->header);
        gw_buf_printf(fmt->ret, "program %.*s version %llu", GW_TEXT_ARG(fmt->ast->name.text),
                      (unsigned long long)fmt->ast->version);
        end(fmt, fmt->ast->header.end);
    }
    for (uint32_t i = 0; i < fmt->ast->decl_count; i++)
        declaration(fmt, fmt->ast->decls[i]);
    comments_before(fmt, UINT32_MAX);
}

void gw_lang_format(const struct gw_ast *ast, struct gw_buf *ret)
{
    struct fmt fmt = {.ast = ast, .ret = ret};
    program(&fmt);
}

void gw_lang_dump(const struct gw_ast *ast, struct gw_buf *ret)
{
    struct fmt fmt = {.ast = ast, .ret = ret, .is_plain = true};
    program(&fmt);
}
