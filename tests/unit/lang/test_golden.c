/*
 * Every program in tests/lang is parsed and checked; the diagnostics must be those of its lines
 * `# expect: GW1042 41:6`, no more and no fewer (GW11xx belong to the cost analysis, which has a test of its own).
 * GW_UPDATE=1 rewrites the lines. Whatever parses is formatted: twice the same, same tree, no comment lost.
 */
#include "kit/kit.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "lang/check.h"
#include "lang/fmt.h"

enum { ARENA_BYTES_MAX = 64 << 20, FILE_BYTES_MAX = 1 << 16 };

static const char folder[] = "tests/lang";
static const char marker[] = "# expect: ";

static struct gw_text read_file(struct gw_arena *arena, const char *name)
{
    struct gw_text path = gw_arena_printf(arena, "%s/%s", folder, name);
    char *text = gw_arena_get(arena, FILE_BYTES_MAX);
    FILE *file = fopen(path.data, "rb");
    if (file == NULL)
        return (struct gw_text){NULL, 0};
    size_t len = fread(text, 1, FILE_BYTES_MAX, file);
    fclose(file);
    assert_in_range(len, 1, FILE_BYTES_MAX - 1);
    return (struct gw_text){text, len};
}

static gw_rc load(void *ctx, struct gw_text from, struct gw_text path, struct gw_arena *arena,
                  struct gw_text *ret_text, struct gw_err *err)
{
    (void)ctx;
    (void)from;
    struct gw_text name = gw_arena_printf(arena, "%.*s", GW_TEXT_ARG(path));
    *ret_text = read_file(arena, name.data);
    return ret_text->data ? GW_OK : GW_FAIL(err, GW_NOTFOUND, "no such file");
}

static void found_lines(const struct gw_diags *diags, struct gw_buf *ret)
{
    for (uint32_t i = 0; i < diags->count; i++) {
        const struct gw_diag *diag = &diags->items[i];
        struct gw_position at =
            gw_source_position(diags->source, diag->span.file, diag->span.begin);
        gw_buf_printf(ret, "%sGW%04u %u:%u\n", marker, diag->code, at.line, at.column);
    }
    if (diags->dropped > 0)
        gw_buf_printf(ret, "%smore\n", marker);
}

static bool is_of_others(struct gw_text line)
{
    return line.len > 14 && memcmp(line.data + 10, "GW11", 4) == 0 &&
           memcmp(line.data + 10, "GW1106", 6) != 0;
}

/** The text without its expectations; those go to `ret`. */
static struct gw_text split_expected(struct gw_arena *arena, struct gw_text text,
                                     struct gw_buf *ret)
{
    char *rest = gw_arena_get(arena, text.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < text.len;) {
        size_t end = i;
        while (end < text.len && text.data[end] != '\n')
            end++;
        struct gw_text line = {text.data + i, GW_MIN(end + 1, text.len) - i};
        bool is_expected =
            line.len > sizeof(marker) && memcmp(line.data, marker, sizeof(marker) - 1) == 0;
        if (is_expected && !is_of_others(line)) {
            gw_buf_put_text(ret, line);
        } else if (!is_expected) {
            memcpy(rest + len, line.data, line.len);
            len += line.len;
        }
        i = end + 1;
    }
    return (struct gw_text){rest, len};
}

static void rewrite(struct gw_arena *arena, const char *name, struct gw_text text,
                    struct gw_text lines)
{
    struct gw_text path = gw_arena_printf(arena, "%s/%s", folder, name);
    FILE *file = fopen(path.data, "wb");
    assert_non_null(file);
    fwrite(text.data, 1, text.len, file);
    fwrite(lines.data, 1, lines.len, file);
    fclose(file);
}

