/** The machine as tests run it: the same loop, counting units before each instruction. */
#define GW_LOOP_NAME        gw_vm_loop_metered
#define GW_LOOP_METER(insn) (run->units += gw_vm_units(run, (insn), r))
#include "lang/vm_loop_int.h"
