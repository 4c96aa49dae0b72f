/** GW7xxx: server, command line, configuration. GW9xxx: bugs. */
#ifndef GW_BASE_CODES_SERVER_H
#define GW_BASE_CODES_SERVER_H

/* clang-format off */
#define GW_CODES_SERVER(X)                                                                                                       \
    X(7101, "not JSON",                                                                                                          \
      "The text breaks the rules of RFC 8259 at the line and column shown. godwit reads strictly, so that no two programs\n"     \
      "can understand one text differently. Texts and names stand in double quotes; there is no NaN, no +1, no .5, no 01;\n"     \
      "control characters and halves of surrogate pairs are refused. Comments and trailing commas are for configuration\n"       \
      "files only. Put right what stands at the place shown.")                                                                   \
    X(7102, "a name stands twice in one JSON object",                                                                            \
      "Programs differ in which of the two they believe, so neither is taken. Names are compared after escapes are\n"            \
      "resolved: \"a\" and \"\\u0061\" are the same. Remove one of them.")                                                       \
    X(7103, "JSON is nested too deeply",                                                                                         \
      "Arrays and objects inside each other have a bound, 64 unless said otherwise. Send a flatter document.")                   \
    X(7111, "unknown configuration key",                                                                                         \
      "The key at the place shown is not one that godwit knows here. Nothing is ignored silently, since a misspelt limit\n"      \
      "would not be a limit. If a known key is spelt almost the same, the hint names it.")                                       \
    X(7112, "a configuration value is of the wrong kind",                                                                        \
      "The message says what the key takes. Durations are texts such as \"300ms\" or \"1h30m\"; sizes are numbers of bytes or\n" \
      "texts such as \"64KiB\", \"2MiB\", \"1GiB\".")                                                                            \
    X(7113, "a configuration value is out of its range",                                                                         \
      "The message names the smallest and the largest value that the key takes. Choose one between them.")                       \
    X(7114, "a configuration key is missing",                                                                                    \
      "The key has no default, so it must be given in the file, the environment or on the command line.")                        \
    X(7201, "unknown command", \
      "The word is not a command, or not a verb of that machine. `godwit --help` and `godwit MACHINE --help` list them.") \
    X(7202, "unknown flag", \
      "The command does not take this flag. Nothing was done. `godwit COMMAND --help` lists the flags it takes.") \
    X(7203, "arguments are missing, or too many", \
      "The command was called with other arguments than it takes. Nothing was done. `godwit COMMAND --help` shows examples.") \
    X(7204, "not a number", \
      "The flag takes a whole number without unit or sign.") \
    X(7205, "output could not be written", \
      "stdout refused what the command had to say: its disk is full, or its reader has gone. What the command did to the\n" \
      "engine or to a store is done; only its report is lost.") \
    X(7206, "no such name", \
      "The error code, function or other name on the command line is not known. The hint names the nearest one.") \
    X(7207, "a file could not be read", \
      "The file named on the command line is absent, not readable, or larger than the limit for its kind.") \
    X(7208, "no engine answers", \
      "The command asks a running engine, and nobody answers at the address shown. Start one with\n" \
      "`godwit engine run FILE --state DIR`, or name the right one with --state DIR or --server ADDR.") \
    X(7209, "the engine's answer was not understood", \
      "Something else than an engine of this version answers at that address, or the connection broke in mid-answer. Look\n" \
      "at what listens there; compare `godwit version` on both sides.") \
    X(7210, "this store is not built in", \
      "The program names a kind of store whose connector is not part of this binary. `godwit version --features` lists\n" \
      "what is; `godwit doctor` prints the line that installs the missing library before godwit is built again.") \
    X(7211, "the demo does not balance", \
      "The table shows in which row. Run it again with the same --seed and --keep, and report the folder that it names:\n" \
      "acknowledged payments, journal and databases are all in it.") \
    X(7212, "the secret that a store's address names is not set", \
      "An address that begins with env: or file: is read from the environment or a file when the store is opened, so that\n" \
      "no secret stands in a program. Set the variable, or make the file readable, and run the command again.") \
    X(9001, "a bug in godwit",                                                                                                   \
      "An assertion failed, and the process stopped before a wrong state could be stored. What was acknowledged\n"               \
      "is in the journal. Please report the line that was printed, with the journal index if one was named.")
/* clang-format on */

#endif
