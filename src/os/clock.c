#include "os/clock.h"

#include <time.h>

#include "base/err.h"
#include "base/time.h"

static int64_t read_ns(clockid_t clock)
{
    struct timespec now;
    GW_ASSERT(clock_gettime(clock, &now) == 0);
    return (int64_t)now.tv_sec * GW_NS_PER_S + now.tv_nsec;
}

int64_t gw_clock_wall_ns(void)
{
    return read_ns(CLOCK_REALTIME);
}

int64_t gw_clock_mono_ns(void)
{
    return read_ns(CLOCK_MONOTONIC);
}

int64_t gw_clock_thread_cpu_ns(void)
{
    return read_ns(CLOCK_THREAD_CPUTIME_ID);
}

int64_t gw_clock_process_cpu_ns(void)
{
    return read_ns(CLOCK_PROCESS_CPUTIME_ID);
}
