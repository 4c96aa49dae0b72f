/**
 * Oracle O1(c): the language a second time, as a walk over the checked tree. Written from the specification's prose,
 * sharing nothing with the bytecode machine but the host interface and the values; slow and plain on purpose.
 */
#ifndef ORACLE_INTERP_H
#define ORACLE_INTERP_H

#include "lang/ast.h"
#include "lang/vm.h"

/** Runs fn, txn or view `name` of the tree. `vm` gives host, arena, program (for the host's structures) and position. */
void or_interp_run(struct gw_vm *vm, const struct gw_ast *ast, struct gw_text name,
                   const union gw_value *args, struct gw_vm_result *ret);

#endif
