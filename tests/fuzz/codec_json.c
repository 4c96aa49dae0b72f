#include <stdlib.h>

#include "codec/json.h"
#include "codec/json_number.h"
#include "codec/json_write.h"

/* What is accepted is written; what is written is accepted and written the same again. The first byte chooses. */
enum { OUT_BYTES = 1 << 20, ARENA_BYTES = 32 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void *heap_get(void *ctx, size_t bytes)
{
    (void)ctx;
    return malloc(bytes);
}

static void heap_put(void *ctx, void *block, size_t bytes)
{
    (void)ctx;
    (void)bytes;
    free(block);
}

static const struct gw_alloc heap = {heap_get, heap_put, NULL};

static struct gw_text written(const struct gw_json *root, uint32_t indent, void *memory)
{
    struct gw_buf buf;
    gw_buf_init_fixed(&buf, memory, OUT_BYTES);
    struct gw_json_writer w = gw_json_writer(&buf, indent);
    gw_json_put_node(&w, root);
    gw_rc rc = gw_json_writer_check(&w, "value", NULL);
    GW_ASSERT(rc == GW_OK);
    return gw_buf_text(&buf);
}

static void check_numbers(const struct gw_json *root)
{
    gw_i128 value = 0;
    int64_t small = 0;
    if (gw_json_get_i64(root, &small))
        GW_ASSERT(gw_json_get_i128(root, &value) && value == small);
    if (root->kind == GW_JSON_NUMBER)
        GW_ASSERT(gw_json_number_length(root->text) == root->text.len);
}

static void check(const struct gw_json_opts *opts, struct gw_text input, struct gw_arena *arena)
{
    static uint8_t first[OUT_BYTES], second[OUT_BYTES];
    struct gw_json_doc doc;
    struct gw_err err = {0};
    gw_rc rc = gw_json_parse(input, opts, arena, &doc, &err);
    GW_ASSERT(rc == GW_OK || (err.rc == rc && err.msg[0] != '\0'));
    GW_ASSERT(rc == GW_OK || rc == GW_NOMEM || (err.place.line >= 1 && err.place.column >= 1));
    if (rc < 0)
        return;
    check_numbers(doc.root);
    struct gw_text once = written(doc.root, 0, first);
    struct gw_json_opts strict = {.keep_duplicates = true, .depth_max = opts->depth_max};
    rc = gw_json_parse(once, &strict, arena, &doc, &err);
    GW_ASSERT(rc == GW_OK);
    struct gw_text people = written(doc.root, 2, second);
    rc = gw_json_parse(people, &strict, arena, &doc, &err);
    GW_ASSERT(rc == GW_OK);
    static uint8_t third[OUT_BYTES];
    GW_ASSERT(gw_text_equal(written(doc.root, 0, third), once));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > 4096)
        return 0;
    struct gw_json_opts opts = {
        .configuration = data[0] & 1,
        .keep_duplicates = data[0] & 2,
        .depth_max = data[0] & 4 ? 8 : 0,
    };
    struct gw_arena arena;
    gw_arena_init(&arena, &heap, ARENA_BYTES);
    check(&opts, (struct gw_text){(const char *)data + 1, size - 1}, &arena);
    gw_arena_done(&arena);
    return 0;
}
