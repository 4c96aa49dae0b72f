/** Is a person there? What commands need to know of descriptors 0, 1 and 2. Thread: any. */
#ifndef GW_OS_TERMINAL_H
#define GW_OS_TERMINAL_H

#include <stdbool.h>
#include <stdint.h>

enum gw_terminal { GW_TERMINAL_IN, GW_TERMINAL_OUT, GW_TERMINAL_ERR };

bool gw_terminal_is(enum gw_terminal which);
/** @return 80 when it is none, or does not tell */
uint32_t gw_terminal_columns(enum gw_terminal which);

#endif
