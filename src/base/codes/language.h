/** GW1xxx: the language. GW10xx lexer, parser, names, types · GW11xx cost, key sets · GW12xx homes · GW13xx catalog · GW14xx evolution. */
#ifndef GW_BASE_CODES_LANGUAGE_H
#define GW_BASE_CODES_LANGUAGE_H

/* clang-format off */
#define GW_CODES_LANGUAGE(X)                                                                                       \
    X(1001, "a character that no token begins with",                                                               \
      "Programs are UTF-8 text of names, numbers, strings, operators and comments (# to the end of the line).")
/* clang-format on */

#endif
