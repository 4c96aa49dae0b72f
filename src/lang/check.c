#include "lang/check_int.h"

#include <stdarg.h>

#include "base/near.h"

enum { HINT_NAMES_MAX = 12, WALKS_MAX = 8 };

void *gw_check_get(struct gw_checker *checker, size_t count, size_t each)
{
    void *items = gw_arena_get_array(checker->arena, GW_MAX(count, (size_t)1), each);
    if (items == NULL)
        checker->nomem = true;
    return items;
}

struct gw_diag *gw_check_error(struct gw_checker *checker, gw_code code, struct gw_span span,
                               const char *fmt, ...)
{
    checker->errors++;
    if (checker->is_quiet || checker->nomem)
        return NULL;
    va_list args;
    va_start(args, fmt);
    struct gw_text message = gw_arena_vprintf(checker->arena, fmt, args);
    va_end(args);
    if (message.data == NULL) {
        checker->nomem = true;
        return NULL;
    }
    return gw_diags_add(checker->diags, code, span, "%.*s", GW_TEXT_ARG(message));
}

/** Misspelt by a letter or two, or cut short: `balance` for `bal`. */
static struct gw_text nearest(struct gw_text word, const struct gw_text *names, size_t count)
{
    struct gw_text near = gw_near(word, names, count);
    for (size_t i = 0; near.data == NULL && i < count; i++) {
        size_t common = GW_MIN(word.len, names[i].len);
        if (common >= 3 && memcmp(word.data, names[i].data, common) == 0)
            near = names[i];
    }
    return near;
}

void gw_check_hint_names(struct gw_checker *checker, struct gw_diag *diag, struct gw_text word,
                         const char *noun, const struct gw_text *names, size_t count)
{
    if (diag == NULL || count == 0)
        return;
    char memory[512];
    struct gw_buf buf;
    gw_buf_init_fixed(&buf, memory, sizeof(memory));
    struct gw_text near = nearest(word, names, count);
    if (near.data != NULL)
        gw_buf_printf(&buf, "did you mean `%.*s`?", GW_TEXT_ARG(near));
    if (noun != NULL) {
        gw_buf_printf(&buf, "%s%s: ", buf.len > 0 ? " " : "", noun);
        for (size_t i = 0; i < GW_MIN(count, (size_t)HINT_NAMES_MAX); i++)
            gw_buf_printf(&buf, "%s%.*s", i ? ", " : "", GW_TEXT_ARG(names[i]));
        if (count > HINT_NAMES_MAX)
            gw_buf_put_str(&buf, ", …");
    }
    if (buf.len > 0)
        gw_diags_hint(checker->diags, diag, "%.*s", GW_TEXT_ARG(gw_buf_text(&buf)));
}

struct gw_text gw_check_type_text(struct gw_checker *checker, const struct gw_type *type)
{
    char memory[200];
    struct gw_buf buf;
    gw_buf_init_fixed(&buf, memory, sizeof(memory));
    if (type != NULL)
        gw_type_text(type, &buf);
    struct gw_text text = gw_arena_copy_text(checker->arena, gw_buf_text(&buf));
    return text.data ? text : GW_TEXT_LIT("");
}

struct gw_text gw_check_shape_text(struct gw_checker *checker, const struct gw_shaped *is)
{
    static const char *const texts[] = {
        [GW_SHAPE_UNKNOWN] = "something in error", [GW_SHAPE_UNIT] = "nothing",
        [GW_SHAPE_PAGE] = "a page of rows",        [GW_SHAPE_BARE_INT] = "a number",
        [GW_SHAPE_BARE_DEC] = "a decimal number",  [GW_SHAPE_BARE_NONE] = "an opt",
        [GW_SHAPE_BARE_LIST] = "a list",           [GW_SHAPE_COPY] = "a copy",
    };
    if (is->shape == GW_SHAPE_VALUE)
        return gw_check_type_text(checker, is->type);
    if (is->decl == NULL || is->shape == GW_SHAPE_COPY)
        return gw_text(texts[is->shape] ? texts[is->shape] : "a row");
    const char *before = is->shape == GW_SHAPE_ROW_REF       ? "a row of "
                         : is->shape == GW_SHAPE_OPT_ROW_REF ? "perhaps a row of "
                         : is->shape == GW_SHAPE_ROW         ? "a row of "
                         : is->shape == GW_SHAPE_OPT_ROW     ? "perhaps a row of "
                                                             : "the name ";
    struct gw_text text =
        gw_arena_printf(checker->arena, "%s%.*s", before, GW_TEXT_ARG(is->decl->name.text));
    return text.data ? text : GW_TEXT_LIT("");
}

void gw_check_rounds(struct gw_checker *checker, void (*walk)(struct gw_checker *, void *),
                     void *ctx)
{
    for (unsigned i = 0; i < WALKS_MAX && !checker->nomem; i++) {
        checker->is_quiet = true;
        checker->found_bare = false;
        checker->found_type = false;
        checker->errors = 0;
        walk(checker, ctx);
        if (!checker->found_bare && checker->errors == 0)
            break; /* complete: nothing to say, nothing left to find */
        if (!checker->found_type)
            break;
    }
    bool done = !checker->found_bare && checker->errors == 0;
    checker->is_quiet = false;
    if (!done && !checker->nomem)
        walk(checker, ctx);
}

gw_rc gw_lang_check_types(struct gw_ast *ast, struct gw_arena *arena, struct gw_diags *diags,
                          struct gw_err *err)
{
    struct gw_checker *checker = GW_NEW(arena, struct gw_checker);
    if (checker == NULL)
        return GW_FAIL_NOMEM(err);
    checker->ast = ast;
    checker->arena = arena;
    checker->diags = diags;
    gw_check_decls(checker);
    if (checker->nomem)
        return GW_FAIL_NOMEM(err);
    return gw_diags_result(diags, err);
}
