#include "kit/kit.h"

#include "codec/config.h"

struct net {
    uint32_t port;
    uint64_t body_bytes_max;
    int64_t idle_ns;
};

struct settings {
    struct gw_text name;
    bool fsync;
    int64_t offset;
    uint64_t seed;
    uint32_t level;
    struct net net;
    struct gw_config_texts peers;
    const struct gw_json *stores;
};

static const char *const levels[] = {"quiet", "normal", "verbose", NULL};

static const struct gw_config_field net_fields[] = {
    {"port", GW_CONFIG_U32, offsetof(struct net, port), .fallback = "7700", .min = 1, .max = 65535},
    {"body_bytes_max", GW_CONFIG_BYTES, offsetof(struct net, body_bytes_max), .fallback = "1MiB"},
    {"idle", GW_CONFIG_DURATION, offsetof(struct net, idle_ns), .fallback = "30s", .min = 1000000,
     .max = 3600000000000},
};
static const struct gw_config_schema net = {net_fields, GW_COUNT_OF(net_fields),
                                            sizeof(struct net)};

static const struct gw_config_field fields[] = {
    {"name", GW_CONFIG_TEXT, offsetof(struct settings, name), .min = 1, .max = 8},
    {"fsync", GW_CONFIG_BOOL, offsetof(struct settings, fsync), .fallback = "true"},
    {"offset", GW_CONFIG_I64, offsetof(struct settings, offset), .fallback = "-5"},
    {"seed", GW_CONFIG_U64, offsetof(struct settings, seed), .fallback = "0"},
    {"level", GW_CONFIG_CHOICE, offsetof(struct settings, level), .fallback = "normal",
     .choices = levels},
    {"net", GW_CONFIG_SECTION, offsetof(struct settings, net), .section = &net},
    {"peers", GW_CONFIG_TEXTS, offsetof(struct settings, peers), .max = 2},
    {"stores", GW_CONFIG_ANY, offsetof(struct settings, stores), .fallback = NULL},
};
static const struct gw_config_schema schema = {fields, GW_COUNT_OF(fields),
                                               sizeof(struct settings)};

static struct gw_arena arena;

static int arena_open(void **state)
{
    (void)state;
    gw_arena_init(&arena, &gw_kit_alloc, 1 << 20);
    return 0;
}

static int arena_close(void **state)
{
    (void)state;
    gw_arena_done(&arena);
    return 0;
}

static gw_rc read_text(const char *text, struct settings *ret, struct gw_err *err)
{
    static const struct gw_json_opts opts = {.name = {"godwit.jsonc", 12}, .configuration = true};
    struct gw_json_doc doc;
    GW_TRY(gw_json_parse(gw_text(text), &opts, &arena, &doc, err));
    return gw_config_read(&schema, &doc, NULL, &arena, ret, err);
}

static void defaults_then_file_then_flag(void **state)
{
    (void)state;
    struct settings s;
    struct gw_err err = {0};
    gw_config_defaults(&schema, &s);
    assert_true(s.fsync && s.offset == -5 && s.level == 1 && s.net.port == 7700);
    assert_true(s.net.body_bytes_max == 1 << 20 && s.net.idle_ns == 30000000000);
    assert_ok(read_text("{\n"
                        "  // who\n"
                        "  \"name\": \"sh\\u00f6p\", \"level\": \"verbose\",\n"
                        "  \"seed\": \"18446744073709551615\",\n"
                        "  \"net\": {\"body_bytes_max\": \"64KiB\", \"idle\": \"1m500ms\"},\n"
                        "  \"peers\": [\"a\", \"b\",],\n"
                        "  \"stores\": {\"pg\": {}},\n"
                        "}",
                        &s, &err),
              &err);
    assert_text_equal(s.name, "sh\xc3\xb6p");
    assert_true(s.seed == UINT64_MAX && s.level == 2 && s.fsync);
    assert_true(s.net.port == 7700 && s.net.body_bytes_max == 65536);
    assert_true(s.net.idle_ns == 60500000000);
    assert_int_equal(s.peers.count, 2);
    assert_text_equal(s.peers.items[1], "b");
    assert_int_equal(s.stores->count, 1);
    assert_ok(gw_config_set(&schema, gw_text("net.port"), gw_text("80"), gw_text("--port"), &arena,
                            &s, &err),
              &err);
    assert_int_equal(s.net.port, 80);
}

