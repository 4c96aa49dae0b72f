/** The machine as production runs it. */
#define GW_LOOP_NAME        gw_vm_loop_plain
#define GW_LOOP_METER(insn) (void)0
#include "lang/vm_loop_int.h"
