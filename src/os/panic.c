/* One function in a file of its own, so that tests can link another one (tests/kit/panic.c). */
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"

void gw_panic(const char *what, const char *file, int line)
{
    (void)fprintf(stderr, "error[GW9001]: a bug in godwit: %s\n  --> %s:%d\n", what, file, line);
    abort();
}
