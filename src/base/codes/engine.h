/** GW2xxx: the engine. GW20xx journal, ledger · GW21xx homes, onboarding, round trip · GW22xx fetch · GW24xx limits · GW25xx cluster · GW26xx halts · GW27xx damaged files. */
#ifndef GW_BASE_CODES_ENGINE_H
#define GW_BASE_CODES_ENGINE_H

/* clang-format off */
#define GW_CODES_ENGINE(X)                                                                                         \
    X(2003, "the journal holds a record that this software does not know",                                         \
      "A newer godwit wrote this journal. Records are never skipped, because each one may change the state.\n"    \
      "Start the version that wrote it, or a newer one.")                                                     \
    X(2701, "a segment of a log is damaged",                                                                       \
      "Bytes of a journal, capture stream or audit trail do not read as they were written, and they are not the\n"  \
      "unfinished end that a crash leaves behind: data that was acknowledged may have changed. The message names\n"  \
      "the segment file, the byte range and what does not fit. Nothing was changed.\n"                               \
      "Check the disk, keep a copy of the folder, and put back the segment from a backup or from another node:\n"    \
      "the hash chain proves that it is the right one. Never delete a segment to get past this message.")           \
    X(2702, "a segment belongs to another cluster or to another kind of log",                                      \
      "The head of the segment names another cluster, or another kind of log, than this state folder's.\n"          \
      "Most likely a folder was copied or mounted in the wrong place. Nothing was changed. Point --state to the\n"   \
      "right folder, or put the right segments back.")
/* clang-format on */

#endif
