/** Declarations as they are written, and the whole program. */
#include "lang/fmt_int.h"

static void field(struct gw_fmt *fmt, const struct gw_ast_field *of)
{
    gw_fmt_name(fmt, &of->name);
    gw_fmt_put(fmt, ": ");
    gw_fmt_type(of->type, fmt->ret);
    if (of->initial != NULL)
        gw_fmt_lead(fmt, " = ", of->initial);
}

static void side(struct gw_fmt *fmt, const struct gw_name *names, uint32_t count, bool is_tuple,
                 bool is_outside)
{
    gw_fmt_put(fmt, is_tuple ? "(" : "");
    for (uint32_t i = 0; i < count; i++) {
        gw_fmt_put(fmt, i ? ", " : "");
        if (is_outside) {
            gw_fmt_outside_name(&names[i], fmt->ret);
        } else {
            gw_fmt_name(fmt, &names[i]);
        }
    }
    gw_fmt_put(fmt, is_tuple ? ")" : "");
}

static void map(struct gw_fmt *fmt, const struct gw_ast_map *of)
{
    gw_fmt_begin(fmt, of->span);
    side(fmt, of->fields, of->field_count, of->fields_tuple, false);
    gw_fmt_put(fmt, of->is_via ? " <-> " : " -> ");
    side(fmt, of->columns, of->column_count, of->columns_tuple, true);
    if (of->is_via) {
        gw_fmt_put(fmt, " via ");
        gw_fmt_name(fmt, &of->forward);
        gw_fmt_put(fmt, ", ");
        gw_fmt_name(fmt, &of->inverse);
    }
    gw_fmt_end(fmt, of->span.end);
}

static void home(struct gw_fmt *fmt, const struct gw_ast_home *of)
{
    gw_fmt_begin(fmt, of->span);
    gw_fmt_put(fmt, "home ");
    gw_fmt_place(fmt, &of->place);
    if (of->is_star) {
        gw_fmt_put(fmt, " { * }");
    } else {
        gw_fmt_put(fmt, " ");
        gw_fmt_put(fmt, "{\n");
        fmt->last_end = 0;
        fmt->indent++;
        for (uint32_t i = 0; i < of->written_map_count; i++)
            map(fmt, &of->maps[i]);
        fmt->indent--;
        fmt->last_end = 0;
        gw_fmt_begin_line(fmt, of->span.begin);
        gw_fmt_put(fmt, "}");
    }
    if (of->where != NULL)
        gw_fmt_lead(fmt, " where ", of->where);
    if (of->has_versions) {
        gw_fmt_put(fmt, " ver ");
        gw_fmt_name(fmt, &of->versions_name);
    }
    gw_fmt_put(fmt, " role ");
    gw_fmt_name(fmt, &of->role_name);
    gw_fmt_end(fmt, of->span.end);
}

static void onboard(struct gw_fmt *fmt, const struct gw_ast_onboard *of)
{
    if (of->kind == GW_ONBOARD_NONE)
        return;
    gw_fmt_begin(fmt, of->span);
    gw_fmt_put(fmt, "onboard ");
    for (uint32_t i = 0; i < of->prefer_count; i++) {
        gw_fmt_put(fmt, i ? ", " : "prefer ");
        gw_fmt_name(fmt, &of->prefer[i]);
    }
    for (uint32_t i = 0; i < of->copy_count; i++) {
        gw_fmt_put(fmt, i ? ", " : "(");
        gw_fmt_name(fmt, &of->copies[i].name);
        gw_fmt_put(fmt, ": ");
        gw_fmt_name(fmt, &of->copies[i].of);
        gw_fmt_put(fmt, "?");
    }
    if (of->kind == GW_ONBOARD_RULE) {
        gw_fmt_put(fmt, ") ");
        gw_fmt_block(fmt, &of->body);
    }
    gw_fmt_end(fmt, of->span.end);
}

static void fields(struct gw_fmt *fmt, const struct gw_ast_field *of, uint32_t from, uint32_t count)
{
    for (uint32_t i = from; i < count; i++) {
        gw_fmt_begin(fmt, of[i].span);
        field(fmt, &of[i]);
        gw_fmt_end(fmt, of[i].span.end);
    }
}

