/* In tests a panic is an assertion that cmocka can expect: expect_assert_failure(…). */
#include "kit/kit.h"

#include <stdlib.h>

#include "base/err.h"

void gw_panic(const char *what, const char *file, int line)
{
    mock_assert(0, what, file, line);
    abort(); /* mock_assert returns only outside a test */
}
