/* Any bytes as a program: never a crash, bounded memory; what is accepted keeps its tree through the formatter. */
#include <stdlib.h>

#include "lang/check.h"
#include "lang/fmt.h"
#include "os/heap.h"

enum { ARENA_BYTES_MAX = 32 << 20, INPUT_BYTES_MAX = 1 << 16, OUTPUT_BYTES_MAX = 8 << 20 };

static struct gw_ast *parse(struct gw_text text, struct gw_arena *arena, struct gw_diags *diags)
{
    gw_diags_init(diags, arena);
    struct gw_lang_input input = {.name = GW_TEXT_LIT("fuzz.gw"), .text = text, .is_part_ok = true};
    struct gw_ast *ast = NULL;
    struct gw_err err = {.rc = GW_OK};
    gw_rc rc = gw_lang_parse(&input, arena, diags, &ast, &err);
    GW_ASSERT(rc == GW_OK || (err.rc == rc && err.msg[0] != '\0'));
    return rc == GW_OK ? ast : NULL;
}

static void check_layout(const struct gw_ast *ast, struct gw_arena *arena)
{
    static struct gw_diags diags;
    struct gw_buf text, dump, dump_again;
    gw_buf_init(&text, gw_os_heap(), OUTPUT_BYTES_MAX);
    gw_buf_init(&dump, gw_os_heap(), OUTPUT_BYTES_MAX);
    gw_buf_init(&dump_again, gw_os_heap(), OUTPUT_BYTES_MAX);
    gw_lang_format(ast, &text);
    gw_lang_dump(ast, &dump);
    struct gw_ast *again = text.failed ? NULL : parse(gw_buf_text(&text), arena, &diags);
    bool full = text.failed || diags.failed || arena->used_bytes > ARENA_BYTES_MAX / 2;
    GW_ASSERT(again != NULL || full);
    if (again != NULL) {
        gw_lang_dump(again, &dump_again);
        GW_ASSERT(gw_text_equal(gw_buf_text(&dump), gw_buf_text(&dump_again)));
        GW_ASSERT(again->comment_count == ast->comment_count);
    }
    gw_buf_done(&text);
    gw_buf_done(&dump);
    gw_buf_done(&dump_again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct gw_diags diags;
    if (size > INPUT_BYTES_MAX)
        return 0;
    struct gw_arena arena;
    gw_arena_init(&arena, gw_os_heap(), ARENA_BYTES_MAX);
    struct gw_ast *ast = parse(gw_bytes_text((struct gw_bytes){data, size}), &arena, &diags);
    if (ast != NULL) {
        check_layout(ast, &arena);
        struct gw_err err = {.rc = GW_OK};
        gw_rc rc = gw_lang_check_types(ast, &arena, &diags, &err);
        GW_ASSERT(rc == GW_OK || (err.rc == rc && err.msg[0] != '\0'));
    }
    struct gw_buf text;
    gw_buf_init(&text, gw_os_heap(), OUTPUT_BYTES_MAX);
    gw_diags_text(&diags, &text);
    gw_buf_done(&text);
    gw_arena_done(&arena);
    return 0;
}
