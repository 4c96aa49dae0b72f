/** GW7xxx: server, command line, configuration. GW9xxx: bugs. */
#ifndef GW_BASE_CODES_SERVER_H
#define GW_BASE_CODES_SERVER_H

/* clang-format off */
#define GW_CODES_SERVER(X)                                                                                         \
    X(9001, "a bug in godwit",                                                                                     \
      "An assertion failed, and the process stopped before a wrong state could be stored. What was acknowledged\n" \
      "is in the journal. Please report the line that was printed, with the journal index if one was named.")
/* clang-format on */

#endif