struct mistake {
    const char *text;
    gw_code code;
    uint32_t line, column;
    const char *msg, *hint;
};

/* clang-format off */
static const struct mistake mistakes[] = {
    {"{\"name\":\"a\",\n \"nett\": {}}", 7111, 2, 2, "unknown key \"nett\"", "did you mean \"net\"?"},
    {"{\"name\":\"a\", \"net\": {\n  \"prot\": 1}}", 7111, 2, 3, "unknown key \"net.prot\"", "did you mean \"port\"?"},
    {"{\"name\":\"a\", \"net\": {\"colour\": 1}}", 7111, 1, 22, "unknown key \"net.colour\"", "known here: port, body_bytes_max, idle"},
    {"{\"name\":\"a\", \"net\": {\"port\": 1, \"port\": 2}}", 7102, 1, 33, "\"port\" stands here a second time", ""},
    {"{\"name\":\"a\", \"net\": {\"port\": 70000}}", 7113, 1, 30, "\"net.port\" is out of its range: 70000", "allowed: 1 .. 65535"},
    {"{\"name\":\"a\", \"net\": {\"port\": true}}", 7112, 1, 30, "\"net.port\" takes a whole number, found true or false", ""},
    {"{\"name\":\"a\", \"net\": {\"port\": 0.5}}", 7112, 1, 30, "\"net.port\" takes a whole number, found 0.5", ""},
    {"{\"name\":\"a\", \"net\": []}", 7112, 1, 21, "\"net\" takes an object, found an array", ""},
    {"{\"name\":\"a\", \"net\": {\"idle\": \"2h\"}}", 7113, 1, 30, "\"net.idle\" is out of its range: 2h", "allowed: 1ms .. 1h"},
    {"{\"name\":\"a\", \"net\": {\"idle\": \"soon\"}}", 7112, 1, 30, "\"net.idle\" takes a duration such as \"300ms\", found soon", ""},
    {"{\"name\":\"a\", \"level\": \"norml\"}", 7112, 1, 23, "\"level\" takes one of the known words, found norml", "did you mean \"normal\"?"},
    {"{\"name\":\"a\", \"level\": \"loud\"}", 7112, 1, 23, "\"level\" takes one of the known words, found loud", "known: \"quiet\", \"normal\", \"verbose\""},
    {"{\"name\":\"a\", \"seed\": -1}", 7113, 1, 22, "\"seed\" is out of its range: -1", ""},
    {"{\"name\":\"a\", \"peers\": [\"x\", 1]}", 7112, 1, 29, "\"peers\" takes an array of texts, found a number", ""},
    {"{\"name\":\"a\", \"peers\": [\"\",\"\",\"\"]}", 7113, 1, 23, "\"peers\" is out of its range: number of texts", "allowed: 0 .. 2"},
    {"{\"name\":\"\"}", 7113, 1, 9, "\"name\" is out of its range: ", "allowed: 1 .. 8"},
    {"\n{\"level\": \"quiet\"}", 7114, 2, 1, "\"name\" is missing", ""},
    {"[]", 7112, 1, 1, "expected an object, found an array", ""},
};
/* clang-format on */

static void mistakes_are_told_with_place_and_hint(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT_OF(mistakes); i++) {
        struct settings s, before;
        struct gw_err err = {0};
        memset(&before, 0, sizeof(before));
        gw_config_defaults(&schema, &before);
        memcpy(&s, &before, sizeof(s));
        assert_int_equal(read_text(mistakes[i].text, &s, &err), GW_INVALID);
        if (strcmp(err.msg, mistakes[i].msg) != 0 || strcmp(err.hint, mistakes[i].hint) != 0 ||
            err.code != mistakes[i].code || err.place.line != mistakes[i].line ||
            err.place.column != mistakes[i].column) {
            fail_msg("%s\n%u %u:%u %s | %s", mistakes[i].text, err.code, err.place.line,
                     err.place.column, err.msg, err.hint);
        }
        assert_memory_equal(&s, &before, sizeof(s));
        assert_string_equal(err.place.name, "godwit.jsonc");
    }
}

