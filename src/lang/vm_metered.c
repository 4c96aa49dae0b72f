/** The machine as tests run it: the same loop, counting units before each instruction. */
#define GW_LOOP_NAME        gw_run_metered
#define GW_LOOP_METER(insn) (run->units += gw_run_units(run, (insn), r))
#include "lang/vm_loop_int.h"
