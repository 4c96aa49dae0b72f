/** Signals as events of a loop. While a watch is open the signal's default action (ending the process) does not happen. */
#ifndef GW_OS_SIGNAL_H
#define GW_OS_SIGNAL_H

#include "os/loop.h"

struct gw_signal; /* opaque: one watched signal */

enum gw_signal_kind { GW_SIGNAL_INT, GW_SIGNAL_TERM, GW_SIGNAL_HUP, GW_SIGNAL_USR1 };

/** @call  on the loop's thread; several deliveries may arrive as one */
gw_rc gw_signal_open(struct gw_loop *loop, enum gw_signal_kind kind,
                     void (*call)(void *ctx, enum gw_signal_kind kind), void *ctx,
                     struct gw_signal **ret, struct gw_err *err);
/** The default action is back when the last watch of a signal is closed. Accepts NULL; allowed inside `call`. */
void gw_signal_close(struct gw_signal *signal);
/** Send it to this process (for tests, and for a second Ctrl-C that must end us). */
void gw_signal_raise(enum gw_signal_kind kind);

#endif