static bool one_program(const char *name)
{
    struct gw_arena arena;
    gw_arena_init(&arena, &gw_kit_alloc, ARENA_BYTES_MAX);
    struct gw_buf expected, found;
    gw_buf_init(&expected, &gw_kit_alloc, 1 << 16);
    gw_buf_init(&found, &gw_kit_alloc, 1 << 16);
    struct gw_text whole = read_file(&arena, name);
    struct gw_text text = split_expected(&arena, whole, &expected);
    struct gw_diags diags;
    gw_diags_init(&diags, &arena);
    struct gw_lang_input input = {.name = gw_text(name), .text = text, .load = load};
    struct gw_ast *ast;
    struct gw_err err = {.rc = GW_OK};
    gw_rc rc = gw_lang_parse(&input, &arena, &diags, &ast, &err);
    if (rc == GW_OK)
        rc = gw_lang_check_types(ast, &arena, &diags, &err);
    found_lines(&diags, &found);
    bool same = gw_text_equal(gw_buf_text(&expected), gw_buf_text(&found)) &&
                (rc == GW_OK) == (found.len == 0);
    if (!same && getenv("GW_UPDATE") != NULL) {
        rewrite(&arena, name, text, gw_buf_text(&found));
    } else if (!same) {
        print_error("%s: expected\n%.*sfound\n%.*s", name, GW_TEXT_ARG(gw_buf_text(&expected)),
                    GW_TEXT_ARG(gw_buf_text(&found)));
        struct gw_buf full;
        gw_buf_init(&full, &gw_kit_alloc, 1 << 20);
        gw_diags_text(&diags, &full);
        print_error("%.*s", GW_TEXT_ARG(gw_buf_text(&full)));
        gw_buf_done(&full);
    }
    gw_buf_done(&expected);
    gw_buf_done(&found);
    gw_arena_done(&arena);
    return same || getenv("GW_UPDATE") != NULL;
}

static struct gw_ast *parse_part(struct gw_arena *arena, struct gw_text text)
{
    struct gw_diags *diags = gw_arena_get(arena, sizeof(*diags));
    gw_diags_init(diags, arena);
    struct gw_lang_input input = {.name = GW_TEXT_LIT("x.gw"), .text = text, .is_part_ok = true};
    struct gw_ast *ast;
    return gw_lang_parse(&input, arena, diags, &ast, NULL) == GW_OK ? ast : NULL;
}

static bool one_layout(const char *name)
{
    struct gw_arena arena;
    gw_arena_init(&arena, &gw_kit_alloc, ARENA_BYTES_MAX);
    struct gw_buf out[4];
    for (size_t i = 0; i < 4; i++)
        gw_buf_init(&out[i], &gw_kit_alloc, 1 << 20);
    bool ok = true;
    struct gw_ast *ast = parse_part(&arena, read_file(&arena, name));
    if (ast != NULL) {
        gw_lang_format(ast, &out[0]);
        gw_lang_dump(ast, &out[1]);
        struct gw_ast *again = parse_part(&arena, gw_buf_text(&out[0]));
        ok = again != NULL && again->comment_count == ast->comment_count;
        if (ok) {
            gw_lang_format(again, &out[2]);
            gw_lang_dump(again, &out[3]);
            ok = gw_text_equal(gw_buf_text(&out[0]), gw_buf_text(&out[2])) &&
                 gw_text_equal(gw_buf_text(&out[1]), gw_buf_text(&out[3]));
        }
        if (!ok)
            print_error("%s: formatted\n%.*s", name, GW_TEXT_ARG(gw_buf_text(&out[0])));
    }
    for (size_t i = 0; i < 4; i++)
        gw_buf_done(&out[i]);
    gw_arena_done(&arena);
    return ok;
}

static void walk(bool (*one)(const char *name))
{
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    int looked = 0, failed = 0;
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        size_t len = strlen(entry->d_name);
        if (len < 4 || strcmp(entry->d_name + len - 3, ".gw") != 0)
            continue;
        looked++;
        failed += !one(entry->d_name);
    }
    closedir(dir);
    assert_int_equal(failed, 0);
    assert_true(looked >= 10);
}

static void programs_get_the_diagnostics_they_expect(void **state)
{
    (void)state;
    walk(one_program);
}

