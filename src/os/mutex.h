/**
 * Locks and waiting, for the few places where an actor's mailbox does not fit (a kv's layers, a caller that must block).
 * Prefer an actor. The simulator has one thread: there a lock asserts that it is free.
 */
#ifndef GW_OS_MUTEX_H
#define GW_OS_MUTEX_H

#include "base/err.h"

struct gw_mutex; /* opaque; not recursive */

gw_rc gw_mutex_new(struct gw_mutex **ret, struct gw_err *err);
/** Unlocked, nobody waiting. Accepts NULL. */
void gw_mutex_free(struct gw_mutex *mutex);
void gw_mutex_lock(struct gw_mutex *mutex);
void gw_mutex_unlock(struct gw_mutex *mutex);
/** Locked by the caller: sleep until gw_mutex_wake(), the deadline (monotonic ns; 0: none), or for no reason; check again.
 *  @return false when the deadline passed */
bool gw_mutex_wait(struct gw_mutex *mutex, int64_t until_mono_ns);
/** Wake all waiters. Locked by the caller or not. */
void gw_mutex_wake(struct gw_mutex *mutex);

#endif
