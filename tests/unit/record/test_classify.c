/*
 * Every combination of what we acked, what we intend and what was found. The expectations are written from the prose
 * of the engine's specification (5.2 and 15), one letter for each found row, not from the code.
 */
#include "kit/kit.h"

#include "record/classify.h"

/* Rows: A is the acked value, B the intended one, X a value that nobody of us wrote. */
static struct gw_seen row(gw_version ver, char value)
{
    struct gw_seen seen = {.present = true, .ver = ver};
    memset(seen.hash.bytes, value, sizeof(seen.hash.bytes));
    return seen;
}

static struct gw_seen nothing(gw_version ver)
{
    return (struct gw_seen){.present = false, .ver = ver};
}

enum { ACKED_VER = 5, INTENT_VER = 6, LOWER = 4, OTHER = 9, FOUND_COUNT = 11 };
#define NONE GW_VERSION_NONE

static const char *const found_names[FOUND_COUNT] = {
    "absent",
    "the acked row",
    "the intended row",
    "acked version, other value",
    "acked value, other version",
    "other version and value",
    "lower version, other value",
    "NULL version, acked value",
    "NULL version, other value",
    "intended version, other value",
    "intended value, other version",
};

static struct gw_seen found_row(size_t at, gw_version acked_ver)
{
    const struct gw_seen rows[FOUND_COUNT] = {
        nothing(NONE),   row(acked_ver, 'A'),  row(INTENT_VER, 'B'), row(acked_ver, 'X'),
        row(OTHER, 'A'), row(OTHER, 'X'),      row(LOWER, 'X'),      row(NONE, 'A'),
        row(NONE, 'X'),  row(INTENT_VER, 'X'), row(OTHER, 'B'),
    };
    return rows[at];
}

/* W write, = already; conflicts: i wrong image, v wrong version, f foreign write, n version NULL, b went back,
 * d deleted, + inserted */
static char letter(struct gw_classified got)
{
    static const char conflicts[] = {
        [GW_CONFLICT_WRONG_IMAGE] = 'i',   [GW_CONFLICT_WRONG_VERSION] = 'v',
        [GW_CONFLICT_FOREIGN_WRITE] = 'f', [GW_CONFLICT_VERSION_NULL] = 'n',
        [GW_CONFLICT_WENT_BACK] = 'b',     [GW_CONFLICT_DELETED] = 'd',
        [GW_CONFLICT_INSERTED] = '+',
    };
    if (got.verdict == GW_VERDICT_CONFLICT)
        return conflicts[got.conflict];
    return got.verdict == GW_VERDICT_WRITE ? 'W' : '=';
}

/* clang-format off */
static const struct {
    const char *name;
    char acked, intent; /* acked: - absent, t tombstone, v with version, n without; intent: - none, w a row, t tombstone */
    const char *expected; /* one letter for each of found_names */
} cases[] = {
    {"never there, nothing intended",              '-', '-', "W++++++++++"},
    {"never there, insert intended",               '-', 'w', "W+=++++++++"},
    {"never there, delete intended",               '-', 't', "=++++++++++"},
    {"deleted by us, nothing intended",            't', '-', "W++++++++++"},
    {"deleted by us, insert intended",             't', 'w', "W+=++++++++"},
    {"deleted by us, delete intended",             't', 't', "=++++++++++"},
    {"pushed, nothing intended",                   'v', '-', "dWfivfbnnff"},
    {"pushed, update intended",                    'v', 'w', "dW=ivfbnniv"},
    {"pushed, delete intended",                    'v', 't', "=Wfivfbnnff"},
    {"onboarded, never pushed, nothing intended",  'n', '-', "dWfivffWiff"},
    {"onboarded, never pushed, update intended",   'n', 'w', "dW=ivffWiiv"},
    {"onboarded, never pushed, delete intended",   'n', 't', "=WfivffWiff"},
};
/* clang-format on */

static void every_combination(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT_OF(cases); i++) {
        gw_version acked_ver = cases[i].acked == 'v' ? (gw_version)ACKED_VER : NONE;
        struct gw_seen acked = cases[i].acked == '-'   ? nothing(NONE)
                               : cases[i].acked == 't' ? nothing(ACKED_VER)
                                                       : row(acked_ver, 'A');
        struct gw_seen intent = cases[i].intent == 'w' ? row(INTENT_VER, 'B') : nothing(INTENT_VER);
        for (size_t k = 0; k < FOUND_COUNT; k++) {
            struct gw_seen found = found_row(k, acked_ver);
            char got =
                letter(gw_classify_look(&acked, cases[i].intent == '-' ? NULL : &intent, &found));
            if (got != cases[i].expected[k])
                print_error("%s; found %s: %c\n", cases[i].name, found_names[k], got);
            assert_int_equal(got, cases[i].expected[k]);
            if (cases[i].intent == '-')
                continue;
            got = letter(gw_classify_push(&acked, &intent, &found));
            assert_int_equal(got, cases[i].expected[k]);
        }
    }
}

static void a_lower_version_went_back_even_with_the_right_value(void **state)
{
    (void)state;
    struct gw_seen acked = row(ACKED_VER, 'A'), found = row(LOWER, 'A');
    assert_int_equal(letter(gw_classify_look(&acked, NULL, &found)), 'b');
}

/* The first push of an onboarded row may change nothing but its version. */
static void adopting_a_row_writes_its_version(void **state)
{
    (void)state;
    struct gw_seen acked = row(NONE, 'A'), intent = row(1, 'A');
    struct gw_seen before = row(NONE, 'A'), after = row(1, 'A');
    assert_int_equal(letter(gw_classify_push(&acked, &intent, &before)), 'W');
    assert_int_equal(letter(gw_classify_push(&acked, &intent, &after)), '=');
}

static void a_push_without_intent_is_a_bug(void **state)
{
    (void)state;
    struct gw_seen acked = row(NONE, 'A');
    expect_assert_failure((void)gw_classify_push(&acked, NULL, &acked));
}

static void conflicts_have_names_and_texts(void **state)
{
    (void)state;
    assert_string_equal(gw_conflict_name(GW_CONFLICT_WENT_BACK), "went_back");
    assert_string_equal(gw_conflict_name(GW_CONFLICT_DUPLICATE), "duplicate");
    assert_string_equal(gw_conflict_text(GW_CONFLICT_WRONG_IMAGE), "right version, wrong image");
    for (int i = 0; i <= GW_CONFLICT_DUPLICATE; i++) {
        assert_non_null(gw_conflict_name((enum gw_conflict)i));
        assert_non_null(gw_conflict_text((enum gw_conflict)i));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_combination),
        cmocka_unit_test(a_lower_version_went_back_even_with_the_right_value),
        cmocka_unit_test(adopting_a_row_writes_its_version),
        cmocka_unit_test(a_push_without_intent_is_a_bug),
        cmocka_unit_test(conflicts_have_names_and_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
