/** GW2xxx: the engine. GW20xx journal, ledger · GW21xx homes, onboarding, round trip · GW22xx fetch · GW24xx limits · GW25xx cluster · GW26xx halts · GW27xx damaged files. */
#ifndef GW_BASE_CODES_ENGINE_H
#define GW_BASE_CODES_ENGINE_H

/* clang-format off */
#define GW_CODES_ENGINE(X)                                                                                         \
    X(2003, "the journal holds a record that this software does not know",                                         \
      "A newer godwit wrote this journal. Records are never skipped, because each one may change the state.\n"    \
      "Start the version that wrote it, or a newer one.")
/* clang-format on */

#endif