static void open_decl(struct gw_fmt *fmt)
{
    gw_fmt_put(fmt, " {\n");
    fmt->last_end = 0;
    fmt->indent++;
}

static void entity(struct gw_fmt *fmt, const struct gw_decl *decl)
{
    const struct gw_ast_entity *of = &decl->as.entity;
    gw_buf_printf(fmt->ret, " v%u", of->version);
    open_decl(fmt);
    gw_fmt_comments_before(fmt, of->fields[0].span.begin);
    gw_fmt_begin_line(fmt, of->fields[0].span.begin);
    for (uint32_t i = 0; i < of->key_count; i++) {
        gw_fmt_put(fmt, i ? ", " : "key ");
        field(fmt, &of->fields[i]);
    }
    gw_fmt_end(fmt, of->fields[of->key_count - 1].span.end);
    fields(fmt, of->fields, of->key_count, of->field_count);
    /* homes and the rule in the order of the grammar: homes first */
    for (uint32_t i = 0; i < of->home_count; i++)
        home(fmt, &of->homes[i]);
    onboard(fmt, &of->onboard);
    gw_fmt_close(fmt, decl->span.end);
}

static void table(struct gw_fmt *fmt, const struct gw_decl *decl)
{
    const struct gw_ast_table *of = &decl->as.table;
    gw_fmt_put(fmt, of->key_count == of->field_count ? " { key (" : " {\n");
    bool is_short = of->key_count == of->field_count;
    if (!is_short) {
        fmt->last_end = 0;
        fmt->indent++;
        gw_fmt_begin(fmt, of->fields[0].span);
        gw_fmt_put(fmt, "key (");
    }
    for (uint32_t i = 0; i < of->key_count; i++) {
        gw_fmt_put(fmt, i ? ", " : "");
        field(fmt, &of->fields[i]);
    }
    gw_fmt_put(fmt, ")");
    if (is_short) {
        gw_fmt_put(fmt, " }");
        return;
    }
    gw_fmt_end(fmt, of->fields[of->key_count - 1].span.end);
    fields(fmt, of->fields, of->key_count, of->field_count);
    gw_fmt_close(fmt, decl->span.end);
}

/* ---- other declarations ---- */

static void store(struct gw_fmt *fmt, const struct gw_ast_store *of)
{
    gw_fmt_put(fmt, ": ");
    gw_fmt_name(fmt, &of->kind_name);
    gw_fmt_lead(fmt, " ", of->url);
    if (!of->has_options)
        return;
    gw_fmt_put(fmt, " {");
    for (uint32_t i = 0; i < of->option_count; i++) {
        gw_fmt_put(fmt, i ? ", " : " ");
        gw_fmt_name(fmt, &of->options[i].name);
        gw_fmt_lead(fmt, " ", of->options[i].value);
    }
    gw_fmt_put(fmt, " }");
}

static void enumeration(struct gw_fmt *fmt, const struct gw_ast_enum *of)
{
    gw_fmt_put(fmt, ": ");
    gw_fmt_type(of->base, fmt->ret);
    gw_fmt_put(fmt, " {");
    for (uint32_t i = 0; i < of->member_count; i++) {
        gw_fmt_put(fmt, " ");
        gw_fmt_name(fmt, &of->members[i].name);
        if (of->members[i].has_number)
            gw_fmt_lead(fmt, " = ", of->members[i].number);
        gw_fmt_put(fmt, i + 1 < of->member_count ? "," : "");
    }
    gw_fmt_put(fmt, " }");
}

static void index_decl(struct gw_fmt *fmt, const struct gw_ast_index *of)
{
    gw_fmt_put(fmt, " on ");
    gw_fmt_name(fmt, &of->on);
    side(fmt, of->fields, of->field_count, true, false);
    gw_fmt_put(fmt, of->is_unique ? " unique" : "");
}