static void flags_and_environment_name_their_origin(void **state)
{
    (void)state;
    struct settings s;
    struct gw_err err = {0};
    gw_config_defaults(&schema, &s);
    assert_int_equal(gw_config_set(&schema, gw_text("net.prt"), gw_text("1"),
                                   gw_text("GODWIT_NET_PRT"), &arena, &s, &err),
                     GW_INVALID);
    assert_string_equal(err.msg, "unknown key \"net.prt\"");
    assert_string_equal(err.hint, "did you mean \"port\"?");
    assert_string_equal(err.place.name, "GODWIT_NET_PRT");
    const char *const wrong[] = {"net", "peers", "stores", "name.x", "", "net.", "net.port.x"};
    for (size_t i = 0; i < GW_COUNT_OF(wrong); i++) {
        assert_int_equal(gw_config_set(&schema, gw_text(wrong[i]), gw_text("1"), gw_text("--set"),
                                       &arena, &s, &err),
                         GW_INVALID);
    }
    assert_ok(gw_config_set(&schema, gw_text("fsync"), gw_text("false"), gw_text("--set"), &arena,
                            &s, &err),
              &err);
    assert_false(s.fsync);
}

static void every_refused_allocation_is_told(void **state)
{
    (void)state;
    struct gw_json_doc doc;
    struct gw_err err = {0};
    struct gw_text text = GW_TEXT_LIT("{\"name\": \"shop\", \"peers\": [\"a\", \"b\"]}");
    assert_ok(gw_json_parse(text, NULL, &arena, &doc, &err), &err);
    for (size_t room = 0;; room += 16) { /* one block, so the bound is what refuses */
        struct gw_arena small;
        struct settings s, before;
        memset(&before, 0, sizeof(before));
        gw_config_defaults(&schema, &before);
        memcpy(&s, &before, sizeof(s));
        gw_arena_init(&small, &gw_kit_alloc, room);
        gw_rc rc = gw_config_read(&schema, &doc, NULL, &small, &s, &err);
        if (rc == GW_OK)
            assert_text_equal(s.peers.items[1], "b");
        gw_arena_done(&small);
        if (rc == GW_OK)
            break;
        assert_int_equal(rc, GW_NOMEM);
        assert_memory_equal(&s, &before, sizeof(s));
        assert_true(room < 4096);
    }
}

static void sizes_have_binary_units(void **state)
{
    (void)state;
    uint64_t bytes = 0;
    assert_true(gw_config_bytes_parse(gw_text("64KiB"), &bytes) && bytes == 65536);
    assert_true(gw_config_bytes_parse(gw_text("3TiB"), &bytes) && bytes == UINT64_C(3) << 40);
    assert_true(gw_config_bytes_parse(gw_text("17179869183GiB"), &bytes));
    assert_false(gw_config_bytes_parse(gw_text("17179869184GiB"), &bytes));
    assert_false(gw_config_bytes_parse(gw_text("KiB"), &bytes));
    assert_false(gw_config_bytes_parse(gw_text("1XiB"), &bytes));
    assert_false(gw_config_bytes_parse(gw_text("1KB"), &bytes));
    assert_false(gw_config_bytes_parse(gw_text("1.5KiB"), &bytes));
    assert_false(gw_config_bytes_parse(gw_text("-1"), &bytes));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_then_file_then_flag),
        cmocka_unit_test(mistakes_are_told_with_place_and_hint),
        cmocka_unit_test(flags_and_environment_name_their_origin),
        cmocka_unit_test(every_refused_allocation_is_told),
        cmocka_unit_test(sizes_have_binary_units),
    };
    return cmocka_run_group_tests(tests, arena_open, arena_close) != 0;
}