static void formatting_settles_and_keeps_the_tree(void **state)
{
    (void)state;
    walk(one_layout);
}

static void an_unknown_field_is_shown_as_in_the_specification(void **state)
{
    (void)state;
    static const char text[] =
        "program p version 1\n"
        "enum PayErr: u8 { INSUFFICIENT }\n"
        "entity Account v1 { key id: u64 owner: u64 bal: dec<18,2> frozen: bool }\n"
        "txn pay(src: u64, amt: dec<18,2>) -> bool | PayErr {\n"
        "  a := Account[src]!\n"
        "\n\n\n\n"
        "  if a.balance < amt { fail INSUFFICIENT }\n"
        "  return true\n"
        "}\n";
    struct gw_arena arena;
    gw_arena_init(&arena, &gw_kit_alloc, ARENA_BYTES_MAX);
    struct gw_diags diags;
    gw_diags_init(&diags, &arena);
    struct gw_lang_input input = {.name = GW_TEXT_LIT("shop.gw"), .text = gw_text(text)};
    struct gw_ast *ast;
    assert_int_equal(gw_lang_parse(&input, &arena, &diags, &ast, NULL), GW_OK);
    struct gw_err err;
    assert_int_equal(gw_lang_check_types(ast, &arena, &diags, &err), GW_INVALID);
    assert_int_equal(err.code, 1042);
    assert_int_equal(err.place.line, 10);
    struct gw_buf buf;
    gw_buf_init(&buf, &gw_kit_alloc, 1 << 16);
    gw_diags_text(&diags, &buf);
    assert_text_equal(gw_buf_text(&buf),
                      "error[GW1042]: no field `balance` in entity Account\n"
                      "  --> shop.gw:10:6\n"
                      "   |\n"
                      "10 |   if a.balance < amt { fail INSUFFICIENT }\n"
                      "   |        ^^^^^^^\n"
                      "   hint: did you mean `bal`? fields: id, owner, bal, frozen\n");
    gw_buf_reset(&buf);
    gw_diags_json(&diags, &buf);
    assert_text_equal(gw_buf_text(&buf),
                      "[{\"code\":\"GW1042\",\"message\":\"no field `balance` in entity Account\","
                      "\"file\":\"shop.gw\",\"line\":10,\"column\":6,\"end_line\":10,"
                      "\"end_column\":15,\"hint\":\"did you mean `bal`? fields: id, owner, bal, "
                      "frozen\"}]");
    gw_buf_done(&buf);
    gw_arena_done(&arena);
}

static void parsing_without_memory_says_so(void **state)
{
    (void)state;
    bool refused = true;
    for (uint64_t nth = 0; refused; nth++) {
        struct gw_kit_refuse refuse;
        gw_kit_refuse_init(&refuse, nth);
        struct gw_arena texts, arena;
        gw_arena_init(&texts, &gw_kit_alloc, ARENA_BYTES_MAX);
        gw_arena_init(&arena, &refuse.alloc, ARENA_BYTES_MAX);
        struct gw_diags diags;
        gw_diags_init(&diags, &arena);
        struct gw_lang_input input = {.name = GW_TEXT_LIT("shop.gw"),
                                      .text = read_file(&texts, "shop.gw")};
        struct gw_ast *ast;
        struct gw_err err = {.rc = GW_OK};
        gw_rc rc = gw_lang_parse(&input, &arena, &diags, &ast, &err);
        if (rc == GW_OK)
            rc = gw_lang_check_types(ast, &arena, &diags, &err);
        refused = refuse.refused;
        assert_int_equal(rc, refused ? GW_NOMEM : GW_OK);
        gw_arena_done(&arena);
        gw_arena_done(&texts);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(programs_get_the_diagnostics_they_expect),
        cmocka_unit_test(formatting_settles_and_keeps_the_tree),
        cmocka_unit_test(an_unknown_field_is_shown_as_in_the_specification),
        cmocka_unit_test(parsing_without_memory_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
