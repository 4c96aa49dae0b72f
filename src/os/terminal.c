/* isatty(3), and the size a terminal tells. */
#include "os/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

bool gw_terminal_is(enum gw_terminal which)
{
    return isatty((int)which) == 1;
}

uint32_t gw_terminal_columns(enum gw_terminal which)
{
    enum { FALLBACK = 80 };
    struct winsize size;
    if (ioctl((int)which, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
        return FALLBACK;
    return size.ws_col;
}
