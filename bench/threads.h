/**
 * Processor time of this process by what its threads do, from /proc: the three parts the issue asks for, and the load itself.
 *
 * decide     the decider and the threads of the log: everything between a call and its durable answer
 * push       store workers and the fold of the kv: what happens behind the answers
 * interface  loop, readers: everything people and programs reach
 * client     the load, when it runs inside this process
 */
#ifndef GW_BENCH_THREADS_H
#define GW_BENCH_THREADS_H

#include <stdint.h>

struct bench_cpu {
    int64_t decide_ns, push_ns, interface_ns, client_ns;
};

/** @load_is_main  the main thread is the load; otherwise it is the server's loop */
struct bench_cpu bench_cpu_now(int load_is_main);
struct bench_cpu bench_cpu_since(const struct bench_cpu *before, const struct bench_cpu *now);

#endif
