#include "kit/kit.h"

#include "base/near.h"

static void the_nearest_name_or_none(void **state)
{
    (void)state;
    const struct gw_text names[] = {
        GW_TEXT_LIT("id"),     GW_TEXT_LIT("owner"),  GW_TEXT_LIT("bal"),
        GW_TEXT_LIT("frozen"), GW_TEXT_LIT("status"), GW_TEXT_LIT(""),
    };
    static const struct {
        const char *word, *near; /* NULL: none */
    } cases[] = {
        {"owner", "owner"},  {"onwer", "owner"}, /* one transposition */
        {"ower", "owner"},   {"ownerr", "owner"},  {"0wner", "owner"},
        {"oewnre", "owner"},                /* two */
        {"oxxxr", NULL},                    /* three */
        {"bla", "bal"},      {"bxx", NULL}, /* short words: one only */
        {"di", "id"},        {"statsu", "status"}, {"Frozen", "frozen"},
        {"FROZEN", NULL},    {"", NULL},           {"balance", NULL},
    };
    for (size_t i = 0; i < GW_COUNT_OF(cases); i++) {
        struct gw_text got = gw_near(gw_text(cases[i].word), names, GW_COUNT_OF(names));
        if (cases[i].near == NULL)
            assert_null(got.data);
        else
            assert_text_equal(got, cases[i].near);
    }
}

static void the_first_of_equals(void **state)
{
    (void)state;
    const struct gw_text names[] = {GW_TEXT_LIT("push"), GW_TEXT_LIT("pull"), GW_TEXT_LIT("puls")};
    assert_text_equal(gw_near(GW_TEXT_LIT("pulh"), names, 3), "push");
    assert_null(gw_near(GW_TEXT_LIT("push"), names, 0).data);
}

static void long_words_have_no_neighbours(void **state)
{
    (void)state;
    char word[GW_NEAR_WORD_MAX + 1];
    memset(word, 'a', sizeof(word));
    const struct gw_text longest = {word, GW_NEAR_WORD_MAX}, too_long = {word, sizeof(word)};
    assert_int_equal(gw_near(longest, &longest, 1).len, GW_NEAR_WORD_MAX);
    assert_null(gw_near(too_long, &longest, 1).data);
    assert_null(gw_near(longest, &too_long, 1).data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_nearest_name_or_none),
        cmocka_unit_test(the_first_of_equals),
        cmocka_unit_test(long_words_have_no_neighbours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
