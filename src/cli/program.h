/** Reading `.gw` files for commands: text, includes, diagnostics as people see them. */
#ifndef GW_CLI_PROGRAM_H
#define GW_CLI_PROGRAM_H

#include "cli/cli.h"
#include "lang/compile.h"

enum { GW_CLI_SOURCE_BYTES_MAX = 4 << 20 };

/** The file at `path`, "-" for stdin is not taken. @ret in cli->arena */
GW_NODISCARD gw_rc gw_cli_source_load(struct gw_cli *cli, const char *path, struct gw_text *ret,
                                      struct gw_err *err);
/**
 * Compiles a file, following its includes relative to its folder.
 * @diags  filled also on failure; printed by nobody
 */
GW_NODISCARD gw_rc gw_cli_compile(struct gw_cli *cli, const char *path, struct gw_diags *diags,
                                  const struct gw_program **ret, struct gw_err *err);
/** As above for commands that go on with the program: diagnostics are printed, and the error then says only how many. */
GW_NODISCARD gw_rc gw_cli_compile_or_say(struct gw_cli *cli, const char *path,
                                         const struct gw_program **ret, struct gw_err *err);
/** Prints diagnostics on stderr. */
void gw_cli_diags_print(struct gw_cli *cli, const struct gw_diags *diags);

#endif
