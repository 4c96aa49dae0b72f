/**
 * godwit: one binary, many commands.
 *
 *   cli.h        one invocation and the row that describes a command
 *   commands.h   the list of all rows                 commands.c   the table, global flags
 *   parse.c      command line -> command, flags       settings.c   flags, environment, files -> settings
 *   say.c        output, errors, JSON                 table.c      columns
 *   help.c man.c complete.c                           made from the table
 *   ask.c        questions to a running engine        program.c    reading .gw files
 *   one file per command                              demo*.c      the main job, from end to end
 */
#include "cli/cli.h"

int main(int argc, char **argv)
{
    return gw_cli_main(argc, (const char *const *)argv);
}
