/** Every command, in the order people see them. A new one is a file and a line here. */
#ifndef GW_CLI_COMMANDS_H
#define GW_CLI_COMMANDS_H

#include "cli/cli.h"

/* clang-format off */
#define GW_CLI_COMMANDS(X)                                                                     \
    X(demo)                                                                                    \
    X(engine_check) X(engine_fmt) X(engine_plan) X(engine_prepare) X(engine_run)               \
    X(engine_call) X(engine_view) X(engine_warm) X(engine_status) X(engine_explain)            \
    X(engine_halt) X(engine_resolve) X(engine_audit) X(engine_retry) X(engine_park)            \
    X(engine_unpark) X(engine_phase) X(engine_daemon) X(engine_journal) X(engine_checkpoint)   \
    X(explain) X(doctor) X(config_show) X(completion) X(version) X(man)
/* clang-format on */

#define X(name) extern const struct gw_cli_command gw_cli_##name;
GW_CLI_COMMANDS(X)
#undef X

#endif
