#include "kit/kit.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec/json.h"
#include "codec/json_write.h"
#include "codec/utf8.h"

/* Every document of the public JSON Schema test suite must come back equal, blanks and escapes aside. */
#define FOLDER "tests/corpora/node_modules/json-schema-test-suite"

enum { FILE_BYTES_MAX = 1 << 22 };

static unsigned documents, failures;

static bool read_file(const char *path, struct gw_buf *ret)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    bool good = fd >= 0 && fstat(fd, &st) == 0 && st.st_size <= FILE_BYTES_MAX;
    uint8_t *room = good ? gw_buf_room(ret, (size_t)st.st_size) : NULL;
    good = good && room && read(fd, room, (size_t)st.st_size) == st.st_size;
    if (good)
        gw_buf_used(ret, (size_t)st.st_size);
    if (fd >= 0)
        close(fd);
    return good;
}

static uint32_t unit_at(const char *at)
{
    char digits[5] = {at[0], at[1], at[2], at[3], 0};
    return (uint32_t)strtoul(digits, NULL, 16);
}

/* The \uXXXX at `at` as UTF-8, unless it stands for a control character. @return bytes of input it took, 0 for none */
static size_t put_unicode(const char *at, struct gw_buf *ret)
{
    char four[4];
    size_t taken = 6;
    uint32_t scalar = unit_at(at + 2);
    if (scalar < 0x20)
        return 0;
    if (scalar >= 0xD800 && scalar < 0xDC00) {
        scalar = 0x10000 + ((scalar - 0xD800) << 10) + (unit_at(at + 8) - 0xDC00);
        taken = 12;
    }
    gw_buf_put(ret, four, gw_utf8_put(scalar, four));
    return taken;
}

/* By other means than the reader under test: blanks outside texts go, \u and \/ become what they stand for. */
static void normalise(struct gw_text json, struct gw_buf *ret)
{
    bool inside = false;
    for (size_t i = 0; i < json.len; i++) {
        char byte = json.data[i];
        if (!inside && strchr(" \t\r\n", byte))
            continue;
        if (inside && byte == '\\') {
            size_t taken = json.data[i + 1] == 'u' ? put_unicode(json.data + i, ret) : 0;
            if (taken) {
                i += taken - 1;
                continue;
            }
            i++;
            if (json.data[i] != '/')
                gw_buf_put_u8(ret, '\\');
            gw_buf_put_u8(ret, (uint8_t)json.data[i]);
            continue;
        }
        inside ^= byte == '"';
        gw_buf_put_u8(ret, (uint8_t)byte);
    }
}

static bool comes_back(const char *path, struct gw_buf *input, struct gw_buf *wanted,
                       struct gw_buf *got, struct gw_arena *arena)
{
    struct gw_err err = {0};
    struct gw_json_doc doc;
    if (!read_file(path, input)) {
        print_error("%s: cannot read\n", path);
        return false;
    }
    if (gw_json_parse(gw_buf_text(input), NULL, arena, &doc, &err) < 0) {
        print_error("%s:%u:%u: %s\n", path, err.place.line, err.place.column, err.msg);
        return false;
    }
    struct gw_json_writer w = gw_json_writer(got, 0);
    gw_json_put_node(&w, doc.root);
    normalise(gw_buf_text(input), wanted);
    if (gw_json_writer_check(&w, "document", &err) == GW_OK &&
        gw_bytes_equal(gw_buf_bytes(got), gw_buf_bytes(wanted)))
        return true;
    print_error("%s: comes back different\n", path);
    return false;
}

static int visit(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)at;
    const char *dot = strrchr(path, '.');
    if (kind != FTW_F || dot == NULL || strcmp(dot, ".json") != 0)
        return 0;
    struct gw_buf input, wanted, got;
    struct gw_arena arena;
    gw_buf_init(&input, &gw_kit_alloc, FILE_BYTES_MAX);
    gw_buf_init(&wanted, &gw_kit_alloc, FILE_BYTES_MAX);
    gw_buf_init(&got, &gw_kit_alloc, FILE_BYTES_MAX);
    gw_arena_init(&arena, &gw_kit_alloc, 64 << 20);
    documents++;
    failures += !comes_back(path, &input, &wanted, &got, &arena);
    gw_arena_done(&arena);
    gw_buf_done(&got);
    gw_buf_done(&wanted);
    gw_buf_done(&input);
    return 0;
}

static void json_schema_test_suite_comes_back(void **state)
{
    (void)state;
    if (access(FOLDER, R_OK) != 0) {
        print_message("SKIPPED: %s is not there; (cd tests/corpora && npm ci)\n", FOLDER);
        skip();
    }
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): this program has one thread */
    assert_int_equal(nftw(FOLDER, visit, 16, FTW_PHYS), 0);
    print_message("%u documents\n", documents);
    assert_int_equal(failures, 0);
    assert_true(documents > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_schema_test_suite_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
