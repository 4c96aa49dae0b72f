/** What every unit test includes first: cmocka with its prerequisites, and small helpers. */
#ifndef GW_KIT_H
#define GW_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"

/** malloc and free as a gw_alloc. */
extern const struct gw_alloc gw_kit_alloc;

/** An allocator that refuses its `nth` request (from 0) and counts; for the tests of allocation failure. */
struct gw_kit_refuse {
    struct gw_alloc alloc;
    uint64_t nth, asked;
    bool refused;
};
void gw_kit_refuse_init(struct gw_kit_refuse *refuse, uint64_t nth);

/** Fails the test with the error's message unless rc is GW_OK. */
#define assert_ok(rc, err) gw_kit_assert_ok((rc), (err), __FILE__, __LINE__)
void gw_kit_assert_ok(gw_rc rc, const struct gw_err *err, const char *file, int line);

#define assert_text_equal(text, literal)                     \
    do {                                                     \
        struct gw_text got_ = (text);                        \
        assert_int_equal(got_.len, strlen(literal));         \
        assert_memory_equal(got_.data, (literal), got_.len); \
    } while (0)

/** A new empty folder under $TMPDIR or /tmp; gw_kit_remove() takes it away with all it holds. */
const char *gw_kit_folder(char *ret, size_t ret_bytes);
void gw_kit_remove(const char *folder);

#endif
