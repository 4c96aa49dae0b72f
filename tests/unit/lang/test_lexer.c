#include "kit/kit.h"

#include "base/buf.h"
#include "lang/lexer.h"

/** All tokens of `text` as "KIND-text" words; `|` where a newline stands before one; `!` after a report. */
static void lex(const char *text, struct gw_buf *ret)
{
    struct gw_arena arena;
    gw_arena_init(&arena, &gw_kit_alloc, 1 << 20);
    struct gw_source source = {.count = 1};
    source.files[0] = (struct gw_source_file){GW_TEXT_LIT("t.gw"), gw_text(text)};
    struct gw_diags diags;
    gw_diags_init(&diags, &arena);
    diags.source = &source;
    struct gw_lexer lexer;
    gw_lexer_init(&lexer, &source, 0, &arena, &diags);
    for (;;) {
        struct gw_token token = gw_lexer_next(&lexer);
        if (token.kind == GW_TOKEN_END)
            break;
        gw_buf_printf(ret, "%s%s<%.*s>", ret->len ? " " : "", token.newline_before ? "|" : "",
                      GW_TEXT_ARG(token.text));
        if (token.kind == GW_TOKEN_STRING || token.kind == GW_TOKEN_BYTES)
            gw_buf_printf(ret, "=%.*s", (int)token.bytes.len, (const char *)token.bytes.data);
        if (token.kind == GW_TOKEN_DECIMAL)
            gw_buf_printf(ret, "=%lld/%u", (long long)token.number, token.scale);
        if (token.kind == GW_TOKEN_DURATION)
            gw_buf_printf(ret, "=%lldns", (long long)token.ns);
        if (token.kind == GW_TOKEN_UNITS || token.kind == GW_TOKEN_INT)
            gw_buf_printf(ret, "=%lld", (long long)token.number);
    }
    for (uint32_t i = 0; i < diags.count; i++)
        gw_buf_printf(ret, " !%u", diags.items[i].code);
    gw_arena_done(&arena);
}

static const struct {
    const char *text, *tokens;
} rows[] = {
    {"0..10", "<0>=0 <..> <10>=10"},
    {"1.50 t.0.1", "<1.50>=150/2 <t> <.> <0>=0 <.> <1>=1"},
    {"4000u 30s 1m30s 1_000 0xff", "<4000u>=4000 <30s>=30000000000ns <1m30s>=90000000000ns "
                                   "<1_000>=1000 <0xff>=255"},
    {"v2 v x'4142' x", "<v2> <v> <x'4142'>=AB <x>"},
    {"a<->b a->b a<-b a:=b", "<a> <<->> <b> <a> <->> <b> <a> <<> <-> <b> <a> <:=> <b>"},
    {"a # note\nb", "<a> |<b>"},
    {"\"a\\u{e9}\\\"\" \"x", "<\"a\\u{e9}\\\"\">=a\xc3\xa9\" <\"x>= !1002"},
    {"a ; b", "<a> <b> !1001"},
    {"5x", "<5x>=0 !1004"},
    {"1. 2", "<1>=1 <.> <2>=2"},
    {"", ""},
};

static void tokens_are_what_the_table_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT_OF(rows); i++) {
        struct gw_buf buf;
        gw_buf_init(&buf, &gw_kit_alloc, 1 << 16);
        lex(rows[i].text, &buf);
        gw_buf_put_u8(&buf, 0);
        if (strcmp((const char *)buf.data, rows[i].tokens) != 0)
            print_error("row %zu: %s\n", i, (const char *)buf.data);
        assert_string_equal((const char *)buf.data, rows[i].tokens);
        gw_buf_done(&buf);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(tokens_are_what_the_table_says)};
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
