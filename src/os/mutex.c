#include "os/mutex.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/time.h"

struct gw_mutex {
    pthread_mutex_t lock;
    pthread_cond_t changed; /* on the monotonic clock */
};

gw_rc gw_mutex_new(struct gw_mutex **ret, struct gw_err *err)
{
    struct gw_mutex *mutex = calloc(1, sizeof(*mutex));
    if (mutex == NULL)
        return GW_FAIL_NOMEM(err);
    pthread_condattr_t attr;
    GW_ASSERT(pthread_condattr_init(&attr) == 0);
    GW_ASSERT(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0);
    GW_ASSERT(pthread_cond_init(&mutex->changed, &attr) == 0);
    (void)pthread_condattr_destroy(&attr);
    GW_ASSERT(pthread_mutex_init(&mutex->lock, NULL) == 0);
    *ret = mutex;
    return GW_OK;
}

void gw_mutex_free(struct gw_mutex *mutex)
{
    if (mutex == NULL)
        return;
    GW_ASSERT(pthread_mutex_destroy(&mutex->lock) == 0);
    (void)pthread_cond_destroy(&mutex->changed);
    free(mutex);
}

void gw_mutex_lock(struct gw_mutex *mutex)
{
    GW_ASSERT(pthread_mutex_lock(&mutex->lock) == 0);
}

void gw_mutex_unlock(struct gw_mutex *mutex)
{
    GW_ASSERT(pthread_mutex_unlock(&mutex->lock) == 0);
}

bool gw_mutex_wait(struct gw_mutex *mutex, int64_t until_mono_ns)
{
    if (until_mono_ns == 0) {
        GW_ASSERT(pthread_cond_wait(&mutex->changed, &mutex->lock) == 0);
        return true;
    }
    struct timespec until = {.tv_sec = until_mono_ns / GW_NS_PER_S,
                             .tv_nsec = until_mono_ns % GW_NS_PER_S};
    int rc = pthread_cond_timedwait(&mutex->changed, &mutex->lock, &until);
    GW_ASSERT(rc == 0 || rc == ETIMEDOUT);
    return rc == 0;
}

void gw_mutex_wake(struct gw_mutex *mutex)
{
    GW_ASSERT(pthread_cond_broadcast(&mutex->changed) == 0);
}
