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
    X(9001, "a bug in godwit",                                                                                                   \
      "An assertion failed, and the process stopped before a wrong state could be stored. What was acknowledged\n"               \
      "is in the journal. Please report the line that was printed, with the journal index if one was named.")
/* clang-format on */

#endif