static void counter(struct gw_fmt *fmt, const struct gw_ast_counter *of)
{
    if (of->key != NULL) {
        gw_fmt_put(fmt, "[");
        gw_fmt_type(of->key, fmt->ret);
        gw_fmt_put(fmt, "]");
    }
    gw_fmt_put(fmt, ": ");
    gw_fmt_type(of->type, fmt->ret);
    gw_fmt_put(fmt, of->is_sum ? " = sum(" : " = count(");
    gw_fmt_name(fmt, &of->of);
    if (of->is_sum) {
        gw_fmt_put(fmt, ".");
        gw_fmt_name(fmt, &of->field);
    }
    gw_fmt_put(fmt, ")");
    if (of->by.text.data != NULL) {
        gw_fmt_put(fmt, " by ");
        gw_fmt_name(fmt, &of->by);
    }
    if (of->where != NULL)
        gw_fmt_lead(fmt, " where ", of->where);
}

static void function(struct gw_fmt *fmt, const struct gw_ast_function *of)
{
    gw_fmt_put(fmt, "(");
    for (uint32_t i = 0; i < of->param_count; i++) {
        gw_fmt_put(fmt, i ? ", " : "");
        field(fmt, &of->params[i]);
    }
    gw_fmt_put(fmt, ")");
    for (uint32_t i = 0; i < of->result_count; i++) {
        gw_fmt_put(fmt, i ? " | " : " -> ");
        gw_fmt_type(of->results[i], fmt->ret);
    }
    gw_fmt_put(fmt, of->is_atomic_push ? " atomic_push" : "");
    if (of->has_priority)
        gw_fmt_put(fmt, of->is_normal ? " priority normal" : " priority low");
    if (of->has_slice)
        gw_buf_printf(fmt->ret, " slice %lluu", (unsigned long long)of->slice_units);
    if (of->follows.text.data != NULL) {
        gw_fmt_put(fmt, " follows ");
        gw_fmt_name(fmt, &of->follows);
    }
    gw_fmt_put(fmt, " ");
    gw_fmt_block(fmt, &of->body);
}

static void migrate(struct gw_fmt *fmt, const struct gw_decl *decl)
{
    const struct gw_ast_migrate *of = &decl->as.migrate;
    gw_buf_printf(fmt->ret, " v%u -> v%u", of->from, of->to);
    open_decl(fmt);
    gw_fmt_begin(fmt, of->forward.span);
    gw_fmt_put(fmt, "forward ");
    gw_fmt_block(fmt, &of->forward);
    gw_fmt_end(fmt, of->forward.span.end);
    gw_fmt_begin(fmt, of->inverse.span);
    gw_fmt_put(fmt, "inverse ");
    gw_fmt_block(fmt, &of->inverse);
    gw_fmt_end(fmt, of->inverse.span.end);
    gw_fmt_close(fmt, decl->span.end);
}

static void declaration(struct gw_fmt *fmt, const struct gw_decl *decl)
{
    gw_fmt_begin(fmt, decl->span);
    gw_fmt_put(fmt, gw_decl_kind_text(decl->kind));
    gw_fmt_put(fmt, " ");
    if (decl->kind == GW_DECL_INCLUDE) {
        gw_fmt_string(gw_text_bytes(decl->as.include), fmt->ret);
    } else {
        gw_fmt_name(fmt, &decl->name);
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
        gw_fmt_put(fmt, ": ");
        gw_fmt_type(decl->as.constant.type, fmt->ret);
        gw_fmt_lead(fmt, " = ", decl->as.constant.value);
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
    gw_fmt_end(fmt, decl->span.end);
}

static void program(struct gw_fmt *fmt)
{
    if (fmt->ast->has_header) {
        gw_fmt_begin(fmt, fmt->ast->header);
        gw_buf_printf(fmt->ret, "program %.*s version %llu", GW_TEXT_ARG(fmt->ast->name.text),
                      (unsigned long long)fmt->ast->version);
        gw_fmt_end(fmt, fmt->ast->header.end);
    }
    for (uint32_t i = 0; i < fmt->ast->decl_count; i++)
        declaration(fmt, fmt->ast->decls[i]);
    gw_fmt_comments_before(fmt, UINT32_MAX);
}

void gw_lang_format(const struct gw_ast *ast, struct gw_buf *ret)
{
    struct gw_fmt fmt = {.ast = ast, .ret = ret};
    program(&fmt);
}

void gw_lang_dump(const struct gw_ast *ast, struct gw_buf *ret)
{
    struct gw_fmt fmt = {.ast = ast, .ret = ret, .is_plain = true};
    program(&fmt);
}
