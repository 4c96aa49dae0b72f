/** The environment and the machine: read, never written. Thread: any. */
#ifndef GW_OS_ENV_H
#define GW_OS_ENV_H

#include "base/err.h"

/** @return data == NULL when unset. Lives as long as the process. `name` is zero-terminated. */
struct gw_text gw_env_get(const char *name);

enum { GW_BOOT_ID_BYTES = 16 };
/** Of the running kernel: changes with every boot. */
gw_rc gw_os_boot_id(uint8_t ret[GW_BOOT_ID_BYTES], struct gw_err *err);
int64_t gw_os_pid(void);
uint32_t gw_os_cpu_count(void);
/** Anonymous resident bytes of this process; 0 when unknown. */
uint64_t gw_os_memory_bytes(void);
/** From the kernel's generator: for ids and secrets. */
void gw_os_random(void *ret, size_t bytes);

#endif
