/**
 * Clocks, in nanoseconds. Only acting rooms read them; pure rooms are told the time.
 * Thread: any. The simulator gives its own time here.
 */
#ifndef GW_OS_CLOCK_H
#define GW_OS_CLOCK_H

#include <stdint.h>

/** Since 1970-01-01 UTC. May step back or forward at any time. */
int64_t gw_clock_wall_ns(void);
/** Since some fixed moment, never backwards; differences only. Starts above 0. */
int64_t gw_clock_mono_ns(void);
/** Processor time used by the calling thread, and by the whole process: for benchmarks. */
int64_t gw_clock_thread_cpu_ns(void);
int64_t gw_clock_process_cpu_ns(void);

#endif
