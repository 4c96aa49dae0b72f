/* In a file of its own, so that unit tests link tests/kit's. A bug found by a seed names the line that repeats it. */
#include <stdio.h>
#include <stdlib.h>

#include "sim/os/sim_int.h"

void gw_panic(const char *what, const char *file, int line)
{
    (void)fprintf(stderr, "error[GW9001]: a bug in godwit: %s\n  --> %s:%d\n", what, file, line);
    if (gw_sim.repeat_line != NULL)
        (void)fprintf(stderr, "repeat: %s\n", gw_sim.repeat_line);
    abort();
}
